"""A Chainlit's database is taken into an account that has threads already: each once, and nothing else is touched."""
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile

from cutter import Cutter
from harness import DATA, check, contains, deadline, equal
from scripts import echo, says


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
def test_citations_come_along_with_their_verdicts(t):
    words = "The dynamo is checked every 4 weeks [1]. Penguins eat krill [1]. See [9]."

    def think(request, out):
        out.reasoning("let me see")
        says(words)(request, out)
    made, _ = t.serve(think, config="retrieval = local\n")
    t.run("upload", t.h.path("manual.md", "The dynamo is checked every 4 weeks by the dynamo warden.\n"))
    t.run("ask", "-t", "talk", "How often is the dynamo checked?")
    here = t.rpc().call("turn.get", turn="last")["turn"]
    path = t.h.path("all.jsonl")
    t.run("export", "--all", "-o", path)
    there = t.home("there")
    t.daemon(f"backend = {made.url}\nretrieval = local\n", there)
    for again in (1, 0):
        equal(t.run("import", "jsonl", "--json", path, home=there).json["turns"], again, "turns")
    turn = t.rpc(there).call("turn.get", turn="last")["turn"]
    bare = lambda turn: [{key: value for key, value in source.items() if key != "stale"} for source in turn["sources"]]
    equal(bare(turn), bare(here), "sources")
    equal([turn.get(key) for key in ("marks", "found", "coverage", "finish_reason", "reasoning")],
          [here[key] for key in ("marks", "found", "coverage", "finish_reason", "reasoning")], "verdicts and the rest")
    check(turn["stale"] is True and "stale" not in here, "stale where the document is not")
    contains(t.run("show", "talk", home=there).text, "[1?]", "~~[9]~~", "manual.md:1")
    contains(t.run("search", "--source", "manual.md", home=there).text, "How often is the dynamo checked?")
    t.run("upload", t.h.path("manual.md"), home=there)
    check("stale" not in t.rpc(there).call("turn.get", turn="last")["turn"], "stale although the document is there")
    contains(t.run("sources", "--open", "1", "talk", home=there).text, ">>>")
    # what is no citation is passed over, what is not ours is not taken at its word
    rpc = t.rpc(there)
    rpc.call("import", thread="odd", turn="1", question="q", answer="a [1]", coverage=1, found=True, sources=[
        5, {"n": 0}, {"n": 1, "path": "x", "document": "y", "sha256": "0" * 64, "quote": "z" * 10, "stale": False, "cited": True, "extra": 1}], marks=[
        {"n": 1, "off": 2, "len": 3, "verdict": "fine"}, {"n": 1, "off": 1 << 40, "len": 3, "verdict": "ok"}])
    odd = rpc.call("turn.get", turn="last")["turn"]
    equal(([source["n"] for source in odd["sources"]], odd["sources"][0]["stale"], odd["coverage"]), ([1], True, 1.0), "the odd one")
    contains(t.run("show", "last", home=there).text, "a [1]")
    rpc.fails("bad_params", "import", thread="odd", turn="2", coverage=1.5)
    rpc.fails("bad_params", "import", thread="odd", turn="2", sources="x")


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


def exported(t, threads, turns):
    """A file as `export --all` writes it; each second answer is liked."""
    path = os.path.join(t.dir, "all.jsonl")
    with open(path, "w", encoding="ascii") as f:
        for i in range(threads):
            f.write(json.dumps({"thread": {"thread": f"t{i}", "name": f"thread {i}", "created": "2026-01-02T03:04:05Z"}, "turns": [
                {"turn": f"t{i}-{k}", "question": f"question {i} {k}", "text": f"answer {i} {k} " + "word " * 50, "created": f"2026-01-02T03:05:{k:02}Z", "state": "done",
                 **({"rating": {"value": "up", "comment": f"of {i} {k}"}} if k % 2 else {})} for k in range(turns)]}) + "\n")
    return path


@deadline(60)
def test_an_import_goes_on_where_its_connection_broke(t):
    t.serve(echo)
    path = exported(t, 20, 10)
    cutter = Cutter(t, t.h.socket, 1500, 9000)
    told = t.run("import", "jsonl", "--json", path, env={"RAGCHAT_SOCKET": cutter.path}).json
    equal((cutter.cuts, told["turns"] + told["known"], told["left_out"]), (2, 200, 0), "cuts and turns")
    for i in (0, 19):
        turns = t.run("show", "--json", f"thread {i}").json["turns"]
        equal([(turn["question"], turn["text"].split(" word")[0], turn["state"]) for turn in turns],
              [(f"question {i} {k}", f"answer {i} {k}", "done") for k in range(10)], "the order of the turns")
    equal(t.sql("SELECT count(*) AS n FROM steps WHERE type = 'user_message'")[0]["n"], 200, "questions")
    equal(sorted(row["comment"] for row in t.sql("SELECT comment FROM feedbacks")), sorted(f"of {i} {k}" for i in range(20) for k in range(1, 10, 2)), "ratings")
    equal(t.run("import", "jsonl", "--json", path).json, {"threads": 0, "turns": 0, "known": 200, "left_out": 0}, "once more")


def test_an_import_stops_at_the_first_refusal(t):
    """What came in before it stays; what the daemon refuses is named once."""
    t.serve(echo)
    path = exported(t, 3, 40)
    lines = open(path, encoding="ascii").read().splitlines()
    with open(path, "w", encoding="ascii") as f:
        f.write("\n".join((lines[0], lines[1].replace("2026-01-02T03:05:", "long ago "), lines[2])))
    result = t.run("import", "jsonl", path, code=None)
    check(result.code not in (0, None) and result.err.count("is a stamp") == 1, result.code, result.err)
    equal(t.sql("SELECT count(*) AS n FROM steps WHERE type = 'user_message' AND output LIKE 'question 0 %'")[0]["n"], 40, "the first thread")
