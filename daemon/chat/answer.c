/*
 * The way of one answer: context of the thread, passages of the documents, then the backend or the
 * documents alone. Each step is asynchronous and comes back with the turn's handle; a turn that was
 * cancelled meanwhile is not found in a state that goes on.
 */
#include <string.h>

#define LOG_TAG "answer"
#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/chat/chat.h"
#include "daemon/library/cost.h"
#include "daemon/library/query.h"

static void begin_retrieval(struct turn *t);
static void begin_upstream(struct turn *t);

/* ---- context ---- */

static void on_context(struct job *j)
{
	struct op_context *op = container_of(j, struct op_context, job);
	struct chat *c = j->ctx;
	struct turn *t = idmap_get(&c->turns, j->owner);

	if (t && t->row.state == TURN_RETRIEVING) {
		if (j->r != 0) {
			log_error("%.8s: cannot read the conversation: %s", t->row.id, j->why ? j->why : "?");
			turn_fail(t, TURN_ERROR_STORE, "the conversation before this question cannot be read");
		} else {
			t->context = op->turns;
			t->ncontext = op->n;
			op->turns = NULL;
			op->n = 0;
			if (op->left_out)
				turn_notice(t, "context_cut", "%zu earlier turn%s not sent along (context = %lld bytes)",
					op->left_out, op->left_out == 1 ? " was" : "s were", (long long)c->config->context);
			begin_retrieval(t);
		}
	}
	op_context_free(op);
}

static void begin_context(struct turn *t)
{
	struct op_context *op;

	if (!*t->row.parent || t->ask.unsaved) {
		begin_retrieval(t);
		return;
	}
	op = op_context_new();
	op->account = t->account;
	op->account.name = mem_dup(t->account.name);
	memcpy(op->parent, t->row.parent, sizeof(op->parent));
	op->max_bytes = (uint64_t)t->chat->config->context;
	op->job.run = op_context_run;
	op->job.done = on_context;
	op->job.ctx = t->chat;
	op->job.owner = t->handle;
	if (store_submit(t->chat->store, STORE_KEYED, &op->job) != 0) {
		op_context_free(op);
		turn_fail(t, TURN_ERROR_STORE, "the database is too busy to read the conversation");
	}
}

/* ---- retrieval ---- */

static void take_list(struct source_list *to, const struct source *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct source s;

		source_copy(&s, &v[i]);
		source_list_add(to, &s);
	}
}

static void take_sources(struct turn *t, const struct retrieval *r)
{
	take_list(&t->row.sources, r->sources, r->nsources);
	take_list(&t->read, r->read, r->nread);
	t->row.coverage = r->coverage;
	t->row.found = r->band == FOUND_NOTHING ? 0 : r->band == FOUND_GOOD ? 1 : 2;
}

bool answer_take_passages(struct turn *t, const struct retrieval *r)
{
	if (!r->nsources || !r->prompt_len)
		return false;
	take_sources(t, r);
	t->passages = mem_ndup(r->prompt, r->prompt_len);
	return true;
}

/* No model: the passages are the answer. */
static void answer_from_documents(struct turn *t, const struct retrieval *r)
{
	take_sources(t, r);
	turn_move(t, TURN_STREAMING);
	if (r->matched)
		turn_words(t, r->matched);
	for (size_t i = 0; i < r->npieces && t->row.state == TURN_STREAMING; i++)
		turn_on_text(t, r->pieces[i], strlen(r->pieces[i]));
	t->row.model = mem_dup("documents");
	t->row.finish_reason = mem_dup("stop");
	turn_end(t, TURN_DONE);
}

bool answer_is_hopeless(const struct turn *t, const struct retrieval *r)
{
	bool kept_to = t->ask.ndocuments || t->ask.collection;

	return r->documents > 0 ? r->band == FOUND_NOTHING : kept_to;
}

