#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sealed packets that were mutated: afterwards, as anybody on the fabric can, and
# before, as only an edge can that has a key; and mutated frames of VMs, which have
# to be sealed.  $FUZZ_SECONDS: how long (20); $FUZZ_SEED: which (1).

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

modprobe -q -a aesni_intel sha256_ssse3

topo_up 1500
topo_talk
vm_quiet vm0 vmgtw vm1 vm2
ip -n "${topo}vm0" link set vm0 mtu 1500
tap_results "$lib/fuzz_sealed.py" "$topo"
tap_done
