/*
 * A connection's way through the wire's code with any bytes: scan, parse, read params, print as
 * JSON, copy into a frame of our own. That frame passes the scanner and says the same again.
 */
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "proto/args.h"
#include "proto/limits.h"
#include "proto/msg.h"
#include "proto/pack.h"
#include "proto/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(cond) \
	do { \
		if (!(cond)) \
			abort(); \
	} while (0)

static const struct scan_limits limits = {
	.frame = LIMIT_FRAME, .nodes = LIMIT_NODES, .depth = LIMIT_DEPTH
};

static void args_read(const struct msg *m)
{
	struct args a = args_of(m);
	struct arg_str text, key;
	const void *p;
	char *copy;
	size_t n;

	text = args_str(&a, "text", ARG_NEEDED, 1, LIMIT_PROMPT);
	key = args_str(&a, "key", ARG_OPTIONAL, 1, LIMIT_KEY);
	must(args_int(&a, "limit", 1, LIMIT_PAGE, 50) <= LIMIT_PAGE);
	must(args_int_needed(&a, "off", 0, INT64_MAX) >= 0);
	(void)args_bool(&a, "stream", true);
	(void)args_bin(&a, "data", LIMIT_CHUNK, &p, &n);
	must(n <= LIMIT_CHUNK && (p || !n));
	(void)args_val(&a, "options", VAL_MAP);
	must(args_ok(&a) || a.why[0]);
	must(key.n <= LIMIT_KEY);
	copy = args_dup(text);
	must(!copy || strlen(copy) == text.n);
	mem_free(copy);
}

static void json_of(struct val v, struct buf *json)
{
	struct json_out w;

	buf_reset(json);
	json_out_init(&w, json);
	val_to_json(v, &w);
}

/* A frame with a copy of v, by pack_val or by way of JSON, is whole, sane and read again as *back.
 */
static bool sent(struct buf *frame, const struct buf *json, struct val v, struct msg *back)
{
	const char *why;
	struct pack p;
	struct scan s;
	bool id_known;

	buf_reset(frame);
	pack_request(&p, frame, 1, "copy");
	pack_key(&p, "v");
	if (json)
		pack_json(&p, (const char *)json->data, json->len);
	else
		pack_val(&p, v);
	if (pack_end(&p)) {
		must(!frame->len); /* grew past a limit: U+FFFD is longer than what it replaces */
		return false;
	}
	scan_init(&s);
	must(scan_feed(&s, frame->data, frame->len, &limits) == SCAN_OK && s.at == frame->len);
	must(!msg_parse(back, frame->data, frame->len, &why, &id_known));
	return true;
}

static void copies_say_the_same(struct val v)
{
	struct buf json, again, frame;
	struct msg m;
	struct json j;

	buf_init(&json, 0);
	buf_init(&again, 0);
	buf_init(&frame, 0);
	msg_init(&m);
	/* The first copy makes it clean: bad UTF-8, other keys, what is nested too deep. */
	if (sent(&frame, NULL, v, &m)) {
		json_of(val_get(m.params, "v"), &json);
		json_init(&j, (const char *)json.data, json.len, 64);
		must(json_skip(&j) && !json_end(&j));
		if (sent(&frame, &json, v, &m)) {
			json_of(val_get(m.params, "v"), &again);
			must(json.len == again.len && !memcmp(json.data, again.data, json.len));
		}
	}
	msg_fini(&m);
	buf_fini(&frame);
	buf_fini(&again);
	buf_fini(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct msg m;
	size_t at = 0;

	msg_init(&m);
	while (at < size) {
		const char *why;
		struct scan s;
		bool id_known;

		scan_init(&s);
		if (scan_feed(&s, data + at, size - at, &limits) != SCAN_OK)
			break;
		if (!msg_parse(&m, data + at, s.at, &why, &id_known)) {
			args_read(&m);
			copies_say_the_same(m.params);
			copies_say_the_same(m.result);
			copies_say_the_same(m.error);
		} else {
			must(why != NULL);
		}
		at += s.at;
	}
	msg_fini(&m);
	return 0;
}
