/* The client's small parts: options, words, wrapping, times, terminal widths, names of documents.
 */
#include "client/cmd.h"
#include "client/opts.h"
#include "client/term.h"
#include "client/text.h"
#include "client/upload.h"
#include "client/view.h"
#include "client/words.h"
#include "client/wrap.h"
#include "common/mem.h"
#include "tests/unit/test.h"

#include <unistd.h>

/* ---- options ---- */

static const struct opt table[] = {
	{ 'a', "all", NULL },
	{ 'n', "number", "N" },
	{ OPT_OWN, "long-only", "X" },
	OPTS_END,
};
static const struct cmd cmd_x = { .name = "x", .help = "usage: x\n", .opts = table };

/* "a n=5 S=..." in the order of their coming, then "| arguments". */
static const char *read_line(struct client *c, char **argv, int argc)
{
	static char out[300];
	struct opts o = opts_of(c, &cmd_x, argc, argv);
	size_t at = 0;
	int id;

	out[0] = '\0';
	while ((id = opts_next(&o)) > 0)
		at += (size_t)snprintf(
			out + at, sizeof(out) - at, id < OPT_LONG ? "%c" : "long", id),
			at += (size_t)snprintf(
				out + at, sizeof(out) - at, o.value ? "=%s " : " ", o.value);
	if (id < 0)
		at += (size_t)snprintf(out + at, sizeof(out) - at, "ends %d ", o.status);
	at += (size_t)snprintf(out + at, sizeof(out) - at, "|");
	for (size_t i = 0; i < o.nargs; i++)
		at += (size_t)snprintf(out + at, sizeof(out) - at, " %s", o.args[i]);
	return out;
}

#define line(...) \
	read_line(&c, (char **)(const char *[]){ __VA_ARGS__, NULL }, \
		(int)(sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)))

/* stderr of what is refused here would only be noise among the results. */
static int silence(int saved)
{
	int old;

	if (saved >= 0) {
		dup2(saved, STDERR_FILENO);
		close(saved);
		return -1;
	}
	old = dup(STDERR_FILENO);
	(void)!freopen("/dev/null", "w", stderr);
	return old;
}

TEST(options_come_in_every_form_and_order)
{
	struct client c = { .autostart = true };

	check_str(line("-a", "one", "-n", "5", "two"), "a n=5 | one two");
	check_str(line("-an5", "one"), "a n=5 | one");
	check_str(line("one", "--number=5", "--number", "6", "--long-only", "x"),
		"n=5 n=6 long=x | one");
	check_str(line("one", "--", "-a", "--all"), "| one -a --all");
	check_str(line("-", "-n", "-", "@-2"), "n=- | - @-2");
	check_str(line("-n", "--", "x"), "n=-- | x");
	check_str(line("--number="), "n= |");
}

TEST(global_options_are_taken_anywhere)
{
	struct client c = { .autostart = true };

	check_str(line("one", "-S", "/a", "-a", "--no-autostart", "-v"), "a | one");
	check_str(c.socket, "/a");
	check(!c.autostart && c.verbose);
	check_str(line("-avS/b", "x"), "a | x");
	check_str(c.socket, "/b");
}

TEST(bad_options_are_refused)
{
	struct client c = { .autostart = true };
	int saved = silence(-1);
	bool ok = !strcmp(line("-z"), "ends 2 |") && !strcmp(line("--al"), "ends 2 |") &&
		  !strcmp(line("-n"), "ends 2 |") && !strcmp(line("--all=1"), "ends 2 |") &&
		  !strcmp(line("--nothing-like-it", "x"), "ends 2 |");

	silence(saved);
	check(ok);
}

TEST(every_command_tells_all_its_options)
{
	for (size_t i = 0; cmds[i]; i++) {
		check(strstr(cmds[i]->help, "usage: ragchat"));
		check(strstr(cmds[i]->help, "example: ragchat") ||
			strstr(cmds[i]->help, "| ragchat") || strstr(cmds[i]->help, "$(ragchat"));
		check(cmd_find(cmds[i]->name) == cmds[i]);
		for (const struct opt *o = cmds[i]->opts; o && o->id; o++) {
			char name[60];

			(void)snprintf(name, sizeof(name), "--%s", o->name);
			check_msg(strstr(cmds[i]->help, name), "%s --help lacks %s", cmds[i]->name,
				name);
		}
	}
}

/* ---- words ---- */

TEST(the_nearest_command_is_the_one_that_was_meant)
{
	check_str(cmd_nearest("stauts"), "status");
	check_str(cmd_nearest("lss"), "ls");
	check_str(cmd_nearest("uplaod"), "upload");
	check_str(cmd_nearest("atach"), "attach");
	check(!cmd_nearest("hello"));
	check(!cmd_nearest("why"));
	check_int(word_distance("abcd", "acbd", 3), 1);
	check_int(word_distance("", "abc", 9), 3);
	check_int(word_distance("kitten", "sitting", 9), 3);
	check_int(word_distance("kitten", "sitting", 1), 2);
}

