"""A database that Chainlit wrote is taken over in place; one that we wrote is one that Chainlit reads."""
import json
import os
import shutil
import sqlite3
import time

from harness import DATA, can_connect, check, contains, deadline, equal, eventually, torture
from scripts import echo, says

FIXTURE = os.path.join(DATA, "chainlit.db")


def install(t):
    os.makedirs(os.path.dirname(t.h.database), 0o700)
    shutil.copyfile(FIXTURE, t.h.database)
    os.chmod(t.h.database, 0o600)


def lost_answers(db):
    """Questions whose answer row is empty though the thread's history still has it: {question: answer}."""
    found = []
    for thread, metadata in db.execute('SELECT id, metadata FROM threads WHERE "userId" IN (SELECT id FROM users)'):
        try:
            history = json.loads(metadata or "{}").get("history") or []
        except ValueError:
            continue
        pairs = [(a["content"], b["content"]) for a, b in zip(history, history[1:]) if a["role"] == "user" and b["role"] == "assistant"]
        for (step, question) in db.execute("SELECT id, output FROM steps WHERE \"threadId\" = ? AND type = 'user_message'", (thread,)):
            answers = [row[0] for row in db.execute(
                "SELECT a.output FROM steps r JOIN steps a ON a.\"parentId\" = r.id WHERE r.\"parentId\" = ? AND a.type = 'assistant_message'", (step,))]
            if answers == [""]:
                found += [(thread, question, answer) for asked, answer in pairs if asked == question and answer][:1]
    return found


@deadline(60)
def test_a_chainlit_database_is_taken_over_in_place(t):
    install(t)
    db = sqlite3.connect(FIXTURE)
    people = [row[0] for row in db.execute("SELECT identifier FROM users")]
    threads = {row[0]: row[1] for row in db.execute(
        'SELECT id, name FROM threads WHERE "userId" IN (SELECT id FROM users)')}
    kept = dict(db.execute("SELECT id, output FROM steps WHERE output != ''"))
    questions = db.execute("SELECT count(*) FROM steps WHERE type = 'user_message' AND \"threadId\" IN "
                           '(SELECT id FROM threads WHERE "userId" IN (SELECT id FROM users))').fetchone()[0]
    lost = lost_answers(db)
    check(lost, "the fixture has no lost answer to recover")
    made, daemon = t.serve(echo)
    rpc = t.rpc()
    equal(rpc.call("status")["account"], people[0], "account: the database's only user")
    seen, before = {}, None
    while True:
        page = rpc.call("thread.list", limit=50, **({"before": before} if before else {}))
        seen.update({row["thread"]: row for row in page["threads"]})
        before = page.get("next")
        if not before:
            break
    equal(set(seen), set(threads), "threads listed")
    equal(sum(row["turns"] for row in seen.values()) >= questions, True, "turns listed for all questions")
    for thread, question, answer in lost:
        turns = rpc.call("message.list", thread=thread)["turns"]
        check(any(turn["question"] == question and turn["text"] == answer for turn in turns),
              f"the lost answer to {question!r} of {thread} is not recovered:", [(turn["question"], turn["text"][:80]) for turn in turns])
        check(all(turn.get("origin") == "chainlit" for turn in turns), "origin")
    contains(daemon.log(), "took over")
    some = next(iter(seen))
    t.run("show", some)
    t.run("ask", "-t", some, "and now?")
    check(made.chats[-1].json["messages"][-1]["content"] == "and now?", "the question sent")
    roles = [m["role"] for m in made.chats[-1].json["messages"] if m["role"] != "system"]
    equal(roles, (["user", "assistant"] * len(roles))[:len(roles)], "roles of the context")
    daemon.stop()
    now = {row["id"]: row["output"] for row in t.sql("SELECT id, output FROM steps")}
    equal({step for step, output in kept.items() if now.get(step) != output}, set(), "rows of Chainlit that changed")
    folder = os.path.dirname(t.h.database)
    check([name for name in os.listdir(folder) if ".bak" in name], "no copy of the file as it was:", os.listdir(folder))
    t.integrity()
    daemon.start()
    equal(t.rpc().call("status")["database"]["threads"], len(threads), "threads after a second start")


