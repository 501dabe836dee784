/* Where a search looks: the account's shards, within two times, in one thread or in those of a tag. */
#include "daemon/store/search_look.h"

#include <errno.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/store/ref.h"
#include "daemon/store/rows.h"

#define SPAN_SLACK 60000000 /* us: how far a turn may be moved from its time, to have one of its own */
#define MISSES 50       /* hits of one thread in a row that do not have the tag */
#define TAGGED_FEW 1000 /* threads of a tag: their numbers become part of the question */

void scope_fini(struct look *k)
{
	mem_free(k->shards);
	mem_free(k->spans);
	buf_fini(&k->match);
}

/* The account's number; whether all that was there is in. */
static int find_account(struct look *k)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, k->db, k->db->said, k->why,
		"SELECT (SELECT no FROM account WHERE id = ?1), filled OR account > ?1 FROM state", db_text(k->op->account.id));

	if (r == 0)
		r = db_step(stmt, &row, k->why);
	k->account = r == 0 && row ? db_col_int(stmt, 0) : 0;
	k->op->complete = r == 0 && row && db_col_int(stmt, 1);
	db_release(stmt);
	return r;
}

static int bounds(struct look *k)
{
	const struct op_search *op = k->op;
	int64_t most = INT64_MAX >> SAID_BITS, since = max_of(op->since_us, INT64_C(0)), at = most;
	id_str id;
	int r = op->before ? cursor_read(op->before, &at, id, k->why) : 0;

	if (op->until_us < at)
		at = op->until_us;
	k->from = min_of(since, most) << SAID_BITS;
	k->to = at >= most ? INT64_MAX : at <= 0 ? -1 : (at << SAID_BITS) - 1;
	if (op->at.begun)
		k->to = min_of(k->to, op->at.to);
	return r;
}

static int list_shards(struct look *k)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int64_t last = INT64_MAX >> SAID_BITS;
	int r = db_query(&stmt, k->db, k->db->said, k->why,
		"SELECT id, first, rows > 0 FROM shard WHERE account = ?1 AND first <= ?2 ORDER BY first DESC", db_int(k->account),
		db_int(k->to >> SAID_BITS));

	while (r == 0 && (r = db_step(stmt, &row, k->why)) == 0 && row) {
		struct shard s = { .id = db_col_int(stmt, 0), .first = db_col_int(stmt, 1), .last = last };

		last = s.first - 1;
		if (!db_col_int(stmt, 2) || s.last < k->from >> SAID_BITS)
			continue;
		k->shards = mem_grow(k->shards, &k->shards_cap, k->nshards, sizeof(*k->shards));
		k->shards[k->nshards++] = s;
	}
	db_release(stmt);
	return r;
}

/* ---- threads ---- */

/* 0: the index has not heard of it. */
static int number_of(struct look *k, const char *thread, int64_t *no)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, k->db, k->db->said, k->why, "SELECT no FROM thread WHERE id = ?1", db_text(thread));

	if (r == 0)
		r = db_step(stmt, &row, k->why);
	*no = r == 0 && row ? db_col_int(stmt, 0) : 0;
	db_release(stmt);
	return r;
}

static int find_thread(struct look *k)
{
	struct op_search *op = k->op;
	id_str thread;
	int r = op->thread_ref ? ref_thread(k->db, &op->account, op->thread_ref, REF_ANY, REF_OWN, thread, &op->candidates, k->why) : 0;

	if (r != 0 || !op->thread_ref)
		return r;
	r = number_of(k, thread, &k->thread);
	if (!k->thread)
		k->thread = -1;
	return r;
}

static int add_span(struct look *k, const char *thread, int64_t first, int64_t last)
{
	struct span s = { .first = first, .last = last };
	int r = number_of(k, thread, &s.thread);

	if (r != 0 || !s.thread)
		return r;
	k->spans = mem_grow(k->spans, &k->spans_cap, k->nspans, sizeof(*k->spans));
	k->spans[k->nspans++] = s;
	return 0;
}

