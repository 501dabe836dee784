/* Warnings are kept once, counted afterwards, and written as one line. */
#include "daemon/pdf/report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/utf8.h"

void report_init(struct report *r)
{
	*r = (struct report){ 0 };
}

attr_printf(2, 0) static void put_text(char text[REPORT_TEXT], const char *fmt, va_list ap)
{
	int n = vsnprintf(text, REPORT_TEXT, fmt, ap);

	if (n >= REPORT_TEXT) /* up to the last whole code point */
		text[utf8_span(text, REPORT_TEXT - 1)] = '\0';
}

static struct report_warning *find_warning(struct report *r, const char *code)
{
	for (size_t i = 0; i < r->nwarnings; i++) {
		if (!strcmp(r->warnings[i].code, code))
			return &r->warnings[i];
	}
	return NULL;
}

void report_warn(struct report *r, const char *code, const char *fmt, ...)
{
	struct report_warning *w = find_warning(r, code);
	va_list ap;

	if (!w && r->nwarnings < REPORT_WARNINGS) {
		w = &r->warnings[r->nwarnings++];
		w->code = code;
		va_start(ap, fmt);
		put_text(w->text, fmt, ap);
		va_end(ap);
	}
	if (w)
		w->count++;
}

void report_error(struct report *r, const char *fmt, ...)
{
	va_list ap;

	if (r->error[0])
		return;
	va_start(ap, fmt);
	put_text(r->error, fmt, ap);
	va_end(ap);
}

void report_missing(struct report *r, uint32_t codepoint)
{
	r->missing_total++;
	for (size_t i = 0; i < r->nmissing; i++) {
		if (r->missing[i] == codepoint)
			return;
	}
	if (r->nmissing < REPORT_MISSING)
		r->missing[r->nmissing++] = codepoint;
}

static void write_warnings(struct json_out *w, const struct report *r, size_t n)
{
	json_out_key(w, "warnings");
	json_out_array(w);
	for (size_t i = 0; i < n; i++) {
		json_out_object(w);
		json_out_key(w, "code");
		json_out_str(w, r->warnings[i].code);
		json_out_key(w, "count");
		json_out_int(w, (int64_t)r->warnings[i].count);
		json_out_key(w, "text");
		json_out_str(w, r->warnings[i].text);
		json_out_object_end(w);
	}
	json_out_array_end(w);
}

static void write_missing(struct json_out *w, const struct report *r)
{
	char text[16];

	json_out_key(w, "missing");
	json_out_object(w);
	json_out_key(w, "count");
	json_out_int(w, (int64_t)r->missing_total);
	json_out_key(w, "codepoints");
	json_out_array(w);
	for (size_t i = 0; i < r->nmissing; i++) {
		snprintf(text, sizeof(text), "U+%04X", (unsigned)r->missing[i]);
		json_out_str(w, text);
	}
	json_out_array_end(w);
	json_out_object_end(w);
}

static int write_line(const struct report *r, size_t nwarnings, struct buf *out)
{
	struct json_out w;
	int e;

	json_out_init(&w, out);
	json_out_object(&w);
	json_out_key(&w, "pages");
	json_out_int(&w, (int64_t)r->pages);
	json_out_key(&w, "level");
	json_out_str(&w, r->level);
	json_out_key(&w, "error");
	json_out_str(&w, r->error[0] ? r->error : NULL);
	write_warnings(&w, r, nwarnings);
	write_missing(&w, r);
	json_out_object_end(&w);
	e = buf_add_byte(out, '\n');
	return out->failed ? e < 0 ? e : -ENOBUFS : 0;
}

/* A line that would be too long loses its last warnings first. */
int report_line(const struct report *r, struct buf *out)
{
	struct buf line;
	int e;

	buf_init(&line, REPORT_LINE_MAX);
	for (size_t n = r->nwarnings;; n--) {
		e = write_line(r, n, &line);
		if (e != -ENOBUFS || n == 0)
			break;
		buf_reset(&line);
	}
	if (e == 0)
		e = buf_add(out, line.data, line.len);
	buf_fini(&line);
	return e;
}
