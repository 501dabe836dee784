/* Log lines: who is heard, what a line looks like, and that a line stays one. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#define LOG_TAG "story"
#include "common/log.h"
#include "common/mem.h"
#include "common/path.h"
#include "common/utf8.h"

/* stderr goes to memory until heard() gives it back; the text is valid until the next call. */
static int stderr_before, memory;

static void listen_to_stderr(void)
{
	memory = memfd_create("stderr", MFD_CLOEXEC);
	fcntl(memory, F_SETFL, O_APPEND); /* of memory alone two writes may take one place */
	stderr_before = dup(STDERR_FILENO);
	dup2(memory, STDERR_FILENO);
}

static const char *heard(void)
{
	static char text[1 << 20];
	ssize_t n;

	dup2(stderr_before, STDERR_FILENO);
	close(stderr_before);
	n = pread(memory, text, sizeof(text) - 1, 0);
	close(memory);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static bool matches(const char *text, const char *pattern)
{
	regex_t re;
	bool yes;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	yes = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return yes;
}

TEST(levels_are_set_for_all_and_for_tags)
{
	check_int(log_setup("warn"), 0);
	check(log_wants(LOG_LEVEL_ERROR, "turn") && log_wants(LOG_LEVEL_WARN, "turn"));
	check(!log_wants(LOG_LEVEL_INFO, "turn"));
	check_int(log_setup("info,turn=trace,conn=error"), 0);
	check(log_wants(LOG_LEVEL_TRACE, "turn") && !log_wants(LOG_LEVEL_WARN, "conn"));
	check(log_wants(LOG_LEVEL_INFO, "other") && !log_wants(LOG_LEVEL_DEBUG, "other"));
	check(log_wants(LOG_LEVEL_ERROR, "conn"));
	check_int(log_setup("turn=debug"), 0); /* the rest is info */
	check(log_wants(LOG_LEVEL_INFO, "x") && !log_wants(LOG_LEVEL_DEBUG, "x"));
}

TEST(a_bad_level_changes_nothing)
{
	static const char *const bad[] = { "", "loud", "info,", ",info", "turn=", "=info",
		"turn=loud", "INFO", "info;turn=trace", "averyveryverylongtag=info" };

	check_int(log_setup("error"), 0);
	for (size_t i = 0; i < array_len(bad); i++)
		check_msg(log_setup(bad[i]) == -EINVAL, "'%s'", bad[i]);
	check(!log_wants(LOG_LEVEL_WARN, "turn"));
	check_int(log_setup("info"), 0);
}

TEST(a_line_has_time_level_and_tag)
{
	const char *text;

	unsetenv("JOURNAL_STREAM");
	listen_to_stderr();
	log_setup("info");
	errno = ENOENT;
	log_info("took %d ms: %m", 7);
	check_int(errno, ENOENT);
	log_debug("not this one");
	text = heard();
	check_msg(matches(text, "^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"
				"\\.[0-9]{3}Z "
				"info story: took 7 ms: No such file or directory\n$"),
		"%s", text);
}

TEST(a_journal_gets_its_prefix)
{
	char stream[64];
	struct stat st;

	listen_to_stderr();
	fstat(STDERR_FILENO, &st);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_setup("trace");
	log_error("a");
	log_warn("b");
	log_info("c");
	log_debug("d");
	log_trace("e");
	check_str(heard(), "<3>story: a\n<4>story: b\n<6>story: c\n<7>story: d\n<7>story: e\n");
}

TEST(a_stderr_that_is_not_the_journal_gets_none)
{
	static const char *const streams[] = { "1:1", "", "nonsense", "8:", ":8",
		"99999999999999999999:1" };

	for (size_t i = 0; i < array_len(streams); i++) {
		const char *text;

		setenv("JOURNAL_STREAM", streams[i], 1);
		listen_to_stderr();
		log_setup("info");
		log_info("plain");
		text = heard();
		check_msg(text[0] == '2', "'%s': %s", streams[i], text);
	}
	unsetenv("JOURNAL_STREAM");
	log_setup("info");
}

TEST(one_line_stays_one_line)
{
	char longer[5000];
	const char *text;

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	listen_to_stderr();
	log_info("%s", "a\nb\x1b[2J\r");
	log_info("%s", longer);
	text = heard();
	check_msg(matches(text, "^[^\n]*story: a\\?b\\?\\[2J\\?\n[^\n]*story: x+\\.\\.\\.\n$"),
		"%s", text);
	check(strlen(text) < 2200);
}

static void *write_lines(void *name)
{
	for (int i = 0; i < 500; i++)
		log_info("%s line %d of a thread that writes a line of some length %s",
			(char *)name, i, log_text("end\n", 4));
	return NULL;
}

TEST(lines_of_threads_never_mix)
{
	static char names[4][2] = { "a", "b", "c", "d" };
	pthread_t threads[4];
	int lines = 0;
	const char *text;

	listen_to_stderr();
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, write_lines, names[i]);
	for (int i = 0; i < 50; i++)
		log_setup(i % 2 ? "info" : "info,other=trace");
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	text = heard();
	for (const char *end; *text; text = end + 1, lines++) {
		end = strchr(text, '\n');
		check(end && end - text > 80 && !memcmp(end - 5, "end\\n", 5));
		check(text[0] == '2' && text[23] == 'Z');
	}
	check_int(lines, 2000);
}

