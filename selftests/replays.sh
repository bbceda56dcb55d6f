#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The replay windows of all 256 lanes: inside and outside of them, across 2^32, and
# when the remote goes and comes; and sealed packets that an edge which is not to
# be trusted has made.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

modprobe -q -a aesni_intel sha256_ssse3

topo_up 1500 3
vpc_on h2 edge del vpc2_2
topo_talk
for address in "fd00::2:30 10.0.0.30" "fd00::3:30 10.0.0.40"; do
	vpc_on h0 vpc add 1000 "${address% *}" 02:00:00:00:00:30 -4 "${address#* }"
done
tap_results "$lib/replays.py" "$topo"
tap_done
