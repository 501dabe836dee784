/* Markdown on a terminal: what comes out, whatever the pieces it came in. */
#include <ctype.h>
#include <locale.h>
#include <wchar.h>

#include "client/markdown.h"
#include "client/term.h"
#include "common/fd.h"
#include "tests/unit/test.h"

static const struct markdown_look plain = { .width = 40, .utf8 = true };
static const struct markdown_look styled = { .width = 40, .utf8 = true, .styled = true };
static const struct markdown_look clickable = { .width = 80, .styled = true, .hyperlinks = true };
static const struct markdown_look narrow = { .width = 20 };

static char *draw_pieces(const struct markdown_look *look, const char *s, size_t n, size_t piece)
{
	struct markdown *m = markdown_new(look);
	struct buf out = { 0 };

	for (size_t i = 0; i < n; i += piece)
		markdown_feed(m, s + i, piece < n - i ? piece : n - i, &out);
	markdown_end(m, &out);
	markdown_free(m);
	(void)buf_cstr(&out);
	return buf_steal(&out, NULL);
}

static char *draw(const struct markdown_look *look, const char *s)
{
	return draw_pieces(look, s, strlen(s), strlen(s) + 1);
}

#define check_draw(look, source, wanted)                                                           \
	do {                                                                                       \
		char *got = draw(look, source);                                                    \
		check_str(got, wanted);                                                            \
		free(got);                                                                         \
	} while (0)

TEST(prose_is_wrapped_and_emphasis_drawn)
{
	check_draw(&styled, "one **two** *three* `four` ~~five~~",
		"one \033[1mtwo\033[0m \033[3mthree\033[0m \033[36mfour\033[0m \033[9mfive\033[0m\n");
	check_draw(&plain, "one **two** *three* `four` ~~five~~", "one **two** *three* `four` ~~five~~\n");
	check_draw(&plain, "aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddd", "aaaaaaaaaa bbbbbbbbbb cccccccccc\ndddddddddd\n");
}

TEST(what_is_no_mark_stays)
{
	check_draw(&styled, "2 * 3 * 4 and snake_case_name and a*", "2 * 3 * 4 and snake_case_name and a*\n");
	check_draw(&styled, "an **open one", "an **open one\n");
	check_draw(&styled, "[1] and [x][ref] and <b>tag</b>", "[1] and [x][ref] and <b>tag</b>\n");
	check_draw(&styled, "\\*not\\* &amp; &#27;[2J &lt;", "*not* & &#27;[2J <\n");
}

TEST(emphasis_reaches_over_a_line_end_and_nests)
{
	check_draw(&styled, "a **b\nc** d", "a \033[1mb\033[0m\n\033[1mc\033[0m d\n");
	check_draw(&styled, "*a **b***", "\033[3ma \033[1mb\033[0m\n");
}

TEST(entities_have_their_names)
{
	check_draw(&plain, "&copy; &eacute;&rarr;&hellip; &#xe9; &#x41; &nosuch; &#x110000; &;", "© é→… é A &nosuch; &#x110000; &;\n");
	check_draw(&plain, "&CounterClockwiseContourIntegral;&NotEqualTilde;&zwnj;&AMP;&amp", "∳≂̸\u200c&&amp\n");
	/* What the filter would not have let pass stays as written, as does what the locale has no letter for. */
	check_draw(&plain, "&#x202e; &#27; &#x9b; &#x2066; &#0;", "&#x202e; &#27; &#x9b; &#x2066; &#0;\n");
	check_draw(&narrow, "&copy; &amp;", "&copy; &\n");
}

TEST(an_address_hides_marks)
{
	check_draw(&styled, "**a<https://b.example/?q=**>", "**a\033[4mhttps://b.example/?q=**\033[0m\n");
	check_draw(&styled, "*a <b* c>", "\033[3ma <b\033[0m c>\n");
	check_draw(&styled, "__<a href=\"__\">", "__<a href=\"__\">\n");
	check_draw(&styled, "_a [b_](/c)", "_a \033[4mb_\033[0m (\033[2m/c\033[0m)\n");
	check_draw(&styled, "*a [b](/c) d*", "\033[3ma \033[4mb\033[0;3m (\033[2m/c\033[0;3m) d\033[0m\n");
}

TEST(an_empty_item_is_shown)
{
	check_draw(&plain, "1. a\n2.\n3. c\n-", "1. a\n2.\n3. c\n•\n");
	check_draw(&plain, "> -\n\nafter\n- \n", "│ •\n\nafter\n•\n");
}

