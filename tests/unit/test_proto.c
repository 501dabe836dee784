/* The wire: what the scanner lets through, what messages and params mean, what is packed. */
#include <errno.h>
#include <float.h>
#include <math.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "proto/args.h"
#include "proto/errors.h"
#include "proto/limits.h"
#include "proto/msg.h"
#include "proto/pack.h"
#include "proto/scan.h"
#include "tests/unit/test.h"

static const struct scan_limits usual = {
	.frame = LIMIT_FRAME, .nodes = LIMIT_NODES, .depth = LIMIT_DEPTH
};

/* Helpers */

/* "93 02 'stream' 91": hex bytes, and quoted text for itself. */
static size_t bytes_of(const char *text, uint8_t *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	for (const char *c = text; *c; c++) {
		if (*c == '\'') {
			for (c++; *c != '\''; c++)
				out[n++] = (uint8_t)*c;
		} else if (*c != ' ') {
			out[n++] = (uint8_t)((strchr(digits, c[0]) - digits) << 4 |
				(strchr(digits, c[1]) - digits));
			c++;
		}
	}
	return n;
}

static enum scan_verdict scan_once(struct scan *s, const uint8_t *p, size_t n)
{
	scan_init(s);
	return scan_feed(s, p, n, &usual);
}

/* Scan and parse a whole frame. */
static int parse(struct msg *m, const uint8_t *p, size_t n, const char **why, bool *id_known)
{
	struct scan s;

	if (scan_once(&s, p, n) != SCAN_OK || s.at != n)
		abort();
	return msg_parse(m, p, n, why, id_known);
}

/* A parsed request whose params map is `map`, given as bytes_of text. */
static void parse_params(struct msg *m, const char *map)
{
	uint8_t frame[4096];
	const char *why;
	bool id_known;
	size_t n;

	n = bytes_of("94 00 07 a4 'test' 91", frame);
	n += bytes_of(map, frame + n);
	if (parse(m, frame, n, &why, &id_known))
		abort();
}

/* A notification packed with pack_* calls, read back: its params map. */
static struct val reread(struct msg *m, struct buf *out)
{
	const char *why;
	bool id_known;

	if (parse(m, out->data, out->len, &why, &id_known))
		return (struct val){ NULL };
	return m->params;
}

static char *json_of(struct val v)
{
	struct json_out w;
	struct buf out;
	char *s;

	buf_init(&out, 0);
	json_out_init(&w, &out);
	val_to_json(v, &w);
	s = buf_steal(&out, NULL);
	buf_fini(&out);
	return s;
}

/* The JSON text after a trip through a frame from the server (or from a client). */
static char *json_trip(const char *json, bool client)
{
	struct pack p;
	struct msg m;
	struct buf out;
	char *s;

	buf_init(&out, 0);
	msg_init(&m);
	if (client)
		pack_request(&p, &out, 1, "test");
	else
		pack_notification(&p, &out, "test");
	pack_key(&p, "v");
	pack_json(&p, json, strlen(json));
	if (pack_end(&p))
		abort();
	s = json_of(val_get(reread(&m, &out), "v"));
	msg_fini(&m);
	buf_fini(&out);
	return s;
}

/* The scanner */

static const struct {
	const char *bytes;
	enum scan_verdict verdict;
	size_t length;
	const char *why;
} scans[] = {
	{ "c0", SCAN_OK, 1, NULL },
	{ "00", SCAN_OK, 1, NULL },
	{ "7f", SCAN_OK, 1, NULL },
	{ "e0", SCAN_OK, 1, NULL },
	{ "ff", SCAN_OK, 1, NULL },
	{ "c2", SCAN_OK, 1, NULL },
	{ "c3", SCAN_OK, 1, NULL },
	{ "cc 01", SCAN_OK, 2, NULL },
	{ "cd 01 02", SCAN_OK, 3, NULL },
	{ "ce 01 02 03 04", SCAN_OK, 5, NULL },
	{ "cf 01 02 03 04 05 06 07 08", SCAN_OK, 9, NULL },
	{ "d0 01", SCAN_OK, 2, NULL },
	{ "d1 01 02", SCAN_OK, 3, NULL },
	{ "d2 01 02 03 04", SCAN_OK, 5, NULL },
	{ "d3 01 02 03 04 05 06 07 08", SCAN_OK, 9, NULL },
	{ "ca 01 02 03 04", SCAN_OK, 5, NULL },
	{ "cb 01 02 03 04 05 06 07 08", SCAN_OK, 9, NULL },
	{ "a0", SCAN_OK, 1, NULL },
	{ "a3 'abc'", SCAN_OK, 4, NULL },
	{ "d9 03 'abc'", SCAN_OK, 5, NULL },
	{ "da 00 03 'abc'", SCAN_OK, 6, NULL },
	{ "db 00 00 00 03 'abc'", SCAN_OK, 8, NULL },
	{ "c4 03 'abc'", SCAN_OK, 5, NULL },
	{ "c5 00 03 'abc'", SCAN_OK, 6, NULL },
	{ "c6 00 00 00 03 'abc'", SCAN_OK, 8, NULL },
	{ "80", SCAN_OK, 1, NULL },
	{ "90", SCAN_OK, 1, NULL },
	{ "81 a1 'k' 01", SCAN_OK, 4, NULL },
	{ "92 90 80", SCAN_OK, 3, NULL },
	{ "dc 00 02 01 02", SCAN_OK, 5, NULL },
	{ "dd 00 00 00 02 01 02", SCAN_OK, 7, NULL },
	{ "de 00 01 01 02", SCAN_OK, 5, NULL },
	{ "df 00 00 00 01 01 02", SCAN_OK, 7, NULL },
	{ "dd 00 00 00 00", SCAN_OK, 5, NULL },
	{ "c0 c1", SCAN_OK, 1, NULL }, /* what follows the object is the next one's */
	{ "93 01 93 01 02 03 80 c0", SCAN_OK, 7, NULL },

	{ "", SCAN_MORE, 0, NULL },
	{ "a3 'ab'", SCAN_MORE, 0, NULL },
	{ "db 00 00 00", SCAN_MORE, 0, NULL },
	{ "92 01", SCAN_MORE, 0, NULL },
	{ "81 a1 'k'", SCAN_MORE, 0, NULL },
	{ "cf 01 02 03", SCAN_MORE, 0, NULL },

	/* Five bytes for which msgpack-c would reserve 2, 4, 8, 103 and 206 GiB, or wait for 4. */
	{ "dd 04 00 00 00", SCAN_BAD, 0, "too large" },
	{ "df 04 00 00 00", SCAN_BAD, 0, "too large" },
	{ "dd 08 00 00 00", SCAN_BAD, 0, "too large" },
	{ "df 08 00 00 00", SCAN_BAD, 0, "too large" },
	{ "dd ff ff ff ff", SCAN_BAD, 0, "too large" },
	{ "df ff ff ff ff", SCAN_BAD, 0, "too large" },
	{ "dd ff 00 00 00", SCAN_BAD, 0, "too large" },
	{ "db ff ff ff ff", SCAN_BAD, 0, "too large" },
	{ "c6 ff ff ff ff", SCAN_BAD, 0, "too large" },
	{ "db 00 10 00 00", SCAN_BAD, 0, "too large" },
	{ "91 91 91 dd 08 00 00 00", SCAN_BAD, 0, "too large" },
	/* Fits the frame, not the memory that the objects would take. */
	{ "dd 00 08 00 00", SCAN_BAD, 0, "too many objects" },
	{ "df 00 04 00 00", SCAN_BAD, 0, "too many objects" },
	{ "dc ff ff", SCAN_BAD, 0, "too many objects" },
	{ "de ff ff", SCAN_BAD, 0, "too many objects" },

	{ "c1", SCAN_BAD, 0, "byte 0xc1" },
	{ "92 01 c1", SCAN_BAD, 0, "byte 0xc1" },
	{ "c7", SCAN_BAD, 0, "ext type" },
	{ "c8", SCAN_BAD, 0, "ext type" },
	{ "c9 ff ff ff ff 01", SCAN_BAD, 0, "ext type" },
	{ "d4 01 00", SCAN_BAD, 0, "ext type" },
	{ "d5", SCAN_BAD, 0, "ext type" },
	{ "d6", SCAN_BAD, 0, "ext type" },
	{ "d7", SCAN_BAD, 0, "ext type" },
	{ "d8", SCAN_BAD, 0, "ext type" },
};

