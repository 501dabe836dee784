/* Helpers that loop, flood, die and leave halves cost their job an error in words, and nothing else. */
#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>
#include <uv.h>

#include "common/attr.h"
#include "common/mem.h"
#include "common/path.h"
#include "daemon/worker/pool.h"
#include "daemon/worker/sandbox.h"
#include "tests/unit/test.h"

static uv_loop_t loop;
static struct pool *pool;
static char program[PATH_MAX + 32];
static int ended;

struct got {
	int r, order;
	char *why, *out, *report;
};

static struct pool_config config_of(void)
{
	return (struct pool_config){ .program = program, .what = "renderer", .running = 2, .waiting = 3,
		.deadline_ms = 20000, .spare_ms = 60000, .out_max = 1u << 20 };
}

static void find_program(void)
{
	char self[PATH_MAX] = "", *dir;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		abort();
	dir = path_dirname(self);
	snprintf(program, sizeof(program), "%s/fake_helper", dir);
	free(dir);
}

static void begin(const struct pool_config *c)
{
	find_program();
	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&loop);
	ended = 0;
	pool = pool_new(&loop, c);
}

static void on_closed(void *ctx)
{
	*(bool *)ctx = true;
}

static bool end(void)
{
	bool closed = false;

	pool_close(pool, on_closed, &closed);
	uv_run(&loop, UV_RUN_DEFAULT);
	return closed && uv_loop_close(&loop) == 0;
}

static void on_result(void *ctx, struct pool_result *res)
{
	struct got *g = ctx;

	g->r = res->r;
	g->why = mem_dup(res->why);
	g->report = mem_dup(res->report);
	g->out = mem_ndup(buf_cstr(&res->out), res->out.len);
	g->order = ++ended;
}

static bool ends_with_mark(const struct buf *out)
{
	return out->len >= 6 && !memcmp(out->data + out->len - 6, "%%EOF\n", 6);
}

static int submit(struct got *g, const char *request)
{
	struct buf b = { 0 };
	int r;

	*g = (struct got){ .r = -1 };
	buf_add_str(&b, request);
	r = pool_submit(pool, &b, ends_with_mark, on_result, g);
	buf_fini(&b);
	return r;
}

static void run_until(int n)
{
	while (ended < n)
		uv_run(&loop, UV_RUN_ONCE);
}

static void got_fini(struct got *g)
{
	free(g->why);
	free(g->out);
	free(g->report);
}

TEST(a_good_helper_gives_its_document)
{
	const struct pool_config c = config_of();
	struct got g;
	char *big = mem_new(3u << 20);

	begin(&c);
	check_int(submit(&g, "hello"), 0);
	check_int(ended, 0); /* never from inside the call */
	run_until(1);
	check_int(g.r, 0);
	check_str(g.out, "%PDF-1.7\n5 bytes\n%%EOF\n");
	check(strstr(g.report, "\"pages\":1"));
	got_fini(&g);
	memset(big, 'x', (3u << 20) - 1); /* more than any pipe holds */
	check_int(submit(&g, big), 0);
	run_until(2);
	check_str(g.out, "%PDF-1.7\n3145727 bytes\n%%EOF\n");
	got_fini(&g);
	free(big);
	check(end());
}

static void expect(const char *request, int r, const char *words)
{
	struct got g;

	check_int(submit(&g, request), 0);
	run_until(ended + 1);
	check_msg(g.r == r, "%s: %d, %s", request, g.r, g.why ? g.why : "(no words)");
	check_int(strlen(g.out), 0);
	check_msg(!words || (g.why && strstr(g.why, words)), "%s: '%s'", request, g.why ? g.why : "");
	got_fini(&g);
}

