"""ragchatd-extract by itself: each format's text and places, what it refuses, and the walls around it."""
import base64
import io
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import urllib.parse
import zipfile

import papers
import records
from harness import Skip, check, children, contains, deadline, equal, eventually, torture


def program(t):
    return os.path.join(t.bin, "ragchatd-extract")


def read(t, data, name="a", options=()):
    got = records.read(program(t), data, name, options)
    equal((got.code, got.status["status"], got.ended), (0, "ok", True), f"{name}: {got.status}")
    return got


def test_word_keeps_headings_items_and_tables(t):
    got = read(t, papers.docx(), "a.docx")
    equal((got.form, got.title, got.status["format"]), ("m", "Handbook of the Lighthouse", "docx"))
    contains(got.text, "# Maintenance\n\nThe lamp of the lighthouse is cleaned every Thursday with vinegar.\n\n- Wash the lens\n"
             "  - with a soft cloth\n\n## Staff\n\n| Name | Shift |\n| --- | --- |\n| Ingrid | night |\n| Olaf \\| Ole | day |")
    check("struck out" not in got.text, "deleted text was read")


def test_word_keeps_what_stands_beside_the_text(t):
    part = lambda kind, words: f"<w:{kind} {papers.W}>" + papers.paragraph(words) + f"</w:{kind}>"  # noqa: E731
    sum_of = lambda inner: f'<m:oMath xmlns:m="m">{inner}</m:oMath>'  # noqa: E731
    t_of = lambda words: f"<m:r><m:t>{words}</m:t></m:r>"  # noqa: E731
    formula = sum_of(t_of("E=m") + f"<m:sSup><m:e>{t_of('c')}</m:e><m:sup>{t_of('2')}</m:sup></m:sSup>"
                     f"<m:f><m:num>{t_of('a')}</m:num><m:den>{t_of('b')}</m:den></m:f>")
    letter = '<w:p><w:pPr><w:framePr w:dropCap="drop"/></w:pPr><w:r><w:t>O</w:t></w:r></w:p>'
    body = letter + papers.paragraph("nce upon a time.") + f"<w:p>{formula}</w:p>"
    rows = [("rId1", "styles", "styles.xml"), ("rId2", "header", "header1.xml"), ("rId3", "header", "header2.xml"), ("rId4", "footer", "footer1.xml"),
            ("rId5", "footnotes", "notes.xml"), ("rId6", "aFChunk", "chunk.html"), ("rId7", "header", "../../../../etc/passwd")]
    got = read(t, papers.docx(body, **{
        "word/_rels/document.xml.rels": papers.relations(rows), "word/header1.xml": part("hdr", "Quarry Board"), "word/header2.xml": part("hdr", "Quarry Board"),
        "word/footer1.xml": part("ftr", "For members only"), "word/notes.xml": part("footnotes", "Measured in June."),
        "word/chunk.html": "<html><body><p>An inserted page.</p></body></html>"}), "a.docx")
    contains(got.text, "Once upon a time.", "E=mc^2a/b", "An inserted page.", "Measured in June.", "For members only")
    equal(got.text.count("Quarry Board"), 1, "one header of two sections")


def test_word_numbers_what_it_counts(t):
    """3.2 stands nowhere in the text: the list says how it looks, the paragraphs only that they are counted."""
    got = read(t, papers.numbered_docx(), "a.docx")
    contains(got.text, "# Article I Scope\n", "## 1.01 Parts\n", "## 1.02 Price\n", "a) brass\n    b) copper\n", "# Article II Term\n", "## 2.01 Notice\n", "a) in writing\n",
             "- loose\n", "| 1. | first |", "| 2. | second |", "7. seventh\n8. eighth", "- of no list", "plain again")
    check("9." not in got.text and "Parts of old" not in got.text, got.text)


