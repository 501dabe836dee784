/* Styles of a DOCX: which are headings, by outline level or by name, and which have numbers. */
#include <errno.h>
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "daemon/extract/docx.h"

#define STYLES_MAX 4096 /* Word keeps 4079 */
#define BASED_DEEP 16

struct styling {
	struct styles *styles;
	struct style now; /* id NULL: none is open */
};

static int level_by_name(const char *name)
{
	if (!strncasecmp(name, "heading ", 8))
		return xml_int(name + 8, 1, 6, STYLE_UNSAID);
	return str_eq_case(name, "title") ? 1 : STYLE_UNSAID;
}

static void drop(struct style *s)
{
	mem_free(s->id);
	mem_free(s->based);
	*s = (struct style){ .id = NULL };
}

static void begin(struct styling *c, const char *id)
{
	drop(&c->now);
	c->now = (struct style){ .id = mem_dup(id ? id : ""), .level = STYLE_UNSAID, .num = STYLE_UNSAID, .depth = STYLE_UNSAID };
}

static void on_start(struct xml *xml, const char *name, const char **atts)
{
	struct styling *c = xml->ctx;
	struct style *s = &c->now;
	const char *value = xml_attr(atts, "val");

	if (!strcmp(name, "style"))
		begin(c, xml_attr(atts, "styleId"));
	else if (!s->id || !value)
		return;
	else if (!strcmp(name, "name") && s->level == STYLE_UNSAID)
		s->level = level_by_name(value);
	else if (!strcmp(name, "outlineLvl"))
		s->level = xml_int(value, 0, 5, -1) + 1;
	else if (!strcmp(name, "numId"))
		s->num = xml_int(value, 0, INT32_MAX, STYLE_UNSAID);
	else if (!strcmp(name, "ilvl"))
		s->depth = xml_int(value, 0, NUMBER_LEVELS - 1, STYLE_UNSAID);
	else if (!strcmp(name, "basedOn") && !s->based)
		s->based = mem_dup(value);
}

static void on_end(struct xml *xml, const char *name)
{
	struct styling *c = xml->ctx;
	struct styles *s = c->styles;

	if (strcmp(name, "style") != 0 || !c->now.id)
		return;
	if (s->n < STYLES_MAX) {
		s->v = mem_grow(s->v, &s->cap, s->n, sizeof(*s->v));
		s->v[s->n++] = c->now;
		c->now = (struct style){ .id = NULL };
	}
	drop(&c->now);
}

const struct style *styles_find(const struct styles *s, const char *id)
{
	for (size_t i = 0; id && i < s->n; i++)
		if (!strcmp(s->v[i].id, id))
			return &s->v[i];
	return NULL;
}

static void inherit(struct style *s, const struct style *from)
{
	s->level = s->level == STYLE_UNSAID ? from->level : s->level;
	s->depth = s->depth == STYLE_UNSAID ? from->depth : s->depth;
	s->num = s->num == STYLE_UNSAID ? from->num : s->num;
}

/* Some are based on each other in a ring. */
static void resolve(const struct styles *all, struct style *s)
{
	const struct style *base = styles_find(all, s->based);

	for (int i = 0; base && i < BASED_DEEP; i++) {
		inherit(s, base);
		base = styles_find(all, base->based);
	}
}

int styles_read(struct styles *s, struct archive *a, const char *entry)
{
	struct styling c = { .styles = s };
	struct xml xml = { .ctx = &c, .start = on_start, .end = on_end };
	int r = xml_entry(&xml, a, entry);

	drop(&c.now);
	for (size_t i = 0; r == 0 && i < s->n; i++)
		resolve(s, &s->v[i]);
	return r;
}

void styles_fini(struct styles *s)
{
	for (size_t i = 0; i < s->n; i++)
		drop(&s->v[i]);
	mem_free(s->v);
	*s = (struct styles){ .n = 0 };
}
