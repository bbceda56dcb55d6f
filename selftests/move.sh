#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# An endpoint keeps its SID when it moves to another host: the new edge takes the SID as
# a prefix of its own, and the fabric gets a route of full length for it.  TCP goes on.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

topo_up 1500 3
vm_add h0 1000 vm0 fd00::0:10 CC:2A:2A:00:00:0A 10.0.0.10 fd00::cc:0:10
vm_add h1 1000 vmm fd00::1:20 CC:2A:2A:00:01:14 10.0.0.20 fd00::cc:0:20
vm_add h2 1000 vm2 fd00::2:30 CC:2A:2A:00:02:1E 10.0.0.30 fd00::cc:0:30
tap_results "$lib/move.py" "$topo"
tap_done
