"""contrib/python/ragchat.py: blocking and with asyncio, over lost connections, and against a daemon that lies."""
import ast
import asyncio
import os
import struct
import sys
import threading

from fake_daemon import TURN, FakeDaemon
from harness import check, contains, deadline, equal, eventually
from scripts import echo, fails, holds, says

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "contrib", "python"))
import ragchat  # noqa: E402

TEXT = "Grüße, 日本語 🙂 \u2028 ende\n"


def fake(t):
    daemon = FakeDaemon(os.path.join(t.h.dir, "fake"))
    t.closers.append(daemon.close)
    return daemon


def client(t, path=None, **more):
    made = ragchat.Client(path or t.h.socket, **more)
    t.closers.append(made.close)
    return made


def raises(kind, function, *args, **params):
    try:
        result = function(*args, **params)
    except kind as error:
        return error
    raise AssertionError(f"gave {result!r}, wanted {kind.__name__}")


def test_ask_and_read(t):
    t.serve(says(TEXT * 200, step=7))
    with ragchat.Client(t.h.socket) as chat:
        answer = chat.ask("hello", thread="letters", create=True)
        equal("".join(answer.pieces()), TEXT * 200, "pieces")
        equal((answer.state, answer.text, answer.name), ("done", TEXT * 200, "letters"), "answer")
        equal([turn["question"] for turn in chat.turns("letters")], ["hello"], "turns")
        equal([thread["name"] for thread in chat.threads()], ["letters"], "threads")
        again = chat.attach(answer.turn)
        equal(again.wait(), TEXT * 200, "attached")
        equal(chat.retry(answer.turn).wait(), TEXT * 200, "retried")
        equal(chat.call("turn.get", turn="last")["turn"]["of"], answer.turn, "of")
        equal(chat.edit(answer.turn, "hello in other words").wait(), TEXT * 200, "edited")
        equal(raises(ragchat.RemoteError, chat.call, "turn.get", turn="none-such").name, "not_found", "error")
        equal(raises(ragchat.RemoteError, chat.call, "turn.list", limit=0).code, 3, "code")
        for bad in ("\ud800", "a\0b"):
            raises(ValueError, chat.ask, bad)
        raises(ValueError, chat.call, "turn.list", limit=1 << 64)
        raises(ValueError, chat.ask, "x" * (1 << 20))
    raises(ragchat.RagchatError, chat.call, "ping")


def test_the_same_key_is_one_question(t):
    t.serve(echo)
    chat = client(t)
    first, second = chat.ask("hello", key="k1"), chat.ask("hello", key="k1")
    equal(first.turn, second.turn, "turn")
    equal(second.wait(), "answer to hello", "text")
    equal(raises(ragchat.RemoteError, chat.ask, "another", key="k1").name, "conflict", "error")


def test_answers_that_fail(t):
    t.serve(fails(500, '{"error": {"message": "it broke"}}'), config="retries = 0\n")
    chat = client(t)
    answer = chat.ask("hello")
    error = raises(ragchat.AnswerFailed, answer.wait)
    contains(str(error), "it broke")
    equal((answer.state, error.answer.turn, answer.wait(check=False)), ("failed", answer.turn, ""), "answer")


def test_cancel_and_detach(t):
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release))
    chat = client(t)
    answer = chat.ask("hello")
    events = iter(answer)
    while next(events).kind != "delta":
        pass
    answer.cancel()
    equal([event.kind for event in events][-1], "done", "the last event")
    equal((answer.state, answer.text), ("cancelled", "first half, "), "answer")
    other = chat.ask("again")
    other.detach()
    release.set()
    equal(chat.call("turn.wait", turn=other.turn)["turn"]["state"], "done", "the one that nobody listens to")


def test_upload_and_export(t):
    t.serve(echo, config="retrieval = local\n")
    chat = client(t)
    text = "Apples keep in cold cellars.\n" * 20000  # three pieces
    sent = []
    made = chat.upload(t.h.path("apples.txt", text), progress=lambda done, size: sent.append((done, size)))
    equal((made["document"]["name"], made["document"]["bytes"]), ("apples.txt", len(text)), "document")
    equal((len(sent), sent[-1]), (3, (len(text), len(text))), "progress")
    equal(chat.upload(b"Pears do not.\n", "fruit/pears.txt")["change"], "added", "bytes")
    with open(t.h.path("open.txt", "Plums.\n"), "rb") as file:
        equal(chat.upload(file)["document"]["name"], "open.txt", "an open file")
    equal(len(list(chat.documents())), 3, "documents")
    raises(ragchat.RemoteError, chat.upload, b"x", "../x.txt")
    answer = chat.ask("hello")
    answer.wait()
    target = t.h.path("a.html")
    data = chat.export(answer.turn, format="html", to=target)
    contains(data.decode(), "<html", "hello")
    with open(target, "rb") as file:
        equal(file.read(), data, "the file")
    check(chat.export(thread=True, ref=answer.thread).startswith(b"%PDF"), "a PDF")


