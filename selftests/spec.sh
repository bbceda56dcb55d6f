#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The netlink family, driven by its YNL spec: a client that knows nothing else
# configures, reads and traces, and finds every answer to be as the spec says.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

host=${topo}h0
python3 -c 'import yaml' 2> /dev/null || { skip "the spec" "there is no python3-yaml"; tap_done; }
topo_lone
tap_results "$lib/spec_client.py" "$host" "$(ip netns exec "$host" cat /sys/class/net/eth0/ifindex)"
tap_done
