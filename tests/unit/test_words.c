/* Words: what counts as the same one, what a name is found by, and what questions leave out. */
#include "common/buf.h"
#include "common/utf8.h"
#include "daemon/library/fold.h"
#include "daemon/library/query.h"
#include "daemon/library/stop.h"
#include "daemon/library/stop_in.h"
#include "daemon/library/words.h"
#include "tests/unit/test.h"

/* Terms with a blank between them, colocated ones with '+' before them. */
static int write_term(void *ctx, const struct word *w)
{
	struct buf *out = ctx;

	if (out->len)
		buf_add_byte(out, ' ');
	if (w->colocated)
		buf_add_byte(out, '+');
	buf_add(out, w->term, w->n);
	return 0;
}

static const char *terms_in(enum language l, const char *text)
{
	static char ring[4][2048];
	static unsigned at;
	char *out = ring[at++ % 4];
	struct buf b;

	buf_init(&b, 0);
	words_each_in(l, text, strlen(text), &b, write_term);
	snprintf(out, sizeof(ring[0]), "%s", buf_cstr(&b));
	buf_fini(&b);
	return out;
}

static const char *terms_of(const char *text)
{
	return terms_in(LANGUAGE_ENGLISH, text);
}

TEST(case_width_accents_and_ligatures_do_not_count)
{
	check_str(terms_of("Cafe"), terms_of("CAF\xc3\x89"));
	check_str(terms_of("cafe\xcc\x81"), terms_of("caf\xc3\xa9"));
	check_str(terms_of("\xef\xbc\xa6\xef\xbd\x95\xef\xbd\x8c\xef\xbd\x8c"), "full");
	check_str(terms_of("Stra\xc3\x9f"
			   "e"),
		terms_of("STRASSE"));
	check_str(terms_of("\xef\xac\x81le"), "file");
	check_str(terms_of("\xc5\x81\xc3\xb3"
			   "d\xc5\xba"),
		"lodz");
	check_str(terms_of("so\xc2\xad"
			   "ft"),
		"soft");
	check_str(terms_of("H\xe2\x82\x82O"), terms_of("H2O"));
}

TEST(endings_of_english_do_not_count)
{
	check_str(terms_of("connections connected connecting"), "connect connect connect");
	check_str(terms_of("John's don't we'll it\xe2\x80\x99s"), "john don we it");
	check_str(terms_of("l'homme O'Neill"), "l homm o neill");
}

TEST(other_scripts_have_stemmers_of_their_own)
{
	check_str(terms_of("\xd0\xb4\xd0\xbe\xd0\xba\xd1\x83\xd0\xbc\xd0\xb5\xd0\xbd\xd1\x82\xd0"
			   "\xbe\xd0\xb2"),
		terms_of("\xd0\x94\xd0\xbe\xd0\xba\xd1\x83\xd0\xbc\xd0\xb5\xd0\xbd\xd1\x82"));
	check_str(terms_of("\xd0\xb5\xd1\x91"), terms_of("\xd0\xb5\xd0\xb5"));
	/* the short i is a letter, not an accented one, however it is encoded */
	check_str(
		terms_of("\xd0\xb9\xd0\xbe\xd0\xb4"), terms_of("\xd0\xb8\xcc\x86\xd0\xbe\xd0\xb4"));
	check(strcmp(terms_of("\xd0\xb9\xd0\xbe\xd0\xb4"), terms_of("\xd0\xb8\xd0\xbe\xd0\xb4")) !=
		0);
	check_str(terms_of("\xce\xad\xce\xb3\xce\xb3\xcf\x81\xce\xb1\xcf\x86\xce\xb1"),
		terms_of("\xce\x88\xce\x93\xce\x93\xce\xa1\xce\x91\xce\xa6\xce\x91"));
}

static const char *terms_own(const char *text)
{
	return terms_in(language_of(text, strlen(text)), text);
}

