#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The limits of Documentation/limits.rst, at the bound and one beyond; and memory
# under floods of packets from anybody.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

modprobe -q dummy numdummies=0
topo_up 1500
topo_talk
vm_quiet vm0 vmgtw vm1 vm2

tap_results "$lib/limits.py" "$topo" config
tap_results "$lib/limits.py" "$topo" flood

tap_done
