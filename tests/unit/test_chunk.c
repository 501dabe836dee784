/* Cutting: no byte is lost, no passage too long, lines and headings right, structure kept where it
 * fits. */
#include <stdint.h>

#include "common/buf.h"
#include "common/mem.h"
#include "daemon/library/chunk.h"
#include "daemon/library/format.h"
#include "daemon/library/sentence.h"
#include "daemon/library/span.h"
#include "tests/unit/test.h"

struct cut {
	struct passage *v;
	size_t n;
	const char *text;
	size_t len;
};

static int line_of(const char *text, size_t at)
{
	int line = 1;

	for (size_t i = 0; i < at; i++)
		line += text[i] == '\n';
	return line;
}

/* What must hold whatever the text is. */
static bool sound(const struct cut *c)
{
	size_t at = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct passage *p = &c->v[i];

		if (p->start != at || p->end <= p->start || p->end - p->start > CHUNK_MAX)
			return false;
		if (memchr(c->text, '\n', c->len) && p->line != line_of(c->text, p->start))
			return false;
		if (p->heading && (!*p->heading || strlen(p->heading) > CHUNK_HEADING))
			return false;
		at = p->end;
	}
	return at == c->len;
}

static struct cut cut(const char *text, size_t n, enum text_kind kind)
{
	struct cut c = { .text = text, .len = n };

	if (chunk_text(text, n, kind, &c.v, &c.n) != 0)
		abort();
	return c;
}

static struct cut cut_str(const char *text, enum text_kind kind)
{
	return cut(text, strlen(text), kind);
}

static void cut_fini(struct cut *c)
{
	passages_free(c->v, c->n);
}

/* The passage that holds the first occurrence of a text wholly, or NULL. */
static const struct passage *with(const struct cut *c, const char *what)
{
	const char *at = memmem(c->text, c->len, what, strlen(what));

	for (size_t i = 0; at && i < c->n; i++)
		if (c->v[i].start <= (size_t)(at - c->text) &&
			c->v[i].end >= (size_t)(at - c->text) + strlen(what))
			return &c->v[i];
	return NULL;
}

static void add_sentences(struct buf *b, int n)
{
	for (int i = 0; i < n; i++)
		buf_addf(b,
			"Sentence number %d says a little about nothing in particular, as "
			"sentences do. ",
			i);
}

TEST(prose_is_cut_at_sentence_ends)
{
	struct buf b;
	struct cut c;

	buf_init(&b, 0);
	add_sentences(&b, 40);
	c = cut((const char *)b.data, b.len, TEXT_PLAIN);
	check(sound(&c));
	check(c.n >= 6 && c.n <= 9);
	for (size_t i = 0; i < c.n; i++)
		check_mem(c.text + c.v[i].start, 9, "Sentence ", 9);
	cut_fini(&c);
	buf_fini(&b);
}

TEST(a_short_text_is_one_passage)
{
	struct cut c = cut_str("One line.\n", TEXT_PLAIN);

	check(sound(&c));
	check_int(c.n, 1);
	check_int(c.v[0].line, 1);
	check_int(c.v[0].page, -1);
	cut_fini(&c);
	c = cut_str("", TEXT_PLAIN);
	check_int(c.n, 0);
	cut_fini(&c);
}

TEST(headings_make_a_path_and_begin_passages)
{
	struct cut c = cut_str("# Guide\n\nAbout all of it.\n\n## Install\n\nRun `make`.\n\n### "
			       "Debian\n\nUse apt.\n\n"
			       "## Use *it*\n\nAsk.\n\nTitle Below\n-----\n\nMore.\n",
		TEXT_MARKDOWN);

	check(sound(&c));
	check_str(with(&c, "About all")->heading, "Guide");
	check_str(with(&c, "Run `make`")->heading, "Guide > Install");
	check_str(with(&c, "Use apt")->heading, "Guide > Install > Debian");
	check_str(with(&c, "Ask.")->heading, "Guide > Use it");
	check_str(with(&c, "More.")->heading, "Guide > Title Below");
	check_int(with(&c, "Run `make`")->line, 5);
	check(with(&c, "## Install\n\nRun")); /* a heading goes with what is under it */
	cut_fini(&c);
}

TEST(a_heading_right_under_another_does_not_stand_alone)
{
	struct cut c = cut_str("# A\n\n## B\n\nText under both.\n", TEXT_MARKDOWN);

	check_int(c.n, 1);
	check_str(c.v[0].heading, "A > B");
	cut_fini(&c);
}

