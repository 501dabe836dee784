/* Verdicts printed. */
#include "client/checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/filter.h"
#include "client/out.h"
#include "client/term.h"

static const char *const words[] = { "ok", "warn", "FAIL", "skip" };
static const char *const json_words[] = { "ok", "warn", "fail", "skip" };
static const char *const colours[] = { "\033[32m", "\033[33m", "\033[31m", "\033[2m" };

void checks_begin(struct checks *k, bool json)
{
	*k = (struct checks){ .json = json };
	json_out_init(&k->w, &k->out);
	if (json) {
		json_out_object(&k->w);
		json_out_key(&k->w, "checks");
		json_out_array(&k->w);
	}
}

/* Lines are our own; what they quote was filtered on its way in. */
static void flush(struct checks *k)
{
	int r = k->out.len ? out_text(&k->out, true) : 0;

	buf_fini(&k->out);
	if (!k->status)
		k->status = r;
}

int checks_end(struct checks *k)
{
	if (k->json) {
		json_out_array_end(&k->w);
		json_out_key(&k->w, "ok");
		json_out_bool(&k->w, !k->failed);
		json_out_object_end(&k->w);
		(void)buf_add_byte(&k->out, '\n');
	}
	flush(k);
	return k->status ? k->status : k->failed;
}

static void add_json(struct checks *k, enum verdict v, const char *name, const char *text, const char *todo)
{
	json_out_object(&k->w);
	json_out_key(&k->w, "name");
	json_out_str(&k->w, name);
	json_out_key(&k->w, "state");
	json_out_str(&k->w, json_words[v]);
	json_out_key(&k->w, "text");
	json_out_str(&k->w, text);
	if (todo && v != CHECK_OK) {
		json_out_key(&k->w, "todo");
		json_out_str(&k->w, todo);
	}
	json_out_object_end(&k->w);
}

static void add_line(struct checks *k, enum verdict v, const char *name, const char *text, const char *todo)
{
	bool colour = term_color(COLOR_AUTO, STDOUT_FILENO);

	(void)buf_addf(&k->out, "%s%-4s%s  %-16s ", colour ? colours[v] : "", words[v], colour ? "\033[0m" : "", name);
	filter_line(term_filter(), text, strlen(text), 400, &k->out);
	if (todo && v != CHECK_OK) {
		(void)buf_add_str(&k->out, " -> ");
		filter_line(term_filter(), todo, strlen(todo), 300, &k->out);
	}
	(void)buf_add_byte(&k->out, '\n');
	flush(k);
}

void checks_add(struct checks *k, enum verdict v, const char *name, const char *todo, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	k->failed |= v == CHECK_FAIL;
	if (k->json)
		add_json(k, v, name, text, todo);
	else
		add_line(k, v, name, text, todo);
}
