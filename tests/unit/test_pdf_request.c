/* What the renderer is asked, read from any bytes, and what it reports. */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/json.h"
#include "common/utf8.h"
#include "daemon/pdf/report.h"
#include "daemon/pdf/request.h"
#include "daemon/worker/sandbox.h"
#include "tests/unit/test.h"

static struct pdf_request req;
static const char *why;

static void frame(struct buf *b, const char *json, size_t n)
{
	uint8_t length[4] = { (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24) };

	buf_reset(b);
	buf_add(b, PDF_REQUEST_MAGIC, 8);
	buf_add(b, length, 4);
	buf_add(b, json, n);
}

static int parse(const char *json)
{
	struct buf b = { 0 };
	int r;

	frame(&b, json, strlen(json));
	r = pdf_request_parse(&req, b.data, b.len, &why);
	buf_fini(&b);
	return r;
}

TEST(a_whole_request_is_read)
{
	check_int(parse("{\"format\":\"html\",\"title\":\"T\\u0000\\ud83d\\ude00\",\"lang\":\"de\",\"thread\":\"th\","
			"\"generator\":\"g\",\"epoch\":1700000000,\"unknown\":{\"a\":[1]},"
			"\"paper\":{\"width\":612,\"height\":792,\"left\":50,\"right\":50,\"top\":40,\"bottom\":40},"
			"\"turns\":[{\"question\":\"q1\",\"date\":\"d\",\"model\":\"m\",\"state\":\"cancelled\",\"note\":\"n\","
			"\"markdown\":\"# a\",\"sources\":[{\"n\":1,\"document\":\"doc\",\"page\":7},{\"n\":2,\"url\":\"u\"}]},"
			"{\"question\":\"q2\",\"state\":\"odd\",\"note\":null}]}"),
		0);
	check_int(req.format, PDF_FORMAT_HTML);
	check_str(req.title.p, "T\xEF\xBF\xBD\xF0\x9F\x98\x80");
	check_int(req.title.n, 8);
	check_int(req.epoch, 1700000000);
	check(req.paper.width == 612 && req.paper.bottom == 40);
	check_int(req.nturns, 2);
	check_str(req.turns[0].markdown.p, "# a");
	check_int(req.turns[0].state, PDF_CANCELLED);
	check_int(req.turns[0].nsources, 2);
	check_int(req.turns[0].sources[0].page, 7);
	check_str(req.turns[0].sources[1].url.p, "u");
	check_str(req.turns[0].sources[1].document.p, "");
	check_int(req.turns[1].state, PDF_INTERRUPTED);
	check_str(req.turns[1].note.p, "");
	pdf_request_fini(&req);
}

TEST(an_empty_one_has_its_defaults)
{
	check_int(parse("{}"), 0);
	check_int(req.nturns, 0);
	check_str(req.title.p, "");
	check(req.paper.width > 595 && req.paper.width < 596);
	pdf_request_fini(&req);
}

TEST(what_is_no_request_is_said_in_words)
{
	struct buf b = { 0 };

	check_int(parse("[]"), PDF_E_REQUEST);
	check_str(why, "the request is no JSON object");
	check_int(parse("{\"title\":\"x"), PDF_E_REQUEST);
	check_str(why, "the request is not valid JSON");
	check_int(parse("{\"format\":\"exe\"}"), PDF_E_REQUEST);
	check_int(parse("{\"paper\":{\"width\":100}}"), PDF_E_REQUEST);
	check_int(parse("{\"paper\":{\"width\":1e400}}"), PDF_E_REQUEST);
	check_int(parse("{\"paper\":{\"left\":-5}}"), PDF_E_REQUEST);
	check_str(why, "the paper leaves no room for text");
	frame(&b, "{}", 2);
	check_int(pdf_request_parse(&req, b.data, b.len - 1, &why), PDF_E_REQUEST);
	check_str(why, "the request is cut off, or more follows it");
	b.data[11] = 0x7F;
	check_int(pdf_request_parse(&req, b.data, b.len, &why), PDF_E_TOO_LARGE);
	check_int(pdf_request_parse(&req, "x", 1, NULL), PDF_E_REQUEST);
	check_int(req.nturns, 0);
	buf_fini(&b);
}

