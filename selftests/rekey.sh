#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Three edges change their keys under load, and not a packet is lost: the roll-out,
# a rekey each second in whatever order keys are published, traffic one way alone,
# a newcomer, and an edge that is made anew meanwhile.  $REKEY_SECONDS: how long
# each of the two series of rekeys lasts (20).

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

# Ciphers with vector registers are loaded by the CPU's name elsewhere.
modprobe -q -a aesni_intel sha256_ssse3

topo_up 1500 3
topo_talk
vm_add h2 1000 vm3 fd00::2:30 CC:2A:2A:00:02:1E 10.0.0.30 fd00::cc:0:30
tap_results "$lib/rekey.py" "$topo" "${REKEY_SECONDS:-20}"
tap_done
