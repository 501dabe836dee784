/* What retry and edit share. */
#include "client/again.h"

#include <stdlib.h>

#include "client/follow.h"
#include "client/link.h"
#include "client/opts.h"
#include "common/str.h"

void again_init(struct again *k)
{
	*k = (struct again){ .model = getenv("RAGCHAT_MODEL") };
	k->model = k->model && *k->model ? k->model : NULL;
}

bool again_option(struct again *k, struct opts *o, int id)
{
	if (view_option(&k->view, o, id))
		return true;
	if (id == 'm')
		k->model = o->value;
	else if (id == 'd')
		k->detach = true;
	else if (id == 'O' && option_add(&k->options, o->value))
		opts_fail(o, "-O wants KEY=VALUE, not '%s'", o->value);
	return id == 'm' || id == 'd' || id == 'O';
}

int again_follow(struct link *l, struct again *k, struct pack *p)
{
	char key[UUID_LEN + 1];

	uuid_v4(key);
	pack_kv_text(p, "key", key);
	pack_kv_text_opt(p, "model", k->model);
	option_pack(p, &k->options);
	if (view_is_json(&k->view) && !k->detach)
		pack_kv_bool(p, "passages", true);
	pack_kv_bool(p, "stream", !k->detach);
	return k->detach ? follow_detached(l, &k->view)
			 : follow(&(struct follow_request){ .link = l, .view = &k->view, .own = true, .saved = true });
}

void again_fini(struct again *k)
{
	option_fini(&k->options);
}
