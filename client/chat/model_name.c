/* Looking up the name of a model. */
#include "client/chat/model_name.h"

#include <string.h>

#include "client/chat/talk.h"
#include "client/link.h"
#include "client/say.h"
#include "client/words.h"
#include "common/mem.h"

#define CALL_MS 3000 /* a backend that is slower gets no say in it */
#define NEAR_MAX 5

static bool is_near(const char *name, const char *there)
{
	size_t most = strlen(name) <= 4 ? 1 : 3;

	return strcasestr(there, name) || strcasestr(name, there) || word_distance(name, there, most) <= most;
}

bool model_name_holds(struct talk *t, const char *name)
{
	struct val models;
	struct buf near = { 0 };
	size_t count = 0;
	bool holds = false;

	(void)talk_request(t, "model.list");
	if (talk_call(t, CALL_MS))
		return true;
	models = val_get(t->link->msg.result, "models");
	for (size_t i = 0; !holds && i < val_count(models); i++) {
		char *there = val_get_text(val_at(models, i), "id");

		holds = there && !strcmp(there, name);
		if (there && is_near(name, there) && count++ < NEAR_MAX)
			(void)buf_addf(&near, "%s%s", near.len ? ", " : "", there);
		mem_free(there);
	}
	if (!holds && count)
		say("the backend has no model '%s'; did you mean %s%s? Nothing is changed", name, buf_cstr(&near),
			count > NEAR_MAX ? ", ..." : "");
	else if (!holds && val_count(models))
		say("the backend lists no model '%s'; it is asked for it all the same (/model lists them)", name);
	buf_fini(&near);
	return holds || !count;
}
