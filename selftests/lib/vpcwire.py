#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The fabric's wire format, written from Documentation/wire-format.rst.

An encoder, a decoder and a checker that share nothing with the module: the
selftests use them as judge.  Run as a program it renders the worked examples
of the documentation:

    vpcwire.py --check FILE     compare the examples in FILE with the encoder's
    vpcwire.py --update FILE    write the encoder's examples into FILE
"""

import socket
import struct
import sys

OPTION_TYPE = 0xde

# Opt Data Len of each form, and the size of its Destination Options header.
FORMS = {"ipv4": 12, "full": 16, "ipv6": 36, "short": 20, "whole": 4}
SIZES = {"ipv4": 16, "full": 24, "ipv6": 40, "short": 24, "whole": 8}

HOPOPTS, ICMP, IPIP, TCP, UDP, DCCP, IPV6, ROUTING, FRAGMENT = \
    0, 1, 4, 6, 17, 33, 41, 43, 44
GRE, ESP, AH, ICMPV6, NONE, DSTOPTS, SCTP, MOBILITY, UDPLITE = \
    47, 50, 51, 58, 59, 60, 132, 135, 136
HIP, SHIM6 = 139, 140

WHOLE_PROTOCOLS = {HOPOPTS, ROUTING, FRAGMENT, AH, NONE, DSTOPTS, MOBILITY,
                   HIP, SHIM6}

# Where a transport header keeps a checksum over a pseudo-header.
CHECKSUM_AT = {TCP: 16, UDP: 6, UDPLITE: 6, DCCP: 6, ICMPV6: 2}

DF, MF, OFFSET = 0x4000, 0x2000, 0x1fff


def ip4(text):
    return socket.inet_pton(socket.AF_INET, text)


def ip6(text):
    return socket.inet_pton(socket.AF_INET6, text)


def show(addr):
    return socket.inet_ntop(
        socket.AF_INET if len(addr) == 4 else socket.AF_INET6, addr)


# Checksums.

def sum16(data):
    """The plain sum of the 16-bit words of data, not folded."""
    if len(data) % 2:
        data += b"\0"
    return sum(struct.unpack("!%dH" % (len(data) // 2), data))


def fold(total):
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def checksum(data):
    return fold(sum16(data)) ^ 0xffff


def pseudo(src, dst, length, proto):
    """The pseudo-header of RFC 8200; that of RFC 793 has the same sum."""
    return src + dst + struct.pack("!II", length, proto)


def coverage(proto, data):
    """What a transport checksum covers: (bytes of data, length in the
    pseudo-header), or None if the header can't tell."""
    if proto not in CHECKSUM_AT or len(data) < CHECKSUM_AT[proto] + 2:
        return None
    if proto == UDP:
        length = struct.unpack_from("!H", data, 4)[0]
        return (length, length) if 8 <= length <= len(data) else None
    if proto == UDPLITE:
        covered = struct.unpack_from("!H", data, 4)[0] or len(data)
        return (covered, len(data)) if 8 <= covered <= len(data) else None
    if proto == DCCP:
        words = data[5] & 15
        covered = data[4] * 4 + (words - 1) * 4 if words else len(data)
        return (covered, len(data)) if covered <= len(data) else None
    return len(data), len(data)


def transport_ok(src, dst, proto, data):
    """Whether the transport checksum is right under these addresses.
    None: there is none, or it can't be told."""
    lengths = coverage(proto, data)
    if lengths is None:
        return None
    at = CHECKSUM_AT[proto]
    if proto == UDP and data[at:at + 2] == b"\0\0":
        return None
    covered, length = lengths
    return fold(sum16(pseudo(src, dst, length, proto)) +
                sum16(data[:covered])) == 0xffff


def move_checksum(proto, data, old, new):
    """Data with its checksum carried over from one pair of addresses to
    another.  It errs under the new ones by what it erred under the old."""
    at = CHECKSUM_AT[proto]
    if len(data) < at + 2:
        return data
    field = struct.unpack_from("!H", data, at)[0]
    if proto == UDP and field == 0:
        return data
    field = (field + sum16(old) - sum16(new)) % 0xffff
    if field == 0 and proto in (UDP, UDPLITE):
        field = 0xffff
    return data[:at] + struct.pack("!H", field) + data[at + 2:]


