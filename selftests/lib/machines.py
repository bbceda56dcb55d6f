# SPDX-License-Identifier: GPL-2.0
"""Two machines with a NIC each: what crosses between them, and how.

usage: machines.py          wait for the other machine's calls
       machines.py FABRIC   test: FABRIC is what joins the machines, "socket" or
                            "bridge"

FABRIC says what the NICs do.  With "socket" nothing: frames are complete, and
none is larger than the MTU.  With "bridge" they take checksums and segmentation
from both; what the second one gets has been cut and completed on the way, as on
a real link, while the first one gets what has been sent.
"""

import hashlib
import socket
import subprocess
import sys
import threading
import time
import xmlrpc.client
import xmlrpc.server

from flows import (PATIENCE, Wire, checksum_problem, command, datagrams, family_of, is_overlay,
                   open_socket, received, set_features)
from harness import LIB, Counters, Results, audit
from packets import Offload
from vpcwire import TCP, UDP

HOST, VM, NIC = "host", "vm", "eth0"
PORT = 7000
UNDERLAY = {"a": "fd00:f::a", "b": "fd00:f::b"}
OVERLAY = {"a": ("10.0.0.1", "fd01::1"), "b": ("10.0.0.2", "fd01::2")}
SIZE = 2 << 20
# The largest frame of the link, and what only a packet of many segments exceeds.
LARGE = 1514
MANY = 8000


def data(size):
    """The same bytes on both machines."""
    return hashlib.shake_128(b"from one machine to another").digest(size)


class Machine:
    """What each machine does for the test; the other one's is called by XML-RPC,
    which is why everything has a result."""

    def __init__(self):
        self.counters = Counters(HOST)
        self.wires = []
        self.sink = {}
        self.mark = "machines.py begins\n"
        with open("/dev/kmsg", "w", encoding="ascii") as log:
            log.write(self.mark)

    def features(self, *words):
        set_features(HOST, NIC, *words)
        return True

    def feature(self, name):
        text = command(HOST, "ethtool", "-k", NIC)
        return next(line.split()[1] for line in text.splitlines()
                    if line.strip().startswith(name + ":")) == "on"

    # What is sent, and what is received.

    def listen(self, to):
        """Take one connection; its end is what arrived() waits for."""
        listener = open_socket(VM, family_of(to), socket.SOCK_STREAM)
        listener.bind((to, 0))
        listener.listen(1)

        def take():
            total, digest = 0, hashlib.sha256()
            try:
                receiver = listener.accept()[0]
                receiver.settimeout(PATIENCE)
                while piece := receiver.recv(1 << 18):
                    total += len(piece)
                    digest.update(piece)
                receiver.close()
            except OSError as error:
                self.sink["error"] = str(error)
            self.sink.update(total=total, sum=digest.hexdigest())
            listener.close()

        self.sink = {"thread": threading.Thread(target=take)}
        self.sink["thread"].start()
        return listener.getsockname()[1]

    def arrived(self, size):
        self.sink["thread"].join()
        if "error" in self.sink:
            return ["%s after %d bytes" % (self.sink["error"], self.sink["total"])]
        if self.sink["total"] != size:
            return ["%d of %d bytes arrived" % (self.sink["total"], size)]
        if self.sink["sum"] != hashlib.sha256(data(size)).hexdigest():
            return ["the data is not what was sent"]
        return []

    def send(self, to, port, size):
        sender = open_socket(VM, family_of(to), socket.SOCK_STREAM)
        try:
            sender.connect((to, port))
            sender.sendall(data(size))
        except OSError as error:
            return ["can't send: %s" % error]
        finally:
            sender.close()
        return []

    def take_datagrams(self, to, count):
        receiver = datagrams(VM, to)

        def take():
            self.sink["got"] = received(receiver, count, 5.0)
            receiver.close()

        self.sink = {"thread": threading.Thread(target=take)}
        self.sink["thread"].start()
        return receiver.getsockname()[1]

    def datagrams_taken(self, sizes):
        self.sink["thread"].join()
        if self.sink["got"] != [data(size) for size in sizes]:
            return ["datagrams of %s bytes arrived" % [len(d) for d in self.sink["got"]]]
        return []

    def send_datagrams(self, source, to, port, sizes):
        sender = datagrams(VM, source)
        for size in sizes:
            sender.sendto(data(size), (to, port))
        sender.close()
        return []

    # What the NIC sends or receives.

    def watch(self):
        self.wires = [Wire(HOST, NIC), Wire(HOST, NIC, outgoing=True)]
        return True

    def watched(self):
        """What TCP and UDP of the overlay came by the NIC, and what went."""
        return [self.summary(wire) for wire in self.wires]

    @staticmethod
    def summary(wire):
        frames = wire.frames(lambda f: is_overlay(f) and f[54] in (TCP, UDP))
        return {
            "frames": len(frames),
            "largest": max((len(f) for f, _ in frames), default=0),
            "unfinished": sum(bool(o.flags & Offload.NEEDS_CSUM) for _, o in frames),
            "kinds": sorted({o.gso for _, o in frames}),
            "problems": sorted({checksum_problem(f, o) for f, o in frames} - {None})[:5],
        }

    # What was counted.

    def settle(self):
        self.counters.settle()
        return True

    def delta(self):
        return self.counters.delta()

    def audit(self):
        return audit(self.counters)

    def complaints(self):
        run = subprocess.run(
            ["bash", "-c", '. "$1/klog.sh"; klog_problems "$2"', "-", LIB, self.mark.strip()],
            stdout=subprocess.PIPE, check=False)
        return run.stdout.decode(errors="replace").splitlines()


