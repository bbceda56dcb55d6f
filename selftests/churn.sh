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

tmp=$(mktemp -d)
topo_up 1500
trap 'topo_down; rm -rf "$tmp"' EXIT
vm_add h0 1000 vm0 fd00::0:10 CC:2A:2A:00:00:0A 10.0.0.10 fd00::cc:0:10
vm_add h1 1000 vm2 fd00::1:20 CC:2A:2A:00:01:14 10.0.0.20 fd00::cc:0:20
check "VMs reach each other" reaches
steady_begin
tap_results "$lib/churn.py" "$topo" changes
check "no packet of two VMs was lost meanwhile" steady_end
check "everything is accounted for" vpc_on h0 stats audit
tap_results "$lib/churn.py" "$topo" save
check "VMs reach each other as before" reaches
tap_done
