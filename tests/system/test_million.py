"""A large history: listed, shown and searched while answers stream and somebody else searches without pause.

The small run is about what is found. The large one, in make torture, prints what each kind of call takes: a million messages
(MESSAGES=N for another number), 50 streams, another account that asks for the worst it can.
"""
import os
import sqlite3
import statistics
import threading
import time

from harness import check, deadline, equal, eventually, torture
from history import ANN, BEN, HOSTILE, Searcher, measure, settle
from machine import GROUP, Machine


def scene(t, messages, long_thread, config="", size=10):
    hold = threading.Event()
    t.closers.append(hold.set)

    def drip(request, out):
        while not hold.wait(0.05):
            out.delta("word ")
        out.finish()
    backend = t.backend(drip)
    machine = Machine(t, f"mode = system\ngroup = {GROUP}\nbackend = {backend.url}\nretrieval = off\nlog = info\n{config}")
    long = settle(machine, messages, long_thread, size)
    machine.start()
    return machine, hold, long


def sync(rpc, seconds):
    rpc.timeout = seconds
    check(rpc.call("search.sync")["complete"], "the index is not complete")


def pages(rpc, method, key, **params):
    rows, before = [], None
    while True:
        page = rpc.call(method, **params, **({"before": before} if before else {}))
        rows += page[key]
        before = page.get("next")
        if not before:
            return rows


@deadline(90)
def test_a_history_is_found_whole(t):
    machine, hold, long = scene(t, 2000, 200)
    rpc = machine.rpc(ANN)
    sync(rpc, 60)
    threads = pages(rpc, "thread.list", "threads", limit=100)
    equal(sum(row["turns"] for row in threads), 1000, "turns listed")
    found, before = [], None
    while True:
        page = rpc.call("search", text="the", limit=200, **({"before": before} if before else {}))
        found += page["results"]
        before = page.get("next")
        check(not page["cut"] or page["results"] or before, "it does not go on")
        if not before:
            break
    db = sqlite3.connect(f"file:{machine.database}?mode=ro", uri=True)
    wanted = db.execute("SELECT count(DISTINCT t.id) FROM ragchat_turn t JOIN users u ON u.id = t.account JOIN steps s ON s.id IN (t.user_step, t.answer_step) "
                        "WHERE u.identifier = ? AND (' ' || s.output || ' ') LIKE '% the %'", (f"uid-{ANN}",)).fetchone()[0]
    db.close()
    equal(len({row["turn"] for row in found}), wanted, "turns with a word")
    equal(len(found), wanted, "each once")
    stamps = [row["created"] for row in found]
    equal(stamps, sorted(stamps, reverse=True), "the newest first")
    branch, at = [], None
    while True:
        page = rpc.call("message.list", thread=long, branch=True, limit=100, **({"from": at} if at else {}))
        branch += [turn["seq"] for turn in page["turns"]]
        at = page.get("earlier")
        if not at:
            break
    equal(branch, list(range(200, 0, -1)), "the long thread along its branch")


@deadline(90)
def test_whatever_keeps_threads_and_turns_to_some_finds_just_those(t):
    """Beside a look at every row: each way in, and the walk that stands in for it where many fit."""
    machine, hold, long = scene(t, 4000, 1000, size=1)
    rpc = machine.rpc(ANN)
    sync(rpc, 60)
    every = pages(rpc, "thread.list", "threads", limit=200)
    equal(len(every), 1001, "threads")
    middle = every[500]["updated"]
    tagged = lambda row, tag: tag in row.get("tags", [])
    for what, params, fits in [
        ("a part of a name", {"text": "NR123"}, lambda row: "nr123" in row["name"]),
        ("a part of very many", {"text": "nr1"}, lambda row: "nr1" in row["name"]),
        ("a part of none", {"text": "qqxqq"}, lambda row: False),
        ("a rare tag", {"tag": "rare"}, lambda row: tagged(row, "rare")),
        ("a common tag", {"tag": "work"}, lambda row: tagged(row, "work")),
        ("a tag and a part of a name", {"tag": "work", "text": "nr12"}, lambda row: tagged(row, "work") and "nr12" in row["name"]),
        ("no tag of theirs", {"tag": "absent"}, lambda row: False),
        ("failed", {"state": "failed"}, lambda row: row["state"] == "failed"),
        ("cancelled", {"state": "cancelled"}, lambda row: False),
        ("done and tagged", {"state": "done", "tag": "work"}, lambda row: row["state"] == "done" and tagged(row, "work")),
        ("running", {"state": "running"}, lambda row: False),
        ("since", {"since": middle, "text": "nr"}, lambda row: row["updated"] >= middle),
        ("until", {"until": middle, "tag": "work"}, lambda row: row["updated"] < middle and tagged(row, "work")),
        ("all of it", {"since": middle, "tag": "rare", "text": "nr", "state": "failed"}, lambda row: row["updated"] >= middle and tagged(row, "rare")),
    ]:
        wanted = [row["thread"] for row in every if fits(row)]
        for limit in (200, 7) if len(wanted) < 100 else (200,):
            equal([row["thread"] for row in pages(rpc, "thread.list", "threads", limit=limit, **params)], wanted, f"{what}, {limit} a page")
    of_tag = {tag: {row["thread"] for row in every if tagged(row, tag)} for tag in ("rare", "work")}
    found = pages(rpc, "search", "results", text="the", limit=200)
    for tag, threads in of_tag.items():  # `work` lies behind a long thread that has not got it
        equal([row["turn"] for row in pages(rpc, "search", "results", text="the", tag=tag, limit=200)],
              [row["turn"] for row in found if row["thread"] in threads], f"turns of the tag {tag}")
    equal({row["thread"] for row in pages(rpc, "search", "results", text="the", thread=long, limit=200)}, {long}, "of one thread")


