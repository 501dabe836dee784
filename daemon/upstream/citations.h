/*
 * Citations in one shape: whatever a backend sends beside its text (OpenAI annotations, Perplexity
 * citations and search results, Azure contexts, Open WebUI and home-made source lists, Groq tool
 * results) becomes a struct source with its number in the answer.
 *
 * Backends repeat their lists on every chunk and tell more of an entry later on, so entries are
 * gathered here, repeats merged, and given out when the answer is over.
 */
#pragma once

#include "common/json.h"
#include "daemon/types.h"

#define CITATIONS_MAX 1000   /* more are not kept */
#define CITATIONS_QUOTE 2000 /* bytes of a quote */

/* raw: the JSON value. Broken or unknown shapes add what is readable of them. */

/* Numbered by position, from 1. */
void citations_list(struct source_list *l, const struct json_slice *raw);
/* Numbered by first mention. */
void citations_annotations(struct source_list *l, const struct json_slice *raw);
/* Azure: an object, or that as a JSON string. */
void citations_context(struct source_list *l, const struct json_slice *raw);
/* Groq's executed_tools. */
void citations_tools(struct source_list *l, const struct json_slice *raw);
/* {"type": "citation", "data": ...} */
void citations_event(struct source_list *l, const struct json_slice *raw);
/* The data of an event named sources, citations or grounding; also `extra`, a JSON string of such. */
void citations_any(struct source_list *l, const struct json_slice *raw);
