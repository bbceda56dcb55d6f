#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What "vpc trace" says of a packet is what becomes of it, and what the
kernel's tracepoints tell of it, too.

usage: trace.py PREFIX
"""

import contextlib
import json
import os
import re
import struct
import subprocess
import sys
import time

from flows import Wire, command, is_overlay
from harness import SECTIONS, VM0, VM2, Counters, Results, audit
from packets import (
    Offload, Port, extension, icmp, icmpv6, ip_frame, ipv4, ipv6, mac, seed, tcp, text, udp)
from vpcwire import (
    AH, DCCP, DSTOPTS, ESP, FRAGMENT, GRE, HIP, HOPOPTS, ICMP, ICMPV6, IPIP, IPV6, MOBILITY,
    NONE, ROUTING, SCTP, SHIM6, TCP, UDP, UDPLITE, Fabric, ip4, ip6)

# The VMs of trace.sh.
HOSTS = {"vm0": "h0", "vmgtw": "h0", "vm3": "h0", "vm2": "h1"}
MACS = {"vm0": VM0.mac, "vmgtw": mac("cc:2a:2a:00:00:0b"), "vm3": mac("cc:2a:2a:00:00:0d"),
        "vm2": VM2.mac}

# How the tool names the forms.
FORMS = {"ipv4": "ipv4", "ipv4-full": "full", "ipv6": "ipv6", "ipv6-short": "short",
         "whole": "whole"}

TRACEFS = "/sys/kernel/tracing"
# What the kernel's own drop monitor is told; NOT_SPECIFIED for all others.
CORE_REASONS = {"no_route": "IP_OUTNOROUTES", "fabric_route": "IP_OUTNOROUTES",
                "ip_checksum": "IP_CSUM", "ip_malformed": "IP_INHDR",
                "not_ip": "UNHANDLED_PROTO", "too_big": "PKT_TOO_BIG"}


def address(where):
    return ip6(where) if ":" in where else ip4(where)


def packet(source, target, proto="udp", sport=0, dport=0, size=20):
    """An unfragmented packet, as the trace takes it to be."""
    src, dst = address(source), address(target)
    build = ipv4 if len(src) == 4 else ipv6
    ports = dict(sport=sport, dport=dport)
    data = text(size)
    number, payload = {
        "udp": lambda: (UDP, udp(src, dst, data, **ports)),
        "tcp": lambda: (TCP, tcp(src, dst, data, **ports)),
        "udplite": lambda: (UDPLITE, struct.pack("!HHHH", sport, dport, 0, 7) + data),
        "dccp": lambda: (DCCP, struct.pack("!HHBBHI", sport, dport, 4, 0, 7, 0) + data),
        "sctp": lambda: (SCTP, struct.pack("!HHII", sport, dport, 9, 8) + data),
        "icmp": lambda: (ICMP, icmp(data)),
        "ipv6-icmp": lambda: (ICMPV6, icmpv6(src, dst, data)),
    }.get(proto, lambda: (int(proto), extension(NONE, bytes(6)) + data))()
    return build(src, dst, number, payload)


# Sender (the VM whose device it leaves), overlay addresses, and what becomes
# of it: the way, or the reason of its drop.
WAYS = (
    ("another host", "vm0", "10.0.0.10", "10.0.0.20", "fabric"),
    ("another host", "vm0", "fd00::cc:0:10", "fd00::cc:0:20", "fabric"),
    ("its second address", "vm0", "10.0.0.15", "10.0.0.20", "fabric"),
    ("the SID", "vm0", "fd00::cc:0:10", "fd00::1:20", "fabric"),
    ("the same host", "vm0", "10.0.0.10", "10.0.0.11", "local"),
    ("the same host", "vm0", "fd00::cc:0:10", "fd00::cc:0:11", "local"),
    ("itself", "vm0", "10.0.0.10", "10.0.0.10", "local"),
    ("itself", "vm0", "fd00::cc:0:10", "fd00::cc:0:15", "local"),
    ("another VPC, same host", "vm3", "10.0.0.10", "10.0.0.13", "local"),
    ("nobody", "vm0", "10.0.0.10", "10.0.0.99", "no_route"),
    ("nobody", "vm0", "fd00::cc:0:10", "fd00::cc:0:99", "no_route"),
    ("one of another VPC", "vm0", "10.0.0.10", "10.0.0.13", "no_route"),
    ("one of another VPC", "vm0", "fd00::cc:0:10", "fd00::cc:0:13", "no_route"),
    ("standby", "vm0", "10.0.0.10", "10.0.0.31", "not_active"),
    ("standby", "vm0", "fd00::cc:0:10", "fd00::cc:0:31", "not_active"),
    ("retiring", "vm0", "10.0.0.10", "10.0.0.32", "not_active"),
    ("retiring", "vm0", "fd00::cc:0:10", "fd00::cc:0:32", "not_active"),
    ("standby elsewhere, too", "vm0", "10.0.0.10", "10.0.0.33", "fabric"),
    ("without a fabric route", "vm0", "10.0.0.10", "10.0.0.34", "fabric_route"),
    ("without a fabric route", "vm0", "fd00::cc:0:10", "fd00::cc:0:34", "fabric_route"),
    ("off the fabric", "vm0", "10.0.0.10", "10.0.0.35", "fabric_route"),
    ("off the fabric", "vm0", "fd00::cc:0:10", "fd00::cc:0:35", "fabric_route"),
    ("from nobody's address", "vm0", "10.0.0.98", "10.0.0.20", "src_addr"),
    ("from nobody's address", "vm0", "fd00::cc:0:98", "fd00::cc:0:20", "src_addr"),
    ("from one of another VPC", "vm0", "10.0.0.13", "10.0.0.20", "src_addr"),
    ("a group", "vm0", "10.0.0.10", "224.0.0.9", "multicast"),
    ("everybody", "vm0", "10.0.0.10", "255.255.255.255", "multicast"),
    ("a group", "vm0", "fd00::cc:0:10", "ff02::9", "multicast"),
    ("from the other host", "vm2", "10.0.0.20", "10.0.0.10", "fabric"),
    ("from the other host", "vm2", "fd00::cc:0:20", "fd00::cc:0:10", "fabric"),
)

# Protocols by the names or numbers that "vpc trace" takes, and their ports.
PROTOCOLS = [(proto, ports) for proto in ("udp", "tcp", "udplite", "dccp", "sctp")
             for ports in ((0, 0), (1, 65535), (40000, 53))]
PROTOCOLS += [(str(proto), None) for proto in (
    GRE, ESP, IPIP, IPV6, 146, 253, HOPOPTS, ROUTING, FRAGMENT, AH, NONE, DSTOPTS, MOBILITY,
    HIP, SHIM6)]


class Tracefs:
    """An instance of the kernel's tracing, for some events."""

    def __init__(self, *events):
        if not os.path.isdir(TRACEFS + "/events"):
            subprocess.run(["mount", "-t", "tracefs", "tracefs", TRACEFS], check=True)
        self.path = "%s/instances/vpc-selftest-%d" % (TRACEFS, os.getpid())
        os.mkdir(self.path)
        for event in events:
            self.write("events/%s/enable" % event, "1")

    def write(self, name, value):
        with open(os.path.join(self.path, name), "w", encoding="ascii") as file:
            file.write(value)

    def clear(self):
        self.write("trace", "")

    def events(self):
        """(event, its fields) in order."""
        found = []
        with open(os.path.join(self.path, "trace"), encoding="ascii") as file:
            for line in file:
                match = re.match(r"[^#].*?: (\w+): (.*)$", line)
                if match:
                    rest = match.group(2).replace("reason: ", "reason=")
                    found.append((match.group(1), dict(re.findall(r"(\w+)=(\S+)", rest))))
        return found

    def close(self):
        self.write("events/enable", "0")
        os.rmdir(self.path)


