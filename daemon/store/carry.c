/* Three steps for each batch: read from the library, write to the conversations, delete from the library. */
#define LOG_TAG "store"
#include "daemon/store/carry.h"

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "daemon/store/events.h"
#include "daemon/store/rows.h"

#define BATCH 64

struct batch {
	struct job job;
	struct carrier *carrier;
	size_t n;
	struct out_row {
		id_str id, account, document;
		char *kind, *name;
	} rows[BATCH];
	struct buf ids; /* as a JSON array, for SQL */
};

int carry_prepare(sqlite3 *lib, char **why)
{
	return db_script(lib,
		"CREATE TABLE IF NOT EXISTS event_out (n INTEGER PRIMARY KEY, id TEXT NOT NULL, account TEXT NOT NULL, "
		"kind TEXT NOT NULL, document TEXT NOT NULL, name TEXT)",
		why);
}

int carry_add(struct db *db, const char *account, const char *kind, const char *document, const char *name, char **why)
{
	id_str id;

	uuid_v4(id);
	db->outbox = true;
	return db_run(db, db->lib, why, "INSERT INTO event_out(id, account, kind, document, name) VALUES(?1, ?2, ?3, ?4, ?5)",
		db_text(id), db_text(account), db_text(kind), db_text(document), db_text(name));
}

static void *batch_free(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		mem_free(b->rows[i].kind);
		mem_free(b->rows[i].name);
	}
	buf_fini(&b->ids);
	job_fini(&b->job);
	return mem_free(b);
}

/* ---- the steps, on their threads ---- */

static int read_run(struct db *db, struct job *j)
{
	struct batch *b = container_of(j, struct batch, job);
	struct json_out w;
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->lib, &j->why, "SELECT id, account, document, kind, name FROM event_out ORDER BY n LIMIT ?1", db_int(BATCH));

	json_out_init(&w, &b->ids);
	json_out_array(&w);
	while (r == 0 && b->n < BATCH && (r = db_step(stmt, &row, &j->why)) == 0 && row) {
		struct out_row *o = &b->rows[b->n++];

		db_col_id(stmt, 0, o->id);
		db_col_id(stmt, 1, o->account);
		db_col_id(stmt, 2, o->document);
		o->kind = text_column(stmt, 3);
		o->name = text_column(stmt, 4);
		json_out_str(&w, o->id);
	}
	json_out_array_end(&w);
	db_release(stmt);
	return r;
}

/* Once, whatever happened to this step or the next one before. */
static int write_one(struct db *db, const struct out_row *o, char **why)
{
	struct event_row e = { .kind = o->kind, .name = o->name };
	int r = db_run(db, db->chat, why, "INSERT OR IGNORE INTO ragchat_carried(id) SELECT ?1 WHERE EXISTS (SELECT 1 FROM users u LEFT JOIN ragchat_account a ON a.id = u.id "
		"WHERE u.id = ?2 AND a.removed IS NULL)",
		db_text(o->id), db_text(o->account));

	memcpy(e.id, o->document, sizeof(e.id));
	return r != 0 || !sqlite3_changes(db->chat) ? r : event_add(db, o->account, &e, why);
}

static int write_run(struct db *db, struct job *j)
{
	struct batch *b = container_of(j, struct batch, job);
	int r = db_run(db, db->chat, &j->why, "DELETE FROM ragchat_carried WHERE id NOT IN (SELECT value FROM json_each(?1))",
		db_text(buf_cstr(&b->ids)));

	for (size_t i = 0; r == 0 && i < b->n; i++)
		r = write_one(db, &b->rows[i], &j->why);
	return r;
}

static int delete_run(struct db *db, struct job *j)
{
	struct batch *b = container_of(j, struct batch, job);

	return db_run(db, db->lib, &j->why, "DELETE FROM event_out WHERE id IN (SELECT value FROM json_each(?1))", db_text(buf_cstr(&b->ids)));
}

/* ---- between them, on the loop ---- */

static void end(struct batch *b)
{
	struct carrier *c = b->carrier;

	c->running = false;
	if (b->job.r != 0) {
		if (!c->told)
			log_warn("events of documents wait: %s", b->job.why ? b->job.why : "the database failed");
		c->told = true;
		store_later(c->store, &c->later);
	} else {
		c->told = false;
		c->wanted |= b->n == BATCH;
	}
	batch_free(b);
	if (c->wanted)
		carry_go(c);
}

static void step(struct batch *b, enum store_lane lane, int (*run)(struct db *, struct job *), void (*done)(struct job *))
{
	b->job.run = run;
	b->job.done = done;
	b->job.shares = lane == STORE_LIBRARY; /* documents that come in go on in the same transaction */
	if (store_submit(b->carrier->store, lane, &b->job) != 0) { /* busy, or at its end: another time */
		b->carrier->running = false;
		store_later(b->carrier->store, &b->carrier->later);
		batch_free(b);
	}
}

static void on_deleted(struct job *j)
{
	end(container_of(j, struct batch, job));
}

static void on_written(struct job *j)
{
	struct batch *b = container_of(j, struct batch, job);

	if (j->r != 0)
		end(b);
	else
		step(b, STORE_LIBRARY, delete_run, on_deleted);
}

static void on_read(struct job *j)
{
	struct batch *b = container_of(j, struct batch, job);

	if (j->r != 0 || !b->n)
		end(b);
	else
		step(b, STORE_WRITER, write_run, on_written);
}

void carry_go(struct carrier *c)
{
	struct batch *b;

	c->wanted = true;
	if (c->running)
		return;
	c->wanted = false;
	c->running = true;
	b = mem_new(sizeof(*b));
	b->carrier = c;
	step(b, STORE_KEYED, read_run, on_read);
}

static void on_later(struct store_later *l)
{
	carry_go(container_of(l, struct carrier, later));
}

void carry_init(struct carrier *c, struct store *store)
{
	*c = (struct carrier){ .store = store, .later.fn = on_later };
}
