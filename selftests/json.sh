#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What every command prints as JSON is as Documentation/vpc.schema.json says.
#
# shellcheck disable=SC2016,SC2317 # That is for awk; check calls the functions.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

host=${topo}h0
vm=${topo}vm
schema=$lib/schema.py
# Public keys, as good as any.
alice=hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=
bob=3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=
carol=GU1jqGb/AJAMhp/lWy7Cpu1AlPgtwKk9obmP+HLUljY=
dave=ojktDXrSLaeq0vjD+5Ziqa8Xo5ShijwBwHkg0h7X1xQ=

python3 -c 'import jsonschema' 2> /dev/null ||
	{ skip "JSON" "there is no python3-jsonschema"; tap_done; }
export PYTHONDONTWRITEBYTECODE=1

on_host()
{
	vpc -n "$host" "$@"
}

# as_schema COMMAND ARGUMENT...: vpc prints what the schema of COMMAND allows,
# on one line and on several.
as_schema()
{
	local command=$1 option

	shift
	for option in -j "-j -p"; do
		# A trace tells of a drop by its status.
		# shellcheck disable=SC2086 # Two words.
		on_host $option "$@" || [ "$command" = trace ] || return
	done > "$tmp/json"
	"$schema" "$command" < "$tmp/json"
}

valid()
{
	check "$1: ${*:2}" as_schema "$@"
}

topo_lone
tmp=$(mktemp -d)
trap 'topo_down; rm -rf "$tmp"' EXIT
ip netns add "$vm" && topo_vms="vm "
ip -n "$host" -b - <<-END || bail "can't set up a host"
	addr add fd00:f::1/64 dev eth0 nodad
	route add fd00:8::/64 via fd00:f::2
	route add fd00:9::/64 dev eth0
END
on_host -j -t monitor > "$tmp/monitor" &
monitor=$!
eventually listened_to h0 || bail "the monitor does not listen"

valid "edge show" edge
valid "vpc show" vpc show
on_host -b - <<-END || bail "can't configure"
	edge add e0 locator fd00:7::/64 fabric eth0 fabric eth1 prefix fd00:17::/64 short on \
		grace 3600 key-grace 3600
	edge add e1 locator fd00:6::/64 fabric any mtu 1400 max-segments 0 option-type 0x80
	vpc add 1000 c0@e0 fd00:7::10 02:00:00:00:00:10 -4 10.0.0.10 -6 fd01::10 netns $vm
	vpc add 1000 c1@e0 fd00:7::11 02:00:00:00:00:11 -4 10.0.0.11
	vpc add 1000 fd00:8::20 02:00:00:00:00:20 -4 10.0.0.20 -4 10.0.0.21 -6 fd01::20
	vpc add 1000 fd00:8::21 02:00:00:00:00:21 -4 10.0.0.21 -4 10.0.0.22
	vpc add 1000 fd00:9::30 02:00:00:00:00:30 -4 10.0.0.30
	vpc add 1 fd00:9::31 02:00:00:00:00:31 -6 fd01::31 state standby
	vpc del 1000 fd00:8::21
	route add 1000 10.1.0.0/16 via fd00:8::20
	route add 1000 fd02::/16 via fd00:8::20 weight 0 via fd00:9::30 hash l4 export
	route add 1000 10.2.0.0/16 peer 1
	route add 1000 10.4.0.0/16 via fd00:8::20
	route add 1000 10.4.0.0/16 via fd00:9::30 state standby
	route add 1000 10.3.0.0/16 blackhole
	route add 1000 10.3.0.0/16 prohibit state standby
	peer add 1000 1
	peer add 1 1000 state standby
	peer add 1 2
	remote add fd00:8::/64 prefix fd00:18::/64 key $alice encrypt on
	remote add fd00:28::/64 prefix fd00:38::/64 key $bob
	remote replace fd00:28::/64 key $carol
	remote add fd00:48::/64 prefix fd00:18::/64 key $dave encrypt required
	remote del fd00:48::/64
	edge rekey e0
END
ip netns exec "$vm" ping -c 1 -W 1 10.0.0.99 > /dev/null

