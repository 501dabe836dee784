/* ragchat daemon: start and stop the per-user daemon, reload its configuration, say where it is. */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "client/autostart.h"
#include "client/cmd.h"
#include "client/connect.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/say.h"
#include "client/status.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/path.h"

#define STOP_MS 60000 /* running answers have their grace, then the database is closed */

static const struct opt opts[] = {
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

/* Where a daemon of ours is or would be. */
static char *socket_path(const struct client *c)
{
	const char *told = connect_told(c);

	return told ? mem_dup(told) : path_user_socket();
}

static bool answers(const char *path)
{
	unsigned uid;
	int fd = connect_path(path, &uid);

	fd_close(fd);
	return fd >= 0;
}

static int start(const struct client *c)
{
	char *path = socket_path(c), *why = NULL;
	int r = 0;

	if (answers(path)) {
		say("a daemon listens at '%s' already", path);
	} else if (autostart_daemon(path, NULL, &why)) {
		r = say_fail(STATUS_UNAVAILABLE, "cannot start the daemon: %s",
			why ? why : "no reason given");
	}
	mem_free(why);
	mem_free(path);
	return r;
}

/* Its connections close when it has nothing more to do for them. */
static void until_closed(struct link *l)
{
	struct link_wait w = { .until_ms = clock_mono_ms() + STOP_MS, .signals = -1 };
	enum link_event event;

	do {
		event = link_next(l, &w);
	} while (event == LINK_MESSAGE);
}

/* A lock that is still held would make the next daemon refuse the database. */
static bool is_there(const struct client *c, const char *path)
{
	char *locked = connect_told(c) ? NULL : connect_locked_socket();
	bool held = locked != NULL;

	mem_free(locked);
	return held || answers(path);
}

static int until_gone(const struct client *c, const char *path)
{
	uint64_t end = clock_mono_ms() + STOP_MS;

	while (is_there(c, path)) {
		if (clock_mono_ms() >= end)
			return say_fail(STATUS_LATER,
				"the daemon at '%s' is still there after %d s", path,
				STOP_MS / 1000);
		(void)poll(NULL, 0, 20);
	}
	return 0;
}

static int stop(struct client *c)
{
	char *path = socket_path(c);
	bool handed = false;
	struct link *l;
	int r;

	if (!is_there(c, path)) {
		say("no daemon listens at '%s'", path);
		mem_free(path);
		return 0;
	}
	c->autostart = false;
	l = link_new(c);
	(void)link_request(l, "daemon.stop");
	r = link_call(l, LINK_ONCE);
	if (!r) {
		handed = val_get_bool(l->msg.result, "handed", false);
		until_closed(l);
	}
	/* The reply may not arrive: to leave is what was asked for. */
	r = r && r != LINK_E_LOST ? link_fail(l, r) : 0;
	if (!r && !handed) /* to look whether a service manager's socket answers would start it again */
		r = until_gone(c, path);
	link_free(l);
	mem_free(path);
	return r;
}

static void add_names(struct val list, const char *what, struct buf *out)
{
	const char *s;
	size_t n;

	for (size_t i = 0; i < val_count(list); i++)
		if (val_str(val_at(list, i), &s, &n))
			(void)buf_addf(out, "%s %.*s\n", what, (int)n, s);
}

static int reload(struct client *c, bool json)
{
	struct link *l = link_new(c);
	struct buf out = { 0 };
	int r;

	(void)link_request(l, "daemon.reload");
	r = link_call(l, LINK_ONCE);
	if (r) {
		r = link_fail(l, r);
	} else if (json) {
		r = pretty_print(l->msg.result);
	} else {
		add_names(val_get(l->msg.result, "changed"), "changed", &out);
		add_names(val_get(l->msg.result, "restart"), "takes a restart", &out);
		if (!out.len)
			say("no option has changed");
		r = out_text(&out, false);
	}
	buf_fini(&out);
	link_free(l);
	return r;
}

static void json_line(struct json_out *w, const char *key, const char *text)
{
	json_out_key(w, key);
	json_out_str(w, text);
}

static int print_info(const struct link *l, bool json)
{
	struct buf out = { 0 };
	struct json_out w;
	int r;

	if (json) {
		json_out_init(&w, &out);
		json_out_object(&w);
		json_line(&w, "socket", l->path);
		json_line(&w, "version", l->version);
		json_line(&w, "instance", l->instance);
		json_out_key(&w, "protocol");
		json_out_int(&w, l->protocol);
		json_out_object_end(&w);
		(void)buf_add_byte(&out, '\n');
	} else {
		(void)buf_addf(&out, "socket    %s\nversion   %s\ninstance  %s\nprotocol  %lld\n",
			l->path, l->version, l->instance, (long long)l->protocol);
	}
	r = out_text(&out, false);
	buf_fini(&out);
	return r;
}

/* Starts nothing: scripts ask this to find out what is there. */
static int run_info(struct client *c, bool json)
{
	struct link *l;
	int r;

	c->autostart = false;
	l = link_new(c);
	(void)link_request(l, "ping");
	r = link_call(l, 0);
	r = r ? link_fail(l, r) : print_info(l, json);
	link_free(l);
	return r;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_daemon, argc, argv);
	bool json = false;

	if (opts_simple(&o, &json, 1, 1))
		return o.status;
	if (!strcmp(o.args[0], "start"))
		return start(c);
	if (!strcmp(o.args[0], "stop"))
		return stop(c);
	if (!strcmp(o.args[0], "reload"))
		return reload(c, json);
	if (!strcmp(o.args[0], "run-info"))
		return run_info(c, json);
	c->autostart = false;
	if (!strcmp(o.args[0], "status"))
		return status_print(c, json);
	return opts_fail(
		&o, "daemon does start, stop, reload, status and run-info, not '%s'", o.args[0]);
}

const struct cmd cmd_daemon = {
	.name = "daemon",
	.brief = "start, stop and reload the daemon",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat daemon start|stop|reload|status|run-info [--json]\n"
		"  start       start the per-user daemon, unless it runs\n"
		"  stop        let running answers finish for a moment, then end it; waits until "
		"it has\n"
		"  reload      read its configuration again and name the options that changed\n"
		"  status      as `ragchat status`, but starts no daemon\n"
		"  run-info    socket, version, instance and protocol of the one that runs\n"
		"      --json      reload, status and run-info as one object\n"
		"Every other command starts the daemon by itself (--no-autostart forbids it).\n"
		"example: ragchat daemon reload\n",
};