TEST(fences_and_tables_stay_whole_where_they_fit)
{
	struct buf b;
	struct cut c;

	buf_init(&b, 0);
	add_sentences(&b, 4);
	buf_add_str(&b, "\n\n```c\n# not a heading\n");
	for (int i = 0; i < 30; i++)
		buf_addf(&b, "int value_%d;\n\n", i);
	buf_add_str(&b, "```\n\n| a | b |\n|---|---|\n");
	for (int i = 0; i < 40; i++)
		buf_addf(&b, "| row %d | %d |\n", i, i * i);
	c = cut((const char *)b.data, b.len, TEXT_MARKDOWN);
	check(sound(&c));
	check(!with(&c, "# not a heading")->heading);
	check(with(&c, "value_0;") == with(&c, "value_29;"));
	check(with(&c, "| row 0") == with(&c, "| row 39"));
	cut_fini(&c);
	buf_fini(&b);
}

TEST(list_items_are_not_torn)
{
	struct buf b;
	struct cut c;

	buf_init(&b, 0);
	for (int i = 0; i < 30; i++)
		buf_addf(&b, "- item %d has a text\n  of two lines (%d)\n", i, i);
	c = cut((const char *)b.data, b.len, TEXT_MARKDOWN);
	check(sound(&c));
	check(c.n > 2);
	for (size_t i = 0; i < c.n; i++)
		check_mem(c.text + c.v[i].start, 7, "- item ", 7);
	cut_fini(&c);
	buf_fini(&b);
}

TEST(source_is_cut_between_functions_and_named_after_them)
{
	struct buf b;
	struct cut c;

	buf_init(&b, 0);
	for (int f = 0; f < 3; f++) {
		buf_addf(&b, "/* What function %d does. */\nint function_%d(int a)\n{\n", f, f);
		for (int i = 0; i < 12 + 80 * (f == 2); i++)
			buf_addf(&b, "\ta += compute_%d(a, %d);%s", i, f,
				i % 10 == 9 ? "\n\n" : "\n");
		buf_add_str(&b, "\treturn a;\n}\n\n");
	}
	c = cut((const char *)b.data, b.len, TEXT_CODE);
	check(sound(&c));
	check(with(&c, "/* What function 1") == with(&c, "compute_11(a, 1)"));
	check(with(&c, "/* What function 2") != with(&c, "compute_90(a, 2)"));
	check_str(with(&c, "compute_90(a, 2)")->heading, "int function_2(int a)");
	cut_fini(&c);
	buf_fini(&b);
}

TEST(settings_are_named_after_the_lines_they_are_under)
{
	struct buf b;
	struct cut c;

	buf_init(&b, 0);
	buf_add_str(&b, "services:\n  web:\n    image: a\n");
	for (int i = 0; i < 100; i++)
		buf_addf(&b, "    option_%d: value number %d\n", i, i);
	c = cut((const char *)b.data, b.len, TEXT_CODE);
	check(sound(&c));
	check_str(with(&c, "option_99:")->heading, "services > web");
	cut_fini(&c);
	buf_fini(&b);
}

TEST(rows_carry_the_names_of_their_columns)
{
	struct buf b;
	struct cut c;

	buf_init(&b, 0);
	buf_add_str(&b, "city,country,people\n");
	for (int i = 0; i < 100; i++)
		buf_addf(&b, "City %d,Country %d,%d\n", i, i, i * 1000);
	c = cut((const char *)b.data, b.len, TEXT_ROWS);
	check(sound(&c));
	check_str(with(&c, "City 77,")->heading, "city,country,people");
	cut_fini(&c);
	buf_fini(&b);
}

