/*
 * What the tests of the store share: a folder, a store in it, jobs run to their end, and a look
 * into the file.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "common/buf.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/sha256.h"
#include "common/str.h"
#include "daemon/store/db.h"
#include "daemon/store/migrate.h"
#include "daemon/store/documents.h"
#include "daemon/store/turns.h"
#include "tests/unit/test.h"

struct world {
	char dir[256];
	char path[320];
	uv_loop_t loop;
	struct store *store;
	char *why;
	int r;
	struct account who;
	int64_t index_passages;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

/* Words between blanks: these tests look for none. */
static inline int split_blanks(const char *text, size_t n, uint32_t *language, void *ctx, words_emit_fn emit)
{
	size_t at = 0;
	int r = 0;

	if (language)
		*language = 1;
	while (r == 0 && at < n) {
		size_t from = at;

		while (at < n && text[at] != ' ')
			at++;
		if (at > from)
			r = emit(ctx, false, text + from, at - from, from, at);
		at++;
	}
	return r;
}

/* A private folder with no database in it yet. */
static inline void world_make(struct world *w)
{
	const char *tmp = getenv("TMPDIR");
	static bool told; /* a second world must not change what the first one's threads use */

	*w = (struct world){ .r = 0 };
	snprintf(w->dir, sizeof(w->dir), "%s/ragchat-store-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(w->dir))
		abort();
	snprintf(w->path, sizeof(w->path), "%s/chat_history.db", w->dir);
	uv_loop_init(&w->loop);
	if (!told)
		store_set_words(split_blanks);
	told = true;
}

static inline int world_open_as(struct world *w, bool create, const char *socket)
{
	struct store_config config = { .path = w->path, .create = create, .socket = socket,
		.index_passages = w->index_passages };

	w->why = mem_free(w->why);
	w->r = store_open(&w->store, &w->loop, &config, &w->why);
	return w->r;
}

static inline int world_open(struct world *w)
{
	return world_open_as(w, true, NULL);
}

static inline void world_close(struct world *w)
{
	store_close(w->store);
	w->store = NULL;
	uv_run(&w->loop, UV_RUN_DEFAULT);
}

static inline void world_end(struct world *w)
{
	world_close(w);
	if (uv_loop_close(&w->loop) != 0)
		abort();
	mem_free(w->why);
	mem_free(w->who.name);
	nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void job_arrived(struct job *j)
{
	*(int *)j->ctx = 1;
}

/* Submits and waits for the end. */
static inline int world_run(struct world *w, enum store_lane lane, struct job *j)
{
	int arrived = 0;
	int r;

	j->ctx = &arrived;
	j->done = job_arrived;
	r = store_submit(w->store, lane, j);
	if (r != 0)
		return r;
	while (!arrived)
		uv_run(&w->loop, UV_RUN_ONCE);
	return j->r;
}

static inline struct account account_copy(const struct account *from)
{
	struct account to = *from;

	to.name = mem_dup(from->name);
	return to;
}

static inline int world_account(struct world *w, const char *name)
{
	struct op_account *op = op_account_new();
	int r;

	op->fallback = mem_dup(name);
	r = world_run(w, STORE_WRITER, &op->job);
	mem_free(w->who.name);
	w->who = op->account;
	op->account.name = NULL;
	op_account_free(op);
	return r;
}

static inline struct op_turn_begin *ask_new(const struct world *w, const char *text)
{
	struct op_turn_begin *op = op_turn_begin_new();

	op->account = account_copy(&w->who);
	op->text = mem_dup(text);
	op->text_len = text ? strlen(text) : 0;
	return op;
}

/* A question in a thread by name (NULL: a new one); the ids of turn and thread in `turn`. */
static inline int ask(struct world *w, const char *thread, const char *text, struct turn_row *turn)
{
	struct op_turn_begin *op = ask_new(w, text);
	int r;

	op->thread_ref = mem_dup(thread);
	op->create = true;
	r = world_run(w, STORE_WRITER, &op->job);
	turn_row_fini(turn);
	*turn = op->turn;
	op->turn = (struct turn_row){ .found = -1 };
	op_turn_begin_free(op);
	return r;
}

static inline int append(struct world *w, const char *turn, uint64_t off, const char *text)
{
	struct op_turn_append *op = op_turn_append_new(turn, off, text, strlen(text));
	int r = world_run(w, STORE_WRITER, &op->job);

	op_turn_append_free(op);
	return r;
}

static inline int finish(struct world *w, const char *turn, enum turn_state state, const char *text)
{
	struct op_turn_finish *op = op_turn_finish_new();
	int r;

	snprintf(op->turn.id, sizeof(op->turn.id), "%s", turn);
	op->turn.state = state;
	op->turn.text = mem_dup(text);
	op->turn.text_len = strlen(text);
	r = world_run(w, STORE_WRITER, &op->job);
	op_turn_finish_free(op);
	return r;
}

/* A connection of our own to look with (or to break things with, while no store is open). */
static inline sqlite3 *peek(const char *path)
{
	sqlite3 *conn = NULL;

	if (sqlite3_open_v2(path, &conn, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
		SQLITE_OK)
		abort();
	sqlite3_busy_timeout(conn, 5000);
	return conn;
}

static inline void sql_run(const char *path, const char *sql)
{
	sqlite3 *conn = peek(path);
	char *error = NULL;

	if (sqlite3_exec(conn, sql, NULL, NULL, &error) != SQLITE_OK) {
		fprintf(stderr, "%s: %s\n", error, sql);
		abort();
	}
	sqlite3_close(conn);
}

/* The first column of the first row as text in a static ring; "" for NULL, "none" for no row. */
static inline const char *sql_text(const char *path, const char *sql)
{
	static char ring[8][4096];
	static unsigned at;
	sqlite3 *conn = peek(path);
	sqlite3_stmt *stmt = NULL;
	char *out = ring[at++ % 8];
	int rc = sqlite3_prepare_v2(conn, sql, -1, &stmt, NULL);

	if (rc != SQLITE_OK) {
		fprintf(stderr, "%s: %s\n", sqlite3_errmsg(conn), sql);
		abort();
	}
	rc = sqlite3_step(stmt);
	snprintf(out, sizeof(ring[0]), "%s", rc != SQLITE_ROW ? "none"
		: sqlite3_column_text(stmt, 0) ? (const char *)sqlite3_column_text(stmt, 0) : "");
	sqlite3_finalize(stmt);
	sqlite3_close(conn);
	return out;
}

static inline long long sql_int(const char *path, const char *sql)
{
	return atoll(sql_text(path, sql));
}

/* SHA-256 of a file, to show that nothing in it changed. */
static inline void file_digest(const char *path, char hex[SHA256_HEX + 1])
{
	struct sha256 h;
	char bytes[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	sha256_init(&h);
	while (fd >= 0 && (n = read(fd, bytes, sizeof(bytes))) > 0)
		sha256_add(&h, bytes, (size_t)n);
	if (fd >= 0)
		close(fd);
	sha256_end_hex(&h, hex);
}
