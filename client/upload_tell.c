/* What became of an uploaded document, in words and as JSON. */
#include "client/upload_tell.h"

#include <stdio.h>
#include <string.h>

#include "client/filter.h"
#include "client/link.h"
#include "client/pretty.h"
#include "client/print_json.h"
#include "client/say.h"
#include "client/term.h"
#include "common/json.h"
#include "common/mem.h"

/* A text, or {file, error}. */
static void say_stats_error(const char *name, struct val error)
{
	const char *s, *file;
	size_t n, nfile;

	if (!val_str(error, &s, &n) && !val_get_str(error, "error", &s, &n))
		return;
	if (val_get_str(error, "file", &file, &nfile) && strncmp(file, name, nfile) != 0)
		say_as("backend", "%s: %.*s: %.*s", name, (int)nfile, file, (int)n, s);
	else
		say_as("backend", "%s: %.*s", name, (int)n, s);
}

void upload_say_stats(const char *name, struct val stats)
{
	struct val errors = val_get(stats, "errors");
	int64_t bad = val_get_int(stats, "failed", 0), total = val_get_int(stats, "total", -1);

	if (bad > 0)
		say_as("backend", "%s: %lld of %lld files failed", name, (long long)bad,
			(long long)(total < 0 ? bad : total));
	else if (total == 0)
		say_as("backend", "%s: it took no file: a format that it does not read?", name);
	for (size_t i = 0; i < val_count(errors) && i < 10; i++)
		say_stats_error(name, val_at(errors, i));
}

void upload_json(struct json_out *w, const struct link_error *error, const struct upload *file, int status, struct val result)
{
	json_out_object(w);
	json_out_key(w, "file");
	json_out_str(w, file->path);
	json_out_key(w, "name");
	json_out_str(w, file->name);
	json_out_key(w, "status");
	json_out_int(w, status == UPLOAD_PASSED ? 0 : status);
	if (status == UPLOAD_PASSED) {
		json_out_key(w, "passed");
		json_out_bool(w, true);
	}
	if (val_present(result)) {
		pretty_pairs(w, result, NULL);
	} else if (error->name) {
		json_out_key(w, "error");
		json_out_object(w);
		json_error_members(w, error->code, error->name, error->message);
		json_out_object_end(w);
	}
	json_out_object_end(w);
}

static const char *stats_words(struct val stats, char words[96])
{
	words[0] = '\0';
	if (val_present(stats))
		(void)snprintf(words, 96, " [%lld processed, %lld skipped, %lld failed of %lld]",
			(long long)val_get_int(stats, "processed", 0),
			(long long)val_get_int(stats, "skipped", 0),
			(long long)val_get_int(stats, "failed", 0),
			(long long)val_get_int(stats, "total", 0));
	return words;
}

void upload_line(const char *name, struct val result, struct buf *out)
{
	const char *s = "taken";
	size_t n = strlen(s);
	char *whole, words[96];

	(void)val_get_str(result, "message", &s, &n);
	/* The daemon's message has the name; what a backend says has it rarely. */
	if (memmem(s, n, name, strlen(name)))
		whole = mem_printf("%.*s%s", (int)n, s, stats_words(val_get(result, "stats"), words));
	else
		whole = mem_printf("%s: %.*s%s", name, (int)n, s, stats_words(val_get(result, "stats"), words));
	filter_line(term_filter(), whole, strlen(whole), 2000, out);
	(void)buf_add_byte(out, '\n');
	mem_free(whole);
}
