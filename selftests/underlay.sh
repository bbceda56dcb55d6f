#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The fabric is whatever IPv6 routes lead over: several uplinks, VLANs, bonds, a
# VRF, a bridge, a tunnel; and the host's own netfilter leaves it alone.

# shellcheck disable=SC2317 # check calls them.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

tmp=$(mktemp -d)

# ip_on NAME: run the lines of the standard input with ip in a namespace.
ip_on()
{
	ip -n "$topo$1" -b -
}

# has_module MODULE...: whether this kernel has them all.
has_module()
{
	local module

	for module; do
		modprobe -q "$module" || return
	done
}

# cut_for_routers HOST DEVICE: GSO packets leave it uncut, unless this kernel's routers
# would lose them.
cut_for_routers()
{
	[ -z "$ROUTER_LOSES_GSO" ] || in_ns "$1" ethtool -K "$2" tso off
}

# fabric_up WHAT: begin with a plain fabric, and a VM on either host.
fabric_up()
{
	diag "$1"
	topo_up 1500
	trap 'topo_down; rm -rf "$tmp"' EXIT
	if [ -z "${ROUTER_LOSES_GSO+known}" ]; then
		ROUTER_LOSES_GSO=$(python3 "$lib/underlay.py" "$topo" router) ||
			bail "can't tell what routers do with GSO packets"
		export ROUTER_LOSES_GSO
		diag "routers of this kernel lose GSO packets: ${ROUTER_LOSES_GSO:-no}"
	fi
	cut_for_routers h0 eth0
	cut_for_routers h1 eth0
	vm_add h0 1000 vm0 fd00::0:10 CC:2A:2A:00:00:0A 10.0.0.10 fd00::cc:0:10
	vm_add h1 1000 vm2 fd00::1:20 CC:2A:2A:00:01:14 10.0.0.20 fd00::cc:0:20
}

# results ARGUMENT...: the test points of underlay.py.
results()
{
	tap_results "$lib/underlay.py" "$topo" "$@"
}

# pings: the VMs reach each other.
pings()
{
	local address

	for address in 10.0.0.20 fd00::cc:0:20; do
		in_ns vm0 ping -q -c 3 -i 0.1 -W 3 "$address" || return
	done
}

no_pings()
{
	! in_ns vm0 ping -q -c 1 -W 1 10.0.0.20
}

mtu_is()
{
	local mtu

	mtu=$(in_ns vm0 cat /sys/class/net/vm0/mtu)
	echo "the MTU is $mtu"
	[ "$mtu" -eq "$1" ]
}

# counted HOST COUNTER: its value.
counted()
{
	vpc_on "$1" -s stats show | awk -v name="$2" '$1 == name { print $2 }'
}

# counts MORE HOST COUNTER COMMAND...: the command makes the counter grow so
# many times, at least.
counts()
{
	local more=$1 host=$2 counter=$3 before after

	shift 3
	before=$(counted "$host" "$counter")
	"$@"
	after=$(counted "$host" "$counter")
	echo "$counter was $before, and is $after"
	[ $((after - before)) -ge "$more" ]
}

# second_uplink: another pair of devices between h0 and the spine.
second_uplink()
{
	ip_on spine <<-END
		link add to_h0b address 02:00:00:00:00:11 type veth peer name eth1 netns ${topo}h0
		link set to_h0b addrgenmode none
		link set to_h0b up
	END
	ip_on h0 <<-END
		link set eth1 address 02:00:00:00:00:12
		link set eth1 addrgenmode none
		link set eth1 up
	END
	cut_for_routers h0 eth1
}

# addresses NUMBER SPINE_DEV DEV: those of an uplink of h0, on both ends.
addresses()
{
	local here there

	here=$(in_ns h0 cat "/sys/class/net/$3/address")
	there=$(in_ns spine cat "/sys/class/net/$2/address")
	ip_on spine <<-END
		addr replace fd00:f:$1::1/64 dev $2 nodad
		neigh replace fd00:f:$1::2 lladdr $here dev $2 nud permanent
	END
	ip_on h0 <<-END
		addr replace fd00:f:$1::2/64 dev $3 nodad
		neigh replace fd00:f:$1::1 lladdr $there dev $3 nud permanent
	END
}

# two_uplinks: both with addresses, both of the fabric.
two_uplinks()
{
	second_uplink
	addresses 1 to_h0b eth1
	check "a second uplink can be fabric" vpc_on h0 edge set vpc2_0 fabric add eth1
}

