/* ragchat doctor: each check one line, and what to do where one fails. Starts no daemon. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/checks.h"
#include "client/cmd.h"
#include "client/connect.h"
#include "client/link.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/path.h"
#include "common/str.h"
#include "proto/errors.h"
#include "proto/limits.h"

#define PATIENCE_MS 15000 /* the daemon's own deadline, and some */

enum { OPT_QUICK = OPT_OWN };

static const struct opt opts[] = {
	{ OPT_QUICK, "quick", NULL },
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

static void socket_file(struct checks *k, const char *path)
{
	char *folder = path_dirname(path), why[160] = "";
	struct stat st;

	if (lstat(path, &st) < 0)
		checks_add(k, CHECK_WARN, "socket", "the daemon binds it again within 10 s", "'%s' has vanished", path);
	else if (st.st_uid == geteuid() && path_check_private_dir(folder, NULL, why) != 0)
		checks_add(k, CHECK_FAIL, "socket", "chmod 700 its folder; it must be yours", "%s", why);
	else
		checks_add(k, CHECK_OK, "socket", NULL, "'%s', mode %04o, of uid %u", path, (unsigned)st.st_mode & 07777, (unsigned)st.st_uid);
	mem_free(folder);
}

static void versions(struct checks *k, const struct link *l)
{
	if (!strcmp(l->version, RAGCHAT_VERSION))
		checks_add(k, CHECK_OK, "version", NULL, "%s, daemon and client", l->version);
	else
		checks_add(k, CHECK_WARN, "version", "ragchat daemon stop; the next command starts the new one", "the daemon is %s, this is %s", l->version,
			RAGCHAT_VERSION);
}

static enum verdict verdict_of(struct val check)
{
	struct val state = val_get(check, "state");

	return val_str_is(state, "ok") ? CHECK_OK : val_str_is(state, "fail") ? CHECK_FAIL : val_str_is(state, "skip") ? CHECK_SKIP : CHECK_WARN;
}

static void take(struct checks *k, struct val list)
{
	for (size_t i = 0; i < val_count(list); i++) {
		struct val check = val_at(list, i);
		char *name = val_get_text(check, "name"), *text = val_get_text(check, "text"), *todo = val_get_text(check, "todo");

		checks_add(k, verdict_of(check), name ? name : "?", todo, "%s", text ? text : "");
		mem_free(name);
		mem_free(text);
		mem_free(todo);
	}
}

static void daemon_protection(struct checks *k, struct link *l)
{
	char *layers;

	(void)link_request(l, "status");
	if (link_call(l, 0))
		return;
	layers = val_get_text(val_get(l->msg.result, "server"), "sandbox");
	checks_add(k, layers && strstr(layers, "landlock") ? CHECK_OK : CHECK_WARN, "daemon", "a kernel from 5.13 on with Landlock gives one layer more",
		"protected by: %s", layers ? layers : "?");
	mem_free(layers);
}

/* What the daemon finds. False: it does not let us ask. */
static bool ask_daemon(struct checks *k, struct link *l)
{
	int r;

	l->until_ms = clock_mono_ms() + PATIENCE_MS;
	(void)link_request(l, "check");
	r = link_call(l, LINK_PATIENT);
	if (l->path) {
		socket_file(k, l->path);
		versions(k, l);
	}
	if (!r)
		take(k, val_get(l->msg.result, "checks"));
	else if (r == LINK_E_REMOTE && l->error.code == PROTO_E_UNAUTHENTICATED)
		checks_add(k, CHECK_FAIL, "log-in", "ragchat login", "the daemon wants to know who you are");
	else if (r == LINK_E_REMOTE)
		checks_add(k, CHECK_FAIL, "daemon", NULL, "%s", l->error.message ? l->error.message : "an error");
	else
		checks_add(k, CHECK_FAIL, "daemon", "its log says why; `ragchat daemon stop` and try again", "gives no answer in time");
	if (!r)
		daemon_protection(k, l);
	return !r;
}

static int doctor(struct client *c, bool quick, bool json)
{
	struct connect_found found;
	char *database = NULL;
	struct checks k;
	struct link *l;
	bool runs;

	checks_begin(&k, json);
	checks_here(&k, quick, &database);
	c->autostart = false;
	runs = connect_find(connect_told(c), false, &found) == 0;
	if (runs) {
		l = link_new(c);
		(void)ask_daemon(&k, l);
		link_free(l);
	} else {
		checks_add(&k, connect_told(c) ? CHECK_FAIL : CHECK_WARN, "daemon",
			connect_told(c) ? "start it there, or leave -S and RAGCHAT_SOCKET away" : "the next command starts one", "%s",
			found.why ? found.why : "none runs");
		checks_files(&k, database);
	}
	connect_found_fini(&found);
	mem_free(database);
	return checks_end(&k);
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_doctor, argc, argv);
	bool quick = false, json = false;
	int id;

	while ((id = opts_next(&o)) > 0) {
		quick |= id == OPT_QUICK;
		json |= id == OPT_JSON;
	}
	return id < 0 || opts_count(&o, 0, 0) ? o.status : doctor(c, quick, json);
}

const struct cmd cmd_doctor = {
	.name = "doctor",
	.brief = "look whether everything is in order",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat doctor [--quick] [--json]\n"
		"A line for each check, `ok`, `warn` or `FAIL`, and behind an arrow what to do:\n"
		"the configuration, the sandboxes of both helpers, fonts, pdftotext, the clock;\n"
		"the socket, versions, the backend (name, TLS, proxy, key), the database and its\n"
		"disk. Starts no daemon: where none runs, less can be seen. Takes some seconds.\n"
		"Exit 1 when a check fails.\n"
		"      --quick         leave out the trial of the sandboxes\n"
		"      --json          {\"checks\": [{name, state, text, todo}], \"ok\": true}\n"
		"example: ragchat doctor | grep -v ^ok\n",
};
