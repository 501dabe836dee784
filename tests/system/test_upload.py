"""Many files on their way: progress, what is there already, and going on after a kill."""
import glob
import hashlib
import json
import os
import re
import subprocess
import time

import papers
from harness import check, contains, deadline, equal, torture


def folder(t, n, pages=3):
    for i in range(n):
        t.h.path(f"set/{i:02}.pdf", papers.pdf([[f"file {i} page {page} line {row}" for row in range(40)] for page in range(pages)]))


def lines_until(client, wanted, seconds=60):
    """Lines of --jsonl so far, as soon as `wanted` files are done."""
    end = time.monotonic() + seconds
    while True:
        rows = [json.loads(row) for row in client.out.decode().splitlines(keepends=True) if row.endswith("\n")]
        if sum("status" in row for row in rows) >= wanted:
            return rows
        check(time.monotonic() < end, "files that are done:", rows)
        time.sleep(0.005)


def names(t):
    return [row["name"] for row in t.rpc().call("doc.list")["documents"]]


def test_what_is_there_is_not_sent_again(t):
    t.daemon()
    data = papers.pdf([["The ferry leaves at nine."]])
    path = t.h.path("ferry.pdf", data)
    contains(t.run("upload", path).text, "added ferry.pdf")
    rpc = t.rpc()
    digest = hashlib.sha256(data).hexdigest()
    got = rpc.call("doc.begin", name="ferry.pdf", size=len(data), sha256=digest)
    equal((got.get("upload"), got["change"], got["document"]["name"]), (None, "unchanged", "ferry.pdf"))
    for other in ({"name": "other.pdf"}, {"collection": "box"}, {"sha256": "0" * 64}):
        check("upload" in rpc.call("doc.begin", **{"name": "ferry.pdf", "sha256": digest, **other}), "it is another one:", other)
    rpc.fails("bad_params", "doc.begin", name="ferry.pdf", sha256="short")
    equal(t.run("upload", path).text, "unchanged ferry.pdf: 1 passage\n")
    t.h.path("ferry.pdf", papers.pdf([["The ferry leaves at ten."]]))
    contains(t.run("upload", path).text, "replaced ferry.pdf")


def test_a_folder_is_summed_up(t):
    t.daemon()
    folder = os.path.dirname(t.h.path("tree/a.md", "A heron."))
    contains(t.run("upload", "-r", os.path.dirname(t.h.path("none/.hidden", "x"))).err, "skipped 1 in folders", "no files to send")
    for i in range(5):
        t.h.path(f"tree/p{i}.gif", b"GIF89a" + bytes(20))
    t.h.path("tree/b.zip", b"PK\3\4 and no more")
    first = t.run("upload", "-r", folder, code=65)
    equal(first.text, "added a.md: 1 passage\n")
    equal(first.err.count("a picture"), 4)
    contains(first.err, "ragchat: passed over p0.gif: a picture", "p2.gif: a picture", "ragchat: 2 more: a picture", "daemon: b.zip: ",
             "7 files: 1 taken, 0 there already, 5 passed over, 1 failed")
    again = t.run("upload", "-r", folder, code=65)
    equal(again.text, "")
    contains(again.err, "7 files: 0 taken, 1 there already, 5 passed over, 1 failed")
    whole = t.run("upload", "-r", "-v", folder, code=65)
    equal((whole.text, whole.err.count("a picture")), ("unchanged a.md: 1 passage\n", 5))
    equal(len(t.run("upload", "-r", "--json", folder, code=65).json["uploads"]), 7)


def test_a_file_without_end_is_refused_before_it_is_read(t):
    """Nothing of it is there, and all of it would have to be read: it would take an hour."""
    t.daemon()
    path = t.h.path("sparse.txt", "")
    os.truncate(path, 1 << 42)
    contains(t.run("upload", path, code=65).err, "sparse.txt: the document is too large")
    contains(t.run("upload", "--name", "null", "/dev/null", code=65).err, "null: the document is empty")
    contains(t.run("upload", "/dev/zero", code=65).err, "zero: the document is too large")
    contains(t.run("upload", "/proc/self/status").text, "added status: ")
    contains(t.run("upload", t.h.path("none.txt", ""), code=65).err, "none.txt: the document is empty")


