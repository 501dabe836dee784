/* Filling the lines of a help text. */
#include "client/help.h"

#include <string.h>

#include "client/out.h"

#define COLUMNS 80

struct filling {
	struct buf *out;
	size_t column, hang;
};

static void add_words(struct filling *f, const char *s, size_t n)
{
	while (n) {
		size_t word = 0;

		while (word < n && s[word] != ' ')
			word++;
		if (f->column && f->column + 1 + word > COLUMNS) {
			(void)buf_addf(f->out, "\n%*s", (int)f->hang, "");
			f->column = f->hang;
		} else if (f->column > f->hang) {
			(void)buf_add_byte(f->out, ' ');
			f->column++;
		}
		(void)buf_add(f->out, s, word);
		f->column += word;
		s += word;
		n -= word;
		while (n && *s == ' ') {
			s++;
			n--;
		}
	}
}

static void end_line(struct filling *f)
{
	if (f->column)
		(void)buf_add_byte(f->out, '\n');
	f->column = 0;
	f->hang = 0;
}

/* Where what is said of an option, or the arguments of a command, begins: behind two blanks, or the first words. */
static size_t text_column(const char *s, size_t n)
{
	size_t at = 0, i;

	while (at < n && s[at] == ' ')
		at++;
	if (n > 15 && !memcmp(s, "usage: ragchat", 14))
		return 15;
	if (at == 7 && n > 15)
		return 15;
	for (i = at; i + 2 < n; i++)
		if (s[i] == ' ' && s[i + 1] == ' ' && s[i + 2] != ' ' && i > at)
			return i + 2 < 40 ? i + 2 : at + 2;
	return at + 2;
}

static void add_line(struct filling *f, const char *s, size_t n)
{
	size_t column = text_column(s, n), blanks = 0;

	while (blanks < n && s[blanks] == ' ')
		blanks++;
	if (f->hang && blanks >= f->hang) { /* what the line that was broken goes on with */
		add_words(f, s + blanks, n - blanks);
		return;
	}
	end_line(f);
	if (n <= COLUMNS) {
		(void)buf_add(f->out, s, n);
		(void)buf_add_byte(f->out, '\n');
		return;
	}
	(void)buf_add(f->out, s, column < n ? column : n);
	f->column = f->hang = column;
	if (column < n)
		add_words(f, s + column, n - column);
}

void help_fill(const char *help, struct buf *out)
{
	struct filling f = { .out = out };

	while (*help) {
		size_t n = strcspn(help, "\n");

		if (*help == ' ' || !strncmp(help, "usage:", 6) || !strncmp(help, "example", 7)) {
			add_line(&f, help, n);
		} else if (n) {
			if (f.hang)
				end_line(&f);
			add_words(&f, help, n);
		} else {
			end_line(&f);
			(void)buf_add_byte(out, '\n');
		}
		help += n + (help[n] == '\n');
	}
	end_line(&f);
}

int help_print(const char *help)
{
	struct buf out = { 0 };
	int r;

	help_fill(help, &out);
	r = out_text(&out, false);
	buf_fini(&out);
	return r;
}
