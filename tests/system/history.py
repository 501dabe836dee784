"""A large history, made by hand: the rows that answers would have left, without their asking. And what is asked of it."""
import itertools
import os
import random
import sqlite3
import threading
import time
import uuid

from harness import RpcError

ANN, BEN = 12441, 12442

STEP = '(id, name, type, "threadId", "parentId", streaming, "isError", metadata, input, output, "createdAt", start, "end", "disableFeedback")'
DONE, FAILED = 4, 5
# What to look for to take a daemon's time: common words and their phrases, prefixes, more words than are looked for.
HOSTILE = ['"the of" the', "the " * 100, "th", "a*" * 50, "of " * 8 + "shelf", '"the" "of" "and" "shelf" "book"', "boo", "kel", "x" * 500,
           '"the of and shelf book door key wing"', " ".join(f"the{n}" for n in range(16)), "the of and shelf book door key wing zzz"]
LATIN = ["the", "of", "and", "shelf", "book", "door", "key", "wing"]


def ids(seed):
    made = random.Random(seed)
    while True:
        yield str(uuid.UUID(int=made.getrandbits(128), version=4))


def sentences(seed):
    """Texts of some forty words, common ones among them as in a language: the n-th word comes about 1/n as often as the first."""
    made = random.Random(seed)
    words = LATIN + [f"{made.choice('bcdfgklmnprst')}{made.choice('aeiou')}"
             f"{made.choice('bdglmnrst')}{made.choice('aeiou')}{made.choice('bdklmnprst')}{n}" for n in range(4000)]
    weights = [1 / (n + 1) for n in range(len(words))]
    return [" ".join(made.choices(words, weights, k=made.randint(25, 55))) for _ in range(5000)]


def stamp(us):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(us // 1000000)) + f".{us % 1000000:06d}Z"


class Writer:
    """One account's threads, in order of time. Every 25 000th question has a word of its own, every 1000th thread a rare tag and a
    failed answer at its end, every third the tag `work`; every 100th question is Japanese."""

    def __init__(self, path, who, seed):
        self.db = sqlite3.connect(path, isolation_level=None)
        self.user, self.name = self.db.execute("SELECT id, identifier FROM users WHERE identifier = ?", (who,)).fetchone()
        self.db.execute("PRAGMA synchronous = OFF")
        self.db.execute("BEGIN")
        self.new, self.texts, self.made = ids(seed), sentences(seed), random.Random(seed)
        self.us, self.threads, self.turns, self.step = 1700000000000000, 0, 0, None

    def question(self):
        n = self.turns
        text = self.texts[self.made.randrange(5000)][:120]
        if n % 25000 == 0:
            text += f" needle{n // 25000}x"
        return text + (" 東京の図書館は何時に開きますか" if n % 100 == 0 else "")

    def thread(self, size):
        thread, last, rows, own = next(self.new), None, [], []
        self.threads += 1
        rare = self.threads % 1000 == 0
        for seq in range(1, size + 1):
            self.turns += 1
            user_step, run, answer = next(self.new), next(self.new), next(self.new)
            self.us += 60000000
            stamps = [stamp(self.us + k) for k in range(3)]
            ask, say = self.question(), self.texts[self.made.randrange(5000)]
            if seq == 1:
                title = ask
            rows += [(user_step, self.name, "user_message", thread, None, 0, 0, "{}", None, ask, *[stamps[0]] * 3, 0),
                     (run, "on_message", "run", thread, user_step, 0, 0, "{}", ask, "", *[stamps[1]] * 3, 0),
                     (answer, "Assistant", "assistant_message", thread, run, 0, 0, "{}", None, say, *[stamps[2]] * 3, 0)]
            own.append((run, thread, self.user, seq, FAILED if rare and seq == size else DONE, last, user_step, run, answer,
                        self.us, self.us + 2, len(say)))
            last = run
        tags = (["rare"] if rare else []) + (["work"] if self.threads % 3 == 0 else [])
        text = '["' + '", "'.join(tags) + '"]' if tags else None
        self.db.execute('INSERT INTO threads(id, "createdAt", name, "userId", "userIdentifier", metadata) VALUES (?, ?, ?, ?, ?, ?)',
                        (thread, stamp(own[0][9]), f"{title[:60]} nr{self.threads}", self.user, self.name, "{}"))
        self.db.executemany(f"INSERT INTO steps{STEP} VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)", rows)
        self.db.executemany("INSERT INTO ragchat_turn(id, thread, account, seq, state, parent, user_step, run_step, answer_step, created, ended, "
                            "length) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", own)
        self.db.execute("INSERT INTO ragchat_thread(id, account, created, updated, turns, last_seq, last_turn, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                        (thread, self.user, own[0][9], self.us, size, size, last, text))
        self.db.executemany("INSERT INTO ragchat_tag(account, tag, thread) VALUES (?, ?, ?)", [(self.user, tag, thread) for tag in tags])
        self.step = rows[-1][0]
        return thread

    def end(self):
        self.db.execute("INSERT OR REPLACE INTO ragchat_meta(key, value) VALUES ('chainlit_step', ?)", (self.step,))
        self.db.execute("COMMIT")
        self.db.close()


def fill(path, who, messages, seed, long_thread=0, size=10):
    """So many messages of an account, in threads of `size` questions, the last `long_thread` questions in one, whose id comes back."""
    writer, turns, thread = Writer(path, who, seed), messages // 2, None
    while writer.turns < turns:
        left = turns - writer.turns
        thread = writer.thread(left if left <= long_thread else min(size, left - long_thread))
    writer.end()
    return thread


def settle(machine, messages, long_thread, size=10):
    """So many messages of ANN's and a tenth of BEN's in a machine whose daemon does not run yet, or any more: see fill."""
    daemon = machine.start()
    for uid in (ANN, BEN):
        machine.rpc(uid).call("status")
    daemon.stop()
    long = fill(machine.database, f"uid-{ANN}", messages, 1, long_thread, size)
    fill(machine.database, f"uid-{BEN}", messages // 10, 2)
    for name in os.listdir(machine.state):
        path = os.path.join(machine.state, name)
        if name.startswith("search.db"):
            os.remove(path)  # it is made again
        else:
            os.chown(path, machine.user, machine.group)
    return long


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
                except RpcError:  # refused: nothing to look for
                    pass
                self.done += 1


def measure(rpc, calls, rounds):
    """ms of each call by its name, and how often its answer was cut. A call: its method, its params, and what is no matter here."""
    took, cut = {name: [] for name in calls}, dict.fromkeys(calls, 0)
    for _ in range(rounds):
        for name, (method, params, *_) in calls.items():
            began = time.perf_counter()
            reply = rpc.call(method, **params)
            took[name].append((time.perf_counter() - began) * 1e3)
            cut[name] += bool(reply.get("cut"))
    return took, cut
