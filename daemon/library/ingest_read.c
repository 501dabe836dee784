/*
 * Text out of what is no text, by ragchatd-extract. The daemon looks at nothing but magic numbers:
 * what a document is, its encoding included, is found out in the helper's sandbox.
 */
#define LOG_TAG "library"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/utf8.h"
#include "daemon/library/ingest_in.h"

#define TEXT_MAX ((size_t)48 << 20) /* its own bound; what is more was written by somebody else */
#define TITLE_BYTES 300
/*
 * Of the clock, for a machine that has other things to do: what takes for ever has used up its
 * processor time before (daemon/extract/limits.h).
 */
#define DEADLINE_MS 180000

/* ---- what it said of itself ---- */

static void keep(char *to, size_t size, const char *from)
{
	size_t n = utf8_floor(from, strlen(from), size - 1);

	memcpy(to, from, n);
	to[n] = '\0';
	for (size_t k = 0; k < n; k++)
		if ((unsigned char)to[k] < ' ' || to[k] == 0x7f)
			to[k] = ' ';
}

struct said {
	char status[16], error[240], missed[240];
	int64_t missed_count;
};

/* The last line of its stderr is an object; a stranger may have written it. */
static void parse(struct ingest *i, const char *words, struct said *said)
{
	size_t end = strlen(words), from;
	struct json_slice key, value;
	struct json j;

	end -= end && words[end - 1] == '\n';
	for (from = end; from && words[from - 1] != '\n';)
		from--;
	json_init(&j, words + from, end - from, 4);
	if (!json_object(&j))
		return;
	while (json_key(&j, &key)) {
		char *text = json_string(&j, &value) ? json_strdup(&value, 1000) : NULL;

		if (!text && json_slice_is(&key, "missed_count"))
			(void)json_integer(&j, &said->missed_count);
		else if (text && json_slice_is(&key, "status"))
			keep(said->status, sizeof(said->status), text);
		else if (text && json_slice_is(&key, "error"))
			keep(said->error, sizeof(said->error), text);
		else if (text && json_slice_is(&key, "missed"))
			keep(said->missed, sizeof(said->missed), text);
		else if (text && json_slice_is(&key, "sandbox")) {
			mem_free(i->library->sandbox);
			i->library->sandbox = mem_dup(text);
		}
		mem_free(text);
	}
}

static int error_of(const char *status)
{
	static const struct {
		const char *status;
		int r;
	} errors[] = { { "type", LIBRARY_E_TYPE }, { "limit", LIBRARY_E_TOO_LARGE },
		{ "empty", LIBRARY_E_EMPTY } };

	for (size_t k = 0; k < array_len(errors); k++)
		if (!strcmp(status, errors[k].status))
			return errors[k].r;
	return LIBRARY_E_TEXT;
}

static void fail(struct ingest *i, int r, const char *words)
{
	i->r = r;
	(void)snprintf(i->why, sizeof(i->why), "%s", words);
}

/* Then GLib, which reads mail, ends the process in its own way, and mem.c in its own. */
static bool ran_out_of_memory(const char *words)
{
	return strstr(words, "MEMORY-ERROR") || strstr(words, "failed to allocate") || strstr(words, "out of memory");
}

static void explain(struct ingest *i, const struct readers_end *end, const struct said *said)
{
	if (end->r == READERS_E_START)
		fail(i, LIBRARY_E_STORE, end->words);
	else if (end->r == READERS_E_STOPPING)
		fail(i, LIBRARY_E_BUSY, "the daemon is going down: upload it again later");
	else if (end->r == READERS_E_DEADLINE || (end->r == READERS_E_ENDED && (end->signal == SIGXCPU || end->signal == SIGKILL)))
		fail(i, LIBRARY_E_TOO_LARGE, "it takes too long to read: split it, or save it in another format");
	else if (end->r == READERS_E_TOO_LARGE)
		fail(i, LIBRARY_E_TOO_LARGE, "more comes of it than a document may hold: split it");
	else if (said->error[0])
		fail(i, error_of(said->status), said->error);
	else if (end->r == READERS_E_ENDED && ran_out_of_memory(end->words))
		fail(i, LIBRARY_E_TOO_LARGE, "it needs more memory than a document may: split it, or save it in another format");
	else if (end->r == READERS_E_ENDED && end->signal == SIGSYS)
		fail(i, LIBRARY_E_TEXT, "its reader did what it must not and was ended: save it in another format");
	else if (end->r == READERS_E_ENDED)
		fail(i, LIBRARY_E_TEXT, "its reader broke down over it: save it in another format");
	else
		fail(i, LIBRARY_E_TEXT, "its reader gave no whole text: save it in another format");
}

