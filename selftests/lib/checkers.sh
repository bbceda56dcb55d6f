# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What a debugging kernel finds when it is asked: leaks, and checkers that have
# turned themselves off, as they do after their first finding.

kmemleak=/sys/kernel/debug/kmemleak

# leaks_forget: what has leaked up to now is not the next test's.
leaks_forget()
{
	[ -w $kmemleak ] || return 0
	leaks > /dev/null
	return 0
}

# leaks: the memory that nothing points to, but what was found before; fails if
# there is none.  Young memory does not count, nor does what is found only once.
leaks()
{
	local text

	[ -w $kmemleak ] || return
	for _ in 1 2; do
		sleep 1.1
		if ! echo scan > $kmemleak; then
			echo "kmemleak does not scan"
			return
		fi
	done
	text=$(cat $kmemleak)
	echo clear > $kmemleak
	[ -n "$text" ] && echo "$text"
}

# checkers_off: what no longer checks anything; fails if there is nothing.
checkers_off()
{
	[ -r /proc/lockdep_stats ] || return
	grep -q 'debug_locks: *0$' /proc/lockdep_stats || return
	echo "lockdep has turned itself off"
}
