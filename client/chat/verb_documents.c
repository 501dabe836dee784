/* Verbs of a conversation about documents: /upload and /use. */
#include <string.h>

#include "client/chat/talk.h"
#include "client/chat/verbs_in.h"
#include "client/chat/words.h"
#include "client/link.h"
#include "client/say.h"
#include "common/buf.h"
#include "common/mem.h"

#define ARGS_MAX 1000 /* files of one /upload */

static void use_nothing(struct talk *t)
{
	for (size_t i = 0; i < t->ndocuments; i++)
		mem_free(t->documents[i]);
	t->documents = mem_free(t->documents);
	t->ndocuments = 0;
	t->collection = mem_free(t->collection);
}

static void say_used(const struct talk *t)
{
	struct buf names = { 0 };

	for (size_t i = 0; i < t->ndocuments; i++)
		(void)buf_addf(&names, "%s'%s'", i ? ", " : "", t->documents[i]);
	if (t->collection)
		say("answers come from the collection '%s' alone; /use all ends that", t->collection);
	else if (t->ndocuments)
		say("answers come from %s alone; /use all ends that", buf_cstr(&names));
	else
		say("answers come from all documents");
	buf_fini(&names);
}

/* Into the collection that is talked about. */
void verb_upload(struct talk *t, char *args)
{
	const char *argv[ARGS_MAX + 4] = { "--recursive" };
	struct words w;
	int argc = 1, options;

	if (!*args) {
		say("/upload FILE...: which file? Tab completes its name");
		return;
	}
	if (words_split(args, true, &w)) {
		say("a quote is not closed");
		return;
	}
	if (t->collection) {
		argv[argc++] = "--to";
		argv[argc++] = t->collection;
	}
	options = argc;
	for (size_t i = 0; i < w.n && i < ARGS_MAX; i++) {
		if (!strcmp(w.v[i], "-"))
			say("'-' cannot be uploaded here: stdin is the conversation's");
		else
			argv[argc++] = w.v[i];
	}
	if (w.n > ARGS_MAX)
		say("only the first %d files are taken", ARGS_MAX);
	if (argc > options && !talk_run(t, "upload", argc, argv) && t->ndocuments)
		say_used(t); /* and not from what was just handed over */
	words_fini(&w);
}

static bool is_collection(struct talk *t, const char *name)
{
	struct val list;
	bool found = false;

	(void)talk_request(t, "collection.list");
	if (talk_call(t, LINK_CALL_MS))
		return false;
	list = val_get(t->link->msg.result, "collections");
	for (size_t i = 0; i < val_count(list); i++)
		found = found || val_str_is(val_get(val_at(list, i), "name"), name);
	return found;
}

static bool is_document(struct talk *t, const char *name)
{
	int r;

	pack_kv_text(talk_request(t, "doc.get"), "document", name);
	r = talk_call(t, LINK_CALL_MS);
	if (r)
		(void)talk_fail(t, r);
	return r == 0;
}

void verb_use(struct talk *t, char *args)
{
	struct words w;

	if (words_split(args, false, &w)) {
		say("a quote is not closed");
		return;
	}
	if (w.n == 1 && (!strcmp(w.v[0], "all") || !strcmp(w.v[0], "none"))) {
		use_nothing(t);
	} else if (w.n == 1 && is_collection(t, w.v[0])) {
		use_nothing(t);
		t->collection = mem_dup(w.v[0]);
	} else if (w.n) {
		bool all = true;

		for (size_t i = 0; all && i < w.n; i++)
			all = is_document(t, w.v[i]);
		if (!all)
			goto out;
		use_nothing(t);
		t->documents = w.v;
		t->ndocuments = w.n;
		w = (struct words){ .n = 0 };
	}
	say_used(t);
out:
	words_fini(&w);
}
