#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Peerings between the VPCs of peering.sh.

usage: peering.py PREFIX
"""

import json
import random
import struct
import sys

from flows import Wire, is_overlay
from genl import NESTED
from harness import Results
from permissions import attribute
from probe import Genl, Monitor, Probe, Stream, Vm, packet
from vpcwire import Fabric, show

VMS = (
    Vm("h0", 1000, "vm0", "fd00::10", "cc:2a:2a:00:00:0a", "10.0.0.10", "fd00::cc:0:10"),
    Vm("h1", 1001, "vm1", "fd00::1:11", "cc:2a:2a:00:00:0b", "10.0.1.11", "fd00::cc:1:11"),
    Vm("h1", 1001, "vm1r", "fd00::1:12", "cc:2a:2a:00:00:0c", "10.0.1.12", "fd00::cc:1:12"),
    Vm("h2", 1002, "vm2", "fd00::2:13", "cc:2a:2a:00:00:0d", "10.0.2.13", "fd00::cc:2:13"),
    Vm("h0", 1000, "vm1x", "fd00::14", "cc:2a:2a:00:00:0e", "10.0.1.40", "fd00::cc:1:40"),
    Vm("h1", 1001, "vm2x", "fd00::1:15", "cc:2a:2a:00:00:0f", "10.0.1.40", "fd00::cc:1:40"),
)
VM0, VM1, VM1R, VM2, VM1X, VM2X = VMS
VERSIONS = (4, 6)
# The networks of the three VPCs, and one that vm1r routes.
NETS = {4: {1000: "10.0.0.0/24", 1001: "10.0.1.0/24", 1002: "10.0.2.0/24",
            "far": "10.99.0.0/16", "own": "10.98.0.0/16"},
        6: {1000: "fd00::cc:0:0/112", 1001: "fd00::cc:1:0/112", 1002: "fd00::cc:2:0/112",
            "far": "fd00:99::/32", "own": "fd00:98::/32"}}
FAR = {4: "10.99.0.1", 6: "fd00:99::1"}
OWN = {4: "10.98.0.1", 6: "fd00:98::1"}

PEER_ADD, PEER_DEL, VPC_A_PEER = 21, 22, 8
P_VPC, P_PEER, P_STATE, P_PEER_STATE = range(1, 5)


class Test(Probe):
    def __init__(self, prefix, results):
        super().__init__(prefix, results, VMS)
        self.genl = Genl(prefix + "h0")
        self.wire = Wire(prefix + "spine", "to_h0")

    def both(self, name, probe):
        """A point of both families."""
        self.point(name, [problem for version in VERSIONS for problem in probe(version)])

    def routes(self, *lines):
        """Routes on all hosts; {NAME} is a network."""
        for version in VERSIONS:
            nets = {"n%s" % key: net for key, net in NETS[version].items()}
            self.everywhere(*("route " + line.format(**nets) for line in lines))

    def go(self, vm, to, want, version):
        return self.goes(vm.name, vm.addr(version), to, want)

    # Consent.

    def consent(self):
        def forth(want):
            return lambda version: self.go(VM0, VM1.addr(version), want, version)

        def back(want):
            return lambda version: self.go(VM1, VM0.addr(version), want, version)

        def shown(name, want):
            got = self.vpc("h0", "peer show").splitlines()
            self.point(name, [] if got == want else ["it is %s" % got])

        self.both("without a route a peer is not reached", forth(("h0", "no_route")))
        self.routes("add 1000 {n1001} peer 1001", "add 1001 {n1000} peer 1000")
        self.both("nor with a route alone", forth(("h0", "no_consent")))
        self.both("bad_vpc: nor by the fabric, where nobody has agreed", lambda version:
                  self.comes("h1", VM0.sid, VM1.sid, 1000, VM0.addr(version),
                             VM1.addr(version), ("h1", "bad_vpc")))
        self.everywhere("peer add 1000 1001")
        self.both("nor if one of them agrees", forth(("h0", "no_consent")))
        self.both("from the other one neither", back(("h1", "no_consent")))
        self.both("no_consent: nor by the fabric", lambda version: self.comes(
            "h1", VM0.sid, VM1.sid, 1000, VM0.addr(version), VM1.addr(version),
            ("h1", "no_consent")))
        shown("which is shown", ["1000 1001 state active peer-state none"])
        self.everywhere("peer add 1001 1000 state standby")
        shown("with the other side", ["1000 1001 state active peer-state standby",
                                      "1001 1000 state standby peer-state active"])
        self.both("consent that stands by does not send", forth(("h0", "no_consent")))
        self.both("but is accepted", lambda version: self.comes(
            "h1", VM0.sid, VM1.sid, 1000, VM0.addr(version), VM1.addr(version), "vm1"))
        self.everywhere("peer add 1001 1000")
        self.both("both agree", forth("vm1"))
        self.both("and back", back("vm0"))
        shown("that is shown, too", ["1000 1001 state active peer-state active up",
                                     "1001 1000 state active peer-state active up"])
        got = self.json("h0", "peer show 1001")
        self.point("in JSON", [] if got == [{"vpc": 1001, "peer": 1000, "state": "active",
                                             "peer_state": "active", "up": True}]
                   else ["%s" % got])

    def wired(self):
        """The TLV has the source's VPC."""
        problems = []
        for version in VERSIONS:
            for port, src, dst in (("vm0", VM0, VM1), ("vm1", VM1, VM0)):
                wires = {"vm0": self.wire, "vm1": Wire(self.prefix + "spine", "to_h1")}
                wires[port].drain()
                self.send(port, packet(src.addr(version), dst.addr(version)))
                self.arrived(dst.name, 20.0)
                frames = wires[port].frames(is_overlay, 0.2)
                got = [(Fabric(frame[14:]).vpc, show(Fabric(frame[14:]).src),
                        show(Fabric(frame[14:]).dst), frame[59:62].hex())
                       for frame, _ in frames]
                # Byte 5 of the options header begins the id: a MAC header, an IPv6
                # header, and four bytes and Hops before it.
                want = [(src.vpc, src.sid, dst.sid, "%06x" % src.vpc)]
                if got != want:
                    problems.append("%s, not %s" % (got, want))
        self.point("on the fabric it is the VPC of the source", problems)

    # What a peer may reach.

    def reach(self):
        self.routes("add 1001 {nfar} via %s" % VM1R.sid, "add 1000 {nfar} peer 1001")
        self.both("peer_route: a route that the peer does not export", lambda version:
                  self.go(VM0, FAR[version], ("h0", "peer_route"), version))
        self.both("dst_sid: nor by the fabric", lambda version: self.comes(
            "h1", VM0.sid, VM1R.sid, 1000, VM0.addr(version), FAR[version],
            ("h1", "dst_sid")))
        self.routes("replace 1001 {nfar} via %s export" % VM1R.sid)
        self.both("one that it exports", lambda version:
                  self.go(VM0, FAR[version], "vm1r", version))
        self.both("its next hop may answer", lambda version: self.goes(
            "vm1r", FAR[version], VM0.addr(version), "vm0"))
        self.both("src_addr: another of the peer's may not", lambda version: self.goes(
            "vm1", FAR[version], VM0.addr(version), ("h1", "src_addr")))
        self.both("src_sid: nor by the fabric", lambda version: self.comes(
            "h0", VM1.sid, VM0.sid, 1001, FAR[version], VM0.addr(version),
            ("h0", "src_sid")))
        self.both("nothing of the peer for an address", lambda version: self.go(
            VM0, {4: "10.0.1.99", 6: "fd00::cc:1:99"}[version],
            ("h0", "peer_route"), version))
        self.routes("add 1001 {nown} blackhole export", "add 1000 {nown} peer 1001")
        self.both("a blackhole that the peer exports", lambda version:
                  self.go(VM0, OWN[version], ("h0", "blackhole"), version))
        self.routes("del 1001 {nown} now", "del 1000 {nown} now")

    def overlap(self):
        self.both("an own endpoint wins over the peer's", lambda version: self.go(
            VM0, VM1X.addr(version), "vm1x", version))
        self.both("and the peer's over its own", lambda version: self.go(
            VM1, VM2X.addr(version), "vm2x", version))
        self.both("src_sid: the peer's can't speak for an own address", lambda version:
                  self.comes("h0", VM2X.sid, VM0.sid, 1000, VM1X.addr(version),
                             VM0.addr(version), ("h0", "src_sid")))
        # A longer prefix of its own within the peer's network.
        long = {4: "10.0.1.8/29", 6: "fd00::cc:1:10/124"}
        for version in VERSIONS:
            self.everywhere("route add 1000 %s via %s" % (long[version], VM1X.sid))
        self.both("the longest prefix wins, here the own one", lambda version: self.go(
            VM0, VM1.addr(version), "vm1x", version))
        for version in VERSIONS:
            self.everywhere("route del 1000 %s now" % long[version],
                            "route add 1000 %s via %s state standby" %
                            (NETS[version][1001], VM1X.sid))
        self.both("at equal length the active one", lambda version: self.go(
            VM0, VM1.addr(version), "vm1", version))
        self.routes("del 1000 {n1001} via %s now" % VM1X.sid)
        # Of two exported routes, the longest.
        more = {4: "10.99.0.0/24", 6: "fd00:99::/64"}
        for version in VERSIONS:
            self.everywhere("route add 1001 %s via %s" % (more[version], VM1.sid))
        self.both("a longer one that is not exported is not seen by the peer",
                  lambda version: self.go(VM0, FAR[version], "vm1r", version))
        for version in VERSIONS:
            self.everywhere("route replace 1001 %s via %s export" %
                            (more[version], VM1.sid))
        self.both("exported, it wins", lambda version: self.go(
            VM0, FAR[version], "vm1", version))
        for version in VERSIONS:
            self.everywhere("route del 1001 %s now" % more[version])

    # Nobody further.

    def third(self):
        self.everywhere("peer add 1001 1002", "peer add 1002 1001")
        self.routes("add 1001 {n1002} peer 1002", "add 1002 {n1001} peer 1001",
                    "add 1000 {n1002} peer 1001", "add 1002 {n1000} peer 1001")
        self.both("the peer reaches its other peer", lambda version: self.go(
            VM1, VM2.addr(version), "vm2", version))
        self.both("peer_route: through it nobody does", lambda version: self.go(
            VM0, VM2.addr(version), ("h0", "peer_route"),
            version) + self.go(VM2, VM0.addr(version), ("h2", "peer_route"), version))
        self.both("bad_vpc: nor by the fabric", lambda version: self.comes(
            "h2", VM0.sid, VM2.sid, 1000, VM0.addr(version), VM2.addr(version),
            ("h2", "bad_vpc")) + self.comes(
                "h0", VM2.sid, VM0.sid, 1002, VM2.addr(version), VM0.addr(version),
                ("h0", "bad_vpc")))
        self.both("nor under the name of the VPC between them", lambda version: self.comes(
            "h2", VM0.sid, VM2.sid, 1001, VM0.addr(version), VM2.addr(version),
            ("h2", "src_sid")))
        self.both("not even by routes that name each other", lambda version: self.comes(
            "h0", VM2.sid, VM0.sid, 1001, VM2.addr(version), VM0.addr(version),
            ("h0", "src_sid")))
        self.everywhere("peer add 1000 1002")
        self.both("no_consent: nor if one of the two wishes so", lambda version: self.comes(
            "h2", VM0.sid, VM2.sid, 1000, VM0.addr(version), VM2.addr(version),
            ("h2", "no_consent")))
        self.everywhere("peer del 1000 1002")

    def forged(self):
        problems = []
        for version in VERSIONS:
            for host, sid, to, vpc, src, dst, reason in (
                    # Of the peer: its SID, but another VPC or address.
                    ("h1", VM0.sid, VM1.sid, 1001, VM0.addr(version), VM1.addr(version),
                     "src_sid"),
                    ("h1", VM0.sid, VM1.sid, 1000, VM1X.addr(version), VM1.addr(version),
                     "src_sid"),
                    ("h1", VM2.sid, VM1.sid, 1000, VM0.addr(version), VM1.addr(version),
                     "src_sid"),
                    ("h1", VM1R.sid, VM1.sid, 1000, VM1R.addr(version), VM1.addr(version),
                     "src_sid"),
                    ("h1", VM0.sid, VM1.sid, 1002, VM0.addr(version), VM1.addr(version),
                     "src_sid"),
                    ("h1", VM0.sid, VM1.sid, 77, VM0.addr(version), VM1.addr(version),
                     "bad_vpc"),
                    ("h1", VM0.sid, VM1.sid, 1000, {4: "10.77.0.1", 6: "fd00:77::1"}[version],
                     VM1.addr(version), "bad_src"),
                    # To another of the peer's than has the address.
                    ("h1", VM0.sid, VM1R.sid, 1000, VM0.addr(version), VM1.addr(version),
                     "dst_sid"),
                    ("h1", VM0.sid, VM1.sid, 1000, VM0.addr(version), FAR[version],
                     "dst_sid"),
                    # An address that the sender's VPC has itself.
                    ("h1", VM0.sid, VM2X.sid, 1000, VM0.addr(version), VM2X.addr(version),
                     "dst_sid")):
                problems += self.comes(host, sid, to, vpc, src, dst, (host, reason))
        self.point("what is forged is dropped, each under its reason", problems)
        # A SID that a peer's route names, and that comes to be of another VPC.
        sid = "fd00::2:66"
        self.routes("add 1001 {nown} via %s export" % sid, "add 1000 {nown} peer 1001")
        self.everywhere("vpc add 1000 %s 02:00:00:00:00:66 -4 10.0.0.66" % sid)
        self.both("src_sid: what a peer's route leads to is no own endpoint", lambda version:
                  self.comes("h0", sid, VM0.sid, 1000, OWN[version], VM0.addr(version),
                             ("h0", "src_sid")))
        self.both("next_hop: nor is it sent to", lambda version: self.go(
            VM0, OWN[version], ("h0", "next_hop"), version))
        self.routes("del 1001 {nown} now", "del 1000 {nown} now")
        self.everywhere("vpc del 1000 %s now" % sid)

    # The end of consent.

    def withdrawn(self):
        """Under traffic: after the change nothing crosses, and all is counted."""
        for hosts in (("h0",), ("h1",), ("h0", "h1")):
            for pair in ("1000 1001", "1001 1000"):
                stream = Stream(self, [
                    ("vm0", VM0.v4, VM1.v4, ("vm1",)), ("vm0", VM0.v6, FAR[6], ("vm1r",)),
                    ("vm1", VM1.v6, VM0.v6, ("vm0",)), ("vm1r", FAR[4], VM0.v4, ("vm0",))])
                stream.some()
                stream.collect()
                for host in self.hosts.values():
                    host.mark()
                for host in hosts:
                    self.vpc(host, "peer del " + pair)
                # What was in a queue is through.
                stream.some(3)
                stream.collect()
                before = len(stream.seen)
                stream.some(20)
                stream.stop()
                stream.collect()
                problems = [] if len(stream.seen) == before else \
                    ["%d more have arrived" % (len(stream.seen) - before)]
                if before < 4:
                    problems.append("nothing arrived before")
                for name, host in self.hosts.items():
                    delta = host.delta()
                    wrong = {key: n for key, n in delta.items() if key in (
                        "bad_vpc", "dst_sid", "src_sid", "bad_src", "no_route",
                        "peer_route")}
                    if wrong:
                        problems.append("%s counted %s" % (name, wrong))
                    if name in hosts and delta.get("no_consent", 0) < 20:
                        problems.append("%s counted %s" % (name, delta))
                self.point("withdrawn by %s on %s, nothing crosses" %
                           (pair.split()[0], " and ".join(hosts)), problems)
                self.everywhere("peer add " + pair)
                self.both("given again, it does", lambda version:
                          self.go(VM0, VM1.addr(version), "vm1", version) +
                          self.go(VM1, VM0.addr(version), "vm0", version))

    def order(self):
        """Consent that comes to one edge after another loses nothing, standing by
        first."""
        pairs = ("1000 1001", "1001 1000")
        self.everywhere(*("peer del " + pair for pair in pairs))
        steps = []
        for state in ("standby", "active"):
            some = [(host, pair, state) for host in self.hosts for pair in pairs]
            random.shuffle(some)
            steps += some
        for host, pair, state in steps[:6]:
            self.vpc(host, "peer add %s state %s" % (pair, state))
        flows = [("vm0", VM0.v4, VM1.v4, ("vm1",)), ("vm1", VM1.v6, VM0.v6, ("vm0",))]
        sender = {"h0": 0, "h1": 1}
        stream = Stream(self, flows)
        stream.active = [False, False]
        done = {host: set() for host in self.hosts}
        for host, pair, state in steps[6:]:
            self.vpc(host, "peer add %s state %s" % (pair, state))
            done[host].add(pair)
            if len(done[host]) == 2 and host in sender:
                stream.active[sender[host]] = True
            stream.some(3)
        problems = stream.end()
        self.point("standing by everywhere first, no packet of %d is lost" %
                   sum(stream.sent), problems)

    def refusals(self):
        problems = []
        for words, culprit in (
                ("add", "ID"), ("add 1000", "PEER"), ("add 0 1001", "0"),
                ("add 1000 16777215", "16777215"), ("add 1000 x", "x"),
                ("add 1000 1001 more", "more"), ("add 1000 1001 state", "state"),
                ("add 1000 1001 state gone", "gone"), ("del 1000", "PEER"),
                ("del 1000 1001 now", "now"), ("show 1000 1001", "1001"), ("frob", "frob"),
                ("add 1000 1000", "its own peer"), ("add 1000 1003 state retiring", "retiring"),
                ("del 1000 1003", "not agreed"), ("del 1003 1000", "not agreed")):
            problems += self.refused("h0", "peer " + words, culprit)
        self.point("what the tool and the kernel refuse, by name", problems)

        def item(*attrs):
            return attribute(VPC_A_PEER | NESTED, b"".join(
                attribute(kind, struct.pack("=I", value) if kind < P_STATE else
                          bytes([value])) for kind, value in attrs))

        pair = (P_VPC, 2000), (P_PEER, 2001)
        good = [item((P_VPC, 3000 + n), (P_PEER, 4000)) for n in range(50)]
        problems = []
        for name, cmd, bad in (
                ("no VPC", PEER_ADD, item((P_PEER, 2001))),
                ("no peer", PEER_ADD, item((P_VPC, 2001))),
                ("itself", PEER_ADD, item((P_VPC, 2001), (P_PEER, 2001))),
                ("VPC 0", PEER_ADD, item((P_VPC, 0), (P_PEER, 2001))),
                ("retiring", PEER_ADD, item(*pair, (P_STATE, 3))),
                ("state 0", PEER_ADD, item(*pair, (P_STATE, 0))),
                ("the peer's state", PEER_ADD, item(*pair, (P_PEER_STATE, 2))),
                ("a state to delete", PEER_DEL, item(*pair, (P_STATE, 2))),
                ("none there", PEER_DEL, item(*pair))):
            before = self.save("h0")
            items = good if cmd == PEER_ADD else []
            for at in (0, len(items) // 2, len(items)):
                error, said, offset = self.genl.request(
                    cmd, items[:at] + [bad] + items[at:])
                start = 20 + sum(map(len, items[:at]))
                if not error or not said or offset is None or \
                        not start <= offset < start + len(bad):
                    problems.append("%s, at %d: error %d, \"%s\", offset %s" %
                                    (name, at, error, said, offset))
            if self.save("h0") != before:
                problems.append("%s: it has changed something" % name)
        self.point("what the kernel refuses to others, whole", problems)
        before = self.save("h0")
        error, said, _ = self.genl.request(PEER_ADD, good)
        if len(self.vpc("h0", "peer show 3007").splitlines()) != 1 or \
                len(self.vpc("h0", "peer show").splitlines()) != before.count("peer add") + 50:
            error = error or "not shown"
        self.point("otherwise all are done", [said or str(error)] if error else [])
        error, said, _ = self.genl.request(PEER_DEL, good)
        self.point("and undone", [said] if error or self.save("h0") != before else [])

    def events(self):
        """Consents that are given, changed and withdrawn, as "vpc monitor" tells it."""
        a, b = ("2000", "2001"), ("2001", "2000")
        # The event, whose consent and its state, what the other one says.
        want = [("add", a, "standby", "none"), ("change", a, "active", "none"),
                ("add", b, "active", "active"), ("change", a, "active", "active"),
                ("del", a, "active", "active"), ("del", b, "active", "none")]
        with Monitor(self, "h0") as plain, Monitor(self, "h0", "-j") as told:
            for words in ("add 2000 2001 state standby", "add 2000 2001", "add 2001 2000",
                          "add 2000 2001", "del 2000 2001", "del 2001 2000"):
                self.vpc("h0", "peer " + words)
            # What is refused is no event.
            self.run("h0", "peer", "del", "2001", "2000")
            self.batch("h0", ["peer add 2002 2000", "peer del 2002 2000"])
            want += [("add", ("2002", "2000"), "active", "none"),
                     ("del", ("2002", "2000"), "active", "none")]
            events = [json.loads(line) for line in told.lines('"object":"peer"', len(want))]
            text = plain.lines(" peer ", len(want))
        made = [{"event": event, "object": "peer", "peer": {
            "vpc": int(pair[0]), "peer": int(pair[1]), "state": state, "peer_state": theirs,
            "up": state == theirs == "active"}} for event, pair, state, theirs in want]
        made[1]["changed"], made[3]["changed"] = ["state"], ["peer_state"]
        self.point("each consent, and each that is withdrawn, is an event",
                   [] if events == made else ["%s" % one for one in events])
        words = ["%s peer %s %s state %s peer-state %s%s" % (
            event, *pair, state, theirs, " up" if state == theirs == "active" else "")
            for event, pair, state, theirs in want]
        self.point("and a line of text", [] if text == words else text)

    def traces(self):
        problems = []
        for version in VERSIONS:
            end, steps = self.traced("h0", 1000, VM0.addr(version), FAR[version])
            if end != VM1R.sid or steps["table"]["route"].get("peer") != 1001 or \
                    steps["peer-table"]["route"].get("vpc") != 1001:
                problems.append("%s by %s" % (end, steps))
        self.point("the trace tells both routes", problems)


def main():
    results = Results()
    test = Test(sys.argv[1], results)
    random.seed()
    for step in (test.consent, test.wired, test.reach, test.overlap, test.third,
                 test.forged, test.traces, test.withdrawn, test.order, test.refusals,
                 test.events, test.audit):
        step()
    results.end()


if __name__ == "__main__":
    main()
