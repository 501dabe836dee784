"""Large, small, odd and often: what the other stories leave at the edges."""
import json
import os
import signal
import socket
import threading
import time

from harness import check, contains, deadline, equal, eventually
from scripts import echo, fails, holds, in_turn, question, says, words


def last(t):
    return t.rpc().call("turn.get", turn="last")["turn"]


# ---- sizes ----

@deadline(60)
def test_the_longest_prompt_goes_through_and_one_byte_more_does_not(t):
    made, _ = t.serve(says("read it"))
    prompt = "\u00e9" * (480 << 10)  # 960 KiB in UTF-8
    equal(t.run("ask", stdin=prompt).text, "read it\n", "answer")
    equal(made.chats[0].json["messages"][-1]["content"], prompt, "what the backend got")
    equal(t.sql("SELECT output FROM steps WHERE type = 'user_message'")[0]["output"], prompt, "what is stored")
    result = t.run("ask", stdin=prompt + "x", code=65)
    contains(result.err, "960")
    equal(len(made.chats), 1, "requests")


@deadline(60)
def test_the_largest_answer_is_whole_and_a_larger_one_is_cut_and_said(t):
    limit = 8 << 20
    text = "".join(f"{i:07d}\n" for i in range(limit // 8))
    equal(len(text), limit, "length of the text")
    current = [text]
    t.serve(lambda request, out: says(current[0], step=60000)(request, out))
    equal(t.run("ask", "full", timeout=40).text, text, "eight MiB")
    current[0] = text + "one more"
    result = t.run("ask", "too much", code=1, timeout=40)
    check(len(result.out) <= limit + 1, "printed", len(result.out))
    equal((last(t)["state"], last(t)["error"]["name"]), ("failed", "answer_too_large"), "state")
    check(result.err.strip(), "not a word")


@deadline(60)
def test_one_event_of_many_megabytes_and_one_without_end(t):
    big = "w" * (5 << 20)

    def endless(request, out):
        out.delta("begin ")
        out.raw(b'data: {"choices":[{"delta":{"content":"')
        try:
            for _ in range(400):
                out.raw(b"x" * 65536)
        finally:
            current[0] = None
    current = [lambda request, out: (out.delta(big), out.finish())]
    _, daemon = t.serve(lambda request, out: current[0](request, out))
    equal(t.run("ask", "x").text, big + "\n", "one event of five MiB")
    current[0] = endless
    result = t.run("ask", "x", code=1)
    equal(result.text, "begin \n", "the part before")
    equal(last(t)["state"], "failed", "state")
    t.bounded(daemon.memory("VmHWM"), 100 << 10, "an event without end")


def test_bytes_that_are_no_text_become_replacement_characters(t):
    def script(request, out):
        out.raw(b'data: {"choices":[{"delta":{"content":"a\\u0000b"}}]}\n\n')
        out.raw(b'data: {"choices":[{"delta":{"content":"c\xff\xfed"}}]}\n\n')
        out.raw(b'data: {"choices":[{"delta":{"content":"e\\ud800f"}}]}\n\n')
        out.raw(b'data: {"choices":[{"delta":{"content":"g\\udc00"}}]}\n\n')
        out.finish()
    t.serve(script)
    text = t.run("ask", "--json", "x").json["text"]
    equal(text.replace("\ufffd\ufffd", "\ufffd"), "a\ufffdbc\ufffdde\ufffdfg\ufffd", "text")
    equal(t.sql("SELECT output FROM steps WHERE type = 'assistant_message'")[0]["output"], text, "stored")


def test_an_empty_answer_is_never_a_success(t):
    t.serve(lambda request, out: out.finish())
    result = t.run("ask", "--json", "x", code=None)
    equal((result.code, result.json["state"], result.json["text"]), (1, "failed", ""), "an answer of no words")
    equal(t.sql("SELECT output FROM steps WHERE type = 'assistant_message'")[0]["output"], "", "stored: never NULL")


# ---- names ----

def test_thread_names_are_anything_but_dangerous(t):
    t.serve(echo)
    for name in ("plain", "\u65e5\u672c\u8a9e", "with spaces and 'quotes\"", "a" * 500, "%s%n", "-"):
        one = t.run("ask", "--json", "-t", name, "x").json
        equal(t.run("ask", "--json", "-t", name, "y").json["thread"], one["thread"], f"the thread named {name[:20]!r} again")
    t.run("ask", "-t", "a" * 600, "x", code=2)
    t.run("ask", "red \x1b[31mname\x1b]0;evil\x07\nsecond line")
    out = t.run("ls").out
    check(b"\x1b" not in out and b"\x07" not in out, "control characters in ls:", out)
    contains(out.decode(), "name")
    check("second line" not in out.decode(), "a name of two lines:", out)
    rows = t.rpc().call("thread.list")["threads"]
    equal(len(rows), 7, "threads")


def test_titles_and_tags_are_kept(t):
    t.serve(echo)
    t.run("ask", "--title", "a title", "--tag", "red", "--tag", "blue", "x")
    row = t.rpc().call("thread.get", thread="a title")["thread"]
    equal((row["name"], sorted(row["tags"])), ("a title", ["blue", "red"]), "thread")
    equal(t.sql("SELECT tags FROM threads")[0]["tags"] in (None, '["red", "blue"]'), True, "tags as Chainlit may read them")


# ---- the way out ----

def test_an_output_file_appears_whole_or_not_at_all(t):
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release))
    path = t.h.path("out.md", "what was there before")
    client = t.start("ask", "-o", path, "hello")
    eventually(lambda: [turn for turn in t.rpc().call("turn.list", live=True)["turns"] if turn["length"]], "text")
    with open(path, encoding="utf-8") as f:
        equal(f.read(), "what was there before", "the file while the answer runs")
    release.set()
    client.end().expect()
    with open(path, encoding="utf-8") as f:
        equal(f.read(), "first half, second half", "the file")
    equal([name for name in os.listdir(os.path.dirname(path)) if "part" in name], [], "files left")


