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

topo_scripted
tap_results "$lib/replays.py" "$topo"
tap_done