TEST(every_bad_end_has_its_words)
{
	struct pool_config c = config_of();
	struct got g;

	c.spare_ms = 0;
	begin(&c);
	expect("FLOOD", POOL_E_TOO_LARGE, "wrote more than 1 MiB");
	expect("HALF", POOL_E_FAILED, "half a document");
	expect("WHOLE-BUT-FAILED", POOL_E_FAILED, "exit status 9");
	expect("CHATTER", POOL_E_FAILED, "exit status 9");
	if (sandbox_is_compiled_in()) {
		expect("ALLOC", POOL_E_TOO_LARGE, "ran out of memory");
		expect("OPEN", POOL_E_FAILED, "sandbox forbids");
		expect("CRASH", POOL_E_FAILED, "SIGSEGV");
	}
	c.deadline_ms = 200;
	pool_configure(pool, &c);
	expect("LOOP", POOL_E_DEADLINE, "not done after 0.2 s");
	c.deadline_ms = 20000;
	pool_configure(pool, &c);
	check_int(submit(&g, "REFUSE"), 0);
	run_until(ended + 1);
	check_int(g.r, POOL_E_REFUSED);
	check_str(g.report, "{\"pages\":0,\"error\":\"a table of 9 cells is too large\"}");
	got_fini(&g);
	check(end());
}

TEST(a_program_that_is_not_there_is_named)
{
	struct pool_config c = config_of();

	begin(&c);
	c.program = "/nonexistent/ragchatd-pdf";
	pool_configure(pool, &c);
	expect("x", POOL_E_START, "not installed: no /nonexistent/ragchatd-pdf");
	c.program = "/etc/passwd";
	pool_configure(pool, &c);
	expect("x", POOL_E_START, "cannot be started");
	check(end());
}

TEST(two_run_three_wait_and_the_sixth_is_told)
{
	const struct pool_config c = config_of();
	struct pool_figures f;
	struct got g[6];

	begin(&c);
	for (int i = 0; i < 5; i++)
		check_int(submit(&g[i], "x"), 0);
	check_int(submit(&g[5], "x"), POOL_E_BUSY);
	uv_run(&loop, UV_RUN_NOWAIT);
	pool_figures(pool, &f);
	check(f.running <= 2);
	run_until(5);
	for (int i = 0; i < 5; i++) {
		check_int(g[i].r, 0);
		got_fini(&g[i]);
	}
	check_int(submit(&g[5], "x"), 0);
	run_until(6);
	got_fini(&g[5]);
	check(end());
}

static size_t children_now(void)
{
	char path[64], text[4096] = "";
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "re");
	if (!f || !fgets(text, sizeof(text), f))
		text[0] = '\0';
	if (f)
		fclose(f);
	for (char *p = text; *p; p++)
		n += *p == ' ';
	return n;
}

/* None before the first job, one after it, a new one after it was used, none when nobody comes. */
TEST(one_spare_stands_ready_for_a_while)
{
	struct pool_config c = config_of();
	struct pool_figures f;
	struct got g;

	begin(&c);
	uv_run(&loop, UV_RUN_NOWAIT);
	check_int(children_now(), 0);
	for (int i = 1; i <= 2; i++) {
		check_int(submit(&g, "x"), 0);
		run_until(i);
		got_fini(&g);
		do {
			uv_run(&loop, UV_RUN_NOWAIT);
			pool_figures(pool, &f);
		} while (!f.spare);
		check_int(children_now(), 1);
	}
	c.spare_ms = 50;
	pool_configure(pool, &c);
	check_int(submit(&g, "x"), 0);
	run_until(3);
	got_fini(&g);
	do {
		uv_run(&loop, UV_RUN_ONCE);
		pool_figures(pool, &f);
	} while (f.spare || f.running || children_now());
	check(end());
}

TEST(a_pool_that_closes_ends_its_jobs)
{
	const struct pool_config c = config_of();
	struct got g[4];

	begin(&c);
	for (int i = 0; i < 4; i++)
		check_int(submit(&g[i], "LOOP"), 0);
	for (int i = 0; i < 20; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	check(end());
	for (int i = 0; i < 4; i++) {
		check_int(g[i].r, POOL_E_STOPPING);
		got_fini(&g[i]);
	}
	check_int(children_now(), 0);
}

TEST_MAIN()