TEST(scan_table_at_once)
{
	for (size_t i = 0; i < sizeof(scans) / sizeof(scans[0]); i++) {
		uint8_t p[64];
		const size_t n = bytes_of(scans[i].bytes, p);
		struct scan s;

		check_msg(scan_once(&s, p, n) == scans[i].verdict, "verdict on %s", scans[i].bytes);
		if (scans[i].verdict == SCAN_OK)
			check_msg(s.at == scans[i].length, "length of %s", scans[i].bytes);
		if (scans[i].verdict == SCAN_BAD)
			check_str(s.why, scans[i].why);
	}
}

/* Also shows that no verdict needs a byte behind it: every shorter piece says MORE. */
TEST(scan_table_byte_by_byte)
{
	for (size_t i = 0; i < sizeof(scans) / sizeof(scans[0]); i++) {
		uint8_t p[64];
		const size_t n = bytes_of(scans[i].bytes, p);
		enum scan_verdict verdict = SCAN_MORE;
		struct scan s;

		scan_init(&s);
		for (size_t have = 0; have <= n && verdict == SCAN_MORE; have++) {
			verdict = scan_feed(&s, p, have, &usual);
			if (verdict == SCAN_OK)
				check_int(have, scans[i].length);
		}
		check_msg(verdict == scans[i].verdict, "verdict on %s", scans[i].bytes);
	}
}

TEST(scan_of_a_frame_in_two_pieces_at_every_split)
{
	uint8_t p[256];
	const size_t n = bytes_of("94 00 cd 01 02 a3 'ask' 91 83 a4 'text' d9 22"
				  "'a question of thirty-four bytes ..' a3 'off' cf 00 00 00 01 00 00 00 00"
				  "a4 'list' dc 00 02 90 91 c4 02 c1 c1",
		p);

	for (size_t split = 0; split < n; split++) {
		struct scan s;

		scan_init(&s);
		check_int(scan_feed(&s, p, split, &usual), SCAN_MORE);
		check_int(scan_feed(&s, p, n, &usual), SCAN_OK);
		check_int(s.at, n);
	}
}

TEST(scan_depth_ends_at_the_limit)
{
	uint8_t p[SCAN_DEPTH_MAX + 2];
	struct scan s;

	memset(p, 0x91, sizeof(p));
	p[LIMIT_DEPTH] = 0xc0;
	check_int(scan_once(&s, p, LIMIT_DEPTH + 1), SCAN_OK);
	p[LIMIT_DEPTH] = 0x90; /* an empty array is a level, too */
	check_int(scan_once(&s, p, LIMIT_DEPTH + 1), SCAN_BAD);
	check_str(s.why, "too deep");

	/* A limit past what the scanner can hold is cut to that. */
	memset(p, 0x91, sizeof(p));
	scan_init(&s);
	check_int(scan_feed(&s, p, sizeof(p),
			  &(struct scan_limits){ .frame = 1000, .nodes = 1000, .depth = 500 }),
		SCAN_BAD);
	check_int(s.depth, SCAN_DEPTH_MAX);
}

TEST(scan_counts_depth_not_siblings)
{
	uint8_t p[1 + 15 * 3];
	struct scan s;

	p[0] = 0x9f;
	for (size_t i = 0; i < 15; i++)
		memcpy(p + 1 + 3 * i, "\x91\x91\x90", 3);
	scan_init(&s);
	check_int(scan_feed(&s, p, sizeof(p),
			  &(struct scan_limits){ .frame = 1000, .nodes = 1000, .depth = 4 }),
		SCAN_OK);
}

TEST(scan_nodes_and_frame_end_at_the_limit)
{
	const struct scan_limits tight = { .frame = 10, .nodes = 5, .depth = 3 };
	uint8_t p[16] = { 0x94 };
	struct scan s;

	scan_init(&s);
	check_int(scan_feed(&s, p, 5, &tight), SCAN_OK); /* 1 + 4 objects */
	p[0] = 0x95;
	scan_init(&s);
	check_int(scan_feed(&s, p, 1, &tight), SCAN_BAD);
	p[0] = 0xa9; /* 1 + 9 bytes */
	scan_init(&s);
	check_int(scan_feed(&s, p, 10, &tight), SCAN_OK);
	p[0] = 0xaa;
	scan_init(&s);
	check_int(scan_feed(&s, p, 1, &tight), SCAN_BAD);
	/* The array's four objects need a byte each: the first may take six of the ten. */
	check_int(bytes_of("94 a5", p), 2);
	scan_init(&s);
	check_int(scan_feed(&s, p, 2, &tight), SCAN_MORE);
	check_int(bytes_of("94 a6", p), 2);
	scan_init(&s);
	check_int(scan_feed(&s, p, 2, &tight), SCAN_BAD);
}