TEST(text_of_a_peer_is_shown_harmless)
{
	static const struct {
		const char *s;
		size_t n;
		const char *shown;
	} cases[] = {
		{ "", 0, "" },
		{ "gr\xC3\xBC\xC3\x9F", 6, "gr\xC3\xBC\xC3\x9F" },
		{ "a\nb\r\tc\\", 7, "a\\nb\\r\\tc\\\\" },
		{ "\0\x1b\x7f", 3, "\\x00\\x1b\\x7f" },
		{ "\xFF\xE2\x82", 3, "\\xff\\xe2\\x82" },
		{ "\xC2\x9B\xE2\x80\xAE", 5, "\\u009b\\u202e" },
	};

	for (size_t i = 0; i < array_len(cases); i++)
		check_str(log_text(cases[i].s, cases[i].n), cases[i].shown);
}

TEST(text_of_a_peer_is_cut_at_whole_characters)
{
	char s[600];

	for (size_t from = 0; from < 4; from++) {
		const char *shown;
		size_t n = from;

		memset(s, 'a', from);
		for (; n + 3 <= sizeof(s); n += 3)
			memcpy(s + n, "\xE2\x82\xAC", 3);
		shown = log_text(s, n);
		check(strlen(shown) <= 200 && strlen(shown) > 190);
		check(utf8_valid(shown, strlen(shown)));
		check_str(shown + strlen(shown) - 3, "...");
	}
	memset(s, 'a', sizeof(s));
	check_int(strlen(log_text(s, 200)), 200);
	check(!strchr(log_text(s, 200), '.'));
	memset(s, 1, sizeof(s));
	check_int(strlen(log_text(s, 50)), 200);
	check_int(strlen(log_text(s, 51)), 199);
}

TEST(four_texts_fit_in_one_line)
{
	char all[64];

	snprintf(all, sizeof(all), "%s%s%s%s", log_text("1", 1), log_text("2", 1), log_text("3", 1),
		log_text("4", 1));
	check_int(strlen(all), 4);
	check(strchr(all, '1') && strchr(all, '2') && strchr(all, '3') && strchr(all, '4'));
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : -1;
}

TEST(a_log_file_is_private_and_stays_below_its_cap)
{
	char dir[] = "/tmp/ragchat-test-XXXXXX", *path, *old;
	struct stat st;
	struct buf b;
	int i;

	check(mkdtemp(dir));
	path = path_join(dir, "log");
	old = path_join(dir, "log.1");
	log_reopen(path, 1000);
	for (i = 0; i < 100; i++)
		log_info("line %d in a file", i);
	log_reopen(NULL, 0);
	check(size_of(path) > 0 && size_of(path) <= 1000);
	check(size_of(old) > 900 && size_of(old) <= 1000);
	check(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	buf_init(&b, 0);
	check_int(file_read(path, &b), 0);
	check(strstr(buf_cstr(&b), "line 99 in a file\n"));
	buf_fini(&b);
	unlink(path);
	unlink(old);
	rmdir(dir);
	mem_free(path);
	mem_free(old);
}

TEST(a_log_file_goes_on_where_it_was_and_a_missing_one_is_said)
{
	char dir[] = "/tmp/ragchat-test-XXXXXX", *path;
	const char *text;
	struct buf b;

	check(mkdtemp(dir));
	path = path_join(dir, "log");
	log_reopen(path, 0);
	log_info("first");
	log_reopen(path, 0);
	log_info("second");
	listen_to_stderr();
	log_reopen("/nowhere/at/all", 0); /* stays with the file */
	text = heard();
	check_str(text, "");
	log_reopen(NULL, 0);
	buf_init(&b, 0);
	check_int(file_read(path, &b), 0);
	check(matches(buf_cstr(&b),
		"story: first\n[^\n]*story: second\n[^\n]*cannot open log file '/nowhere/at/all'"));
	buf_fini(&b);
	unlink(path);
	rmdir(dir);
	mem_free(path);
}

TEST_MAIN()
