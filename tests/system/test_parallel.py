"""Many at once, and clients that go away: every answer is whole and stored once."""
import os
import signal
import subprocess
import threading
import time

from harness import check, contains, deadline, equal, eventually
from scripts import echo, holds, question, says


@deadline(120)
def test_64_asks_on_a_fresh_machine_make_one_daemon_and_64_answers(t):
    backend = t.backend(echo)
    t.h.configure(f"backend = {backend.url}\n")
    check(not os.path.exists(t.h.database), "there is a database already")
    clients = [t.start("ask", f"question {i}") for i in range(64)]
    results = [client.end(90).expect() for client in clients]
    equal([result.text for result in results], [f"answer to question {i}\n" for i in range(64)], "answers")
    equal([result.err for result in results if result.err], [], "stderr")
    equal(len(t.adopted()), 1, "daemons")
    rows = t.sql("SELECT output FROM steps WHERE type = 'assistant_message'")
    equal(sorted(row["output"] for row in rows), sorted(f"answer to question {i}" for i in range(64)), "stored answers")
    equal(len(t.sql("SELECT id FROM threads")), 64, "threads")
    t.end_adopted()
    t.integrity()


@deadline(60)
def test_eight_clients_that_race_start_one_daemon_each_time(t):
    t.h.configure(f"backend = {t.backend(echo).url}\n")
    for _ in range(10 if t.torture else 3):
        clients = [t.start("status") for _ in range(8)]
        for client in clients:
            client.end(30).expect()
        equal(len(t.adopted()), 1, "daemons")
        t.end_adopted()
        eventually(lambda: not os.path.exists(t.h.socket), "the socket's end")


