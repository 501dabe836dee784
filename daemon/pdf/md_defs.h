/* Only for md.c: the definitions that cmark would drop, for want of a use. */
#pragma once

#include <cmark-gfm.h>
#include <stdbool.h>

struct buf;
struct md_job;

/* True: text was changed so that nothing is dropped, and is to be parsed again. j->src is what root was made of. */
bool md_defs(struct md_job *j, cmark_node *root, struct buf *text);
