/*
 * Any bytes as the input of the bridge: both framings give the same messages however the bytes are cut,
 * and what a message says as params is packed whole or not at all, and reads back as it was.
 */
#include <stdlib.h>
#include <string.h>

#include "client/framing.h"
#include "client/json_wire.h"
#include "common/mem.h"
#include "proto/limits.h"
#include "proto/msg.h"
#include "proto/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define require(cond) \
	do { \
		if (!(cond)) \
			abort(); \
	} while (0)

static const struct scan_limits limits = { LIMIT_FRAME, LIMIT_NODES, LIMIT_DEPTH };

static void as_params(const char *method, const char *json, size_t n)
{
	struct buf frame;
	struct pack p;
	struct scan scan;
	struct msg m;
	const char *why = NULL;
	bool id_known;
	int r;

	buf_init(&frame, LIMIT_FRAME);
	pack_request(&p, &frame, 7, method);
	r = json_wire_params(&p, method, json, n, &why);
	require((r == 0) == (why == NULL));
	if (!r && pack_end(&p) == 0) {
		scan_init(&scan);
		require(scan_feed(&scan, frame.data, frame.len, &limits) == SCAN_OK && scan.at == frame.len);
		msg_init(&m);
		require(msg_parse(&m, frame.data, frame.len, &why, &id_known) == 0);
		msg_fini(&m);
	}
	buf_fini(&frame);
}

/* Everything that comes of the input, cut into steps of `step` bytes, joined. */
static void run(enum framing_mode mode, const uint8_t *data, size_t size, size_t step, struct buf *out)
{
	struct framing f;
	const char *message;
	enum framing_result r = FRAMING_MORE;
	size_t n;

	framing_init(&f, mode);
	for (size_t at = 0; at < size && r != FRAMING_BROKEN; at += step) {
		size_t piece = size - at < step ? size - at : step;
		uint8_t *room = framing_room(&f, piece);

		require(room);
		memcpy(room, data + at, piece);
		framing_read(&f, piece);
		while ((r = framing_next(&f, &message, &n)) == FRAMING_MESSAGE || r == FRAMING_LARGE) {
			buf_addf(out, "%d:", (int)r);
			if (r == FRAMING_MESSAGE)
				buf_add(out, message, n);
			buf_add_byte(out, 0);
		}
	}
	buf_addf(out, "%s", r == FRAMING_BROKEN ? "broken" : "");
	if (r != FRAMING_BROKEN && framing_rest(&f, &message, &n))
		buf_add(out, message, n);
	framing_fini(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t steps[] = { 1, 3, 64 };

	for (int mode = FRAMING_LSP; mode <= FRAMING_LINES; mode++) {
		struct buf whole, cut;

		buf_init(&whole, 0);
		run((enum framing_mode)mode, data, size, size ? size : 1, &whole);
		for (size_t i = 0; i < 3; i++) {
			buf_init(&cut, 0);
			run((enum framing_mode)mode, data, size, steps[i], &cut);
			require(cut.len == whole.len && (!cut.len || !memcmp(cut.data, whole.data, cut.len)));
			buf_fini(&cut);
		}
		buf_fini(&whole);
	}
	as_params("ask", (const char *)data, size);
	as_params("doc.chunk", (const char *)data, size);
	return 0;
}
