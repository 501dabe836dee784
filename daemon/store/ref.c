/* REFs resolved. */
#include "daemon/store/ref.h"

#include <ctype.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "daemon/store/rows.h"

#define PREFIX_MIN 4
#define BACK_MAX 100000 /* "@-N": what is further back is found by name or id */

/* What is asked about and where the answer goes. */
struct query {
	struct db *db;
	const struct account *who;
	const char *ref;
	struct candidates *c;
	char **why;
};

/* "@-N" and "last" as how many to skip from the end; -1: no such word. */
static int64_t word_offset(const char *ref)
{
	int64_t n;

	if (!strcmp(ref, "last"))
		return 0;
	if (strncmp(ref, "@-", 2) != 0 || !isdigit((unsigned char)ref[2]) ||
		str_int(ref + 2, 1, BACK_MAX, &n) != 0)
		return -1;
	return n - 1;
}

bool ref_is_word(const char *ref)
{
	return word_offset(ref) >= 0;
}

static int not_found(const struct query *q, const char *what)
{
	return db_fail(
		q->why, STORE_E_NOT_FOUND, "no %s '%s'", what, log_text(q->ref, strlen(q->ref)));
}

/* Rows of (id, name) from a prepared statement: none, one, or several. Releases it. */
static int only_one(const struct query *q, sqlite3_stmt *stmt, int r, id_str id)
{
	bool row = false;
	const char *name;

	candidates_fini(q->c);
	while (r == 0) {
		r = db_step(stmt, &row, q->why);
		if (r != 0 || !row)
			break;
		db_col_id(stmt, 0, id);
		name = db_col_text(stmt, 1);
		candidate_add(q->c, id, name, name ? db_col_bytes(stmt, 1) : 0);
	}
	db_release(stmt);
	if (r != 0)
		return r;
	if (q->c->n > 1)
		return db_fail(q->why, STORE_E_AMBIGUOUS, "'%s' fits several: give more of the id",
			log_text(q->ref, strlen(q->ref)));
	r = q->c->n ? 0 : STORE_E_NOT_FOUND;
	candidates_fini(q->c);
	return r;
}

#define FROM_THREADS "FROM ragchat_thread t JOIN threads h ON h.id = t.id AND " SQL_ALIVE
#define FROM_TURNS "FROM ragchat_turn t JOIN threads h ON h.id = t.thread AND " SQL_ALIVE

static int thread_by_id(const struct query *q, id_str id)
{
	sqlite3_stmt *stmt;
	int r = db_query(&stmt, q->db, q->db->chat, q->why,
		"SELECT t.id, h.name " FROM_THREADS "WHERE t.id = ?1 AND t.account = ?2",
		db_text(q->ref), db_text(q->who->id));

	return only_one(q, stmt, r, id);
}

static int thread_by_name(const struct query *q, id_str id)
{
	char *name = name_first_line(q->ref, strlen(q->ref), NAME_SHOWN);
	sqlite3_stmt *stmt;
	int r = db_query(&stmt, q->db, q->db->chat, q->why,
		"SELECT t.id, n.name FROM threads n JOIN ragchat_thread t ON t.id = n.id "
		"WHERE n.\"userId\" = ?1 AND t.account = ?1 AND " SQL_NAME " = ?2 LIMIT 11",
		db_text(q->who->id), db_text(name));

	r = only_one(q, stmt, r, id);
	mem_free(name);
	return r;
}

static int thread_by_word(const struct query *q, id_str id)
{
	sqlite3_stmt *stmt;
	int r = db_query(&stmt, q->db, q->db->chat, q->why,
		"SELECT t.id, h.name " FROM_THREADS
		"WHERE t.account = ?1 ORDER BY t.updated DESC, t.id DESC LIMIT 1 OFFSET ?2",
		db_text(q->who->id), db_int(word_offset(q->ref)));

	return only_one(q, stmt, r, id);
}

