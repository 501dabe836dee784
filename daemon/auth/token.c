/* Tokens made and digested. */
#include "daemon/auth/token.h"

#include <string.h>

#include "common/str.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* 32 bytes are 42 characters of 6 bits and one of 4, filled with zeros. */
static void encode(const uint8_t raw[32], char *out)
{
	uint32_t bits = 0;
	unsigned held = 0;

	for (size_t i = 0; i < 32; i++) {
		bits = bits << 8 | raw[i];
		held += 8;
		while (held >= 6) {
			held -= 6;
			*out++ = alphabet[bits >> held & 63];
		}
	}
	*out++ = alphabet[bits << (6 - held) & 63];
	*out = '\0';
}

int token_make(char out[TOKEN_LEN + 1])
{
	uint8_t raw[32];
	int r = rand_bytes(raw, sizeof(raw));

	memcpy(out, TOKEN_PREFIX, sizeof(TOKEN_PREFIX));
	if (r == 0)
		encode(raw, out + strlen(TOKEN_PREFIX));
	explicit_bzero(raw, sizeof(raw));
	return r;
}

bool token_digest(const char *token, size_t n, uint8_t out[SHA256_LEN])
{
	struct sha256 h;

	if (n != TOKEN_LEN || memcmp(token, TOKEN_PREFIX, strlen(TOKEN_PREFIX)) != 0)
		return false;
	sha256_init(&h);
	sha256_add(&h, token, n);
	sha256_end(&h, out);
	explicit_bzero(&h, sizeof(h));
	return true;
}
