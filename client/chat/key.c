/* Bytes of a terminal to keys: a state machine whose state is the bytes it holds. */
#include "client/chat/key.h"

#include <string.h>

#include "common/attr.h"
#include "common/utf8.h"

#define ESC 0x1B
#define CTRL_X ('X' & 31)
#define PASTE_END "\033[201~"
#define PASTE_END_LEN 6

void keys_init(struct keys *k, size_t paste_max)
{
	*k = (struct keys){ .nseq = 0 };
	buf_init(&k->paste, paste_max + PASTE_END_LEN);
}

void keys_fini(struct keys *k)
{
	buf_fini(&k->paste);
}

/* ---- one byte ---- */

static enum key_code of_control(uint8_t c)
{
	static const uint8_t codes[32] = {
		['A' & 31] = KEY_HOME,
		['B' & 31] = KEY_LEFT,
		['C' & 31] = KEY_INTERRUPT,
		['D' & 31] = KEY_CTRL_D,
		['E' & 31] = KEY_END,
		['F' & 31] = KEY_RIGHT,
		['G' & 31] = KEY_ABORT,
		['H' & 31] = KEY_BACKSPACE,
		['I' & 31] = KEY_TAB,
		['J' & 31] = KEY_ENTER,
		['K' & 31] = KEY_KILL_END,
		['L' & 31] = KEY_CLEAR,
		['M' & 31] = KEY_ENTER,
		['N' & 31] = KEY_DOWN,
		['P' & 31] = KEY_UP,
		['R' & 31] = KEY_SEARCH,
		['T' & 31] = KEY_SWAP,
		['U' & 31] = KEY_KILL_START,
		['W' & 31] = KEY_RUBOUT,
		['Y' & 31] = KEY_YANK,
		['Z' & 31] = KEY_SUSPEND,
		['_' & 31] = KEY_UNDO,
	};

	return c == 0x7F ? KEY_BACKSPACE : (enum key_code)codes[c];
}

static enum key_code of_meta(uint8_t c)
{
	switch (c) {
	case '\r':
	case '\n':
		return KEY_NEWLINE;
	case 'b':
	case 'B':
		return KEY_WORD_LEFT;
	case 'f':
	case 'F':
		return KEY_WORD_RIGHT;
	case 'd':
	case 'D':
		return KEY_KILL_WORD;
	case 0x7F:
	case '\b':
		return KEY_KILL_BACK;
	case '<':
		return KEY_FIRST;
	case '>':
		return KEY_LAST;
	default:
		return KEY_NONE;
	}
}

/* ---- sequences ---- */

static enum key_code of_letter(uint8_t final, bool by_word)
{
	switch (final) {
	case 'A':
		return KEY_UP;
	case 'B':
		return KEY_DOWN;
	case 'C':
		return by_word ? KEY_WORD_RIGHT : KEY_RIGHT;
	case 'D':
		return by_word ? KEY_WORD_LEFT : KEY_LEFT;
	case 'H':
		return KEY_HOME;
	case 'F':
		return KEY_END;
	default:
		return KEY_NONE;
	}
}

static enum key_code of_tilde(unsigned number, bool by_word)
{
	switch (number) {
	case 1:
	case 7:
		return KEY_HOME;
	case 4:
	case 8:
		return KEY_END;
	case 3:
		return by_word ? KEY_KILL_WORD : KEY_DELETE;
	default:
		return KEY_NONE;
	}
}

/* CSI number ; modifiers u, and xterm's CSI 27 ; modifiers ; number ~ */
static enum key_code of_number(unsigned number, unsigned modifiers)
{
	if (number == 13)
		return modifiers > 1 ? KEY_NEWLINE : KEY_ENTER;
	if (modifiers == 5 && number >= 'a' && number <= 'z')
		return of_control((uint8_t)(number & 31));
	if (modifiers == 3 && number < 128)
		return of_meta((uint8_t)number);
	return number == 9 ? KEY_TAB : number == 127 ? KEY_BACKSPACE : KEY_NONE;
}

/* seq is ESC [ parameters final. Modifiers are 1 plus 1 shift, 2 alt, 4 control. */
static enum key_code of_csi(const uint8_t *seq, size_t n)
{
	unsigned v[3] = { 0 }, count = 0;
	uint8_t final = seq[n - 1];
	bool by_word;

	for (size_t i = 2; i + 1 < n; i++) {
		if (seq[i] == ';' && count < 2)
			count++;
		else if (seq[i] >= '0' && seq[i] <= '9' && v[count] < 10000)
			v[count] = v[count] * 10 + (seq[i] - '0');
		else
			return KEY_NONE;
	}
	by_word = v[1] >= 3;
	if (final == 'u')
		return of_number(v[0], v[1]);
	if (final == '~')
		return v[0] == 27 && count == 2 ? of_number(v[2], v[1]) : of_tilde(v[0], by_word);
	return of_letter(final, by_word);
}

static bool is_csi_final(uint8_t c)
{
	return c >= 0x40 && c <= 0x7E;
}

