/* The only file that calls crypt(3). */
#include "daemon/auth/password.h"

#include <crypt.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "common/str.h"

_Static_assert(PASSWORD_HASH_MAX == CRYPT_OUTPUT_SIZE, "a hash fits");
_Static_assert(PASSWORD_MAX < CRYPT_MAX_PASSPHRASE_SIZE, "a password fits");

#define PREFIX "$y$"
#define HASH_CHARS "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* "$y$j9T$" of a whole setting: as far as the parameters go. 0: there are none. */
static size_t parameters(const char *setting)
{
	size_t n = strlen(PREFIX);

	if (strncmp(setting, PREFIX, n) != 0)
		return 0;
	n += strspn(setting + n, HASH_CHARS);
	return setting[n] == '$' ? n + 1 : 0;
}

/* The cost that has these parameters, 0: none up to `max`. */
static unsigned cost_of(const char *hash, unsigned max)
{
	static const char zeros[16];
	size_t n = parameters(hash);
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	for (unsigned cost = PASSWORD_COST_MIN; n && cost <= max; cost++) {
		if (!crypt_gensalt_rn(PREFIX, cost, zeros, sizeof(zeros), setting, sizeof(setting)))
			continue;
		if (parameters(setting) == n && !memcmp(setting, hash, n))
			return cost;
	}
	return 0;
}

/* "salt$hash" and nothing else behind the parameters. */
static bool is_whole(const char *hash)
{
	const char *salt = hash + parameters(hash);
	size_t n = strspn(salt, HASH_CHARS), m;

	if (n < 8 || salt[n] != '$')
		return false;
	m = strspn(salt + n + 1, HASH_CHARS);
	return m == 43 && !salt[n + 1 + m] && strlen(hash) < PASSWORD_HASH_MAX;
}

enum password_grade password_judge(const char *hash, const struct password_policy *policy)
{
	unsigned max = max_of(policy->cost, policy->max_cost);
	unsigned cost = hash ? cost_of(hash, min_of(max, PASSWORD_COST_MAX)) : 0;

	if (!cost || !is_whole(hash))
		return PASSWORD_REFUSED;
	return cost < policy->cost ? PASSWORD_WEAK : PASSWORD_FINE;
}

int password_valid(const char *password, size_t n)
{
	if (!n || n > PASSWORD_MAX)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)password[i] < ' ' || password[i] == 0x7f)
			return -EINVAL;
	return 0;
}

/* crypt(3)'s state holds the password: on the heap, and wiped. errno may be set though all went well. */
static int compute(const char *password, const char *setting, char out[PASSWORD_HASH_MAX])
{
	struct crypt_data *data = mem_new(sizeof(*data));
	const char *made = crypt_rn(password, setting, data, sizeof(*data));
	int r = made && made[0] != '*' ? 0 : -EINVAL;

	out[0] = '\0';
	if (r == 0)
		memcpy(out, made, strlen(made) + 1);
	mem_wipe(data, sizeof(*data));
	return r;
}

int password_hash(const char *password, const struct password_policy *policy, char out[PASSWORD_HASH_MAX])
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	char salt[16];
	int r = rand_bytes(salt, sizeof(salt));

	out[0] = '\0';
	if (r == 0 && !crypt_gensalt_rn(PREFIX, policy->cost, salt, sizeof(salt), setting, sizeof(setting)))
		r = -errno;
	return r ? r : compute(password, setting, out);
}

bool password_matches(const char *password, const char *hash)
{
	char made[PASSWORD_HASH_MAX];
	size_t n = strlen(hash);
	bool same = compute(password, hash, made) == 0 && strlen(made) == n && str_equal_ct(made, hash, n);

	explicit_bzero(made, sizeof(made));
	return same;
}
