#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Edges and endpoint devices as netdevices: what they look like, that they can be
# renamed, moved and deleted from either end, and that many of them get along.

# shellcheck disable=SC2317 # check calls them.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

# no_link NAME DEV: the namespace has no such device.
no_link()
{
	fails_with "does not exist" ip -n "$topo$1" link show "$2"
}

# netdevices: devices and routes of h0.
netdevices()
{
	ip -n "${topo}h0" -o link
	ip -n "${topo}h0" -6 route
}

# routes: the prefixes with routes of the edge.
routes()
{
	ip -n "${topo}h0" -6 route show dev "$1" proto 118 | awk '{ print $1 }' | sort | xargs
}

mtu_of()
{
	in_ns "$1" cat "/sys/class/net/$2/mtu"
}

mtu_is()
{
	local mtu

	mtu=$(mtu_of "$1" "$2")
	echo "the MTU of $2 is $mtu"
	[ "$mtu" = "$3" ]
}

# statistic NAME DEV COUNTER
statistic()
{
	in_ns "$1" cat "/sys/class/net/$2/statistics/$3"
}

# ethtool_counter NAME DEV COUNTER
ethtool_counter()
{
	in_ns "$1" ethtool -S "$2" | awk -v key="$3:" '$1 == key { print $2 }'
}

fabric_mtu()
{
	ip -n "${topo}h0" link set eth0 mtu "$1"
}

# endpoint_routes NAME DEV V4 V6: what a tenant sets up in its VM.
endpoint_routes()
{
	in_ns "$1" sysctl -qw "net.ipv6.conf.$2.accept_dad=0"
	ip -n "$topo$1" -force -b - <<-END
		link set $2 up
		addr add $3/32 dev $2
		addr add $4/128 dev $2 nodad
		route add default via 169.254.1.1 dev $2 onlink
		route add default via fe80::1 dev $2 metric 512
	END
}

test_edge()
{
	check "an edge with further prefixes can be added" \
		vpc_on h0 edge add extra locator fd00:e::/64 fabric eth0 \
		prefix fd00:e1::5/128 prefix fd00:e2::/48
	check "its locator and prefixes have routes of protocol 118" \
		[ "$(routes extra)" = "fd00:e1::5 fd00:e2::/48 fd00:e::/64" ]
	check "the edge is a device of kind vpcedge" \
		has "vpcedge" ip -n "${topo}h0" -d link show extra
	check "the edge is found by its kind" \
		has "extra:" ip -n "${topo}h0" link show type vpcedge
	check "a prefix can be added and another one taken away" \
		vpc_on h0 edge set extra prefix add fd00:e3::/64 prefix del fd00:e2::/48
	check "and so are their routes" \
		[ "$(routes extra)" = "fd00:e1::5 fd00:e3::/64 fd00:e::/64" ]

	ip -n "${topo}h0" link add eth1 mtu 1400 type dummy
	refused "less than 1280" edge set extra fabric add eth1
	ip -n "${topo}h0" link set eth1 mtu 1450
	check "a fabric device can be added" vpc_on h0 edge set extra fabric add eth1
	check "the default MTU follows the smallest MTU of the fabric devices" \
		has "mtu auto (1293)" vpc_on h0 edge show extra
	check "a fabric device can be taken away" vpc_on h0 edge set extra fabric del eth1
	check "the default MTU leaves room for the worst overhead" \
		has "mtu auto (1343)" vpc_on h0 edge show extra
	check "fewer segments leave more room" \
		vpc_on h0 edge set extra max-segments 2
	check "namely 16 bytes for each" has "mtu auto (1375)" vpc_on h0 edge show extra
	check "no segments, no routing header" vpc_on h0 edge set extra max-segments 0
	check "which takes 8 bytes more" has "mtu auto (1415)" vpc_on h0 edge show extra
	check "the MTU can be set" vpc_on h0 edge set extra mtu 1300
	check "and is what new devices get" has "mtu 1300" vpc_on h0 edge show extra
	check "and can be left to the edge again" \
		vpc_on h0 edge set extra mtu auto max-segments 4
	check "the grace can be as long as documented" \
		vpc_on h0 edge set extra grace 86400
	vpc_on h0 edge set extra grace 10
	check "any device may be fabric" vpc_on h0 edge set extra fabric any
	check "without naming one" vpc_on h0 edge set extra fabric del eth0
	check "such an edge says so" has "fabric any" vpc_on h0 edge show extra
	vpc_on h0 edge set extra fabric add eth0 fabric any off
}

