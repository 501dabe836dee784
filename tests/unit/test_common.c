/* The small things everything stands on: memory, buffers, lists, ids, time, text, digests. */
#include "tests/unit/test.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/idmap.h"
#include "common/list.h"
#include "common/mem.h"
#include "common/sha256.h"
#include "common/str.h"

/* ---- mem ---- */

TEST(memory_comes_as_promised)
{
	char *a = mem_new(100), *b = mem_dup("text"), *c = mem_ndup("text", 2),
	     *d = mem_printf("%d-%s", 7, "x");
	void *e = mem_try(0), *f = mem_try_dup("a\0b", 3);

	for (int i = 0; i < 100; i++)
		check(a[i] == 0);
	check_str(b, "text");
	check_str(c, "te");
	check_str(d, "7-x");
	check(e);
	check_mem(f, 4, "a\0b\0", 4);
	check(!mem_dup(NULL) && !mem_ndup(NULL, 3));
	check(!mem_free(a) && !mem_free(b) && !mem_free(c) && !mem_free(d) && !mem_free(e));
	check(!mem_wipe(f, 3) && !mem_wipe(NULL, 10) && !mem_free(NULL));
}

TEST(what_cannot_be_had_is_said_or_aborts)
{
	pid_t pid;
	int status;

	check(!mem_try_dup("", SIZE_MAX));
#ifndef RAGCHAT_SANITIZER /* which stops at such a size by itself */
	check(!mem_try((size_t)1 << 62));
#endif
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		size_t cap = 4;

		close(STDERR_FILENO);
		mem_grow(NULL, &cap, SIZE_MAX - 1, 1024);
		_exit(0);
	}
	check(pid > 0 && waitpid(pid, &status, 0) == pid);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

TEST(an_array_grows_one_by_one)
{
	int *array = NULL;
	size_t cap = 0;

	for (size_t n = 0; n < 1000; n++) {
		array = mem_grow(array, &cap, n, sizeof(*array));
		check(cap > n);
		array[n] = (int)n;
	}
	for (size_t n = 0; n < 1000; n++)
		check_int(array[n], n);
	mem_free(array);
}

/* ---- buf ---- */

TEST(a_buffer_takes_bytes_and_text)
{
	struct buf b;

	buf_init(&b, 0);
	check_str(buf_cstr(&b), "");
	check_int(buf_add(&b, "abc", 3), 0);
	check_int(buf_add_byte(&b, '-'), 0);
	check_int(buf_add_str(&b, "xyz"), 0);
	check_int(buf_addf(&b, "%05d", 42), 0);
	check_int(buf_addf(&b, "%s", ""), 0);
	check_int(buf_add(&b, NULL, 0), 0);
	check_str(buf_cstr(&b), "abc-xyz00042");
	check_int(b.len, 12);
	buf_consume(&b, 4);
	check_str(buf_cstr(&b), "xyz00042");
	buf_consume(&b, 100);
	check_int(b.len, 0);
	buf_fini(&b);
	check(!b.data && !b.cap);
}

TEST(long_formatted_text_grows_the_buffer)
{
	char text[5000];
	struct buf b;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	buf_init(&b, 0);
	for (int i = 0; i < 20; i++)
		check_int(buf_addf(&b, "%.*s|", i * 250, text), 0);
	check_int(b.len, 20 + 250 * 190);
	check(b.data[b.len - 1] == '|');
	buf_fini(&b);
}

TEST(a_buffer_stops_at_its_cap_and_is_unchanged)
{
	struct buf b;

	buf_init(&b, 10);
	check_int(buf_add_str(&b, "0123456"), 0);
	check_int(buf_add_str(&b, "7890"), -ENOBUFS);
	check_int(buf_addf(&b, "%s", "7890"), -ENOBUFS);
	check(b.failed);
	check_str(buf_cstr(&b), "0123456");
	check_int(buf_addf(&b, "%s", "789"), 0); /* just fits, and the failure is still known */
	check_str(buf_cstr(&b), "0123456789");
	check(b.failed && b.cap <= 10);
	check_int(buf_add_byte(&b, 'x'), -ENOBUFS);
	check_int(buf_reserve(&b, SIZE_MAX), -ENOBUFS);
	buf_reset(&b);
	check(!b.failed && b.len == 0);
	check_int(buf_reserve(&b, 10), 0);
	buf_fini(&b);
	check_int(b.max, 10);
}