TEST(a_shell_gets_its_words_back)
{
	const char *words[] = { "plain-1.txt", "two words", "it's", "", "a$b" };
	char *joined = shell_join((char *const *)words, 5);

	check_str(joined, "plain-1.txt 'two words' 'it'\\''s' '' 'a$b'");
	mem_free(joined);
}

TEST(seconds_are_seconds_unless_they_say_otherwise)
{
	uint64_t ms = 0;

	check(!view_seconds("5", &ms) && ms == 5000);
	check(!view_seconds("0.25", &ms) && ms == 250);
	check(!view_seconds("250ms", &ms) && ms == 250);
	check(!view_seconds("2m", &ms) && ms == 120000);
	check(view_seconds("0", &ms) && view_seconds("", &ms) && view_seconds("x", &ms) &&
		view_seconds("-1", &ms));
	check(view_seconds("1.2.3", &ms) && view_seconds("nan", &ms) && view_seconds("1e9", &ms) &&
		view_seconds("0ms", &ms));
}

TEST(a_document_is_called_by_the_last_part_of_its_path)
{
	static const struct {
		const char *path, *name;
	} cases[] = { { "a.md", "a.md" }, { "./a.md", "a.md" }, { ".//x/a.md", "a.md" },
		{ "x/a.md", "a.md" }, { "/tmp/x/a.md", "a.md" }, { "../a.md", "a.md" },
		{ "x/../a.md", "a.md" }, { "..", NULL }, { "/", NULL } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *name = upload_name(cases[i].path);

		check_msg(name ? cases[i].name && !strcmp(name, cases[i].name) : !cases[i].name,
			"%s is called %s", cases[i].path, name ? name : "nothing");
		mem_free(name);
	}
}

/* ---- wrapping ---- */

static bool wraps_to(unsigned width, const char *s, const char *wanted)
{
	bool ok = true;

	for (size_t step = 1; step <= strlen(s); step++) {
		struct wrap w;
		struct buf out = { 0 };

		wrap_init(&w, width);
		for (size_t i = 0; i < strlen(s); i += step)
			wrap_feed(&w, s + i, step < strlen(s) - i ? step : strlen(s) - i, &out);
		wrap_end(&w, &out);
		if (strcmp(buf_cstr(&out), wanted) != 0) {
			printf("# step %zu gave '%s'\n", step, buf_cstr(&out));
			ok = false;
		}
		buf_fini(&out);
		wrap_fini(&w);
	}
	return ok;
}

TEST(text_is_wrapped_at_spaces_and_keeps_its_own_lines)
{
	check(wraps_to(10, "one two three four\nfive\n", "one two\nthree four\nfive\n"));
	check(wraps_to(10, "  two leading, trailing  \n", "  two\nleading,\ntrailing  \n"));
	check(wraps_to(10, "a-word-that-is-longer b\n", "a-word-that-is-longer\nb\n"));
	check(wraps_to(0, "one two three four", "one two three four"));
	check(wraps_to(10, "caf\xC3\xA9 caf\xC3\xA9 x", "caf\xC3\xA9 caf\xC3\xA9\nx"));
}

TEST(code_and_tables_are_not_wrapped)
{
	check(wraps_to(10, "```c\nint long_line = 1; // and on\n```\none two three\n",
		"```c\nint long_line = 1; // and on\n```\none two\nthree\n"));
	check(wraps_to(10, "| a table | with cells |\none two three\n",
		"| a table | with cells |\none two\nthree\n"));
	check(wraps_to(10, "    indented code goes on\n", "    indented code goes on\n"));
}

TEST(wide_characters_take_two_columns_and_may_be_broken)
{
	check(wraps_to(5, "\u65e5\u672c\u8a9e\u6587", "\u65e5\u672c\n\u8a9e\u6587"));
	check_int(
		term_text_width("a\u65e5e\u0301\U0001F642", strlen("a\u65e5e\u0301\U0001F642")), 6);
	check_int(term_cut("\u65e5\u672c", 6, 3), 3);
}

/* ---- a question ---- */

TEST(text_that_is_none_is_refused)
{
	int saved = silence(-1);
	bool ok = text_check("x", "fine \xC3\xA9", 7) == 0 && text_check("x", "nul\0", 4) == 65 &&
		  text_check("x", "\xFF", 1) == 65 && text_check("x", NULL, 0) == 0;

	silence(saved);
	check(ok);
}

TEST_MAIN()
