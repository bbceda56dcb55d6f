#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""States of endpoints, seen by packets.  VMs vmb on h1 and vmc on h2 have the same
addresses, as a VM that moves has them on both hosts for a while.

usage: states.py PREFIX
"""

import collections
import json
import random
import struct
import subprocess
import sys
import threading
import time

from flows import datagrams
from harness import Counters, Results, audit, eventually

MAC = "cc:2a:2a:00:01:14"
ADDRS = ("10.0.0.20", "fd00::cc:0:20")
SIDS = {"vmb": "fd00::1:20", "vmc": "fd00::2:20"}
HOME = {"vmb": "h1", "vmc": "h2"}
PEERS = {"vm0": ("10.0.0.10", "fd00::cc:0:10"), "vmp": ("10.0.0.11", "fd00::cc:0:11"),
         "vmq": ("10.0.0.12", "fd00::cc:0:12")}
PATIENCE = 20.0


class Traffic:
    """Datagrams between the peers and the moving VM, both ways, numbered."""

    def __init__(self, test, at):
        self.test, self.at = test, at
        self.sent = collections.Counter()
        self.errors = []
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.ending.wait(0.02):
            for peer, addrs in PEERS.items():
                for family in (0, 1):
                    self.send((peer, "moving", family), self.test.socks[peer][family],
                              ADDRS[family])
                    self.send(("moving", peer, family), self.test.socks[self.at][family],
                              addrs[family])

    def send(self, flow, sock, to):
        text = json.dumps(flow).encode()
        try:
            sock.sendto(struct.pack("!I", self.sent[flow]) + text, (to, 7000))
        except OSError as error:
            self.errors.append("%s: %s" % (flow, error))
        self.sent[flow] += 1

    def some(self):
        """Wait until there was some of it."""
        count = sum(self.sent.values()) + 200
        eventually(lambda: sum(self.sent.values()) >= count)

    def end(self):
        """What is wrong with what came of it."""
        self.some()
        self.ending.set()
        self.thread.join()
        got = collections.defaultdict(collections.Counter)
        deadline = time.monotonic() + PATIENCE
        while True:
            for data in self.test.arrived():
                got[tuple(json.loads(data[4:]))][struct.unpack_from("!I", data)[0]] += 1
            if time.monotonic() > deadline or \
                    all(len(got[flow]) == n for flow, n in self.sent.items()):
                break
            time.sleep(0.1)
        problems = self.errors[:10]
        for flow, n in self.sent.items():
            lost = sorted(set(range(n)) - set(got[flow]))
            twice = [seq for seq, times in got[flow].items() if times > 1]
            if lost or twice or not n:
                problems.append("%s: %d sent, lost: %s, twice: %s" %
                                (flow, n, lost, twice))
        return problems


class Test:
    def __init__(self, prefix, results):
        self.prefix, self.results = prefix, results
        self.hosts = {name: Counters(prefix + name) for name in ("h0", "h1", "h2")}
        self.socks = {name: [datagrams(prefix + name, addr, 7000) for addr in addrs]
                      for name, addrs in list(PEERS.items()) +
                      [("vmb", ADDRS), ("vmc", ADDRS)]}
        for socks in self.socks.values():
            for sock in socks:
                sock.setblocking(False)
        self.number = 0

    def vpc(self, host, *words):
        run = subprocess.run(["vpc", "-n", self.prefix + host, *words], check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text = run.stdout.decode(errors="replace")
        if run.returncode:
            raise SystemExit("vpc %s: status %d: %s" %
                             (" ".join(words), run.returncode, text))
        return text

    def add(self, host, vm, state, verb="add"):
        local = [vm + "@vpc2_" + host[1]] if HOME[vm] == host else []
        there = ["netns", self.prefix + vm] if local else []
        self.vpc(host, "vpc", verb, "1000", *local, SIDS[vm], MAC, "-4", ADDRS[0],
                 "-6", ADDRS[1], "state", state, *there)

    def set(self, host, vm, state):
        self.vpc(host, "vpc", "set", "1000", SIDS[vm], "state", state)

    def delete(self, host, vm, *words):
        self.vpc(host, "vpc", "del", "1000", SIDS[vm], *words)

    def grace(self, seconds):
        for host in self.hosts:
            self.vpc(host, "edge", "set", "vpc2_" + host[1], "grace", str(seconds))

    def state(self, host, vm):
        """The state of an entry, or None."""
        for entry in json.loads(self.vpc(host, "-j", "vpc", "show", "1000")):
            if entry["sid"] == SIDS[vm]:
                return entry.get("state")
        return None

    # Packets.

    def arrived(self, names=None):
        """What has come in, of all VMs or of some."""
        for name in names or self.socks:
            for sock in self.socks[name]:
                while True:
                    try:
                        yield sock.recv(2000)
                    except BlockingIOError:
                        break

    def probe(self, sender, addrs, receivers, want):
        """Send a datagram of each family, and say what is wrong with what becomes
        of them: want is who gets them, or why h0 drops them."""
        counters = self.hosts["h0"]
        list(self.arrived())
        counters.mark()
        self.number += 1
        for family, sock in enumerate(self.socks[sender]):
            sock.sendto(b"%d" % self.number, (addrs[family], 7000))
        got = {name: [] for name in receivers}
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for name in receivers:
                got[name] += self.arrived([name])
            if want in receivers and len(got[want]) == 2:
                break
            if want not in receivers and counters.delta().get(want, 0) >= 2:
                break
            time.sleep(0.02)
        for name in receivers:
            got[name] += self.arrived([name])
        right = {name: [b"%d" % self.number] * (2 if name == want else 0)
                 for name in receivers}
        if got == right and (want in receivers or counters.delta().get(want) == 2):
            return []
        return ["from %s, expected %s: arrived %s, counted %s" %
                (sender, want, got, counters.delta())]

    def stands(self, name, old, new, sends_to):
        """What h0 takes from vmb and from vmc, and where it sends."""
        problems = self.probe("vmb", PEERS["vm0"], ["vm0"], old or "vm0")
        problems += self.probe("vmc", PEERS["vm0"], ["vm0"], new or "vm0")
        problems += self.probe("vm0", ADDRS, ["vmb", "vmc"], sends_to)
        self.results.point(name, problems)

    # Tests.

    def acceptance(self):
        """On h0, whose packets show what its tables say."""
        self.grace(3600)
        self.delete("h0", "vmc", "now")
        self.stands("an active entry sends and is accepted, another SID is not",
                    None, "src_sid", "vmb")
        self.add("h0", "vmc", "standby")
        self.stands("a standby entry is accepted, the active one sends",
                    None, None, "vmb")
        self.set("h0", "vmc", "active")
        self.stands("the new active one sends, that which retires is accepted",
                    None, None, "vmc")
        self.expect("it shows that it retires", "vmb", "retiring")
        self.set("h0", "vmb", "active")
        self.stands("the other way round", None, None, "vmb")
        self.expect("it shows as well", "vmc", "retiring")
        self.delete("h0", "vmc", "now")
        self.stands("what is deleted now is not accepted any more",
                    None, "src_sid", "vmb")
        self.delete("h0", "vmb")
        self.stands("what is deleted is accepted, and not sent to",
                    None, "src_sid", "not_active")
        self.add("h0", "vmb", "active")
        self.stands("it may come back meanwhile", None, "src_sid", "vmb")
        self.set("h0", "vmb", "standby")
        self.stands("an entry that was active may stand by",
                    None, "src_sid", "not_active")
        self.add("h0", "vmc", "standby")
        self.stands("two that stand by are accepted, and not sent to",
                    None, None, "not_active")
        self.set("h0", "vmc", "retiring")
        self.set("h0", "vmb", "retiring")
        self.stands("and so are two that retire", None, None, "not_active")
        self.delete("h0", "vmb", "now")
        self.delete("h0", "vmc", "now")
        self.stands("what nothing is known of is neither",
                    "bad_src", "bad_src", "no_route")
        self.add("h0", "vmc", "active")
        self.add("h0", "vmb", "active")
        self.stands("of two active ones the later displaces the earlier",
                    None, None, "vmb")
        self.add("h0", "vmc", "active", "replace")
        self.stands("replaced by itself, the other does again", None, None, "vmc")
        self.set("h0", "vmb", "active")
        self.delete("h0", "vmc", "now")

    def expect(self, name, vm, state):
        found = self.state("h0", vm)
        self.results.point(name, [] if found == state else ["it is %s" % found])

    def gone(self, vm, since, grace):
        """Wait for the end of a grace, and say what is wrong with when it is."""
        deadline = time.monotonic() + grace + PATIENCE
        while self.state("h0", vm):
            if time.monotonic() > deadline:
                return ["it is there after %.1f s" % (time.monotonic() - since)]
            time.sleep(0.05)
        past = time.monotonic() - since
        # A jiffy more or less.
        return [] if past >= grace - 0.02 else ["it is gone after %.2f s" % past]

    def expiry(self):
        self.grace(2)
        since = time.monotonic()
        self.delete("h0", "vmb")
        self.results.point("what was deleted is there until its grace ends",
                           self.gone("vmb", since, 2))
        self.stands("and is not accepted after that", "bad_src", "bad_src", "no_route")
        self.add("h0", "vmb", "active")
        since = time.monotonic()
        self.add("h0", "vmc", "active")
        self.results.point("what was displaced is there until its grace ends",
                           self.gone("vmb", since, 2))
        self.stands("and then the other is all that is left", "src_sid", None, "vmc")

        # One that comes back has no end any more.
        self.grace(6)
        self.add("h0", "vmb", "active")
        self.delete("h0", "vmb")
        self.set("h0", "vmb", "active")
        self.set("h0", "vmc", "active")
        self.set("h0", "vmb", "standby")
        time.sleep(7)
        self.stands("what has come back before its grace ended stays", None, None, "vmc")

        # The longer grace began first.
        self.grace(86400)
        self.set("h0", "vmc", "retiring")
        self.grace(1)
        since = time.monotonic()
        self.delete("h0", "vmb")
        self.results.point("a grace that begins later may end earlier",
                           self.gone("vmb", since, 1))
        self.expect("than the longest that there can be", "vmc", "retiring")
        self.stands("in which an entry is accepted", "src_sid", None, "not_active")

        self.grace(0)
        self.set("h0", "vmc", "active")
        self.delete("h0", "vmc")
        self.expect("without a grace what is deleted goes at once", "vmc", None)
        self.add("h0", "vmb", "active")
        since = time.monotonic()
        self.add("h0", "vmc", "active")
        self.results.point("and so does what is displaced", self.gone("vmb", since, 0))
        self.stands("the other is in use", "src_sid", None, "vmc")
        self.add("h0", "vmb", "active")
        self.results.point("and back", self.gone("vmc", since, 0))
        self.stands("likewise", None, "src_sid", "vmb")

    def returns(self):
        """A local endpoint whose address was elsewhere, for longer than its grace."""
        self.grace(1)
        for vm in ("vmc", "vmb"):
            self.set("h1", vm, "active")
            deadline = time.monotonic() + PATIENCE
            other = "vmc" if vm == "vmb" else "vmb"
            while self.state("h1", other) == "retiring" and time.monotonic() < deadline:
                time.sleep(0.05)
            list(self.arrived())
            for family in (0, 1):
                self.socks["vmp"][family].sendto(b"back", (ADDRS[family], 7000))
            got = []
            while len(got) < 2 and time.monotonic() < deadline:
                got += self.arrived([vm])
                time.sleep(0.02)
            problems = []
            if got != [b"back"] * 2:
                problems = ["%s got %s" % (vm, got)]
                problems += self.vpc("h1", "vpc", "show", "1000").splitlines()
            self.results.point(
                "a local endpoint's address can be elsewhere" if vm == "vmc" else
                "one that was elsewhere for longer than its grace comes back", problems)

    def move(self, old, new):
        """Standby everywhere, active everywhere, delete everywhere."""
        hosts = list(self.hosts)
        random.shuffle(hosts)
        traffic = Traffic(self, old)
        traffic.some()
        for host in hosts:
            self.add(host, new, "standby")
        traffic.some()
        random.shuffle(hosts)
        moves = random.randrange(4)
        for step, host in enumerate(hosts + [None]):
            if step == moves:
                traffic.at = new
            traffic.some()
            if host:
                self.set(host, new, "active")
        traffic.some()
        random.shuffle(hosts)
        for host in hosts:
            self.delete(host, old)
        problems = traffic.end()
        if problems:
            problems.append("it sent from the new host at step %d" % moves)
        self.results.point("no packet is lost when a VM moves from %s to %s" %
                           (HOME[old], HOME[new]), problems)

    def moves(self):
        self.grace(60)
        for host in self.hosts:
            if host != "h2":
                self.add(host, "vmb", "active", "replace")
        if self.state("h2", "vmb") != "active":
            self.set("h2", "vmb", "active")
        for host in self.hosts:
            if self.state(host, "vmc"):
                self.delete(host, "vmc", "now")
        for old, new in (("vmb", "vmc"), ("vmc", "vmb"), ("vmb", "vmc")):
            self.move(old, new)


def main():
    results = Results()
    test = Test(sys.argv[1], results)
    random.seed()
    test.acceptance()
    test.expiry()
    test.returns()
    test.moves()
    results.point("every packet is accounted for", audit(*test.hosts.values()))
    results.end()


if __name__ == "__main__":
    main()
