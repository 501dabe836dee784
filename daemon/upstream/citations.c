/* Citations: one reader with a table of the names that fields go by, and a walk per outer shape. */
#include "daemon/upstream/citations.h"

#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "common/utf8.h"

#define DEPTH 32
#define NESTING 6 /* objects within an entry */
#define TEXT_MAX 4096

/* One entry of a list. Open WebUI's has several passages: parallel arrays beside the source. */
struct entry {
	struct source source;
	int n; /* 0: not told */
	struct json_slice documents, metadatas, distances;
};

enum field { F_URL, F_PATH, F_NAME, F_TITLE, F_QUOTE, F_PAGE, F_LINE, F_SCORE, F_N, F_NESTED };

static const struct {
	const char *key;
	enum field field;
} fields[] = {
	{ "url", F_URL },
	{ "uri", F_URL },
	{ "link", F_URL },
	{ "href", F_URL },
	{ "file", F_PATH },
	{ "file_name", F_PATH },
	{ "filename", F_PATH },
	{ "filepath", F_PATH },
	{ "file_path", F_PATH },
	{ "path", F_PATH },
	{ "document_name", F_PATH },
	{ "file_id", F_NAME },
	{ "name", F_NAME },
	{ "source", F_NAME },
	{ "title", F_TITLE },
	{ "heading", F_TITLE },
	{ "content", F_QUOTE },
	{ "text", F_QUOTE },
	{ "snippet", F_QUOTE },
	{ "quote", F_QUOTE },
	{ "excerpt", F_QUOTE },
	{ "page_content", F_QUOTE },
	{ "passage", F_QUOTE },
	{ "document", F_QUOTE },
	{ "page", F_PAGE },
	{ "page_number", F_PAGE },
	{ "line", F_LINE },
	{ "line_number", F_LINE },
	{ "score", F_SCORE },
	{ "relevance_score", F_SCORE },
	{ "similarity", F_SCORE },
	{ "n", F_N },
	{ "number", F_N },
	{ "url_citation", F_NESTED },
	{ "file_citation", F_NESTED },
	{ "metadata", F_NESTED },
	{ "web", F_NESTED },
};

static int field_of(const struct json_slice *key)
{
	for (size_t i = 0; i < array_len(fields); i++)
		if (json_slice_is(key, fields[i].key))
			return (int)fields[i].field;
	return -1;
}

/* The first name told for a field stands. */
static void set_text(char **to, const struct json_slice *s, size_t max)
{
	struct buf text = { .max = 1 << 24 };

	if (!*to && s->n && json_unescape(s, &text, NULL) == 0 && text.len)
		*to = mem_ndup((char *)text.data, utf8_floor((char *)text.data, text.len, max));
	buf_fini(&text);
}

static bool is_url(const struct json_slice *s)
{
	return s->n > 8 && (!strncmp(s->p, "http://", 7) || !strncmp(s->p, "https://", 8) ||
				   !strncmp(s->p, "http:\\/", 7) || !strncmp(s->p, "https:\\/", 8));
}

/* A name is an address, a file with its suffix, or else a title. */
static void set_name(struct source *s, const struct json_slice *name)
{
	const char *dot = name->n ? memrchr(name->p, '.', name->n) : NULL;
	size_t suffix = dot ? (size_t)(name->p + name->n - dot) - 1 : 0;

	if (is_url(name))
		set_text(&s->url, name, TEXT_MAX);
	else if (suffix > 0 && suffix <= 5 && !memchr(dot, ' ', suffix + 1))
		set_text(&s->path, name, TEXT_MAX);
	else
		set_text(&s->title, name, TEXT_MAX);
}

static void set_number(struct json *j, int *to)
{
	struct json_slice s;
	int64_t n = 0;

	if (json_string(j, &s)) {
		char *text = json_strdup(&s, 32);

		n = text ? strtol(text + strcspn(text, "0123456789"), NULL, 10) : 0;
		free(text);
	} else if (!json_integer(j, &n)) {
		return;
	}
	if (n >= 0 && n < 10000000)
		*to = (int)n;
}

static void read_fields(struct entry *e, struct json *j, unsigned depth);

