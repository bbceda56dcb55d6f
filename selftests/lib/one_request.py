#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Requests that have no object, one too many, or one twice: for every command of every
object.

usage: one_request.py PREFIX
"""

import errno
import struct
import sys

import uapi
from flows import command
from genl import NESTED
from harness import Results
from permissions import NLM_F_ACK, Family, attribute
from probe import Genl, address

ENUMS = uapi.enums(uapi.read("vpc.h"))
COMMANDS = {value: name[len("VPC_CMD_"):] for name, value in ENUMS["vpc_cmd"].items()}
# What a command is about, where its name does not say so.
ABOUT = {"EDGE_REKEY": "EDGE", "TRACE": "TRACE"}
SEVERAL = {"ENDPOINT_ADD", "ENDPOINT_REPLACE", "ENDPOINT_SET", "ENDPOINT_DEL", "ROUTE_ADD",
           "ROUTE_REPLACE", "ROUTE_SET", "ROUTE_DEL", "PEER_ADD", "PEER_DEL", "REMOTE_ADD",
           "REMOTE_REPLACE", "REMOTE_SET", "REMOTE_DEL"}
HEADER = 20


def nest(kind, **attrs):
    """An object, with attributes by their names."""
    return attribute(ENUMS["vpc_attr"]["VPC_A_" + kind] | NESTED, b"".join(
        attribute(ENUMS["vpc_%s_attr" % kind.lower()]["VPC_%s_A_%s" % (kind, name)], value)
        for name, value in attrs.items()))


def u32(value):
    return struct.pack("=I", value)


def u8(value):
    return bytes([value])


STANDBY, ACTIVE = u8(1), u8(2)
ENDPOINT = dict(VPC=u32(2000), SID=address("fd00::9:77"))
NEW_ENDPOINT = dict(ENDPOINT, MAC=bytes([2, 0, 0, 0, 0, 7]), IPV4=address("10.0.0.77"))
PREFIX = dict(VPC=u32(2000), DST=address("10.9.0.0"), LEN=u8(16))
HOLE = dict(PREFIX, KIND=u8(3))
PEER = dict(VPC=u32(2000), PEER=u32(2001))

# Of each command that takes several: what has to be there before, and a request for one
# object in two ways, the second of which may not come with the first.
TWICE = (
    ("ENDPOINT_REPLACE", [("ENDPOINT_ADD", "ENDPOINT", NEW_ENDPOINT)], NEW_ENDPOINT,
     dict(NEW_ENDPOINT, STATE=STANDBY)),
    ("ENDPOINT_SET", [("ENDPOINT_ADD", "ENDPOINT", NEW_ENDPOINT)],
     dict(ENDPOINT, STATE=STANDBY), dict(ENDPOINT, STATE=ACTIVE)),
    ("ENDPOINT_DEL", [("ENDPOINT_ADD", "ENDPOINT", NEW_ENDPOINT)], ENDPOINT,
     dict(ENDPOINT, NOW=b"")),
    ("ROUTE_REPLACE", [("ROUTE_ADD", "ROUTE", HOLE)], HOLE, dict(HOLE, STATE=STANDBY)),
    ("ROUTE_SET", [("ROUTE_ADD", "ROUTE", HOLE)], dict(PREFIX, STATE=STANDBY),
     dict(HOLE, STATE=ACTIVE)),
    ("ROUTE_DEL", [("ROUTE_ADD", "ROUTE", HOLE)], HOLE, HOLE),
    ("ROUTE_DEL", [("ROUTE_ADD", "ROUTE", HOLE)], PREFIX, HOLE),
    # All of the prefix, and the one of them that is not the first.
    ("ROUTE_DEL", [("ROUTE_ADD", "ROUTE", HOLE),
                   ("ROUTE_ADD", "ROUTE", dict(PREFIX, KIND=u8(4), STATE=STANDBY))],
     PREFIX, HOLE),
    ("ROUTE_DEL", [("ROUTE_ADD", "ROUTE", HOLE),
                   ("ROUTE_ADD", "ROUTE", dict(PREFIX, KIND=u8(4), STATE=STANDBY))],
     HOLE, PREFIX),
    ("PEER_ADD", [], PEER, dict(PEER, STATE=STANDBY)),
    ("PEER_ADD", [("PEER_ADD", "PEER", PEER)], dict(PEER, STATE=STANDBY), PEER),
    ("PEER_DEL", [("PEER_ADD", "PEER", PEER)], PEER, PEER),
)
# Adding what the same request has added is refused as adding what is there.
NEW_TWICE = (("ENDPOINT_ADD", NEW_ENDPOINT), ("ROUTE_ADD", HOLE))
GONE = {"ENDPOINT": dict(ENDPOINT, NOW=b""), "ROUTE": dict(PREFIX, NOW=b""), "PEER": PEER}


class Test:
    def __init__(self, prefix, results):
        self.netns, self.results = prefix + "h0", results
        self.genl = Genl(self.netns)

    def request(self, cmd, *items):
        return self.genl.request(ENUMS["vpc_cmd"]["VPC_CMD_" + cmd], list(items))

    def done(self, cmd, *items):
        error, said, _ = self.request(cmd, *items)
        if error:
            raise SystemExit("%s: error %d, \"%s\"" % (cmd, error, said))

    def commands(self):
        """Those that are requests about an object, by the family's own word."""
        known = [COMMANDS[cmd] for _, cmd, flags in Family().requests if flags == NLM_F_ACK]
        return {name: ABOUT.get(name) or name.split("_")[0] for name in known
                if name != "STATS_GET"}

    def empty(self, commands):
        problems = []
        for cmd in commands:
            error, said, _ = self.request(cmd)
            if error != errno.EINVAL or said != "the request has no object":
                problems.append("%s: error %d, \"%s\"" % (cmd, error, said))
            # Nor does an object of another kind do.
            other = "PEER" if commands[cmd] != "PEER" else "ROUTE"
            error, said, _ = self.request(cmd, nest(other))
            if error != errno.EINVAL or said != "the command is not about this":
                problems.append("%s for another: error %d, \"%s\"" % (cmd, error, said))
            error, said, offset = self.request(cmd, nest(commands[cmd]), nest(other))
            if error != errno.EINVAL or said != "the command is not about this" or \
                    offset != HEADER + len(nest(commands[cmd])):
                problems.append("%s and another: error %d, \"%s\", offset %s" %
                                (cmd, error, said, offset))
        error, said, _ = self.request("STATS_GET", nest("EDGE"))
        if error != errno.EINVAL or said != "the command is not about this":
            problems.append("STATS_GET for an edge: error %d, \"%s\"" % (error, said))
        if len(commands) < 20:
            problems.append("these commands only: %s" % sorted(commands))
        self.results.point("a request of no object, or one of another kind, is told so", problems)

    def several(self, commands):
        problems = []
        for cmd, kind in commands.items():
            one = nest(kind)
            error, said, offset = self.request(cmd, one, one)
            alone = "one object at a time" in said
            if not error or alone != (cmd not in SEVERAL) or \
                    alone and offset != HEADER + len(one):
                problems.append("%s: error %d, \"%s\", offset %s" % (cmd, error, said, offset))
        self.results.point("two objects are one too many for those that take one", problems)

    def twice(self):
        problems = []
        for cmd, before, first, second in TWICE:
            kind = cmd.split("_")[0]
            for make in before:
                self.done(make[0], nest(make[1], **make[2]))
            save = self.save()
            one = nest(kind, **first)
            error, said, offset = self.request(cmd, one, nest(kind, **second))
            if error != errno.EEXIST or "twice in one request" not in said or \
                    offset != HEADER + len(one):
                problems.append("%s: error %d, \"%s\", offset %s" % (cmd, error, said, offset))
            if self.save() != save:
                problems.append("%s: it has changed something" % cmd)
            # Each of them is done by itself: nothing has been left marked.
            for item in (first, second)[:1 if "DEL" in cmd else 2]:
                error, said, _ = self.request(cmd, nest(kind, **item))
                if error:
                    problems.append("%s alone: error %d, \"%s\"" % (cmd, error, said))
            self.request(kind + "_DEL", nest(kind, **GONE[kind]))
        for cmd, item in NEW_TWICE:
            kind = cmd.split("_")[0]
            save, one = self.save(), nest(kind, **item)
            error, said, offset = self.request(cmd, one, one)
            if error != errno.EEXIST or not said or offset != HEADER + len(one):
                problems.append("%s: error %d, \"%s\", offset %s" % (cmd, error, said, offset))
            if self.save() != save:
                problems.append("%s: it has changed something" % cmd)
        self.results.point("no request names an object twice, whatever it asks for", problems)

    def save(self):
        return command(self.netns, "vpc", "save")


def main():
    results = Results()
    test = Test(sys.argv[1], results)
    commands = test.commands()
    test.empty(commands)
    test.several(commands)
    test.twice()
    results.end()


if __name__ == "__main__":
    main()