TEST(a_size_no_machine_has_is_refused)
{
	struct buf b;

	buf_init(&b, 0);
	buf_add_byte(&b, 'x');
	check_int(buf_reserve(&b, SIZE_MAX), -ENOMEM);
	check_int(buf_reserve(&b, SIZE_MAX / 2), -ENOMEM);
	check(b.failed && b.len == 1);
	buf_fini(&b);
}

TEST(a_buffer_is_stolen_whole)
{
	struct buf b;
	size_t n = 99;
	char *s;

	buf_init(&b, 7);
	s = buf_steal(&b, &n);
	check_str(s, "");
	check_int(n, 0);
	mem_free(s);
	buf_add_str(&b, "1234567");
	s = buf_steal(&b, &n);
	check_str(s, "1234567");
	check_int(n, 7);
	check(!b.data && !b.len && b.max == 7);
	mem_free(s);
}

TEST(a_buffer_gives_memory_back)
{
	struct buf b;

	buf_init(&b, 0);
	check_int(buf_reserve(&b, 100000), 0);
	buf_add_str(&b, "keep me");
	buf_shrink(&b, 3);
	check(b.cap >= 100000); /* holds more than that */
	buf_shrink(&b, 64);
	check_int(b.cap, 64);
	check_str(buf_cstr(&b), "keep me");
	buf_reset(&b);
	buf_shrink(&b, 0);
	check(!b.data && !b.cap);
	buf_add_str(&b, "secret");
	buf_wipe(&b);
	check(!b.data && !b.len);
	buf_fini(&b);
}

/* ---- list ---- */

struct item {
	int n;
	struct list link;
};

static bool list_holds(struct list *head, const char *want)
{
	char got[32] = "";
	size_t n = 0;

	list_foreach (it, head)
		got[n++] = (char)('0' + list_entry(it, struct item, link)->n);
	return !strcmp(got, want);
}

TEST(a_list_keeps_its_order)
{
	struct item a = { .n = 1 }, b = { .n = 2 }, c = { .n = 3 };
	struct list head, other;

	list_init(&head);
	list_init(&other);
	check(list_empty(&head) && !list_first(&head, struct item, link));
	check(!list_linked(&a.link));
	list_push_back(&head, &b.link);
	list_push_back(&head, &c.link);
	list_push_front(&head, &a.link);
	check(list_holds(&head, "123") && list_linked(&a.link));
	check_int(list_first(&head, struct item, link)->n, 1);
	list_remove(&b.link);
	list_remove(&b.link);
	check(!list_linked(&b.link) && list_holds(&head, "13"));
	list_push_back(&other, &b.link);
	list_splice(&other, &head);
	check(list_holds(&other, "213") && list_empty(&head));
	list_splice(&other, &head);
	check(list_holds(&other, "213"));
	list_foreach_safe (it, &other)
		list_remove(it);
	check(list_empty(&other));
}

/* ---- idmap ---- */

TEST(an_id_finds_its_object_until_it_is_removed)
{
	struct idmap m;
	uint64_t a, b;
	int x, y;

	idmap_init(&m);
	check(!idmap_get(&m, 1) && !idmap_get(&m, 0) && !idmap_remove(&m, 1));
	a = idmap_add(&m, &x);
	b = idmap_add(&m, &y);
	check(a && b && a != b);
	check(idmap_get(&m, a) == &x && idmap_get(&m, b) == &y);
	check(idmap_remove(&m, a) == &x);
	check(!idmap_get(&m, a) && !idmap_remove(&m, a));
	check_int(idmap_count(&m), 1);
	check(!idmap_get(&m, b + 16)); /* the same slot, another id */
	idmap_fini(&m);
}

/* A plain array says what must be in the map. */
TEST(ids_come_and_go_a_hundred_thousand_times)
{
	enum { ALIVE = 300 };
	uint64_t ids[ALIVE] = { 0 }, last = 0;
	static int objects[ALIVE];
	struct idmap m;
	size_t count = 0;

	srand(5);
	idmap_init(&m);
	for (int round = 0; round < 100000; round++) {
		size_t i = (size_t)rand() % ALIVE;

		if (!ids[i]) {
			ids[i] = idmap_add(&m, &objects[i]);
			check(ids[i] > last);
			last = ids[i];
			count++;
		} else if (rand() % 3) {
			check(idmap_get(&m, ids[i]) == &objects[i]);
		} else {
			check(idmap_remove(&m, ids[i]) == &objects[i]);
			check(!idmap_get(&m, ids[i]));
			ids[i] = 0;
			count--;
		}
		check_int(idmap_count(&m), count);
	}
	for (size_t i = 0; i < ALIVE; i++)
		check(!ids[i] || idmap_get(&m, ids[i]) == &objects[i]);
	check(m.cap <= 2048); /* it follows what is alive, not what ever was */
	idmap_fini(&m);
}

