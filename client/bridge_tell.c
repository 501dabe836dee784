/* The bridge's words to its program: answers, errors, notifications, batches. */
#include <string.h>

#include "client/bridge_in.h"
#include "common/attr.h"
#include "common/mem.h"

static void error_members(struct json_out *w, int code, const char *message, size_t n)
{
	json_out_key(w, "error");
	json_out_object(w);
	json_out_key(w, "code");
	json_out_int(w, code);
	json_out_key(w, "message");
	json_out_string(w, message, n);
	json_out_key(w, "data");
	json_out_object(w);
}

/* Errors are short, and nobody is left without an answer. */
void bridge_error(struct bridge *b, struct batch *batch, const char *id, int code, const char *name, const char *message)
{
	struct json_out w;

	message_begin(&w, &b->line, id);
	error_members(&w, code, message, strlen(message));
	json_out_key(&w, "name");
	json_out_str(&w, name);
	json_out_object_end(&w);
	json_out_object_end(&w);
	(void)message_end(&w, batch, &b->io, true);
}

/* The daemon's own code and words; its name, data and retry_ms stand in data. */
static void put_error(struct json_out *w, struct val error)
{
	const char *message = "", *name = "";
	size_t n = 0, nname = 0;
	struct val data = val_get(error, "data"), retry = val_get(error, "retry_ms");

	(void)val_get_str(error, "message", &message, &n);
	(void)val_get_str(error, "name", &name, &nname);
	error_members(w, (int)val_get_int(error, "code", 0), message, n);
	json_out_key(w, "name");
	json_out_string(w, name, nname);
	if (val_present(retry)) {
		json_out_key(w, "retry_ms");
		val_to_json(retry, w);
	}
	if (val_present(data)) {
		json_out_key(w, "data");
		val_to_json(data, w);
	}
	json_out_object_end(w);
	json_out_object_end(w);
}

static void answer(struct bridge *b, const struct job *job, struct val error, struct val result)
{
	struct json_out w;

	message_begin(&w, &b->line, job->id);
	if (val_type(error) == VAL_MAP) {
		put_error(&w, error);
	} else {
		json_out_key(&w, "result");
		if (val_present(result))
			val_to_json(result, &w);
		else
			json_out_raw(&w, "{}", 2);
	}
	if (!message_end(&w, job->batch, &b->io, false))
		bridge_error(b, job->batch, job->id, RPC_INVALID, "too_large", BATCH_TOO_LARGE);
}

/* Its turn may be cancelled by the request's id for as long as it is among the last. */
static void remember(struct bridge *b, const struct job *job, struct val result)
{
	struct ended *e = &b->ended[b->next_ended];
	char *turn = val_get_text(result, "turn");

	if (turn && job->id && strlen(turn) < sizeof(e->turn)) {
		b->next_ended = (b->next_ended + 1) % BRIDGE_ENDED;
		mem_free(e->id);
		*e = (struct ended){ .id = mem_dup(job->id), .kind = job->kind };
		(void)snprintf(e->turn, sizeof(e->turn), "%s", turn);
	}
	if (turn && job->cancel)
		bridge_cancel_turn(b, turn, job->kind);
	mem_free(turn);
}

void bridge_on_reply(void *ctx, uint64_t tag, struct val error, struct val result)
{
	struct bridge *b = ctx;
	struct job *place, job;

	if (!tag)
		return; /* a cancel of our own */
	bridge_join_flush(b);
	place = &b->jobs[tag - 1];
	job = *place;
	*place = (struct job){ 0 };
	if (val_type(error) != VAL_MAP && (job.kind == JOB_ASK || job.kind == JOB_ATTACH))
		remember(b, &job, result);
	if (val_type(error) != VAL_MAP && job.kind == JOB_DETACH && job.turn)
		session_unfollow(b->io.session, job.turn);
	if (job.id)
		answer(b, &job, error, result);
	batch_unref(job.batch, &b->io);
	mem_free(job.id);
	mem_free(job.turn);
}

void bridge_note_begin(struct bridge *b, struct json_out *w, const char *method, size_t n)
{
	message_begin(w, &b->line, NULL);
	json_out_key(w, "method");
	json_out_string(w, method, n);
	json_out_key(w, "params");
}

void bridge_note_end(struct bridge *b, struct json_out *w)
{
	(void)message_end(w, NULL, &b->io, false);
}

void bridge_on_note(void *ctx, const char *method, size_t n, struct val params)
{
	struct bridge *b = ctx;
	bool stream = n == 6 && !memcmp(method, "stream", n);
	struct json_out w;

	if (!stream)
		bridge_join_flush(b);
	else if (b->join_ms && bridge_join_take(b, params))
		return;
	bridge_note_begin(b, &w, method, n);
	if (val_present(params))
		val_to_json(params, &w);
	else
		json_out_raw(&w, "{}", 2);
	bridge_note_end(b, &w);
}
