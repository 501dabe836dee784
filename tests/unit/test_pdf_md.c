/* The Markdown reader: what each construct becomes, what each cap keeps, and that no word is lost. */
#include "daemon/pdf/md.h"

#include <stdint.h>

#include "common/buf.h"
#include "daemon/pdf/report.h"
#include "tests/unit/test.h"

struct story {
	struct arena *arena;
	struct report report;
	struct md_block *root;
	struct buf out;
	size_t nodes;
};

static void put(struct story *s, const char *p, size_t n)
{
	if (p && buf_add(&s->out, p, n) != 0)
		abort();
}

static void puts_(struct story *s, const char *p)
{
	put(s, p, strlen(p));
}

static void show_spans(struct story *s, const struct md_block *b)
{
	static const struct { unsigned mark; const char *sign; } signs[] = { { MD_EM, "i" }, { MD_STRONG, "b" },
		{ MD_MONO, "m" }, { MD_STRIKE, "s" }, { MD_INLINE_MATH, "x" }, { MD_IMAGE, "p" }, { MD_CITE, "c" },
		{ MD_NOTE_REF, "n" } };

	for (size_t i = 0; i < b->nspans; i++) {
		const struct md_span *v = &b->spans[i];

		if (v->marks) {
			puts_(s, "{");
			for (size_t k = 0; k < sizeof(signs) / sizeof(*signs); k++)
				if (v->marks & signs[k].mark)
					puts_(s, signs[k].sign);
			puts_(s, ":");
		}
		put(s, b->text + v->start, v->end - v->start);
		if (v->marks)
			puts_(s, "}");
		if (v->url) {
			puts_(s, "<");
			puts_(s, v->url);
			puts_(s, ">");
		}
	}
	if (!b->nspans)
		put(s, b->text, b->len);
}

/* The tree as "p(text)ol3(li(p(a)))". */
static void show(struct story *s, const struct md_block *b)
{
	static const char *const names[] = { "", "p", "h", "ul", "li", "q", "code", "plain", "html", "math", "table", "tr",
		"td", "hr", "notes", "note" };
	char number[32] = "";

	s->nodes++;
	if (b->kind == MD_HEADING)
		snprintf(number, sizeof(number), "%d", b->level);
	else if (b->kind == MD_LIST && b->ordered)
		snprintf(number, sizeof(number), "%lld%s", (long long)b->start, b->dot ? "." : ")");
	else if (b->kind == MD_ITEM && b->task >= 0)
		snprintf(number, sizeof(number), "%d", b->task);
	puts_(s, names[b->kind]);
	puts_(s, number);
	if (b->kind != MD_DOCUMENT)
		puts_(s, "(");
	if (b->info) {
		puts_(s, b->info);
		puts_(s, ":");
	}
	if (b->text)
		show_spans(s, b);
	for (const struct md_block *k = b->first; k; k = k->next)
		show(s, k);
	if (b->kind != MD_DOCUMENT)
		puts_(s, ")");
}

static void begin(struct story *s, const char *src, size_t n, const struct md_options *o)
{
	*s = (struct story){ .arena = arena_new() };
	report_init(&s->report);
	s->root = md_parse(s->arena, &s->report, src, n, o);
	show(s, s->root);
}

static void end(struct story *s)
{
	arena_free(s->arena);
	buf_fini(&s->out);
}

static bool warned(const struct story *s, const char *code)
{
	for (size_t i = 0; i < s->report.nwarnings; i++)
		if (!strcmp(s->report.warnings[i].code, code))
			return true;
	return false;
}

static bool has(const struct story *s, const char *word)
{
	return memmem(s->out.data, s->out.len, word, strlen(word)) != NULL;
}

#define reads_as(src, o, want)                                                           \
	do {                                                                             \
		struct story s_;                                                         \
		bool same_;                                                              \
		static char got_[2000];                                                  \
		begin(&s_, src, strlen(src), o);                                         \
		snprintf(got_, sizeof(got_), "%s", buf_cstr(&s_.out));                   \
		same_ = !strcmp(got_, want);                                             \
		end(&s_);                                                                \
		check_msg(same_, "%s\n  reads as %s\n  not     %s", src, got_, want);    \
	} while (0)

TEST(marks_within_a_line)
{
	reads_as("*a* **b** `c` ~~d~~", NULL, "p({i:a} {b:b} {m:c} {s:d})");
	reads_as("# One\n\nTwo\n---\n\n***", NULL, "h1(One)h2(Two)hr()");
	reads_as("a<br>b <i>c</i>", NULL, "p(a\nb <i>c</i>)");
	reads_as("<div>\nx\n</div>", NULL, "html(<div>\nx\n</div>)");
}

TEST(lists_keep_their_numbers)
{
	reads_as("3) a\n4) b", NULL, "ul3)(li(p(a))li(p(b)))");
	reads_as("- [x] a\n- [ ] b", NULL, "ul(li1(p(a))li0(p(b)))");
	reads_as("> - a\n>   - b", NULL, "q(ul(li(p(a)ul(li(p(b))))))");
}

