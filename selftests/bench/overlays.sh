# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# The overlays that are compared, each with the configuration that is best for it,
# between the same two hosts:
#
#	gen --- vma === ha --- hb === vmb
#
# gen feeds vma, which routes into the device under test, $out: an endpoint device
# or a tunnel whose other side is in ha.

# Names and addresses, without blanks; $here and $count, which are the measuring
# script's; what each_side sets; $out, and $queues if packets wait for a worker on the
# way, which the script reads.
# shellcheck disable=SC2034,SC2086,SC2154

PATH=$here/../../tools:$PATH
src4=10.0.0.10 dst4=10.0.0.20 src6=fd01::10 dst6=fd01::20

die()
{
	echo "${0##*/}: $*" >&2
	exit 1
}

cleanup()
{
	local name

	for name in gen vma ha hb vmb; do
		ip netns del $name 2> /dev/null
	done
}

# The fabric, and VMs without a way to it.
base()
{
	local name

	cleanup
	queues=
	for name in gen vma ha hb vmb; do
		ip netns add $name || die "can't add a network namespace"
		ip -n $name link set lo up
		ip netns exec $name sysctl -qw net.ipv4.ip_forward=1 \
			net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0 \
			net.ipv4.conf.default.rp_filter=0 net.ipv6.conf.all.accept_dad=0 \
			net.ipv6.conf.default.accept_dad=0
	done
	ip -n gen link add g0 mtu 9000 type veth peer name in0 netns vma mtu 9000
	ip -n ha link add f0 mtu 9000 type veth peer name f0 netns hb mtu 9000
	ip -n gen link set g0 up
	ip -n vma link set in0 up
	ip -n ha link set f0 up
	ip -n hb link set f0 up
	ip -n ha addr add 2001:db8::a/64 dev f0 nodad
	ip -n hb addr add 2001:db8::b/64 dev f0 nodad
}

# each_side FUNCTION: call it for each VM and its host, with the names of both and
# the addresses: of the VM, of the other VM, of the ends of the wire between VM and
# host, of both hosts.
each_side()
{
	local side other host vm own4 own6 far4 far6 wire4 gate4 peer4 net6

	for side in a b; do
		host=h$side vm=vm$side
		case $side in
		a)
			other=b own4=$src4 own6=$src6 far4=$dst4 far6=$dst6
			wire4=192.0.2.1 gate4=192.0.2.2 peer4=192.0.2.10 net6=fd02: ;;
		b)
			other=a own4=$dst4 own6=$dst6 far4=$src4 far6=$src6
			wire4=192.0.2.6 gate4=192.0.2.5 peer4=192.0.2.9 net6=fd03: ;;
		esac
		"$@"
	done
}

# mac_of NAMESPACE DEVICE
mac_of()
{
	ip netns exec "$1" cat "/sys/class/net/$2/address"
}

# wire MTU: a veth from each VM to its host, which knows the way to the VM.
wire()
{
	local mac

	ip -n $vm link add p0 mtu $1 type veth peer name v0 netns $host mtu $1
	ip -n $vm addr add $wire4/30 dev p0
	ip -n $host addr add $gate4/30 dev v0
	ip -n $vm addr add $net6:1/64 dev p0 nodad
	ip -n $host addr add $net6:2/64 dev v0 nodad
	ip -n $vm link set p0 up
	ip -n $host link set v0 up
	ip -n $vm route add $far4 via $gate4
	ip -n $vm route add $far6 via $net6:2
	ip -n $host route add $own4 via $wire4
	ip -n $host route add $own6 via $net6:1
	mac=$(mac_of $vm p0)
	ip -n $host neigh add $wire4 lladdr "$mac" dev v0
	ip -n $host neigh add $net6:1 lladdr "$mac" dev v0
}

wires()
{
	each_side wire "$1"
	out=p0
}

