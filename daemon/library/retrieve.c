/*
 * One retrieval: a question is copied, asked on the store's scanning thread, and what was found
 * comes back as sources, a prompt and an answer in quotes.
 */
#include <errno.h>
#include <string.h>

#include "common/attr.h"
#include "common/clock.h"
#include "common/fair.h"
#include "common/mem.h"
#include "daemon/library/cost.h"
#include "daemon/library/hits.h"
#include "daemon/library/library_in.h"
#include "daemon/library/mend.h"
#include "daemon/library/retrieve_in.h"

#define HITS 60  /* of 400 characters: enough for three times the usual budget */
#define JUDGED 5 /* the best of so many passages says how well the question is answered */

/* ---- memory ---- */

static void forget_search(struct db_search *s)
{
	for (size_t i = 0; i < s->nhits; i++)
		hit_fini(&s->hits[i]);
	mem_free(s->hits);
	mem_free(s->idf);
	mem_free(s->df);
	*s = (struct db_search){ 0 };
}

static void forget_result(struct retrieve *r)
{
	spans_fini(&r->spans);
	forget_search(&r->search);
	source_list_fini(&r->sources);
	source_list_fini(&r->read);
	buf_fini(&r->prompt);
	for (size_t i = 0; i < r->npieces; i++)
		r->pieces[i] = mem_free(r->pieces[i]);
	r->npieces = r->nquotes = 0;
	r->query = mem_free(r->query);
	r->band = FOUND_NOTHING;
	r->coverage = 0;
	r->cut = r->all = r->begun = false;
	r->matched = mem_free(r->matched);
	r->instead = mem_free(r->instead);
}

static void *retrieve_free(struct retrieve *r)
{
	if (!r)
		return NULL;
	forget_result(r);
	job_fini(&r->job);
	mem_free(r->account.name);
	mem_free(r->question);
	mem_free(r->previous_question);
	mem_free(r->previous_answer);
	mem_free(r->collection);
	mem_free(r->vector);
	mem_free(r->vectors_missing);
	for (size_t i = 0; i < r->ndocuments; i++)
		mem_free(r->documents[i]);
	mem_free(r->documents);
	return mem_free(r);
}

/* ---- on the store's thread ---- */

/* A document is one result, several passages may become one. */
static size_t hits_of(const struct retrieve *r)
{
	return !r->limit ? HITS : r->whole ? r->limit : hits_wanted(r->limit);
}

/* Where the question is asked, for these words. */
static struct db_search search_for(const struct retrieve *r, const struct term_weight *terms, size_t n, size_t limit)
{
	return (struct db_search){
		.account = &r->account,
		.collection = r->collection,
		.documents = (const char *const *)r->documents,
		.ndocuments = r->ndocuments,
		.terms = terms,
		.nterms = n,
		.limit = (int)limit,
	};
}

/* STORE_E_DEADLINE is no error here: `cut` says it. */
static int search(struct retrieve *r, struct db *db)
{
	int e;

	r->search = search_for(r, r->query->terms, r->query->nterms, hits_of(r));
	r->search.whole = r->whole;
	e = db_library_search(db, &r->search);
	r->cut = e == STORE_E_DEADLINE;
	return r->cut ? 0 : e;
}

static void judge_as(struct retrieve *r, double coverage)
{
	r->coverage = coverage;
	r->band = coverage >= QUERY_WELL       ? FOUND_GOOD
		  : coverage >= QUERY_ANSWERED ? FOUND_WEAK
					       : FOUND_NOTHING;
}

static void judge(struct retrieve *r)
{
	double best = 0;

	for (size_t i = 0; i < min_of(r->search.nhits, (size_t)JUDGED); i++)
		best = max_of(best, r->search.hits[i].own);
	judge_as(r, query_answered(r->query, best, r->search.most));
}

/* ---- words that are in no document ---- */

/* How it could be read instead: *way, SIZE_MAX when nothing near it is in a document. */
static int try_word(struct retrieve *r, struct db *db, struct mend_tries *t, size_t unit, size_t *way)
{
	int e = 0;

	*way = SIZE_MAX;
	for (unsigned round = 0; e == 0 && *way == SIZE_MAX && mend_tries(t, r->query, unit, round); round++) {
		struct db_search s = search_for(r, t->terms, t->n, 1); /* for s.df: how many passages have each */

		e = db_library_search(db, &s);
		if (e == 0)
			*way = mend_choose(t, s.df);
		forget_search(&s);
	}
	return e;
}