TEST(a_text_loses_the_endings_of_its_own_language)
{
	static const struct {
		const char *text;
		enum language language;
	} texts[] = {
		{ "The houses of the village are old, and most of them stand empty.", LANGUAGE_ENGLISH },
		{ "Die H\xc3\xa4user im Dorf sind alt, und die meisten von ihnen stehen nicht mehr.", LANGUAGE_GERMAN },
		{ "Les maisons du village sont vieilles, et la plupart d'entre elles sont vides.", LANGUAGE_FRENCH },
		{ "Las casas del pueblo son viejas, y la mayor\xc3\xad" "a de ellas no tiene quien las cuide.", LANGUAGE_SPANISH },
		{ "Le case del paese sono vecchie e la maggior parte di esse non ha chi le abiti.", LANGUAGE_ITALIAN },
		{ "As casas da aldeia s\xc3\xa3o velhas, e a maioria delas n\xc3\xa3o tem quem as cuide.", LANGUAGE_PORTUGUESE },
		{ "De huizen in het dorp zijn oud, en de meeste van hen staan er niet meer.", LANGUAGE_DUTCH },
		{ "K\xc3\xb6ydeki evler \xc3\xa7ok eski ve bunun i\xc3\xa7in bir\xc3\xa7o\xc4\x9fu bo\xc5\x9f, ama daha ya\xc5\x9f" "ayan var.", LANGUAGE_TURKISH },
		{ "Casele din sat sunt vechi, iar cele mai multe dintre ele nu au pe nimeni.", LANGUAGE_ROMANIAN },
		{ "Husen i byn \xc3\xa4r gamla, och de flesta av dem har inte n\xc3\xa5gon som bor d\xc3\xa4r.", LANGUAGE_SWEDISH },
		{ "C\xc3\xa1" "c ng\xc3\xb4i nh\xc3\xa0 trong l\xc3\xa0ng \xc4\x91\xe1\xbb\x81u c\xc5\xa9 v\xc3\xa0 kh\xc3\xb4ng c\xc3\xb3 ai \xe1\xbb\x9f.", LANGUAGE_VIETNAMESE },
		{ "Haus D\xc3\xb6rfer", LANGUAGE_ENGLISH }, /* too little to tell */
		{ "de Klerk, de Villiers, du Plessis, Le Roux and du Toit are among the names that are common there", LANGUAGE_ENGLISH },
		{ "", LANGUAGE_ENGLISH },
	};

	for (size_t i = 0; i < array_len(texts); i++)
		check_int(language_of(texts[i].text, strlen(texts[i].text)), texts[i].language);
	check(strstr(terms_own(texts[1].text), "haus im dorf"));
	check_str(terms_in(LANGUAGE_GERMAN, "Haus D\xc3\xb6rfer"), "haus dorf");
	check_str(terms_in(LANGUAGE_ENGLISH, "Haus D\xc3\xb6rfer"), "haus dorfer");
}

/* Whether the hyphen was the word's own is not to be seen: it is found either way. */
TEST(a_word_broken_at_the_end_of_its_line_is_one)
{
	check_str(terms_of("oscil\xe2\x80\x90\n   lating"), "oscil +oscil late");
	check_str(terms_of("being\xe2\x80\x90or"), terms_of("being-or"));
	check_str(terms_of("sand-\r\n\tbox"), terms_of("sand-box"));
	check_str(terms_of("sand\xc2\xad\nbox"), terms_of("sand-box"));
	check_str(terms_of("sand\xc2\xad" "box"), "sandbox");
	check_str(terms_of("a sand-\nBox"), "a sand box"); /* a new item more likely */
	check_str(terms_of("sand-\n\nbox -\nfoo"), "sand box foo");
	check_str(terms_of("sand-\n"), "sand");
}

TEST(syllables_of_vietnamese_come_in_pairs_as_well)
{
	check_str(terms_in(LANGUAGE_VIETNAMESE, "chi\xe1\xba\xbfn tranh Vi\xe1\xbb\x87t Nam. Houses"), "chien tranh +chientranh viet +tranhviet nam +vietnam houses");
	check_str(terms_in(LANGUAGE_VIETNAMESE, "a"), "a");
}

TEST(digits_of_all_scripts_are_the_same)
{
	check_str(terms_of("\xd9\xa2\xd9\xa0\xd9\xa2\xd9\xa6"), "2026");
	check_str(terms_of("\xe0\xa5\xa8\xe0\xa5\xa6"), "20");
	check_str(terms_of("\xef\xbc\x94\xef\xbc\x92"), "42");
}