TEST(a_visit_sees_each_once_though_the_visited_are_removed)
{
	static int objects[1000], seen[1000];
	uint64_t ids[1000];
	struct idmap m;
	size_t cursor = 0;
	int *object, visits = 0;

	idmap_init(&m);
	for (int i = 0; i < 1000; i++)
		ids[i] = idmap_add(&m, &objects[i]);
	while ((object = idmap_each(&m, &cursor))) {
		size_t i = (size_t)(object - objects);

		seen[i]++;
		visits++;
		if (i % 3)
			idmap_remove(&m, ids[i]);
	}
	check_int(visits, 1000);
	for (int i = 0; i < 1000; i++)
		check_int(seen[i], 1);
	check_int(idmap_count(&m), 334);
	for (size_t i = 0; i < 1000; i++)
		check((idmap_get(&m, ids[i]) != NULL) == (i % 3 == 0));
	idmap_fini(&m);
	cursor = 0;
	check(!idmap_each(&m, &cursor));
	check(idmap_add(&m, objects) > ids[999]); /* not even a new map reuses an id */
	idmap_fini(&m);
}

/* ---- clock ---- */

TEST(clocks_run)
{
	uint64_t us = clock_mono_us(), ms = clock_mono_ms();

	check(us > 0 && clock_mono_us() >= us);
	check(ms >= us / 1000 && ms - us / 1000 < 60000);
	check(clock_wall_us() > INT64_C(1600000000000000));
}

TEST(stamps_have_six_digits_and_read_back)
{
	static const struct {
		int64_t us;
		const char *iso;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000000Z" },
		{ -1, "1969-12-31T23:59:59.999999Z" },
		{ 951782400000000, "2000-02-29T00:00:00.000000Z" },
		{ 1767323045678901, "2026-01-02T03:04:05.678901Z" },
		{ 4107542399999999, "2100-02-28T23:59:59.999999Z" },
		{ 4107542400000000, "2100-03-01T00:00:00.000000Z" },
		{ -62167219200000000, "0000-01-01T00:00:00.000000Z" },
		{ 253402300799999999, "9999-12-31T23:59:59.999999Z" },
	};
	char out[CLOCK_ISO_LEN + 1];

	for (size_t i = 0; i < array_len(cases); i++) {
		int64_t back = 0;

		clock_iso(cases[i].us, out);
		check_str(out, cases[i].iso);
		check_int(clock_iso_parse(out, CLOCK_ISO_LEN, &back), 0);
		check_int(back, cases[i].us);
	}
	clock_iso(INT64_MAX, out);
	check_str(out, "9999-12-31T23:59:59.999999Z");
	clock_iso(INT64_MIN, out);
	check_str(out, "0000-01-01T00:00:00.000000Z");
}

