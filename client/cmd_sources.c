/* ragchat sources: what an answer cites. */
#include <string.h>
#include <unistd.h>

#include "client/answer.h"
#include "client/cmd.h"
#include "client/filter.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/say.h"
#include "client/term.h"
#include "client/wrap.h"
#include "common/str.h"

enum { OPT_OPEN = OPT_OWN };

static const struct opt opts[] = {
	{ OPT_OPEN, "open", "N" },
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

#define QUOTE_SHOWN 300 /* bytes of a quote in the list; --open has the whole of it */

static bool cited(struct val source)
{
	return val_get_bool(source, "cited", true);
}

static void add_source(struct val source, const struct marks *marks, struct buf *out)
{
	struct buf line = { 0 }, quote = { 0 };
	const char *s;
	size_t n;

	source_line(source, marks, &line);
	filter_line(FILTER_TERMINAL, (const char *)line.data, line.len, 500, out);
	(void)buf_add_byte(out, '\n');
	buf_fini(&line);
	if (!cited(source) || !val_get_str(source, "quote", &s, &n) || !n)
		return;
	(void)buf_add_byte(&quote, '"');
	filter_line(FILTER_TERMINAL, s, n, QUOTE_SHOWN, &quote);
	(void)buf_add_byte(&quote, '"');
	wrap_indented(term_wrap_width(STDOUT_FILENO), 4, buf_cstr(&quote), quote.len, out);
	buf_fini(&quote);
}

/* What the answer cites, with its words; then what it was made from besides, by name. */
static void add_sources(struct val list, const struct marks *marks, struct buf *out)
{
	bool head = false;

	for (size_t i = 0; i < val_count(list); i++)
		if (cited(val_at(list, i)))
			add_source(val_at(list, i), marks, out);
	marks_strangers(marks, out);
	for (size_t i = 0; i < val_count(list); i++) {
		if (cited(val_at(list, i)))
			continue;
		if (!head)
			(void)buf_add_str(out, out->len ? "\nAlso read:\n" : "Read, and not cited:\n");
		head = true;
		add_source(val_at(list, i), marks, out);
	}
}

static void add_head(struct val source, struct buf *out)
{
	struct buf line = { 0 };

	source_line(source, NULL, &line);
	filter_line(FILTER_TERMINAL, (const char *)line.data, line.len, 500, out);
	(void)buf_add_str(out, "\n\n");
	buf_fini(&line);
}

static int print(struct val result, bool json)
{
	struct val list = val_get(result, "sources");
	struct marks marks = { .n = 0 };
	struct buf out = { 0 };
	int r;

	if (json)
		pretty_val(result, false, &out);
	marks_take(&marks, val_get(result, "marks"));
	if (!json)
		add_sources(list, &marks, &out);
	marks_fini(&marks);
	if (!out.len && isatty(STDERR_FILENO))
		say("the answer has no sources");
	r = out_text(&out, false);
	buf_fini(&out);
	return r;
}

/* ---- one source, opened ---- */

/* Where the quote begins and ends, while it is wrapped: no filter lets these through. */
#define BEGINS '\1'
#define ENDS '\2'

/* Into colour, or arrows where there is none. */
static void add_ink(const struct buf *text, struct buf *out)
{
	bool color = term_color(COLOR_AUTO, STDOUT_FILENO);

	for (size_t i = 0; i < text->len; i++) {
		if (text->data[i] == BEGINS)
			(void)buf_add_str(out, color ? "\033[1m" : ">>>");
		else if (text->data[i] == ENDS)
			(void)buf_add_str(out, color ? "\033[0m" : "<<<");
		else
			(void)buf_add_byte(out, text->data[i]);
	}
}

/* Empty lines before the text: up to the quote at most. */
static size_t empty_lines(const char *s, size_t n)
{
	size_t skip = 0;

	for (size_t i = 0; i < n && memchr(" \t\r\n\f", s[i], 5); i++)
		if (s[i] == '\n' || s[i] == '\f')
			skip = i + 1;
	return skip;
}

/* The lines around the quote, its own bold or between arrows; wrapped on a terminal. */
static void add_passage(struct buf *out, const char *s, size_t n, size_t at, size_t len)
{
	size_t from = empty_lines(s, at);
	struct buf text = { 0 }, wrapped = { 0 };
	struct filter f;

	filter_init(&f, term_filter_out());
	filter_feed(&f, s + from, at - from, &text);
	(void)buf_add_byte(&text, BEGINS);
	filter_feed(&f, s + at, len, &text);
	(void)buf_add_byte(&text, ENDS);
	filter_feed(&f, s + at + len, n - at - len, &text);
	filter_end(&f, &text);
	filter_fini(&f);
	while (text.len && text.data[text.len - 1] == '\n')
		text.len--;
	wrap_text(term_wrap_width(STDOUT_FILENO), (const char *)text.data, text.len, &wrapped);
	add_ink(&wrapped, out);
	(void)buf_add_byte(out, '\n');
	buf_fini(&text);
	buf_fini(&wrapped);
}

static int print_open_source(struct val result, bool json)
{
	struct val source = val_get(result, "source");
	const char *text, *quote = "";
	size_t n, len = 0;
	struct buf out = { 0 };
	uint64_t at = 0;
	int r;

	(void)val_get_str(source, "quote", &quote, &len);
	if (json) {
		pretty_val(result, false, &out);
	} else if (val_get_str(result, "text", &text, &n) && val_uint(val_get(result, "at"), &at) && at <= n &&
		   len <= n - at) {
		add_head(source, &out);
		add_passage(&out, text, n, (size_t)at, len);
	} else {
		add_head(source, &out);
		add_passage(&out, quote, len, 0, len);
		say("the document is not there any more as it was, or is not yours: this is what the answer kept of it");
	}
	r = out_text(&out, true);
	buf_fini(&out);
	return r;
}

static int open_source(struct link *l, const char *ref, int64_t n, bool json)
{
	struct pack *p = link_request(l, "source.get");
	int r;

	pack_kv_text(p, "turn", ref);
	pack_kv_int(p, "n", n);
	r = link_call(l, 0);
	return r ? link_fail(l, r) : print_open_source(l->msg.result, json);
}

static int list_sources(struct link *l, const char *ref, bool json)
{
	int r;

	pack_kv_text(link_request(l, "source.list"), "turn", ref);
	r = link_call(l, 0);
	return r ? link_fail(l, r) : print(l->msg.result, json);
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_sources, argc, argv);
	const char *ref = "last";
	struct link *l;
	bool json = false;
	int64_t n = 0;
	int id, r;

	while (!o.status && (id = opts_next(&o)) > 0) {
		if (id == OPT_JSON)
			json = true;
		else if (str_int(o.value, 1, 1000000, &n))
			opts_fail(&o, "--open is the number of a source, not '%s'", o.value);
	}
	if (o.status || id < 0 || opts_count(&o, 0, 1))
		return o.status;
	if (o.nargs)
		ref = o.args[0];
	l = link_new(c);
	r = n ? open_source(l, ref, n, json) : list_sources(l, ref, json);
	link_free(l);
	return r;
}

const struct cmd cmd_sources = {
	.name = "sources",
	.brief = "list what an answer cites",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat sources [--open N] [--json] [REF]\n"
		"The sources of the answer REF (the last one unless given): number, place, quote;\n"
		"then what it read besides.\n"
		"      --open N        the passage of source [N] with what stands around it\n"
		"      --json          {\"turn\": ID, \"sources\": [...], \"marks\": [...]}; with --open\n"
		"                      {\"turn\", \"source\", \"text\", \"at\"}\n"
		"example: ragchat sources --json | jq -r '.sources[].path'\n",
};
