/*
 * How well the library finds and answers, over collections with known answers: COLLECTIONS=DIR,
 *each folder of it with docs.jsonl, queries.tsv, qrels.txt and, where there are any, answers.jsonl,
 * conversations.jsonl. Everything goes the way a user's documents and questions go: uploaded into a
 * store, asked through library_retrieve. One line of figures a collection.
 *
 *	nDCG@10, hit@1   documents in the order of their best source
 *	whole            ... in the order of whole documents: nDCG@10, hit@1, hit@3, MAP of the first 1000
 *	in 3k/6k/12k     the answer stands whole in the first so many bytes of sources
 *	1/2/3 quotes     the answer stands in the first so many quotes of the answer without a model
 *	answered         questions not refused (band weak or good); good: band good
 *	refused          questions of another collection that are
 */
#include <dirent.h>
#include <math.h>
#include <unistd.h>
#include <uv.h>

#include "common/clock.h"
#include "daemon/library/library.h"
#include "daemon/store/turns.h"
#include "tests/bench/collection.h"

#define IN_FLIGHT 32
#define HITS 150 /* passages: enough for ten documents */
#define STRANGE_MAX 1500

struct figures {
	size_t asked, first, three, answered, good, judged;
	double ndcg, map;
	size_t in[3], quoted[3], with_answers;
	double *us;
};

struct bench {
	char dir[64];
	uv_loop_t loop;
	struct store *store;
	struct library *library;
	struct account who;
	struct collection c;
	size_t running;
	uint64_t bytes;
	double load_s;
	size_t documents;
	struct figures f;
};

struct asked {
	struct bench *b;
	struct question *q;
	uint64_t since;
	size_t at;
	enum { RANKING, WHOLE, CONTEXT, QUOTES } what;
	size_t limit; /* CONTEXT: which of the budgets */
};

static const size_t budgets[] = { 3000, 6000, 12000 };

/* ---- documents in ---- */

static void on_taken(uint64_t owner, void *ctx, const struct ingest_end *end)
{
	struct bench *b = ctx;

	(void)owner;
	if (end->r != 0 && end->r != LIBRARY_E_EMPTY)
		die("upload", end->why);
	b->running--;
}

static void upload(struct bench *b, const char *line)
{
	char *id = field_of(line, "id"), *title = field_of(line, "title"),
	     *text = field_of(line, "text");
	bool titled = title && *title;
	char *name = mem_printf("%s.%s", id, titled ? "md" : "txt"), why[256];
	struct ingest *i;

	if (!id || !text)
		die("docs.jsonl", "a line without id or text");
	for (char *c = name; *c; c++)
		*c = *c == '/' ? '_' : *c;
	if (ingest_begin(b->library, &b->who, name, NULL, -1, &i, why) != 0)
		die(name, why);
	if (titled && (ingest_feed(i, "# ", 2, why) || ingest_feed(i, title, strlen(title), why) ||
			      ingest_feed(i, "\n\n", 2, why)))
		die(name, why);
	if (ingest_feed(i, text, strlen(text), why) != 0)
		die(name, why);
	ingest_commit(i, on_taken, 0, b);
	b->running++;
	b->documents++;
	b->bytes += strlen(text);
	mem_free(id);
	mem_free(title);
	mem_free(text);
	mem_free(name);
}

static void drain(struct bench *b, size_t to)
{
	while (b->running > to)
		uv_run(&b->loop, UV_RUN_ONCE);
}

static void load_documents(struct bench *b, const char *dir)
{
	uint64_t since = clock_mono_us();
	struct text all;
	char *rest, *line;

	if (!file_text(dir, "docs.jsonl", &all))
		die(dir, "no docs.jsonl");
	for (rest = all.p; (line = next_line(&rest));) {
		upload(b, line);
		drain(b, IN_FLIGHT);
	}
	drain(b, 0);
	b->load_s = (double)(clock_mono_us() - since) / 1e6;
	mem_free(all.p);
}

/* ---- one store ---- */

static void on_account(struct job *j)
{
	struct op_account *op = container_of(j, struct op_account, job);
	struct bench *b = j->ctx;

	if (j->r != 0)
		die("account", j->why);
	b->who = op->account;
	op->account.name = NULL;
	op_account_free(op);
	b->running--;
}

static void bench_open(struct bench *b)
{
	const struct library_config lc = { .budget = 6000, .deadline_ms = 60000 };
	struct op_account *op = op_account_new();
	char path[96], *why = NULL;
	struct store_config sc = { .path = path, .create = true };

	*b = (struct bench){ .running = 1 };
	snprintf(b->dir, sizeof(b->dir), "/tmp/ragchat-bench-XXXXXX");
	if (!mkdtemp(b->dir))
		die("mkdtemp", NULL);
	snprintf(path, sizeof(path), "%s/chat_history.db", b->dir);
	uv_loop_init(&b->loop);
	library_new(&b->library, NULL, &lc);
	if (store_open(&b->store, &b->loop, &sc, &why) != 0)
		die("store", why);
	mem_free(why);
	library_attach(b->library, b->store);
	op->fallback = mem_dup("bench");
	op->job.done = on_account;
	op->job.ctx = b;
	if (store_submit(b->store, STORE_WRITER, &op->job) != 0)
		die("account", NULL);
	drain(b, 0);
}