/* ---- documents within it ---- */

static void on_read(void *ctx, const struct readers_end *end);

/* A bad one sticks, and is found at the end. */
static void on_piece(void *ctx, const void *p, size_t n)
{
	struct ingest *i = ctx;

	(void)records_feed(i->child ? &i->within : &i->records, p, n);
	if (i->progress && !i->child && i->records.page > 0)
		i->progress(i->ctx, i->records.page, false);
}

static void run(struct ingest *i, enum format_route route, const void *p, size_t n)
{
	struct readers_job job = {
		.kind = route == ROUTE_PDF ? READER_PDF : READER_DOCUMENT,
		.owner = i->account,
		.body = p,
		.nbody = n,
		.deadline_ms = DEADLINE_MS,
		.take = on_piece,
		.done = on_read,
		.ctx = i,
	};
	size_t name = strlen(i->op->doc.name);

	if (route == ROUTE_HELPER) {
		memcpy(i->head, RECORDS_MAGIC, 4);
		put_u32(i->head + 4, (uint32_t)name);
		memcpy(i->head + 8, i->op->doc.name, name);
		job.head = i->head;
		job.nhead = 8 + name;
	}
	readers_run(i->library->readers, &job);
}

/* A PDF in a mail is read by itself, the next one when it is done. */
static bool read_next_child(struct ingest *i)
{
	const struct text_child *c;

	if (i->child >= i->records.nchildren)
		return false;
	c = &i->records.children[i->child++];
	records_fini(&i->within);
	records_init(&i->within, TEXT_MAX - i->records.text.len);
	run(i, ROUTE_PDF, c->bytes, c->n);
	return true;
}

static void miss(struct ingest *i, int64_t n, const char *words)
{
	if (!i->missed)
		keep(i->missed_why, sizeof(i->missed_why), words);
	i->missed += (unsigned)min_of(max_of(n, (int64_t)0), (int64_t)100000);
}

/* One that cannot be read leaves the others, and the mail itself, as they are: it is named. */
static void take_child(struct ingest *i, const struct readers_end *end, const struct said *said)
{
	const struct text_child *c = &i->records.children[i->child - 1];
	char words[sizeof(i->missed_why)];
	int r = end->r ? -EBADMSG : records_end(&i->within);

	if (r == 0)
		r = records_append(&i->records, &i->within, c->name);
	if (r == 0 || end->r == READERS_E_STOPPING)
		return;
	if (r == -EBADMSG)
		explain(i, end, said);
	(void)snprintf(words, sizeof(words), "%.80s: %.160s", c->name, r == -EBADMSG ? i->why : "more comes of it than a document may hold");
	miss(i, 1, words);
	i->r = 0;
	i->why[0] = '\0';
}

/* What it calls itself; one that says no more than the file's name does is left out. */
static void take_title(struct ingest *i)
{
	const char *base = strrchr(i->op->doc.name, '/');
	char title[TITLE_BYTES + 1] = "";

	base = base ? base + 1 : i->op->doc.name;
	if (i->records.title)
		keep(title, sizeof(title), i->records.title);
	if (title[strspn(title, " ")] && strcmp(title, base) != 0)
		i->op->doc.title = mem_dup(title);
}

static void on_read(void *ctx, const struct readers_end *end)
{
	struct ingest *i = ctx;
	struct said said = { .status = "" };

	parse(i, end->words, &said);
	if (i->child)
		take_child(i, end, &said);
	else if (end->r != 0 || records_end(&i->records) != 0)
		explain(i, end, &said);
	else
		miss(i, said.missed_count, said.missed);
	if (!i->r && end->r != READERS_E_STOPPING && read_next_child(i))
		return;
	if (!i->r)
		take_title(i);
	ingest_store(i);
}

void ingest_read(struct ingest *i, enum format_route route)
{
	records_init(&i->records, TEXT_MAX);
	run(i, route, i->bytes.data, i->bytes.len);
}
