/*
 * The seed's names: from the environment, and from a .env file as python-dotenv reads it.
 *
 * A .env file belongs to other programs too. What is not one of our four names is passed over,
 * quoted values of several lines included; only a line of ours that is wrong is an error.
 */
#include "daemon/config_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/utf8.h"

const char *const seed_names[SEED_COUNT] = { "FASTAPI_URL", "API_KEY", "APP_USER", "APP_PASSWORD" };

struct cursor {
	const char *p, *end;
	unsigned line;
};

void seed_fini(struct seed *s)
{
	for (size_t i = 0; i < SEED_COUNT; i++)
		s->v[i] = mem_wipe(s->v[i], s->v[i] ? strlen(s->v[i]) : 0);
}

void seed_from_environment(struct seed *s)
{
	for (size_t i = 0; i < SEED_COUNT; i++) {
		const char *v = getenv(seed_names[i]);

		s->v[i] = v && *v ? mem_dup(v) : NULL;
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\f' || c == '\v';
}

static bool is_end(const struct cursor *c)
{
	return c->p == c->end || *c->p == '\n' ||
	       (*c->p == '\r' && (c->p + 1 == c->end || c->p[1] == '\n'));
}

static void skip_blanks(struct cursor *c)
{
	while (c->p < c->end && is_blank(*c->p))
		c->p++;
}

static void skip_line(struct cursor *c)
{
	while (c->p < c->end && *c->p != '\n')
		c->p++;
	if (c->p < c->end) {
		c->p++;
		c->line++;
	}
}

static void take_plain(struct cursor *c, struct buf *value)
{
	const char *from = c->p, *to;

	while (!is_end(c) && !(*c->p == '#' && (c->p == from || is_blank(c->p[-1]))))
		c->p++;
	for (to = c->p; to > from && is_blank(to[-1]); to--)
		;
	buf_add(value, from, (size_t)(to - from));
}

static char unescape(char c)
{
	static const char codes[] = "abfnrtv", bytes[] = "\a\b\f\n\r\t\v";
	const char *at = strchr(codes, c);

	return at && c ? bytes[at - codes] : c;
}

/* Within '...' a backslash escapes itself and the quote only; elsewhere it stands for itself. */
static void take_escape(struct cursor *c, char quote, struct buf *value)
{
	char next = c->p[1];

	if (next == '\\' || next == quote || (quote == '"' && unescape(next) != next)) {
		buf_add_byte(value, (uint8_t)(quote == '"' ? unescape(next) : next));
		c->p += 2;
	} else {
		buf_add_byte(value, '\\');
		c->p++;
	}
}

/* False: the quote is never closed; the cursor stands where it stood. */
static bool take_quoted(struct cursor *c, struct buf *value)
{
	struct cursor start = *c;
	char quote = *c->p++;

	while (c->p < c->end && *c->p != quote) {
		if (*c->p == '\\' && c->p + 1 < c->end) {
			take_escape(c, quote, value);
			continue;
		}
		c->line += *c->p == '\n';
		buf_add_byte(value, (uint8_t)*c->p++);
	}
	if (c->p < c->end) {
		c->p++;
		return true;
	}
	*c = start;
	return false;
}

/* The cursor stands behind "=". */
static const char *take_value(struct cursor *c, struct buf *value)
{
	skip_blanks(c);
	if (c->p == c->end || (*c->p != '"' && *c->p != '\'')) {
		take_plain(c, value);
		return NULL;
	}
	if (!take_quoted(c, value))
		return "the quote is not closed";
	skip_blanks(c);
	return is_end(c) || *c->p == '#' ? NULL : "something follows the closing quote";
}

static int which_name(const char *s, size_t n)
{
	for (int i = 0; i < SEED_COUNT; i++) {
		if (strlen(seed_names[i]) == n && !memcmp(seed_names[i], s, n))
			return i;
	}
	return -1;
}

static int take_name(struct cursor *c)
{
	static const char export_word[] = "export";
	size_t k = sizeof(export_word) - 1, n;
	const char *from;
	bool quoted;

	skip_blanks(c);
	if ((size_t)(c->end - c->p) > k && !memcmp(c->p, export_word, k) && is_blank(c->p[k])) {
		c->p += k;
		skip_blanks(c);
	}
	quoted = c->p < c->end && *c->p == '\'';
	c->p += quoted;
	for (from = c->p;
		!is_end(c) && !is_blank(*c->p) && *c->p != '=' && *c->p != '#' && *c->p != '\'';)
		c->p++;
	n = (size_t)(c->p - from);
	if (quoted && c->p < c->end && *c->p == '\'')
		c->p++;
	skip_blanks(c);
	return which_name(from, n);
}

static const char *value_complaint(struct buf *value)
{
	const char *s = buf_cstr(value);

	if (value->failed)
		return "its value is too long";
	if (!utf8_valid_no_nul(s, value->len))
		return "its value is not UTF-8 text";
	if (strstr(s, "${"))
		return "${...} is not expanded here; write the value out";
	return NULL;
}

/* One line, or more when a quoted value spans them. */
static const char *take_assignment(struct cursor *c, struct seed *s, struct buf *value)
{
	unsigned line = c->line;
	int which = take_name(c);
	const char *bad;

	if (c->p == c->end || *c->p != '=') /* a comment, a bare name, or no assignment at all */
		return which < 0 || is_end(c) || *c->p == '#' ? NULL
							      : "'=' is missing behind the name";
	c->p++;
	bad = take_value(c, value);
	if (which < 0)
		return NULL;
	if (!bad)
		bad = value_complaint(value);
	if (bad)
		return bad;
	mem_wipe(s->v[which], s->v[which] ? strlen(s->v[which]) : 0);
	s->v[which] = value->len ? mem_ndup(buf_cstr(value), value->len) : NULL;
	s->line[which] = line;
	return NULL;
}

int dotenv_parse(struct seed *s, const char *text, size_t n, unsigned *line, const char **complaint)
{
	struct cursor c = { .p = text, .end = text + n, .line = 1 };
	struct buf value;

	buf_init(&value, 65536);
	*complaint = NULL;
	if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		c.p += 3;
	while (c.p < c.end && !*complaint) {
		*line = c.line;
		buf_reset(&value);
		*complaint = take_assignment(&c, s, &value);
		skip_line(&c);
	}
	buf_wipe(&value);
	return *complaint ? -EINVAL : 0;
}

int seed_from_file(struct seed *s, const char *path, char **why)
{
	const char *complaint;
	struct stat st;
	struct buf text;
	unsigned line = 0;
	int fd, res;

	buf_init(&text, CONFIG_FILE_MAX);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	res = fd < 0 || fstat(fd, &st) < 0 ? -errno : fd_read_all(fd, &text);
	if (res < 0)
		goto out;
	s->open_to_others = st.st_mode & 077;
	res = dotenv_parse(s, buf_cstr(&text), text.len, &line, &complaint);
	if (res)
		config_fail_plain(why, "%s:%u: %s", path, line, complaint);
out:
	fd_close(fd);
	buf_wipe(&text);
	return res;
}
