#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ICMP errors: a VM is told in its own terms what became of its packets, by the
# edge and by the fabric; and nobody else can tell it so.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

# says PATTERN COMMAND...: whether COMMAND prints PATTERN.
# shellcheck disable=SC2317 # check calls it.
says()
{
	local pattern=$1 text

	shift
	text=$("$@" 2>&1)
	echo "$text"
	grep -Eq "$pattern" <<< "$text"
}

# one_hop COMMAND...: whether traceroute sees one hop, the destination.
# shellcheck disable=SC2317 # check calls it.
one_hop()
{
	local to=${!#} text

	text=$("$@" 2>&1)
	echo "$text"
	[ "$(grep -Ec '^ *[0-9]+ ' <<< "$text")" -eq 1 ] &&
		grep -Eq "^ *1 +$to +[0-9.]+ ms" <<< "$text"
}

topo_up 1500
topo_talk
in_ns spine sysctl -qw net.ipv6.icmp.ratelimit=0
in_ns h0 sysctl -qw net.ipv6.icmp.ratelimit=0

# As users see it, while the VMs have their addresses.
check "ping shows the gateway's error" \
	says 'From 169\.254\.1\.1 .*Destination Host Unreachable' \
	in_ns vm0 ping -c 1 -W 2 10.0.99.1
check "ping shows the gateway's error for IPv6" \
	says 'From fe80::1(%vm0)? .*Address unreachable' \
	in_ns vm0 ping -c 1 -W 2 fd00::cc:99:1
check "a connection fails at once" says 'No route to host' \
	in_ns vm0 timeout 10 bash -c ': < /dev/tcp/10.0.99.1/80'
for to in 10.0.0.20 fd00::cc:0:20 10.0.0.11 fd00::cc:0:11; do
	check "ping $to through the fabric with a TTL of 1" \
		says ' 0% packet loss' in_ns vm0 ping -c 1 -W 2 -t 1 $to
	check "ping $to shows the TTL as it was sent" \
		says 'ttl=64 ' in_ns vm0 ping -c 1 -W 2 $to
done
if command -v traceroute > /dev/null; then
	for to in 10.0.0.20 fd00::cc:0:20; do
		check "traceroute to $to shows the fabric as no hop" \
			one_hop in_ns vm0 traceroute -n -q 1 -w 2 $to
		check "traceroute to $to with TCP" \
			one_hop in_ns vm0 traceroute -T -n -q 1 -w 2 $to
	done
else
	skip "traceroute shows the fabric as no hop" "there is no traceroute"
fi
check "a recorded route has the VMs only" \
	says '10\.0\.0\.20$' in_ns vm0 ping -c 1 -W 2 -R 10.0.0.20

vm_quiet vm0 vmgtw vm1 vm2
tap_results "$lib/icmp_errors.py" "$topo"

tap_done
