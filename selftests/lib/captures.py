#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Write a capture of each form, and of what is wrong with a TLV, for programs
that read captures.

    captures.py DIRECTORY       prints what a reader should find, as JSON
"""

import json
import os
import struct
import sys

import vpcesp
import vpcwire


# Ciphers that a reader may know: their numbers and its names.  The captures are of
# the keys and the packet of Documentation/encryption.rst, or of other forms.
CIPHERS = {vpcesp.AES_128_GCM: "AES-GCM with 16 octet ICV [RFC4106]",
           vpcesp.AES_256_GCM: "AES-GCM with 16 octet ICV [RFC4106]",
           vpcesp.CHACHA20_POLY1305: "ChaCha20 with Poly1305 [RFC7634]"}


def frame(packet):
    return b"\x02\0\0\0\0\2\x02\0\0\0\0\1\x86\xdd" + packet


def write_pcap(path, packets):
    with open(path, "wb") as file:
        file.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 1 << 18, 1))
        for packet in packets:
            data = frame(packet)
            file.write(struct.pack("=IIII", 0, 0, len(data), len(data)) + data)


def patched(packet, at, data):
    return packet[:at] + data + packet[at + len(data):]


def broken(forms):
    """Name, packet and the finding of packets with something wrong."""
    at = 40
    yield "bad_form", patched(forms["ipv4"], at + 3, b"\x0b"), "vpc.bad_form"
    yield "bad_header", patched(forms["ipv4"], at + 3, b"\x04"), "vpc.bad_header"
    yield "bad_padding", patched(forms["full"], at + 22, b"\1"), "vpc.bad_padding"
    yield "bad_hops", patched(forms["whole"], at + 4, b"\1"), "vpc.bad_hops"
    yield "bad_id", patched(forms["ipv6"], at + 5, b"\xff\xff\xff"), "vpc.bad_id"


def sealed(packets):
    """Name, packet and SA of packets that are sealed: each form and each cipher, in
    some lanes.  Of an SA: SPI, cipher's name, key with salt."""
    shared = vpcesp.BOB.shared(vpcesp.ALICE_PUBLIC)
    for cipher, name in CIPHERS.items():
        way = vpcesp.Direction(shared, cipher, vpcesp.ALICE_PUBLIC, vpcesp.BOB.public)
        for lane, (form, packet) in enumerate(packets.items(), 3):
            # One says whether the reader knows the cipher at all.
            if form == "short" or cipher == vpcesp.CHACHA20_POLY1305 and form != "ipv4":
                continue
            yield "sealed-%s-%s" % (vpcesp.CIPHERS[cipher], form), form, \
                way.seal(packet, (1 << 32) + lane, lane), \
                [way.spi | lane, name, (way.key + way.lane_salt(lane)).hex()]


def main():
    directory = sys.argv[1]
    want, forms = {}, {}
    for name, packet, fabric in vpcwire.examples():
        tenant = vpcwire.Tenant(packet)
        forms[name] = fabric
        fields = {"vpc.option": "0x%02x" % vpcwire.OPTION_TYPE,
                  "vpc.form": "%d" % vpcwire.FORMS[name],
                  "vpc.id": "%d" % vpcwire.EXAMPLE_VPC,
                  "vpc.hops": "0" if name == "whole" else "%d" % tenant.hops}
        if name != "whole":
            fields["vpc.src"] = vpcwire.show(tenant.src)
            fields["vpc.dst"] = vpcwire.show(tenant.dst)
        if name == "full":
            fields["vpc.ip_id"] = "0x%04x" % tenant.ident
            fields["vpc.flags.df"] = "0"
        write_pcap(os.path.join(directory, name + ".pcap"), [fabric])
        want[name] = fields
    for name, packet, finding in broken(forms):
        write_pcap(os.path.join(directory, name + ".pcap"), [packet])
        want[name] = {finding: ""}
    first = vpcwire.ipv4_header(b"\x0a\0\0\1", b"\x0a\0\0\2", vpcwire.UDP, 24, 0, 7,
                                vpcwire.MF | 5) + bytes(24)
    write_pcap(os.path.join(directory, "fragment.pcap"),
               [vpcwire.encode(first, 9, vpcwire.ip6("fd00::1"), vpcwire.ip6("fd00::2"))])
    want["fragment"] = {"vpc.form": "16", "vpc.ip_id": "0x0007", "vpc.flags.mf": "1",
                        "vpc.frag_offset": "5", "vpc.src": "10.0.0.1"}
    sas = {}
    for name, form, packet, sa in sealed(forms):
        write_pcap(os.path.join(directory, name + ".pcap"), [packet])
        want[name], sas[name] = want[form], sa
        # Nothing is to be seen without the key.
        write_pcap(os.path.join(directory, "shut-" + name + ".pcap"), [packet])
        want["shut-" + name] = {"esp.spi": "0x%08x" % sa[0], "vpc.id": None}
    json.dump({"want": want, "sas": sas}, sys.stdout)


if __name__ == "__main__":
    main()