TEST(scan_takes_the_longest_frame_and_no_byte_more)
{
	uint8_t *p = calloc(1, LIMIT_FRAME + 1);
	struct scan s;

	memcpy(p, "\xdb\x00\x0f\xff\xfb", 5);
	check_int(scan_once(&s, p, LIMIT_FRAME - 1), SCAN_MORE);
	check_int(scan_feed(&s, p, LIMIT_FRAME, &usual), SCAN_OK);
	check_int(s.at, LIMIT_FRAME);
	p[4]++;
	check_int(scan_once(&s, p, LIMIT_FRAME + 1), SCAN_BAD);
	free(p);
}

/* Messages */

static const struct {
	const char *bytes;
	const char *why; /* NULL: a good message */
	bool id_known;
} messages[] = {
	{ "94 00 01 a4 'ping' 90", NULL, true },
	{ "94 00 01 a4 'ping' 91 80", NULL, true },
	{ "94 00 ce ff ff ff ff a4 'ping' 91 80", NULL, true },
	{ "94 00 d3 00 00 00 00 00 00 00 01 a4 'ping' 91 80", NULL, true },
	{ "93 02 a1 'x' 91 80", NULL, false },
	{ "93 02 b2 'nvim_error_event' '..' 92 00 a3 'bad'", NULL, false },
	{ "93 02 a1 'x' c0", NULL, false },
	{ "94 01 05 c0 80", NULL, true },
	{ "94 01 05 c0 c0", NULL, true },
	{ "94 01 05 80 c0", NULL, true },

	{ "c0", "not a message array", false },
	{ "90", "not a message array", false },
	{ "81 00 01", "not a message array", false },
	{ "91 a1 '0'", "not a message array", false },
	{ "94 03 01 a1 'x' 90", "unknown message type", false },
	{ "94 ff 01 a1 'x' 90", "unknown message type", false },
	{ "93 00 01 a1 'x'", "a request has 4 elements", false },
	{ "95 00 01 a1 'x' 90 c0", "a request has 4 elements", false },
	{ "94 00 ff a1 'x' 90", "the message id is not an unsigned 32-bit integer", false },
	{ "94 00 a1 '1' a1 'x' 90", "the message id is not an unsigned 32-bit integer", false },
	{ "94 00 cf 00 00 00 01 00 00 00 00 a1 'x' 90",
		"the message id is not an unsigned 32-bit integer", false },
	{ "94 00 cf ff ff ff ff ff ff ff ff a1 'x' 90",
		"the message id is not an unsigned 32-bit integer", false },
	{ "94 00 01 07 90", "the method is not a str", true },
	{ "94 00 01 c4 01 'x' 90", "the method is not a str", true },
	{ "94 00 01 a0 90", "the method's name is empty or too long", true },
	{ "94 00 01 a1 'x' c0", "the params are not an array of one map", true },
	{ "94 00 01 a1 'x' 80", "the params are not an array of one map", true },
	{ "94 00 01 a1 'x' 91 c0", "the params are not an array of one map", true },
	{ "94 00 01 a1 'x' 92 80 80", "the params are not an array of one map", true },
	{ "93 01 05 c0", "a response has 4 elements", false },
	{ "95 01 05 c0 80 80", "a response has 4 elements", false },
	{ "94 01 c0 c0 80", "the message id is not an unsigned 32-bit integer", false },
	{ "94 01 05 a3 'bad' c0", "the error is neither a map nor nil", true },
	{ "94 01 05 c0 01", "the result is neither a map nor nil", true },
	{ "94 02 a1 'x' 91 80 c0", "a notification has 3 elements", false },
	{ "93 02 01 91 80", "the method is not a str", false },
};

TEST(message_table)
{
	struct msg m;

	msg_init(&m);
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		uint8_t p[64];
		const size_t n = bytes_of(messages[i].bytes, p);
		const char *why;
		bool id_known;
		int r;

		r = parse(&m, p, n, &why, &id_known);
		check_msg(r == (messages[i].why ? -EBADMSG : 0), "%s: %d", messages[i].bytes, r);
		check_msg(id_known == messages[i].id_known, "%s: id known", messages[i].bytes);
		if (messages[i].why)
			check_str(why, messages[i].why);
		else
			check(why == NULL);
	}
	msg_fini(&m);
}

TEST(method_names_end_at_their_limit)
{
	uint8_t p[256] = { 0x94, 0x00, 0x01, 0xd9, LIMIT_METHOD };
	const char *why;
	struct msg m;
	bool id_known;

	msg_init(&m);
	memset(p + 5, 'm', LIMIT_METHOD + 1);
	p[5 + LIMIT_METHOD] = 0x90;
	check_int(parse(&m, p, 6 + LIMIT_METHOD, &why, &id_known), 0);
	check_int(m.method_len, LIMIT_METHOD);
	p[4]++;
	p[5 + LIMIT_METHOD] = 'm';
	p[6 + LIMIT_METHOD] = 0x90;
	check_int(parse(&m, p, 7 + LIMIT_METHOD, &why, &id_known), -EBADMSG);
	check(id_known);
	msg_fini(&m);
}

TEST(message_fields_are_read)
{
	uint8_t p[128];
	const char *why;
	struct msg m;
	bool id_known;
	size_t n;

	msg_init(&m);
	n = bytes_of("94 00 cd 01 02 a3 'ask' 91 81 a4 'text' a2 'hi'", p);
	check_int(parse(&m, p, n, &why, &id_known), 0);
	check_int(m.type, MSG_REQUEST);
	check_int(m.id, 258);
	check_mem(m.method, m.method_len, "ask", 3);
	check(val_str_is(val_get(m.params, "text"), "hi"));

	n = bytes_of("94 00 03 a4 'ping' 90", p);
	check_int(parse(&m, p, n, &why, &id_known), 0);
	check(!val_present(m.params));
	check(!val_present(val_get(m.params, "text")));

	n = bytes_of("94 01 04 81 a4 'code' 06 c0", p);
	check_int(parse(&m, p, n, &why, &id_known), 0);
	check_int(m.type, MSG_RESPONSE);
	check_int(val_get_int(m.error, "code", 0), 6);
	check(!val_present(m.result));

	n = bytes_of("94 01 04 c0 81 a3 'off' 05", p);
	check_int(parse(&m, p, n, &why, &id_known), 0);
	check(!val_present(m.error));
	check_int(val_get_int(m.result, "off", 0), 5);

	/* What a foreign notification carries in another shape is dropped. */
	n = bytes_of("93 02 a5 'nv.im' 92 00 a3 'bad'", p);
	check_int(parse(&m, p, n, &why, &id_known), 0);
	check_int(m.type, MSG_NOTIFICATION);
	check(!val_present(m.params));
	msg_fini(&m);
	msg_fini(&m); /* harmless */
}