TEST(a_list_may_follow_its_paragraph)
{
	reads_as("Then\n3. a\n4. b", NULL, "p(Then)ul3.(li(p(a))li(p(b)))");
	reads_as("> Then\n> 3. a\n> 4. b", NULL, "q(p(Then)ul3.(li(p(a))li(p(b))))");
	reads_as("It was in\n1984. A year", NULL, "p(It was in 1984. A year)");
	reads_as("a\n3. b\n4) c", NULL, "p(a 3. b 4) c)");
	reads_as("1. a\n2. b\n3. c", NULL, "ul1.(li(p(a))li(p(b))li(p(c)))");
}

TEST(code_keeps_its_bytes)
{
	reads_as("```c\na|b\n-|-\n1|2|3\n```", NULL, "code(c:a|b\n-|-\n1|2|3)");
	reads_as("x\n\n    a|b\n    -|-\n    1|2|3\n\ny", NULL, "p(x)code(a|b\n-|-\n1|2|3)p(y)");
	reads_as("```\r\n$$\r\nx\r\n$$\r\n```\r\n", NULL, "code($$\nx\n$$)");
	reads_as("- ```\n  a|b\n  -|-\n  1|2|3\n  ```\n", NULL, "ul(li(code(a|b\n-|-\n1|2|3)))");
}

TEST(ragged_rows_keep_their_cells)
{
	reads_as("|a|b|\n|-|-|\n|1|2|3|\n|4|", NULL,
		"table(tr(td(a)td(b)td())tr(td(1)td(2)td(3))tr(td(4)td()td()))");
	reads_as("> a|b\r\n> -|-\r\n> 1|2|3\r\n", NULL, "q(table(tr(td(a)td(b)td())tr(td(1)td(2)td(3))))");
	reads_as("|a|\n|-|\n|x \\| y|", NULL, "table(tr(td(a))tr(td(x | y)))");
	reads_as("> ```\n> x\n\n|a|\n|-|\n|1|2|", NULL, "q(code(x))table(tr(td(a)td())tr(td(1)td(2)))");
	reads_as("- ```\n  x\n  ```\n\n|a|\n|-|\n|1|2|", NULL, "ul(li(code(x)))table(tr(td(a)td())tr(td(1)td(2)))");
	reads_as("- |a|\n  |-|\n  |1|2|", NULL, "ul(li(table(tr(td(a)td())tr(td(1)td(2)))))");
}

TEST(definitions_without_a_use_stay_text)
{
	reads_as("a[^x]\n\n[^x]: note", NULL, "p(a{n:1})notes(note(p(note)))");
	reads_as("a\n\n[^x]: unused", NULL, "p(a)p([^x]: unused)");
	reads_as("a[^x]\n\n[^x]: one\n\n[^x]: two", NULL, "p(a{n:1})p({n:1}: two)notes(note(p(one)))");
	reads_as("[^a\nb] c", NULL, "p([^a b] c)");
	reads_as("a[^x]\n\n[^x]: [1]: /unused", NULL, "p(a{n:1})notes(note(p([1]: /unused)))");
	reads_as("see [t][1]\n\n[1]: http://e.x/", NULL, "p(see t<http://e.x/>)");
	reads_as("a\n\n[1]: /unused", NULL, "p(a)p([1]: /unused)");
	reads_as("[1]\n\n[1]: /one\n[1]: /two", NULL, "p(1 (/one))p(1 (/one): /two)");
	reads_as("`x`\n\n```\n[1]: /u\n```", NULL, "p({m:x})code([1]: /u)");
	reads_as("[a](http://e.x/ \"why\")", NULL, "p(a<http://e.x/> (why))");
}

TEST(only_some_addresses_are_links)
{
	reads_as("[a](javascript:x)", NULL, "p(a (javascript:x))");
	reads_as("[a](mailto:b@c.d)", NULL, "p(a<mailto:b@c.d>)");
	reads_as("[](http://e.x/)", NULL, "p(http://e.x/<http://e.x/>)");
	reads_as("![alt](http://e.x/p.png)", NULL, "p({p:[image: alt]}<http://e.x/p.png>)");
	reads_as("![alt](file:///etc/passwd)", NULL, "p({p:[image: alt]} (file:///etc/passwd))");
	check(md_url_allowed("https://a", 9) && !md_url_allowed("https://a b", 11) && !md_url_allowed("data:x", 6));
}

TEST(formulas_and_prices)
{
	reads_as("costs $5 and $6", NULL, "p(costs $5 and $6)");
	reads_as("$x_1$ and \\(a+b\\)", NULL, "p({x:$x_1$} and {x:\\(a+b\\)})");
	reads_as("$$\na_b\n$$", NULL, "math($$\na_b\n$$)");
}

