#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Mixed traffic between three hosts while everything changes and the fabric has
# every fault: not a segment is missing in the end.  $SOAK_SECONDS: how long (50).

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

command -v ethtool > /dev/null || bail "there is no ethtool"
for module in sch_netem sch_ingress cls_flower cls_matchall act_gact; do
	modprobe -q $module
done

# gated N: let host N count what comes by its uplink.  What is damaged so that no
# NIC would take it ends there.
gated()
{
	tc -n "${topo}h$1" -b - <<-END
		qdisc add dev eth0 clsact
		filter add dev eth0 ingress pref 1 protocol ipv6 flower dst_mac 02:00:00:00:0$1:02 dst_ip fd00::$1:0/112 action pass
		filter add dev eth0 ingress pref 2 protocol ipv6 flower dst_ip ff02::16 action pass
		filter add dev eth0 ingress pref 3 protocol all matchall action drop
	END
}

# home_of NAME: a namespace for a device that moves.
home_of()
{
	ip netns add "$topo$1" || bail "can't add a network namespace"
	topo_vms+="$1 "
}

topo_up 1500 3
vm_add h0 1000 vm0 fd00::0:10 CC:2A:2A:00:00:0A 10.0.0.10 fd00::cc:0:10
vm_add h0 1000 vmgtw fd00::0:11 CC:2A:2A:00:00:0B 10.0.0.11 fd00::cc:0:11
vm_add h1 1000 vm2 fd00::1:20 CC:2A:2A:00:01:14 10.0.0.20 fd00::cc:0:20
vm_add h2 1000 vm3 fd00::2:30 CC:2A:2A:00:02:1E 10.0.0.30 fd00::cc:0:30
vm_add h1 1001 vm1 fd00::1:10 CC:2A:2A:00:01:0A 10.0.1.10 fd00::cc:1:10
vm_add h2 1001 vm4 fd00::2:31 CC:2A:2A:00:02:1F 10.0.1.30 fd00::cc:1:30
vm_add h0 1000 spare fd00::0:50 CC:2A:2A:00:00:32 10.0.0.50 -
for name in roamer1 roamer2 elsewhere; do
	home_of $name
done
for name in vm2 vm3; do
	ip -n "$topo$name" -b - <<-END || bail "can't give $name the service's addresses"
		addr add 10.8.0.1/32 dev lo
		addr add fd00:a8::1/128 dev lo nodad
	END
done
for host in h0 h1 h2; do
	vpc_on $host -b - <<-END || bail "can't add routes and a peering"
		route add 1000 10.8.0.1/32 via fd00::1:20 via fd00::2:30 hash l4
		route add 1000 fd00:a8::1/128 via fd00::1:20 via fd00::2:30 hash l4
		peer add 1000 1001
		peer add 1001 1000
		route add 1000 10.0.1.0/24 peer 1001
		route add 1001 10.0.0.0/24 peer 1000
	END
	where=()
	[ $host != h1 ] || where=(netns "${topo}roamer1")
	vpc_on $host vpc add 1000 ${where:+roamer@vpc2_1} fd00::1:40 CC:2A:2A:00:00:28 \
		-4 10.0.0.40 -6 fd00::cc:0:40 "${where[@]}" || bail "can't add the roamer"
done

topo_backlog

for n in 0 1 2; do
	# So that what is one segment on the fabric is one packet in its counters.
	in_ns h$n ethtool -K eth0 tso off tx-udp-segmentation off > /dev/null 2>&1
	tc -n "${topo}spine" qdisc add dev to_h$n root netem limit 20000 ||
		bail "there is no netem"
	gated $n || bail "can't count what comes in"
done
in_ns spine sysctl -qw net.ipv6.icmp.ratelimit=0

tap_results "$lib/soak.py" "$topo" "${SOAK_SECONDS:-50}"

for host in h0 h1 h2; do
	check "the audit of $host" vpc_on $host stats audit
done
tap_done
