/* What all readers share. */
#include "daemon/extract/extract.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void extract_init(struct extract *x, struct out *out, const char *name)
{
	*x = (struct extract){ .out = out, .name = name, .format = "text" };
	writer_init(&x->writer, out);
}

void extract_fini(struct extract *x)
{
	writer_fini(&x->writer);
}

int extract_fail(struct extract *x, int code, const char *fmt, ...)
{
	va_list ap;

	if (x->r)
		return x->r;
	va_start(ap, fmt);
	(void)vsnprintf(x->why, sizeof(x->why), fmt, ap);
	va_end(ap);
	x->r = code;
	return code;
}

int extract_no_memory(struct extract *x)
{
	return extract_fail(x, EXTRACT_E_LIMIT, "it needs more memory than a document may (%zu MiB): split it",
		EXTRACT_MEMORY >> 20);
}

int extract_locked(struct extract *x)
{
	return extract_fail(x, EXTRACT_E_LOCKED, "it is encrypted (protected by a password): save it without one");
}

void extract_missed(struct extract *x, const char *name, const char *why)
{
	if (!x->missed++)
		(void)snprintf(x->missed_why, sizeof(x->missed_why), "%.80s: %s", name, why);
}

int extract_state(struct extract *x)
{
	if (x->r == 0 && x->out->r == OUT_E_FULL)
		extract_fail(x, EXTRACT_E_LIMIT, "it holds more than %zu MiB of text: split it",
			x->out->max >> 20);
	else if (x->r == 0 && x->out->r != 0)
		extract_fail(x, EXTRACT_E_FAILED, "its text could not be handed on: %s",
			strerror(-x->out->r));
	return x->r;
}

void extract_form(struct extract *x, char form)
{
	if (!x->formed)
		out_form(x->out, form, x->title, strlen(x->title));
	x->formed = true;
}

void extract_place(struct extract *x, int page, int line)
{
	writer_place(&x->writer, page, line, x->label);
}
