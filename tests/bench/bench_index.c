/*
 * The index of documents, the way a user's go: uploaded into a store, asked through the library. The
 * same texts are laid out for a peer, cut into the same passages. tests/bench/index.py drives it:
 *
 *	bench_index texts DIR PASSAGES [COLLECTIONS]   documents, passages and questions into DIR
 *	bench_index load DIR INDEX_PASSAGES            all of them into a store in DIR/store
 *	bench_index write DIR                          words to a segment's bytes, nothing else
 *	bench_index ask DIR                            the questions, twice; figures of the second time
 *
 * Figures: one a line, name and value; seconds, MB of text, ms, KiB.
 */
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "common/attr.h"
#include "common/clock.h"
#include "daemon/library/chunk.h"
#include "daemon/library/library.h"
#include "daemon/library/words.h"
#include "daemon/segment/write.h"
#include "daemon/store/turns.h"
#include "tests/bench/texts.h"

#define IN_FLIGHT 32
#define QUESTIONS 300
#define HITS 60 /* as many as an answer looks at */
#define SETTLE_S 600

struct bench {
	char path[512];
	uv_loop_t loop;
	struct store *store;
	struct library *library;
	struct account who;
	size_t running;
	uint64_t bytes;
	double *ms;
	size_t asked, cut;
};

static void figure(const char *name, double value)
{
	printf("%s %.6g\n", name, value);
	fflush(stdout);
}

static FILE *file_in(const char *dir, const char *name, const char *mode)
{
	char *path = path_join(dir, name);
	FILE *f = fopen(path, mode);

	if (!f)
		die(path, strerror(errno));
	mem_free(path);
	return f;
}

/* ---- texts ---- */

static size_t write_passages(FILE *f, const char *text, size_t n)
{
	struct passage *v;
	size_t count;

	if (chunk_text(text, n, TEXT_PLAIN, &v, &count) != 0)
		die("chunk_text", NULL);
	for (size_t i = 0; i < count; i++) {
		for (uint64_t at = v[i].start; at < v[i].end; at++)
			fputc(text[at] == '\n' ? ' ' : text[at], f);
		fputc('\n', f);
	}
	passages_free(v, count);
	return count;
}

static void make_texts(const char *dir, size_t passages, const char *collections)
{
	FILE *documents = file_in(dir, "documents", "w"), *cut = file_in(dir, "passages", "w"),
	     *questions = file_in(dir, "questions", "w");
	size_t made = 0, bytes = 0;
	struct texts t;
	struct buf b;

	texts_init(&t, collections);
	buf_init(&b, 0);
	while (made < passages) {
		buf_reset(&b);
		texts_document(&t, &b);
		made += write_passages(cut, (const char *)b.data, b.len);
		fprintf(documents, "%zu\n", b.len);
		fwrite(b.data, 1, b.len, documents);
		bytes += b.len;
	}
	for (int i = 0; i < QUESTIONS; i++) {
		buf_reset(&b);
		texts_question(&t, &b);
		fprintf(questions, "%s\n", buf_cstr(&b));
	}
	buf_fini(&b);
	texts_fini(&t);
	if (fclose(documents) || fclose(cut) || fclose(questions))
		die(dir, "cannot be written");
	figure("passages", (double)made);
	figure("mb", (double)bytes / 1e6);
}

/* The next document, in *text with room for it. */
static size_t next_document(FILE *f, char **text)
{
	size_t n;

	if (fscanf(f, "%zu", &n) != 1)
		return 0;
	(void)fgetc(f);
	mem_free(*text);
	*text = mem_try(n + 1);
	if (!*text || fread(*text, 1, n, f) != n)
		die("documents", "cut short");
	return n;
}

/* ---- a store ---- */

static void drain(struct bench *b, size_t to)
{
	while (b->running > to)
		uv_run(&b->loop, UV_RUN_ONCE);
}

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

