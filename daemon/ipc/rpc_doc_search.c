/* doc.search: the best passages or documents for a text, without an answer. */
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/server.h"
#include "proto/limits.h"

#define LIMIT_DEFAULT 10
#define DOCUMENTS_MAX 256

struct search {
	struct call *call;
	char *text, *collection, *thread;
	char **documents;
	size_t ndocuments, limit, offset;
	bool whole;
};

static void search_free(struct search *k)
{
	call_drop(k->call);
	mem_free(k->text);
	mem_free(k->collection);
	mem_free(k->thread);
	for (size_t i = 0; i < k->ndocuments; i++)
		mem_free(k->documents[i]);
	mem_free(k->documents);
	mem_free(k);
}

/* ---- what was found ---- */

static void reply_found(struct search *k, const struct retrieval *r)
{
	size_t i = min_of(k->offset, r->nsources);
	struct pack p;

	if (!reply_begin(k->call, &p))
		return;
	pack_kv_text(&p, "query", k->text);
	pack_kv_float(&p, "coverage", r->coverage);
	pack_kv_int(&p, "documents", r->documents);
	pack_kv_int(&p, "passages", r->passages);
	if (r->cut)
		pack_kv_bool(&p, "cut", true);
	pack_kv_text_opt(&p, "vectors_missing", r->vectors_missing);
	pack_kv_text_opt(&p, "instead", r->instead);
	pack_key(&p, "results");
	pack_array(&p);
	for (; i < r->nsources && !pack_half_full(&p); i++)
		pack_passage(&p, i + 1, &r->sources[i]);
	pack_close(&p);
	if (i < r->nsources)
		pack_kv_int(&p, "next", (int64_t)i);
	reply_end(k->call, &p);
}

/* A name that was mistyped finds nothing: said, rather than an empty list. */
static bool reply_nowhere(struct search *k, const struct retrieval *r)
{
	const struct ask_options none = { 0 };
	struct server *s = k->call->server;

	if (r->documents)
		return false;
	if (k->ndocuments)
		reply_error(k->call, PROTO_E_NOT_FOUND, "no document '%.200s'%s%.200s%s", k->documents[0],
			k->collection ? " in collection '" : "", k->collection ? k->collection : "", k->collection ? "'" : "");
	else if (k->collection)
		reply_error(k->call, PROTO_E_NOT_FOUND, "no collection '%.200s'", k->collection);
	else if (chat_retrieval(&s->chat, &none) != RETRIEVAL_LOCAL)
		reply_error(k->call, PROTO_E_NOT_CONFIGURED,
			"documents are kept by the backend, which cannot be searched from here: retrieval = local keeps them on this machine");
	else
		return false;
	return true;
}

static void on_found(uint64_t owner, void *ctx, const struct retrieval *r)
{
	struct search *k = ctx;

	(void)owner;
	if (r->r != 0)
		reply_store_error(k->call, r->r, r->why, NULL, "search");
	else if (!reply_nowhere(k, r))
		reply_found(k, r);
	search_free(k);
}

static void begin(struct search *k, const struct context_turn *before)
{
	struct library *library = k->call->server->library;
	struct retrieve_request req = {
		.account = k->call->account,
		.question = k->text,
		.question_len = strlen(k->text),
		.collection = k->collection,
		.documents = (const char *const *)k->documents,
		.ndocuments = k->ndocuments,
		.limit = k->limit,
		.whole = k->whole,
	};

	if (before) {
		req.previous_question = before->question;
		req.previous_question_len = before->question_len;
		req.previous_answer = before->found_nothing ? NULL : before->answer;
		req.previous_answer_len = before->found_nothing ? 0 : before->answer_len;
	}
	if (library_retrieve(library, &req, on_found, 0, k) == 0)
		return;
	reply_error(k->call, PROTO_E_BUSY, "too many searches are waiting, try again");
	search_free(k);
}

/* ---- what was said before ---- */

static void on_context(struct job *j)
{
	struct op_context *op = container_of(j, struct op_context, job);
	struct search *k = j->ctx;

	if (j->r != 0) {
		reply_store_error(k->call, j->r, j->why, &op->candidates, "thread");
		search_free(k);
	} else {
		begin(k, op->n ? &op->turns[op->n - 1] : NULL);
	}
	op_context_free(op);
}

static void begin_context(struct search *k)
{
	struct server *s = k->call->server;
	struct op_context *op = op_context_new();

	op->account = account_copy(&k->call->account);
	op->ref = mem_dup(k->thread);
	op->max_bytes = (uint64_t)s->config->context;
	op->job.done = on_context;
	op->job.ctx = k;
	op->job.account = fair_key(k->call->account.id);
	if (store_submit(s->store, STORE_KEYED, &op->job) == 0)
		return;
	op->job.r = STORE_E_BUSY;
	on_context(&op->job);
}

/* ---- the request ---- */

static void take_documents(struct search *k, struct args *a, struct val v)
{
	size_t n = val_present(v) ? val_count(v) : 0;

	if (n > DOCUMENTS_MAX) {
		a->bad = true;
		(void)snprintf(a->why, sizeof(a->why), "documents must be at most %d", DOCUMENTS_MAX);
		return;
	}
	k->documents = mem_new((n + 1) * sizeof(*k->documents));
	for (size_t i = 0; i < n; i++) {
		const char *s;
		size_t len;

		if (val_str(val_at(v, i), &s, &len))
			k->documents[k->ndocuments++] = mem_ndup(s, len);
	}
}

static bool take_by(struct args *a)
{
	struct arg_str by = args_str(a, "by", ARG_OPTIONAL, 1, 16);
	bool whole = by.s && by.n == 8 && !memcmp(by.s, "document", 8);

	if (by.s && !whole && (by.n != 7 || memcmp(by.s, "passage", 7) != 0)) {
		a->bad = true;
		(void)snprintf(a->why, sizeof(a->why), "by must be document or passage");
	}
	return whole;
}

void rpc_doc_search(struct call *call, struct args *a)
{
	struct search *k = mem_new(sizeof(*k));

	k->text = args_dup(args_str(a, "text", ARG_NEEDED, 1, (size_t)call->server->config->max_prompt));
	k->collection = args_dup(args_str(a, "collection", ARG_OPTIONAL, 1, LIMIT_NAME));
	k->thread = args_dup(args_str(a, "thread", ARG_OPTIONAL, 1, LIMIT_NAME));
	take_documents(k, a, args_val(a, "documents", VAL_ARRAY));
	k->limit = (size_t)args_int(a, "limit", 1, LIBRARY_LIMIT, LIMIT_DEFAULT);
	k->offset = (size_t)args_int(a, "offset", 0, LIBRARY_LIMIT, 0);
	k->whole = take_by(a);
	if (!args_ok(a) || !k->text) {
		reply_bad_args(call, a);
		search_free(k);
		return;
	}
	k->call = call_keep(call);
	if (k->thread)
		begin_context(k);
	else
		begin(k, NULL);
}
