#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Routes with several next hops: which one a flow takes, and that it goes on taking it.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

topo_up 1500 3
vm_add h0 1000 vmc fd00::0:10 CC:2A:2A:00:00:0A 10.0.0.10 fd00::cc:0:10
vm_add h2 1000 vmr fd00::2:11 CC:2A:2A:00:00:0B 10.0.0.11 fd00::cc:0:11
vm_add h0 1000 user fd00::0:12 CC:2A:2A:00:00:0C 10.0.0.12 fd00::cc:0:12
for n in 1 2 3 4 5; do
	vm_add h$((n % 2 + 1)) 1000 "be$n" "fd00::$((n % 2 + 1)):2$n" \
		"CC:2A:2A:00:00:2$n" "10.0.0.2$n" "fd00::cc:0:2$n"
done
vm_quiet vmc vmr be1 be2 be3 be4 be5
# Servers with the service's address on each.
for n in 1 2 3; do
	vm_add h$((n % 2 + 1)) 1000 "srv$n" "fd00::$((n % 2 + 1)):3$n" \
		"CC:2A:2A:00:00:3$n" "10.0.0.3$n" "fd00::cc:0:3$n"
	ip -n "${topo}srv$n" addr add 10.8.0.1/32 dev lo
	ip -n "${topo}srv$n" addr add fd00:8::1/128 dev lo nodad
done
# Addresses of the user, each of which is a flow of its own.
for n in 0 1 2 3 4 5; do
	ip -n "${topo}user" addr add "10.66.0.$n/32" dev lo
	ip -n "${topo}user" addr add "fd00:66::$n/128" dev lo nodad
done
for host in h0 h1 h2; do
	vpc_on $host -b - <<-END
		route add 1000 10.66.0.0/16 via fd00::0:12
		route add 1000 fd00:66::/32 via fd00::0:12
	END
done
tap_results "$lib/anycast.py" "$topo"
tap_done
