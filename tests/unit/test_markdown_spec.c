/*
 * Every example of the CommonMark specification and of GFM's extensions, through the terminal's renderer: any
 * pieces give the same screen, and each word of what the specification says it shows is there, in order.
 * The examples are those of Debian's golang-github-yuin-goldmark-dev; without it nothing is looked at.
 */
#include <ctype.h>

#include "client/filter.h"
#include "client/markdown.h"
#include "common/json.h"
#include "common/mem.h"
#include "tests/unit/test.h"

#define GOLDMARK "/usr/share/gocode/src/github.com/yuin/goldmark/"
#define LOOKS (sizeof(looks) / sizeof(looks[0]))

static const struct markdown_look looks[] = {
	{ .width = 0, .styled = true, .utf8 = true },
	{ .width = 80, .styled = true, .utf8 = true, .hyperlinks = true },
	{ .width = 24, .utf8 = true },
	{ .width = 10, .styled = true },
};

struct example {
	char *markdown, *html;
};
static struct example *examples;
static size_t nexamples, cap;

static void add_example(char *markdown, char *html)
{
	examples = mem_grow(examples, &cap, nexamples, sizeof(*examples));
	examples[nexamples++] = (struct example){ markdown, html };
}

static char *read_all(const char *path, size_t *n)
{
	FILE *f = fopen(path, "r");
	struct buf b = { 0 };
	char chunk[8192];
	size_t got;

	*n = 0;
	while (f && (got = fread(chunk, 1, sizeof(chunk), f)) > 0)
		(void)buf_add(&b, chunk, got);
	if (f)
		(void)fclose(f);
	return f ? (void)buf_cstr(&b), buf_steal(&b, n) : NULL;
}

/* [{"markdown": ..., "html": ...}, ...] */
static void read_json(const char *path)
{
	struct json_slice key, value;
	struct json j;
	size_t n;
	char *text = read_all(path, &n);

	json_init(&j, text ? text : "", n, 8);
	if (json_array(&j))
		while (json_item(&j) && json_object(&j)) {
			char *markdown = NULL, *html = NULL;

			while (json_key(&j, &key)) {
				if (json_slice_is(&key, "markdown") && json_string(&j, &value))
					markdown = json_strdup(&value, 1 << 20);
				else if (json_slice_is(&key, "html") && json_string(&j, &value))
					html = json_strdup(&value, 1 << 20);
				else
					json_skip(&j);
			}
			if (markdown && html)
				add_example(markdown, html);
		}
	free(text);
}

/* A number, a line "//- - -//", Markdown, the same line, HTML, a line "//= = =//". */
static void read_cases(const char *path)
{
	size_t n;
	char *text = read_all(path, &n), *s = text, *mid, *end;

	while (s && (s = strstr(s, "//- ")) && (s = strchr(s, '\n')) && (mid = strstr(s + 1, "\n//- ")) && (end = strstr(mid + 1, "\n//= "))) {
		char *html = strchr(mid + 1, '\n');

		add_example(mem_ndup(s + 1, (size_t)(mid - s)), mem_ndup(html, (size_t)(end - html)));
		s = end + 1;
	}
	free(text);
}

static void load(void)
{
	if (nexamples)
		return;
	read_json(GOLDMARK "_test/spec.json");
	read_cases(GOLDMARK "extension/_test/table.txt");
	read_cases(GOLDMARK "extension/_test/strikethrough.txt");
	read_cases(GOLDMARK "extension/_test/tasklist.txt");
}

/* ---- drawing: as the client does, through the filter ---- */

static char *draw(const struct markdown_look *look, const char *s, size_t n, unsigned *seed)
{
	struct markdown *m = markdown_new(look);
	struct buf out = { 0 };
	struct filter f;

	filter_init(&f, FILTER_TERMINAL);
	for (size_t at = 0; at < n;) {
		size_t piece = seed ? 1 + (*seed = *seed * 1103515245u + 12345u) / 65536u % 7u : n;
		struct buf clean = { 0 };

		piece = piece < n - at ? piece : n - at;
		filter_feed(&f, s + at, piece, &clean);
		markdown_feed(m, (const char *)clean.data, clean.len, &out);
		buf_fini(&clean);
		at += piece;
	}
	struct buf rest = { 0 };
	filter_end(&f, &rest);
	markdown_feed(m, (const char *)rest.data, rest.len, &out);
	buf_fini(&rest);
	filter_fini(&f);
	markdown_end(m, &out);
	markdown_free(m);
	(void)buf_cstr(&out);
	return buf_steal(&out, NULL);
}