/* The bounds of all ids that begin with the prefix; false when it is none. */
static bool prefix_bounds(const char *ref, id_str from, id_str to)
{
	size_t n = strlen(ref), digits = 0;

	if (n > ID_LEN)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)ref[i]) && ref[i] != '-')
			return false;
		digits += ref[i] != '-';
		from[i] = to[i] = (char)tolower((unsigned char)ref[i]);
	}
	if (digits < PREFIX_MIN)
		return false;
	from[n] = to[n] = '\0';
	to[n - 1]++; /* no id holds the character after 'f', '9' or '-' in that place */
	return true;
}

/* "+account": the range of ids is the narrower way in, which the planner cannot know. */
static int thread_by_prefix(const struct query *q, id_str id)
{
	sqlite3_stmt *stmt;
	id_str from, to;
	int r;

	if (!prefix_bounds(q->ref, from, to))
		return STORE_E_NOT_FOUND;
	r = db_query(&stmt, q->db, q->db->chat, q->why,
		"SELECT t.id, h.name " FROM_THREADS
		"WHERE t.id >= ?1 AND t.id < ?2 AND +t.account = ?3 LIMIT 11",
		db_text(from), db_text(to), db_text(q->who->id));
	return only_one(q, stmt, r, id);
}

static int turn_by_id(const struct query *q, id_str id)
{
	sqlite3_stmt *stmt;
	int r = db_query(&stmt, q->db, q->db->chat, q->why,
		"SELECT t.id, h.name " FROM_TURNS "WHERE t.id = ?1 AND t.account = ?2",
		db_text(q->ref), db_text(q->who->id));

	return only_one(q, stmt, r, id);
}

static int turn_by_word(const struct query *q, id_str id)
{
	sqlite3_stmt *stmt;
	int r = db_query(&stmt, q->db, q->db->chat, q->why,
		"SELECT t.id, h.name " FROM_TURNS
		"WHERE t.account = ?1 ORDER BY t.created DESC, t.id DESC LIMIT 1 OFFSET ?2",
		db_text(q->who->id), db_int(word_offset(q->ref)));

	return only_one(q, stmt, r, id);
}

static int turn_newest_of(const struct query *q, const char *thread, int64_t skip, id_str id)
{
	sqlite3_stmt *stmt;
	int r = db_query(&stmt, q->db, q->db->chat, q->why,
		"SELECT id, NULL FROM ragchat_turn WHERE thread = ?1 ORDER BY seq DESC LIMIT 1 "
		"OFFSET ?2",
		db_text(thread), db_int(skip));

	r = only_one(q, stmt, r, id);
	return r == STORE_E_NOT_FOUND ? db_fail(q->why, r, "the thread has no such turn") : r;
}

/* Turns and threads whose id begins so; a thread stands for its newest turn. */
static int turn_by_prefix(const struct query *q, id_str id)
{
	sqlite3_stmt *stmt;
	id_str from, to;
	int r;

	if (!prefix_bounds(q->ref, from, to))
		return STORE_E_NOT_FOUND;
	r = db_query(&stmt, q->db, q->db->chat, q->why,
		"SELECT t.id, h.name " FROM_TURNS
		"WHERE t.id >= ?1 AND t.id < ?2 AND +t.account = ?3 "
		"UNION SELECT t.last_turn, h.name " FROM_THREADS
		"WHERE t.id >= ?1 AND t.id < ?2 AND +t.account = ?3 AND t.last_turn IS NOT NULL "
		"LIMIT 11",
		db_text(from), db_text(to), db_text(q->who->id));
	return only_one(q, stmt, r, id);
}

