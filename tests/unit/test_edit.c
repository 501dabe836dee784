/* The line editor: bytes of keys in, the message and what the screen shows out. */
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/chat/cell.h"
#include "client/chat/draw.h"
#include "client/chat/edit.h"
#include "client/chat/verbs.h"
#include "client/chat/words.h"
#include "common/mem.h"
#include "common/utf8.h"
#include "tests/unit/test.h"

#define MAX 100000

/* ---- one editor, and the wish of the last key ---- */

struct desk {
	struct history history;
	struct edit edit;
	struct keys keys;
	enum edit_wish wish;
	struct buf shown;
};

static void desk_init(struct desk *d, const char *const *history)
{
	*d = (struct desk){ .wish = EDIT_NOTHING };
	history_open(&d->history, "");
	for (; history && *history; history++)
		history_add(&d->history, *history, false);
	edit_init(&d->edit, &d->history, MAX);
	keys_init(&d->keys, MAX);
}

static void desk_fini(struct desk *d)
{
	edit_fini(&d->edit);
	keys_fini(&d->keys);
	history_fini(&d->history);
	buf_fini(&d->shown);
}

static void type_bytes(struct desk *d, const char *s, size_t n)
{
	struct key key;

	for (size_t i = 0; i < n;) {
		i += keys_feed(&d->keys, (const uint8_t *)s + i, n - i, &key);
		if (key.code != KEY_NONE)
			d->wish = edit_key(&d->edit, &key);
	}
}

static void type(struct desk *d, const char *s)
{
	type_bytes(d, s, strlen(s));
}

/* The message with | where the cursor is. */
static const char *shown(struct desk *d)
{
	const struct line *l = &d->edit.line;

	buf_reset(&d->shown);
	(void)buf_add(&d->shown, l->text.data, l->at);
	(void)buf_add_byte(&d->shown, '|');
	(void)buf_add(&d->shown, l->text.data + l->at, l->text.len - l->at);
	return buf_cstr(&d->shown);
}

static const char *after_keys(const char *keys)
{
	static char text[MAX];
	struct desk d;

	desk_init(&d, NULL);
	type(&d, keys);
	(void)snprintf(text, sizeof(text), "%s", shown(&d));
	desk_fini(&d);
	return text;
}

TEST(keys_of_emacs_move_and_cut)
{
	check_str(after_keys("hello"), "hello|");
	check_str(after_keys("hello\001x"), "x|hello");
	check_str(after_keys("hello\001\006\006x\005y"), "hexlloy|");
	check_str(after_keys("hello\002\002\004"), "hel|o");
	check_str(after_keys("hello\010\177"), "hel|");
	check_str(after_keys("one two three\027\027x"), "one x|");
	check_str(after_keys("one two\001\013\031\031"), "one twoone two|");
	check_str(after_keys("one two\025rest\031"), "restone two|");
	check_str(after_keys("ab\024"), "ba|");
	check_str(after_keys("abc\001\006\024"), "ba|c");
}

TEST(words_are_letters_of_any_script)
{
	check_str(after_keys("na\xC3\xAFve caf\xC3\xA9!\033b"), "na\xC3\xAFve |caf\xC3\xA9!");
	check_str(after_keys("a.b c\033b\033b\033b\033f"), "a|.b c");
	check_str(after_keys("one two\001\033d\033dx\031"), "xone two|");
	check_str(after_keys("one-two\033\177"), "one-|");
	check_str(after_keys("one two\033[1;5D\033[1;5Dx\033[1;5Cy"), "xoney| two");
}

TEST(arrows_home_and_end_come_in_many_forms)
{
	check_str(after_keys("abc\033[D\033OD1\033[H2\033[F3\033[1~4\033[4~5\033OH6\033OF7"), "642a1bc357|");
	check_str(after_keys("abc\033[H\033[3~"), "|bc");
	/* What means nothing is passed over whole. */
	check_str(after_keys("a\033[15~b\033[[Ac\033[99;99;99zd\033[?1;2ce"), "abcde|");
}

