/*
 * A hit, shown. A row of the index is a hint only: whose the turn is, and what it says, is read from
 * the conversations, and what the index has of turns that are gone or read otherwise now is passed over.
 */
#include <string.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "daemon/store/library_in.h"
#include "daemon/store/rows.h"
#include "daemon/store/search_in.h"
#include "daemon/store/search_look.h"

#define SNIPPET_BEFORE 60 /* bytes of text before the first mark, and all of it */
#define SNIPPET_BYTES 220

/* ---- snippets ---- */

struct view {
	const struct search_query *q;
	const char *text;
	size_t n;
	size_t from, to; /* of the snippet; to 0: nothing found yet */
	struct said *out;
	size_t at[array_len(((struct said *)0)->marks)][2];
	size_t nat;
};

static bool is_wanted(const struct search_query *q, const char *term, size_t n)
{
	for (size_t i = 0; i < q->n; i++)
		if ((q->terms[i].n == n || (q->terms[i].prefix && q->terms[i].n < n)) &&
			!memcmp(q->terms[i].text, term, q->terms[i].n))
			return true;
	return false;
}

static int on_word(void *ctx, bool colocated, const char *term, size_t n, size_t start, size_t end)
{
	struct view *v = ctx;

	(void)colocated;
	if (v->to && start >= v->to)
		return 1;
	if (!is_wanted(v->q, term, n))
		return 0;
	if (!v->to) {
		v->from = start > SNIPPET_BEFORE ? utf8_floor(v->text, v->n, start - SNIPPET_BEFORE) : 0;
		v->to = utf8_floor(v->text, v->n, min_of(v->n, max_of(v->from + SNIPPET_BYTES, end)));
	}
	if (end > v->to)
		return 0;
	/* Pairs of a run of CJK overlap: one mark. */
	if (v->nat && start <= v->at[v->nat - 1][1]) {
		v->at[v->nat - 1][1] = max_of(end, v->at[v->nat - 1][1]);
	} else if (v->nat < array_len(v->at)) {
		v->at[v->nat][0] = start;
		v->at[v->nat++][1] = end;
	}
	return 0;
}

/* The snippet begins and ends between words where it can. */
static void trim(struct view *v)
{
	size_t most = v->nat ? v->at[0][0] : v->from;

	if (v->from) {
		for (size_t i = v->from; i < most; i++)
			if (v->text[i] == ' ' || v->text[i] == '\n') {
				v->from = i + 1;
				break;
			}
	}
	for (size_t i = v->to; v->to < v->n && i > v->at[v->nat - 1][1]; i--)
		if (v->text[i] == ' ' || v->text[i] == '\n') {
			v->to = i;
			break;
		}
}

static void copy_out(struct view *v)
{
	struct said *out = v->out;

	out->snippet_len = v->to - v->from;
	out->snippet = mem_ndup(v->text + v->from, out->snippet_len);
	for (size_t i = 0; i < out->snippet_len; i++)
		if ((unsigned char)out->snippet[i] < ' ')
			out->snippet[i] = ' ';
	for (size_t i = 0; i < v->nat; i++)
		out->marks[out->nmarks++] = (struct said_mark){ .from = (uint32_t)(v->at[i][0] - v->from),
			.len = (uint32_t)(v->at[i][1] - v->at[i][0]) };
}

/* False: none of the words is there. */
static bool show(const struct search_query *q, const char *text, size_t n, struct said *out)
{
	struct view v = { .q = q, .text = text, .n = n, .out = out };

	if (tokenizer_each_said(text, n, &v, on_word) < 0 || !v.nat)
		return false;
	trim(&v);
	copy_out(&v);
	return true;
}

/* ---- one hit ---- */

static int turn_of(struct look *k, int64_t base, id_str turn, int64_t *thread)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, k->db, k->db->said, k->why, "SELECT id, thread FROM turn WHERE account = ?1 AND base = ?2",
		db_int(k->account), db_int(base));

	turn[0] = '\0';
	if (r == 0)
		r = db_step(stmt, &row, k->why);
	if (r == 0 && row)
		db_col_id(stmt, 0, turn);
	*thread = r == 0 && row ? db_col_int(stmt, 1) : 0;
	db_release(stmt);
	return r;
}

