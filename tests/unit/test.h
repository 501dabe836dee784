/*
 * Unit tests as stories: `TEST(slow_reader_is_skipped) { check(...); }` and TEST_MAIN() at the end.
 * Each test prints "ok NAME" or "not ok NAME: file:line: what"; the exit status is the number of failures.
 * With an argument only tests whose name contains it run.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

static struct test *test_first, **test_tail = &test_first;
static const char *test_now;
static bool test_bad;

#define TEST(id)                                                                                   \
	static void test_##id(void);                                                               \
	__attribute__((constructor)) static void test_add_##id(void)                               \
	{                                                                                          \
		static struct test t = { #id, test_##id, NULL };                                   \
		*test_tail = &t;                                                                   \
		test_tail = &t.next;                                                               \
	}                                                                                          \
	static void test_##id(void)

#define check_msg(cond, ...)                                                                       \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			printf("not ok %s: %s:%d: ", test_now, __FILE__, __LINE__);                \
			printf(__VA_ARGS__);                                                       \
			printf("\n");                                                              \
			test_bad = true;                                                           \
			return;                                                                    \
		}                                                                                  \
	} while (0)
#define check(cond) check_msg(cond, "%s", #cond)
#define check_int(a, b)                                                                            \
	do {                                                                                       \
		long long a_ = (long long)(a), b_ = (long long)(b);                                \
		check_msg(a_ == b_, "%s is %lld, wanted %lld", #a, a_, b_);                        \
	} while (0)
#define check_str(a, b)                                                                            \
	do {                                                                                       \
		const char *a_ = (a), *b_ = (b);                                                   \
		check_msg(a_ && b_ && !strcmp(a_, b_), "%s is '%s', wanted '%s'", #a,              \
			a_ ? a_ : "(null)", b_ ? b_ : "(null)");                                   \
	} while (0)
#define check_mem(a, an, b, bn)                                                                    \
	check_msg((size_t)(an) == (size_t)(bn) && !memcmp((a), (b), (bn)),                         \
		"%s is '%.*s' (%zu), wanted '%.*s' (%zu)", #a, (int)(an), (const char *)(a),       \
		(size_t)(an), (int)(bn), (const char *)(b), (size_t)(bn))

#define TEST_MAIN()                                                                                \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		int failed = 0;                                                                    \
		setvbuf(stdout, NULL, _IOLBF, 0);                                                  \
		for (struct test *t = test_first; t; t = t->next) {                                \
			if (argc > 1 && !strstr(t->name, argv[1]))                                 \
				continue;                                                          \
			test_now = t->name;                                                        \
			test_bad = false;                                                          \
			t->run();                                                                  \
			if (test_bad)                                                              \
				failed++;                                                          \
			else                                                                       \
				printf("ok %s\n", t->name);                                        \
		}                                                                                  \
		return failed > 125 ? 125 : failed;                                                \
	}
