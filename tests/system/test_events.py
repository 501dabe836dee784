"""Events by number: what happened, told once and never lost; and the commands that read them."""
import os
import random
import signal
import threading

from harness import Closed, check, contains, deadline, equal, eventually
from scripts import echo, holds, says


def events(rpc, after=0):
    """All that came after a number, page by page."""
    got = []
    while True:
        page = rpc.call("event.next", after=after, limit=7)
        got += page["events"]
        if page["next"] == after:
            return got
        after = page["next"]


def of(got, kind):
    return [event for event in got if event["kind"] == kind]


def test_each_thing_is_told_once_in_order_and_without_gaps(t):
    t.serve(says("an answer"), config="retrieval = local\n")
    rpc = t.rpc()
    equal(rpc.call("event.next"), {"events": [], "next": 0, "first": 1}, "before anything")
    first = rpc.call("ask", text="one", thread="plans", create=True)
    rpc.call("turn.wait", turn=first["turn"])
    second = rpc.call("turn.retry", turn=first["turn"])
    rpc.call("turn.wait", turn=second["turn"])
    file = t.h.path("a.md", "# A\n\nSome words of a document.\n")
    t.run("upload", file)
    t.h.path("a.md", "# A\n\nSome other words of a document.\n")
    t.run("upload", file)
    t.run("upload", file)
    t.run("docs", "rm", "a.md")
    eventually(lambda: of(events(rpc), "document.removed"), "the last event")
    got = events(rpc)
    equal([event["n"] for event in got], list(range(1, len(got) + 1)), "numbers")
    equal([event["kind"] for event in got], ["thread.created", "turn.begun", "turn.ended", "turn.begun", "turn.ended", "document.added",
                                             "document.changed", "document.removed"], "kinds")
    equal([(event["turn"], event["thread"], event["name"], event.get("state")) for event in got[1:5]],
          [(turn["turn"], first["thread"], "plans", state) for turn in (first, second) for state in (None, "done")], "of turns")
    check(got[5]["document"] != got[6]["document"] and got[7]["name"] == "a.md", "of documents:", got[5:])
    rpc.call("ask", text="not kept", save=False)
    rpc.call("ask", text="with a key", key="k" * 20)
    rpc.call("ask", text="with a key", key="k" * 20)
    eventually(lambda: len(of(events(rpc), "turn.ended")) == 3, "the end of what is kept")
    equal(len(of(events(rpc), "turn.begun")), 3, "begun: not what is not kept, and a key counts once")


def test_waiting_ends_with_the_event_with_the_time_or_with_the_connection(t):
    hold = threading.Event()
    t.serve(holds(hold))
    rpc, other = t.rpc(), t.rpc()
    equal(rpc.call("event.next", wait_ms=30)["events"], [], "nothing came")
    waiting = rpc.send("event.next", after=0, wait_ms=60000)
    asked = other.call("ask", text="now")
    woken = rpc.reply(waiting)
    equal(woken["events"][0]["kind"], "thread.created", "what woke it")
    waiting = rpc.send("event.next", wait_ms=60000)  # from now on: the two of the beginning do not count
    rpc.call("ping")
    hold.set()
    woken = rpc.reply(waiting)
    equal([(event["kind"], event["turn"], event["state"]) for event in woken["events"]], [("turn.ended", asked["turn"], "done")], "only the end")
    for _ in range(40):
        gone = t.rpc()
        gone.send("event.next", after=3, wait_ms=600000)
        gone.call("ping")
        gone.close()
    rpc.fails("bad_params", "event.next", wait_ms=600001)
    rpc.fails("bad_params", "event.next", after=-1)
    waiting = rpc.send("event.next", after=woken["next"], wait_ms=60000)
    t.daemons[0].stop()  # is not kept from leaving by those who wait
    try:
        rpc.reply(waiting)
        raise AssertionError("a stopped daemon answered")
    except Closed:
        pass


def test_what_is_sent_behind_a_wait_wakes_it(t):
    t.serve(echo)
    rpc = t.rpc()
    asked = rpc.call("ask", text="one", thread="plans", create=True)
    rpc.call("turn.wait", turn=asked["turn"])
    for number in range(40):  # a wait without a number counts from where it was sent
        waiting = rpc.send("event.next", wait_ms=60000)
        rpc.reply(rpc.send("thread.rename", thread=asked["thread"], name=f"plans {number}"))
        equal([(event["kind"], event["name"]) for event in rpc.reply(waiting)["events"]], [("thread.renamed", f"plans {number}")], number)


