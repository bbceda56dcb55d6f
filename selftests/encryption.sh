#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Encryption between edges: judged by OpenSSL and by the stock kernel's ESP, every
# reason to drop a sealed packet, and changes of keys under traffic.

lib=$(dirname "${BASH_SOURCE[0]}")/lib
# shellcheck source=selftests/lib/tap.sh
. "$lib/tap.sh"
# shellcheck source=selftests/lib/topo.sh
. "$lib/topo.sh"

# Ciphers with vector registers are loaded by the CPU's name elsewhere.
modprobe -q -a aesni_intel sha256_ssse3
modprobe -q -a esp6 xfrm_user algif_hash sch_netem ||
	bail "the kernel lacks what this is judged by"

test_refusals()
{
	local a=GU1jqGb/AJAMhp/lWy7Cpu1AlPgtwKk9obmP+HLUljY=
	local b=ojktDXrSLaeq0vjD+5Ziqa8Xo5ShijwBwHkg0h7X1xQ=
	local zero=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
	local own

	own=$(topo_keys h0 vpc2_0)
	check "a remote can be added" vpc_on h0 remote add fd0a::/64 key $a
	refused "the remote exists" remote add fd0a::/64 key $b
	refused "another remote has this key" remote add fd0b::/64 key $a
	refused "the remote has this key twice" remote add fd0b::/64 key $b key $b
	refused "the remote has this prefix twice" \
		remote add fd0b::/64 prefix fd0b::/64 key $b
	refused "no secret comes of this key" remote add fd0b::/64 key $zero
	refused "key of an edge of this host" remote add fd0b::/64 key "$own"
	refused "bits behind the prefix length" remote add fd0b::1/64 key $b
	refused "key is missing" remote add fd0b::/64
	refused "bad key" remote add fd0b::/64 key AAAA
	refused "bad key" remote add fd0b::/64 key "${b%?}"
	refused "no remote has this first prefix" remote del fd0b::/64
	refused "no remote has this first prefix" remote set fd0b::/64 seq 1
	refused "no edge has this name" edge rekey nowhere
	check "keys are read from a file" eval \
		"echo $b > $tmp && vpc_on h0 remote add fd0b::/64 key file $tmp"
	check "and from the standard input" eval \
		"printf '# two\n%s\n' $b | vpc_on h0 remote replace fd0b::/64 key - encrypt off"
	check "what is saved is what was given" has \
		"remote add fd0b::/64 key $b encrypt off" vpc_on h0 save
	check "a prefix goes over to the remote that has it last" \
		vpc_on h0 remote replace fd0b::/64 prefix fd0a::/64 key $b
	check "as is shown" has "retired fd0a::/64" vpc_on h0 remote show fd0a::/64
	check "a remote retires" vpc_on h0 remote del fd0b::/64
	check "as is shown" has "state retiring" vpc_on h0 remote show fd0b::/64
	check "one that has its keys takes its place" vpc_on h0 remote add fd0c::/64 key $b
	check "so it is gone" has_not fd0b::/64 vpc_on h0 remote show
	vpc_on h0 remote del fd0a::/64 now
	vpc_on h0 remote del fd0c::/64 now
	check "none is left" prints_nothing vpc_on h0 remote show
}

tmp=$(mktemp)
topo_scripted
test_refusals
rm -f "$tmp"
check "the documentation's vectors are right" env PYTHONDONTWRITEBYTECODE=1 \
	python3 "$lib/vpcesp.py" --check "$lib/../../Documentation/encryption.rst"
tap_results "$lib/encryption.py" "$topo"
tap_done
