/* The terminal of a conversation. */
#include "client/chat/tty.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "client/say.h"
#include "client/signals.h"
#include "client/term.h"
#include "common/attr.h"
#include "common/fd.h"
#include "proto/limits.h"

#define AHEAD_MAX (4u * LIMIT_PROMPT)
#define PASTE_ON "\033[?2004h"
#define PASTE_OFF "\033[?2004l"

/* One process has one terminal, and a handler of signals must find it. */
static struct termios before;
static volatile sig_atomic_t changed;

/* ---- modes ---- */

static void set_mode(const struct termios *mode)
{
	while (tcsetattr(STDIN_FILENO, TCSADRAIN, mode) < 0 && errno == EINTR)
		;
}

static void put(const char *s)
{
	(void)fd_write_all(STDOUT_FILENO, s, strlen(s));
}

static struct termios quiet_mode(void)
{
	struct termios mode = before;

	mode.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL | ICANON | IEXTEN);
	mode.c_cc[VMIN] = 1;
	mode.c_cc[VTIME] = 0;
	return mode;
}

void tty_raw(struct tty *t)
{
	struct termios mode = quiet_mode();

	if (!t->keys)
		return;
	mode.c_lflag &= ~(tcflag_t)ISIG;
	/* Output stays as it is: a line feed begins a line. */
	mode.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON | ISTRIP | BRKINT | PARMRK);
	changed = 1;
	set_mode(&mode);
	put(PASTE_ON);
}

void tty_for_command(struct tty *t)
{
	struct termios mode = quiet_mode();

	if (!t->keys)
		return;
	put(PASTE_OFF);
	set_mode(&mode);
}

void tty_restore(struct tty *t)
{
	if (!t->keys || !changed)
		return;
	put(PASTE_OFF);
	set_mode(&before);
	changed = 0;
}

static void restore_at_exit(void)
{
	if (!changed)
		return;
	put(PASTE_OFF);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
	changed = 0;
}

/* Both calls are allowed in a handler (signal-safety(7)). */
static void on_crash(int number)
{
	struct sigaction act = { .sa_handler = SIG_DFL };

	if (changed) {
		if (write(STDOUT_FILENO, PASTE_OFF, sizeof(PASTE_OFF) - 1) < 0)
			changed = 0;
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
	}
	(void)sigaction(number, &act, NULL);
	(void)raise(number);
}

static void watch_crashes(void)
{
	static const int numbers[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT, SIGSYS, SIGXCPU };
	struct sigaction act = { .sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND };

	(void)sigemptyset(&act.sa_mask);
	for (size_t i = 0; i < array_len(numbers); i++)
		(void)sigaction(numbers[i], &act, NULL);
	(void)atexit(restore_at_exit);
}

/* ---- opening ---- */