valid "edge show" edge show
valid "edge show" edge show e1
valid "edge show" -s edge show
valid "vpc show" vpc show
valid "vpc show" -s vpc show 1000
valid "vpc show" vpc show 1 fd00:9::31
valid "vpc show" vpc show 4711
valid "route show" route
valid "route show" route show 1000 10.3.0.0/16
valid "route show" route show 4711
valid "peer show" peer
valid "peer show" peer show 1
valid "remote show" remote
valid "remote show" remote show fd00:8::/64
valid "remote show" -s remote show
on_host -j remote show > "$tmp/json"
check "remote show: there are pairs" grep '"pairs":\[{"edge":"e0"' "$tmp/json"
check "remote show: a replaced key" grep '"replaced_keys":\[{"key":"' "$tmp/json"
check "remote show: one that retires" grep '"state":"retiring"' "$tmp/json"
check "remote show: a prefix that was taken over" grep '"retired_prefixes":\["' "$tmp/json"
on_host -j edge show e0 > "$tmp/json"
check "edge show: a key that has a successor" grep '"id":[0-9]*,"expires":[0-9]*}\]' "$tmp/json"
valid "stats show" stats
valid "stats show" stats show edge e0
valid "stats show" stats show endpoint 1000 fd00:7::10
valid "stats show explain" stats show explain
valid "stats show explain" stats show edge e0 explain
valid "stats show vpc" stats show vpc
valid "stats show vpc" stats show vpc 1000 explain
valid "stats audit" stats audit
valid trace trace 1000 from 10.0.0.10 to 10.0.0.11
valid trace trace 1000 from fd01::10 to fd01::20 proto tcp sport 1 dport 443
valid trace trace 1000 from 10.0.0.10 to 10.0.0.30 proto 47
valid trace trace 1000 from 10.0.0.10 to 10.0.0.99
valid trace trace 1000 from 10.0.0.10 to 10.1.0.1
valid trace trace 1000 from fd01::10 to fd02::20 proto tcp sport 1 dport 443
valid trace trace 1000 from 10.0.0.10 to 10.2.0.1
valid trace trace 1000 from 10.0.0.10 to 10.3.0.1
valid trace trace 7 from 10.0.0.10 to 10.0.0.99
on_host -j trace 1000 from 10.0.0.10 to 10.0.0.20 > "$tmp/json"
check "trace: sealed" grep '{"step":"seal","passed":true,"spi":' "$tmp/json"
valid save save
check "save: remotes" grep "\"remote add fd00:8::/64 .*key $alice" <(on_host -j save)
check "a packet can be in need of a key" on_host edge set e0 encrypt required
valid trace trace 1000 from 10.0.0.10 to 10.0.0.30
on_host -j trace 1000 from 10.0.0.10 to 10.0.0.30 > "$tmp/json"
check "trace: not sealed" grep '{"step":"seal","passed":false,"reason":"missing_key"}' \
	"$tmp/json"

on_host vpc set 1 fd00:9::31 state active
on_host peer del 1 2
on_host route set 1000 10.4.0.0/16 via fd00:9::30 state active
on_host route del 1000 10.3.0.0/16
on_host edge rekey e0
on_host edge set e0 grace 77 prefix del fd00:17::/64
on_host edge set e0 grace 77
on_host vpc replace 1000 fd00:9::30 02:00:00:00:00:33 -4 10.0.0.30 -6 fd01::30
on_host route replace 1000 fd02::/16 via fd00:8::20 weight 3 via fd00:9::30 hash l3 export
on_host peer add 1 1000 state active
on_host peer add 1000 1 state standby
on_host edge set e0 max-segments 2 key-grace 60 option-type 0xdf fabric any on
on_host edge set e0 mtu 1400
on_host remote replace fd00:8::/64 prefix fd00:18::/64 key $alice encrypt off
on_host remote del fd00:8::/64 now
on_host remote del fd00:28::/64
on_host edge del e1
for ((i = 0; i < 100; i++)); do
	! grep -q '"event":"del","object":"edge"' "$tmp/monitor" || break
	sleep 0.1
done
kill $monitor
wait $monitor 2> /dev/null
check "monitor: every line" "$schema" monitor < "$tmp/monitor"
check "monitor: one line for each event" [ "$(wc -l < "$tmp/monitor")" -ge 11 ]
check "monitor: changes of a remote" grep '"event":"change","object":"remote"' "$tmp/monitor"
check "monitor: the end of a remote" grep '"event":"del","object":"remote"' "$tmp/monitor"

