#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The main job, visibly: two hosts and a router between them, VMs of two VPCs,
# packets across the fabric.  "make demo" runs it in a virtual machine; on a
# machine with the module and the tool it runs as it is, as root.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
PATH=$PWD/tools:$PATH
# shellcheck source=selftests/lib/module.sh
. selftests/lib/module.sh

bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' dim=$'\e[2m' off=$'\e[0m'
capture=$(mktemp)
failed=0

title()
{
	printf '\n%s=== %s%s\n' "$bold" "$*" "$off"
}

say()
{
	printf '%s%s%s\n' "$dim" "$*" "$off"
}

# show COMMAND...: show a command and run it.
show()
{
	printf '%s# %s%s\n' "$bold" "$*" "$off"
	"$@"
}

# expect WHAT COMMAND...: show a command, run it, and keep the score.
expect()
{
	local what=$1

	shift
	if show "$@"; then
		printf '%s  ok: %s%s\n' "$green" "$what" "$off"
	else
		printf '%s  FAILED: %s%s\n' "$red" "$what" "$off"
		failed=$((failed + 1))
	fi
}

expect_not()
{
	local what=$1

	shift
	expect "$what" not "$@"
}

not()
{
	! "$@"
}

in_vm()
{
	local vm=$1

	shift
	ip netns exec "$vm" "$@"
}

# wait_for COMMAND...: it succeeds within ten seconds.
wait_for()
{
	local end=$((SECONDS + 10))

	until "$@"; do
		[ $SECONDS -lt $end ] || return
		sleep 0.1
	done
}

cleanup()
{
	local name

	for name in vm0 vmgtw0 vm1 vmgtw1 vm2 other0 other1 host0 host1 spine; do
		ip netns pids $name 2> /dev/null | xargs -r kill 2> /dev/null
		ip netns del $name 2> /dev/null
	done
	rm -f "$capture" "$capture.log"
}

load()
{
	local ko

	[ ! -e /sys/module/vpc ] || return 0
	ko=$(find_module 2> /dev/null) || { modprobe vpc; return; }
	insert_module "$ko"
}

fabric()
{
	local n

	for n in spine host0 host1; do
		ip netns add $n || return
		ip -n $n link set lo up
	done
	ip netns exec spine sysctl -qw net.ipv6.conf.all.forwarding=1
	for n in 0 1; do
		ip -n host$n link add eth0 type veth peer name eth$n netns spine
		ip -n host$n addr add fd00:f:$n::2/64 dev eth0 nodad
		ip -n spine addr add fd00:f:$n::1/64 dev eth$n nodad
		ip -n host$n link set eth0 up
		ip -n spine link set eth$n up
		ip -n host$n route add default via fd00:f:$n::1
		ip -n spine route add fd00::$n:0/112 via fd00:f:$n::2
	done
}

# The namespace that is each VM, as the lines below name the devices.
vms()
{
	local name

	for name in vm0 vmgtw0 vm1 vmgtw1 vm2 other0 other1; do
		ip netns add $name || return
		ip -n $name link set lo up
	done
}

# plug HOST DEVICE VM ADDR4 ADDR6: what a hypervisor does with the device.
plug()
{
	ip -n "$1" link set "$2" netns "$3" name eth0 &&
	ip -n "$3" -batch - <<- END
		addr add $4/32 dev eth0
		addr add $5/128 dev eth0 nodad
		link set eth0 up
		route add default via 169.254.1.1 dev eth0 onlink
		route add default via fe80::1 dev eth0 metric 512
	END
}

# serves VM: a server of iperf3 listens there.
serves()
{
	in_vm "$1" ss -Hltn 'sport = 5201' | grep -q .
}

throughput()
{
	local server=$1 client=$2 addr=$3 rate

	# The one before may not have ended yet.
	wait_for not serves "$server"
	in_vm "$server" iperf3 -s -1 -D
	wait_for serves "$server"
	rate=$(in_vm "$client" iperf3 -f m -t 3 -c "$addr" |
	       awk '/receiver/ { print $(NF-2), $(NF-1) }')
	echo "$rate"
	[ -n "$rate" ]
}

one_packet()
{
	# A checksum that a device would complete is not on the wire yet.
	ip netns exec host0 ethtool -K eth0 tx-checksum-ip-generic off > /dev/null
	timeout 20 ip netns exec spine tcpdump -i eth0 -U -c 1 -w "$capture" \
		"ip6 proto 60" 2> "$capture.log" &
	wait_for grep -q "listening on" "$capture.log"
	in_vm vm0 python3 -c 'import socket
s = socket.socket()
s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 61)
s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0x28)
try: s.connect(("10.0.0.12", 443))
except OSError: pass'
	wait $!
	ip netns exec host0 ethtool -K eth0 tx-checksum-ip-generic on > /dev/null
	[ -s "$capture" ] && python3 selftests/lib/decode.py "$capture"
}

audit_holds()
{
	vpc -n "$1" stats audit
}

trap cleanup EXIT

title "The module, on $(uname -r)"
expect "loaded" load || exit
show modinfo -F description kmod/vpc.ko 2> /dev/null

title "A fabric: host0 - spine - host1, plain IPv6 routers and links"
fabric && vms || exit
show ip -n spine -6 route show
say "The spine knows two prefixes. It knows nothing of VPCs, and never will."

