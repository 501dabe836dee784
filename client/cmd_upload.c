/* ragchat upload: documents for the library or the backend. */
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/folder.h"
#include "client/link.h"
#include "client/option.h"
#include "client/out.h"
#include "client/progress.h"
#include "client/say.h"
#include "client/term.h"
#include "client/upload.h"
#include "client/upload_tell.h"
#include "common/attr.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define STDIN_NAME "stdin.txt"
#define SAID 3 /* files of a folder that are named with the same error */

enum { OPT_TO = OPT_OWN, OPT_NAME, OPT_JSONL };

static const struct opt opts[] = {
	{ 'r', "recursive", NULL },
	{ 'q', "quiet", NULL },
	{ OPT_TO, "to", "COLLECTION" },
	{ OPT_NAME, "name", "NAME" },
	{ OPT_JSON, "json", NULL },
	{ OPT_JSONL, "jsonl", NULL },
	OPTS_END,
};

struct uploading {
	struct link *link;
	const char *collection, *name;
	bool recursive, quiet, json, jsonl;
	struct progress progress;
	struct uploads *uploads;
	size_t total;             /* files of this run, about */
	bool gone;                /* the daemon */
	struct option_list names; /* given so far in this run, ours */
	struct buf text;          /* of --json */
	struct json_out w;
	size_t skipped[FOLDER_SKIPS];
	size_t sent, taken, unchanged, passed; /* files */
	int status; /* of the first failure */
};

static void failed(struct uploading *u, int status)
{
	u->status = u->status ? u->status : status;
}

static void say_skipped(const struct uploading *u)
{
	struct buf words = { 0 };
	size_t all = 0;

	for (int i = 0; i < FOLDER_SKIPS; i++) {
		if (!u->skipped[i])
			continue;
		(void)buf_addf(&words, "%s%zu %s", all ? ", " : "", u->skipped[i],
			folder_skip_words((enum folder_skip)i, u->skipped[i] > 1));
		all += u->skipped[i];
	}
	if (all && !u->quiet)
		say("skipped %zu in folders: %s%s", all, buf_cstr(&words),
			u->link->client->verbose ? "" : " (-v names them)");
	buf_fini(&words);
}

/* ---- one file ---- */

/* As soon as it is taken: whoever uploads a thousand files wants to see them go. */
static void print_line(struct uploading *u, const char *name, struct val result)
{
	struct buf line = { 0 };
	int r;

	upload_line(name, result, &line);
	r = out_text(&line, false);
	if (r)
		failed(u, r);
	buf_fini(&line);
}

static bool name_taken(struct uploading *u, const char *name)
{
	for (size_t i = 0; i < u->names.n; i++)
		if (!strcmp(u->names.v[i], name))
			return true;
	option_words(&u->names, mem_dup(name));
	return false;
}

static void count_taken(struct uploading *u, struct val result)
{
	char *change = val_get_text(result, "change");

	if (change && !strcmp(change, "unchanged"))
		u->unchanged++;
	else
		u->taken++;
	mem_free(change);
}

/* Of a folder that was uploaded before most files are there already: they are counted. */
static bool is_no_news(const struct uploading *u, struct val result)
{
	return u->recursive && !u->link->client->verbose && val_str_is(val_get(result, "change"), "unchanged");
}

/* --jsonl: an object, now. */
static void put_line(struct uploading *u)
{
	int r;

	(void)buf_add_byte(&u->text, '\n');
	r = out_text(&u->text, false);
	if (r)
		failed(u, r);
	buf_reset(&u->text);
}

static void on_news(void *ctx, const struct upload_news *news)
{
	struct uploading *u = ctx;

	u->total = max_of(u->total, news->done + 1);
	if (!u->jsonl) {
		progress_upload(&u->progress, news, u->total);
	} else if (news->kind != UPLOAD_SENDING || news->off == news->size) {
		json_out_init(&u->w, &u->text);
		progress_upload_json(&u->w, news, u->total);
		put_line(u);
	}
}

static void on_done(void *ctx, const struct upload *file, int status, struct val result)
{
	struct uploading *u = ctx;

	u->sent++;
	if (status == UPLOAD_PASSED)
		u->passed++;
	else if (status)
		failed(u, status);
	else
		count_taken(u, result);
	if (val_present(result))
		upload_say_stats(file->name, val_get(result, "stats"));
	if (u->jsonl)
		json_out_init(&u->w, &u->text);
	if (u->json || u->jsonl)
		upload_json(&u->w, &u->link->error, file, status, result);
	else if (val_present(result) && !is_no_news(u, result))
		print_line(u, file->name, result);
	if (u->jsonl)
		put_line(u);
	link_error_fini(&u->link->error);
}

static void send_file(struct uploading *u, const char *path, const char *name, bool found)
{
	/* A second one would silently replace the first. */
	if (name_taken(u, name)) {
		failed(u,
			say_fail(STATUS_DATA,
				"'%s' would replace another file of this run, both are called '%s': "
				"put one elsewhere with --to",
				path, name));
		return;
	}
	if (!uploads_send(u->uploads, &(struct upload){ path, name, u->collection, found }))
		u->gone = true;
}

/* ---- arguments ---- */

static bool on_found(void *ctx, const char *path, const char *name)
{
	struct uploading *u = ctx;

	send_file(u, path, name, true);
	return !u->gone;
}

static void on_skipped(void *ctx, const char *path, enum folder_skip why)
{
	struct uploading *u = ctx;

	u->skipped[why]++;
	if (u->link->client->verbose && !u->quiet)
		say("skipped '%s': %s", path, folder_skip_words(why, false));
}

static void on_unreadable(void *ctx, const char *path, int e)
{
	failed(ctx, say_fail(STATUS_INPUT, "cannot read '%s': %s", path, strerror(e)));
}

