# SPDX-License-Identifier: GPL-2.0
"""What selftests/bench/packets and scale print, and what follows from it."""

import json

# Name in the results, name for people, scale and format of a packet's cost.
UNITS = (("instructions", "thousands of instructions", 1000, "%.1f"),
         ("ns", "nanoseconds", 1, "%.0f"))


class Results:
    """What was measured in one unit."""

    def __init__(self, records, unit):
        self.name, self.title, self.scale, self.form = unit
        self.records = [one for one in records if self.name in one]
        self.costs = {}
        for one in self.of("packet"):
            if not {"endpoints", "routes", "remotes"} & set(one):
                key = one["family"], one["size"], one["flows"] > 1, one["kind"]
                self.costs[key] = one[self.name] if one["got"] >= one["count"] else None

    def of(self, what):
        return [one for one in self.records if one["what"] == what]

    def kinds(self):
        return [kind for kind in dict.fromkeys(key[3] for key in self.costs) if kind != "feed"]

    def columns(self):
        """(family, size) of the packets."""
        return sorted({key[:2] for key in self.costs})

    def beyond(self, family, size, kind, flows=False):
        """What a packet has cost beyond the feed; None if packets were lost."""
        cost, feed = (self.costs.get((family, size, flows, one)) for one in (kind, "feed"))
        return None if cost is None or feed is None else cost - feed

    def ratio(self, family, size, kind):
        return divided(self.beyond(family, size, kind), self.beyond(family, size, "routed"))

    def cost(self, value):
        return "lost" if value is None else self.form % (value / self.scale)


def divided(one, other):
    return None if one is None or not other else one / other


def read(paths):
    records = []
    for path in paths:
        with open(path, encoding="ascii") as file:
            records += [json.loads(line) for line in file]
    if not records:
        raise SystemExit("there is nothing to report")
    return records
