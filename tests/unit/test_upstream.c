/* The backend over real sockets and a real loop: answers, ends of every kind, retries, timeouts, uploads. */
#include <uv.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/upstream/transfer.h"
#include "tests/unit/http_server.h"
#include "tests/unit/test.h"

/* ---- the owner of answers ---- */

struct world {
	uv_loop_t loop;
	struct upstream *u;
	struct upstream_config config;
	bool closed;
};

struct got {
	struct world *w;
	uint64_t id;
	struct buf text, reasoning, status, notices, sources, usage, metadata;
	int ended, deltas, deltas_after_end;
	enum upstream_result result;
	char *why, *finish, *model;
	long http;
	int64_t retry_ms;
	uint64_t ended_ms;
	bool cancel_at_delta;
	struct got *ask_at_end;
};

static void on_delta(void *ctx, const char *s, size_t n)
{
	struct got *g = ctx;

	g->deltas_after_end += g->ended;
	g->deltas++;
	buf_add(&g->text, s, n);
	if (g->cancel_at_delta)
		upstream_cancel(g->w->u, g->id);
}

static void on_reasoning(void *ctx, const char *s, size_t n)
{
	buf_add(&((struct got *)ctx)->reasoning, s, n);
}

static void on_status(void *ctx, const char *s, size_t n)
{
	buf_addf(&((struct got *)ctx)->status, "[%.*s]", (int)n, s);
}

static void on_notice(void *ctx, const char *name, const char *text)
{
	buf_addf(&((struct got *)ctx)->notices, "[%s: %s]", name, text);
}

static void on_source(void *ctx, const struct source *s)
{
	buf_addf(&((struct got *)ctx)->sources, "[%d %s]", s->n, s->url ? s->url : s->path);
}

static void on_usage(void *ctx, const char *json, size_t n)
{
	buf_addf(&((struct got *)ctx)->usage, "%.*s", (int)n, json);
}

static void on_metadata(void *ctx, const char *json, size_t n)
{
	buf_addf(&((struct got *)ctx)->metadata, "%.*s", (int)n, json);
}

static void ask(struct world *w, struct got *g);

static void on_end(void *ctx, const struct upstream_end *end)
{
	struct got *g = ctx;

	g->ended++;
	g->result = end->result;
	g->why = mem_dup(end->text ? end->text : "");
	g->finish = mem_dup(end->finish_reason ? end->finish_reason : "");
	g->model = mem_dup(end->model ? end->model : "");
	g->http = end->status;
	g->retry_ms = end->retry_ms;
	g->ended_ms = clock_mono_ms();
	if (g->ask_at_end)
		ask(g->w, g->ask_at_end);
}

static const struct upstream_events events = { on_delta, on_reasoning, on_status, on_notice, on_source,
	on_usage, on_metadata, on_end };

static void got_fini(struct got *g)
{
	struct buf *all[] = { &g->text, &g->reasoning, &g->status, &g->notices, &g->sources, &g->usage, &g->metadata };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		buf_fini(all[i]);
	free(g->why);
	free(g->finish);
	free(g->model);
	*g = (struct got){ 0 };
}

static const struct chat_message hello[] = { { "system", "be brief", 8 }, { "user", "h\"i\n\xC3\xA9", 6 } };

static void ask(struct world *w, struct got *g)
{
	struct chat_request req = { .messages = hello, .nmessages = 2 };

	g->w = w;
	g->id = upstream_chat(w->u, &req, &events, g);
}

static void on_tick(uv_timer_t *t)
{
	(void)t;
}

static void on_gone(uv_handle_t *h)
{
	free(h);
}

/* Turns the loop until *flag reaches want, for a minute at most: a busy machine is no failure. */
static bool run_until(struct world *w, const int *flag, int want)
{
	uint64_t end = clock_mono_ms() + 60000;
	uv_timer_t *tick = malloc(sizeof(*tick));

	uv_timer_init(&w->loop, tick);
	uv_timer_start(tick, on_tick, 5, 5);
	while (*flag < want && clock_mono_ms() < end)
		uv_run(&w->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)tick, on_gone);
	uv_run(&w->loop, UV_RUN_NOWAIT);
	return *flag >= want;
}

static void run_for(struct world *w, int ms)
{
	uint64_t end = clock_mono_ms() + (uint64_t)ms;
	int never = 0;

	while (clock_mono_ms() < end) {
		uv_timer_t *tick = malloc(sizeof(*tick));

		(void)never;
		uv_timer_init(&w->loop, tick);
		uv_timer_start(tick, on_tick, 2, 0);
		uv_run(&w->loop, UV_RUN_ONCE);
		uv_close((uv_handle_t *)tick, on_gone);
	}
}

static struct upstream_config usual(const char *url)
{
	return (struct upstream_config){
		.url = url,
		.inline_think = true,
		.connect_timeout_ms = 30000,
		.first_byte_timeout_ms = 30000,
		.idle_timeout_ms = 30000,
		.finish_grace_ms = 2000,
		.retries = 2,
		.retry_base_ms = 4,
		.retry_max_ms = 2000,
		.max_event = 16 << 20,
		.max_answer = 8 << 20,
	};
}

static void world_open(struct world *w, const struct upstream_config *config)
{
	char *why = NULL;

	*w = (struct world){ .config = *config };
	uv_loop_init(&w->loop);
	if (upstream_new(&w->u, &w->loop, config, &why) != 0) {
		printf("# %s\n", why);
		abort();
	}
}

static void on_world_closed(void *ctx)
{
	((struct world *)ctx)->closed = true;
}

static void world_close(struct world *w)
{
	upstream_close(w->u, on_world_closed, w);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	if (!w->closed || uv_loop_close(&w->loop) != 0)
		abort();
}

/* One question to a script, with what `config` says but for the address. */
static bool ask_once(http_script script, const struct upstream_config *config, struct got *g, int *requests)
{
	struct http_server *s = http_start(script, NULL);
	struct upstream_config c = config ? *config : usual("");
	struct world w;
	bool ended;

	c.url = s->url;
	world_open(&w, &c);
	ask(&w, g);
	ended = run_until(&w, &g->ended, 1);
	world_close(&w);
	if (requests)
		*requests = s->requests;
	http_stop(s);
	return ended && g->ended == 1 && !g->deltas_after_end;
}

#define check_has(hay, needle) check_msg(strstr((hay), (needle)), "'%s' is not in '%s'", needle, (const char *)(hay))

/* ---- answers ---- */

static bool says_hello(struct http_request *r)
{
	http_say(r->fd, HTTP_STREAM);
	http_delta(r->fd, "Hel");
	http_delta(r->fd, "lo \\ud83d");
	http_delta(r->fd, "\\ude42");
	http_finish(r->fd, "stop");
	http_chunk(r->fd, "data: {\"choices\":[],\"usage\":{\"total_tokens\":7},\"citations\":[\"https://a.example/x\"]}\n\n");
	return http_done(r->fd);
}

TEST(an_answer_comes_whole_with_all_that_belongs_to_it)
{
	struct got g = { 0 };

	check(ask_once(says_hello, NULL, &g, NULL));
	check_int(g.result, UPSTREAM_OK);
	check_str(buf_cstr(&g.text), "Hello \xF0\x9F\x99\x82");
	check_str(g.finish, "stop");
	check_str(g.model, "m-1");
	check_int(g.http, 200);
	check_str(buf_cstr(&g.usage), "{\"total_tokens\":7}");
	check_str(buf_cstr(&g.sources), "[1 https://a.example/x]");
	got_fini(&g);
}

TEST(the_request_is_what_servers_expect)
{
	struct http_server *s = http_start(says_hello, NULL);
	const char *headers[] = { "X-Team: blue" };
	const char *options[] = { "temperature=0.2", "stop=END" };
	struct upstream_config c = usual(s->url);
	struct chat_request req = { .messages = hello, .nmessages = 2, .options = "{\"temperature\":1,\"top_p\":0.5}" };
	struct got g = { 0 };
	struct world w;
	char value[256];

	c.key = "sk-secret";
	c.headers = headers;
	c.nheaders = 1;
	c.options = options;
	c.noptions = 2;
	c.include_usage = true;
	world_open(&w, &c);
	g.w = &w;
	g.id = upstream_chat(w.u, &req, &events, &g);
	check(g.id != 0);
	check_int(g.ended, 0);
	check(run_until(&w, &g.ended, 1));
	check(!strncmp(s->last_head, "POST /v1/chat/completions HTTP/1.1\r\n", 36));
	check_str(http_header(s->last_head, "Authorization", value, sizeof(value)), "Bearer sk-secret");
	check_str(http_header(s->last_head, "X-Team", value, sizeof(value)), "blue");
	check_str(http_header(s->last_head, "Content-Type", value, sizeof(value)), "application/json");
	check(!http_header(s->last_head, "Expect", value, sizeof(value)));
	check_str(s->last_body, "{\"model\":\"default\",\"messages\":[{\"role\":\"system\",\"content\":\"be brief\"},"
				"{\"role\":\"user\",\"content\":\"h\\\"i\\n\xC3\xA9\"}],\"stream\":true,"
				"\"stream_options\":{\"include_usage\":true},\"temperature\":1,\"stop\":\"END\",\"top_p\":0.5}");
	world_close(&w);
	http_stop(s);
	got_fini(&g);
}

