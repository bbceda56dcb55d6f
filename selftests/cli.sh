#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The command line: what each command does, what it says about wrong arguments
# and about refusals of the kernel, batches, save and restore, JSON.
#
# shellcheck disable=SC2016,SC2317 # What eval and check get is expanded and called there.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"

prefix=cli-$$-
host=${prefix}host
other=${prefix}other
vm=${prefix}vm
tmp=$(mktemp -d)

cleanup()
{
	local name

	for name in "$host" "$other" "$vm"; do
		ip netns del "$name" 2> /dev/null
	done
	rm -rf "$tmp"
}

# on_host ARGUMENT...: vpc on the host with the edges.
on_host()
{
	vpc -n "$host" "$@"
}

# says DESC STATUS TEXT ARGUMENT...: ok if vpc exits with STATUS and its output
# has TEXT.
says()
{
	local desc=$1 status=$2 text=$3 output real

	shift 3
	output=$(on_host "$@" 2>&1)
	real=$?
	if [ $real -eq "$status" ] && [[ $output == *"$text"* ]]; then
		ok "$desc"
		return
	fi
	not_ok "$desc"
	diag "status $real of: vpc $*"
	diag "expected $status and: $text"
	diag <<< "$output"
}

# prints DESC TEXT ARGUMENT...: ok if vpc succeeds and its output has TEXT.
prints()
{
	local desc=$1 text=$2

	shift 2
	says "$desc" 0 "$text" "$@"
}

# wrong DESC TEXT ARGUMENT...: ok if vpc finds the arguments wrong.
wrong()
{
	local desc=$1 text=$2

	shift 2
	says "$desc" 1 "$text" "$@"
}

# refused DESC TEXT ARGUMENT...: ok if the kernel refuses.
refused()
{
	local desc=$1 text=$2

	shift 2
	says "$desc" 2 "$text" "$@"
}

