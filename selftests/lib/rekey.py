#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Three edges that change their keys under load.  A controller, which is this script,
tells each of them the public keys of the others, in any order and late.

usage: rekey.py PREFIX SECONDS
"""

import ipaddress
import itertools
import json
import multiprocessing
import os
import select
import struct
import subprocess
import sys
import threading
import time

import genl
import vpcesp
from encryption import PATIENCE, PREFIXES, Traffic
from flows import Wire, inside, transfer
from harness import SECTIONS, Counters, Results, audit
from permissions import attributes

HOSTS = tuple(PREFIXES)
ESP_SPI = 54
PACKET_STATISTICS = 263, 6
BOTH_WAYS = [("vm0", "vm2", "10.0.0.10", "10.0.0.20"), ("vm2", "vm0", "10.0.0.20", "10.0.0.10"),
             ("vmgtw", "vm2", "10.0.0.11", "10.0.0.20"),
             ("vm0", "vm2", "fd00::cc:0:10", "fd00::cc:0:20"),
             ("vm2", "vm0", "fd00::cc:0:20", "fd00::cc:0:10")]
ONE_WAY = BOTH_WAYS[2:4]
NEWCOMER = [("vm3", "vm0", "10.0.0.30", "10.0.0.10"), ("vm0", "vm3", "10.0.0.10", "10.0.0.30"),
            ("vm3", "vm2", "10.0.0.30", "10.0.0.20"),
            ("vm2", "vm3", "fd00::cc:0:20", "fd00::cc:0:30")]
NEWCOMER_PORT = 7200
# What VMs say of themselves when they come up.
NOISE = {"multicast"}


class Streams:
    """One TCP connection after the other, both ways, until it is to end; in processes
    of their own, so that the controller does not wait for them."""

    def __init__(self, prefix):
        self.ending, self.said = multiprocessing.Event(), multiprocessing.Queue()
        self.processes = [multiprocessing.Process(target=self.run, args=(prefix, *ends))
                          for ends in (("vm0", "vm2", "10.0.0.20"),
                                       ("vm2", "vm0", "fd00::cc:0:10"))]
        for process in self.processes:
            process.start()

    def run(self, prefix, client, server, to):
        problems, done, data = [], 0, os.urandom(1 << 18)
        while not self.ending.is_set() and not problems:
            problems += transfer(prefix + client, prefix + server, to, data)
            done += 1
            self.ending.wait(0.2)
        self.said.put(problems if done else ["no connection ended"])

    def end(self):
        self.ending.set()
        problems = [problem for _ in self.processes for problem in self.said.get()]
        for process in self.processes:
            process.join()
        return problems


class Edges:
    """What an operator and a controller do.  Keys are told by netlink, as the tool
    does it, which would take too long to start here."""

    def __init__(self, prefix):
        self.prefix, self.links, self.lock = prefix, {}, threading.RLock()
        # All keys that a host ever had, by their ids.
        self.ids = {host: {} for host in HOSTS}
        for host in HOSTS:
            with inside(prefix + host):
                self.links[host] = genl.Link()

    def vpc(self, host, *words):
        run = subprocess.run(["vpc", "-n", self.prefix + host, *words], check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if run.returncode:
            raise SystemExit("vpc %s: %s" % (" ".join(words), run.stdout.decode(errors="replace")))
        return run.stdout.decode()

    def edge(self, host, *words):
        self.vpc(host, "edge", "set", "vpc2_" + host[1], *words)

    def ask(self, host, cmd, tree):
        with self.lock:
            error, text, answers = self.links[host].ask(cmd, genl.pack([tree]))
        if error:
            raise SystemExit("command %d on %s: error %s: %s" % (cmd, host, error, text))
        return answers

    def keys(self, host):
        answers = self.ask(host, genl.EDGE_GET, genl.edge("vpc2_" + host[1]))
        found = [dict(attributes(value))[1] for kind, value in next(genl.objects(answers))
                 if kind == 20]
        for key in found:
            self.ids[host].setdefault(vpcesp.key_id(key), set()).add(key)
        return found

    def rekey(self, host):
        self.ask(host, genl.EDGE_REKEY, genl.edge("vpc2_" + host[1]))
        return self.keys(host)

    def tell(self, host, of, keys):
        """A host learns the keys of another one."""
        net = ipaddress.ip_network(PREFIXES[of])
        self.ask(host, genl.REMOTE_REPLACE,
                 genl.remote([(str(net.network_address), net.prefixlen)], keys=keys))

    def publish(self, of, *hosts):
        for host in hosts:
            self.tell(host, of, self.keys(of))

    def pairs(self, host, of):
        return json.loads(self.vpc(host, "-j", "-s", "remote", "show", PREFIXES[of]))[0]["pairs"]

    def one_key(self, spi):
        """Whether an SPI can only have been of one key of either side.  Ids are short:
        what was used once may be an id again."""
        return all(len(self.ids[host].get(number, ())) < 2 for host in HOSTS
                   for number in (spi >> 18 & 1023, spi >> 8 & 1023))


class Nonces:
    """All sealed packets on a link, of which none may have the nonce of another.  A
    process looks at them, so that the controller does not wait for it."""

    def __init__(self, edges, host):
        self.edges = edges
        self.socket = Wire(edges.prefix + host, "eth0", header=False).socket
        self.ending, self.said = multiprocessing.Event(), multiprocessing.Queue()
        self.process = multiprocessing.Process(target=self.run)
        self.process.start()

    def run(self):
        seen, again, clear = set(), set(), 0
        while True:
            if not select.select([self.socket], [], [], 0.2)[0]:
                if self.ending.is_set():
                    break
                continue
            frame = self.socket.recv(1 << 17)
            if frame[12:14] != b"\x86\xdd" or frame[20] not in (50, 60):
                continue
            clear += frame[20] == 60
            if frame[20] == 50:
                spi, _, seq = struct.unpack_from("!IIQ", frame, ESP_SPI)
                one = frame[22:38], spi, seq
                (again if one in seen else seen).add(one)
        missed = struct.unpack("=II", self.socket.getsockopt(*PACKET_STATISTICS, 8))[1]
        self.said.put((again, clear, len(seen), len({spi >> 8 for _, spi, _ in seen}), missed))

    def end(self):
        """What is wrong, and how many keys were in use."""
        self.ending.set()
        again, clear, seen, keys, missed = self.said.get()
        self.process.join()
        self.socket.close()
        problems = ["SPI %08x, number %d were used twice" % one[1:] for one in again
                    if self.edges.one_key(one[1])][:5]
        if clear or seen < 100:
            problems.append("%d sealed packets, %d in clear" % (seen, clear))
        print("diag %d sealed packets, %d not seen" % (seen, missed))
        return problems, keys


class Test:
    def __init__(self, prefix, seconds, results):
        self.prefix, self.seconds, self.results = prefix, seconds, results
        self.edges = Edges(prefix)
        self.hosts = {host: Counters(prefix + host) for host in HOSTS}

    def mark(self, *hosts):
        for host in hosts or HOSTS:
            self.hosts[host].mark()

    def dropped(self, *hosts):
        """What has been dropped since mark()."""
        found = []
        for host in hosts or HOSTS:
            delta = self.hosts[host].delta()
            found += ["%s dropped: %d %s" % (host, delta[name], name)
                      for name in SECTIONS["drops"] if delta.get(name) and name not in NOISE]
        return found

    def rollout(self):
        """Keys, on, required: each everywhere before the next."""
        for host in HOSTS:
            self.edges.edge(host, "encrypt", "off")
        traffic, streams = Traffic(self.prefix, BOTH_WAYS + NEWCOMER), Streams(self.prefix)
        traffic.some()
        self.mark()
        for of in HOSTS:
            for host in HOSTS:
                if host != of:
                    self.edges.publish(of, host)
                    traffic.some()
        for mode in ("on", "required"):
            for host in HOSTS:
                self.edges.edge(host, "encrypt", mode)
                traffic.some()
        problems = streams.end() + traffic.end() + self.dropped()
        for host, of in itertools.permutations(HOSTS, 2):
            if {host, of} != {"h1", "h2"} and not any(
                    pair["rx_packets"] for pair in self.edges.pairs(host, of)):
                problems.append("%s has opened nothing of %s" % (host, of))
        self.results.point("a roll-out from off to on to required loses no packet", problems)

    # A rekey of both edges, with all the ways to publish it.

    def both_at_once(self, traffic, first, second):
        for host in (first, second):
            self.edges.rekey(host)
        traffic.some(8)
        self.edges.publish(first, second)
        traffic.some(8)
        self.edges.publish(second, first)

    def one_by_one(self, _, first, second):
        for host, other in ((first, second), (second, first)):
            self.edges.tell(other, host, self.edges.rekey(host))

    def twice_at_once(self, traffic, first, second):
        """A publication is left out."""
        self.edges.rekey(first)
        traffic.some(8)
        self.edges.rekey(first)
        traffic.some(8)
        self.edges.publish(first, second)
        self.edges.rekey(second)
        self.edges.publish(second, first)

    def late(self, traffic, first, second):
        """Keys arrive when they are not the newest any more."""
        keys = self.edges.rekey(first)
        self.edges.rekey(second)
        self.edges.publish(second, first)
        traffic.some(8)
        self.edges.rekey(first)
        self.edges.tell(second, first, keys)
        traffic.some(8)
        self.edges.publish(first, second)

    WAYS = (both_at_once, one_by_one, twice_at_once, late)

    def each_second(self, name, flows, streams, grace):
        """Rekeys of both edges, a second apart at least."""
        hosts = ("h0", "h1")
        for host in hosts:
            self.edges.edge(host, "key-grace", str(grace))
        self.mark(*hosts)
        nonces = Nonces(self.edges, "h0")
        traffic = Traffic(self.prefix, flows)
        streams = Streams(self.prefix) if streams else None
        end, rekeys, slow = time.monotonic() + self.seconds, 0, 0
        while time.monotonic() < end:
            due = time.monotonic() + 1
            way = self.WAYS[rekeys // 2 % len(self.WAYS)]
            way(self, traffic, *(hosts[::-1] if rekeys % 2 else hosts))
            rekeys += 1
            slow += time.monotonic() > due
            time.sleep(max(0, due - time.monotonic()))
        problems = (streams.end() if streams else []) + traffic.end() + self.dropped(*hosts)
        twice, spis = nonces.end()
        print("diag %s: %d rounds of rekeys, %d of them took more than a second, %d SPIs, "
              "%d datagrams" % (name, rekeys, slow, spis, sum(traffic.sent)))
        if rekeys < len(self.WAYS):
            problems.append("only %d rounds of rekeys" % rekeys)
        # One way, the sender's own is the oldest that is live: it changes, too.
        if spis < rekeys // 2:
            problems.append("only %d SPIs" % spis)
        self.results.point("%s: no packet is lost" % name, problems)
        self.results.point("%s: all is sealed, and no nonce used twice" % name, twice)

    def newcomer(self):
        """An edge is new.  The others have gone on to other keys when it is told those
        that they had, and they go on before it is told again."""
        self.anew()
        old = {host: self.edges.keys(host) for host in ("h0", "h1")}
        for host in ("h0", "h1"):
            self.edges.edge(host, "key-grace", "60")
            self.edges.rekey(host)
            self.edges.rekey(host)
        self.edges.publish("h0", "h1")
        self.edges.publish("h1", "h0")
        self.mark()
        busy = Traffic(self.prefix, BOTH_WAYS)
        for host in ("h0", "h1"):
            self.edges.tell("h2", host, old[host])
            self.edges.publish("h2", host)
        traffic = Traffic(self.prefix, NEWCOMER, NEWCOMER_PORT)
        for _ in range(3):
            traffic.some()
            for host in ("h0", "h1"):
                self.edges.rekey(host)
        traffic.some()
        for host, other in (("h0", "h1"), ("h1", "h0")):
            self.edges.publish(host, other, "h2")
            traffic.some()
        self.edges.rekey("h2")
        traffic.some()
        self.edges.publish("h2", "h0", "h1")
        problems = traffic.end() + busy.end() + self.dropped()
        self.results.point("a newcomer that learns keys late is understood, and understands",
                           problems)

    def anew(self):
        """The edge of h2 is deleted and made again, as after a reload of the module:
        its keys and all that it counted are gone.  The new one has an id of its own:
        those who know a key with the same one would not miss it."""
        known = set(self.edges.ids["h2"])
        self.edges.vpc("h2", "edge", "del", "vpc2_2")
        for line in self.edges.vpc("h2", "remote", "show").splitlines():
            if line.startswith("fd00:"):
                self.edges.vpc("h2", "remote", "del", line.split()[0], "now")
        self.edges.vpc("h2", "edge", "add", "vpc2_2", "locator", PREFIXES["h2"], "fabric", "eth0",
                       "encrypt", "required", "key-grace", "60")
        while vpcesp.key_id(self.edges.keys("h2")[0]) in known:
            self.edges.vpc("h2", "edge", "rekey", "vpc2_2", "now")
        subprocess.run(["ip", "-n", self.prefix + "h2", "link", "set", "vpc2_2", "up"], check=True)
        self.edges.vpc("h2", "vpc", "replace", "1000", "vm3@vpc2_2", "fd00::2:30",
                       "CC:2A:2A:00:02:1E", "-4", "10.0.0.30", "-6", "fd00::cc:0:30",
                       "netns", self.prefix + "vm3")

    def reload(self):
        """It is made anew while the others rekey; they lose nothing of what is theirs,
        and what is for it comes again when all have the keys."""
        self.mark()
        busy, streams = Traffic(self.prefix, BOTH_WAYS), Streams(self.prefix)
        ending, told = threading.Event(), []

        def others():
            hosts = ("h0", "h1")
            while not ending.is_set():
                self.one_by_one(None, *hosts)
                if told:
                    for host in hosts:
                        self.edges.publish(host, "h2")
                ending.wait(0.5)

        thread = threading.Thread(target=others)
        lost = Traffic(self.prefix, NEWCOMER[1:2], NEWCOMER_PORT)
        lost.some()
        thread.start()
        self.anew()
        for host in ("h0", "h1"):
            self.edges.publish(host, "h2")
        told.append(True)
        self.mark("h2")
        delta = self.hosts["h2"].wait(lambda d: d.get("unknown_spi", 0) > 20, PATIENCE)
        problems = [] if delta.get("unknown_spi", 0) > 20 and not delta.get("used_sealed") else \
            ["without the new key, h2 counted %s" % delta]
        self.edges.publish("h2", "h0", "h1")
        lost.end()
        self.mark("h2")
        traffic = Traffic(self.prefix, NEWCOMER, NEWCOMER_PORT)
        for _ in range(4):
            traffic.some()
        ending.set()
        thread.join()
        problems += traffic.end() + self.dropped("h2")
        self.results.point("an edge that was made anew while others rekey is back at once",
                           problems)
        self.results.point("and the others have lost nothing",
                           streams.end() + busy.end() + self.dropped("h0", "h1"))

    def run(self):
        for host in HOSTS:
            self.hosts[host].settle()
        self.rollout()
        # The cap of live keys ends those that have a long grace; a short one is longer
        # than the controller takes.
        self.each_second("a rekey each second under TCP and UDP", BOTH_WAYS, True, 60)
        self.each_second("a rekey each second, traffic one way", ONE_WAY, False, 6)
        self.newcomer()
        self.reload()
        self.results.point("everything is accounted for", audit(*self.hosts.values()))


def main():
    results = Results()
    Test(sys.argv[1], float(sys.argv[2]), results).run()
    results.end()


if __name__ == "__main__":
    main()
