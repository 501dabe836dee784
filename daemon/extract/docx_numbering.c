/*
 * Numbers that Word counts by itself ("3.2 Scope" stands nowhere in the text): numbering.xml has
 * lists, each with nine levels, and numbers, by which paragraphs name a list. All numbers of one list
 * count together, unless one says that it begins anew.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/extract/docx.h"

#define LISTS_MAX 4096
#define NUMBERS_MAX 65536 /* ids; Word counts them from 1 */
#define COUNT_MAX 1000000

enum number_kind { NUMBER_DECIMAL, NUMBER_ZERO, NUMBER_UPPER, NUMBER_LOWER, NUMBER_ROMAN, NUMBER_SMALL_ROMAN, NUMBER_NONE, NUMBER_BULLET };

struct level {
	enum number_kind kind;
	int start;
	bool legal;  /* all of its text in decimals: "Article IV", "Section 4.01" */
	int restart; /* only after a paragraph of a level above this, from 1; 0: never; -1: of any above */
	char text[NUMBER_TEXT]; /* "%1.%2" */
	char *style; /* whose paragraphs it is for, or NULL */
};

struct list {
	int id;
	char *link; /* the style whose list it is in truth, or NULL */
	struct level level[NUMBER_LEVELS];
	int count[NUMBER_LEVELS]; /* 0 or less: none came yet */
	bool begun[NUMBER_LEVELS];
};

struct number {
	struct list *list; /* NULL: none */
	int start[NUMBER_LEVELS]; /* where it begins anew, or -1; taken when it has */
};

struct numbering {
	struct list **lists;
	size_t nlists, clists;
	struct number **numbers; /* by their ids */
	/* while it is read */
	struct list *list;
	struct number *number;
	int depth;
};

/* ---- reading ---- */

static struct list *list_by_id(const struct numbering *n, int id)
{
	for (size_t i = 0; i < n->nlists; i++)
		if (n->lists[i]->id == id)
			return n->lists[i];
	return NULL;
}

static enum number_kind kind_of(const char *s)
{
	static const struct {
		const char *name;
		enum number_kind kind;
	} kinds[] = { { "decimalZero", NUMBER_ZERO }, { "upperLetter", NUMBER_UPPER }, { "lowerLetter", NUMBER_LOWER },
		{ "upperRoman", NUMBER_ROMAN }, { "lowerRoman", NUMBER_SMALL_ROMAN }, { "none", NUMBER_NONE }, { "bullet", NUMBER_BULLET } };

	for (size_t i = 0; s && i < array_len(kinds); i++)
		if (!strcmp(s, kinds[i].name))
			return kinds[i].kind;
	return NUMBER_DECIMAL; /* of other scripts' numbers, too: they say the same */
}

static void begin_list(struct numbering *n, const char *id)
{
	struct list *list;

	if (n->nlists >= LISTS_MAX)
		return;
	list = mem_new(sizeof(*list));
	list->id = xml_int(id, 0, INT32_MAX, -1);
	for (int i = 0; i < NUMBER_LEVELS; i++)
		list->level[i] = (struct level){ .kind = NUMBER_NONE, .restart = -1 };
	n->lists = mem_grow(n->lists, &n->clists, n->nlists, sizeof(struct list *));
	n->lists[n->nlists++] = n->list = list;
}

static void begin_number(struct numbering *n, const char *id)
{
	int at = xml_int(id, 1, NUMBERS_MAX - 1, 0);

	n->number = NULL;
	if (!at || n->numbers[at])
		return;
	n->number = n->numbers[at] = mem_new(sizeof(*n->number));
	for (int i = 0; i < NUMBER_LEVELS; i++)
		n->number->start[i] = -1;
}

