# SPDX-License-Identifier: GPL-2.0
"""One of two machines loads the module anew, under traffic: its edge has other keys
then, and no key has sealed two packets with one nonce.

usage: reload.py          wait for the other machine's calls
       reload.py FABRIC   test

The second machine has two edges: that of the module, and one that is the script
itself, with a key pair of its own, so that it can open what it captures.
"""

import base64
import json
import os
import socket
import sys
import threading
import time

import vpcesp
from flows import PATIENCE, Wire, command, datagrams, open_socket
from harness import LIB, Counters, Results
from machines import HOST, NIC, PORT, UNDERLAY, VM, Machine, Server, other_machine
from vpcwire import ip6

EDGES = {"a": "fd00:a::/64", "b": "fd00:b::/64", "script": "fd00:c::/64"}
VMS = {"a": "10.0.0.1", "b": "10.0.0.2", "script": "10.0.0.3"}
FLOOD = 7500
ESP = 50
SCRIPT_SID = ip6("fd00:c::10")
RELOADS = 3


class Reloading(Machine):
    """What a machine does for this test, besides."""

    def __init__(self):
        super().__init__()
        self.ending = threading.Event()
        self.threads, self.got = [], 0

    def own_keys(self):
        edge = json.loads(command(HOST, "vpc", "-j", "edge", "show"))[0]
        return [key["key"] for key in edge["keys"]]

    def rekey(self):
        command(HOST, "vpc", "edge", "rekey", "edge0", "now")
        return True

    def tell(self, of, keys):
        command(HOST, "vpc", "remote", "replace", EDGES[of],
                *[word for key in keys for word in ("key", key)])
        return True

    def required(self):
        command(HOST, "vpc", "edge", "set", "edge0", "encrypt", "required")
        return True

    def know_script(self, by):
        """The way to the script's edge, and to who lives there."""
        command(HOST, "ip", "-6", "route", "replace", EDGES["script"], "via", UNDERLAY[by])
        command(HOST, "vpc", "vpc", "replace", "1000", "fd00:c::10", "02:00:00:00:01:0c",
                "-4", VMS["script"])
        return True

    def flood(self, to):
        """Datagrams, all the time, whatever becomes of them."""
        self.ending.clear()

        def send(address):
            sender = open_socket(VM, socket.AF_INET, socket.SOCK_DGRAM)
            while not self.ending.wait(0.02):
                try:
                    sender.sendto(bytes(100), (address, FLOOD))
                except OSError:
                    pass
            sender.close()

        def take():
            while not self.ending.is_set():
                try:
                    receiver = datagrams(VM, "0.0.0.0", FLOOD)
                    receiver.settimeout(0.2)
                    while not self.ending.is_set():
                        try:
                            receiver.recv(2000)
                            self.got += 1
                        except TimeoutError:
                            pass
                except OSError:
                    time.sleep(0.05)

        self.threads = [threading.Thread(target=send, args=(address,)) for address in to]
        self.threads.append(threading.Thread(target=take))
        for thread in self.threads:
            thread.start()
        return True

    def calm(self):
        self.ending.set()
        for thread in self.threads:
            thread.join()
        return True

    def taken(self):
        return self.got

    def counted(self):
        return self.counters.read()

    def reload(self, side):
        """Without the traffic being stopped."""
        command(HOST, "rmmod", "vpc")
        command(HOST, os.path.join(LIB, "..", "machines", "edge"), side)
        self.counters = Counters(HOST)
        return True


def serve():
    server = Server(("::", PORT), logRequests=False, allow_none=True)
    server.register_instance(Reloading())
    server.serve_forever()


