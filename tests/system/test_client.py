"""The client by itself, against a daemon made of a script: what it sends, prints, says and exits with."""
import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import threading
import time

import mp
from fake_daemon import THREAD, TURN, FakeDaemon
from harness import check, contains, deadline, equal, eventually

WAYS = ([], ["--json"], ["--jsonl"], ["--no-stream"])
QUESTION = "what is it?"


def fake(t, **handlers):
    """A scripted daemon; handlers by method, a dot as two underscores."""
    made = FakeDaemon(os.path.join(t.h.dir, "run", "fake"))
    made.on.update({name.replace("__", "."): handler for name, handler in handlers.items()})
    t.h.env["RAGCHAT_SOCKET"] = made.path
    t.closers.append(made.close)
    return made


def answers(text, **done):
    return lambda call: call.accept().delta(text).done(**done)


def turn_map(**fields):
    return dict(dict(turn=TURN, thread=THREAD, name="a thread", seq=1, state="done", question=QUESTION, text="hello",
                     length=5, sources=[], quotes=[]), **fields)


# ---- the wire ----

def test_hello_and_the_first_request_leave_in_one_write(t):
    made = fake(t, status=lambda call: call.reply(server={"pid": 7}))
    contains(t.run("status").text, "pid", "7")
    unpacker = mp.Unpacker()
    unpacker.feed(made.connections[0].first)
    equal([message[2] for message in unpacker], ["hello", "status"], "messages of the first write")
    equal(made.sent("hello")[0]["protocol"], [1, 1], "protocol")


def test_no_common_version_and_nonsense_are_76(t):
    made = fake(t)
    made.on["hello"] = lambda call: call.fail("unsupported_version", "this server speaks 7", data={"min": 7, "max": 7})
    contains(t.run("status", code=76).err, "daemon: this server speaks 7")
    for data in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xc1", b"\x94\x01\x02\xc0\xdd\xff\xff\xff\xff",
                 mp.packb([1, 1, None]), mp.packb({"hello": 1})):
        made.on["hello"] = lambda call, data=data: call.raw(data)
        check(t.run("status", code=76).err.startswith("ragchat: "), "words")
    made.on["hello"] = lambda call: call.reply(protocol=2)
    check(t.run("status", code=76).err.startswith("ragchat: "), "words")
    made.on["hello"] = lambda call: call.send([2, "server", [{"kind": "protocol_error", "name": "too deep"}]]).close()
    contains(t.run("status", code=76).err, "too deep")


def test_errors_of_every_kind_have_their_status_and_say_who_failed(t):
    made = fake(t)
    table = [("bad_params", 2, "daemon: "), ("not_found", 3, "daemon: "), ("forbidden", 77, "daemon: "), ("busy", 75, "daemon: "),
             ("conflict", 75, "daemon: "), ("too_large", 65, "daemon: "), ("upstream_error", 1, "backend: "),
             ("upstream_unreachable", 69, "backend: "), ("upstream_refused", 77, "backend: "),
             ("upstream_busy", 75, "backend: "), ("not_configured", 78, "daemon: ")]
    for name, code, who in table:
        made.on["model.list"] = made.on["ask"] = lambda call, name=name: call.fail(name, "because \x1b[31mof this")
        for words in (["models"], ["ask", QUESTION]):
            equal(t.run(*words, code=code).err, who + "because \u241b[31mof this\n", f"stderr for {name}")
        refused = t.run("ask", "--json", QUESTION, code=code).json
        equal((refused["state"], refused["error"]["name"]), (None, name), "--json")
        refused = t.run("ask", "--jsonl", QUESTION, code=code).lines
        equal([(line["event"], line["name"]) for line in refused], [("error", name)], "--jsonl")
    made.on["turn.get"] = lambda call: call.fail("ambiguous", "two threads", data={"candidates": [
        {"id": "aaaa1111-2222", "name": "first\x07"}, {"id": "aaaa1111-3333", "name": "second"}]})
    contains(t.run("show", "x:1", code=3).err, "aaaa1111-2222", "first\u2407", "aaaa1111-3333", "second")


def test_how_an_answer_ended_is_the_status_in_every_mode(t):
    made = fake(t, turn__get=lambda call: call.reply(turn=turn_map()))

    def failed(name, code):
        return lambda call: call.accept().delta("a part").event("error", code=code, name=name, message="cause") \
            .done(state="failed", finish_reason=None)
    table = [
        (answers("whole"), 0, ""), (answers("whole", finish_reason="tool_calls"), 0, ""),
        (answers("whole", finish_reason="length"), 1, "backend: "), (answers("whole", finish_reason="content_filter"), 1, "backend: "),
        (lambda call: call.accept().delta("x").event("notice", name="suspected_error", text="[Error: 5]").done(), 1, "backend: "),
        (failed("upstream_error", 12), 1, "backend: cause"), (failed("upstream_unreachable", 21), 69, "backend: cause"),
        (failed("upstream_refused", 22), 77, "backend: cause"), (failed("upstream_busy", 23), 75, "backend: cause"),
        (failed("no_space", 18), 75, "daemon: cause"), (failed("from_the_future", 999), 1, "daemon: cause"),
        (answers("part", state="interrupted"), 1, "daemon: "), (answers("part", state="cancelled"), 130, "ragchat: "),
        (answers("all of it", found=False), 0, ""),
    ]
    for number, (script, code, words) in enumerate(table):
        made.on["ask"] = made.on["attach"] = made.on["turn.retry"] = script
        for verb in (["ask", QUESTION], ["attach", TURN], ["retry"]):
            for way in WAYS:
                result = t.run(*verb, *way, code=code)
                check(result.err.startswith(words) and bool(result.err) == bool(words), number, verb, way, result.err)
                if way == ["--json"]:
                    check(result.json["state"], "no state in", result.json)


