/* What of a document that comes in needs no database: its words, cut and counted before its turn comes. */
#include "common/attr.h"
#include "common/mem.h"
#include "daemon/store/document_coming.h"

char *coming_name(const struct op_document_add *op)
{
	return mem_printf("%s%s%s", op->doc.name, op->doc.title ? "\n" : "", op->doc.title ? op->doc.title : "");
}

struct words_row coming_row(const struct op_document_add *op, size_t i, int64_t first, const char *name)
{
	const struct passage *p = &op->passages[i];

	return (struct words_row){
		.id = first + (int64_t)i,
		.name = i == 0 ? name : NULL,
		.heading = p->heading,
		.text = op->text + p->start,
		.text_len = p->end - p->start,
	};
}

static int cut_words(struct segment_builder *b, struct op_document_add *op, const char *name)
{
	int r = 0;

	segment_builder_document(b, 0);
	for (size_t i = 0; r == 0 && i < op->n; i++) {
		struct words_row row = coming_row(op, i, 0, name);
		struct words_cut cut;

		r = portion_row(b, &row, &cut);
		op->languages |= cut.language;
		if (r == 0)
			r = segment_builder_passage(b, cut.length);
	}
	return r;
}

/* What fails here is met again, and told, by the job itself. */
void op_document_add_ahead(struct op_document_add *op)
{
	char *name;

	if (!op->direct || !op->n)
		return;
	name = coming_name(op);
	op->words = segment_builder_new();
	if (cut_words(op->words, op, name) != 0)
		op->words = segment_builder_free(op->words);
	mem_free(name);
}
