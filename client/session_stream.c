/* The streams of a session: where each stands, how it goes on, how it is told that it cannot. */
#include <string.h>

#include "client/session_in.h"
#include "common/mem.h"
#include "proto/errors.h"

#define TRIES 5 /* to go on with a stream of which nothing more comes */

static struct stream *stream_of(struct session *s, struct val turn)
{
	for (size_t i = 0; i < s->nstreams; i++)
		if (val_str_is(turn, s->streams[i].turn))
			return &s->streams[i];
	return NULL;
}

static void stream_end(struct session *s, struct stream *st)
{
	*st = s->streams[--s->nstreams];
}

void session_follow(struct session *s, struct val result)
{
	struct stream *st = stream_of(s, val_get(result, "turn"));
	char *turn;

	if (!st) {
		turn = val_get_text(result, "turn");
		if (turn && *turn && strlen(turn) < sizeof(st->turn) && s->nstreams < SESSION_STREAMS) {
			s->streams = mem_grow(s->streams, &s->stream_cap, s->nstreams, sizeof(*s->streams));
			st = &s->streams[s->nstreams++];
			(void)snprintf(st->turn, sizeof(st->turn), "%s", turn);
		}
		mem_free(turn);
	}
	if (!st)
		return;
	st->off = val_get_int(result, "off", 0);
	st->roff = val_get_int(result, "roff", 0);
	st->ev = val_get_int(result, "ev", 0);
	st->whole = st->off == 0;
	st->tries = TRIES;
	sha256_init(&st->sum);
}

void session_stream_note(struct session *s, struct val note)
{
	struct stream *st = stream_of(s, val_get(note, "turn"));
	struct val kind = val_get(note, "kind");
	const char *text = "";
	size_t n = 0;

	if (!st)
		return;
	st->tries = TRIES;
	(void)val_get_str(note, "text", &text, &n);
	if (val_str_is(kind, "delta")) {
		st->whole &= val_get_int(note, "off", st->off) == st->off;
		st->off = val_get_int(note, "off", st->off) + (int64_t)n;
		sha256_add(&st->sum, text, n);
	} else if (val_str_is(kind, "reasoning")) {
		st->roff = val_get_int(note, "off", st->roff) + (int64_t)n;
	} else {
		st->ev = val_get_int(note, "ev", st->ev);
	}
	if (val_str_is(kind, "done"))
		stream_end(s, st);
}

void session_unfollow(struct session *s, const char *turn)
{
	for (size_t i = 0; i < s->nstreams; i++)
		if (!strcmp(s->streams[i].turn, turn)) {
			stream_end(s, &s->streams[i]);
			return;
		}
}

/* ---- an end that the daemon does not tell ---- */

static void make_error(struct session *s, const struct stream *st, int code, const char *name, const char *why)
{
	struct pack *p = session_note_begin(s, "stream");

	pack_kv_text(p, "turn", st->turn);
	pack_kv_text(p, "kind", "error");
	pack_kv_int(p, "ev", st->ev + 1);
	pack_kv_int(p, "code", code);
	pack_kv_text(p, "name", name);
	pack_kv_text(p, "message", why);
	pack_kv_bool(p, "local", true);
	session_note_end(s, p);
}

/* stored: the turn map as it is on disk, or absent. retry: turn.retry may be worth a try. */
static void make_done(struct session *s, const struct stream *st, const char *state, bool retry, struct val stored)
{
	struct pack *p = session_note_begin(s, "stream");
	char *thread = val_get_text(stored, "thread"), *sha256 = val_get_text(stored, "sha256");
	struct sha256 sum = st->sum;

	if (!sha256 && !val_present(stored) && st->whole) {
		sha256 = mem_new(SHA256_HEX + 1);
		sha256_end_hex(&sum, sha256);
	}
	pack_kv_text(p, "turn", st->turn);
	pack_kv_text(p, "kind", "done");
	pack_kv_int(p, "ev", st->ev + 2);
	pack_kv_text_opt(p, "thread", thread);
	pack_kv_text(p, "state", state);
	pack_kv_int(p, "length", val_get_int(stored, "length", st->off));
	pack_kv_text_opt(p, "sha256", sha256);
	pack_kv_float(p, "seconds", val_get_float(stored, "seconds", 0));
	pack_kv_bool(p, "local", true);
	pack_kv_bool(p, "retry", retry);
	mem_free(thread);
	mem_free(sha256);
	session_note_end(s, p);
}

