#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# "vpc trace" says what the datapath does: each packet is traced and then sent.
# What the kernel's tracepoints tell is the same.

# shellcheck disable=SC2317 # check calls them.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

# says STATUS TEXT ARGUMENT...: vpc trace on h0 exits with STATUS, and its output
# has TEXT.
says()
{
	local status=$1 text=$2 output real

	shift 2
	output=$(vpc_on h0 trace "$@" 2>&1)
	real=$?
	echo "status $real, expected $status and: $text"
	echo "$output"
	[ "$real" -eq "$status" ] && [[ $output == *"$text"* ]]
}

# known ID ENDPOINT STATE: an endpoint of another host, known to h0 alone.
known()
{
	vpc_on h0 vpc add "$1" "fd00::1:$2" "CC:2A:2A:00:01:$2" -4 "10.0.0.$2" \
		-6 "fd00::cc:0:$2" state "$3" || bail "can't add an endpoint"
}

topo_up 1500
vm_add h0 1000 vm0 fd00::0:10 CC:2A:2A:00:00:0A 10.0.0.10 fd00::cc:0:10 \
	-4 10.0.0.15 -6 fd00::cc:0:15
vm_add h0 1000 vmgtw fd00::0:11 CC:2A:2A:00:00:0B 10.0.0.11 fd00::cc:0:11
vm_add h1 1000 vm2 fd00::1:20 CC:2A:2A:00:01:14 10.0.0.20 fd00::cc:0:20 \
	-6 fd00::1:20 -4 10.0.0.33
# In another VPC, with vm0's address and with one that VPC 1000 does not have.
vm_add h0 1001 vm3 fd00::0:13 CC:2A:2A:00:00:0D 10.0.0.10 fd00::cc:0:10 \
	-4 10.0.0.13 -6 fd00::cc:0:13
vm_quiet vm0 vmgtw vm2 vm3
vpc_on h0 edge set vpc2_0 grace 3600
known 1000 31 standby
known 1000 32 active
vpc_on h0 vpc del 1000 fd00::1:32 || bail "can't delete an endpoint"
known 1000 33 standby
known 1000 34 active
known 1000 35 active
ip -n "${topo}h0" -b - <<-END
	link add elsewhere type dummy
	link set elsewhere up
	route add unreachable fd00::1:34/128
	route add fd00::1:35/128 dev elsewhere
END

tap_results "$lib/trace.py" "$topo"

# The text, and what is no packet.
addresses=(1000 from 10.0.0.10 to 10.0.0.20)
check "in words: delivered" says 0 "delivered, by these tables" "${addresses[@]}"
check "the path" says 0 "path: fd00::10 > fd00::1:20" "${addresses[@]}"
check "the form" says 0 "form                ok   ipv4 flow-label 0x" "${addresses[@]}"
check "the route" says 0 "via fd00:f::1 dev eth0 mtu" "${addresses[@]}"
check "in words: dropped, and why" says 2 \
	"dropped: no_route (The sender's VPC has neither an endpoint nor a route for the destination address.)" \
	1000 from 10.0.0.10 to 10.0.0.99
check "a VPC that is not known here" says 2 "dropped: src_addr" \
	4711 from 10.0.0.10 to 10.0.0.20
check "on the other host, the sender is remote" \
	vpc_on h1 trace 1000 from 10.0.0.10 to 10.0.0.20
while IFS='|' read -r text arguments; do
	# shellcheck disable=SC2086 # A list of words.
	check "refused: trace $arguments" says 1 "$text" $arguments
done <<-END
	ID|
	ID|0 from 10.0.0.10 to 10.0.0.20
	ID|16777215 from 10.0.0.10 to 10.0.0.20
	ID|-1 from 10.0.0.10 to 10.0.0.20
	ID|vm0 from 10.0.0.10 to 10.0.0.20
	from is missing|1000
	from is missing|1000 to 10.0.0.20
	to is missing|1000 from 10.0.0.10
	same family|1000 from 10.0.0.10 to fd00::cc:0:20
	from|1000 from
	to|1000 from 10.0.0.10 to
	from|1000 from 10.0.0.300 to 10.0.0.20
	from|1000 from 10.0.0.0/24 to 10.0.0.20
	to|1000 from 10.0.0.10 to vm2
	from|1000 from 10.0.0.10 from 10.0.0.11 to 10.0.0.20
	to|1000 from 10.0.0.10 to 10.0.0.20 to 10.0.0.11
	proto|1000 from 10.0.0.10 to 10.0.0.20 proto
	proto|1000 from 10.0.0.10 to 10.0.0.20 proto 256
	proto|1000 from 10.0.0.10 to 10.0.0.20 proto nothing
	sport|1000 from 10.0.0.10 to 10.0.0.20 sport -1
	dport|1000 from 10.0.0.10 to 10.0.0.20 dport 65536
	dport|1000 from 10.0.0.10 to 10.0.0.20 dport 1 dport 2
	size|1000 from 10.0.0.10 to 10.0.0.20 size 100
	10.0.0.10|1000 10.0.0.10 10.0.0.20
END

tap_done
