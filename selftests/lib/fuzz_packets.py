#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Mutated packets of every wire form into h1 from the fabric, and mutated frames of
every kind into h0 from VMs: from one that has its device, and from one behind a tap
device and a bridge, as an emulator's guest is.

Any fate will do for most of them.  But what comes out at all must be what the rules
allow, everything must be counted, and good packets must pass as before.

usage: fuzz_packets.py PREFIX [BRIDGE]
"""

import struct
import sys

import acceptance
import attach
import packets
import vpcwire
from flows import Wire, command
from fuzz import Cases, mutate
from harness import HOST_MACS, SPINE_MACS, VM0, VM1, VM2, VMGTW, Counters, Endpoint, Results, audit
from packets import EDGE_MAC, ETH_IPV6, Offload, Port, ethernet, ip_frame, is_advertisement
from vpcwire import DSTOPTS, ICMPV6, Fabric, Malformed, Tenant, WireError, encode

# Behind the tap device.
VM3 = Endpoint("h0", 1000, "vm3", "fd00::12", "cc:2a:2a:00:00:0c",
               "10.0.0.12", "fd00::cc:0:12")
SENDERS = {end.sid: end for end in (VM0, VMGTW, VM3)}
GROUP = 256
GSO_KINDS = (0, 1, 3, 4, 5, 0x80, 0x81, 0x84, 2, 6, 0x7f)


def has(endpoint, addr):
    return addr in (endpoint.v4, endpoint.v6, endpoint.sid)


def kinds():
    under = (VM0.sid, VM2.sid)
    yield from packets.kinds_ipv4(VM0.v4, VM2.v4, under)
    yield from packets.kinds_ipv6(VM0.v6, VM2.v6, VM2.sid, under)
    yield from packets.kinds_sizes(VM0.v4, VM2.v4, VM0.v6, VM2.v6, 1500)


def wire_seeds():
    """Frames of the fabric and their offloads: every form, whatever it carries, and
    what pretends to be one."""
    fixture = acceptance.Fixture()
    found = [(packet, None) for _, packet, _ in acceptance.legal(fixture)]
    found += [(packet, None) for _, packet, _ in acceptance.forged(fixture)]
    for kind in kinds():
        if not kind.form:
            continue
        packet = encode(kind.packet, VM0.vpc, VM0.sid, VM2.sid, kind.form)
        found.append((packet, None))
        if not kind.offload or kind.form == "whole":
            continue
        # The same, as a device gives it that has merged segments.
        deeper = len(packet) - len(kind.packet)
        gso = {1: Offload.TCPV6}.get(kind.offload.gso, kind.offload.gso)
        found.append((packet, Offload(kind.offload.start + deeper, kind.offload.offset, gso,
                                      kind.offload.size, kind.offload.hlen + deeper)))
    # Errors about what VM2 has sent, in each form.
    for form in vpcwire.FORMS:
        if form == "short":
            continue
        four = form in ("ipv4", "full", "whole")
        source, target = (VM2.v4, VM0.v4) if four else (VM2.v6, VM0.v6)
        quote = encode(fixture.udp(form, source, target), 1000, VM2.sid, VM0.sid, form)
        for number, word in ((1, 0), (2, 1400), (2, 1), (3, 0), (4, 40)):
            found.append((acceptance.outer(packets.icmpv6(
                VM0.sid, VM2.sid, quote, number, word=word), proto=ICMPV6), None))
    return [(ethernet(HOST_MACS["h1"], SPINE_MACS["h1"], ETH_IPV6, packet), offload)
            for packet, offload in found]


def vm_seeds(vm):
    """Frames of a VM and their offloads."""
    fixture = acceptance.Fixture()
    found = [(kind.frame(VM0.mac), kind.offload) for kind in kinds()]
    found += [(frame, None) for _, frame, _ in acceptance.vm_frames(fixture)]
    found += acceptance.lies(fixture)
    if vm is VM0:
        return found
    return [(frame.replace(VM0.mac, vm.mac).replace(VM0.v6, vm.v6).replace(VM0.v4, vm.v4),
             offload) for frame, offload in found]


# Mutations reach further when what is checked first is right again.

def repair_wire(frame):
    if len(frame) < 54:
        return frame
    frame = frame[:18] + struct.pack("!H", len(frame) - 54 & 0xffff) + frame[20:]
    if frame[20] == ICMPV6 and len(frame) >= 62:
        return frame[:54] + packets.set_checksum(frame[54:], ICMPV6, frame[22:38], frame[38:54])
    return frame


def repair_tenant(frame):
    packet = frame[14:]
    hlen = packet[0] % 16 * 4 if packet else 0
    if frame[12:14] == b"\x08\0" and 20 <= hlen <= len(packet):
        return frame[:14] + packets.ipv4_patch(packet, 2, struct.pack("!H", len(packet) & 0xffff))
    if frame[12:14] == b"\x86\xdd" and len(packet) >= 40:
        return frame[:18] + struct.pack("!H", len(packet) - 40 & 0xffff) + frame[20:]
    return frame


def offload_near(rng, offload, frame):
    """What is said of a frame: the truth, nothing, or a lie."""
    lot = rng.random()
    if lot < 0.4:
        return offload
    if lot < 0.6:
        return None
    places = (0, 14, 34, 38, 54, 62, 74, 94, 134, len(frame) - 2, len(frame), 0xffff)
    offload = offload or Offload(34, 6)
    fields = {"start": offload.start, "offset": offload.offset, "gso": offload.gso,
              "size": offload.size, "hlen": offload.hlen, "flags": 1}
    for field in rng.sample(list(fields), rng.choice((1, 1, 2, 6))):
        fields[field] = {
            "start": rng.choice(places), "hlen": rng.choice(places),
            "offset": rng.choice((0, 2, 6, 16, 0xffff)),
            "gso": rng.choice(GSO_KINDS), "flags": rng.choice((0, 1, 2, 3, 4, 255)),
            "size": rng.choice((0, 1, 8, 536, 1200, 1460, 9000, 65535)),
        }[field] & 0xffff
    return Offload(**fields)


class Way:
    """A way in: where frames go, and what they are made of."""

    def __init__(self, name, port, seeds, repair):
        self.name, self.port, self.seeds, self.repair = name, port, seeds, repair
        self.sent = self.refused = 0

    def throw(self, rng):
        frame, offload = rng.choice(self.seeds)
        if rng.random() < 0.95:
            frame = mutate(rng, frame, rng.choice(self.seeds)[0])
        if rng.random() < 0.6:
            frame = self.repair(frame)
        try:
            self.port.send(frame, offload_near(rng, offload, frame))
            self.sent += 1
        except OSError:
            # The kernel does not believe everything, and not every size fits.
            self.refused += 1


class Test:
    def __init__(self, prefix, bridge, results):
        self.prefix, self.results = prefix, results
        self.hosts = [Counters(prefix + host) for host in ("h0", "h1")]
        for host in self.hosts:
            host.settle()
        self.fabric = Wire(prefix + "spine", "to_h0", header=False)
        self.vms = {vm.name: Wire(prefix + vm.name, vm.name, header=False)
                    for vm in (VM0, VMGTW, VM1, VM2)}
        self.vm0 = Port(prefix + "vm0", "vm0")
        self.spine = Port(prefix + "spine", "to_h1")
        self.ways = [Way("the fabric", self.spine, wire_seeds(), repair_wire),
                     Way("a VM", self.vm0, vm_seeds(VM0), repair_tenant)]
        self.tap = None
        if bridge:
            self.tap = attach.Tap("/dev/net/tun", "tap0", prefix + "h0")
            command(prefix + "h0", "ip", "link", "set", "tap0", "master", bridge, "up")
            # A guest may say that it has the edge's MAC, which is not to be learned.
            command(prefix + "h0", "bridge", "link", "set", "dev", "tap0", "learning", "off")
            self.ways.append(Way("a tap device", self.tap, vm_seeds(VM3), repair_tenant))

    # What must hold of whatever comes out.

    @staticmethod
    def wrong_on_fabric(frame):
        """A frame that h0 has put on the fabric."""
        if frame[12:14] != b"\x86\xdd" or frame[20] != DSTOPTS:
            return None
        # A GSO packet has the length that it will have on the wire, or none.
        packet = frame[14:18] + struct.pack("!H", len(frame) - 54 & 0xffff) + frame[20:]
        try:
            got = Fabric(packet)
            tenant = Tenant(got.payload) if got.form == "whole" else None
        except (WireError, Malformed) as error:
            return "no receiver takes it: %s" % error
        sender = SENDERS.get(got.src)
        source = tenant.src if tenant else got.option[8:24] if got.form in ("ipv6", "short") \
            else got.option[8:12]
        if not sender or got.vpc != sender.vpc or not has(sender, source):
            return "%s in VPC %d came from the SID %s" % (
                vpcwire.show(source), got.vpc, vpcwire.show(got.src))
        return None

    @staticmethod
    def wrong_at_vm(vm, frame):
        """A frame that a VM has got."""
        if is_advertisement(frame) or frame[12:14] == b"\x08\x06":
            return None if frame[6:12] == EDGE_MAC else "it comes from no edge"
        if frame[:12] != vm.mac + EDGE_MAC:
            return "it has foreign MACs"
        try:
            tenant = Tenant(frame[14:])
        except Malformed as error:
            return "it is malformed: %s" % error
        if vpcwire.show(tenant.src) in ("169.254.1.1", "fe80::1"):
            return None
        if tenant.version == 6 and tenant.proto == ICMPV6 and tenant.payload and \
                133 <= tenant.payload[0] <= 137:
            # The edge's own answers, with whatever address was asked for.
            return None if tenant.hops == 255 and vm.host == "h0" and \
                has(vm, tenant.dst) else "it is neighbour discovery of another host"
        if vm.vpc != 1000 or not has(vm, tenant.dst):
            return "it is for %s" % vpcwire.show(tenant.dst)
        if not any(has(end, tenant.src) for end in (*SENDERS.values(), VM2)):
            return "%s has no such source" % vpcwire.show(tenant.src)
        return None

    def judge(self):
        problems, got = [], 0
        for frame, _ in self.fabric.frames(settle=0):
            got += 1
            wrong = self.wrong_on_fabric(frame)
            if wrong:
                problems.append("on the fabric, %s: %s" % (wrong, frame[:120].hex(" ", -4)))
        for vm in (VM0, VMGTW, VM1, VM2):
            for frame, _ in self.vms[vm.name].frames(settle=0):
                got += 1
                wrong = self.wrong_at_vm(vm, frame)
                if wrong:
                    problems.append("%s got what it may not, %s: %s" %
                                    (vm.name, wrong, frame[:120].hex(" ", -4)))
        return problems, got

    # Good packets.

    def crosses(self, name, send, packet, want):
        for port in (self.vms["vm2"], self.fabric):
            port.drain()
        send(packet)
        got = self.vms["vm2"].packets(
            lambda frame: not is_advertisement(frame), 1, 3.0)
        if [frame[14:] for frame in got] == [want]:
            return []
        return ["%s does not pass: %s" % (name, [frame.hex(" ", -4)[:200] for frame in got])]

    def good(self):
        problems, seen = [], set()
        for kind in kinds():
            if kind.form in seen or kind.offload or not kind.form or kind.fragments or \
                    kind.short or kind.form in ("ipv6", "short") and not Tenant(kind.packet).label:
                continue
            seen.add(kind.form)
            want = vpcwire.arrival(kind.packet, kind.form)
            problems += self.crosses(
                kind.name, lambda packet: self.vm0.send(
                    ip_frame(VM0.mac, packet)), kind.packet, want)
            if self.tap:
                mine = vm3_packet(kind.packet)
                problems += self.crosses(
                    kind.name + " from the tap", lambda packet: self.tap.send(
                        ip_frame(VM3.mac, packet)), mine,
                    vpcwire.arrival(mine, vpcwire.pick_form(Tenant(mine))))
            problems += self.crosses(
                kind.name + " from the fabric", lambda packet: self.spine.send(ethernet(
                    HOST_MACS["h1"], SPINE_MACS["h1"], ETH_IPV6, packet)),
                encode(kind.packet, 1000, VM0.sid, VM2.sid, kind.form), want)
        if seen != {"ipv4", "full", "whole", "ipv6"}:
            problems.append("only the forms %s" % sorted(seen))
        return problems

    def run(self):
        cases = Cases(GROUP)
        saved = [command(self.prefix + host, "vpc", "save") for host in ("h0", "h1")]
        problems, came_out = self.good(), 0
        self.results.point("good packets of every form pass at first", problems)
        problems = []
        for numbers in cases.groups():
            for number in numbers:
                rng = cases.case(number)
                rng.choice(self.ways).throw(rng)
            found, got = self.judge()
            came_out += got
            if found:
                problems += found[:3] + [cases.replay(numbers)]
                if len(problems) > 20:
                    break
            if numbers[0] // GROUP % 16 == 0:
                print("diag seed %d, from case %d" % (cases.seed, numbers[0]), flush=True)
        thrown = ", ".join("%d from %s (%d refused)" % (way.sent, way.name, way.refused)
                           for way in self.ways)
        print("diag seed %d: %d cases, thrown: %s; %d frames came out" %
              (cases.seed, cases.done, thrown, came_out))
        self.results.point("nothing comes out that may not", problems)
        self.results.point("something of it came out, and something went in every way",
                           [] if came_out > len(self.ways) and all(w.sent for w in self.ways)
                           else [thrown])
        for host in self.hosts:
            host.settle()
        self.results.point("everything is accounted for", audit(*self.hosts))
        self.results.point("no packet changes what is configured", [
            "on h%d" % n for n, before in enumerate(saved)
            if command(self.prefix + "h%d" % n, "vpc", "save") != before])
        self.results.point("good packets of every form pass as before", self.good())


def vm3_packet(packet):
    """The same packet, sent by VM3."""
    tenant = Tenant(packet)
    old = tenant.src
    new = VM3.v4 if tenant.version == 4 else VM3.v6
    at = 12 if tenant.version == 4 else 8
    payload = tenant.payload
    if tenant.proto in vpcwire.CHECKSUM_AT:
        payload = vpcwire.move_checksum(tenant.proto, payload, old, new)
    head = packet[:at] + new + packet[at + len(new):tenant.hlen]
    if tenant.version == 4:
        head = packets.ipv4_patch(head, 0, head[:1])
    return head + payload


def main():
    results = Results()
    Test(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None, results).run()
    results.end()


if __name__ == "__main__":
    main()