# as_nobody TEXT ARGUMENT...: what vpc says to somebody without privileges.
# shellcheck disable=SC2317 # check calls it.
as_nobody()
{
	local text=$1 output

	shift
	# The checkout may be where nobody may look.
	chmod 755 "$tmp"
	install -m 755 "$(command -v vpc)" "$tmp/vpc"
	output=$(ip netns exec "$host" setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$tmp/vpc" "$@" 2>&1)
	echo "$output"
	[[ $output == *"$text"* ]]
}

# is DESC WANT COMMAND...: ok if the command prints just WANT.
is()
{
	local desc=$1 want=$2 output

	shift 2
	output=$("$@" 2>&1)
	if [ "$output" = "$want" ]; then
		ok "$desc"
		return
	fi
	not_ok "$desc"
	diag "of: $*"
	diag "expected:"
	diag <<< "$want"
	diag "got:"
	diag <<< "$output"
}

# json DESC EXPRESSION ARGUMENT...: ok if vpc -j prints JSON, as x, for which
# the Python expression holds; with -p too.
json()
{
	local desc=$1 expression=$2

	shift 2
	if on_host -j "$@" > "$tmp/json" 2> "$tmp/errors" &&
		on_host -j -p "$@" > "$tmp/pretty" 2>> "$tmp/errors" &&
		python3 -c "import json, sys
for path in sys.argv[1:]:
	x = json.load(open(path))
	assert ($expression)" "$tmp/json" "$tmp/pretty" 2>> "$tmp/errors"; then
		ok "$desc"
		return
	fi
	not_ok "$desc"
	diag "of: vpc -j $*"
	cat "$tmp/json" "$tmp/pretty" "$tmp/errors" | diag
}

# routes NAMESPACE: the prefixes of its edges' routes, in one line.
routes()
{
	ip -n "$1" -6 route show proto 118 | cut -d ' ' -f 1 | sort | xargs
}

endpoints()
{
	on_host vpc show "$@" | wc -l
}

setup()
{
	local name

	for name in "$host" "$other"; do
		ip netns add "$name" &&
			ip -n "$name" link set lo up &&
			ip -n "$name" link add eth0 type veth peer name eth1 &&
			ip -n "$name" link set eth0 up &&
			ip -n "$name" link set eth1 up || return
	done
	ip netns add "$vm"
}

test_help()
{
	local object

	prints "help" "OBJECT :=" help
	prints "-help" "OBJECT :=" -help
	prints "-V" "vpc " -V
	for object in edge vpc endpoint route peer remote stats trace monitor save; do
		prints "$object help" "Usage: vpc" $object help
	done
	printf '%s help\n' "edge add" "edge del" "edge show" "edge set" "vpc add" "vpc del" \
		"vpc replace" "vpc show" "vpc set" "stats show" "stats audit" > "$tmp/batch"
	is "help after each command" 11 eval 'on_host -b "$tmp/batch" | grep -c "^Usage: vpc"'
	wrong "no object" "Usage:"
	wrong "an unknown object" 'unknown object "egde": did you mean "edge"?' egde
	wrong "an object unlike any" "expected one of edge, vpc" frobnicate
	wrong "an unknown command" 'unknown command "sohw": did you mean "show"?' edge sohw
	wrong "an unknown option" 'unknown option "-x"' -x
	wrong "an unknown namespace" 'bad netns "nowhere"' -n nowhere edge
	wrong "an option without its value" "FILE after -batch is missing" -b
}

test_edge_arguments()
{
	wrong "edge add: no name" "DEV is missing" edge add
	wrong "edge add: a name that is too long" 'bad DEV "abcdefghijklmnop"' \
		edge add abcdefghijklmnop locator fd00::/112 fabric eth0
	wrong "edge add: no locator" "locator is missing" edge add e fabric eth0
	wrong "edge add: no fabric" "fabric is missing" edge add e locator fd00::/112
	wrong "edge add: no value" 'PREFIX after "locator" is missing' edge add e locator
	wrong "edge add: a locator with bits behind its length" "something like fd00::/112" \
		edge add e locator fd00::1/112 fabric eth0
	wrong "edge add: an IPv4 locator" 'bad locator "10.0.0.0/8": expected an IPv6 prefix' \
		edge add e locator 10.0.0.0/8 fabric eth0
	wrong "edge add: a locator of length 129" 'bad locator "fd00::/129"' \
		edge add e locator fd00::/129 fabric eth0
	wrong "edge add: two locators" '"locator" is given twice' \
		edge add e locator fd00::/112 locator fd01::/112 fabric eth0
	wrong "edge add: a device that does not exist" 'bad fabric "eth9"' \
		edge add e locator fd00::/112 fabric eth9
	wrong "edge add: an MTU out of range" 'bad mtu "1279": expected a number from 1280 to 65535' \
		edge add e locator fd00::/112 fabric eth0 mtu 1279
	wrong "edge add: an MTU that is no number" 'bad mtu "big"' \
		edge add e locator fd00::/112 fabric eth0 mtu big
	wrong "edge add: too many segments" 'bad max-segments "17"' \
		edge add e locator fd00::/112 fabric eth0 max-segments 17
	wrong "edge add: neither on nor off" 'bad short "yes": expected "on" or "off"' \
		edge add e locator fd00::/112 fabric eth0 short yes
	wrong "edge add: a negative grace" 'bad grace "-1"' \
		edge add e locator fd00::/112 fabric eth0 grace -1
	wrong "edge add: an option type above 255" 'bad option-type "0x100"' \
		edge add e locator fd00::/112 fabric eth0 option-type 0x100
	wrong "edge add: an unknown keyword" 'unknown argument "fabrik": did you mean "fabric"?' \
		edge add e locator fd00::/112 fabrik eth0
	wrong "edge add: a name that DEV@EDGE has no place for" 'bad DEV "e@f"' \
		edge add e@f locator fd00::/112 fabric eth0
	wrong "edge add: no prefix length" 'bad locator "fd00::/"' \
		edge add e locator fd00::/ fabric eth0
	printf 'edge add e locator fd00::/112 fabric eth0 grace "%s"\n' \
		"" -1 +1 " 1" 1s 0x 0x0x1 0xg 4294967297 18446744073709551617 > "$tmp/batch"
	on_host -force -b "$tmp/batch" > "$tmp/text" 2>&1
	is "edge add: none of these is a number" 10 \
		grep -c 'Error: bad grace ".*": expected a number' "$tmp/text"
	wrong "edge add: keywords are not abbreviated" 'unknown argument "loc"' \
		edge add e loc fd00::/112 fabric eth0
	wrong "edge set: nothing" "nothing to set" edge set e
	wrong "edge set: the locator is fixed" 'unknown argument "locator"' \
		edge set e locator fd00::/112
	wrong "edge del: more than a name" 'unexpected argument "f"' edge del e f
	is "no edge was made of this" "" on_host edge show
}

test_edge()
{
	check "edge add" on_host edge add e0 locator fd00::/112 fabric eth0
	is "its route" fd00::/112 routes "$host"
	prints "edge show" "e0: locator fd00::/112 fabric eth0" edge show e0
	prints "a bare object is shown" "e0: locator" edge
	prints "commands have abbreviations" "e0: locator" e s
	prints "the first word counts" "sources" -s s
	prints "then the others" "edge add e0" sa
	refused "edge add: the same again" "(File exists)" \
		edge add e0 locator fd00:9::/64 fabric eth0
	refused "edge show: no such edge" "edge nope: no edge has this name" edge show nope
	refused "edge set: no such edge" "edge nope: no edge has this name" edge set nope grace 5
	refused "edge del: no such edge" "edge nope: no edge has this name" edge del nope

	check "edge set: prefixes" \
		on_host edge set e0 prefix fd00:1::/64 prefix add fd00:2::/64
	is "routes follow" "fd00:1::/64 fd00:2::/64 fd00::/112" routes "$host"
	refused "edge set: a prefix that it has" \
		"edge e0, prefix fd00:1::/64: the edge has this prefix already" \
		edge set e0 prefix fd00:1::/64
	check "edge set: prefix del" on_host edge set e0 prefix del fd00:1::/64
	is "its route goes" "fd00:2::/64 fd00::/112" routes "$host"
	refused "edge set: the locator stays" "the locator can't be taken away" \
		edge set e0 prefix del fd00::/112
	refused "edge set: a refusal names the argument" "edge e0, option-type 0x05: " \
		edge set e0 option-type 5
	refused "edge set: the last fabric device stays" "an edge needs a fabric device" \
		edge set e0 fabric del eth0
	check "edge set: fabric" on_host edge set e0 fabric add eth1 fabric del eth0
	prints "the fabric has changed" "fabric eth1" edge show e0
	check "edge set: fabric any" on_host edge set e0 fabric any
	prints "any device will do" "fabric any" edge show e0
	check "edge set: fabric any off" on_host edge set e0 fabric any off fabric eth0
	check "edge set: settings" on_host edge set e0 mtu 01300 max-segments 2 short on \
		grace 7 option-type 0x9E
	prints "the settings have changed" \
		"mtu 1300 max-segments 2 short on grace 7 option-type 0x9e" edge show e0
	check "edge set: mtu auto" on_host edge set e0 mtu auto
	prints "the MTU follows from the fabric" "mtu auto (" edge show e0

	ip -n "$host" link set e0 down
	ip -n "$host" link set e0 up
	is "routes are lost with the link" "" routes "$host"
	check "edge set: up" on_host edge set e0 up
	is "routes are back" "fd00:2::/64 fd00::/112" routes "$host"
	check "edge set: up again" on_host edge set e0 up

	ip -n "$host" -6 route add fd00:3::/64 dev eth0
	refused "edge add: a route that exists" "adding the route of fd00:3::/64 on e1" \
		edge add e1 locator fd00:3::/64 fabric eth0
	refused "edge set: a route that exists" "adding the route of fd00:3::/64 on e0" \
		edge set e0 prefix fd00:3::/64
	check "edge set: back again" on_host edge set e0 prefix del fd00:3::/64
	check_fails "the edge is gone again" on_host edge show e1
	check "edge add with everything" on_host edge add e1 locator fd00:4::/64 \
		fabric eth0 fabric any prefix fd00:5::/64 mtu 1280 max-segments 0 \
		short off grace 0 option-type 222
	check "edge del" on_host edge del e1
	is "its routes are gone" "fd00:2::/64 fd00::/112" routes "$host"
}

test_endpoint_arguments()
{
	local mac=02:00:00:00:00:01

	wrong "vpc add: no ID" "ID is missing" vpc add
	wrong "vpc add: ID 0" 'bad VPC ID "0": expected a number from 1 to 16777214' \
		vpc add 0 fd00::1 $mac -4 10.0.0.1
	wrong "vpc add: an ID that is too large" 'bad VPC ID "16777215"' \
		vpc add 16777215 fd00::1 $mac -4 10.0.0.1
	wrong "vpc add: an ID that is none" 'bad VPC ID "0x"' \
		vpc add 0x fd00::1 $mac -4 10.0.0.1
	wrong "vpc add: no SID" "SID is missing" vpc add 1
	wrong "vpc add: an IPv4 SID" 'bad SID "10.0.0.1": expected an IPv6 address' \
		vpc add 1 10.0.0.1 $mac -4 10.0.0.1
	wrong "vpc add: no MAC" "MAC is missing" vpc add 1 fd00::1
	wrong "vpc add: a MAC that is too short" 'bad MAC "02:00"' \
		vpc add 1 fd00::1 02:00 -4 10.0.0.1
	wrong "vpc add: a multicast MAC" "expected a unicast address" \
		vpc add 1 fd00::1 01:00:00:00:00:01 -4 10.0.0.1
	wrong "vpc add: no address" "overlay address is missing" vpc add 1 fd00::1 $mac
	wrong "vpc add: a wrong IPv4 address" 'bad -4 "10.0.0": expected an IPv4 address' \
		vpc add 1 fd00::1 $mac -4 10.0.0
	wrong "vpc add: a wrong IPv6 address" 'bad -6 "10.0.0.1": expected an IPv6 address' \
		vpc add 1 fd00::1 $mac -6 10.0.0.1
	wrong "vpc add: no value" 'an IPv4 address after "-4" is missing' \
		vpc add 1 fd00::1 $mac -4
	wrong "vpc add: an unknown state" 'unknown state "activ": did you mean "active"?' \
		vpc add 1 fd00::1 $mac -4 10.0.0.1 state activ
	wrong "vpc add: an unknown keyword" 'unknown argument "stat": did you mean "state"?' \
		vpc add 1 fd00::1 $mac -4 10.0.0.1 stat active
	wrong "vpc add: netns without a device" "needs a device" \
		vpc add 1 fd00::1 $mac -4 10.0.0.1 netns "$vm"
	wrong "vpc add: nodefault without netns" '"nodefault" needs "netns NAME"' \
		vpc add 1 a@e0 fd00::1 $mac -4 10.0.0.1 nodefault
	wrong "vpc add: a namespace that does not exist" 'bad netns "nowhere"' \
		vpc add 1 a@e0 fd00::1 $mac -4 10.0.0.1 netns nowhere
	wrong "vpc add: a device without an edge" 'bad EDGE ""' \
		vpc add 1 a@ fd00::1 $mac -4 10.0.0.1
	wrong "vpc add: an edge without a device" 'bad DEV@EDGE "@e0"' \
		vpc add 1 @e0 fd00::1 $mac -4 10.0.0.1
	# shellcheck disable=SC2046 # Words.
	wrong "vpc add: 65 addresses" "is one more than 64" \
		vpc add 1 fd00::1 $mac $(printf ' -4 10.0.0.%d' {1..65})
	wrong "vpc set: nothing" "nothing to set" vpc set 1 fd00::1
	wrong "vpc del: an unknown keyword" 'unknown argument "later"' \
		vpc del 1 fd00::1 later
	is "no endpoint was made of this" "" on_host vpc show
}

test_endpoint()
{
	check "a line of the talk" on_host \
		vpc add 1000 vm0@e0   fd00::0:10 CC:2A:2A:00:00:0A -4 10.0.0.10 -6 fd00::cc:0:10
	check "another one" on_host \
		vpc add 1000 vmgtw@e0 fd00::0:11 CC:2A:2A:00:00:0B -4 10.0.0.11 -6 fd00::cc:0:11
	prints "vpc show" "1000 vm0@e0 fd00::10 cc:2a:2a:00:00:0a -4 10.0.0.10 -6 fd00::cc:0:10" \
		vpc show
	prints "a bare object is shown" "1000 vmgtw@e0" vpc
	prints "it is also called endpoint" "1000 vmgtw@e0" endpoint show 1000
	is "a device is left down, without addresses" "" \
		ip -n "$host" -br addr show dev vm0 up
	check "a remote one, ID in hexadecimal" on_host \
		vpc add 0x3e8 fd00:7::20 02:00:00:00:00:20 -4 10.0.0.20
	is "sorted by VPC and SID" "fd00::10 fd00::11 fd00:7::20" \
		eval 'on_host vpc show 1000 | grep -o "fd00[0-9a-f:]* [0-9a-f][0-9a-f]:" | cut -d " " -f 1 | xargs'
	is "vpc show of another VPC" "" on_host vpc show 1001
	prints "vpc show of one" "1000 fd00:7::20" vpc show 1000 fd00:7::20

	refused "vpc add: the same again" "endpoint 1000 fd00:7::20: the endpoint exists" \
		vpc add 1000 fd00:7::20 02:00:00:00:00:20 -4 10.0.0.20
	refused "vpc add: an address that none can have" \
		"endpoint 1000 fd00:7::21, -4 224.0.0.1: " \
		vpc add 1000 fd00:7::21 02:00:00:00:00:21 -4 224.0.0.1
	refused "vpc add: an IPv4-mapped address" "-6 ::ffff:10.0.0.21: " \
		vpc add 1000 fd00:7::21 02:00:00:00:00:21 -6 ::ffff:10.0.0.21
	refused "vpc add: an IPv4-mapped SID" "SID ::ffff:10.0.0.21: " \
		vpc add 1000 ::ffff:10.0.0.21 02:00:00:00:00:21 -4 10.0.0.21
	refused "vpc add: an address twice" "-4 10.0.0.22: " vpc add 1000 fd00:7::21 \
		02:00:00:00:00:21 -4 10.0.0.21 -4 10.0.0.22 -4 10.0.0.22
	refused "vpc add: an unknown edge" "endpoint 1000 fd00::12" \
		vpc add 1000 vm2@nope fd00::12 02:00:00:00:00:21 -4 10.0.0.12
	refused "vpc add: a SID outside of the edge" "none of the edge's prefixes" \
		vpc add 1000 vm2@e0 fd00:7::21 02:00:00:00:00:21 -4 10.0.0.12
	refused "vpc show: no such endpoint" "endpoint 1000 fd00::99" vpc show 1000 fd00::99
	refused "vpc del: no such endpoint" "endpoint 1000 fd00::99" vpc del 1000 fd00::99
	refused "vpc set: no such endpoint" "endpoint 1000 fd00::99" \
		vpc set 1000 fd00::99 state active

	check "vpc replace" on_host \
		vpc replace 1000 fd00:7::20 02:00:00:00:00:20 -4 10.0.0.21 state standby
	prints "it is replaced" "-4 10.0.0.21 state standby" vpc show 1000 fd00:7::20
	check "vpc set" on_host vpc set 1000 fd00:7::20 state active
	prints "its state has changed" "state active" vpc show 1000 fd00:7::20
	check "vpc del" on_host vpc del 1000 fd00:7::20
	prints "it retires" "state retiring" vpc show 1000 fd00:7::20
	check "vpc del now" on_host vpc del 1000 fd00:7::20 now
	check_fails "it is gone" on_host vpc show 1000 fd00:7::20
}

test_route_arguments()
{
	local add=(route add 4 10.2.0.0/16)

	wrong "route add: no ID" "ID is missing" route add
	wrong "route add: no prefix" "PREFIX is missing" route add 4
	wrong "route add: no target" "target is missing: expected via SID, peer ID, blackhole" "${add[@]}"
	wrong "route add: bits behind the length" "expected something like 10.2.0.0/16" \
		route add 4 10.2.0.1/16 blackhole
	wrong "route add: a length of 33" 'bad PREFIX "10.2.0.0/33": expected a prefix like' \
		route add 4 10.2.0.0/33 blackhole
	wrong "route add: no prefix at all" 'bad PREFIX "there"' route add 4 there blackhole
	wrong "route add: via nothing" 'a SID after "via" is missing' "${add[@]}" via
	wrong "route add: an IPv4 SID" 'bad via "10.0.0.1": expected an IPv6 address' \
		"${add[@]}" via 10.0.0.1
	wrong "route add: no weight" 'N after "weight" is missing' "${add[@]}" via fd00:8::1 weight
	wrong "route add: a large weight" 'bad weight "65536": expected a number from 0 to 65535' \
		"${add[@]}" via fd00:8::1 weight 65536
	wrong "route add: a weight of nothing" 'unknown argument "weight": expected one of via' \
		"${add[@]}" weight 3
	wrong "route add: two targets" '"blackhole" is one target too many' \
		"${add[@]}" via fd00:8::1 blackhole
	wrong "route add: no peer" 'a VPC ID after "peer" is missing' "${add[@]}" peer
	wrong "route add: peer 0" 'bad VPC ID "0": expected a number from 1' "${add[@]}" peer 0
	wrong "route add: a typo" 'unknown argument "blackhol": did you mean "blackhole"?' \
		"${add[@]}" blackhol
	wrong "route add: an unknown hash" 'unknown hash "five": expected one of l3, l4' \
		"${add[@]}" via fd00:8::1 hash five
	wrong "route add: a hash that picks nothing" '"hash" needs "via SID"' "${add[@]}" blackhole hash l4
	wrong "route set: nothing" "nothing to set: expected state STATE" route set 4 10.2.0.0/16
	wrong "route show: no prefix" 'bad PREFIX "x"' route show 4 x
	wrong "peer add: no peer" "PEER is missing" peer add 4
	wrong "peer add: a peer that is none" 'bad VPC ID "x": expected a number' peer add 4 x
	wrong "peer add: there is no retiring" \
		'bad state "retiring": expected standby or active' peer add 4 5 state retiring
	wrong "peer add: a third one" 'unknown argument "6": expected state' peer add 4 5 6
	is "no route was made of this" "" on_host route show
	is "nor a peering" "" on_host peer show
}

test_route()
{
	local route="route 4 10.2.0.0/16"

	check "route add" on_host route add 4 10.2.0.0/16 via fd00:7::20
	refused "route add: the same again" "$route: the route exists (File exists)" \
		route add 4 10.2.0.0/16 via fd00:7::20
	refused "route add: a next hop twice" \
		"route 4 10.3.0.0/16, via fd00:7::20 weight 2: the route has a next hop twice" \
		route add 4 10.3.0.0/16 via fd00:7::20 via fd00:7::21 via fd00:7::20 weight 2
	refused "route add: the VPC itself for a peer" \
		"route 4 10.3.0.0/16, peer 4: a VPC can't be its own peer" \
		route add 4 10.3.0.0/16 peer 4
	refused "route add: an exported peer" "route 4 10.3.0.0/16, export: peering is not" \
		route add 4 10.3.0.0/16 peer 5 export
	refused "route set: no such route" "route 4 10.9.0.0/16: there is no such route" \
		route set 4 10.9.0.0/16 state active
	refused "route del: one that leads elsewhere" "$route: there is no such route" \
		route del 4 10.2.0.0/16 via fd00:7::77
	on_host route add 4 10.2.0.0/16 blackhole state standby
	refused "route set: which of them" "$route: several routes have this prefix: say where" \
		route set 4 10.2.0.0/16 state active
	refused "peer add: itself" "a VPC can't be its own peer" peer add 4 4
	refused "peer del: no such peering" "peer 4 77: the VPC has not agreed to this peering" \
		peer del 4 77
	check "route del: both" on_host route del 4 10.2.0.0/16 now
	is "they are gone" "" on_host route show
}

test_remote()
{
	local add=(remote add fd00:8::/64) remote="remote fd00:8::/64" own
	local key=GU1jqGb/AJAMhp/lWy7Cpu1AlPgtwKk9obmP+HLUljY=
	local other=ojktDXrSLaeq0vjD+5Ziqa8Xo5ShijwBwHkg0h7X1xQ=
	local third=Q0qWAYRHBAVF2o0cWZoXYq5Wn5kVXKtzLhkPsZVKUzA= one

	printf '# a comment\n\n%s\nsecret\n' "$other" > "$tmp/keys"
	: > "$tmp/nothing"
	wrong "remote add: no prefix" "PREFIX is missing" remote add
	wrong "remote add: no key" "key is missing: expected key BASE64, key file" "${add[@]}"
	wrong "remote add: no value" 'BASE64, "file" or "-" after "key" is missing' "${add[@]}" key
	wrong "remote add: a key that is none" 'bad key "abc": expected base64 of 32 bytes' \
		"${add[@]}" key abc
	wrong "remote add: half a key" "expected base64 of 32 bytes" "${add[@]}" key "${key:4}"
	wrong "remote add: a file without a name" "PATH is missing" "${add[@]}" key file
	wrong "remote add: no such file" "can't read the keys in \"$tmp/nowhere\": No such file" \
		"${add[@]}" key file "$tmp/nowhere"
	wrong "remote add: a file with something else in it" \
		"bad key \"secret\" in $tmp/keys: expected base64 of 32 bytes" \
		"${add[@]}" key file "$tmp/keys"
	wrong "remote add: an empty file" "there is no key in $tmp/nothing" \
		"${add[@]}" key file "$tmp/nothing"
	wrong "remote add: an unknown mode" \
		'unknown encrypt mode "maybe": expected one of off, on, required' \
		"${add[@]}" key $key encrypt maybe
	wrong "edge set: an unknown mode" 'unknown encrypt mode "yes": expected one of off, on' \
		edge set e0 encrypt yes
	wrong "edge set: an unknown cipher" \
		'unknown cipher "aes": expected one of aes-128-gcm, aes-256-gcm' \
		edge set e0 cipher aes
	wrong "remote add: bits behind the length" "expected something like fd00:8::/64" \
		remote add fd00:8::1/64 key $key
	wrong "remote add: IPv4" 'bad PREFIX "10.0.0.0/8": expected an IPv6 prefix' \
		remote add 10.0.0.0/8 key $key
	wrong "remote set: nothing" "nothing to set: expected seq N" remote set fd00:8::/64
	printf 'remote set fd00:8::/64 seq "%s"\n' "" x -1 +1 " 1" 1s 0x \
		18446744073709551616 99999999999999999999 > "$tmp/batch"
	on_host -force -b "$tmp/batch" > "$tmp/text" 2>&1
	is "remote set: none of these is a number" 9 grep -c \
		'Error: bad seq ".*": expected a number from 0 to 18446744073709551615' "$tmp/text"
	is "no remote was made of this" "" on_host remote show

	own=$(on_host edge show e0 | awk '$1 == "key" { print $2 }')
	check "remote add" on_host "${add[@]}" key $key
	refused "remote add: the same again" "$remote: the remote exists (File exists)" \
		"${add[@]}" key $other
	refused "remote add: a prefix twice" "the remote has this prefix twice" \
		remote add fd00:18::/64 prefix fd00:18::/64 key $other
	refused "remote add: a key twice" "remote fd00:18::/64, key $other: the remote has this" \
		remote add fd00:18::/64 key $other key $other
	refused "remote add: a key that another one has" "key $key: another remote has this key" \
		remote add fd00:18::/64 key $key
	refused "remote add: the key of this host" "key $own: this is the key of an edge of this" \
		remote add fd00:18::/64 key "$own"
	refused "remote add: a key without a secret" "no secret comes of this key" \
		remote add fd00:18::/64 key AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
	refused "remote set: no such remote" "remote fd00:18::/64: no remote has this first prefix" \
		remote set fd00:18::/64 seq 7
	refused "remote del: no such remote" "no remote has this first prefix" \
		remote del fd00:18::/64
	refused "edge rekey: no such edge" "edge nope: no edge has this name" edge rekey nope
	refused "edge set: an MTU that the fabric has no room for" \
		"the MTU and 48 bytes of overhead exceed the MTU of a fabric device" \
		edge set e0 mtu 65535
	check "remote del" on_host remote del fd00:8::/64 now
	is "it is gone" "" on_host remote show
	printf '%s %s # two\n\n%s\n' "$other" "$key" "$third" > "$tmp/keys"
	check "remote add: keys in one line, as hooks have them, and in others" \
		on_host "${add[@]}" key file "$tmp/keys"
	prints "remote add: all of them are taken" "key $other key $key key $third" remote show
	on_host remote del fd00:8::/64 now
	wrong "remote add: a file that can't be read" "can't read the keys in $tmp: Is a directory" \
		"${add[@]}" key file "$tmp"

	for one in "8 $key" "9 $other"; do
		printf 'remote add fd01:%s:1::/64' "${one% *}"
		printf " prefix fd01:${one% *}:%x::/64" {2..1024}
		printf ' key %s\n' "${one#* }"
	done > "$tmp/batch"
	check "batch: remotes with as many prefixes as they can have" on_host -b "$tmp/batch"
	is "they have them" 2048 eval \
		'on_host save | grep "^remote add" | grep -o "fd01:[0-9a-f:]*/64" | wc -l'
	sed -i 's/^remote add \([^ ]*\).*/remote del \1 now/' "$tmp/batch"
	on_host -b "$tmp/batch"
	check "a user may not, and is told what it takes" as_nobody \
		"edge e0: Operation not permitted: it takes CAP_NET_ADMIN over this network namespace" \
		edge del e0
}

test_netns()
{
	check "vpc add with netns" on_host \
		vpc add 1000 c0@e0 fd00::30 02:00:00:00:00:30 -4 10.0.0.30 -6 fd00::cc:0:30 \
		netns "$vm"
	prints "vpc show has the namespace" "netns $vm" vpc show 1000 fd00::30
	is "it has its IPv4 address" 10.0.0.30/32 \
		eval 'ip -n "$vm" -4 -br addr show dev c0 up | awk "{ print \$3 }"'
	is "and its IPv6 address" fd00::cc:0:30/128 \
		eval 'ip -n "$vm" -6 -br addr show dev c0 up scope global | awk "{ print \$3 }"'
	check "the IPv4 default route" \
		eval 'ip -n "$vm" route show default | grep "via 169.254.1.1 dev c0.*onlink"'
	check "the IPv6 default route" \
		eval 'ip -n "$vm" -6 route show default | grep "via fe80::1 dev c0"'
	check "lo is up" eval 'ip -n "$vm" -br link show lo up | grep lo'
	check "vpc replace with netns" on_host \
		vpc replace 1000 c0@e0 fd00::30 02:00:00:00:00:30 -4 10.0.0.31 -6 fd00::cc:0:30 \
		netns "$vm"
	is "the addresses follow" 10.0.0.31/32 \
		eval 'ip -n "$vm" -4 -br addr show dev c0 up | awk "{ print \$3 }"'
	refused "vpc add: a device that exists" "a device of this name exists there" \
		vpc add 1000 c0@e0 fd00::32 02:00:00:00:00:32 -4 10.0.0.32 netns "$vm"
	check "vpc add with nodefault" on_host \
		vpc add 1000 c1@e0 fd00::33 02:00:00:00:00:33 -4 10.0.0.33 netns "$vm" nodefault
	check_fails "there is no default route" \
		eval 'ip -n "$vm" route show default | grep "dev c1"'

	ip netns exec "$vm" sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	refused "vpc add: the set-up fails" "adding address fd00::cc:0:34 on c2" \
		vpc add 1000 c2@e0 fd00::34 02:00:00:00:00:34 -6 fd00::cc:0:34 netns "$vm"
	check_fails "the endpoint is gone again" on_host vpc show 1000 fd00::34
	check_fails "and its device" ip -n "$vm" link show c2
	ip netns exec "$vm" sysctl -qw net.ipv6.conf.default.disable_ipv6=0
}

test_stats()
{
	prints "stats" "" stats
	prints "counters of an edge with -s" "from_vm" -s edge show e0
	prints "counters of an endpoint with -s" "from_vm" -s vpc show 1000 fd00::30
	prints "stats -s shows all" "no_route" -s stats show
	prints "stats explain" "" -s stats explain
	prints "stats explain has sentences" \
		"The sender's VPC has neither an endpoint nor a route" -s stats show explain
	prints "stats audit" "holds" stats audit
	prints "stats show edge" "from_vm" -s stats show edge e0
	prints "stats show vpc" "vpc 1000: " stats show vpc
	prints "stats show vpc ID" "from_vm" -s stats show vpc 1000 explain
	prints "stats show endpoint" "from_vm" -s stats show endpoint 1000 fd00::10
	refused "stats show vpc: no such VPC" "" stats show vpc 4711
	wrong "stats show: an unknown object" 'unknown argument "edg": did you mean "edge"?' \
		stats show edg e0
	wrong "stats audit: more" 'unexpected argument "now"' stats audit now
}

test_trace()
{
	local arguments=(1000 from 10.0.0.10 to 10.0.0.11)

	says "trace: the receiver's device is down" 2 "dropped: vm_down (" \
		trace "${arguments[@]}"
	ip -n "$host" link set vmgtw up
	prints "trace" "delivered" trace "${arguments[@]}"
	prints "trace: ports" "proto tcp sport 1 dport 2" \
		trace "${arguments[@]}" proto tcp sport 1 dport 2
	prints "trace: protocol by number" "proto sctp" trace "${arguments[@]}" proto 132
	says "trace: dropped" 2 "dropped: no_route (" trace 1000 from 10.0.0.10 to 10.0.0.99
	says "trace: a source that none has" 2 "dropped: src_addr (" \
		trace 1000 from 10.0.0.98 to 10.0.0.11
	wrong "trace: no ID" "ID is missing" trace
	wrong "trace: no source" "from is missing" trace 1000 to 10.0.0.1
	wrong "trace: no destination" "to is missing" trace 1000 from 10.0.0.1
	wrong "trace: two families" "of the same family" trace 1000 from 10.0.0.1 to fd00::1
	wrong "trace: an unknown protocol" 'bad proto "tpc"' trace "${arguments[@]}" proto tpc
	wrong "trace: a port that is too large" 'bad dport "65536"' \
		trace "${arguments[@]}" dport 65536
}

test_json()
{
	json "JSON: edge show" 'x[0]["name"] == "e0" and x[0]["fabric"] == ["eth1", "eth0"] and
		x[0]["prefixes"] == ["fd00:2::/64"] and x[0]["fabric_any"] is False' edge show
	json "JSON: edge show with counters" '"from_vm" in x[0]["stats"]["sources"]' \
		-s edge show e0
	json "JSON: vpc show" '[e["sid"] for e in x] == ["fd00::10", "fd00::11", "fd00::30", "fd00::33"]' \
		vpc show
	json "JSON: vpc show of one" "x[0]['netns'] == '$vm' and x[0]['ipv4'] == ['10.0.0.31'] and
		x[0]['dev'] == 'c0' and x[0]['edge'] == 'e0' and x[0]['state'] == 'active'" \
		vpc show 1000 fd00::30
	json "JSON: nothing to show" 'x == []' vpc show 77
	json "JSON: stats" 'x["drops"]["no_route"] == 0' stats show
	json "JSON: stats explain" '"text" in x["drops"]["no_route"]' stats explain
	json "JSON: stats audit" 'x["holds"] is True and x["missing"] == 0' stats audit
	json "JSON: stats show vpc" 'x[0]["vpc"] == 1000 and x[0]["local"] == 4' stats show vpc
	json "JSON: trace" 'x["delivered"] is True and x["path"] == ["fd00::10", "fd00::11"] and
		x["steps"][0]["step"] == "source"' trace 1000 from 10.0.0.10 to 10.0.0.11
	json "JSON: save" 'x[0].startswith("edge add e0 ")' save
}

test_monitor()
{
	local pid

	rm -f "$tmp/text" "$tmp/json"
	vpc -n "$host" monitor > "$tmp/text" 2>&1 &
	pid=$!
	vpc -n "$host" -j -t monitor > "$tmp/json" 2>&1 &
	pid+=" $!"
	# They say nothing when they are ready, so change something until they do.
	for _ in {1..50}; do
		on_host edge set e0 grace 8
		sleep 0.1
		[ ! -s "$tmp/text" ] || [ ! -s "$tmp/json" ] || break
	done
	on_host edge set e0 grace 9 encrypt off
	on_host edge set e0 grace 8 encrypt on
	on_host vpc add 5 fd00:7::5 02:00:00:00:00:05 -4 10.0.0.5
	on_host vpc del 5 fd00:7::5 now
	for _ in {1..100}; do
		! grep -q "^del endpoint" "$tmp/text" || ! grep -q '"del"' "$tmp/json" || break
		sleep 0.1
	done
	# shellcheck disable=SC2086 # Two numbers.
	kill $pid
	# shellcheck disable=SC2086
	wait $pid 2> /dev/null
	check "monitor: an edge" grep "^change edge e0: locator" "$tmp/text"
	check "monitor: which settings have changed" grep "^    changed: grace, encrypt$" \
		"$tmp/text"
	check "monitor: an endpoint" \
		grep "^add endpoint 5 fd00:7::5 02:00:00:00:00:05 -4 10.0.0.5" "$tmp/text"
	check "monitor: its end" grep "^del endpoint 5 fd00:7::5" "$tmp/text"
	check "monitor: a JSON object per line" python3 -c '
import json, sys
events = [json.loads(line) for line in sys.stdin]
assert events[-1]["event"] == "del" and events[-1]["object"] == "endpoint"
assert events[-1]["endpoint"]["sid"] == "fd00:7::5" and "timestamp" in events[-1]
' < "$tmp/json"
}

# waiting NAMESPACE N: so many monitors listen there.
waiting()
{
	ip netns exec "$1" awk -v want="$2" '
		$2 == 16 && $4 !~ /^0+$/ { n++ } END { exit n != want }' /proc/net/netlink
}

# memory PID: what it has written to, in KiB.
memory()
{
	awk '$1 == "RssAnon:" { print $2 }' "/proc/$1/status"
}

# It tells of the objects that are asked for, and keeps no others.
test_monitor_objects()
{
	local pids i all some

	wrong "monitor: a misspelt object" 'unknown object "egde": did you mean "edge"?' \
		monitor edge egde
	wrong "monitor: another" 'unknown object "x": expected one of edge, vpc, endpoint, route, peer, remote' \
		monitor x
	lines 1 8000 > "$tmp/batch"
	check "monitor: 8000 endpoints" on_host -b "$tmp/batch"
	rm -f "$tmp/all" "$tmp/some" "$tmp/errors"
	vpc -n "$host" monitor > "$tmp/all" 2> /dev/null &
	all=$!
	vpc -n "$host" monitor edge r > "$tmp/some" 2> "$tmp/errors" &
	some=$!
	for ((i = 0; i < 300; i++)); do
		! waiting "$host" 2 || break
		sleep 0.1
	done
	pids="$(memory $all) $(memory $some)"
	check "monitor edge: keeps no endpoints: $pids KiB" test "${pids#* }" -lt $((${pids% *} / 2))
	kill -STOP $some
	sed -i s/add/replace/ "$tmp/batch"
	check "monitor: 8000 changes" on_host -b "$tmp/batch"
	check "and 8000 more" on_host -b "$tmp/batch"
	on_host peer add 6 7
	on_host edge set e0 grace 7
	on_host route add 6 10.0.0.0/8 blackhole
	on_host peer del 6 7
	on_host edge set e0 grace 8
	kill -CONT $some
	for ((i = 0; i < 300; i++)); do
		! grep -q "grace 8" "$tmp/some" || break
		sleep 0.1
	done
	kill $all $some
	wait $all $some 2> /dev/null
	is "monitor edge route: these, and nothing else" "change edge add route change edge" \
		eval 'grep -E "^[a-z]" "$tmp/some" | cut -d " " -f 1,2 | xargs'
	is "monitor edge: the rest does not even reach it" "" cat "$tmp/errors"
	on_host route del 6 10.0.0.0/8 now
	awk '{ print "vpc del", $3, $4, "now" }' "$tmp/batch" | on_host -b -
}

# When nobody reads on, it ends; when it is read too slowly, it says so.
test_monitor_reader()
{
	local pid changes i

	while on_host edge set e0 grace 8; do
		sleep 0.1
	done &
	changes=$!
	timeout 60 vpc -n "$host" monitor | head -n 1 > /dev/null
	is "monitor: a closed pipe is its end" 141 echo "${PIPESTATUS[0]}"

	rm -f "$tmp/text" "$tmp/errors"
	vpc -n "$host" monitor > "$tmp/text" 2> "$tmp/errors" &
	pid=$!
	for ((i = 0; i < 300; i++)); do
		[ ! -s "$tmp/text" ] || break
		sleep 0.1
	done
	kill $changes
	wait $changes 2> /dev/null
	kill -STOP $pid
	lines 1 8000 > "$tmp/batch"
	check "monitor: 8000 events" on_host -b "$tmp/batch"
	sed -i s/add/replace/ "$tmp/batch"
	check "and 8000 more" on_host -b "$tmp/batch"
	kill -CONT $pid
	for ((i = 0; i < 300; i++)); do
		[ ! -s "$tmp/errors" ] || break
		sleep 0.1
	done
	kill $pid
	wait $pid 2> /dev/null
	check "monitor: lost events are told" \
		eval 'cat "$tmp/errors"; grep -q "Warning: some events were lost" "$tmp/errors"'
}

# A dump is whole, or it says that it is not.
test_dump()
{
	local pid i status n

	while on_host vpc set 2000 fd00:8::1 state active; do :; done &
	pid=$!
	for ((i = 0; i < 5; i++)); do
		on_host vpc show 2000 > "$tmp/text" 2> "$tmp/errors"
		status=$?
		n=$(wc -l < "$tmp/text")
		[ $status -eq 0 ] && [ "$n" -eq 8000 ] ||
			grep -q "the configuration changed" "$tmp/errors" || break
	done
	kill $pid
	wait $pid 2> /dev/null
	is "vpc show: all or an error while things change" 5 echo $i
	[ $i -eq 5 ] || diag "status $status, $n endpoints: $(cat "$tmp/errors")"
	check "all of them go" on_host -b - < <(sed 's/replace/del/; s/ 02:.*/ now/' "$tmp/batch")
	is "they are gone" 0 endpoints 2000
}

# lines FIRST LAST: commands that add remote endpoints, one per line.
lines()
{
	seq "$1" "$2" | awk '{
		high = int($1 / 256)
		low = $1 % 256
		printf "vpc add 2000 fd00:8::%x 02:00:00:01:%02x:%02x -4 10.1.%d.%d\n",
			$1, high, low, high, low
	}'
}

