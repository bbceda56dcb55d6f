#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What comes and goes while packets pass: endpoint devices, edges, fabric devices,
# namespaces, the module itself.  Others must not notice, and nothing may stay.  The
# fabric of those that have things done to them carries sealed packets, that of the
# others clear ones.

# shellcheck disable=SC2317 # check calls them.

selftests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
lib=$selftests/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"
export PYTHONDONTWRITEBYTECODE=1

base=$topo
tmp=$(mktemp -d)

# retry SECONDS COMMAND...: until it succeeds; slow kernels get more of them.
retry()
{
	local end=$((SECONDS + $1 * ${TIME_FACTOR:-1}))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# pause: a random moment, so that what follows meets packets anywhere.
pause()
{
	sleep "0.$(printf %03d $((RANDOM % 300)))"
}

# flood NAME ADDRESS...: begin to send from a VM all that it can, but with what
# the commands of this test leave of the machine.
flood()
{
	local name=$1

	shift
	: > "$tmp/flood.$name"
	nice -n 19 ip netns exec "$topo$name" python3 "$lib/lifetime.py" flood "$@" \
		>> "$tmp/flood.$name" 2> /dev/null &
	disown
}

flood_va() { flood va 10.0.0.20 fd00::cc:0:20 10.0.0.11; }
flood_vb() { flood vb 10.0.0.10; }
flood_vl() { flood vl fd00::cc:0:10; }

# flooding NAME...: all of these have begun.
flooding()
{
	local name

	for name; do
		retry 30 test -s "$tmp/flood.$name" || return
	done
}

# vms: those that have things done to them, and vc and vd, which share edges with
# them.
vms()
{
	vm_add h0 1000 va fd00::0:10 CC:2A:2A:00:00:0A 10.0.0.10 fd00::cc:0:10
	vm_add h0 1000 vl fd00::0:11 CC:2A:2A:00:00:0B 10.0.0.11 fd00::cc:0:11
	vm_add h1 1000 vb fd00::1:20 CC:2A:2A:00:01:14 10.0.0.20 fd00::cc:0:20
	vm_add h0 1000 vc fd00::0:12 CC:2A:2A:00:00:0C 10.0.0.12 fd00::cc:0:12
	vm_add h1 1000 vd fd00::1:21 CC:2A:2A:00:01:15 10.0.0.21 fd00::cc:0:21
}

build()
{
	local host

	topo_up 1500
	trap cleanup EXIT
	topo_backlog
	vms
	for host in h0 h1; do
		vpc_on $host save > "$tmp/$host"
	done
	grep "va@" "$tmp/h0" > "$tmp/va"
	topo_seal || bail "can't seal"
	flood_va
	flood_vb
	flood_vl
	flooding va vb vl
}

# again WHAT HOST: restore what a file has of the configuration of a host.
again()
{
	sed 's/^vpc add/vpc replace/' "$tmp/$1" | vpc_on "$2" -b -
}

reach()
{
	in_ns "$1" ping -q -c 1 -W 1 "$2" > "$tmp/reach" 2>&1
}

# reaches: VMs reach each other again.
reaches()
{
	local to

	for to in 10.0.0.20 fd00::cc:0:20 fd00::cc:0:11; do
		if ! retry 20 reach va "$to"; then
			cat "$tmp/reach"
			return 1
		fi
	done
}

# steady NAME PREFIX A V4 V6 B V4 V6: begin to send between two VMs what must
# arrive.
steady()
{
	local name=$1 prefix=$2

	python3 "$lib/lifetime.py" steady "$prefix$3" "$4" "$prefix$6" "$7" \
		"$prefix$3" "$5" "$prefix$6" "$8" > "$tmp/$name" 2>&1 &
	steady[$name]=$!
	retry 30 test -s "$tmp/$name"
}

# unharmed NAME: it has all arrived.
unharmed()
{
	local pid=${steady[$1]}

	kill "$pid" && wait "$pid" && return
	cat "$tmp/$1"
	return 1
}

steady_neighbours()
{
	steady neighbours "$topo" vc 10.0.0.12 fd00::cc:0:12 vd 10.0.0.21 fd00::cc:0:21
}

steady_others()
{
	steady others "${base}o-" vu 10.0.0.10 fd00::cc:0:10 vw 10.0.0.20 fd00::cc:0:20
}

no_device()
{
	fails_with "does not exist" ip -n "$topo$1" link show "$2" > /dev/null
}

# loaded: so far, the VMs of h0 have sent a lot.
loaded()
{
	vpc_on h0 -j stats show | python3 -c '
import json, sys
sent = json.load(sys.stdin)["sources"]["from_vm"]
print(sent, "segments")
sys.exit(sent < 2000)'
}

# accounts HOST...: everything adds up while it goes on.
accounts()
{
	local host

	for host; do
		vpc_on "$host" stats audit || return
	done
}

delete_in_vm() { ip -n "${topo}va" link del va; }
delete_on_host() { vpc_on h0 vpc del 1000 fd00::0:10; }

down_and_up()
{
	ip -n "${topo}va" link set va down
	pause
	ip -n "${topo}va" link set va up
}

rename()
{
	local from=va to

	for to in other va; do
		ip -n "${topo}va" -b - <<-END || return
			link set $from down
			link set $from name $to
			link set $to up
		END
		from=$to
	done
}

# Which leaves it without its addresses, and down.
move()
{
	ip -n "${topo}va" link set va netns "${topo}vl" &&
		ip -n "${topo}vl" link set va up && pause &&
		ip -n "${topo}vl" link set va netns "${topo}h0" &&
		ip -n "${topo}h0" link set va up && pause &&
		ip -n "${topo}h0" link set va netns "${topo}va"
}

change_mac()
{
	ip -n "${topo}va" -b - <<-END
		link set va address 02:00:00:00:00:77
		link set va mtu 1280
		link set va address CC:2A:2A:00:00:0A
		link set va mtu 1343
	END
}

test_devices()
{
	local what round failed

	steady_neighbours
	steady_others
	for what in delete_in_vm delete_on_host down_and_up rename move change_mac; do
		failed=
		for round in 1 2; do
			pause
			$what > "$tmp/out" 2>&1 || failed+="$round: $(< "$tmp/out") "
			case $what in
			delete*) no_device va va || failed+="$round: it is still there " ;;
			esac
			again va h0 > "$tmp/out" 2>&1 || failed+="$round: $(< "$tmp/out") "
		done
		check "an endpoint device under load: ${what//_/ }" test -z "$failed"
		[ -z "$failed" ] || diag "$failed"
	done
	check "its VM reaches the others again" reaches
	check "this was a load" loaded
	check "everything is accounted for meanwhile" accounts h0 h1
	check "and what went over the fabric was sealed" opened h0 h1
}

