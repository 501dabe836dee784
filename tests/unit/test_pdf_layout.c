/*
 * Pages as a reader sees them: each story sets Markdown through render_pdf with real fonts and asks poppler and
 * qpdf what stands where. Where those are not installed the story ends early and says so.
 */
#include <stdarg.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/buf.h"
#include "daemon/pdf/fonts.h"
#include "daemon/pdf/md.h"
#include "daemon/pdf/render.h"
#include "daemon/pdf/report.h"
#include "daemon/pdf/request.h"
#include "tests/unit/test.h"

/* ---- documents ---- */

static struct fonts *fonts;
static struct report report;
static char file[64];
static struct buf pdf, text;

static void words(struct buf *b, const char *word, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(b, "%s%zu ", word, i);
}

/* Sets the request into `file`. */
static bool set(const struct pdf_request *rq)
{
	FILE *to;
	bool ok;

	if (!fonts) {
		fonts = fonts_open();
		fonts_warm(fonts);
		md_init();
		snprintf(file, sizeof(file), "/tmp/test_pdf_layout.%d.pdf", (int)getpid());
	}
	report_init(&report);
	buf_reset(&pdf);
	if (render_pdf(rq, fonts, &report, &pdf))
		return false;
	to = fopen(file, "wb");
	ok = to && fwrite(pdf.data, 1, pdf.len, to) == pdf.len;
	return (!to || fclose(to) == 0) && ok;
}

static bool set_markdown(const char *md)
{
	struct pdf_request rq;
	bool ok = pdf_request_plain(&rq, md, strlen(md)) == 0 && set(&rq);

	pdf_request_fini(&rq);
	return ok;
}

static bool set_buf(struct buf *md)
{
	bool ok = set_markdown(buf_cstr(md));

	buf_fini(md);
	return ok;
}

/* What `command FILE` prints, %s standing for the file; "" where it is not installed. */
static const char *ask(const char *command)
{
	char line[256], chunk[4096];
	FILE *from;
	size_t n;

	snprintf(line, sizeof(line), "%s", command);
	n = strcspn(line, "%");
	snprintf(line + n, sizeof(line) - n, "%s%s 2>/dev/null", file, command[n] ? command + n + 2 : "");
	buf_reset(&text);
	from = popen(line, "r");
	while (from && (n = fread(chunk, 1, sizeof(chunk), from)) > 0)
		buf_add(&text, chunk, n);
	if (from)
		pclose(from);
	return buf_cstr(&text);
}

static const char *page_text(size_t page)
{
	char command[80];

	snprintf(command, sizeof(command), "pdftotext -layout -f %zu -l %zu %%s -", page, page);
	return ask(command);
}

static size_t count(const char *in, const char *what)
{
	size_t n = 0;

	for (const char *at = strstr(in, what); at; at = strstr(at + strlen(what), what))
		n++;
	return n;
}

static size_t count_chars(const char *in, char c)
{
	size_t n = 0;

	for (; *in; in++)
		n += *in == c;
	return n;
}

/* The text without white space, in place of `text`. */
static const char *squeezed(const char *s)
{
	static struct buf out;

	buf_reset(&out);
	for (; *s; s++)
		if (!strchr(" \t\r\n\f", *s))
			buf_add_byte(&out, (uint8_t)*s);
	return buf_cstr(&out);
}

static bool installed(void)
{
	static int found = -1;

	if (found < 0)
		found = *ask("command -v qpdf >/dev/null && command -v pdftotext #%s") != '\0';
	if (found)
		return true;
	printf("# skipped: poppler-utils and qpdf are not installed\n");
	return false;
}

/* The left edge of the first such word, by pdftotext -bbox; < 0: it is not there. */
static double left_of(const char *word)
{
	char key[80];
	const char *s = ask("pdftotext -bbox %s -"), *at, *line;

	snprintf(key, sizeof(key), ">%s<", word);
	at = strstr(s, key);
	if (!at)
		return -1;
	for (line = at; line > s && strncmp(line, "xMin=\"", 6) != 0;)
		line--;
	return strtod(line + 6, NULL);
}

/* ---- lists ---- */

