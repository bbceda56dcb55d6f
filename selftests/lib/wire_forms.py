#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Send packets that need each form from vm0 on h0 to vm2 on h1, compare what
crosses the fabric with the worked examples of the documentation, and keep it
for other programs to judge.

usage: wire_forms.py PREFIX DIRECTORY [OPTION-TYPE]
"""

import os
import struct
import sys

import packets
import vpcwire
from harness import VM0, VM2, Results
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


def main():
    prefix, directory = sys.argv[1:3]
    option_type = int(sys.argv[3], 0) if len(sys.argv) > 3 else vpcwire.OPTION_TYPE
    results = Results()
    sender = Port(prefix + "vm0", "vm0")
    fabric = Port(prefix + "spine", "to_h0")
    receiver = Port(prefix + "vm2", "vm2")

    def cross(packet):
        for port in (sender, fabric, receiver):
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
        write_pcap(os.path.join(directory, name + ".pcap"), sent)
        results.point("the %s form is as in the documentation, option type %02x" %
                      (name, option_type), problems)
    if option_type == vpcwire.OPTION_TYPE:
        for name, packet, form in transports():
            sent, _ = cross(packet)
            problems = ["%d packets on the fabric" % len(sent)] if len(sent) != 1 else \
                vpcwire.check(sent[0][14:], packet, VM0.vpc, VM0.sid, VM2.sid, form)
            write_pcap(os.path.join(directory, name + ".pcap"), sent)
            results.point("%s crosses in the %s form" % (name, form), problems)
    results.end()


if __name__ == "__main__":
    main()
