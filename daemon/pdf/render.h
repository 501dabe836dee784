/*
 * From a request to a file. Both need nothing but memory: no file, no clock, no locale.
 */
#pragma once

#include "common/buf.h"

struct pdf_request;
struct fonts;
struct report;

int render_pdf(const struct pdf_request *rq, struct fonts *fonts, struct report *report, struct buf *out);
/* One self-contained page: no script, no request, every text escaped; a policy in its head forbids the rest. */
int render_html(const struct pdf_request *rq, struct report *report, struct buf *out);