TEST(the_request_is_described_without_its_secrets)
{
	const char *headers[] = { "X-Api-Key: hush", "X-Team: blue" };
	struct upstream_config c = usual("https://models.example/base/v1/");
	struct chat_request req = { .messages = hello, .nmessages = 1, .model = "big" };
	struct world w;
	char *text;

	c.key = "sk-secret";
	c.headers = headers;
	c.nheaders = 2;
	world_open(&w, &c);
	check_str(upstream_url(w.u), "https://models.example/base");
	text = upstream_describe(w.u, &req);
	check_has(text, "\"url\":\"https://models.example/base/v1/chat/completions\"");
	check_has(text, "Authorization: Bearer ****");
	check_has(text, "X-Api-Key: ****");
	check_has(text, "X-Team: blue");
	check_has(text, "\"model\":\"big\"");
	check(!strstr(text, "secret") && !strstr(text, "hush"));
	free(text);
	req.options = "[1]";
	check(!upstream_describe(w.u, &req));
	world_close(&w);
}

TEST(addresses_are_checked_when_they_are_set)
{
	static const char *const headers[] = { "no colon", ": empty", "Two words: x", "X: a\r\nY: b" };
	char long_path[200] = "unix:/";
	static const struct {
		const char *url, *word;
	} bad[] = { { "", "http://" }, { "ftp://x", "http://" }, { "localhost:8080", "http://" }, { "http://", "" },
		{ "http://u:p@h", "api_key" }, { "unix:relative", "absolute" }, { "http://h/#x", "#" }, { "http://h:99999", "" } };
	uv_loop_t loop;

	uv_loop_init(&loop);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct upstream_config c = usual(bad[i].url);
		struct upstream *u = NULL;
		char *why = NULL;

		check_int(upstream_new(&u, &loop, &c, &why), -EINVAL);
		check(why && !u);
		check_has(why, bad[i].word);
		free(why);
	}
	for (size_t i = 0; i < 6; i++) {
		struct upstream_config c = usual("http://localhost///v1//");
		struct upstream *u = NULL;
		char *why = NULL;

		c.headers = &headers[i < 4 ? i : 0];
		c.nheaders = i < 4;
		c.key = i == 4 ? "two\nlines" : NULL;
		if (i == 5) {
			memset(long_path + 6, 'x', 150);
			c.url = long_path;
		}
		check_msg(upstream_new(&u, &loop, &c, &why) == -EINVAL, "case %zu", i);
		check(!strstr(why, "lines"));
		free(why);
	}
	check_int(uv_loop_close(&loop), 0);
}

static bool refuses_bad_options(struct http_request *r)
{
	return http_reply(r->fd, 500, "", "never asked");
}

TEST(options_that_are_no_object_are_an_error_and_no_request)
{
	struct http_server *s = http_start(refuses_bad_options, NULL);
	struct upstream_config c = usual(s->url);
	struct chat_request req = { .messages = hello, .nmessages = 1, .options = "nonsense" };
	struct got g = { 0 };
	struct world w;

	world_open(&w, &c);
	g.id = upstream_chat(w.u, &req, &events, &g);
	check_int(g.ended, 0);
	check(run_until(&w, &g.ended, 1));
	check_int(g.result, UPSTREAM_E_ERROR);
	check_int(s->requests, 0);
	world_close(&w);
	http_stop(s);
	got_fini(&g);
}

static bool agents(struct http_request *r)
{
	http_say(r->fd, HTTP_STREAM);
	http_delta(r->fd, "\\n`[Planner wor");
	http_delta(r->fd, "king...]`\\n\\n```json\\n{\\\"a\\\": 1}\\n");
	http_delta(r->fd, "```\\n\\n# Report\\n");
	http_finish(r->fd, "stop");
	return http_done(r->fd);
}

TEST(status_lines_and_the_metadata_block_are_split_off_unless_told)
{
	struct upstream_config c = usual("");
	struct got g = { 0 };

	check(ask_once(agents, NULL, &g, NULL));
	check_str(buf_cstr(&g.text), "# Report\n");
	check_str(buf_cstr(&g.status), "[Planner working...]");
	check_str(buf_cstr(&g.metadata), "{\"a\": 1}");
	got_fini(&g);
	c.raw_text = true;
	check(ask_once(agents, &c, &g, NULL));
	check_str(buf_cstr(&g.text), "\n`[Planner working...]`\n\n```json\n{\"a\": 1}\n```\n\n# Report\n");
	got_fini(&g);
}

/* python3 -c "import gzip; print(gzip.compress(b'data: {...}\n\ndata: [DONE]\n\n', mtime=0))" */
static const unsigned char gzip_body[] = {
#include "tests/unit/gzip_body.inc"
};

static bool compressed(struct http_request *r)
{
	http_say(r->fd, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
		sizeof(gzip_body));
	http_send(r->fd, gzip_body, sizeof(gzip_body));
	return true;
}

static bool compressed_unsaid(struct http_request *r)
{
	http_say(r->fd, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %zu\r\n\r\n", sizeof(gzip_body));
	http_send(r->fd, gzip_body, sizeof(gzip_body));
	return true;
}

TEST(compressed_answers_are_read_and_unsaid_compression_is_named)
{
	struct got g = { 0 };

	check(ask_once(compressed, NULL, &g, NULL));
	check_int(g.result, UPSTREAM_OK);
	check_str(buf_cstr(&g.text), "squeezed");
	got_fini(&g);
	check(ask_once(compressed_unsaid, NULL, &g, NULL));
	check_int(g.result, UPSTREAM_E_PROTOCOL);
	check_has(g.why, "compressed");
	got_fini(&g);
}

TEST(a_backend_on_a_unix_socket)
{
	char path[64];
	struct http_server *s;
	struct upstream_config c;
	struct got g = { 0 };
	struct world w;
	char value[64];

	snprintf(path, sizeof(path), "/tmp/ragchat-test-%d.sock", getpid());
	s = http_start(says_hello, path);
	c = usual(s->url);
	c.proxy = "http://127.0.0.1:9";
	world_open(&w, &c);
	ask(&w, &g);
	check(run_until(&w, &g.ended, 1));
	check_int(g.result, UPSTREAM_OK);
	check_str(http_header(s->last_head, "Host", value, sizeof(value)), "localhost");
	world_close(&w);
	http_stop(s);
	unlink(path);
	got_fini(&g);
}

TEST(the_environment_names_no_proxy_here)
{
	struct got g = { 0 };

	setenv("http_proxy", "http://127.0.0.1:9", 1);
	setenv("all_proxy", "http://127.0.0.1:9", 1);
	check(ask_once(says_hello, NULL, &g, NULL));
	check_int(g.result, UPSTREAM_OK);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	got_fini(&g);
}

TEST(a_proxy_that_fails_is_named_and_its_password_is_not)
{
	static const char *const proxies[] = { "http://user:hush@127.0.0.1:9", "http://user:hush@no-such-proxy.invalid:1" };

	for (int i = 0; i < 2; i++) {
		struct upstream_config c = usual("http://backend.invalid:81");
		struct got g = { 0 };
		struct world w;

		c.proxy = proxies[i];
		c.retries = 0;
		world_open(&w, &c);
		ask(&w, &g);
		check(run_until(&w, &g.ended, 1));
		check_int(g.result, UPSTREAM_E_UNREACHABLE);
		check_has(g.why, "proxy");
		check(!strstr(g.why, "hush"));
		world_close(&w);
		got_fini(&g);
	}
}

TEST(a_configured_proxy_is_asked_with_the_whole_address)
{
	struct http_server *s = http_start(says_hello, NULL);
	struct upstream_config c = usual("http://backend.invalid:81");
	struct got g = { 0 };
	struct world w;

	c.proxy = s->url;
	world_open(&w, &c);
	ask(&w, &g);
	check(run_until(&w, &g.ended, 1));
	check_int(g.result, UPSTREAM_OK);
	check(!strncmp(s->last_head, "POST http://backend.invalid:81/v1/chat/completions ", 51));
	world_close(&w);
	http_stop(s);
	got_fini(&g);
}

/* ---- ends ---- */

static bool breaks_off(struct http_request *r)
{
	http_say(r->fd, HTTP_STREAM);
	http_delta(r->fd, "half");
	return false;
}

static bool resets(struct http_request *r)
{
	http_say(r->fd, HTTP_STREAM);
	http_delta(r->fd, "half");
	return http_reset(r->fd);
}

static bool ends_without_a_word(struct http_request *r)
{
	http_say(r->fd, HTTP_STREAM);
	http_delta(r->fd, "half");
	http_say(r->fd, "0\r\n\r\n");
	return true;
}

static bool ends_by_closing(struct http_request *r)
{
	http_say(r->fd, "HTTP/1.1 200 OK\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\ndata: {\"choi");
	return false;
}

static bool bad_chunk_size(struct http_request *r)
{
	http_say(r->fd, HTTP_STREAM);
	http_delta(r->fd, "half");
	http_say(r->fd, "zzz\r\n");
	usleep(20000);
	return false;
}

TEST(an_answer_that_breaks_off_is_truncated_kept_and_not_asked_again)
{
	http_script ways[] = { breaks_off, resets, ends_without_a_word, ends_by_closing, bad_chunk_size };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct got g = { 0 };
		int requests;

		check(ask_once(ways[i], NULL, &g, &requests));
		check_msg(g.result == UPSTREAM_E_TRUNCATED, "way %zu: result %d, %s", i, g.result, g.why);
		check_str(buf_cstr(&g.text), "half");
		check_has(g.why, "broke off");
		check_int(requests, 1);
		got_fini(&g);
	}
}

