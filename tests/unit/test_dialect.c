/*
 * What backends say and what is made of it. Each stream here is read whole, byte by byte and in
 * steps, and must come out the same.
 */
#include "common/buf.h"
#include "common/mem.h"
#include "daemon/upstream/body.h"
#include "tests/unit/test.h"

struct rec {
	struct buf text, reasoning, status, notices, sources, usage, metadata;
	enum upstream_result result;
	char *why, *finish, *model;
	int unclean; /* pieces that are no valid UTF-8 without NUL */
};

static void keep(struct rec *r, struct buf *b, const char *s, size_t n)
{
	r->unclean += !utf8_valid_no_nul(s, n) || !n;
	buf_add(b, s, n);
}

static void on_delta(void *ctx, const char *s, size_t n)
{
	keep(ctx, &((struct rec *)ctx)->text, s, n);
}

static void on_reasoning(void *ctx, const char *s, size_t n)
{
	keep(ctx, &((struct rec *)ctx)->reasoning, s, n);
}

static void on_status(void *ctx, const char *s, size_t n)
{
	buf_addf(&((struct rec *)ctx)->status, "[%.*s]", (int)n, s);
}

static void on_notice(void *ctx, const char *name, const char *text)
{
	buf_addf(&((struct rec *)ctx)->notices, "[%s: %s]", name, text);
}

static void on_usage(void *ctx, const char *json, size_t n)
{
	keep(ctx, &((struct rec *)ctx)->usage, json, n);
}

static void on_metadata(void *ctx, const char *json, size_t n)
{
	keep(ctx, &((struct rec *)ctx)->metadata, json, n);
}

static void add_field(struct buf *b, const char *name, const char *value)
{
	if (value)
		buf_addf(b, " %s=%s", name, value);
}

static void on_source(void *ctx, const struct source *s)
{
	struct buf *b = &((struct rec *)ctx)->sources;

	buf_addf(b, "[%d", s->n);
	add_field(b, "url", s->url);
	add_field(b, "path", s->path);
	add_field(b, "title", s->title);
	add_field(b, "quote", s->quote);
	if (s->page >= 0)
		buf_addf(b, " page=%d", s->page);
	if (s->line >= 0)
		buf_addf(b, " line=%d", s->line);
	if (s->score >= 0)
		buf_addf(b, " score=%g", s->score);
	buf_addf(b, "]");
}

static const struct upstream_events events = { on_delta, on_reasoning, on_status, on_notice, on_source, on_usage, on_metadata, NULL };

static void rec_fini(struct rec *r)
{
	struct buf *all[] = { &r->text, &r->reasoning, &r->status, &r->notices, &r->sources, &r->usage, &r->metadata };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		buf_fini(all[i]);
	free(r->why);
	free(r->finish);
	free(r->model);
	*r = (struct rec){ 0 };
}

static struct dialect_options options;

static void read_in_steps(const char *s, size_t n, size_t first, size_t step, struct rec *r)
{
	struct buf scratch = { 0 };
	struct body b;
	int stop = 0;

	body_init(&b, &options, 1 << 20, &events, r, &scratch);
	for (size_t at = 0, to = first < n ? first : n; at < n && !stop; at = to, to = n - to < step ? n : to + step)
		stop = body_feed(&b, s + at, to - at);
	body_end(&b);
	r->result = body_verdict(&b, &r->why);
	if (!r->why)
		r->why = mem_dup("");
	r->finish = mem_dup(b.dialect.finish_reason ? b.dialect.finish_reason : "");
	r->model = mem_dup(b.dialect.model ? b.dialect.model : "");
	body_fini(&b);
	buf_fini(&scratch);
}

static bool same(struct rec *a, struct rec *b)
{
	return !strcmp(buf_cstr(&a->text), buf_cstr(&b->text)) && !strcmp(buf_cstr(&a->reasoning), buf_cstr(&b->reasoning)) &&
		!strcmp(buf_cstr(&a->status), buf_cstr(&b->status)) && !strcmp(buf_cstr(&a->notices), buf_cstr(&b->notices)) &&
		!strcmp(buf_cstr(&a->sources), buf_cstr(&b->sources)) && !strcmp(buf_cstr(&a->usage), buf_cstr(&b->usage)) &&
		!strcmp(buf_cstr(&a->metadata), buf_cstr(&b->metadata)) && a->result == b->result && !strcmp(a->why, b->why) &&
		!strcmp(a->finish, b->finish) && !strcmp(a->model, b->model) && !b->unclean;
}

static bool reads_n(const char *s, size_t n, struct rec *r)
{
	struct rec other = { 0 };

	rec_fini(r);
	read_in_steps(s, n, n, n, r);
	for (size_t step = 1; step <= 3; step++) {
		read_in_steps(s, n, step, step, &other);
		if (!same(r, &other)) {
			printf("# in steps of %zu: '%s' (%d %s) %s, whole: '%s' (%d %s) %s\n", step, buf_cstr(&other.text), other.result,
				other.why, buf_cstr(&other.notices), buf_cstr(&r->text), r->result, r->why, buf_cstr(&r->notices));
			return false;
		}
		rec_fini(&other);
	}
	for (size_t at = 1; at < n; at++) {
		read_in_steps(s, n, at, n, &other);
		if (!same(r, &other)) {
			printf("# cut at %zu: '%s'\n", at, buf_cstr(&other.text));
			return false;
		}
		rec_fini(&other);
	}
	return !r->unclean;
}

#define reads(s, r) check(reads_n(s, sizeof(s) - 1, r))
#define check_has(hay, needle) check_msg(strstr((hay), (needle)), "'%s' is not in '%s'", needle, (const char *)(hay))
#define text_is(r, want) check_str(buf_cstr(&(r)->text), want)

