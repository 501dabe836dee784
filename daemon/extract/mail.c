/*
 * Mail (RFC 5322, MIME) and mbox by GMime: the subject as heading, who and when, the text parts,
 * and attachments that have a name by the readers of their own formats. GMime only takes parts
 * apart; which encoding a text is in charset.c decides. Bytes are in memory; nothing is saved.
 */
#include <gmime/gmime.h>
#include <string.h>

#include "common/attr.h"
#include "common/magic.h"
#include "common/str.h"
#include "daemon/extract/charset.h"
#include "daemon/extract/extract.h"
#include "daemon/extract/mail.h"
#include "daemon/worker/records.h"

static int read_part(struct extract *x, GMimeObject *part);

/* What has a class, a table or a lock of its own in GLib and GMime, made at its first use. */
static const char sample[] =
	"From: =?iso-8859-1?Q?S=F8ren?= <s@example.org>\nTo: all: a@example.org, b@example.org;\n"
	"Cc: c@example.org\nDate: Tue, 05 Mar 2024 10:00:00 +0130\nMessage-Id: <1@example.org>\n"
	"References: <0@example.org>\nIn-Reply-To: <0@example.org>\nSubject: =?utf-8?B?w6Y=?=\n"
	"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=a\n\n"
	"--a\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Transfer-Encoding: base64\n\nYQ==\n"
	"--b\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n=41\n--b--\n"
	"--a\nContent-Type: multipart/signed; boundary=c; protocol=p\n\n--c\n\na\n--c--\n"
	"--a\nContent-Type: multipart/encrypted; boundary=d; protocol=p\n\n--d\n\na\n--d--\n"
	"--a\nContent-Type: message/partial; id=x; number=1\n\na\n"
	"--a\nContent-Type: application/pkcs7-mime\n\na\n"
	"--a\nContent-Type: message/rfc822\n\nDate: 2024-03-05T10:00:00Z\n\na\n"
	"--a\nContent-Disposition: attachment; filename*=iso-8859-1''%E6\nContent-Transfer-Encoding: x-uuencode\n\n"
	"begin 644 a\n!80\nend\n\n--a--\n";

/* Of words in headers, under the names by which GMime asks for them; never closed. */
static void load_charsets(void)
{
	static iconv_t loaded[CHARSETS_MAX] attr_used;
	const char *label;

	for (size_t i = 0; i < array_len(loaded) && (label = charset_label(i)); i++)
		loaded[i] = g_mime_iconv_open("UTF-8", label);
}

static void read_sample(void)
{
	struct out out;
	struct extract x;

	out_init(&out, -1, EXTRACT_TEXT_MAX);
	extract_init(&x, &out, "");
	(void)extract_mail(&x, (const uint8_t *)sample, sizeof(sample) - 1, false);
	extract_fini(&x);
	out_fini(&out);
}

/* What it has to complain about would come before the status, of which the daemon keeps so much. */
static void quiet(const char *domain, GLogLevelFlags level, const char *message, void *ctx)
{
	(void)domain, (void)level, (void)message, (void)ctx;
}

void mail_load(void)
{
	static const char *const fallback[] = { "utf-8", "windows-1252", NULL };

	g_log_set_default_handler(quiet, NULL);
	g_mime_init();
	g_mime_parser_options_set_fallback_charsets(g_mime_parser_options_get_default(), (const char **)fallback);
	g_mime_utils_header_decode_date("Tue, 5 Mar 2024 10:00 X0500"); /* a zone that nobody knows */
	load_charsets();
	read_sample();
}

/* ---- content ---- */

/* The decoded bytes of a leaf. NULL: it has none. */
static GByteArray *content_of(GMimePart *part)
{
	GMimeDataWrapper *wrapper = g_mime_part_get_content(part);
	GMimeStream *stream = wrapper ? g_mime_stream_mem_new() : NULL;
	GByteArray *bytes = NULL;

	if (!stream)
		return NULL;
	if (g_mime_data_wrapper_write_to_stream(wrapper, stream) >= 0) {
		bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
		g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE); /* ours now */
	}
	g_object_unref(stream);
	return bytes;
}

static int read_text(struct extract *x, GMimePart *part, const GByteArray *bytes, bool html)
{
	const char *declared =
		g_mime_object_get_content_type_parameter(GMIME_OBJECT(part), "charset");
	struct buf text;
	int r;

	buf_init(&text, 0);
	r = charset_decode(bytes->data, bytes->len, declared, &text);
	if (r == 0 && html)
		r = extract_html_utf8(x, buf_cstr(&text), text.len);
	else if (r == 0)
		r = extract_text(x, text.data, text.len);
	buf_fini(&text);
	return r == CHARSET_E_BINARY ? 0 : r; /* a part that is no text is left out */
}

