#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Encryption between edges, judged by OpenSSL, and under traffic.  Host h2 has no
edge: the script is the edge there, with a key pair of its own.

usage: encryption.py PREFIX
"""

import base64
import json
import multiprocessing
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time

import vpcesp
import vpcwire
from flows import command, datagrams, transfer
from harness import (
    ENCRYPTION, HOST_MACS, SPINE_MACS, VM0, VM2, Counters, Results, audit, eventually)
from packets import ETH_IPV6, UDP, Port, ethernet, ip_frame, ipv4, is_advertisement, text, udp
from vpcwire import DF, ip4, ip6

PATIENCE = 20.0
PREFIXES = {"h0": "fd00::/112", "h1": "fd00::1:0/112", "h2": "fd00::2:0/112"}
PEER_SID, PEER_V4 = ip6("fd00::2:30"), ip4("10.0.0.30")
STRAY = ip6("fd00::3:30")
FLOWS = [("vm0", "vm2", "10.0.0.10", "10.0.0.20"), ("vm2", "vm0", "10.0.0.20", "10.0.0.10"),
         ("vmgtw", "vm2", "10.0.0.11", "10.0.0.20"),
         ("vm0", "vm2", "fd00::cc:0:10", "fd00::cc:0:20")]


def datagram(src, dst, size=64, **fields):
    return ipv4(src, dst, UDP, udp(src, dst, text(size), **fields), frag=DF, ident=0)


class Traffic:
    """Numbered datagrams of several flows, none of which may be lost."""

    def __init__(self, prefix, flows, first_port=7100):
        self.flows = []
        for number, (sender, receiver, src, dst) in enumerate(flows):
            port = first_port + number
            self.flows.append((datagrams(prefix + sender, src),
                               datagrams(prefix + receiver, dst, port), (dst, port)))
        self.sent = [0] * len(flows)
        self.errors = []
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.ending.wait(0.01):
            for n, (sender, _, to) in enumerate(self.flows):
                try:
                    sender.sendto(struct.pack("!I", self.sent[n]) + bytes(200), to)
                except OSError as error:
                    self.errors.append("flow %d: %s" % (n, error))
                self.sent[n] += 1

    def some(self, each=40):
        """Wait until there was some of it."""
        count = sum(self.sent) + each * len(self.sent)
        eventually(lambda: sum(self.sent) >= count)

    def end(self):
        """What is wrong with what came of it."""
        self.some()
        self.ending.set()
        self.thread.join()
        problems = self.errors[:5]
        for n, (sender, receiver, _) in enumerate(self.flows):
            got, deadline = [], time.monotonic() + PATIENCE
            receiver.settimeout(0.5)
            while len(got) < self.sent[n] and time.monotonic() < deadline:
                try:
                    got.append(struct.unpack_from("!I", receiver.recv(2000))[0])
                except OSError:
                    break
            lost = sorted(set(range(self.sent[n])) - set(got))
            if lost or len(got) != len(set(got)) or not self.sent[n]:
                problems.append("flow %d: %d sent, %d arrived, lost: %s" %
                                (n, self.sent[n], len(got), lost[:20]))
            sender.close()
            receiver.close()
        return problems


def hash_on():
    """Keep a CPU's vector registers busy in the kernel, so that a cipher which
    needs them in an interrupt has to wait."""
    found = socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)
    found.bind(("hash", "sha256"))
    op, data = found.accept()[0], bytes(1 << 20)
    while True:
        op.sendall(data)


class Test:
    def __init__(self, prefix, results):
        self.prefix, self.results = prefix, results
        self.hosts = {name: Counters(prefix + name) for name in ("h0", "h1")}
        self.h0 = self.hosts["h0"]
        self.ports = {"h2": Port(prefix + "h2", "eth0"), "h1": Port(prefix + "h1", "eth0"),
                      "vm0": Port(prefix + "vm0", "vm0")}
        # Where datagrams to vm0 end, so that its kernel does not answer.
        self.sink = datagrams(prefix + "vm0", "10.0.0.10", 53)
        self.strange = set()
        self.pair = self.stranger()
        self.seq = 0
        self.waited = True

    def vpc(self, host, *words, check=True, data=None):
        run = subprocess.run(["vpc", "-n", self.prefix + host, *words], check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, input=data)
        out = run.stdout.decode(errors="replace")
        if check and run.returncode:
            raise SystemExit("vpc %s: status %d: %s" %
                             (" ".join(words), run.returncode, out))
        return out

    def keys(self, host):
        """The public keys of a host's edge, as text, the newest first."""
        edge = json.loads(self.vpc(host, "-j", "edge", "show"))[0]
        return [key["key"] for key in edge["keys"]]

    def public(self, host):
        return base64.b64decode(self.keys(host)[0])

    def remote(self, host, of, keys, verb="replace", *words):
        args = [word for key in keys for word in ("key", key)]
        self.vpc(host, "remote", verb, PREFIXES[of], *args, *words)

    def encrypt(self, mode, *hosts):
        for host in hosts or ("h0", "h1"):
            self.vpc(host, "edge", "set", "vpc2_" + host[1], "encrypt", mode)

    def pairs(self, host, of):
        return json.loads(self.vpc(host, "-j", "-s", "remote", "show", PREFIXES[of]))[0]["pairs"]

    def peer(self, cipher=0):
        return vpcesp.Peer(self.pair, self.public("h0"), cipher)

    def goes_over(self):
        """Wait until h0 seals for h2 with its newest key pair, which it does a moment
        after that was named."""
        own = vpcesp.key_id(self.public("h0"))
        eventually(lambda: any(pair["sends"] and pair["own_id"] == own
                               for pair in self.pairs("h0", "h2")))

    def stranger(self):
        """A key pair whose id is nobody's, nor that of an edge with one bit flipped."""
        edges = {vpcesp.key_id(base64.b64decode(key)) for host in ("h0", "h1")
                 for key in self.keys(host)}
        near = {number ^ 1 << bit for number in edges for bit in range(10)}
        known = self.strange | edges | near
        while (number := vpcesp.key_id((pair := vpcesp.KeyPair()).public)) in known:
            pass
        self.strange.add(number)
        return pair

    # Packets.

    def from_vm0(self, packet, port="h2", count=1):
        """What leaves h0 for a host, when vm0 sends a packet."""
        self.ports[port].drain()
        for _ in range(count):
            self.ports["vm0"].send(ip_frame(VM0.mac, packet))
        frames = self.ports[port].packets(
            lambda frame: frame[12:14] == b"\x86\xdd" and frame[20] in (50, 60), count,
            PATIENCE)
        return [frame[14:] for frame in frames]

    def to_h0(self, *packets):
        """Put packets on the fabric, by h2's uplink."""
        for packet in packets:
            self.ports["h2"].send(ethernet(SPINE_MACS["h2"], HOST_MACS["h2"], ETH_IPV6, packet))

    def inner(self, src=PEER_SID, **fields):
        return vpcwire.encode(datagram(PEER_V4, VM0.v4, **fields), 1000, src, VM0.sid)

    def sealed(self, **kwargs):
        self.seq += 1
        return self.peer().out.seal(self.inner(), kwargs.pop("seq", self.seq), **kwargs)

    def becomes(self, name, packets, **want):
        """Send packets to h0, and compare what it counts."""
        want = {"from_fabric": len(packets), **want}
        self.h0.mark()
        self.to_h0(*packets)
        delta = self.h0.wait(lambda d: d == want)
        self.results.point(name, [] if delta == want else
                           ["counted %s, not %s" % (delta, want)])

    def arrives(self, name, packets):
        n = len(packets)
        self.becomes(name, packets, used_sealed=n, from_opened=n, to_vm=n)

    # Tests.

    def interop(self):
        for cipher, cname in enumerate(vpcesp.CIPHERS):
            self.vpc("h0", "edge", "set", "vpc2_0", "cipher", cname)
            packet = datagram(VM0.v4, PEER_V4, 65 + cipher)
            frames = self.from_vm0(packet)
            opened = [self.peer(cipher).into.open(frame) for frame in frames]
            problems = ["%d packets, not 1" % len(frames)] if len(frames) != 1 else []
            if not problems and not opened[0]:
                problems = ["it does not open: " + frames[0].hex()]
            if not problems:
                problems = vpcwire.check(opened[0][2], packet, 1000, VM0.sid, PEER_SID, "ipv4")
            self.results.point("OpenSSL opens what is sealed with " + cname, problems)

            out, got = self.peer(cipher).out, []
            self.ports["vm0"].drain()
            self.arrives("packets that OpenSSL has sealed with %s arrive" % cname,
                         [out.seal(self.inner(size=100 + lane), 7 + cipher, lane)
                          for lane in (0, 1, 2, 3, 255)])
            got = [frame[14:] for frame in self.ports["vm0"].packets(
                lambda frame: not is_advertisement(frame), 5)]
            want = [datagram(PEER_V4, VM0.v4, 100 + lane) for lane in (0, 1, 2, 3, 255)]
            self.results.point("as they were", [] if sorted(got) == sorted(want) else
                               ["other bytes: %s" % [p.hex() for p in got]])
        self.vpc("h0", "edge", "set", "vpc2_0", "cipher", vpcesp.CIPHERS[0])
        # A number is used once, whatever the cipher.
        self.seq = 9

    def flips(self):
        packet, problems = self.sealed(), []
        self.h0.mark()
        bits = len(packet) - 40
        for at in range(40, len(packet)):
            self.to_h0(packet[:at] + bytes([packet[at] ^ 1 << at % 8]) + packet[at + 1:])
        delta = self.h0.wait(lambda d: d.get("from_fabric") == bits)
        # The SPI has 3 bytes of ids; its lane is part of the nonce.
        want = {"from_fabric": bits, "unknown_spi": 3, "bad_icv": bits - 3}
        if delta != want:
            problems = ["counted %s, not %s" % (delta, want)]
        self.results.point("a bit that is flipped in any byte makes it not authenticate",
                           problems)
        self.arrives("as it was, it does", [packet])

    def replays(self):
        first = [self.sealed() for _ in range(3)]
        self.arrives("packets arrive in another order", first[::-1])
        self.becomes("none of them twice", first, replay=3)
        top = 1 << 20
        self.arrives("a number far ahead is taken", [self.sealed(seq=top)])
        self.arrives("and those that are less than 2048 behind it",
                     [self.sealed(seq=top - 2047), self.sealed(seq=top - 1)])
        self.becomes("but not what is far behind", [self.sealed(seq=top - 4096)], replay=1)
        self.arrives("another lane has its own window", [self.sealed(seq=top - 4096, lane=9)])
        self.remote_again()
        self.becomes("after the remote was deleted and added again, a replay is one",
                     [self.sealed(seq=top - 1), first[0]], replay=2)
        self.arrives("and what is new arrives", [self.sealed(seq=top + 1)])
        wrap = 1 << 32
        self.arrives("numbers go on beyond 2^32",
                     [self.sealed(seq=seq) for seq in (wrap - 1, wrap, wrap + 1)])
        self.becomes("and are no replays' cover",
                     [self.sealed(seq=seq) for seq in (1, wrap, top + 2)], replay=3)
        last = [pair for pair in self.pairs("h0", "h2") if pair["seen"]][0]
        problems = []
        if last.get("last_replay") != top + 2 or last["replays"] < 8:
            problems = ["shown: %s" % last]
        self.results.point("the remote shows its replays", problems)
        self.seq = wrap + 10

    def remote_again(self):
        self.vpc("h0", "remote", "del", PREFIXES["h2"], "now")
        self.remote("h0", "h2", [self.pair.text()], "add")

    def reasons(self):
        peer = self.peer()
        other = vpcesp.Peer(self.stranger(), self.public("h0"))
        self.becomes("a key that is not known here",
                     [other.out.seal(self.inner(), 1)], unknown_spi=1)
        self.becomes("sealed, from where nobody is known",
                     [other.out.seal(self.inner(STRAY), 1)], esp=1)
        self.becomes("another edge's packet", [peer.out.seal(self.inner(VM2.sid), self.seq + 1)],
                     wrong_hop=1)
        self.seq += 1
        self.becomes("sealed for another key",
                     [vpcesp.Peer(self.pair, self.stranger().public).out.seal(
                         self.inner(), self.seq)], unknown_spi=1)
        whole = self.sealed()
        self.becomes("cut short", [whole[:4] + struct.pack("!H", 20) + whole[6:60]],
                     bad_header=1)
        self.becomes("another protocol inside", [self.sealed(proto=17)], bad_header=1)
        self.becomes("wrong padding", [self.sealed(pad=b"\1\3")], bad_header=1)
        short = vpcwire.encode(
            vpcwire.ipv6_header(VM2.v6, ip6("fd00::10"), UDP, 12) +
            udp(VM2.v6, ip6("fd00::10"), b"text"), 1000, PEER_SID, VM0.sid, short=True)
        self.seq += 1
        self.becomes("the short form inside", [peer.out.seal(short, self.seq)],
                     used_sealed=1, from_opened=1, bad_form=1)
        self.becomes("while it is on, clear packets are taken", [self.inner()], to_vm=1)
        self.encrypt("required", "h0")
        self.becomes("when it is required, they are not", [self.inner()], clear=1)
        self.arrives("but sealed ones", [self.sealed()])
        self.remote("h0", "h2", [self.pair.text()], "replace", "encrypt", "on")
        self.becomes("a remote can be an exception", [self.inner()], to_vm=1)
        self.remote("h0", "h2", [self.pair.text()])
        self.sends("a key that is missing", "missing_key", "10.0.0.40")
        self.encrypt("on", "h0")
        self.remote("h0", "h2", [self.pair.text()], "replace", "encrypt", "required")
        self.becomes("a remote can require it alone", [self.inner()], clear=1)
        self.remote("h0", "h2", [self.pair.text()], "replace", "encrypt", "off")
        frames = self.from_vm0(datagram(VM0.v4, PEER_V4))
        self.results.point("sent clear when it is off",
                           [] if [f[6] for f in frames] == [60] else ["%s" % frames])
        self.arrives("and opened nevertheless", [self.sealed()])
        self.remote("h0", "h2", [self.pair.text()])

    def sends(self, name, reason, to):
        self.h0.mark()
        self.ports["vm0"].send(ip_frame(VM0.mac, datagram(VM0.v4, ip4(to))))
        want = lambda d: d.get(reason) == 1 and d.get("from_vm") == 1
        delta = self.h0.wait(want)
        self.results.point(name, [] if want(delta) else ["counted %s" % delta])

    def numbers(self):
        """Sequence numbers of what is sent: none twice, across whatever happens."""
        packet, sent = datagram(VM0.v4, PEER_V4), []
        sent += self.from_vm0(packet, count=3)
        self.remote_again()
        sent += self.from_vm0(packet, count=3)
        self.remote("h0", "h2", [self.stranger().text(), self.pair.text()])
        self.remote("h0", "h2", [self.pair.text()])
        sent += self.from_vm0(packet, count=3)
        self.vpc("h0", "remote", "set", PREFIXES["h2"], "seq", str((1 << 32) - 2))
        sent += self.from_vm0(packet, count=4)
        self.vpc("h0", "remote", "set", PREFIXES["h2"], "seq", "5")
        sent += self.from_vm0(packet, count=3)
        into, problems = self.peer().into, []
        seen = [into.open(frame) for frame in sent]
        if len(sent) != 16 or not all(seen):
            problems.append("%d packets, %d of them open" %
                            (len(sent), len([one for one in seen if one])))
        nonces = [one[:2] for one in seen if one]
        if len(set(nonces)) != len(nonces):
            problems.append("a nonce was used twice: %s" % nonces)
        if not any(seq < 1000 for _, seq in nonces) or \
                not any(seq > 1 << 32 for _, seq in nonces):
            problems.append("numbers: %s" % nonces)
        self.results.point("no nonce is used twice, whatever becomes of the remote", problems)

        self.vpc("h0", "remote", "set", PREFIXES["h2"], "seq", str((1 << 64) - 1))
        self.sends("a key whose numbers are exhausted is not used", "exhausted", "10.0.0.30")
        self.vpc("h0", "edge", "rekey", "vpc2_0")
        self.becomes("the key pair that comes after it is used when it is named",
                     [self.peer().out.seal(self.inner(), 1)],
                     used_sealed=1, from_opened=1, to_vm=1)
        self.goes_over()
        opened = [self.peer().into.open(frame) for frame in self.from_vm0(packet)]
        self.results.point("and begins with number 1",
                           [] if any(opened) and opened[0][1] == 1 else ["%s" % opened])

    def stock(self):
        """The stock kernel's ESP opens it, in transport mode and with ESN."""
        netns, into = self.prefix + "h2", self.peer().into
        subprocess.run(["ip", "-n", netns, "addr", "add", "fd00::2:30/128", "dev", "lo",
                        "nodad"], check=True)
        for lane in range(os.cpu_count()):
            subprocess.run(
                ["ip", "-n", netns, "xfrm", "state", "add", "src", "fd00::10", "dst",
                 "fd00::2:30", "proto", "esp", "spi", str(into.spi | lane), "mode",
                 "transport", "flag", "esn", "replay-window", "128", "aead",
                 "rfc4106(gcm(aes))", "0x" + (into.key + into.lane_salt(lane)).hex(), "128"],
                check=True)
        self.from_vm0(datagram(VM0.v4, PEER_V4), count=5)
        opened, deadline = 0, time.monotonic() + PATIENCE
        while opened < 5 and time.monotonic() < deadline:
            said = command(netns, "ip", "-s", "xfrm", "state")
            opened = sum(map(int, re.findall(r"current:\s+\d+\(bytes\), (\d+)\(packets", said)))
        self.results.point("the stock kernel opens it as ESP with ESN",
                           [] if opened == 5 else said.splitlines())
        command(netns, "ip", "xfrm", "state", "flush")
        command(netns, "ip", "addr", "del", "fd00::2:30/128", "dev", "lo")
        self.h0.settle()

    def publish(self, *hosts):
        for host, other in (("h0", "h1"), ("h1", "h0")):
            if host in hosts or not hosts:
                self.remote(other, host, self.keys(host))

    def rollout(self):
        for host, other in (("h0", "h1"), ("h1", "h0")):
            self.vpc(host, "remote", "del", PREFIXES[other], "now", check=False)
        self.encrypt("off")
        traffic = Traffic(self.prefix, FLOWS)
        traffic.some()
        self.publish()
        traffic.some()
        for mode in ("on", "required"):
            for host in ("h0", "h1"):
                self.encrypt(mode, host)
                traffic.some()
        self.results.point("from off to on to required without losing a packet", traffic.end())
        pairs = self.pairs("h1", "h0")
        problems = [] if pairs and all(p["rx_packets"] for p in pairs) else [
            "not used: %s" % pairs]
        self.results.point("it is sealed then", problems)

    def rekeys(self, name, flows, hosts, seconds, least=3, late=True):
        """The other edge is told of new keys late, when there was some traffic."""
        traffic = Traffic(self.prefix, flows)
        used, end = set(), time.monotonic() + seconds
        # A slow machine takes longer for as many.
        limit = end + 60
        transfers = []

        def copy():
            transfers.extend(transfer(self.prefix + "vm0", self.prefix + "vm2",
                                      "10.0.0.20", os.urandom(1 << 20)))

        thread = threading.Thread(target=copy)
        if len(flows) > 1:
            thread.start()
        while time.monotonic() < end or len(used) < least and time.monotonic() < limit:
            for host in hosts:
                self.vpc(host, "edge", "rekey", "vpc2_" + host[1])
                if late:
                    traffic.some()
                self.publish(host)
                if not late:
                    traffic.some()
            time.sleep(0.5)
            used |= {(p["own_id"], p["remote_id"]) for p in self.pairs("h0", "h1") if p["sends"]}
        if thread.ident:
            thread.join()
        problems = traffic.end() + transfers
        if len(used) < least:
            problems.append("only these pairs were used: %s" % used)
        self.results.point(name, problems)

    def too_big(self):
        """A route that gets narrower: the error quotes a sealed packet."""
        self.narrow(1400)
        best = vpc_room(1400) - 36
        sock = datagrams(self.prefix + "vm0", "10.0.0.10")
        sock.setsockopt(0, 10, 2)	# IP_MTU_DISCOVER, IP_PMTUDISC_DO
        found, deadline = None, time.monotonic() + PATIENCE
        while not found and time.monotonic() < deadline:
            try:
                sock.sendto(bytes(1330 + 1 - 28), ("10.0.0.20", 7000))
                time.sleep(0.1)
            except OSError:
                sock.connect(("10.0.0.20", 7000))
                found = sock.getsockopt(0, 14)	# IP_MTU
        self.results.point("the VM is told the MTU that is left beside ESP",
                           [] if found == best else ["%s, not %d" % (found, best)])
        sock.close()
        quote = self.from_vm0(datagram(VM0.v4, PEER_V4))[0][:60]
        fake = vpcwire.ipv6_header(ip6("fd00:f:0:2::1"), VM0.sid, 58, 8 + len(quote))
        bad = quote[:42] + bytes([quote[42] ^ 1]) + quote[43:]
        self.becomes("an error about a packet that was not sent is not believed",
                     [fake + icmp_error(fake, bad)], bad_quote=1)
        self.becomes("one about a sealed packet is", [fake + icmp_error(fake, quote)],
                     used_error=1)
        clear = vpcwire.encode(datagram(VM0.v4, PEER_V4), 1000, VM0.sid, PEER_SID)[:60]
        self.becomes("one about a clear packet is not, where none is sent",
                     [fake + icmp_error(fake, clear)], clear=1)
        self.narrow(1500)

    def narrow(self, mtu):
        for netns, dev in (("spine", "to_h1"), ("h1", "eth0")):
            subprocess.run(["ip", "-n", self.prefix + netns, "link", "set", dev, "mtu",
                            str(mtu)], check=True)

    def waiting(self):
        """Packets for which a cipher has no registers at hand, but later: those that
        an interrupt brings while the kernel uses them for something else.  Some of them
        come twice before the first one has been opened."""
        hashers = [multiprocessing.Process(target=hash_on, daemon=True)
                   for _ in range(os.cpu_count())]
        for netns, dev in (("spine", "to_h0"), ("spine", "to_h1")):
            command(self.prefix + netns, "tc", "qdisc", "add", "dev", dev, "root", "netem",
                    "delay", "1ms", "limit", "10000", "duplicate", "20%")
        traffic = Traffic(self.prefix, FLOWS)
        for hasher in hashers:
            hasher.start()
        deadline, problems = time.monotonic() + 20, []
        while time.monotonic() < deadline:
            command(self.prefix + "vm0", "ping", "-q", "-f", "-c", "500", "10.0.0.20")
            problems += audit(*self.hosts.values())
            if all(host.read()["from_crypto"] > 10 for host in self.hosts.values()):
                break
        for hasher in hashers:
            hasher.kill()
        problems += traffic.end()
        for host in self.hosts.values():
            now = host.read()
            self.waited &= now["from_crypto"] > 0
            if now["from_crypto"] != now["to_crypto"]:
                problems.append("%d of %d came back" % (now["from_crypto"], now["to_crypto"]))
        name = "packets whose cipher has to wait are not lost, nor taken twice"
        if self.waited or problems:
            self.results.point(name, problems)
        else:
            self.results.skip(name, "no cipher had to wait")
        for netns, dev in (("spine", "to_h0"), ("spine", "to_h1")):
            command(self.prefix + netns, "tc", "qdisc", "del", "dev", dev, "root")

    def coverage(self):
        now = self.h0.read()
        self.results.point("each reason and each counter of encryption is met", [
            "not reached: " + name for name in sorted(ENCRYPTION)
            if not now[name] and (self.waited or not name.endswith("_crypto"))])

    def shows(self):
        """What is told of keys: the public halves, and nothing else like a key."""
        public = {key for host in ("h0", "h1") for key in self.keys(host)}
        public |= {key["key"] for host in ("h0", "h1")
                   for remote in json.loads(self.vpc(host, "-j", "remote", "show"))
                   for key in remote["keys"] + remote["replaced_keys"]}
        said = "".join(self.vpc("h0", *words) for words in (
            ["save"], ["-j", "-s", "edge", "show"], ["-j", "-s", "remote", "show"], ["-j", "save"],
            ["trace", "1000", "from", "10.0.0.10", "to", "10.0.0.20"]))
        words = said.replace('"', " ").split()
        strange = [w for w in words if len(w) == 44 and w.endswith("=") and w not in public]
        self.results.point("nothing like a key is shown but public ones", strange)
        trace = self.vpc("h0", "trace", "1000", "from", "10.0.0.10", "to", "10.0.0.20")
        self.results.point("a trace says that it is sealed, and with which key",
                           [] if "seal" in trace and "cipher aes-128-gcm" in trace else [trace])

    def many(self, count):
        lines = "".join("remote add fd10::%x:0/112 key %s\n" %
                        (n, base64.b64encode(os.urandom(32)).decode())
                        for n in range(1, count + 1))
        begin = time.monotonic()
        self.vpc("h0", "-b", "-", data=lines.encode())
        took = time.monotonic() - begin
        found = len(json.loads(self.vpc("h0", "-j", "remote", "show")))
        problems = [] if found == count + 2 else ["%d are there" % found]
        self.results.point("%d remotes" % count, problems)
        print("diag loaded in %.1f s" % took)
        packet = datagram(VM0.v4, PEER_V4)
        frames = self.from_vm0(packet)
        opened = [found for frame in frames for key in self.keys("h0") if (
            found := vpcesp.Peer(self.pair, base64.b64decode(key)).into.open(frame))]
        problems = vpcwire.check(opened[0][2], packet, 1000, VM0.sid, PEER_SID, "ipv4") \
            if len(frames) == len(opened) == 1 else [
                "%d packets, %d of them open" % (len(frames), len(opened))]
        self.results.point("a packet finds its own among them", problems)

    def run(self):
        self.remote("h0", "h2", [self.pair.text()], "add")
        self.remote("h0", "h1", [self.keys("h1")[0]], "add")
        self.h0.settle()
        self.interop()
        self.flips()
        self.replays()
        self.reasons()
        self.stock()
        self.numbers()
        self.rollout()
        self.rekeys("both edges rekey under traffic without losing a packet", FLOWS,
                    ("h0", "h1"), 20)
        # Nothing names its new key pairs: it goes on to the oldest that is live when
        # the one that was named last ends.  By then, the other edge has to know it,
        # however slow the machine is.
        self.vpc("h0", "edge", "set", "vpc2_0", "key-grace", "5")
        self.rekeys("the sender rekeys under traffic one way", FLOWS[2:3], ("h0",), 15,
                    least=2, late=False)
        self.rekeys("and the receiver", FLOWS[2:3], ("h1",), 10)
        self.too_big()
        self.waiting()
        self.shows()
        self.many(int(os.environ.get("VPC_REMOTES", "2000")))
        self.coverage()
        self.results.point("everything is accounted for", audit(*self.hosts.values()))


def vpc_room(mtu):
    """The largest IPv6 packet that fits into an MTU when it is sealed."""
    return 40 + (mtu - 40 - 16 - 16) // 4 * 4 - 2


def icmp_error(header, quote):
    body = struct.pack("!BBHI", 2, 0, 0, 1300) + quote
    check = vpcwire.checksum(vpcwire.pseudo(header[8:24], header[24:40], len(body), 58) + body)
    return body[:2] + struct.pack("!H", check) + body[4:]


def main():
    results = Results()
    Test(sys.argv[1], results).run()
    results.end()


if __name__ == "__main__":
    main()
