#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The README's demonstration, and its pair of hosts, line by line as it stands there.
#
# shellcheck disable=SC2317 # check calls the functions.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"

readme=$(dirname "${BASH_SOURCE[0]}")/../README.md
hosts=readme-$$-
trap 'printf "netns del %s\n" "${hosts}a" "${hosts}b" web db | ip -force -b -' EXIT

# block N: the Nth example of the section about a pair of hosts.
block()
{
	awk -v want="$1" '
		/^## / { here = /A real pair of hosts/ }
		!here { next }
		/^```sh$/ { n++; inside = 1; next }
		/^```$/ { inside = 0 }
		inside && n == want { print }' "$readme"
}

# paste HOST N: each line of a block must succeed on the host.
paste_block()
{
	local host=$1 line bounded

	while read -r line; do
		case $line in
		perf\ *)
			check "$line" interrupted "${line%%#*}"
			continue ;;
		esac
		# A ping goes on until it is interrupted, too; and KEY is the other's.
		bounded=${line/ ping / ping -c 3 -W 5 }
		bounded=${bounded/ KEY/ $(key_of "$(other_than "$host")")}
		check "$line" nsenter --net="/run/netns/$hosts$host" bash -c "$bounded"
	done < <(block "$2")
}

# interrupted COMMAND: it goes on until it is interrupted.
interrupted()
{
	timeout -s INT 5 bash -c "exec $1"
	[ $? = 124 ]
}

# key_of HOST: the public key of its edge.
key_of()
{
	vpc -n "$hosts$1" edge show edge0 | awk '$1 == "key" { print $2 }'
}

other_than()
{
	[ "$1" = a ] && echo b || echo a
}

# sealed: what the pings of the last block sent and got.
sealed()
{
	vpc -n "${hosts}a" -s remote show | tee /dev/stderr |
		grep -q "rx [1-9][0-9]* packets"
}

# required: as the text says, on both hosts.
required()
{
	local host

	for host in a b; do
		vpc -n "$hosts$host" edge set edge0 encrypt required || return
	done
	ip netns exec db ping -c 3 -W 5 10.0.0.10
}

command -v vpc > /dev/null || bail "there is no vpc command: build it first"
[ -r "$readme" ] || { skip "README.md" "it is not here"; tap_done; }
if [ -e /run/netns/web ] || [ -e /run/netns/db ]; then
	bail "there are namespaces called web or db"
fi

ip -b - <<-END || bail "can't set up two hosts"
	netns add ${hosts}a
	netns add ${hosts}b
	link add eth0 netns ${hosts}a type veth peer name eth0 netns ${hosts}b
END
for host in a b; do
	ip -n "$hosts$host" -b - <<-END || bail "can't set up host $host"
		link set lo up
		link set eth0 up
		addr add 2001:db8::$host/64 dev eth0 nodad
	END
done

check "the demonstration" "${BASH_SOURCE[0]%/*}/demo.sh"
check "there are five blocks" [ -n "$(block 5)" ]
check "and no more" [ -z "$(block 6)" ]
paste_block a 1
paste_block b 2
paste_block a 3
paste_block b 4
check "then it is sealed" sealed
check "and nothing else is taken" required
paste_block a 5
check "IPv6 crosses, too" ip netns exec web ping -c 1 -W 5 fd01::20
check "routing daemons can tell the edge's route" \
	grep fd00:a::/64 <(ip -n "${hosts}a" -6 route show proto 118)
tap_done
