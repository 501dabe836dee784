/*
 * Frames to messages. msgpack-c decodes into a zone that is cleared and reused; its streaming
 * unpacker is not used, because it sizes its buffers by what the peer claims.
 */
#include "proto/msg.h"

#include <errno.h>
#include <string.h>

#include <msgpack.h>

#include "common/mem.h"
#include "proto/limits.h"

#define ZONE_CHUNK 4096 /* a usual message takes well under 2 KiB of it */

struct msg_zone {
	msgpack_zone zone;
	msgpack_object root;
};

void msg_init(struct msg *m)
{
	*m = (struct msg){ 0 };
}

void msg_fini(struct msg *m)
{
	if (m->zone)
		msgpack_zone_destroy(&m->zone->zone);
	mem_free(m->zone);
	*m = (struct msg){ 0 };
}

/* Made with the first frame: whoever never speaks costs nothing. */
static int zone_ready(struct msg *m)
{
	struct msg_zone *z = m->zone;

	if (z) {
		msgpack_zone_clear(&z->zone);
		return 0;
	}
	z = mem_try(sizeof(*z));
	if (!z)
		return -ENOMEM;
	if (!msgpack_zone_init(&z->zone, ZONE_CHUNK)) {
		mem_free(z);
		return -ENOMEM;
	}
	m->zone = z;
	return 0;
}

/*
 * 0, or -ENOMEM, or -EBADMSG. msgpack-c's strings point into what it was given, so that is a copy
 * in the zone: the caller's buffer may move at once.
 */
static int decode(struct msg *m, const uint8_t *p, size_t n)
{
	size_t off = 0;
	char *copy;
	int r;

	r = zone_ready(m);
	if (r)
		return r;
	copy = msgpack_zone_malloc_no_align(&m->zone->zone, n);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, p, n);
	switch (msgpack_unpack(copy, n, &off, &m->zone->zone, &m->zone->root)) {
	case MSGPACK_UNPACK_SUCCESS:
		return off == n ? 0 : -EBADMSG;
	case MSGPACK_UNPACK_NOMEM_ERROR:
		return -ENOMEM;
	default:
		return -EBADMSG;
	}
}

static bool id_read(struct msg *m, struct val v)
{
	int64_t id;

	if (!val_int(v, &id) || id < 0 || id > UINT32_MAX)
		return false;
	m->id = (uint32_t)id;
	return true;
}

static const char *method_read(struct msg *m, struct val v)
{
	if (!val_str(v, &m->method, &m->method_len))
		return "the method is not a str";
	if (!m->method_len || m->method_len > LIMIT_METHOD)
		return "the method's name is empty or too long";
	return NULL;
}

static bool params_read(struct msg *m, struct val v)
{
	if (val_type(v) != VAL_ARRAY || val_count(v) > 1)
		return false;
	if (val_count(v) == 1 && val_type(val_at(v, 0)) != VAL_MAP)
		return false;
	m->params = val_at(v, 0);
	return true;
}

/* nil leaves *out absent. */
static bool map_or_nil(struct val *out, struct val v)
{
	if (val_type(v) == VAL_MAP)
		*out = v;
	return val_type(v) == VAL_MAP || val_type(v) == VAL_NIL;
}

static const char *request_read(struct msg *m, struct val frame, bool *id_known)
{
	const char *why;

	m->type = MSG_REQUEST;
	if (val_count(frame) != 4)
		return "a request has 4 elements";
	*id_known = id_read(m, val_at(frame, 1));
	if (!*id_known)
		return "the message id is not an unsigned 32-bit integer";
	why = method_read(m, val_at(frame, 2));
	if (why)
		return why;
	return params_read(m, val_at(frame, 3)) ? NULL : "the params are not an array of one map";
}

static const char *response_read(struct msg *m, struct val frame, bool *id_known)
{
	m->type = MSG_RESPONSE;
	if (val_count(frame) != 4)
		return "a response has 4 elements";
	*id_known = id_read(m, val_at(frame, 1));
	if (!*id_known)
		return "the message id is not an unsigned 32-bit integer";
	if (!map_or_nil(&m->error, val_at(frame, 2)))
		return "the error is neither a map nor nil";
	if (!map_or_nil(&m->result, val_at(frame, 3)))
		return "the result is neither a map nor nil";
	return NULL;
}

/*
 * Params of another shape are dropped, not refused: editors answer a notification that they do not
 * know with one of their own, [2, "nvim_error_event", [0, "..."]], and that must stay harmless.
 */
static const char *notification_read(struct msg *m, struct val frame)
{
	m->type = MSG_NOTIFICATION;
	if (val_count(frame) != 3)
		return "a notification has 3 elements";
	(void)params_read(m, val_at(frame, 2));
	return method_read(m, val_at(frame, 1));
}

static const char *frame_read(struct msg *m, struct val frame, bool *id_known)
{
	int64_t type;

	if (val_type(frame) != VAL_ARRAY || !val_int(val_at(frame, 0), &type))
		return "not a message array";
	switch (type) {
	case 0:
		return request_read(m, frame, id_known);
	case 1:
		return response_read(m, frame, id_known);
	case 2:
		return notification_read(m, frame);
	default:
		return "unknown message type";
	}
}

int msg_parse(struct msg *m, const uint8_t *p, size_t n, const char **why, bool *id_known)
{
	int r;

	*m = (struct msg){ .zone = m->zone };
	*why = NULL;
	*id_known = false;
	r = decode(m, p, n);
	if (r) {
		*why = r == -ENOMEM ? "out of memory" : "not one MessagePack object";
		return r;
	}
	*why = frame_read(m, (struct val){ &m->zone->root }, id_known);
	return *why ? -EBADMSG : 0;
}
