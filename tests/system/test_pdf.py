"""Sixty nasty answers through the renderer in its sandbox: whole pages, and no visible character lost.

What there is to see comes from cmark's own tree (tests/pdf/literals.c), what is seen from poppler and
mupdf, so neither side is ours.
"""
import collections
import os
import re
import subprocess
import sys
import unicodedata

from harness import check, deadline, equal

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "pdf"))
from nasty import NASTY, WORDS



def render(t, markdown, *argv, wrap=()):
    env = dict(os.environ, SOURCE_DATE_EPOCH="1700000000")
    program = os.path.join(t.bin, "ragchatd-pdf")
    return subprocess.run([*wrap, program, "--plain", *argv], input=markdown, env=env, capture_output=True, check=False)


def literals(t, markdown):
    program = os.path.join(t.dir, "literals")
    if not os.path.exists(program):
        subprocess.run(["cc", "-Wall", "-O1", "-o", program, os.path.join(ROOT, "tests", "pdf", "literals.c"),
                        "-lcmark-gfm-extensions", "-lcmark-gfm"], check=True)
    return subprocess.run([program], input=markdown, capture_output=True, check=True).stdout.decode("utf-8")


def output_of(*argv):
    return subprocess.run(argv, capture_output=True, check=True).stdout.decode("utf-8", "replace")


def invisible(c):
    o = ord(c)
    return (unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp") or c.isspace() or o & 0xfffe == 0xfffe or
            0xfdd0 <= o <= 0xfdef or 0xfe00 <= o <= 0xfe0f or 0xe0000 <= o <= 0xe0fff or
            o in (0x34f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x3164, 0xffa0) or 0x180b <= o <= 0x180f or o == 0xfffd)


def visible(text):
    """How often each character is there to be seen; composed and decomposed are one."""
    counts = collections.Counter(unicodedata.normalize("NFKD", text))  # first counted, then looked at: megabytes are few characters
    return collections.Counter({c: n for c, n in counts.items() if not invisible(c)})


def lost(wanted, path):
    """What none of the readers finds: a character counts as often as the best of them sees it."""
    left = visible(wanted)
    seen = visible("")
    for reader in (("pdftotext", "-raw", path, "-"), ("pdftotext", "-layout", path, "-"), ("mutool", "draw", "-q", "-F", "txt", path)):
        seen |= visible(output_of(*reader))
        if not left - seen:
            break
    return left - seen


def clean(path):
    got = subprocess.run(["qpdf", "--check", path], capture_output=True, check=False)
    check(got.returncode == 0 and b"WARNING" not in got.stderr, path, got.stdout, got.stderr)


def one(t, name):
    markdown = NASTY[name]()
    got = render(t, markdown)
    if got.returncode:
        return f"{name}: ends with {got.returncode}: {got.stderr[-200:]!r}"
    path = os.path.join(t.dir, name + ".pdf")
    with open(path, "wb") as f:
        f.write(got.stdout)
    clean(path)
    gone = lost(literals(t, markdown), path)
    if gone:
        return f"{name}: lost {sum(gone.values())}: " + " ".join(f"U+{ord(c):04X}x{n}" for c, n in gone.most_common(12))
    return None


def all_of(t, names):
    equal([words for words in (one(t, name) for name in names) if words], [], "what was lost")


@deadline(60)
def test_nasty_first_half(t):
    """Whole, clean, nothing lost."""
    equal(len(NASTY), 60, "nasty inputs")
    all_of(t, [name for name in NASTY if name < "n31"])


@deadline(60)
def test_nasty_second_half(t):
    all_of(t, [name for name in NASTY if name >= "n31"])


@deadline(60)
def test_a_lost_letter_is_noticed(t):
    """The oracle can fail: a page without one word of the answer lacks just its letters."""
    path = os.path.join(t.dir, "cut.pdf")
    with open(path, "wb") as f:
        f.write(render(t, b"Some words, \xd0\x96.\n").stdout)
    equal(lost(literals(t, "Some words, Ж *ЩЩ* `漢`.\n".encode()), path), visible("ЩЩ漢"), "what is lost")


@deadline(60)
def test_same_input_same_bytes(t):
    for name in NASTY:
        if len(NASTY[name]()) < 100000:
            equal(render(t, NASTY[name]()).stdout, render(t, NASTY[name]()).stdout, name)


@deadline(60)
def test_locked_before_the_answer_is_read(t):
    """Behind the filter nothing but memory, read and write: no file, no socket, whatever is in the answer."""
    if t.sanitizer:
        t.skip("a sanitizer build has no filter")
    allowed = {"read", "write", "brk", "mmap", "munmap", "mremap", "exit_group"}
    for name in ("n10_emoji_sequences", "n15_scripts", "n18_rows_3000", "n30_html", "n31_links", "n32_images", "n57_emoji_300"):
        log = os.path.join(t.dir, name + ".strace")
        got = render(t, NASTY[name](), wrap=("strace", "-f", "-o", log))
        equal(got.returncode, 0, name)
        with open(log, encoding="utf-8", errors="replace") as f:
            calls = re.findall(r"^\d+ +(\w+)\(", f.read(), re.M)
        check("seccomp" in calls, name, "has no filter")
        after = calls[len(calls) - calls[::-1].index("seccomp"):]
        check("write" in after and set(after) <= allowed, name, set(after) - allowed)


@deadline(60)
def test_copies_in_logical_order(t):
    """Each script's words come out of poppler as they went in, one line for one paragraph."""
    path = os.path.join(t.dir, "order.pdf")
    with open(path, "wb") as f:
        f.write(render(t, "\n\n".join(WORDS.values()).encode()).stdout)
    got = unicodedata.normalize("NFC", re.sub(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", output_of("pdftotext", path, "-")))
    equal([name for name, words in WORDS.items() if unicodedata.normalize("NFC", words) not in got], [], "out of order")
    equal(lost(" ".join(WORDS.values()), path), visible(""), "lost")
    # pdf.js sets blanks of its own between letters that stand apart, and the code of a glyph that has no text of its own
    # (a part of a split letter): those are variation selectors here, which nobody sees. Nothing else may come between.
    bare = lambda text: re.sub(r"[\s\ufe00-\ufe0f]", "", unicodedata.normalize("NFC", text))
    got = bare(output_of(os.path.join(ROOT, "tests", "pdf", "pdfjs-text"), path))
    equal([name for name, words in WORDS.items() if bare(words) not in got], [], "out of order in pdf.js")
