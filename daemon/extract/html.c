/*
 * HTML by libxml2's SAX push parser: it never builds a tree, and repairs what browsers repair.
 * (gumbo hangs on a megabyte of nested <div>.)
 */
#include <libxml/HTMLparser.h>
#include <string.h>

#include "common/attr.h"
#include "common/str.h"
#include "daemon/extract/charset.h"
#include "daemon/extract/extract.h"
#include "daemon/worker/records.h"

enum mark {
	MARK_NONE,
	MARK_BLOCK,
	MARK_BREAK,
	MARK_CELL,
	MARK_CODE,
	MARK_HEADING,
	MARK_ITEM,
	MARK_LIST,
	MARK_ROW,
	MARK_SKIP, /* with all that is in it */
	MARK_TABLE,
	MARK_TITLE,
};

static const struct tag {
	const char *name;
	enum mark mark;
} tags[] = { /* sorted */
	{ "address", MARK_BLOCK },
	{ "article", MARK_BLOCK },
	{ "aside", MARK_BLOCK },
	{ "blockquote", MARK_BLOCK },
	{ "br", MARK_BREAK },
	{ "caption", MARK_BLOCK },
	{ "center", MARK_BLOCK },
	{ "dd", MARK_BLOCK },
	{ "details", MARK_BLOCK },
	{ "div", MARK_BLOCK },
	{ "dl", MARK_BLOCK },
	{ "dt", MARK_BLOCK },
	{ "fieldset", MARK_BLOCK },
	{ "figcaption", MARK_BLOCK },
	{ "figure", MARK_BLOCK },
	{ "footer", MARK_BLOCK },
	{ "form", MARK_BLOCK },
	{ "h1", MARK_HEADING },
	{ "h2", MARK_HEADING },
	{ "h3", MARK_HEADING },
	{ "h4", MARK_HEADING },
	{ "h5", MARK_HEADING },
	{ "h6", MARK_HEADING },
	{ "header", MARK_BLOCK },
	{ "hr", MARK_BLOCK },
	{ "li", MARK_ITEM },
	{ "main", MARK_BLOCK },
	{ "menu", MARK_LIST },
	{ "nav", MARK_BLOCK },
	{ "noscript", MARK_SKIP },
	{ "ol", MARK_LIST },
	{ "option", MARK_BLOCK },
	{ "p", MARK_BLOCK },
	{ "pre", MARK_CODE },
	{ "script", MARK_SKIP },
	{ "section", MARK_BLOCK },
	{ "select", MARK_BLOCK },
	{ "style", MARK_SKIP },
	{ "summary", MARK_BLOCK },
	{ "svg", MARK_SKIP },
	{ "table", MARK_TABLE },
	{ "td", MARK_CELL },
	{ "template", MARK_SKIP },
	{ "th", MARK_CELL },
	{ "title", MARK_TITLE },
	{ "tr", MARK_ROW },
	{ "ul", MARK_LIST },
};

struct html {
	struct extract *x;
	htmlParserCtxtPtr parser;
	unsigned lists, skipped, depth; /* open ones */
	bool titled, in_title, body;
	struct buf title;
};

static int compare(const void *name, const void *tag)
{
	return strcmp(name, ((const struct tag *)tag)->name);
}

static enum mark mark_of(const xmlChar *name)
{
	const struct tag *t = bsearch(name, tags, array_len(tags), sizeof(tags[0]), compare);

	return t ? t->mark : MARK_NONE;
}

/* ---- the title ---- */

static void keep_title(struct html *h)
{
	struct extract *x = h->x;
	size_t len = 0;
	bool space = false;

	for (size_t i = 0; i < h->title.len && len + 2 < sizeof(x->title); i++) {
		char c = (char)h->title.data[i];

		if ((unsigned char)c <= ' ') {
			space = len > 0;
			continue;
		}
		if (space)
			x->title[len++] = ' ';
		x->title[len++] = c;
		space = false;
	}
	x->title[utf8_floor(x->title, len, len)] = '\0';
}

/* The first text of the page: what the head said is complete. */
static void enter_body(struct html *h)
{
	struct extract *x = h->x;

	h->body = true;
	if (x->formed)
		return;
	keep_title(h);
	extract_form(x, FORM_MARKDOWN);
	if (!x->title[0])
		return;
	writer_block(&x->writer, BLOCK_HEADING, 1);
	writer_str(&x->writer, x->title);
	writer_end(&x->writer);
}

