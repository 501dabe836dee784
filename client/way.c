/* The times of one turn, each with how long the step before it took. */
#include "client/way.h"

#include "client/filter.h"
#include "client/link.h"
#include "client/out.h"
#include "client/term.h"
#include "common/attr.h"
#include "common/json.h"

static const struct {
	const char *key, *words;
} steps[] = {
	{ "started_ms", "left the queue" },
	{ "asked_ms", "put to the backend, or answered from the documents" },
	{ "first_ms", "first text" },
};

static void add_string(struct val map, const char *key, const char *before, struct buf *out)
{
	const char *s;
	size_t n;

	if (!val_get_str(map, key, &s, &n))
		return;
	(void)buf_add_str(out, before);
	filter_line(term_filter_out(), s, n, 2000, out);
}

static void add_step(struct buf *out, int64_t ms, const char *words)
{
	(void)buf_addf(out, "%+9.3f s  %s", (double)ms / 1000, words);
}

static void add_end(struct val turn, struct buf *out)
{
	double seconds = val_get_float(turn, "seconds", -1);
	struct val error = val_get(turn, "error");

	if (seconds >= 0)
		add_step(out, (int64_t)(seconds * 1000 + 0.5), "ended: ");
	else
		(void)buf_add_str(out, "             now: ");
	add_string(turn, "state", "", out);
	(void)buf_addf(out, ", %lld bytes", (long long)val_get_int(turn, "length", 0));
	add_string(turn, "finish_reason", ", ", out);
	add_string(turn, "model", ", model ", out);
	(void)buf_add_byte(out, '\n');
	add_string(error, "name", "             ", out);
	add_string(error, "message", ": ", out);
	if (val_present(error))
		(void)buf_add_byte(out, '\n');
}

static void add_turn(struct val turn, struct buf *out)
{
	struct val times = val_get(val_get(turn, "meta"), "times"), notices = val_get(turn, "notices");
	int64_t ms;

	add_string(turn, "created", "", out);
	add_string(turn, "turn", "  accepted as ", out);
	add_string(turn, "name", " in ", out);
	(void)buf_add_byte(out, '\n');
	for (size_t i = 0; i < array_len(steps); i++) {
		if ((ms = val_get_int(times, steps[i].key, -1)) < 0)
			continue;
		add_step(out, ms, steps[i].words);
		(void)buf_add_byte(out, '\n');
	}
	for (size_t i = 0; i < val_count(notices); i++) {
		add_string(val_at(notices, i), "text", "             ", out);
		(void)buf_add_byte(out, '\n');
	}
	add_end(turn, out);
}

static void add_keys(struct val turn, struct json_out *w)
{
	static const char *const keys[] = { "turn", "thread", "name", "state", "created", "ended", "seconds", "length",
		"model", "finish_reason", "notices", "error", "usage" };

	json_out_object(w);
	for (size_t i = 0; i < array_len(keys); i++) {
		struct val v = val_get(turn, keys[i]);

		if (!val_present(v))
			continue;
		json_out_key(w, keys[i]);
		val_to_json(v, w);
	}
	if (val_present(val_get(val_get(turn, "meta"), "times"))) {
		json_out_key(w, "times");
		val_to_json(val_get(val_get(turn, "meta"), "times"), w);
	}
	json_out_object_end(w);
}

int way_print(struct client *c, const char *ref, bool json)
{
	struct link *l = link_new(c);
	struct buf out = { 0 };
	struct json_out w;
	int r;

	pack_kv_text(link_request(l, "turn.get"), "turn", ref);
	r = link_call(l, 0);
	if (r) {
		r = link_fail(l, r);
	} else if (json) {
		json_out_init(&w, &out);
		add_keys(val_get(l->msg.result, "turn"), &w);
		(void)buf_add_byte(&out, '\n');
		r = out_text(&out, true);
	} else {
		add_turn(val_get(l->msg.result, "turn"), &out);
		r = out_text(&out, false);
	}
	buf_fini(&out);
	link_free(l);
	return r;
}
