/* Answers: which sentences are quoted, and whether what a model cites is there. */
#include "common/mem.h"
#include "daemon/library/library.h"
#include "daemon/library/quote.h"
#include "tests/unit/test.h"

/* ---- citations ---- */

struct answer {
	struct source_list sources;
	struct marks marks;
	struct buf notes;
};

static void add_source(struct answer *a, const char *quote)
{
	struct source s;

	source_init(&s);
	s.n = (int)a->sources.n + 1;
	s.path = mem_printf("%zu.md", a->sources.n + 1);
	s.quote = mem_dup(quote);
	source_list_add(&a->sources, &s);
}

static void answer_make(struct answer *a)
{
	*a = (struct answer){ .sources = { 0 } };
	buf_init(&a->notes, 0);
	add_source(a, "The reactor reached criticality in March 1951 under the direction of Walter "
		      "Zinn.");
	add_source(a, "Apples are harvested from August to October, and stored at two degrees.");
	add_source(a, "The bridge over the Elbe is 514 metres long and carries four lanes.");
}

static void answer_fini(struct answer *a)
{
	source_list_fini(&a->sources);
	marks_fini(&a->marks);
	buf_fini(&a->notes);
}

/* "101" for sources 1 and 3 cited, then what was noted. */
static const char *checked(const char *text)
{
	static char out[512];
	struct answer a;
	size_t n;

	answer_make(&a);
	library_check_citations(text, strlen(text), &a.sources, &a.marks, &a.notes);
	for (n = 0; n < a.sources.n; n++)
		out[n] = a.sources.v[n].cited ? '1' : '0';
	snprintf(out + n, sizeof(out) - n, "%s%s", a.notes.len ? " " : "", buf_cstr(&a.notes));
	answer_fini(&a);
	return out;
}

TEST(every_way_to_write_a_number_is_read)
{
	check_str(checked("The reactor reached criticality in 1951 [1]."), "100");
	check_str(checked("The reactor reached criticality in 1951.[1]"), "100");
	check_str(checked("The reactor reached criticality in 1951. [1]"), "100");
	check_str(checked("The reactor reached criticality in 1951. [1]\n\nNothing else."), "100");
	check_str(checked("The reactor reached criticality in 1951\xe3\x80\x90"
			  "1\xe3\x80\x91."),
		"100");
	check_str(checked("The reactor reached criticality in 1951[^1]."), "100");
	check_str(
		checked("Reactor criticality in 1951, apples harvested in August [1][2]."), "110");
	check_str(checked("Reactor criticality in 1951, the bridge has four lanes [1, 3]."), "101");
	check_str(checked("Reactor criticality 1951, apples harvested August, bridge four lanes "
			  "[1-3]."),
		"111");
	check_str(checked("Reactor criticality 1951, apples harvested August, bridge four lanes "
			  "[1\xe2\x80\x93"
			  "3]."),
		"111");
}

TEST(what_only_looks_like_a_number_is_none)
{
	check_str(checked("See [the manual] and [x] and [] and [1"), "000");
	check_str(checked("In [2019] nothing happened."), "000");
	check_str(checked("Both [1, two] are odd."), "000");
	check_str(checked("Code cites nothing:\n\n```c\nx = a[1];\n```\n\nDone."), "000");
	check_str(checked("Nor does `a[1]` in a line."), "000");
	check_str(checked("Nor ``b[2] `of` c[3]`` with more backticks, nor `what. Looks [1] like` two sentences."), "000");
	check_str(checked("The reactor's ` alone, criticality in 1951 [1]."), "100");
	check_str(checked("~~~\n[2]\n~~~\nThe reactor reached criticality in 1951 [1]."), "100");
	check_str(checked(""), "000");
}

TEST(a_number_without_a_source_is_reported_once)
{
	check_str(checked("The reactor reached criticality [1][7]. And again [7]."),
		"100 [7] names no source\n");
	check_str(checked("The reactor reached criticality [1][7] [8-9]."), "100 [7], [8], [9] name no source\n");
	check_str(checked("Zero [0]."), "000 [0] names no source\n");
}