static bool same_in_pieces(const char *s, size_t n, unsigned seed)
{
	bool same = true;

	for (size_t i = 0; same && i < LOOKS; i++) {
		char *whole = draw(&looks[i], s, n, NULL), *pieces = draw(&looks[i], s, n, &seed);

		same = !strcmp(whole, pieces);
		free(whole);
		free(pieces);
	}
	return same;
}

TEST(any_pieces_of_any_example_give_the_same_screen)
{
	load();
	for (size_t i = 0; i < nexamples; i++)
		for (unsigned seed = 1; seed <= 5; seed++)
			check_msg(same_in_pieces(examples[i].markdown, strlen(examples[i].markdown), seed), "example %zu: '%s'", i + 1,
				examples[i].markdown);
}

TEST(the_whole_specification_as_one_answer_gives_the_same_screen)
{
	struct buf all = { 0 };

	load();
	for (size_t i = 0; i < nexamples; i++) {
		(void)buf_add_str(&all, examples[i].markdown);
		(void)buf_add_str(&all, i % 3 ? "\n" : "\n\n");
	}
	for (unsigned seed = 1; seed <= 3; seed++)
		check(same_in_pieces((const char *)all.data, all.len, seed));
	buf_fini(&all);
}

/* ---- words ---- */

static bool is_word_byte(char c)
{
	return isalnum((unsigned char)c) || (c & 0x80);
}

/* Escape sequences out, in place. */
static void strip(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\033' && s[1] == '[') {
			s += strcspn(s, "m");
			if (!*s)
				break;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* What a browser shows of simple HTML: tags out, the four entities in. */
static void plain(char *s)
{
	static const char *const entities[][2] = { { "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" }, { "&quot;", "\"" } };
	char *to = s;

	while (*s) {
		size_t i = 0;

		if (*s == '<' && (isalpha((unsigned char)s[1]) || s[1] == '/' || s[1] == '!' || s[1] == '?')) {
			s += strcspn(s, ">");
			s += *s == '>';
			*to++ = ' ';
			continue;
		}
		while (i < 4 && strncmp(s, entities[i][0], strlen(entities[i][0])) != 0)
			i++;
		*to++ = i < 4 ? entities[i][1][0] : *s;
		s += i < 4 ? strlen(entities[i][0]) : 1;
	}
	*to = '\0';
}

/* Each word of `shown` in `screen`, in order; else the first that is not. */
static const char *missing(const char *shown, const char *screen, size_t *len)
{
	while (*shown) {
		const char *word = shown, *hit;
		char *copy;

		while (*shown && is_word_byte(*shown))
			shown++;
		*len = (size_t)(shown - word);
		if (*len) {
			copy = mem_ndup(word, *len);
			hit = strstr(screen, copy);
			mem_free(copy);
			if (!hit)
				return word;
			screen = hit + *len;
		} else {
			shown++;
		}
	}
	return NULL;
}

TEST(each_word_of_each_example_is_on_the_screen)
{
	size_t lost = 0;

	load();
	for (size_t i = 0; i < nexamples; i++) {
		/* The entity of NUL stays as written. */
		if (strstr(examples[i].markdown, "&#0;"))
			continue;
		char *screen = draw(&looks[0], examples[i].markdown, strlen(examples[i].markdown), NULL), *shown = mem_dup(examples[i].html);
		const char *word;
		size_t n;

		strip(screen);
		plain(shown);
		word = missing(shown, screen, &n);
		if (word && getenv("SHOW"))
			printf("# %zu lacks '%.*s': %s -> %s\n", i + 1, (int)n, word, examples[i].markdown, screen);
		lost += word != NULL;
		mem_free(shown);
		free(screen);
	}
	check_int(lost, 0);
}

TEST(the_examples_were_there)
{
	load();
	if (!nexamples)
		printf("# no examples: apt install golang-github-yuin-goldmark-dev\n");
	else
		check_msg(nexamples > 650, "only %zu examples were read", nexamples);
}

TEST_MAIN()
