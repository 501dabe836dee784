"""What is kept, taken out: copies while all goes on, everything as lines, what it cost; and lists of one's own making."""
import json
import os
import sqlite3
import stat
import threading
import uuid

from harness import check, contains, equal
from machine import GROUP, Machine
from scripts import echo, holds, says


def rows(path, query):
    db = sqlite3.connect(path)
    try:
        return db.execute(query).fetchall()
    finally:
        db.close()


def test_a_backup_is_whole_while_answers_stream(t):
    hold = threading.Event()
    t.serve(holds(hold), config="retrieval = local\n")
    t.run("upload", t.h.path("a.md", "# A\n\nwords of a document\n"))
    turns = [t.rpc().call("ask", text=f"question {i}")["turn"] for i in range(20)]
    copy, library = os.path.join(t.h.dir, "copy.db"), os.path.join(t.h.dir, "library-copy.db")
    t.run("backup", copy)
    t.run("backup", "--documents", library)
    hold.set()
    for path in (copy, library):
        equal(stat.S_IMODE(os.stat(path).st_mode), 0o600, f"mode of {path}")
        equal(rows(path, "PRAGMA integrity_check"), [("ok",)], path)
    equal(rows(copy, "SELECT count(*) FROM ragchat_turn"), [(20,)], "turns in the copy")
    equal(rows(library, "SELECT name FROM document"), [("a.md",)], "documents in the copy")
    left = [name for name in os.listdir(os.path.dirname(t.h.database)) + os.listdir(t.h.dir) if ".copy-" in name or name.endswith(".part")]
    equal(left, [], "left behind")
    for turn in turns:
        equal(t.rpc().call("turn.wait", turn=turn)["turn"]["state"], "done", "an answer")
    t.daemons[0].stop()
    other = t.home("restored")
    os.makedirs(os.path.dirname(other.database), mode=0o700, exist_ok=True)
    os.rename(copy, other.database)
    t.daemon("", home=other)
    equal(len(t.run("ls", "--json", "-n", 100, home=other).json["threads"]), 20, "threads after a restart on the copy")
    with open("/dev/full", "wb") as full:
        equal(t.run("backup", "-", home=other, stdout=full, code=None).code, 73, "a full disk")
    piped = t.run("backup", "-", home=other).out
    check(piped.startswith(b"SQLite format 3\0"), "into a pipe:", piped[:40])
    code, shown = t.terminal("backup", "-")
    check(code == 2 and b"SQLite" not in shown, "a database on a terminal:", shown)


def test_a_copy_belongs_to_its_connection_and_is_read_one_piece_after_the_other(t):
    t.serve(says("x" * 200000))
    for i in range(6):
        t.run("ask", "-q", f"number {i}")
    rpc = t.rpc()
    blob = rpc.call("backup")
    check(blob["size"] > 1 << 20, "a small copy:", blob)
    data, off = b"", 0
    while off < blob["size"]:
        piece = rpc.call("blob.read", blob=blob["blob"], off=off)
        data += piece["data"]
        off += len(piece["data"])
    check(piece["eof"] and len(data) == blob["size"] and data.startswith(b"SQLite format 3\0"), "what was read")
    rpc.fails("not_found", "blob.read", blob=blob["blob"])
    blob = rpc.call("backup")["blob"]
    t.rpc().fails("not_found", "blob.read", blob=blob)
    rpc.send("blob.read", blob=blob)
    rpc.close()
    t.run("status")
    t.daemons[0].stop()
    left = t.h.database + ".copy-Ab12Cd"  # as one leaves it that is killed in the middle
    with open(left, "wb") as f:
        f.write(b"SQLite format 3\0 half")
    t.daemons[0].restart()
    check(not os.path.exists(left), "a copy of everything lies there for ever")


def test_in_a_machines_daemon_a_backup_is_roots_alone(t):
    machine = Machine(t, f"backend = {t.backend(echo).url}\nmode = system\ngroup = {GROUP}\n")
    machine.start()
    root = machine.rpc(0, groups=[])
    machine.rpc(12401)
    root.call("account.role", account="uid-12401", role="admin")
    contains(machine.rpc(12401).fails("forbidden", "backup").error["message"], "root", "export --all")
    machine.rpc(12402).fails("forbidden", "backup")
    check(root.call("backup")["size"] > 0, "root's")