test_refused()
{
	local before after

	before=$(netdevices)
	refused "a device of this name exists" \
		edge add extra locator fd77::/112 fabric eth0
	refused "another edge has this prefix" \
		edge add more locator fd00::/112 fabric eth0
	refused "another edge has this prefix" \
		edge set extra prefix add fd00::/112
	refused "bits behind the prefix length" \
		edge add more locator fd77::1/112 fabric eth0
	refused "no host of a fabric" edge add more locator ff00::/112 fabric eth0
	refused "no host of a fabric" edge add more locator fe80::/64 fabric eth0
	refused "expected a device that exists" \
		edge add more locator fd77::/112 fabric nothing
	refused "no fabric devices" edge add more locator fd77::/112 fabric extra
	refused "fabric is missing" edge add more locator fd77::/112
	refused "locator is missing" edge add more fabric eth0
	refused "expected a number from 1280" \
		edge add more locator fd77::/112 fabric eth0 mtu 1279
	refused "exceed" edge add more locator fd77::/112 fabric eth0 mtu 1453
	refused "exceed" edge set extra mtu 1453
	refused "less than 1280" edge set extra max-segments 9
	refused "max-segments" edge set extra max-segments 17
	refused "option type" edge set extra option-type 0x1e
	refused "option type" edge set extra option-type 0xc2
	refused "option type" edge set extra option-type 0xe3
	refused "grace" edge set extra grace 86401
	refused "needs a fabric device" edge set extra fabric del eth0
	refused "does not have this fabric device" edge set extra fabric del eth1
	refused "fe00::/7" edge set extra prefix add fe00::/7
	refused "fd00::/112: another edge has this prefix" \
		edge set extra prefix add fd00::0:0/112
	refused "locator can't be taken away" edge set extra prefix del fd00:e::/64
	refused "does not have this prefix" edge set extra prefix del fd00:e2::/48
	refused "has this prefix already" edge set extra prefix add fd00:e3::/64
	refused "no edge has this name" edge set nothing grace 5
	refused "no edge has this name" edge del nothing
	refused "no edge has this name" edge del eth0

	after=$(netdevices)
	check "no refusal left a device or a route behind" [ "$before" = "$after" ]

	vpc_on h0 vpc add 3000 old@extra fd00:e1::5 CC:2A:2A:00:03:05 -4 10.3.0.5
	refused "needs the prefix" edge set extra prefix del fd00:e1::5/128
	refused "no edge has this name" \
		vpc add 3000 new@nothing fd00:e::1 CC:2A:2A:00:03:01 -4 10.3.0.1
	refused "no edge has this name" \
		vpc add 3000 new@eth0 fd00:e::1 CC:2A:2A:00:03:01 -4 10.3.0.1
	refused "none of the edge's prefixes" \
		vpc add 3000 new@extra fd00:e4::1 CC:2A:2A:00:03:01 -4 10.3.0.1
	refused "a device of this name exists" \
		vpc add 3000 old@extra fd00:e::1 CC:2A:2A:00:03:01 -4 10.3.0.1
	refused "the endpoint exists" \
		vpc add 3000 new@extra fd00:e1::5 CC:2A:2A:00:03:01 -4 10.3.0.1
	refused "endpoint of another VPC" \
		vpc add 3001 new@extra fd00:e1::5 CC:2A:2A:00:03:01 -4 10.3.0.1
	refused "the endpoint has a device of another name" \
		vpc replace 3000 new@extra fd00:e1::5 CC:2A:2A:00:03:01 -4 10.3.0.1
	refused "no endpoint has this VPC and SID" vpc del 3001 fd00:e1::5
	check "devices are not made by \"ip link add\"" \
		has "vpc vpc add" sh -c "! ip -n ${topo}h0 link add x type vpc 2>&1"
	check "and edges neither" \
		has "vpc edge add" sh -c "! ip -n ${topo}h0 link add x type vpcedge 2>&1"

	check "an edge can be deleted with its endpoint" vpc_on h0 edge del extra
	check "its routes are gone" has_not "extra" ip -n "${topo}h0" -6 route
	check "and the device of its endpoint" no_link h0 old
	check "and the endpoint" has_not "3000" vpc_on h0 vpc show
	ip -n "${topo}h0" link del eth1
}