static bool finishes_and_closes(struct http_request *r)
{
	http_say(r->fd, HTTP_STREAM);
	http_delta(r->fd, "all");
	http_finish(r->fd, "length");
	return false; /* not even the last chunk of the transfer coding */
}

TEST(a_finish_reason_makes_an_answer_whole_however_the_connection_ends)
{
	struct got g = { 0 };

	check(ask_once(finishes_and_closes, NULL, &g, NULL));
	check_int(g.result, UPSTREAM_OK);
	check_str(g.finish, "length");
	check_str(buf_cstr(&g.text), "all");
	got_fini(&g);
}

static bool heartbeats_for_ever(struct http_request *r)
{
	http_say(r->fd, HTTP_STREAM);
	http_delta(r->fd, "all");
	http_finish(r->fd, "stop");
	while (!http_wait_gone(r->fd, 10))
		http_chunk(r->fd, ": ping\n\n");
	return false;
}

TEST(heartbeats_after_the_finish_do_not_extend_the_grace)
{
	struct upstream_config c = usual("");
	uint64_t start = clock_mono_ms();
	struct got g = { 0 };

	c.finish_grace_ms = 80;
	check(ask_once(heartbeats_for_ever, &c, &g, NULL));
	check_int(g.result, UPSTREAM_OK);
	check_str(buf_cstr(&g.text), "all");
	check(g.ended_ms - start >= 80);
	check(g.ended_ms - start < 20000);
	got_fini(&g);
}

static bool usage_within_the_grace(struct http_request *r)
{
	http_say(r->fd, HTTP_STREAM);
	http_delta(r->fd, "all");
	http_finish(r->fd, "stop");
	usleep(50000);
	http_delta(r->fd, " and more");
	usleep(50000);
	http_chunk(r->fd, "data: {\"choices\":[],\"usage\":{\"n\":1}}\n\n");
	http_wait_gone(r->fd, 5000);
	return false;
}

TEST(usage_and_late_text_within_the_grace_count)
{
	struct upstream_config c = usual("");
	struct got g = { 0 };

	c.finish_grace_ms = 2000;
	check(ask_once(usage_within_the_grace, &c, &g, NULL));
	check_int(g.result, UPSTREAM_OK);
	check_str(buf_cstr(&g.text), "all and more");
	check_str(buf_cstr(&g.usage), "{\"n\":1}");
	got_fini(&g);
}

static bool done_and_stays_open(struct http_request *r)
{
	http_say(r->fd, HTTP_STREAM);
	http_delta(r->fd, "all");
	http_chunk(r->fd, "data: [DONE]\n\n");
	http_wait_gone(r->fd, 8000);
	return false;
}

TEST(the_end_mark_ends_the_answer_at_once_and_the_connection_a_little_later)
{
	struct http_server *s = http_start(done_and_stays_open, NULL);
	struct upstream_config c = usual(s->url);
	uint64_t start = clock_mono_ms();
	struct upstream_figures figures;
	struct got g = { 0 };
	struct world w;

	c.finish_grace_ms = 4000;
	world_open(&w, &c);
	ask(&w, &g);
	check(run_until(&w, &g.ended, 1));
	check_int(g.result, UPSTREAM_OK);
	check_msg(g.ended_ms - start < 3500, "%d ms", (int)(g.ended_ms - start));
	for (int i = 0; i < 3000 && !s->gone; i++)
		run_for(&w, 10);
	check_int(s->gone, 1);
	upstream_figures(w.u, &figures);
	check_int(figures.active, 0);
	world_close(&w);
	http_stop(s);
	got_fini(&g);
}

TEST(idle_connections_go_after_a_while_and_come_back)
{
	struct http_server *s = http_start(says_hello, NULL);
	struct upstream_config c = usual(s->url);
	struct got first = { 0 }, second = { 0 };
	struct world w;

	world_open(&w, &c);
	w.u->rest_ms = 30;
	ask(&w, &first);
	check(run_until(&w, &first.ended, 1));
	for (int i = 0; i < 3000 && !s->gone; i++)
		run_for(&w, 10);
	check_int(s->gone, 1);
	ask(&w, &second);
	check(run_until(&w, &second.ended, 1));
	check_int(second.result, UPSTREAM_OK);
	check_int(s->connections, 2);
	world_close(&w);
	http_stop(s);
	got_fini(&first);
	got_fini(&second);
}

static bool last_chunk_comes_late(struct http_request *r)
{
	http_say(r->fd, HTTP_STREAM);
	http_delta(r->fd, "all");
	http_chunk(r->fd, "data: [DONE]\n\n");
	usleep(60000);
	http_say(r->fd, "0\r\n\r\n");
	return true;
}

TEST(after_the_end_mark_the_connection_is_read_on_and_used_again)
{
	struct http_server *s = http_start(last_chunk_comes_late, NULL);
	struct upstream_config c = usual(s->url);
	struct upstream_figures figures;
	struct got g[3] = { 0 };
	struct world w;

	c.finish_grace_ms = 20000;
	world_open(&w, &c);
	for (int i = 0; i < 3; i++) {
		ask(&w, &g[i]);
		check(run_until(&w, &g[i].ended, 1));
		check_int(g[i].result, UPSTREAM_OK);
		do /* the transfer goes on behind the answer */
			run_for(&w, 10);
		while (upstream_figures(w.u, &figures), figures.active);
	}
	check_int(s->requests, 3);
	check_int(s->connections, 1);
	world_close(&w);
	http_stop(s);
	for (int i = 0; i < 3; i++)
		got_fini(&g[i]);
}

static bool error_in_the_stream(struct http_request *r)
{
	http_say(r->fd, HTTP_STREAM);
	http_delta(r->fd, "half");
	http_chunk(r->fd, "data: {\"error\":{\"message\":\"slow down\",\"code\":429}}\n\n");
	http_wait_gone(r->fd, 5000);
	return false;
}

TEST(an_error_in_the_stream_ends_it_with_the_text_kept)
{
	struct got g = { 0 };
	int requests;

	check(ask_once(error_in_the_stream, NULL, &g, &requests));
	check_int(g.result, UPSTREAM_E_BUSY);
	check_has(g.why, "slow down");
	check_str(buf_cstr(&g.text), "half");
	check_int(requests, 1);
	got_fini(&g);
}

/* ---- refusals ---- */

static int refuse_status;
static const char *refuse_headers, *refuse_body;

static bool refuses(struct http_request *r)
{
	return http_reply(r->fd, refuse_status, refuse_headers, refuse_body);
}

