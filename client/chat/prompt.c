/* Reading a message. */
#include "client/chat/prompt.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/compose.h"
#include "client/filter.h"
#include "client/say.h"
#include "client/term.h"
#include "common/attr.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/utf8.h"
#include "proto/limits.h"

#define ESCAPE_MS 500 /* an ESC that is alone so long is no sequence */
#define LEAVE_WORDS "Ctrl-D or /quit leaves"

int prompt_open(struct prompt *p)
{
	int r = tty_open(&p->tty);

	if (r < 0)
		return r;
	/* What comes by a pipe is nobody's typing. */
	history_open(&p->history, p->tty.typist ? NULL : "");
	edit_init(&p->edit, &p->history, LIMIT_PROMPT);
	keys_init(&p->keys, LIMIT_PROMPT);
	draw_init(&p->draw);
	p->utf8 = term_utf8();
	p->color = p->tty.keys && term_color(COLOR_AUTO, STDOUT_FILENO);
	/* xterm cuts lines where others wrap them. */
	p->reflows = !term_environment("XTERM_VERSION") || term_environment("TMUX");
	p->words = "> ";
	return 0;
}

void prompt_close(struct prompt *p)
{
	tty_close(&p->tty);
	draw_fini(&p->draw);
	keys_fini(&p->keys);
	edit_fini(&p->edit);
	history_fini(&p->history);
}

void choices_add(struct choices *c, const char *s)
{
	c->v = mem_grow(c->v, &c->cap, c->n, sizeof(*c->v));
	c->v[c->n++] = mem_dup(s);
}

void choices_fini(struct choices *c)
{
	for (size_t i = 0; i < c->n; i++)
		mem_free(c->v[i]);
	mem_free(c->v);
	*c = (struct choices){ .n = 0 };
}

/* ---- the screen ---- */

static struct look look_now(const struct prompt *p)
{
	return (struct look){ .width = tty_width(),
		.height = tty_height(),
		.color = p->color,
		.utf8 = p->utf8,
		.reflows = p->reflows,
		.prompt = p->words,
		.hint = p->hint };
}

static void write_out(struct buf *out)
{
	(void)fd_write_all(STDOUT_FILENO, out->data, out->len);
	buf_fini(out);
}

static void show(struct prompt *p)
{
	struct look look = look_now(p);
	struct buf out = { 0 };

	draw_edit(&p->draw, &p->edit, &look, &out);
	write_out(&out);
}

static void show_end(struct prompt *p, const char *mark)
{
	struct look look = look_now(p);
	struct buf out = { 0 };

	draw_end(&p->draw, &p->edit, &look, mark, &out);
	write_out(&out);
}

static void erase(struct prompt *p)
{
	struct buf out = { 0 };

	draw_erase(&p->draw, &out);
	write_out(&out);
}

static void clear_screen(struct prompt *p)
{
	static const char clear[] = "\033[H\033[2J";

	(void)fd_write_all(STDOUT_FILENO, clear, sizeof(clear) - 1);
	draw_forget(&p->draw);
}

/* Signals that change what is seen. False: one that ends us. */
static bool take_signals(struct prompt *p, bool *interrupted)
{
	bool stays = tty_take_signals(&p->tty, interrupted);

	if (p->tty.resumed)
		draw_forget(&p->draw);
	if (p->tty.resized && !p->tty.resumed) {
		struct look look = look_now(p);
		struct buf out = { 0 };

		draw_resized(&p->draw, &look, &out);
		write_out(&out);
	}
	p->tty.resized = p->tty.resumed = false;
	return stays;
}

/* ---- completion ---- */

