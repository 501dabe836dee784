/* Groups of a peer to the store, where they are not what they were. */
#define LOG_TAG "auth"
#include "daemon/ipc/members.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/log.h"
#include "common/mem.h"
#include "daemon/server.h"
#include "daemon/store/shares.h"

/* What an account's groups were the last time, as one number. */
struct member {
	uint64_t account, groups;
};

struct waiting {
	struct call *call;
	void (*then)(struct call *call);
	uint64_t account, groups;
};

/* The primary group comes first; the kernel gives it apart. */
static size_t peer_groups(const struct conn *c, int64_t **out)
{
	gid_t few[64], *all = few;
	socklen_t n = sizeof(few);
	size_t count = 1;
	int fd = -1, r;

	r = uv_fileno((const uv_handle_t *)&c->pipe, &fd) == 0
		    ? getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, few, &n)
		    : -1;
	if (r < 0 && errno == ERANGE) { /* n is what it takes */
		all = mem_new(n);
		r = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, all, &n);
	}
	*out = mem_new((SHARES_MAX + 1) * sizeof(**out));
	(*out)[0] = c->peer.gid;
	for (size_t i = 0; r == 0 && i < n / sizeof(*all) && count <= SHARES_MAX; i++)
		(*out)[count++] = all[i];
	if (all != few)
		free(all);
	return count;
}

static uint64_t digest(const int64_t *gids, size_t n)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint64_t)gids[i]) * 1099511628211u;
	return h;
}

static struct member *remembered(struct server *s, uint64_t account)
{
	for (size_t i = 0; i < s->nmembers; i++)
		if (s->members[i].account == account)
			return &s->members[i];
	s->members = mem_grow(s->members, &s->members_cap, s->nmembers, sizeof(*s->members));
	s->members[s->nmembers] = (struct member){ .account = account };
	return &s->members[s->nmembers++];
}

static void on_noted(struct job *j)
{
	struct op_members *op = container_of(j, struct op_members, job);
	struct waiting *w = j->ctx;

	if (j->r == 0)
		remembered(w->call->server, w->account)->groups = w->groups;
	else
		log_error("groups of an account are not noted: %s", j->why ? j->why : "the database failed");
	w->then(w->call);
	mem_free(w);
	op_members_free(op);
}

void members_note(struct call *call, void (*then)(struct call *call))
{
	const struct conn *c = call_conn(call);
	struct op_members *op;
	struct waiting *w;

	if (!c || call->server->config->mode != MODE_SYSTEM) {
		then(call);
		return;
	}
	op = op_members_new(c->account.id);
	op->n = peer_groups(c, &op->gids);
	w = mem_new(sizeof(*w));
	*w = (struct waiting){ call, then, fair_key(c->account.id), digest(op->gids, op->n) };
	op->job.done = on_noted;
	op->job.ctx = w;
	if (remembered(call->server, w->account)->groups != w->groups &&
		store_submit(call->server->store, STORE_WRITER, &op->job) == 0)
		return;
	then(call);
	mem_free(w);
	op_members_free(op);
}

void members_fini(struct server *s)
{
	s->members = mem_free(s->members);
	s->nmembers = s->members_cap = 0;
}
