#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Remotes: requests that are applied whole or not at all, prefixes that stand by, key
# pairs that are wiped, and an edge without the host's IPv6.

# shellcheck disable=SC2317 # check calls them.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

keys=(GU1jqGb/AJAMhp/lWy7Cpu1AlPgtwKk9obmP+HLUljY= ojktDXrSLaeq0vjD+5Ziqa8Xo5ShijwBwHkg0h7X1xQ=)

# batch LINE...: these lines, as a batch on h0.
batch()
{
	printf '%s\n' "$@" | vpc_on h0 -batch -
}

test_batches()
{
	check "a line of a batch that is refused is named" fails_with -:2 \
		batch "remote add fd0a::/64 key ${keys[0]}" \
		"remote add fd0b::/64 key ${keys[0]}" \
		"remote add fd0c::/64 key ${keys[1]}"
	check "those before it are applied" has fd0a::/64 vpc_on h0 remote show
	check "and none behind it" has_not fd0c::/64 vpc_on h0 remote show
	check "a remote that is added and deleted in one run" batch \
		"remote add fd0c::/64 key ${keys[1]}" "remote del fd0c::/64 now" \
		"remote add fd0c::/64 key ${keys[1]}"
	check "and one that is changed twice" batch \
		"remote replace fd0c::/64 key ${keys[1]} encrypt off" \
		"remote replace fd0c::/64 standby fd0d::/64 key ${keys[1]} encrypt required"
	check "is what it was made last" has \
		"standby fd0d::/64 key ${keys[1]} encrypt required" vpc_on h0 remote show fd0c::/64
	check "what stands by is saved" has \
		"remote add fd0c::/64 standby fd0d::/64 key ${keys[1]}" vpc_on h0 save
	check "a prefix does not stand by and be active" fails_with "has this prefix twice" \
		vpc_on h0 remote replace fd0c::/64 prefix fd0d::/64 standby fd0d::/64 \
		key "${keys[1]}"
	check "several are deleted" batch "remote del fd0a::/64 now" "remote del fd0c::/64 now"
	check "none is left" prints_nothing vpc_on h0 remote show
}

# told N TEXT: so many lines of events begin so.
told()
{
	cat "$tmp/events"
	[ "$(grep -c "^$2" "$tmp/events")" -ge "$1" ]
}

# A remote that another one takes prefixes of.
test_lost()
{
	local listener

	vpc_on h0 monitor > "$tmp/events" &
	listener=$!
	eventually listened_to h0 || bail "the monitor does not listen"
	vpc_on h0 edge set vpc2_0 grace 3600
	vpc_on h0 remote add fd0a::/64 prefix fd1a::/64 key "${keys[0]}"
	vpc_on h0 remote add fd0b::/64 prefix fd0a::/64 key "${keys[1]}"
	check "a remote that has lost its first prefix is still named by it" has \
		"fd0a::/64 prefix fd1a::/64 key ${keys[0]} state active retired fd0a::/64" \
		vpc_on h0 remote show fd0a::/64
	check "and saved by its next one, as a comment says" has \
		"# remote fd0a::/64 has lost this prefix" vpc_on h0 save
	check "so that it can be restored" has "remote add fd1a::/64 key ${keys[0]}" \
		vpc_on h0 save
	check "one that has lost all is not saved" batch \
		"remote replace fd0b::/64 prefix fd0a::/64 prefix fd1a::/64 key ${keys[1]}"
	check "as a comment says" has "# remote fd0a::/64 has lost its prefixes" vpc_on h0 save
	check "and no line" has_not "${keys[0]}" vpc_on h0 save
	check "it is shown by its name" has "fd0a::/64 key ${keys[0]} state active retired" \
		vpc_on h0 remote show fd0a::/64
	check "what it lost is told" eventually told 2 "change remote fd0a::/64"
	check "and what that changed" \
		eventually has "changed: prefix, retired prefix" cat "$tmp/events"
	kill "$listener"
	wait "$listener"

	check "a remote is deleted" vpc_on h0 remote del fd0b::/64
	check "and once more while it retires" vpc_on h0 remote del fd0b::/64
	check "which does not end it" has "state retiring" vpc_on h0 remote show fd0b::/64
	check "nor one that has lost all it had" vpc_on h0 remote del fd0a::/64
	check "which retires as well" has "state retiring" vpc_on h0 remote show fd0a::/64
	check "they end when they are to end now" \
		batch "remote del fd0b::/64 now" "remote del fd0a::/64 now"
	check "at once" prints_nothing vpc_on h0 remote show
	vpc_on h0 edge set vpc2_0 grace 1
	check "one is deleted that has its grace" \
		batch "remote add fd0b::/64 key ${keys[1]}" "remote del fd0b::/64"
	check "and ends by itself" eventually prints_nothing vpc_on h0 remote show
	vpc_on h0 edge set vpc2_0 grace 10
}