TEST(a_cell_is_what_one_sees)
{
	/* e + combining acute; a family joined by ZWJ; a flag; a CJK character */
	check_str(after_keys("xe\xCC\x81\x7F"), "x|");
	check_str(after_keys("\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7\x02x"),
		"x|\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7");
	check_str(after_keys("a\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA\x7F"), "a|");
	check_int(cells_width("\xE6\xBC\xA2", 3), 2);
	check_int(cells_width("e\xCC\x81", 3), 1);
	check_int(cells_width("\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7", 18), 2);
	check_int(cells_width("\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA", 8), 2);
}

TEST(undo_takes_words_back)
{
	check_str(after_keys("one two\037"), "one|");
	check_str(after_keys("one two\037\037"), "|");
	check_str(after_keys("one\025\037"), "one|");
}

TEST(lines_within_a_message)
{
	struct desk d;

	check_str(after_keys("one\033\rtwo"), "one\ntwo|");
	check_str(after_keys("one\\\rtwo"), "one\ntwo|");
	check_str(after_keys("one\033[13;2utwo"), "one\ntwo|");
	check_str(after_keys("one\033\rtwo\033\rx\033[A\033[A!"), "o!|ne\ntwo\nx");
	check_str(after_keys("one\033\rtwo\001X\020\001Y"), "Y|one\nXtwo");
	desk_init(&d, NULL);
	type(&d, "a\\\\\r");
	check_int(d.wish, EDIT_SEND);
	check_str(shown(&d), "a\\\\|");
	desk_fini(&d);
}

TEST(wishes)
{
	struct desk d;

	desk_init(&d, NULL);
	type(&d, "\004");
	check_int(d.wish, EDIT_LEAVE);
	type(&d, "x\004");
	check_int(d.wish, EDIT_CHANGED);
	type(&d, "\003");
	check_int(d.wish, EDIT_INTERRUPT);
	type(&d, "\032");
	check_int(d.wish, EDIT_SUSPEND);
	type(&d, "\t");
	check_int(d.wish, EDIT_COMPLETE);
	type(&d, "\030\005");
	check_int(d.wish, EDIT_EDITOR);
	type(&d, "\030x\n"); /* what means nothing is gone, and nothing else */
	check_int(d.wish, EDIT_SEND);
	check_str(shown(&d), "x|");
	desk_fini(&d);
}

TEST(history_goes_up_and_comes_back)
{
	static const char *const before[] = { "first", "second\nline", NULL };
	struct desk d;

	desk_init(&d, before);
	type(&d, "draft\033[A");
	check_str(shown(&d), "second\nline|");
	type(&d, "\033[A"); /* to its first line */
	check_str(shown(&d), "seco|nd\nline");
	type(&d, "\033[A");
	check_str(shown(&d), "first|");
	desk_fini(&d);
	desk_init(&d, (const char *const[]){ "first", "second", NULL });
	type(&d, "draft\020\020\020");
	check_str(shown(&d), "first|");
	type(&d, "\016\016");
	check_str(shown(&d), "draft|");
	type(&d, "\033<");
	check_str(shown(&d), "first|");
	desk_fini(&d);
}

TEST(search_finds_older_ones)
{
	static const char *const before[] = { "deep sea", "desert", "deep space", NULL };
	struct desk d;

	desk_init(&d, before);
	type(&d, "dr\022dee");
	check_str(shown(&d), "|deep space");
	type(&d, "\022");
	check_str(shown(&d), "|deep sea");
	type(&d, "\022");
	check(d.edit.failing);
	type(&d, "\007");
	check_str(shown(&d), "dr|");
	type(&d, "\022des\005!");
	check_str(shown(&d), "desert!|");
	type(&d, "\025\022sp\r");
	check_int(d.wish, EDIT_SEND);
	check_str(shown(&d), "deep |space");
	desk_fini(&d);
	desk_init(&d, before);
	type(&d, "x\022sea\177\177\177");
	check_str(shown(&d), "x|");
	type(&d, "\003");
	check(!d.edit.searching);
	desk_fini(&d);
}

/* ---- pastes ---- */

static void paste(struct desk *d, const char *s, size_t n)
{
	type(d, "\033[200~");
	type_bytes(d, s, n);
	type(d, "\033[201~");
}

