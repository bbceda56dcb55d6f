#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# States of endpoints: what is sent to and accepted from, for how long, and that a
# VM moves between hosts without the loss of a packet.

# shellcheck disable=SC2317 # check calls them.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

# shows TEXT ID SID: how the endpoint is shown on h0, without MAC.
shows()
{
	local text=$1 output

	shift
	output=$(vpc_on h0 vpc show "$@") || return
	echo "$output"
	[[ $output == *"$text"* ]]
}

gone()
{
	fails_with "no endpoint has this VPC and SID" vpc_on h0 vpc show "$@"
}

# add ID SID ARGUMENT...: add a remote endpoint on h0.
add()
{
	local id=$1 sid=$2

	shift 2
	vpc_on h0 vpc add "$id" "$sid" 02:00:00:00:00:01 "$@"
}

test_conflicts()
{
	local mac=02:00:00:00:00:01

	vpc_on h0 edge set vpc2_0 grace 3600
	check "two endpoints can have one MAC and, standing by, one address" \
		add 7 fd00::1:71 -4 10.7.0.1 -6 fd00::7:1
	add 7 fd00::2:71 -4 10.7.0.1 -6 fd00::7:1 state standby
	refused "the endpoint exists" vpc add 7 fd00::1:71 $mac -4 10.7.0.1
	refused "the endpoint exists" vpc add 7 fd00::2:71 $mac -4 10.7.0.1 state standby
	refused "endpoint of another VPC" vpc add 8 fd00::1:71 $mac -4 10.7.0.1
	refused "endpoint of another VPC" vpc replace 8 fd00::1:71 $mac -4 10.7.0.1
	refused "no endpoint has this VPC and SID" vpc set 8 fd00::1:71 state standby
	refused "no endpoint has this VPC and SID" vpc del 8 fd00::1:71
	refused "no endpoint has this VPC and SID" vpc set 7 fd00::1:72 state active
	refused "the endpoint has this address twice" \
		vpc add 7 fd00::1:72 $mac -4 10.7.0.2 -4 10.7.0.2
	refused "the endpoint exists" \
		vpc add 1000 vm0@vpc2_0 fd00::0:10 $mac -4 10.0.0.10
	refused "the endpoint exists" vpc add 1000 fd00::0:10 $mac -4 10.0.0.10
	refused "a device of another name" \
		vpc replace 1000 vm1@vpc2_0 fd00::0:10 $mac -4 10.0.0.10

	check "an address of another VPC is another address" \
		add 8 fd00::1:81 -4 10.7.0.1 -6 fd00::7:1
	check "which leaves this one active" shows "state active" 7 fd00::1:71
	check "a SID may have been deleted with its grace left" \
		vpc_on h0 vpc del 7 fd00::1:71
	check "it retires" shows "state retiring" 7 fd00::1:71
	refused "endpoint of another VPC" vpc add 8 fd00::1:71 $mac -4 10.7.0.1
	check "with other addresses it may be added again" \
		add 7 fd00::1:71 -4 10.7.0.3
	check "and has those only" shows "-4 10.7.0.3 state active" 7 fd00::1:71
	check "it can be deleted now" vpc_on h0 vpc del 7 fd00::1:71 now
	check "and is gone" gone 7 fd00::1:71
	check "and can be added in another VPC" add 8 fd00::1:71 -4 10.7.0.3
	vpc_on h0 -b - <<-END
		vpc del 8 fd00::1:71 now
		vpc del 8 fd00::1:81 now
		vpc del 7 fd00::2:71 now
	END
	check "all are gone" prints_nothing vpc_on h0 vpc show 7
	check "from either VPC" prints_nothing vpc_on h0 vpc show 8
}

