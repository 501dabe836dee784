/* Printing an answer. */
#include "client/print.h"

#include "client/codeblock.h"

#include <string.h>
#include <unistd.h>

#include "client/print_json.h"
#include "client/say.h"
#include "common/attr.h"
#include "common/mem.h"

static bool is_exact(const struct print *p)
{
	return p->out.path || p->view->raw_output;
}

static unsigned wrap_width(const struct print *p)
{
	if (is_exact(p) || p->view->raw || p->view->mode != VIEW_TEXT)
		return 0;
	return p->view->width ? p->view->width : term_wrap_width(p->out.fd);
}

/* A person reads it as it comes: on a terminal, or where colour is asked for by name. */
static bool draws_markdown(const struct print *p)
{
	const struct view *v = p->view;

	return v->mode == VIEW_TEXT && !v->raw && !is_exact(p) && p->filter.mode != FILTER_NONE &&
	       (p->out.tty || v->color == COLOR_ALWAYS);
}

static bool may_show_progress(const struct view *v)
{
	return !v->quiet && !v->plain && v->mode != VIEW_JSONL && term_moves(STDERR_FILENO);
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
	if (draws_markdown(p)) {
		struct markdown_look look = markdown_look(p->wrap.width, term_color(v->color, p->out.fd));

		p->markdown = markdown_new(&look);
	}
	p->sources =
		v->citations == CITATIONS_END || (v->citations == CITATIONS_AUTO && p->out.tty);
	progress_start(&p->progress, may_show_progress(v));
	return 0;
}

/* What reads the pipe may be late with the end of its line. */
static void say_later(struct print *p)
{
	if (p->later.len && !p->out.tty && isatty(STDERR_FILENO))
		say_plain("\n", 1);
	if (p->later.len)
		say_plain((const char *)p->later.data, p->later.len);
	buf_fini(&p->later);
}

void print_fini(struct print *p)
{
	progress_clear(&p->progress);
	say_later(p);
	filter_fini(&p->filter);
	wrap_fini(&p->wrap);
	p->markdown = markdown_free(p->markdown);
	buf_fini(&p->out.queue);
	p->out.part = mem_free(p->out.part);
}

/* ---- text ---- */

static void put(struct print *p, const char *s, size_t n)
{
	if (!n)
		return;
	progress_clear(&p->progress);
	p->blank = s[n - 1] == '\n' && (n > 1 ? s[n - 2] == '\n' : p->last == '\n');
	p->last = s[n - 1];
	out_add(&p->out, s, n);
}

static void put_buf(struct print *p, struct buf *b)
{
	put(p, (const char *)b->data, b->len);
	buf_fini(b);
}

static void hold_markers(struct print *p, struct buf *text, bool ends)
{
	struct buf whole = { 0 };

	hold_feed(&p->hold, (const char *)text->data, text->len, &whole);
	if (ends)
		hold_end(&p->hold, &whole);
	buf_fini(text);
	*text = whole;
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
	if (p->out.tty)
		hold_markers(p, &clean, ends);
	if (p->markdown) {
		markdown_width(p->markdown, wrap_width(p));
		markdown_feed(p->markdown, (const char *)clean.data, clean.len, &wrapped);
		if (ends)
			markdown_end(p->markdown, &wrapped);
		put_buf(p, &wrapped);
		buf_fini(&clean);
		return;
	}
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
	struct buf clean = { 0 }, wrapped = { 0 };
	const char *s = (const char *)lines->data, *end = s + lines->len;

	while (s < end) {
		const char *stop = memchr(s, '\n', (size_t)(end - s));

		stop = stop ? stop : end;
		filter_line(p->filter.mode == FILTER_ASCII ? FILTER_ASCII : FILTER_TERMINAL, s,
			(size_t)(stop - s), 500, &clean);
		(void)buf_add_byte(&clean, '\n');
		s = stop + 1;
	}
	wrap_text(wrap_width(p), (const char *)clean.data, clean.len, &wrapped);
	buf_fini(&clean);
	put_buf(p, &wrapped);
}

static void put_code(struct print *p, const struct answer *a)
{
	const char *text = (const char *)a->text.data;
	size_t from, to;

	p->nothing = !a->text.len || !codeblock_first(text, a->text.len, &from, &to);
	if (!p->nothing)
		put_text(p, text + from, to - from, false);
}

static void end_text(struct print *p, const struct answer *a)
{
	struct buf lines = { 0 };

	if (p->view->extract)
		put_code(p, a);
	else if (p->view->no_stream)
		put_text(p, (const char *)a->text.data, a->text.len, false);
	put_text(p, "", 0, true);
	if (!is_exact(p) && p->last && p->last != '\n')
		put(p, "\n", 1);
	(void)buf_add(&lines, a->source_lines.data, a->source_lines.len);
	marks_strangers(&a->marks, &lines);
	(void)buf_add(&lines, a->figures.data, a->figures.len);
	if (p->sources && lines.len) {
		if (p->last && p->last != '\n')
			put(p, "\n", 1);
		put(p, p->blank ? "Sources:\n" : "\nSources:\n", p->blank ? 9 : 10);
		put_lines(p, &lines);
	}
	buf_fini(&lines);
}

