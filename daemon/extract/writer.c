/* Blocks and inline text. */
#include "daemon/extract/writer.h"

#include <string.h>

#include "common/attr.h"
#include "daemon/extract/writer_in.h"

#define SPILL ((size_t)256 << 10) /* bytes of a paragraph that are not kept together */

void writer_init(struct writer *w, struct out *out)
{
	*w = (struct writer){ .out = out, .page = -1, .line = -1, .fresh = true };
	buf_init(&w->now, 0);
	buf_init(&w->row, 0);
}

void writer_fini(struct writer *w)
{
	buf_fini(&w->now);
	buf_fini(&w->row);
}

/* ---- blocks ---- */

static void put(struct writer *w, const char *s)
{
	out_text(w->out, s, strlen(s));
}

/* Items stand below each other, everything else apart. */
static void put_gap(struct writer *w, enum block_kind kind)
{
	if (w->any)
		put(w, kind == BLOCK_ITEM && w->last == BLOCK_ITEM && !w->fresh ? "\n" : "\n\n");
	w->any = true;
	w->fresh = false;
	w->last = kind;
}

static void put_prefix(struct writer *w)
{
	static const char marks[] = "###### ";
	unsigned level = min_of(w->level, 6u);

	if (w->kind == BLOCK_HEADING)
		put(w, marks + 6 - max_of(level, 1u));
	for (unsigned i = 0; w->kind == BLOCK_ITEM && i < level; i++)
		put(w, "  ");
	put(w, w->mark[0] ? w->mark : w->kind == BLOCK_ITEM ? "-" : "");
	if (w->mark[0] || w->kind == BLOCK_ITEM)
		put(w, " ");
	if (w->kind == BLOCK_CODE)
		put(w, "```\n");
}

static void flush_block(struct writer *w)
{
	while (w->now.len && strchr(" \n", w->now.data[w->now.len - 1]))
		w->now.len--;
	if (w->now.len) {
		put_gap(w, w->kind);
		put_prefix(w);
		out_text(w->out, (const char *)w->now.data, w->now.len);
		if (w->kind == BLOCK_CODE)
			put(w, "\n```");
	}
	buf_reset(&w->now);
	w->mark[0] = '\0';
	w->space = false;
}

void writer_paragraph(struct writer *w, const char *s, size_t n)
{
	if (!n)
		return;
	put_gap(w, BLOCK_TEXT);
	out_text(w->out, s, n);
}

void writer_line(struct writer *w, bool first)
{
	if (first)
		put_gap(w, BLOCK_TEXT);
	else
		put(w, "\n");
	w->any = true;
	w->fresh = false;
	w->last = BLOCK_TEXT;
}

void writer_block(struct writer *w, enum block_kind kind, unsigned level)
{
	if (w->in_cell) {
		w->space = true;
		return;
	}
	flush_block(w);
	w->kind = kind;
	w->level = level;
}

void writer_retitle(struct writer *w, enum block_kind kind, unsigned level)
{
	if (w->in_cell)
		return;
	w->kind = kind;
	w->level = level;
}

void writer_mark(struct writer *w, const char *mark)
{
	if (w->in_cell)
		writer_str(w, mark);
	else
		(void)snprintf(w->mark, sizeof(w->mark), "%s", mark);
	w->space = w->space || w->in_cell;
}

void writer_end(struct writer *w)
{
	writer_block(w, BLOCK_TEXT, 0);
}

/* ---- inline ---- */

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void add(struct writer *w, const char *s, size_t n)
{
	if (w->space && w->now.len && w->now.data[w->now.len - 1] != '\n')
		(void)buf_add_byte(&w->now, ' ');
	w->space = false;
	if (buf_add(&w->now, s, n) != 0 && w->out->r == 0)
		w->out->r = OUT_E_FULL;
}

static void add_code(struct writer *w, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] != '\r' && (s[i] != '\n' || w->now.len))
			(void)buf_add(&w->now, s + i, 1);
	w->space = false;
}

/* A very long paragraph goes out in pieces, each a paragraph for all who read on. */
static void spill(struct writer *w)
{
	if (w->now.len > SPILL && !w->in_cell && w->kind == BLOCK_TEXT)
		flush_block(w);
	if (w->now.len + w->row.len > w->out->max && w->out->r == 0)
		w->out->r = OUT_E_FULL;
}

void writer_text(struct writer *w, const char *s, size_t n)
{
	size_t at = 0;

	if (w->kind == BLOCK_CODE && !w->in_cell) {
		add_code(w, s, n);
		at = n;
	}
	while (at < n) {
		size_t end = at;

		while (end < n && !is_space(s[end]))
			end++;
		if (end > at)
			add(w, s + at, end - at);
		if (end > at && w->now.len > SPILL)
			spill(w);
		w->space = w->space || end < n;
		at = end + 1;
	}
	spill(w);
}

void writer_str(struct writer *w, const char *s)
{
	writer_text(w, s, strlen(s));
}

void writer_break(struct writer *w)
{
	if (w->in_cell || w->kind == BLOCK_HEADING || w->kind == BLOCK_ITEM) {
		w->space = true;
		return;
	}
	if (w->now.len)
		(void)buf_add_byte(&w->now, '\n');
	w->space = false;
}

/* ---- places ---- */

void writer_place(struct writer *w, int page, int line, const char *label)
{
	if (!w->in_cell)
		flush_block(w);
	if (page == w->page && line == w->line && !strcmp(label, w->label))
		return;
	/* the gap belongs to what stands above */
	if (w->any && !w->fresh && (page != w->page || strcmp(label, w->label) != 0)) {
		put(w, "\n\n");
		w->any = false;
		w->fresh = true;
	}
	w->page = page;
	w->line = line;
	(void)snprintf(w->label, sizeof(w->label), "%s", label);
	out_place(w->out, page, line, w->label);
}
