#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Encryption between edges, written from Documentation/encryption.rst.

Derives keys, seals and opens packets with OpenSSL (by python3-cryptography),
and shares nothing with the module: the selftests use it as judge.  As a program
it derives what one edge sends to another with, for "ip xfrm state":

    vpcesp.py derive SECRET PUBLIC CIPHER [out|in]     keys in base64
    vpcesp.py --check FILE      compare the vectors in FILE with what comes out
"""

import base64
import hashlib
import hmac
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey, X25519PublicKey)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vpcwire import examples

AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305 = range(3)
CIPHERS = ["aes-128-gcm", "aes-256-gcm", "chacha20-poly1305"]
KEY_SIZES = [16, 32, 32]

ESP, DSTOPTS = 50, 60


def hkdf(secret, info, size):
    """HKDF-SHA256 (RFC 5869) without salt."""
    prk = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    out = block = b""
    while len(out) < size:
        block = hmac.new(prk, block + info + bytes([len(out) // 32 + 1]),
                         hashlib.sha256).digest()
        out += block
    return out[:size]


def key_id(public):
    return struct.unpack("!H", hashlib.sha256(public).digest()[:2])[0] >> 6


def make_spi(cipher, sender, receiver, lane=0):
    return 1 << 31 | cipher << 28 | key_id(sender) << 18 | key_id(receiver) << 8 | lane


class KeyPair:
    def __init__(self, secret=None):
        self.private = X25519PrivateKey.from_private_bytes(secret) if secret \
            else X25519PrivateKey.generate()
        self.public = self.private.public_key().public_bytes(
            Encoding.Raw, PublicFormat.Raw)

    def shared(self, public):
        return self.private.exchange(X25519PublicKey.from_public_bytes(public))

    def text(self):
        return base64.b64encode(self.public).decode()


class Direction:
    """What one edge seals with for another."""

    def __init__(self, shared, cipher, sender, receiver):
        self.cipher = cipher
        self.spi = make_spi(cipher, sender, receiver)
        size = KEY_SIZES[cipher]
        out = hkdf(shared, b"vpc esp 1" + sender + receiver + struct.pack("!I", self.spi),
                   size + 4)
        self.key, self.salt = out[:size], out[size:]
        self.aead = (ChaCha20Poly1305 if cipher == CHACHA20_POLY1305 else AESGCM)(self.key)

    def lane_salt(self, lane):
        return self.salt[:3] + bytes([self.salt[3] ^ lane])

    def nonce(self, lane, seq):
        return self.lane_salt(lane) + struct.pack("!Q", seq)

    def seal(self, packet, seq, lane=0, proto=DSTOPTS, pad=None):
        """The ESP packet of an IPv6 packet; pad overrides the padding."""
        payload = packet[40:]
        if pad is None:
            pad = bytes(range(1, 1 + -(len(payload) + 2) % 4))
        plain = payload + pad + bytes([len(pad), proto])
        spi = self.spi | lane
        sealed = self.aead.encrypt(self.nonce(lane, seq), plain,
                                   struct.pack("!IQ", spi, seq))
        esp = struct.pack("!IIQ", spi, seq & 0xffffffff, seq) + sealed
        return packet[:4] + struct.pack("!HB", len(esp), ESP) + packet[7:40] + esp

    def open(self, packet):
        """(lane, sequence number, IPv6 packet), or None if it does not fit."""
        spi, low, seq = struct.unpack_from("!IIQ", packet, 40)
        if packet[6] != ESP or spi & ~0xff != self.spi or low != seq & 0xffffffff:
            return None
        try:
            plain = self.aead.decrypt(self.nonce(spi & 0xff, seq), packet[56:],
                                      struct.pack("!IQ", spi, seq))
        except InvalidTag:
            return None
        pad, proto = plain[-2:]
        if proto != DSTOPTS or len(packet) % 4 or \
                plain[len(plain) - 2 - pad:-2] != bytes(range(1, pad + 1)):
            return None
        payload = plain[:len(plain) - 2 - pad]
        return spi & 0xff, seq, packet[:4] + struct.pack("!HB", len(payload), proto) + \
            packet[7:40] + payload


class Peer:
    """An edge that is none: a key pair, and both directions to another one."""

    def __init__(self, pair, public, cipher=AES_128_GCM):
        shared = pair.shared(public)
        self.out = Direction(shared, cipher, pair.public, public)
        self.into = Direction(shared, cipher, public, pair.public)


# Vectors: the keys of RFC 7748, 6.1, of which Alice's sends to Bob's, and the
# first example of Documentation/wire-format.rst.

BOB = KeyPair(bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee6"
                            "6f3bb1292618b6fd1c2f8b27ff88e0eb"))
ALICE_PUBLIC = bytes.fromhex("8520f0098930a754748b7ddcb43ef75a"
                             "0dbf3a0d26381af4eba4a98eaa9b4e6a")
PACKET = next(examples())[2]


def vector_lines():
    shared = BOB.shared(ALICE_PUBLIC)
    yield "Alice's public key", ALICE_PUBLIC.hex()
    yield "Bob's public key", BOB.public.hex()
    yield "X25519", shared.hex()
    yield "key ids", "%d, %d" % (key_id(ALICE_PUBLIC), key_id(BOB.public))
    yield "IPv6 packet", PACKET.hex()
    for cipher, name in enumerate(CIPHERS):
        way = Direction(shared, cipher, ALICE_PUBLIC, BOB.public)
        yield name, "SPI %08x" % way.spi
        yield "key", way.key.hex()
        yield "salt", way.salt.hex()
        yield "lane 3, number 2^32 + 1", way.seal(PACKET, (1 << 32) + 1, 3).hex()


def vectors():
    text = ""
    for name, value in vector_lines():
        text += "    %s\n" % name
        for at in range(0, len(value), 64):
            text += "        %s\n" % value[at:at + 64]
    return text


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--check":
        with open(sys.argv[2], encoding="utf-8") as file:
            if vectors() not in file.read():
                raise SystemExit("%s has other vectors than:\n%s" %
                                 (sys.argv[2], vectors()))
    elif len(sys.argv) in (5, 6) and sys.argv[1] == "derive":
        pair = KeyPair(base64.b64decode(sys.argv[2]))
        peer = Peer(pair, base64.b64decode(sys.argv[3]), CIPHERS.index(sys.argv[4]))
        way = peer.into if sys.argv[5:] == ["in"] else peer.out
        print("spi 0x%08x key 0x%s salt 0x%s" %
              (way.spi, way.key.hex(), way.salt.hex()))
    elif sys.argv[1:] == ["vectors"]:
        sys.stdout.write(vectors())
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
