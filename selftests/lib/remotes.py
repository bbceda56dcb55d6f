#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Remotes whose prefixes stand by, requests about several of them, and key pairs that
are wiped.  Host h2 has no edge: the script is the edge there.

usage: remotes.py PREFIX
"""

import errno
import json
import os
import struct
import subprocess
import sys
import time

import fail_nth
import permissions
import vpcesp
import vpcwire
from encryption import PREFIXES, Test, datagram
from genl import REMOTE_ADD, REMOTE_REPLACE, Link, pack, remote
from harness import VM0, VM2, Results, audit, eventually
from vpcwire import ip4

A, B = ("fd0a::", 64), ("fd0b::", 64)


class Remotes(Test):
    def show(self):
        return json.loads(self.vpc("h0", "-j", "remote", "show"))

    def point(self, name, good, said=""):
        self.results.point(name, [] if good else [str(said)])

    def sealed_for(self):
        """Key ids of the receiver, of what vm0 sends to vm2's SID."""
        frames = self.from_vm0(datagram(VM0.v4, VM2.v4), port="h1")
        return [struct.unpack_from("!I", frame, 40)[0] >> 8 & 0x3ff for frame in frames]

    def stands_by(self):
        sid = "fd00::1:20/128"
        mine, its = vpcesp.key_id(self.pair.public), vpcesp.key_id(self.public("h1"))
        replace = ("remote", "replace", PREFIXES["h2"], "key", self.pair.text())

        def from_there():
            self.seq += 1
            packet = vpcesp.Peer(self.pair, self.public("h0")).out.seal(
                self.inner_of_vm2(), self.seq)
            return [packet]

        self.becomes("a SID of another edge is not taken from this one", from_there(),
                     wrong_hop=1)
        self.vpc("h0", *replace, "standby", sid)
        self.arrives("when it stands by here, it is", from_there())
        found = self.sealed_for()
        self.point("but sent to where it is active", found == [its], found)
        self.vpc("h0", *replace, "prefix", sid)
        found = self.sealed_for()
        self.point("when it is active here, it is sent here", found == [mine], found)
        self.arrives("and taken", from_there())
        self.vpc("h0", *replace)
        self.arrives("when it is gone, it is taken until its grace ends", from_there())
        found = self.sealed_for()
        self.point("and sent to the other one at once", found == [its], found)
        self.vpc("h0", *replace, "standby", sid)
        shown = self.show()
        self.point("what stands by is shown so", sid in str(shown) and
                   any(one.get("standby_prefixes") == [sid] for one in shown), shown)
        self.vpc("h0", *replace)

    def lost(self):
        """What another remote has taken for good is not this one's when it is deleted."""
        taker = ("remote", "add", "fd0a::/64", "prefix", PREFIXES["h2"],
                 "key", self.stranger().text())
        self.vpc("h0", "edge", "set", "vpc2_0", "grace", "3600")
        self.vpc("h0", *taker)
        self.arrives("a remote that loses its prefix has its grace", [self.sealed()])
        self.vpc("h0", "remote", "del", "fd0a::/64", "now")
        self.remote("h0", "h2", [self.pair.text()])
        self.vpc("h0", "edge", "set", "vpc2_0", "grace", "1")
        self.vpc("h0", *taker)
        self.h0.mark()
        sent = 0

        def ended():
            nonlocal sent
            sent += 1
            self.to_h0(self.sealed())
            return self.h0.wait(lambda d: d.get("to_vm", 0) + d.get("wrong_hop", 0) ==
                                sent).get("wrong_hop")

        eventually(ended, pause=0.2)
        self.becomes("and no more when that has ended", [self.sealed()], wrong_hop=1)
        self.vpc("h0", "edge", "set", "vpc2_0", "grace", "3600")
        self.vpc("h0", "remote", "del", PREFIXES["h2"])
        self.becomes("nor has it when it is deleted", [self.sealed()], wrong_hop=1)
        self.vpc("h0", "remote", "del", "fd0a::/64", "now")
        self.vpc("h0", "remote", "del", PREFIXES["h2"], "now")
        self.vpc("h0", "edge", "set", "vpc2_0", "grace", "10")
        self.remote("h0", "h2", [self.pair.text()], "add")

    def inner_of_vm2(self):
        return vpcwire.encode(datagram(VM2.v4, VM0.v4), 1000, VM2.sid, VM0.sid)

    def without_ipv6(self):
        knob = "net.ipv6.conf.vpc2_0.disable_ipv6="
        base = ["ip", "netns", "exec", self.prefix + "h0", "sysctl", "-qw"]
        subprocess.run(base + [knob + "1"], check=True)
        self.arrives("opened packets arrive when the host's IPv6 is off on the edge",
                     [self.sealed()])
        subprocess.run(base + [knob + "0"], check=True)

    def ask(self, cmd, *items):
        return self.link.raw(cmd, 4, pack(list(items)))[:2]

    def whole(self):
        """A request that is refused ends no remote whose key it would have taken."""
        self.vpc("h0", "edge", "set", "vpc2_0", "grace", "3600")
        self.vpc("h0", "remote", "del", PREFIXES["h2"])
        before = self.show()
        other, third = self.stranger().public, self.stranger().public
        error, text = self.ask(REMOTE_ADD, remote([A], [self.pair.public]),
                               remote([("fd00::1:0", 112)], [other]))
        self.point("a request with one remote that exists is refused",
                   (error, text) == (errno.EEXIST, "the remote exists"), (error, text))
        error, text = self.ask(REMOTE_ADD, remote([A], [self.pair.public]),
                               remote([B], [self.pair.public]))
        self.point("and one in which two take the same key", error == errno.EEXIST,
                   (error, text))
        error, text = self.ask(REMOTE_REPLACE, remote([A], [other]), remote([A], [other]))
        self.point("and one that has a remote twice", (error, text) ==
                   (errno.EEXIST, "the remote occurs twice in one request"), (error, text))
        self.point("nothing has changed", self.show() == before, self.show())
        self.arrives("the remote that retires is still listened to", [self.sealed()])
        self.faults(before, [remote([A], [other, self.pair.public]),
                             remote([B], [third])])
        error, text = self.ask(REMOTE_ADD, remote([A], [self.pair.public]), remote([B], [other]))
        names = [one["prefixes"][0] for one in self.show()]
        self.point("what is not refused takes the key, and ends what had it",
                   not error and sorted(names) == ["fd00::1:0/112", "fd0a::/64", "fd0b::/64"],
                   (text, names))
        self.becomes("its packets are another edge's now", [self.sealed()], wrong_hop=1)
        for name in ("fd0a::/64", "fd0b::/64"):
            self.vpc("h0", "remote", "del", name, "now")
        self.remote("h0", "h2", [self.pair.text()], "add")
        self.arrives("and its own again, when it is back", [self.sealed()])

    def faults(self, before, items):
        name = "each allocation of such a request fails once, and nothing changes"
        if not os.path.exists(fail_nth.FAIL_NTH):
            self.results.skip(name, "this kernel injects no faults")
            return
        fail_nth.prepare()
        faults, problems = fail_nth.Faults(), []
        for n in range(1, fail_nth.MOST):
            message = self.link.request(REMOTE_ADD, 4, pack(items))
            injected, failed = faults.during(n, lambda: self.link.sock.send(message))
            error, text = (failed, "") if failed else self.link.answer()[:2]
            # Some allocations are not needed, or for the acknowledgement only.
            names = [one["prefixes"][0] for one in self.show()]
            if not error or (error == errno.ENOBUFS and
                             {"fd0a::/64", "fd0b::/64"} <= set(names)):
                self.back()
                before = self.show()
            elif self.show() != before:
                problems.append("allocation %d: error %d, %s: %s" %
                                (n, error, text, self.show()))
            if problems or not injected:
                break
        self.point("%s (%d)" % (name, faults.count),
                   not problems and faults.count > 20, problems)

    def back(self):
        """What was acknowledged goes, and leaves what there was."""
        for name in ("fd0a::/64", "fd0b::/64"):
            self.vpc("h0", "remote", "del", name, "now")
        self.remote("h0", "h2", [self.pair.text()], "add")
        self.vpc("h0", "remote", "del", PREFIXES["h2"])

    def wiped(self):
        old = self.peer()
        self.vpc("h0", "edge", "rekey", "vpc2_0")
        self.vpc("h0", "edge", "rekey", "vpc2_0", "now")
        keys = self.keys("h0")
        self.point("a rekey without grace leaves one key pair", len(keys) == 1, keys)
        self.seq += 1
        self.becomes("what is sealed for one that was wiped is not opened",
                     [old.out.seal(self.inner(), self.seq)], unknown_spi=1)
        self.seq = 0
        self.goes_over()
        opened = [self.peer().into.open(frame)
                  for frame in self.from_vm0(datagram(VM0.v4, ip4("10.0.0.30")))]
        self.point("the next packet is sealed with the new one, from number 1 on",
                   opened and opened[0] and opened[0][1] == 1, opened)
        self.arrives("and what is sealed for that is opened", [self.sealed()])

    def only_receives(self):
        """Nothing that the other edge sends says which of its keys have come to their end:
        as many are kept as it can have."""
        pairs = [self.stranger() for _ in range(10)]
        self.vpc("h0", "edge", "set", "vpc2_0", "key-grace", "1")
        for pair in pairs:
            self.remote("h0", "h2", [pair.text()])

        def eight():
            shown = json.loads(self.vpc("h0", "-j", "remote", "show", PREFIXES["h2"]))[0]
            return len(shown["keys"] + shown["replaced_keys"]) == 8

        eventually(eight, pause=0.2)
        # None of them goes later, either.
        time.sleep(3)
        for name, pair, want in (
                ("of a remote that only receives, the last eight keys are kept", pairs[-8],
                 {"used_sealed": 1, "from_opened": 1, "to_vm": 1}),
                ("and none before, which its edge has wiped", pairs[-9], {"unknown_spi": 1})):
            self.becomes(name, [vpcesp.Peer(pair, self.public("h0")).out.seal(
                self.inner(), 1)], **want)
        self.remote_again()

    def another_goes(self):
        """One with a prefix of the same length goes: the other is found as before."""
        self.vpc("h0", "remote", "del", PREFIXES["h1"], "now")
        self.arrives("a remote outlives one with as long a prefix", [self.sealed()])
        self.remote("h0", "h1", [self.keys("h1")[0]], "add")

    def run(self):
        self.remote("h0", "h2", [self.pair.text()], "add")
        self.remote("h0", "h1", [self.keys("h1")[0]], "add")
        self.h0.settle()
        self.stands_by()
        self.lost()
        self.without_ipv6()
        self.another_goes()
        self.wiped()
        self.only_receives()
        permissions.enter(self.prefix + "h0")
        self.link = Link()
        self.whole()
        self.results.point("everything is accounted for", audit(*self.hosts.values()))


def main():
    results = Results()
    Remotes(sys.argv[1], results).run()
    results.end()


if __name__ == "__main__":
    main()
