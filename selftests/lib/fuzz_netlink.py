#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Mutated requests for every command of the netlink family: what is refused must say
why and change nothing, whoever asks.

usage: fuzz_netlink.py PREFIX
"""

import errno
import os
import socket
import struct
import sys

import permissions
from fuzz import INTEGERS, Cases, mutate
from genl import (
    A_REMOTE, A_ROUTE, EDGE_ADD, EDGE_DEL, EDGE_GET, EDGE_REKEY, EDGE_SET, ENDPOINT_ADD,
    ENDPOINT_DEL, ENDPOINT_GET, ENDPOINT_REPLACE, ENDPOINT_SET, PEER_ADD, PEER_DEL, PEER_GET,
    REMOTE_ADD, REMOTE_DEL, REMOTE_GET, REMOTE_REPLACE, REMOTE_SET, ROUTE_ADD, ROUTE_DEL,
    ROUTE_GET, ROUTE_REPLACE, ROUTE_SET, STATS_GET, TRACE, VPC_GET, Link, edge, endpoint, pack,
    peering, remote, route, trace)
from harness import Counters, Results, audit
from permissions import CLONE_NEWNET, CLONE_NEWUSER

GROUP = 64
# With fewer of them, some command may not have succeeded yet.
LEAST = 1500
NESTED, NET_BYTEORDER = 0x8000, 0x4000

# What the core of netlink refuses without a word.
SILENT = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOMEM, errno.EBADMSG}


def requests(ifindex):
    """Command, whether it is a dump, attributes: good ones, in an order in which most
    of them succeed."""
    a, b = endpoint(3000, "fd00:8::1", 1), endpoint(3000, "fd00:8::2", 2, v6="fd01::2")
    local = endpoint(1000, "fd00::40", 3, edge="vpc2_0", dev="new0")
    taker = endpoint(3000, "fd00:8::3", 1, v6="fd01::2", state=1)
    yield EDGE_ADD, False, [edge("fuzz0", locator=("fd00:9::", 64), fabric=[ifindex], mtu=1280,
                                 max_segments=1, grace=0, encrypt=3, cipher=2, key_grace=0)]
    yield EDGE_ADD, False, [edge("fuzz1", locator=("fd00:a::", 48), any_device=1,
                                 prefixes=[("fd00:b::", 64), ("fd00:c::1", 128)])]
    yield EDGE_SET, False, [edge("fuzz0", prefixes=[("fd00:d::", 64)], any_device=1, short=1,
                                 grace=0, option_type=0x9e, encrypt=1, cipher=1, key_grace=1)]
    yield EDGE_SET, False, [edge("fuzz0", prefixes_del=[("fd00:d::", 64)], mtu=0,
                                 fabric_del=[ifindex])]
    yield EDGE_GET, False, [edge("fuzz0")]
    yield EDGE_GET, True, []
    there, elsewhere = [("fd00:e::", 64)], [("fd00:e:1::", 80)]
    one, two, three = (bytes([n]) * 32 for n in (1, 2, 3))
    yield REMOTE_ADD, False, [remote(there, [one, two])]
    yield REMOTE_ADD, False, [remote(elsewhere, [three], [("fd00:e:2::1", 128)], encrypt=3),
                              remote([("fd00:e:3::", 64)], [bytes([4]) * 32])]
    yield REMOTE_REPLACE, False, [remote(there + elsewhere, [two], encrypt=1)]
    yield EDGE_REKEY, False, [edge("fuzz0")]
    yield EDGE_REKEY, False, [edge("vpc2_0")]
    yield REMOTE_SET, False, [remote(there, seq=1 << 40), remote(elsewhere, seq=1)]
    yield REMOTE_GET, False, [remote(there)]
    yield REMOTE_GET, True, []
    yield ROUTE_ADD, False, [route(3000, "10.8.0.0", 16, 1, [("fd00:8::1", 1), ("fd00:8::2", 3)]),
                             route(3000, "fd08::", 32, 3, export=True)]
    yield ROUTE_ADD, False, [route(3000, "10.9.0.0", 24, 2, peer=3001),
                             route(3000, "10.8.0.0", 16, 4, state=1)]
    yield ROUTE_REPLACE, False, [route(3000, "fd08::", 32, 4)]
    yield ROUTE_SET, False, [route(3000, "10.8.0.0", 16, 4, state=2)]
    yield ROUTE_GET, True, [route(3000, "10.8.0.0", 16)]
    yield ROUTE_GET, True, []
    yield PEER_ADD, False, [peering(3000, 3001), peering(3001, 3000, state=1)]
    yield PEER_GET, True, [peering(3000)]
    yield PEER_GET, True, []
    yield PEER_DEL, False, [peering(3000, 3001), peering(3001, 3000)]
    yield ROUTE_DEL, False, [route(3000, "10.8.0.0", 16, now=True)]
    yield ROUTE_DEL, False, [route(3000, "10.9.0.0", 24, 2, peer=3001, now=True),
                             route(3000, "fd08::", 32, now=True)]
    yield REMOTE_DEL, False, [remote(elsewhere), remote([("fd00:e:3::", 64)], now=True)]
    yield REMOTE_DEL, False, [remote(there, now=True)]
    yield ENDPOINT_ADD, False, [a]
    yield ENDPOINT_ADD, False, [b, local]
    yield ENDPOINT_ADD, False, [taker]
    yield ENDPOINT_REPLACE, False, [a, endpoint(3000, "fd00:8::2", 9)]
    yield ENDPOINT_REPLACE, False, [endpoint(1000, "fd00::40", 4, edge="vpc2_0", dev="new0")]
    yield ENDPOINT_SET, False, [endpoint(3000, "fd00:8::3", state=2)]
    yield ENDPOINT_SET, False, [endpoint(3000, "fd00:8::1", state=3)]
    yield ENDPOINT_GET, False, [endpoint(1000, "fd00::40")]
    yield ENDPOINT_GET, True, [endpoint(3000)]
    yield ENDPOINT_GET, True, []
    yield VPC_GET, False, [(3, [(1, struct.pack("=I", 3000))])]
    yield VPC_GET, True, []
    yield STATS_GET, False, []
    yield TRACE, False, [trace(1000, "10.0.0.10", "10.0.0.20", proto=6, sport=1, dport=2)]
    yield TRACE, False, [trace(1000, "fd00::cc:0:10", "fd00::cc:0:20")]
    yield ENDPOINT_DEL, False, [endpoint(3000, "fd00:8::1", now=True),
                                endpoint(3000, "fd00:8::2", now=True)]
    yield ENDPOINT_DEL, False, [endpoint(1000, "fd00::40")]
    yield ENDPOINT_DEL, False, [endpoint(3000, "fd00:8::3", now=True)]
    yield EDGE_DEL, False, [edge("fuzz1")]
    yield EDGE_DEL, False, [edge("fuzz0")]


# Mutations of a tree of attributes: a list of (type, bytes or list).

def nodes(tree):
    """All lists of attributes that are not empty."""
    found = [tree] if tree else []
    for _, value in tree:
        if isinstance(value, list):
            found += nodes(value)
    return found


def change_value(rng, value):
    lot = rng.randrange(4)
    if isinstance(value, list):
        return [] if lot == 0 else rng.randbytes(rng.randrange(20)) if lot == 1 else value
    if lot == 0:
        return mutate(rng, value, b"") if value else rng.randbytes(4)
    if lot == 1 and len(value) == 4:
        return struct.pack("=I", rng.choice(INTEGERS))
    if lot == 2:
        return bytes(len(value)) if rng.random() < 0.5 else b"\xff" * len(value)
    return rng.randbytes(rng.choice((0, 1, 2, 3, 4, 6, 15, 16, 17, len(value))))


def clone(tree):
    return [(kind, clone(value) if isinstance(value, list) else value) for kind, value in tree]


def mutate_tree(rng, tree, other):
    tree = clone(tree)
    for _ in range(rng.choice((1, 1, 2, 3))):
        lists = nodes(tree)
        if not lists:
            return [(rng.randrange(9), rng.randbytes(rng.randrange(9)))]
        where = rng.choice(lists)
        at = rng.randrange(len(where))
        kind, value = where[at]
        lot = rng.randrange(8)
        if lot == 0:
            del where[at]
        elif lot == 1:
            where.insert(rng.randrange(len(where) + 1), (kind, value))
        elif lot == 2:
            where[at] = (rng.choice((kind + 1, kind - 1, rng.randrange(20),
                                     rng.randrange(1 << 14))) & 0x3fff, value)
        elif lot == 3:
            where[at] = (kind ^ rng.choice((NESTED, NET_BYTEORDER)), value)
        elif lot == 4 and nodes(other):
            where += clone([rng.choice(rng.choice(nodes(other)))])
        elif lot == 5 and rng.random() < 0.2:
            where[at:at + 1] = [(kind, value)] * rng.choice((16, 17, 64, 65, 1024))
        else:
            where[at] = (kind, change_value(rng, value))
    return tree


def message(rng, seeds):
    """A mutated request: command, flags of the message, payload."""
    cmd, dump, tree = rng.choice(seeds)
    if rng.random() < 0.9:
        tree = mutate_tree(rng, tree, rng.choice(seeds)[2])
    payload = pack(tree)
    if payload and rng.random() < 0.15:
        payload = mutate(rng, payload, pack(rng.choice(seeds)[2]))
    if rng.random() < 0.05:
        cmd = rng.randrange(40)
    flags = permissions.NLM_F_DUMP if dump else 0
    if rng.random() < 0.05:
        flags = rng.randrange(1 << 12)
    return cmd, flags | permissions.NLM_F_ACK, payload[:60000]


class Test:
    def __init__(self, prefix, results):
        self.prefix, self.results = prefix, results
        permissions.enter(prefix + "h0")
        self.link = Link()
        self.seeds = list(requests(socket.if_nametoindex("eth0")))
        self.cases = Cases(GROUP, LEAST)
        self.base = self.link.snapshot()
        self.answers, self.problems = {}, []
        self.commands = set()

    def good(self):
        """Every seed is taken, in its order, and all is then as it was."""
        problems = []
        for cmd, dump, tree in self.seeds:
            error, text, _ = self.link.ask(cmd, pack(tree), dump=dump)
            if error:
                problems.append("command %d: %s: %s" % (cmd, os.strerror(error), text))
        self.link.wait(self.base)
        if self.link.snapshot() != self.base:
            problems.append("something is left of them")
        return problems

    def tidy(self):
        """Take away what is not of the base, and put back what is missing."""
        now = self.link.snapshot()
        if now == self.base:
            return
        for name in set(now.edges) - set(self.base.edges):
            self.link.ask(EDGE_DEL, pack([edge(name)]))
        for vpc, sid in set(now.endpoints) - set(self.base.endpoints):
            self.link.ask(ENDPOINT_DEL, pack([endpoint(vpc, sid, now=True)]))
        self.forget(now)
        if self.link.snapshot() != self.base:
            self.restore()

    def forget(self, now):
        """What the base has none of."""
        for name in now.routes:
            self.link.ask(ROUTE_DEL, pack([(A_ROUTE, [*name, (10, b"")])]))
        for vpcs in now.peers:
            self.link.ask(PEER_DEL, pack([peering(*vpcs)]))
        for name in now.remotes:
            self.link.ask(REMOTE_DEL, pack([(A_REMOTE, [(1 | NESTED, name), (4, b"")])]))

    def restore(self):
        now = self.link.snapshot()
        for name in now.edges:
            self.link.ask(EDGE_DEL, pack([edge(name)]))
        for vpc, sid in now.endpoints:
            self.link.ask(ENDPOINT_DEL, pack([endpoint(vpc, sid, now=True)]))
        self.forget(now)
        index = socket.if_nametoindex("eth0")
        self.link.ask(EDGE_ADD, pack([edge("vpc2_0", locator=("fd00::", 112), fabric=[index])]))
        for sid, number, v4, v6, local in (("fd00::10", 10, "10.0.0.10", "fd00::cc:0:10", "vm0"),
                                           ("fd00::1:20", 20, "10.0.0.20", "fd00::cc:0:20", None)):
            place = {"edge": "vpc2_0", "dev": local} if local else {}
            self.link.ask(ENDPOINT_ADD, pack([endpoint(1000, sid, number, v4=v4, v6=v6, **place)]))
        self.base = self.link.snapshot()

    def one(self, number, before):
        """The state after the case."""
        cmd, flags, payload = message(self.cases.case(number), self.seeds)
        error, text, _ = self.link.raw(cmd, flags, payload)
        if error is None:
            self.problem(number, "command %d: no answer" % cmd)
            return self.link.snapshot()
        self.answers[error] = self.answers.get(error, 0) + 1
        if not error:
            self.commands.add(cmd)
            return self.link.snapshot()
        # On kernels before 6.3 a dump that can't begin has no way to say why.
        dump = flags & permissions.NLM_F_DUMP == permissions.NLM_F_DUMP
        if not text and error not in SILENT and not dump:
            self.problem(number, "command %d, flags %x: %s, without a word: %s" % (
                cmd, flags, os.strerror(error), payload.hex(" ", -4)))
        after = self.link.snapshot()
        if after != before:
            # What has been retiring may end at any time.
            self.problem(number, "command %d is refused (%s) and changes something: %s" % (
                cmd, text, before.difference(after)))
        return after

    def problem(self, number, text):
        self.problems += ["case %d: %s" % (number, text),
                          self.cases.replay(range(number, number + 1))]

    def run(self):
        self.results.point("good requests for every command are taken", self.good())
        for numbers in self.cases.groups():
            state = self.link.snapshot()
            for number in numbers:
                state = self.one(number, state)
            self.tidy()
            if len(self.problems) > 20:
                break
        print("diag seed %d: %d cases; answers: %s" % (self.cases.seed, self.cases.done, {
            errno.errorcode.get(error, error): n for error, n in sorted(self.answers.items())}))
        self.results.point("what is refused says why, and changes nothing", self.problems)
        self.results.point("most commands have succeeded in some form", [] if
                           len(self.commands) > 18 else ["only %s" % sorted(self.commands)])
        self.tidy()
        self.results.point("good requests are taken as before", self.good())

    # Others.

    def strangers(self):
        """A user, and root of a user namespace: none may do anything here."""
        for who, become in (("a user", [(permissions.nobody, ())]),
                            ("root of a user namespace",
                             [(permissions.unshare, (CLONE_NEWUSER,))])):
            before = self.link.snapshot()
            got = permissions.in_child(self.thrown, *become)
            self.results.point("%s is refused whatever it asks" % who,
                               permissions.wrong(got, "EPERM".__eq__))
            self.results.point("... and changes nothing", [] if
                               self.link.snapshot() == before else ["it does"])
        before = self.link.snapshot()
        got = permissions.in_child(self.own, (permissions.unshare,
                                              (CLONE_NEWUSER | CLONE_NEWNET,)))
        self.results.point("root of a user namespace can throw them at its own network",
                           [] if isinstance(got, dict) and got.get("EPERM", 0) < sum(
                               got.values()) / 2 else ["%s" % got])
        self.results.point("... which changes nothing here", [] if
                           self.link.snapshot() == before else ["it does"])

    def thrown(self, count=300):
        """What became of each command: EPERM, if that was all."""
        link, taken, commands = Link(), {}, {seed[0] for seed in self.seeds}
        for number in range(count):
            cmd, flags, payload = message(self.cases.case(number), self.seeds)
            # What is no request at all is refused before that.
            if cmd not in commands or flags & ~(permissions.NLM_F_DUMP | permissions.NLM_F_ACK):
                continue
            error, _, _ = link.raw(cmd, flags, payload)
            if error == errno.EOPNOTSUPP:
                continue
            name, got = "command %d" % cmd, "no answer" if error is None else \
                errno.errorcode.get(error, str(error)) if error else "done"
            if taken.get(name, "EPERM") == "EPERM":
                taken[name] = got
        return taken

    def own(self, count=1000):
        link, answers = Link(), {}
        for number in range(count):
            cmd, flags, payload = message(self.cases.case(number), self.seeds)
            error, _, _ = link.raw(cmd, flags, payload)
            name = errno.errorcode.get(error, "done")
            answers[name] = answers.get(name, 0) + 1
        return answers


def main():
    results = Results()
    counters = Counters(sys.argv[1] + "h0")
    test = Test(sys.argv[1], results)
    test.run()
    test.strangers()
    results.point("everything is accounted for", audit(counters))
    results.end()


if __name__ == "__main__":
    main()
