#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a host tells its operator: metrics for Prometheus, and tracepoints.
#
# shellcheck disable=SC2317 # check calls the functions.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

tmp=$(mktemp -d)
topo_up 1500
trap 'topo_down; rm -rf "$tmp"' EXIT
topo_talk
reach vm0 10.0.0.20 || bail "no packet crosses"
no_reach vm0 10.0.0.99

# metrics: what Prometheus would read, and the same numbers as JSON has.
metrics()
{
	vpc_on h0 stats --prometheus > "$tmp/metrics" || return
	vpc_on h0 -j stats show > "$tmp/totals" || return
	vpc_on h0 -j stats show vpc > "$tmp/vpcs" || return
	PYTHONDONTWRITEBYTECODE=1 python3 "$lib/metrics.py" "$tmp/metrics" "$tmp/totals" \
		"$tmp/vpcs" "$(dirname "$lib")/../Documentation"
}

# While nobody says anything: router advertisements are periodic.
settled()
{
	local i

	for ((i = 0; i < 20; i++)); do
		metrics && return
	done
	return 1
}

check "metrics: the format, the values, the documented names" settled
check "metrics: the same command by another name" cmp <(vpc_on h0 stats prometheus | sed '/ 0$/!d') \
	<(vpc_on h0 stats --prometheus | sed '/ 0$/!d')
check_fails "metrics: nothing may follow" vpc_on h0 stats prometheus now
check "the number of drops" grep '^vpc_segments_dropped_total{reason="no_route"} [1-9]' "$tmp/metrics"
check "nothing is missing" grep '^vpc_segments_missing 0$' "$tmp/metrics"

# traced EVENT COMMAND...: perf counts the tracepoint while the command runs.
traced()
{
	local event=$1

	shift
	perf stat -a -x, -e "vpc:$event" -o "$tmp/perf" -- "$@" > /dev/null 2>&1
	cat "$tmp/perf"
	awk -F, -v event="vpc:$event" '$3 == event && $1 > 0 { found = 1 } END { exit !found }' \
		"$tmp/perf"
}

# recorded EVENT COMMAND...: the kernel records the tracepoint while the command runs.
recorded()
{
	local event=$1 instance=/sys/kernel/tracing/instances/observe-$$ status

	shift
	mkdir "$instance" && echo 1 > "$instance/events/vpc/$event/enable" || return
	"$@" > /dev/null 2>&1
	cat "$instance/trace"
	grep -q " $event: " "$instance/trace"
	status=$?
	echo 0 > "$instance/events/enable"
	rmdir "$instance"
	return "$status"
}

ping_from()
{
	in_ns vm0 ping -q -c 1 -W 1 "$1"
}
export -f ping_from in_ns
export topo

tracepoints()
{
	check "$1: a packet that is sent" "$2" vpc_translate bash -c 'ping_from 10.0.0.20'
	check "$1: one that arrives" "$2" vpc_accept bash -c 'ping_from 10.0.0.20'
	check "$1: one that is dropped" "$2" vpc_drop bash -c 'ping_from 10.0.0.99'
}

# User-mode Linux records tracepoints, but can't count events.
if [ -e /proc/sys/kernel/perf_event_paranoid ]; then
	check "there is perf" perf --version
	tracepoints perf traced
else
	tracepoints tracefs recorded
fi
tap_done
