/* Reading the text of a question. */
#include "client/text.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "client/say.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/utf8.h"
#include "proto/limits.h"

#define WAITING_MS 2000 /* a silent pipe is pointed out after this time */
#define READ_SIZE 65536

int text_check(const char *what, const void *s, size_t n)
{
	const char *text = s ? s : "";
	size_t good = utf8_span(text, n);

	if (good == n)
		return 0;
	if (!text[good])
		return say_fail(STATUS_DATA, "%s has a NUL byte at %zu: it is no text", what, good);
	return say_fail(STATUS_DATA, "%s is not valid UTF-8 at byte %zu", what, good);
}

static int too_large(const char *what)
{
	return say_fail(STATUS_DATA,
		"%s is too large: a question has at most %u bytes (%u KiB); "
		"`ragchat upload` takes larger documents",
		what, LIMIT_PROMPT, LIMIT_PROMPT >> 10);
}

/* A pipe that somebody forgot to close looks like a hang: say so once. */
static void wait_for_stdin(bool *told)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };

	if (*told || poll(&p, 1, WAITING_MS) != 0)
		return;
	say("waiting for stdin (--no-stdin to skip)");
	*told = true;
}

static int read_stdin(bool quiet, struct buf *out)
{
	bool told = quiet || isatty(STDIN_FILENO);
	ssize_t n;

	do {
		wait_for_stdin(&told);
		if (buf_reserve(out, READ_SIZE) < 0)
			return too_large("stdin");
		n = fd_read(STDIN_FILENO, out->data + out->len, READ_SIZE);
		out->len += n > 0 ? (size_t)n : 0;
		if (out->len > LIMIT_PROMPT)
			return too_large("stdin");
	} while (n > 0);
	/* A stdin that was closed (<&-) is an empty one. */
	if (n < 0 && n != -EBADF)
		return say_fail(STATUS_INPUT, "cannot read stdin: %s", strerror((int)-n));
	return text_check("stdin", out->data, out->len);
}

static int read_text_file(const char *path, struct buf *out)
{
	char *what;
	int r;

	buf_init(out, LIMIT_PROMPT + 1);
	r = file_read(path, out);
	if (r < 0 && r != -ENOBUFS)
		return say_fail(STATUS_INPUT, "cannot read '%s': %s", path, strerror(-r));
	what = mem_printf("'%s'", path);
	r = r == -ENOBUFS || out->len > LIMIT_PROMPT ? too_large(what)
						     : text_check(what, out->data, out->len);
	mem_free(what);
	return r;
}

char *text_or_file(const char *arg, const char *what, int *status)
{
	struct buf text = { 0 };
	char *out = NULL;

	if (arg[0] != '@') {
		*status = text_check(what, arg, strlen(arg));
		return *status ? NULL : mem_dup(arg);
	}
	*status = read_text_file(arg + 1, &text);
	if (!*status)
		out = mem_ndup(text.data ? (const char *)text.data : "", text.len);
	buf_fini(&text);
	return out;
}

static void separate(struct buf *out)
{
	if (!out->len)
		return;
	if (out->data[out->len - 1] != '\n')
		(void)buf_add_byte(out, '\n');
	(void)buf_add_byte(out, '\n');
}

static void end_line(struct buf *out)
{
	if (out->len && out->data[out->len - 1] != '\n')
		(void)buf_add_byte(out, '\n');
}

/* The fence is longer than any run of backticks in the text, so that nothing in it closes it. */
static size_t fence_length(const struct buf *text)
{
	size_t longest = 2, run = 0;

	for (size_t i = 0; i < text->len; i++) {
		run = text->data[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest + 1;
}

static void add_fence(struct buf *out, size_t n)
{
	while (n--)
		(void)buf_add_byte(out, '`');
}

static int add_file(const char *path, struct buf *out)
{
	struct buf text = { 0 };
	size_t fence;
	int r = read_text_file(path, &text);

	if (!r) {
		fence = fence_length(&text);
		separate(out);
		add_fence(out, fence);
		for (const char *c = path; *c; c++)
			(void)buf_add_byte(out, *c == '`' || *c == '\n' ? '_' : (uint8_t)*c);
		(void)buf_add_byte(out, '\n');
		(void)buf_add(out, text.data, text.len);
		end_line(out);
		add_fence(out, fence);
		(void)buf_add_byte(out, '\n');
	}
	buf_fini(&text);
	return r;
}

static void add_stdin(const struct buf *text, struct buf *out)
{
	if (!text->len)
		return;
	if (!out->len) {
		(void)buf_add(out, text->data, text->len);
		if (out->data[out->len - 1] == '\n')
			out->len--;
		return;
	}
	separate(out);
	(void)buf_add_str(out, "<stdin>\n");
	(void)buf_add(out, text->data, text->len);
	end_line(out);
	(void)buf_add_str(out, "</stdin>");
}

static int add_words(const struct question *q, struct buf *out, bool *dash)
{
	bool first = true;

	for (size_t i = 0; i < q->nwords; i++) {
		if (!strcmp(q->words[i], "-")) {
			*dash = true;
			continue;
		}
		if (!first)
			(void)buf_add_byte(out, ' ');
		(void)buf_add_str(out, q->words[i]);
		first = false;
	}
	return text_check("the question", out->data, out->len);
}

static int nothing_to_ask(void)
{
	return say_fail(STATUS_USAGE,
		"nothing to ask: give a question, or pipe it in (see `ragchat ask --help`)");
}

static bool is_blank(const struct buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (!strchr(" \t\r\n", b->data[i]))
			return false;
	return true;
}

int question_read(const struct question *q, struct buf *out)
{
	struct buf piped = { 0 };
	bool dash = false;
	int r = add_words(q, out, &dash);

	for (size_t i = 0; !r && i < q->nfiles; i++)
		r = add_file(q->files[i], out);
	if (!r && (dash || (!q->no_stdin && !isatty(STDIN_FILENO))))
		r = read_stdin(q->quiet, &piped);
	if (!r)
		add_stdin(&piped, out);
	buf_fini(&piped);
	if (!r && is_blank(out))
		r = nothing_to_ask();
	if (!r && (out->failed || out->len > LIMIT_PROMPT))
		r = too_large("the question");
	return r;
}
