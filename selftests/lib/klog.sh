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

# What a dump of registers and stacks has beside what is known to be true.
klog_padding='\] +\? |Modules linked in:|Code: |Hardware name:'
klog_padding+='|\] (R[ABCD]X|R[SD]I|RBP|R[01][0-9]|CR[0-9]|DR[0-9]|FS|CS|PKRU): '

# klog_end: read the console of a kernel that went down, and print the few lines that tell
# most, then its log from the first complaint on, or how it ended if there is none.
klog_end()
{
	tr -d '\r' | grep -Ev "$klog_padding" |
		awk -v tells="$klog_pattern|Kernel panic|RIP: 0010" '
			{ line[NR] = $0 }
			$0 ~ tells && !/Call Trace/ {
				# What came so long before did not end it.
				if (!first || NR - first > 400) {
					first = NR
					count = 0
				}
				if (count < 12)
					said[count++] = $0
			}
			END {
				for (i = 0; i < count; i++)
					print said[i]
				print "The log:"
				first = first ? first - 3 : NR - 40
				for (i = first; i <= NR; i++) {
					if (i == first + 60 && NR - i > 40) {
						print "[...]"
						i = NR - 40
					}
					if (i > 0)
						print line[i]
				}
			}'
}

# klog_emulator CONSOLE: not the kernel but QEMU's emulator took the guest down.  It has run
# an instruction that the kernel had replaced meanwhile, the breakpoint that stands there
# while a static key changes: see Documentation/testing.rst.  The kernel dies of that, or
# tries again for ever: then the CPU that stalls is in the trap, or where the key is read,
# at a jump or a nop.
klog_emulator()
{
	case $(grep -E -m 1 "int3: 0000|$klog_pattern" "$1") in
	*'int3: 0000'*) ;;
	*'INFO: rcu'*)
		grep -Eq 'RIP: 0010:asm_exc_int3|Code: .* <(e9|cc)> |Code: .* <0f> 1f 44 00 00 ' \
			"$1" ;;
	*) false ;;
	esac
}
