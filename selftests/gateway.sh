#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Gateways made of what Linux has: a VM that routes between two VPCs, NAT to a network
# that is no VPC, a floating address.  Built as Documentation/routing.rst says.

# shellcheck disable=SC2317 # check calls them.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"
export PYTHONDONTWRITEBYTECODE=1

# transfer CLIENT SERVER ADDRESS: a megabyte from one namespace to the other.  What does
# not come to an end fails by itself, not with the whole test.
transfer()
{
	timeout 60 python3 - "$lib" "$topo$1" "$topo$2" "$3" <<-'END'
		import os
		import sys
		sys.path.insert(0, sys.argv[1])
		from flows import transfer
		problems = transfer(*sys.argv[2:], os.urandom(1 << 20))
		print(*problems, sep="\n")
		sys.exit(bool(problems))
	END
}

# path_of CLIENT ADDRESS: the hops that traceroute sees.
path_of()
{
	in_ns "$1" timeout 60 traceroute -n -q 1 -w 5 -m 5 "$2" | awk 'NR > 1 { printf "%s ", $2 }'
}

# everywhere ARGUMENT...: on each host.
everywhere()
{
	local host

	for host in $topo_hosts; do
		vpc_on "$host" "$@" || return
	done
}

# seen_as FROM CLIENT SERVER ADDRESS PORT: the server sees the client come from there.
seen_as()
{
	timeout 60 python3 - "$lib" "$1" "$topo$2" "$topo$3" "$4" "$5" <<-'END'
		import socket
		import sys
		sys.path.insert(0, sys.argv[1])
		from flows import open_socket
		want, client, server, to, port = sys.argv[2:]
		listener = open_socket(server, socket.AF_INET, socket.SOCK_STREAM)
		listener.bind(("0.0.0.0", int(port)))
		listener.listen(1)
		sender = open_socket(client, socket.AF_INET, socket.SOCK_STREAM)
		sender.connect((to, int(port)))
		got = listener.accept()[1][0]
		print(got)
		sys.exit(got != want)
	END
}

topo_up 1500 2

# A router VM with an interface in each VPC: two endpoints in one namespace.
test_router()
{
	local host version vm to

	vm_add h0 1000 vm1 fd00::0:10 CC:2A:2A:00:00:0A 10.0.0.10 fd00::cc:0:10
	vm_add h1 1001 vm2 fd00::1:20 CC:2A:2A:00:01:14 10.0.1.20 fd00::cc:1:20
	check "two VPCs don't reach each other" no_reach vm1 10.0.1.20
	# The namespace is there when the second device comes.
	vm_add h0 1000 vmgtw0 fd00::0:11 CC:2A:2A:00:00:0B 10.0.0.11 fd00::cc:0:11
	for host in h0 h1; do
		if [ $host = h0 ]; then
			vpc_on h0 vpc add 1001 vmgtw1@vpc2_0 fd00::0:12 CC:2A:2A:00:00:0C \
				-4 10.0.1.11 -6 fd00::cc:1:11 netns "${topo}vmgtw0" nodefault
		else
			vpc_on h1 vpc add 1001 fd00::0:12 CC:2A:2A:00:00:0C \
				-4 10.0.1.11 -6 fd00::cc:1:11
		fi || bail "can't add the router's second interface"
	done
	in_ns vmgtw0 sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip -n "${topo}vmgtw0" route add 10.0.1.0/24 dev vmgtw1
	ip -n "${topo}vmgtw0" route add fd00::cc:1:0/112 dev vmgtw1
	everywhere route add 1000 10.0.1.0/24 via fd00::0:11
	everywhere route add 1000 fd00::cc:1:0/112 via fd00::0:11
	check "with a route on one side no answer comes" no_reach vm1 10.0.1.20
	everywhere route add 1001 10.0.0.0/24 via fd00::0:12
	everywhere route add 1001 fd00::cc:0:0/112 via fd00::0:12
	check "through a router VM they do" eventually reach vm1 10.0.1.20 fd00::cc:1:20
	check "and back" eventually reach vm2 10.0.0.10 fd00::cc:0:10
	check "TCP over IPv4" transfer vm1 vm2 10.0.1.20
	check "TCP over IPv6" transfer vm1 vm2 fd00::cc:1:20
	check "TCP over IPv4, back" transfer vm2 vm1 10.0.0.10
	check "TCP over IPv6, back" transfer vm2 vm1 fd00::cc:0:10
	check "traceroute sees the router" has "10.0.0.11 10.0.1.20" path_of vm1 10.0.1.20
	check "and by IPv6" has "fd00::cc:0:11 fd00::cc:1:20" path_of vm1 fd00::cc:1:20
	check "the trace names the route" has "via fd00::11" \
		vpc_on h0 trace 1000 from 10.0.0.10 to 10.0.1.20
	# To the router is on this host, behind it is the fabric.
	for vm in "vm1 vm1" "vm2 vm2" "vmgtw0 vmgtw0" "vmgtw0 vmgtw1"; do
		ip -n "$topo${vm% *}" link set "${vm#* }" mtu 1500
	done
	check "too large behind the router: it is told whose packet it was" fails_with "mtu = 1464" \
		in_ns vm1 ping -c 1 -W 2 -M "do" -s 1472 10.0.1.20
	check "and by IPv6" fails_with "mtu=1460" in_ns vm1 ping -c 1 -W 2 -M "do" -s 1452 fd00::cc:1:20
	for to in 10.0.1.20 fd00::cc:1:20; do
		in_ns vm1 ip route flush cache
		in_ns vm1 ip -6 route flush cache
		check "so that TCP finds the size: $to" transfer vm1 vm2 $to
	done
	in_ns vmgtw0 sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
	for version in 10.0.1.20 fd00::cc:1:20; do
		check "a router that does not forward: $version" no_reach vm1 $version
	done
}