@deadline(60)
def test_a_chainlit_lists_searches_and_resumes_what_we_wrote(t):
    import chainlit_layer
    answers = iter(["first answer", "second answer, with \u65e5\u672c", "after a stop"])
    _, daemon = t.serve(lambda request, out: says(next(answers))(request, out))
    t.run("ask", "-t", "shelves", "how many?")
    t.run("ask", "-t", "shelves", "and books?")
    t.run("retry")
    t.run("ask", "--title", "other", "x", code=None)
    daemon.stop()
    layer = chainlit_layer.Layer(t.h.database)
    identifier = t.sql("SELECT identifier FROM users")[0]["identifier"]
    user = layer.get_user(identifier)
    page = layer.list_threads(user["id"], first=10)
    equal({thread["name"] for thread in page["data"]}, {"shelves", "other"}, "threads in the sidebar")
    found = layer.list_threads(user["id"], first=10, search="\u65e5\u672c")
    equal([thread["name"] for thread in found["data"]], ["shelves"], "search")
    thread = next(thread for thread in page["data"] if thread["name"] == "shelves")
    resumed = layer.resume(thread["id"], identifier)
    equal([m["output"] for m in resumed if m["type"].endswith("message")],
          ["how many?", "first answer", "and books?", "second answer, with \u65e5\u672c", "after a stop"], "messages shown")


@torture
@deadline(60)
def test_a_large_chainlit_database_is_taken_over_and_paged(t):
    """Ten thousand threads of ten questions, as a busy Chainlit leaves them: 300 000 rows."""
    install(t)
    db = sqlite3.connect(t.h.database)
    user, name = db.execute("SELECT id, identifier FROM users").fetchone()
    before = db.execute('SELECT count(*) FROM threads WHERE "userId" = ?', (user,)).fetchone()[0]
    columns = '(id, name, type, "threadId", "parentId", streaming, "isError", metadata, input, output, "createdAt", start, "end", "disableFeedback")'
    for i in range(10000):
        thread = f"{i:08x}-0000-4000-8000-000000000000"
        db.execute('INSERT INTO threads(id, "createdAt", name, "userId", "userIdentifier", metadata) VALUES (?,?,?,?,?,?)',
                   (thread, "2025-01-01T00:00:00.000000Z", f"thread {i}", user, name, "{}"))
        rows = []
        for k in range(10):
            base = f"{i:08x}-{k:04x}-4000-8000-00000000000"
            stamps = [f"2025-01-{1 + i % 28:02d}T{k:02d}:{i // 60 % 60:02d}:{i % 60:02d}.{n:06d}Z" for n in (1, 2, 3)]
            rows += [(base + "1", name, "user_message", thread, None, 0, 0, "{}", None, f"question {k}", *[stamps[0]] * 3, 0),
                     (base + "2", "on_message", "run", thread, base + "1", 0, 0, "{}", f"question {k}", "", *[stamps[1]] * 3, 0),
                     (base + "3", "Assistant", "assistant_message", thread, base + "2", 0, 0, "{}", None, f"answer {k} " * 20, *[stamps[2]] * 3, 0)]
        db.executemany(f"INSERT INTO steps{columns} VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)", rows)
    db.commit()
    db.close()
    began = time.monotonic()
    daemon = t.daemon("", wait=False)
    eventually(lambda: can_connect(t.h.socket), "the takeover", 120, 0.1)
    took = time.monotonic() - began
    rpc, seen, turns, cursor, slowest = t.rpc(timeout=30), set(), 0, None, 0.0
    while True:
        began = time.monotonic()
        page = rpc.call("thread.list", limit=200, **({"before": cursor} if cursor else {}))
        slowest = max(slowest, time.monotonic() - began)
        seen |= {row["thread"] for row in page["threads"]}
        turns += sum(row["turns"] for row in page["threads"])
        cursor = page.get("next")
        if not cursor:
            break
    print(f"taken over in {took:.1f} s, slowest page {slowest * 1000:.1f} ms")
    equal(len(seen), before + 10000, "threads")
    check(turns >= 100000, "turns:", turns)
    check(took < 60, "the takeover took", took, "s")
    check(slowest < 0.1, "a page took", slowest, "s")
    some = rpc.call("message.list", thread="thread 7777")["turns"]
    equal([(turn["question"], turn["text"]) for turn in some], [(f"question {k}", f"answer {k} " * 20) for k in range(10)], "turns of one")
    daemon.stop()
    t.integrity()
    began = time.monotonic()
    daemon.start()
    check(time.monotonic() - began < 3, "a second start took", time.monotonic() - began)
