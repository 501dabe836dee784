/*
 * ragchat.conf itself: lines of "name = value". A comment begins with "#" at the start of a line
 * or after a blank; within double quotes "#" and blanks are plain, and \" \\ \n \t are known.
 */
#include "daemon/config_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/utf8.h"

/* What people write who know another program's name for it. */
static const struct {
	const char *theirs, *ours;
} hints[] = {
	{ "url", "backend" },
	{ "base_url", "backend" },
	{ "backend_url", "backend" },
	{ "fastapi_url", "backend" },
	{ "endpoint", "backend" },
	{ "key", "api_key" },
	{ "token", "api_key" },
	{ "db", "database" },
	{ "db_path", "database" },
	{ "loglevel", "log" },
	{ "log_level", "log" },
	{ "timeout", "total_timeout" },
	{ "system_prompt", "system" },
	{ "app_user", "account" },
};

#define NAME_MAX_LEN 40u /* compared for a suggestion; ours are shorter */

/* Levenshtein distance, in one row. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_LEN + 1], n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t corner = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			size_t change = corner + (a[i] != b[j]);

			corner = row[j + 1];
			row[j + 1] = min_of(change, min_of(corner, row[j]) + 1);
		}
	}
	return row[n];
}

static const char *nearest_option(const char *name)
{
	size_t best = 3, n = strlen(name); /* three changes make another word */
	const char *found = NULL;

	for (size_t i = 0; i < array_len(hints); i++) {
		if (str_eq_case(name, hints[i].theirs))
			return hints[i].ours;
	}
	if (n > NAME_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < OPT_COUNT; i++) {
		size_t d = distance(name, config_table[i].name);

		if (d < best && d < n) {
			best = d;
			found = config_table[i].name;
		}
	}
	return found;
}

static const struct option *find_option(const char *name)
{
	for (size_t i = 0; i < OPT_COUNT; i++) {
		if (!strcmp(config_table[i].name, name))
			return &config_table[i];
	}
	return NULL;
}

static int fail_unknown(const struct config_reader *r, const char *name)
{
	const char *near = nearest_option(name);

	if (near)
		return config_fail(
			r, r->now, "there is no option '%.60s'; did you mean '%s'?", name, near);
	return config_fail(r, r->now, "there is no option '%.60s'; see ragchat.conf(5)", name);
}

/* In place. NULL: fine; else what is wrong. */
static const char *take_quoted(char *s)
{
	char *to = s, *from = s + 1;

	for (; *from && *from != '"'; from++) {
		if (*from == '\\') {
			from++;
			if (!*from || !strchr("\"\\nt", *from))
				return "after a backslash in quotes comes one of \" \\ n t";
			*to++ = *from == 'n' ? '\n' : *from == 't' ? '\t' : *from;
		} else {
			*to++ = *from;
		}
	}
	if (!*from)
		return "the quotes are not closed";
	from++;
	from += strspn(from, " \t");
	if (*from && *from != '#')
		return "something follows the closing quote; write \\\" for a quote within quotes";
	*to = '\0';
	return NULL;
}

static void cut_comment(char *s)
{
	for (char *p = s; *p; p++) {
		if (*p == '#' && (p == s || p[-1] == ' ' || p[-1] == '\t')) {
			*p = '\0';
			break;
		}
	}
	str_trim(s);
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.';
}

/* The bytes between "=" and the end of the line, in place. */
static int take_value(const struct config_reader *r, const struct option *o, char *value)
{
	const char *bad;

	if (*value != '"') {
		cut_comment(value);
		return 0;
	}
	bad = take_quoted(value);
	return bad ? config_fail(r, r->now, "%s: %s", o->name, bad) : 0;
}

static int set_option(struct config_reader *r, const char *name, char *value)
{
	const struct option *o = find_option(name);
	unsigned *line;
	int res;

	if (!o)
		return fail_unknown(r, name);
	line = &r->line[o - config_table];
	if (*line && o->kind != KIND_LIST)
		return config_fail(
			r, r->now, "%s stands in line %u already; keep one of them", name, *line);
	*line = r->now;
	res = take_value(r, o, value);
	return res ? res : config_value_set(r, o, value);
}

static int read_line(struct config_reader *r, char *s)
{
	char *name = str_trim(s), *end = name, *value;

	if (!*name || *name == '#')
		return 0;
	if (*name == '[')
		return config_fail(r, r->now, "there are no sections here; leave this line out");
	while (is_name_byte(*end))
		end++;
	value = end + strspn(end, " \t");
	if (end == name)
		return config_fail(
			r, r->now, "this is no 'name = value'; a comment begins with '#'");
	if (*value != '=') {
		*end = '\0';
		return config_fail(
			r, r->now, "'%.60s' is not followed by '='; write 'name = value'", name);
	}
	*end = '\0';
	value++;
	return set_option(r, name, value + strspn(value, " \t"));
}

int config_text_read(struct config_reader *r, char *text, size_t n)
{
	char *end = text + n, *line = text, *next;
	int res = 0;

	if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		line += 3;
	for (r->now = 1; !res && line < end; r->now++, line = next) {
		char *stop = memchr(line, '\n', (size_t)(end - line));

		if (!stop)
			stop = end;
		next = stop < end ? stop + 1 : end;
		if (!utf8_valid_no_nul(line, (size_t)(stop - line)))
			return config_fail(r, r->now, "this line is not UTF-8 text");
		*stop = '\0';
		res = read_line(r, line);
	}
	return res;
}

static int fail_errno(const struct config_reader *r, int error)
{
	*r->why = mem_printf("cannot read '%s': %s", r->c->file, strerror(error));
	return -error;
}

static bool holds_secret(const struct config_reader *r, unsigned *line)
{
	const struct config *c = r->c;

	*line = r->line[OPT_api_key];
	if (c->api_key)
		return true;
	*line = r->line[OPT_embeddings_key];
	if (c->embeddings_key)
		return true;
	*line = r->line[OPT_proxy];
	if (c->proxy && strchr(c->proxy, '@'))
		return true;
	*line = r->line[OPT_header];
	for (size_t i = 0; i < c->header.n; i++) {
		if (config_header_is_secret(c->header.v[i]))
			return true;
	}
	return false;
}

/* A key that others can read is no key: said at once, not when it is abused. */
static int check_secrets(const struct config_reader *r, const struct stat *st)
{
	unsigned line;

	if (!holds_secret(r, &line))
		return 0;
	if (st->st_uid != geteuid())
		return config_fail(r, line,
			"this file holds a key and belongs to another user (uid %u); "
			"give the key in a file of yours with api_key_file",
			(unsigned)st->st_uid);
	if (st->st_mode & 077)
		return config_fail(r, line,
			"this file holds a key and is open to others; chmod 600 %s", r->c->file);
	return 0;
}

int config_file_read(struct config_reader *r)
{
	struct buf text;
	struct stat st;
	int fd, res;

	buf_init(&text, CONFIG_FILE_MAX);
	fd = open(r->c->file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0) {
		res = fail_errno(r, errno);
		goto out;
	}
	res = fd_read_all(fd, &text);
	if (res == -ENOBUFS)
		res = config_fail_plain(
			r->why, "'%s' is larger than 1 MiB and no configuration", r->c->file);
	else if (res < 0)
		res = fail_errno(r, -res);
	else if (buf_reserve(&text, 0) == 0 && text.len)
		res = config_text_read(r, (char *)(uintptr_t)buf_cstr(&text), text.len);
	if (!res)
		res = check_secrets(r, &st);
out:
	fd_close(fd);
	buf_wipe(&text);
	return res;
}
