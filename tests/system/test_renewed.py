"""Documents indexed anew one by one: by another name at once, by request in the background."""
import os

from fake_daemon import FakeDaemon
from harness import check, contains, deadline, equal, eventually

GOGGLES = "Safety goggles are worn in the workshop by everyone.\n"
KINDS = {"in a table": "", "in segments": "index_passages = 3\n"}


def paths(t, text, *options):
    return [row["path"] for row in t.run("search", "--docs", "--json", *options, text).json["results"]]


def ids(t):
    return {row["name"]: row["document"] for row in t.rpc().call("doc.list")["documents"]}


def begin(t, kind, more=""):
    """Six pages, which are in segments where these are wanted, then the document that it is about."""
    home = t.home(kind.split()[-1])
    daemon = t.daemon(KINDS[kind] + more, home=home)
    t.h = home
    t.run("upload", *[t.h.path(f"boat{i}.txt", f"Page {i} tells of boats and ropes number {i}.\n") for i in range(6)])
    if KINDS[kind]:
        eventually(lambda: t.sql("SELECT direct FROM collection", path=t.h.library)[0]["direct"], "the move into segments")
    t.run("upload", t.h.path("handbook.md", GOGGLES))
    return daemon


@deadline(60)
def test_a_document_is_found_by_each_of_its_names_at_once(t):
    for kind in KINDS:
        daemon = begin(t, kind)
        equal(paths(t, "zebra"), [], "before it is called so")
        t.run("upload", t.h.path("zebra.md", GOGGLES))
        equal(paths(t, "zebra"), ["zebra.md"], f"by its second name, {kind}")
        equal(paths(t, "handbook"), ["handbook.md"], "by its first")
        equal(paths(t, "zebra", "--by", "document"), ["zebra.md", "handbook.md"], "each name is a document")
        t.run("upload", t.h.path("quagga.md", GOGGLES))
        before = ids(t)
        t.run("docs", "rm", "handbook.md")  # zebra.md takes its place
        equal([paths(t, word) for word in ("handbook", "zebra", "quagga")], [[], ["zebra.md"], ["quagga.md"]], f"after the first is gone, {kind}")
        # a file is replaced whose bytes another name has
        t.run("upload", "--name", "zebra.md", t.h.path("new.md", "Zebras graze at dawn.\n"))
        equal(paths(t, "goggles"), ["quagga.md"], f"what the old bytes are called now, {kind}")
        equal([paths(t, word) for word in ("quagga", "zebra", "graze")], [["quagga.md"], ["zebra.md"], ["zebra.md"]], "each by its own")
        equal(ids(t)["quagga.md"], before["quagga.md"], "its id")
        t.run("docs", "rm", "quagga.md")
        equal([paths(t, "quagga"), paths(t, "goggles")], [[], []], "after the last")
        equal(paths(t, "ropes 4", "-n", "1"), ["boat4.txt"], "the others")
        daemon.stop()
        t.integrity()


def test_many_names_do_not_make_a_document_of_their_own(t):
    daemon = begin(t, "in segments")
    animals = "antelope badger camel dormouse elk ferret gazelle hedgehog ibex jackal koala lemur".split()
    for animal in animals:
        t.run("upload", "--name", f"{animal}.md", t.h.path("handbook.md", GOGGLES))
    equal(len(ids(t)), 19, "names")
    equal(paths(t, animals[3]), [f"{animals[3]}.md"], "one of the first")
    t.run("docs", "rm", "--in", "default", "--all")
    equal(t.rpc().call("collection.list")["collections"], [], "collections")
    daemon.stop()
    t.integrity()
    for table in ("document", "passage", "piece", "segment_gone"):
        equal(t.sql(f"SELECT count(*) AS n FROM {table}", path=t.h.library)[0]["n"], 0, f"rows of {table}")


@deadline(60)
def test_one_document_is_indexed_anew(t):
    for kind in KINDS:
        daemon = begin(t, kind)
        t.run("upload", t.h.path("zebra.md", GOGGLES))
        before, row = ids(t), t.rpc().call("doc.get", document="handbook.md")["document"]
        first = t.sql("SELECT first FROM document WHERE name = 'handbook.md'", path=t.h.library)[0]["first"]
        contains(t.run("docs", "reindex", "zebra.md", "boat2.txt").text, "2 passages of 2 documents are indexed anew")
        eventually(lambda: not t.sql("SELECT 1 FROM document WHERE renew <> 0 OR state <> 1", path=t.h.library), "the end of it")
        check(t.sql("SELECT first FROM document WHERE name = 'handbook.md'", path=t.h.library)[0]["first"] > first, "it has its old passages,", kind)
        equal((ids(t), t.rpc().call("doc.get", document="handbook.md")["document"]), (before, row), "what it is")
        for text, path in (("goggles", "handbook.md"), ("zebra", "zebra.md"), ("boats 2", "boat2.txt"), ("boat3", "boat3.txt")):
            equal(paths(t, text, "-n", "1"), [path], f"{text}, {kind}")
        equal(t.run("docs", "reindex", "--json", "boat1.txt").json, {"collections": 1, "documents": 1, "passages": 1}, "as JSON")
        t.run("docs", "reindex", "boat1.txt", "none.txt", code=3)
        eventually(lambda: not t.sql("SELECT 1 FROM document WHERE renew <> 0 OR state <> 1", path=t.h.library), "the end of that")
        equal(t.rpc().call("status")["library"].get("rebuilding"), None, "nothing is left to do")
        daemon.stop()
        t.integrity()
        equal(t.sql("SELECT documents, passages FROM collection", path=t.h.library), [{"documents": 8, "passages": 7}], f"figures, {kind}")


@deadline(60)
def test_a_crash_on_the_way_leaves_the_old_or_the_new(t):
    """What is asked for is on disk before it is answered, and goes on where it stopped."""
    daemon = begin(t, "in segments")
    t.run("upload", t.h.path("book.txt", "".join(f"Chapter {i} is about the lighthouse keeper and his lamp, night {i}.\n\n" * 6 for i in range(400))))
    first = t.sql("SELECT first FROM document WHERE name = 'book.txt'", path=t.h.library)[0]["first"]
    for _ in range(3):
        t.run("docs", "reindex", "book.txt")
        daemon.kill()
        daemon.restart()
        equal(paths(t, "lighthouse keeper night 17", "-n", "1"), ["book.txt"], "after the crash")
    eventually(lambda: not t.sql("SELECT 1 FROM document WHERE renew <> 0 OR state <> 1", path=t.h.library), "the end of it", 30)
    check(t.sql("SELECT first FROM document WHERE name = 'book.txt'", path=t.h.library)[0]["first"] > first, "it was forgotten")
    equal(paths(t, "lighthouse keeper night 17", "-n", "1"), ["book.txt"], "at the end")
    daemon.stop()
    t.integrity()


def test_words_for_what_cannot_be(t):
    t.daemon("")
    t.run("docs", "reindex", "--in", "default", "a.txt", code=3)
    rpc = t.rpc()
    for documents in ([], ["a"] * 201, [1], [""]):
        rpc.fails("bad_params", "doc.reindex", documents=documents)
    fake = FakeDaemon(os.path.join(t.h.dir, "run", "fake"))
    fake.on["ping"] = lambda call: call.reply()
    t.closers.append(fake.close)
    contains(t.run("docs", "reindex", "a.txt", code=76, env={"RAGCHAT_SOCKET": fake.path}).err, "older")
    check("doc.reindex" not in [method for method, _ in fake.requests], "all of it was reindexed")
