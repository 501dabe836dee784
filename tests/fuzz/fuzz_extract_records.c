/* What a helper that was taken over may write: the daemon's reader says the same of it in any pieces. */
#include <stdlib.h>
#include <string.h>

#include "daemon/worker/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct records whole, pieces;
	int a, b = 0;

	records_init(&whole, 4096);
	records_init(&pieces, 4096);
	a = records_feed(&whole, data, size);
	for (size_t i = 0; i < size && b == 0; i++)
		b = records_feed(&pieces, data + i, 1);
	if ((a == 0) != (b == 0) || (a == 0 && records_end(&whole) != records_end(&pieces)))
		abort();
	if (a == 0 && (whole.text.len != pieces.text.len || whole.nplaces != pieces.nplaces ||
		whole.nchildren != pieces.nchildren))
		abort();
	for (size_t i = 0; i < whole.nplaces; i++)
		if (whole.places[i].off > whole.text.len ||
			whole.places[i].label >= (int)whole.nlabels)
			abort();
	records_fini(&whole);
	records_fini(&pieces);
	return 0;
}
