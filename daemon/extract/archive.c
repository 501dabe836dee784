/* libzip over bytes in memory. */
#include "daemon/extract/archive.h"

#include <errno.h>
#include <string.h>
#include <zip.h>

#include "common/attr.h"
#include "common/mem.h"

#define BROKEN "the file is damaged (%s): save it again"

/* ---- names ---- */

/*
 * Parts of Office Open XML are called alike whatever the case of their letters, and some programs
 * write a backslash between folder and file. libzip looks for such a name through all of them: who packs
 * a file may ask for ten thousand that are not there.
 */
static unsigned char alike(unsigned char c)
{
	return c == '\\' ? '/' : c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool is_alike(const char *a, const char *b)
{
	while (*a && alike((unsigned char)*a) == alike((unsigned char)*b)) {
		a++;
		b++;
	}
	return !*a && !*b;
}

/* Where the name stands, or may: an empty slot. */
static uint32_t *slot_of(const struct archive *a, const char *name)
{
	uint32_t h = 0x811c9dc5, at;

	for (const char *s = name; *s; s++)
		h = (h ^ alike((unsigned char)*s)) * 0x01000193u;
	for (at = h & (a->nslots - 1); a->slots[at]; at = (at + 1) & (a->nslots - 1))
		if (is_alike(name, zip_get_name(a->zip, a->slots[at] - 1, ZIP_FL_ENC_RAW)))
			break;
	return &a->slots[at];
}

static void read_names(struct archive *a)
{
	uint32_t n = (uint32_t)zip_get_num_entries(a->zip, 0);

	for (a->nslots = 64; a->nslots < 2 * n;)
		a->nslots *= 2;
	a->slots = mem_new(a->nslots * sizeof(*a->slots));
	for (uint32_t i = 0; i < n; i++) {
		const char *name = zip_get_name(a->zip, i, ZIP_FL_ENC_RAW);
		uint32_t *slot = name ? slot_of(a, name) : NULL;

		if (slot && !*slot) /* the first of those that are called alike */
			*slot = i + 1;
	}
}

static zip_int64_t locate(const struct archive *a, const char *name)
{
	zip_int64_t i = zip_name_locate(a->zip, name, 0);

	return i >= 0 ? i : (zip_int64_t)*slot_of(a, name) - 1;
}

int archive_open(struct archive *a, struct extract *x, const uint8_t *p, size_t n)
{
	zip_error_t e;
	zip_source_t *source;

	*a = (struct archive){ .x = x };
	zip_error_init(&e);
	source = zip_source_buffer_create(p, n, 0, &e);
	if (source)
		a->zip = zip_open_from_source(source, ZIP_RDONLY, &e);
	if (!a->zip) {
		zip_source_free(source);
		extract_fail(x, EXTRACT_E_BROKEN, BROKEN, zip_error_strerror(&e));
	}
	zip_error_fini(&e);
	if (a->zip && zip_get_num_entries(a->zip, 0) > ARCHIVE_ENTRIES)
		extract_fail(x, EXTRACT_E_LIMIT, "more than %d files are packed in it", ARCHIVE_ENTRIES);
	if (x->r == 0)
		read_names(a);
	return x->r;
}

void archive_close(struct archive *a)
{
	if (a->zip)
		zip_discard(a->zip);
	a->zip = NULL;
	a->slots = mem_free(a->slots);
}

/* ---- entries ---- */

bool archive_has(const struct archive *a, const char *name)
{
	return locate(a, name) >= 0;
}

bool archive_sum(const struct archive *a, const char *name, uint32_t *crc)
{
	zip_int64_t i = locate(a, name);
	zip_stat_t st;

	if (i < 0 || zip_stat_index(a->zip, (zip_uint64_t)i, 0, &st) != 0 || !(st.valid & ZIP_STAT_CRC))
		return false;
	*crc = st.crc;
	return true;
}

/* May `more` bytes be added to what the entry and all entries have given? */
static int count(struct extract *x, size_t *entry, size_t more, uint64_t packed)
{
	*entry += more;
	x->inflated += more;
	if (*entry > ARCHIVE_ENTRY_MAX || x->inflated > ARCHIVE_TOTAL_MAX)
		return extract_fail(x, EXTRACT_E_LIMIT,
			"it unpacks to more than %zu MiB: split it, or save it as text",
			(*entry > ARCHIVE_ENTRY_MAX ? ARCHIVE_ENTRY_MAX : ARCHIVE_TOTAL_MAX) >> 20);
	if (*entry > ARCHIVE_RATIO_FROM && *entry / ARCHIVE_RATIO > packed)
		return extract_fail(x, EXTRACT_E_LIMIT,
			"it unpacks to more than %d times its size: not a document", ARCHIVE_RATIO);
	return 0;
}

static int feed(struct archive *a, zip_file_t *f, uint64_t packed,
	int (*take)(void *ctx, const char *s, size_t n, bool last), void *ctx)
{
	char piece[32768];
	size_t entry = 0;
	zip_int64_t n;
	int r = 0;

	while (r == 0 && (n = zip_fread(f, piece, sizeof(piece))) > 0) {
		r = count(a->x, &entry, (size_t)n, packed);
		if (r == 0)
			r = take(ctx, piece, (size_t)n, false);
	}
	if (r == 0 && n < 0)
		r = extract_fail(a->x, EXTRACT_E_BROKEN, BROKEN,
			zip_error_strerror(zip_file_get_error(f)));
	return r ? r : take(ctx, "", 0, true);
}

/* Compression that libzip knows by its number only, or is not built with. */
static const char *method_name(unsigned method)
{
	static const struct {
		unsigned method;
		const char *name;
	} names[] = { { 9, "Deflate64" }, { 14, "LZMA" }, { 93, "Zstandard" }, { 95, "XZ" }, { 98, "PPMd" } };

	for (size_t i = 0; i < array_len(names); i++)
		if (names[i].method == method)
			return names[i].name;
	return "an old or unusual one";
}

static int cannot_open(const struct archive *a, const zip_stat_t *st)
{
	zip_error_t *e = zip_get_error(a->zip);

	switch (zip_error_code_zip(e)) {
	case ZIP_ER_COMPNOTSUPP:
		return extract_fail(a->x, EXTRACT_E_BROKEN, "its compression (%s) is not supported: save or pack it again with the usual one (Deflate)",
			method_name(st->comp_method));
	case ZIP_ER_ENCRNOTSUPP:
	case ZIP_ER_NOPASSWD:
		return extract_locked(a->x);
	case ZIP_ER_MEMORY:
		return extract_no_memory(a->x);
	default:
		return extract_fail(a->x, EXTRACT_E_BROKEN, BROKEN, zip_error_strerror(e));
	}
}

int archive_feed(struct archive *a, const char *name,
	int (*take)(void *ctx, const char *s, size_t n, bool last), void *ctx)
{
	zip_int64_t i = locate(a, name);
	zip_file_t *f;
	zip_stat_t st;
	int r;

	if (i < 0 || zip_stat_index(a->zip, (zip_uint64_t)i, 0, &st) != 0)
		return -ENOENT;
	if ((st.valid & ZIP_STAT_ENCRYPTION_METHOD) && st.encryption_method != ZIP_EM_NONE)
		return extract_locked(a->x);
	f = zip_fopen_index(a->zip, (zip_uint64_t)i, 0);
	if (!f)
		return cannot_open(a, &st);
	r = feed(a, f, st.comp_size, take, ctx);
	zip_fclose(f);
	return r;
}

static int keep(void *ctx, const char *s, size_t n, bool last)
{
	(void)last;
	return buf_add(ctx, s, n);
}

int archive_read(struct archive *a, const char *name, struct buf *out)
{
	int r = archive_feed(a, name, keep, out);

	if (r == -ENOBUFS)
		return extract_fail(a->x, EXTRACT_E_LIMIT, "a part of it is too large: '%.100s'", name);
	return r < 0 && r != -ENOENT ? extract_no_memory(a->x) : r;
}
