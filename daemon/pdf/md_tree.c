/*
 * One walk over cmark's tree, without recursion: a document may nest as deep as it is long. Containers
 * below MD_DEPTH_MAX are not made; their text goes on in its order where the last one stands.
 */
#include "daemon/pdf/md_tree.h"

#include <cmark-gfm-core-extensions.h>
#include <string.h>

#include "common/attr.h"

/* One for each container that is open; kids of those that were not made go to the last that was. */
struct open_block {
	struct md_block *block;
	int number; /* of the next item */
};

struct walk {
	struct md_job *j;
	struct md_block *root, *notes;
	struct open_block *open;
	size_t nopen, cap_open, made; /* made: containers from the root that are blocks of their own */
	int note;
};

static struct md_block *add_block(struct walk *w, struct md_block *parent, enum md_kind kind)
{
	struct md_block *b = arena_alloc(w->j->a, sizeof(*b));

	b->kind = kind;
	b->task = -1;
	if (parent->last)
		parent->last->next = b;
	else
		parent->first = b;
	parent->last = b;
	return b;
}

static struct md_block *top(const struct walk *w)
{
	return w->open[w->nopen - 1].block;
}

static void push(struct walk *w, struct md_block *b)
{
	w->open = arena_grow(w->j->a, w->open, &w->cap_open, w->nopen + 1, sizeof(*w->open));
	w->open[w->nopen++] = (struct open_block){ .block = b };
}

/* ---- containers ---- */

static void list_open(struct walk *w, cmark_node *node)
{
	struct md_block *b = add_block(w, top(w), MD_LIST);

	b->ordered = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST;
	b->start = b->ordered ? cmark_node_get_list_start(node) : 0;
	b->dot = cmark_node_get_list_delim(node) != CMARK_PAREN_DELIM;
	b->tight = cmark_node_get_list_tight(node);
	push(w, b);
}

static void item_open(struct walk *w, cmark_node *node)
{
	struct md_block *b = add_block(w, top(w), MD_ITEM);

	if (!strcmp(cmark_node_get_type_string(node), "tasklist"))
		b->task = cmark_gfm_extensions_get_tasklist_item_checked(node);
	push(w, b);
}

static void note_open(struct walk *w)
{
	struct md_block *b;
	char name[24];

	if (!w->notes)
		w->notes = add_block(w, w->root, MD_FOOTNOTES);
	b = add_block(w, w->notes, MD_NOTE);
	b->number = ++w->note;
	b->name = arena_dup(w->j->a, name, (size_t)snprintf(name, sizeof(name), "%d", b->number));
	push(w, b);
}

/* Too deep: no block of its own. The label of an item is text then. */
static void flat_open(struct walk *w, cmark_node *node)
{
	struct md_job *j = w->j;
	struct open_block *list = &w->open[w->nopen - 1];
	cmark_node *parent = cmark_node_parent(node);

	report_warn(j->report, "depth", "lists and quotes nested deeper than %d are shown at that depth", MD_DEPTH_MAX);
	if (cmark_node_get_type(node) == CMARK_NODE_ITEM) {
		if (cmark_node_get_list_type(parent) == CMARK_ORDERED_LIST)
			snprintf(j->label, sizeof(j->label), "%d. ", cmark_node_get_list_start(parent) + list->number++);
		else
			snprintf(j->label, sizeof(j->label), "\xE2\x80\xA2 ");
	}
	push(w, list->block);
}

static bool container_open(struct walk *w, cmark_node *node)
{
	cmark_node_type type = cmark_node_get_type(node);

	if (type != CMARK_NODE_BLOCK_QUOTE && type != CMARK_NODE_LIST && type != CMARK_NODE_ITEM &&
		type != CMARK_NODE_FOOTNOTE_DEFINITION)
		return false;
	/* An item whose list was made is made too. */
	if (w->nopen >= MD_DEPTH_MAX && !(type == CMARK_NODE_ITEM && top(w)->kind == MD_LIST)) {
		flat_open(w, node);
		return true;
	}
	if (type == CMARK_NODE_LIST)
		list_open(w, node);
	else if (type == CMARK_NODE_ITEM)
		item_open(w, node);
	else if (type == CMARK_NODE_FOOTNOTE_DEFINITION)
		note_open(w);
	else
		push(w, add_block(w, top(w), MD_QUOTE));
	return true;
}

/* ---- leaves ---- */