#define SHORT_QUESTION 2 /* words: the one with the slip is what it is about */

/*
 * A question with a slip is asked again as it may have been meant. That finds more, but whether it is answered
 * is a guess then: only of a short one it counts.
 */
static int mend(struct retrieve *r, struct db *db)
{
	size_t units[MEND_WORDS], ways[MEND_WORDS], n = 0;
	struct mend_tries *tries;
	double before = r->coverage;
	bool mended = false, guessed = false;
	int e = 0;

	for (size_t i = 0; i < r->query->nunits && n < MEND_WORDS; i++)
		if (mend_wanted(r->query, i))
			units[n++] = i;
	if (!n || r->cut || !r->search.documents_searched)
		return 0;
	tries = mem_new(n * sizeof(*tries));
	for (size_t i = 0; e == 0 && i < n; i++)
		e = try_word(r, db, &tries[i], units[i], &ways[i]);
	for (size_t i = 0; e == 0 && i < n; i++) {
		if (ways[i] == SIZE_MAX)
			continue;
		mend_apply(r->query, &tries[i], ways[i]);
		mended = true;
	}
	mem_free(tries);
	if (e == STORE_E_DEADLINE) /* what was found stands, and the question as it was */
		return 0;
	if (e || !mended)
		return e;
	forget_search(&r->search);
	e = search(r, db);
	if (e == 0)
		query_weigh(r->query, r->search.idf, r->search.df);
	if (e)
		return e;
	judge(r);
	for (size_t i = 0; i < r->query->nunits; i++)
		guessed = guessed || r->query->units[i].guessed;
	if (guessed && r->query->nunits > SHORT_QUESTION)
		judge_as(r, min_of(before, r->coverage));
	return present_instead(r);
}

static size_t cost_of_hits(const struct hit *v, size_t n)
{
	size_t cost = 0;

	for (size_t i = 0; i < n; i++)
		cost += cost_of(v[i].text, v[i].text_len);
	return cost;
}

static bool has_passage(const struct hit *v, size_t n, int64_t passage)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].passage == passage)
			return true;
	return false;
}

/* `first` go before what the search found, each passage once; both arrays are taken. */
static void put_before(struct db_search *s, struct hit *first, size_t n)
{
	struct hit *all = mem_new((n + s->nhits + 1) * sizeof(*all));
	size_t count = n;

	if (n)
		memcpy(all, first, n * sizeof(*all));
	for (size_t i = 0; i < s->nhits; i++) {
		if (has_passage(first, n, s->hits[i].passage))
			hit_fini(&s->hits[i]);
		else
			all[count++] = s->hits[i];
	}
	mem_free(first);
	mem_free(s->hits);
	s->hits = all;
	s->nhits = count;
}

/* What is read in order keeps the score it was found with. */
static void keep_scores(const struct db_search *s, struct hit *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < s->nhits; k++)
			if (s->hits[k].passage == v[i].passage)
				v[i].score = s->hits[k].score;
}

/* Where the time is over, what the search found stands. */
static int passages_in_time(struct retrieve *r, struct db *db, struct db_passages *p)
{
	int e = db_library_passages(db, p);

	if (e != STORE_E_DEADLINE)
		return e;
	for (size_t i = 0; i < p->nhits; i++)
		hit_fini(&p->hits[i]);
	p->nhits = 0;
	p->whole = false;
	r->cut = true;
	return 0;
}

/*
 * A model can be given all there is, where that is little: nothing is chosen then, and nothing can
 * be missed. Of documents named in the question it is given the beginnings, where no passage of
 * them has the question's words: "summarise this" has none.
 */
