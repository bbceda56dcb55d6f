#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who may do what: users, root of a user namespace with a network namespace of its
# own, and a tenant that has an endpoint's device in such a one.

# shellcheck disable=SC2317 # check calls them.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

user=(setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all)
tmp=$(mktemp -d)
# Wherever the tool lies, a user may have no way there.
chmod 755 "$tmp"
if command -v vpc > /dev/null; then
	install -m 755 "$(command -v vpc)" "$tmp/vpc"
	PATH=$tmp:$PATH
fi
chmod 755 "$tmp"

# as_user COMMAND...: run COMMAND on h0 as a user without capabilities.
as_user()
{
	in_ns h0 "${user[@]}" "$@"
}

# as_tenant COMMAND...: run COMMAND as root of the user namespace that owns the
# network namespace "tenant".
as_tenant()
{
	nsenter --preserve-credentials -S 0 -t "$tenant" -U -n "$@"
}

# new_tenant: make its namespaces, and wait until they are there.
new_tenant()
{
	local i

	"${user[@]}" unshare -Urn bash -c 'echo $$; exec sleep infinity' \
		> "$tmp/tenant" &
	for ((i = 0; i < 200; i++)); do
		[ ! -s "$tmp/tenant" ] || break
		sleep 0.05
	done
	tenant=$(< "$tmp/tenant")
	[ -n "$tenant" ] && ip netns attach "${topo}tenant" "$tenant"
}

# state: all that is configured on h0 and in a VM, but for the tenant's endpoint.
state()
{
	vpc_on h0 save | grep -E "^(route|peer|remote)"
	printf '%s\n' "edge show" "vpc show" | vpc_on h0 -j -batch - |
		sed -E 's/,?\{[^{}]*"sid":"fd00::30"[^{}]*\}//; s/"endpoints":[0-9]+//'
	printf '%s\n' link addr route | ip -n "${topo}h0" -o -b -
	# What is tentative is so for a moment only.
	printf '%s\n' link addr route | ip -n "${topo}vmgtw" -o -b - |
		sed 's/ tentative//'
}

# unchanged DESC: ok if the state is what it was when the test began.
unchanged()
{
	local now

	now=$(state)
	if [ "$now" = "$begin" ] && [[ $now == *'"sid":"fd00::10"'*vmgtw@* ]]; then
		ok "$1"
		return
	fi
	not_ok "$1"
	diff <(echo "$begin") <(echo "$now") | diag
}

# fails DESC MESSAGE COMMAND...: the command fails with that message.
fails()
{
	local desc=$1 message=$2 output status

	shift 2
	output=$("$@" 2>&1)
	status=$?
	if [ $status -gt 0 ] && [ $status -lt 124 ] && [[ $output == *"$message"* ]]; then
		ok "$desc"
		return
	fi
	not_ok "$desc"
	diag "status $status of: $*"
	diag "expected: $message"
	diag <<< "$output"
}

# users_commands: commands of the tool, none of which is a user's to give.
users_commands()
{
	cat <<-END
		edge add mine locator fd00:9::/64 fabric eth0
		edge set vpc2_0 grace 5
		edge del vpc2_0
		vpc add 1000 new@vpc2_0 fd00::0:40 CC:2A:2A:00:00:28 -4 10.0.0.40
		vpc add 1000 fd00::1:40 CC:2A:2A:00:00:28 -4 10.0.0.40 state standby
		vpc replace 1000 fd00::1:20 CC:2A:2A:00:00:28 -4 10.0.0.40
		vpc set 1000 fd00::1:20 state standby
		vpc del 1000 fd00::1:20 now
		edge show
		edge show vpc2_0
		vpc show
		vpc show 1000 fd00::1:20
		stats
		stats audit
		stats show vpc 1000
		stats show endpoint 1000 fd00::10
		trace 1000 from 10.0.0.10 to 10.0.0.20
		route add 1000 10.9.0.0/16 blackhole
		route show
		peer add 1000 1001
		peer show
		edge rekey vpc2_0 now
		remote del fd00::1:0/112 now
		remote show
		save
	END
}

# users_links: the same of ip.
users_links()
{
	cat <<-END
		link add mine type vpcedge
		link add mine link vpc2_0 type vpc
		link del vpc2_0
		link del beside
		link set vpc2_0 down
		link set beside address 02:00:00:00:00:01
	END
}

# denied_all FILE COMMANDS: each of the commands has got its EPERM.
denied_all()
{
	cat "$1"
	[ "$(grep -c "Operation not permitted" "$1")" -eq "$(wc -l < "$2")" ]
}