TEST(bytes_behind_the_object_are_refused)
{
	uint8_t p[32];
	const char *why;
	struct msg m;
	bool id_known;
	size_t n;

	msg_init(&m);
	n = bytes_of("94 00 01 a4 'ping' 90 c0", p);
	check_int(msg_parse(&m, p, n, &why, &id_known), -EBADMSG);
	check_str(why, "not one MessagePack object");
	check_int(msg_parse(&m, p, 3, &why, &id_known), -EBADMSG);
	check_int(msg_parse(&m, p, n - 1, &why, &id_known), 0); /* and the msg is good for more */
	msg_fini(&m);
}

/* Values */

TEST(values_of_every_type_are_told_apart)
{
	static const struct {
		const char *key;
		enum val_type type;
	} want[] = { { "n", VAL_NIL }, { "b", VAL_BOOL }, { "i", VAL_INT }, { "m", VAL_INT },
		{ "f", VAL_FLOAT }, { "g", VAL_FLOAT }, { "s", VAL_STR }, { "d", VAL_BIN },
		{ "a", VAL_ARRAY }, { "o", VAL_MAP }, { "none", VAL_NONE } };
	struct msg m;

	msg_init(&m);
	parse_params(&m, "8a a1 'n' c0 a1 'b' c3 a1 'i' 05 a1 'm' fb a1 'f' cb 3f f8 00 00 00 00 00 00"
			 "a1 'g' ca 3f c0 00 00 a1 's' a2 'hi' a1 'd' c4 01 ff a1 'a' 92 01 02"
			 "a1 'o' 81 a1 'k' 07");
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		check_msg(val_type(val_get(m.params, want[i].key)) == want[i].type, "type of %s",
			want[i].key);
	check_int(val_count(m.params), 10);
	check(val_str_is(val_key_at(m.params, 1), "b"));
	check_int(val_count(val_get(m.params, "a")), 2);
	check_int(val_count(val_get(m.params, "s")), 0);
	check(!val_present(val_at(val_get(m.params, "a"), 2)));
	check(!val_present(val_key_at(val_get(m.params, "a"), 0)));
	msg_fini(&m);
}

TEST(getters_are_total)
{
	const struct val none = { NULL };
	const char *s = "kept";
	const void *p;
	int64_t i = 9;
	double d = 9;
	bool b;
	size_t n;
	struct msg m;
	char *text;

	msg_init(&m);
	parse_params(&m, "86 a1 'i' d0 80 a1 'u' cf ff ff ff ff ff ff ff ff a1 't' a3 'abc' a1 'b' c3"
			 "a1 'f' ca 3f c0 00 00 a1 't' a5 'later'");
	check(!val_str(none, &s, &n) && !val_bin(none, &p, &n) && !val_int(none, &i));
	check(!val_bool(none, &b) && !val_float(none, &d) && !val_str_is(none, ""));
	check(!val_present(val_get(none, "x")) && !val_present(val_at(none, 0)));
	check_str(s, "kept");
	check_int(val_get_int(m.params, "i", 0), -128);
	check_int(val_get_int(m.params, "u", 42), 42); /* past int64 */
	check_int(val_get_int(m.params, "t", 42), 42);
	check_int(val_get_int(m.params, "none", 42), 42);
	check(val_get_bool(m.params, "b", false) && val_get_bool(m.params, "i", true));
	check(val_get_float(m.params, "f", 0) == 1.5);
	check(val_get_float(m.params, "i", 0) == -128);
	check(val_get_float(m.params, "u", 0) == 18446744073709551615.0);
	text = val_get_text(m.params, "t"); /* the first of duplicates */
	check_str(text, "abc");
	mem_free(text);
	check(val_get_text(m.params, "i") == NULL);
	msg_fini(&m);
}

TEST(values_become_json)
{
	struct msg m;
	char *json;

	msg_init(&m);
	parse_params(&m, "8a a1 'n' c0 a1 'b' c2 a1 'u' cf ff ff ff ff ff ff ff ff a1 'i' fb"
			 "a1 'f' cb 3f f0 00 00 00 00 00 00 a1 's' a3 'a\"b' a1 'd' c4 04 01 02 03 ff"
			 "a1 'e' c4 00 a1 'a' 92 01 80 07 01");
	json = json_of(m.params);
	check_str(json, "{\"n\":null,\"b\":false,\"u\":18446744073709551615,\"i\":-5,\"f\":1.0,"
			"\"s\":\"a\\\"b\",\"d\":\"AQID/w==\",\"e\":\"\",\"a\":[1,{}]}");
	mem_free(json);
	json = json_of((struct val){ NULL });
	check_str(json, "null");
	mem_free(json);
	msg_fini(&m);
}

TEST(long_keys_become_json)
{
	char key[300], want[320], json_want[340];
	struct pack p;
	struct msg m;
	struct buf out;
	char *json;

	memset(key, 'k', sizeof(key));
	snprintf(want, sizeof(want), "%.*s", (int)sizeof(key), key);
	snprintf(json_want, sizeof(json_want), "{\"%s\":1}", want);
	buf_init(&out, 0);
	msg_init(&m);
	pack_notification(&p, &out, "x");
	pack_kv_int(&p, want, 1);
	check_int(pack_end(&p), 0);
	json = json_of(reread(&m, &out));
	check_str(json, json_want);
	mem_free(json);
	msg_fini(&m);
	buf_fini(&out);
}

/* Params */