TEST(refusals_say_cause_and_remedy)
{
	static const struct {
		int status;
		const char *headers, *body;
		enum upstream_result result;
		const char *words[3];
	} cases[] = {
		{ 401, "", "{\"detail\":\"Invalid or missing API key\"}", UPSTREAM_E_REFUSED, { "Invalid or missing API key", "none is set", "config set api_key" } },
		{ 403, "", "{\"error\":{\"message\":\"not yours\"}}", UPSTREAM_E_REFUSED, { "not yours", "403", "config set api_key" } },
		{ 404, "", "{\"error\":{\"message\":\"File Not Found\",\"code\":404}}", UPSTREAM_E_ERROR, { "File Not Found", "is the address right", "/v1/chat/completions" } },
		{ 404, "", "{\"error\":{\"message\":\"The model x does not exist\"}}", UPSTREAM_E_ERROR, { "The model x", "ragchat models", "" } },
		{ 405, "Allow: GET\r\n", "{\"detail\":\"Method Not Allowed\"}", UPSTREAM_E_ERROR, { "405", "Method Not Allowed", "is the address right" } },
		{ 422, "", "{\"detail\":[{\"loc\":[\"body\",\"messages\",0,\"content\"],\"msg\":\"str type expected\"}]}", UPSTREAM_E_ERROR, { "body.messages.0.content: str type expected", "422", "" } },
		{ 400, "", "{\"error\":{\"code\":400,\"message\":\"request (6004 tokens) exceeds the available context size\",\"type\":\"exceed_context_size_error\"}}", UPSTREAM_E_ERROR, { "6004 tokens", "new thread", "" } },
		{ 400, "", "[{\"error\":{\"code\":400,\"message\":\"in a list\"}}]", UPSTREAM_E_ERROR, { "in a list", "", "" } },
		{ 413, "", "too big", UPSTREAM_E_ERROR, { "413", "too large", "too big" } },
		{ 307, "Location: http://other.example:81/v1/chat/completions?token=x\r\n", "", UPSTREAM_E_PROTOCOL, { "http://other.example:81'", "307", "not followed" } },
		{ 500, "", "{\"error\":{\"code\":500,\"message\":\"parse error\"}}", UPSTREAM_E_ERROR, { "parse error", "500", "" } },
		{ 500, "", "", UPSTREAM_E_ERROR, { "500", "", "" } },
		{ 500, "", "event: error\ndata:  {\"error\":{\"message\":\"as an event\"}}\n\n", UPSTREAM_E_ERROR, { "as an event", "500", "" } },
		{ 302, "", "", UPSTREAM_E_PROTOCOL, { "without saying where", "302", "" } },
		{ 404, "", "{\"error\":{\"message\":\"unknown\",\"code\":\"model_not_found\"}}", UPSTREAM_E_ERROR, { "unknown", "ragchat models", "" } },
		{ 502, "Content-Type: text/html\r\n", "<html><body><h1>502 Bad Gateway</h1></body></html>", UPSTREAM_E_ERROR, { "502", "gateway", "" } },
		{ 503, "", "{\"error\":{\"message\":\"Loading model\",\"type\":\"unavailable_error\",\"code\":503}}", UPSTREAM_E_BUSY, { "Loading model", "503", "" } },
		{ 529, "", "{\"status\":\"failure\",\"message\":\"overloaded\"}", UPSTREAM_E_BUSY, { "overloaded", "529", "" } },
		{ 408, "", "", UPSTREAM_E_TIMEOUT, { "408", "", "" } },
		{ 418, "", "a \x1b[31mteapot\x01\n\nin\ttwo lines", UPSTREAM_E_ERROR, { "a [31mteapot in two lines", "418", "" } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct upstream_config c = usual("");
		struct got g = { 0 };

		refuse_status = cases[i].status;
		refuse_headers = cases[i].headers;
		refuse_body = cases[i].body;
		c.retries = 0;
		check(ask_once(refuses, &c, &g, NULL));
		check_msg(g.result == cases[i].result, "case %zu: result %d: %s", i, g.result, g.why);
		check_int(g.http, cases[i].status);
		for (int k = 0; k < 3; k++)
			check_has(g.why, cases[i].words[k]);
		check(!strchr(g.why, '\n') && !strchr(g.why, '\x1b') && !strchr(g.why, '<'));
		check(!strstr(g.why, "token=x"));
		check_int(g.text.len, 0);
		got_fini(&g);
	}
}

TEST(a_refused_key_is_told_from_a_missing_one)
{
	struct upstream_config c = usual("");
	struct got g = { 0 };

	refuse_status = 401;
	refuse_headers = "";
	refuse_body = "{\"error\":{\"message\":\"Invalid API Key\"}}";
	c.key = "sk-wrong";
	check(ask_once(refuses, &c, &g, NULL));
	check_has(g.why, "refused the key");
	check(!strstr(g.why, "sk-wrong"));
	got_fini(&g);
}

static bool is_no_answer(struct http_request *r)
{
	static const char *const bodies[] = { "<!doctype html><title>Sign in</title>please", "{\"status\":\"ok\"}", "", "Hello, I am a web server",
		"{\"detail\":\"Not authenticated\"}", "data: [DONE]\n\n", "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n" };
	char body[32];

	snprintf(body, sizeof(body), "%s", "");
	return http_reply(r->fd, 200, "", bodies[refuse_status]);
}

TEST(a_200_that_is_no_answer_is_no_success)
{
	static const char *const words[] = { "web page", "not an answer: '{\"status\":\"ok\"}'", "empty reply", "Hello, I am a web server",
		"Not authenticated", "before it began", "empty answer" };

	for (refuse_status = 0; refuse_status < 7; refuse_status++) {
		struct got g = { 0 };

		check(ask_once(is_no_answer, NULL, &g, NULL));
		check_msg(g.result != UPSTREAM_OK, "body %d", refuse_status);
		check_has(g.why, words[refuse_status]);
		check(!strchr(g.why, '<'));
		got_fini(&g);
	}
}

static bool not_really_compressed(struct http_request *r)
{
	return http_reply(r->fd, 200, "Content-Encoding: gzip\r\n", "data: plain\n\n");
}

static bool no_content(struct http_request *r)
{
	http_say(r->fd, "HTTP/1.1 204 No Content\r\n\r\n");
	return true;
}

static bool hangs_up(struct http_request *r)
{
	(void)r;
	return false;
}

static bool speaks_something_else(struct http_request *r)
{
	http_say(r->fd, "220 mail.example ESMTP\r\n");
	return false;
}

static bool huge_header(struct http_request *r)
{
	char *value = malloc(200001);

	memset(value, 'x', 200000);
	value[200000] = '\0';
	http_say(r->fd, "HTTP/1.1 200 OK\r\nX-Big: %s\r\n\r\n", value);
	free(value);
	return false;
}

TEST(replies_that_are_none_are_named)
{
	static const struct {
		http_script script;
		enum upstream_result result;
		const char *words;
	} cases[] = {
		{ no_content, UPSTREAM_E_PROTOCOL, "empty reply" },
		{ hangs_up, UPSTREAM_E_UNREACHABLE, "without a reply" },
		{ speaks_something_else, UPSTREAM_E_PROTOCOL, "not HTTP" },
		{ huge_header, UPSTREAM_E_PROTOCOL, "headers" },
		{ not_really_compressed, UPSTREAM_E_PROTOCOL, "compressed" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct got g = { 0 };
		int requests;

		check(ask_once(cases[i].script, NULL, &g, &requests));
		check_msg(g.result == cases[i].result, "case %zu: %d %s", i, g.result, g.why);
		check_has(g.why, cases[i].words);
		check_int(requests, 1);
		got_fini(&g);
	}
}

/* ---- no connection ---- */

TEST(a_refused_connection_names_the_place_and_is_tried_again)
{
	struct http_server *s = http_start(says_hello, NULL);
	char url[128];
	struct upstream_config c;
	struct got g = { 0 };
	struct world w;

	snprintf(url, sizeof(url), "%s", s->url);
	http_stop(s);
	c = usual(url);
	world_open(&w, &c);
	ask(&w, &g);
	check(run_until(&w, &g.ended, 1));
	check_int(g.result, UPSTREAM_E_UNREACHABLE);
	check_has(g.why, url + strlen("http://"));
	check_has(g.why, "Connection refused");
	check_has(buf_cstr(&g.notices), "(1 of 2)");
	check_has(buf_cstr(&g.notices), "(2 of 2)");
	world_close(&w);
	got_fini(&g);
}

static void beat_at(uint64_t worst[2], uint64_t now)
{
	if (worst[1] && now - worst[1] > worst[0])
		worst[0] = now - worst[1];
	worst[1] = now;
}

static void on_beat(uv_timer_t *t)
{
	beat_at(t->data, clock_mono_us());
}

/* By what the thread itself used: a busy machine may keep it waiting for longer than its own work does. */
static void on_beat_at_work(uv_timer_t *t)
{
	struct timespec used;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	beat_at(t->data, (uint64_t)used.tv_sec * 1000000 + (uint64_t)used.tv_nsec / 1000);
}

TEST(a_host_that_is_silent_is_given_up)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0), taken[8];
	struct upstream_config c;
	struct got g = { 0 };
	struct world w;
	char url[64];

	/* A queue of connections that is full takes no more of them. */
	check(!bind(fd, (struct sockaddr *)&in, sizeof(in)) && !getsockname(fd, (struct sockaddr *)&in, &len) && !listen(fd, 0));
	for (int i = 0; i < 8; i++) {
		taken[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(taken[i], (struct sockaddr *)&in, sizeof(in));
	}
	usleep(20000);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", ntohs(in.sin_port));
	c = usual(url);
	c.connect_timeout_ms = 80;
	c.retries = 1;
	world_open(&w, &c);
	ask(&w, &g);
	check(run_until(&w, &g.ended, 1));
	check_int(g.result, UPSTREAM_E_UNREACHABLE);
	check_has(g.why, "connect_timeout");
	check_has(buf_cstr(&g.notices), "(1 of 1)");
	world_close(&w);
	for (int i = 0; i < 8; i++)
		close(taken[i]);
	close(fd);
	got_fini(&g);
}

TEST(a_name_that_is_not_found_blocks_nobody)
{
	struct upstream_config c = usual("http://no-such-host.invalid:1");
	uint64_t worst[2] = { 0 };
	struct got g = { 0 };
	struct world w;
	uv_timer_t beat;

	c.connect_timeout_ms = 6000;
	world_open(&w, &c);
	uv_timer_init(&w.loop, &beat);
	beat.data = worst;
	uv_timer_start(&beat, on_beat, 1, 1);
	ask(&w, &g);
	check(run_until(&w, &g.ended, 1));
	check_int(g.result, UPSTREAM_E_UNREACHABLE);
	check_has(g.why, "no-such-host.invalid");
	check_msg(worst[0] < 3000000, "the loop stood still for %llu us", (unsigned long long)worst[0]);
	uv_close((uv_handle_t *)&beat, NULL);
	world_close(&w);
	got_fini(&g);
}

TEST(a_missing_unix_socket_is_named)
{
	struct upstream_config c = usual("unix:/tmp/no/such.sock");
	struct got g = { 0 };
	struct world w;

	c.retries = 0;
	world_open(&w, &c);
	ask(&w, &g);
	check(run_until(&w, &g.ended, 1));
	check_int(g.result, UPSTREAM_E_UNREACHABLE);
	check_has(g.why, "/tmp/no/such.sock");
	world_close(&w);
	got_fini(&g);
}

TEST(tls_to_a_server_without_it_is_named)
{
	struct http_server *s = http_start(says_hello, NULL);
	char url[160];
	struct upstream_config c;
	struct got g = { 0 };
	struct world w;

	http_greeting = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
	snprintf(url, sizeof(url), "https%s", s->url + 4);
	c = usual(url);
	c.retries = 0;
	world_open(&w, &c);
	ask(&w, &g);
	check(run_until(&w, &g.ended, 1));
	check_int(g.result, UPSTREAM_E_UNREACHABLE);
	check_has(g.why, "TLS");
	world_close(&w);
	http_stop(s);
	got_fini(&g);
}

/* ---- other tries ---- */

static const char *again_headers;
static int again_status, again_times;

static bool later(struct http_request *r)
{
	if (r->number <= again_times)
		return http_reply(r->fd, again_status, again_headers, "{\"error\":{\"message\":\"not now\"}}");
	return says_hello(r);
}

TEST(what_may_pass_is_tried_again_and_seen)
{
	static const int statuses[] = { 408, 409, 429, 500, 502, 503, 504, 529 };

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		struct got g = { 0 };
		int requests;

		again_status = statuses[i];
		again_headers = "";
		again_times = 2;
		check(ask_once(later, NULL, &g, &requests));
		check_msg(g.result == UPSTREAM_OK, "status %d: %s", statuses[i], g.why);
		check_int(requests, 3);
		check_has(buf_cstr(&g.notices), "[retry: ");
		check_has(buf_cstr(&g.notices), "(2 of 2)");
		got_fini(&g);
	}
}