/* What leaves the machine is said, and why it is more or other than the best passages. */
static void tell_sent(struct turn *t, const struct retrieval *r)
{
	const char *url = upstream_url(t->chat->upstream);

	if (r->all)
		turn_notice(t, "whole_sent", "%s the prompt: all of it goes to %s", t->ask.ndocuments ? "what you named fits" :
			t->ask.collection ? "the collection fits" : "your library fits", url);
	else if (r->begun)
		turn_notice(t, "beginning_sent", "what you named does not fit whole and has few of the question's words: "
			"%zu passage%s from its beginning go%s to %s", r->nsources, r->nsources == 1 ? "" : "s",
			r->nsources == 1 ? "es" : "", url);
	else
		turn_notice(t, "passages_sent", "%zu passage%s of your documents go%s to %s", r->nsources, r->nsources == 1 ? "" : "s",
			r->nsources == 1 ? "es" : "", url);
}

/* Where documents were named, which: an answer that misses something may have looked at too few. */
static void tell_scope(struct turn *t)
{
	struct buf names;

	if (!t->ask.ndocuments)
		return;
	buf_init(&names, 1024);
	for (size_t i = 0; i < t->ask.ndocuments; i++)
		(void)buf_addf(&names, "%s%s", i ? ", " : "", t->ask.documents[i]);
	turn_notice(t, "searched_in", "searched in: %s", names.failed ? "the documents named" : buf_cstr(&names));
	buf_fini(&names);
}

/* ---- the room there is ---- */

#define SOURCES_SHARE 0.52 /* of their texts; with the tags around them at most .6 */
#define ANSWER_SHARE 0.15 /* kept for what it says */
#define SOURCES_LEAST 200 /* as cost.h counts: a sentence or two */

static size_t context_cost(const struct chat *c)
{
	return (size_t)c->config->model_context * COST_TOKEN;
}

static size_t cost_of_text(const char *s)
{
	return s ? cost_of(s, strlen(s)) : 0;
}

/* What is always sent: the rules, the question. */
static size_t fixed_cost(const struct turn *t)
{
	const char *system = t->ask.system ? t->ask.system : t->chat->config->system;

	return cost_of_text(system) + cost_of_text(library_system_prompt()) + cost_of(t->row.question, t->row.question_len);
}

/* 0: the configured one. */
static size_t sources_budget(const struct turn *t)
{
	double room = (double)context_cost(t->chat), most;

	if (room <= 0)
		return 0;
	most = min_of(room * SOURCES_SHARE, room * (1 - ANSWER_SHARE) - (double)fixed_cost(t));
	return (size_t)max_of(min_of(most, (double)t->chat->config->passages), 1.0);
}

/* Scraps of passages would only look as if the documents had been asked. */
static bool leaves_no_room(const struct turn *t)
{
	return t->chat->config->model_context && sources_budget(t) < SOURCES_LEAST;
}

/* ---- what was found ---- */

static void on_retrieved(uint64_t owner, void *ctx, const struct retrieval *r)
{
	struct chat *c = ctx;
	struct turn *t = idmap_get(&c->turns, owner);

	if (!t || t->row.state != TURN_RETRIEVING)
		return;
	if (r->r != 0) {
		turn_fail(t, TURN_ERROR_STORE, r->why ? r->why : "the documents cannot be searched");
		return;
	}
	if (r->documents > 0)
		tell_scope(t);
	if (r->lacking)
		turn_notice(t, "search_cut", "the index of some passages is being made anew; they were not looked at");
	else if (r->cut)
		turn_notice(t, "search_cut", "the search was cut after %lld ms; some passages were not looked at",
			(long long)c->config->retrieval_timeout);
	if (r->instead)
		turn_notice(t, "searched_instead", "%s", r->instead);
	if (r->vectors_missing)
		turn_notice(t, "vectors_missing", "the question was searched for by its words alone: %s",
			r->vectors_missing);
	if (!c->upstream || answer_is_hopeless(t, r)) {
		if (c->upstream && r->documents > 0)
			turn_notice(t, "not_asked", "your documents have too little of this question: the model was not asked");
		answer_from_documents(t, r);
		return;
	}
	if (r->nsources && leaves_no_room(t)) {
		char *why = mem_printf("the question leaves no room for passages of the documents (model_context = %lld tokens): ask with less text",
			(long long)c->config->model_context);

		turn_fail(t, TURN_ERROR_TOO_LARGE, why);
		mem_free(why);
		return;
	}
	if (answer_take_passages(t, r))
		tell_sent(t, r);
	begin_upstream(t);
}

