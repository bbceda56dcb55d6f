#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Picking next hops, on the hosts of anycast.sh: vmc sends to the address of a service,
of which be1 to be5 are the backends, and pick.py says who has to get what.

usage: anycast.py PREFIX
"""

import collections
import random
import select
import socket
import struct
import sys
import threading
import time

import pick
from flows import Wire, datagrams, is_overlay, open_socket
from harness import Results
from packets import icmp, icmpv6, ipv4, ipv6, tcp
from probe import Probe, Vm, address, packet
from vpcwire import ICMP, ICMPV6, TCP, UDP, Fabric, Tenant, show

CLIENT = Vm("h0", 1000, "vmc", "fd00::10", "cc:2a:2a:00:00:0a", "10.0.0.10", "fd00::cc:0:10")
ROUTER = Vm("h2", 1000, "vmr", "fd00::2:11", "cc:2a:2a:00:00:0b", "10.0.0.11",
            "fd00::cc:0:11")
BACKENDS = [Vm("h%d" % (n % 2 + 1), 1000, "be%d" % n, "fd00::%d:2%d" % (n % 2 + 1, n),
               "cc:2a:2a:00:00:2%d" % n, "10.0.0.2%d" % n, "fd00::cc:0:2%d" % n)
            for n in range(1, 6)]
SERVERS = {"srv%d" % n: "fd00::%d:3%d" % (n % 2 + 1, n) for n in range(1, 4)}
SERVICE = {4: "10.9.0.1", 6: "fd00:9::1"}
REAL = {4: "10.8.0.1", 6: "fd00:8::1"}
NETS = {4: "10.9.0.0/24", 6: "fd00:9::/64"}
REAL_NETS = {4: "10.8.0.1/32", 6: "fd00:8::1/128"}
VERSIONS = (4, 6)
PATIENCE = 20.0


def hops_line(hops, order=None):
    order = order or random.sample(sorted(hops), len(hops))
    return " ".join("via %s weight %d" % (sid, hops[sid]) for sid in order)


class Test(Probe):
    def __init__(self, prefix, results):
        super().__init__(prefix, results, [CLIENT, ROUTER, *BACKENDS])
        self.wire = Wire(prefix + "spine", "to_h0")

    def balance(self, hops, how="l3", nets=None, hosts=None):
        """The service's routes, with the next hops in another order on each host."""
        for host in hosts or self.hosts:
            self.batch(host, ["route replace 1000 %s %s hash %s" % (net, hops_line(hops), how)
                              for net in (nets or NETS).values()])

    # Which SID it is sent to.

    @staticmethod
    def flow_of(data):
        """What tells packets apart: on several CPUs one may overtake another."""
        tenant = Tenant(data)
        return tenant.dst, tenant.proto, tenant.payload[:4]

    def went(self, packets):
        """Send packets of several flows from the client: the SIDs that they are sent
        to, None for what is lost."""
        self.wire.drain()
        flows = [self.flow_of(data) for data in packets]
        sids = dict.fromkeys(flows)
        for data in packets:
            self.send(CLIENT.name, data)
        deadline = time.monotonic() + PATIENCE
        while None in sids.values() and time.monotonic() < deadline:
            for frame, _ in self.wire.frames(is_overlay):
                one = Fabric(frame[14:])
                sids[self.flow_of(one.tenant)] = show(one.dst)
        return [sids[flow] for flow in flows]

    @staticmethod
    def flows(count, version):
        return [(random.randrange(1024, 65536), random.randrange(1, 65536),
                 random.choice((UDP, TCP))) for _ in range(count)]

    @staticmethod
    def data(version, sport, dport, proto=UDP, tail=1):
        dst = "10.9.0.%d" % tail if version == 4 else "fd00:9::%x" % tail
        src = CLIENT.addr(version)
        if proto == UDP:
            return packet(src, dst, sport=sport, dport=dport), src, dst
        a, b = address(src), address(dst)
        segment = tcp(a, b, sport=sport, dport=dport)
        return (ipv4(a, b, TCP, segment, ident=0) if version == 4 else
                ipv6(a, b, TCP, segment, label=7)), src, dst

    def picks(self, hops, how, count):
        """Random flows, to random addresses of the service's prefix, and who gets
        them; problems where that is not what the specification says."""
        problems, got = [], {}
        for version in VERSIONS:
            flows = [one + (random.randrange(1, 255),)
                     for one in self.flows(count, version)]
            made = [self.data(version, *one) for one in flows]
            sids = self.went([data for data, _, _ in made])
            if None in sids:
                problems.append("%d of %d packets were lost" % (sids.count(None), len(sids)))
            for (sport, dport, proto, _), (_, src, dst), sid in zip(flows, made, sids):
                hash_ = pick.flow(src, dst, *((proto, sport, dport) if how == "l4" else ()))
                want = pick.pick(hash_, hops)
                got[version, sport, dport, proto, dst] = sid
                if sid != want:
                    problems.append("%s to %s, %d %d %d: %s, not %s" %
                                    (src, dst, proto, sport, dport, sid, want))
        return problems, collections.Counter(got.values())

    def specified(self):
        sids = [vm.sid for vm in BACKENDS]
        for name, weights in (("equal weights", (1, 1, 1, 1, 1)),
                              ("other weights", (1, 2, 3, 5, 40)),
                              ("large and small ones", (65535, 1, 300, 0, 65534)),
                              ("all but one drained", (0, 0, 9, 0, 0))):
            hops = dict(zip(sids, weights))
            for how in ("l3", "l4"):
                self.balance(hops, how)
                problems, shares = self.picks(hops, how, 80)
                problems += ["%s has weight 0 and got some" % sid for sid in shares
                             if not hops.get(sid)]
                self.point("%s, hash %s: the picks are those specified" % (name, how),
                           problems, [str(shares)])
        self.balance(dict.fromkeys(sids, 0))
        self.point("all drained: nobody gets any", self.goes(
            "vmc", CLIENT.v4, SERVICE[4], ("h0", "drained")))
        self.balance(dict.fromkeys(sids, 1), "l4")
        problems = []
        for vm in BACKENDS:
            problems += self.goes(vm.name, SERVICE[4], CLIENT.v4, "vmc")
            problems += self.goes(vm.name, SERVICE[6], CLIENT.v6, "vmc")
            problems += self.comes(vm.host, CLIENT.sid, vm.sid, 1000, CLIENT.v6, SERVICE[6],
                                   vm.name)
        self.point("any backend takes what is for the service, and speaks for it", problems)
        problems = []
        self.balance(dict(zip(sids, (0, 1, 1, 1, 1))), "l4")
        problems += self.goes("be1", SERVICE[4], CLIENT.v4, "vmc")
        problems += self.comes("h2", CLIENT.sid, BACKENDS[0].sid, 1000, CLIENT.v4,
                               SERVICE[4], "be1")
        self.point("and so does a drained one", problems)
        self.point("src_addr: nobody else", self.goes(
            "vmr", SERVICE[4], CLIENT.v4, ("h2", "src_addr")) + self.comes(
                "h0", ROUTER.sid, CLIENT.sid, 1000, SERVICE[4], CLIENT.v4,
                ("h0", "src_sid")) + self.comes(
                    "h2", CLIENT.sid, ROUTER.sid, 1000, CLIENT.v4, SERVICE[4],
                    ("h2", "dst_sid")))

    def leaves(self, hops, gone, count, how="l4"):
        """Flows before and after one leaves: those of the others stay."""
        problems = []
        moved = stayed = 0
        for version in VERSIONS:
            flows = self.flows(count, version)
            packets = [self.data(version, *one)[0] for one in flows]
            before = self.went(packets)
            left = {sid: weight for sid, weight in hops.items() if sid != gone}
            self.balance(left, how, {version: NETS[version]}, ("h0",))
            after = self.went(packets)
            self.balance(hops, how, {version: NETS[version]}, ("h0",))
            again = self.went(packets)
            if None in before + after + again:
                problems.append("lost: %d, %d, %d" %
                                tuple(sids.count(None) for sids in (before, after, again)))
            for one, old, new in zip(flows, before, after):
                if old == gone:
                    moved += 1
                    if new == gone:
                        problems.append("%s is still sent to it" % (one,))
                elif old != new:
                    problems.append("%s moves from %s to %s" % (one, old, new))
                else:
                    stayed += 1
            if again != before:
                problems.append("back again, not all is as it was")
        if not moved or not stayed:
            problems.append("%d moved, %d stayed: nothing is seen by that" % (moved, stayed))
        return problems, moved, stayed

    def five(self):
        hops = {vm.sid: 1 for vm in BACKENDS}
        self.balance(hops, "l4")
        problems, moved, stayed = self.leaves(hops, BACKENDS[2].sid, 400)
        self.point("of 5 backends one leaves: its %d flows move, %d don't" %
                   (moved, stayed), problems)
        hops = {vm.sid: n + 1 for n, vm in enumerate(BACKENDS)}
        self.balance(hops, "l4")
        problems, moved, stayed = self.leaves(hops, BACKENDS[4].sid, 400)
        self.point("with weights: %d move, %d don't" % (moved, stayed), problems)

    def thousand(self):
        sids = ["fd00::1:%x" % (0x1000 + n) for n in range(1000)]
        self.batch("h0", ["vpc add 1000 %s 02:00:00:00:00:01 -4 10.100.%d.%d" %
                          (sid, n >> 8, n & 255) for n, sid in enumerate(sids)])
        hops = {sid: 1 for sid in sids}
        begin = time.monotonic()
        self.balance(hops, "l4", hosts=("h0",))
        took = time.monotonic() - begin
        problems, shares = self.picks(hops, "l4", 20)
        self.point("1000 backends: the picks are those specified", problems)
        # The one of them that a flow takes.
        gone = shares.most_common(1)[0][0]
        problems, moved, stayed = [], 0, 0
        for _ in range(10):
            problems, moved, stayed = self.leaves(hops, gone, 1500)
            if moved:
                break
        self.point("of 1000 one leaves: its %d flows move, %d don't" % (moved, stayed),
                   problems)
        print("diag two routes of 1000 next hops are made in %.2f s" % took)
        self.batch("h0", ["route del 1000 %s now" % net for net in NETS.values()] +
                   ["vpc del 1000 %s now" % sid for sid in sids])

    def alike(self):
        """Two edges that were told in opposite order."""
        sids = sorted(vm.sid for vm in BACKENDS)
        hops = {sid: n * 3 + 1 for n, sid in enumerate(sids)}
        self.batch("h0", ["route replace 1000 %s %s hash l4" % (net, hops_line(hops, sids))
                          for net in NETS.values()])
        self.batch("h2", ["route replace 1000 %s %s hash l4" %
                          (net, hops_line(hops, sids[::-1])) for net in NETS.values()])
        problems, seen = [], set()
        for version in VERSIONS:
            for sport, dport, proto in self.flows(25, version):
                ends = [self.traced(host, 1000, CLIENT.addr(version), SERVICE[version],
                                    "proto", str(proto), "sport", str(sport),
                                    "dport", str(dport))[0] for host in ("h0", "h2")]
                seen.add(ends[0])
                want = pick.pick(pick.flow(CLIENT.addr(version), SERVICE[version], proto,
                                           sport, dport), hops)
                if ends != [want, want]:
                    problems.append("%s, not %s" % (ends, want))
        if len(seen) < 2:
            problems.append("all end at %s" % seen)
        self.point("edges that were told in opposite order pick alike", problems)

    # Errors about a flow.

    def errors(self):
        """ICMP errors from the client's side come to the backend of the flow."""
        hops = {vm.sid: 1 for vm in BACKENDS}
        by_sid = {vm.sid: vm for vm in BACKENDS}
        for how in ("l3", "l4"):
            self.balance(hops, how)
            problems, seen = [], set()
            for version in VERSIONS:
                client, service = CLIENT.addr(version), SERVICE[version]
                a, b, router = address(service), address(client), \
                    address(ROUTER.addr(version))
                for sport, dport, proto in self.flows(12, version):
                    want = pick.pick(pick.flow(client, service, *(
                        (proto, sport, dport) if how == "l4" else ())), hops)
                    seen.add(want)
                    back = tcp(a, b, sport=dport, dport=sport) if proto == TCP else \
                        packet(service, client, sport=dport, dport=sport)[-13:]
                    if version == 4:
                        quote = ipv4(a, b, proto, back, ident=0)[:28]
                        error = ipv4(router, a, ICMP, icmp(quote, 3, 4), ident=0)
                    else:
                        quote = ipv6(a, b, proto, back, label=7)[:600]
                        error = ipv6(router, a, ICMPV6, icmpv6(router, a, quote, 2,
                                                               word=1280), label=9)
                    problems += self.becomes(lambda error=error: self.send("vmr", error),
                                             error, by_sid[want].name)
            if how == "l4" and len(seen) < 2:
                problems.append("all are for %s" % seen)
            self.point("hash %s: packet too big comes to the flow's backend" % how, problems)
        # What quotes something else is a packet like any other.
        quote = ipv4(address("10.0.0.77"), address(CLIENT.v4), TCP,
                     tcp(address("10.0.0.77"), address(CLIENT.v4)), ident=0)[:28]
        error = ipv4(address(ROUTER.v4), address(SERVICE[4]), ICMP, icmp(quote, 3, 4), ident=0)
        want = by_sid[pick.pick(pick.flow(ROUTER.v4, SERVICE[4]), hops)].name
        self.point("an error that quotes another's packet", self.becomes(
            lambda: self.send("vmr", error), error, want))
        short = ipv4(address(ROUTER.v4), address(SERVICE[4]), ICMP, icmp(b"\x45", 3, 4),
                     ident=0)
        self.point("or hardly any", self.becomes(
            lambda: self.send("vmr", short), short, want))

    # Real connections.

    def serve(self, ending):
        """Echo servers on the service's addresses, which put their names in front."""
        listeners = {}
        for name in SERVERS:
            for version in VERSIONS:
                sock = open_socket(self.prefix + name, socket.AF_INET if version == 4 else
                                   socket.AF_INET6, socket.SOCK_STREAM)
                sock.bind((REAL[version], 80))
                sock.listen(100)
                listeners[sock] = name
        peers = {}

        def run():
            while not ending.is_set():
                for sock in select.select([*listeners, *peers], [], [], 0.1)[0]:
                    if sock in listeners:
                        peers[sock.accept()[0]] = listeners[sock]
                        continue
                    try:
                        data = sock.recv(4096)
                        sock.sendall(peers[sock].encode() + b" " + data)
                    except OSError:
                        data = b""
                    if not data:
                        del peers[sock]
                        sock.close()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    @staticmethod
    def echo(sock, text):
        """Who answers, or None."""
        try:
            sock.sendall(text)
            data = b""
            while not data.endswith(text):
                piece = sock.recv(4096)
                if not piece:
                    return None
                data += piece
            return data.split()[0].decode()
        except OSError:
            return None

    def connect(self, count):
        found = []
        for version in VERSIONS:
            for _ in range(count):
                sock = open_socket(self.prefix + "user", socket.AF_INET if version == 4 else
                                   socket.AF_INET6, socket.SOCK_STREAM)
                sock.connect((REAL[version], 80))
                found.append((version, sock, self.echo(sock, b"first")))
        return found

    def connections(self):
        names = {sid: name for name, sid in SERVERS.items()}
        hops = {sid: 1 for sid in names}
        self.balance(hops, "l4", REAL_NETS)
        ending = threading.Event()
        thread = self.serve(ending)
        try:
            open_ones = self.connect(30)
            problems = []
            for version, sock, name in open_ones:
                src, sport = sock.getsockname()[:2]
                want = names[pick.pick(pick.flow(src, REAL[version], TCP, sport, 80), hops)]
                if name != want:
                    problems.append("%s port %d: %s, not %s" % (src, sport, name, want))
            shares = collections.Counter(name for _, _, name in open_ones)
            if len(shares) != 3:
                problems.append("served by %s" % shares)
            self.point("60 connections are served by the backends specified", problems)

            def others(gone, text):
                return ["a connection of %s answers as %s" % (name, now)
                        for _, sock, name in open_ones if name != gone and
                        (now := self.echo(sock, text)) != name]

            drained = dict(hops, **{SERVERS["srv2"]: 0})
            self.balance(drained, "l4", REAL_NETS)
            problems = others("srv2", b"drained")
            fresh = self.connect(10)
            problems += ["a new one is served by it" for one in fresh if one[2] == "srv2"]
            for one in fresh:
                one[1].close()
            self.point("when one is drained, connections of the others go on", problems)
            self.balance(hops, "l4", REAL_NETS)
            self.point("when it is back, all do", others(None, b"back"))
            self.balance({sid: 1 for sid in hops if sid != SERVERS["srv3"]}, "l4", REAL_NETS)
            self.point("when one leaves, those of the others go on", others("srv3", b"left"))
            for _, sock, _ in open_ones:
                sock.close()
        finally:
            ending.set()
            thread.join()

    def fragments(self):
        names = {sid: name for name, sid in SERVERS.items()}
        hops = {sid: 1 for sid in names}
        self.balance(hops, "l3", REAL_NETS)
        socks = {(name, version): datagrams(self.prefix + name, REAL[version], 7000)
                 for name in SERVERS for version in VERSIONS}
        problems = []
        for version in VERSIONS:
            # Each address of the user is a flow.
            for n in range(6):
                src = "10.66.0.%d" % n if version == 4 else "fd00:66::%d" % n
                client = datagrams(self.prefix + "user", src)
                if version == 4:
                    client.setsockopt(socket.IPPROTO_IP, 10, 0)
                want = names[pick.pick(pick.flow(src, REAL[version]), hops)]
                for size in (20, 4000, 9000):
                    data = struct.pack("!II", n, size) + bytes(size)
                    client.sendto(data, (REAL[version], 7000))
                    ready = select.select(list(socks.values()), [], [], PATIENCE)[0]
                    got = [key for key, sock in socks.items() if sock in ready and
                           sock.recv(1 << 16) == data]
                    if got != [(want, version)]:
                        problems.append("%d bytes from %s: at %s, not %s" %
                                        (size, src, got, want))
                client.close()
        self.point("hash l3: all fragments of a datagram come to one backend", problems)


def main():
    results = Results()
    test = Test(sys.argv[1], results)
    random.seed()
    for step in (test.specified, test.five, test.alike, test.errors, test.thousand,
                 test.connections, test.fragments, test.audit):
        step()
    results.end()


if __name__ == "__main__":
    main()
