/*
 * What a Chainlit wrote is read by what knows how: a ragchatd, started for this alone as this user, on a
 * copy in a folder of its own, so that neither the file nor the daemon that imports has anything to do
 * with the other. Then it is as if its threads had been exported there and imported here.
 */
#include "client/import_chainlit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/autostart_child.h"
#include "client/cmd.h"
#include "client/conversation.h"
#include "client/import.h"
#include "client/link.h"
#include "client/say.h"
#include "client/term.h"
#include "common/buf.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/path.h"
#include "proto/limits.h"

#define LOOK_MS 20
#define CANNOT_EXEC 127

static const char *const parts[] = { "", "-wal", "-journal" };

struct reader {
	char *dir, *database, *conf, *socket, *log;
	pid_t pid;
};

/* ---- a folder of its own ---- */

static int copy_part(const char *from, const char *to, bool needed)
{
	int in = open(from, O_RDONLY | O_CLOEXEC | O_NOCTTY), out, r = 0;
	static char block[1 << 16];
	ssize_t n = 0;

	if (in < 0)
		return needed || errno != ENOENT ? say_fail(STATUS_INPUT, "cannot read '%s': %s", from, strerror(errno)) : 0;
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		r = say_fail(STATUS_OUTPUT, "cannot write '%s': %s", to, strerror(errno));
	while (!r && (n = read(in, block, sizeof(block))) > 0)
		if (fd_write_all(out, block, (size_t)n) < 0)
			r = say_fail(STATUS_OUTPUT, "cannot write '%s': the copy needs as much room as the file", to);
	if (!r && n < 0)
		r = say_fail(STATUS_INPUT, "cannot read '%s': %s", from, strerror(errno));
	fd_close(in);
	fd_close(out);
	return r;
}

static int copy(const struct reader *d, const char *file)
{
	int r = 0;

	for (size_t i = 0; !r && i < array_len(parts); i++) {
		char *from = mem_printf("%s%s", file, parts[i]), *to = mem_printf("%s%s", d->database, parts[i]);

		r = copy_part(from, to, i == 0);
		mem_free(from);
		mem_free(to);
	}
	return r;
}

