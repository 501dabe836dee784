/* Segments: what is written is read, ranked as rows are, merged, and never trusted. */
#include <errno.h>
#include <math.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/mem.h"
#include "daemon/segment/write.h"
#include "daemon/store/documents.h"
#include "daemon/store/library_in.h"
#include "daemon/store/rank.h"
#include "tests/unit/test.h"

#define VOCABULARY 400
#define TERM_MAX 16

/* ---- chance that comes out the same each time ---- */

static uint64_t chance_state;

static uint32_t chance(uint32_t below)
{
	chance_state = chance_state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((chance_state >> 33) % below);
}

/* Few words are frequent, most are rare. */
static unsigned some_word(void)
{
	double u = (chance(1000000) + 1) / 1000001.0;

	return (unsigned)(pow(VOCABULARY, u) - 1);
}

static size_t word_text(unsigned word, char out[TERM_MAX])
{
	return (size_t)snprintf(out, TERM_MAX, "w%u", word * 7919 % 100003);
}

/* ---- a collection in both forms ---- */

struct passage_words {
	uint16_t length;
	uint8_t name[VOCABULARY], heading[VOCABULARY], body[VOCABULARY];
};
struct document_words {
	int64_t first;
	size_t n;
	bool gone;
	struct passage_words *v;
};
struct texts {
	struct document_words *v;
	size_t n, passages;
};

static void make_document(struct document_words *d, int64_t first, size_t passages)
{
	*d = (struct document_words){ .first = first, .n = passages };
	d->v = calloc(passages, sizeof(*d->v));
	for (size_t i = 0; i < passages; i++) {
		struct passage_words *p = &d->v[i];

		p->length = (uint16_t)chance(chance(4) ? 90 : 12);
		for (unsigned w = 0; w < p->length; w++) {
			uint8_t *count = &p->body[some_word()];

			*count += *count < 255;
		}
		for (unsigned w = chance(3); w; w--)
			p->heading[some_word()]++;
	}
	for (unsigned w = 1 + chance(3); w; w--)
		d->v[0].name[chance(2) ? some_word() : chance(VOCABULARY)]++;
}

static void texts_make(struct texts *t, size_t documents, uint32_t passages)
{
	int64_t next = 5;

	*t = (struct texts){ .n = documents };
	t->v = calloc(documents, sizeof(*t->v));
	for (size_t i = 0; i < documents; i++) {
		size_t n = 1 + chance(chance(8) ? passages : passages * 8);

		make_document(&t->v[i], ((int64_t)3 << PASSAGE_BITS) + next, n);
		next += (int64_t)n + chance(3) * chance(200);
		t->passages += n;
	}
}

static void texts_fini(struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		mem_free(t->v[i].v);
	mem_free(t->v);
}

static int put_bytes(void *ctx, const void *p, size_t n)
{
	return buf_add(ctx, p, n);
}

static void add_words(struct segment_builder *b, enum segment_column column, const uint8_t *counts)
{
	char text[TERM_MAX];

	for (unsigned w = 0; w < VOCABULARY; w++)
		for (unsigned i = counts[w]; i; i--)
			segment_builder_word(b, column, text, word_text(w, text));
}

/* Documents [from, to) of them. */
static int write_segment(const struct texts *t, size_t from, size_t to, struct buf *out)
{
	struct segment_builder *whole = segment_builder_new();
	int r = 0;

	for (size_t i = from; i < to; i++) {
		bool alone = i % 3 == 1; /* collected by itself, then put behind the others */
		struct segment_builder *b = alone ? segment_builder_new() : whole;

		segment_builder_document(b, alone ? 0 : t->v[i].first);
		for (size_t p = 0; p < t->v[i].n; p++) {
			add_words(b, SEGMENT_NAME, t->v[i].v[p].name);
			add_words(b, SEGMENT_HEADING, t->v[i].v[p].heading);
			add_words(b, SEGMENT_BODY, t->v[i].v[p].body);
			r = r ? r : segment_builder_passage(b, t->v[i].v[p].length);
		}
		if (alone) {
			r = r ? r : segment_builder_append(whole, b, t->v[i].first);
			segment_builder_free(b);
		}
	}
	buf_reset(out);
	r = r ? r : segment_builder_write(whole, from % 2, put_bytes, out);
	segment_builder_free(whole);
	return r;
}

/* ---- a question, asked of both ---- */

#define TERMS 12
struct question {
	struct term_weight terms[TERMS];
	unsigned words[TERMS];
	char text[TERMS][TERM_MAX];
	double weights[TERMS], idf[TERMS];
	int64_t df[TERMS];
	bool own[TERMS];
	size_t n;
};

