# SPDX-License-Identifier: GPL-2.0
"""Raw packets of tenants, the usual and the unusual ones, each with what has
to become of it; and the sockets to send and to capture them with.

What is expected is written down from Documentation/wire-format.rst, packet by
packet: nothing here is computed by the rules that the module follows.
"""

import ctypes
import os
import select
import socket
import struct
import time

from vpcwire import (
    AH, CHECKSUM_AT, DCCP, DF, DSTOPTS, ESP, FRAGMENT, GRE, HIP, HOPOPTS, ICMP,
    ICMPV6, IPIP, IPV6, MF, MOBILITY, NONE, ROUTING, SCTP, SHIM6, TCP, UDP,
    UDPLITE, checksum, coverage, fold, ipv4_header, ipv6_header, pseudo, sum16)

EDGE_MAC = bytes.fromhex("025650430001")
ETH_IP, ETH_IPV6, ETH_ARP, ETH_VLAN = 0x0800, 0x86dd, 0x0806, 0x8100

RESERVED = 0x8000


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ethernet(dst, src, ethertype, payload):
    return dst + src + struct.pack("!H", ethertype) + payload


def ip_frame(src, packet, dst=EDGE_MAC):
    """A packet as a VM sends it."""
    return ethernet(dst, src, ETH_IPV6 if packet[0] >> 4 == 6 else ETH_IP, packet)


# Transport headers.  Without a checksum given, the right one is computed.

def set_checksum(data, proto, src, dst, value=None):
    at = CHECKSUM_AT[proto]
    if value is None:
        data = data[:at] + b"\0\0" + data[at + 2:]
        covered, length = coverage(proto, data)
        value = checksum(pseudo(src, dst, length, proto) + data[:covered])
        if proto in (UDP, UDPLITE):
            value = value or 0xffff
    return data[:at] + struct.pack("!H", value) + data[at + 2:]