# eight_keys: as arguments, one in a line.  Ids have few bits, and tell these apart.
eight_keys()
{
	PYTHONPATH=$lib python3 -c 'if True:
		import base64, os, vpcesp
		keys = {}
		while len(keys) < 8:
			key = os.urandom(32)
			keys[vpcesp.key_id(key)] = key
		for key in keys.values():
			print("key", base64.b64encode(key).decode(), sep="\n")'
}

# A host with many edges has more key pairs than a message has room for.
test_many_pairs()
{
	local n all=()

	mapfile -t all < <(eight_keys)
	for n in 1 2 3 4 5; do
		vpc_on h0 edge add "many$n" locator "fd0e:$n::/64" fabric any key-grace 3600
		for _ in 1 2 3 4 5 6 7; do
			vpc_on h0 edge rekey "many$n"
		done
	done > /dev/null
	check "a remote with as many keys as it can have" \
		vpc_on h0 remote add fd0a::/64 prefix fd0b::/64 "${all[@]}"
	check "and another one" vpc_on h0 remote add fd0c::/64 key "${keys[0]}"
	for n in "" fd0a::/64; do
		check "all pairs are shown, each once, and the other remote${n:+, by name}" \
			pairs_are "$n"
	done
	check "it is saved once" [ "$(vpc_on h0 save | grep -c "remote add fd0a::/64 ")" -eq 1 ]
	for n in 1 2 3 4 5; do
		vpc_on h0 edge del "many$n"
	done
	batch "remote del fd0a::/64 now" "remote del fd0c::/64 now"
}

# pairs_are [PREFIX]: those of five edges with eight key pairs each, and of one with one.
pairs_are()
{
	# shellcheck disable=SC2086
	vpc_on h0 -j -s remote show $1 | python3 -c 'if True:
		import json, sys
		shown = json.load(sys.stdin)
		for one in shown:
			pairs = {(p["edge"], p["own_id"], p["remote_id"]) for p in one["pairs"]}
			print(one["prefixes"], len(one["pairs"]), len(pairs))
			keys = len(one["keys"])
			assert len(pairs) == len(one["pairs"]) == 5 * 8 * keys + keys
		assert len(shown) == (1 if sys.argv[1:] else 2)' $1
}

# some_edge: edges of one name come and go.
some_edge()
{
	local n

	for n in {1..15}; do
		vpc_on h0 edge add twin locator fd0f::/64 fabric any
		vpc_on h0 edge rekey twin
		ip -n "${topo}h0" link set twin name "twin$1" && vpc_on h0 edge del "twin$1"
		vpc_on h0 edge del twin
	done > /dev/null 2>&1
}

# Keys are derived for a long time after an edge is there to be seen: meanwhile it may
# get another name, or be gone, and another one have its name.
test_same_name()
{
	local n key pids=()

	for n in 1 2 3 4; do
		some_edge "$n" &
		pids+=($!)
	done
	for n in {1..12}; do
		mapfile -t key < <(eight_keys)
		vpc_on h0 remote replace fd0a::/64 "${key[@]}"
	done > /dev/null
	wait "${pids[@]}"
	for n in twin twin1 twin2 twin3 twin4; do
		vpc_on h0 edge del $n 2> /dev/null
	done
	check "edges of one name, made by several, leave nothing behind" \
		has_not twin vpc_on h0 edge show
	check "and no pair of them" has_not twin vpc_on h0 remote show
	check "one can be made then" vpc_on h0 edge add twin locator fd0f::/64 fabric any
	check "with its pairs" has "edge twin id" vpc_on h0 remote show fd0a::/64
	vpc_on h0 edge del twin
	vpc_on h0 remote del fd0a::/64 now
}

modprobe -q -a aesni_intel sha256_ssse3
tmp=$(mktemp -d)
topo_scripted
trap 'topo_down; rm -rf "$tmp"' EXIT
test_batches
test_lost
test_many_pairs
test_same_name
tap_results "$lib/remotes.py" "$topo"
tap_done