/* An event with a delta, one with the end. */
#define D(content) "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":" content "}}]}\n\n"
#define DELTA(fields) "data: {\"choices\":[{\"index\":0,\"delta\":{" fields "}}]}\n\n"
#define STOP "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
#define DONE "data: [DONE]\n\n"

/* ---- events ---- */

TEST(what_is_no_content_is_passed_over)
{
	struct rec r = { 0 };

	reads(": hi\n\n" D("\"a\"") "data:\n\ndata: \n\ndata: \"\"\n\ndata: null\n\ndata: true\n\ndata: 5\n\ndata: []\n\n"
				     "data: : OPENROUTER PROCESSING\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\nevent: keepalive\ndata: x\n\n"
				     "id: 1\nretry: 5\n\n" D("\"b\"") STOP DONE,
		&r);
	check_int(r.result, UPSTREAM_OK);
	text_is(&r, "ab");
	check_str(buf_cstr(&r.notices), "");
	rec_fini(&r);
}

TEST(events_of_unknown_names_do_not_reach_the_answer)
{
	struct rec r = { 0 };

	reads("event: message\n" D("\"a\"") "event: hermes.tool.progress\n" D("\"no\"") "event: status\ndata: plain words\n\n" D("\"b\"") DONE, &r);
	text_is(&r, "ab");
	check_str(buf_cstr(&r.notices), "[unknown_event: hermes.tool.progress]");
	rec_fini(&r);
}

TEST(an_error_event_is_an_error_whatever_it_says)
{
	struct rec r = { 0 };

	reads(D("\"a\"") "event: error\ndata: it broke in plain words\n\n" D("\"no\""), &r);
	check_int(r.result, UPSTREAM_E_ERROR);
	check_str(r.why, "it broke in plain words");
	text_is(&r, "a");
	reads("event: error\ndata: {\"error\":{\"message\":\"in JSON\",\"code\":503}}\n\n", &r);
	check_int(r.result, UPSTREAM_E_BUSY);
	check_has(r.why, "in JSON");
	reads("event: error\ndata: {\"detail\":\"by FastAPI\"}\n\n", &r);
	check_has(r.why, "by FastAPI");
	reads("event: error\ndata:\n\n", &r);
	check_int(r.result, UPSTREAM_E_ERROR);
	rec_fini(&r);
}

TEST(done_in_all_its_forms_ends_the_answer)
{
	struct rec r = { 0 };
	static const char *const ends[] = { "data: [DONE]\n\n", "data:[DONE]\n\n", "data: [DONE] \n\n", "data: [DONE]\n", "data: [DONE]",
		"data: [DONE]\n\ndata: [DONE]\n\n", "event: done\ndata: {}\n\n", "event: end\ndata: bye\n\n", "event: done\ndata: [DONE]\n\n" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char s[512];

		snprintf(s, sizeof(s), D("\"a\"") "%s", ends[i]);
		check(reads_n(s, strlen(s), &r));
		check_msg(r.result == UPSTREAM_OK, "%s: %s", ends[i], r.why);
		text_is(&r, "a");
	}
	reads(D("\"a\"") DONE D("\"no\"") ": ping\n\n", &r);
	text_is(&r, "a");
	rec_fini(&r);
}

TEST(an_end_without_a_word_is_a_truncated_answer)
{
	struct rec r = { 0 };

	reads(D("\"a\""), &r);
	check_int(r.result, UPSTREAM_E_TRUNCATED);
	text_is(&r, "a");
	reads(D("\"a\"") "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b", &r);
	check_int(r.result, UPSTREAM_E_TRUNCATED);
	text_is(&r, "a");
	reads(D("\"a\"") "data: [DO", &r);
	check_int(r.result, UPSTREAM_E_TRUNCATED);
	reads(D("\"a\"") STOP, &r);
	check_int(r.result, UPSTREAM_OK);
	rec_fini(&r);
}

TEST(a_last_event_without_its_blank_line_counts)
{
	struct rec r = { 0 };

	reads(D("\"a\"") "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}", &r);
	check_int(r.result, UPSTREAM_OK);
	text_is(&r, "ab");
	rec_fini(&r);
}

TEST(several_chunks_in_one_event_are_all_read)
{
	struct rec r = { 0 };

	reads("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\ndata: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\ndata: [DONE]\n\n", &r);
	check_int(r.result, UPSTREAM_OK);
	text_is(&r, "ab");
	reads("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}{\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n\n" DONE, &r);
	text_is(&r, "ab");
	rec_fini(&r);
}

TEST(pretty_printed_chunks_over_many_data_lines)
{
	struct rec r = { 0 };

	reads("data: {\ndata:   \"choices\": [\ndata:     {\"index\": 0, \"delta\": {\"content\": \"a b\"}}\ndata:   ]\ndata: }\n\n" DONE, &r);
	text_is(&r, "a b");
	rec_fini(&r);
}

TEST(a_broken_event_is_told_and_what_follows_is_kept)
{
	struct rec r = { 0 };

	reads(D("\"a\"") "data: {\"choices\":[{\"delta\":{\"content\":\"x\"\n\n" D("\"b\"") STOP DONE, &r);
	check_int(r.result, UPSTREAM_E_PROTOCOL);
	text_is(&r, "ab");
	check_has(buf_cstr(&r.notices), "[bad_event: {\"choices\"");
	check_has(r.why, "cannot be read");
	reads(D("\"a\"") "data: raw token text\n\n" DONE, &r);
	check_int(r.result, UPSTREAM_E_PROTOCOL);
	check_has(r.why, "raw token text");
	reads(D("\"a\"") "data: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]} garbage\n\n" DONE, &r);
	text_is(&r, "ab");
	check_int(r.result, UPSTREAM_E_PROTOCOL);
	reads(D("\"a\"") "data: true story\n\n" DONE, &r);
	check_int(r.result, UPSTREAM_E_PROTOCOL);
	rec_fini(&r);
}

