# SPDX-License-Identifier: GPL-2.0
"""What the uapi headers declare: enums with their values, kernel-doc lines, defines.

A reader of its own for the style those headers are written in, so that other
descriptions of the interface can be compared with it.
"""

import os
import re

UAPI = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../uapi/linux")


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def join_lines(text):
    return re.sub(r"\\\n", " ", text)


def read(name):
    with open(os.path.join(UAPI, name), encoding="ascii") as file:
        return file.read()


def defines(text):
    """NAME -> text of the value, for object-like macros."""
    return dict(re.findall(r"^#define[ \t]+(\w+)[ \t]+([^\n]+?)[ \t]*$",
                           without_comments(text), flags=re.M))


def evaluate(expression, known):
    """The value of a constant: numbers, names, one + or - between them."""
    total, sign = 0, 1
    for token in re.findall(r"\w+|[+-]", expression):
        if token in "+-":
            sign = 1 if token == "+" else -1
        else:
            total += sign * (known[token] if token in known else int(token, 0))
            sign = 1
    return total


def enums(text, lists=()):
    """enum name -> {enumerator: value}.  lists are (macro use, [names]) that
    stand for rows of a list macro."""
    text = without_comments(text)
    for use, names in lists:
        text = text.replace(use, ", ".join(names) + ",")
    found = {}
    for name, body in re.findall(r"^enum (\w+) \{(.*?)^\};", text, flags=re.M | re.S):
        values, last = {}, -1
        for row in body.split(","):
            if not row.strip():
                continue
            key, _, expression = row.partition("=")
            last = evaluate(expression, values) if expression else last + 1
            values[key.strip()] = last
        found[name] = values
    return found


def docs(text):
    """enum name -> {enumerator: what its kernel-doc says, in one line}."""
    found = {}
    for body in re.findall(r"/\*\*\n(.*?)\*/", text, flags=re.S):
        lines = [re.sub(r"^ \*\s?", "", line) for line in body.split("\n")]
        head = re.match(r"enum (\w+)", lines[0])
        if not head:
            continue
        rows, key = {}, None
        for line in lines[1:]:
            row = re.match(r"@(\w+): (.*)", line)
            if row:
                key = row.group(1)
                rows[key] = row.group(2)
            elif key and line.strip():
                rows[key] += " " + line.strip()
            else:
                key = None
        found[head.group(1)] = rows
    return found


def counter_sections():
    """[(SECTION, [(ID, name, text)])] of the list of counters."""
    text = join_lines(without_comments(read("vpc_counters.h")))
    found = []
    for section, body in re.findall(r"^#define VPC_([A-Z]+)\(_\)([^\n]*)", text, flags=re.M):
        rows = re.findall(r'_\((\w+),\s*"(\w+)",\s*"((?:[^"\\]|\\.)*)"\)', body)
        found.append((section, rows))
    return found


def counters():
    """{enumerator: value} of enum vpc_counter, with __ names left out."""
    lists = []
    for section, rows in counter_sections():
        kind = "DROP" if section == "DROPS" else "COUNTER"
        lists.append(("VPC_%s(__VPC_%s_ENUM)" % (section, kind),
                      ["VPC_%s_%s" % (kind, row[0]) for row in rows]))
    values = enums(read("vpc_counters.h"), lists)["vpc_counter"]
    return {key: value for key, value in values.items() if not key.startswith("__")}