TEST(chinese_and_japanese_come_in_pairs)
{
	check_str(terms_of("\xe9\xbb\x91\xe8\xb1\xb9\xe9\x98\x9f"),
		"\xe9\xbb\x91\xe8\xb1\xb9 \xe8\xb1\xb9\xe9\x98\x9f");
	check_str(terms_of("\xe9\xbb\x91"), "\xe9\xbb\x91");
	check_str(terms_of("24 \xe6\xac\xa1NFL"), "24 \xe6\xac\xa1 nfl");
	/* decomposed kana and Hangul, as names of files come from some systems */
	check_str(terms_of("\xe3\x81\x8b\xe3\x82\x99\xe3\x81\xaa"),
		terms_of("\xe3\x81\x8c\xe3\x81\xaa"));
	check_str(
		terms_of(
			"\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab\xe1\x84\x80\xe1\x85\xb3\xe1\x86\xaf"),
		terms_of("\xed\x95\x9c\xea\xb8\x80"));
	check_str(terms_of("\xef\xbd\xb6\xef\xbe\x9e\xef\xbd\xbd"),
		terms_of("\xe3\x82\xac\xe3\x82\xb9"));
}

TEST(thai_comes_in_triples)
{
	check_str(terms_of("\xe0\xb9\x80\xe0\xb8\xad\xe0\xb8\x81\xe0\xb8\xaa"),
		"\xe0\xb9\x80\xe0\xb8\xad\xe0\xb8\x81 \xe0\xb8\xad\xe0\xb8\x81\xe0\xb8\xaa");
}

TEST(names_are_found_by_their_parts_and_as_a_whole)
{
	check_str(terms_of("store_open"), "store +storeopen open");
	check_str(terms_of("storeOpen"), "store +storeopen open");
	check_str(terms_of("StoreOpen"), "store +storeopen open");
	check_str(terms_of("store-open"), "store +storeopen open");
	check_str(terms_of("HTTPServer"), "http +httpserver server");
	check_str(terms_of("PDFs"), "pdfs");
	check_str(terms_of("FY2018"), "fy +fy2018 2018");
	check_str(terms_of("10K Q3"), "10 +10k q3 3");
	check_str(terms_of("COVID-19"), "covid +covid19 19");
	check_str(terms_of("covid19"), "covid +covid19 19");
	check_str(terms_of("C++ and C# code"), "c++ and c# code");
	check_str(terms_of("notes.txt"), "note +notestxt txt");
}

TEST(numbers_keep_what_their_marks_mean)
{
	check_str(terms_of("3.5"), "3 +3.5 5");
	check_str(terms_of("35"), "35");
	check_str(terms_of("1,000"), "1 +1000 000");
	check_str(terms_of("2018-10-31"), "2018 +2018-10-31 10 31");
	check_str(terms_of("end. Next"), "end next");
}

TEST(a_plain_spelling_finds_a_joined_one)
{
	/* the whole of the one is the plain term of the other */
	check(strstr(terms_of("YouTube"), "+youtub"));
	check_str(terms_of("youtube"), "youtub");
	check(strstr(terms_of("data-base"), "+databas"));
	check_str(terms_of("database"), "databas");
}

struct bounds {
	const char *text;
	size_t n, last, terms;
	bool bad;
};

static int check_bounds(void *ctx, const struct word *w)
{
	struct bounds *b = ctx;

	b->terms++;
	b->bad = b->bad || !w->n || w->n > WORD_MAX || w->start >= w->end || w->end > b->n ||
		 !utf8_valid_no_nul(w->term, w->n) || (!w->colocated && w->start < b->last);
	b->last = w->start;
	return 0;
}

TEST(endless_words_are_cut_and_cost_no_more_than_their_length)
{
	size_t n = 300000;
	char *text = malloc(n);
	struct bounds b = { .text = text, .n = n };

	memset(text, 'x', n);
	check_int(words_each(text, n, &b, check_bounds), 0);
	check(!b.bad);
	check_int(b.terms, 1);
	for (size_t i = 0; i < n; i++)
		text[i] = "a_B-3."[i % 6];
	b = (struct bounds){ .text = text, .n = n };
	check_int(words_each(text, n, &b, check_bounds), 0);
	check(!b.bad);
	free(text);
}

TEST(broken_utf8_separates_words)
{
	check_str(terms_of("one\xfftwo\xe2\x82three"), "one two three");
}

static int stop_at_two(void *ctx, const struct word *w)
{
	(void)w;
	return ++*(int *)ctx == 2 ? 77 : 0;
}

TEST(the_caller_can_stop_early)
{
	int n = 0;

	check_int(words_each("one two three", 13, &n, stop_at_two), 77);
	check_int(n, 2);
	check_int(words_count("one fooBar", 10), 3);
}

/* ---- stop words ---- */

static bool stops(const char *question, const char *word)
{
	return stop_word(stop_guess(question, strlen(question), 0), word, strlen(word));
}

