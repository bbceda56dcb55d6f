#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Routes of VPC 1000, between the VMs of routes.sh.

usage: routes.py PREFIX
"""

import collections
import ipaddress
import json
import random
import re
import struct
import sys
import tempfile
import threading
import time

from genl import NESTED
from harness import Results
from permissions import attribute
from probe import Genl, Monitor, Probe, Stream, Vm, address

VMS = (
    Vm("h0", 1000, "vma", "fd00::10", "cc:2a:2a:00:00:0a", "10.0.0.10", "fd00::cc:0:10"),
    Vm("h1", 1000, "vmb", "fd00::1:11", "cc:2a:2a:00:00:0b", "10.0.0.11", "fd00::cc:0:11"),
    Vm("h2", 1000, "vmc", "fd00::2:12", "cc:2a:2a:00:00:0c", "10.0.0.12", "fd00::cc:0:12"),
    Vm("h1", 1000, "vmd", "fd00::1:13", "cc:2a:2a:00:00:0d", "10.0.0.13", "fd00::cc:0:13"),
    Vm("h1", 1001, "vmx", "fd00::1:14", "cc:2a:2a:00:00:0e", "10.0.0.10", "fd00::cc:0:10"),
)
A, B, C, D, X = VMS
PATIENCE = 60.0

ROUTE_ADD, ROUTE_REPLACE, ROUTE_SET, ROUTE_DEL = 15, 16, 17, 18
VPC_A_ROUTE = 7
R_VPC, R_DST, R_LEN, R_KIND, R_VIA, R_PEER, R_EXPORT, R_HASH, R_STATE, R_NOW = range(1, 11)
VIA, PEER, BLACKHOLE, PROHIBIT = range(1, 5)
STANDBY, ACTIVE, RETIRING = 1, 2, 3


def route(vpc, prefix, *more, length=None):
    """A route in a request."""
    net = ipaddress.ip_network(prefix)
    length = net.prefixlen if length is None else length
    return attribute(VPC_A_ROUTE | NESTED,
                     attribute(R_VPC, struct.pack("=I", vpc)) +
                     attribute(R_DST, net.network_address.packed) +
                     attribute(R_LEN, bytes([length])) +
                     b"".join(attribute(kind, value) for kind, value in more))


def via(sid, weight=1):
    return R_VIA, address(sid) + struct.pack("=H", weight)


def kind(number):
    return R_KIND, bytes([number])


class Test(Probe):
    def __init__(self, prefix, results):
        super().__init__(prefix, results, VMS)
        self.genl = Genl(prefix + "h0")

    def shown(self, host, *words):
        return self.vpc(host, " ".join(("route show",) + words)).splitlines()

    def clear(self):
        for host in self.hosts:
            lines = []
            for one in self.shown(host):
                vpc, prefix = one.split()[:2]
                lines.append("route del %s %s now" % (vpc, prefix))
            self.batch(host, sorted(set(lines)))

    def grace(self, seconds):
        for host in self.hosts:
            self.vpc(host, "edge set vpc2_%s grace %d" % (host[1], seconds))

    # Which route it is.

    def lengths(self, base):
        """A route of each length; the address that differs in bit n first meets that
        of length n."""
        number = ipaddress.ip_address(base)
        width = number.max_prefixlen
        self.batch("h0", ["route add 1000 %s via %s" % (
            ipaddress.ip_network((int(number) >> width - n << width - n, n))
            if width == 32 else
            "%s/%d" % (ipaddress.IPv6Address(int(number) >> width - n << width - n), n),
            (B, C, D)[n % 3].sid) for n in range(width + 1)])
        source = A.addr(4 if width == 32 else 6)
        flipped = [str(type(number)(int(number) ^ (1 << width - n - 1 if n < width else 0)))
                   for n in range(width + 1)]
        problems = []
        for n, (end, said) in enumerate(self.ends(
                "h0", 1000, [(source, to) for to in flipped])):
            if end != (B, C, D)[n % 3].sid or not re.search(r"^ *table .*/%d " % n, said, re.M):
                problems.append("%s: %s, not by length %d" % (flipped[n], end, n))
        self.point("the longest prefix of %d for %s" % (width + 1, base), problems)
        # What is taken out is no more found, and all others are.
        gone = random.sample(range(width + 1), width // 2)
        self.batch("h0", ["route del 1000 %s/%d now" % (
            type(number)(int(number) >> width - n << width - n), n) for n in gone])
        problems = []
        for n, (end, _) in enumerate(self.ends(
                "h0", 1000, [(source, to) for to in flipped])):
            left = [m for m in range(n + 1) if m not in gone]
            want = (B, C, D)[max(left) % 3].sid if left else "no_route"
            if end != want:
                problems.append("bit %d: %s, not %s" % (n, end, want))
        self.point("the longest that is left of them", problems)
        self.clear()

    def model(self):
        """Random tables against the definition."""
        problems = []
        for family, base, width in ((4, "172.16.0.0", 32), (6, "fd77::", 128)):
            table = {}
            start = int(ipaddress.ip_address(base))
            for _ in range(300):
                length = random.choice((width - 12, width - 10, width - 8, width - 5,
                                        width - 2, width - 1, width))
                addr = start | random.getrandbits(12)
                table[addr >> width - length << width - length, length] = \
                    random.choice((B, C, D))
            kind_of = type(ipaddress.ip_address(base))
            self.batch("h0", ["route add 1000 %s/%d via %s" % (kind_of(addr), length, vm.sid)
                              for (addr, length), vm in table.items()])
            addrs = [start | random.getrandbits(12) for _ in range(300)]
            ends = self.ends("h0", 1000, [(A.addr(family), str(kind_of(addr)))
                                          for addr in addrs])
            for addr, (end, _) in zip(addrs, ends):
                found = [(length, vm.sid) for (net, length), vm in table.items()
                         if addr >> width - length << width - length == net]
                want = max(found)[1] if found else "no_route"
                if end != want:
                    problems.append("%s: %s, not %s" % (kind_of(addr), end, want))
        self.point("random tables give what the definition gives", problems)
        self.clear()

    def targets(self):
        """Kinds of routes, by packets."""
        for version, net, full in ((4, "10.%d.0.0/16", 32), (6, "fd00:%d::/32", 128)):
            def prefix(n, net=net):
                return net % n

            def addr(n, tail, version=version):
                return "10.%d.0.%d" % (n, tail) if version == 4 else "fd00:%d::%d" % (n, tail)

            src = A.addr(version)
            default = "0.0.0.0/0" if version == 4 else "::/0"
            self.everywhere(
                "route add 1000 %s via %s" % (prefix(50), B.sid),
                "route add 1000 %s blackhole" % prefix(51),
                "route add 1000 %s prohibit" % prefix(52),
                "route add 1000 %s via %s weight 0" % (prefix(53), B.sid),
                "route add 1000 %s via fd00::9:9" % prefix(54),
                "route add 1000 %s/%d via %s" % (B.addr(version), full, C.sid))
            name = "IPv%d: " % version
            self.point(name + "a route leads to its next hop",
                       self.goes("vma", src, addr(50, 1), "vmb"))
            self.point(name + "a blackhole is silent",
                       self.goes("vma", src, addr(51, 1), ("h0", "blackhole")))
            self.point(name + "a prohibition is told",
                       self.goes("vma", src, addr(52, 1), ("h0", "prohibited")))
            self.point(name + "weight 0 alone leads nowhere", self.goes(
                "vma", src, addr(53, 1), ("h0", "drained")))
            self.point(name + "a next hop that is not known", self.goes(
                "vma", src, addr(54, 1), ("h0", "next_hop")))
            self.point(name + "no route", self.goes("vma", src, addr(55, 1), ("h0", "no_route")))
            self.point(name + "an endpoint wins over a route of full length",
                       self.goes("vma", src, B.addr(version), "vmb"))
            self.everywhere("route add 1000 %s via %s" % (default, C.sid))
            self.point(name + "the default route", self.goes("vma", src, addr(55, 1), "vmc"))
            self.point(name + "does not undo a blackhole",
                       self.goes("vma", src, addr(51, 1), ("h0", "blackhole")))
            self.point(name + "from the next hop's own host",
                       self.goes("vmd", D.addr(version), addr(50, 1), "vmb"))
            self.clear()

    # Who may speak for a prefix.

    def owners(self):
        for version in (4, 6):
            def addr(text, version=version):
                return "10.50." + text if version == 4 else \
                    "fd00:50::%s" % text.replace(".", ":")

            short, longer, hole = (
                ("10.50.0.0/16", "10.50.7.0/24", "10.50.8.0/24") if version == 4 else
                ("fd00:50::/32", "fd00:50::7:0/112", "fd00:50::8:0/112"))
            self.everywhere("route add 1000 %s via %s" % (short, B.sid),
                            "route add 1000 %s via %s" % (longer, C.sid),
                            "route add 1000 %s blackhole" % hole,
                            "vpc add 1000 fd00::2:77 02:00:00:00:00:77 -%d %s" %
                            (version, addr("9.9")))
            a, name = A.addr(version), "IPv%d: " % version
            self.point(name + "a next hop may send from its prefix",
                       self.goes("vmb", addr("0.1"), a, "vma") +
                       self.goes("vmc", addr("7.1"), a, "vma"))
            problems = []
            for vm, src in (("vmc", "0.1"), ("vmd", "0.1"), ("vmb", "7.1"), ("vmb", "8.1"),
                            ("vmb", "9.9"), ("vmx", "0.1")):
                problems += self.goes(vm, addr(src), a, (self.vms[vm].host, "src_addr"))
            self.point(name + "src_addr: others may not, nor where a longer one, a "
                       "blackhole or an endpoint is", problems)
            problems = []
            for sid, src, reason in (
                    (C.sid, "0.1", "src_sid"), (D.sid, "0.1", "src_sid"),
                    (X.sid, "0.1", "src_sid"), ("fd00::1:99", "0.1", "src_sid"),
                    (B.sid, "7.1", "src_sid"), (B.sid, "8.1", "src_sid"),
                    (B.sid, "9.9", "src_sid"), (A.sid, "0.1", "src_sid")):
                problems += self.comes("h0", sid, A.sid, 1000, addr(src), a, ("h0", reason))
            self.point(name + "src_sid: the same, by the fabric", problems)
            strange = "10.99.0.1" if version == 4 else "fd00:99::1"
            self.point(name + "bad_src: what no route is for", self.comes(
                "h0", B.sid, A.sid, 1000, strange, a, ("h0", "bad_src")))
            self.point(name + "bad_vpc: the next hop of another VPC", self.comes(
                "h0", B.sid, A.sid, 1001, addr("0.1"), a, ("h0", "bad_vpc")))
            self.point(name + "a next hop takes what is for its prefix", self.comes(
                "h1", A.sid, B.sid, 1000, a, addr("0.1"), "vmb"))
            problems = []
            for sid, dst in ((D.sid, "0.1"), (B.sid, "7.1"), (B.sid, "8.1"), (B.sid, "9.9")):
                problems += self.comes("h1", A.sid, sid, 1000, a, addr(dst),
                                       ("h1", "dst_sid"))
            self.point(name + "dst_sid: others don't, nor what is not its own", problems)
            self.point(name + "from one prefix to another", self.goes(
                "vmb", addr("0.1"), addr("7.5"), "vmc"))
            for host in self.hosts:
                self.vpc(host, "vpc del 1000 fd00::2:77 now")
            self.clear()

    # States.

    def stands(self, name, sends, b, c):
        """On h0: where it sends, and what it takes from vmb and vmc."""
        problems = []
        for version, addr in ((4, "10.60.0.1"), (6, "fd00:60::1")):
            problems += self.goes("vma", A.addr(version), addr, sends)
            problems += self.goes("vmb", addr, A.addr(version), b or "vma")
            problems += self.goes("vmc", addr, A.addr(version), c or "vma")
        self.point(name, problems)

    def set(self, words):
        self.batch("h0", [words % prefix for prefix in ("10.60.0.0/16", "fd00:60::/32")])

    def states(self):
        self.grace(3600)
        for host, vm in (("h0", B), ("h1", B), ("h2", C)):
            self.batch(host, ["route add 1000 %s via %s" % (prefix, vm.sid)
                              for prefix in ("10.60.0.0/16", "fd00:60::/32")])
        no, unknown = ("h0", "src_sid"), ("h0", "bad_src")
        b, c = "via " + B.sid, "via " + C.sid
        self.stands("an active route sends and is accepted, another hop is not",
                    "vmb", None, no)
        self.set("route add 1000 %s " + c + " state standby")
        self.stands("one that stands by is accepted, and not sent to", "vmb", None, None)
        self.set("route set 1000 %s " + c + " state active")
        self.stands("made active, it displaces the other, which has its grace",
                    "vmc", None, None)
        self.set("route set 1000 %s " + b + " state active")
        self.stands("and back", "vmb", None, None)
        self.set("route del 1000 %s " + c + " now")
        self.stands("deleted now, it has none", "vmb", None, no)
        self.set("route replace 1000 %s " + c)
        self.stands("replaced by another target, it is displaced", "vmc", None, None)
        self.set("route replace 1000 %s blackhole")
        self.stands("a blackhole leaves no grace to what it displaces, nor to what has it",
                    ("h0", "blackhole"), no, no)
        self.set("route del 1000 %s blackhole")
        self.stands("nor has it one itself", ("h0", "no_route"), unknown, unknown)
        self.set("route add 1000 %s blackhole")
        self.set("route add 1000 %s " + b)
        left = [one for one in self.shown("h0", "1000") if "blackhole" in one]
        self.stands("nor when it is displaced", "vmb", None, no)
        self.point("it is gone then", left)
        self.set("route set 1000 %s " + b + " state standby")
        self.stands("one that was active may stand by", ("h0", "not_active"), None, no)
        self.set("route set 1000 %s " + b + " state retiring")
        self.stands("or retire", ("h0", "not_active"), None, no)
        self.set("route del 1000 %s now")
        self.stands("deleted by its prefix, all of it is", ("h0", "no_route"),
                    unknown, unknown)
        self.set("route add 1000 %s " + b)
        self.set("route del 1000 %s")
        self.stands("without \"now\" it has its grace", ("h0", "not_active"), None, no)
        self.set("route add 1000 %s " + b)
        self.stands("in which it may come back", "vmb", None, no)

        # A longer prefix that only stands by, or retires, adds to what is accepted.
        self.batch("h0", ["route add 1000 10.60.0.0/24 via %s state standby" % C.sid,
                          "route add 1000 fd00:60::/64 via %s state standby" % C.sid])
        self.stands("a longer prefix that stands by does not send", "vmb", None, None)
        self.batch("h0", ["route set 1000 10.60.0.0/24 state active",
                          "route set 1000 fd00:60::/64 state active"])
        self.stands("it does when it is active, and the shorter one is out",
                    "vmc", no, None)
        self.clear()

    def drops(self):
        """What a drop that becomes active ends: the grace at its prefix, and no more."""
        self.grace(3600)
        b, c, no = "via " + B.sid, "via " + C.sid, ("h0", "src_sid")
        for drop, reason in (("blackhole", "blackhole"), ("prohibit", "prohibited")):
            for host, vm in (("h0", B), ("h1", B), ("h2", C)):
                self.batch(host, ["route add 1000 %s via %s" % (prefix, vm.sid)
                                  for prefix in ("10.60.0.0/16", "fd00:60::/32")])
            # B retires, C stands by.
            self.set("route add 1000 %s " + c)
            self.set("route set 1000 %s " + c + " state standby")
            self.set("route add 1000 %s " + drop + " state standby")
            self.stands("a %s that stands by ends no grace" % drop, ("h0", "not_active"),
                        None, None)
            self.set("route set 1000 %s " + drop + " state active")
            self.stands("active, it does, and leaves what stands by", ("h0", reason), no, None)
            self.set("route del 1000 %s now")
            self.batch("h0", ["route add 1000 10.60.0.0/24 " + b,
                              "route add 1000 fd00:60::/64 " + b,
                              "route del 1000 10.60.0.0/24", "route del 1000 fd00:60::/64"])
            self.set("route add 1000 %s " + drop)
            self.stands("and the grace of a longer prefix", ("h0", reason), None, no)
            self.clear()

    def expiry(self):
        self.grace(3600)
        self.batch("h0", ["route add 1000 10.60.0.0/16 via " + B.sid])
        self.grace(5)
        begin = time.monotonic()
        self.batch("h0", ["route add 1000 10.60.0.0/16 via " + C.sid])
        self.batch("h0", ["route add 1000 10.61.0.0/16 via " + C.sid,
                          "route del 1000 10.61.0.0/16"])
        left = self.shown("h0", "1000")
        late = time.monotonic() - begin > 4.5
        problems = [] if late or sum("retiring" in one for one in left) == 2 else \
            ["it shows %s" % left]
        while len(left) > 1 and time.monotonic() < begin + PATIENCE:
            time.sleep(0.05)
            left = self.shown("h0", "1000")
        took = time.monotonic() - begin
        if len(left) != 1 or C.sid not in left[0] or took < 4.5:
            problems.append("after %.1f s there is %s" % (took, left))
        self.point("a grace ends by itself", problems)
        self.batch("h0", ["route add 1000 10.60.0.0/16 via " + B.sid,
                          "route set 1000 10.60.0.0/16 via %s state active" % C.sid])
        time.sleep(5.5)
        left = [one for one in self.shown("h0", "1000") if C.sid in one]
        self.point("what is active again in its grace stays",
                   [] if len(left) == 1 and "active" in left[0] else left)
        self.grace(0)
        self.batch("h0", ["route add 1000 10.60.0.0/16 via " + B.sid,
                          "route add 1000 10.60.0.0/16 via " + C.sid])
        left = self.shown("h0", "1000")
        self.point("without a grace what is displaced is gone",
                   [] if len(left) == 1 and C.sid in left[0] else left)
        self.grace(3600)
        self.clear()

    def within(self):
        """Items of one request that displace each other: the last one counts, and
        nothing ends twice."""
        problems = []
        b, c, hole = "via " + B.sid, "via " + C.sid, "blackhole"
        for grace in (0, 3600):
            self.grace(grace)
            for first, *others in ((hole, b, hole), (b, c, b), (b, hole, c, b), (b, c, hole),
                                   (c, b, hole, c)):
                lines = ["route replace 1000 10.60.0.0/16 " + one for one in others]
                self.batch("h0", ["route add 1000 10.60.0.0/16 " + first])
                self.batch("h0", lines)
                want = {b: B.sid, c: C.sid, hole: "blackhole"}[others[-1]]
                end, _ = self.traced("h0", 1000, A.v4, "10.60.0.1")
                active = [one for one in self.shown("h0", "1000") if "state active" in one]
                if end != want or len(active) != 1 or others[-1] not in active[0]:
                    problems.append("grace %d, %s then %s: %s, active: %s" %
                                    (grace, first, others, end, active))
                self.batch("h0", ["route del 1000 10.60.0.0/16 now"])
                end, _ = self.traced("h0", 1000, A.v4, "10.60.0.1")
                if end != "no_route" or self.shown("h0", "1000"):
                    problems.append("after %s: %s" % (others, end))
        self.grace(3600)
        self.point("routes of one request displace each other", problems)

    # Changes under traffic.

    def flows(self):
        for version, addr in ((4, "10.60.0.1"), (6, "fd00:60::1")):
            yield "vma", A.addr(version), addr, ("vmb", "vmc")
            yield "vmd", D.addr(version), addr, ("vmb", "vmc")
        for owner in ("vmb", "vmc"):
            for version, addr in ((4, "10.60.0.1"), (6, "fd00:60::1")):
                yield owner, addr, A.addr(version), ("vma",)
                yield owner, addr, D.addr(version), ("vmd",)

    def order(self):
        """A route moves between two hosts; each edge is told at another time."""
        self.grace(3600)
        prefixes = ("10.60.0.0/16", "fd00:60::/32")
        owners = {"vmb": B, "vmc": C}
        self.everywhere(*("route add 1000 %s via %s" % (prefix, B.sid) for prefix in prefixes))
        stream = Stream(self, self.flows())
        speaks = {name: [n for n, flow in enumerate(stream.flows) if flow[0] == name]
                  for name in owners}
        for n in speaks["vmc"]:
            stream.active[n] = False
        orders = [("h0", "h1", "h2"), ("h2", "h1", "h0"), ("h1", "h2", "h0"),
                  ("h2", "h0", "h1")]
        random.shuffle(orders)
        old, new = "vmb", "vmc"
        for turn in orders:
            stream.some()
            for verb, who in (("add", new), ("set", new), ("del", old)):
                hosts = list(turn)
                if verb == "del":
                    # The old owner has to be silent before anybody forgets it.
                    for n in speaks[old]:
                        stream.active[n] = False
                    stream.some()
                    random.shuffle(hosts)
                for host in hosts:
                    more = {"add": " state standby", "set": " state active", "del": ""}[verb]
                    self.batch(host, ["route %s 1000 %s via %s%s" % (
                        verb, prefix, owners[who].sid, more) for prefix in prefixes])
                    stream.some(2)
                if verb == "add":
                    for n in speaks[new]:
                        stream.active[n] = True
                    stream.some()
            old, new = new, old
        problems = stream.end()
        self.point("no packet of %d is lost while a route moves four times, each edge in "
                   "its turn" % sum(stream.sent), problems)
        self.clear()

    def replaced(self):
        """Replacing a route by itself, and adding and deleting others."""
        self.everywhere("route add 1000 10.60.0.0/16 via " + B.sid,
                        "route add 1000 fd00:60::/32 via " + B.sid,
                        "route add 1000 0.0.0.0/0 blackhole",
                        "route add 1000 ::/0 blackhole")
        stream = Stream(self, list(self.flows())[:8:2], 0.0005)
        for turn in range(100):
            self.batch(random.choice(list(self.hosts)), [
                "route replace 1000 10.60.0.0/16 via %s hash l%d" % (B.sid, 3 + turn % 2),
                "route replace 1000 fd00:60::/32 via %s weight %d" % (B.sid, 1 + turn % 7)])
        problems = stream.end()
        self.point("nor of %d while it is replaced by itself" % sum(stream.sent), problems)
        self.clear()

    def secondary(self):
        """An endpoint's addresses change in one step, those that stay work on."""
        def line(host, extra):
            device = "vmb@vpc2_1 " if host == B.host else ""
            return "vpc replace 1000 %s%s cc:2a:2a:00:00:0b -4 10.0.0.11 -6 fd00::cc:0:11 %s" \
                % (device, B.sid, extra)

        stays = "-4 10.0.2.1 -6 fd00::cc:2:1"
        for host in self.hosts:
            self.batch(host, [line(host, stays)])
        stream = Stream(self, [
            ("vma", A.v4, "10.0.0.11", ("vmb",)), ("vma", A.v6, "fd00::cc:0:11", ("vmb",)),
            ("vma", A.v4, "10.0.2.1", ("vmb",)), ("vmc", C.v6, "fd00::cc:2:1", ("vmb",)),
            ("vmb", "10.0.2.1", A.v4, ("vma",)), ("vmb", "fd00::cc:2:1", C.v6, ("vmc",))])
        for turn in range(30):
            more = " -4 10.0.3.%d -6 fd00::cc:3:%d" % (turn + 1, turn + 1)
            for host in random.sample(list(self.hosts), 3):
                self.batch(host, [line(host, stays + more)])
        problems = stream.end()
        self.point("no packet of %d is lost while an endpoint's other addresses change" %
                   sum(stream.sent), problems)
        self.point("it has the new ones", self.goes("vma", A.v4, "10.0.3.30", "vmb") +
                   self.goes("vmb", "fd00::cc:3:30", A.v6, "vma"))
        self.point("and not the old ones", self.goes(
            "vma", A.v4, "10.0.3.29", ("h0", "no_route")) +
            self.goes("vmb", "10.0.3.29", A.v4, ("h1", "src_addr")))
        for host in self.hosts:
            self.batch(host, [line(host, "")])

    # Refusals.

    def refusals(self):
        self.batch("h0", ["route add 1000 10.70.0.0/16 via " + B.sid,
                          "route add 1000 10.71.0.0/16 via %s via %s" % (B.sid, C.sid),
                          "route add 1000 10.71.0.0/16 blackhole state standby"])
        problems = []
        for words, culprit in (
                ("add", "ID"), ("add 0 10.0.0.0/8 blackhole", "0"),
                ("add 16777215 10.0.0.0/8 blackhole", "16777215"),
                ("add x 10.0.0.0/8 blackhole", "x"), ("add 1000", "PREFIX"),
                ("add 1000 10.0.0.0/33 blackhole", "10.0.0.0/33"),
                ("add 1000 10.0.0.1/8 blackhole", "10.0.0.1/8"),
                ("add 1000 fd00::1/64 blackhole", "fd00::1/64"),
                ("add 1000 fd00::/129 blackhole", "fd00::/129"),
                ("add 1000 nothing blackhole", "nothing"),
                ("add 1000 10.0.0.0/8", "target is missing"),
                ("add 1000 10.0.0.0/8 via", "via"),
                ("add 1000 10.0.0.0/8 via 10.0.0.1", "10.0.0.1"),
                ("add 1000 10.0.0.0/8 via fd00::1 weight", "weight"),
                ("add 1000 10.0.0.0/8 via fd00::1 weight 65536", "65536"),
                ("add 1000 10.0.0.0/8 via fd00::1 weight -1", "-1"),
                ("add 1000 10.0.0.0/8 via fd00::1 blackhole", "blackhole"),
                ("add 1000 10.0.0.0/8 peer 7 via fd00::1", "via"),
                ("add 1000 10.0.0.0/8 peer 7 peer 8", "peer"),
                ("add 1000 10.0.0.0/8 peer 0", "0"),
                ("add 1000 10.0.0.0/8 blackhole prohibit", "prohibit"),
                ("add 1000 10.0.0.0/8 blackhole state gone", "gone"),
                ("add 1000 10.0.0.0/8 blackhole hash l5", "l5"),
                ("add 1000 10.0.0.0/8 blackhole hash l3 hash l4", "hash"),
                ("add 1000 10.0.0.0/8 blackhole nonsense", "nonsense"),
                ("add 1000 10.0.0.0/8 blackhole now", "now"),
                ("del 1000", "PREFIX"), ("del 1000 10.0.0.0/8 state active", "state"),
                ("set 1000 10.70.0.0/16", "state"), ("set 1000 10.70.0.0/16 export", "export"),
                ("show 1000 10.70.0.0/16 more", "more"), ("show x", "x"),
                ("frob", "frob"),
                # By the kernel.
                ("add 1000 10.70.0.0/16 via " + B.sid, "the route exists"),
                ("add 1000 10.71.0.0/16 via %s via %s" % (C.sid, B.sid), "the route exists"),
                ("add 1000 10.72.0.0/16 via %s via %s" % (B.sid, B.sid), "twice"),
                ("add 1000 10.72.0.0/16 via " + X.sid, "endpoint of another VPC"),
                ("add 1000 10.72.0.0/16 via %s via %s" % (B.sid, X.sid),
                 "endpoint of another VPC"),
                ("replace 1000 10.70.0.0/16 via " + X.sid, "endpoint of another VPC"),
                ("add 1000 10.72.0.0/16 via ff02::1", "not a unicast address"),
                ("add 1000 10.72.0.0/16 via ::", "not a unicast address"),
                ("add 1000 10.72.0.0/16 peer 1000", "its own peer"),
                ("add 1000 10.72.0.0/16 peer 1001 export", "can't be exported"),
                ("set 1000 10.71.0.0/16 state active", "say where the one leads"),
                ("set 1000 10.72.0.0/16 state active", "no such route"),
                ("set 1000 10.70.0.0/16 via %s state active" % C.sid, "no such route"),
                ("del 1000 10.72.0.0/16", "no such route"),
                ("del 1000 10.70.0.0/17", "no such route"),
                ("del 1001 10.70.0.0/16", "no such route"),
                ("del 1000 10.70.0.0/16 blackhole now", "no such route")):
            problems += self.refused("h0", "route " + words, culprit)
        self.point("what the tool and the kernel refuse, by name", problems)

        problems = []
        good = [kind(BLACKHOLE)]
        for name, cmd, item, message in (
                ("bits behind the length", ROUTE_ADD,
                 route(1000, "10.1.0.0/16", *good, length=15), "behind its length"),
                ("IPv4 of length 33", ROUTE_ADD,
                 route(1000, "10.0.0.0/8", *good, length=33), "longer than an address"),
                ("length 129", ROUTE_ADD, route(1000, "fd00::/16", *good, length=129), ""),
                ("no kind", ROUTE_ADD, route(1000, "10.0.0.0/8"), "kind"),
                ("kind 0", ROUTE_ADD, route(1000, "10.0.0.0/8", kind(0)), ""),
                ("kind 5", ROUTE_ADD, route(1000, "10.0.0.0/8", kind(5)), ""),
                ("no next hop", ROUTE_ADD, route(1000, "10.0.0.0/8", kind(VIA)), "next hops"),
                ("a blackhole with a next hop", ROUTE_ADD,
                 route(1000, "10.0.0.0/8", *good, via(B.sid)), "no next hops"),
                ("a peer without a name", ROUTE_ADD,
                 route(1000, "10.0.0.0/8", kind(PEER)), "names it"),
                ("a next hop with a peer", ROUTE_ADD,
                 route(1000, "10.0.0.0/8", kind(VIA), via(B.sid),
                       (R_PEER, struct.pack("=I", 7))), "no other"),
                ("1025 next hops", ROUTE_ADD, route(1000, "10.0.0.0/8", kind(VIA), *(
                    via("fd00::5:%x" % n) for n in range(1025))), "1024"),
                ("a next hop too short", ROUTE_ADD,
                 route(1000, "10.0.0.0/8", kind(VIA), (R_VIA, bytes(17))), ""),
                ("now, to add", ROUTE_ADD, route(1000, "10.0.0.0/8", *good, (R_NOW, b"")),
                 "can't be given"),
                ("state 0", ROUTE_ADD, route(1000, "10.0.0.0/8", *good, (R_STATE, b"\0")), ""),
                ("state 4", ROUTE_ADD, route(1000, "10.0.0.0/8", *good, (R_STATE, b"\4")), ""),
                ("hash 3", ROUTE_ADD, route(1000, "10.0.0.0/8", *good, (R_HASH, b"\3")), ""),
                ("VPC 0", ROUTE_ADD, route(0, "10.0.0.0/8", *good), ""),
                ("VPC 16777215", ROUTE_REPLACE, route(0xffffff, "10.0.0.0/8", *good), ""),
                ("a set without state", ROUTE_SET, route(1000, "10.70.0.0/16"), "state"),
                ("a set with export", ROUTE_SET, route(
                    1000, "10.70.0.0/16", (R_STATE, b"\1"), (R_EXPORT, b"")), "can't be given"),
                ("a del with state", ROUTE_DEL, route(
                    1000, "10.70.0.0/16", (R_STATE, b"\1")), "can't be given"),
                ("a next hop without kind", ROUTE_DEL, route(
                    1000, "10.70.0.0/16", via(B.sid)), "no next hops")):
            before = self.save("h0")
            error, said, offset = self.genl.request(cmd, [item])
            if not error or message not in said or not said or \
                    offset is None or not 20 <= offset < 20 + len(item):
                problems.append("%s: error %d, \"%s\", offset %s" %
                                (name, error, said, offset))
            if self.save("h0") != before:
                problems.append("%s: it has changed something" % name)
        for cmd in (ROUTE_ADD, ROUTE_REPLACE, ROUTE_SET, ROUTE_DEL):
            error, _, _ = self.genl.request(cmd, [])
            if not error:
                problems.append("nothing at all, for command %d" % cmd)
        self.point("what the kernel refuses to others", problems)

    def whole(self):
        """A request is done whole, or nothing of it, and names the item."""
        numbers = range(400)
        items = [route(1000, "10.80.%d.%d/32" % (n >> 8, n & 255), kind(BLACKHOLE))
                 for n in numbers]
        targets = [route(1000, "10.80.%d.%d/32" % (n >> 8, n & 255)) for n in numbers]
        standby = [route(1000, "10.80.%d.%d/32" % (n >> 8, n & 255), (R_STATE, bytes([STANDBY])))
                   for n in numbers]
        problems = []

        def refused(name, cmd, items, bad):
            before = self.save("h0")
            for at in (0, len(items) // 2, len(items)):
                error, said, offset = self.genl.request(cmd, items[:at] + [bad] + items[at:])
                start = 20 + sum(map(len, items[:at]))
                if not error or not said or offset is None or \
                        not start <= offset < start + len(bad):
                    problems.append("%s, at %d: error %d, \"%s\", offset %s of %d" %
                                    (name, at, error, said, offset, start))
            if self.save("h0") != before:
                problems.append("%s: it has changed something" % name)

        def done(name, cmd, items):
            error, said, _ = self.genl.request(cmd, items)
            if error:
                problems.append("%s: error %d, \"%s\"" % (name, error, said))

        refused("adding one that is there", ROUTE_ADD, items,
                route(1000, "10.70.0.0/16", kind(VIA), via(B.sid)))
        refused("adding one to another VPC's endpoint", ROUTE_REPLACE, items,
                route(1000, "10.72.0.0/16", kind(VIA), via(X.sid)))
        done("adding them", ROUTE_ADD, items)
        refused("adding them again", ROUTE_ADD, [], items[7])
        refused("a state of one that is not there", ROUTE_SET, standby,
                route(1000, "10.72.0.0/16", (R_STATE, bytes([STANDBY]))))
        done("their states", ROUTE_SET, standby)
        if sum("standby" in one for one in self.shown("h0", "1000")) != 401:
            problems.append("they don't stand by")
        refused("a removal of one that is not there", ROUTE_DEL, targets,
                route(1000, "10.72.0.0/16"))
        error, said, _ = self.genl.request(ROUTE_DEL, targets + [targets[3]])
        if not error or "twice" not in said:
            problems.append("a removal twice: error %d, \"%s\"" % (error, said))
        error, said, _ = self.genl.request(ROUTE_REPLACE, items + [items[3]])
        if not error or "twice" not in said:
            problems.append("a replacement twice: error %d, \"%s\"" % (error, said))
        done("their removal", ROUTE_DEL, targets)
        if len(self.shown("h0", "1000")) != 3:
            problems.append("what is left: %s" % self.shown("h0", "1000"))
        self.point("a request is done whole or not at all, and its bad item named", problems)

        with tempfile.NamedTemporaryFile("w") as file:
            file.write("".join("route add 1000 10.81.0.%d/32 prohibit\n" % n
                               for n in range(100)) +
                       "route add 1000 10.81.0.50/32 prohibit\nroute add 1000 10.82.0.0/16"
                       " prohibit\n")
            file.flush()
            status, _, errors = self.run("h0", "-batch", file.name)
        got = [one for one in self.shown("h0", "1000") if " 10.8" in one]
        self.point("a batch ends at the line that it names",
                   [] if status == 2 and errors.startswith(file.name + ":101: ") and
                   len(got) == 100 else
                   ["status %d, %d routes: %s" % (status, len(got), errors)])
        self.clear()

    # Showing.

    def shows(self):
        hops = sorted(("fd00::5:%x" % n for n in range(1, 1025)), key=ipaddress.ip_address)
        lines = ["1000 0.0.0.0/0 via %s export state active" % B.sid,
                 "1000 0.0.0.0/0 via %s state standby" % C.sid,
                 "1000 0.0.0.0/0 blackhole state standby",
                 "1000 10.1.0.0/16 peer 1001 state active",
                 "1000 10.2.0.0/16 prohibit export state active",
                 "1000 10.3.0.0/16 via %s weight 0 via %s weight 65535 hash l4 state active" %
                 (B.sid, C.sid),
                 "1000 fd00:1::/32 " + " ".join("via " + one for one in hops) +
                 " state active",
                 "1001 ::/0 via %s state active" % X.sid]
        self.batch("h0", ["route add " + one for one in random.sample(lines, len(lines))] +
                   ["peer add 1000 1001"])
        self.point("what is shown is what was given", [] if self.shown("h0") == lines else
                   ["it is"] + [one[:200] for one in self.shown("h0")])
        self.point("of one VPC", [] if self.shown("h0", "1001") == lines[-1:] else
                   self.shown("h0", "1001"))
        self.point("of one prefix", [] if self.shown("h0", "1000", "0.0.0.0/0") == lines[:3]
                   else self.shown("h0", "1000", "0.0.0.0/0"))
        want = {"vpc": 1000, "prefix": "10.3.0.0/16", "kind": "via", "via": [
            {"sid": B.sid, "weight": 0}, {"sid": C.sid, "weight": 65535}], "export": False,
            "hash": "l4", "state": "active"}
        got = self.json("h0", "route show 1000 10.3.0.0/16")
        got[0].setdefault("export", False)
        self.point("in JSON", [] if got == [want] else ["it is %s" % got])
        save = self.save("h0")
        self.clear()
        self.vpc("h0", "peer del 1000 1001")
        words = [one for one in save.splitlines() if one.split()[0] in ("route", "peer")]
        self.batch("h0", words)
        self.point("what is saved is restored", [] if self.save("h0") == save and
                   len(words) == 9 else ["it differs"])
        self.vpc("h0", "peer del 1000 1001")
        self.clear()

    def dumps(self):
        """Dumps while routes come and go: those that stay are shown, each once."""
        stay = {"1001 10.90.%d.%d/32 prohibit state active" % (n >> 8, n & 255)
                for n in range(3000)}
        self.batch("h0", ["route add " + one for one in stay])
        ending = threading.Event()

        def change():
            numbers = list(range(4000))
            while not ending.is_set():
                random.shuffle(numbers)
                some = numbers[:random.randrange(1, 4000)]
                self.batch("h0", ["route add 1001 10.91.%d.%d/32 blackhole" %
                                  (n >> 8, n & 255) for n in some])
                ending.wait(random.random())
                self.batch("h0", ["route del 1001 10.91.%d.%d/32" %
                                  (n >> 8, n & 255) for n in some])
                ending.wait(random.random())

        thread = threading.Thread(target=change)
        thread.start()
        problems, dumps, changing, complete = [], 0, 0, 0
        try:
            deadline = time.monotonic() + 120
            while dumps < 15 or not (complete and changing) and time.monotonic() < deadline:
                dumps += 1
                status, output, errors = self.run("h0", "route", "show", "1001")
                if status == 2 and "while it was read" in errors:
                    continue
                complete += 1
                got = collections.Counter(output.splitlines())
                changing += sum(" 10.91." in one for one in got)
                if stay - set(got):
                    problems.append("%d are missing" % len(stay - set(got)))
                if max(got.values()) > 1:
                    problems.append("shown twice: %s" % got.most_common(1))
        finally:
            ending.set()
            thread.join()
        print("diag of %d dumps %d were given up" % (dumps, dumps - complete))
        if not complete or not changing:
            problems.append("%d were complete, with %d routes that come and go" %
                            (complete, changing))
        self.point("dumps while routes come and go", problems)
        self.batch("h0", ["route del " + one.split(" prohibit")[0] for one in stay])

    def events(self):
        self.grace(3600)
        one = "1000 10.95.0.0/16 via "
        want = [("add", B.sid, "active"), ("add", C.sid, "standby"),
                ("change", B.sid, "retiring"), ("change", C.sid, "active"),
                ("change", C.sid, "active"), ("del", B.sid, "retiring"),
                ("change", C.sid, "standby"), ("change", C.sid, "retiring"),
                ("change", C.sid, "active"),
                ("change", C.sid, "retiring"), ("del", C.sid, "retiring"),
                ("add", "blackhole", "active"), ("del", "blackhole", "active"),
                # A grace that ends by itself.
                ("add", D.sid, "active"), ("change", D.sid, "retiring"),
                ("del", D.sid, "retiring")]
        with Monitor(self, "h0") as plain, Monitor(self, "h0", "-j") as told:
            self.batch("h0", [
                "route add " + one + B.sid, "route add " + one + C.sid + " state standby",
                "route set " + one + C.sid + " state active",
                "route replace " + one + C.sid + " hash l4",
                "route del " + one + B.sid, "route del " + one + B.sid + " now",
                "route set " + one + C.sid + " state standby",
                "route set " + one + C.sid + " state retiring",
                "route set " + one + C.sid + " state active",
                "route del " + one + C.sid,
                "route add 1000 10.95.0.0/16 blackhole",
                "route del 1000 10.95.0.0/16 blackhole"])
            self.grace(1)
            self.batch("h0", ["route add " + one + D.sid, "route del " + one + D.sid])
            got = []
            for line in told.lines('"object":"route"', len(want)):
                event = json.loads(line)
                what = event["route"]
                target = what["via"][0]["sid"] if "via" in what else what["kind"]
                got.append((event["event"], target, what["state"]))
            text = plain.lines(" route ", len(want))
        self.point("each change is an event", [] if got == want else
                   ["%s" % (one,) for one in got])
        words = ["%s route 1000 10.95.0.0/16 %s" % (event, target if target == "blackhole"
                                                    else "via " + target)
                 for event, target, _ in want]
        self.point("and a line of text", [] if len(text) == len(want) and all(
            line.startswith(start) and line.endswith(" state " + state)
            for line, start, (_, _, state) in zip(text, words, want)) else text)
        self.grace(3600)


def main():
    results = Results()
    test = Test(sys.argv[1], results)
    random.seed()
    test.lengths("77.203.113.77")
    test.lengths("2a12:3456:789a:bcde:f012:3456:789a:bcde")
    for step in (test.model, test.targets, test.owners, test.states, test.drops, test.expiry,
                 test.within, test.order, test.replaced, test.secondary, test.refusals,
                 test.whole, test.shows, test.dumps, test.events):
        step()
    test.audit()
    results.end()


if __name__ == "__main__":
    main()
