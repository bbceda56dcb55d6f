#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Send each kind of packet from vm0 on h0 to vm2 on h1, and judge what crosses
the fabric and what arrives.

usage: raw_packets.py PREFIX FABRIC-MTU long|short|sizes|offloads|cut
"""

import errno
import sys

import packets
import vpcwire
from flows import is_overlay, router_loses_gso
from harness import HOST_MACS, SECTIONS, SPINE_MACS, VM0, VM2, Counters, Results, audit
from packets import EDGE_MAC, Port
from vpcwire import DF, MF, OFFSET, UDP, Tenant


def is_tenant(frame):
    return not packets.is_advertisement(frame)


def reassemble(fragments):
    """Where each fragment's bytes lie in the datagram, and what they are."""
    data, ends, problems = {}, [], []
    for packet in fragments:
        t = Tenant(packet)
        start = (t.frag & OFFSET) * 8
        for i, byte in enumerate(t.payload):
            if data.setdefault(start + i, byte) != byte:
                problems.append("fragments overlap with different bytes")
        if not t.frag & MF:
            ends.append(start + len(t.payload))
        elif len(t.payload) % 8:
            problems.append("a fragment of %d bytes is not the last" % len(t.payload))
    return data, ends, problems


class Test:
    def __init__(self, prefix, mtu, which, results):
        self.prefix, self.results, self.mtu = prefix, results, mtu
        self.loses_gso = None
        self.sender = Port(prefix + "vm0", "vm0")
        self.fabric = Port(prefix + "spine", "to_h0")
        # With "cut", vm2 passes on what it gets, to a device without offloads.
        self.receiver = Port(prefix + "vm2", "cut" if which == "cut" else "vm2")
        # It has the receiver's addresses, in another VPC.
        self.bystander = Port(prefix + "vm1", "vm1")
        self.hosts = [Counters(prefix + host) for host in ("h0", "h1")]
        for host in self.hosts:
            host.settle()
        self.patience = 2.0
        self.begin = [host.read() for host in self.hosts]

    def kinds(self, which):
        under = (VM0.sid, VM2.sid)
        ipv6 = packets.kinds_ipv6(VM0.v6, VM2.v6, VM2.sid, under)
        if which == "short":
            yield from (kind for kind in ipv6 if kind.short)
            return
        ipv4 = packets.kinds_ipv4(VM0.v4, VM2.v4, under)
        if which == "offloads":
            yield from (kind for kind in [*ipv4, *ipv6]
                        if kind.offload and not kind.short)
            return
        if which == "cut":
            yield from (kind for kind in [*ipv4, *ipv6]
                        if kind.offload and kind.offload.gso)
            return
        if which == "long":
            yield from ipv4
            yield from (kind for kind in ipv6 if not kind.short)
        yield from packets.kinds_sizes(VM0.v4, VM2.v4, VM0.v6, VM2.v6, self.mtu)

    def run(self, kind):
        name = "%s: %s" % (kind.name, kind.drop or kind.form)
        if self.router_loses(kind):
            self.results.skip(name, "this kernel's routers drop it")
            return
        for port in (self.sender, self.fabric, self.receiver):
            port.drain()
        if kind.drop:
            self.hosts[0].mark()
        try:
            self.sender.send(kind.frame(VM0.mac), kind.offload)
        except OSError as error:
            # Kernels before 6.2 don't let a socket send UDP in segments.
            if error.errno == errno.EINVAL and kind.offload and \
                    kind.offload.gso == packets.Offload.UDP_L4:
                self.results.skip(name, "this kernel can't send it")
                return
            raise
        if kind.drop:
            problems = self.dropped(kind)
        elif kind.fragments:
            problems = self.fragmented(kind)
        else:
            problems = self.arrived(kind)
        problems = problems[:6]
        if problems:
            # When many fail, they should not take all day.
            self.patience = 0.2
            problems.append("sent: " + kind.packet[:80].hex(" ", -4))
        self.results.point(name, problems)

    def router_loses(self, kind):
        """What leaves the edge as GSO TCP may find a router that can't forward it."""
        if kind.drop or kind.form not in ("ipv4", "ipv6") or not kind.offload or \
                kind.offload.gso not in (packets.Offload.TCPV4, packets.Offload.TCPV6):
            return False
        if self.loses_gso is None:
            self.loses_gso = router_loses_gso(self.prefix)
        return self.loses_gso

    def captured(self, count):
        fabric = self.fabric.packets(is_overlay, count, self.patience)
        received = self.receiver.packets(is_tenant, count, self.patience)
        problems = []
        for what, frames in (("on the fabric", fabric), ("at the receiver", received)):
            if len(frames) != count:
                problems.append("%d packets %s, not %d" % (len(frames), what, count))
        for frame in received:
            if frame[:12] != VM2.mac + EDGE_MAC:
                problems.append("arrived from and to the MAC " +
                                frame[:12].hex(" ", 6))
        return [f[14:] for f in fabric], [f[14:] for f in received], problems

    def arrived(self, kind):
        sent = kind.packets()
        fabric, received, problems = self.captured(len(sent))
        for n, packet in enumerate(sent):
            label = None
            if n < len(fabric):
                problems += vpcwire.check(fabric[n], packet, VM0.vpc, VM0.sid,
                                          VM2.sid, kind.form)
                label = int.from_bytes(fabric[n][1:4], "big") & 0xfffff
            if n < len(received):
                if kind.offload and kind.offload.gso and kind.form == "ipv4":
                    received[n] = packets.uncounted(received[n], n)
                want = vpcwire.arrival(packet, kind.form, label)
                if received[n] != want:
                    problems.append("what arrived differs: " +
                                    vpcwire.difference(received[n], want))
        if problems and fabric:
            problems.append("fabric: " + fabric[0][:104].hex(" ", -4))
        return problems

    def fragmented(self, kind):
        sent = Tenant(kind.packet)
        room = self.mtu - 44 - 20 & ~7
        count = -(-len(sent.payload) // room)
        fabric, received, problems = self.captured(count)
        first = (sent.frag & OFFSET) * 8
        data, ends, more = reassemble(received)
        problems += more
        want = {first + i: byte for i, byte in enumerate(sent.payload)}
        if data != want:
            problems.append("the fragments don't make up the packet")
        if ends != ([] if sent.frag & MF else [first + len(sent.payload)]):
            problems.append("the end of the datagram is wrong")
        for n, packet in enumerate(received):
            t = Tenant(packet)
            if (t.ident, t.proto, t.hops, t.tclass, t.src, t.dst, t.frag & DF) != \
                    (sent.ident, sent.proto, sent.hops, sent.tclass, sent.src,
                     sent.dst, 0):
                problems.append("fragment %d has another header" % n)
            if n < len(fabric):
                problems += vpcwire.check(fabric[n], packet, VM0.vpc, VM0.sid,
                                          VM2.sid, "full")
        if any(len(f) > self.mtu for f in fabric):
            problems.append("a fragment is too large for the fabric")
        if len({f[:4] for f in fabric}) > 1:
            problems.append("fragments have different flow labels")
        return problems

    def dropped(self, kind):
        want = {"from_vm": 1, kind.drop: 1}
        if kind.error:
            want.update(made_error=1, to_vm=1)
        delta = self.hosts[0].wait(lambda delta: delta == want)
        problems = []
        if delta != want:
            problems.append("h0 counted %s, not %s" % (delta, want))
        for what, port in (("on the fabric", self.fabric),
                           ("at the receiver", self.receiver)):
            if port.packets(lambda f: is_overlay(f) or is_tenant(f), 0):
                problems.append("there is a packet " + what)
        answers = self.sender.packets(is_tenant, 0)
        return problems + (self.check_error(kind, answers) if kind.error else [])

    def check_error(self, kind, answers):
        if len(answers) != 1:
            return ["%d answers, not 1" % len(answers)]
        answer, sent = Tenant(answers[0][14:]), Tenant(kind.packet)
        overhead = 36 if kind.packet[0] == 0x45 else \
            40 if sent.version == 6 else 48
        mtu = self.mtu - overhead
        data = answer.payload
        if sent.version == 4:
            want = (3, 4, mtu)
            got = data[0], data[1], int.from_bytes(data[6:8], "big")
            gateway, valid = "169.254.1.1", vpcwire.checksum(data) == 0
        else:
            want = (2, 0, mtu)
            got = data[0], data[1], int.from_bytes(data[4:8], "big")
            gateway = "fe80::1"
            valid = vpcwire.transport_ok(answer.src, answer.dst, 58, data)
        problems = []
        if got != want:
            problems.append("ICMP type, code and MTU %s, not %s" % (got, want))
        if not valid:
            problems.append("the error's checksum is wrong")
        if vpcwire.show(answer.src) != gateway or answer.dst != sent.src:
            problems.append("the error goes from %s to %s" %
                            (vpcwire.show(answer.src), vpcwire.show(answer.dst)))
        quote = data[8:]
        if len(quote) < sent.hlen + 8 or kind.packet[:len(quote)] != quote:
            problems.append("the error does not quote what was sent")
        return problems

    def split(self):
        """Packets whose first buffer ends anywhere in the headers; the rest is in pages."""
        from_spine = Port(self.prefix + "spine", "to_h1")

        def datagram(src, dst, **fields):
            return packets.udp(src, dst, packets.text(5000), **fields)

        v4, v6 = datagram(VM0.v4, VM2.v4), datagram(VM0.v6, VM2.v6)
        for name, packet, form in (
                ("IPv4", packets.ipv4(VM0.v4, VM2.v4, UDP, v4, ident=0, frag=DF), "ipv4"),
                ("IPv4 without DF", packets.ipv4(VM0.v4, VM2.v4, UDP, v4, frag=0), "full"),
                ("IPv4 with options", packets.ipv4(VM0.v4, VM2.v4, UDP, v4, frag=DF,
                                                   options=b"\x94\4\0\0" + b"\1" * 36), "whole"),
                ("IPv6", packets.ipv6(VM0.v6, VM2.v6, UDP, v6, label=0xabcde), "ipv6"),
                ("IPv6 without a checksum", packets.ipv6(
                    VM0.v6, VM2.v6, UDP, datagram(VM0.v6, VM2.v6, check=0), label=0xabcde),
                 "whole")):
            hlen = Tenant(packet).hlen
            fabric = vpcwire.encode(packet, VM0.vpc, VM0.sid, VM2.sid, form)
            for where, port, frame, last in (
                    ("from a VM", self.sender, packets.ip_frame(VM0.mac, packet), hlen + 20),
                    ("from the fabric", from_spine, packets.ip_frame(
                        SPINE_MACS["h1"], fabric, HOST_MACS["h1"]),
                     len(fabric) - len(packet) + 2 * hlen + 20)):
                problems = []
                for end in range(14, 14 + last + 1):
                    self.receiver.drain()
                    port.send(frame, packets.Offload(flags=0, hlen=end))
                    got = [f[14:] for f in self.receiver.packets(is_tenant, 1, self.patience)]
                    if got != [packet]:
                        self.patience = 0.2
                        problems.append("cut at %d: %s" % (end, [
                            "%d bytes: %s" % (len(f), f[:80].hex(" ", -4)) for f in got]))
                self.results.point("%s %s, its first buffer cut at each of %d bytes" % (
                    name, where, last), problems[:6])

    def other_drops(self):
        problems = []
        for host, begin in zip(self.hosts, self.begin):
            now = host.read()
            for name in SECTIONS["drops"]:
                if now[name] != begin[name] and name != "too_big":
                    problems.append("%s: %s %d" % (host.netns, name,
                                                   now[name] - begin[name]))
        return problems


def main():
    prefix, mtu, which = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    results = Results()
    test = Test(prefix, mtu, which, results)
    for kind in test.kinds(which):
        test.run(kind)
    if which == "sizes":
        test.split()
    results.point("the counters add up", audit(*test.hosts))
    results.point("no drop but those", test.other_drops())
    results.point("another VPC with the same addresses sees nothing",
                  ["it got " + frame[:80].hex(" ", -4) for frame in
                   test.bystander.packets(is_tenant, 0)])
    results.end()


if __name__ == "__main__":
    main()
