"""Ctrl-C, time limits and exit codes: the same in every way of printing."""
import os
import signal
import subprocess
import threading
import time

from harness import check, contains, deadline, equal, eventually
from scripts import echo, fails, holds, in_turn, says

WAYS = ([], ["--json"], ["--jsonl"], ["--no-stream"])


def held(t, config=""):
    release = threading.Event()
    t.closers.append(release.set)
    made, daemon = t.serve(holds(release), config=config)
    return made, daemon, release


def state_of_last(t):
    return t.rpc().call("turn.get", turn="last")["turn"]["state"]


def streaming(t):
    eventually(lambda: [turn for turn in t.rpc().call("turn.list", live=True)["turns"] if turn["length"]], "text")


@deadline(60)
def test_ctrl_c_cancels_keeps_the_part_and_exits_130(t):
    held(t)
    for way in WAYS:
        client = t.start("ask", *way, "hello")
        streaming(t)
        client.signal(signal.SIGINT)
        result = client.end()
        equal(result.code, 130, f"status with {way}")
        turn = t.rpc().call("turn.get", turn="last")["turn"]
        equal((turn["state"], turn["text"]), ("cancelled", "first half, "), "turn")
        if way == ["--json"]:
            equal((result.json["state"], result.json["text"]), ("cancelled", "first half, "), "--json")
        elif way == ["--jsonl"]:
            equal(result.lines[-1]["state"], "cancelled", "--jsonl")
        else:
            contains(result.out, b"first half, ")


def test_ctrl_c_in_attach_and_wait_only_leaves(t):
    _, _, release = held(t)
    asked = t.run("ask", "-d", "hello").text.strip()
    streaming(t)
    for verb in ("attach", "wait"):
        client = t.start(verb, asked)
        if verb == "attach":
            client.wait_out("first half, ")
        else:
            time.sleep(0.2)
        client.signal(signal.SIGINT)
        equal(client.end().code, 130, f"status of {verb}")
    equal(state_of_last(t), "streaming", "state")
    release.set()
    t.run("wait", asked)


@deadline(60)
def test_ctrl_c_under_a_stuck_pager_cancels(t):
    """`ragchat ask | less`: less does not read, the pipe is full, and Ctrl-C must still reach the daemon."""
    stop = threading.Event()
    t.closers.append(stop.set)

    def script(request, out):
        while not stop.is_set() and not out.gone():
            out.delta("a line that fills the pipe to the brim\n" * 50)
            time.sleep(0.002)
        out.finish()
    t.serve(script)
    client = t.start("ask", "hello", unread=True)
    eventually(lambda: [turn for turn in t.rpc().call("turn.list", live=True)["turns"] if turn["length"] > 300000], "a full pipe")
    client.signal(signal.SIGINT)
    eventually(lambda: state_of_last(t) == "cancelled", "the cancel")
    client.signal(signal.SIGINT)
    client.process.stdout.close()
    equal(client.end().code, 130, "status")


@deadline(60)
def test_a_second_ctrl_c_leaves_at_once(t):
    _, daemon, _ = held(t)
    client = t.start("ask", "hello")
    client.wait_out("first half, ")
    daemon.process.send_signal(signal.SIGSTOP)  # the cancel will not be answered
    try:
        client.signal(signal.SIGINT)
        time.sleep(0.2)
        client.signal(signal.SIGINT)
        began = time.monotonic()
        equal(client.end(5).code, 130, "status")
        check(time.monotonic() - began < 3, "it took", time.monotonic() - began)
    finally:
        daemon.process.send_signal(signal.SIGCONT)
    eventually(lambda: state_of_last(t) == "cancelled", "the cancel")


def test_ctrl_c_while_retrying_cancels_too(t):
    t.serve(in_turn(says("one"), fails(503, {"error": {"message": "busy"}}, {"Retry-After": "4"})))
    t.run("ask", "hello")
    client = t.start("retry")
    eventually(lambda: t.rpc().call("turn.list", live=True)["turns"], "the retry")
    client.signal(signal.SIGINT)
    equal(client.end(5).code, 130, "status")
    equal(state_of_last(t), "cancelled", "state")


