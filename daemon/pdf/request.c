/*
 * The request, read from its JSON. All texts are decoded into one block that is large enough from the
 * start (an invalid byte becomes three, the quotes leave room for the NUL), so that nothing moves.
 */
#include "daemon/pdf/request.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/json.h"
#include "common/utf8.h"

#define DEPTH 8
#define SIDE_MIN 72.0      /* points that are left for text, either way */
#define SIDE_MAX 14400.0   /* of a page (ISO 32000-1, Annex C) */
#define SIDE 70.87         /* 25 mm: a measure of about eighty characters */
#define FOOT 65.2          /* 23 mm */
#define EMPTY ((struct pdf_text){ "", 0 })

static const struct pdf_paper a4 = { 595.28, 841.89, SIDE, SIDE, FOOT, FOOT };

struct parser {
	struct json j;
	struct buf texts;      /* reserved for all of them */
	struct pdf_request *req;
	const char *why;
	int r;
};

struct field {
	const char *name;
	size_t at;
};

static void fail(struct parser *p, int r, const char *why)
{
	if (!p->r) {
		p->r = r;
		p->why = why;
	}
	p->j.failed = true; /* the reader says no to everything from here */
}

static void read_text(struct parser *p, struct pdf_text *out)
{
	size_t from = p->texts.len;
	struct json_slice s;

	if (!json_string(&p->j, &s))
		return;
	if (json_unescape(&s, &p->texts, NULL) < 0 || buf_add_byte(&p->texts, 0) < 0) {
		fail(p, -ENOMEM, "out of memory");
		return;
	}
	*out = (struct pdf_text){ (char *)p->texts.data + from, p->texts.len - from - 1 };
}

/* The field that the key names, as a place in the struct at base; NULL: none of these. */
static void *find_field(const struct field *fields, size_t n, const struct json_slice *key, void *base)
{
	for (size_t i = 0; i < n; i++) {
		if (json_slice_is(key, fields[i].name))
			return (char *)base + fields[i].at;
	}
	return NULL;
}

static void read_count(struct parser *p, int64_t *out)
{
	int64_t v;

	if (json_integer(&p->j, &v))
		*out = max_of(v, (int64_t)0);
}

/* One more element of a zeroed array, or NULL. */
static void *grow(struct parser *p, void *array, size_t n, size_t max, size_t size, const char *why)
{
	void *larger;

	if (n >= max) {
		fail(p, PDF_E_TOO_LARGE, why);
		return NULL;
	}
	if (n & (n - 1)) /* room to the next power of two */
		return array;
	larger = realloc(array, (n ? 2 * n : 1) * size);
	if (!larger)
		fail(p, -ENOMEM, "out of memory");
	return larger;
}

static void read_source(struct parser *p, struct pdf_source *s)
{
	static const struct field texts[] = {
		{ "document", offsetof(struct pdf_source, document) },
		{ "path", offsetof(struct pdf_source, path) },
		{ "url", offsetof(struct pdf_source, url) },
		{ "title", offsetof(struct pdf_source, title) },
		{ "quote", offsetof(struct pdf_source, quote) },
		{ "note", offsetof(struct pdf_source, note) },
	};
	static const struct field numbers[] = {
		{ "n", offsetof(struct pdf_source, n) },
		{ "page", offsetof(struct pdf_source, page) },
		{ "line", offsetof(struct pdf_source, line) },
	};
	struct json_slice key;

	*s = (struct pdf_source){ .document = EMPTY, .path = EMPTY, .url = EMPTY, .title = EMPTY, .quote = EMPTY,
		.note = EMPTY };
	if (!json_object(&p->j))
		return;
	while (json_key(&p->j, &key)) {
		struct pdf_text *text = find_field(texts, array_len(texts), &key, s);
		int64_t *number = text ? NULL : find_field(numbers, array_len(numbers), &key, s);

		if (text)
			read_text(p, text);
		else if (number)
			read_count(p, number);
	}
}

