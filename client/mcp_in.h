/*
 * Private to ragchat mcp: mcp.c speaks the protocol, mcp_era.c says in which revision, mcp_job.c has the calls that wait,
 * mcp_tools.c the tools and their arguments, mcp_result.c what they give.
 */
#pragma once

#include "client/batch.h"
#include "client/json_call.h"

/* What a tool gives stays small enough for a model's context. */
#define MCP_RESULT_MAX (192u << 10) /* bytes of JSON; rows beyond are left for the next page */
#define MCP_TEXT_MAX 16000          /* of an answer in a thread */
#define MCP_ANSWER_MAX 100000       /* of the answer that was asked for */
#define MCP_PASSAGE_MAX 4000
#define MCP_LINE_MAX 512            /* names, titles, paths */

/* In the order of their dates, so that < means older. */
enum mcp_revision { MCP_2024_11_05, MCP_2025_03_26, MCP_2025_06_18, MCP_2025_11_25, MCP_2026_07_28, MCP_REVISIONS };
#define MCP_GREETED MCP_2025_11_25 /* the last one that begins with initialize; later ones are named by each request */
extern const char *const mcp_revisions[MCP_REVISIONS];
#define MCP_UNSUPPORTED (-32022) /* code of a version that is not spoken */
#define MCP_META "io.modelcontextprotocol/" /* its own keys in _meta begin so */

/* Where an answer goes, and in which revision it is written. */
struct mcp_to {
	const char *id; /* as JSON */
	struct batch *batch;
	enum mcp_revision revision;
};

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

struct job {
	bool used, cancelled; /* cancelled: as soon as its turn has a name */
	const struct mcp_tool *tool; /* NULL: a subscription; there is nothing that changes, and it waits for its end */
	struct mcp_to to;
	char *id, *token; /* as JSON; token: of progress, or NULL */
	char turn[40];    /* that runs */
	bool ended;       /* ... did, and is read */
	uint64_t told_ms;
	int64_t progress;
};

struct mcp {
	struct stdio io;
	bool greeted;
	enum mcp_revision revision; /* once greeted */
	struct job jobs[SESSION_REQUESTS];
	struct buf line, text;
};

/* mcp_era.c */
bool mcp_meta(const struct call *c, const char *name, struct json *value); /* as call_param, in _meta */
bool mcp_is_modern(const struct call *c); /* it names its revision itself */
/* Sets to->revision of such a request. False: it is none that can be served, and that has been told. */
bool mcp_take_modern(struct mcp *m, struct mcp_to *to, const struct call *c);
void mcp_initialize(struct mcp *m, struct mcp_to *to, const struct call *c);
void mcp_discover(struct mcp *m, const struct mcp_to *to);
void mcp_put_server(struct json_out *w, enum mcp_revision revision);

/* mcp_job.c */
void mcp_begin_result(struct mcp *m, struct json_out *w, const struct mcp_to *to); /* its object is open */
void mcp_end_result(struct mcp *m, struct json_out *w, const struct mcp_to *to); /* an error where its batch gets too large */
void mcp_put_cacheable(struct json_out *w, enum mcp_revision revision);
void mcp_member(struct json_out *w, const char *key, const char *text);
void mcp_error(struct mcp *m, const struct mcp_to *to, int code, const char *message);
/* data: JSON, or NULL. */
void mcp_error_data(struct mcp *m, const struct mcp_to *to, int code, const char *message, const char *data);
void mcp_job_end(struct mcp *m, struct job *job);
void mcp_call_tool(struct mcp *m, const struct mcp_to *to, const struct call *c);
void mcp_listen(struct mcp *m, const struct mcp_to *to);
void mcp_cancelled(struct mcp *m, const struct call *c); /* no answer follows; a question is stopped in the daemon, too */
void mcp_on_reply(void *ctx, uint64_t tag, struct val error, struct val result);
void mcp_on_note(void *ctx, const char *method, size_t n, struct val params);
