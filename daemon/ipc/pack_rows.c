/* Rows of the store and live turns as maps of the wire; the stream notifications of a subscriber. */
#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/utf8.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/server.h"
#include "proto/limits.h"

#define QUESTION_BRIEF 200

void pack_stamp(struct pack *p, const char *key, int64_t us)
{
	char iso[CLOCK_ISO_LEN + 1];

	if (!us)
		return;
	clock_iso(us, iso);
	pack_kv_text(p, key, iso);
}

void pack_source(struct pack *p, const struct source *s)
{
	pack_map(p);
	pack_kv_int(p, "n", s->n);
	pack_kv_bool(p, "cited", s->cited);
	if (s->stale)
		pack_kv_bool(p, "stale", true);
	pack_kv_text_opt(p, "document", s->document);
	pack_kv_text_opt(p, "path", s->path);
	pack_kv_int_opt(p, "page", s->page);
	pack_kv_int_opt(p, "line", s->line);
	pack_kv_text_opt(p, "url", s->url);
	pack_kv_text_opt(p, "title", s->title);
	pack_kv_text_opt(p, "quote", s->quote);
	pack_kv_text_opt(p, "sha256", s->sha256);
	pack_kv_int_opt(p, "start", s->start);
	pack_kv_int_opt(p, "end", s->end);
	if (s->score >= 0)
		pack_kv_float(p, "score", s->score);
	if (s->support >= 0)
		pack_kv_float(p, "support", s->support);
	pack_close(p);
}

void pack_passage(struct pack *p, size_t rank, const struct source *s)
{
	pack_map(p);
	pack_kv_int(p, "rank", (int64_t)rank);
	pack_kv_text_opt(p, "document", s->document);
	pack_kv_text_opt(p, "path", s->path);
	pack_kv_int_opt(p, "page", s->page);
	pack_kv_int_opt(p, "line", s->line);
	pack_kv_text_opt(p, "title", s->title);
	pack_kv_int_opt(p, "start", s->start);
	pack_kv_int_opt(p, "end", s->end);
	pack_kv_float(p, "score", s->score);
	pack_kv_text_opt(p, "text", s->quote);
	pack_close(p);
}

/* As far as there is room for them: what is cut is said by their number being smaller than it could be. */
static void pack_read(struct pack *p, const struct turn *t)
{
	if (!t->ask.passages)
		return;
	pack_key(p, "passages");
	pack_array(p);
	for (size_t i = 0; i < t->read.n && !pack_half_full(p); i++)
		pack_passage(p, i + 1, &t->read.v[i]);
	pack_close(p);
}

/* Of what the text does not cite, nobody needs to know. */
static bool is_stale(const struct source_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].cited && l->v[i].stale)
			return true;
	return false;
}

static void pack_sources(struct pack *p, const struct source_list *l)
{
	pack_key(p, "sources");
	pack_array(p);
	for (size_t i = 0; i < l->n; i++)
		pack_source(p, &l->v[i]);
	pack_close(p);
	pack_key(p, "quotes");
	pack_array(p);
	for (size_t i = 0; i < l->n; i++) {
		if (!l->v[i].quote || !l->v[i].cited)
			continue;
		pack_map(p);
		pack_kv_int(p, "n", l->v[i].n);
		pack_kv_text(p, "text", l->v[i].quote);
		pack_close(p);
	}
	pack_close(p);
}

void pack_json_opt(struct pack *p, const char *key, const char *json)
{
	if (!json)
		return;
	pack_key(p, key);
	pack_json(p, json, strlen(json));
}

static void pack_found(struct pack *p, const struct turn_row *row)
{
	if (row->found >= 0)
		pack_kv_bool(p, "found", row->found != 0);
	if (row->coverage >= 0)
		pack_kv_float(p, "coverage", row->coverage);
}

static void pack_turn_head(struct pack *p, const struct turn_row *row)
{
	pack_kv_text(p, "turn", row->id);
	pack_kv_text_opt(p, "thread", *row->thread ? row->thread : NULL);
	pack_kv_text_opt(p, "name", row->thread_name);
	pack_kv_int(p, "seq", row->seq);
	pack_kv_text(p, "state", turn_state_name(row->state));
	pack_stamp(p, "created", row->created_us);
	pack_stamp(p, "ended", row->ended_us);
	if (row->ended_us)
		pack_kv_float(p, "seconds", (double)(row->ended_us - row->created_us) / 1e6);
}

static void pack_turn_error(struct pack *p, const struct turn_row *row)
{
	if (!row->error)
		return;
	pack_key(p, "error");
	pack_map(p);
	pack_kv_int(p, "code", wire_error_of_turn(row->error));
	pack_kv_text(p, "name", proto_error_name(wire_error_of_turn(row->error)));
	pack_kv_text(p, "message", row->error_text ? row->error_text : proto_error_text(wire_error_of_turn(row->error)));
	pack_close(p);
}