/* ---- the model's context ---- */

/* Earlier turns give way to the sources: whole turns, the oldest first. */
static void trim_context(struct turn *t)
{
	double room = (double)context_cost(t->chat) * (1 - ANSWER_SHARE) - (double)fixed_cost(t) -
		      (double)cost_of_text(t->passages);
	size_t first = t->ncontext;

	if (!t->chat->config->model_context)
		return;
	while (first) {
		const struct context_turn *before = &t->context[first - 1];
		double cost = (double)(cost_of(before->question, before->question_len) + cost_of(before->answer, before->answer_len));

		if (cost > room)
			break;
		room -= cost;
		first--;
	}
	if (!first)
		return;
	turn_notice(t, "context_cut", "%zu earlier turn%s not sent along: %s (model_context = %lld tokens)", first,
		first == 1 ? " was" : "s were", t->passages ? "the sources come first" : "there is no room", (long long)t->chat->config->model_context);
	for (size_t i = 0; i < first; i++) {
		mem_free(t->context[i].question);
		mem_free(t->context[i].answer);
	}
	t->ncontext -= first;
	memmove(t->context, t->context + first, t->ncontext * sizeof(*t->context));
}

void answer_retrieval(const struct turn *t, struct retrieve_request *req)
{
	const struct context_turn *before = t->ncontext ? &t->context[t->ncontext - 1] : NULL;

	*req = (struct retrieve_request){
		.account = t->account,
		.question = t->row.question,
		.question_len = t->row.question_len,
		.previous_question = before ? before->question : NULL,
		.previous_question_len = before ? before->question_len : 0,
		.previous_answer = before && !before->found_nothing ? before->answer : NULL,
		.previous_answer_len = before && !before->found_nothing ? before->answer_len : 0,
		.collection = t->ask.collection,
		.documents = (const char *const *)t->ask.documents,
		.ndocuments = t->ask.ndocuments,
		.budget = sources_budget(t),
		.answer = !t->chat->upstream, /* a model gets whole passages, people get quotes */
		.passages = t->ask.passages,
	};
}

static void begin_retrieval(struct turn *t)
{
	struct retrieve_request req;

	if (chat_retrieval(t->chat, &t->ask) != RETRIEVAL_LOCAL) {
		if (t->ask.ndocuments || t->ask.collection)
			turn_notice(t, "not_searched_in", "the backend knows nothing of collections and documents here: "
				"the answer is not kept to those you named (retrieval = local does that)");
		begin_upstream(t);
		return;
	}
	answer_retrieval(t, &req);
	if (library_retrieve(t->chat->library, &req, on_retrieved, t->handle, t->chat) != 0)
		turn_fail(t, TURN_ERROR_STORE, "too many searches are waiting, try again");
}

/* ---- backend ---- */

static struct turn *of_handle(void *ctx)
{
	struct turn *t = ctx;

	return t->row.state == TURN_STREAMING ? t : NULL;
}

static void on_delta(void *ctx, const char *s, size_t n)
{
	struct turn *t = of_handle(ctx);

	if (t)
		turn_on_text(t, s, n);
}

static void on_reasoning(void *ctx, const char *s, size_t n)
{
	struct turn *t = of_handle(ctx);

	if (t)
		turn_on_reasoning(t, s, n);
}

static void on_status(void *ctx, const char *s, size_t n)
{
	struct turn *t = of_handle(ctx);

	if (t)
		turn_status(t, "%.*s", (int)min_of(n, 1024), s);
}

static void on_notice(void *ctx, const char *name, const char *text)
{
	struct turn *t = of_handle(ctx);

	if (t)
		turn_notice(t, name, "%s", text);
}

static void on_source(void *ctx, const struct source *s)
{
	struct turn *t = of_handle(ctx);
	struct source copy;

	if (!t || t->row.sources.n >= 1000)
		return;
	source_copy(&copy, s);
	source_list_add(&t->row.sources, &copy);
	t->upstream_sources = true;
}

static void on_usage(void *ctx, const char *json, size_t n)
{
	struct turn *t = of_handle(ctx);

	if (!t || n > 65536)
		return;
	mem_free(t->row.usage);
	t->row.usage = mem_ndup(json, n);
}