@deadline(60)
def test_head_takes_its_twenty_bytes_and_the_whole_answer_is_stored(t):
    gone = t.h.path("gone")
    text = "0123456789" * 2000

    def script(request, out):
        out.delta(text[:1000])
        eventually(lambda: os.path.exists(gone), "the end of head")
        for at in range(1000, len(text), 100):
            out.delta(text[at:at + 100])
            time.sleep(0.001)
        out.finish()
    t.serve(script)
    shell = subprocess.Popen(["bash", "-c", f"{t.program('ragchat')} ask hello | (head -c 20; exec <&-; : > {gone}); echo \"/${{PIPESTATUS[0]}}\""],
                             env=t.h.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = shell.communicate(timeout=90)
    equal(out, b"01234567890123456789/141\n", "head's bytes and the status of ragchat")
    equal(err, b"", "stderr")
    t.run("wait", "last")
    equal(t.sql("SELECT output FROM steps WHERE type = 'assistant_message'"), [{"output": text}], "stored")


def gone_client(t, end):
    release = threading.Event()
    t.closers.append(release.set)
    _, daemon = t.serve(holds(release))
    client = t.start("ask", "hello")
    client.wait_out("first half, ")
    end(client)
    result = client.end()
    release.set()
    eventually(lambda: t.rpc().call("turn.get", turn="last")["turn"]["state"] == "done", "the answer's end")
    equal(t.run("last").text, "first half, second half\n", "the stored answer")
    return result


def test_a_killed_client_leaves_the_answer_running(t):
    equal(gone_client(t, lambda client: client.signal(signal.SIGKILL)).code, 137, "status")


def test_a_hung_up_client_leaves_the_answer_running(t):
    equal(gone_client(t, lambda client: client.signal(signal.SIGHUP)).code, 129, "status")


def test_a_terminated_client_leaves_the_answer_running(t):
    equal(gone_client(t, lambda client: client.signal(signal.SIGTERM)).code, 143, "status")


@deadline(60)
def test_a_stopped_client_holds_nobody_up_and_misses_nothing(t):
    release = threading.Event()
    text = "".join(f"line {i:06d}\n" for i in range(200000))  # 2.4 MB: more than any buffer on the way

    def script(request, out):
        out.delta("begin\n")
        release.wait(120)
        for at in range(0, len(text), 20000):
            out.delta(text[at:at + 20000])
        out.finish()
    _, daemon = t.serve(script)
    client = t.start("ask", "hello")
    client.wait_out("begin")
    client.signal(signal.SIGSTOP)
    release.set()
    before = daemon.memory()
    eventually(lambda: t.rpc().call("turn.get", turn="last")["turn"]["state"] == "done", "the answer's end", 20)
    t.bounded(daemon.memory() - before, 24 << 10, "an answer of 2.4 MB and a stopped client")
    client.signal(signal.SIGCONT)
    equal(client.end(30).expect().text, "begin\n" + text, "what the client printed in the end")


@deadline(60)
def test_a_client_dropped_as_stuck_comes_back_where_it_was(t):
    release = threading.Event()
    text = "".join(f"line {i:06d}\n" for i in range(100000))

    def script(request, out):
        out.delta("begin\n")
        release.wait(120)
        for at in range(0, len(text), 20000):
            out.delta(text[at:at + 20000])
        out.finish()
    _, daemon = t.serve(script, config="stuck_timeout = 200ms\n")
    client = t.start("ask", "hello")
    client.wait_out("begin")
    client.signal(signal.SIGSTOP)
    release.set()
    eventually(lambda: "stuck" in daemon.log(), "the stuck client's end", 20)
    client.signal(signal.SIGCONT)
    equal(client.end(30).expect().text, "begin\n" + text, "what the client printed in the end")


@deadline(60)
def test_sigterm_lets_running_answers_end_within_the_grace(t):
    release = threading.Event()
    t.closers.append(release.set)
    _, daemon = t.serve(holds(release), config="shutdown_grace = 10s\n")
    client = t.start("ask", "hello")
    client.wait_out("first half, ")
    listening = t.rpc()
    daemon.process.send_signal(signal.SIGTERM)

    def refused():
        try:
            listening.call("ask", text="one more")
        except Exception as error:
            return getattr(error, "name", "closed")
        return None
    equal(eventually(refused, "the refusal of new questions"), "shutting_down", "error of an ask while stopping")
    release.set()
    equal(client.end().expect().text, "first half, second half\n", "the answer")
    equal(daemon.wait(), 0, "status of the daemon")


@deadline(60)
def test_sigterm_interrupts_what_outlives_the_grace(t):
    release = threading.Event()
    t.closers.append(release.set)
    _, daemon = t.serve(holds(release), config="shutdown_grace = 100ms\n")
    client = t.start("ask", "hello")
    client.wait_out("first half, ")
    daemon.stop()
    result = client.end()
    equal(result.code, 1, "status of the client")
    contains(result.out, b"first half, ")
    contains(result.err, "retry")
    rows = t.sql("SELECT output FROM steps WHERE type = 'assistant_message'")
    equal(rows, [{"output": "first half, "}], "the stored part")
    daemon.restart()
    equal(t.rpc().call("turn.get", turn="last")["turn"]["state"], "interrupted", "state")


def test_sighup_takes_over_the_new_backend_and_leaves_running_answers(t):
    release = threading.Event()
    t.closers.append(release.set)
    first, daemon = t.serve(holds(release))
    second = t.backend(says("from the second"))
    client = t.start("ask", "hello")
    client.wait_out("first half, ")
    daemon.reload(f"backend = {second.url}\n")
    eventually(lambda: t.run("status", "--json").json["backend"]["url"] == second.url, "the new address in status")
    equal(t.run("ask", "again").text, "from the second\n", "an answer after the reload")
    release.set()
    equal(client.end().expect().text, "first half, second half\n", "the answer that was running")
    daemon.reload("backend = not an address\n")
    eventually(lambda: "ragchat.conf:1" in daemon.log(), "a log line that names file and line")
    equal(t.run("ask", "again").text, "from the second\n", "an answer after a bad reload")


@deadline(60)
def test_six_asks_into_one_thread_are_answered_in_order(t):
    at_once, most, lock = [0], [0], threading.Lock()

    def script(request, out):
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        out.delta("answer to ")
        time.sleep(0.03)
        out.delta(question(request))
        with lock:
            at_once[0] -= 1
        out.finish()
    made, _ = t.serve(script)
    clients = [t.start("ask", "-t", "together", f"question {i}") for i in range(6)]
    for i, client in enumerate(clients):
        equal(client.end(30).expect().text, f"answer to question {i}\n", "answer")
    equal(most[0], 1, "answers of one thread at a time")
    turns = t.rpc().call("message.list", thread="together")["turns"]
    equal([turn["seq"] for turn in turns], [1, 2, 3, 4, 5, 6], "seq")
    equal(len(t.sql("SELECT id FROM threads")), 1, "threads")
    equal([turn["text"] for turn in turns], [f"answer to {turn['question']}" for turn in turns], "texts")
    for n, request in enumerate(made.chats):
        messages = [m for m in request.json["messages"] if m["role"] != "system"]
        equal([m["role"] for m in messages], ["user", "assistant"] * n + ["user"], f"roles of request {n + 1}")
        equal([m["content"] for m in messages[0::2]], [turn["question"] for turn in turns[:n + 1]], "questions sent")
        equal([m["content"] for m in messages[1::2]], [turn["text"] for turn in turns[:n]], "answers sent")


@deadline(60)
def test_max_running_makes_the_rest_wait_and_cancel_reaches_the_right_one(t):
    release = threading.Event()
    t.closers.append(release.set)
    made, _ = t.serve(holds(release), config="max_running = 2\nmax_queued = 3\n")
    rpc = t.rpc()
    asked = [rpc.call("ask", text=f"number {i}") for i in range(5)]
    rpc.fails("busy", "ask", text="one too many")
    eventually(lambda: len(made.chats) == 2, "two requests")
    live = rpc.call("turn.list", live=True)["turns"]
    equal(sorted(turn["state"] for turn in live), ["queued"] * 3 + ["streaming"] * 2, "states")
    equal(sorted(turn["position"] for turn in live if turn["state"] == "queued"), [1, 2, 3], "positions")
    contains(t.run("ps").text, "number 0", "number 4", "queued")
    check(rpc.call("cancel", turn=asked[3]["turn"])["state"] == "cancelled", "the reply to cancelling a queued one")
    release.set()
    states = [rpc.call("turn.wait", turn=one["turn"])["turn"]["state"] for one in asked]
    equal(states, ["done", "done", "done", "cancelled", "done"], "ends")
    equal(len(made.chats), 4, "requests in all")


@deadline(90)
def test_many_streams_at_once_stay_apart(t):
    def script(request, out):
        name = question(request)
        for i in range(40):
            out.delta(f"{name}:{i} ")
            time.sleep(0.002)
        out.finish()
    t.serve(script)
    rpc = t.rpc()
    streams = [(f"s{i}", rpc.ask(f"s{i}")[1]) for i in range(48)]
    for name, stream in streams:
        equal(rpc.finish(stream, 60).text, "".join(f"{name}:{i} " for i in range(40)), f"answer of {name}")


@deadline(90)
def test_64_asks_without_any_configuration_are_answered_from_the_documents(t):
    """No backend, no file, no folder: the documents answer, and they too make one daemon."""
    t.run("upload", t.h.path("shelf.md", "# Shelves\n\nThe red shelf holds 17 books.\n"))
    t.run("daemon", "stop")
    eventually(lambda: not t.adopted(), "the daemon's end")
    clients = [t.start("ask", "How many books does the red shelf hold?") for _ in range(64)]
    for client in clients:
        contains(client.end(60).expect().text, "17 books", "[1]")
    equal(len(t.adopted()), 1, "daemons")
    equal(len(t.sql("SELECT 1 FROM steps WHERE type = 'assistant_message' AND output LIKE '%17 books%'")), 64, "stored answers")
    equal(t.sql("SELECT count(*) AS n FROM ragchat_delta")[0]["n"], 0, "checkpoints left")
