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

# fails TEXT COMMAND...: the command fails, and says so.
fails()
{
	local text=$1 output status

	shift
	output=$("$@" 2>&1)
	status=$?
	echo "$output"
	[ "$status" -ne 0 ] && [[ $output == *"$text"* ]]
}

test_batches()
{
	check "a line of a batch that is refused is named" fails -:2 \
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
	check "a prefix does not stand by and be active" fails "has this prefix twice" \
		vpc_on h0 remote replace fd0c::/64 prefix fd0d::/64 standby fd0d::/64 \
		key "${keys[1]}"
	check "several are deleted" batch "remote del fd0a::/64 now" "remote del fd0c::/64 now"
	check "none is left" [ -z "$(vpc_on h0 remote show)" ]
}

modprobe -q -a aesni_intel sha256_ssse3
topo_scripted
test_batches
tap_results "$lib/remotes.py" "$topo"
tap_done
