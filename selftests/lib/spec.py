#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Compare Documentation/netlink/specs/vpc.yaml with the uapi headers: every
name, value and type of the one must be in the other.

    spec.py         print test points; what is missing comes as YAML to paste
"""

import os
import re
import sys
import textwrap

import yaml

import uapi

SPEC = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "../../Documentation/netlink/specs/vpc.yaml")
SPEC_KEYS = {"name", "protocol", "doc", "uapi-header", "version", "definitions",
             "attribute-sets", "operations", "mcast-groups"}


def load():
    with open(SPEC, encoding="ascii") as file:
        return yaml.safe_load(file)


def constant(prefix, name):
    """The name in C of an entry of the spec."""
    return prefix + name.upper().replace("-", "_")


def plain(prefix, name):
    """The other way round."""
    return name[len(prefix):].lower().replace("_", "-")


def numbered(entries, first):
    """(entry as a dictionary, value) of a list that counts on by itself."""
    value = first - 1
    for entry in entries:
        if not isinstance(entry, dict):
            entry = {"name": entry}
        value = entry.get("value", value + 1)
        yield entry, value


def named(attrs):
    """The attributes of a set that have a meaning."""
    return [(attr, value) for attr, value in numbered(attrs["attributes"], 1)
            if attr["type"] != "pad"]


def sets_by_enum(spec):
    return {s["enum-name"]: s["name"] for s in spec["attribute-sets"]}


def documented_type(text, spec):
    """What the header's comment says of an attribute, as keys of the spec."""
    head = text.split(":")[0]
    want = {}
    size = re.match(r"(\d+)(?: or (\d+))? bytes", head)
    word = re.match(r"(u8|u16|u32|u64|s32|string|flag|nest)\b", head)
    nest = re.search(r"nest(?:, repeats)?(?: of|: a) &enum (\w+)", text)
    if size:
        want["type"] = "binary"
        want["size"] = max(int(n) for n in size.groups() if n)
    elif word:
        want["type"] = word.group(1)
    if nest:
        want["nested-attributes"] = sets_by_enum(spec).get(nest.group(1), nest.group(1))
    if re.search(r"\brepeats?\b", head) or "may repeat" in text:
        want["multi-attr"] = True
    enum = re.search(r"u\d+, &enum vpc_(\w+)", text)
    if enum:
        want["enum"] = enum.group(1).replace("_", "-")
    return want


def given_type(attr):
    """The same keys, of the spec."""
    checks = attr.get("checks", {})
    have = {key: attr[key] for key in ("type", "nested-attributes", "multi-attr", "enum")
            if key in attr}
    if attr["type"] == "binary":
        have["size"] = checks.get("exact-len", checks.get("max-len"))
    return have


def to_paste(prefix, key, value, text, spec, counted):
    """An attribute of the header as the spec should have it."""
    want = documented_type(text, spec)
    lines = ["name: " + plain(prefix, key)]
    if not counted:
        lines.append("value: %d" % value)
    lines.append("type: %s" % want.get("type", "?"))
    lines += ["%s: %s" % (k, str(want[k]).lower()) for k in
              ("nested-attributes", "multi-attr", "enum") if k in want]
    if "size" in want:
        kind = "max-len" if " or " in text.split(":")[0] else "exact-len"
        lines.append("checks: { %s: %d }" % (kind, want["size"]))
    doc = re.sub(r"^(nest of &enum \w+|u\d+|\d+ bytes)(, &enum \w+)?(, repeats)?[,;:]? ?",
                 "", text.split(": ", 1)[-1]).replace("%VPC_", "VPC_") or "?"
    lines += ["doc: >-"] + textwrap.wrap(doc, 80, initial_indent="  ",
                                         subsequent_indent="  ")
    return "      - " + "\n        ".join(lines)


class Points:
    def __init__(self):
        self.failed = 0
        self.count = 0

    def point(self, name, problems):
        self.count += 1
        self.failed += bool(problems)
        print("%sok %d - %s" % ("not " if problems else "", self.count, name))
        for problem in problems:
            print(textwrap.indent(problem, "# "))

    def end(self):
        print("1..%d" % self.count)
        return 1 if self.failed else 0


def compare(have, want):
    """Problems between two {name: value}."""
    return (["%s is %s in the spec and %s in the header" % (k, have[k], want[k])
             for k in have if k in want and have[k] != want[k]] +
            ["%s is in the spec only" % k for k in have if k not in want])


def public(values):
    return {k: v for k, v in values.items()
            if not k.startswith("__") and not k.endswith("_UNSPEC")}