TEST(nothing_but_broken_events_is_given_up)
{
	struct buf s = { 0 };
	struct rec r = { 0 };

	for (int i = 0; i < 40; i++)
		buf_addf(&s, "data: word %d\n\n", i);
	check(reads_n(buf_cstr(&s), s.len, &r));
	check_int(r.result, UPSTREAM_E_PROTOCOL);
	check_has(r.why, "more than 16");
	check_has(r.why, "'word 0'");
	buf_fini(&s);
	rec_fini(&r);
}

TEST(errors_in_plain_words_are_errors)
{
	struct rec r = { 0 };

	reads(D("\"a\"") "data: ERROR: the index is gone\n\n", &r);
	check_int(r.result, UPSTREAM_E_ERROR);
	check_str(r.why, "the index is gone");
	text_is(&r, "a");
	rec_fini(&r);
}

/* ---- bodies ---- */

TEST(json_answers_are_answers)
{
	struct rec r = { 0 };

	reads("{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"in one piece\"},\"finish_reason\":\"stop\"}],"
	      "\"usage\":{\"n\":1},\"citations\":[\"https://a.example/\"]}",
		&r);
	check_int(r.result, UPSTREAM_OK);
	text_is(&r, "in one piece");
	check_str(buf_cstr(&r.usage), "{\"n\":1}");
	check_str(buf_cstr(&r.sources), "[1 url=https://a.example/]");
	reads("\xEF\xBB\xBF \r\n{\"choices\":[{\"message\":{\"content\":\"no reason given\"}}]}\n\ndata: [DONE]\n\n", &r);
	check_int(r.result, UPSTREAM_OK);
	text_is(&r, "no reason given");
	reads("{\"choices\":[{\"message\":{\"content\":\"no reason given\"}}]}", &r);
	check_int(r.result, UPSTREAM_OK);
	reads("data: {\"object\":\"chat.completion\",\"choices\":[{\"message\":{\"content\":\"as an event\"},\"finish_reason\":\"stop\"}]}\n\n", &r);
	text_is(&r, "as an event");
	reads("{\n  \"choices\": [\n    {\"message\": {\"content\": \"pretty [1] {x} \\\"q\\\"\"}, \"finish_reason\": \"length\"}\n  ]\n}\n", &r);
	text_is(&r, "pretty [1] {x} \"q\"");
	check_str(r.finish, "length");
	rec_fini(&r);
}

TEST(json_values_one_after_the_other_are_a_stream)
{
	struct rec r = { 0 };

	reads("{\"choices\":[{\"delta\":{\"content\":\"in \"}}]}\n\n{\"choices\":[{\"delta\":{\"content\":\"lines\"},\"finish_reason\":\"stop\"}]}\n", &r);
	check_int(r.result, UPSTREAM_OK);
	text_is(&r, "in lines");
	reads("[{\"choices\":[{\"delta\":{\"content\":\"in \"}}]},\n{\"choices\":[{\"delta\":{\"content\":\"a list\"},\"finish_reason\":\"stop\"}]}]", &r);
	text_is(&r, "in a list");
	reads("{\"model\":\"o\",\"message\":{\"role\":\"assistant\",\"content\":\"olla\"},\"done\":false}\n"
	      "{\"model\":\"o\",\"message\":{\"role\":\"assistant\",\"content\":\"ma\"},\"done\":true}\n",
		&r);
	check_int(r.result, UPSTREAM_OK);
	text_is(&r, "ollama");
	reads("{\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n{\"choices\":[{\"del", &r);
	check_int(r.result, UPSTREAM_E_TRUNCATED);
	text_is(&r, "half");
	rec_fini(&r);
}

TEST(what_is_no_answer_says_how_it_began)
{
	static const struct {
		const char *body, *words;
	} cases[] = { { "<!doctype html><title>Sign in</title>", "web page" }, { " \n <html>", "web page" }, { "", "empty reply" },
		{ "{\"status\":\"ok\"}", "{\"status\":\"ok\"}" }, { "Hello, world\n", "Hello, world" }, { "\x1f\x8b\x08xyz", "compressed" },
		{ "[]", "'[]'" }, { ": ping\n\n", "': ping'" } };
	struct rec r = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check(reads_n(cases[i].body, strlen(cases[i].body), &r));
		check_msg(r.result == UPSTREAM_E_PROTOCOL, "case %zu", i);
		check_has(r.why, cases[i].words);
		check(!strchr(r.why, '<'));
	}
	rec_fini(&r);
}

TEST(home_made_streams_are_understood)
{
	struct rec r = { 0 };

	reads("data: {\"token\":\"a\"}\n\ndata: {\"text\":\"b\"}\n\ndata: {\"content\":\"c\"}\n\ndata: {\"delta\":\"d\"}\n\ndata: \"e\"\n\n"
	      "data: {\"sources\":[{\"file\":\"x.pdf\",\"page\":3}]}\n\ndata: [DONE]\n\n",
		&r);
	check_int(r.result, UPSTREAM_OK);
	text_is(&r, "abcde");
	check_str(buf_cstr(&r.sources), "[1 path=x.pdf page=3]");
	reads("data: {\"response\":\"a\",\"done\":false}\n\ndata: {\"response\":\"b\",\"done\":true}\n\n", &r);
	check_int(r.result, UPSTREAM_OK);
	text_is(&r, "ab");
	reads("data: {\"token\":\"a\"}\n\ndata: {\"error\":\"out of memory\"}\n\n", &r);
	check_int(r.result, UPSTREAM_E_ERROR);
	check_str(r.why, "out of memory");
	rec_fini(&r);
}

/* ---- chunks ---- */

