/* SHA-256 as FIPS 180-4 writes it down. */
#include "common/sha256.h"

#include <string.h>

#include "common/attr.h"
#include "common/str.h"

static const uint32_t K[64] = { 0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b,
	0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6,
	0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d,
	0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585,
	0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa,
	0xa4506ceb, 0xbef9a3f7, 0xc67178f2 };

static uint32_t rotate(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static uint32_t load32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store32(uint8_t *p, uint32_t v)
{
	for (int i = 3; i >= 0; i--) {
		p[i] = (uint8_t)v;
		v >>= 8;
	}
}

static void schedule(uint32_t w[64], const uint8_t *block)
{
	for (int t = 0; t < 16; t++)
		w[t] = load32(block + 4 * t);
	for (int t = 16; t < 64; t++) {
		uint32_t x = w[t - 15], y = w[t - 2];

		w[t] = (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10) + w[t - 7] +
		       (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) + w[t - 16];
	}
}

/* One round. Instead of moving eight words along, the caller names them one further each time. */
static inline void step(uint32_t a, uint32_t b, uint32_t c, uint32_t *d, uint32_t e, uint32_t f,
	uint32_t g, uint32_t *h, uint32_t kw)
{
	uint32_t t1 =
		*h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + kw;
	uint32_t t2 =
		(rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));

	*d += t1;
	*h = t1 + t2;
}

static void compress(uint32_t s[8], const uint8_t *block)
{
	uint32_t a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
	uint32_t w[64];

	schedule(w, block);
	for (int t = 0; t < 64; t += 8) {
		step(a, b, c, &d, e, f, g, &h, K[t] + w[t]);
		step(h, a, b, &c, d, e, f, &g, K[t + 1] + w[t + 1]);
		step(g, h, a, &b, c, d, e, &f, K[t + 2] + w[t + 2]);
		step(f, g, h, &a, b, c, d, &e, K[t + 3] + w[t + 3]);
		step(e, f, g, &h, a, b, c, &d, K[t + 4] + w[t + 4]);
		step(d, e, f, &g, h, a, b, &c, K[t + 5] + w[t + 5]);
		step(c, d, e, &f, g, h, a, &b, K[t + 6] + w[t + 6]);
		step(b, c, d, &e, f, g, h, &a, K[t + 7] + w[t + 7]);
	}
	s[0] += a;
	s[1] += b;
	s[2] += c;
	s[3] += d;
	s[4] += e;
	s[5] += f;
	s[6] += g;
	s[7] += h;
}

void sha256_init(struct sha256 *s)
{
	*s = (struct sha256){
		.h = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
			0x1f83d9ab, 0x5be0cd19 },
	};
}

void sha256_add(struct sha256 *s, const void *p, size_t n)
{
	size_t have = s->total % sizeof(s->block);
	const uint8_t *in = p;

	if (!n)
		return;
	s->total += n;
	if (have) {
		size_t k = min_of(n, sizeof(s->block) - have);

		memcpy(s->block + have, in, k);
		if (have + k < sizeof(s->block))
			return;
		compress(s->h, s->block);
		in += k;
		n -= k;
	}
	for (; n >= sizeof(s->block); n -= sizeof(s->block), in += sizeof(s->block))
		compress(s->h, in);
	if (n)
		memcpy(s->block, in, n);
}

void sha256_end(struct sha256 *s, uint8_t out[SHA256_LEN])
{
	static const uint8_t padding[64] = { 0x80 };
	uint64_t bits = s->total * 8;
	size_t have = s->total % sizeof(s->block);
	uint8_t length[8];

	store32(length, (uint32_t)(bits >> 32));
	store32(length + 4, (uint32_t)bits);
	sha256_add(s, padding, (have < 56 ? 56 : 120) - have);
	sha256_add(s, length, sizeof(length));
	for (int i = 0; i < 8; i++)
		store32(out + 4 * i, s->h[i]);
}

void sha256_end_hex(struct sha256 *s, char out[SHA256_HEX + 1])
{
	uint8_t digest[SHA256_LEN];

	sha256_end(s, digest);
	hex_encode(digest, sizeof(digest), out);
}
