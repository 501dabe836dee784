/*
 * The packer: atoms (sentences, lines, blocks) in, passages out. Readers say how strongly the text
 * breaks between two atoms; the packer alone knows sizes.
 */
#include "daemon/library/chunk_in.h"

#include <errno.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/utf8.h"
#include "daemon/library/sentence.h"

#define SMALL 150 /* characters: below this a passage takes what comes rather than stand alone */
#define SCRAP 120 /* ... and a finished one joins the passage before it */

/* Characters of a slice; those of three and more bytes (CJK and the like) say as much as two. */
static size_t measure(const char *s, size_t n)
{
	size_t size = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		size += (c & 0xc0) != 0x80 ? 1 + (c >= 0xe0) : 0;
	}
	return size;
}

/* ---- passages ---- */

void *passages_free(struct passage *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mem_free(v[i].heading);
	mem_free(v);
	return NULL;
}

/* Of a heading that has none: the row below it. */
static int line_of_place(const struct packer *p)
{
	const struct text_place *at = &p->places[p->place];

	if (at->line <= 0 && p->place + 1 < p->nplaces && at[1].page == at->page && at[1].label == at->label)
		at++;
	return max_of(at->line, 0);
}

/* Where a passage begins, in lines and pages: counted once, from the last one on. */
static void count_to(struct packer *p, size_t at)
{
	if (p->places) {
		while (p->place + 1 < p->nplaces && p->places[p->place + 1].off <= at)
			p->place++;
		p->line = line_of_place(p);
		return;
	}
	for (; p->line_at < at; p->line_at++) {
		p->line += p->text[p->line_at] == p->mark;
		p->page += p->paged && p->text[p->line_at] == '\f';
	}
}

static bool grow(struct packer *p)
{
	size_t cap = p->cap ? p->cap * 2 : 64;
	struct passage *v;

	if (p->count < p->cap)
		return true;
	v = realloc(p->v, cap * sizeof(*v));
	if (!v) {
		p->failed = true;
		return false;
	}
	p->v = v;
	p->cap = cap;
	return true;
}

static bool joins_last(const struct packer *p)
{
	const struct passage *last = p->count ? &p->v[p->count - 1] : NULL;

	return p->merge && last && p->size < SCRAP && p->end - last->start <= CHUNK_MAX &&
	       measure(p->text + last->start, p->end - last->start) <=
		       CHUNK_TARGET + CHUNK_TARGET / 2;
}

static void close_passage(struct packer *p)
{
	if (p->start == p->end || p->failed)
		return;
	if (joins_last(p)) {
		p->v[p->count - 1].end = p->end;
		p->heading = mem_free(p->heading);
	} else if (grow(p)) {
		count_to(p, p->start);
		p->v[p->count++] = (struct passage){
			.start = p->start,
			.end = p->end,
			.line = p->line,
			.page = p->paged ? p->page : -1,
			.heading = p->heading,
		};
		p->heading = NULL;
	}
	p->start = p->end;
	p->size = 0;
	p->merge = true;
}

/* ---- packing ---- */

static bool must_close(const struct packer *p, size_t size, size_t bytes, enum strength strength)
{
	if (p->start == p->end)
		return false;
	if (p->end - p->start + bytes > CHUNK_MAX)
		return true;
	if (p->heading_only)
		return false;
	if (strength == BREAK_SECTION || p->size >= CHUNK_TARGET)
		return true;
	if (p->size >= SMALL && p->size + size > CHUNK_SOFT)
		return true;
	return strength >= BREAK_PARAGRAPH && p->size >= CHUNK_TARGET / 2 &&
	       p->size + size > CHUNK_TARGET;
}

static void set_heading(struct packer *p, const char *heading)
{
	mem_free(p->heading);
	if (p->label && heading)
		p->heading = mem_printf("%.*s > %s", CHUNK_HEADING / 2, p->label, heading);
	else
		p->heading = mem_dup(p->label ? p->label : heading);
}

/* bytes <= CHUNK_MAX */
static void pack_atom(struct packer *p, size_t to, size_t size, enum strength strength,
	bool is_heading, const char *heading)
{
	if (must_close(p, size, to - p->end, strength))
		close_passage(p);
	if (strength == BREAK_SECTION)
		p->merge = false;
	if (p->start == p->end) {
		set_heading(p, heading);
		p->heading_only = true;
	} else if (is_heading) {
		set_heading(p, heading);
	}
	p->heading_only = p->heading_only && is_heading;
	p->end = to;
	p->size += size;
}

