/* The way of a text: bytes -> clean text -> without status lines -> cmark -> our tree (md_tree.c). */
#include "daemon/pdf/md.h"

#include <cmark-gfm.h>
#include <cmark-gfm/chunk.h>
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/split.h"
#include "common/utf8.h"
#include "daemon/pdf/md_defs.h"
#include "daemon/pdf/md_in.h"
#include "daemon/pdf/md_tree.h"

#define ROUNDS_MAX 4 /* of definitions that only unused ones use */
#define OPTIONS (CMARK_OPT_VALIDATE_UTF8 | CMARK_OPT_FOOTNOTES)

/* ---- memory: cmark's own allocator aborts, which is a forbidden call behind the lock ---- */

static void *or_die(void *p)
{
	if (!p)
		arena_out_of_memory();
	return p;
}

static void *take(size_t n, size_t size)
{
	return or_die(calloc(max_of(n, (size_t)1), size));
}

static void *retake(void *p, size_t n)
{
	return or_die(realloc(p, max_of(n, (size_t)1)));
}

static cmark_mem memory = { take, retake, free };

/* ---- the extensions ---- */

static const char *const names[] = { "table", "strikethrough", "autolink", "tasklist" };
static cmark_syntax_extension *extensions[array_len(names)], *math;

/* A node of code, told from others by its first byte. */
static cmark_node *formula(const char *s, size_t n)
{
	cmark_node *node = cmark_node_new_with_mem(CMARK_NODE_CODE, &memory);
	char *copy = take(n + 2, 1);

	copy[0] = IN_MATH;
	memcpy(copy + 1, s, n);
	cmark_node_set_literal(node, copy);
	free(copy);
	return node;
}

static cmark_node *escaped(char c)
{
	cmark_node *node = cmark_node_new_with_mem(CMARK_NODE_TEXT, &memory);

	cmark_node_set_literal(node, (const char[]){ c, 0 });
	return node;
}

/* NULL: an ordinary character. */
static cmark_node *math_match(cmark_syntax_extension *self, cmark_parser *parser, cmark_node *parent,
	unsigned char c, cmark_inline_parser *at)
{
	const cmark_chunk *chunk = cmark_inline_parser_get_chunk(at);
	int offset = cmark_inline_parser_get_offset(at);
	const char *s = (const char *)chunk->data + offset;
	size_t rest = (size_t)(chunk->len - offset), n;

	(void)self;
	(void)parser;
	(void)parent;
	if (c != '$' && c != IN_BACKSLASH)
		return NULL; /* every extension is asked about every character where a text begins */
	n = md_math_at(s, rest, offset ? s[-1] : ' ');
	if (!n && (c == '$' || rest < 2))
		return NULL;
	cmark_inline_parser_set_offset(at, offset + (n ? (int)n : 2));
	return n ? formula(s, n) : escaped(s[1]);
}

static int by_byte(const void *a, const void *b)
{
	return *(const uint8_t *)a - *(const uint8_t *)b;
}

/*
 * cmark sorts its footnotes and references with qsort, and glibc's asks once how much memory there
 * is (sysinfo) when it sorts more than 1 KiB: behind the lock that is a forbidden call.
 */
static void warm_qsort(void)
{
	uint8_t bytes[4096] = { 1 };

	qsort(bytes, sizeof(bytes), 1, by_byte);
}

void md_init(void)
{
	cmark_mem *mem = cmark_get_default_mem_allocator();
	cmark_llist *chars;

	if (math)
		return;
	warm_qsort();
	cmark_gfm_core_extensions_ensure_registered();
	for (size_t i = 0; i < array_len(names); i++)
		extensions[i] = cmark_find_syntax_extension(names[i]);
	math = cmark_syntax_extension_new("formula");
	chars = cmark_llist_append(mem, NULL, (void *)(uintptr_t)'$');
	cmark_llist_append(mem, chars, (void *)(uintptr_t)IN_BACKSLASH);
	cmark_syntax_extension_set_special_inline_chars(math, chars);
	cmark_syntax_extension_set_match_inline_func(math, math_match);
}