def test_names_that_are_not_utf8_never_become_one(t):
    """Each of their bytes would be the same mark on its way, and the second file would replace the first."""
    t.daemon()
    folder = t.h.path("odd/fine.txt", b"fine words").rsplit("/", 1)[0]
    for name in (b"a\xff.txt", b"a\xfe.txt"):
        with open(os.path.join(folder.encode(), name), "wb") as f:
            f.write(b"words of " + name[1:2].hex().encode())
    got = t.run("upload", "-r", folder, code=65)
    equal(got.err.count("is not UTF-8: rename it"), 2, got.err)
    one = os.fsdecode(os.path.join(folder.encode(), b"a\xff.txt"))
    contains(t.run("upload", one, code=65).err, "is not UTF-8: rename it, or call it otherwise with --name")
    contains(t.run("upload", "--name", "other.txt", one).text, "added other.txt")
    equal(sorted(row["name"] for row in t.rpc().call("doc.list")["documents"]), ["fine.txt", "other.txt"])


def test_a_source_tree_is_no_failure(t):
    """What of a folder is no document is passed over; the same file, named, is an error."""
    t.daemon()
    files = {"src/main.c": "int main(void) { return 42; }\n", "src/__init__.py": "\n", "src/logo.png": b"\x89PNG\r\n\x1a\n" + bytes(40),
             "src/main.o": b"\x7fELF" + bytes(60), "src/x.webp": b"RIFF\0\0\0\0WEBPVP8 ", "src/mod.pyc": bytes(range(256)) * 4, "src/old.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
             "src/node_modules/a.js": "x", "src/.git/config": "x"}
    for name, data in files.items():
        t.h.path(name, data)
    src = os.path.join(t.h.dir, "home", "src")
    os.symlink("/nowhere", os.path.join(src, "gone"))
    os.symlink(src, os.path.join(src, "round"))
    os.mkfifo(os.path.join(src, "pipe"))
    got = t.run("upload", "-r", src)
    contains(got.text, "added main.c: 1 passage")
    contains(got.err, "passed over logo.png: a picture", "passed over main.o: a program", "passed over x.webp: a picture", "passed over mod.pyc: not text",
             "passed over old.doc: an old office document", "6 files: 1 taken, 0 there already, 5 passed over",
             "skipped 6 in folders: 1 hidden, 1 made by a program, 1 empty, 2 links that lead to no file, 1 no file")
    check("daemon:" not in got.err, got.err)
    equal(t.run("upload", "-q", "-r", src).err, "")
    rows = {row["name"]: (row["status"], row.get("passed"), "error" in row) for row in t.run("upload", "-r", "--json", src).json["uploads"]}
    equal((rows["logo.png"], rows["main.c"]), ((0, True, True), (0, None, False)))
    named = t.run("upload", "-r", os.path.join(src, "logo.png"), code=65)
    contains(named.err, "daemon: logo.png: a picture")
    contains(t.run("upload", os.path.join(src, "absent"), code=66).err, "cannot read")
    t.h.path("src/locked.pdf", papers.locked_pdf())
    contains(t.run("upload", "-r", src, code=65).err, "daemon: locked.pdf: it is encrypted (protected by a password)", "5 passed over, 1 failed")


@deadline(60)
def test_progress_tells_files_and_pages(t):
    t.daemon()
    folder(t, 1, 300)
    path = os.path.join(t.h.dir, "home", "set")
    with open(os.path.join(path, "00.pdf"), "rb") as f:
        data = f.read()
    rpc = t.rpc()
    upload = rpc.call("doc.begin", name="a.pdf", size=len(data))["upload"]
    for off in range(0, len(data), 200000):
        rpc.call("doc.chunk", upload=upload, off=off, data=data[off:off + 200000])
    rpc.call("doc.commit", upload=upload, progress=True)
    notes = [params for method, params in rpc.notes if method == "upload"]
    equal(notes[-1], {"upload": upload, "kind": "indexing", "pages": 300})
    equal([note["pages"] for note in notes], sorted(note["pages"] for note in notes), "pages go up")
    t.h.path("set/01.txt", "one more")
    rows = t.run("upload", "-r", "--jsonl", path).lines
    check({"kind": "indexing", "name": "00.pdf", "pages": 300, "done": 0, "total": 2} in
          [dict(row, done=0) for row in rows], rows)
    equal(sorted(row["name"] for row in rows if "status" in row), ["00.pdf", "01.txt"])
    status, out = t.terminal("upload", "-r", "--to", "again", path)
    equal(status, 0, out)


