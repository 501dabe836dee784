/* Blocks and spans as HTML. Every block finds its own direction, and no control for it reaches past the block. */
#include <string.h>

#include "daemon/pdf/html_in.h"

static void add(struct html *h, const char *s, size_t n)
{
	int r = buf_add(h->out, s, n);

	if (r < 0 && !h->error)
		h->error = r;
}

void html_raw(struct html *h, const char *s)
{
	add(h, s, strlen(s));
}

static const char *escape(char c, bool breaks)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\n':
		return breaks ? "<br>\n" : NULL;
	case '\t':
		return NULL;
	case '\r':
		return "&#13;";
	default:
		return (unsigned char)c < 0x20 || c == 0x7F ? "\xEF\xBF\xBD" : NULL;
	}
}

void html_text(struct html *h, const char *s, size_t n, bool breaks)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		const char *e = escape(s[i], breaks);

		if (!e)
			continue;
		add(h, s + from, i - from);
		html_raw(h, e);
		from = i + 1;
	}
	if (n > from)
		add(h, s + from, n - from);
}

void html_link_open(struct html *h, const char *url, size_t n)
{
	html_raw(h, "<a dir=\"auto\" rel=\"noreferrer noopener\" href=\"");
	html_text(h, url, n, false);
	html_raw(h, "\">");
}

/* ---- spans ---- */

/* To the list of sources; the first of each number is where the way back leads. */
static bool cite_open(struct html *h, int number)
{
	for (size_t i = 0; i < h->nsources; i++) {
		if (h->sources[i] != number)
			continue;
		(void)buf_addf(h->out, "<a dir=\"ltr\" href=\"#t%zu-s%d\"", h->turn, number);
		if (!h->cited[i])
			(void)buf_addf(h->out, " id=\"t%zu-c%d\"", h->turn, number);
		h->cited[i] = true;
		html_raw(h, ">");
		return true;
	}
	return false;
}

static bool note_ref_open(struct html *h, int number)
{
	if (number < 1 || number > h->nnotes)
		return false;
	(void)buf_addf(h->out, "<a dir=\"ltr\" href=\"#t%zu-n%d\"", h->turn, number);
	if (!h->noted[number])
		(void)buf_addf(h->out, " id=\"t%zu-r%d\"", h->turn, number);
	h->noted[number] = true;
	html_raw(h, ">");
	return true;
}

static void span(struct html *h, const struct md_block *b, const struct md_span *s)
{
	static const struct {
		unsigned marks;
		const char *open, *close;
	} tags[] = {
		{ MD_NOTE_REF, "<sup>", "</sup>" },
		{ MD_STRONG, "<strong>", "</strong>" },
		{ MD_EM, "<em>", "</em>" },
		{ MD_STRIKE, "<del>", "</del>" },
		{ MD_MONO | MD_INLINE_MATH, "<code dir=\"auto\">", "</code>" },
	};
	const size_t ntags = sizeof(tags) / sizeof(*tags);
	bool link = false;

	if (s->marks & MD_CITE)
		link = cite_open(h, s->number);
	else if (s->marks & MD_NOTE_REF)
		link = note_ref_open(h, s->number);
	if (!link && s->url && md_url_allowed(s->url, strlen(s->url))) {
		html_link_open(h, s->url, strlen(s->url));
		link = true;
	}
	for (size_t i = 0; i < ntags; i++)
		if (s->marks & tags[i].marks)
			html_raw(h, tags[i].open);
	html_text(h, b->text + s->start, s->end - s->start, true);
	for (size_t i = ntags; i-- > 0;)
		if (s->marks & tags[i].marks)
			html_raw(h, tags[i].close);
	if (link)
		html_raw(h, "</a>");
}

static void spans(struct html *h, const struct md_block *b)
{
	if (!b->nspans && b->len)
		html_text(h, b->text, b->len, true);
	for (size_t i = 0; i < b->nspans; i++)
		span(h, b, &b->spans[i]);
}

/* ---- blocks ---- */

static void heading(struct html *h, const struct md_block *b)
{
	int level = b->level + 2 > 6 ? 6 : b->level + 2; /* below the page's title and the question */

	(void)buf_addf(h->out, "<h%d dir=\"auto\">", level);
	spans(h, b);
	(void)buf_addf(h->out, "</h%d>\n", level);
}

static void literal(struct html *h, const struct md_block *b)
{
	if (b->kind == MD_CODE && b->info) {
		html_raw(h, "<p class=\"lang\" dir=\"auto\">");
		html_text(h, b->info, strlen(b->info), false);
		html_raw(h, "</p>\n");
	}
	html_raw(h, "<pre dir=\"ltr\" tabindex=\"0\"><code>");
	html_text(h, b->text, b->len, false);
	html_raw(h, "</code></pre>\n");
}

