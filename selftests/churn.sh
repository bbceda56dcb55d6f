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

# flooded COMMAND...: run COMMAND while echo requests go as fast as answers come.
flooded()
{
	local to pids=() status

	for to in 10.0.0.20 fd00::cc:0:20; do
		in_ns vm0 ping -q -f -w 120 "$to" > /dev/null &
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

tmp=$(mktemp -d)
topo_up 1500
trap 'topo_down; rm -rf "$tmp"' EXIT
vm_add h0 1000 vm0 fd00::0:10 CC:2A:2A:00:00:0A 10.0.0.10 fd00::cc:0:10
vm_add h1 1000 vm2 fd00::1:20 CC:2A:2A:00:01:14 10.0.0.20 fd00::cc:0:20
check "edges seal what they send each other" topo_seal
check "VMs reach each other" reaches
check "endpoints in use are replaced" flooded replaced_in_use
check "by others" flooded displaced_in_use
check "and no packet finds them missing" no_drops h0 src_addr src_sid dst_sid bad_src \
	no_route not_active
steady_begin
tap_results "$lib/churn.py" "$topo" changes
check "no packet of two VMs was lost meanwhile" steady_end
check "everything is accounted for" vpc_on h0 stats audit
tap_results "$lib/churn.py" "$topo" save
check "the edge that is restored has keys of its own" topo_seal
check "VMs reach each other as before" reaches
tap_done