TEST(args_that_fit_are_read)
{
	struct arg_str text, key;
	struct args a;
	struct msg m;
	const void *p;
	char *copy;
	size_t n;

	msg_init(&m);
	parse_params(&m, "86 a4 'text' a3 'hi!' a5 'limit' 05 a4 'live' c3 a4 'data' c4 02 00 ff"
			 "a7 'options' 80 a3 'key' c0");
	a = args_of(&m);
	text = args_str(&a, "text", ARG_NEEDED, 1, 3);
	key = args_str(&a, "key", ARG_OPTIONAL, 1, 64);
	check_mem(text.s, text.n, "hi!", 3);
	check(!key.s && !args_dup(key));
	copy = args_dup(text);
	check_str(copy, "hi!");
	mem_free(copy);
	check_int(args_int(&a, "limit", 1, 200, 50), 5);
	check_int(args_int(&a, "off", 0, INT64_MAX, 7), 7);
	check_int(args_int_needed(&a, "limit", 5, 5), 5);
	check(args_bool(&a, "live", false) && args_bool(&a, "stream", true));
	check(args_bin(&a, "data", 2, &p, &n));
	check_mem(p, n, "\0\xff", 2);
	check_int(val_type(args_val(&a, "options", VAL_MAP)), VAL_MAP);
	check(!val_present(args_val(&a, "tags", VAL_ARRAY)));
	check(args_ok(&a));
	msg_fini(&m);
}

TEST(args_say_what_is_wrong)
{
	struct msg m;
	const void *p;
	size_t n;

	msg_init(&m);
	parse_params(&m, "8b a4 'text' a3 61 ff 62 a3 'nul' a3 61 00 62 a5 'empty' a0 a3 'key' a5 'abcde'"
			 "a5 'limit' cd 03 e8 a3 'off' ff a3 'big' cf ff ff ff ff ff ff ff ff"
			 "a4 'live' 01 a4 'data' a1 'x' a4 'long' c4 03 'abc' a7 'options' 90");
#define refused(call, words)                                                                       \
	do {                                                                                       \
		struct args a = args_of(&m);                                                       \
		(void)(call);                                                                      \
		check(!args_ok(&a));                                                               \
		check_str(a.why, words);                                                           \
	} while (0)
	refused(args_str(&a, "none", ARG_NEEDED, 1, 9), "none is missing");
	refused(args_str(&a, "limit", ARG_NEEDED, 1, 9), "limit must be a str");
	refused(args_str(&a, "data", ARG_NEEDED, 2, 9), "data is shorter than 2 bytes");
	refused(args_str(&a, "empty", ARG_OPTIONAL, 1, 9), "empty is empty");
	refused(args_str(&a, "key", ARG_OPTIONAL, 1, 4), "key is longer than 4 bytes");
	refused(args_str(&a, "text", ARG_NEEDED, 1, 9), "text is not valid UTF-8");
	refused(args_str(&a, "nul", ARG_NEEDED, 1, 9), "nul contains a NUL character");
	refused(args_int(&a, "limit", 1, 200, 50), "limit must be 1..200");
	refused(args_int(&a, "off", 0, INT64_MAX, 0), "off must be 0 or more");
	refused(args_int(&a, "big", 0, INT64_MAX, 0), "big must be 0 or more");
	refused(args_int(&a, "live", 5, 9, 5), "live must be 5..9");
	refused(args_int(&a, "text", 0, 9, 0), "text must be an int");
	refused(args_int_needed(&a, "none", 0, 9), "none is missing");
	refused(args_bool(&a, "live", false), "live must be a bool");
	refused(args_bin(&a, "data", 9, &p, &n), "data must be a bin");
	refused(args_bin(&a, "none", 9, &p, &n), "none is missing");
	refused(args_bin(&a, "long", 2, &p, &n), "long is longer than 2 bytes");
	refused(args_val(&a, "options", VAL_MAP), "options must be a map");
	refused(args_val(&a, "text", VAL_ARRAY), "text must be a list");
#undef refused
	check(!p && !n);
	msg_fini(&m);
}

TEST(the_first_wrong_arg_is_the_one_named)
{
	struct args a;
	struct msg m;

	msg_init(&m);
	parse_params(&m, "80");
	a = args_of(&m);
	args_str(&a, "text", ARG_NEEDED, 1, 9);
	check_int(args_int_needed(&a, "off", 3, 9), 3);
	check_str(a.why, "text is missing");
	msg_fini(&m);
}

TEST(long_args_are_copied_whole)
{
	char text[10000], *copy;

	memset(text, 'x', sizeof(text));
	copy = args_dup((struct arg_str){ text, sizeof(text) });
	check_int(strlen(copy), sizeof(text));
	mem_free(copy);
	copy = args_dup((struct arg_str){ text, 0 });
	check_str(copy, "");
	mem_free(copy);
}

/* The packer. The bytes are spelled out, so that nothing of ours checks itself. */

#define check_frame(out, text)                                                                     \
	do {                                                                                       \
		uint8_t want_[1024];                                                               \
		const size_t n_ = bytes_of(text, want_);                                           \
		check_mem((out).data, (out).len, want_, n_);                                       \
	} while (0)

TEST(frames_are_minimal)
{
	struct pack p;
	struct buf out;

	buf_init(&out, 0);
	pack_request(&p, &out, 1, "hello");
	pack_key(&p, "protocol");
	pack_array(&p);
	pack_int(&p, 1);
	pack_int(&p, 1);
	pack_close(&p);
	check_int(pack_end(&p), 0);
	check_frame(out, "94 00 01 a5 'hello' 91 81 a8 'protocol' 92 01 01");

	buf_reset(&out);
	pack_notification(&p, &out, "stream");
	pack_kv_text(&p, "kind", "delta");
	pack_kv_int(&p, "off", 300);
	pack_kv_str(&p, "text", "hi", 2);
	check_int(pack_end(&p), 0);
	check_frame(out, "93 02 a6 'stream' 91 83 a4 'kind' a5 'delta' a3 'off' cd 01 2c a4 'text' a2 'hi'");

	buf_reset(&out);
	pack_response(&p, &out, 4294967295u);
	check_int(pack_end(&p), 0);
	check_frame(out, "94 01 ce ff ff ff ff c0 80");
	buf_fini(&out);
}

TEST(frames_queue_behind_each_other)
{
	struct pack p;
	struct buf out;

	buf_init(&out, 0);
	pack_response(&p, &out, 1);
	check_int(pack_end(&p), 0);
	pack_response(&p, &out, 2);
	pack_kv_bool(&p, "ok", true);
	check_int(pack_end(&p), 0);
	check_frame(out, "94 01 01 c0 80 94 01 02 c0 81 a2 'ok' c3");
	buf_fini(&out);
}