TEST(a_row_with_line_breaks_in_its_cells_is_one)
{
	struct buf b;
	struct cut c;

	buf_init(&b, 0);
	buf_add_str(&b, "name;\"note\r\nof it\";n\r\n");
	for (int i = 0; i < 60; i++)
		buf_addf(&b, "\"Item %d\";\"says \"\"yes; no\"\"\r\n\r\nand ends %d;\";%d\r\n", i, i, i);
	c = cut((const char *)b.data, b.len, TEXT_ROWS);
	check(sound(&c));
	check(c.n > 5);
	for (int i = 0; i < 60; i++) {
		char item[32], end[32];

		(void)snprintf(item, sizeof(item), "Item %d\"", i);
		(void)snprintf(end, sizeof(end), "ends %d;", i);
		check(with(&c, item) == with(&c, end));
	}
	check_str(with(&c, "Item 59")->heading, "name;\"note  of it\";n");
	cut_fini(&c);
	buf_reset(&b);
	buf_add_str(&b, "a,b\n");
	for (int i = 0; i < 3000; i++) /* inches, and a quote that nobody closes */
		buf_addf(&b, "%d\" pipe,%s%d\n", i, i == 1500 ? "\"" : "", i);
	c = cut((const char *)b.data, b.len, TEXT_ROWS);
	check(sound(&c));
	check(with(&c, "2999\" pipe")->start > with(&c, "1600\" pipe")->start);
	cut_fini(&c);
	buf_fini(&b);
}

TEST(line_numbers_are_exact_with_any_line_end)
{
	static const char *const ends[] = { "\n", "\r\n", "\r" };

	for (int e = 0; e < 3; e++) {
		struct buf b;
		struct cut c;

		buf_init(&b, 0);
		for (int i = 1; i <= 200; i++)
			buf_addf(&b, "line %d%s", i, ends[e]);
		c = cut((const char *)b.data, b.len, TEXT_CODE);
		check(c.n > 3);
		for (size_t i = 0; i < c.n; i++)
			check_int(atoi(c.text + c.v[i].start + 5), c.v[i].line);
		cut_fini(&c);
		buf_fini(&b);
	}
}

TEST(form_feeds_count_pages)
{
	struct cut c = cut_str("First page.\n\fSecond page.\n\fThird page.\n", TEXT_PLAIN);

	check(c.n >= 1);
	check_int(c.v[0].page, 1);
	cut_fini(&c);
}

TEST(a_line_without_end_is_cut_below_the_cap)
{
	size_t n = 100000;
	char *text = malloc(n);
	static const enum text_kind kinds[] = { TEXT_PLAIN, TEXT_MARKDOWN, TEXT_CODE, TEXT_ROWS };

	for (int k = 0; k < 4; k++) {
		struct cut c;

		memset(text, 'x', n);
		c = cut(text, n, kinds[k]);
		check(sound(&c));
		cut_fini(&c);
		memset(text, ' ', n);
		c = cut(text, n, kinds[k]);
		check(sound(&c));
		cut_fini(&c);
		for (size_t i = 0; i + 3 <= n; i += 3)
			memcpy(text + i, "\xe6\x96\x87", 3);
		c = cut(text, n - n % 3, kinds[k]);
		check(sound(&c));
		for (size_t i = 0; i < c.n; i++)
			check_int(c.v[i].start % 3, 0);
		cut_fini(&c);
	}
	free(text);
}

TEST(any_mixture_is_covered)
{
	static const char *const bits[] = { "# ", "## Heading\n", "word ", "Sentence. ", "\n",
		"\n\n", "- item\n", "```\n", "| a | b |\n", "|---|---|\n", "\t", "    ",
		"\xe3\x80\x82", "\xe6\x96\x87", "===\n", "---\n", "\r\n", "\f", "{\n", "}\n", "1. ",
		"> ", "e.g. ", "x", "Dr. ", "\xc3\xa9", "[1] ", "?" };
	uint32_t seed = 7;

	for (int round = 0; round < 400; round++) {
		struct buf b;

		buf_init(&b, 0);
		buf_add_byte(&b, 'a');
		for (int i = 0; i < 20 + round * 4; i++) {
			seed = seed * 1664525 + 1013904223;
			buf_add_str(&b, bits[(seed >> 16) % (sizeof(bits) / sizeof(*bits))]);
		}
		for (int kind = TEXT_PLAIN; kind <= TEXT_ROWS; kind++) {
			struct cut c = cut((const char *)b.data, b.len, (enum text_kind)kind);

			check_msg(sound(&c), "round %d kind %d", round, kind);
			cut_fini(&c);
		}
		buf_fini(&b);
	}
}

