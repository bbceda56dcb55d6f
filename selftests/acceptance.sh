#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What is not on the path is dropped, each under its own reason, whether it
# comes from the fabric or from a VM.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

topo_up 1500
topo_talk
vm_quiet vm0 vmgtw vm1 vm2
# Its SID is of h1's locator, but it lives elsewhere.
check "an endpoint elsewhere may have a SID of the locator" \
	vpc_on h1 vpc add 1000 fd00::1:30 CC:2A:2A:00:01:1E -4 10.0.0.30

# A device of h1 that is not of the fabric.
ip -n "${topo}spine" link add rogue type veth \
	peer name other netns "${topo}h1" address 02:00:00:00:01:03 ||
	bail "can't add a device"
ip -n "${topo}spine" link set rogue addrgenmode none up
ip -n "${topo}h1" link set other addrgenmode none up

tap_results "$lib/acceptance.py" "$topo"

tap_done
