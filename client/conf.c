/* Lines of a ragchat.conf. The rules are those of daemon/config_file.c. */
#include "client/conf.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

/* "name =" within [s, end)? */
static void find_name(const char *s, const char *end, struct conf_line *line)
{
	const char *from, *to;

	while (s < end && is_blank(*s))
		s++;
	if (s < end && *s == '#') {
		line->comment = true;
		s++;
	}
	for (from = s, to = s; to < end && is_name_byte(*to); to++)
		;
	for (s = to; s < end && is_blank(*s); s++)
		;
	if (to > from && s < end && *s == '=') {
		line->name = from;
		line->nname = (size_t)(to - from);
	}
}

bool conf_next(const char **p, const char *end, struct conf_line *line)
{
	const char *stop;

	if (*p >= end)
		return false;
	stop = memchr(*p, '\n', (size_t)(end - *p));
	stop = stop ? stop + 1 : end;
	*line = (struct conf_line){ .at = *p, .len = (size_t)(stop - *p) };
	find_name(*p, stop, line);
	*p = stop;
	return true;
}

static bool is_named(const struct conf_line *line, const char *name)
{
	return line->nname && line->nname == strlen(name) && !memcmp(line->name, name, line->nname);
}

/* ---- values ---- */

static void add_quoted_value(const char *s, const char *end, struct buf *out)
{
	for (; s < end && *s != '"'; s++) {
		if (*s == '\\' && s + 1 < end) {
			s++;
			(void)buf_add_byte(out, *s == 'n' ? '\n' : *s == 't' ? '\t' : (uint8_t)*s);
		} else {
			(void)buf_add_byte(out, (uint8_t)*s);
		}
	}
}

static void add_value(const struct conf_line *line, struct buf *out)
{
	const char *end = line->at + line->len, *s = memchr(line->name, '=', (size_t)(end - line->name)), *to;

	s++;

	while (end > s && (end[-1] == '\n' || is_blank(end[-1])))
		end--;
	while (s < end && is_blank(*s))
		s++;
	if (s < end && *s == '"') {
		add_quoted_value(s + 1, end, out);
		return;
	}
	for (to = s; to < end && !(*to == '#' && (to == s || is_blank(to[-1]))); to++)
		;
	while (to > s && is_blank(to[-1]))
		to--;
	(void)buf_add(out, s, (size_t)(to - s));
}

bool conf_get(const char *text, size_t n, const char *name, struct buf *value)
{
	const char *p = text, *end = text + n;
	struct conf_line line;
	bool found = false;

	while (conf_next(&p, end, &line)) {
		if (line.comment || !is_named(&line, name))
			continue;
		if (found)
			(void)buf_add_byte(value, '\n');
		add_value(&line, value);
		found = true;
	}
	return found;
}

static bool wants_quotes(const char *s, size_t n)
{
	return n && (s[0] == '"' || is_blank(s[0]) || is_blank(s[n - 1]) || memchr(s, '#', n) || memchr(s, '\n', n) || memchr(s, '\r', n));
}

void conf_add(const char *name, const char *value, size_t n, struct buf *out)
{
	(void)buf_addf(out, "%s =%s", name, n ? " " : "");
	if (!wants_quotes(value, n)) {
		(void)buf_addf(out, "%.*s\n", (int)n, value);
		return;
	}
	(void)buf_add_byte(out, '"');
	for (size_t i = 0; i < n; i++) {
		if (value[i] == '"' || value[i] == '\\')
			(void)buf_add_byte(out, '\\');
		if (value[i] == '\n' || value[i] == '\t')
			(void)buf_add_str(out, value[i] == '\n' ? "\\n" : "\\t");
		else
			(void)buf_add_byte(out, (uint8_t)value[i]);
	}
	(void)buf_add_str(out, "\"\n");
}

/* Where the settings go: the first line that sets the name, else the last comment that shows it; NULL: the end. */
static const char *place_of(const char *text, size_t n, const char *name)
{
	const char *p = text, *end = text + n, *shown = NULL;
	struct conf_line line;

	while (conf_next(&p, end, &line)) {
		if (!is_named(&line, name))
			continue;
		if (!line.comment)
			return line.at;
		shown = line.at;
	}
	return shown;
}

void conf_set(const char *text, size_t n, const char *name, char *const *values, size_t nvalues, struct buf *out)
{
	const char *p = text, *end = text + n, *place = place_of(text, n, name);
	struct conf_line line;

	while (conf_next(&p, end, &line)) {
		if (line.comment || !is_named(&line, name)) {
			(void)buf_add(out, line.at, line.len);
			if (line.at[line.len - 1] != '\n')
				(void)buf_add_byte(out, '\n');
		}
		for (size_t i = 0; line.at == place && i < nvalues; i++)
			conf_add(name, values[i], strlen(values[i]), out);
	}
	for (size_t i = 0; !place && i < nvalues; i++)
		conf_add(name, values[i], strlen(values[i]), out);
}
