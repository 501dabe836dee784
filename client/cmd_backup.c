/* ragchat backup: a copy of what the daemon keeps, in a file of ours. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/link.h"
#include "client/out.h"
#include "client/say.h"
#include "client/term.h"

enum { OPT_DOCUMENTS = OPT_OWN };

static const struct opt opts[] = {
	{ OPT_DOCUMENTS, "documents", NULL },
	{ 'q', "quiet", NULL },
	OPTS_END,
};

static void show(struct progress *p, int64_t done, int64_t size)
{
	char text[80];

	(void)snprintf(text, sizeof(text), "%lld of %lld MiB", (long long)(done >> 20), (long long)(size >> 20));
	progress_text(p, text, strlen(text));
	(void)progress_tick(p);
}

static int piece(struct link *l, int64_t blob, int64_t off, struct out *o, size_t *n)
{
	struct pack *p = link_request(l, "blob.read");
	const void *data;
	int r;

	pack_kv_int(p, "blob", blob);
	pack_kv_int(p, "off", off);
	r = link_call(l, LINK_ONCE); /* the copy is gone with its connection */
	if (r)
		return link_fail(l, r);
	if (!val_bin(val_get(l->msg.result, "data"), &data, n) || !*n)
		return say_fail(STATUS_PROTOCOL, "the daemon sent half a copy");
	out_add(o, data, *n);
	return out_flush(o) < 0 ? STATUS_OUTPUT : 0;
}

static int fetch(struct link *l, struct out *o, bool quiet)
{
	int64_t blob = val_get_int(l->msg.result, "blob", 0), size = val_get_int(l->msg.result, "size", 0), off = 0;
	struct progress p;
	int r = 0;

	progress_start(&p, !quiet && term_moves(STDERR_FILENO));
	while (!r && off < size) {
		size_t n = 0;

		r = piece(l, blob, off, o, &n);
		off += (int64_t)n;
		show(&p, off, size);
	}
	progress_clear(&p);
	if (!r && o->always)
		(void)fsync(o->fd);
	return r;
}

static int backup(struct client *c, const char *path, bool documents, bool quiet)
{
	struct link *l = link_new(c);
	struct out o;
	int r, closed;

	pack_kv_bool(link_request(l, "backup"), "documents", documents);
	r = link_call(l, LINK_PATIENT);
	if (r) {
		r = link_fail(l, r);
		link_free(l);
		return r;
	}
	(void)umask(077); /* all that was ever said is in it */
	r = out_open(&o, path);
	if (!r) {
		r = fetch(l, &o, quiet);
		closed = out_close(&o, !r);
		r = closed ? closed : r;
	}
	link_free(l);
	return r;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_backup, argc, argv);
	bool documents = false, quiet = false;
	int id;

	while ((id = opts_next(&o)) > 0) {
		documents |= id == OPT_DOCUMENTS;
		quiet |= id == 'q';
	}
	if (id < 0 || opts_count(&o, 1, 1))
		return o.status;
	if (!strcmp(o.args[0], "-") && isatty(STDOUT_FILENO))
		return say_fail(STATUS_USAGE, "a database is nothing for a terminal: name a FILE");
	return backup(c, o.args[0], documents, quiet);
}

const struct cmd cmd_backup = {
	.name = "backup",
	.brief = "write a copy of the conversations or the documents",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat backup [--documents] [-q] FILE\n"
		"A copy of all conversations as they are now, while the daemon goes on. The file\n"
		"has its name when it is whole, and is closed to others; `ragchatd -D FILE` opens\n"
		"it. With the daemon of a machine it is root's alone.\n"
		"      --documents     the documents and their index instead: library.db\n"
		"  -q, --quiet         no progress\n"
		"example: ragchat backup ~/chat-$(date +%F).db\n",
};
