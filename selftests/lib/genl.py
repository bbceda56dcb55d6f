# SPDX-License-Identifier: GPL-2.0
"""The netlink family, spoken without the tool: requests as trees of attributes, and
what is configured as a value that can be compared."""

import errno
import select
import socket
import struct
import time

import permissions
from packets import home, setns
from permissions import NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, SOL_NETLINK

(EDGE_ADD, EDGE_SET, EDGE_DEL, EDGE_GET, ENDPOINT_ADD, ENDPOINT_REPLACE, ENDPOINT_SET,
 ENDPOINT_DEL, ENDPOINT_GET, VPC_GET, STATS_GET, TRACE) = range(1, 13)
(ROUTE_ADD, ROUTE_REPLACE, ROUTE_SET, ROUTE_DEL, ROUTE_GET, ROUTE_NTF, PEER_ADD, PEER_DEL,
 PEER_GET, PEER_NTF, EDGE_REKEY, REMOTE_ADD, REMOTE_REPLACE, REMOTE_SET, REMOTE_DEL,
 REMOTE_GET) = range(15, 31)
A_EDGE, A_ENDPOINT, A_VPC, A_STATS, A_TRACE, A_EVENT, A_ROUTE, A_PEER, A_REMOTE = range(1, 10)

NESTED = 0x8000
NLM_F_DUMP_INTR, NLM_F_ACK_TLVS = 0x10, 0x200
NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS, NLMSGERR_ATTR_MISS_TYPE = 1, 2, 5
NETLINK_EXT_ACK, NETLINK_CAP_ACK = 11, 10
RETIRING = 3


def pack(tree):
    """The bytes of a list of (type, bytes or list)."""
    parts = []
    for kind, value in tree:
        if isinstance(value, list):
            kind, value = kind | NESTED, pack(value)
        parts += [struct.pack("=HH", 4 + len(value) & 0xffff, kind), value, bytes(-len(value) % 4)]
    return b"".join(parts)


def u32(value):
    return struct.pack("=I", value)


def prefix(addr, length):
    return [(1, socket.inet_pton(socket.AF_INET6, addr)), (2, bytes([length]))]


def edge(name, locator=None, prefixes=(), prefixes_del=(), fabric=(), fabric_del=(),
         any_device=None, mtu=None, max_segments=None, short=None, grace=None,
         option_type=None, encrypt=None, cipher=None, key_grace=None):
    tree = [(1, name.encode() + b"\0")]
    if locator:
        tree.append((3, prefix(*locator)))
    tree += [(4, prefix(*one)) for one in prefixes]
    tree += [(5, prefix(*one)) for one in prefixes_del]
    tree += [(6, u32(index)) for index in fabric]
    tree += [(7, u32(index)) for index in fabric_del]
    for kind, value, size in ((8, any_device, 1), (9, mtu, 4), (10, max_segments, 1),
                              (11, short, 1), (12, grace, 4), (13, option_type, 1),
                              (17, encrypt, 1), (18, cipher, 1), (19, key_grace, 4)):
        if value is not None:
            tree.append((kind, u32(value) if size == 4 else bytes([value])))
    return A_EDGE, tree


def endpoint(vpc, sid=None, number=None, v4=None, v6=None, state=None, edge=None, dev=None,
             now=False, addrs4=(), addrs6=()):
    """With a number, it has a MAC and an IPv4 address made of it."""
    tree = [(1, u32(vpc))]
    if sid is not None:
        tree.append((2, socket.inet_pton(socket.AF_INET6, sid) if isinstance(sid, str) else sid))
    if number is not None:
        tree.append((3, b"\2\0\0\0" + struct.pack("!H", number)))
        tree.append((4, socket.inet_aton(v4) if v4 else struct.pack("!I", 11 << 24 | number)))
    tree += [(4, addr) for addr in addrs4]
    if v6:
        tree.append((5, socket.inet_pton(socket.AF_INET6, v6)))
    tree += [(5, addr) for addr in addrs6]
    if state is not None:
        tree.append((6, bytes([state])))
    if edge is not None:
        tree += [(7, edge.encode() + b"\0"), (8, dev.encode() + b"\0")]
    if now:
        tree.append((10, b""))
    return A_ENDPOINT, tree


def route(vpc, dst, length, kind=None, vias=(), peer=None, state=None, **flags):
    addr = socket.inet_pton(socket.AF_INET6 if ":" in dst else socket.AF_INET, dst)
    tree = [(1, u32(vpc)), (2, addr), (3, bytes([length]))]
    if kind is not None:
        tree.append((4, bytes([kind])))
    tree += [(5, socket.inet_pton(socket.AF_INET6, sid) + struct.pack("=H", weight))
             for sid, weight in vias]
    if peer is not None:
        tree.append((6, u32(peer)))
    if state is not None:
        tree.append((9, bytes([state])))
    tree += [({"export": 7, "now": 10}[name], b"") for name, given in flags.items() if given]
    return A_ROUTE, tree


