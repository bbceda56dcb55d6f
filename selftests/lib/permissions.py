#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Who may send the commands of the netlink family: each that the family itself
announces, as requests without attributes.  One that is permitted is refused for
what it lacks, if at all.

usage: permissions.py PREFIX
"""

import ctypes
import errno
import json
import os
import socket
import struct
import sys

from harness import Results
from packets import libc, setns

NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME, CTRL_ATTR_OPS = 1, 2, 6
CTRL_ATTR_MCAST_GROUPS, CTRL_ATTR_OP_ID, CTRL_ATTR_OP_FLAGS = 7, 1, 2
CTRL_ATTR_MCAST_GRP_ID = 2
CAN_DO, CAN_DUMP = 2, 4
SOL_NETLINK, NETLINK_ADD_MEMBERSHIP = 270, 1
CLONE_NEWUSER, CLONE_NEWNET, PR_SET_DUMPABLE = 0x10000000, 0x40000000, 4
NOBODY = 65534

COMMANDS = ("unspec", "edge add", "edge set", "edge del", "edge get",
            "endpoint add", "endpoint replace", "endpoint set", "endpoint del",
            "endpoint get", "vpc get", "stats get", "trace", None, None,
            "route add", "route replace", "route set", "route del", "route get", None,
            "peer add", "peer del", "peer get", None, "edge rekey",
            "remote add", "remote replace", "remote set", "remote del", "remote get")


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def attributes(data):
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        yield kind & 0x3fff, data[4:size]
        data = data[(size + 3) & ~3:]


def open_netlink():
    found = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
    found.bind((0, 0))
    found.settimeout(20)
    return found


def ask(sock, family, cmd, flags, payload=b"", connected=False):
    """Send a request; the error and the attributes of the answers."""
    body = struct.pack("=BBH", cmd, 1, 0) + payload
    data = struct.pack("=IHHII", 16 + len(body), family,
                       NLM_F_REQUEST | flags, 1, 0) + body
    if connected:
        sock.connect((0, 0))
        sock.send(data)
    else:
        sock.sendto(data, (0, 0))
    answers = []
    while True:
        data = sock.recv(1 << 17)
        while len(data) >= 16:
            size, kind = struct.unpack_from("=IH", data)
            if kind in (NLMSG_ERROR, NLMSG_DONE):
                return -struct.unpack_from("=i", data, 16)[0], answers
            answers.append(data[20:size])
            data = data[(size + 3) & ~3:]


class Family:
    def __init__(self):
        with open_netlink() as sock:
            error, answers = ask(sock, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK,
                                 attribute(CTRL_ATTR_FAMILY_NAME, b"vpc\0"))
        if error:
            raise SystemExit("there is no family: %s" % os.strerror(error))
        found = dict(attributes(answers[0]))
        self.id = struct.unpack("=H", found[CTRL_ATTR_FAMILY_ID])[0]
        self.requests = []
        for _, nest in attributes(found[CTRL_ATTR_OPS]):
            op = dict(attributes(nest))
            cmd, flags = (struct.unpack("=I", op[kind])[0]
                          for kind in (CTRL_ATTR_OP_ID, CTRL_ATTR_OP_FLAGS))
            name = COMMANDS[cmd] if cmd < len(COMMANDS) else "command %d" % cmd
            if flags & CAN_DO:
                self.requests.append((name, cmd, NLM_F_ACK))
            if flags & CAN_DUMP:
                self.requests.append(("dump of " + name, cmd, NLM_F_DUMP))
        self.groups = []
        for _, nest in attributes(found[CTRL_ATTR_MCAST_GROUPS]):
            group = dict(attributes(nest))[CTRL_ATTR_MCAST_GRP_ID]
            self.groups.append(struct.unpack("=I", group)[0])

    def errors(self, sock=None, connected=False):
        """What becomes of each request."""
        got = {}
        for name, cmd, flags in self.requests:
            found = sock or open_netlink()
            error, _ = ask(found, self.id, cmd, flags, connected=connected)
            got[name] = errno.errorcode.get(error, str(error)) if error else "done"
        return got

    def joined(self):
        """What becomes of joining each group."""
        got = []
        for group in self.groups:
            with open_netlink() as sock:
                try:
                    sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
                    got.append("done")
                except OSError as error:
                    got.append(errno.errorcode[error.errno])
        return got


# What a child of this process becomes.

def enter(name):
    fd = os.open("/run/netns/" + name, os.O_RDONLY)
    setns(fd)
    os.close(fd)


def nobody():
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)


def unshare(flags):
    nobody()
    if libc.unshare(flags):
        raise OSError(ctypes.get_errno(), "can't unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", "0 %d 1" % NOBODY),
                       ("gid_map", "0 %d 1" % NOBODY)):
        with open("/proc/self/" + name, "w", encoding="ascii") as file:
            file.write(text)


def in_child(work, *become):
    """What work() gives in a child process that has become something else."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            for function, argument in become:
                function(*argument)
            os.write(writer, json.dumps(work()).encode())
        except BaseException as error:  # pylint: disable=broad-except
            os.write(writer, json.dumps("failed: %r" % error).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        text = file.read()
    os.waitpid(pid, 0)
    return json.loads(text)


def wrong(got, want):
    """The requests of which want(result) does not hold."""
    if not isinstance(got, dict) or not got:
        return [str(got)]
    return ["%s: %s" % (name, result) for name, result in sorted(got.items())
            if not want(result)]


def main():
    results = Results()
    host = sys.argv[1] + "h0"
    family = Family()
    in_host = (enter, (host,))
    denied, heard = "EPERM".__eq__, lambda result: result != "EPERM"

    problems = [name for name in filter(None, COMMANDS[1:])
                if not {name, "dump of " + name} & {request[0] for request in family.requests}]
    results.point("the family has all its commands", problems)

    for who, become, want in (
            ("root may send every command", [in_host], heard),
            ("a user may send none", [in_host, (nobody, ())], denied),
            ("root of a user namespace none in another's network",
             [in_host, (unshare, (CLONE_NEWUSER,))], denied),
            ("but every one in its own",
             [(unshare, (CLONE_NEWUSER | CLONE_NEWNET,))], heard)):
        results.point(who, wrong(in_child(family.errors, *become), want))
        got = in_child(family.joined, *become)
        results.point("... " + ("and may listen to changes" if want is heard else
                                "nor listen to changes"),
                      [] if got and all(map(want, got)) else [str(got)])

    # Who has opened the socket counts, and who sends.
    for name, connected in (("sendto()", False), ("send()", True)):
        def work(connected=connected):
            sock = open_netlink()
            nobody()
            return family.errors(sock, connected)
        results.point("root's socket is of no use to a user: " + name,
                      wrong(in_child(work, in_host), denied))
    results.end()


if __name__ == "__main__":
    main()
