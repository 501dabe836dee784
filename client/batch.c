/* Lists of requests, and lists of their answers. */
#include "client/batch.h"

#include <string.h>

#include "client/json_call.h"
#include "common/mem.h"

#define LINE_KEEP (256u << 10) /* bytes that stay for the next message */

void batch_unref(struct batch *batch, struct stdio *io)
{
	if (!batch || --batch->left)
		return;
	if (batch->out.len) {
		(void)buf_add_byte(&batch->out, ']');
		stdio_emit(io, &batch->out);
	}
	buf_fini(&batch->out);
	mem_free(batch);
}

static bool add(struct batch *batch, const struct buf *answer, bool force)
{
	if (!force && batch->out.len + answer->len > BATCH_MAX)
		return false;
	(void)buf_add_byte(&batch->out, batch->out.len ? ',' : '[');
	(void)buf_add(&batch->out, answer->data, answer->len);
	return true;
}

void message_begin(struct json_out *w, struct buf *line, const char *id)
{
	buf_reset(line);
	json_out_init(w, line);
	json_out_object(w);
	json_out_key(w, "jsonrpc");
	json_out_str(w, "2.0");
	if (id) {
		json_out_key(w, "id");
		json_out_raw(w, id, strlen(id));
	}
}

bool message_end(struct json_out *w, struct batch *batch, struct stdio *io, bool force)
{
	bool fits = true;

	json_out_object_end(w);
	if (batch)
		fits = add(batch, w->out, force);
	else
		stdio_emit(io, w->out);
	buf_shrink(w->out, LINE_KEEP);
	return fits;
}

static size_t take_list(struct stdio *io, const char *message, size_t n, batch_take_fn *take, void *ctx)
{
	struct batch *batch = mem_new(sizeof(*batch));
	struct json j;
	struct json_slice raw;
	size_t items = 0;

	batch->left = 1;
	json_init(&j, message, n, CALL_DEPTH);
	if (json_array(&j))
		for (; json_item(&j) && json_raw(&j, &raw); items++)
			take(ctx, batch, raw.p, raw.n);
	batch_unref(batch, io);
	return items;
}

int batch_read(struct stdio *io, const char *message, size_t n, batch_take_fn *take, void *ctx, const char **why)
{
	struct json j;
	bool list;

	json_init(&j, message, n, CALL_DEPTH);
	list = json_peek(&j) == JSON_ARRAY;
	*why = "it is not valid JSON";
	if (!json_skip(&j) || json_end(&j))
		return RPC_PARSE;
	if (!list) {
		take(ctx, NULL, message, n);
		return 0;
	}
	*why = "the batch is empty";
	return take_list(io, message, n, take, ctx) ? 0 : RPC_INVALID;
}
