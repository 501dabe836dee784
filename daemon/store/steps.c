/* Rows as Chainlit's data layer would have written them. */
#include "daemon/store/steps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/json.h"
#include "daemon/store/columns.h"

/* {"ragchat": {"tags": [...]}}; `tags` is JSON that was checked when it came. */
static void metadata_of(const char *tags, struct buf *out)
{
	struct json_out w;

	json_out_init(&w, out);
	w.python_style = w.ascii = true;
	json_out_object(&w);
	if (tags) {
		json_out_key(&w, "ragchat");
		json_out_object(&w);
		json_out_key(&w, "tags");
		json_out_raw(&w, tags, strlen(tags));
		json_out_object_end(&w);
	}
	json_out_object_end(&w);
}

int thread_insert(struct db *db, const char *id, const struct account *who, const char *name,
	const char *tags, int64_t us, char **why)
{
	char stamp[CLOCK_ISO_LEN + 1];
	struct buf metadata;
	int r;

	buf_init(&metadata, 0);
	metadata_of(tags, &metadata);
	clock_iso(us, stamp);
	const struct cell cells[] = {
		{ "id", db_text(id) },
		{ "createdAt", db_text(stamp) },
		{ "name", db_text(name) },
		{ "userId", db_text(who->id) },
		{ "userIdentifier", db_text(who->name) },
		{ "metadata", db_text(buf_cstr(&metadata)) },
	};
	r = metadata.failed ? -ENOMEM : db_insert(db, TABLE_THREADS, cells, array_len(cells), why);
	buf_fini(&metadata);
	return r;
}

/* A message of either side: one stamp for all three times, the text in output. */
static int insert_message(struct db *db, const char *type, const char *name, const char *id,
	const char *thread, const char *parent, struct db_value text, int64_t us, char **why)
{
	char stamp[CLOCK_ISO_LEN + 1];

	clock_iso(us, stamp);
	const struct cell cells[] = {
		{ "id", db_text(id) },
		{ "name", db_text(name) },
		{ "type", db_text(type) },
		{ "threadId", db_text(thread) },
		{ "parentId", db_text(parent) },
		{ "disableFeedback", db_int(0) },
		{ "streaming", db_int(0) },
		{ "waitForAnswer", db_int(0) },
		{ "isError", db_int(0) },
		{ "metadata", db_text("{}") },
		{ "output", text },
		{ "createdAt", db_text(stamp) },
		{ "start", db_text(stamp) },
		{ "end", db_text(stamp) },
		{ "generation", db_text("{}") },
	};
	return db_insert(db, TABLE_STEPS, cells, array_len(cells), why);
}

int step_insert_user(struct db *db, const char *id, const char *thread, const char *author,
	const char *text, size_t n, int64_t us, char **why)
{
	return insert_message(
		db, "user_message", author, id, thread, NULL, db_textn(text, n), us, why);
}

int step_insert_answer(struct db *db, const char *id, const char *thread, const char *parent,
	const char *text, size_t n, int64_t us, char **why)
{
	return insert_message(db, "assistant_message", "Assistant", id, thread, parent,
		db_textn(text, n), us, why);
}

int step_insert_run(struct db *db, const char *id, const char *thread, const char *parent,
	const char *text, size_t n, int64_t us, char **why)
{
	char stamp[CLOCK_ISO_LEN + 1];

	clock_iso(us, stamp);
	const struct cell cells[] = {
		{ "id", db_text(id) },
		{ "name", db_text("on_message") },
		{ "type", db_text("run") },
		{ "threadId", db_text(thread) },
		{ "parentId", db_text(parent) },
		{ "disableFeedback", db_int(0) },
		{ "streaming", db_int(0) },
		{ "isError", db_int(0) },
		{ "metadata", db_text("{}") },
		{ "input", db_textn(text, n) },
		{ "output", db_text("") },
		{ "createdAt", db_text(stamp) },
		{ "start", db_text(stamp) },
		{ "generation", db_text("null") },
		{ "showInput", db_text("json") },
		{ "defaultOpen", db_int(0) },
		{ "autoCollapse", db_int(0) },
	};
	return db_insert(db, TABLE_STEPS, cells, array_len(cells), why);
}

int step_end_run(
	struct db *db, const char *run, bool failed, const char *error, int64_t us, char **why)
{
	bool has_end = columns_has(db->columns, TABLE_STEPS, "end");
	bool has_error = columns_has(db->columns, TABLE_STEPS, "isError");
	char stamp[CLOCK_ISO_LEN + 1], sql[128];

	clock_iso(us, stamp);
	const struct db_value values[] = { db_text(run), db_text(error ? error : ""),
		db_text(stamp), db_int(failed) };
	snprintf(sql, sizeof(sql), "UPDATE steps SET output = ?2%s%s WHERE id = ?1",
		has_end ? ", \"end\" = ?3" : "", has_error ? ", \"isError\" = ?4" : "");
	return db_run_values(db, db->chat, why, sql, values, has_error ? 4 : has_end ? 3 : 2);
}

int step_set_output(struct db *db, const char *id, const char *text, size_t n, char **why)
{
	return db_run(db, db->chat, why, "UPDATE steps SET output = ?2 WHERE id = ?1", db_text(id),
		db_textn(n ? text : "", n));
}
