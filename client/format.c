/* Filling a line. */
#include "client/format.h"

#include <stdio.h>
#include <string.h>

#include "client/filter.h"
#include "client/out.h"
#include "client/term.h"

#define FIELD_MAX 4096

static bool is_field(const struct format *f, const char *name, size_t n)
{
	if (n == 2 && !memcmp(name, "id", 2))
		return true;
	for (size_t i = 0; f->fields[i]; i++)
		if (strlen(f->fields[i]) == n && !memcmp(f->fields[i], name, n))
			return true;
	return false;
}

static void say_fields(const struct format *f, struct opts *o, const char *name, size_t n)
{
	struct buf list = { 0 };

	for (size_t i = 0; f->fields[i]; i++)
		(void)buf_addf(&list, " %s", f->fields[i]);
	opts_fail(o, "--format has no field '%.*s'; there are: id%s", (int)n, name, buf_cstr(&list));
	buf_fini(&list);
}

static bool check(const struct format *f, struct opts *o)
{
	for (const char *s = f->text; *s; s++) {
		const char *end;

		if (*s == '{' && s[1] == '{') {
			s++;
			continue;
		}
		if (*s != '{')
			continue;
		end = strchr(s, '}');
		if (!end) {
			opts_fail(o, "--format: '{' without '}'; write {{ for a brace");
			return false;
		}
		if (!is_field(f, s + 1, (size_t)(end - s - 1))) {
			say_fields(f, o, s + 1, (size_t)(end - s - 1));
			return false;
		}
		s = end;
	}
	return true;
}

bool format_option(struct format *f, struct opts *o, int id)
{
	if (id == 'z') {
		f->nul = true;
		return true;
	}
	if (id != OPT_FORMAT)
		return false;
	f->text = o->value;
	(void)check(f, o);
	return true;
}

static void add_field(const struct format *f, struct val row, const char *name, size_t n, struct buf *out)
{
	char key[64];
	const char *s;
	int64_t number;
	double real;
	bool yes;
	size_t len;
	struct val v;

	(void)snprintf(key, sizeof(key), "%.*s", (int)n, name);
	v = val_get(row, !strcmp(key, "id") ? f->id : key);
	if (val_str(v, &s, &len))
		filter_line(term_filter_out(), s, !strcmp(key, "id") && len > 8 ? 8 : len, FIELD_MAX, out);
	else if (val_int(v, &number))
		(void)buf_addf(out, "%lld", (long long)number);
	else if (val_bool(v, &yes))
		(void)buf_add_str(out, yes ? "true" : "false");
	else if (val_float(v, &real))
		(void)buf_addf(out, "%g", real);
	/* a list of words: tags */
	for (size_t i = 0; val_type(v) == VAL_ARRAY && i < val_count(v); i++)
		if (val_str(val_at(v, i), &s, &len)) {
			if (i)
				(void)buf_add_byte(out, ',');
			filter_line(term_filter_out(), s, len, FIELD_MAX, out);
		}
}

void format_row(const struct format *f, struct val row, struct buf *out)
{
	const char *s = f->text ? f->text : "{id}\\t{name}", *end;

	for (; *s; s++) {
		if ((*s == '{' || *s == '}') && s[1] == *s) {
			(void)buf_add_byte(out, (uint8_t)*s++);
		} else if (*s == '{' && (end = strchr(s, '}'))) {
			add_field(f, row, s + 1, (size_t)(end - s - 1), out);
			s = end;
		} else if (*s == '\\' && (s[1] == 't' || s[1] == 'n' || s[1] == '\\')) {
			s++;
			(void)buf_add_byte(out, *s == 't' ? '\t' : *s == 'n' ? '\n' : '\\');
		} else {
			(void)buf_add_byte(out, (uint8_t)*s);
		}
	}
	(void)buf_add_byte(out, f->nul ? 0 : '\n');
}

int format_print(struct buf *out)
{
	int r = out_text(out, true);

	buf_fini(out);
	return r;
}