TEST(a_paste_is_one_piece_whatever_is_in_it)
{
	struct desk d;

	desk_init(&d, NULL);
	type(&d, "a ");
	paste(&d, "x\003\004\r\nb\rc\033[D\t", 12);
	check_str(shown(&d), "a x\003\004\nb\nc\033[D\t|");
	type(&d, "\037");
	check_str(shown(&d), "a |");
	desk_fini(&d);
}

TEST(a_long_paste_is_folded_and_whole)
{
	struct buf text = { 0 };
	struct desk d;

	for (int i = 0; i < 5000; i++)
		(void)buf_addf(&text, "line %d\r", i);
	desk_init(&d, NULL);
	type(&d, "<");
	paste(&d, (const char *)text.data, text.len);
	type(&d, ">");
	check_int(d.edit.line.nfolds, 1);
	check_int(d.edit.line.folds[0].lines, 5000);
	check_int(d.edit.line.text.len, text.len + 2);
	type(&d, "\002\002x"); /* one cell to the cursor */
	check_int(d.edit.line.at, 2);
	type(&d, "\004");
	check_str(shown(&d), "<x|>");
	type(&d, "\037");
	check_int(d.edit.line.text.len, text.len + 3);
	desk_fini(&d);
	buf_fini(&text);
}

TEST(pastes_that_are_no_text_are_refused)
{
	struct desk d;

	desk_init(&d, NULL);
	type(&d, "a");
	paste(&d, "b\0c", 3);
	check_int(d.wish, EDIT_REFUSED);
	check(strstr(d.edit.why, "byte 2 is NUL"));
	paste(&d, "b\xFF", 2);
	check_int(d.wish, EDIT_REFUSED);
	check(strstr(d.edit.why, "not UTF-8"));
	type(&d, "\xFF");
	check_int(d.wish, EDIT_REFUSED);
	check_str(shown(&d), "a|");
	desk_fini(&d);
}

TEST(no_message_grows_past_its_bound)
{
	char *text = mem_new(MAX + 1);
	struct desk d;

	memset(text, 'x', MAX);
	desk_init(&d, NULL);
	type(&d, "a");
	paste(&d, text, MAX);
	check_int(d.wish, EDIT_REFUSED);
	paste(&d, text, MAX - 1);
	check_int(d.wish, EDIT_CHANGED);
	type(&d, "y");
	check_int(d.wish, EDIT_REFUSED);
	type(&d, "\010\010z");
	check_str(shown(&d), "z|");
	desk_fini(&d);
	/* One that is longer than any message is dropped, and its end is still found. */
	desk_init(&d, NULL);
	type(&d, "\033[200~");
	for (int i = 0; i < 3; i++)
		type_bytes(&d, text, MAX);
	type(&d, "\033[201~");
	check_int(d.wish, EDIT_REFUSED);
	type(&d, "b");
	check_str(shown(&d), "b|");
	desk_fini(&d);
	mem_free(text);
}

TEST(split_anywhere_keys_are_the_same)
{
	static const char input[] = "h\xC3\xA9\033[D\033b\033[200~p\n\033[20q\033[201~\xF0\x9F\x91\x8D\033OH\xFFx\033\r\033[1;5C";
	struct desk whole, split;

	desk_init(&whole, NULL);
	type_bytes(&whole, input, sizeof(input) - 1);
	for (size_t cut = 1; cut < 7; cut++) {
		desk_init(&split, NULL);
		for (size_t i = 0; i < sizeof(input) - 1; i += cut)
			type_bytes(&split, input + i, cut < sizeof(input) - 1 - i ? cut : sizeof(input) - 1 - i);
		check_str(shown(&split), shown(&whole));
		desk_fini(&split);
	}
	desk_fini(&whole);
}

/* ---- the screen ---- */

#define ROWS 40
#define COLUMNS 60

/* A terminal as far as the drawing uses one. Wide cells take two places, the second one empty. */
struct screen {
	char cell[ROWS][COLUMNS][32];
	int row, column, width;
	bool bad;
};

