# SPDX-License-Identifier: GPL-2.0
"""A generic netlink client that knows the family from its YNL spec and nothing
of the vpc tool.  What the spec does not have is an error, not ignored.
"""

import os
import socket
import struct

import spec as vpcspec

NETLINK_GENERIC = 16
SOL_NETLINK, ADD_MEMBERSHIP, EXT_ACK, CAP_ACK = 270, 1, 11, 10
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
NLA_F_NESTED, NLA_TYPE = 0x8000, 0x3fff
GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
INTEGERS = {"u8": "=B", "u16": "=H", "u32": "=I", "u64": "=Q", "s32": "=i"}


class SpecError(Exception):
    """An answer that is not what the spec says."""


class Refused(Exception):
    """The kernel's refusal: error number, message, offset of the attribute."""

    def __init__(self, number, message, offset):
        super().__init__("%s (%s)" % (message, os.strerror(number)))
        self.number, self.message, self.offset = number, message, offset


def attribute(kind, payload):
    data = struct.pack("=HH", len(payload) + 4, kind) + payload
    return data + b"\0" * (-len(data) % 4)


def attributes(data):
    at = 0
    while at < len(data):
        if len(data) - at < 4:
            raise SpecError("%d bytes after the last attribute" % (len(data) - at))
        size, kind = struct.unpack_from("=HH", data, at)
        if not 4 <= size <= len(data) - at:
            raise SpecError("attribute %d has a length of %d" % (kind & NLA_TYPE, size))
        yield kind & NLA_TYPE, data[at + 4:at + size]
        at += (size + 3) & ~3


class Set:
    """An attribute set of the spec."""

    def __init__(self, entry):
        self.name = entry["name"]
        self.by_value, self.by_name = {}, {}
        for attr, value in vpcspec.numbered(entry["attributes"], 1):
            self.by_value[value] = attr
            self.by_name[attr["name"]] = (value, attr)


