#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Counters: each reason to drop a packet is met and raises its one counter, all
# counters add up, and every tool tells the same.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

command -v ethtool > /dev/null || bail "there is no ethtool"
modprobe -q -a dummy act_mirred cls_matchall sch_ingress

topo_up 1500
# A test of it makes it small: topo_down makes it what it was, whatever comes.
topo_backlog
topo_talk
vm_add h0 1001 vm3 fd00::0:12 CC:2A:2A:00:00:0C 10.0.1.12 fd00::cc:1:12
in_ns vm3 ping -q -c 2 -i 0.1 -W 5 10.0.1.10 > /dev/null
vm_quiet vm0 vmgtw vm1 vm2 vm3

# An endpoint elsewhere with a SID of h1's locator, one that is not in use yet,
# one that there is no way to, and a device of h1 that is not of the fabric.
vpc_on h1 vpc add 1000 fd00::1:30 CC:2A:2A:00:01:1E -4 10.0.0.30
vpc_on h0 vpc add 1000 fd00::1:31 CC:2A:2A:00:01:1F -4 10.0.0.31 state standby
vpc_on h0 vpc add 1000 fd00::1:34 CC:2A:2A:00:01:22 -4 10.0.0.34
ip -n "${topo}h0" route add unreachable fd00::1:34/128
ip -n "${topo}spine" link add rogue type veth \
	peer name other netns "${topo}h1" address 02:00:00:00:01:03 ||
	bail "can't add a device"
ip -n "${topo}spine" link set rogue addrgenmode none
ip -n "${topo}spine" link set rogue up
ip -n "${topo}h1" link set other addrgenmode none
ip -n "${topo}h1" link set other up

tap_results "$lib/accounting.py" "$topo"

check "the audit's verdict is its status" vpc_on h0 stats audit
check_fails "the audit takes no arguments" vpc_on h0 stats audit all
check_fails "there are no counters of a remote endpoint" \
	vpc_on h0 stats show endpoint 1000 fd00::1:20
check_fails "nor of an edge that is not there" vpc_on h0 stats show edge vpc2_1
check_fails "nor of a VPC that is not known" vpc_on h0 stats show vpc 4711

tap_done
