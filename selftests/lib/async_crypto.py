#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Encryption with ciphers that always complete later.

usage: async_crypto.py PREFIX
"""

import socket
import subprocess
import sys

from encryption import FLOWS, PREFIXES, Test, Traffic
from flows import command
from harness import Results, audit

# By the name in vpc_cipher_names.
CIPHERS = [("aes-128-gcm", "gcm(aes)"), ("chacha20-poly1305", "rfc7539(chacha20,poly1305)")]


def daemon_for(name):
    """Let the kernel's crypto daemon do what this name stands for from now on: it has
    the higher priority."""
    found = socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)
    found.bind(("aead", "cryptd(%s)" % name))
    return found


class Async(Test):
    def counted(self, name, problems):
        """Every packet waited, and came back."""
        for host in self.hosts.values():
            host.settle()
            now = host.read()
            if not now["to_crypto"] or now["from_crypto"] != now["to_crypto"]:
                problems.append("%d of %d came back" % (now["from_crypto"], now["to_crypto"]))
        self.results.point(name, problems)

    def again(self):
        """Edges that know nothing but the daemon."""
        for host in ("h0", "h1"):
            self.vpc(host, "edge", "rekey", "vpc2_" + host[1], "now")
        self.publish()
        self.encrypt("required")

    def flood(self):
        return subprocess.Popen(
            ["ip", "netns", "exec", self.prefix + "vm0", "ping", "-q", "-f", "-c", "100000",
             "10.0.0.20"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def goes(self, name, *steps):
        """Things go while packets wait, and come back."""
        flood, problems = self.flood(), []
        for _ in range(10):
            for step in steps:
                step()
        flood.kill()
        flood.wait()
        self.publish()
        said = command(self.prefix + "vm0", "ping", "-q", "-c", "3", "-i", "0.2", "-W", "5",
                       "10.0.0.20", check=False)
        if " 0% packet loss" not in said:
            problems.append(said)
        self.counted(name, problems)

    def run(self):
        kept = [daemon_for(name) for _, name in CIPHERS]
        self.again()
        for cipher, _ in CIPHERS:
            for host in ("h0", "h1"):
                self.vpc(host, "edge", "set", "vpc2_" + host[1], "cipher", cipher)
            traffic = Traffic(self.prefix, FLOWS)
            for _ in range(5):
                traffic.some()
            self.counted("packets that always wait for %s are not lost" % cipher, traffic.end())
        self.rekeys("nor when both edges rekey", FLOWS, ("h0", "h1"), 6, least=2)
        self.goes("a remote goes while packets wait",
                  lambda: self.vpc("h0", "remote", "del", PREFIXES["h1"], "now"),
                  lambda: self.publish("h1"),
                  lambda: self.vpc("h1", "remote", "del", PREFIXES["h0"], "now"),
                  lambda: self.publish("h0"))
        self.goes("key pairs go", self.again)
        self.goes("the fabric's device goes down", lambda: self.link("down"),
                  lambda: self.link("up"))
        self.results.point("everything is accounted for", audit(*self.hosts.values()))
        flood = self.flood()
        for host in ("h0", "h1"):
            self.vpc(host, "edge", "del", "vpc2_" + host[1])
        flood.kill()
        flood.wait()
        left = [self.vpc(host, "edge", "show") for host in ("h0", "h1")]
        self.results.point("edges go while packets wait", [one for one in left if one])
        for one in kept:
            one.close()

    def link(self, state):
        base = ["ip", "-n", self.prefix + "h0"]
        subprocess.run(base + ["link", "set", "eth0", state], check=True)
        if state == "up":
            for words in (["neigh", "replace", "fd00:f:0:0::1", "lladdr", "02:00:00:00:00:01",
                           "dev", "eth0", "nud", "permanent"],
                          ["addr", "replace", "fd00:f:0:0::2/64", "dev", "eth0", "nodad"],
                          ["route", "replace", "default", "via", "fd00:f:0:0::1"]):
                subprocess.run(base + words, check=True)


def main():
    results = Results()
    try:
        daemon_for("gcm(aes)").close()
    except OSError as error:
        results.skip("ciphers that always wait", "the kernel has no crypto daemon: %s" % error)
        results.end()
        return
    Async(sys.argv[1], results).run()
    results.end()


if __name__ == "__main__":
    main()
