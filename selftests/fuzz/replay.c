// SPDX-License-Identifier: GPL-2.0
/*
 * A replay window, beside a list of what it took: it takes nothing twice, and
 * refuses nothing that is in the window.
 *
 * Input: a step in each two bytes, forth or back from the highest number, the
 * size of which grows quickly.
 */

#include <string.h>

#include "fuzz.h"
#include "replay.h"

static bool was_taken(const u64 *taken, size_t n, u64 seq)
{
	while (n--)
		if (taken[n] == seq)
			return true;
	return false;
}

int fuzz_one(const u8 *data, size_t len)
{
	struct vpc_replay w = { 0 };
	u64 taken[256], seq, step;
	bool fresh, want;
	size_t n = 0;

	for (; len >= 2 && n < ARRAY_SIZE(taken); data += 2, len -= 2) {
		step = (u64)(data[1] + 1) << (data[0] & 0x3f);
		seq = data[0] & 0x80 ? w.top - step : w.top + step;
		if (!(data[0] & 0x40) && n)
			seq = taken[data[1] % n];
		want = seq && (seq > w.top ||
			       (w.top - seq < VPC_REPLAY_WINDOW &&
				!was_taken(taken, n, seq)));
		fresh = vpc_replay_fresh(&w, seq);
		check(fresh == want);
		check(vpc_replay_take(&w, seq) == want);
		check(!vpc_replay_fresh(&w, seq));
		if (want)
			taken[n++] = seq;
	}
	return 0;
}