static void read_field(struct entry *e, enum field f, struct json *j, unsigned depth)
{
	struct source *s = &e->source;
	struct json_slice text;
	bool string = f != F_PAGE && f != F_LINE && f != F_N && json_string(j, &text);

	if (json_peek(j) == JSON_OBJECT && depth < NESTING)
		read_fields(e, j, depth + 1);
	else if (f == F_PAGE)
		set_number(j, &s->page);
	else if (f == F_LINE)
		set_number(j, &s->line);
	else if (f == F_N)
		set_number(j, &e->n);
	else if (f == F_SCORE)
		json_number(j, &s->score);
	else if (string && f == F_URL)
		set_text(&s->url, &text, TEXT_MAX);
	else if (string && f == F_PATH)
		set_text(is_url(&text) ? &s->url : &s->path, &text, TEXT_MAX);
	else if (string && f == F_NAME)
		set_name(s, &text);
	else if (string && f == F_TITLE)
		set_text(&s->title, &text, TEXT_MAX);
	else if (string && f == F_QUOTE)
		set_text(&s->quote, &text, CITATIONS_QUOTE);
}

static void read_fields(struct entry *e, struct json *j, unsigned depth)
{
	struct json_slice key;

	if (!json_object(j))
		return;
	while (json_key(j, &key)) {
		int f = field_of(&key);

		if (json_peek(j) == JSON_ARRAY) {
			if (json_slice_is(&key, "document"))
				json_raw(j, &e->documents);
			else if (json_slice_is(&key, "metadata"))
				json_raw(j, &e->metadatas);
			else if (json_slice_is(&key, "distances"))
				json_raw(j, &e->distances);
		} else if (f >= 0) {
			read_field(e, (enum field)f, j, depth);
		}
	}
}

static bool says_something(const struct source *s)
{
	return s->url || s->path || s->title || s->quote;
}

static bool entry_read(struct entry *e, struct json *j)
{
	struct json_slice s;

	*e = (struct entry){ 0 };
	source_init(&e->source);
	if (json_string(j, &s)) {
		if (is_url(&s))
			set_text(&e->source.url, &s, TEXT_MAX);
		else
			set_name(&e->source, &s);
	} else {
		read_fields(e, j, 0);
	}
	return says_something(&e->source) || e->documents.p || e->metadatas.p;
}

static void take_text(char **to, char **from)
{
	if (!*to) {
		*to = *from;
		*from = NULL;
	}
}

/* What is new in `from` is added to `to`, which is the same place. */
static void merge(struct source *to, struct source *from)
{
	take_text(&to->path, &from->path);
	take_text(&to->title, &from->title);
	take_text(&to->quote, &from->quote);
	to->page = to->page < 0 ? from->page : to->page;
	to->line = to->line < 0 ? from->line : to->line;
	to->score = to->score < 0 ? from->score : to->score;
	source_fini(from);
}

/* n 0: the number of the same place if it is known, else the next one. Takes s. */
static void add(struct source_list *l, struct source *s, int n)
{
	int next = 1;

	s->page = s->page ? s->page : -1;
	s->line = s->line ? s->line : -1;
	for (size_t i = 0; i < l->n; i++) {
		if ((!n || l->v[i].n == n) && source_same(&l->v[i], s)) {
			merge(&l->v[i], s);
			return;
		}
		next = max_of(next, l->v[i].n + 1);
	}
	s->n = n ? n : next;
	if (l->n < CITATIONS_MAX)
		source_list_add(l, s);
	else
		source_fini(s);
}

/* The i-th value of a raw array, or false. */
static bool array_at(const struct json_slice *raw, size_t i, struct json *j)
{
	if (!raw->p)
		return false;
	json_init(j, raw->p, raw->n, DEPTH);
	if (!json_array(j))
		return false;
	while (json_item(j))
		if (i-- == 0)
			return true;
	return false;
}

/* Open WebUI: passage i of the entry is document[i] with metadata[i] and distances[i]. */
static bool add_passage(struct source_list *l, const struct entry *e, size_t i, int n)
{
	struct entry one = { 0 };
	struct json_slice text;
	struct json j;
	bool any = false;

	source_copy(&one.source, &e->source);
	if (array_at(&e->metadatas, i, &j)) {
		any = true;
		/* Its own name is better than the list's; pages count from 0 there. */
		one.source.path = mem_free(one.source.path);
		read_fields(&one, &j, 0);
		if (!one.source.path)
			one.source.path = mem_dup(e->source.path);
		one.source.page = one.source.page >= 0 ? one.source.page + 1 : -1;
	}
	if (array_at(&e->documents, i, &j) && json_string(&j, &text)) {
		any = true;
		set_text(&one.source.quote, &text, CITATIONS_QUOTE);
	}
	if (array_at(&e->distances, i, &j))
		json_number(&j, &one.source.score);
	if (any && says_something(&one.source))
		add(l, &one.source, n);
	else
		source_fini(&one.source);
	return any;
}

static void entry_add(struct source_list *l, struct entry *e, int n)
{
	if (!e->documents.p && !e->metadatas.p) {
		add(l, &e->source, n);
		return;
	}
	for (size_t i = 0; i < CITATIONS_MAX && add_passage(l, e, i, n); i++)
		;
	source_fini(&e->source);
}

