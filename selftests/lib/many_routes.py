#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Very many routes in VPC 1000 of h0, on the hosts of many_routes.sh.

usage: many_routes.py PREFIX
"""

import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
import zlib

from flows import command
from harness import Results, eventually
from probe import Probe, Stream, Vm

VMS = (
    Vm("h0", 1000, "vma", "fd00::10", "cc:2a:2a:00:00:0a", "10.0.0.10", "fd00::cc:0:10"),
    Vm("h1", 1000, "vmb", "fd00::1:11", "cc:2a:2a:00:00:0b", "10.0.0.11", "fd00::cc:0:11"),
    Vm("h2", 1000, "vmc", "fd00::2:12", "cc:2a:2a:00:00:0c", "10.0.0.12", "fd00::cc:0:12"),
)
A, B, C = VMS
MANY = int(os.environ.get("ROUTES", "1000000"))
PATIENCE = 120.0


def prefix(n):
    return "%d.%d.%d.0/24" % (32 + (n >> 16), n >> 8 & 255, n & 255) if n % 2 else \
        "fd32:%x:%x::/48" % (1 + (n >> 16), n & 0xffff | 1)


def owner(n):
    return (B, C)[n // 2 % 2]


def line(n):
    return "1000 %s via %s" % (prefix(n), owner(n).sid)


def inside(n):
    """The address of a VM and one in the prefix."""
    net = prefix(n).split("/", 1)[0]
    return (A.v6, net + "7") if ":" in net else (A.v4, net[:-1] + "7")


def unreclaimable():
    with open("/proc/meminfo", encoding="ascii") as file:
        fields = dict(row.split(":") for row in file)
    return int(fields["SUnreclaim"].split()[0])


class Test(Probe):
    def __init__(self, prefix_, results):
        super().__init__(prefix_, results, VMS)
        self.took = {}

    @contextlib.contextmanager
    def clock(self, what):
        begin = time.monotonic()
        yield
        self.took[what] = time.monotonic() - begin

    def batch_of(self, netns, lines):
        with tempfile.NamedTemporaryFile("w") as file:
            file.writelines(one + "\n" for one in lines)
            file.flush()
            command(netns, "vpc", "-batch", file.name)

    def load(self, netns):
        self.batch_of(netns, ("route add " + line(n) for n in range(MANY)))

    def given_back(self, name, before, peak):
        if os.environ.get("MEMORY") == "n":
            self.results.skip(name, "a kernel that looks for faults keeps what is freed")
            return
        deadline = time.monotonic() + PATIENCE
        while (after := unreclaimable()) - before > (peak - before) / 4 and \
                time.monotonic() < deadline:
            time.sleep(0.5)
        self.point(name, [] if after - before <= (peak - before) / 4 else
                   ["%d KiB of %d are not" % (after - before, peak - before)])

    def lookups(self):
        numbers = random.sample(range(MANY), 300)
        problems = []
        for n, (end, _) in zip(numbers, self.ends("h0", 1000, list(map(inside, numbers)))):
            if end != owner(n).sid:
                problems.append("%s: %s" % (prefix(n), end))
        self.point("%d routes of one VPC are found" % MANY, problems)
        numbers = numbers[:20]
        for host in ("h1", "h2"):
            self.batch(host, ["route add " + line(n) for n in numbers])
        problems = []
        for n in numbers:
            src, dst = inside(n)
            problems += self.goes("vma", src, dst, owner(n).name)
            problems += self.goes(owner(n).name, dst, src, "vma")
        for src, dst in ((A.v4, "99.1.2.3"), (A.v6, "fd99::7")):
            problems += self.goes("vma", src, dst, ("h0", "no_route"))
        self.point("by packets, too, and nothing else is", problems)

    def shown(self):
        sums = [0, 0]
        with self.clock("shown"), subprocess.Popen(
                ["vpc", "-n", self.prefix + "h0", "route", "show", "1000"],
                stdout=subprocess.PIPE) as run:
            for one in run.stdout:
                sums[0] += 1
                sums[1] += zlib.crc32(one)
        want = [MANY, sum(zlib.crc32(b"%s state active\n" % line(n).encode())
                          for n in range(MANY))]
        self.point("shown, each as it was given", [] if sums == want and not run.returncode
                   else ["%d are, sum %x, not %d, sum %x" % (*sums, *want)])
        n = random.randrange(MANY)
        with self.clock("one of them shown"):
            got = self.vpc("h0", "route show 1000 " + prefix(n))
        self.point("one of them is shown", [] if got == line(n) + " state active\n" else
                   [got])

    def deleted(self):
        """Half of them with a long grace, and then, with those waiting, the others with a
        short one: what ends first is not searched for."""
        numbers = random.sample(range(MANY), MANY)
        half = numbers[:MANY // 2]
        self.vpc("h0", "edge set vpc2_0 grace 3600")
        with self.clock("half of them retired"):
            self.batch_of(self.prefix + "h0", ("route del 1000 " + prefix(n) for n in half))
        self.vpc("h0", "edge set vpc2_0 grace 1")
        with self.clock("the other half retired"):
            self.batch_of(self.prefix + "h0", ("route del 1000 " + prefix(n)
                                               for n in numbers[MANY // 2:]))
        self.point("those whose grace has ended go", [] if eventually(
            lambda: self.routes() == len(half), PATIENCE, 0.2) else
                   ["%d are left" % self.routes()])
        with self.clock("half of them deleted"):
            self.batch_of(self.prefix + "h0", ("route del 1000 %s now" % prefix(n)
                                               for n in sorted(half)))
        left = self.routes()
        self.point("and the others, deleted in another order", [] if not left else
                   ["%d are left" % left])

    def routes(self):
        return self.json("h0", "stats show vpc 1000")[0]["routes"]

    def namespace(self):
        """A namespace with as many of its own goes."""
        netns = self.prefix + "many"
        subprocess.run(["ip", "netns", "add", netns], check=True)
        command(netns, "ip", "link", "add", "f0", "up", "type", "veth")
        command(netns, "vpc", "edge", "add", "e0", "locator", "fd00::/112", "fabric", "f0",
                "grace", "3600")
        before = unreclaimable()
        self.load(netns)
        # Some of them in their grace.
        self.batch_of(netns, ("route del 1000 " + prefix(n) for n in range(MANY // 4)))
        peak = unreclaimable()
        subprocess.run(["ip", "netns", "del", netns], check=True)
        self.given_back("the memory of a namespace that goes is given back", before, peak)

    def all(self):
        before = unreclaimable()
        with self.clock("loaded"):
            self.load(self.prefix + "h0")
        peak = unreclaimable()
        self.lookups()
        self.shown()
        stream = Stream(self, [("vma", A.v4, B.v4, ("vmb",)), ("vma", A.v6, C.v6, ("vmc",))],
                        0.02)
        self.deleted()
        self.given_back("their memory is given back", before, peak)
        self.namespace()
        self.point("packets go on meanwhile: %d" % sum(stream.sent), stream.end())
        print("diag %d routes, %d bytes each: %s" % (MANY, (peak - before) * 1024 / MANY, ", ".join(
            "%s in %.1f s" % one for one in self.took.items())))


def main():
    results = Results()
    test = Test(sys.argv[1], results)
    test.all()
    test.audit()
    results.end()


if __name__ == "__main__":
    main()