TEST(a_list_of_sources_at_the_end_claims_nothing)
{
	static const char said[] = "The reactor reached criticality in 1951 [1]. Apples are harvested in August [2].\n\n";
	static const char *const lists[] = { "Sources:\n[1] 1.md\n[2] 2.md, page 37\n", "**Sources**\n\n- [1] 1.md\n- [2]: 2.md, p. 37\n",
		"Sources:\n\n1. [1] 1.md, line 12\n2. [2] 2.md\n", "[1]: 1.md\n[2]: 2.md\n", "[^1]: 1.md, page 1999\n[^2]: what it is\n" };
	char text[512];

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", said, lists[i]);
		check_str(checked(text), "110");
	}
	/* what it claims all the same is looked at */
	snprintf(text, sizeof(text), "%s[1] Penguins live in Antarctica and eat 400 krill.\n", said);
	check_str(checked(text), "110 [1] is weakly supported\n400 is in no source\n");
	snprintf(text, sizeof(text), "%sSources:\n[1] 1.md\n[3] Apples and pears\n", said);
	check_str(checked(text), "111 [3] is weakly supported\n");
}

TEST(a_number_that_begins_a_line_stands_for_what_follows)
{
	check_str(checked("[1] The reactor reached criticality in 1951.\n[2] Apples are harvested in August.\n"
			  "[3] The bridge carries four lanes.\n"),
		"111");
	check_str(checked("The reactor reached criticality in 1951.\n[1]\n\nApples are harvested in August. [2]\n"), "110");
	check_str(checked("The reactor reached\n[1] criticality in 1951."), "100");
	check_str(checked("Zero [1], [2] and [3] are weak."), "111 [1], [2], [3] are weakly supported\n");
}

TEST(a_source_that_says_something_else_is_reported)
{
	check_str(checked("Penguins live in Antarctica and eat krill [2]."),
		"010 [2] is weakly supported\n");
	check_str(checked("Apples are harvested in October [2]."), "010");
}

TEST(support_is_the_lowest_of_its_sentences)
{
	struct answer a;
	const char *text = "Apples are harvested from August [2]. Penguins live in Antarctica and "
			   "eat krill [2].";

	answer_make(&a);
	library_check_citations(text, strlen(text), &a.sources, &a.marks, &a.notes);
	check(a.sources.v[1].support >= 0 && a.sources.v[1].support < 0.3);
	check(a.sources.v[0].support < 0);
	/* checked again, nothing of the first time is left */
	library_check_citations("Apples are harvested from August [2].", 37, &a.sources, &a.marks, &a.notes);
	check(a.sources.v[1].support > 0.9);
	answer_fini(&a);
}

/* "1 ok, 7 unknown" */
static const char *verdicts(const char *text)
{
	static char out[512];
	struct answer a;
	size_t n = 0;

	answer_make(&a);
	library_check_citations(text, strlen(text), &a.sources, &a.marks, &a.notes);
	out[0] = '\0';
	for (size_t i = 0; i < a.marks.n && n < sizeof(out) - 32; i++) {
		const struct mark *m = &a.marks.v[i];

		if ((m->support < 0) != (m->verdict == MARK_UNKNOWN))
			return "an odd support";
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%d@%zu+%zu %s", i ? ", " : "", m->n, m->off,
			m->len, mark_verdict_name(m->verdict));
	}
	answer_fini(&a);
	return out;
}

TEST(every_marker_has_its_verdict)
{
	check_str(verdicts("The reactor reached criticality in 1951 [1]. Guests fly free [9]."),
		"1@40+3 ok, 9@61+3 unknown");
	check_str(verdicts("Bicycles are repaired by volunteers on weekday evenings [2]."), "2@56+3 weak");
	check_str(verdicts("The reactor reached criticality [1,3]."), "1@32+5 ok, 3@32+5 weak");
	check_str(verdicts("The reactor reached criticality \xe3\x80\x90" "1\xe3\x80\x91."), "1@32+7 ok");
	check_str(verdicts("```\na[1]\n```\n"), "");
	check_str(verdicts("Twice: the reactor reached criticality [1][1]."), "1@39+3 ok, 1@42+3 ok");
}