# A namespace with an endpoint and a leg in a network that is no VPC.  Both ends need a
# link-local address: for a packet whose source is not an address of that device, Linux
# solicits a neighbour from there, or not at all.
test_nat()
{
	vm_add h1 1000 nat fd00::1:30 CC:2A:2A:00:01:1E 10.0.0.30 fd00::cc:0:30
	ip netns add "${topo}internet" || bail "can't add a network namespace"
	topo_vms+="internet "
	ip -n "${topo}nat" link add wan type veth peer name eth0 netns "${topo}internet"
	ip -n "${topo}nat" -b - <<-END
		link set wan addrgenmode none up
		addr add 192.0.2.1/24 dev wan
		addr add 2001:db8::1/64 dev wan nodad
		addr add fe80::1/64 dev wan nodad
	END
	ip -n "${topo}internet" -b - <<-END
		link set lo up
		link set eth0 addrgenmode none up
		addr add 192.0.2.99/24 dev eth0
		addr add 2001:db8::99/64 dev eth0 nodad
		addr add fe80::99/64 dev eth0 nodad
		addr add 198.51.100.1/32 dev lo
		addr add 2001:db8:1::1/128 dev lo nodad
	END
	# What the VPC does not have goes out, what the VPC has comes in.
	ip -n "${topo}nat" -b - <<-END
		route replace default via 192.0.2.99 dev wan
		route replace default via 2001:db8::99 dev wan metric 1
		route add 10.0.0.0/24 via 169.254.1.1 dev nat onlink
		route add fd00::cc:0:0/112 via fe80::1 dev nat
	END
	in_ns nat sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	in_ns nat nft -f - <<-END || bail "nft does not take the rules"
		table inet gateway {
			chain out {
				type nat hook postrouting priority srcnat;
				oifname wan ip saddr 10.0.0.10 snat ip to 192.0.2.10
				oifname wan masquerade
			}
			chain in {
				type nat hook prerouting priority dstnat;
				iifname wan ip daddr 192.0.2.10 dnat ip to 10.0.0.10
			}
		}
	END
	vm_add h0 1000 vm3 fd00::0:13 CC:2A:2A:00:00:0D 10.0.0.13 fd00::cc:0:13
	check "without a route there is no way out" no_reach vm3 198.51.100.1
	everywhere route add 1000 0.0.0.0/0 via fd00::1:30
	everywhere route add 1000 ::/0 via fd00::1:30
	check "a NAT gateway is a way out" eventually reach vm3 198.51.100.1 2001:db8:1::1
	check "TCP over IPv4 by the NAT" transfer vm3 internet 198.51.100.1
	check "TCP over IPv6 by the NAT" transfer vm3 internet 2001:db8:1::1
	check "behind the gateway's address" seen_as 192.0.2.1 vm3 internet 198.51.100.1 4444
	check "traceroute sees the gateway" has "10.0.0.30 198.51.100.1" \
		path_of vm3 198.51.100.1
	ip -n "${topo}nat" addr add 192.0.2.10/32 dev wan
	check "a floating address: who has it goes out by it" \
		seen_as 192.0.2.10 vm1 internet 198.51.100.1 4445
	check "and is reached by it" eventually reach internet 192.0.2.10
	check "and by TCP" seen_as 192.0.2.99 internet vm1 192.0.2.10 4446
	check "a VPC has no other way in" no_reach internet 10.0.0.13
	check "the other VPC has no way out" no_reach vm2 198.51.100.1
}

test_router
test_nat
for host in h0 h1; do
	check "every packet of $host is accounted for" vpc_on $host stats audit
done
tap_done
