/*
 * A message being written: its text, the cursor, one killed piece, what can be undone. A long piece
 * (a paste) is folded: shown as "[5000 lines pasted]", and one cell to every key; its text is whole.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

#define LINE_FOLD_LINES 12   /* more lines than that are folded, */
#define LINE_FOLD_BYTES 2000 /* and more bytes */
#define LINE_UNDO 64

struct fold {
	size_t at, len;
	size_t lines;
};

struct line_state {
	char *text;
	size_t n, at;
	struct fold *folds;
	size_t nfolds;
};

struct line {
	struct buf text; /* UTF-8; its max is the longest message */
	size_t at;       /* the cursor, in bytes, at a cell's start */
	struct fold *folds;
	size_t nfolds, capfolds;
	struct buf killed;
	bool killing; /* the last key killed too: the next piece joins it */
	struct line_state undo[LINE_UNDO];
	size_t nundo;
	bool typing; /* the last key typed a character: undone together */
};

void line_init(struct line *l, size_t max);
void line_fini(struct line *l);
void line_set(struct line *l, const char *s, size_t n); /* the cursor at its end */
void line_clear(struct line *l);

/* Both -ENOBUFS past the longest message; the line is as it was then. */
int line_type(struct line *l, const char *s, size_t n);
int line_paste(struct line *l, const char *s, size_t n); /* CR and CRLF become line feeds */

enum line_move { TO_LEFT, TO_RIGHT, TO_WORD_LEFT, TO_WORD_RIGHT, TO_HOME, TO_END, TO_UP, TO_DOWN, TO_SPACE_LEFT };
/* Where the cursor would go; its own place where there is nowhere. Up and down: lines of the text. */
size_t line_target(const struct line *l, enum line_move move);
void line_move(struct line *l, enum line_move move);
void line_delete(struct line *l, enum line_move move); /* from the cursor to there */
void line_kill(struct line *l, enum line_move move);   /* and keep it for yanking */
int line_yank(struct line *l);
void line_swap(struct line *l); /* the two cells around the cursor */
void line_undo(struct line *l);
void line_rest(struct line *l); /* a key came that neither kills nor types */
/* Bytes at..end become s. */
int line_replace(struct line *l, size_t at, size_t end, const char *s, size_t n);

/* The cell at `at`: bytes, columns; a fold gives itself. 0 at the end. */
size_t line_cell(const struct line *l, size_t at, unsigned *columns, const struct fold **fold);
size_t line_after(const struct line *l, size_t at);  /* the next cell's start */
size_t line_before(const struct line *l, size_t at);
const struct fold *line_fold_at(const struct line *l, size_t at);     /* that begins there, or NULL */
const struct fold *line_fold_before(const struct line *l, size_t at); /* that ends there */
/* The end of the last fold that ends at or before `at`: no cluster reaches over it. */
size_t line_plain_since(const struct line *l, size_t at);
void fold_words(const struct fold *f, char out[48]);