/* The part behind the colon, within a thread. */
static int turn_in_thread(const struct query *q, const char *thread, const char *part, id_str id)
{
	sqlite3_stmt *stmt;
	id_str from, to;
	int64_t seq;
	int r;

	if (ref_is_word(part))
		return turn_newest_of(q, thread, word_offset(part), id);
	if (str_int(part, 1, INT64_MAX, &seq) == 0) {
		r = db_query(&stmt, q->db, q->db->chat, q->why,
			"SELECT id, NULL FROM ragchat_turn WHERE thread = ?1 AND seq = ?2",
			db_text(thread), db_int(seq));
		r = only_one(q, stmt, r, id);
		if (r != STORE_E_NOT_FOUND)
			return r;
	}
	if (!prefix_bounds(part, from, to))
		return STORE_E_NOT_FOUND;
	r = db_query(&stmt, q->db, q->db->chat, q->why,
		"SELECT t.id, h.name " FROM_TURNS
		"WHERE t.id >= ?1 AND t.id < ?2 AND +t.thread = ?3 LIMIT 11",
		db_text(from), db_text(to), db_text(thread));
	return only_one(q, stmt, r, id);
}

/* Id, then name; no prefix yet, since a name that is there was meant. */
static int thread_exactly(const struct query *q, id_str id)
{
	int r = thread_by_id(q, id);

	return r == STORE_E_NOT_FOUND ? thread_by_name(q, id) : r;
}

/* "THREAD:TURN": splits at the last colon. */
static int turn_by_path(const struct query *q, id_str id)
{
	const char *colon = strrchr(q->ref, ':');
	struct query left = *q;
	id_str thread;
	char *name;
	int r;

	if (!colon || colon == q->ref || !colon[1])
		return STORE_E_NOT_FOUND;
	name = mem_ndup(q->ref, (size_t)(colon - q->ref));
	left.ref = name;
	if (ref_is_word(name))
		r = thread_by_word(&left, thread);
	else
		r = thread_exactly(&left, thread);
	if (r == STORE_E_NOT_FOUND)
		r = thread_by_prefix(&left, thread);
	mem_free(name);
	return r ? r : turn_in_thread(q, thread, colon + 1, id);
}

static int thread_of_turn(const struct query *q, const char *turn, id_str id)
{
	sqlite3_stmt *stmt;
	int r = db_query(&stmt, q->db, q->db->chat, q->why,
		"SELECT thread, NULL FROM ragchat_turn WHERE id = ?1", db_text(turn));

	return only_one(q, stmt, r, id);
}

/* ---- what others share ---- */

static int shared_thread(const struct query *q, bool by_name, id_str id)
{
	char *name = by_name ? name_first_line(q->ref, strlen(q->ref), NAME_SHOWN) : NULL;
	id_str from = "~", to = "~"; /* no id */
	sqlite3_stmt *stmt;
	int r;

	(void)prefix_bounds(q->ref, from, to);
	r = db_query(&stmt, q->db, q->db->chat, q->why,
		"SELECT t.id, h.name FROM " SQL_SHARED
		"JOIN ragchat_thread t ON t.id = s.thread AND t.account <> ?1 "
		"JOIN threads h ON h.id = t.id AND " SQL_ALIVE
		"WHERE t.id = ?2 OR (t.id >= ?3 AND t.id < ?4) OR " SQL_NAME " = ?5 LIMIT 11",
		db_text(q->who->id), db_text(q->ref), db_text(from), db_text(to), db_text(name));
	r = only_one(q, stmt, r, id);
	mem_free(name);
	return r;
}

static int shared_turn(const struct query *q, id_str id)
{
	id_str from = "~", to = "~";
	sqlite3_stmt *stmt;
	int r;

	(void)prefix_bounds(q->ref, from, to);
	r = db_query(&stmt, q->db, q->db->chat, q->why,
		"SELECT t.id, h.name FROM " SQL_SHARED
		"JOIN ragchat_turn t ON t.thread = s.thread AND t.account <> ?1 "
		"JOIN threads h ON h.id = t.thread AND " SQL_ALIVE
		"WHERE t.id = ?2 OR (t.id >= ?3 AND t.id < ?4) LIMIT 11",
		db_text(q->who->id), db_text(q->ref), db_text(from), db_text(to));
	return only_one(q, stmt, r, id);
}