static void screen_init(struct screen *s, int width)
{
	*s = (struct screen){ .width = width };
}

static void erase_below(struct screen *s)
{
	for (int r = s->row; r < ROWS; r++)
		for (int c = r == s->row ? s->column : 0; c < COLUMNS; c++)
			s->cell[r][c][0] = '\0';
}

static size_t sequence(struct screen *s, const char *p)
{
	char *end;
	int n = (int)strtol(p + 2, &end, 10);

	n = n ? n : 1;
	switch (*end) {
	case 'A':
		s->row -= n;
		break;
	case 'B':
		s->row += n;
		break;
	case 'C':
		s->column += n;
		break;
	case 'J':
		erase_below(s);
		break;
	case 'm':
		break;
	default:
		s->bad = true;
	}
	s->bad = s->bad || s->row < 0 || s->row >= ROWS || s->column > s->width;
	return (size_t)(end + 1 - p);
}

static void print_cell(struct screen *s, const char *p, size_t n, unsigned columns)
{
	if (s->column + (int)columns > s->width || n >= sizeof(s->cell[0][0])) {
		s->bad = true;
		return;
	}
	memcpy(s->cell[s->row][s->column], p, n);
	s->cell[s->row][s->column][n] = '\0';
	s->column += (int)columns;
}

static void screen_take(struct screen *s, struct buf *out)
{
	const char *p = buf_cstr(out);
	unsigned columns;

	for (size_t i = 0; i < out->len && !s->bad;) {
		if (p[i] == '\033') {
			i += sequence(s, p + i);
		} else if (p[i] == '\r') {
			s->column = 0;
			i++;
		} else if (p[i] == '\n') {
			s->bad = ++s->row >= ROWS;
			i++;
		} else {
			size_t n = cell_next(p + i, out->len - i, &columns);

			print_cell(s, p + i, n, columns);
			i += n;
		}
	}
	buf_fini(out);
}

