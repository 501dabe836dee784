"""What is there already: names, tags, ratings, and threads deleted for good."""
import glob
import os
import pty
import shutil
import sqlite3

from harness import DATA, check, contains, deadline, equal, eventually
from scripts import echo, says


def files_with(t, *words):
    """(word, file) of each word that one of the database's files still holds."""
    found = []
    for path in glob.glob(os.path.join(os.path.dirname(t.h.database), "*")):
        if ".bak-" in path or not os.path.isfile(path):
            continue
        with open(path, "rb") as f:
            data = f.read()
        found += [(word, os.path.basename(path)) for word in words if word.encode() in data]
    return found


def test_a_thread_gets_another_name_and_tags(t):
    t.serve(echo)
    t.run("ask", "--title", "old name", "--tag", "first", "hello")
    row = t.run("mv", "old name", "new name").text
    contains(row, "new name")
    equal(t.run("show", "--json", "new name").json["thread"]["name"], "new name", "name")
    t.run("mv", "old name", "x", code=3)
    t.run("rename", "new name", "last", code=75)
    t.run("mv", "new name", " \n", code=2)
    t.run("mv", "new name", code=2)
    equal(t.run("tag", "new name").text, "first\n", "tags")
    equal(t.run("tag", "new name", "second", "first", "third one").text, "first\nsecond\nthird one\n", "tags added")
    equal(t.run("tag", "-d", "new name", "second", "absent").text, "first\nthird one\n", "tags left")
    equal(t.run("tag", "--json", "new name").json["thread"]["tags"], ["first", "third one"], "tags as JSON")
    equal([row["tags"] for row in t.run("ls", "--json").json["threads"]], [["first", "third one"]], "tags listed")
    equal(t.run("tag", "--clear", "new name").text, "", "no tags")
    t.run("tag", "absent", "x", code=3)
    t.run("tag", "-d", "new name", code=2)
    t.run("tag", "--clear", "new name", "x", code=2)


def test_a_rating_is_one_row_as_chainlit_has_it(t):
    import chainlit_layer
    _, daemon = t.serve(says("the answer"))
    t.run("ask", "--title", "rated", "hello")
    turn = t.run("last", "--json").json["turn"]
    t.run("rate", "up", "-m", "just right")
    equal(t.run("last", "--json").json["rating"], {"value": "up", "comment": "just right"}, "rating")
    first = t.sql("SELECT * FROM feedbacks")
    equal([(row["forId"], row["value"], row["comment"]) for row in first], [(turn, 1, "just right")], "the row")
    equal(t.run("rate", "--json", "rated", "down").json["rating"], {"value": "down", "comment": "just right"}, "changed")
    t.run("rate", turn, "down", "-m", "")
    second = t.sql("SELECT * FROM feedbacks")
    equal([(row["id"], row["value"], row["comment"]) for row in second], [(first[0]["id"], 0, None)], "the same row")
    daemon.stop()
    # What else may stand there: a second row, and one for the message, as older Chainlits wrote it.
    db = sqlite3.connect(t.h.database)
    step = db.execute("SELECT id FROM steps WHERE type = 'assistant_message'").fetchone()[0]
    thread = db.execute("SELECT id FROM threads").fetchone()[0]
    db.execute("INSERT INTO feedbacks VALUES ('b', ?, ?, 1, 'twice')", (turn, thread))
    db.execute("INSERT INTO feedbacks VALUES ('c', ?, ?, 1, 'message')", (step, thread))
    db.commit()
    db.close()
    layer = chainlit_layer.Layer(t.h.database)
    equal(len([step for step in layer.get_thread(thread)["steps"] if step["feedback"]]), 3, "what Chainlit shows of three rows")
    layer.close()
    daemon.start()
    t.run("rate", turn, "up")
    equal(len(t.sql("SELECT * FROM feedbacks")), 1, "rows")
    t.run("rate", turn, "none")
    equal(t.sql("SELECT * FROM feedbacks"), [], "taken back")
    check("rating" not in t.run("last", "--json").json, "no rating")
    t.run("rate", turn, "great", code=2)
    t.run("rate", "absent", "up", code=3)
    t.run("rate", code=2)