TEST(numbers_and_boxes_of_lists_are_kept)
{
	const char *s;

	if (!installed())
		return;
	check(set_markdown("99999. first\n100000. second\n\ntext\n\n7) seven\n8) eight\n   - inner\n     1. innermost\n\n"
			   "1. [x] a numbered task\n"));
	s = ask("pdftotext -layout %s -");
	check(strstr(s, "99999. first") && strstr(s, "100000. second"));
	check(strstr(s, "7) seven") && strstr(s, "8) eight") && strstr(s, "1. innermost"));
	check(strstr(s, "1. \xE2\x98\x91"));
}

TEST(nesting_beyond_reason_keeps_every_word)
{
	struct buf md = { 0 };
	const char *s;

	if (!installed())
		return;
	for (int i = 1; i < 90; i++) {
		for (int k = 0; k < i; k++)
			buf_add_str(&md, ">");
		buf_addf(&md, " quote%d\n", i);
	}
	buf_add_str(&md, "\ntext\n\n");
	for (int i = 0; i < 60; i++)
		buf_addf(&md, "%*s- level%dx\n", i * 2, "", i);
	check(set_buf(&md));
	s = squeezed(ask("pdftotext -raw %s -"));
	for (int i = 1; i < 90; i++) {
		char word[16];

		snprintf(word, sizeof(word), "quote%d", i);
		check_msg(strstr(s, word), "%s is lost", word);
	}
	check(strstr(s, "level0x") && strstr(s, "level31x") && strstr(s, "level59x"));
}

TEST(what_reads_from_the_right_stands_on_the_right)
{
	if (!installed())
		return;
	check(set_markdown("- \xD7\x90\xD7\x91\xD7\x92\n\nleft\n\n| \xD7\x90\xD7\x90 | \xD7\x91\xD7\x91 | nn |\n|---|---|---|\n| 11 | 22 | 33 |\n"));
	/* The bullet is right of its text, which ends at the right margin; the first column is the rightmost. */
	check(left_of("\xE2\x80\xA2") > 450);
	check(left_of("left") < 100);
	check(left_of("11") > left_of("22") && left_of("22") > left_of("33"));
	check(left_of("33") > 300);
}

/* ---- tables ---- */

TEST(a_header_is_said_again_on_each_page)
{
	struct buf md = { 0 };
	const char *s;

	if (!installed())
		return;
	buf_add_str(&md, "| Headword | Value |\n|---|--:|\n");
	for (int i = 0; i < 300; i++)
		buf_addf(&md, "| row%dx | %d |\n", i, i * 7);
	check(set_buf(&md));
	check(report.pages > 4);
	s = ask("pdftotext -layout %s -");
	check_int(count(s, "Headword"), report.pages);
	for (int i = 0; i < 300; i++) {
		char word[16];

		snprintf(word, sizeof(word), "row%dx", i);
		check_int(count(s, word), 1);
	}
}

TEST(no_character_of_a_nasty_table_is_lost)
{
	struct buf md = { 0 };
	const char *s;

	if (!installed())
		return;
	buf_add_str(&md, "| short | long | empty |\n|---|:-:|---|\n| ");
	for (int i = 0; i < 480; i++)
		buf_add_str(&md, "#");
	buf_add_str(&md, " | ");
	words(&md, "tall", 3000);
	buf_add_str(&md, " | |\n| a \\| b | `c \\| d` | end |\n");
	check(set_buf(&md));
	s = ask("pdftotext -raw %s -");
	check_int(count_chars(s, '#'), 480);
	check_int(count(s, "tall"), 3000);
	check(strstr(s, "tall2999") && strstr(s, "a | b") && strstr(s, "c | d"));
}

TEST(a_header_taller_than_a_page_is_split_and_said_once)
{
	struct buf md = { 0 };
	const char *s;

	if (!installed())
		return;
	buf_add_str(&md, "| ");
	words(&md, "head", 1500);
	buf_add_str(&md, " | b |\n|---|---|\n");
	for (int i = 0; i < 100; i++)
		buf_addf(&md, "| row%dx | y |\n", i);
	check(set_buf(&md));
	s = ask("pdftotext -raw %s -");
	check_int(count(s, "head"), 1500);
	check(strstr(s, "row0x") && strstr(s, "row99x"));
}

