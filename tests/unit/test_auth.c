/* Passwords, tokens, and who has to wait: what a hash may cost, and that one thread computes them. */
#include <errno.h>
#include <uv.h>

#include "common/mem.h"
#include "daemon/auth/backoff.h"
#include "daemon/auth/hasher.h"
#include "daemon/auth/token.h"
#include "tests/unit/test.h"

static const struct password_policy cheap = { .cost = 1, .max_cost = 2 };

TEST(a_password_matches_its_own_hash_and_no_other)
{
	char one[PASSWORD_HASH_MAX], two[PASSWORD_HASH_MAX];

	check_int(password_hash("correct horse", &cheap, one), 0);
	check_int(password_hash("correct horse", &cheap, two), 0);
	check(strcmp(one, two) != 0); /* salted */
	check(password_matches("correct horse", one));
	check(!password_matches("correct hors", one));
	check(!password_matches("", one));
	check_int(password_judge(one, &cheap), PASSWORD_FINE);
}

TEST(what_a_hash_would_cost_is_known_before)
{
	static const struct password_policy usual = { .cost = 5, .max_cost = 7 };
	static const char tail[] = "k2XAnEHBqQ1Ct2aMXFKNa/$8fasQ/TJQulXyV6uQIHlp18fasQ/TJQulXyV6uQIHlp1";
	static const struct {
		const char *parameters;
		enum password_grade grade;
	} rows[] = {
		{ "$y$j75$", PASSWORD_WEAK },
		{ "$y$j8T$", PASSWORD_WEAK },
		{ "$y$j9T$", PASSWORD_FINE },
		{ "$y$jBT$", PASSWORD_FINE },
		{ "$y$jCT$", PASSWORD_REFUSED },  /* 131 MiB */
		{ "$y$jFT$", PASSWORD_REFUSED },  /* 4 s, 1 GiB */
		{ "$y$jzT$", PASSWORD_REFUSED },
		{ "$y$j9T.$", PASSWORD_REFUSED },
		{ "$y$$", PASSWORD_REFUSED },
		{ "$gy$j9T$", PASSWORD_REFUSED },
		{ "$7$CU..../....", PASSWORD_REFUSED },
		{ "$2b$05$", PASSWORD_REFUSED },
		{ "$6$rounds=2000000$", PASSWORD_REFUSED },
		{ "", PASSWORD_REFUSED },
	};
	char hash[PASSWORD_HASH_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(hash, sizeof(hash), "%s%.66s", rows[i].parameters, tail);
		check_msg(password_judge(hash, &usual) == rows[i].grade, "%s is graded %d", hash, password_judge(hash, &usual));
	}
	static const char *const none[] = { "", "!", "*", "*0", "$y$j9T$", "$y$j9T$salt", "$y$j9T$k2XAnEHBqQ1Ct2aMXFKNa/$", "plain" };

	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		check_int(password_judge(none[i], &usual), PASSWORD_REFUSED);
	check_int(password_judge(NULL, &usual), PASSWORD_REFUSED);
}

TEST(a_password_is_text_of_a_bounded_length)
{
	char longest[PASSWORD_MAX + 2];

	memset(longest, 'x', sizeof(longest));
	check_int(password_valid(longest, PASSWORD_MAX), 0);
	check_int(password_valid(longest, PASSWORD_MAX + 1), -EINVAL);
	check_int(password_valid("", 0), -EINVAL);
	check_int(password_valid("a\0b", 3), -EINVAL);
	check_int(password_valid("a\nb", 3), -EINVAL);
	check_int(password_valid("p\xc3\xa4ssw\xc3\xb6rd", 10), 0);
}

TEST(a_token_has_its_shape_and_is_never_the_same)
{
	char one[TOKEN_LEN + 1], two[TOKEN_LEN + 1];
	uint8_t a[SHA256_LEN], b[SHA256_LEN];

	check_int(token_make(one), 0);
	check_int(token_make(two), 0);
	check_int(strlen(one), TOKEN_LEN);
	check(strcmp(one, two) != 0);
	check(token_digest(one, TOKEN_LEN, a) && token_digest(two, TOKEN_LEN, b));
	check(memcmp(a, b, sizeof(a)) != 0);
	check(!token_digest(one, TOKEN_LEN - 1, a));
	check(!token_digest("xxx_", 4, a));
	check_int(strspn(one + 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), TOKEN_LEN - 4);
}

