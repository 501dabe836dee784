/* Wrapping of streamed text. */
#include "client/wrap.h"

#include <string.h>

#include "client/term.h"
#include "common/utf8.h"

#define INDENT_CODE 4 /* spaces that make a line code, in Markdown */

void wrap_init(struct wrap *w, unsigned width)
{
	*w = (struct wrap){ .width = width };
}

void wrap_fini(struct wrap *w)
{
	buf_fini(&w->word);
}

static void put_spaces(struct wrap *w, struct buf *out)
{
	w->column += w->spaces;
	for (; w->spaces; w->spaces--)
		(void)buf_add_byte(out, ' ');
}

/* The first word of a line tells what kind of line it is. */
static void look_at_first(struct wrap *w)
{
	const char *s = (const char *)w->word.data;
	bool mark = w->word.len >= 3 && (!memcmp(s, "```", 3) || !memcmp(s, "~~~", 3));

	w->begun = true;
	w->verbatim = w->fence || mark || s[0] == '|' || w->spaces >= INDENT_CODE;
	if (mark)
		w->fence = !w->fence;
}

static void put_word(struct wrap *w, struct buf *out)
{
	if (!w->word.len)
		return;
	if (!w->begun)
		look_at_first(w);
	if (!w->verbatim && !w->glued && w->column &&
		w->column + w->spaces + w->word_width > w->width) {
		(void)buf_add_byte(out, '\n');
		w->column = 0;
		w->spaces = 0;
	}
	put_spaces(w, out);
	(void)buf_add(out, w->word.data, w->word.len);
	w->column += w->word_width;
	w->word_width = 0;
	buf_reset(&w->word);
}

static void put_newline(struct wrap *w, struct buf *out)
{
	put_word(w, out);
	put_spaces(w, out);
	(void)buf_add_byte(out, '\n');
	w->column = 0;
	w->begun = w->verbatim = w->glued = false;
}

static void take_char(struct wrap *w, const char *s, size_t n, struct buf *out)
{
	uint32_t cp;
	unsigned width;

	(void)utf8_decode(s, n, &cp);
	width = term_char_width(cp);
	/* Scripts without spaces may be broken before each wide character. */
	if (width == 2) {
		put_word(w, out);
		w->glued = false;
	}
	(void)buf_add(&w->word, s, n);
	w->word_width += width;
	/* The rest of what cannot be broken need not wait. */
	if (width == 2 || w->glued || (w->begun && w->verbatim) || w->word_width >= w->width) {
		put_word(w, out);
		w->glued = width != 2;
	}
}

static void take_byte(struct wrap *w, char c, struct buf *out)
{
	if (c == '\n') {
		put_newline(w, out);
	} else if (c == ' ') {
		put_word(w, out);
		w->glued = false;
		w->spaces++;
	} else if (c == '\t') {
		put_word(w, out);
		w->glued = false;
		w->verbatim |= !w->begun;
		w->begun = true;
		put_spaces(w, out);
		(void)buf_add_byte(out, '\t');
		w->column = (w->column / 8 + 1) * 8;
	} else {
		take_char(w, &c, 1, out);
	}
}

/* The bytes of one character, held together with those of the piece before; 0: it is cut off. */
static size_t take_wide(struct wrap *w, const char *s, size_t n, struct buf *out)
{
	char joined[4];
	size_t had = w->npart, more = n < 4 - had ? n : 4 - had;
	uint32_t cp;
	int used;

	memcpy(joined, w->part, had);
	memcpy(joined + had, s, more);
	used = utf8_decode(joined, had + more, &cp);
	if (used <= 0 && had + more < 4) {
		memcpy(w->part, joined, had + more);
		w->npart = had + more;
		return n;
	}
	w->npart = 0;
	used = used <= 0 ? 4 : used;
	take_char(w, joined, (size_t)used, out);
	return (size_t)used - had;
}

void wrap_feed(struct wrap *w, const char *s, size_t n, struct buf *out)
{
	if (!w->width) {
		(void)buf_add(out, s, n);
		return;
	}
	for (size_t i = 0; i < n;) {
		if (!w->npart && (uint8_t)s[i] < 0x80)
			take_byte(w, s[i++], out);
		else
			i += take_wide(w, s + i, n - i, out);
	}
}

void wrap_end(struct wrap *w, struct buf *out)
{
	put_word(w, out);
	put_spaces(w, out);
	(void)buf_add(out, w->part, w->npart);
	w->npart = 0;
}

void wrap_text(unsigned width, const char *s, size_t n, struct buf *out)
{
	struct wrap w;

	wrap_init(&w, width);
	wrap_feed(&w, s, n, out);
	wrap_end(&w, out);
	wrap_fini(&w);
}

void wrap_indented(unsigned width, unsigned indent, const char *s, size_t n, struct buf *out)
{
	struct buf lines = { 0 };
	const char *end;

	wrap_text(width > 2 * indent ? width - indent : width, s, n, &lines);
	for (s = buf_cstr(&lines); *s; s = *end ? end + 1 : end) {
		end = s + strcspn(s, "\n");
		(void)buf_addf(out, "%*s%.*s\n", (int)indent, "", (int)(end - s), s);
	}
	buf_fini(&lines);
}