def test_many_at_once_with_asyncio(t):
    t.serve(echo)

    async def story():
        async with ragchat.AsyncClient(t.h.socket) as chat:
            async def one(number):
                return await (await chat.ask(f"question {number}")).wait()
            texts = await asyncio.gather(*(one(number) for number in range(40)))
            equal(texts, [f"answer to question {number}" for number in range(40)], "texts")
            rows = [turn["question"] async for turn in chat.pages("turn.list", "turns", limit=7)]
            equal(sorted(rows), sorted(f"question {number}" for number in range(40)), "turns, page by page")
            wait = asyncio.ensure_future(chat.call("turn.wait", turn="last"))
            equal((await wait)["turn"]["state"], "done", "wait")
    asyncio.run(story())


def test_a_slow_reader_gets_it_joined(t):
    text = "".join(f"{number:06d} " for number in range(30000))
    t.serve(says(text, step=70))
    chat = client(t)
    answer = chat.ask("hello")
    chat.call("turn.wait", turn=answer.turn)
    eventually(lambda: answer.state == "done", "the end")
    events = list(answer)
    equal("".join(event.text for event in events if event.kind == "delta"), text, "text")
    check(len(events) < 20, len(events), "events were kept")


def test_a_lost_connection_goes_on_at_its_byte(t):
    daemon = fake(t)

    def attach(call):
        equal((call.params["off"], call.params["ev"]), (12, 1), "where to go on")
        call.at("first half, ", ev=1).reply(turn=TURN, off=12, ev=1, roff=0, state="streaming", length=12, live=True)
        call.delta("second half").done()

    def ask(call):
        if len(daemon.sent("ask")) == 1:
            call.close()  # before the reply: it is asked again, with its key
        else:
            call.accept().delta("first half, ").event("status", text="half way").close()

    daemon.on["ask"], daemon.on["attach"] = ask, attach
    daemon.on["token.create"] = lambda call: call.close()
    chat = client(t, daemon.path)
    equal(chat.ask("hello").wait(), "first half, second half", "text")
    keys = [params["key"] for params in daemon.sent("ask")]
    equal((len(keys), keys[0]), (2, keys[1]), "keys")
    raises(ragchat.ConnectionLost, chat.call, "token.create")
    equal(len(daemon.sent("token.create")), 1, "times sent")


@deadline(60)
def test_a_daemon_that_was_killed(t):
    release = threading.Event()
    t.closers.append(release.set)
    _, daemon = t.serve(holds(release, TEXT * 300))
    chat = client(t)
    answer, unsaved = chat.ask("hello"), chat.ask("not kept", save=False)
    eventually(lambda: answer.text == unsaved.text == TEXT * 300, "the first half")
    rpc = t.rpc()
    eventually(lambda: rpc.call("status")["turns"]["oldest_unsaved_ms"] == 0, "a checkpoint")
    daemon.kill()
    daemon.start()
    raises(ragchat.AnswerFailed, answer.wait)
    stored = chat.call("turn.get", turn=answer.turn)["turn"]
    equal((answer.state, answer.text), ("interrupted", stored["text"]), "answer")
    raises(ragchat.AnswerFailed, unsaved.wait)
    equal((unsaved.done["local"], unsaved.done["retry"]), (True, False), "what was not kept")
    release.set()
    equal(chat.retry(answer.turn).wait(), TEXT * 300 + "second half", "retried")


def test_less_on_disk_than_came(t):
    daemon = fake(t)
    daemon.on["ask"] = lambda call: call.accept().delta("twelve bytes and more").close()
    daemon.on["attach"] = lambda call: call.fail("bad_params", "off is past the end")
    daemon.on["turn.get"] = lambda call: call.reply(turn=dict(turn=TURN, state="interrupted", text="twelve bytes", length=12))
    daemon.on["hello"] = lambda call: call.reply(protocol=1, server="fake", version="0", level=1, caps=[], limits={},
                                                 instance=str(len(daemon.sent("hello"))))
    chat = client(t, daemon.path)
    answer = chat.ask("hello")
    equal(answer.wait(check=False), "twelve bytes", "text")
    equal((answer.state, answer.done["length"], answer.done["retry"]), ("interrupted", 12, True), "end")


def test_what_does_not_come_in_time(t):
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release, "the first half, ", "the second"))
    with ragchat.Client(t.h.socket, timeout=60) as chat:
        answer = chat.ask("hello")
        pieces = answer.pieces()
        equal(next(pieces), "the first half, ", "the first piece")
        chat.timeout = 0.1
        for late in (lambda: next(pieces), answer.wait, lambda: chat.call("turn.wait", turn=answer.turn)):
            try:
                late()
            except TimeoutError as error:
                contains(str(error), "nothing came within")
            else:
                raise AssertionError("it came")
        chat.timeout = None
        release.set()
        equal(answer.wait(), "the first half, the second", "read on")