test_user()
{
	local kinds

	cp "$(command -v vpc)" "$tmp/vpc"
	users_commands > "$tmp/commands"
	as_user "$tmp/vpc" -force -b - < "$tmp/commands" > "$tmp/out" 2>&1
	check "a user is refused every command" denied_all "$tmp/out" "$tmp/commands"
	users_links > "$tmp/commands"
	as_user ip -force -b - < "$tmp/commands" > "$tmp/out" 2>&1
	check "and every change of edges and endpoint devices" \
		denied_all "$tmp/out" "$tmp/commands"
	unchanged "which have changed nothing"
	fails "a user is told of no change" "Operation not permitted" \
		as_user timeout 5 "$tmp/vpc" monitor
	check "a user can read a device's statistics, as of any device" \
		has "beside@vpc2_0" as_user ip -s link show beside

	kinds=/sys/kernel/tracing/events/vpc
	if ! [ -d $kinds ]; then
		skip "a user can't read what is traced" "there is no tracefs"
		return
	fi
	check "root can read what is traced" cat $kinds/vpc_drop/format
	check_fails "a user can't read what is traced" \
		"${user[@]}" cat $kinds/vpc_drop/format
}

# A tenant's own edge, fabric and endpoints, none of which is anyone else's.
test_own()
{
	as_tenant ip -b - <<-END
		link add eth9 type dummy
		link set eth9 up
	END
	check "root of a user namespace can have edges and endpoints in its own" \
		as_tenant vpc -b - <<-END
		edge add mine locator fd00:9::/64 fabric eth9
		edge set mine grace 5 prefix add fd00:a::/64
		vpc add 1000 own@mine fd00:9::10 CC:2A:2A:00:00:0A -4 10.0.0.10
		vpc add 1000 fd00::1:20 CC:2A:2A:00:01:14 -4 10.0.0.20
		vpc replace 1000 fd00::1:20 CC:2A:2A:00:01:15 -4 10.0.0.20
		vpc set 1000 fd00::1:20 state standby
		vpc set 1000 fd00::1:20 state active
		trace 1000 from 10.0.0.20 to 10.0.0.10
		stats audit
		save
	END
	check "it sees its own edge only" has_not vpc2_0 as_tenant vpc edge show
	check "and its own endpoints" has_not "fd00::10 " as_tenant vpc vpc show
	unchanged "this is nobody else's configuration"

	fails "it can't name an edge of another namespace" "no edge has this name" \
		as_tenant vpc vpc add 1000 evil@vpc2_0 fd00::0:41 CC:2A:2A:00:00:29 -4 10.0.0.41
	fails "it can't make a device in a namespace that is not its own" \
		"not permitted in that network namespace" \
		as_tenant vpc vpc add 1000 evil@mine fd00:9::41 CC:2A:2A:00:00:29 \
		-4 10.0.0.41 netns "${topo}vmgtw"
	check "nor is there anything left of the attempt" \
		has_not fd00:9::41 as_tenant vpc vpc show
	fails "it can't move one there" "Operation not permitted" \
		as_tenant ip link set own netns "${topo}vmgtw"
	check_fails "a fabric device must be one of its own namespace" \
		as_tenant vpc edge set mine fabric add eth0

	check "it can delete an endpoint" as_tenant vpc vpc del 1000 fd00::1:20 now
	check "and a device" as_tenant ip link del own
	check "and its edge" as_tenant vpc edge del mine
	unchanged "this is nobody else's configuration either"
}

# link_of DEV KEY: what ip says about the tenant's device.
link_of()
{
	as_tenant ip -j link show dev "$1" |
		python3 -c 'import json, sys; print(json.load(sys.stdin)[0][sys.argv[1]])' "$2"
}

test_edge_elsewhere()
{
	local id index

	vpc_on h0 vpc add 1000 ten0@vpc2_0 fd00::0:30 CC:2A:2A:00:00:1E \
		-4 10.0.0.30 -6 fd00::cc:0:30 netns "${topo}tenant"
	vpc_on h1 vpc add 1000 fd00::0:30 CC:2A:2A:00:00:1E -4 10.0.0.30 -6 fd00::cc:0:30
	check "a tenant's namespace can be given an endpoint's device" \
		as_tenant ping -q -c 1 -W 5 10.0.0.20
	as_tenant vpc -j -b - <<-END > "$tmp/out" 2>&1
		edge show
		vpc show
	END
	check "the tenant sees no object of its edge's namespace" \
		[ "$(tr -d '\n' < "$tmp/out")" = "[][]" ]
	check_fails "nor can it trace there" \
		as_tenant vpc trace 1000 from 10.0.0.30 to 10.0.0.20

	id=$(link_of ten0 link_netnsid)
	index=$(in_ns h0 cat /sys/class/net/vpc2_0/ifindex)
	check "the device tells where its edge is" \
		[ "$(link_of ten0 link_index)" = "$index" ]
	fails "the tenant can't make another device on that edge" \
		"Operation not permitted" \
		as_tenant ip link add evil link-netnsid "$id" type vpc
	fails "nor in that namespace" "Operation not permitted" \
		as_tenant ip link add evil netns "${topo}h0" type vpc
	fails "nor an edge there" "Operation not permitted" \
		as_tenant ip link add evil netns "${topo}h0" type vpcedge
	check_fails "it has made none" as_tenant ip link show evil
	unchanged "nor has it changed anything there"
}