# ---- what is printed ----

def test_pieces_are_printed_as_they_come_and_one_newline_ends_them(t):
    go = threading.Event()

    def story(call):
        call.accept().delta("first ")
        go.wait(120)
        call.delta("second").done()
    made = fake(t, ask=lambda call: call.later(story))
    client = t.start("ask", QUESTION)
    client.wait_out("first ")
    go.set()
    equal(client.end().expect().out, b"first second\n", "output")
    go.clear()
    client = t.start("ask", "--no-stream", QUESTION)
    eventually(lambda: len(made.sent("ask")) == 2, "the second ask")
    time.sleep(0.3)
    equal(bytes(client.out), b"", "--no-stream before the end")
    go.set()
    equal(client.end().expect().out, b"first second\n", "--no-stream")


def test_one_object_has_every_field_also_when_unknown(t):
    fake(t, ask=lambda call: call.accept().reasoning("hm").delta("Yes [1].").event("citation", source={"n": 1, "path": "a.md"})
         .event("usage", usage={"completion_tokens": 3}).done(found=True, coverage=0.75),
         turn__get=lambda call: call.reply(turn=turn_map(quotes=[{"n": 1, "text": "so it is"}], sources=[{"n": 1, "path": "a.md"}])))
    equal(t.run("ask", "--json", QUESTION).json,
          {"thread": THREAD, "turn": TURN, "state": "done", "finish_reason": "stop", "found": True, "coverage": 0.75,
           "text": "Yes [1].", "reasoning": "hm", "quotes": [{"n": 1, "text": "so it is"}],
           "sources": [{"n": 1, "path": "a.md"}], "marks": [], "passages": [], "usage": {"completion_tokens": 3}, "error": None},
          "--json")
    equal(t.run("ask", QUESTION).out, b"Yes [1].\n", "citations in a pipe")
    equal(t.run("ask", "--citations", "end", QUESTION).text, "Yes [1].\n\nSources:\n[1] a.md\n", "citations end")
    contains(t.run("ask", "-u", QUESTION).err, "completion_tokens")


def test_lines_of_json_are_the_events_in_their_order(t):
    fake(t, ask=lambda call: call.accept().event("status", text="searching").reasoning("hm").delta("a\u2028").delta("b")
         .event("news", of="the future").event("error", code=12, name="upstream_error", message="oh").done(state="failed"))
    lines = t.run("ask", "--jsonl", QUESTION, code=1)
    check(b"\xe2\x80\xa8" not in lines.out, "U+2028 in the lines")
    lines = lines.lines
    equal([line["event"] for line in lines], ["accepted", "status", "reasoning", "delta", "delta", "news", "error", "done"], "events")
    equal((lines[0]["thread"], lines[0]["turn"]), (THREAD, TURN), "ids")
    equal([(line["off"], line["text"]) for line in lines if line["event"] == "delta"], [(0, "a\u2028"), (4, "b")], "deltas")
    equal((lines[-1]["state"], lines[-1]["length"]), ("failed", 5), "done")


def test_a_file_gets_its_name_when_the_answer_is_complete(t):
    made = fake(t, ask=answers("\x1b[1mexact"))
    path = t.h.path("answer.md", "older")
    equal(t.run("ask", "-o", path, QUESTION).out, b"", "stdout")
    with open(path, "rb") as f:
        equal(f.read(), b"\x1b[1mexact", "the file")
    made.on["ask"] = answers("half", state="interrupted")
    contains(t.run("ask", "-o", path, QUESTION, code=1).err, path + ".part")
    with open(path + ".part", "rb") as f:
        equal(f.read(), b"half", "the part")
    with open(path, "rb") as f:
        equal(f.read(), b"\x1b[1mexact", "the file after a failure")
    made.on["ask"] = answers("", state="interrupted")
    t.run("ask", "-o", path, QUESTION, code=1)
    check(not os.path.exists(path + ".part"), "an empty .part stays")
    t.run("ask", "-o", "/no/such/folder/x", QUESTION, code=73)
    equal(len(made.sent("ask")), 3, "an ask went out although its output could not be written")
    made.on["ask"] = answers("piped")
    equal(t.run("ask", "-o", "-", QUESTION).out, b"piped\n", "-o -")


