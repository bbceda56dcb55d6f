#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Each limit of Documentation/limits.rst, at its bound and one beyond; and memory
under floods from those who may not make the edge remember anything.

usage: limits.py PREFIX config | flood
"""

import errno
import os
import random
import socket
import struct
import subprocess
import sys
import time

import acceptance
import packets
import permissions
from flows import command
from genl import (
    EDGE_ADD, EDGE_DEL, EDGE_GET, EDGE_REKEY, EDGE_SET, ENDPOINT_ADD, ENDPOINT_DEL,
    ENDPOINT_GET, ENDPOINT_SET, REMOTE_ADD, REMOTE_DEL, REMOTE_REPLACE, ROUTE_ADD, ROUTE_DEL,
    TRACE, Link, edge, endpoint, pack, remote, route, trace)
from harness import HOST_MACS, SPINE_MACS, VM0, VM2, Counters, Results, audit, slab
from packets import ETH_IP, ETH_IPV6, Port, ethernet, ip_frame, ipv4, ipv6, text, udp
from permissions import NLM_F_ACK
from vpcwire import ICMPV6, UDP, encode

CGROUPS = "/sys/fs/cgroup"
MAX_ADDRS, MAX_PREFIXES, MAX_FABRIC, MAX_SEGMENTS = 64, 1024, 16, 16
MAX_NEXT_HOPS, MAX_KEYS, MAX_RIVALS, MAX_NET_PREFIXES = 1024, 8, 256, 16384
MAX_REMOTE_KEYS = 64
VIA, PEER, BLACKHOLE = 1, 2, 3


class Config:
    def __init__(self, prefix, results):
        self.results = results
        permissions.enter(prefix + "h0")
        self.link = Link()
        self.link.sock.setsockopt(socket.SOL_SOCKET, 32, 8 << 20)  # SO_SNDBUFFORCE
        self.eth0 = socket.if_nametoindex("eth0")
        self.base = self.link.snapshot()

    def ask(self, cmd, *tree):
        error, said, _ = self.link.ask(cmd, pack(tree))
        return error, said

    def undo(self):
        now = self.link.snapshot()
        for name in set(now.edges) - set(self.base.edges):
            self.ask(EDGE_DEL, edge(name))
        for vpc, sid in set(now.endpoints) - set(self.base.endpoints):
            self.ask(ENDPOINT_DEL, endpoint(vpc, sid, now=True))

    def both(self, name, cmd, good, bad, error):
        """Requests at the bound are taken; those beyond are refused with the error and a
        message, and change nothing."""
        problems = []
        for tree in good:
            got, said = self.ask(cmd, tree)
            if got:
                problems.append("at the bound: %s: %s" % (os.strerror(got), said))
            if cmd in (ENDPOINT_ADD, EDGE_ADD):
                self.undo()
        for tree in bad:
            before = self.link.snapshot()
            got, said = self.ask(cmd, tree)
            if got != error:
                problems.append("beyond: error %s (%s), not %s" % (
                    errno.errorcode.get(got, got), said, errno.errorcode[error]))
            elif not said:
                problems.append("beyond: it is refused without a word")
            if self.link.snapshot() != before:
                problems.append("beyond: something has changed")
        self.undo()
        self.results.point(name, problems)

    # Routes and remotes.

    def routes(self):
        def via(count, first=1):
            return route(3000, "10.0.0.0", 8, VIA, [("fd00:8::%x" % (first + n), 1)
                                                    for n in range(count)])

        self.both("a route has up to 1024 next hops", ROUTE_ADD,
                  [via(MAX_NEXT_HOPS), via(1, 5000)], [via(MAX_NEXT_HOPS + 1), via(0)],
                  errno.EINVAL)
        self.both("none of them twice", ROUTE_ADD, [],
                  [route(3000, "10.0.0.0", 8, VIA, [("fd00:8::1", 1), ("fd00:8::1", 2)])],
                  errno.EEXIST)
        self.both("its prefix is no longer than an address, without bits behind", ROUTE_ADD,
                  [route(3001, "10.0.0.1", 32, BLACKHOLE), route(3001, "0.0.0.0", 0, BLACKHOLE),
                   route(3001, "fd00::1", 128, BLACKHOLE)],
                  [route(3001, "10.0.0.1", 33, BLACKHOLE), route(3001, "10.0.0.1", 31, BLACKHOLE)],
                  errno.EINVAL)
        self.both("a peer is another VPC, and no peers' peers come by it", ROUTE_ADD,
                  [route(3002, "10.0.0.0", 8, PEER, peer=3003)],
                  [route(3002, "10.0.0.0", 9, PEER, peer=3002),
                   route(3002, "10.0.0.0", 9, PEER, peer=3003, export=True)], errno.EINVAL)
        for vpc, dst, length in ((3000, "10.0.0.0", 8), (3001, "10.0.0.1", 32),
                                 (3001, "0.0.0.0", 0), (3001, "fd00::1", 128),
                                 (3002, "10.0.0.0", 8)):
            self.ask(ROUTE_DEL, route(vpc, dst, length, now=True))

    def rivals(self):
        """Packets look at all of them."""
        def standby(n, state=None, **how):
            # With state 1, the prefix of all of them stands by.
            return remote([("fd00:8:1:%x::" % n, 64)],
                          [struct.pack("!I", n) * 8] if state else (),
                          standby=[("fd00:9::", 64)] if state else (), **how)

        for name, cmd, del_cmd, one in (
                ("up to 256 endpoints have one address", ENDPOINT_ADD, ENDPOINT_DEL,
                 lambda n, **how: endpoint(3004, "fd00:8::%x" % n, **how)),
                ("up to 256 routes have one prefix", ROUTE_ADD, ROUTE_DEL,
                 lambda n, **how: route(3004, "10.0.0.0", 8, VIA, [("fd00:8::%x" % n, 1)],
                                        **how)),
                ("up to 256 remotes have one prefix", REMOTE_ADD, REMOTE_DEL, standby)):
            how = {"state": 1}
            if cmd == ENDPOINT_ADD:
                how["number"] = 1
            problems = []
            for n in range(1, MAX_RIVALS + 1):
                error, said = self.ask(cmd, one(n, **how))
                if error:
                    problems.append("%d: %s: %s" % (n, os.strerror(error), said))
            before = self.link.snapshot()
            error, said = self.ask(cmd, one(MAX_RIVALS + 1, **how))
            if error != errno.ENOSPC or "256" not in said:
                problems.append("beyond: %s: %s" % (os.strerror(error), said))
            if self.link.snapshot() != before:
                problems.append("beyond: something has changed")
            for n in range(1, MAX_RIVALS + 1):
                self.ask(del_cmd, one(n, now=True))
            self.results.point(name, problems)

    def remotes(self):
        def one(prefixes=1, keys=1, **fields):
            return remote([("fd00:8:%x::" % n, 64) for n in range(1, prefixes + 1)],
                          [bytes([n]) * 32 for n in range(1, keys + 1)], **fields)

        def gone():
            self.ask(REMOTE_DEL, one(keys=0, now=True))

        for good, bad, name in (
                (one(keys=MAX_KEYS), one(keys=MAX_KEYS + 1), "a remote has up to 8 keys"),
                (one(prefixes=MAX_PREFIXES), one(prefixes=MAX_PREFIXES + 1),
                 "and up to 1024 prefixes")):
            self.both(name, REMOTE_ADD, [good], [], 0)
            gone()
            self.both("%s, and not one more" % name, REMOTE_ADD, [], [bad], errno.ENOSPC)
        self.replaced_keys(gone)
        # Those that are replaced are its own for the grace, and all but the first are.
        def other(count):
            return remote([("fd00:8:1::", 64)] + [("fd00:9:%x::" % n, 64) for n in range(count)],
                          [b"\1" * 32])

        self.ask(REMOTE_ADD, one(prefixes=MAX_PREFIXES - 24))
        self.both("those that retire count among the 1024", REMOTE_REPLACE, [other(24)],
                  [other(25)], errno.ENOSPC)
        gone()
        self.both("a remote needs a prefix and a key", REMOTE_ADD, [],
                  [one(keys=0), one(prefixes=0)], errno.EINVAL)
        self.both("no key and no prefix twice", REMOTE_ADD, [],
                  [remote([("fd00:8::", 64)], [b"1" * 32] * 2),
                   remote([("fd00:8::", 64)] * 2, [b"1" * 32])], errno.EEXIST)
        self.ask(EDGE_ADD, edge("new1", ("fd00:9::", 64), fabric=[self.eth0]))
        problems = [os.strerror(error) for error, _ in
                    (self.ask(EDGE_REKEY, edge("new1")) for _ in range(MAX_KEYS + 1)) if error]
        _, _, (answer,) = self.link.ask(EDGE_GET, pack([edge("new1")]))
        _, nest = next(permissions.attributes(answer))
        keys = [value for kind, value in permissions.attributes(nest) if kind == 20]
        self.results.point("an edge has up to 8 key pairs: the oldest one goes", problems or (
            [] if len(keys) == MAX_KEYS else ["it has %d" % len(keys)]))
        self.undo()
        self.both("a key has a secret", REMOTE_ADD, [], [
            remote([("fd00:8::", 64)], [bytes(32)])], errno.EKEYREJECTED)

    def replaced_keys(self, gone):
        """Those are kept for ten seconds at least: quick enough, none has gone meanwhile."""
        def keys(first, count):
            return remote([("fd00:8:1::", 64)],
                          [bytes([first + n]) * 32 for n in range(count)])

        problems = []
        for _ in range(3):
            begin = time.monotonic()
            for number in range(MAX_REMOTE_KEYS // MAX_KEYS):
                error, said = self.ask(REMOTE_REPLACE, keys(1 + number * MAX_KEYS, MAX_KEYS))
                if error:
                    problems.append("%s: %s" % (os.strerror(error), said))
            before = self.link.snapshot()
            error, said = self.ask(REMOTE_REPLACE, keys(MAX_REMOTE_KEYS, 2))
            changed = self.link.snapshot() != before
            known, _ = self.ask(REMOTE_REPLACE, keys(1, MAX_KEYS))
            quick = time.monotonic() - begin < 9
            gone()
            if quick:
                break
        if not quick:
            self.results.skip("with replaced ones, a remote has up to 64 keys",
                              "this machine is too slow")
            return
        if error != errno.ENOSPC or str(MAX_REMOTE_KEYS) not in said:
            problems.append("beyond: %s: %s" % (os.strerror(error), said))
        if changed:
            problems.append("beyond: something has changed")
        if known:
            problems.append("one of them can't be published again: %s" % os.strerror(known))
        self.results.point("with replaced ones, a remote has up to 64 keys", problems)

    # Endpoints.

    @staticmethod
    def addrs4(count):
        return [struct.pack("!I", 12 << 24 | n + 1) for n in range(count)]

    @staticmethod
    def addrs6(count):
        return [socket.inet_pton(socket.AF_INET6, "fd02::%x" % (n + 1)) for n in range(count)]

    def endpoints(self):
        def one(vpc=3000, sid="fd00:8::1", number=1, **fields):
            return endpoint(vpc, sid, number, **fields)

        def at(addr):
            return one(v6=addr) if ":" in addr else one(v4=addr)

        self.both("a VPC id is from 1 to 16777214", ENDPOINT_ADD,
                  [one(1), one(0xfffffe)], [one(0), one(0xffffff), one(0x1000000)], errno.ERANGE)
        self.both("an endpoint has up to 64 addresses of both families together", ENDPOINT_ADD,
                  [one(addrs4=self.addrs4(63)), one(addrs4=self.addrs4(31),
                                                    addrs6=self.addrs6(32))],
                  [one(addrs4=self.addrs4(64)), one(addrs6=self.addrs6(64))], errno.EINVAL)
        none = endpoint(3000, "fd00:8::1")
        none[1].append((3, b"\2\0\0\0\0\1"))
        self.both("and at least one", ENDPOINT_ADD, [one()], [none], errno.EINVAL)
        self.both("none of them twice", ENDPOINT_ADD, [], [
            one(addrs4=[struct.pack("!I", 11 << 24 | 1)])], errno.EEXIST)
        self.both("an overlay address is one that a host can have", ENDPOINT_ADD,
                  [at("1.0.0.1"), at("223.255.255.255"), at("169.254.1.2"), at("2001:db8::1")],
                  [at("0.0.0.0"), at("127.0.0.1"), at("224.0.0.1"), at("255.255.255.255"),
                   at("169.254.1.1"), at("::"), at("::1"), at("ff02::1"), at("fe80::5"),
                   at("::ffff:10.0.0.1")], errno.EADDRNOTAVAIL)
        self.both("a SID is one that a host of the fabric can have", ENDPOINT_ADD,
                  [one(sid="2001:db8::1")],
                  [one(sid=sid) for sid in ("::", "::1", "ff02::1", "fe80::1",
                                            "::ffff:10.0.0.1")], errno.EADDRNOTAVAIL)
        group, zero = one(), one()
        group[1][2], zero[1][2] = (3, b"\3\0\0\0\0\1"), (3, bytes(6))
        self.both("a MAC is unicast", ENDPOINT_ADD, [one()], [group, zero], errno.EADDRNOTAVAIL)
        self.both("a state is standby, active or retiring", ENDPOINT_ADD,
                  [one(state=1), one(state=2)], [one(state=0), one(state=4)], errno.ERANGE)
        self.both("a device's name has up to 15 bytes", ENDPOINT_ADD,
                  [one(1000, "fd00::40", edge="vpc2_0", dev="d" * 15)],
                  [one(1000, "fd00::40", edge="vpc2_0", dev="d" * 16)], errno.EINVAL)
        self.both("and is a name", ENDPOINT_ADD, [], [
            one(1000, "fd00::40", edge="vpc2_0", dev=dev)
            for dev in ("", ".", "..", "a/b", "a b", "a%d")], errno.EINVAL)
        self.both("a local SID lies in the edge's prefixes", ENDPOINT_ADD,
                  [one(1000, "fd00::ffff", edge="vpc2_0", dev="new0")],
                  [one(1000, "fd00::1:0", edge="vpc2_0", dev="new0")], errno.EADDRNOTAVAIL)
        self.batch()
        error, said, _ = self.link.ask(ENDPOINT_GET, pack([one(number=None)] * 2))
        self.results.point("one endpoint can be asked for at a time", [] if
                           error == errno.EINVAL and "one object" in said else
                           ["error %d: %s" % (error, said)])
        self.both("there is no setting of what is not there", ENDPOINT_SET, [],
                  [one(number=None, state=2)], errno.ENOENT)

    def batch(self):
        """A request's size is what the socket's buffer takes."""
        count = 1000
        items = [endpoint(3000, "fd00:8::1:%x" % n, n) for n in range(1, count + 1)]
        error, said = self.ask(ENDPOINT_ADD, *items)
        problems = ["error %s: %s" % (error, said)] if error else []
        found = len(self.link.snapshot().endpoints) - len(self.base.endpoints)
        if found != count:
            problems.append("%d are there" % found)
        error, said = self.ask(ENDPOINT_DEL, *(endpoint(3000, "fd00:8::1:%x" % n, now=True)
                                               for n in range(1, count + 1)))
        if error:
            problems.append("error %s: %s" % (error, said))
        self.results.point("a request of %d bytes with %d endpoints is taken whole" % (
            len(pack(items)), count), problems)
        self.link.sock.setsockopt(socket.SOL_SOCKET, 7, 4096)  # SO_SNDBUF
        problems = []
        try:
            self.link.raw(ENDPOINT_ADD, NLM_F_ACK, pack(items))
            problems.append("it could be sent")
        except OSError as caught:
            if caught.errno not in (errno.EMSGSIZE, errno.ENOBUFS):
                problems.append("error %s" % caught)
        self.link.sock.setsockopt(socket.SOL_SOCKET, 32, 8 << 20)
        self.results.point("one that the socket's buffer does not take can't be sent", problems)

    # Edges.

    def edges(self):
        def new(name="new1", locator=("fd00:9::", 64), **fields):
            fields.setdefault("fabric", [self.eth0])
            return edge(name, locator, **fields)

        self.both("an edge's name has up to 15 bytes", EDGE_ADD,
                  [new("e" * 15)], [new("e" * 16)], errno.EINVAL)
        self.both("a prefix is from 1 to 128 bits long", EDGE_ADD,
                  [new(locator=("4000::", 2)), new(locator=("fd00:9::1", 128))],
                  [new(locator=("fd00:9::", 0)), new(locator=("fd00:9::", 129))], errno.ERANGE)
        self.both("without bits behind its length, or addresses that can't be", EDGE_ADD, [],
                  [new(locator=("fd00:9::1", 127)), new(locator=("fe80::", 64)),
                   new(locator=("8000::", 1)), new(locator=("::", 1)),
                   new(locator=("ff00::", 8)), new(locator=("::1", 128)),
                   new(locator=("::ffff:10.0.0.0", 104))], errno.EINVAL)
        self.both("an edge has fabric devices", EDGE_ADD, [new(fabric=[], any_device=1)],
                  [new(fabric=[]), new(fabric=[], any_device=0)], errno.EINVAL)
        self.ask(EDGE_ADD, new(grace=0))
        self.both("max-segments is from 0 to 16", EDGE_SET,
                  [edge("new1", max_segments=0), edge("new1", max_segments=16, mtu=1280)],
                  [edge("new1", max_segments=17), edge("new1", max_segments=255)], errno.ERANGE)
        self.ask(EDGE_ADD, new(grace=0))
        self.both("grace is from 0 to 86400 s", EDGE_SET,
                  [edge("new1", grace=86400), edge("new1", grace=0)],
                  [edge("new1", grace=86401), edge("new1", grace=0xffffffff)], errno.ERANGE)
        self.ask(EDGE_ADD, new(grace=0))
        self.both("the MTU is from 1280 to what the fabric's leaves", EDGE_SET,
                  [edge("new1", mtu=1280), edge("new1", mtu=1452), edge("new1", mtu=0)],
                  [edge("new1", mtu=1), edge("new1", mtu=1279), edge("new1", mtu=1453),
                   edge("new1", mtu=65535), edge("new1", mtu=65536)], errno.ERANGE)
        self.ask(EDGE_ADD, new(fabric=[], any_device=1))
        self.both("without fabric devices, to what Ethernet's leaves", EDGE_SET,
                  [edge("new1", mtu=1452)], [edge("new1", mtu=1453)], errno.ERANGE)
        self.ask(EDGE_ADD, new())
        self.both("an option type must have its meaning", EDGE_SET,
                  [edge("new1", option_type=kind) for kind in (0x80, 0x9f, 0xc0, 0xde)],
                  [edge("new1", option_type=kind)
                   for kind in (0, 1, 0x1e, 0x3e, 0x7f, 0xa0, 0xbe, 0xc2, 0xc9, 0xe0, 0xff)],
                  errno.EINVAL)
        self.prefixes(new)
        self.fabric(new)

    def prefixes(self, new):
        many = [("fd00:9:%x:%x::" % (n >> 8, n & 255), 64) for n in range(1, MAX_PREFIXES)]
        problems = []
        error, said = self.ask(EDGE_ADD, new(prefixes=many))
        if error:
            problems.append("%s: %s" % (os.strerror(error), said))
        got = len([1 for kind, _ in self.link.snapshot().edges.get("new1", ()) if kind in (3, 4)])
        if got != MAX_PREFIXES:
            problems.append("it has %d" % got)
        error, said, answers = self.link.ask(EDGE_GET, pack([edge("new1")]))
        if error or not answers:
            problems.append("it can't be shown: error %s: %s" % (error, said))
        self.results.point("an edge has up to %d prefixes, and shows them" % MAX_PREFIXES, problems)
        self.both("and not one more", EDGE_SET, [],
                  [edge("new1", prefixes=[("fd00:a::", 64)])], errno.ENOSPC)
        self.both("nor so many from the beginning", EDGE_ADD, [],
                  [new(prefixes=many + [("fd00:a::", 64)])], errno.ENOSPC)
        self.all_prefixes(new)

    def all_prefixes(self, new):
        """Those of all edges together."""
        def some(number, count):
            return new("new%d" % number, ("fd00:%x::" % (0x100 + number), 64), prefixes=[
                ("fd00:%x:%x::" % (0x100 + number, n), 64) for n in range(1, count)])

        left = MAX_NET_PREFIXES - sum(kind in (3, 4) for attrs in self.base.edges.values()
                                      for kind, _ in attrs)
        problems, number = [], 0
        while left:
            count = min(left, MAX_PREFIXES)
            error, said = self.ask(EDGE_ADD, some(number, count))
            if error:
                problems.append("%s: %s" % (os.strerror(error), said))
            number, left = number + 1, left - count
        before = self.link.snapshot()
        for cmd, tree in ((EDGE_ADD, some(number, 1)),
                          (EDGE_SET, edge("new%d" % (number - 1), prefixes=[("fd00:a::", 64)]))):
            error, said = self.ask(cmd, tree)
            if error != errno.ENOSPC or str(MAX_NET_PREFIXES) not in said:
                problems.append("beyond: %s: %s" % (os.strerror(error), said))
        if self.link.snapshot() != before:
            problems.append("beyond: something has changed")
        self.undo()
        self.results.point("the edges of a namespace have up to %d prefixes" % MAX_NET_PREFIXES,
                           problems)

    def fabric(self, new):
        names = ["dum%d" % n for n in range(MAX_FABRIC + 1)]
        indices = []
        for name in names:
            if os.system("ip link add %s mtu 1500 type dummy" % name):
                self.results.skip("an edge has up to 16 fabric devices", "there is no dummy")
                return
            indices.append(socket.if_nametoindex(name))
        self.both("an edge has up to 16 fabric devices", EDGE_ADD,
                  [new(fabric=indices[:MAX_FABRIC])], [new(fabric=indices)], errno.ENOSPC)
        self.ask(EDGE_ADD, new(fabric=indices[:MAX_FABRIC]))
        self.both("also one by one", EDGE_SET, [edge("new1", fabric=[indices[0]])],
                  [edge("new1", fabric=[indices[MAX_FABRIC]])], errno.ENOSPC)
        self.both("but not such a one that is not there", EDGE_ADD, [],
                  [new(fabric=[0x7ffffff])], errno.ENODEV)
        for name in names:
            os.system("ip link del " + name)

    def traces(self):
        self.both("a trace's VPC has the bounds of a VPC", TRACE,
                  [trace(0xfffffe, "10.0.0.10", "10.0.0.20")],
                  [trace(0, "10.0.0.10", "10.0.0.20")], errno.ERANGE)

    def charged(self):
        """What endpoints take is charged to the control group of who adds them."""
        name = "endpoints are charged to the memory control group of who adds them"
        group, control = CGROUPS + "/vpc-limits", CGROUPS + "/cgroup.subtree_control"
        try:
            with open(control, "w", encoding="ascii") as file:
                file.write("+memory")
        except OSError:
            self.results.skip(name, "this kernel has no memory control groups")
            return
        os.mkdir(group)

        def read(file):
            with open(group + "/" + file, encoding="ascii") as text:
                return int(text.read())

        def join():
            with open(group + "/cgroup.procs", "w", encoding="ascii") as file:
                file.write("0")

        count = 30000
        keys = ["3000 fd00:8::1:%x" % n for n in range(1, count + 1)]
        add = ["vpc add %s 02:00:00:00:00:01 -4 11.0.%d.%d\n" % (key, n >> 8, n & 255)
               for n, key in enumerate(keys)]
        done = subprocess.run(["vpc", "-batch", "-"], input="".join(add).encode(),
                              preexec_fn=join, check=False)
        took = read("memory.current")
        subprocess.run(["vpc", "-batch", "-"], check=False, input="".join(
            "vpc del %s now\n" % key for key in keys).encode())
        for _ in range(50):
            left = read("memory.current")
            if left < took / 4:
                break
            time.sleep(0.2)
        print("diag %d endpoints: %d bytes each are charged, %d at last" % (
            count, took // count, left // count))
        os.rmdir(group)
        self.results.point(name, [] if done.returncode == 0 and 72 <= took / count < 200 and
                           left < took / 4 else ["status %d, %d bytes" % (
                               done.returncode, took)])

    def run(self):
        self.endpoints()
        self.edges()
        self.routes()
        self.rivals()
        self.remotes()
        self.traces()
        self.charged()
        self.results.point("nothing is left of all this", [] if
                           self.link.snapshot() == self.base else ["something is"])


class Flood:
    COUNT = 15000

    def __init__(self, prefix, results):
        self.prefix, self.results = prefix, results
        self.hosts = [Counters(prefix + host) for host in ("h0", "h1")]
        for host in self.hosts:
            host.settle()
        self.vm = Port(prefix + "vm0", "vm0")
        self.spine = Port(prefix + "spine", "to_h1")
        self.random = random.Random(1)

    def fabric(self, packet):
        self.spine.send(ethernet(HOST_MACS["h1"], SPINE_MACS["h1"], ETH_IPV6, packet))

    def forged(self):
        """From anybody, in any VPC."""
        rng = self.random
        source = rng.randbytes(4)
        packet = ipv4(source, VM2.v4, UDP, udp(source, VM2.v4, b"flood"))
        self.fabric(encode(packet, rng.choice((1000, rng.randrange(1, 1 << 24))),
                           b"\xfd" + rng.randbytes(15), VM2.sid))

    def to_anywhere(self):
        """To SIDs of the locator that nobody has."""
        rng = self.random
        packet = ipv6(VM0.v6, VM2.v6, UDP, udp(VM0.v6, VM2.v6, b"flood"))
        nobody = bytes([rng.randrange(128, 256), rng.randrange(256)])
        self.fabric(encode(packet, 1000, VM0.sid, VM2.sid[:14] + nobody))

    def errors(self):
        """Errors of the fabric about packets that were never sent."""
        rng = self.random
        target = rng.randbytes(4)
        quote = encode(ipv4(VM2.v4, target, UDP, udp(VM2.v4, target, b"flood")), 1000,
                       VM2.sid, b"\xfd" + rng.randbytes(15))
        router = b"\xfd" + rng.randbytes(15)
        self.fabric(acceptance.outer(packets.icmpv6(
            router, VM2.sid, quote, 2, word=1280 + rng.randrange(200)),
            src=router, proto=ICMPV6))

    def from_vm(self):
        """From any address to any address, and requests for neighbours."""
        rng = self.random
        if rng.random() < 0.3:
            frame = ethernet(b"\xff" * 6, VM0.mac, 0x0806, struct.pack(
                "!HHBBH", 1, ETH_IP, 6, 4, 1) + VM0.mac + VM0.v4 + bytes(6) + rng.randbytes(4))
        elif rng.random() < 0.5:
            source = rng.choice((VM0.v4, rng.randbytes(4)))
            target = rng.randbytes(4)
            frame = ip_frame(VM0.mac, ipv4(
                source, target, UDP, udp(source, target, b"flood")))
        else:
            target = rng.randbytes(16)
            frame = ip_frame(VM0.mac, ipv6(
                VM0.v6, target, UDP, udp(VM0.v6, target, text(20))))
        self.vm.send(frame)

    def flood(self, name, send, before):
        """The slab in KiB behind a flood."""
        begin = time.monotonic()
        for _ in range(self.COUNT):
            send()
        took = time.monotonic() - begin
        time.sleep(0.5)
        for port in (self.vm, self.spine):
            port.drain()
        time.sleep(0.5)
        after = slab()
        print("diag %s: %d in %.1f s, %d KiB more of slab" %
              (name, self.COUNT, took, after - before))
        return after

    def run(self):
        floods = (("packets from anybody", self.forged),
                  ("packets to SIDs of nobody", self.to_anywhere),
                  ("errors about nothing", self.errors), ("frames of a VM", self.from_vm))
        for _, send in floods:
            for _ in range(500):
                send()
        time.sleep(0.5)
        saved = [command(host.netns, "vpc", "save") for host in self.hosts]
        for host in self.hosts:
            host.mark()
        for name, send in floods:
            # The smallest thing that could be remembered of each takes 64 bytes or more.
            # What else the kernel allocates is not that much each time; and all of it is
            # less than what one flood would take that leaves no room for the next.
            least, first = self.COUNT * 64 / 1024, slab()
            before = first
            for _ in range(3):
                after = self.flood(name, send, before)
                grown, before = after - before, after
                if grown < least / 2:
                    break
            self.results.point("a flood of %s takes no memory" % name, [] if
                               grown < least / 2 and after - first < least else
                               ["%d KiB more, %d in all" % (grown, after - first)])
        counted = [host.delta() for host in self.hosts]
        self.results.point("all of them were counted", [] if
                           counted[1].get("from_fabric", 0) >= 3 * self.COUNT and
                           counted[0].get("from_vm", 0) >= self.COUNT else ["%s" % counted])
        self.results.point("and none let in", [] if not counted[1].get("to_vm")
                           else ["%s" % counted[1]])
        self.results.point("nothing is configured by it", [
            host.netns for host, before in zip(self.hosts, saved)
            if command(host.netns, "vpc", "save") != before])
        self.rate()
        self.results.point("everything is accounted for", audit(*self.hosts))

    def rate(self):
        """ICMP errors: 100 at once, and 1000 in a second for each CPU."""
        packet = ipv4(VM0.v4, b"\x0a\0\x63\x63", UDP, udp(VM0.v4, b"\x0a\0\x63\x63", b"rate"))
        frame = ip_frame(VM0.mac, packet)
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        time.sleep(0.3)
        self.hosts[0].mark()
        begin = time.monotonic()
        for _ in range(20000):
            self.vm.send(frame)
        took = time.monotonic() - begin
        made = self.hosts[0].delta().get("made_error", 0)
        most = 100 + (took + 0.05) * 1000
        name = "a VM is sent 1000 errors in a second at most, and 100 at once"
        print("diag 20000 packets to nobody in %.1f s, %d errors" % (took, made))
        if most >= 20000:
            self.results.skip(name, "this machine is too slow to ask for more")
            return
        self.results.point(name, [] if 100 <= made <= most else ["%d errors" % made])


def main():
    results = Results()
    {"config": Config, "flood": Flood}[sys.argv[2]](sys.argv[1], results).run()
    results.end()


if __name__ == "__main__":
    main()
