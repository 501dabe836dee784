/* How a page looks: every size, distance and colour, in one place. Points; 0xRRGGBB. */
#pragma once

/* type */
#define SIZE_TEXT 10.5
#define SIZE_CODE 9.0
#define SIZE_CELL 9.5
#define SIZE_CELL_SMALL 8.0
#define SIZE_NOTE 8.8      /* footnotes, sources, meta lines */
#define SIZE_RUNNING 8.0   /* header and footer */
#define SIZE_TITLE 19.0
#define SIZE_TITLE_LONG 14.0 /* a question of more than TITLE_SHORT bytes */
#define SIZE_QUESTION 12.5   /* of a conversation */
#define SIZE_TITLE_TEXT 10.5 /* ... of more than TITLE_LONG */
#define TITLE_SHORT 110
#define TITLE_LONG 400
#define LEADING 1.45
#define LEADING_TIGHT 1.3
#define LEADING_CODE 1.38
#define LEADING_MOST 1.68

/* distances */
#define GAP_PARAGRAPH 7.0
#define GAP_TIGHT 2.5      /* between the items of a tight list */
#define GAP_BLOCK 10.0     /* around code, tables, quotes */
#define GAP_HEADING 16.0   /* above one; GAP_PARAGRAPH * .6 below */
#define GAP_TURN 26.0
#define INDENT_LIST 19.0
#define BULLET_SIZE 1.25f   /* of the text: the one of Noto Sans is small */
#define INDENT_QUOTE 14.0
#define WIDTH_LEAST 170.0  /* nothing is indented further than leaves this for text */
#define PAD_CODE 8.0
#define PAD_BOX 8.0        /* of questions and notices */
#define PAD_CELL_X 6.0
#define PAD_CELL_Y 3.6
#define TAB_CELLS 4        /* of a tab stop */
#define RADIUS 3.0
#define COLUMN_LEAST 30.0  /* with padding: a table of more columns than that is not even measured */
#define COLUMN_EMPTY 8.0
#define WORD_MOST_EMS 11.0 /* a longer word may be broken before its table is turned */

/* colours */
#define INK 0x1F2328
#define INK_SOFT 0x5B6570
#define INK_LINK 0x0B5CAD
#define INK_NOTE 0x7A4B00
#define INK_MATH 0x3B3F8F
#define TINT_CODE 0xF4F6F8
#define TINT_INLINE 0xEDF0F3
#define TINT_HEAD 0xEEF2F6
#define TINT_NOTICE 0xFFF3D1
#define LINE_SOFT 0xDCE1E6
#define LINE_FIRM 0xAAB4BE
#define BAR_QUOTE 0xC5CED7
#define PAPER 0xFFFFFF
#define ACCENT 0x2F6FB5