def test_long_answers_are_shown_whole(t):
    long = "0123456789abcde\n" * 40000
    made = fake(t, turn__get=lambda call: call.reply(turn=turn_map(text=long[:1 << 18], length=len(long))))

    def attach(call):
        call.reply(turn=TURN, thread=THREAD, state="done", off=call.params["off"]).at(long[:call.params["off"]])
        for i in range(call.params["off"], len(long), 1 << 16):
            call.delta(long[i:i + (1 << 16)])
        call.done()
    made.on["attach"] = attach
    equal(t.run("last").text, long, "last")
    equal(t.run("show", "x:1", "--json").json["text"], long, "show --json")
    equal(made.sent("attach")[0]["off"], 1 << 18, "where the rest begins")


def test_threads_are_shown_page_by_page_and_a_turn_by_its_own(t):
    def pages(call):
        if call.params["thread"] not in ("work", THREAD):
            call.fail("not_found", "no such thread")
            return
        first = turn_map(question="q1", text="a1", length=2)
        second = turn_map(question="q2", text="a2", length=2, state="failed",
                          error={"code": 12, "name": "upstream_error", "message": "out of luck"})
        thread = {"thread": THREAD, "name": "work", "turns": 2}
        if call.params.get("branch"):
            call.reply(thread=thread, turns=[first if "from" in call.params else second], **({} if "from" in call.params else {"earlier": "q1"}))
        elif call.params["after"] == 0:
            call.reply(thread=thread, turns=[first], next=1)
        else:
            call.reply(thread=thread, turns=[second])
    made = fake(t, message__list=pages, turn__get=lambda call: call.reply(turn=turn_map(
        text="one [1]", length=7, sources=[{"n": 1, "path": "a.md", "line": 4, "cited": True, "quote": "two\nlines"}])))
    equal(t.run("show", "work").text, "# work\n\n## Question\n\nq1\n\n## Answer\n\na1\n\n## Question\n\nq2\n\n## Answer\n\na2\n\n"
          "(failed: out of luck)\n", "a thread")
    equal([turn["text"] for turn in t.run("show", "work", "--json").json["turns"]], ["a1", "a2"], "--json")
    equal(made.sent("message.list")[1]["thread"], THREAD, "the second page")
    one = "# a thread\n\n## Question\n\nwhat is it?\n\n## Answer\n\none [1]\n\n### Sources\n\n- [1] a.md:4\n    \"two lines\"\n"
    for ref in ("work:1", "0a1b"):
        equal(t.run("show", ref).text, one, ref)
    folder = os.path.join(t.h.dir, "home")
    equal([t.run("export", "--format", "md").text for _ in range(2)], ["response.md\n", "response-2.md\n"], "names")
    for name in ("response.md", "response-2.md"):
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            equal(f.read(), one, name)
    equal(t.run("export", "--thread", "-o", "-", "--format", "txt", "work").text.splitlines()[0], "work", "txt")
    t.run("export", "-o", "x.doc", code=2)


def test_lists_page_until_they_have_enough(t):
    def threads(call):
        first = int(call.params.get("before", 0))
        rows = [{"thread": f"{i:08x}-aaaa", "name": f"name {i}\x1b\n", "updated": "2020-01-02T03:04:05.000000Z", "turns": i}
                for i in range(first, first + min(call.params["limit"], 150))]
        call.reply(threads=rows, next=str(first + len(rows)))
    made = fake(t, thread__list=threads)
    lines = t.run("ls", "-n", "200").text.splitlines()
    equal((len(lines), lines[7].split()), (200, ["00000007", "2020-01-02", "7", "name", "7\u241b"]), "rows")
    equal([params["limit"] for params in made.sent("thread.list")], [200, 50], "limits")
    equal(len(t.run("ls", "--json", "-n", "3").json["threads"]), 3, "--json")
    t.run("ls", "-n", "0", code=2)


# ---- connections that break ----

def test_a_broken_connection_is_taken_up_at_its_byte(t):
    def ask(call):
        call.accept().event("status", text="one").delta("h\u00e4lf ").close()

    def attach(call):
        call.reply(turn=TURN, thread=THREAD, state="streaming", off=call.params["off"])
        call.event("status", text="one").delta("h\u00e4lf and ").delta("half").done()  # from the beginning: more than was asked for
    made = fake(t, ask=ask, attach=attach)
    for way in ([], ["--no-stream"]):
        equal(t.run("ask", *way, QUESTION).text, "h\u00e4lf and half\n", "output")
    equal([made.sent("attach")[0][key] for key in ("turn", "off", "roff", "ev")], [TURN, 6, 0, 1], "where it went on")
    lines = t.run("ask", "--jsonl", QUESTION).lines
    equal([line["event"] for line in lines], ["accepted", "status", "delta", "delta", "delta", "done"], "events, none twice")
    equal("".join(line.get("text", "") for line in lines if line["event"] == "delta"), "h\u00e4lf and half", "pieces")


def test_a_question_sent_twice_has_one_key(t):
    made = fake(t)
    made.on["ask"] = lambda call: call.close() if len(made.sent("ask")) < 2 else call.accept(dup=True).delta("once").done()
    equal(t.run("ask", QUESTION).text, "once\n", "output")
    equal(len({params["key"] for params in made.sent("ask")}), 1, "keys of two sendings")
    t.run("ask", QUESTION)
    equal(len({params["key"] for params in made.sent("ask")}), 2, "keys of two questions")


