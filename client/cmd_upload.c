/* ragchat upload: documents for the library or the backend. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/filter.h"
#include "client/link.h"
#include "client/option.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/say.h"
#include "client/term.h"
#include "client/upload.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/path.h"
#include "common/str.h"

#define STDIN_NAME "stdin.txt"

enum { OPT_TO = OPT_OWN, OPT_NAME };

static const struct opt opts[] = {
	{ 'r', "recursive", NULL },
	{ 'q', "quiet", NULL },
	{ OPT_TO, "to", "COLLECTION" },
	{ OPT_NAME, "name", "NAME" },
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

struct uploading {
	struct link *link;
	const char *collection, *name;
	bool recursive, quiet, json;
	struct progress progress;
	struct option_list names; /* given so far in this run, ours */
	size_t strip;             /* within a folder: bytes of a path that its name leaves out */
	struct buf text;          /* of --json */
	struct json_out w;
	int status; /* of the first failure */
};

static void failed(struct uploading *u, int status)
{
	u->status = u->status ? u->status : status;
}

static void skipped(const struct uploading *u, const char *path, const char *why)
{
	if (!u->quiet)
		say("skipped '%s': %s", path, why);
}

/* ---- one file ---- */

static void say_stats(const char *name, struct val stats)
{
	struct val errors = val_get(stats, "errors");
	int64_t bad = val_get_int(stats, "failed", 0);
	const char *s;
	size_t n;

	if (bad > 0)
		say_as("backend", "%s: %lld of %lld files failed", name, (long long)bad,
			(long long)val_get_int(stats, "total", bad));
	for (size_t i = 0; i < val_count(errors) && i < 10; i++)
		if (val_str(val_at(errors, i), &s, &n))
			say_as("backend", "%s: %.*s", name, (int)n, s);
}

static void add_json(
	struct uploading *u, const char *path, const char *name, int status, struct val result)
{
	struct json_out *w = &u->w;

	json_out_object(w);
	json_out_key(w, "file");
	json_out_str(w, path);
	json_out_key(w, "name");
	json_out_str(w, name);
	json_out_key(w, "status");
	json_out_int(w, status);
	if (val_present(result)) {
		pretty_pairs(w, result, NULL);
	} else if (u->link->error.name) {
		json_out_key(w, "error");
		json_out_object(w);
		json_out_key(w, "code");
		json_out_int(w, u->link->error.code);
		json_out_key(w, "name");
		json_out_str(w, u->link->error.name);
		json_out_key(w, "message");
		json_out_str(w, u->link->error.message);
		json_out_object_end(w);
	}
	json_out_object_end(w);
}

/* As soon as it is taken: whoever uploads a thousand files wants to see them go. */
static void print_line(struct uploading *u, const char *name, struct val result)
{
	struct buf line = { 0 };
	const char *s = "taken";
	size_t n = strlen(s);
	char *whole;
	int r;

	(void)val_get_str(result, "message", &s, &n);
	/* The daemon's message has the name; what a backend says has it rarely. */
	if (memmem(s, n, name, strlen(name)))
		whole = mem_ndup(s, n);
	else
		whole = mem_printf("%s: %.*s", name, (int)n, s);
	filter_line(term_filter(), whole, strlen(whole), 2000, &line);
	(void)buf_add_byte(&line, '\n');
	r = out_text(&line, false);
	if (r)
		failed(u, r);
	buf_fini(&line);
	mem_free(whole);
}

static bool name_taken(struct uploading *u, const char *name)
{
	for (size_t i = 0; i < u->names.n; i++)
		if (!strcmp(u->names.v[i], name))
			return true;
	option_words(&u->names, mem_dup(name));
	return false;
}

static void send_file(struct uploading *u, const char *path, const char *name)
{
	struct val result = { NULL };
	int r;

	/* A second one would silently replace the first. */
	if (name_taken(u, name)) {
		failed(u,
			say_fail(STATUS_DATA,
				"'%s' would replace another file of this run, both are called '%s'",
				path, name));
		return;
	}
	u->link->error.code = 0;
	r = upload_send(&(struct upload){ .link = u->link,
		.path = path,
		.name = name,
		.collection = u->collection,
		.progress = &u->progress });
	if (!r || r == STATUS_FAILED)
		result = u->link->msg.result;
	if (r)
		failed(u, r);
	if (val_present(result))
		say_stats(name, val_get(result, "stats"));
	if (u->json)
		add_json(u, path, name, r, result);
	else if (val_present(result))
		print_line(u, name, result);
}

