/* Vectors in 8 bits: what is lost, and what is refused. */
#include <math.h>

#include "daemon/store/vectors.h"
#include "tests/unit/test.h"

#define N 300

static double random_number(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (double)(*state >> 33) / (double)(1u << 30) - 1;
}

static double cosine(const float *a, const float *b)
{
	double ab = 0, aa = 0, bb = 0;

	for (size_t i = 0; i < N; i++) {
		ab += (double)a[i] * (double)b[i];
		aa += (double)a[i] * (double)a[i];
		bb += (double)b[i] * (double)b[i];
	}
	return ab / sqrt(aa * bb);
}

TEST(eight_bits_are_near_enough)
{
	uint64_t state = 7;

	for (int round = 0; round < 200; round++) {
		float a[N], b[N];
		int8_t pa[N], pb[N];
		double sa, sb, sum = 0;

		for (size_t i = 0; i < N; i++) {
			a[i] = (float)(random_number(&state) * 1e-3);
			b[i] = (float)(random_number(&state) * 5e3 + (double)a[i] * 4e6 * (round % 3));
		}
		check(vector_pack(a, N, pa, &sa) && vector_pack(b, N, pb, &sb));
		for (size_t i = 0; i < N; i++)
			sum += pa[i] * pb[i];
		check(fabs(sum * sa * sb - cosine(a, b)) < 0.02);
	}
}

TEST(what_has_no_direction_is_no_vector)
{
	float zero[4] = { 0 };
	int8_t out[4];
	double scale;

	check(!vector_pack(zero, 4, out, &scale));
	zero[0] = INFINITY;
	check(!vector_pack(zero, 4, out, &scale));
}

TEST_MAIN()
