"""Sixty nasty answers, the same bytes each time: names and Markdown of what a renderer must live through.

NASTY maps a name to a function that gives the input. By hand: python3 tests/pdf/nasty.py DIRECTORY
writes each as NAME.md.
"""
import os
import random
import sys
import unicodedata

NASTY = {}


def nasty(function):
    NASTY[function.__name__] = lambda: as_bytes(function())
    return function


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode("utf-8")


def table(rows, header="| a | b |\n|---|:-:|\n"):
    return header + "".join("| " + " | ".join(row) + " |\n" for row in rows)


WORDS = {
    "arabic": "مرحبا بالعالم هذا نص عربي قصير", "hebrew": "שלום עולם זה טקסט קצר", "devanagari": "नमस्ते दुनिया यह हिन्दी है",
    "thai": "สวัสดีชาวโลก นี่คือภาษาไทย", "chinese": "你好世界这是中文文本", "japanese": "こんにちは世界、テキストです", "korean": "안녕하세요 세계",
    "greek": "Καλημέρα κόσμε αυτό είναι", "cyrillic": "Привет мир это русский текст", "accents": "Zażółć gęślą jaźń, naïve façade",
    "bengali": "আমার সোনার বাংলা", "tamil": "தமிழ் மொழி", "telugu": "తెలుగు భాష", "georgian": "ქართული ენა", "armenian": "Հայերեն լեզու",
    "ethiopic": "አማርኛ ቋንቋ", "khmer": "ភាសាខ្មែរ", "burmese": "မြန်မာဘာသာ", "sinhala": "සිංහල භාෂාව", "kannada": "ಕನ್ನಡ ಭಾಷೆ",
    "malayalam": "മലയാളം ഭാഷ", "gujarati": "ગુજરાતી ભાષા", "gurmukhi": "ਪੰਜਾਬੀ ਭਾਸ਼ਾ", "lao": "ພາສາລາວ",
}


@nasty
def n01_empty():
    return ""


@nasty
def n02_blanks():
    return " \n\t\n   \n\n"


@nasty
def n03_bom():
    return "\ufeff# Title\n\nIn\ufeffside.\n"


@nasty
def n04_nul():
    return b"a\0b\n\n| c\0d | e |\n|---|---|\n| f | \0 |\n\n`g\0h`\n"


@nasty
def n05_bad_utf8():
    return b"lone \x80, cut \xe2\x82 end, overlong \xc0\xaf \xe0\x80\xaf, pair \xed\xa0\xbd\xed\xb8\x80, high \xf4\x90\x80\x80 \xff\n\n\xe2\x82"


@nasty
def n06_long_word():
    return "abcdefghij" * 20000


@nasty
def n07_cjk_unspaced():
    return "".join(chr(0x4e00 + i * 7 % 5000) for i in range(160000))


@nasty
def n08_long_url():
    return "See https://example.org/" + "path/segment-" * 3800 + " for more.\n"


@nasty
def n09_zalgo():
    return "Z" + "".join(chr(0x300 + i % 0x30) for i in range(9000)) + "algo\n"


@nasty
def n10_emoji_sequences():
    return "👨‍👩‍👧‍👦 🏳️‍🌈 🇩🇪🇫🇷🇯🇵 1️⃣ #️⃣ 👍🏽 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f ❤️ ❤︎ 🇩\n"


@nasty
def n11_bidi_controls():
    return "a \u202e reversed \u2067 isolated \u202b never ended\n\nnext \u2069\u202c\u202c paragraph \u2066x\n" + "\u202e" * 200 + "deep\n"


@nasty
def n12_rtl_table():
    return "| اسم | עיר | n |\n|:--|:-:|--:|\n| محمد | תל אביב | 12 |\n| Ann | حلب | 3.5 |\n"


@nasty
def n13_arabic_english():
    return "استخدم ragchat الإصدار 0.1.0 مع `make check` ثم انتظر 15 دقيقة (أو أقل).\n\nIn English: كلمة then 42.\n"


@nasty
def n14_hebrew_blocks():
    return "# כותרת ראשית\n\n1. ראשון\n2. שני\n   - פנימי\n\n> ציטוט (עם סוגריים) ו-English\n\n## כותרת שנייה\n"


@nasty
def n15_scripts():
    return "".join(f"- {name}: {words}\n" for name, words in WORDS.items())


@nasty
def n16_no_font():
    return "private \ue000\uf8ff\U000f0000 nonchar \ufffe\ufdd0\U0001ffff unassigned \u0378\U0003ffff0 end\n"


