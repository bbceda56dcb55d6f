#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The examples of the man pages, pasted: those of a page one after the other on a
# host of its own, each into a shell of its own.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
pages=$(dirname "${BASH_SOURCE[0]}")/../Documentation/man
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"

host=man-$$-host
container=man-$$-vm0
tmp=$(mktemp -d)
trap 'printf "netns del %s\n" "$host" "$container" | ip -force -b - 2> /dev/null; rm -rf "$tmp"' \
	EXIT

# example PAGE N: the Nth example in the section EXAMPLES, with names and places
# of the test's own.
example()
{
	awk -v want="$2" '
		/^\.SH / { here = /EXAMPLES/ }
		/^\.EE/ { inside = 0 }
		inside && n == want
		here && /^\.EX/ { inside = 1; n++ }' "$1" |
		sed "s|\\\\e|\\\\|g; s|\\\\-|-|g; s|/etc/|$tmp/etc/|g; s|/run/|$tmp/run/|g" |
		sed "s|netns \(add \)\?vm0|netns \1$container|"
}

new_host()
{
	printf 'netns del %s\n' "$host" "$container" | ip -force -b - 2> /dev/null
	ip netns add "$host" &&
		ip -n "$host" -b - <<-END
			link set lo up
			link add eth0 type veth peer name eth1
			link set eth0 up
			link set eth1 up
			addr add fd00:f::2/64 dev eth0 nodad
		END
}

[ -r "$pages/vpc.8" ] || { skip "the man pages" "they are not here"; tap_done; }
mkdir "$tmp/etc" "$tmp/run"
for page in "$pages"/*.8; do
	new_host || bail "can't set up a host"
	name=${page##*/}
	for ((n = 1; ; n++)); do
		block=$(example "$page" $n)
		[ -n "$block" ] || break
		check "$name: example $n" nsenter --net="/run/netns/$host" bash -ec "$block"
	done
	check "$name has examples" [ $n -gt 1 ]
done
tap_done