def test_export_all_has_every_thread_whole(t):
    t.serve(says("y" * 300000))
    for i in range(3):
        t.run("ask", "-q", "-t", f"thread {i}", "a question")
    file = os.path.join(t.h.dir, "all.jsonl")
    t.run("export", "--all", "-o", file)
    with open(file, encoding="utf-8") as f:
        lines = [json.loads(line) for line in f]
    equal(sorted(line["thread"]["name"] for line in lines), ["thread 0", "thread 1", "thread 2"], "threads")
    check(all(line["turns"][0]["text"] == "y" * 300000 for line in lines), "an answer is not whole")
    equal(len(t.run("export", "--all").lines), 3, "lines on stdout")
    for wrong in (["--format", "md"], ["--thread"], ["last"]):
        t.run("export", "--all", *wrong, code=2)


def test_what_was_exported_comes_home_once_and_elsewhere_too(t):
    t.serve(says("an answer with \u0416 and \U0001f600\n"))
    for i in range(3):
        t.run("ask", "-q", "-t", f"thread {i % 2}", f"question {i}", "--tag", "kept")
    file = os.path.join(t.h.dir, "all.jsonl")
    t.run("export", "--all", "-o", file)
    equal(t.run("import", "jsonl", "--json", file).json, {"threads": 0, "turns": 0, "known": 3, "left_out": 0}, "at home nothing is new")
    before = t.run("export", "--all").lines
    other = t.home("elsewhere")
    t.daemon("", home=other)
    equal(t.run("import", "jsonl", "--json", file, home=other).json, {"threads": 2, "turns": 3, "known": 0, "left_out": 0}, "elsewhere")
    equal(t.run("import", "jsonl", "--json", file, home=other).json, {"threads": 0, "turns": 0, "known": 3, "left_out": 0}, "a second time")
    after = t.run("export", "--all", home=other).lines
    key = [{"name": line["thread"]["name"], "tags": line["thread"].get("tags"), "created": line["thread"]["created"],
            "turns": [(turn["question"], turn["text"], turn["state"], turn.get("model"), turn["sha256"]) for turn in line["turns"]]}
           for line in sorted(before, key=lambda line: line["thread"]["name"])]
    got = [{"name": line["thread"]["name"], "tags": line["thread"].get("tags"), "created": line["thread"]["created"],
            "turns": [(turn["question"], turn["text"], turn["state"], turn.get("model"), turn["sha256"]) for turn in line["turns"]]}
           for line in sorted(after, key=lambda line: line["thread"]["name"])]
    equal(got, key, "what came over")
    t.integrity(other.database)
    text = t.run("show", "thread 0", home=other).text
    contains(text, "question 0", "question 2", "an answer with")
    with open(file, encoding="utf-8") as f:
        lines = f.read().splitlines()
    broken = t.h.path("broken.jsonl", lines[0] + "\n" + lines[1][:100] + "\n")
    third = t.home("third")
    t.daemon("", home=third)
    contains(t.run("import", "jsonl", broken, home=third, code=65).err, "line 2", "what stands before it is imported")
    equal(len(t.run("ls", "--json", home=third).json["threads"]), 1, "threads of the first half")
    t.run("import", "jsonl", file, home=third)
    equal(len(t.run("ls", "--json", home=third).json["threads"]), 2, "threads after the whole")


def test_a_long_thread_is_forked_in_slices_and_each_turn_is_found(t):
    """What is copied turn by turn belongs to nobody until the last of it is there: the search's index must wait for that."""
    t.serve(echo)
    t.run("ask", "-q", "-t", "trunk", "seed")
    made = json.loads(t.run("export", "--all").text)
    seed = made["turns"][0]
    made["turns"] = [dict(seed, turn=str(uuid.uuid4()), seq=i + 1, question=f"marker{i}", text="an answer") for i in range(300)]
    made["thread"] = dict(made["thread"], thread=str(uuid.uuid4()), name="long")
    equal(t.run("import", "jsonl", "--json", t.h.path("long.jsonl", json.dumps(made) + "\n")).json["turns"], 300, "imported")
    equal(t.run("fork", "long", "--title", "copy", "--json").json["thread"]["turns"], 300, "copied")
    for word in ("marker0", "marker1", "marker150", "marker299"):
        equal(sorted(row["name"] for row in t.run("search", "--json", word).json["results"]), ["copy", "long"], word)