TEST(chunks_without_choices_carry_what_else_they_have)
{
	struct rec r = { 0 };

	reads("data: {\"choices\":[],\"prompt_filter_results\":[{\"x\":[]}],\"id\":\"\",\"model\":\"\",\"created\":0}\n\n"
	      "data: {\"choices\":null}\n\ndata: {\"id\":\"x\"}\n\ndata: {\"choices\":[{\"index\":0,\"content_filter_results\":{},\"finish_reason\":null}]}\n\n" D(
		      "\"a\"") STOP "data: {\"choices\":[],\"usage\":{\"total_tokens\":1},\"model\":\"m\"}\n\n"
				     "data: {\"choices\":[],\"usage\":{\"total_tokens\":2}}\n\n" DONE,
		&r);
	check_int(r.result, UPSTREAM_OK);
	text_is(&r, "a");
	check_str(buf_cstr(&r.usage), "{\"total_tokens\":2}");
	check_str(r.model, "m");
	rec_fini(&r);
}

TEST(deltas_of_every_emptiness)
{
	struct rec r = { 0 };

	reads(DELTA("\"role\":\"assistant\",\"content\":\"\"") DELTA("\"role\":\"assistant\",\"content\":null")
			DELTA("") "data: {\"choices\":[{\"index\":0}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":null}]}\n\n"
			DELTA("\"role\":\"assistant\",\"content\":\"a\"") DELTA("\"role\":\"assistant\",\"content\":\"b\"")
			"data: {\"choices\":[{\"delta\":{\"content\":\"c\"},\"finish_reason\":\"stop\"}]}\n\n" DONE,
		&r);
	check_int(r.result, UPSTREAM_OK);
	text_is(&r, "abc");
	rec_fini(&r);
}

TEST(of_several_answers_the_first_is_taken)
{
	struct rec r = { 0 };

#define I(i, text) "data: {\"choices\":[{\"index\":" i ",\"delta\":{\"content\":\"" text "\"}}]}\n\n"
	reads(I("1", "X") I("1", "Y") I("0", "a") I("1", "Z") I("0", "b") "data: {\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n" STOP DONE, &r);
	text_is(&r, "ab");
	reads("data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"X\"}},{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"
	      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\"}},{\"index\":1,\"delta\":{\"content\":\"X\"}}]}\n\n" STOP DONE,
		&r);
	text_is(&r, "ab");
	/* The only answer, numbered 1: short, long, with its finish, without anything. */
	reads(I("1", "a") I("1", "b") DONE, &r);
	text_is(&r, "ab");
	reads(I("1", "a") I("1", "b") I("1", "c") I("1", "d") I("1", "e") I("1", "f") I("1", "g") I("1", "h") I("1", "i") I("1", "j") I("1", "k")
			I("1", "l") I("1", "m") I("1", "n") I("1", "o") I("1", "p") I("1", "q") I("1", "r") DONE,
		&r);
	text_is(&r, "abcdefghijklmnopqr");
	reads(I("1", "a") "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"},\"finish_reason\":\"length\"}]}\n\n", &r);
	text_is(&r, "ab");
	check_str(r.finish, "length");
	reads(I("3", "X") I("2", "a") I("3", "Y") I("2", "b") DONE, &r);
	text_is(&r, "ab");
	rec_fini(&r);
}

TEST(content_in_parts)
{
	struct rec r = { 0 };

	reads(D("[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"hm\"}]},"
		"{\"type\":\"reference\",\"reference_ids\":[1]},\"b\",{\"type\":\"text\",\"text\":\"c\"}]") D("[]") DONE,
		&r);
	text_is(&r, "abc");
	check_str(buf_cstr(&r.reasoning), "hm");
	rec_fini(&r);
}

TEST(reasoning_under_all_its_names_never_mixes_with_the_answer)
{
	struct rec r = { 0 };

	reads(DELTA("\"reasoning_content\":\"a\"") DELTA("\"reasoning\":\"b\"") DELTA("\"reasoning\":\"c\",\"reasoning_content\":\"c\"")
			DELTA("\"reasoning_content\":\"d\",\"reasoning\":null,\"content\":null")
			DELTA("\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"e\"},{\"type\":\"reasoning.summary\",\"summary\":\"f\"}]")
			DELTA("\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"g\"}],\"reasoning\":\"g\"")
			DELTA("\"content\":\"h\",\"extra_content\":{\"google\":{\"thought\":true}}")
			DELTA("\"content\":\"answer\",\"extra_content\":{\"google\":{\"thought\":false}}") DONE,
		&r);
	check_str(buf_cstr(&r.reasoning), "abcdefgh");
	text_is(&r, "answer");
	rec_fini(&r);
}

