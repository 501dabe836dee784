/* Messages on stderr. */
#include "client/say.h"

#include <stdarg.h>
#include <unistd.h>

#include "client/filter.h"
#include "client/term.h"
#include "common/buf.h"
#include "common/fd.h"

#define SAY_MAX 4096 /* bytes of one message; a backend's error may take them all */

void say_plain(const char *text, size_t n)
{
	/* Where stderr is closed or full there is nobody left to tell. */
	(void)fd_write_all(STDERR_FILENO, text, n);
}

static say_shape_fn *shape;

void say_shaped(say_shape_fn *fn)
{
	shape = fn;
}

void say_into(struct buf *out, const char *who, const char *s, size_t n)
{
	struct buf line = { 0 };

	(void)buf_addf(&line, "%s: ", who);
	filter_line(term_filter(), s, n, SAY_MAX, &line);
	(void)buf_add_byte(&line, '\n');
	if (shape)
		shape((const char *)line.data, line.len, out);
	else
		(void)buf_add(out, line.data, line.len);
	buf_fini(&line);
}

static void say_line(const char *who, const char *fmt, va_list ap)
{
	struct buf raw = { .max = 4 * SAY_MAX }, line = { 0 };

	(void)buf_vaddf(&raw, fmt, ap);
	say_into(&line, who, (const char *)raw.data, raw.len);
	say_plain((const char *)line.data, line.len);
	buf_fini(&raw);
	buf_fini(&line);
}

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_line("ragchat", fmt, ap);
	va_end(ap);
}

void say_as(const char *who, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_line(who, fmt, ap);
	va_end(ap);
}

int say_fail(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_line("ragchat", fmt, ap);
	va_end(ap);
	return status;
}
