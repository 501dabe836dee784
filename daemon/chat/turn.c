/* One answer while it is made: its state, its text, its events, its checkpoints. Its end: turn_end.c. */
#include "daemon/chat/turn.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LOG_TAG "turn"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/utf8.h"
#include "daemon/chat/chat.h"

#define EVENTS_MAX 4096        /* a backend that sends nothing but status lines stays bounded */

#define MAY(s) (1u << TURN_##s)
static const unsigned moves[] = {
	[TURN_QUEUED] = MAY(RETRIEVING) | MAY(STREAMING) | MAY(FINISHING),
	[TURN_RETRIEVING] = MAY(STREAMING) | MAY(FINISHING),
	[TURN_STREAMING] = MAY(FINISHING),
	[TURN_FINISHING] = MAY(DONE) | MAY(FAILED) | MAY(CANCELLED) | MAY(INTERRUPTED),
	[TURN_DONE] = 0,
	[TURN_FAILED] = 0,
	[TURN_CANCELLED] = 0,
	[TURN_INTERRUPTED] = 0,
};

void turn_move(struct turn *t, enum turn_state to)
{
	if (t->row.state == to)
		return;
	assert(moves[t->row.state] & 1u << to);
	log_debug("%.8s: %s -> %s", t->row.id, turn_state_name(t->row.state), turn_state_name(to));
	t->row.state = to;
	if (to == TURN_RETRIEVING)
		t->times.started = clock_wall_us();
	if (to == TURN_STREAMING)
		t->times.asked = clock_wall_us();
}

void ask_options_fini(struct ask_options *o)
{
	mem_free(o->system);
	mem_free(o->model);
	mem_free(o->options);
	mem_free(o->collection);
	for (size_t i = 0; i < o->ndocuments; i++)
		mem_free(o->documents[i]);
	mem_free(o->documents);
	mem_free(o->retrieval);
	*o = (struct ask_options){ 0 };
}

struct turn *turn_new(struct chat *chat, const struct account *account)
{
	struct turn *t = mem_new(sizeof(*t));

	t->chat = chat;
	t->account = *account;
	t->account.name = mem_dup(account->name);
	t->row.coverage = -1;
	t->row.found = -1;
	list_init(&t->subs);
	sha256_init(&t->sha);
	buf_init(&t->text, 0);
	buf_init(&t->reasoning, 0);
	t->handle = idmap_add(&chat->turns, t);
	return t;
}

static void event_fini(struct event *e)
{
	mem_free(e->name);
	mem_free(e->text);
	source_fini(&e->source);
}

void *turn_free(struct turn *t)
{
	if (!t)
		return NULL;
	assert(list_empty(&t->subs));
	idmap_remove(&t->chat->turns, t->handle);
	list_remove(&t->link);
	list_remove(&t->dirty);
	list_remove(&t->unsaved);
	for (size_t i = 0; i < t->nevents; i++)
		event_fini(&t->events[i]);
	mem_free(t->events);
	for (size_t i = 0; i < t->ncontext; i++) {
		mem_free(t->context[i].question);
		mem_free(t->context[i].answer);
	}
	mem_free(t->context);
	mem_free(t->metadata);
	mem_free(t->passages);
	mem_free(t->account.name);
	ask_options_fini(&t->ask);
	turn_row_fini(&t->row);
	source_list_fini(&t->read);
	buf_fini(&t->text);
	buf_fini(&t->reasoning);
	mem_free(t);
	return NULL;
}

size_t turn_length(const struct turn *t)
{
	return t->text.len;
}

const char *turn_sha256(const struct turn *t)
{
	return t->row.sha256;
}

void turn_touch(struct turn *t)
{
	if (!list_empty(&t->subs) && !list_linked(&t->dirty))
		list_push_back(&t->chat->dirty, &t->dirty);
}

/* ---- events ---- */

void turn_event(struct turn *t, struct event e)
{
	if (t->nevents >= EVENTS_MAX) {
		t->events_dropped++;
		event_fini(&e);
		return;
	}
	e.off = t->text.len;
	e.roff = t->reasoning.len;
	t->events = mem_grow(t->events, &t->events_cap, t->nevents, sizeof(*t->events));
	t->events[t->nevents++] = e;
	turn_touch(t);
}

static char *words(const char *fmt, va_list ap)
{
	struct buf b;

	buf_init(&b, 4096);
	if (buf_vaddf(&b, fmt, ap) < 0) {
		buf_reset(&b);
		buf_add_str(&b, "(too long to say)");
	}
	return buf_steal(&b, NULL);
}

struct event event_of(enum event_kind kind)
{
	struct event e = { .kind = kind };

	source_init(&e.source);
	return e;
}

