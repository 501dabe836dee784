/* The pager: a child that reads the text; when it is left early, that is no error. */
#include "client/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/filter.h"
#include "client/out.h"
#include "client/say.h"
#include "client/term.h"
#include "common/attr.h"
#include "common/fd.h"
#include "common/mem.h"

static unsigned rows_of(int fd)
{
	const char *lines = term_environment("LINES");
	struct winsize size;

	if (lines && atoi(lines) > 0)
		return (unsigned)atoi(lines);
	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row ? size.ws_row : 24;
}

/* Of a line as a terminal shows it: sequences of ours take no columns. */
static size_t columns_of(const char *s, size_t n)
{
	size_t columns = 0, from = 0;

	for (size_t i = 0; i <= n; i++) {
		if (i < n && s[i] != '\033')
			continue;
		columns += term_text_width(s + from, i - from);
		if (i + 1 < n && s[i + 1] == ']')
			while (i < n && s[i] != '\\')
				i++;
		else
			while (i < n && s[i] != 'm')
				i++;
		from = i + 1;
	}
	return columns;
}

bool pager_wants(const struct buf *text)
{
	const char *pager = getenv("PAGER"), *term = term_environment("TERM");
	unsigned width = term_width(STDOUT_FILENO), rows;
	size_t lines = 0, start = 0;

	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO) || (pager && (!*pager || !strcmp(pager, "cat"))) ||
		(term && !strcmp(term, "dumb")))
		return false;
	rows = rows_of(STDOUT_FILENO);
	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] == '\n') {
			size_t columns = i - start < width ? 0 : columns_of((const char *)text->data + start, i - start);

			lines += 1 + (width && columns ? (columns - 1) / width : 0);
			start = i + 1;
		}
	return lines >= rows;
}

bool pager_has_color(void)
{
	static const char *const known[] = { "less", "more", "bat", "batcat", "ov", "moar", "moor" };
	const char *pager = term_environment("PAGER"), *name = pager;
	size_t n;

	if (!pager)
		return true;
	n = strcspn(pager, " \t");
	for (size_t i = 0; i < n; i++)
		if (pager[i] == '/')
			name = pager + i + 1;
	n -= (size_t)(name - pager);
	for (size_t i = 0; i < array_len(known); i++)
		if (strlen(known[i]) == n && !memcmp(known[i], name, n))
			return true;
	return false;
}

/* Options of the user's own for less stay; without -R it would show colours as their sequences. */
static void set_less(void)
{
	const char *own = getenv("LESS");
	char *with = own ? mem_printf("-R %s", own) : mem_dup("FRX");

	(void)setenv("LESS", with, 1);
	mem_free(with);
}

static void run_pager(int in)
{
	const char *pager = getenv("PAGER");

	(void)dup2(in, STDIN_FILENO);
	set_less();
	(void)signal(SIGPIPE, SIG_DFL);
	(void)execl("/bin/sh", "sh", "-c", pager && *pager ? pager : "less || more", (char *)NULL);
	_exit(127);
}

int pager_show(const struct buf *text, bool filtered)
{
	struct buf shown = { 0 };
	int pipe_fds[2], status = 0, r = STATUS_OK;
	void (*old_pipe)(int), (*old_int)(int);
	pid_t pid;

	filter_text(filtered ? FILTER_NONE : term_filter(), (const char *)text->data, text->len, &shown);
	if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
		buf_fini(&shown);
		return out_text(text, filtered);
	}
	pid = fork();
	if (pid == 0)
		run_pager(pipe_fds[0]);
	fd_close(pipe_fds[0]);
	old_pipe = signal(SIGPIPE, SIG_IGN);
	old_int = signal(SIGINT, SIG_IGN); /* it is the pager's */
	if (pid > 0)
		(void)fd_write_all(pipe_fds[1], shown.data, shown.len);
	fd_close(pipe_fds[1]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	(void)signal(SIGPIPE, old_pipe);
	(void)signal(SIGINT, old_int);
	buf_fini(&shown);
	if (pid < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 127)) {
		say("no pager: set PAGER, or use --no-pager");
		r = out_text(text, filtered);
	}
	return r;
}
