/* Reading a message where there are no keys: a line of stdin, as it is. */
#include "client/chat/prompt.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "client/say.h"
#include "client/text.h"
#include "common/fd.h"
#include "proto/limits.h"

static void show_prompt(const struct prompt *p)
{
	if (p->tty.typist)
		(void)fd_write_all(STDOUT_FILENO, p->words, strlen(p->words));
}

static bool wait_for_line(struct prompt *p, bool *interrupted)
{
	struct pollfd wait[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = p->tty.signals, .events = POLLIN } };

	(void)poll(wait, 2, -1);
	return tty_take_signals(&p->tty, interrupted);
}

/* A line that ends with one backslash goes on in the next. */
static bool add_line(struct buf *out, const uint8_t *s, size_t n)
{
	size_t slashes = 0;

	if (n && s[n - 1] == '\r')
		n--;
	(void)buf_add(out, s, n);
	while (slashes < n && s[n - 1 - slashes] == '\\')
		slashes++;
	if (slashes % 2 == 0)
		return false;
	out->data[out->len - 1] = '\n';
	return true;
}

static bool take_line(struct prompt *p, struct buf *out)
{
	struct buf *ahead = &p->tty.ahead;
	uint8_t *feed;
	bool more;

	while ((feed = ahead->len ? memchr(ahead->data, '\n', ahead->len) : NULL)) {
		size_t n = (size_t)(feed - ahead->data);

		more = add_line(out, ahead->data, n);
		buf_consume(ahead, n + 1);
		if (!more)
			return true;
	}
	if (!p->tty.ended || !(ahead->len + out->len))
		return false;
	(void)buf_add(out, ahead->data, ahead->len);
	buf_reset(ahead);
	return true;
}

enum prompt_end prompt_read_line(struct prompt *p, struct buf *out)
{
	bool interrupted;

	show_prompt(p);
	while (!take_line(p, out)) {
		if (p->tty.ended) {
			if (p->tty.typist)
				(void)fd_write_all(STDOUT_FILENO, "\n", 1);
			return PROMPT_LEAVE;
		}
		if (!wait_for_line(p, &interrupted))
			return PROMPT_SIGNAL;
		if (interrupted) {
			(void)fd_write_all(STDOUT_FILENO, "\n", 1);
			return PROMPT_GIVEN_UP;
		}
		(void)tty_read(&p->tty, TTY_READ_ALL);
		if (p->tty.dropped) {
			say("a line may have at most %u bytes", LIMIT_PROMPT);
			p->tty.dropped = false;
			buf_reset(&p->tty.ahead);
		}
	}
	if (out->len > LIMIT_PROMPT) {
		say("a message may have at most %u bytes, this one has %zu", LIMIT_PROMPT, out->len);
		return PROMPT_GIVEN_UP;
	}
	return text_check("the line", out->data, out->len) ? PROMPT_GIVEN_UP : PROMPT_MESSAGE;
}
