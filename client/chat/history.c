/* Lines given before. Several conversations append to the file at once; each line is one write. */
#include "client/chat/history.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/say.h"
#include "common/buf.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/path.h"
#include "common/str.h"
#include "common/utf8.h"

#define FILE_MAX (2u * HISTORY_LINES * HISTORY_LINE_MAX)
#define SPARE_LINES 200 /* the file is cut when it has so many more than are kept */

/* ---- one line ---- */

char *history_escape(const char *s)
{
	struct buf out = { 0 };

	for (; *s; s++) {
		if (*s == '\n')
			(void)buf_add_str(&out, "\\n");
		else if (*s == '\\')
			(void)buf_add_str(&out, "\\\\");
		else
			(void)buf_add_byte(&out, (uint8_t)*s);
	}
	return buf_steal(&out, NULL);
}

char *history_unescape(const char *s, size_t n)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c == '\\' && i + 1 < n)
			c = s[++i] == 'n' ? '\n' : s[i];
		(void)buf_add_byte(&out, (uint8_t)c);
	}
	return buf_steal(&out, NULL);
}

static size_t run_of_key(const char *s)
{
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
}

/* Our tokens, keys of the common makers, and what is said to be a password or a key. */
bool history_is_secret(const char *s)
{
	static const char *const begins[] = { "rct_", "sk-", "ghp_", "github_pat_", "glpat-", "xoxb-", "AKIA", "hf_" };
	static const char *const names[] = { "password", "passwd", "api_key", "apikey", "api-key", "secret", "token" };

	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++)
		for (const char *p = s; (p = strstr(p, begins[i])); p++)
			if (run_of_key(p) >= 16)
				return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *p = strcasestr(s, names[i]);

		if (p && (p[strlen(names[i])] == '=' || p[strlen(names[i])] == ':'))
			return true;
	}
	return false;
}

static bool may_be_kept(const char *s)
{
	return s[0] != ' ' && strlen(s) <= HISTORY_LINE_MAX && !history_is_secret(s);
}

/* ---- in memory ---- */

static void drop_first(struct history *h)
{
	mem_free(h->v[0]);
	memmove(h->v, h->v + 1, --h->n * sizeof(*h->v));
}

static void add(struct history *h, char *s)
{
	if (!s || !*s || (h->n && !strcmp(h->v[h->n - 1], s))) {
		mem_free(s);
		return;
	}
	if (h->n == HISTORY_LINES)
		drop_first(h);
	h->v = mem_grow(h->v, &h->cap, h->n, sizeof(*h->v));
	h->v[h->n++] = s;
}

/* ---- the file ---- */

static char *usual_path(void)
{
	const char *xdg = getenv("XDG_STATE_HOME");
	char *home = path_home(), *path = NULL;

	if (xdg && xdg[0] == '/')
		path = mem_printf("%s/ragchat/chat_lines", xdg);
	else if (home)
		path = mem_printf("%s/.local/state/ragchat/chat_lines", home);
	mem_free(home);
	return path;
}

static int open_file(const struct history *h, int flags)
{
	struct stat st;
	int fd = open(h->path, flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077))
		return fd;
	fd_close(fd);
	return -EPERM;
}

static size_t read_lines(struct history *h, const struct buf *text)
{
	const char *s = (const char *)text->data, *end = s + text->len;
	size_t lines = 0;

	while (s < end) {
		const char *stop = memchr(s, '\n', (size_t)(end - s));

		stop = stop ? stop : end;
		/* What somebody has put there by hand must be a text too. */
		if (utf8_valid_no_nul(s, (size_t)(stop - s)))
			add(h, history_unescape(s, (size_t)(stop - s)));
		lines++;
		s = stop + 1;
	}
	return lines;
}

/* Writes what is kept anew; other conversations wait for the lock with their line. */
static void cut_file(struct history *h)
{
	struct buf out = { 0 };
	int fd = open_file(h, O_RDWR);

	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		fd_close(fd);
		return;
	}
	for (size_t i = 0; i < h->n; i++) {
		char *line = history_escape(h->v[i]);

		(void)buf_addf(&out, "%s\n", line ? line : "");
		mem_free(line);
	}
	if (!out.failed && ftruncate(fd, 0) == 0)
		(void)fd_write_all(fd, out.data, out.len);
	buf_fini(&out);
	fd_close(fd);
}

void history_open(struct history *h, const char *path)
{
	struct buf text = { .max = FILE_MAX };
	int fd;

	*h = (struct history){ .path = path ? mem_dup(path) : usual_path() };
	if (!h->path || !*h->path) {
		h->path = mem_free(h->path);
		return;
	}
	fd = open_file(h, O_RDONLY);
	if (fd == -EPERM) {
		say("'%s' is not used: others can read it, or it is not yours", h->path);
		h->path = mem_free(h->path);
	} else if (fd >= 0 && fd_read_all(fd, &text) == 0 && read_lines(h, &text) > HISTORY_LINES + SPARE_LINES) {
		cut_file(h);
	}
	fd_close(fd);
	buf_fini(&text);
}

static void append(struct history *h, const char *s)
{
	char *line = history_escape(s), *dir = path_dirname(h->path);
	struct buf out = { 0 };
	int fd = path_make_dirs(dir) == 0 ? open_file(h, O_WRONLY | O_APPEND | O_CREAT) : -1;

	(void)buf_addf(&out, "%s\n", line ? line : "");
	if (fd >= 0 && flock(fd, LOCK_EX) == 0)
		(void)fd_write_all(fd, out.data, out.len);
	fd_close(fd);
	buf_fini(&out);
	mem_free(line);
	mem_free(dir);
}

void history_add(struct history *h, const char *s, bool keep)
{
	size_t had = h->n;
	const char *last = had ? h->v[had - 1] : "";
	bool again = !strcmp(last, s);

	if (!*s)
		return;
	if (keep && h->path && !again && may_be_kept(s))
		append(h, s);
	add(h, mem_dup(s));
}

void history_fini(struct history *h)
{
	for (size_t i = 0; i < h->n; i++)
		mem_free(h->v[i]);
	mem_free(h->v);
	mem_free(h->path);
	*h = (struct history){ .n = 0 };
}
