# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Test Anything Protocol for the tests, which source this file first and call
# tap_done last.

# shellcheck source=selftests/lib/klog.sh
. "${BASH_SOURCE[0]%/*}/klog.sh"

tap_count=0
tap_failed=0
tap_skipped=0
tap_planned=
tap_output=$(mktemp)
tap_mark=

echo "TAP version 13"
klog_mark tap_mark

# tap_plan N: announce N test points.  Without it, tap_done prints the plan.
tap_plan()
{
	tap_planned=$1
	echo "1..$1"
}

# diag [TEXT...]: print TEXT, or the standard input, as comments.
diag()
{
	if [ $# -gt 0 ]; then
		printf '%s\n' "$*"
	else
		cat
	fi | sed 's/^/# /'
}

ok()
{
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $*"
}

not_ok()
{
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $*"
}

# skip DESC WHY
skip()
{
	tap_count=$((tap_count + 1))
	tap_skipped=$((tap_skipped + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# check DESC COMMAND...: ok if COMMAND succeeds; its output shows when it fails.
check()
{
	local desc=$1 status

	shift
	"$@" > "$tap_output" 2>&1
	status=$?
	if [ $status -eq 0 ]; then
		ok "$desc"
		return 0
	fi
	not_ok "$desc"
	diag "status $status of: $*"
	diag < "$tap_output"
	return $status
}

# check_fails DESC COMMAND...: ok if COMMAND fails, but not by a signal.
check_fails()
{
	local desc=$1 status

	shift
	"$@" > "$tap_output" 2>&1
	status=$?
	if [ $status -gt 0 ] && [ $status -lt 126 ]; then
		ok "$desc"
		return 0
	fi
	not_ok "$desc"
	diag "status $status of: $*"
	diag < "$tap_output"
	return 1
}

# has TEXT COMMAND...: the command succeeds, and its output has the text.
has()
{
	local text=$1 output

	shift
	output=$("$@") || return
	echo "$output"
	[[ $output == *"$text"* ]]
}

# has_not TEXT COMMAND...: the command succeeds, and its output has it not.
has_not()
{
	local text=$1 output

	shift
	output=$("$@") || return
	echo "$output"
	[[ $output != *"$text"* ]]
}

# prints_nothing COMMAND...: the command succeeds, and has no output.
prints_nothing()
{
	local output

	output=$("$@") || return
	echo "$output"
	[ -z "$output" ]
}

# fails_with TEXT COMMAND...: the command fails, but not by a signal, and says so.
fails_with()
{
	local text=$1 output status

	shift
	output=$("$@" 2>&1)
	status=$?
	echo "status $status: $output"
	[ $status -gt 0 ] && [ $status -lt 126 ] && [[ $output == *"$text"* ]]
}

# bail WHY: give up the whole test.
bail()
{
	rm -f "$tap_output"
	echo "Bail out! $*"
	exit 1
}

# The kernel's log is a test point only when it has a complaint, so that the
# number of points that a test plans is its own affair.
tap_done()
{
	local complaint

	rm -f "$tap_output"
	if complaint=$(klog_problems "$tap_mark"); then
		not_ok "the kernel does not complain"
		diag <<< "$complaint"
	fi
	[ -n "$tap_planned" ] || echo "1..$tap_count"
	[ $tap_failed -eq 0 ] || exit 1
	[ -z "$tap_planned" ] || [ "$tap_planned" -eq $tap_count ] || exit 1
	[ $tap_count -gt $tap_skipped ] || exit 4
	exit 0
}
