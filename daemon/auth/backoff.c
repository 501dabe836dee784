/* Failures by uid and name, in a table of a fixed size. */
#include "daemon/auth/backoff.h"

#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "common/sha256.h"

#define ENTRIES 1024      /* then the one that failed longest ago makes room */
#define GENEROUS 4
#define WHOLE ""          /* the name under which a uid is counted as a whole; no account has it */

struct entry {
	uid_t uid;
	uint8_t name[SHA256_LEN]; /* peers choose names: all are as long */
	unsigned failures;        /* 0: free */
	uint64_t last_ms;
};

struct backoff {
	struct entry v[ENTRIES];
};

struct backoff *backoff_new(void)
{
	return mem_new(sizeof(struct backoff));
}

void *backoff_free(struct backoff *b)
{
	return mem_free(b);
}

static void digest(const char *name, uint8_t out[SHA256_LEN])
{
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, name, strlen(name));
	sha256_end(&h, out);
}

static struct entry *find(struct backoff *b, uid_t uid, const char *name)
{
	uint8_t key[SHA256_LEN];

	digest(name, key);
	for (struct entry *e = b->v; e < b->v + ENTRIES; e++)
		if (e->failures && e->uid == uid && !memcmp(e->name, key, sizeof(key)))
			return e;
	return NULL;
}

static uint64_t wait_of(struct backoff *b, const struct backoff_policy *p, uid_t uid, const char *name, uint64_t now, unsigned free)
{
	struct entry *e = find(b, uid, name);
	uint64_t wait = p->first_ms, since;

	if (!e)
		return 0;
	since = now - e->last_ms;
	if (since >= p->forget_ms) {
		e->failures = 0;
		return 0;
	}
	if (e->failures < free)
		return 0;
	for (unsigned i = free; i < e->failures && wait < p->max_ms; i++)
		wait *= 2;
	wait = min_of(wait, p->max_ms);
	return since >= wait ? 0 : wait - since;
}

uint64_t backoff_wait(struct backoff *b, const struct backoff_policy *p, uid_t uid, const char *name, uint64_t now)
{
	uint64_t one = wait_of(b, p, uid, name, now, p->free);
	uint64_t all = wait_of(b, p, uid, WHOLE, now, p->free * GENEROUS);

	return max_of(one, all);
}

static struct entry *make_room(struct backoff *b)
{
	struct entry *oldest = b->v;

	for (struct entry *e = b->v; e < b->v + ENTRIES; e++) {
		if (!e->failures)
			return e;
		if (e->last_ms < oldest->last_ms)
			oldest = e;
	}
	return oldest;
}

static void count(struct backoff *b, uid_t uid, const char *name, uint64_t now)
{
	struct entry *e = find(b, uid, name);

	if (!e) {
		e = make_room(b);
		*e = (struct entry){ .uid = uid };
		digest(name, e->name);
	}
	e->failures += e->failures < 64;
	e->last_ms = now;
}

void backoff_failed(struct backoff *b, const struct backoff_policy *p, uid_t uid, const char *name, uint64_t now)
{
	(void)backoff_wait(b, p, uid, name, now); /* what is forgotten by now does not count on */
	count(b, uid, name, now);
	count(b, uid, WHOLE, now);
}

void backoff_succeeded(struct backoff *b, uid_t uid, const char *name)
{
	struct entry *e = find(b, uid, name);

	if (e)
		e->failures = 0;
}

size_t backoff_count(const struct backoff *b)
{
	size_t n = 0;

	for (const struct entry *e = b->v; e < b->v + ENTRIES; e++)
		n += e->failures > 0;
	return n;
}
