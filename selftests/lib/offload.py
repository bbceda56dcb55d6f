#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Offloads: what crosses in one piece, what has to be cut first, and checksums
that somebody verifies.

usage: offload.py PREFIX
"""

import os
import socket
import struct
import sys
import time

import packets
from flows import (
    IP_MTU_DISCOVER, PMTUDISC_DO, PMTUDISC_DONT, SOL_UDP, UDP_SEGMENT, Wire,
    checksum_problem, command, datagrams, is_overlay, received, router_loses_gso,
    set_features, transfer)
from harness import VM0, VM2, Counters, Results, audit
from packets import Offload
from vpcwire import TCP, UDP, Fabric

FAMILIES = (("IPv4", "10.0.0.10", "10.0.0.20"),
            ("IPv6", "fd00::cc:0:10", "fd00::cc:0:20"))


def tcp_or_udp(frame):
    return is_overlay(frame) and frame[54] in (TCP, UDP)


class Test:
    def __init__(self, prefix, results):
        self.prefix, self.results = prefix, results
        self.data = os.urandom(11 << 20)
        self.hosts = [Counters(prefix + host) for host in ("h0", "h1")]

    def ns(self, name):
        return self.prefix + name

    def settle(self):
        for host in self.hosts:
            host.settle()

    def counted(self):
        """What h0 gave to the fabric and h1 got: in segments, the same."""
        h0, h1 = (host.delta() for host in self.hosts)
        if h0.get("to_fabric") != h1.get("from_fabric") or \
                h1.get("to_fabric") != h0.get("from_fabric"):
            return ["h0 counted %s, h1 %s" % (h0, h1)]
        return audit(*self.hosts)

    # GSO crosses whole.

    def gso(self):
        if router_loses_gso(self.prefix):
            self.results.skip("TCP crosses the fabric in GSO packets",
                              "this kernel's routers drop them")
            return
        fabric = Wire(self.ns("spine"), "to_h0")
        vm = Wire(self.ns("vm2"), "vm2")
        for name, source, to in FAMILIES:
            self.settle()
            fabric.drain()
            vm.drain()
            problems = transfer(self.ns("vm0"), self.ns("vm2"), to, self.data[:1 << 20])
            large = [(f, o) for f, o in fabric.frames(tcp_or_udp) if len(f) > 1514]
            if not large:
                problems.append("no frame on the fabric was larger than its MTU")
            if any(o.gso != Offload.TCPV6 for _, o in large):
                problems.append("a large frame is no IPv6 TCP in segments")
            if max((len(f) for f, _ in large), default=0) < 20000:
                problems.append("the largest frame has less than 20000 bytes")
            problems += sorted({checksum_problem(f, o) for f, o in large} - {None})
            inside = [(f, o) for f, o in vm.frames() if len(f) > 1514]
            want = Offload.TCPV4 if name == "IPv4" else Offload.TCPV6
            if not inside or any(o.gso != want for _, o in inside):
                problems.append("the VM got no GSO packets of its family")
            problems += sorted({checksum_problem(f, o) for f, o in inside} - {None})
            self.results.point("%s TCP crosses the fabric in GSO packets" % name, problems)

            # The segments of all GSO packets, the VM's own count of them, and
            # what the bytes make at least.
            delta = self.hosts[0].delta()
            least = (1 << 20) // 1300
            problems = self.counted()
            if not least < delta.get("from_vm", 0) < 3 * least:
                problems.append("from_vm is %d for 1 MiB" % delta.get("from_vm", 0))
            self.results.point("%s GSO packets count by their segments" % name, problems)
            self.results.point("%s TCP brings 11 MiB unharmed" % name, transfer(
                self.ns("vm0"), self.ns("vm2"), to, self.data))
        self.results.point("the same on one edge", transfer(
            self.ns("vm0"), self.ns("vmgtw"), "10.0.0.11", self.data))

    # UDP in segments.

    def udp_segments(self, source, to, size, count, discover):
        """Send count datagrams of a size in one call; those that arrive, and
        what crossed the fabric."""
        fabric = Wire(self.ns("spine"), "to_h0", header=False)
        receiver = datagrams(self.ns("vm2"), to)
        sender = datagrams(self.ns("vm0"), source)
        if ":" not in to:
            sender.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, discover)
        sender.setsockopt(SOL_UDP, UDP_SEGMENT, struct.pack("=i", size))
        data = self.data[:size * (count - 1) + size // 2]
        sender.sendto(data, receiver.getsockname()[:2])
        got = received(receiver, count, 2.0)
        problems = []
        if got != [data[i:i + size] for i in range(0, len(data), size)]:
            problems.append("%d datagrams of %s bytes arrived" %
                            (len(got), sorted({len(g) for g in got})))
        frames = [f for f, _ in fabric.frames(tcp_or_udp)]
        receiver.close()
        sender.close()
        return problems, frames

    def udp(self):
        for name, source, to in FAMILIES:
            problems, frames = self.udp_segments(source, to, 1200, 20, PMTUDISC_DO)
            if [len(f) > 20000 for f in frames] != [True]:
                problems.append("%d frames of %s bytes on the fabric" %
                                (len(frames), sorted({len(f) for f in frames})))
            self.results.point("%s UDP in 20 segments crosses in one piece" % name, problems)
            # The device cuts it: so each datagram's checksum is finished.
            set_features(self.ns("h0"), "eth0", "tx-udp-segmentation", "off", "tx", "off")
            problems, frames = self.udp_segments(source, to, 1200, 20, PMTUDISC_DO)
            problems += sorted({checksum_problem(f, Offload(flags=0))
                                for f in frames} - {None})
            if len(frames) != 20 or any(len(f) > 1514 for f in frames):
                problems.append("%d frames on the fabric" % len(frames))
            self.results.point("%s UDP is cut by the device that can't" % name, problems)
            set_features(self.ns("h0"), "eth0", "tx-udp-segmentation", "on", "tx", "on")
        for size in (2, 500, 1315):
            problems, frames = self.udp_segments("10.0.0.10", "10.0.0.20", size, 9,
                                                 PMTUDISC_DONT)
            problems += self.full_forms([(f, Offload(flags=0)) for f in frames], 9)
            self.results.point("UDP without DF in segments of %d bytes" % size, problems)
        self.results.point("the counters add up", audit(*self.hosts))

    def full_forms(self, frames, count):
        """Each is a packet of the full form with an ID of its own."""
        problems, idents = [], []
        for frame, _ in frames:
            got = Fabric(frame[14:])
            if got.form != "full" or len(frame) > 1514:
                problems.append("%d bytes in the %s form" % (len(frame), got.form))
                continue
            ident, frag = struct.unpack_from("!HH", got.option, 16)
            if frag:
                problems.append("flags and offset are %04x" % frag)
            idents.append(ident)
        if count and len(frames) != count:
            problems.append("%d frames on the fabric, not %d" % (len(frames), count))
        if len(set(idents)) != len(idents):
            problems.append("IPv4 IDs repeat: %d in %d packets" %
                            (len(set(idents)), len(idents)))
        return problems[:6]

    # TCP without DF.

    def ident(self):
        def dont(sender):
            sender.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DONT)

        fabric = Wire(self.ns("spine"), "to_h0")
        for tx in ("on", "off"):
            set_features(self.ns("h0"), "eth0", "tx", tx)
            self.settle()
            fabric.drain()
            problems = transfer(self.ns("vm0"), self.ns("vm2"), "10.0.0.20",
                                self.data[:1 << 19], prepare=dont)
            frames = fabric.frames(tcp_or_udp)
            # The end of a connection sends IDs of another kind: 0.
            problems += self.full_forms([f for f in frames if len(f[0]) > 1000], 0)
            problems += sorted({checksum_problem(f, o, tx == "off")
                                for f, o in frames} - {None})
            if len(frames) < (1 << 19) // 1400:
                problems.append("only %d frames on the fabric" % len(frames))
            self.results.point(
                "TCP without DF is cut first, with IPv4 IDs of its own, tx %s" % tx, problems)
            self.results.point("and it adds up", self.counted())
        set_features(self.ns("h0"), "eth0", "tx", "on")
        self.results.point("TCP without DF brings 11 MiB unharmed", transfer(
            self.ns("vm0"), self.ns("vm2"), "10.0.0.20", self.data, prepare=dont))

    # GRO on the fabric.

    def traced(self, work):
        """The lengths of TCP packets that vpc_accept told of meanwhile."""
        where = "/sys/kernel/tracing/instances/" + self.prefix.rstrip("-")
        os.mkdir(where)
        try:
            with open(where + "/events/vpc/vpc_accept/enable", "w", encoding="ascii") as f:
                f.write("1")
            problems = work()
            with open(where + "/trace", encoding="ascii") as f:
                lengths = [int(line.split(" len=")[1].split()[0]) for line in f
                           if " dev=vm2 " in line and " proto=6 " in line]
        finally:
            os.rmdir(where)
        return problems, lengths

    def gro(self):
        for tx in ("on", "off"):
            # Real segments are what a NIC receives.
            set_features(self.ns("h0"), "eth0", "tso", "off", "gso", "off", "tx", tx)
            # A veth merges only what its peer could not have sent in one piece.
            set_features(self.ns("spine"), "to_h1", "tso", "off")
            set_features(self.ns("h1"), "eth0", "gro", "on")
            fabric = Wire(self.ns("spine"), "to_h0")
            for name, _, to in FAMILIES:
                self.settle()
                # How much comes in one go is up to a kernel that has more to do: what is
                # always cut never comes in one piece, however often.
                for _ in range(8):
                    fabric.drain()
                    problems, lengths = self.traced(lambda to=to: transfer(
                        self.ns("vm0"), self.ns("vm2"), to, self.data[:1 << 20]))
                    if problems or max(lengths, default=0) >= 30000:
                        break
                frames = fabric.frames(tcp_or_udp)
                if any(len(f) > 1514 for f, _ in frames):
                    problems.append("a frame on the fabric is larger than its MTU")
                problems += sorted({checksum_problem(f, o, tx == "off")
                                    for f, o in frames} - {None})
                if max(lengths, default=0) < 30000:
                    problems.append("the largest packet accepted has %d bytes" %
                                    max(lengths, default=0))
                self.results.point("stock GRO merges %s TCP of the overlay, tx %s" %
                                   (name, tx), problems)
                self.results.point("and its segments are counted", self.counted())
            self.results.point("and 11 MiB are unharmed, tx %s" % tx, transfer(
                self.ns("vm0"), self.ns("vm2"), to, self.data))
        set_features(self.ns("h0"), "eth0", "tso", "on", "gso", "on", "tx", "on")
        set_features(self.ns("spine"), "to_h1", "tso", "on")
        set_features(self.ns("h1"), "eth0", "gro", "off")

    # Checksums.

    def checksums(self):
        fabric = Wire(self.ns("spine"), "to_h0")
        vm = Wire(self.ns("vm2"), "vm2")
        for mask in range(16):
            vm_tx, host_tx, host_rx, vm_rx = (
                "off" if mask & bit else "on" for bit in (1, 2, 4, 8))
            for bit, namespace, device, words in (
                    (1, "vm0", "vm0", ("tx", vm_tx)), (2, "h0", "eth0", ("tx", host_tx)),
                    (4, "h1", "eth0", ("rx", host_rx, "gro",
                                       "on" if host_rx == "off" else "off")),
                    (8, "vm2", "vm2", ("rx", vm_rx))):
                if not mask or (mask ^ mask - 1) & bit:
                    set_features(self.ns(namespace), device, *words)
            problems = []
            for name, source, to in FAMILIES:
                fabric.drain()
                vm.drain()
                for problem in transfer(self.ns("vm0"), self.ns("vm2"), to,
                                        self.data[:100000]):
                    problems.append("%s TCP: %s" % (name, problem))
                receiver = datagrams(self.ns("vm2"), to)
                sender = datagrams(self.ns("vm0"), source)
                sizes = [0, 1, 2, 3, 1000, 1001]
                for size in sizes:
                    sender.sendto(self.data[:size], receiver.getsockname()[:2])
                got = received(receiver, len(sizes), 2.0)
                if got != [self.data[:size] for size in sizes]:
                    problems.append("%s UDP: of %s bytes arrived" %
                                    (name, [len(g) for g in got]))
                for each in (receiver, sender):
                    each.close()
                frames = fabric.frames(tcp_or_udp)
                finished = "off" in (vm_tx, host_tx)
                wrong = {checksum_problem(f, o, finished) for f, o in frames}
                wrong |= {checksum_problem(f, o, finished)
                          for f, o in vm.frames() if not packets.is_advertisement(f)}
                problems += ["%s: %s" % (name, w) for w in sorted(wrong - {None})]
                if len(frames) < 8:
                    problems.append("%s: %d frames captured" % (name, len(frames)))
            self.results.point("checksums with vm0 tx %s, fabric tx %s rx %s, vm2 rx %s" %
                               (vm_tx, host_tx, host_rx, vm_rx), problems)
        for namespace, device in (("vm0", "vm0"), ("h0", "eth0"), ("h1", "eth0"),
                                  ("vm2", "vm2")):
            set_features(self.ns(namespace), device, "tx", "on", "rx", "on")
        set_features(self.ns("h1"), "eth0", "gro", "off")
        self.verified()

    def verified(self):
        """The receiver does verify: it refuses what was sent wrong."""
        def errors():
            with_header = command(self.ns("vm2"), "grep", "^Udp:", "/proc/net/snmp").split("\n")
            names, values = with_header[0].split(), with_header[1].split()
            return int(values[names.index("InCsumErrors")])

        receiver = datagrams(self.ns("vm2"), "10.0.0.20", 53)
        port = packets.Port(self.ns("vm0"), "vm0")
        before = errors()
        good, bad = (packets.udp(VM0.v4, VM2.v4, b"judged", check)
                     for check in (None, 0x1234))
        for data in (bad, good):
            port.send(packets.ip_frame(VM0.mac, packets.ipv4(VM0.v4, VM2.v4, UDP, data)))
        got = received(receiver, 2, 0.5)
        problems = [] if got == [b"judged"] else ["%d datagrams arrived" % len(got)]
        if errors() != before + 1:
            problems.append("the VM counted %d checksum errors" % (errors() - before))
        self.results.point("the receiver refuses a wrong checksum", problems)

    # A guest can say anything of its packet.

    def hostile(self):
        fabric = Wire(self.ns("spine"), "to_h0")
        port = packets.Port(self.ns("vm0"), "vm0")
        v4 = {"proto": UDP, "payload": packets.udp(VM0.v4, VM2.v4, b"x" * 64)}
        v6 = packets.udp(VM0.v6, VM2.v6, b"x" * 64)
        hop_by_hop = struct.pack("!BB6x", UDP, 0)
        kinds = (
            ("IPv4", packets.ipv4(VM0.v4, VM2.v4, **v4), 20),
            ("IPv4 without DF", packets.ipv4(VM0.v4, VM2.v4, frag=0, **v4), 20),
            ("IPv4 with options",
             packets.ipv4(VM0.v4, VM2.v4, options=b"\1\1\1\0", **v4), 24),
            ("IPv6", packets.ipv6(VM0.v6, VM2.v6, UDP, v6), 40),
            ("IPv6 with options",
             packets.ipv6(VM0.v6, VM2.v6, 0, hop_by_hop + v6), 40))
        self.settle()
        for name, packet, hlen in kinds:
            frame = packets.ip_frame(VM0.mac, packet)
            problems = []
            for start in (0, 6, 12, 14, 14 + hlen - 2):
                for offset in (0, 6, 16, 30):
                    fabric.drain()
                    self.hosts[0].mark()
                    want = {"from_vm": 1, "checksum_failed": 1}
                    try:
                        port.send(frame, Offload(start, offset))
                    except OSError:
                        # Later kernels don't even let it out of the VM.
                        want = {}
                    delta = self.hosts[0].wait(lambda delta, want=want: delta == want)
                    if delta != want or fabric.frames(is_overlay, 0):
                        problems.append("checksum at %d + %d: h0 counted %s" %
                                        (start, offset, delta))
            self.results.point("%s: no checksum is put into its header or in front" %
                               name, problems)

    # Tunnels of the tenant.

    TUNNELS = (
        ("ipip", "ipip", ()), ("6in4", "sit", ()), ("gre", "gre", ()),
        ("gre with checksum", "gre", ("csum",)),
        ("vxlan with checksum", "vxlan", ("udpcsum",)),
        ("vxlan without checksum", "vxlan", ("noudpcsum",)),
        ("vxlan over IPv6", "vxlan6", ("udpcsum",)),
        ("vxlan over IPv6 without checksum", "vxlan6",
         ("udp6zerocsumtx", "udp6zerocsumrx")))

    def tunnel(self, namespace, local, remote, kind, words, inner):
        v6 = kind == "vxlan6"
        kind = kind.rstrip("6")
        ends = [FAMILIES[v6][local], FAMILIES[v6][remote]]
        more = ["id", "7", "dstport", "4789"] if kind == "vxlan" else []
        add = ["ip", "link", "add", "tun0", "type", kind, *more,
               "local", ends[0], "remote", ends[1], *words]
        text = command(self.ns(namespace), *add, check=False)
        if text:
            return text.strip()
        command(self.ns(namespace), "ip", "addr", "add", inner, "dev", "tun0",
                *(["nodad"] if ":" in inner else []))
        command(self.ns(namespace), "ip", "link", "set", "tun0", "up")
        return ""

    def tunnels(self):
        for name, kind, words in self.TUNNELS:
            inner = ("fd00:7::1/64", "fd00:7::2/64") if kind == "sit" else \
                ("192.168.7.1/24", "192.168.7.2/24")
            failed = self.tunnel("vm0", 1, 2, kind, words, inner[0]) or \
                self.tunnel("vm2", 2, 1, kind, words, inner[1])
            if failed:
                self.results.skip("TCP through a tenant's tunnel: " + name, failed)
            for tx in () if failed else ("on", "off"):
                set_features(self.ns("h0"), "eth0", "tx", tx)
                set_features(self.ns("h1"), "eth0", "gro", "off" if tx == "on" else "on")
                size = len(self.data) if tx == "on" else 2 << 20
                problems = transfer(self.ns("vm0"), self.ns("vm2"),
                                    inner[1].split("/")[0], self.data[:size])
                self.results.point("TCP through a tenant's tunnel: %s, tx %s" %
                                   (name, tx), problems)
            for namespace in ("vm0", "vm2"):
                command(self.ns(namespace), "ip", "link", "del", "tun0", check=False)
        set_features(self.ns("h0"), "eth0", "tx", "on")
        set_features(self.ns("h1"), "eth0", "gro", "off")
        drops = {}
        for host in self.hosts:
            now = host.read()
            drops.update({k: now[k] for k in ("gso_failed", "checksum_failed", "bad_inner",
                                              "no_memory") if now[k]})
        self.results.point("no packet could not be cut or completed",
                           ["%s" % drops] if drops else [])
        self.results.point("the counters add up", audit(*self.hosts))


def main():
    results = Results()
    test = Test(sys.argv[1], results)
    for part in (test.gso, test.udp, test.ident, test.gro, test.checksums, test.tunnels,
                 test.hostile):
        begin = time.monotonic()
        part()
        print("diag %s took %.1f s" % (part.__name__, time.monotonic() - begin))
    results.end()


if __name__ == "__main__":
    main()