test_batch()
{
	cat > "$tmp/batch" <<-'END'
		# A comment, and an empty line

		vpc add 3000 fd00:9::1 02:00:00:00:00:01 -4 10.0.0.1   # behind it
		vpc add 3000 "fd00:9::2" '02:00:00:00:00:02' -4 10.0.0.2
		vpc add 3000 fd00:9::3 \
			02:00:00:00:00:03 -4 10.0.0.3
		vpc replace 3000 fd00:9::3 02:00:00:00:00:03 -4 10.0.0.4
		vpc show 3000 fd00:9::3
		vpc set 3000 fd00:9::1 state standby
		vpc del 3000 fd00:9::2 now
	END
	prints "batch" "3000 fd00:9::3 02:00:00:00:00:03 -4 10.0.0.4" -batch "$tmp/batch"
	is "all lines were run, in order" "standby active" \
		eval 'on_host vpc show 3000 | sed "s/.*state //" | xargs'
	check "batch from the standard input" on_host -b - \
		< <(printf 'vpc del 3000 fd00:9::1 now\nvpc del 3000 fd00:9::3 now')
	is "the last line needs no end" 0 endpoints 3000
	wrong "batch: no such file" "can't open the batch \"$tmp/nowhere\": No such file" -b "$tmp/nowhere"
	wrong "batch: a file and a command" 'unexpected argument "edge"' -b "$tmp/batch" edge

	{
		lines 1 1499
		lines 700 700
		lines 1500 1999
	} > "$tmp/batch"
	refused "batch: the kernel refuses a line" "$tmp/batch:1500: Error: endpoint 2000 fd00:8::2bc" \
		-batch "$tmp/batch"
	is "those before it are there" 1499 endpoints 2000
	sed -i 1,1499d "$tmp/batch"
	refused "batch -force: all errors are told" "$tmp/batch:1: Error:" -force -b "$tmp/batch"
	is "the others are there" 1999 endpoints 2000

	{
		lines 2000 2009
		echo "vpc add 2000 fd00:8::7fff 02:00:00:00:00:01 -4 10.1"
		lines 2010 2019
	} > "$tmp/batch"
	wrong "batch: a line is wrong" "$tmp/batch:11: Error: bad -4 \"10.1\"" -b "$tmp/batch"
	is "those before it are there" 2009 endpoints 2000
	sed -i 1,10d "$tmp/batch"
	wrong "batch -force: goes on" "$tmp/batch:1: Error:" -force -b "$tmp/batch"
	is "the others are there" 2019 endpoints 2000

	check "batch: del" on_host -b - \
		< <(lines 1 2019 | sed 's/add/del/; s/ 02:.*/ now/')
	is "none is left" 0 endpoints 2000

	cat > "$tmp/batch" <<-'END'
		vpc add 3000 fd00:9::1 02:00:00:00:00:01 -4 10.0.0.1
		vpc add 3000 fd00:9::1 02:00:00:00:00:01 -4 10.0.0.1
		edge show nope
		frob
		vpc add 3000 'fd00:9::1
	END
	on_host -force -b "$tmp/batch" > "$tmp/out" 2>&1
	is "batch -force: errors are in order" "2 3 4 5" \
		eval 'sed -n "s|^$tmp/batch:\([0-9]*\): .*|\1|p" "$tmp/out" | xargs'
	check "batch: an error shows its line" grep "^ *vpc add 3000 fd00:9::1 02" "$tmp/out"
	on_host vpc del 3000 fd00:9::1 now
}

