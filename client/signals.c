/* Signals of the client: a self-pipe, and state that only a handler can hold. */
#include "client/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/fd.h"

static int pipe_fds[2] = { -1, -1 };
static volatile sig_atomic_t watching, interrupts, staying;

static void on_signal(int number)
{
	uint8_t byte = (uint8_t)number;
	int saved = errno;

	if (!watching || (number == SIGINT && !staying && interrupts++ > 0))
		_exit(128 + number);
	/* The pipe cannot be full: whoever watches takes a signal before it waits for the next. */
	if (write(pipe_fds[1], &byte, 1) < 0 && !staying)
		_exit(128 + number);
	errno = saved;
}

void signals_init(void)
{
	static const int numbers[] = { SIGINT, SIGHUP, SIGTERM };
	/* No SA_RESTART: a write that hangs in a stopped terminal has to come back. */
	struct sigaction act = { .sa_handler = on_signal }, old;

	(void)sigemptyset(&act.sa_mask);
	for (size_t i = 0; i < array_len(numbers); i++)
		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			(void)sigaction(numbers[i], &act, NULL);
	act.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &act, NULL);
}

void signals_stay(void)
{
	staying = 1;
}

void signals_also(int number)
{
	struct sigaction act = { .sa_handler = on_signal };

	(void)sigemptyset(&act.sa_mask);
	(void)sigaction(number, &act, NULL);
}

void signals_as_usual(void)
{
	struct sigaction act = { .sa_handler = SIG_DFL };

	watching = staying = 0;
	for (int i = 0; i < 2; i++)
		pipe_fds[i] = fd_close(pipe_fds[i]);
	(void)sigemptyset(&act.sa_mask);
	(void)sigaction(SIGTSTP, &act, NULL);
	(void)sigaction(SIGCONT, &act, NULL);
	(void)sigaction(SIGWINCH, &act, NULL);
}

int signals_watch(void)
{
	if (pipe_fds[0] < 0 && pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	watching = 1;
	return pipe_fds[0];
}

int signals_take(void)
{
	uint8_t number;

	return pipe_fds[0] >= 0 && fd_read(pipe_fds[0], &number, 1) == 1 ? number : 0;
}
