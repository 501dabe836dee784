/*
 * The scanner against msgpack-c: whatever it accepts msgpack-c accepts, too, with the same length;
 * every shorter piece says MORE; fed in pieces it says the same as fed at once.
 * The first byte chooses the limits and the size of the pieces, the rest is the stream.
 */
#include <stdlib.h>

#include <msgpack.h>

#include "proto/limits.h"
#include "proto/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(cond) \
	do { \
		if (!(cond)) \
			abort(); \
	} while (0)

static void same_in_pieces(const struct scan *whole, enum scan_verdict verdict, const uint8_t *p,
	size_t n, size_t step, const struct scan_limits *limits)
{
	enum scan_verdict got = SCAN_MORE;
	struct scan s;
	size_t have = 0;

	scan_init(&s);
	while (got == SCAN_MORE && have < n) {
		have = n - have < step ? n : have + step;
		got = scan_feed(&s, p, have, limits);
		/* No verdict comes before the bytes that it rests on. */
		if (got == SCAN_OK)
			must(have >= whole->at);
	}
	must(got == verdict || (!n && verdict == SCAN_MORE));
	must(got != SCAN_OK || s.at == whole->at);
}

static void accepted_by_msgpack(const uint8_t *p, size_t len)
{
	msgpack_object root;
	msgpack_zone zone;
	size_t off = 0;

	must(msgpack_zone_init(&zone, 4096));
	must(msgpack_unpack((const char *)p, len, &off, &zone, &root) == MSGPACK_UNPACK_SUCCESS);
	must(off == len);
	msgpack_zone_destroy(&zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scan_limits limits = {
		.frame = LIMIT_FRAME, .nodes = LIMIT_NODES, .depth = LIMIT_DEPTH
	};
	enum scan_verdict verdict;
	struct scan s, piece;
	size_t step;

	if (!size)
		return 0;
	step = 1 + (data[0] & 15);
	if (data[0] & 16)
		limits = (struct scan_limits){ .frame = 64, .nodes = 12, .depth = 4 };
	data++;
	size--;

	scan_init(&s);
	verdict = scan_feed(&s, data, size, &limits);
	same_in_pieces(&s, verdict, data, size, step, &limits);
	if (verdict == SCAN_BAD)
		must(s.why != NULL);
	if (verdict == SCAN_MORE)
		must(s.at <= size && size < limits.frame);
	if (verdict != SCAN_OK)
		return 0;

	must(s.at > 0 && s.at <= size && s.at <= limits.frame && s.nodes <= limits.nodes);
	accepted_by_msgpack(data, s.at);
	for (size_t n = 0; n < s.at; n += 1 + n / 16) {
		scan_init(&piece);
		must(scan_feed(&piece, data, n, &limits) == SCAN_MORE);
	}
	return 0;
}
