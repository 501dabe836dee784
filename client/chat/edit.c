/* The line editor: keys, the history, and the search in it. */
#include "client/chat/edit.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/utf8.h"

void edit_init(struct edit *e, const struct history *h, size_t max)
{
	*e = (struct edit){ .history = h };
	line_init(&e->line, max);
	edit_begin(e, NULL);
}

static void end_search(struct edit *e)
{
	e->searching = e->failing = false;
	buf_fini(&e->needle);
	e->before = mem_free(e->before);
}

void edit_fini(struct edit *e)
{
	end_search(e);
	line_fini(&e->line);
	mem_free(e->draft);
}

void edit_begin(struct edit *e, const char *text)
{
	end_search(e);
	line_clear(&e->line);
	if (text)
		line_set(&e->line, text, strlen(text));
	e->entry = e->history->n;
	e->draft = mem_free(e->draft);
}

static enum edit_wish refuse(struct edit *e, const char *why)
{
	(void)snprintf(e->why, sizeof(e->why), "%s", why);
	return EDIT_REFUSED;
}

static enum edit_wish judge(struct edit *e, int r)
{
	if (r == 0)
		return EDIT_CHANGED;
	(void)snprintf(e->why, sizeof(e->why), "that would be more than the %zu bytes a message may have", e->line.text.max);
	return EDIT_REFUSED;
}

/* ---- history ---- */

static char *text_of(const struct edit *e)
{
	return mem_ndup(e->line.text.data ? (const char *)e->line.text.data : "", e->line.text.len);
}

static void show_entry(struct edit *e, size_t entry)
{
	const char *text;

	if (e->entry == e->history->n) {
		mem_free(e->draft);
		e->draft = text_of(e);
	}
	e->entry = entry;
	text = entry < e->history->n ? e->history->v[entry] : e->draft ? e->draft : "";
	line_set(&e->line, text, strlen(text));
}

static enum edit_wish older(struct edit *e)
{
	size_t to = line_target(&e->line, TO_UP);

	if (to != e->line.at || (e->line.at && memchr(e->line.text.data, '\n', e->line.at))) {
		line_move(&e->line, TO_UP);
		return EDIT_CHANGED;
	}
	if (!e->entry)
		return EDIT_NOTHING;
	show_entry(e, e->entry - 1);
	return EDIT_CHANGED;
}

static enum edit_wish newer(struct edit *e)
{
	size_t at = e->line.at, to = line_target(&e->line, TO_DOWN);

	if (to != at || (at < e->line.text.len && memchr(e->line.text.data + at, '\n', e->line.text.len - at))) {
		line_move(&e->line, TO_DOWN);
		return EDIT_CHANGED;
	}
	if (e->entry >= e->history->n)
		return EDIT_NOTHING;
	show_entry(e, e->entry + 1);
	return EDIT_CHANGED;
}

static enum edit_wish to_end_of_history(struct edit *e, size_t entry)
{
	if (e->entry == entry || !e->history->n)
		return EDIT_NOTHING;
	show_entry(e, entry);
	return EDIT_CHANGED;
}

/* ---- search ---- */

static void show_found(struct edit *e, size_t entry, const char *where)
{
	const char *text = e->history->v[entry];

	e->found = entry;
	line_set(&e->line, text, strlen(text));
	/* Within a fold there is no place for the cursor. */
	if (!e->line.nfolds)
		e->line.at = (size_t)(where - text);
}

/* The newest entry before `below` that has the needle. */
static void search(struct edit *e, size_t below)
{
	const char *needle = buf_cstr(&e->needle);

	for (size_t i = below; i-- > 0;) {
		const char *where = strstr(e->history->v[i], needle);

		if (where) {
			e->failing = false;
			show_found(e, i, where);
			return;
		}
	}
	e->failing = true;
}

static enum edit_wish begin_search(struct edit *e)
{
	e->searching = true;
	e->before = text_of(e);
	e->found = e->history->n;
	return EDIT_CHANGED;
}

static void needle_shorter(struct edit *e)
{
	size_t n = e->needle.len;

	e->needle.len = n ? utf8_floor((const char *)e->needle.data, n, n - 1) : 0;
	if (e->needle.len)
		search(e, e->history->n);
	else
		line_set(&e->line, e->before, strlen(e->before));
}

/* Keys of the search itself; EDIT_NOTHING with the search ended: the key means what it means elsewhere. */
static enum edit_wish search_key(struct edit *e, const struct key *k)
{
	switch (k->code) {
	case KEY_SEARCH:
		if (e->needle.len)
			search(e, e->found);
		return EDIT_CHANGED;
	case KEY_BACKSPACE:
		needle_shorter(e);
		return EDIT_CHANGED;
	case KEY_CHAR:
		(void)buf_add(&e->needle, k->text, k->n);
		search(e, e->found < e->history->n ? e->found + 1 : e->history->n);
		return EDIT_CHANGED;
	case KEY_ABORT:
	case KEY_INTERRUPT:
		line_set(&e->line, e->before, strlen(e->before));
		end_search(e);
		return EDIT_CHANGED;
	default:
		if (e->found < e->history->n) {
			e->entry = e->found;
			e->draft = mem_free(e->draft);
			e->draft = mem_dup(e->before);
		}
		end_search(e);
		return EDIT_NOTHING;
	}
}

