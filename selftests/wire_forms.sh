#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# One packet in each form: as the documentation has it, and as programs see it
# that know nothing of the overlay.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
doc=$(dirname "${BASH_SOURCE[0]}")/../Documentation/wire-format.rst
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

export PYTHONDONTWRITEBYTECODE=1
captures=$(mktemp -d)

# seen NAME PATTERN: whether tcpdump prints PATTERN for the capture NAME.
# shellcheck disable=SC2317 # check calls it.
seen()
{
	local text

	text=$(tcpdump -nvvv -r "$captures/$1.pcap" 2> /dev/null)
	echo "$text"
	! grep -Eq 'bad|incorrect|invalid|wrong|trunc|malformed|\[\|' <<< "$text" &&
		grep -Eq "$2" <<< "$text"
}

# tshark_seen NAME FILTER: whether tshark finds the filter to hold.
# shellcheck disable=SC2317 # check calls it.
tshark_seen()
{
	tshark -r "$captures/$1.pcap" -o tcp.check_checksum:TRUE \
		-o udp.check_checksum:TRUE -Y "$2 && !_ws.malformed" 2> /dev/null | grep .
}

check "the documentation's examples are what its rules give" \
	python3 "$lib/vpcwire.py" --check "$doc"

topo_up 1500
trap 'topo_down; rm -rf "$captures"' EXIT
topo_talk
vm_quiet vm0 vmgtw vm1 vm2
check "the short form can be turned on" vpc_on h0 edge set vpc2_0 short on

tap_results "$lib/wire_forms.py" "$topo" "$captures"

header='class 0xb8, flowlabel 0x[0-9a-f]*[1-9a-f][0-9a-f]*, hlim [0-9]+,'
outer='fd00::10 > fd00::1:20: DSTOPT [(]opt_type 0xde: len='
ports='4096 > 4097: \[udp sum ok\] UDP, length 4'
if command -v tcpdump > /dev/null; then
	check "tcpdump reads the IPv4 form" seen ipv4 "$header.*${outer}12[)] $ports"
	check "tcpdump reads the full form" \
		seen full "$header.*${outer}16[)][(]padn[)] $ports"
	check "tcpdump reads the IPv6 form" \
		seen ipv6 "flowlabel 0xabcde.*${outer}36[)] $ports"
	check "tcpdump reads the short form" \
		seen short "flowlabel 0xabcde.*${outer}20[)] $ports"
	check "tcpdump reads the whole form" \
		seen whole "$header.*${outer}4[)] IP [(]tos 0xb8, ttl 64, id 4660"
	check "tcpdump reads TCP" seen tcp4 "len=12[)] .*cksum 0x[0-9a-f]+ [(]correct[)]"
	check "tcpdump reads TCP over IPv6" \
		seen tcp6 "len=36[)] .*cksum 0x[0-9a-f]+ [(]correct[)]"
	check "tcpdump reads ICMPv6" seen icmp6 "\[icmp6 sum ok\] ICMP6, echo request"
else
	skip "tcpdump reads every form" "there is no tcpdump"
fi
if command -v tshark > /dev/null; then
	for name in ipv4 full ipv6 short whole; do
		check "tshark reads the $name form" tshark_seen $name \
			"ipv6.dstopts && udp.checksum.status == 1 && udp.length == 12"
	done
else
	skip "tshark reads every form" "there is no tshark"
fi

# The option type: experimental, not understood means discarded, never changed
# on the way, and none that Linux knows.
check "the option type can be set on one edge" \
	vpc_on h0 edge set vpc2_0 option-type 158
check "and on the other" vpc_on h1 edge set vpc2_1 option-type 158
tap_results "$lib/wire_forms.py" "$topo" "$captures" 0x9e
for type in 30 94 190 254 194 201 0 1; do
	check_fails "option type $type is refused" \
		vpc_on h0 edge set vpc2_0 option-type $type
done

tap_done
