# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Finds the module for the kernel that runs.

# A module in kmod/ may be built for another kernel: make check keeps one for
# the guest's kernel elsewhere then.
find_module()
{
	local topdir file

	topdir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
	for file in "$topdir/kmod/vpc.ko" "$topdir/build/$(uname -r)/kmod/vpc.ko"; do
		[ -r "$file" ] || continue
		case $(modinfo -F vermagic "$file") in
		"$(uname -r) "*) echo "$file"; return ;;
		esac
	done
	echo "there is no vpc.ko for kernel $(uname -r): build it first" >&2
	return 1
}
