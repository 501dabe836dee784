/* ragchat idle: until something happens. Numbers make sure that nothing is lost between two calls. */
#include "client/cmd.h"
#include "client/events.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/say.h"
#include "client/view.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/str.h"
#include "proto/limits.h"

enum { OPT_AFTER = OPT_OWN, OPT_EVENTS, OPT_NOW, OPT_IDLE_JSONL, OPT_IDLE_TIMEOUT };

static const struct opt opts[] = {
	{ OPT_AFTER, "after", "N" },
	{ OPT_EVENTS, "events", "turn,thread,doc" },
	{ OPT_NOW, "now", NULL },
	{ OPT_IDLE_TIMEOUT, "timeout", "SECONDS" },
	{ OPT_JSON, "json", NULL },
	{ OPT_IDLE_JSONL, "jsonl", NULL },
	OPTS_END,
};

struct idle {
	int64_t after; /* < 0: what comes from now on */
	unsigned kinds;
	uint64_t timeout_ms;
	bool now, json, jsonl;
};

static size_t take(struct val events, const struct idle *k, struct json_out *w, struct buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < val_count(events); i++) {
		struct val event = val_at(events, i);

		if (!events_wanted(event, k->kinds))
			continue;
		n++;
		if (k->jsonl)
			pretty_val(event, false, text);
		else if (k->json)
			val_to_json(event, w);
		else
			events_fields(event, text);
	}
	return n;
}

/* Pages until one has an event of a wanted kind; LINK_PATIENT calls go on past a restart of the daemon. */
static int wait_for(struct link *l, struct idle *k, struct json_out *w, struct buf *text)
{
	uint64_t until = k->timeout_ms ? clock_mono_ms() + k->timeout_ms : 0;
	int64_t next = k->after;
	int r;

	if (k->after < 0 && (r = events_read(l, -1, 0, &next, NULL)) != 0)
		return r;
	k->after = next;
	while (!k->now) {
		uint64_t now = clock_mono_ms();
		int64_t wait_ms = until ? (int64_t)min_of(until > now ? until - now : 0, (uint64_t)TIME_EVENT_WAIT) : TIME_EVENT_WAIT;

		r = events_read(l, k->after, wait_ms, &next, NULL);
		if (r)
			return r;
		k->after = next;
		if (take(val_get(l->msg.result, "events"), k, w, text))
			return 0;
		if (!val_count(val_get(l->msg.result, "events")) && until && clock_mono_ms() >= until)
			return STATUS_TIMEOUT;
	}
	return 0;
}

static int idle(struct client *c, struct idle *k)
{
	struct link *l = link_new(c);
	struct buf text = { 0 };
	struct json_out w;
	int r, status;

	json_out_init(&w, &text);
	if (k->json) {
		json_out_object(&w);
		json_out_key(&w, "events");
		json_out_array(&w);
	}
	status = wait_for(l, k, &w, &text);
	if (k->json) {
		json_out_array_end(&w);
		json_out_key(&w, "next");
		json_out_int(&w, k->after);
		json_out_object_end(&w);
		(void)buf_add_byte(&text, '\n');
	} else if (k->now) {
		(void)buf_addf(&text, "%lld\n", (long long)k->after);
	}
	r = status && status != STATUS_TIMEOUT ? status : out_text(&text, k->json || k->jsonl);
	buf_fini(&text);
	link_free(l);
	return r ? r : status;
}

static void take_option(struct idle *k, struct opts *o, int id)
{
	switch (id) {
	case OPT_AFTER:
		if (str_int(o->value, 0, INT64_MAX, &k->after))
			opts_fail(o, "--after is the number of an event, not '%s'", o->value);
		break;
	case OPT_EVENTS:
		if (events_parse(o->value, &k->kinds))
			opts_fail(o, "--events is a list of turn, thread and doc, not '%s'", o->value);
		break;
	case OPT_IDLE_TIMEOUT:
		if (view_seconds(o->value, &k->timeout_ms))
			opts_fail(o, "--timeout is a number of seconds, not '%s'", o->value);
		break;
	case OPT_NOW:
		k->now = true;
		break;
	case OPT_IDLE_JSONL:
		k->jsonl = true;
		break;
	default:
		k->json = true;
	}
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_idle, argc, argv);
	struct idle k = { .after = -1, .kinds = EVENTS_ALL };
	int id;

	while (!o.status && (id = opts_next(&o)) > 0)
		take_option(&k, &o, id);
	if (o.status || id < 0 || opts_count(&o, 0, 0))
		return o.status;
	if (k.json && k.jsonl)
		return opts_fail(&o, "--json and --jsonl do not go together");
	return idle(c, &k);
}

const struct cmd cmd_idle = {
	.name = "idle",
	.brief = "wait until something happens, missing nothing",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat idle [--after N] [--events LIST] [--timeout S] [--json|--jsonl]\n"
		"       ragchat idle --now\n"
		"Waits until a question begins or its answer ends, a thread or a document comes,\n"
		"changes or goes, and prints a line for each event: number, kind, id, state and\n"
		"name, with tabs between. The last number is what --after takes the next time:\n"
		"events that came in between are printed at once. Kept for 7 days; exit 3 when\n"
		"what came after N is no longer there.\n"
		"      --after N       what came after event N (else: from now on)\n"
		"      --events LIST   only these, of turn,thread,doc\n"
		"      --now           print the number of the newest event, do not wait\n"
		"      --timeout S     leave after so many seconds, exit 124\n"
		"      --json          {\"events\": [...], \"next\": N}\n"
		"      --jsonl         an object for each event\n"
		"example: n=$(ragchat idle --now); ragchat ask -d hi\n"
		"         ragchat idle --after $n --events turn | cut -f 2,5\n",
};
