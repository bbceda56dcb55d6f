// SPDX-License-Identifier: GPL-2.0
/*
 * A virtual machine that was cloned, or restored from a snapshot, has the keys and
 * the counters of another.  Where the hypervisor tells the kernel, by a VM generation
 * id, every edge gets a new key pair at once.
 */

#include <linux/random.h>
#include <net/net_namespace.h>

#include "netlink.h"
#include "remote.h"

static atomic_t vpc_forks;

/**
 * vpc_fork_count - how often this machine has been copied
 *
 * A key pair that is older than the last time has a twin elsewhere.
 */
unsigned int vpc_fork_count(void)
{
	return atomic_read(&vpc_forks);
}

static void vpc_fork_net(struct vpc_net *vn)
{
	struct vpc_keyring *ring;

	mutex_lock(&vn->crypt.lock);
	list_for_each_entry(ring, &vn->crypt.rings, list) {
		vpc_keyring_fork(vn, ring);
		vpc_nl_keys_event(ring->edge);
	}
	mutex_unlock(&vn->crypt.lock);
}

static int vpc_fork(struct notifier_block *nb, unsigned long action, void *data)
{
	struct net *net;

	atomic_inc(&vpc_forks);
	/* A namespace that is in the list does not go meanwhile. */
	down_read(&net_rwsem);
	for_each_net(net)
		vpc_fork_net(vpc_net(net));
	up_read(&net_rwsem);
	return NOTIFY_DONE;
}

static struct notifier_block vpc_fork_notifier = { .notifier_call = vpc_fork };

int vpc_fork_init(void)
{
	return vpc_compat_register_vmfork(&vpc_fork_notifier);
}

void vpc_fork_exit(void)
{
	vpc_compat_unregister_vmfork(&vpc_fork_notifier);
}
