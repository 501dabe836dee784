"""A Chainlit's database is taken into an account that has threads already: each once, and nothing else is touched."""
import hashlib
import os
import shutil
import sqlite3
import tempfile

from harness import DATA, check, contains, deadline, equal
from scripts import echo


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def rated(t):
    """The database of the tests, with an opinion on one of its answers."""
    path = os.path.join(t.dir, "old.db")
    shutil.copyfile(os.path.join(DATA, "chainlit.db"), path)
    db = sqlite3.connect(path)
    run, thread = db.execute("SELECT s.id, s.\"threadId\" FROM steps s JOIN threads h ON h.id = s.\"threadId\" JOIN steps a ON a.\"parentId\" = s.id "
                             "WHERE s.name = 'on_message' AND h.\"userId\" IS NOT NULL AND a.type = 'assistant_message' AND a.output <> '' LIMIT 1").fetchone()
    db.execute("INSERT INTO feedbacks(id, \"forId\", \"threadId\", value, comment) VALUES ('f', ?, ?, 1, 'just so')", (run, thread))
    db.commit()
    db.close()
    return path


@deadline(60)
def test_a_chainlit_database_is_imported_beside_what_is_there(t):
    t.serve(echo)
    t.run("ask", "--title", "mine", "a question of my own")
    path = rated(t)
    before, left = digest(path), set(os.listdir(tempfile.gettempdir()))
    first = t.run("import", "chainlit", "--json", path).json
    check(first["threads"] >= 5 and first["turns"] > 0 and first["left_out"] == 0, first)
    equal(digest(path), before, "the file stays as it is")
    equal(t.run("import", "chainlit", "--json", path).json, {"threads": 0, "turns": 0, "known": first["turns"], "left_out": 0}, "once more")
    threads = t.run("ls", "-a", "--json").json["threads"]
    equal(len(threads), first["threads"] + 1, "threads")
    contains(t.run("show", "mine").text, "a question of my own")
    db = sqlite3.connect(path)
    texts = [row[0] for row in db.execute("SELECT s.output FROM steps s JOIN threads h ON h.id = s.\"threadId\" WHERE s.type = 'user_message' AND h.\"userId\" IS NOT NULL")]
    db.close()
    exported = [turn["question"] for thread in threads for turn in t.run("show", "--json", thread["thread"]).json["turns"]]
    for text in texts:
        check(text in exported, "a question is missing:", text[:80])
    equal([(row["value"], row["comment"]) for row in t.sql("SELECT value, comment FROM feedbacks")], [(1, "just so")], "ratings")
    gone = [name for name in set(os.listdir(tempfile.gettempdir())) - left if name.startswith("ragchat-import-")]
    equal(gone, [], "folders that are left")


@deadline(60)
def test_what_is_no_database_is_refused_and_nothing_is_left(t):
    t.serve(echo)
    text = os.path.join(t.dir, "notes.txt")
    with open(text, "w", encoding="ascii") as f:
        f.write("no database at all, but long enough to be looked at\n" * 200)
    result = t.run("import", "chainlit", text, code=65)
    check("ragchat:" in result.err and len(result.err.splitlines()) == 1, "one line says why:", result.err)
    t.run("import", "chainlit", os.path.join(t.dir, "absent.db"), code=66)
    t.run("import", "chainlit", "--account", 'a"b', text, code=2)
    t.run("import", "jsonl", "--account", "x", text, code=2)
    strangers = t.run("import", "chainlit", "--account", "nobody", rated(t))
    contains(strangers.err, "--account")
    equal(t.run("ls", "--json").json["threads"], [], "threads")
