#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Many endpoints on one host, and many changes of them.

usage: churn.py PREFIX changes | save
"""

import collections
import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import permissions
from genl import (
    A_ENDPOINT, ENDPOINT_ADD, ENDPOINT_DEL, ENDPOINT_GET, ENDPOINT_REPLACE, ENDPOINT_SET,
    NESTED, Link)
from harness import Results, slab

A_VPC, A_SID, A_MAC, A_IPV4, A_STATE, A_EDGE, A_DEV, A_NOW = 1, 2, 3, 4, 6, 7, 8, 10
STANDBY = 1
PATIENCE = 30.0
MANY = 100000


def sid(number):
    """As the tool writes it."""
    high, low = number >> 16, number & 0xffff
    return "fd00:8::%x:%x" % (high, low) if high else "fd00:8::%x" % low


def line(vpc, number, turn=0, state="active"):
    """An endpoint as the tool shows it: every fourth has an IPv6 address too."""
    words = "%d %s 02:00:00:%02x:%02x:%02x -4 %d.%d.%d.%d" % (
        vpc, sid(number), number >> 16, number >> 8 & 255, number & 255,
        11 + turn, number >> 16, number >> 8 & 255, number & 255)
    if number % 4 == 0:
        words += " -6 fd01:%x::%x:%x" % (turn + 1, (number >> 16) + 1, number & 0xffff)
    return words + " state " + state


def item(vpc, number, *more):
    """An endpoint in a request."""
    return permissions.attribute(
        A_ENDPOINT | NESTED,
        permissions.attribute(A_VPC, struct.pack("=I", vpc)) +
        permissions.attribute(A_SID, socket.inet_pton(socket.AF_INET6, sid(number))) +
        b"".join(permissions.attribute(kind, value) for kind, value in more))


def new(vpc, number, *more):
    return item(vpc, number, (A_MAC, b"\2\0\0\0\0\1"),
                (A_IPV4, struct.pack("!I", 11 << 24 | number)), *more)


class Test:
    markers = 0

    def __init__(self, prefix, results):
        self.prefix, self.results = prefix, results
        self.link = Link(prefix + "h0")

    def run(self, *words, lines=()):
        """Run the tool on h0; its status, output and errors."""
        run = subprocess.run(["vpc", "-n", self.prefix + "h0", *words],
                             input="".join(one + "\n" for one in lines).encode(),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        return run.returncode, run.stdout.decode(), run.stderr.decode(errors="replace")

    def vpc(self, *words, lines=()):
        """The output of what must not fail."""
        status, output, errors = self.run(*words, lines=lines)
        if status:
            raise SystemExit("vpc %s: status %d: %s" % (" ".join(words), status, errors))
        return output

    def batch(self, lines):
        self.vpc("-batch", "-", lines=lines)

    def shown(self, vpc):
        return self.vpc("vpc", "show", str(vpc)).splitlines()

    def wrong(self, vpc, want):
        """What is wrong with the endpoints of a VPC."""
        got = self.shown(vpc)
        problems = []
        if len(got) != len(want):
            problems.append("%d are shown, not %d" % (len(got), len(want)))
        for text, some in (("missing: ", set(want) - set(got)),
                           ("unexpected: ", set(got) - set(want))):
            problems += [text + one for one in sorted(some)[:5]]
        return problems

    def point(self, name, problems):
        self.results.point(name, problems)

    # Many of them.

    def many(self):
        want = [line(2000, number) for number in range(1, MANY + 1)]
        before = slab()
        begin = time.monotonic()
        self.batch(["vpc add " + one for one in want])
        added = time.monotonic()
        peak = slab()
        problems = self.wrong(2000, want)
        shown = time.monotonic()
        self.point("%d endpoints are added by one batch, and shown" % MANY, problems)
        found = json.loads(self.vpc("-j", "stats", "show", "vpc", "2000"))
        self.point("the VPC counts them", [] if found[0]["endpoints"] == MANY else
                   ["%s" % found])
        random.shuffle(want)
        begin_del = time.monotonic()
        self.batch(["vpc del 2000 %s now" % one.split()[1] for one in want])
        deleted = time.monotonic()
        self.point("and all removed, in another order", self.wrong(2000, []))
        deadline = time.monotonic() + PATIENCE
        while True:
            after = slab()
            if after - before < (peak - before) / 2 or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        print("diag added in %.1f s, shown in %.1f s, removed in %.1f s" %
              (added - begin, shown - added, deleted - begin_del))
        print("diag unreclaimable slab: %d KiB before, %d with them, %d after" %
              (before, peak, after))
        self.point("their memory is given back",
                   [] if peak > before and after - before < (peak - before) / 2 else
                   ["%d KiB of %d are not" % (after - before, peak - before)])

    # All or nothing.

    def request(self, cmd, items):
        """Send one message; the error, and the offset that it names."""
        error, _, _ = self.link.ask(cmd, b"".join(items))
        return error, self.link.offset

    def refused(self, name, cmd, items, bad):
        """A request that is refused for one of its items, wherever that is."""
        before = self.vpc("save")
        problems = []
        for at in (0, len(items) // 2, len(items)):
            batch = items[:at] + [bad] + items[at:]
            error, offset = self.request(cmd, batch)
            start = 20 + sum(map(len, items[:at]))
            if not error:
                problems.append("it is not refused with the bad one at %d" % at)
            elif offset is None or not start <= offset < start + len(bad):
                problems.append("the offset is %s, not in %d-%d" %
                                (offset, start, start + len(bad)))
        after = self.vpc("save")
        if before != after:
            problems.append("it has changed something")
        self.point("nothing is changed by " + name, problems)

    def whole(self):
        numbers = range(1, 501)
        items = [new(3000, number) for number in numbers]
        self.batch(["vpc add " + line(3000, 600), "vpc add " + line(3001, 601)])
        self.refused("adding one that is there", ENDPOINT_ADD, items, new(3000, 600))
        self.refused("adding one of another VPC", ENDPOINT_ADD, items, new(3000, 601))
        self.refused("adding one on an edge that is not there", ENDPOINT_ADD, items,
                     new(3000, 602, (A_EDGE, b"nothing\0"), (A_DEV, b"new\0")))
        self.refused("adding one with a device of a name that is there", ENDPOINT_ADD,
                     items[:20],
                     new(3000, 602, (A_EDGE, b"vpc2_0\0"), (A_DEV, b"eth0\0")))
        self.refused("adding one without an address", ENDPOINT_ADD, items,
                     item(3000, 602, (A_MAC, b"\2\0\0\0\0\1")))
        error, _ = self.request(ENDPOINT_ADD, items + [new(3000, 500)])
        self.point("nor by adding one twice",
                   ([] if error else ["it is not refused"]) +
                   self.wrong(3000, [line(3000, 600)]))
        error, _ = self.request(ENDPOINT_ADD, items)
        self.point("all of them can be added otherwise",
                   ["error %d" % error] if error else
                   [] if len(self.shown(3000)) == 501 else ["they are not there"])
        state = (A_STATE, bytes([STANDBY]))
        self.refused("a change of one that is not there", ENDPOINT_SET,
                     [item(3000, number, state) for number in numbers],
                     item(3000, 603, state))
        self.refused("a removal of one that is not there", ENDPOINT_DEL,
                     [item(3000, number, (A_NOW, b"")) for number in numbers],
                     item(3000, 603, (A_NOW, b"")))
        self.refused("a replacement of one of another VPC", ENDPOINT_REPLACE,
                     [new(3000, number, state) for number in numbers], new(3000, 601))
        error, _ = self.request(ENDPOINT_REPLACE,
                                [new(3000, number, state) for number in numbers])
        standing = sum(one.endswith(" standby") for one in self.shown(3000))
        self.point("all of them can be replaced otherwise",
                   [] if not error and standing == 500 else
                   ["error %d, %d stand by" % (error, standing)])
        error, _ = self.request(ENDPOINT_DEL, [item(3000, number, (A_NOW, b""))
                                               for number in numbers])
        self.point("and removed", ["error %d" % error] if error else
                   self.wrong(3000, [line(3000, 600)]))

        with tempfile.NamedTemporaryFile("w") as file:
            lines = [line(3000, number) for number in range(1, 3001)
                     if number not in (600, 601)]
            file.write("".join("vpc add %s\n" % one for one in
                               lines[:2000] + [line(3000, 600)] + lines[2000:]))
            file.flush()
            status, _, errors = self.run("-batch", file.name)
            problems = self.wrong(3000, lines[:2000] + [line(3000, 600)])
            if status != 2 or not errors.startswith(file.name + ":2001: "):
                problems.append("status %d: %s" % (status, errors))
        self.point("a batch ends at the line that it names", problems)
        self.batch(["vpc del %s now" % " ".join(one.split()[:2])
                    for one in self.shown(3000) + self.shown(3001)])

    # Dumps while others change things.

    def dump(self):
        """(SIDs, was it interrupted) of a dump of all, as the kernel gives it."""
        found = []
        for answer in self.link.dump(ENDPOINT_GET):
            nest = dict(permissions.attributes(answer))[A_ENDPOINT]
            found.append(dict(permissions.attributes(nest))[A_SID])
        return found, self.link.interrupted

    def changer(self, ending, pause):
        """Add and remove endpoints of VPC 4001, some hundred at a time."""
        numbers = list(range(20001, 22001))
        while not ending.is_set():
            random.shuffle(numbers)
            some = numbers[:random.randrange(1, len(numbers))]
            self.batch(["vpc add " + line(4001, number) for number in some])
            ending.wait(pause * random.random())
            random.shuffle(some)
            self.batch(["vpc del 4001 %s now" % sid(number) for number in some])
            ending.wait(pause * random.random())

    def dumps(self):
        want = [line(4000, number) for number in range(1, 3001)]
        self.batch(["vpc add " + one for one in want])
        always = collections.Counter(socket.inet_pton(socket.AF_INET6, sid(number))
                                     for number in range(1, 3001))
        ending = threading.Event()
        thread = threading.Thread(target=self.changer, args=(ending, 1.0))
        thread.start()
        missed, twice, told, complete, refused = [], [], 0, 0, 0
        try:
            for _ in range(30):
                found, interrupted = self.dump()
                lost = len(always - collections.Counter(found))
                told += interrupted
                if lost and not interrupted:
                    missed.append("%d are missing of a dump that says nothing" % lost)
            for _ in range(10):
                status, text, errors = self.run("vpc", "show", "4000")
                if status == 2 and "while it was read" in errors:
                    refused += 1
                    continue
                if status:
                    raise SystemExit("status %d: %s" % (status, errors))
                complete += 1
                got = collections.Counter(text.splitlines())
                missed += ["missing: " + one for one in list(set(want) - set(got))[:5]]
                twice += ["twice: " + one for one, n in got.items() if n > 1][:5]
        finally:
            ending.set()
            thread.join()
        print("diag of 30 dumps %d were interrupted; of 10 of the tool %d were given up" %
              (told, refused))
        self.point("no dump misses what is there all the time, unless it says so", missed)
        self.point("the tool shows nothing twice", twice)
        self.point("it can show while others change things",
                   [] if complete else ["none of 10 was complete"])
        self.point("what was there all the time is there still", self.wrong(4000, want))
        self.point("and what came and went is gone", self.wrong(4001, []))
        self.batch(["vpc del 4000 %s now" % one.split()[1] for one in want])

    # Replacement.

    def replace(self):
        """Of many, and of those that others are just sending to."""
        first = [line(5000, number) for number in range(1, 2001)]
        second = [line(5000, number, turn=1) for number in range(1, 2001)]
        self.batch(["vpc replace " + one for one in first])
        self.point("what is not there can be replaced", self.wrong(5000, first))
        self.batch(["vpc replace " + one for one in second])
        self.point("what is there has all its new addresses", self.wrong(5000, second))
        self.batch(["vpc set 5000 %s state standby" % sid(number)
                    for number in range(1, 2001)])
        self.point("all can be made to stand by",
                   self.wrong(5000, [line(5000, number, 1, "standby")
                                     for number in range(1, 2001)]))
        self.batch(["vpc del 5000 %s now" % sid(number) for number in range(1, 2001)])
        remote = "1000 fd00::1:20 cc:2a:2a:00:01:14 -4 10.0.0.20 -6 fd00::cc:0:20"
        busy = ["vpc replace " + remote,
                "vpc replace 1000 vm0@vpc2_0 fd00::10 cc:2a:2a:00:00:0a -4 10.0.0.10 "
                "-6 fd00::cc:0:10"]
        self.batch(busy * 300)
        shown = self.shown(1000)
        self.point("endpoints in use can be replaced by themselves",
                   [] if len(shown) == 2 and remote + " state active" in shown else shown)

    # Events.

    def monitor(self):
        with tempfile.NamedTemporaryFile() as output, \
                subprocess.Popen(["vpc", "-n", self.prefix + "h0", "-j", "monitor"],
                                 stdout=output, stderr=subprocess.STDOUT) as listener, \
                open(output.name, "rb") as file:
            try:
                self.events(file)
            finally:
                listener.terminate()

    def heard(self, file):
        """The events until one of an endpoint that comes now."""
        self.markers += 1
        last = "fd00:8:1::%x" % self.markers
        self.batch(["vpc add 6001 %s 02:00:00:00:00:01 -4 12.1.0.1 state standby" % last])
        got = collections.Counter()
        text = b""
        deadline = time.monotonic() + PATIENCE
        while not got["add", last] and time.monotonic() < deadline:
            *lines, text = (text + file.read()).split(b"\n")
            for one in lines:
                event = json.loads(one) if one.startswith(b"{") else {"event": str(one)}
                what = event.get("endpoint", event.get("edge", {}))
                got[event["event"], what.get("sid", what.get("name"))] += 1
            if not lines:
                time.sleep(0.05)
        got["add", last] -= 1
        return got

    def step(self, file, name, lines, want):
        """Changes, and the events that they have to be followed by."""
        self.batch(lines)
        got, want = self.heard(file), collections.Counter(want)
        problems = ["%s: %d, expected %d" % (key, got[key], want[key])
                    for key in sorted(set(got) | set(want), key=str)
                    if got[key] != want[key]]
        self.point(name, problems[:10] + (["..."] if len(problems) > 10 else []))

    def events(self, file):
        deadline = time.monotonic() + PATIENCE
        while not os.fstat(file.fileno()).st_size and time.monotonic() < deadline:
            self.vpc("edge", "set", "vpc2_0", "grace", "3600")
            time.sleep(0.1)
        self.heard(file)
        sids = [sid(number) for number in range(1, 1001)]
        lines = [line(6000, number) for number in range(1, 1001)]
        self.step(file, "each endpoint that is added is told of once",
                  ["vpc add " + one for one in lines],
                  [("add", one) for one in sids])
        self.step(file, "each that changes its state",
                  ["vpc set 6000 %s state standby" % one for one in sids],
                  [("change", one) for one in sids])
        self.step(file, "each that is replaced",
                  ["vpc replace " + one for one in lines],
                  [("change", one) for one in sids])
        self.step(file, "each that is replaced while active",
                  ["vpc replace " + line(6000, number)
                   for number in range(1, 1001)],
                  [("change", one) for one in sids])
        self.step(file, "each that is deleted with its grace",
                  ["vpc del 6000 " + one for one in sids],
                  [("change", one) for one in sids])
        self.step(file, "each that comes back",
                  ["vpc add " + one for one in lines],
                  [("change", one) for one in sids])
        self.step(file, "each that is deleted now",
                  ["vpc del 6000 %s now" % one for one in sids],
                  [("del", one) for one in sids])
        self.step(file, "an address that is displaced",
                  ["vpc add 6000 fd00:8::1 02:00:00:00:00:01 -4 12.0.0.1 -4 12.0.0.2",
                   "vpc add 6000 fd00:8::2 02:00:00:00:00:02 -4 12.0.0.2"],
                  [("add", sids[0]), ("add", sids[1]), ("change", sids[0])])
        self.step(file, "a local endpoint, and its end by its device",
                  ["vpc add 6000 ev0@vpc2_0 fd00::77 02:00:00:00:00:77 -4 12.0.0.77",
                   "vpc replace 6000 fd00::77 02:00:00:00:00:77 -4 12.0.0.77",
                   "vpc del 6000 fd00::77 now"],
                  [("add", "fd00::77"), ("change", "fd00::77"), ("del", "fd00::77")])
        self.step(file, "an edge's setting", ["edge set vpc2_0 grace 8"],
                  [("change", "vpc2_0")])
        self.batch(["vpc del %s now" % " ".join(one.split()[:2])
                    for one in self.shown(6000) + self.shown(6001)])

    # Save and restore.

    def save(self):
        states = ("active", "standby")
        self.batch(["vpc add " + line(7000, number, state=states[number & 1])
                    for number in range(1, 3001)] +
                   ["edge set vpc2_0 prefix add fd00:5::/64 grace 17 max-segments 2"])
        before = self.vpc("save")
        shown = self.vpc("vpc", "show")
        self.batch(["edge del vpc2_0"] + [
            "remote del %s now" % one["prefixes"][0]
            for one in json.loads(self.vpc("-j", "remote", "show"))])
        self.batch(["vpc del %s now" % " ".join(one.split()[:2])
                    for one in self.vpc("vpc", "show").splitlines()])
        empty = self.vpc("save")
        self.batch(before.splitlines())
        after = self.vpc("save")
        problems = [] if not empty else ["something is left: " + empty[:200]]
        if before != after:
            problems.append("what is saved then is something else")
        self.point("what is saved can be flushed and restored", problems)
        self.point("and is shown as before", [] if self.vpc("vpc", "show") == shown else
                   ["it is not"])


def main():
    results = Results()
    test = Test(sys.argv[1], results)
    if sys.argv[2] == "save":
        test.save()
    else:
        test.replace()
        test.whole()
        test.dumps()
        test.monitor()
        test.many()
    results.end()


if __name__ == "__main__":
    main()
