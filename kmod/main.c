// SPDX-License-Identifier: GPL-2.0
/* Init and undo, of the module and of each network namespace. */

#include <linux/module.h>
#include <net/netns/generic.h>

#include "netlink.h"
#include "remote.h"
#include "retire.h"

unsigned int vpc_net_id __read_mostly;
struct workqueue_struct *vpc_wq;

struct vpc_net *vpc_net(const struct net *net)
{
	return net_generic(net, vpc_net_id);
}

static int __net_init vpc_net_init(struct net *net)
{
	struct vpc_net *vn = vpc_net(net);
	int err;

	vn->net = net;
	mutex_init(&vn->lock);
	INIT_LIST_HEAD(&vn->edges);
	INIT_LIST_HEAD(&vn->counting);
	vn->retiring = RB_ROOT_CACHED;
	INIT_DELAYED_WORK(&vn->retire_work, vpc_retire_work);
	err = vpc_tables_init(&vn->tables);
	if (err)
		return err;
	err = vpc_crypt_init(&vn->crypt);
	if (err)
		vpc_tables_free(&vn->tables);
	return err;
}

static void __net_exit vpc_net_exit(struct net *net)
{
	struct vpc_net *vn = vpc_net(net);
	bool used = vn->tables.changes;

	/* Its devices are gone: the core deletes them before, and so does the
	 * module's exit.
	 */
	WARN_ON_ONCE(!list_empty(&vn->counting));
	vpc_crypt_exit(&vn->crypt);
	vpc_retire_free(vn);
	/* What is freed later holds routes, which hold the namespace's IPv6. */
	if (used)
		rcu_barrier();
	vpc_tables_free(&vn->tables);
	if (used)
		rcu_barrier();
}

static struct pernet_operations vpc_net_ops = {
	.init	= vpc_net_init,
	.exit	= vpc_net_exit,
	.id	= &vpc_net_id,
	.size	= sizeof(struct vpc_net),
};

static int __init vpc_init(void)
{
	int err;

	vpc_wq = alloc_workqueue("vpc", WQ_UNBOUND, 0);
	if (!vpc_wq)
		return -ENOMEM;
	err = register_pernet_subsys(&vpc_net_ops);
	if (err)
		goto err_wq;
	err = vpc_edge_init();
	if (err)
		goto err_net;
	err = vpc_nic_init();
	if (err)
		goto err_edge;
	err = vpc_fork_init();
	if (err)
		goto err_nic;
	err = vpc_netlink_init();
	if (err)
		goto err_fork;
	return 0;

err_fork:
	vpc_fork_exit();
err_nic:
	vpc_nic_exit();
err_edge:
	vpc_edge_exit();
err_net:
	unregister_pernet_subsys(&vpc_net_ops);
err_wq:
	destroy_workqueue(vpc_wq);
	return err;
}

static void __exit vpc_exit(void)
{
	vpc_netlink_exit();
	vpc_fork_exit();
	vpc_nic_exit();
	vpc_edge_exit();
	unregister_pernet_subsys(&vpc_net_ops);
	rcu_barrier();
	destroy_workqueue(vpc_wq);
}

module_init(vpc_init);
module_exit(vpc_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("VPC datapath: overlay networks as IPv6 with one TLV");
MODULE_VERSION(VPC_VERSION);
MODULE_SOFTDEP("pre: gcm chacha20poly1305");
MODULE_ALIAS_RTNL_LINK("vpc");
MODULE_ALIAS_RTNL_LINK("vpcedge");
MODULE_ALIAS_GENL_FAMILY("vpc");
