#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""ICMP errors: what the edge tells a VM, what it makes of the fabric's errors,
and what it does not believe.

usage: icmp_errors.py PREFIX
"""

import json
import struct
import sys
import time

import packets
import vpcwire
from flows import Wire, command, flush_pmtu
from harness import HOST_MACS, SPINE_MACS, VM0, VM1, VM2, VMGTW, Counters, Results, audit
from packets import EDGE_MAC, ETH_IPV6, Port, ethernet, ip_frame
from vpcwire import ICMP, ICMPV6, MF, NONE, TCP, UDP, Tenant, ip4, ip6

ROUTER = ip6("fd00:f::1")

NO_ROUTE, PROHIBITED, BEYOND_SCOPE, UNREACHABLE = range(4)


def tenant_packets(to4=VM2.v4, to6=VM2.v6):
    """(name, packet, form) for each form that an error of the fabric may quote."""
    a4, a6, data = VM0.v4, VM0.v6, packets.text(64)
    yield "tcp4", packets.ipv4(a4, to4, TCP, packets.tcp(a4, to4, data), ident=0), "ipv4"
    yield "udp4", packets.ipv4(a4, to4, UDP, packets.udp(a4, to4, data), ident=0,
                               tos=0xb8, ttl=9), "ipv4"
    yield "udp4 without DF", packets.ipv4(
        a4, to4, UDP, packets.udp(a4, to4, data), frag=0), "full"
    yield "a first fragment", packets.ipv4(
        a4, to4, UDP, packets.udp(a4, to4, data)[:40], frag=MF), "full"
    yield "icmp echo", packets.ipv4(a4, to4, ICMP, packets.icmp(data), ident=0), "ipv4"
    yield "udp4 with options", packets.ipv4(
        a4, to4, UDP, packets.udp(a4, to4, data), options=b"\x94\4\0\0"), "whole"
    yield "udp4 of 1300 bytes", packets.ipv4(
        a4, to4, UDP, packets.udp(a4, to4, packets.text(1272)), ident=0), "ipv4"
    yield "tcp6", packets.ipv6(a6, to6, TCP, packets.tcp(a6, to6, data), label=7), "ipv6"
    yield "udp6", packets.ipv6(a6, to6, UDP, packets.udp(a6, to6, data), label=7,
                               hop_limit=3), "ipv6"
    yield "icmp6 echo", packets.ipv6(a6, to6, ICMPV6, packets.icmpv6(a6, to6, data),
                                     label=7), "ipv6"
    yield "udp6 with an extension header", packets.ipv6(
        a6, to6, vpcwire.DSTOPTS, packets.extension(UDP, b"\1\4\0\0\0\0") +
        packets.udp(a6, to6, data), label=7), "whole"
    yield "udp6 of 1300 bytes", packets.ipv6(
        a6, to6, UDP, packets.udp(a6, to6, packets.text(1252)), label=7), "ipv6"


def is_answer(frame):
    return frame[12:14] in (b"\x08\0", b"\x86\xdd") and not packets.is_advertisement(frame)


class Test:
    def __init__(self, prefix, results):
        self.prefix, self.results = prefix, results
        self.vm = Port(prefix + "vm0", "vm0")
        self.peer = Port(prefix + "vm2", "vm2")
        self.spine = Wire(prefix + "spine", "to_h0")
        self.h0, self.h1 = (Counters(prefix + host) for host in ("h0", "h1"))
        for host in (self.h0, self.h1):
            host.settle()

    def ns(self, name):
        return self.prefix + name

    def ip(self, name, *words, check=True):
        return command(self.ns(name), "ip", *words, check=check)

    def send(self, packet):
        self.vm.send(ip_frame(VM0.mac, packet))

    def judge(self, packet, want, timeout=2.0):
        """Problems with the one error about a packet, (type, code) for IPv4
        and IPv6, that the VM has got."""
        got = self.vm.packets(is_answer, 1, timeout)
        if len(got) != (1 if want else 0):
            return ["%d answers" % len(got)]
        if not want:
            return []
        if got[0][:12] != VM0.mac + EDGE_MAC:
            return ["the answer's MACs are " + got[0][:12].hex()]
        answer, sent = Tenant(got[0][14:]), Tenant(packet)
        data = answer.payload
        if sent.version == 4:
            proto, gateway, most = ICMP, "169.254.1.1", 576 - 28
            valid = vpcwire.checksum(data) == 0
        else:
            proto, gateway, most = ICMPV6, "fe80::1", 1280 - 48
            valid = vpcwire.transport_ok(answer.src, answer.dst, ICMPV6, data)
        problems = []
        if answer.proto != proto or not valid:
            problems.append("it is no valid ICMP")
        if (data[0], data[1]) != want[sent.version == 6]:
            problems.append("type and code are %d, %d" % (data[0], data[1]))
        if vpcwire.show(answer.src) != gateway or answer.dst != sent.src:
            problems.append("it goes from %s to %s" % (vpcwire.show(answer.src),
                                                       vpcwire.show(answer.dst)))
        if data[4:8] != bytes(4):
            problems.append("the unused field is " + data[4:8].hex())
        # Of a fabric error, what the fabric quoted is all there is.
        quote, least = data[8:], min(len(packet), most) if self.own else \
            min(len(packet), most, 1000)
        if quote != packet[:len(quote)]:
            problems.append("the quote: " + vpcwire.difference(quote, packet[:len(quote)]))
        if len(quote) < least:
            problems.append("%d bytes are quoted" % len(quote))
        return problems

    own = True

    def about(self, packet, want, counted, timeout=2.0):
        """Send a packet, expect an error and what h0 counts."""
        self.vm.drain()
        self.h0.mark()
        self.send(packet)
        problems = self.judge(packet, want, timeout)
        delta = self.h0.wait(lambda delta: delta == counted)
        if delta != counted:
            problems.append("h0 counted %s, not %s" % (delta, counted))
        return problems

    # What the edge itself says.

    HOST, FILTERED = ((3, 1), (1, 3)), ((3, 13), (1, 1))

    def no_route(self):
        nowhere = ip4("10.0.99.1"), ip6("fd00::cc:99:1")
        for name, packet, _ in tenant_packets(*nowhere):
            self.results.point("no route for %s: host unreachable" % name, self.about(
                packet, self.HOST,
                {"from_vm": 1, "no_route": 1, "made_error": 1, "to_vm": 1}))
        quiet = {"from_vm": 1, "no_route": 1}
        inside = packets.ipv4(nowhere[0], VM0.v4, UDP, packets.udp(nowhere[0], VM0.v4))
        for name, packet in (
                ("an error", packets.ipv4(VM0.v4, nowhere[0], ICMP,
                                          packets.icmp(inside, 3, 3))),
                ("an error of IPv6", packets.ipv6(
                    VM0.v6, nowhere[1], ICMPV6,
                    packets.icmpv6(VM0.v6, nowhere[1], packets.ipv6(
                        nowhere[1], VM0.v6, NONE, b""), 1, 4, word=0))),
                ("a later fragment", packets.ipv4(VM0.v4, nowhere[0], UDP,
                                                  packets.text(64), frag=100))):
            self.results.point("no error about " + name,
                               self.about(packet, None, quiet, 0.2))

        # Many at once: they are counted, and answered at a limited rate.
        packet = next(tenant_packets(*nowhere))[1]
        self.vm.drain()
        self.h0.mark()
        begin = time.monotonic()
        while time.monotonic() < begin + 0.5:
            for _ in range(20):
                self.send(packet)
        count = self.h0.delta().get("from_vm", 0)
        passed = time.monotonic() - begin
        answers = len(self.vm.packets(is_answer, count, 0.5))
        delta = self.h0.delta()
        problems = []
        if delta.get("no_route") != count:
            problems.append("h0 counted %s of %d" % (delta, count))
        if delta.get("made_error", 0) > 2 * (100 + 1000 * passed):
            problems.append("%d errors about %d packets in %.2f s" %
                            (delta["made_error"], count, passed))
        if delta.get("made_error", 0) != delta.get("to_vm", 0) or answers < 100:
            problems.append("%d answers, %s" % (answers, delta))
        print("diag %d packets, %d errors in %.2f s" %
              (count, delta.get("made_error", 0), passed))
        if count < 3000 * passed:
            self.results.skip("errors are rate-limited", "this machine is too slow")
        else:
            self.results.point("errors are rate-limited", problems)
        time.sleep(0.3)

    # What the fabric says.

    def fabric(self):
        self.own = False
        lost = {"from_vm": 1, "to_fabric": 1, "from_fabric": 1, "used_error": 1,
                "made_error": 1, "to_vm": 1}
        route = ("fd00::1:0/112", "via", "fd00:f:0:1::2")
        for what, kind, want in (("the fabric has no route", "unreachable", self.HOST),
                                 ("the fabric prohibits it", "prohibit", self.FILTERED)):
            self.ip("spine", "-6", "route", "replace", kind, "fd00::1:0/112")
            self.ip("spine", "-6", "route", "del", *route, check=False)
            for name, packet, _ in tenant_packets():
                self.results.point("%s, %s" % (what, name), self.about(packet, want, lost))
            self.ip("spine", "-6", "route", "del", kind, "fd00::1:0/112")
            self.ip("spine", "-6", "route", "add", *route)

        self.ip("h0", "-6", "route", "replace", "fd00::1:0/112", "via", "fd00:f::1",
                "hoplimit", "1")
        for name, packet, _ in tenant_packets():
            self.results.point("the hop limit ends in the fabric, " + name,
                               self.about(packet, self.HOST, lost))
        self.ip("h0", "-6", "route", "del", "fd00::1:0/112")

        # Nobody answers on the last link.
        command(self.ns("spine"), "sysctl", "-qw", "net.ipv6.neigh.to_h1.mcast_solicit=1",
                "net.ipv6.neigh.to_h1.retrans_time_ms=100")
        self.ip("spine", "-6", "route", "replace", "fd00::1:0/112", "via", "fd00:f:0:1::99")
        for name, packet, _ in list(tenant_packets())[::4]:
            self.results.point("no neighbour on the last link, " + name,
                               self.about(packet, self.HOST, lost, 5.0))
        self.ip("spine", "-6", "route", "replace", *route)
        # Nor on the first: then the host itself says so.
        command(self.ns("h0"), "sysctl", "-qw", "net.ipv6.neigh.eth0.mcast_solicit=1",
                "net.ipv6.neigh.eth0.retrans_time_ms=100")
        self.ip("h0", "-6", "route", "add", "fd00::1:0/112", "via", "fd00:f::99")
        lost["from_host"] = lost.pop("from_fabric")
        for name, packet, _ in list(tenant_packets())[::4]:
            self.results.point("no neighbour on the first link, " + name,
                               self.about(packet, self.HOST, lost, 5.0))
        self.ip("h0", "-6", "route", "del", "fd00::1:0/112")

        # No route of the host's own.
        self.own = True
        self.ip("h0", "-6", "route", "add", "unreachable", "fd00::1:0/112")
        for name, packet, _ in list(tenant_packets())[::4]:
            self.results.point("the host has no route, " + name, self.about(
                packet, self.HOST,
                {"from_vm": 1, "fabric_route": 1, "made_error": 1, "to_vm": 1}))
        self.ip("h0", "-6", "route", "del", "unreachable", "fd00::1:0/112")

    # What is not believed.

    def mtu(self):
        text = command(self.ns("h0"), "vpc", "-j", "trace", "1000",
                       "from", "10.0.0.10", "to", "10.0.0.20")
        return [s["mtu"] for s in json.loads(text)["steps"] if s["step"] == "route"][0]

    def error(self, quote, kind=2, code=0, word=1400, to=VM0.sid, check=None):
        data = struct.pack("!BBHI", kind, code, 0, word) + quote
        data = packets.set_checksum(data, ICMPV6, ROUTER, to, check)
        return ethernet(HOST_MACS["h0"], SPINE_MACS["h0"], ETH_IPV6,
                        vpcwire.ipv6_header(ROUTER, to, ICMPV6, len(data)) + data)

    def quotes(self):
        """(name, frame, reason): errors of all kinds that are not about what
        the VM can have sent."""
        a, b = VM0, VM2
        good = packets.ipv4(a.v4, b.v4, UDP, packets.udp(a.v4, b.v4, packets.text(100)))

        def quoted(packet=good, vpc=1000, src=a.sid, dst=b.sid, **more):
            return vpcwire.encode(packet, vpc, src, dst, **more)

        def from_to(src, dst):
            return packets.ipv4(src, dst, UDP, packets.udp(src, dst, packets.text(100)))

        bad = "bad_quote"
        whole = packets.ipv4(a.v4, ip4("10.0.0.77"), UDP, packets.text(40),
                             options=b"\x94\4\0\0")
        yield "from another SID", self.error(quoted(src=VMGTW.sid)), bad
        yield "from a SID of another host", self.error(quoted(src=VM2.sid, dst=VM0.sid)), bad
        yield "to another SID", self.error(quoted(dst=VM1.sid)), bad
        yield "to a SID that nobody has", self.error(quoted(dst=ip6("fd00::1:99"))), bad
        yield "of another VPC", self.error(quoted(vpc=1001)), bad
        yield "of VPC 0", self.error(quoted(vpc=0)), bad
        yield "from an address that the VM does not have", \
            self.error(quoted(from_to(VMGTW.v4, b.v4))), bad
        yield "to an address that nobody has", \
            self.error(quoted(from_to(a.v4, ip4("10.0.0.77")))), bad
        yield "to an address of another SID", self.error(quoted(from_to(a.v4, VMGTW.v4))), bad
        yield "in the whole form, to nobody", self.error(quoted(whole)), bad
        yield "of another option type", self.error(quoted(option_type=0x9e)), bad
        yield "cut in the addresses", self.error(quoted()[:54]), bad
        yield "cut in the IPv6 header", self.error(quoted()[:30]), bad
        # The rest of the frame is no part of the packet, but lies behind it in memory.
        for size in (30, 54):
            yield "cut after %d bytes, the rest behind the packet" % size, \
                self.error(quoted()[:size]) + quoted()[size:], bad
        yield "without a quote", self.error(b""), bad
        yield "about a packet of the underlay", self.error(vpcwire.ipv6_header(
            a.sid, b.sid, UDP, 40) + packets.text(40)), bad
        yield "to the wrong VM", self.error(quoted(), to=VMGTW.sid), bad
        yield "with a wrong checksum", self.error(quoted(), check=0x1234), "bad_header"
        for what, kind, code in (("unreachable", 1, 0), ("time exceeded", 3, 0),
                                 ("parameter problem", 4, 2)):
            yield what + " from another SID", \
                self.error(quoted(src=VMGTW.sid), kind, code, 0), bad

    def forged(self):
        flush_pmtu(self.ns("h0"))
        begin = self.mtu()
        for name, frame, reason in self.quotes():
            self.vm.drain()
            self.h0.mark()
            self.spine.send(frame)
            want = {"from_fabric": 1, reason: 1}
            delta = self.h0.wait(lambda delta, want=want: delta == want, 1.0)
            problems = [] if delta == want else ["h0 counted %s" % delta]
            if self.vm.packets(is_answer, 0):
                problems.append("the VM has got something")
            if self.mtu() != begin:
                problems.append("the MTU is %d now" % self.mtu())
            self.results.point("a forged error, %s: %s" % (name, reason), problems)

        # A host that the fabric reaches at another address takes errors for it.
        self.h0.mark()
        good = packets.ipv4(VM0.v4, VM2.v4, UDP, packets.udp(VM0.v4, VM2.v4, b"x" * 9))
        quote = vpcwire.encode(good, 1000, VM0.sid, VM2.sid)
        self.spine.send(self.error(quote, to=ip6("fd00:f::2")))
        self.spine.send(self.error(quote, to=ip6("fd00::99")))
        delta = self.h0.wait(lambda delta: False, 0.3)
        problems = ["h0 counted %s" % delta] if delta else []
        if self.mtu() != begin:
            problems.append("the MTU is %d now" % self.mtu())
        self.results.point("an error to no SID is not the overlay's", problems)

        # The same without a lie.
        self.h0.mark()
        self.spine.send(self.error(quote))
        delta = self.h0.wait(lambda delta: "used_error" in delta)
        problems = [] if delta == {"from_fabric": 1, "used_error": 1} else \
            ["h0 counted %s" % delta]
        if self.mtu() != 1343 or begin != 1343:
            problems.append("the MTU is %d, and was %d" % (self.mtu(), begin))
        self.ip("vm0", "link", "set", "vm0", "mtu", "1500")
        if self.mtu() != 1364:
            problems.append("the MTU is %d" % self.mtu())
        self.results.point("an error that is true is believed", problems)
        # One that would raise it is not.
        self.spine.send(self.error(quote, word=1450))
        self.h0.wait(lambda delta: False, 0.2)
        self.results.point("an error does not raise the MTU",
                           ["it is %d" % self.mtu()] if self.mtu() != 1364 else [])
        # One that would leave VMs less than IPv6 must have is believed that far.
        self.spine.send(self.error(quote, word=1280))
        self.h0.wait(lambda delta: False, 0.2)
        self.results.point("an error leaves VMs 1280 bytes",
                           ["the MTU is %d" % self.mtu()] if self.mtu() != 1328 - 36 else [])
        flush_pmtu(self.ns("h0"))
        self.ip("vm0", "link", "set", "vm0", "mtu", "1343")

    def by_the_host(self):
        """A VM makes the host forward its error to a SID, by a device that the host itself
        uses: what is believed from the host is what it says itself."""
        flush_pmtu(self.ns("h0"))
        begin, sid = self.mtu(), "fd00::12"
        for words in (("vpc", "vpc", "add", "1000", "gw@vpc2_0", sid, "02:00:00:00:00:12",
                       "-4", "10.0.0.12"),
                      ("ip", "link", "set", "gw", "up"),
                      ("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1"),
                      ("vpc", "route", "add", "1000", "fd00::10/124", "via", sid)):
            command(self.ns("h0"), *words)
        self.h0.settle()
        quote = vpcwire.encode(packets.ipv4(VMGTW.v4, VM2.v4, UDP, packets.udp(
            VMGTW.v4, VM2.v4, b"x" * 9)), 1000, VMGTW.sid, VM2.sid)
        data = struct.pack("!BBHI", 2, 0, 0, 1330) + quote
        data = packets.set_checksum(data, ICMPV6, VM0.v6, VMGTW.sid)
        self.h0.mark()
        self.send(packets.ipv6(VM0.v6, VMGTW.sid, ICMPV6, data))
        delta = self.h0.wait(lambda delta: "from_host" in delta)
        # The device itself may say something, which is another VM's.
        problems = [] if delta.get("from_host") == delta.get("not_fabric") == 1 and \
            "used_error" not in delta else ["h0 counted %s" % delta]
        if self.mtu() != begin:
            problems.append("the MTU is %d" % self.mtu())
        self.results.point("an error that the host forwards is not the fabric's", problems)
        for words in (("vpc", "route", "del", "1000", "fd00::10/124", "now"),
                      ("sysctl", "-qw", "net.ipv6.conf.all.forwarding=0"),
                      ("vpc", "vpc", "del", "1000", sid, "now")):
            command(self.ns("h0"), *words)


def main():
    prefix = sys.argv[1]
    results = Results()
    test = Test(prefix, results)
    test.no_route()
    test.fabric()
    test.forged()
    test.by_the_host()
    results.point("the counters add up", audit(test.h0, test.h1))
    results.end()


if __name__ == "__main__":
    main()