static void pack_turn_text(struct pack *p, const struct turn_row *row, const struct turn *live)
{
	const char *text = live ? (const char *)live->text.data : row->text;
	size_t n = live ? live->text.len : row->text_len;

	pack_kv_str(p, "text", text ? text : "", text ? utf8_floor(text, n, min_of(n, (size_t)LIMIT_TEXT_IN_RESULT)) : 0);
	if (live ? live->reasoning.len : row->reasoning != NULL) {
		text = live ? (const char *)live->reasoning.data : row->reasoning;
		n = live ? live->reasoning.len : strlen(row->reasoning);
		pack_kv_str(p, "reasoning", text, utf8_floor(text, n, min_of(n, (size_t)LIMIT_TEXT_IN_RESULT)));
	}
}

void pack_rating(struct pack *p, const struct turn_row *row)
{
	if (row->rating < 0)
		return;
	pack_key(p, "rating");
	pack_map(p);
	pack_kv_text(p, "value", row->rating ? "up" : "down");
	pack_kv_text_opt(p, "comment", row->comment);
	pack_close(p);
}

/* `live` tells what the store does not know yet; NULL for a turn of the past. */
void pack_turn(struct pack *p, const struct turn_row *row, const struct turn *live, bool with_text)
{
	if (live)
		row = &live->row;
	pack_map(p);
	pack_turn_head(p, row);
	pack_kv_str(p, "question", row->question ? row->question : "",
		row->question ? utf8_floor(row->question, row->question_len, min_of(row->question_len, (size_t)LIMIT_TEXT_IN_RESULT)) : 0);
	if (with_text)
		pack_turn_text(p, row, live);
	pack_kv_int(p, "length", live ? (int64_t)live->text.len : (int64_t)row->length);
	pack_kv_text_opt(p, "sha256", *row->sha256 ? row->sha256 : NULL);
	pack_kv_text_opt(p, "finish_reason", row->finish_reason);
	pack_kv_text_opt(p, "model", row->model);
	pack_json_opt(p, "usage", row->usage);
	pack_json_opt(p, "notices", row->notices);
	pack_json_opt(p, "meta", row->meta);
	pack_kv_text_opt(p, "parent", *row->parent ? row->parent : NULL);
	pack_kv_text_opt(p, "of", *row->of ? row->of : NULL);
	pack_kv_text_opt(p, "origin", row->origin);
	pack_found(p, row);
	pack_turn_error(p, row);
	pack_rating(p, row);
	if (with_text) {
		pack_sources(p, &row->sources);
		pack_json_opt(p, "marks", row->marks);
		if (is_stale(&row->sources))
			pack_kv_bool(p, "stale", true);
	}
	if (live && !live->started)
		pack_kv_int(p, "position", (int64_t)turn_position(live));
	pack_close(p);
}

void pack_turn_brief(struct pack *p, const struct turn_row *row, const struct turn *live)
{
	if (live)
		row = &live->row;
	pack_map(p);
	pack_turn_head(p, row);
	pack_kv_str(p, "question", row->question ? row->question : "",
		row->question ? utf8_floor(row->question, row->question_len, min_of(row->question_len, (size_t)QUESTION_BRIEF)) : 0);
	pack_kv_int(p, "length", live ? (int64_t)live->text.len : (int64_t)row->length);
	pack_kv_text_opt(p, "model", row->model);
	pack_turn_error(p, row);
	if (live && !live->started)
		pack_kv_int(p, "position", (int64_t)turn_position(live));
	pack_close(p);
}

void pack_thread(struct pack *p, const struct thread_row *row)
{
	pack_map(p);
	pack_kv_text(p, "thread", row->id);
	pack_kv_text(p, "name", row->name);
	pack_stamp(p, "created", row->created_us);
	pack_stamp(p, "updated", row->updated_us);
	pack_kv_int(p, "turns", row->turns);
	pack_json_opt(p, "tags", row->tags);
	pack_kv_text_opt(p, "origin", row->origin);
	pack_kv_text_opt(p, "owner", row->owner);
	pack_kv_text_opt(p, "last", *row->last ? row->last : NULL);
	if (row->state >= 0)
		pack_kv_text(p, "state", turn_state_name((enum turn_state)row->state));
	pack_close(p);
}

void pack_document(struct pack *p, const struct document_row *row)
{
	pack_map(p);
	pack_kv_text(p, "document", row->id);
	pack_kv_text(p, "name", row->name);
	pack_kv_text(p, "collection", row->collection);
	pack_kv_text_opt(p, "title", row->title);
	pack_kv_int(p, "bytes", row->bytes);
	pack_kv_int(p, "passages", row->passages);
	pack_kv_text(p, "sha256", row->sha256);
	pack_stamp(p, "added", row->added_us);
	pack_kv_text_opt(p, "same", row->same);
	if (row->original)
		pack_kv_bool(p, "original", true);
	pack_close(p);
}

