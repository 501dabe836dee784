/*
 * ragchat mcp: the user's documents and conversations as tools of other assistants. Source: the Model
 * Context Protocol, revisions 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25 and 2026-07-28, transport stdio.
 */
#include <string.h>

#include "client/cmd.h"
#include "client/mcp_in.h"
#include "common/attr.h"
#include "common/mem.h"

static void list_tools(struct mcp *m, const struct mcp_to *to)
{
	struct json_out w;

	mcp_begin_result(m, &w, to);
	json_out_key(&w, "tools");
	mcp_put_tools(&w, to->revision);
	mcp_put_cacheable(&w, to->revision);
	mcp_end_result(m, &w, to);
}

static void answer_ping(struct mcp *m, const struct mcp_to *to)
{
	struct json_out w;

	mcp_begin_result(m, &w, to);
	mcp_end_result(m, &w, to);
}

static void take_request(struct mcp *m, struct mcp_to *to, const struct call *c)
{
	bool modern = mcp_is_modern(c), greeting = !strcmp(c->method, "initialize");

	if (modern && !greeting && !mcp_take_modern(m, to, c))
		return;
	if (greeting)
		mcp_initialize(m, to, c);
	else if (!modern && !strcmp(c->method, "ping"))
		answer_ping(m, to);
	else if (!modern && !m->greeted)
		mcp_error(m, to, RPC_INVALID, "initialize comes first");
	else if (modern && !strcmp(c->method, "server/discover"))
		mcp_discover(m, to);
	else if (modern && !strcmp(c->method, "subscriptions/listen"))
		mcp_listen(m, to);
	else if (!strcmp(c->method, "tools/list"))
		list_tools(m, to);
	else if (!strcmp(c->method, "tools/call"))
		mcp_call_tool(m, to, c);
	else
		mcp_error(m, to, RPC_METHOD, "there is no such method here");
}

static void take_call(void *ctx, struct batch *batch, const char *p, size_t n)
{
	struct mcp *m = ctx;
	struct call c;
	bool object = call_read(&c, p, n);
	struct mcp_to to = { .id = object && *c.id ? c.id : "null", .batch = batch, .revision = m->revision };

	if (object && c.answers && !c.has_method)
		return;
	if (!object || call_is_bad(&c) || (c.has_id && !strcmp(c.id, "null")))
		mcp_error(m, &to, RPC_INVALID, "it is no request of JSON-RPC 2.0");
	else if (c.has_id)
		take_request(m, &to, &c);
	else if (!strcmp(c.method, "notifications/cancelled"))
		mcp_cancelled(m, &c);
}

static void refuse(struct mcp *m, int code, const char *words)
{
	struct mcp_to nobody = { .id = "null", .revision = m->revision };

	mcp_error(m, &nobody, code, words);
}

static void take(void *ctx, const char *message, size_t n)
{
	struct mcp *m = ctx;
	const char *why;
	bool batches = !m->greeted || m->revision < MCP_2025_06_18;
	int code;

	if (!batches && message[strspn(message, " \t\r")] == '[') {
		refuse(m, RPC_INVALID, "this revision has no batches");
		return;
	}
	code = batch_read(&m->io, message, n, take_call, m, &why);
	if (code)
		refuse(m, code, why);
}

static void fault(void *ctx, int code, const char *name, const char *words)
{
	(void)name;
	refuse(ctx, code, words);
}

/* Answers that run go on in the daemon; what is on its way here is waited for. */
static bool is_idle(void *ctx)
{
	const struct mcp *m = ctx;

	for (size_t i = 0; i < array_len(m->jobs); i++)
		if (m->jobs[i].used && m->jobs[i].tool && !(*m->jobs[i].turn && !m->jobs[i].ended))
			return false;
	return true;
}

static int mcp(struct client *c)
{
	static const struct stdio_ops ops = { .take = take, .fault = fault, .is_idle = is_idle };
	struct mcp *m = mem_new(sizeof(*m));
	struct session_handler handler = { .ctx = m, .reply = mcp_on_reply, .note = mcp_on_note };
	int status;

	*m = (struct mcp){ .io = { .ops = &ops, .ctx = m } };
	status = stdio_open(&m->io, c, "ragchat-mcp", FRAMING_LINES, &handler);
	if (!status)
		status = stdio_run(&m->io);
	for (size_t i = 0; i < array_len(m->jobs); i++)
		if (m->jobs[i].used)
			mcp_job_end(m, &m->jobs[i]);
	stdio_fini(&m->io);
	buf_fini(&m->line);
	buf_fini(&m->text);
	mem_free(m);
	return status;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_mcp, argc, argv);

	if (opts_next(&o) < 0 || opts_count(&o, 0, 0))
		return o.status;
	return mcp(c);
}

static const struct opt opts[] = {
	OPTS_END,
};

const struct cmd cmd_mcp = {
	.name = "mcp",
	.brief = "offer documents and conversations to other assistants",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat mcp\n"
		"A server of the Model Context Protocol on stdin and stdout, with the tools\n"
		"search_documents, ask_documents, search_history and get_thread. It is started by\n"
		"the assistant; ragchat(1) says how to set that up. It may read what you may read,\n"
		"and ask, nothing else.\n"
		"example: ragchat mcp < requests.jsonl\n",
};
