# SPDX-License-Identifier: GPL-2.0
"""What the fuzzers in Python have in common: cases that can be had again by
their number, and mutations of bytes.

FUZZ_SECONDS says for how long (20), FUZZ_SEED where the cases come from (1),
FUZZ_FIRST and FUZZ_COUNT which of them: with the same seed, a case is the same
whatever came before it.
"""

import os
import random
import struct
import time

# Lengths, protocols and option types that mean something somewhere.
BYTES = (0, 1, 2, 4, 5, 6, 8, 16, 17, 20, 36, 40, 41, 43, 44, 50, 51, 58, 59, 60,
         63, 64, 65, 0x45, 0x4f, 0x60, 0x7f, 0x80, 0x88, 0xc2, 0xc9, 0xde, 0xfe, 0xff)
WORDS = (0, 1, 7, 8, 20, 39, 40, 41, 60, 576, 1280, 1499, 1500, 0x1fff, 0x2000, 0x4000,
         0x7fff, 0x8000, 0xfff8, 0xfffe, 0xffff, 0x0800, 0x0806, 0x8100, 0x86dd, 0x88a8)
INTEGERS = (0, 1, 2, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0xffffff, 0x1000000)


class Cases:
    """The cases of one run, in groups after each of which it is judged."""

    def __init__(self, group, least=0):
        self.seconds = float(os.environ.get("FUZZ_SECONDS", 20))
        self.seed = int(os.environ.get("FUZZ_SEED", 1))
        self.first = int(os.environ.get("FUZZ_FIRST", 0))
        self.count = int(os.environ.get("FUZZ_COUNT", 0))
        self.group, self.least, self.done = group, least, 0

    def case(self, number):
        """The source of all that is random in a case."""
        return random.Random("%d/%d" % (self.seed, number))

    def groups(self):
        """Numbers of cases, until the time is over and there were enough of them."""
        deadline = time.monotonic() + self.seconds
        at = self.first
        while time.monotonic() < deadline or self.done < self.least or self.count:
            size = self.group
            if self.count:
                size = min(size, self.first + self.count - at)
                if not size:
                    return
            yield range(at, at + size)
            at += size
            self.done = at - self.first

    def replay(self, numbers):
        return "to have it again: FUZZ_SEED=%d FUZZ_FIRST=%d FUZZ_COUNT=%d" % (
            self.seed, numbers[0], len(numbers))


def position(rng, data):
    """Headers are in front."""
    return rng.randrange(min(len(data), rng.choice((16, 64, 128, 1 << 16))))


def flip(rng, data, _):
    data[position(rng, data)] ^= 1 << rng.randrange(8)


def put_byte(rng, data, _):
    data[position(rng, data)] = rng.choice(BYTES)


def put_word(rng, data, _):
    at = position(rng, data) & ~1
    data[at:at + 2] = struct.pack("!H", rng.choice(WORDS))


def near(rng, data, _):
    """A field that is off by little."""
    at = position(rng, data)
    data[at] = (data[at] + rng.choice((-8, -4, -1, 1, 4, 8))) & 0xff


def cut_off(rng, data, _):
    del data[rng.choice((position(rng, data), len(data) - rng.randrange(min(len(data), 9)))):]


def append(rng, data, _):
    data += rng.randbytes(rng.choice((1, 2, 7, 8, 40, 100)))


def insert(rng, data, _):
    at = position(rng, data)
    data[at:at] = rng.randbytes(rng.choice((1, 2, 4, 8, 20, 40)))


def remove(rng, data, _):
    at = position(rng, data)
    del data[at:at + rng.choice((1, 2, 4, 8, 20, 40))]


def repeat(rng, data, _):
    at = position(rng, data)
    size = rng.choice((8, 16, 24, 40))
    data[at:at] = data[at:at + size]


def splice(rng, data, other):
    at = position(rng, data)
    data[at:] = other[at:]


MUTATIONS = (flip, flip, put_byte, put_byte, put_word, put_word, near, cut_off, append,
             insert, remove, repeat, splice)


def mutate(rng, data, other):
    """Bytes, changed in one to three ways; other may be grafted upon them."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if data:
            rng.choice(MUTATIONS)(rng, data, other)
    return bytes(data)
