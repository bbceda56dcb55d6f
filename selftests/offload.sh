#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Offloads: GSO packets cross whole where they can, GRO merges what crossed in
# segments, and every checksum is one that a receiver may verify.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

command -v ethtool > /dev/null || bail "there is no ethtool"
# The devices that these modules make by themselves are of no use here.
fallback=$(sysctl -n net.core.fb_tunnels_only_for_init_net)
sysctl -qw net.core.fb_tunnels_only_for_init_net=2
for module in ipip sit ip_gre vxlan; do
	modprobe -q $module
done

topo_up 1500
trap 'topo_down; sysctl -qw net.core.fb_tunnels_only_for_init_net=$fallback' EXIT
topo_talk
vm_polite h0 vm0 vmgtw
in_ns h1 ethtool -K eth0 gro off > /dev/null

tap_results "$lib/offload.py" "$topo"

tap_done
