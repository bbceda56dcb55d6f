#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Move the VM of move.sh between hosts under traffic.

usage: move.py PREFIX
"""

import socket
import struct
import subprocess
import sys
import threading
import time

from flows import command, datagrams, open_socket
from harness import Counters, Results, audit, eventually

SID, MAC = "fd00::1:20", "cc:2a:2a:00:01:14"
ADDRS = {4: "10.0.0.20", 6: "fd00::cc:0:20"}
OTHERS = {"vm0": {4: "10.0.0.10", 6: "fd00::cc:0:10"},
          "vm2": {4: "10.0.0.30", 6: "fd00::cc:0:30"}}
PATIENCE = 60.0


class Connection:
    """A connection that asks and is answered, all the time."""

    def __init__(self, name, client, server, to):
        self.name, self.answers, self.error = name, 0, None
        family = socket.AF_INET6 if ":" in to else socket.AF_INET
        listener = open_socket(server, family, socket.SOCK_STREAM)
        listener.bind((to, 0))
        listener.listen(1)
        self.sock = open_socket(client, family, socket.SOCK_STREAM)
        self.sock.connect(listener.getsockname()[:2])
        self.peer = listener.accept()[0]
        listener.close()
        for sock in (self.sock, self.peer):
            sock.settimeout(PATIENCE)
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self.ask), threading.Thread(target=self.answer)]
        for thread in self.threads:
            thread.start()

    def ask(self):
        try:
            while not self.ending.wait(0.01):
                text = struct.pack("!I", self.answers) + bytes(2000)
                self.sock.sendall(text)
                got = b""
                while len(got) < len(text):
                    piece = self.sock.recv(4096)
                    if not piece:
                        raise OSError("the end of the connection")
                    got += piece
                if got != text:
                    raise OSError("another answer than was asked for")
                self.answers += 1
        except OSError as error:
            self.error = "%s, after %d answers: %s" % (self.name, self.answers, error)
        self.sock.close()

    def answer(self):
        try:
            while data := self.peer.recv(4096):
                self.peer.sendall(data)
        except OSError as error:
            self.error = self.error or "%s, who answers: %s" % (self.name, error)
        self.peer.close()

    def more(self):
        """Wait for answers to questions that are asked from now on."""
        goal = self.answers + 2
        eventually(lambda: self.answers >= goal or self.error, PATIENCE)
        return [self.error] if self.error else \
            [] if self.answers >= goal else ["%s: no answer" % self.name]

    def end(self):
        self.ending.set()
        for thread in self.threads:
            thread.join()


class Count:
    """Numbered datagrams, how many of them are lost, and which flows had none that
    arrived from before the move, or from after it."""

    def __init__(self, socks, flows):
        self.socks, self.flows = socks, flows
        self.sent, self.refused = [0] * len(flows), 0
        self.before, self.after = [0] * len(flows), [0] * len(flows)
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.ending.wait(0.005):
            for n, (sender, to) in enumerate(self.flows):
                try:
                    self.socks[sender].sendto(struct.pack("!II", n, self.sent[n]), to)
                    self.sent[n] += 1
                except OSError:
                    # The VM has no device just now: a paused one sends nothing.
                    self.refused += 1

    def begin(self):
        """The move begins: what has been sent was sent before."""
        self.before = list(self.sent)

    def moved(self):
        """It has ended, and all that is sent now is sent after it."""
        self.after = list(self.sent)

    def silent(self, got):
        """Flows of which nothing arrived that was sent before the move, or after it."""
        problems = []
        for n, (sender, to) in enumerate(self.flows):
            numbers = [number for flow, number in got if flow == n]
            for when, some in (
                    ("before", [one for one in numbers if one < self.before[n]]),
                    ("after", [one for one in numbers if one > self.after[n]])):
                if not some:
                    problems.append("from %s to %s: none that was sent %s" % (sender, to, when))
        return problems

    def end(self):
        """What was sent and lost, and what is wrong."""
        eventually(lambda: all(sent > after + 20 for sent, after in zip(self.sent, self.after)),
                   PATIENCE)
        self.ending.set()
        self.thread.join()
        time.sleep(0.5)
        got = set()
        for sock in self.socks.values():
            sock.setblocking(False)
            while True:
                try:
                    got.add(struct.unpack("!II", sock.recv(100)))
                except BlockingIOError:
                    break
                except OSError:
                    continue
        return sum(self.sent), sum(self.sent) - len(got), self.silent(got)


class Test:
    def __init__(self, prefix, results):
        self.prefix, self.results = prefix, results
        self.hosts = {host: Counters(prefix + host) for host in ("h0", "h1", "h2")}
        self.device = "vmm"

    def vpc(self, host, text):
        run = subprocess.run(["vpc", "-n", self.prefix + host, *text.split()], check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if run.returncode:
            raise SystemExit("vpc %s on %s: %s" % (text, host, run.stdout.decode()))

    def ip(self, netns, text):
        command(self.prefix + netns, "ip", *text.split())

    def move(self, old, new):
        """As Documentation/routing.rst says.  The VM itself is a namespace that has a
        device of the old host and then one of the new host."""
        entry = "%s %s -4 %s -6 %s" % (SID, MAC, ADDRS[4], ADDRS[6])
        device = "vmn" if self.device == "vmm" else "vmm"
        home = new == "h1"
        if not home:
            self.vpc(new, "edge set vpc2_%s prefix add %s/128" % (new[1], SID))
        begin = time.monotonic()
        self.vpc(old, "vpc del 1000 %s now" % SID)
        self.vpc(old, "vpc add 1000 " + entry)
        self.vpc(new, "vpc del 1000 %s now" % SID)
        # The SID is the VM's: what led away from here leads to the edge again.
        if home:
            self.ip("h1", "-6 route del %s/128" % SID)
        self.vpc(new, "vpc add 1000 %s@vpc2_%s %s netns %svmm" %
                 (device, new[1], entry, self.prefix))
        self.ip("spine", "-6 route replace %s/128 via fd00:f:0:%s::2" % (SID, new[1]))
        if home:
            self.vpc(old, "edge set vpc2_%s prefix del %s/128" % (old[1], SID))
        if old == "h1":
            self.ip("h1", "-6 route replace %s/128 via fd00:f:0:1::1" % SID)
        took = time.monotonic() - begin
        self.device = device
        return took

    def moves(self):
        vm = self.prefix + "vmm"
        connections = []
        for other, addrs in OTHERS.items():
            for version in (4, 6):
                connections.append(Connection(
                    "%s to the VM, IPv%d" % (other, version), self.prefix + other, vm,
                    ADDRS[version]))
                connections.append(Connection(
                    "the VM to %s, IPv%d" % (other, version), vm, self.prefix + other,
                    addrs[version]))
        for old, new in (("h1", "h2"), ("h2", "h1"), ("h1", "h2")):
            problems = [each for one in connections for each in one.more()]
            socks = {("vmm", v): datagrams(vm, ADDRS[v], 7000) for v in (4, 6)}
            socks.update({(name, v): datagrams(self.prefix + name, addrs[v], 7000)
                          for name, addrs in OTHERS.items() for v in (4, 6)})
            flows = [((name, v), (ADDRS[v], 7000)) for name in OTHERS for v in (4, 6)]
            flows += [(("vmm", v), (OTHERS[name][v], 7000))
                      for name in OTHERS for v in (4, 6)]
            count = Count(socks, flows)
            eventually(lambda count=count: min(count.sent) > 20, PATIENCE)
            count.begin()
            took = self.move(old, new)
            problems += [each for one in connections for each in one.more()]
            self.results.point("%d connections go on when the VM moves from %s to %s" %
                               (len(connections), old, new), problems)
            count.moved()
            sent, lost, silent = count.end()
            for sock in socks.values():
                sock.close()
            print("diag moved in %.2f s: %d datagrams sent, %d lost, %d not sent" %
                  (took, sent, lost, count.refused))
            self.results.point("datagrams arrive before and after it", silent)
            # Where it is now.
            self.results.point("it is found on %s, by its neighbours too" % new,
                               self.found())
        for one in connections:
            one.end()
        self.results.point("no connection was lost",
                           [one.error for one in connections if one.error])

    def found(self):
        problems = []
        for name in OTHERS:
            for addr in ADDRS.values():
                text = command(self.prefix + name, "ping", "-q", "-c", "1", "-W", "10", addr,
                               check=False)
                if " 1 received" not in text:
                    problems.append("%s: %s" % (name, text))
        return problems


def main():
    results = Results()
    test = Test(sys.argv[1], results)
    test.moves()
    results.point("every packet is accounted for", audit(*test.hosts.values()))
    results.end()


if __name__ == "__main__":
    main()
