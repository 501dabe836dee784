/* The file, its checks, its replacement. */
#include "client/conf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/connect.h"
#include "client/link.h"
#include "client/program.h"
#include "client/say.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/path.h"

#define FILE_MAX (1u << 20) /* as ragchatd's own */
#define CHECK_MS 20000

static char *usual_path(bool system)
{
	const char *told = getenv("RAGCHAT_CONFIG");

	if (system)
		return mem_dup(PATH_SYSTEM_CONFIG);
	return told && *told ? path_expand(told) : path_config_file();
}

static int read_it(struct conf_file *f)
{
	struct stat st;
	int fd = open(f->real, O_RDONLY | O_CLOEXEC | O_NOCTTY), r;

	buf_init(&f->text, FILE_MAX);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return say_fail(STATUS_INPUT, "cannot read '%s': %s", f->path, strerror(errno));
	r = fd_read_all(fd, &f->text);
	fd_close(fd);
	if (r < 0)
		return say_fail(STATUS_INPUT, "cannot read '%s': %s", f->path, r == -ENOBUFS ? "it is larger than 1 MiB" : strerror(-r));
	f->exists = true;
	f->uid = st.st_uid;
	f->gid = st.st_gid;
	f->mode = st.st_mode & 0777;
	return 0;
}

int conf_file_open(struct conf_file *f, bool system)
{
	char real[PATH_MAX];

	*f = (struct conf_file){ .system = system, .path = usual_path(system), .mode = 0600, .uid = geteuid(), .gid = getegid() };
	if (!f->path)
		return say_fail(STATUS_CONFIG, "no home folder: name the file with RAGCHAT_CONFIG");
	f->real = mem_dup(realpath(f->path, real) ? real : f->path);
	return read_it(f);
}

void conf_file_fini(struct conf_file *f)
{
	mem_free(f->path);
	mem_free(f->real);
	buf_wipe(&f->text);
}

char *conf_file_draft(const struct conf_file *f, const struct buf *text)
{
	char *folder = path_dirname(f->real), *draft = mem_printf("%s.new-XXXXXX", f->real);
	int fd, r = path_make_dirs(folder);

	mem_free(folder);
	fd = r < 0 ? r : mkostemp(draft, O_CLOEXEC); /* 0600 */
	r = fd < 0 ? (r < 0 ? r : -errno) : fd_write_all(fd, text->data, text->len);
	if (fd >= 0 && r == 0 && fsync(fd) < 0)
		r = -errno;
	fd_close(fd);
	if (r == 0)
		return draft;
	(void)say_fail(STATUS_OUTPUT, "cannot write '%s': %s", draft, strerror(-r));
	(void)unlink(draft);
	return mem_free(draft);
}

/* The draft's name is nobody's: words are about the file. */
static void rename_in(const char *draft, const char *path, struct buf *words)
{
	char *text = mem_dup(buf_cstr(words)), *at = text, *hit;

	buf_fini(words);
	while ((hit = strstr(at, draft))) {
		(void)buf_add(words, at, (size_t)(hit - at));
		(void)buf_add_str(words, path);
		at = hit + strlen(draft);
	}
	(void)buf_add_str(words, at);
	mem_free(text);
}

int conf_file_check(const struct conf_file *f, const char *draft, struct buf *why)
{
	char *program = program_find("ragchatd");
	char *argv[] = { program, (char *)"--check", (char *)"-c", (char *)draft, f->system ? (char *)"--system" : NULL, NULL };
	int r;

	if (!program)
		return say_fail(STATUS_UNAVAILABLE, "ragchatd is neither beside ragchat nor in PATH; it checks the configuration");
	r = program_run(argv, CHECK_MS, why);
	mem_free(program);
	rename_in(draft, f->path, why);
	if (r < 0)
		return say_fail(STATUS_UNAVAILABLE, "cannot run ragchatd --check: %s", strerror(-r));
	return r ? STATUS_CONFIG : 0;
}

int conf_file_replace(const struct conf_file *f, const char *draft, bool secret)
{
	char *folder = path_dirname(f->real);
	mode_t mode = secret && !f->system ? f->mode & 0700 : f->mode;
	int fd, r = 0;

	if (f->exists && f->uid != geteuid() && geteuid() == 0 && chown(draft, f->uid, f->gid) < 0)
		r = -errno;
	else if (f->exists && f->gid != getegid() && chown(draft, (uid_t)-1, f->gid) < 0)
		mode &= 0700; /* we are not of that group any more: nobody's but ours */
	if (r == 0 && (chmod(draft, mode) < 0 || rename(draft, f->real) < 0))
		r = -errno;
	fd = r == 0 ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd >= 0)
		(void)fsync(fd);
	fd_close(fd);
	mem_free(folder);
	return r ? say_fail(STATUS_OUTPUT, "cannot replace '%s': %s", f->path, strerror(-r)) : 0;
}