# untouched DESC COMMAND...: the tenant does something to its device that succeeds
# and changes nothing else.
untouched()
{
	local desc=$1

	shift
	check "a tenant can $desc" as_tenant "$@" &&
		unchanged "... which is its device's affair alone"
}

test_device()
{
	local i inner other

	bystander_begin vmgtw 10.0.0.11 vm2 10.0.0.20
	untouched "take its device down" ip link set ten0 down
	untouched "rename it" ip link set ten0 name nic0
	check "the edge knows its name" has "nic0@vpc2_0" vpc_on h0 vpc show 1000
	untouched "take it up" ip link set nic0 up
	untouched "change its MAC" ip link set nic0 address 02:00:00:00:00:99
	check "the endpoint's MAC is what it was" \
		has "fd00::30 cc:2a:2a:00:00:1e" vpc_on h0 vpc show 1000
	untouched "change its MAC back" ip link set nic0 address CC:2A:2A:00:00:1E
	untouched "make its MTU the largest" ip link set nic0 mtu 65535
	untouched "make its MTU the smallest" ip link set nic0 mtu 68
	untouched "make its MTU a common one" ip link set nic0 mtu 1280
	untouched "turn off its offloads" \
		ethtool -K nic0 tx off rx off tso off gso off gro off sg off
	untouched "see all that arrives" ip link set nic0 promisc on
	untouched "give it an alias" ip link set nic0 alias mine
	untouched "make it a port of a bridge" bash -c \
		'ip link add br0 type bridge && ip link set nic0 master br0 && ip link del br0'

	as_tenant unshare -n bash -c 'echo $$; exec sleep infinity' > "$tmp/inner" &
	inner=$!
	for ((i = 0; i < 400; i++)); do
		[ ! -s "$tmp/inner" ] || break
		sleep 0.05
	done
	other=$(< "$tmp/inner")
	untouched "move it to another namespace of its own" \
		ip link set nic0 netns "$other"
	check "the edge has it still" has "nic0@vpc2_0 fd00::30" vpc_on h0 vpc show 1000
	check "it can move it back" \
		nsenter --preserve-credentials -S 0 -t "$other" -U -n \
		ip link set nic0 netns "$tenant"
	kill "$other"
	wait "$inner" 2> /dev/null
	fails "it can't move it to where it may not" "Operation not permitted" \
		as_tenant ip link set nic0 netns "${topo}vmgtw"

	as_tenant ip -b - <<-END
		link set nic0 up
		addr replace 10.0.0.30/32 dev nic0
		route replace default via 169.254.1.1 dev nic0 onlink
	END
	check "after all this it is as good as ever" \
		as_tenant ping -q -c 1 -W 5 10.0.0.20

	untouched "delete its device" ip link del nic0
	check "the endpoint goes with it" has_not "fd00::30" vpc_on h0 vpc show 1000
	check "the host can give it another" \
		vpc_on h0 vpc add 1000 ten1@vpc2_0 fd00::0:30 CC:2A:2A:00:00:1E \
		-4 10.0.0.30 -6 fd00::cc:0:30 netns "${topo}tenant"
	check "which works" as_tenant ping -q -c 1 -W 5 10.0.0.20
	check "the host can take it away" vpc_on h0 vpc del 1000 fd00::0:30
	check_fails "and it is gone" as_tenant ip link show ten1
	check "others have not lost a packet" bystander_end
}

begin=
tenant=
topo_up 1500
trap 'topo_down; rm -rf "$tmp"' EXIT
topo_talk
topo_seal || bail "can't seal"
vpc_on h0 vpc add 1000 beside@vpc2_0 fd00::0:31 CC:2A:2A:00:00:1F -4 10.0.0.31
begin=$(state)
tap_results "$lib/permissions.py" "$topo"
test_user
if new_tenant; then
	topo_vms+="tenant "
	test_own
	test_edge_elsewhere
	test_device
else
	skip "what root of a user namespace may do" "there are no user namespaces"
fi
check "what was sent and got adds up on one host" vpc_on h0 stats audit
check "and on the other" vpc_on h1 stats audit
tap_done