class Test:
    def __init__(self, prefix, results):
        self.prefix, self.results = prefix, results
        self.ports = {vm: Port(prefix + vm, vm) for vm in HOSTS}
        self.hosts = {host: Counters(prefix + host) for host in ("h0", "h1")}
        self.fabric = Wire(prefix + "spine", "to_h0")
        self.back = Wire(prefix + "spine", "to_h1")
        for host in self.hosts.values():
            host.settle()

    def trace(self, vm, source, target, proto="udp", sport=None, dport=None):
        words = ["from", source, "to", target, "proto", proto]
        if sport is not None:
            words += ["sport", str(sport), "dport", str(dport)]
        vpc = "1001" if vm == "vm3" else "1000"
        run = subprocess.run(["vpc", "-n", self.prefix + HOSTS[vm], "-j", "trace", vpc, *words],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        said = json.loads(run.stdout or "{}")
        problems = ["the status is %d" % run.returncode] \
            if run.returncode != (0 if said.get("delivered") else 2) else []
        if said.get("delivered") is bool(said.get("reason")):
            problems.append("delivered is %s" % said.get("delivered"))
        return said, problems

    def send(self, vm, frame, offload=None):
        """Send a frame from a VM; what both hosts counted, and what crossed."""
        for wire in (self.fabric, self.back):
            wire.drain()
        for host in self.hosts.values():
            host.mark()
        self.ports[vm].send(frame, offload)
        # It is done for when it has been delivered or dropped.
        for _ in range(100):
            deltas = {name: host.delta() for name, host in self.hosts.items()}
            if any(delta.get("to_vm", 0) > delta.get("made_error", 0) or
                   any(drop in delta for drop in SECTIONS["drops"])
                   for delta in deltas.values()):
                break
            time.sleep(0.02)
        crossed = [Fabric(f[14:]) for wire in (self.fabric, self.back)
                   for f, _ in wire.frames(is_overlay, 0.01)]
        return deltas, crossed

    def frame(self, vm, data):
        return ip_frame(MACS[vm], data)

    def compare(self, vm, source, target, proto="udp", ports=None):
        """Trace a packet and send it; the trace, and where the two differ."""
        said, problems = self.trace(vm, source, target, proto, *(ports or ()))
        steps = {step["step"]: step for step in said.get("steps", ())}
        deltas, crossed = self.send(vm, self.frame(vm, packet(
            source, target, proto, *(ports or (0, 0)))))
        here = deltas.pop(HOSTS[vm])
        there, = deltas.values()
        drops = {name: n for counted in (here, there) for name, n in counted.items()
                 if name in SECTIONS["drops"]}
        reason = said.get("reason")
        if drops != ({reason: 1} if reason else {}):
            problems.append("the trace says %s, dropped was %s" % (reason, drops))
        if reason and there:
            problems.append("the other host counted %s" % there)
        if not reason and "form" not in steps and here != {"from_vm": 1, "to_vm": 1}:
            problems.append("it was to stay on the host, which counted %s" % here)
        if not reason and "form" in steps:
            if here != {"from_vm": 1, "to_fabric": 1} or there != {"from_fabric": 1, "to_vm": 1}:
                problems.append("it was to cross, the hosts counted %s and %s" % (here, there))
            if len(crossed) != 1:
                return said, problems + ["%d packets crossed" % len(crossed)]
            wire = crossed[0]
            for what, traced, seen in (
                    ("form", FORMS.get(steps["form"]["form"]), wire.form),
                    ("flow label", self.label(steps["form"]), wire.label),
                    ("path", [address(hop) for hop in said["path"]], [wire.src, wire.dst])):
                if traced != seen:
                    problems.append("%s: the trace says %s, it is %s" % (what, traced, seen))
        elif crossed:
            problems.append("it crossed the fabric")
        return said, problems

    @staticmethod
    def label(step):
        value = [value for key, value in step.items() if "label" in key]
        return int(str(value[0]), 0) if value else None

    def ways(self):
        for name, vm, source, target, want in WAYS:
            said, problems = self.compare(vm, source, target)
            steps = [step["step"] for step in said.get("steps", ())]
            if want in SECTIONS["drops"]:
                if said.get("reason") != want:
                    problems.append("the trace says %s" % said.get("reason"))
                last = said["steps"][-1]
                if last.get("passed") is not False or last.get("reason") != want:
                    problems.append("the last step is %s" % last)
            elif steps[-2:] != ["accept-destination", "accept-source"] or \
                    ("local" in steps) is not (want == "local"):
                problems.append("the steps are %s" % steps)
            self.results.point("%s: %s > %s, %s" % (want, source, target, name), problems,
                               [json.dumps(said)])

    def protocols(self):
        labels = {}
        for source, target in (("10.0.0.10", "10.0.0.20"), ("fd00::cc:0:10", "fd00::cc:0:20")):
            for proto, ports in [*PROTOCOLS, ("icmp" if "." in source else "ipv6-icmp", None)]:
                said, problems = self.compare("vm0", source, target, proto, ports)
                for step in said.get("steps", ()):
                    if step["step"] == "form":
                        labels.setdefault(self.label(step), []).append(said)
                self.results.point("%s > %s, protocol %s, ports %s: the trace is right" % (
                    source, target, proto, ports), problems, [json.dumps(said)])
        self.results.point("the flows' labels differ", [] if len(labels) > 40 else
                           ["only %d labels" % len(labels)])

    def mtu(self):
        """The largest packet that the trace promises passes, and no larger one."""
        command(self.prefix + "vm0", "ip", "link", "set", "vm0", "mtu", "1500")
        for source, target in (("10.0.0.10", "10.0.0.20"), ("fd00::cc:0:10", "fd00::cc:0:20")):
            said, problems = self.trace("vm0", source, target)
            route, = (step for step in said["steps"] if step["step"] == "route")
            head = 28 if "." in source else 48
            for more, want in ((0, "to_fabric"), (1, "too_big")):
                deltas, _ = self.send("vm0", self.frame("vm0", packet(
                    source, target, size=route["mtu"] - head + more)))
                if deltas["h0"].get(want) != 1:
                    problems.append("of %d bytes, h0 counted %s" %
                                    (route["mtu"] + more, deltas["h0"]))
            if "eth0" not in route.values() or "fd00:f::1" not in route.values():
                problems.append("the route is not by eth0 and fd00:f::1")
            self.results.point("%s > %s: the MTU is the datapath's" % (source, target),
                               problems, [json.dumps(said)])

    # Tracepoints.

    def seen(self, trace, vm, frame, offload=None):
        trace.clear()
        deltas, _ = self.send(vm, frame, offload)
        return deltas, trace.events()

    def translated(self, trace):
        for name, target, forms in (("another host", "20", ("ipv4", "ipv6")),
                                    ("the same host", "11", ("local", "local"))):
            for source, prefix, form in (("10.0.0.10", "10.0.0.", forms[0]),
                                         ("fd00::cc:0:10", "fd00::cc:0:", forms[1])):
                _, events = self.seen(trace, "vm0", self.frame("vm0", packet(
                    source, prefix + target, sport=1, dport=2)))
                events = [(event, fields) for event, fields in events
                          if event.startswith("vpc_") and fields.get("proto") == "17"]
                sid = "fd00::1:20" if target == "20" else "fd00::11"
                want = {"vpc": "1000", "form": form, "src": address(source).hex(),
                        "dst": address(prefix + target).hex(), "sid": "fd00::10", "to": sid}
                problems = []
                expected = [("vpc_translate", "vm0")]
                if target == "20":
                    expected.append(("vpc_accept", "vm2"))
                if [(event, fields["dev"]) for event, fields in events] != expected:
                    problems.append("events: %s" % events)
                for _, fields in events:
                    problems += ["%s is %s, not %s" % (key, fields.get(key), value)
                                 for key, value in want.items() if fields.get(key) != value]
                self.results.point("tracepoints: %s > %s, to %s" % (
                    source, prefix + target, name), problems)

    def dropped(self, trace):
        def frame(*args, **fields):
            return self.frame("vm0", packet(*args, **fields))

        good = frame("10.0.0.10", "10.0.0.20")
        large = self.frame("vm0", ipv4(VM0.v4, ip4("10.0.0.99"), TCP, seed(
            tcp(VM0.v4, ip4("10.0.0.99"), text(3000)), TCP, VM0.v4, ip4("10.0.0.99"))))
        for reason, segs, sent, offload in (
                ("no_route", 1, frame("10.0.0.10", "10.0.0.99"), None),
                ("no_route", 3, large, Offload(34, 16, Offload.TCPV4, 1200, 54)),
                ("not_active", 1, frame("10.0.0.10", "10.0.0.31"), None),
                ("fabric_route", 1, frame("fd00::cc:0:10", "fd00::cc:0:34"), None),
                ("too_big", 1, frame("10.0.0.10", "10.0.0.20", size=1450), None),
                ("src_addr", 1, frame("fd00::cc:0:98", "fd00::cc:0:20"), None),
                ("src_mac", 1, good[:6] + MACS["vmgtw"] + good[12:], None),
                ("not_ip", 1, good[:12] + b"\x88\xb5" + good[14:], None),
                ("ip_checksum", 1, good[:24] + b"\x12\x34" + good[26:], None),
                ("ip_malformed", 1, good[:14] + b"\x55" + good[15:], None)):
            deltas, events = self.seen(trace, "vm0", sent, offload)
            problems = []
            drops = [fields for event, fields in events if event == "vpc_drop"]
            freed = [fields for event, fields in events if event == "kfree_skb"]
            if [(d["reason"], d["segs"]) for d in drops] != [(reason, str(segs))] or \
                    deltas["h0"].get(reason) != segs:
                problems.append("vpc_drop: %s, counted: %s" % (drops, deltas["h0"]))
            core = CORE_REASONS.get(reason, "NOT_SPECIFIED")
            if drops and [f["reason"] for f in freed
                          if f["skbaddr"] == drops[0]["skbaddr"]] != [core]:
                problems.append("kfree_skb: %s" % freed)
            self.results.point("tracepoints: %s, %d segments" % (reason, segs), problems)

    def tracepoints(self):
        trace = Tracefs("vpc", "skb/kfree_skb")
        try:
            self.translated(trace)
            self.dropped(trace)
        finally:
            with contextlib.suppress(OSError):
                trace.close()


def main():
    results = Results()
    test = Test(sys.argv[1], results)
    test.ways()
    test.protocols()
    test.mtu()
    if os.path.isdir(TRACEFS):
        test.tracepoints()
    else:
        results.skip("tracepoints", "there is no tracefs")
    results.point("the counters add up", audit(*test.hosts.values()))
    results.end()


if __name__ == "__main__":
    main()
