#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A VM behind its endpoint device, instead of a container that has the device
# itself: by way of a bridge, macvlan, macvtap or Open vSwitch.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

# What a bridge port must have instead of the endpoint's MAC.
port_mac=02:00:00:00:99:01
vm_mac=CC:2A:2A:00:00:0A

# on_h0: run the lines of the standard input with ip on h0.
on_h0()
{
	ip -n "${topo}h0" -b -
}

# vm_kernel: set up the VM's NIC as a tenant does, without DHCP.  Routers are
# found by their advertisements.
vm_kernel()
{
	in_ns vm0 sysctl -qw net.ipv6.conf.all.disable_ipv6=0 \
		net.ipv6.conf.vm0.disable_ipv6=0 net.ipv6.conf.vm0.accept_dad=0 \
		net.ipv6.conf.vm0.router_solicitation_delay=0 &&
		ip -n "${topo}vm0" -b - <<-END
			link set vm0 up
			addr add 10.0.0.10/32 dev vm0
			addr add fd00::cc:0:10/128 dev vm0 nodad
			route add default via 169.254.1.1 dev vm0 onlink
		END
}

# vm_by_veth: give the VM a NIC that ends in the device "port" of h0.
vm_by_veth()
{
	on_h0 <<-END
		link add port mtu 1343 type veth peer name vm0 netns ${topo}vm0 mtu 1343 address $vm_mac
		link set port addrgenmode none
	END
}

# advertised: the VM has learned its router, and the MTU of its link.
# shellcheck disable=SC2317 # check calls it.
advertised()
{
	local route

	for _ in {1..100}; do
		route=$(ip -n "${topo}vm0" -6 route show default)
		[[ $route == *"via fe80::1 dev vm0 proto ra"* ]] && break
		sleep 0.1
	done
	echo "default route: $route"
	[[ $route == *"via fe80::1 dev vm0 proto ra"* ]] || return
	[ "$(in_ns vm0 sysctl -n net.ipv6.conf.vm0.mtu)" -eq 1343 ]
}

# pings: the VM is reached, and reaches the other host, its own host's other VM
# and not the host itself.
# shellcheck disable=SC2317 # check calls it.
pings()
{
	local address

	for address in 10.0.0.20 10.0.0.11 fd00::cc:0:20 fd00::cc:0:11; do
		in_ns vm0 ping -q -c 2 -i 0.1 -W 5 "$address" || return
	done
	in_ns vm2 ping -q -c 2 -i 0.1 -W 5 10.0.0.10 &&
		in_ns vm2 ping -q -c 2 -i 0.1 -W 5 fd00::cc:0:10
}

# carried HOW [ARGUMENT...]: test points for a VM with a kernel.
carried()
{
	diag "$1"
	vm_kernel || not_ok "the VM's NIC can be set up"
	check "the VM finds router and MTU by advertisements" advertised
	check "it pings, and is pinged" pings
	tap_results "$lib/attach.py" "$topo" kernel "${@:2}"
	ip -n "${topo}vm0" link del vm0
}

# ovs_up: start Open vSwitch on h0, with nothing of it outside of $ovs.
ovs_up()
{
	export OVS_RUNDIR=$ovs OVS_LOGDIR=$ovs OVS_DBDIR=$ovs OVS_SYSCONFDIR=$ovs
	ovsdb-tool create "$ovs/conf.db" /usr/share/openvswitch/vswitch.ovsschema &&
		in_ns h0 ovsdb-server --detach --no-chdir --pidfile \
			--remote="punix:$ovs/db.sock" "$ovs/conf.db" &&
		ovs-vsctl --no-wait init &&
		in_ns h0 ovs-vswitchd --detach --no-chdir --pidfile "unix:$ovs/db.sock"
}

ovs=$(mktemp -d)
topo_up 1500
trap 'topo_down; rm -rf "$ovs"' EXIT
vm_add h0 1000 vmgtw fd00::0:11 CC:2A:2A:00:00:0B 10.0.0.11 fd00::cc:0:11
vm_add h1 1000 vm2 fd00::1:20 CC:2A:2A:00:01:14 10.0.0.20 fd00::cc:0:20
vm_add h1 1001 vm1 fd00::1:10 CC:2A:2A:00:01:0A 10.0.1.10 fd00::cc:1:10
ip netns add "${topo}vm0" || bail "can't add a network namespace"
topo_vms+="vm0 "
check "an endpoint device can be made beside its edge" \
	vpc_on h0 vpc add 1000 port0@vpc2_0 fd00::0:10 $vm_mac -4 10.0.0.10 -6 fd00::cc:0:10
vpc_on h1 vpc add 1000 fd00::0:10 $vm_mac -4 10.0.0.10 -6 fd00::cc:0:10
on_h0 <<-END
	link set port0 addrgenmode none
	link set port0 up
END

if modprobe -q bridge; then
	check "it can be a bridge's port, with another address" on_h0 <<-END
		link add br0 address 02:00:00:00:99:02 type bridge mcast_snooping 0
		link set br0 addrgenmode none
		link set br0 up
		link set port0 address $port_mac master br0
	END
	vm_by_veth
	on_h0 <<< "link set port master br0 up"
	carried "behind a bridge" br0
	if modprobe -q tun; then
		diag "a tap device behind a bridge"
		tap_results "$lib/attach.py" "$topo" tun br0
	else
		skip "a tap device behind a bridge" "there is no tun"
	fi
	on_h0 <<-END
		link del br0
		link set port0 address $vm_mac
	END
else
	skip "behind a bridge" "there is no bridge"
fi

if modprobe -q macvlan; then
	check "a macvlan device in passthru mode can be put on it" on_h0 <<-END
		link add vm0 link port0 type macvlan mode passthru
		link set vm0 netns ${topo}vm0
	END
	carried "behind macvlan"
else
	skip "behind macvlan" "there is no macvlan"
fi

if modprobe -q macvtap; then
	check "a macvtap device in passthru mode can be put on it" on_h0 <<-END
		link add tap0 link port0 type macvtap mode passthru
		link set tap0 addrgenmode none
		link set tap0 up
	END
	tap_results "$lib/attach.py" "$topo" macvtap tap0
	on_h0 <<< "link del tap0"
else
	skip "behind macvtap" "there is no macvtap"
fi

if ! command -v ovs-vswitchd > /dev/null; then
	skip "behind Open vSwitch" "there is no ovs-vswitchd"
elif ! modprobe -q openvswitch; then
	skip "behind Open vSwitch" "there is no openvswitch"
elif ! ovs_up > "$ovs/output" 2>&1; then
	skip "behind Open vSwitch" "it does not start: $(tail -n 1 "$ovs/output")"
else
	vm_by_veth
	on_h0 <<< "link set port up"
	check "it can be a port of Open vSwitch" ovs-vsctl --timeout=30 add-br ovs0 -- \
		add-port ovs0 port0 -- add-port ovs0 port
	carried "behind Open vSwitch"
	check "and be taken away from it" ovs-vsctl --timeout=30 del-br ovs0
fi

check "what was sent and got adds up" vpc_on h0 stats audit
check "and on the other host" vpc_on h1 stats audit

tap_done
