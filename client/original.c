/* doc.original until its end. */
#include "client/original.h"

#include <string.h>
#include <unistd.h>

#include "client/link.h"
#include "client/out.h"
#include "client/say.h"
#include "client/term.h"
#include "common/mem.h"
#include "common/sha256.h"
#include "proto/errors.h"

struct original {
	struct link *link;
	struct out out;
	bool open;
	char *id;     /* of the document: a name may mean another one by the next piece */
	char *sha256;
	int64_t off, size;
	struct sha256 sum;
	struct progress progress;
};

static void show(struct original *x)
{
	char text[80];

	(void)snprintf(text, sizeof(text), "%lld of %lld MiB", (long long)(x->off >> 20), (long long)(x->size >> 20));
	progress_text(&x->progress, text, strlen(text));
	(void)progress_tick(&x->progress);
}

static int ask(struct original *x, const char *ref, const char *collection)
{
	struct link *l = x->link;
	struct pack *p = link_request(l, "doc.original");
	int r;

	pack_kv_text(p, "document", x->id ? x->id : ref);
	pack_kv_text_opt(p, "collection", collection);
	pack_kv_int(p, "off", x->off);
	r = link_call(l, 0);
	if (r == LINK_E_REMOTE && l->error.code == PROTO_E_UNKNOWN_METHOD)
		return say_fail(STATUS_PROTOCOL, "the daemon is older than this program and gives no originals: `ragchat daemon stop`, then again");
	return r ? link_fail(l, r) : 0;
}

/* The first piece says what there is; the file is opened when there is something for it. */
static int begin(struct original *x, const char *path)
{
	struct val result = x->link->msg.result;
	int r;

	x->id = val_get_text(result, "document");
	x->sha256 = val_get_text(result, "sha256");
	x->size = val_get_int(result, "size", -1);
	if (!x->id || !x->sha256 || x->size < 0)
		return say_fail(STATUS_PROTOCOL, "the daemon named no original");
	sha256_init(&x->sum);
	r = out_open(&x->out, path);
	x->open = !r;
	return r;
}

static int take(struct original *x, bool *end)
{
	struct val result = x->link->msg.result;
	const void *data;
	size_t n;

	*end = val_get_bool(result, "eof", false);
	if (!val_bin(val_get(result, "data"), &data, &n) || (!n && !*end) || (int64_t)n > x->size - x->off)
		return say_fail(STATUS_PROTOCOL, "the daemon sent half an original");
	sha256_add(&x->sum, data, n);
	x->off += (int64_t)n;
	out_add(&x->out, data, n);
	return out_flush(&x->out) < 0 ? STATUS_OUTPUT : 0; /* out_close says it */
}

static int check(struct original *x)
{
	char hex[SHA256_HEX + 1];

	sha256_end_hex(&x->sum, hex);
	if (x->off == x->size && !strcmp(hex, x->sha256))
		return 0;
	return say_fail(STATUS_DATA, "the original that is kept is damaged: it does not have the hash of the file that was uploaded");
}

int original_write(struct link *l, const char *ref, const char *collection, const char *path)
{
	struct original x = { .link = l };
	bool end = false;
	int r = ask(&x, ref, collection), closed;

	progress_start(&x.progress, path && term_moves(STDERR_FILENO));
	if (!r)
		r = begin(&x, path);
	while (!r && !(r = take(&x, &end)) && !end) {
		show(&x);
		r = ask(&x, ref, collection);
	}
	progress_clear(&x.progress);
	if (!r)
		r = check(&x);
	if (x.open) {
		closed = out_close(&x.out, !r);
		r = closed ? closed : r;
	}
	mem_free(x.id);
	mem_free(x.sha256);
	return r;
}
