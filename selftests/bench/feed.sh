# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Feeds an overlay of overlays.sh and prints what a packet has cost, as JSON.

# $out, $queues and the addresses are those of overlays.sh, $here, $count and $unit the
# script's.
# shellcheck disable=SC2154

# VM B discards what it gets, before its stack looks at it.
sink()
{
	local device

	for device in t0 p0; do
		ip netns exec vmb [ -e /sys/class/net/$device ] || continue
		tc -n vmb qdisc add dev $device clsact
		tc -n vmb filter add dev $device ingress matchall action drop ||
			die "can't discard packets"
	done
}

# What has left by the device under test, and what VM B got by its own.
sent()
{
	ip netns exec vma cat "/sys/class/net/$out/statistics/tx_packets"
}

got()
{
	local device

	for device in t0 p0; do
		ip netns exec vmb cat /sys/class/net/$device/statistics/rx_packets \
			2> /dev/null && return
	done
	sent
}

# feed FAMILY SIZE COUNT FLOWS: send packets; prints when the first one was, and how
# long it took, in microseconds.  Size counts IP header and payload.
feed()
{
	local mac addresses ports="udp_src_min 40000|udp_src_max $((39999 + $4))"

	mac=$(ip netns exec vma cat /sys/class/net/in0/address)
	addresses="src_min $src4 | src_max $src4 | dst $dst4"
	[ "$1" = 4 ] || addresses="src6 $src6 | dst6 $dst6"
	# pktgen's files and threads are those of a namespace.
	# shellcheck disable=SC2016 # The inner shell's variables.
	ip netns exec gen bash -c '
		cd /proc/net/pktgen || exit
		echo rem_device_all > kpktgend_0
		echo "add_device g0" > kpktgend_0
		IFS="|"
		for word in $1; do
			echo "${word# }" > g0 || exit
		done
		echo start > pgctrl
		sed -n -e "s/^ *started: \([0-9]*\)us.*/\1/p" \
			-e "s/^Result: OK: \([0-9]*\)(.*/\1/p" g0' - \
		"count $3|clone_skb 0|delay 0|flag NO_TIMESTAMP|dst_mac $mac|$ports|udp_dst_min 53|udp_dst_max 53|pkt_size $(($2 + 14))|${addresses// | /|}"
}

# spent FAMILY SIZE COUNT FLOWS: the microseconds that it takes to send packets.  Of
# what works in the background, it takes until VM B has them.
spent()
{
	local start us end

	[ -z "$queues" ] || {
		exec {end}< <(ip netns exec vmb "$here/drained" \
			/sys/class/net/t0/statistics/rx_packets $(($(got) + $3)))
		sleep 0.3
	}
	{ read -r start && read -r us; } < <(feed "$@")
	[ -z "$queues" ] || {
		read -r us <&$end
		exec {end}<&-
		us=$((us - start))
	}
	echo "$us"
}

# measure KIND FAMILY SIZE [FLOWS [MORE]]: what a packet costs, in the best of some
# rounds of $count, since the kernel has other things to do at times.  Where packets
# are queued, a round must fit into the queue, and the median of many counts.  MORE are
# further members of the object.
measure()
{
	local kind=$1 family=$2 size=$3 flows=${4:-1} count=$count rounds=3 pick=1
	local before_sent before_got us=() n i

	[ -z "$queues" ] || {
		[ "$count" -le 500 ] || count=500
		rounds=15 pick=8
	}
	feed "$family" "$size" 50 1 > /dev/null
	sleep 0.2
	before_sent=$(sent)
	before_got=$(got)
	for ((i = 0; i < rounds; i++)); do
		us+=("$(spent "$family" "$size" "$count" "$flows")")
		# What is queued when the last has been sent is soon through.
		sleep 0.1
	done
	for _ in {1..50}; do
		n=$(($(got) - before_got))
		[ $n -lt $((rounds * count)) ] || break
		sleep 0.1
	done
	printf '{"what": "packet", "kind": "%s", "family": %d, "size": %d, "flows": %d, ' \
		"$kind" "$family" "$size" "$flows"
	printf '%s"count": %d, "sent": %d, "got": %d, "%s": %d}\n' "${5:-}" \
		$((rounds * count)) $(($(sent) - before_sent)) "$n" "$unit" \
		$(($(printf '%s\n' "${us[@]}" | sort -n | sed -n "${pick}p") * 1000 / count))
}
