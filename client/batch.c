/* Lists of requests, and lists of their answers. */
#include "client/batch.h"

#include "client/json_call.h"
#include "common/json.h"
#include "common/mem.h"

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

bool batch_add(struct batch *batch, const struct buf *answer, bool force)
{
	if (!force && batch->out.len + answer->len > BATCH_MAX)
		return false;
	(void)buf_add_byte(&batch->out, batch->out.len ? ',' : '[');
	(void)buf_add(&batch->out, answer->data, answer->len);
	return true;
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