TEST(inline_thinking_only_at_the_very_start_and_only_when_told)
{
	struct rec r = { 0 };

	options.inline_think = true;
	reads(D("\"<think>hm </th\"") D("\"inky></think>\\n\\nanswer <think>x</think>\"") DONE, &r);
	check_str(buf_cstr(&r.reasoning), "hm </thinky>");
	text_is(&r, "answer <think>x</think>");
	reads(D("\" \\n<think>\\nhm\\n</think>  answer\"") DONE, &r);
	check_str(buf_cstr(&r.reasoning), "\nhm\n");
	text_is(&r, "answer");
	reads(D("\"<thin\"") D("\" ice\"") DONE, &r);
	text_is(&r, "<thin ice");
	reads(D("\"<\"") DONE, &r);
	text_is(&r, "<");
	reads(D("\"a <think>b</think>\"") DONE, &r);
	text_is(&r, "a <think>b</think>");
	reads(D("\"<think>a <</think>b\"") DONE, &r);
	check_str(buf_cstr(&r.reasoning), "a <");
	text_is(&r, "b");
	reads(D("\"<think>never closed </thi\"") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n", &r);
	check_int(r.result, UPSTREAM_OK);
	check_str(buf_cstr(&r.reasoning), "never closed </thi");
	text_is(&r, "");
	options.inline_think = false;
	reads(D("\"<think>hm</think>a\"") DONE, &r);
	text_is(&r, "<think>hm</think>a");
	rec_fini(&r);
}

TEST(a_refusal_is_the_answer_and_flagged)
{
	struct rec r = { 0 };

	reads(DELTA("\"content\":null,\"refusal\":\"I can't \"") DELTA("\"refusal\":\"help.\"") DELTA("\"refusal\":null") STOP DONE, &r);
	check_int(r.result, UPSTREAM_OK);
	text_is(&r, "I can't help.");
	check_str(buf_cstr(&r.notices), "[refusal: the model refused to answer]");
	rec_fini(&r);
}

TEST(tool_calls_are_noted_and_not_run)
{
	struct rec r = { 0 };

	reads(DELTA("\"tool_calls\":[{\"id\":\"c1\",\"function\":{\"name\":\"search\",\"arguments\":\"\"},\"extra_content\":{\"google\":{\"thought_signature\":\"x\"}}}]")
			DELTA("\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"\",\"arguments\":\"{\\\"q\"}}]") DELTA("\"tool_calls\":[]") STOP DONE,
		&r);
	check_int(r.result, UPSTREAM_E_ERROR);
	check_has(r.why, "tool");
	check_has(buf_cstr(&r.notices), "search");
	reads(D("\"text first\"") DELTA("\"function_call\":{\"name\":\"f\",\"arguments\":\"\"}")
			"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"function_call\"}]}\n\n",
		&r);
	check_int(r.result, UPSTREAM_OK);
	text_is(&r, "text first");
	check_str(r.finish, "function_call");
	rec_fini(&r);
}

TEST(finish_reasons_known_and_unknown)
{
	struct rec r = { 0 };
	static const char *const known[] = { "stop", "length", "tool_calls", "function_call", "content_filter", "eos", "eos_token",
		"stop_sequence", "end_turn", "max_tokens", "MAX_TOKENS", "SAFETY", "RECITATION", "abort" };
	char s[512];

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		snprintf(s, sizeof(s), D("\"a\"") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"%s\"}]}\n\n", known[i]);
		check(reads_n(s, strlen(s), &r));
		check_msg(r.result == UPSTREAM_OK, "%s: %s", known[i], r.why);
		check_str(r.finish, known[i]);
		check_str(buf_cstr(&r.notices), "");
	}
	reads(D("\"a\"") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"mystery\"}]}\n\n", &r);
	check_int(r.result, UPSTREAM_OK);
	check_str(r.finish, "mystery");
	check_str(buf_cstr(&r.notices), "[unknown_finish: mystery]");
	reads(D("\"a\"") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":2}]}\n\n", &r);
	check_str(r.finish, "2");
	reads("data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"\"}]}\n\n", &r);
	check_int(r.result, UPSTREAM_E_TRUNCATED);
	reads(D("\"a\"") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"error\"}]}\n\n", &r);
	check_int(r.result, UPSTREAM_E_ERROR);
	reads("data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"end_turn\":true}]}\n\n", &r);
	check_int(r.result, UPSTREAM_OK);
	rec_fini(&r);
}

