#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Validate what "vpc -json" prints.

    schema.py COMMAND       validate standard input, one document or lines of them
    schema.py --commands    print the commands that have a schema
"""

import json
import os
import sys

import jsonschema

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "../../Documentation/vpc.schema.json")


def documents(text):
    """The documents that follow each other in a text."""
    decoder, at = json.JSONDecoder(), 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        document, at = decoder.raw_decode(text, at)
        yield document


def main():
    with open(PATH, encoding="ascii") as file:
        schema = json.load(file)
    if sys.argv[1] == "--commands":
        print("\n".join(schema["$defs"]))
        return 0
    validator = jsonschema.Draft202012Validator(
        {"$ref": "#/$defs/" + sys.argv[1].replace(" ", "%20"), "$defs": schema["$defs"]},
        format_checker=jsonschema.FormatChecker())
    count = failed = 0
    for document in documents(sys.stdin.read()):
        count += 1
        for error in validator.iter_errors(document):
            failed += 1
            print("%s: %s" % ("/".join(str(part) for part in error.absolute_path),
                              error.message))
            print("in %s" % json.dumps(document))
    if not count:
        print("there is no document")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
