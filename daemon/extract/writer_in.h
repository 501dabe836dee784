/* Between the two files of the writer. */
#pragma once

#include "daemon/extract/writer.h"

void writer_paragraph(struct writer *w, const char *s, size_t n);
void writer_line(struct writer *w, bool first); /* what is written next stands on a line of its own */
