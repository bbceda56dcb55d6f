# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# A fabric in network namespaces: hosts h0, h1, ..., each with an uplink eth0 to
# a spine that routes IPv6, and an edge vpc2_N with the locator fd00::N:0/112.
#
# All names begin with $topo, which no other running test has: host 0 is the
# namespace ${topo}h0.  What is on the fabric is what the test sends there:
# addresses and neighbours are static, and nothing has a link-local address.

# tap.sh gives ok, not_ok, skip, diag and bail.

topo=${0##*/}
topo=${topo%.sh}-$$-
topo_hosts=
topo_vms=
topo_limit=
topo_bystander=

# topo_up [MTU [HOSTS]]: make the fabric and the edges; it goes when the shell
# exits.
topo_up()
{
	local mtu=${1:-1500} hosts=${2:-2} n host

	command -v vpc > /dev/null || bail "there is no vpc command: build it first"
	trap topo_down EXIT
	{
		echo "netns add ${topo}spine"
		for ((n = 0; n < hosts; n++)); do
			echo "netns add ${topo}h$n"
		done
	} | ip -b - || bail "can't add network namespaces"

	ip netns exec "${topo}spine" sysctl -qw net.ipv6.conf.all.forwarding=1
	for ((n = 0; n < hosts; n++)); do
		host=h$n
		topo_hosts+="$host "
		ip -n "${topo}spine" -b - <<-END || bail "can't set up $host"
			link add to_$host mtu $mtu address 02:00:00:00:0$n:01 type veth peer name eth0 netns ${topo}$host mtu $mtu address 02:00:00:00:0$n:02
			link set to_$host addrgenmode none
			link set lo up
			link set to_$host up
			addr add fd00:f:0:$n::1/64 dev to_$host nodad
			neigh add fd00:f:0:$n::2 lladdr 02:00:00:00:0$n:02 dev to_$host nud permanent
			route add fd00::$n:0/112 via fd00:f:0:$n::2
		END
		ip -n "${topo}$host" -b - <<-END || bail "can't set up $host"
			link set lo up
			link set eth0 addrgenmode none
			link set eth0 up
			addr add fd00:f:0:$n::2/64 dev eth0 nodad
			neigh add fd00:f:0:$n::1 lladdr 02:00:00:00:0$n:01 dev eth0 nud permanent
			route add default via fd00:f:0:$n::1
		END
		vpc -n "${topo}$host" edge add "vpc2_$n" locator "fd00::$n:0/112" fabric eth0 ||
			bail "can't add an edge on $host"
		ip -n "${topo}$host" link set "vpc2_$n" up
	done
}

# topo_lone: one host alone, with an uplink eth0 that leads back to it, and no edge.
topo_lone()
{
	command -v vpc > /dev/null || bail "there is no vpc command: build it first"
	trap topo_down EXIT
	topo_hosts="h0 "
	ip -b - <<-END || bail "can't add a host"
		netns add ${topo}h0
		link add eth0 netns ${topo}h0 type veth peer name eth1 netns ${topo}h0
	END
	ip -n "${topo}h0" -b - <<-END || bail "can't set up a host"
		link set lo up
		link set eth0 up
		link set eth1 up
	END
}

# topo_keys HOST EDGE: the public keys of the edge.
topo_keys()
{
	vpc_on "$1" edge show "$2" | awk '$1 == "key" { print $2 }'
}

# topo_seal: tell all hosts the keys of the others, and take and send nothing that is
# not sealed; again, when an edge is new.
topo_seal()
{
	local host other keys

	for host in $topo_hosts; do
		keys=$(topo_keys "$host" "vpc2_${host#h}" | sed 's/^/key /')
		for other in $topo_hosts; do
			# shellcheck disable=SC2086 # A list.
			[ "$other" = "$host" ] || vpc_on "$other" remote replace \
				"fd00::${host#h}:0/112" $keys || return
		done
	done
	for host in $topo_hosts; do
		vpc_on "$host" edge set "vpc2_${host#h}" encrypt required || return
	done
}

# topo_backlog [PACKETS]: how many packets the links may hold, until topo_down. They all
# share a queue of the CPU that receives, and floods fill one of the usual length,
# which loses what others send.
topo_backlog()
{
	: "${topo_limit:=$(sysctl -n net.core.netdev_max_backlog)}"
	sysctl -qw net.core.netdev_max_backlog="${1:-20000}"
}

topo_down()
{
	local name

	[ -z "$topo_bystander" ] || kill "$topo_bystander" 2> /dev/null
	topo_bystander=
	for name in $topo_vms $topo_hosts spine; do
		ip netns pids "$topo$name" 2> /dev/null | xargs -r kill -KILL
		ip netns del "$topo$name" 2> /dev/null
	done
	topo_hosts=
	topo_vms=
	[ -z "$topo_limit" ] || topo_backlog "$topo_limit"
	topo_limit=
}

# in_ns NAME COMMAND...: run COMMAND in namespace NAME of the test.
in_ns()
{
	local name=$1

	shift
	ip netns exec "$topo$name" "$@"
}

# vpc_on HOST ARGUMENT...: run vpc on HOST.
vpc_on()
{
	local host=$1

	shift
	vpc -n "$topo$host" "$@"
}

# vm_add HOST VPC NAME SID MAC V4 V6 [ARGUMENT...]: add a VM with its own
# namespace, in which its device has the same name; on the other hosts it is
# remote.  "-" stands for no address; further addresses can follow.
vm_add()
{
	local host=$1 id=$2 name=$3 sid=$4 mac=$5 v4=$6 v6=$7 other
	local addresses=()

	shift 7
	[ "$v4" = - ] || addresses+=(-4 "$v4")
	[ "$v6" = - ] || addresses+=(-6 "$v6")
	addresses+=("$@")
	ip netns add "$topo$name" || bail "can't add a network namespace"
	topo_vms+="$name "
	ip -n "$topo$name" link set lo up
	for other in $topo_hosts; do
		if [ "$other" = "$host" ]; then
			vpc_on "$host" vpc add "$id" "$name@vpc2_${host#h}" "$sid" "$mac" \
				"${addresses[@]}" netns "$topo$name"
		else
			vpc_on "$other" vpc add "$id" "$sid" "$mac" "${addresses[@]}"
		fi || bail "can't add $name on $other"
	done
}

# vm_quiet NAME...: take the addresses from VMs, so that their kernels neither
# answer what a test sends nor say anything themselves.
vm_quiet()
{
	local name

	for name in "$@"; do
		in_ns "$name" sysctl -qw "net.ipv6.conf.$name.disable_ipv6=1"
		ip -n "$topo$name" addr flush dev "$name"
	done
}

# eventually COMMAND...: it succeeds within a minute.
eventually()
{
	local end=$((SECONDS + 60))

	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return
		sleep 0.2
	done
}

# reach NAME ADDRESS...: the VM pings each address.
reach()
{
	local name=$1 address

	shift
	for address; do
		in_ns "$name" ping -q -c 1 -W 5 "$address" || return
	done
}

# no_reach NAME ADDRESS: the opposite, without waiting long: it was sent, or had nowhere
# to go, and was not answered.
no_reach()
{
	local output status

	output=$(in_ns "$1" ping -q -c 1 -W 1 "$2" 2>&1)
	status=$?
	echo "status $status: $output"
	case $status in
	1) [[ $output == *" 0 received"* ]] ;;
	2) [[ $output == *"Network is unreachable"* ]] ;;
	*) return 1 ;;
	esac
}