# opened HOST...: so far, these have opened a lot.
opened()
{
	local host

	for host; do
		vpc_on "$host" -j stats show | python3 -c '
import json, sys
opened = json.load(sys.stdin)["sources"]["from_opened"]
print(opened, "packets")
sys.exit(opened < 500)' || return
	done
}

# die NAME...: kill what is in namespaces, and delete them in the same breath.
die()
{
	local name names=()

	for name; do
		names+=("$topo$name")
		ip netns pids "$topo$name"
	done | xargs -r kill -KILL
	for name; do
		ip netns del "$topo$name"
	done
}

endpoint_gone()
{
	fails_with "no endpoint has this VPC and SID" vpc_on h0 vpc show 1000 fd00::0:10 > /dev/null
}

test_vm()
{
	local round failed=0

	for round in 1 2; do
		pause
		die va
		retry 30 endpoint_gone || failed=$round
		ip netns add "${topo}va"
		again va h0 || failed=$round
		flood_va
		flooding va || failed=$round
	done
	check "a VM's namespace is deleted, and its endpoint with it" test $failed -eq 0
	check "it is there again, and reaches the others" reaches
	check "its neighbours have not lost a packet" unharmed neighbours
}

edge_rename()
{
	local from=vpc2_0 to

	for to in border vpc2_0; do
		ip -n "${topo}h0" -b - <<-END || return
			link set $from down
			link set $from name $to
		END
		pause
		vpc_on h0 edge set "$to" up || return
		from=$to
	done
}

edge_del()
{
	vpc_on h0 edge del vpc2_0 && no_device va va && no_device h0 vpc2_0 &&
		pause && again h0 h0 && topo_seal
}

edge_link_del()
{
	ip -n "${topo}h0" link del vpc2_0 && no_device va va && no_device h0 vpc2_0 &&
		pause && again h0 h0 && topo_seal
}

# fabric_up: what the kernel takes away with a link.
fabric_up()
{
	ip -n "${topo}h0" -b - <<-END
		link set eth0 up
		addr replace fd00:f:0:0::2/64 dev eth0 nodad
		neigh replace fd00:f:0:0::1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent
		route replace default via fd00:f:0:0::1
	END
	ip -n "${topo}spine" -b - <<-END
		neigh replace fd00:f:0:0::2 lladdr 02:00:00:00:00:02 dev to_h0 nud permanent
		route replace fd00::0:0/112 via fd00:f:0:0::2
	END
}

fabric_link()
{
	ip -n "${topo}h0" link set eth0 down && pause && fabric_up
}

fabric_del()
{
	ip -n "${topo}h0" link del eth0 && pause &&
		ip -n "${topo}spine" -b - <<-END &&
		link add to_h0 address 02:00:00:00:00:01 type veth peer name eth0 netns ${topo}h0 address 02:00:00:00:00:02
		link set to_h0 addrgenmode none
		link set to_h0 up
		addr add fd00:f:0:0::1/64 dev to_h0 nodad
		END
		ip -n "${topo}h0" link set eth0 addrgenmode none &&
		fabric_up && vpc_on h0 edge set vpc2_0 fabric add eth0
}

