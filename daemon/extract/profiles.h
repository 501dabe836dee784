/* The sandboxes of ragchatd-extract and ragchatd-pdftext, and what each leaves open on purpose. */
#pragma once

#include "daemon/worker/sandbox.h"

/* Every format but PDF: as the renderer's, with memory for what documents unpack to. */
extern const struct sandbox_profile profile_text;
/* What hands a document to pdftotext and makes pages of its text: both, its complaints, its end. */
extern const struct sandbox_profile profile_pages;
/* pdftotext: may be executed, and read the libraries and tables it is made of; no socket, no other
 * process, no file written. */
extern const struct sandbox_profile profile_pdf;