/* A thread's turns lie between its first and its newest stamp. Many threads: then hits are asked one by one. */
static int find_tagged(struct look *k)
{
	struct op_search *op = k->op;
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	id_str thread;
	size_t n = 0;
	int r = 0;

	if (!op->tag)
		return 0;
	k->tagged = true;
	r = db_query(&stmt, k->db, k->db->chat, k->why,
		"SELECT g.thread, (SELECT v.created FROM ragchat_turn v WHERE v.thread = g.thread ORDER BY v.seq LIMIT 1), t.updated "
		"FROM ragchat_tag g JOIN ragchat_thread t ON t.id = g.thread WHERE g.account = ?1 AND g.tag = ?2 LIMIT ?3",
		db_text(op->account.id), db_text(op->tag), db_int(TAGGED_FEW + 1));
	while (r == 0 && n <= TAGGED_FEW && (r = db_step(stmt, &row, k->why)) == 0 && row) {
		n++;
		db_col_id(stmt, 0, thread);
		r = add_span(k, thread, db_col_int(stmt, 1), db_col_int(stmt, 2));
	}
	db_release(stmt);
	if (n > TAGGED_FEW) {
		k->tagged = false;
		k->tag_each = true;
	}
	return r;
}

int scope_find(struct look *k)
{
	int r = find_account(k);

	buf_init(&k->match, 0);
	if (r == 0)
		r = find_thread(k);
	if (r == 0)
		r = bounds(k);
	if (r == 0 && k->account && k->thread >= 0)
		r = list_shards(k);
	return r == 0 && k->nshards ? find_tagged(k) : r;
}

/* ---- one shard ---- */

/* What has to be there however the last word goes on: cheap to ask, where its beginnings are not. */
static int has_musts(struct look *k, const struct shard *s, bool *has)
{
	char table[SAID_TABLE], sql[128];
	sqlite3_stmt *stmt;
	int r;

	*has = true;
	if (!k->op->query.must)
		return 0;
	said_table(table, s->id);
	(void)snprintf(sql, sizeof(sql), "SELECT 1 FROM %s WHERE %s MATCH ?1 LIMIT 1", table, table);
	r = db_query(&stmt, k->db, k->db->said, k->why, sql, db_text(k->op->query.must));
	if (r == 0)
		r = db_step(stmt, has, k->why);
	db_release(stmt);
	return r;
}

/* thread : ("7" OR "9"). What moved a turn's place by a little is no reason to miss it. */
static bool add_spans(struct look *k, const struct shard *s)
{
	bool any = false;

	for (size_t i = 0; i < k->nspans; i++) {
		const struct span *t = &k->spans[i];

		if (t->last < s->first - SPAN_SLACK || t->first - SPAN_SLACK > s->last)
			continue;
		buf_addf(&k->match, "%s\"%lld\"", any ? " OR " : " AND thread : (", (long long)t->thread);
		any = true;
	}
	if (any)
		buf_add_byte(&k->match, ')');
	return any;
}

void scope_missed(struct look *k, int64_t thread)
{
	struct search_at *at = &k->op->at;

	at->misses = thread == at->missed ? at->misses + 1 : 1;
	at->missed = thread;
	if (at->misses < MISSES || at->nwithout == array_len(at->without))
		return;
	at->without[at->nwithout++] = thread;
	at->misses = 0;
	k->narrowed = true;
}

int scope_match(struct look *k, const struct shard *s, bool *any)
{
	int r = has_musts(k, s, any);

	k->narrowed = false;
	if (r != 0 || !*any)
		return r;
	buf_reset(&k->match);
	buf_addf(&k->match, "{name body} : (%s)", k->op->query.match);
	if (k->thread)
		buf_addf(&k->match, " AND thread : \"%lld\"", (long long)k->thread);
	if (k->tagged)
		*any = add_spans(k, s);
	for (size_t i = 0; i < k->op->at.nwithout; i++)
		buf_addf(&k->match, " NOT thread : \"%lld\"", (long long)k->op->at.without[i]);
	return k->match.failed ? -ENOMEM : 0;
}
