/* JSON for people and for scripts. */
#include "client/pretty.h"

#include <string.h>

#include "client/out.h"
#include "common/json.h"
#include "common/mem.h"

static void new_line(struct buf *out, unsigned depth)
{
	(void)buf_add_byte(out, '\n');
	for (unsigned i = 0; i < depth; i++)
		(void)buf_add_str(out, "  ");
}

/* The bytes of a string, quotes included; s stands on the first quote. */
static size_t string_length(const char *s, const char *end)
{
	const char *at = s + 1;

	while (at < end && *at != '"')
		at += *at == '\\' ? 2 : 1;
	return (size_t)(at - s) + 1;
}

/* Only for what our own writer made: valid, without white space. */
static void indent_json(const char *s, size_t n, struct buf *out)
{
	const char *end = s + n;
	unsigned depth = 0;

	while (s < end) {
		size_t length = *s == '"' ? string_length(s, end) : 1;
		bool opens = *s == '{' || *s == '[', closes = *s == '}' || *s == ']';

		if (closes)
			new_line(out, --depth);
		(void)buf_add(out, s, length);
		if (opens && s[1] == *s + 2) {
			(void)buf_add_byte(out, (uint8_t)s[1]);
			length++;
		} else if (opens) {
			new_line(out, ++depth);
		} else if (*s == ',') {
			new_line(out, depth);
		} else if (*s == ':') {
			(void)buf_add_byte(out, ' ');
		}
		s += length;
	}
}

void pretty_val(struct val v, bool indent, struct buf *out)
{
	struct buf line = { 0 };
	struct json_out w;

	json_out_init(&w, &line);
	val_to_json(v, &w);
	if (indent)
		indent_json((const char *)line.data, line.len, out);
	else
		(void)buf_add(out, line.data, line.len);
	(void)buf_add_byte(out, '\n');
	buf_fini(&line);
}

void pretty_pairs(struct json_out *w, struct val map, const char *but)
{
	for (size_t i = 0; i < val_count(map); i++) {
		const char *s;
		size_t n;
		char *key;

		if (!val_str(val_key_at(map, i), &s, &n))
			continue;
		key = mem_ndup(s, n);
		if (!but || strcmp(key, but) != 0) {
			json_out_key(w, key);
			val_to_json(val_at(map, i), w);
		}
		mem_free(key);
	}
}

int pretty_print(struct val v)
{
	struct buf out = { 0 };
	int r;

	pretty_val(v, false, &out);
	r = out_text(&out, false);
	buf_fini(&out);
	return r;
}

void pretty_event(const char *event, struct val map, struct buf *out)
{
	struct json_out w;

	json_out_init(&w, out);
	json_out_object(&w);
	if (event) {
		json_out_key(&w, "event");
		json_out_str(&w, event);
	}
	pretty_pairs(&w, map, "event");
	json_out_object_end(&w);
	(void)buf_add_byte(out, '\n');
}