/* "notes/" and "./notes" name their files like "notes". */
static char *without_slash(const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	return mem_ndup(path, n);
}

static void send_path(struct uploading *u, const char *arg)
{
	char *path = without_slash(arg), *name = upload_name(path);
	struct stat st;

	if (u->recursive && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		folder_walk(path, &(struct folder_events){ on_found, on_skipped, on_unreadable, u });
	else
		send_file(u, path, u->name ? u->name : name ? name : path, false);
	mem_free(name);
	mem_free(path);
}

/* A pattern that a shell would have taken apart came in quotes, or from a program without a shell. */
static void send_argument(struct uploading *u, const char *arg)
{
	struct stat st;
	glob_t found;

	if (!strcmp(arg, "-")) {
		send_file(u, arg, u->name ? u->name : STDIN_NAME, false);
	} else if (!strpbrk(arg, "*?[") || lstat(arg, &st) == 0 ||
		   glob(arg, 0, NULL, &found) != 0) {
		send_path(u, arg);
	} else {
		for (size_t i = 0; i < found.gl_pathc && !u->gone; i++)
			send_path(u, found.gl_pathv[i]);
		globfree(&found);
	}
}

static void say_sum(const struct uploading *u)
{
	size_t bad = u->sent - u->taken - u->unchanged - u->passed;
	char more[100] = "";
	int n = 0;

	if (!u->recursive || u->quiet)
		return;
	if (!u->sent && !u->status)
		say("there are no files to send");
	if (u->sent < 2 && !u->unchanged)
		return;
	if (u->passed)
		n = snprintf(more, sizeof(more), ", %zu passed over", u->passed);
	if (bad)
		(void)snprintf(more + n, sizeof(more) - (size_t)n, ", %zu failed", bad);
	say("%zu file%s: %zu taken, %zu there already%s", u->sent, u->sent == 1 ? "" : "s", u->taken, u->unchanged, more);
}

/* ---- the command ---- */

static int finish(struct uploading *u)
{
	int r = 0;

	u->uploads = uploads_free(u->uploads);
	progress_clear(&u->progress);
	say_skipped(u);
	say_sum(u);
	if (u->json) {
		json_out_array_end(&u->w);
		json_out_object_end(&u->w);
		(void)buf_add_byte(&u->text, '\n');
		r = out_text(&u->text, false);
	}
	for (size_t i = 0; i < u->names.n; i++)
		mem_free((char *)u->names.v[i]);
	option_fini(&u->names);
	buf_fini(&u->text);
	u->link = link_free(u->link);
	return u->status ? u->status : r;
}

static int upload(struct client *c, struct uploading *u, const struct opts *o)
{
	u->link = link_new(c);
	progress_start(&u->progress, !u->quiet && !u->jsonl && term_moves(STDERR_FILENO));
	u->uploads = uploads_new(u->link, &u->progress, &(struct upload_events){ on_done, on_news, u });
	if (u->recursive && !c->verbose)
		uploads_say_at_most(u->uploads, SAID);
	if (u->quiet)
		uploads_pass_quietly(u->uploads);
	if (u->progress.on || u->jsonl)
		u->total = progress_count(o->args, o->nargs, u->recursive);
	if (u->json) {
		json_out_init(&u->w, &u->text);
		json_out_object(&u->w);
		json_out_key(&u->w, "uploads");
		json_out_array(&u->w);
	}
	/* One bad file does not stop the others; a daemon that is gone stops all. */
	for (size_t i = 0; i < o->nargs && !u->gone; i++)
		send_argument(u, o->args[i]);
	return finish(u);
}

static void take(struct uploading *u, const struct opts *o, int id)
{
	switch (id) {
	case 'r':
		u->recursive = true;
		break;
	case 'q':
		u->quiet = true;
		break;
	case OPT_TO:
		u->collection = o->value;
		break;
	case OPT_NAME:
		u->name = o->value;
		break;
	case OPT_JSON:
		u->json = true;
		break;
	case OPT_JSONL:
		u->jsonl = true;
		break;
	}
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_upload, argc, argv);
	struct uploading u = { .status = 0 };
	int id;

	while ((id = opts_next(&o)) > 0)
		take(&u, &o, id);
	if (id < 0)
		return o.status;
	if (!o.nargs)
		return opts_fail(&o, "upload needs a file, or - for stdin");
	if (u.name && (o.nargs > 1 || u.recursive))
		return opts_fail(&o, "--name is for a single file");
	return upload(c, &u, &o);
}

const struct cmd cmd_upload = {
	.name = "upload",
	.brief = "hand documents to the library or the backend",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat upload [OPTIONS] FILE...\n"
		"       ragchat upload [--name NAME] -\n"
		"Sends each file and prints what the daemon or the backend says of it. A document is\n"
		"called by its file's name, in a folder by its path below that; the same name again\n"
		"replaces it, and the same bytes are indexed once in a collection.\n"
		"  -r, --recursive     folders too; hidden and empty files are left out and counted, files of\n"
		"                      kinds that are not read (pictures, programs) are passed over, and\n"
		"                      what many files have is said for three of them and counted (-v\n"
		"                      names all)\n"
		"      --to COLLECTION     put them into a collection\n"
		"      --name NAME     call the file (or stdin) so\n"
		"  -q, --quiet         no progress, no word of what is left out\n"
		"      --json          one object at the end: {\"uploads\": [...]}\n"
		"      --jsonl         a line for each file when it is done, and for its progress\n"
		"One file that fails does not stop the others; the status is that of the first "
		"failure.\nA file that is named and is of no kind that is read fails; one found in a folder does not.\n"
		"What the library has already is not sent again: after a break the same command goes on.\n"
		"example: ragchat upload -r --to manuals docs/\n",
};
