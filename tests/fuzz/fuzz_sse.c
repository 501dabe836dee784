/*
 * Server-sent events: any bytes, fed whole and in pieces whose sizes the input decides, must give
 * the same events and the same verdict, and leave nothing behind.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "daemon/upstream/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_EVENT 300

static int on_event(void *ctx, const char *name, size_t name_len, const char *data, size_t n)
{
	struct buf *log = ctx;

	/* No data line ends a line, and a name is what a line can hold. */
	if (n && (memchr(data, '\r', n) || name_len > 64))
		abort();
	buf_add(log, &name_len, sizeof(name_len));
	buf_add(log, name, name_len);
	buf_add(log, &n, sizeof(n));
	buf_add(log, data, n);
	return n == 4 && !memcmp(data, "stop", 4) ? 5 : 0;
}

static int feed(const char *s, size_t n, const uint8_t *steps, size_t nsteps, struct buf *log)
{
	struct sse sse;
	size_t at = 0, i = 0;
	int r = 0;

	sse_init(&sse, MAX_EVENT);
	while (r == 0 && at < n) {
		size_t k = nsteps ? 1 + steps[i++ % nsteps] % 32 : n;

		k = k < n - at ? k : n - at;
		r = sse_feed(&sse, s + at, k, on_event, log);
		at += k;
	}
	if (r == 0)
		r = sse_end(&sse, on_event, log);
	sse_fini(&sse);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = { 0 }, cut = { 0 };
	size_t nsteps = size ? data[0] % 8 : 0;
	const char *s;
	int a, b;

	if (size < 1 + nsteps)
		return 0;
	s = (const char *)data + 1 + nsteps;
	a = feed(s, size - 1 - nsteps, NULL, 0, &whole);
	b = feed(s, size - 1 - nsteps, data + 1, nsteps, &cut);
	if (a != b || whole.len != cut.len ||
		(whole.len && memcmp(whole.data, cut.data, whole.len)))
		abort();
	buf_fini(&whole);
	buf_fini(&cut);
	return 0;
}
