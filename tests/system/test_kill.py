"""kill -9 of the daemon in mid-answer: what was accepted is there, and all but the last moments."""
import os
import random
import shutil
import threading
import time

import harness
from harness import Closed, check, deadline, equal, eventually
from scripts import holds, in_turn, says, words

PROMISE = 0.250   # seconds of an answer that may be missing
COMMIT = 0.060    # one commit on a quiet machine, and the way from the backend to the daemon's buffer
CROWDED = 0.300   # the backend's clock: two tests share two cores, so its bytes may wait for the daemon


class Asker(threading.Thread):
    """Asks on a connection of its own and notes when which byte of the answer had come."""

    def __init__(self, t, question, key):
        super().__init__(daemon=True)
        self.rpc, self.question, self.key = t.rpc(), question, key
        self.reply = self.stream = None
        self.seen = []
        self.start()

    def run(self):
        try:
            self.reply, self.stream = self.rpc.ask(self.question, key=self.key)
            while not self.stream.done and not self.rpc.eof:
                self.rpc.pump(time.monotonic() + 30)
                self.seen.append((time.monotonic(), len(self.stream.data)))
        except (Closed, OSError, AssertionError):
            pass


class Machine(threading.Thread):
    """Does what a checkpoint does, again and again: waits a moment, wakes, makes a file longer and syncs it. It notes how much
    longer than on a quiet machine that takes now."""

    def __init__(self, t):
        super().__init__(daemon=True)
        self.path, self.done, self.due, self.late = os.path.join(os.path.dirname(t.h.database), "probe"), threading.Event(), None, []
        t.closers.append(self.done.set)
        self.start()

    def run(self):
        with open(self.path, "wb", buffering=0) as f:
            while not self.done.is_set():
                self.due = time.monotonic() + 0.02
                self.done.wait(0.02)
                f.write(bytes(8192))
                os.fdatasync(f.fileno())
                now = time.monotonic()
                self.late.append((now, now - self.due))

    def worst(self, since):
        """The longest of those that were under way after `since`."""
        return max([took for when, took in list(self.late) if when >= since] + [time.monotonic() - self.due, 0.0])


def known_at(marks, moment):
    """Bytes that were there at `moment`, by a list of (time, bytes so far)."""
    return max((total for when, total in marks if when <= moment), default=0)


def copy_is_sound(t, number):
    """The files as the crash left them, opened elsewhere so that ours stay untouched."""
    source = os.path.dirname(t.h.database)
    target = os.path.join(t.dir, f"crash{number}")
    shutil.copytree(source, target, ignore=lambda folder, names: [n for n in names if n.endswith((".lock", "-shm", "probe"))])
    path = os.path.join(target, "chat_history.db")
    import sqlite3
    db = sqlite3.connect(path)
    equal(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)], "integrity_check after the crash")
    db.close()
    shutil.rmtree(target)


@deadline(120)
def test_kill_9_in_mid_answer_loses_no_question_and_little_of_the_answer(t):
    rounds, askers_each, worst = (100 if t.torture else 10), 4, 0.0
    seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
    print(f"SEED={seed}")
    dice = random.Random(seed)
    sent, full = {}, "".join(f"w{i:05d} " for i in range(800))

    def script(request, out):
        asked = request.json["messages"][-1]["content"]
        words(800, 0.003, sent.setdefault(asked, []))(request, out)
    backend, daemon = t.serve(script)
    machine = Machine(t)
    for round_ in range(rounds):
        askers = [Asker(t, f"round {round_} question {i}", f"key-{round_}-{i}") for i in range(askers_each)]
        time.sleep(dice.uniform(0.0, 1.6))
        killed = time.monotonic()
        busy = 3 * machine.worst(killed - 2)  # the loop, the writer and the commit before may each be as late
        daemon.kill()
        for asker in askers:
            asker.join(10)
            check(not asker.is_alive(), "an asker did not notice that the daemon is gone")
        copy_is_sound(t, round_)
        daemon.start()
        rpc = t.rpc()
        for asker in askers:
            if asker.reply is None:
                # Nothing was promised; asking again with the same key must make exactly one turn.
                again = rpc.call("ask", text=asker.question, key=asker.key, stream=False)
                rpc.call("cancel", turn=again["turn"])
                equal(len(t.sql("SELECT 1 FROM steps WHERE type = 'user_message' AND output = ?", asker.question)), 1,
                      f"rows of '{asker.question}'")
                continue
            turn = rpc.call("turn.get", turn=asker.reply["turn"])["turn"]
            equal(turn["question"], asker.question, "question")
            equal(turn["state"], "interrupted", "state")
            text = turn["text"]
            equal(turn["length"], len(text), "length")
            check(full.startswith(text), "the stored text is no beginning of the answer:", text[-80:])
            seen = known_at(asker.seen, killed - PROMISE - COMMIT - busy)
            check(len(text) >= seen, f"{seen - len(text)} bytes are gone that a client had read 250 ms before the kill")
            given = known_at(sent.get(asker.question, []), killed - PROMISE - CROWDED - busy)
            check(len(text) >= given, f"{given - len(text)} bytes are gone that the backend had sent long before the kill")
            late = [when for when, total in asker.seen if total > len(text)]
            worst = max(worst, killed - late[0] if late else 0.0)
            # A key that was accepted is the same turn after the crash too.
            dup = rpc.call("ask", text=asker.question, key=asker.key)
            equal((dup["turn"], dup.get("dup")), (asker.reply["turn"], True), "the turn of a known key")
    machine.done.set()
    print(f"worst: the oldest byte missing was {worst * 1000:.0f} ms old")
    daemon.stop()
    t.integrity()


