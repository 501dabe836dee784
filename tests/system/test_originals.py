"""Files as they came: kept where the configuration says so, given back byte for byte."""
import hashlib
import os
import stat

from fake_daemon import FakeDaemon
from harness import check, contains, deadline, equal

KEEP = "keep_originals = yes\n"
PIECE = 262144


def page(size):
    """HTML that is large and says little."""
    line = b"<!-- \xe9 is a byte of latin-1, and a comment is no text -->\r\n"
    return b"<html><head><title>Tides</title></head><body><p>The tide turns at noon.</p>\n" + line * (size // len(line)) + b"</body></html>\n"


def kept_path(t, data):
    folder = os.path.join(os.path.dirname(t.h.library), "originals")
    return next(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names if name == hashlib.sha256(data).hexdigest())


@deadline(60)
def test_an_original_comes_back_byte_for_byte(t):
    t.daemon(KEEP)
    data = page(3 * PIECE)
    t.run("upload", t.h.path("tides.html", data))
    contains(t.run("docs", "show", "tides.html").text, f"original    kept, {len(data)} bytes")
    check(t.run("docs", "show", "--json", "tides.html").json["original"] is True, "not said in JSON")
    done = t.run("docs", "show", "--original", "tides.html")
    check(done.out == data, "through a pipe:", len(done.out), "of", len(data), "bytes")
    out = t.h.path("back.html", "what was there\n")
    t.run("docs", "show", "--original", "-o", out, "tides.html")
    with open(out, "rb") as f:
        check(f.read() == data, "what the file has")
    check(not os.path.exists(out + ".part"), "a part is left over")
    rpc, got, off, eof = t.rpc(), b"", 0, False
    first = rpc.call("doc.original", document="tides.html", limit=10)
    equal((first["data"], first["off"], first["size"], first["eof"]), (data[:10], 0, len(data), False), "ten bytes")
    while not eof:
        piece = rpc.call("doc.original", document=first["document"], off=off)
        check(len(piece["data"]) <= PIECE, "a piece of", len(piece["data"]))
        got, off, eof = got + piece["data"], off + len(piece["data"]), piece["eof"]
    equal(hashlib.sha256(got).hexdigest(), first["sha256"], "hash")
    end = rpc.call("doc.original", document=first["document"], off=len(data))
    equal((end["data"], end["eof"]), (b"", True), "at the end")
    rpc.fails("bad_params", "doc.original", document=first["document"], off=len(data) + 1)
    # a name may mean another document by the next piece, an id does not
    t.run("upload", t.h.path("tides.html", b"<p>The tide turns at one.</p>\n"))
    rpc.fails("not_found", "doc.original", document=first["document"], off=PIECE)


def test_a_second_name_has_the_same_original(t):
    t.daemon(KEEP)
    text = b"The tide turns at noon.\n"
    t.run("upload", t.h.path("a.txt", text), t.h.path("b.txt", text))
    equal(t.run("docs", "show", "--original", "b.txt").out, text, "of the second name")
    t.run("docs", "rm", "a.txt")
    equal(t.run("docs", "show", "--original", "b.txt").out, text, "after the first is gone")


def test_what_is_not_kept_says_how_to_keep_it(t):
    daemon = t.daemon("")
    path = t.h.path("tides.txt", "The tide turns at noon.\n")
    t.run("upload", path)
    contains(t.run("docs", "show", "tides.txt").text, "original    not kept")
    out = t.h.path("back.txt")
    done = t.run("docs", "show", "--original", "-o", out, "tides.txt", code=78)
    contains(done.err, "tides.txt", "keep_originals = yes")
    check(not os.path.exists(out) and not os.path.exists(out + ".part"), "a file was made of nothing")
    equal(t.run("docs", "show", "--original", "nothing.txt", code=3).out, b"", "of no document")
    daemon.stop()
    t.daemon(KEEP)
    contains(t.run("docs", "show", "--original", "tides.txt", code=3).err, "upload it again")
    t.run("upload", path)  # the same bytes under the same name, and yet there is something to be kept
    equal(t.run("docs", "show", "--original", "tides.txt").out, b"The tide turns at noon.\n", "after that")


def test_a_damaged_original_is_told(t):
    t.daemon(KEEP)
    data, out = b"The tide turns at noon.\n" * 20, t.h.path("back.txt")
    t.run("upload", t.h.path("tides.txt", data))
    kept = kept_path(t, data)
    with open(kept, "r+b") as f:
        f.seek(100)
        f.write(b"X")
    done = t.run("docs", "show", "--original", "-o", out, "tides.txt", code=65)
    contains(done.err, "damaged", "back.txt.part")
    check(not os.path.exists(out), "it has its name all the same")
    os.truncate(kept, 100)
    contains(t.run("docs", "show", "--original", "tides.txt", code=65).err, "size")
    os.unlink(kept)
    os.symlink("/etc/hostname", kept)
    check(t.run("docs", "show", "--original", "tides.txt", code=None).code != 0, "a link was followed")


def test_a_terminal_gets_no_bytes_of_strangers(t):
    t.daemon(KEEP)
    t.run("upload", t.h.path("tides.txt", "The tide\x1b]0;owned\x07 turns at noon.\n"))
    for more in ([], ["-o", "-"]):
        code, out = t.terminal("docs", "show", "--original", *more, "tides.txt")
        equal(code, 2, "status")
        contains(out.decode(), "nothing for a terminal", "-o FILE")
        check(b"tide\x1b" not in out, "its bytes are there:", out)
    out = t.h.path("back.txt")
    code, _ = t.terminal("docs", "show", "--original", "-o", out, "tides.txt")
    equal((code, stat.S_IMODE(os.stat(out).st_mode) & 0o111), (0, 0), "to a file")


def test_options_that_do_not_go_together(t):
    t.daemon("")
    for args in (["ls", "--original"], ["show", "-o", "x", "a"], ["show", "--original", "--json", "a"], ["show", "--original", "a", "b"], ["rm", "-o", "x", "a"]):
        t.run("docs", *args, code=2)


def test_an_older_daemon_is_told_plainly(t):
    def unknown(call):
        call.send([1, call.number, {"code": 2, "name": "unknown_method", "message": "unknown method 'doc.original'"}, None])
    fake = FakeDaemon(os.path.join(t.h.dir, "run", "fake"))
    t.closers.append(fake.close)
    fake.on["doc.original"] = unknown
    contains(t.run("docs", "show", "--original", "a.txt", code=76, env={"RAGCHAT_SOCKET": os.path.join(t.h.dir, "run", "fake")}).err, "older", "originals")
