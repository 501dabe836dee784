/* Which office document a ZIP is, and what all of them share. */
#include "daemon/extract/office.h"

#include <errno.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/utf8.h"
#include "daemon/worker/records.h"

/* ---- titles ---- */

struct titling {
	bool inside;
	struct buf text;
};

static void title_start(struct xml *xml, const char *name, const char **atts)
{
	struct titling *t = xml->ctx;

	(void)atts;
	t->inside = !strcmp(name, "title") && !t->text.len;
}

static void title_end(struct xml *xml, const char *name)
{
	(void)name;
	((struct titling *)xml->ctx)->inside = false;
}

static void title_text(struct xml *xml, const char *s, size_t n)
{
	struct titling *t = xml->ctx;

	if (t->inside && t->text.len < EXTRACT_TITLE_MAX)
		(void)buf_add(&t->text, s, n);
}

int office_title(struct extract *x, struct archive *a, const char *entry)
{
	struct titling t = { .inside = false };
	struct xml xml = { .ctx = &t, .start = title_start, .end = title_end, .text = title_text };
	size_t n;
	int r;

	buf_init(&t.text, 0);
	r = xml_entry(&xml, a, entry);
	n = t.text.len ? utf8_floor((char *)t.text.data, t.text.len, EXTRACT_TITLE_MAX) : 0;
	if (r == 0 && n) {
		(void)snprintf(x->title, sizeof(x->title), "%.*s", (int)n, (char *)t.text.data);
		str_trim(x->title);
	}
	buf_fini(&t.text);
	return r == -ENOENT ? 0 : r;
}

void office_heading(struct extract *x)
{
	extract_form(x, FORM_MARKDOWN);
	if (!x->title[0] || x->depth)
		return;
	writer_block(&x->writer, BLOCK_HEADING, 1);
	writer_str(&x->writer, x->title);
	writer_end(&x->writer);
}

/* ---- relations ---- */

char *path_resolve(const char *part, const char *target)
{
	const char *slash = strrchr(part, '/');
	size_t n = slash ? (size_t)(slash - part) : 0;

	if (n + strlen(target) >= ARCHIVE_PATH)
		return NULL;
	if (*target == '/')
		return mem_dup(target + 1);
	while (str_starts(target, "../") || str_starts(target, "./")) {
		bool up = target[1] == '.';

		target += up ? 3 : 2;
		while (up && n && part[n - 1] != '/')
			n--;
		n -= up && n;
	}
	return n ? mem_printf("%.*s/%s", (int)n, part, target) : mem_dup(target);
}

struct relating {
	struct relations *r;
	const char *part;
};

static void relation_start(struct xml *xml, const char *name, const char **atts)
{
	struct relating *c = xml->ctx;
	struct relations *r = c->r;
	const char *id = xml_attr(atts, "Id"), *target = xml_attr(atts, "Target");
	const char *mode = xml_attr(atts, "TargetMode"), *type = xml_attr(atts, "Type");
	char *path;

	if (strcmp(name, "Relationship") != 0 || !id || !target || r->n >= 100000 ||
		(mode && !strcmp(mode, "External")))
		return;
	path = path_resolve(c->part, target);
	if (!path)
		return;
	r->v = mem_grow(r->v, &r->cap, r->n, sizeof(*r->v));
	r->v[r->n++] = (struct relation){ mem_dup(id), mem_dup(type ? type : ""), path };
}

static void nothing(struct xml *xml, const char *name)
{
	(void)xml;
	(void)name;
}

int relations_read(struct relations *r, struct extract *x, struct archive *a, const char *part)
{
	const char *slash = strrchr(part, '/');
	size_t dir = slash ? (size_t)(slash - part) + 1 : 0;
	char *entry = mem_printf("%.*s_rels/%s.rels", (int)dir, part, part + dir);
	struct relating c = { r, part };
	struct xml xml = { .ctx = &c, .start = relation_start, .end = nothing };
	int e = xml_entry(&xml, a, entry);

	(void)x;
	mem_free(entry);
	return e == -ENOENT ? 0 : e;
}