/* ---- the daemon ---- */

static void say_names(struct val list, const char *what)
{
	struct buf names = { 0 };
	const char *s;
	size_t n;

	for (size_t i = 0; i < val_count(list); i++)
		if (val_str(val_at(list, i), &s, &n))
			(void)buf_addf(&names, "%s%.*s", names.len ? ", " : "", (int)n, s);
	if (names.len)
		say("%s: %s", what, buf_cstr(&names));
	buf_fini(&names);
}

/* Which file the daemon reads, when it tells us. */
static bool reads_another(struct link *l, const struct conf_file *f)
{
	char real[PATH_MAX], *path;
	bool another;

	(void)link_request(l, "status");
	if (link_call(l, 0))
		return false;
	path = val_get_text(val_get(l->msg.result, "server"), "config");
	another = path && strcmp(realpath(path, real) ? real : path, f->real) != 0;
	if (another)
		say("the daemon that runs reads '%s', not this file", path);
	mem_free(path);
	return another;
}

int conf_file_tell(struct client *c, const struct conf_file *f)
{
	struct connect_found found;
	struct link *l;
	int r;

	c->autostart = false;
	if (connect_find(connect_told(c), false, &found) != 0) {
		connect_found_fini(&found);
		return 0; /* none runs: the next one reads it when it starts */
	}
	connect_found_fini(&found);
	l = link_new(c);
	if (reads_another(l, f)) {
		link_free(l);
		return 0;
	}
	(void)link_request(l, "daemon.reload");
	r = link_call(l, LINK_ONCE);
	if (r) {
		say("the file is changed; the daemon that runs has not taken it over:");
		r = link_fail(l, r);
	} else {
		say_names(val_get(l->msg.result, "changed"), "in force now");
		say_names(val_get(l->msg.result, "restart"), "takes a restart (`ragchat daemon stop`)");
	}
	link_free(l);
	return r;
}

/* ---- what options there are ---- */

int conf_options(struct buf *out)
{
	char *program = program_find("ragchatd");
	char *argv[] = { program, (char *)"--options", NULL };
	int r = program ? program_run(argv, CHECK_MS, out) : -ENOENT;

	mem_free(program);
	if (r == 0)
		return 0;
	return say_fail(STATUS_UNAVAILABLE, "ragchatd, which knows the options, cannot be run: %s", r < 0 ? strerror(-r) : "it is of another version");
}

bool conf_option_next(const char **p, const char *end, struct conf_option *o)
{
	const char *line = *p, *stop = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;

	if (!stop)
		return false;
	*o = (struct conf_option){ .len = { 0 } };
	for (size_t i = 0; i < 5; i++) {
		const char *tab = i < 4 ? memchr(line, '\t', (size_t)(stop - line)) : NULL;

		o->field[i] = line;
		o->len[i] = (size_t)((tab ? tab : stop) - line);
		line = tab ? tab + 1 : stop;
	}
	*p = stop + 1;
	return true;
}

bool conf_option_find(const struct buf *list, const char *name, struct conf_option *o)
{
	const char *p = (const char *)list->data, *end = p + list->len;

	while (conf_option_next(&p, end, o))
		if (o->len[CONF_NAME] == strlen(name) && !memcmp(o->field[CONF_NAME], name, o->len[CONF_NAME]))
			return true;
	return false;
}

void conf_template(const struct buf *list, struct buf *out)
{
	const char *p = (const char *)list->data, *end = p + list->len;
	struct conf_option o;

	(void)buf_add_str(out, "# ragchat.conf: every option with its default; ragchat.conf(5) has more. Take the # away and set what you want.\n");
	while (conf_option_next(&p, end, &o))
		(void)buf_addf(out, "\n# %.*s%s\n#%.*s =%s%.*s\n", (int)o.len[CONF_TEXT], o.field[CONF_TEXT],
			o.len[CONF_WHEN] == 7 ? " (needs a restart)" : "", (int)o.len[CONF_NAME], o.field[CONF_NAME], o.len[CONF_DEFAULT] ? " " : "",
			(int)o.len[CONF_DEFAULT], o.field[CONF_DEFAULT]);
}
