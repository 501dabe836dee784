/*
 * Pieces of an answer that come soon after one another, told as one: an editor that gets twenty messages a
 * second instead of thousands stays out of its garbage collector. The first piece goes out at once.
 */
#include <string.h>

#include "client/bridge_in.h"
#include "common/attr.h"
#include "common/clock.h"

#define JOINED_MAX (64u << 10) /* bytes that wait at most */

static void forget(struct joined *j)
{
	buf_fini(&j->text);
	*j = (struct joined){ 0 };
}

static void tell(struct bridge *b, struct joined *j)
{
	struct json_out w;

	if (!j->text.len)
		return;
	bridge_note_begin(b, &w, "stream", 6);
	json_out_object(&w);
	json_out_key(&w, "turn");
	json_out_str(&w, j->turn);
	json_out_key(&w, "kind");
	json_out_str(&w, "delta");
	json_out_key(&w, "off");
	json_out_int(&w, j->off);
	json_out_key(&w, "text");
	json_out_string(&w, (const char *)j->text.data, j->text.len);
	json_out_object_end(&w);
	bridge_note_end(b, &w);
	buf_reset(&j->text);
	j->due = clock_mono_ms() + b->join_ms;
}

void bridge_join_flush(struct bridge *b)
{
	for (size_t i = 0; i < array_len(b->joined); i++)
		tell(b, &b->joined[i]);
}

void bridge_join_fini(struct bridge *b)
{
	for (size_t i = 0; i < array_len(b->joined); i++)
		forget(&b->joined[i]);
}

/* ms until something is due; -1: nothing waits. What is due is told. */
int bridge_join_wake(void *ctx)
{
	struct bridge *b = ctx;
	uint64_t now = clock_mono_ms(), next = UINT64_MAX;

	for (size_t i = 0; i < array_len(b->joined); i++) {
		struct joined *j = &b->joined[i];

		if (j->text.len && j->due <= now)
			tell(b, j);
		else if (j->text.len)
			next = min_of(next, j->due - now);
	}
	return next == UINT64_MAX ? -1 : (int)next;
}

/* The place of this turn, made where there is room; NULL where all wait with something. */
static struct joined *place_of(struct bridge *b, const char *turn, size_t n)
{
	struct joined *idle = NULL;

	for (size_t i = 0; i < array_len(b->joined); i++) {
		struct joined *j = &b->joined[i];

		if (strlen(j->turn) == n && !memcmp(j->turn, turn, n))
			return j;
		if (!j->text.len && (!idle || j->due < idle->due))
			idle = j;
	}
	if (!idle || n >= sizeof(idle->turn))
		return NULL;
	forget(idle);
	memcpy(idle->turn, turn, n); /* its end is there already */
	return idle;
}

static bool take_piece(struct bridge *b, struct val note)
{
	const char *turn, *text;
	size_t nturn, n;
	int64_t off = val_get_int(note, "off", -1);
	struct joined *j;

	if (!val_get_str(note, "turn", &turn, &nturn) || !nturn || !val_get_str(note, "text", &text, &n) || off < 0)
		return false;
	j = place_of(b, turn, nturn);
	if (!j)
		return false;
	if (j->text.len && (off != j->off + (int64_t)j->text.len || j->text.len + n > JOINED_MAX))
		tell(b, j);
	if (!j->text.len) {
		j->off = off;
		if (n > JOINED_MAX)
			return false;
	}
	if (buf_add(&j->text, text, n) < 0)
		return false;
	if (j->due <= clock_mono_ms())
		tell(b, j);
	return true;
}

bool bridge_join_take(struct bridge *b, struct val note)
{
	if (val_str_is(val_get(note, "kind"), "delta"))
		return take_piece(b, note);
	bridge_join_flush(b); /* what came before is told before */
	return false;
}