class Family:
    def __init__(self, netns=None):
        self.spec = vpcspec.load()
        self.sets = {s["name"]: Set(s) for s in self.spec["attribute-sets"]}
        self.enums = {}
        for entry in self.spec["definitions"]:
            if entry["type"] == "enum":
                self.enums[entry["name"]] = {
                    value: e["name"] for e, value in
                    vpcspec.numbered(entry["entries"], entry.get("value-start", 0))}
        self.operations = {o["name"]: (value, o) for o, value in
                           vpcspec.numbered(self.spec["operations"]["list"], 1)}
        self.seq = 0
        self.socket = self._open(netns)
        self.ident, self.groups = self._resolve()

    def _open(self, netns):
        home = os.open("/proc/self/ns/net", os.O_RDONLY) if netns else None
        try:
            if netns:
                self._setns("/run/netns/" + netns)
            sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
        finally:
            if netns:
                self._setns(home)
                os.close(home)
        sock.bind((0, 0))
        sock.setsockopt(SOL_NETLINK, EXT_ACK, 1)
        sock.setsockopt(SOL_NETLINK, CAP_ACK, 1)
        sock.settimeout(10)
        return sock

    @staticmethod
    def _setns(where):
        import ctypes
        fd = where if isinstance(where, int) else os.open(where, os.O_RDONLY)
        if ctypes.CDLL(None, use_errno=True).setns(fd, 0x40000000):
            raise OSError(ctypes.get_errno(), "setns")
        if fd is not where:
            os.close(fd)

    def _resolve(self):
        """The family's number and its multicast groups."""
        name = attribute(2, self.spec["name"].encode() + b"\0")
        (answer,) = self._exchange(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, name, 0)
        ident, groups = None, {}
        for kind, data in attributes(answer[4:]):
            if kind == 1:
                ident = struct.unpack("=H", data)[0]
            elif kind == 7:
                for _, group in attributes(data):
                    parts = dict(attributes(group))
                    groups[parts[1].rstrip(b"\0").decode()] = \
                        struct.unpack("=I", parts[2])[0]
        return ident, groups

    def _exchange(self, family, command, version, payload, flags):
        self.seq += 1
        message = struct.pack("=BBH", command, version, 0) + payload
        self.socket.send(struct.pack("=IHHII", len(message) + 16, family,
                                     NLM_F_REQUEST | NLM_F_ACK | flags, self.seq, 0) +
                         message)
        answers = []
        while True:
            for kind, seq, nl_flags, data in self._receive():
                if seq != self.seq:
                    continue
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    self._acknowledge(data, kind, nl_flags)
                    return answers
                answers.append(data)

    def _receive(self):
        data, at = self.socket.recv(1 << 20), 0
        while at + 16 <= len(data):
            size, kind, flags, seq, _ = struct.unpack_from("=IHHII", data, at)
            yield kind, seq, flags, data[at + 16:at + size]
            at += (size + 3) & ~3

    @staticmethod
    def _acknowledge(data, kind, flags):
        number = -struct.unpack_from("=i", data)[0]
        if not number:
            return
        at, message, offset = 4 if kind == NLMSG_DONE else 20, "", None
        if kind == NLMSG_ERROR and not flags & NLM_F_CAPPED:
            at += struct.unpack_from("=I", data, 4)[0] - 16
        if flags & NLM_F_ACK_TLVS:
            for tlv, value in attributes(data[at:]):
                if tlv == 1:
                    message = value.rstrip(b"\0").decode()
                elif tlv == 2:
                    offset = struct.unpack("=I", value)[0]
        raise Refused(number, message, offset)

    # Values.

    def encode(self, set_name, values):
        """Attributes of a dictionary; a list repeats its attribute."""
        data = b""
        for name, value in values.items():
            number, attr = self.sets[set_name].by_name[name]
            for item in value if isinstance(value, list) else [value]:
                nested = NLA_F_NESTED if attr["type"] == "nest" else 0
                data += attribute(number | nested, self._pack(attr, item))
        return data

    def _pack(self, attr, value):
        kind = attr["type"]
        if kind == "nest":
            return self.encode(attr["nested-attributes"], value)
        if kind in INTEGERS:
            if isinstance(value, str):
                value = {n: v for v, n in self.enums[attr["enum"]].items()}[value]
            return struct.pack(INTEGERS[kind], value)
        if kind == "string":
            return value.encode() + b"\0"
        return b"" if kind == "flag" else value

    def decode(self, set_name, data):
        values = {}
        for number, payload in attributes(data):
            attr = self.sets[set_name].by_value.get(number)
            if not attr:
                raise SpecError("attribute %d is not in set %s" % (number, set_name))
            if attr["type"] == "pad":
                continue
            value = self._unpack(attr, payload, "%s.%s" % (set_name, attr["name"]))
            if attr.get("multi-attr"):
                values.setdefault(attr["name"], []).append(value)
            elif attr["name"] in values:
                raise SpecError("%s repeats" % attr["name"])
            else:
                values[attr["name"]] = value
        return values

    def _unpack(self, attr, data, where):
        kind, checks = attr["type"], attr.get("checks", {})
        if kind == "nest":
            return self.decode(attr["nested-attributes"], data)
        if kind in INTEGERS:
            if len(data) != struct.calcsize(INTEGERS[kind]):
                raise SpecError("%s has %d bytes" % (where, len(data)))
            value = struct.unpack(INTEGERS[kind], data)[0]
            if "enum" not in attr:
                return value
            if value not in self.enums[attr["enum"]]:
                raise SpecError("%s is %d, which has no name" % (where, value))
            return self.enums[attr["enum"]][value]
        if kind == "string":
            if not data.endswith(b"\0"):
                raise SpecError("%s does not end" % where)
            return data[:-1].decode()
        if kind == "flag":
            return True
        if len(data) != checks.get("exact-len", len(data)) or \
                len(data) > checks.get("max-len", len(data)):
            raise SpecError("%s has %d bytes" % (where, len(data)))
        return data

    # Requests.

    def _ask(self, name, values, flags):
        number, _ = self.operations[name]
        return self._exchange(self.ident, number, self.spec["version"],
                              self.encode("main", values), flags)

    def _request(self, name, values, mode, flags):
        _, operation = self.operations[name]
        part = operation[mode] or {}
        allowed = (part.get("request") or {}).get("attributes", [])
        for key in values:
            if key not in allowed:
                raise SpecError("%s takes no %s" % (name, key))
        answers = self._ask(name, values, flags)
        decoded = [self.decode("main", answer[4:]) for answer in answers]
        expected = (part.get("reply") or {}).get("attributes", [])
        for answer in decoded:
            if not set(answer) <= set(expected):
                raise SpecError("%s answers with %s" % (name, sorted(answer)))
        return decoded

    def do(self, name, **values):
        answers = self._request(name, values, "do", 0)
        return answers[0] if answers else None

    def dump(self, name, **values):
        return self._request(name, values, "dump", NLM_F_DUMP)

    def dump_unchecked(self, name, **values):
        """With what the specification says nothing of."""
        return self._ask(name, values, NLM_F_DUMP)

    def subscribe(self, group):
        self.socket.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, self.groups[group])

    def event(self):
        """The next notification: (operation, values)."""
        while True:
            for kind, _, _, data in self._receive():
                if kind != self.ident:
                    continue
                for name, (number, operation) in self.operations.items():
                    if number == data[0] and "event" in operation:
                        values = self.decode("main", data[4:])
                        if set(values) != set(operation["event"]["attributes"]):
                            raise SpecError("%s has %s" % (name, sorted(values)))
                        return name, values
                raise SpecError("event %d is not in the spec" % data[0])
