#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Send packets that need each form from vm0 on h0 to vm2 on h1, compare what
crosses the fabric with the worked examples of the documentation, and keep it
for other programs to judge.  Who captures on both ends has what was there, and
not what the edge has made of it since.

usage: wire_forms.py PREFIX DIRECTORY [OPTION-TYPE]
"""

import os
import struct
import sys
import time

import packets
import vpcwire
from flows import Wire, command, is_overlay
from harness import VM0, VM2, VMGTW, Results
from packets import Port, ip_frame

ETHERNET = 1


def write_pcap(path, frames):
    with open(path, "wb") as file:
        file.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 1 << 18, ETHERNET))
        for frame in frames:
            file.write(struct.pack("=IIII", 0, 0, len(frame), len(frame)) + frame)


def masked(fabric):
    """A fabric packet without what an edge chooses: flow label, hop limit."""
    return bytes([fabric[0], fabric[1] & 0xf0, 0, 0]) + fabric[4:7] + b"\0" + fabric[8:]


def transports():
    """One packet of each protocol with a checksum that tools know."""
    a, b, a6, b6, d = VM0.v4, VM2.v4, VM0.v6, VM2.v6, b"of each protocol"
    yield "tcp4", packets.ipv4(a, b, vpcwire.TCP, packets.tcp(a, b, d)), "ipv4"
    yield "tcp6", packets.ipv6(a6, b6, vpcwire.TCP, packets.tcp(a6, b6, d)), "ipv6"
    yield "icmp6", packets.ipv6(a6, b6, vpcwire.ICMPV6,
                                packets.icmpv6(a6, b6, d)), "ipv6"
    first = packets.udp(a, b, packets.text(40))
    yield "fragment", packets.ipv4(a, b, vpcwire.UDP, first[:24], frag=vpcwire.MF), "full"


class Captures:
    """Of what vm0 sends, and of what h1 gets: buffers that they share with the edge."""

    def __init__(self, prefix):
        self.sent = Wire(prefix + "vm0", "vm0", outgoing=True)
        self.got = Wire(prefix + "h1", "eth0")

    def drain(self):
        self.sent.drain()
        self.got.drain()

    def problems(self, frame, fabric):
        sent = [f for f, _ in self.sent.frames()]
        got = [f[14:] for f, _ in self.got.frames(is_overlay)]
        problems = []
        if sent != [frame]:
            problems.append("a capture of what is sent has %s" % [f.hex(" ", -4) for f in sent])
        if [masked(f) for f in got] != [masked(f[14:]) for f in fabric]:
            problems.append("a capture of what is got has %s" % [f.hex(" ", -4) for f in got])
        return problems


def unchanged(prefix, results, sender, captures):
    """Packets of which the edge makes others: for a VM of the same host, and fragments."""
    command(prefix + "vm0", "ip", "link", "set", "vm0", "mtu", "1500")
    for name, target, options, size in (("for a VM of the same host", VMGTW, b"", 100),
                                        ("that becomes fragments", VM2,
                                         b"\x44\x0c\5\0" + bytes(8), 1440)):
        frame = ip_frame(VM0.mac, packets.ipv4(
            VM0.v4, target.v4, vpcwire.UDP,
            packets.udp(VM0.v4, target.v4, packets.text(size)), frag=0, options=options))
        captures.drain()
        sender.send(frame)
        time.sleep(0.2)
        found = [f for f, _ in captures.sent.frames()]
        results.point("a capture keeps what a VM has sent %s" % name, [] if found == [frame] else
                      ["it has " + f.hex(" ", -4) for f in found])
    command(prefix + "vm0", "ip", "link", "set", "vm0", "mtu", "1343")


def main():
    prefix, directory = sys.argv[1:3]
    option_type = int(sys.argv[3], 0) if len(sys.argv) > 3 else vpcwire.OPTION_TYPE
    results = Results()
    sender = Port(prefix + "vm0", "vm0")
    fabric = Port(prefix + "spine", "to_h0")
    receiver = Port(prefix + "vm2", "vm2")
    captures = Captures(prefix)

    def cross(packet):
        for port in (sender, fabric, receiver, captures):
            port.drain()
        sender.send(ip_frame(VM0.mac, packet))
        return [port.packets(lambda f: not packets.is_advertisement(f), 1)
                for port in (fabric, receiver)]

    for name, packet, wire in vpcwire.examples():
        sent, received = cross(packet)
        problems = []
        want = wire[:42] + bytes([option_type]) + wire[43:]
        if len(sent) != 1 or len(received) != 1:
            problems.append("%d packets on the fabric, %d received" %
                            (len(sent), len(received)))
        elif masked(sent[0][14:]) != masked(want):
            problems.append(vpcwire.difference(masked(sent[0][14:]), masked(want)))
        problems += captures.problems(ip_frame(VM0.mac, packet), sent)
        write_pcap(os.path.join(directory, name + ".pcap"), sent)
        results.point("the %s form is as in the documentation, option type %02x" %
                      (name, option_type), problems)
    if option_type == vpcwire.OPTION_TYPE:
        for name, packet, form in transports():
            sent, _ = cross(packet)
            problems = ["%d packets on the fabric" % len(sent)] if len(sent) != 1 else \
                vpcwire.check(sent[0][14:], packet, VM0.vpc, VM0.sid, VM2.sid, form)
            problems += captures.problems(ip_frame(VM0.mac, packet), sent)
            write_pcap(os.path.join(directory, name + ".pcap"), sent)
            results.point("%s crosses in the %s form" % (name, form), problems)
        unchanged(prefix, results, sender, captures)
    results.end()


if __name__ == "__main__":
    main()