TEST(the_first_finish_reason_stands_and_later_text_counts)
{
	struct rec r = { 0 };

	reads(D("\"a\"") STOP D("\"b\"") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n" DONE, &r);
	text_is(&r, "ab");
	check_str(r.finish, "stop");
	rec_fini(&r);
}

TEST(whole_messages_beside_deltas_are_not_said_twice)
{
	struct rec r = { 0 };

#define P(delta, message) "data: {\"object\":\"chat.completion\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"" message "\"},\"delta\":{\"content\":\"" delta "\"}}]}\n\n"
	reads(P("a", "a") P("b", "ab") P("", "ab") STOP DONE, &r);
	text_is(&r, "ab");
	/* No deltas: the message grows, or comes in pieces. */
#define W(message) "data: {\"choices\":[{\"index\":0,\"message\":{\"content\":\"" message "\"}}]}\n\n"
	reads(W("Hello") W("Hello wor") W("Hello wor") W("Hello world") STOP, &r);
	text_is(&r, "Hello world");
	reads(W("Hello ") W("big ") W("world") STOP, &r);
	text_is(&r, "Hello big world");
	reads(D("\"a\"") D("\"b\"") W("ab") STOP, &r);
	text_is(&r, "ab");
	rec_fini(&r);
}

TEST(surrogates_and_sequences_split_over_deltas_are_joined)
{
	struct rec r = { 0 };

	reads(D("\"x\\ud83d\"") D("\"\"") D("\"\\ude42y\"") DONE, &r);
	text_is(&r, "x\xF0\x9F\x99\x82y");
	reads(D("\"x\\ud83d\"") D("\"y\"") DONE, &r);
	text_is(&r, "x\xEF\xBF\xBDy");
	reads(D("\"x\\ud83d\"") DONE, &r);
	text_is(&r, "x\xEF\xBF\xBD");
	reads(D("\"\\ude42 \\ud83d\\ud83d\\ude42\"") DONE, &r);
	text_is(&r, "\xEF\xBF\xBD \xEF\xBF\xBD\xF0\x9F\x99\x82");
	reads(D("\"x\xF0\x9F\"") D("\"\x99\"") D("\"\x82y\"") DONE, &r);
	text_is(&r, "x\xF0\x9F\x99\x82y");
	reads(D("\"x\xF0\x9F\"") D("\"y\"") DONE, &r);
	text_is(&r, "x\xEF\xBF\xBDy");
	reads(D("\"x\xF0\x9F\"") DONE, &r);
	text_is(&r, "x\xEF\xBF\xBD");
	reads(DELTA("\"reasoning\":\"\\ud83d\"") D("\"a\"") DELTA("\"reasoning\":\"\\ude42\"") DONE, &r);
	check_str(buf_cstr(&r.reasoning), "\xF0\x9F\x99\x82");
	rec_fini(&r);
}

TEST(hostile_json_is_survived)
{
	struct rec r = { 0 };
	struct buf deep = { 0 };

	reads(D("\"a\\u0000b\x01\xFF\xC0\xAF c\"") DONE, &r);
	check_has(buf_cstr(&r.text), "a\xEF\xBF\xBD"
				      "b");
	reads("data: {\"created\":123456789012345678901234567890,\"x\":1e400,\"y\":-1E-999,\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n" DONE, &r);
	check_int(r.result, UPSTREAM_OK);
	text_is(&r, "a");
	reads("data: {\"choices\":[],\"choices\":[{\"delta\":{\"content\":\"a\",\"content\":\"b\"}}]}\n\n" DONE, &r);
	text_is(&r, "b");
	reads("data: {\"ch\\u006fices\":[{\"delt\\u0061\":{\"c\\u006fntent\":\"escaped keys\"}}]}\n\n" DONE, &r);
	text_is(&r, "escaped keys");
	buf_add_str(&deep, D("\"a\"") "data: {\"x\":");
	for (int i = 0; i < 10000; i++)
		buf_add_byte(&deep, '[');
	buf_add_str(&deep, "\n\n" D("\"b\"") DONE);
	rec_fini(&r);
	read_in_steps(buf_cstr(&deep), deep.len, 100, 100, &r);
	check_int(r.result, UPSTREAM_E_PROTOCOL);
	text_is(&r, "ab");
	buf_fini(&deep);
	rec_fini(&r);
}

/* ---- errors ---- */

TEST(errors_in_the_stream_keep_the_text_and_beat_the_choices)
{
	static const struct {
		const char *event;
		enum upstream_result result;
		const char *words;
	} cases[] = {
		{ "{\"error\":{\"message\":\"CUDA out of memory\",\"type\":\"server_error\",\"code\":500}}", UPSTREAM_E_ERROR, "CUDA out of memory" },
		{ "{\"error\":\"plain words\"}", UPSTREAM_E_ERROR, "plain words" },
		{ "{\"error\":{\"message\":\"inner\"},\"message\":\"outer\"}", UPSTREAM_E_ERROR, "inner" },
		{ "{\"error\":true,\"message\":\"outer\"}", UPSTREAM_E_ERROR, "outer" },
		{ "{\"detail\":\"a FastAPI detail\"}", UPSTREAM_E_ERROR, "a FastAPI detail" },
		{ "{\"message\":\"overloaded\",\"code\":429}", UPSTREAM_E_BUSY, "overloaded" },
		{ "{\"object\":\"error\",\"message\":\"old vLLM\",\"code\":400}", UPSTREAM_E_ERROR, "old vLLM" },
		{ "[{\"error\":{\"message\":\"in a list\",\"status\":\"RESOURCE_EXHAUSTED\"}}]", UPSTREAM_E_BUSY, "in a list" },
		{ "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}],\"error\":{\"message\":\"router\",\"code\":502}}", UPSTREAM_E_ERROR, "router" },
		{ "{\"choices\":[{\"index\":0,\"delta\":{},\"error\":{\"message\":\"in the choice\"}}]}", UPSTREAM_E_ERROR, "in the choice" },
		{ "{\"choices\":[],\"error\":{\"message\":\"no key\",\"code\":\"invalid_api_key\"}}", UPSTREAM_E_REFUSED, "no key" },
		{ "{\"error\":{\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable_error\"}}", UPSTREAM_E_BUSY, "Loading model" },
		{ "{\"error\":{\"message\":\"Provider returned error\",\"code\":400,\"metadata\":{\"raw\":\"the real reason\"}}}", UPSTREAM_E_ERROR, "the real reason" },
		{ "{\"error\":{\"code\":418}}", UPSTREAM_E_ERROR, "418" },
		{ "{\"error\":{\"x\":1}}", UPSTREAM_E_ERROR, "without saying why" },
		{ "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}", UPSTREAM_E_BUSY, "Overloaded" },
		{ "{\"errors\":[{\"message\":\"first\"},{\"message\":\"second\"}]}", UPSTREAM_E_ERROR, "first; second" },
	};
	struct rec r = { 0 };
	char s[1024];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int done = 0; done < 2; done++) {
			snprintf(s, sizeof(s), D("\"so far\"") "data: %s\n\n%s", cases[i].event, done ? DONE : "");
			check(reads_n(s, strlen(s), &r));
			check_msg(r.result == cases[i].result, "case %zu: %d %s", i, r.result, r.why);
			check_has(r.why, cases[i].words);
			text_is(&r, "so far");
		}
		/* As the whole reply it is no success either. */
		check(reads_n(cases[i].event, strlen(cases[i].event), &r));
		check_msg(r.result == cases[i].result, "alone, case %zu: %d %s", i, r.result, r.why);
	}
	rec_fini(&r);
}

TEST(an_error_that_is_null_is_none)
{
	struct rec r = { 0 };

	reads("data: {\"error\":null,\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"error\":{},\"detail\":null,\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n\n"
	      "data: {\"error\":\"\",\"choices\":[]}\n\ndata: {\"error\":false,\"choices\":[]}\n\n" DONE,
		&r);
	check_int(r.result, UPSTREAM_OK);
	text_is(&r, "ab");
	rec_fini(&r);
}

TEST(text_in_the_chunk_of_an_error_is_kept)
{
	struct rec r = { 0 };

	reads("data: {\"choices\":[{\"delta\":{\"content\":\"last words\"},\"finish_reason\":\"error\"}],\"error\":{\"message\":\"broke\"}}\n\n", &r);
	text_is(&r, "last words");
	check_str(r.why, "broke");
	rec_fini(&r);
}