static void read_sources(struct parser *p, struct pdf_turn *t)
{
	if (!json_array(&p->j))
		return;
	while (json_item(&p->j)) {
		void *larger = grow(p, t->sources, t->nsources, PDF_SOURCES_MAX, sizeof(*t->sources),
			"an answer has more sources than a document takes");

		if (!larger)
			return;
		t->sources = larger;
		read_source(p, &t->sources[t->nsources++]);
	}
}

/* A word that is not known counts as the careful one. */
static void read_state(struct parser *p, enum pdf_state *out)
{
	static const char *const words[] = { [PDF_DONE] = "done", [PDF_RUNNING] = "running",
		[PDF_INTERRUPTED] = "interrupted", [PDF_FAILED] = "failed", [PDF_CANCELLED] = "cancelled" };
	struct json_slice s;

	if (!json_string(&p->j, &s))
		return;
	*out = PDF_INTERRUPTED;
	for (size_t i = 0; i < array_len(words); i++) {
		if (json_slice_is(&s, words[i]))
			*out = (enum pdf_state)i;
	}
}

static void read_turn(struct parser *p, struct pdf_turn *t)
{
	static const struct field texts[] = {
		{ "question", offsetof(struct pdf_turn, question) },
		{ "date", offsetof(struct pdf_turn, date) },
		{ "model", offsetof(struct pdf_turn, model) },
		{ "note", offsetof(struct pdf_turn, note) },
		{ "markdown", offsetof(struct pdf_turn, markdown) },
	};
	struct json_slice key;

	*t = (struct pdf_turn){ .question = EMPTY, .date = EMPTY, .model = EMPTY, .note = EMPTY, .markdown = EMPTY };
	if (!json_object(&p->j))
		return;
	while (json_key(&p->j, &key)) {
		struct pdf_text *text = find_field(texts, array_len(texts), &key, t);

		if (text)
			read_text(p, text);
		else if (json_slice_is(&key, "state"))
			read_state(p, &t->state);
		else if (json_slice_is(&key, "sources"))
			read_sources(p, t);
	}
}

static void read_turns(struct parser *p)
{
	struct pdf_request *req = p->req;

	if (!json_array(&p->j))
		return;
	while (json_item(&p->j)) {
		void *larger = grow(p, req->turns, req->nturns, PDF_TURNS_MAX, sizeof(*req->turns),
			"a conversation of more turns than a document takes");

		if (!larger)
			return;
		req->turns = larger;
		read_turn(p, &req->turns[req->nturns++]);
	}
}

static bool leaves_room(double side, double before, double after)
{
	return isfinite(side) && before >= 0 && after >= 0 && side <= SIDE_MAX && side - before - after >= SIDE_MIN;
}

static void read_paper(struct parser *p, struct pdf_paper *out)
{
	static const struct field numbers[] = {
		{ "width", offsetof(struct pdf_paper, width) },
		{ "height", offsetof(struct pdf_paper, height) },
		{ "left", offsetof(struct pdf_paper, left) },
		{ "right", offsetof(struct pdf_paper, right) },
		{ "top", offsetof(struct pdf_paper, top) },
		{ "bottom", offsetof(struct pdf_paper, bottom) },
	};
	struct pdf_paper paper = a4;
	struct json_slice key;

	if (!json_object(&p->j))
		return;
	while (json_key(&p->j, &key)) {
		double *number = find_field(numbers, array_len(numbers), &key, &paper);

		if (number)
			json_number(&p->j, number);
	}
	if (leaves_room(paper.width, paper.left, paper.right) && leaves_room(paper.height, paper.top, paper.bottom))
		*out = paper;
	else
		fail(p, PDF_E_REQUEST, "the paper leaves no room for text");
}

static void read_format(struct parser *p, enum pdf_format *out)
{
	struct json_slice s;

	if (!json_string(&p->j, &s))
		return;
	if (json_slice_is(&s, "html"))
		*out = PDF_FORMAT_HTML;
	else if (!json_slice_is(&s, "pdf"))
		fail(p, PDF_E_REQUEST, "the format is neither pdf nor html");
}

