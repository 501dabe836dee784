/* From cmark's tree to ours. Only md.c and md_tree.c know cmark. */
#pragma once

#include <cmark-gfm.h>
#include <cmark-gfm-extension_api.h>

#include "daemon/pdf/md_in.h"

/* What libcmark-gfm-extensions exports without a header. */
extern cmark_node_type CMARK_NODE_TABLE, CMARK_NODE_TABLE_ROW, CMARK_NODE_TABLE_CELL, CMARK_NODE_STRIKETHROUGH;

struct md_block *md_tree(struct md_job *j, cmark_node *root);
