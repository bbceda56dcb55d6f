# SPDX-License-Identifier: GPL-2.0
"""Real sockets in the namespaces of a test, all of one process, and captures
that judge checksums."""

import contextlib
import fcntl
import hashlib
import os
import select
import socket
import struct
import subprocess
import threading
import time

import vpcwire
from packets import CLONE_NEWNET, Offload, Port, home, libc, setns
from vpcwire import CHECKSUM_AT, MF, OFFSET, Fabric, Tenant, fold, pseudo, sum16

# What the socket module of older Pythons does not name.
IP_MTU_DISCOVER, IP_MTU, IP_RECVTTL, IP_RECVTOS, IP_RECVERR = 10, 14, 12, 13, 11
PMTUDISC_DONT, PMTUDISC_WANT, PMTUDISC_DO, PMTUDISC_PROBE = range(4)
IPV6_MTU_DISCOVER, IPV6_MTU, IPV6_RECVERR = 23, 24, 25
IPV6_DSTOPTS = 59
SOL_UDP, UDP_SEGMENT, UDP_GRO = 17, 103, 104
SO_RCVBUFFORCE = 33
assert CLONE_NEWNET and libc

PATIENCE = 20.0


def family_of(addr):
    return socket.AF_INET6 if ":" in addr else socket.AF_INET


@contextlib.contextmanager
def inside(netns):
    """What is opened in here belongs to the namespace."""
    fd = os.open("/run/netns/" + netns, os.O_RDONLY)
    setns(fd)
    try:
        yield
    finally:
        setns(home)
        os.close(fd)


def open_socket(netns, family, kind, proto=0):
    with inside(netns):
        found = socket.socket(family, kind, proto)
    found.settimeout(PATIENCE)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return found


def datagrams(netns, addr, port=0, proto=0):
    """A datagram socket that is bound to an address."""
    found = open_socket(netns, family_of(addr), socket.SOCK_DGRAM, proto)
    found.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    found.bind((addr, port))
    return found


def command(netns, *words, check=True):
    """Run a command in a namespace; its output."""
    run = subprocess.run(["ip", "netns", "exec", netns, *words],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         check=False)
    text = run.stdout.decode(errors="replace")
    if check and run.returncode:
        raise SystemExit("%s: status %d: %s" % (" ".join(words), run.returncode, text))
    return text


def large_segments(netns):
    """The TCP of a slow machine would make packets of two segments only."""
    with inside(netns), open("/proc/sys/net/ipv4/tcp_min_tso_segs", "w",
                             encoding="ascii") as file:
        file.write("32\n")


def transfer(client, server, to, data, proto=0, prepare=None, port=0,
             kind=socket.SOCK_STREAM, step=1 << 18, accepted=None):
    """Send data through a connection from one namespace to an address in the
    other, and say what is wrong with what came out.  prepare() is called with the
    socket of who connects, accepted() when it is connected."""
    large_segments(client)
    listener = open_socket(server, family_of(to), kind, proto)
    sender = open_socket(client, family_of(to), kind, proto)
    receiver = None
    got = {"length": 0, "hash": hashlib.sha256(), "error": ""}

    def receive():
        try:
            while got["length"] < len(data):
                piece = receiver.recv(1 << 18)
                if not piece:
                    break
                got["length"] += len(piece)
                got["hash"].update(piece)
        except OSError as error:
            got["error"] = ": %s" % error

    try:
        listener.bind((to, port))
        listener.listen(1)
        if prepare:
            prepare(sender)
        sender.connect(listener.getsockname()[:2])
        receiver = listener.accept()[0]
        receiver.settimeout(PATIENCE)
        if accepted:
            accepted()
        thread = threading.Thread(target=receive)
        thread.start()
        for at in range(0, len(data), step):
            sender.sendall(data[at:at + step])
        thread.join()
    except OSError as error:
        return ["can't send: %s, %d bytes received" % (error, got["length"])]
    finally:
        for each in (listener, sender, receiver):
            if each:
                each.close()
    if got["length"] != len(data):
        return ["%d of %d bytes received%s" % (got["length"], len(data), got["error"])]
    if got["hash"].digest() != hashlib.sha256(data).digest():
        return ["the data is not what was sent"]
    return []


def received(receiver, count, timeout=PATIENCE):
    """Datagrams, as many as come, none of them later than the timeout after the one
    before."""
    got = []
    while len(got) < count and select.select([receiver], [], [], timeout)[0]:
        got.append(receiver.recv(1 << 17))
    return got


