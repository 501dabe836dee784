/*
 * From a peer to its account: remembered, else looked for in the store, else made under the name
 * that the name service has for the uid. That service may be a network away: it is asked on a
 * thread of uv's pool, once for each uid that is new.
 */
#define LOG_TAG "auth"
#include "daemon/ipc/identity.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/server.h"
#include "proto/limits.h"

#define NAME_BUFFER 16384 /* of one entry of passwd or group; a group may have many members */

struct known {
	struct list link; /* server->known */
	uid_t uid;
	struct account account;
};

struct search {
	uv_work_t work;
	struct server *server;
	uid_t uid;
	char *name;
	uint64_t age; /* of the memory when it began */
	void (*done)(void *ctx, int r, const char *why, const struct account *who);
	void *ctx;
};

/* ---- at the start ---- */

/* user_namespaces(7): "inside outside count"; the whole of 32 bits, as it is, is the host's view. */
static bool is_whole_map(const char *path)
{
	unsigned long inside = 1, outside = 1, count = 0;
	struct buf text;
	int fields = 0;

	buf_init(&text, 4096);
	if (file_read(path, &text) == 0)
		fields = sscanf(buf_cstr(&text), "%lu %lu %lu", &inside, &outside, &count);
	buf_fini(&text);
	return fields == 3 && inside == 0 && outside == 0 && count == UINT32_MAX;
}

static int find_group(const char *name, gid_t *gid, char **why)
{
	struct group entry, *found = NULL;
	char *text;
	int64_t number;

	if (str_int(name, 0, UINT32_MAX - 1, &number) == 0) {
		*gid = (gid_t)number;
		return 0;
	}
	text = mem_new(NAME_BUFFER);
	(void)getgrnam_r(name, &entry, text, NAME_BUFFER, &found);
	if (found)
		*gid = found->gr_gid;
	mem_free(text);
	if (found)
		return 0;
	*why = mem_printf("there is no group '%s': make it with `groupadd --system %s`, or name another with group =", name, name);
	return -EINVAL;
}

int identity_init(struct server *s, char **why)
{
	list_init(&s->known);
	s->group = (gid_t)-1;
	if (s->config->mode == MODE_USER)
		return 0;
	if (!is_whole_map("/proc/self/uid_map") || !is_whole_map("/proc/self/gid_map")) {
		*why = mem_dup("in this user namespace all users look alike, and a daemon for the machine cannot tell them apart: "
			       "run it outside (PrivateUsers=no)");
		return -EINVAL;
	}
	return find_group(s->config->group ? s->config->group : "ragchat", &s->group, why);
}

/* ---- what is remembered ---- */

void identity_forget(struct server *s)
{
	list_foreach_safe(it, &s->known) {
		struct known *k = list_entry(it, struct known, link);

		list_remove(&k->link);
		mem_free(k->account.name);
		mem_free(k);
	}
	s->known_age++;
}

void identity_fini(struct server *s)
{
	identity_forget(s);
}

static struct known *known_find(struct server *s, uid_t uid)
{
	list_foreach(it, &s->known) {
		struct known *k = list_entry(it, struct known, link);

		if (k->uid == uid)
			return k;
	}
	return NULL;
}

/* Root is an admin whatever the table says: it could write there. */
static void remember(struct search *q, struct account *account)
{
	struct server *s = q->server;
	struct known *k;

	if (q->uid == 0)
		account->role = ROLE_ADMIN;
	if (q->age != s->known_age || known_find(s, q->uid))
		return; /* what was read may be out of date by now */
	k = mem_new(sizeof(*k));
	*k = (struct known){ .uid = q->uid, .account = account_copy(account) };
	list_push_front(&s->known, &k->link);
}

/* ---- the way to an account ---- */

static void search_end(struct search *q, int r, const char *why, const struct account *who)
{
	q->done(q->ctx, r, why, who);
	mem_free(q->name);
	mem_free(q);
}

static void ask_store(struct search *q, enum store_lane lane);
static void ask_name(struct search *q);

static void on_found(struct job *j)
{
	struct op_peer_account *op = container_of(j, struct op_peer_account, job);
	struct search *q = j->ctx;

	if (j->r == STORE_E_NOT_FOUND && !q->name) {
		ask_name(q);
	} else {
		if (op->created)
			log_info("account %s is new, for uid %u", op->account.name, (unsigned)q->uid);
		if (j->r == 0)
			remember(q, &op->account);
		search_end(q, j->r, j->why, &op->account);
	}
	op_peer_account_free(op);
}

static void ask_store(struct search *q, enum store_lane lane)
{
	struct op_peer_account *op = op_peer_account_new();

	op->uid = q->uid;
	op->name = mem_dup(q->name);
	op->role = q->uid == 0 ? ROLE_ADMIN : ROLE_USER;
	op->job.done = on_found;
	op->job.ctx = q;
	if (store_submit(q->server->store, lane, &op->job) == 0)
		return;
	search_end(q, STORE_E_BUSY, NULL, NULL);
	op_peer_account_free(op);
}

static void look_up_name(uv_work_t *w)
{
	struct search *q = container_of(w, struct search, work);
	struct passwd entry, *found = NULL;
	char *text = mem_new(NAME_BUFFER);

	(void)getpwuid_r(q->uid, &entry, text, NAME_BUFFER, &found);
	if (found && found->pw_name && *found->pw_name && strlen(found->pw_name) <= LIMIT_ACCOUNT)
		q->name = mem_dup(found->pw_name);
	else
		q->name = mem_printf("uid-%u", (unsigned)q->uid);
	mem_free(text);
}

static void on_name(uv_work_t *w, int status attr_unused)
{
	ask_store(container_of(w, struct search, work), STORE_WRITER);
}

static void ask_name(struct search *q)
{
	int r = uv_queue_work(&q->server->loop, &q->work, look_up_name, on_name);

	if (r != 0)
		search_end(q, r, uv_strerror(r), NULL);
}

/* ---- the policy ---- */

const char *identity_refusal(const struct server *s, const struct peer *peer)
{
	if (peer->uid == (uid_t)-1 || peer->uid == NOBODY)
		return "your uid tells nothing about who you are: it is nobody's";
	if (s->config->mode == MODE_SYSTEM)
		return peer->uid == 0 || peer->member ? NULL
						      : "this daemon serves the members of a group, and you are none; ask its administrator";
	if (peer->uid == geteuid() || (peer->uid == 0 && s->config->allow_root))
		return NULL;
	return peer->uid == 0 ? "this daemon is another user's; root may use it with allow_root = yes" : "this daemon is another user's";
}

/* Root comes by its uid in every policy: it needs no password to read our files. */
bool identity_counts(const struct server *s, const struct peer *peer)
{
	return s->config->auth != AUTH_PASSWORD || (s->config->mode == MODE_SYSTEM && peer->uid == 0);
}

void identity_find(struct server *s, const struct peer *peer, void (*done)(void *ctx, int r, const char *why, const struct account *who), void *ctx)
{
	struct known *k = s->config->mode == MODE_SYSTEM ? known_find(s, peer->uid) : NULL;
	struct search *q;

	if (k || s->config->mode == MODE_USER) {
		done(ctx, 0, NULL, k ? &k->account : &s->account);
		return;
	}
	q = mem_new(sizeof(*q));
	*q = (struct search){ .server = s, .uid = peer->uid, .age = s->known_age, .done = done, .ctx = ctx };
	ask_store(q, STORE_KEYED);
}
