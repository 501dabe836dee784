/*
 * How fast answers are read: SSE framing, JSON, clean UTF-8, status lines, the delta given out, for
 * chunks of the size and shape that hosted models send (306 bytes). Beside it what the machine can
 * do at all with these bytes: copy them.
 *
 * Prints "NAME NUMBER" lines, medians of 30 rounds, in units per second of CPU time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/buf.h"
#include "common/mem.h"
#include "daemon/upstream/body.h"

#define ROUNDS 30
#define EVENTS 20000
#define PIECE 16384 /* bytes of one read */

static size_t got;

static void on_delta(void *ctx, const char *s, size_t n)
{
	(void)ctx;
	(void)s;
	got += n;
}

static const struct upstream_events events = { .on_delta = on_delta };

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void stream_make(struct buf *b)
{
	for (int i = 0; i < EVENTS; i++) {
		char event[512];
		int n = snprintf(event, sizeof(event),
			"data: "
			"{\"id\":\"chatcmpl-AB1cD2eF3gH4iJ5kL6mN7oP8qR9sT\",\"object\":\"chat."
			"completion.chunk\","
			"\"created\":1731628800,\"model\":\"gpt-4o-mini-2024-07-18\",\"service_"
			"tier\":\"default\","
			"\"system_fingerprint\":\"fp_0ba0d124f1\",\"choices\":[{\"index\":0,"
			"\"delta\":{\"content\":\" t%05d\"},"
			"\"logprobs\":null,\"finish_reason\":null}],\"obfuscation\":\"",
			i);

		/* Filled up to 304 bytes and the end of the event. */
		while (n < 302)
			event[n++] = 'x';
		event[n++] = '"';
		event[n++] = '}';
		event[n++] = '\n';
		event[n++] = '\n';
		buf_add(b, event, (size_t)n);
	}
	buf_add_str(b, "data: "
		       "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}"
		       "\n\ndata: [DONE]\n\n");
}

static double round_read(const struct buf *b, struct buf *scratch)
{
	struct dialect_options o = { .inline_think = true };
	struct body body;
	double start = cpu_seconds();
	char *text;

	got = 0;
	body_init(&body, &o, 16 << 20, &events, NULL, scratch);
	for (size_t at = 0; at < b->len; at += PIECE)
		(void)body_feed(
			&body, (const char *)b->data + at, min_of(b->len - at, (size_t)PIECE));
	body_end(&body);
	if (body_verdict(&body, &text) != UPSTREAM_OK || got != (size_t)EVENTS * 7) {
		fprintf(stderr, "the answer came out wrong: %zu bytes\n", got);
		exit(1);
	}
	body_fini(&body);
	return EVENTS / (cpu_seconds() - start);
}

static int on_event(void *ctx, const char *name, size_t name_len, const char *data, size_t n)
{
	(void)ctx;
	(void)name;
	(void)name_len;
	(void)data;
	got += n > 0;
	return 0;
}

/* The framing alone. */
static double round_split(const struct buf *b)
{
	struct sse s;
	double start = cpu_seconds();

	sse_init(&s, 16 << 20);
	for (size_t at = 0; at < b->len; at += PIECE)
		(void)sse_feed(&s, (const char *)b->data + at, min_of(b->len - at, (size_t)PIECE),
			on_event, NULL);
	sse_fini(&s);
	return EVENTS / (cpu_seconds() - start);
}

static double round_copy(const struct buf *b, char *to)
{
	double start = cpu_seconds();

	for (size_t at = 0; at < b->len; at += PIECE) {
		memcpy(to, b->data + at, min_of(b->len - at, (size_t)PIECE));
		__asm__ volatile("" : : "r"(to) : "memory");
	}
	return EVENTS / (cpu_seconds() - start);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), by_value);
	return (v[ROUNDS / 2 - 1] + v[ROUNDS / 2]) / 2;
}

int main(void)
{
	double full[ROUNDS], framing[ROUNDS], copy[ROUNDS], a, c;
	struct buf b = { 0 }, scratch = { 0 };
	char *to = mem_new(PIECE);

	stream_make(&b);
	round_read(&b, &scratch); /* warm */
	for (int i = 0; i < ROUNDS; i++) {
		full[i] = round_read(&b, &scratch);
		framing[i] = round_split(&b);
		copy[i] = round_copy(&b, to);
	}
	a = median(full);
	c = median(copy);
	printf("sse_events_per_cpu_second %.0f\n", a);
	printf("sse_framing_events_per_cpu_second %.0f\n", median(framing));
	printf("memcpy_events_per_cpu_second %.0f\n", c);
	printf("memcpy_ratio %.1f\n", c / a);
	buf_fini(&b);
	buf_fini(&scratch);
	mem_free(to);
	return 0;
}