# udp NAME ADDRESS N: send datagrams of 1000 bytes to where nobody listens.
udp()
{
	# shellcheck disable=SC2016 # The inner shell's variables.
	in_ns "$1" bash -c '
		printf -v data "%1000s"
		for ((i = 0; i < $2; i++)); do
			printf "%s" "$data" > "/dev/udp/$1/9"
		done' - "$2" "$3" 2> /dev/null
}

# counts LEAST MOST NAME DEV COUNTER BEFORE: it has grown by as much.
counts()
{
	local now n

	now=$(statistic "$3" "$4" "$5")
	n=$((now - $6))
	echo "$5 of $4 has grown by $n, expected $1 to $2"
	[ "$n" -ge "$1" ] && [ "$n" -le "$2" ]
}

test_look()
{
	local tx rx far_rx edge_tx edge_rx dropped

	check "an endpoint device can be made beside its edge" \
		vpc_on h0 vpc add 1000 near@vpc2_0 fd00::0:30 CC:2A:2A:00:00:1E -4 10.0.0.30
	check "it is shown as DEV@EDGE" has "near@vpc2_0:" ip -n "${topo}h0" link show near
	check "it has the endpoint's MAC" \
		has "link/ether cc:2a:2a:00:00:1e" ip -n "${topo}h0" link show near
	check "it is of kind vpc" has " vpc " ip -n "${topo}h0" -d link show near
	check "it is found by its kind" has "near@" ip -n "${topo}h0" link show type vpc
	check "a device elsewhere is linked to the namespace of its edge" \
		has "link-netns ${topo}h0" ip -n "${topo}vma" link show vma
	check "the edge tells where it is" \
		has "vma@vpc2_0 fd00::10 cc:2a:2a:00:00:0a -4 10.0.0.10 -6 fd00::cc:0:10 netns ${topo}vma" \
		vpc_on h0 vpc show 1000

	check "its MTU is what the fabric leaves" mtu_is vma vma $((1500 - 48 - 37 - 72))
	fabric_mtu 1600
	check "it follows the MTU of the fabric device" mtu_is vma vma $((1600 - 157))
	check "beside the edge, too" mtu_is h0 near $((1600 - 157))
	ip -n "${topo}vma" link set vma mtu 1400
	fabric_mtu 1500
	check "but not when the tenant has set it" mtu_is vma vma 1400
	check "others still follow" mtu_is h0 near $((1500 - 157))
	vpc_on h0 edge set vpc2_0 mtu 1400
	fabric_mtu 1700
	check "an MTU that the edge was given does not follow" mtu_is h0 near 1400
	vpc_on h0 edge set vpc2_0 mtu auto
	fabric_mtu 1500
	ip -n "${topo}vma" link set vma mtu 1343
	check "but it follows again when that is taken back" mtu_is h0 near $((1500 - 157))
	if ip -n "${topo}h0" link add above link near type macvlan mode passthru; then
		fabric_mtu 1480
		check "what is stacked on it follows in turn" mtu_is h0 above $((1480 - 157))
		fabric_mtu 1500
		ip -n "${topo}h0" link del above
	else
		skip "what is stacked on it follows in turn" "there is no macvlan"
	fi

	reach vma 10.0.0.20
	tx=$(statistic vma vma tx_bytes)
	rx=$(statistic vma vma rx_bytes)
	far_rx=$(statistic vmb vmb rx_packets)
	edge_tx=$(statistic h0 vpc2_0 tx_packets)
	edge_rx=$(statistic h1 vpc2_1 rx_packets)
	udp vma 10.0.0.20 20
	check "what a VM sends is transmitted by its device" \
		counts 20560 25000 vma vma tx_bytes "$tx"
	check "and is not received by it" counts 0 9000 vma vma rx_bytes "$rx"
	check "it is received by the other's device" \
		counts 20 30 vmb vmb rx_packets "$far_rx"
	check "it is transmitted by its edge" \
		counts 20 30 h0 vpc2_0 tx_packets "$edge_tx"
	check "and received by the other edge" \
		counts 20 30 h1 vpc2_1 rx_packets "$edge_rx"
	dropped=$(statistic vma vma tx_dropped)
	in_ns vma ping -q -c 3 -i 0.1 -W 1 10.0.0.99 > /dev/null
	check "what goes nowhere is dropped in transmission" \
		counts 3 6 vma vma tx_dropped "$dropped"

	if ! command -v ethtool > /dev/null; then
		skip "ethtool shows the device" "there is no ethtool"
		return
	fi
	check "ethtool shows the driver of an endpoint device" \
		has "driver: vpc" in_ns vma ethtool -i vma
	check "ethtool shows the driver of an edge" \
		has "driver: vpc" in_ns h0 ethtool -i vpc2_0
	check "a device has a link" has "Link detected: yes" in_ns vma ethtool vma
	check "TCP is left to be cut" \
		has "tcp-segmentation-offload: on" in_ns vma ethtool -k vma
	check "what can't be cut is not announced" \
		has "tx-udp_tnl-segmentation: off [fixed]" in_ns vma ethtool -k vma
	check "lists of fragments neither" \
		has "tx-gso-list: off [fixed]" in_ns vma ethtool -k vma
	check "offloads can be turned off" in_ns vma ethtool -K vma tso off gso off tx off
	check "and packets cross without" reach vma 10.0.0.20 fd00::cc:0:20
	in_ns vma ethtool -K vma tx on tso on gso on > /dev/null
	tx=$(ethtool_counter vma vma from_vm)
	rx=$(ethtool_counter vma vma to_vm)
	dropped=$(ethtool_counter vma vma no_route)
	in_ns vma ping -q -c 4 -i 0.1 10.0.0.20 > /dev/null
	in_ns vma ping -q -c 2 -i 0.1 -W 1 10.0.0.98 > /dev/null
	check "ethtool counts what came from the VM" \
		[ $(($(ethtool_counter vma vma from_vm) - tx)) -ge 6 ]
	check "ethtool counts what went to the VM" \
		[ $(($(ethtool_counter vma vma to_vm) - rx)) -ge 4 ]
	check "ethtool counts drops by reason" \
		[ $(($(ethtool_counter vma vma no_route) - dropped)) -eq 2 ]
}