title "An edge on each host"
expect "edge on host0" vpc -n host0 edge add vpc2_0 locator fd00::0:0/112 fabric eth0
expect "edge on host1" vpc -n host1 edge add vpc2_1 locator fd00::1:0/112 fabric eth0
show vpc -n host0 edge show
show ip -n host0 -6 route show proto 118

title "Endpoints: VPC 1000 and VPC 1001"
expect "VM0" vpc -n host0 vpc add 1000 vm0@vpc2_0 fd00::0:10 CC:2A:2A:00:00:0A -4 10.0.0.10 -6 fd00::cc:0:10
expect "gateway" vpc -n host0 vpc add 1000 vmgtw@vpc2_0 fd00::0:11 CC:2A:2A:00:00:0B -4 10.0.0.11 -6 fd00::cc:0:11
expect "VM1" vpc -n host1 vpc add 1001 vm1@vpc2_1 fd00::1:10 CC:2A:2A:00:01:0A -4 10.0.1.10 -6 fd00::cc:1:10
expect "gateway" vpc -n host1 vpc add 1001 vmgtw@vpc2_1 fd00::1:11 CC:2A:2A:00:01:0B -4 10.0.1.11 -6 fd00::cc:1:11
say "Until here each VPC is on one host. VM2 of VPC 1000 lives on host1; each host is told of the other's:"
expect "VM2 on host1" vpc -n host1 vpc add 1000 vm2@vpc2_1 fd00::1:12 CC:2A:2A:00:01:0C -4 10.0.0.12 -6 fd00::cc:0:12 netns vm2
expect "VM2, as host0 knows it" vpc -n host0 vpc add 1000 fd00::1:12 CC:2A:2A:00:01:0C -4 10.0.0.12 -6 fd00::cc:0:12
expect "VM0, as host1 knows it" vpc -n host1 vpc add 1000 fd00::0:10 CC:2A:2A:00:00:0A -4 10.0.0.10 -6 fd00::cc:0:10
say "VPC 2000 has the same addresses as VPC 1000; its two endpoints are on one host each:"
expect "same address, other VPC" vpc -n host0 vpc add 2000 other0@vpc2_0 fd00::0:20 CC:2A:2A:00:00:14 -4 10.0.0.10 -6 fd00::cc:0:10 netns other0
expect "same address, other VPC" vpc -n host1 vpc add 2000 other1@vpc2_1 fd00::1:20 CC:2A:2A:00:01:14 -4 10.0.0.12 -6 fd00::cc:0:12 netns other1
show vpc -n host0 vpc show

title "What a hypervisor or a container runtime does with the devices"
plug host0 vm0 vm0 10.0.0.10 fd00::cc:0:10
plug host0 vmgtw vmgtw0 10.0.0.11 fd00::cc:0:11
plug host1 vm1 vm1 10.0.1.10 fd00::cc:1:10
plug host1 vmgtw vmgtw1 10.0.1.11 fd00::cc:1:11
show ip -n vm0 link show eth0

title "Across the fabric, in both families"
expect "VM0 reaches VM2 by IPv4" in_vm vm0 ping -c 3 -i 0.2 -W 2 10.0.0.12
expect "VM0 reaches VM2 by IPv6" in_vm vm0 ping -c 3 -i 0.2 -W 2 fd00::cc:0:12
expect "and its neighbour on the same host" in_vm vm0 ping -c 1 -W 2 10.0.0.11
expect "VM1 reaches its own" in_vm vm1 ping -c 1 -W 2 fd00::cc:1:11
expect "the fabric is no hop" in_vm vm0 ping -c 1 -W 2 -t 1 10.0.0.12

title "TCP (an emulated CPU: compare, don't quote)"
expect "TCP over IPv4" throughput vm2 vm0 10.0.0.12
expect "TCP over IPv6" throughput vm2 vm0 fd00::cc:0:12

title "One packet of the fabric, taken on the spine"
expect "decoded field by field, checksums included" one_packet

title "Isolation"
say "VPC 2000 has 10.0.0.12 on host1, but VM0's packets to it go to VM2 of VPC 1000:"
before=$(ip netns exec other1 cat /sys/class/net/other1/statistics/rx_packets)
in_vm vm0 ping -c 5 -i 0.1 -W 2 10.0.0.12 > /dev/null
after=$(ip netns exec other1 cat /sys/class/net/other1/statistics/rx_packets)
expect "the namesake in VPC 2000 got nothing" test "$before" = "$after"
expect_not "VPC 1000 does not reach VPC 1001" in_vm vm0 ping -c 1 -W 1 10.0.1.10
say "VM0 tries an address that is not its own:"
ip -n vm0 addr add 10.0.0.66/32 dev eth0
expect_not "a forged source goes nowhere" in_vm vm0 ping -c 2 -i 0.2 -W 1 -I 10.0.0.66 10.0.0.12
show vpc -n host0 stats show explain

title "The datapath explains itself"
expect "a packet that arrives" vpc -n host0 trace 1000 from 10.0.0.10 to 10.0.0.12 proto tcp sport 40000 dport 443
expect_not "and one that does not" vpc -n host0 trace 1000 from 10.0.0.10 to 10.0.1.10

title "Every packet is accounted for"
expect "host0" audit_holds host0
expect "host1" audit_holds host1

if [ $failed = 0 ]; then
	printf '\n%s%sThe demo went well: VMs of one VPC on two hosts talk over a plain IPv6 fabric.%s\n' \
		"$bold" "$green" "$off"
else
	printf '\n%s%s%u steps of the demo failed.%s\n' "$bold" "$red" $failed "$off"
	exit 1
fi
