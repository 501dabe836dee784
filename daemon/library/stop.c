/* The lists, folded as words are (no accents), and the guess which one a question needs. */
#include "daemon/library/stop.h"

#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "daemon/library/words.h"

struct stop_list {
	const char *const *words; /* sorted: looked up by halves */
	size_t n;
};

static const char *const english[] = { "a", "about", "after", "against", "all", "also", "am",
	"among", "an", "and", "any", "are", "as", "at", "be", "because", "been", "before", "being",
	"between", "both", "but", "by", "can", "cannot", "could", "describe", "did", "do", "does",
	"doing", "done", "during", "each", "either", "else", "every", "explain", "find", "for",
	"from", "get", "give", "given", "gives", "got", "had", "has", "have", "having", "he",
	"help", "her", "here", "hers", "him", "his", "how", "however", "i", "if", "in", "into",
	"is", "it", "its", "just", "know", "let", "list", "many", "may", "me", "might", "mine",
	"more", "most", "much", "must", "my", "need", "no", "nor", "not", "of", "off", "often",
	"on", "once", "only", "onto", "or", "other", "our", "ours", "out", "over", "please", "same",
	"shall", "she", "should", "show", "so", "some", "such", "tell", "than", "that", "the",
	"their", "them", "then", "there", "these", "they", "this", "those", "through", "to", "too",
	"under", "until", "up", "upon", "us", "very", "via", "want", "was", "we", "were", "what",
	"when", "where", "whether", "which", "while", "who", "whom", "whose", "why", "will", "with",
	"within", "without", "would", "yet", "you", "your" };

static const char *const german[] = { "aber", "als", "am", "an", "auch", "auf", "aus", "bei",
	"beim", "bis", "bitte", "da", "das", "dass", "dem", "den", "der", "des", "die", "dies",
	"diese", "diesem", "diesen", "dieser", "dieses", "du", "durch", "ein", "eine", "einem",
	"einen", "einer", "eines", "er", "es", "fur", "gibt", "hat", "hatte", "hatten", "ich",
	"ihr", "ihre", "im", "in", "ins", "ist", "kann", "konnen", "konnte", "mehr", "mir", "mit",
	"nach", "nicht", "noch", "nur", "ob", "oder", "sein", "seine", "sich", "sie", "sind",
	"sowie", "uber", "um", "und", "uns", "unter", "viel", "viele", "vom", "von", "vor", "wann",
	"war", "waren", "warum", "was", "welche", "welchem", "welchen", "welcher", "welches", "wem",
	"wen", "wenn", "wer", "werden", "wessen", "wie", "wieso", "wieviel", "wieviele", "wir",
	"wird", "wo", "wofur", "woher", "wohin", "wurde", "wurden", "zu", "zum", "zur",
	"zwischen" };

static const char *const french[] = { "a", "au", "aux", "avec", "c", "ce", "ces", "cet", "cette",
	"combien", "comment", "d", "dans", "de", "des", "dont", "du", "elle", "elles", "en",
	"entre", "est", "et", "etaient", "etait", "ete", "etre", "eu", "fait", "fut", "il", "ils",
	"j", "je", "l", "la", "le", "les", "leur", "leurs", "lors", "mais", "n", "ne", "nous", "on",
	"ont", "ou", "par", "pas", "plus", "pour", "pourquoi", "qu", "quand", "que", "quel",
	"quelle", "quelles", "quels", "qui", "quoi", "s", "sa", "sans", "se", "ses", "son", "sont",
	"sur", "t", "un", "une", "vous", "y" };

static const char *const spanish[] = { "a", "al", "ante", "como", "con", "cual", "cuales", "cuando",
	"cuanta", "cuantas", "cuanto", "cuantos", "de", "del", "desde", "donde", "e", "el", "ella",
	"ellas", "ellos", "en", "entre", "era", "eran", "es", "esta", "estaba", "estan", "este",
	"esto", "fue", "fueron", "ha", "hace", "han", "hay", "la", "las", "le", "lo", "los", "mas",
	"me", "muy", "ni", "no", "o", "para", "pero", "por", "porque", "que", "quien", "quienes",
	"se", "ser", "si", "sin", "sobre", "son", "su", "sus", "tiene", "tienen", "un", "una",
	"unas", "unos", "y", "ya" };

static const char *const italian[] = { "a", "ad", "ai", "al", "alla", "alle", "anche", "che", "chi",
	"ci", "come", "con", "cosa", "da", "dal", "dalla", "dei", "del", "della", "delle", "di",
	"dove", "e", "ed", "era", "erano", "fu", "furono", "gli", "ha", "hanno", "i", "il", "in",
	"la", "le", "lo", "ma", "nei", "nel", "nella", "non", "o", "per", "perche", "piu", "quale",
	"quali", "quando", "quanta", "quante", "quanti", "quanto", "se", "si", "sono", "stata",
	"stato", "su", "sul", "sulla", "tra", "un", "una", "uno" };

