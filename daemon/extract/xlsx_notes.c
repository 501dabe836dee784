/* Notes and comments beside the cells of a sheet: "D4: Who paid this?", each at its row. */
#include <errno.h>
#include <string.h>

#include "common/str.h"
#include "daemon/extract/xlsx.h"

#define NOTES_PARTS 100 /* of one sheet; Excel writes one of each kind */

struct noting {
	struct extract *x;
	bool in_text;
	char cell[16];
	unsigned phonetic;
	struct buf text;
};

/* What Excel writes for older programs where the comment itself lies in a part of its own. */
static bool stands_elsewhere(const struct noting *c)
{
	static const char mark[] = "[Threaded comment]";

	return c->text.len >= sizeof(mark) - 1 && !memcmp(c->text.data, mark, sizeof(mark) - 1);
}

static void put(struct noting *c)
{
	const char *digits = c->cell + strcspn(c->cell, "0123456789");
	struct writer *w = &c->x->writer;

	if (!c->text.len || stands_elsewhere(c))
		return;
	extract_place(c->x, c->x->page, xml_int(digits, 1, 1 << 24, -1));
	writer_block(w, BLOCK_TEXT, 0);
	writer_str(w, c->cell);
	writer_str(w, c->cell[0] ? ": " : "");
	writer_text(w, (const char *)c->text.data, c->text.len);
	writer_end(w);
}

static bool is_note(const char *name)
{
	return !strcmp(name, "comment") || !strcmp(name, "threadedComment");
}

static void on_start(struct xml *xml, const char *name, const char **atts)
{
	struct noting *c = xml->ctx;
	const char *cell = xml_attr(atts, "ref");

	if (is_note(name)) {
		(void)snprintf(c->cell, sizeof(c->cell), "%s", cell ? cell : "");
		buf_reset(&c->text);
	}
	c->phonetic += !strcmp(name, "rPh");
	c->in_text = (!strcmp(name, "t") || !strcmp(name, "text")) && !c->phonetic;
}

static void on_end(struct xml *xml, const char *name)
{
	struct noting *c = xml->ctx;

	c->in_text = false;
	c->phonetic -= !strcmp(name, "rPh") && c->phonetic;
	if (is_note(name))
		put(c);
}

static void on_text(struct xml *xml, const char *s, size_t n)
{
	struct noting *c = xml->ctx;

	if (c->in_text && buf_add(&c->text, s, n) != 0)
		extract_no_memory(xml->x);
}

static int read_part(struct extract *x, struct archive *a, const char *entry)
{
	struct noting c = { .x = x };
	struct xml xml = { .ctx = &c, .start = on_start, .end = on_end, .text = on_text };
	int r;

	buf_init(&c.text, 0);
	r = xml_entry(&xml, a, entry);
	buf_fini(&c.text);
	return r == -ENOENT ? 0 : r;
}

int notes_read(struct extract *x, struct archive *a, const char *sheet)
{
	struct relations parts = { .n = 0 };
	size_t count = 0;
	int r = relations_read(&parts, x, a, sheet);

	for (size_t i = 0; r == 0 && i < parts.n && count < NOTES_PARTS; i++) {
		if (!str_ends(parts.v[i].type, "/comments") && !str_ends(parts.v[i].type, "/threadedComment"))
			continue;
		count++;
		r = read_part(x, a, parts.v[i].target);
	}
	relations_fini(&parts);
	return r;
}
