/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Replay protection (RFC 4303, 3.4.3): which sequence numbers have been there.
 * Pure: the same file is compiled for user space.
 */
#ifndef _VPC_REPLAY_H
#define _VPC_REPLAY_H

#include <linux/types.h>

/* One word more than the window: the newest is only partly in use (RFC 6479).
 * A lane's record is just below 512 bytes.
 */
#define VPC_REPLAY_WORDS	60
#define VPC_REPLAY_WINDOW	((VPC_REPLAY_WORDS - 1) * 64)

/**
 * struct vpc_replay - a window of sequence numbers
 * @top: the highest that was taken; 0 is none
 * @seen: a bit per number, in a ring
 */
struct vpc_replay {
	u64	top;
	u64	seen[VPC_REPLAY_WORDS];
};

bool vpc_replay_fresh(const struct vpc_replay *w, u64 seq);
bool vpc_replay_take(struct vpc_replay *w, u64 seq);

#endif /* _VPC_REPLAY_H */