# What a batch is read from, and how its lines are taken apart.
test_batch_input()
{
	local line="vpc add 3000 fd00:9::1 02:00:00:00:00:01 -4 10.0.0.1" i pid fd

	cat > "$tmp/batch" <<-'END'
		# A comment that ends in a backslash \
		vpc add 3000 fd00:9::1 02:00:00:00:00:01 -4 10.0.0.1 # as this one \
		vpc add 3000 fd00:9::2 02:00:00:00:00:"02" \
			-4 \
			10.0.0.2
		vpc add 3000 fd00:9::3 \
			02:00:00:00:00:03 \
			-4 10.0.0
	END
	wrong "batch: a continued line is named by its first" \
		"$tmp/batch:6: Error: bad -4 \"10.0.0\"" -b "$tmp/batch"
	is "batch: comments don't continue" 2 endpoints 3000
	on_host -b - < <(printf 'vpc del 3000 fd00:9::%d now\n' 1 2)

	printf 'edge show\r\nedge \0show\n' > "$tmp/batch"
	wrong "batch: a null character" "$tmp/batch:2: Error: the line has a null character" \
		-b "$tmp/batch"
	echo "edge show 'e0" > "$tmp/batch"
	wrong "batch: an open quote" "$tmp/batch:1: Error: a quote is not closed" -b "$tmp/batch"
	printf '%s' "edge show e0 \\" > "$tmp/batch"
	wrong "batch: a backslash at the very end" 'unexpected argument "\"' -b "$tmp/batch"
	wrong "batch: a directory" "reading $tmp: " -b "$tmp"
	check "batch: an empty file" on_host -b /dev/null
	# shellcheck disable=SC2046 # Words.
	echo "vpc add 3000 fd00:9::1 02:00:00:00:00:01" \
		$(printf ' -4 10.0.0.%d' {1..65}) > "$tmp/batch"
	wrong "batch: 65 addresses" '"10.0.0.65" is one more than 64' -b "$tmp/batch"
	check_fails "output that can't be written is an error" eval 'on_host edge > /dev/full'

	rm -f "$tmp/errors"
	coproc on_host -b - 2> "$tmp/errors"
	pid=$COPROC_PID
	fd=${COPROC[1]}
	echo "$line" >&"$fd"
	for ((i = 0; i < 100; i++)); do
		[ "$(endpoints 3000)" = 0 ] || break
		sleep 0.1
	done
	is "batch: what was read is done before a pause" 1 endpoints 3000
	echo "$line" >&"$fd"
	for ((i = 0; i < 100; i++)); do
		[ ! -s "$tmp/errors" ] || break
		sleep 0.1
	done
	exec {fd}>&-
	wait "$pid"
	is "batch: its error is the exit status" 2 echo $?
	check "batch: an error in a pause is told in it" [ $i -lt 100 ]
	check "batch: the line is told" grep "^-:2: Error: endpoint 3000 fd00:9::1: " "$tmp/errors"
	coproc on_host -b -
	pid=$COPROC_PID
	fd=${COPROC[1]}
	echo "vpc show 3000" >&"$fd"
	read -r -t 10 -u "${COPROC[0]}" line
	is "batch: what is asked for is told in a pause" fd00:9::1 eval \
		'cut -d " " -f 2 <<< "$line"'
	exec {fd}>&-
	wait "$pid"
	on_host vpc del 3000 fd00:9::1 now
}