test_ecmp()
{
	fabric_up "two uplinks"
	two_uplinks
	in_ns spine sysctl -qw net.ipv6.conf.to_h0b.ignore_routes_with_linkdown=1 \
		net.ipv6.conf.to_h0.ignore_routes_with_linkdown=1
	in_ns h0 sysctl -qw net.ipv6.conf.eth1.keep_addr_on_down=1
	ip_on spine <<< "route replace fd00::0:0/112 nexthop via fd00:f::2 nexthop via fd00:f:1::2"
	ip_on h0 <<< "route replace default nexthop via fd00:f::1 nexthop via fd00:f:1::1"
	results spread to_h0 to_h0b
	results traffic to_h0 to_h0b
	ip_on h0 <<< "route replace default mtu 1300 nexthop via fd00:f::1 nexthop via fd00:f:1::1"
	results large
	ip_on h0 <<< "link set eth1 down"
	diag "one uplink is down"
	results only to_h0 to_h0b
	ip_on h0 <<-END
		link set eth1 up
		route replace default nexthop via fd00:f::1 nexthop via fd00:f:1::1
	END
	addresses 1 to_h0b eth1
	diag "and up again"
	results spread to_h0 to_h0b

	diag "nexthop objects"
	check "routes can have nexthop objects" ip_on h0 <<-END
		nexthop add id 1 via fd00:f::1 dev eth0
		nexthop add id 2 via fd00:f:1::1 dev eth1
		nexthop add id 10 group 1/2
		route add fd00::1:0/112 nhid 10
	END
	ip -6 -n "${topo}h0" route del default
	results spread to_h0 to_h0b
	results changes group
	ip_on h0 <<< "route replace fd00::1:0/112 nhid 1"
	results changes nexthop
	ip_on h0 <<-END
		route del fd00::1:0/112
		route add default via fd00:f::1
	END
}

# In what test_ecmp leaves.
test_routes()
{
	diag "routes that change"
	results changes replaced
	ip_on h0 <<< "route del fd00::1:0/112"
	results changes more-specific

	ip_on h0 <<< "route add unreachable fd00::1:20/128"
	check "without a way, packets are dropped as fabric_route" \
		counts 1 h0 fabric_route no_pings
	ip_on h0 <<-END
		route del unreachable fd00::1:20/128
		link add elsewhere type dummy
		link set elsewhere up
		route add fd00::1:20/128 dev elsewhere
	END
	check "and so they are when the way leaves the fabric devices" \
		counts 1 h0 fabric_route no_pings
	ip_on h0 <<< "link del elsewhere"
	check "they go when there is a way again" pings
	check "a fabric device can be taken away" vpc_on h0 edge set vpc2_0 fabric del eth0
	check "and then the way leaves the fabric devices" counts 1 h0 fabric_route no_pings
	check "and it can be added again" vpc_on h0 edge set vpc2_0 fabric add eth0
	check "and used" pings
	ip_on h0 <<< "link set eth0 down"
	check "with the link down, there is no way" counts 1 h0 fabric_route no_pings
	ip_on h0 <<< "link set eth0 up"
	addresses 0:0 to_h0 eth0
	ip_on h0 <<< "route replace default via fd00:f::1"
	check "and with the link up there is one" pings
	topo_down
}

test_vlan()
{
	fabric_up "a VLAN"
	ip_on spine <<-END
		addr flush dev to_h0
		link add to_h0.5 link to_h0 type vlan id 5
		link set to_h0.5 addrgenmode none
		link set to_h0.5 up
	END
	ip_on h0 <<-END
		addr flush dev eth0
		link add eth0.5 link eth0 type vlan id 5
		link set eth0.5 addrgenmode none
		link set eth0.5 up
	END
	addresses 0:0 to_h0.5 eth0.5
	ip_on spine <<< "route replace fd00::0:0/112 via fd00:f::2"
	ip_on h0 <<< "route replace default via fd00:f::1"
	check "a VLAN can be the fabric device" \
		vpc_on h0 edge set vpc2_0 fabric add eth0.5 fabric del eth0
	check "packets cross" pings
	results traffic to_h0.5
	vm_quiet vm0 vm2
	results entry to_h0.5 to_vm
	results entry to_h0 not_fabric
	topo_down
}

# bonded NAME DEVICE...: make a bond of devices.  What goes in and out is the
# same as in switches with a static aggregate.
bonded()
{
	local name=$1 bond=$2 device

	shift 2
	ip_on "$name" <<-END
		link add $bond type bond mode balance-xor xmit_hash_policy encap3+4 miimon 20
		link set $bond addrgenmode none
	END
	for device; do
		ip_on "$name" <<-END
			link set $device down
			link set $device master $bond
		END
	done
	ip_on "$name" <<< "link set $bond up"
}

# slaves_up NUMBER: so many of the host's bond's slaves are in use.
slaves_up()
{
	local n

	for _ in {1..100}; do
		n=$(in_ns h0 grep -A 1 "^Slave" /proc/net/bonding/bond0 | grep -c "MII Status: up")
		[ "$n" -eq "$1" ] && return
		sleep 0.05
	done
	echo "$n are up"
	return 1
}