TEST(names_tell_the_kind)
{
	check_int(text_kind("notes/README.md", "", 0), TEXT_MARKDOWN);
	check_int(text_kind("a.b/main.c", "", 0), TEXT_CODE);
	check_int(text_kind("Makefile", "", 0), TEXT_CODE);
	check_int(text_kind("table.CSV", "", 0), TEXT_ROWS);
	check_int(text_kind("a.c/letter", "Dear", 4), TEXT_PLAIN);
	check_int(text_kind("run", "#!/bin/sh\n", 10), TEXT_CODE);
	check_int(text_kind("report.txt", "## A\ntext\n## B\n", 15), TEXT_MARKDOWN);
}

/* ---- sentences ---- */

static const char *first_sentence(const char *text)
{
	static char out[256];

	snprintf(out, sizeof(out), "%.*s", (int)sentence_end(text, strlen(text), 0), text);
	return out;
}

TEST(sentences_end_where_readers_think_they_do)
{
	check_str(first_sentence("It works. So it does."), "It works.");
	check_str(first_sentence("Dr. Smith et al. found it. Then he left."),
		"Dr. Smith et al. found it.");
	check_str(first_sentence("Use e.g. this one. Or not."), "Use e.g. this one.");
	check_str(first_sentence("J. R. R. Tolkien wrote it. Yes."), "J. R. R. Tolkien wrote it.");
	check_str(first_sentence("He said \"stop.\" She did."), "He said \"stop.\"");
	check_str(first_sentence("Am 20. September 1565 fiel das Fort. Dann kam"), "Am 20. September 1565 fiel das Fort.");
	check_str(first_sentence("Im 19. Jahrhundert war es so. Dann kam"), "Im 19. Jahrhundert war es so.");
	check_str(first_sentence("There were 20. September came."), "There were 20. September came.");
	check_str(first_sentence("It has 2018. Then"), "It has 2018.");
	check_str(first_sentence("As shown.[12] More."), "As shown.[12]");
	check_str(first_sentence("Version 3.5 is out! Get it."), "Version 3.5 is out!");
	check_str(first_sentence("See no. 5 there. Next."), "See no. 5 there.");
	check_str(first_sentence("I said no. Then I went."), "I said no.");
	check_str(first_sentence("Yahoo! said so. Next."), "Yahoo! said so.");
	check_str(first_sentence("\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82\xe5\x86\x8d\xe8\xa7\x81"),
		"\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82");
	check_str(first_sentence("wrapped\nlines go on. Next."), "wrapped\nlines go on.");
	check_str(first_sentence("A title\n\nA text."), "A title");
	check_str(first_sentence("before a list\n- item"), "before a list");
	check_str(first_sentence("1. First point. Second."), "1. First point.");
}

/* ---- what is text ---- */

static int text_of(const char *bytes, size_t n, char **text, size_t *len)
{
	char why[256] = "";
	int r = format_text(bytes, n, text, len, why);

	if (r != 0 && !*why)
		abort();
	return r;
}

TEST(a_mark_is_stripped)
{
	char *text;
	size_t n;

	check_int(text_of("\xef\xbb\xbfHi", 5, &text, &n), 0);
	check_mem(text, n, "Hi", 2);
	mem_free(text);
}

TEST(what_is_no_utf8_is_refused)
{
	char *text;
	size_t n;

	check(text_of("caf\xe9", 4, &text, &n) != 0);
	check(text_of("a\0b", 3, &text, &n) != 0);
}

TEST(formats_that_nobody_reads_are_named)
{
	check(strstr(format_refusal("\x89PNG\r\n\x1a\n", 8), "picture"));
	check(strstr(format_refusal("\x7f"
				    "ELF\2\1",
			     6),
		"program"));
	check(strstr(format_refusal("{\\rtf1", 6), "RTF"));
	check(!format_refusal("PK\x03\x04....", 8));
	check(!format_refusal("plain", 5));
	check(!format_refusal("", 0));
}

TEST(content_says_who_reads_binaries_the_name_who_reads_texts)
{
	check_int(format_route("%PDF-1.7", 8, "a.txt", true), ROUTE_PDF);
	check_int(format_route("PK\x03\x04....", 8, "a.md", true), ROUTE_HELPER);
	check_int(format_route("  <!DOCTYPE html>", 17, "a", true), ROUTE_HELPER);
	check_int(format_route("Subject: a", 10, "a.eml", true), ROUTE_HELPER);
	check_int(format_route("Subject: a", 10, "a.txt", true), ROUTE_TEXT);
	check_int(format_route("\033$B?^", 5, "a.txt", true), ROUTE_HELPER);
	check_int(format_route("caf\xe9", 4, "a.txt", false), ROUTE_HELPER);
}