@deadline(60)
def test_timeout_cancels_an_ask_and_only_ends_a_wait(t):
    held(t)
    for client in [t.start("ask", "--timeout", "2", *way, "hello") for way in WAYS[:3]]:
        contains(client.end().expect(124).out, b"first half, ")
    equal([turn["state"] for turn in t.rpc().call("turn.list")["turns"]], ["cancelled"] * 3, "states")
    asked = t.run("ask", "-d", "hello").text.strip()
    t.run("wait", "--timeout", "0.2", asked, code=124)
    equal(state_of_last(t), "streaming", "state after wait --timeout")


@deadline(90)
def test_exit_codes_are_the_same_however_the_answer_is_printed(t):
    def cut(request, out):
        out.delta("the beginning")
        out.cut()

    def no_end(request, out):
        out.delta("the beginning")
        out.close()

    def error_inside(request, out):
        out.delta("the beginning")
        out.event({"error": {"message": "out of memory on the GPU", "code": 500}})

    def seed_error(request, out):
        out.delta("the beginning")
        out.delta("\n[Error: 429 RESOURCE_EXHAUSTED]")
        out.finish()

    def ends(reason):
        def script(request, out):
            out.delta("the beginning")
            out.finish(reason)
        return script
    table = [
        (says("fine"), 0, "done", "fine"), (ends("stop"), 0, "done", "the beginning"),
        (ends("tool_calls"), 0, "done", "the beginning"), (ends("some_new_reason"), 0, "done", "the beginning"),
        (ends("length"), 1, "done", "the beginning"), (ends("content_filter"), 1, "done", "the beginning"),
        (cut, 1, "failed", "the beginning"), (no_end, 1, "failed", "the beginning"),
        (error_inside, 1, "failed", "the beginning"), (seed_error, 1, None, "the beginning\n[Error: 429 RESOURCE_EXHAUSTED]"),
        (fails(401, {"detail": "Invalid or missing API key"}), 77, "failed", ""),
        (fails(403, {"error": {"message": "no"}}), 77, "failed", ""),
        (fails(500, "Internal Server Error"), 1, "failed", ""), (fails(429, {"error": "slow down"}), 75, "failed", ""),
    ]
    current = [None]
    t.serve(lambda request, out: current[0](request, out), config="retries = 0\n")
    for script, code, state, text in table:
        current[0] = script
        for way in WAYS:
            result = t.run("ask", *way, "hello", code=None)
            name = getattr(script, "__name__", "?")
            equal(result.code, code, f"status of {name} {text!r} {way}: {result.err!r}; status")
            if way == ["--json"]:
                equal(result.json["text"], text, "text of --json")
                if state:
                    equal(result.json["state"], state, f"state of {name}")
            elif way != ["--jsonl"]:
                equal(result.out, (text + "\n").encode() if text else b"", f"output of {name} {way}")
            if code and way != ["--jsonl"] and way != ["--json"]:
                check(result.err.strip(), "no word on stderr of", name)
    t.run("show", "nothing", code=3)
    t.run("ask", "--no-such", code=2)
    t.run("upload", t.h.path("not-there.txt"), code=66)
    t.run("ask", "-o", "/no/such/folder/file", "hello", code=73)


def test_nobody_there_is_69_and_says_what_to_do(t):
    result = t.run("--no-autostart", "status", code=69)
    check(result.err.startswith("ragchat: "), "words:", result.err)
    contains(result.err, "ragchatd")
    result = t.run("-S", t.h.path("nothing"), "--no-autostart", "status", code=69)
    contains(result.err, "nothing")


def test_unreachable_backend_is_69(t):
    t.daemon("backend = http://127.0.0.1:9\nretries = 0\n")
    result = t.run("ask", "hello", code=69)
    contains(result.err, "backend:", "127.0.0.1")
    equal(state_of_last(t), "failed", "state")