/* How good a place is for a cut before s[at]: the end of a line, a clause, a word. */
static int cut_quality(const char *s, size_t at)
{
	char c = s[at - 1];

	if (c == '\n' || c == '\r')
		return 3;
	if (c != ' ' && c != '\t')
		return (s[at] & 0xc0) != 0x80 ? 0 : -1;
	return at >= 2 && strchr(";:,", s[at - 2]) && s[at - 2] ? 2 : 1;
}

/* The best cut of text[from, to) in the second half of what fits into one passage. */
static size_t find_cut(const char *s, size_t from, size_t to)
{
	size_t size = 0, best = 0, limit = min_of(to, from + CHUNK_MAX);
	int quality = -1;

	for (size_t at = from; at < limit && size <= CHUNK_SOFT; at++) {
		int q;

		size += measure(s + at, 1);
		if (size <= CHUNK_SOFT / 2 || at == from)
			continue;
		q = cut_quality(s, at);
		if (q >= quality && q >= 0) {
			quality = q;
			best = at;
		}
	}
	return best ? best : limit;
}

static void pack_pieces(
	struct packer *p, size_t to, enum strength strength, bool is_heading, const char *heading)
{
	while (p->end < to && !p->failed) {
		size_t left = measure(p->text + p->end, min_of(to - p->end, (size_t)CHUNK_MAX * 2));
		size_t cut = to;

		if (left > CHUNK_SOFT || to - p->end > CHUNK_MAX)
			cut = find_cut(p->text, p->end, to);
		if (cut < to)
			left = measure(p->text + p->end, cut - p->end);
		pack_atom(p, cut, left, strength, is_heading, heading);
		strength = BREAK_NONE;
		is_heading = false;
	}
}

void pack(struct packer *p, size_t to, enum strength strength, bool is_heading, const char *heading)
{
	size_t bytes, size;

	if (to <= p->end || p->failed)
		return;
	bytes = to - p->end;
	size = bytes <= CHUNK_MAX ? measure(p->text + p->end, bytes) : bytes;
	if (bytes > CHUNK_MAX || size > CHUNK_BLOCK)
		pack_pieces(p, to, strength, is_heading, heading);
	else
		pack_atom(p, to, size, strength, is_heading, heading);
}

void pack_prose(struct packer *p, size_t to, enum strength strength, const char *heading)
{
	while (p->end < to && !p->failed) {
		size_t from = sentence_skip_space(p->text, to, p->end);
		size_t end = from < to ? sentence_end(p->text, to, from) : to;
		size_t next = sentence_skip_space(p->text, to, end);

		if (measure(p->text + p->end, min_of(next - p->end, (size_t)CHUNK_MAX)) >
			CHUNK_TARGET * 2)
			pack_pieces(p, next, strength, false, heading);
		else
			pack(p, next, strength, false, heading);
		strength = BREAK_SENTENCE;
	}
}

/* ---- lines ---- */

bool line_read(const struct packer *p, size_t at, struct line *l)
{
	const char *end;

	if (at >= p->n)
		return false;
	end = memchr(p->text + at, p->mark, p->n - at);
	l->start = at;
	l->end = end ? (size_t)(end - p->text) : p->n;
	l->next = end ? l->end + 1 : p->n;
	if (l->end > at && p->text[l->end - 1] == '\r')
		l->end--;
	l->indent = 0;
	for (l->body = at; l->body < l->end; l->body++) {
		if (p->text[l->body] == '\t')
			l->indent += 8 - l->indent % 8;
		else if (p->text[l->body] == ' ')
			l->indent++;
		else if (p->text[l->body] != '\f' && p->text[l->body] != '\v')
			break;
	}
	return true;
}

/* ---- the whole ---- */

static bool ends_with_one_of(const char *name, const char *const *suffixes)
{
	const char *dot = strrchr(name, '.');

	for (; dot && *suffixes; suffixes++)
		if (str_eq_case(dot + 1, *suffixes))
			return true;
	return false;
}