def test_what_was_deleted_is_in_no_file(t):
    words = [f"Xq{i}zzyblot" for i in range(6)]
    _, daemon = t.serve(lambda request, out: says(f"answer {words[0]} " + "pad " * 20000 + words[1])(request, out))
    t.run("ask", "--title", f"name {words[2]}", f"question {words[3]}", "--tag", words[4])
    t.run("rate", "up", "-m", words[5])
    for i in range(5):
        t.run("ask", "-t", "kept", f"other {i}")
    check(files_with(t, *words), "the words are nowhere to begin with")
    listed = t.run("rm", "--dry-run", "--json", f"name {words[2]}").json
    equal([row["turns"] for row in listed["would_delete"]], [1], "dry run")
    contains(t.run("rm", f"name {words[2]}").text, words[2])
    t.run("show", f"name {words[2]}", code=3)
    daemon.stop()
    # The kept answers hold two of the words.
    kept = [word for word in words if word not in words[:2]]
    equal(files_with(t, *kept), [], "words left in files")
    equal([row["name"] for row in t.sql("SELECT name FROM threads")], ["kept"], "threads")
    for table in ("steps", "elements", "feedbacks"):
        equal(t.sql(f'SELECT count(*) AS n FROM {table} WHERE "threadId" NOT IN (SELECT id FROM threads)'), [{"n": 0}], table)
    equal(t.sql("SELECT count(*) AS n FROM ragchat_turn"), [{"n": 5}], "turns")
    t.integrity()


def test_several_go_at_once_and_one_that_is_missing_is_said(t):
    t.serve(echo)
    for name in ("one", "two", "three"):
        t.run("ask", "--title", name, "hello")
    done = t.run("rm", "one", "absent", "two", code=3)
    contains(done.text, "one", "two")
    contains(done.err, "absent")
    equal([row["name"] for row in t.run("ls", "--json").json["threads"]], ["three"], "left")
    t.run("rm", "three:1", code=3)
    t.run("rm", code=2)
    t.run("rm", "--older-than", "soon", code=2)
    equal(t.run("rm", "--older-than", "1h", "--json").json["deleted"], [], "nothing is so old")
    equal(len(t.run("rm", "--older-than", "0s", "--json", "--dry-run").json["would_delete"]), 1, "one is older than now")
    equal([row["name"] for row in t.run("rm", "--older-than", "0s", "--json").json["deleted"]], ["three"], "deleted")


def test_rm_asks_on_a_terminal(t):
    t.serve(echo)
    for name in ("one", "two"):
        t.run("ask", "--title", name, "hello")

    def answered(text, *args):
        master, slave = pty.openpty()
        client = t.start("rm", *args, "one", "two", preexec=lambda: (os.setsid(), os.dup2(slave, 0), os.dup2(slave, 2)))
        os.write(master, text)
        result = client.end()
        os.close(master)
        os.close(slave)
        return result
    equal(answered(b"n\n").code, 130, "refused")
    equal(len(t.run("ls", "--json").json["threads"]), 2, "threads")
    equal(answered(b"y\n").code, 0, "agreed")
    equal(t.run("ls", "--json").json["threads"], [], "threads")


def test_a_thread_with_a_running_answer_is_not_deleted(t):
    def script(request, out):
        out.delta("begun ")
        t.hold.wait(20)
        out.finish()
    import threading
    t.hold = threading.Event()
    t.closers.append(t.hold.set)
    t.serve(script)
    rpc = t.rpc()
    reply, stream = rpc.ask("hello", thread="busy", create=True)
    error = rpc.fails("conflict", "thread.delete", thread="busy")
    contains(str(error), "cancel")
    t.run("rm", "busy", code=75)
    rpc.call("cancel", turn=reply["turn"])
    t.run("rm", "busy")
    rpc.fails("not_found", "thread.get", thread=reply["thread"])


def test_only_the_owner_deletes_what_is_shared(t):
    from machine import GROUP, Machine
    ann, ben = 12421, 12422
    backend = t.backend(echo)
    machine = Machine(t, f"mode = system\ngroup = {GROUP}\nbackend = {backend.url}\n")
    machine.start()
    mine, theirs = machine.rpc(ann), machine.rpc(ben)
    reply, stream = mine.ask("hello", thread="shared", create=True)
    mine.finish(stream)
    theirs.call("status")
    mine.call("share.add", thread="shared", **{"with": f"uid-{ben}"})
    theirs.call("thread.get", thread=reply["thread"])
    for method, params in (("thread.delete", {}), ("thread.rename", {"name": "x"}), ("tag.set", {"add": ["x"]})):
        theirs.fails("forbidden", method, thread=reply["thread"], **params)
    theirs.fails("forbidden", "rate", turn=reply["turn"], rating="up")
    mine.call("thread.delete", thread=reply["thread"])
    theirs.fails("not_found", "thread.get", thread=reply["thread"])


