#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""ARP and neighbour discovery of a VM, byte by byte: what is answered and how,
what is not, and that nothing of it leaves the edge.

usage: neighbours.py PREFIX
       neighbours.py PREFIX unasked     wait for a router advertisement
"""

import struct
import sys
import time

from flows import Wire, command
from harness import VM0, VM2, VMGTW, Counters, Results, audit
from packets import (
    EDGE_MAC, ETH_ARP, ETH_IP, ETH_IPV6, Port, ethernet, extension, icmpv6, ipv6, mac)
from vpcwire import DSTOPTS, FRAGMENT, ICMPV6, ip4, ip6

BROADCAST = b"\xff" * 6
GATEWAY4, GATEWAY6 = ip4("169.254.1.1"), ip6("fe80::1")
LINK = ip6("fe80::ce2a:2aff:fe00:a")
# What VM0 has beside its first addresses: see neighbours.sh.
SECOND4, SECOND6 = ip4("10.0.0.15"), ip6("fd00::cc:0:15")
# And what it has by a route.
ROUTED = ip4("10.9.0.1")
ALL_NODES, ALL_ROUTERS, NOBODY = ip6("ff02::1"), ip6("ff02::2"), bytes(16)
RS, RA, NS, NA, REDIRECT = range(133, 138)
MTU = 1343
# The interval of advertisements, and some more for a slow machine.
PERIOD, PATIENCE = 200, 30


def group_of(target):
    """The solicited-node address and its MAC."""
    return ip6("ff02::1:ff00:0")[:13] + target[13:], b"\x33\x33\xff" + target[13:]


def arp(op=1, sha=VM0.mac, spa=VM0.v4, tpa=GATEWAY4, kind=1, proto=ETH_IP, hlen=6, plen=4,
        dst=BROADCAST, src=VM0.mac, tha=bytes(6)):
    return ethernet(dst, src, ETH_ARP, struct.pack("!HHBBH", kind, proto, hlen, plen, op) +
                    sha + spa + tha + tpa)


def nd(kind, body, src=LINK, dst=None, to=None, hops=255, code=0, word=0, check=None):
    """A neighbour discovery message; a solicitation goes to the group of its
    target, the others to all routers."""
    if dst is None:
        dst, to = group_of(body[:16]) if kind == NS else (ALL_ROUTERS, mac("33:33:00:00:00:02"))
    message = icmpv6(src, dst, body, kind, code, check, word)
    return ethernet(to or EDGE_MAC, VM0.mac, ETH_IPV6,
                    ipv6(src, dst, ICMPV6, message, hop_limit=hops))


def option(kind, data):
    return bytes([kind, (len(data) + 2) // 8]) + data


SOURCE = option(1, VM0.mac)
NONCE = option(14, b"nonce.")

USED = {"from_vm": 1, "used_neigh": 1}
ANSWERED = {"from_vm": 1, "used_neigh": 1, "made_neigh": 1, "to_vm": 1}


def drop(reason):
    return {"from_vm": 1, reason: 1}


def arp_reply(spa, tpa):
    """All of an answer: who asked has tpa."""
    return VM0.mac + EDGE_MAC + struct.pack("!HHHBBH", ETH_ARP, 1, ETH_IP, 6, 4, 2) + \
        EDGE_MAC + spa + VM0.mac + tpa


def advertised(target, to, router=False, solicited=True):
    """All of an answer to a solicitation."""
    word = (router << 31 | solicited << 30 | 1 << 29) & 0xffffffff
    message = icmpv6(target, to, target + option(2, EDGE_MAC), NA, word=word)
    return ethernet(VM0.mac, EDGE_MAC, ETH_IPV6,
                    ipv6(target, to, ICMPV6, message, hop_limit=255))


def router_advertised(to, mtu=MTU):
    """Hop limit not given, no flags, half an hour; no prefix."""
    body = struct.pack("!II", 0, 0) + option(1, EDGE_MAC) + \
        option(5, struct.pack("!HI", 0, mtu))
    message = icmpv6(GATEWAY6, to, body, RA, word=1800)
    return ethernet(VM0.mac, EDGE_MAC, ETH_IPV6,
                    ipv6(GATEWAY6, to, ICMPV6, message, hop_limit=255))


def arp_cases():
    """Name, frame, what is counted, and the answer."""
    for name, target in (("the gateway", GATEWAY4), ("another endpoint", VM2.v4),
                         ("its neighbour on the host", VMGTW.v4),
                         ("an address of nobody", ip4("10.0.0.99")),
                         ("an address elsewhere", ip4("192.0.2.1")),
                         ("one of link-local scope", ip4("169.254.1.2"))):
        yield "a request for " + name, arp(tpa=target), ANSWERED, arp_reply(target, VM0.v4)
    yield ("a request for the gateway, to the edge alone", arp(dst=EDGE_MAC, tha=EDGE_MAC),
           ANSWERED, arp_reply(GATEWAY4, VM0.v4))
    yield ("a request from its second address", arp(spa=SECOND4), ANSWERED,
           arp_reply(GATEWAY4, SECOND4))
    yield ("a request in a padded frame", arp() + bytes(18), ANSWERED,
           arp_reply(GATEWAY4, VM0.v4))
    yield "a request for its own address", arp(tpa=VM0.v4), USED, None
    yield "a request for its own second address", arp(tpa=SECOND4), USED, None
    yield "gratuitous ARP", arp(tpa=VM0.v4, tha=VM0.mac), USED, None
    yield "gratuitous ARP as a reply", arp(2, tpa=VM0.v4, tha=VM0.mac), USED, None
    yield ("a request from an address that it has by a route", arp(spa=ROUTED), ANSWERED,
           arp_reply(GATEWAY4, ROUTED))
    # RFC 5227, 2.4: an answer would be a conflict.
    yield "an announcement of such an address", arp(spa=ROUTED, tpa=ROUTED), USED, None
    yield "a reply to the gateway", arp(2, dst=EDGE_MAC, tha=EDGE_MAC), USED, None
    yield ("a probe for the gateway", arp(spa=bytes(4)), ANSWERED,
           arp_reply(GATEWAY4, bytes(4)))
    for name, target in (("its own address", VM0.v4), ("another endpoint's", VM2.v4),
                         ("that of its neighbour on the host", VMGTW.v4),
                         ("an address of nobody", ip4("10.0.0.99"))):
        yield "a probe for " + name, arp(spa=bytes(4), tpa=target), USED, None

    yield "an announcement of the gateway's address", \
        arp(spa=GATEWAY4), drop("src_addr"), None
    yield "an announcement of another endpoint's", \
        arp(2, spa=VM2.v4, tpa=VM2.v4), drop("src_addr"), None
    yield "a sender with another MAC", arp(sha=VMGTW.mac), drop("src_mac"), None
    yield "a sender with the edge's MAC", arp(2, sha=EDGE_MAC), drop("src_mac"), None
    yield "a frame to another MAC", arp(dst=VM2.mac), drop("dst_mac"), None

    bad = drop("neigh_malformed")
    for op in (0, 3, 4, 8, 9, 0xffff):
        yield "operation %d" % op, arp(op), bad, None
    yield "hardware type 6", arp(kind=6), bad, None
    yield "hardware type 0", arp(kind=0), bad, None
    yield "protocol IPv6", arp(proto=ETH_IPV6), bad, None
    yield "hardware addresses of 0 bytes", arp(hlen=0), bad, None
    yield "hardware addresses of 8 bytes", arp(hlen=8), bad, None
    yield "protocol addresses of 16 bytes", arp(plen=16), bad, None
    for size in (0, 7, 8, 20, 27):
        yield "%d bytes" % size, arp()[:14 + size], bad, None


def nd_cases():
    for name, target in (("another endpoint", VM2.v6), ("its neighbour on the host", VMGTW.v6),
                         ("an address of nobody", ip6("fd00::cc:0:99")),
                         ("an address elsewhere", ip6("2001:db8::1")),
                         ("a link-local address", ip6("fe80::2"))):
        for source in (LINK, VM0.v6):
            yield "%s, by %s" % (name, "a link-local address" if source == LINK else "its own"), \
                nd(NS, target + SOURCE, source), ANSWERED, advertised(target, source)
    yield ("the gateway", nd(NS, GATEWAY6 + SOURCE), ANSWERED,
           advertised(GATEWAY6, LINK, router=True))
    yield ("the gateway, by its second address", nd(NS, GATEWAY6 + SOURCE, SECOND6), ANSWERED,
           advertised(GATEWAY6, SECOND6, router=True))
    yield ("the gateway, to it alone", nd(NS, GATEWAY6 + SOURCE, dst=GATEWAY6), ANSWERED,
           advertised(GATEWAY6, LINK, router=True))
    yield ("the gateway, without its MAC", nd(NS, GATEWAY6, dst=GATEWAY6), ANSWERED,
           advertised(GATEWAY6, LINK, router=True))
    yield ("the gateway, with an unknown option",
           nd(NS, GATEWAY6 + SOURCE + option(200, bytes(14))), ANSWERED,
           advertised(GATEWAY6, LINK, router=True))
    yield "its own address", nd(NS, VM0.v6 + SOURCE), USED, None
    yield "its own second address", nd(NS, SECOND6 + SOURCE, VM0.v6), USED, None

    # Duplicate address detection.
    yield ("the gateway, as a duplicate", nd(NS, GATEWAY6, NOBODY), ANSWERED,
           advertised(GATEWAY6, ALL_NODES, router=True, solicited=False))
    yield ("the gateway, as a duplicate, with a nonce", nd(NS, GATEWAY6 + NONCE, NOBODY), ANSWERED,
           advertised(GATEWAY6, ALL_NODES, router=True, solicited=False))
    for name, target in (("its own address", VM0.v6), ("its link-local address", LINK),
                         ("another endpoint's", VM2.v6),
                         ("an address of nobody", ip6("fd00::cc:0:99"))):
        yield name + ", as a duplicate", nd(NS, target + NONCE, NOBODY), USED, None

    yield ("an advertisement of its own", nd(NA, VM0.v6 + option(2, VM0.mac), dst=ALL_NODES,
                                             to=mac("33:33:00:00:00:01"), word=1 << 29), USED, None)
    yield ("an advertisement to another endpoint", nd(NA, VM0.v6 + option(2, VM0.mac), dst=VM2.v6,
                                                      word=3 << 29), USED, None)

    for name, source in (("another endpoint's address", VMGTW.v6), ("the receiver's", VM2.v6),
                         ("its SID", VM0.sid)):
        yield "a solicitation from " + name, nd(NS, GATEWAY6 + SOURCE, source), \
            drop("src_addr"), None

    bad = drop("neigh_malformed")
    good = dict(kind=NS, body=GATEWAY6 + SOURCE)
    for hops in (0, 1, 64, 254):
        yield "hop limit %d" % hops, nd(hops=hops, **good), bad, None
    yield "code 1", nd(code=1, **good), bad, None
    yield "a wrong checksum", nd(check=0x1234, **good), bad, None
    yield "a target that is a group", nd(NS, ALL_NODES + SOURCE), bad, None
    yield "an option of length 0", nd(NS, GATEWAY6 + b"\1\0" + VM0.mac), bad, None
    yield "an option that is too long", nd(NS, GATEWAY6 + b"\1\2" + VM0.mac), bad, None
    yield "half an option", nd(NS, GATEWAY6 + SOURCE[:4]), bad, None
    yield "a MAC, but no source", nd(NS, GATEWAY6 + SOURCE, NOBODY), bad, None
    yield ("no source, to one host", nd(NS, GATEWAY6, NOBODY, GATEWAY6), bad, None)
    for size in (0, 8, 15):
        yield "%d bytes of a target" % size, nd(NS, GATEWAY6[:size], dst=GATEWAY6), bad, None
        yield "%d bytes of an advertised target" % size, nd(NA, VM0.v6[:size]), bad, None
    yield "an advertised group", nd(NA, ALL_NODES), bad, None
    # RFC 6980: neither extension headers nor fragments.
    message = icmpv6(LINK, VM2.v6, GATEWAY6 + SOURCE, NS, word=0)
    for name, proto, header in (
            ("destination options", DSTOPTS, extension(ICMPV6, b"\1\4\0\0\0\0")),
            ("a fragment header", FRAGMENT, struct.pack("!BBHI", ICMPV6, 0, 0, 7)),
            ("a first fragment's header", FRAGMENT, struct.pack("!BBHI", ICMPV6, 0, 1, 7))):
        yield "behind " + name, ethernet(EDGE_MAC, VM0.mac, ETH_IPV6, ipv6(
            LINK, VM2.v6, proto, header + message, hop_limit=255)), bad, None

    # RFC 7113: what the headers of a first fragment leave to the next one.
    for name, header in (
            ("that the first fragment ends before", extension(ICMPV6, b"\1\4\0\0\0\0")),
            ("behind headers that go on in the next fragment",
             extension(DSTOPTS, b"\1\4\0\0\0\0")),
            ("behind a header that goes on in the next fragment",
             bytes([ICMPV6, 4, 1, 36]) + bytes(12))):
        yield "neighbour discovery " + name, ethernet(EDGE_MAC, VM0.mac, ETH_IPV6, ipv6(
            VM0.v6, VM2.v6, FRAGMENT, struct.pack("!BBHI", DSTOPTS, 0, 1, 7) + header,
            hop_limit=255)), bad, None

    for kind, name, body in ((RA, "a router advertisement", bytes(8)),
                             (REDIRECT, "a redirect", VM2.v6 + VM2.v6)):
        yield name, nd(kind, body, dst=ALL_NODES, to=mac("33:33:00:00:00:01")), \
            drop("neigh_rogue"), None
        yield name + " to another endpoint", nd(kind, body, dst=VM2.v6), drop("neigh_rogue"), None
        yield name + " that is too short", nd(kind, body[:-1]), bad, None


class Test:
    def __init__(self, prefix, results):
        self.prefix, self.results = prefix, results
        self.port = Port(prefix + "vm0", "vm0")
        self.others = [Wire(prefix + name, device) for name, device in
                       (("spine", "to_h0"), ("vmgtw", "vmgtw"), ("vm2", "vm2"))]
        self.counters = Counters(prefix + "h0", "endpoint", "1000", "fd00::10")
        self.counters.settle()

    def answers(self):
        got = []
        while one := self.port.receive():
            got.append(one[0])
        return got

    def point(self, name, frame, want, answer):
        self.port.drain()
        self.counters.mark()
        self.port.send(frame)
        delta = self.counters.wait(lambda delta: delta == want)
        problems = [] if delta == want else ["h0 counted %s, not %s" % (delta, want)]
        got = self.answers()
        if got != ([answer] if answer else []):
            problems += ["answered: " + each.hex(" ", -4) for each in got] + \
                ["expected: " + (answer.hex(" ", -4) if answer else "nothing")]
        for other in self.others:
            for leaked, _ in other.frames(lambda f: f[54:55] != bytes([RA]), 0):
                problems.append("%s saw %s" % (other.name, leaked.hex(" ", -4)))
        self.results.point(name, problems, ["sent: " + frame.hex(" ", -4)])

    def routers(self):
        """Router solicitations."""
        made = dict(USED)
        for name, source, body, to in (
                ("", LINK, SOURCE, LINK), (" without a MAC", LINK, b"", LINK),
                (" from its address", VM0.v6, SOURCE, VM0.v6),
                (" without a source", NOBODY, b"", ALL_NODES)):
            self.point("router solicitation" + name, nd(RS, body, source), made,
                       router_advertised(to))
        command(self.prefix + "vm0", "ip", "link", "set", "vm0", "mtu", "1300")
        self.point("router solicitation, with another MTU", nd(RS, SOURCE), made,
                   router_advertised(LINK, 1300))
        command(self.prefix + "vm0", "ip", "link", "set", "vm0", "mtu", str(MTU))
        self.point("router solicitation to the gateway alone", nd(RS, SOURCE, dst=GATEWAY6), made,
                   router_advertised(LINK))
        for name, frame in (
                ("with a MAC, but no source", nd(RS, SOURCE, NOBODY)),
                ("with hop limit 64", nd(RS, SOURCE, hops=64)),
                ("with code 1", nd(RS, b"", code=1)),
                ("with an option of length 0", nd(RS, b"\1\0" + VM0.mac)),
                ("that is too short", ethernet(EDGE_MAC, VM0.mac, ETH_IPV6, ipv6(
                    LINK, ALL_ROUTERS, ICMPV6, icmpv6(LINK, ALL_ROUTERS, b"", RS)[:7],
                    hop_limit=255)))):
            self.point("router solicitation " + name, frame, drop("neigh_malformed"), None)
        self.point("router solicitation from a foreign address", nd(RS, SOURCE, VMGTW.v6),
                   drop("src_addr"), None)


def unasked(prefix):
    """What is wrong with the advertisement that nobody has asked for, to a VM
    that says nothing.  Its edge has just been made."""
    port = Port(prefix + "vmgtw", "vmgtw")
    deadline = time.monotonic() + PERIOD + PATIENCE
    while got := port.receive(deadline - time.monotonic()):
        frame = got[0]
        if frame[20:21] == bytes([ICMPV6]) and frame[54] == RA:
            want = VMGTW.mac + router_advertised(ALL_NODES)[6:]
            return [] if frame == want else [
                "it is " + frame.hex(" ", -4), "and not " + want.hex(" ", -4)]
    return ["there is none in %d s" % (PERIOD + PATIENCE)]


def main():
    results = Results()
    prefix = sys.argv[1]
    if sys.argv[2:] == ["unasked"]:
        sys.exit("\n".join(unasked(prefix)) or 0)
    test = Test(prefix, results)
    host = Counters(prefix + "h0")
    for name, frame, want, answer in arp_cases():
        test.point("ARP: " + name, frame, want, answer)
    for name, frame, want, answer in nd_cases():
        test.point("ND: " + name, frame, want, answer)
    test.routers()
    delta = host.delta()
    results.point("nothing of it went to the fabric", ["h0 counted %s" % delta]
                  if "to_fabric" in delta else [])
    results.point("the counters add up", audit(host))
    results.end()


if __name__ == "__main__":
    main()