static void read_request(struct parser *p)
{
	static const struct field texts[] = {
		{ "title", offsetof(struct pdf_request, title) },
		{ "thread", offsetof(struct pdf_request, thread) },
		{ "generator", offsetof(struct pdf_request, generator) },
		{ "lang", offsetof(struct pdf_request, lang) },
	};
	struct pdf_request *req = p->req;
	struct json_slice key;

	if (!json_object(&p->j))
		return fail(p, PDF_E_REQUEST, "the request is no JSON object");
	while (json_key(&p->j, &key)) {
		struct pdf_text *text = find_field(texts, array_len(texts), &key, req);

		if (text)
			read_text(p, text);
		else if (json_slice_is(&key, "format"))
			read_format(p, &req->format);
		else if (json_slice_is(&key, "epoch"))
			read_count(p, &req->epoch);
		else if (json_slice_is(&key, "paper"))
			read_paper(p, &req->paper);
		else if (json_slice_is(&key, "turns"))
			read_turns(p);
	}
	if (json_end(&p->j) < 0)
		fail(p, PDF_E_REQUEST, "the request is not valid JSON");
}

static void request_init(struct pdf_request *req)
{
	*req = (struct pdf_request){ .title = EMPTY, .thread = EMPTY, .generator = EMPTY, .lang = EMPTY, .paper = a4 };
}

/* The JSON within its frame. */
static int unframe(const uint8_t *p, size_t n, const char **why)
{
	uint32_t length;

	*why = "this is no request";
	if (n < PDF_REQUEST_HEAD || memcmp(p, PDF_REQUEST_MAGIC, 8) != 0)
		return PDF_E_REQUEST;
	length = (uint32_t)p[8] | (uint32_t)p[9] << 8 | (uint32_t)p[10] << 16 | (uint32_t)p[11] << 24;
	*why = "the request is larger than 16 MiB";
	if (length > PDF_REQUEST_MAX)
		return PDF_E_TOO_LARGE;
	*why = "the request is cut off, or more follows it";
	return n - PDF_REQUEST_HEAD == length ? 0 : PDF_E_REQUEST;
}

int pdf_request_parse(struct pdf_request *req, const void *data, size_t n, const char **why)
{
	struct parser p = { .req = req };
	const char *words;
	int r = unframe(data, n, &words);

	request_init(req);
	if (r == 0) {
		buf_init(&p.texts, 0);
		r = buf_reserve(&p.texts, 3 * n);
	}
	if (r == 0) {
		json_init(&p.j, (const char *)data + PDF_REQUEST_HEAD, n - PDF_REQUEST_HEAD, DEPTH);
		read_request(&p);
		r = p.r;
		words = p.why;
	}
	req->strings = (char *)p.texts.data;
	if (r != 0)
		pdf_request_fini(req);
	if (why)
		*why = r == 0 ? NULL : r == -ENOMEM ? "out of memory" : words;
	return r;
}

int pdf_request_plain(struct pdf_request *req, const void *markdown, size_t n)
{
	struct utf8_clean c = { 0 };
	struct buf text;
	int r;

	request_init(req);
	buf_init(&text, 0);
	r = utf8_clean_feed(&c, markdown, n, &text);
	if (r == 0)
		r = utf8_clean_end(&c, &text);
	if (r == 0)
		r = buf_add_byte(&text, 0);
	req->strings = (char *)text.data;
	req->turns = r == 0 ? calloc(1, sizeof(*req->turns)) : NULL;
	if (!req->turns) {
		pdf_request_fini(req);
		return -ENOMEM;
	}
	req->nturns = 1;
	req->turns[0] = (struct pdf_turn){ .question = EMPTY, .date = EMPTY, .model = EMPTY, .note = EMPTY,
		.markdown = { req->strings, text.len - 1 } };
	return 0;
}

void pdf_request_fini(struct pdf_request *req)
{
	for (size_t i = 0; i < req->nturns; i++)
		free(req->turns[i].sources);
	free(req->turns);
	free(req->strings);
	request_init(req);
}