static bool set_wide(int columns, int rows)
{
	struct buf md = { 0 };

	buf_add_str(&md, "before\n\n## Heading\n\n|");
	for (int i = 0; i < columns; i++)
		buf_addf(&md, " Column%d |", i);
	buf_add_str(&md, "\n|");
	for (int i = 0; i < columns; i++)
		buf_add_str(&md, "---|");
	for (int k = 0; k < rows; k++) {
		buf_add_str(&md, "\n|");
		for (int i = 0; i < columns; i++)
			buf_addf(&md, " c%dr%dx |", i, k);
	}
	buf_add_str(&md, "\n\nafter\n");
	return set_buf(&md);
}

static bool has_cells(const char *s, int columns, int rows)
{
	for (int k = 0; k < rows; k++)
		for (int i = 0; i < columns; i++) {
			char word[24];

			snprintf(word, sizeof(word), "c%dr%dx", i, k);
			if (!strstr(s, word))
				return false;
		}
	return true;
}

TEST(a_wide_table_turns_the_page_and_takes_its_heading_along)
{
	const char *s;

	if (!installed())
		return;
	check(set_wide(11, 40));
	s = ask("pdfinfo -f 1 -l 9 %s");
	check(strstr(s, "Page    1 size:  595.28 x 841.89"));
	check(strstr(s, "Page    2 size:  841.89 x 595.28"));
	check(!strstr(page_text(1), "Heading"));
	check(strstr(page_text(2), "Heading"));
	check(strstr(page_text(report.pages), "after"));
	check(has_cells(ask("pdftotext -raw %s -"), 11, 40));
}

TEST(a_table_too_wide_for_any_page_becomes_records)
{
	const char *s;

	if (!installed())
		return;
	check(set_wide(40, 5));
	s = ask("pdftotext -layout %s -");
	check_int(count(s, "Column17"), 5);
	check(strstr(s, "Column17      c17r3x") || strstr(s, "Column17   c17r3x") || strstr(s, "Column17    c17r3x") ||
	      strstr(s, "Column17     c17r3x"));
	check(has_cells(s, 40, 5));
}

/* ---- code ---- */

TEST(code_wraps_with_a_mark_that_does_not_copy)
{
	struct buf md = { 0 }, line = { 0 };
	const char *s;

	if (!installed())
		return;
	for (int i = 0; i < 60; i++)
		buf_addf(&line, "word%dend", i);
	buf_addf(&md, "```\n%s\n\tindented\n```\n", buf_cstr(&line));
	check(set_buf(&md));
	s = squeezed(ask("pdftotext -raw %s -"));
	check(strstr(s, buf_cstr(&line)));
	check(strstr(s, "indented"));
	check(!strstr(s, "\xE2\x86\xB5") && !strstr(s, "\t"));
	buf_fini(&line);
}

TEST(code_leaves_no_single_line_on_a_page)
{
	if (!installed())
		return;
	/* About forty lines of code fit below ten of text: one of these lengths is one line too many. */
	for (int lines = 36; lines < 50; lines++) {
		struct buf md = { 0 };

		for (int i = 0; i < 10; i++)
			buf_add_str(&md, "x  \n");
		buf_add_str(&md, "\n```\n");
		for (int i = 0; i < lines; i++)
			buf_addf(&md, "code%dx\n", i);
		buf_add_str(&md, "```\n");
		check(set_buf(&md));
		for (size_t p = 1; p <= report.pages; p++)
			check_msg(count(page_text(p), "code") != 1, "%d lines", lines);
	}
}

TEST(boxes_drawn_with_characters_stand_on_the_grid)
{
	double wide, narrow;

	if (!installed())
		return;
	check(set_markdown("```\n\xE6\x97\xA5\xE6\x9C\xAC one\nabcd two\n```\n"));
	wide = left_of("one");
	narrow = left_of("two");
	check_msg(wide > 0 && wide - narrow < 0.2 && narrow - wide < 0.2, "%f %f", wide, narrow);
}

