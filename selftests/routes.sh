#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Route tables: the longest prefix, who may speak for it, states and their changes
# under traffic, refusals, batches, dumps and events.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

topo_up 1500 3
vm_add h0 1000 vma fd00::0:10 CC:2A:2A:00:00:0A 10.0.0.10 fd00::cc:0:10
vm_add h1 1000 vmb fd00::1:11 CC:2A:2A:00:00:0B 10.0.0.11 fd00::cc:0:11
vm_add h2 1000 vmc fd00::2:12 CC:2A:2A:00:00:0C 10.0.0.12 fd00::cc:0:12
vm_add h1 1000 vmd fd00::1:13 CC:2A:2A:00:00:0D 10.0.0.13 fd00::cc:0:13
vm_add h1 1001 vmx fd00::1:14 CC:2A:2A:00:00:0E 10.0.0.10 fd00::cc:0:10
vm_quiet vma vmb vmc vmd vmx
tap_results "$lib/routes.py" "$topo"
tap_done
