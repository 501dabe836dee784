/* Runs it and waits. */
#include "client/editor.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/say.h"
#include "client/term.h"
#include "common/mem.h"

/* Ctrl-C is for the editor. */
static int wait_for(pid_t pid)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, was_int, was_quit;
	int status = 0;

	(void)sigaction(SIGINT, &ignore, &was_int);
	(void)sigaction(SIGQUIT, &ignore, &was_quit);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	(void)sigaction(SIGINT, &was_int, NULL);
	(void)sigaction(SIGQUIT, &was_quit, NULL);
	return status;
}

int editor_run(const char *path)
{
	const char *editor = term_environment("VISUAL");
	char *script;
	int status;
	pid_t pid;

	editor = editor ? editor : term_environment("EDITOR");
	editor = editor ? editor : "vi";
	script = mem_printf("%s \"$0\"", editor); /* $0 is the file, whatever its name has in it */
	pid = fork();
	if (pid < 0)
		mem_free(script);
	if (pid < 0)
		return say_fail(STATUS_FAILED, "cannot run '%s': %s", editor, strerror(errno));
	if (pid == 0) {
		(void)signal(SIGINT, SIG_DFL);
		execl("/bin/sh", "sh", "-c", script, path, (char *)NULL);
		_exit(127);
	}
	mem_free(script);
	status = wait_for(pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return say_fail(STATUS_FAILED, "the editor '%s' failed: nothing is changed", editor);
}