/* Most pages say their title again in their first heading. */
static void end_heading(struct html *h)
{
	struct writer *w = &h->x->writer;
	size_t n = strlen(h->x->title);

	if (!h->titled && !w->in_cell && n && w->now.len == n && !memcmp(w->now.data, h->x->title, n)) {
		buf_reset(&w->now);
		h->titled = true;
	}
	writer_end(w);
}

/* ---- elements ---- */

static void start(struct html *h, enum mark mark, const xmlChar *name)
{
	struct writer *w = &h->x->writer;

	switch (mark) {
	case MARK_BLOCK:
		if (!(w->kind == BLOCK_ITEM && !w->now.len)) /* <li><p> is one item */
			writer_block(w, BLOCK_TEXT, 0);
		break;
	case MARK_BREAK:
		writer_break(w);
		break;
	case MARK_CELL:
		writer_cell(w);
		break;
	case MARK_CODE:
		writer_block(w, BLOCK_CODE, 0);
		break;
	case MARK_HEADING:
		writer_block(w, BLOCK_HEADING, (unsigned)(name[1] - '0'));
		break;
	case MARK_ITEM:
		writer_block(w, BLOCK_ITEM, h->lists ? min_of(h->lists - 1, 8u) : 0);
		break;
	case MARK_LIST:
		h->lists++;
		writer_end(w);
		break;
	case MARK_ROW:
		writer_row(w);
		break;
	case MARK_TABLE:
		writer_table(w);
		break;
	case MARK_TITLE:
		h->in_title = !h->body;
		h->skipped += h->body; /* of a picture */
		break;
	case MARK_NONE:
	case MARK_SKIP:
		break;
	}
}

static void finish(struct html *h, enum mark mark)
{
	struct writer *w = &h->x->writer;

	switch (mark) {
	case MARK_BLOCK:
	case MARK_CODE:
	case MARK_ITEM:
		writer_end(w);
		break;
	case MARK_HEADING:
		end_heading(h);
		break;
	case MARK_CELL:
		writer_cell_end(w);
		break;
	case MARK_LIST:
		h->lists -= h->lists > 0;
		writer_end(w);
		break;
	case MARK_ROW:
		writer_row_end(w);
		break;
	case MARK_TABLE:
		writer_table_end(w);
		break;
	case MARK_TITLE:
		h->skipped -= h->body && h->skipped;
		h->in_title = false;
		break;
	case MARK_NONE:
	case MARK_BREAK:
	case MARK_SKIP:
		break;
	}
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar **atts)
{
	struct html *h = ctx;
	enum mark mark = mark_of(name);

	(void)atts;
	if (++h->depth > HTML_DEPTH) {
		extract_fail(h->x, EXTRACT_E_LIMIT, "its parts lie more than %d levels deep: not a document",
			HTML_DEPTH);
		xmlStopParser(h->parser);
		return;
	}
	h->skipped += mark == MARK_SKIP;
	if (!h->skipped)
		start(h, mark, name);
}

static void on_end(void *ctx, const xmlChar *name)
{
	struct html *h = ctx;
	enum mark mark = mark_of(name);

	h->depth -= h->depth > 0;
	if (!h->skipped || mark == MARK_TITLE)
		finish(h, mark);
	h->skipped -= mark == MARK_SKIP && h->skipped;
	if (extract_state(h->x))
		xmlStopParser(h->parser);
}

static bool blank(const xmlChar *s, int n)
{
	for (int i = 0; i < n; i++)
		if (s[i] > ' ')
			return false;
	return true;
}

static void on_text(void *ctx, const xmlChar *s, int n)
{
	struct html *h = ctx;

	if (h->in_title && h->title.len < 4096)
		(void)buf_add(&h->title, s, (size_t)n);
	if (h->in_title || h->skipped)
		return;
	if (!h->body && blank(s, n))
		return;
	if (!h->body)
		enter_body(h);
	writer_text(&h->x->writer, (const char *)s, (size_t)n);
	if (extract_state(h->x))
		xmlStopParser(h->parser);
}

/* ---- the whole ---- */

