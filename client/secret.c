/* Passwords from a terminal, a descriptor or a credential; the token's file. */
#include "client/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "client/say.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/path.h"
#include "common/sha256.h"
#include "common/str.h"
#include "proto/limits.h"

char *secret_free(char *s)
{
	return mem_wipe(s, s ? strlen(s) : 0);
}

bool secret_fd(const char *text, int *fd)
{
	int64_t n;

	if (str_int(text, 0, INT_MAX, &n) != 0)
		return false;
	*fd = (int)n;
	return true;
}

/* A line without its end, byte by byte: what stands behind it is another's. NULL: empty, given up by `end`, too long, or an error. */
static char *read_line(int fd, char end)
{
	char line[LIMIT_PASSWORD + 2], *copy = NULL;
	size_t n = 0;
	ssize_t got = 1;

	while (n < sizeof(line) && (got = fd_read(fd, line + n, 1)) == 1 && line[n] != '\n' && line[n] != end)
		n++;
	if (n < sizeof(line) && got == 1 && line[n] == end && end != '\n') {
		(void)fd_write_all(fd, "\n", 1); /* with ISIG off Ctrl-C is a character that ends the line: of a terminal */
		n = 0;
	}
	if (n && line[n - 1] == '\r')
		n--;
	if (got >= 0 && n && n <= LIMIT_PASSWORD)
		copy = mem_ndup(line, n);
	explicit_bzero(line, sizeof(line));
	return copy;
}

static char *from_credential(void)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char *path = dir && dir[0] == '/' ? path_join(dir, "ragchat-password") : NULL;
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
	char *password = fd >= 0 ? read_line(fd, '\n') : NULL;

	fd_close(fd);
	mem_free(path);
	return password;
}

/* A signal in mid-typing must not leave the terminal mute: those that can be are held back until the line is there. */
static char *type_line(int tty, const char *prompt)
{
	struct termios was, mute;
	char *line;

	if (tcgetattr(tty, &was) < 0)
		return NULL;
	mute = was;
	mute.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	mute.c_lflag |= ICANON | ECHONL;
	mute.c_iflag |= ICRNL;
	mute.c_cc[VEOL] = was.c_cc[VINTR];
	(void)tcsetattr(tty, TCSAFLUSH, &mute);
	(void)fd_write_all(tty, prompt, strlen(prompt)); /* now: what is typed before that is thrown away */
	line = read_line(tty, (char)was.c_cc[VINTR]);
	(void)tcsetattr(tty, TCSAFLUSH, &was);
	return line;
}

static char *from_terminal(const char *prompt, bool again, int *status)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	char *first = NULL, *second = NULL;

	if (tty < 0) {
		*status = say_fail(STATUS_USAGE, "there is no terminal to ask for the password: give it with --password-fd N");
		return NULL;
	}
	first = type_line(tty, prompt);
	if (first && again)
		second = type_line(tty, "Again: ");
	fd_close(tty);
	if (!first || (again && !second))
		*status = say_fail(STATUS_CANCELLED, "no password was given");
	else if (again && strcmp(first, second) != 0)
		*status = say_fail(STATUS_USAGE, "the two are not the same");
	else
		return secret_free(second), first;
	secret_free(second);
	return secret_free(first);
}

char *secret_ask(const char *prompt, int *status)
{
	*status = STATUS_OK;
	return from_terminal(prompt, false, status);
}

char *secret_password(int fd, const char *prompt, bool again, int *status)
{
	char *password;

	*status = STATUS_OK;
	if (fd < 0) {
		password = from_credential();
		return password ? password : from_terminal(prompt, again, status);
	}
	password = read_line(fd, '\n');
	if (!password)
		*status = say_fail(STATUS_INPUT, "descriptor %d gives no password: one line of at most %d bytes is wanted", fd, LIMIT_PASSWORD);
	return password;
}

/* ---- the token's file ---- */

static char *state_dir(void)
{
	const char *xdg = getenv("XDG_STATE_HOME");
	char *home, *dir;

	if (xdg && xdg[0] == '/')
		return path_join(xdg, "ragchat");
	home = path_home();
	dir = home ? path_join(home, ".local/state/ragchat") : NULL;
	mem_free(home);
	return dir;
}

static char *token_path(const char *socket)
{
	char real[PATH_MAX], hex[SHA256_HEX + 1];
	const char *name = realpath(socket, real) ? real : socket;
	char *dir = state_dir(), *path;
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, name, strlen(name));
	sha256_end_hex(&h, hex);
	path = dir ? mem_printf("%s/token-%.16s", dir, hex) : NULL;
	mem_free(dir);
	return path;
}

static char *token_kept(const char *socket, bool quietly)
{
	char *path = token_path(socket), *token = NULL;
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY) : -1;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		if (S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077))
			token = read_line(fd, '\n');
		else if (!quietly)
			say("the token in '%s' is not used: others can read it, or it is not yours; `ragchat login` makes another", path);
	}
	fd_close(fd);
	mem_free(path);
	return token;
}

char *secret_token(const char *socket)
{
	return token_kept(socket, false);
}

char *secret_token_quietly(const char *socket)
{
	return token_kept(socket, true);
}

int secret_token_keep(const char *socket, const char *token)
{
	char *path = token_path(socket), *part = path ? mem_printf("%s.part", path) : NULL, *dir = path ? path_dirname(path) : NULL;
	int r = dir ? path_make_dirs(dir) : -ENOENT, fd = -1;

	if (r == 0) {
		(void)unlink(part);
		fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		r = fd < 0 ? -errno : fd_write_all(fd, token, strlen(token));
	}
	if (r == 0)
		r = fd_write_all(fd, "\n", 1);
	if (r == 0 && (fchmod(fd, 0600) < 0 || fsync(fd) < 0 || rename(part, path) < 0))
		r = -errno;
	fd_close(fd);
	if (r != 0) {
		if (part)
			(void)unlink(part);
		r = say_fail(STATUS_OUTPUT, "cannot keep the token in '%s': %s", path ? path : "your home", strerror(-r));
	}
	mem_free(dir);
	mem_free(part);
	mem_free(path);
	return r;
}

void secret_token_forget(const char *socket)
{
	char *path = token_path(socket);

	if (path)
		(void)unlink(path);
	mem_free(path);
}