@deadline(120)
def test_no_event_is_lost_or_doubled_while_the_daemon_is_killed_again_and_again(t):
    rounds = 40 if t.torture else 6
    seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
    print(f"SEED={seed}")
    dice = random.Random(seed)
    t.serve(echo, config="retrieval = local\n")
    seen, accepted, after = [], set(), 0
    for number in range(rounds):
        rpc, reader = t.rpc(), t.rpc()
        quota = dice.randrange(1, 40)
        try:
            for i in range(quota):
                accepted.add(rpc.call("ask", text=f"{number}.{i}", thread=f"t{dice.randrange(5)}", create=True)["turn"])
                if i % 5 == 0:
                    rpc.send("doc.begin", name=f"d{number}")
                if dice.random() < .3:
                    page = reader.call("event.next", after=after, limit=dice.randrange(1, 9), wait_ms=dice.choice((0, 5)))
                    seen += page["events"]
                    after = page["next"]
        except Closed:
            pass
        t.daemons[0].kill()
        t.daemons[0].restart()
    rpc = t.rpc()
    seen += events(rpc, after)
    equal([event["n"] for event in seen], list(range(1, len(seen) + 1)), "numbers, through all connections and lives")
    equal(seen, events(rpc), "read again from the beginning")
    begun = [event["turn"] for event in of(seen, "turn.begun")]
    ended = [event["turn"] for event in of(seen, "turn.ended")]
    equal(len(set(begun)), len(begun), "begun, each once")
    check(accepted <= set(begun), "accepted and not told:", accepted - set(begun))
    equal(sorted(ended), sorted(begun), "what was begun has ended, once: done, or interrupted by the kill")
    rows = t.sql("SELECT id FROM ragchat_turn")
    equal(sorted(row["id"] for row in rows), sorted(begun), "turns of the database")
    check("interrupted" in {event["state"] for event in of(seen, "turn.ended")} or not t.torture, "no kill met an answer")


def test_documents_are_told_once_through_a_kill_between_the_two_files(t):
    daemon = t.daemon("retrieval = local\n")
    names = [f"d{i}.md" for i in range(30)]
    for name in names:
        t.h.path(name, f"# {name}\n\nWords of {name} that make a passage.\n")
    for some in (names[:10], names[10:20], names[20:]):
        t.run("upload", *[os.path.join(t.h.dir, name) for name in some], code=None)
        daemon.kill()
        daemon.restart()
    rpc = t.rpc()
    there = {doc["name"] for doc in rpc.call("doc.list", limit=200)["documents"]}
    eventually(lambda: len(of(events(rpc), "document.added")) >= len(there), "what the kills left between the files")
    added = [event["name"] for event in of(events(rpc), "document.added")]
    equal(sorted(added), sorted(there), "added")
    equal(t.sql("SELECT count(*) AS n FROM event_out", path=t.h.library), [{"n": 0}], "left in the library")


def test_old_events_go_and_who_comes_late_is_told(t):
    t.serve(echo)
    for i in range(3):
        t.run("ask", f"number {i}")
    t.daemons[0].stop()
    import sqlite3
    db = sqlite3.connect(t.h.database)
    with db:
        db.execute("UPDATE ragchat_event SET at = at - 8 * 86400 * 1000000 WHERE n <= 8")
        db.execute("UPDATE ragchat_event_mark SET last = last + 100010")
        db.execute("UPDATE ragchat_event SET n = n + 100010 WHERE n = 9")
    db.close()
    t.daemons[0].restart()
    rpc = t.rpc()
    before = rpc.call("event.next")
    equal(before["first"], 1, "the oldest, before anything is written")
    for i in range(6):
        t.run("ask", f"more {i}")
    now = rpc.call("event.next")
    check(now["first"] > 8, "what is a week old is still there:", now)
    error = rpc.fails("gone", "event.next", after=2).error
    equal(error["data"]["first"], now["first"], "where to go on")
    equal(rpc.call("event.next", after=error["data"]["first"] - 1)["events"][0]["n"], now["first"], "going on there")
    equal(rpc.fails("gone", "event.next", after=now["next"] + 1).error["data"]["last"], now["next"], "a number that never was")
    for verb in ("idle", "log"):
        contains(t.run(verb, "--after", 2, code=3).err, "not kept any more")


