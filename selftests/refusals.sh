#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Requests that no tool would send: each is refused with a sentence about the
# attribute that is wrong, and changes nothing.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

host=${topo}h0
python3 -c 'import yaml' 2> /dev/null || { skip "refusals" "there is no python3-yaml"; tap_done; }
topo_lone
vpc -n "$host" edge add e0 locator fd00:7::/64 fabric eth0 || bail "can't add an edge"
vpc -n "$host" vpc add 1000 fd00:8::20 02:00:00:00:00:20 -4 10.0.0.2 ||
	bail "can't add an endpoint"
tap_results "$lib/refusals.py" "$host" "$(ip netns exec "$host" cat /sys/class/net/eth0/ifindex)"
tap_done