/* ---- where pages end ---- */

static void check_heading(const char *what)
{
	for (int before = 33; before < 46; before++) {
		struct buf md = { 0 };

		for (int i = 0; i < before; i++)
			buf_add_str(&md, "x  \n");
		buf_addf(&md, "\n## Headline\n\n### Second\n\n%s\n", what);
		check(set_buf(&md));
		for (size_t p = 1; p <= report.pages; p++) {
			const char *s = page_text(p);

			check_msg(count(s, "Headline") == count(s, "Follows"), "%d lines before", before);
		}
	}
}

TEST(a_heading_stands_with_what_it_heads)
{
	if (!installed())
		return;
	check_heading("Follows this text.");
	check_heading("```\nFollows\ncode\nof\nlines\n```");
	check_heading("| Header that<br>wraps |\n|---|\n| Follows |\n| b |");
	check_heading("1. Follows\n2. b");
}

TEST(no_line_of_a_paragraph_stands_alone)
{
	if (!installed())
		return;
	for (int before = 33; before < 46; before++) {
		struct buf md = { 0 };

		for (int i = 0; i < before; i++)
			buf_add_str(&md, "x  \n");
		buf_add_str(&md, "\n");
		for (int i = 0; i < 7; i++)
			buf_addf(&md, "Oneline%d  \n", i);
		check(set_buf(&md));
		for (size_t p = 1; p <= report.pages; p++)
			check_msg(count(page_text(p), "Oneline") != 1, "%d lines before", before);
	}
}

TEST(pages_are_numbered_and_named)
{
	struct buf md = { 0 };

	if (!installed())
		return;
	for (int i = 0; i < 100; i++)
		buf_addf(&md, "paragraph %d\n\n", i);
	check(set_buf(&md));
	check(report.pages > 2);
	check(strstr(page_text(1), "page 1 of "));
	check(strstr(page_text(report.pages), "page "));
}

/* ---- questions and sources ---- */

#define TEXT(s) { (s), sizeof(s) - 1 }
static const struct pdf_text none = TEXT("");

static struct pdf_turn turn_of(struct pdf_text question, struct pdf_text markdown)
{
	return (struct pdf_turn){ .question = question, .date = TEXT("24 November 2026"),
		.model = TEXT("a-model"), .note = none,
		.markdown = markdown };
}

static struct pdf_request request_of(struct pdf_turn *turns, size_t n)
{
	return (struct pdf_request){ .title = TEXT("Title of all"), .thread = TEXT("A thread"),
		.generator = none, .lang = TEXT("en"),
		.paper = { 595.28, 841.89, 70, 70, 65, 65 }, .turns = turns, .nturns = n };
}

TEST(citations_lead_to_their_source_and_back)
{
	struct pdf_source sources[] = {
		{ .n = 1, .document = TEXT("handbook.pdf"), .path = none, .url = none, .title = none,
			.quote = TEXT("the quoted words"), .page = 12 },
		{ .n = 4, .document = none, .path = none, .url = TEXT("https://example.org/a"),
			.title = TEXT("A site"), .quote = none },
		{ .n = 5, .document = TEXT("unsaid.txt"), .path = none, .url = none, .title = none,
			.quote = none, .line = 3 },
	};
	struct pdf_turn turn = turn_of((struct pdf_text)TEXT("Why?"),
		(struct pdf_text)TEXT("Because [1] and [4], again [1]; not [9]."));
	struct pdf_request rq = request_of(&turn, 1);
	const char *s;

	if (!installed())
		return;
	turn.sources = sources;
	turn.nsources = array_len(sources);
	check(set(&rq));
	s = ask("pdftotext -layout %s -");
	check(strstr(s, "Sources") && strstr(s, "handbook.pdf, page 12") && strstr(s, "the quoted words"));
	check(strstr(s, "https://example.org/a") && strstr(s, "unsaid.txt, line 3"));
	check(strstr(s, "24 November 2026") && strstr(s, "a-model"));
	s = ask("qpdf --qdf --object-streams=disable %s -");
	/* Three there, two back, one to the site. */
	check_int(count(s, "/Subtype /Link"), 6);
	check_int(count(s, "/URI (https://example.org/a)"), 1);
}

