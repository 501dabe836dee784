"""Every format through the real upload and ask: what is cited, and where it says it stands."""
import os

import papers
from harness import contains, deadline, equal


def write(t, name, data):
    path = os.path.join(t.dir, name)
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    return path


def first_source(t, question, path):
    answer = t.run("ask", "--json", question).json
    equal(answer["found"], True, question)
    source = answer["sources"][0]
    equal(source["path"], path, question)
    return source


@deadline(90)
def test_each_format_is_cited_with_its_place(t):
    t.daemon()
    mail = papers.mail([("report.pdf", papers.pdf([["Nothing here."], ["The eclipse was seen from Tromso."]]))])
    documents = [
        ("hand.docx", papers.docx(), "When is the lamp of the lighthouse cleaned?", "vinegar", None, None),
        ("talk.pptx", papers.pptx(), "How many crates of pears did the orchard give?", "412 crates", 2, None),
        ("book.xlsx", papers.xlsx(), "Where does the spare key hang?", "behind the boiler", 2, 5),
        ("rules.odt", papers.odt(), "What do members pay each quarter?", "eleven crowns", None, None),
        ("novel.epub", papers.epub(), "Who saw the pilot leave the harbour?", "Nobody saw", 2, None),
        ("bike.html", papers.HTML, "After how many kilometres is a chain replaced?", "3000 kilometres", None, None),
        ("bees.eml", mail, "When was the hive by the river moved?", "on Monday", None, None),
        ("scan.pdf", papers.pdf([["A first page."], ["The vault is opened with the copper wheel."]]), "How is the vault opened?", "copper wheel", 2, None),
        ("old.txt", "Das Café am Ufer schließt im November für drei Wochen.".encode("cp1252"), "Wann schließt das Café am Ufer?", "November", None, 1),
        ("code.py", "def frobnicate(gearbox):\n    return gearbox.torque * 7\n", "What does frobnicate return of a gearbox torque?", "torque", None, 1),
        ("list.csv", "planet,moons\nMars,2\nNeptune,14\n", "How many moons has Neptune among the planets?", "Neptune", None, None),
    ]
    paths = [write(t, name, data) for name, data, *_ in documents]
    done = t.run("upload", *paths)
    contains(done.text, "scan.pdf: 2 pages, ")
    for name, _, question, words, page, line in documents:
        source = first_source(t, question, name)
        contains(source["quote"], words)
        equal(source.get("page"), page, f"page in {name}")
        if line:
            equal(source.get("line"), line, f"line in {name}")
    source = first_source(t, "From where was the eclipse seen?", "bees.eml")
    equal((source["page"], source["title"]), (2, "report.pdf"), "the PDF within the mail")
    contains(t.run("ask", "--citations", "end", "How is the vault opened?").text, "scan.pdf p. 2")
    contains(t.rpc().call("status")["library"]["sandbox"], "seccomp" if not t.sanitizer else "none")


def test_titles_are_shown_and_found(t):
    t.daemon()
    documents = {"one.pdf": papers.titled_pdf([["Nothing but numbers: 17."]], "Voyage of the Kingfisher"), "hand.docx": papers.docx(),
                 "bike.html": papers.HTML, "bees.eml": papers.mail(), "novel.epub": papers.epub(), "plain.txt": "no title"}
    t.run("upload", *(write(t, name, data) for name, data in documents.items()))
    rows = {row["name"]: row.get("title") for row in t.rpc().call("doc.list")["documents"]}
    equal(rows, {"one.pdf": "Voyage of the Kingfisher", "hand.docx": "Handbook of the Lighthouse", "bike.html": "Bicycle repair guide",
                 "bees.eml": "Minutes of the bee keepers", "novel.epub": "The Glass Harbour", "plain.txt": None})
    contains(t.run("docs", "show", "one.pdf").text, "title       Voyage of the Kingfisher")
    found = t.run("search", "--docs", "--json", "--by", "document", "kingfisher voyage").json
    equal(found["results"][0]["path"], "one.pdf", found)


def test_bad_files_have_their_error_and_the_others_go_in(t):
    t.daemon()
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)
    bad = {"locked.pdf": (papers.locked_pdf(), "password"), "empty.pdf": (papers.pdf([None]), "no text layer"),
           "cut.docx": (papers.docx()[:-30], "damaged"), "locked.docx": (ole + "EncryptedPackage".encode("utf-16-le"), "password"),
           "letter.msg": (ole + "__properties_version1.0".encode("utf-16-le"), "an Outlook message"), "old.doc": (ole + bytes(600), "an old office document"), "bomb.docx": (papers.bomb(), "unpacks"),
           "blob.txt": (bytes(range(256)) * 8, "not text"), "pic.txt": (b"\x89PNG\r\n\x1a\n" + bytes(600), "picture")}
    good = write(t, "good.odt", papers.odt())
    paths = [write(t, name, data) for name, (data, _) in bad.items()]
    done = t.run("upload", *paths[:3], good, *paths[3:], code=65)
    contains(done.text, "good.odt")
    for name, (_, words) in bad.items():
        line = next((one for one in done.err.splitlines() if f"{name}: " in one), "")
        contains(line, words)
    equal([row["name"] for row in t.rpc().call("doc.list")["documents"]], ["good.odt"])
    first_source(t, "What do members pay each quarter?", "good.odt")


def test_a_pdf_within_a_mail_that_is_not_read_is_told_of(t):
    t.daemon()
    mail = papers.mail([("locked.pdf", papers.locked_pdf()), ("fine.pdf", papers.pdf([["The eclipse was seen from Tromso."]])), ("cut{.pdf", papers.pdf([["x"]])[:60])])
    contains(t.run("upload", write(t, "bees.eml", mail)).text, "added bees.eml: ", "passages (2 within it not read, the first: locked.pdf: it is encrypted (protected by a password)")
    first_source(t, "From where was the eclipse seen?", "bees.eml")
    one = papers.mail([("locked.pdf", papers.locked_pdf())])
    contains(t.run("upload", write(t, "one.eml", one)).text, "(within it not read: locked.pdf: it is encrypted")


def test_uploads_that_are_being_read_do_not_hold_up_the_end(t):
    d = t.daemon()
    rpc = t.rpc()
    data = papers.pdf([["line %d of page %d" % (i, n) for i in range(50)] for n in range(300)])
    for i in range(4):
        upload = rpc.call("doc.begin", name=f"{i}.pdf", size=len(data))["upload"]
        for off in range(0, len(data), 200000):
            rpc.call("doc.chunk", upload=upload, off=off, data=data[off:off + 200000])
        rpc.send("doc.commit", upload=upload)
    rpc.call("ping")
    d.stop()