test_bond()
{
	if ! has_module bonding; then
		skip "a bond" "there is no bonding"
		return
	fi
	fabric_up "a bond"
	second_uplink
	ip_on spine <<< "addr flush dev to_h0"
	ip_on h0 <<< "addr flush dev eth0"
	bonded spine bond0 to_h0 to_h0b
	bonded h0 bond0 eth0 eth1
	addresses 0:0 bond0 bond0
	ip_on spine <<< "route replace fd00::0:0/112 via fd00:f::2"
	ip_on h0 <<< "route replace default via fd00:f::1"
	check "a bond can be the fabric device" \
		vpc_on h0 edge set vpc2_0 fabric add bond0 fabric del eth0
	check "both of its devices are up" slaves_up 2
	check "packets cross" pings
	results spread to_h0 to_h0b
	results traffic bond0
	ip_on h0 <<< "link set eth1 down"
	check "one of its devices is down" slaves_up 1
	results only to_h0 to_h0b
	topo_down
}

test_vrf()
{
	if ! has_module vrf; then
		skip "a VRF" "there is no vrf"
		return
	fi
	fabric_up "a VRF"
	ip_on h0 <<-END
		link add blue type vrf table 10
		link set blue up
		link set eth0 master blue
	END
	addresses 0:0 to_h0 eth0
	ip_on h0 <<-END
		route add default via fd00:f::1 dev eth0 table 10
	END
	check "the main table has no way" \
		prints_nothing ip -n "${topo}h0" -6 route show default
	check "packets cross a VRF" pings
	results traffic to_h0
	in_ns spine sysctl -qw net.ipv6.icmp.ratelimit=0
	in_ns vm0 ip link set vm0 mtu 1500
	in_ns vm2 ip link set vm2 mtu 1500
	ip -n "${topo}spine" link set to_h1 mtu 1400
	results narrow IPv4 1400
	ip -n "${topo}spine" link set to_h1 mtu 1360
	results narrow IPv6 1360
	check "the VRF itself can be the fabric device" \
		vpc_on h0 edge set vpc2_0 fabric add blue fabric del eth0
	check "packets cross it" pings
	topo_down
}

# wireguard HOST PEER: a tunnel from one host to the other.
wireguard()
{
	ip_on "h$1" <<-END
		link add wg0 type wireguard
		addr add fd00:a::$1/128 dev wg0 nodad
	END
	in_ns "h$1" wg set wg0 listen-port 51820 private-key "$tmp/key$1" \
		peer "$(wg pubkey < "$tmp/key$2")" endpoint "[fd00:f:0:$2::2]:51820" \
		allowed-ips "fd00:0:0:0:0:0:$2:0/112" &&
		ip_on "h$1" <<-END
			link set wg0 up
			route add fd00:0:0:0:0:0:$2:0/112 dev wg0
		END
}

test_wireguard()
{
	if ! command -v wg > /dev/null; then
		skip "a WireGuard tunnel" "there is no wg"
		return
	elif ! has_module wireguard; then
		skip "a WireGuard tunnel" "there is no wireguard"
		return
	fi
	fabric_up "a WireGuard tunnel"
	for n in 0 1; do
		(umask 077 && wg genkey > "$tmp/key$n")
	done
	if ! wireguard 0 1 || ! wireguard 1 0; then
		bail "can't make a tunnel"
	fi
	check_fails "its MTU is too small for an edge that reserves for 4 segments" \
		vpc_on h0 edge set vpc2_0 fabric add wg0
	for n in 0 1; do
		check "but with less, h$n can have it as its fabric device" vpc_on "h$n" \
			edge set "vpc2_$n" max-segments 0 fabric add wg0 fabric del eth0
	done
	check "the VMs' MTU follows" mtu_is $((1420 - 48 - 37))
	check "packets cross" pings
	results hidden to_h0
	ip_on h0 <<< "link set wg0 mtu 1400"
	check "and follows when the tunnel's changes" mtu_is $((1400 - 48 - 37))
	check "packets still cross" pings
	vm_quiet vm0 vm2
	results entry to_h0 not_fabric
	topo_down
}

# connections: how many h0 tracks.
connections()
{
	in_ns h0 sysctl -n net.netfilter.nf_conntrack_count
}

# packets CHAIN: how many the counter of a chain of h0 has seen.
packets()
{
	in_ns h0 nft list chain ip6 t "$1" | sed -n 's/.*counter packets \([0-9]*\).*/\1/p'
}

# from_h0: what the host itself sends is tracked.
from_h0()
{
	in_ns h0 ping -q -c 1 -W 3 fd00:f::1 > /dev/null
	echo "$(connections) connections"
	[ "$(connections)" -gt 0 ]
}

