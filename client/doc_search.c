/* Searching the library from the command line. */
#include "client/doc_search.h"

#include <string.h>
#include <unistd.h>

#include "client/filter.h"
#include "client/format.h"
#include "client/link.h"
#include "client/opts.h"
#include "client/out.h"
#include "client/place.h"
#include "client/pretty.h"
#include "client/say.h"
#include "client/snippet.h"
#include "client/term.h"
#include "client/text.h"
#include "common/attr.h"
#include "common/json.h"
#include "common/mem.h"

#define SHOWN 300 /* characters of a passage, for people */

struct search {
	const struct doc_search *s;
	struct link *link;
	struct buf text;
	struct json_out w;
	int64_t have, documents;
	bool cut, bold;
	char *instead;     /* which words were taken for others, or NULL */
	char *words_only;  /* why no vectors counted, where they should; or NULL */
	unsigned width;    /* of the terminal, 0: none */
	const char *query; /* words in bold */
};

int doc_search_by(struct doc_search *s, struct opts *o)
{
	s->whole = !strcmp(o->value, "document");
	if (!s->whole && strcmp(o->value, "passage") != 0)
		opts_fail(o, "--by is document or passage, not '%s'", o->value);
	return o->status;
}

/* ---- JSON ---- */

static void json_field(struct json_out *w, struct val result, const char *key)
{
	struct val v = val_get(result, key);

	json_out_key(w, key);
	if (val_present(v))
		val_to_json(v, w);
	else
		json_out_null(w);
}

/* The same fields in each, so that a script need not ask which there are. */
static void add_json(struct json_out *w, struct val result)
{
	static const char *const keys[] = { "rank", "document", "path", "page", "line", "title", "start", "end", "score", "text" };

	json_out_object(w);
	for (size_t i = 0; i < array_len(keys); i++)
		json_field(w, result, keys[i]);
	json_out_object_end(w);
}

static void add_json_line(struct search *k, struct val result)
{
	struct json_out w;

	json_out_init(&w, &k->text);
	add_json(&w, result);
	(void)buf_add_byte(&k->text, '\n');
}

/* ---- for people ---- */

static void add_lines(struct search *k, struct val result)
{
	struct buf head = { 0 }, shown = { 0 };
	const char *s;
	size_t n;

	(void)buf_addf(&head, "%lld ", (long long)val_get_int(result, "rank", 0));
	place_add(result, &head);
	filter_line(term_filter_out(), (const char *)head.data, head.len, 500, &k->text);
	(void)buf_add_byte(&k->text, '\n');
	buf_fini(&head);
	if (!val_get_str(result, "text", &s, &n) || !n)
		return;
	filter_line(term_filter_out(), s, n, SHOWN, &shown);
	snippet_text(k->width, k->bold, buf_cstr(&shown), shown.len, k->query, &k->text);
	buf_fini(&shown);
}

/* ---- pages ---- */

static void add_page(struct search *k, struct val results)
{
	for (size_t i = 0; i < val_count(results) && k->have < k->s->limit; i++, k->have++) {
		struct val result = val_at(results, i);

		if (k->s->jsonl)
			add_json_line(k, result);
		else if (k->s->json)
			add_json(&k->w, result);
		else if (k->s->format)
			format_row(k->s->format, result, &k->text);
		else
			add_lines(k, result);
	}
}

static void request(struct search *k, const struct buf *text)
{
	const struct doc_search *s = k->s;
	struct pack *p = link_request(k->link, "doc.search");

	pack_key(p, "text");
	pack_str(p, (const char *)text->data, text->len);
	pack_kv_text_opt(p, "collection", s->collection);
	pack_kv_text_opt(p, "thread", s->thread);
	if (s->documents.n) {
		pack_key(p, "documents");
		pack_array(p);
		for (size_t i = 0; i < s->documents.n; i++)
			pack_text(p, s->documents.v[i]);
		pack_close(p);
	}
	pack_kv_int(p, "limit", s->limit);
	if (k->have)
		pack_kv_int(p, "offset", k->have);
	pack_kv_text(p, "by", s->whole ? "document" : "passage");
}

static void json_begin(struct search *k)
{
	json_out_init(&k->w, &k->text);
	json_out_object(&k->w);
	json_field(&k->w, k->link->msg.result, "query");
	json_field(&k->w, k->link->msg.result, "coverage");
	json_field(&k->w, k->link->msg.result, "documents");
	json_out_key(&k->w, "results");
	json_out_array(&k->w);
}

static int pages(struct search *k, const struct buf *text)
{
	int64_t before;

	do {
		int r;

		before = k->have;
		request(k, text);
		r = link_call(k->link, 0);
		if (r)
			return link_fail(k->link, r);
		if (!before && k->s->json)
			json_begin(k);
		k->documents = val_get_int(k->link->msg.result, "documents", 0);
		k->cut = k->cut || val_get_bool(k->link->msg.result, "cut", false);
		if (!before) {
			k->words_only = val_get_text(k->link->msg.result, "vectors_missing");
			k->instead = val_get_text(k->link->msg.result, "instead");
		}
		add_page(k, val_get(k->link->msg.result, "results"));
	} while (k->have > before && k->have < k->s->limit &&
		 val_get_int(k->link->msg.result, "next", 0) > 0);
	return 0;
}

static int finish(struct search *k)
{
	if (k->s->json) {
		json_out_array_end(&k->w);
		json_out_object_end(&k->w);
		(void)buf_add_byte(&k->text, '\n');
	} else if (!k->have && !k->documents) {
		say("there are no documents yet: `ragchat upload FILE` adds some");
	} else if (!k->have) {
		say("none of these words is in any of %lld document%s", (long long)k->documents,
			k->documents == 1 ? "" : "s");
	}
	if (k->cut)
		say_as("daemon", "some passages were not looked at: the search took too long, or their index is being made anew (`ragchat status`)");
	if (k->instead)
		say_as("daemon", "%s", k->instead);
	if (k->words_only)
		say_as("daemon", "searched by the words alone: %s", k->words_only);
	return out_text(&k->text, k->s->format || k->bold);
}

int doc_search_run(const struct doc_search *s, struct client *c, char *const *words, size_t n)
{
	bool from_stdin = n == 1 && !strcmp(words[0], "-");
	struct question q = { .words = words, .nwords = from_stdin ? 0 : n, .no_stdin = !from_stdin };
	struct search k = { .s = s };
	struct buf text = { 0 };
	int r = question_read(&q, &text);

	if (!r) {
		k.link = link_new(c);
		k.query = buf_cstr(&text);
		k.bold = !s->json && !s->jsonl && term_color(s->color, STDOUT_FILENO);
		k.width = term_wrap_width(STDOUT_FILENO);
		r = pages(&k, &text);
		if (!r)
			r = finish(&k);
		link_free(k.link);
	}
	mem_free(k.words_only);
	mem_free(k.instead);
	buf_fini(&k.text);
	buf_fini(&text);
	return r;
}