static void of_level(struct level *l, const char *name, const char *value)
{
	if (!strcmp(name, "start"))
		l->start = xml_int(value, 0, COUNT_MAX, 0);
	else if (!strcmp(name, "numFmt"))
		l->kind = kind_of(value);
	else if (!strcmp(name, "lvlText"))
		(void)snprintf(l->text, sizeof(l->text), "%s", value ? value : "");
	else if (!strcmp(name, "lvlRestart"))
		l->restart = xml_int(value, 0, NUMBER_LEVELS, -1);
	else if (!strcmp(name, "isLgl"))
		l->legal = !value || (strcmp(value, "0") != 0 && strcmp(value, "false") != 0);
	else if (!strcmp(name, "pStyle") && value && !l->style)
		l->style = mem_dup(value);
}

static void of_number(struct numbering *n, const char *name, const char **atts)
{
	const char *value = xml_attr(atts, "val");

	if (!strcmp(name, "abstractNumId"))
		n->number->list = list_by_id(n, xml_int(value, 0, INT32_MAX, -2));
	else if (!strcmp(name, "lvlOverride"))
		n->depth = xml_int(xml_attr(atts, "ilvl"), 0, NUMBER_LEVELS - 1, -1);
	else if (!strcmp(name, "startOverride") && n->depth >= 0)
		n->number->start[n->depth] = xml_int(value, 0, COUNT_MAX, -1);
}

static void on_start(struct xml *xml, const char *name, const char **atts)
{
	struct numbering *n = xml->ctx;
	const char *value = xml_attr(atts, "val");

	if (!strcmp(name, "abstractNum")) {
		begin_list(n, xml_attr(atts, "abstractNumId"));
	} else if (!strcmp(name, "num")) {
		begin_number(n, xml_attr(atts, "numId"));
	} else if (n->number) {
		of_number(n, name, atts);
	} else if (n->list && !strcmp(name, "numStyleLink") && value && !n->list->link) {
		n->list->link = mem_dup(value);
	} else if (n->list && !strcmp(name, "lvl")) {
		n->depth = xml_int(xml_attr(atts, "ilvl"), 0, NUMBER_LEVELS - 1, -1);
		if (n->depth >= 0)
			n->list->level[n->depth].kind = NUMBER_DECIMAL;
	} else if (n->list && n->depth >= 0) {
		of_level(&n->list->level[n->depth], name, value);
	}
}

static void on_end(struct xml *xml, const char *name)
{
	struct numbering *n = xml->ctx;

	if (!strcmp(name, "lvl") || !strcmp(name, "lvlOverride"))
		n->depth = -1;
	else if (!strcmp(name, "abstractNum"))
		n->list = NULL;
	else if (!strcmp(name, "num"))
		n->number = NULL;
}

int numbering_read(struct numbering **out, struct archive *a, const char *entry)
{
	struct numbering *n = mem_new(sizeof(*n));
	struct xml xml = { .ctx = n, .start = on_start, .end = on_end };
	int r;

	n->depth = -1;
	n->numbers = mem_new(NUMBERS_MAX * sizeof(struct number *));
	r = xml_entry(&xml, a, entry);
	*out = r == 0 ? n : numbering_free(n);
	return r == -ENOENT ? 0 : r;
}

void *numbering_free(struct numbering *n)
{
	if (!n)
		return NULL;
	for (size_t i = 0; i < n->nlists; i++) {
		for (int k = 0; k < NUMBER_LEVELS; k++)
			mem_free(n->lists[i]->level[k].style);
		mem_free(n->lists[i]->link);
		mem_free(n->lists[i]);
	}
	for (int i = 0; i < NUMBERS_MAX; i++)
		mem_free(n->numbers[i]);
	mem_free(n->lists);
	mem_free(n->numbers);
	return mem_free(n);
}

/* ---- one number ---- */

static void put_roman(char *out, size_t size, int v, bool small)
{
	static const struct {
		int v;
		const char *s;
	} parts[] = { { 1000, "M" }, { 900, "CM" }, { 500, "D" }, { 400, "CD" }, { 100, "C" }, { 90, "XC" }, { 50, "L" }, { 40, "XL" }, { 10, "X" },
		{ 9, "IX" }, { 5, "V" }, { 4, "IV" }, { 1, "I" } };
	size_t n = 0;

	for (size_t i = 0; i < array_len(parts); i++)
		for (; v >= parts[i].v; v -= parts[i].v)
			n += (size_t)snprintf(out + n, size - n, "%s", parts[i].s);
	for (size_t i = 0; small && i < n; i++)
		out[i] = (char)(out[i] | 0x20);
}

