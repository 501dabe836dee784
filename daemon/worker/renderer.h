/* What the daemon and ragchatd-pdf agree on: the frame of a request (daemon/pdf/request.h has its inside). */
#pragma once

#define PDF_REQUEST_MAGIC "RCPDF1\n" /* and its NUL: 8 bytes, then the length of the JSON as u32, little endian */
#define PDF_REQUEST_HEAD 12
#define PDF_REQUEST_MAX (16u << 20)  /* bytes of JSON */
