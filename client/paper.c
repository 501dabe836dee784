/* Stored turns for people: heads, texts, sources. */
#include "client/paper.h"

#include <string.h>
#include <time.h>

#include "client/answer.h"
#include "client/conversation.h"
#include "client/filter.h"
#include "client/markdown_in.h"
#include "client/term.h"
#include "client/wrap.h"
#include "common/clock.h"
#include "common/mem.h"

#define LINE_BYTES_MAX 500
#define RULE_WIDTH 72 /* where the width is any */

/* One blank line after it, however it ends. */
static void end_block(struct buf *out)
{
	while (out->len && out->data[out->len - 1] == '\n')
		out->len--;
	(void)buf_add_str(out, "\n\n");
}

void paper_end(struct buf *out)
{
	while (out->len > 1 && out->data[out->len - 1] == '\n' && out->data[out->len - 2] == '\n')
		out->len--;
}

static bool is_markdown(const struct paper *p)
{
	return p->format == PAPER_MD || p->format == PAPER_SENT;
}

/* ---- drawn ---- */

static enum filter_mode filter_of(const struct paper *p)
{
	return p->look.utf8 ? FILTER_TERMINAL : FILTER_ASCII;
}

/* A line of our own with what others wrote in it. */
static void draw_line(const struct paper *p, const char *s, size_t n, ink k, struct buf *out)
{
	struct buf clean = { 0 }, wrapped = { 0 };

	filter_line(filter_of(p), s, n, LINE_BYTES_MAX, &clean);
	wrap_text(p->look.width, buf_cstr(&clean), clean.len, &wrapped);
	ink_change(&p->look, NULL, 0, p->look.styled ? k : 0, out);
	(void)buf_add(out, wrapped.data, wrapped.len);
	ink_change(&p->look, NULL, p->look.styled ? k : 0, 0, out);
	(void)buf_add_byte(out, '\n');
	buf_fini(&clean);
	buf_fini(&wrapped);
}

static void add_day_and_time(struct val turn, struct buf *out)
{
	const char *s = "";
	char text[40];
	struct tm tm;
	int64_t us;
	size_t n = 0;
	time_t t;

	if (!val_get_str(turn, "created", &s, &n) || clock_iso_parse(s, n, &us) != 0)
		return;
	t = (time_t)(us / 1000000);
	if (localtime_r(&t, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm))
		(void)buf_addf(out, "  %s", text);
}

/* "-- 3f2a1b2c:3  2026-11-28 14:03  model -----": the words that other commands take for it. */
static void draw_head(const struct paper *p, struct val turn, struct buf *out)
{
	const char *dash = p->look.utf8 ? "\u2500" : "-", *s = "";
	unsigned width = p->look.width ? p->look.width : RULE_WIDTH, columns;
	char *thread = val_get_text(turn, "thread");
	struct buf words = { 0 }, clean = { 0 };
	size_t n = 0;

	(void)buf_addf(&words, "%.8s:%lld", thread ? thread : "?", (long long)val_get_int(turn, "seq", 0));
	add_day_and_time(turn, &words);
	if (val_get_str(turn, "model", &s, &n) && n) {
		(void)buf_add_str(&words, "  ");
		(void)buf_add(&words, s, n);
	}
	filter_line(filter_of(p), (const char *)words.data, words.len, 200, &clean);
	term_shorten(&clean, 0, width > 5 ? width - 4 : 1);
	columns = 4 + (unsigned)term_text_width(buf_cstr(&clean), clean.len);
	ink_change(&p->look, NULL, 0, p->look.styled ? INK_DIM : 0, out);
	(void)buf_addf(out, "%s%s %.*s%s", dash, dash, (int)clean.len, buf_cstr(&clean), columns < width ? " " : "");
	for (; columns < width; columns++)
		(void)buf_add_str(out, dash);
	ink_change(&p->look, NULL, p->look.styled ? INK_DIM : 0, 0, out);
	(void)buf_add_byte(out, '\n');
	mem_free(thread);
	buf_fini(&words);
	buf_fini(&clean);
}

/* As it was typed, behind the mark of the prompt. */
static void draw_question(const struct paper *p, const char *s, size_t n, struct buf *out)
{
	ink k = p->look.styled ? INK_BOLD : 0;
	struct buf clean = { 0 }, wrapped = { 0 };
	const char *end;

	filter_text(filter_of(p), s, n, &clean);
	wrap_text(p->look.width > 12 ? p->look.width - 2 : 0, buf_cstr(&clean), clean.len, &wrapped);
	for (s = buf_cstr(&wrapped); *s; s = *end ? end + 1 : end) {
		end = s + strcspn(s, "\n");
		ink_change(&p->look, NULL, 0, k, out);
		(void)buf_addf(out, "> %.*s", (int)(end - s), s);
		ink_change(&p->look, NULL, k, 0, out);
		(void)buf_add_byte(out, '\n');
	}
	buf_fini(&clean);
	buf_fini(&wrapped);
}

static void draw_markdown(const struct paper *p, const char *s, size_t n, struct buf *out)
{
	struct markdown *m = markdown_new(&p->look);
	struct buf clean = { 0 };

	filter_text(filter_of(p), s, n, &clean);
	markdown_feed(m, (const char *)clean.data, clean.len, out);
	markdown_end(m, out);
	markdown_free(m);
	buf_fini(&clean);
}

/* ---- parts of a turn ---- */

