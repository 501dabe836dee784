/*
 * Keys that lie in files: api_key_file, and the credential a service manager hands over
 * (LoadCredential= in systemd.exec(5)).
 *
 * The manager made the credential's file and looks after its owner and mode; of a file named in the
 * configuration both are checked.
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
#include "common/path.h"
#include "common/str.h"

#define KEY_FILE_MAX 16384 /* longer than any key: a wrong path */

/* A file of this name, and how messages call it: "api_key_file". */
struct key_file {
	const char *what, *path;
	unsigned line; /* of the configuration; 0: not from there */
};

static int key_fail(const struct config_reader *r, const struct key_file *f, const char *problem)
{
	if (f->line)
		return config_fail(r, f->line, "%s '%s' %s", f->what, f->path, problem);
	return config_fail_plain(r->why, "%s '%s' %s", f->what, f->path, problem);
}

static int check_key_file(const struct config_reader *r, const struct key_file *f, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return key_fail(r, f, "is not a plain file");
	if (!f->line)
		return 0;
	if (st.st_uid != geteuid())
		return config_fail(r, f->line,
			"api_key_file '%s' belongs to another user (uid %u); "
			"make a copy of your own",
			f->path, (unsigned)st.st_uid);
	if (st.st_mode & 077)
		return config_fail(r, f->line, "api_key_file '%s' is open to others; chmod 600 %s",
			f->path, f->path);
	return 0;
}

/* *key stays NULL where there is none. */
static int take_key(
	const struct config_reader *r, const struct key_file *f, struct buf *text, char **key)
{
	char *s = (char *)(uintptr_t)buf_cstr(text);
	const char *bad;

	if (memchr(s, '\0', text->len))
		return key_fail(r, f, "is not text");
	if (text->len)
		str_trim(s);
	if (!*s)
		return 0;
	bad = config_key_complaint(s);
	if (bad)
		return key_fail(r, f, bad);
	*key = mem_dup(s);
	return 0;
}

static int read_key(const struct config_reader *r, const struct key_file *f, int fd, char **key)
{
	struct buf text;
	int res;

	buf_init(&text, KEY_FILE_MAX);
	res = check_key_file(r, f, fd);
	if (!res && fd_read_all(fd, &text) < 0)
		res = key_fail(r, f, "cannot be read, or it is no key");
	if (!res)
		res = take_key(r, f, &text, key);
	buf_wipe(&text);
	return res;
}

int config_key_file_read(const struct config_reader *r, char **key)
{
	const struct key_file f = { "api_key_file", r->c->api_key_file, r->line[OPT_api_key_file] };
	int fd, res;

	if (r->c->api_key)
		return config_fail(
			r, f.line, "api_key and api_key_file are both given; keep one of them");
	fd = open(f.path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return config_fail(r, f.line, "cannot read api_key_file '%s': %s", f.path,
			strerror(errno));
	res = read_key(r, &f, fd, key);
	fd_close(fd);
	return res || *key ? res : key_fail(r, &f, "is empty; put the key into it");
}

char *config_credential_path(const char *name)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	return dir && *dir == '/' ? path_join(dir, name) : NULL;
}

int config_credential_key_read(const struct config_reader *r, char **key)
{
	struct key_file f = { .what = "the credential", .path = config_credential_path("api_key") };
	int fd = f.path ? open(f.path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : -1;
	int res = 0;

	if (fd >= 0)
		res = read_key(r, &f, fd, key);
	else if (f.path && errno != ENOENT)
		res = key_fail(r, &f, strerror(errno));
	fd_close(fd);
	free((char *)(uintptr_t)f.path);
	return res;
}