static void literal(struct walk *w, enum md_kind kind, const char *s)
{
	struct md_block *b = add_block(w, top(w), kind);
	size_t n = s ? strlen(s) : 0;

	if (n && s[n - 1] == '\n')
		n--;
	md_text_begin(w->j);
	md_put_marked(w->j, s, n, 0, 0);
	md_text_end(w->j, b);
	b->nspans = 0;
	b->spans = NULL;
}

static void code_block(struct walk *w, cmark_node *node)
{
	const char *info = cmark_node_get_fence_info(node);
	bool math = info && *info == IN_FENCE;
	size_t n = info && !math ? strlen(info) : 0;

	literal(w, math ? MD_MATH : MD_CODE, cmark_node_get_literal(node));
	if (n) {
		struct md_block hold = { 0 };

		md_text_begin(w->j);
		md_put_marked(w->j, info, n, 0, 0);
		md_text_end(w->j, &hold);
		top(w)->last->info = hold.len ? hold.text : NULL;
	}
}

/* What the source has on the lines of this block, less what its containers put before each. */
static void source_lines(struct walk *w, cmark_node *node, struct md_block *b)
{
	struct md_job *j = w->j;
	size_t first = (size_t)cmark_node_get_start_line(node), last = (size_t)cmark_node_get_end_line(node);
	size_t column = (size_t)max_of(cmark_node_get_start_column(node), 1) - 1;
	const char *prefix = first >= 1 && first <= j->nlines ? j->lines[first - 1] : NULL;

	md_text_begin(j);
	for (size_t i = first; prefix && i >= 1 && i <= last && i <= j->nlines; i++) {
		const char *s = j->lines[i - 1], *end = j->lines[i];
		size_t skip = 0;

		while (skip < column && s + skip < end && (s[skip] == ' ' || s[skip] == '>' || s[skip] == '\t'))
			skip++;
		md_put_marked(j, s + skip, (size_t)(end - s) - skip, 0, 0);
	}
	if (j->text.len && j->text.data[j->text.len - 1] == '\n')
		j->text.len--;
	md_text_end(j, b);
	b->nspans = 0;
	b->spans = NULL;
}

static void text_begin(struct walk *w, cmark_node *node)
{
	bool heading = cmark_node_get_type(node) == CMARK_NODE_HEADING;
	struct md_block *b = add_block(w, top(w), heading ? MD_HEADING : MD_PARAGRAPH);

	if (heading)
		b->level = cmark_node_get_heading_level(node);
	md_text_begin(w->j);
	push(w, b);
}

static void text_end(struct walk *w, cmark_node *node)
{
	struct md_job *j = w->j;
	struct md_block *b = top(w);
	bool table = j->table;

	w->nopen--;
	if (table) {
		b->kind = MD_CODE;
		source_lines(w, node, b);
		return;
	}
	md_text_end(j, b);
	if (j->plain) {
		if (b->kind == MD_PARAGRAPH)
			b->kind = MD_PLAIN;
		return;
	}
	if (b->kind == MD_PARAGRAPH && md_math_alone(b)) {
		b->kind = MD_MATH;
		b->nspans = 0;
		b->spans = NULL;
		return;
	}
	md_cites(j, b);
}

/* ---- tables ---- */

static void table_open(struct walk *w, cmark_node *node)
{
	struct md_block *b = add_block(w, top(w), MD_TABLE);
	uint8_t *align = cmark_gfm_extensions_get_table_alignments(node);

	b->columns = cmark_gfm_extensions_get_table_columns(node);
	b->align = arena_alloc(w->j->a, (size_t)max_of(b->columns, 1));
	for (int i = 0; align && i < b->columns; i++)
		b->align[i] = align[i] == 'l' ? MD_ALIGN_LEFT :
			      align[i] == 'c' ? MD_ALIGN_CENTER :
			      align[i] == 'r' ? MD_ALIGN_RIGHT :
						MD_ALIGN_NONE;
	push(w, b);
}

static struct md_block *cell(struct walk *w, struct md_block *row)
{
	struct md_block *b = add_block(w, row, MD_CELL);

	b->text = arena_dup(w->j->a, "", 0);
	return b;
}

static void row_end(struct walk *w)
{
	struct md_block *row = top(w), *table = w->open[w->nopen - 2].block;
	int n = 0;

	for (struct md_block *c = row->first; c; c = c->next)
		n++;
	for (; n < table->columns; n++)
		cell(w, row);
	w->nopen--;
}