def test_failures_are_told_in_jsonl_before_done(t):
    def script(request, out):
        out.delta("so far")
        out.event({"error": {"message": "it broke"}})
    t.serve(script)
    lines = t.run("ask", "--jsonl", "x", code=1).lines
    kinds = [line["event"] for line in lines]
    equal(kinds[-2:], ["error", "done"], "the last two events")
    contains(lines[-2]["message"], "it broke")
    equal((lines[-1]["state"], lines[-1]["length"]), ("failed", 6), "done")


# ---- the log ----

def test_a_backend_cannot_forge_log_lines(t):
    t.serve(fails(500, {"error": {"message": "x\n2026-01-01T00:00:00.000Z info server: all is well \x1b[2J\x1b[31m"}}), config="retries = 0\n")
    result = t.run("ask", "x", code=1)
    check("\x1b" not in result.err and result.err.count("\n") == 1, "stderr:", repr(result.err))
    log = t.daemons[0].log()
    check("\x1b" not in log, "ESC in the log")
    check(not [line for line in log.splitlines() if line.startswith("2026-01-01T")], "a forged line in the log")


# ---- connections to the backend ----

def test_a_connection_the_backend_has_closed_meanwhile_is_no_error(t):
    closed = threading.Semaphore(0)

    def script(request, out):
        says("fine")(request, out)
        request.link.shutdown(socket.SHUT_RDWR)
        closed.release()
    made, _ = t.serve(script, config="retries = 0\n")
    for _ in range(8):
        equal(t.run("ask", "x").text, "fine\n", "answer")
        check(closed.acquire(timeout=120), "it was not closed")
    equal(len(made.chats), 8, "requests: none twice")


