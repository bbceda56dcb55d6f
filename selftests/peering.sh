#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Peerings: both VPCs have to agree, what a peer may reach, and who may not.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

topo_up 1500 3
# VPC 1000 and its peer 1001, whose peer is 1002.  vm1x has an address that vm2x has
# in the peer.
vm_add h0 1000 vm0 fd00::0:10 CC:2A:2A:00:00:0A 10.0.0.10 fd00::cc:0:10
vm_add h1 1001 vm1 fd00::1:11 CC:2A:2A:00:00:0B 10.0.1.11 fd00::cc:1:11
vm_add h1 1001 vm1r fd00::1:12 CC:2A:2A:00:00:0C 10.0.1.12 fd00::cc:1:12
vm_add h2 1002 vm2 fd00::2:13 CC:2A:2A:00:00:0D 10.0.2.13 fd00::cc:2:13
vm_add h0 1000 vm1x fd00::0:14 CC:2A:2A:00:00:0E 10.0.1.40 fd00::cc:1:40
vm_add h1 1001 vm2x fd00::1:15 CC:2A:2A:00:00:0F 10.0.1.40 fd00::cc:1:40
vm_quiet vm0 vm1 vm1r vm2 vm1x vm2x
tap_results "$lib/peering.py" "$topo"
tap_done