static void add_record(struct records *r, char type, const void *p, size_t n)
{
	uint8_t head[RECORD_HEAD];

	record_head(head, type, n);
	(void)records_feed(r, head, sizeof(head));
	(void)records_feed(r, p, n);
}

static void add_placed(struct records *r, int page, int line, const char *label, const char *text)
{
	char place[100];

	put_u32((uint8_t *)place, (uint32_t)page);
	put_u32((uint8_t *)place + 4, (uint32_t)line);
	memcpy(place + 8, label, strlen(label));
	add_record(r, 'P', place, 8 + strlen(label));
	add_record(r, 'T', text, strlen(text));
}

TEST(no_passage_lies_on_two_pages)
{
	struct records r;
	struct passage *v;
	size_t n;

	records_init(&r, 1000);
	add_record(&r, 'F', "p", 1);
	add_placed(&r, 1, -1, "", "A short page\n");
	add_placed(&r, 2, -1, "", "goes on here.\n");
	add_placed(&r, 4, -1, "", "The last one.");
	check_int(chunk_placed(&r, &v, &n), 0);
	check_int(n, 3);
	check_int(v[1].page, 2);
	check_int(v[2].page, 4);
	check_int(v[1].start, v[0].end);
	check_int(v[2].end, r.text.len);
	check_int(v[2].line, 0);
	passages_free(v, n);
	records_fini(&r);
}

TEST(parts_stand_under_their_label)
{
	struct records r;
	struct passage *v;
	size_t n;

	records_init(&r, 1000);
	add_record(&r, 'F', "m", 1);
	add_record(&r, 'T', "# Letter\n\nHello.\n\n", 18);
	add_placed(&r, 1, 7, "costs.xlsx", "## Sheet\n\n| a | b |");
	check_int(chunk_placed(&r, &v, &n), 0);
	check_int(n, 2);
	check_str(v[0].heading, "Letter");
	check_str(v[1].heading, "costs.xlsx > Sheet");
	check_int(v[0].page, -1);
	check_int(v[1].line, 7);
	passages_free(v, n);
	records_fini(&r);
}

/* ---- spans ---- */

static struct hit hit_at(const char *text, size_t start, size_t end, double score)
{
	struct hit h = {
		.start = start, .end = end, .score = score, .line = 1, .page = -1, .document = "d"
	};

	h.name = mem_dup("a.txt");
	h.text = mem_ndup(text + start, end - start);
	h.text_len = end - start;
	return h;
}

TEST(passages_that_touch_are_read_as_one)
{
	const char *text = "First part. Second part. Third part. Far away, another one.";
	struct hit hits[4] = { hit_at(text, 12, 25, 4), hit_at(text, 37, 59, 3),
		hit_at(text, 0, 12, 2), hit_at(text, 25, 37, 1) };
	struct spans s;

	check_int(spans_make(&s, hits, 3, 6000, SPAN_BYTES), 0);
	check_int(s.n, 2);
	check_mem(s.v[0].text, s.v[0].n, "First part. Second part.", 24);
	check_int(s.v[0].start, 0);
	check_int(s.v[1].start, 37);
	spans_fini(&s);
	/* the fourth closes the gap between the two */
	check_int(spans_make(&s, hits, 4, 6000, SPAN_BYTES), 0);
	check_int(s.n, 1);
	check_mem(s.v[0].text, s.v[0].n, text, strlen(text));
	check(s.v[0].score == 4);
	spans_fini(&s);
	/* a budget cuts at a sentence end, and leaves out what would be half of one */
	check_int(spans_make(&s, hits, 4, 40, SPAN_BYTES), 0);
	check_int(s.n, 1);
	check(s.cost <= 40);
	check_mem(s.v[0].text, s.v[0].n, "First part. Second part.", 24);
	spans_fini(&s);
	check_int(spans_make(&s, hits, 2, 20, SPAN_BYTES), 0);
	check_int(s.n, 1);
	spans_fini(&s);
	/* but there is something always */
	check_int(spans_make(&s, hits, 1, 6, SPAN_BYTES), 0);
	check_mem(s.v[0].text, s.v[0].n, "Second", 6);
	spans_fini(&s);
	for (int i = 0; i < 4; i++)
		hit_fini(&hits[i]);
}

TEST_MAIN()
