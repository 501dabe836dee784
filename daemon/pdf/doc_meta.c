/* Who, what and when: the information dictionary and the same as XMP (14.3). Times are UTC. */
#include <string.h>

#include "daemon/pdf/doc_in.h"

#define PRODUCER "ragchat, libharu 2.3.0"

struct moment {
	int64_t year;
	unsigned month, day, hour, minute, second;
};

/* Days to a date of the Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms"). */
static struct moment moment_of(int64_t epoch)
{
	int64_t days = epoch / 86400 + 719468, era = days / 146097;
	unsigned rest = (unsigned)(epoch % 86400), doe = (unsigned)(days - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	unsigned month = mp < 10 ? mp + 3 : mp - 9;

	return (struct moment){ yoe + era * 400 + (month <= 2), month, doy - (153 * mp + 2) / 5 + 1, rest / 3600,
		rest / 60 % 60, rest % 60 };
}

static bool dated(const struct doc *d)
{
	return d->info.epoch >= 0 && d->info.epoch < 253402300800; /* the year 10000 */
}

static void info(struct doc *d)
{
	struct obj *o = objs_info(d->objs);
	struct moment m = moment_of(d->info.epoch);
	const struct { const char *key, *value; } rows[] = { { "Title", d->info.title }, { "Author", d->info.author },
		{ "Subject", d->info.subject }, { "Creator", d->info.creator }, { "Producer", PRODUCER } };
	char date[64];

	for (size_t i = 0; i < array_len(rows); i++)
		if (*rows[i].value)
			obj_string(o, rows[i].key, rows[i].value);
	if (!dated(d))
		return;
	snprintf(date, sizeof(date), "D:%04d%02u%02u%02u%02u%02uZ", (int)m.year, m.month, m.day, m.hour, m.minute, m.second);
	obj_string(o, "CreationDate", date);
	obj_string(o, "ModDate", date);
}

/* XML 1.0 has no controls but tab and the two line ends, and no U+FFFE and U+FFFF. */
static void put_xml(struct buf *b, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char) *s;

		if (c == '<')
			buf_add_str(b, "&lt;");
		else if (c == '>')
			buf_add_str(b, "&gt;");
		else if (c == '&')
			buf_add_str(b, "&amp;");
		else if (c < ' ')
			buf_add_byte(b, ' ');
		else if (c == 0xEF && (memcmp(s, "\xEF\xBF\xBE", 3) == 0 || memcmp(s, "\xEF\xBF\xBF", 3) == 0)) {
			buf_add_str(b, "\xEF\xBF\xBD");
			s += 2;
		} else
			buf_add_byte(b, c);
	}
}

static void put_field(struct buf *b, const char *before, const char *value, const char *after)
{
	if (!*value)
		return;
	buf_add_str(b, before);
	put_xml(b, value);
	buf_add_str(b, after);
}

static void put_dates(struct doc *d, struct buf *b)
{
	struct moment m = moment_of(d->info.epoch);
	char date[64];

	if (!dated(d))
		return;
	snprintf(date, sizeof(date), "%04d-%02u-%02uT%02u:%02u:%02uZ", (int)m.year, m.month, m.day, m.hour, m.minute, m.second);
	put_field(b, "<xmp:CreateDate>", date, "</xmp:CreateDate>\n");
	put_field(b, "<xmp:ModifyDate>", date, "</xmp:ModifyDate>\n");
}

static void xmp(struct doc *d)
{
	struct obj *stream = objs_stream(d->objs, false); /* plain: for programs that know nothing of PDF */
	struct buf b = { 0 };

	buf_add_str(&b, "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
		"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">"
		"<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n"
		"<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\""
		" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\">\n"
		"<dc:format>application/pdf</dc:format>\n");
	put_field(&b, "<dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">", d->info.title, "</rdf:li></rdf:Alt></dc:title>\n");
	put_field(&b, "<dc:creator><rdf:Seq><rdf:li>", d->info.author, "</rdf:li></rdf:Seq></dc:creator>\n");
	put_field(&b, "<dc:description><rdf:Alt><rdf:li xml:lang=\"x-default\">", d->info.subject,
		"</rdf:li></rdf:Alt></dc:description>\n");
	put_field(&b, "<dc:language><rdf:Bag><rdf:li>", d->info.lang, "</rdf:li></rdf:Bag></dc:language>\n");
	put_field(&b, "<xmp:CreatorTool>", d->info.creator, "</xmp:CreatorTool>\n");
	put_field(&b, "<pdf:Producer>", PRODUCER, "</pdf:Producer>\n");
	put_dates(d, &b);
	buf_add_str(&b, "</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end=\"r\"?>");
	if (b.failed)
		doc_fail(d, DOC_E_MEMORY);
	obj_name(stream, "Type", "Metadata");
	obj_name(stream, "Subtype", "XML");
	obj_write(stream, b.data, b.len);
	obj_ref(objs_catalog(d->objs), "Metadata", stream);
	buf_fini(&b);
}

void doc_meta(struct doc *d)
{
	info(d);
	xmp(d);
}