/* ---- JSON ---- */

void print_accepted(struct print *p, struct val reply)
{
	struct buf line = { 0 };

	if (p->view->mode != VIEW_JSONL)
		return;
	json_accepted(reply, &line);
	put_buf(p, &line);
}

void print_refused(struct print *p, int code, const char *name, const char *message)
{
	struct buf out = { 0 };
	struct answer a;

	answer_init(&a, true);
	answer_set_error(&a, code, name, message);
	if (p->view->mode == VIEW_JSONL)
		json_error(&a, &out);
	else if (p->view->mode == VIEW_JSON)
		json_answer(&a, (struct val){ NULL }, &out);
	put_buf(p, &out);
	answer_fini(&a);
}

static void put_line(struct print *p, const struct answer *a, enum answer_news news,
	struct val note, const char *s, size_t n)
{
	struct buf line = { 0 };

	if (news == ANSWER_TEXT)
		json_piece("delta", a->turn, a->off - n, s, n, &line);
	else if (news == ANSWER_REASONING)
		json_piece("reasoning", a->turn, a->roff - n, s, n, &line);
	else
		json_note(note, &line);
	put_buf(p, &line);
}

/* ---- what goes on meanwhile ---- */

/* Of the answer, which may be on the screen where stderr is, by way of a pipe too. */
static bool in_mid_line(const struct print *p)
{
	return p->last && p->last != '\n' && !p->out.path && !p->out.always;
}

static void show_notice(struct print *p, struct val note, const char *s, size_t n)
{
	static const char *const of_daemon[] = { "context_cut", "citation", "passages_sent", "whole_sent",
		"beginning_sent", "not_asked", "search_cut", "not_saved", "searched_in",
		"vectors_missing", "searched_instead", "not_searched_in" };
	struct val name = val_get(note, "name");
	const char *who = "backend";

	if (p->view->quiet || (val_str_is(name, "metadata_block") && !p->verbose))
		return;
	/* Answers end with a word on this one. */
	if (val_str_is(name, "suspected_error"))
		return;
	/* The list of sources tells it. */
	if (p->sources && p->view->mode == VIEW_TEXT && val_str_is(name, "citation"))
		return;
	if (val_str_is(name, "passages_sent") && !p->verbose)
		return; /* what `status` and --dry-run say of every question */
	for (size_t i = 0; i < array_len(of_daemon); i++)
		if (val_str_is(name, of_daemon[i]))
			who = "daemon";
	progress_clear(&p->progress);
	if (in_mid_line(p))
		say_into(&p->later, who, s, n);
	else
		say_as(who, "%.*s", (int)n, s);
}

/*
 * From the first words on the answer itself shows that something happens, by way of a pipe too, where the
 * wheel would wipe out its line; not in a file, nor while a table comes that is drawn when it is complete.
 */
static void note_silence(struct print *p)
{
	if (p->out.path || p->out.always || !p->last)
		return;
	if (!p->out.tty || p->last != '\n' || !p->markdown || !markdown_holds_table(p->markdown)) {
		p->progress.on = p->table = false;
	} else if (!p->table && may_show_progress(p->view)) {
		p->table = true;
		progress_start(&p->progress, true);
		progress_text(&p->progress, "a table is coming", 17);
	}
}

void print_news(struct print *p, struct answer *a, enum answer_news news, struct val note,
	const char *s, size_t n)
{
	if (news == ANSWER_NOTHING)
		return;
	if (p->view->mode == VIEW_JSONL) {
		put_line(p, a, news, note, s, n);
		return;
	}
	if (news == ANSWER_STATUS && !in_mid_line(p))
		progress_text(&p->progress, s, n);
	else if (news == ANSWER_REASONING && !p->progress.text[0])
		progress_text(&p->progress, "thinking", 8);
	else if (news == ANSWER_NOTICE)
		show_notice(p, note, s, n);
	else if (news == ANSWER_WORDS && p->markdown)
		markdown_words(p->markdown, s, n);
	else if (news == ANSWER_TEXT && p->view->mode == VIEW_TEXT && !p->view->no_stream)
		put_text(p, s, n, false);
	if (news == ANSWER_TEXT)
		note_silence(p);
}

void print_end(struct print *p, struct answer *a, struct val turn)
{
	struct buf object = { 0 };

	progress_clear(&p->progress);
	p->progress.on = false;
	if (p->view->mode == VIEW_TEXT)
		end_text(p, a);
	else if (p->view->mode == VIEW_JSON)
		json_answer(a, turn, &object);
	put_buf(p, &object);
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

void print_summary(struct print *p, const struct answer *a)
{
	say_later(p);
	if (p->view->usage)
		say("usage: %s", a->usage ? a->usage : "the backend did not tell");
	if (p->view->mode == VIEW_TEXT && p->out.tty && !p->view->quiet && isatty(STDERR_FILENO))
		dim_line(p, a);
}