TEST(a_long_table_is_drawn_in_parts_with_its_head)
{
	struct buf all = { 0 };
	size_t heads = 0, rows = 0;
	char *got;

	(void)buf_add_str(&all, "|name|n|\n|-|-|\n");
	for (int i = 0; i < 40000; i++)
		(void)buf_addf(&all, "|row|%d|\n", i);
	got = draw_pieces(&plain, (const char *)all.data, all.len, 1000);
	for (char *s = got; (s = strstr(s, "name")); s++)
		heads++;
	for (char *s = got; (s = strstr(s, "row ")); s++)
		rows++;
	check(heads > 1 && heads < 10);
	check_int(rows, 40000);
	check(!strchr(got, '|'));
	free(got);
	buf_fini(&all);
}

TEST(widths_are_those_that_terminals_have)
{
	size_t differ = 0;

	if (!setlocale(LC_CTYPE, "C.UTF-8")) {
		printf("# no locale C.UTF-8\n");
		return;
	}
	for (uint32_t cp = 0x300; cp < 0xE0200; cp++) {
		int columns = wcwidth((wchar_t)cp);

		/* Skin tones are a part of what they follow; a C library that knows a newer Unicode knows more. */
		if (columns >= 0 && (cp < 0x1F3FB || cp > 0x1F3FF))
			differ += (unsigned)columns != term_char_width(cp);
	}
	check_msg(differ < 60, "%zu code points", differ);
	check_int(term_char_width(0x2757), 2);  /* an exclamation mark as emoji */
	check_int(term_char_width(0x0BCD), 0);  /* a sign of Tamil */
	check_int(term_char_width(0x1F595), 2);
	check_int(term_char_width(0x1160), 0);
}

TEST(links_show_where_they_lead)
{
	check_draw(&styled, "[text](https://example.org \"t\")",
		"\033[4mtext\033[0m (\033[2mhttps://example.org\033[0m)\n");
	check_draw(&plain, "![a cat](x.png) <https://example.org>", "[image: a cat] (x.png)\nhttps://example.org\n");
	check_draw(&clickable, "<https://a.example/>",
		"\033]8;;https://a.example/\033\\\033[4mhttps://a.example/\033]8;;\033\\\033[0m\n");
}

TEST(headings_lists_quotes)
{
	check_draw(&styled, "# One #\n\n## Two\ntext", "\033[1;4mOne\033[0m\n\n\033[1mTwo\033[0m\ntext\n");
	check_draw(&plain, "- a\n- b\n  more\n\n  para\n10. c\n    - d", "• a\n• b\n  more\n\n  para\n10. c\n    • d\n");
	check_draw(&plain, "> a\n> > b\nlazy\n\nout", "│ a\n│ │ b\n│ │ lazy\n\nout\n");
	check_draw(&plain, "text\n\n> a\n>\n> b\n\n> c", "text\n\n│ a\n│\n│ b\n\n│ c\n");
	check_draw(&plain, "text\n\n***\ntext", "text\n\n────────────────────────────────────────\ntext\n");
}

TEST(code_is_verbatim)
{
	check_draw(&plain, "```c\nint  a;\n\n  **b**\n```\nafter", "```c\nint  a;\n\n  **b**\n```\nafter\n");
	check_draw(&styled, "- x\n  ```sh\n  ls\n  ```", "• x\n  \033[2m── sh ────────────────────────────────\033[0m\n  ls\n"
						      "  \033[2m──────────────────────────────────────\033[0m\n");
	check_draw(&plain, "    indented **code**\n", "    indented **code**\n");
}

TEST(tables_are_laid_out)
{
	check_draw(&plain, "| a | bb |\n|--:|:-:|\n| 100 | x |\n\nend", "  a │ bb\n────┼───\n100 │ x\n\nend\n");
	check_draw(&plain, "a | b\n--- | ---\n`x\\|y` | 2 | surplus", "a     │ b │\n──────┼───┼────────\n`x|y` │ 2 │ surplus\n");
	check_draw(&plain, "| no | table |\nreally", "| no | table |\nreally\n");
}

TEST(a_wide_table_is_wrapped_and_a_wider_one_is_records)
{
	check_draw(&plain, "| k | v |\n|---|---|\n| key | one two three four five six seven eight nine |",
		"k   │ v\n────┼───────────────────────────────────\nkey │ one two three four five six seven\n    │ eight nine\n");
	check_draw(&narrow, "| one | two | three |\n|---|---|---|\n| aaaaaaaaa | bbbbbbbbb | ccccccccc |",
		"one: aaaaaaaaa\ntwo: bbbbbbbbb\nthree: ccccccccc\n\n");
}