/* A text that nobody calls Markdown is read as such when it has headings of the second level. */
static bool looks_like_markdown(const char *text, size_t n)
{
	int headings = 0;
	const char *at = text, *end = text + min_of(n, (size_t)65536);

	while (at && end - at > 3) {
		headings += !memcmp(at, "## ", 3);
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	return headings >= 2;
}

enum text_kind text_kind(const char *name, const char *text, size_t n)
{
	static const char *const markdown[] = { "md", "markdown", "mdown", "mkd", "mdx", "qmd",
		"rmd", NULL };
	static const char *const rows[] = { "csv", "tsv", NULL };
	static const char *const code[] = { "ada", "adb", "ads", "asm", "awk", "bash", "bat", "c",
		"cc", "cfg", "clj", "cmake", "conf", "cpp", "cs", "css", "cxx", "d", "dart", "diff",
		"el", "erl", "ex", "exs", "f90", "fish", "fs", "go", "gradle", "groovy", "h", "hcl",
		"hh", "hpp", "hs", "hxx", "ini", "ipynb", "java", "jl", "js", "json", "jsonl",
		"jsx", "kt", "less", "lisp", "log", "lua", "m", "mjs", "mk", "ml", "mli", "nim",
		"patch", "php", "pl", "pm", "properties", "proto", "ps1", "py", "r", "rb", "rs",
		"s", "scala", "scm", "scss", "sh", "sql", "svelte", "swift", "tcl", "tf", "toml",
		"ts", "tsx", "v", "vala", "vb", "vhdl", "vim", "vue", "xml", "yaml", "yml", "zig",
		"zsh", NULL };
	const char *base = strrchr(name, '/');

	base = base ? base + 1 : name;
	if (ends_with_one_of(base, markdown))
		return TEXT_MARKDOWN;
	if (ends_with_one_of(base, rows))
		return TEXT_ROWS;
	if (ends_with_one_of(base, code) || str_eq_case(base, "Makefile") ||
		str_eq_case(base, "Dockerfile") || (n > 2 && !memcmp(text, "#!", 2)))
		return TEXT_CODE;
	return looks_like_markdown(text, n) ? TEXT_MARKDOWN : TEXT_PLAIN;
}

static void chunk_part(struct packer *p, enum text_kind kind)
{
	switch (kind) {
	case TEXT_PLAIN:
		chunk_plain(p);
		break;
	case TEXT_MARKDOWN:
		chunk_markdown(p);
		break;
	case TEXT_CODE:
		chunk_code(p);
		break;
	case TEXT_ROWS:
		chunk_rows(p);
		break;
	}
	close_passage(p);
	p->merge = false;
}

static int packed(struct packer *p, struct passage **out, size_t *count)
{
	mem_free(p->heading);
	if (p->failed) {
		passages_free(p->v, p->count);
		return -ENOMEM;
	}
	*out = p->v;
	*count = p->count;
	return 0;
}

int chunk_text(const char *text, size_t n, enum text_kind kind, struct passage **out, size_t *count)
{
	struct packer p = {
		.text = text,
		.n = n,
		.line = 1,
		.page = 1,
		.mark = !memchr(text, '\n', n) && memchr(text, '\r', n) ? '\r' : '\n',
		.paged = kind == TEXT_PLAIN && memchr(text, '\f', n),
	};

	*out = NULL;
	*count = 0;
	chunk_part(&p, kind);
	return packed(&p, out, count);
}

/* ---- text with places ---- */

/* Where the part that place `i` is in ends: at a place of another page or label. */
static size_t part_end(const struct records *r, size_t *i)
{
	const struct text_place *first = &r->places[*i];

	for (++*i; *i < r->nplaces; ++*i)
		if (r->places[*i].page != first->page || r->places[*i].label != first->label)
			return r->places[*i].off;
	return r->text.len;
}

static void pack_part(struct packer *p, const struct records *r, size_t at, size_t end)
{
	const struct text_place *place = &r->places[at];

	p->paged = place->page > 0;
	p->page = place->page;
	p->label = place->label >= 0 ? r->labels[place->label] : NULL;
	p->n = end;
	chunk_part(p, r->form == FORM_PAGES ? TEXT_PLAIN : TEXT_MARKDOWN);
}

int chunk_placed(const struct records *r, struct passage **out, size_t *count)
{
	static const struct text_place nowhere = { 0, -1, -1, -1 };
	struct packer p = {
		.text = (const char *)r->text.data,
		.mark = '\n',
		.places = r->nplaces ? r->places : &nowhere,
		.nplaces = r->nplaces ? r->nplaces : 1,
	};
	size_t i = 0;

	*out = NULL;
	*count = 0;
	p.n = r->nplaces ? r->places[0].off : r->text.len;
	chunk_part(&p, r->form == FORM_PAGES ? TEXT_PLAIN : TEXT_MARKDOWN);
	while (i < r->nplaces && !p.failed) {
		size_t at = i;

		pack_part(&p, r, at, part_end(r, &i));
	}
	return packed(&p, out, count);
}