TEST(an_answer_of_nothing_is_no_success_but_a_cut_one_may_be_empty)
{
	struct rec r = { 0 };

	reads(STOP DONE, &r);
	check_int(r.result, UPSTREAM_E_ERROR);
	check_has(r.why, "empty");
	reads(D("\"\\n`[A working...]`\\n\"") STOP DONE, &r);
	check_int(r.result, UPSTREAM_E_ERROR);
	check_str(buf_cstr(&r.status), "[A working...]");
	reads(DONE, &r);
	check(r.result != UPSTREAM_OK);
	reads("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\n", &r);
	check_int(r.result, UPSTREAM_OK);
	check_str(r.finish, "content_filter");
	rec_fini(&r);
}

TEST(the_seed_backends_error_text_is_kept_and_suspected)
{
	struct rec r = { 0 };

	reads(D("\"partial \"") D("\"\\n[Error: 429 {'a': [1]}]\"") STOP DONE, &r);
	check_int(r.result, UPSTREAM_OK);
	text_is(&r, "partial \n[Error: 429 {'a': [1]}]");
	check_str(buf_cstr(&r.notices), "[suspected_error: Error: 429 {'a': [1]}]");
	/* Not the last piece, not the shape. */
	reads(D("\"\\n[Error: x]\"") D("\" is what it says\"") STOP DONE, &r);
	check_str(buf_cstr(&r.notices), "");
	reads(D("\"[Error: x]\"") STOP DONE, &r);
	check_str(buf_cstr(&r.notices), "");
	reads(D("\"\\n[Error: x] \"") STOP DONE, &r);
	check_str(buf_cstr(&r.notices), "");
	reads(D("\"\\n[Error: x]\"") D("\"\"") STOP DONE, &r);
	check_has(buf_cstr(&r.notices), "suspected_error");
	rec_fini(&r);
}

TEST(texts_of_errors_are_one_clean_capped_line)
{
	struct buf s = { 0 };
	struct rec r = { 0 };

	buf_add_str(&s, "data: {\"error\":{\"message\":\"a\\n\\tb\\u001b[31m\\u202e \\u0000 ");
	for (int i = 0; i < 10000; i++)
		buf_add_str(&s, "\xC3\xA9");
	buf_add_str(&s, "\"}}\n\n");
	read_in_steps(buf_cstr(&s), s.len, 1000, 1000, &r);
	check(strlen(r.why) < 2100);
	check(!strncmp(r.why, "a b [31m ", 9));
	check(utf8_valid(r.why, strlen(r.why)));
	check(!strchr(r.why, '\n') && !strchr(r.why, '\x1b'));
	buf_fini(&s);
	rec_fini(&r);
}

/* ---- bounds ---- */

TEST(answer_and_reasoning_together_are_bounded)
{
	struct rec r = { 0 };

	options.max_answer = 10;
	reads(DELTA("\"reasoning\":\"1234\"") D("\"56789\xC3\xA9!\"") D("\"more\"") DONE, &r);
	check_int(r.result, UPSTREAM_E_TOO_LARGE);
	check_str(buf_cstr(&r.reasoning), "1234");
	text_is(&r, "56789"); /* the sixth byte would be half of one */
	options.max_answer = 11;
	reads(DELTA("\"reasoning\":\"1234\"") D("\"56789\xC3\xA9\"") DONE, &r);
	check_int(r.result, UPSTREAM_OK);
	options.max_answer = 0;
	rec_fini(&r);
}

/* ---- citations ---- */

static bool cites_n(const char *s, const char *want, struct rec *r)
{
	char *stream = mem_printf("data: %s\n\n" D("\"a\"") "data: %s\n\n" STOP DONE, s, s); /* twice: repeats count once */
	bool ok = reads_n(stream, strlen(stream), r) && !strcmp(buf_cstr(&r->sources), want) && !strcmp(buf_cstr(&r->text), "a") &&
		r->result == UPSTREAM_OK;

	if (!ok)
		printf("# %s: '%s' (%d %s)\n", s, buf_cstr(&r->sources), r->result, r->why);
	free(stream);
	return ok;
}

#define cites(s, want) check(cites_n(s, want, &r))

