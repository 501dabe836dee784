/*
 * One thread taken over: rows of ours for its questions, and what its history still holds put back.
 */
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/sha256.h"
#include "common/str.h"
#include "daemon/store/adopt_in.h"
#include "daemon/store/change.h"
#include "daemon/store/rows.h"
#include "daemon/store/steps.h"

/* The thread while its turns are written. */
struct taking {
	struct db *db;
	const struct foreign *f;
	struct adoption *a;
	struct steps *s;
	char **why;
	bool fresh;             /* it had no row of ours before */
	int64_t seq, turns, updated;
	id_str last;
};

static bool fits_id(const char *id)
{
	return id && *id && strlen(id) <= ID_LEN;
}

/* The row of ours, made where there is none. */
static int open_thread(struct taking *t)
{
	char *tags = tags_normal(t->f->tags);
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_run(t->db, t->db->chat, t->why,
		"INSERT OR IGNORE INTO ragchat_thread(id, account, created, updated, origin, tags) "
		"VALUES(?1, ?2, ?3, ?3, 'chainlit', ?4)",
		db_text(t->f->id), db_text(t->f->account), db_int(t->f->created_us), db_text(tags));

	t->fresh = r == 0 && sqlite3_changes(t->db->chat) > 0;
	if (t->fresh && tags)
		r = tags_index(t->db, t->f->account, t->f->id, tags, t->why);
	mem_free(tags);
	if (r != 0)
		return r;
	r = db_query(&stmt, t->db, t->db->chat, t->why,
		"SELECT last_seq, turns, updated, last_turn FROM ragchat_thread WHERE id = ?1",
		db_text(t->f->id));
	if (r == 0)
		r = db_step(stmt, &row, t->why);
	if (r == 0 && row) {
		t->seq = db_col_int(stmt, 0);
		t->turns = db_col_int(stmt, 1);
		t->updated = db_col_int(stmt, 2);
		db_col_id(stmt, 3, t->last);
	}
	db_release(stmt);
	return r;
}

/* Turns whose question and answer Chainlit has deleted since. */
static int drop_deleted(struct taking *t)
{
	int r;

	if (t->fresh)
		return 0;
	r = db_run(t->db, t->db->chat, t->why,
		"DELETE FROM ragchat_turn WHERE thread = ?1 AND state >= 4 "
		"AND NOT EXISTS (SELECT 1 FROM steps WHERE id = user_step) "
		"AND NOT EXISTS (SELECT 1 FROM steps WHERE id = answer_step)",
		db_text(t->f->id));
	if (r != 0 || !sqlite3_changes(t->db->chat))
		return r;
	r = db_run(t->db, t->db->chat, t->why,
		"UPDATE ragchat_thread SET turns = (SELECT count(*) FROM ragchat_turn WHERE "
		"thread = ?1), last_turn = (SELECT id FROM ragchat_turn WHERE thread = ?1 ORDER "
		"BY seq DESC LIMIT 1) WHERE id = ?1",
		db_text(t->f->id));
	return r ? r : open_thread(t);
}

static void mark_taken(struct steps *s, sqlite3_stmt *stmt)
{
	int user = steps_find(s, db_col_text(stmt, 1)), run = steps_find(s, db_col_text(stmt, 2));
	int answer = steps_find(s, db_col_text(stmt, 3));

	if (run >= 0)
		s->v[run].taken = true;
	if (answer >= 0)
		s->v[answer].taken = true;
	if (user < 0)
		return;
	s->v[user].taken = true;
	db_col_id(stmt, 0, s->v[user].turn);
	db_col_id(stmt, 4, s->v[user].before);
}

static int mark_known(struct taking *t)
{
	struct steps *s = t->s;
	sqlite3_stmt *stmt;
	bool row = true;
	int r = db_query(&stmt, t->db, t->db->chat, t->why,
		"SELECT id, user_step, run_step, answer_step, parent FROM ragchat_turn WHERE "
		"thread = ?1 ORDER BY seq DESC",
		db_text(t->f->id));

	while (r == 0 && (r = db_step(stmt, &row, t->why)) == 0 && row)
		mark_taken(s, stmt);
	db_release(stmt);
	for (size_t i = 0; i < s->npairs; i++) {
		struct pair *p = &s->pairs[i];

		p->known = (p->run >= 0 && s->v[p->run].taken) ||
			   (p->answer >= 0 && s->v[p->answer].taken) ||
			   (p->run < 0 && p->user >= 0 && s->v[p->user].taken);
	}
	return r;
}

