#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Raw packets of every kind cross the fabric in the form that they need, and
# arrive as they were sent.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

# mtu_of NAME: the MTU of a VM's device.
mtu_of()
{
	in_ns "$1" cat "/sys/class/net/$1/mtu"
}

# fabric_up MTU: a fabric and silent VMs.  A tenant may set its MTU as large as
# that of the fabric: so the fabric's own limit is what is met.
fabric_up()
{
	topo_up "$1"
	topo_talk
	vm_quiet vm0 vmgtw vm1 vm2
	check "the default MTU on a fabric of $1 reserves 157 bytes" \
		[ "$(mtu_of vm0)" -eq $(($1 - 157)) ]
	ip -n "${topo}vm0" link set vm0 mtu "$1"
}

# pass_on NAME: let a VM pass all that it gets on to its device "cut", by way of
# a device that has segments cut in software.
pass_on()
{
	ip -n "${topo}$1" link add uncut type veth peer name cut &&
		ip -n "${topo}$1" link set uncut addrgenmode none up &&
		ip -n "${topo}$1" link set cut addrgenmode none up &&
		in_ns "$1" ethtool -K uncut tso off gso off > /dev/null &&
		tc -n "${topo}$1" qdisc add dev "$1" clsact &&
		tc -n "${topo}$1" filter add dev "$1" ingress matchall \
			action mirred egress redirect dev uncut
}

fabric_up 1500
tap_results "$lib/raw_packets.py" "$topo" 1500 long
if command -v ethtool > /dev/null; then
	# A NIC that leaves everything to software, and one that merges.
	in_ns h0 ethtool -K eth0 tx off tso off gso off > /dev/null
	in_ns h1 ethtool -K eth0 gro on > /dev/null
	tap_results "$lib/raw_packets.py" "$topo" 1500 offloads
	in_ns h0 ethtool -K eth0 tx on tso on gso on > /dev/null
	in_ns h1 ethtool -K eth0 gro off > /dev/null
	if pass_on vm2 > /dev/null 2>&1; then
		tap_results "$lib/raw_packets.py" "$topo" 1500 cut
	else
		skip "segments are cut at the receiver" "tc can't redirect here"
	fi
	tc -n "${topo}vm2" qdisc del dev vm2 clsact 2> /dev/null
else
	skip "packets cross without offloads" "there is no ethtool"
fi
check "the short form can be turned on" vpc_on h0 edge set vpc2_0 short on
tap_results "$lib/raw_packets.py" "$topo" 1500 short
topo_down

fabric_up 9000
tap_results "$lib/raw_packets.py" "$topo" 9000 sizes

tap_done
