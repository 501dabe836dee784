/* From cmark's tree to ours. Only md.c, md_tree.c, md_link.c and md_defs.c know cmark. */
#pragma once

#include <cmark-gfm.h>
#include <cmark-gfm-extension_api.h>

#include "daemon/pdf/md_in.h"

/* What libcmark-gfm-extensions exports without a header. */
extern cmark_node_type CMARK_NODE_TABLE, CMARK_NODE_TABLE_ROW, CMARK_NODE_TABLE_CELL, CMARK_NODE_STRIKETHROUGH;

struct md_block *md_tree(struct md_job *j, cmark_node *root);

/* ---- md_link.c ---- */

/* A node of that type is entered or left, within the text that is being put together. */
void md_link(struct md_job *j, cmark_node *node, bool enter);
void md_image(struct md_job *j, cmark_node *node, bool enter); /* one within an image is a part of its words */