test_move()
{
	bystander_begin vmc 10.0.0.12 vmb 10.0.0.20

	ip -n "${topo}vma" -b - <<-END
		link set vma down
		link set vma name nic0
	END
	endpoint_routes vma nic0 10.0.0.10 fd00::cc:0:10 2> /dev/null
	check "an endpoint device can be renamed" ip -n "${topo}vma" link show nic0
	check "the edge knows its new name" has "nic0@vpc2_0" vpc_on h0 vpc show 1000
	check "traffic goes on" reach vma 10.0.0.20 fd00::cc:0:20 10.0.0.12

	ip netns add "${topo}vmn" && topo_vms+="vmn "
	check "it can be moved to another namespace" \
		ip -n "${topo}vma" link set nic0 netns "${topo}vmn"
	endpoint_routes vmn nic0 10.0.0.10 fd00::cc:0:10
	check "the edge knows where it is" has "netns ${topo}vmn" vpc_on h0 vpc show 1000
	check "traffic goes on there" reach vmn 10.0.0.20 fd00::cc:0:20 10.0.0.12
	fabric_mtu 1600
	check "the MTU still follows" mtu_is vmn nic0 $((1600 - 157))
	fabric_mtu 1500
	check "it can be moved beside its edge" \
		ip -n "${topo}vmn" link set nic0 netns "${topo}h0"
	check "and is shown as DEV@EDGE" has "nic0@vpc2_0:" ip -n "${topo}h0" link show nic0
	check "and away again" ip -n "${topo}h0" link set nic0 netns "${topo}vma"
	ip -n "${topo}vma" link set nic0 name vma
	endpoint_routes vma vma 10.0.0.10 fd00::cc:0:10
	check "traffic goes on as before" reach vma 10.0.0.20 fd00::cc:0:20 10.0.0.12
	check "others have not lost a packet" bystander_end

	check_fails "an edge can't be moved" \
		ip -n "${topo}h0" link set vpc2_0 netns "${topo}vmn"
	check "an edge can be renamed" ip -n "${topo}h0" -b - <<-END
		link set vpc2_0 down
		link set vpc2_0 name border
	END
	check "it is known by its new name" has "border:" vpc_on h0 edge show border
	check "its endpoints, too" has "vma@border" vpc_on h0 vpc show 1000
	check "nothing passes while it is down" no_reach vma 10.0.0.20
	check "it comes up with its routes" vpc_on h0 edge set border up
	check "namely that of its locator" [ "$(routes border)" = "fd00::/112" ]
	check "traffic goes on" reach vma 10.0.0.20 fd00::cc:0:20
	refused "no edge has this name" \
		vpc add 1000 new@vpc2_0 fd00::0:40 CC:2A:2A:00:00:28 -4 10.0.0.40
	check "it takes new endpoints" \
		vpc_on h0 vpc add 1000 new@border fd00::0:40 CC:2A:2A:00:00:28 -4 10.0.0.40
	vpc_on h0 vpc del 1000 fd00::0:40
	ip -n "${topo}h0" -b - <<-END
		link set border down
		link set border name vpc2_0
	END
	vpc_on h0 edge set vpc2_0 up
}