static void make_question(struct question *q)
{
	*q = (struct question){ .n = 1 + chance(TERMS) };
	for (size_t i = 0; i < q->n; i++) {
		bool again = true;

		while (again) {
			q->words[i] = chance(2) ? some_word() : chance(VOCABULARY + 20);
			again = false;
			for (size_t k = 0; k < i; k++)
				again |= q->words[k] == q->words[i];
		}
		q->terms[i] = (struct term_weight){ .term = q->text[i],
			.n = word_text(q->words[i], q->text[i]),
			.weight = chance(3) ? 1 : .1 + .3 * chance(5),
			.name_only = chance(8) == 0,
			.own = chance(2),
			.says = { chance(4) ? (uint8_t)(i + 1) : 0, chance(3) ? 0 : (uint8_t)(1 + chance(TERMS)) } };
		q->weights[i] = q->terms[i].weight;
		q->own[i] = q->terms[i].own;
	}
}

struct asked {
	struct rank k;
	struct rank_rows rows;
	struct rank_lengths lengths;
};

static void lengths_make(struct rank_lengths *l, const struct texts *t)
{
	l->base = t->v[0].first >> LENGTHS_BITS;
	l->n = (size_t)((t->v[t->n - 1].first + (int64_t)t->v[t->n - 1].n) >> LENGTHS_BITS) -
	       (size_t)l->base + 1;
	l->v = calloc(l->n, sizeof(*l->v));
	for (size_t i = 0; i < l->n; i++) {
		l->v[i] = malloc(LENGTHS_BYTES);
		for (size_t k = 0; k < LENGTHS_COUNT; k++)
			le_put16(l->v[i] + 2 * k, LENGTH_HIDDEN);
	}
	for (size_t i = 0; i < t->n; i++)
		for (size_t p = 0; !t->v[i].gone && p < t->v[i].n; p++) {
			int64_t id = t->v[i].first + (int64_t)p;

			le_put16(l->v[(id >> LENGTHS_BITS) - l->base] + 2 * (id & (LENGTHS_COUNT - 1)),
				t->v[i].v[p].length | (p ? 0 : LENGTH_FIRST));
		}
}

static void rows_make(struct rank_rows *rows, const struct texts *t, size_t from, size_t to,
	const struct question *q)
{
	for (size_t i = from; i < to; i++)
		for (size_t p = 0; p < t->v[i].n; p++) {
			size_t before = rows->ntallies;

			for (size_t w = 0; w < q->n; w++) {
				const struct passage_words *x = &t->v[i].v[p];
				unsigned word = q->words[w];
				struct tally y = { .term = (uint16_t)w };

				if (word >= VOCABULARY)
					continue;
				y.name = x->name[word];
				if (!q->terms[w].name_only) {
					y.heading = x->heading[word];
					y.body = x->body[word];
				}
				if (!y.name && !y.heading && !y.body)
					continue;
				rows->tallies = mem_grow(rows->tallies, &rows->cap_tallies,
					rows->ntallies, sizeof(y));
				rows->tallies[rows->ntallies++] = y;
			}
			if (rows->ntallies == before)
				continue;
			rows->v = mem_grow(rows->v, &rows->cap, rows->n, sizeof(*rows->v));
			rows->v[rows->n++] = (struct rank_row){ t->v[i].first + (int64_t)p,
				(uint32_t)before };
		}
}

/* Documents [from, to) as rows, the others in the segments. */
static int ask(struct asked *a, const struct texts *t, size_t from, size_t to, struct question *q,
	size_t limit, const struct rank_range *scope, size_t nscope, struct rank_segment *v, size_t n)
{
	*a = (struct asked){ .k = { .limit = limit,
				     .weights = q->weights,
				     .own = q->own,
				     .nterms = q->n,
				     .idf = q->idf,
				     .df = q->df,
				     .words = q->terms,
				     .segments = v,
				     .nsegments = n,
				     .ranges = scope,
				     .nranges = nscope } };
	for (size_t i = 0; i < t->n; i++) {
		bool in = !t->v[i].gone && !scope;

		for (size_t s = 0; s < nscope; s++)
			in |= scope[s].first == t->v[i].first;
		a->k.documents += in;
		a->k.passages += in ? (int64_t)t->v[i].n : 0;
		for (size_t p = 0; in && p < t->v[i].n; p++)
			a->k.terms += t->v[i].v[p].length;
	}
	lengths_make(&a->lengths, t);
	a->k.lengths = &a->lengths;
	a->k.nlengths = 1;
	rows_make(&a->rows, t, from, to, q);
	a->k.rows = &a->rows;
	return rank_run(&a->k);
}

static void asked_fini(struct asked *a)
{
	rank_rows_fini(&a->rows);
	rank_lengths_fini(&a->lengths);
	mem_free(a->k.hits);
}

