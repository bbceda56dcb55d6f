#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Every packet is counted once when it comes and once when it goes: each
reason to drop one is met, and the counters of all objects add up.

usage: accounting.py PREFIX
"""

import json
import os
import re
import subprocess
import sys
import threading

import acceptance
from flows import Wire, command, is_overlay, set_features, transfer
from harness import (
    ENCRYPTION, HEADER, HOST_MACS, SECTIONS, SPINE_MACS, VM0, VM2, VMGTW, Counters, Results,
    audit)
from packets import (
    ETH_IPV6, Offload, Port, ethernet, icmpv6, ip_frame, ipv4, ipv6, seed, tcp, text, udp)
from vpcwire import ICMPV6, TCP, UDP, encode, ip4

# What no packet of a test can meet.
OUT_OF_REACH = {
    "fragment_short": "a device's MTU is at least 68, which is just enough for a fragment",
    "no_memory": "this kernel injects no faults",
    "gso_failed": "the kernel cuts, or refuses, what can't be cut before the device gets it",
    "vm_backlog": "act_mirred or dummy is not there",
    "crypto_failed": "ciphers work, and their queues are longer than what is sent",
}

# Drops as a netdevice's statistics have them: each a run, from one to another.
TX_DROPPED = [("src_mac", "edge_down"), ("blackhole", "peer_route"),
              ("missing_key", "exhausted")]
RX_DROPPED = [("not_fabric", "vm_down"), ("unknown_spi", "wrong_hop")]
TX_ERRORS = [("no_memory", "checksum_failed"), ("crypto_failed", "crypto_failed")]
# The core counts these itself, for the VM's device.
BACKLOG = [("vm_backlog", "vm_backlog")]


def drops_of(runs):
    """The names of drops in runs of them."""
    drops = SECTIONS["drops"]
    return [name for first, last in runs
            for name in drops[drops.index(first):drops.index(last) + 1]]


def datagram(source, target, size=20, **fields):
    return ipv4(source, target, UDP, udp(source, target, text(size)), **fields)


def segments(target, count=3, frag=0x4000):
    """A frame of so many TCP segments, and its offload."""
    data = tcp(VM0.v4, target, text(1000 * count))
    packet = ipv4(VM0.v4, target, TCP, seed(data, TCP, VM0.v4, target), frag=frag)
    return ip_frame(VM0.mac, packet), Offload(34, 16, Offload.TCPV4, 1000, 54)


class Test:
    def __init__(self, prefix, results):
        self.prefix, self.results = prefix, results
        self.hosts = {host: Counters(prefix + host) for host in ("h0", "h1")}
        self.vm0 = Port(prefix + "vm0", "vm0")
        self.spine = Port(prefix + "spine", "to_h1")
        self.rogue = Port(prefix + "spine", "rogue")
        self.reached = set()
        for host in self.hosts.values():
            host.settle()

    def ns(self, name):
        return self.prefix + name

    def mtu(self, mtu):
        command(self.ns("vm0"), "ip", "link", "set", "vm0", "mtu", str(mtu))

    def show(self, host, *words):
        text = command(self.ns(host), "vpc", "-j", "stats", "show", *words)
        return json.loads(text)

    # Reasons.

    def expect(self, name, host, want):
        delta = self.hosts[host].wait(lambda delta: delta == want)
        problems = [] if delta == want else ["%s counted %s, not %s" % (host, delta, want)]
        problems += self.hosts[host].unbalanced()
        self.reached.update(key for key in delta if delta == want)
        self.results.point(name, problems)

    def from_vm(self, name, frame, want, offload=None):
        self.hosts["h0"].mark()
        self.vm0.send(frame, offload)
        self.expect(name, "h0", want)

    def drop(self, reason, frame, offload=None, count=1, told=False):
        """A frame from vm0 that is dropped for the reason."""
        want = {"from_vm": count, reason: count}
        if told:
            want.update(made_error=1, to_vm=1)
        self.from_vm("%s: %d, from a VM" % (reason, count), frame, want, offload)

    def frames(self):
        """The frames of the acceptance test: the first of each reason."""
        fixture = acceptance.Fixture()
        for name, frame, want in acceptance.vm_frames(fixture):
            new = set(want) - self.reached
            if new & set(SECTIONS["drops"] + ["used_neigh", "made_neigh"]):
                self.from_vm("%s: %s" % (", ".join(sorted(new)), name), frame, want)
        for name, packet, reason in acceptance.forged(fixture):
            if reason and reason not in self.reached:
                self.fabric("%s: %s" % (reason, name), packet, reason)
        self.fabric("not_fabric: another device", fixture.wire(fixture.udp4), "not_fabric",
                    self.rogue, acceptance.OTHER_MAC)
        self.fabric("from_fabric and to_vm", fixture.wire(fixture.udp4), "to_vm")

    def fabric(self, name, packet, counter, port=None, to=HOST_MACS["h1"]):
        self.hosts["h1"].mark()
        (port or self.spine).send(ethernet(to, SPINE_MACS["h1"], ETH_IPV6, packet))
        self.expect(name, "h1", {"from_fabric": 1, counter: 1})

    def states(self):
        """What the configuration and devices bring about."""
        def on_h0(*words):
            command(self.ns("h0"), *words)

        self.drop("not_active", ip_frame(VM0.mac, datagram(VM0.v4, ip4("10.0.0.31"))), told=True)
        self.drop("fabric_route", ip_frame(VM0.mac, datagram(VM0.v4, ip4("10.0.0.34"))), told=True)
        self.mtu(1500)
        self.drop("too_big", ip_frame(VM0.mac, datagram(VM0.v4, VM2.v4, 1450)), told=True)
        self.mtu(1343)
        on_h0("ip", "link", "set", "vpc2_0", "down")
        self.drop("edge_down", ip_frame(VM0.mac, datagram(VM0.v4, VM2.v4)))
        on_h0("vpc", "edge", "set", "vpc2_0", "up")
        command(self.ns("vmgtw"), "ip", "link", "set", "vmgtw", "down")
        self.drop("vm_down", ip_frame(VM0.mac, datagram(VM0.v4, VMGTW.v4)))
        command(self.ns("vmgtw"), "ip", "link", "set", "vmgtw", "up")
        self.hosts["h0"].settle()
        self.drop("checksum_failed", ip_frame(VM0.mac, datagram(VM0.v4, VM2.v4)), Offload(20, 4))

    def routes(self):
        """What routes bring about that lead nowhere."""
        def on_h0(*words):
            command(self.ns("h0"), "vpc", *words)

        def drop(reason, *target, told=True):
            on_h0("route", "replace", "1000", "10.7.0.0/16", *target)
            self.drop(reason, ip_frame(VM0.mac, datagram(VM0.v4, ip4("10.7.0.1"))), told=told)

        drop("blackhole", "blackhole", told=False)
        drop("prohibited", "prohibit")
        drop("next_hop", "via", "fd00:9::9")
        drop("drained", "via", "fd00::1:20", "weight", "0")
        drop("no_consent", "peer", "1001")
        on_h0("peer", "add", "1000", "1001")
        on_h0("peer", "add", "1001", "1000")
        drop("peer_route", "peer", "1001")
        on_h0("route", "del", "1000", "10.7.0.0/16", "now")
        on_h0("peer", "del", "1000", "1001")
        on_h0("peer", "del", "1001", "1000")

    def host_itself(self):
        """Packets that the host's own routing sends into its edge."""
        command(self.ns("h0"), "ip", "route", "add", "fd00:77::/64", "dev", "vpc2_0")
        for name, to, reason in (("off the overlay", "fd00:77::1", "not_overlay"),
                                 ("to no SID", "fd00::77", "unknown_sid"),
                                 ("to a SID", "fd00::10", "no_tlv")):
            self.hosts["h0"].mark()
            command(self.ns("h0"), "ping", "-q", "-c", "1", "-W", "0.2", to, check=False)
            self.expect("from_host, %s: %s" % (reason, name), "h0",
                        {"from_host": 1, reason: 1})

    def backlog(self):
        """Five copies of a frame at one moment, where the backlog takes two."""
        where, setting = self.ns("vm0"), "/proc/sys/net/core/netdev_max_backlog"
        for words in (("ip", "link", "add", "copier", "type", "dummy"),
                      ("ip", "link", "set", "copier", "addrgenmode", "none"),
                      ("ip", "link", "set", "copier", "up"),
                      ("tc", "qdisc", "add", "dev", "copier", "clsact"),
                      ("tc", "filter", "add", "dev", "copier", "egress", "matchall",
                       *("action", "mirred", "egress", "mirror", "dev", "vm0") * 5)):
            run = subprocess.run(["ip", "netns", "exec", where, *words], check=False,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if run.returncode:
                self.results.skip("vm_backlog: five copies", "no " + " ".join(words[:5]))
                return
        del OUT_OF_REACH["vm_backlog"]
        copier = Port(where, "copier")
        self.hosts["h0"].mark()
        with open(setting, "r", encoding="ascii") as file:
            limit = file.read()
        for value in ("1\n", limit):
            with open(setting, "w", encoding="ascii") as file:
                file.write(value)
            if value != limit:
                copier.send(ip_frame(VM0.mac, datagram(VM0.v4, VMGTW.v4)))
        self.expect("vm_backlog: five copies", "h0",
                    {"from_vm": 5, "to_vm": 2, "vm_backlog": 3})

    def segmented(self):
        """In wire segments."""
        frame, offload = segments(VM2.v4)
        self.from_vm("3 segments to another host", frame, {"from_vm": 3, "to_fabric": 3}, offload)
        frame, offload = segments(VM2.v4, frag=0)
        self.from_vm("3 segments, cut by the edge", frame,
                     {"from_vm": 3, "to_fabric": 3}, offload)
        frame, offload = segments(VMGTW.v4)
        self.from_vm("3 segments on the host", frame, {"from_vm": 3, "to_vm": 3}, offload)
        frame, offload = segments(ip4("10.0.0.99"))
        self.from_vm("3 segments to nobody", frame, {
            "from_vm": 3, "no_route": 3, "made_error": 1, "to_vm": 1}, offload)
        self.mtu(1500)
        whole = ip_frame(VM0.mac, datagram(VM0.v4, VM2.v4, 1450, frag=0))
        self.from_vm("a packet in 2 fragments", whole, {
            "from_vm": 1, "made_fragment": 2, "used_fragmented": 1, "to_fabric": 2})
        self.mtu(1343)
        router, quoted = bytes.fromhex("fd00000f000000000000000000000001"), encode(
            datagram(VM0.v4, VM2.v4, ident=0), 1000, VM0.sid, VM2.sid)
        error = ipv6(router, VM0.sid, ICMPV6, icmpv6(router, VM0.sid, quoted, 2, word=1400))
        self.hosts["h0"].mark()
        Port(self.ns("spine"), "to_h0").send(ethernet(
            HOST_MACS["h0"], SPINE_MACS["h0"], ETH_IPV6, error))
        self.expect("used_error: the fabric's", "h0", {"from_fabric": 1, "used_error": 1})

    def coverage(self):
        known = set(SECTIONS["drops"])
        missed = known - self.reached - set(OUT_OF_REACH) - ENCRYPTION
        for reason in sorted(set(OUT_OF_REACH) - self.reached):
            print("diag not reached: %s: %s" % (reason, OUT_OF_REACH[reason]))
        problems = ["not reached: %s" % reason for reason in sorted(missed)]
        problems += ["no such reason: %s" % r for r in sorted(set(OUT_OF_REACH) - known)]
        self.results.point("each of %d reasons is met, but for those out of reach" % len(known),
                           problems)
        others = set(SECTIONS["sources"] + SECTIONS["sinks"]) - {"made_ra"} - ENCRYPTION
        self.results.point("and so is each source and sink", [
            "not reached: " + name for name in sorted(others - self.reached)])

    # Sums.

    def totals(self, host, *words):
        """All counters of an object, by name."""
        found = {}

        def walk(value):
            for key, item in value.items():
                if isinstance(item, dict):
                    walk(item)
                elif key in names:
                    found[key] = item

        names = {name for section in SECTIONS.values() for name in section}
        value = self.show(host, *words)
        walk(value[0] if isinstance(value, list) else value)
        return found

    def differ(self, what, have, want):
        return ["%s: %s is %d, not %d" % (what, name, have.get(name, 0), want.get(name, 0))
                for name in sorted({*have, *want}) if have.get(name, 0) != want.get(name, 0)]

    @staticmethod
    def add(*each):
        return {name: sum(one.get(name, 0) for one in each) for one in each for name in one}

    def still(self, host, read):
        """What read() gives, with nothing counted meanwhile: an edge advertises itself
        every few minutes."""
        while True:
            before = self.totals(host)
            found = read()
            if self.totals(host) == before:
                return found

    def sums(self):
        for host, edges, endpoints, vpcs in (
                ("h0", ["vpc2_0"], {1000: ["fd00::10", "fd00::11"], 1001: ["fd00::12"]},
                 (1000, 1001)),
                ("h1", ["vpc2_1"], {1000: ["fd00::1:20"], 1001: ["fd00::1:10"]}, (1000, 1001))):
            self.hosts[host].settle()

            def read(host=host, edges=edges, endpoints=endpoints, vpcs=vpcs):
                return (self.totals(host),
                        {vpc: self.add(*(self.totals(host, "endpoint", str(vpc), sid)
                                         for sid in sids))
                         for vpc, sids in endpoints.items()},
                        {vpc: self.totals(host, "vpc", str(vpc)) for vpc in vpcs},
                        self.add(*(self.totals(host, "edge", edge) for edge in edges)))

            whole, parts, told, by_edge = self.still(host, read)
            for vpc in vpcs:
                self.results.point("%s: endpoints of VPC %d add up" % (host, vpc), self.differ(
                    "VPC %d" % vpc, told[vpc], parts[vpc]))
            problems = self.differ("all edges", by_edge, whole)
            self.results.point("%s: edges add up" % host, problems)
            # What belongs to no endpoint.
            rest = {name: whole[name] - n for name, n in self.add(*parts.values()).items()}
            own = {"from_fabric", "from_host", "unknown_sid", "not_local", "not_overlay", "no_tlv"}
            self.results.point("%s: what is left belongs to no endpoint" % host, [
                "%s: %d" % (name, n) for name, n in rest.items()
                if n and name not in own or n < 0])

    def gone(self):
        """An endpoint that is deleted leaves its counters to VPC, edge and host."""
        def counted():
            return [self.totals("h0", *words) for words in (
                (), ("vpc", "1001"), ("edge", "vpc2_0"))] + [self.link("h0", "vpc2_0")]

        self.hosts["h0"].settle()
        before = counted()
        command(self.ns("h0"), "vpc", "vpc", "del", "1001", "fd00::12")
        # Another one keeps the VPC known.
        after = counted()
        # An edge that has advertised itself meanwhile has counted that.
        if after[0]["made_ra"] != before[0]["made_ra"]:
            for one in (*before, *after):
                for name in ("made_ra", "to_vm", *SECTIONS["bytes"], "rx packets", "rx bytes"):
                    one.pop(name, None)
        problems = [] if any(before[1].values()) else ["it had counted nothing"]
        for what, now, then in zip(("the host", "the VPC", "the edge", "ip -s link"), after,
                                   before):
            problems += self.differ(what, now, then)
        self.results.point("a deleted endpoint's counters are not lost", problems)

    def link(self, host, edge):
        """Statistics of an edge's device."""
        stats = json.loads(command(self.ns(host), "ip", "-j", "-s", "link", "show",
                                   edge))[0]["stats64"]
        return {"%s %s" % (way, what): n for way in ("rx", "tx") for what, n in stats[way].items()}

    def at_rest(self, host, vpc, sid, vm):
        """What the edge, ethtool and ip tell of a device, with nothing counted
        meanwhile."""
        return self.still(host, lambda: (
            self.totals(host, "endpoint", str(vpc), sid),
            command(self.ns(vm), "ethtool", "-S", vm),
            json.loads(command(self.ns(vm), "ip", "-j", "-s", "link", "show", vm))[0]))

    def devices(self):
        """What the device itself tells, to its own namespace."""
        told = drops_of(TX_DROPPED + RX_DROPPED + TX_ERRORS + BACKLOG)
        self.results.point("each drop is of one kind for a device", [
            "%s: %d times" % (name, told.count(name)) for name in SECTIONS["drops"]
            if told.count(name) != 1])
        for host, vpc, sid, vm in (("h0", 1000, "fd00::10", "vm0"),
                                   ("h1", 1000, "fd00::1:20", "vm2")):
            stats, text, link = self.at_rest(host, vpc, sid, vm)
            told = {name: int(n) for name, n in re.findall(r"^ +(\w+): (\d+)$", text, re.M)}
            self.results.point("%s: ethtool -S tells the same" % vm,
                               self.differ("ethtool", told, stats) +
                               (["it tells of %d counters" % len(told)]
                                if set(told) != set(stats) else []))
            rx, tx = link["stats64"]["rx"], link["stats64"]["tx"]
            want = {"tx packets": stats["from_vm"], "tx bytes": stats["bytes_from_vm"],
                    "rx packets": stats["to_vm"], "rx bytes": stats["bytes_to_vm"],
                    "tx dropped": sum(stats[name] for name in drops_of(TX_DROPPED)),
                    "tx errors": sum(stats[name] for name in drops_of(TX_ERRORS))}
            have = {"%s %s" % (way, what): counts[what] for way, counts in (("tx", tx), ("rx", rx))
                    for what in ("packets", "bytes", "dropped", "errors")}
            # The core counts in rx_dropped what it drops itself, too.
            least = sum(stats[name] for name in drops_of(RX_DROPPED))
            problems = self.differ("ip -s link", {key: have[key] for key in want}, want)
            if have["rx dropped"] < least:
                problems.append("rx dropped is %d, not %d" % (have["rx dropped"], least))
            self.results.point("%s: ip -s link tells the same" % vm, problems)
        for host, edge in (("h0", "vpc2_0"), ("h1", "vpc2_1")):
            stats = self.totals(host, "edge", edge)
            link = self.link(host, edge)
            have = {"from_vm": link["tx packets"], "bytes_from_vm": link["tx bytes"],
                    "to_vm": link["rx packets"], "bytes_to_vm": link["rx bytes"]}
            self.results.point("%s: ip -s link tells the same" % edge, self.differ(
                "ip -s link", have, {name: stats[name] for name in have}))

    # Under traffic.

    def traffic(self):
        """Streams of real sockets, while the audit looks on; what is counted
        is what a device sees that has everything cut."""
        for vm in (VM0, VM2):
            command(self.ns(vm.name), "ip", "addr", "replace",
                    "%d.%d.%d.%d/32" % tuple(vm.v4), "dev", vm.name)
            command(self.ns(vm.name), "ip", "route", "replace", "default", "via",
                    "169.254.1.1", "dev", vm.name, "onlink")
        set_features(self.ns("h0"), "eth0", "tso", "off", "gso", "off")
        set_features(self.ns("h1"), "eth0", "tso", "off", "gso", "off")
        for host in self.hosts.values():
            host.settle()
        wires = [Wire(self.ns("spine"), device, header=False) for device in ("to_h0", "to_h1")]
        for host in self.hosts.values():
            host.mark()
        problems, audits, stop = [], [], threading.Event()

        def look():
            while not stop.is_set():
                audits.append(audit(*self.hosts.values()))

        watcher = threading.Thread(target=look)
        watcher.start()
        data = os.urandom(300000)
        for _ in range(40):
            for client, server, to in (("vm0", "vm2", VM2.v4), ("vm2", "vm0", VM0.v4)):
                problems += transfer(self.ns(client), self.ns(server),
                                     "%d.%d.%d.%d" % tuple(to), data)
            if len(audits) >= 5 or problems:
                break
        stop.set()
        watcher.join()
        self.results.point("streams cross while they are audited", problems)
        wrong = [text for one in audits for text in one]
        self.results.point("%d audits under traffic find nothing" % len(audits),
                           wrong[:5] or ([] if len(audits) >= 5 else ["too few"]))
        for host in self.hosts.values():
            host.wait(lambda delta: False, 0.5)
        deltas = [host.delta() for host in self.hosts.values()]
        seen = [len(wire.frames(is_overlay)) for wire in wires]
        have = [delta.get("to_fabric") for delta in deltas]
        got = [delta.get("from_fabric") for delta in reversed(deltas)]
        self.results.point("what is counted is what is on the wire",
                           [] if seen == have == got and min(seen) > 200 else
                           ["seen %s, given %s, got %s" % (seen, have, got)])

    # In words.

    def words(self):
        with open(HEADER, encoding="utf-8") as file:
            header = file.read()
        sentences = dict(re.findall(r'_\(\w+,\s*"(\w+)",\s*\\?\s*"([^"]*)"\)', header))
        names = [name for section in SECTIONS.values() for name in section]
        problems = ["no sentence: " + name for name in names
                    if not re.match(r"[A-Z].*\.$", sentences.get(name, ""))]
        found = {}
        for section, counters in self.show("h0", "explain").items():
            for name, told in counters.items():
                found[name] = told["text"]
                if name not in SECTIONS.get(section, ()):
                    problems.append("%s is in section %s" % (name, section))
        problems += ["%s is not explained" % name for name in names
                     if found.get(name) != sentences.get(name)]
        self.results.point("there is a sentence for each of %d counters" % len(names), problems)
        self.results.point("no two are the same", [] if len(set(found.values())) == len(names)
                           else ["only %d differ" % len(set(found.values()))])
        lines = [line.strip() for line in command(
            self.ns("h0"), "vpc", "-s", "stats", "show", "explain").splitlines()]
        self.results.point("in the text, too", [
            "missing: " + name for name in names
            if sentences.get(name) not in lines or
            not any(re.match(name + r" +\d+$", line) for line in lines)])
        lines, whole = self.still("h0", lambda: (
            command(self.ns("h0"), "vpc", "stats", "show").splitlines(), self.totals("h0")))
        shown = {line.split()[0] for line in lines if len(line.split()) == 2}
        used = {name for name, n in whole.items() if n}
        self.results.point("without -s, only what has counted", [
            "%s" % sorted(shown ^ used)] if shown != used else [])
        said, whole = self.still("h0", lambda: (
            json.loads(command(self.ns("h0"), "vpc", "-j", "stats", "audit")),
            self.totals("h0")))
        said = said[0] if isinstance(said, list) else said
        want = {section: sum(whole[name] for name in SECTIONS[section])
                for section in ("sources", "sinks", "drops")}
        want.update(missing=0, holds=True)
        self.results.point("the audit tells the sums", [] if {
            key: said.get(key) for key in want} == want else ["%s, not %s" % (said, want)])


def main():
    results = Results()
    test = Test(sys.argv[1], results)
    test.frames()
    test.states()
    test.routes()
    test.host_itself()
    test.segmented()
    test.backlog()
    test.coverage()
    test.sums()
    test.devices()
    test.words()
    test.gone()
    test.traffic()
    results.point("the counters add up", audit(*test.hosts.values()))
    results.end()


if __name__ == "__main__":
    main()
