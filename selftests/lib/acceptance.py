#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Send forged packets, from the fabric and from a VM, and see each of them
counted under its own reason and reach nobody; and what may look odd, but has
to be taken.

usage: acceptance.py PREFIX
"""

import random
import struct
import sys

import packets
import vpcwire
from harness import HOST_MACS, SECTIONS, VM0, VM1, VM2, VMGTW, Counters, Results, audit
from packets import (
    EDGE_MAC, ETH_ARP, ETH_IP, ETH_IPV6, ETH_VLAN, Offload, Port, ethernet, extension, icmp,
    icmpv6, ip_frame, ipv4, ipv4_patch, ipv6, mac, text, udp)
from vpcwire import (
    AH, DSTOPTS, ESP, FRAGMENT, HOPOPTS, ICMPV6, IPIP, IPV6, MF, NONE, ROUTING,
    TCP, UDP, Fabric, Tenant, encode, ip4, ip6, tlv)

OTHER_MAC = mac("02:00:00:00:01:03")
BROADCAST = b"\xff" * 6


def patch(packet, at, data):
    return packet[:at] + data + packet[at + len(data):]


def outer(packet, **fields):
    """A fabric packet with another IPv6 header; the length is made right."""
    f = dict(src=VM0.sid, dst=VM2.sid, proto=DSTOPTS, tclass=0, label=0x12345,
             hop_limit=64)
    f.update(fields)
    return vpcwire.ipv6_header(f["src"], f["dst"], f["proto"], len(packet),
                               f["tclass"], f["label"], f["hop_limit"]) + packet


class Fixture:
    """Packets that are as they should be, to be forged from."""

    def __init__(self):
        self.udp4 = ipv4(VM0.v4, VM2.v4, UDP, udp(VM0.v4, VM2.v4, text(32)), ident=0)
        self.udp4_full = ipv4(VM0.v4, VM2.v4, UDP, udp(VM0.v4, VM2.v4, text(32)),
                              frag=0)
        self.udp4_options = ipv4(VM0.v4, VM2.v4, UDP, udp(VM0.v4, VM2.v4, text(32)),
                                 options=b"\x94\4\0\0")
        self.udp6 = ipv6(VM0.v6, VM2.v6, UDP, udp(VM0.v6, VM2.v6, text(32)),
                         label=0x777)
        self.udp6_own = ipv6(VM0.v6, VM2.sid, UDP, udp(VM0.v6, VM2.sid, text(32)),
                             label=0x777)

    def wire(self, packet, vpc=1000, src=VM0.sid, dst=VM2.sid, form=None, **fields):
        return encode(packet, vpc, src, dst, form, **fields)

    def udp(self, form, src=None, dst=None):
        """A UDP packet for a form, with other overlay addresses."""
        if form in ("ipv6", "short"):
            src, dst = src or VM0.v6, dst or (VM2.sid if form == "short" else VM2.v6)
            return ipv6(src, dst, UDP, udp(src, dst, text(32)), label=0x777)
        src, dst = src or VM0.v4, dst or VM2.v4
        return ipv4(src, dst, UDP, udp(src, dst, text(32)),
                    frag=0 if form == "full" else vpcwire.DF, ident=0,
                    options=b"\x94\4\0\0" if form == "whole" else b"")


def legal(f):
    """Name, fabric packet, and what VM2 gets: none of these may be dropped."""
    forms = [("ipv4", f.udp4), ("full", f.udp4_full), ("whole", f.udp4_options),
             ("ipv6", f.udp6), ("short", f.udp6_own)]
    for form, packet in forms:
        wire = f.wire(packet, form=form)
        yield "the %s form" % form, wire, packet
        for hop_limit in (0, 1, 255):
            yield ("the %s form, fabric hop limit %d" % (form, hop_limit),
                   patch(wire, 7, bytes([hop_limit])), packet)
        # Congestion that the fabric marks reaches the VM.
        ect = vpcwire.set_tclass(Tenant(packet), 2)
        marked = patch(f.wire(ect, form=form), 0, struct.pack(
            "!I", 6 << 28 | 3 << 20 | Tenant(packet).label))
        yield ("the %s form, marked by the fabric" % form, marked,
               vpcwire.set_tclass(Tenant(packet), 3))
        for hops in (0, 1, 255):
            if form != "whole":
                yield ("the %s form, Hops %d" % (form, hops),
                       patch(wire, 44, bytes([hops])), None)
    wire = f.wire(f.udp4_options)
    for inner, mark, result in ((1, 3, 3), (2, 1, 1), (1, 2, 1), (3, 0, 3),
                                (0, 1, 0), (0, 2, 0), (3, 1, 3)):
        packet = vpcwire.set_tclass(Tenant(f.udp4_options), 0xb8 | inner)
        yield ("the whole form, ECN %d inside and %d outside" % (inner, mark),
               patch(f.wire(packet), 0, struct.pack("!I", 6 << 28 | mark << 20 | 5)),
               vpcwire.set_tclass(Tenant(f.udp4_options), 0xb8 | result))
    for name, packet in (("IPv4", f.udp4), ("IPv6", f.udp6)):
        yield ("a plain %s packet in the whole form" % name,
               f.wire(packet, form="whole"), packet)
    yield ("DF alone in the full form", f.wire(f.udp4, form="full"), f.udp4)
    yield ("bytes behind the fabric packet", f.wire(f.udp4) + b"\xaa" * 7, f.udp4)
    wrong = ipv4(VM0.v4, VM2.v4, UDP, udp(VM0.v4, VM2.v4, text(32), 0x1234), ident=0)
    yield "a wrong UDP checksum", f.wire(wrong), wrong
    yield ("bytes behind the tenant's packet", outer(
        tlv("whole", IPIP, 0, 1000) + f.udp4_options + b"\xaa" * 3), f.udp4_options)


def forged(f):
    """Name, fabric packet, the reason that it is dropped under on h1 (None: it
    is not for an edge)."""
    strange = dict(v4=ip4("10.0.0.99"), v6=ip6("fd00::cc:0:99"))

    # Not on the path: VPC ids, SIDs, overlay addresses.
    good = f.wire(f.udp4)
    yield "VPC of another endpoint", f.wire(f.udp4, 1001), "bad_vpc"
    yield "unknown VPC", f.wire(f.udp4, 77), "bad_vpc"
    yield "to a SID of another VPC", f.wire(f.udp4, dst=VM1.sid), "bad_vpc"
    yield "VPC id 0", f.wire(f.udp4, 0), "bad_vpc"
    yield "VPC id 16777215", f.wire(f.udp4, 0xffffff), "bad_vpc"
    for form in ("ipv4", "full", "whole", "ipv6", "short"):
        family = "v6" if form in ("ipv6", "short") else "v4"
        own, other = getattr(VM0, family), getattr(VMGTW, family)
        yield ("%s: overlay source of another SID" % form,
               f.wire(f.udp(form, other), form=form), "src_sid")
        yield ("%s: the source from another SID" % form,
               f.wire(f.udp(form, own), src=VMGTW.sid, form=form), "src_sid")
        yield ("%s: the source from no SID at all" % form,
               f.wire(f.udp(form, own), src=ip6("fd00::99"), form=form), "src_sid")
        yield ("%s: the source from the receiver's SID" % form,
               f.wire(f.udp(form, own), src=VM2.sid, form=form), "src_sid")
        yield ("%s: the receiver's own address as source" % form,
               f.wire(f.udp(form, getattr(VM2, family)), form=form), "src_sid")
        yield ("%s: unknown source" % form,
               f.wire(f.udp(form, strange[family]), form=form), "bad_src")
        if form == "short":
            continue
        yield ("%s: unknown destination" % form,
               f.wire(f.udp(form, dst=strange[family]), form=form), "dst_sid")
        yield ("%s: destination of another SID" % form,
               f.wire(f.udp(form, dst=other), form=form), "dst_sid")
        group = ip6("ff02::1") if family == "v6" else ip4("224.0.0.1")
        yield ("%s: multicast destination" % form,
               f.wire(f.udp(form, dst=group), form=form), "dst_sid")
    yield ("unspecified source", f.wire(f.udp("ipv4", bytes(4))), "bad_src")
    yield ("short form to a SID that is no overlay address",
           f.wire(f.udp6_own, vpc=1001, dst=VM1.sid, form="short"), "dst_sid")
    yield ("unknown SID", f.wire(f.udp4, dst=ip6("fd00::1:99")), "unknown_sid")
    yield ("the locator itself", f.wire(f.udp4, dst=ip6("fd00::1:0")), "unknown_sid")
    yield ("SID within the locator of an endpoint elsewhere",
           f.wire(f.udp4, dst=ip6("fd00::1:30")), "not_local")
    # The host may be a router to other edges.
    yield ("SID of another edge", f.wire(f.udp4, dst=VMGTW.sid), None)
    yield ("beyond the locator", f.wire(f.udp4, dst=ip6("fd00::2:20")), None)

    # The Destination Options header.
    whole = f.wire(f.udp4_options)
    full = f.wire(f.udp4_full)
    for length in (0, 1, 3, 5, 8, 11, 13, 15, 17, 32, 37, 40, 255):
        yield ("Opt Data Len %d" % length, patch(good, 43, bytes([length])), "bad_form")
    payload = good[56:]
    yield ("the IPv4 form in a header of 8 bytes",
           patch(good, 41, b"\0"), "bad_header")
    yield ("the full form in a header of 16 bytes",
           patch(full, 41, b"\1"), "bad_header")
    yield ("the IPv6 form in a header of 32 bytes",
           patch(f.wire(f.udp6), 41, b"\3"), "bad_header")
    yield ("Hdr Ext Len beyond the packet", patch(good, 41, b"\xff"), "bad_header")
    for size in range(0, 8, 2):
        yield ("%d bytes of options header" % size, outer(good[40:40 + size]),
               "bad_header")
    yield ("an options header cut short", outer(good[40:52]), "bad_header")
    yield ("the form fits, the packet ends before it",
           outer(f.wire(f.udp6)[40:72]), "bad_header")
    pad8 = b"\1\6\0\0\0\0\0\0"
    option = good[40:56]
    longer = option[:1] + b"\2" + option[2:]
    yield ("8 bytes of padding too much", outer(longer + pad8 + payload), "extra_option")
    yield ("8 zero bytes too much", outer(longer + bytes(8) + payload), "extra_option")
    yield ("an unknown option behind the TLV",
           outer(longer + b"\x1e\6\0\0\0\0\0\0" + payload), "extra_option")
    yield ("two TLVs", outer(option[:1] + b"\3" + option[2:] + b"\xde\x0c" +
                             option[4:] + b"\1\0" + payload), "extra_option")
    yield ("padding behind the whole form",
           outer(whole[40:41] + b"\1" + whole[42:48] + pad8 + whole[48:]), "extra_option")
    yield ("padding before the TLV",
           outer(option[:1] + b"\2\1\2\0\0" + option[2:] + b"\1\2\0\0" + payload),
           "no_tlv")
    for name, pad in (("not zero", b"\1\2\0\1"), ("not zero, first", b"\1\2\1\0"),
                      ("of single bytes", bytes(4)), ("of another length", b"\1\1\0\0"),
                      ("that is an option", b"\x1e\2\0\0")):
        yield "padding " + name, patch(full, 60, pad), "extra_option"
    for kind in (0x00, 0x01, 0x1e, 0xdf, 0xfe, 0xc2):
        yield ("option type %02x" % kind, patch(good, 42, bytes([kind])), "no_tlv")

    # Forms with what they can't carry.
    for proto in sorted(vpcwire.WHOLE_PROTOCOLS):
        yield ("the IPv4 form with protocol %d" % proto,
               patch(good, 40, bytes([proto])), "bad_form")
        yield ("the IPv6 form with next header %d" % proto,
               patch(f.wire(f.udp6), 40, bytes([proto])), "bad_form")
    yield "the IPv4 form with protocol 58", patch(good, 40, b"\x3a"), "bad_form"
    yield "the full form with protocol 58", patch(full, 40, b"\x3a"), "bad_form"
    yield "the whole form with next header 17", patch(whole, 40, b"\x11"), "bad_form"
    yield "the whole form with next header 60", patch(whole, 40, b"\x3c"), "bad_form"
    yield "the whole form with Hops 1", patch(whole, 44, b"\1"), "bad_form"

    # What the whole form carries.
    def inside(packet, proto=IPIP):
        return outer(tlv("whole", proto, 0, 1000) + packet)

    inner = f.udp4_options
    six = f.udp6
    yield "nothing inside", inside(b""), "bad_inner"
    yield "IPv4 that says IPv6", inside(inner, IPV6), "bad_inner"
    yield "IPv6 that says IPv4", inside(six), "bad_inner"
    yield "version 5 inside", inside(patch(inner, 0, b"\x56")), "bad_inner"
    yield "IPv4 header cut short inside", inside(inner[:19]), "bad_inner"
    yield "IPv4 options cut short inside", inside(inner[:22]), "bad_inner"
    yield "IPv4 payload cut short inside", inside(inner[:-1]), "bad_inner"
    yield "IPv6 header cut short inside", inside(six[:39], IPV6), "bad_inner"
    yield "IPv6 payload cut short inside", inside(six[:-1], IPV6), "bad_inner"
    yield ("IPv4 header of 16 bytes inside", inside(ipv4_patch(inner, 0, b"\x44")),
           "bad_inner")
    yield ("IPv4 shorter than its header inside",
           inside(ipv4_patch(inner, 2, b"\0\x14")), "bad_inner")
    yield ("Not-ECT inside, marked outside",
           patch(inside(inner), 0, struct.pack("!I", 6 << 28 | 3 << 20 | 5)),
           "ecn")

    # Neighbour discovery has no business in the overlay.
    for kind in range(133, 138):
        message = ipv6(VM0.v6, VM2.v6, ICMPV6,
                       icmpv6(VM0.v6, VM2.v6, VM2.v6 + b"\1\1" + VM0.mac, kind, word=0),
                       hop_limit=255, label=9)
        for form in ("ipv6", "whole"):
            yield ("%s: neighbour discovery, type %d" % (form, kind),
                   f.wire(message, form=form), "neigh_fabric")
    advert = icmpv6(VM0.v6, VM2.v6, bytes(8), 134, word=0)
    yield ("whole: neighbour discovery behind an extension header",
           f.wire(ipv6(VM0.v6, VM2.v6, DSTOPTS, extension(ICMPV6, b"\1\4\0\0\0\0") +
                       advert, hop_limit=255)), "neigh_fabric")
    yield ("short: neighbour discovery",
           f.wire(ipv6(VM0.v6, VM2.sid, ICMPV6,
                       icmpv6(VM0.v6, VM2.sid, bytes(8), 134, word=0),
                       hop_limit=255, label=9), form="short"), "neigh_fabric")

    # Other headers than the path has.
    rest = good[40:]
    yield ("a segment routing header, none left", outer(
        extension(DSTOPTS, b"\4\0\0\0\0\0" + VM2.sid) + rest, proto=ROUTING), "srh")
    yield ("a segment routing header, one left", outer(
        extension(DSTOPTS, b"\4\1\0\0\0\0" + VM1.sid) + rest, proto=ROUTING), "srh")
    yield ("a routing header of type 0", outer(
        extension(DSTOPTS, b"\0\0\0\0\0\0" + VM2.sid) + rest, proto=ROUTING),
        "bad_header")
    yield ("a routing header of type 2", outer(
        extension(DSTOPTS, b"\2\1\0\0\0\0" + VM2.sid) + rest, proto=ROUTING),
        "bad_header")
    yield ("a routing header cut short", outer(b"\x3c\2\4\0", proto=ROUTING),
           "bad_header")
    yield ("ESP", outer(struct.pack("!II", 0x80000001, 1) + text(64), proto=ESP), "esp")
    yield ("an authentication header", outer(
        struct.pack("!BBHII", DSTOPTS, 4, 0, 0x1000, 1) + text(12) + rest, proto=AH),
        "bad_header")
    yield ("a fragment header, atomic", outer(
        struct.pack("!BBHI", DSTOPTS, 0, 0, 7) + rest, proto=FRAGMENT), "bad_header")
    yield ("a first fragment", outer(
        struct.pack("!BBHI", DSTOPTS, 0, 1, 7) + rest[:40], proto=FRAGMENT),
        "bad_header")
    yield ("hop-by-hop options", outer(
        extension(DSTOPTS, b"\1\4\0\0\0\0") + rest, proto=HOPOPTS), "bad_header")
    yield "UDP without TLV", outer(udp(VM0.sid, VM2.sid, text(9)), proto=UDP), "no_tlv"
    yield ("TCP without TLV", outer(packets.tcp(VM0.sid, VM2.sid), proto=TCP), "no_tlv")
    yield ("a ping", outer(icmpv6(VM0.sid, VM2.sid, text(9)), proto=ICMPV6), "no_tlv")
    yield "no next header", outer(b"", proto=NONE), "no_tlv"
    yield "a tunnel", outer(f.udp4, proto=IPIP), "no_tlv"
    yield "protocol 253", outer(text(30), proto=253), "no_tlv"

    # Errors about packets that this host can't have sent.
    def error(quote, kind=2, word=1400):
        return outer(icmpv6(VM0.sid, VM2.sid, quote, kind, word=word), proto=ICMPV6)

    back = ipv4(VM2.v4, VM0.v4, UDP, udp(VM2.v4, VM0.v4, text(32)), ident=0)
    sent = encode(back, 1000, VM2.sid, VM0.sid)
    yield "too big: quoting nothing", error(b""), "bad_quote"
    yield "too big: quoting half a header", error(sent[:30]), "bad_quote"
    yield "too big: quoting what came in", error(good), "bad_quote"
    yield ("too big: quoting another VPC", error(encode(back, 1001, VM2.sid, VM0.sid)),
           "bad_quote")
    yield ("too big: quoting another source",
           error(encode(back, 1000, VM1.sid, VM0.sid)), "bad_quote")
    yield ("too big: quoting another overlay source",
           error(encode(f.udp("ipv4", VM1.v4, VM0.v4), 1000, VM2.sid, VM0.sid)),
           "bad_quote")
    yield ("too big: quoting UDP without TLV",
           error(outer(udp(VM2.sid, VM0.sid, text(9)), src=VM2.sid, dst=VM0.sid,
                       proto=UDP)), "bad_quote")


def vm_frames(f):
    """Name, frame from VM0, and what h0 counts, to_vm and made_error for an
    ICMP error included."""
    def frame(payload, dst=EDGE_MAC, src=VM0.mac, kind=None):
        return ethernet(dst, src, kind, payload) if kind else ip_frame(src, payload, dst)

    def four(src=VM0.v4, dst=VM2.v4, **fields):
        return ipv4(src, dst, UDP, udp(src, dst, text(20)), **fields)

    def six(src=VM0.v6, dst=VM2.v6, **fields):
        return ipv6(src, dst, UDP, udp(src, dst, text(20)), **fields)

    def drop(reason):
        return {"from_vm": 1, reason: 1}

    def refused(reason):
        return {"from_vm": 1, reason: 1, "made_error": 1, "to_vm": 1}

    # Ethernet.
    yield ("source MAC of nobody", frame(four(), src=mac("02:99:00:00:00:01")),
           drop("src_mac"))
    yield "source MAC of another endpoint", frame(four(), src=VMGTW.mac), drop("src_mac")
    yield "source MAC of the edge", frame(six(), src=EDGE_MAC), drop("src_mac")
    yield "source MAC that is a group", frame(six(), src=BROADCAST), drop("src_mac")
    yield "destination MAC of an endpoint", frame(four(), VM2.mac), drop("dst_mac")
    yield ("destination MAC of nobody", frame(six(), mac("02:99:00:00:00:01")),
           drop("dst_mac"))
    yield ("its own MAC as destination", frame(six(), VM0.mac), drop("dst_mac"))
    for name, kind, tag in (("802.1Q", ETH_VLAN, 5), ("priority", ETH_VLAN, 0xe000),
                            ("802.1ad", 0x88a8, 5)):
        yield ("%s tag" % name, frame(struct.pack("!HH", tag, ETH_IP) + four(),
                                      kind=kind), drop("vlan"))
    for name, kind in (("experimental", 0x88b5), ("MPLS", 0x8847), ("LLC", 60),
                       ("RARP", 0x8035), ("PPPoE", 0x8864)):
        yield "ethertype: " + name, frame(text(60), kind=kind), drop("not_ip")
    for name, dst, packet in (
            ("IPv4 broadcast", BROADCAST, four(dst=b"\xff" * 4)),
            ("IPv4 multicast", mac("01:00:5e:00:00:01"), four(dst=ip4("224.0.0.1"))),
            ("IPv6 multicast", mac("33:33:00:00:00:fb"), six(dst=ip6("ff02::fb"))),
            ("unicast IPv4 to a broadcast MAC", BROADCAST, four()),
            ("unicast IPv6 to a multicast MAC", mac("33:33:00:00:00:01"), six()),
            ("IPv4 broadcast to the edge's MAC", EDGE_MAC, four(dst=b"\xff" * 4)),
            ("IPv4 multicast to the edge's MAC", EDGE_MAC, four(dst=ip4("239.1.1.1"))),
            ("IPv6 multicast to the edge's MAC", EDGE_MAC, six(dst=ip6("ff0e::1")))):
        yield name, frame(packet, dst), drop("multicast")

    # Source addresses.
    for name, packet in (
            ("of another endpoint", four(VMGTW.v4)), ("of the receiver", four(VM2.v4)),
            ("of nobody", four(ip4("10.0.0.99"))), ("unspecified", four(bytes(4))),
            ("of the gateway", four(ip4("169.254.1.1"))),
            ("127.0.0.1", four(ip4("127.0.0.1"))),
            ("of another endpoint, IPv6", six(VMGTW.v6)),
            ("of nobody, IPv6", six(ip6("fd00::cc:0:99"))),
            ("unspecified, IPv6", six(bytes(16))),
            ("of the gateway, IPv6", six(ip6("fe80::1"))),
            ("its SID", six(VM0.sid)),
            ("foreign, with options", four(VMGTW.v4, options=b"\x94\4\0\0")),
            ("foreign, in a fragment", four(VMGTW.v4, frag=MF))):
        yield "source address " + name, frame(packet), drop("src_addr")

    # IP headers.
    good = four()
    yield "wrong IPv4 checksum", frame(patch(good, 10, b"\x12\x34")), drop("ip_checksum")
    yield "IPv4 checksum 0", frame(patch(good, 10, b"\0\0")), drop("ip_checksum")
    yield ("wrong IPv4 checksum with options",
           frame(patch(four(options=b"\x94\4\0\0"), 10, b"\x12\x34")),
           drop("ip_checksum"))
    yield ("IPv4 options changed", frame(patch(four(options=b"\x94\4\0\0"), 23, b"\1")),
           drop("ip_checksum"))
    yield ("wrong IPv4 checksum in the full form",
           frame(patch(four(frag=0), 10, b"\x12\x34")), drop("ip_checksum"))
    for name, packet, kind in (
            ("no IPv4 header", b"", ETH_IP), ("no IPv6 header", b"", ETH_IPV6),
            ("1 byte of IPv4 header", good[:1], ETH_IP),
            ("19 bytes of IPv4 header", good[:19], ETH_IP),
            ("39 bytes of IPv6 header", six()[:39], ETH_IPV6),
            ("IPv4 options cut short", four(options=b"\1" * 8)[:24], ETH_IP),
            ("IPv4 payload cut short", good[:-1], ETH_IP),
            ("IPv6 payload cut short", six()[:-1], ETH_IPV6),
            ("IPv4 header of 16 bytes", ipv4_patch(good, 0, b"\x44"), ETH_IP),
            ("IPv4 header of 0 bytes", patch(good, 0, b"\x40"), ETH_IP),
            ("IPv4 shorter than its header", ipv4_patch(good, 2, b"\0\x13"), ETH_IP),
            ("IPv4 of length 0", ipv4_patch(good, 2, b"\0\0"), ETH_IP),
            ("IPv4 with version 5", ipv4_patch(good, 0, b"\x55"), ETH_IP),
            ("IPv6 with version 4", patch(six(), 0, b"\x40"), ETH_IPV6),
            ("IPv6 as IPv4", six(), ETH_IP), ("IPv4 as IPv6", four(), ETH_IPV6)):
        yield name, frame(packet, kind=kind), drop("ip_malformed")

    # Destinations.
    for name, packet in (
            ("IPv4", four(dst=ip4("10.0.0.99"))), ("IPv6", six(dst=ip6("fd00::cc:0:99"))),
            ("of another VPC", four(dst=VM1.v4)),
            ("of another VPC, IPv6", six(dst=VM1.v6)),
            ("a SID", six(dst=VM1.sid)), ("IPv4 with options",
                                          four(dst=VM1.v4, options=b"\x94\4\0\0"))):
        yield "no such destination: " + name, frame(packet), refused("no_route")
    # RFC 1122 and RFC 4443: no error about an error or about a later fragment.
    yield ("no such destination: a later fragment",
           frame(four(dst=VM1.v4, frag=100)), drop("no_route"))
    yield ("no such destination: an ICMP error", frame(ipv4(
        VM0.v4, VM1.v4, 1, icmp(four(VM1.v4, VM0.v4), 3, 1))), drop("no_route"))
    yield ("no such destination: an ICMPv6 error", frame(ipv6(
        VM0.v6, VM1.v6, ICMPV6, icmpv6(VM0.v6, VM1.v6, six(VM1.v6, VM0.v6), 1,
                                       word=0))), drop("no_route"))

    # ARP.
    used, answered = {"from_vm": 1, "used_neigh": 1}, \
        {"from_vm": 1, "used_neigh": 1, "made_neigh": 1, "to_vm": 1}

    def arp(op=1, sender=VM0.mac, sender_ip=VM0.v4, target=ip4("169.254.1.1"),
            header=struct.pack("!HHBB", 1, ETH_IP, 6, 4), dst=BROADCAST,
            src=VM0.mac):
        return ethernet(dst, src, ETH_ARP, header + struct.pack("!H", op) + sender +
                        sender_ip + bytes(6) + target)

    yield "ARP for the gateway", arp(), answered
    yield "ARP for another endpoint", arp(target=VM2.v4), answered
    yield "ARP for nobody", arp(target=ip4("10.0.0.99")), answered
    yield "ARP for the gateway, to the edge alone", arp(dst=EDGE_MAC), answered
    yield "ARP for its own address", arp(target=VM0.v4), used
    yield "ARP probe for an address", arp(sender_ip=bytes(4), target=VM2.v4), used
    yield "ARP probe for the gateway", arp(sender_ip=bytes(4)), answered
    yield "ARP reply", arp(2), used
    yield "ARP with another MAC in Ethernet", arp(src=VMGTW.mac), drop("src_mac")
    yield "ARP with another MAC inside", arp(sender=VMGTW.mac), drop("src_mac")
    yield "ARP with a foreign address", arp(sender_ip=VMGTW.v4), drop("src_addr")
    yield ("ARP of another hardware type",
           arp(header=struct.pack("!HHBB", 6, ETH_IP, 6, 4)), drop("neigh_malformed"))
    yield ("ARP for another protocol",
           arp(header=struct.pack("!HHBB", 1, ETH_IPV6, 6, 4)), drop("neigh_malformed"))
    yield ("ARP with long addresses",
           arp(header=struct.pack("!HHBB", 1, ETH_IP, 8, 4)), drop("neigh_malformed"))
    yield "ARP cut short", arp()[:41], drop("neigh_malformed")

    # Neighbour discovery.
    def nd(kind, body, src=VM0.v6, dst=VM2.v6, to=EDGE_MAC, hops=255, check=None,
           word=0, code=0):
        return frame(ipv6(src, dst, ICMPV6,
                          icmpv6(src, dst, body, kind, code, check, word),
                          hop_limit=hops), to)

    link = b"\1\1" + VM0.mac
    gateway = ip6("fe80::1")
    ns = dict(kind=135, body=gateway + link, dst=gateway)
    yield "solicitation of the gateway", nd(**ns), answered
    group = dict(dst=ip6("ff02::1:ff00:1"), to=mac("33:33:ff:00:00:01"))
    yield "solicitation of the gateway, multicast", nd(135, gateway + link, **group), answered
    yield "solicitation of another endpoint", nd(135, VM2.v6 + link), answered
    yield "solicitation of its own address", nd(135, VM0.v6 + link, dst=VM0.v6), used
    yield ("duplicate address detection",
           nd(135, VM0.v6, src=bytes(16), dst=ip6("ff02::1:ff00:10"),
              to=mac("33:33:ff:00:00:10")), used)
    yield ("duplicate address detection for the gateway's address",
           nd(135, gateway, src=bytes(16), **group), answered)
    yield ("advertisement", nd(136, VM0.v6 + b"\2\1" + VM0.mac, word=0x60000000), used)
    yield "solicitation from a foreign address", nd(src=VMGTW.v6, **ns), drop("src_addr")
    yield "solicitation with hop limit 64", nd(hops=64, **ns), drop("neigh_malformed")
    yield "solicitation with code 1", nd(code=1, **ns), drop("neigh_malformed")
    yield "solicitation with a wrong checksum", nd(check=0x1234, **ns), drop("neigh_malformed")
    yield ("solicitation cut short", nd(135, gateway[:8], dst=gateway),
           drop("neigh_malformed"))
    yield ("solicitation of a multicast address", nd(135, ip6("ff02::1") + link,
                                                    dst=gateway), drop("neigh_malformed"))
    yield ("solicitation with an option of length 0",
           nd(135, gateway + b"\1\0" + VM0.mac, dst=gateway), drop("neigh_malformed"))
    yield ("solicitation without source, of one host", nd(
        135, VM2.v6, src=bytes(16)), drop("neigh_malformed"))
    yield ("solicitation without source, with a MAC", nd(
        135, gateway + link, src=bytes(16), **group), drop("neigh_malformed"))
    yield ("router solicitation without source, with a MAC", nd(
        133, link, src=bytes(16), dst=ip6("ff02::2"), to=mac("33:33:00:00:00:02")),
        drop("neigh_malformed"))
    yield ("advertisement cut short", nd(136, VM0.v6[:8]), drop("neigh_malformed"))
    yield ("advertisement of a multicast address", nd(136, ip6("ff02::1")),
           drop("neigh_malformed"))
    yield ("solicitation behind an extension header", frame(ipv6(
        VM0.v6, VM2.v6, DSTOPTS, extension(ICMPV6, b"\1\4\0\0\0\0") +
        icmpv6(VM0.v6, VM2.v6, gateway + link, 135, word=0), hop_limit=255)),
        drop("neigh_malformed"))
    yield ("router advertisement", nd(134, bytes(8), src=VM0.v6), drop("neigh_rogue"))
    yield ("redirect", nd(137, VM2.v6 + VM2.v6), drop("neigh_rogue"))
    yield ("router solicitation without source", nd(
        133, b"", src=bytes(16), dst=ip6("ff02::2"), to=mac("33:33:00:00:00:02")), used)
    yield ("router solicitation", nd(133, link, dst=ip6("ff02::2"),
                                     to=mac("33:33:00:00:00:02")), used)


def lies(f):
    """Frame and offload of packets whose VM says of them what is not so: any
    fate will do, as long as it is counted."""
    choose = random.Random(6)
    a, b, a6, b6 = VM0.v4, VM2.v4, VM0.v6, VM2.v6
    shapes = [
        f.udp4, f.udp4_full, f.udp4_options, f.udp6, f.udp6_own,
        ipv4(a, b, TCP, packets.tcp(a, b, text(2800))),
        ipv4(a, b, TCP, packets.tcp(a, b, text(2800)), frag=0),
        ipv4(a, b, TCP, packets.tcp(a, b, text(40))[:10]),
        ipv4(a, b, TCP, packets.tcp(a, b, text(2800)), frag=MF),
        ipv4(a, b, UDP, udp(a, b, text(2800))),
        ipv4(a, b, IPIP, ipv4(a, b, TCP, packets.tcp(a, b, text(2800)))),
        ipv4(a, b, 1, icmp(text(2000))),
        ipv6(a6, b6, TCP, packets.tcp(a6, b6, text(2800))),
        ipv6(a6, b6, UDP, udp(a6, b6, text(2800))),
        ipv6(a6, b6, DSTOPTS, extension(TCP, b"\1\4\0\0\0\0") +
             packets.tcp(a6, b6, text(2000))),
        ipv6(a6, b6, NONE, text(2000)),
        ipv4(a, VM1.v4, TCP, packets.tcp(a, VM1.v4, text(2800))),
    ]
    for _ in range(400):
        packet = choose.choice(shapes)
        frame = ip_frame(VM0.mac, packet)
        yield frame, Offload(
            choose.choice((34, 34, 38, 54, 54, 62, 14, 0, 20, len(frame) - 4)),
            choose.choice((16, 16, 6, 6, 2, 0)),
            choose.choice((0, 1, 1, 3, 4, 4, 5)),
            choose.choice((100, 536, 1200, 1200, 2600, 9000, 65535)),
            choose.choice((0, 42, 54, 74, 100)))


class Test:
    def __init__(self, prefix, results):
        self.results, self.fixture = results, Fixture()
        self.patience = 2.0
        self.spine = {host: Port(prefix + "spine", "to_" + host)
                      for host in ("h0", "h1")}
        self.rogue = Port(prefix + "spine", "rogue")
        self.vms = {vm.name: Port(prefix + vm.name, vm.name)
                    for vm in (VM0, VMGTW, VM1, VM2)}
        self.hosts = {host: Counters(prefix + host) for host in ("h0", "h1")}
        for host in self.hosts.values():
            host.settle()

    def drain(self):
        for port in [*self.vms.values(), *self.spine.values()]:
            port.drain()

    def expect(self, host, want):
        """Problems with what was counted on a host, which is just want, and with
        the sums."""
        problems = []
        if want:
            delta = self.hosts[host].wait(lambda delta: delta == want, self.patience)
        else:
            delta = self.hosts[host].delta()
        if delta != want:
            # When many fail, they should not take all day.
            self.patience = 0.2
            problems.append("%s counted %s, not %s" % (host, delta, want))
        problems += self.hosts[host].unbalanced()
        # What is counted late shows at the next packet.
        self.hosts[host].mark_last()
        return problems

    def silent(self, *names):
        problems = []
        for name in names:
            for frame in self.vms[name].packets(
                    lambda frame: not packets.is_advertisement(frame), 0):
                problems.append("%s got %s" % (name, frame[:72].hex(" ", -4)))
        return problems

    def from_fabric(self, packet, want, wire=None, receive=False):
        self.drain()
        port = wire or self.spine["h1"]
        port.send(ethernet(OTHER_MAC if wire else HOST_MACS["h1"],
                           mac("02:00:00:00:01:01"), ETH_IPV6, packet))
        problems = self.expect("h1", want)
        got = []
        if receive:
            got = self.vms["vm2"].packets(
                lambda frame: not packets.is_advertisement(frame), 1)
        problems += self.silent(*self.vms)
        return problems, [frame[14:] for frame in got]

    def taken(self):
        for name, packet, want in legal(self.fixture):
            want = want if want is not None else Fabric(packet).tenant
            problems, got = self.from_fabric(packet, {
                "from_fabric": 1, "to_vm": 1}, receive=True)
            if len(got) != 1:
                problems.append("%d packets arrived" % len(got))
            elif got[0] != want:
                problems.append("what arrived differs: " +
                                vpcwire.difference(got[0], want))
            self.point("taken: " + name, problems, packet)

    def forged(self):
        for name, packet, reason in forged(self.fixture):
            want = {"from_fabric": 1, reason: 1} if reason else {}
            problems, _ = self.from_fabric(packet, want)
            self.point("%s: %s" % (reason or "not for an edge", name), problems, packet)
        for form, packet in (("ipv4", self.fixture.udp4), ("ipv6", self.fixture.udp6),
                             ("whole", self.fixture.udp4_options)):
            packet = self.fixture.wire(packet, form=form)
            problems, _ = self.from_fabric(packet, {
                "from_fabric": 1, "not_fabric": 1}, self.rogue)
            self.point("not_fabric: the %s form by another device" % form, problems,
                       packet)

    def told_by_the_fabric(self):
        """An error of the fabric reaches the VM as one about its own packet:
        "unreachable" at once, "too big" when the VM sends such a packet again."""
        router = ip6("fd00:f:0:1::1")
        for family, overhead, unreachable, too_big in (
                ("v4", 36, (3, 1), (3, 4)), ("v6", 40, (1, 3), (2, 0))):
            src, dst = getattr(VM2, family), getattr(VM0, family)
            data = udp(src, dst, text(1280))
            sent = ipv4(src, dst, UDP, data, ident=0) if family == "v4" else \
                ipv6(src, dst, UDP, data, label=5)
            quote = encode(sent, 1000, VM2.sid, VM0.sid)[:1000]

            def error(kind, word):
                return outer(icmpv6(router, VM2.sid, quote, kind, word=word),
                             src=router, proto=ICMPV6)

            packet = error(1, 0)
            problems, got = self.from_fabric(packet, {
                "from_fabric": 1, "used_error": 1, "made_error": 1, "to_vm": 1},
                receive=True)
            problems += self.check_error(got, sent, unreachable, None)
            self.point("used_error: unreachable, IP%s" % family, problems, packet)

            packet = error(2, 1340)
            problems, _ = self.from_fabric(packet, {
                "from_fabric": 1, "used_error": 1})
            self.point("used_error: too big, IP%s" % family, problems, packet)

            self.drain()
            self.vms["vm2"].send(ethernet(
                EDGE_MAC, VM2.mac, ETH_IP if family == "v4" else ETH_IPV6, sent))
            problems = self.expect("h1", {"from_vm": 1, "too_big": 1,
                                          "made_error": 1, "to_vm": 1})
            got = self.vms["vm2"].packets(
                lambda frame: not packets.is_advertisement(frame), 1)
            problems += self.check_error([frame[14:] for frame in got], sent,
                                         too_big, 1340 - overhead)
            self.point("too_big: after that error, IP%s" % family, problems, sent)

    def not_true(self):
        sent = 0
        for frame, offload in lies(self.fixture):
            try:
                self.vms["vm0"].send(frame, offload)
                sent += 1
            except OSError:
                # The socket does not believe it all.
                pass
            if sent % 50 == 0:
                self.drain()
        self.point("each of %d packets with offloads that lie is counted" % sent,
                   audit(*self.hosts.values()) if sent > 50 else ["too few"], b"")
        for host in self.hosts.values():
            host.settle()

    def check_error(self, got, sent, kind, mtu):
        if len(got) != 1:
            return ["%d packets arrived" % len(got)]
        problems = []
        t = Tenant(got[0])
        said = int.from_bytes(t.payload[6 if t.version == 4 else 4:8], "big")
        if (t.payload[0], t.payload[1]) != kind or said != (mtu or 0):
            problems.append("the VM was told type %d, code %d, MTU %d" %
                            (t.payload[0], t.payload[1], said))
        quoted = t.payload[8:]
        if len(quoted) < 28 or sent[:len(quoted)] != quoted:
            problems.append("the quote differs: " +
                            vpcwire.difference(quoted, sent[:len(quoted)]))
        return problems

    def from_vm(self):
        for name, frame, want in vm_frames(self.fixture):
            self.drain()
            self.vms["vm0"].send(frame)
            problems = self.expect("h0", want)
            if self.spine["h0"].packets(lambda frame: True, 0):
                problems.append("something went to the fabric")
            answers = self.vms["vm0"].packets(
                lambda frame: not packets.is_advertisement(frame), 0)
            if len(answers) != want.get("to_vm", 0):
                problems.append("%d answers" % len(answers))
            for answer in answers:
                if answer[:12] != VM0.mac + EDGE_MAC:
                    problems.append("answered with the MACs " +
                                    answer[:12].hex(" ", 6))
            problems += self.silent("vmgtw", "vm1", "vm2")
            reason = [key for key in want if key in SECTIONS["drops"]]
            self.point("VM: %s%s" % (reason[0] + ": " if reason else "", name),
                       problems, frame)

    def point(self, name, problems, packet):
        self.results.point(name, problems[:6],
                           ["sent: " + packet[:120].hex(" ", -4)])


def main():
    results = Results()
    test = Test(sys.argv[1], results)
    for step, other in ((test.taken, "h0"), (test.forged, "h0"), (test.from_vm, "h1"),
                        (test.not_true, None), (test.told_by_the_fabric, "h0")):
        for host in test.hosts.values():
            host.mark()
        step()
        name = "what is " + step.__name__.replace("_", " ")
        if other:
            delta = test.hosts[other].delta()
            results.point("%s counts nothing of %s" % (other, name),
                          ["it counted %s" % delta] if delta else [])
        results.point("the counters add up after %s" % name,
                      audit(*test.hosts.values()))
    results.end()


if __name__ == "__main__":
    main()