@deadline(60)
def test_an_interrupted_answer_is_marked_and_retry_keeps_both(t):
    release = threading.Event()
    t.closers.append(release.set)
    _, daemon = t.serve(in_turn(holds(release, "w00000 " * 100), says("the whole answer this time")))
    asking = t.start("ask", "--json", "-t", "thread", "will it last?")
    eventually(lambda: t.sql("SELECT 1 FROM ragchat_delta"), "a checkpoint")
    daemon.kill()
    lost = asking.end()
    equal(lost.code, 1, "status of the client whose daemon ended")
    harness.contains(lost.err, "retry")
    daemon.start()
    first = t.rpc().call("turn.get", turn="last")["turn"]
    equal(first["state"], "interrupted", "state after the restart")
    check(first["text"].startswith("w00000 "), "the partial text:", first["text"][:40])
    equal(first["error"]["name"], "interrupted", "error")
    again = t.run("retry", "--json").json
    equal(again["text"], "the whole answer this time", "retry")
    turns = t.rpc().call("message.list", thread="thread")["turns"]
    equal([turn["state"] for turn in turns], ["interrupted", "done"], "states")
    equal(turns[0]["text"], first["text"], "the first answer is kept")
    equal(t.run("show", "thread").code, 0, "show")
    daemon.stop()
    rows = t.sql("SELECT type, output, \"end\" FROM steps ORDER BY \"createdAt\"")
    equal([row["type"] for row in rows if row["type"] == "user_message"], ["user_message"], "questions")
    check(all(row["end"] and row["output"] is not None for row in rows), "a row without end or output:", rows)
    equal(t.sql("SELECT count(*) AS n FROM ragchat_delta")[0]["n"], 0, "checkpoints left")


@deadline(60)
def test_queued_questions_survive_the_crash(t):
    gate = threading.Event()

    def script(request, out):
        out.delta("begun ")
        gate.wait(120)
        out.finish()
    t.closers.append(gate.set)
    _, daemon = t.serve(script)
    rpc = t.rpc()
    asked = [rpc.call("ask", text=f"number {i}", thread="row", create=True) for i in range(3)]
    equal([reply["state"] for reply in asked][1:], ["queued", "queued"], "states")
    daemon.kill().start()
    turns = t.rpc().call("message.list", thread="row")["turns"]
    equal([(turn["seq"], turn["question"], turn["state"]) for turn in turns],
          [(i + 1, f"number {i}", "interrupted") for i in range(3)], "turns after the crash")


@deadline(60)
def test_a_crash_while_starting_or_migrating_is_harmless(t):
    t.serve(says("fine"))[1].stop()
    for _ in range(8):
        daemon = t.daemon(None, wait=False)
        time.sleep(random.uniform(0, 0.06))
        daemon.kill()
    os.unlink(t.h.database)
    for name in ("-wal", "-shm"):
        if os.path.exists(t.h.database + name):
            os.unlink(t.h.database + name)
    for _ in range(8):  # the same while the file is made
        daemon = t.daemon(None, wait=False)
        time.sleep(random.uniform(0, 0.06))
        daemon.kill()
    t.daemon(None)
    equal(t.run("ask", "well?").text, "fine\n", "answer")
    t.integrity()
