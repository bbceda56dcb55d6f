#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Fabrics in fabrics: the device of an endpoint is the next edge's fabric, many times,
# and one packet made by hand goes through all of them, and so does a change of the MTU.
# Whoever has user namespaces can make as many, and the kernel's stack is not that deep.

# shellcheck disable=SC2317 # check calls them.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"

levels=40
base=vpc-nested-$$-

cleanup()
{
	local n

	for ((n = levels; n >= 0; n--)); do
		ip netns del "$base$n" 2> /dev/null
	done
	ip netns del "${base}sender" 2> /dev/null
}

# level N: an edge on what came from the level below, for a VM that is the next one.
level()
{
	local n=$1 ns=$base$1

	ip netns add "$base$((n + 1))"
	ip -n "$base$((n + 1))" link set lo up
	if ((n > 0)); then
		ip -n "$ns" link add link "vm$n" name fabric type macvlan mode passthru || return
		ip -n "$ns" link set "vm$n" up
	fi
	ip -n "$ns" link set fabric up || return
	vpc -n "$ns" -b - <<-END
		edge add edge locator fd00:$n::/64 fabric fabric max-segments 0 encrypt off
		vpc add 1000 vm$((n + 1))@edge fd00:$n::1 02:00:00:00:00:01 -6 fd00:$((n + 1))::1 netns $base$((n + 1)) nodefault
		vpc add 1000 fd00:$n:1::1 02:00:00:00:00:02 -6 fd00:$((n + 1)):1::1
	END
}

# SIDs and overlay addresses have the level in decimal, as it stands.
send()
{
	PYTHONDONTWRITEBYTECODE=1 python3 - "${base}sender" "$1" "$levels" "$lib" <<-'END'
		import sys
		netns, mac, levels = sys.argv[1], sys.argv[2], int(sys.argv[3])
		sys.path.insert(0, sys.argv[4])
		from packets import ETH_IPV6, Port, ethernet, ipv6, udp
		from packets import mac as parse_mac
		from vpcwire import UDP, encode, ip6
		def here(n): return ip6("fd00:%d::1" % n)
		def there(n): return ip6("fd00:%d:1::1" % n)
		src, dst = there(levels), here(levels)
		packet = ipv6(src, dst, UDP, udp(src, dst, b"to the bottom"))
		for n in reversed(range(levels)):
		    packet = encode(packet, 1000, there(n), here(n))
		port = Port(netns, "sender")
		for _ in range(50):
		    port.send(ethernet(parse_mac(mac), parse_mac("02:00:00:00:00:99"), ETH_IPV6, packet))
	END
}

# reached N: so many datagrams have come to the last VM, which nobody there expects.
reached()
{
	local got

	for _ in {1..100}; do
		got=$(ip netns exec "$base$levels" cat /proc/net/snmp6 |
			awk '$1 == "Udp6NoPorts" { print $2 }')
		[ "$got" -lt "$1" ] || break
		sleep 0.1
	done
	echo "$got have"
	[ "$got" -eq "$1" ]
}

built()
{
	local n

	for ((n = 0; n < levels; n++)); do
		level "$n" || return
	done
}

# follows MTU: the outermost fabric gets it, and the last VM what is left.
follows()
{
	local have

	ip -n "${base}0" link set fabric mtu "$1" || return
	have=$(ip netns exec "$base$levels" cat "/sys/class/net/vm$levels/mtu")
	echo "the MTU is $have"
	[ "$have" -eq $(($1 - 85 * levels)) ]
}

trap cleanup EXIT
modprobe -q macvlan || bail "there is no macvlan"
ip netns add "${base}sender"
ip netns add "${base}0"
ip link add fabric mtu 9000 netns "${base}0" type veth peer name sender mtu 9000 \
	netns "${base}sender" || bail "can't make the outermost fabric"
ip -n "${base}0" link set fabric address 02:00:00:00:00:01 up
ip -n "${base}sender" link set sender up

check "$levels fabrics, each in the one before" built
check "packets that lie in all of them" send 02:00:00:00:00:01
check "come out of the last" reached 50
for n in 0 3 $((levels - 1)); do
	check "what level $n was sent and got adds up" vpc -n "$base$n" stats audit
done
check "an MTU follows from fabric to fabric" follows 8000
tap_done
