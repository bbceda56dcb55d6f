# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the runners have in common: finding tests and counting test points.

# list_tests DIR: the names of the tests in DIR.
list_tests()
{
	local file name

	for file in "$1"/*.sh; do
		name=${file##*/}
		name=${name%.sh}
		[ "$name" = demo ] || [ "$name" = '*' ] || echo "$name"
	done
}

# matches NAME PATTERN...: whether NAME matches one of the patterns.
matches()
{
	local name=$1 pattern

	shift
	for pattern in "$@"; do
		# shellcheck disable=SC2053 # These are patterns.
		[[ $name == ${pattern%.sh} ]] && return 0
	done
	return 1
}

# tally FILE STATUS: print "PASSED FAILED SKIPPED" for the TAP in FILE, and after
# that a line for each thing wrong with the file as a whole.  Those count as one
# failure together.
tally()
{
	awk -v status="$2" '
		/^(not )?ok([ \t]|$)/ {
			n++
			if (toupper($0) ~ /# *SKIP/)
				skipped++
			else if ($1 == "not")
				failed++
			else
				passed++
		}
		/^1\.\.[0-9]+/ {
			split($1, plan, /\.\./)
			planned += plan[2]
			plans++
		}
		/^Bail out!/ { problem[p++] = $0 }
		END {
			if (!n)
				problem[p++] = "no test point was executed"
			if (!plans)
				problem[p++] = "there is no plan"
			else if (planned != n)
				problem[p++] = planned " test points were planned, " n + 0 " executed"
			if (status == 124 || status == 137)
				problem[p++] = "out of time"
			else if (status > 128)
				problem[p++] = "killed by signal " status - 128
			else if (status && !failed && !(status == 4 && skipped && !passed))
				problem[p++] = "exit status " status " without a failed test point"
			printf "%d %d %d\n", passed, failed + (p > 0), skipped
			for (i = 0; i < p; i++)
				print problem[i]
		}' "$1"
}

# failures FILE: the failed test points in FILE with the comments after them.
failures()
{
	awk '
		/^not ok/ { show = toupper($0) !~ /# *SKIP/ }
		/^ok/ { show = 0 }
		/^1\.\./ { next }
		/^Bail out!/ { next }
		show' "$1"
}