static const char *const portuguese[] = { "a", "ao", "aos", "as", "com", "como", "da", "das", "de",
	"do", "dos", "e", "ela", "ele", "em", "entre", "era", "eram", "essa", "esse", "esta",
	"este", "foi", "foram", "ha", "isso", "mais", "mas", "na", "nao", "nas", "no", "nos", "o",
	"onde", "os", "ou", "para", "pela", "pelo", "por", "porque", "quais", "qual", "quando",
	"quanta", "quantas", "quanto", "quantos", "que", "quem", "sao", "se", "ser", "seu", "sua",
	"tem", "um", "uma" };

static const char *const dutch[] = { "aan", "als", "bij", "dan", "dat", "de", "deze", "die", "dit",
	"door", "een", "en", "er", "had", "hadden", "heeft", "het", "hoe", "hoeveel", "hun", "ik",
	"in", "is", "je", "kan", "kunnen", "maar", "meer", "met", "mijn", "naar", "niet", "of",
	"om", "ook", "op", "over", "te", "tot", "uit", "van", "voor", "waar", "waarom", "wanneer",
	"waren", "was", "wat", "we", "welk", "welke", "werd", "werden", "wie", "wiens", "wordt",
	"zij", "zijn" };

static const char *const russian[] = { "\xd0\xb0", "\xd0\xb1\xd1\x8b\xd0\xbb",
	"\xd0\xb1\xd1\x8b\xd0\xbb\xd0\xb0", "\xd0\xb1\xd1\x8b\xd0\xbb\xd0\xb8",
	"\xd0\xb1\xd1\x8b\xd0\xbb\xd0\xbe", "\xd0\xb2", "\xd0\xb2\xd0\xbe",
	"\xd0\xb3\xd0\xb4\xd0\xb5", "\xd0\xb4\xd0\xbb\xd1\x8f", "\xd0\xb4\xd0\xbe",
	"\xd0\xb5\xd0\xb3\xd0\xbe", "\xd0\xb6\xd0\xb5", "\xd0\xb7\xd0\xb0", "\xd0\xb8",
	"\xd0\xb8\xd0\xb7", "\xd0\xb8\xd0\xbb\xd0\xb8", "\xd0\xba", "\xd0\xba\xd0\xb0\xd0\xba",
	"\xd0\xba\xd0\xb0\xd0\xba\xd0\xb0\xd1\x8f", "\xd0\xba\xd0\xb0\xd0\xba\xd0\xb8\xd0\xb5",
	"\xd0\xba\xd0\xb0\xd0\xba\xd0\xbe\xd0\xb5", "\xd0\xba\xd0\xb0\xd0\xba\xd0\xbe\xd0\xb9",
	"\xd0\xba\xd0\xbe\xd0\xb3\xd0\xb4\xd0\xb0", "\xd0\xba\xd1\x82\xd0\xbe", "\xd0\xbd\xd0\xb0",
	"\xd0\xbd\xd0\xb5", "\xd0\xbd\xd0\xbe", "\xd0\xbe", "\xd0\xbe\xd0\xb1", "\xd0\xbe\xd0\xbd",
	"\xd0\xbe\xd0\xbd\xd0\xb0", "\xd0\xbe\xd0\xbd\xd0\xb8", "\xd0\xbe\xd1\x82",
	"\xd0\xbf\xd0\xbe", "\xd0\xbf\xd0\xbe\xd1\x87\xd0\xb5\xd0\xbc\xd1\x83",
	"\xd0\xbf\xd1\x80\xd0\xb8", "\xd1\x81",
	"\xd1\x81\xd0\xba\xd0\xbe\xd0\xbb\xd1\x8c\xd0\xba\xd0\xbe", "\xd1\x82\xd0\xbe", "\xd1\x83",
	"\xd1\x87\xd0\xb5\xd0\xbc", "\xd1\x87\xd1\x82\xd0\xbe", "\xd1\x8d\xd1\x82\xd0\xbe",
	"\xd1\x8d\xd1\x82\xd0\xbe\xd1\x82" };

#define LIST(words) \
	{ \
		words, array_len(words) \
	}
static const struct stop_list lists[] = { LIST(english), LIST(german), LIST(french), LIST(spanish),
	LIST(italian), LIST(portuguese), LIST(dutch), LIST(russian) };

struct slice {
	const char *p;
	size_t n;
};

static int compare(const void *key, const void *element)
{
	const struct slice *s = key;
	const char *word = *(const char *const *)element;
	int r = strncmp(s->p, word, s->n);

	return r ? r : -(word[s->n] != '\0');
}

bool stop_word(const struct stop_list *list, const char *plain, size_t n)
{
	struct slice s = { plain, n };

	return bsearch(&s, list->words, list->n, sizeof(*list->words), compare) != NULL;
}

/* ---- which language ---- */

static int count_stops(void *ctx, const struct word *w)
{
	size_t *counts = ctx;

	for (size_t i = 0; i < array_len(lists); i++)
		counts[i] += !w->gram && stop_word(&lists[i], w->plain, w->plain_n);
	return 0;
}

const struct stop_list *stop_guess(const char *text, size_t n)
{
	size_t counts[array_len(lists)] = { 0 }, best = 0;

	words_each(text, min_of(n, (size_t)2048), counts, count_stops);
	for (size_t i = 1; i < array_len(lists); i++)
		if (counts[i] > counts[best])
			best = i;
	return &lists[best];
}

bool stop_english(const struct stop_list *list)
{
	return list == &lists[0];
}
