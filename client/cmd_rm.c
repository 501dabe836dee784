/* ragchat rm: threads deleted for good. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/link.h"
#include "client/out.h"
#include "client/rows.h"
#include "client/say.h"
#include "client/term.h"
#include "client/when.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/mem.h"
#include "proto/limits.h"

#define WINDOW 32 /* requests on their way; the daemon takes 64 of a connection */

enum { OPT_OLDER = OPT_OWN, OPT_DRY, OPT_GHOSTS };

static const struct opt opts[] = {
	{ OPT_OLDER, "older-than", "AGE" },
	{ OPT_GHOSTS, "ghosts", NULL },
	{ OPT_DRY, "dry-run", NULL },
	{ 'f', "yes", NULL },
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

struct target {
	char *id, *name;
	int64_t turns;
};

struct rm {
	struct link *link;
	const char *older;
	int64_t before_us; /* of --older-than */
	bool ghosts, dry, yes, json;
	struct target *v;
	size_t n, cap;
	struct { int64_t threads, steps, elements; } nobody;
	int status;
};

static void add(struct rm *k, struct val thread)
{
	k->v = mem_grow(k->v, &k->cap, k->n, sizeof(*k->v));
	k->v[k->n++] = (struct target){ .id = val_get_text(thread, "thread"),
		.name = val_get_text(thread, "name"), .turns = val_get_int(thread, "turns", 0) };
}

static bool is_known(const struct rm *k, struct val result)
{
	for (size_t i = 0; i < k->n; i++)
		if (val_str_is(val_get(result, "thread"), k->v[i].id))
			return true;
	return false;
}

/* What REF means, without deleting it. One that is not there does not keep the others. */
static void find(struct rm *k, const char *ref)
{
	struct pack *p = link_request(k->link, "thread.delete");
	int r;

	pack_kv_text(p, "thread", ref);
	pack_kv_bool(p, "dry_run", true);
	r = link_call(k->link, 0);
	if (r)
		k->status = link_fail(k->link, r);
	else if (!is_known(k, k->link->msg.result))
		add(k, k->link->msg.result);
}

static bool is_older(const struct rm *k, struct val thread)
{
	const char *s = "";
	size_t n = 0;
	int64_t us;

	return val_get_str(thread, "updated", &s, &n) && clock_iso_parse(s, n, &us) == 0 && us < k->before_us &&
	       !val_present(val_get(thread, "owner"));
}

static void find_older(struct rm *k)
{
	char until[CLOCK_ISO_LEN + 1], *next = NULL;
	int r;

	clock_iso(k->before_us, until);
	do {
		struct pack *p = link_request(k->link, "thread.list");
		struct val threads;

		pack_kv_int(p, "limit", LIMIT_PAGE);
		pack_kv_text(p, "until", until);
		pack_kv_text_opt(p, "before", next);
		mem_free(next);
		next = NULL;
		r = link_call(k->link, 0);
		if (r) {
			k->status = link_fail(k->link, r);
			return;
		}
		threads = val_get(k->link->msg.result, "threads");
		for (size_t i = 0; i < val_count(threads); i++)
			if (is_older(k, val_at(threads, i)))
				add(k, val_at(threads, i));
		next = val_get_text(k->link->msg.result, "next");
	} while (next);
}

/* What belongs to nobody is the admin's, and a user's own daemon has its user for one. */
static void ghosts(struct rm *k, bool dry)
{
	char before[CLOCK_ISO_LEN + 1];
	struct pack *p;
	int r;

	if (!k->ghosts && (!k->older || strcmp(k->link->role, "admin") != 0))
		return;
	p = link_request(k->link, "ghost.remove");
	clock_iso(k->before_us, before);
	pack_kv_text_opt(p, "before", k->older ? before : NULL);
	pack_kv_bool(p, "dry_run", dry);
	r = link_call(k->link, LINK_PATIENT);
	if (r) {
		k->status = link_fail(k->link, r);
		return;
	}
	k->nobody.threads = val_get_int(k->link->msg.result, "threads", 0);
	k->nobody.steps = val_get_int(k->link->msg.result, "steps", 0);
	k->nobody.elements = val_get_int(k->link->msg.result, "elements", 0);
}

static bool confirmed(const struct rm *k)
{
	char answer[16];

	if (k->yes || (k->n <= 1 && !k->nobody.threads) || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return true;
	fprintf(stderr, "delete %zu threads%s for good? [y/N] ", k->n,
		k->nobody.threads ? ", and some that belong to nobody," : "");
	fflush(stderr);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* ---- many at once, so that one commit is that of several ---- */

struct sent {
	uint32_t id;
	size_t at;
};

struct deleting {
	struct rm *rm;
	struct progress progress;
	struct sent sent[WINDOW];
	size_t nsent, gone;
	bool *kept; /* of each target: it was refused */
};

static int ask_to_delete(struct deleting *d, size_t at, bool wait)
{
	struct pack *p = link_request(d->rm->link, "thread.delete");

	pack_kv_text(p, "thread", d->rm->v[at].id);
	pack_kv_bool(p, "wait", wait);
	d->sent[d->nsent].at = at;
	return link_send(d->rm->link, &d->sent[d->nsent++].id);
}

static void show_progress(struct deleting *d)
{
	char words[64];

	(void)snprintf(words, sizeof(words), "%zu of %zu threads deleted", d->gone, d->rm->n);
	progress_text(&d->progress, words, strlen(words));
	(void)progress_tick(&d->progress);
}

/* Those of whom it was said that they are gone. An error that is not about one thread ends it. */
static int take_reply(struct deleting *d)
{
	struct link *l = d->rm->link;
	struct link_wait w = { .signals = -1 };
	size_t i = 0;
	int r;

	switch (link_next(l, &w)) {
	case LINK_MESSAGE:
		break;
	case LINK_LOST:
		return LINK_E_LOST;
	case LINK_REFUSED:
		return LINK_E_STATUS;
	default:
		return LINK_OK;
	}
	while (i < d->nsent && !link_is_reply(l, d->sent[i].id))
		i++;
	if (i == d->nsent)
		return LINK_OK;
	r = link_take_error(l);
	if (r)
		d->rm->status = link_fail(l, r);
	else
		d->kept[d->sent[i].at] = false;
	d->gone += !r;
	d->sent[i] = d->sent[--d->nsent];
	show_progress(d);
	return LINK_OK;
}

/* The last one waits until nothing of any is left on the disk. */
static void delete_all(struct rm *k)
{
	struct deleting d = { .rm = k, .kept = mem_new(k->n + 1) };
	size_t left = 0;
	int r = LINK_OK;

	memset(d.kept, true, k->n);
	progress_start(&d.progress, term_moves(STDERR_FILENO));
	for (size_t i = 0; r == LINK_OK && i < k->n; i++) {
		while (r == LINK_OK && d.nsent && (d.nsent == WINDOW || i + 1 == k->n))
			r = take_reply(&d);
		if (r == LINK_OK)
			r = ask_to_delete(&d, i, i + 1 == k->n);
	}
	while (r == LINK_OK && d.nsent)
		r = take_reply(&d);
	progress_clear(&d.progress);
	if (r != LINK_OK)
		k->status = link_fail(k->link, r);
	for (size_t i = 0; i < k->n; i++) {
		if (d.kept[i]) {
			mem_free(k->v[i].id);
			mem_free(k->v[i].name);
		} else {
			k->v[left++] = k->v[i];
		}
	}
	k->n = left;
	mem_free(d.kept);
}

static void print_json(const struct rm *k, struct buf *out)
{
	struct json_out w;

	json_out_init(&w, out);
	json_out_object(&w);
	json_out_key(&w, k->dry ? "would_delete" : "deleted");
	json_out_array(&w);
	for (size_t i = 0; i < k->n; i++) {
		json_out_object(&w);
		json_out_key(&w, "thread");
		json_out_str(&w, k->v[i].id);
		json_out_key(&w, "name");
		json_out_str(&w, k->v[i].name ? k->v[i].name : "");
		json_out_key(&w, "turns");
		json_out_int(&w, k->v[i].turns);
		json_out_object_end(&w);
	}
	json_out_array_end(&w);
	json_out_key(&w, "ghosts");
	json_out_object(&w);
	json_out_key(&w, "threads");
	json_out_int(&w, k->nobody.threads);
	json_out_key(&w, "steps");
	json_out_int(&w, k->nobody.steps);
	json_out_key(&w, "elements");
	json_out_int(&w, k->nobody.elements);
	json_out_object_end(&w);
	json_out_object_end(&w);
	(void)buf_add_byte(out, '\n');
}

static int print(const struct rm *k)
{
	struct rows rows;
	int r;

	rows_init(&rows);
	if (k->json) {
		print_json(k, &rows.out);
		r = out_text(&rows.out, true);
		buf_fini(&rows.out);
		return r;
	}
	for (size_t i = 0; i < k->n; i++) {
		rows_words(&rows, k->v[i].id, 8, 8);
		rows_int(&rows, k->v[i].turns, 4);
		rows_word(&rows, k->v[i].name ? k->v[i].name : "", 0);
		rows_end(&rows);
	}
	r = rows_print(&rows);
	if (k->nobody.threads || k->nobody.steps || k->nobody.elements)
		say("%s that belonged to nobody: %" PRId64 " threads, %" PRId64 " messages and steps, %" PRId64 " elements",
			k->dry ? "there are some" : "deleted some", k->nobody.threads, k->nobody.steps, k->nobody.elements);
	if (!k->n && k->older && !k->status)
		say("no thread is older than %s", k->older);
	return r;
}

static int remove_all(struct rm *k, const struct opts *o)
{
	for (size_t i = 0; i < o->nargs; i++)
		find(k, o->args[i]);
	if (k->older)
		find_older(k);
	if (k->dry || isatty(STDIN_FILENO))
		ghosts(k, true);
	if (!k->dry && !confirmed(k))
		return say_fail(STATUS_CANCELLED, "nothing was deleted");
	if (!k->dry) {
		delete_all(k);
		ghosts(k, false);
	}
	return print(k);
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_rm, argc, argv);
	struct rm k = { .before_us = INT64_MAX };
	int id, r;

	while (!o.status && (id = opts_next(&o)) > 0) {
		k.ghosts |= id == OPT_GHOSTS;
		k.dry |= id == OPT_DRY;
		k.yes |= id == 'f';
		k.json |= id == OPT_JSON;
		if (id == OPT_OLDER) {
			k.older = o.value;
			if (when_parse(o.value, &k.before_us))
				opts_fail(&o, "--older-than is an age as 30d or 12h, or a date, not '%s'", o.value);
		}
	}
	if (o.status || id < 0 || opts_count(&o, k.older || k.ghosts ? 0 : 1, k.older || k.ghosts ? 0 : SIZE_MAX))
		return o.status;
	k.link = link_new(c);
	r = remove_all(&k, &o);
	link_free(k.link);
	for (size_t i = 0; i < k.n; i++) {
		mem_free(k.v[i].id);
		mem_free(k.v[i].name);
	}
	mem_free(k.v);
	return k.status ? k.status : r;
}

const struct cmd cmd_rm = {
	.name = "rm",
	.brief = "delete threads for good",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat rm [-f] [--dry-run] [--json] THREAD...\n"
		"       ragchat rm [-f] [--dry-run] [--json] --older-than AGE | --ghosts\n"
		"Deletes threads with all their questions, answers and sources, for good. On a\n"
		"terminal it asks first when there are several. A thread in which an answer is\n"
		"being made is refused (exit 75): cancel that first.\n"
		"      --older-than AGE  those last active before: 30d, 12h, 2w, 2026-01-31\n"
		"      --ghosts        what belongs to nobody: left by a Chainlit; --older-than does\n"
		"                      that, too, for the user of an own daemon and for an admin\n"
		"      --dry-run       only list what would go\n"
		"  -f, --yes           do not ask\n"
		"      --json          {\"deleted\": [...], \"ghosts\": {...}}\n"
		"example: ragchat rm --older-than 90d --dry-run\n",
};