@deadline(60)
def test_a_daemon_that_ended_leaves_a_part_and_names_retry(t):
    made = fake(t)

    def ask(call):
        call.accept().delta("a part")
        made.instance = "second"
        call.close()
    made.on["ask"], made.on["attach"] = ask, lambda call: call.fail("bad_params", "off is past the end")
    for way in WAYS[:3]:
        made.instance = "first"
        result = t.run("ask", *way, QUESTION, code=1)
        contains(result.err, "daemon: ", "ragchat retry " + TURN[:8])
        contains(result.text, "a part")
    equal(result.lines[-1]["name"], "interrupted", "the last line")
    made.on["attach"] = lambda call: call.reply(turn=TURN, off=6).at("a part").delta(" more").done(state="interrupted")
    made.instance = "first"
    equal(t.run("ask", QUESTION, code=1).text, "a part more\n", "what was stored is printed")
    made.on["ask"] = lambda call: call.accept().delta("a part") and made.close()
    began = time.monotonic()
    result = t.run("ask", QUESTION, code=1)
    contains(result.err, "ragchat retry " + TURN[:8])
    check(9 < time.monotonic() - began < 15, "it tried for", time.monotonic() - began)


def test_what_differs_from_the_stored_answer_is_said(t):
    made = fake(t)
    for script in (lambda call: call.accept().delta("abc").done(sha256="0" * 64), lambda call: call.accept().delta("abc").done(length=4),
                   lambda call: call.accept().delta("abc").note("delta", off=9, text="xyz").done()):
        made.on["ask"] = script
        contains(t.run("ask", QUESTION, code=1).err, "not the stored answer")
    made.on["attach"] = lambda call: call.reply(turn=TURN, off=2).at("ab").delta("c").done()
    equal(t.run("attach", "--from", "2", TURN).text, "c\n", "--from")
    equal(made.sent("attach")[0], {"turn": TURN, "off": 2}, "attach")


def test_a_daemon_on_its_way_out_is_waited_for_and_a_full_one_named(t):
    made = fake(t)
    made.on["status"] = lambda call: call.fail("shutting_down") if len(made.sent("status")) < 3 else call.reply(server={"pid": 5})
    contains(t.run("status").text, "5")
    made.on["status"] = lambda call: call.fail("shutting_down", "the daemon is stopping")
    t.run("status", code=75)
    made.on["hello"] = lambda call: call.send([2, "server", [{"kind": "closing", "reason": "too_many"}]]).close()
    contains(t.run("status", code=75).err, "too_many")


def test_a_stranger_at_the_socket_hears_nothing(t):
    if os.geteuid() != 0:
        t.skip("needs root to be somebody else")
    path = os.path.join(t.h.dir, "run", "strange")
    os.chmod(t.dir, 0o711)
    os.chmod(t.h.dir, 0o711)
    os.chmod(os.path.join(t.h.dir, "run"), 0o777)
    ready, wake = os.pipe()
    child = os.fork()
    if not child:
        os.setuid(12345)
        made = FakeDaemon(path)
        os.write(wake, b"r")
        time.sleep(10)
        os._exit(1 if made.requests else 0)
    os.read(ready, 1)
    t.closers.append(lambda: (os.kill(child, signal.SIGKILL), os.waitpid(child, 0)))
    contains(t.run("-S", path, "status", code=77).err, "12345")


# ---- signals and times ----

def waiting(t, cancelled=True):
    """An answer that stops in the middle; cancel ends it."""
    def cancel(call):
        call.reply(turn=TURN, state="cancelled")
        if cancelled:
            call.at("the first part").done(state="cancelled")
    return fake(t, ask=lambda call: call.accept().delta("the first part"), cancel=cancel, turn__retry=lambda call: call.accept().delta("the first part"),
                attach=lambda call: call.reply(turn=TURN, off=0, state="streaming").delta("the first part"),
                turn__wait=lambda call: None)


def test_ctrl_c_cancels_what_was_asked_and_leaves_what_was_joined(t):
    made = waiting(t)
    for verb in (["ask", QUESTION], ["retry"]):
        client = t.start(*verb)
        client.wait_out("first part")
        client.signal(signal.SIGINT)
        result = client.end()
        equal((result.code, result.out), (130, b"the first part\n"), f"{verb}")
        contains(result.err, "ragchat: cancelled")
    equal(made.sent("cancel"), [{"turn": TURN}] * 2, "cancels")
    client = t.start("attach", TURN)
    client.wait_out("first part")
    client.signal(signal.SIGINT)
    equal(client.end().code, 130, "attach")
    client = t.start("wait", TURN)
    eventually(lambda: made.sent("turn.wait"), "the wait")
    client.signal(signal.SIGINT)
    equal(client.end().code, 130, "wait")
    equal(len(made.sent("cancel")), 2, "cancels after attach and wait")


def test_ctrl_c_before_the_reply_cancels_when_it_comes(t):
    go = threading.Event()

    def story(call):
        go.wait(120)
        call.accept().delta("x")
    made = waiting(t)
    made.on["ask"] = lambda call: call.later(story)
    made.on["cancel"] = lambda call: call.reply(turn=TURN, state="cancelled").at("x").done(state="cancelled")
    client = t.start("ask", QUESTION)
    eventually(lambda: made.sent("ask"), "the ask")
    client.signal(signal.SIGINT)
    time.sleep(0.1)
    go.set()
    equal(client.end().code, 130, "status")
    equal(len(made.sent("cancel")), 1, "cancels")


