# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Finds the module for the kernel that runs, and loads it.

# find_module_for RELEASE: make keeps a module for the host's kernel in kmod/, and those
# for guests elsewhere, or in kmod/, too, if it is the same kernel.  What was built last
# is what the sources say.
find_module_for()
{
	local release=$1 topdir file found=

	topdir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
	for file in "$topdir/kmod/vpc.ko" "$topdir/build/$release/kmod/vpc.ko"; do
		[ -r "$file" ] || continue
		[ -z "$found" ] || [ "$file" -nt "$found" ] || continue
		case $(modinfo -F vermagic "$file") in
		"$release "*) found=$file ;;
		esac
	done
	if [ -z "$found" ]; then
		echo "there is no vpc.ko for kernel $release: build it first" >&2
		return 1
	fi
	echo "$found"
}

find_module()
{
	find_module_for "$(uname -r)"
}

# insert_module FILE: load the module, and what it depends on before.
insert_module()
{
	local depends

	depends=$(modinfo -F depends "$1") || return
	# shellcheck disable=SC2086 # A list.
	[ -z "$depends" ] || modprobe -a ${depends//,/ } || return
	insmod "$1"
}
