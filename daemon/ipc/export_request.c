/* What the renderer is told: dates and notes ready for people, only the sources that the text cites. */
#include "daemon/ipc/export_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/mark.h"
#include "common/mem.h"
#include "daemon/worker/renderer.h"

static void put_text(struct json_out *w, const char *key, const char *s, size_t n)
{
	json_out_key(w, key);
	json_out_string(w, s ? s : "", s ? n : 0);
}

static void put_opt(struct json_out *w, const char *key, const char *s)
{
	if (s)
		put_text(w, key, s, strlen(s));
}

static void put_int(struct json_out *w, const char *key, int64_t v)
{
	if (v <= 0)
		return;
	json_out_key(w, key);
	json_out_int(w, v);
}

static void put_paper(struct json_out *w, const char *paper)
{
	if (strcmp(paper, "letter") != 0)
		return; /* A4 needs no word */
	json_out_key(w, "paper");
	json_out_object(w);
	put_int(w, "width", 612);
	put_int(w, "height", 792);
	json_out_object_end(w);
}

void export_request_begin(struct export_request *x, const char *format, const char *paper, const char *title, const char *thread)
{
	static const uint8_t head[PDF_REQUEST_HEAD] = PDF_REQUEST_MAGIC;
	char name[24]; /* as `ragchat ls` shows it, and long enough to be a REF */

	x->epoch_us = 0;
	buf_init(&x->out, PDF_REQUEST_HEAD + PDF_REQUEST_MAX);
	buf_add(&x->out, head, sizeof(head));
	json_out_init(&x->w, &x->out);
	json_out_object(&x->w);
	put_opt(&x->w, "format", format);
	put_opt(&x->w, "title", title);
	(void)snprintf(name, sizeof(name), "thread %.8s", thread ? thread : "");
	put_opt(&x->w, "thread", thread && *thread ? name : NULL);
	put_opt(&x->w, "generator", "ragchat " RAGCHAT_VERSION);
	put_paper(&x->w, paper);
	json_out_key(&x->w, "turns");
	json_out_array(&x->w);
}

/* "24 November 2026, 22:31 UTC": no locale, no time zone. */
static void put_date(struct json_out *w, int64_t us)
{
	static const char *const months[] = { "January", "February", "March", "April", "May", "June", "July",
		"August", "September", "October", "November", "December" };
	time_t t = (time_t)(us / 1000000);
	struct tm tm;
	char text[64];

	if (!us || !gmtime_r(&t, &tm))
		return;
	snprintf(text, sizeof(text), "%d %s %d, %02d:%02d UTC", tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
		tm.tm_hour, tm.tm_min);
	put_opt(w, "date", text);
}

static void put_state(struct json_out *w, const struct turn_row *row)
{
	const char *state = turn_state_ended(row->state) ? turn_state_name(row->state) : "running";
	char *note = NULL;

	put_opt(w, "state", state);
	if (row->state == TURN_FAILED)
		note = mem_printf("This answer is not complete: %s.", row->error_text ? row->error_text : "the backend failed");
	else if (row->state == TURN_INTERRUPTED)
		note = mem_dup("This answer is not complete: it was interrupted.");
	else if (row->state == TURN_CANCELLED)
		note = mem_dup("This answer is not complete: it was cancelled.");
	else if (!turn_state_ended(row->state))
		note = mem_dup("This answer was still being written when this document was made.");
	put_opt(w, "note", note);
	mem_free(note);
}

static bool is_weak(const struct marks *marks, int n)
{
	for (size_t i = 0; i < marks->n; i++)
		if (marks->v[i].n == n && marks->v[i].verdict == MARK_WEAK)
			return true;
	return false;
}

/* What there is to say against it. */
static void put_doubts(struct json_out *w, const struct source *s, const struct marks *marks)
{
	bool weak = is_weak(marks, s->n);

	put_opt(w, "note",
		weak && s->stale ? "weak support: check it; changed or gone since"
		: weak		 ? "weak support: check it"
		: s->stale	 ? "changed or gone since"
				 : NULL);
}

/* The answer with the verdicts on its markers. */
static void put_answer(struct json_out *w, const char *text, size_t n, const struct marks *marks)
{
	struct buf drawn;

	buf_init(&drawn, 0);
	marks_draw(marks, text ? text : "", text ? n : 0, &drawn);
	put_text(w, "markdown", buf_cstr(&drawn), drawn.len);
	buf_fini(&drawn);
}

static void put_sources(struct json_out *w, const struct source_list *l, const struct marks *marks)
{
	json_out_key(w, "sources");
	json_out_array(w);
	for (size_t i = 0; i < l->n; i++) {
		const struct source *s = &l->v[i];

		if (!s->cited)
			continue;
		json_out_object(w);
		put_int(w, "n", s->n);
		put_doubts(w, s, marks);
		put_opt(w, "path", s->path);
		put_opt(w, "title", s->title);
		put_opt(w, "url", s->url);
		put_int(w, "page", s->page);
		put_int(w, "line", s->line);
		put_opt(w, "quote", s->quote);
		json_out_object_end(w);
	}
	json_out_array_end(w);
}

void export_request_turn(struct export_request *x, const struct turn_row *row, const struct turn *live)
{
	struct json_out *w = &x->w;
	struct marks marks = { .n = 0 };
	int64_t when;

	if (live)
		row = &live->row;
	when = row->ended_us ? row->ended_us : row->created_us;
	x->epoch_us = max_of(x->epoch_us, when);
	json_out_object(w);
	put_text(w, "question", row->question, row->question_len);
	put_date(w, when);
	put_opt(w, "model", row->model);
	put_state(w, row);
	if (row->marks)
		marks_read(&marks, row->marks, strlen(row->marks));
	put_answer(w, live ? (const char *)live->text.data : row->text, live ? live->text.len : row->text_len, &marks);
	put_sources(w, &row->sources, &marks);
	marks_fini(&marks);
	json_out_object_end(w);
}

int export_request_end(struct export_request *x)
{
	size_t n;

	json_out_array_end(&x->w);
	json_out_key(&x->w, "epoch");
	json_out_int(&x->w, x->epoch_us / 1000000);
	json_out_object_end(&x->w);
	if (x->out.failed)
		return x->out.len > PDF_REQUEST_MAX / 4 ? -ENOBUFS : -ENOMEM;
	n = x->out.len - PDF_REQUEST_HEAD;
	for (int i = 0; i < 4; i++)
		x->out.data[8 + i] = (uint8_t)(n >> (8 * i));
	return 0;
}
