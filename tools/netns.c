// SPDX-License-Identifier: GPL-2.0
/* Named network namespaces, as "ip netns" keeps them. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netns.h"
#include "rtnl.h"

#define NETNS_DIR "/run/netns"

static int home = -1;		/* where netns_return() goes */

/**
 * netns_open - open a namespace by its name
 * @name: the name
 * @fd: file descriptor
 */
int netns_open(const char *name, int *fd)
{
	char path[sizeof(NETNS_DIR) + NAME_MAX + 1];

	if (!*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, "..") ||
	    strlen(name) > NAME_MAX)
		return error(STATUS_SYNTAX,
			     "bad netns \"%s\": expected a name that \"ip netns\" lists",
			     name);
	snprintf(path, sizeof(path), "%s/%s", NETNS_DIR, name);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd >= 0)
		return STATUS_OK;
	return error(STATUS_SYNTAX,
		     "bad netns \"%s\": expected a name that \"ip netns\" lists (%s: %s)",
		     name, path, strerror(errno));
}

/**
 * netns_enter - go to a namespace for good
 * @name: its name
 */
int netns_enter(const char *name)
{
	int fd, err;

	err = netns_open(name, &fd);
	if (err)
		return err;
	if (setns(fd, CLONE_NEWNET))
		err = error(STATUS_KERNEL, "entering netns %s: %s", name,
			    strerror(errno));
	close(fd);
	return err;
}

/**
 * netns_visit - go to a namespace until netns_return()
 * @fd: the namespace
 */
int netns_visit(int fd)
{
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home >= 0 && !setns(fd, CLONE_NEWNET))
		return STATUS_OK;
	error(STATUS_KERNEL, "entering the namespace: %s", strerror(errno));
	if (home >= 0)
		close(home);
	return STATUS_KERNEL;
}

int netns_return(void)
{
	int err = STATUS_OK;

	if (setns(home, CLONE_NEWNET))
		err = error(STATUS_KERNEL, "going back to the own namespace: %s",
			    strerror(errno));
	close(home);
	return err;
}

/* Names of the ids that this namespace knows others by. */

static struct known {
	int	id;
	char	*name;
} *known;

static size_t n_known;
static bool looked;

static void netns_add(const char *name, int id)
{
	struct known *more = realloc(known, (n_known + 1) * sizeof(*known));

	if (!more)
		return;
	known = more;
	known[n_known].id = id;
	known[n_known].name = strdup(name);
	if (known[n_known].name)
		n_known++;
}

static void netns_look(void)
{
	struct dirent *entry;
	struct nl_sock *sock;
	DIR *dir;
	int fd, id;

	looked = true;
	dir = opendir(NETNS_DIR);
	if (!dir)
		return;
	sock = rtnl_open();
	while (sock && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!rtnl_get_nsid(sock, fd, &id))
			netns_add(entry->d_name, id);
		close(fd);
	}
	rtnl_close(sock);
	closedir(dir);
}

/**
 * netns_name - the name of a namespace
 * @nsid: the id that this namespace has for it
 *
 * Return: the name, or NULL if nothing in /run/netns is that namespace.
 */
const char *netns_name(int nsid)
{
	size_t i;

	if (nsid < 0)
		return NULL;
	if (!looked)
		netns_look();
	for (i = 0; i < n_known; i++)
		if (known[i].id == nsid)
			return known[i].name;
	return NULL;
}

/* Look again when asked next. */
void netns_forget(void)
{
	while (n_known)
		free(known[--n_known].name);
	looked = false;
}
