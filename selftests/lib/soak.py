#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Everything at once, for a time: mixed traffic between VMs of three hosts, a fabric
that loses, delays, doubles and damages packets, and a configuration that never rests.
Then not a segment may be missing: what edges sent and what the fabric made itself is
what edges got, what the queues of the fabric lost, and what routers and hosts refused
under a name of theirs.

usage: soak.py PREFIX SECONDS
"""

import base64
import json
import os
import random
import subprocess
import sys
import time

import vpcesp
from encryption import PREFIXES
from flows import command
from harness import LIB, Counters, Results, audit
from rekey import Edges

HOSTS = tuple(PREFIXES)
# VM: its host, VPC, and whom it talks to: by name, or addresses that move or are nobody's.
VMS = {"vm0": ("h0", ("10.0.0.20", "fd00::cc:0:30", "10.0.0.11", "10.8.0.1")),
       "vmgtw": ("h0", ("10.0.0.40", "fd00:a8::1")),
       "vm2": ("h1", ("fd00::cc:0:10", "10.0.0.50")),
       "vm3": ("h2", ("10.0.0.10", "10.0.0.99")),
       "vm1": ("h1", ("fd00::cc:1:30",)),
       "vm4": ("h2", ("10.0.1.10", "10.0.0.10"))}
# What routes lead to two of them for.
SERVICE = ("10.8.0.1/32", "fd00:a8::1/128")
SERVERS = ("via fd00::1:20", "via fd00::2:30")
SPARE = ("1000", "fd00::50", "CC:2A:2A:00:00:32", "-4", "10.0.0.50")
ROAMER = ("CC:2A:2A:00:00:28", "-4", "10.0.0.40", "-6", "fd00::cc:0:40")

# What a router or a host of the fabric refuses, in its own counters.
REFUSED = ("Ip6InHdrErrors", "Ip6InTooBigErrors", "Ip6InNoRoutes", "Ip6InAddrErrors",
           "Ip6InTruncatedPkts", "Ip6InDiscards")
NOT_SENT = ("Ip6OutDiscards", "Ip6OutNoRoutes")


# Beyond so many seconds, damaged packets, flaps in an orderly fashion, and packets that come
# twice in clear have their turn.
LONG = 120


class Fabric:
    """The counters of all that is between edges."""

    def __init__(self, prefix):
        self.prefix = prefix
        self.edges = {host: Counters(prefix + host) for host in HOSTS}
        self.mark()

    def snmp(self, name):
        return {key: int(value) for key, value in (
            line.split() for line in command(
                self.prefix + name, "cat", "/proc/net/snmp6").splitlines())}

    def tc(self, name, *words):
        return json.loads(command(self.prefix + name, "tc", "-j", "-s", *words) or "[]")

    def queue(self, host):
        for found in self.tc("spine", "qdisc", "show", "dev", "to_" + host):
            if found["kind"] == "netem":
                return found["packets"], found["drops"], found.get("qlen", 0)
        raise SystemExit("there is no queue to " + host)

    def backlog(self, name, device):
        """What the receiving end of a link had no room for."""
        found = json.loads(command(self.prefix + name, "ip", "-j", "-s", "link", "show", device))
        return found[0]["stats64"]["rx"]["dropped"]

    def gate(self, host):
        """What the uplink of a host has let in and what not, as its filters count it."""
        got = {"in": 0, "group": 0, "damaged": 0}
        for found in self.tc(host, "filter", "show", "dev", "eth0", "ingress"):
            for action in found.get("options", {}).get("actions", ()):
                kind = {1: "in", 2: "group", 3: "damaged"}[found["pref"]]
                got[kind] += action["stats"]["packets"]
        return got

    def read(self):
        spine = self.snmp("spine")
        now = {
            "sent": sum(edge.read()["to_fabric"] for edge in self.edges.values()),
            "got": sum(edge.last["from_fabric"] for edge in self.edges.values()),
            "own": sum(edge.last["from_host"] for edge in self.edges.values()),
            "spine in": spine["Ip6InReceives"] - spine["Ip6InMcastPkts"],
            "spine made": spine["Icmp6OutMsgs"],
            "spine refused": sum(spine[key] for key in REFUSED + NOT_SENT),
            "lost": 0, "queued": 0, "passed": 0, "let in": 0, "groups": 0, "damaged": 0,
            "host refused": 0, "host not sent": 0, "host made": 0,
            "spine backlog": 0, "host backlog": 0,
        }
        for host in HOSTS:
            passed, lost, waiting = self.queue(host)
            gate, snmp = self.gate(host), self.snmp(host)
            now["spine backlog"] += self.backlog("spine", "to_" + host)
            now["host backlog"] += self.backlog(host, "eth0")
            now["passed"] += passed
            now["lost"] += lost
            now["queued"] += waiting
            now["let in"] += gate["in"]
            now["groups"] += gate["group"]
            now["damaged"] += gate["damaged"]
            now["host refused"] += sum(snmp[key] for key in REFUSED)
            now["host not sent"] += sum(snmp[key] for key in NOT_SENT)
            # Who is in which group, hosts tell routers whenever they like.
            now["host made"] += snmp["Icmp6OutMsgs"] - snmp.get("Icmp6OutType143", 0)
        return now

    def mark(self):
        """From here on everything is counted.  Connections of before may still end, and
        what comes between the counters of one reading would be missing for ever."""
        last = None
        for _ in range(60):
            self.base = self.read()
            if self.base == last:
                break
            last = self.base
        else:
            raise SystemExit("there is traffic that nobody has begun")
        self.before = {name: self.snmp(name) for name in ("spine", *HOSTS)}

    def details(self):
        """What the kernels of the fabric have counted since mark()."""
        return ["%s: %s" % (name, {key: n - before.get(key, 0) for key, n in self.snmp(
            name).items() if n != before.get(key, 0) and "Octets" not in key})
                for name, before in self.before.items()]

    def since(self):
        now = self.read()
        return {key: now[key] - self.base[key] for key in now}

    def settle(self):
        """Until nothing moves any more."""
        last = None
        for _ in range(60):
            now = self.moving()
            if now == last and not now[0]:
                break
            last = now
            time.sleep(0.3)
        return self.since()

    def moving(self):
        """What waits in the queues, and what edges have counted: few commands."""
        counts = [sum(self.queue(host)[2] for host in HOSTS)]
        for edge in self.edges.values():
            counts += [edge.read()["to_fabric"], edge.last["from_fabric"]]
        return counts

    def missing(self, doubled):
        """What does not add up since mark(), segment by segment, and the figures.  A
        packet may come while counters are read, of a connection that has not ended yet;
        what is missing is missing the next time, too."""
        for _ in range(5):
            problems, now = self.compared(self.settle(), doubled)
            if not problems:
                return problems, now
        return problems + self.details(), now

    @staticmethod
    def compared(now, doubled):
        problems = []
        sent = now["sent"] + now["host made"] - now["own"] - now["host not sent"] - \
            now["spine backlog"]

        def equal(text, left, right):
            if left != right:
                problems.append("%s: %d, and %d" % (text, left, right))

        equal("sent by edges and hosts, and taken by the router", sent, now["spine in"])
        arrived = now["let in"] + now["groups"] + now["damaged"]
        into = now["spine in"] + now["spine made"] - now["spine refused"]
        arrived += now["host backlog"]
        out = arrived + now["lost"] + now["queued"]
        if doubled:
            if out <= into:
                problems.append("nothing was doubled: %d in, %d out" % (into, out))
            now["doubled"] = out - into
        else:
            equal("into the router's queues, and out of them or lost", into, out)
        equal("out of the queues, and at the hosts", now["passed"], arrived)
        equal("let in by hosts, and taken by edges or refused",
              now["let in"], now["got"] + now["host refused"])
        doubled_now = now.get("doubled", 0)
        equal("sent and made, and got, lost or refused",
              sent + now["spine made"] + doubled_now,
              now["got"] + now["lost"] + now["queued"] + now["spine refused"] +
              now["host refused"] + now["host backlog"] + now["damaged"] + now["groups"])
        return problems, now


class Soak:
    def __init__(self, prefix, results):
        self.prefix, self.results = prefix, results
        self.random = random.Random(int(os.environ.get("SOAK_SEED", 1)))
        self.fabric, self.sealing = Fabric(prefix), Edges(prefix)
        self.changes, self.failed = {}, []
        self.traffic = []
        self.roamer_at = 1

    def ip(self, name, *words, check=True):
        return command(self.prefix + name, "ip", *words, check=check)

    def vpc(self, host, *words, check=True):
        return command(self.prefix + host, "vpc", *words, check=check)

    # Traffic.

    def begin(self):
        for vm, (_, to) in VMS.items():
            self.traffic.append(subprocess.Popen(
                ["nice", "-n", "10", "ip", "netns", "exec", self.prefix + vm, sys.executable,
                 os.path.join(LIB, "lifetime.py"), "flood", *to],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def end(self):
        for process in self.traffic:
            process.kill()
            process.wait()
        self.traffic = []

    def reached(self):
        """VMs reach each other when all is over."""
        problems = []
        for vm, to in (("vm0", "10.0.0.20"), ("vm0", "fd00::cc:0:30"), ("vm3", "10.0.0.10"),
                       ("vm2", "10.0.0.40"), ("vm1", "10.0.1.30"), ("vm2", "10.0.0.50"),
                       ("vm0", "10.8.0.1"), ("vmgtw", "fd00:a8::1"), ("vm1", "10.0.0.10")):
            text = command(self.prefix + vm, "ping", "-q", "-c", "5", "-i", "0.2", "-W", "5", to,
                           check=False)
            if " 0 received" in text or "received" not in text:
                problems.append("%s does not reach %s" % (vm, to))
        return problems

    # Changes.  Each leaves things as they were, or as good.

    def lines(self, host, lines):
        subprocess.run(["vpc", "-n", self.prefix + host, "-batch", "-"], check=True,
                       input="".join(line + "\n" for line in lines).encode())

    def replace(self):
        """Strangers, and all that a host knows of one that others talk to."""
        host = self.random.choice(HOSTS[1:])
        self.lines(host, ["vpc replace 1000 fd00:8::%x CC:2A:2A:00:07:%02X -4 10.9.0.%d" % (
            n, n, n + 1) for n in range(20)])
        self.lines(host, ["vpc replace 1000 fd00::10 CC:2A:2A:00:00:0A -4 10.0.0.10 "
                          "-6 fd00::cc:0:10"] * 100)

    def batch(self):
        host = self.random.choice(HOSTS)
        self.lines(host, ["vpc add 4000 fd00:7::%x 02:00:00:00:00:01 -4 11.0.%d.%d" % (
            n, n >> 8, n & 255) for n in range(1, 301)])
        self.lines(host, ["vpc del 4000 fd00:7::%x now" % n for n in range(1, 301)])

    def edge_settings(self):
        host = self.random.choice(HOSTS)
        prefix = "fd00:6:%s::/64" % host[1]
        self.lines(host, ["edge set vpc2_%s %s" % (host[1], words) for words in (
            "short on", "prefix add " + prefix, "grace 1", "max-segments 1", "max-segments 4",
            "prefix del " + prefix, "grace 10", "mtu 1280", "mtu auto", "short off")])

    def vm_mtu(self):
        vm = self.random.choice(list(VMS))
        for mtu in ("1280", "1500", "9000", "1343"):
            self.ip(vm, "link", "set", vm, "mtu", mtu)
            time.sleep(0.1)

    def vm_flap(self):
        """Its kernel forgets routes, which a tenant's tools would put back."""
        vm = self.random.choice(list(VMS))
        v4, v6 = (self.ip(vm, family, "route", "show", "default").strip().splitlines()
                  for family in ("-4", "-6"))
        addrs = [line.split()[3] for line in self.ip(
            vm, "-o", "-6", "addr", "show", "dev", vm, "scope", "global").splitlines()]
        self.ip(vm, "link", "set", vm, "down")
        time.sleep(0.2)
        self.ip(vm, "link", "set", vm, "up")
        for addr in addrs:
            self.ip(vm, "addr", "replace", addr, "dev", vm, "nodad")
        for family, routes in (("-4", v4), ("-6", v6)):
            for route in routes:
                words = [word for word in route.split() if word not in (
                    "linkdown", "dead", "pref", "medium", "expires")]
                if "ra" not in words:
                    self.ip(vm, family, "route", "replace", *words, check=False)

    def edge_flap(self):
        """An edge is down, and its fabric device meanwhile: nobody sends by it, and the
        fabric has no way there."""
        host = self.random.choice(HOSTS)
        n, name = host[1], "vpc2_" + host[1]
        nowhere = ("unreachable", "fd00::%s:0/112" % n, "metric", "1")
        self.ip(host, "link", "set", name, "down")
        self.ip("spine", "route", "add", *nowhere)
        for _ in range(100):
            if not self.fabric.queue(host)[2]:
                break
            time.sleep(0.05)
        time.sleep(0.2)
        self.ip(host, "link", "set", "eth0", "down")
        time.sleep(0.2)
        self.uplink(host)
        self.vpc(host, "edge", "set", name, "up")
        self.ip("spine", "route", "del", *nowhere)

    def uplink(self, host):
        """What a host's uplink has again when it is up again."""
        n = host[1]
        self.ip(host, "link", "set", "eth0", "up")
        self.ip(host, "addr", "replace", "fd00:f:0:%s::2/64" % n, "dev", "eth0", "nodad")
        self.ip(host, "neigh", "replace", "fd00:f:0:%s::1" % n, "lladdr",
                "02:00:00:00:0%s:01" % n, "dev", "eth0", "nud", "permanent")
        self.ip(host, "route", "replace", "default", "via", "fd00:f:0:%s::1" % n)

    def path_mtu(self):
        host = self.random.choice(HOSTS)
        self.ip("spine", "link", "set", "to_" + host, "mtu", "1400")
        time.sleep(1)
        self.ip("spine", "link", "set", "to_" + host, "mtu", "1500")
        for each in HOSTS:
            self.ip(each, "-6", "route", "flush", "cache")

    def roam(self):
        """An endpoint moves to another host: standby everywhere, active everywhere, and
        the old one deleted."""
        old, new = self.roamer_at, 3 - self.roamer_at
        for host in HOSTS:
            where = ["1000", "fd00::%d:40" % new, *ROAMER, "state", "standby"]
            if host == "h%d" % new:
                where[1:1] = ["roamer@vpc2_%d" % new]
                where += ["netns", self.prefix + "roamer%d" % new]
            self.vpc(host, "vpc", "add", *where)
        for host in HOSTS:
            self.vpc(host, "vpc", "set", "1000", "fd00::%d:40" % new, "state", "active")
        for host in HOSTS:
            self.vpc(host, "vpc", "del", "1000", "fd00::%d:40" % old, "now")
        self.roamer_at = new

    def spare(self):
        """An endpoint goes and comes, and its device moves from namespace to namespace."""
        for host in HOSTS:
            self.vpc(host, "vpc", "del", "1000", "fd00::50", "now")
        for host in HOSTS[1:]:
            self.vpc(host, "vpc", "add", *SPARE)
        self.vpc("h0", "vpc", "add", "1000", "spare@vpc2_0", *SPARE[1:],
                 "netns", self.prefix + "spare")
        self.ip("spare", "link", "set", "spare", "netns", self.prefix + "elsewhere")
        self.ip("elsewhere", "link", "set", "spare", "up")
        time.sleep(0.2)
        self.ip("elsewhere", "link", "set", "spare", "netns", self.prefix + "spare")
        for words in (("link", "set", "spare", "up"),
                      ("addr", "replace", "10.0.0.50/32", "dev", "spare"),
                      ("route", "replace", "default", "via", "169.254.1.1", "dev", "spare",
                       "onlink")):
            self.ip("spare", *words)

    def routes(self):
        """Routes get other weights, are displaced by others, and lead nowhere for a time."""
        host, prefix = self.random.choice(HOSTS), self.random.choice(SERVICE)
        route, both = "1000 %s " % prefix, " ".join(SERVERS)
        other = self.random.choice((*SERVERS, "blackhole", "prohibit"))
        self.lines(host, ["route replace %s%s weight %d hash l4" % (route, both, n % 5)
                          for n in range(1, 100)])
        self.lines(host, ["route replace " + route + other])
        time.sleep(0.2)
        self.lines(host, ["route replace %s%s hash l4" % (route, both)])
        if other in SERVERS:
            self.lines(host, ["route del " + route + other + " now"])

    def peerings(self):
        host, ids = self.random.choice(HOSTS), self.random.sample(("1000", "1001"), 2)
        self.vpc(host, "peer", "del", *ids)
        time.sleep(0.2)
        self.vpc(host, "peer", "add", *ids, "state", "standby")
        self.vpc(host, "peer", "add", *ids)

    CALM = (replace, batch, edge_settings, vm_mtu, vm_flap, roam, spare, routes,
            peerings)

    # Changes where all is sealed.

    def publish(self, host):
        """The others learn its keys, in any order."""
        self.sealing.publish(host, *self.random.sample([
            other for other in HOSTS if other != host], len(HOSTS) - 1))

    def rekey(self):
        hosts = self.random.choices(HOSTS, k=2)
        for host in hosts:
            self.sealing.rekey(host)
        for host in hosts:
            self.publish(host)

    def remotes(self):
        """One goes, at once or with its grace, and comes again; strangers come and go."""
        host, other = self.random.sample(HOSTS, 2)
        self.vpc(host, "remote", "del", PREFIXES[other], *self.random.choice(((), ("now",))))
        self.lines(host, ["remote add fd00:5:%x::/64 key %s" % (
            n, base64.b64encode(self.random.randbytes(32)).decode()) for n in range(20)])
        self.lines(host, ["remote del fd00:5:%x::/64 now" % n for n in range(20)])
        self.publish(other)

    def modes(self):
        """Another cipher, and a host that seals for others only, or nothing, for a time."""
        host = self.random.choice(HOSTS)
        self.sealing.edge(host, "cipher", self.random.choice(vpcesp.CIPHERS))
        for mode in self.random.choice((("on", "off", "on"), ("off",), ("on",))):
            self.sealing.edge(host, "encrypt", mode)
            time.sleep(0.2)
        self.sealing.edge(host, "encrypt", "required")

    SEALED = CALM + (rekey, remotes, modes) * 2

    def change(self, kinds, until):
        while time.monotonic() < until:
            kind = self.random.choice(kinds)
            kind(self)
            self.changes[kind.__name__] = self.changes.get(kind.__name__, 0) + 1

    # Phases.

    def netem(self, *words):
        for host in HOSTS:
            for verb, more in (("del", ()), ("add", ("netem", "limit", "20000", *words))):
                command(self.prefix + "spine", "tc", "qdisc", verb, "dev", "to_" + host, "root",
                        *more)

    def phase(self, name, faults, kinds, seconds, doubled=False):
        self.fabric.settle()
        self.netem(*faults)
        self.fabric.mark()
        self.begin()
        for _ in range(150):
            if sum(self.fabric.moving()[1::2]) - self.fabric.base["sent"] > 100:
                break
            time.sleep(0.2)
        self.change(kinds, time.monotonic() + seconds)
        self.end()
        problems, now = self.fabric.missing(doubled)
        print("diag %s: %s" % (name, ", ".join("%s %d" % (key, n) for key, n in now.items() if n)))
        for host in HOSTS:
            problems += audit(self.fabric.edges[host])
        if now["sent"] < 100:
            problems.append("there was no traffic")
        if faults and "loss" in faults and not now["lost"]:
            problems.append("the fabric has lost nothing")
        self.results.point("%s: sent = received + dropped by name, to the segment" % name, problems)

    def rough(self, seconds):
        """Links go down under traffic as they please: then the fabric's own count is not
        exact any more, but that of each edge is."""
        self.begin()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            host = self.random.choice(HOSTS)
            self.ip(host, "link", "set", "eth0", "down")
            time.sleep(0.3)
            self.uplink(host)
            time.sleep(0.3)
        self.end()
        self.fabric.settle()
        self.results.point("links flap as they please, and every edge's count is exact",
                           audit(*self.fabric.edges.values()))

    def sealed(self, seconds, length):
        """The same, where all is sealed; and in clear afterwards."""
        for host in HOSTS:
            self.sealing.edge(host, "key-grace", "20")
            self.publish(host)
        for host in HOSTS:
            self.sealing.edge(host, "encrypt", "required")
        before = {host: edge.read() for host, edge in self.fabric.edges.items()}
        self.phase("sealed: duplication, loss, reordering", (
            "delay", "5ms", "3ms", "duplicate", "5%", "loss", "1%", "reorder", "20%"),
            self.SEALED, length, True)
        if seconds > LONG:
            self.phase("sealed: corruption", ("corrupt", "3%"), self.SEALED, length)
        opened = {host: edge.read()["from_opened"] - before[host]["from_opened"]
                  for host, edge in self.fabric.edges.items()}
        self.results.point("it was sealed, and opened", [
            "%s has opened %d packets" % one for one in opened.items() if one[1] < 50])
        self.results.point("VMs reach each other when it is", self.reached())
        for host in HOSTS:
            self.sealing.edge(host, "encrypt", "on")
        for host in HOSTS:
            for other in HOSTS:
                if other != host:
                    self.vpc(host, "remote", "del", PREFIXES[other], "now")

    def run(self, seconds):
        until = time.monotonic() + seconds
        length = max(5, min(60, seconds / 5))
        while True:
            self.phase("loss, delay, reordering", (
                "delay", "5ms", "3ms", "loss", "2%", "reorder", "20%"), self.CALM, length)
            self.sealed(seconds, length)
            if seconds > LONG:
                self.phase("duplication", ("duplicate", "5%", "loss", "1%"), self.CALM, length,
                           True)
                self.phase("corruption", ("corrupt", "3%"), self.CALM, length)
                self.phase("MTU changes and link flaps", (), (Soak.path_mtu, Soak.edge_flap),
                           length)
            self.rough(length / 2)
            if time.monotonic() > until - length:
                break
        self.netem()
        print("diag changes: %s" % self.changes)
        self.results.point("everything was changed", [
            "%s was not" % kind.__name__ for kind in (*self.SEALED, Soak.path_mtu, Soak.edge_flap)
            if kind.__name__ not in self.changes] if seconds > 300 else
            [] if self.changes else ["nothing was"])
        self.results.point("VMs reach each other as before", self.reached())


def main():
    results = Results()
    Soak(sys.argv[1], results).run(float(sys.argv[2]))
    results.end()


if __name__ == "__main__":
    main()
