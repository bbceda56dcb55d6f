# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Finds what the kernel complained about since a certain moment.

klog_pattern='WARNING:|BUG:|Oops|KASAN|UBSAN|KCSAN|KFENCE|general protection'
klog_pattern+='|Call Trace|unregister_netdevice: waiting|refcount_t|suspicious RCU'
klog_pattern+='|possible (recursive|circular|irq)|inconsistent lock state'
klog_pattern+='|INFO: task|INFO: rcu|detected stalls|unreferenced object'
klog_pattern+='|new suspected memory leaks|(list_add|list_del) corruption'
klog_pattern+='|scheduling while atomic|sleeping function called|csum failure'
klog_pattern+='|kernel NULL pointer|unable to handle|stack-protector|kernel BUG'
klog_pattern+='|BUG [^ ]+ [(]|memory corruption|ODEBUG|INFO: trying|DEBUG_LOCKS_WARN_ON'
klog_pattern+='|leaked reference|reference already released|leak detector disabled'

# klog_mark VARIABLE: write a mark into the kernel's log, and its text into VARIABLE.
klog_mark()
{
	printf -v "$1" 'vpc selftest mark %s.%s' $$ "${EPOCHREALTIME/[.,]/}"
	echo "${!1}" > /dev/kmsg
}

# klog_since MARK: the log after MARK, or all of it if the mark has been overwritten.
klog_since()
{
	dmesg | awk -v mark="$1" '
		index($0, mark) { n = 0; next }
		{ line[n++] = $0 }
		END { for (i = 0; i < n; i++) print line[i] }'
}

# klog_problems MARK: the log after MARK if it has a complaint; fails if it has none.
klog_problems()
{
	local text

	text=$(klog_since "$1")
	grep -Eq "$klog_pattern" <<< "$text" || return 1
	echo "$text"
}