static const struct backoff_policy waits = { .free = 3, .first_ms = 2000, .max_ms = 15000, .forget_ms = 600000 };

TEST(waits_double_up_to_a_bound_and_are_forgotten)
{
	static const uint64_t wanted[] = { 0, 0, 2000, 4000, 8000, 15000, 15000 };
	struct backoff *b = backoff_new();
	uint64_t now = 1000000;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		backoff_failed(b, &waits, 1000, "ann", now);
		check_int(backoff_wait(b, &waits, 1000, "ann", now), wanted[i]);
		check_int(backoff_wait(b, &waits, 1001, "ann", now), 0); /* another uid */
		check_int(backoff_wait(b, &waits, 1000, "ben", now), 0); /* another name */
		now += wanted[i];
		check_int(backoff_wait(b, &waits, 1000, "ann", now), 0);
	}
	now += waits.forget_ms;
	backoff_failed(b, &waits, 1000, "ann", now);
	check_int(backoff_wait(b, &waits, 1000, "ann", now), 0);
	backoff_failed(b, &waits, 1000, "ann", now);
	backoff_failed(b, &waits, 1000, "ann", now);
	check_int(backoff_wait(b, &waits, 1000, "ann", now), 2000);
	backoff_succeeded(b, 1000, "ann");
	check_int(backoff_wait(b, &waits, 1000, "ann", now), 0);
	backoff_free(b);
}

TEST(many_names_of_one_uid_count_as_a_whole_and_the_table_is_bounded)
{
	struct backoff *b = backoff_new();
	char name[32];

	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "name %d", i);
		check_int(backoff_wait(b, &waits, 1000, name, 5000), 0);
		backoff_failed(b, &waits, 1000, name, 5000);
	}
	check_int(backoff_wait(b, &waits, 1000, "one more", 5000), 2000);
	check_int(backoff_wait(b, &waits, 1001, "one more", 5000), 0);
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "other %d", i);
		backoff_failed(b, &waits, (uid_t)(2000 + i), name, 6000);
	}
	check(backoff_count(b) <= 1024);
	backoff_free(b);
}

static unsigned arrived, matched;

static void on_done(struct hash_job *j)
{
	arrived++;
	matched += j->matched;
	hash_job_free(j);
}

static struct hash_job *verification(uid_t uid, const char *password, const char *hash)
{
	struct hash_job *j = hash_job_new();

	j->uid = uid;
	j->check = true;
	j->password = mem_dup(password);
	j->hash = mem_dup(hash);
	j->policy = cheap;
	j->done = on_done;
	return j;
}

TEST(the_queue_is_bounded_and_takes_one_job_of_each_uid)
{
	char hash[PASSWORD_HASH_MAX];
	struct hasher *h = NULL;
	struct hash_job *j;
	uv_loop_t loop;

	arrived = matched = 0;
	uv_loop_init(&loop);
	check_int(password_hash("right", &cheap, hash), 0);
	check_int(hasher_start(&h, &loop), 0);
	for (unsigned i = 0; i < HASHER_QUEUE; i++)
		check_int(hasher_submit(h, verification(1000 + i, i % 2 ? "right" : "wrong", i % 4 == 1 ? NULL : hash)), 0);
	j = verification(1000, "right", hash);
	check_int(hasher_submit(h, j), -EALREADY);
	j->uid = 5000;
	check_int(hasher_submit(h, j), -EAGAIN);
	while (arrived < HASHER_QUEUE)
		uv_run(&loop, UV_RUN_ONCE);
	check_int(matched, HASHER_QUEUE / 4); /* half are wrong, half of the others have no hash */
	check_int(hasher_submit(h, j), 0);
	hasher_stop(h);
	check_int(arrived, HASHER_QUEUE + 1);
	uv_run(&loop, UV_RUN_DEFAULT);
	check_int(uv_loop_close(&loop), 0);
}

TEST_MAIN()
