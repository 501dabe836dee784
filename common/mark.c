/* Verdicts on markers: kept as JSON, drawn into text. */
#include "common/mark.h"

#include <string.h>

#include "common/attr.h"
#include "common/json.h"
#include "common/mem.h"

static const char *const names[] = { [MARK_OK] = "ok", [MARK_WEAK] = "weak", [MARK_UNKNOWN] = "unknown" };

const char *mark_verdict_name(enum mark_verdict v)
{
	return names[v];
}

void marks_add(struct marks *l, struct mark m)
{
	if (l->n == MARKS_MAX)
		return;
	l->v = mem_grow(l->v, &l->cap, l->n, sizeof(*l->v));
	l->v[l->n++] = m;
}

void marks_fini(struct marks *l)
{
	mem_free(l->v);
	*l = (struct marks){ 0 };
}

bool marks_all_hold(const struct marks *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].verdict != MARK_OK)
			return false;
	return true;
}

/* ---- words ---- */

static bool is_told(const struct marks *l, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (l->v[k].n == l->v[i].n && l->v[k].verdict == MARK_UNKNOWN)
			return true;
	return false;
}

void marks_strangers(const struct marks *l, struct buf *out)
{
	size_t told = 0, more = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].verdict != MARK_UNKNOWN || is_told(l, i))
			continue;
		if (told < STRANGERS_TOLD)
			(void)buf_addf(out, "%s[%d]", told++ ? ", " : "", l->v[i].n);
		else
			more++;
	}
	if (more)
		(void)buf_addf(out, " and %zu more", more);
	if (told)
		(void)buf_add_str(out, told > 1 ? " name no source\n" : " names no source\n");
}

/* ---- JSON ---- */

void marks_write(const struct marks *l, struct buf *out)
{
	struct json_out w;

	json_out_init(&w, out);
	json_out_array(&w);
	for (size_t i = 0; i < l->n; i++) {
		const struct mark *m = &l->v[i];

		json_out_object(&w);
		json_out_key(&w, "n");
		json_out_int(&w, m->n);
		json_out_key(&w, "off");
		json_out_int(&w, (int64_t)m->off);
		json_out_key(&w, "len");
		json_out_int(&w, (int64_t)m->len);
		json_out_key(&w, "verdict");
		json_out_str(&w, names[m->verdict]);
		if (m->support >= 0) {
			json_out_key(&w, "support");
			json_out_double(&w, m->support);
		}
		json_out_object_end(&w);
	}
	json_out_array_end(&w);
}

static bool read_verdict(struct json *j, struct mark *m)
{
	struct json_slice s;

	if (!json_string(j, &s))
		return false;
	for (size_t i = 0; i < array_len(names); i++) {
		if (!json_slice_is(&s, names[i]))
			continue;
		m->verdict = (enum mark_verdict)i;
		return true;
	}
	return false;
}

static void read_mark(struct json *j, struct marks *l)
{
	struct mark m = { .support = -1 };
	int64_t n = -1, off = -1, len = -1;
	bool judged = false;
	struct json_slice key;

	if (!json_object(j)) {
		json_skip(j);
		return;
	}
	while (json_key(j, &key)) {
		if (json_slice_is(&key, "n"))
			json_integer(j, &n);
		else if (json_slice_is(&key, "off"))
			json_integer(j, &off);
		else if (json_slice_is(&key, "len"))
			json_integer(j, &len);
		else if (json_slice_is(&key, "support"))
			json_number(j, &m.support);
		else if (json_slice_is(&key, "verdict"))
			judged = read_verdict(j, &m);
	}
	if (!judged || n < 0 || n > INT32_MAX || off < 0 || len < 3 || len > 4096)
		return;
	m.n = (int)n;
	m.off = (size_t)off;
	m.len = (size_t)len;
	if (!l->n || l->v[l->n - 1].off <= m.off)
		marks_add(l, m);
}

void marks_read(struct marks *l, const char *json, size_t n)
{
	struct json j;

	json_init(&j, json, n, 16);
	if (!json_array(&j))
		return;
	while (json_item(&j))
		read_mark(&j, l);
}

/* ---- drawing ---- */

static bool on_bracket(const struct mark *m, const char *text, size_t n, size_t from)
{
	if (m->off < from || m->off >= n || m->len > n - m->off)
		return false;
	return text[m->off] == '[' || !memcmp(text + m->off, "\xe3\x80\x90", 3);
}

/*
 * "~~[7]~~" strikes only where white space is before it and white space or a full stop behind: glued to a
 * word, or to another one, the tildes would strike what lies between. "[~~7~~]" does wherever it stands.
 */
static bool stands_free(const struct mark *m, const char *text, size_t n)
{
	static const char before[] = " \t\n", behind[] = " \t\n.,;:!?";
	size_t end = m->off + m->len;

	return (!m->off || memchr(before, text[m->off - 1], sizeof(before) - 1)) &&
	       (end == n || memchr(behind, text[end], sizeof(behind) - 1));
}

static void draw_one(const struct mark *m, bool free, struct buf *out)
{
	switch (m->verdict) {
	case MARK_OK:
		(void)buf_addf(out, "[%d]", m->n);
		break;
	case MARK_WEAK:
		(void)buf_addf(out, "[%d?]", m->n);
		break;
	case MARK_UNKNOWN:
		(void)buf_addf(out, free ? "~~[%d]~~" : "[~~%d~~]", m->n);
		break;
	}
}

void marks_draw(const struct marks *l, const char *text, size_t n, struct buf *out)
{
	size_t from = 0;

	for (size_t i = 0, end; i < l->n; i = end) {
		const struct mark *m = &l->v[i];
		bool hold = true;

		for (end = i; end < l->n && l->v[end].off == m->off; end++)
			hold = hold && l->v[end].verdict == MARK_OK;
		if (hold || !on_bracket(m, text, n, from))
			continue;
		(void)buf_add(out, text + from, m->off - from);
		for (size_t k = i; k < end; k++)
			draw_one(&l->v[k], end == i + 1 && stands_free(m, text, n), out);
		from = m->off + m->len;
	}
	(void)buf_add(out, text + from, n - from);
}
