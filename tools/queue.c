// SPDX-License-Identifier: GPL-2.0
/* Runs of like changes, sent in one message. */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/vpc.h>

#include "genl.h"
#include "queue.h"

#define MAX_ITEMS	512
#define FULL		(32 * 1024)

/* An item more fits after it was full for the last time.  The largest is a remote with
 * all its prefixes, an address and a length in a nest, and with all its keys.
 */
#define PREFIX_SIZE	(4 + (4 + 16) + (4 + 4))
#define KEY_SIZE	(4 + (4 + VPC_KEY_LEN))
#define MAX_ITEM	(VPC_MAX_PREFIXES * PREFIX_SIZE + VPC_MAX_KEYS * KEY_SIZE + 256)

static_assert(VPC_MAX_NEXT_HOPS * (4 + sizeof(struct vpc_via)) < MAX_ITEM,
	      "a route with all its next hops fits");
static_assert(MAX_ITEM < 64 * 1024, "an attribute has no more bytes");

/**
 * struct item - a change
 * @start: where it starts in the message
 * @line: its line in the batch
 * @text: the line, or NULL
 */
struct item {
	uint32_t	start;
	unsigned int	line;
	char		*text;
};

static char message[FULL + MAX_ITEM];
static char part[FULL + MAX_ITEM];
static struct nlmsghdr *pending;
static struct item items[MAX_ITEMS + 1];	/* one more, for the end */
static unsigned int n_items;

static const char *source_path;
static unsigned int source_line;
static const char *source_text;
static int status;

/**
 * queue_source - tell where the following changes come from
 * @path: name of the batch, which stays
 * @line: number of the line
 * @text: the line, which changes with the next call
 */
void queue_source(const char *path, unsigned int line, const char *text)
{
	source_path = path;
	source_line = line;
	source_text = text;
}

/**
 * queue_status - the first error of a change that was passed over
 */
int queue_status(void)
{
	return status;
}

static void queue_clear(void)
{
	while (n_items)
		free(items[--n_items].text);
	pending = NULL;
}

/* The message with some of the items only. */
static struct nlmsghdr *queue_part(unsigned int first, unsigned int n)
{
	uint32_t header = items[0].start, len = items[first + n].start - items[first].start;
	struct nlmsghdr *nlh = (struct nlmsghdr *)part;

	memcpy(part, message, header);
	memcpy(part + header, message + items[first].start, len);
	nlh->nlmsg_len = header + len;
	return nlh;
}

/* Which item of a part the kernel refused; n if it did not tell. */
static unsigned int queue_refused(unsigned int first, unsigned int n,
				  const struct extack *ext)
{
	uint32_t offset = ext->offset ? ext->offset : ext->missing_in;
	uint32_t shift = items[first].start - items[0].start;
	unsigned int i;

	if (offset < items[0].start)
		return n;
	for (i = 0; i < n && items[first + i + 1].start <= offset + shift; i++)
		;
	return i;
}

/* Show the error of an item; without a batch, the caller does. */
static void queue_show(const struct item *item)
{
	char where[4096];

	if (!source_path)
		return;
	snprintf(where, sizeof(where), "%s:%u", source_path, item->line);
	errors_show(where, item->text, errors_take());
}

/* Send what is pending, in as large parts as the kernel takes. */
static int queue_send(void)
{
	unsigned int first = 0, limit = n_items, n, bad;
	struct nlmsghdr *nlh;
	struct extack ext;
	int err;

	while (first < n_items) {
		n = limit < n_items - first ? limit : n_items - first;
		nlh = queue_part(first, n);
		err = genl_send(nlh, NULL, NULL, &ext);
		if (!err) {
			first += n;
			limit *= 2;
			continue;
		}
		bad = ext.error ? queue_refused(first, n, &ext) : 0;
		if (bad == n && n > 1)
			bad = n / 2;
		/* First those before it; then it is known if it fails still. */
		if (bad > 0 && bad < n) {
			limit = bad;
			continue;
		}
		if (ext.error)
			extack_error(nlh, &ext);
		queue_show(&items[first]);
		if (!options.force || !source_path)
			return err;
		status = status ? status : err;
		first++;
		limit = limit > 1 ? limit / 2 : 1;
	}
	return STATUS_OK;
}

/**
 * queue_flush - send what is pending
 *
 * Return: a status to stop with; errors are shown with their lines, or held
 * where there is no batch.
 */
int queue_flush(void)
{
	int err = STATUS_OK;

	if (n_items)
		err = queue_send();
	queue_clear();
	return err;
}

/**
 * queue_add - begin another change
 * @cmd: &enum vpc_cmd
 *
 * Return: the message to put one object into; or NULL, when what was pending
 * could not be sent.
 */
struct nlmsghdr *queue_add(uint8_t cmd)
{
	const struct genlmsghdr *genl;

	if (pending) {
		genl = mnl_nlmsg_get_payload(pending);
		if ((genl->cmd != cmd || n_items == MAX_ITEMS ||
		     pending->nlmsg_len > FULL) && queue_flush())
			return NULL;
	}
	if (!pending) {
		pending = genl_start(message, cmd, NLM_F_ACK);
		items[0].start = pending->nlmsg_len;
	}
	return pending;
}

/* The change is complete. */
void queue_added(void)
{
	struct item *item = &items[n_items++];

	item->line = source_line;
	item->text = source_text ? strdup(source_text) : NULL;
	items[n_items].start = pending->nlmsg_len;
	items[n_items].text = NULL;
}