static size_t common_prefix(const struct choices *c)
{
	size_t n = strlen(c->v[0]);

	for (size_t i = 1; i < c->n; i++) {
		size_t k = 0;

		while (k < n && c->v[i][k] == c->v[0][k])
			k++;
		n = utf8_floor(c->v[0], strlen(c->v[0]), k);
	}
	return n;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In columns as wide as the widest, at most a screen's half. */
static void list_choices(struct prompt *p, struct choices *c)
{
	unsigned width = tty_width(), widest = 0, per_line, most = max_of(tty_height() / 2, 3u);
	struct buf out = { 0 };
	size_t shown;

	for (size_t i = 0; i < c->n; i++)
		widest = (unsigned)max_of(widest, term_text_width(c->v[i], strlen(c->v[i])));
	per_line = max_of(width / (widest + 2), 1u);
	shown = min_of(c->n, (size_t)most * per_line);
	for (size_t i = 0; i < shown; i++) {
		struct buf clean = { 0 };
		size_t columns;

		filter_line(term_filter(), c->v[i], strlen(c->v[i]), 200, &clean);
		term_shorten(&clean, 0, width - 1);
		columns = term_text_width(buf_cstr(&clean), clean.len);
		(void)buf_add(&out, clean.data, clean.len);
		if ((i + 1) % per_line == 0 || i + 1 == shown)
			(void)buf_add_str(&out, "\r\n");
		else
			(void)buf_addf(&out, "%*s", (int)(widest + 2 - columns), "");
		buf_fini(&clean);
	}
	if (shown < c->n)
		(void)buf_addf(&out, "... and %zu more\r\n", c->n - shown);
	show_end(p, "");
	write_out(&out);
}

static void complete(struct prompt *p)
{
	struct line *l = &p->edit.line;
	struct choices c = { .after = "" };
	struct buf put = { 0 };
	size_t at = l->at, same;

	if (p->complete && !l->nfolds && !memchr(buf_cstr(&l->text), '\n', l->text.len))
		p->complete(p->ctx, buf_cstr(&l->text), at, &c);
	if (c.n) {
		qsort(c.v, c.n, sizeof(*c.v), by_text);
		same = common_prefix(&c);
		(void)buf_addf(&put, "%.*s%s", (int)same, c.v[0], c.n == 1 ? c.after : "");
		if (put.len > at - c.start || c.n == 1)
			(void)line_replace(l, c.start, at, buf_cstr(&put), put.len);
		else
			list_choices(p, &c);
	}
	buf_fini(&put);
	choices_fini(&c);
}

/* ---- keys ---- */

static void refuse(struct prompt *p)
{
	erase(p);
	say("%s", p->edit.why);
}

static void suspend(struct prompt *p)
{
	show_end(p, "");
	tty_stop(&p->tty);
	p->tty.resumed = false;
}

/* What is written goes to the user's own editor, and comes back to the prompt. */
static void write_elsewhere(struct prompt *p)
{
	struct buf text = { 0 };

	(void)buf_add(&text, p->edit.line.text.data, p->edit.line.text.len);
	erase(p);
	tty_restore(&p->tty);
	if (compose(&text) == 0)
		(void)line_replace(&p->edit.line, 0, p->edit.line.text.len, (const char *)text.data, text.len);
	tty_raw(&p->tty);
	buf_fini(&text);
}

static void take_message(struct prompt *p, struct buf *out)
{
	show_end(p, "");
	(void)buf_add(out, p->edit.line.text.data, p->edit.line.text.len);
}

/* C-c on an empty line is somebody who wants to leave. */
static void give_up(struct prompt *p)
{
	bool empty = !p->edit.line.text.len;

	show_end(p, "^C");
	if (empty && !p->told_to_leave) {
		say_plain("(" LEAVE_WORDS ")\r\n", sizeof("(" LEAVE_WORDS ")\r\n") - 1);
		p->told_to_leave = true;
	}
}

/* True: reading is over, *end says how. */
static bool act(struct prompt *p, enum edit_wish wish, struct buf *out, enum prompt_end *end)
{
	switch (wish) {
	case EDIT_SEND:
		take_message(p, out);
		*end = PROMPT_MESSAGE;
		return true;
	case EDIT_LEAVE:
		show_end(p, "");
		*end = PROMPT_LEAVE;
		return true;
	case EDIT_INTERRUPT:
		give_up(p);
		*end = PROMPT_GIVEN_UP;
		return true;
	case EDIT_SUSPEND:
		suspend(p);
		break;
	case EDIT_COMPLETE:
		complete(p);
		break;
	case EDIT_CLEAR:
		clear_screen(p);
		break;
	case EDIT_EDITOR:
		write_elsewhere(p);
		break;
	case EDIT_REFUSED:
		refuse(p);
		break;
	case EDIT_NOTHING:
	case EDIT_CHANGED:
		break;
	}
	return false;
}

/* One by one, but for what is pasted. */
static bool read_key(struct prompt *p)
{
	return tty_read(&p->tty, p->keys.pasting ? TTY_READ_ALL : 1);
}

/* All that was typed so far; what follows a message stays for the next. */
static bool take_keys(struct prompt *p, struct buf *out, enum prompt_end *end)
{
	struct buf *ahead = &p->tty.ahead;
	size_t i = 0;
	bool over = false;
	struct key key;

	do {
		while (i < ahead->len && !over) {
			i += keys_feed(&p->keys, ahead->data + i, ahead->len - i, &key);
			if (key.code != KEY_NONE)
				over = act(p, edit_key(&p->edit, &key), out, end);
		}
		buf_consume(ahead, i);
		i = 0;
		/* What is there already is drawn together. */
	} while (!over && read_key(p) && ahead->len);
	return over;
}

static bool wait_for_keys(struct prompt *p, struct buf *out, enum prompt_end *end)
{
	struct pollfd wait = { .fd = p->tty.poll_fd, .events = POLLIN };
	bool interrupted;
	struct key key;

	if (poll(&wait, 1, keys_waiting(&p->keys) ? ESCAPE_MS : -1) == 0) {
		keys_flush(&p->keys, &key);
		return act(p, edit_key(&p->edit, &key), out, end);
	}
	*end = PROMPT_SIGNAL;
	if (!take_signals(p, &interrupted))
		return true;
	if (interrupted)
		return act(p, EDIT_INTERRUPT, out, end);
	if (read_key(p))
		return false;
	p->tty.left_by = SIGHUP;
	return true;
}

static enum prompt_end read_keys(struct prompt *p, const char *text, struct buf *out)
{
	enum prompt_end end = PROMPT_LEAVE;

	edit_begin(&p->edit, text);
	draw_forget(&p->draw);
	p->tty.resized = p->tty.resumed = false;
	if (p->tty.dropped)
		say("more was typed ahead than is kept; the rest is lost");
	p->tty.dropped = false;
	while (!take_keys(p, out, &end)) {
		show(p);
		if (wait_for_keys(p, out, &end))
			break;
	}
	keys_fini(&p->keys);
	keys_init(&p->keys, LIMIT_PROMPT);
	if (end == PROMPT_SIGNAL)
		show_end(p, "");
	return end;
}

enum prompt_end prompt_read(struct prompt *p, const char *text, struct buf *out)
{
	return p->tty.keys ? read_keys(p, text, out) : prompt_read_line(p, out);
}
