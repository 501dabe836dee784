/* Options that are lists. */
#include "client/option.h"

#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "proto/pack.h"

void option_words(struct option_list *l, const char *word)
{
	l->v = mem_grow(l->v, &l->cap, l->n, sizeof(*l->v));
	l->v[l->n++] = word;
}

int option_add(struct option_list *l, const char *option)
{
	if (!strchr(option, '=') || option[0] == '=')
		return -EINVAL;
	option_words(l, option);
	return 0;
}

void option_fini(struct option_list *l)
{
	mem_free(l->v);
	*l = (struct option_list){ .v = NULL };
}

/* temperature=0.2, stop=["x"] and user=ann all mean what they look like. */
static void pack_option(struct pack *p, const char *option)
{
	const char *is = strchr(option, '=');
	size_t n = strlen(is + 1);
	struct json j;

	pack_key_n(p, option, (size_t)(is - option));
	json_init(&j, is + 1, n, 8);
	if (json_skip(&j) && json_end(&j) == 0)
		pack_json(p, is + 1, n);
	else
		pack_str(p, is + 1, n);
}

void option_pack(struct pack *p, const struct option_list *l)
{
	if (!l->n)
		return;
	pack_key(p, "options");
	pack_map(p);
	for (size_t i = 0; i < l->n; i++)
		pack_option(p, l->v[i]);
	pack_close(p);
}
