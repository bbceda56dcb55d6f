# SPDX-License-Identifier: GPL-2.0
"""VMs whose kernels are quiet, on the hosts of topo.sh: a test sends a packet from
one of them, or a forged one from the fabric, and sees what becomes of it."""

import json
import os
import re
import socket
import struct
import subprocess
import tempfile
import threading
import time

from flows import SO_RCVBUFFORCE
from genl import Link
from harness import HOST_MACS, SPINE_MACS, Counters, audit, eventually
from packets import ETH_IPV6, Port, ethernet, ip_frame, ipv4, ipv6, is_advertisement, mac, udp
from vpcwire import UDP, encode, ip4, ip6

PATIENCE = 20.0

# What the sender is told by ICMP, type and code, and why.
UNREACHABLE = {4: (3, 1), 6: (1, 3)}
PROHIBITED = {4: (3, 13), 6: (1, 1)}
TOLD = {"no_route": UNREACHABLE, "not_active": UNREACHABLE, "next_hop": UNREACHABLE,
        "drained": UNREACHABLE, "no_consent": UNREACHABLE, "peer_route": UNREACHABLE,
        "prohibited": PROHIBITED}



def address(text):
    return ip6(text) if ":" in text else ip4(text)


def packet(src, dst, data=b"probe", sport=40000, dport=7000, **fields):
    """A UDP packet of a tenant."""
    a, b = address(src), address(dst)
    build = ipv4 if len(a) == 4 else ipv6
    if len(a) == 16:
        fields.setdefault("label", 0x777)
    else:
        fields.setdefault("ident", 0)
    return build(a, b, UDP, udp(a, b, data, sport=sport, dport=dport), **fields)


def is_icmp(data):
    return data[9] == 1 if data[0] >> 4 == 4 else data[6] == 58


class Vm:
    def __init__(self, host, vpc, name, sid, hwaddr, v4, v6):
        self.host, self.vpc, self.name, self.sid = host, vpc, name, sid
        self.mac, self.v4, self.v6 = mac(hwaddr), v4, v6

    def addr(self, version):
        return self.v4 if version == 4 else self.v6


class Genl:
    """Requests that the tool would not send."""

    def __init__(self, netns):
        self.link = Link(netns)

    def request(self, cmd, items):
        """Send one message: the error, the message and the offset of the extended
        acknowledgement."""
        error, message, _ = self.link.ask(cmd, b"".join(items))
        return error, message, self.link.offset


