/* Idempotency keys and terminals. */
#include "daemon/store/keys.h"

#include <string.h>

#include "common/str.h"
#include "daemon/store/rows.h"

#define KEY_LIFE_US ((int64_t)24 * 3600 * 1000000)
#define TERMINAL_LIFE_US ((int64_t)90 * 24 * 3600 * 1000000)

/* With its length, so that no two fields run into each other; absent is not empty. */
static void add_field(struct sha256 *h, const char *p, size_t n)
{
	uint64_t mark = p ? n : UINT64_MAX;

	sha256_add(h, &mark, sizeof(mark));
	if (p)
		sha256_add(h, p, n);
}

static void add_string(struct sha256 *h, const char *s)
{
	add_field(h, s, s ? strlen(s) : 0);
}

void key_digest(const struct op_turn_begin *op, uint8_t digest[SHA256_LEN])
{
	struct sha256 h;
	uint8_t follow = op->follow;

	sha256_init(&h);
	add_field(&h, op->text, op->text_len);
	add_string(&h, op->thread_ref);
	add_string(&h, op->of[0] ? op->of : NULL);
	add_string(&h, op->title);
	sha256_add(&h, &follow, 1);
	sha256_end(&h, digest);
}

static bool same_digest(sqlite3_stmt *stmt, const struct op_turn_begin *op)
{
	const void *kept = sqlite3_column_blob(stmt, 1);
	uint8_t digest[SHA256_LEN];

	key_digest(op, digest);
	return kept && db_col_bytes(stmt, 1) == SHA256_LEN &&
	       str_equal_ct(kept, digest, SHA256_LEN);
}

int key_find(struct db *db, const struct op_turn_begin *op, int64_t now_us, id_str turn, char **why)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, why,
		"SELECT k.turn, k.digest FROM ragchat_key k JOIN ragchat_turn t ON t.id = k.turn "
		"WHERE k.account = ?1 AND k.key = ?2 AND k.created > ?3",
		db_text(op->account.id), db_text(op->key), db_int(now_us - KEY_LIFE_US));

	turn[0] = '\0';
	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row) {
		db_col_id(stmt, 0, turn);
		if (!same_digest(stmt, op))
			r = db_fail(why, STORE_E_CONFLICT,
				"the key was used for another question: use a new one");
	}
	db_release(stmt);
	return r;
}

int key_keep(
	struct db *db, const struct op_turn_begin *op, const char *turn, int64_t now_us, char **why)
{
	uint8_t digest[SHA256_LEN];
	int r;

	key_digest(op, digest);
	r = db_run(db, db->chat, why,
		"DELETE FROM ragchat_key WHERE (account, key) IN (SELECT account, key FROM "
		"ragchat_key WHERE created <= ?1 ORDER BY created LIMIT 16)",
		db_int(now_us - KEY_LIFE_US));
	if (r != 0)
		return r;
	return db_run(db, db->chat, why,
		"INSERT OR REPLACE INTO ragchat_key(account, key, digest, turn, created) "
		"VALUES(?1, ?2, ?3, ?4, ?5)",
		db_text(op->account.id), db_text(op->key), db_blob(digest, sizeof(digest)),
		db_text(turn), db_int(now_us));
}

static int first_thread(sqlite3_stmt *stmt, int r, id_str thread, char **why)
{
	bool row = false;

	thread[0] = '\0';
	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row)
		db_col_id(stmt, 0, thread);
	db_release(stmt);
	return r;
}

#define FROM_TERMINALS                                                                             \
	"SELECT x.thread FROM ragchat_terminal x JOIN ragchat_thread t ON t.id = x.thread "        \
	"AND t.account = x.account JOIN threads h ON h.id = x.thread AND " SQL_ALIVE

int terminal_thread(
	struct db *db, const struct account *who, const char *terminal, id_str thread, char **why)
{
	sqlite3_stmt *stmt;
	int r = 0;

	thread[0] = '\0';
	if (terminal) {
		r = db_query(&stmt, db, db->chat, why,
			FROM_TERMINALS "WHERE x.account = ?1 AND x.terminal = ?2", db_text(who->id),
			db_text(terminal));
		r = first_thread(stmt, r, thread, why);
	}
	if (r != 0 || thread[0])
		return r;
	r = db_query(&stmt, db, db->chat, why,
		FROM_TERMINALS "WHERE x.account = ?1 ORDER BY x.at DESC LIMIT 1", db_text(who->id));
	return first_thread(stmt, r, thread, why);
}

int terminal_keep(struct db *db, const struct account *who, const char *terminal,
	const char *thread, int64_t now_us, char **why)
{
	int r = db_run(db, db->chat, why,
		"DELETE FROM ragchat_terminal WHERE (account, terminal) IN (SELECT account, "
		"terminal FROM ragchat_terminal WHERE account = ?1 AND at <= ?2 ORDER BY at "
		"LIMIT 16)",
		db_text(who->id), db_int(now_us - TERMINAL_LIFE_US));

	if (r != 0)
		return r;
	return db_run(db, db->chat, why,
		"INSERT OR REPLACE INTO ragchat_terminal(account, terminal, thread, at) "
		"VALUES(?1, ?2, ?3, ?4)",
		db_text(who->id), db_text(terminal), db_text(thread), db_int(now_us));
}
