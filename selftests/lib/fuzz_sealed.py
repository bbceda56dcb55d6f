#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Mutated packets and frames, as in fuzz_packets.py, where packets are sealed.  The
script has the key pair of the other edge on either side: h1 takes it for the edge of
h0's SIDs, and h0 for that of h1's.

usage: fuzz_sealed.py PREFIX
"""

import base64
import json
import sys

import fuzz_packets
import vpcesp
import vpcwire
from flows import command
from fuzz import mutate
from fuzz_packets import Way, kinds
from harness import HOST_MACS, SPINE_MACS, VM0, VM2, Results
from packets import ETH_IPV6, ethernet, ip_frame
from vpcwire import DSTOPTS, encode

ESP = 50


class SealedWay(Way):
    """Packets of the fabric, sealed: with a key that the receiver knows."""

    def __init__(self, name, port, seeds, peers, before):
        super().__init__(name, port, [(frame, None) for frame, _ in seeds
                                      if frame[20] == DSTOPTS], fuzz_packets.repair_wire)
        self.peers, self.before = peers, before
        self.seq = 0

    def seal(self, packet, rng=None):
        """A number is used once, whatever the cipher; lanes have their own."""
        self.seq += 1
        more = {}
        if rng and rng.random() < 0.05:
            more["proto"] = rng.choice((0, 4, 41, 50, 59, 58, DSTOPTS))
        if rng and rng.random() < 0.05:
            more["pad"] = rng.randbytes(rng.choice((0, 1, 2, 3, 4, 200, 255)))
        peer = rng.choice(self.peers) if rng else self.peers[0]
        return peer.out.seal(packet, self.seq, rng.randrange(256) if rng else 0, **more)

    def throw(self, rng):
        frame = rng.choice(self.seeds)[0]
        if self.before:
            if rng.random() < 0.95:
                frame = mutate(rng, frame, rng.choice(self.seeds)[0])
            if rng.random() < 0.8:
                frame = self.repair(frame)
            if len(frame) < 54:
                frame += bytes(54 - len(frame))
            frame = frame[:14] + self.seal(frame[14:], rng)
        else:
            frame = frame[:14] + self.seal(frame[14:], rng)
            frame = mutate(rng, frame, rng.choice(self.seeds)[0])
            if rng.random() < 0.6:
                frame = self.repair(frame)
        try:
            self.port.send(frame)
            self.sent += 1
        except OSError:
            self.refused += 1


class Test(fuzz_packets.Test):
    def __init__(self, prefix, results):
        super().__init__(prefix, None, results)
        self.pairs = {"h0": vpcesp.KeyPair(), "h1": vpcesp.KeyPair()}
        self.peers = {}
        for host, other, sids in (("h0", "h1", "fd00::1:0/112"), ("h1", "h0", "fd00::/112")):
            netns = prefix + host
            pair = self.pairs[other]
            command(netns, "vpc", "edge", "set", "vpc2_" + host[1], "encrypt", "required")
            command(netns, "vpc", "remote", "add", sids, "key", pair.text())
            public = base64.b64decode(json.loads(
                command(netns, "vpc", "-j", "edge", "show"))[0]["keys"][0]["key"])
            self.peers[host] = [vpcesp.Peer(pair, public, cipher)
                                for cipher in range(len(vpcesp.CIPHERS))]
        seeds = fuzz_packets.wire_seeds()
        self.inside = SealedWay("an edge", self.spine, seeds, self.peers["h1"], True)
        self.outside = SealedWay("the fabric", self.spine, seeds, self.peers["h1"], False)
        # One counts for both.
        self.outside.seal = self.inside.seal
        self.ways = [self.inside, self.inside, self.outside,
                     Way("a VM", self.vm0, fuzz_packets.vm_seeds(VM0),
                         fuzz_packets.repair_tenant)]

    def opened(self, packet):
        for peer in self.peers["h0"]:
            got = peer.into.open(packet)
            if got:
                return got[2]
        return None

    def wrong_on_fabric(self, frame):
        """All that an edge sends to another is sealed, and good when it is opened."""
        if frame[12:14] != b"\x86\xdd" or frame[20] not in (DSTOPTS, ESP):
            return None
        if frame[20] == DSTOPTS:
            return "it is not sealed"
        packet = self.opened(frame[14:])
        if not packet:
            return "it does not open"
        return super().wrong_on_fabric(frame[:14] + packet)

    def leaves(self, kind):
        """A packet of VM0, as the other edge opens it."""
        self.fabric.drain()
        self.vm0.send(ip_frame(VM0.mac, kind.packet))
        got = [frame[14:] for frame in self.fabric.packets(
            lambda frame: frame[12:14] == b"\x86\xdd" and frame[20] in (ESP, DSTOPTS), 1, 3.0)]
        packet = self.opened(got[0]) if len(got) == 1 and got[0][6] == ESP else None
        if not packet:
            return ["%s is not sealed: %s" % (kind.name, [one.hex() for one in got])]
        return vpcwire.check(packet, kind.packet, 1000, VM0.sid, VM2.sid, kind.form)

    def good(self):
        problems, seen = [], set()
        for kind in kinds():
            if kind.form in seen or kind.offload or not kind.form or kind.fragments or \
                    kind.short or kind.form in ("ipv6", "short") and \
                    not vpcwire.Tenant(kind.packet).label:
                continue
            seen.add(kind.form)
            problems += self.leaves(kind)
            problems += self.crosses(
                kind.name + " from an edge", lambda packet: self.spine.send(ethernet(
                    HOST_MACS["h1"], SPINE_MACS["h1"], ETH_IPV6,
                    self.inside.seal(encode(packet, 1000, VM0.sid, VM2.sid, kind.form)))),
                kind.packet, vpcwire.arrival(kind.packet, kind.form))
        if seen != {"ipv4", "full", "whole", "ipv6"}:
            problems.append("only the forms %s" % sorted(seen))
        return problems

    def run(self):
        super().run()
        # What was thrown has met what sealed packets can meet.
        now = self.hosts[1].read()
        far = ("bad_icv", "unknown_spi", "wrong_hop", "used_sealed", "from_opened", "to_vm",
               "bad_src", "bad_form")
        self.results.point("it got far", ["not reached: " + name for name in far
                                          if not now[name]])


def main():
    results = Results()
    Test(sys.argv[1], results).run()
    results.end()


if __name__ == "__main__":
    main()