def test_an_end_that_does_not_come_is_waited_for_two_seconds(t):
    made = waiting(t, cancelled=False)
    client = t.start("ask", QUESTION)
    client.wait_out("first part")
    began = time.monotonic()
    client.signal(signal.SIGINT)
    result = client.end()
    equal((result.code, result.out), (130, b"the first part\n"), "status and output")
    check(1.5 < time.monotonic() - began < 10, "it took", time.monotonic() - began)
    client = t.start("ask", QUESTION)
    client.wait_out("first part")
    client.signal(signal.SIGINT)
    eventually(lambda: len(made.sent("cancel")) == 2, "the cancel")  # two signals at once are one
    began = time.monotonic()
    client.signal(signal.SIGINT)
    equal(client.end().code, 130, "status after two")
    check(time.monotonic() - began < 1.5, "the second Ctrl-C took", time.monotonic() - began)


def waits_in(pipe):
    """Bytes that nobody has read yet."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def test_ctrl_c_reaches_the_daemon_while_the_reader_is_stuck(t):
    stop = threading.Event()
    t.closers.append(stop.set)

    def story(call):
        call.accept()
        while not stop.is_set():
            call.delta("a line that fills the pipe\n" * 400)
    made = waiting(t)
    made.on["ask"] = lambda call: call.later(story)
    made.on["cancel"] = lambda call: (stop.set(), call.reply(turn=TURN, state="cancelled"))
    client = t.start("ask", QUESTION, unread=True)
    eventually(lambda: waits_in(client.process.stdout) > 60000, "a full pipe")
    with open(f"/proc/{client.pid}/status", encoding="ascii") as f:
        size = int([line for line in f if line.startswith("VmRSS")][0].split()[1])
    check(t.sanitizer or size < 6000, "the client holds", size, "KiB")
    client.signal(signal.SIGINT)
    eventually(lambda: made.sent("cancel"), "the cancel")
    equal(client.end().code, 130, "status")


def test_other_signals_and_gone_readers_leave_the_answer_alone(t):
    made = waiting(t)
    for number, code in ((signal.SIGTERM, 143), (signal.SIGHUP, 129)):
        client = t.start("ask", QUESTION)
        client.wait_out("first part")
        client.signal(number)
        equal(client.end().code, code, f"status after {number}")
    go = threading.Event()

    def story(call):
        call.accept().delta("x" * 10)
        go.wait(120)
        call.delta("y" * 10)
    made.on["ask"] = lambda call: call.later(story)
    client = t.start("ask", QUESTION, unread=True)
    os.read(client.process.stdout.fileno(), 1)
    client.process.stdout.close()
    go.set()
    result = client.end()
    equal((result.code, result.err), (141, ""), "status and words after a closed pipe")
    made.on["status"] = lambda call: call.reply(server={f"key {i}": "b" * 100 for i in range(3000)})
    reading, writing = os.pipe()
    os.close(reading)
    client = t.start("status", stdout=writing)
    os.close(writing)
    equal(client.end().code, 141, "status of a list into a closed pipe")
    equal(made.sent("cancel"), [], "cancels")


def test_a_time_limit_cancels_an_ask_and_only_leaves_a_wait(t):
    made = waiting(t)
    for client in [t.start("ask", "--timeout", "2", *way, QUESTION) for way in WAYS]:
        result = client.end().expect(124)
        contains(result.err, "--timeout")
        contains(result.text, "the first part")
    equal(len(made.sent("cancel")), len(WAYS), "cancels")
    t.run("wait", "--timeout", "0.2", TURN, code=124)
    t.run("attach", "--timeout", "0.2", TURN, code=124)
    equal(len(made.sent("cancel")), len(WAYS), "cancels after wait and attach")
    for bad in ("x", "0", "-1", "", "1y", "1.2.3"):
        t.run("ask", "--timeout", bad, QUESTION, code=2)


def test_wait_ends_as_the_answer_did(t):
    made = fake(t)
    for fields, code in (({}, 0), ({"state": "failed", "error": {"code": 21, "name": "upstream_unreachable", "message": "no"}}, 69),
                         ({"state": "cancelled"}, 130), ({"state": "interrupted"}, 1), ({"finish_reason": "length"}, 1),
                         ({"notices": [{"name": "suspected_error", "text": "x"}]}, 1)):
        made.on["turn.wait"] = lambda call, fields=fields: call.reply(turn=turn_map(**fields))
        equal(t.run("wait", TURN, code=code).out, b"", "output")
        equal(t.run("wait", "--json", TURN, code=code).json["turn"], TURN, "--json")


# ---- questions ----

def test_what_makes_up_a_question(t):
    made = fake(t, ask=answers("ok"))

    def asked(*args, **more):
        t.run("ask", *args, **more)
        return made.sent("ask")[-1]["text"]
    equal(asked("two", "words"), "two words", "words")
    equal(asked(stdin="from stdin\n"), "from stdin", "stdin alone")
    equal(asked("-", stdin="a\nb\n\n"), "a\nb\n", "-")
    equal(asked("explain", stdin="int x;\n"), "explain\n\n<stdin>\nint x;\n</stdin>", "both")
    equal(asked("explain", stdin="int x;"), "explain\n\n<stdin>\nint x;\n</stdin>", "both, no newline")
    equal(asked("explain", stdin=""), "explain", "empty stdin")
    equal(asked("--no-stdin", "explain", stdin="left alone"), "explain", "--no-stdin")
    path = t.h.path("a.c", "x ```` y\n")
    equal(asked("look", "-f", "a.c", stdin="z"), "look\n\n`````a.c\nx ```` y\n`````\n\n<stdin>\nz\n</stdin>", "a file")
    equal(asked("-f", path), f"`````{path}\nx ```` y\n`````\n", "a file alone")
    equal(asked("--", "-x"), "-x", "after --")
    equal(asked(stdin=b"x" * 983040), "x" * 983040, "the longest")
    for stdin, words in ((b"bad \xff", "UTF-8"), (b"nul \0", "NUL"), (b"x" * 983041, "983040"), (b"cut \xe2\x82", "UTF-8")):
        contains(t.run("ask", stdin=stdin, code=65).err, "ragchat: ", words)
    contains(t.run("ask", "-f", "missing.c", "x", code=66).err, "missing.c")
    t.run("ask", "-f", t.h.path("bin", b"\x7fELF\0"), "x", code=65)
    t.run("ask", stdin="", code=2)
    t.run("ask", " ", code=2)
    count = len(made.requests)
    t.run("ask", "-s", "@missing", "x", code=66)
    equal(len(made.requests), count, "requests of questions that cannot be asked")


def test_a_silent_pipe_is_pointed_out_after_two_seconds(t):
    made = fake(t, ask=answers("ok"))
    ours, theirs = os.pipe()
    process = subprocess.Popen([t.program("ragchat"), "ask", "hello"], stdin=ours, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=t.h.env)
    os.close(ours)
    began = time.monotonic()
    err = process.stderr.readline()
    check(time.monotonic() - began > 1.5, "it was said after", time.monotonic() - began)
    os.write(theirs, b"late")
    os.close(theirs)
    out, rest = process.communicate(timeout=90)
    equal((process.returncode, out), (0, b"ok\n"), "status and output")
    equal(err + rest, b"ragchat: waiting for stdin (--no-stdin to skip)\n", "stderr")
    equal(made.sent("ask")[0]["text"], "hello\n\n<stdin>\nlate\n</stdin>", "the question")


def test_options_of_ask_reach_the_daemon(t):
    made = fake(t, ask=answers("ok"))
    t.run("ask", "-t", "work", "-m", "big", "-s", "be brief", "-O", "temperature=0.5", "-O", "n=2", "-O", 'stop=["x"]', "-O", "user=ann",
          "-O", "flag=true", "--title", "T", "--tag", "a", "--tag", "b", "--in", "papers", QUESTION)
    sent = made.sent("ask")[-1]
    check(len(sent.pop("key")) >= 16, "key")
    equal(sent, {"text": QUESTION, "thread": "work", "create": True, "model": "big", "system": "be brief", "title": "T", "tags": ["a", "b"],
                 "collection": "papers", "stream": True,
                 "options": {"temperature": 0.5, "n": 2, "stop": ["x"], "user": "ann", "flag": True}}, "ask")
    t.run("ask", "-c", QUESTION)
    equal(made.sent("ask")[-1]["continue"], True, "-c")
    env = {"RAGCHAT_THREAD": "from-env", "RAGCHAT_MODEL": "env-model"}
    t.run("ask", "-c", QUESTION, env=env)
    sent = made.sent("ask")[-1]
    equal((sent["thread"], sent["model"], sent.get("continue")), ("from-env", "env-model", None), "the environment")
    t.run("ask", QUESTION, env=env)
    equal(made.sent("ask")[-1].get("thread"), None, "RAGCHAT_THREAD without -c")
    t.run("ask", "--no-save", QUESTION)
    equal(made.sent("ask")[-1]["save"], False, "--no-save")
    equal(t.run("ask", "-d", QUESTION).text, TURN + "\n", "-d")
    equal(made.sent("ask")[-1]["stream"], False, "stream of -d")
    equal(t.run("ask", "-d", "--json", QUESTION).json["turn"], TURN, "-d --json")
    made.on["ask"] = lambda call: call.accept(request={"url": "http://x/v1", "body": {"messages": [], "n": 1}}, notes=["it leaves the machine"])
    dry = t.run("ask", "--dry-run", QUESTION)
    equal(json.loads(dry.text), {"url": "http://x/v1", "body": {"messages": [], "n": 1}}, "--dry-run")
    contains(dry.err, "it leaves the machine")
    t.run("ask", QUESTION, "-t", code=2)
    for bad in (["-c", "-t", "x"], ["--json=1"], ["-O", "=x"], ["--color", "blue"], ["--width", "x"], ["-d", "-o", "f"],
                ["--no-save", "-c"], ["-Z"]):
        t.run("ask", *bad, QUESTION, code=2)


def test_words_that_are_no_command(t):
    made = fake(t, ask=answers("ok"))
    equal(t.run("how", "much?").text, "ok\n", "a sentence")
    equal(t.run("-q", "-m", "x", "hello").text, "ok\n", "options before the question")
    for words in (["show", "me", "the", "money"], ["list", "all", "files"], ["status", "of", "it"], ["wait", "for", "it"],
                  ["help", "me"]):
        result = t.run(*words, code=2)
        contains(result.err, "`ragchat ask ")
    for words in (["sources", "--open", "zero", "last"], ["docs", "rm", "--all", "some", "of", "them"], ["docs", "ls", "a.md", "b.md"],
                  ["rate", "3f2a", "sideways", "9"]):
        result = t.run(*words, code=2)
        check("to ask it" not in result.err, "taken for a sentence:", words, result.err)
    equal(len(made.sent("ask")), 2, "asks")
    for cmd in ("ask", "attach", "ps", "jobs", "cancel", "wait", "retry", "ls", "list", "show", "last", "upload", "docs", "sources", "status",
                "models", "daemon", "export", "help", "version"):
        text = t.run(cmd, "--help").text
        check(text.startswith("usage: ragchat") and "example: " in text, cmd, text)
        check(len(text.splitlines()) <= 24 and max(map(len, text.splitlines())) <= 90, "more than a screen:", cmd)
        equal(t.run("help", cmd).text, text, "help " + cmd)


# ---- documents ----

def library(t):
    made = fake(t)
    made.files = {}

    def begin(call):
        if call.params["name"].endswith(".exe"):
            return call.fail("unsupported_type", "programs are not read")
        made.files[len(made.files) + 1] = [call.params["name"], b"", call.params]
        return call.reply(upload=len(made.files), target="local")

    def chunk(call):
        file = made.files[call.params["upload"]]
        equal(call.params["off"], len(file[1]), "off")
        file[1] += call.params["data"]
        call.reply(off=len(file[1]))
    made.on.update({"doc.begin": begin, "doc.chunk": chunk,
                    "doc.commit": lambda call: call.reply(message="added \x1b " + made.files[call.params["upload"]][0],
                                                          document={"document": "d1", "name": made.files[call.params["upload"]][0]})})
    return made


def test_files_go_up_whole_and_one_that_fails_stops_no_other(t):
    made = library(t)
    data = os.urandom(700000)
    result = t.run("upload", t.h.path("a.bin", data), t.h.path("b.exe", b"MZ"), t.h.path("missing"), t.h.path("c.txt", ""), "--to", "box", code=65)
    equal([(name, body) for name, body, _ in made.files.values()], [("a.bin", data), ("c.txt", b"")], "files")
    equal((made.files[1][2]["size"], made.files[1][2]["collection"]), (700000, "box"), "size and collection")
    equal(result.text, "added \u241b a.bin\nadded \u241b c.txt\n", "stdout")
    contains(result.err, "daemon: b.exe: programs are not read", "missing")
    result = t.run("upload", "--json", "--name", "n.txt", "-", stdin="by pipe")
    equal(result.json["uploads"][0]["document"], {"document": "d1", "name": "n.txt"}, "--json")
    equal((made.files[3][0], made.files[3][1], made.files[3][2].get("size")), ("n.txt", b"by pipe", None), "stdin")
    made.on["doc.commit"] = lambda call: call.reply(message="Ingested 0 chunks", stats={"total": 1, "failed": 1, "errors": ["no text in it"]})
    result = t.run("upload", t.h.path("a.bin"), code=1)
    contains(result.err, "backend: a.bin: 1 of 1 files failed", "no text in it")
    equal(result.text, "a.bin: Ingested 0 chunks [0 processed, 0 skipped, 1 failed of 1]\n", "what the backend says")
    for stats, words in (({"total": 1, "failed": 1, "errors": [{"file": "a.bin", "error": "locked"}]}, "backend: a.bin: locked"),
                         ({"total": 0, "processed": 0}, "backend: a.bin: it took no file")):
        made.on["doc.commit"] = lambda call, stats=stats: call.reply(message="Ingested 0 chunks", stats=stats)
        contains(t.run("upload", t.h.path("a.bin"), code=1).err, words)
    made.on["doc.commit"] = lambda call: call.reply(message="Ingested 0 chunks", stats={"total": 1, "skipped": 1})
    contains(t.run("upload", t.h.path("a.bin")).text, "1 skipped")
    made.on["doc.commit"] = lambda call: call.close()
    contains(t.run("upload", t.h.path("a.bin"), code=69).err, "lost")


def test_folders_go_up_without_what_is_hidden(t):
    made = library(t)
    for name in ("notes/b.md", "notes/sub/a.md", "notes/.git/x", "notes/.hidden", "other/b.md"):
        t.h.path(name, name)
    t.h.path("notes/b.md~", "an editor's")
    t.h.path("notes/sub/__init__.py", "")
    os.symlink("b.md", t.h.path("notes/link.md"))
    os.symlink("..", t.h.path("notes/up"))
    contains(t.run("upload", "notes", code=66).err, "-r")
    result = t.run("upload", "-r", "notes/")
    names = ["b.md", "link.md", "sub/a.md"]
    equal([file[0] for file in made.files.values()], names, "names")
    contains(result.err, "skipped 5 in folders: 2 hidden, 1 made by a program, 1 empty, 1 link that leads to no file", "3 files: 3 taken")
    contains(t.run("-v", "upload", "-r", "notes").err, "skipped 'notes/.git': hidden", "notes/.hidden", "notes/up")
    for where in (t.h.path("notes"), "./notes", "../home/notes"):
        made.files.clear()
        t.run("upload", "-q", "-r", where)
        equal([file[0] for file in made.files.values()], names, f"names of {where}")
    made.files.clear()
    contains(t.run("upload", t.h.path("notes/b.md"), t.h.path("other/b.md"), code=65).err, "b.md")
    equal(len(made.files), 1, "files")
    made.files.clear()
    t.run("upload", "notes/*.md")
    equal([file[0] for file in made.files.values()], ["b.md", "link.md"], "a pattern")


def test_attached_files_go_up_before_the_question(t):
    made = library(t)
    made.on["ask"] = answers("ok")
    t.run("ask", "-a", t.h.path("fact.txt", "water is wet"), "--in", "box", "is it?")
    equal([name for name, _ in made.requests], ["hello", "doc.begin", "doc.chunk", "doc.commit", "ask"], "requests")
    equal(made.sent("ask")[0]["documents"], ["fact.txt"], "documents")
    t.run("ask", "-a", "missing.txt", "is it?", code=66)
    equal(len(made.sent("ask")), 1, "asks")


# ---- terminals ----

def terminal(t, *args, env=None, size=None, keys=None):
    """ragchat on a terminal: (status, what it wrote)."""
    status, out = t.terminal(*args, env=env, size=size or (80, 0, 0), keys=keys)
    return status, out.decode().replace("\r\n", "\n")


def test_a_terminal_gets_filtered_lines_sources_and_a_dim_line(t):
    made = fake(t, ask=lambda call: call.accept().delta("A \x1b]52;c;x\x07\u202e flag \U0001f3f4\U000e0067\U000e0062\U000e007f \u2066in\u2069 ")
                .delta("and then words that go on past the eighty columns of this terminal [1]")
                .event("citation", source={"n": 1, "path": "a.md", "line": 2}).event("usage", usage={"completion_tokens": 12}).done())
    code, out = terminal(t, "ask", "a", "question", env={"LANG": "C.UTF-8"})
    equal(code, 0, "status")
    text, _, rest = out.partition("\n\nSources:\n[1] a.md:2\n")
    equal(text, "A \u241b]52;c;x\u2407\ufffd flag \U0001f3f4\U000e0067\U000e0062\U000e007f \u2066in\u2069 and then words that go on past "
          "the eighty columns of\nthis terminal [1]", "text")
    equal(rest, f"\x1b[2mthread {THREAD[:8]} \u00b7 12 tok \u00b7 1.2 s\x1b[0m\n", "the dim line")
    code, out = terminal(t, "ask", "-r", "--citations", "none", "a", "question", env={"LANG": "C", "NO_COLOR": "1"})
    check(out.isascii() and "Sources" not in out and "\x1b" not in out, "another locale, no colour:", out)
    contains(out, "A ?]52;c;x?? flag ???? ?in? and then words that go on past the eighty columns", "- 12 tok - 1.2 s")
    code, out = terminal(t, "ask", "--raw-output", "a", "question")
    equal(code, 2, "--raw-output on a terminal")
    code, out = terminal(t, "ask", "--raw-output", "--raw-output", "-q", "a", "question")
    equal((code, out[:9]), (0, "A \x1b]52;c;"), "given twice")
    code, out = terminal(t, "lss")
    equal(code, 2, "a bare word")
    contains(out, "`ragchat ls`", "`ragchat ask lss`")
    equal(terminal(t, "hello")[0], 2, "another")
    equal(terminal(t)[0], 2, "nothing")
    equal(terminal(t, "ask", "hello")[0], 0, "after ask")
    equal(terminal(t, "hello?")[0], 0, "with a question mark")
    keys = {params.get("terminal") for params in made.sent("ask")}
    check(None not in keys and len(keys) == len(made.sent("ask")), "each terminal has its name:", keys)


def test_progress_is_shown_on_a_terminal_only_after_300_ms_and_leaves_no_trace(t):
    shown = threading.Event()

    def story(call):
        call.accept().event("status", text="searching \x1b 12 documents")
        shown.wait(0.7 if call.params["text"] == "a question" else 20)
        call.delta("done").done()

    def sees(_, out):
        eventually(lambda: b"12 documents" in out, "progress")
        shown.set()
    fake(t, ask=lambda call: call.later(story))
    _, out = terminal(t, "ask", "-q", "a", "question")
    equal(out, "done\n", "-q")
    _, out = terminal(t, "ask", "a", "question", "that waits", keys=sees)
    shown.clear()
    contains(out, "searching \u241b 12 documents", "\r\x1b[Kdone")
    _, out = terminal(t, "ask", "a", "question", env={"TERM": "dumb"})
    check("searching" not in out, "progress on a dumb terminal:", out)
    equal(t.run("ask", "a", "question").err, "", "stderr of a pipe")