/* ---- attachments ---- */

static void hand_back(struct extract *x, const char *name, const GByteArray *bytes)
{
	if (x->children >= MAIL_CHILDREN) {
		extract_fail(x, EXTRACT_E_TYPE, "only %d attached PDFs are read: upload it alone", MAIL_CHILDREN);
	} else if (bytes->len > MAIL_CHILD_MAX) {
		extract_fail(x, EXTRACT_E_TYPE, "larger than %zu MiB: upload it alone", MAIL_CHILD_MAX >> 20);
	} else {
		x->children++;
		out_child(x->out, name, bytes->data, bytes->len);
	}
}

/* An attachment that cannot be read is named and does not stop the rest; a bound does. */
static int settle(struct extract *x, const char *name, bool is_pdf)
{
	char words[EXTRACT_WHY_MAX + EXTRACT_NAME_MAX + 32];

	if (!x->r || x->r == EXTRACT_E_LIMIT || x->r == EXTRACT_E_FAILED)
		return x->r;
	while (x->writer.deep)
		writer_table_end(&x->writer);
	writer_end(&x->writer);
	(void)snprintf(words, sizeof(words), "(attachment %s not read: %s)", name, x->why);
	if (x->r != EXTRACT_E_TYPE || is_pdf) /* pictures and the like nobody misses */
		extract_missed(x, name, x->why);
	x->r = 0;
	writer_str(&x->writer, words);
	writer_end(&x->writer);
	return 0;
}

static void add_label(struct extract *x, const char *name)
{
	size_t n = strlen(x->label);

	if (n)
		n += (size_t)snprintf(x->label + n, sizeof(x->label) - n, " > ");
	if (n < sizeof(x->label))
		(void)snprintf(x->label + n, sizeof(x->label) - n, "%.200s", name);
}

static int read_attachment(struct extract *x, const char *name, const GByteArray *bytes)
{
	const char *outer = x->name, *format = x->format;
	size_t label = strlen(x->label);
	bool is_pdf = magic_of(bytes->data, bytes->len) == MAGIC_PDF;
	int page = x->page;

	if (x->depth >= MAIL_DEPTH)
		return extract_fail(x, EXTRACT_E_LIMIT, "its attachments lie more than %d levels deep",
			MAIL_DEPTH);
	add_label(x, name);
	x->name = name;
	x->depth++;
	x->page = 0; /* its sheets and slides count by themselves */
	extract_place(x, -1, -1);
	if (is_pdf)
		hand_back(x, name, bytes);
	else
		(void)extract_document(x, bytes->data, bytes->len);
	(void)settle(x, name, is_pdf);
	x->depth--;
	x->name = outer;
	x->format = format;
	x->page = page;
	x->label[label] = '\0';
	extract_place(x, page ? page : -1, -1);
	return x->r;
}

static int read_leaf(struct extract *x, GMimePart *part)
{
	GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));
	const char *name = g_mime_part_get_filename(part);
	GByteArray *bytes = content_of(part);
	int r = 0;

	if (bytes && name && *name)
		r = read_attachment(x, name, bytes);
	else if (bytes && g_mime_content_type_is_type(type, "text", "html"))
		r = read_text(x, part, bytes, true);
	else if (bytes && g_mime_content_type_is_type(type, "text", "*"))
		r = read_text(x, part, bytes, false);
	if (bytes)
		g_byte_array_unref(bytes);
	return r;
}

/* ---- structure ---- */

/* Of parts that say the same: the plain text, else the last that is not bare. */
static GMimeObject *choose(GMimeMultipart *m)
{
	int n = g_mime_multipart_get_count(m);
	GMimeObject *best = NULL;

	for (int i = 0; i < n; i++) {
		GMimeObject *part = g_mime_multipart_get_part(m, i);
		GMimeContentType *type = g_mime_object_get_content_type(part);

		if (g_mime_content_type_is_type(type, "text", "plain"))
			return part;
		best = part;
	}
	return best;
}

static int read_multipart(struct extract *x, GMimeMultipart *m)
{
	GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(m));
	int n = g_mime_multipart_get_count(m), r = 0;

	if (g_mime_content_type_is_type(type, "multipart", "alternative")) {
		GMimeObject *part = choose(m);

		return part ? read_part(x, part) : 0;
	}
	for (int i = 0; r == 0 && i < n; i++)
		r = read_part(x, g_mime_multipart_get_part(m, i));
	return r;
}