TEST(a_long_question_is_whole_and_an_answer_that_is_not_says_so)
{
	struct buf q = { 0 };
	struct pdf_turn turn = turn_of(none, (struct pdf_text)TEXT("The answer so far"));
	struct pdf_request rq = request_of(&turn, 1);
	const char *s;

	if (!installed())
		return;
	words(&q, "ask", 3000);
	turn.question = (struct pdf_text){ buf_cstr(&q), q.len };
	turn.state = PDF_INTERRUPTED;
	turn.note = (struct pdf_text)TEXT("Interrupted: the daemon was stopped");
	check(set(&rq));
	s = ask("pdftotext -layout %s -");
	check_int(count(s, "ask"), 3000);
	check(strstr(s, "Interrupted: the daemon was stopped") && strstr(s, "The answer so far"));
	buf_fini(&q);
}

TEST(a_conversation_has_its_questions_in_the_outline)
{
	struct pdf_turn turns[] = { turn_of((struct pdf_text)TEXT("First question\nwith more"),
		(struct pdf_text)TEXT("# Answer\n\ntext")),
		turn_of((struct pdf_text)TEXT("Second question"), (struct pdf_text)TEXT("text")) };
	struct pdf_request rq = request_of(turns, 2);
	const char *s;

	if (!installed())
		return;
	check(set(&rq));
	s = ask("qpdf --qdf --object-streams=disable %s -");
	check_int(count(s, "/Title (First question"), 0); /* UTF-16 with the ellipsis */
	check_int(count(s, "/Title (Second question)"), 1);
	check_int(count(s, "/Title (Answer)"), 1);
	s = ask("pdfinfo -struct-text %s");
	check(strstr(s, "H1") && strstr(s, "H2") && strstr(s, "H3"));
}

/* ---- the whole ---- */

TEST(everything_has_its_tag)
{
	static const char *const roles[] = { "H1", "L ", "LI", "Lbl", "LBody", "Table", "TR", "TH",
		"TD", "Code", "BlockQuote", "Link", "Note",
		"Reference", "P (block)" };
	const char *s;

	if (!installed())
		return;
	check(set_markdown("# H\n\ntext [a](https://example.org/) and[^1]\n\n- item\n\n| a |\n|---|\n| b |\n\n```\ncode\n```\n\n> quote\n\n[^1]: note\n"));
	s = ask("pdfinfo -struct-text %s");
	for (size_t i = 0; i < array_len(roles); i++)
		check_msg(strstr(s, roles[i]), "no %s", roles[i]);
}

TEST(the_same_request_gives_the_same_bytes)
{
	static const char md[] = "# A\n\n- b\n\n| c | d |\n|---|---|\n| e | f |\n\n```\ng\n```\n";
	struct buf first = { 0 };

	check(set_markdown(md));
	buf_add(&first, pdf.data, pdf.len);
	check(set_markdown(md));
	check_mem(first.data, first.len, pdf.data, pdf.len);
	buf_fini(&first);
}

TEST(past_the_last_page_it_says_so)
{
	struct buf md = { 0 };
	struct pdf_turn turn = turn_of(none, none);
	struct pdf_request rq = request_of(&turn, 1);

	if (!installed())
		return;
	rq.paper = (struct pdf_paper){ 300, 110, 60, 60, 40, 40 };
	words(&md, "w", 16000);
	turn.markdown = (struct pdf_text){ buf_cstr(&md), md.len };
	check(set(&rq));
	check_int(report.pages, 2000);
	check_int(report.nwarnings, 1);
	check_str(report.warnings[0].code, "pages");
	check(strstr(squeezed(page_text(2000)), "therestdoesnotfit"));
	buf_fini(&md);
}

TEST(nothing_at_all_is_a_page)
{
	check(set_markdown(""));
	check_int(report.pages, 1);
	check(set_markdown("\n\n---\n\n-\n\n>\n"));
	check_int(report.pages, 1);
	unlink(file);
}

TEST_MAIN()
