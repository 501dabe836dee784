/* ragchat log: the last events, the next ones as they come, or one question's way. */
#include <string.h>
#include <time.h>

#include "client/cmd.h"
#include "client/events.h"
#include "client/filter.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/say.h"
#include "client/term.h"
#include "client/way.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/str.h"
#include "proto/limits.h"

#define LAST_DEFAULT 20

enum { OPT_LOG_AFTER = OPT_OWN, OPT_LOG_EVENTS, OPT_LOG_JSONL };

static const struct opt opts[] = {
	{ 'f', "follow", NULL },
	{ 'n', "number", "N" },
	{ OPT_LOG_AFTER, "after", "N" },
	{ OPT_LOG_EVENTS, "events", "turn,thread,doc" },
	{ OPT_JSON, "json", NULL },
	{ OPT_LOG_JSONL, "jsonl", NULL },
	OPTS_END,
};

struct log_want {
	int64_t after, last; /* after < 0: the last so many */
	unsigned kinds;
	bool follow, json, jsonl;
	struct json_out w;
	struct buf text;
};

/* The time of day here; older than a day: the date as well. */
static void add_when(struct val event, struct buf *out)
{
	char text[40] = "?";
	const char *s;
	struct tm tm;
	time_t t;
	int64_t us;
	size_t n;

	if (val_get_str(event, "at", &s, &n) && clock_iso_parse(s, n, &us) == 0) {
		t = (time_t)(us / 1000000);
		if (localtime_r(&t, &tm))
			(void)strftime(text, sizeof(text), clock_wall_us() - us > INT64_C(86400000000) ? "%Y-%m-%d %H:%M:%S" : "%H:%M:%S", &tm);
	}
	(void)buf_add_str(out, text);
}

static void add_text(struct val event, const char *key, size_t columns, struct buf *out)
{
	struct buf field = { 0 };
	size_t n = 0, width;
	const char *s = "";

	(void)val_get_str(event, key, &s, &n);
	filter_line(term_filter_out(), s, columns && n > 8 && columns == 8 ? 8 : n, 400, &field);
	width = term_text_width((const char *)field.data, field.len);
	(void)buf_add_str(out, "  ");
	(void)buf_add(out, field.data, field.len);
	for (; width < columns; width++)
		(void)buf_add_byte(out, ' ');
	buf_fini(&field);
}

static void add_line(struct val event, struct buf *out)
{
	const char *what = val_present(val_get(event, "turn")) ? "turn" : val_present(val_get(event, "document")) ? "document" : "thread";

	(void)buf_addf(out, "%6lld  ", (long long)val_get_int(event, "n", 0));
	add_when(event, out);
	add_text(event, "kind", 16, out);
	add_text(event, what, 8, out);
	add_text(event, "state", 11, out);
	add_text(event, "name", 0, out);
	while (out->len && out->data[out->len - 1] == ' ')
		out->len--;
	(void)buf_add_byte(out, '\n');
}

static void take(struct log_want *k, struct val events)
{
	for (size_t i = 0; i < val_count(events); i++) {
		struct val event = val_at(events, i);

		if (!events_wanted(event, k->kinds))
			continue;
		if (k->jsonl)
			pretty_val(event, false, &k->text);
		else if (k->json)
			val_to_json(event, &k->w);
		else
			add_line(event, &k->text);
	}
}

static int print(struct log_want *k)
{
	int r = k->text.len ? out_text(&k->text, k->json || k->jsonl) : 0;

	buf_fini(&k->text);
	return r;
}

/* Where to begin: -n counts events of all kinds, back from the newest. */
static int find_start(struct link *l, struct log_want *k)
{
	int64_t next, first;
	int r = 0;

	if (k->after < 0) {
		r = events_read(l, -1, 0, &next, &first);
		k->after = max_of(next - k->last, first - 1);
	}
	return r;
}

static int follow(struct link *l, struct log_want *k)
{
	int64_t next, wait_ms = 0;
	int r;

	for (;;) {
		r = events_read(l, k->after, wait_ms, &next, NULL);
		if (r)
			return r;
		take(k, val_get(l->msg.result, "events"));
		if (!k->json && (r = print(k)) != 0)
			return r;
		if (next == k->after && !k->follow)
			return 0;
		if (next == k->after)
			wait_ms = TIME_EVENT_WAIT;
		k->after = next;
	}
}

static int events(struct client *c, struct log_want *k)
{
	struct link *l = link_new(c);
	int r = find_start(l, k);

	json_out_init(&k->w, &k->text);
	if (k->json) {
		json_out_object(&k->w);
		json_out_key(&k->w, "events");
		json_out_array(&k->w);
	}
	if (!r)
		r = follow(l, k);
	if (k->json && !r) {
		json_out_array_end(&k->w);
		json_out_key(&k->w, "next");
		json_out_int(&k->w, k->after);
		json_out_object_end(&k->w);
		(void)buf_add_byte(&k->text, '\n');
		r = print(k);
	}
	buf_fini(&k->text);
	link_free(l);
	return r;
}

static void take_option(struct log_want *k, struct opts *o, int id)
{
	switch (id) {
	case 'f':
		k->follow = true;
		break;
	case 'n':
		if (str_int(o->value, 0, 1000000, &k->last))
			opts_fail(o, "-n is a number, not '%s'", o->value);
		break;
	case OPT_LOG_AFTER:
		if (str_int(o->value, 0, INT64_MAX, &k->after))
			opts_fail(o, "--after is the number of an event, not '%s'", o->value);
		break;
	case OPT_LOG_EVENTS:
		if (events_parse(o->value, &k->kinds))
			opts_fail(o, "--events is a list of turn, thread and doc, not '%s'", o->value);
		break;
	case OPT_LOG_JSONL:
		k->jsonl = true;
		break;
	default:
		k->json = true;
	}
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_log, argc, argv);
	struct log_want k = { .after = -1, .last = LAST_DEFAULT, .kinds = EVENTS_ALL };
	int id;

	while (!o.status && (id = opts_next(&o)) > 0)
		take_option(&k, &o, id);
	if (o.status || id < 0 || opts_count(&o, 0, 1))
		return o.status;
	if (k.json && (k.jsonl || k.follow))
		return opts_fail(&o, "--json is one object at the end: with %s use --jsonl alone", k.jsonl ? "--jsonl" : "-f");
	if (o.nargs && k.follow)
		return opts_fail(&o, "-f follows all events; one answer is followed with `ragchat attach %s`", o.args[0]);
	return o.nargs ? way_print(c, o.args[0], k.json || k.jsonl) : events(c, &k);
}

const struct cmd cmd_log = {
	.name = "log",
	.brief = "show what happened, or follow it",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat log [-f] [-n N] [--after N] [--events LIST] [--json|--jsonl]\n"
		"       ragchat log [--json] REF\n"
		"The last events: number, time, kind, id, state and name. With REF how one\n"
		"question went: when it was accepted, left the queue, was put to the backend, got\n"
		"the first text and ended.\n"
		"  -f, --follow        go on with those that come\n"
		"  -n, --number N      begin with the last N (20)\n"
		"      --after N       begin after event N; exit 3 when it is no longer there\n"
		"      --events LIST   only these, of turn,thread,doc\n"
		"      --json          {\"events\": [...], \"next\": N}\n"
		"      --jsonl         an object for each event\n"
		"example: ragchat log -f --events turn\n",
};