@deadline(60)
def test_a_ranked_search_says_how_far_it_went(t):
    machine, hold, long = scene(t, 5000, 0)
    rpc = machine.rpc(ANN)
    sync(rpc, 60)
    rare = rpc.call("search", text="nr249", rank=True)
    check("ranked_from" not in rare and rare["ranked"] == len(rare["results"]) == 1, "all that have the word:", rare)
    reply, ranked, until = rpc.call("search", text="the", rank=True), 0, None
    equal(reply["ranked"], 4000, "the newest that were ranked")
    check(all(row["created"] >= reply["ranked_from"] for row in reply["results"]), "older ones are shown")
    while True:
        reply = rpc.call("search", text="the", rank=True, **({"until": until} if until else {}))
        ranked += reply["ranked"]
        until = reply.get("ranked_from")
        if not until:
            break
    db = sqlite3.connect(f"file:{machine.database}?mode=ro", uri=True)
    wanted = db.execute("SELECT count(*) FROM steps s JOIN threads h ON h.id = s.\"threadId\" WHERE h.\"userIdentifier\" = ? AND s.type <> 'run' AND "
                        "(' ' || s.output || ' ') LIKE '% the %'", (f"uid-{ANN}",)).fetchone()[0]
    db.close()
    check(wanted <= ranked <= wanted + 2, "messages with the word, all looked at:", ranked, wanted)
    result = machine.run(ANN, "search", "--rank", "the")
    check("the newest 4000 messages" in result.err and "--until" in result.err, "what it says:", result.err)


def calls(long):
    return {
        "ls": ("thread.list", {"limit": 30}),
        "ls --tag (none)": ("thread.list", {"limit": 30, "tag": "absent"}),
        "ls TEXT (old)": ("thread.list", {"limit": 30, "text": "nr20"}),
        "show -n 20 (long)": ("message.list", {"thread": long, "branch": True, "limit": 20}),
        "show page (long)": ("message.list", {"thread": long, "limit": 20, "after": 1000}),
        "search rare": ("search", {"text": "needle3x"}),
        "search common": ("search", {"text": "the"}),
        "search two common": ("search", {"text": "the of"}),
        "search no match": ("search", {"text": "zzyzzyva"}),
        "search none with common": ("search", {"text": "the zzyzzyva"}),
        "search in a thread": ("search", {"text": "the", "thread": long}),
        "search prefix": ("search", {"text": "boo"}),
        "search hostile": ("search", {"text": HOSTILE[0]}),
        "search rank rare": ("search", {"text": "needle3x", "rank": True}),
        "search rank common": ("search", {"text": "the", "rank": True}),
    }


@torture
@deadline(900)
def test_a_million_messages_take_milliseconds(t):
    messages = int(os.environ.get("MESSAGES", "1000000"))
    began = time.monotonic()
    machine, hold, long = scene(t, messages, min(100000, messages // 8))
    print(f"{messages} messages and a tenth of another: filled in {time.monotonic() - began:.0f} s")
    began = time.monotonic()
    rpc = machine.rpc(ANN)
    sync(rpc, 600)
    print(f"indexed in {time.monotonic() - began:.0f} s; files:",
          {name: f"{os.path.getsize(os.path.join(machine.state, name)) >> 20} MiB" for name in os.listdir(machine.state) if name.endswith(".db")})
    rpc.timeout = 20
    quiet, _ = measure(rpc, calls(long), 5)
    streams = machine.rpc(ANN)
    for n in range(50):
        streams.send("ask", text=f"stream {n}", thread=f"stream {n}", create=True)
    eventually(lambda: rpc.call("status")["turns"]["running"] >= 50, "the streams")
    hostile = Searcher(machine, BEN)
    hostile.start()
    busy, cut = measure(rpc, calls(long), 25)
    hostile.ended.set()
    hostile.join()
    print(f"hostile searches meanwhile: {hostile.done}")
    print(f"{'':26}{'alone':>9}{'busy: median':>14}{'max':>8}   ms")
    for name, times in busy.items():
        print(f"{name:26}{statistics.median(quiet[name]):9.1f}{statistics.median(times):14.1f}{max(times):8.1f}"
              + (f"   cut {cut[name]} of {len(times)}" if cut[name] else ""))
    unsaved = machine.rpc(0, groups=[]).call("status")["turns"].get("oldest_unsaved_ms", 0)
    print(f"oldest byte not on disk: {unsaved} ms")
    slow = {name: statistics.median(times) for name, times in busy.items() if statistics.median(times) > 50 and "rank common" not in name}
    late = {name: max(times) for name, times in busy.items() if max(times) > 300}
    check(not slow, "medians over 50 ms:", slow)
    check(not late, "maxima over 300 ms:", late)
    hold.set()
    eventually(lambda: rpc.call("status")["turns"]["running"] == 0, "the end of the streams", 60)