/* A to Z, then AA to ZZ. */
static void put_letters(char out[24], char first, int v)
{
	size_t n = (size_t)(v / 26 + 1);

	memset(out, first + v % 26, n);
	out[n] = '\0';
}

static void put_count(char out[24], enum number_kind kind, int v)
{
	if ((kind == NUMBER_ROMAN || kind == NUMBER_SMALL_ROMAN) && v > 0 && v < 4000)
		put_roman(out, 24, v, kind == NUMBER_SMALL_ROMAN);
	else if ((kind == NUMBER_UPPER || kind == NUMBER_LOWER) && v > 0 && v <= 26 * 20)
		put_letters(out, kind == NUMBER_UPPER ? 'A' : 'a', v - 1);
	else if (kind == NUMBER_NONE || kind == NUMBER_BULLET)
		out[0] = '\0';
	else
		(void)snprintf(out, 24, kind == NUMBER_ZERO ? "%02d" : "%d", v);
}

/* "Section 4.01" below "Article IV" */
static enum number_kind kind_in(const struct level *text, const struct level *of)
{
	return text->legal && of->kind != NUMBER_ZERO ? NUMBER_DECIMAL : of->kind;
}

/* "%1.%2" */
static void put_text(const struct list *list, int depth, char out[NUMBER_TEXT])
{
	const struct level *l = &list->level[depth];
	size_t n = 0;

	for (const char *s = l->text; *s && n + 1 < NUMBER_TEXT; s++) {
		int of = *s == '%' && s[1] >= '1' && s[1] <= '9' ? s[1] - '1' : -1;
		char count[24] = { *s, '\0' };

		if (of > depth)
			count[0] = '\0';
		else if (of >= 0)
			put_count(count, kind_in(l, &list->level[of]), list->begun[of] ? list->count[of] : list->level[of].start);
		s += of >= 0;
		n += (size_t)snprintf(out + n, NUMBER_TEXT - n, "%s", count);
	}
	out[min_of(n, (size_t)NUMBER_TEXT - 1)] = '\0';
}

static struct number *number_of(const struct numbering *n, int num)
{
	return n && num > 0 && num < NUMBERS_MAX ? n->numbers[num] : NULL;
}

static struct list *list_of(const struct numbering *n, const struct styles *styles, const struct number *number)
{
	struct list *list = number ? number->list : NULL;
	const struct style *style = list && list->link ? styles_find(styles, list->link) : NULL;
	const struct number *true_one = style ? number_of(n, style->num) : NULL;

	return true_one && true_one->list ? true_one->list : list;
}

int numbering_depth_of_style(const struct numbering *n, int num, const char *style)
{
	const struct number *number = number_of(n, num);
	const struct list *list = number ? number->list : NULL;

	for (int i = 0; list && i < NUMBER_LEVELS; i++)
		if (list->level[i].style && !strcmp(list->level[i].style, style))
			return i;
	return 0;
}

static void count(struct list *list, struct number *number, int depth)
{
	if (number->start[depth] >= 0) {
		list->count[depth] = number->start[depth];
		number->start[depth] = -1;
	} else if (list->begun[depth]) {
		list->count[depth] += list->count[depth] < COUNT_MAX;
	} else {
		list->count[depth] = list->level[depth].start;
	}
	list->begun[depth] = true;
	for (int i = depth + 1; i < NUMBER_LEVELS; i++)
		if (list->level[i].restart < 0 || depth < list->level[i].restart)
			list->begun[i] = false;
}

void numbering_next(struct numbering *n, const struct styles *styles, int num, int depth, char out[NUMBER_TEXT])
{
	struct number *number = number_of(n, num);
	struct list *list = list_of(n, styles, number);

	out[0] = '\0';
	if (!list)
		return;
	count(list, number, depth);
	if (list->level[depth].kind != NUMBER_BULLET)
		put_text(list, depth, out);
}
