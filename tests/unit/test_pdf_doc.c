/*
 * PDF files as their readers see them: each story makes a document through doc.h with real fonts and asks
 * qpdf, poppler and MuPDF what is in it. A program that is not installed is named and its part skipped.
 */
#include <errno.h>
#include <fcntl.h>
#include <hb-ot.h>
#include <math.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/utf8.h"
#include "daemon/pdf/doc.h"
#include "daemon/pdf/report.h"
#include "tests/unit/test.h"

/* ---- programs ---- */

static char folder[64];

static bool have(const char *program)
{
	const char *path = getenv("PATH");
	char file[512];

	for (const char *p = path; p && *p; p += strcspn(p, ":"), p += *p == ':') {
		snprintf(file, sizeof(file), "%.*s/%s", (int)strcspn(p, ":"), p, program);
		if (access(file, X_OK) == 0)
			return true;
	}
	printf("# skipped: %s is not installed\n", program);
	return false;
}

/* What it prints on both streams; *status as of wait. */
static void run(struct buf *out, int *status, const char *const argv[])
{
	int fds[2];
	ssize_t n;
	pid_t pid;

	buf_reset(out);
	if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		*status = -1;
		return;
	}
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(fds[1]);
	while (buf_reserve(out, 65536) == 0 && (n = read(fds[0], out->data + out->len, 65536)) > 0)
		out->len += (size_t)n;
	close(fds[0]);
	waitpid(pid, status, 0);
}

static const char *file_named(const char *name)
{
	static char path[128];

	if (!*folder) {
		const char *keep = getenv("PDF_DOC_KEEP"); /* where to look at the files by eye */

		if (keep)
			snprintf(folder, sizeof(folder), "%s", keep);
		else {
			snprintf(folder, sizeof(folder), "/tmp/test_pdf_doc.XXXXXX");
			if (!mkdtemp(folder))
				abort();
		}
	}
	snprintf(path, sizeof(path), "%s/%s.pdf", folder, name);
	return path;
}

__attribute__((destructor)) static void clean(void)
{
	const char *argv[] = { "rm", "-r", folder, NULL };
	struct buf out = { 0 };
	int status;

	if (*folder && !getenv("PDF_DOC_KEEP"))
		run(&out, &status, argv);
	buf_fini(&out);
}

#define ask(out, ...)                                                                              \
	({                                                                                         \
		const char *argv_[] = { __VA_ARGS__, NULL };                                             \
		int status_ = 0;                                                                   \
		run(out, &status_, argv_);                                                         \
		status_;                                                                           \
	})

/* ---- fonts: enough of fonts.h for a document ---- */

enum { SANS, BOLD, HEBREW, ARABIC, DEVANAGARI, CJK, EMOJI, NFONTS };