static bool same_hits(const struct asked *a, const struct asked *b)
{
	if (a->k.nhits != b->k.nhits)
		return false;
	for (size_t i = 0; i < a->k.nhits; i++)
		if (a->k.hits[i].id != b->k.hits[i].id || a->k.hits[i].score != b->k.hits[i].score ||
			a->k.hits[i].own != b->k.hits[i].own)
			return false;
	return true;
}

struct pieces { /* the collection cut into segments */
	struct buf bytes[8];
	struct segment s[8];
	struct rank_segment v[8];
	size_t n;
	struct rank_range gone[512];
};

static bool pieces_make(struct pieces *x, const struct texts *t, size_t from, size_t n)
{
	size_t gone = 0;

	*x = (struct pieces){ .n = n };
	for (size_t i = 0; i < n; i++) {
		size_t a = from + (t->n - from) * i / n, b = from + (t->n - from) * (i + 1) / n;

		if (write_segment(t, a, b, &x->bytes[i]) != 0 ||
			segment_open(&x->s[i], x->bytes[i].data, x->bytes[i].len) != 0)
			return false;
		x->v[i] = (struct rank_segment){ .s = &x->s[i], .gone = x->gone + gone };
		for (size_t d = a; d < b; d++)
			if (t->v[d].gone) {
				x->gone[gone++] =
					(struct rank_range){ t->v[d].first, (int64_t)t->v[d].n };
				x->v[i].ngone++;
			}
	}
	return true;
}

static void pieces_fini(struct pieces *x)
{
	for (size_t i = 0; i < x->n; i++) {
		segment_close(&x->s[i]);
		buf_fini(&x->bytes[i]);
	}
}

static bool all_the_same(const struct texts *t, struct pieces *x, size_t rows_to, unsigned questions,
	const struct rank_range *scope, size_t nscope)
{
	for (unsigned i = 0; i < questions; i++) {
		struct question q;
		struct asked by_rows, by_segments;
		size_t limit = chance(4) ? 1 + chance(60) : 5000;
		bool same;

		make_question(&q);
		if (ask(&by_rows, t, 0, t->n, &q, limit, scope, nscope, NULL, 0) != 0)
			return false;
		if (ask(&by_segments, t, 0, rows_to, &q, limit, scope, nscope, x->v, x->n) != 0)
			return false;
		same = same_hits(&by_rows, &by_segments);
		asked_fini(&by_rows);
		asked_fini(&by_segments);
		if (!same)
			return false;
	}
	return true;
}

TEST(segments_rank_as_rows_do_to_the_bit)
{
	for (unsigned run = 0; run < 12; run++) {
		struct texts t;
		struct pieces x;

		chance_state = run;
		texts_make(&t, 5 + chance(60), run % 3 ? 12 : 1 + chance(90));
		check(pieces_make(&x, &t, 0, 1 + run % 4));
		check(all_the_same(&t, &x, 0, 40, NULL, 0));
		pieces_fini(&x);
		texts_fini(&t);
	}
}

TEST(rows_and_segments_are_ranked_together)
{
	struct texts t;
	struct pieces x;

	chance_state = 77;
	texts_make(&t, 60, 20);
	check(pieces_make(&x, &t, 20, 3));
	check(all_the_same(&t, &x, 20, 100, NULL, 0));
	pieces_fini(&x);
	texts_fini(&t);
}

TEST(what_is_gone_neither_shows_nor_counts)
{
	struct texts t;
	struct pieces x;

	chance_state = 78;
	texts_make(&t, 80, 20);
	for (size_t i = 0; i < t.n; i++)
		t.v[i].gone = chance(3) == 0;
	check(pieces_make(&x, &t, 0, 3));
	check(all_the_same(&t, &x, 0, 100, NULL, 0));
	pieces_fini(&x);
	texts_fini(&t);
}

TEST(a_scope_has_its_own_statistics)
{
	struct rank_range scope[80];
	struct texts t;
	struct pieces x;
	size_t n = 0;

	chance_state = 79;
	texts_make(&t, 80, 20);
	for (size_t i = 0; i < t.n; i++)
		if (chance(8) == 0)
			scope[n++] = (struct rank_range){ t.v[i].first, (int64_t)t.v[i].n };
	check(pieces_make(&x, &t, 10, 3));
	check(all_the_same(&t, &x, 10, 100, scope, n));
	pieces_fini(&x);
	texts_fini(&t);
}

