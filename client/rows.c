/* Lines of lists. */
#include "client/rows.h"

#include <string.h>
#include <unistd.h>

#include "client/filter.h"
#include "client/out.h"
#include "client/term.h"
#include "common/clock.h"
#include "common/mem.h"

#define FIELD_MAX 400 /* bytes of one field */

void rows_init(struct rows *r)
{
	*r = (struct rows){ .width = isatty(STDOUT_FILENO) ? term_width(STDOUT_FILENO) : 0 };
}

static void gap(struct rows *r)
{
	if (r->out.len > r->line)
		(void)buf_add_str(&r->out, "  ");
}

static void add(struct rows *r, const char *s, size_t n, size_t columns)
{
	struct buf field = { 0 };
	size_t width;

	gap(r);
	filter_line(term_filter_out(), s, n, FIELD_MAX, &field);
	if (columns)
		term_shorten(&field, 0, columns);
	width = term_text_width((const char *)field.data, field.len);
	(void)buf_add(&r->out, field.data, field.len);
	for (; width < columns; width++)
		(void)buf_add_byte(&r->out, ' ');
	buf_fini(&field);
}

void rows_word(struct rows *r, const char *word, size_t columns)
{
	add(r, word, strlen(word), columns);
}

void rows_words(struct rows *r, const char *s, size_t n, size_t columns)
{
	add(r, s, n, columns);
}

void rows_text(struct rows *r, struct val map, const char *key, size_t columns)
{
	const char *s = "";
	size_t n = 0;

	(void)val_get_str(map, key, &s, &n);
	add(r, s, n, columns);
}

void rows_id(struct rows *r, struct val map, const char *key)
{
	rows_text(r, map, key, 8);
}

void rows_int(struct rows *r, int64_t v, int columns)
{
	gap(r);
	(void)buf_addf(&r->out, "%*lld", columns, (long long)v);
}

void rows_size(struct rows *r, int64_t bytes)
{
	static const char units[] = "kMGT";
	double v = (double)bytes;
	int unit = -1;

	while (v >= 1000 && unit < 3) {
		v /= 1024;
		unit++;
	}
	gap(r);
	if (unit < 0)
		(void)buf_addf(&r->out, "%5lld", (long long)bytes);
	else
		(void)buf_addf(&r->out, "%*.*f%c", 4, v < 10 ? 1 : 0, v, units[unit]);
}

void rows_age(struct rows *r, struct val map, const char *key)
{
	static const struct {
		int64_t seconds;
		char unit;
	} steps[] = { { 24 * 3600, 'd' }, { 3600, 'h' }, { 60, 'm' } };
	const char *s = "";
	size_t n = 0;
	int64_t then, age;

	(void)val_get_str(map, key, &s, &n);
	gap(r);
	if (clock_iso_parse(s, n, &then) < 0) {
		(void)buf_addf(&r->out, "%10s", "?");
		return;
	}
	age = (clock_wall_us() - then) / 1000000;
	if (age >= 30 * 24 * 3600) {
		(void)buf_addf(&r->out, "%.10s", s);
		return;
	}
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (age >= steps[i].seconds) {
			(void)buf_addf(&r->out, "%9lld%c", (long long)(age / steps[i].seconds),
				steps[i].unit);
			return;
		}
	(void)buf_addf(&r->out, "%10s", "now");
}

void rows_end(struct rows *r)
{
	if (r->width)
		term_shorten(&r->out, r->line, r->width);
	while (r->out.len > r->line && r->out.data[r->out.len - 1] == ' ')
		r->out.len--;
	(void)buf_add_byte(&r->out, '\n');
	r->line = r->out.len;
}

int rows_print(struct rows *r)
{
	int status = out_text(&r->out, false);

	buf_fini(&r->out);
	return status;
}