static int watch_fd(struct tty *t, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(t->poll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int tty_open(struct tty *t)
{
	static const int numbers[] = { SIGWINCH, SIGTSTP, SIGCONT };
	struct sigaction old = { .sa_handler = SIG_DFL };
	int r;

	*t = (struct tty){ .poll_fd = -1, .typist = isatty(STDIN_FILENO) };
	(void)sigaction(SIGTSTP, NULL, &old);
	t->no_stop = old.sa_handler == SIG_IGN;
	buf_init(&t->ahead, AHEAD_MAX);
	keys_init(&t->watch, LIMIT_PROMPT);
	t->keys = t->typist && term_moves(STDOUT_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
	signals_stay();
	t->signals = signals_watch();
	t->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	r = t->signals < 0 ? t->signals : t->poll_fd < 0 ? -errno : watch_fd(t, t->signals);
	if (r == 0 && t->keys) {
		for (size_t i = 0; i < array_len(numbers); i++)
			signals_also(numbers[i]);
		watch_crashes();
		r = watch_fd(t, STDIN_FILENO);
	}
	return r;
}

void tty_close(struct tty *t)
{
	tty_restore(t);
	keys_fini(&t->watch);
	buf_fini(&t->ahead);
	t->poll_fd = fd_close(t->poll_fd);
}

static struct winsize size_now(void)
{
	struct winsize size = { .ws_col = 0 };

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	return size;
}

/* A terminal that does not know its size is taken for one of 80 by 24. */
unsigned tty_width(void)
{
	unsigned width = size_now().ws_col;

	return width ? max_of(width, 4u) : 80;
}

unsigned tty_height(void)
{
	unsigned height = size_now().ws_row;

	return height ? height : 24;
}

/* ---- stopping ---- */

void tty_stop(struct tty *t)
{
	struct sigaction act = { .sa_handler = SIG_DFL };

	if (t->no_stop)
		return;
	tty_restore(t);
	(void)sigaction(SIGTSTP, &act, NULL);
	/* As the terminal would have done it: what we are in a pipeline with stops too. */
	t->stopped = true;
	(void)kill(0, SIGTSTP);
	signals_also(SIGTSTP);
	tty_raw(t);
	t->resumed = true;
}

/* ---- what comes in ---- */

bool tty_read(struct tty *t, size_t most)
{
	uint8_t bytes[TTY_READ_ALL];
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	ssize_t n;

	if (t->ended || poll(&p, 1, 0) <= 0)
		return !t->ended;
	n = fd_read(STDIN_FILENO, bytes, min_of(most, sizeof(bytes)));
	if (n == -EAGAIN)
		return true;
	t->ended = n <= 0;
	if (n > 0 && buf_add(&t->ahead, bytes, (size_t)n) < 0) {
		t->ahead.failed = false;
		t->dropped = true;
	}
	return !t->ended;
}

bool tty_take_signals(struct tty *t, bool *interrupted)
{
	int number;

	*interrupted = false;
	while ((number = signals_take())) {
		if (number == SIGINT)
			*interrupted = true;
		else if (number == SIGWINCH)
			t->resized = true;
		else if (number == SIGCONT) {
			tty_raw(t);
			t->resumed = t->resumed || !t->stopped;
			t->stopped = false;
		} else if (number == SIGTSTP)
			tty_stop(t);
		else
			t->left_by = number;
	}
	return !t->left_by;
}

void tty_watch(struct tty *t)
{
	keys_fini(&t->watch);
	keys_init(&t->watch, LIMIT_PROMPT);
	t->watched = 0;
}

/* Lines that were complete become lines of one message, for somebody to look at. */
static void hold_back(struct tty *t)
{
	struct buf old = t->ahead;
	struct keys k;
	struct key key;

	keys_init(&k, LIMIT_PROMPT);
	buf_init(&t->ahead, AHEAD_MAX);
	for (size_t i = 0, n; i < old.len; i += n) {
		n = keys_feed(&k, old.data + i, old.len - i, &key);
		(void)(key.code == KEY_ENTER ? buf_add_str(&t->ahead, "\033\r") : buf_add(&t->ahead, old.data + i, n));
	}
	t->ahead.failed = false;
	t->watched = t->ahead.len;
	keys_fini(&k);
	buf_fini(&old);
}

static void drop_key(struct tty *t, size_t n)
{
	uint8_t *at = t->ahead.data + t->watched;

	memmove(at, at + n, t->ahead.len - t->watched - n);
	t->ahead.len -= n;
}

int tty_take(void *tty)
{
	struct tty *t = tty;
	bool interrupted;
	struct key key;

	if (!tty_take_signals(t, &interrupted))
		return t->left_by;
	if (t->keys && !tty_read(t, TTY_READ_ALL))
		return t->left_by = SIGHUP;
	while (t->keys && t->watched < t->ahead.len && !interrupted) {
		size_t n = keys_feed(&t->watch, t->ahead.data + t->watched, t->ahead.len - t->watched, &key);

		if (key.code == KEY_SUSPEND || key.code == KEY_INTERRUPT)
			drop_key(t, n);
		else
			t->watched += n;
		if (key.code == KEY_SUSPEND)
			tty_stop(t);
		interrupted = interrupted || key.code == KEY_INTERRUPT;
	}
	if (interrupted && t->keys)
		hold_back(t);
	return interrupted ? SIGINT : 0;
}
