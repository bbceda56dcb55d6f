#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Mutated netlink requests for every command, from root, from users, and from root
# of user namespaces.  $FUZZ_SECONDS: how long (20); $FUZZ_SEED: which (1).

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

topo_up 1500 1
vpc_on h0 vpc add 1000 vm0@vpc2_0 fd00::0:10 CC:2A:2A:00:00:0A -4 10.0.0.10 -6 fd00::cc:0:10
vpc_on h0 vpc add 1000 fd00::1:20 CC:2A:2A:00:01:14 -4 10.0.0.20 -6 fd00::cc:0:20

tap_results "$lib/fuzz_netlink.py" "$topo"

tap_done
