#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The first, the second, ... allocation fails: in each netlink command, and on the
way of each kind of packet, until one goes through without.

Packets take their way within the system call that sends them: from the VM by a
packet socket, to and from the fabric by a tap device.

usage: fail_nth.py PREFIX commands | packets
"""

import base64
import errno
import json
import os
import select
import socket
import struct
import sys
import time

import acceptance
import attach
import fuzz_packets
import packets
import permissions
import vpcesp
import vpcwire
from flows import command
from genl import (
    A_VPC, EDGE_ADD, EDGE_DEL, EDGE_GET, EDGE_REKEY, EDGE_SET, ENDPOINT_ADD, ENDPOINT_DEL,
    ENDPOINT_GET, ENDPOINT_REPLACE, ENDPOINT_SET, PEER_ADD, PEER_DEL, PEER_GET, REMOTE_ADD,
    REMOTE_DEL, REMOTE_GET, REMOTE_REPLACE, REMOTE_SET, ROUTE_ADD, ROUTE_DEL, ROUTE_GET,
    ROUTE_REPLACE, ROUTE_SET, STATS_GET, TRACE, VPC_GET, Link, edge, endpoint, pack, peering,
    remote, route, trace, u32)
from harness import VM0, VM2, VMGTW, Counters, Results
from packets import ETH_IPV6, Port, ethernet, ip_frame, is_advertisement
from permissions import NLM_F_ACK, NLM_F_DUMP
from vpcwire import encode

GETS = EDGE_GET, ENDPOINT_GET, VPC_GET, STATS_GET, TRACE, REMOTE_GET
FAIL_NTH = "/proc/self/fail-nth"
DEBUG = "/sys/kernel/debug"
KMEMLEAK = DEBUG + "/kmemleak"
# Of the tap device, which stands for h0's way into the fabric.
H0_MAC, ROUTER_MAC = bytes.fromhex("020000000e02"), bytes.fromhex("020000000e01")
MOST = 3000

# Allocations that the core of netlink makes for a request, and has no words for: the
# attributes that it parses, for a dump their description as well, and the answer
# that says how it went.  Each can fail twice where its cache has no object left, so
# that what counts is the least of some turns.
WORDLESS = 3
TURNS = 4


def prepare():
    """All kinds of allocations may fail, and none says so in the log."""
    for name, value in (("failslab/ignore-gfp-wait", "N"), ("failslab/verbose", "0"),
                        ("fail_page_alloc/ignore-gfp-wait", "N"),
                        ("fail_page_alloc/min-order", "0"), ("fail_page_alloc/verbose", "0")):
        path = os.path.join(DEBUG, name)
        if os.path.exists(path):
            with open(path, "w", encoding="ascii") as file:
                file.write(value)


class Faults:
    def __init__(self):
        self.file = os.open(FAIL_NTH, os.O_RDWR)
        self.count = 0

    def during(self, n, work):
        """Run work() so that its n-th allocation fails; whether one did, and the error
        that it raised."""
        text, error = b"%d" % n, None
        os.pwrite(self.file, text, 0)
        try:
            work()
        except OSError as caught:
            error = caught.errno
        left = os.pread(self.file, 16, 0)
        os.pwrite(self.file, b"0", 0)
        injected = int(left) == 0
        self.count += injected
        return injected, error


def kinds_of(answers):
    """Which attributes the objects of an answer have."""
    return [[kind for kind, _ in permissions.attributes(nest)]
            for answer in answers for _, nest in permissions.attributes(answer)]


class Listener:
    """Somebody who is told of changes, or that he has missed one."""

    def __init__(self):
        self.sock = permissions.open_netlink()
        for group in permissions.Family().groups:
            self.sock.setsockopt(permissions.SOL_NETLINK, permissions.NETLINK_ADD_MEMBERSHIP,
                                 group)

    def heard(self):
        got = 0
        while select.select([self.sock], [], [], 0)[0]:
            try:
                self.sock.recv(1 << 17)
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
            got += 1
        return got


class Commands:
    def __init__(self, prefix, results):
        self.prefix, self.results = prefix, results
        self.tenant = os.open("/run/netns/%svmgtw" % prefix, os.O_RDONLY)
        permissions.enter(prefix + "h0")
        self.link, self.listener, self.faults = Link(), Listener(), Faults()
        self.buffer = bytearray(1 << 18)
        self.eth0 = socket.if_nametoindex("eth0")

    def cases(self):
        """Name, requests that come first, the request, those that undo it."""
        new = endpoint(2000, "fd00:8::1", 1, v6="fd01::1")
        other = endpoint(2000, "fd00:8::2", 1, v6="fd01::1", state=1)
        gone = (ENDPOINT_DEL, [endpoint(2000, "fd00:8::1", now=True)])
        other_gone = (ENDPOINT_DEL, [endpoint(2000, "fd00:8::2", now=True)])
        local = endpoint(1000, "fd00::40", 3, edge="vpc2_0", dev="new0")
        away = endpoint(1000, "fd00::40", 3, edge="vpc2_0", dev="new0")
        away[1].append((9, u32(self.tenant)))
        local_gone = (ENDPOINT_DEL, [endpoint(1000, "fd00::40")])
        second = edge("new1", locator=("fd00:9::", 64), fabric=[self.eth0],
                      prefixes=[("fd00:a::", 64)])
        second_gone = (EDGE_DEL, [edge("new1")])
        many = [endpoint(2000, "fd00:8::1:%x" % n, n) for n in range(1, 20)]
        many_gone = (ENDPOINT_DEL, [endpoint(2000, "fd00:8::1:%x" % n, now=True)
                                    for n in range(1, 20)])

        yield "edge add", [], (EDGE_ADD, [second]), [second_gone]
        yield ("edge set", [(EDGE_ADD, [second])],
               (EDGE_SET, [edge("new1", prefixes=[("fd00:b::", 64)], any_device=1, mtu=1280,
                                prefixes_del=[("fd00:a::", 64)])]), [second_gone])
        yield "edge del", [(EDGE_ADD, [second])], (EDGE_DEL, [edge("new1")]), [second_gone]
        yield "edge get", [], (EDGE_GET, [edge("vpc2_0")]), []
        yield "dump of edges", [], (EDGE_GET, None), []
        yield "endpoint add, remote", [], (ENDPOINT_ADD, [new]), [gone]
        yield "endpoint add, many", [], (ENDPOINT_ADD, many), [many_gone]
        yield ("endpoint add, of another's addresses", [(ENDPOINT_ADD, [new])],
               (ENDPOINT_ADD, [endpoint(2000, "fd00:8::2", 1, v6="fd01::1")]), [gone, other_gone])
        yield "endpoint add, local", [], (ENDPOINT_ADD, [local]), [local_gone]
        yield "endpoint add, local in a namespace", [], (ENDPOINT_ADD, [away]), [local_gone]
        yield ("endpoint add, remote and local", [], (ENDPOINT_ADD, [new, local]),
               [gone, local_gone])
        yield ("endpoint replace, remote", [(ENDPOINT_ADD, [new])],
               (ENDPOINT_REPLACE, [endpoint(2000, "fd00:8::1", 7)]), [gone])
        yield ("endpoint replace, local", [(ENDPOINT_ADD, [local])],
               (ENDPOINT_REPLACE, [endpoint(1000, "fd00::40", 4, edge="vpc2_0", dev="new0")]),
               [local_gone])
        yield ("endpoint replace, local by remote", [(ENDPOINT_ADD, [local])],
               (ENDPOINT_REPLACE, [endpoint(1000, "fd00::40", 3)]),
               [(ENDPOINT_DEL, [endpoint(1000, "fd00::40", now=True)])])
        yield ("endpoint replace, remote by local", [(ENDPOINT_ADD, [endpoint(
            1000, "fd00::40", 3)])], (ENDPOINT_REPLACE, [local]), [local_gone])
        yield ("endpoint set", [(ENDPOINT_ADD, [new]), (ENDPOINT_ADD, [other])],
               (ENDPOINT_SET, [endpoint(2000, "fd00:8::2", state=2)]), [gone, other_gone])
        yield ("endpoint set, retiring", [(ENDPOINT_ADD, [new])],
               (ENDPOINT_SET, [endpoint(2000, "fd00:8::1", state=3)]), [gone])
        yield ("endpoint del", [(ENDPOINT_ADD, [new])],
               (ENDPOINT_DEL, [endpoint(2000, "fd00:8::1")]), [gone])
        yield ("endpoint del now", [(ENDPOINT_ADD, [new])], gone, [gone])
        yield "endpoint del, local", [(ENDPOINT_ADD, [local])], local_gone, [local_gone]
        yield "endpoint get", [], (ENDPOINT_GET, [endpoint(1000, "fd00::10")]), []
        yield ("dump of endpoints", [(ENDPOINT_ADD, many)], (ENDPOINT_GET, None), [many_gone])
        yield "vpc get", [], (VPC_GET, [(A_VPC, [(1, u32(1000))])]), []
        yield "dump of VPCs", [], (VPC_GET, None), []
        yield "stats get", [], (STATS_GET, []), []
        yield ("trace", [], (TRACE, [trace(1000, "10.0.0.10", "10.0.0.20", proto=6, sport=1,
                                           dport=2)]), [])
        yield from self.remote_cases(second, second_gone)
        yield from self.route_cases()

    @staticmethod
    def remote_cases(second, second_gone):
        there, elsewhere = [("fd00:e::", 64)], [("fd00:e:1::", 80)]
        one, two, three = (bytes([n]) * 32 for n in (1, 2, 3))
        new = (REMOTE_ADD, [remote(there + elsewhere, [one, two], [("fd00:e:2::", 64)])])
        gone = (REMOTE_DEL, [remote(there, now=True)])
        other_gone = (REMOTE_DEL, [remote(elsewhere, now=True)])
        yield "remote add", [], new, [gone]
        yield ("remote add, two of them", [], (REMOTE_ADD, [
            remote(there, [one]), remote(elsewhere, [two])]), [gone, other_gone])
        yield ("remote add, in the place of one that retires",
               [new, (REMOTE_DEL, [remote(there)])], new, [gone])
        yield ("remote replace", [new],
               (REMOTE_REPLACE, [remote(there, [three, two], encrypt=3)]), [gone])
        yield ("remote replace, which takes a prefix", [new],
               (REMOTE_REPLACE, [remote(elsewhere, [three])]), [gone, other_gone])
        yield "remote set", [new], (REMOTE_SET, [remote(there, seq=1 << 33)]), [gone]
        yield "remote del", [new], (REMOTE_DEL, [remote(there)]), [gone]
        yield "remote del now", [new], gone, [gone]
        yield "remote get", [new], (REMOTE_GET, [remote(there)]), [gone]
        yield "dump of remotes", [new], (REMOTE_GET, None), [gone]
        yield ("edge rekey", [(EDGE_ADD, [second]), new], (EDGE_REKEY, [edge("new1")]),
               [second_gone, gone])
        yield "edge add, beside a remote", [new], (EDGE_ADD, [second]), [second_gone, gone]
        yield ("edge set, another cipher", [(EDGE_ADD, [second]), new],
               (EDGE_SET, [edge("new1", cipher=2, encrypt=3)]), [second_gone, gone])

    @staticmethod
    def route_cases():
        via = [("fd00:8::1", 1), ("fd00:8::2", 3)]
        new = (ROUTE_ADD, [route(2000, "10.8.0.0", 16, 1, via),
                           route(2000, "fd08::", 32, 3, export=True)])
        gone = (ROUTE_DEL, [route(2000, "10.8.0.0", 16, now=True),
                            route(2000, "fd08::", 32, now=True)])
        agreed = (PEER_ADD, [peering(2000, 2001), peering(2001, 2000, state=1)])
        withdrawn = (PEER_DEL, [peering(2000, 2001), peering(2001, 2000)])
        yield "route add", [], new, [gone]
        yield "route replace", [new], (ROUTE_REPLACE, [route(2000, "fd08::", 32, 4)]), [gone]
        yield ("route set", [new], (ROUTE_SET, [route(2000, "10.8.0.0", 16, 1, via, state=1)]),
               [gone])
        yield "route del now", [new], gone, [gone]
        yield "dump of routes", [new], (ROUTE_GET, None), [gone]
        yield "peer add", [], agreed, [withdrawn]
        yield "peer del", [agreed], withdrawn, [withdrawn]
        yield "dump of peers", [agreed], (PEER_GET, None), [withdrawn]

    def do(self, requests, must=True):
        for cmd, tree in requests:
            error, text, _ = self.link.ask(cmd, pack(tree))
            if error and must:
                raise SystemExit("command %d fails: %s: %s" % (cmd, os.strerror(error), text))

    def transact(self, message, dump):
        """A request, and the parts of a dump but for the last: what a dump allocates is
        allocated by who reads it."""
        self.talker.sock.send(message)
        while dump and select.select([self.talker.sock], [], [], 0.5)[0]:
            size = self.talker.sock.recv_into(self.buffer)
            self.got.append(bytes(self.buffer[:size]))
            if struct.unpack_from("=H", self.buffer, 4)[0] in (2, 3):
                return

    def judged(self, n, first, request, undo, before, after):
        """One turn: None when no fault was met, else what is wrong with it."""
        cmd, tree = request
        self.do(first)
        self.listener.heard()
        dump = tree is None
        # A dump that fails in the middle stays with its socket.
        self.talker = Link() if dump else self.link
        message = self.talker.request(cmd, NLM_F_DUMP if dump else NLM_F_ACK, pack(tree or []))
        self.got = []
        injected, error = self.faults.during(n, lambda: self.transact(message, dump))
        text, answers = "", self.got
        if dump:
            self.talker.sock.close()
        if error is None and not dump:
            error, text, answers = self.link.answer(1.0)
            # The answer could not be made: the socket is told so, and has said it.
        elif dump and error is None:
            error, text = self.end_of_dump()
        state = self.link.snapshot()
        problems = []
        if error and state != before:
            self.link.wait(before, 2.0)
            state = self.link.snapshot()
        # What the core says when it has no memory for a device.
        device = error == errno.EINVAL and text.startswith("can't make the ")
        if error not in (0, None, errno.ENOMEM, errno.ENOBUFS) and not device:
            problems.append("the error is %s: %s" % (os.strerror(error), text))
        # An acknowledgement that there is no memory for is ENOBUFS, whatever was done.
        possible = [before] if error == errno.ENOMEM or device else [before, after] \
            if error else [after]
        if state not in possible:
            problems.append("with error %s (%s): %s" % (
                error, text, possible[0].difference(state)))
        if state == after != before and not self.listener.heard():
            problems.append("nobody is told of the change")
        if error == errno.ENOMEM and not text:
            self.wordless.append(n)
        if not injected and error:
            problems.append("without a fault, the error is %s: %s" % (os.strerror(error), text))
        if not error and not dump and cmd in GETS:
            if answers and kinds_of(answers) != self.whole:
                problems.append("an answer lacks something")
            if not injected and not answers:
                problems.append("there is no answer")
        self.do(undo, must=False)
        return problems, injected

    def end_of_dump(self):
        for data in self.got[-1:]:
            at = 0
            while at + 16 <= len(data):
                size, kind, flags = struct.unpack_from("=IHH", data, at)
                if kind in (2, 3):
                    error = -struct.unpack_from("=i", data, at + 16)[0]
                    return max(error, 0), self.link.verdict(data[at:at + size], kind, flags)[1]
                at += (size + 3) & ~3
        return None, ""

    def one_by_one(self, first, request, undo, before, after):
        """How many allocations have failed, and what was wrong."""
        self.wordless, problems = [], []
        begin = self.faults.count
        for n in range(1, MOST):
            found, injected = self.judged(n, first, request, undo, before, after)
            problems += ["allocation %d: %s" % (n, one) for one in found]
            if not injected or len(problems) > 10:
                break
        count = self.faults.count - begin
        return count, problems if count else ["no fault was met"]

    def run(self):
        for name, first, request, undo in self.cases():
            base = self.link.snapshot()
            self.do(first)
            before = self.link.snapshot()
            if request[1] is not None:
                self.do([request])
            after = self.link.snapshot()
            self.whole = None
            if request[0] in GETS and request[1] is not None:
                self.whole = kinds_of(self.link.ask(request[0], pack(request[1]))[2])
            self.do(undo, must=False)
            self.link.wait(base)
            for _ in range(TURNS):
                count, problems = self.one_by_one(first, request, undo, before, after)
                if len(self.wordless) <= WORDLESS or problems:
                    break
            else:
                problems.append("there is no memory, and no word about it, at %s" %
                                self.wordless)
            self.link.wait(base)
            if self.link.snapshot() != base:
                problems.append("something is left: " +
                                base.difference(self.link.snapshot()))
            self.results.point("%s: %d allocations fail, one by one" % (name, count), problems)


class Packets:
    def __init__(self, prefix, results):
        self.prefix, self.results = prefix, results
        self.tap = attach.Tap("/dev/net/tun", "fab0", prefix + "h0")
        counters = Counters(prefix + "h0")
        for words in (("link", "set", "fab0", "address", "02:00:00:00:0e:02"),
                      ("link", "set", "fab0", "addrgenmode", "none"),
                      ("link", "set", "fab0", "up"),
                      ("addr", "add", "fd00:e::2/64", "dev", "fab0", "nodad"),
                      ("neigh", "add", "fd00:e::1", "lladdr", "02:00:00:00:0e:01", "dev", "fab0",
                       "nud", "permanent"),
                      ("route", "add", "fd00::1:0/112", "via", "fd00:e::1")):
            command(prefix + "h0", "ip", *words)
        command(prefix + "h0", "vpc", "edge", "set", "vpc2_0", "fabric", "add", "fab0")
        self.vm = Port(prefix + "vm0", "vm0")
        self.beside = Port(prefix + "vmgtw", "vmgtw")
        counters.settle()
        permissions.enter(prefix + "h0")
        self.link, self.faults = Link(), Faults()
        self.peer, self.sealed = None, 0

    def seal(self):
        """From now on all is sealed, and what is on the fabric the script's edge."""
        host, pair = self.prefix + "h0", vpcesp.KeyPair()
        command(host, "vpc", "remote", "add", "fd00::1:0/112", "key", pair.text())
        command(host, "vpc", "edge", "set", "vpc2_0", "encrypt", "required")
        shown = json.loads(command(host, "vpc", "-j", "edge", "show"))
        self.peer = vpcesp.Peer(pair, base64.b64decode(shown[0]["keys"][0]["key"]))

    def kinds(self):
        """Kinds of packets: all that leave something to the device, and of the others
        one for each form and place of a checksum."""
        seen = set()
        for kind in fuzz_packets.kinds():
            proto = kind.packet[9 if kind.packet[0] >> 4 == 4 else 6]
            key = kind.form, kind.packet[0] >> 4, vpcwire.CHECKSUM_AT.get(proto)
            if kind.short or not kind.offload and not kind.drop and not kind.fragments and \
                    key in seen:
                continue
            seen.add(key)
            yield kind

    def drain(self):
        self.tap.drain()
        self.vm.drain()
        self.beside.drain()

    def way(self, name, send, judge=None):
        problems, n, begin = [], 0, self.faults.count
        for n in range(1, MOST):
            self.drain()
            injected, _ = self.faults.during(n, send)
            problems += ["allocation %d: %s" % (n, one) for one in self.link.unbalanced()]
            if not injected or len(problems) > 5:
                break
        if self.faults.count == begin:
            problems.append("no fault was met")
        if judge:
            problems += judge()
        self.results.point("%s%s: %d allocations fail, one by one" %
                           ("sealed, " if self.peer else "", name, self.faults.count - begin),
                           problems)

    def from_fabric(self):
        """What the tap has got, opened if it was sealed."""
        found = []
        proto = vpcesp.ESP if self.peer else vpcwire.DSTOPTS
        while got := self.tap.receive(0.2):
            if got[0][12:14] == b"\x86\xdd" and got[0][20] == proto:
                found.append(got[0][14:])
        if self.peer:
            found = [one[2] for one in map(self.peer.into.open, found) if one]
        return found

    def to_fabric(self, packet):
        """Its frame, sealed with the next number if it has to be."""
        if self.peer:
            self.sealed += 1
            packet = self.peer.out.seal(packet, self.sealed)
        return ethernet(H0_MAC, ROUTER_MAC, ETH_IPV6, packet)

    def out(self, kind):
        def judge():
            found = self.from_fabric()
            if kind.drop:
                return ["something came out"] if found else []
            if not found:
                return ["nothing came out at last"]
            if kind.fragments or kind.offload:
                return []
            return vpcwire.check(found[0], kind.packet, VM0.vpc, VM0.sid, VM2.sid, kind.form)

        frame = kind.frame(VM0.mac)
        try:
            self.vm.send(frame, kind.offload)
        except OSError as error:
            if error.errno == errno.EINVAL:
                self.results.skip("from a VM, " + kind.name, "this kernel can't send it")
                return
            raise
        self.way("from a VM, " + kind.name, lambda: self.vm.send(frame, kind.offload), judge)

    def come(self, name, packet, offload=None, want=None):
        def judge():
            got = [frame for frame in (self.vm.packets(
                lambda frame: not is_advertisement(frame), 1, 1.0) if want else [])]
            if want and want != [frame[14:] for frame in got][:1]:
                return ["at last, %s came" % [frame.hex(" ", -4)[:200] for frame in got]]
            return []

        self.way("from the fabric, " + name,
                 lambda: self.tap.send(self.to_fabric(packet), offload), judge)

    def backwards(self):
        """The seeds of the packet fuzzer, from VM2 to VM0."""
        swap = {VM0.sid: VM2.sid, VM2.sid: VM0.sid, VM0.v6: VM2.v6, VM2.v6: VM0.v6,
                VM0.v4: VM2.v4, VM2.v4: VM0.v4}
        for kind in self.kinds():
            if not kind.form or kind.fragments:
                continue
            packet = kind.packet
            form = kind.form
            wire = encode(packet, 1000, VM0.sid, VM2.sid, form)
            # Sums don't mind which address comes first.
            head = 40 + vpcwire.SIZES[form] + (40 if form == "whole" else 0)
            parts, at = b"", 0
            while at < len(wire):
                for size in (16, 4):
                    if wire[at:at + size] in swap and at < head:
                        parts += swap[wire[at:at + size]]
                        at += size
                        break
                else:
                    parts += wire[at:at + 1]
                    at += 1
            yield kind, parts

    def sealed_ways(self):
        """Each form, and what is segmented before; both ways."""
        self.seal()
        seen = set()
        for kind in self.kinds():
            key = kind.form, kind.offload and kind.offload.gso, bool(kind.drop)
            if key not in seen:
                seen.add(key)
                self.out(kind)
        seen = set()
        for kind, wire in self.backwards():
            if not kind.offload and kind.form != "whole" and kind.form not in seen:
                seen.add(kind.form)
                self.come(kind.name, wire, None, [vpcwire.Fabric(wire).tenant])

    def run(self):
        for kind in self.kinds():
            self.out(kind)
        beside = packets.ipv4(VM0.v4, VMGTW.v4, vpcwire.UDP, packets.udp(
            VM0.v4, VMGTW.v4, b"beside"))
        nowhere = packets.ipv4(VM0.v4, vpcwire.ip4("10.0.0.99"), vpcwire.UDP, packets.udp(
            VM0.v4, vpcwire.ip4("10.0.0.99"), b"nowhere"))
        for name, frame in (
                ("to a VM of the same host", ip_frame(VM0.mac, beside)),
                ("to nobody", ip_frame(VM0.mac, nowhere)),
                ("ARP", attach.arp()),
                *((name, frame) for name, frame, want in acceptance.vm_frames(
                    acceptance.Fixture()) if "made_neigh" in want or "solicitation" in name)):
            self.way("from a VM, " + name, lambda frame=frame: self.vm.send(frame))
        for kind, wire in self.backwards():
            deeper = len(wire) - len(kind.packet)
            offload = None
            if kind.offload and kind.form != "whole":
                gso = {1: packets.Offload.TCPV6}.get(kind.offload.gso, kind.offload.gso)
                offload = packets.Offload(
                    kind.offload.start + deeper, kind.offload.offset, gso, kind.offload.size,
                    kind.offload.hlen + deeper)
            want = None
            if not kind.offload and kind.form != "whole":
                want = [vpcwire.Fabric(wire).tenant]
            self.come(kind.name, wire, offload, want)
        quote = encode(packets.ipv4(VM0.v4, VM2.v4, vpcwire.UDP, packets.udp(
            VM0.v4, VM2.v4, b"quoted")), 1000, VM0.sid, VM2.sid)
        for name, kind, word in (("unreachable", 1, 0), ("too big", 2, 1400)):
            self.come("an error: " + name, acceptance.outer(packets.icmpv6(
                VM2.sid, VM0.sid, quote, kind, word=word), src=VM2.sid, dst=VM0.sid,
                proto=vpcwire.ICMPV6))
        self.sealed_ways()


def leaks():
    """What kmemleak finds, when all that is freed later has been freed."""
    time.sleep(7)
    for _ in range(2):
        with open(KMEMLEAK, "w", encoding="ascii") as file:
            file.write("scan")
        time.sleep(1)
    with open(KMEMLEAK, encoding="ascii", errors="replace") as file:
        return file.read().splitlines()[:60]


def main():
    prefix, which = sys.argv[1:3]
    results = Results()
    prepare()
    test = {"commands": Commands, "packets": Packets}[which](prefix, results)
    test.run()
    print("diag %d faults" % test.faults.count)
    if os.path.exists(KMEMLEAK):
        results.point("nothing has leaked", leaks())
    else:
        results.skip("nothing has leaked", "this kernel has no kmemleak")
    results.end()


if __name__ == "__main__":
    main()