static void bench_close(struct bench *b)
{
	DIR *d;
	struct dirent *e;

	store_close(b->store);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	uv_loop_close(&b->loop);
	library_free(b->library);
	d = opendir(b->dir);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	rmdir(b->dir);
	collection_fini(&b->c);
	mem_free(b->f.us);
	mem_free(b->who.name);
}

/* ---- judging ---- */

static bool is_gold(const struct question *q, const char *path)
{
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; i < q->ngold; i++)
		if (dot && (size_t)(dot - path) == q->gold[i].n &&
			!memcmp(path, q->gold[i].p, q->gold[i].n))
			return true;
	return false;
}

static void judge_documents(struct bench *b, const struct question *q, const struct retrieval *r)
{
	const char *seen[10];
	size_t n = 0;
	double gain = 0, ideal = 0;
	bool early = false;

	for (size_t i = 0; i < r->nsources && n < 10; i++) {
		bool again = false;

		for (size_t k = 0; k < n; k++)
			again = again || !strcmp(seen[k], r->sources[i].path);
		if (again)
			continue;
		seen[n++] = r->sources[i].path;
		if (!is_gold(q, r->sources[i].path))
			continue;
		gain += 1 / log2((double)n + 1);
		b->f.first += n == 1;
		early = early || n <= 3;
	}
	b->f.three += early;
	for (size_t i = 0; i < min_of(q->ngold, (size_t)10); i++)
		ideal += 1 / log2((double)i + 2);
	b->f.ndcg += ideal > 0 ? gain / ideal : 0;
	b->f.judged++;
}

/* Average precision: each source is a document. */
static void judge_whole(struct bench *b, const struct question *q, const struct retrieval *r)
{
	size_t found = 0;
	double sum = 0;

	for (size_t i = 0; i < r->nsources; i++)
		if (is_gold(q, r->sources[i].path))
			sum += (double)++found / (double)(i + 1);
	b->f.map += q->ngold ? sum / (double)q->ngold : 0;
}

static bool holds(const struct question *q, const char *s, size_t n)
{
	for (size_t i = 0; i < q->nanswers; i++)
		if (memmem(s, n, q->answers[i], strlen(q->answers[i])))
			return true;
	return false;
}

static bool in_sources(const struct question *q, const struct retrieval *r)
{
	for (size_t i = 0; i < r->nsources && r->band != FOUND_NOTHING; i++)
		if (holds(q, r->sources[i].quote, strlen(r->sources[i].quote)))
			return true;
	return false;
}

static void judge_quotes(struct bench *b, const struct question *q, const struct retrieval *r)
{
	bool found = false;

	for (size_t i = 0; i < 3; i++) {
		found = found ||
			(i < r->nsources && r->sources[i].cited && r->band != FOUND_NOTHING &&
				holds(q, r->sources[i].quote, strlen(r->sources[i].quote)));
		b->f.quoted[i] += found;
	}
}

static void on_retrieved(uint64_t owner, void *ctx, const struct retrieval *r)
{
	struct asked *a = ctx;
	struct bench *b = a->b;

	(void)owner;
	if (r->r != 0)
		die(a->q->text, r->why);
	b->running--;
	if (a->what == QUOTES) {
		judge_quotes(b, a->q, r);
	} else if (a->what == CONTEXT) {
		b->f.in[a->limit] += in_sources(a->q, r);
	} else {
		b->f.us[b->f.asked++] = (double)(clock_mono_us() - a->since);
		b->f.answered += r->band != FOUND_NOTHING;
		b->f.good += r->band == FOUND_GOOD;
		if (a->q->ngold)
			judge_documents(b, a->q, r);
		if (a->q->ngold && a->what == WHOLE)
			judge_whole(b, a->q, r);
	}
	mem_free(a);
}

/* ---- asking ---- */

static void ask(struct bench *b, struct question *q, bool history, int what, size_t limit)
{
	struct asked *a = mem_new(sizeof(*a));
	struct retrieve_request req = {
		.account = b->who,
		.question = q->text,
		.question_len = strlen(q->text),
		.limit = what == RANKING ? HITS : what == WHOLE ? LIBRARY_LIMIT : 0,
		.whole = what == WHOLE,
		.budget = what == CONTEXT ? budgets[limit] : 0,
		.answer = what == QUOTES,
	};

	if (history && q->before) {
		req.previous_question = q->before;
		req.previous_question_len = strlen(q->before);
	}
	if (history && q->answer_before) {
		req.previous_answer = q->answer_before;
		req.previous_answer_len = strlen(q->answer_before);
	}
	*a = (struct asked){
		.b = b, .q = q, .since = clock_mono_us(), .what = what, .limit = limit
	};
	if (library_retrieve(b->library, &req, on_retrieved, 0, a) != 0)
		die("ask", "the queue is full");
	b->running++;
	drain(b, 0); /* one at a time: the time is the time of one */
}