TEST(citations_are_sources_of_this_answer)
{
	const struct md_options o = { .sources = 2 };

	reads_as("a [1] b [1, 2] c [3]", &o, "p(a {c:[1]} b [{c:1}, {c:2}] c [3])");
	reads_as("a [2?] b ~~[7]~~ [1??]", &o, "p(a {c:[2?]} b {s:[7]} [1??])");
	reads_as("a[~~7~~][~~8~~]b\xe6\x97\xa5[~~9~~]\xe3\x81\xa7", &o,
		"p(a[{s:7}][{s:8}]b\xe6\x97\xa5[{s:9}]\xe3\x81\xa7)");
	/* a list of sources is none of links; what has no source may be one */
	reads_as("a [1]\n\n[1]: report.txt\n[2]: http://x.example", &o,
		"p(a {c:[1]})p({c:[1]}: report.txt {c:[2]}: http://x.example<http://x.example>)");
	reads_as("a [3]\n\n[3]: http://x.example", &o, "p(a 3<http://x.example>)");
}

TEST(bytes_that_are_no_text)
{
	struct story s;
	bool nul, bad;

	begin(&s, "a\0b\xFF" "c", 5, NULL);
	nul = has(&s, "a\xEF\xBF\xBD" "b");
	bad = has(&s, "b\xEF\xBF\xBD" "c");
	end(&s);
	check(nul && bad);
}

static void repeat(struct buf *b, const char *word, size_t n)
{
	while (n--)
		if (buf_add(b, word, strlen(word)) != 0)
			abort();
}

/* Each cap: words for it, the text still there, a tree of bounded size. */
static bool is_capped(const struct buf *b, const char *code, const char *word, size_t nodes)
{
	struct story s;
	bool fine;

	begin(&s, (const char *)b->data, b->len, NULL);
	fine = warned(&s, code) && has(&s, word) && s.nodes <= nodes;
	if (!fine)
		printf("# %s: warned %d, word %d, %zu nodes\n", code, warned(&s, code), has(&s, word), s.nodes);
	end(&s);
	return fine;
}

TEST(caps_keep_the_text)
{
	struct buf big = { 0 }, deep = { 0 }, cells = { 0 };
	bool input, depth, table;

	repeat(&big, "*word* ", MD_INPUT_MAX / 7 + 1);
	repeat(&big, "last", 1);
	input = is_capped(&big, "input", "last", 2);
	repeat(&deep, "> ", 3000);
	repeat(&deep, "last", 1);
	depth = is_capped(&deep, "depth", "last", MD_DEPTH_MAX + 10);
	repeat(&cells, "|a", 900);
	repeat(&cells, "|\n", 1);
	repeat(&cells, "|-", 900);
	repeat(&cells, "|\n", 1);
	repeat(&cells, "|1|\n", 900);
	repeat(&cells, "|last|\n", 1);
	table = is_capped(&cells, "cells", "last", 10);
	buf_fini(&big);
	buf_fini(&deep);
	buf_fini(&cells);
	check(input && depth && table);
}

/* ---- any splice of Markdown ---- */

static const char *const atoms[] = { "\n", "\n\n", " ", "    ", "> ", "- ", "3. ", "4. ", "# ", "|", "|-|-|\n", "*", "**", "`",
	"```\n", "~~", "$", "$$\n", "[", "](", ")", "]: ", "[^", "]", "![", "<", ">", "[^a]: ", "[^a]", "[b]: ", "[b]", "|a|b|\n|-|-|\n", "|", "\\", "\t", "~~~\n", "\n---\n", "<b>" };

static uint32_t dice(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Words that no markup takes for its own: each is one of a kind and must be in the tree. */
static size_t splice(char *out, size_t cap, uint32_t *seed, int *words)
{
	size_t n = 0;
	int pieces = 1 + (int)(dice(seed) % 40);

	for (*words = 0; pieces; pieces--) {
		if (dice(seed) % 3)
			n += (size_t)snprintf(out + n, cap - n, "%s", atoms[dice(seed) % (sizeof(atoms) / sizeof(*atoms))]);
		else
			n += (size_t)snprintf(out + n, cap - n, "W%dz", (*words)++);
	}
	return n;
}

TEST(no_word_is_lost_in_any_splice)
{
	uint32_t seed = 77;

	for (int i = 0; i < 20000; i++) {
		char src[1024], lost[16] = "";
		struct story s;
		int words;
		size_t n = splice(src, sizeof(src), &seed, &words);

		begin(&s, src, n, NULL);
		for (int k = 0; k < words && !*lost; k++) {
			char word[16];

			snprintf(word, sizeof(word), "W%dz", k);
			if (!has(&s, word))
				snprintf(lost, sizeof(lost), "%s", word);
		}
		end(&s);
		check_msg(!*lost, "round %d lost %s of:\n%s", i, lost, src);
	}
}

TEST_MAIN()
