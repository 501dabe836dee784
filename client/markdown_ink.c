/* Styled text: inks, their sequences, links, the width of a character. */
#include <stdlib.h>
#include <string.h>

#include "client/markdown_in.h"
#include "client/term.h"
#include "common/attr.h"
#include "common/mem.h"
#include "common/utf8.h"

static const struct {
	uint8_t bit;
	const char *code;
} codes[] = {
	{ INK_BOLD, "1" },
	{ INK_DIM, "2" },
	{ INK_ITALIC, "3" },
	{ INK_UNDERLINE, "4" },
	{ INK_STRIKE, "9" },
	{ INK_CODE, "36" },
};

/* An address goes into a control sequence: printable ASCII only, and only what a browser takes. */
static bool may_be_clicked(const char *url, size_t n)
{
	if (n > 2000 || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
		return false;
	for (size_t i = 0; i < n; i++)
		if (url[i] <= ' ' || url[i] > '~')
			return false;
	return true;
}

unsigned links_add(struct links *l, const struct markdown_look *look, const char *url, size_t n)
{
	if (!look->hyperlinks || n < 9 || !may_be_clicked(url, n))
		return 0;
	l->last = l->last % LINKS + 1;
	mem_free(l->url[l->last]);
	l->url[l->last] = mem_ndup(url, n);
	return l->last;
}

void links_fini(struct links *l)
{
	for (size_t i = 0; i <= LINKS; i++)
		l->url[i] = mem_free(l->url[i]);
}

static void change_link(const struct links *l, unsigned from, unsigned to, struct buf *out)
{
	if (from == to)
		return;
	if (from)
		(void)buf_add_str(out, "\033]8;;\033\\");
	if (to)
		(void)buf_addf(out, "\033]8;;%s\033\\", l->url[to]);
}

void ink_change(const struct markdown_look *look, const struct links *l, ink from, ink to, struct buf *out)
{
	const char *sep = "\033[";

	change_link(l, from >> 8, to >> 8, out);
	from &= 0xFF;
	to &= 0xFF;
	if (!look->styled || from == to)
		return;
	if (from & ~to) {
		(void)buf_add_str(out, "\033[0");
		sep = ";";
		from = 0;
	}
	for (size_t i = 0; i < array_len(codes); i++)
		if (to & ~from & codes[i].bit) {
			(void)buf_addf(out, "%s%s", sep, codes[i].code);
			sep = ";";
		}
	(void)buf_add_byte(out, 'm');
}

void rich_add(struct rich *r, const char *s, size_t n, ink k)
{
	size_t had = r->text.len;

	if (buf_add(&r->text, s, n))
		return;
	while (r->cap < r->text.len)
		r->inks = mem_grow(r->inks, &r->cap, r->cap, sizeof(*r->inks));
	for (size_t i = had; i < r->text.len; i++)
		r->inks[i] = k;
}

void rich_reset(struct rich *r)
{
	buf_reset(&r->text);
}

void rich_fini(struct rich *r)
{
	buf_fini(&r->text);
	r->inks = mem_free(r->inks);
	r->cap = 0;
}

unsigned rich_char(const char *s, size_t n, size_t *used)
{
	uint32_t cp;
	int r = utf8_decode(s, n, &cp);

	*used = (size_t)(r < 0 ? -r : r);
	return term_char_width(cp);
}