static void put_line(struct extract *x, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	writer_str(&x->writer, name);
	writer_str(&x->writer, value);
	writer_break(&x->writer);
}

/* A header as it was meant: GMime has decoded its words. */
static void put_head(struct extract *x, GMimeMessage *m)
{
	GMimeObject *o = GMIME_OBJECT(m);
	const char *subject = g_mime_message_get_subject(m);
	struct writer *w = &x->writer;

	if (!x->formed && subject)
		(void)snprintf(x->title, sizeof(x->title), "%.*s",
			(int)utf8_floor(subject, strlen(subject), EXTRACT_TITLE_MAX), subject);
	extract_form(x, FORM_MARKDOWN);
	writer_block(w, BLOCK_HEADING, min_of(x->depth + 1, 6u));
	writer_str(w, subject && *subject ? subject : "(no subject)");
	writer_end(w);
	put_line(x, "From: ", g_mime_object_get_header(o, "From"));
	put_line(x, "To: ", g_mime_object_get_header(o, "To"));
	put_line(x, "Cc: ", g_mime_object_get_header(o, "Cc"));
	put_line(x, "Date: ", g_mime_object_get_header(o, "Date"));
	writer_end(w);
}

static int read_message(struct extract *x, GMimeMessage *m)
{
	GMimeObject *body = g_mime_message_get_mime_part(m);

	put_head(x, m);
	return body ? read_part(x, body) : 0;
}

static int read_inner(struct extract *x, GMimeMessagePart *part)
{
	GMimeMessage *m = g_mime_message_part_get_message(part);
	int r;

	if (!m)
		return 0;
	if (x->depth >= MAIL_DEPTH)
		return extract_fail(x, EXTRACT_E_LIMIT, "its messages lie more than %d levels deep",
			MAIL_DEPTH);
	x->depth++;
	r = read_message(x, m);
	x->depth--;
	return r;
}

static int read_part(struct extract *x, GMimeObject *part)
{
	if (++x->parts > MAIL_PARTS * (x->messages + 1))
		return extract_fail(x, EXTRACT_E_LIMIT, "it has more than %d parts", MAIL_PARTS);
	if (extract_state(x))
		return x->r;
	if (GMIME_IS_MULTIPART(part))
		return read_multipart(x, GMIME_MULTIPART(part));
	if (GMIME_IS_MESSAGE_PART(part))
		return read_inner(x, GMIME_MESSAGE_PART(part));
	return GMIME_IS_PART(part) ? read_leaf(x, GMIME_PART(part)) : 0;
}

/* ---- the whole ---- */

static int read_box(struct extract *x, GMimeParser *parser)
{
	int r = 0;

	while (r == 0 && !g_mime_parser_eos(parser)) {
		GMimeMessage *m = g_mime_parser_construct_message(parser, NULL);

		if (!m)
			break;
		if (++x->messages > MAIL_MESSAGES)
			r = extract_fail(x, EXTRACT_E_LIMIT, "it holds more than %d messages: split it",
				MAIL_MESSAGES);
		extract_form(x, FORM_MARKDOWN);
		x->page++;
		extract_place(x, x->page, -1);
		if (r == 0)
			r = read_message(x, m);
		g_object_unref(m);
	}
	return r;
}

static int read_one(struct extract *x, GMimeParser *parser)
{
	GMimeMessage *m = g_mime_parser_construct_message(parser, NULL);
	int r = m ? read_message(x, m) : 0;

	if (m)
		g_object_unref(m);
	return r;
}

int extract_mail(struct extract *x, const uint8_t *p, size_t n, bool mbox)
{
	GMimeStream *stream;
	GMimeParser *parser;
	int r;

	x->format = mbox ? "mbox" : "mail";
	if (mail_nests_too_deep(x, p, n, mbox))
		return x->r;
	stream = g_mime_stream_mem_new_with_buffer((const char *)p, n);
	parser = g_mime_parser_new_with_stream(stream);
	g_object_unref(stream);
	g_mime_parser_set_format(parser, mbox ? GMIME_FORMAT_MBOX : GMIME_FORMAT_MESSAGE);
	r = mbox ? read_box(x, parser) : read_one(x, parser);
	g_object_unref(parser);
	if (r == 0 && !x->formed)
		r = extract_fail(x, EXTRACT_E_BROKEN, "no message was found in it");
	writer_end(&x->writer);
	return r ? r : extract_state(x);
}
