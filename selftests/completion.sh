#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Bash completion: words from the tool's own help, names from what is configured.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
script=$(dirname "${BASH_SOURCE[0]}")/../tools/completion/vpc
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

loader=/usr/share/bash-completion/bash_completion
[ -r "$loader" ] || { skip "completion" "there is no bash-completion"; tap_done; }
# shellcheck disable=SC1090,SC1091 # Not ours, and ours.
{
	. "$loader"
	. "$script"
}

host=${topo}h0

# offers LINE: what completion offers at the end of the line, in order, once each.
offers()
{
	local line=$1 COMP_LINE COMP_POINT COMP_CWORD COMP_WORDS COMPREPLY=()

	# Bash takes words apart at colons, too.
	# shellcheck disable=SC2001 # It refers to what matched.
	read -ra COMP_WORDS <<< "$(sed 's/:\+/ & /g' <<< "$line")"
	[[ $line != *' ' ]] || COMP_WORDS+=("")
	COMP_LINE=$line COMP_POINT=${#line} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_vpc
	printf '%s\n' "${COMPREPLY[@]}" | sort -u | xargs
}

# completes LINE WORD...: what can end the line is just these words.
completes()
{
	local line=$1 got want

	shift
	got=$(offers "$line")
	want=$(printf '%s\n' "$@" | sort -u | xargs)
	if [ "$got" = "$want" ]; then
		ok "\"$line\""
	else
		not_ok "\"$line\""
		diag "expected: $want"
		diag "got: $got"
	fi
}

# expected LINE: the words that the tool itself expects at the end of the line, as
# it tells when it finds another.
expected()
{
	local words

	read -ra words <<< "$1"
	"${words[@]}" nothing-like-it 2>&1 |
		sed -n 's/^Error: unknown .* "nothing-like-it": expected \(one of \)\?//p' |
		tr -d ,
}

# agrees LINE: completion offers the words that the tool expects, under the names
# that its help uses, and none that it does not know.
agrees()
{
	local line=$1 got want word words wrong=()

	got=" $(offers "$line ") "
	want=$(expected "$line")
	[ -z "$want" ] || told=$((told + 1))
	for word in $want; do
		case $word in
		list) continue ;;
		# It says something behind netns only.
		nodefault) [[ $line == *" netns "* ]] || continue ;;
		delete) word=del ;;
		esac
		[[ $got == *" $word "* ]] || wrong+=("$word is missing")
	done
	for word in $got; do
		[[ " $want " != *" $word "* ]] || continue
		read -ra words <<< "$line $word"
		! "${words[@]}" 2>&1 | grep -qE "(unknown|unexpected) .* \"$word\"" ||
			wrong+=("$word is not known")
	done
	if [ ${#wrong[@]} -eq 0 ]; then
		ok "\"$line\" has what the tool expects there"
	else
		not_ok "\"$line\" has what the tool expects there"
		diag "${wrong[@]}"
	fi
}

topo_lone
vpc -n "$host" -b - <<-END || bail "can't configure"
	edge add edge0 locator fd00:7::/64 fabric eth0
	edge add upper0 locator fd00:6::/64 fabric any
	vpc add 1000 c0@edge0 fd00:7::10 02:00:00:00:00:10 -4 10.0.0.10 -6 fd01::10
	vpc add 1000 fd00:8::20 02:00:00:00:00:20 -4 10.0.0.20
	vpc add 4711 fd00:8::21 02:00:00:00:00:21 -4 10.0.0.21
	route add 1000 10.1.0.0/16 via fd00:8::20
	route add 1000 fd02::/16 blackhole
	route add 4711 10.2.0.0/16 blackhole
	peer add 1000 4711
	remote add fd00:8::/64 prefix fd00:9::/64 key GU1jqGb/AJAMhp/lWy7Cpu1AlPgtwKk9obmP+HLUljY=
	remote add fd00:a::/64 key ojktDXrSLaeq0vjD+5Ziqa8Xo5ShijwBwHkg0h7X1xQ=
END

completes "vpc ed" edge
completes "vpc mon" monitor
completes "vpc -js" -json
completes "vpc -n comple" "$(ip netns | cut -d ' ' -f 1 | grep ^comple)"
completes "vpc edge " add set del rekey show help
completes "vpc stats a" audit
completes "vpc stats prom" prometheus
completes "vpc edge add new0 " locator fabric prefix mtu max-segments short grace option-type \
	encrypt cipher key-grace
completes "vpc edge add new0 locator fd00::/64 sh" short
completes "vpc edge set edge0 short " on off
completes "vpc edge set edge0 mtu " auto
completes "vpc edge set edge0 encrypt " off on required
completes "vpc edge set edge0 cipher c" chacha20-poly1305
completes "vpc edge set edge0 prefix " add del
completes "vpc -n $host edge del " edge0 upper0
completes "vpc -n $host edge set u" upper0
completes "vpc -n $host edge rekey e" edge0
completes "vpc -n $host stats show edge e" edge0
completes "vpc -n $host vpc del " 1000 4711
completes "vpc -n $host vpc del 1000 " fd00:7::10 fd00:8::20
# What bash has taken apart already is not repeated.
completes "vpc -n $host vpc del 1000 fd00:8" "8::20"
completes "vpc -n $host vpc set 4711 fd00:8::21 state " standby active retiring
completes "vpc -n $host vpc show 4" 4711
completes "vpc -n $host vpc add 1000 c1@e" "c1@edge0"
completes "vpc vpc add 1 fd00::1 02:00:00:00:00:01 st" state
completes "vpc -n $host trace " 1000 4711 help
completes "vpc -n $host trace 1000 from " 10.0.0.10 fd01::10 10.0.0.20
completes "vpc trace 1000 from 10.0.0.10 proto ud" udp udplite
completes "vpc -n $host route del " 1000 4711
completes "vpc -n $host route del 1000 " 10.1.0.0/16 fd02::/16
completes "vpc -n $host route show 4711 " 10.2.0.0/16
completes "vpc -n $host route add 1000 10.3.0.0/16 via fd00:8" "8::20"
completes "vpc -n $host peer del 1" 1000
completes "vpc -n $host peer del 1000 4" 4711
completes "vpc remote " add replace set del show help
completes "vpc -n $host remote del " fd00:8::/64 fd00:a::/64
completes "vpc -n $host remote set fd00:a" "a::/64"
completes "vpc remote del fd00:8::/64 " now
completes "vpc remote set fd00:8::/64 " seq
completes "vpc remote add fd00:8::/64 " prefix standby key encrypt
completes "vpc remote add fd00:8::/64 encrypt " off on required
completes "vpc remote add fd00:8::/64 key f" file

completes "vpc -n $host route add 1000 10.3.0.0/16 " via peer blackhole prohibit export hash state
completes "vpc -n $host route add 1000 10.3.0.0/16 blackhole ex" export
completes "vpc -n $host route add 1000 10.3.0.0/16 via fd00:8::20 w" weight
completes "vpc vpc add 1 fd00::1 02:00:00:00:00:01 netns a no" nodefault
completes "vpc endpoint " add replace set del show help
completes "vpc stats e" explain
completes "vpc monitor " edge vpc endpoint route peer remote help
completes "vpc -t monitor edge r" route remote

# Where keywords stand, for each command that has some.  The tool tells which it
# expects: completion, which reads the help, must offer the same.
lines=(
	"edge add new0" "edge add new0 locator fd00:5::/64" "edge set edge0" "edge del edge0"
	"edge rekey edge0" "edge show edge0"
	"vpc add 1 fd00::1 02:00:00:00:00:01" "vpc add 1 n0@edge0 fd00:7::1 02:00:00:00:00:01"
	"vpc add 1 n0@edge0 fd00:7::1 02:00:00:00:00:01 netns a"
	"vpc replace 1 fd00::1 02:00:00:00:00:01" "vpc set 1000 fd00:8::20"
	"vpc del 1000 fd00:8::20" "vpc show 1000 fd00:8::20"
	"endpoint add 1 fd00::1 02:00:00:00:00:01" "endpoint del 1000 fd00:8::20"
	"route add 1000 10.3.0.0/16" "route add 1000 10.3.0.0/16 via fd00:8::20"
	"route add 1000 10.3.0.0/16 blackhole" "route replace 1000 10.1.0.0/16"
	"route set 1000 10.1.0.0/16" "route del 1000 10.1.0.0/16" "route show 1000 10.1.0.0/16"
	"peer add 1000 4711" "peer del 1000 4711" "peer show 1000"
	"remote add fd00:b::/64" "remote replace fd00:8::/64" "remote set fd00:8::/64"
	"remote del fd00:8::/64" "remote show fd00:8::/64"
	"stats" "stats show" "stats audit" "stats prometheus"
	"trace 1000" "trace 1000 from 10.0.0.10"
	"monitor edge" "monitor vpc" "monitor endpoint" "monitor route" "monitor peer"
	"monitor remote" "monitor edge route"
)
told=0
for line in "${lines[@]}"; do
	agrees "vpc -n $host $line"
done

# None is forgotten: the tool tells its objects, and their commands.
for object in $(expected vpc); do
	# An endpoint's are those of "vpc".
	[[ $object != help && $object != endpoint ]] || continue
	completes "vpc $object" "$object"
	for command in $(expected "vpc $object"); do
		[[ $command != list && $command != help ]] || continue
		command=${command/#delete/del}
		check "\"vpc $object $command\" is among them" \
			grep -E "^$object $command( |\$)" <(printf '%s\n' "${lines[@]}")
	done
	agrees "vpc -n $host $object"
done
check "the tool tells what it expects: $told times" [ $told -ge 20 ]
tap_done
