/* Events: pages of them, and a line of each. */
#include "client/events.h"

#include <string.h>

#include "client/filter.h"
#include "client/link.h"
#include "client/say.h"
#include "client/term.h"
#include "common/attr.h"
#include "proto/errors.h"

static const struct {
	const char *name, *prefix;
	unsigned bit;
} kinds_of[] = { { "turn", "turn.", EVENTS_TURN }, { "thread", "thread.", EVENTS_THREAD },
	{ "doc", "document.", EVENTS_DOC } };

static unsigned kind_named(const char *s, size_t n)
{
	for (size_t i = 0; i < array_len(kinds_of); i++)
		if (strlen(kinds_of[i].name) == n && !memcmp(kinds_of[i].name, s, n))
			return kinds_of[i].bit;
	return 0;
}

int events_parse(const char *list, unsigned *kinds)
{
	*kinds = 0;
	for (;;) {
		size_t n = strcspn(list, ",");
		unsigned bit = kind_named(list, n);

		if (!bit)
			return -1;
		*kinds |= bit;
		if (!list[n])
			return 0;
		list += n + 1;
	}
}

bool events_wanted(struct val event, unsigned kinds)
{
	const char *s;
	size_t n;

	if (!val_get_str(event, "kind", &s, &n))
		return false;
	for (size_t i = 0; i < array_len(kinds_of); i++)
		if (n > strlen(kinds_of[i].prefix) && !memcmp(s, kinds_of[i].prefix, strlen(kinds_of[i].prefix)))
			return kinds & kinds_of[i].bit;
	return kinds & EVENTS_OTHER; /* of a newer daemon */
}

int events_read(struct link *l, int64_t after, int64_t wait_ms, int64_t *next, int64_t *first)
{
	struct pack *p = link_request(l, "event.next");
	int r;

	if (after >= 0)
		pack_kv_int(p, "after", after);
	if (wait_ms)
		pack_kv_int(p, "wait_ms", wait_ms);
	r = link_call(l, wait_ms ? LINK_PATIENT : 0);
	if (r == LINK_E_REMOTE && l->error.code == PROTO_E_UNKNOWN_METHOD)
		return say_fail(STATUS_PROTOCOL, "the daemon is older than this program and has no events");
	if (r)
		return link_fail(l, r);
	*next = val_get_int(l->msg.result, "next", 0);
	if (first)
		*first = val_get_int(l->msg.result, "first", 1);
	return 0;
}

static void add_field(struct val event, const char *key, struct buf *out)
{
	const char *s;
	size_t n;

	(void)buf_add_byte(out, '\t');
	if (val_get_str(event, key, &s, &n))
		filter_line(term_filter_out(), s, n, 400, out);
}

void events_fields(struct val event, struct buf *out)
{
	(void)buf_addf(out, "%lld", (long long)val_get_int(event, "n", 0));
	add_field(event, "kind", out);
	add_field(event, val_present(val_get(event, "turn")) ? "turn" : val_present(val_get(event, "document")) ? "document" : "thread", out);
	add_field(event, "state", out);
	add_field(event, "name", out);
	(void)buf_add_byte(out, '\n');
}
