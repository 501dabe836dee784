/*
 * The formula of ranking and what it counts with. A score adds up, for each term of a question, what
 * it makes in the passage and in the window around it; how the parts are put together is in
 * daemon/store/rank.h.
 */
#pragma once

#define BM25_K1 1.2
#define BM25_B 0.6       /* passages are of about one length already */
#define BM25_AROUND 0.75 /* weight of the window */
#define BM25_WINDOW 320  /* terms of it, some 2000 characters; at most so many passages, too */
#define BM25_HEADING 2.0 /* one occurrence there counts like so many in the text; in a name, too */
#define BM25_NAME 3.5    /* weight of the name's own score: twice that of a passage with its window */
#define BM25_NAME_ASKED 60.0 /* ... of a question worth so much; of a longer one more, as texts score more for it */

static inline double bm25_saturate(double tf, double length, double mean)
{
	return tf * (BM25_K1 + 1) / (tf + BM25_K1 * (1 - BM25_B + BM25_B * length / mean));
}

/* The mean length of windows: shorter where documents are. */
static inline double bm25_mean_window(double terms, double documents)
{
	double mean = documents > 0 ? terms / documents : 1;

	return mean < 1 ? 1 : mean > BM25_WINDOW ? BM25_WINDOW : mean;
}

static inline double bm25_mean(double terms, double passages)
{
	double mean = passages > 0 ? terms / passages : 1;

	return mean < 1 ? 1 : mean;
}
