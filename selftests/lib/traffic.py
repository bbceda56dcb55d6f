#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What sockets see of the overlay: protocols, isolation, and the fields of the
IP header that the fabric and the tenant share.

usage: traffic.py PREFIX
"""

import errno
import os
import socket
import struct
import sys

from flows import (
    IP_RECVTOS, IP_RECVTTL, Wire, command, datagrams, is_overlay, open_socket,
    received, received_with, transfer)
from harness import SECTIONS, Counters, Results, audit
from vpcwire import Fabric, Tenant

SCTP, UDPLITE, SOCK_DCCP, DCCP = 132, 136, 6, 33
SOL_DCCP, DCCP_SERVICE = 269, 2
SOL_UDPLITE, UDPLITE_SEND_CSCOV, UDPLITE_RECV_CSCOV = 136, 10, 11

V4, V6 = ("10.0.0.10", "10.0.0.20"), ("fd00::cc:0:10", "fd00::cc:0:20")
ROUTER_ALERT = b"\x94\4\0\0"


class Test:
    def __init__(self, prefix, results):
        self.prefix, self.results = prefix, results
        self.hosts = [Counters(prefix + host) for host in ("h0", "h1")]
        self.fabric = Wire(prefix + "spine", "to_h0")
        self.data = os.urandom(300000)

    def ns(self, name):
        return self.prefix + name

    def crossed(self):
        return [Fabric(f[14:]) for f, _ in self.fabric.frames(is_overlay)]

    # Other protocols.

    def sctp(self):
        for name, to in (("IPv4", V4[1]), ("IPv6", V6[1])):
            try:
                open_socket(self.ns("vm0"), socket.AF_INET6 if ":" in to else
                            socket.AF_INET, socket.SOCK_STREAM, SCTP).close()
            except OSError as error:
                self.results.skip("SCTP over " + name, errno.errorcode[error.errno])
                continue
            self.results.point("SCTP over " + name, transfer(
                self.ns("vm0"), self.ns("vm2"), to, self.data, SCTP, port=7000,
                step=16384))

    def dccp(self):
        def service(sock):
            sock.setsockopt(SOL_DCCP, DCCP_SERVICE, struct.pack("!I", 42))

        for name, (source, to) in (("IPv4", V4), ("IPv6", V6)):
            family = socket.AF_INET6 if ":" in to else socket.AF_INET
            try:
                listener = open_socket(self.ns("vm2"), family, SOCK_DCCP, DCCP)
                sender = open_socket(self.ns("vm0"), family, SOCK_DCCP, DCCP)
            except OSError as error:
                self.results.skip("DCCP over " + name, errno.errorcode[error.errno])
                continue
            problems = []
            try:
                for sock in (listener, sender):
                    service(sock)
                listener.bind((to, 7001))
                listener.listen(1)
                sender.connect((to, 7001))
                receiver = listener.accept()[0]
                receiver.settimeout(5)
                for text in (b"one", b"and another", self.data[:1000]):
                    sender.send(text)
                    if receiver.recv(2000) != text:
                        problems.append("what arrived is not what was sent")
                if receiver.getpeername()[0] != source:
                    problems.append("it came from %s" % receiver.getpeername()[0])
                receiver.close()
            except OSError as error:
                problems.append("%s" % error)
            listener.close()
            sender.close()
            self.results.point("DCCP over " + name, problems)

    def udplite(self):
        for name, (source, to) in (("IPv4", V4), ("IPv6", V6)):
            try:
                receiver = datagrams(self.ns("vm2"), to, 0, UDPLITE)
                sender = datagrams(self.ns("vm0"), source, 0, UDPLITE)
            except OSError as error:
                self.results.skip("UDP-Lite over " + name, errno.errorcode[error.errno])
                continue
            problems = []
            for covered in (0, 8, 20):
                sender.setsockopt(SOL_UDPLITE, UDPLITE_SEND_CSCOV, covered)
                for size in (0, 100, 1001):
                    sender.sendto(self.data[:size], receiver.getsockname()[:2])
                    if received(receiver, 1, 2.0) != [self.data[:size]]:
                        problems.append("%d bytes, coverage %d, did not arrive" %
                                        (size, covered))
            sender.close()
            receiver.close()
            self.results.point("UDP-Lite over " + name, problems)

    # Two VPCs with the same addresses.

    def isolation(self):
        for name, (source, to) in (("IPv4", V4), ("IPv6", V6)):
            ends = {}
            problems = []
            # vm0 and vm2 in VPC 1000, vm3 and vm1 in VPC 1001: by address they
            # are the same pair.
            for vpc, a, b in ((1000, "vm0", "vm2"), (1001, "vm3", "vm1")):
                ends[vpc] = datagrams(self.ns(a), source, 7100), datagrams(self.ns(b), to, 7100)
            for vpc, (here, there) in ends.items():
                here.sendto(b"to %d" % vpc, (to, 7100))
                there.sendto(b"from %d" % vpc, (source, 7100))
            for vpc, (here, there) in ends.items():
                if received(there, 1, 2.0) != [b"to %d" % vpc] or \
                        received(here, 1, 2.0) != [b"from %d" % vpc]:
                    problems.append("VPC %d is not served" % vpc)
            for vpc, pair in ends.items():
                for sock in pair:
                    if received(sock, 1, 0.1):
                        problems.append("VPC %d has got more" % vpc)
                    sock.close()
            self.results.point("%s: two VPCs with the same addresses are apart" % name, problems)

        # An address of the other VPC only.
        for namespace, to in (("vm1", "10.0.0.11"), ("vm0", "10.0.1.10"),
                              ("vm1", "fd00::cc:0:11"), ("vm0", "fd00::cc:1:10")):
            host = self.hosts[namespace == "vm1"]
            host.mark()
            text = command(self.ns(namespace), "ping", "-c", "1", "-W", "1", to, check=False)
            delta = host.delta()
            problems = []
            if delta.get("no_route") != 1 or delta.get("to_fabric"):
                problems.append("counted %s" % delta)
            if " 100% packet loss" not in text:
                problems.append(text)
            self.results.point("%s of the other VPC is unreachable" % to, problems)

    # Traffic class, hop limit, flow label.

    def pair(self, source, to, turn, options=b""):
        """Sender and receiver, the other way round at every other turn; the
        receiver is told TOS and TTL."""
        ends = [("vm0", source), ("vm2", to)]
        a, b = ends[::-1] if turn % 2 else ends
        sender = datagrams(self.ns(a[0]), a[1])
        receiver = datagrams(self.ns(b[0]), b[1])
        if ":" in to:
            receiver.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
            receiver.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        else:
            receiver.setsockopt(socket.IPPROTO_IP, IP_RECVTOS, 1)
            receiver.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
            if options:
                sender.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, options)
        sender.connect(receiver.getsockname()[:2])
        return sender, receiver

    @staticmethod
    def arrives(sender, receiver, v6, tos=0, ttl=64):
        """(TOS, TTL) of a packet at the receiver, or None."""
        if v6:
            sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, tos)
            sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)
            keys = (socket.IPPROTO_IPV6, socket.IPV6_TCLASS), \
                (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT)
        else:
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
            keys = (socket.IPPROTO_IP, socket.IP_TOS), (socket.IPPROTO_IP, socket.IP_TTL)
        sender.send(b"marked")
        got = received_with(receiver, 1.0)
        return got and tuple(got[1].get(key) for key in keys)

    def fields(self):
        kinds = (("IPv4", V4, b""), ("IPv4 with options", V4, ROUTER_ALERT), ("IPv6", V6, b""))
        for name, (source, to), options in kinds:
            v6 = ":" in to
            for turn, way in enumerate(("there", "back")):
                sender, receiver = self.pair(source, to, turn, options)
                problems = []
                for tos in (0, 0x20, 0x48, 0xb8, 0xba, 0xb9, 0xfc, 3):
                    self.crossed()
                    got = self.arrives(sender, receiver, v6, tos)
                    if got != (tos, 64):
                        problems.append("TOS %02x, TTL 64 arrived as %s" % (tos, got))
                    # In this capture are those from h0.
                    seen = {g.tclass for g in self.crossed()}
                    if not turn and seen != {tos}:
                        problems.append("TOS %02x is %s on the fabric" % (tos, seen))
                self.results.point("DSCP and ECN cross %s: %s" % (way, name), problems)
                problems = []
                for ttl in (1, 2, 7, 64, 255):
                    got = self.arrives(sender, receiver, v6, 0, ttl)
                    if got != (0, ttl):
                        problems.append("TOS 0, TTL %d arrived as %s" % (ttl, got))
                self.results.point("the TTL is not changed %s: %s" % (way, name), problems)
                sender.close()
                receiver.close()

        # The spine marks what can bear it, and drops the rest.
        for port in ("to_h0", "to_h1"):
            command(self.ns("spine"), "tc", "qdisc", "add", "dev", port, "root",
                    "netem", "loss", "100%", "ecn")
        for name, (source, to), options in kinds:
            for turn, way in enumerate(("there", "back")):
                sender, receiver = self.pair(source, to, turn, options)
                problems = []
                for tos, want in ((0xba, (0xbb, 64)), (0x01, (0x03, 64)), (0x03, (0x03, 64)),
                                  (0xb8, None)):
                    got = self.arrives(sender, receiver, ":" in to, tos)
                    if got != want:
                        problems.append("TOS %02x, TTL 64 arrived as %s" % (tos, got))
                self.results.point("a congestion mark of the fabric arrives %s: %s" %
                                   (way, name), problems)
                sender.close()
                receiver.close()
        for port in ("to_h0", "to_h1"):
            command(self.ns("spine"), "tc", "qdisc", "del", "dev", port, "root")

        # TCP heeds the marks: all are delivered, and told to the sender.  What begins a
        # connection can't bear one.
        for end in ("vm0", "vm2"):
            command(self.ns(end), "sysctl", "-qw", "net.ipv4.tcp_ecn=1")
        for name, to in (("IPv4", V4[1]), ("IPv6", V6[1])):
            before = self.delivered()
            problems = transfer(
                self.ns("vm0"), self.ns("vm2"), to, self.data,
                accepted=lambda: command(self.ns("spine"), "tc", "qdisc", "add", "dev", "to_h1",
                                         "root", "netem", "loss", "100%", "ecn"))
            command(self.ns("spine"), "tc", "qdisc", "del", "dev", "to_h1", "root", check=False)
            if self.delivered() == before:
                problems.append("the sender was told of no mark")
            self.results.point("TCP with ECN over %s is told of congestion" % name, problems)

    def delivered(self):
        text = command(self.ns("vm0"), "cat", "/proc/net/netstat")
        rows = [row.split() for row in text.splitlines() if row.startswith("TcpExt:")]
        return int(rows[1][rows[0].index("TCPDeliveredCE")])

    def labels(self, source, to, flows):
        """The labels on the fabric of flows, each of several packets, in the
        order of their ports."""
        receiver = datagrams(self.ns("vm2"), to)
        labels = {}
        self.crossed()
        # All open at once, or two of them could have the same port.
        senders = [datagrams(self.ns("vm0"), source) for _ in range(flows)]
        for sender in senders:
            for size in (0, 1, 100, 1000):
                sender.sendto(self.data[:size], receiver.getsockname()[:2])
        received(receiver, flows * 4, 2.0)
        for sender in senders:
            sender.close()
        for got in self.crossed():
            tenant = Tenant(got.tenant)
            labels.setdefault(tenant.payload[:2], set()).add((got.label, tenant.label))
        receiver.close()
        return list(labels.values())

    def flow_labels(self):
        command(self.ns("vm0"), "sysctl", "-qw", "net.ipv6.auto_flowlabels=0")
        for name, (source, to) in (("IPv4", V4), ("IPv6", V6)):
            flows = self.labels(source, to, 40)
            problems = []
            if len(flows) < 40 or any(len(flow) != 1 for flow in flows):
                problems.append("the label is not constant: %s" % flows[:4])
            outer = {label for flow in flows for label, _ in flow}
            # 20 bits: two of 40 collide once in 1300 runs.
            if len(outer) < 38:
                problems.append("40 flows have %d labels" % len(outer))
            if 0 in outer:
                problems.append("a label is 0")
            self.results.point("%s flows have flow labels of their own" % name, problems)
        command(self.ns("vm0"), "sysctl", "-qw", "net.ipv6.auto_flowlabels=1")
        vm = Wire(self.ns("vm0"), "vm0", outgoing=True)
        flows = self.labels(*V6, 10)
        own = {}
        for frame, _ in vm.frames(lambda f: f[12:14] == b"\x86\xdd" and f[20] == 17):
            tenant = Tenant(frame[14:])
            own.setdefault(tenant.payload[:2], set()).add(tenant.label)
        problems = []
        labels = [{outer for outer, _ in flow} for flow in flows]
        if labels != list(own.values()) or {0} in labels:
            problems.append("the VM sent %s, the fabric has %s" % (list(own.values()), labels))
        self.results.point("a tenant's own flow label is kept", problems)

        # One label for all of a datagram, also where ports are out of sight.
        receiver = datagrams(self.ns("vm2"), V4[1])
        sender = datagrams(self.ns("vm0"), V4[0])
        self.crossed()
        sender.sendto(self.data[:6000], receiver.getsockname()[:2])
        problems = [] if received(receiver, 1, 2.0) else ["it did not arrive"]
        got = self.crossed()
        if len(got) < 4 or len({g.label for g in got}) != 1:
            problems.append("labels: %s" % [g.label for g in got])
        self.results.point("all fragments of a datagram have one flow label", problems)
        receiver.close()
        sender.close()

        self.crossed()
        problems = transfer(self.ns("vm0"), self.ns("vm2"), V4[1], self.data)
        got = {g.label for g in self.crossed()}
        if len(got) != 1:
            problems.append("%d labels" % len(got))
        self.results.point("a TCP connection over IPv4 has one flow label", problems)


def main():
    results = Results()
    test = Test(sys.argv[1], results)
    begin = [host.read() for host in test.hosts]
    test.sctp()
    test.dccp()
    test.udplite()
    test.isolation()
    test.fields()
    test.flow_labels()
    problems = audit(*test.hosts)
    for host, before in zip(test.hosts, begin):
        # What VMs say to all nodes, and the pings to nobody.
        problems += ["%s: %s %d" % (host.netns, name, host.last[name] - before[name])
                     for name in SECTIONS["drops"]
                     if host.last[name] != before[name] and
                     name not in ("multicast", "no_route")]
    results.point("it all adds up, and nothing else was dropped", problems)
    results.end()


if __name__ == "__main__":
    main()