/* ---- one turn ---- */

struct taken_turn {
	id_str id, user, run, answer, parent, of;
	const char *text;
	size_t text_len;
	enum turn_state state;
	enum turn_error error;
	const char *error_text;
	int64_t us, ended_us;
};

static void set_id(id_str to, const struct steps *s, int at)
{
	snprintf(to, sizeof(id_str), "%s", at >= 0 && fits_id(s->v[at].id) ? s->v[at].id : "");
}

/*
 * The question's row was lost; its text is in the run or in the history. It gets the id the run
 * names.
 */
static int put_question(struct taking *t, const struct pair *p, struct taken_turn *turn)
{
	const struct step *run = p->run >= 0 ? &t->s->v[p->run] : NULL;
	const char *text = run && run->text_len ? run->text : p->found_question;

	if (p->user >= 0 || !text)
		return 0;
	if (run && fits_id(run->parent))
		snprintf(turn->user, sizeof(turn->user), "%s", run->parent);
	else
		uuid_v4(turn->user);
	t->a->questions++;
	return step_insert_user(t->db, turn->user, t->f->id, t->f->identifier, text, strlen(text),
		p->us - 1, t->why);
}

static int put_answer(struct taking *t, const struct pair *p, struct taken_turn *turn)
{
	int r;

	if (!p->found_answer)
		return 0;
	turn->text = p->found_answer;
	turn->text_len = strlen(turn->text);
	t->a->answers++;
	if (p->answer >= 0)
		return db_run(t->db, t->db->chat, t->why,
			"UPDATE steps SET output = ?2 WHERE id = ?1 AND COALESCE(output, '') = ''",
			db_text(t->s->v[p->answer].id), db_textn(turn->text, turn->text_len));
	uuid_v4(turn->answer);
	r = step_insert_answer(t->db, turn->answer, t->f->id, turn->run[0] ? turn->run : NULL,
		turn->text, turn->text_len, (p->run >= 0 ? t->s->v[p->run].us : p->us) + 1, t->why);
	return r;
}

static void judge(const struct steps *s, const struct pair *p, struct taken_turn *turn)
{
	const struct step *run = p->run >= 0 ? &s->v[p->run] : NULL;

	turn->state = TURN_DONE;
	if (p->stopped) {
		turn->state = TURN_CANCELLED;
	} else if (!turn->text_len && run && run->error) {
		turn->state = TURN_FAILED;
		turn->error = TURN_ERROR_UPSTREAM;
		turn->error_text =
			run->output && *run->output ? run->output : "it failed in Chainlit";
	} else if (!turn->text_len) {
		turn->state = TURN_INTERRUPTED;
		turn->error = TURN_ERROR_INTERRUPTED;
		turn->error_text = "its answer was lost in Chainlit";
	}
	turn->ended_us = run && run->end_us > turn->us ? run->end_us : turn->us;
	if (p->answer >= 0)
		turn->ended_us = max_of(turn->ended_us, s->v[p->answer].us);
}

/* A question asked again stands beside its first turn, not behind it. */
static void place_in_branch(struct taking *t, const struct pair *p, struct taken_turn *turn)
{
	const struct step *user = p->user >= 0 ? &t->s->v[p->user] : NULL;

	if (user && user->turn[0]) {
		memcpy(turn->of, user->turn, sizeof(turn->of));
		memcpy(turn->parent, user->before, sizeof(turn->parent));
	} else {
		memcpy(turn->parent, t->last, sizeof(turn->parent));
	}
}

static struct db_value id_or_null(const char *id)
{
	return id[0] ? db_text(id) : db_null();
}