test_save()
{
	on_host vpc add 1000 fd00:7::40 02:00:00:00:00:40 -4 10.0.0.40 state standby
	on_host vpc del 1000 fd00::33
	on_host save > "$tmp/saved"
	check "save: a device in a namespace" grep "netns $vm\$" "$tmp/saved"

	# The namespace has a device of this name still.
	sed -i "s/ netns $vm//" "$tmp/saved"
	check "save: restored elsewhere" vpc -n "$other" -b "$tmp/saved"
	is "save: it is the same" "$(cat "$tmp/saved")" vpc -n "$other" save
	is "save: routes, too" "$(routes "$host")" routes "$other"

	check "edge del with endpoints" on_host edge del e0
	check_fails "their devices go" ip -n "$vm" link show c0
	is "remote ones stay" 1 endpoints
}

# lost: the endpoint has lost its only address.
lost()
{
	on_host vpc show 1000 fd00::50 | grep " state none$"
}

# A local endpoint stays when others have taken its addresses: it can't be saved.
test_save_lost()
{
	local i

	on_host edge set e0 grace 1
	on_host vpc add 1000 l0@e0 fd00::50 02:00:00:00:00:50 -4 10.0.0.50
	on_host vpc add 1000 fd00:7::51 02:00:00:00:00:51 -4 10.0.0.50
	for ((i = 0; i < 100; i++)); do
		! lost > /dev/null || break
		sleep 0.1
	done
	check "an endpoint that has lost its address stays" lost
	json "JSON: it has no state" 'x[0]["state"] == "none" and x[0]["ipv4"] == []' \
		vpc show 1000 fd00::50
	prints "save: it is not saved" "# l0 has lost its addresses to others" save
	check_fails "save: there is no line of it" grep "^[^#].*l0@e0" <(on_host save)
	on_host vpc replace 1000 l0@e0 fd00::50 02:00:00:00:00:50 -4 10.0.0.52
	prints "it can get another" "-4 10.0.0.52 state active" vpc show 1000 fd00::50
	on_host vpc del 1000 fd00::50
	on_host vpc del 1000 fd00:7::51 now
	on_host edge set e0 grace 8

	ip -n "$host" link add fabric9 type dummy
	ip -n "$host" link set fabric9 mtu 1500 up
	on_host edge add e9 locator fd00:29::/64 fabric fabric9
	ip -n "$host" link del fabric9
	prints "save: an edge whose fabric has gone" "# e9 has lost its fabric devices" save
	check "edge set: its other settings can be changed" on_host edge set e9 grace 5
	prints "that is done" "grace 5" edge show e9
	refused "edge set: its MTU needs a fabric device" "an edge needs a fabric device" \
		edge set e9 mtu 1300
	on_host edge del e9
}