TEST(too_many_turns_are_refused)
{
	struct buf json = { 0 };

	buf_add_str(&json, "{\"turns\":[{}");
	for (int i = 0; i < PDF_TURNS_MAX; i++)
		buf_add_str(&json, ",{}");
	buf_add_str(&json, "]}");
	check_int(parse(buf_cstr(&json)), PDF_E_TOO_LARGE);
	check_str(why, "a conversation of more turns than a document takes");
	buf_fini(&json);
}

/* Every cut of a request is an error or a smaller one, never a crash; every byte of noise likewise. */
TEST(cut_and_garbled_requests_are_survived)
{
	static const char json[] = "{\"title\":\"a\\ud83d\xFF\",\"turns\":[{\"markdown\":\"\xC3\\n\","
				   "\"sources\":[{\"n\":-3}]}],\"epoch\":-1}";
	struct buf b = { 0 };

	for (size_t n = 0; n < sizeof(json); n++) {
		frame(&b, json, n);
		if (pdf_request_parse(&req, b.data, b.len, &why) == 0)
			check(utf8_valid_no_nul(req.title.p, req.title.n));
		pdf_request_fini(&req);
	}
	for (size_t i = 0; i < sizeof(json) - 1; i++) {
		frame(&b, json, sizeof(json) - 1);
		b.data[PDF_REQUEST_HEAD + i] ^= 0x55;
		if (pdf_request_parse(&req, b.data, b.len, &why) == 0 && req.nturns)
			check(utf8_valid_no_nul(req.turns[0].markdown.p, req.turns[0].markdown.n));
		pdf_request_fini(&req);
	}
	buf_fini(&b);
}

TEST(bare_markdown_is_one_turn)
{
	check_int(pdf_request_plain(&req, "a\0\xFF", 3), 0);
	check_int(req.nturns, 1);
	check_str(req.turns[0].markdown.p, "a\xEF\xBF\xBD\xEF\xBF\xBD");
	pdf_request_fini(&req);
	check_int(pdf_request_plain(&req, "", 0), 0);
	check_int(req.turns[0].markdown.n, 0);
	pdf_request_fini(&req);
}

TEST(warnings_are_counted_and_the_line_is_bounded)
{
	static struct report r;
	static const char codes[40][8] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o",
		"p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z" };
	struct buf line = { 0 };
	struct json j;

	report_init(&r);
	report_warn(&r, "cells", "table of %zu cells shown as text", (size_t)9);
	report_warn(&r, "cells", "another");
	for (int i = 0; i < 26; i++)
		report_warn(&r, codes[i], "%s", "\xC3\xA4\xC3\xA4 \x01 a text that is much longer than what a warning may hold, "
						"so that it is cut at a code point, whichever one that is: \xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4"
						"\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4");
	for (uint32_t cp = 0x13000; cp < 0x13040; cp++)
		report_missing(&r, cp);
	report_missing(&r, 0x13000);
	report_error(&r, "first");
	report_error(&r, "second");
	check_int(r.nwarnings, REPORT_WARNINGS);
	check_int(r.warnings[0].count, 2);
	check_str(r.warnings[0].text, "table of 9 cells shown as text");
	check_int(r.missing_total, 65);
	check_int(r.nmissing, REPORT_MISSING);
	check(utf8_valid(r.warnings[1].text, strlen(r.warnings[1].text)));
	check_int(report_line(&r, &line), 0);
	check(line.len <= REPORT_LINE_MAX && line.data[line.len - 1] == '\n');
	json_init(&j, (char *)line.data, line.len, 8);
	check(json_skip(&j) && json_end(&j) == 0);
	check(strstr(buf_cstr(&line), "\"error\":\"first\""));
	check(strstr(buf_cstr(&line), "U+13000"));
	buf_fini(&line);
}

/* All of it behind the lock: no call that the list forbids. */
TEST(request_and_report_live_behind_the_lock)
{
	char level[SANDBOX_LEVEL];
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		static struct report r;
		struct buf line = { 0 };

		if (sandbox_lock(&sandbox_reader, level) != 0 || parse("{\"turns\":[{\"question\":\"q\"}]}") != 0)
			_exit(1);
		report_init(&r);
		report_warn(&r, "x", "%s %d %zu %.2f", level, 3, (size_t)4, 1.5);
		_exit(report_line(&r, &line) == 0 ? 0 : 2);
	}
	waitpid(pid, &status, 0);
	check_int(status, 0);
}

TEST_MAIN()