def check_set(points, spec, attrs, values, docs):
    prefix = attrs["name-prefix"]
    rows = list(named(attrs))
    have = {constant(prefix, a["name"]): v for a, v in rows}
    problems = compare(have, values)
    problems += ["missing; to paste:\n" +
                 to_paste(prefix, k, v, docs.get(k, ""), spec, True)
                 for k, v in values.items() if k not in have]
    points.point("attribute set %s: names and values" % attrs["name"], problems)

    problems = []
    for attr, _ in rows:
        key = constant(prefix, attr["name"])
        if not attr.get("doc"):
            problems.append("%s has no doc" % key)
        want = documented_type(docs.get(key, ""), spec)
        if "type" not in want and key in values:
            problems.append("the header's comment tells no type of %s" % key)
        have = given_type(attr)
        # The header has the enum in the enum's own comment, and nests of
        # prefixes in the first one's.
        for k in set(want) | (set(have) - {"nested-attributes", "enum"}):
            if key in values and have.get(k) != want.get(k):
                problems.append("%s: %s is %s in the spec and %s in the header's comment" %
                                (key, k, have.get(k), want.get(k)))
        if attr["type"] == "nest" and attr.get("nested-attributes") not in \
                [s["name"] for s in spec["attribute-sets"]]:
            problems.append("%s nests no set of the spec" % key)
    points.point("attribute set %s: types" % attrs["name"], problems)


def check_counters(points, attrs):
    want = {name: (value, text) for section, rows in uapi.counter_sections()
            for ident, name, text in rows
            for key, value in uapi.counters().items()
            if key == "VPC_%s_%s" % ("DROP" if section == "DROPS" else "COUNTER", ident)}
    have = {a["name"].replace("-", "_"): (v, a["doc"])
            for a, v in named(attrs)}
    problems = compare(have, want)
    problems += ["missing; to paste:\n      - name: %s\n        value: %d\n"
                 "        type: u64\n        doc: >-\n          %s" %
                 (k.replace("_", "-"), v[0], v[1])
                 for k, v in want.items() if k not in have]
    problems += ["%s is no u64" % a["name"] for a, _ in named(attrs)
                 if a["type"] != "u64"]
    points.point("attribute set counters: names, numbers, sentences", problems)


def check_definitions(points, spec, defines, enums):
    for entry in spec["definitions"]:
        if entry["type"] == "const":
            key = constant("VPC_", entry["name"])
            text = defines.get(key)
            points.point("constant %s" % key, [] if text and
                         int(text, 0) == entry["value"] else
                         ["it is %s in the header" % text])
            continue
        have = {constant(entry["name-prefix"], e["name"]): v for e, v in
                numbered(entry["entries"], entry.get("value-start", 0))}
        want = public(enums.get(entry["enum-name"], {}))
        if any(key.endswith("-none") or key == "none" for key in
               (e["name"] if isinstance(e, dict) else e for e in entry["entries"])):
            want = {k: v for k, v in enums[entry["enum-name"]].items()}
        points.point("enum %s" % entry["enum-name"], compare(have, want) +
                     ["%s = %d is missing" % (k, v) for k, v in want.items()
                      if k not in have])


def check_operations(points, spec, defines, values):
    operations = spec["operations"]
    have = {constant(operations["name-prefix"], o["name"]): v
            for o, v in numbered(operations["list"], 1)}
    points.point("operations", compare(have, values) +
                 ["%s = %d is missing" % (k, v) for k, v in values.items()
                  if k not in have])
    sets = {s["name"]: [a["name"] for a in s["attributes"]]
            for s in spec["attribute-sets"]}
    problems = []
    for operation in operations["list"]:
        known = sets.get(operation.get("attribute-set"), [])
        for mode in [operation.get("do", {}), operation.get("dump", {}),
                     {"event": operation.get("event", {})}]:
            problems += ["%s: there is no attribute %s" % (operation["name"], name)
                         for side in mode.values()
                         for name in (side or {}).get("attributes", [])
                         if name not in known]
    points.point("the operations' attributes are in the sets", problems)

    groups = [g["name"] for g in spec["mcast-groups"]["list"]]
    points.point("family, version, groups", [text for good, text in (
        (spec["name"] == defines["VPC_GENL_NAME"].strip('"'), "the name differs"),
        (spec["version"] == int(defines["VPC_GENL_VERSION"], 0), "the version differs"),
        ([g for g in groups] == [v.strip('"') for k, v in defines.items()
                                 if k.startswith("VPC_GENL_MCGRP_")],
         "the multicast groups differ"),
        (set(spec) <= SPEC_KEYS, "it has keys that YNL does not know"),
    ) if not good])


def main():
    points = Points()
    spec = load()
    text = uapi.read("vpc.h")
    enums, docs = uapi.enums(text), uapi.docs(text)
    defines = uapi.defines(text)

    check_definitions(points, spec, defines, enums)
    covered = {d["enum-name"] for d in spec["definitions"] if "enum-name" in d}
    for attrs in spec["attribute-sets"]:
        covered.add(attrs["enum-name"])
        if attrs["enum-name"] == "vpc_counter":
            check_counters(points, attrs)
        else:
            check_set(points, spec, attrs, public(enums.get(attrs["enum-name"], {})),
                      docs.get(attrs["enum-name"], {}))
    check_operations(points, spec, defines, public(enums["vpc_cmd"]))
    covered.add("vpc_cmd")
    problems = []
    for name, values in enums.items():
        if name in covered:
            continue
        problems.append("enum %s is in the header only" % name)
        prefix = os.path.commonprefix([k for k in values if not k.startswith("__")])
        problems += [to_paste(prefix, k, v, docs.get(name, {}).get(k, ""), spec, True)
                     for k, v in public(values).items()]
    points.point("every enum of the header is in the spec", problems)
    return points.end()


if __name__ == "__main__":
    sys.exit(main())