def test_packages_are_known_by_their_relations(t):
    contains(read(t, papers.moved(papers.docx(), "word/", "text/"), "a.docx").text, "The lamp of the lighthouse")
    contains(read(t, papers.moved(papers.xlsx(), "xl/", "deep/er/"), "a.xlsx").text, "| Copper kettle | 2024-03-01 |")
    contains(read(t, papers.moved(papers.pptx(), "ppt/", "P/"), "a.pptx").text, "412 crates")
    back = papers.zipped({"xl\\workbook.xml": f'<workbook {papers.R}><sheets><sheet name="Keys" r:id="rId1"/></sheets></workbook>',
                          "xl\\_rels\\workbook.xml.rels": papers.relations([("rId1", "worksheet", "worksheets/Sheet1.xml")]),
                          "xl\\worksheets\\sheet1.xml": '<worksheet><row r="1"><c r="A1" t="inlineStr"><is><t>spare</t></is></c></row></worksheet>'})
    contains(read(t, back, "a.xlsx").text, "## Keys", "spare")
    wide = papers.docx_body(papers.paragraph("wide letters"))
    contains(read(t, papers.zipped({"word/document.xml": ('<?xml version="1.0" encoding="UTF-16"?>' + wide).encode("utf-16")}), "a.docx").text, "wide letters")


def test_slides_come_in_order_with_their_numbers(t):
    got = read(t, papers.pptx(), "a.pptx")
    equal(got.place_of("Autumn meeting"), (1, -1, ""))
    equal(got.place_of("412 crates"), (2, -1, ""))
    contains(got.text, "## Harvest results\n\n- The orchard gave 412 crates of pears\n- Mention the hailstorm of June")


def test_words_of_diagrams_are_read(t):
    data = '<dgm:dataModel xmlns:dgm="d" xmlns:a="a"><dgm:pt><dgm:t><a:p><a:r><a:t>Prune in March</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:dataModel>'
    chart = '<c:chartSpace xmlns:c="c" xmlns:a="a"><c:title><a:p><a:r><a:t>Crates by year</a:t></a:r></a:p></c:title></c:chartSpace>'
    with zipfile.ZipFile(io.BytesIO(papers.pptx())) as z:
        entries = {name: z.read(name) for name in z.namelist()}
    entries.update({"ppt/slides/_rels/slide2.xml.rels": papers.relations([("rId1", "diagramData", "../diagrams/data1.xml"), ("rId2", "chart", "../charts/c.xml")]),
                    "ppt/diagrams/data1.xml": data, "ppt/charts/c.xml": chart})
    got = read(t, papers.zipped(entries), "a.pptx")
    equal((got.place_of("Prune in March")[0], got.place_of("Crates by year")[0]), (1, 1))
    got = read(t, papers.docx(**{"word/_rels/document.xml.rels": papers.relations([("rId1", "diagramData", "diagrams/data1.xml")]), "word/diagrams/data1.xml": data}), "a.docx")
    contains(got.text, "Prune in March")


def test_sheets_have_rows_and_dates(t):
    got = read(t, papers.xlsx(), "a.xlsx")
    contains(got.text, "## Costs\n\n| Item | Bought | | Price |", "| Copper kettle | 2024-03-01 | | 7.25 |")
    equal(got.place_of("| Copper kettle"), (1, 3, ""))
    cell = '<c r="%s" t="inlineStr"><is><t>%s</t></is></c>'
    data = papers.xlsx('<row r="1048576">' + cell % ("A1048576", "near") + cell % ("XFD1048576", "far corner") + "</row>")
    far = read(t, data, "a.xlsx")
    contains(far.text, "near", "far corner")
    equal(far.place_of("far corner"), (1, 1048576, ""))
    equal(got.place_of("The spare key"), (2, 5, ""))


def test_notes_of_a_sheet_stand_at_their_rows(t):
    with zipfile.ZipFile(io.BytesIO(papers.xlsx())) as z:
        entries = {name: z.read(name) for name in z.namelist()}
    note = lambda cell, text: f'<comment ref="{cell}"><text><r><t>{text}</t></r></text></comment>'  # noqa: E731
    entries.update({"xl/worksheets/_rels/sheet1.xml.rels": papers.relations([("rId1", "comments", "../comments1.xml"), ("rId2", "threadedComment", "../threadedComments/t1.xml")]),
                    "xl/comments1.xml": "<comments><authors><author>Ann</author></authors><commentList>" + note("D3", "Haggled down at the fair") +
                    note("A1", "[Threaded comment] Your version of Excel...") + "</commentList></comments>",
                    "xl/threadedComments/t1.xml": '<ThreadedComments><threadedComment ref="A1"><text>Is this all?</text></threadedComment></ThreadedComments>'})
    got = read(t, papers.zipped(entries), "a.xlsx")
    contains(got.text, "D3: Haggled down at the fair", "A1: Is this all?", "## Keys")
    check("Your version" not in got.text, got.text)
    equal((got.place_of("Haggled"), got.place_of("Is this all"), got.place_of("The spare key")), ((1, 3, ""), (1, 1, ""), (2, 5, "")))


