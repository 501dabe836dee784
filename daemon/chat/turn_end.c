/* The end of an answer: what is kept with it, and its last word to the store. */
#include <stdio.h>
#include <string.h>

#define LOG_TAG "turn"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/chat/chat.h"

static char *notices_json(const struct turn *t)
{
	struct json_out w;
	struct buf b;
	bool any = false;

	buf_init(&b, 1u << 20);
	json_out_init(&w, &b);
	json_out_array(&w);
	for (size_t i = 0; i < t->nevents; i++) {
		const struct event *e = &t->events[i];

		if (e->kind != EVENT_NOTICE)
			continue;
		any = true;
		json_out_object(&w);
		json_out_key(&w, "name");
		json_out_str(&w, e->name);
		json_out_key(&w, "text");
		json_out_str(&w, e->text);
		json_out_object_end(&w);
	}
	json_out_array_end(&w);
	if (!any || b.failed) {
		buf_fini(&b);
		return NULL;
	}
	return buf_steal(&b, NULL);
}

static void settle(struct turn *t, enum turn_state state)
{
	turn_move(t, state);
	log_info("%.8s: %s, %zu bytes in %.1f s%s%s", t->row.id, turn_state_name(state), t->text.len,
		(double)(t->row.ended_us - t->row.created_us) / 1e6, t->row.error ? ", " : "",
		t->row.error ? turn_error_name(t->row.error) : "");
	turn_touch(t);
	chat_ended(t); /* may free it when nobody listens */
}

static int finish_submit(struct turn *t, enum turn_state state);

static void on_finished(struct job *j)
{
	struct op_turn_finish *op = container_of(j, struct op_turn_finish, job);
	struct chat *c = j->ctx;
	struct turn *t = idmap_get(&c->turns, j->owner);
	enum turn_state state = op->turn.state;
	int r = j->r;

	if (t && r != 0) {
		log_error("%.8s: the end could not be written: %s", t->row.id, j->why ? j->why : "?");
		if (!t->finish_tries++)
			turn_notice(t, "not_saved", "the answer is not on disk yet: %s", j->why ? j->why : "the database failed");
	}
	op_turn_finish_free(op);
	if (!t)
		return;
	if (r == 0 || t->finish_tries > 3 || c->interrupting) {
		if (r != 0 && !t->row.error) {
			t->row.error = TURN_ERROR_STORE;
			t->row.error_text = mem_dup("the end of the answer could not be written to the database");
			state = TURN_FAILED;
		}
		if (r == 0)
			t->saved = t->text.len;
		settle(t, state);
		return;
	}
	if (finish_submit(t, state) != 0)
		settle(t, TURN_FAILED);
}

/* The whole answer goes to the writer as a deep copy, behind every append of it. */
static int finish_submit(struct turn *t, enum turn_state state)
{
	struct op_turn_finish *op = op_turn_finish_new();
	struct turn_row *row = &op->turn;

	memcpy(row->id, t->row.id, sizeof(row->id));
	memcpy(row->thread, t->row.thread, sizeof(row->thread));
	memcpy(row->user_step, t->row.user_step, sizeof(row->user_step));
	memcpy(row->answer_step, t->row.answer_step, sizeof(row->answer_step));
	memcpy(row->sha256, t->row.sha256, sizeof(row->sha256));
	row->state = state;
	row->length = row->text_len = t->text.len;
	row->text = mem_try_dup(t->text.data ? t->text.data : (const uint8_t *)"", t->text.len);
	row->reasoning = t->reasoning.len ? mem_try_dup(t->reasoning.data, t->reasoning.len) : NULL;
	row->finish_reason = mem_dup(t->row.finish_reason);
	row->model = mem_dup(t->row.model);
	row->created_us = t->row.created_us;
	row->ended_us = t->row.ended_us;
	row->usage = mem_dup(t->row.usage);
	row->notices = mem_dup(t->row.notices);
	row->meta = mem_dup(t->row.meta);
	row->marks = mem_dup(t->row.marks);
	row->error = t->row.error;
	row->error_text = mem_dup(t->row.error_text);
	row->found = t->row.found;
	row->coverage = t->row.coverage;
	source_list_copy(&row->sources, &t->row.sources);
	op->job.run = op_turn_finish_run;
	op->job.done = on_finished;
	op->job.ctx = t->chat;
	op->job.owner = t->handle;
	if (!row->text || store_submit(t->chat->store, STORE_WRITER, &op->job) != 0) {
		op_turn_finish_free(op);
		return -ENOMEM;
	}
	return 0;
}