/* ---- keys ---- */

/* A backslash at the very end says that the message goes on; two are one that does not. */
static bool goes_on(const struct line *l)
{
	size_t slashes = 0;

	while (slashes < l->text.len && l->text.data[l->text.len - 1 - slashes] == '\\')
		slashes++;
	return l->at == l->text.len && slashes % 2 == 1 && !l->nfolds;
}

static enum edit_wish enter(struct edit *e)
{
	if (!goes_on(&e->line))
		return EDIT_SEND;
	return judge(e, line_replace(&e->line, e->line.text.len - 1, e->line.text.len, "\n", 1));
}

static enum edit_wish paste(struct edit *e, const struct key *k)
{
	size_t fine = utf8_span(k->text, k->n);

	if (fine < k->n) {
		(void)snprintf(e->why, sizeof(e->why), "what was pasted is not taken: byte %zu is %s", fine + 1,
			k->text[fine] ? "not UTF-8" : "NUL, which no text has");
		return EDIT_REFUSED;
	}
	return judge(e, line_paste(&e->line, k->text, k->n));
}

static enum edit_wish move(struct edit *e, enum line_move to)
{
	size_t at = e->line.at;

	line_move(&e->line, to);
	return e->line.at == at ? EDIT_NOTHING : EDIT_CHANGED;
}

static enum edit_wish kill_to(struct edit *e, enum line_move to)
{
	line_kill(&e->line, to);
	return EDIT_CHANGED;
}

static enum edit_wish delete_to(struct edit *e, enum line_move to)
{
	line_delete(&e->line, to);
	return EDIT_CHANGED;
}

static enum edit_wish changing_key(struct edit *e, const struct key *k)
{
	switch (k->code) {
	case KEY_CHAR:
		return judge(e, line_type(&e->line, k->text, k->n));
	case KEY_NEWLINE:
		return judge(e, line_type(&e->line, "\n", 1));
	case KEY_PASTE:
		return paste(e, k);
	case KEY_PASTE_LONG:
		return refuse(e, "what was pasted is not taken: it is longer than a message may be");
	case KEY_INVALID:
		return refuse(e, "a key sent bytes that are not UTF-8; nothing was taken");
	case KEY_BACKSPACE:
		return delete_to(e, TO_LEFT);
	case KEY_DELETE:
		return delete_to(e, TO_RIGHT);
	case KEY_CTRL_D:
		return e->line.text.len ? delete_to(e, TO_RIGHT) : EDIT_LEAVE;
	case KEY_KILL_END:
		return kill_to(e, TO_END);
	case KEY_KILL_START:
		return kill_to(e, TO_HOME);
	case KEY_RUBOUT:
		return kill_to(e, TO_SPACE_LEFT);
	case KEY_KILL_WORD:
		return kill_to(e, TO_WORD_RIGHT);
	case KEY_KILL_BACK:
		return kill_to(e, TO_WORD_LEFT);
	case KEY_YANK:
		return judge(e, line_yank(&e->line));
	case KEY_SWAP:
		line_swap(&e->line);
		return EDIT_CHANGED;
	case KEY_UNDO:
		line_undo(&e->line);
		return EDIT_CHANGED;
	default:
		return EDIT_NOTHING;
	}
}

enum edit_wish edit_key(struct edit *e, const struct key *k)
{
	enum edit_wish wish;

	if (e->searching) {
		wish = search_key(e, k);
		if (e->searching || wish != EDIT_NOTHING)
			return wish;
		/* The search's own line has to go, whatever the key does. */
		if (k->code == KEY_ESCAPE)
			return EDIT_CHANGED;
	}
	switch (k->code) {
	case KEY_ENTER:
		return enter(e);
	case KEY_INTERRUPT:
		return EDIT_INTERRUPT;
	case KEY_SUSPEND:
		return EDIT_SUSPEND;
	case KEY_TAB:
		return EDIT_COMPLETE;
	case KEY_CLEAR:
		return EDIT_CLEAR;
	case KEY_EDITOR:
		return EDIT_EDITOR;
	case KEY_SEARCH:
		return begin_search(e);
	case KEY_LEFT:
		return move(e, TO_LEFT);
	case KEY_RIGHT:
		return move(e, TO_RIGHT);
	case KEY_WORD_LEFT:
		return move(e, TO_WORD_LEFT);
	case KEY_WORD_RIGHT:
		return move(e, TO_WORD_RIGHT);
	case KEY_HOME:
		return move(e, TO_HOME);
	case KEY_END:
		return move(e, TO_END);
	case KEY_UP:
		return older(e);
	case KEY_DOWN:
		return newer(e);
	case KEY_FIRST:
		return to_end_of_history(e, 0);
	case KEY_LAST:
		return to_end_of_history(e, e->history->n);
	default:
		return changing_key(e, k);
	}
}