TEST(figures_that_no_source_has_are_noted)
{
	check_str(checked("The reactor reached criticality in 1952 under Walter Zinn [1]."), "100 1952 is in no source\n");
	check_str(checked("The bridge over the Elbe is 514 metres long [3]."), "001");
	/* of what cites nothing, nothing is said */
	check_str(checked("In 1999 nothing happened."), "000");
}

TEST(the_way_out_is_recognised)
{
	static const char *const out[] = { "I did not find this in the documents.", "**I did not find this in the documents**",
		"Sorry: i did not\nfind this in the documents!" };

	for (size_t i = 0; i < sizeof(out) / sizeof(*out); i++)
		check(library_says_not_found(out[i], strlen(out[i])));
	check(!library_says_not_found("I did find this in the documents.", 33));
	check(!library_says_not_found("I did not find", 14));
}

TEST(a_hostile_answer_costs_time_in_proportion)
{
	size_t n = 1 << 20;
	char *text = malloc(n + 1);
	struct answer a;

	for (size_t i = 0; i < n; i++)
		text[i] = "[1,2-3[`]."[(i * 7 + i / 13) % 10];
	text[n] = '\0';
	answer_make(&a);
	library_check_citations(text, n, &a.sources, &a.marks, &a.notes);
	for (size_t i = 0; i < n; i++) /* all in one line, and with much before it */
		text[i] = " [1] x "[i % 7];
	library_check_citations(text, n, &a.sources, &a.marks, &a.notes);
	memset(text, '>', n / 2);
	library_check_citations(text, n, &a.sources, &a.marks, &a.notes);
	answer_fini(&a);
	free(text);
}

TEST(the_rules_for_a_model_are_there)
{
	check(strstr(library_system_prompt(), "[2]"));
	check(strstr(library_system_prompt(), "I did not find this in the documents"));
}

/* ---- quotes ---- */

struct found {
	struct query q;
	struct hit hits[4];
	size_t n;
	struct spans spans;
	struct quote quotes[QUOTES_MAX];
	size_t nquotes;
};

static struct found *find(
	const char *question, const char *name, const char *const *texts, size_t n)
{
	struct found *f = mem_new(sizeof(*f));
	double idf[QUERY_TERMS];
	int64_t df[QUERY_TERMS];

	query_make(&f->q, 0, (struct query_text){ question, strlen(question) },
		(struct query_text){ "", 0 }, (struct query_text){ "", 0 });
	for (size_t i = 0; i < QUERY_TERMS; i++)
		idf[i] = 3, df[i] = 1;
	query_weigh(&f->q, idf, df);
	for (f->n = 0; f->n < n; f->n++) {
		f->hits[f->n] = (struct hit){
			.score = 10 - (double)f->n,
			.name = mem_dup(name),
			.text = mem_dup(texts[f->n]),
			.text_len = strlen(texts[f->n]),
			.end = strlen(texts[f->n]),
			.line = 1,
			.page = -1,
		};
		snprintf(f->hits[f->n].document, sizeof(id_str), "%zu", f->n);
	}
	if (spans_make(&f->spans, f->hits, f->n, 6000, SPAN_BYTES) != 0)
		abort();
	f->nquotes = quotes_widen(&f->spans, f->quotes, quotes_choose(&f->q, &f->spans, f->quotes));
	return f;
}

static const char *quote(const struct found *f, size_t i)
{
	static char out[2048];
	const struct quote *q = &f->quotes[i];

	if (i >= f->nquotes)
		return "none";
	snprintf(out, sizeof(out), "%.*s", (int)(q->end - q->start),
		f->spans.v[q->span].text + q->start);
	return out;
}

static void found_free(struct found *f)
{
	spans_fini(&f->spans);
	for (size_t i = 0; i < f->n; i++)
		hit_fini(&f->hits[i]);
	mem_free(f);
}

