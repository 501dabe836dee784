/* Only for md.c: the definitions that cmark would drop, for want of a use. */
#pragma once

#include <cmark-gfm.h>
#include <stdbool.h>

struct buf;
struct md_job;

/*
 * True: text was changed and is to be parsed again, what was used by something unused may now be so itself.
 * j->src is what root was made of; root NULL: no definition has a use.
 */
bool md_defs(struct md_job *j, cmark_node *root, struct buf *text);
