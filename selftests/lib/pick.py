#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Picking a next hop, as Documentation/picking.rst specifies it: written from there,
with Python's own arithmetic, to judge what the module does.

usage: pick.py vectors
"""

import ipaddress
import sys

WORD = (1 << 64) - 1
GOLDEN = 0x9e3779b97f4a7c15
SLOTS, FRACTION = 1 << 14, 24


def mix(x):
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9 & WORD
    x = (x ^ x >> 27) * 0x94d049bb133111eb & WORD
    return x ^ x >> 31


def digest(*words):
    """The hash of a sequence of 64-bit words."""
    h = 0
    for word in words:
        h = mix((h ^ word) + GOLDEN & WORD)
    return h


def words(*addrs):
    """Two IPv4 addresses are one word, an IPv6 address is two."""
    number = size = 0
    for addr in map(ipaddress.ip_address, addrs):
        number = number << addr.max_prefixlen | int(addr)
        size += addr.max_prefixlen
    return [number >> shift & WORD for shift in range(size - 64, -1, -64)]


def flow(src, dst, proto=0, sport=0, dport=0):
    """The hash of a flow; proto 0 is without ports."""
    ports = [proto << 32 | sport << 16 | dport] if proto else []
    return digest(*words(src, dst), *ports)


def log2(x):
    """Floor of the binary logarithm times 2^24, by the definition: by comparison of
    powers, as digits of the fraction are found one by one."""
    x = max(x, 1)
    exponent = x.bit_length() - 1
    mantissa = (x << 31) >> exponent
    result = exponent
    for _ in range(FRACTION):
        mantissa = mantissa * mantissa >> 31
        digit = mantissa >> 32
        mantissa >>= digit
        result = 2 * result + digit
    return result


def cost(score):
    return (64 << FRACTION) - log2(score)


def winner(slot, hops):
    """The SID that has a slot, of {SID: weight}; None if all weights are 0."""
    best = None
    for sid in sorted(hops, key=ipaddress.ip_address):
        weight = hops[sid]
        if not weight:
            continue
        score = mix(digest(*words(sid)) + slot * GOLDEN & WORD)
        bid = (score, weight, sid)
        if best is None:
            best = bid
        elif weight == best[1]:
            best = bid if score > best[0] else best
        else:
            ours, its = cost(score) * best[1], cost(best[0]) * weight
            if ours < its or ours == its and score > best[0]:
                best = bid
    return best[2] if best else None


def pick(hash_, hops):
    return winner(hash_ >> 50, hops)


def vectors():
    print("hash")
    for args in (("10.0.0.10", "10.9.0.1"), ("10.9.0.1", "10.0.0.10"),
                 ("10.0.0.10", "10.9.0.1", 6, 40000, 443),
                 ("10.0.0.10", "10.9.0.1", 17, 53, 53),
                 ("fd01::10", "fd09::1"), ("fd01::10", "fd09::1", 6, 40000, 443)):
        print("%s: 0x%016x" % (args, flow(*args)))
    print("log2")
    for x in (0, 1, 3, 1 << 32, (1 << 64) - 1, 0x123456789abcdef0):
        print("0x%016x: %d" % (x, log2(x)))
    print("key and winners")
    for hops in ({"fd00::1:10": 1, "fd00::1:20": 1, "fd00::2:10": 1},
                 {"fd00::1:10": 1, "fd00::1:20": 2, "fd00::2:10": 5},
                 {"fd00::1:10": 0, "fd00::1:20": 3, "fd00::2:10": 65535}):
        order = sorted(hops, key=ipaddress.ip_address)
        places = [order.index(winner(slot, hops)) for slot in range(SLOTS)]
        print(hops, ["0x%016x" % digest(*words(sid)) for sid in order],
              places[:32], [places.count(i) for i in range(len(order))],
              "0x%016x" % digest(*places))


if __name__ == "__main__":
    if sys.argv[1:] != ["vectors"]:
        sys.exit(__doc__.split("\n\n")[1])
    vectors()
