/* Blocks as Markdown, records there and back, pages of pdftotext's output in any pieces. */
#include <errno.h>

#include "daemon/extract/extract.h"
#include "daemon/extract/pdf.h"
#include "daemon/worker/records.h"
#include "tests/unit/test.h"

struct desk {
	struct out out;
	struct extract x;
	struct records back;
};

static void desk_set(struct desk *d)
{
	out_init(&d->out, -1, 1 << 20);
	extract_init(&d->x, &d->out, "a");
	records_init(&d->back, 1 << 20);
}

/* The text that the daemon would get; "" and a message when it would refuse it. */
static const char *desk_text(struct desk *d, size_t piece)
{
	int r = 0;

	extract_form(&d->x, FORM_MARKDOWN);
	writer_end(&d->x.writer);
	out_end(&d->out);
	for (size_t at = 0; r == 0 && at < d->out.wire.len; at += piece)
		r = records_feed(&d->back, d->out.wire.data + at,
			d->out.wire.len - at < piece ? d->out.wire.len - at : piece);
	return r == 0 && records_end(&d->back) == 0 ? buf_cstr(&d->back.text) : "(refused)";
}

static void desk_strike(struct desk *d)
{
	records_fini(&d->back);
	extract_fini(&d->x);
	out_fini(&d->out);
}

static void put_table(struct writer *w, const char *const *cells, size_t columns, size_t rows)
{
	writer_table(w);
	for (size_t i = 0; i < rows; i++) {
		writer_row(w);
		for (size_t j = 0; j < columns; j++) {
			writer_cell(w);
			writer_str(w, cells[i * columns + j]);
			writer_cell_end(w);
		}
		writer_row_end(w);
	}
	writer_table_end(w);
}

TEST(blocks_become_markdown)
{
	static const char *const cells[] = { "a", "b", "1 ", "x|y" };
	struct desk d;
	struct writer *w = &d.x.writer;

	desk_set(&d);
	extract_form(&d.x, FORM_MARKDOWN);
	writer_block(w, BLOCK_HEADING, 2);
	writer_str(w, "  A \n title ");
	writer_block(w, BLOCK_ITEM, 0);
	writer_str(w, "one");
	writer_block(w, BLOCK_ITEM, 1);
	writer_str(w, "two");
	writer_block(w, BLOCK_TEXT, 0);
	put_table(w, cells, 2, 2);
	writer_block(w, BLOCK_CODE, 0);
	writer_str(w, "\n a\n  b\n");
	check_str(desk_text(&d, 1000), "## A title\n\n- one\n  - two\n\n| a | b |\n| --- | --- |\n| 1 | x\\|y "
				       "|\n\n```\n a\n  b\n```");
	desk_strike(&d);
}

TEST(tables_that_lay_out_a_page_are_paragraphs)
{
	static const char *const cells[] = { "in", "ner" };
	struct desk d;
	struct writer *w = &d.x.writer;

	desk_set(&d);
	extract_form(&d.x, FORM_MARKDOWN);
	writer_table(w);
	writer_row(w);
	writer_cell(w);
	writer_str(w, "left");
	put_table(w, cells, 2, 1);
	writer_str(w, "right");
	writer_table_end(w);
	check_str(desk_text(&d, 7), "left\n\n| in | ner |\n| --- | --- |\n\nright");
	desk_strike(&d);
}

TEST(controls_and_bad_bytes_do_not_pass)
{
	struct desk d;

	desk_set(&d);
	extract_form(&d.x, FORM_MARKDOWN);
	writer_text(&d.x.writer, "a\0\033b\xff\xc3", 6);
	check_str(desk_text(&d, 1), "a\xef\xbf\xbd" "b\xef\xbf\xbd\xef\xbf\xbd");
	desk_strike(&d);
}