void relations_fini(struct relations *r)
{
	for (size_t i = 0; i < r->n; i++) {
		mem_free(r->v[i].id);
		mem_free(r->v[i].type);
		mem_free(r->v[i].target);
	}
	mem_free(r->v);
	*r = (struct relations){ .n = 0 };
}

const char *relation_target(const struct relations *r, const char *id)
{
	for (size_t i = 0; id && i < r->n; i++)
		if (!strcmp(r->v[i].id, id))
			return r->v[i].target;
	return NULL;
}

const char *relation_of_type(const struct relations *r, const char *type)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_ends(r->v[i].type, type))
			return r->v[i].target;
	return NULL;
}

/* ---- which one ---- */

struct office_kind {
	int (*read)(struct extract *x, struct archive *a, const char *part);
};

static int by_mimetype(struct extract *x, struct archive *a)
{
	struct buf type;
	char s[100];
	int r;

	buf_init(&type, 4096);
	r = archive_read(a, "mimetype", &type);
	(void)snprintf(s, sizeof(s), "%s", buf_cstr(&type));
	(void)str_trim(s);
	if (r == 0 && str_starts(s, "application/vnd.oasis.opendocument."))
		r = extract_odf(x, a);
	else if (r == 0 && !strcmp(s, "application/epub+zip"))
		r = extract_epub(x, a);
	else if (r == 0)
		r = -ENOENT;
	buf_fini(&type);
	return r;
}

/* The reader of a package whose main part is this one; by its root, whatever it is called. */
static void root_start(struct xml *xml, const char *name, const char **atts)
{
	struct office_kind *kind = xml->ctx;

	(void)atts;
	if (xml->depth > 1)
		return;
	kind->read = !strcmp(name, "document")       ? extract_docx
		     : !strcmp(name, "presentation") ? extract_pptx
		     : !strcmp(name, "workbook")     ? extract_xlsx
						     : NULL;
}

/* Office Open XML: the relations of the whole say which part is the main one. */
static int by_relations(struct extract *x, struct archive *a)
{
	struct relations all = { .n = 0 };
	struct office_kind kind = { NULL };
	struct xml root = { .ctx = &kind, .start = root_start, .end = nothing };
	int r = relations_read(&all, x, a, "");
	const char *main = relation_of_type(&all, "/officeDocument");

	if (r == 0 && main)
		r = xml_entry(&root, a, main);
	if (r == 0)
		r = kind.read ? kind.read(x, a, main) : -ENOENT;
	relations_fini(&all);
	return r;
}

static int by_content(struct extract *x, struct archive *a)
{
	static const char *const of_iwork[] = { "Index/Document.iwa", "Index.zip", "index.xml", "index.apxl" };
	int r = archive_has(a, "mimetype") ? by_mimetype(x, a) : -ENOENT;

	if (r != -ENOENT)
		return r;
	if (archive_has(a, "word/document.xml"))
		return extract_docx(x, a, "word/document.xml");
	if (archive_has(a, "ppt/presentation.xml"))
		return extract_pptx(x, a, "ppt/presentation.xml");
	if (archive_has(a, "xl/workbook.xml"))
		return extract_xlsx(x, a, "xl/workbook.xml");
	if (archive_has(a, "META-INF/container.xml"))
		return extract_epub(x, a);
	r = by_relations(x, a);
	if (r != -ENOENT)
		return r;
	if (archive_has(a, "xl/workbook.bin"))
		return extract_fail(x, EXTRACT_E_TYPE, "a binary workbook: save it as XLSX");
	for (size_t i = 0; i < array_len(of_iwork); i++)
		if (archive_has(a, of_iwork[i]))
			return extract_fail(x, EXTRACT_E_TYPE, "a document of Pages, Numbers or Keynote: export it as DOCX, XLSX, PPTX or PDF");
	return extract_fail(x, EXTRACT_E_TYPE, "an archive: unpack it and upload what is in it");
}

int extract_zip(struct extract *x, const uint8_t *p, size_t n)
{
	struct archive a;
	int r = archive_open(&a, x, p, n);

	if (r == 0)
		r = by_content(x, &a);
	if (r == -ENOENT)
		r = extract_fail(x, EXTRACT_E_BROKEN, "a part of it is missing: save it again");
	writer_end(&x->writer);
	archive_close(&a);
	return r ? r : extract_state(x);
}
