"""A large history: listed, shown and searched while answers stream and somebody else searches without pause.

The small run is about what is found. The large one, in make torture, prints what each kind of call takes: a million messages
(MESSAGES=N for another number), 50 streams, another account that asks for the worst it can.
"""
import itertools
import os
import random
import sqlite3
import statistics
import threading
import time
import uuid

from harness import check, deadline, equal, eventually, torture
from machine import GROUP, Machine

ANN, BEN = 12441, 12442
STEP = '(id, name, type, "threadId", "parentId", streaming, "isError", metadata, input, output, "createdAt", start, "end", "disableFeedback")'


def ids(seed):
    made = random.Random(seed)
    while True:
        yield str(uuid.UUID(int=made.getrandbits(128), version=4))


def sentences(seed):
    """Texts of some forty words, common ones among them as in a language: the n-th word comes about 1/n as often as the first."""
    made = random.Random(seed)
    words = ["the", "of", "and", "shelf", "book", "door", "key", "wing"] + [f"{made.choice('bcdfgklmnprst')}{made.choice('aeiou')}"
             f"{made.choice('bdglmnrst')}{made.choice('aeiou')}{made.choice('bdklmnprst')}{n}" for n in range(4000)]
    weights = [1 / (n + 1) for n in range(len(words))]
    return [" ".join(made.choices(words, weights, k=made.randint(25, 55))) for _ in range(5000)]


