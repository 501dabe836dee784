"""The HTML page: hostile text stays text, every link is an allowed one and leads somewhere, no word is lost."""
import html.parser
import json
import re
import struct
import subprocess

from harness import check, equal

VOID = {"meta", "br", "hr", "input"}
ELEMENTS = VOID | set("html head title style body header main article section h1 h2 h3 h4 h5 h6 p bdi a strong em del code sup pre "
                      "ul ol li blockquote div table thead tbody tr th td".split())
ATTRIBUTES = set("lang charset http-equiv content name dir id class href rel aria-label role tabindex type disabled checked start "
                 "value scope".split())

# Markdown, and what a reader must find of it.
HOSTILE = {
    "script": ("<script>alert(1)</script> tail", ["alert(1)", "tail"]),
    "attr": ("a <img src=x onerror=alpha> \"b\" 'c'", ["onerror=alpha", "\"b\""]),
    "jslink": ("[click](javascript:evil) ![pic](data:text/html,zed) [f](file:///etc/passwd)", ["click", "javascript:evil", "pic", "zed", "/etc/passwd"]),
    "quote": ("[x](<https://e.example/\"onload=q>) end", ["x", "end"]),
    "close": ("</main></body></style> after", ["</main>", "after"]),
    "table": ("|a|b|\n|:-|-:|\n|one<b>|two|three\n", ["one", "two", "three"]),
    "code": ("```c\"><script>\nint x = \"<&>\";\n```", ["int x = \"<&>\";"]),
    "note": ("word[^1] again[^1]\n\n[^1]: the note <i>", ["word", "again", "the note"]),
    "task": ("- [x] done\n- [ ] open\n1. n\n   > quoted", ["done", "open", "quoted"]),
    "deep": (">" * 300 + " deepest", ["deepest"]),
    "bidi": ("abc \u202e rtl \u2066 iso", ["\u202e rtl", "iso"]),
    "math": ("$a<b$ and $$x^2$$", ["a<b", "x^2"]),
    "ctl": ("a\u0001b\rc\u007fd", ["a", "d"]),
    "image": ("![alt words](https://e.example/p.png)", ["alt words"]),
}

REQUEST = {'format': 'html',
 'title': 'T <b>',
 'lang': 'en"><x',
 'thread': '7',
 'turns': [{'question': 'Q1 </h2><script>',
            'date': '1 May',
            'model': 'm&m',
            'state': 'failed',
            'note': 'stopped <here>',
            'markdown': 'see [1] and [2], [1] x[^1]\n\n[^1]: n',
            'sources': [{'n': 1,
                         'path': 'a/<b>.pdf',
                         'page': 3,
                         'line': 4,
                         'url': 'javascript:bad',
                         'title': 'Ttl',
                         'quote': '"quoted" <q>'},
                        {'n': 2, 'document': 'doc', 'url': 'https://e.example/?a=1&b="'},
                        {'n': 2, 'path': 'twice'}]},
           {'question': 'Q2', 'markdown': 'again [1] y[^1]\n\n[^1]: m', 'sources': [{'n': 1, 'path': 'z'}]}]}


class Page(html.parser.HTMLParser):
    def __init__(self, source):
        super().__init__()
        self.open, self.ids, self.links, self.text = [], [], [], ""
        self.feed(source.decode())
        self.close()
        equal(self.open, [], "elements left open")
        equal(len(set(self.ids)), len(self.ids), "ids that differ")
        for link in self.links:
            check(link[:1] != "#" or link[1:] in self.ids, "a link to nowhere:", link)

    def handle_starttag(self, tag, attrs):
        check(tag in ELEMENTS, "element", tag)
        for name, value in attrs:
            check(name in ATTRIBUTES, "attribute", tag, name)
            if name == "href":
                check(re.match(r"https?://|mailto:|#", value), "address", value)
                check(value[0] == "#" or dict(attrs).get("rel") == "noreferrer noopener", "rel of", value)
                self.links.append(value)
            if name == "id":
                self.ids.append(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        equal(self.open.pop() if self.open else None, tag, "element closed")

    def handle_data(self, data):
        self.text += data


def page(t, data, *options):
    def once():
        return subprocess.run([t.program("ragchatd-pdf"), *options], input=data, capture_output=True, timeout=90)
    made = once()
    equal(made.returncode, 0, made.stderr)
    equal(once().stdout, made.stdout, "the same page again")
    check(b"default-src 'none'" in made.stdout, "no policy")
    return Page(made.stdout)


def test_hostile_markdown_is_text(t):
    for name, (markdown, words) in HOSTILE.items():
        made = page(t, markdown.encode(), "--plain", "--html")
        for word in words:
            check(word in made.text, f"{name}: lost", word)


def test_request_fields_are_text_and_links_lead_there_and_back(t):
    data = json.dumps(REQUEST).encode()
    made = page(t, b"RCPDF1\n\0" + struct.pack("<I", len(data)) + data)
    for word in ("T <b>", "Q1 </h2><script>", "m&m", "stopped <here>", "a/<b>.pdf", "page 3", "line 4", "javascript:bad", "Ttl",
                 '"quoted" <q>', "doc", "twice", "Q2"):
        check(word in made.text, "lost", word)
    for link in ("#t1-s1", "#t1-c1", "#t1-n1", "#t1-r1", "#t2-s1", "#t2-c1", "#t2-n1", "#t2-r1"):
        check(link in made.links, "no link to", link)
