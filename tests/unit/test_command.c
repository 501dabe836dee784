/* The pure pieces under the command line: the configuration's text, words of a shell, helps, lines of one's own. */
#include "client/conf.h"
#include "client/help.h"
#include "client/shell_words.h"
#include "common/mem.h"
#include "tests/unit/test.h"

static char *set(const char *text, const char *name, const char *value)
{
	struct buf out = { 0 };
	char *copy = mem_dup(value);

	conf_set(text, strlen(text), name, &copy, value != NULL, &out);
	mem_free(copy);
	(void)buf_cstr(&out);
	return buf_steal(&out, NULL);
}

#define check_set(text, name, value, wanted)                                                       \
	do {                                                                                       \
		char *got = set(text, name, value);                                                \
		check_str(got, wanted);                                                            \
		free(got);                                                                         \
	} while (0)

TEST(one_line_changes_and_the_rest_stays)
{
	check_set("", "a", "1", "a = 1\n");
	check_set("# c\nb = 2", "a", "1", "# c\nb = 2\na = 1\n");
	check_set("a = 0 # old\nb = 2\n", "a", "1", "a = 1\nb = 2\n");
	check_set("#a = 0\n#b =\n", "a", "1", "#a = 0\na = 1\n#b =\n");
	check_set("a = 0\na = 9\nab = 1\n", "a", "1", "a = 1\nab = 1\n");
	check_set("a = 0\n\n# a = b\n", "a", NULL, "\n# a = b\n");
	check_set("a=0\r\n\tb = 1\n", "b", "x", "a=0\r\nb = x\n");
}

TEST(whatever_is_set_is_read_again)
{
	static const char *const values[] = { "plain", " blanks ", "a # b", "\"quoted\"", "back\\slash", "tab\tand\nline", "#", "=", "\\", "\"", "" };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char *text = set("# before\n#x =\nx = old\nlast = 1\n", "x", values[i]);
		struct buf value = { 0 };

		check(conf_get(text, strlen(text), "x", &value));
		check_mem(buf_cstr(&value), value.len, values[i], strlen(values[i]));
		check(strstr(text, "last = 1\n") && strstr(text, "# before\n"));
		buf_fini(&value);
		free(text);
	}
}

/* ---- words ---- */

TEST(a_line_is_split_as_bash_does)
{
	struct shell_words w;

	shell_words_split(&w, "echo x; ragchat  ask -t 'a b'\\ c \"d\\\"e", 38);
	check_int(w.n, 5);
	check_str(w.v[0], "ragchat");
	check_str(w.v[3], "a b c");
	check_str(w.v[4], "d\"e");
	check_int(w.quote, '"');
	shell_words_fini(&w);
	shell_words_split(&w, "ragchat show ", 13);
	check_int(w.n, 3);
	check_str(w.v[2], "");
	check_int(w.start, 13);
	shell_words_fini(&w);
	shell_words_split(&w, "", 0);
	check_int(w.n, 1);
	shell_words_fini(&w);
}

TEST(what_is_quoted_is_read_back_whatever_it_is)
{
	unsigned seed = 7;

	for (int round = 0; round < 20000; round++) {
		static const char bytes[] = "ab \t'\"\\$`!*?[]{}();|&<>#~=:-\n\xc3\xa9";
		char word[16], quotes[] = { 0, '\'', '"' };
		struct buf line = { 0 };
		struct shell_words w;
		size_t n = 1 + (unsigned)round % 12;

		for (size_t i = 0; i < n; i++) {
			seed = seed * 1103515245u + 12345u;
			word[i] = bytes[seed / 65536u % (sizeof(bytes) - 1)];
		}
		word[n] = '\0';
		(void)buf_add_str(&line, "x ");
		shell_quote(word, quotes[round % 3], &line);
		shell_words_split(&w, buf_cstr(&line), line.len);
		check_msg(w.n == 2 && !strcmp(w.v[1], word) && !w.quote, "'%s' as %s", word, buf_cstr(&line));
		shell_words_fini(&w);
		buf_fini(&line);
	}
}

/* ---- helps ---- */

TEST(a_help_fits_80_columns_and_loses_no_word)
{
	static const char help[] = "usage: ragchat x [--a-rather-long-option VALUE] [--another-long-option VALUE] [--third] REF\n"
				   "Some prose that is long enough to be broken, and goes on and on until it is much wider than it may be.\n"
				   "It is filled.\n"
				   "      --option VALUE   what it does, in more words than there is room for on a line of eighty columns\n"
				   "                       and its second line\n"
				   "      --short         kept as it is\n"
				   "example: ragchat x\n";
	struct buf out = { 0 };
	const char *s, *end;

	help_fill(help, &out);
	for (s = buf_cstr(&out); *s; s = end + 1) {
		end = strchr(s, '\n');
		check_msg(end && end - s <= 80, "'%.*s'", (int)(end ? end - s : 0), s);
	}
	check(strstr(buf_cstr(&out), "\n      --short         kept as it is\nexample: ragchat x\n"));
	check(strstr(buf_cstr(&out), "and its second line\n      --short") || strstr(buf_cstr(&out), "second line\n      --short"));
	for (s = help; *s; s += strcspn(s, " \n") + strspn(s + strcspn(s, " \n"), " \n")) {
		char *word = mem_ndup(s, strcspn(s, " \n"));

		check_msg(strstr(buf_cstr(&out), word), "'%s' is lost", word);
		mem_free(word);
	}
	buf_fini(&out);
}

TEST_MAIN()
