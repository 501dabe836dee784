/*
 * From rows of the database to the structs of turns.h. Whatever a Chainlit or a hand has written
 * comes out as clean UTF-8 without NUL.
 */
#pragma once

#include "common/buf.h"
#include "daemon/store/db.h"
#include "daemon/store/turns.h"

/*
 * Clean copy of at most `max` bytes, cut on a code point boundary; *n may be NULL. NULL gives "".
 */
char *text_copy(const char *s, size_t len, uint64_t max, size_t *n);
/* The column as such a copy; NULL stays NULL. */
char *text_column(sqlite3_stmt *s, int i);

/*
 * A thread's name as people see and type it: its first line that is not blank, at most `max` code
 * points.
 */
char *name_first_line(const char *s, size_t n, size_t max);
#define NAME_SHOWN 200 /* the same number stands in schema.sql */
#define NAME_MADE 80   /* of a name made from a question */
int names_register(sqlite3 *chat); /* ragchat_within, for thread_filter.c */
#define NAME_NONE "untitled"
/* The SQL for it over column `name`; it must read as in the index ragchat_threads_name. */
#define SQL_NAME                                                                                   \
	"rtrim(substr(substr(ltrim(name, char(9,10,13,32)), 1, "                                   \
	"instr(ltrim(name, char(9,10,13,32)) || char(10), char(10)) - 1), 1, 200), char(9,13,32))"

/*
 * A thread deleted in a Chainlit comes back as a row without owner when its tab is closed: not ours
 * to show.
 */
#define SQL_ALIVE "COALESCE(h.\"userId\", h.\"userIdentifier\") IS NOT NULL "

/*
 * Tags as a JSON array of strings, from JSON or from what Postgres writes ("{a,b}"); NULL when
 * there are none.
 */
char *tags_normal(const char *s);
/* Whether the account has put this tag on the thread. */
int tags_have(struct db *db, const char *account, const char *tag, const char *thread, bool *have, char **why);

/* What to read of a turn besides its own row. */
struct turn_want {
	uint64_t max_question, max_text; /* max_text 0: neither text nor reasoning */
	bool sources, rating;
};
/*
 * "SELECT ... " + SQL_TURN_FROM + conditions. ?1 is db_int(want.max_text > 0); conditions begin at
 * ?2. `t` is ragchat_turn, `h` its thread in threads.
 */
#define SQL_TURN                                                                                   \
	"SELECT t.id, t.thread, t.parent, t.of, t.user_step, t.answer_step, t.seq, t.state, "      \
	"t.created, t.ended, t.length, t.sha256, t.finish_reason, t.model, t.origin, t.error, "    \
	"t.error_text, t.found, t.coverage, t.usage, t.notices, t.meta, t.sources, "               \
	"CASE WHEN ?1 THEN t.reasoning END, h.name, COALESCE((SELECT u.output FROM steps u WHERE " \
	"u.id = t.user_step), (SELECT r.input FROM steps r WHERE r.id = t.run_step), ''), "        \
	"t.marks "                                                                                 \
	"FROM ragchat_turn t JOIN threads h ON h.id = t.thread AND " SQL_ALIVE
/* The current row of such a statement; reads text and sources with statements of its own. */
int turn_from_row(struct db *db, sqlite3_stmt *stmt, const struct turn_want *want,
	struct turn_row *out, char **why);
/* One turn by id, whoever's: STORE_E_NOT_FOUND when there is none. */
int turn_load(struct db *db, const char *id, const struct turn_want *want, struct turn_row *out,
	char **why);

int rating_load(struct db *db, struct turn_row *t, char **why); /* rating.c */

/* turn_end.c: the end of a turn from its row's id, state, text, and all that the answer brought. */
int turn_finish(struct db *db, const struct turn_row *t, char **why);

#define SQL_THREAD                                                                                 \
	"SELECT t.id, t.created, t.updated, t.turns, t.origin, h.name, t.tags, t.last_turn, "                  \
	"(SELECT v.state FROM ragchat_turn v WHERE v.id = t.last_turn) "                                               \
	"FROM ragchat_thread t JOIN threads h ON h.id = t.id AND " SQL_ALIVE
void thread_from_row(sqlite3_stmt *stmt, struct thread_row *out);
int thread_load(struct db *db, const char *id, struct thread_row *out, char **why);
int thread_owner(struct db *db, const struct account *who, struct thread_row *t, char **why); /* fills owner */

/*
 * Places in a list kept in order of (a number, an id); opaque outside. A bad one is
 * STORE_E_NOT_FOUND.
 */
char *cursor_make(int64_t at, const char *id);
int cursor_read(const char *cursor, int64_t *at, id_str id, char **why);

void candidate_add(struct candidates *c, const char *id, const char *name, size_t len);

/* sources.c: one source as the JSON object in elements.props, and back. */
void source_to_json(const struct source *s, struct buf *out);
int source_from_json(const char *json, size_t n, struct source *s); /* -EBADMSG: none of ours */
/* All sources of an answer. */
int sources_store(struct db *db, const char *turn, const char *thread, const char *answer_step,
	const struct source_list *list, char **why);
void sources_from_json(const char *json, struct source_list *out); /* an array; what is none of ours is passed over */
/* sets `stale` of those whose document is not there any more as it was; of the turn's own account. */
int sources_age(struct db *db, const char *turn, struct source_list *list, char **why);
int sources_load(struct db *db, const char *thread, const char *answer_step, const char *json,
	struct source_list *out, char **why);