TEST(errors_carry_code_name_and_sentence)
{
	struct pack p;
	struct buf out;

	buf_init(&out, 0);
	pack_error_begin(&p, &out, 7, PROTO_E_NOT_FOUND, "no thread 'x'", -1);
	check_int(pack_end(&p), 0);
	check_frame(out, "94 01 07 83 a4 'code' 06 a4 'name' a9 'not_found' a7 'message' ad 'no thread ' 27 'x' 27"
			 "c0");
	buf_reset(&out);
	pack_error_begin(&p, &out, 7, PROTO_E_BUSY, NULL, 250);
	pack_key(&p, "data");
	pack_map(&p);
	pack_kv_int(&p, "max", 64);
	check_int(pack_end(&p), 0);
	check_frame(out, "94 01 07 85 a4 'code' 0a a4 'name' a4 'busy' a7 'message'"
			 "d9 20 'a queue is full, try again later' a8 'retry_ms' cc fa"
			 "a4 'data' 81 a3 'max' 40 c0");
	buf_fini(&out);
}

TEST(numbers_take_their_shortest_form)
{
	static const struct {
		int64_t v;
		const char *bytes;
	} want[] = { { 0, "00" }, { 127, "7f" }, { 128, "cc 80" }, { 255, "cc ff" }, { 256, "cd 01 00" },
		{ 65535, "cd ff ff" }, { 65536, "ce 00 01 00 00" }, { UINT32_MAX, "ce ff ff ff ff" },
		{ 4294967296, "cf 00 00 00 01 00 00 00 00" },
		{ 9007199254740991, "cf 00 1f ff ff ff ff ff ff" }, { -1, "ff" }, { -32, "e0" },
		{ -33, "d0 df" }, { -128, "d0 80" }, { -129, "d1 ff 7f" }, { -32768, "d1 80 00" },
		{ -32769, "d2 ff ff 7f ff" }, { INT32_MIN, "d2 80 00 00 00" },
		{ -2147483649, "d3 ff ff ff ff 7f ff ff ff" },
		{ -9007199254740991, "d3 ff e0 00 00 00 00 00 01" },
		/* JavaScript and Lua would round these as ints, so they are sent rounded. */
		{ 9007199254740992, "cb 43 40 00 00 00 00 00 00" },
		{ INT64_MIN, "cb c3 e0 00 00 00 00 00 00" } };
	struct pack p;
	struct buf out;

	buf_init(&out, 0);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		char frame[128];

		buf_reset(&out);
		pack_notification(&p, &out, "n");
		pack_kv_int(&p, "v", want[i].v);
		check_int(pack_end(&p), 0);
		snprintf(frame, sizeof(frame), "93 02 a1 'n' 91 81 a1 'v' %s", want[i].bytes);
		check_frame(out, frame);
	}
	buf_fini(&out);
}

TEST(a_clients_integers_of_64_bits_pass)
{
	struct pack p;
	struct buf out;

	buf_init(&out, 0);
	pack_request(&p, &out, 0, "r");
	pack_kv_int(&p, "a", INT64_MIN);
	pack_key(&p, "b");
	pack_uint(&p, UINT64_MAX);
	check_int(pack_end(&p), 0);
	check_frame(out, "94 00 00 a1 'r' 91 82 a1 'a' d3 80 00 00 00 00 00 00 00"
			 "a1 'b' cf ff ff ff ff ff ff ff ff");
	buf_fini(&out);
}

TEST(other_values)
{
	struct pack p;
	struct buf out;

	buf_init(&out, 0);
	pack_notification(&p, &out, "v");
	pack_kv_float(&p, "f", 1.5);
	pack_kv_float(&p, "nan", NAN);
	pack_kv_float(&p, "inf", -INFINITY);
	pack_kv_text(&p, "nil", NULL);
	pack_kv_text_opt(&p, "left out", NULL);
	pack_kv_int_opt(&p, "left out", -1);
	pack_kv_text_opt(&p, "in", "");
	pack_kv_int_opt(&p, "0", 0);
	pack_kv_bool(&p, "b", false);
	pack_key(&p, "bin");
	pack_bin(&p, "\0\1", 2);
	check_int(pack_end(&p), 0);
	check_frame(out, "93 02 a1 'v' 91 88 a1 'f' cb 3f f8 00 00 00 00 00 00 a3 'nan' c0 a3 'inf' c0"
			 "a3 'nil' c0 a2 'in' a0 a1 '0' 00 a1 'b' c2 a3 'bin' c4 02 00 01");
	buf_fini(&out);
}

/* str lengths around each head, and what is read back is what was packed. */
TEST(texts_and_bins_of_all_sizes_come_back)
{
	static const size_t sizes[] = { 0, 1, 31, 32, 255, 256, 65535, 65536, 300000 };
	char *text = malloc(300000);
	struct pack p;
	struct msg m;
	struct buf out;

	memset(text, 'x', 300000);
	buf_init(&out, 0);
	msg_init(&m);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct val map;
		const char *s;
		const void *b;
		size_t n;

		buf_reset(&out);
		pack_notification(&p, &out, "t");
		pack_kv_str(&p, "s", text, sizes[i]);
		pack_key(&p, "b");
		pack_bin(&p, text, sizes[i]);
		check_int(pack_end(&p), 0);
		map = reread(&m, &out);
		check(val_get_str(map, "s", &s, &n));
		check_mem(s, n, text, sizes[i]);
		check(val_bin(val_get(map, "b"), &b, &n));
		check_mem(b, n, text, sizes[i]);
	}
	msg_fini(&m);
	buf_fini(&out);
	free(text);
}

TEST(what_is_not_utf8_is_replaced)
{
	struct pack p;
	struct buf out;
	char long_text[300];

	buf_init(&out, 0);
	pack_notification(&p, &out, "t");
	pack_kv_str(&p, "s", "a\xff" "b", 3);
	pack_kv_str(&p, "n", "a\0b", 3);
	pack_kv_str(&p, "c", "ab\xe2\x82", 4);
	check_int(pack_end(&p), 0);
	check_frame(out, "93 02 a1 't' 91 83 a1 's' a5 'a' ef bf bd 'b' a1 'n' a5 'a' ef bf bd 'b'"
			 "a1 'c' a5 'ab' ef bf bd");

	/* 300 wrong bytes are 900 right ones: the head is that of the text as it became. */
	memset(long_text, 0xff, sizeof(long_text));
	buf_reset(&out);
	pack_notification(&p, &out, "t");
	pack_kv_str(&p, "s", long_text, sizeof(long_text));
	check_int(pack_end(&p), 0);
	check_int(out.len, 8 + 3 + 900);
	check_mem(out.data + 8, 6, "\xda\x03\x84\xef\xbf\xbd", 6);
	buf_fini(&out);
}

