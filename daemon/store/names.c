/* Texts on their way out: clean, cut, and names as people see them. */
#include <errno.h>
#include <string.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "daemon/store/rows.h"

char *text_copy(const char *s, size_t len, uint64_t max, size_t *n)
{
	struct utf8_clean clean = { .nheld = 0 };
	struct buf out;
	char *copy = NULL;
	size_t cut;

	if (!s)
		s = "", len = 0;
	if (utf8_valid_no_nul(s, len)) {
		cut = utf8_floor(s, len, max < len ? (size_t)max : len);
		if (n)
			*n = cut;
		return mem_ndup(s, cut);
	}
	buf_init(&out, 0);
	if (utf8_clean_feed(&clean, s, len, &out) == 0 && utf8_clean_end(&clean, &out) == 0)
		copy = text_copy(buf_cstr(&out), out.len, max, n);
	buf_fini(&out);
	return copy ? copy : text_copy("", 0, 0, n);
}

char *text_column(sqlite3_stmt *s, int i)
{
	const char *text = db_col_text(s, i);

	return text ? text_copy(text, db_col_bytes(s, i), UINT64_MAX, NULL) : NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Bytes of the first `max` code points. */
static size_t span_of(const char *s, size_t n, size_t max)
{
	size_t at = 0;
	uint32_t cp;

	while (at < n && max--) {
		int r = utf8_decode(s + at, n - at, &cp);

		at += (size_t)(r < 0 ? -r : r);
	}
	return at;
}

char *name_first_line(const char *s, size_t n, size_t max)
{
	const char *end;

	while (n && is_blank(*s))
		s++, n--;
	end = n ? memchr(s, '\n', n) : NULL;
	n = span_of(s, end ? (size_t)(end - s) : n, max);
	while (n && is_blank(s[n - 1]))
		n--;
	return n ? text_copy(s, n, UINT64_MAX, NULL) : mem_dup(NAME_NONE);
}

/* ragchat_within(TEXT, PART): ASCII letters of either case. */
static void within(sqlite3_context *out, int n, sqlite3_value **v)
{
	const char *text = (const char *)sqlite3_value_text(v[0]), *part = (const char *)sqlite3_value_text(v[1]);

	(void)n;
	sqlite3_result_int(out, text && part && strcasestr(text, part));
}

int names_register(sqlite3 *chat)
{
	int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
	int rc = sqlite3_create_function_v2(chat, "ragchat_within", 2, flags, NULL, within, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : -ENOMEM;
}