# tunnel TYPE WORD...: a tunnel device in each VM, whose underlay is its host's;
# LOCAL and REMOTE among the words stand for addresses.
tunnel()
{
	each_side tunnel_end "$@"
	out=t0
}

tunnel_end()
{
	local words=${*:2}

	words=${words//LOCAL/2001:db8::$side}
	words=${words//REMOTE/2001:db8::$other}
	ip -n $host link add t0 mtu 8900 type "$1" $words ||
		die "can't add a tunnel of type $1"
	ip -n $host link set t0 netns $vm
	ip -n $vm addr add $wire4/32 dev t0
	ip -n $vm link set t0 up
}

# Tunnels without Ethernet need no neighbour, the others have it by hand.
route()
{
	ip -n $vm route add $far4 dev t0
	ip -n $vm route add $far6 dev t0
}

neighbour()
{
	local mac

	mac=$(mac_of vm$other t0)
	ip -n $vm neigh add $far4 lladdr "$mac" dev t0
	ip -n $vm neigh add $far6 lladdr "$mac" dev t0
}

setup_feed()
{
	ip -n vma link add d0 mtu 9000 type dummy
	ip -n vma link set d0 up
	ip -n vma neigh add $dst4 lladdr 02:00:00:00:00:01 dev d0
	ip -n vma neigh add $dst6 lladdr 02:00:00:00:00:01 dev d0
	ip -n vma route add $dst4 dev d0
	ip -n vma route add $dst6 dev d0
	out=d0
}

setup_routed()
{
	wires 9000
	ip -n ha addr add 192.0.2.9/30 dev f0
	ip -n hb addr add 192.0.2.10/30 dev f0
	each_side routed_side
}

routed_side()
{
	ip -n $host route add $far4 via $peer4
	ip -n $host route add $far6 via 2001:db8::$other
}

setup_ipip6()
{
	tunnel ip6tnl mode any local LOCAL remote REMOTE encaplimit none hoplimit 64
	each_side route
}

# UDP checksums can be left out over IPv6 (RFC 6935), which is what operators do.
setup_vxlan()
{
	tunnel vxlan id 1000 local LOCAL remote REMOTE dstport 4789 nolearning \
		udp6zerocsumtx udp6zerocsumrx
	each_side route
	each_side neighbour
}

setup_geneve()
{
	tunnel geneve id 1000 remote REMOTE dstport 6081 udp6zerocsumtx udp6zerocsumrx
	each_side route
	each_side neighbour
}

setup_seg6()
{
	wires 8900
	each_side seg6_side
}

seg6_side()
{
	local mac

	ip -n $host route add $far4 encap seg6 mode encap segs fd04:$other::4 dev f0
	ip -n $host route add $far6 encap seg6 mode encap segs fd04:$other::6 dev f0
	ip -n $host route add fd04:$other::/64 via 2001:db8::$other
	ip -n $host route add fd04:$side::4 encap seg6local action End.DX4 nh4 $wire4 dev v0
	ip -n $host route add fd04:$side::6 encap seg6local action End.DX6 nh6 $net6:1 dev v0
	# Linux asks for the packet's destination at the next hop's link.
	mac=$(mac_of $vm p0)
	ip -n $host neigh add $own4 lladdr "$mac" dev v0
	ip -n $host neigh add $own6 lladdr "$mac" dev v0
}

# The key of an AEAD, and its salt: no packet that counts depends on what they are.
setup_esp()
{
	wires 8900
	each_side esp_side "rfc4106(gcm(aes))" 0x000102030405060708090a0b0c0d0e0f00112233
}

setup_espcc()
{
	wires 8900
	each_side esp_side "rfc7539esp(chacha20,poly1305)" \
		0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00112233
}

esp_side()
{
	local cipher=$1 key=$2 here=2001:db8::$side there=2001:db8::$other dir ends

	ip -n $host route add $far4 dev f0
	ip -n $host route add $far6 dev f0
	for ends in "src $here dst $there" "src $there dst $here"; do
		ip -n $host xfrm state add $ends proto esp spi 0x1000 mode tunnel reqid 1 \
			replay-window 128 flag af-unspec esn aead "$cipher" $key 128 ||
			die "can't add a state"
	done
	for ends in "$own4 $far4" "$own6 $far6"; do
		set -- $ends
		ip -n $host xfrm policy add dir out src $1 dst $2 \
			tmpl src $here dst $there proto esp reqid 1 mode tunnel
		for dir in in fwd; do
			ip -n $host xfrm policy add dir $dir src $2 dst $1 \
				tmpl src $there dst $here proto esp reqid 1 mode tunnel
		done
	done
}

setup_wireguard()
{
	queues=y
	declare -gA private=([a]=$(wg genkey) [b]=$(wg genkey))
	[ -n "${private[a]}" ] || die "there is no wg"
	tunnel wireguard
	each_side wireguard_side
	each_side route
}

wireguard_side()
{
	local key

	key=$(wg pubkey <<< "${private[$other]}")
	ip netns exec $vm wg set t0 listen-port 51820 \
		private-key <(echo "${private[$side]}") peer "$key" \
		allowed-ips 0.0.0.0/0,::/0 endpoint "[2001:db8::$other]:51820"
}

setup_vpc()
{
	each_side vpc_side
	out=
	each_side vpc_routes
}

# What both ends have to send sealed, with the other one's key.
setup_sealed()
{
	sealed aes-128-gcm
}

setup_sealedcc()
{
	sealed chacha20-poly1305
}

sealed()
{
	setup_vpc
	each_side sealed_side "$1"
}

sealed_side()
{
	local key

	key=$(vpc -n h$other edge show | awk '$1 == "key" { print $2; exit }')
	vpc -n $host edge set edge0 cipher $1 encrypt required ||
		die "can't set a cipher"
	vpc -n $host remote add fd00:$other::/64 key "$key" ||
		die "can't add a remote"
}

declare -A sid=([a]=fd00:a::10 [b]=fd00:b::10)
vpc_side()
{
	ip -n $host route add fd00:$other::/64 via 2001:db8::$other
	vpc -n $host edge add edge0 locator fd00:$side::/64 fabric f0 ||
		die "can't add an edge"
	ip -n $host link set edge0 up
	vpc -n $host vpc add 1000 p0@edge0 ${sid[$side]} 02:00:00:00:00:0$side \
		-4 $own4 -6 $own6 netns $vm nodefault ||
		die "can't add an endpoint"
	vpc -n $host vpc add 1000 ${sid[$other]} 02:00:00:00:00:0$other -4 $far4 -6 $far6
}

# The VM forwards what pktgen says is from it, or discards.
vpc_routes()
{
	ip -n $vm addr flush dev p0
	ip -n $vm addr add $wire4/32 dev p0
	ip -n $vm neigh add 169.254.1.1 lladdr 02:56:50:43:00:01 dev p0
	ip -n $vm neigh add fe80::1 lladdr 02:56:50:43:00:01 dev p0
	ip -n $vm route add $far4 via 169.254.1.1 dev p0 onlink
	ip -n $vm route add $far6 via fe80::1 dev p0 onlink
	out=p0
}

# load_modules KIND...: what these kinds need.
load_modules()
{
	[ "$(id -u)" -eq 0 ] || die "must run as root"
	# What can't be handled at once waits; but no more of it than changes no figure.
	sysctl -qw net.core.netdev_max_backlog=$((count > 20000 ? count / 20 : 1000))
	modprobe -q -a veth dummy vxlan geneve ip6_tunnel wireguard esp6 xfrm_user pktgen
	# Ciphers with vector registers are loaded by the CPU's name elsewhere.
	modprobe -q -a aesni_intel chacha_x86_64 poly1305_x86_64
	[[ " $* " != *" vpc "* && " $* " != *" sealed"* ]] || [ -e /sys/module/vpc ] ||
		insert_module "$(find_module)" || die "can't load the module"
}
