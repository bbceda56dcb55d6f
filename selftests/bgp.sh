#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A fabric that routes by BGP, as Documentation/routing.rst recommends it: two spines,
# three leaves, and hosts whose BIRD announces the prefixes of their edges.

# shellcheck disable=SC2317 # check calls them.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"
export PYTHONDONTWRITEBYTECODE=1
conf=${BASH_SOURCE[0]%/*}/../Documentation/bgp/bird.conf
tmp=$(mktemp -d)

# node NAME NUMBER: a namespace that routes.
node()
{
	ip netns add "$topo$1" || bail "can't add a network namespace"
	mkdir "$tmp/$1"
	cp "$conf" "$tmp/$1"
	echo "router id 10.255.0.$2;" > "$tmp/$1/node.conf"
	in_ns "$1" sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.all.accept_dad=0 \
		net.ipv6.conf.default.accept_dad=0
	ip -n "$topo$1" link set lo up
}

# wire A AS_A B AS_B NUMBER [DEV_B]: a link, and a session over it.
wire()
{
	local a=$1 b=$3 net=fd00:f:$5 dev=${6:-to_$1}

	ip -n "$topo$a" link add "to_$b" mtu 1600 type veth peer name "$dev" \
		netns "$topo$b" mtu 1600 || bail "can't add a link"
	ip -n "$topo$a" link set "to_$b" up
	ip -n "$topo$b" link set "$dev" up
	ip -n "$topo$a" addr add "$net::1/64" dev "to_$b" nodad
	ip -n "$topo$b" addr add "$net::2/64" dev "$dev" nodad
	cat >> "$tmp/$a/node.conf" <<-END
		protocol bgp to_$b from fabric { local as $2; neighbor $net::2 as $4; }
	END
	cat >> "$tmp/$b/node.conf" <<-END
		protocol bgp to_$a from fabric { local as $4; neighbor $net::1 as $2; }
	END
}

fabric_up()
{
	local n s name

	command -v bird > /dev/null || bail "there is no bird"
	trap 'topo_down; rm -rf "$tmp"' EXIT
	for s in 0 1; do
		topo_vms+="s$s "
		node "s$s" "$((10 + s))"
	done
	for n in 0 1 2; do
		topo_vms+="l$n "
		topo_hosts+="h$n "
		node "l$n" "$((20 + n))"
		node "h$n" "$((30 + n))"
		wire "l$n" "6510$n" "h$n" "6520$n" "1$n" eth0
		for s in 0 1; do
			wire "s$s" 65000 "l$n" "6510$n" "$((2 + s))$n"
		done
		vpc_on "h$n" edge add "vpc2_$n" locator "fd00::$n:0/112" fabric eth0 ||
			bail "can't add an edge on h$n"
	done
	for name in s0 s1 l0 l1 l2 h0 h1 h2; do
		in_ns "$name" bird -c "$tmp/$name/bird.conf" -s "$tmp/$name/ctl" \
			-P "$tmp/$name/pid" > "$tmp/$name/log" 2>&1 ||
			bail "bird does not start on $name: $(cat "$tmp/$name/log")"
	done
}

# knows NODE PREFIX N: the node has a route with so many next hops.
knows()
{
	local route

	route=$(ip -n "$topo$1" -6 route show "$2")
	echo "$route"
	[ "$(grep -o 'via' <<< "$route" | wc -l)" -eq "$3" ]
}

# packets NODE: what it has received and forwarded.
packets()
{
	in_ns "$1" cat /proc/net/snmp6 | awk '$1 == "Ip6OutForwDatagrams" { print $2 }'
}

# many_flows NAME ADDRESS: datagrams of 64 flows.
many_flows()
{
	python3 - "$lib" "$topo$1" "$2" <<-'END'
		import sys
		sys.path.insert(0, sys.argv[1])
		from flows import family_of, inside
		import socket
		with inside(sys.argv[2]):
		    for _ in range(64):
		        sock = socket.socket(family_of(sys.argv[3]), socket.SOCK_DGRAM)
		        sock.sendto(b"flow", (sys.argv[3], 9))
	END
}

# both_spines ADDRESS: flows to it take both spines.
both_spines()
{
	local s before=() after=()

	for s in 0 1; do
		before[s]=$(packets "s$s")
	done
	many_flows vm0 "$1"
	sleep 0.5
	for s in 0 1; do
		after[s]=$(($(packets "s$s") - before[s]))
	done
	echo "${after[*]}"
	[ "${after[0]}" -ge 10 ] && [ "${after[1]}" -ge 10 ] &&
		[ $((after[0] + after[1])) -ge 64 ]
}

# spine_dies: pings that go on, but for some, when a spine goes.
spine_dies()
{
	local pids=() to got

	for to in 10.0.0.20 fd00::cc:0:20; do
		in_ns vm0 ping -q -i 0.1 -c 150 -W 5 "$to" > "$tmp/ping-${to%%.*}" &
		pids+=($!)
	done
	sleep 4
	ip netns pids "${topo}s0" | xargs -r kill -KILL
	ip netns del "${topo}s0"
	topo_vms=${topo_vms/s0 /}
	wait "${pids[@]}"
	cat "$tmp"/ping-*
	for to in "$tmp"/ping-*; do
		got=$(sed -n 's/.* \([0-9]*\) received.*/\1/p' "$to")
		[ "${got:-0}" -ge 100 ] || return
	done
}