static int write_conf(const struct reader *d, const char *account)
{
	char *text = mem_printf("retrieval = off\nlog = info\n%s%s%s", account ? "account = \"" : "", account ? account : "", account ? "\"\n" : "");
	int fd = open(d->conf, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int r = fd < 0 || fd_write_all(fd, text, strlen(text)) < 0 ? say_fail(STATUS_OUTPUT, "cannot write '%s': %s", d->conf, strerror(errno)) : 0;

	fd_close(fd);
	mem_free(text);
	return r;
}

static int make_folder(struct reader *d)
{
	const char *tmp = getenv("TMPDIR");

	d->dir = mem_printf("%s/ragchat-import-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
	if (!mkdtemp(d->dir)) {
		int r = say_fail(STATUS_OUTPUT, "cannot make a folder '%s': %s", d->dir, strerror(errno));

		d->dir = mem_free(d->dir);
		return r;
	}
	d->database = path_join(d->dir, "chat_history.db");
	d->conf = path_join(d->dir, "ragchat.conf");
	d->socket = path_join(d->dir, "sock");
	d->log = path_join(d->dir, "log");
	return 0;
}

/* ---- the daemon ---- */

static int start(struct reader *d)
{
	char *program = autostart_find_program();
	char *const argv[] = { program, (char *)(uintptr_t) "-c", d->conf, (char *)(uintptr_t) "-D", d->database, (char *)(uintptr_t) "-S", d->socket, NULL };
	char **env = autostart_environment();
	pid_t parent = getpid();
	int log = open(d->log, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int r = !program ? say_fail(STATUS_UNAVAILABLE, "no ragchatd is beside ragchat or in PATH to read '%s'", d->database) : 0;

	if (!r && (d->pid = fork()) == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent || dup2(log, 1) < 0 || dup2(log, 2) < 0)
			_exit(CANNOT_EXEC);
		execve(program, argv, env);
		_exit(CANNOT_EXEC);
	}
	if (!r && d->pid < 0)
		r = say_fail(STATUS_UNAVAILABLE, "cannot start ragchatd: %s", strerror(errno));
	fd_close(log);
	autostart_environment_free(env);
	mem_free(program);
	return r;
}

/* A large file takes its time to be taken over: as long as the daemon lives it is at it. */
static int await(struct reader *d, struct progress *p)
{
	static const char words[] = "reading the database";

	progress_text(p, words, sizeof(words) - 1);
	while (!autostart_listens(d->socket)) {
		if (waitpid(d->pid, NULL, WNOHANG) == d->pid) {
			char *line = autostart_last_line(d->log, 0);
			int r = say_fail(STATUS_DATA, "%s", line ? line : "ragchatd could not read it");

			d->pid = 0;
			mem_free(line);
			return r;
		}
		(void)progress_tick(p);
		(void)usleep(LOOK_MS * 1000);
	}
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static void leave(struct reader *d)
{
	if (d->pid > 0) {
		(void)kill(d->pid, SIGTERM);
		(void)waitpid(d->pid, NULL, 0);
	}
	if (d->dir && nftw(d->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0)
		say("'%s' is left and can be removed: %s", d->dir, strerror(errno));
	mem_free(d->dir);
	mem_free(d->database);
	mem_free(d->conf);
	mem_free(d->socket);
	mem_free(d->log);
}

/* ---- its threads ---- */

static int take_thread(struct import *k, struct link *from, const char *id, unsigned line, struct progress *p)
{
	struct buf json = { 0 };
	char words[64];
	int r = conversation_thread(from, id, &(struct paper){ .format = PAPER_JSON }, &json);

	if (!r)
		r = import_thread(k, (const char *)json.data, json.len, line);
	(void)snprintf(words, sizeof(words), "%lld turns", (long long)(k->turns + k->known));
	progress_text(p, words, strlen(words));
	(void)progress_tick(p);
	buf_fini(&json);
	return r;
}

static int take_page(struct import *k, struct link *from, unsigned *line, char **next, struct progress *p)
{
	struct pack *request = link_request(from, "thread.list");
	char *ids[LIMIT_PAGE];
	size_t n = 0;
	int r;

	pack_kv_int(request, "limit", LIMIT_PAGE);
	pack_kv_text_opt(request, "before", *next);
	*next = mem_free(*next);
	r = link_call(from, 0);
	if (r)
		return link_fail(from, r);
	for (size_t i = 0; i < val_count(val_get(from->msg.result, "threads")) && n < LIMIT_PAGE; i++)
		if ((ids[n] = val_get_text(val_at(val_get(from->msg.result, "threads"), i), "thread")))
			n++;
	*next = val_get_text(from->msg.result, "next");
	for (size_t i = 0; i < n; i++) {
		if (!r)
			r = take_thread(k, from, ids[i], ++*line, p);
		mem_free(ids[i]);
	}
	return r;
}

static int take_all(struct import *k, const struct reader *d, struct progress *p)
{
	struct client at = { .socket = d->socket };
	struct link *from = link_new(&at);
	char *next = NULL;
	unsigned line = 0;
	int r;

	do
		r = take_page(k, from, &line, &next, p);
	while (!r && next);
	if (!r && !line)
		say("'%s' holds no thread of '%s'; --account names whose are meant", k->file, from->account);
	mem_free(next);
	link_free(from);
	return r;
}

int import_chainlit(struct import *k, const char *account, struct progress *p)
{
	struct reader d = { .dir = NULL };
	int r = make_folder(&d);

	if (!r)
		r = copy(&d, k->file);
	if (!r)
		r = write_conf(&d, account);
	if (!r)
		r = start(&d);
	if (!r)
		r = await(&d, p);
	if (!r)
		r = take_all(k, &d, p);
	leave(&d);
	return r;
}