class Server(xmlrpc.server.SimpleXMLRPCServer):
    address_family = socket.AF_INET6


def serve():
    server = Server(("::", PORT), logRequests=False, allow_none=True)
    server.register_instance(Machine())
    server.serve_forever()


def other_machine():
    """The other one, once it is up."""
    proxy = xmlrpc.client.ServerProxy("http://[%s]:%d" % (UNDERLAY["a"], PORT))
    deadline = time.monotonic() + 60
    while True:
        try:
            proxy.settle()
            return proxy
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


class Test:
    def __init__(self, fabric, results):
        self.bridge = fabric == "bridge"
        self.results = results
        self.machines = {"a": other_machine(), "b": Machine()}

    def point(self, name, problems):
        self.results.point("%s: %s" % ("bridge" if self.bridge else "socket", name), problems)

    def nics(self):
        """The NICs are those that the test is about."""
        problems = []
        for side, machine in self.machines.items():
            for name in ("tx-checksumming", "tcp-segmentation-offload"):
                if machine.feature(name) != self.bridge:
                    problems.append("machine %s: %s is %s" %
                                    (side, name, "off" if self.bridge else "on"))
        self.point("the NICs offload %s" % ("on sending" if self.bridge else "nothing"),
                   problems)

    def pings(self):
        for to in OVERLAY["a"]:
            problems = []
            for machine in self.machines.values():
                machine.settle()
            for size in (0, 56, 1300, 4000):
                text = command(VM, "ping", "-q", "-c", "3", "-i", "0.1", "-W", "3",
                               "-s", str(size), to, check=False)
                if " 3 received" not in text:
                    problems += ["%d bytes:" % size] + text.splitlines()
            if problems:
                problems += ["%s counted %s" % (side, machine.delta())
                             for side, machine in self.machines.items()]
            self.point("ping %s" % to, problems)

    def tcp(self, sender, receiver, to, gro):
        """A stream from one machine to the other; what is wrong, what the one
        has sent and the other got."""
        here, there = self.machines[sender], self.machines[receiver]
        there.features("gro", "on" if gro else "off")
        for machine in (here, there):
            machine.settle()
            machine.watch()
        port = there.listen(to)
        problems = here.send(to, port, SIZE) + there.arrived(SIZE)
        sent, got = here.watched()[1], there.watched()[0]
        for what, one in (("sent", sent), ("got", got)):
            problems += ["%s: %s" % (what, problem) for problem in one["problems"]]
        return problems, sent, got

    def counted(self, sender, receiver):
        # The end of the connection can still be under way.
        for _ in range(20):
            here, there = (self.machines[side].delta() for side in (sender, receiver))
            problems = ["the sender counted %s, the receiver %s" % (here, there)
                        for one, other in ((here, there), (there, here))
                        if one.get("to_fabric") != other.get("from_fabric")]
            if not problems:
                break
            time.sleep(0.2)
        if here.get("from_vm", 0) < SIZE // 1500:
            problems.append("only %s from the VM" % here.get("from_vm"))
        return problems + sum((machine.audit() for machine in self.machines.values()), [])

    @staticmethod
    def whole(got):
        """Received as sent: in large pieces whose checksums are left open."""
        problems = []
        if got["largest"] < MANY or Offload.TCPV6 not in got["kinds"]:
            problems.append("the NIC got %s" % got)
        return problems

    @staticmethod
    def cut(got):
        """Received as from a wire: complete, and no larger than the MTU."""
        problems = []
        if got["largest"] > LARGE or got["unfinished"] or got["frames"] < SIZE // 1500:
            problems.append("the NIC got %s" % got)
        return problems

    def streams(self):
        for sender, receiver in (("a", "b"), ("b", "a")):
            where = "from %s to %s" % (sender, receiver)
            for family, to in zip(("IPv4", "IPv6"), OVERLAY[receiver]):
                offloads = self.bridge and receiver == "a"
                problems, sent, got = self.tcp(sender, receiver, to, False)
                if self.bridge and sent["largest"] < MANY:
                    problems.append("the NIC was given %s" % sent)
                problems += self.whole(got) if offloads else self.cut(got)
                self.point("%s TCP %s, received %s" % (
                    family, where, "as it was sent" if offloads else "in segments"), problems)
                self.point("%s TCP %s is counted" % (family, where),
                           self.counted(sender, receiver))
                if offloads:
                    continue
                problems, sent, got = self.tcp(sender, receiver, to, True)
                if got["largest"] <= LARGE or Offload.TCPV6 not in got["kinds"]:
                    problems.append("GRO made %s" % got)
                self.point("%s TCP %s, merged by GRO" % (family, where), problems)
                self.point("%s TCP %s is counted after GRO" % (family, where),
                           self.counted(sender, receiver))

    def udp(self):
        sizes = [0, 1, 2, 3, 1000, 1001, 1250, 3000]
        for sender, receiver in (("a", "b"), ("b", "a")):
            here, there = self.machines[sender], self.machines[receiver]
            for source, to in zip(OVERLAY[sender], OVERLAY[receiver]):
                there.watch()
                port = there.take_datagrams(to, len(sizes))
                problems = here.send_datagrams(source, to, port, sizes)
                problems += there.datagrams_taken(sizes)
                got = there.watched()[0]
                problems += got["problems"]
                # The fragments of IPv6 cross whole, and are not seen as UDP.
                if got["frames"] < len(sizes) - 1:
                    problems.append("the NIC got %s" % got)
                self.point("UDP to %s, up to fragments" % to, problems)

    def end(self):
        for side, machine in self.machines.items():
            self.point("all is accounted for on %s" % side, machine.audit())
        self.point("the other machine's kernel does not complain",
                   self.machines["a"].complaints())


def main():
    if len(sys.argv) < 2:
        serve()
    results = Results()
    test = Test(sys.argv[1], results)
    for part in (test.nics, test.pings, test.streams, test.udp, test.end):
        begin = time.monotonic()
        part()
        print("diag %s took %.1f s" % (part.__name__, time.monotonic() - begin))
    results.end()


if __name__ == "__main__":
    main()
