/* Printing an answer. */
#include "client/print.h"

#include <string.h>
#include <unistd.h>

#include "client/say.h"
#include "common/attr.h"
#include "common/json.h"
#include "common/mem.h"

static bool is_exact(const struct print *p)
{
	return p->out.path || p->view->raw_output;
}

static unsigned wrap_width(const struct print *p)
{
	unsigned width;

	if (is_exact(p) || p->view->raw || p->view->mode != VIEW_TEXT)
		return 0;
	if (p->view->width)
		return p->view->width;
	width = p->out.tty ? term_width(p->out.fd) : 0;
	return min_of(width, (unsigned)TERM_WIDTH_MAX);
}

int print_open(struct print *p, const struct view *v, bool verbose)
{
	enum filter_mode mode;
	int r;

	*p = (struct print){ .view = v, .verbose = verbose };
	r = out_open(&p->out, v->output);
	if (r)
		return r;
	mode = is_exact(p) ? FILTER_NONE : p->out.tty ? term_filter() : FILTER_PIPE;
	filter_init(&p->filter, mode);
	wrap_init(&p->wrap, wrap_width(p));
	p->sources = v->citations == CITATIONS_END || (v->citations == CITATIONS_AUTO && p->out.tty);
	progress_start(&p->progress, !v->quiet && v->mode != VIEW_JSONL && term_moves(STDERR_FILENO));
	return 0;
}

void print_fini(struct print *p)
{
	progress_clear(&p->progress);
	filter_fini(&p->filter);
	wrap_fini(&p->wrap);
	buf_fini(&p->out.queue);
	p->out.part = mem_free(p->out.part);
}

/* ---- text ---- */

static void put(struct print *p, const char *s, size_t n)
{
	if (!n)
		return;
	progress_clear(&p->progress);
	p->last = s[n - 1];
	out_add(&p->out, s, n);
}

static void put_buf(struct print *p, struct buf *b)
{
	put(p, (const char *)b->data, b->len);
	buf_fini(b);
}

/* ends: nothing more comes, what filter and wrapper hold comes out. */
static void put_text(struct print *p, const char *s, size_t n, bool ends)
{
	struct buf clean = { 0 }, wrapped = { 0 };

	if (p->filter.mode == FILTER_NONE && !p->wrap.width) {
		put(p, s, n);
		return;
	}
	filter_feed(&p->filter, s, n, &clean);
	if (ends)
		filter_end(&p->filter, &clean);
	if (!p->wrap.width) {
		put_buf(p, &clean);
		return;
	}
	wrap_feed(&p->wrap, (const char *)clean.data, clean.len, &wrapped);
	if (ends)
		wrap_end(&p->wrap, &wrapped);
	put_buf(p, &wrapped);
	buf_fini(&clean);
}

static void put_lines(struct print *p, const struct buf *lines)
{
	struct buf clean = { 0 };
	const char *s = (const char *)lines->data, *end = s + lines->len;

	while (s < end) {
		const char *stop = memchr(s, '\n', (size_t)(end - s));

		stop = stop ? stop : end;
		filter_line(p->filter.mode == FILTER_ASCII ? FILTER_ASCII : FILTER_TERMINAL, s,
			(size_t)(stop - s), 500, &clean);
		(void)buf_add_byte(&clean, '\n');
		s = stop + 1;
	}
	put_buf(p, &clean);
}

static void end_text(struct print *p, const struct answer *a)
{
	if (p->view->no_stream)
		put_text(p, (const char *)a->text.data, a->text.len, false);
	put_text(p, "", 0, true);
	if (!is_exact(p) && p->last && p->last != '\n')
		put(p, "\n", 1);
	if (p->sources && a->source_lines.len) {
		if (p->last && p->last != '\n')
			put(p, "\n", 1);
		put(p, "\nSources:\n", 10);
		put_lines(p, &a->source_lines);
	}
}

/* ---- lines of JSON ---- */

static void line_begin(struct json_out *w, struct buf *line, const char *event)
{
	json_out_init(w, line);
	json_out_object(w);
	json_out_key(w, "event");
	json_out_str(w, event);
}

static void line_end(struct print *p, struct json_out *w, struct buf *line)
{
	json_out_object_end(w);
	(void)buf_add_byte(line, '\n');
	put_buf(p, line);
}

