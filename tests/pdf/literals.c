// literals < a.md: every text, code and HTML literal of cmark's own tree, a line each. The oracle of test_pdf.py.

#include <stdio.h>
#include <string.h>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>

#define OPTIONS (CMARK_OPT_VALIDATE_UTF8 | CMARK_OPT_FOOTNOTES)

static void attach(cmark_parser *parser)
{
    static const char *const names[] = {"table", "strikethrough", "autolink", "tasklist"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(names[i]));
}

static void print_literals(cmark_node *root)
{
    cmark_iter *iter = cmark_iter_new(root);
    cmark_event_type event;
    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(iter);
        cmark_node_type type = cmark_node_get_type(node);
        if (event != CMARK_EVENT_ENTER || type == CMARK_NODE_FOOTNOTE_DEFINITION ||
            type == CMARK_NODE_FOOTNOTE_REFERENCE)
            continue;
        const char *literal = cmark_node_get_literal(node);
        if (literal)
            puts(literal);
    }
    cmark_iter_free(iter);
}

int main(void)
{
    char bytes[8192];
    size_t n;
    cmark_gfm_core_extensions_ensure_registered();
    cmark_parser *parser = cmark_parser_new(OPTIONS);
    attach(parser);
    while ((n = fread(bytes, 1, sizeof bytes, stdin)) > 0)
        cmark_parser_feed(parser, bytes, n);
    cmark_node *root = cmark_parser_finish(parser);
    print_literals(root);
    cmark_node_free(root);
    cmark_parser_free(parser);
    return fflush(stdout) ? 1 : 0;
}