fabric_up
for n in 0 1 2; do
	check "h$n hears of the edges of the others" eventually knows "h$n" \
		"fd00::$(((n + 1) % 3)):0/112" 1
	check "a leaf has both spines for it" eventually knows "l$n" \
		"fd00::$(((n + 1) % 3)):0/112" 2
done
check "a host does not hear of its own" knows h0 fd00::0:0/112 0
vm_add h0 1000 vm0 fd00::0:10 CC:2A:2A:00:00:0A 10.0.0.10 fd00::cc:0:10
vm_add h1 1000 vm1 fd00::1:20 CC:2A:2A:00:01:14 10.0.0.20 fd00::cc:0:20
vm_add h2 1000 vm2 fd00::2:30 CC:2A:2A:00:02:1E 10.0.0.30 fd00::cc:0:30
check "VMs reach each other" eventually reach vm0 10.0.0.20 fd00::cc:0:20 10.0.0.30 fd00::cc:0:30
check "flows take both spines by their labels: IPv4" both_spines 10.0.0.20
check "IPv6" both_spines fd00::cc:0:20

# The VM moves to h2 with its SID.
moved="fd00::1:20 CC:2A:2A:00:01:14 -4 10.0.0.20 -6 fd00::cc:0:20"
check "the new edge takes the SID" vpc_on h2 edge set vpc2_2 prefix add fd00::1:20/128
check "the old host forgets the VM" vpc_on h1 vpc del 1000 fd00::1:20 now
# shellcheck disable=SC2086 # A list of words.
check "and knows it elsewhere" vpc_on h1 vpc add 1000 $moved
check "the new host forgets it elsewhere" vpc_on h2 vpc del 1000 fd00::1:20 now
# shellcheck disable=SC2086
check "and has it" vpc_on h2 vpc add 1000 vm1@vpc2_2 $moved netns "${topo}vm1"
for n in 0 1; do
	check "h$n hears of the moved SID" eventually knows "h$n" fd00::1:20 1
done
check "the VM is reached" eventually reach vm0 10.0.0.20 fd00::cc:0:20
check "from its old host too" knows h1 fd00::1:20 1
check "and from its new one" eventually reach vm2 10.0.0.20 fd00::cc:0:20

check "traffic goes on when a spine dies" spine_dies
check "a leaf has the other one" eventually knows l0 fd00::1:0/112 1
check "all is reached by it" eventually reach vm0 10.0.0.20 fd00::cc:0:20 10.0.0.30 fd00::cc:0:30
for host in h0 h1 h2; do
	check "every packet of $host is accounted for" vpc_on $host stats audit
done
tap_done