static cmark_node *parse(const struct md_job *j)
{
	cmark_parser *parser = cmark_parser_new_with_mem(OPTIONS, &memory);
	cmark_node *root;

	cmark_parser_attach_syntax_extension(parser, math);
	for (size_t i = 0; i < array_len(names); i++)
		cmark_parser_attach_syntax_extension(parser, extensions[i]);
	cmark_parser_feed(parser, j->src, j->len);
	root = cmark_parser_finish(parser);
	cmark_parser_free(parser);
	return or_die(root);
}

/* ---- the source ---- */

static void on_text(void *ctx, const char *s, size_t n)
{
	if (buf_add(ctx, s, n) != 0)
		arena_out_of_memory();
}

static void on_dropped(void *ctx, const char *s, size_t n)
{
	(void)ctx;
	(void)s;
	(void)n;
}

static void strip_status(struct buf *text)
{
	static const struct split_events events = { on_text, on_dropped, on_dropped };
	struct buf out = { 0 };
	struct split s;

	split_init(&s, false);
	if (split_feed(&s, buf_cstr(text), text->len, &events, &out) != 0 || split_end(&s, &events, &out) != 0)
		arena_out_of_memory();
	split_fini(&s);
	buf_fini(text);
	*text = out;
}

static void set_source(struct md_job *j, const struct buf *text)
{
	size_t cap = 0, n = 0;
	const char *p, *end;

	j->src = arena_dup(j->a, text->data, text->len);
	j->len = text->len;
	j->lines = NULL;
	for (p = j->src, end = p + j->len; p < end; n++) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));

		j->lines = arena_grow(j->a, j->lines, &cap, n + 2, sizeof(*j->lines));
		j->lines[n] = p;
		p = lf ? lf + 1 : end;
	}
	if (n)
		j->lines[n] = end;
	j->nlines = n;
}

/* The whole text as it is: for what is too large to be read as anything else. */
static struct md_block *as_plain(struct md_job *j, const struct buf *text)
{
	struct md_block *root = arena_alloc(j->a, sizeof(*root)), *b = arena_alloc(j->a, sizeof(*b));

	report_warn(j->report, "input", "an answer longer than %u KiB is shown without its markup", MD_INPUT_MAX >> 10);
	root->first = root->last = b;
	root->task = b->task = -1;
	b->kind = MD_PLAIN;
	md_text_begin(j);
	md_put_marked(j, (const char *)text->data, text->len, 0, 0);
	md_text_end(j, b);
	b->nspans = 0;
	b->spans = NULL;
	return root;
}

static struct md_block *as_markdown(struct md_job *j, struct buf *text)
{
	struct md_block *root;
	cmark_node *tree;

	md_guard(j, text);
	if (memchr(text->data, '\\', text->len))
		md_math_mark((char *)text->data, text->len);
	set_source(j, text);
	tree = parse(j);
	for (int round = 1; md_defs(j, round < ROUNDS_MAX ? tree : NULL, text); round++) {
		cmark_node_free(tree);
		set_source(j, text);
		tree = parse(j);
	}
	root = md_tree(j, tree);
	cmark_node_free(tree);
	return root;
}

struct md_block *md_parse(struct arena *a, struct report *r, const char *src, size_t len, const struct md_options *o)
{
	static const struct md_options none = { 0 };
	struct md_job j = { .a = a, .report = r, .options = o ? o : &none };
	struct buf text = { 0 };
	struct md_block *root;

	md_init();
	if (md_clean(src, len, &text) != 0)
		arena_out_of_memory();
	if (j.options->strip_status)
		strip_status(&text);
	root = !text.len		     ? arena_alloc(a, sizeof(*root)) :
	       text.len > MD_INPUT_MAX ? as_plain(&j, &text) :
					 as_markdown(&j, &text);
	buf_fini(&text);
	buf_fini(&j.text);
	return root;
}