static void on_metadata(void *ctx, const char *json, size_t n)
{
	struct turn *t = of_handle(ctx);

	if (!t)
		return;
	mem_free(t->metadata);
	t->metadata = mem_ndup(json, n);
	turn_notice(t, "metadata_block", "a metadata block before the answer was left out; it is kept with the turn");
}

/* ---- citations ---- */

static void tell_notes(struct turn *t, const struct buf *notes)
{
	const char *s = (const char *)notes->data, *end = s + notes->len;

	while (s < end) {
		const char *stop = memchr(s, '\n', (size_t)(end - s));

		stop = stop ? stop : end;
		if (stop > s)
			turn_notice(t, "citation", "%.*s", (int)(stop - s), s);
		s = stop + 1;
	}
}

static void keep_marks(struct turn *t, const struct marks *marks)
{
	struct buf json;

	if (!marks->n)
		return;
	buf_init(&json, 1u << 20);
	marks_write(marks, &json);
	if (!json.failed)
		t->row.marks = buf_steal(&json, NULL);
	buf_fini(&json);
}

void answer_check(struct turn *t, bool whole)
{
	const char *text = (const char *)t->text.data;
	struct marks marks = { .n = 0 };
	struct buf notes;
	bool cites = false;

	if (!t->passages) /* of its own sources the backend says itself that it used them */
		for (size_t i = 0; t->upstream_sources && i < t->row.sources.n; i++)
			t->row.sources.v[i].cited = true;
	if (!t->passages || !t->text.len)
		return;
	buf_init(&notes, 65536);
	library_check_citations(text, t->text.len, &t->row.sources, &marks, &notes);
	tell_notes(t, &notes);
	keep_marks(t, &marks);
	for (size_t i = 0; i < t->row.sources.n; i++)
		cites = cites || t->row.sources.v[i].cited;
	if (!cites && library_says_not_found(text, t->text.len))
		t->row.found = 0;
	else if (whole && !marks.n && t->row.coverage >= QUERY_ANSWERED) /* of a greeting nobody wants to know */
		turn_notice(t, "citation", "the answer names none of its sources: nothing of it is checked");
	marks_fini(&marks);
	buf_fini(&notes);
}

static void on_end(void *ctx, const struct upstream_end *end)
{
	struct turn *t = ctx;

	t->upstream = 0;
	t->transfer_open = false;
	if (t->row.state != TURN_STREAMING)
		return; /* ended before its transfer did: the end of the loop turn frees it */
	if (end->model && !t->row.model)
		t->row.model = mem_dup(end->model);
	if (end->finish_reason)
		t->row.finish_reason = mem_dup(end->finish_reason);
	if (end->result == UPSTREAM_OK)
		turn_end(t, TURN_DONE);
	else if (end->result == UPSTREAM_E_CANCELLED)
		turn_end(t, TURN_CANCELLED);
	else
		turn_fail(t, upstream_turn_error(end->result), end->text);
}

static const struct upstream_events upstream_events = {
	.on_delta = on_delta,
	.on_reasoning = on_reasoning,
	.on_status = on_status,
	.on_notice = on_notice,
	.on_source = on_source,
	.on_usage = on_usage,
	.on_metadata = on_metadata,
	.on_end = on_end,
};

static void begin_upstream(struct turn *t)
{
	struct chat_request req;
	struct buf arena;

	turn_move(t, TURN_STREAMING);
	trim_context(t);
	buf_init(&arena, 0);
	prompt_build(t->chat, t, &req, &arena);
	if (!t->chat->upstream)
		turn_fail(t, TURN_ERROR_UPSTREAM_UNREACHABLE, "no backend is configured and retrieval is off; set backend in ragchat.conf");
	else if (arena.failed)
		turn_fail(t, TURN_ERROR_INTERNAL, "out of memory for the request");
	else {
		t->transfer_open = true;
		t->upstream = upstream_chat(t->chat->upstream, &req, &upstream_events, t);
	}
	buf_fini(&arena);
}

void chat_start(struct turn *t)
{
	t->started = true;
	turn_move(t, TURN_RETRIEVING);
	begin_context(t);
}
