#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Routes of one prefix in one request: each displaces the one before it, which the
# same request may replace.  Requests with no object, one too many, or one twice.

# shellcheck disable=SC2317 # check calls them.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

prefix="2000 10.9.0.0/16"

# replace TARGET...: replace the route by each of them, in one request.
replace()
{
	printf "route replace $prefix %s\n" "$@" | vpc_on h0 -batch -
}

# only TARGET: there is no route but this one.
only()
{
	local output

	output=$(vpc_on h0 route show 2000) || return
	echo "$output"
	[ "$(wc -l <<< "$output")" -eq 1 ] && [[ $output == *"$1"* ]]
}

# Nothing else names the VPC: it goes with its last route.
all_gone()
{
	# shellcheck disable=SC2086 # VPC and prefix.
	vpc_on h0 route del $prefix now || return
	prints_nothing vpc_on h0 route show &&
		fails_with "nothing here names this VPC" vpc_on h0 stats show vpc 2000
}

# displaced TARGET TARGET: the first displaces an old one of the second, which
# displaces it in turn.
displaced()
{
	# shellcheck disable=SC2086 # These are words.
	vpc_on h0 route add $prefix $2 || return
	replace "$1" "$2" && only "$2" && all_gone
}

topo_up 1500 1
check "a blackhole displaces a next hop that is replaced" displaced blackhole \
	"via fd00::9:1"
check "a next hop displaces a blackhole that is replaced" displaced "via fd00::9:1" \
	blackhole
vpc_on h0 edge set vpc2_0 grace 0 || bail "can't set the grace"
check "and a next hop another one, without grace" displaced "via fd00::9:1" \
	"via fd00::9:2"
check "several in a row" eval 'replace prohibit "via fd00::9:1" blackhole \
	"via fd00::9:2" && only "via fd00::9:2" && all_gone'
tap_results "$lib/one_request.py" "$topo"
tap_done
