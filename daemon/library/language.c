/* Which language is it? Stop words are counted, for all languages at once by one look at a table. */
#include "daemon/library/language.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "common/attr.h"
#include "common/utf8.h"
#include "daemon/library/fold.h"
#include "daemon/library/stop_in.h"

static const char *const stemmers[LANGUAGES] = { "english", "german", "french", "spanish", "italian", "portuguese",
	"dutch", "turkish", "romanian", "swedish", NULL };

const char *language_stemmer(enum language l)
{
	return stemmers[l];
}

/* ---- stop words of all languages ---- */

#define KEY_BYTES 8 /* of a word that is counted: nearly all that come often are so short */
#define SLOTS 4096  /* a power of two, more than twice the words */

/* The bytes of a word as one number; 0 is none. */
struct slot {
	uint64_t key;
	uint32_t languages;
};
static struct slot slots[SLOTS];
static pthread_once_t slots_once = PTHREAD_ONCE_INIT;

static struct slot *slot_of(uint64_t key)
{
	size_t at = (size_t)(key * 0x9e3779b97f4a7c15u >> 52);

	while (slots[at].key && slots[at].key != key)
		at = (at + 1) & (SLOTS - 1);
	return &slots[at];
}

static void slots_fill(void)
{
	for (size_t i = 0; i < stop_lists_n; i++) {
		const struct stop_list *list = &stop_lists[i];

		for (size_t k = 0; list->latin && list->language >= 0 && k < list->n; k++) {
			size_t n = strlen(list->words[k]);
			uint64_t key = 0;
			struct slot *s;

			if (n < 2 || n > KEY_BYTES) /* single letters are names of things in many texts */
				continue;
			for (size_t c = 0; c < n; c++)
				key = key << 8 | (uint8_t)list->words[k][c];
			s = slot_of(key);
			s->key = key;
			s->languages |= 1u << list->language;
		}
	}
}

/* ---- the words of a text ---- */

struct scan {
	const char *text;
	size_t n, at;
};

/* What is not ASCII: a letter of Latin, folded, onto the key. False: it was no letter. */
static bool take_far(struct scan *s, uint64_t *key, size_t *len)
{
	uint32_t cp, folded[FOLD_MAX];
	int used = utf8_decode(s->text + s->at, s->n - s->at, &cp);
	enum script script = used < 0 ? SCRIPT_NONE : fold_script(cp);
	size_t n;

	s->at += (size_t)(used < 0 ? -used : used);
	if (script != SCRIPT_LATIN && script != SCRIPT_JOINED)
		return false;
	n = fold_char(cp, folded);
	for (size_t i = 0; i < n; i++) {
		if (folded[i] >= 0x80) {
			*len += script == SCRIPT_LATIN ? KEY_BYTES : 0;
			continue;
		}
		*key = *key << 8 | folded[i];
		++*len;
	}
	return true;
}

/* The next word's key, 0 for one that is too long; false at the end. */
static bool next_key(struct scan *s, uint64_t *out)
{
	uint64_t key = 0;
	size_t len = 0;

	while (s->at < s->n) {
		unsigned char c = (unsigned char)s->text[s->at], low = c | 0x20;

		if (low >= 'a' && low <= 'z') {
			key = key << 8 | low;
			len++;
			s->at++;
		} else {
			s->at += c < 0x80;
			if ((c < 0x80 || !take_far(s, &key, &len)) && len)
				break;
		}
	}
	*out = len <= KEY_BYTES ? key : 0;
	return len > 0;
}

/* ---- the choice ---- */

#define LEAST 3      /* different stop words */
#define SHARE 6      /* at least one word in so many is one */
#define SHARE_TURKISH 12 /* ... where endings do what small words do elsewhere */
#define LOOK_EVERY 8 /* words of English: enough to be sure of it, mostly */

static unsigned most_but_english(const unsigned counts[LANGUAGES], enum language *best)
{
	*best = LANGUAGE_GERMAN;
	for (int i = LANGUAGE_GERMAN; i < LANGUAGES; i++)
		if (counts[i] > counts[*best])
			*best = (enum language)i;
	return counts[*best];
}

enum language language_of(const char *text, size_t n)
{
	struct scan s = { text, n, 0 };
	unsigned counts[LANGUAGES] = { 0 }, words = 0, most;
	uint64_t key, seen[LANGUAGES] = { 0 };
	enum language best;

	(void)pthread_once(&slots_once, slots_fill);
	for (; next_key(&s, &key); words++) {
		const struct slot *slot = key ? slot_of(key) : NULL;
		uint32_t in = slot ? slot->languages : 0;

		if (!in)
			continue;
		for (int i = 0; i < LANGUAGES; i++) {
			counts[i] += in >> i & 1;
			seen[i] |= (uint64_t)(in >> i & 1) << ((size_t)(slot - slots) & 63);
		}
		if (in & 1 && counts[LANGUAGE_ENGLISH] % LOOK_EVERY == 0 &&
			counts[LANGUAGE_ENGLISH] > 2 * most_but_english(counts, &best))
			return LANGUAGE_ENGLISH;
	}
	most = most_but_english(counts, &best);
	if (__builtin_popcountll(seen[best]) < LEAST || most <= 2 * counts[LANGUAGE_ENGLISH] ||
		most * (best == LANGUAGE_TURKISH ? SHARE_TURKISH : SHARE) < words)
		return LANGUAGE_ENGLISH;
	return best;
}
