# SPDX-License-Identifier: GPL-2.0
"""What the tests in Python have in common: results for the shell, counters,
and the endpoints of topo_talk() in topo.sh."""

import glob
import json
import os
import re
import subprocess
import sys
import time

from packets import mac
from vpcwire import ip4, ip6

LIB = os.path.dirname(os.path.abspath(__file__))
HEADER = os.path.join(os.path.dirname(os.path.dirname(LIB)),
                      "uapi", "linux", "vpc_counters.h")


class Results:
    """Test points, as lines that tap_results in topo.sh reads."""

    def point(self, name, problems, details=()):
        print("%s %s" % ("not_ok" if problems else "ok", name))
        if problems:
            for line in list(problems) + list(details):
                print("diag " + line)
        sys.stdout.flush()

    def skip(self, name, why):
        print("skip %s # %s" % (name, why))

    def end(self):
        print("end")


def slab():
    """What the kernel's objects take that it can't take back, in KiB. Shrinking a cache
    drops its empty slabs, and takes what was freed out of KASAN's quarantine."""
    for cache in glob.glob("/sys/kernel/slab/*/shrink"):
        with open(cache, "w", encoding="ascii") as file:
            file.write("1")
    with open("/proc/meminfo", encoding="ascii") as file:
        fields = dict(row.split(":") for row in file)
    return int(fields["SUnreclaim"].split()[0])


def eventually(found, timeout=20.0, pause=0.05):
    """Ask until the answer is true, or the time is over: the last answer."""
    deadline = time.monotonic() + timeout
    while not (answer := found()) and time.monotonic() < deadline:
        time.sleep(pause)
    return answer


class Endpoint:
    def __init__(self, host, vpc, name, sid, hwaddr, v4, v6):
        self.host, self.vpc, self.name = host, vpc, name
        self.sid, self.mac = ip6(sid), mac(hwaddr)
        self.v4, self.v6 = ip4(v4), ip6(v6)


# Those of uplinks and of the spine's ports to them, as topo_up() has them.
HOST_MACS = {"h%d" % n: mac("02000000%02x02" % n) for n in range(3)}
SPINE_MACS = {"h%d" % n: mac("02000000%02x01" % n) for n in range(3)}

# The same as in topo_talk().
VM0 = Endpoint("h0", 1000, "vm0", "fd00::10", "cc:2a:2a:00:00:0a",
               "10.0.0.10", "fd00::cc:0:10")
VMGTW = Endpoint("h0", 1000, "vmgtw", "fd00::11", "cc:2a:2a:00:00:0b",
                 "10.0.0.11", "fd00::cc:0:11")
VM2 = Endpoint("h1", 1000, "vm2", "fd00::1:20", "cc:2a:2a:00:01:14",
               "10.0.0.20", "fd00::cc:0:20")
VM1 = Endpoint("h1", 1001, "vm1", "fd00::1:10", "cc:2a:2a:00:01:0a",
               "10.0.1.10", "fd00::cc:1:10")


def counter_sections():
    """The names of the counters of each list in vpc_counters.h."""
    with open(HEADER, encoding="utf-8") as file:
        text = file.read()
    sections = {}
    for name, body in re.findall(
            r"#define VPC_(SOURCES|SINKS|BYTES|DROPS)\(_\)((?:.*\\\n)*.*)", text):
        sections[name.lower()] = re.findall(r'_\(\w+,\s*"(\w+)"', body)
    return sections


SECTIONS = counter_sections()

# What encryption.py meets, and no test without keys can.
ENCRYPTION = {"missing_key", "exhausted", "unknown_spi", "bad_icv", "replay", "clear",
              "wrong_hop", "from_opened", "used_sealed", "from_crypto", "to_crypto"}


class Counters:
    """The counters of a host, read with the tool: all of them, or those of
    what follows "vpc stats show"."""

    def __init__(self, netns, *of):
        self.netns, self.of = netns, of
        self.base = self.read()

    def read(self):
        text = subprocess.run(["vpc", "-n", self.netns, "-j", "stats", "show", *self.of],
                              stdout=subprocess.PIPE, check=True).stdout
        found = {}

        def walk(value):
            if isinstance(value, dict):
                for key, item in value.items():
                    if isinstance(item, int) and not isinstance(item, bool):
                        found.setdefault(key, item)
                    else:
                        walk(item)
            elif isinstance(value, list):
                for item in value:
                    walk(item)

        walk(json.loads(text))
        if "from_vm" not in found:
            raise SystemExit("no counters in: %r" % text[:200])
        self.last = {name: found.get(name, 0)
                     for names in SECTIONS.values() for name in names}
        return self.last

    def mark(self):
        self.base = self.read()

    def mark_last(self):
        """Like mark(), of what was read last."""
        self.base = self.last

    def delta(self):
        """What was counted since mark(), without bytes and without router
        advertisements, which come when they want."""
        now = self.read()
        delta = {name: now[name] - self.base[name] for name in now
                 if name not in SECTIONS["bytes"]}
        delta["to_vm"] -= delta.pop("made_ra")
        return {name: n for name, n in delta.items() if n}

    def wait(self, want, timeout=2.0):
        """The first delta that is want, or the last one before the timeout."""
        delta = {}

        def wanted():
            nonlocal delta
            delta = self.delta()
            return want(delta)

        eventually(wanted, timeout, 0.02)
        return delta

    def settle(self):
        """Wait until nothing more is counted: what devices send when they
        come up."""
        for _ in range(50):
            self.mark()
            time.sleep(0.2)
            if not self.delta():
                return

    def unbalanced(self):
        """Problems with the sum that must hold at any moment, in what was read
        last."""
        now = self.last
        sources, sinks, drops = (sum(now[name] for name in SECTIONS[section])
                                 for section in ("sources", "sinks", "drops"))
        if sources == sinks + drops:
            return []
        return ["in %s, %d from sources, %d to sinks, %d dropped" %
                (self.netns, sources, sinks, drops)]


def audit(*hosts):
    """What "vpc stats audit" finds wrong, and what does not add up here."""
    problems = []
    for counters in hosts:
        run = subprocess.run(["vpc", "-n", counters.netns, "stats", "audit"],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             check=False)
        if run.returncode:
            problems += run.stdout.decode(errors="replace").splitlines() or \
                ["status %d" % run.returncode]
        counters.read()
        problems += counters.unbalanced()
    return problems
