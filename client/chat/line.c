/* A message being written. */
#include "client/chat/line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/chat/cell.h"
#include "common/attr.h"
#include "common/mem.h"

#define UNDO_BYTES 65536 /* a longer message is not copied with each change */

void line_init(struct line *l, size_t max)
{
	*l = (struct line){ .at = 0 };
	buf_init(&l->text, max);
	buf_init(&l->killed, max);
}

static void state_fini(struct line_state *s)
{
	mem_free(s->text);
	mem_free(s->folds);
}

static void forget_undo(struct line *l)
{
	for (size_t i = 0; i < l->nundo; i++)
		state_fini(&l->undo[i]);
	l->nundo = 0;
	l->typing = false;
}

void line_fini(struct line *l)
{
	forget_undo(l);
	buf_fini(&l->text);
	buf_fini(&l->killed);
	mem_free(l->folds);
}

static const char *text_of(const struct line *l)
{
	return l->text.data ? (const char *)l->text.data : "";
}

/* ---- folds ---- */

void fold_words(const struct fold *f, char out[48])
{
	if (f->lines > 1)
		(void)snprintf(out, 48, "[%zu lines pasted]", f->lines);
	else
		(void)snprintf(out, 48, "[%zu bytes pasted]", f->len);
}

static size_t count_lines(const char *s, size_t n)
{
	size_t lines = n > 0 && s[n - 1] != '\n';

	for (size_t i = 0; i < n; i++)
		lines += s[i] == '\n';
	return lines;
}

static bool is_long(const char *s, size_t n)
{
	return n > LINE_FOLD_BYTES || count_lines(s, n) > LINE_FOLD_LINES;
}

static void add_fold(struct line *l, size_t at, const char *s, size_t n)
{
	size_t i = 0;

	while (i < l->nfolds && l->folds[i].at < at)
		i++;
	l->folds = mem_grow(l->folds, &l->capfolds, l->nfolds, sizeof(*l->folds));
	memmove(l->folds + i + 1, l->folds + i, (l->nfolds - i) * sizeof(*l->folds));
	l->folds[i] = (struct fold){ at, n, count_lines(s, n) };
	l->nfolds++;
}

const struct fold *line_fold_at(const struct line *l, size_t at)
{
	for (size_t i = 0; i < l->nfolds; i++)
		if (l->folds[i].at == at)
			return &l->folds[i];
	return NULL;
}

const struct fold *line_fold_before(const struct line *l, size_t at)
{
	for (size_t i = 0; i < l->nfolds; i++)
		if (l->folds[i].at + l->folds[i].len == at)
			return &l->folds[i];
	return NULL;
}

size_t line_plain_since(const struct line *l, size_t at)
{
	size_t since = 0;

	for (size_t i = 0; i < l->nfolds && l->folds[i].at + l->folds[i].len <= at; i++)
		since = l->folds[i].at + l->folds[i].len;
	return since;
}

static size_t plain_until(const struct line *l, size_t at)
{
	for (size_t i = 0; i < l->nfolds; i++)
		if (l->folds[i].at >= at)
			return l->folds[i].at;
	return l->text.len;
}

size_t line_cell(const struct line *l, size_t at, unsigned *columns, const struct fold **fold)
{
	char words[48];

	*fold = line_fold_at(l, at);
	if (!*fold)
		return cell_next(text_of(l) + at, plain_until(l, at) - at, columns);
	fold_words(*fold, words);
	*columns = (unsigned)strlen(words);
	return (*fold)->len;
}

/* ---- undo ---- */

static void remember(struct line *l)
{
	struct line_state s = { .n = l->text.len, .at = l->at };

	if (l->text.len > UNDO_BYTES) {
		forget_undo(l);
		return;
	}
	s.text = mem_ndup(text_of(l), l->text.len);
	if (l->nundo == LINE_UNDO) {
		state_fini(&l->undo[0]);
		memmove(l->undo, l->undo + 1, (LINE_UNDO - 1) * sizeof(*l->undo));
		l->nundo--;
	}
	if (l->nfolds) {
		s.folds = mem_try_dup(l->folds, l->nfolds * sizeof(*l->folds));
		s.nfolds = s.folds ? l->nfolds : 0;
	}
	l->undo[l->nundo++] = s;
}

void line_undo(struct line *l)
{
	struct line_state *s;

	if (!l->nundo)
		return;
	s = &l->undo[--l->nundo];
	buf_reset(&l->text);
	(void)buf_add(&l->text, s->text, s->n);
	l->at = s->at;
	mem_free(l->folds);
	l->folds = s->folds;
	l->nfolds = l->capfolds = s->nfolds;
	mem_free(s->text);
	line_rest(l);
}

void line_rest(struct line *l)
{
	l->killing = l->typing = false;
}

/* ---- changes ---- */

static int insert(struct line *l, size_t at, const char *s, size_t n)
{
	int r = n ? buf_reserve(&l->text, n) : 0;

	if (!n)
		return 0;
	if (r < 0) {
		l->text.failed = false;
		return r;
	}
	memmove(l->text.data + at + n, l->text.data + at, l->text.len - at);
	memcpy(l->text.data + at, s, n);
	l->text.len += n;
	for (size_t i = 0; i < l->nfolds; i++)
		if (l->folds[i].at >= at)
			l->folds[i].at += n;
	return 0;
}

