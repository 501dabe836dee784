/* Taking turns and sharing time: the rules themselves, and the scanning thread that lives by the second. */
#include "common/clock.h"
#include "common/fair.h"
#include "common/shares.h"
#include "tests/unit/store.h"

/* ---- the rule ---- */

TEST(who_holds_fewest_comes_first_and_then_who_waited_longest)
{
	struct fair f = { 0 };

	check(!fair_before(&f, 1, 2) && !fair_before(&f, 2, 1)); /* strangers are equal */
	fair_take(&f, 1);
	check(fair_before(&f, 2, 1) && !fair_before(&f, 1, 2));
	fair_take(&f, 2);
	check(fair_before(&f, 1, 2));
	fair_take(&f, 1);
	check(fair_before(&f, 2, 1)); /* one against two */
	check_int(fair_held(&f, 1), 2);
	check_int(f.held, 3);
	fair_give(&f, 1);
	fair_give(&f, 1);
	fair_give(&f, 2);
	check_int(f.held, 0);
	check(fair_before(&f, 2, 1)); /* 1 was served last */
	check(fair_before(&f, 3, 2)); /* and 3 never */
	fair_fini(&f);
}

TEST(a_thousand_owners_are_remembered_and_more_forget_the_idle_ones)
{
	struct fair f = { 0 };

	for (uint64_t i = 1; i <= 5000; i++) {
		fair_take(&f, i);
		if (i != 7)
			fair_give(&f, i);
	}
	check_int(fair_held(&f, 7), 1);
	check_int(f.held, 1);
	check(f.n <= 1024);
	fair_fini(&f);
}

TEST(keys_of_accounts_differ)
{
	check(fair_key("a") != fair_key("b") && fair_key("") == fair_key(NULL));
}

TEST(who_has_had_least_time_comes_first)
{
	struct shares s = { 0 };

	check(!shares_before(&s, 1, 2) && !shares_before(&s, 2, 1)); /* strangers are equal */
	shares_choose(&s, 1);
	shares_used(&s, 1, 200);
	check(shares_before(&s, 2, 1));
	shares_choose(&s, 2);
	shares_used(&s, 2, 300);
	check(shares_before(&s, 1, 2)); /* a longer piece waits longer, however many there were */
	shares_fini(&s);
}

TEST(who_was_away_comes_first_for_a_while_and_not_for_all_it_missed)
{
	struct shares s = { 0 };

	shares_choose(&s, 2);
	shares_used(&s, 2, 10);
	for (int i = 0; i < 1000; i++) {
		shares_choose(&s, 1);
		shares_used(&s, 1, 10000);
	}
	for (uint64_t had = 0; shares_before(&s, 2, 1); had += 10000) {
		check(had <= SHARES_AHEAD + 20000);
		shares_choose(&s, 2);
		shares_used(&s, 2, 10000);
	}
	for (uint64_t i = 10; i < 5000; i++) {
		shares_choose(&s, i);
		shares_used(&s, i, 1);
	}
	check(s.n <= 1024);
	shares_fini(&s);
}

/* ---- the lane ---- */

#define JOBS 16

/* What the scanning thread did, in order. */
static struct scene {
	struct world w;
	uv_sem_t began, gate; /* of the job that is gated */
	char order[JOBS + 1]; /* of `done` */
	unsigned n, wanted;
} scene;

struct scan {
	struct job job;
	char name;
	unsigned runs;
	bool gated, endless;
};

static int scan_run(struct db *db, struct job *j)
{
	struct scan *s = container_of(j, struct scan, job);

	s->runs++;
	if (s->gated) {
		uv_sem_post(&scene.began);
		uv_sem_wait(&scene.gate);
	}
	if (!s->endless)
		return 0;
	return db_run(db, db->chat, &j->why,
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n");
}

static void scan_done(struct job *j)
{
	const struct scan *s = container_of(j, struct scan, job);

	scene.order[scene.n++] = s->name;
	job_fini(j);
}

static bool submit(struct scan *s, char name, uint64_t account)
{
	s->name = name;
	s->job.run = scan_run;
	s->job.done = scan_done;
	s->job.account = account;
	scene.wanted++;
	return store_submit(scene.w.store, STORE_SCAN, &s->job) == 0;
}

static void wait_for_all(void)
{
	while (scene.n < scene.wanted)
		uv_run(&scene.w.loop, UV_RUN_ONCE);
}

static bool begin(void)
{
	memset(&scene, 0, sizeof(scene));
	world_make(&scene.w);
	return uv_sem_init(&scene.began, 0) == 0 && uv_sem_init(&scene.gate, 0) == 0 && world_open(&scene.w) == 0;
}

static void end(void)
{
	world_end(&scene.w);
	uv_sem_destroy(&scene.began);
	uv_sem_destroy(&scene.gate);
}

TEST(searches_of_accounts_take_turns)
{
	struct scan a[5] = { { .gated = true } }, b[2] = { 0 }, c = { 0 };

	check(begin());
	for (int i = 0; i < 5; i++)
		check(submit(&a[i], 'a', 1));
	check(submit(&b[0], 'b', 2) && submit(&b[1], 'b', 2) && submit(&c, 'c', 3));
	uv_sem_wait(&scene.began);
	uv_sleep(100); /* what a has had by then: more than b's first takes, also where it is preempted */
	uv_sem_post(&scene.gate);
	wait_for_all();
	check_str(scene.order, "abcbaaaa");
	end();
}

TEST(a_long_search_gives_way_to_another_account_and_ends_at_its_deadline)
{
	struct scan lasting = { .endless = true }, other = { 0 };
	uint64_t from;

	check(begin());
	from = clock_mono_ms();
	lasting.job.again = true;
	lasting.job.deadline_ms = from + 1500;
	check(submit(&lasting, 'l', 1) && submit(&other, 'o', 2));
	wait_for_all();
	check_str(scene.order, "ol");
	check_int(lasting.job.r, STORE_E_DEADLINE);
	check_msg(lasting.runs >= 2, "it ran %u times", lasting.runs);
	check(clock_mono_ms() - from >= 1500); /* nobody waits: it has all the time it was given */
	end();
}

TEST(a_long_search_keeps_its_own_account_waiting_and_so_does_one_that_cannot_run_twice)
{
	struct scan lasting = { .endless = true }, own = { 0 }, once = { .endless = true }, other = { 0 };

	check(begin());
	lasting.job.again = true;
	lasting.job.deadline_ms = clock_mono_ms() + 100;
	check(submit(&lasting, 'l', 1) && submit(&own, 'o', 1));
	wait_for_all();
	check_str(scene.order, "lo");
	check_int(lasting.runs, 1);
	once.job.deadline_ms = clock_mono_ms() + 100;
	check(submit(&once, 'x', 3) && submit(&other, 'y', 2));
	wait_for_all();
	check_str(scene.order, "loxy");
	check_int(once.runs, 1);
	end();
}

TEST(closing_runs_what_was_broken_off_to_its_end)
{
	struct scan lasting = { .endless = true }, other[3] = { 0 };

	check(begin());
	lasting.job.again = true;
	lasting.job.deadline_ms = clock_mono_ms() + 200;
	check(submit(&lasting, 'l', 1));
	for (int i = 0; i < 3; i++)
		check(submit(&other[i], 'o', 2));
	world_close(&scene.w);
	check_int(scene.n, 4);
	check_int(lasting.job.r, STORE_E_DEADLINE);
	end();
}

TEST_MAIN()
