#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Drive the family by its spec, with a client that shares nothing with the tool.

usage: spec_client.py NETNS DEVICE
"""

import errno
import socket
import struct
import subprocess
import sys

import uapi
from harness import Results
from vpcwire import ip4, ip6
from ynl import Family, Refused, SpecError

LOCATOR = {"addr": ip6("fd00:7::"), "len": 64}
SID, OTHER = ip6("fd00:7::10"), ip6("fd00:8::20")
# That of Bob in RFC 7748, section 6.1.
KEY = bytes.fromhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
MAC, OTHER_MAC = bytes.fromhex("020000000010"), bytes.fromhex("020000000020")


def differences(have, want):
    return ["%s is %s, not %s" % (key, have.get(key), value)
            for key, value in want.items() if have.get(key) != value]


def refused(call, number, text):
    """Problems with a request that the kernel must refuse, saying the text."""
    try:
        call()
    except Refused as error:
        return [] if error.number == number and text in str(error) and error.offset \
            else ["refused with: %s, offset %s" % (error, error.offset)]
    return ["it was not refused"]


def edges(family, results, ifindex):
    reply = family.do("edge-add", edge={"name": "e0", "locator": LOCATOR,
                                        "fabric": [ifindex], "grace": 3})
    results.point("edge-add: the reply is the edge", differences(
        reply["edge"], {"name": "e0", "locator": LOCATOR, "fabric": [ifindex],
                        "grace": 3, "short": 0, "option-type": 0xde, "endpoints": 0}))
    family.do("edge-set", edge={"name": "e0", "short": 1,
                                "prefix": [{"addr": ip6("fd00:9::"), "len": 48},
                                           {"addr": ip6("fd00:a::1"), "len": 128}]})
    (answer,) = family.dump("edge-get")
    results.point("edge-set, and a dump", differences(
        answer["edge"], {"short": 1, "prefix": [{"addr": ip6("fd00:9::"), "len": 48},
                                                {"addr": ip6("fd00:a::1"), "len": 128}]}))
    family.do("edge-set", edge={"name": "e0",
                                "prefix-del": [{"addr": ip6("fd00:9::"), "len": 48}]})
    results.point("prefix-del", differences(
        family.do("edge-get", edge={"name": "e0"})["edge"],
        {"prefix": [{"addr": ip6("fd00:a::1"), "len": 128}]}))
    stats = family.do("edge-get", edge={"name": "e0"})["edge"]["stats"]
    results.point("an edge has counters", [] if stats else ["it has none"])


def endpoints(family, results):
    local = {"vpc": 1000, "sid": SID, "mac": MAC, "ipv4": [ip4("10.0.0.1")],
             "ipv6": [ip6("fd01::1"), ip6("fd01::2")], "edge": "e0", "dev": "v0"}
    remote = {"vpc": 1000, "sid": OTHER, "mac": OTHER_MAC, "ipv4": [ip4("10.0.0.2")]}
    family.do("endpoint-add", endpoint=[local, remote])
    answer = family.do("endpoint-get", endpoint=[{"vpc": 1000, "sid": SID}])
    results.point("endpoint-add: several in one request",
                  differences(answer["endpoint"][0], dict(local, state="active")))
    remote["ipv4"] = [ip4("10.0.0.3")]
    family.do("endpoint-replace", endpoint=[remote])
    family.do("endpoint-set", endpoint=[{"vpc": 1000, "sid": OTHER, "state": "standby"}])
    found = [e for a in family.dump("endpoint-get", endpoint=[{"vpc": 1000}])
             for e in a["endpoint"] if e["sid"] == OTHER]
    results.point("endpoint-replace, endpoint-set, a dump of a VPC", differences(
        found[0], dict(remote, state="standby")))
    results.point("a dump of another VPC is empty", [
        str(a) for a in family.dump("endpoint-get", endpoint=[{"vpc": 77}])])
    results.point("vpc-get", differences(
        family.do("vpc-get", vpc={"id": 1000})["vpc"],
        {"id": 1000, "endpoints": 2, "local": 1}))
    results.point("a dump of VPCs", differences(
        family.dump("vpc-get")[0]["vpc"], {"id": 1000}))
    family.do("endpoint-set", endpoint=[{"vpc": 1000, "sid": OTHER, "state": "active"}])


def routes(family, results):
    """Of each kind one, and the consent to a peering; what a dump tells can be added."""
    dst = {"vpc": 1000, "len": 16}
    wanted = [dict(dst, dst=ip4("10.1.0.0"), kind="via", hash="l4", export=True,
                   via=[OTHER + struct.pack("=H", 3), SID + struct.pack("=H", 1)]),
              dict(dst, dst=ip4("10.2.0.0"), kind="peer", peer=1001),
              dict(dst, dst=ip4("10.3.0.0"), kind="blackhole"),
              dict(dst, dst=ip6("fd02::"), kind="prohibit", state="standby")]

    def told():
        found = [one for answer in family.dump("route-get", route=[{"vpc": 1000}])
                 for one in answer["route"]]
        return sorted(found, key=lambda one: one["dst"])

    family.do("peer-add", peer=[{"vpc": 1000, "peer": 1001}])
    (consent,) = family.dump("peer-get")[0]["peer"]
    results.point("peer-add, and a dump", differences(
        consent, {"vpc": 1000, "peer": 1001, "state": "active"}))
    family.do("route-add", route=wanted)
    first = told()
    problems = [] if len(first) == len(wanted) else [str(first)]
    for have, want in zip(first, wanted):
        want["via"] = sorted(want.get("via", [])) or None
        problems += differences(dict(have, via=sorted(have.get("via", [])) or None), want)
        if ("hash" in have) != (have["kind"] == "via"):
            problems.append("a hash, or none: %s" % have)
    results.point("route-add: each kind, and a dump", problems)
    for one in first:
        family.do("route-del", route=[{key: one[key] for key in ("vpc", "dst", "len")} |
                                      {"now": True}])
    problems = [str(one) for one in told()]
    family.do("route-add", route=first)
    results.point("route-del, and what was told is taken back",
                  problems + ([] if told() == first else [str(told())]))
    family.do("route-set", route=[dict(dst, dst=ip4("10.3.0.0"), state="standby")])
    family.do("route-replace", route=[dict(dst, dst=ip4("10.2.0.0"), kind="peer", peer=1001,
                                           state="standby")])
    results.point("route-set, route-replace", [
        str(one) for one in told() if one["state"] != "standby" and one["kind"] != "via"])
    for one in first:
        family.do("route-del", route=[{key: one[key] for key in ("vpc", "dst", "len")} |
                                      {"now": True}])
    family.do("peer-del", peer=[{"vpc": 1000, "peer": 1001}])
    results.point("peer-del", [str(answer) for answer in family.dump("peer-get")])


def remotes(family, results):
    prefix = [{"addr": ip6("fd00:8::"), "len": 64}]
    family.do("remote-add", remote=[{"prefix": prefix, "key": [{"public": KEY}]}])
    (answer,) = family.do("remote-get", remote=[{"prefix": prefix}])["remote"]
    results.point("remote-add, remote-get", differences(
        answer, {"prefix": prefix, "state": "active",
                 "key": [{"public": KEY, "id": answer["key"][0]["id"]}]}))
    own = family.do("edge-get", edge={"name": "e0"})["edge"]["key"][0]
    family.do("remote-set", remote=[{"prefix": prefix, "seq": 1 << 32}])
    (pair,) = family.dump("remote-get")[0]["remote"][0]["pair"]
    results.point("remote-set, and the pair in a dump", differences(
        pair, {"edge": "e0", "own-id": own["id"], "remote-id": answer["key"][0]["id"],
               "sends": True, "seq": 1 << 32}))
    keys = family.do("edge-rekey", edge={"name": "e0"})["edge"]["key"]
    results.point("edge-rekey: the reply is the edge", [] if len(keys) == 2 and
                  keys[1]["public"] == own["public"] and keys[1]["expires"] and
                  "expires" not in keys[0] else [str(keys)])
    trace = family.do("trace", trace={"vpc": 1000, "src": ip4("10.0.0.1"),
                                      "dst": ip4("10.0.0.3")})["trace"]
    seal = [step for step in trace["step"] if step["step"] == "seal"]
    results.point("a trace of what is sealed", [] if len(seal) == 1 and differences(
        seal[0], {"cipher": "aes-128-gcm", "key": KEY}) == [] else [str(trace)])
    family.do("remote-replace", remote=[{"prefix": prefix, "key": [{"public": KEY}],
                                         "encrypt": "required"}])
    results.point("remote-replace", differences(
        family.do("remote-get", remote=[{"prefix": prefix}])["remote"][0],
        {"encrypt": "required"}))
    results.point("a key of zeros", refused(
        lambda: family.do("remote-replace", remote=[{
            "prefix": prefix, "key": [{"public": bytes(32)}]}]), errno.EKEYREJECTED, "no secret"))
    family.do("remote-del", remote=[{"prefix": prefix, "now": True}])
    results.point("remote-del", [str(answer) for answer in family.dump("remote-get")])


def refusals(family, results):
    results.point("a refusal has a message and a place", refused(
        lambda: family.do("edge-add", edge={"name": "e1", "locator": LOCATOR}),
        errno.EINVAL, "fabric"))
    results.point("a name that is taken", refused(
        lambda: family.do("edge-add", edge={"name": "e0", "locator": LOCATOR,
                                            "fabric-any": 1}), errno.EEXIST, ""))
    bad = {"vpc": 1000, "sid": ip6("fd00:8::30"), "mac": b"\x01\0\0\0\0\1",
           "ipv4": [ip4("10.0.0.9")]}
    results.point("a multicast MAC", refused(
        lambda: family.do("endpoint-add", endpoint=[bad]), errno.EADDRNOTAVAIL,
        "unicast"))
    results.point("nothing of a refused request is done", [] if not [
        e for a in family.dump("endpoint-get") for e in a["endpoint"]
        if e["sid"] == bad["sid"]] else ["the endpoint is there"])


def trace_and_stats(family, results):
    trace = family.do("trace", trace={"vpc": 1000, "src": ip4("10.0.0.1"),
                                      "dst": ip4("10.0.0.3"), "proto": 6,
                                      "sport": 1, "dport": 2})["trace"]
    steps = [step["step"] for step in trace["step"]]
    results.point("trace", [] if steps[:2] == ["source", "destination"] and
                  trace["hop"] == [SID, OTHER] else [str(trace)])
    stats = family.do("stats-get")["stats"]
    want = {name.replace("_", "-") for _, rows in uapi.counter_sections()
            for _, name, _ in rows}
    results.point("stats-get has every counter that the header has",
                  sorted(want ^ set(stats)))


def events(family, listener, results):
    """What happened since the beginning, and the end of it all."""
    family.do("endpoint-del", endpoint=[{"vpc": 1000, "sid": OTHER, "now": True}])
    family.do("edge-del", edge={"name": "e0"})
    seen = []
    while not seen or seen[-1] != ("edge-ntf", "del"):
        name, values = listener.event()
        seen.append((name, values["event"]))
    want = [("edge-ntf", "add"), ("edge-ntf", "change"), ("endpoint-ntf", "add"),
            ("endpoint-ntf", "change"), ("endpoint-ntf", "del"), ("remote-ntf", "add"),
            ("remote-ntf", "change"), ("remote-ntf", "del"), ("route-ntf", "add"),
            ("route-ntf", "change"), ("route-ntf", "del"), ("peer-ntf", "add"),
            ("peer-ntf", "del"), ("edge-ntf", "del")]
    results.point("events of every kind", ["%s: %s is missing" % w for w in want
                                           if w not in seen])


def main():
    netns, device = sys.argv[1:3]
    results = Results()
    try:
        listener = Family(netns)
        listener.subscribe("config")
        family = Family(netns)
        edges(family, results, int(device))
        subprocess.run(["ip", "-n", netns, "link", "set", "e0", "up"], check=True)
        endpoints(family, results)
        routes(family, results)
        remotes(family, results)
        refusals(family, results)
        trace_and_stats(family, results)
        events(family, listener, results)
    except (SpecError, Refused, KeyError, socket.timeout) as error:
        results.point("the kernel and the spec agree", ["%s: %s" %
                                                        (type(error).__name__, error)])
    results.end()


if __name__ == "__main__":
    main()