TEST(the_sentence_that_has_the_words_is_quoted_first)
{
	static const char *const texts[] = {
		"The plant was built in 1948 by the state. The first reactor of the plant reached "
		"criticality in March 1951 "
		"after three failed attempts. Visitors are welcome on Sundays in summer and autumn "
		"of every year.",
	};
	struct found *f = find("When did the reactor reach criticality?", "plant.txt", texts, 1);

	/* with its neighbours, as far as they fit */
	check_str(quote(f, 0), texts[0]);
	found_free(f);
}

TEST(the_kind_of_thing_asked_for_decides_between_equals)
{
	static const char *const texts[] = {
		"The tower of the old harbour has a height that impresses visitors. "
		"The tower of the old harbour has a height of 54 metres above ground.",
	};
	struct found *f = find("How high is the tower of the old harbour?", "tower.txt", texts, 1);

	check(strstr(quote(f, 0), "54 metres"));
	found_free(f);
}

TEST(a_sentence_that_leans_on_the_one_before_takes_it_along)
{
	static const char *const texts[] = {
		"Marie Curie was born in Warsaw and studied in Paris for many years of her life. "
		"She received the Nobel Prize in Physics for her work on radiation together with "
		"two others.",
	};
	struct found *f = find("Nobel Prize Physics radiation", "curie.txt", texts, 1);

	check(strstr(quote(f, 0), "Marie Curie was born"));
	check(strstr(quote(f, 0), "Nobel Prize"));
	found_free(f);
}

TEST(prose_is_quoted_before_markup_with_the_same_words)
{
	static const char *const texts[] = {
		"<match type=\"glob\" offset=\"0\"/><match type=\"magic\" offset=\"0\" value=\"file\\t\"/> is taken first.",
		"When a glob and a magic number both match a file, the one of more weight is taken first.",
	};
	struct found *f = find("Is a glob or a magic match of a file taken first?", "types.txt", texts, 2);

	check_str(quote(f, 0), texts[1]);
	found_free(f);
}

TEST(the_same_words_are_quoted_once)
{
	static const char *const texts[] = {
		"The warranty of the machine ends after twenty four months in all countries.",
		"The warranty of the machine\nends after twenty four months in all countries.",
		"The warranty of the machine excludes the filters and the hoses of the pump.",
	};
	struct found *f = find("warranty of the machine", "w.txt", texts, 3);

	check_int(f->nquotes, 2);
	found_free(f);
}

TEST(source_is_quoted_in_lines)
{
	static const char *const texts[] = {
		"int turn_start(struct turn *t)\n{\n\tt->state = QUEUED;\n\treturn 0;\n}\n\nint "
		"other(void)\n{\n\treturn 1;\n}\n",
	};
	struct found *f = find("turn_start", "turn.c", texts, 1);

	check(f->quotes[0].lines);
	check_str(quote(f, 0),
		"int turn_start(struct turn *t)\n{\n\tt->state = QUEUED;\n\treturn 0;\n}");
	found_free(f);
}

TEST(chinese_sentences_are_quoted)
{
	static const char *const texts[] = {
		"\xe5\x8c\x97\xe4\xba\xac\xe6\x98\xaf\xe4\xb8\xad\xe5\x9b\xbd\xe7\x9a\x84\xe9\xa6"
		"\x96\xe9\x83\xbd\xe3\x80\x82"
		"\xe4\xb8\x8a\xe6\xb5\xb7\xe6\x98\xaf\xe6\x9c\x80\xe5\xa4\xa7\xe7\x9a\x84\xe5\x9f"
		"\x8e\xe5\xb8\x82\xe3\x80\x82",
	};
	struct found *f =
		find("\xe4\xb8\xad\xe5\x9b\xbd\xe9\xa6\x96\xe9\x83\xbd", "zh.txt", texts, 1);

	check(f->nquotes > 0);
	check(strstr(quote(f, 0), "\xe5\x8c\x97\xe4\xba\xac"));
	found_free(f);
}

TEST(nothing_found_quotes_nothing)
{
	struct found *f = find("anything", "a.txt", NULL, 0);

	check_int(f->nquotes, 0);
	found_free(f);
}

TEST_MAIN()
