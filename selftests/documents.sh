#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The documents: every block of commands is pasted as it stands, on the host that
# the comment before it names, or has a reason not to be; tables are compared with
# what the module does.  selftests/native/documents sees that no block is overlooked.
#
# shellcheck disable=SC2317 # check calls the functions.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
docs=$(dirname "${BASH_SOURCE[0]}")/../Documentation
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"

hosts=documents-$$-
tmp=$(mktemp -d)
trap 'end_hosts; rm -rf "$tmp"' EXIT

end_hosts()
{
	# shellcheck disable=SC2046 # Names.
	printf 'netns del %s\n' "${hosts}guest" "${hosts}a" "${hosts}b" \
		$(sed -n 's/^ *ip netns add \([a-z0-9]*\)$/\1/p' "$docs/${1:-operations}.rst") |
		ip -force -b - 2> /dev/null
}

# Two hosts with IPv6 between them.
new_hosts()
{
	local host

	ip -b - <<-END || return
		netns add ${hosts}a
		netns add ${hosts}b
		link add eth0 netns ${hosts}a type veth peer name eth0 netns ${hosts}b
	END
	for host in a b; do
		ip -n "$hosts$host" -b - <<-END || return
			link set lo up
			link set eth0 up
			addr add 2001:db8::$host/64 dev eth0 nodad
		END
	done
}

# new_guest DEVICE: of host a, a macvtap; nobody has opened it, so that it works as any
# device does.
new_guest()
{
	ip netns add "${hosts}guest" &&
		ip -n "${hosts}a" link set "$1" name eth0 netns "${hosts}guest" &&
		ip -n "${hosts}guest" link set eth0 up
}

# blocks DOCUMENT: a line for each block of commands: the host, or "both", or "guest of
# DEVICE", and what it needs; or "no, WHY".
blocks()
{
	awk '
		/^\.\. run: / { run = substr($0, 9); next }
		/^\.\. code-block:: sh$/ { print run == "" ? "?" : run; run = "" }' "$docs/$1.rst"
}

# block DOCUMENT N: its commands, with places of the test's own.
block()
{
	awk -v want="$2" '
		/^\.\. code-block:: sh$/ { n++; inside = 1; next }
		/^[^ ]/ { inside = 0 }
		inside && n == want { sub(/^   /, ""); print }' "$docs/$1.rst" |
		sed -E "s#(^|[ '\"])/(etc/vpc|run|var/lib)/#\1$tmp/\2/#g; s#(mkdir -p )/etc/vpc#\1$tmp/etc/vpc#"
}

paste_document()
{
	local name=$1 where run needs n=0

	new_hosts || bail "can't set up two hosts"
	while read -r where; do
		n=$((n + 1))
		# Namespaces that are made in "ip netns exec" are seen there alone.
		run="nsenter --net=/run/netns/$hosts${where%%,*}"
		[[ $where != *", with its own /sys"* ]] || run="ip netns exec $hosts${where%%,*}"
		needs=/
		[[ $where != *", needs "* ]] || needs=${where##*, needs }
		if ! [ -e "$needs" ]; then
			skip "$name: block $n" "the kernel has no $needs"
			continue
		fi
		case $where in
		[ab]|[ab],*)
			# shellcheck disable=SC2086 # Words.
			check "$name: block $n" $run bash -ec "$(block "$name" $n)" ;;
		both)
			for where in a b; do
				check "$name: block $n on host $where" \
					nsenter --net="/run/netns/$hosts$where" \
					bash -ec "$(block "$name" $n)"
			done ;;
		"guest of "*)
			new_guest "${where#guest of }" || bail "can't set up a guest"
			check "$name: block $n" nsenter --net="/run/netns/${hosts}guest" \
				bash -ec "$(block "$name" $n)" ;;
		no,*)
			skip "$name: block $n" "${where#no, }" ;;
		*)
			not_ok "$name: block $n says where it is run" ;;
		esac
	done < <(blocks "$name")
	check "$name has blocks" [ $n -gt 0 ]
	end_hosts "$name"
}

# table DOCUMENT MARK: the rows of the table after the comment, without head.
table()
{
	awk -v mark=".. $2" '
		$0 == mark { here = 1 }
		here && /^===/ { rules++ }
		here && rules == 2 && !/^===/ { print }
		rules == 3 { exit }' "$docs/$1.rst"
}

# default_mtu FABRIC SEGMENTS: what an edge gives its VMs, or "refused".
default_mtu()
{
	local host=${hosts}a

	ip -n "$host" link set eth0 mtu "$1"
	vpc -n "$host" edge del edge9 2> /dev/null
	if vpc -n "$host" edge add edge9 locator fd00:9::/64 fabric eth0 max-segments "$2" \
		2> "$tmp/error"; then
		vpc -n "$host" edge show edge9 | sed -n 's/.* mtu auto (\([0-9]*\)).*/\1/p'
	else
		grep -q 'less than 1280' "$tmp/error" && echo refused
	fi
}

mtu_table()
{
	local fabric none four eight

	while read -r fabric none four eight; do
		echo "a fabric of $fabric"
		[ "$none" = "$(default_mtu "$fabric" 0)" ] &&
			[ "$four" = "$(default_mtu "$fabric" 4)" ] &&
			[ "$eight" = "$(default_mtu "$fabric" 8)" ] || return
	done < <(table operations "mtu table")
}

reasons()
{
	PYTHONDONTWRITEBYTECODE=1 python3 -c '
import sys
sys.path.insert(0, sys.argv[1])
import uapi
print("\n".join(sorted(name for section, rows in uapi.counter_sections()
                       if section == "DROPS" for _, name, _ in rows)))' "$lib"
}

command -v vpc > /dev/null || bail "there is no vpc command: build it first"
[ -r "$docs/operations.rst" ] || { skip "the documents" "they are not here"; tap_done; }
mkdir -p "$tmp/etc" "$tmp/run" "$tmp/var/lib"

for document in "$docs"/*.rst; do
	name=${document##*/}
	name=${name%.rst}
	! grep -q '^\.\. code-block:: sh$' "$document" || paste_document "$name"
done
new_hosts || bail "can't set up two hosts"
check "the MTU table is what edges do" mtu_table
check "the MTU table has rows" [ "$(table operations "mtu table" | wc -l)" -ge 5 ]
check "every drop reason is in the table of troubleshooting, and no other" diff \
	<(table operations "drop reasons" | cut -c 1-20 | grep -oE '[a-z_]+' | sort -u) <(reasons)
tap_done