# The tenant's packet.

class Malformed(Exception):
    pass


class Tenant:
    """A tenant's packet, taken apart; what follows its own length is cut."""

    def __init__(self, packet):
        if len(packet) < 20:
            raise Malformed("too short for an IP header")
        self.version = packet[0] >> 4
        self.ident = self.frag = self.label = 0
        if self.version == 4:
            (vihl, self.tclass, total, self.ident, self.frag, self.hops,
             self.proto, _, self.src, self.dst) = \
                struct.unpack_from("!BBHHHBBH4s4s", packet)
            self.hlen = (vihl & 15) * 4
        elif self.version == 6 and len(packet) >= 40:
            word, total, self.proto, self.hops, self.src, self.dst = \
                struct.unpack_from("!IHBB16s16s", packet)
            self.tclass, self.label = word >> 20 & 0xff, word & 0xfffff
            self.hlen = 40
            total += 40
        else:
            raise Malformed("version %d, %d bytes" % (self.version, len(packet)))
        if not self.hlen <= total <= len(packet) or self.hlen < 20:
            raise Malformed("lengths: header %d, packet %d, frame %d" %
                            (self.hlen, total, len(packet)))
        if self.version == 4 and checksum(packet[:self.hlen]):
            raise Malformed("wrong header checksum")
        self.packet = packet[:total]
        self.payload = packet[self.hlen:total]

    @property
    def later_fragment(self):
        return bool(self.frag & OFFSET)

    def unusual_checksum(self):
        """The one of the two zeros that translation can't give back."""
        at = CHECKSUM_AT.get(self.proto)
        if at is None or self.later_fragment or len(self.payload) < at + 2:
            return False
        field = struct.unpack_from("!H", self.payload, at)[0]
        if self.proto == UDP:
            return False
        return field == (0 if self.proto == UDPLITE else 0xffff)


def pick_form(tenant, dst_sid=None, short=False):
    """The form in which an edge has to send a packet."""
    if (tenant.proto in WHOLE_PROTOCOLS or tenant.unusual_checksum() or
            tenant.version == 4 and
            (tenant.hlen > 20 or tenant.proto == ICMPV6)):
        return "whole"
    if tenant.version == 6:
        return "short" if short and tenant.dst == dst_sid else "ipv6"
    return "ipv4" if tenant.frag == DF else "full"


# Fabric packets.

def ipv6_header(src, dst, proto, length, tclass=0, label=0, hop_limit=64):
    return struct.pack("!IHBB16s16s", 6 << 28 | tclass << 20 | label, length,
                       proto, hop_limit, src, dst)


