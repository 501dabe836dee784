/*
 * Keys of a terminal: any bytes, fed at once and in pieces whose sizes the input decides, must give the
 * same message, a cursor at a cell of it, folds that lie in it, and rows no wider than the window.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/chat/draw.h"
#include "client/chat/edit.h"
#include "client/chat/verbs.h"
#include "client/chat/words.h"
#include "common/mem.h"
#include "common/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX 3000

#define require(cond) \
	do { \
		if (!(cond)) \
			abort(); \
	} while (0)

static void check_line(const struct line *l)
{
	const char *text = l->text.data ? (const char *)l->text.data : "";
	size_t end = 0;

	require(l->text.len <= MAX && l->at <= l->text.len);
	require(utf8_valid_no_nul(text, l->text.len));
	require(utf8_floor(text, l->text.len, l->at) == l->at);
	for (size_t i = 0; i < l->nfolds; i++) {
		const struct fold *f = &l->folds[i];

		require(f->at >= end && f->len > 0 && f->at + f->len <= l->text.len);
		require(l->at <= f->at || l->at >= f->at + f->len);
		end = f->at + f->len;
	}
}

static void check_draw(const struct draw *d, const struct look *look)
{
	require(d->nrows > 0 && d->nrows < look->height && d->row < d->nrows && d->column < look->width);
	for (size_t i = 0; i < d->nrows; i++)
		require(d->rows[i].columns <= look->width || look->width < 6);
}

static void run(const uint8_t *s, size_t n, const uint8_t *steps, size_t nsteps, struct edit *e, const struct look *look)
{
	struct keys k;
	struct key key;
	struct draw d;
	size_t at = 0, i = 0;

	keys_init(&k, MAX);
	draw_init(&d);
	while (at < n) {
		size_t piece = nsteps ? 1 + steps[i++ % nsteps] % 16 : n, end = at + (piece < n - at ? piece : n - at);
		struct buf out = { 0 };

		while (at < end) {
			at += keys_feed(&k, s + at, end - at, &key);
			if (key.code != KEY_NONE)
				(void)edit_key(e, &key);
			check_line(&e->line);
		}
		draw_edit(&d, e, look, &out);
		check_draw(&d, look);
		buf_fini(&out);
	}
	draw_fini(&d);
	keys_fini(&k);
}

/* Any message as arguments, and as a line of the history's file. */
static void check_text(const struct line *l)
{
	char *text = mem_ndup(l->text.data ? (const char *)l->text.data : "", l->text.len), *line, *back;
	struct words w;

	if (words_split(text, false, &w) == 0)
		for (size_t i = 0; i < w.n; i++) {
			char *quoted = words_quote(w.v[i]);
			struct words again;

			require(words_split(quoted, false, &again) == 0);
			require(again.n == (w.v[i][0] ? 1 : 0) && (!again.n || !strcmp(again.v[0], w.v[i])));
			words_fini(&again);
			mem_free(quoted);
		}
	words_fini(&w);
	line = history_escape(text);
	if (line) {
		require(!strchr(line, '\n'));
		back = history_unescape(line, strlen(line));
		require(!strcmp(back ? back : "", text));
		mem_free(back);
	}
	mem_free(line);
	(void)verbs_are_meant(text);
	(void)history_is_secret(text);
	mem_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct history h;
	struct edit whole, split;
	struct look look = { .utf8 = true, .color = true, .reflows = true, .prompt = "> ", .hint = "hint" };
	size_t nsteps;

	if (size < 4)
		return 0;
	look.width = 4 + data[0] % 40;
	look.height = 2 + data[1] % 20;
	nsteps = 1 + data[2] % 8;
	if (size < 3 + nsteps)
		return 0;
	history_open(&h, "");
	history_add(&h, "first\nof two lines", false);
	history_add(&h, "\xE6\xBC\xA2 second", false);
	edit_init(&whole, &h, MAX);
	edit_init(&split, &h, MAX);
	run(data + 3 + nsteps, size - 3 - nsteps, NULL, 0, &whole, &look);
	run(data + 3 + nsteps, size - 3 - nsteps, data + 3, nsteps, &split, &look);
	require(whole.line.text.len == split.line.text.len && whole.line.at == split.line.at);
	check_text(&whole.line);
	require(!whole.line.text.len || !memcmp(whole.line.text.data, split.line.text.data, whole.line.text.len));
	edit_fini(&whole);
	edit_fini(&split);
	history_fini(&h);
	return 0;
}