# listened_to HOST: somebody has joined a group of generic netlink there.
listened_to()
{
	# shellcheck disable=SC2016 # That is for awk.
	in_ns "$1" awk '$2 == 16 && $4 !~ /^0+$/ { found = 1 } END { exit !found }' \
		/proc/net/netlink
}

# everything: all that a refused command could have changed on h0.
everything()
{
	printf '%s\n' "edge show" "vpc show" "route show" "peer show" "remote show" |
		vpc_on h0 -j -batch -
}

# refused MESSAGE ARGUMENT...: vpc fails on h0 with that message, and nothing
# has changed.
refused()
{
	local message=$1 before output status after

	shift
	before=$(everything)
	output=$(vpc_on h0 "$@" 2>&1)
	status=$?
	after=$(everything)
	if [ $status -gt 0 ] && [ $status -le 2 ] && [ "$before" = "$after" ] &&
		[[ $output == *"$message"* ]]; then
		ok "refused: $*"
		return
	fi
	not_ok "refused: $*"
	diag "status $status, expected: $message"
	diag <<< "$output"
	diff <(echo "$before") <(echo "$after") | diag
}

# bystander_begin NAME ADDRESS NAME ADDRESS: two VMs send datagrams to each other until
# bystander_end, which succeeds if none is missing: to see that they notice nothing.
bystander_begin()
{
	topo_bystander_log=$(mktemp)
	PYTHONDONTWRITEBYTECODE=1 python3 "${BASH_SOURCE[0]%/*}/lifetime.py" steady \
		"$topo$1" "$2" "$topo$3" "$4" > "$topo_bystander_log" 2>&1 &
	topo_bystander=$!
	eventually test -s "$topo_bystander_log"
}