@deadline(60)
def test_ghosts_of_a_chainlit_go_too(t):
    os.makedirs(os.path.dirname(t.h.database), 0o700)
    shutil.copyfile(os.path.join(DATA, "chainlit.db"), t.h.database)
    os.chmod(t.h.database, 0o600)
    db = sqlite3.connect(t.h.database)
    db.execute("INSERT INTO threads(id, \"createdAt\", metadata) VALUES ('ghost-1', '2025-01-01T00:00:00.000000Z', '{\"history\": [\"Ghostwordzz\"]}')")
    db.execute("INSERT INTO steps(id, name, type, \"threadId\", streaming, output, \"createdAt\", \"isError\", metadata, \"disableFeedback\") "
               "VALUES ('s-1', 'x', 'user_message', 'ghost-2', 0, 'Orphanwordzz', '2025-01-01T00:00:00.000000Z', 0, '{}', 0)")
    db.execute("INSERT INTO elements(id, \"threadId\", name) VALUES ('e-1', 'ghost-3', 'Elementwordzz')")
    db.commit()
    before = db.execute('SELECT count(*) FROM threads WHERE "userId" IS NULL AND "userIdentifier" IS NULL').fetchone()[0]
    db.close()
    _, daemon = t.serve(echo)
    listed = t.run("rm", "--older-than", "0s", "--dry-run", "--json").json
    equal((listed["ghosts"]["threads"], listed["ghosts"]["elements"]), (before, 1), "ghosts listed")
    check(listed["ghosts"]["steps"] >= 1 and listed["would_delete"], listed)
    contains(t.run("rm", "--ghosts").err, "belonged to nobody")
    check(t.run("ls", "--json").json["threads"], "the others stay")
    t.run("rm", "--older-than", "0s")
    daemon.stop()
    for table in ("threads", "steps", "elements", "feedbacks", "ragchat_turn", "ragchat_thread", "ragchat_passing", "ragchat_tag"):
        equal(t.sql(f"SELECT count(*) AS n FROM {table}"), [{"n": 0}], table)
    equal(files_with(t, "Ghostwordzz", "Orphanwordzz", "Elementwordzz"), [], "words left")
    t.integrity()


def test_what_a_crash_leaves_half_deleted_goes_at_the_next_start(t):
    _, daemon = t.serve(echo)
    t.run("ask", "--title", "half", "Halfwordzz")
    daemon.stop()
    db = sqlite3.connect(t.h.database)
    thread, user = db.execute('SELECT id, "userId" FROM threads').fetchone()
    db.execute('UPDATE threads SET "userId" = NULL, "userIdentifier" = NULL')
    db.execute("INSERT INTO ragchat_passing VALUES (?, ?)", (thread, user))
    db.execute("DELETE FROM ragchat_thread")
    db.commit()
    db.close()
    daemon.start()
    eventually(lambda: not t.sql("SELECT 1 FROM threads"), "the rest to go")
    equal(t.sql("SELECT count(*) AS n FROM steps"), [{"n": 0}], "steps")


def test_old_threads_go_by_themselves_when_so_configured(t):
    _, daemon = t.serve(echo, config="keep_check = 20ms\n")
    t.run("ask", "--title", "aged", "hello")
    check(t.run("ls", "--json").json["threads"], "it is kept")
    daemon.reload(open(t.h.conf, encoding="utf-8").read() + "keep_threads = 1h\n")
    t.run("ask", "--title", "young", "hello")
    daemon.stop()
    db = sqlite3.connect(t.h.database)
    db.execute("UPDATE ragchat_thread SET updated = updated - 7200000000 WHERE id IN (SELECT id FROM threads WHERE name = 'aged')")
    db.commit()
    db.close()
    daemon.start()
    eventually(lambda: not t.sql("SELECT 1 FROM threads WHERE name = 'aged'"), "the old thread to go")
    equal([row["name"] for row in t.run("ls", "--json").json["threads"]], ["young"], "left")