class Test:
    def __init__(self, results):
        self.results = results
        self.a, self.b = other_machine(), Reloading()
        self.pair = vpcesp.KeyPair()
        self.wire = Wire(HOST, NIC)
        self.publics, self.frames = [], []

    def until(self, wanted):
        """Wait for something, and go on capturing."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self.frames += [frame[14:] for frame, _ in self.wire.frames(
                lambda frame: frame[12:14] == b"\x86\xdd" and frame[20] == ESP, settle=0)]
            if wanted():
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)

    def configure(self):
        """The first machine is told what it has to know, and that nothing may be clear.
        Nobody is told its key, which has an id of its own: those who know a key with
        the same one would not miss it."""
        ids = {vpcesp.key_id(base64.b64decode(key)) for key in self.publics}
        while vpcesp.key_id(base64.b64decode(self.a.own_keys()[0])) in ids:
            self.a.rekey()
        self.a.required()
        self.a.know_script("b")
        self.a.tell("b", self.b.own_keys())
        self.a.tell("script", [self.pair.text()])
        self.publics.append(self.a.own_keys()[0])

    def publish(self):
        self.b.tell("a", self.a.own_keys())

    def flows(self):
        """Datagrams arrive at both VMs."""
        marks = self.a.taken(), self.b.taken()
        return self.until(lambda: self.a.taken() > marks[0] + 20 and
                          self.b.taken() > marks[1] + 20)

    def sealed_by(self, key, n):
        """So many packets for the script are sealed with an edge's key."""
        into = vpcesp.Peer(self.pair, base64.b64decode(key)).into
        return self.until(lambda: sum(into.open(packet) is not None
                                      for packet in self.frames[-400:]) > n)

    def reloads(self):
        for number in range(1, RELOADS + 1):
            unknown = self.b.counted()["unknown_spi"]
            self.a.reload("a")
            self.configure()
            problems = []
            if not self.sealed_by(self.publics[-1], 40):
                problems.append("it does not seal with its new key")
            if not self.until(lambda old=unknown: self.b.counted()["unknown_spi"] > old + 10):
                problems.append("the other edge does not miss its new key")
            if not self.until(lambda: self.a.counted()["unknown_spi"] > 10):
                problems.append("packets under the old key are not dropped as such")
            self.results.point("reload %d: nobody takes its new key for the old one" % number,
                               problems)
            self.publish()
            self.results.point("reload %d: traffic is back when the new key has arrived" % number,
                               [] if self.flows() else [
                                   "%s counted %s" % (side, machine.counted())
                                   for side, machine in (("a", self.a), ("b", self.b))])

    def nonces(self):
        """Each packet for the script opens with one of the keys that the machine had,
        and there are no two with one number and lane under one of them."""
        ways = {key: vpcesp.Peer(self.pair, base64.b64decode(key)).into for key in self.publics}
        used = {key: [] for key in self.publics}
        problems = []
        mine = [packet for packet in self.frames if packet[24:40] == SCRIPT_SID]
        for packet in mine:
            opened = [(key, way.open(packet)) for key, way in ways.items()]
            opened = [(key, found) for key, found in opened if found]
            if len(opened) != 1:
                problems.append("%d keys open %s" % (len(opened), packet.hex()))
                continue
            key, (lane, seq, _) = opened[0]
            used[key].append((lane, seq))
        for number, (key, nonces) in enumerate(used.items()):
            if len(nonces) != len(set(nonces)):
                problems.append("after reload %d, a nonce was used twice" % number)
            if len(nonces) < 40:
                problems.append("after reload %d, only %d packets" % (number, len(nonces)))
            if nonces and min(nonces)[1] > 2000:
                problems.append("after reload %d, it began with number %d" %
                                (number, min(nonces)[1]))
        if len(set(self.publics)) != RELOADS + 1:
            problems.append("keys: %s" % self.publics)
        material = {ways[key].key for key in self.publics}
        if len(material) != len(self.publics):
            problems.append("keys that are derived are the same")
        # What only the other edge can open: the SPI tells of what key it is.
        theirs = [packet for packet in self.frames if packet[24:40] != SCRIPT_SID]
        heads = [packet[40:44] + packet[48:56] for packet in theirs]
        if len(heads) != len(set(heads)):
            problems.append("to the other edge, a number was used twice")
        print("diag %d packets opened, %d to the other edge" % (
            sum(len(nonces) for nonces in used.values()), len(theirs)))
        self.results.point("no key has sealed two packets with one nonce", problems[:10])

    def run(self):
        self.configure()
        self.b.required()
        self.publish()
        self.a.flood([VMS["b"], VMS["script"]])
        self.b.flood([VMS["a"]])
        talk = self.flows() and self.sealed_by(self.publics[0], 40)
        self.results.point("two machines talk, sealed", [] if talk else [
            "%s, %s" % (self.a.counted(), self.b.counted())])
        self.reloads()
        for machine in (self.a, self.b):
            machine.calm()
        self.until(lambda: True)
        self.nonces()
        for side, machine in (("a", self.a), ("b", self.b)):
            self.results.point("all is accounted for on %s" % side, machine.audit())
        self.results.point("the other machine's kernel does not complain",
                           self.a.complaints())


def main():
    if len(sys.argv) < 2:
        serve()
    results = Results()
    Test(results).run()
    results.end()


if __name__ == "__main__":
    main()