bystander_end()
{
	local status

	kill "$topo_bystander" && wait "$topo_bystander"
	status=$?
	topo_bystander=
	cat "$topo_bystander_log"
	rm -f "$topo_bystander_log"
	return $status
}

# topo_talk: endpoints for tests with raw packets.  Those on h1 share an
# address in two VPCs, and one of them has its SID for an overlay address.
topo_talk()
{
	vm_add h0 1000 vm0 fd00::0:10 CC:2A:2A:00:00:0A 10.0.0.10 fd00::cc:0:10
	vm_add h0 1000 vmgtw fd00::0:11 CC:2A:2A:00:00:0B 10.0.0.11 fd00::cc:0:11
	vm_add h1 1000 vm2 fd00::1:20 CC:2A:2A:00:01:14 10.0.0.20 fd00::cc:0:20 \
		-6 fd00::1:20
	vm_add h1 1001 vm1 fd00::1:10 CC:2A:2A:00:01:0A 10.0.1.10 fd00::cc:1:10 \
		-4 10.0.0.20 -6 fd00::cc:0:20
}

# vm_unique NAME: the VM looks for no duplicates of its addresses any more.
vm_unique()
{
	[ -z "$(ip -6 -n "$topo$1" addr show tentative)" ]
}

# topo_settled HOST: its VMs say nothing: reports of multicast groups are sent twice, a
# second apart.
topo_settled()
{
	local before

	before=$(vpc_on "$1" stats show)
	sleep 2
	[ "$before" = "$(vpc_on "$1" stats show)" ]
}

# vm_polite HOST NAME...: VMs of the host say nothing unasked while a test counts: they
# know their gateways for good, and solicit no routers.  The kernel does so again after
# four seconds, when the answer arrives before it has noted that it asked.
vm_polite()
{
	local host=$1 address vm

	shift
	for vm; do
		for address in 169.254.1.1 fe80::1; do
			ip -n "$topo$vm" neigh replace $address lladdr 02:56:50:43:00:01 \
				dev "$vm" nud permanent || bail "can't give $vm a neighbour"
		done
		in_ns "$vm" sysctl -qw "net.ipv6.conf.$vm.router_solicitations=0"
	done
	for vm; do
		eventually vm_unique "$vm" || bail "$vm does not end its search for duplicates"
	done
	eventually topo_settled "$host" || bail "$host does not become quiet"
}

# topo_scripted: the same as topo_talk, and a third host without an edge: a program is
# that, with endpoints that h0 knows.
topo_scripted()
{
	local address

	topo_up 1500 3
	vpc_on h2 edge del vpc2_2
	topo_talk
	for address in "fd00::2:30 10.0.0.30" "fd00::3:30 10.0.0.40"; do
		vpc_on h0 vpc add 1000 "${address% *}" 02:00:00:00:00:30 -4 "${address#* }"
	done
	vm_polite h0 vm0 vmgtw
}

# tap_results PROGRAM [ARGUMENT...]: report the test points of a program that
# prints them as harness.py does.
tap_results()
{
	local word text ended=

	while read -r word text; do
		case $word in
		ok) ok "$text" ;;
		not_ok) not_ok "$text" ;;
		diag) diag "$text" ;;
		skip) skip "${text% \# *}" "${text##* \# }" ;;
		end) ended=y ;;
		*) diag "$word $text" ;;
		esac
	done < <(PYTHONDONTWRITEBYTECODE=1 python3 "$@" 2>&1)
	[ -n "$ended" ] || not_ok "${1##*/} runs to its end"
}