/* A map or array changes its head at 16 elements, wherever it lies in others. */
TEST(maps_and_arrays_of_any_count_come_back)
{
	static const unsigned counts[] = { 0, 1, 14, 15, 16, 17, 31, 32, 300, 4000 };
	struct pack p;
	struct msg m;
	struct buf out;

	buf_init(&out, 0);
	msg_init(&m);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		const unsigned n = counts[i];
		struct val map, list;

		buf_reset(&out);
		pack_notification(&p, &out, "c");
		pack_key(&p, "outer");
		pack_array(&p);
		for (unsigned k = 0; k < 20; k++) {
			pack_map(&p);
			pack_kv_int(&p, "k", k);
			pack_close(&p);
		}
		pack_close(&p);
		pack_key(&p, "list");
		pack_array(&p);
		for (unsigned k = 0; k < n; k++)
			pack_int(&p, k);
		pack_close(&p);
		pack_key(&p, "map");
		pack_map(&p);
		for (unsigned k = 0; k < n; k++) {
			char key[16];

			snprintf(key, sizeof(key), "k%u", k);
			pack_kv_int(&p, key, k);
		}
		check_int(pack_end(&p), 0); /* closes what is open */
		map = reread(&m, &out);
		check_int(val_count(map), 3);
		check_int(val_count(val_get(map, "outer")), 20);
		check_int(val_get_int(val_at(val_get(map, "outer"), 19), "k", -1), 19);
		list = val_get(map, "list");
		check_int(val_count(list), n);
		check_int(val_count(val_get(map, "map")), n);
		for (unsigned k = 0; k < n; k++) {
			int64_t v = -1;

			check(val_int(val_at(list, k), &v) && v == k);
			check(val_int(val_at(val_get(map, "map"), k), &v) && v == k);
		}
	}
	msg_fini(&m);
	buf_fini(&out);
}

TEST(a_map_that_grows_past_fifteen_around_open_ones)
{
	struct pack p;
	struct msg m;
	struct buf out;
	struct val map;

	buf_init(&out, 0);
	msg_init(&m);
	pack_response(&p, &out, 1);
	for (unsigned k = 0; k < 18; k++) {
		char key[16];

		snprintf(key, sizeof(key), "k%u", k);
		pack_key(&p, key);
		pack_array(&p);
		for (unsigned i = 0; i <= k; i++)
			pack_int(&p, i);
		pack_close(&p);
	}
	check_int(pack_end(&p), 0);
	check_mem(out.data, 7, "\x94\x01\x01\xc0\xde\x00\x12", 7);
	(void)reread(&m, &out);
	map = m.result;
	check_int(val_count(map), 18);
	for (unsigned k = 0; k < 18; k++)
		check_int(val_count(val_at(map, k)), k + 1);
	msg_fini(&m);
	buf_fini(&out);
}

TEST(a_frame_past_the_bufs_cap_is_taken_out_and_said)
{
	static const char text[200] = { 'x' };
	struct pack p;
	struct buf out;

	buf_init(&out, 100);
	pack_response(&p, &out, 1);
	check_int(pack_end(&p), 0);
	check(!out.failed);
	pack_response(&p, &out, 2);
	pack_kv_str(&p, "text", text, sizeof(text));
	pack_map(&p); /* and whatever comes after it is harmless */
	pack_key(&p, "k");
	pack_array(&p);
	pack_close(&p);
	pack_close(&p);
	pack_json(&p, "{\"a\":[1]}", 9);
	check_int(pack_end(&p), -ENOBUFS);
	check(out.failed);
	pack_response(&p, &out, 3); /* what is small still fits, such as the reason of a close */
	check_int(pack_end(&p), 0);
	check(out.failed);
	check_frame(out, "94 01 01 c0 80 94 01 03 c0 80");
	buf_fini(&out);
}

/* What a receiver's scanner would refuse is never sent. */
TEST(frames_past_the_wires_limits_are_given_up)
{
	char *text = malloc(LIMIT_FRAME);
	struct pack p;
	struct scan s;
	struct buf out;

	memset(text, 'x', LIMIT_FRAME);
	buf_init(&out, 0);
	pack_notification(&p, &out, "f");
	pack_kv_str(&p, "t", text, LIMIT_FRAME - 13);
	check_int(pack_end(&p), 0);
	check_int(out.len, LIMIT_FRAME);
	check_int(scan_once(&s, out.data, out.len), SCAN_OK);
	buf_reset(&out);
	pack_notification(&p, &out, "f");
	pack_kv_str(&p, "t", text, LIMIT_FRAME - 12);
	check_int(pack_end(&p), -EMSGSIZE);
	check_int(out.len, 0);
	check(!out.failed);
	memset(text, 0xff, LIMIT_FRAME);
	pack_notification(&p, &out, "f");
	pack_kv_str(&p, "t", text, LIMIT_FRAME / 2);
	check_int(pack_end(&p), -EMSGSIZE);
	free(text);

	for (int more = 0; more <= 1; more++) {
		buf_reset(&out);
		pack_notification(&p, &out, "n");
		pack_key(&p, "list");
		pack_array(&p);
		/* frame, type, method, params, map, key, list */
		for (int i = 0; i < LIMIT_NODES - 7 + more; i++)
			pack_nil(&p);
		check_int(pack_end(&p), more ? -EMSGSIZE : 0);
		if (!more)
			check_int(scan_once(&s, out.data, out.len), SCAN_OK);
	}

	for (int more = 0; more <= 1; more++) {
		buf_reset(&out);
		pack_notification(&p, &out, "d");
		for (int i = 0; i < LIMIT_DEPTH - 3 + more; i++) {
			pack_key(&p, "k");
			pack_map(&p);
		}
		check_int(pack_end(&p), more ? -EMSGSIZE : 0);
		if (!more)
			check_int(scan_once(&s, out.data, out.len), SCAN_OK);
	}
	buf_fini(&out);
}

/* How a handler ends a page: rows until half of the frame is used, in bytes or in objects. */
TEST(a_page_ends_when_its_frame_is_half_full)
{
	char *text = calloc(1, 1 << 20);
	unsigned rows;
	struct pack p;
	struct buf out;

	memset(text, 'x', 1 << 20);
	buf_init(&out, 0);
	pack_response(&p, &out, 1);
	check(!pack_half_full(&p));
	pack_key(&p, "rows");
	pack_array(&p);
	for (rows = 0; !pack_half_full(&p); rows++)
		pack_str(&p, text, 1 << 17);
	check_int(rows, 4); /* 4 x 128 KiB and what is around them */
	check_int(pack_end(&p), 0);

	buf_reset(&out);
	pack_response(&p, &out, 1);
	pack_key(&p, "rows");
	pack_array(&p);
	for (rows = 0; !pack_half_full(&p); rows++)
		pack_nil(&p);
	check_int(rows, LIMIT_NODES / 2 + 1 - 7);
	check_int(pack_end(&p), 0);
	buf_fini(&out);
	free(text);
}

