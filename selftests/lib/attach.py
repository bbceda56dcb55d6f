#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""An endpoint device that carries a VM: what the VM sends and gets is the
same, whatever is between the two.

usage: attach.py PREFIX kernel [BRIDGE]     the VM is namespace vm0
       attach.py PREFIX tun BRIDGE          this program is the VM
       attach.py PREFIX macvtap DEVICE
"""

import fcntl
import os
import select
import socket
import struct
import sys
import tempfile
import time

import vpcwire
from flows import (
    IP_MTU_DISCOVER, PMTUDISC_DO, SOL_UDP, UDP_SEGMENT, Wire, checksum_problem, command,
    datagrams, inside, is_overlay, received, router_loses_gso, transfer)
from harness import VM0, VM1, VM2, VMGTW, Counters, Results, audit
from packets import (
    EDGE_MAC, ETH_ARP, ETH_IP, ETH_VLAN, Kind, Offload, Port, ethernet, finish, icmpv6,
    ip_frame, ipv4, ipv6, mac, seed, tcp, text, udp, uncounted)
from vpcwire import ICMPV6, TCP, UDP, Tenant, arrival, encode, ip4, ip6, transport_ok

BROADCAST = b"\xff" * 6
MTU = 1343
FAMILIES = (("IPv4", "10.0.0.10", "10.0.0.20"),
            ("IPv6", "fd00::cc:0:10", "fd00::cc:0:20"))

TUNSETIFF, TUNSETOFFLOAD = 0x400454ca, 0x400454d0
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x0002, 0x1000, 0x4000
TUN_F_CSUM, TUN_F_TSO4, TUN_F_TSO6 = 1, 2, 4


class Tap:
    """The file that stands for a VM's NIC, as an emulator uses it."""

    def __init__(self, path, name, netns):
        with inside(netns):
            self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(self.fd, TUNSETIFF, struct.pack(
                "16sH22x", name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))

    def offload(self, flags):
        fcntl.ioctl(self.fd, TUNSETOFFLOAD, flags)

    def send(self, frame, offload=None):
        header = offload.pack() if offload else bytes(Offload.SIZE)
        os.write(self.fd, header + frame)

    def receive(self, timeout=0.0):
        if not select.select([self.fd], [], [], max(0, timeout))[0]:
            return None
        data = os.read(self.fd, 1 << 17)
        return data[Offload.SIZE:], Offload.unpack(data[:Offload.SIZE])

    def first(self, wanted, timeout=3.0):
        """The first frame that is wanted, or None."""
        deadline = time.monotonic() + timeout
        while got := self.receive(deadline - time.monotonic()):
            if wanted(got[0]):
                return got
        return None

    def drain(self):
        while self.receive():
            pass


def arp(sender=VM0.mac, sender_ip=VM0.v4, target=ip4("169.254.1.1"), src=VM0.mac):
    return ethernet(BROADCAST, src, ETH_ARP, struct.pack("!HHBBH", 1, ETH_IP, 6, 4, 1) +
                    sender + sender_ip + bytes(6) + target)


def datagram(src, dst, **fields):
    build = ipv4 if len(src) == 4 else ipv6
    return build(src, dst, UDP, udp(src, dst, text(30)), **fields)


def forged():
    """Name, a frame that the VM may not send, and what h0 counts."""
    def drop(reason):
        return {"from_vm": 1, reason: 1}

    four, six = datagram(VM0.v4, VM2.v4), datagram(VM0.v6, VM2.v6)
    for name, source in (("of nobody", mac("02:99:00:00:00:01")),
                         ("of another VM", VMGTW.mac)):
        yield "IPv4 from the MAC " + name, ip_frame(source, four), drop("src_mac")
        yield "IPv6 from the MAC " + name, ip_frame(source, six), drop("src_mac")
        yield "ARP from the MAC " + name, arp(src=source), drop("src_mac")
        yield "ARP that tells the MAC " + name, arp(sender=source), drop("src_mac")
    yield "ARP that tells a foreign address", arp(sender_ip=VMGTW.v4), drop("src_addr")
    yield "IPv4 from a foreign address", ip_frame(VM0.mac, datagram(VMGTW.v4, VM2.v4)), \
        drop("src_addr")
    yield "IPv6 from a foreign address", ip_frame(VM0.mac, datagram(VMGTW.v6, VM2.v6)), \
        drop("src_addr")
    yield "IPv6 from its SID", ip_frame(VM0.mac, datagram(VM0.sid, VM2.v6)), drop("src_addr")
    refused = {"from_vm": 1, "no_route": 1, "made_error": 1, "to_vm": 1}
    yield "IPv4 to another VPC", ip_frame(VM0.mac, datagram(VM0.v4, VM1.v4)), refused
    yield "IPv6 to another VPC", ip_frame(VM0.mac, datagram(VM0.v6, VM1.v6)), refused
    yield ("a VLAN tag", ethernet(EDGE_MAC, VM0.mac, ETH_VLAN,
                                  struct.pack("!HH", 5, ETH_IP) + four), drop("vlan"))
    yield ("IPv4 multicast", ip_frame(VM0.mac, datagram(VM0.v4, ip4("239.1.1.1")),
                                      mac("01:00:5e:01:01:01")), drop("multicast"))
    yield ("another protocol than IP", ethernet(BROADCAST, VM0.mac, 0x88b5, text(50)),
           drop("not_ip"))


