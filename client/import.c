/* From JSON of other programs to the daemon's method import. */
#include "client/import.h"

#include <string.h>

#include "client/link.h"
#include "client/say.h"
#include "common/mem.h"
#include "proto/limits.h"

#define FRAME_OTHERS 16384 /* of a frame: what is no text of a turn and no citation */

static void pack_slice(struct pack *p, const char *key, const struct json_slice *s, struct buf *text)
{
	size_t from = text->len;

	if (!s->p)
		return;
	(void)json_unescape(s, text, NULL);
	pack_kv_str(p, key, (const char *)text->data + from, text->len - from);
}

static void pack_value(struct pack *p, const char *key, const struct json_slice *s)
{
	if (!s->p)
		return;
	pack_key(p, key);
	pack_json(p, s->p, s->n);
}

/* What is done when a turn's reply comes. One block of memory: the window frees it. */
struct sent {
	bool has_id;
	size_t rating_n, comment_n;
	char text[]; /* the rating, then the comment */
};

static struct sent *sent_of(const struct import_turn *t)
{
	struct buf text = { 0 };
	struct sent *s;
	size_t rating_n;

	if (t->rating.p)
		(void)json_unescape(&t->rating, &text, NULL);
	rating_n = text.len;
	if (t->rating.p && t->comment.p && t->comment.n <= LIMIT_COMMENT)
		(void)json_unescape(&t->comment, &text, NULL);
	s = mem_new(sizeof(*s) + text.len);
	*s = (struct sent){ .has_id = t->turn.p, .rating_n = rating_n, .comment_n = text.len - rating_n };
	if (text.len)
		memcpy(s->text, text.data, text.len);
	buf_fini(&text);
	return s;
}

/* What was thought of the answer that has just come. */
static void rate(struct import *k, const struct sent *s)
{
	char *turn = val_get_text(k->link->msg.result, "turn");
	struct pack *p = link_request(k->link, "rate");

	pack_kv_text(p, "turn", turn ? turn : "");
	pack_kv_str(p, "rating", s->text, s->rating_n);
	if (s->comment_n)
		pack_kv_str(p, "comment", s->text + s->rating_n, s->comment_n);
	window_add(&k->window, NULL);
	mem_free(turn);
}

static void on_reply(void *ctx, void *item, bool again)
{
	struct import *k = ctx;
	struct sent *s = item;
	bool is_new;

	if (!s) /* a rating */
		return;
	is_new = val_get_bool(k->link->msg.result, "turn_new", false);
	k->threads += val_get_bool(k->link->msg.result, "thread_new", false);
	k->turns += is_new;
	k->known += s->has_id && !is_new;
	if ((is_new || again) && s->rating_n)
		rate(k, s);
}

void import_begin(struct import *k, struct link *l, const char *file)
{
	*k = (struct import){ .link = l, .file = file };
	window_init(&k->window, l, on_reply, k);
}

int import_end(struct import *k)
{
	int r = window_drain(&k->window);

	window_fini(&k->window);
	return r;
}

/* What one frame holds besides the texts. */
static void pack_citations(struct pack *p, struct import *k, const struct import_turn *t, struct buf *text)
{
	size_t room = LIMIT_FRAME - FRAME_OTHERS - (t->question.n + t->answer.n);

	if (t->sources.n + t->marks.n > room) {
		k->bare++;
		return;
	}
	pack_value(p, "sources", &t->sources);
	pack_value(p, "marks", &t->marks);
	if (t->sources.n + t->marks.n + t->reasoning.n <= room)
		pack_slice(p, "reasoning", &t->reasoning, text);
}

int import_send(struct import *k, const struct import_turn *t)
{
	struct pack *p;
	struct buf text;
	int r;

	/* An escape takes more room in the file than in the frame; what is past the limit here is so there. */
	if (t->question.n + t->answer.n > LIMIT_PROMPT) {
		k->left_out++;
		say("a turn of more than %u KiB is left out", LIMIT_PROMPT >> 10);
		return 0;
	}
	buf_init(&text, LIMIT_FRAME);
	(void)buf_reserve(&text, LIMIT_FRAME); /* the packer's views stay where they are */
	p = link_request(k->link, "import");
	pack_slice(p, "thread", &t->thread, &text);
	pack_slice(p, "name", &t->name, &text);
	pack_slice(p, "created", &t->created, &text);
	pack_slice(p, "turn", &t->turn, &text);
	pack_slice(p, "question", &t->question, &text);
	pack_slice(p, "answer", &t->answer, &text);
	pack_slice(p, "asked", &t->asked, &text);
	pack_slice(p, "ended", &t->ended, &text);
	pack_slice(p, "state", &t->state, &text);
	pack_slice(p, "model", &t->model, &text);
	pack_slice(p, "finish_reason", &t->finish_reason, &text);
	pack_value(p, "tags", &t->tags);
	pack_value(p, "usage", &t->usage);
	pack_value(p, "found", &t->found);
	pack_value(p, "coverage", &t->coverage);
	pack_citations(p, k, t, &text);
	r = window_send(&k->window, sent_of(t));
	buf_fini(&text);
	return r;
}

/* ---- the lines of `export --all` ---- */

struct field {
	const char *key;
	struct json_slice *to;
	enum json_type type;
};