TEST(values_are_copied_as_they_are)
{
	static const char params[] =
		"88 a1 'n' c0 a1 'b' c3 a1 'i' d1 80 00 a1 'f' cb 3f f8 00 00 00 00 00 00 a1 's' a2 'hi'"
		"a1 'd' c4 01 ff a1 'a' 92 01 90 a1 'o' 81 a1 'k' 07";
	char frame[512];
	struct pack p;
	struct msg m;
	struct buf out;

	buf_init(&out, 0);
	msg_init(&m);
	parse_params(&m, params);
	pack_notification(&p, &out, "c");
	pack_key(&p, "copy");
	pack_val(&p, m.params);
	pack_key(&p, "none");
	pack_val(&p, val_get(m.params, "none"));
	check_int(pack_end(&p), 0);
	snprintf(frame, sizeof(frame), "93 02 a1 'c' 91 82 a4 'copy' %s a4 'none' c0", params);
	check_frame(out, frame);
	msg_fini(&m);
	buf_fini(&out);
}

TEST(a_copied_maps_other_keys_are_left_out)
{
	struct pack p;
	struct msg m;
	struct buf out;

	buf_init(&out, 0);
	msg_init(&m);
	parse_params(&m, "83 01 02 a1 'k' cf ff ff ff ff ff ff ff ff c4 01 'k' 03");
	pack_notification(&p, &out, "c");
	pack_key(&p, "v");
	pack_val(&p, m.params);
	check_int(pack_end(&p), 0);
	check_frame(out, "93 02 a1 'c' 91 81 a1 'v' 81 a1 'k' cb 43 f0 00 00 00 00 00 00");
	msg_fini(&m);
	buf_fini(&out);
}

TEST(a_copy_too_deep_ends_in_nil)
{
	uint8_t frame[64] = { 0x94, 0x00, 0x01, 0xa1, 'r', 0x91, 0x81, 0xa1, 'v' };
	const char *why;
	struct pack p;
	struct msg m;
	struct buf out;
	struct scan s;
	bool id_known;

	msg_init(&m);
	buf_init(&out, 0);
	memset(frame + 9, 0x91, LIMIT_DEPTH - 3);
	frame[9 + LIMIT_DEPTH - 3] = 0x05;
	check_int(parse(&m, frame, 9 + LIMIT_DEPTH - 3 + 1, &why, &id_known), 0);
	pack_notification(&p, &out, "c");
	pack_key(&p, "one");
	pack_map(&p);
	pack_key(&p, "deeper");
	pack_val(&p, val_get(m.params, "v"));
	check_int(pack_end(&p), 0);
	check_int(scan_once(&s, out.data, out.len), SCAN_OK);
	check_int(out.data[out.len - 2], 0x91);
	check_int(out.data[out.len - 1], 0xc0);
	msg_fini(&m);
	buf_fini(&out);
}

/* JSON */

TEST(json_goes_through_a_frame_and_back)
{
	static const char *const texts[] = { "null", "true", "false", "0", "-1", "12345678901", "1.5",
		"1.0", "-0.25", "\"\"", "\"a\\\"b\\\\c\\nd\"", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x99\x82\"",
		"[]", "{}", "[1,[2,[3,[]]],{\"a\":{\"b\":null}}]",
		"{\"a\":1,\"b\":[true,false,null],\"\":\"x\",\"\xc3\xa4\":-3.5}",
		"[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19]", "9007199254740991",
		"-9007199254740991" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (int client = 0; client <= 1; client++) {
			char *back = json_trip(texts[i], client);

			check_str(back, texts[i]);
			mem_free(back);
		}
}

TEST(json_is_made_fit_for_the_wire)
{
	static const struct {
		const char *in, *server, *client;
	} want[] = {
		{ " [ 1 , 2 ] ", "[1,2]", "[1,2]" },
		{ "\"\\u00e4\\u0000\\ud800\"", "\"\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\"",
			"\"\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "{\"a\\u0041\":1}", "{\"aA\":1}", "{\"aA\":1}" },
		{ "18446744073709551615", "1.8446744073709552e+19", "18446744073709551615" },
		{ "-9223372036854775808", "-9.223372036854775808e+18", "-9223372036854775808" },
		{ "1e400", "null", "null" },
		/* What is no JSON is nil as a whole. */
		{ "", "null", "null" },
		{ "{\"a\":", "null", "null" },
		{ "[1,2", "null", "null" },
		{ "[1] x", "null", "null" },
		{ "nul", "null", "null" },
		/* Deeper than a frame may be. */
		{ "[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]", "null", "null" },
	};

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		for (int client = 0; client <= 1; client++) {
			const char *text = client ? want[i].client : want[i].server;
			char *back = json_trip(want[i].in, client);

			/* A float has several right spellings: there the value counts. */
			if (client || !strchr(text, '+'))
				check_str(back, text);
			else
				check_msg(strtod(back, NULL) == strtod(text, NULL), "%s is %s",
					want[i].in, back);
			mem_free(back);
		}
}

TEST(json_inside_an_array_counts_once)
{
	struct pack p;
	struct buf out;

	buf_init(&out, 0);
	pack_notification(&p, &out, "j");
	pack_key(&p, "l");
	pack_array(&p);
	pack_json(&p, "{\"a\":[1,", 8); /* invalid: one nil, and no half of it */
	pack_json(&p, "{\"a\":[1,2]}", 11);
	check_int(pack_end(&p), 0);
	check_frame(out, "93 02 a1 'j' 91 81 a1 'l' 92 c0 81 a1 'a' 92 01 02");
	buf_fini(&out);
}

/* Errors */

TEST(errors_are_named)
{
	check_str(proto_error_name(PROTO_E_NOT_FOUND), "not_found");
	check_str(proto_error_text(PROTO_E_UNAUTHENTICATED), "log in first");
	check_int(proto_error_exit(PROTO_E_NOT_FOUND), 3);
	check_int(proto_error_exit(PROTO_E_UPSTREAM_UNREACHABLE), 69);
	/* Codes of a newer server, and what is no code at all. */
	check_str(proto_error_name(9999), "unknown");
	check_str(proto_error_name(0), "unknown");
	check_str(proto_error_name(-1), "unknown");
	check_int(proto_error_exit(9999), 1);
}

TEST_MAIN()