TEST(every_stop_word_is_found_whatever_its_place_in_the_list)
{
	static const char *const words[] = { "a", "about", "cannot", "what", "which", "your", "the",
		"is", "would" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		check_msg(stops("what is the name of it", words[i]), "%s", words[i]);
	check(!stops("what is the name of it", "name"));
	check(!stops("what is the name of it", "wha"));
	check(!stops("what is the name of it", "whatever"));
	check(!stops("what is the name of it", ""));
}

TEST(the_language_of_a_question_decides_which_words_do_not_count)
{
	check(stops("Wer war der erste Kanzler der Republik?", "der"));
	check(stops("Quelle est la capitale de la France ?", "est"));
	check(stops("\xc2\xbf"
		    "Cu\xc3\xa1l es la capital de Francia?",
		"cual"));
	check(!stops("Where did the man die in the war?", "die"));
	check(!stops("Where did the man die in the war?", "war"));
}

static const struct stop_list *spoken(const char *question, uint32_t languages)
{
	size_t n = strlen(question);

	return stop_spoken(stop_guess(question, n, languages), question, n, languages);
}

TEST(a_question_of_few_words_is_in_a_language_of_the_documents)
{
	const uint32_t turkish = 1 | 1u << LANGUAGE_TURKISH, both = turkish | 1u << LANGUAGE_GERMAN;

	check_int(stop_language(spoken("Ankara n\xc3\xbc" "fusu", 0)), LANGUAGE_ENGLISH);
	check_int(stop_language(spoken("Ankara n\xc3\xbc" "fusu", turkish)), LANGUAGE_TURKISH);
	check_int(stop_language(spoken("Ankara n\xc3\xbc" "fusu", both)), LANGUAGE_ENGLISH); /* either */
	check_int(stop_language(spoken("Ankara n\xc3\xbc" "fusu ne", both)), LANGUAGE_TURKISH);
	check_int(stop_language(spoken("What is the population of Ankara?", turkish)), LANGUAGE_ENGLISH);
	/* "la" and "de" are French as well, but no document is */
	check_int(stop_language(spoken("ai la nguoi de ra", 1u << LANGUAGE_VIETNAMESE)), LANGUAGE_VIETNAMESE);
	check(!strcmp(spoken("\xd1\x87\xd1\x82\xd0\xbe \xd1\x8d\xd1\x82\xd0\xbe", turkish)->words[0], "\xd0\xb0"));
}

TEST(the_verb_that_only_asks_is_told_from_one_that_is_asked_about)
{
	static const struct {
		const char *question;
		size_t at; /* 0: there is none */
	} cases[] = {
		{ "How does the parser work?", 20 },
		{ "What does SIGPIPE mean", 18 },
		{ "why does order matter ?", 15 },
		{ "How do I work less?", 0 },
		{ "Where does he work?", 0 },
		{ "What is an arithmetic mean?", 0 },
		{ "Work?", 0 },
		{ "", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *q = cases[i].question;
		size_t n = strlen(q);

		check_int(stop_verb(stop_guess(q, n, 0), q, n), cases[i].at ? cases[i].at : n);
	}
}

/* ---- questions ---- */

static struct query_text text(const char *s)
{
	return (struct query_text){ s, strlen(s) };
}

static double weight_of(const struct query *q, const char *term)
{
	int i = query_find(q, term, strlen(term));

	return i < 0 || q->terms[i].name_only ? 0 : q->terms[i].weight;
}

TEST(a_question_is_its_words_without_those_that_only_ask)
{
	static struct query q;

	query_make(&q, 0, text("What is the name of the name server?"), text(""), text(""));
	check(weight_of(&q, "name") == 2);
	check(weight_of(&q, "server") == 1);
	check_int(query_find(&q, "what", 4), -1);
	check_int(q.nunits, 2);
}

TEST(what_a_question_asks_by_is_not_looked_for)
{
	static struct query q;

	query_make(&q, 0, text("What happens to a slow reader?"), text(""), text(""));
	check_int(q.nunits, 2);
	check_int(query_find(&q, "happen", 6), -1);
	query_make(&q, 0, text("How does a slow reader work?"), text(""), text(""));
	check_int(q.nunits, 2);
	check_int(query_find(&q, "work", 4), -1);
	query_make(&q, 0, text("How does it work?"), text(""), text(""));
	check(query_find(&q, "work", 4) >= 0); /* nothing else is left */
}

/* Two syllables are a word of Vietnamese, and count as one where it is spoken. */
TEST(neighbours_count_together_in_vietnamese)
{
	static struct query q;
	double idf[QUERY_TERMS], full;
	int64_t df[QUERY_TERMS];
	int pair;

	for (size_t i = 0; i < QUERY_TERMS; i++) {
		idf[i] = 1;
		df[i] = 1;
	}
	query_make(&q, 1u << LANGUAGE_VIETNAMESE, text("chi\xe1\xba\xbfn tranh Vi\xe1\xbb\x87t Nam"), text(""), text(""));
	pair = query_find(&q, "chientranh", 10);
	check(pair >= 0 && q.terms[pair].own && q.terms[pair].pair);
	query_weigh(&q, idf, df);
	full = q.full;
	check(full > 5.7 && full < 5.9); /* four words, three pairs of .6 */
	query_make(&q, 1 | 1u << LANGUAGE_VIETNAMESE, text("What is the slow reader?"), text(""), text(""));
	query_weigh(&q, idf, df);
	check(q.full == 2);
}

TEST(a_question_of_nothing_else_keeps_them)
{
	static struct query q;

	query_make(&q, 0, text("Who is who?"), text(""), text(""));
	check(weight_of(&q, "who") == 2);
	query_make(&q, 0, text("?!"), text(""), text(""));
	check_int(q.nterms, 0);
}

/* One word however it is spelled; what is spelled the same is there once. */
TEST(a_word_is_looked_for_as_each_language_spells_it)
{
	struct query q;
	int word;

	query_make(&q, 1u << LANGUAGE_GERMAN, text("D\xc3\xb6rfer Haus"), text(""), text(""));
	check_int(q.nterms, 4); /* both in one, for names */
	check_int(q.nunits, 2);
	word = query_find(&q, "dorfer", 6);
	check(word >= 0);
	check_int(query_find(&q, "dorf", 4), word);
	check_int(q.spoken, LANGUAGE_GERMAN);
	for (size_t i = 0; i < q.nterms; i++)
		if (q.terms[i].same) {
			check_int(q.terms[i].same, word + 1);
			check(q.terms[i].own && q.terms[i].weight == 1 && q.terms[i].says[0] == q.terms[word].says[0]);
		}
	query_make(&q, 1, text("D\xc3\xb6rfer Haus"), text(""), text(""));
	check_int(query_find(&q, "dorf", 4), -1);
	check_int(q.spoken, LANGUAGE_ENGLISH);
	query_make(&q, 7, text("Wie alt sind die H\xc3\xa4user?"), text(""), text(""));
	check_int(q.spoken, LANGUAGE_GERMAN);
	query_make(&q, 7, text("H\xc3\xa4user"), text(""), text(""));
	check_int(q.spoken, LANGUAGE_ENGLISH); /* two it could be */
}

TEST(what_was_said_before_counts_a_little)
{
	static struct query q;

	query_make(&q, 0, text("And in Germany?"), text("What does parental leave cost?"),
		text("It is paid by the state."));
	check(weight_of(&q, "germani") == 1);
	check(weight_of(&q, "leav") > 0.29 && weight_of(&q, "leav") < 0.31);
	check(weight_of(&q, "state") > 0.09 && weight_of(&q, "state") < 0.11);
	check_int(q.nunits, 1);
	/* asked on without a word of its own, the question before it stands for it */
	query_make(&q, 0, text("Tell me more about it"), text("What does parental leave cost?"),
		text(""));
	check(weight_of(&q, "leav") == 1);
	check_int(q.nunits, 3);
}

TEST(neighbours_are_looked_for_in_names_in_one_word)
{
	static struct query q;
	int i;

	query_make(&q, 0, text("revenue of American Express in FY2018"), text(""), text(""));
	i = query_find(&q, "americanexpress", 15);
	check(i >= 0 && q.terms[i].name_only);
	check(weight_of(&q, "2018") == 1);
	check(weight_of(&q, "fy2018") == 1);
}

/* The words of the question that a name says by a term. */
static unsigned said_by(const struct query *q, const char *term)
{
	int i = query_find(q, term, strlen(term));
	unsigned n = 0;

	for (size_t k = 0; i >= 0 && k < TERM_SAYS; k++)
		n += q->terms[i].says[k] != 0;
	return n;
}

TEST(a_name_says_words_by_whatever_they_are_spelt)
{
	static struct query q;

	query_make(&q, 0, text("revenue of American Express in FY2018, of Best Buy in FY2018 and FY2017, 3M and COVID-19"), text(""), text(""));
	check_int(said_by(&q, "american"), 1);
	check_int(said_by(&q, "americanexpress"), 2);
	check_int(said_by(&q, "bestbuy"), 2);
	check_int(said_by(&q, "2018"), 1);
	check_int(said_by(&q, "fy2018"), 1);
	check_int(said_by(&q, "fy"), 0);
	check_int(said_by(&q, "3m"), 1);
	check_int(said_by(&q, "covid19"), 2);
	check_int(q.terms[query_find(&q, "2018", 4)].says[0], q.terms[query_find(&q, "fy2018", 6)].says[0]);
	check_int(q.terms[query_find(&q, "american", 8)].says[0], q.terms[query_find(&q, "americanexpress", 15)].says[0]);
}

TEST(a_long_question_is_bounded)
{
	static struct query q;
	struct buf b;

	buf_init(&b, 0);
	for (int i = 0; i < 20000; i++)
		buf_addf(&b, "w%dx%d ", i, i * 7);
	query_make(&q, 0, (struct query_text){ (const char *)b.data, b.len },
		(struct query_text){ (const char *)b.data, b.len },
		(struct query_text){ (const char *)b.data, b.len });
	check(q.nterms <= QUERY_TERMS && q.nterms >= QUERY_QUESTION);
	check(q.nunits <= QUERY_QUESTION);
	buf_fini(&b);
}

TEST(coverage_is_the_share_of_what_the_words_are_worth)
{
	static struct query q;
	struct query_seen seen = { .terms = { false } };
	double idf[QUERY_TERMS] = { 0 };
	int64_t df[QUERY_TERMS] = { 0 };

	query_make(&q, 0, text("boiling point of mercury"), text(""), text(""));
	for (size_t i = 0; i < q.nterms; i++)
		idf[i] = 1, df[i] = 1;
	idf[query_find(&q, "mercuri", 7)] = 2;
	query_weigh(&q, idf, df);
	query_look(&q, "Mercury boils at 357 degrees", 28, &seen);
	check(query_coverage(&q, &seen) == 0.75);
}

TEST(any_spelling_of_a_whole_covers_it)
{
	static struct query q;
	double idf[QUERY_TERMS];
	int64_t df[QUERY_TERMS];

	query_make(&q, 0, text("data-base"), text(""), text(""));
	for (size_t i = 0; i < QUERY_TERMS; i++)
		idf[i] = 1, df[i] = 1;
	query_weigh(&q, idf, df);
	for (int i = 0; i < 3; i++) {
		static const char *const texts[] = { "database", "DataBase", "a data_base" };
		struct query_seen seen = { .terms = { false } };

		query_look(&q, texts[i], strlen(texts[i]), &seen);
		check_msg(query_coverage(&q, &seen) == 1, "%s", texts[i]);
	}
}

static int keep_plain(void *ctx, const struct word *w)
{
	snprintf(ctx, WORD_MAX + 1, "%.*s", (int)w->plain_n, w->plain);
	return 1;
}

static const char *plain_of(const char *text)
{
	static char plain[WORD_MAX + 1];

	plain[0] = '\0';
	words_each(text, strlen(text), plain, keep_plain);
	return plain;
}

/* Looked up by halves, and compared with what folding makes of a question. */
static void check_sorted(const struct stop_list *list, const char *const *words, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		check_msg(!k || strcmp(words[k - 1], words[k]) < 0, "%s is out of order", words[k]);
		check_msg(stop_word(list, words[k], strlen(words[k])), "%s is not found", words[k]);
		check_str(plain_of(words[k]), words[k]);
	}
}

TEST(stop_words_are_sorted_and_folded)
{
	for (size_t i = 0; i < stop_lists_n; i++) {
		check_sorted(&stop_lists[i], stop_lists[i].words, stop_lists[i].n);
		check_sorted(&stop_lists[i], stop_lists[i].asks, stop_lists[i].nasks);
	}
}

TEST(one_short_word_does_not_make_a_language)
{
	check(!stops("Vietnam war", "war"));
	check(!stops("iron man", "man"));
	check(!stops("pour point", "pour"));
	check(stops("Wie war das Wetter?", "war"));
	check(stops("hangi takim", "hangi"));
	check(stops("What shouldn't be done?", "shouldn"));
}

TEST_MAIN()