def test_open_documents_are_read(t):
    contains(read(t, papers.odt(), "a.odt").text, "## Dues\n\nMembers pay eleven crowns each quarter.\n\n- Juniors pay half")
    got = read(t, papers.ods(), "a.ods")
    contains(got.text, "| Boat | Berth |\n| --- | --- |\n| Petrel | 14 |")
    equal(got.place_of("| Petrel"), (1, 4, ""))


def test_foot_notes_leave_the_sentence_whole(t):
    note = '<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>In crowns.</text:p><text:p>Or kind.</text:p></text:note-body></text:note>'
    got = read(t, papers.odf("text", f"<office:text><text:p>Members pay{note} each quarter.</text:p></office:text>"), "a.odt")
    contains(got.text, "Members pay (In crowns. Or kind.) each quarter.")


def test_a_book_is_read_in_the_order_of_its_spine(t):
    got = read(t, papers.epub(), "a.epub")
    equal((got.title, got.place_of("María"), got.place_of("Nobody saw")), ("The Glass Harbour", (1, -1, ""), (2, -1, "")))


def test_html_is_what_a_reader_of_the_page_sees(t):
    got = read(t, papers.HTML.encode(), "a.html")
    equal(got.title, "Bicycle repair guide")
    equal(got.text.count("Bicycle repair guide"), 1, "the title, said once")
    contains(got.text, "A chain is replaced\nafter 3000 kilometres", "- Spanner\n  - size 15\n- Pump",
             "| Part | Torque |\n| --- | --- |\n| Crank | 40 Nm |", "```\ntrue   &&\n  kept\n```")
    many = " ".join(f"a{i}=1" for i in range(20000))
    equal(records.read(program(t), f"<p {many}>x".encode(), "a.html").status["status"], "limit", "attributes")
    contains(read(t, f"<p title='{many}'>few</p>".encode(), "a.html").text, "few")
    glued = "".join(f'a{i}=""' for i in range(20000))
    for hidden in (f"<p ' {many}>x", f'<p {glued}>x', f"<p b = c {many}>x"):
        equal(records.read(program(t), hidden.encode(), "a.html").status["status"], "limit", hidden[:10])
    for none in (f"<script>for (i = 0; i<n; i++) {many}</script>", f"<!-- a<b {many} -->", f"<style>a<b {many}</style>", f"<p id={'/x' * 20000}>"):
        contains(read(t, f"<body><p>seen</p>{none}<p>few</p>".encode(), "a.html").text, "seen", "few")
    check("hidden" not in got.text and "color" not in got.text, "scripts or styles were read")
    for kind in ("<!DOCTYPE html [<!ENTITY a 'x>]'><!ENTITY b SYSTEM \"file:///etc/passwd\">]>", "<?xml version='1.0'?>\n<!-- <!doctype --><!doctype html [\n<!ELEMENT p ANY>]\n >",
                 '<!DOCTYPE html PUBLIC "[" "x">', "<!-- no <!DOCTYPE [ here ]> -->"):
        equal(read(t, f"{kind}<html><body><p>seen [1]</body></html>".encode(), "a.html").text, "seen [1]", kind)


def test_pages_of_a_pdf_are_counted_empty_ones_too(t):
    got = read(t, papers.pdf([["Page one has words"], None, ["Third page (here)"]]), "a.pdf", ("--pdf",))
    equal((got.form, got.status["pages"], got.place_of("Third")), ("p", 3, (3, -1, "")))


def test_a_long_pdf_is_read_by_two_and_nobody_can_tell(t):
    page = lambda i: None if i % 7 == 3 else [f"Page {i} begins", f"and ends with {i * 31}"]
    pages = [page(i) for i in range(1, 241)]
    wanted = subprocess.run(["pdftotext", "-enc", "UTF-8", "-", "-"], input=papers.pdf(pages), stdout=subprocess.PIPE, check=True).stdout
    # what the file says of its length: the truth, more, far more than there is, less, next to nothing
    for told in (None, b"/Count 300", b"/Count 9999", b"/Count 110", b"/Count 1"):
        data = papers.pdf(pages)
        if told:
            data = data.replace(b"/Type /Pages /Count 240", b"/Type/Pages/Coun#74 240") + b"9 0 obj /Pages " + told + b" endobj\n"
        got = read(t, data, "a.pdf", ("--pdf",))
        equal((got.status["pages"], got.place_of("Page 121 begins"), got.place_of(f"ends with {240 * 31}")), (240, (121, -1, ""), (240, -1, "")))
        equal([line for line in got.text.split("\n") if line], [line for line in wanted.decode().replace("\f", "\n").split("\n") if line])
    locked = papers.pdf(pages, b"/Encrypt << /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >> /ID [<00> <00>]" % (b"5a" * 32, b"5a" * 32))
    equal(records.read(program(t), locked, "a.pdf", ("--pdf",)).status["status"], "locked")
    equal(records.read(program(t), papers.pdf([None] * 300), "a.pdf", ("--pdf",)).status["status"], "empty")