def from_vm(frame):
    """A frame that forged() makes, and nothing that other VMs get anyway."""
    return text(30) in frame or frame[12:22] == arp()[12:22]


class Test:
    def __init__(self, prefix, results):
        self.prefix, self.results = prefix, results
        self.hosts = [Counters(prefix + host) for host in ("h0", "h1")]
        self.data = os.urandom(1 << 19)
        self.loses_gso = router_loses_gso(prefix)

    def ns(self, name):
        return self.prefix + name

    def fabric(self):
        return Wire(self.ns("spine"), "to_h0")

    # With the VM's kernel.

    def streams(self, name, here, there):
        for way, client, server, to in (("to", "vm0", "vm2", there),
                                        ("from", "vm2", "vm0", here),
                                        ("on its host, to", "vm0", "vmgtw", None)):
            to = to or ("10.0.0.11" if name == "IPv4" else "fd00::cc:0:11")
            fabric = self.fabric()
            problems = transfer(self.ns(client), self.ns(server), to, self.data)
            got = [(f, o) for f, o in fabric.frames(is_overlay) if f[54] == TCP]
            fabric.socket.close()
            problems += sorted({checksum_problem(f, o) for f, o in got} - {None})
            longest = max((len(f) for f, _ in got), default=0)
            if way == "to" and longest < 5000 and not self.loses_gso:
                problems.append("it was cut before the fabric")
            if way.startswith("on") and got:
                problems.append("it went to the fabric")
            self.results.point("%s TCP %s the other" % (name, way), problems)

    def datagrams(self, name, here, there):
        problems = []
        ends = {"vm0": datagrams(self.ns("vm0"), here), "vm2": datagrams(self.ns("vm2"), there)}
        head = 28 if name == "IPv4" else 48
        if name == "IPv4":
            for end in ends.values():
                end.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DO)
        for source, target in (("vm0", "vm2"), ("vm2", "vm0")):
            for size in (0, 1, 1000, MTU - head):
                ends[source].sendto(self.data[:size], ends[target].getsockname()[:2])
                if received(ends[target], 1, 3.0) != [self.data[:size]]:
                    problems.append("%d bytes from %s did not arrive" % (size, source))
        self.results.point("%s UDP, both ways" % name, problems)
        ends["vm0"].setsockopt(SOL_UDP, UDP_SEGMENT, struct.pack("=i", 1200))
        ends["vm0"].sendto(self.data[:12000], ends["vm2"].getsockname()[:2])
        want = [self.data[i:i + 1200] for i in range(0, 12000, 1200)]
        got = received(ends["vm2"], len(want), 3.0)
        self.results.point("%s UDP in segments" % name, [] if got == want else
                           ["%d datagrams arrived" % len(got)])
        for end in ends.values():
            end.close()

    def kernel(self, bridge=None):
        for name, here, there in FAMILIES:
            self.streams(name, here, there)
            self.datagrams(name, here, there)
        # From here on, its kernel is silent.
        command(self.ns("vm0"), "sysctl", "-qw", "net.ipv6.conf.vm0.disable_ipv6=1")
        command(self.ns("vm0"), "ip", "addr", "flush", "dev", "vm0")
        port = Port(self.ns("vm0"), "vm0")
        self.isolation(port)
        if bridge:
            self.to_the_bridge(port, bridge)

    def isolation(self, port):
        others = [Wire(self.ns(vm), vm) for vm in ("vm2", "vmgtw")]
        own = Counters(self.ns("h0"), "endpoint", "1000", "fd00::10")
        own.settle()
        fabric = self.fabric()
        sent = Wire(self.ns("h0"), "port0", outgoing=True)
        for name, frame, want in forged():
            own.mark()
            sent.drain()
            port.send(frame)
            delta = own.wait(lambda delta, want=want: delta == want)
            problems = [] if delta == want else [
                "h0 counted %s, not %s" % (delta, want),
                *("sent: " + f.hex(" ", -4) for f, _ in sent.frames(settle=0))]
            if fabric.frames(is_overlay, 0):
                problems.append("it went to the fabric")
            for other in others:
                if other.frames(from_vm, 0):
                    problems.append("%s got it" % other.name)
            self.results.point("%s: %s" % (
                "".join(set(want) - {"from_vm", "made_error", "to_vm"}), name), problems)
        for other in [*others, fabric, sent]:
            other.socket.close()

    def to_the_bridge(self, port, bridge):
        """To the bridge's own MAC: the host's stack gets it, by a device that
        is none of the fabric."""
        own = mac(command(self.ns("h0"), "cat", "/sys/class/net/%s/address" % bridge).strip())
        inner = datagram(VM2.v4, VMGTW.v4)
        for name, packet in (
                ("a fabric packet", encode(inner, 1000, VM2.sid, VMGTW.sid)),
                ("a packet to a SID", datagram(VM2.sid, VMGTW.sid)),
                ("a packet to its own SID", datagram(VM2.sid, VM0.sid))):
            self.hosts[0].mark()
            port.send(ip_frame(VM0.mac, packet, own))
            delta = self.hosts[0].wait(lambda delta: "not_fabric" in delta)
            self.results.point("not_fabric: %s from the VM, to the host's MAC" % name,
                               [] if delta.get("from_fabric") == 1 and
                               delta.get("not_fabric") == 1 else ["h0 counted %s" % delta])

    # With this program as the VM.

    def tun(self, bridge):
        tap = Tap("/dev/net/tun", "tap0", self.ns("h0"))
        command(self.ns("h0"), "ip", "link", "set", "tap0", "mtu", str(MTU),
                "addrgenmode", "none", "master", bridge)
        command(self.ns("h0"), "ip", "link", "set", "tap0", "up")
        self.tap(tap)
        os.close(tap.fd)

    def macvtap(self, device):
        number = command(self.ns("h0"), "sh", "-c",
                         "cat /sys/class/net/%s/tap*/dev" % device).strip()
        with tempfile.TemporaryDirectory() as where:
            path = os.path.join(where, "tap")
            os.mknod(path, 0o20600, os.makedev(*map(int, number.split(":"))))
            tap = Tap(path, device, self.ns("h0"))
        self.tap(tap)
        os.close(tap.fd)

    def tap(self, tap):
        tap.offload(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)
        self.neighbours(tap)
        for name, here, there in FAMILIES:
            self.tap_datagrams(tap, name, here, there)
        if self.loses_gso:
            self.results.skip("TCP in segments", "this kernel's routers drop them")
        else:
            self.segments(tap)
        tap.drain()
        self.isolation(tap)

    def neighbours(self, tap):
        # The way to the VM is there as soon as this is answered.
        problems = ["no answer"]
        for _ in range(20):
            tap.send(arp())
            got = tap.first(lambda f: f[12:14] == b"\x08\x06", 0.5)
            if got:
                want = VM0.mac + EDGE_MAC + b"\x08\x06\0\1\x08\0\6\4\0\2" + EDGE_MAC + \
                    ip4("169.254.1.1") + VM0.mac + VM0.v4
                problems = [] if got[0][:42] == want else ["answer: " + got[0].hex(" ", -4)]
                break
        self.results.point("the gateway answers ARP", problems)
        gateway, group = ip6("fe80::1"), ip6("ff02::1:ff00:1")
        tap.send(ip_frame(VM0.mac, ipv6(VM0.v6, group, ICMPV6, icmpv6(
            VM0.v6, group, gateway + b"\1\1" + VM0.mac, 135, word=0), hop_limit=255),
            mac("33:33:ff:00:00:01")))
        got = tap.first(lambda f: f[12:14] == b"\x86\xdd" and f[54:55] == b"\x88")
        self.results.point("the gateway answers a neighbour solicitation",
                           [] if got and got[0][62:78] == gateway and
                           got[0][80:86] == EDGE_MAC else ["answer: %s" % (got,)])

    def tap_datagrams(self, tap, name, here, there):
        problems = []
        source, target = (VM0.v4, VM2.v4) if name == "IPv4" else (VM0.v6, VM2.v6)
        build, head = (ipv4, 34) if name == "IPv4" else (ipv6, 54)
        other = datagrams(self.ns("vm2"), there, 7000)
        for size in (0, 1, 1000, MTU - head + 14 - 8):
            data = udp(source, target, self.data[:size], sport=7001, dport=7000)
            tap.send(ip_frame(VM0.mac, build(source, target, UDP, seed(data, UDP, source, target))),
                     Offload(head, 6))
            if received(other, 1, 3.0) != [self.data[:size]]:
                problems.append("%d bytes did not arrive" % size)
            other.sendto(self.data[:size], (here, 7001))
            got = tap.first(lambda f: f[14:15] == (b"\x45" if head == 34 else f[14:15]) and
                            f[head:head + 4] == struct.pack("!HH", 7000, 7001))
            if not got:
                problems.append("%d bytes did not come back" % size)
                continue
            frame, = finish(*got)
            packet = Tenant(frame[14:])
            if frame[:12] != VM0.mac + EDGE_MAC:
                problems.append("it came with the MACs " + frame[:12].hex(" ", 6))
            if packet.payload[8:] != self.data[:size] or transport_ok(
                    packet.src, packet.dst, packet.proto, packet.payload) is not True:
                problems.append("%d bytes came back changed" % size)
        other.close()
        self.results.point("%s UDP with unfinished checksums, both ways" % name, problems)

    def stream(self, source, target):
        """Three segments in one frame."""
        v4 = len(source) == 4
        packet = (ipv4 if v4 else ipv6)(source, target, TCP, seed(
            tcp(source, target, text(3000), sport=7002, dport=7003), TCP, source, target))
        offload = Offload(34, 16, Offload.TCPV4, 1200, 54) if v4 else \
            Offload(54, 16, Offload.TCPV6, 1200, 74)
        return Kind("stream", packet, "ipv4" if v4 else "ipv6", offload=offload)

    def segments(self, tap):
        for name, _, _ in FAMILIES:
            self.tap_segments(tap, name)
        tap.offload(0)
        for name, _, _ in FAMILIES:
            self.from_other(tap, name, False)

    def tap_segments(self, tap, name):
        kind = self.stream(VM0.v4, VM2.v4) if name == "IPv4" else self.stream(VM0.v6, VM2.v6)
        port = Wire(self.ns("vm2"), "vm2")
        fabric = self.fabric()
        tap.send(kind.frame(VM0.mac), kind.offload)
        problems = self.same(port, kind)
        crossed = [f for f, _ in fabric.frames(is_overlay) if f[54] == TCP and len(f) > 2000]
        if len(crossed) != 1:
            problems.append("it was cut before the fabric")
        port.socket.close()
        fabric.socket.close()
        self.results.point("%s TCP in 3 segments from the VM crosses in one piece" % name,
                           problems)
        self.from_other(tap, name, True)

    def from_other(self, tap, name, whole):
        kind = self.stream(VM2.v4, VM0.v4) if name == "IPv4" else self.stream(VM2.v6, VM0.v6)
        port = Port(self.ns("vm2"), "vm2")
        tap.drain()
        port.send(kind.frame(VM2.mac), kind.offload)
        problems = self.same(tap, kind, 1 if whole else 3)
        port.socket.close()
        self.results.point("%s TCP in 3 segments to the VM, offloads %s" %
                           (name, "on" if whole else "off"), problems)

    def same(self, port, kind, count=0):
        """Problems if the segments of a kind are not what comes in."""
        at = 34 if kind.form == "ipv4" else 54
        got, frames = [], 0
        deadline = time.monotonic() + 3
        while len(got) < 3 and (one := port.receive(deadline - time.monotonic())):
            if one[0][at:at + 4] != struct.pack("!HH", 7002, 7003):
                continue
            frames += 1
            got += [uncounted(Tenant(f[14:]).packet, len(got)) for f in finish(*one)]
        want = []
        for segment, packet in zip(kind.packets(), got):
            label = Tenant(packet).label if kind.form == "ipv6" else None
            want.append(arrival(segment, kind.form, label))
        if len(got) != 3:
            return ["%d segments arrived" % len(got)]
        problems = ["a segment differs: " + vpcwire.difference(a, b)
                    for a, b in zip(got, want) if a != b]
        if count and frames != count:
            problems.append("they arrived in %d frames" % frames)
        return problems


def main():
    results = Results()
    test = Test(sys.argv[1], results)
    getattr(test, sys.argv[2])(*sys.argv[3:])
    results.point("the counters add up", audit(*test.hosts))
    results.end()


if __name__ == "__main__":
    main()
