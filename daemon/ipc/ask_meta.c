/* How a question was asked, to JSON and back. */
#include "daemon/ipc/ask_meta.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "proto/limits.h"

#define DOCUMENTS_MAX 1024

static void put(struct json_out *w, const char *key, const char *text)
{
	if (!text)
		return;
	json_out_key(w, key);
	json_out_str(w, text);
}

char *ask_meta_json(const struct ask_options *ask)
{
	struct json_out w;
	struct buf b;

	if (!ask->system && !ask->options && !ask->collection && !ask->ndocuments && !ask->retrieval && !ask->model)
		return NULL;
	buf_init(&b, LIMIT_FRAME);
	json_out_init(&w, &b);
	json_out_object(&w);
	put(&w, "model", ask->model);
	put(&w, "system", ask->system);
	if (ask->options) {
		json_out_key(&w, "options");
		json_out_raw(&w, ask->options, strlen(ask->options));
	}
	put(&w, "collection", ask->collection);
	put(&w, "retrieval", ask->retrieval);
	if (ask->ndocuments) {
		json_out_key(&w, "documents");
		json_out_array(&w);
		for (size_t i = 0; i < ask->ndocuments; i++)
			json_out_str(&w, ask->documents[i]);
		json_out_array_end(&w);
	}
	json_out_object_end(&w);
	return buf_steal(&b, NULL);
}

static void documents_from_meta(struct ask_options *ask, struct json *j)
{
	struct json_slice value;
	size_t cap = 0;

	if (!json_array(j))
		return;
	while (json_item(j)) {
		if (ask->ndocuments == DOCUMENTS_MAX || !json_string(j, &value))
			continue;
		ask->documents = mem_grow(ask->documents, &cap, ask->ndocuments, sizeof(*ask->documents));
		ask->documents[ask->ndocuments] = json_strdup(&value, LIMIT_FRAME);
		ask->ndocuments += ask->documents[ask->ndocuments] != NULL;
	}
}

void ask_meta_take(struct ask_options *ask, const char *meta)
{
	struct json_slice key, value;
	struct json j;

	json_init(&j, meta ? meta : "", meta ? strlen(meta) : 0, 64);
	if (!json_object(&j))
		return;
	while (json_key(&j, &key)) {
		if (json_slice_is(&key, "ask") && json_peek(&j) == JSON_OBJECT && json_raw(&j, &value)) {
			char *inner = mem_ndup(value.p, value.n);

			ask_meta_take(ask, inner);
			mem_free(inner);
		} else if (json_slice_is(&key, "system") && !ask->system && json_string(&j, &value)) {
			ask->system = json_strdup(&value, LIMIT_PROMPT);
		} else if (json_slice_is(&key, "model") && !ask->model && json_string(&j, &value)) {
			ask->model = json_strdup(&value, LIMIT_NAME);
		} else if (json_slice_is(&key, "collection") && !ask->collection && json_string(&j, &value)) {
			ask->collection = json_strdup(&value, LIMIT_NAME);
		} else if (json_slice_is(&key, "retrieval") && !ask->retrieval && json_string(&j, &value)) {
			ask->retrieval = json_strdup(&value, 16);
		} else if (json_slice_is(&key, "documents") && !ask->ndocuments && json_peek(&j) == JSON_ARRAY) {
			documents_from_meta(ask, &j);
		} else if (json_slice_is(&key, "options") && !ask->options && json_peek(&j) == JSON_OBJECT && json_raw(&j, &value)) {
			ask->options = mem_ndup(value.p, value.n);
		} else {
			json_skip(&j);
		}
	}
}
