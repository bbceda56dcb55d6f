#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Sizes: what fits, what is fragmented, what the sender is told, and a link
inside the fabric that is smaller than the first.

usage: mtu.py PREFIX limits|narrow|local|jumbo
"""

import errno
import json
import os
import socket
import sys

import packets
import vpcwire
from flows import (
    IP_MTU, IP_MTU_DISCOVER, IPV6_MTU, IPV6_MTU_DISCOVER, PMTUDISC_DO, PMTUDISC_DONT,
    PMTUDISC_PROBE, Wire, command, datagrams, flush_pmtu, is_overlay,
    received, transfer)
from harness import VM0, VM2, Counters, Results, audit
from vpcwire import OFFSET, Fabric, Tenant

# Router alert is copied to every fragment, a timestamp is not.
OPTIONS = (("router alert", b"\x94\4\0\0"),
           ("a timestamp", b"\x44\x0c\5\0" + bytes(8)),
           ("a timestamp and router alert", b"\x44\x0c\5\0" + bytes(8) + b"\x94\4\0\0"))

V4, V6 = ("10.0.0.10", "10.0.0.20"), ("fd00::cc:0:10", "fd00::cc:0:20")


class Talk:
    """A socket of each end, connected, that sends datagrams by the size of
    their IP packets."""

    def __init__(self, prefix, source, to, discover=PMTUDISC_DO, options=b"",
                 ends=("vm0", "vm2")):
        self.v6 = ":" in to
        self.head = (48 if self.v6 else 28) + len(options)
        self.receiver = datagrams(prefix + ends[1], to)
        self.sender = datagrams(prefix + ends[0], source)
        self.sender.settimeout(5)
        if options:
            self.sender.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, options)
        self.discover(discover)
        self.sender.connect(self.receiver.getsockname()[:2])
        self.port = self.sender.getsockname()[1]

    def discover(self, how):
        if self.v6:
            self.sender.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, how)
        else:
            self.sender.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, how)

    def mtu(self):
        """What the sender's stack believes."""
        return self.sender.getsockopt(socket.IPPROTO_IPV6, IPV6_MTU) if self.v6 else \
            self.sender.getsockopt(socket.IPPROTO_IP, IP_MTU)

    def send(self, size):
        """Send an IP packet of a size; None, or the errno."""
        self.sent = os.urandom(size - self.head)
        try:
            self.sender.send(self.sent)
        except OSError as error:
            return error.errno
        return None

    def arrives(self, timeout=2.0):
        return received(self.receiver, 1, timeout) == [self.sent]

    def passes(self, size):
        """Problems if a packet of this size does not arrive."""
        error = self.send(size)
        if error:
            return ["sending %d bytes: %s" % (size, errno.errorcode[error])]
        return [] if self.arrives() else ["%d bytes did not arrive" % size]

    def close(self):
        self.sender.close()
        self.receiver.close()


def icmp_error(frame):
    """(type, code, mtu, quote) of an ICMP error to a VM, or None."""
    if frame[12:14] not in (b"\x08\0", b"\x86\xdd"):
        return None
    packet = Tenant(frame[14:])
    data = packet.payload
    if packet.version == 4 and packet.proto == vpcwire.ICMP and data[0] in (3, 11, 12):
        valid = vpcwire.checksum(data) == 0
        found = data[0], data[1], int.from_bytes(data[6:8], "big"), data[8:]
        gateway = "169.254.1.1"
    elif packet.version == 6 and packet.proto == vpcwire.ICMPV6 and data[0] < 128:
        valid = vpcwire.transport_ok(packet.src, packet.dst, 58, data)
        found = data[0], data[1], int.from_bytes(data[4:8], "big"), data[8:]
        gateway = "fe80::1"
    else:
        return None
    return found if valid and vpcwire.show(packet.src) == gateway else \
        (-1, -1, -1, b"an error that is not valid")


def is_datagram(frame):
    """UDP over IPv4, of a VM."""
    return frame[12:14] == b"\x08\0" and frame[23] == packets.UDP


