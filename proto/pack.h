/*
 * Writers of frames into a buf. Maps and arrays are counted by the packer: open, write, close.
 * A frame that would pass the buf's cap leaves buf.failed set; one that would pass LIMIT_FRAME,
 * LIMIT_NODES or LIMIT_DEPTH, and so be refused by its receiver, is given up, too. Check once, with
 * pack_end.
 * What the wire does not allow is never sent: in a str what is not UTF-8, and NUL, become U+FFFD;
 * in responses and notifications an int past +-(2^53-1) becomes a float; a float that is not
 * finite becomes nil.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "proto/val.h"

#define PACK_DEPTH 16

struct pack {
	struct buf *out;
	size_t start;                 /* offset of the frame in out */
	unsigned depth;
	struct { size_t at; uint32_t n; bool map; } open[PACK_DEPTH];
	/* private */
	int r;                        /* the first failure; nothing is written after it */
	uint32_t nodes;
	uint8_t base;                 /* levels that the head has opened before open[0] */
	bool wide;                    /* a client's frame: ints of 64 bits pass */
	bool nil_after;               /* an error response: the result is still to come */
};

/* Frame heads. After request and notification heads the params map is open: write pairs, then pack_end. */
void pack_request(struct pack *p, struct buf *out, uint32_t id, const char *method);
void pack_hello(struct buf *out, uint32_t id, const char *client); /* the first request of a connection, whole */
void pack_notification(struct pack *p, struct buf *out, const char *method);
/* After the response head the result map is open. */
void pack_response(struct pack *p, struct buf *out, uint32_t id);
/*
 * An error response: its name is that of errors.def, so is the sentence when message is NULL;
 * retry_ms < 0: none. Between this and pack_end the caller may add the key "data" with a map.
 */
void pack_error_begin(struct pack *p, struct buf *out, uint32_t id, int code, const char *message, int64_t retry_ms);
/*
 * Closes all. On error the frame was taken out of the buf again:
 * -ENOBUFS, -ENOMEM: the buf took no more, and says so in its `failed`;
 * -EMSGSIZE: past a limit of the wire. The buf is as before: say it in a smaller frame.
 */
int pack_end(struct pack *p);

void pack_map(struct pack *p);         /* open */
void pack_array(struct pack *p);       /* open */
void pack_close(struct pack *p);       /* the innermost map or array */
void pack_key(struct pack *p, const char *key);
void pack_key_n(struct pack *p, const char *key, size_t n);
unsigned pack_levels(const struct pack *p); /* how many more maps and arrays may be opened */
bool pack_half_full(const struct pack *p);  /* in bytes or objects: time to end a page */
void pack_str(struct pack *p, const char *s, size_t n);
void pack_text(struct pack *p, const char *s); /* NULL packs nil */
void pack_bin(struct pack *p, const void *data, size_t n);
void pack_int(struct pack *p, int64_t v);
void pack_uint(struct pack *p, uint64_t v);
void pack_bool(struct pack *p, bool v);
void pack_float(struct pack *p, double v);
void pack_nil(struct pack *p);
void pack_val(struct pack *p, struct val v);   /* copy a decoded value; absent packs nil */
/*
 * Any JSON text as MessagePack. A number without fraction and exponent is an int when 64 bits hold
 * it, else a float. Invalid JSON, and JSON nested deeper than the frame allows, packs nil.
 */
void pack_json(struct pack *p, const char *json, size_t n);

/* key and value in one; the *_opt forms leave the pair out when the value is NULL or < 0. */
void pack_kv_text(struct pack *p, const char *key, const char *s);
void pack_kv_text_opt(struct pack *p, const char *key, const char *s);
void pack_kv_str(struct pack *p, const char *key, const char *s, size_t n);
void pack_kv_int(struct pack *p, const char *key, int64_t v);
void pack_kv_int_opt(struct pack *p, const char *key, int64_t v);
void pack_kv_bool(struct pack *p, const char *key, bool v);
void pack_kv_float(struct pack *p, const char *key, double v);