@nasty
def n17_invisible():
    return "soft\u00adhyphen zero\u200bwidth no\u00a0break word\u2060joiner vs\ufe0e\ufe0f tags\U000e0041 nnbsp\u202fx figure\u2007y\n"


@nasty
def n18_rows_3000():
    return table([f"row {i}", f"value {i * i}"] for i in range(3000))


@nasty
def n19_columns_60():
    head = "|" + "|".join(f" c{i} " for i in range(60)) + "|\n|" + "---|" * 60 + "\n"
    return table(([f"v{r}.{i}" for i in range(60)] for r in range(5)), head)


@nasty
def n20_huge_cell():
    return table([["small", " ".join(f"word{i}" for i in range(6000))], ["after", "it"]])


@nasty
def n21_ragged_rows():
    return "| a | b | c |\n|---|---|---|\n| one |\n| x | y | z |\n| pipe \\| in | `code \\| pipe` | end |\n"


@nasty
def n22_hash_cell():
    return table([["sha", "0123456789abcdef" * 30], ["n", "1"]])


@nasty
def n23_table_in_list_in_quote():
    return "> 1. item\n>\n>    | a | b |\n>    |---|---|\n>    | c | d |\n>\n> 2. next\n"


@nasty
def n24_list_100():
    return "".join("  " * i + f"- level {i}\n" for i in range(100))


@nasty
def n25_quotes_150():
    return ">" * 150 + " deep words\n\nafter\n"


@nasty
def n26_code_10000():
    return "```c\n" + "".join(f"int line_{i} = {i}; /* {i % 7} */\n" for i in range(10000)) + "```\n"


@nasty
def n27_code_line():
    return "```\n" + "".join(f"{i:08x} " for i in range(17800)) + "\n```\n"


@nasty
def n28_line_ends():
    return b"tab\there\r\ncrlf\r\n\r\nform\x0cfeed\rcr only\r\rlast\n\n\tcode\tin\ttabs\n"


@nasty
def n29_open_fence():
    return "Before\n\n~~~~python\nprint('x')\n```\nstill code\n```\n# not a heading\n"


@nasty
def n30_html():
    return "<div onclick='x()'>\n<script>alert(1)</script>\n</div>\n\nin <b>bold</b> and <!-- a comment --> x\n\n<table><tr><td>cell</td></tr></table>\n"


@nasty
def n31_links():
    return ("[js](javascript:alert(1)) [data](data:text/html,x) [file](file:///etc/passwd) [rel](../x) [idn](http://bücher.example/ü) "
            "[paren](http://example.org/a_(b)) [empty]() [](http://example.org/none) [space](<http://example.org/a b>) "
            "[control](http://example.org/%00%0a) <ftp://example.org> [JaVa](JaVaScRiPt:x)\n")


@nasty
def n32_images():
    return ("![remote](http://127.0.0.1:9/x.png) ![local](/usr/share/pixmaps/debian-logo.png) ![file](file:///etc/passwd) "
            "![data](data:image/png;base64,iVBORw0KGgo=) ![](http://no.such.invalid/)\n\n[![linked](x.png)](http://example.org)\n")


@nasty
def n33_footnotes():
    return "One[^1], missing[^9], again[^1], two[^b].\n\n[^1]: first\n[^b]: see[^1]\n\n    second block\n\n    - item\n"


@nasty
def n34_headings_1500():
    return "".join("#" * (i * 5 % 7 + 1) + f" Head {i} `code` *em* [link](http://example.org/{i}) 🎉\n\n" for i in range(1500))


@nasty
def n35_hard_breaks():
    return "".join(f"line {i}  \n" for i in range(8000)) + "end\n"


@nasty
def n36_entities():
    return "&#0; &#xD800; &#x10FFFF; &#99999999; &amp;lt; &nbsp;&copy; &notit; &CounterClockwiseContourIntegral; " + "&amp;" * 5000 + "\n"


@nasty
def n37_image_brackets():
    return "![[]()" * 20000


@nasty
def n38_lazy_quotes():
    return ">" * 3000 + " a\n" + "lazy line\n" * 200


@nasty
def n39_auto_completed_table():
    return "|" + "a|" * 800 + "\n|" + "-|" * 800 + "\n" + "|b\n" * 800


@nasty
def n40_list_starts():
    return "0. zero\n1. one\n\nx\n\n999999999. many\n\ny\n\n3) paren\n4) four\n\nz\n\n1234567890. not a list\n"


