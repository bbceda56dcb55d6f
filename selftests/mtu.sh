#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sizes: the MTU that follows from the fabric, the largest packets that fit, and
# what becomes of larger ones.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

# shellcheck disable=SC2317 # check calls it.
mtu_is()
{
	local have

	have=$(in_ns "$1" cat "/sys/class/net/$2/mtu")
	echo "the MTU is $have"
	[ "$have" -eq "$3" ]
}

# What the fabric has, and what endpoints get of it.
topo_up 1500
topo_talk
check "the default MTU on a fabric of 1500" mtu_is vm0 vm0 1343
ip -n "${topo}h0" link set eth0 mtu 1450
check "it follows when the fabric's changes" mtu_is vm0 vm0 1293
ip -n "${topo}h0" link set eth0 mtu 1500
check "both ways" mtu_is vm0 vm0 1343
ip -n "${topo}vm0" link set vm0 mtu 1300
ip -n "${topo}h0" link set eth0 mtu 1450
check "but not where a tenant has set another" mtu_is vm0 vm0 1300
ip -n "${topo}h0" link set eth0 mtu 1500
vpc_on h0 edge set vpc2_0 max-segments 0
check "without segments there is room for more" mtu_is vmgtw vmgtw 1415
check_fails "more than the fabric carries is refused" \
	vpc_on h0 edge set vpc2_0 mtu 1453
check "what it just carries is not" vpc_on h0 edge set vpc2_0 mtu 1452
check "and is what endpoints get" mtu_is vmgtw vmgtw 1452
vpc_on h0 edge set vpc2_0 mtu auto
vpc_on h0 edge set vpc2_0 max-segments 4
check "auto goes back to the default" mtu_is vmgtw vmgtw 1343
ip -n "${topo}h0" link set eth0 mtu 1436
check_fails "an edge on a fabric that is too small is refused" \
	vpc_on h0 edge add small locator fd00::9:0/112 fabric eth0
ip -n "${topo}h0" link set eth0 mtu 1437
check "one byte more is enough" \
	vpc_on h0 edge add small locator fd00::9:0/112 fabric eth0
vpc_on h0 edge del small
ip -n "${topo}h0" link set eth0 mtu 1500
tap_results "$lib/mtu.py" "$topo" limits
topo_down

topo_up 1500 3
topo_talk
vm_add h2 1000 vm3 fd00::2:30 CC:2A:2A:00:02:1E 10.0.0.30 fd00::cc:0:30
ip -n "${topo}spine" link set to_h1 mtu 1400
in_ns spine sysctl -qw net.ipv6.icmp.ratelimit=0
tap_results "$lib/mtu.py" "$topo" narrow
vm_add h0 1000 vm4 fd00::0:12 CC:2A:2A:00:00:28 10.0.0.40 fd00::cc:0:40
tap_results "$lib/mtu.py" "$topo" local
topo_down

topo_up 9000
topo_talk
check "the default MTU on a fabric of 9000" mtu_is vm0 vm0 8843
tap_results "$lib/mtu.py" "$topo" jumbo

tap_done