TEST(pages_are_the_same_in_any_pieces)
{
	static const char text[] = "one\fand a second\f\f\ffive";

	for (size_t piece = 1; piece < sizeof(text); piece++) {
		struct desk d;
		struct pdf_pages pages = { .x = &d.x, .page = 1 };

		desk_set(&d);
		extract_form(&d.x, FORM_PAGES);
		for (size_t at = 0; at < sizeof(text) - 1; at += piece)
			pdf_pages_feed(&pages, text + at,
				sizeof(text) - 1 - at < piece ? sizeof(text) - 1 - at : piece);
		check_str(desk_text(&d, piece), "one\nand a second\nfive");
		check_int(d.back.nplaces, 3);
		check_int(d.back.places[1].page, 2);
		check_int(d.back.places[1].off, 4);
		check_int(d.back.places[2].page, 5);
		desk_strike(&d);
	}
}

TEST(half_of_the_pages_is_where_it_ends)
{
	struct desk d;
	struct pdf_pages pages = { .x = &d.x, .page = 1, .until = 2 };

	desk_set(&d);
	extract_form(&d.x, FORM_PAGES);
	pdf_pages_feed(&pages, "one\ft", 5);
	check_int(pages.page, 2);
	pdf_pages_feed(&pages, "wo\fthree\f", 9);
	pdf_pages_feed(&pages, "four", 4);
	check_int(pages.page, 3);
	check_str(desk_text(&d, 1), "one\ntwo\n");
	desk_strike(&d);
}

TEST(pages_of_a_pdf_are_counted_from_outside)
{
	static const struct {
		const char *pdf;
		int pages;
	} counts[] = {
		{ "", 0 },
		{ "/Count", 0 },
		{ "1 0 obj << /Type /Pages /Kids [2 0 R] /Count 12 >> endobj", 12 },
		{ "1 0 obj << /Count 3 /Type /Pages >> endobj 2 0 obj << /Type/Pages/Count 40>> endobj", 40 },
		{ "1 0 obj << /Type /Outlines /Count 99 >> endobj", 0 },
		{ "1 0 obj << /Type /Outlines /Count 99 >> endobj 2 0 obj << /Type /Pages /Count 5 >> endobj", 5 },
		{ "1 0 obj << /Type /Pages /Count 99999999999999999999 >> endobj", 0 },
		{ "1 0 obj << /Type /Pages /Count -7 >> endobj", 0 },
		{ "1 0 obj <</Linearized 1/L 99/N 31/T 9>> endobj 2 0 obj << /Type /Pages /Count 8 >>", 31 },
		{ "1 0 obj <</Linearized 1", 0 },
		{ "1 0 obj <</Length 9>> stream\nxx\nendstream endobj 2 0 obj <</Length 1>>stream\nx\nendstream", 2 },
		{ "1 0 obj <</Length 9/Subtype/Image>> stream\nxx\nendstream", 0 },
		{ "stream", 0 },
	};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		check_int(pdf_count((const uint8_t *)counts[i].pdf, strlen(counts[i].pdf)), counts[i].pages);
}

TEST(records_that_lie_are_refused)
{
	static const struct {
		const char *bytes;
		size_t n;
		int r;
	} lies[] = {
		{ "T\1\0\0\0a", 6, -EBADMSG },                       /* no form */
		{ "F\1\0\0\0x", 6, -EBADMSG },                       /* none of ours */
		{ "F\1\0\0\0mT\xff\xff\xff\x7f", 11, -EBADMSG },     /* two gigabytes */
		{ "F\1\0\0\0mE\10\0\0\0\1\0\0\0\0\0\0\0", 19, -EBADMSG }, /* a byte that never came */
		{ "F\1\0\0\0mC\4\0\0\0\377\0\0\0", 15, -EBADMSG },   /* a name past its end */
		{ "F\1\0\0\0mF\1\0\0\0m", 12, -EBADMSG },            /* twice */
	};

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct records r;

		records_init(&r, 100);
		check_int(records_feed(&r, lies[i].bytes, lies[i].n), lies[i].r);
		check_int(records_end(&r), -EBADMSG);
		records_fini(&r);
	}
}

TEST_MAIN()