/* The metadata block and the asker's options are kept with the turn, as one JSON object. */
static void keep_metadata(struct turn *t)
{
	struct json_out w;
	struct buf b;

	if (!t->metadata)
		return;
	buf_init(&b, 1u << 20);
	json_out_init(&w, &b);
	json_out_object(&w);
	json_out_key(&w, "metadata_block");
	json_out_string(&w, t->metadata, strlen(t->metadata));
	if (t->row.meta) {
		json_out_key(&w, "ask");
		json_out_raw(&w, t->row.meta, strlen(t->row.meta));
	}
	json_out_object_end(&w);
	if (!b.failed) {
		mem_free(t->row.meta);
		t->row.meta = buf_steal(&b, NULL);
	}
	buf_fini(&b);
}

static void add_time(struct json_out *w, const struct turn *t, const char *key, int64_t at)
{
	if (!at)
		return;
	json_out_key(w, key);
	json_out_int(w, max_of(at - t->row.created_us, (int64_t)0) / 1000);
}

/* When it did what, in ms from the question on, stands first in the same object: `ragchat log REF`. */
static void keep_times(struct turn *t)
{
	struct json_out w;
	struct buf b;

	buf_init(&b, 1u << 20);
	json_out_init(&w, &b);
	(void)buf_add_str(&b, "{\"times\":");
	json_out_object(&w);
	add_time(&w, t, "started_ms", t->times.started);
	add_time(&w, t, "asked_ms", t->times.asked);
	add_time(&w, t, "first_ms", t->times.first);
	json_out_key(&w, "events"); /* before those of its end: their numbers stay theirs when it is read back */
	json_out_int(&w, (int64_t)t->nevents);
	json_out_object_end(&w);
	if (t->row.meta && t->row.meta[0] == '{' && t->row.meta[1] != '}') {
		(void)buf_add_byte(&b, ',');
		(void)buf_add_str(&b, t->row.meta + 1);
	} else {
		(void)buf_add_byte(&b, '}');
	}
	if (!b.failed) {
		mem_free(t->row.meta);
		t->row.meta = buf_steal(&b, NULL);
	}
	buf_fini(&b);
}

void turn_end_events(struct turn *t)
{
	if (t->row.marks) {
		struct event e = event_of(EVENT_MARKS);

		e.text = mem_dup(t->row.marks);
		turn_event(t, e);
	}
	for (size_t i = 0; i < t->row.sources.n; i++) {
		struct event e = event_of(EVENT_CITATION);

		source_copy(&e.source, &t->row.sources.v[i]);
		turn_event(t, e);
	}
	if (t->row.usage) {
		struct event e = event_of(EVENT_USAGE);

		e.text = mem_dup(t->row.usage);
		turn_event(t, e);
	}
	if (t->row.error) {
		struct event e = event_of(EVENT_ERROR);

		e.name = mem_dup(turn_error_name(t->row.error));
		e.text = mem_dup(t->row.error_text);
		turn_event(t, e);
	}
}

void turn_end(struct turn *t, enum turn_state state)
{
	struct sha256 sha = t->sha;
	uint64_t transfer = t->upstream;

	if (turn_state_ended(t->row.state) || t->row.state == TURN_FINISHING)
		return;
	turn_move(t, TURN_FINISHING);
	t->upstream = 0;
	if (transfer)
		upstream_cancel(t->chat->upstream, transfer);
	sha256_end_hex(&sha, t->row.sha256);
	t->row.ended_us = clock_wall_us();
	keep_metadata(t);
	keep_times(t);
	answer_check(t, state == TURN_DONE);
	turn_end_events(t);
	t->row.notices = notices_json(t);
	t->oldest_us = 0;
	list_remove(&t->unsaved);
	if (t->ask.unsaved) {
		settle(t, state);
	} else if (finish_submit(t, state) != 0) {
		log_error("%.8s: no room to write the end of the answer", t->row.id);
		settle(t, TURN_FAILED);
	}
}

void turn_fail(struct turn *t, enum turn_error e, const char *text)
{
	if (turn_state_ended(t->row.state) || t->row.state == TURN_FINISHING)
		return;
	t->row.error = e;
	mem_free(t->row.error_text);
	t->row.error_text = mem_dup(text);
	turn_end(t, TURN_FAILED);
}