@deadline(90)
def test_a_killed_daemon_or_client_costs_only_what_was_on_its_way(t):
    d = t.daemon()
    folder(t, 24)
    endless = t.h.path("set/99.pdf", papers.endless_pdf())  # as long as it is there no upload comes to its end
    path = os.path.join(t.h.dir, "home", "set")
    client = t.start("upload", "-r", "--jsonl", path)
    lines_until(client, 5)
    d.kill()
    client.end().expect(69)
    d.restart()
    kept = names(t)
    check(len(kept) >= 5, "kept:", kept)
    client = t.start("upload", "-r", "--jsonl", path)
    rows = lines_until(client, min(len(kept) + 2, 24))
    client.signal(9)
    client.end().expect(137)
    os.unlink(endless)
    again = [row["name"] for row in rows if row.get("change") == "unchanged"]
    check(set(again) <= set(kept) and again, "not sent again:", again, "of", kept)
    broken = t.h.path("set/03a.pdf", b"%PDF-1.4 and no more")
    result = t.run("upload", "-r", "--jsonl", path, code=65)
    contains(result.err, "03a.pdf: the PDF is damaged")
    rows = result.lines
    equal(sum("status" in row for row in rows), 25)
    check({row["name"] for row in rows if row.get("change") == "unchanged"} >= set(kept), "sent again")
    equal(len(names(t)), 24)
    os.unlink(broken)


def licences():
    found = []
    for path in sorted(glob.glob("/usr/share/common-licenses/*")):
        with open(path, encoding="utf-8", errors="replace") as f:
            found += [re.sub(r"[\s#<*_`|\[\]]+", " ", part).strip() for part in f.read().split("\n\n")]
    return [part for part in found if len(part) > 200]


@torture
@deadline(120)
def test_hundreds_of_pdfs_within_bounded_memory(t):
    """As filings come: 300 files of 10 to 90 pages, one of 2000, a broken one; the daemon is killed on the way."""
    d, parts = t.daemon("max_document = 64m\n"), licences()
    for i in range(301):
        size, rows = (2000 if i == 150 else (10, 20, 30, 15, 60, 25, 12, 90)[i % 8]) * 2900, []
        while size > 0:
            rows.append(f"## Part {len(rows)} of {i}\n\n{parts[(i * 97 + len(rows) * 31) % len(parts)]}")
            size -= len(rows[-1])
        made = subprocess.run([t.program("ragchatd-pdf"), "--plain"], input="\n\n".join(rows).encode(), capture_output=True, check=True)
        t.h.path(f"set/{i:03}.pdf", made.stdout)
    t.h.path("set/200a.pdf", b"%PDF-1.4 broken")
    path = os.path.join(t.h.dir, "home", "set")
    client = t.start("upload", "-r", "--jsonl", path)
    lines_until(client, 40, 300)
    d.kill()
    client.end(60).expect(69)
    d.restart()
    began, kept = time.monotonic(), len(names(t))
    rows = t.start("upload", "-r", "--jsonl", path).end(1000).expect(65).lines
    seconds = time.monotonic() - began
    done = [row for row in rows if "status" in row]
    pages = sum(max((row["pages"] for row in rows if row.get("name") == one["name"] and "pages" in row), default=0) for one in done)
    print(f"{pages} pages in {seconds:.0f} s, {pages / seconds:.0f} a second; the daemon's peak {d.memory('VmHWM') >> 10} MiB")
    equal((len(done), sum(row["status"] != 0 for row in done)), (302, 1))
    check(sum(row.get("change") == "unchanged" for row in done) >= kept >= 36, "kept", kept)
    t.bounded(d.memory("VmHWM"), 200 << 10, "301 PDFs")