/* ---- what a subscriber is sent ---- */

static void stream_begin(struct pack *p, struct conn *c, const struct turn *t, const char *kind)
{
	pack_notification(p, &c->out, "stream");
	pack_kv_text(p, "turn", t->row.id);
	pack_kv_text(p, "kind", kind);
}

/* False: the frame would pass the wire's limits and was taken out. Past the queue's cap conn_wrote closes. */
static bool stream_end(struct pack *p, struct conn *c)
{
	int r = pack_end(p);

	conn_wrote(c);
	return r != -EMSGSIZE;
}

static bool stream_has_room(void *ctx)
{
	return conn_has_room(ctx);
}

static void stream_piece(struct conn *c, const struct turn *t, const char *kind, size_t off, const char *s, size_t n)
{
	struct pack p;

	stream_begin(&p, c, t, kind);
	pack_kv_int(&p, "off", (int64_t)off);
	pack_kv_str(&p, "text", s, n);
	stream_end(&p, c);
}

static void stream_delta(void *ctx, const struct turn *t, size_t off, const char *s, size_t n)
{
	stream_piece(ctx, t, "delta", off, s, n);
}

static void stream_reasoning(void *ctx, const struct turn *t, size_t off, const char *s, size_t n)
{
	stream_piece(ctx, t, "reasoning", off, s, n);
}

static void pack_lines(struct pack *p, const char *key, const char *lines)
{
	pack_key(p, key);
	pack_array(p);
	while (lines && *lines) {
		const char *end = strchrnul(lines, '\n');

		pack_str(p, lines, (size_t)(end - lines));
		lines = *end ? end + 1 : end;
	}
	pack_close(p);
}

static void stream_event(void *ctx, const struct turn *t, uint64_t ev, const struct event *e)
{
	static const char *const kinds[] = {
		[EVENT_STATUS] = "status",
		[EVENT_NOTICE] = "notice",
		[EVENT_WORDS] = "words",
		[EVENT_MARKS] = "marks",
		[EVENT_CITATION] = "citation",
		[EVENT_USAGE] = "usage",
		[EVENT_ERROR] = "error",
	};
	struct conn *c = ctx;
	struct pack p;

	stream_begin(&p, c, t, kinds[e->kind]);
	pack_kv_int(&p, "ev", (int64_t)ev);
	switch (e->kind) {
	case EVENT_STATUS:
		pack_kv_text(&p, "text", e->text);
		break;
	case EVENT_NOTICE:
		pack_kv_text(&p, "name", e->name);
		pack_kv_text(&p, "text", e->text);
		break;
	case EVENT_WORDS:
		pack_lines(&p, "words", e->text);
		break;
	case EVENT_MARKS:
		pack_json_opt(&p, "marks", e->text);
		break;
	case EVENT_CITATION:
		pack_key(&p, "source");
		pack_source(&p, &e->source);
		break;
	case EVENT_USAGE:
		pack_json_opt(&p, "usage", e->text);
		break;
	case EVENT_ERROR: {
		int code = wire_error_of_turn((enum turn_error)turn_error_parse(e->name));

		pack_kv_int(&p, "code", code);
		pack_kv_text(&p, "name", proto_error_name(code));
		pack_kv_text(&p, "message", e->text ? e->text : proto_error_text(code));
		break;
	}
	}
	if (!stream_end(&p, c)) { /* the number is not lost: the client sees no gap */
		stream_begin(&p, c, t, "notice");
		pack_kv_int(&p, "ev", (int64_t)ev);
		pack_kv_text(&p, "name", "event_too_large");
		pack_kv_text(&p, "text", "an event of this answer is too large to send");
		stream_end(&p, c);
	}
}

static void stream_done(void *ctx, const struct turn *t)
{
	struct conn *c = ctx;
	struct pack p;

	stream_begin(&p, c, t, "done");
	pack_kv_int(&p, "ev", (int64_t)(t->ev_base + t->nevents) + 1);
	pack_kv_text_opt(&p, "thread", *t->row.thread ? t->row.thread : NULL);
	pack_kv_text(&p, "state", turn_state_name(t->row.state));
	pack_kv_int(&p, "length", (int64_t)turn_length(t));
	pack_kv_text(&p, "sha256", turn_sha256(t));
	pack_kv_text_opt(&p, "finish_reason", t->row.finish_reason);
	pack_kv_text_opt(&p, "model", t->row.model);
	pack_found(&p, &t->row);
	pack_read(&p, t);
	pack_kv_float(&p, "seconds", (double)(t->row.ended_us - t->row.created_us) / 1e6);
	stream_end(&p, c);
}

const struct sub_ops stream_ops = {
	.has_room = stream_has_room,
	.delta = stream_delta,
	.reasoning = stream_reasoning,
	.event = stream_event,
	.done = stream_done,
};