@nasty
def n41_math():
    return ("Inline $E = mc^2$ and \\(a_1 + b^2\\).\n\n$$\\int_0^\\infty e^{-x^2} dx = \\frac{\\sqrt{\\pi}}{2}$$\n\n"
            "Symbols ∀x∈ℝ: ∑ᵢ xᵢ² ≥ 0, ∂f/∂x ≠ ∇·F, 𝔸 𝒞 ⟨ψ|φ⟩ ⊢ ⌈x⌉ → ∞, price $5 and $6.\n")


@nasty
def n42_setext_400():
    return "".join(f"heading line {i}\n" for i in range(400)) + "===\n\nbody\n"


@nasty
def n43_rules():
    return "---\n\n" * 5000


@nasty
def n44_emphasis():
    return "*a **b* c** ***d** e* _f __g_ h__ ~~i *j~~ k* **l`m**`n ** o ** " + "*x" * 2000 + "\n"


@nasty
def n45_inline_nesting():
    return "*a **b " * 300 + "core" + "** c*" * 300 + "\n\n" + "[" * 500 + "x" + "](y)" * 500 + "\n"


@nasty
def n46_all_of_2fff():
    return " ".join(chr(c) for c in range(0x21, 0x3000) if unicodedata.category(chr(c)) not in ("Cn", "Cc", "Cs"))


@nasty
def n47_boxes():
    return "```\n┌────┬────┐\n│ 漢字│ ab │\n├────┼────┤\n│ ｱｲ  │ 한 │\n└────┴────┘\n▁▂▃▄▅▆▇█ ░▒▓ ⠿⣿\n```\n"


@nasty
def n48_kinsoku():
    return "「これは、テスト。」『（括弧）』！？ー…‥・々ゝぁぃぅぇぉっゃゅょ、。" * 40 + "\n"


@nasty
def n49_breaks():
    return ("/usr/lib/x86_64-linux-gnu/" * 20 + " C:\\Users\\name\\" * 20 + " a.b.c.d::e->f(g,h)[i]{j}" * 20 +
            " one-two–three—four/five?six&seven=eight" * 20).replace("\\", "\\\\") + "\n"


@nasty
def n50_links_8000():
    return " ".join(f"[l{i}](http://example.org/{i})" for i in range(8000)) + "\n"


@nasty
def n51_megabyte():
    draw, words = random.Random(51), [w for text in WORDS.values() for w in text.split()]
    out, size = [], 0
    while size < 1000000:
        out.append(draw.choice(words))
        size += len(out[-1].encode()) + 1
    return " ".join(out)


@nasty
def n52_heading_at_page_end():
    return "".join("\n\n".join(f"Filler {k}.{i}" for i in range(k)) + f"\n\n## Last on page {k}\n\nbody {k}\n\n" for k in range(20, 45))


@nasty
def n53_tall_header():
    words = " ".join(f"head{i}" for i in range(900))
    return f"| {words} | b |\n|---|---|\n" + "".join(f"| r{i} | v{i} |\n" for i in range(20))


@nasty
def n54_pipes_in_code():
    return "```\n| a | b |\n|---|---|\n```\n\n| not a | table\nbecause | no rule |\n\n    | x | y |\n    |---|---|\n"


@nasty
def n55_heading_controls():
    return b"# a\0b\x01\x1b[31m \xed\xa0\x80 \xe2\x80\xa8line\n\n## `\x07` &#10; tail\n"


@nasty
def n56_list_of_blocks():
    return "1.     code first\n\n2. | a | b |\n   |---|---|\n   | c | d |\n\n3. ```\n   fenced\n   ```\n4. # heading\n5. > quote\n6.\n7. - - - nested\n"


@nasty
def n57_emoji_300():
    return " ".join(chr(0x1f300 + i) for i in range(0x321) if unicodedata.category(chr(0x1f300 + i)) == "So")[:600] + "\n"


@nasty
def n58_rtl_code():
    return "```\nx = \"مرحبا\"  # תגובה\nprint(x)  # ١٢٣\n```\n\nועוד `קוד` כאן\n"


@nasty
def n59_odd_separators():
    return "vertical\x0btab line\u2028separator paragraph\u2029separator next\u0085line end\n"


@nasty
def n60_cut_short():
    return "# Answer\n\nIt is **bold and [a link](http://exa"


def main():
    for name, make in NASTY.items():
        with open(os.path.join(sys.argv[1], name + ".md"), "wb") as f:
            f.write(make())


if __name__ == "__main__":
    main()