void turn_notice(struct turn *t, const char *name, const char *fmt, ...)
{
	struct event e = event_of(EVENT_NOTICE);
	va_list ap;

	va_start(ap, fmt);
	e.text = words(fmt, ap);
	va_end(ap);
	e.name = mem_dup(name);
	log_debug("%.8s: notice %s", t->row.id, name);
	turn_event(t, e);
}

void turn_status(struct turn *t, const char *fmt, ...)
{
	struct event e = event_of(EVENT_STATUS);
	va_list ap;

	va_start(ap, fmt);
	e.text = words(fmt, ap);
	va_end(ap);
	turn_event(t, e);
}

void turn_words(struct turn *t, const char *lines)
{
	struct event e = event_of(EVENT_WORDS);

	e.text = mem_dup(lines);
	turn_event(t, e);
}

/* ---- text ---- */

/* There are bytes that the store has not been given: the tick looks after them. */
static void mark_unsaved(struct turn *t)
{
	if (!t->oldest_us)
		t->oldest_us = clock_mono_us();
	if (!list_linked(&t->unsaved)) {
		list_push_back(&t->chat->unsaved, &t->unsaved);
		chat_want_tick(t->chat);
	}
}

static void note_unsaved(struct turn *t)
{
	if (t->ask.unsaved)
		return;
	mark_unsaved(t);
	if (t->text.len - t->submitted >= (size_t)t->chat->config->checkpoint_bytes)
		turn_checkpoint(t);
}

void turn_on_text(struct turn *t, const char *s, size_t n)
{
	size_t max = (size_t)t->chat->config->max_answer;
	bool cut = n > max - min_of(t->text.len, max);

	if (turn_state_ended(t->row.state) || t->row.state == TURN_FINISHING)
		return;
	if (cut)
		n = utf8_floor(s, n, max - min_of(t->text.len, max));
	if (n && buf_add(&t->text, s, n) < 0) {
		turn_fail(t, TURN_ERROR_TOO_LARGE, "out of memory for the answer; what came is kept");
		return;
	}
	if (n) {
		if (!t->times.first)
			t->times.first = clock_wall_us();
		sha256_add(&t->sha, s, n);
		note_unsaved(t);
		turn_touch(t);
	}
	if (cut) {
		char why[120];

		snprintf(why, sizeof(why), "the answer passed max_answer (%zu bytes); what came is kept", max);
		turn_fail(t, TURN_ERROR_TOO_LARGE, why);
	}
}

void turn_on_reasoning(struct turn *t, const char *s, size_t n)
{
	size_t max = (size_t)t->chat->config->max_answer;

	if (turn_state_ended(t->row.state) || n > max - min_of(t->reasoning.len, max))
		return; /* reasoning past the bound is dropped: the answer matters */
	if (buf_add(&t->reasoning, s, n) == 0)
		turn_touch(t);
}

/* ---- checkpoints ---- */

static void on_appended(struct job *j)
{
	struct op_turn_append *op = container_of(j, struct op_turn_append, job);
	struct chat *c = j->ctx;
	struct turn *t = idmap_get(&c->turns, j->owner);

	if (t) {
		t->append_flying = false;
		if (j->r == 0)
			t->saved = max_of(t->saved, op->off + op->len);
		else {
			log_warn("%.8s: checkpoint failed: %s", op->turn, j->why ? j->why : "?");
			t->submitted = t->saved; /* the same bytes go with the next one */
			if (t->row.state == TURN_STREAMING)
				mark_unsaved(t);
		}
		if (t->row.state == TURN_STREAMING && j->r == 0 &&
			t->text.len - t->submitted >= (size_t)c->config->checkpoint_bytes)
			turn_checkpoint(t);
	}
	op_turn_append_free(op);
}

/* Hand the new bytes to the store. One append of a turn is under way at a time: a slow disk makes rows larger, not more. */
void turn_checkpoint(struct turn *t)
{
	struct op_turn_append *op;

	if (t->append_flying || t->ask.unsaved || t->submitted == t->text.len)
		return;
	op = op_turn_append_new(t->row.id, t->submitted, (const char *)t->text.data + t->submitted, t->text.len - t->submitted);
	if (!op)
		return; /* no memory now: the tick tries again */
	op->job.run = op_turn_append_run;
	op->job.done = on_appended;
	op->job.ctx = t->chat;
	op->job.owner = t->handle;
	if (store_submit(t->chat->store, STORE_WRITER, &op->job) != 0) {
		op_turn_append_free(op);
		return;
	}
	t->append_flying = true;
	t->submitted = t->text.len;
	t->oldest_us = 0;
	list_remove(&t->unsaved);
}
