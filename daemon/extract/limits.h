/*
 * Every bound of the reading of documents, with its reason. What is inflated is counted while it
 * comes: what a header says of its own size is never believed.
 */
#pragma once

#include <stddef.h>

/* Text */
#define EXTRACT_TEXT_MAX ((size_t)48 << 20) /* bytes out: 20 000 dense pages; more is a dump */
#define EXTRACT_NAME_MAX 512                /* bytes of a name of a file, a sheet, an attachment */
#define EXTRACT_TITLE_MAX 300               /* bytes of a document's title */
#define EXTRACT_WHY_MAX 240                 /* bytes of the words of an error */
#define EXTRACT_HEADER_MAX 4096             /* bytes of the request before the document */

/* Archives: DOCX, ODT, EPUB, PPTX, XLSX */
#define ARCHIVE_ENTRIES 10000                  /* the largest real books have some 2000 */
#define ARCHIVE_PATH 1024                      /* bytes of a part's path; each of many may lie in the longest folder */
#define ARCHIVE_ENTRY_MAX ((size_t)64 << 20)   /* bytes inflated of one entry */
#define ARCHIVE_TOTAL_MAX ((size_t)256 << 20)  /* ... of all that are read, attachments included */
#define ARCHIVE_RATIO 200                      /* XML of office files inflates 5 to 50 times */
#define ARCHIVE_RATIO_FROM ((size_t)4 << 20)   /* ... and is not looked at below so many bytes */

/* XML and HTML */
#define XML_DEPTH 256        /* levels; Word nests 20 to 40 */
#define HTML_DEPTH 200000    /* only counted, never recursed into: browsers go on after 512 */
#define HTML_ATTRIBUTES 10000 /* of one tag: the time goes with their square */
#define XML_TOKEN_MAX ((size_t)8 << 20) /* bytes without an end of tag: expat keeps them all */

/* Sheets and slides */
#define SHEETS_MAX ARCHIVE_ENTRIES /* pages of one workbook, a deck's slides, a book's chapters */
#define COLUMNS_MAX 256      /* cells of one row; what is past them goes into the last one */
#define STRINGS_MAX 4000000  /* shared strings of a workbook */
#define TABLES_DEEP 8        /* tables within tables that are kept as such */
#define ROW_BYTES 4000       /* a row longer than this is set as paragraphs */

/* Mail */
#define MAIL_DEPTH 3         /* messages and archives within messages */
#define MAIL_PARTS 1000      /* parts of one message, all depths together */
#define MAIL_GROUPS 5000     /* groups of addresses in one header; they nest, each on the stack */
#define MAIL_MESSAGES 100000 /* of one mbox */
#define MAIL_CHILDREN 32     /* PDF attachments handed back to be read by themselves */
#define MAIL_CHILD_MAX ((size_t)32 << 20) /* bytes of one */

/*
 * The process. A document is read in far less; these end what does not end by itself. Memory: the
 * largest document (64 MiB) twice, an entry, a table of strings.
 */
#define EXTRACT_CPU_S 30
#define EXTRACT_MEMORY ((size_t)768 << 20)
#define PDF_CPU_S 120 /* pdftotext reads some 300 pages a second */
#define PDF_MEMORY ((size_t)768 << 20)
#define PAGES_MEMORY ((size_t)256 << 20) /* a long document, the text of half of it */
#define PDF_FILES 32 /* descriptors: libraries, encodings, its input and output */
