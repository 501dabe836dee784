/*
 * Private to ragchat mcp: mcp.c speaks the protocol, mcp_job.c has the calls that wait, mcp_tools.c the tools and
 * their arguments, mcp_result.c what they give.
 */
#pragma once

#include "client/json_call.h"
#include "client/stdio.h"
#include "common/json.h"

/* What a tool gives stays small enough for a model's context. */
#define MCP_RESULT_MAX (192u << 10) /* bytes of JSON; rows beyond are left for the next page */
#define MCP_TEXT_MAX 16000          /* of an answer in a thread */
#define MCP_ANSWER_MAX 100000       /* of the answer that was asked for */
#define MCP_PASSAGE_MAX 4000
#define MCP_LINE_MAX 512            /* names, titles, paths */

/* In the order of their dates, so that < means older. */
enum mcp_revision { MCP_2024_11_05, MCP_2025_03_26, MCP_2025_06_18, MCP_2025_11_25, MCP_REVISIONS };
extern const char *const mcp_revisions[MCP_REVISIONS];

enum mcp_arg_type { MCP_TEXT, MCP_NUMBER, MCP_TEXTS };

struct mcp_arg {
	const char *name; /* of the tool */
	const char *wire; /* of the daemon's method */
	enum mcp_arg_type type;
	bool needed;
	int64_t min, max; /* bytes of a text, a number, how many texts */
};

struct mcp_tool {
	const char *name, *title, *description;
	const char *input, *output; /* JSON schemas */
	const char *method;
	bool asks;                  /* the method begins an answer: its end is waited for */
	struct mcp_arg args[6];     /* ends with name NULL */
	/* The pairs of the structured result. */
	void (*result)(struct json_out *w, struct val result);
};
extern const struct mcp_tool mcp_tools[]; /* ends with name NULL */

void mcp_put_tools(struct json_out *w, enum mcp_revision revision); /* the list */
const struct mcp_tool *mcp_tool_find(const char *name);
/* Arguments (a slice of JSON; n 0: none) into the open request. 0, or -1 with words in why. */
int mcp_arguments(const struct mcp_tool *tool, const struct json_slice *arguments, struct pack *p, char why[200]);

void mcp_result_documents(struct json_out *w, struct val result);
void mcp_result_answer(struct json_out *w, struct val result);
void mcp_result_history(struct json_out *w, struct val result);
void mcp_result_thread(struct json_out *w, struct val result);

struct batch { /* answers that leave together; 2025-03-26 had them */
	size_t left;
	struct buf out;
};

struct job {
	bool used, cancelled; /* cancelled: as soon as its turn has a name */
	const struct mcp_tool *tool;
	char *id, *token; /* as JSON; token: of progress, or NULL */
	struct batch *batch;
	char turn[40];    /* that runs */
	bool ended;       /* ... did, and is read */
	uint64_t told_ms;
	int64_t progress;
};

struct mcp {
	struct stdio io;
	bool greeted;
	enum mcp_revision revision;
	struct job jobs[SESSION_REQUESTS];
	struct buf line, text;
};

/* mcp_job.c */
void mcp_batch_unref(struct mcp *m, struct batch *batch);
void mcp_begin_answer(struct mcp *m, struct json_out *w, const char *id, const char *member); /* its object is open */
void mcp_end_answer(struct mcp *m, struct json_out *w, struct batch *batch);
void mcp_member(struct json_out *w, const char *key, const char *text);
void mcp_error(struct mcp *m, struct batch *batch, const char *id, int code, const char *message);
void mcp_job_end(struct mcp *m, struct job *job);
void mcp_call_tool(struct mcp *m, struct batch *batch, const struct call *c);
void mcp_cancelled(struct mcp *m, const struct call *c); /* no answer follows; a question is stopped in the daemon, too */
void mcp_on_reply(void *ctx, uint64_t tag, struct val error, struct val result);
void mcp_on_note(void *ctx, const char *method, size_t n, struct val params);
