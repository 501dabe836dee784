/* The cleaning of what cmark gets: bytes to text, line ends to LF, controls to something one can see. */
#include <errno.h>
#include <string.h>

#include "common/utf8.h"
#include "daemon/pdf/md_in.h"

static int clean_utf8(const char *s, size_t n, struct buf *out)
{
	struct utf8_clean c = { 0 };
	int r = utf8_clean_feed(&c, s, n, out);

	return r < 0 ? r : utf8_clean_end(&c, out);
}

/* CR LF and CR are LF, VT and FF spaces; what remains of C0 and C1 (but NEL) has no sign of its own. */
static int add_control(const char *s, size_t n, struct buf *out)
{
	if (*s == '\r')
		return n > 1 && s[1] == '\n' ? 0 : buf_add_byte(out, '\n');
	if (*s == '\v' || *s == '\f')
		return buf_add_byte(out, ' ');
	return buf_add(out, "\xEF\xBF\xBD", 3);
}

static size_t is_control(const char *s, size_t n)
{
	unsigned char c = (unsigned char)*s, d = n > 1 ? (unsigned char)s[1] : 0;

	if (c < 0x20)
		return c != '\t' && c != '\n';
	if (c == 0xC2 && d < 0xA0 && d != 0x85)
		return 2;
	return c == 0x7F;
}

int md_clean(const char *s, size_t n, struct buf *out)
{
	struct buf valid = { 0 };
	int r = clean_utf8(s, n, &valid);
	const char *p = buf_cstr(&valid), *end = p + valid.len, *from = p;

	while (r == 0 && p < end) {
		size_t k = is_control(p, (size_t)(end - p));

		if (!k) {
			p++;
			continue;
		}
		r = buf_add(out, from, (size_t)(p - from));
		if (r == 0)
			r = add_control(p, (size_t)(end - p), out);
		p += k;
		from = p;
	}
	if (r == 0 && from < end)
		r = buf_add(out, from, (size_t)(end - from));
	buf_fini(&valid);
	return r;
}