def peering(vpc, peer=None, state=None):
    tree = [(1, u32(vpc))]
    if peer is not None:
        tree.append((2, u32(peer)))
    if state is not None:
        tree.append((3, bytes([state])))
    return A_PEER, tree


def remote(prefixes, keys=(), standby=(), encrypt=None, seq=None, now=False):
    tree = [(1, prefix(*one)) for one in prefixes]
    tree += [(10, prefix(*one)) for one in standby]
    tree += [(2, [(1, key)]) for key in keys]
    if encrypt is not None:
        tree.append((3, bytes([encrypt])))
    if now:
        tree.append((4, b""))
    if seq is not None:
        tree.append((5, struct.pack("=Q", seq)))
    return A_REMOTE, tree


def trace(vpc, src, dst, proto=None, sport=None, dport=None):
    family = socket.AF_INET6 if ":" in src else socket.AF_INET
    tree = [(1, u32(vpc)), (2, socket.inet_pton(family, src)), (3, socket.inet_pton(family, dst))]
    if proto is not None:
        tree.append((4, bytes([proto])))
    if sport is not None:
        tree += [(5, struct.pack("=H", sport)), (6, struct.pack("=H", dport))]
    return A_TRACE, tree


def section_of(counter):
    """The list of vpc_counters.h that a counter is in, by its number."""
    for first, name in ((40, "drops"), (32, "bytes"), (16, "sinks")):
        if counter >= first:
            return name
    return "sources"


def objects(answers):
    """The attributes of each object that a dump has brought."""
    for answer in answers:
        for _, nest in permissions.attributes(answer):
            yield list(permissions.attributes(nest))


def parse_edges(answers):
    """By name, without what counts by itself, the number of the device, and keys,
    of which each new edge has others."""
    found = {}
    for attrs in objects(answers):
        name = dict(attrs)[1].rstrip(b"\0").decode(errors="replace")
        found[name] = [attr for attr in attrs if attr[0] not in (2, 16, 20)]
    return found


def parse_endpoints(answers):
    """By VPC and SID, without those that are about to go."""
    found = {}
    for attrs in objects(answers):
        fields = dict(attrs)
        if fields[6] != bytes([RETIRING]):
            found[struct.unpack("=I", fields[1])[0], fields[2]] = [
                attr for attr in attrs if attr[0] not in (11, 13, 14, 15)]
    return found


def parse_routes(answers):
    """By the attributes that say which it is, without those that are about to go."""
    found = {}
    for attrs in objects(answers):
        if (9, bytes([RETIRING])) not in attrs:
            found[tuple(attr for attr in attrs if attr[0] in (1, 2, 3, 4, 5, 6))] = attrs
    return found


def parse_peers(answers):
    """By both VPCs."""
    found = {}
    for attrs in objects(answers):
        fields = dict(attrs)
        found[tuple(struct.unpack("=I", fields[kind])[0] for kind in (1, 2))] = attrs
    return found


def parse_remotes(answers):
    """By their first prefix, without what is counted and what is about to go."""
    found = {}
    for attrs in objects(answers):
        if (6, bytes([RETIRING])) not in attrs:
            name = next(value for kind, value in attrs if kind in (1, 7, 10))
            found[name] = [(kind, value) for kind, value in attrs if kind not in (7, 8, 9) and
                           not (kind == 2 and 4 in dict(permissions.attributes(value)))]
    return found


OBJECTS = {"edges": (EDGE_GET, parse_edges), "endpoints": (ENDPOINT_GET, parse_endpoints),
           "routes": (ROUTE_GET, parse_routes), "peers": (PEER_GET, parse_peers),
           "remotes": (REMOTE_GET, parse_remotes)}


class State:
    """What is configured, but for what ends by itself: statistics, and what retires.
    Raw is what it was read from: when that is the same, so is all of it."""

    def __init__(self, raw, devices):
        self.raw, self.devices = raw, devices

    def __getattr__(self, name):
        """The objects of a kind, when somebody asks."""
        if name not in OBJECTS:
            raise AttributeError(name)
        found = OBJECTS[name][1](self.raw[name])
        setattr(self, name, found)
        return found

    def __eq__(self, other):
        return self.devices == other.devices and all(
            self.raw[name] == other.raw[name] or getattr(self, name) == getattr(other, name)
            for name in OBJECTS)

    def difference(self, other):
        found = []
        for what in (*OBJECTS, "devices"):
            mine, its = (value if isinstance(value, dict) else dict.fromkeys(value, "there")
                         for value in (getattr(self, what), getattr(other, what)))
            for key in sorted(set(mine) | set(its), key=str):
                if mine.get(key) != its.get(key):
                    found.append("%s %s: %s -> %s" % (what, key, mine.get(key), its.get(key)))
        return "; ".join(found)[:600] or "nothing"