static int read_through(struct retrieve *r, struct db *db)
{
	struct db_passages p = {
		.account = &r->account,
		.collection = r->collection,
		.documents = (const char *const *)r->documents,
		.ndocuments = r->ndocuments,
		.max_bytes = (uint64_t)r->budget * 4,
		.beginnings = r->ndocuments && r->band == FOUND_NOTHING,
	};
	int e = passages_in_time(r, db, &p);

	if (e == 0 && p.whole && p.ndocuments_read + p.bytes / SPANS_LEAST <= SPANS_MAX)
		r->all = p.nhits && cost_of_hits(p.hits, p.nhits) <= r->budget;
	keep_scores(&r->search, p.hits, p.nhits);
	if (e == 0 && r->all) {
		r->band = FOUND_GOOD;
	} else if (e == 0 && p.beginnings && p.nhits) {
		r->begun = true;
		r->band = FOUND_WEAK;
	} else {
		for (size_t i = 0; i < p.nhits; i++)
			hit_fini(&p.hits[i]);
		p.nhits = 0;
	}
	put_before(&r->search, p.hits, p.nhits);
	return e;
}

#define BEGINNING 600 /* of what is named and has nothing of the question, shown instead of a near miss */

static int read_beginning(struct retrieve *r, struct db *db)
{
	struct db_passages p = {
		.account = &r->account,
		.collection = r->collection,
		.documents = (const char *const *)r->documents,
		.ndocuments = 1,
		.max_bytes = 4096,
		.beginnings = true,
	};
	int e = passages_in_time(r, db, &p);

	r->begun = e == 0 && p.nhits > 0;
	put_before(&r->search, p.hits, p.nhits);
	return e;
}

static struct query_text text_of(const char *p, size_t n)
{
	return (struct query_text){ p ? p : "", p ? n : 0 };
}

/* Where nothing fits, no model is asked: the nearest miss and the words for it are all there is. */
static int present(struct retrieve *r)
{
	bool nothing = r->band == FOUND_NOTHING;
	int e;

	if (r->answer && r->begun && r->spans.n) {
		r->quotes[0] = (struct quote){ .end = r->spans.v[0].n, .lines = true };
		r->nquotes = 1;
	} else if (r->answer || nothing) {
		r->nquotes = quotes_choose(r->query, &r->spans, r->quotes);
	}
	r->shown = r->answer ? min_of(r->spans.n, (size_t)QUOTES_SPANS) : r->spans.n;
	if (nothing) {
		r->nquotes = min_of(r->nquotes, (size_t)(r->coverage > 0 || r->begun)); /* what has none of its words misses by far */
		r->shown = 0;
	}
	r->nquotes = quotes_widen(&r->spans, r->quotes, r->nquotes);
	e = present_sources(r);
	if (e == 0 && r->passages)
		e = present_passages(r);
	if (e == 0 && !nothing)
		e = present_prompt(r);
	if (e == 0 && (r->answer || nothing))
		e = present_answer(r);
	return e;
}

static int retrieve_run(struct db *db, struct job *j)
{
	struct retrieve *r = container_of(j, struct retrieve, job);
	int e;

	forget_result(r);
	r->query = mem_new(sizeof(*r->query));
	query_make(r->query, db_library_languages(db, &r->account, r->collection), text_of(r->question, r->question_len),
		text_of(r->previous_question, r->previous_question_len),
		text_of(r->previous_answer, r->previous_answer_len));
	e = search(r, db);
	if (e == 0) {
		query_weigh(r->query, r->search.idf, r->search.df);
		judge(r);
		e = mend(r, db);
	}
	if (e == 0 && r->vector)
		e = fuse_run(r, db);
	if (e == 0 && r->limit && !r->whole)
		e = hits_merge(r->search.hits, &r->search.nhits, r->limit);
	if (e == 0 && r->limit)
		return present_hits(r);
	if (e == 0 && !r->answer)
		e = read_through(r, db);
	if (e == 0 && r->answer && r->ndocuments && !r->search.nhits)
		e = read_beginning(r, db);
	if (e == 0)
		e = spans_make(&r->spans, r->search.hits, r->search.nhits, r->begun && r->answer ? BEGINNING : r->budget,
			r->all ? SPAN_FINE : SPAN_BYTES);
	return e ? e : present(r);
}

/* ---- on the loop ---- */