static const struct {
	const char *path;
	unsigned index;
	bool cff, color;
} files[NFONTS] = {
	[SANS] = { "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf", 0, false, false },
	[BOLD] = { "/usr/share/fonts/truetype/noto/NotoSans-Bold.ttf", 0, false, false },
	[HEBREW] = { "/usr/share/fonts/truetype/noto/NotoSansHebrew-Regular.ttf", 0, false, false },
	[ARABIC] = { "/usr/share/fonts/truetype/noto/NotoSansArabic-Regular.ttf", 0, false, false },
	[DEVANAGARI] = { "/usr/share/fonts/truetype/noto/NotoSansDevanagari-Regular.ttf", 0, false, false },
	[CJK] = { "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2, true, false },
	[EMOJI] = { "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf", 0, false, true },
};
static struct font loaded[NFONTS];

static const struct font *font_of(unsigned which)
{
	struct font *f = &loaded[which];
	hb_blob_t *blob;

	if (f->face || access(files[which].path, R_OK) < 0)
		return f->face ? f : NULL;
	blob = hb_blob_create_from_file(files[which].path);
	*f = (struct font){ .index = which, .face = hb_face_create(blob, files[which].index), .name = "TestFont",
		.cff = files[which].cff, .color = files[which].color, .ascent = 1069, .descent = 293, .cap_height = 714,
		.x_height = 536, .bbox = { -621, -389, 2800, 1067 } };
	f->font = hb_font_create(f->face);
	hb_font_set_scale(f->font, 1000, 1000);
	hb_blob_destroy(blob);
	return f;
}

/* Weak: where the library has the true ones and nothing else of their file is used, these stand. */
__attribute__((weak)) const struct font *fonts_base(struct fonts *f attr_unused, unsigned style attr_unused)
{
	return font_of(SANS);
}

__attribute__((weak)) bool font_png(const struct font *f, uint32_t gid, const uint8_t **png, size_t *len)
{
	hb_blob_t *blob = hb_ot_color_glyph_reference_png(f->font, gid);
	unsigned n;

	*png = (const uint8_t *)hb_blob_get_data(blob, &n);
	*len = n;
	hb_blob_destroy(blob); /* its bytes lie in the file's, which stays */
	return n > 0;
}

static struct report report;

static struct doc *born(const char *title)
{
	report_init(&report);
	return doc_new(&(struct doc_info){ .title = title, .author = "Ada", .subject = "A test", .lang = "en",
				.creator = "ragchat 0.1.0", .epoch = 1700000000 },
		NULL, &report);
}

static struct span plain = { .size = 12, .tint = TINT_NONE, .ink = 0x202020 };

/* One piece by HarfBuzz; a cluster's text goes to its first glyph in reading order. Shows it, returns its width. */
static double show_as(struct page *p, double x, double y, unsigned which, const char *text, struct span *span, bool missing)
{
	static struct glyph glyphs[65536];
	const struct font *font = font_of(which);
	hb_buffer_t *b = hb_buffer_create();
	hb_glyph_position_t *at;
	hb_glyph_info_t *info;
	struct piece piece = { .font = font, .span = span, .glyphs = glyphs, .missing = missing };
	unsigned n;
	bool rtl;

	hb_buffer_add_utf8(b, text, -1, 0, -1);
	hb_buffer_guess_segment_properties(b);
	rtl = hb_buffer_get_direction(b) == HB_DIRECTION_RTL;
	hb_shape(font->font, b, NULL, 0);
	info = hb_buffer_get_glyph_infos(b, &n);
	at = hb_buffer_get_glyph_positions(b, &n);
	for (unsigned i = 0; i < n; i++) {
		unsigned k = rtl ? n - 1 - i : i, next = k; /* k: in reading order */
		unsigned end = (unsigned)strlen(text);

		for (unsigned j = i + 1; j < n; j++) {
			next = rtl ? n - 1 - j : j;
			if (info[next].cluster != info[k].cluster) {
				end = info[next].cluster;
				break;
			}
		}
		glyphs[k] = (struct glyph){ .gid = missing ? 0 : (uint16_t)info[k].codepoint, .dx = (int16_t)at[k].x_offset,
			.dy = (int16_t)at[k].y_offset, .advance = at[k].x_advance, .text_at = info[k].cluster,
			.text_len = (uint16_t)(end - info[k].cluster) };
		if (i > 0 && info[k].cluster == info[rtl ? k + 1 : k - 1].cluster)
			glyphs[k].text_len = 0;
		piece.width += at[k].x_advance * (double)span->size / 1000;
	}
	piece.n = n;
	piece.rtl = rtl;
	page_show(p, x, y, text, &piece);
	hb_buffer_destroy(b);
	return piece.width;
}

static double show(struct page *p, double x, double y, unsigned which, const char *text)
{
	return show_as(p, x, y, which, text, &plain, false);
}

static int written(struct doc *d, const char *name)
{
	struct buf out = { 0 };
	int fd = open(file_named(name), O_WRONLY | O_CREAT | O_TRUNC, 0644), r = doc_save(d, &out);

	if (r == 0 && (fd < 0 || write(fd, out.data, out.len) != (ssize_t)out.len))
		r = -1;
	if (fd >= 0)
		close(fd);
	buf_fini(&out);
	return r;
}

static void sound(const char *name)
{
	struct buf out = { 0 };

	if (have("qpdf"))
		check_msg(ask(&out, "qpdf", "--check", file_named(name)) == 0 && !strstr(buf_cstr(&out), "WARN"),
			"%s", buf_cstr(&out));
	buf_fini(&out);
}

/* Every one of the texts, in this spelling, in what the program extracts. */
static void copies(const char *name, const char *const *texts, size_t n)
{
	struct buf out = { 0 };

	if (have("pdftotext")) {
		ask(&out, "pdftotext", "-raw", file_named(name), "-");
		for (size_t i = 0; i < n; i++)
			check_msg(strstr(buf_cstr(&out), texts[i]), "poppler does not find '%s' in:\n%s", texts[i], buf_cstr(&out));
	}
	buf_fini(&out);
}

/* ---- stories ---- */

TEST(scripts_copy_as_they_were_written)
{
	static const struct {
		unsigned font;
		const char *text;
	} lines[] = {
		{ SANS, "Office waffle: file, affine \xE2\x80\x94 na\xC3\xAFve" },
		{ SANS, "e\xCC\x81toile q\xCC\x83 x" }, /* combining marks */
		{ SANS, "Привет мир, Καλημέρα" },
		{ HEBREW, "שלום" },
		{ ARABIC, "عليكم" },
		{ DEVANAGARI, "नमस्ते" },
		{ CJK, "你好世界、日本語テキスト" },
		{ CJK, "\xF0\xA0\xAE\xB7\xE9\x87\x8E\xE5\xAE\xB6" }, /* U+20BB7 */
	};
	const char *texts[array_len(lines)];
	struct doc *d = born("Привет 你好 😀");
	struct page *p = doc_page(d, 595.28, 841.89);
	size_t n = 0;

	for (size_t i = 0; i < array_len(lines); i++) {
		if (!font_of(lines[i].font))
			continue;
		page_content(p, doc_elem(d, NULL, ROLE_P));
		show(p, 60, 80 + 30 * (double)i, lines[i].font, lines[i].text);
		texts[n++] = lines[i].text;
	}
	check_int(written(d, "scripts"), 0);
	doc_free(d);
	sound("scripts");
	copies("scripts", texts, n);
}

TEST(a_glyph_of_two_texts_copies_as_each)
{
	struct doc *d = born("Twice");
	struct page *p = doc_page(d, 595.28, 841.89);
	const unsigned fonts[] = { SANS, CJK };

	for (size_t i = 0; i < array_len(fonts); i++) {
		const struct font *f = font_of(fonts[i]);
		struct glyph g[2] = { { .advance = 620, .text_len = 1 }, { .advance = 620, .text_at = 1, .text_len = 2 } };
		struct piece piece = { .font = f, .span = &plain, .glyphs = g, .n = 2, .width = 24 };
		hb_codepoint_t gid = 0;

		if (!f)
			continue;
		hb_font_get_nominal_glyph(f->font, 'K', &gid);
		g[0].gid = g[1].gid = (uint16_t)gid;
		page_show(p, 60, 60 + 40 * (double)i, i ? "xyz" : "abc", &piece);
	}
	check_int(written(d, "twice"), 0);
	doc_free(d);
	sound("twice");
	copies("twice", (const char *[]){ "abc", "xyz" }, font_of(CJK) ? 2 : 1);
}

/* What a cell of the grid, or a split vowel, adds to a letter is no space. */
TEST(wide_glyphs_copy_without_spaces)
{
	const unsigned fonts[] = { SANS, CJK };
	const char *const texts[] = { "spread", "\xE6\xBC\xA2\xE5\xAD\x97" };
	struct doc *d = born("Wide");
	struct page *p = doc_page(d, 595.28, 841.89);
	size_t n = 0;

	for (size_t i = 0; i < array_len(fonts) && font_of(fonts[i]); i++, n++) {
		const struct font *f = font_of(fonts[i]);
		struct glyph g[8] = { 0 };
		struct piece piece = { .font = f, .span = &plain, .glyphs = g, .width = 80 };
		size_t len = strlen(texts[i]), at = 0;

		while (at < len) {
			hb_codepoint_t gid = 0;
			uint32_t cp;
			int used = utf8_decode(texts[i] + at, len - at, &cp);

			hb_font_get_nominal_glyph(f->font, cp, &gid);
			g[piece.n++] = (struct glyph){ .gid = (uint16_t)gid, .advance = 1300, .text_at = (uint32_t)at,
				.text_len = (uint16_t)used };
			at += (size_t)used;
		}
		show(p, 60, 60 + 80 * (double)i, fonts[i], texts[i]);
		page_show(p, 60, 100 + 80 * (double)i, texts[i], &piece);
	}
	check_int(written(d, "wide"), 0);
	doc_free(d);
	sound("wide");
	copies("wide", texts, n);
}

TEST(what_no_font_has_is_a_box_that_copies)
{
	static const char text[] = "\xF0\x93\x80\x80"; /* U+13000 */
	struct doc *d = born("Boxes");
	struct page *p = doc_page(d, 300, 200);

	show(p, 20, 50, SANS, "before");
	show_as(p, 100, 50, SANS, text, &plain, true);
	check_int(written(d, "boxes"), 0);
	doc_free(d);
	sound("boxes");
	copies("boxes", (const char *[]){ text, "before" }, 2);
}

TEST(colour_glyphs_are_images_that_copy)
{
	static const char family[] = "👩‍👩‍👧", flag[] = "🇩🇪", thumb[] = "👍🏽";
	struct doc *d = born("Emoji");
	struct page *p = doc_page(d, 300, 200);
	struct buf out = { 0 };

	if (!font_of(EMOJI)) {
		printf("# skipped: fonts-noto-color-emoji is not installed\n");
		doc_free(d);
		return;
	}
	page_content(p, doc_elem(d, NULL, ROLE_P));
	show(p, 20, 50, EMOJI, family);
	show(p, 60, 50, EMOJI, flag);
	show(p, 100, 50, EMOJI, thumb);
	show(p, 140, 50, EMOJI, thumb);
	check_int(written(d, "emoji"), 0);
	doc_free(d);
	sound("emoji");
	copies("emoji", (const char *[]){ family, flag, thumb }, 3);
	if (have("pdfimages")) {
		size_t images = 0;

		ask(&out, "pdfimages", "-list", file_named("emoji"));
		for (const char *s = buf_cstr(&out); (s = strstr(s, " rgb ")); s++)
			images++;
		check_int(images, 4); /* as often as they are shown; of three objects */
	}
	buf_fini(&out);
}

TEST(spans_are_drawn)
{
	struct font slanted = *font_of(SANS);
	struct span under = plain, strike = plain, code = plain, super = plain;
	struct doc *d = born("Spans");
	struct page *p = doc_page(d, 400, 300);
	double x = 20;

	under.underline = strike.strike = true;
	under.ink = 0x1A5FB4;
	code.tint = 0xE8E8E8;
	super.rise = 4;
	super.size = 8;
	page_fill_round(p, 10, 20, 380, 60, 6, 0xF4F0E0);
	page_box(p, 10, 90, 380, 40, 0.5, 0x808080);
	page_stroke(p, 10, 140, 390, 140, 1, 0xC00000);
	page_content(p, doc_elem(d, NULL, ROLE_P));
	x += show_as(p, x, 50, SANS, "under ", &under, false);
	x += show_as(p, x, 50, SANS, "strike ", &strike, false);
	x += show_as(p, x, 50, SANS, "code", &code, false);
	x += show_as(p, x, 50, SANS, "super", &super, false);
	slanted.index = NFONTS;
	slanted.slanted = slanted.emboldened = true;
	loaded[HEBREW].slanted = true;
	show(p, 20, 110, HEBREW, "שלום");
	loaded[HEBREW].slanted = false;
	loaded[SANS].emboldened = true;
	show(p, 120, 110, SANS, "Bolder");
	loaded[SANS].emboldened = false;
	show(p, 220, 110, SANS, "Plain");
	check_int(written(d, "spans"), 0);
	doc_free(d);
	sound("spans");
	copies("spans", (const char *[]){ "under strike code", "super", "Bolder", "Plain" }, 4);
}

TEST(the_tree_is_read_in_order)
{
	struct doc *d = born("Tagged");
	struct page *p = doc_page(d, 400, 300);
	struct elem *h = doc_elem(d, NULL, ROLE_H1), *list = doc_elem(d, doc_root(d), ROLE_L);
	struct buf out = { 0 };
	const char *s;

	elem_numbered(list, true);
	page_content(p, h);
	show(p, 20, 40, SANS, "Heading");
	page_content(p, NULL);
	show(p, 20, 290, SANS, "Footer");
	for (int i = 0; i < 2; i++) {
		struct elem *li = doc_elem(d, list, ROLE_LI), *body;

		page_content(p, doc_elem(d, li, ROLE_LBL));
		show(p, 20, 80 + 20 * i, SANS, i ? "2." : "1.");
		body = doc_elem(d, li, ROLE_LBODY);
		page_content(p, body);
		show(p, 50, 80 + 20 * i, SANS, i ? "second" : "first");
	}
	check_int(written(d, "tagged"), 0);
	doc_free(d);
	sound("tagged");
	if (have("pdfinfo")) {
		ask(&out, "pdfinfo", "-struct-text", file_named("tagged"));
		s = buf_cstr(&out);
		check((s = strstr(s, "H1")) && (s = strstr(s, "Heading")) && (s = strstr(s, "Decimal")) &&
			(s = strstr(s, "1.")) && (s = strstr(s, "first")) && (s = strstr(s, "2.")) && strstr(s, "second"));
		check(!strstr(buf_cstr(&out), "Footer"));
		ask(&out, "pdfinfo", file_named("tagged"));
		s = buf_cstr(&out);
		check(strstr(s, "Tagged:          yes") && strstr(s, "Title:           Tagged") && strstr(s, "Author:          Ada") &&
			strstr(s, "PDF version:     1.7") && strstr(s, "2023"));
	}
	buf_fini(&out);
}

TEST(links_share_their_address_and_dests_may_come_later)
{
	struct doc *d = born("Links");
	struct page *p = doc_page(d, 400, 300), *q;
	struct elem *e = doc_elem(d, doc_elem(d, NULL, ROLE_P), ROLE_LINK);
	int later = doc_dest(d), never = doc_dest(d);
	struct buf out = { 0 };
	char url[8001] = "https://example.org/?q=(a)\\";

	memset(url + strlen(url), 'x', 8000 - strlen(url));
	page_content(p, e);
	show(p, 20, 40, SANS, "link");
	for (int i = 0; i < 100; i++)
		page_link_uri(p, 20, 30 + i, 40, 12, url, i ? NULL : e);
	page_link_dest(p, 20, 100, 40, 12, later, NULL);
	page_link_dest(p, 20, 120, 40, 12, never, NULL);
	q = doc_page(d, 400, 300);
	doc_dest_set(d, later, q, 10, 20);
	check_int(doc_save(d, &out), 0);
	check_msg(out.len < 25000, "a shared address takes %zu bytes", out.len);
	doc_free(d);
	buf_fini(&out);
}

TEST(the_outline_is_a_tree_without_jumps)
{
	struct doc *d = born("Outline");
	struct page *p = doc_page(d, 400, 300);
	struct buf out = { 0 };

	doc_outline(d, 1, "One 😀 (a)", p, 10);
	doc_outline(d, 4, "Jump", p, 20);
	doc_outline(d, 2, "Two", p, 30);
	doc_outline(d, 1, "Three", p, 40);
	for (int i = 0; i < DOC_OUTLINE_MAX; i++)
		doc_outline(d, 2, "More", p, 50);
	check_int(report.nwarnings, 1);
	check_int(report.warnings[0].count, 4);
	check_int(written(d, "outline"), 0);
	doc_free(d);
	sound("outline");
	if (have("mutool")) {
		ask(&out, "mutool", "show", file_named("outline"), "outline");
		check_msg(strstr(buf_cstr(&out), "One 😀 (a)") && strstr(buf_cstr(&out), "\t\"Jump\""), "%s", buf_cstr(&out));
	}
	buf_fini(&out);
}

TEST(much_of_everything)
{
	struct doc *d = born("Large");
	struct elem *list = doc_elem(d, NULL, ROLE_L);
	struct page *p = NULL;
	struct buf out = { 0 };

	for (int i = 0; i < 43000; i++) {
		if (i % 20 == 0 && doc_pages(d) < DOC_PAGES_MAX)
			p = doc_page(d, 400, 300);
		page_content(p, doc_elem(d, list, ROLE_LI));
		show(p, 20, 20 + i % 20 * 12, SANS, "item");
		if (i < DOC_LINKS_MAX + 5)
			page_link_uri(p, 20, 20, 10, 10, i % 2 ? "https://example.org" : "https://example.com/x", NULL);
	}
	check(!doc_page(d, 400, 300));
	check_int(report.nwarnings, 2);
	check_int(written(d, "large"), 0);
	doc_free(d);
	sound("large");
	if (have("pdfinfo")) {
		ask(&out, "pdfinfo", file_named("large"));
		check(strstr(buf_cstr(&out), "Pages:           2000"));
	}
	buf_fini(&out);
}

TEST(codes_go_on_after_65535)
{
	struct doc *d = born("Codes");
	struct page *p = NULL;
	char text[8] = "";

	for (uint32_t i = 0; i < 70000; i++) {
		struct glyph g = { .gid = 36, .advance = 600 };
		struct piece piece = { .font = font_of(SANS), .span = &plain, .glyphs = &g, .n = 1, .width = 8 };

		if (i % 5000 == 0)
			p = doc_page(d, 400, 300);
		g.text_len = (uint16_t)utf8_encode(0x20000 + i, text);
		page_show(p, 10 + i % 50 * 7, 10 + i % 5000 / 50 * 2.5, text, &piece);
	}
	check_int(written(d, "codes"), 0);
	doc_free(d);
	sound("codes");
	copies("codes", (const char *[]){ "\xF0\xA0\x80\x80", "\xF0\xB1\x85\xAF" }, 2);
}

static void whole(struct buf *out)
{
	struct doc *d = born("Same");
	struct page *p = doc_page(d, 400, 300);

	page_content(p, doc_elem(d, NULL, ROLE_P));
	show(p, 20, 40, SANS, "the same bytes");
	page_link_uri(p, 20, 20, 10, 10, "https://example.org", doc_elem(d, NULL, ROLE_LINK));
	doc_outline(d, 1, "Same", p, 10);
	doc_save(d, out);
	doc_free(d);
}

TEST(the_same_calls_give_the_same_bytes)
{
	struct buf a = { 0 }, b = { 0 };

	whole(&a);
	whole(&b);
	check(a.len > 1000);
	check_mem(a.data, a.len, b.data, b.len);
	buf_fini(&a);
	buf_fini(&b);
}

TEST(what_is_no_number_and_what_has_no_page_is_refused)
{
	struct doc *d = born("Bad");
	struct buf out = { 0 };
	struct page *p;

	check_int(doc_save(d, &out), DOC_E_EMPTY);
	p = doc_page(d, 400, 300);
	page_fill(p, NAN, 0, 10, 10, 0);
	check_int(doc_save(d, &out), DOC_E_NUMBER);
	check_int(out.len, 0);
	doc_free(d);
	d = born("Capped");
	doc_page(d, 400, 300);
	buf_init(&out, 300);
	check_int(doc_save(d, &out), -ENOBUFS);
	doc_free(d);
	buf_fini(&out);
}

TEST_MAIN()