class Link:
    """A socket of the family, in a network namespace or in that of the process."""

    def __init__(self, netns=None):
        if netns:
            permissions.enter(netns)
        self.family = permissions.Family().id
        self.sock = permissions.open_netlink()
        if netns:
            setns(home)
        self.sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self.sock.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sequence = 0
        # What the last answer had: where in the request the fault lies, if it says
        # so, and whether a dump was interrupted.
        self.offset, self.interrupted = None, False

    def request(self, cmd, flags, payload):
        """The bytes of a message."""
        self.sequence += 1
        body = struct.pack("=BBH", cmd, 1, 0) + payload
        return struct.pack("=IHHII", 16 + len(body), self.family, NLM_F_REQUEST | flags,
                           self.sequence, 0) + body

    def raw(self, cmd, flags, payload):
        """Send a request, whatever it is: see answer()."""
        self.sock.send(self.request(cmd, flags, payload))
        return self.answer()

    def answer(self, timeout=20.0):
        """(error, message of the extended ACK, attributes of the answers); error is
        None if none came."""
        answers = []
        self.interrupted = False
        while select.select([self.sock], [], [], timeout)[0]:
            try:
                data = self.sock.recv(1 << 18)
            except OSError as error:
                if error.errno == errno.ENOBUFS:
                    return errno.ENOBUFS, "", answers
                raise
            while len(data) >= 16:
                size, kind, flags, sequence = struct.unpack_from("=IHHI", data)
                if sequence == self.sequence:
                    self.interrupted |= bool(flags & NLM_F_DUMP_INTR)
                    if kind in (NLMSG_ERROR, NLMSG_DONE):
                        return (*self.verdict(data[:size], kind, flags), answers)
                    answers.append(data[20:size])
                data = data[(size + 3) & ~3:]
        return None, "", answers

    def verdict(self, data, kind, flags):
        error = -struct.unpack_from("=i", data, 16)[0]
        if kind == NLMSG_DONE and error < 0:
            error = 0
        text, self.offset = "", None
        if flags & NLM_F_ACK_TLVS:
            at = 20 + (16 if kind == NLMSG_ERROR else 0)
            for attr, value in permissions.attributes(data[at:]):
                if attr == NLMSGERR_ATTR_MSG:
                    text = value.rstrip(b"\0").decode(errors="replace")
                elif attr == NLMSGERR_ATTR_OFFS:
                    self.offset = struct.unpack("=I", value)[0]
                elif attr == NLMSGERR_ATTR_MISS_TYPE:
                    text = text or "an attribute is missing"
        return error, text

    def ask(self, cmd, payload=b"", dump=False):
        return self.raw(cmd, NLM_F_DUMP if dump else NLM_F_ACK, payload)

    def dump(self, cmd):
        """The answers to a dump, as they come."""
        error, text, answers = self.ask(cmd, dump=True)
        if error:
            raise SystemExit("a dump fails with error %s: %s" % (error, text))
        return answers

    def snapshot(self):
        return State({name: self.dump(cmd) for name, (cmd, _) in OBJECTS.items()},
                     sorted(name for _, name in socket.if_nameindex()))

    def unbalanced(self):
        """Problems with the sum that must hold at any moment."""
        error, text, answers = self.ask(STATS_GET)
        if error or not answers:
            return ["no counters: error %s: %s" % (error, text)]
        sums = {"sources": 0, "sinks": 0, "bytes": 0, "drops": 0}
        _, nest = next(permissions.attributes(answers[0]))
        for counter, value in permissions.attributes(nest):
            if len(value) == 8:
                sums[section_of(counter)] += struct.unpack("=Q", value)[0]
        if sums["sources"] == sums["sinks"] + sums["drops"]:
            return []
        return ["%(sources)d from sources, %(sinks)d to sinks, %(drops)d dropped" % sums]

    def wait(self, want, timeout=10.0):
        """Until all is as it was: graces end by themselves, and devices a little later."""
        deadline = time.monotonic() + timeout
        while self.snapshot() != want and time.monotonic() < deadline:
            time.sleep(0.1)
