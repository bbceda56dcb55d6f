#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Requests that are refused: with which error, which sentence, and about which
attribute.  Each sentence that the module has for a malformed request must be heard.

usage: refusals.py NETNS IFINDEX
"""

import errno
import glob
import os
import re
import struct
import subprocess
import sys

from harness import LIB, Results
from vpcwire import ip4, ip6
from ynl import Family, Refused

KMOD = os.path.join(LIB, "../../kmod")
MAC = bytes.fromhex("020000000010")
LOCATOR = {"addr": ip6("fd00:9::"), "len": 64}
# What fail_nth and permissions hear.
ELSEWHERE = re.compile("no memory|not permitted|the cipher can't be made ready")


def edges(index):
    new = {"name": "e1", "locator": LOCATOR, "fabric": index}

    def with_prefix(**values):
        return dict(new, prefix=dict(LOCATOR, **values))

    yield "edge-add", {"locator": LOCATOR, "fabric": index}, "the edge's name is missing"
    yield "edge-add", dict(new, name="a/b"), "this is no valid name of a device"
    yield "edge-add", {"name": "e1", "fabric": index}, "an edge needs a locator"
    yield "edge-add", {"name": "e1", "locator": LOCATOR}, \
        'an edge needs a fabric device, or "fabric any"'
    strange = "this can't be given here"
    for more in ({"prefix-del": LOCATOR}, {"fabric-del": index}, {"now": True}):
        yield "edge-add", dict(new, **more), strange
    yield "edge-set", {"name": "e0", "now": True}, strange
    for what in ("edge-del", "edge-get", "edge-rekey"):
        yield what, {"name": "e0", "key-grace": 5}, strange
    yield "edge-add", dict(new, locator=[LOCATOR, {"addr": ip6("fd00:9::"), "len": 64}]), \
        "an edge has one locator"
    yield "edge-add", dict(new, locator={"addr": ip6("fd00:9::")}), \
        "a prefix needs address and length"
    yield "edge-add", dict(new, prefix={"len": 64}), "a prefix needs address and length"
    yield "edge-add", with_prefix(addr=ip6("fd00:9::1")), \
        "the prefix has bits set behind its length"
    yield "edge-add", with_prefix(addr=ip6("fe80::")), \
        "the prefix has addresses that no host of a fabric can have"
    yield "edge-add", with_prefix(), "the edge has this prefix already", errno.EEXIST
    yield "edge-add", dict(new, fabric=[index] * 17), "an edge has at most 16 fabric devices", \
        errno.ENOSPC
    yield "edge-add", dict(new, mtu=1279), \
        "the MTU is from 1280 to 65535, or 0 for the default", errno.ERANGE
    yield "edge-add", dict(new, **{"option-type": 0x1e}), \
        "the option type must start with the bits 100 or 110 and be none that Linux knows"
    yield "edge-set", {"name": "e0", "locator": LOCATOR}, "an edge's locator can't be changed"
    yield "edge-set", {"name": "e0", "prefix-del": LOCATOR}, \
        "the edge does not have this prefix", errno.ENOENT
    yield "edge-set", {"name": "e0", "prefix-del": {"addr": ip6("fd00:7::"), "len": 64}}, \
        "the locator can't be taken away"
    yield "edge-set", {"name": "e0", "prefix": [
        {"addr": ip6("fd01:%x::" % n), "len": 32} for n in range(1024)]}, \
        "an edge has at most 1024 prefixes", errno.ENOSPC
    for what in ("edge-set", "edge-del", "edge-get", "edge-rekey"):
        yield what, {"name": "e9"}, "no edge has this name", errno.ENODEV
        yield what, {}, "the edge's name is missing"


def endpoints(_):
    new = {"vpc": 1000, "sid": ip6("fd00:8::30"), "mac": MAC, "ipv4": ip4("10.0.0.3")}
    known = {"vpc": 1000, "sid": ip6("fd00:8::20")}
    local = dict(new, sid=ip6("fd00:7::30"), edge="e0", dev="v0")

    def without(name, of):
        return {key: value for key, value in of.items() if key != name}

    for what in ("endpoint-add", "endpoint-replace"):
        for name, sentence in (("vpc", "the VPC id is missing"), ("sid", "the SID is missing"),
                               ("mac", "the MAC is missing")):
            yield what, without(name, new), sentence
    yield "endpoint-set", known, "the state is missing"
    yield "endpoint-add", dict(new, ipv4=ip4("169.254.1.1")), \
        "an endpoint can't have this IPv4 address", errno.EADDRNOTAVAIL
    yield "endpoint-add", dict(new, ipv6=ip6("fe80::1")), \
        "an endpoint can't have this IPv6 address", errno.EADDRNOTAVAIL
    for kind, addr in (("ipv4", ip4("10.0.0.3")), ("ipv6", ip6("fd01::3"))):
        yield "endpoint-add", dict(new, **{kind: [addr, addr]}), \
            "the endpoint has this address twice", errno.EEXIST
    yield "endpoint-add", dict(new, mac=b"\1" + MAC[1:]), \
        "the MAC must be unicast, and not zero", errno.EADDRNOTAVAIL
    yield "endpoint-add", without("ipv4", new), "an endpoint has from 1 to 64 overlay addresses"
    for name in ("edge", "dev"):
        yield "endpoint-add", without(name, local), \
            "a local endpoint needs both a device and an edge"
    yield "endpoint-add", dict(new, **{"netns-fd": 0}), \
        "a remote endpoint has no device to be in a namespace"
    yield "endpoint-add", dict(local, dev="v%d"), "this is no valid name of a device"
    for name in ("", "e9"):
        yield "endpoint-add", dict(local, edge=name), "no edge has this name", errno.ENODEV
    yield "endpoint-add", dict(local, **{"netns-fd": 0}), \
        "the file descriptor is not that of a network namespace"
    yield "endpoint-add", dict(local, **{"netns-fd": 9999}), \
        "the file descriptor is not that of a network namespace", errno.EBADF
    yield "endpoint-add", dict(new, sid=ip6("fe80::1")), \
        "the SID is not a unicast address of the fabric", errno.EADDRNOTAVAIL
    yield "endpoint-add", dict(new, now=True), "this can't be given here"
    yield "endpoint-set", dict(known, state="active", mac=MAC), "this can't be given here"
    yield "endpoint-del", dict(known, state="active"), "this can't be given here"
    yield "endpoint-get", [known, known], "this is about one object at a time"
    for what, more in (("endpoint-set", {"state": "active"}), ("endpoint-del", {}),
                       ("endpoint-get", {})):
        yield what, dict(known, vpc=1001, **more), "no endpoint has this VPC and SID", \
            errno.ENOENT


def vpcs(_):
    yield "vpc-get", {}, "the VPC id is missing"
    yield "vpc-get", {"id": 77}, "nothing here names this VPC", errno.ENOENT


def routes(_):
    def via(text):
        return ip6(text) + struct.pack("=H", 1)

    new = {"vpc": 1000, "dst": ip4("10.9.0.0"), "len": 16, "kind": "via", "via": via("fd00:8::20")}

    def without(name):
        return {key: value for key, value in new.items() if key != name}

    for name, sentence in (("vpc", "the VPC id is missing"), ("dst", "the prefix is missing"),
                           ("len", "the length of the prefix is missing"),
                           ("kind", "the kind of the route is missing")):
        yield "route-add", without(name), sentence
    yield "route-set", new, "the state is missing"
    yield "route-del", dict(new, hash=1), "this can't be given here"
    yield "route-add", dict(new, now=True), "this can't be given here"
    yield "route-add", dict(new, dst=b"\12\11\0"), "a prefix has 4 or 16 bytes"
    yield "route-add", dict(new, len=33), "the prefix is longer than an address"
    yield "route-add", dict(new, dst=ip4("10.9.0.1")), "the prefix has bits set behind its length"
    yield "route-add", dict(new, via=via("fe80::1")), \
        "the SID is not a unicast address of the fabric", errno.EADDRNOTAVAIL
    yield "route-add", dict(new, via=[via("fd00:8::20"), via("ff02::1")]), \
        "the SID is not a unicast address of the fabric", errno.EADDRNOTAVAIL
    yield "route-add", dict(new, via=[via("fd00:8::20")] * 2), \
        "the route has a next hop twice", errno.EEXIST
    for hops in ([], [via("fd00:8::%x" % n) for n in range(1025)]):
        yield "route-add", dict(new, via=hops), \
            "a route of this kind has from 1 to 1024 next hops"
    yield "route-add", dict(new, kind="blackhole"), "a route of this kind has no next hops"
    for kind, more in (("blackhole", {}), ("prohibit", {}), ("peer", {"peer": 1001})):
        yield "route-add", dict(without("via"), kind=kind, hash="l3", **more), \
            "a route of this kind picks nothing by a hash"
    yield "route-add", dict(new, peer=1001), "a route to a peer names it, and no other does"
    peer = dict(without("via"), kind="peer")
    yield "route-add", peer, "a route to a peer names it, and no other does"
    yield "route-add", dict(peer, peer=1000), "a VPC can't be its own peer"
    yield "route-add", dict(peer, peer=1001, export=True), \
        "peering is not transitive: a route to a peer can't be exported"


def peers(_):
    yield "peer-add", {"vpc": 1000}, "a peering is between two VPCs"
    yield "peer-add", {"peer": 1000}, "the VPC id is missing"
    yield "peer-add", {"vpc": 1000, "peer": 1000}, "a VPC can't be its own peer"
    yield "peer-del", {"vpc": 1000, "peer": 1001, "state": "active"}, "this can't be given here"


def remotes(_):
    key = {"public": b"\x09" + bytes(31)}
    new = {"prefix": LOCATOR, "key": key}
    yield "remote-add", {"key": key}, "a remote needs a prefix"
    yield "remote-add", {"prefix": LOCATOR}, "a remote needs a key"
    yield "remote-add", dict(new, key={}), "the key is missing"
    yield "remote-add", dict(new, key=[{"public": bytes([n + 2]) + bytes(31)} for n in range(9)]), \
        "a remote has at most 8 keys", errno.ENOSPC
    yield "remote-add", dict(new, prefix=[LOCATOR, LOCATOR]), \
        "the remote has this prefix twice", errno.EEXIST
    yield "remote-add", dict(new, prefix=[{"addr": ip6("fd01:%x::" % n), "len": 32}
                                          for n in range(1025)]), \
        "a remote has at most 1024 prefixes", errno.ENOSPC
    for what in ("remote-add", "remote-replace"):
        yield what, dict(new, now=True), "this can't be given here"
        yield what, dict(new, seq=1), "this can't be given here"
    yield "remote-set", {"prefix": LOCATOR}, "the sequence number is missing"
    for what, more in (("remote-set", {"seq": 1}), ("remote-del", {}), ("remote-get", {})):
        yield what, dict(more, prefix=LOCATOR), "no remote has this first prefix", errno.ENOENT
        yield what, dict(more, prefix={"len": 64}), "a prefix needs address and length"
        yield what, dict(more, prefix=[LOCATOR, {"addr": ip6("fd00:a::"), "len": 64}]), \
            "the first prefix alone names a remote"


def dumps(_):
    strange = "this can't be given here"
    for what in ("endpoint-get", "route-get", "peer-get"):
        yield what, {}, "the VPC id is missing"
        yield what, {"vpc": 1000, "state": "active"}, strange
        yield what, [{"vpc": 1000}, {"vpc": 1001}], "this is about one object at a time"
    yield "endpoint-get", {"vpc": 1000, "sid": ip6("fd00:8::20")}, strange
    yield "route-get", {"vpc": 1000, "dst": ip4("10.0.0.0")}, \
        "the length of the prefix is missing"
    yield "peer-get", {"vpc": 1000, "peer": 1001}, strange


def whole_dumps(_):
    """Those that the specification has no object for."""
    for what, one in (("edge-get", {"name": "vpc2_0"}), ("vpc-get", {"id": 1000}),
                      ("remote-get", {"prefix": LOCATOR})):
        yield what, one, "the command is not about this"


def traces(_):
    good = {"vpc": 1000, "src": ip4("10.0.0.1"), "dst": ip4("10.0.0.2")}
    for name in good:
        yield "trace", {key: value for key, value in good.items() if key != name}, \
            "a trace needs VPC, source and destination"
    yield "trace", dict(good, dst=ip6("fd01::2")), \
        "source and destination must be of one family"


def sentences():
    """Those that the module has for requests, by file."""
    for path in sorted(glob.glob(KMOD + "/nl_*.c")):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for found in re.findall(r'NL_SET_ERR_MSG(?:_ATTR)?\([^;]*?"((?:[^"\\]|\\.)*)"', text):
            if not ELSEWHERE.search(found):
                yield os.path.basename(path), found.replace('\\"', '"')
        for table in re.findall(r"_missing\[\] = \{(.*?)\};", text, flags=re.S):
            for found in re.findall(r'"(.*)"', table):
                yield os.path.basename(path), found


def refused(ask, what, values, sentence, number):
    """Problems with a request that is to be refused."""
    kind = "trace" if what == "trace" else what.split("-")[0]
    try:
        ask(what, **{kind: values})
    except Refused as error:
        problems = []
        if error.number != number:
            problems.append("error %s" % errno.errorcode.get(error.number, error.number))
        if error.message != sentence:
            problems.append("it says: %s" % error.message)
        # What ends a dump has no room for it.
        if not error.offset and "dump" not in ask.__name__:
            problems.append("it does not say where")
        return problems
    return ["it is not refused"]


def main():
    netns, index = sys.argv[1], int(sys.argv[2])
    results, family, heard = Results(), Family(netns), set()

    def configured():
        return subprocess.run(["vpc", "-n", netns, "save"], check=True,
                              capture_output=True).stdout

    asks = {dumps: family.dump, whole_dumps: family.dump_unchecked}
    before = configured()
    for part in (edges, endpoints, vpcs, routes, peers, remotes, traces, dumps, whole_dumps):
        problems, count = [], 0
        ask = asks.get(part, family.do)
        for what, values, sentence, *number in part(index):
            number = number[0] if number else errno.EINVAL
            found = refused(ask, what, values, sentence, number)
            problems += ["%s, %s: %s" % (what, sentence, one) for one in found]
            if not found:
                heard.add(sentence)
            count += 1
        results.point("%d malformed requests about %s are refused" % (count, part.__name__),
                      problems)
    results.point("nothing is changed by them", [] if configured() == before else
                  ["it is"])
    results.point("each sentence of the module was heard", [
        "%s: %s" % one for one in sentences() if one[1] not in heard])
    results.end()


if __name__ == "__main__":
    main()
