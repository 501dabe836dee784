/*
 * Bytes into lines. A source line is held until it is complete, or until its first HOLD bytes show that it
 * can be nothing but prose: from there its words go out as they come. (A table whose rows have no bar
 * at their begin would need the whole line to be known; it stays as written unless it is short.)
 */
#include "client/markdown.h"

#include <stdlib.h>
#include <string.h>

#include "client/markdown_block.h"
#include "client/term.h"
#include "common/mem.h"

#define HOLD 12

struct markdown *markdown_new(const struct markdown_look *look)
{
	struct markdown *m = mem_new(sizeof(*m));

	m->look = *look;
	m->inlines = (struct inlines){ .look = &m->look, .links = &m->links };
	m->flow = (struct flow){ .look = &m->look, .links = &m->links };
	return m;
}

void *markdown_free(struct markdown *m)
{
	if (!m)
		return NULL;
	links_fini(&m->links);
	buf_fini(&m->in);
	buf_fini(&m->line);
	buf_fini(&m->inlines.held);
	buf_fini(&m->table.text);
	buf_fini(&m->words);
	flow_fini(&m->flow);
	return mem_free(m);
}

void markdown_words(struct markdown *m, const char *lines, size_t n)
{
	buf_reset(&m->words);
	(void)buf_add(&m->words, lines, n);
}

/* ---- bytes ---- */

/* Bytes at the end of s that begin a character without ending it. */
static size_t cut_character(const uint8_t *s, size_t n)
{
	for (size_t back = 1; back <= 3 && back <= n; back++) {
		uint8_t c = s[n - back];

		if (c >= 0xC0)
			return (c >= 0xF0 ? 4u : c >= 0xE0 ? 3u : 2u) > back ? back : 0;
		if (c < 0x80)
			return 0;
	}
	return 0;
}

/* The next stretch of the held line: up to its end, or to the point where it is looked at. */
static size_t stretch(const struct markdown *m, const char *s, size_t n)
{
	const char *end = memchr(s, '\n', n);
	size_t all = end ? (size_t)(end - s) + 1 : n, want = all;

	if (!m->streams && !m->waits && m->line.len < HOLD)
		want = HOLD - m->line.len;
	while (want < all && ((uint8_t)s[want] & 0xC0) == 0x80)
		want++;
	return want < all ? want : all;
}

static void end_source_line(struct markdown *m)
{
	if (m->streams)
		put_prose(m, "\n", 1, false);
	else
		block_line(m, buf_cstr(&m->line), m->line.len);
	buf_reset(&m->line);
	m->streams = m->waits = false;
}

static void take(struct markdown *m, const char *s, size_t n)
{
	bool ends = n && s[n - 1] == '\n';
	size_t text = n - ends;

	if (m->streams)
		put_prose(m, s, text, false);
	else
		(void)buf_add(&m->line, s, text);
	if (ends) {
		end_source_line(m);
	} else if (!m->streams && !m->waits && m->line.len >= HOLD) {
		m->streams = block_begin(m, buf_cstr(&m->line), m->line.len);
		m->waits = !m->streams;
	}
}

static void take_all(struct markdown *m, const char *s, size_t n)
{
	for (size_t used; n; s += used, n -= used) {
		used = stretch(m, s, n);
		take(m, s, used);
	}
}

void markdown_feed(struct markdown *m, const char *s, size_t n, struct buf *out)
{
	size_t whole;

	m->out = out;
	(void)buf_add(&m->in, s, n);
	whole = m->in.len - cut_character(m->in.data, m->in.len);
	take_all(m, (const char *)m->in.data, whole);
	buf_consume(&m->in, whole);
}

bool markdown_holds_table(const struct markdown *m)
{
	return m->leaf == TABLE;
}

void markdown_end(struct markdown *m, struct buf *out)
{
	m->out = out;
	take_all(m, (const char *)m->in.data, m->in.len);
	buf_reset(&m->in);
	if (m->streams || m->line.len)
		end_source_line(m);
	block_end_all(m);
}

/* ---- the terminal ---- */

/* Those that say who they are; within tmux or screen it is not they who draw. */
static bool knows_hyperlinks(void)
{
	static const char *const programs[] = { "iTerm.app", "WezTerm", "vscode", "ghostty" };
	const char *program = term_environment("TERM_PROGRAM"), *vte = term_environment("VTE_VERSION");

	if (term_environment("TMUX") || term_environment("STY"))
		return false;
	for (size_t i = 0; program && i < sizeof(programs) / sizeof(programs[0]); i++)
		if (!strcmp(program, programs[i]))
			return true;
	return term_environment("KITTY_WINDOW_ID") || term_environment("KONSOLE_VERSION") || (vte && strtol(vte, NULL, 10) >= 5000);
}

void markdown_width(struct markdown *m, unsigned width)
{
	m->look.width = width;
}

struct markdown_look markdown_look(unsigned width, bool color)
{
	return (struct markdown_look){
		.width = width,
		.styled = color,
		.utf8 = term_utf8(),
		.hyperlinks = color && knows_hyperlinks(),
	};
}