static bool table_event(struct walk *w, cmark_node *node, bool enter)
{
	cmark_node_type type = cmark_node_get_type(node);

	if (type == CMARK_NODE_TABLE) {
		if (enter)
			table_open(w, node);
		else
			w->nopen--;
	} else if (type == CMARK_NODE_TABLE_ROW) {
		if (enter)
			push(w, add_block(w, top(w), MD_ROW));
		else
			row_end(w);
	} else if (type == CMARK_NODE_TABLE_CELL) {
		if (enter) {
			md_text_begin(w->j);
			push(w, cell(w, top(w)));
		} else {
			md_text_end(w->j, top(w));
			md_cites(w->j, top(w));
			w->nopen--;
		}
	} else {
		return false;
	}
	return true;
}

/* ---- within a line ---- */

static bool is_br(const char *s)
{
	if ((s[0] != '<') || (s[1] | 0x20) != 'b' || (s[2] | 0x20) != 'r')
		return false;
	s += 3;
	s += strspn(s, " ");
	s += *s == '/';
	return !strcmp(s, ">");
}

static void leaf(struct md_job *j, cmark_node *node)
{
	const char *s = cmark_node_get_literal(node);
	size_t n = s ? strlen(s) : 0;

	switch (cmark_node_get_type(node)) {
	case CMARK_NODE_SOFTBREAK:
		md_put(j, (const char[]){ IN_SOFT }, 1);
		break;
	case CMARK_NODE_LINEBREAK:
		md_put(j, "\n", 1);
		break;
	case CMARK_NODE_CODE:
		if (*s == IN_MATH)
			md_put_marked(j, s + 1, n - 1, MD_INLINE_MATH, 0);
		else
			md_put_marked(j, s, n, MD_MONO | (j->bold ? MD_STRONG : 0) | (j->strike ? MD_STRIKE : 0), 0);
		break;
	case CMARK_NODE_HTML_INLINE:
		if (is_br(s))
			md_put(j, "\n", 1);
		else
			md_put(j, s, n);
		break;
	case CMARK_NODE_FOOTNOTE_REFERENCE:
		md_put_marked(j, s, n, MD_NOTE_REF, atoi(s));
		break;
	default:
		md_put(j, s, n);
	}
}

static void inline_event(struct md_job *j, cmark_node *node, bool enter)
{
	cmark_node_type type = cmark_node_get_type(node);
	unsigned step = enter ? 1 : (unsigned)-1;

	if (type == CMARK_NODE_EMPH)
		j->italic += step;
	else if (type == CMARK_NODE_STRONG)
		j->bold += step;
	else if (type == CMARK_NODE_STRIKETHROUGH)
		j->strike += step;
	else if (type == CMARK_NODE_LINK)
		md_link(j, node, enter);
	else if (type == CMARK_NODE_IMAGE)
		md_image(j, node, enter);
	else if (enter)
		leaf(j, node);
}

/* ---- the walk ---- */

static void block_event(struct walk *w, cmark_node *node, bool enter)
{
	switch (cmark_node_get_type(node)) {
	case CMARK_NODE_DOCUMENT:
		break;
	case CMARK_NODE_PARAGRAPH:
	case CMARK_NODE_HEADING:
		if (enter)
			text_begin(w, node);
		else
			text_end(w, node);
		break;
	case CMARK_NODE_CODE_BLOCK:
		code_block(w, node);
		break;
	case CMARK_NODE_HTML_BLOCK:
		literal(w, MD_HTML, cmark_node_get_literal(node));
		break;
	case CMARK_NODE_THEMATIC_BREAK:
		add_block(w, top(w), MD_RULE);
		break;
	default:
		if (!enter)
			w->nopen--;
		else if (!container_open(w, node))
			push(w, top(w));
	}
}

struct md_block *md_tree(struct md_job *j, cmark_node *root)
{
	struct walk w = { .j = j, .root = arena_alloc(j->a, sizeof(*w.root)) };
	cmark_iter *iter = cmark_iter_new(root);
	cmark_event_type event;

	w.root->task = -1;
	push(&w, w.root);
	while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
		cmark_node *node = cmark_iter_get_node(iter);
		bool enter = event == CMARK_EVENT_ENTER;

		if ((cmark_node_get_type(node) & CMARK_NODE_TYPE_MASK) == CMARK_NODE_TYPE_INLINE)
			inline_event(j, node, enter);
		else if (!table_event(&w, node, enter))
			block_event(&w, node, enter);
	}
	cmark_iter_free(iter);
	return w.root;
}