/* Is the sequence that begins with ESC complete? */
static bool sequence_ends(const uint8_t *seq, size_t n)
{
	uint8_t last = seq[n - 1];

	if (n == 1)
		return false;
	if (n == 2)
		return seq[1] != '[' && seq[1] != 'O' && seq[1] != ESC;
	if (seq[1] == 'O')
		return true;
	/* The function keys of Linux's console: ESC [ [ letter. */
	if (n == 3 && last == '[')
		return false;
	/* A control within one ends it: it was cut off. */
	return is_csi_final(last) || last < 0x20;
}

static enum key_code of_sequence(struct keys *k)
{
	const uint8_t *seq = k->seq;
	size_t n = k->nseq;

	if (n == 2)
		return of_meta(seq[1]);
	if (seq[1] == 'O') /* M is Enter of the keypad */
		return seq[2] == 'M' ? KEY_ENTER : of_letter(seq[2], false);
	if (seq[2] == '[')
		return KEY_NONE;
	if (n == 6 && !memcmp(seq, "\033[200~", 6)) {
		k->pasting = true;
		k->too_long = false;
		buf_reset(&k->paste);
		return KEY_NONE;
	}
	return of_csi(seq, n);
}

static enum key_code take_escape(struct keys *k, uint8_t c)
{
	enum key_code code;

	/* Two of them are Alt and a sequence: the sequence counts. */
	if (k->nseq == 1 && c == ESC)
		return KEY_NONE;
	/* The rest of an endless one is passed over too. */
	if (k->nseq == KEY_SEQUENCE_MAX)
		k->nseq = 2;
	k->seq[k->nseq++] = c;
	if (!sequence_ends(k->seq, k->nseq))
		return KEY_NONE;
	code = of_sequence(k);
	k->nseq = 0;
	return code;
}

/* ---- pastes ---- */

static bool paste_ends(const struct buf *b)
{
	return b->len >= PASTE_END_LEN &&
	       !memcmp(b->data + b->len - PASTE_END_LEN, PASTE_END, PASTE_END_LEN);
}

/* Past the bound only the last bytes are kept, to find the end. */
static void paste_byte(struct keys *k, uint8_t c)
{
	if (buf_add_byte(&k->paste, c) == 0)
		return;
	k->too_long = true;
	buf_consume(&k->paste, k->paste.len - (PASTE_END_LEN - 1));
	k->paste.failed = false;
	(void)buf_add_byte(&k->paste, c);
}

static size_t take_paste(struct keys *k, const uint8_t *s, size_t n, struct key *out)
{
	for (size_t i = 0; i < n; i++) {
		paste_byte(k, s[i]);
		if (s[i] != '~' || !paste_ends(&k->paste))
			continue;
		k->pasting = false;
		*out = (struct key){ k->too_long ? KEY_PASTE_LONG : KEY_PASTE, (const char *)k->paste.data,
			k->paste.len - PASTE_END_LEN };
		return i + 1;
	}
	return n;
}

/* ---- characters ---- */

static size_t length_of(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xC2 && lead <= 0xDF)
		return 2;
	if (lead >= 0xE0 && lead <= 0xEF)
		return 3;
	return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

/* False: the byte was not taken, for it begins something else. */
static bool take_char(struct keys *k, uint8_t c, struct key *out)
{
	size_t want;
	uint32_t cp;

	if (k->nseq && (c & 0xC0) != 0x80) {
		k->nseq = 0;
		out->code = KEY_INVALID;
		return false;
	}
	k->seq[k->nseq++] = c;
	want = length_of(k->seq[0]);
	if (k->nseq < want)
		return true;
	if (!want || utf8_decode((const char *)k->seq, k->nseq, &cp) != (int)k->nseq) {
		out->code = KEY_INVALID;
	} else if (cp >= 0xA0 || cp < 0x80) {
		memcpy(k->text, k->seq, k->nseq);
		*out = (struct key){ KEY_CHAR, k->text, k->nseq };
	}
	k->nseq = 0;
	return true;
}

size_t keys_feed(struct keys *k, const uint8_t *s, size_t n, struct key *out)
{
	size_t i = 0;

	*out = (struct key){ KEY_NONE, "", 0 };
	while (i < n && out->code == KEY_NONE) {
		uint8_t c = s[i];

		if (k->pasting) {
			i += take_paste(k, s + i, n - i, out);
			continue;
		}
		if (k->nseq && k->seq[0] == ESC) {
			out->code = take_escape(k, c);
		} else if (k->nseq && k->seq[0] == CTRL_X) {
			k->nseq = 0;
			out->code = c == ('E' & 31) ? KEY_EDITOR : KEY_NONE;
		} else if (c >= 0x80 || (c >= 0x20 && c != 0x7F) || k->nseq) {
			i += take_char(k, c, out);
			continue;
		} else if (c == ESC || c == CTRL_X) {
			k->seq[k->nseq++] = c;
		} else {
			out->code = of_control(c);
		}
		i++;
	}
	return i;
}

bool keys_waiting(const struct keys *k)
{
	return k->nseq > 0 && !k->pasting;
}

void keys_flush(struct keys *k, struct key *out)
{
	*out = (struct key){ KEY_NONE, "", 0 };
	if (k->nseq == 1 && k->seq[0] == ESC)
		out->code = KEY_ESCAPE;
	k->nseq = 0;
}