# ---- the commands ----

def test_idle_waits_prints_and_goes_on_by_number(t):
    hold = threading.Event()
    t.serve(holds(hold))
    start = t.run("idle", "--now").text.strip()
    equal(start, "0", "nothing yet")
    turn = t.run("ask", "-d", "-t", "a\tname\x1b]0;x\x07", "hello").text.strip()
    lines = t.run("idle", "--after", start).text.splitlines()
    equal([line.split("\t")[:2] for line in lines], [["1", "thread.created"], ["2", "turn.begun"]], "what had happened before")
    check(all("\x1b" not in line and line.count("\t") == 4 for line in lines), "a hostile name:", lines)
    waiting = t.start("idle", "--after", "2", "--events", "turn", "--json")
    rpc = t.rpc()
    eventually(lambda: rpc.call("status")["connections"]["open"] >= 2, "its connection")
    check(waiting.running(), "it did not wait")
    hold.set()
    got = waiting.end().expect().json
    equal([(event["kind"], event["turn"], event["state"]) for event in got["events"]], [("turn.ended", turn, "done")], "what it waited for")
    equal(got["next"], 3, "the next number")
    equal(t.run("idle", "--after", 3, "--timeout", "0.05", "--json", code=124).json, {"events": [], "next": 3}, "time over")
    equal(t.run("idle", "--after", 0, "--events", "doc", "--timeout", "0.05", code=124).out, b"", "another kind")
    equal([line.split("\t")[0] for line in t.run("idle", "--after", 0, "--events", "thread,turn").text.splitlines()], ["1", "2", "3"], "all")
    for wrong in (["--after", "x"], ["--events", "turns"], ["--timeout", "soon"], ["now"], ["--json", "--jsonl"]):
        t.run("idle", *wrong, code=2)


def test_idle_is_not_disturbed_by_a_restart_of_the_daemon(t):
    _, daemon = t.serve(echo)
    t.run("ask", "hello")
    last = t.run("idle", "--now").text.strip()
    waiting = t.start("--no-autostart", "idle", "--after", last)
    rpc = t.rpc()
    eventually(lambda: rpc.call("status")["connections"]["open"] >= 2, "its connection")
    daemon.stop()
    daemon.restart()
    check(waiting.running(), "it ended with the daemon")
    t.run("ask", "after the restart")
    contains(waiting.end().expect().text, "thread.created")


def test_log_shows_the_last_follows_the_next_and_tells_one_questions_way(t):
    t.serve(echo)
    for i in range(4):
        t.run("ask", "-t", "plans", f"number {i}")
    lines = t.run("log", "-n", 3).text.splitlines()
    equal(len(lines), 3, "lines")
    contains(lines[-1], "turn.ended", "done", "plans")
    equal(len(t.run("log", "--json").json["events"]), 9, "events")
    equal(len(t.run("log", "--after", 5, "--jsonl", "--events", "turn").lines), 4, "lines of JSON")
    follower = t.start("log", "-f", "-n", "1", "--jsonl")
    follower.wait_out('"n":9')
    t.run("ask", "-t", "plans", "one more")
    follower.wait_out('"n":11')
    follower.signal(signal.SIGTERM)
    equal(follower.end().code, 143, "status")
    turn = t.run("ask", "-d", "the way of this").text.strip()
    t.run("wait", turn)
    contains(t.run("log", turn).text, "accepted as " + turn, "left the queue", "put to the backend", "first text", "ended: done", "stop")
    way = t.run("log", turn, "--json").json
    times = way["times"]
    check(0 <= times["started_ms"] <= times["asked_ms"] <= times["first_ms"] <= way["seconds"] * 1000 + 1, "times:", way)
    t.run("log", "nothing-of-that-name", code=3)
    for wrong in (["-f", "--json"], ["-f", turn], ["-n", "some"], ["a", "b"]):
        t.run("log", *wrong, code=2)
