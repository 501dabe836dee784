/* Any bytes: a request or words; what is read is clean text and a paper with room. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/utf8.h"
#include "daemon/pdf/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void require_clean(const struct pdf_text *t)
{
	require(t->p && strlen(t->p) == t->n && utf8_valid_no_nul(t->p, t->n));
}

static void require_sane(const struct pdf_request *req)
{
	const struct pdf_paper *p = &req->paper;

	require(p->width - p->left - p->right >= 72 && p->height - p->top - p->bottom >= 72);
	require_clean(&req->title);
	require_clean(&req->lang);
	for (size_t i = 0; i < req->nturns; i++) {
		require_clean(&req->turns[i].question);
		require_clean(&req->turns[i].markdown);
		for (size_t k = 0; k < req->turns[i].nsources; k++) {
			require_clean(&req->turns[i].sources[k].quote);
			require(req->turns[i].sources[k].page >= 0);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t head[PDF_REQUEST_HEAD] = PDF_REQUEST_MAGIC;
	struct pdf_request req;
	struct buf framed = { 0 };
	const char *why;

	for (int i = 0; i < 4; i++)
		head[8 + i] = (uint8_t)(size >> (8 * i));
	buf_add(&framed, head, sizeof(head));
	buf_add(&framed, data, size);
	if (pdf_request_parse(&req, framed.data, framed.len, &why) == 0)
		require_sane(&req);
	else
		require(why && !req.nturns);
	pdf_request_fini(&req);
	(void)pdf_request_parse(&req, data, size, &why);
	pdf_request_fini(&req);
	buf_fini(&framed);
	return 0;
}