def test_retry_after_as_a_date_in_the_past_and_far_away(t):
    made, _ = t.serve(in_turn(fails(429, "x", {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}), says("fine"),
                              fails(503, "x", {"Retry-After": "9999"})), config="retry_max = 300ms\n")
    began = time.monotonic()
    equal(t.run("ask", "x").text, "fine\n", "an answer after a date in the past")
    contains(t.run("ask", "x", code=75).err, "backend:", "503", "later")
    check(time.monotonic() - began < 20, "it took", time.monotonic() - began)
    equal(len(made.chats), 3, "requests: none before the time the backend named")


def test_early_hints_and_trailers_are_passed_over(t):
    def script(request, out):
        out.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        out.start(headers={"Trailer": "X-Sum"})
        out.delta("fine")
        out.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        out.raw(b"data: [DONE]\n\n")
        out.ended = True
        out.send(b"0\r\nX-Sum: 1\r\n\r\n")
    t.serve(script)
    equal(t.run("ask", "x").text, "fine\n", "answer")
    equal(t.run("ask", "x").text, "fine\n", "answer on the same connection")


def test_an_ipv6_backend(t):
    listener = socket.socket(socket.AF_INET6)
    try:
        listener.bind(("::1", 0))
    except OSError:
        t.skip("no IPv6 loopback here")
    listener.close()
    made = t.backend(says("six"), host="::1")
    t.daemon(f"backend = {made.url}\n")
    equal(t.run("ask", "x").text, "six\n", "answer")


# ---- stopping in every phase ----

@deadline(60)
def test_sigterm_ends_every_phase_in_time(t):
    stop = threading.Event()
    t.closers.append(stop.set)

    def silent(request, out):
        stop.wait(60)
    phases = {
        "waiting for the first byte": (silent, ""),
        "waiting to try again": (fails(503, "x", {"Retry-After": "30"}), "retry_max = 60s\n"),
        "queued": (holds(stop), "max_running = 1\n"),
    }
    for name, (script, config) in phases.items():
        made = t.backend(script)
        daemon = t.daemon(f"backend = {made.url}\n{config}")
        rpc = t.rpc()
        asked = [rpc.call("ask", text=name)["turn"] for _ in range(2)]
        eventually(lambda made=made: made.chats, "a request")
        began = time.monotonic()
        daemon.stop()
        check(time.monotonic() - began < 10, f"SIGTERM while {name} took", time.monotonic() - began)
        daemon.start()
        states = [t.rpc().call("turn.get", turn=turn)["turn"]["state"] for turn in asked]
        equal(states, ["interrupted"] * 2, f"states after SIGTERM while {name}")
        daemon.stop()


def test_a_client_killed_in_mid_upload_leaves_nothing(t):
    t.daemon("")
    rpc = t.rpc()
    upload = rpc.call("doc.begin", name="half.txt")["upload"]
    rpc.call("doc.chunk", upload=upload, off=0, data=b"the word is xylophone\n")
    rpc.close()
    eventually(lambda: t.rpc().call("status")["connections"]["uploads"] == 0, "the upload's end")
    equal(t.rpc().call("doc.list")["documents"], [], "documents")
    made = t.backend(echo)
    t.daemons[-1].stop()
    t.daemon(f"backend = {made.url}\n")
    rpc = t.rpc()
    upload = rpc.call("doc.begin", name="half.bin")["upload"]
    rpc.call("doc.chunk", upload=upload, off=0, data=b"x" * 200000)
    rpc.close()
    eventually(lambda: t.rpc().call("status")["connections"]["uploads"] == 0, "the upload's end")
    equal(made.uploads, [], "uploads the backend took as whole")


# ---- a retry's rules ----

