#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Each allocation fails once, in every netlink command and on the way of each kind
# of packet: nothing leaks, nothing is left half done, nothing is lost uncounted.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

if ! [ -e /proc/self/fail-nth ]; then
	skip "allocations fail" "this kernel injects no faults"
	tap_done
fi

# core_complains: the kernel's own sysctl code prints a stack when it has no memory
# for the directory of a new device.  Whatever else is in the log stays a complaint.
core_complains()
{
	local rest

	rest=$(klog_since "$tap_mark" | awk '
		/sysctl could not get directory/ { skip = 1; next }
		skip && /CPU:|Stack:|Call Trace:|Hardware name|TASK>|\[<|\+0x|\] +[0-9a-f ]+$/ { next }
		{ skip = 0; print }')
	if grep -Eq "$klog_pattern" <<< "$rest"; then
		diag <<< "$rest"
		return
	fi
	dmesg -C
}

topo_up 1500 2
topo_talk
tap_results "$lib/fail_nth.py" "$topo" commands
core_complains

vm_quiet vm0 vmgtw vm1 vm2
ip -n "${topo}vm0" link set vm0 mtu 1500
if modprobe -q tun; then
	tap_results "$lib/fail_nth.py" "$topo" packets
else
	skip "allocations fail on the way of packets" "there is no tun"
fi
check "everything is accounted for" vpc_on h0 stats audit
tap_done