static void add_heading(const struct paper *p, const char *marks, const char *s, size_t n, struct buf *out)
{
	struct buf line = { 0 };

	filter_line(FILTER_TERMINAL, s, n, 300, &line);
	if (is_markdown(p))
		(void)buf_addf(out, "%s ", marks);
	(void)buf_add(out, line.data, line.len);
	(void)buf_add_str(out, "\n\n");
	buf_fini(&line);
}

void paper_title(const struct paper *p, struct val map, struct buf *out)
{
	const char *s = "conversation";
	size_t n = strlen(s);

	(void)val_get_str(map, "name", &s, &n);
	if (p->format != PAPER_DRAWN) {
		add_heading(p, "#", s, n, out);
		return;
	}
	draw_line(p, s, n, INK_BOLD | INK_UNDERLINE, out);
	(void)buf_add_byte(out, '\n');
}

static void add_quote(const struct paper *p, struct val source, struct buf *out)
{
	struct buf quote = { 0 };
	const char *s;
	size_t n;

	if (!val_get_str(source, "quote", &s, &n) || !n)
		return;
	(void)buf_add_byte(&quote, '"');
	filter_line(p->format == PAPER_DRAWN ? filter_of(p) : FILTER_TERMINAL, s, n, 400, &quote);
	(void)buf_add_byte(&quote, '"');
	wrap_indented(p->format == PAPER_DRAWN ? p->look.width : 0, 4, buf_cstr(&quote), quote.len, out);
	buf_fini(&quote);
}

static void add_source(const struct paper *p, struct val source, const struct marks *marks, struct buf *out)
{
	struct buf line = { 0 };

	(void)buf_add_str(&line, is_markdown(p) ? "- " : "");
	source_line(source, marks, &line);
	if (p->format == PAPER_DRAWN) {
		draw_line(p, buf_cstr(&line), line.len, 0, out);
	} else {
		filter_line(FILTER_TERMINAL, buf_cstr(&line), line.len, LINE_BYTES_MAX, out);
		(void)buf_add_byte(out, '\n');
	}
	add_quote(p, source, out);
	buf_fini(&line);
}

static void add_sources(const struct paper *p, struct val turn, struct buf *out)
{
	struct val list = val_get(turn, "sources");
	struct marks marks = { .n = 0 };
	bool first = true;

	marks_take(&marks, val_get(turn, "marks"));
	for (size_t i = 0; i < val_count(list); i++) {
		if (!val_get_bool(val_at(list, i), "cited", true))
			continue;
		if (first && p->format == PAPER_DRAWN)
			draw_line(p, "Sources:", 8, 0, out);
		else if (first)
			add_heading(p, "###", "Sources", 7, out);
		first = false;
		add_source(p, val_at(list, i), &marks, out);
	}
	if (!first)
		(void)buf_add_byte(out, '\n');
	marks_fini(&marks);
}

void paper_text(const struct paper *p, const struct marks *marks, const char *s, size_t n, struct buf *out)
{
	static const struct marks none;
	struct buf text = { 0 };

	marks_draw(p->format == PAPER_SENT ? &none : marks, s, n, &text);
	if (p->format == PAPER_DRAWN)
		draw_markdown(p, buf_cstr(&text), text.len, out);
	else
		(void)buf_add(out, text.data, text.len);
	buf_fini(&text);
}

static int add_answer(const struct paper *p, const struct client *c, struct val turn, struct buf *out)
{
	struct marks marks = { .n = 0 };
	struct buf text = { 0 };
	int r;

	/* before the text: the map may die with what is fetched past it */
	marks_take(&marks, val_get(turn, "marks"));
	r = turn_text(c, turn, &text);
	paper_text(p, &marks, buf_cstr(&text), text.len, out);
	marks_fini(&marks);
	buf_fini(&text);
	return r;
}

/* An answer that is not whole says so where it is read. */
static void add_state(const struct paper *p, struct val turn, struct buf *out)
{
	struct val state = val_get(turn, "state"), error = val_get(turn, "error");
	char *name = val_get_text(turn, "state"), *why = val_get_text(error, "message");
	struct buf line = { 0 };

	if (name && !val_str_is(state, "done")) {
		(void)buf_addf(&line, "(%s%s%s)", name, why ? ": " : "", why ? why : "");
		if (p->format == PAPER_DRAWN)
			draw_line(p, buf_cstr(&line), line.len, INK_DIM, out);
		else
			(void)buf_addf(out, "%s\n", buf_cstr(&line));
		(void)buf_add_byte(out, '\n');
	}
	buf_fini(&line);
	mem_free(name);
	mem_free(why);
}

static void add_question(const struct paper *p, struct val turn, struct buf *out)
{
	const char *s = "";
	size_t n = 0;

	(void)val_get_str(turn, "question", &s, &n);
	if (p->format == PAPER_DRAWN) {
		draw_head(p, turn, out);
		draw_question(p, s, n, out);
		end_block(out);
		return;
	}
	add_heading(p, "##", "Question", 8, out);
	(void)buf_add(out, s, n);
	end_block(out);
	add_heading(p, "##", "Answer", 6, out);
}

int paper_turn(const struct paper *p, const struct client *c, struct val turn, struct buf *out)
{
	int r;

	add_question(p, turn, out);
	r = add_answer(p, c, turn, out);
	end_block(out);
	add_state(p, turn, out);
	add_sources(p, turn, out);
	return r;
}