def test_retries_of_retries_and_of_running_turns(t):
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(in_turn(holds(release), says("two"), says("three")))
    rpc = t.rpc()
    first = rpc.call("ask", text="x", thread="t", create=True)
    rpc.fails("conflict", "turn.retry", turn=first["turn"])
    release.set()
    rpc.call("turn.wait", turn=first["turn"])
    second = rpc.call("turn.retry", turn=first["turn"])
    rpc.call("turn.wait", turn=second["turn"])
    third = rpc.call("turn.retry", turn=second["turn"])
    rpc.call("turn.wait", turn=third["turn"])
    turns = rpc.call("message.list", thread="t")["turns"]
    equal([turn["text"] for turn in turns], ["first half, second half", "two", "three"], "answers")
    equal([turn["question"] for turn in turns], ["x"] * 3, "questions")
    equal(len({turn["thread"] for turn in turns}), 1, "threads")
    rpc.fails("not_found", "turn.retry", turn="ffff0000")


def test_after_a_retry_the_context_has_the_newer_answer_only(t):
    made, _ = t.serve(in_turn(says("old"), says("new"), echo))
    t.run("ask", "-t", "t", "one")
    t.run("retry")
    t.run("ask", "-t", "t", "two")
    sent = [(m["role"], m["content"]) for m in made.chats[-1].json["messages"] if m["role"] != "system"]
    equal(sent, [("user", "one"), ("assistant", "new"), ("user", "two")], "messages")


# ---- often ----

@deadline(90)
def test_a_thousand_answers_leave_no_memory_and_no_descriptors_behind(t):
    _, daemon = t.serve(echo)

    def rounds(n):
        rpc = t.rpc()
        for at in range(0, n, 25):
            streams = [rpc.ask(f"number {at + i} " + "x" * 200)[1] for i in range(25)]
            for stream in streams:
                rpc.finish(stream)
            rpc.streams.clear()
        rpc.close()
    rounds(200)
    t.alone()
    before, fds = daemon.memory(), daemon.descriptors()
    rounds(10000 if t.torture else 800)
    t.alone()
    t.bounded(daemon.memory() - before, 3 << 10, "800 answers")
    # idle connections to the backend are kept, as many as answers met: on a busy machine up to all 25
    eventually(lambda: daemon.descriptors() <= fds + 25 + 3, "the descriptors' return")


@deadline(60)
def test_status_and_lists_answer_while_everything_hangs(t):
    stop = threading.Event()
    t.closers.append(stop.set)
    t.serve(lambda request, out: stop.wait(120))
    rpc = t.rpc()
    for i in range(200):
        rpc.call("ask", text=f"hanging {i}")
    for verb in (["status"], ["ls"], ["ps"], ["last"], ["docs", "ls"]):
        began = time.monotonic()
        t.run(*verb, code=None)
        check(time.monotonic() - began < 10, verb, "took", time.monotonic() - began)
    equal(len(rpc.call("turn.list", live=True, limit=200)["turns"]), 200, "running answers")


@deadline(60)
def test_signals_in_a_storm_do_no_harm(t):
    _, daemon = t.serve(words(100, 0.003))
    client = t.start("ask", "x")
    for i in range(60):
        daemon.process.send_signal((signal.SIGHUP, signal.SIGPIPE, signal.SIGCONT)[i % 3])
        time.sleep(0.003)
    equal(client.end().expect().text, "".join(f"w{i:05d} " for i in range(100)) + "\n", "the answer")
    equal(json.loads(t.run("status", "--json").out)["server"]["pid"], daemon.pid, "the daemon")


def test_unknown_fields_are_ignored_everywhere(t):
    made, _ = t.serve(lambda request, out: says("fine " + question(request))(request, out))
    rpc = t.rpc()
    reply = rpc.call("ask", text="x", future={"deep": [1, 2, {"x": None}]}, stream=False, big=2 ** 63, small=-2 ** 63, real=1e300)
    equal(rpc.call("turn.wait", turn=reply["turn"], more=1)["turn"]["text"], "fine x", "answer")
    equal(len(made.chats), 1, "requests")
