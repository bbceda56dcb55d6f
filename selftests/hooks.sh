#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Hooks: programs that run when the public keys of an edge change, and then only.
#
# shellcheck disable=SC2016 # That is for another shell.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
tools=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../tools")
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

host=${topo}h0

# keys: those of the edge, newest first, by another way than the hooks' own.
keys()
{
	vpc -n "$host" -j edge show e0 | grep -o '"key":"[^"]*"' | cut -d '"' -f 4 | xargs
}

# wait_for N: hooks have run so often.
wait_for()
{
	local i

	for ((i = 0; i < 300; i++)); do
		[ "$(wc -l < "$tmp/log")" -lt "$1" ] || return 0
		sleep 0.1
	done
	return 1
}

# ran DESC LINE...: since the last time, hooks have run for just these events.
seen=0
ran()
{
	local desc=$1 got want

	shift
	wait_for $((seen + $#))
	got=$(tail -n +$((seen + 1)) "$tmp/log")
	want=$(printf '%s\n' "$@")
	seen=$(wc -l < "$tmp/log")
	check "$desc" diff <(echo "$want") <(echo "$got")
}

topo_lone
tmp=$(mktemp -d)
hooks=
trap 'kill $hooks 2> /dev/null; topo_down; rm -rf "$tmp"' EXIT
mkdir "$tmp/hooks.d"
: > "$tmp/log"
printf '#!/bin/sh\necho "$VPC_EVENT $VPC_EDGE $VPC_KEYS" >> "%s/log"\n' "$tmp" \
	> "$tmp/hooks.d/log"
printf '#!/bin/sh\nexit 3\n' > "$tmp/hooks.d/fails"
printf '#!/bin/sh\necho "not executable" >> "%s/log"\n' "$tmp" > "$tmp/hooks.d/readme"
chmod 755 "$tmp/hooks.d/log" "$tmp/hooks.d/fails"
sed "s|@SBINDIR@|$tools|" "$tools/systemd/vpc-hooks" > "$tmp/vpc-hooks"

vpc -n "$host" edge add e0 locator fd00:7::/64 fabric eth0 key-grace 1
ip netns exec "$host" bash "$tmp/vpc-hooks" "$tmp/hooks.d" 2> "$tmp/errors" &
hooks=$!
ran "they start with the edges that are there" "start e0 $(keys)"
check "one that fails is reported" grep "fails: status 3 for start of edge e0" "$tmp/errors"

# Neither of these has to do with keys: the next that hooks hear is the rekeying.
vpc -n "$host" edge set e0 grace 3 mtu 1400
vpc -n "$host" edge set e0 prefix fd00:9::/64
ip -n "$host" link set eth0 mtu 9000
old=$(keys)
vpc -n "$host" edge set e0 key-grace 15
vpc -n "$host" edge rekey e0
both=$(keys)
ran "they run for a new key, and for no other change" "change e0 $both"
check "there are two then" [ "${both#* }" = "$old" ]
ran "they run when a key has expired" "change e0 ${both% *}"
check "there is one then" [ "$(keys)" = "${both% *}" ]

# Nor has the rest of the configuration: it does not even reach what listens, as it
# would be lost, and then all edges be told again.
monitor=$(pgrep -P "$hooks" -f "vpc monitor")
kill -STOP "$monitor"
for ((i = 0; i < 8000; i++)); do
	echo "route add 77 10.$((i >> 8)).$((i & 255)).0/24 blackhole"
done > "$tmp/batch"
check "8000 routes" vpc -n "$host" -b "$tmp/batch"
sed -i "s/add/set/; s/\$/ state standby/" "$tmp/batch"
check "and as many changes" vpc -n "$host" -b "$tmp/batch"
vpc -n "$host" edge set e0 key-grace 3600
vpc -n "$host" edge rekey e0
kill -CONT "$monitor"
ran "they don't hear of other objects" "change e0 $(keys)"

vpc -n "$host" edge add e1 locator fd00:8::/64 fabric eth1
new=$(vpc -n "$host" edge show e1 | awk '$1 == "key" { print $2 }')
vpc -n "$host" edge set e1 grace 3
vpc -n "$host" edge del e1
ran "they run for a new edge, and at its end" "add e1 $new" "del e1 "
kill "$hooks"
check "they end when they are told" wait "$hooks"
hooks=
tap_done