TEST(tries_are_bounded_and_the_last_error_is_told)
{
	struct got g = { 0 };
	int requests;

	again_status = 429;
	again_headers = "Retry-After: 0\r\n";
	again_times = 99;
	check(ask_once(later, NULL, &g, &requests));
	check_int(g.result, UPSTREAM_E_BUSY);
	check_has(g.why, "not now");
	check_int(g.retry_ms, 0);
	check_int(requests, 3);
	got_fini(&g);
}

TEST(what_cannot_pass_is_asked_once)
{
	static const int statuses[] = { 400, 401, 403, 404, 405, 413, 422, 501 };

	again_times = 99;
	again_headers = "";
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		struct got g = { 0 };
		int requests;

		again_status = statuses[i];
		check(ask_once(later, NULL, &g, &requests));
		check_msg(requests == 1, "status %d: %d requests", statuses[i], requests);
		got_fini(&g);
	}
}

TEST(the_server_says_how_long_to_wait)
{
	static const struct {
		const char *headers;
		int least, most;
	} cases[] = {
		{ "retry-after-ms: 120\r\nRetry-After: 900\r\n", 120, 20000 },
		{ "retry-after-ms: soon\r\nRetry-After: 0.12\r\n", 120, 20000 },
		{ "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", 0, 20000 },
		{ "Retry-After: tomorrow\r\n", 0, 20000 },
	};

	again_status = 429;
	again_times = 1;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t start = clock_mono_ms();
		struct got g = { 0 };
		int requests, took;

		again_headers = cases[i].headers;
		check(ask_once(later, NULL, &g, &requests));
		took = (int)(g.ended_ms - start);
		check_int(g.result, UPSTREAM_OK);
		check_int(requests, 2);
		check_msg(took >= cases[i].least && took <= cases[i].most, "case %zu took %d ms", i, took);
		got_fini(&g);
	}
}

TEST(a_longer_wait_than_ours_is_left_to_the_user)
{
	struct got g = { 0 };
	int requests;

	again_status = 503;
	again_times = 99;
	again_headers = "Retry-After: 3600\r\n";
	check(ask_once(later, NULL, &g, &requests));
	check_int(g.result, UPSTREAM_E_BUSY);
	check_int(g.retry_ms, 3600000);
	check_int(requests, 1);
	got_fini(&g);
}

TEST(the_servers_own_word_on_retrying_counts)
{
	struct got g = { 0 };
	int requests;

	again_status = 503;
	again_times = 1;
	again_headers = "x-should-retry: false\r\n";
	check(ask_once(later, NULL, &g, &requests));
	check_int(requests, 1);
	got_fini(&g);
	again_status = 400;
	again_headers = "x-should-retry: true\r\n";
	check(ask_once(later, NULL, &g, &requests));
	check_int(requests, 2);
	check_int(g.result, UPSTREAM_OK);
	got_fini(&g);
}

/* ---- clocks ---- */

static bool never_answers(struct http_request *r)
{
	http_wait_gone(r->fd, 8000);
	return false;
}

static bool headers_and_silence(struct http_request *r)
{
	http_say(r->fd, HTTP_STREAM);
	http_wait_gone(r->fd, 8000);
	return false;
}

static bool stalls(struct http_request *r)
{
	http_say(r->fd, HTTP_STREAM);
	http_delta(r->fd, "so far");
	http_wait_gone(r->fd, 8000);
	return false;
}

static bool alive_by_comments(struct http_request *r)
{
	http_say(r->fd, HTTP_STREAM);
	for (int i = 0; i < 100; i++) {
		http_chunk(r->fd, ": ping\n\n");
		usleep(20000);
	}
	http_delta(r->fd, "at last");
	http_finish(r->fd, "stop");
	return http_done(r->fd);
}

static bool talks_for_ever(struct http_request *r)
{
	http_say(r->fd, HTTP_STREAM);
	while (!http_wait_gone(r->fd, 5))
		http_delta(r->fd, "x");
	return false;
}

