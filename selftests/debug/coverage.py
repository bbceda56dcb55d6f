#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print which lines and branches were run, from what gcov writes as JSON.

usage: coverage.py DIRECTORY < JSON-LINES

Only the files below the directory count.  A header's line that was compiled
several times was run if one of them was.
"""

import collections
import json
import os
import sys


class File:
    def __init__(self):
        self.lines = collections.Counter()
        self.branches = collections.Counter()

    def add(self, line):
        number = line["line_number"]
        self.lines[number] += line["count"]
        for index, branch in enumerate(line["branches"]):
            self.branches[number, index] += branch["count"]

    def missing(self):
        """The lines that were not run, as ranges."""
        ranges = []
        known = sorted(self.lines)
        for before, number in zip([None] + known, known):
            if self.lines[number]:
                continue
            if ranges and ranges[-1][1] == before:
                ranges[-1][1] = number
            else:
                ranges.append([number, number])
        return ["%d" % first if first == last else "%d-%d" % (first, last)
                for first, last in ranges]


def share(counts):
    run, known = sum(1 for count in counts.values() if count), len(counts)
    return "%5d %5d %6.1f" % (run, known, 100 * run / known if known else 100)


def main():
    top = os.path.realpath(sys.argv[1]) + "/"
    files = collections.defaultdict(File)
    for text in sys.stdin:
        data = json.loads(text)
        for file in data["files"]:
            name = os.path.realpath(
                os.path.join(data["current_working_directory"], file["file"]))
            if not name.startswith(top):
                continue
            for line in file["lines"]:
                files[name[len(top):]].add(line)
    if not files:
        sys.exit("nothing was counted")
    total = File()
    print("%-16s %5s %5s %6s   %5s %5s %6s" %
          ("", "lines", "of", "%", "branches", "of", "%"))
    for name, file in sorted(files.items()):
        print("%-16s %s      %s" % (name, share(file.lines), share(file.branches)))
        for kind in ("lines", "branches"):
            getattr(total, kind).update(
                {(name, key): count for key, count in getattr(file, kind).items()})
    print("%-16s %s      %s" % ("all", share(total.lines), share(total.branches)))
    print("\nLines that were not run:")
    for name, file in sorted(files.items()):
        missing = file.missing()
        if missing:
            print("%s: %s" % (name, ", ".join(missing)))


main()