def fill(path, who, messages, seed, long_thread=0):
    """So many messages of an account, in threads of ten questions, the last `long_thread` questions in one; every 50 000th has a word of its own."""
    db = sqlite3.connect(path, isolation_level=None)
    user, name = db.execute("SELECT id, identifier FROM users WHERE identifier = ?", (who,)).fetchone()
    db.execute("PRAGMA synchronous = OFF")
    db.execute("BEGIN")
    new, texts, made = ids(seed), sentences(seed), random.Random(seed)
    turns, us = messages // 2, 1700000000000000
    left = turns
    while left:
        size = min(left, long_thread if left == long_thread else 10)
        thread, last, rows, own = next(new), None, [], []
        for seq in range(1, size + 1):
            n = turns - left + seq
            user_step, run, answer = next(new), next(new), next(new)
            us += 60000000
            stamps = [time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(us // 1000000)) + f".{k:06d}Z" for k in (1, 2, 3)]
            ask = texts[made.randrange(5000)][:120] + (f" needle{n // 25000}x" if n % 25000 == 0 else "")
            say = texts[made.randrange(5000)]
            rows += [(user_step, name, "user_message", thread, None, 0, 0, "{}", None, ask, *[stamps[0]] * 3, 0),
                     (run, "on_message", "run", thread, user_step, 0, 0, "{}", ask, "", *[stamps[1]] * 3, 0),
                     (answer, "Assistant", "assistant_message", thread, run, 0, 0, "{}", None, say, *[stamps[2]] * 3, 0)]
            own.append((run, thread, user, seq, 4, last, user_step, run, answer, us, us + 2, len(say)))
            last = run
        db.execute('INSERT INTO threads(id, "createdAt", name, "userId", "userIdentifier", metadata) VALUES (?, ?, ?, ?, ?, ?)',
                   (thread, stamps[0], f"thread {turns - left}", user, name, "{}"))
        db.executemany(f"INSERT INTO steps{STEP} VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)", rows)
        db.executemany("INSERT INTO ragchat_turn(id, thread, account, seq, state, parent, user_step, run_step, answer_step, created, ended, length) "
                       "VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", own)
        db.execute("INSERT INTO ragchat_thread(id, account, created, updated, turns, last_seq, last_turn) VALUES (?, ?, ?, ?, ?, ?, ?)",
                   (thread, user, own[0][9], us, size, size, last))
        left -= size
    db.execute("INSERT OR REPLACE INTO ragchat_meta(key, value) VALUES ('chainlit_step', ?)", (rows[-1][0],))
    db.execute("COMMIT")
    db.close()
    return thread


def scene(t, messages, long_thread, config=""):
    hold = threading.Event()
    t.closers.append(hold.set)

    def drip(request, out):
        while not hold.wait(0.05):
            out.delta("word ")
        out.finish()
    backend = t.backend(drip)
    machine = Machine(t, f"mode = system\ngroup = {GROUP}\nbackend = {backend.url}\nretrieval = off\nlog = info\n{config}")
    daemon = machine.start()
    for uid in (ANN, BEN):
        machine.rpc(uid).call("status")
    daemon.stop()
    long = fill(machine.database, f"uid-{ANN}", messages, 1, long_thread)
    fill(machine.database, f"uid-{BEN}", messages // 10, 2)
    for name in os.listdir(machine.state):  # the index is made again
        if name.startswith("search.db"):
            os.remove(os.path.join(machine.state, name))
        else:
            os.chown(os.path.join(machine.state, name), machine.user, machine.group)
    daemon.start()
    return machine, hold, long


def sync(rpc, seconds):
    rpc.timeout = seconds
    check(rpc.call("search.sync")["complete"], "the index is not complete")


@deadline(90)
def test_a_history_is_found_whole(t):
    machine, hold, long = scene(t, 2000, 200)
    rpc = machine.rpc(ANN)
    sync(rpc, 60)
    threads, before = [], None
    while True:
        page = rpc.call("thread.list", limit=100, **({"before": before} if before else {}))
        threads += page["threads"]
        before = page.get("next")
        if not before:
            break
    equal(sum(row["turns"] for row in threads), 1000, "turns listed")
    found, before = [], None
    while True:
        page = rpc.call("search", text="the", limit=200, **({"before": before} if before else {}))
        found += page["results"]
        before = page.get("next")
        if not before:
            break
        check(not page["cut"] or page["results"] or before, "it does not go on")
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


HOSTILE = ['"the of" the', "the " * 100, "th", "a*" * 50, "of " * 8 + "shelf", '"the" "of" "and" "shelf" "book"', "boo", "kel", "x" * 500]


class Searcher(threading.Thread):
    """Somebody else who searches for the worst, on several connections, without pause."""

    def __init__(self, machine, uid):
        super().__init__(daemon=True)
        self.rpcs, self.ended, self.done = [machine.rpc(uid) for _ in range(4)], threading.Event(), 0

    def run(self):
        for text in itertools.cycle(HOSTILE):
            if self.ended.is_set():
                return
            waiting = [(rpc, rpc.send("search", text=text, rank=rank, limit=200)) for rpc, rank in zip(self.rpcs, (False, True, True, False))]
            for rpc, number in waiting:
                try:
                    rpc.reply(number)
                except Exception:  # refused: nothing to look for
                    pass
                self.done += 1


def measure(rpc, long, rounds):
    calls = {
        "ls": ("thread.list", {"limit": 30}),
        "ls --tag (none)": ("thread.list", {"limit": 30, "tag": "absent"}),
        "ls TEXT (old)": ("thread.list", {"limit": 30, "text": "thread 20"}),
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
    took, cut = {name: [] for name in calls}, dict.fromkeys(calls, 0)
    for _ in range(rounds):
        for name, (method, params) in calls.items():
            began = time.perf_counter()
            reply = rpc.call(method, **params)
            took[name].append((time.perf_counter() - began) * 1000)
            cut[name] += bool(reply.get("cut"))
    return took, cut


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
    quiet, _ = measure(rpc, long, 5)
    streams = machine.rpc(ANN)
    for n in range(50):
        streams.send("ask", text=f"stream {n}", thread=f"stream {n}", create=True)
    eventually(lambda: rpc.call("status")["turns"]["running"] >= 50, "the streams")
    hostile = Searcher(machine, BEN)
    hostile.start()
    busy, cut = measure(rpc, long, 25)
    hostile.ended.set()
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