/* The fields of a map, but those that the line already says in its own way. */
static void copy_fields(struct json_out *w, struct val map)
{
	for (size_t i = 0; i < val_count(map); i++) {
		struct val key = val_key_at(map, i);
		char *name;
		const char *s;
		size_t n;

		if (!val_str(key, &s, &n) || val_str_is(key, "kind") || val_str_is(key, "event"))
			continue;
		name = mem_ndup(s, n);
		json_out_key(w, name);
		val_to_json(val_at(map, i), w);
		mem_free(name);
	}
}

/* A piece that was only partly new: its offset is that of the part. */
static void line_piece(struct print *p, const char *event, const char *turn, uint64_t off, const char *s, size_t n)
{
	struct json_out w;
	struct buf line = { 0 };

	line_begin(&w, &line, event);
	json_out_key(&w, "turn");
	json_out_str(&w, turn);
	json_out_key(&w, "off");
	json_out_int(&w, (int64_t)off);
	json_out_key(&w, "text");
	json_out_string(&w, s, n);
	line_end(p, &w, &line);
}

static void line_note(struct print *p, struct val note)
{
	struct json_out w;
	struct buf line = { 0 };
	char *kind = val_get_text(note, "kind");

	line_begin(&w, &line, kind ? kind : "");
	copy_fields(&w, note);
	line_end(p, &w, &line);
	mem_free(kind);
}

void print_accepted(struct print *p, const struct answer *a, struct val reply)
{
	struct json_out w;
	struct buf line = { 0 };

	(void)a;
	if (p->view->mode != VIEW_JSONL)
		return;
	line_begin(&w, &line, "accepted");
	if (!val_present(val_get(reply, "thread"))) {
		json_out_key(&w, "thread");
		json_out_null(&w);
	}
	copy_fields(&w, reply);
	line_end(p, &w, &line);
}

void print_refused(struct print *p, int code, const char *name, const char *message)
{
	struct answer a;
	struct json_out w;
	struct buf line = { 0 };

	if (p->view->mode == VIEW_JSONL) {
		line_begin(&w, &line, "error");
		json_out_key(&w, "code");
		json_out_int(&w, code);
		json_out_key(&w, "name");
		json_out_str(&w, name);
		json_out_key(&w, "message");
		json_out_str(&w, message);
		line_end(p, &w, &line);
	} else if (p->view->mode == VIEW_JSON) {
		answer_init(&a, true);
		answer_set_error(&a, code, name, message);
		print_end(p, &a, (struct val){ NULL });
		answer_fini(&a);
	}
}

/* ---- one object ---- */

static void member_text(struct json_out *w, const char *key, const char *text)
{
	json_out_key(w, key);
	json_out_str(w, text && *text ? text : NULL);
}

static void member_raw(struct json_out *w, const char *key, const char *json, const char *none)
{
	json_out_key(w, key);
	json = json ? json : none;
	json_out_raw(w, json, strlen(json));
}

static void member_buf(struct json_out *w, const char *key, const struct buf *text, bool null_when_empty)
{
	json_out_key(w, key);
	if (!text->len && null_when_empty)
		json_out_null(w);
	else
		json_out_string(w, text->data ? (const char *)text->data : "", text->len);
}

static void member_found(struct json_out *w, const struct answer *a)
{
	json_out_key(w, "found");
	if (a->found < 0)
		json_out_null(w);
	else
		json_out_bool(w, a->found);
	json_out_key(w, "coverage");
	if (a->coverage < 0)
		json_out_null(w);
	else
		json_out_double(w, a->coverage);
}

static void member_error(struct json_out *w, const struct answer *a)
{
	json_out_key(w, "error");
	if (!a->error_name) {
		json_out_null(w);
		return;
	}
	json_out_object(w);
	json_out_key(w, "code");
	json_out_int(w, a->error_code);
	json_out_key(w, "name");
	json_out_str(w, a->error_name);
	json_out_key(w, "message");
	json_out_str(w, a->error_message);
	json_out_object_end(w);
}

/* Once stored, the sources say which of them the answer cites; before that they are as they came. */
static void member_sources(struct json_out *w, const struct answer *a, struct val turn)
{
	struct val quotes = val_get(turn, "quotes"), sources = val_get(turn, "sources");

	json_out_key(w, "quotes");
	if (val_type(quotes) == VAL_ARRAY)
		val_to_json(quotes, w);
	else
		json_out_raw(w, "[]", 2);
	json_out_key(w, "sources");
	if (val_type(sources) == VAL_ARRAY) {
		val_to_json(sources, w);
		return;
	}
	json_out_array(w);
	if (a->sources.len)
		json_out_raw(w, (const char *)a->sources.data, a->sources.len);
	json_out_array_end(w);
}

