/* Where a key leads in a message: cells, words, lines; a fold is one cell of its line. */
#include <string.h>

#include "client/chat/cell.h"
#include "client/chat/line.h"

static const char *text_of(const struct line *l)
{
	return l->text.data ? (const char *)l->text.data : "";
}

size_t line_after(const struct line *l, size_t at)
{
	const struct fold *f;
	unsigned columns;

	return at + line_cell(l, at, &columns, &f);
}

size_t line_before(const struct line *l, size_t at)
{
	const struct fold *f = line_fold_before(l, at);
	size_t since = line_plain_since(l, at);

	if (f)
		return f->at;
	return at > since ? since + cell_before(text_of(l) + since, at - since) : at;
}

static bool is_word_at(const struct line *l, size_t at)
{
	return !line_fold_at(l, at) && cell_is_word(text_of(l) + at, l->text.len - at);
}

static size_t word_left(const struct line *l)
{
	size_t at = l->at;

	while (at > 0 && !is_word_at(l, line_before(l, at)))
		at = line_before(l, at);
	while (at > 0 && is_word_at(l, line_before(l, at)))
		at = line_before(l, at);
	return at;
}

static size_t word_right(const struct line *l)
{
	size_t at = l->at;

	while (at < l->text.len && !is_word_at(l, at))
		at = line_after(l, at);
	while (at < l->text.len && is_word_at(l, at))
		at = line_after(l, at);
	return at;
}

static bool is_space_at(const struct line *l, size_t at)
{
	return !line_fold_at(l, at) && strchr(" \t\n", text_of(l)[at]) != NULL;
}

static size_t space_left(const struct line *l)
{
	size_t at = l->at;

	while (at > 0 && is_space_at(l, line_before(l, at)))
		at = line_before(l, at);
	while (at > 0 && !is_space_at(l, line_before(l, at)))
		at = line_before(l, at);
	return at;
}

/* Lines of the text, folds being one cell of theirs. */
static size_t home(const struct line *l, size_t at)
{
	while (at > 0) {
		const struct fold *f = line_fold_before(l, at);

		if (!f && text_of(l)[at - 1] == '\n')
			break;
		at = f ? f->at : at - 1;
	}
	return at;
}

static size_t end_of(const struct line *l, size_t at)
{
	while (at < l->text.len) {
		const struct fold *f = line_fold_at(l, at);

		if (!f && text_of(l)[at] == '\n')
			break;
		at += f ? f->len : 1;
	}
	return at;
}

static unsigned column(const struct line *l, size_t from, size_t to)
{
	const struct fold *f;
	unsigned columns, sum = 0;

	for (size_t at = from; at < to; sum += columns)
		at += line_cell(l, at, &columns, &f);
	return sum;
}

/* The cell of the line that begins at `start` which is as far right. */
static size_t at_column(const struct line *l, size_t start, unsigned wanted)
{
	size_t end = end_of(l, start), at = start;
	const struct fold *f;
	unsigned columns, sum = 0;

	while (at < end) {
		size_t n = line_cell(l, at, &columns, &f);

		if (sum + columns > wanted)
			break;
		sum += columns;
		at += n;
	}
	return at;
}

static size_t up_or_down(const struct line *l, bool up)
{
	size_t start = home(l, l->at), end = end_of(l, l->at);
	unsigned wanted = column(l, start, l->at);

	if (up)
		return start ? at_column(l, home(l, start - 1), wanted) : l->at;
	return end < l->text.len ? at_column(l, end + 1, wanted) : l->at;
}

size_t line_target(const struct line *l, enum line_move move)
{
	switch (move) {
	case TO_LEFT:
		return line_before(l, l->at);
	case TO_RIGHT:
		return line_after(l, l->at);
	case TO_WORD_LEFT:
		return word_left(l);
	case TO_WORD_RIGHT:
		return word_right(l);
	case TO_HOME:
		return home(l, l->at);
	case TO_END:
		return end_of(l, l->at);
	case TO_SPACE_LEFT:
		return space_left(l);
	case TO_UP:
	case TO_DOWN:
		return up_or_down(l, move == TO_UP);
	}
	return l->at;
}
