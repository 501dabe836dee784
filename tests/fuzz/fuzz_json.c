/*
 * Any bytes: the walk ends, agrees with json_skip, strings come out clean, and what is written from
 * what was read reads back as the same.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define require(cond) \
	do { \
		if (!(cond)) \
			abort(); \
	} while (0)

struct walk {
	struct json j;
	struct json_out w;
	size_t steps; /* left */
	struct buf text;
};

static const char *string_text(struct walk *k, const struct json_slice *s)
{
	buf_reset(&k->text);
	require(json_unescape(s, &k->text, NULL) == 0);
	require(utf8_valid_no_nul((char *)k->text.data, k->text.len));
	if (s->escaped || utf8_valid_no_nul(s->p, s->n))
		require(utf8_valid_no_nul(s->p, s->n) ? json_slice_is(s, buf_cstr(&k->text))
						      : true);
	return buf_cstr(&k->text);
}

static void copy_string(struct walk *k, const struct json_slice *s, bool is_key)
{
	const char *text = string_text(k, s);
	char *copy = json_strdup(s, 1 << 20);
	struct json_slice back;
	struct json again;
	size_t from;

	require(copy && !strcmp(copy, text));
	mem_free(copy);
	if (is_key) {
		json_out_key(&k->w, text);
		return;
	}
	from = k->w.out->len;
	json_out_string(&k->w, text, k->text.len);
	while (k->w.out->data[from] != '"')
		from++;
	json_init(&again, (char *)k->w.out->data + from, k->w.out->len - from, 0);
	require(json_string(&again, &back) && json_end(&again) == 0);
	require(json_slice_is(&back, text));
}

static void copy_number(struct walk *k)
{
	struct json integer = k->j;
	int64_t i;
	double d;

	if (!json_number(&k->j, &d)) {
		require(!json_integer(&integer, &i));
		return;
	}
	require(!isnan(d) && json_integer(&integer, &i) && integer.p == k->j.p);
	require(fabs(d) >= 0x1p53 || i == (int64_t)d || fabs((double)i - d) <= 1);
	if (isfinite(d))
		json_out_double(&k->w, d);
	else
		json_out_int(&k->w, i);
}

static void copy_scalar(struct walk *k)
{
	struct json_slice s;
	bool b;

	if (json_string(&k->j, &s))
		copy_string(k, &s, false);
	else if (json_bool(&k->j, &b))
		json_out_bool(&k->w, b);
	else if (json_null(&k->j))
		json_out_null(&k->w);
	else
		copy_number(k);
}

/* The levels are kept here and not on the stack, as a caller with 512 of them should. */
static void copy_all(struct walk *k)
{
	char kinds[513];
	size_t depth = 0;
	struct json_slice key;

	for (;;) {
		require(k->steps-- > 0);
		if (json_object(&k->j)) {
			json_out_object(&k->w);
			kinds[depth++] = '{';
		} else if (json_array(&k->j)) {
			json_out_array(&k->w);
			kinds[depth++] = '[';
		} else {
			copy_scalar(k);
		}
		while (depth &&
			!(kinds[depth - 1] == '{' ? json_key(&k->j, &key) : json_item(&k->j))) {
			require(k->steps-- > 0);
			if (k->j.failed)
				return;
			if (kinds[--depth] == '{')
				json_out_object_end(&k->w);
			else
				json_out_array_end(&k->w);
		}
		if (!depth)
			return;
		if (kinds[depth - 1] == '{')
			copy_string(k, &key, true);
	}
}

/* Values left unread are skipped: the walk that looks at nothing must come to the same end. */
static int lazy_verdict(const char *s, size_t n, unsigned depth)
{
	struct json_slice key;
	struct json j;

	json_init(&j, s, n, depth);
	if (json_object(&j))
		while (json_key(&j, &key))
			;
	else if (json_array(&j))
		while (json_item(&j))
			json_peek(&j);
	else
		json_skip(&j);
	return json_end(&j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned depth = size ? data[0] * 3u : 0;
	const char *s = size ? (const char *)data + 1 : "";
	size_t n = size ? size - 1 : 0;
	struct walk k = { .steps = 4 * size + 16 };
	struct json j;
	struct json_slice raw = { 0 };
	struct buf out;
	int verdict;

	buf_init(&out, 0);
	buf_init(&k.text, 0);
	json_init(&k.j, s, n, depth);
	json_out_init(&k.w, &out);
	k.w.ascii = depth & 1;
	k.w.python_style = depth & 2;
	copy_all(&k);
	verdict = json_end(&k.j);

	json_init(&j, s, n, depth);
	json_raw(&j, &raw);
	require(json_end(&j) == verdict);
	require(verdict < 0 || (raw.p >= s && raw.p + raw.n <= s + n && raw.n > 0));
	require(lazy_verdict(s, n, depth) == verdict);
	if (verdict == 0) {
		json_init(&j, (char *)out.data, out.len, depth);
		require(json_skip(&j) && json_end(&j) == 0);
		require(utf8_valid_no_nul((char *)out.data, out.len));
	}
	buf_fini(&out);
	buf_fini(&k.text);
	return 0;
}