def received_with(receiver, timeout=2.0):
    """One datagram and its ancillary data as a dictionary of integers, or None."""
    if not select.select([receiver], [], [], timeout)[0]:
        return None
    data, ancillary, _, _ = receiver.recvmsg(1 << 17, 1 << 10)
    found = {}
    for level, kind, value in ancillary:
        if len(value) in (1, 4):
            found[level, kind] = value[0] if len(value) == 1 else \
                struct.unpack("=i", value)[0]
    return data, found


class Wire(Port):
    """A capture that holds much.  Without the header that tells what was left
    to the device, it takes what that header can't describe."""

    def __init__(self, netns, device, header=True, outgoing=False):
        super().__init__(netns, device)
        self.outgoing, self.header = outgoing, header
        if not header:
            self.socket.setsockopt(263, 15, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.socket.setblocking(False)

    def receive(self, timeout=0.0):
        deadline = time.monotonic() + timeout
        while True:
            left = max(0, deadline - time.monotonic())
            if not select.select([self.socket], [], [], left)[0]:
                return None
            data, address = self.socket.recvfrom(1 << 17)
            if (address[2] == 4) != self.outgoing:
                continue
            if not self.header:
                return data, Offload(flags=0)
            return data[Offload.SIZE:], Offload.unpack(data[:Offload.SIZE])

    def frames(self, wanted=lambda frame: True, settle=0.05):
        """All (frame, offload) so far."""
        got = []
        while one := self.receive(settle):
            if wanted(one[0]):
                got.append(one)
        return got


def is_overlay(frame):
    return frame[12:14] == b"\x86\xdd" and frame[20] == vpcwire.DSTOPTS


def transport(frame):
    """Of an overlay or a tenant's frame: addresses and transport as they are
    on this side, and where the transport begins.  None if there is none."""
    if is_overlay(frame):
        got = Fabric(frame[14:])
        if got.form == "whole":
            return None
        later = got.form == "full" and \
            struct.unpack_from("!H", got.option, 18)[0] & (MF | OFFSET)
        if later:
            return None
        return got.src, got.dst, got.proto, got.payload, len(frame) - len(got.payload)
    tenant = Tenant(frame[14:])
    if tenant.frag & (MF | OFFSET):
        return None
    return tenant.src, tenant.dst, tenant.proto, tenant.payload, 14 + tenant.hlen


def checksum_problem(frame, offload, finished=False):
    """What is wrong with the transport checksum of a captured frame: it has to
    be valid under the addresses that it travels with, or to be prepared for a
    device that will make it so."""
    found = transport(frame)
    if not found or found[2] not in CHECKSUM_AT:
        return None
    src, dst, proto, data, start = found
    at = CHECKSUM_AT[proto]
    field = struct.unpack_from("!H", data, at)[0]
    if offload.flags & Offload.NEEDS_CSUM and offload.start == start:
        if finished:
            return "the checksum is left to the device"
        if offload.offset != at:
            return "the checksum is to be written at %d" % offload.offset
        want = fold(sum16(pseudo(src, dst, len(data), proto)))
        if field % 0xffff != want % 0xffff:
            return "the checksum is prepared with %04x, not %04x" % (field, want)
        return None
    if offload.gso:
        return "a GSO packet has no unfinished checksum"
    if vpcwire.transport_ok(src, dst, proto, data) is False:
        return "the checksum %04x is wrong" % field
    return None


def router_loses_gso(prefix):
    """Whether this kernel, as a router, drops GSO packets with extension headers:
    some later versions of 6.12 take the extension header for the TCP header, and
    the packet for a malicious one.  Nothing of the overlay is involved."""
    def option(sender):
        # Of a kind that whoever does not know it skips.
        sender.setsockopt(socket.IPPROTO_IPV6, IPV6_DSTOPTS,
                          bytes([0, 1, 0x1e, 12]) + bytes(12))

    ends = [Wire(prefix + host, "eth0", outgoing=host == "h0") for host in ("h0", "h1")]
    problems = transfer(prefix + "h0", prefix + "h1", "fd00:f:0:1::2", bytes(1 << 19),
                        prepare=option)
    sent, got = ([f for f, _ in wire.frames(is_overlay) if len(f) > 1514] for wire in ends)
    if problems:
        raise SystemExit("can't tell what the router does with GSO: %s" % problems)
    return bool(sent) and not got


def set_features(netns, device, *words):
    """ethtool -K, whose complaints about features that a device does not have
    are of no interest."""
    command(netns, "ethtool", "-K", device, *words, check=False)


def flush_pmtu(netns):
    command(netns, "ip", "-6", "route", "flush", "cache")


def blocking(found, value):
    fcntl.fcntl(found, fcntl.F_SETFL, 0 if value else os.O_NONBLOCK)