static int write_turn(struct taking *t, const struct taken_turn *turn)
{
	char sha256[SHA256_HEX + 1] = "";
	struct sha256 h;

	if (turn->text_len) {
		sha256_init(&h);
		sha256_add(&h, turn->text, turn->text_len);
		sha256_end_hex(&h, sha256);
	}
	return db_run(t->db, t->db->chat, t->why,
		"INSERT OR IGNORE INTO ragchat_turn(id, thread, account, seq, state, parent, of, "
		"user_step, run_step, answer_step, created, ended, length, sha256, origin, "
		"error, error_text) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
		"?13, ?14, 'chainlit', ?15, ?16)",
		db_text(turn->id), db_text(t->f->id), db_text(t->f->account), db_int(t->seq + 1),
		db_int(turn->state), id_or_null(turn->parent), id_or_null(turn->of),
		id_or_null(turn->user), id_or_null(turn->run), id_or_null(turn->answer),
		db_int(turn->us), db_int(turn->ended_us), db_int((int64_t)turn->text_len),
		id_or_null(sha256), turn->error ? db_text(turn_error_name(turn->error)) : db_null(),
		db_text(turn->error_text));
}

static void note_turn(struct taking *t, const struct pair *p, const struct taken_turn *turn)
{
	struct step *user = p->user >= 0 ? &t->s->v[p->user] : NULL;

	if (user && !user->turn[0]) {
		memcpy(user->turn, turn->id, sizeof(user->turn));
		memcpy(user->before, turn->parent, sizeof(user->before));
	}
	memcpy(t->last, turn->id, sizeof(t->last));
	t->seq++;
	t->turns++;
	t->a->turns++;
}

static int take_pair(struct taking *t, const struct pair *p)
{
	struct taken_turn turn = { .us = p->us };
	int r;

	set_id(turn.user, t->s, p->user);
	set_id(turn.run, t->s, p->run);
	set_id(turn.answer, t->s, p->answer);
	snprintf(turn.id, sizeof(turn.id), "%s", turn.run[0] ? turn.run : turn.user);
	if (!turn.id[0])
		uuid_v4(turn.id);
	if (p->answer >= 0) {
		turn.text = t->s->v[p->answer].text;
		turn.text_len = t->s->v[p->answer].text_len;
	}
	place_in_branch(t, p, &turn);
	r = put_question(t, p, &turn);
	if (r == 0)
		r = put_answer(t, p, &turn);
	judge(t->s, p, &turn);
	if (r == 0)
		r = write_turn(t, &turn);
	/* An id that two threads have stays with the first. */
	if (r == 0 && sqlite3_changes(t->db->chat))
		note_turn(t, p, &turn);
	return r;
}

/* ---- the thread ---- */

static int close_thread(struct taking *t)
{
	int64_t created = t->s->n ? t->s->v[0].us : t->f->created_us;

	for (size_t i = 0; i < t->s->n; i++)
		t->updated = max_of(t->updated, max_of(t->s->v[i].us, t->s->v[i].end_us));
	/*
	 * Stamps are ordered as text: "...:02Z" stands behind "...:02.000001Z". The next goes past
	 * its second.
	 */
	if (t->updated % 1000 == 0)
		t->updated += 999999 - t->updated % 1000000;
	return db_run(t->db, t->db->chat, t->why,
		"UPDATE ragchat_thread SET turns = ?2, last_seq = ?3, last_turn = ?4, updated = "
		"?5, created = CASE WHEN ?6 THEN ?7 ELSE created END WHERE id = ?1",
		db_text(t->f->id), db_int(t->turns), db_int(t->seq), id_or_null(t->last),
		db_int(t->updated), db_int(t->fresh), db_int(created));
}

int adopt_thread(struct db *db, const struct foreign *f, struct adoption *a, char **why)
{
	struct steps s = { .n = 0 };
	struct taking t = { .db = db, .f = f, .a = a, .s = &s, .why = why };
	int r = steps_load(db, f->id, f->created_us, &s, why);

	if (r == 0) {
		steps_pair(&s);
		r = open_thread(&t);
	}
	if (r == 0)
		r = drop_deleted(&t);
	if (r == 0)
		r = mark_known(&t);
	if (r == 0) {
		if (t.fresh && s.n)
			t.updated = s.v[0].us; /* threads.createdAt is local time with a false Z */
		a->threads += t.fresh;
		history_match(&s, f->metadata, f->metadata_len);
	}
	for (size_t i = 0; r == 0 && i < s.npairs; i++)
		if (!s.pairs[i].known)
			r = take_pair(&t, &s.pairs[i]);
	if (r == 0)
		r = close_thread(&t);
	if (r == 0) /* a Chainlit may have changed any of it */
		r = change_add(db, f->account, f->id, NULL, why);
	steps_fini(&s);
	return r;
}
