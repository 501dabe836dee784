/* Reading what backends say of their errors: one walk over every shape, the best-named message
 * wins. */
#include "daemon/upstream/errors.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"

#define SHAPE_DEPTH 8 /* error objects within error objects */
#define LIST_SHOWN 3  /* entries of a validation error that are told */

void trouble_fini(struct trouble *t)
{
	t->message = mem_free(t->message);
}

static char *slice_line(const struct json_slice *s, size_t max)
{
	struct buf text = { .max = 1 << 20 };
	char *line = NULL;

	if (json_unescape(s, &text, NULL) == 0 && text.len)
		line = errors_line((const char *)text.data, text.len, max);
	buf_fini(&text);
	if (line && !*line)
		line = mem_free(line);
	return line;
}

static const struct {
	const char *word;
	enum upstream_result result;
} classes[] = {
	{ "rate_limit", UPSTREAM_E_BUSY },
	{ "too_many_requests", UPSTREAM_E_BUSY },
	{ "overloaded", UPSTREAM_E_BUSY },
	{ "exhausted", UPSTREAM_E_BUSY },
	{ "unavailable", UPSTREAM_E_BUSY },
	{ "authentication", UPSTREAM_E_REFUSED },
	{ "api_key", UPSTREAM_E_REFUSED },
	{ "permission", UPSTREAM_E_REFUSED },
	{ "unauthorized", UPSTREAM_E_REFUSED },
	{ "forbidden", UPSTREAM_E_REFUSED },
	{ "timeout", UPSTREAM_E_TIMEOUT },
	{ "deadline", UPSTREAM_E_TIMEOUT },
};

enum upstream_result errors_result_of(long code)
{
	switch (code) {
	case 401:
	case 403:
		return UPSTREAM_E_REFUSED;
	case 429:
	case 503:
	case 529:
		return UPSTREAM_E_BUSY;
	case 408:
	case 504:
		return UPSTREAM_E_TIMEOUT;
	default:
		return UPSTREAM_E_ERROR;
	}
}

/* A code, type or status in words. */
static void classify(struct trouble *t, const char *word)
{
	if (strcasestr(word, "context") &&
		(strcasestr(word, "exceed") || strcasestr(word, "length")))
		t->context = true;
	if (strcasestr(word, "model_not_found") || strcasestr(word, "model_not_exist"))
		t->model = true;
	if (t->result != UPSTREAM_E_ERROR)
		return;
	for (size_t i = 0; i < array_len(classes); i++) {
		if (strcasestr(word, classes[i].word)) {
			t->result = classes[i].result;
			return;
		}
	}
}

static void read_code(struct trouble *t, struct json *j)
{
	struct json_slice s;
	int64_t n;
	char *word;

	if (json_integer(j, &n)) {
		if (!t->code)
			t->code = n > 0 && n < 1000 ? (long)n : 0;
		return;
	}
	if (!json_string(j, &s))
		return;
	word = json_strdup(&s, 256);
	if (!word)
		return;
	if (!t->code && strlen(word) == 3)
		t->code = strtol(word, NULL, 10);
	classify(t, word);
	free(word);
}

static void read_value(struct trouble *t, struct json *j, unsigned depth);

/* FastAPI's {"loc":["body","messages",0],"msg":"..."} as "body.messages.0: ...". */
static void add_loc(struct buf *out, struct json *j)
{
	struct json_slice s;
	const char *dot = "";

	if (!json_array(j))
		return;
	while (json_item(j)) {
		char *part;

		if (!json_string(j, &s) && !json_raw(j, &s))
			return;
		part = slice_line(&s, 80);
		(void)buf_addf(out, "%s%s", dot, part ? part : "");
		free(part);
		dot = ".";
	}
}

static void read_metadata(struct trouble *t, struct json *j)
{
	struct json_slice key, s;

	if (!json_object(j))
		return;
	while (json_key(j, &key)) {
		char *raw, *both;

		if (!json_slice_is(&key, "raw") || !json_string(j, &s))
			continue;
		raw = slice_line(&s, ERRORS_MESSAGE_MAX / 2);
		if (!raw)
			continue;
		/* A gateway's "Provider returned error" says less than what the provider returned.
		 */
		both = t->message ? mem_printf("%s: %s", t->message, raw) : mem_dup(raw);
		free(t->message);
		t->message = both;
		free(raw);
	}
}