# changed OBJECT TEXT NAME...: a change of an object that has the text in its line
# is of just these of its members.
changed()
{
	local names

	names=$(printf ',"%s"' "${@:3}")
	grep -F "\"event\":\"change\",\"object\":\"$1\"" "$tmp/monitor" | grep -F -- "$2" |
		tee /dev/stderr | grep -F "\"changed\":[${names:1}]"
}

check "monitor: of an edge, two settings change" changed edge '"name":"e0"' prefixes grace
check "monitor: its keys" changed edge '"name":"e0"' keys
check "monitor: what has another name as an argument" \
	changed edge '"name":"e0"' fabric_any max_segments option_type mtu key_grace
check "monitor: the MTU, once" changed edge '"name":"e0"' mtu
check "monitor: nothing" grep '"name":"e0".*"changed":\[\]' "$tmp/monitor"
check "monitor: an endpoint's state" changed endpoint fd00:9::31 state
check "monitor: its addresses" changed endpoint fd00:9::30 mac ipv6
check "monitor: a route's next hops" changed route '"prefix":"fd02::/16"' via hash
check "monitor: the state of one that stands beside another" \
	changed route '10.4.0.0/16","kind":"via","via":[{"sid":"fd00:9::30"' state
check "monitor: and of the one that it displaces" \
	changed route '10.4.0.0/16","kind":"via","via":[{"sid":"fd00:8::20"' state
check "monitor: a peering" changed peer '"vpc":1,"peer":1000' state
check "monitor: both sides of it" changed peer '"vpc":1000,"peer":1' state peer_state
check "monitor: a remote's keys" changed remote fd00:28::/64 prefixes keys retired_prefixes \
	replaced_keys
check "monitor: a remote" changed remote fd00:8::/64 prefixes encrypt retired_prefixes
check "monitor: and what it had lost to another one" \
	changed remote '"retired_prefixes":["fd00:18::/64"]' prefixes retired_prefixes
check_fails "monitor: what is new has changed nothing" \
	eval 'grep "\"event\":\"add\"" "$tmp/monitor" | grep "\"changed\""'
check "monitor: each has a time" [ "$(grep -c '"timestamp":"' "$tmp/monitor")" = \
	"$(wc -l < "$tmp/monitor")" ]

# named: what is said to have changed is a member of the object, in every line.
named()
{
	python3 -c '
import json, sys
for line in sys.stdin:
    event = json.loads(line)
    strange = set(event.get("changed", [])) - set(event[event["object"]])
    strange -= {"retired_ipv4", "retired_ipv6", "retired_prefixes", "standby_prefixes"}
    if strange:
        sys.exit("%s: %s" % (strange, line))
'
}

check "monitor: what has changed is a member of its object" named < "$tmp/monitor"
check_fails "monitor: the schema knows the names" "$schema" monitor \
	< <(sed 's/"changed":\["keys"\]/"changed":["key"]/' "$tmp/monitor")

# A member that the schema does not know, or a value of another kind.
on_host -j edge show e0 > "$tmp/json"
check_fails "a strange member is noticed" "$schema" "edge show" \
	< <(sed 's/"mtu":/"strange":/' "$tmp/json")
check_fails "a strange value is noticed" "$schema" "edge show" \
	< <(sed 's/"grace":[0-9]*/"grace":"10"/' "$tmp/json")
check_fails "a strange cipher is noticed" "$schema" "edge show" \
	< <(sed 's/"cipher":"aes-128-gcm"/"cipher":"none"/' "$tmp/json")
check_fails "half a key is noticed" "$schema" "edge show" \
	< <(sed 's/"key":"..../"key":"/' "$tmp/json")

# An object that is added to the tool needs a schema.
for object in $(vpc help | tr -d '\n|' | sed 's/.*OBJECT := {\([^}]*\)}.*/\1/'); do
	[ "$object" != endpoint ] || continue
	check "there is a schema for $object" grep -E "^$object( |\$)" <("$schema" --commands)
done
tap_done
