#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Ordinary traffic: between hosts, on one host, on two edges of one host, in
# VPCs with the same addresses, and with the protocols that the kernel has.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

# pings FROM TO: whether all of some pings of several sizes are answered.
# shellcheck disable=SC2317 # check calls it.
pings()
{
	local size

	for size in 0 56 1300 4000; do
		in_ns "$1" ping -q -c 3 -i 0.05 -W 2 -s "$size" "$2" || return
	done
}

# serves NAME: a server of iperf3 listens in the VM.
# shellcheck disable=SC2317 # eventually calls it.
serves()
{
	in_ns "$1" ss -Hltn 'sport = 5201' | grep -q .
}

# shellcheck disable=SC2317
serves_not()
{
	prints_nothing in_ns "$1" ss -Hltn 'sport = 5201'
}

# iperf FROM TO ADDRESS ARGUMENT...: run iperf3 between two VMs, and print what
# it tells of the receiver: bytes, packets and lost packets.
# shellcheck disable=SC2317 # check calls it.
iperf()
{
	local from=$1 to=$2 address=$3

	shift 3
	# The one before may not have ended yet.
	eventually serves_not "$to" > /dev/null || return
	in_ns "$to" iperf3 -s -1 -D -B "$address" > /dev/null
	eventually serves "$to" || return
	# The last of each is in the sum at the end.
	in_ns "$from" iperf3 -c "$address" -J "$@" | awk '
		{ value[$1] = $2 + 0 }
		END { print value["\"bytes\":"], value["\"packets\":"] + 0,
			value["\"lost_packets\":"] + 0 }'
}

# shellcheck disable=SC2317 # check calls it.
tcp_flows()
{
	local bytes

	# iperf3 stops counting with the end of the test, before the last arrive: on a
	# slow host that is as much as the sockets hold.
	read -r bytes _ < <(iperf "$@" -n 8M -w 128K)
	echo "$bytes bytes of 8388608 received"
	[ "${bytes:-0}" -ge 7000000 ]
}

# shellcheck disable=SC2317 # check calls it.
udp_flows()
{
	local packets lost

	# The receiver may be late, and holds many.
	read -r _ packets lost < <(iperf "$@" -u -b 2M -k 250 -l 1000 -w 200K)
	echo "$lost of $packets packets lost"
	[ "${packets:-0}" -gt 200 ] && [ "$lost" -eq 0 ]
}

topo_up 1500
topo_talk
# The same addresses as vm0's, in the other VPC.
vm_add h0 1001 vm3 fd00::0:13 CC:2A:2A:00:00:0D 10.0.0.10 fd00::cc:0:10
# A second edge in a namespace.
check "a second edge can be added to a namespace" \
	vpc_on h0 edge add vpc2_2 locator fd00::2:0/112 fabric eth0
ip -n "${topo}h0" link set vpc2_2 up
ip -n "${topo}spine" route add fd00::2:0/112 via fd00:f::2
ip netns add "${topo}vm4"
topo_vms+="vm4 "
vpc_on h0 vpc add 1000 vm4@vpc2_2 fd00::2:14 CC:2A:2A:00:02:14 \
	-4 10.0.0.14 -6 fd00::cc:0:14 netns "${topo}vm4" || bail "can't add vm4"
vpc_on h1 vpc add 1000 fd00::2:14 CC:2A:2A:00:02:14 \
	-4 10.0.0.14 -6 fd00::cc:0:14 || bail "can't add vm4"

while read -r where from to v4 v6; do
	for address in "$v4" "$v6"; do
		check "ping $where, to $address" pings "$from" "$address"
		if command -v iperf3 > /dev/null; then
			check "TCP $where, to $address" tcp_flows "$from" "$to" "$address"
			check "UDP $where, to $address" udp_flows "$from" "$to" "$address"
		else
			skip "TCP and UDP $where, to $address" "there is no iperf3"
		fi
	done
done <<-END
	between-hosts vm0 vm2 10.0.0.20 fd00::cc:0:20
	on-one-edge vm0 vmgtw 10.0.0.11 fd00::cc:0:11
	between-edges vm0 vm4 10.0.0.14 fd00::cc:0:14
END
check "ping the second edge's VM from the other host" pings vm2 10.0.0.14
check "ping the second edge's VM by IPv6" pings vm2 fd00::cc:0:14

modprobe -q -a sctp dccp_ipv4 dccp_ipv6
tap_results "$lib/traffic.py" "$topo"

tap_done
