/*
 * One frame decoded: request [0, id, method, [map]], response [1, id, error, result],
 * notification [2, method, [map]]. Views live until the next msg_parse with the same msg, or
 * msg_fini, whatever becomes of the bytes that were parsed; so does the memory, which is why a whole
 * loop or link shares one msg. A notification whose params have another shape has none here.
 * Source: the MessagePack-RPC specification; what is narrower here is in PROTOCOL.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/val.h"

enum msg_type { MSG_REQUEST, MSG_RESPONSE, MSG_NOTIFICATION };

struct msg {
	enum msg_type type;
	uint32_t id;            /* requests and responses */
	const char *method;     /* requests and notifications; not NUL-terminated */
	size_t method_len;
	struct val params;      /* the map; absent when params is an empty array */
	struct val error;       /* responses: a map, or absent when nil */
	struct val result;
	struct msg_zone *zone;  /* private, reused */
};

void msg_init(struct msg *m);
void msg_fini(struct msg *m);
/*
 * p[0..n) is exactly one object that scan_feed accepted. 0, or -EBADMSG with *why (static text).
 * -ENOMEM. A bad request still has its id when *id_known says so, so that it can be answered.
 */
int msg_parse(struct msg *m, const uint8_t *p, size_t n, const char **why, bool *id_known);
