/* What can be seen from here: programs, sandboxes, fonts, the configuration, the disk, the clock. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "client/checks.h"
#include "client/program.h"
#include "common/mem.h"
#include "common/path.h"

#define SELFTEST_MS 60000
#define FREE_LOW ((int64_t)256 << 20)
#define FREE_BAD ((int64_t)32 << 20)

/* What stands behind "KEY" at the start of a line; malloc'd, NULL. */
static char *line_after(struct buf *text, const char *key)
{
	const char *s = buf_cstr(text);

	for (; s; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL)
		if (!strncmp(s, key, strlen(key))) {
			s += strlen(key);
			s += strspn(s, " ");
			return mem_ndup(s, strcspn(s, "\n"));
		}
	return NULL;
}

static void configuration(struct checks *k, char **database)
{
	char *program = program_find("ragchatd"), *argv[] = { program, (char *)"--check", NULL }, *file, *note;
	struct buf out = { 0 };
	int r = program ? program_run(argv, 20000, &out) : -ENOENT;

	if (r < 0) {
		checks_add(k, CHECK_FAIL, "ragchatd", "install it beside ragchat, or in PATH", "cannot be run: %s", strerror(-r));
	} else if (r) {
		checks_add(k, CHECK_FAIL, "configuration", "ragchat config edit", "%.*s", (int)strcspn(buf_cstr(&out), "\n"), buf_cstr(&out));
	} else {
		file = line_after(&out, "configuration:");
		note = line_after(&out, "note:");
		*database = line_after(&out, "database:");
		checks_add(k, note ? CHECK_WARN : CHECK_OK, "configuration", "see ragchat.conf(5)", "%s%s%s", file ? file : "?", note ? ": " : "", note ? note : "");
		mem_free(file);
		mem_free(note);
	}
	buf_fini(&out);
	mem_free(program);
}

/* Every forbidden act is tried within the sandbox, unless it is to be quick; a line names its layers. */
static void sandbox(struct checks *k, const char *helper, bool quick)
{
	char *program = program_find(helper), *layers;
	char *argv[] = { program, quick ? (char *)"--version" : (char *)"--sandbox-selftest", NULL };
	struct buf out = { 0 };
	int r = program ? program_run(argv, SELFTEST_MS, &out) : -ENOENT;

	layers = line_after(&out, "sandbox:");
	if (r == -ENOENT)
		checks_add(k, CHECK_FAIL, helper, "install it beside ragchatd, or in its libexec folder", "is not found");
	else if (quick && !r && !layers)
		checks_add(k, CHECK_OK, helper, NULL, "is there; its sandbox was not tried");
	else if (r || !layers)
		checks_add(k, CHECK_FAIL, helper, "run it with --sandbox-selftest; documents and exports are refused without a sandbox",
			"its sandbox does not hold (%s %d)", r < 0 ? strerror(-r) : "status", r);
	else if (!strstr(layers, "landlock") || !strstr(layers, "seccomp"))
		checks_add(k, CHECK_WARN, helper, "a kernel from 5.13 on with Landlock gives one layer more", "sandbox: %s", layers);
	else
		checks_add(k, CHECK_OK, helper, NULL, "sandbox: %s", layers);
	mem_free(layers);
	buf_fini(&out);
	mem_free(program);
}

/* One line of Markdown in the scripts that want a font of their own; the renderer says on stderr what is missing. */
static void fonts(struct checks *k)
{
	static const char *const wanted[][2] = {
		{ "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf", "fonts-noto-core" },
		{ "/usr/share/fonts/truetype/noto/NotoSansMono-Regular.ttf", "fonts-noto-mono" },
		{ "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "fonts-noto-cjk" },
		{ "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf", "fonts-noto-color-emoji" },
	};
	char todo[200] = "apt install";
	bool base = true, all = true;

	for (size_t i = 0; i < array_len(wanted); i++) {
		if (access(wanted[i][0], R_OK) == 0)
			continue;
		base &= i > 1;
		all = false;
		(void)strncat(todo, " ", sizeof(todo) - strlen(todo) - 1);
		(void)strncat(todo, wanted[i][1], sizeof(todo) - strlen(todo) - 1);
	}
	checks_add(k, !base ? CHECK_FAIL : all ? CHECK_OK : CHECK_WARN, "fonts", todo, "%s",
		all ? "text, code, CJK and emoji in exports" : base ? "some scripts or emoji come out as boxes in exports" : "no PDF can be made");
}

static void pdftotext(struct checks *k)
{
	bool program = access("/usr/bin/pdftotext", X_OK) == 0, data = access("/usr/share/poppler/cMap", R_OK) == 0;

	if (!program)
		checks_add(k, CHECK_FAIL, "pdftotext", "apt install poppler-utils", "is not there: PDFs cannot be taken as documents");
	else if (!data)
		checks_add(k, CHECK_WARN, "pdftotext", "apt install poppler-data", "some Chinese, Japanese and Korean PDFs give no text");
	else
		checks_add(k, CHECK_OK, "pdftotext", NULL, "with poppler-data");
}

/* Stamps order what is said; a clock before this program's own time is wrong. */
static void clock_of(struct checks *k)
{
	struct stat st;
	time_t now = time(NULL);

	if (stat("/proc/self/exe", &st) == 0 && now < st.st_mtime - 86400)
		checks_add(k, CHECK_WARN, "clock", "set it; conversations are ordered by it", "is before the day this program was installed");
	else
		checks_add(k, CHECK_OK, "clock", NULL, "plausible");
}

void checks_files(struct checks *k, const char *database)
{
	char *folder = database ? path_dirname(database) : NULL, why[160] = "";
	struct statvfs v;
	int64_t left;

	if (!folder)
		return;
	if (access(database, F_OK) != 0 && errno == ENOENT)
		checks_add(k, CHECK_OK, "database", NULL, "'%s' is made by the first daemon", database);
	else if (path_check_private_dir(folder, NULL, why) != 0)
		checks_add(k, CHECK_FAIL, "database", "chmod 700 the folder; it must be yours", "%s", why);
	else if (path_is_network_fs(database))
		checks_add(k, CHECK_FAIL, "database", "ragchat config set database PATH, on a disk of this machine", "'%s' lies on a network file system", database);
	else if (access(database, R_OK | W_OK) != 0)
		checks_add(k, CHECK_FAIL, "database", "look at its owner and mode", "'%s': %s", database, strerror(errno));
	else
		checks_add(k, CHECK_OK, "database", NULL, "'%s'; a daemon that runs would look into it", database);
	if (statvfs(folder, &v) == 0) {
		left = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
		checks_add(k, left < FREE_BAD ? CHECK_FAIL : left < FREE_LOW ? CHECK_WARN : CHECK_OK, "disk", "make room: when it is full no question is taken",
			"%lld MiB free for the database", (long long)(left >> 20));
	}
	mem_free(folder);
}

void checks_here(struct checks *k, bool quick, char **database)
{
	configuration(k, database);
	sandbox(k, "ragchatd-pdf", quick);
	sandbox(k, "ragchatd-extract", quick);
	sandbox(k, "ragchatd-pdftext", quick);
	fonts(k);
	pdftotext(k);
	clock_of(k);
}