/* ---- any pieces give the same, and nothing is lost ---- */

static const char *const documents[] = { "README.md", "HACKING.md", "proto/PROTOCOL.md", "tests/bench/README.md" };

static char *read_document(const char *path, size_t *n)
{
	struct buf b = { 0 };
	FILE *f = fopen(path, "r");
	char chunk[4096];
	size_t got;

	if (!f)
		return NULL;
	while ((got = fread(chunk, 1, sizeof(chunk), f)) > 0)
		(void)buf_add(&b, chunk, got);
	(void)fclose(f);
	return buf_steal(&b, n);
}

TEST(any_pieces_give_the_same_screen)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 16, 61, 79, 80, 81, 1000 };
	const struct markdown_look looks[] = { styled, plain, { .width = 17, .styled = true }, { .width = 0 } };

	for (size_t d = 0; d < sizeof(documents) / sizeof(documents[0]); d++) {
		size_t n;
		char *s = read_document(documents[d], &n);

		check_msg(s, "%s cannot be read; the tests run in the project's folder", documents[d]);
		for (size_t l = 0; l < 4; l++) {
			char *whole = draw_pieces(&looks[l], s, n, n);

			for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
				char *got = draw_pieces(&looks[l], s, n, pieces[i]);

				check_msg(!strcmp(got, whole), "%s differs in pieces of %zu, look %zu", documents[d], pieces[i], l);
				free(got);
			}
			free(whole);
		}
		free(s);
	}
}

static const char *const atoms[] = { "**", "*", "_", "`", "```", "\n", "\n\n", "> ", "- ", "1. ", "|", "|--|", "---", "[a](b)", "[", "](", ")",
	"<br>", "<", "&lt;", "\\", "word", "two words", "é", "漢字", "#", "# ", "    ", "\t", "~~", "![", "👩‍👩‍👧", "\n| a | b |\n|--|--|\n| c | d |\n" };

static size_t random_text(char *to, size_t room, unsigned *seed)
{
	size_t n = 0;

	while (n + 64 < room) {
		const char *atom = atoms[(size_t)rand_r(seed) % (sizeof(atoms) / sizeof(atoms[0]))];

		memcpy(to + n, atom, strlen(atom));
		n += strlen(atom);
		if (rand_r(seed) % 60 == 0)
			break;
	}
	return n;
}

TEST(random_marks_in_random_pieces_give_the_same_screen)
{
	unsigned seed = 7;
	char text[2048];

	for (int round = 0; round < 3000; round++) {
		size_t n = random_text(text, sizeof(text), &seed), at = 0;
		struct markdown *m = markdown_new(&styled);
		char *whole = draw_pieces(&styled, text, n, n + 1);
		struct buf out = { 0 };

		while (at < n) {
			size_t piece = (size_t)rand_r(&seed) % 90 + 1;

			piece = piece < n - at ? piece : n - at;
			markdown_feed(m, text + at, piece, &out);
			at += piece;
		}
		markdown_end(m, &out);
		check_msg(!strcmp(buf_cstr(&out), whole), "round %d: '%.*s'\n gives '%s'\n and '%s'", round, (int)n, text, buf_cstr(&out), whole);
		buf_fini(&out);
		free(whole);
		markdown_free(m);
	}
}

/* Letters and digits in order, without what only Markdown and sequences need. */
static size_t letters(const char *s, char *to)
{
	size_t n = 0;

	for (; *s; s++) {
		if (*s == '\033') {
			s += strcspn(s, "m");
			continue;
		}
		if (isalnum((unsigned char)*s))
			to[n++] = *s;
	}
	to[n] = 0;
	return n;
}

TEST(no_letter_of_a_document_is_lost)
{
	/* Not README.md: where a link's text is its address it is shown once. */
	for (size_t d = 1; d < sizeof(documents) / sizeof(documents[0]); d++) {
		size_t n;
		char *s = read_document(documents[d], &n), *out, *a, *b;

		check_msg(s, "%s cannot be read", documents[d]);
		out = draw(&(struct markdown_look){ .width = 0, .styled = true }, s);
		a = malloc(n + 1);
		b = malloc(strlen(out) + 1);
		(void)letters(s, a);
		(void)letters(out, b);
		for (n = 0; a[n] && a[n] == b[n]; n++)
			;
		check_msg(a[n] == b[n], "%s: '%.40s' became '%.40s'", documents[d], a + n, b + n);
		free(a);
		free(b);
		free(out);
		free(s);
	}
}

TEST_MAIN()
