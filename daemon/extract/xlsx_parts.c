/* A workbook's shared strings and cell formats. */
#include "daemon/extract/xlsx.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"

/* ---- shared strings ---- */

struct stringing {
	struct strings *s;
	unsigned phonetic; /* how to say it in Japanese: not part of the text */
	bool in_text;
};

static void string_start(struct xml *xml, const char *name, const char **atts)
{
	struct stringing *c = xml->ctx;

	(void)atts;
	c->phonetic += !strcmp(name, "rPh");
	c->in_text = !strcmp(name, "t") && !c->phonetic;
}

static void string_end(struct xml *xml, const char *name)
{
	struct stringing *c = xml->ctx;
	struct strings *s = c->s;

	c->in_text = false;
	c->phonetic -= !strcmp(name, "rPh") && c->phonetic;
	if (strcmp(name, "si") != 0)
		return;
	if (s->n >= STRINGS_MAX || s->text.len > UINT32_MAX) {
		extract_fail(xml->x, EXTRACT_E_LIMIT, "it holds more than %d texts: split it", STRINGS_MAX);
		return;
	}
	s->ends = mem_grow(s->ends, &s->cap, s->n, sizeof(*s->ends));
	s->ends[s->n++] = (uint32_t)s->text.len;
}

static void string_text(struct xml *xml, const char *text, size_t n)
{
	struct stringing *c = xml->ctx;

	if (c->in_text && buf_add(&c->s->text, text, n) != 0)
		extract_no_memory(xml->x);
}

int strings_read(struct strings *s, struct archive *a, const char *entry)
{
	struct stringing c = { .s = s };
	struct xml xml = { .ctx = &c, .start = string_start, .end = string_end, .text = string_text };
	int r;

	buf_init(&s->text, 0);
	r = xml_entry(&xml, a, entry);
	return r == -ENOENT ? 0 : r;
}

const char *strings_get(const struct strings *s, int64_t i, size_t *n)
{
	size_t from;

	if (i < 0 || (uint64_t)i >= s->n || !s->text.data)
		return NULL;
	from = i ? s->ends[i - 1] : 0;
	*n = s->ends[i] - from;
	return (const char *)s->text.data + from;
}

void strings_fini(struct strings *s)
{
	buf_fini(&s->text);
	mem_free(s->ends);
	*s = (struct strings){ .n = 0 };
}

/* ---- formats ---- */

struct formatting {
	struct formats *f;
	bool in_cells; /* within cellXfs */
};

/* Does the format's code write days or hours, outside of quotes and brackets? */
static bool code_is_date(const char *s)
{
	char inside = 0;

	for (; *s; s++) {
		if (inside)
			inside = *s == inside ? 0 : inside;
		else if (*s == '"')
			inside = '"';
		else if (*s == '[')
			inside = ']';
		else if (*s == '\\' || *s == '_')
			s += s[1] != '\0';
		else if (strchr("ymdhsYMDHS", *s))
			return true;
	}
	return false;
}

static bool id_is_date(const struct formats *f, int id)
{
	for (size_t i = 0; i < f->ncustom; i++)
		if (f->custom[i].id == id)
			return f->custom[i].date;
	return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) ||
	       (id >= 50 && id <= 58);
}

static void format_start(struct xml *xml, const char *name, const char **atts)
{
	struct formatting *c = xml->ctx;
	struct formats *f = c->f;
	int id = xml_int(xml_attr(atts, "numFmtId"), 0, 1 << 20, 0);
	const char *code = xml_attr(atts, "formatCode");

	if (!strcmp(name, "cellXfs")) {
		c->in_cells = true;
	} else if (!strcmp(name, "numFmt") && code && f->ncustom < 10000) {
		f->custom = mem_grow(f->custom, &f->ccustom, f->ncustom, sizeof(*f->custom));
		f->custom[f->ncustom++] = (struct custom){ id, code_is_date(code) };
	} else if (!strcmp(name, "xf") && c->in_cells && f->n < 100000) {
		f->date = mem_grow(f->date, &f->cap, f->n, sizeof(*f->date));
		f->date[f->n++] = id_is_date(f, id);
	}
}

static void format_end(struct xml *xml, const char *name)
{
	struct formatting *c = xml->ctx;

	if (!strcmp(name, "cellXfs"))
		c->in_cells = false;
}

int formats_read(struct formats *f, struct archive *a, const char *entry)
{
	struct formatting c = { .f = f };
	struct xml xml = { .ctx = &c, .start = format_start, .end = format_end };
	int r = xml_entry(&xml, a, entry);

	return r == -ENOENT ? 0 : r;
}

bool formats_is_date(const struct formats *f, int style)
{
	return style >= 0 && (size_t)style < f->n && f->date[style];
}

void formats_fini(struct formats *f)
{
	mem_free(f->date);
	mem_free(f->custom);
	*f = (struct formats){ .n = 0 };
}

/* Days since 1970 to a date of the Gregorian calendar (Howard Hinnant, chrono-Compatible
 * Low-Level Date Algorithms). */
static void civil(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468, era = z / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2));
}

bool serial_date(const char *s, bool from_1904, char out[32])
{
	char *end;
	double serial = strtod(s, &end);
	int64_t seconds;
	int year, month, day;

	if (end == s || *end || !(serial >= 1) || serial > 2958465) /* 9999-12-31 */
		return false;
	seconds = llround(serial * 86400);
	civil(seconds / 86400 - (from_1904 ? 24107 : 25569), &year, &month, &day);
	seconds %= 86400;
	if (seconds)
		(void)snprintf(out, 32, "%04d-%02d-%02d %02d:%02d", year % 10000, month, day,
			(int)(seconds / 3600), (int)(seconds / 60 % 60));
	else
		(void)snprintf(out, 32, "%04d-%02d-%02d", year % 10000, month, day);
	return true;
}