static void figures_begin(struct bench *b, size_t n)
{
	mem_free(b->f.us);
	b->f = (struct figures){ .us = mem_new((n + 1) * sizeof(double)) };
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double share(size_t part, size_t of)
{
	return of ? (double)part / (double)of : 0;
}

static void ask_strange(struct bench *b, const char *root, const char *name)
{
	struct collection other = { 0 };
	char *dir = path_join(root, name);
	size_t n;

	load_questions(&other, dir);
	n = min_of(other.n, (size_t)STRANGE_MAX);
	figures_begin(b, n);
	for (size_t i = 0; i < n; i++)
		ask(b, &other.questions[i], false, RANKING, 0);
	printf("  refused %.3f (questions of %s)", 1 - share(b->f.answered, b->f.asked), name);
	collection_fini(&other);
	mem_free(dir);
}

static void run_answers(struct bench *b)
{
	struct figures *f = &b->f;

	for (size_t i = 0; i < b->c.n; i++) {
		if (!b->c.questions[i].nanswers)
			continue;
		f->with_answers++;
		for (size_t k = 0; k < array_len(budgets); k++)
			ask(b, &b->c.questions[i], false, CONTEXT, k);
		ask(b, &b->c.questions[i], false, QUOTES, 0);
	}
	if (f->with_answers)
		printf("  in 3k/6k/12k %.3f/%.3f/%.3f  1/2/3 quotes %.3f/%.3f/%.3f",
			share(f->in[0], f->with_answers), share(f->in[1], f->with_answers),
			share(f->in[2], f->with_answers), share(f->quoted[0], f->with_answers),
			share(f->quoted[1], f->with_answers), share(f->quoted[2], f->with_answers));
}

static void run_whole(struct bench *b, bool history)
{
	double n;

	figures_begin(b, b->c.n);
	for (size_t i = 0; i < b->c.n; i++)
		ask(b, &b->c.questions[i], history, WHOLE, 0);
	n = (double)max_of(b->f.judged, (size_t)1);
	printf("  whole %.4f %.3f %.3f MAP %.4f", b->f.ndcg / n, (double)b->f.first / n,
		(double)b->f.three / n, b->f.map / n);
}

static void run_collection(const char *root, const char *name, const char *strange)
{
	char *dir = path_join(root, name);
	struct bench b;

	bench_open(&b);
	collection_load(&b.c, dir);
	load_documents(&b, dir);
	figures_begin(&b, b.c.n);
	for (size_t i = 0; i < b.c.n; i++)
		ask(&b, &b.c.questions[i], false, RANKING, 0);
	qsort(b.f.us, b.f.asked, sizeof(*b.f.us), by_value);
	printf("%-9s %zu documents, %.1f MB in %.1f s; nDCG@10 %.4f hit@1 %.3f  answered %.3f good "
	       "%.3f  ms %.2f/%.2f",
		name, b.documents, (double)b.bytes / 1e6, b.load_s,
		b.f.ndcg / (double)max_of(b.f.judged, (size_t)1), share(b.f.first, b.f.judged),
		share(b.f.answered, b.f.asked), share(b.f.good, b.f.asked),
		b.f.us[b.f.asked / 2] / 1e3, b.f.us[b.f.asked * 95 / 100] / 1e3);
	printf(" hit@3 %.3f", share(b.f.three, b.f.judged));
	run_whole(&b, false);
	if (!getenv("NO_ANSWERS"))
		run_answers(&b);
	if (b.c.history) {
		figures_begin(&b, b.c.n);
		for (size_t i = 0; i < b.c.n; i++)
			ask(&b, &b.c.questions[i], true, RANKING, 0);
		printf("  with history nDCG@10 %.4f hit@1 %.3f",
			b.f.ndcg / (double)max_of(b.f.judged, (size_t)1),
			share(b.f.first, b.f.judged));
		run_whole(&b, true);
	}
	if (strange)
		ask_strange(&b, root, strange);
	printf("\n");
	fflush(stdout);
	bench_close(&b);
	mem_free(dir);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name, *strange;
	} collections[] = {
		{ "squad2", "covidqa" },
		{ "covidqa", "squad2" },
		{ "med", "squad2" },
		{ "mtragun", "squad2" },
		{ "xquad-de", NULL },
		{ "xquad-zh", NULL },
	};
	const char *root = getenv("COLLECTIONS");

	if (!root || !*root) {
		printf("retrieval: skipped, COLLECTIONS names no folder\n");
		return 0;
	}
	for (size_t i = 0; i < array_len(collections); i++)
		if (argc < 2 || !strcmp(argv[1], collections[i].name))
			run_collection(root, collections[i].name, collections[i].strange);
	return 0;
}
