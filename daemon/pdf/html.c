/* From a request to one self-contained page: its head, each turn with its question, answer and sources. */
#include <errno.h>
#include <string.h>

#include "daemon/pdf/html_in.h"
#include "daemon/pdf/render.h"

static void element(struct html *h, const char *open, const struct pdf_text *t, const char *close)
{
	if (!t->n)
		return;
	html_raw(h, open);
	html_text(h, t->p, t->n, false);
	html_raw(h, close);
}

/* ---- sources ---- */

static void source_label(struct html *h, const struct pdf_source *s)
{
	for (size_t i = 0; i < h->nsources; i++)
		if (h->sources[i] == s->n && h->cited[i]) {
			(void)buf_addf(h->out, "<a dir=\"ltr\" href=\"#t%zu-c%lld\" aria-label=\"back to the text from %lld\">[%lld]</a> ",
				h->turn, (long long)s->n, (long long)s->n, (long long)s->n);
			return;
		}
	if (s->n > 0)
		(void)buf_addf(h->out, "[%lld] ", (long long)s->n);
}

static void source_place(struct html *h, const struct pdf_source *s)
{
	const struct pdf_text *name = s->path.n ? &s->path : s->document.n ? &s->document : &s->title;

	element(h, "<strong dir=\"auto\">", name, "</strong>");
	if (s->page > 0)
		(void)buf_addf(h->out, "%spage %lld", name->n ? ", " : "", (long long)s->page);
	if (s->line > 0)
		(void)buf_addf(h->out, "%sline %lld", name->n || s->page > 0 ? ", " : "", (long long)s->line);
	if (s->path.n && s->document.n && (s->path.n != s->document.n || memcmp(s->path.p, s->document.p, s->path.n)))
		element(h, "<div dir=\"auto\">", &s->document, "</div>\n");
	if (name != &s->title)
		element(h, "<div dir=\"auto\">", &s->title, "</div>\n");
	element(h, "<div dir=\"auto\">", &s->note, "</div>\n");
}

/* Of two sources with one number the first has the id. */
static bool has_id(const struct pdf_turn *turn, size_t i)
{
	if (turn->sources[i].n <= 0 || turn->sources[i].n >= INT32_MAX)
		return false;
	for (size_t k = 0; k < i; k++)
		if (turn->sources[k].n == turn->sources[i].n)
			return false;
	return true;
}

static void source(struct html *h, const struct pdf_turn *turn, size_t i)
{
	const struct pdf_source *s = &turn->sources[i];

	html_raw(h, "<li dir=\"auto\"");
	if (has_id(turn, i))
		(void)buf_addf(h->out, " id=\"t%zu-s%lld\"", h->turn, (long long)s->n);
	html_raw(h, ">");
	source_label(h, s);
	source_place(h, s);
	if (s->url.n && md_url_allowed(s->url.p, s->url.n)) {
		html_raw(h, "<div dir=\"auto\">");
		html_link_open(h, s->url.p, s->url.n);
		html_text(h, s->url.p, s->url.n, false);
		html_raw(h, "</a></div>\n");
	} else {
		element(h, "<div dir=\"auto\">", &s->url, "</div>\n");
	}
	element(h, "<blockquote dir=\"auto\">", &s->quote, "</blockquote>\n");
	html_raw(h, "</li>\n");
}

static void sources(struct html *h, const struct pdf_turn *turn)
{
	if (!turn->nsources)
		return;
	html_raw(h, "<section class=\"sources\">\n<h3>Sources</h3>\n<ul>\n");
	for (size_t i = 0; i < turn->nsources && !h->out->failed; i++)
		source(h, turn, i);
	html_raw(h, "</ul>\n</section>\n");
}

/* ---- turns ---- */

static void turn_head(struct html *h, const struct pdf_turn *turn)
{
	static const struct pdf_text incomplete = { "This answer is not complete.", 28 };

	(void)buf_addf(h->out, "<article id=\"t%zu\">\n", h->turn);
	element(h, "<h2 dir=\"auto\">", &turn->question, "</h2>\n");
	if (turn->date.n || turn->model.n) {
		html_raw(h, "<p class=\"meta\">");
		element(h, "<bdi>", &turn->date, "</bdi>");
		element(h, turn->date.n ? " \xC2\xB7 <bdi>" : "<bdi>", &turn->model, "</bdi>");
		html_raw(h, "</p>\n");
	}
	element(h, "<p class=\"note\" role=\"note\" dir=\"auto\">", turn->note.n || turn->state == PDF_DONE ? &turn->note : &incomplete, "</p>\n");
}

static int count_notes(const struct md_block *b)
{
	int n = 0;

	for (; b; b = b->next)
		for (const struct md_block *k = b->kind == MD_FOOTNOTES ? b->first : NULL; k; k = k->next)
			n = k->number > n ? k->number : n;
	return n;
}

static void write_turn(struct html *h, struct report *report, const struct pdf_turn *turn)
{
	struct arena_mark m = arena_mark(h->arena);
	int *numbers = arena_alloc(h->arena, (turn->nsources + 1) * sizeof(*numbers));
	struct md_options o = { .source_numbers = numbers, .strip_status = true };
	struct md_block *tree;

	for (size_t i = 0; i < turn->nsources; i++)
		if (turn->sources[i].n > 0 && turn->sources[i].n < INT32_MAX)
			numbers[o.nsource_numbers++] = (int)turn->sources[i].n;
	o.sources = (int)o.nsource_numbers;
	h->sources = numbers;
	h->nsources = o.nsource_numbers;
	h->cited = arena_alloc(h->arena, h->nsources + 1);
	tree = md_parse(h->arena, report, turn->markdown.p, turn->markdown.n, &o);
	h->nnotes = count_notes(tree->first);
	h->noted = arena_alloc(h->arena, (size_t)h->nnotes + 1);
	turn_head(h, turn);
	html_blocks(h, tree->first, false);
	sources(h, turn);
	html_raw(h, "</article>\n");
	arena_release(h->arena, m);
}

/* ---- the page ---- */

static const struct pdf_text *page_title(const struct pdf_request *rq)
{
	static const struct pdf_text none = { "Conversation", 12 };

	if (rq->title.n)
		return &rq->title;
	return rq->nturns && rq->turns[0].question.n ? &rq->turns[0].question : &none;
}

static void head(struct html *h, const struct pdf_request *rq)
{
	html_raw(h, "<!DOCTYPE html>\n<html lang=\"");
	html_text(h, rq->lang.p, rq->lang.n, false);
	html_raw(h, "\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n");
	element(h, "<meta name=\"generator\" content=\"", &rq->generator, "\">\n");
	element(h, "<title>", page_title(rq), "</title>\n");
	html_raw(h, "<style>\n");
	html_raw(h, html_style);
	html_raw(h, "</style>\n</head>\n<body>\n<header>\n");
	element(h, "<h1 dir=\"auto\">", page_title(rq), "</h1>\n");
	element(h, "<p class=\"meta\">Conversation <bdi>", &rq->thread, "</bdi></p>\n");
	html_raw(h, "</header>\n<main>\n");
}

int render_html(const struct pdf_request *rq, struct report *report, struct buf *out)
{
	struct html h = { .out = out, .arena = arena_new() };

	head(&h, rq);
	for (size_t i = 0; i < rq->nturns && !out->failed; i++) {
		h.turn = i + 1;
		write_turn(&h, report, &rq->turns[i]);
	}
	html_raw(&h, "</main>\n</body>\n</html>\n");
	arena_free(h.arena);
	if (!out->failed)
		return 0;
	return h.error ? h.error : -ENOBUFS;
}
