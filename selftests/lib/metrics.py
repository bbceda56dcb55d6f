#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Read metrics as Prometheus does, and compare them with the tool's JSON and
with the names that are documented.

    metrics.py METRICS TOTALS VPCS DOCUMENTATION
"""

import json
import os
import re
import sys

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)'
                    r'(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*",?)*)\})? (-?\d+)$')
SECTIONS = {"segments_in_total": ("sources", "source"),
            "segments_out_total": ("sinks", "sink"),
            "bytes_total": ("bytes", "counter"),
            "segments_dropped_total": ("drops", "reason")}


def parse(text):
    """{name: (type, {labels: value})}, with all that the format forbids."""
    families, current = {}, None
    for line in text.splitlines():
        head = re.match(r"# (HELP|TYPE) (\w+) (.+)$", line)
        if head:
            if head.group(1) == "HELP":
                current = head.group(2)
                assert current not in families, "%s comes twice" % current
                families[current] = [None, {}]
            else:
                assert head.group(2) == current, "TYPE of another metric"
                families[current][0] = head.group(3)
            continue
        sample = SAMPLE.match(line)
        assert sample, "no sample: " + line
        assert sample.group(1) == current, "outside of its family: " + line
        labels = tuple(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', sample.group(2) or ""))
        assert labels not in families[current][1], "twice: " + line
        families[current][1][labels] = int(sample.group(3))
    for name, (kind, samples) in families.items():
        assert kind == ("counter" if name.endswith("_total") else "gauge"), name
        assert samples, name + " has no sample"
    return families


def flatten(counters, key=()):
    return {suffix: {key + ((label, name),): value
                     for name, value in counters[section].items()}
            for suffix, (section, label) in SECTIONS.items()}


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        families = parse(file.read())
    with open(sys.argv[2], encoding="ascii") as file:
        totals = json.load(file)
    with open(sys.argv[3], encoding="ascii") as file:
        vpcs = json.load(file)
    for suffix, want in flatten(totals).items():
        have = families["vpc_" + suffix][1]
        assert have == want, "vpc_%s: %s, not %s" % (suffix, have, want)
    for suffix in SECTIONS:
        want = {}
        for vpc in vpcs:
            want.update(flatten(vpc["stats"], (("vpc", str(vpc["vpc"])),))[suffix])
        have = families["vpc_network_" + suffix][1]
        assert have == want, "vpc_network_%s: %s, not %s" % (suffix, have, want)

    page = os.path.join(sys.argv[4], "man", "vpc-stats.8")
    if os.path.exists(page):
        with open(page, encoding="ascii") as file:
            documented = set(re.findall(r"^\.B[RI]? (vpc_\w+)", file.read(), flags=re.M))
        assert documented == set(families), "documented only, or not at all: %s" % \
            sorted(documented ^ set(families))


if __name__ == "__main__":
    main()