/* The piece that was found, or else the name; *shown false: it is not so any more. */
static void show_turn(struct look *k, const struct turn_row *t, unsigned piece, struct said *out, bool *shown)
{
	bool answer = piece >= PIECE_ANSWER;
	const char *text = answer ? t->text : t->question;
	size_t from, to;

	out->part = answer ? SAID_ANSWER : SAID_QUESTION;
	*shown = text && said_piece(text, answer ? t->text_len : t->question_len, answer ? piece - PIECE_ANSWER : piece, &from, &to) &&
		 show(&k->op->query, text + from, to - from, out);
	if (*shown || piece)
		return;
	out->part = SAID_NAME;
	*shown = show(&k->op->query, t->thread_name, strlen(t->thread_name), out);
}

/* Whose it is, and whether it is among those that are looked for: before its texts are read. */
static int is_meant(struct look *k, const char *turn, int64_t no, bool *meant)
{
	sqlite3_stmt *stmt;
	id_str thread = "";
	int r = db_query(&stmt, k->db, k->db->chat, k->why,
		"SELECT t.thread FROM ragchat_turn t JOIN ragchat_thread h ON h.id = t.thread WHERE t.id = ?1 AND t.account = ?2 AND h.account = ?2",
		db_text(turn), db_text(k->op->account.id));

	if (r == 0)
		r = db_step(stmt, meant, k->why);
	if (r == 0 && *meant)
		db_col_id(stmt, 0, thread);
	db_release(stmt);
	if (r != 0 || !*meant || !k->tag_each)
		return r;
	r = tags_have(k->db, k->op->account.id, k->op->tag, thread, meant, k->why);
	if (r == 0 && !*meant)
		scope_missed(k, no);
	return r;
}

int search_meant(struct look *k, int64_t base, bool *meant)
{
	int64_t thread;
	id_str turn;
	int r = turn_of(k, base, turn, &thread);

	*meant = false;
	return r == 0 && turn[0] ? is_meant(k, turn, thread, meant) : r;
}

static void add_row(struct look *k, struct said *said, struct turn_row *t)
{
	struct op_search *op = k->op;

	memcpy(said->turn, t->id, sizeof(said->turn));
	memcpy(said->thread, t->thread, sizeof(said->thread));
	said->seq = t->seq;
	said->created_us = t->created_us;
	said->name = t->thread_name;
	t->thread_name = NULL;
	op->rows = mem_grow(op->rows, &op->at.cap, op->n, sizeof(*op->rows));
	op->rows[op->n++] = *said;
}

int search_add_hit(struct look *k, const struct found *hit)
{
	uint64_t piece = hit->piece >= PIECE_ANSWER ? hit->piece - PIECE_ANSWER : hit->piece;
	const struct turn_want want = { .max_question = hit->piece >= PIECE_ANSWER ? 0 : (piece + 1) * SAID_BYTES + 4,
		.max_text = hit->piece >= PIECE_ANSWER ? (piece + 1) * SAID_BYTES + 4 : 0 };
	struct said said = { .score = hit->score };
	struct turn_row t = { .found = -1 };
	bool shown = false;
	int64_t thread;
	id_str turn;
	int r = turn_of(k, hit->base, turn, &thread);

	if (r == 0 && turn[0])
		r = is_meant(k, turn, thread, &shown);
	if (r != 0 || !shown)
		return r;
	r = turn_load(k->db, turn, &want, &t, k->why);
	if (r == STORE_E_NOT_FOUND) {
		*k->why = mem_free(*k->why);
		return 0;
	}
	if (r == 0)
		show_turn(k, &t, hit->piece, &said, &shown);
	if (r == 0 && shown)
		add_row(k, &said, &t);
	turn_row_fini(&t);
	return r;
}