static void tell_end(struct session *s, const char *turn, const char *state, int code, const char *name,
	const char *why, struct val stored)
{
	for (size_t i = 0; i < s->nstreams; i++) {
		struct stream st = s->streams[i];

		if (strcmp(st.turn, turn) != 0)
			continue;
		stream_end(s, &s->streams[i]);
		make_error(s, &st, code, name, why);
		make_done(s, &st, state, val_present(stored), stored);
		return;
	}
}

/* Few at once: the requests of the user have their places, too. The rest follows their replies. */
void session_resume(struct session *s)
{
	struct val none = { NULL };

	for (size_t i = 0; i < s->nstreams; i++) {
		struct stream *st = &s->streams[i];
		struct pack *p;

		if (!st->waits)
			continue;
		if (!st->tries) {
			tell_end(s, st->turn, "lost", SESSION_LOST, "lost",
				"the connection to the daemon is lost again and again", none);
			i--;
			continue;
		}
		p = session_request(s, "attach");
		pack_kv_int(p, "off", st->off);
		pack_kv_int(p, "roff", st->roff);
		pack_kv_int(p, "ev", st->ev);
		if (session_send_own(s, REQUEST_ATTACH, st->turn) < 0)
			return;
		st->waits = false;
		st->tries--;
	}
}

void session_resume_all(struct session *s)
{
	for (size_t i = 0; i < s->nstreams; i++)
		s->streams[i].waits = true;
	session_resume(s);
}

static void interrupted(struct session *s, const char *turn, struct val stored)
{
	tell_end(s, turn, "interrupted", PROTO_E_INTERRUPTED, "interrupted",
		val_present(stored) ? "the daemon ended before the answer was complete; turn.retry asks again"
				    : "the daemon ended before the answer was complete, and it was not kept",
		stored);
}

/* A daemon of another life may have less than came here, or, of what was not to be kept, nothing. */
void session_attach_failed(struct session *s, const char *turn, struct val error)
{
	struct val none = { NULL };
	char *name, *why;

	if (s->restarted && val_get_int(error, "code", 0) == PROTO_E_BAD_PARAMS) {
		(void)session_request(s, "turn.get");
		if (session_send_own(s, REQUEST_GET, turn) == 0)
			return;
	}
	if (s->restarted) {
		interrupted(s, turn, none);
		return;
	}
	name = val_get_text(error, "name");
	why = val_get_text(error, "message");
	tell_end(s, turn, "lost", (int)val_get_int(error, "code", 0), name ? name : "lost",
		why ? why : "the answer cannot be followed any more", none);
	mem_free(name);
	mem_free(why);
}

void session_got_turn(struct session *s, const char *turn, struct val error, struct val result)
{
	struct val none = { NULL }, stored = val_get(result, "turn");

	interrupted(s, turn, val_type(error) == VAL_MAP || val_type(stored) != VAL_MAP ? none : stored);
}

/* Nobody will tell how they end. Where nobody listens any more, the daemon has ended. */
void session_streams_end(struct session *s, int code, const char *name, const char *why)
{
	struct val none = { NULL };
	bool ended = code == SESSION_UNREACHABLE;

	while (s->nstreams) {
		struct stream st = s->streams[0];

		stream_end(s, &s->streams[0]);
		make_error(s, &st, ended ? PROTO_E_INTERRUPTED : code, name, why);
		make_done(s, &st, ended ? "interrupted" : "lost", ended, none);
	}
}
