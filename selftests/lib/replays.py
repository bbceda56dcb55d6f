#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Replays in every lane.  Host h2 has no edge: the script is the edge there, as in
encryption.py, and sends in all lanes.

usage: replays.py PREFIX
"""

import random
import sys

import vpcesp
from encryption import PEER_V4, Test, datagram
from harness import VM0, Results, audit

LANES = range(256)
# As Documentation/encryption.rst has it.
WINDOW = 3776
PIECE = 64


class Replays(Test):
    def __init__(self, prefix, results):
        super().__init__(prefix, results)
        self.random = random.Random(1)

    def lanes(self, name, numbers, taken):
        """Send some numbers in each lane, in pieces that no queue is too short for; all
        of them are new, or none is."""
        out, inner = self.peer().out, self.inner()
        packets = [(lane, number) for lane in LANES for number in numbers]
        self.random.shuffle(packets)
        problems, whole = [], len(packets)
        while packets:
            piece, packets = packets[:PIECE], packets[PIECE:]
            n = len(piece)
            want = {"from_fabric": n}
            want.update({"used_sealed": n, "from_opened": n, "to_vm": n} if taken else
                        {"replay": n})
            self.h0.mark()
            self.to_h0(*[out.seal(inner, number, lane) for lane, number in piece])
            delta = self.h0.wait(lambda d, want=want: d == want, 10.0)
            if delta != want:
                problems.append("counted %s, not %s, of %s" % (delta, want, piece[:8]))
                break
        self.results.point("%s: %d packets" % (name, whole), problems)

    def windows(self, top, what):
        """Around the highest number of each lane."""
        near = [top, top - 1, top - 63, top - 64, top - WINDOW + 1]
        self.lanes("in every lane, numbers %s are taken" % what, near, True)
        self.lanes("not again", near, False)
        self.lanes("nor what is behind the window", [top - WINDOW, 1], False)

    def again(self):
        """What was counted belongs to keys, not to the remote."""
        top = (1 << 32) + 100
        self.remote_again()
        self.lanes("after the remote was deleted and added again, replays are none",
                   [top, top - WINDOW + 1], False)
        self.remote("h0", "h2", [self.stranger().text()], "replace")
        self.remote("h0", "h2", [self.pair.text()], "replace")
        self.lanes("nor after it had another key", [top - 63, top - 64], False)
        self.vpc("h0", "edge", "set", "vpc2_0", "encrypt", "off")
        self.vpc("h0", "edge", "set", "vpc2_0", "encrypt", "required")
        self.lanes("nor after encryption was off", [top - 1, 1], False)
        for cipher, name in enumerate(vpcesp.CIPHERS):
            packet = vpcesp.Peer(self.pair, self.public("h0"), cipher).out.seal(
                self.inner(), top, 200)
            self.becomes("nor under %s" % name, [packet], replay=1)
        self.lanes("what is new is taken in every lane", [top + 1], True)

    def not_taken(self):
        """A forged number does not move a window."""
        out, inner = self.peer().out, self.inner()
        forged = [out.seal(inner, 1 << 60, lane) for lane in LANES]
        forged = [packet[:-1] + bytes([packet[-1] ^ 1]) for packet in forged]
        self.h0.mark()
        for at in range(0, len(forged), PIECE):
            self.to_h0(*forged[at:at + PIECE])
            self.h0.wait(lambda d, n=at + PIECE: d.get("bad_icv") == n, 10.0)
        delta = self.h0.delta()
        self.results.point("forged numbers are dropped",
                           [] if delta == {"from_fabric": 256, "bad_icv": 256} else [str(delta)])
        self.lanes("and have moved no window", [(1 << 32) + 2], True)

    def comes_back(self):
        """What h0 has sealed, with the addresses that an answer would have."""
        sent = self.from_vm0(datagram(VM0.v4, PEER_V4), count=3)
        back = [packet[:8] + packet[24:40] + packet[8:24] + packet[40:] for packet in sent]
        self.becomes("a packet that comes back to its sender is nobody's", back,
                     unknown_spi=len(back))

    def run(self):
        self.remote("h0", "h2", [self.pair.text()], "add")
        self.encrypt("required", "h0")
        self.h0.settle()
        self.windows(10000, "below 2^32")
        self.windows((1 << 32) + 100, "across 2^32")
        self.lanes("in every lane, numbers on the other side of it",
                   [(1 << 32) - 1, 1 << 32], True)
        self.again()
        self.not_taken()
        self.comes_back()
        self.results.point("everything is accounted for", audit(*self.hosts.values()))


def main():
    results = Results()
    Replays(sys.argv[1], results).run()
    results.end()


if __name__ == "__main__":
    main()
