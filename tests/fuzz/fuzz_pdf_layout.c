/* Any bytes as Markdown on some paper: pages come out, all of them within the caps. The first byte says which paper. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "daemon/pdf/doc.h"
#include "daemon/pdf/fonts.h"
#include "daemon/pdf/md.h"
#include "daemon/pdf/render.h"
#include "daemon/pdf/report.h"
#include "daemon/pdf/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static struct pdf_paper paper_of(uint8_t c)
{
	static const struct pdf_paper papers[] = { { 595.28, 841.89, 70, 70, 65, 65 }, { 300, 160, 60, 60, 40, 40 }, { 842, 595, 40, 400, 40, 40 },
		{ 144, 144, 36, 36, 36, 36 } };

	return papers[c % 4];
}

/* Its text is a question, an answer and a quote at once: each has a way of its own to the page. */
static void use(struct pdf_request *rq, struct pdf_source *source, uint8_t c)
{
	struct pdf_turn *turn = &rq->turns[0];

	rq->paper = paper_of(c);
	if (!(c & 4))
		return;
	*source = (struct pdf_source){ .n = 1, .document = turn->question, .path = turn->question, .url = turn->question, .title = turn->markdown,
		.quote = turn->markdown, .page = c };
	turn->question = turn->note = turn->markdown;
	turn->state = PDF_INTERRUPTED;
	turn->sources = source;
	turn->nsources = 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fonts *fonts;
	struct pdf_source source;
	struct pdf_request rq;
	struct report report;
	struct buf out;
	int r;

	if (!fonts) {
		fonts = fonts_open();
		fonts_warm(fonts);
		md_init();
	}
	if (!size || size > 20000 || pdf_request_plain(&rq, data + 1, size - 1))
		return 0;
	buf_init(&out, 64u << 20);
	report_init(&report);
	use(&rq, &source, data[0]);
	r = render_pdf(&rq, fonts, &report, &out);
	require(r == 0);
	require(report.pages >= 1 && report.pages <= DOC_PAGES_MAX);
	require(out.len > 8 && memcmp(out.data, "%PDF-1.7", 8) == 0);
	rq.turns[0].sources = NULL;
	rq.turns[0].nsources = 0;
	pdf_request_fini(&rq);
	buf_fini(&out);
	return 0;
}