class Test:
    def __init__(self, prefix, results):
        self.prefix, self.results = prefix, results
        self.hosts = [Counters(prefix + host) for host in ("h0", "h1")]
        self.fabric = Wire(prefix + "spine", "to_h0")

    def ns(self, name):
        return self.prefix + name

    def set_mtu(self, name, mtu):
        command(self.ns(name), "ip", "link", "set", name, "mtu", str(mtu))

    def crossed(self, form=None):
        """The overlay's packets since the last call, taken apart."""
        got = [Fabric(f[14:]) for f, _ in self.fabric.frames(is_overlay, 0.02)]
        return [g for g in got if not form or g.form == form]

    def refused(self, talk, size, limit):
        """A packet that is too large, and the error about it: problems."""
        out = Wire(self.ns("vm0"), "vm0", outgoing=True)
        back = packets.Port(self.ns("vm0"), "vm0")
        talk.discover(PMTUDISC_PROBE)
        error = talk.send(size)
        if error:
            return ["sending %d bytes: %s" % (size, errno.errorcode[error])]
        problems = ["%d bytes arrived" % size] if talk.arrives(0.1) else []
        # The stack keeps the error for the next call.
        talk.sender.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        sent = [packet for frame, offload in out.frames(settle=0.02)
                for packet in packets.finish(frame, offload) if len(frame) == size + 14]
        errors = [icmp_error(f) for f, _ in iter(back.receive, None)]
        errors = [e for e in errors if e]
        want = (2, 0, limit) if talk.v6 else (3, 4, limit)
        if [e[:3] for e in errors] != [want]:
            problems.append("ICMP type, code and MTU: %s, not %s" %
                            ([e[:3] for e in errors], want))
        elif len(sent) != 1:
            problems.append("%d packets were sent" % len(sent))
        else:
            quote, packet = errors[0][3], sent[0][14:]
            # As much as fits in 576 or 1280 bytes, checksums as they were
            # when the packet came to the edge: possibly unfinished.
            length = 1280 - 48 if talk.v6 else 576 - 28
            at = (40 if talk.v6 else (packet[0] & 15) * 4) + 6
            if len(quote) != length:
                problems.append("%d bytes are quoted, not %d" % (len(quote), length))
            if quote[:at] + quote[at + 2:] != packet[:at] + packet[at + 2:len(quote)]:
                problems.append("the quote is not what was sent: " + vpcwire.difference(
                    quote, packet[:len(quote)]))
        return problems

    def limits(self):
        mtu = int(command(self.ns("h0"), "cat", "/sys/class/net/eth0/mtu"))
        for name in ("vm0", "vm2"):
            self.set_mtu(name, mtu)
        for name, (source, to), overhead, options in (
                ("IPv4", V4, 36, b""), ("IPv6", V6, 40, b""),
                *(("IPv4 with " + what, V4, 48, o) for what, o in OPTIONS)):
            limit = mtu - overhead
            talk = Talk(self.prefix, source, to, PMTUDISC_PROBE, options)
            self.results.point("%s of %d bytes fits" % (name, limit), talk.passes(limit))
            self.results.point("%s of %d bytes is refused" % (name, limit + 1),
                               self.refused(talk, limit + 1, limit))
            # The VM's stack has understood.
            talk.discover(PMTUDISC_DO)
            problems = talk.passes(limit)
            if talk.mtu() != limit:
                problems.append("its path MTU is %d" % talk.mtu())
            if talk.send(limit + 1) != errno.EMSGSIZE:
                problems.append("one byte more is not refused by the VM itself")
            self.results.point("%s: the VM knows the limit" % name, problems)
            talk.close()
            for family in "-4", "-6":
                command(self.ns("vm0"), "ip", family, "route", "flush", "cache")
        self.fragments(mtu)
        self.results.point("the counters add up", audit(*self.hosts))

    def fragments(self, mtu):
        """IPv4 without DF."""
        for name, options in (("IPv4", b""), *(("IPv4 with " + w, o) for w, o in OPTIONS)):
            limit = mtu - (48 if options else 44)
            form = "whole" if options else "full"
            talk = Talk(self.prefix, *V4, PMTUDISC_DONT, options)
            for size, count in ((limit, 1), (limit + 1, 2), (mtu, 2)):
                self.crossed()
                self.hosts[0].mark()
                problems = talk.passes(size)
                sent = self.crossed(form)
                if len(sent) != count:
                    problems.append("%d packets on the fabric" % len(sent))
                made = self.hosts[0].delta().get("made_fragment", 0)
                if made != (count if count > 1 else 0):
                    problems.append("made_fragment is %d" % made)
                heads = [Tenant(s.tenant) for s in sent]
                if len({h.ident for h in heads}) != 1:
                    problems.append("the fragments' IDs differ")
                if any(40 + len(s.option) + len(s.payload) > mtu for s in sent):
                    problems.append("a fragment is too large for the fabric")
                for head in heads[1:] if options else ():
                    problems += self.later_options(head, options)
                self.results.point("%s of %d bytes without DF arrives in %d" %
                                   (name, size, count), problems)
            # The VM's own fragments: 8000 bytes of whatever it likes.
            problems = talk.passes(8000)
            self.results.point("%s, fragmented by the VM, arrives" % name, problems)
            talk.close()

    def later_options(self, head, options):
        """Later fragments have the options that are to be copied, and nothing
        in place of the others (RFC 791)."""
        have = head.packet[20:head.hlen]
        if not head.frag & OFFSET:
            return ["the second fragment has offset 0"]
        if b"\x94\4" in options and b"\x94\4\0\0" not in have:
            return ["the option to be copied is missing: " + have.hex()]
        if b"\x44" in have:
            return ["an option is copied that must not be: " + have.hex()]
        return []

    def trace_mtu(self, host, source, to):
        """The limit in "vpc trace", which is that of the datapath."""
        text = command(self.ns(host), "vpc", "-j", "trace", "1000", "from", source, "to", to)
        return [s["mtu"] for s in json.loads(text)["steps"] if s["step"] == "route"][0]

    def narrow(self):
        """The spine's link to h1 carries 1400 bytes; the one to h2 1500."""
        mtu = 1400
        for name in ("vm0", "vm2", "vm3"):
            self.set_mtu(name, 1500)
        for name, (source, to), overhead, other in (
                ("IPv4", V4, 36, "10.0.0.30"), ("IPv6", V6, 40, "fd00::cc:0:30")):
            flush_pmtu(self.ns("h0"))
            self.hosts[0].mark()
            limit = mtu - overhead
            talk = Talk(self.prefix, source, to, PMTUDISC_PROBE)
            problems = talk.passes(limit)
            if self.trace_mtu("h0", source, to) != 1500 - overhead:
                problems.append("the trace says %d" % self.trace_mtu("h0", source, to))
            self.results.point("%s of %d bytes fits through the fabric" % (name, limit),
                               problems)

            # The first is lost, but the fabric's router says so.
            problems = ["it arrived"] if not talk.send(limit + 1) and talk.arrives(0.3) else []
            delta = self.hosts[0].delta()
            if delta.get("used_error") != 1 or "made_error" in delta:
                problems.append("h0 counted %s" % delta)
            if self.trace_mtu("h0", source, to) != limit:
                problems.append("the trace says %d" % self.trace_mtu("h0", source, to))
            self.results.point("%s: \"packet too big\" of the fabric lowers the MTU" % name,
                               problems)
            self.results.point("%s: the sender learns it at its next packet" % name,
                               self.refused(talk, limit + 1, limit))
            talk.discover(PMTUDISC_DO)
            problems = talk.passes(limit)
            if talk.mtu() != limit:
                problems.append("its path MTU is %d" % talk.mtu())
            self.results.point("%s: the VM knows the limit of %d" % (name, limit), problems)
            talk.close()

            # Another host's SID is not concerned.
            talk = Talk(self.prefix, source, other, PMTUDISC_PROBE, ends=("vm0", "vm3"))
            problems = talk.passes(1500 - overhead)
            if self.trace_mtu("h0", source, other) != 1500 - overhead:
                problems.append("the trace says %d" % self.trace_mtu("h0", source, other))
            self.results.point("%s: other destinations keep their MTU" % name, problems)
            talk.close()

        # Without DF, the edge fragments for the narrow link.
        flush_pmtu(self.ns("h0"))
        talk = Talk(self.prefix, *V4, PMTUDISC_DONT)
        talk.send(1456)
        talk.arrives(0.3)
        self.crossed()
        problems = talk.passes(mtu - 44)
        one = len(self.crossed("full"))
        problems += talk.passes(mtu - 43)
        two = len(self.crossed("full"))
        if (one, two) != (1, 2):
            problems.append("in %d and %d packets" % (one, two))
        self.results.point("without DF, the edge fragments for the narrow link", problems)
        talk.close()

        data = os.urandom(1 << 20)
        for name, (source, to) in (("IPv4", V4), ("IPv6", V6)):
            for namespace in ("h0", "vm0"):
                flush_pmtu(self.ns(namespace))
                command(self.ns(namespace), "ip", "-4", "route", "flush", "cache")
            self.hosts[0].mark()
            problems = transfer(self.ns("vm0"), self.ns("vm2"), to, data)
            delta = self.hosts[0].delta()
            if not delta.get("used_error") or not delta.get("too_big"):
                problems.append("nothing was too large: %s" % delta)
            self.results.point("%s TCP recovers from the narrow link" % name, problems)
        self.results.point("the counters add up", audit(*self.hosts))

    def local(self):
        """VMs of one host, of which the receiver has a smaller MTU."""
        limit, ends = 1300, ("vm0", "vm4")
        self.set_mtu("vm0", 1500)
        self.set_mtu("vm4", limit)
        for name, (source, to) in (("IPv4", (V4[0], "10.0.0.40")),
                                   ("IPv6", (V6[0], "fd00::cc:0:40"))):
            talk = Talk(self.prefix, source, to, PMTUDISC_PROBE, ends=ends)
            self.results.point("%s of %d bytes fits the other VM" % (name, limit),
                               talk.passes(limit))
            self.results.point("%s of %d bytes is refused" % (name, limit + 1),
                               self.refused(talk, limit + 1, limit))
            talk.close()
        # The VM is to forget what it has been told.
        command(self.ns("vm0"), "ip", "-4", "route", "flush", "cache")
        for name, options in (("IPv4", b""), ("IPv4 with options", OPTIONS[2][1])):
            talk = Talk(self.prefix, V4[0], "10.0.0.40", PMTUDISC_DONT, options, ends)
            for size, count in ((limit, 0), (limit + 1, 2), (1500, 2)):
                self.hosts[0].mark()
                into = Wire(self.ns("vm4"), "vm4")
                problems = talk.passes(size)
                heads = [Tenant(f[14:]) for f, _ in into.frames(is_datagram, 0.02)]
                if any(len(h.packet) > limit for h in heads):
                    problems.append("sizes %s" % [len(h.packet) for h in heads])
                for head in heads[1:] if options else ():
                    problems += self.later_options(head, options)
                delta = self.hosts[0].delta()
                if delta.get("made_fragment", 0) != count or len(heads) != (count or 1):
                    problems.append("%d packets, %s" % (len(heads), delta))
                self.results.point("%s of %d bytes without DF arrives in %d" %
                                   (name, size, count or 1), problems)
            talk.close()
        self.results.point("the counters add up", audit(*self.hosts))

    def damaged_options(self):
        """Options that don't end where their header does: what comes behind it is not the
        edge's to blank. Here that is what the kernel knows of the packet, since the first
        buffer holds the headers only."""
        vm0 = packets.Port(self.ns("vm0"), "vm0")
        self.set_mtu("vm0", 9000)
        for name, options in (("is longer than its header", b"\x07\xff\4\0"),
                              ("has no length", b"\x07\0\4\0"),
                              ("is cut before its length", b"\1\1\1\x07")):
            data = packets.udp(VM0.v4, VM2.v4, packets.text(8968))
            self.crossed()
            packet = packets.ipv4(VM0.v4, VM2.v4, packets.UDP, data, frag=0, options=options)
            vm0.send(packets.ip_frame(VM0.mac, packet), packets.Offload(flags=0, hlen=14 + 24))
            sent = [Tenant(s.tenant) for s in self.crossed("whole")]
            problems = []
            if len(sent) != 2 or any(head.hlen != 24 for head in sent):
                problems.append("%d packets, headers of %s" % (
                    len(sent), [head.hlen for head in sent]))
            if b"".join(head.payload for head in sent) != data:
                problems.append("the data differs")
            self.results.point("fragmented, with an option that " + name, problems)

    def jumbo(self):
        """A fabric of 9000: large frames, not only large packets."""
        data = os.urandom(4 << 20)
        for name, (source, to) in (("IPv4", V4), ("IPv6", V6)):
            talk = Talk(self.prefix, source, to)
            self.crossed()
            problems = talk.passes(talk.mtu())
            sizes = [len(s.payload) for s in self.crossed()]
            if not 8500 < talk.mtu() < 9000 or max(sizes, default=0) < 8500:
                problems.append("MTU %d, on the fabric %s" % (talk.mtu(), sizes))
            talk.close()
            self.results.point("%s datagrams of 8800 bytes arrive in one piece" % name, problems)
            for segments in ("on", "off"):
                command(self.ns("vm0"), "ethtool", "-K", "vm0", "tso", segments,
                        "gso", segments)
                problems = transfer(self.ns("vm0"), self.ns("vm2"), to, data)
                sizes = [len(s.payload) for s in self.crossed()]
                if max(sizes) < 8500 or segments == "off" and max(sizes) > 8843:
                    problems.append("the largest on the fabric has %d bytes" % max(sizes))
                self.results.point("%s TCP in jumbo frames, segmentation offload %s" %
                                   (name, segments), problems)
        self.damaged_options()
        self.results.point("the counters add up", audit(*self.hosts))


def main():
    prefix, which = sys.argv[1], sys.argv[2]
    results = Results()
    getattr(Test(prefix, results), which)()
    results.end()


if __name__ == "__main__":
    main()
