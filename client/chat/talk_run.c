/* What is no question: commands of ragchat in a process of their own, and words of the conversation itself. */
#include "client/chat/talk.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/autostart.h"
#include "client/filter.h"
#include "client/say.h"
#include "client/signals.h"
#include "client/term.h"
#include "client/wrap.h"
#include "common/attr.h"
#include "common/fd.h"

void talk_print(const struct talk *t, struct buf *text)
{
	struct buf wrapped = { 0 }, clean = { 0 };

	filter_text(t->prompt.tty.keys ? term_filter() : FILTER_PIPE, (const char *)text->data, text->len, &clean);
	wrap_text(t->prompt.tty.keys ? min_of(tty_width(), (unsigned)TERM_WIDTH_MAX) : 0, (const char *)clean.data, clean.len, &wrapped);
	(void)fd_write_all(STDOUT_FILENO, wrapped.data, wrapped.len);
	buf_fini(&clean);
	buf_fini(&wrapped);
	buf_fini(text);
}

static void child(struct talk *t, const struct cmd *cmd, int argc, const char *const *argv)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	signals_as_usual();
	autostart_heed(NULL, NULL); /* the keys are not ours to look at, and C-c is a signal here */
	if (fd >= 0)
		(void)dup2(fd, STDIN_FILENO);
	_exit(cmd->run(t->client, argc, (char **)argv));
}

static int wait_for(struct talk *t, pid_t pid)
{
	struct tty *tty = &t->prompt.tty;
	int status = 0;
	bool interrupted;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
		if (!tty_take_signals(tty, &interrupted))
			(void)kill(pid, SIGTERM);
		if (tty->resumed)
			tty_for_command(tty);
		tty->resumed = false;
	}
	(void)tty_take_signals(tty, &interrupted);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_in(struct talk *t, void (*mode)(struct tty *tty), const char *name, int argc, const char *const *argv)
{
	const struct cmd *cmd = cmd_find(name);
	pid_t pid;

	if (!cmd) {
		say("this version has no command '%s'", name);
		return t->status = STATUS_USAGE;
	}
	mode(&t->prompt.tty);
	pid = fork();
	if (pid == 0)
		child(t, cmd, argc, argv);
	if (pid < 0)
		t->status = say_fail(STATUS_FAILED, "cannot start a process: %s", strerror(errno));
	else
		t->status = wait_for(t, pid);
	tty_raw(&t->prompt.tty);
	if (t->status == STATUS_CANCELLED)
		say("stopped");
	return t->status;
}

int talk_run(struct talk *t, const char *name, int argc, const char *const *argv)
{
	return run_in(t, tty_for_command, name, argc, argv);
}

int talk_run_asking(struct talk *t, const char *name, int argc, const char *const *argv)
{
	return run_in(t, tty_restore, name, argc, argv);
}