/* How well a key names the cause: the highest one's value is the message. 0: not a message. */
static int key_rank(const struct json_slice *key)
{
	static const char *const names[] = { "title", "reason", "description", "errors", "msg",
		"error_description", "detail", "error", "message" };

	for (size_t i = array_len(names); i > 0; i--)
		if (json_slice_is(key, names[i - 1]))
			return (int)i;
	return 0;
}

static void read_message(struct trouble *t, struct json *j, unsigned depth, int rank, int *best)
{
	struct trouble inner = { .result = t->result, .code = t->code };

	read_value(&inner, j, depth + 1);
	t->code = inner.code;
	t->result = inner.result;
	t->context = t->context || inner.context;
	t->model = t->model || inner.model;
	if (inner.message && rank > *best) {
		free(t->message);
		t->message = inner.message;
		*best = rank;
	} else {
		trouble_fini(&inner);
	}
}

static void read_object(struct trouble *t, struct json *j, unsigned depth)
{
	struct buf loc = { .max = 1024 };
	struct json_slice key;
	int best = 0;

	while (json_key(j, &key)) {
		int rank = key_rank(&key);

		if (rank)
			read_message(t, j, depth, rank, &best);
		else if (json_slice_is(&key, "code") || json_slice_is(&key, "type") ||
			 json_slice_is(&key, "status"))
			read_code(t, j);
		else if (json_slice_is(&key, "loc"))
			add_loc(&loc, j);
		else if (json_slice_is(&key, "metadata"))
			read_metadata(t, j);
	}
	if (loc.len && t->message) {
		char *both = mem_printf("%s: %s", buf_cstr(&loc), t->message);

		free(t->message);
		t->message = both;
	}
	buf_fini(&loc);
}

static void read_list(struct trouble *t, struct json *j, unsigned depth)
{
	struct buf all = { .max = ERRORS_MESSAGE_MAX };

	for (unsigned n = 0; json_item(j); n++) {
		struct trouble inner = { .result = t->result, .code = t->code };

		if (n >= LIST_SHOWN)
			continue;
		read_value(&inner, j, depth + 1);
		t->code = inner.code;
		t->result = inner.result;
		t->context = t->context || inner.context;
		t->model = t->model || inner.model;
		if (inner.message)
			(void)buf_addf(&all, "%s%s", all.len ? "; " : "", inner.message);
		trouble_fini(&inner);
	}
	if (all.len) {
		free(t->message);
		t->message = mem_dup(buf_cstr(&all));
	}
	buf_fini(&all);
}

static void read_value(struct trouble *t, struct json *j, unsigned depth)
{
	struct json_slice s;

	if (depth > SHAPE_DEPTH) {
		json_skip(j);
	} else if (json_string(j, &s)) {
		free(t->message);
		t->message = slice_line(&s, ERRORS_MESSAGE_MAX);
	} else if (json_array(j)) {
		read_list(t, j, depth);
	} else if (json_object(j)) {
		read_object(t, j, depth);
	} else {
		json_skip(j);
	}
}

void trouble_read_json(struct trouble *t, const char *json, size_t n)
{
	struct json j;

	*t = (struct trouble){ .result = UPSTREAM_E_ERROR };
	json_init(&j, json, n, 64);
	read_value(t, &j, 0);
	if (errors_result_of(t->code) != UPSTREAM_E_ERROR)
		t->result = errors_result_of(t->code);
	if (t->message && strcasestr(t->message, "context") &&
		(strcasestr(t->message, "exceed") || strcasestr(t->message, "maximum")))
		t->context = true;
}

static bool looks_html(const char *s, size_t n)
{
	return n && s[0] == '<';
}

void trouble_read_body(struct trouble *t, const char *body, size_t n)
{
	while (n && isspace((unsigned char)*body))
		body++, n--;
	/* An event stream around the error: what its first data line says. */
	if (n > 6 && (!strncmp(body, "event:", 6) || !strncmp(body, "data:", 5))) {
		const char *data = memmem(body, n, "data:", 5);

		n -= data ? (size_t)(data + 5 - body) : 0;
		body = data ? data + 5 : body;
		while (n && *body == ' ')
			body++, n--;
	}
	if (n && (*body == '{' || *body == '[')) {
		trouble_read_json(t, body, n);
		return;
	}
	*t = (struct trouble){ .result = UPSTREAM_E_ERROR };
	if (looks_html(body, n) || !n)
		return;
	t->message = errors_line(body, n, 300);
	if (!*t->message)
		t->message = mem_free(t->message);
}