/* ---- folders ---- */

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_dots(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static void walk(struct uploading *u, const char *dir);

static void walk_entry(struct uploading *u, const char *path)
{
	struct stat st, to;

	if (path_basename(path)[0] == '.') {
		skipped(u, path, "hidden");
	} else if (lstat(path, &st) < 0) {
		failed(u, say_fail(STATUS_INPUT, "cannot read '%s': %s", path, strerror(errno)));
	} else if (S_ISDIR(st.st_mode)) {
		walk(u, path);
	} else if (S_ISLNK(st.st_mode) && (stat(path, &to) < 0 || !S_ISREG(to.st_mode))) {
		/* Following links to folders could go round for ever. */
		skipped(u, path, "a link that leads to no file");
	} else if (!S_ISLNK(st.st_mode) && !S_ISREG(st.st_mode)) {
		skipped(u, path, "not a file");
	} else {
		send_file(u, path, path + u->strip);
	}
}

static void walk(struct uploading *u, const char *dir)
{
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, not_dots, by_name);

	if (n < 0)
		failed(u, say_fail(STATUS_INPUT, "cannot read '%s': %s", dir, strerror(errno)));
	for (int i = 0; i < n; i++) {
		char *path = path_join(dir, entries[i]->d_name);

		walk_entry(u, path);
		mem_free(path);
		free(entries[i]);
	}
	free(entries);
}

/*
 * The files of a folder are called by their path from it on, its own name included: notes/a.md,
 * wherever notes lies. Of ".", ".." and "/" there is no name to include.
 */
static void walk_folder(struct uploading *u, const char *path)
{
	const char *base = path_basename(path);
	bool named = *base && strcmp(base, ".") != 0 && strcmp(base, "..") != 0;
	char *name = upload_name(path);
	size_t n = strlen(path);

	if (name)
		u->strip = n - strlen(name);
	else
		u->strip = named ? (size_t)(base - path) : n + (path[n - 1] != '/');
	walk(u, path);
	mem_free(name);
}

/* "notes/" and "./notes" name their files like "notes". */
static char *without_slash(const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	return mem_ndup(path, n);
}

static void send_argument(struct uploading *u, const char *arg)
{
	char *path = without_slash(arg), *name = upload_name(path);
	struct stat st;

	if (!strcmp(arg, "-"))
		send_file(u, arg, u->name ? u->name : STDIN_NAME);
	else if (u->recursive && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		walk_folder(u, path);
	else
		send_file(u, path, u->name ? u->name : name ? name : path);
	mem_free(name);
	mem_free(path);
}

/* ---- the command ---- */

static int finish(struct uploading *u)
{
	int r = 0;

	progress_clear(&u->progress);
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
	progress_start(&u->progress, !u->quiet && term_moves(STDERR_FILENO));
	json_out_init(&u->w, &u->text);
	json_out_object(&u->w);
	json_out_key(&u->w, "uploads");
	json_out_array(&u->w);
	/* One bad file does not stop the others; a daemon that is gone stops all. */
	for (size_t i = 0; i < o->nargs && u->status != STATUS_UNAVAILABLE; i++)
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
		"Sends each file and prints what the daemon or the backend says of it. A document "
		"is\n"
		"called by its path as given here; the same name again replaces it.\n"
		"  -r, --recursive     folders too; hidden files are left out and named\n"
		"      --to COLLECTION     put them into a collection\n"
		"      --name NAME     call the file (or stdin) so\n"
		"  -q, --quiet         no progress, no word of what is left out\n"
		"      --json          one object at the end: {\"uploads\": [...]}\n"
		"One file that fails does not stop the others; the status is that of the first "
		"failure.\n"
		"example: ragchat upload -r --to manuals docs/\n",
};