def tcp(src, dst, payload=b"", check=None, flags=0x18, sport=40000, dport=80,
        seq=1000, options=b""):
    data = struct.pack("!HHIIBBHHH", sport, dport, seq, 2000,
                       (20 + len(options)) // 4 << 4, flags, 512, 0, 0)
    return set_checksum(data + options + payload, TCP, src, dst, check)


def udp(src, dst, payload=b"", check=None, sport=40000, dport=53):
    data = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    return set_checksum(data, UDP, src, dst, check)


def udplite(src, dst, payload=b"", covered=0, check=None):
    data = struct.pack("!HHHH", 40000, 53, covered, 0) + payload
    return set_checksum(data, UDPLITE, src, dst, check)


def dccp(src, dst, payload=b"", cscov=0, check=None):
    # A DCCP-Data packet with a 48-bit sequence number.
    data = struct.pack("!HHBBHB3sI", 40000, 53, 4, cscov, 0, 2 << 1 | 1,
                       b"\0\0\0", 7) + payload
    return set_checksum(data, DCCP, src, dst, check)


def icmp(payload=b"", kind=8, code=0, check=None):
    data = struct.pack("!BBHHH", kind, code, 0, 77, 1) + payload
    value = checksum(data) if check is None else check
    return data[:2] + struct.pack("!H", value) + data[4:]


def icmpv6(src, dst, payload=b"", kind=128, code=0, check=None, word=77 << 16 | 1):
    data = struct.pack("!BBHI", kind, code, 0, word) + payload
    return set_checksum(data, ICMPV6, src, dst, check)


def tune(build, proto, src, dst, value):
    """A payload of 16 bytes for build(payload): the right checksum under src
    and dst, which need not be the packet's own addresses, comes out as value,
    in one's complement arithmetic."""
    payload = bytearray(b"\0\0" + b"tuned payload.")
    data = bytearray(build(bytes(payload)))
    at = CHECKSUM_AT[proto]
    data[at:at + 2] = struct.pack("!H", value)
    covered, length = coverage(proto, bytes(data))
    missing = 0xffff - fold(sum16(pseudo(src, dst, length, proto)) +
                            sum16(bytes(data[:covered])))
    payload[0:2] = struct.pack("!H", missing)
    return bytes(payload)


# Packets.

def ipv4(src, dst, proto, payload, **fields):
    fields.setdefault("ident", 0x1234)
    return ipv4_header(src, dst, proto, len(payload), **fields) + payload


def ipv6(src, dst, proto, payload, **fields):
    return ipv6_header(src, dst, proto, len(payload), **fields) + payload


def ipv4_patch(packet, at, data, fix=True):
    """An IPv4 packet with bytes replaced, the header checksum made right."""
    packet = packet[:at] + data + packet[at + len(data):]
    if not fix:
        return packet
    hlen = (packet[0] & 15) * 4
    packet = packet[:10] + b"\0\0" + packet[12:]
    return packet[:10] + struct.pack("!H", checksum(packet[:hlen])) + packet[12:]


def text(size):
    return bytes(ord("a") + i % 26 for i in range(size))


def seed(data, proto, src, dst):
    """An unfinished checksum, as a stack leaves it to the device."""
    at = CHECKSUM_AT[proto]
    value = fold(sum16(pseudo(src, dst, len(data), proto)))
    return data[:at] + struct.pack("!H", value) + data[at + 2:]


class Offload:
    """struct virtio_net_hdr: what is left to the device."""

    NEEDS_CSUM, DATA_VALID = 1, 2
    TCPV4, UDP_OLD, TCPV6, UDP_L4 = 1, 3, 4, 5
    SIZE = 10

    def __init__(self, start=0, offset=0, gso=0, size=0, hlen=0, flags=None):
        self.flags = self.NEEDS_CSUM if flags is None else flags
        self.gso, self.hlen, self.size = gso, hlen, size
        self.start, self.offset = start, offset

    def pack(self):
        return struct.pack("=BBHHHH", self.flags, self.gso, self.hlen,
                           self.size, self.start, self.offset)

    @classmethod
    def unpack(cls, data):
        flags, gso, hlen, size, start, offset = struct.unpack("=BBHHHH", data)
        return cls(start, offset, gso & 0x7f, size, hlen, flags)


def uncounted(packet, n):
    """Segment n of what arrived as one packet: the IDs of atomic IPv4 datagrams are 0, but
    where a kernel cuts it they count from there."""
    if packet[0] >> 4 == 6 or packet[6:8] != b"\x40\0" or packet[4:6] != struct.pack("!H", n):
        return packet
    return ipv4_patch(packet, 4, bytes(2))


def finish(frame, offload):
    """The frames that leave a device which does what was left to it: it sums
    from the start that it was told, over whatever seed stands there."""
    if not offload or not offload.flags & Offload.NEEDS_CSUM:
        return [frame]
    at = offload.start + offload.offset
    if offload.gso:
        return cut(frame, offload)
    value = fold(sum16(frame[offload.start:])) ^ 0xffff
    return [frame[:at] + struct.pack("!H", value or 0xffff) + frame[at + 2:]]


def cut(frame, offload):
    """The segments of a GSO frame, each with its checksum computed from
    scratch under the addresses in the IP header right after Ethernet's."""
    start, at = offload.start, offload.start + offload.offset
    is_tcp = offload.gso in (Offload.TCPV4, Offload.TCPV6)
    hlen = start + ((frame[start + 12] >> 4) * 4 if is_tcp else 8)
    proto = TCP if is_tcp else UDP
    version = frame[14] >> 4
    addrs = (frame[26:30], frame[30:34]) if version == 4 else \
        (frame[22:38], frame[38:54])
    frames = []
    chunks = range(hlen, len(frame), offload.size)
    for n, i in enumerate(chunks):
        payload = frame[i:i + offload.size]
        transport = bytearray(frame[start:hlen])
        if is_tcp:
            seq = struct.unpack_from("!I", transport, 4)[0] + i - hlen
            struct.pack_into("!I", transport, 4, seq & 0xffffffff)
            if i != chunks[-1]:
                transport[13] &= ~0x09
            if n:
                transport[13] &= 0x7f
        else:
            struct.pack_into("!H", transport, 4, 8 + len(payload))
        data = set_checksum(bytes(transport) + payload, proto, *addrs)
        if version == 4:
            # IDs count up, but for the atomic datagrams of the overlay.
            ident, frag = struct.unpack_from("!HH", frame, 18)
            if ident or frag != DF:
                ident = ident + n & 0xffff
            ip = ipv4_patch(frame[14:start], 2, struct.pack(
                "!HH", start - 14 + len(data), ident))
        else:
            ip = frame[14:18] + struct.pack(
                "!H", start - 54 + len(data)) + frame[20:start]
        frames.append(frame[:14] + ip + data)
    assert at < hlen
    return frames


# The kinds.

class Kind:
    """A packet that a VM sends.

    name: of the test point
    packet: the IP packet
    form: in which it has to cross the fabric, or None
    drop: the reason that it is dropped under, or None
    padding: what follows the packet in its frame
    offload: what the VM's stack left to the device
    error: an ICMP error goes back to the VM
    fragments: it is fragmented before it crosses
    short: the edge may send the short form
    """

    def __init__(self, name, packet, form=None, drop=None, padding=b"",
                 offload=None, error=False, fragments=False, short=False):
        self.name, self.packet, self.form, self.drop = name, packet, form, drop
        self.padding, self.offload, self.error = padding, offload, error
        self.fragments, self.short = fragments, short

    def frame(self, src_mac, dst_mac=EDGE_MAC):
        return ip_frame(src_mac, self.packet + self.padding, dst_mac)

    def packets(self):
        """The packets that go into the overlay: several for a GSO packet, and
        with the checksum that the VM's stack left to be finished."""
        frames = finish(ethernet(bytes(6), bytes(6), 0, self.packet), self.offload)
        return [frame[14:] for frame in frames]


def kinds_ipv4(a, b, under):
    """Kinds of IPv4 packets from a to b; under is the pair of their SIDs."""
    d = text(40)
    good_tcp, good_udp = tcp(a, b, d), udp(a, b, d)

    def four(name, proto, payload, form="ipv4", **fields):
        extra = {k: fields.pop(k) for k in ("padding", "drop", "error",
                                            "fragments", "offload")
                 if k in fields}
        return Kind(name, ipv4(a, b, proto, payload, **fields), form, **extra)

    def tuned(build, proto, value, addrs):
        return build(a, b, tune(lambda p: build(a, b, p), proto, *addrs, value))

    # Ordinary transport, and what decides between the two IPv4 forms.
    yield four("tcp4", TCP, good_tcp)
    yield four("tcp4 syn with options", TCP, tcp(
        a, b, flags=2, options=bytes.fromhex("020405b40402080a0000000100000000"
                                             "01030307")))
    yield four("tcp4 without DF", TCP, good_tcp, "full", frag=0)
    yield four("udp4", UDP, good_udp)
    yield four("udp4 without DF", UDP, good_udp, "full", frag=0)
    yield four("udp4 without DF, ID 0", UDP, good_udp, "full", frag=0, ident=0)
    yield four("udp4 with DF, ID 0", UDP, good_udp, ident=0)
    yield four("udp4 with odd length", UDP, udp(a, b, text(41)))
    yield four("udp4 without payload", UDP, udp(a, b))
    yield four("udp4 shorter than IP says", UDP, udp(a, b, d) + b"surplus")
    yield four("udp4 longer than IP says", UDP, good_udp[:30])

    # Checksums.
    yield four("udp4 without checksum", UDP, udp(a, b, d, 0))
    yield four("udp4 with checksum ffff", UDP, tuned(udp, UDP, 0, (a, b)))
    yield four("udp4 with checksum 0 underneath", UDP, tuned(udp, UDP, 0, under))
    yield four("udp4 with wrong checksum", UDP, udp(a, b, d, 0x1234))
    yield four("tcp4 with checksum 0", TCP, tuned(tcp, TCP, 0, (a, b)))
    yield four("tcp4 with checksum 0 underneath", TCP, tuned(tcp, TCP, 0, under))
    yield four("tcp4 with wrong checksum", TCP, tcp(a, b, d, 0x1234))
    yield four("tcp4 with wrong checksum 0", TCP, tcp(a, b, d, 0))
    yield four("tcp4 with checksum ffff", TCP, tcp(a, b, d, 0xffff), "whole")
    yield four("tcp4 with right checksum ffff", TCP, tcp(
        a, b, tune(lambda p: tcp(a, b, p), TCP, a, b, 0), 0xffff), "whole")
    yield four("tcp4 with checksum ffff without DF", TCP,
               tcp(a, b, d, 0xffff), "whole", frag=0)
    yield four("tcp4 header cut before the checksum", TCP, good_tcp[:10])
    yield four("tcp4 header cut in the checksum", TCP, good_tcp[:17])
    yield four("tcp4 header cut after the checksum", TCP, good_tcp[:18])
    yield four("udp4 header cut before the checksum", UDP, good_udp[:4])
    yield four("udp-lite4", UDPLITE, udplite(a, b, d))
    yield four("udp-lite4 covering the header", UDPLITE, udplite(a, b, d, 8))
    yield four("udp-lite4 with impossible coverage", UDPLITE,
               udplite(a, b, d, 5, 0x4321))
    yield four("udp-lite4 with checksum ffff", UDPLITE,
               tuned(udplite, UDPLITE, 0, (a, b)))
    yield four("udp-lite4 with checksum 0 underneath", UDPLITE,
               tuned(udplite, UDPLITE, 0, under))
    yield four("udp-lite4 with checksum 0", UDPLITE, udplite(a, b, d, 8, 0), "whole")
    yield four("dccp4", DCCP, dccp(a, b, d))
    yield four("dccp4 covering the header", DCCP, dccp(a, b, d, 1))
    yield four("dccp4 with checksum ffff", DCCP, dccp(a, b, d, 0, 0xffff), "whole")
    yield four("icmp4 echo", ICMP, icmp(d))
    yield four("icmp4 echo reply without DF", ICMP, icmp(d, 0), "full", frag=0)
    yield four("icmp4 with wrong checksum", ICMP, icmp(d, check=0x1234))
    yield four("icmp4 with checksum ffff", ICMP, icmp(d, check=0xffff))
    yield four("icmp4 error", ICMP, icmp(ipv4(b, a, UDP, udp(b, a, d)), 3, 3))

    # Other protocols: no checksum over a pseudo-header.
    yield four("sctp4", SCTP, struct.pack("!HHII", 40000, 53, 9, 0x01020304) + d)
    yield four("gre4", GRE, struct.pack("!HH", 0, ETH_IP) + ipv4(a, b, UDP, good_udp))
    yield four("esp4", ESP, struct.pack("!II", 0x1000, 1) + text(48))
    yield four("ipip4", IPIP, ipv4(a, b, TCP, good_tcp))
    yield four("6in4", IPV6, ipv6(bytes(15) + b"\1", bytes(15) + b"\2", UDP, d))
    yield four("igmp protocol, unicast", 2, b"\x11\0\xee\xff\0\0\0\0")
    yield four("homa", 146, text(40))
    yield four("protocol 253", 253, d)
    yield four("protocol 255", 255, d)
    yield four("protocol 253 without DF", 253, d, "full", frag=0)
    yield four("ah4", AH, struct.pack("!BBHII", TCP, 4, 0, 0x1000, 1) +
               text(12) + good_tcp, "whole")
    yield four("protocol 0 over IPv4", HOPOPTS, d, "whole")
    yield four("protocol 58 over IPv4", ICMPV6, icmpv6(a, b, d), "whole")
    for proto in (ROUTING, FRAGMENT, NONE, DSTOPTS, MOBILITY, HIP, SHIM6):
        yield four("protocol %d over IPv4" % proto, proto,
                   b"\6\0\0\0\0\0\0\0" + d, "whole")

    # The IPv4 header.
    yield four("ipv4 without payload", TCP, b"")
    yield four("ipv4 without payload and DF", 253, b"", "full", frag=0)
    yield four("ipv4 options: router alert", UDP, good_udp, "whole",
               options=b"\x94\4\0\0")
    yield four("ipv4 options: record route", ICMP, icmp(d), "whole",
               options=b"\x07\x07\4\0\0\0\0\0")
    yield four("ipv4 options: 40 bytes", UDP, good_udp, "whole", options=b"\1" * 40)
    yield four("ipv4 options: unknown", UDP, good_udp, "whole", frag=0,
               options=b"\x9e\4\1\2")
    yield four("ipv4 options in a fragment", UDP, good_udp, "whole", frag=MF,
               options=b"\x94\4\0\0")
    yield four("reserved bit", UDP, good_udp, "full", frag=RESERVED)
    yield four("reserved bit and DF", UDP, good_udp, "full", frag=RESERVED | DF)
    for ttl in (0, 1, 2, 255):
        yield four("ttl %d" % ttl, UDP, good_udp, ttl=ttl)
    yield four("ttl 1 in the full form", UDP, good_udp, "full", frag=0, ttl=1)
    yield four("ttl 0 in the whole form", UDP, good_udp, "whole", ttl=0,
               options=b"\x94\4\0\0")
    for tos in (0xb8, 0xc0, 0x01, 0x02, 0x03, 0xff):
        yield four("tos %02x" % tos, TCP, good_tcp, tos=tos)
    yield four("tos ba in the full form", TCP, good_tcp, "full", frag=0, tos=0xba)
    for tos in (0xb8, 0x01, 0x02, 0x03):
        yield four("tos %02x in the whole form" % tos, UDP, good_udp, "whole",
                   tos=tos, options=b"\x94\4\0\0")

    # Fragments, in no order, of one datagram that nobody can reassemble.
    big = udp(a, b, text(64))
    yield four("fragment: first", UDP, big[:48], "full", frag=MF)
    yield four("fragment: last", UDP, big[48:], "full", frag=6)
    yield four("fragment: overlapping", UDP, b"x" * 32, "full", frag=MF | 4)
    yield four("fragment: first, once more", UDP, b"y" * 48, "full", frag=MF)
    yield four("fragment: with DF", UDP, big[:48], "full", frag=DF | MF)
    yield four("fragment: later with DF", UDP, big[48:], "full", frag=DF | 6)
    yield four("fragment: offset 8191", UDP, b"end", "full", frag=8191)
    yield four("fragment: first of TCP, 8 bytes", TCP, good_tcp[:8], "full", frag=MF)
    yield four("fragment: TCP at offset 1", TCP, good_tcp[8:24], "full", frag=MF | 1)
    yield four("fragment: first of TCP, checksum ffff", TCP,
               tcp(a, b, text(28), 0xffff), "whole", frag=MF)
    yield four("fragment: later, ffff where a checksum would be", TCP,
               b"\xff" * 32, "full", frag=MF | 4)
    yield four("fragment: later, of UDP-Lite, 0", UDPLITE, bytes(32), "full",
               frag=4)
    yield four("fragment: first without checksum", UDP, udp(a, b, text(40), 0),
               "full", frag=MF)
    yield four("fragment: empty", UDP, b"", "full", frag=4)

    # What follows the packet in the frame is no part of it.
    yield four("padding behind IPv4", TCP, tcp(a, b), padding=b"\xaa" * 6)
    yield four("padding behind IPv4 without DF", UDP, udp(a, b, b"odd"),
               "full", frag=0, padding=b"\xaa" * 15)
    yield four("padding behind IPv4 with options", UDP, udp(a, b, b"odd"),
               "whole", options=b"\x94\4\0\0", padding=b"\xaa" * 11)
    yield four("padding behind a fragment", UDP, big[48:], "full", frag=6,
               padding=b"\xaa" * 3)

    # Checksums that the VM's stack left to the device.
    def partial(name, data, proto, form="ipv4", at=0, **fields):
        options = len(fields.get("options", b""))
        return four(name, proto, seed(data, proto, a, b), form,
                    offload=Offload(34 + options + at, CHECKSUM_AT[proto]),
                    **fields)

    yield partial("unfinished tcp4", good_tcp, TCP)
    yield partial("unfinished tcp4 without DF", good_tcp, TCP, "full", frag=0)
    yield partial("unfinished udp4", good_udp, UDP)
    yield partial("unfinished udp4 with options", good_udp, UDP, "whole",
                  options=b"\x94\4\0\0")
    yield partial("unfinished tcp4 with padding", tcp(a, b), TCP,
                  padding=b"\0" * 6)
    # A tunnel of the tenant: UDP around a packet whose checksum is unfinished.
    # That of the outer UDP is complete, as local checksum offload makes it.
    inside = ipv4(a, b, TCP, seed(good_tcp, TCP, a, b))
    done = ipv4(a, b, TCP, good_tcp)
    yield four("unfinished tcp4 inside udp4", UDP,
               udp(a, b, done)[:8] + inside,
               offload=Offload(34 + 8 + 20, 16))
    yield four("unfinished tcp4 inside udp4 without checksum", UDP,
               udp(a, b, done, 0)[:8] + inside,
               offload=Offload(34 + 8 + 20, 16))
    yield four("unfinished tcp4 inside ipip4", IPIP, inside,
               offload=Offload(34 + 20, 16))
    yield four("unfinished tcp4 inside udp4 without DF", UDP,
               udp(a, b, done)[:8] + inside, "full", frag=0,
               offload=Offload(34 + 8 + 20, 16))

    # Several segments in one frame.
    stream = tcp(a, b, text(3000))
    yield four("tcp4 in 3 segments", TCP, seed(stream, TCP, a, b),
               offload=Offload(34, 16, Offload.TCPV4, 1200, 54))
    yield four("tcp4 in 3 segments without DF", TCP, seed(stream, TCP, a, b),
               "full", frag=0,
               offload=Offload(34, 16, Offload.TCPV4, 1200, 54))
    yield four("tcp4 in 3 segments with options", TCP, seed(stream, TCP, a, b),
               "whole", options=b"\x94\4\0\0",
               offload=Offload(38, 16, Offload.TCPV4, 1200, 58))
    yield four("tcp4 in 3 segments with the reserved bit", TCP,
               seed(stream, TCP, a, b), "full", frag=RESERVED | DF,
               offload=Offload(34, 16, Offload.TCPV4, 1200, 54))
    yield four("udp4 in 3 segments", UDP, seed(udp(a, b, text(3000)), UDP, a, b),
               offload=Offload(34, 6, Offload.UDP_L4, 1200, 42))


def extension(next_header, data):
    """An extension header with the layout of most of them."""
    return bytes([next_header, (len(data) + 2) // 8 - 1]) + data


def kinds_ipv6(a, b, own, under):
    """Kinds of IPv6 packets from a to b; own is the receiver's SID, which is
    an overlay address of its, too."""
    d = text(40)
    good_tcp, good_udp = tcp(a, b, d), udp(a, b, d)

    def six(name, proto, payload, form="ipv6", dst=b, **fields):
        extra = {k: fields.pop(k) for k in ("padding", "drop", "offload", "short")
                 if k in fields}
        return Kind(name, ipv6(a, dst, proto, payload, **fields), form, **extra)

    def tuned(build, proto, value, addrs):
        return build(a, b, tune(lambda p: build(a, b, p), proto, *addrs, value))

    yield six("tcp6", TCP, good_tcp)
    yield six("tcp6 with a flow label", TCP, good_tcp, label=0xabcde)
    yield six("tcp6 with flow label fffff", TCP, good_tcp, label=0xfffff)
    yield six("tcp6 with flow label 1", TCP, good_tcp, label=1)
    yield six("udp6", UDP, good_udp)
    yield six("udp6 with odd length", UDP, udp(a, b, text(41)))
    yield six("udp6 shorter than IP says", UDP, udp(a, b, d) + b"surplus")

    yield six("udp6 without checksum", UDP, udp(a, b, d, 0))
    yield six("udp6 with checksum ffff", UDP, tuned(udp, UDP, 0, (a, b)))
    yield six("udp6 with checksum 0 underneath", UDP, tuned(udp, UDP, 0, under))
    yield six("udp6 with wrong checksum", UDP, udp(a, b, d, 0x1234))
    yield six("tcp6 with checksum 0", TCP, tuned(tcp, TCP, 0, (a, b)))
    yield six("tcp6 with checksum 0 underneath", TCP, tuned(tcp, TCP, 0, under))
    yield six("tcp6 with wrong checksum", TCP, tcp(a, b, d, 0x1234))
    yield six("tcp6 with checksum ffff", TCP, tcp(a, b, d, 0xffff), "whole")
    yield six("tcp6 header cut before the checksum", TCP, good_tcp[:12])
    yield six("udp-lite6", UDPLITE, udplite(a, b, d, 8))
    yield six("udp-lite6 with checksum 0", UDPLITE, udplite(a, b, d, 0, 0), "whole")
    yield six("dccp6", DCCP, dccp(a, b, d))
    yield six("dccp6 with checksum ffff", DCCP, dccp(a, b, d, 0, 0xffff), "whole")
    yield six("icmp6 echo", ICMPV6, icmpv6(a, b, d))
    yield six("icmp6 echo reply", ICMPV6, icmpv6(a, b, d, 129))
    yield six("icmp6 with wrong checksum", ICMPV6, icmpv6(a, b, d, check=0x1234))
    yield six("icmp6 with checksum ffff", ICMPV6, icmpv6(a, b, d, check=0xffff),
              "whole")
    yield six("icmp6 with checksum 0 underneath", ICMPV6,
              tuned(icmpv6, ICMPV6, 0, under))
    yield six("icmp6 error", ICMPV6,
              icmpv6(a, b, ipv6(b, a, UDP, udp(b, a, d)), 1, 4, word=0))
    yield six("icmp6 of unknown type", ICMPV6, icmpv6(a, b, d, 200))

    yield six("sctp6", SCTP, struct.pack("!HHII", 40000, 53, 9, 0x01020304) + d)
    yield six("gre6", GRE, struct.pack("!HH", 0, ETH_IPV6) + ipv6(a, b, UDP, good_udp))
    yield six("esp6", ESP, struct.pack("!II", 0x1000, 1) + text(48))
    yield six("ipv4 in ipv6", IPIP, ipv4(b"\x0a\0\0\1", b"\x0a\0\0\2", UDP, d))
    yield six("ipv6 in ipv6", IPV6, ipv6(a, b, TCP, good_tcp))
    yield six("protocol 1 over IPv6", ICMP, icmp(d))
    yield six("protocol 253 over IPv6", 253, d)
    yield six("homa over IPv6", 146, d)

    # Extension headers of the tenant.
    pad4 = b"\1\4\0\0\0\0"
    yield six("hop-by-hop options", HOPOPTS, extension(TCP, pad4) + good_tcp, "whole")
    yield six("hop-by-hop options, unknown", HOPOPTS,
              extension(UDP, b"\x1e\4\1\2\3\4") + good_udp, "whole")
    yield six("hop-by-hop options, router alert", HOPOPTS,
              extension(ICMPV6, b"\5\2\0\0\1\0") + icmpv6(a, b, d), "whole")
    yield six("destination options", DSTOPTS, extension(UDP, pad4) + good_udp, "whole")
    yield six("destination options that look like a TLV", DSTOPTS,
              extension(IPIP, b"\xde\4\0\0\3\xe8") +
              ipv4(b"\x0a\0\0\1", b"\x0a\0\0\2", UDP, d), "whole")
    yield six("routing header, type 0", ROUTING,
              extension(TCP, b"\0\0\0\0\0\0" + a) + good_tcp, "whole")
    yield six("routing header, segment routing", ROUTING,
              extension(TCP, b"\4\0\0\0\0\0" + b) + good_tcp, "whole", label=5)
    yield six("fragment header, atomic", FRAGMENT,
              struct.pack("!BBHI", UDP, 0, 0, 7) + good_udp, "whole")
    yield six("fragment header, first", FRAGMENT,
              struct.pack("!BBHI", UDP, 0, 1, 8) + good_udp[:32], "whole")
    yield six("fragment header, last", FRAGMENT,
              struct.pack("!BBHI", UDP, 0, 32, 8) + good_udp[32:], "whole")
    yield six("fragment header, overlapping", FRAGMENT,
              struct.pack("!BBHI", UDP, 0, 17, 8) + b"x" * 24, "whole")
    yield six("fragment header, too short", FRAGMENT,
              struct.pack("!BBHI", TCP, 0, 1, 9) + good_tcp[:8], "whole")
    yield six("hop-by-hop, destination, routing and fragment header", HOPOPTS,
              extension(DSTOPTS, pad4) + extension(ROUTING, pad4) +
              extension(FRAGMENT, b"\0\0\0\0\0\0" + a) +
              struct.pack("!BBHI", UDP, 0, 0, 7) + good_udp, "whole")
    yield six("ah6", AH, struct.pack("!BBHII", UDP, 4, 0, 0x1000, 1) +
              text(12) + good_udp, "whole")
    yield six("no next header", NONE, b"", "whole")
    yield six("no next header, with payload", NONE, d, "whole")
    yield six("mobility header", MOBILITY, extension(NONE, b"\0\0\0\0\0\0"), "whole")
    yield six("hip", HIP, d, "whole")
    yield six("shim6", SHIM6, d, "whole")
    yield six("extension header cut short", DSTOPTS, b"\6\5\1\4\0\0\0\0", "whole")

    yield six("ipv6 without payload", TCP, b"")
    yield six("ipv6 without payload, protocol 253", 253, b"", label=9)
    for hops in (0, 1, 255):
        yield six("hop limit %d" % hops, UDP, good_udp, hop_limit=hops)
    yield six("hop limit 1 in the whole form", NONE, d, "whole", hop_limit=1)
    for tclass in (0xb8, 0x01, 0x02, 0x03, 0xff):
        yield six("traffic class %02x" % tclass, TCP, good_tcp, tclass=tclass)
    for tclass in (0xb8, 0x01, 0x02, 0x03):
        yield six("traffic class %02x in the whole form" % tclass, NONE, d,
                  "whole", tclass=tclass)
    yield six("padding behind IPv6", UDP, udp(a, b), padding=b"\xaa" * 12)
    yield six("padding behind extension headers", DSTOPTS,
              extension(UDP, pad4) + udp(a, b), "whole", padding=b"\xaa" * 5)

    def partial(name, data, proto, form="ipv6", before=b"", proto1=None, **fields):
        return six(name, proto1 or proto, before + seed(data, proto, a, b), form,
                   offload=Offload(54 + len(before), CHECKSUM_AT[proto]), **fields)

    yield partial("unfinished tcp6", good_tcp, TCP)
    yield partial("unfinished udp6", good_udp, UDP, label=3)
    yield partial("unfinished udp6 with destination options", good_udp, UDP,
                  "whole", extension(UDP, pad4), DSTOPTS)
    inside, done = [ipv6(a, b, TCP, t) for t in
                    (seed(good_tcp, TCP, a, b), good_tcp)]
    yield six("unfinished tcp6 inside udp6", UDP, udp(a, b, done)[:8] + inside,
              offload=Offload(54 + 8 + 40, 16))
    yield six("tcp6 in 3 segments", TCP, seed(tcp(a, b, text(3000)), TCP, a, b),
              offload=Offload(54, 16, Offload.TCPV6, 1200, 74))
    yield six("tcp6 in 3 segments with destination options", DSTOPTS,
              extension(TCP, pad4) + seed(tcp(a, b, text(3000)), TCP, a, b), "whole",
              offload=Offload(62, 16, Offload.TCPV6, 1200, 82))
    yield six("udp6 in 3 segments", UDP, seed(udp(a, b, text(3000)), UDP, a, b),
              offload=Offload(54, 6, Offload.UDP_L4, 1200, 62))

    # To an address that is the SID itself.
    yield six("tcp6 to the SID", TCP, tcp(a, own, d), dst=own)
    yield six("tcp6 to the SID, short form", TCP, tcp(a, own, d), "short", dst=own,
              short=True)
    yield six("udp6 without checksum to the SID, short form", UDP,
              udp(a, own, d, 0), "short", dst=own, short=True, label=0x777)
    yield six("unfinished udp6 to the SID, short form", UDP,
              seed(udp(a, own, d), UDP, a, own), "short", dst=own, short=True,
              offload=Offload(54, 6))
    yield six("tcp6 to another address, short form on", TCP, good_tcp, short=True)
    yield six("extension header to the SID, short form on", NONE, d, "whole",
              dst=own, short=True)


def sized4(a, b, size, frag=DF, options=b""):
    head = 20 + len(options)
    return ipv4(a, b, UDP, udp(a, b, text(size - head - 8)), frag=frag,
                options=options)


def sized6(a, b, size):
    return ipv6(a, b, UDP, udp(a, b, text(size - 48)))


def kinds_sizes(a4, b4, a6, b6, fabric_mtu):
    """The largest packets that fit, and what is one byte larger."""
    largest = {"ipv4": fabric_mtu - 36, "full": fabric_mtu - 44,
               "ipv6": fabric_mtu - 40, "whole": fabric_mtu - 48}
    alert = b"\x94\4\0\0"
    yield Kind("largest in the IPv4 form", sized4(a4, b4, largest["ipv4"]), "ipv4")
    yield Kind("largest in the full form", sized4(a4, b4, largest["full"], 0), "full")
    yield Kind("largest in the IPv6 form", sized6(a6, b6, largest["ipv6"]), "ipv6")
    yield Kind("largest in the whole form",
               sized4(a4, b4, largest["whole"], DF, alert), "whole")
    yield Kind("too large with DF", sized4(a4, b4, largest["ipv4"] + 1),
               drop="too_big", error=True)
    yield Kind("too large with DF and options",
               sized4(a4, b4, largest["whole"] + 1, DF, alert),
               drop="too_big", error=True)
    yield Kind("too large for IPv6", sized6(a6, b6, largest["ipv6"] + 1),
               drop="too_big", error=True)
    yield Kind("too large without DF", sized4(a4, b4, largest["full"] + 1, 0),
               "full", fragments=True)
    yield Kind("too large, a later fragment",
               ipv4(a4, b4, UDP, text(largest["full"] - 20 + 8 & ~7), frag=MF | 100),
               "full", fragments=True)


# Sockets.

SOL_PACKET, PACKET_VNET_HDR, PACKET_OUTGOING = 263, 15, 4
ETH_P_ALL = 3
CLONE_NEWNET = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
home = os.open("/proc/self/ns/net", os.O_RDONLY)


def setns(fd):
    if libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "can't enter a network namespace")


class Port:
    """A raw socket on a device of a network namespace.  It stays there; the
    process does not."""

    def __init__(self, netns, device):
        self.name = "%s in %s" % (device, netns)
        fd = os.open("/run/netns/" + netns, os.O_RDONLY)
        setns(fd)
        try:
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.socket.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            self.socket.bind((device, ETH_P_ALL))
        finally:
            setns(home)
            os.close(fd)

    def send(self, frame, offload=None):
        header = offload.pack() if offload else bytes(Offload.SIZE)
        self.socket.send(header + frame)

    def receive(self, timeout=0.0):
        """A frame that came in at the device, with what was left to be done
        to it; or None."""
        deadline = time.monotonic() + timeout
        while True:
            left = max(0, deadline - time.monotonic())
            if not select.select([self.socket], [], [], left)[0]:
                return None
            data, address = self.socket.recvfrom(1 << 17)
            if address[2] != PACKET_OUTGOING:
                return data[Offload.SIZE:], Offload.unpack(data[:Offload.SIZE])

    def packets(self, wanted, count, timeout=2.0, settle=0.0):
        """Frames for which wanted(frame) holds, finished and cut: count of
        them, or as many as come in time, and those that follow at once."""
        frames = []
        deadline = time.monotonic() + timeout
        while len(frames) < count:
            got = self.receive(deadline - time.monotonic())
            if not got:
                break
            frames += filter(wanted, finish(*got))
        while got := self.receive(settle):
            frames += filter(wanted, finish(*got))
        return frames

    def drain(self):
        while self.receive():
            pass


def is_advertisement(frame):
    """A router advertisement of the edge, which may come at any time."""
    return frame[12:14] == b"\x86\xdd" and len(frame) > 54 and \
        frame[20] == ICMPV6 and frame[54] == 134