TEST(merged_segments_are_what_would_have_been_written_at_once)
{
	struct segment_source v[4];
	struct texts t;
	struct pieces x;
	struct buf whole = { 0 }, merged = { 0 };
	uint64_t passages;

	chance_state = 80;
	texts_make(&t, 90, 20);
	check(pieces_make(&x, &t, 0, 4));
	for (size_t i = 0; i < 4; i++)
		v[i] = (struct segment_source){ .s = &x.s[i] };
	check_int(segment_merge(v, 4, put_bytes, &merged, NULL, NULL, &passages), 0);
	check_int(passages, t.passages);
	check_int(write_segment(&t, 0, t.n, &whole), 0);
	check_mem(merged.data, merged.len, whole.data, whole.len);
	buf_fini(&merged);
	buf_fini(&whole);
	pieces_fini(&x);
	texts_fini(&t);
}

TEST(merging_leaves_out_what_is_gone)
{
	struct segment_source v[3];
	struct texts t, left;
	struct pieces x;
	struct buf whole = { 0 }, merged = { 0 };
	int64_t gone[90];
	size_t ngone = 0, at = 0;
	uint64_t passages;

	chance_state = 81;
	texts_make(&t, 90, 20);
	left = (struct texts){ .v = calloc(90, sizeof(*left.v)) };
	for (size_t i = 0; i < t.n; i++) {
		t.v[i].gone = chance(4) == 0;
		if (t.v[i].gone)
			gone[ngone++] = t.v[i].first;
		else
			left.v[left.n++] = t.v[i];
	}
	check(pieces_make(&x, &t, 0, 3));
	for (size_t i = 0; i < 3; i++) {
		v[i] = (struct segment_source){ .s = &x.s[i], .gone = gone + at,
			.ngone = x.v[i].ngone };
		at += x.v[i].ngone;
	}
	check_int(segment_merge(v, 3, put_bytes, &merged, NULL, NULL, &passages), 0);
	check_int(write_segment(&left, 0, left.n, &whole), 0);
	check_mem(merged.data, merged.len, whole.data, whole.len);
	mem_free(left.v);
	buf_fini(&merged);
	buf_fini(&whole);
	pieces_fini(&x);
	texts_fini(&t);
}

static bool never(void *ctx)
{
	(void)ctx;
	return false;
}

TEST(a_search_that_is_ended_says_so)
{
	struct question q;
	struct asked a = { 0 };
	struct texts t;
	struct pieces x;
	struct rank k;

	chance_state = 82;
	texts_make(&t, 40, 20);
	check(pieces_make(&x, &t, 0, 1));
	make_question(&q);
	k = (struct rank){ .limit = 10, .weights = q.weights, .own = q.own, .nterms = q.n,
		.idf = q.idf, .df = q.df, .words = q.terms, .segments = x.v, .nsegments = 1,
		.rows = &a.rows, .go_on = never, .documents = 40, .passages = 400, .terms = 9000 };
	check_int(rank_run(&k), 0);
	check(k.ended);
	mem_free(k.hits);
	pieces_fini(&x);
	texts_fini(&t);
}

/* Opened, checked, all of it read; true: something was found wrong. */
static bool read_all(const uint8_t *p, size_t n)
{
	struct segment s;
	struct segment_terms it;
	struct segment_term term;
	bool bad;

	if (segment_open(&s, p, n) != 0) {
		segment_close(&s);
		return true;
	}
	for (segment_terms(&it, &s); segment_terms_next(&it, &term);)
		;
	bad = !segment_check(&s);
	segment_close(&s);
	return bad;
}

TEST(a_changed_byte_is_found_wherever_it_is)
{
	struct texts t;
	struct buf b = { 0 };

	chance_state = 83;
	texts_make(&t, 30, 20);
	check_int(write_segment(&t, 0, t.n, &b), 0);
	check(!read_all(b.data, b.len));
	for (size_t i = 0; i < b.len; i += i < b.len - 400 ? 1 + chance(97) : 1) {
		uint8_t was = b.data[i];

		b.data[i] ^= (uint8_t)(1 + chance(255));
		check_msg(read_all(b.data, b.len), "byte %zu of %zu", i, b.len);
		b.data[i] = was;
	}
	for (size_t n = 0; n < b.len; n += 1 + chance(499))
		check_msg(read_all(b.data, n), "cut to %zu of %zu", n, b.len);
	buf_fini(&b);
	texts_fini(&t);
}

TEST(an_empty_segment_is_one)
{
	struct segment s;
	struct segment_term term;
	struct buf b = { 0 };
	struct texts t = { 0 };

	check_int(write_segment(&t, 0, 0, &b), 0);
	check_int(segment_open(&s, b.data, b.len), 0);
	check(segment_check(&s));
	check(!segment_find(&s, "word", 4, &term));
	segment_close(&s);
	buf_fini(&b);
}

TEST_MAIN()
