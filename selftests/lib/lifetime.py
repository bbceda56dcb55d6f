#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Traffic while things come and go.

usage: lifetime.py flood ADDRESS...
       lifetime.py steady (NAMESPACE ADDRESS NAMESPACE ADDRESS)...

flood, which runs in a VM's namespace, sends all that it can to the addresses and
takes whatever becomes of it: echo requests, datagrams, large ones that are cut on
the way, and connections.  It answers those of others.

steady sends numbered datagrams between pairs of namespaces, both ways, until it
is terminated, and fails if one is lost or comes twice.
"""

import collections
import contextlib
import select
import signal
import socket
import struct
import sys
import threading
import time

PORT, STEADY_PORT = 7010, 7011
SOL_UDP, UDP_SEGMENT, TCP_USER_TIMEOUT = 17, 103, 18
PATIENCE = 20.0

# A connection that is closed must not keep its namespace until it has ended well.
AT_ONCE = struct.pack("=ii", 1, 0)


def sockaddr(addr, port):
    return (socket.AF_INET6 if ":" in addr else socket.AF_INET), (addr, port)


def forever(function):
    def run(*arguments):
        while True:
            try:
                function(*arguments)
            except OSError:
                time.sleep(0.05)
    return run


@forever
def flood_udp(addr):
    family, to = sockaddr(addr, PORT)
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        while True:
            sock.setsockopt(SOL_UDP, UDP_SEGMENT, 0)
            for size in (0, 10, 100, 1000, 1300, 3000):
                sock.sendto(bytes(size), to)
            sock.setsockopt(SOL_UDP, UDP_SEGMENT, 1000)
            sock.sendto(bytes(9500), to)
            time.sleep(0.02)


@forever
def flood_echo(addr):
    family, to = sockaddr(addr, 0)
    v6 = family == socket.AF_INET6
    request = struct.pack("!BBHHH", 128 if v6 else 8, 0, 0 if v6 else 0xf7fe, 0, 1)
    with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if v6 else
                       socket.IPPROTO_ICMP) as sock:
        # Answers are not read: they may fill the buffer.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        while True:
            for _ in range(10):
                sock.sendto(request, to)
            time.sleep(0.01)


@forever
def flood_tcp(addr):
    family, to = sockaddr(addr, PORT)
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        sock.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 500)
        sock.settimeout(0.5)
        sock.connect(to)
        while True:
            sock.send(bytes(50000))
            time.sleep(0.05)


def answer():
    """Take everything, and send datagrams back."""
    socks = []
    for family in (socket.AF_INET, socket.AF_INET6):
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            sock = socket.socket(family, kind)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setblocking(False)
            sock.bind(("", PORT))
            if kind == socket.SOCK_STREAM:
                sock.listen(64)
            socks.append(sock)
    # Whoever waits for the beginning sees the file grow.
    print("begun")
    sys.stdout.flush()
    listening = set(socks)
    while True:
        for sock in select.select(socks, [], [])[0]:
            try:
                if sock in listening and sock.type == socket.SOCK_STREAM:
                    socks.append(sock.accept()[0])
                    socks[-1].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
                    continue
                data, source = sock.recvfrom(1 << 16)
                if sock in listening:
                    sock.sendto(data[:500], source)
                elif not data:
                    raise OSError("it has ended")
            except OSError:
                if sock not in listening:
                    socks.remove(sock)
                    sock.close()


def flood(addrs):
    for addr in addrs:
        for function in (flood_echo, flood_udp, flood_tcp):
            threading.Thread(target=function, args=(addr,), daemon=True).start()
    answer()


class Steady:
    """Numbered datagrams between pairs of (namespace, address), both ways."""

    def __init__(self, pairs):
        # flows.py wants a kernel's names that flood() does not.
        from flows import datagrams  # pylint: disable=import-outside-toplevel
        self.flows = []
        for here, there in pairs:
            a, b = (datagrams(*end, STEADY_PORT) for end in (here, there))
            self.flows += [(a, b, there), (b, a, here)]
        self.sent = 0
        self.got = [collections.Counter() for _ in self.flows]
        self.errors = []
        self.ending = False

    def send(self):
        for sender, _, (name, addr) in self.flows:
            try:
                sender.sendto(struct.pack("!I", self.sent), (addr, STEADY_PORT))
            except OSError as error:
                self.errors.append("to %s in %s: %s" % (addr, name, error))
        self.sent += 1

    def receive(self):
        for (_, receiver, _), got in zip(self.flows, self.got):
            with contextlib.suppress(BlockingIOError):
                while True:
                    got[struct.unpack("!I", receiver.recv(100))[0]] += 1

    def run(self):
        for sender, _, _ in self.flows:
            sender.setblocking(False)
        while not self.ending:
            self.send()
            self.receive()
            time.sleep(0.04)

    # An Event can't be set while the same thread waits for it.
    def end(self, *_):
        self.ending = True

    def problems(self):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.receive()
            if all(len(got) == self.sent for got in self.got):
                break
            time.sleep(0.05)
        found = self.errors[:10]
        for (_, _, (name, addr)), got in zip(self.flows, self.got):
            lost = sorted(set(range(self.sent)) - set(got))
            twice = [seq for seq, times in got.items() if times > 1]
            if lost or twice:
                found.append("to %s in %s: %d of %d lost: %s; twice: %s" %
                             (addr, name, len(lost), self.sent, lost[:20], twice[:20]))
        return found


def steady(words):
    ends = list(zip(words[::2], words[1::2]))
    flows = Steady(list(zip(ends[::2], ends[1::2])))
    signal.signal(signal.SIGTERM, flows.end)
    print("begun")
    sys.stdout.flush()
    flows.run()
    problems = flows.problems()
    print("%d sent to each" % flows.sent)
    print("\n".join(problems))
    return 1 if problems or flows.sent < 10 else 0


if __name__ == "__main__":
    if sys.argv[1] == "flood":
        flood(sys.argv[2:])
    else:
        sys.exit(steady(sys.argv[2:]))