static void end_json(struct print *p, const struct answer *a, struct val turn)
{
	struct json_out w;
	struct buf out = { 0 };

	json_out_init(&w, &out);
	json_out_object(&w);
	member_text(&w, "thread", a->thread);
	member_text(&w, "turn", a->turn);
	member_text(&w, "state", a->state);
	member_text(&w, "finish_reason", a->finish_reason);
	member_found(&w, a);
	member_buf(&w, "text", &a->text, false);
	member_buf(&w, "reasoning", &a->reasoning, true);
	member_sources(&w, a, turn);
	member_raw(&w, "usage", a->usage, "null");
	member_error(&w, a);
	json_out_object_end(&w);
	(void)buf_add_byte(&out, '\n');
	put_buf(p, &out);
}

/* ---- what goes on meanwhile ---- */

static void show_notice(struct print *p, struct val note, const char *s, size_t n)
{
	static const char *const of_daemon[] = { "context_cut", "citation_struck" };
	struct val name = val_get(note, "name");
	const char *who = "backend";

	if (p->view->quiet || (val_str_is(name, "metadata_block") && !p->verbose))
		return;
	/* Answers end with a word on this one. */
	if (val_str_is(name, "suspected_error"))
		return;
	for (size_t i = 0; i < array_len(of_daemon); i++)
		if (val_str_is(name, of_daemon[i]))
			who = "daemon";
	progress_clear(&p->progress);
	say_as(who, "%.*s", (int)n, s);
}

void print_news(struct print *p, struct answer *a, enum answer_news news, struct val note, const char *s, size_t n)
{
	if (news == ANSWER_NOTHING)
		return;
	if (p->view->mode == VIEW_JSONL) {
		if (news == ANSWER_TEXT)
			line_piece(p, "delta", a->turn, a->off - n, s, n);
		else if (news == ANSWER_REASONING)
			line_piece(p, "reasoning", a->turn, a->roff - n, s, n);
		else
			line_note(p, note);
		return;
	}
	if (news == ANSWER_STATUS && (!p->last || p->last == '\n' || !p->out.tty))
		progress_text(&p->progress, s, n);
	else if (news == ANSWER_REASONING && !p->progress.text[0])
		progress_text(&p->progress, "thinking", 8);
	else if (news == ANSWER_NOTICE)
		show_notice(p, note, s, n);
	else if (news == ANSWER_TEXT && p->view->mode == VIEW_TEXT && !p->view->no_stream)
		put_text(p, s, n, false);
	/* From the first words on the answer itself shows that something happens. */
	if (news == ANSWER_TEXT && p->out.tty && p->last)
		p->progress.on = false;
}

void print_end(struct print *p, struct answer *a, struct val turn)
{
	progress_clear(&p->progress);
	p->progress.on = false;
	if (p->view->mode == VIEW_TEXT)
		end_text(p, a);
	else if (p->view->mode == VIEW_JSON)
		end_json(p, a, turn);
}

/* ---- afterwards, on stderr ---- */

static void dim_line(const struct print *p, const struct answer *a)
{
	bool color = term_color(p->view->color, STDERR_FILENO);
	const char *dot = term_utf8() ? " \xC2\xB7 " : " - ";
	struct buf line = { 0 };

	(void)buf_addf(&line, "%s", color ? "\033[2m" : "");
	if (a->thread[0])
		(void)buf_addf(&line, "thread %.8s", a->thread);
	else
		(void)buf_add_str(&line, "not saved");
	if (a->tokens >= 0)
		(void)buf_addf(&line, "%s%lld tok", dot, (long long)a->tokens);
	if (a->seconds >= 0)
		(void)buf_addf(&line, "%s%.1f s", dot, a->seconds);
	(void)buf_addf(&line, "%s\n", color ? "\033[0m" : "");
	say_plain((const char *)line.data, line.len);
	buf_fini(&line);
}

void print_summary(const struct print *p, const struct answer *a)
{
	if (p->view->usage)
		say("usage: %s", a->usage ? a->usage : "the backend did not tell");
	if (p->view->mode == VIEW_TEXT && p->out.tty && !p->view->quiet && isatty(STDERR_FILENO))
		dim_line(p, a);
}
