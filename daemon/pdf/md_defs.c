/*
 * Definitions that nothing refers to. cmark takes "[1]: address" and "[^1]: words" out of the text and
 * drops those without a use, the second one of a name included; here they lose their meaning and so
 * stay where they are, as text. What is unused is asked of the first tree, not guessed: a line
 * that only looks like a definition is not changed by it, for the stand-in shows as nothing.
 */
#include "daemon/pdf/md_defs.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/pdf/md_in.h"

#define LABEL_MAX 1000 /* bytes, as in CommonMark */

struct uses {
	struct arena *a;
	const char **urls; /* of all links and images, sorted */
	size_t nurls, cap_urls;
	int *lines;        /* where the definitions of footnotes that have a use begin, sorted */
	size_t nlines, cap_lines;
};

static int by_url(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_line(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

static void add_use(struct uses *u, cmark_node *node)
{
	cmark_node_type type = cmark_node_get_type(node);

	if (type == CMARK_NODE_LINK || type == CMARK_NODE_IMAGE) {
		u->urls = arena_grow(u->a, u->urls, &u->cap_urls, u->nurls + 1, sizeof(*u->urls));
		u->urls[u->nurls++] = cmark_node_get_url(node);
	} else if (type == CMARK_NODE_FOOTNOTE_DEFINITION) {
		u->lines = arena_grow(u->a, u->lines, &u->cap_lines, u->nlines + 1, sizeof(*u->lines));
		u->lines[u->nlines++] = cmark_node_get_start_line(node);
	}
}

static void find_uses(struct uses *u, cmark_node *root)
{
	cmark_iter *iter = cmark_iter_new(root);
	cmark_event_type event;

	while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE)
		if (event == CMARK_EVENT_ENTER)
			add_use(u, cmark_iter_get_node(iter));
	cmark_iter_free(iter);
	if (u->nurls)
		qsort(u->urls, u->nurls, sizeof(*u->urls), by_url);
	if (u->nlines)
		qsort(u->lines, u->nlines, sizeof(*u->lines), by_line);
}

/* Behind the colon of a definition whose "[" stands at s; NULL: it is none. */
static const char *behind_label(const char *s, const char *end)
{
	const char *p = s + 1;

	for (; p < end && p - s <= LABEL_MAX && *p != ']' && *p != '['; p++)
		p += *p == '\\' && p + 1 < end;
	return p > s + 1 && p + 1 < end && *p == ']' && p[1] == ':' ? p + 2 : NULL;
}

static bool is_note(const char *s, const char *colon)
{
	return s[1] == '^' && !memchr(s, ' ', (size_t)(colon - s)) && !memchr(s, '\n', (size_t)(colon - s)) &&
	       !memchr(s, '\t', (size_t)(colon - s));
}

/* The address behind the colon, which may be that of some link. */
static bool is_url_used(const struct uses *u, const char *p, const char *end)
{
	const char *url;
	size_t n = 0;

	while (p < end && strchr(" \t\n", *p))
		p++;
	if (p < end && *p == '<')
		p++;
	while (p + n < end && !strchr(" \t\n>", p[n]))
		n++;
	url = arena_dup(u->a, p, n);
	return u->nurls && bsearch(&url, u->urls, u->nurls, sizeof(*u->urls), by_url);
}

static bool is_used(const struct uses *u, const char *s, const char *colon, const char *end, int line)
{
	if (is_note(s, colon))
		return u->nlines && bsearch(&line, u->lines, u->nlines, sizeof(*u->lines), by_line);
	return is_url_used(u, colon, end);
}

static const char *behind_marks(const char *s)
{
	return s + strspn(s, " \t>*+-0123456789.)");
}

bool md_defs(struct md_job *j, cmark_node *root, struct buf *text)
{
	struct uses u = { .a = j->a };
	struct buf out = { 0 };
	const char *done = j->src, *end = j->src + j->len;

	if (!strstr(j->src, "]:"))
		return false;
	if (root)
		find_uses(&u, root);
	for (size_t i = 0; i < j->nlines; i++) {
		const char *s = behind_marks(j->lines[i]), *colon;
		int line = (int)i + 1;

		/* "[^1]: [2]: address" is one within the other; a line is that of the outer note. */
		for (; s < j->lines[i + 1] && *s == '[' && (colon = behind_label(s, end)); s = behind_marks(colon)) {
			bool used = is_used(&u, s, colon, end, line);

			line = 0;
			if (used)
				continue;
			if (buf_add(&out, done, (size_t)(s - done)) != 0 || buf_add_byte(&out, IN_DEFUSE) != 0)
				arena_out_of_memory();
			done = s;
		}
	}
	if (!out.len)
		return false;
	if (buf_add(&out, done, (size_t)(end - done)) != 0)
		arena_out_of_memory();
	buf_fini(text);
	*text = out;
	return true;
}