static void list_read(struct source_list *l, struct json *j, bool numbered)
{
	struct entry e;
	int i = 0;

	if (!json_array(j))
		return;
	while (json_item(j)) {
		i++;
		if (l->n < CITATIONS_MAX && entry_read(&e, j))
			entry_add(l, &e, e.n ? e.n : numbered ? i : 0);
		else if (l->n < CITATIONS_MAX)
			source_fini(&e.source);
		else
			json_skip(j);
	}
}

void citations_list(struct source_list *l, const struct json_slice *raw)
{
	struct json j;

	json_init(&j, raw->p, raw->n, DEPTH);
	list_read(l, &j, true);
}

void citations_annotations(struct source_list *l, const struct json_slice *raw)
{
	struct json j;

	json_init(&j, raw->p, raw->n, DEPTH);
	list_read(l, &j, false);
}

/* A JSON string that holds JSON: decode and read that. */
static bool within_string(struct source_list *l, struct json *j,
	void (*read)(struct source_list *l, const struct json_slice *raw))
{
	struct json_slice s, inner;
	char *text;

	if (!json_string(j, &s))
		return false;
	text = json_strdup(&s, 1 << 24);
	inner = (struct json_slice){ .p = text, .n = text ? strlen(text) : 0 };
	/* Once only: a string within that string is no citation. */
	if (inner.n && (*text == '{' || *text == '['))
		read(l, &inner);
	free(text);
	return true;
}

/* Old Azure API: {"messages": [{"role": "tool", "content": "{\"citations\": ...}"}]}. */
static void context_messages(struct source_list *l, struct json *j)
{
	struct json_slice key;

	if (!json_array(j))
		return;
	while (json_item(j)) {
		if (!json_object(j))
			continue;
		while (json_key(j, &key))
			if (json_slice_is(&key, "content"))
				within_string(l, j, citations_context);
	}
}

void citations_context(struct source_list *l, const struct json_slice *raw)
{
	struct json_slice key;
	struct json j;

	json_init(&j, raw->p, raw->n, DEPTH);
	if (within_string(l, &j, citations_context) || !json_object(&j))
		return;
	while (json_key(&j, &key)) {
		if (json_slice_is(&key, "citations") || json_slice_is(&key, "sources"))
			list_read(l, &j, true);
		else if (json_slice_is(&key, "messages"))
			context_messages(l, &j);
	}
}

static void tool_results(struct source_list *l, struct json *j)
{
	struct json_slice key;

	if (json_peek(j) == JSON_ARRAY) {
		list_read(l, j, false);
		return;
	}
	if (!json_object(j))
		return;
	while (json_key(j, &key))
		if (json_slice_is(&key, "results"))
			list_read(l, j, false);
}

void citations_tools(struct source_list *l, const struct json_slice *raw)
{
	struct json_slice key;
	struct json j;

	json_init(&j, raw->p, raw->n, DEPTH);
	if (!json_array(&j))
		return;
	while (json_item(&j)) {
		if (!json_object(&j))
			continue;
		while (json_key(&j, &key))
			if (json_slice_is(&key, "search_results"))
				tool_results(l, &j);
	}
}

void citations_event(struct source_list *l, const struct json_slice *raw)
{
	struct json_slice key, data = { 0 };
	bool cites = false;
	struct entry e;
	struct json j;

	json_init(&j, raw->p, raw->n, DEPTH);
	if (!json_object(&j))
		return;
	while (json_key(&j, &key)) {
		struct json_slice type;

		if (json_slice_is(&key, "type") && json_string(&j, &type))
			cites = json_slice_is(&type, "citation") || json_slice_is(&type, "source");
		else if (json_slice_is(&key, "data"))
			json_raw(&j, &data);
	}
	if (!cites || !data.p)
		return;
	json_init(&j, data.p, data.n, DEPTH);
	if (entry_read(&e, &j))
		entry_add(l, &e, e.n);
	else
		source_fini(&e.source);
}

void citations_any(struct source_list *l, const struct json_slice *raw)
{
	static const char *const names[] = { "sources", "citations", "references", "documents",
		"results", "search_results", "groundingChunks", "grounding_chunks" };
	struct json_slice key;
	struct json j;

	json_init(&j, raw->p, raw->n, DEPTH);
	if (within_string(l, &j, citations_any))
		return;
	if (json_peek(&j) == JSON_ARRAY) {
		list_read(l, &j, true);
		return;
	}
	if (!json_object(&j))
		return;
	while (json_key(&j, &key))
		for (size_t i = 0; i < array_len(names); i++)
			if (json_slice_is(&key, names[i]))
				list_read(l, &j, true);
}
