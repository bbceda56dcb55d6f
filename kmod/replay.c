// SPDX-License-Identifier: GPL-2.0
/* Replay protection, with a window that moves by words (RFC 6479). */

#include "replay.h"

static u64 *vpc_replay_word(struct vpc_replay *w, u64 seq)
{
	return &w->seen[(seq / 64) % VPC_REPLAY_WORDS];
}

/**
 * vpc_replay_fresh - may a sequence number be taken
 * @w: the window
 * @seq: the number
 *
 * Without the lock of the window, the answer is a guess that spares the cipher
 * some work.
 */
bool vpc_replay_fresh(const struct vpc_replay *w, u64 seq)
{
	u64 top = READ_ONCE(w->top);
	u64 word = READ_ONCE(*vpc_replay_word((struct vpc_replay *)w, seq));

	if (seq > top)
		return true;
	return seq && top - seq < VPC_REPLAY_WINDOW && !(word >> (seq % 64) & 1);
}

/**
 * vpc_replay_take - take the sequence number of a packet that authenticates
 * @w: the window, locked
 * @seq: the number
 *
 * Return: false if it was there before, or is too old to tell.
 */
bool vpc_replay_take(struct vpc_replay *w, u64 seq)
{
	u64 word, n;

	if (!vpc_replay_fresh(w, seq))
		return false;
	if (seq > w->top) {
		word = w->top / 64;
		n = seq / 64 - word;
		if (n > VPC_REPLAY_WORDS)
			n = VPC_REPLAY_WORDS;
		/* What the ring held of the numbers that fall out. */
		for (word = seq / 64 - n + 1; n; n--, word++)
			WRITE_ONCE(w->seen[word % VPC_REPLAY_WORDS], 0);
		WRITE_ONCE(w->top, seq);
	}
	WRITE_ONCE(*vpc_replay_word(w, seq),
		   *vpc_replay_word(w, seq) | 1ULL << (seq % 64));
	return true;
}
