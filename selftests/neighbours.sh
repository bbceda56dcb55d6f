#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# To a VM, every address but its own is at the edge's MAC: ARP, neighbour
# discovery and router advertisements, as Linux sees them and byte by byte.

# shellcheck disable=SC2317 # check calls them.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

edge_mac=02:56:50:43:00:01

# eventually TEXT COMMAND...: the command prints the text before long.
eventually()
{
	local text=$1 output

	shift
	for _ in {1..100}; do
		output=$("$@")
		[[ $output == *"$text"* ]] && return
		sleep 0.1
	done
	echo "$output"
	return 1
}

# all_at_edge NAME: all that the VM knows of its link is the edge's MAC.
all_at_edge()
{
	local neighbours

	neighbours=$(ip -n "$topo$1" neigh show dev "$1")
	echo "$neighbours"
	[ -n "$neighbours" ] && ! grep -qv "lladdr $edge_mac" <<< "$neighbours"
}

# heard: how many messages to neighbours the edge has taken from vm3.
heard()
{
	vpc_on h0 -s stats show endpoint 1000 fd00::0:13 | awk '$1 == "used_neigh" { print $2 }'
}

# announces: a VM that announces itself is heard by the edge alone.
announces()
{
	local before after

	ip -n "${topo}vm3" link set vm3 down
	in_ns vm3 sysctl -qw net.ipv4.conf.vm3.arp_notify=1 net.ipv6.conf.vm3.disable_ipv6=1
	before=$(heard)
	ip -n "${topo}vm3" link set vm3 up
	for _ in {1..50}; do
		after=$(heard)
		[ "$after" -gt "$before" ] && return
		sleep 0.1
	done
	echo "used_neigh is $after"
	return 1
}

# advertised: a router advertisement has come to the VM that says nothing.
advertised()
{
	local status

	wait "$waiting"
	status=$?
	cat "$tmp/unasked"
	return "$status"
}

tmp=$(mktemp -d)
topo_up 1500
trap 'topo_down; rm -rf "$tmp"' EXIT
vm_add h0 1000 vm0 fd00::0:10 CC:2A:2A:00:00:0A 10.0.0.10 fd00::cc:0:10 \
	-4 10.0.0.15 -6 fd00::cc:0:15
vm_add h0 1000 vmgtw fd00::0:11 CC:2A:2A:00:00:0B 10.0.0.11 fd00::cc:0:11
vm_add h1 1000 vm2 fd00::1:20 CC:2A:2A:00:01:14 10.0.0.20 fd00::cc:0:20
vm_quiet vm0 vmgtw vm2
vpc_on h0 route add 1000 10.9.0.0/16 via fd00::0:10
PYTHONDONTWRITEBYTECODE=1 python3 "$lib/neighbours.py" "$topo" unasked > "$tmp/unasked" 2>&1 &
waiting=$!
tap_results "$lib/neighbours.py" "$topo"

# Linux as a VM, with nothing but addresses.
vm_add h0 1000 vm3 fd00::0:13 CC:2A:2A:00:00:0D 10.0.0.13 fd00::cc:0:13
vm_add h1 1000 vm4 fd00::1:14 CC:2A:2A:00:01:0E 10.0.0.14 fd00::cc:0:14
ip -n "${topo}vm3" -b - <<-END
	addr flush dev vm3
	link set vm3 down
END
in_ns vm3 sysctl -qw net.ipv6.conf.vm3.accept_dad=1 net.ipv6.conf.vm3.dad_transmits=1 \
	net.ipv6.conf.vm3.accept_ra=1 net.ipv6.conf.vm3.router_solicitation_delay=0 \
	net.ipv6.conf.vm3.addr_gen_mode=0
ip -n "${topo}vm3" -b - <<-END
	link set vm3 up
	addr add 10.0.0.13/24 dev vm3
	addr add fd00::cc:0:13/64 dev vm3
END
check "duplicate address detection passes" \
	eventually "inet6 fd00::cc:0:13/64 scope global" ip -n "${topo}vm3" addr show -tentative
check "that of the link-local address, too" \
	eventually "scope link" ip -n "${topo}vm3" -6 addr show -tentative scope link
check "a router is found" eventually "via fe80::1 dev vm3 proto ra" \
	ip -n "${topo}vm3" -6 route show default
check "with the lifetime that it told" \
	eventually "expires 17" ip -n "${topo}vm3" -6 route show default
check "and with the MTU" [ "$(in_ns vm3 sysctl -n net.ipv6.conf.vm3.mtu)" -eq 1343 ]
check "but no prefix" \
	[ "$(ip -n "${topo}vm3" -6 addr show scope global | grep -c inet6)" -eq 1 ]
check "addresses on the link are reached" reach vm3 10.0.0.14 fd00::cc:0:14
check "the gateways answer for them" all_at_edge vm3
check "and are not lost when they are looked for again" \
	ip -n "${topo}vm3" neigh change 10.0.0.14 dev vm3 lladdr $edge_mac nud probe
check "by ARP" eventually "REACHABLE" ip -n "${topo}vm3" neigh show 10.0.0.14
ip -n "${topo}vm3" neigh change fd00::cc:0:14 dev vm3 lladdr $edge_mac nud probe
check "by neighbour discovery" eventually "REACHABLE" ip -n "${topo}vm3" neigh show fd00::cc:0:14
check "the gateway's address can be tried" \
	ip -n "${topo}vm3" addr add fe80::1/64 dev vm3
check "and is found to be a duplicate" eventually "fe80::1/64 scope link dadfailed" \
	ip -n "${topo}vm3" -6 addr show dadfailed
ip -n "${topo}vm3" addr del fe80::1/64 dev vm3
check "the MAC is the same on the other host" all_at_edge vm4
check "what a VM announces goes to the edge" announces
check "router advertisements come unasked" advertised
check "what was sent and got adds up" vpc_on h0 stats audit

tap_done
