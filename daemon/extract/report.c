/* The status line: {"status": "broken", "error": "...", ...} for the daemon, words for people. */
#include "daemon/extract/report.h"

#include <stdio.h>
#include <sysexits.h>

#include "common/fd.h"
#include "common/json.h"

static const char *code_name(int r)
{
	static const char *const names[] = { "ok", "broken", "type", "limit", "locked", "empty", "failed" };

	return names[r];
}

static void add_pair(struct json_out *w, const char *key, const char *value)
{
	json_out_key(w, key);
	json_out_str(w, value);
}

static void put_status(const struct extract *x, const char *level)
{
	struct buf line;
	struct json_out w;

	buf_init(&line, 0);
	json_out_init(&w, &line);
	json_out_object(&w);
	add_pair(&w, "status", code_name(x->r));
	if (x->r)
		add_pair(&w, "error", x->why);
	add_pair(&w, "format", x->format);
	json_out_key(&w, "pages");
	json_out_int(&w, (int64_t)x->out->pages);
	add_pair(&w, "sandbox", level);
	if (x->missed)
		add_pair(&w, "missed", x->missed_why);
	json_out_key(&w, "missed_count");
	json_out_int(&w, (int64_t)x->missed);
	json_out_object_end(&w);
	(void)buf_add_byte(&line, '\n');
	(void)fd_write_all(2, line.data, line.len);
	buf_fini(&line);
}

static void put_words(const struct extract *x)
{
	char words[EXTRACT_WHY_MAX + 32];
	int n = snprintf(words, sizeof(words), "ragchatd-extract: %s\n", x->why);

	(void)fd_write_all(2, words, (size_t)n);
}

int report_end(struct extract *x, const char *level)
{
	if (extract_state(x) == 0 && !x->out->visible && !x->children)
		extract_fail(x, EXTRACT_E_EMPTY, "there is no text in it");
	if (x->r == 0)
		out_end(x->out);
	(void)extract_state(x);
	if (!x->out->plain)
		put_status(x, level);
	else if (x->r)
		put_words(x);
	return x->r == 0 ? 0 : x->r == EXTRACT_E_FAILED ? EX_SOFTWARE : EX_DATAERR;
}