static htmlSAXHandler handler = {
	.startElement = on_start,
	.endElement = on_end,
	.characters = on_text,
	.ignorableWhitespace = on_text,
};

static int feed(struct html *h, const char *s, size_t n)
{
	while (n && h->x->r == 0) {
		size_t piece = min_of(n, (size_t)65536);

		(void)htmlParseChunk(h->parser, s, (int)piece, 0);
		s += piece;
		n -= piece;
	}
	if (h->x->r == 0)
		(void)htmlParseChunk(h->parser, s, 0, 1);
	return extract_state(h->x);
}

/*
 * Behind a document type that declares something in brackets, which libxml2 takes for text; else where
 * it was.
 */
static size_t skip_declarations(const char *s, size_t n)
{
	const char *at = memmem(s, min_of(n, (size_t)4096), "<!", 2), *end = s + n;
	bool inside = false;
	char quote = '\0';

	while (at && end - at > 4 && !memcmp(at, "<!--", 4) && (at = memmem(at, (size_t)(end - at), "-->", 3)))
		at = memmem(at, min_of((size_t)(end - at), (size_t)4096), "<!", 2);
	if (!at || end - at < 9 || strncasecmp(at, "<!doctype", 9) != 0)
		return 0;
	for (const char *c = at; c < end; c++) {
		if (quote)
			quote = *c == quote ? '\0' : quote;
		else if (*c == '"' || *c == '\'')
			quote = *c;
		else if (*c == '[')
			inside = true;
		else if (*c == '>' && !inside)
			return 0; /* nothing is declared: as most are */
		else if (*c == ']')
			return (at = memchr(c, '>', (size_t)(end - c))) ? (size_t)(at + 1 - s) : 0;
	}
	return 0;
}

int extract_html_utf8(struct extract *x, const char *s, size_t n)
{
	struct html h = { .x = x };
	size_t skip = skip_declarations(s, n);

	s += skip;
	n -= skip;
	if (html_tag_has_too_many(s, n))
		return extract_fail(x, EXTRACT_E_LIMIT, "a tag of it has more than %d attributes: not a document", HTML_ATTRIBUTES);
	buf_init(&h.title, 0);
	h.parser = htmlCreatePushParserCtxt(&handler, &h, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
	if (!h.parser)
		return extract_no_memory(x);
	(void)htmlCtxtUseOptions(h.parser, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR |
		HTML_PARSE_NOWARNING | HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC);
	h.parser->userData = &h; /* htmlCtxtUseOptions leaves the handler as it is */
	(void)feed(&h, s, n);
	htmlFreeParserCtxt(h.parser);
	if (x->r == 0 && !h.body)
		enter_body(&h);
	while (x->writer.deep)
		writer_table_end(&x->writer);
	writer_end(&x->writer);
	buf_fini(&h.title);
	return extract_state(x);
}

/* The charset that the first kilobytes declare: <meta charset="..."> and its older form. */
static void declared_charset(const char *s, size_t n, char out[40])
{
	const char *at = s, *end = s + min_of(n, (size_t)4096);
	size_t len = 0;

	while ((at = memchr(at, 'c', (size_t)(end - at)))) {
		if (end - at > 8 && !strncasecmp(at, "charset=", 8))
			break;
		at++;
	}
	if (at)
		at += 8;
	while (at && at < end && strchr("\"' ", *at) && *at)
		at++;
	while (at && at < end && len < 39 && (*at == '-' || *at == '_' || (*at >= '0' && *at <= '9') ||
		((*at | 32) >= 'a' && (*at | 32) <= 'z')))
		out[len++] = *at++;
	out[len] = '\0';
}

int extract_html(struct extract *x, const uint8_t *p, size_t n)
{
	char declared[40];
	struct buf text;
	int r;

	x->format = "html";
	buf_init(&text, 0);
	declared_charset((const char *)p, n, declared);
	r = charset_decode(p, n, declared[0] ? declared : NULL, &text);
	if (r == CHARSET_E_BINARY)
		extract_fail(x, EXTRACT_E_BROKEN, "it is called HTML and is no text");
	else if (r != 0)
		extract_no_memory(x);
	else
		extract_html_utf8(x, buf_cstr(&text), text.len);
	buf_fini(&text);
	return extract_state(x);
}