TEST(silence_ends_by_the_clock_and_says_which)
{
	struct upstream_config c = usual("");
	struct got g = { 0 };

	c.first_byte_timeout_ms = 60;
	c.idle_timeout_ms = 5000;
	check(ask_once(never_answers, &c, &g, NULL));
	check_int(g.result, UPSTREAM_E_TIMEOUT);
	check_has(g.why, "first_byte_timeout");
	got_fini(&g);
	check(ask_once(headers_and_silence, &c, &g, NULL));
	check_int(g.result, UPSTREAM_E_TIMEOUT);
	check_has(g.why, "first_byte_timeout");
	got_fini(&g);
	c.first_byte_timeout_ms = 5000;
	c.idle_timeout_ms = 500;
	check(ask_once(stalls, &c, &g, NULL));
	check_int(g.result, UPSTREAM_E_TIMEOUT);
	check_has(g.why, "idle_timeout");
	check_str(buf_cstr(&g.text), "so far");
	got_fini(&g);
}

TEST(comments_are_signs_of_life)
{
	struct upstream_config c = usual("");
	struct got g = { 0 };

	c.first_byte_timeout_ms = c.idle_timeout_ms = 1500;
	check(ask_once(alive_by_comments, &c, &g, NULL));
	check_int(g.result, UPSTREAM_OK);
	check_str(buf_cstr(&g.text), "at last");
	got_fini(&g);
}

TEST(the_total_bounds_even_a_lively_answer)
{
	struct upstream_config c = usual("");
	struct got g = { 0 };

	c.total_timeout_ms = 1500;
	check(ask_once(talks_for_ever, &c, &g, NULL));
	check_int(g.result, UPSTREAM_E_TIMEOUT);
	check_has(g.why, "total_timeout");
	check(g.text.len > 0);
	got_fini(&g);
}

static bool much_text(struct http_request *r)
{
	http_say(r->fd, HTTP_STREAM);
	while (!http_wait_gone(r->fd, 0))
		http_delta(r->fd, "\\u00e9\\u00e9\\u00e9\\u00e9\\u00e9\\u00e9\\u00e9\\u00e9");
	return false;
}

TEST(an_answer_past_the_bound_is_cut_at_a_code_point)
{
	struct upstream_config c = usual("");
	struct got g = { 0 };

	c.max_answer = 20001;
	check(ask_once(much_text, &c, &g, NULL));
	check_int(g.result, UPSTREAM_E_TOO_LARGE);
	check_int(g.text.len, 20000);
	got_fini(&g);
}

static bool endless_line(struct http_request *r)
{
	char line[1025];

	memset(line, 'x', 1024);
	line[1024] = '\0';
	http_say(r->fd, HTTP_STREAM);
	http_delta(r->fd, "first");
	http_chunk(r->fd, "data: {\"");
	while (!http_wait_gone(r->fd, 0))
		http_chunk(r->fd, line);
	return false;
}

TEST(an_event_past_the_bound_ends_the_answer_cleanly)
{
	struct upstream_config c = usual("");
	struct got g = { 0 };

	c.max_event = 100000;
	check(ask_once(endless_line, &c, &g, NULL));
	check_int(g.result, UPSTREAM_E_TOO_LARGE);
	check_has(g.why, "100000");
	check_str(buf_cstr(&g.text), "first");
	got_fini(&g);
}

/* ---- cancelling, many, closing ---- */

TEST(a_cancel_closes_the_connection_and_ends_once)
{
	struct http_server *s = http_start(talks_for_ever, NULL);
	struct upstream_config c = usual(s->url);
	struct got g = { 0 };
	struct world w;
	int before;

	world_open(&w, &c);
	ask(&w, &g);
	check(run_until(&w, &g.deltas, 3));
	upstream_cancel(w.u, g.id);
	before = g.deltas;
	check_int(g.ended, 0); /* never from within the call */
	check(run_until(&w, &g.ended, 1));
	check_int(g.result, UPSTREAM_E_CANCELLED);
	check_int(g.deltas, before);
	upstream_cancel(w.u, g.id);
	upstream_cancel(w.u, 12345);
	for (int i = 0; i < 100 && !s->gone; i++)
		run_for(&w, 10);
	check_int(s->gone, 1);
	check_int(g.ended, 1);
	world_close(&w);
	http_stop(s);
	got_fini(&g);
}

TEST(a_cancel_within_a_delta_is_the_last_delta)
{
	struct got g = { .cancel_at_delta = true };

	check(ask_once(much_text, NULL, &g, NULL));
	check_int(g.result, UPSTREAM_E_CANCELLED);
	check_int(g.deltas, 1);
	got_fini(&g);
}

TEST(a_cancel_before_the_first_turn_asks_nobody)
{
	struct http_server *s = http_start(says_hello, NULL);
	struct upstream_config c = usual(s->url);
	struct got g = { 0 };
	struct world w;

	world_open(&w, &c);
	ask(&w, &g);
	upstream_cancel(w.u, g.id);
	check(run_until(&w, &g.ended, 1));
	check_int(g.result, UPSTREAM_E_CANCELLED);
	check_int(s->requests, 0);
	world_close(&w);
	http_stop(s);
	got_fini(&g);
}

TEST(a_cancel_during_the_wait_for_another_try)
{
	struct http_server *s = http_start(later, NULL);
	struct upstream_config c = usual(s->url);
	struct got g = { 0 };
	struct world w;

	again_status = 429;
	again_headers = "Retry-After: 2\r\n";
	again_times = 99;
	world_open(&w, &c);
	ask(&w, &g);
	for (int i = 0; i < 500 && !g.notices.len; i++)
		run_for(&w, 10);
	check(g.notices.len > 0);
	upstream_cancel(w.u, g.id);
	check(run_until(&w, &g.ended, 1));
	check_int(g.result, UPSTREAM_E_CANCELLED);
	world_close(&w);
	http_stop(s);
	got_fini(&g);
}

TEST(a_question_may_be_asked_from_the_end_of_another)
{
	struct http_server *s = http_start(says_hello, NULL);
	struct upstream_config c = usual(s->url);
	struct got second = { 0 }, first = { .ask_at_end = &second };
	struct world w;

	world_open(&w, &c);
	ask(&w, &first);
	check(run_until(&w, &second.ended, 1));
	check_int(second.result, UPSTREAM_OK);
	world_close(&w);
	http_stop(s);
	got_fini(&first);
	got_fini(&second);
}

static struct http_server *gathering;
static int gathered;

/* Nobody is answered before so many have asked. */
static bool takes_a_while(struct http_request *r)
{
	for (int i = 0; gathered && gathering->most_at_once < gathered && i < 60000; i++)
		usleep(1000);
	http_say(r->fd, HTTP_STREAM);
	for (int i = 0; i < 5; i++) {
		http_delta(r->fd, "word ");
		usleep(4000);
	}
	http_finish(r->fd, "stop");
	return http_done(r->fd);
}

static bool many(int n, unsigned max_connections, int *most, int *connections)
{
	struct http_server *s = http_start(takes_a_while, NULL);
	struct upstream_config c = usual(s->url);
	struct got *g = calloc((size_t)n, sizeof(*g));
	struct upstream_figures figures;
	struct world w;
	bool ok = true;

	gathering = s;
	gathered = max_connections ? 0 : n;
	c.max_connections = max_connections;
	world_open(&w, &c);
	for (int i = 0; i < n; i++)
		ask(&w, &g[i]);
	for (int i = 0; i < n; i++) {
		ok = ok && run_until(&w, &g[i].ended, 1) && g[i].result == UPSTREAM_OK &&
			!strcmp(buf_cstr(&g[i].text), "word word word word word ");
		if (max_connections && i == n - 1)
			ok = ok && strstr(buf_cstr(&g[i].status), "waiting for a connection");
	}
	upstream_figures(w.u, &figures);
	ok = ok && figures.requests == (uint64_t)n && !figures.failures && !figures.waiting;
	world_close(&w);
	gathered = 0;
	*most = s->most_at_once;
	*connections = s->connections;
	http_stop(s);
	for (int i = 0; i < n; i++)
		got_fini(&g[i]);
	free(g);
	return ok;
}

TEST(two_hundred_answers_at_once)
{
	int most, connections;

	check(many(200, 0, &most, &connections));
	check_int(most, 200);
}

TEST(connections_are_bounded_and_the_rest_waits_in_order)
{
	int most, connections;

	check(many(12, 3, &most, &connections));
	check_msg(most <= 3, "%d at once", most);
	check_msg(connections <= 4, "%d connections for 12 answers", connections);
}

TEST(closing_ends_everything_with_cancelled_and_comes_last)
{
	struct http_server *s = http_start(talks_for_ever, NULL);
	struct upstream_config c = usual(s->url);
	struct got g[6] = { 0 };
	struct world w;

	c.max_connections = 4;
	world_open(&w, &c);
	for (int i = 0; i < 6; i++)
		ask(&w, &g[i]);
	check(run_until(&w, &g[0].deltas, 2));
	world_close(&w);
	for (int i = 0; i < 6; i++) {
		check_int(g[i].ended, 1);
		check_int(g[i].result, UPSTREAM_E_CANCELLED);
		got_fini(&g[i]);
	}
	http_stop(s);
}