def test_nobody_listens(t):
    raises(ragchat.Unreachable, client(t, "/nowhere/sock").call, "ping")
    daemon = fake(t)
    daemon.on["ask"] = lambda call: call.accept().delta("some ")
    chat = client(t, daemon.path, again=0.2)
    answer = chat.ask("hello")
    eventually(lambda: answer.text == "some ", "the first piece")
    daemon.close()
    equal((answer.wait(check=False), answer.state), ("some ", "interrupted"), "answer")
    raises(ragchat.Unreachable, chat.call, "ping")


def test_a_daemon_that_lies(t):
    """Whatever is sent, it ends with an error, and no memory is taken for what was only announced."""
    daemon = fake(t)
    hostile = {
        "an endless array": b"\xdd\xff\xff\xff\xff", "an endless map": b"\xdf\xff\xff\xff\xff", "an endless text": b"\xdb\xff\xff\xff\xff",
        "a deep nest": b"\x91" * 40, "many objects": b"\xdc\xff\xff" + b"\xc0" * 65535, "an ext type": b"\xc7\x01\x05a",
        "byte 0xc1": b"\xc1", "bad UTF-8": b"\x94\x01\x01\xc0\xa1\xff", "no message": b"\x93\x01\x02\x03", "a number": b"\x05",
        "a key that is a number": b"\x94\x01\x02\xc0\x81\x01\x02", "nested promises": b"\xdc\x20\x00" * 9,
        "a result that is no map": None, "a gap": None, "a wrong sum": None, "too large": b"\xc6" + struct.pack(">I", (1 << 20) + 1)}
    for name, data in hostile.items():
        chat = client(t, daemon.path)
        if data is not None:
            daemon.on["status"] = lambda call, data=data: call.raw(data)
            raises(ragchat.ProtocolError, chat.call, "status")
        elif name == "a result that is no map":
            daemon.on["status"] = lambda call: call.send([1, call.number, None, [1]])
            raises(ragchat.ProtocolError, chat.call, "status")
        else:
            wrong = (lambda call: call.accept().note("delta", off=5, text="x")) if name == "a gap" else \
                (lambda call: call.accept().delta("abc").done(sha256="00" * 32))
            daemon.on["ask"] = wrong
            answer = chat.ask("hello")
            raises(ragchat.ProtocolError, answer.wait)
        chat.close()


def test_it_is_python_3_9(t):
    with open(ragchat.__file__, encoding="utf-8") as file:
        ast.parse(file.read(), feature_version=(3, 9))


def test_the_codec(t):
    values = [None, True, False, 0, 127, 128, 255, 256, 65535, 65536, 1 << 32, (1 << 53) - 1, -1, -32, -33, -128, -129, -32769,
              -(1 << 31) - 1, -(1 << 53) + 1, 1.5, -0.25, "", "a", "é" * 20, "x" * 300, "y" * 70000, b"", b"\0\xff", b"z" * 300,
              [], list(range(20)), {}, {"a": {"b": [1, {"c": None}]}}, {str(i): i for i in range(40)}]
    data = b"".join(ragchat.pack([value]) for value in values)
    whole = ragchat.Decoder()
    whole.feed(data)
    equal(list(whole), [[value] for value in values], "decoded at once")
    for step in (1, 7):
        got, pieces = [], ragchat.Decoder()
        for at in range(0, len(data), step):
            pieces.feed(data[at:at + step])
            got += list(pieces)
        equal(got, [[value] for value in values], f"decoded in steps of {step}")
    for bad in (float("nan"), float("inf"), "\udc00", "\0", 1 << 64, {1: 2}, object()):
        raises((ValueError, TypeError), ragchat.pack, bad)
    nest = []
    for _ in range(20):
        nest = [nest]
    raises(ValueError, ragchat.pack, nest)


def test_the_daemon_of_another_user_is_not_spoken_to(t):
    if os.getuid():
        t.skip("needs root")
    path = os.path.join(t.h.dir, "stranger")
    os.chmod(t.dir, 0o777)
    os.chmod(t.h.dir, 0o777)
    pid = os.fork()
    if not pid:
        try:
            os.setuid(12345)
            FakeDaemon(path)
            threading.Event().wait()
        finally:
            os._exit(0)
    t.closers.append(lambda: (os.kill(pid, 9), os.waitpid(pid, 0)))
    eventually(lambda: os.path.exists(path), "the stranger's socket")
    contains(str(raises(ragchat.Unreachable, client(t, path).call, "ping")), "not to be trusted")


def test_from_a_shell(t):
    import subprocess
    t.serve(says("red \x1b[31m text\n"))
    program = os.path.abspath(ragchat.__file__)
    done = subprocess.run([sys.executable, program, "hello", "there"], env=t.h.env, capture_output=True, timeout=90, check=False)
    equal((done.returncode, done.stdout.decode()), (0, "red \ufffd[31m text\n\n"), "what it printed")
    done = subprocess.run([sys.executable, program, "x"], env=dict(t.h.env, RAGCHAT_SOCKET="/nowhere"), capture_output=True, timeout=90, check=False)
    equal(done.returncode, 1, "status without a daemon")
    contains(done.stderr.decode(), "no daemon listens")
