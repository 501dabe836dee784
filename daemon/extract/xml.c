/* expat with its bounds. */
#include "daemon/extract/xml.h"

#include <errno.h>
#include <expat.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

#include "common/str.h"

static const char *local(const char *name)
{
	const char *colon = strchr(name, ':');

	return colon ? colon + 1 : name;
}

const char *xml_attr(const char **atts, const char *name)
{
	for (; *atts; atts += 2)
		if (!strcmp(local(*atts), name))
			return atts[1];
	return NULL;
}

int xml_int(const char *s, int low, int high, int other)
{
	int64_t v;

	return s && str_int(s, low, high, &v) == 0 ? (int)v : other;
}

/* ---- expat's calls ---- */

static void stop(struct xml *xml)
{
	XML_StopParser(xml->parser, XML_FALSE);
}

static void on_start(void *data, const char *name, const char **atts)
{
	struct xml *xml = data;

	xml->since = 0;
	if (++xml->depth > XML_DEPTH) {
		extract_fail(xml->x, EXTRACT_E_LIMIT,
			"its parts lie more than %d levels deep: not a document", XML_DEPTH);
		stop(xml);
		return;
	}
	xml->start(xml, local(name), atts);
	if (extract_state(xml->x))
		stop(xml);
}

static void on_end(void *data, const char *name)
{
	struct xml *xml = data;

	xml->since = 0;
	xml->depth--;
	xml->end(xml, local(name));
	if (extract_state(xml->x))
		stop(xml);
}

static void on_text(void *data, const char *s, int n)
{
	struct xml *xml = data;

	xml->since = 0;
	if (xml->text)
		xml->text(xml, s, (size_t)n);
	if (extract_state(xml->x))
		stop(xml);
}

/* What grows when it is read, or reaches out of the file. No office program writes one. */
static void on_entity(void *data, const char *name, int is_parameter, const char *value, int length,
	const char *base, const char *system, const char *public, const char *notation)
{
	struct xml *xml = data;

	(void)name, (void)is_parameter, (void)value, (void)length, (void)base, (void)system,
		(void)public, (void)notation;
	extract_fail(xml->x, EXTRACT_E_LIMIT, "its XML declares entities: not a document");
	stop(xml);
}

static int on_external(XML_Parser p, const char *context, const char *base, const char *system,
	const char *public)
{
	(void)p, (void)context, (void)base, (void)system, (void)public;
	return XML_STATUS_ERROR;
}

/* UTF-8 and UTF-16 expat knows. Of others, which no office program writes, ASCII is taken. */
static int on_encoding(void *data, const XML_Char *name, XML_Encoding *info)
{
	(void)data, (void)name;
	for (int i = 0; i < 256; i++)
		info->map[i] = i;
	return XML_STATUS_OK;
}

/* ---- feeding ---- */

static int begin(struct xml *xml, struct extract *x)
{
	unsigned long salt;

	xml->x = x;
	xml->depth = 0;
	xml->since = 0;
	xml->parser = XML_ParserCreate(NULL);
	if (!xml->parser)
		return extract_no_memory(x);
	/* random, and here already: expat would ask the kernel for it, which the sandbox forbids */
	memcpy(&salt, (const void *)getauxval(AT_RANDOM), sizeof(salt));
	XML_SetHashSalt(xml->parser, salt | 1);
	XML_SetUserData(xml->parser, xml);
	XML_SetElementHandler(xml->parser, on_start, on_end);
	XML_SetCharacterDataHandler(xml->parser, on_text);
	XML_SetEntityDeclHandler(xml->parser, on_entity);
	XML_SetExternalEntityRefHandler(xml->parser, on_external);
	XML_SetUnknownEncodingHandler(xml->parser, on_encoding, NULL);
	return 0;
}

static void end(struct xml *xml)
{
	XML_ParserFree(xml->parser);
	xml->parser = NULL;
}

static int cannot_parse(struct xml *xml)
{
	enum XML_Error e = XML_GetErrorCode(xml->parser);

	if (e == XML_ERROR_NO_MEMORY)
		return extract_no_memory(xml->x);
	return extract_fail(xml->x, EXTRACT_E_BROKEN, "its XML is broken at line %lu (%s): save it again",
		(unsigned long)XML_GetCurrentLineNumber(xml->parser), XML_ErrorString(e));
}

static int feed(void *ctx, const char *s, size_t n, bool last)
{
	struct xml *xml = ctx;

	/* expat copies an unfinished tag with every piece: what never ends is quadratic */
	xml->since += n;
	if (xml->since > XML_TOKEN_MAX)
		return extract_fail(
			xml->x, EXTRACT_E_LIMIT, "one tag of it is longer than 8 MiB: not a document");
	if (XML_Parse(xml->parser, s, (int)n, last) == XML_STATUS_ERROR)
		return cannot_parse(xml);
	return extract_state(xml->x);
}

int xml_entry(struct xml *xml, struct archive *a, const char *name)
{
	int r;

	if (!archive_has(a, name))
		return -ENOENT;
	r = begin(xml, a->x);
	if (r == 0) {
		r = archive_feed(a, name, feed, xml);
		end(xml);
	}
	return r;
}

int xml_bytes(struct xml *xml, struct extract *x, const char *s, size_t n)
{
	int r = begin(xml, x);

	if (r == 0) {
		r = feed(xml, s, n, true);
		end(xml);
	}
	return r;
}