def test_logs_of_llm_are_taken_in(t):
    t.daemon("")
    rows = [{"id": f"01h{i}", "model": "gpt-x", "prompt": f"prompt {i}", "response": f"response {i} \x1b[2J", "conversation_id": f"c{i // 2}",
             "conversation_name": f"talk {i // 2}", "datetime_utc": f"2024-01-0{i + 1}T00:00:00.123456"} for i in range(4)]
    file = t.h.path("llm.json", json.dumps(rows))
    equal(t.run("import", "llm", "--json", file).json, {"threads": 2, "turns": 4, "known": 0, "left_out": 0}, "the first time")
    equal(t.run("import", "llm", "--json", file).json["known"], 4, "the second time")
    turns = t.rpc().call("message.list", thread="talk 1")["turns"]
    equal([(turn["question"], turn["text"], turn["model"]) for turn in turns],
          [(f"prompt {i}", f"response {i} \x1b[2J", "gpt-x") for i in (2, 3)], "a conversation")
    check(turns[0]["created"].startswith("2024-01-03T00:00:00"), "when it was asked:", turns[0]["created"])
    t.run("import", "llm", t.h.path("no.json", '{"a": 1}'), code=65)
    absent = t.run("import", "chainlit", "x.db", code=66)
    contains(absent.err, "cannot read 'x.db'")
    equal(absent.out, b"", "figures of nothing")
    t.run("import", "jsonl", "/nowhere", code=66)
    t.run("import", "csv", "x", code=2)


def test_usage_sums_up_what_the_backend_told(t):
    def script(request, out):
        out.delta("hello")
        out.event({"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14, "cost": 0.25}})
        out.finish()
    t.serve(script)
    equal(t.run("usage").err, "ragchat: no answers in that time\n", "before anything")
    for _ in range(3):
        t.run("ask", "-q", "-m", "small", "q")
    t.run("ask", "-q", "-m", "large", "q")
    got = t.run("usage", "--json").json["rows"]
    told = {row.get("model"): (row["turns"], row["prompt_tokens"], row["completion_tokens"], row["total_tokens"], row.get("cost")) for row in got}
    equal(sum(row[0] for row in told.values()), 4, f"turns: {got}")
    equal(sum(row[1] for row in told.values()), 40, f"tokens in: {got}")
    equal(sum(row[4] or 0 for row in told.values()), 1.0, f"cost: {got}")
    contains(t.run("usage", "--days", 3).text, "total", "40", "16", "1.0000")
    t.run("usage", "--days", "x", code=2)


def test_a_line_of_ones_own_for_each_row(t):
    t.serve(echo, config="retrieval = local\n")
    for name in ("plans", "a\ttab \x1b[2J and more"):
        t.run("ask", "-q", "-t", name, "q")
    t.run("upload", "--to", "shelf", t.h.path("a.md", "# A\n\nwords\n"))
    equal(t.run("ls", "--format", "{name}|{turns}").text.splitlines(), ["a tab \u241b[2J and more|1", "plans|1"], "ls")
    ids = [row["thread"] for row in t.run("ls", "--json").json["threads"]]
    equal(t.run("ls", "-z", "--format", "{thread}").out, b"".join(one.encode() + b"\0" for one in ids), "-z")
    equal(t.run("ls", "-z").out.split(b"\0")[1], f"{ids[1][:8]}\tplans".encode(), "-z alone")
    equal(t.run("docs", "--format", "{{{collection}}}\\t{name}").text, "{shelf}\ta.md\n", "docs")
    contains(t.run("search", "--docs", "--format", "{path}|{id}", "words").text, "a.md|" + t.run("docs", "--format", "{id}").text.strip())
    equal(sorted(t.run("search", "-z", "--format", "{seq} {name}", "q").out.split(b"\0")), [b"", b"1 a tab \xe2\x90\x9b[2J and more", b"1 plans"], "search")
    equal(t.run("ps", "--format", "{id} {state}").out, b"", "ps")
    for wrong in ("{nothing}", "{name", "{}"):
        contains(t.run("ls", "--format", wrong, code=2).err, "--format")
    t.run("ls", "--format", "{name}", "-n", 1)