# Endpoints with several addresses can lose some of them.
test_partly()
{
	add 7 fd00::1:71 -4 10.7.0.1 -4 10.7.0.2 -6 fd00::7:1
	check "an endpoint can lose one of its addresses" \
		add 7 fd00::2:71 -4 10.7.0.2
	check "it is active by the others" \
		shows "-4 10.7.0.1 -6 fd00::7:1 state active retired 10.7.0.2" 7 fd00::1:71
	check "and can lose more" add 7 fd00::2:72 -6 fd00::7:1
	check "and the last" add 7 fd00::2:73 -4 10.7.0.1
	check "then it retires" shows "state retiring" 7 fd00::1:71
	check "active again, it has them all" \
		vpc_on h0 vpc set 7 fd00::1:71 state active
	check "as is shown" \
		shows "-4 10.7.0.1 -4 10.7.0.2 -6 fd00::7:1 state active" 7 fd00::1:71
	check "and the others none" shows "state retiring" 7 fd00::2:73
	vpc_on h0 edge set vpc2_0 grace 1
	vpc_on h0 vpc set 7 fd00::2:71 state active
	check "what it has lost goes when the grace ends" \
		eventually has_not "retired" vpc_on h0 vpc show 7 fd00::1:71
	vpc_on h0 edge set vpc2_0 grace 3600
	vpc_on h0 vpc del 7 fd00::1:71
	check "deleted, it does not have that again" \
		shows "-4 10.7.0.1 -6 fd00::7:1 state retiring" 7 fd00::1:71
	check "nor does it keep it, when it is active again for a moment" eval \
		"vpc_on h0 vpc set 7 fd00::1:71 state active && vpc_on h0 vpc set 7 fd00::2:71 state active"
	check "the address is where it was made active last" traced 10.7.0.2 fd00::2:71
	vpc_on h0 vpc set 7 fd00::1:71 state active
	check "active again, it has it, and others can find it there" traced 10.7.0.2 fd00::1:71
	vpc_on h0 edge set vpc2_0 grace 0
	check "without a grace what is lost is lost" \
		vpc_on h0 vpc set 7 fd00::2:71 state active
	check "and is not there to come back" \
		eventually has_not "retired" vpc_on h0 vpc show 7 fd00::1:71
	check "as is shown, too" \
		shows "-4 10.7.0.1 -6 fd00::7:1 state active" 7 fd00::1:71
	check "what it has lost is found where it is now" \
		traced 10.7.0.2 fd00::2:71
	check "and what it has kept, at itself" traced 10.7.0.1 fd00::1:71
	vpc_on h0 vpc set 7 fd00::1:71 state active
	check "made active again, each of its addresses is somewhere" \
		traced 10.7.0.2 fd00::
	vpc_on h0 vpc show 7 | awk '{ print "vpc del 7 " $2 " now" }' | vpc_on h0 -b -
	vpc_on h0 edge set vpc2_0 grace 10
}

# What is deleted at last has no grace left that could end, nor has what comes after it.
test_grace_forgotten()
{
	# No less: a grace of one second may be over at once.
	vpc_on h0 edge set vpc2_0 grace 3
	add 7 fd00::1:71 -4 10.7.0.1
	add 7 fd00::1:72 -4 10.7.0.2
	check "what has its grace is deleted without, and added again" vpc_on h0 -b - <<-END
		vpc del 7 fd00::1:71
		vpc del 7 fd00::1:72
		vpc del 7 fd00::1:71 now
		vpc del 7 fd00::1:72 now
		vpc add 7 fd00::1:71 02:00:00:00:00:01 -4 10.7.0.1
	END
	# Another one's grace ends later than theirs would have.
	add 7 fd00::1:73 -4 10.7.0.3
	vpc_on h0 vpc del 7 fd00::1:73
	check "a grace has ended" eventually gone 7 fd00::1:73
	check "what was added again after an end without grace is active" \
		shows "-4 10.7.0.1 state active" 7 fd00::1:71
	check "and what was not is gone" gone 7 fd00::1:72
	vpc_on h0 vpc del 7 fd00::1:71 now
	vpc_on h0 edge set vpc2_0 grace 10
}

# traced ADDRESS SID: the path from an endpoint of VPC 7 ends at a SID that begins
# so.
traced()
{
	local output

	output=$(vpc_on h0 -j trace 7 from 10.7.0.1 to "$1")
	echo "$output"
	[[ $output == *"\"path\":["*",\"$2"* ]]
}

topo_up 1500 3
vm_add h0 1000 vm0 fd00::0:10 CC:2A:2A:00:00:0A 10.0.0.10 fd00::cc:0:10
vm_add h1 1000 vmp fd00::1:11 CC:2A:2A:00:00:0B 10.0.0.11 fd00::cc:0:11
vm_add h2 1000 vmq fd00::2:12 CC:2A:2A:00:00:0C 10.0.0.12 fd00::cc:0:12
test_conflicts
test_partly
test_grace_forgotten
vm_add h1 1000 vmb fd00::1:20 CC:2A:2A:00:01:14 10.0.0.20 fd00::cc:0:20
vm_add h2 1000 vmc fd00::2:20 CC:2A:2A:00:01:14 10.0.0.20 fd00::cc:0:20 state standby
tap_results "$lib/states.py" "$topo"
tap_done