TEST(new_settings_are_for_new_questions)
{
	struct http_server *one = http_start(takes_a_while, NULL), *two = http_start(says_hello, NULL);
	struct upstream_config c = usual(one->url);
	struct got first = { 0 }, second = { 0 };
	struct world w;
	char *why = NULL;

	world_open(&w, &c);
	ask(&w, &first);
	check(run_until(&w, &first.deltas, 1));
	c.url = "nonsense";
	check_int(upstream_configure(w.u, &c, &why), -EINVAL);
	free(why);
	c.url = two->url;
	check_int(upstream_configure(w.u, &c, &why), 0);
	check_str(upstream_url(w.u), two->url);
	ask(&w, &second);
	check(run_until(&w, &first.ended, 1) && run_until(&w, &second.ended, 1));
	check_str(buf_cstr(&first.text), "word word word word word ");
	check_str(buf_cstr(&second.text), "Hello \xF0\x9F\x99\x82");
	world_close(&w);
	http_stop(one);
	http_stop(two);
	got_fini(&first);
	got_fini(&second);
}

static bool flood(struct http_request *r)
{
	char event[65536];
	size_t n = 0;

	while (n + 200 < sizeof(event))
		n += (size_t)snprintf(event + n, sizeof(event) - n,
			"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"0123456789\"}}]}\n\n");
	http_say(r->fd, "HTTP/1.1 200 OK\r\n\r\n");
	for (int i = 0; i < 120; i++)
		http_send(r->fd, event, n);
	http_say(r->fd, "data: [DONE]\n\n");
	return false;
}

TEST(a_flood_leaves_the_loop_to_others)
{
	struct http_server *s = http_start(flood, NULL);
	struct upstream_config c = usual(s->url);
	uint64_t worst[2] = { 0 };
	struct got g[4] = { 0 };
	struct world w;
	uv_timer_t beat;

	c.max_answer = 64 << 20;
	world_open(&w, &c);
	uv_timer_init(&w.loop, &beat);
	beat.data = worst;
	uv_timer_start(&beat, on_beat_at_work, 1, 1);
	for (int i = 0; i < 4; i++)
		ask(&w, &g[i]);
	for (int i = 0; i < 4; i++) {
		check(run_until(&w, &g[i].ended, 1));
		check_int(g[i].result, UPSTREAM_OK);
		check_int(g[i].text.len, g[0].text.len);
		check(g[i].text.len > 900000);
	}
	check_msg(worst[0] < 300000, "the loop worked on it for %llu us", (unsigned long long)worst[0]);
	uv_close((uv_handle_t *)&beat, NULL);
	world_close(&w);
	http_stop(s);
	for (int i = 0; i < 4; i++)
		got_fini(&g[i]);
}

/* ---- uploads ---- */

struct sent {
	struct world *w;
	uint64_t id;
	int wants, ended;
	size_t fed, total;
	bool finished;
	enum upstream_result result;
	char *why, *message, *stats;
	long http;
	struct sha256 hash;
};

/* Feeds as long as it is asked for more. */
static void feed(struct sent *up)
{
	static unsigned char piece[65536];

	while (up->fed < up->total) {
		size_t n = up->total - up->fed < sizeof(piece) ? up->total - up->fed : sizeof(piece);

		for (size_t i = 0; i < n; i++)
			piece[i] = (unsigned char)((up->fed + i) * 31 >> 3);
		sha256_add(&up->hash, piece, n);
		up->fed += n;
		if (!upstream_upload_feed(up->w->u, up->id, piece, n) && up->fed < up->total)
			return;
	}
	if (!up->finished)
		upstream_upload_finish(up->w->u, up->id);
	up->finished = true;
}

static void on_want(void *ctx)
{
	struct sent *up = ctx;

	up->wants++;
	feed(up);
}

static void on_sent(void *ctx, const struct upstream_end *end, const char *message, const char *stats)
{
	struct sent *up = ctx;

	up->ended++;
	up->result = end->result;
	up->http = end->status;
	up->why = mem_dup(end->text ? end->text : "");
	up->message = mem_dup(message);
	up->stats = mem_dup(stats);
}

static const struct upload_events upload_events = { on_want, on_sent };

static char upload_sum[SHA256_HEX + 1];
static size_t upload_size;
static char upload_part[512];
static const char *upload_reply;
static int upload_status;

/* Takes the form apart: what lies between the part's headers and the closing boundary. */
static bool takes_upload(struct http_request *r)
{
	const char *body = (const char *)r->body.data;
	const char *start = body ? memmem(body, r->body.len, "\r\n\r\n", 4) : NULL;

	if (start) {
		snprintf(upload_part, sizeof(upload_part), "%.*s", (int)(start - body), body);
		/* Boundary line, headers, blank line, data, CRLF, closing boundary. */
		size_t boundary = strcspn(body, "\r");

		upload_size = r->size - (size_t)(start + 4 - body) - 2 - (boundary + 2) - 2;
		if (r->size == r->body.len) {
			struct sha256 h;

			sha256_init(&h);
			sha256_add(&h, start + 4, upload_size);
			sha256_end_hex(&h, upload_sum);
		}
	}
	return http_reply(r->fd, upload_status, "Content-Type: application/json\r\n", upload_reply);
}

#define INGESTED                                                                                   \
	"{\"message\":\"Ingested 42 chunks from 1 file(s) (0 skipped).\",\"stats\":{\"total\":1,\"processed\":1,\"skipped\":0," \
	"\"failed\":0,\"chunks_created\":42,\"errors\":[]}}"

static bool upload(http_script script, const char *name, size_t total, int64_t size, struct sent *up, int *requests)
{
	struct http_server *s = http_start(NULL, NULL);
	struct upstream_config c = usual(s->url);
	struct world w;
	bool ended;

	s->script = script;
	c.idle_timeout_ms = 3000;
	world_open(&w, &c);
	*up = (struct sent){ .w = &w, .total = total };
	sha256_init(&up->hash);
	up->id = upstream_upload(w.u, 0, name, size, &upload_events, up);
	if (!total)
		feed(up);
	ended = run_until(&w, &up->ended, 1);
	world_close(&w);
	if (requests)
		*requests = s->requests;
	http_stop(s);
	return ended && up->ended == 1;
}

static void sent_fini(struct sent *up)
{
	free(up->why);
	free(up->message);
	free(up->stats);
}

TEST(an_upload_arrives_byte_for_byte_under_a_base_name)
{
	struct sent up;
	char sum[SHA256_HEX + 1];

	upload_status = 200;
	upload_reply = INGESTED;
	check(upload(takes_upload, "../../etc/a \"q\" \xC3\xA9.txt", 700000, 700000, &up, NULL));
	check_msg(up.result == UPSTREAM_OK, "%s", up.why);
	check_int(upload_size, 700000);
	sha256_end_hex(&up.hash, sum);
	check_str(upload_sum, sum);
	check_has(upload_part, "name=\"files\"");
	check_has(upload_part, "filename=\"a _q_ \xC3\xA9.txt\"");
	check_str(up.message, "Ingested 42 chunks from 1 file(s) (0 skipped).");
	check_has(up.stats, "\"chunks_created\":42");
	sent_fini(&up);
}

TEST(uploads_of_unknown_size_and_of_nothing)
{
	struct sent up;

	upload_status = 200;
	upload_reply = INGESTED;
	check(upload(takes_upload, "big.bin", 3000000, -1, &up, NULL));
	check_msg(up.result == UPSTREAM_OK, "%s", up.why);
	check_int(upload_size, 3000000);
	check(up.wants > 3); /* it came in pieces, as there was room */
	sent_fini(&up);
	check(upload(takes_upload, "", 0, 0, &up, NULL));
	check_msg(up.result == UPSTREAM_OK, "%s", up.why);
	check_has(upload_part, "filename=\"upload\"");
	sent_fini(&up);
}

