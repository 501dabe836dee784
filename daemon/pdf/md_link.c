/* Links and images of cmark's tree as text: what a reader can click, and what paper has to say in its place. */
#include <string.h>

#include "daemon/pdf/md_tree.h"

#define TARGET_MAX 512 /* bytes of an address that is shown because it cannot be clicked */

/* What cannot be clicked is still there to be read. */
static void put_target(struct md_job *j, const char *url, bool alone)
{
	size_t n = strlen(url), k = n;

	if (n > TARGET_MAX) {
		for (k = TARGET_MAX; (url[k] & 0xC0) == 0x80;)
			k--;
		report_warn(j->report, "target", "an address longer than %d bytes that cannot be a link was cut", TARGET_MAX);
	}
	if (!alone)
		md_put(j, " (", 2);
	md_put(j, url, k);
	if (k < n)
		md_put(j, "\xE2\x80\xA6", 3);
	if (!alone)
		md_put(j, ")", 1);
}

/* A tooltip that paper has no room for. A title that says what the text says is not said twice. */
static void put_title(struct md_job *j, cmark_node *node, size_t from)
{
	const char *title = cmark_node_get_title(node);
	size_t n = title ? strlen(title) : 0;

	if (!n || (j->text.len >= from + n && !memcmp(j->text.data + from, title, n)))
		return;
	md_put(j, " (", 2);
	md_put(j, title, n);
	md_put(j, ")", 1);
}

static const char *url_of(struct md_job *j, cmark_node *node)
{
	const char *url = cmark_node_get_url(node);
	size_t n = url ? strlen(url) : 0;

	return n && md_url_allowed(url, n) ? arena_dup(j->a, url, n) : NULL;
}

void md_link(struct md_job *j, cmark_node *node, bool enter)
{
	const char *url = cmark_node_get_url(node);
	size_t n = url ? strlen(url) : 0;

	if (enter) {
		j->link_at = j->text.len;
		j->url = url_of(j, node);
		return;
	}
	if (j->text.len == j->link_at && n)
		put_target(j, url, true);
	else if (!j->url && n && (j->text.len - j->link_at != n || memcmp(j->text.data + j->link_at, url, n)))
		put_target(j, url, false);
	j->url = NULL;
	put_title(j, node, j->link_at);
}

static bool in_link(cmark_node *node)
{
	while ((node = cmark_node_parent(node)) && cmark_node_get_type(node) >= CMARK_NODE_TYPE_INLINE)
		if (cmark_node_get_type(node) == CMARK_NODE_LINK)
			return true;
	return false;
}

void md_image(struct md_job *j, cmark_node *node, bool enter)
{
	const char *url = cmark_node_get_url(node);

	if (enter && j->image++)
		return;
	if (!enter && --j->image)
		return;
	j->image += !enter;
	if (enter) {
		if (!in_link(node))
			j->url = url_of(j, node);
		md_put(j, "[image", 6);
		if (cmark_node_first_child(node))
			md_put(j, ": ", 2);
		return;
	}
	md_put(j, "]", 1);
	j->image--;
	if (url && *url && !md_url_allowed(url, strlen(url)))
		put_target(j, url, false);
	if (!in_link(node))
		j->url = NULL;
	put_title(j, node, j->text.len);
}