# A second fabric device that comes and goes.
fabric_more()
{
	ip -n "${topo}h0" link add eth1 type dummy &&
		vpc_on h0 edge set vpc2_0 fabric add eth1 && pause &&
		ip -n "${topo}h0" link set eth1 name eth2 && pause &&
		ip -n "${topo}h0" link del eth2
}

test_edge()
{
	local what round failed

	for what in edge_rename edge_del edge_link_del fabric_link fabric_del \
		fabric_more; do
		failed=
		for round in 1 2; do
			pause
			$what > "$tmp/out" 2>&1 || failed+="$round: $(< "$tmp/out") "
		done
		check "under load: ${what//_/ }" test -z "$failed"
		[ -z "$failed" ] || diag "$failed"
		check "after that, VMs reach each other again" reaches
	done
	check "everything is accounted for meanwhile" accounts h0 h1
}

# The namespaces of VMs stay, those of hosts go, and all at once.
test_host()
{
	pause
	ip netns del "${topo}h1"
	check "a host's namespace takes its endpoints' devices with it" \
		retry 30 no_device vb vb
	check "everything is accounted for on the other host" accounts h0
	pause
	die h0 va
	check "so it does together with one of its VMs" retry 30 no_device vl vl
	topo_down
	build
	check "what is made anew is as good" reaches
	check "those on other hosts have not lost a packet" unharmed others
}

# keep_module: a copy of the file that the module was loaded from, for a build may
# replace that.
keep_module()
{
	local file version

	[ -e /sys/module/vpc/initstate ] || return
	version=$(< /sys/module/vpc/srcversion)
	for file in "${VPC_MODULE:-}" "$selftests/../kmod/vpc.ko" \
		"$selftests/../build/$(uname -r)/kmod/vpc.ko" "$(modinfo -n vpc 2> /dev/null)"; do
		[ -r "$file" ] || continue
		[ "$(modinfo -F srcversion "$file")" = "$version" ] || continue
		cp "$file" "$tmp/vpc.ko"
		return
	done
	return 1
}

idle()
{
	[ "$(< /sys/module/vpc/refcnt)" -eq 0 ]
}

unload()
{
	rmmod vpc
}

load()
{
	[ -d /sys/module/vpc ] || insmod "$tmp/vpc.ko"
}

# none_left: there is no edge and no endpoint device anywhere.
none_left()
{
	local name kind

	for kind in vpc vpcedge; do
		ip -br link show type $kind
		for name in $(ip netns list | cut -d ' ' -f 1); do
			ip -n "$name" -br link show type $kind
		done
	done > "$tmp/left"
	cat "$tmp/left"
	[ ! -s "$tmp/left" ]
}

test_module()
{
	local round dying failed=

	check "the module is used by nobody who could not let go of it" retry 20 idle
	for round in 1 2 3; do
		pause
		retry 20 unload > "$tmp/out" 2>&1 || failed+="$round: $(< "$tmp/out") "
		none_left || failed+="$round: left: $(< "$tmp/left") "
		load > "$tmp/out" 2>&1 || failed+="$round: $(< "$tmp/out") "
		{ again h0 h0 && again h1 h1 && topo_seal; } > "$tmp/out" 2>&1 ||
			failed+="$round: $(< "$tmp/out") "
	done
	check "it can be unloaded under load, with its devices, and loaded again" \
		test -z "$failed"
	[ -z "$failed" ] || diag "$failed"
	check "then VMs reach each other as before" reaches
	check "and everything is accounted for" accounts h0 h1

	# Namespaces that are on their way out meet the module on its own.
	pause
	die va vl vb vc vd h0 h1 &
	dying=$!
	check "it can be unloaded while namespaces go" retry 20 unload
	wait "$dying"
	check "and none of them keeps a device" retry 30 none_left
	check "and loaded again" load
	topo_down
}

cleanup()
{
	topo=$base
	topo_down
	topo_hosts="h0 h1 "
	topo_vms="vu vw "
	topo=${base}o-
	topo_down
	[ ! -e "$tmp/vpc.ko" ] || load
	rm -rf "$tmp"
}

declare -A steady
topo=${base}o-
topo_up 1500
vm_add h0 1000 vu fd00::0:10 CC:2A:2A:00:00:0A 10.0.0.10 fd00::cc:0:10
vm_add h1 1000 vw fd00::1:20 CC:2A:2A:00:01:14 10.0.0.20 fd00::cc:0:20
topo=$base
topo_hosts=
topo_vms=
build
check "VMs reach each other" reaches
test_devices
test_vm
test_edge
test_host
main=("$topo_hosts" "$topo_vms")
topo=${base}o-
topo_hosts="h0 h1 "
topo_vms="vu vw "
check "and everything is accounted for there" accounts h0 h1
topo_down
topo=$base
topo_hosts=${main[0]}
topo_vms=${main[1]}
if keep_module; then
	test_module
	check "no device is left" none_left
	check "the module is used by nobody" retry 20 idle
	check "and can be unloaded" unload
	check "and loaded once more" load
else
	skip "the module is unloaded under load" "its file is not known"
fi
tap_done
