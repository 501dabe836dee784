/* What would go out, with the passages it would take along. Nothing is sent or stored. */
#include "daemon/ipc/dry_run.h"

#include <string.h>

#include "common/mem.h"
#include "daemon/server.h"

struct dry {
	struct call *call;
	struct turn *turn;
	bool in_thread, hopeless, all;
};

static void dry_reply(struct dry *d, bool local)
{
	struct server *s = d->call->server;
	struct chat_request req;
	struct buf arena;
	struct pack p;
	char *json;

	buf_init(&arena, 0);
	prompt_build(&s->chat, d->turn, &req, &arena);
	json = s->upstream && !arena.failed ? upstream_describe(s->upstream, &req) : NULL;
	if (reply_begin(d->call, &p)) {
		pack_kv_text(&p, "turn", "");
		pack_kv_int(&p, "off", 0);
		pack_kv_text(&p, "state", "queued");
		pack_key(&p, "request");
		if (json)
			pack_json(&p, json, strlen(json));
		else
			pack_nil(&p);
		pack_key(&p, "notes");
		pack_array(&p);
		if (!s->upstream)
			pack_text(&p, "no backend is configured: the question is answered from your documents on this machine");
		else if (local)
			pack_text(&p, "retrieval = local: passages of your documents are put before the question and leave this machine");
		if (local && s->vectors)
			pack_text(&p, "embeddings: the question and the passages of your documents go to that server, off this machine");
		if (d->hopeless)
			pack_text(&p, "the documents have too little of this question: the model would not be asked");
		if (d->all)
			pack_text(&p, "the documents asked about fit the prompt whole: all of them are sent");
		if (s->upstream && d->in_thread)
			pack_text(&p, "the earlier turns of the thread are sent along; they are not shown here");
		pack_close(&p);
		reply_end(d->call, &p);
	}
	mem_free(json);
	buf_fini(&arena);
	turn_free(d->turn);
	call_drop(d->call);
	mem_free(d);
}

static void on_dry_retrieved(uint64_t owner, void *ctx, const struct retrieval *r)
{
	struct dry *d = ctx;

	(void)owner;
	d->hopeless = r->r == 0 && answer_is_hopeless(d->turn, r);
	d->all = r->r == 0 && r->all;
	if (r->r == 0 && !d->hopeless)
		answer_take_passages(d->turn, r);
	dry_reply(d, true);
}

void dry_run(struct call *call, struct dry_question *q)
{
	struct server *s = call->server;
	bool local = chat_retrieval(&s->chat, &q->ask) == RETRIEVAL_LOCAL;
	struct turn *t = turn_new(&s->chat, &call->account);
	struct dry *d = mem_new(sizeof(*d));
	struct retrieve_request req;

	t->row.question = q->text;
	t->row.question_len = q->len;
	q->text = NULL;
	t->ask = q->ask;
	q->ask = (struct ask_options){ 0 };
	*d = (struct dry){ .call = call_keep(call), .turn = t, .in_thread = q->in_thread };
	answer_retrieval(t, &req);
	if (!s->upstream || !local || library_retrieve(s->library, &req, on_dry_retrieved, 0, d) != 0)
		dry_reply(d, local);
}
