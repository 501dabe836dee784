/*
 * Words into lines. A word is out when what follows it is known to be no part of it; one wider than
 * the line stays whole, so that an address can be copied. Each line ends without ink: a pager or a
 * cut leaves nothing on.
 */
#include <string.h>

#include "client/markdown_in.h"
#include "common/utf8.h"

#define ZWJ 0x200D

static void begin_line(struct flow *f, struct buf *out)
{
	const struct buf *before = f->begun ? &f->rest : &f->first;

	if (f->open)
		return;
	(void)buf_add(out, before->data, before->len);
	f->column = f->begun ? f->rest_columns : f->first_columns;
	f->begun = f->open = true;
}

static void turn_ink(struct flow *f, ink to, struct buf *out)
{
	ink_change(f->look, f->links, f->now, to, out);
	f->now = to;
}

/* An isolate must not reach into the next line, whoever writes it. */
static void close_isolates(struct flow *f, struct buf *out)
{
	for (; f->isolates; f->isolates--)
		(void)buf_add_str(out, "\xE2\x81\xA9");
}

static void end_line(struct flow *f, struct buf *out)
{
	begin_line(f, out);
	turn_ink(f, 0, out);
	close_isolates(f, out);
	/* The bar of a quote stays, the space behind it goes. */
	while (out->len && out->data[out->len - 1] == ' ')
		out->len--;
	(void)buf_add_byte(out, '\n');
	f->open = false;
	f->spaces = 0;
}

static void count_isolates(struct flow *f)
{
	const char *s = (const char *)f->word.text.data;

	for (size_t i = 0; i + 2 < f->word.text.len; i++) {
		if (memcmp(s + i, "\xE2\x81", 2) != 0)
			continue;
		if ((uint8_t)s[i + 2] >= 0xA6 && (uint8_t)s[i + 2] <= 0xA8)
			f->isolates++;
		else if ((uint8_t)s[i + 2] == 0xA9 && f->isolates)
			f->isolates--;
	}
}

static void put_spaces(struct flow *f, ink k, struct buf *out)
{
	if (f->spaces)
		turn_ink(f, f->now & k, out);
	f->column += f->spaces;
	for (; f->spaces; f->spaces--)
		(void)buf_add_byte(out, ' ');
}

static bool is_letter(char c)
{
	return (c & 0x80) || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A wide character comes alone, but stands in the list with the one it was found with. */
static bool is_listed(const struct buf *words, const char *s, size_t n)
{
	const char *at = (const char *)words->data, *end = at + words->len;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = stop ? (size_t)(stop - at) : (size_t)(end - at);

		if (len == n && !strncasecmp(at, s, n))
			return true;
		if (n == 3 && (s[0] & 0x80) && len >= 6 && memmem(at, len, s, n))
			return true;
		at += len + 1;
	}
	return false;
}

static void embolden(struct flow *f)
{
	const char *s = (const char *)f->word.text.data;
	size_t n = f->word.text.len, len;

	for (size_t i = 0; i < n; i += len) {
		for (len = 0; i + len < n && is_letter(s[i + len]); len++)
			;
		if (len && is_listed(f->words, s + i, len))
			for (size_t k = i; k < i + len; k++)
				f->word.inks[k] |= INK_BOLD;
		len = len ? len : 1;
	}
}

static void put_word(struct flow *f, struct buf *out)
{
	const char *s = (const char *)f->word.text.data;
	size_t n = f->word.text.len, run;

	if (!n)
		return;
	if (f->words && f->look->styled)
		embolden(f);
	if (f->look->width && f->open && f->column > f->rest_columns &&
		f->column + f->spaces + f->word_width > f->look->width)
		end_line(f, out);
	begin_line(f, out);
	put_spaces(f, f->word.inks[0], out);
	for (size_t i = 0; i < n; i += run) {
		for (run = 1; i + run < n && f->word.inks[i + run] == f->word.inks[i]; run++)
			;
		turn_ink(f, f->word.inks[i], out);
		(void)buf_add(out, s + i, run);
	}
	count_isolates(f);
	f->column += f->word_width;
	f->word_width = 0;
	rich_reset(&f->word);
}

/* What may not begin a line: closing brackets and stops of the scripts without spaces. */
static bool sticks_to_before(uint32_t cp)
{
	static const uint16_t stops[] = { 0x3001, 0x3002, 0x3009, 0x300B, 0x300D, 0x300F, 0x3011, 0x3015, 0x3017, 0x3019,
		0x301F, 0x30FB, 0x30FC, 0xFF01, 0xFF09, 0xFF0C, 0xFF0E, 0xFF1A, 0xFF1B, 0xFF1F, 0xFF3D, 0xFF5D };

	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		if (stops[i] == cp)
			return true;
	return false;
}

static void take_char(struct flow *f, const char *s, size_t n, ink k, struct buf *out)
{
	size_t used;
	uint32_t cp;
	unsigned width = rich_char(s, n, &used);

	(void)utf8_decode(s, n, &cp);
	if (width == 2 && !f->joined && !sticks_to_before(cp))
		put_word(f, out);
	rich_add(&f->word, s, n, k);
	f->word_width += f->joined ? 0 : width;
	f->joined = cp == ZWJ;
}

static void take_tab(struct flow *f, struct buf *out)
{
	put_word(f, out);
	begin_line(f, out);
	f->spaces += 8 - (f->column + f->spaces) % 8;
}

void flow_text(struct flow *f, const char *s, size_t n, ink k, struct buf *out)
{
	size_t used;

	for (size_t i = 0; i < n; i += used) {
		used = 1;
		if (s[i] == ' ') {
			put_word(f, out);
			f->spaces++;
		} else if (s[i] == '\t') {
			take_tab(f, out);
		} else {
			(void)rich_char(s + i, n - i, &used);
			take_char(f, s + i, used, k, out);
		}
	}
}

void flow_break(struct flow *f, struct buf *out)
{
	put_word(f, out);
	f->joined = false;
	end_line(f, out);
}

void flow_fini(struct flow *f)
{
	rich_fini(&f->word);
	buf_fini(&f->first);
	buf_fini(&f->rest);
}
