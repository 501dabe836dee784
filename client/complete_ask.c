/* Threads, models, documents and collections: of the daemon that runs, in one short call. */
#include <string.h>
#include <sys/time.h>

#include "client/cmd.h"
#include "client/complete.h"
#include "client/link.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/str.h"

#define PATIENCE_MS 400 /* somebody's finger is on the tab key */

static bool call(struct link *l, const char *method, const char *flag)
{
	struct pack *p = link_request(l, method);

	if (flag && !strcmp(flag, "limit"))
		pack_kv_int(p, "limit", 200);
	else if (flag)
		pack_kv_bool(p, flag, true);
	l->until_ms = clock_mono_ms() + PATIENCE_MS;
	return link_call(l, LINK_PATIENT) == 0;
}

/* By name; what has no name that can be typed, or is asked for by the beginning of its id, by id. */
static void add_named(struct val map, const char *key, const char *typed, struct candidates *out)
{
	char *id = val_get_text(map, key), *name = val_get_text(map, "name");
	size_t before = out->n;

	if (name)
		candidate_add(out, typed, name, NULL, 0);
	if (id && strlen(id) > 8 && out->n == before) {
		char *brief = mem_ndup(id, 8);

		if (str_starts(brief, typed) && (typed[0] || !name))
			candidate_add(out, typed, brief, name ? name : "", name ? strlen(name) : 0);
		mem_free(brief);
	}
	mem_free(id);
	mem_free(name);
}

static void add_turn(struct val turn, const char *typed, struct candidates *out)
{
	char *id = val_get_text(turn, "turn"), *question = val_get_text(turn, "question");

	if (id && strlen(id) > 8) {
		id[8] = '\0';
		candidate_add(out, typed, id, question ? question : "", question ? strlen(question) : 0);
	}
	mem_free(id);
	mem_free(question);
}

static void add_field(struct val map, const char *key, const char *typed, struct candidates *out)
{
	char *text = val_get_text(map, key);

	if (text)
		candidate_add(out, typed, text, NULL, 0);
	mem_free(text);
}

static void threads(struct link *l, const char *typed, struct candidates *out)
{
	struct val list;

	if (!call(l, "thread.list", "limit"))
		return;
	list = val_get(l->msg.result, "threads");
	for (size_t i = 0; i < val_count(list); i++)
		add_named(val_at(list, i), "thread", typed, out);
}

static void running(struct link *l, const char *typed, struct candidates *out)
{
	struct val list;

	if (!call(l, "turn.list", "live"))
		return;
	list = val_get(l->msg.result, "turns");
	for (size_t i = 0; i < val_count(list); i++)
		add_turn(val_at(list, i), typed, out);
}

static void rows(struct link *l, const char *method, const char *flag, const char *what, const char *key, const char *typed, struct candidates *out)
{
	struct val list;

	if (!call(l, method, flag))
		return;
	list = val_get(l->msg.result, what);
	for (size_t i = 0; i < val_count(list); i++)
		add_field(val_at(list, i), key, typed, out);
}

void complete_ask(struct client *c, enum complete_kind kind, const char *typed, struct candidates *out)
{
	static const struct itimerval limit = { .it_value = { 0, 900000 } }, none;
	struct link *l;

	c->autostart = false;
	(void)setitimer(ITIMER_REAL, &limit, NULL); /* whatever hangs: no shell waits for it */
	l = link_new(c);
	if (kind == COMPLETE_REF)
		running(l, typed, out);
	if (kind == COMPLETE_REF || kind == COMPLETE_THREAD)
		threads(l, typed, out);
	if (kind == COMPLETE_MODEL)
		rows(l, "model.list", NULL, "models", "id", typed, out);
	if (kind == COMPLETE_DOCUMENT)
		rows(l, "doc.list", "limit", "documents", "name", typed, out);
	if (kind == COMPLETE_COLLECTION)
		rows(l, "collection.list", NULL, "collections", "name", typed, out);
	link_free(l);
	(void)setitimer(ITIMER_REAL, &none, NULL);
}