test_delete()
{
	check "an endpoint device can be deleted where it is" \
		ip -n "${topo}vma" link del vma
	check "the endpoint goes with it" has_not "fd00::10 " vpc_on h0 vpc show 1000
	check "others stay" has "fd00::12 " vpc_on h0 vpc show 1000
	check "an endpoint can be added with its namespace" \
		vpc_on h0 vpc add 1000 vma@vpc2_0 fd00::0:10 CC:2A:2A:00:00:0A \
		-4 10.0.0.10 -6 fd00::cc:0:10 netns "${topo}vma"
	check "it has its addresses" has "inet 10.0.0.10/32" ip -n "${topo}vma" addr show vma
	check "and default routes" reach vma 10.0.0.20 fd00::cc:0:20
	check "that for IPv4 is the tool's" \
		has "default via 169.254.1.1" ip -n "${topo}vma" route show proto 118
	check "and that for IPv6" \
		has "default via fe80::1" ip -n "${topo}vma" -6 route show proto 118
	check "an endpoint can be deleted" vpc_on h0 vpc del 1000 fd00::0:10
	check "its device is gone" no_link vma vma
	vpc_on h0 vpc add 1000 vma@vpc2_0 fd00::0:10 CC:2A:2A:00:00:0A \
		-4 10.0.0.10 -6 fd00::cc:0:10 netns "${topo}vma" nodefault
	check "with \"nodefault\" there is no default route" \
		prints_nothing ip -n "${topo}vma" route show default
	# The edge's own advertisement may have brought another one.
	check "nor the tool's for IPv6" \
		prints_nothing ip -n "${topo}vma" -6 route show proto 118
	vpc_on h0 vpc del 1000 fd00::0:10

	vpc_on h0 vpc add 1000 vma@vpc2_0 fd00::0:10 CC:2A:2A:00:00:0A \
		-4 10.0.0.10 -6 fd00::cc:0:10 netns "${topo}vma"
	check "an edge can be deleted by \"ip link del\"" ip -n "${topo}h0" link del vpc2_0
	check "the devices of its endpoints are gone from their namespaces" no_link vma vma
	check "and from its own" no_link h0 near
	check "no edge is left" prints_nothing vpc_on h0 edge show
	check "remote endpoints are" has "fd00::1:20" vpc_on h0 vpc show 1000
	check "local ones are not" has_not "@" vpc_on h0 vpc show
	check "the same edge can be added again" \
		vpc_on h0 edge add vpc2_0 locator fd00::/112 fabric eth0
	vpc_on h0 vpc add 1000 vma@vpc2_0 fd00::0:10 CC:2A:2A:00:00:0A \
		-4 10.0.0.10 -6 fd00::cc:0:10 netns "${topo}vma"
	vpc_on h0 vpc add 1000 vmc@vpc2_0 fd00::0:12 CC:2A:2A:00:00:0C \
		-4 10.0.0.12 -6 fd00::cc:0:12 netns "${topo}vmc"
	check "and traffic is as before" reach vma 10.0.0.20 fd00::cc:0:20 10.0.0.12
}