/* The C library's calendar as the oracle, a day and a bit apart over four centuries. */
TEST(stamps_agree_with_the_calendar_of_the_library)
{
	for (int64_t s = -11676096000; s < 7258118400; s += 90061) {
		char out[CLOCK_ISO_LEN + 1], want[64];
		time_t t = (time_t)s;
		struct tm tm;

		clock_iso(s * 1000000 + 5, out);
		check(gmtime_r(&t, &tm));
		check(strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000005Z", &tm));
		check_str(out, want);
	}
}

TEST(stamps_of_others_are_read)
{
	static const struct {
		const char *s;
		int64_t us;
	} good[] = { { "2026-01-02T03:04:05Z", 1767323045000000 },
		{ "2026-01-02T03:04:05", 1767323045000000 },
		{ "2026-01-02T03:04:05.678Z", 1767323045678000 },
		{ "2026-01-02T03:04:05.678901", 1767323045678901 },
		{ "2026-01-02T03:04:05.678901+00:00", 1767323045678901 },
		{ "2026-01-02T03:04:05+00:00", 1767323045000000 } };
	static const char *const bad[] = { "", "2026", "2026-01-02", "2026-01-02T03:04",
		"2026-13-02T03:04:05Z", "2026-00-02T03:04:05Z", "2026-02-29T03:04:05Z",
		"2026-01-00T03:04:05Z", "2026-01-02T24:04:05Z", "2026-01-02T03:60:05Z",
		"2026-01-02T03:04:60Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05.6Z",
		"2026-01-02T03:04:05.6789Z", "2026-01-02T03:04:05.6789012Z",
		"2026-01-02T03:04:05+01:00", "2026-01-02T03:04:05z", "2026-01-02T03:04:05Z ",
		"2026-01-02 03:04:05Z", "-026-01-02T03:04:05Z", "2026-1-02T03:04:05Z",
		"2026/01/02T03:04:05Z" };
	int64_t us = 1;

	for (size_t i = 0; i < array_len(good); i++) {
		check_msg(clock_iso_parse(good[i].s, strlen(good[i].s), &us) == 0, "%s", good[i].s);
		check_int(us, good[i].us);
	}
	us = 1;
	for (size_t i = 0; i < array_len(bad); i++)
		check_msg(clock_iso_parse(bad[i], strlen(bad[i]), &us) == -EINVAL, "%s", bad[i]);
	check_int(us, 1);
}

/* ---- str ---- */

TEST(numbers_are_whole_and_in_range)
{
	static const char *const bad[] = { "", "-", "+1", " 1", "1 ", "1x", "0x10", "1.0", "--1",
		"1e3" };
	int64_t v = 7;

	for (size_t i = 0; i < array_len(bad); i++)
		check_msg(str_int(bad[i], INT64_MIN, INT64_MAX, &v) == -EINVAL, "'%s'", bad[i]);
	check_int(str_int("99999999999999999999x", 0, 9, &v), -EINVAL);
	check_int(str_int("9223372036854775808", INT64_MIN, INT64_MAX, &v), -ERANGE);
	check_int(str_int("-9223372036854775809", INT64_MIN, INT64_MAX, &v), -ERANGE);
	check_int(str_int("99999999999999999999", INT64_MIN, INT64_MAX, &v), -ERANGE);
	check_int(str_int("10", 0, 9, &v), -ERANGE);
	check_int(str_int("-1", 0, 9, &v), -ERANGE);
	check_int(v, 7);
	check_int(str_int("9223372036854775807", INT64_MIN, INT64_MAX, &v), 0);
	check_int(v, INT64_MAX);
	check_int(str_int("-9223372036854775808", INT64_MIN, INT64_MAX, &v), 0);
	check(v == INT64_MIN);
	check_int(str_int("007", 0, 9, &v), 0);
	check_int(v, 7);
}

TEST(sizes_have_units_of_1024)
{
	static const struct {
		const char *s;
		int64_t v;
	} good[] = { { "0", 0 }, { "4096", 4096 }, { "4k", 4096 }, { "4K", 4096 },
		{ "16M", 16777216 }, { "1G", 1073741824 }, { "8191G", INT64_C(8191) << 30 } };
	static const char *const bad[] = { "", "k", "-1", "4kb", "4 k", "4KiB", "1T", "1.5M", "4kk",
		"0x4" };
	int64_t v = -1;

	for (size_t i = 0; i < array_len(good); i++) {
		check_msg(str_size(good[i].s, INT64_MAX, &v) == 0, "%s", good[i].s);
		check_int(v, good[i].v);
	}
	for (size_t i = 0; i < array_len(bad); i++)
		check_msg(str_size(bad[i], INT64_MAX, &v) == -EINVAL, "'%s'", bad[i]);
	check_int(str_size("1k", 1023, &v), -ERANGE);
	check_int(str_size("1k", 1024, &v), 0);
	check_int(str_size("8589934592G", INT64_MAX, &v), -ERANGE);
	check_int(str_size("99999999999999999999", INT64_MAX, &v), -ERANGE);
}

TEST(durations_are_milliseconds)
{
	static const struct {
		const char *s;
		int64_t ms;
	} good[] = { { "0", 0 }, { "1500", 1500 }, { "250ms", 250 }, { "30s", 30000 },
		{ "5m", 300000 }, { "2h", 7200000 }, { "30d", INT64_C(2592000000) } };
	static const char *const bad[] = { "", "s", "-1s", "1 s", "1.5s", "1S", "1min", "1h30m",
		"1w", "1sm", "99999999999999999999", "106751991168d" };
	int64_t ms = -1;

	for (size_t i = 0; i < array_len(good); i++) {
		check_msg(str_duration(good[i].s, &ms) == 0, "%s", good[i].s);
		check_int(ms, good[i].ms);
	}
	for (size_t i = 0; i < array_len(bad); i++)
		check_msg(str_duration(bad[i], &ms) == -EINVAL, "'%s'", bad[i]);
}

TEST(text_is_compared_and_trimmed)
{
	char a[] = " \t a b \r\n", b[] = "   ", c[] = "x";

	check(str_starts("ragchat", "rag") && str_starts("x", "") && !str_starts("ra", "rag"));
	check(str_ends("a.md", ".md") && str_ends("x", "") && !str_ends("md", ".md"));
	check(str_eq_case("Bearer", "bEARER") && !str_eq_case("a", "ab") &&
		!str_eq_case("ab", "a"));
	check(!str_eq_case("[", "{") && !str_eq_case("@", "`") && str_eq_case("", ""));
	check_str(str_trim(a), "a b");
	check_str(str_trim(b), "");
	check_str(str_trim(c), "x");
	check(str_equal_ct("abc", "abc", 3) && !str_equal_ct("abc", "abd", 3) &&
		str_equal_ct("a", "b", 0));
}

TEST(ids_are_random_and_well_formed)
{
	char a[UUID_LEN + 1], b[UUID_LEN + 1], hex[9];
	unsigned char zero[64] = { 0 }, random[64] = { 0 };

	uuid_v4(a);
	uuid_v4(b);
	check_int(strlen(a), UUID_LEN);
	check(uuid_valid(a) && uuid_valid(b) && strcmp(a, b) != 0);
	check(a[14] == '4' && strchr("89ab", a[19]));
	check(uuid_valid("6BA7B810-9dad-11d1-80b4-00c04fd430c8"));
	check(!uuid_valid("") && !uuid_valid("6ba7b8109dad11d180b400c04fd430c8"));
	check(!uuid_valid("6ba7b810-9dad-11d1-80b4-00c04fd430c") &&
		!uuid_valid("6ba7b810-9dad-11d1-80b4-00c04fd430c8a"));
	check(!uuid_valid("6ba7b810-9dad-11d1-80b4-00c04fd430cg") &&
		!uuid_valid("6ba7b810x9dad-11d1-80b4-00c04fd430c8"));
	check_int(rand_bytes(random, sizeof(random)), 0);
	check(memcmp(zero, random, sizeof(zero)) != 0);
	hex_encode("\x00\x7f\xab\xff", 4, hex);
	check_str(hex, "007fabff");
}

/* ---- sha256 ---- */

static const char *digest(const char *s, size_t n, size_t piece)
{
	static char hex[SHA256_HEX + 1];
	struct sha256 h;

	sha256_init(&h);
	for (size_t i = 0; i < n; i += piece)
		sha256_add(&h, s + i, n - i < piece ? n - i : piece);
	sha256_end_hex(&h, hex);
	return hex;
}

/* NIST, "Secure Hashing: examples with intermediate values" and the byte vectors of the CAVP. */
TEST(digests_are_those_of_nist)
{
	static const struct {
		const char *s, *hex;
	} cases[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
		  "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
			"cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
		{ "\xbd", "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b" },
	};

	for (size_t i = 0; i < array_len(cases); i++)
		for (size_t piece = 1; piece < 70; piece += 23)
			check_str(digest(cases[i].s, strlen(cases[i].s), piece), cases[i].hex);
}

TEST(a_million_letters_have_their_digest)
{
	char *million = mem_new(1000000);

	memset(million, 'a', 1000000);
	check_str(digest(million, 1000000, 4096),
		"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	mem_free(million);
}

TEST(padding_is_right_at_every_length)
{
	/* The digest of the digests of 0 to 299 letters, computed with Python's hashlib. */
	char text[300], all[300 * SHA256_HEX];

	memset(text, 'q', sizeof(text));
	for (size_t n = 0; n < 300; n++)
		memcpy(all + n * SHA256_HEX, digest(text, n, 17), SHA256_HEX);
	check_str(digest(all, sizeof(all), sizeof(all)),
		"32c5e91185e61484c1a6be9c54a142a3ca3d9802aafb695307a2d129aea63f82");
}

TEST_MAIN()
