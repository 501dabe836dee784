"""An index that was damaged: it is noticed, said, and made anew from the text while all else is answered."""
import os
import sqlite3

from harness import check, contains, deadline, equal, eventually

WOODS = "ash beech cedar maple oak pine spruce willow".split()
TABLES = {
    "its first page is gone": "DELETE FROM words_1_data WHERE id = 10",
    "its blocks are zeros": "UPDATE words_1_data SET block = zeroblob(length(block)) WHERE id > 10",
    "it is empty": "DELETE FROM words_1_data; DELETE FROM words_1_idx; INSERT INTO words_1_data VALUES (1, x''), (10, x'00000000000000')",
    "it is gone": "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'words_1'",
}


def boats(t, config="", kind="table"):
    home = t.home(kind)
    daemon = t.daemon(config, home=home)
    t.h = home
    t.run("upload", *[t.h.path(f"boat{i}.txt", f"Boat number {i} has red sails and {wood} oars.\n") for i, wood in enumerate(WOODS)])
    t.run("upload", "--to", "other", t.h.path("tides.txt", "The tide turns at noon.\n"))
    return daemon


def found(t, text, *options):
    return [row["path"] for row in t.run("search", "--docs", "--json", *options, text).json["results"]]


def damage(t, sql):
    db = sqlite3.connect(t.h.library, timeout=10)
    db.executescript(sql)
    db.commit()
    db.close()


def is_healed(t, daemon, what):
    eventually(lambda: len(found(t, "red sails")) == 8, f"all boats, where {what}", 20)
    eventually(lambda: "rebuilding" not in t.rpc().call("status")["library"], "the end of the work")
    equal(len(t.rpc().call("doc.list")["documents"]), 9, "documents")
    check("is damaged" in daemon.log() or "missing or cut" in daemon.log(), "not a word of it in the log, where", what)
    t.run("upload", "--name", "late.txt", t.h.path("late.txt", "A late boat with a blue sail.\n"))
    equal(found(t, "blue sail late", "-n", "1"), ["late.txt"], "of what comes then")
    t.run("docs", "rm", "late.txt", "boat3.txt")
    equal(found(t, "maple late"), [], "of what goes then")


@deadline(120)
def test_a_table_of_words_is_noticed_at_the_start(t):
    for number, (what, sql) in enumerate(TABLES.items()):
        daemon = boats(t, kind=f"table{number}")
        daemon.stop()
        damage(t, sql)
        daemon.restart()
        equal(found(t, "tide", "--in", "other"), ["tides.txt"], f"of another collection, where {what}")
        is_healed(t, daemon, what)
        daemon.stop()
        t.integrity()


@deadline(60)
def test_a_table_of_words_is_noticed_when_it_is_read(t):
    for number, what in enumerate(("its first page is gone", "its blocks are zeros")):
        daemon = boats(t, kind=f"read{number}")
        equal(len(found(t, "red sails")), 8, "before")
        damage(t, TABLES[what])
        if number:  # killed: the look at the start comes first
            daemon.kill()
            daemon.restart()
        equal(found(t, "tide noon"), ["tides.txt"], f"a search of all finds what it can, where {what}")
        is_healed(t, daemon, what)


@deadline(60)
def test_segments_that_are_damaged(t):
    daemon = boats(t, "index_passages = 3\n", "segments")
    folder = os.path.join(os.path.dirname(t.h.library), "library.segments")
    eventually(lambda: t.sql("SELECT direct FROM collection WHERE id = 1", path=t.h.library)[0]["direct"], "the move into segments")

    def files():
        return [row["file"] for row in t.sql("SELECT file FROM segment WHERE state = 1 AND collection = 1 ORDER BY first", path=t.h.library)]
    eventually(lambda: files() and len(found(t, "red sails")) == 8, "segments")

    def flip(path):
        with open(path, "r+b") as f:
            f.seek(60)
            byte = f.read(1)
            f.seek(60)
            f.write(bytes([byte[0] ^ 0x20]))

    def instead(make):
        def way(path):
            os.unlink(path)
            make(path)
        return way
    ways = {"a file is gone": os.unlink, "a file is cut": lambda path: os.truncate(path, 100), "bits are flipped": flip,
            "a folder is in its place": instead(os.mkdir), "a pipe is in its place": instead(os.mkfifo),
            "a link is in its place": instead(lambda path: os.symlink("/dev/zero", path))}
    for what, way in ways.items():
        for stopped in (True, False):
            if stopped:
                daemon.stop()
            for file in files():
                try:
                    way(os.path.join(folder, file))
                except FileNotFoundError:
                    pass  # merged away meanwhile
            if stopped:
                daemon.restart()
            equal(found(t, "tide", "--in", "other"), ["tides.txt"], f"of another collection, where {what}")
            eventually(lambda: len(found(t, "red sails")) == 8, f"all boats, where {what}", 20)
    contains(daemon.log(), "files of the index are missing or cut: made anew", "a file of the index is damaged: made anew")
    daemon.stop()
    damage(t, "DELETE FROM segment WHERE collection = 1 AND first = (SELECT min(first) FROM segment WHERE collection = 1)")
    daemon.restart()
    is_healed(t, daemon, "a row of segments is gone")
    daemon.stop()
    t.integrity()


def test_it_is_said_while_it_lasts(t):
    """Held up by hand: the mark is set and the daemon has nothing that begins."""
    daemon = boats(t)
    db = sqlite3.connect(t.h.library, timeout=10)
    db.execute("UPDATE collection SET recipe = -1 WHERE id = 1")
    db.commit()
    db.close()
    told = t.run("docs", "ls")
    contains(told.err, "the index of 8 passages was damaged")
    equal(len(told.text.splitlines()), 9, "documents")
    check("damaged" not in t.run("docs", "ls", "--in", "other").err, "said of another collection")
    rebuilding = t.rpc().call("status")["library"]["rebuilding"]
    equal((rebuilding["damaged"], rebuilding["of"]), (True, 8), "status")
    check(t.rpc().call("doc.search", text="red sails").get("cut"), "a search does not say that it lacks some")
    contains(t.run("search", "--docs", "red sails").err, "some passages were not looked at")
    contains(t.run("ask", "Which boats have red sails?").err, "the index of some passages is being made anew; they were not looked at")
    daemon.stop()
    daemon.restart()
    eventually(lambda: "rebuilding" not in t.rpc().call("status")["library"], "the end of the work")
    equal(len(found(t, "red sails")), 8, "boats")
    equal(t.run("docs", "ls").err, "", "afterwards")
