#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Many endpoints and many changes: batches, replacement, dumps and events meanwhile,
# save and restore.  Two VMs that have nothing to do with all this go on talking.

# shellcheck disable=SC2317 # check calls them.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"
export PYTHONDONTWRITEBYTECODE=1

reaches()
{
	local to

	for to in 10.0.0.20 fd00::cc:0:20; do
		in_ns vm0 ping -q -c 1 -W 10 "$to" || return
	done
}

steady_begin()
{
	python3 "$lib/lifetime.py" steady "${topo}vm0" 10.0.0.10 "${topo}vm2" 10.0.0.20 \
		"${topo}vm0" fd00::cc:0:10 "${topo}vm2" fd00::cc:0:20 > "$tmp/steady" 2>&1 &
	steady=$!
	for _ in {1..600}; do
		[ ! -s "$tmp/steady" ] || return
		sleep 0.05
	done
}

steady_end()
{
	kill "$steady" && wait "$steady" && return
	cat "$tmp/steady"
	return 1
}

# flooded COMMAND...: run COMMAND while echo requests go as fast as answers come, to the
# addresses in $targets.
targets=(10.0.0.20 fd00::cc:0:20)
flooded()
{
	local to pids=() status

	for to in "${targets[@]}"; do
		ip netns exec "${topo}vm0" ping -q -f -w 120 "$to" > /dev/null &
		pids+=($!)
	done
	"$@"
	status=$?
	kill "${pids[@]}"
	wait "${pids[@]}" 2> /dev/null
	return "$status"
}

# no_drops HOST NAME...: none of these counters has counted.
no_drops()
{
	local host=$1 name

	shift
	vpc_on "$host" stats show || return
	for name; do
		! vpc_on "$host" stats show | grep -w "$name" || return
	done
}

replaced_in_use()
{
	local i

	for ((i = 0; i < 5000; i++)); do
		echo vpc replace 1000 fd00::1:20 CC:2A:2A:00:01:14 -4 10.0.0.20 -6 fd00::cc:0:20
		echo vpc replace 1000 vm0@vpc2_0 fd00::10 CC:2A:2A:00:00:0A -4 10.0.0.10 \
			-6 fd00::cc:0:10
	done | vpc_on h0 -batch -
}

# h1 knows nothing of the second SID: what is sent there ends there.
displaced_in_use()
{
	local i

	vpc_on h0 vpc add 1000 fd00::1:21 CC:2A:2A:00:01:14 -4 10.0.0.20 \
		-6 fd00::cc:0:20 state standby || return
	for ((i = 0; i < 2000; i++)); do
		echo vpc set 1000 fd00::1:21 state active
		echo vpc set 1000 fd00::1:20 state active
	done | vpc_on h0 -batch - || return
	vpc_on h0 vpc del 1000 fd00::1:21 now
}

# stray_packets COUNT: so many have arrived at h0.
stray_packets()
{
	vpc_on h0 stats show |
		awk -v least="$1" '$1 == "unknown_sid" { n = $2 } END { exit n + 0 < least }'
}

# strayed COMMAND...: run COMMAND while packets for a SID of nobody arrive at h0: those
# are what the prefixes of an edge are looked at for.
strayed()
{
	local pid status

	vpc_on h1 vpc add 1000 fd00::99 02:00:00:00:00:99 -4 10.0.0.99 || return
	ip netns exec "${topo}vm2" python3 -c '
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    sock.sendto(b"stray", ("10.0.0.99", 9))' &
	pid=$!
	"$@"
	status=$?
	eventually stray_packets 1000 || status=1
	kill "$pid"
	wait "$pid" 2> /dev/null
	vpc_on h1 vpc del 1000 fd00::99 now
	return "$status"
}

prefixes_change()
{
	local i

	for ((i = 0; i < 2000; i++)); do
		echo edge set vpc2_0 prefix add fd00:6::/64
		echo edge set vpc2_0 prefix del fd00:6::/64
	done | vpc_on h0 -batch -
}

# Addresses of the second VM that only routes lead to.
routed=(10.8.0.1/32 fd00:a8::1/128)

route_to_vm2()
{
	local host prefix

	for prefix in "${routed[@]}"; do
		ip -n "${topo}vm2" addr add "$prefix" dev lo nodad || return
		for host in h0 h1; do
			vpc_on "$host" route add 1000 "$prefix" via fd00::1:20 || return
		done
	done
}

routes_replaced_in_use()
{
	local i prefix

	for ((i = 0; i < 5000; i++)); do
		for prefix in "${routed[@]}"; do
			echo "route replace 1000 $prefix via fd00::1:20 weight $((i % 9 + 1))"
		done
	done | vpc_on h0 -batch -
}

# The other route has a next hop that is nobody's, and gets nothing.
routes_displaced_in_use()
{
	local i prefix two="via fd00::1:20 via fd00::1:22"

	for prefix in "${routed[@]}"; do
		echo "route add 1000 $prefix $two weight 0 state standby"
		for ((i = 0; i < 2000; i++)); do
			echo "route set 1000 $prefix $two state active"
			echo "route set 1000 $prefix via fd00::1:20 state active"
		done
		echo "route del 1000 $prefix $two now"
	done | vpc_on h0 -batch -
}

tmp=$(mktemp -d)
topo_up 1500
trap 'topo_down; rm -rf "$tmp"' EXIT
vm_add h0 1000 vm0 fd00::0:10 CC:2A:2A:00:00:0A 10.0.0.10 fd00::cc:0:10
vm_add h1 1000 vm2 fd00::1:20 CC:2A:2A:00:01:14 10.0.0.20 fd00::cc:0:20
check "prefixes of an edge come and go while they are looked at" strayed prefixes_change
check "edges seal what they send each other" topo_seal
# Nothing that is displaced may end before its turn comes again.
vpc_on h0 edge set vpc2_0 grace 600
check "VMs reach each other" reaches
check "endpoints in use are replaced" flooded replaced_in_use
check "by others" flooded displaced_in_use
check "routes lead to further addresses" route_to_vm2
targets=("${routed[@]%/*}")
check "routes in use are replaced" flooded routes_replaced_in_use
check "and displaced by others" flooded routes_displaced_in_use
check "and no packet finds them missing" no_drops h0 src_addr src_sid dst_sid bad_src \
	no_route not_active next_hop
printf 'route del 1000 %s now\n' "${routed[@]}" | vpc_on h0 -batch -
vpc_on h0 edge set vpc2_0 grace 10
steady_begin
tap_results "$lib/churn.py" "$topo" changes
check "no packet of two VMs was lost meanwhile" steady_end
check "everything is accounted for" vpc_on h0 stats audit
tap_results "$lib/churn.py" "$topo" save
check "the edge that is restored has keys of its own" topo_seal
check "VMs reach each other as before" reaches
tap_done
