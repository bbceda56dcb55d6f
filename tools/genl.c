// SPDX-License-Identifier: GPL-2.0
/* Generic netlink: the family, requests, dumps, events. */

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/filter.h>
#include <linux/genetlink.h>
#include <linux/vpc.h>

#include "genl.h"

/* A dump that changes while it is read is read again so many times. */
#define DUMP_TRIES	5

#define EVENT_BUFFER	(4 * 1024 * 1024)

static struct mnl_socket *sock;
static uint16_t family;
static uint32_t group_id;
static char answer[GENL_BUFFER];

/**
 * genl_start - begin a request
 * @buf: where to put it; it is as large as the caller wants to fill it
 * @cmd: &enum vpc_cmd
 * @flags: besides NLM_F_REQUEST
 */
struct nlmsghdr *genl_start(char *buf, uint8_t cmd, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = VPC_GENL_VERSION;
	return nlh;
}

/* What comes back. */

struct exchange {
	mnl_cb_t	cb;
	void		*data;
	struct extack	*ext;
};

static int exchange_message(const struct nlmsghdr *nlh, void *data)
{
	const struct exchange *x = data;

	return x->cb ? x->cb(nlh, x->data) : MNL_CB_OK;
}

static int exchange_end(const struct nlmsghdr *nlh, void *data)
{
	const struct exchange *x = data;

	extack_parse(nlh, x->ext);
	return MNL_CB_STOP;
}

static int exchange_nothing(const struct nlmsghdr *nlh, void *data)
{
	(void)nlh;
	(void)data;
	return MNL_CB_OK;
}

static mnl_cb_t exchange_control[NLMSG_MIN_TYPE] = {
	[NLMSG_NOOP]	= exchange_nothing,
	[NLMSG_ERROR]	= exchange_end,
	[NLMSG_DONE]	= exchange_end,
	[NLMSG_OVERRUN]	= exchange_nothing,
};

static ssize_t receive(struct mnl_socket *from)
{
	ssize_t len;

	do {
		len = mnl_socket_recvfrom(from, answer, sizeof(answer));
	} while (len < 0 && errno == EINTR);
	return len;
}

/* Send a request and read the answers to it.
 * Return: an errno, the kernel's or that of the exchange; 0 if it was done.
 */
static int exchange(struct nlmsghdr *nlh, struct exchange *x)
{
	static uint32_t seq;
	ssize_t len;
	int ret;

	if (!seq)
		seq = time(NULL);
	nlh->nlmsg_seq = ++seq;
	memset(x->ext, 0, sizeof(*x->ext));
	if (mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) < 0)
		return errno;
	do {
		len = receive(sock);
		if (len < 0)
			return errno;
		ret = mnl_cb_run2(answer, len, seq, mnl_socket_get_portid(sock),
				  exchange_message, x, exchange_control,
				  ARRAY_SIZE(exchange_control));
	} while (ret > 0);
	if (ret < 0)
		return errno;
	return x->ext->error;
}

/* The family. */

static void get_groups(const struct nlattr *groups)
{
	const struct nlattr *group, *attr;

	mnl_attr_for_each_nested(group, groups) {
		const char *name = "";
		uint32_t id = 0;

		mnl_attr_for_each_nested(attr, group) {
			if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME)
				name = mnl_attr_get_str(attr);
			else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID)
				id = mnl_attr_get_u32(attr);
		}
		if (!strcmp(name, VPC_GENL_MCGRP_CONFIG))
			group_id = id;
	}
}

static int get_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;

	(void)data;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			family = mnl_attr_get_u16(attr);
		else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS)
			get_groups(attr);
	}
	return MNL_CB_OK;
}

static int resolve_family(void)
{
	char buf[256];
	struct extack ext;
	struct exchange x = { .cb = get_family, .ext = &ext };
	struct nlmsghdr *nlh;
	int err;

	nlh = genl_start(buf, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	nlh->nlmsg_type = GENL_ID_CTRL;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, VPC_GENL_NAME);
	err = exchange(nlh, &x);
	if (err == ENOENT)
		return error(STATUS_KERNEL,
			     "the kernel does not know \"%s\": is its module loaded (modprobe %s)?",
			     VPC_GENL_NAME, VPC_GENL_NAME);
	if (err)
		return error(STATUS_KERNEL, "generic netlink: %s", strerror(err));
	return STATUS_OK;
}

static void genl_close(void)
{
	if (sock)
		mnl_socket_close(sock);
	sock = NULL;
}