# Names of devices can have what quotes and comments are made of.
test_save_all()
{
	local edge="q'\"#" pid i

	on_host vpc del 1000 fd00:7::40 now
	check "edge add: an odd name" on_host edge add "$edge" locator fd00:20::/64 \
		fabric eth0 fabric eth1 fabric any prefix fd00:21::/64 prefix fd00:22::1/128 \
		mtu 1300 max-segments 16 short on grace 86400 option-type 0x80
	check "vpc add: an odd name" on_host vpc add 1 "#'d@$edge" fd00:20::1 \
		02:00:00:00:00:01 -4 10.0.0.1 state standby
	check "vpc add: several addresses" on_host vpc add 16777214 "f@$edge" fd00:22::1 \
		02-00-00-00-00-02 -4 10.0.0.1 -6 fd00::1 -4 10.0.0.2 -6 fd00::1:0:1
	check "vpc add: retiring" on_host vpc add 1 fd00:9::1 02:00:00:00:00:03 \
		-4 10.0.0.2 state retiring
	on_host save > "$tmp/saved"
	check "save: JSON has the same" eval 'on_host -j save | python3 -c "
import json, sys
print(*json.load(sys.stdin), sep=chr(10))" | diff - "$tmp/saved"'
	check "edge del: an odd name" on_host edge del "$edge"
	check "vpc del: a retiring one" on_host vpc del 1 fd00:9::1 now
	is "save: nothing" "" on_host save
	check "save: all of it is restored" on_host -b "$tmp/saved"
	is "save: it is the same again" "$(cat "$tmp/saved")" on_host save

	unshare -n sleep 300 &
	pid=$!
	for ((i = 0; i < 100; i++)); do
		[ /proc/$pid/ns/net -ef /proc/$$/ns/net ] || break
		sleep 0.1
	done
	ip -n "$host" link set f netns $pid
	prints "save: a namespace without a name" "# f is in a namespace without a name (netnsid " save
	prints "vpc show: likewise" " netnsid " vpc show 16777214
	kill $pid
	wait $pid 2> /dev/null
	on_host edge del "$edge"
	on_host vpc del 1 fd00:9::1 now
}

trap cleanup EXIT
command -v vpc > /dev/null || bail "there is no vpc command: build it first"
setup || bail "can't set up"
test_help
test_edge_arguments
test_edge
test_endpoint_arguments
test_endpoint
test_route_arguments
test_route
test_remote
test_netns
test_stats
test_trace
test_json
test_monitor
test_monitor_objects
test_monitor_reader
test_dump
test_batch
test_batch_input
test_save_lost
test_save
test_save_all
tap_done
