/* Where a passage stands, on a line for people. */
#include "client/place.h"

#include <string.h>

#include "client/term.h"
#include "common/utf8.h"

#define CRUMB " > "
#define TITLE_WIDTH 60 /* columns of the headings */

/* The headings above the passage: the nearest ones, as many as make a short line. */
static void add_title(struct val at, struct buf *out)
{
	const char *s, *next;
	size_t n, cut;

	if (!val_get_str(at, "title", &s, &n) || !n)
		return;
	(void)buf_add_str(out, "  ");
	if (term_text_width(s, n) > TITLE_WIDTH && memmem(s, n, CRUMB, strlen(CRUMB)))
		(void)buf_add_str(out, "…" CRUMB);
	while (term_text_width(s, n) > TITLE_WIDTH && (next = memmem(s, n, CRUMB, strlen(CRUMB)))) {
		n -= (size_t)(next - s) + strlen(CRUMB);
		s = next + strlen(CRUMB);
	}
	for (cut = n; term_text_width(s, cut) > TITLE_WIDTH;)
		cut = utf8_floor(s, n, cut - 1);
	(void)buf_add(out, s, cut);
	if (cut < n)
		(void)buf_add_str(out, "…");
}

void place_add(struct val at, struct buf *out)
{
	int64_t page = val_get_int(at, "page", -1), line = val_get_int(at, "line", -1);
	const char *path;
	size_t n;

	if (val_get_str(at, "path", &path, &n) && n) {
		(void)buf_add_byte(out, ' ');
		(void)buf_add(out, path, n);
	}
	if (line > 0)
		(void)buf_addf(out, ":%lld", (long long)line);
	if (page > 0)
		(void)buf_addf(out, " p. %lld", (long long)page);
	add_title(at, out);
}