untracked()
{
	echo "$(connections) connections, $(packets out) packets untracked"
	[ "$(connections)" -eq 0 ] && [ "$(packets out)" -gt 20 ]
}

forwarded()
{
	echo "$(packets forwarded) packets forwarded"
	[ "$(packets forwarded)" -eq 0 ]
}

test_netfilter()
{
	if ! command -v nft > /dev/null; then
		skip "the host's netfilter" "there is no nft"
		return
	elif ! has_module nf_tables nft_ct nf_conntrack; then
		skip "the host's netfilter" "there is no nf_tables"
		return
	fi
	fabric_up "the host's netfilter"
	# The VMs track connections, too, and insist on it.
	check "rules can be set" in_ns h0 nft -f - <<-END
		table ip6 t {
			chain pre {
				type filter hook prerouting priority filter
				ct state new,established accept
			}
			chain out {
				type filter hook output priority filter
				ip6 daddr fd00::1:0/112 ct state untracked counter
			}
			chain forwarded {
				type filter hook forward priority filter; policy drop
				counter
			}
		}
	END
	for vm in vm0 vm2; do
		in_ns "$vm" nft -f - <<-END
			table inet t {
				chain in {
					type filter hook input priority filter; policy drop
					ct state new,established,related accept
					meta l4proto ipv6-icmp accept
				}
			}
		END
	done
	check "packets cross" pings
	results traffic to_h0
	check "and leave no connections behind" untracked
	check "nor are they forwarded" forwarded
	check "what is tracked, is" from_h0
	vm_add h0 1000 vm3 fd00::0:11 CC:2A:2A:00:00:0B 10.0.0.11 fd00::cc:0:11
	check "nor does it touch what stays on the host" \
		in_ns vm3 ping -q -c 3 -i 0.1 -W 3 10.0.0.10
	check "nothing of it was forwarded or tracked" forwarded
	topo_down
}

# bridge_up: a bridge on h0 with two ports, which end in the spine.
bridge_up()
{
	ip_on spine <<-END
		link add left address 02:00:00:00:98:03 type veth peer name left netns ${topo}h0
		link add right address 02:00:00:00:98:04 type veth peer name right netns ${topo}h0
		link set left addrgenmode none
		link set right addrgenmode none
		link set left up
		link set right up
	END
	# What comes out is not to be routed to where it was addressed.
	in_ns spine sysctl -qw net.ipv6.conf.left.disable_ipv6=1 \
		net.ipv6.conf.right.disable_ipv6=1
	ip_on h0 <<-END
		link add br0 address 02:00:00:00:98:02 type bridge mcast_snooping 0
		link set br0 addrgenmode none
		link set left addrgenmode none
		link set right addrgenmode none
		link set left master br0
		link set right master br0
		link set br0 up
		link set left up
		link set right up
	END
	# A port forwards some time after it has its carrier.
	for _ in {1..100}; do
		[ "$(bridge -n "${topo}h0" link show | grep -c 'state forwarding')" -ne 2 ] ||
			return
		sleep 0.1
	done
	bail "the bridge's ports don't forward"
}

test_bridge()
{
	if ! has_module bridge; then
		skip "a bridge" "there is no bridge"
		return
	fi
	fabric_up "a bridge"
	vm_quiet vm0 vm2
	bridge_up
	results bridged
	if has_module br_netfilter; then
		in_ns h0 sysctl -qw net.bridge.bridge-nf-call-ip6tables=1
		diag "by way of the host's netfilter"
		results bridged
		check "any device may be fabric" vpc_on h0 edge set vpc2_0 fabric any
		results bridged
		check "but need not be" vpc_on h0 edge set vpc2_0 fabric any off
		in_ns h0 sysctl -qw net.bridge.bridge-nf-call-ip6tables=0
	else
		skip "bridged by way of the host's netfilter" "there is no br_netfilter"
	fi
	results entry left not_fabric
	check "a bridge can be a fabric device" vpc_on h0 edge set vpc2_0 fabric add br0
	results entry left to_vm
	results bridged
	if has_module br_netfilter; then
		diag "with the host's netfilter in between"
		in_ns h0 sysctl -qw net.bridge.bridge-nf-call-ip6tables=1
		results entry left to_vm
		results bridged
		in_ns h0 sysctl -qw net.bridge.bridge-nf-call-ip6tables=0
	fi
	check "any device may be fabric" \
		vpc_on h0 edge set vpc2_0 fabric any fabric del br0
	results entry left to_vm
	topo_down
}

has_module veth dummy 8021q
test_ecmp
test_routes
test_vlan
test_bond
test_vrf
test_wireguard
test_netfilter
test_bridge
tap_done