def test_a_form_is_read_without_the_fonts_it_lacks(t):
    contains(read(t, papers.form_pdf(), "a.pdf", ("--pdf",)).text, "Where is my form")


def test_programs_that_read_end_with_the_helper_that_started_them(t):
    helper = subprocess.Popen([os.path.join(t.bin, "ragchatd-pdftext")], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    helper.stdin.write(papers.endless_pdf())
    helper.stdin.close()

    def stat(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                name, rest = f.read().rsplit(") ", 1)
                return name.split("(")[1], rest.split()[0]
        except OSError:
            return "", "X"
    eventually(lambda: [pid for pid in children(helper.pid) if stat(pid) == ("pdftotext", "R")], "one that reads without end")
    readers = children(helper.pid)
    helper.kill()
    helper.wait()
    try:
        eventually(lambda: all(stat(pid)[1] in "ZX" for pid in readers), "their end")
    finally:
        for pid in readers:
            os.kill(pid, signal.SIGKILL)


def test_a_reader_that_is_stopped_for_a_while_goes_on(t):
    """As in a suspended machine: the kernel begins the poll anew that the stop came into, by a call of its own."""
    helper = subprocess.Popen([os.path.join(t.bin, "ragchatd-pdftext")], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def of(name):
        with open(f"/proc/{helper.pid}/{name}", encoding="ascii") as f:
            return f.read()

    def state():
        return of("stat").rsplit(") ", 1)[1][0]

    def polls():
        """Or has begun it anew."""
        equal(helper.poll(), None, "how it ended")
        return of("syscall").split()[0] in ("7", "219")
    if os.uname().machine != "x86_64":
        raise Skip("calls have other numbers")
    try:
        helper.stdin.write(papers.endless_pdf())
        helper.stdin.close()
        try:
            of("syscall")
        except OSError:
            raise Skip("the kernel does not say what a process waits for") from None
        eventually(polls, "it waits for pdftotext")
        helper.send_signal(signal.SIGSTOP)
        eventually(lambda: state() == "T", "it stops")
        helper.send_signal(signal.SIGCONT)
        eventually(polls, "it waits again")
        equal(helper.poll(), None, "how it ended")
    finally:
        helper.kill()
        helper.wait()


def test_a_pdf_has_its_title_when_it_is_one(t):
    text = [["</pre>", "</body>", "</html>"], ["</body></html> x"]]
    for title, wanted in (("Über die <Bienen> & \"Wespen\"", None), ("Microsoft Word - brief.doc", ""), ("scan0001.pdf", ""), ("  Two\n words ", "Two words"),
                          ("untitled", ""), ("<body>\n<pre>\n", None), ("<body>\n<pre>\nx", "<body> <pre> x"), ("12", ""), ("\u202ex\0y</title>zz", None)):
        got = read(t, papers.titled_pdf(text, title), "a.pdf", ("--pdf",))
        equal(got.place_of("</body></html> x"), (2, -1, ""))
        check(got.text.rstrip().endswith("</body></html> x"), got.text)
        if wanted is not None:
            equal(got.title, wanted)
    equal(read(t, papers.titled_pdf(text, "Über die <Bienen> & \"Wespen\""), "a.pdf", ("--pdf",)).title, 'Über die <Bienen> & "Wespen"')
    got = records.read(program(t), papers.titled_pdf(text, b"(" + b"y" * 1000000 + b")"), options=("--pdf",))
    check(got.status["status"] in ("limit", "ok"), got.status)


def test_mail_with_attachments_of_every_kind(t):
    inner = papers.mail([("list.xlsx", papers.xlsx())], "Inner letter")
    got = read(t, papers.mail([("x.docx", papers.docx()), ("y.pdf", papers.pdf([["hello"]])), ("in.eml", inner),
                               ("photo.png", b"\x89PNG\r\n\x1a\n123")], html=True), "a.eml")
    equal(got.title, "Minutes of the bee keepers")
    equal(got.status["missed_count"], 0, "pictures, which nobody misses")
    contains(got.text, "From: Søren <s@example.org>", "Honey is 8 kroner a jar.", "# Inner letter",
             "(attachment photo.png not read: a picture: only text can be searched)")
    check("only the other form" not in got.text, "both forms of one text were read")
    equal(got.place_of("The lamp of the"), (-1, -1, "x.docx"))
    equal(got.place_of("| Copper"), (1, 3, "in.eml > list.xlsx"))
    equal([name for name, _ in got.children], ["y.pdf"])
    check(got.children[0][1].startswith(b"%PDF-"), "the attached PDF is not handed back")


def test_an_empty_attachment_leaves_the_others(t):
    empty = [(name, b"") for name in ("a.eml", "a.mbox", "a.html", "a.txt", "a.docx")]
    got = read(t, papers.mail([*empty, ("notes.txt", b"The lamp is lit at dusk.\n")]), "a.eml")
    contains(got.text, "Honey is 8 kroner a jar.", "The lamp is lit at dusk.")


def test_what_a_mail_has_and_is_not_read_is_told(t):
    locked = papers.odf("text", "x", **{"META-INF/manifest.xml": "<m:encryption-data xmlns:m='m'/>"})
    got = read(t, papers.mail([("a{1}.odt", locked), ("cut.docx", papers.docx()[:-40])]), "a.eml")
    equal((got.status["missed_count"], got.status["missed"].split(":")[0]), (2, "a{1}.odt"))
    contains(got.text, "(attachment a{1}.odt not read: it is encrypted", "(attachment cut.docx not read: the file is damaged")


def test_mail_of_every_encoding_is_read(t):
    """Subjects and names of files in the encodings of the world, old and odd ones too: behind the lock nothing is left to load."""
    for charset, words in (("gb2312", "中文主题"), ("gbk", "中文主题"), ("big5", "中文主題"), ("euc-kr", "한국어 제목"), ("ks_c_5601-1987", "한국어 제목"),
                           ("shift_jis", "日本語の件名"), ("iso-2022-jp", "日本語の件名"), ("koi8-r", "Привет"), ("windows-1255", "שלום"),
                           ("windows-874", "สวัสดี"), ("iso8859-1", "naïve"), ("cp932", "日本語")):
        raw = words.encode({"ks_c_5601-1987": "cp949", "windows-874": "cp874", "iso8859-1": "latin-1"}.get(charset, charset))
        packed = base64.b64encode(raw).decode()
        name = urllib.parse.quote(raw)
        got = read(t, f"Subject: =?{charset}?B?{packed}?=\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"
                   f"--x\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: base64\n\n{packed}\n"
                   f"--x\nContent-Disposition: attachment; filename*={charset}''{name}.txt\n\nattached\n--x--\n".encode(), "a.eml")
        equal((got.title, got.text.count(words), got.place_of("attached")[2]), (words, 2, words + ".txt"), charset)
    # a zone that nobody knows, a name that is in no encoding, one that is too long
    odd = b"Date: 2025-07-29T12:42:06.000Z\nSubject: GA.com\xf4 asks\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n" \
          b"--x\nContent-Disposition: attachment; filename=\"Quien \x8aat.txt\"\n\nthe song\n" \
          b"--x\nContent-Disposition: attachment; filename=\"" + b"y" * 9000 + b".pdf\"\n\n%PDF-1.4\n--x--\n"
    got = read(t, odd, "a.eml")
    equal((got.title, got.place_of("the song")[2], len(got.children)), ("GA.comô asks", "Quien Šat.txt", 1))
    check(len(got.children[0][0]) <= 512, "a name without end")


def test_messages_of_an_mbox_are_its_pages(t):
    got = read(t, papers.mbox([papers.mail(), papers.mail(subject="Second letter")]), "a.mbox")
    equal((got.place_of("# Minutes"), got.place_of("# Second")), ((1, -1, ""), (2, -1, "")))


def test_encodings_are_recognised(t):
    russian = "Приветик, как дела у вас сегодня? Мы живём хорошо, и погода у нас чудесная."
    for charset in ("cp1251", "koi8-r", "utf-8", "utf-8-sig", "utf-16", "utf-16-le"):
        equal(read(t, russian.encode(charset), "a.txt").text, russian, charset)
    for text, charset in (("今日はとても良い天気ですね。散歩に行きましょう。" * 3, "shift_jis"), ("今天天气很好，我们去公园散步吧。" * 3, "gb18030")):
        equal(read(t, text.encode(charset), "a.txt").text, text, charset)
    for text, charset in (("図書館は月曜日から開いています。Reading room, 2 floors.", "iso-2022-jp"), ("도서관은 월요일부터 문을 엽니다.", "iso-2022-kr")):
        equal(read(t, text.encode(charset), "a.txt").text, text, charset)
    equal(read(t, b"a terminal's \x1b$Bug", "a.txt").text, "a terminal's $Bug", "an escape that is none of ISO 2022")
    curly = "It’s a “quoted” word – nothing more."
    equal(read(t, curly.encode(), "a.txt").text, curly, "UTF-8 with curly quotes")
    equal(read(t, curly.encode("cp1252"), "a.txt").text, curly, "Windows-1252")
    for charset in ("utf-16-be", "utf-32-le", "utf-32-be", "utf-32"):
        equal(read(t, russian.encode(charset), "a.txt").text, russian, charset)
    for charset in ("utf-16-le", "utf-16-be"):
        text = "図書館は月曜日から開いています。\n利用は無料です。予約は要りません。\n"
        equal(read(t, text.encode(charset), "a.txt").text, text, f"{charset} without zeroes, without a mark")
    equal(read(t, b"a line of a log\n" * 20 + bytes(4) + b"after the crash\n", "a.log").text, "a line of a log\n" * 20 + "after the crash\n")
    check(records.read(program(t), b"a,b\n1,\0\n" * 100, "a.csv").status["status"] == "type", "every eighth byte is none")
    hebrew = "זהו טקסט בעברית לבדיקת הקידוד, והוא ארוך כדי שיזוהה נכון. שלום"
    equal(read(t, hebrew.encode("cp1255"), "a.txt").text, hebrew, "the last letter, which might have taken a point")
    feed = '<?xml version="1.0" encoding="EUC-JP"?><a>短い文</a>'
    contains(read(t, feed.encode("euc-jp"), "a.xml").text, "短い文")
    lie = "<html><head><meta charset='%s'></head><body><p>%s</p></body></html>"
    japanese, czech = "今日はとても良い天気ですね。散歩に行きましょう。" * 2, "Příliš žluťoučký kůň úpěl ďábelské ódy a zase skákal."
    for text, charset, told in ((russian, "cp1251", "utf-8"), (russian, "cp1251", "iso-8859-1"), (russian, "koi8-r", "windows-1251"), (japanese, "shift_jis", "utf-8"),
                                (japanese, "euc-jp", "windows-1252"), (japanese, "shift_jis", "euc-jp"), (curly, "cp1252", "utf-8"), (curly, "cp1252", "utf-16"),
                                (curly, "utf-8", "shift_jis"), (czech, "cp1250", "x-user-defined"), (japanese, "utf-8", "gb2312")):
        contains(read(t, (lie % (told, text)).encode(charset), "a.html").text, text)
    page = f'<html><head><meta charset="koi8-r"></head><body><p>{russian}</p></body></html>'
    contains(read(t, page.encode("koi8-r"), "a.html").text, russian)
    equal(read(t, b"one\rtwo\r", "a.txt").text, "one\ntwo\n", "lines of old Macs")


def test_by_hand_it_gives_plain_text(t):
    code, out, err = records.run(program(t), papers.docx(), plain=True)
    equal((code, err), (0, b""))
    contains(out.decode(), "# Maintenance")
    path = os.path.join(t.dir, "a.pdf")
    with open(path, "wb") as f:
        f.write(papers.pdf([["first"], ["second"]]))
    with open(path, "rb") as f:
        done = subprocess.run([program(t), "--plain"], stdin=f, capture_output=True, timeout=90)
    equal(done.returncode, 0, done.stderr)
    equal([page.strip() for page in done.stdout.split(b"\f")], [b"first", b"second"])
    code, out, err = records.run(program(t), b"\x7fELF", plain=True)
    equal((code, err), (65, b"ragchatd-extract: a program: only text can be searched\n"))


@deadline(120)
def test_hostile_documents_get_their_error_in_time_and_memory(t):
    worst = 0
    for name, data, options, wanted, words in papers.hostile():
        code, out, err = records.run(program(t), data, name, options=options, timeout=40)
        check(code in (0, 65), name, "ended with", code, err)
        got = records.Read(code, out, err)
        allowed = wanted if isinstance(wanted, tuple) else (wanted,)
        check(got.status["status"] in allowed, name, got.status)
        equal(code == 0, got.status["status"] == "ok", name)
        contains(got.status.get("error", ""), words)
        check("/etc" not in got.text and "root:" not in got.text, name, "shows a file of the system")
        worst = max(worst, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    check(worst < 400 << 10, f"the largest took {worst} KiB")
    check(not os.path.exists("/tmp/escaped") and not os.path.exists("/etc/escaped"), "a file was written outside")


@torture
@deadline(1800)
def test_nastier_documents_end_by_themselves(t):
    for name, data, options, wanted in papers.nastier():
        code, out, err = records.run(program(t), data, name, options=options, timeout=400)
        check(code in (0, 65), name, "ended with", code, err)
        status = json.loads(err.decode().splitlines()[-1])
        check(status["status"] in wanted and bool(status.get("error")) == (status["status"] != "ok"), name, status)
    # two million lines of header are more than GLib has room for: the daemon has words for that
    d = t.daemon()
    got = t.run("upload", t.h.path("headers.eml", b"Subject: a\n" + b"X-H: y\n" * 2000000 + b"\nhello words\n"), code=65)
    contains(got.err, "headers.eml: it needs more memory")
    check(d.alive())


def test_the_walls_hold(t):
    """Both programs, each of their profiles; what is open on purpose is what becoming pdftotext takes."""
    wanted = {"ragchatd-extract": (["text"], []),
              "ragchatd-pdftext": (["pages", "pdf"], ["stat a file", "execve", "sigaction", "getrandom"])}
    for name, (profiles, open_ones) in wanted.items():
        done = subprocess.run([os.path.join(t.bin, name), "--sandbox-selftest"], capture_output=True, text=True, timeout=90)
        if done.returncode == 77:
            raise Skip("a sanitizer build")
        equal(done.returncode, 0, done.stdout)
        equal(re.findall(r"^profile (\w+)", done.stdout, re.M), profiles)
        equal(re.findall(r"^(.*?)  .* open$", done.stdout, re.M), open_ones, "what is open on purpose")


def test_nothing_is_opened_once_it_reads(t):
    """Over every format: after the first byte of input only the calls of the list, no file, no socket."""
    if not shutil.which("strace"):
        raise Skip("no strace")
    documents = {"a.docx": papers.docx(), "a.pptx": papers.pptx(), "a.xlsx": papers.xlsx(), "a.odt": papers.odt(), "a.ods": papers.ods(),
                 "a.epub": papers.epub(), "a.html": papers.HTML.encode("utf-16"), "a.txt": "Привет, мир и все люди".encode("cp1251"),
                 "a.eml": papers.mail([("x.docx", papers.docx())], "=?koi8-r?B?8NLJ18XU?=", html=True),
                 "b.eml": b"Date: 2025-07-29T12:42:06Z\nSubject: =?gb2312?B?1tDOxNb3zOI=?= =?big5?B?pKSk5Q==?= =?euc-kr?B?x9GxubG5?= \xf4\n\nx"}
    for name, data in documents.items():
        trace = os.path.join(t.dir, name + ".trace")
        code, _, err = records.run(program(t), data, name, prefix=["strace", "-f", "-o", trace])
        if b"ptrace" in err:
            raise Skip("no tracing here")
        equal(code, 0, err)
        with open(trace, encoding="utf-8", errors="replace") as f:
            lines = [line.split(None, 1)[1] for line in f]
        locked = next((i for i, line in enumerate(lines) if line.startswith("seccomp(")), None)
        if locked is None:
            raise Skip("a sanitizer build")
        first = next(i for i, line in enumerate(lines) if line.startswith("read(0,"))
        check(locked < first, name, "was read before the sandbox was closed")
        calls = {re.match(r"\w+", line)[0] for line in lines[locked + 1:] if re.match(r"\w+\(", line)
                 and not line.startswith("newfstatat(0,")}  # how long is it? refused, and it reads to the end
        check(calls <= {"read", "write", "brk", "mmap", "munmap", "mremap", "exit_group"}, name, calls)
