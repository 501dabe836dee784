/* ragchat config: read and change ragchat.conf; nothing that ragchatd would refuse gets into it. */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/conf.h"
#include "client/conf_file.h"
#include "client/editor.h"
#include "client/out.h"
#include "client/say.h"
#include "client/secret.h"
#include "common/attr.h"
#include "common/fd.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define VALUE_MAX 65536

enum { OPT_SYSTEM = OPT_OWN, OPT_ALL };

static const struct opt opts[] = {
	{ OPT_SYSTEM, "system", NULL },
	{ OPT_ALL, "all", NULL },
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

struct config_want {
	bool all, json;
};

static bool is_secret(const char *name)
{
	return !strcmp(name, "api_key");
}

/* What everybody on the machine could read in the list of processes. */
static bool is_secret_value(const char *name, const char *value)
{
	static const char *const headers[] = { "authorization", "proxy-authorization", "x-api-key", "api-key", "cookie" };
	const char *colon = strchr(value, ':');

	if (!strcmp(name, "proxy"))
		return strchr(value, '@') != NULL;
	for (size_t i = 0; !strcmp(name, "header") && colon && i < array_len(headers); i++)
		if (strlen(headers[i]) == (size_t)(colon - value) && !strncasecmp(headers[i], value, (size_t)(colon - value)))
			return true;
	return is_secret(name);
}

static int no_option(const char *name)
{
	return say_fail(STATUS_USAGE, "there is no option '%s'; `ragchat config list --all` shows them", name);
}

/* ---- get and list ---- */

static int get(struct conf_file *f, const char *name)
{
	struct buf list = { 0 }, out = { 0 };
	struct conf_option o;
	int r = conf_options(&list);

	if (!r && !conf_option_find(&list, name, &o))
		r = no_option(name);
	if (!r) {
		bool set = conf_get((const char *)f->text.data, f->text.len, name, &out);

		if (set && is_secret(name)) {
			buf_wipe(&out);
			(void)buf_add_str(&out, "(set, not shown)");
		} else if (!set) {
			(void)buf_add(&out, o.field[CONF_DEFAULT], o.len[CONF_DEFAULT]);
		}
		(void)buf_add_byte(&out, '\n');
		r = out_text(&out, false);
	}
	buf_fini(&list);
	buf_wipe(&out);
	return r;
}

static void list_one(const struct conf_option *o, struct buf *value, bool set, bool json, struct json_out *w)
{
	char *name = mem_ndup(o->field[CONF_NAME], o->len[CONF_NAME]);
	const char *text = set ? buf_cstr(value) : "";
	const char *line;

	if (set && is_secret(name))
		text = "(set, not shown)";
	if (json) {
		json_out_key(w, name);
		json_out_object(w);
		json_out_key(w, "value");
		if (set)
			json_out_str(w, text);
		else
			json_out_string(w, o->field[CONF_DEFAULT], o->len[CONF_DEFAULT]);
		json_out_key(w, "set");
		json_out_bool(w, set);
		json_out_key(w, "restart");
		json_out_bool(w, o->len[CONF_WHEN] == 7);
		json_out_object_end(w);
	} else if (!set) {
		(void)buf_addf(w->out, "#%s =%s%.*s\n", name, o->len[CONF_DEFAULT] ? " " : "", (int)o->len[CONF_DEFAULT], o->field[CONF_DEFAULT]);
	} else {
		for (line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
			conf_add(name, line, strcspn(line, "\n"), w->out);
	}
	mem_free(name);
}

static int list(struct conf_file *f, const struct config_want *k)
{
	struct buf options = { 0 }, out = { 0 };
	struct conf_option o;
	struct json_out w;
	int r = conf_options(&options);
	const char *p = (const char *)options.data, *end = p ? p + options.len : NULL;

	json_out_init(&w, &out);
	if (k->json)
		json_out_object(&w);
	while (!r && p && conf_option_next(&p, end, &o)) {
		char *name = mem_ndup(o.field[CONF_NAME], o.len[CONF_NAME]);
		struct buf value = { 0 };
		bool set = conf_get((const char *)f->text.data, f->text.len, name, &value);

		if (set || k->all)
			list_one(&o, &value, set, k->json, &w);
		buf_wipe(&value);
		mem_free(name);
	}
	if (k->json) {
		json_out_object_end(&w);
		(void)buf_add_byte(&out, '\n');
	}
	if (!r && !out.len)
		say("'%s' sets nothing: every option has its default (--all shows them)", f->path);
	if (!r)
		r = out_text(&out, k->json);
	buf_fini(&options);
	buf_wipe(&out);
	return r;
}

/* ---- set ---- */

/* Of what was just given the place in the file is no news; of another line it is. */
static const char *reason(const struct conf_file *f, const char *name, const char *why)
{
	size_t n = strlen(f->path);
	const char *rest;

	why += str_starts(why, "ragchatd: ") ? strlen("ragchatd: ") : 0;
	if (!name || strncmp(why, f->path, n) != 0 || why[n] != ':')
		return why;
	rest = why + n + 1 + strspn(why + n + 1, "0123456789");
	rest += strspn(rest, ": ");
	return strstr(rest, name) ? rest : why;
}

/* Checked, then in its place, then told to the daemon. name: of the option that changes, or NULL. */
static int put(struct client *c, struct conf_file *f, const char *name, const struct buf *text, bool secret)
{
	char *draft = conf_file_draft(f, text);
	struct buf why = { 0 };
	int r = draft ? conf_file_check(f, draft, &why) : STATUS_OUTPUT;

	if (r == STATUS_CONFIG)
		say("not changed: %.400s", reason(f, name, buf_cstr(&why)));
	if (!r)
		r = conf_file_replace(f, draft, secret);
	if (r && draft)
		(void)unlink(draft);
	if (!r)
		r = conf_file_tell(c, f);
	buf_fini(&why);
	mem_free(draft);
	return r;
}

/* A line of stdin, or typed without echo. NULL: *status, said. */
static char *read_value(const char *name, int *status)
{
	struct buf text;
	char *prompt, *value;

	if (isatty(STDIN_FILENO)) {
		prompt = mem_printf("%s: ", name);
		value = secret_ask(prompt, status);
		mem_free(prompt);
		return value;
	}
	buf_init(&text, VALUE_MAX);
	if (fd_read_all(STDIN_FILENO, &text) != 0 || buf_reserve(&text, 0) != 0) {
		*status = say_fail(STATUS_INPUT, "stdin cannot be read, or is larger than 64 KiB");
		buf_wipe(&text);
		return NULL;
	}
	while (text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
		text.len--;
	value = mem_ndup((const char *)text.data, text.len);
	buf_wipe(&text);
	if (strchr(value, '\n') || !*value) {
		*status = say_fail(STATUS_DATA, "stdin is to hold the value, one line");
		value = secret_free(value);
	}
	return value;
}

static int set(struct client *c, struct conf_file *f, struct opts *o)
{
	const char *name = o->args[1];
	char **values = o->args + 2, *read = NULL;
	size_t n = o->nargs - 2;
	struct buf text;
	int status = 0, r;

	for (size_t i = 0; i < n; i++)
		if (strcmp(values[i], "-") != 0 && is_secret_value(name, values[i]))
			return say_fail(STATUS_USAGE,
				"a secret on the command line is there for everybody to read: `ragchat config set %s` asks for it, or reads a pipe", name);
	if (n == 0 || (n == 1 && !strcmp(values[0], "-"))) {
		read = read_value(name, &status);
		if (!read)
			return status;
		values = &read;
		n = 1;
	}
	buf_init(&text, 1u << 20);
	conf_set((const char *)f->text.data, f->text.len, name, values, n, &text);
	r = text.failed ? say_fail(STATUS_DATA, "the file would be larger than 1 MiB") : put(c, f, name, &text, read != NULL);
	buf_wipe(&text);
	secret_free(read);
	return r;
}

static int unset(struct client *c, struct conf_file *f, char *const *names, size_t n)
{
	struct buf text, value = { 0 };
	size_t changed = 0;
	int r = 0;

	buf_init(&text, 1u << 20);
	(void)buf_add(&text, f->text.data, f->text.len);
	for (size_t i = 0; i < n; i++) {
		struct buf without;

		if (!conf_get((const char *)text.data, text.len, names[i], &value)) {
			say("'%s' is not set in '%s'", names[i], f->path);
			continue;
		}
		buf_wipe(&value);
		buf_init(&without, 1u << 20);
		conf_set((const char *)text.data, text.len, names[i], NULL, 0, &without);
		buf_wipe(&text);
		text = without;
		changed++;
	}
	if (changed)
		r = put(c, f, NULL, &text, false);
	buf_wipe(&text);
	return r;
}

/* ---- edit ---- */

/* As visudo: a file that does not hold is edited again, or given up. False: give it up. */
static bool again(struct buf *why)
{
	char line[16];
	ssize_t n;

	say("ragchatd would not take it:\n%.*s", (int)min_of(why->len, (size_t)400), buf_cstr(why));
	if (!isatty(STDIN_FILENO))
		return false;
	say("edit it again? [Y/n] ");
	n = fd_read(STDIN_FILENO, line, sizeof(line));
	return n > 0 && line[0] != 'n' && line[0] != 'N' && line[0] != 'q';
}

static int edit_draft(struct client *c, struct conf_file *f, const char *draft)
{
	struct buf text, why = { 0 };
	int r;

	for (;;) {
		r = editor_run(draft);
		if (r)
			return r;
		buf_init(&text, 1u << 20);
		r = file_read(draft, &text);
		if (r == 0 && f->exists && text.len == f->text.len && !memcmp(text.data, f->text.data, text.len)) {
			say("nothing was changed");
			break;
		}
		if (r == 0)
			r = conf_file_check(f, draft, &why);
		if (r != STATUS_CONFIG) {
			r = r < 0 ? say_fail(STATUS_INPUT, "cannot read '%s': %s", draft, strerror(-r)) : r ? r : put(c, f, NULL, &text, false);
			break;
		}
		if (!again(&why)) {
			say("not changed; what you wrote is in '%s'", draft);
			break;
		}
		buf_fini(&why);
		buf_wipe(&text);
	}
	buf_fini(&why);
	buf_wipe(&text);
	return r;
}

static int edit(struct client *c, struct conf_file *f)
{
	struct buf options = { 0 }, fresh = { 0 };
	char *draft;
	int r = 0;

	if (!f->exists) {
		r = conf_options(&options);
		if (!r)
			conf_template(&options, &fresh);
	}
	draft = r ? NULL : conf_file_draft(f, f->exists ? &f->text : &fresh);
	if (draft)
		r = edit_draft(c, f, draft);
	else if (!r)
		r = STATUS_OUTPUT;
	if (draft && r != STATUS_CONFIG)
		(void)unlink(draft);
	mem_free(draft);
	buf_fini(&options);
	buf_fini(&fresh);
	return r;
}

/* ---- the verbs ---- */

static int path(const struct conf_file *f)
{
	struct buf out = { 0 };
	int r;

	(void)buf_addf(&out, "%s\n", f->path);
	r = out_text(&out, false);
	buf_fini(&out);
	return r;
}

static int dispatch(struct client *c, struct conf_file *f, struct opts *o, const struct config_want *k)
{
	const char *verb = o->nargs ? o->args[0] : "list";

	if (!strcmp(verb, "list"))
		return opts_count(o, 0, 1) ? o->status : list(f, k);
	if (!strcmp(verb, "path"))
		return opts_count(o, 1, 1) ? o->status : path(f);
	if (!strcmp(verb, "edit"))
		return opts_count(o, 1, 1) ? o->status : edit(c, f);
	if (!strcmp(verb, "get"))
		return opts_count(o, 2, 2) ? o->status : get(f, o->args[1]);
	if (!strcmp(verb, "unset"))
		return opts_count(o, 2, 100) ? o->status : unset(c, f, o->args + 1, o->nargs - 1);
	if (!strcmp(verb, "set"))
		return opts_count(o, 2, 100) ? o->status : set(c, f, o);
	return opts_fail(o, "config does list, get, set, unset, edit and path, not '%s'", verb);
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_config, argc, argv);
	struct config_want k = { .all = false };
	struct conf_file f;
	bool system = false;
	int id, r;

	while ((id = opts_next(&o)) > 0) {
		system |= id == OPT_SYSTEM;
		k.all |= id == OPT_ALL;
		k.json |= id == OPT_JSON;
	}
	if (id < 0)
		return o.status;
	r = conf_file_open(&f, system);
	if (!r)
		r = dispatch(c, &f, &o, &k);
	conf_file_fini(&f);
	return r;
}

const struct cmd cmd_config = {
	.name = "config",
	.brief = "read and change the configuration",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat config [list] [--all] [--json]\n"
		"       ragchat config get OPTION | set OPTION [VALUE...] | unset OPTION... | edit | path\n"
		"  list        what the file sets, or every option with --all\n"
		"  get         one option's value, or its default\n"
		"  set         change it; several values for header and option. Without VALUE, or\n"
		"              with -, it is asked for without echo, or read from a pipe: so for\n"
		"              api_key, which is not taken from the command line\n"
		"  unset       back to its default\n"
		"  edit        the whole file in $VISUAL or $EDITOR\n"
		"  path        where the file lies\n"
		"      --system    that of the machine's daemon\n"
		"      --all       with list: also what has its default\n"
		"      --json      list as one object\n"
		"Comments are kept. What ragchatd would refuse is not written; a daemon that runs\n"
		"takes it over at once, and what waits for a restart is said.\n"
		"example: ragchat config set backend https://llm.example.org\n",
};