# seal_second: the other host knows a key of each edge.
seal_second()
{
	local key

	topo_seal || return
	key=$(topo_keys h0 second)
	vpc_on h1 remote add fd00:2::/112 key "$key" &&
		vpc_on h0 edge set second encrypt required cipher chacha20-poly1305 &&
		[ "$key" != "$(topo_keys h0 vpc2_0)" ]
}

test_two_edges()
{
	check "a second edge can be added" \
		vpc_on h0 edge add second locator fd00:2::/112 fabric eth0
	ip -n "${topo}spine" route add fd00:2::/112 via fd00:f:0:0::2
	ip netns add "${topo}vme" && topo_vms+="vme "
	vpc_on h0 vpc add 1000 vme@second fd00:2::15 CC:2A:2A:00:00:0E \
		-4 10.0.0.15 -6 fd00::cc:0:15 netns "${topo}vme"
	vpc_on h1 vpc add 1000 fd00:2::15 CC:2A:2A:00:00:0E \
		-4 10.0.0.15 -6 fd00::cc:0:15
	check "endpoints of one edge reach each other" reach vma 10.0.0.12 fd00::cc:0:12
	check "endpoints of two edges, too" reach vma 10.0.0.15 fd00::cc:0:15
	check "and back" reach vme 10.0.0.10 fd00::cc:0:10
	check "and other hosts from the second edge" reach vme 10.0.0.20 fd00::cc:0:20
	check "and back from there" reach vmb 10.0.0.15 fd00::cc:0:15 10.0.0.10
	check "each has keys of its own" seal_second
	check "where sealed packets are required, they reach each other as well" \
		reach vma 10.0.0.15 fd00::cc:0:15
	check "and other hosts from both" reach vma 10.0.0.20 fd00::cc:0:20
	check "namely from the second" reach vme 10.0.0.20 fd00::cc:0:20
	check "and back from there" reach vmb 10.0.0.15 fd00::cc:0:15 10.0.0.10
	check "with one edge deleted" vpc_on h0 edge del second
	check "the other goes on" reach vma 10.0.0.12 10.0.0.20 fd00::cc:0:20
	check "what was sent and got adds up" vpc_on h0 stats audit
}

test_overlap()
{
	local before

	vm_add h0 2000 vmx fd00::0:70 CC:2A:2A:00:07:0A 10.0.0.10 fd00::cc:0:10
	vm_add h1 2000 vmy fd00::1:70 CC:2A:2A:00:07:14 10.0.0.20 fd00::cc:0:20
	vm_add h0 2000 vmz fd00::0:71 CC:2A:2A:00:07:1E 10.0.0.77 fd00::cc:0:77
	before=$(statistic vmb vmb rx_packets)
	check "addresses of one VPC can be those of another" \
		in_ns vmx ping -q -c 20 -i 0.02 10.0.0.20
	check "IPv6 ones, too" in_ns vmx ping -q -c 20 -i 0.02 fd00::cc:0:20
	check "the namesake in the other VPC gets nothing of it" \
		counts 0 3 vmb vmb rx_packets "$before"
	before=$(statistic vmy vmy rx_packets)
	check "nor the other way" in_ns vma ping -q -c 20 -i 0.02 10.0.0.20
	check "where it was counted" counts 0 3 vmy vmy rx_packets "$before"
	check "an address of another VPC is out of reach on the same host" \
		no_reach vma 10.0.0.77
	check "and from another host" no_reach vmb 10.0.0.77
	check "and by IPv6" no_reach vmb fd00::cc:0:77
	check "but not in its own VPC" reach vmy 10.0.0.77 fd00::cc:0:77
	check "no address of the fabric is within reach" no_reach vma fd00:f:0:1::2
	check "nor a SID" no_reach vma fd00::1:70
}