/* The fields wanted of an object; all else is passed over. */
static bool take(struct json *j, const struct field *f, size_t n)
{
	struct json_slice key;

	if (!json_object(j))
		return false;
	while (json_key(j, &key)) {
		size_t i = 0;

		while (i < n && !(json_slice_is(&key, f[i].key) && json_peek(j) == f[i].type))
			i++;
		if (i == n)
			json_skip(j);
		else if (f[i].type == JSON_STRING)
			(void)json_string(j, f[i].to);
		else
			(void)json_raw(j, f[i].to);
	}
	return !j->failed;
}

static bool take_thread(const struct json_slice *value, struct import_turn *t)
{
	const struct field fields[] = { { "thread", &t->thread, JSON_STRING }, { "name", &t->name, JSON_STRING }, { "created", &t->created, JSON_STRING },
		{ "tags", &t->tags, JSON_ARRAY } };
	struct json j;

	json_init(&j, value->p, value->n, 64);
	return take(&j, fields, array_len(fields)) && t->thread.p;
}

static bool take_turn(struct json *j, struct import_turn *t)
{
	struct json_slice rating = { NULL, 0, false };
	const struct field fields[] = { { "turn", &t->turn, JSON_STRING }, { "question", &t->question, JSON_STRING }, { "text", &t->answer, JSON_STRING },
		{ "created", &t->asked, JSON_STRING }, { "ended", &t->ended, JSON_STRING }, { "state", &t->state, JSON_STRING },
		{ "model", &t->model, JSON_STRING }, { "usage", &t->usage, JSON_OBJECT }, { "rating", &rating, JSON_OBJECT },
		{ "finish_reason", &t->finish_reason, JSON_STRING }, { "reasoning", &t->reasoning, JSON_STRING },
		{ "coverage", &t->coverage, JSON_NUMBER }, { "found", &t->found, JSON_TRUE }, { "found", &t->found, JSON_FALSE },
		{ "sources", &t->sources, JSON_ARRAY }, { "marks", &t->marks, JSON_ARRAY } };
	const struct field of_rating[] = { { "value", &t->rating, JSON_STRING }, { "comment", &t->comment, JSON_STRING } };
	struct json inner;

	if (!take(j, fields, array_len(fields)) || !t->turn.p)
		return false;
	json_init(&inner, rating.p ? rating.p : "", rating.n, 8);
	return !rating.p || take(&inner, of_rating, array_len(of_rating));
}

static int bad(const struct import *k, unsigned line, const char *what)
{
	return say_fail(STATUS_DATA, "'%s', line %u: %s; what stands before it is imported", k->file, line, what);
}

int import_thread(struct import *k, const char *json, size_t n, unsigned line)
{
	struct json_slice thread = { NULL, 0, false }, turns = { NULL, 0, false };
	const struct field fields[] = { { "thread", &thread, JSON_OBJECT }, { "turns", &turns, JSON_ARRAY } };
	struct import_turn base = { .thread = { NULL, 0, false } };
	struct json j;
	int r = 0;

	json_init(&j, json, n, 64);
	if (!take(&j, fields, array_len(fields)) || json_end(&j) != 0 || !thread.p || !take_thread(&thread, &base))
		return bad(k, line, "this is no thread as `ragchat export --all` writes it");
	if (!turns.p)
		return import_send(k, &base);
	json_init(&j, turns.p, turns.n, 64);
	if (!json_array(&j))
		return bad(k, line, "its turns are no list");
	while (!r && json_item(&j)) {
		struct import_turn t = base;

		r = take_turn(&j, &t) ? import_send(k, &t) : bad(k, line, "a turn without its id");
	}
	return r;
}

/* ---- llm ---- */

/* Newest last or first, as llm was asked: each conversation's turns come in the order of the file. */
int import_llm(struct import *k, const char *json, size_t n)
{
	struct json j;
	int r = 0;

	json_init(&j, json, n, 64);
	if (!json_array(&j))
		return say_fail(STATUS_DATA, "'%s' is not what `llm logs list -n 0 --json` prints: a list is wanted", k->file);
	while (!r && json_item(&j)) {
		struct import_turn t = { .thread = { NULL, 0, false } };
		const struct field fields[] = { { "id", &t.turn, JSON_STRING }, { "conversation_id", &t.thread, JSON_STRING },
			{ "conversation_name", &t.name, JSON_STRING }, { "prompt", &t.question, JSON_STRING }, { "response", &t.answer, JSON_STRING },
			{ "datetime_utc", &t.asked, JSON_STRING }, { "model", &t.model, JSON_STRING } };

		if (!take(&j, fields, array_len(fields)) || !t.turn.p)
			return say_fail(STATUS_DATA, "'%s' is not what `llm logs list -n 0 --json` prints; what stands before the first strange answer is imported", k->file);
		t.thread = t.thread.p ? t.thread : t.turn;
		t.created = t.asked;
		t.name = t.name.p ? t.name : t.question;
		if (t.name.n > 400) /* the daemon takes the first line of it; a name has its own limit */
			t.name = (struct json_slice){ NULL, 0, false };
		r = import_send(k, &t);
	}
	return r ? r : j.failed ? say_fail(STATUS_DATA, "'%s' breaks off", k->file) : 0;
}