def test_full_output_is_73_and_the_answer_is_stored(t):
    t.serve(says("x" * 100000))
    with open("/dev/full", "wb") as full:
        client = t.start("ask", "hello", stdout=full)
        equal(client.end().code, 73, "status")
    eventually(lambda: state_of_last(t) == "done", "the answer")


@deadline(60)
def test_a_lost_connection_is_made_again_and_nothing_is_missing(t):
    """The socket's link breaks, the daemon lives on: the client goes on from its offset."""
    import socket
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release))
    path = os.path.join(t.h.dir, "run", "proxy")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(8)
    links, accepted = [], []

    def carry(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
        except OSError:
            pass
        for end in (a, b):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def proxy():
        while True:
            try:
                near, _ = server.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(t.h.socket)
            links[:] = [near, far]
            accepted.append(1)
            for pair in ((near, far), (far, near)):
                threading.Thread(target=carry, args=pair, daemon=True).start()
    threading.Thread(target=proxy, daemon=True).start()
    client = t.start("-S", path, "ask", "hello")
    client.wait_out("first half, ")
    for link in links:
        link.shutdown(socket.SHUT_RDWR)
    eventually(lambda: len(accepted) >= 2, "a second connection")
    release.set()
    equal(client.end().expect().text, "first half, second half\n", "output")
    server.close()


def terminal(t, *args, columns=80, keys=None):
    """Run ragchat on a terminal of its own: gives (status, everything written to it)."""
    return t.terminal(*args, env={"COLUMNS": str(columns)}, keys=keys, cwd=t.h.dir)


def test_a_terminal_gets_filtered_text_and_its_sources(t):
    t.serve(says("red \x1b[31malert\x1b]0;title\x07 \u202eevil\n", step=2))
    code, out = terminal(t, "ask", "hello", "there")
    equal(code, 0, "status")
    for bad in (b"\x1b[31m", b"\x1b]0", b"\x07", "\u202e".encode()):
        check(bad not in out, f"{bad!r} reached the terminal:", out)
    contains(out, b"alert", b"evil")


def test_a_single_bare_word_on_a_terminal_is_asked_back(t):
    t.serve(echo)
    code, out = terminal(t, "lss")
    equal(code, 2, "status")
    contains(out.decode(), "ragchat ask lss")


def test_ctrl_c_typed_at_the_terminal_cancels(t):
    held(t)

    def keys(fd, out):
        eventually(lambda: b"first half" in out, "the first half on the terminal")
        os.write(fd, b"\x03")
    code, out = terminal(t, "ask", "hello", "there", keys=keys)
    equal(code, 130, "status")
    equal(state_of_last(t), "cancelled", "state")


def test_events_of_jsonl_have_their_names_and_order(t):
    t.serve(says("some text", step=3))
    lines = t.run("ask", "--jsonl", "hello").lines
    kinds = [line["event"] for line in lines]
    equal((kinds[0], kinds[-1]), ("accepted", "done"), "first and last")
    check({"thread", "turn"} <= set(lines[0]), "accepted:", lines[0])
    check({"state", "length", "sha256"} <= set(lines[-1]), "done:", lines[-1])
    equal("".join(line["text"] for line in lines if line["event"] == "delta"), "some text", "deltas")
    failed = t.start("ask", "--jsonl", "--no-such")
    equal(failed.end().code, 2, "status")


def test_pipelines_of_shells_get_whole_lines(t):
    t.serve(says("one\ntwo\nthree"))
    out = subprocess.run(["bash", "-c", f"printf 'a\\nb\\n' | while read l; do {t.program('ragchat')} ask --no-stdin \"$l\" | wc -l; done"],
                         env=t.h.env, capture_output=True, timeout=90)
    equal(out.stdout.split(), [b"3", b"3"], "lines of each answer")