TEST(citations_of_every_format_in_one_shape)
{
	struct rec r = { 0 };

	/* OpenAI: nested and flat, of addresses and files. */
	cites("{\"choices\":[{\"delta\":{\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":{\"url\":\"https://a.example\",\"title\":\"A\",\"start_index\":1,\"end_index\":4,\"content\":\"q\"}},"
	      "{\"type\":\"url_citation\",\"url\":\"https://b.example\",\"title\":\"B\"},{\"type\":\"file_citation\",\"file_citation\":{\"file_id\":\"f-1\",\"filename\":\"x.pdf\",\"quote\":\"w\"}}]}}]}",
		"[1 url=https://a.example title=A quote=q][2 url=https://b.example title=B][3 path=x.pdf title=f-1 quote=w]");
	/* Perplexity: addresses, and more about them. */
	cites("{\"choices\":[],\"citations\":[\"https://a.example\",\"https://b.example\"],\"search_results\":[{\"title\":\"A\",\"url\":\"https://a.example\",\"date\":\"2026\"},"
	      "{\"title\":\"B\",\"url\":\"https://b.example\"}]}",
		"[1 url=https://a.example title=A][2 url=https://b.example title=B]");
	/* Azure On Your Data, new and old. */
	cites("{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"context\":{\"citations\":[{\"content\":\"words\",\"title\":\"T\",\"url\":null,\"filepath\":\"d.pdf\",\"chunk_id\":\"0\"}],\"intent\":\"[]\"}}}]}",
		"[1 path=d.pdf title=T quote=words]");
	cites("{\"choices\":[{\"delta\":{\"context\":{\"messages\":[{\"role\":\"tool\",\"content\":\"{\\\"citations\\\":[{\\\"title\\\":\\\"T\\\",\\\"filepath\\\":\\\"d.pdf\\\"}]}\"}]}}}]}",
		"[1 path=d.pdf title=T]");
	/* Open WebUI: passages of sources, pages from 0. */
	cites("{\"sources\":[{\"source\":{\"name\":\"r.pdf\"},\"document\":[\"one\",\"two\"],\"metadata\":[{\"source\":\"r.pdf\",\"page\":0},{\"name\":\"r.pdf\",\"page\":4}],\"distances\":[0.9,0.8]},"
	      "{\"source\":{\"name\":\"Web\",\"url\":\"https://w.example\"},\"document\":[\"three\"],\"metadata\":[{}]}]}",
		"[1 path=r.pdf quote=one page=1 score=0.9][1 path=r.pdf quote=two page=5 score=0.8][2 url=https://w.example title=Web quote=three]");
	cites("{\"event\":{\"type\":\"citation\",\"data\":{\"document\":[\"words\"],\"metadata\":[{\"source\":\"https://p.example\"}],\"source\":{\"name\":\"Pipe\"}}}}",
		"[1 url=https://p.example title=Pipe quote=words]");
	/* A JSON string of sources; Groq's tools; home-made lists. */
	cites("{\"choices\":[],\"extra\":\"{\\\"sources\\\": [{\\\"file_name\\\": \\\"e.md\\\", \\\"page_number\\\": \\\"12\\\"}]}\"}", "[1 path=e.md page=12]");
	cites("{\"choices\":[{\"delta\":{\"executed_tools\":[{\"search_results\":{\"results\":[{\"title\":\"G\",\"url\":\"https://g.example\",\"content\":\"c\",\"score\":0.5}]}}]}}]}",
		"[1 url=https://g.example title=G quote=c score=0.5]");
	cites("{\"sources\":[\"a.pdf\",\"https://b.example/x\",\"A book\",{\"source\":\"c.txt\",\"line\":7,\"n\":9}]}",
		"[1 path=a.pdf][2 url=https://b.example/x][3 title=A book][9 path=c.txt line=7]");
	rec_fini(&r);
}

TEST(citations_come_in_events_of_their_own_too)
{
	struct rec r = { 0 };

	reads("event: sources\ndata: [{\"title\":\"T\",\"url\":\"https://t.example\"}]\n\n" D("\"a\"")
		"event: citations\ndata: {\"citations\":[{\"file\":\"x.md\",\"page\":2}]}\n\n"
		"event: grounding\ndata: {\"groundingChunks\":[{\"web\":{\"uri\":\"https://g.example\",\"title\":\"G\"}}]}\n\n" DONE,
		&r);
	check_str(buf_cstr(&r.sources), "[1 url=https://t.example title=T][1 path=x.md page=2][1 url=https://g.example title=G]");
	text_is(&r, "a");
	check_str(buf_cstr(&r.notices), "");
	rec_fini(&r);
}

TEST(broken_citations_harm_nobody)
{
	struct rec r = { 0 };

	cites("{\"choices\":[],\"citations\":\"none\"}", "");
	cites("{\"choices\":[],\"citations\":[null,5,{},[],\"\"]}", "");
	cites("{\"choices\":[],\"sources\":{\"a\":1}}", "");
	cites("{\"choices\":[],\"extra\":\"not json\"}", "");
	cites("{\"choices\":[{\"delta\":{\"annotations\":{\"a\":[]},\"context\":[1]}}]}", "");
	cites("{\"choices\":[],\"sources\":[{\"document\":[1,2],\"metadata\":[3]},{\"metadata\":[]}]}", "");
	cites("{\"choices\":[],\"citations\":[{\"url\":{\"url\":{\"url\":{\"url\":{\"url\":{\"url\":{\"url\":{\"url\":\"https://deep\"}}}}}}}}]}", "");
	rec_fini(&r);
}

TEST(quotes_are_cut_at_a_code_point)
{
	struct buf s = { 0 };
	struct rec r = { 0 };

	buf_add_str(&s, "data: {\"choices\":[],\"sources\":[{\"file\":\"x.md\",\"text\":\"!");
	for (int i = 0; i < 2000; i++)
		buf_add_str(&s, "\xC3\xA9");
	buf_add_str(&s, "\"}]}\n\n" D("\"a\"") DONE);
	read_in_steps(buf_cstr(&s), s.len, 512, 512, &r);
	check_int(r.sources.len, strlen("[1 path=x.md quote=]") + 1999);
	buf_fini(&s);
	rec_fini(&r);
}

TEST(azures_samples_are_lines_of_messages)
{
	struct rec r = { 0 };

	reads("{\"object\":\"extensions.chat.completion.chunk\",\"choices\":[{\"messages\":[{\"role\":\"tool\",\"content\":\"{\\\"citations\\\":[{\\\"title\\\":\\\"T\\\"}]}\"}]}]}\n\n"
	      "{\"choices\":[{\"messages\":[{\"role\":\"assistant\",\"content\":\"Hel\"}]}]}\n\n"
	      "{\"choices\":[{\"messages\":[{\"delta\":{\"content\":\"lo\"},\"end_turn\":false}]}]}\n\n"
	      "{\"choices\":[{\"messages\":[{\"delta\":{\"content\":\"[DONE]\"},\"end_turn\":true}]}]}\n\n",
		&r);
	check_int(r.result, UPSTREAM_OK);
	text_is(&r, "Hello");
	check_str(buf_cstr(&r.sources), "[1 title=T]");
	rec_fini(&r);
}

TEST_MAIN()