static void bench_open(struct bench *b, const char *dir, int64_t index_passages)
{
	const struct library_config lc = { .budget = 6000, .deadline_ms = 60000 };
	struct op_account *op = op_account_new();
	struct store_config sc = { .path = b->path, .create = true, .index_passages = index_passages };
	char *why = NULL;

	*b = (struct bench){ .running = 1 };
	snprintf(b->path, sizeof(b->path), "%s/store/chat_history.db", dir);
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
	store_close(b->store);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	uv_loop_close(&b->loop);
	library_free(b->library);
	mem_free(b->who.name);
	mem_free(b->ms);
}

/* ---- in ---- */

static void on_taken(uint64_t owner, void *ctx, const struct ingest_end *end)
{
	struct bench *b = ctx;

	(void)owner;
	if (end->r != 0)
		die("upload", end->why);
	b->running--;
}

static void upload(struct bench *b, size_t number, const char *text, size_t n)
{
	char name[32], why[256];
	struct ingest *i;

	snprintf(name, sizeof(name), "note-%zu.txt", number);
	if (ingest_begin(b->library, &b->who, name, NULL, (int64_t)n, &i, why) != 0 || ingest_feed(i, text, n, why) != 0)
		die(name, why);
	b->running++;
	ingest_commit(i, on_taken, 0, b);
	b->bytes += n;
	drain(b, IN_FLIGHT);
}

static double seconds_since(uint64_t us)
{
	return (double)(clock_mono_us() - us) / 1e6;
}

/* Every lane has nothing to do, for a while. */
static void settle(struct bench *b)
{
	uint64_t end = clock_mono_ms() + SETTLE_S * 1000ull, quiet = clock_mono_ms();
	struct store_figures f;

	while (clock_mono_ms() < end && clock_mono_ms() - quiet < 300) {
		uv_run(&b->loop, UV_RUN_NOWAIT);
		store_figures(b->store, &f);
		for (int i = 0; i < STORE_LANES; i++)
			if (f.queued[i])
				quiet = clock_mono_ms();
		usleep(500);
	}
}

static double status_kib(const char *what)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	double kib = 0;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, what, strlen(what)))
			kib = atof(line + strlen(what) + 1);
	if (f)
		fclose(f);
	return kib;
}

static void load(const char *dir, int64_t index_passages)
{
	FILE *documents = file_in(dir, "documents", "r");
	struct store_figures f;
	char *text = NULL, *store = path_join(dir, "store");
	uint64_t since;
	struct bench b;
	size_t n, number = 0;

	(void)mkdir(store, 0700);
	mem_free(store);
	bench_open(&b, dir, index_passages);
	since = clock_mono_us();
	while ((n = next_document(documents, &text)))
		upload(&b, number++, text, n);
	drain(&b, 0);
	figure("load_s", seconds_since(since));
	settle(&b);
	figure("settled_s", seconds_since(since) - .3);
	figure("mb", (double)b.bytes / 1e6);
	figure("peak_kib", status_kib("VmHWM:"));
	store_figures(b.store, &f);
	figure("longest_ms", (double)f.library_longest_us / 1e3);
	figure("cpu_s", (double)clock() / CLOCKS_PER_SEC);
	mem_free(text);
	fclose(documents);
	bench_close(&b);
}

/* ---- the writer alone ---- */

struct words {
	struct segment_builder *b;
	size_t places;
	uint64_t bytes;
};

static int take_word(void *ctx, bool colocated, const char *term, size_t n, size_t start, size_t end)
{
	struct words *w = ctx;

	(void)start;
	(void)end;
	w->places += !colocated;
	return segment_builder_word(w->b, SEGMENT_BODY, term, n);
}

static int count_bytes(void *ctx, const void *p, size_t n)
{
	(void)p;
	((struct words *)ctx)->bytes += n;
	return 0;
}