static int genl_open(void)
{
	int on = 1;

	if (sock)
		return STATUS_OK;
	sock = mnl_socket_open(NETLINK_GENERIC);
	if (!sock || mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		error(STATUS_KERNEL, "generic netlink: %s", strerror(errno));
		goto err_close;
	}
	mnl_socket_setsockopt(sock, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(sock, NETLINK_CAP_ACK, &on, sizeof(on));
	if (!family && resolve_family())
		goto err_close;
	return STATUS_OK;

err_close:
	genl_close();
	return STATUS_KERNEL;
}

/* Requests. */

/**
 * genl_send - send a request, and leave a refusal to the caller
 * @nlh: the request
 * @cb: gets the messages of the answer; may be NULL
 * @data: for @cb
 * @ext: what the kernel said; its error is EINTR if a dump changed while it was
 *	read, and 0 if the exchange failed
 *
 * Return: STATUS_OK or STATUS_KERNEL; an error is held if @ext has none.
 */
int genl_send(struct nlmsghdr *nlh, mnl_cb_t cb, void *data, struct extack *ext)
{
	struct exchange x = { .cb = cb, .data = data, .ext = ext };
	int err;

	memset(ext, 0, sizeof(*ext));
	if (genl_open())
		return STATUS_KERNEL;
	nlh->nlmsg_type = family;
	err = exchange(nlh, &x);
	if (err && !ext->error) {
		/* Answers may be on their way still: they are for nobody. */
		genl_close();
		if (err != EINTR)
			return error(STATUS_KERNEL, "generic netlink: %s", strerror(err));
		ext->error = err;
	}
	if (err)
		return STATUS_KERNEL;
	if (ext->message[0])
		warning("%s", ext->message);
	return STATUS_OK;
}

/**
 * genl_talk - send a request, and hold an error if it is refused
 * @nlh: the request
 * @cb: gets the messages of the answer; may be NULL
 * @data: for @cb
 */
int genl_talk(struct nlmsghdr *nlh, mnl_cb_t cb, void *data)
{
	struct extack ext;
	int err;

	nlh->nlmsg_flags |= NLM_F_ACK;
	err = genl_send(nlh, cb, data, &ext);
	if (err && ext.error)
		return extack_error(nlh, &ext);
	return err;
}

/**
 * genl_dump - ask for all objects
 * @nlh: the request
 * @cb: gets the messages of the answer
 * @restart: forget what @cb got: it comes again
 * @data: for both
 */
int genl_dump(struct nlmsghdr *nlh, mnl_cb_t cb, void (*restart)(void *data),
	      void *data)
{
	struct extack ext;
	int tries, err;

	nlh->nlmsg_flags |= NLM_F_DUMP;
	for (tries = 0; tries < DUMP_TRIES; tries++) {
		err = genl_send(nlh, cb, data, &ext);
		if (!err || ext.error != EINTR)
			break;
		restart(data);
	}
	if (!err || !ext.error)
		return err;
	if (ext.error == EINTR)
		return error(STATUS_KERNEL,
			     "the configuration changed %d times while it was read: try again",
			     tries);
	return extack_error(nlh, &ext);
}

/* Events. */

/* The controller's own group has the number of the controller. */
#define CTRL_GROUP	GENL_ID_CTRL

static int join(uint32_t group)
{
	if (mnl_socket_setsockopt(sock, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return error(STATUS_KERNEL, "subscribing to group %u: %s", group,
			     strerror(errno));
	return STATUS_OK;
}

/* Let only these commands through, and the controller's messages, so that what
 * nobody asked for takes no room in the buffer.  Without it nothing but room is lost.
 */
static void filter(int fd, const uint8_t *cmds, unsigned int n)
{
	struct sock_filter code[UINT8_MAX + 5], *c = code;
	struct sock_fprog program = { .filter = code };
	unsigned int i;

	if (n > UINT8_MAX - 2)
		return;
	*c++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_H | BPF_ABS,
					    offsetof(struct nlmsghdr, nlmsg_type));
	*c++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(GENL_ID_CTRL),
					    n + 2, 0);
	*c++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
					    NLMSG_HDRLEN + offsetof(struct genlmsghdr, cmd));
	for (i = 0; i < n; i++)
		*c++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, cmds[i],
						    n - i, 0);
	*c++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	*c++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
	program.len = c - code;
	setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* Whether the controller tells that the family is gone, and its groups with it. */
static bool family_gone(const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (nlh->nlmsg_type != GENL_ID_CTRL || genl->cmd != CTRL_CMD_DELFAMILY)
		return false;
	mnl_attr_for_each(attr, nlh, sizeof(*genl)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			return mnl_attr_get_u16(attr) == family;
	}
	return false;
}

static int heard(const struct nlmsghdr *nlh, void *data)
{
	const mnl_cb_t *cb = data;

	if (family_gone(nlh)) {
		errno = ENODEV;
		return MNL_CB_ERROR;
	}
	return nlh->nlmsg_type == family ? (*cb)(nlh, NULL) : MNL_CB_OK;
}

/**
 * genl_listen - receive events until there is an error
 * @group: name of the multicast group
 * @cmds: the commands of those that are of interest
 * @n: how many
 * @cb: gets the messages
 * @lost: is told when some did not fit into the buffer
 */
int genl_listen(const char *group, const uint8_t *cmds, unsigned int n, mnl_cb_t cb,
		void (*lost)(void))
{
	int size = EVENT_BUFFER, fd;
	ssize_t len;

	if (genl_open())
		return STATUS_KERNEL;
	if (!group_id)
		return error(STATUS_KERNEL, "the kernel's module has no group \"%s\"",
			     group);
	fd = mnl_socket_get_fd(sock);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	filter(fd, cmds, n);
	/* Who waits for the second membership finds it in the first 32. */
	if (join(group_id) || join(CTRL_GROUP))
		return STATUS_KERNEL;
	for (;;) {
		len = receive(sock);
		if (len < 0 && errno == ENOBUFS) {
			lost();
			continue;
		}
		if (len >= 0 && mnl_cb_run(answer, len, 0, 0, heard, &cb) >= 0)
			continue;
		if (len >= 0 && errno == ENODEV)
			return error(STATUS_KERNEL, "the kernel's module has been unloaded");
		return error(STATUS_KERNEL, "receiving events: %s", strerror(errno));
	}
}