static void list(struct html *h, const struct md_block *b)
{
	const char *name = b->ordered ? "ol" : "ul";

	(void)buf_addf(h->out, "<%s dir=\"auto\"%s", name, b->tight ? " class=\"tight\"" : "");
	if (b->ordered && b->start != 1)
		(void)buf_addf(h->out, " start=\"%lld\"", (long long)b->start);
	html_raw(h, ">\n");
	for (const struct md_block *i = b->first; i; i = i->next) {
		html_raw(h, i->task < 0 || b->ordered ? "<li dir=\"auto\">" : "<li dir=\"auto\" class=\"task\">");
		if (i->task >= 0)
			html_raw(h, i->task ? "<input type=\"checkbox\" disabled checked aria-label=\"done\"> " :
					      "<input type=\"checkbox\" disabled aria-label=\"to do\"> ");
		html_blocks(h, i->first, b->tight);
		html_raw(h, "</li>\n");
	}
	(void)buf_addf(h->out, "</%s>\n", name);
}

static void row(struct html *h, const struct md_block *table, const struct md_block *r, bool head)
{
	static const char *const classes[] = { "", " class=\"l\"", " class=\"c\"", " class=\"r\"" };
	int i = 0;

	html_raw(h, "<tr>");
	for (const struct md_block *c = r->first; c; c = c->next, i++) {
		const char *cls = classes[table->align && i < table->columns ? table->align[i] & 3 : 0];

		(void)buf_addf(h->out, head ? "<th scope=\"col\" dir=\"auto\"%s>" : "<td dir=\"auto\"%s>", cls);
		spans(h, c);
		html_raw(h, head ? "</th>" : "</td>");
	}
	html_raw(h, "</tr>\n");
}

static void table(struct html *h, const struct md_block *b)
{
	html_raw(h, "<div class=\"scroll\" tabindex=\"0\"><table dir=\"auto\">\n<thead>\n");
	for (const struct md_block *r = b->first; r; r = r->next) {
		row(h, b, r, r == b->first);
		if (r == b->first)
			html_raw(h, "</thead>\n<tbody>\n");
	}
	html_raw(h, b->first ? "</tbody></table></div>\n" : "</thead></table></div>\n");
}

static void notes(struct html *h, const struct md_block *b)
{
	html_raw(h, "<section class=\"notes\" aria-label=\"Notes\">\n<ol>\n");
	for (const struct md_block *n = b->first; n; n = n->next) {
		(void)buf_addf(h->out, "<li dir=\"auto\" id=\"t%zu-n%d\" value=\"%d\">", h->turn, n->number, n->number);
		if (n->number > 0 && n->number <= h->nnotes && h->noted[n->number])
			(void)buf_addf(h->out, "<a href=\"#t%zu-r%d\" aria-label=\"back to the text\">\xE2\x86\xA9</a> ", h->turn, n->number);
		html_blocks(h, n->first, false);
		html_raw(h, "</li>\n");
	}
	html_raw(h, "</ol>\n</section>\n");
}

static void block(struct html *h, const struct md_block *b, bool tight)
{
	switch (b->kind) {
	case MD_HEADING:
		heading(h, b);
		break;
	case MD_LIST:
		list(h, b);
		break;
	case MD_QUOTE:
		html_raw(h, "<blockquote dir=\"auto\">\n");
		html_blocks(h, b->first, false);
		html_raw(h, "</blockquote>\n");
		break;
	case MD_CODE:
	case MD_HTML:
	case MD_MATH:
		literal(h, b);
		break;
	case MD_TABLE:
		table(h, b);
		break;
	case MD_RULE:
		html_raw(h, "<hr>\n");
		break;
	case MD_FOOTNOTES:
		notes(h, b);
		break;
	case MD_PARAGRAPH:
	case MD_PLAIN:
	case MD_CELL:
		html_raw(h, b->kind == MD_PLAIN ? "<p class=\"plain\" dir=\"auto\">" : "<p dir=\"auto\">");
		if (b->kind == MD_PLAIN)
			html_text(h, b->text, b->len, false);
		else
			spans(h, b);
		html_raw(h, "</p>\n");
		break;
	case MD_DOCUMENT:
	case MD_ITEM:
	case MD_ROW:
	case MD_NOTE:
		html_blocks(h, b->first, tight);
		break;
	}
}

/* Recursion is bounded by MD_DEPTH_MAX. */
void html_blocks(struct html *h, const struct md_block *b, bool tight)
{
	for (; b && !h->out->failed; b = b->next)
		block(h, b, tight);
}