/* Passages are split into words beforehand to see what that costs: `split_s`. */
static void write_segments(const char *dir)
{
	FILE *f = file_in(dir, "passages", "r");
	uint64_t since = clock_mono_us(), out;
	struct words w = { .b = segment_builder_new() };
	double writing = 0, bytes = 0;
	uint32_t language;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int64_t id = 0;
	bool more = true;

	while (more) {
		more = (n = getline(&line, &cap, f)) > 0;
		if (more) {
			if (id % 40 == 0)
				segment_builder_document(w.b, id);
			w.places = 0;
			words_split(line, (size_t)n - 1, &language, &w, take_word);
			segment_builder_passage(w.b, (uint16_t)w.places);
			id++;
			bytes += (double)n;
		}
		if ((!more || segment_builder_passages(w.b) == 32760) && segment_builder_passages(w.b)) {
			out = clock_mono_us();
			segment_builder_write(w.b, false, count_bytes, &w);
			writing += seconds_since(out);
			segment_builder_free(w.b);
			w.b = segment_builder_new();
		}
	}
	segment_builder_free(w.b);
	figure("total_s", seconds_since(since));
	figure("write_s", writing);
	figure("mb", bytes / 1e6);
	figure("bytes_mb", (double)w.bytes / 1e6);
	mem_free(line);
	fclose(f);
}

/* ---- questions ---- */

struct asked {
	struct bench *b;
	uint64_t since;
};

static void on_found(uint64_t owner, void *ctx, const struct retrieval *r)
{
	struct asked *a = ctx;

	(void)owner;
	if (r->r != 0)
		die("search", r->why);
	a->b->ms[a->b->asked++] = (double)(clock_mono_us() - a->since) / 1e3;
	a->b->cut += r->cut;
	a->b->running--;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void ask_all(struct bench *b, const char *dir)
{
	FILE *f = file_in(dir, "questions", "r");
	char line[4096];

	b->asked = 0;
	while (fgets(line, sizeof(line), f) && b->asked < QUESTIONS) {
		struct retrieve_request req = { .account = b->who, .question = line, .question_len = strcspn(line, "\n"), .limit = HITS };
		struct asked a = { b, clock_mono_us() };

		b->running++;
		if (library_retrieve(b->library, &req, on_found, 0, &a) != 0)
			die("search", "busy");
		drain(b, 0);
	}
	fclose(f);
}

static void ask(const char *dir)
{
	struct bench b;
	double sum = 0;

	bench_open(&b, dir, 0);
	settle(&b);
	b.ms = calloc(QUESTIONS + 1, sizeof(*b.ms));
	figure("before_kib", status_kib("RssAnon:"));
	ask_all(&b, dir);
	ask_all(&b, dir);
	for (size_t i = 0; i < b.asked; i++)
		sum += b.ms[i];
	qsort(b.ms, b.asked, sizeof(*b.ms), by_value);
	figure("mean_ms", sum / (double)b.asked);
	figure("p50_ms", b.ms[b.asked / 2]);
	figure("p95_ms", b.ms[b.asked * 95 / 100]);
	figure("max_ms", b.ms[b.asked - 1]);
	figure("cut", (double)b.cut);
	figure("anon_kib", status_kib("RssAnon:"));
	figure("rss_kib", status_kib("VmRSS:"));
	bench_close(&b);
}

int main(int argc, char **argv)
{
	if (argc >= 4 && !strcmp(argv[1], "texts"))
		make_texts(argv[2], (size_t)atoll(argv[3]), argc > 4 ? argv[4] : NULL);
	else if (argc == 4 && !strcmp(argv[1], "load"))
		load(argv[2], atoll(argv[3]));
	else if (argc == 3 && !strcmp(argv[1], "write"))
		write_segments(argv[2]);
	else if (argc == 3 && !strcmp(argv[1], "ask"))
		ask(argv[2]);
	else
		die("usage", "texts DIR PASSAGES [COLLECTIONS] | load DIR INDEX_PASSAGES | write DIR | ask DIR");
	return 0;
}
