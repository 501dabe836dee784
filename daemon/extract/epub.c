/* EPUB: the chapters in the order of the spine, each a page, read as HTML. */
#include "daemon/extract/office.h"

#include <errno.h>
#include <string.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "daemon/extract/charset.h"
#include "daemon/worker/records.h"

struct epub {
	struct extract *x;
	char *package; /* path of the OPF */
	struct item {
		char *id, *path;
		bool text;
	} *items;
	size_t nitems, citems;
	size_t *spine; /* into items */
	size_t nspine, cspine;
	bool in_title;
	struct buf title;
};

static void nothing(struct xml *xml, const char *name)
{
	(void)xml;
	(void)name;
}

static void container_start(struct xml *xml, const char *name, const char **atts)
{
	struct epub *d = xml->ctx;

	if (!strcmp(name, "rootfile") && !d->package)
		d->package = mem_dup(xml_attr(atts, "full-path"));
}

/* "a%20b" is "a b". In place. */
static void unescape(char *s)
{
	char *to = s;
	unsigned c;

	for (; *s; s++) {
		if (*s == '%' && sscanf(s + 1, "%2x", &c) == 1 && c && s[1] && s[2]) {
			*to++ = (char)c;
			s += 2;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

static void add_item(struct epub *d, const char **atts)
{
	const char *id = xml_attr(atts, "id"), *href = xml_attr(atts, "href");
	const char *type = xml_attr(atts, "media-type");
	char *target, *path;

	if (!id || !href || d->nitems >= ARCHIVE_ENTRIES)
		return;
	target = mem_dup(href);
	target[strcspn(target, "#")] = '\0';
	unescape(target);
	path = path_resolve(d->package, target);
	mem_free(target);
	if (!path)
		return;
	d->items = mem_grow(d->items, &d->citems, d->nitems, sizeof(*d->items));
	d->items[d->nitems++] = (struct item){ mem_dup(id), path,
		!type || strstr(type, "html") || strstr(type, "dtbook") || strstr(type, "oeb") };
}

static void add_chapter(struct epub *d, const char *id)
{
	for (size_t i = 0; id && i < d->nitems && d->nspine < SHEETS_MAX; i++) {
		if (strcmp(d->items[i].id, id) != 0)
			continue;
		if (d->items[i].text) {
			d->spine = mem_grow(d->spine, &d->cspine, d->nspine, sizeof(*d->spine));
			d->spine[d->nspine++] = i;
		}
		return;
	}
}

static void package_start(struct xml *xml, const char *name, const char **atts)
{
	struct epub *d = xml->ctx;

	d->in_title = !strcmp(name, "title") && !d->title.len;
	if (!strcmp(name, "item"))
		add_item(d, atts);
	else if (!strcmp(name, "itemref"))
		add_chapter(d, xml_attr(atts, "idref"));
}

static void package_end(struct xml *xml, const char *name)
{
	(void)name;
	((struct epub *)xml->ctx)->in_title = false;
}

static void package_text(struct xml *xml, const char *s, size_t n)
{
	struct epub *d = xml->ctx;

	if (d->in_title && d->title.len < EXTRACT_TITLE_MAX)
		(void)buf_add(&d->title, s, n);
}

/* ---- chapters ---- */

static int read_chapter(struct epub *d, struct archive *a, const char *path)
{
	struct buf raw, text;
	int r;

	buf_init(&raw, ARCHIVE_ENTRY_MAX);
	buf_init(&text, 0);
	r = archive_read(a, path, &raw);
	if (r == 0 && charset_decode(raw.data, raw.len, NULL, &text) != 0)
		r = extract_fail(d->x, EXTRACT_E_BROKEN, "a chapter of it is no text: '%.100s'", path);
	if (r == 0)
		r = extract_html_utf8(d->x, buf_cstr(&text), text.len);
	buf_fini(&raw);
	buf_fini(&text);
	return r == -ENOENT ? 0 : r;
}

/* Fonts may be scrambled, and nobody minds; a book that is encrypted cannot be read. */
static int refuse_locked(struct extract *x, struct archive *a)
{
	struct buf text;
	int r;

	if (!archive_has(a, "META-INF/encryption.xml"))
		return 0;
	buf_init(&text, ARCHIVE_ENTRY_MAX);
	r = archive_read(a, "META-INF/encryption.xml", &text);
	if (r == 0 && text.len && memmem(text.data, text.len, "xmlenc#aes", 10))
		r = extract_fail(x, EXTRACT_E_LOCKED, "it is encrypted (protected against copying by DRM): only one without can be read");
	buf_fini(&text);
	return r;
}

static int read_book(struct epub *d, struct archive *a)
{
	struct extract *x = d->x;
	struct xml container = { .ctx = d, .start = container_start, .end = nothing };
	struct xml package = { .ctx = d,
		.start = package_start,
		.end = package_end,
		.text = package_text };
	int first = x->page, r = refuse_locked(x, a);

	if (r == 0)
		r = xml_entry(&container, a, "META-INF/container.xml");
	if (r == 0)
		r = d->package ? xml_entry(&package, a, d->package) : -ENOENT;
	if (r == 0 && d->title.len)
		(void)snprintf(x->title, sizeof(x->title), "%.*s",
			(int)utf8_floor((char *)d->title.data, d->title.len, EXTRACT_TITLE_MAX),
			(char *)d->title.data);
	extract_form(x, FORM_MARKDOWN);
	for (size_t i = 0; r == 0 && i < d->nspine; i++) {
		x->page = first + (int)i + 1;
		extract_place(x, x->page, -1);
		r = read_chapter(d, a, d->items[d->spine[i]].path);
	}
	return r;
}

int extract_epub(struct extract *x, struct archive *a)
{
	struct epub d = { .x = x };
	int r;

	x->format = "epub";
	buf_init(&d.title, 0);
	r = read_book(&d, a);
	for (size_t i = 0; i < d.nitems; i++) {
		mem_free(d.items[i].id);
		mem_free(d.items[i].path);
	}
	mem_free(d.items);
	mem_free(d.spine);
	mem_free(d.package);
	buf_fini(&d.title);
	return r;
}