static void retrieve_done(struct job *j)
{
	struct retrieve *r = container_of(j, struct retrieve, job);
	struct retrieval out = {
		.r = j->r,
		.why = j->why ? j->why
		       : j->r ? "the documents cannot be searched"
			      : NULL,
		.band = r->band,
		.coverage = r->coverage,
		.documents = r->search.documents_searched,
		.passages = r->search.passages_searched,
		.vectors_missing = r->vectors_missing,
		.cut = r->cut,
		.lacking = r->search.lacking,
		.all = r->all,
		.begun = r->begun,
		.instead = r->instead,
		.matched = r->matched,
		.sources = r->sources.v,
		.nsources = r->sources.n,
		.read = r->read.v,
		.nread = r->read.n,
		.prompt = buf_cstr(&r->prompt),
		.prompt_len = r->prompt.len,
		.pieces = (const char *const *)r->pieces,
		.npieces = r->npieces,
	};

	if (j->r != 0)
		out = (struct retrieval){ .r = out.r, .why = out.why, .prompt = "" };
	if (r->search.damaged)
		library_mend(r->library, r->search.damaged);
	r->done(r->owner, r->ctx, &out);
	retrieve_free(r);
}

static char *copy(const char *s, size_t n)
{
	return s ? mem_try_dup(s, n) : NULL;
}

static struct retrieve *retrieve_new(const struct library *l, const struct retrieve_request *req)
{
	struct retrieve *r = mem_new(sizeof(*r));

	r->account.name = mem_dup(req->account.name);
	memcpy(r->account.id, req->account.id, sizeof(r->account.id));
	r->question = copy(req->question, req->question_len);
	r->question_len = req->question_len;
	r->previous_question = copy(req->previous_question, req->previous_question_len);
	r->previous_question_len = req->previous_question_len;
	r->previous_answer = copy(req->previous_answer, req->previous_answer_len);
	r->previous_answer_len = req->previous_answer_len;
	r->collection = mem_dup(req->collection);
	r->documents = mem_new((req->ndocuments + 1) * sizeof(*r->documents));
	for (; r->ndocuments < req->ndocuments; r->ndocuments++)
		r->documents[r->ndocuments] = mem_dup(req->documents[r->ndocuments]);
	r->budget = req->budget ? req->budget : l->config.budget;
	r->limit = min_of(req->limit, (size_t)LIBRARY_LIMIT);
	r->whole = r->limit && req->whole;
	r->answer = req->answer;
	r->passages = req->passages;
	buf_init(&r->prompt, 0);
	return r;
}

static int submit(struct retrieve *r)
{
	struct library *l = r->library;

	r->job.run = retrieve_run;
	r->job.done = retrieve_done;
	r->job.deadline_ms = clock_mono_ms() + l->config.deadline_ms;
	r->job.account = fair_key(r->account.id);
	r->job.again = true;
	return store_submit(l->store, STORE_SCAN, &r->job);
}

static void on_vector(void *ctx, const float *vector, size_t dimension, const char *why)
{
	struct retrieve *r = ctx;

	if (vector)
		r->vector = mem_try_dup(vector, dimension * sizeof(*vector));
	r->dimension = r->vector ? dimension : 0;
	if (!r->vector)
		r->vectors_missing = mem_dup(why ? why : "no memory for it");
	if (submit(r) == 0)
		return;
	r->job.r = STORE_E_BUSY;
	r->job.why = mem_dup("too many searches are waiting, try again");
	retrieve_done(&r->job);
}

/* True: on_vector will go on. */
static bool asks_for_vector(struct retrieve *r)
{
	const char *why = NULL;

	const struct library_vectors *v = &r->library->vectors;

	if (!v->ask || !r->question_len)
		return false;
	if (v->ask(v->ctx, r->account.id, r->question, r->question_len, on_vector, r, &why))
		return true;
	r->vectors_missing = mem_dup(why);
	return false;
}

int library_retrieve(struct library *l, const struct retrieve_request *req,
	void (*done)(uint64_t owner, void *ctx, const struct retrieval *r), uint64_t owner,
	void *ctx)
{
	struct retrieve *r = retrieve_new(l, req);

	r->library = l;
	r->done = done;
	r->owner = owner;
	r->ctx = ctx;
	if (asks_for_vector(r) || submit(r) == 0)
		return 0;
	retrieve_free(r);
	return LIBRARY_E_BUSY;
}