def tlv(form, next_header, hops, vpc, src=b"", dst=b"", ident=0, frag=0,
        option_type=OPTION_TYPE):
    """The Destination Options header of a form."""
    data = struct.pack("!I", hops << 24 | vpc)
    if form in ("ipv4", "full", "ipv6"):
        data += src + dst
    elif form == "short":
        data += src
    if form == "full":
        data += struct.pack("!HH", ident, frag)
    header = struct.pack("!BBBB", next_header, 0, option_type, len(data)) + data
    if form == "full":
        header += b"\1\2\0\0"
    return header[:1] + bytes([len(header) // 8 - 1]) + header[2:]


def encode(packet, vpc, src_sid, dst_sid, form=None, label=0x12345,
           hop_limit=64, short=False, option_type=OPTION_TYPE):
    """What an edge puts on the fabric for a tenant's packet.  Label is used
    where the tenant has none."""
    tenant = Tenant(packet)
    form = form or pick_form(tenant, dst_sid, short)
    if form == "whole":
        payload = tenant.packet
        option = tlv(form, IPIP if tenant.version == 4 else IPV6, 0, vpc,
                     option_type=option_type)
    else:
        payload = tenant.payload
        if tenant.proto in CHECKSUM_AT and not tenant.later_fragment:
            payload = move_checksum(tenant.proto, payload,
                                    tenant.src + tenant.dst, src_sid + dst_sid)
        option = tlv(form, tenant.proto, tenant.hops, vpc, tenant.src,
                     tenant.dst, tenant.ident, tenant.frag, option_type)
    return ipv6_header(src_sid, dst_sid, DSTOPTS, len(option) + len(payload),
                       tenant.tclass, tenant.label or label,
                       hop_limit) + option + payload


class WireError(Exception):
    """A fabric packet that a receiver drops; the argument is the reason."""


class Fabric:
    """A fabric packet, taken apart.  Tenant is the packet that a VM gets."""

    def __init__(self, packet, option_type=OPTION_TYPE):
        if len(packet) < 48:
            raise WireError("bad_header")
        word, length, next_header, self.hop_limit, self.src, self.dst = \
            struct.unpack_from("!IHBB16s16s", packet)
        self.tclass, self.label = word >> 20 & 0xff, word & 0xfffff
        if word >> 28 != 6 or length + 40 != len(packet):
            raise WireError("bad_header")
        if next_header != DSTOPTS:
            raise WireError({ESP: "esp", ROUTING: "srh"}.get(next_header, "no_tlv"))
        self.proto, hdrlen, kind, dlen, vpc = \
            struct.unpack_from("!BBBBI", packet, 40)
        self.hops, self.vpc = vpc >> 24, vpc & 0xffffff
        size = (hdrlen + 1) * 8
        if 40 + size > len(packet):
            raise WireError("bad_header")
        if kind != option_type:
            raise WireError("no_tlv")
        self.form = {v: k for k, v in FORMS.items()}.get(dlen)
        if self.form is None:
            raise WireError("bad_form")
        if size != SIZES[self.form]:
            raise WireError("bad_header" if size < SIZES[self.form] else
                            "extra_option")
        if self.form == "full" and packet[60:64] != b"\1\2\0\0":
            raise WireError("extra_option")
        if self.vpc in (0, 0xffffff):
            raise WireError("bad_vpc")
        self.option = packet[40:40 + size]
        self.payload = packet[40 + size:]
        self.tenant = getattr(self, "_" + self.form)()

    def _whole(self):
        if self.hops or self.proto not in (IPIP, IPV6):
            raise WireError("bad_form")
        if not self.payload or \
                self.payload[0] >> 4 != (4 if self.proto == IPIP else 6):
            raise WireError("bad_inner")
        try:
            tenant = Tenant(self.payload)
        except Malformed:
            raise WireError("bad_inner") from None
        tclass = combine_ecn(tenant.tclass, self.tclass)
        return set_tclass(tenant, tclass) if tclass != tenant.tclass else \
            tenant.packet

    def _translate(self, src, dst, later_fragment=False):
        if self.proto in WHOLE_PROTOCOLS or len(src) == 4 and self.proto == ICMPV6:
            raise WireError("bad_form")
        if self.proto not in CHECKSUM_AT or later_fragment:
            return self.payload
        return move_checksum(self.proto, self.payload, self.src + self.dst,
                             src + dst)

    def _ipv4(self, ident=0, frag=DF):
        src, dst = self.option[8:12], self.option[12:16]
        payload = self._translate(src, dst, frag & OFFSET)
        return ipv4_header(src, dst, self.proto, len(payload), self.tclass,
                           ident, frag, self.hops) + payload

    def _full(self):
        return self._ipv4(*struct.unpack_from("!HH", self.option, 16))

    def _ipv6(self, dst=None):
        src, dst = self.option[8:24], dst or self.option[24:40]
        payload = self._translate(src, dst)
        return ipv6_header(src, dst, self.proto, len(payload), self.tclass,
                           self.label, self.hops) + payload

    def _short(self):
        return self._ipv6(self.dst)


def combine_ecn(inner, outer):
    """RFC 6040, section 4.2: the inner traffic class after decapsulation."""
    if outer & 3 == 3:
        if inner & 3 == 0:
            raise WireError("ecn")
        return inner | 3
    if outer & 3 == 1 and inner & 3 == 2:
        return inner & ~3 | 1
    return inner


def set_tclass(tenant, tclass):
    """A tenant's packet with another TOS or traffic class."""
    packet = tenant.packet
    if tenant.version == 6:
        return struct.pack("!I", 6 << 28 | tclass << 20 | tenant.label) + packet[4:]
    header = packet[:1] + bytes([tclass]) + packet[2:10] + b"\0\0" + \
        packet[12:tenant.hlen]
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + \
        packet[tenant.hlen:]


def ipv4_header(src, dst, proto, length, tos=0, ident=0, frag=DF, ttl=64,
                options=b""):
    hlen = 20 + len(options)
    header = struct.pack("!BBHHHBBH4s4s", 4 << 4 | hlen // 4, tos,
                         hlen + length, ident, frag, ttl, proto, 0, src,
                         dst) + options
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:]


def arrival(packet, form, label=None):
    """What the receiving VM gets of a packet sent in the given form: the same
    bytes, but for the exceptions that the documentation names."""
    tenant = Tenant(packet)
    packet = tenant.packet
    if form == "ipv4" and tenant.ident:
        header = packet[:4] + b"\0\0" + packet[6:10] + b"\0\0" + packet[12:20]
        packet = header[:10] + struct.pack("!H", checksum(header)) + \
            header[12:] + packet[20:]
    if form in ("ipv6", "short") and not tenant.label and label is not None:
        packet = struct.pack("!I", 6 << 28 | tenant.tclass << 20 | label) + \
            packet[4:]
    return packet


def check(fabric, packet, vpc, src_sid, dst_sid, form, option_type=OPTION_TYPE):
    """What is wrong with a captured fabric packet that should carry a tenant's
    packet in a form: a list of sentences."""
    tenant = Tenant(packet)
    try:
        got = Fabric(fabric, option_type)
    except WireError as error:
        return ["the receiver has to drop it: %s" % error]
    problems = []

    def expect(what, have, want):
        if have != want:
            problems.append("%s is %s, not %s" % (what, have, want))

    expect("source", show(got.src), show(src_sid))
    expect("destination", show(got.dst), show(dst_sid))
    expect("form", got.form, form)
    expect("VPC id", got.vpc, vpc)
    expect("Hops", got.hops, 0 if form == "whole" else tenant.hops)
    expect("traffic class", got.tclass, tenant.tclass)
    if tenant.label:
        expect("flow label", got.label, tenant.label)
    elif not got.label:
        problems.append("the flow label is 0")
    if not got.hop_limit:
        problems.append("the hop limit is 0")
    if got.form != "whole" and not tenant.frag & (MF | OFFSET):
        # The sums from scratch, not what moving the checksum gives.
        expect("the checksum's validity on the fabric",
               transport_ok(got.src, got.dst, got.proto, got.payload),
               transport_ok(tenant.src, tenant.dst, tenant.proto, tenant.payload))
    if not problems:
        want = encode(packet, vpc, src_sid, dst_sid, form, got.label,
                      got.hop_limit, option_type=option_type)
        if want != fabric:
            problems.append("bytes differ: " + difference(fabric, want))
    return problems


def difference(have, want):
    """Where two byte strings differ, for people."""
    if len(have) != len(want):
        text = "%d bytes, not %d; " % (len(have), len(want))
    else:
        text = ""
    for i, (a, b) in enumerate(zip(have, want)):
        if a != b:
            at = i & ~3
            return text + "from byte %d on %s, not %s" % (
                i, have[at:at + 8].hex(" ", -4), want[at:at + 8].hex(" ", -4))
    return text + "one begins with the other"


# The worked examples of the documentation.

SID_A, SID_B = ip6("fd00::10"), ip6("fd00::1:20")
A4, B4 = ip4("10.0.0.10"), ip4("10.0.0.20")
A6, B6 = ip6("fd00::cc:0:10"), ip6("fd00::cc:0:20")
EXAMPLE_VPC = 1000


def udp(src, dst, payload, sport=4096, dport=4097):
    data = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    field = checksum(pseudo(src, dst, len(data), UDP) + data) or 0xffff
    return data[:6] + struct.pack("!H", field) + data[8:]


def examples():
    """Name, the tenant's packet and the fabric packet of each example."""
    payload = b"ping"
    data4, data6 = udp(A4, B4, payload), udp(A6, B6, payload)
    data_short = udp(A6, SID_B, payload)
    flow = dict(tclass=0xb8, label=0xabcde)
    packets = [
        ("ipv4", ipv4_header(A4, B4, UDP, len(data4), 0xb8, 0x1234) + data4),
        ("full", ipv4_header(A4, B4, UDP, len(data4), 0xb8, 0x1234, 0) + data4),
        ("ipv6", ipv6_header(A6, B6, UDP, len(data6), **flow) + data6),
        ("short", ipv6_header(A6, SID_B, UDP, len(data_short), **flow) +
         data_short),
        ("whole", ipv4_header(A4, B4, UDP, len(data4), 0xb8, 0x1234,
                              options=b"\x94\4\0\0") + data4),
    ]
    for name, packet in packets:
        yield name, packet, encode(packet, EXAMPLE_VPC, SID_A, SID_B,
                                   short=name == "short")


def annotate(name, packet, fabric):
    """An example as text: each field's bytes with what they are."""
    tenant, got = Tenant(packet), Fabric(fabric)

    def ipv4_fields(p):
        t = Tenant(p)
        fields = [
            (4, "version 4, header of %d bytes, TOS %02x, length %d" %
             (t.hlen, t.tclass, len(t.packet))),
            (4, "ID %04x, flags and fragment offset %04x" % (t.ident, t.frag)),
            (4, "TTL %d, protocol %d, header checksum" % (t.hops, t.proto)),
            (4, "source " + show(t.src)), (4, "destination " + show(t.dst))]
        if t.hlen > 20:
            fields.append((t.hlen - 20, "Router Alert option"))
        return fields

    def ipv6_fields(p):
        word, length, proto, hops, src, dst = struct.unpack_from("!IHBB16s16s", p)
        return [
            (4, "version 6, traffic class %02x, flow label %05x" %
             (word >> 20 & 0xff, word & 0xfffff)),
            (4, "payload of %d bytes, next header %d, hop limit %d" %
             (length, proto, hops)),
            (16, "source " + show(src)), (16, "destination " + show(dst))]

    udp_fields = [(4, "UDP ports"), (4, "length, checksum"), (4, "payload")]
    inner = ipv4_fields(packet) if tenant.version == 4 else ipv6_fields(packet)

    option = [
        (4, "next header %d, Hdr Ext Len %d, option type %02x, Opt Data Len %d" %
         tuple(got.option[:4])),
        (4, "Hops %d, VPC id %d" % (got.hops, got.vpc))]
    if got.form in ("ipv4", "full"):
        option += [(4, "overlay source " + show(tenant.src)),
                   (4, "overlay destination " + show(tenant.dst))]
    if got.form == "full":
        option += [(4, "ID, flags and fragment offset"), (4, "PadN")]
    if got.form in ("ipv6", "short"):
        option.append((16, "overlay source " + show(tenant.src)))
    if got.form == "ipv6":
        option.append((16, "overlay destination " + show(tenant.dst)))

    def render(data, fields):
        lines, at = [], 0
        for size, text in fields:
            for i in range(0, size, 8):
                part = data[at + i:at + min(size, i + 8)]
                lines.append(("    %-25s%s" % (part.hex(" "),
                                               text if i == 0 else "")).rstrip())
            at += size
        assert at == len(data), (name, at, len(data))
        return lines

    outer = ipv6_fields(fabric) + option
    outer += (inner if got.form == "whole" else []) + udp_fields
    return "\n".join(
        ["The tenant's packet::", ""] + render(packet, inner + udp_fields) +
        ["", "On the fabric::", ""] + render(fabric, outer)) + "\n"


def replace_examples(text):
    for name, packet, fabric in examples():
        begin, end = ".. example %s\n" % name, ".. end of example\n"
        head, found, rest = text.partition(begin)
        if not found or end not in rest:
            raise SystemExit("there is no example '%s'" % name)
        text = head + begin + "\n" + annotate(name, packet, fabric) + "\n" + \
            rest[rest.index(end):]
    return text


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("--check", "--update"):
        raise SystemExit("usage: vpcwire.py --check|--update FILE")
    with open(sys.argv[2], encoding="utf-8") as file:
        text = file.read()
    new = replace_examples(text)
    if sys.argv[1] == "--update":
        with open(sys.argv[2], "w", encoding="utf-8") as file:
            file.write(new)
    elif new != text:
        have, want = text.splitlines(), new.splitlines()
        for n, (a, b) in enumerate(zip(have, want), 1):
            if a != b:
                raise SystemExit("line %d: '%s' should be '%s'" % (n, a, b))
        raise SystemExit("the examples differ in length")


if __name__ == "__main__":
    main()
