#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A million routes in one VPC ($ROUTES; fewer where the kernel looks for faults):
# loaded, looked up, shown, deleted, and left to a namespace that goes, while packets go on.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

# A kernel that remembers each allocation has no room for a million, nor the time.
if [ -e /sys/kernel/debug/kmemleak ]; then
	export ROUTES=${ROUTES:-20000} MEMORY=n
fi
topo_up 1500 3
vm_add h0 1000 vma fd00::0:10 CC:2A:2A:00:00:0A 10.0.0.10 fd00::cc:0:10
vm_add h1 1000 vmb fd00::1:11 CC:2A:2A:00:00:0B 10.0.0.11 fd00::cc:0:11
vm_add h2 1000 vmc fd00::2:12 CC:2A:2A:00:00:0C 10.0.0.12 fd00::cc:0:12
vm_quiet vma vmb vmc
# What lets nobody else have his turn is to be noticed sooner than by default.
echo 10 > /proc/sys/kernel/watchdog_thresh
tap_results "$lib/many_routes.py" "$topo"
tap_done