class Probe:
    def __init__(self, prefix, results, vms, hosts=("h0", "h1", "h2")):
        self.prefix, self.results = prefix, results
        self.vms = {vm.name: vm for vm in vms}
        self.hosts = {host: Counters(prefix + host) for host in hosts}
        self.ports = {vm.name: Port(prefix + vm.name, vm.name) for vm in vms}
        self.spine = {host: Port(prefix + "spine", "to_" + host) for host in hosts}
        for port in self.ports.values():
            port.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        for host in self.hosts.values():
            host.settle()
        self.number = 0

    # The tool.

    def run(self, host, *words, lines=()):
        run = subprocess.run(["vpc", "-n", self.prefix + host, *words],
                             input="".join(one + "\n" for one in lines).encode(),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        return run.returncode, run.stdout.decode(), run.stderr.decode(errors="replace")

    def vpc(self, host, text, lines=()):
        """The output of what must not fail."""
        status, output, errors = self.run(host, *text.split(), lines=lines)
        if status:
            raise SystemExit("vpc %s on %s: status %d: %s" % (text, host, status, errors))
        return output

    def batch(self, host, lines):
        self.vpc(host, "-batch -", lines)

    def everywhere(self, *lines):
        for host in self.hosts:
            self.batch(host, lines)

    def json(self, host, text):
        return json.loads(self.vpc(host, "-j " + text))

    def save(self, host):
        return self.vpc(host, "save")

    def traced(self, host, vpc, src, dst, *more):
        """The reason to drop a packet or the last SID of its path, and the steps."""
        _, output, errors = self.run(host, "-j", "trace", str(vpc), "from", src, "to", dst,
                                     *more)
        if not output:
            raise SystemExit("vpc trace on %s: %s" % (host, errors))
        said = json.loads(output)
        return said.get("reason") or said["path"][-1], \
            {step["step"]: step for step in said["steps"]}

    def ends(self, host, vpc, pairs):
        """The same of many pairs of addresses, in one go: the reason or the last SID of
        each, and what the trace says."""
        _, output, errors = self.run(host, "-force", "-batch", "-", lines=[
            "trace %s from %s to %s" % (vpc, *pair) for pair in pairs])
        said = re.split(r"^trace in ", output, flags=re.M)[1:]
        if len(said) != len(pairs):
            raise SystemExit("%d traces, not %d: %s" % (len(said), len(pairs), errors))
        found = [re.search(r"^dropped: (\w+)", one, re.M) or
                 re.search(r"^path: .* (\S+)$", one, re.M) for one in said]
        return [(end.group(1) if end else None, one) for end, one in zip(found, said)]

    # Packets.

    def send(self, vm, data):
        self.ports[vm].send(ip_frame(self.vms[vm].mac, data))

    def from_fabric(self, host, src_sid, dst_sid, vpc, data):
        """A packet for a host as an edge would send it, from whatever SID."""
        self.spine[host].send(ethernet(
            HOST_MACS[host], SPINE_MACS[host], ETH_IPV6,
            encode(data, vpc, ip6(src_sid), ip6(dst_sid))))

    def arrived(self, vm, timeout=0.0):
        """Packets that a VM got: those of others, and ICMP errors."""
        got = self.ports[vm].packets(lambda frame: not is_advertisement(frame),
                                     1 if timeout else 0, timeout)
        return [frame[14:] for frame in got]

    def becomes(self, inject, data, want):
        """What is wrong with what becomes of a packet: want is the VM that gets it;
        or (host, reason) of the drop, or (host, reason, VM, error) if that VM has to be
        told by ICMP.  Nobody else may get anything."""
        for port in self.ports.values():
            port.drain()
        drop = isinstance(want, tuple)
        if drop:
            self.hosts[want[0]].mark()
        inject()
        told = want[2] if drop and len(want) > 2 else None
        expected = told if drop else want
        got = self.arrived(expected, PATIENCE) if expected else []
        problems = []
        if drop:
            delta = self.hosts[want[0]].wait(lambda delta: want[1] in delta, PATIENCE)
            if delta.get(want[1]) != 1:
                problems.append("%s counted %s, not %s" % (want[0], delta, want[1]))
        if told and [tuple(one[one[0] % 16 * 4 if one[0] >> 4 == 4 else 40:][:2])
                     for one in got if is_icmp(one)] != [want[3]]:
            problems.append("%s was not told %s: %s" %
                            (told, want[3], [one.hex() for one in got]))
        if not drop and got != [data]:
            problems.append("%s got %s" % (want, [one.hex(" ", -4) for one in got]))
        for name in self.ports:
            if name != expected:
                problems += ["%s got %s" % (name, one[:60].hex(" ", -4))
                             for one in self.arrived(name)]
        return problems

    def goes(self, vm, src, dst, want, **fields):
        """Send from a VM; see becomes()."""
        self.number += 1
        if isinstance(want, tuple) and want[1] in TOLD:
            want += (vm, TOLD[want[1]][6 if ":" in src else 4])
        data = packet(src, dst, b"%d" % self.number, **fields)
        return ["from %s, %s to %s: %s" % (vm, src, dst, problem) for problem in
                self.becomes(lambda: self.send(vm, data), data, want)]

    def comes(self, host, src_sid, dst_sid, vpc, src, dst, want):
        """Send to a host by the fabric; see becomes()."""
        self.number += 1
        data = packet(src, dst, b"%d" % self.number)
        return ["at %s, from %s to %s, %s to %s: %s" %
                (host, src_sid, dst_sid, src, dst, problem) for problem in self.becomes(
                    lambda: self.from_fabric(host, src_sid, dst_sid, vpc, data), data,
                    want)]

    def point(self, name, problems, details=()):
        self.results.point(name, problems[:10], details)

    def audit(self):
        self.point("every packet is accounted for", audit(*self.hosts.values()))

    # Refusals.

    def refused(self, host, words, culprit):
        """What is wrong with how the tool or the kernel refuses a command."""
        before = self.save(host)
        status, output, errors = self.run(host, *words.split())
        problems = []
        if status not in (1, 2) or culprit not in errors or output:
            problems.append("%s: status %d, not naming \"%s\": %s" %
                            (words, status, culprit, errors or output))
        if self.save(host) != before:
            problems.append("%s: it has changed something" % words)
        return problems


class Monitor:
    """What "vpc monitor" says on a host, until the end of the block."""

    def __init__(self, probe, host, *options):
        self.probe, self.host = probe, host
        self.command = ["vpc", "-n", probe.prefix + host, *options, "monitor"]

    def __enter__(self):
        self.file = tempfile.TemporaryFile()
        self.process = subprocess.Popen(self.command, stdout=self.file,
                                        stderr=subprocess.STDOUT)
        # It says nothing when it is ready, so something is changed until it does.
        deadline = time.monotonic() + PATIENCE
        while not self.text() and time.monotonic() < deadline:
            self.probe.vpc(self.host, "edge set vpc2_%s short off" % self.host[1])
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.file.close()

    def text(self):
        return os.pread(self.file.fileno(), 1 << 22, 0).decode()

    def lines(self, of, count):
        """The lines with a text in them: so many, if they come in time."""
        deadline = time.monotonic() + PATIENCE
        while True:
            got = [line for line in self.text().split("\n")[:-1] if of in line]
            if len(got) >= count or time.monotonic() > deadline:
                return got
            time.sleep(0.05)


class Stream:
    """Numbered datagrams from VMs, to see whether each arrives, and once.  A flow is
    (sender, source, destination, receivers)."""

    def __init__(self, probe, flows, pause=0.004):
        self.probe, self.flows, self.pause = probe, list(flows), pause
        for port in probe.ports.values():
            port.drain()
        self.sent = [0] * len(self.flows)
        self.active = [True] * len(self.flows)
        self.seen = {}
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.ending.wait(self.pause):
            for flow, (vm, src, dst, _) in enumerate(self.flows):
                if self.active[flow]:
                    self.probe.send(vm, packet(src, dst, struct.pack(
                        "!4sII", b"seq ", flow, self.sent[flow])))
                    self.sent[flow] += 1

    def some(self, count=5):
        """Wait until each active flow has sent some more."""
        goal = [n + count for n in self.sent]
        eventually(lambda: all(n >= want for n, want, on in
                               zip(self.sent, goal, self.active) if on), pause=0.005)

    def collect(self):
        for vm in self.probe.ports:
            for data in self.probe.arrived(vm):
                at = data.find(b"seq ")
                if at > 0 and not is_icmp(data):
                    key = struct.unpack_from("!II", data, at + 4)
                    self.seen.setdefault(key, []).append(vm)

    def stop(self):
        self.some()
        self.ending.set()
        self.thread.join()

    def missing(self):
        self.collect()
        return [(flow, number) for flow, n in enumerate(self.sent) for number in range(n)
                if (flow, number) not in self.seen]

    def end(self):
        """What is wrong with what came of it."""
        self.stop()
        eventually(lambda: not self.missing(), pause=0.1)
        problems = []
        for flow, number in self.missing():
            problems.append("%s: number %d of %d is lost" %
                            (self.flows[flow][:3], number, self.sent[flow]))
        for (flow, number), vms in self.seen.items():
            if len(vms) != 1 or vms[0] not in self.flows[flow][3]:
                problems.append("%s: number %d has come to %s" %
                                (self.flows[flow][:3], number, vms))
        if not all(self.sent):
            problems.append("nothing was sent: %s" % self.sent)
        return problems
