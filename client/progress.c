/* How far an upload of many files is: one line on a terminal, or lines of JSON. */
#include "client/progress.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/path.h"

static size_t counted;

static int count_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	bool hidden = at->level > 0 && path[at->base] == '.';

	if (kind == FTW_D && hidden)
		return FTW_SKIP_SUBTREE;
	counted += !hidden && (kind == FTW_F || kind == FTW_SL) && (S_ISREG(st->st_mode) || S_ISLNK(st->st_mode));
	return FTW_CONTINUE;
}

size_t progress_count(char *const *paths, size_t n, bool folders)
{
	size_t files = 0;
	struct stat st;

	for (size_t i = 0; i < n; i++) {
		counted = 0;
		if (folders && stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode))
			(void)nftw(paths[i], count_one, 16, FTW_PHYS | FTW_ACTIONRETVAL);
		else
			counted = 1;
		files += counted;
	}
	return files;
}

static int add_counts(char *text, size_t size, const struct upload_news *news, size_t total)
{
	return total > 1 ? snprintf(text, size, "%zu/%zu files  ", news->done + (news->done < total), total) : 0;
}

void progress_upload(struct progress *p, const struct upload_news *news, size_t total)
{
	const char *base = path_basename(news->name);
	char text[160];
	int n;

	if (!p->on)
		return;
	n = add_counts(text, sizeof(text), news, total);
	n += snprintf(text + n, sizeof(text) - (size_t)n, "%.60s  ", *base ? base : news->name);
	if (news->kind == UPLOAD_SENDING && news->off == news->size)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "sent");
	else if (news->kind == UPLOAD_SENDING && news->size > 0)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%d%% of %.1f MB", (int)(100 * news->off / news->size),
			(double)news->size / 1e6);
	else if (news->kind == UPLOAD_SENDING)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%.1f MB", (double)news->off / 1e6);
	else if (news->kind == UPLOAD_READING && news->pages)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "page %d", news->pages);
	else if (news->pages)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%d pages, being indexed", news->pages);
	else
		n += snprintf(text + n, sizeof(text) - (size_t)n,
			news->kind == UPLOAD_READING ? "being read" : "being indexed");
	progress_text(p, text, (size_t)n);
	(void)progress_tick(p);
}

void progress_upload_json(struct json_out *w, const struct upload_news *news, size_t total)
{
	static const char *const kinds[] = { "sending", "reading", "indexing" };

	json_out_object(w);
	json_out_key(w, "kind");
	json_out_str(w, kinds[news->kind]);
	json_out_key(w, "name");
	json_out_str(w, news->name);
	if (news->pages) {
		json_out_key(w, "pages");
		json_out_int(w, news->pages);
	}
	json_out_key(w, "done");
	json_out_int(w, (int64_t)news->done);
	json_out_key(w, "total");
	json_out_int(w, (int64_t)total);
	json_out_object_end(w);
}