TEST(an_upload_that_took_nothing_is_no_success)
{
	static const struct {
		int status;
		const char *reply;
		enum upstream_result result;
		const char *words;
	} cases[] = {
		{ 200, "{\"message\":\"Ingested 0 chunks from 0 file(s) (0 skipped).\",\"stats\":{\"total\":0,\"processed\":0,\"skipped\":0,\"failed\":0}}", UPSTREAM_E_ERROR, "took nothing" },
		{ 200, "{\"message\":\"done\",\"stats\":{\"total\":1,\"failed\":1,\"errors\":[{\"file\":\"f.txt\",\"error\":\"bad encoding\"}]}}", UPSTREAM_E_ERROR, "bad encoding" },
		{ 200, "{\"detail\":\"no\"}", UPSTREAM_E_ERROR, "no" },
		{ 200, "<html>log in</html>", UPSTREAM_E_PROTOCOL, "address" },
		{ 401, "{\"detail\":\"Invalid or missing API key\"}", UPSTREAM_E_REFUSED, "Invalid or missing API key" },
		{ 404, "{\"detail\":\"Not Found\"}", UPSTREAM_E_ERROR, "retrieval = local" },
		{ 413, "{\"detail\":\"too big\"}", UPSTREAM_E_ERROR, "too large" },
		{ 422, "{\"detail\":[{\"loc\":[\"body\",\"files\"],\"msg\":\"field required\"}]}", UPSTREAM_E_ERROR, "body.files: field required" },
		{ 500, "Internal Server Error", UPSTREAM_E_ERROR, "Internal Server Error" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sent up;
		int requests;

		upload_status = cases[i].status;
		upload_reply = cases[i].reply;
		check(upload(takes_upload, "f.txt", 1000, 1000, &up, &requests));
		check_msg(up.result == cases[i].result, "case %zu: %d %s", i, up.result, up.why);
		check_has(up.why, cases[i].words);
		check_int(requests, 1); /* its bytes are gone: it cannot be sent again */
		sent_fini(&up);
	}
}

static bool too_large_at_once(struct http_request *r)
{
	http_reply(r->fd, 413, "Connection: close\r\n", "{\"detail\":\"too big\"}");
	shutdown(r->fd, SHUT_WR);
	/* What is on its way must be read, or the reply is lost to an RST. */
	while (!http_wait_gone(r->fd, 0)) {
		char junk[65536];

		if (recv(r->fd, junk, sizeof(junk), 0) <= 0)
			break;
	}
	return false;
}

TEST(a_413_before_the_end_of_the_file_is_told)
{
	struct sent up;

	http_early = NULL;
	struct http_server *s = http_start(NULL, NULL);
	struct upstream_config c = usual(s->url);
	struct world w;

	http_early = too_large_at_once;
	world_open(&w, &c);
	up = (struct sent){ .w = &w, .total = 30000000 };
	sha256_init(&up.hash);
	up.id = upstream_upload(w.u, 0, "big.bin", 30000000, &upload_events, &up);
	check(run_until(&w, &up.ended, 1));
	check_int(up.http, 413);
	check_has(up.why, "too big");
	check_msg(up.fed < 30000000, "all of it was sent");
	check(!upstream_upload_feed(w.u, up.id, "x", 1));
	world_close(&w);
	http_stop(s);
	http_early = NULL;
	sent_fini(&up);
}

static bool reads_nothing(struct http_request *r)
{
	struct pollfd p = { .fd = r->fd, .events = POLLRDHUP };

	poll(&p, 1, 8000);
	return false;
}

TEST(a_backend_that_takes_no_byte_is_given_up)
{
	struct http_server *s = http_start(NULL, NULL);
	struct upstream_config c = usual(s->url);
	struct sent up;
	struct world w;

	http_early = reads_nothing;
	c.idle_timeout_ms = 150;
	world_open(&w, &c);
	up = (struct sent){ .w = &w, .total = 60000000 };
	sha256_init(&up.hash);
	up.id = upstream_upload(w.u, 0, "big.bin", 60000000, &upload_events, &up);
	check(run_until(&w, &up.ended, 1));
	check_int(up.result, UPSTREAM_E_TIMEOUT);
	check_has(up.why, "took no byte");
	world_close(&w);
	http_stop(s);
	http_early = NULL;
	sent_fini(&up);
}

TEST(a_long_name_is_cut_but_keeps_its_suffix)
{
	char name[600] = "dir/";
	struct sent up;

	for (int i = 0; i < 250; i++)
		strncat(name, "\xC3\xA9", sizeof(name) - strlen(name) - 1);
	strncat(name, ".pdf", sizeof(name) - strlen(name) - 1);
	upload_status = 200;
	upload_reply = INGESTED;
	check(upload(takes_upload, name, 100, 100, &up, NULL));
	check_has(upload_part, "\xC3\xA9.pdf\"");
	check(strlen(upload_part) < 450);
	sent_fini(&up);
}

static void on_want_nothing(void *ctx)
{
	((struct sent *)ctx)->wants++;
}

TEST(a_slow_client_is_waited_for_and_a_cancel_still_works)
{
	static const struct upload_events lazy = { on_want_nothing, on_sent };
	struct http_server *s = http_start(takes_upload, NULL);
	struct upstream_config c = usual(s->url);
	struct sent up = { 0 };
	struct world w;

	c.idle_timeout_ms = c.first_byte_timeout_ms = 600;
	world_open(&w, &c);
	up.w = &w;
	up.id = upstream_upload(w.u, 0, "slow.txt", 10, &lazy, &up);
	check(run_until(&w, &up.wants, 1));
	check(upstream_upload_feed(w.u, up.id, "01234", 5));
	run_for(&w, 1000); /* past every clock: it is us who have nothing */
	check_int(up.ended, 0);
	upstream_cancel(w.u, up.id);
	check(run_until(&w, &up.ended, 1));
	check_int(up.result, UPSTREAM_E_CANCELLED);
	world_close(&w);
	http_stop(s);
	sent_fini(&up);
}

TEST(a_file_of_another_size_than_said_is_not_sent_as_if_whole)
{
	struct sent up;

	upload_status = 200;
	upload_reply = INGESTED;
	check(upload(takes_upload, "short.txt", 100, 200, &up, NULL));
	check_int(up.result, UPSTREAM_E_ERROR);
	check_has(up.why, "ended before");
	sent_fini(&up);
	check(upload(takes_upload, "long.txt", 200, 100, &up, NULL));
	check_int(up.result, UPSTREAM_E_ERROR);
	check_has(up.why, "more bytes");
	sent_fini(&up);
}

/* ---- models ---- */

struct listed {
	int ended;
	enum upstream_result result;
	char names[512], why[512];
};

static void on_models(void *ctx, const struct upstream_end *end, const struct upstream_model *rows, size_t n)
{
	struct listed *l = ctx;
	size_t at = 0;

	l->ended++;
	l->result = end->result;
	snprintf(l->why, sizeof(l->why), "%s", end->text ? end->text : "");
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(l->names + at, sizeof(l->names) - at, "[%s %s]", rows[i].id, rows[i].owned_by ? rows[i].owned_by : "-");
}

TEST(models_in_every_shape)
{
	static const struct {
		int status;
		const char *body;
		enum upstream_result result;
		const char *names;
	} cases[] = {
		{ 200, "{\"object\":\"list\",\"data\":[{\"id\":\"a\",\"owned_by\":\"x\"},{\"id\":\"b\"}]}", UPSTREAM_OK, "[a x][b -]" },
		{ 200, "{\"models\":[{\"name\":\"t.gguf\",\"model\":\"t.gguf\"}],\"object\":\"list\",\"data\":[{\"id\":\"t.gguf\",\"owned_by\":\"llamacpp\"}]}", UPSTREAM_OK, "[t.gguf llamacpp]" },
		{ 200, "{\"models\":[{\"name\":\"o:7b\"}]}", UPSTREAM_OK, "[o:7b -]" },
		{ 200, "[\"a\",{\"id\":\"b\"}]", UPSTREAM_OK, "[a -][b -]" },
		{ 200, "{\"data\":[]}", UPSTREAM_OK, "" },
		{ 200, "<html>", UPSTREAM_E_PROTOCOL, "" },
		{ 404, "{\"detail\":\"Not Found\"}", UPSTREAM_E_ERROR, "" },
	};

	refuse_headers = "";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_server *s = http_start(refuses, NULL);
		struct upstream_config c = usual(s->url);
		struct listed l = { 0 };
		struct world w;

		refuse_status = cases[i].status;
		refuse_body = cases[i].body;
		world_open(&w, &c);
		check(upstream_models(w.u, on_models, &l) != 0);
		check(run_until(&w, &l.ended, 1));
		check_msg(l.result == cases[i].result, "case %zu: %s", i, l.why);
		check_str(l.names, cases[i].names);
		check(!strncmp(s->last_head, "GET /v1/models ", 15));
		world_close(&w);
		http_stop(s);
	}
}

TEST_MAIN()