static void erase(struct line *l, size_t at, size_t end)
{
	size_t kept = 0;

	memmove(l->text.data + at, l->text.data + end, l->text.len - end);
	l->text.len -= end - at;
	for (size_t i = 0; i < l->nfolds; i++) {
		struct fold f = l->folds[i];

		if (f.at >= at && f.at < end)
			continue;
		if (f.at >= end)
			f.at -= end - at;
		l->folds[kept++] = f;
	}
	l->nfolds = kept;
}

void line_clear(struct line *l)
{
	buf_reset(&l->text);
	buf_shrink(&l->text, 65536);
	l->at = l->nfolds = 0;
	forget_undo(l);
	line_rest(l);
}

void line_set(struct line *l, const char *s, size_t n)
{
	line_clear(l);
	if (insert(l, 0, s, n) < 0)
		return;
	l->at = n;
	/* It was written once and may be wanted for editing: only what would fill screens is folded. */
	if (n > 4 * LINE_FOLD_BYTES || count_lines(s, n) > 4 * LINE_FOLD_LINES)
		add_fold(l, 0, s, n);
}

int line_replace(struct line *l, size_t at, size_t end, const char *s, size_t n)
{
	int r;

	if (l->text.len - (end - at) + n > l->text.max)
		return -ENOBUFS;
	line_rest(l);
	remember(l);
	if (end > at)
		erase(l, at, end);
	r = insert(l, at, s, n);
	if (r == 0)
		l->at = at + n;
	return r;
}

int line_type(struct line *l, const char *s, size_t n)
{
	bool went_on = l->typing;
	int r;

	if (l->text.len + n > l->text.max)
		return -ENOBUFS;
	/* A word is undone at once, and the next one by itself. */
	if (!went_on || (n == 1 && *s == ' '))
		remember(l);
	r = insert(l, l->at, s, n);
	if (r < 0)
		return r;
	l->at += n;
	line_rest(l);
	l->typing = true;
	return 0;
}

static void with_line_feeds(const char *s, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\r' && i + 1 < n && s[i + 1] == '\n')
			continue;
		(void)buf_add_byte(out, s[i] == '\r' ? '\n' : (uint8_t)s[i]);
	}
}

int line_paste(struct line *l, const char *s, size_t n)
{
	struct buf text = { 0 };
	size_t at = l->at;
	int r;

	with_line_feeds(s, n, &text);
	r = text.failed ? -ENOMEM : line_replace(l, at, at, (const char *)text.data, text.len);
	if (r == 0 && text.len && is_long((const char *)text.data, text.len))
		add_fold(l, at, (const char *)text.data, text.len);
	buf_fini(&text);
	return r;
}

void line_move(struct line *l, enum line_move move)
{
	l->at = line_target(l, move);
	line_rest(l);
}

static void cut(struct line *l, size_t to)
{
	size_t from = min_of(l->at, to), end = max_of(l->at, to);

	if (from == end)
		return;
	remember(l);
	erase(l, from, end);
	l->at = from;
}

void line_delete(struct line *l, enum line_move move)
{
	cut(l, line_target(l, move));
	line_rest(l);
}

/* At the end of a line the next line is drawn up to it, as Emacs does. */
static size_t kill_target(const struct line *l, enum line_move move)
{
	size_t to = line_target(l, move);

	if (to == l->at && move == TO_END)
		return line_target(l, TO_RIGHT);
	return to == l->at && move == TO_HOME ? line_target(l, TO_LEFT) : to;
}

void line_kill(struct line *l, enum line_move move)
{
	size_t to = kill_target(l, move), from = min_of(l->at, to), n = max_of(l->at, to) - from;
	struct buf piece = { 0 };
	bool went_on = l->killing;

	if (!n)
		return;
	(void)buf_add(&piece, l->text.data + from, n);
	if (went_on && to < l->at)
		(void)buf_add(&piece, l->killed.data, l->killed.len);
	if (!went_on || to < l->at)
		buf_reset(&l->killed);
	(void)buf_add(&l->killed, piece.data, piece.len);
	buf_fini(&piece);
	cut(l, to);
	line_rest(l);
	l->killing = true;
}

int line_yank(struct line *l)
{
	size_t at = l->at;
	int r;

	if (!l->killed.len)
		return 0;
	r = line_replace(l, at, at, (const char *)l->killed.data, l->killed.len);
	if (r == 0 && is_long((const char *)l->killed.data, l->killed.len))
		add_fold(l, at, (const char *)l->killed.data, l->killed.len);
	return r;
}

void line_swap(struct line *l)
{
	size_t at = l->at == l->text.len ? line_before(l, l->at) : l->at;
	size_t from = line_before(l, at), end = line_after(l, at);
	struct buf two = { 0 };

	if (from == at || at == end || line_fold_at(l, from) || line_fold_at(l, at))
		return;
	(void)buf_add(&two, l->text.data + at, end - at);
	(void)buf_add(&two, l->text.data + from, at - from);
	if (!two.failed)
		(void)line_replace(l, from, end, (const char *)two.data, two.len);
	buf_fini(&two);
}