/* Row r without the empty places. */
static const char *screen_row(const struct screen *s, int r)
{
	static char text[2000];
	size_t n = 0;

	for (int c = 0; c < s->width; c++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", s->cell[r][c]);
	while (n && text[n - 1] == ' ')
		text[--n] = '\0';
	text[n] = '\0';
	return text;
}

struct stage {
	struct desk desk;
	struct draw draw;
	struct screen screen;
	struct look look;
};

static void stage_init(struct stage *s, int width, unsigned height)
{
	desk_init(&s->desk, NULL);
	draw_init(&s->draw);
	screen_init(&s->screen, width);
	s->look = (struct look){ .width = (unsigned)width, .height = height, .utf8 = true, .color = true, .reflows = true,
		.prompt = "> ", .hint = "hint" };
}

static void stage_fini(struct stage *s)
{
	draw_fini(&s->draw);
	desk_fini(&s->desk);
}

static void show(struct stage *s)
{
	struct buf out = { 0 };

	draw_edit(&s->draw, &s->desk.edit, &s->look, &out);
	screen_take(&s->screen, &out);
}

static void play(struct stage *s, const char *keys)
{
	type(&s->desk, keys);
	show(s);
}

TEST(the_hint_goes_with_the_first_key)
{
	struct stage s;

	stage_init(&s, 20, 24);
	play(&s, "");
	check_str(screen_row(&s.screen, 0), "> hint");
	check_int(s.screen.column, 2);
	play(&s, "a");
	check_str(screen_row(&s.screen, 0), "> a");
	play(&s, "\010");
	check_str(screen_row(&s.screen, 0), "> hint");
	check(!s.screen.bad);
	stage_fini(&s);
}

TEST(long_lines_wrap_and_edit)
{
	struct stage s;

	stage_init(&s, 12, 24);
	play(&s, "abcdefghij");
	check_str(screen_row(&s.screen, 0), "> abcdefghij");
	check_int(s.screen.row, 1); /* there is no place for the cursor behind the j */
	check_int(s.screen.column, 2);
	play(&s, "klm");
	check_str(screen_row(&s.screen, 1), "  klm");
	play(&s, "\001X");
	check_str(screen_row(&s.screen, 0), "> Xabcdefghi");
	check_str(screen_row(&s.screen, 1), "  jklm");
	check_int(s.screen.row, 0);
	check_int(s.screen.column, 3);
	play(&s, "\013");
	check_str(screen_row(&s.screen, 0), "> X");
	check_str(screen_row(&s.screen, 1), "");
	play(&s, "\031\xE6\xBC\xA2\xE6\xBC\xA2");
	check_str(screen_row(&s.screen, 1), "  jklm\xE6\xBC\xA2\xE6\xBC\xA2");
	check(!s.screen.bad);
	stage_fini(&s);
}

TEST(a_wide_character_never_hangs_over_the_edge)
{
	struct stage s;

	stage_init(&s, 13, 24);
	play(&s, "abcdefghij\xE6\xBC\xA2x");
	check_str(screen_row(&s.screen, 0), "> abcdefghij");
	check_str(screen_row(&s.screen, 1), "  \xE6\xBC\xA2x");
	check(!s.screen.bad);
	stage_fini(&s);
}

TEST(more_rows_than_the_screen_has_are_a_window)
{
	struct stage s;
	struct buf out = { 0 };

	stage_init(&s, 20, 4);
	for (int i = 0; i < 9; i++)
		play(&s, "line\033\r");
	check_int(s.draw.nrows, 3);
	check_int(s.screen.row, 2);
	play(&s, "\020\020\020\020\020\020\020\020\020top ");
	check_str(screen_row(&s.screen, 0), "> top line");
	check_int(s.screen.row, 0);
	draw_end(&s.draw, &s.desk.edit, &s.look, "", &out);
	screen_take(&s.screen, &out);
	check_str(screen_row(&s.screen, 0), "> top line");
	check_str(screen_row(&s.screen, 8), "  line");
	check_int(s.screen.row, 10);
	check(!s.screen.bad);
	stage_fini(&s);
}

TEST(controls_in_a_message_are_pictures)
{
	struct stage s;

	stage_init(&s, 40, 24);
	type(&s.desk, "\033[200~a\033[31m\007\tb\033[201~");
	show(&s);
	check_str(screen_row(&s.screen, 0), "> a\xE2\x90\x9B[31m\xE2\x90\x87    b");
	check(!s.screen.bad);
	stage_fini(&s);
}

/* Whatever is typed: the screen that was drawn step by step is the one drawn at once. */
TEST(drawn_by_differences_or_at_once_it_is_the_same)
{
	static const char *const keys[] = { "a", "word ", "\xE6\xBC\xA2", "e\xCC\x81", "\033\r", "\001", "\005", "\002", "\006", "\010",
		"\004", "\027", "\013", "\025", "\031", "\033b", "\033f", "\020", "\016", "\037", "\024", "\033[200~p\rq\033[201~",
		"\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9", "\t" };
	uint32_t seed = 1;

	for (int round = 0; round < 200; round++) {
		struct stage s;

		stage_init(&s, 9 + round % 20, 12 + (unsigned)round % 20);
		for (int i = 0; i < 60; i++) {
			struct screen fresh;
			struct draw draw;
			struct buf out = { 0 };

			seed = seed * 1103515245 + 12345;
			play(&s, keys[(seed >> 16) % (sizeof(keys) / sizeof(*keys))]);
			check(!s.screen.bad);
			screen_init(&fresh, s.screen.width);
			draw_init(&draw);
			draw.top = s.draw.top;
			draw_edit(&draw, &s.desk.edit, &s.look, &out);
			screen_take(&fresh, &out);
			for (int r = 0; r < ROWS; r++) {
				char *there = mem_dup(screen_row(&s.screen, r));
				bool same = !strcmp(there, screen_row(&fresh, r));

				mem_free(there);
				check_msg(same, "row %d of round %d, step %d", r, round, i);
			}
			check_int(s.screen.row, fresh.row);
			check_int(s.screen.column, fresh.column);
			draw_fini(&draw);
		}
		stage_fini(&s);
	}
}

/* ---- the history's file ---- */

TEST(the_history_keeps_no_secrets)
{
	check(history_is_secret("use rct_0123456789abcdef please"));
	check(history_is_secret("export OPENAI_API_KEY=x"));
	check(history_is_secret("sk-proj-0123456789abcdefghij"));
	check(history_is_secret("my Password: hunter2"));
	check(!history_is_secret("what is a password for?"));
	check(!history_is_secret("ask-me-anything"));
}

TEST(the_history_comes_back_from_its_file)
{
	char *path = mem_printf("%s/lines", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	struct history h;
	struct stat st;

	(void)unlink(path);
	history_open(&h, path);
	history_add(&h, "one\\two\nthree", true);
	history_add(&h, " hidden", true);
	history_add(&h, "password: x", true);
	history_add(&h, "a question of the thread", false);
	history_add(&h, "four", true);
	history_add(&h, "four", true);
	check_int(h.n, 5);
	history_fini(&h);
	check(stat(path, &st) == 0);
	check_int(st.st_mode & 0777, 0600);
	history_open(&h, path);
	check_int(h.n, 2);
	check_str(h.v[0], "one\\two\nthree");
	check_str(h.v[1], "four");
	history_fini(&h);
	check(chmod(path, 0644) == 0);
	history_open(&h, path);
	check_int(h.n, 0);
	history_fini(&h);
	(void)unlink(path);
	mem_free(path);
}

TEST(the_history_is_bounded)
{
	char *path = mem_printf("%s/many", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp"), text[32];
	struct history h;
	FILE *f;

	(void)unlink(path);
	f = fopen(path, "w");
	check(f && chmod(path, 0600) == 0);
	for (int i = 0; i < HISTORY_LINES + 500; i++)
		(void)fprintf(f, "line %d\n", i);
	(void)fclose(f);
	history_open(&h, path);
	check_int(h.n, HISTORY_LINES);
	check_str(h.v[0], "line 500");
	history_fini(&h);
	f = fopen(path, "r");
	check(f && fgets(text, sizeof(text), f));
	check_str(text, "line 500\n"); /* the file was cut as well */
	(void)fclose(f);
	(void)unlink(path);
	mem_free(path);
}

TEST(arguments_are_split_as_a_shell_does)
{
	struct words w;

	check_int(words_split("a 'b c' \"d\\\" e\" f\\ g ''", false, &w), 0);
	check_int(w.n, 5);
	check_str(w.v[1], "b c");
	check_str(w.v[2], "d\" e");
	check_str(w.v[3], "f g");
	check_str(w.v[4], "");
	words_fini(&w);
	check_int(words_split("it's", false, &w), -22);
	check_int(words_split("/et[c]/pass*d '*'", true, &w), 0);
	check_str(w.v[0], "/etc/passwd");
	check_str(w.v[1], "*");
	words_fini(&w);
}

TEST(what_begins_with_a_slash_is_a_verb_or_a_text)
{
	check(verbs_are_meant("/help"));
	check(verbs_are_meant("/Help me"));
	check(verbs_are_meant("/nonsense"));
	check(verbs_are_meant("/"));
	check(verbs_are_meant("/?"));
	check(verbs_are_meant("/edit one\ntwo"));
	check(!verbs_are_meant("//help"));
	check(!verbs_are_meant(" /help"));
	check(!verbs_are_meant("/usr/lib is what?"));
	check(!verbs_are_meant("/etc: not found"));
	check(!verbs_are_meant("/nonsense\nof two lines"));
	check(!verbs_are_meant("help"));
	check_str(verbs_text("//x"), "/x");
	check_str(verbs_text(" /x"), "/x");
	check_str(verbs_text(" x"), " x");
	check_str(verbs_text("x"), "x");
}

TEST(words_come_back_from_their_quotes)
{
	static const char *const names[] = { "plain", "a b", "it's", "\"q\"", "back\\slash", "*?[x]", "~", "tab\there", "~/a b" };
	struct words w;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *quoted = words_quote(names[i]);

		check_int(words_split(quoted, false, &w), 0);
		check_int(w.n, 1);
		check_str(w.v[0], names[i]);
		words_fini(&w);
		mem_free(quoted);
	}
}

TEST_MAIN()