static int shared_path(const struct query *q, id_str id)
{
	const char *colon = strrchr(q->ref, ':');
	struct query left = *q;
	id_str thread;
	char *name;
	int r;

	if (!colon || colon == q->ref || !colon[1])
		return STORE_E_NOT_FOUND;
	name = mem_ndup(q->ref, (size_t)(colon - q->ref));
	left.ref = name;
	r = shared_thread(&left, true, thread);
	mem_free(name);
	return r ? r : turn_in_thread(q, thread, colon + 1, id);
}

static int shared_turn_of(const struct query *q, id_str id)
{
	id_str thread;
	int r = shared_turn(q, id);

	if (r == STORE_E_NOT_FOUND && (r = shared_thread(q, true, thread)) == 0)
		return turn_newest_of(q, thread, 0, id);
	return r == STORE_E_NOT_FOUND ? shared_path(q, id) : r;
}

/* It is there and may be read: who wanted more is told so. */
static int only_shared(const struct query *q)
{
	mem_free(*q->why);
	*q->why = NULL;
	return db_fail(q->why, STORE_E_SHARED, "'%s' is shared with you, to be read only",
		log_text(q->ref, strlen(q->ref)));
}

/* ---- the whole ---- */

static int own_thread(const struct query *q, enum ref_scope scope, id_str id)
{
	id_str turn;
	int r;

	if (ref_is_word(q->ref))
		return thread_by_word(q, id);
	r = thread_exactly(q, id);
	if (r == STORE_E_NOT_FOUND)
		r = thread_by_prefix(q, id);
	if (r == STORE_E_NOT_FOUND && scope == REF_ANY) {
		r = turn_by_id(q, turn);
		if (r == STORE_E_NOT_FOUND)
			r = turn_by_path(q, turn);
		if (r == STORE_E_NOT_FOUND)
			r = turn_by_prefix(q, turn);
		if (r == 0)
			r = thread_of_turn(q, turn, id);
	}
	return r;
}

int ref_thread(struct db *db, const struct account *who, const char *ref, enum ref_scope scope,
	enum ref_access access, id_str id, struct candidates *c, char **why)
{
	struct query q = { .db = db, .who = who, .ref = ref, .c = c, .why = why };
	int r = own_thread(&q, scope, id);
	id_str turn;

	/* A name that is to be made is one's own, whatever others call theirs; an id is meant. */
	if (r == STORE_E_NOT_FOUND && !ref_is_word(ref)) {
		r = shared_thread(&q, scope == REF_ANY, id);
		if (r == STORE_E_NOT_FOUND && scope == REF_ANY &&
			(r = shared_turn_of(&q, turn)) == 0)
			r = thread_of_turn(&q, turn, id);
		if (r == 0 && access == REF_OWN)
			return only_shared(&q);
	}
	return r == STORE_E_NOT_FOUND ? not_found(&q, "thread") : r;
}

static int own_turn(const struct query *q, id_str id)
{
	id_str thread;
	int r;

	if (ref_is_word(q->ref))
		return turn_by_word(q, id);
	r = turn_by_id(q, id);
	if (r == STORE_E_NOT_FOUND) {
		r = thread_exactly(q, thread);
		if (r == 0)
			return turn_newest_of(q, thread, 0, id);
	}
	if (r == STORE_E_NOT_FOUND)
		r = turn_by_path(q, id);
	if (r == STORE_E_NOT_FOUND)
		r = turn_by_prefix(q, id);
	return r;
}

int ref_turn(struct db *db, const struct account *who, const char *ref, enum ref_access access,
	id_str id, bool *shared, struct candidates *c, char **why)
{
	struct query q = { .db = db, .who = who, .ref = ref, .c = c, .why = why };
	int r = own_turn(&q, id);

	if (shared)
		*shared = false;
	if (r == STORE_E_NOT_FOUND && !ref_is_word(ref) && (r = shared_turn_of(&q, id)) == 0) {
		if (access == REF_OWN)
			return only_shared(&q);
		if (shared)
			*shared = true;
	}
	if (r == STORE_E_NOT_FOUND)
		return not_found(&q, ref_is_word(ref) ? "turn" : "turn or thread");
	return r;
}
