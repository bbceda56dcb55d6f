#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Mutated packets from the fabric and mutated frames from VMs, with whatever a
# guest may say of them.  $FUZZ_SECONDS: how long (20); $FUZZ_SEED: which (1).

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

topo_up 1500
topo_talk
vm_quiet vm0 vmgtw vm1 vm2
# So that packets can be too large for the fabric.
ip -n "${topo}vm0" link set vm0 mtu 1500

# A VM behind a bridge, whose port has another MAC than the VM.
bridge=
vpc_on h0 vpc add 1000 port0@vpc2_0 fd00::0:12 CC:2A:2A:00:00:0C -4 10.0.0.12 -6 fd00::cc:0:12
vpc_on h1 vpc add 1000 fd00::0:12 CC:2A:2A:00:00:0C -4 10.0.0.12 -6 fd00::cc:0:12
if modprobe -q bridge && modprobe -q tun && ip -n "${topo}h0" -b - <<-END
		link add br0 address 02:00:00:00:99:02 type bridge mcast_snooping 0
		link set br0 addrgenmode none
		link set br0 up
		link set port0 addrgenmode none
		link set port0 address 02:00:00:00:99:01 master br0 up
	END
then
	bridge=br0
else
	skip "a tap device behind a bridge" "there is no bridge or tun"
fi

tap_results "$lib/fuzz_packets.py" "$topo" ${bridge:+"$bridge"}

tap_done
