#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Ciphers that never work at once: every packet waits for the kernel's crypto daemon.
# What it is sealed with, and the device that it came from, may go meanwhile.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

modprobe -q -a aesni_intel cryptd algif_aead
topo_up 1500 3
vpc_on h2 edge del vpc2_2
topo_talk
vpc_on h0 vpc add 1000 fd00::2:30 02:00:00:00:00:30 -4 10.0.0.30
tap_results "$lib/async_crypto.py" "$topo"
tap_done