# Each of these hosts has its endpoint's device beside its edge.
test_many()
{
	local n many=20 hosts=() lost=0

	for ((n = 0; n < many; n++)); do
		hosts+=("m$n")
	done
	topo_vms+="${hosts[*]} "
	printf "netns add $topo%s\n" "${hosts[@]}" | ip -b - ||
		bail "can't add network namespaces"
	for ((n = 0; n < many; n++)); do
		cat <<-END
			link add to_m$n type veth peer name eth0 netns ${topo}m$n
			link set to_m$n up
			addr add fd00:f:1:$n::1/64 dev to_m$n nodad
			route add fd00:3:$n::/64 via fd00:f:1:$n::2
		END
	done | ip -n "${topo}spine" -b -
	for ((n = 0; n < many; n++)); do
		echo "vpc add 1000 fd00:3:$n::1 02:00:00:00:33:01 -4 10.3.0.$((n + 1))"
	done > "$tmp/remote"
	vpc_on h0 -batch "$tmp/remote"
	for ((n = 0; n < many; n++)); do
		ip -n "${topo}m$n" -b - <<-END
			link set lo up
			link set eth0 up
			addr add fd00:f:1:$n::2/64 dev eth0 nodad
			route add default via fd00:f:1:$n::1
		END
		vpc_on "m$n" -batch - <<-END
			edge add vpc0 locator fd00:3:$n::/64 fabric eth0
			vpc add 1000 vm@vpc0 fd00:3:$n::1 02:00:00:00:33:01 -4 10.3.0.$((n + 1))
			vpc add 1000 fd00::0:10 CC:2A:2A:00:00:0A -4 10.0.0.10
		END
		ip -n "${topo}m$n" -b - <<-END
			link set vpc0 up
			link set vm addrgenmode none up
			addr add 10.3.0.$((n + 1))/32 dev vm
			route add 10.0.0.0/24 via 169.254.1.1 dev vm onlink
		END
	done
	for ((n = 0; n < many; n++)); do
		reach vma "10.3.0.$((n + 1))" > /dev/null || lost=$((lost + 1))
	done
	check "$many namespaces with an edge each are all reached" [ $lost -eq 0 ]
	check "what is added in one is not in others" \
		[ "$(vpc_on m7 vpc show | wc -l)" -eq 2 ]
	printf "netns del $topo%s\n" "${hosts[@]}" | ip -b -
	check "they are gone soon after they were deleted" \
		eventually has_not to_m ip -n "${topo}spine" -o link show
	check "and have not disturbed the others" reach vma 10.0.0.12 10.0.0.20
}

tmp=$(mktemp -d)
topo_up 1500
trap 'topo_down; rm -rf "$tmp"' EXIT
test_edge
test_refused
vm_add h0 1000 vma fd00::0:10 CC:2A:2A:00:00:0A 10.0.0.10 fd00::cc:0:10
vm_add h0 1000 vmc fd00::0:12 CC:2A:2A:00:00:0C 10.0.0.12 fd00::cc:0:12
vm_add h1 1000 vmb fd00::1:20 CC:2A:2A:00:01:14 10.0.0.20 fd00::cc:0:20
test_look
test_move
test_delete
test_two_edges
test_overlap
# Those to come have no keys of others.
vpc_on h0 edge set vpc2_0 encrypt on
test_many
check "what was sent and got adds up on one host" vpc_on h0 stats audit
check "and on the other" vpc_on h1 stats audit
# Last, since a kernel that does not refuse it may be of no use any more.
refused "name" edge add "edge%d" locator fd77::/112 fabric eth0
tap_done
