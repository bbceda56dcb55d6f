#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Show the first fabric packet of a capture, field by field.

    decode.py CAPTURE       a pcap file of an Ethernet link, "-" for standard input
"""

import struct
import sys

from vpcwire import CHECKSUM_AT, Fabric, Tenant, WireError, show, transport_ok

FORMS = {
    "ipv4": "IPv4: unfragmented with DF, no options",
    "full": "IPv4 full: with ID, flags and fragment offset",
    "ipv6": "IPv6",
    "short": "IPv6 short: the destination is the SID",
    "whole": "whole: the tenant's packet follows as it is",
}


def packets(data):
    """The IPv6 packets of a capture."""
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack_from(order + "I", data, at + 8)[0]
        frame = data[at + 16:at + 16 + size]
        at += 16 + size
        if frame[12:14] == b"\x86\xdd":
            yield frame[14:54 + struct.unpack_from("!H", frame, 18)[0]]


def line(data, name, value):
    for i in range(0, len(data), 8):
        print("  %-25s%s" % (data[i:i + 8].hex(" "),
                             "%-22s %s" % (name, value) if i == 0 else ""))


def decode(packet):
    got = Fabric(packet)
    size = len(got.option)

    print("IPv6 header of the fabric")
    line(packet[0:4], "class, flow label", "%02x, %05x" % (got.tclass, got.label))
    line(packet[4:6], "payload length", "%d" % (len(packet) - 40))
    line(packet[6:8], "next header, hops", "60 (Destination Options), %d" %
         got.hop_limit)
    line(packet[8:24], "source SID", show(got.src))
    line(packet[24:40], "destination SID", show(got.dst))

    print("Destination Options: %d bytes in place of the tenant's IP header" % size)
    line(got.option[0:2], "next header, length", "%d, %d" %
         (got.proto, got.option[1]))
    line(got.option[2:4], "option type, form", "%02x, %d: %s" %
         (got.option[2], got.option[3], FORMS[got.form]))
    line(got.option[4:5], "the tenant's TTL", "%d" % got.hops)
    line(got.option[5:8], "VPC id", "%d" % got.vpc)
    if got.form in ("ipv4", "full"):
        line(got.option[8:12], "overlay source", show(got.option[8:12]))
        line(got.option[12:16], "overlay destination", show(got.option[12:16]))
    if got.form == "full":
        line(got.option[16:18], "ID", got.option[16:18].hex())
        line(got.option[18:20], "flags and offset", got.option[18:20].hex())
        line(got.option[20:24], "PadN", "")
    if got.form in ("ipv6", "short"):
        line(got.option[8:24], "overlay source", show(got.option[8:24]))
    if got.form == "ipv6":
        line(got.option[24:40], "overlay destination", show(got.option[24:40]))

    print("Transport payload, %d bytes, as the tenant wrote it" % len(got.payload))
    line(got.payload[:16], "protocol %d" % got.proto, "...")

    print("What the VM gets")
    tenant = Tenant(got.tenant)
    print("  IPv%d %s > %s, TTL %d, protocol %d, %d bytes" %
          (tenant.version, show(tenant.src), show(tenant.dst), tenant.hops,
           tenant.proto, len(tenant.packet)))
    if tenant.proto in CHECKSUM_AT:
        valid = transport_ok(got.src, got.dst, got.proto, got.payload)
        print("  checksum under the fabric's addresses: %s" %
              ("valid" if valid else "NOT VALID"))
        if not valid:
            return 1
        valid = transport_ok(tenant.src, tenant.dst, tenant.proto,
                             tenant.payload)
        print("  checksum under the tenant's addresses: %s" %
              ("valid" if valid else "NOT VALID"))
        return 0 if valid else 1
    return 0


def main():
    with (sys.stdin.buffer if sys.argv[1] == "-" else
          open(sys.argv[1], "rb")) as capture:
        data = capture.read()
    for packet in packets(data):
        if packet[6] == 60:
            try:
                return decode(packet)
            except WireError as error:
                print("not as an edge sends it: %s" % error)
                return 1
    print("no fabric packet in %s" % sys.argv[1])
    return 1


if __name__ == "__main__":
    sys.exit(main())
