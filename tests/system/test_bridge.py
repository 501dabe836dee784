"""ragchat bridge: the socket as JSON-RPC, for editors and scripts."""
import base64
import hashlib
import json
import os
import threading

from fake_daemon import TURN, FakeDaemon
from harness import check, contains, deadline, equal, eventually
from jsonrpc import Peer
from scripts import echo, holds, says, words

TEXT = "Grüße, 日本語 🙂 \u2028 ende\n"


def fake(t):
    os.makedirs(os.path.dirname(t.h.socket), 0o700, exist_ok=True)
    daemon = FakeDaemon(t.h.socket)
    t.closers.append(daemon.close)
    return daemon


def test_the_same_conversation_in_both_framings(t):
    t.serve(says(TEXT * 50, step=7))
    for mode in ("lsp", "lines"):
        peer = Peer(t, mode=mode)
        reply, stream = peer.ask("hello")
        equal(peer.finish(stream).text, TEXT * 50, "text")
        turn = peer.call("turn.get", turn=reply["turn"])["turn"]
        equal((turn["text"], turn["state"]), (TEXT * 50, "done"), "turn")
        socket = t.rpc()
        equal(socket.call("turn.get", turn=reply["turn"])["turn"], turn, "turn over the socket")
        equal(peer.call("hello", protocol=[1, 1])["instance"], socket.greeting["instance"], "instance")
        equal(peer.call("ping"), {}, "ping")
        equal(peer.end(), 0, "exit status")


def test_errors_are_the_daemons_own(t):
    t.serve(echo)
    peer = Peer(t)
    error = peer.fails("unknown_method", "no.such")
    equal(error.code, 2, "code")
    peer.fails("bad_params", "turn.list", limit=0)
    peer.fails("not_found", "turn.get", turn="0a1b2c3d")
    peer.ask("one")
    peer.ask("two")
    equal(peer.call("turn.list", limit=1)["turns"][0]["question"], "two", "the newest")


def test_what_json_may_not_say_is_refused(t):
    t.serve(echo)
    peer = Peer(t)
    for number, text in enumerate((r'"a\ud800b"', r'"\udc00"', r'"a\u0000b"', r'"\ud83d\u0041"')):
        peer.raw('{"jsonrpc": "2.0", "id": %d, "method": "ask", "params": {"text": %s}}\n' % (number, text))
        equal(peer.answer(number)["error"]["data"]["name"], "bad_params", text)
    for number, value in enumerate(("9007199254740992", "-9007199254740993", "1e400", "123456789012345678901234567890"), 10):
        peer.raw('{"id": %d, "method": "turn.list", "params": {"limit": %s}}\n' % (number, value))
        equal(peer.answer(number)["error"]["code"], -32602, value)
    peer.raw(b'{"id": 20, "method": "ask", "params": {"text": "\xff"}}\n')
    equal(peer.answer(20)["error"]["data"]["name"], "bad_params", "bytes that are no UTF-8")
    peer.raw(b'{"id": 21, "method": "ask", "params": {"text": "a\x00b"}}\n')
    equal(peer.answer(21)["error"]["data"]["name"], "bad_params", "a NUL")
    peer.raw('{"id": 22, "method": "ask", "params": {"text": "x", "options": %s1%s}}\n' % ('{"a":' * 30, "}" * 30))
    equal(peer.answer(22)["error"]["code"], -32602, "too deep")
    peer.put({"id": 23, "method": "ask", "params": {"text": "x" * (1 << 20)}})
    equal(peer.answer(23)["error"]["data"]["name"], "too_large", "too large")
    equal(peer.call("turn.list")["turns"], [], "nothing was asked")
    peer.raw('{"id": 24, "method": "ask", "params": [{"text": "\\ud83d\\ude42 ok"}]}\n')
    turn = peer.answer(24)["result"]["turn"]
    equal(peer.call("turn.wait", turn=turn)["turn"]["question"], "\U0001f642 ok", "a whole pair, positional")


def test_heads_as_programs_write_them(t):
    t.serve(echo)
    body = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
    for head in (b"content-length:%d\r\n\r\n", b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nCONTENT-LENGTH:  %d \r\n\r\n",
                 b"Content-Length: %d\n\n", b"Content-Length: 00%d\r\n\r\n"):
        peer = Peer(t, mode="lsp")
        for byte in head % len(body) + body:  # each in a write of its own
            peer.raw(bytes([byte]))
        equal(peer.answer(1)["result"], {}, str(head))
        equal(peer.end(), 0, "exit status")
    for head in (b"Content-Length: +%d\r\n\r\n", b"Content-Length: -%d\r\n\r\n", b"Content-Length: 0x%x\r\n\r\n", b"Content-Length : %d\r\n\r\n",
                 b"no colon\r\nContent-Length: %d\r\n\r\n", b"Content-Length: 999999999999999999999%d\r\n\r\n", b"X: %d\r\n\r\n",
                 b"Content-Length: %d\r\nContent-Length: 1\r\n\r\n"):
        peer = Peer(t, mode="lsp")
        peer.raw(head % len(body) + body)
        equal(peer.answer(None)["error"]["code"], -32700, str(head))
        equal(peer.end(), 65, "exit status")


def test_what_is_no_request(t):
    t.serve(echo)
    peer = Peer(t)
    for line in ("{", "nonsense", '{"id": 1, "method": "ping"} x', '{"id": 1 "method": "ping"}'):
        peer.raw(line + "\n")
        equal(peer.answer(None)["error"]["code"], -32700, line)
    for line in ("1", "[]", '{"id": {"a": 1}, "method": "ping"}', '{"params": {}}', '{"jsonrpc": "1.0", "method": "ping"}',
                 '{"method": 5}'):
        peer.raw(line + "\n")
        message = peer.answer(None)
        equal(message["error"]["code"], -32600, line)
    peer.raw('{"id": 7, "method": ""}\n')
    equal(peer.answer(7)["error"]["code"], -32600, "an empty method")
    peer.raw('{"jsonrpc": "2.0", "method": "no.such"}\n{"jsonrpc": "2.0", "id": 9, "result": 1}\n\n')
    peer.raw('{"id": "a", "method": "ping"}\n{"id": 1.5, "method": "ping"}\n')
    equal((peer.answer("a")["result"], peer.answer(1.5)["result"]), ({}, {}), "ids of other kinds")
    equal(peer.replies, {}, "answers to what asked nothing")
    wait = peer.send("turn.wait", turn="none")
    peer.answer(wait)


def test_a_batch_is_answered_as_one(t):
    t.serve(echo)
    peer = Peer(t)
    peer.put([{"jsonrpc": "2.0", "id": "a", "method": "ping"}, {"jsonrpc": "2.0", "method": "ping"}, 5,
              {"jsonrpc": "2.0", "id": "b", "method": "no.such"}, {"jsonrpc": "2.0", "id": "c", "method": "ping", "params": []}])
    peer.until(lambda: "batch" in peer.replies)
    batch = {message["id"]: message for message in peer.replies.pop("batch")[0]}
    equal(sorted(batch, key=str), [None, "a", "b", "c"][:0] or sorted([None, "a", "b", "c"], key=str), "ids")
    equal((batch["a"]["result"], batch["c"]["result"], batch["b"]["error"]["code"], batch[None]["error"]["code"]),
          ({}, {}, 2, -32600), "answers")
    peer.put([{"jsonrpc": "2.0", "method": "ping"}])
    equal(peer.call("ping"), {}, "after a batch of notifications")
    check("batch" not in peer.replies, "notifications were answered")


def test_cancel_by_the_bridges_id(t):
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release))
    peer = Peer(t, mode="lsp")
    reply, stream = peer.ask("hello")
    peer.until(lambda: stream.text)
    wait = peer.send("turn.wait", turn=reply["turn"])
    peer.notify("$/cancelRequest", id=wait)
    equal(peer.answer(wait)["error"]["code"], -32800, "a wait that is cancelled")
    equal(peer.call("turn.get", turn=reply["turn"])["turn"]["state"], "streaming", "the turn goes on")
    peer.notify("$/cancelRequest", id=1)
    equal(peer.finish(stream).done["state"], "cancelled", "state")
    # In one breath with the question: the reply names the turn, then it is cancelled.
    peer.raw(peer.frame({"id": "q", "method": "ask", "params": {"text": "again", "stream": True}})
             + peer.frame({"method": "$/cancelRequest", "params": {"id": "q"}}))
    reply = peer.answer("q")["result"]
    equal(peer.finish(peer.listen(reply["turn"])).done["state"], "cancelled", "state of the second")
    peer.notify("$/cancelRequest", id="unknown")
    peer.notify("$/setTrace", value="off")
    equal(peer.end(), 0, "exit status")


def test_pieces_of_files_are_base64(t):
    data = bytes(range(256)) * 40
    _, daemon = t.serve(echo, config="retrieval = local\n")
    peer = Peer(t)
    text = ("Apples keep in cold cellars. " * 30).encode()
    upload = peer.call("doc.begin", name="a.txt", size=len(text))["upload"]
    for bad in ("abc", "ab=c", "a b=", "QQ=", "QR==", 5):
        peer.fails("bad_params", "doc.chunk", upload=upload, off=0, data=bad)
    equal(peer.call("doc.chunk", upload=upload, off=0, data=base64.b64encode(text).decode())["off"], len(text), "off")
    document = peer.call("doc.commit", upload=upload)["document"]
    equal(document["sha256"], hashlib.sha256(text).hexdigest(), "sha256")
    reply, stream = peer.ask("hello")
    peer.finish(stream)
    blob = peer.call("export", turn=reply["turn"], format="html")
    got, eof = b"", False
    while not eof:
        piece = peer.call("blob.read", blob=blob["blob"], off=len(got))
        got, eof = got + base64.b64decode(piece["data"]), piece["eof"]
    equal(len(got), blob["size"], "bytes of the export")
    contains(got.decode(), "<html")
    check(data)


def test_pieces_that_come_soon_after_one_another_are_told_as_one(t):
    daemon = fake(t)
    go = threading.Event()
    t.closers.append(go.set)

    def ask(call):
        call.accept().delta("one ").delta("two ").delta("drei \u65e5 ").event("status", text="half way").delta("four ").delta("five ")
        go.wait(120)
        call.delta("six").done()
    daemon.on["ask"] = ask
    peer = Peer(t, "--join", "1000")
    _, stream = peer.ask("hello")
    peer.until(lambda: stream.text.endswith("five "))  # by the clock: nothing else comes
    go.set()
    equal(peer.finish(stream).text, "one two drei \u65e5 four five six", "text")
    said = [message["params"] for message in peer.messages if message.get("method") == "stream"]
    equal([(note["kind"], note.get("text")) for note in said],
          [("delta", "one "), ("delta", "two drei \u65e5 "), ("status", "half way"), ("delta", "four five "), ("delta", "six"),
           ("done", None)], "what was told")
    equal([note["off"] for note in said if note["kind"] == "delta"], [0, 4, 17, 27], "where")
    for bad in ("x", "-1", "10001"):
        t.run("bridge", "--lsp", "--join", bad, code=2)


def test_a_lost_connection_is_made_again_without_a_gap(t):
    daemon = fake(t)
    done = threading.Event()

    def first(call):
        call.accept().delta("first half, ").event("status", text="half way").close()

    def attach(call):
        equal((call.params["off"], call.params["ev"], call.params["roff"]), (12, 1, 0), "where to go on")
        call.at("first half, ", ev=1).reply(turn=TURN, off=12, ev=1, roff=0, state="streaming", length=12, live=True)
        call.delta("second half").done()
        done.set()

    daemon.on["ask"], daemon.on["attach"] = first, attach
    peer = Peer(t)
    _, stream = peer.ask("hello")
    equal(peer.finish(stream).text, "first half, second half", "text")
    equal([note["state"] for note in peer.said("connection")], ["lost", "made"], "what was told")
    equal(peer.said("connection")[1]["restarted"], False, "restarted")
    check(daemon.sent("ask")[0]["key"], "the question has no key")


def test_more_streams_than_can_be_resumed_at_once(t):
    daemon, count = fake(t), 40
    turn = "0a1b2c3d-0000-4000-8000-{:012d}".format

    def ask(call):
        call.turn = turn(len(daemon.sent("ask")))
        call.accept(turn=call.turn).delta("first, ")
        if len(daemon.sent("ask")) == count:
            call.close()

    def attach(call):
        call.turn = call.params["turn"]
        equal(call.params["off"], 7, "off")
        call.at("first, ").reply(turn=call.turn, off=7, ev=0, roff=0, state="streaming", length=7, live=True)
        call.delta("second").done()

    daemon.on["ask"], daemon.on["attach"] = ask, attach
    peer = Peer(t)
    ids = [peer.send("ask", text="hello", stream=True) for _ in range(count)]
    streams = [peer.listen(peer.reply(number)["turn"]) for number in ids]
    for stream in streams:
        equal(peer.finish(stream).text, "first, second", "text")
    equal(len(daemon.sent("attach")), count, "times attached")


def test_a_connection_that_breaks_again_and_again_is_given_up(t):
    daemon = fake(t)
    daemon.on["ask"] = lambda call: call.accept().delta("some ").close()
    daemon.on["attach"] = lambda call: call.close()
    peer = Peer(t)
    _, stream = peer.ask("hello")
    equal(peer.finish(stream).done["state"], "lost", "state")
    daemon.on["status"] = lambda call: call.close()
    equal(peer.fails("lost", "status").code, -32002, "a read that is never answered")
    equal(len(daemon.sent("status")), 4, "times sent")


def test_a_question_whose_answer_was_lost_is_asked_again_with_its_key(t):
    daemon = fake(t)

    def ask(call):
        if len(daemon.sent("ask")) == 1:
            call.close()
        else:
            call.accept(dup=True).delta("answer").done()

    daemon.on["ask"] = ask
    daemon.on["token.create"] = lambda call: call.close()
    peer = Peer(t)
    reply, stream = peer.ask("hello")
    equal((peer.finish(stream).text, reply["dup"]), ("answer", True), "answer")
    keys = [params["key"] for params in daemon.sent("ask")]
    equal((len(keys), keys[0]), (2, keys[-1]), "keys")
    # What must not be done twice is not sent twice.
    equal(peer.fails("lost", "token.create").code, -32002, "code")
    equal(len(daemon.sent("token.create")), 1, "times sent")
    peer.fails("not_found", "status")


@deadline(60)
def test_a_daemon_that_was_killed_leaves_an_interrupted_turn(t):
    release = threading.Event()
    t.closers.append(release.set)
    _, daemon = t.serve(holds(release, TEXT * 400))
    peer = Peer(t)
    reply, stream = peer.ask("hello")
    unsaved, lost = peer.ask("not kept", save=False)
    peer.until(lambda: stream.text == TEXT * 400 and lost.text == TEXT * 400)
    rpc = t.rpc()
    eventually(lambda: rpc.call("status")["turns"]["oldest_unsaved_ms"] == 0, "a checkpoint")
    daemon.kill()
    daemon.start()
    peer.finish(stream)
    stored = t.rpc().call("turn.get", turn=reply["turn"])["turn"]
    equal((stream.done["state"], stream.done["length"], stored["state"]), ("interrupted", stored["length"], "interrupted"), "state")
    equal(stream.text, stored["text"], "text")
    equal([note["restarted"] for note in peer.said("connection") if note["state"] == "made"], [True], "restarted")
    peer.finish(lost)
    equal((lost.done["state"], lost.done["retry"], lost.done["local"]), ("interrupted", False, True), "what was not kept")
    release.set()
    again = peer.call("turn.retry", turn=reply["turn"], stream=True)
    equal(peer.finish(peer.listen(again["turn"])).done["state"], "done", "retried")


def test_less_on_disk_than_came_is_told_with_the_length_that_stands(t):
    daemon = fake(t)
    daemon.on["ask"] = lambda call: call.accept().delta("twelve bytes and more").close()

    def attach(call):
        call.fail("bad_params", "off is past the end")

    def get(call):
        call.reply(turn=dict(turn=TURN, thread="f00dcafe-0000-4000-8000-000000000002", state="interrupted", text="twelve bytes",
                             length=12, sha256="ab" * 32, seconds=2.5))

    def hello(call):
        call.reply(protocol=1, server="fake", version="0", level=1, caps=[], limits={},
                   instance="first" if len(daemon.sent("hello")) == 1 else "second")

    daemon.on.update({"attach": attach, "turn.get": get, "hello": hello})
    peer = Peer(t)
    peer.send("ask", text="hello", stream=True)
    peer.until(lambda: any(note.get("kind") == "done" for note in peer.said("stream")))
    kinds = [(note["kind"], note.get("name"), note.get("length")) for note in peer.said("stream")]
    equal(kinds, [("delta", None, None), ("error", "interrupted", None), ("done", None, 12)], "what was told")
    done = peer.said("stream")[-1]
    equal((done["state"], done["retry"], done["local"], done["sha256"]), ("interrupted", True, True, "ab" * 32), "done")


def test_nobody_to_go_back_to(t):
    daemon = fake(t)
    daemon.on["ask"] = lambda call: call.accept().delta("some ")
    peer = Peer(t, env={"RAGCHAT_AGAIN_MS": "300", "RAGCHAT_SOCKET": t.h.socket})
    _, stream = peer.ask("hello")
    peer.until(lambda: stream.text)
    daemon.close()
    peer.finish(stream)
    equal((stream.done["state"], stream.of("error")[0]["name"]), ("interrupted", "interrupted"), "end")
    eventually(lambda: not peer.replies, "nothing")
    peer.until(lambda: [note["state"] for note in peer.said("connection")] == ["lost", "given_up"])
    equal(peer.fails("unreachable", "status").code, -32001, "code")
    equal(peer.end(), 0, "exit status")


def test_the_bridge_starts_the_daemon(t):
    t.h.configure("idle_exit = 1h\n", fast=True)
    peer = Peer(t)
    equal(peer.call("ping"), {}, "ping")
    eventually(t.adopted, "a daemon")
    peer.end()
    t.end_adopted()


@deadline(60)
def test_a_slow_reader_costs_no_memory_and_loses_nothing(t):
    text = "".join(f"{number:07d} " for number in range(500_000))  # 4 MB
    t.serve(says(text, step=16000))
    peer = Peer(t)
    reply, stream = peer.ask("hello")
    waiter = t.rpc()
    waiter.call("turn.wait", turn=reply["turn"])  # the bridge's reader has slept all the while
    with open(f"/proc/{peer.process.pid}/status", encoding="utf-8") as f:
        peak = int([line for line in f if line.startswith("VmHWM")][0].split()[1])
    check(t.sanitizer or peak < 16_000, "the bridge took", peak, "KiB")
    equal(peer.finish(stream, 30).text, text, "text")


def test_many_requests_at_once_and_a_program_that_never_reads(t):
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release))
    peer = Peer(t)
    reply, _ = peer.ask("hello")
    ids = [peer.send("turn.wait", turn=reply["turn"]) for _ in range(80)]
    for number in ids[56:]:
        equal(peer.answer(number)["error"]["data"]["name"], "busy", "beyond the bound")
    release.set()
    for number in ids[:56]:
        equal(peer.answer(number)["result"]["turn"]["state"], "done", "those within")


def test_the_end_of_the_input(t):
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release))
    peer = Peer(t)
    reply, stream = peer.ask("hello")
    peer.until(lambda: stream.text)
    equal(peer.end(), 0, "exit status while an answer runs")
    equal(t.rpc().call("turn.get", turn=reply["turn"])["turn"]["state"], "streaming", "the answer goes on")
    release.set()
    t.rpc().call("turn.wait", turn=reply["turn"])
    # A script's way: every request is answered, a last line needs no end, --wait stays for the stream.
    one = '{"id": 1, "method": "turn.get", "params": {"turn": "last"}}'
    equal(json.loads(t.run("bridge", "--lines", stdin=one).text)["result"]["turn"]["turn"], reply["turn"], "one line")
    out = t.run("bridge", "--lines", "--wait", stdin='{"id": 1, "method": "ask", "params": {"text": "x", "stream": true}}\n').lines
    equal(out[-1]["params"]["kind"], "done", "the last line")
    equal(t.run("bridge", "--lsp", stdin="Content-Length: 5\r\n\r\n{", code=None).code, 65, "half a message")
    result = t.run("bridge", "--lsp", stdin="hello\r\n\r\n", code=None)
    equal(result.code, 65, "no head")
    contains(result.text, "-32700")
    equal(t.run("bridge", "--lines", stdin="").out, b"", "nothing asked")
    equal(t.run("bridge", code=None).code, 2, "no mode")
    code, out = t.terminal("bridge", "--lines", keys=lambda fd, _: os.write(fd, b'{"id": 1, "method": "ping"}\n\x04'))
    equal(code, 0, "status on a terminal")
    contains(out.decode(), "this is for programs", '"result":{}')


def test_a_message_that_is_too_large_costs_itself_only(t):
    t.serve(echo)
    for mode in ("lsp", "lines"):
        peer = Peer(t, mode=mode)
        threading.Thread(target=peer.raw, args=(peer.frame(b" " * (9 << 20)) + peer.frame({"id": 1, "method": "ping"}),)).start()
        equal(peer.answer(1)["result"], {}, "the next one")
        equal(peer.answer(None)["error"]["data"]["name"], "too_large", "the large one")


def test_a_reader_that_goes(t):
    t.serve(words(2000, 0.002))
    peer = Peer(t)
    _, stream = peer.ask("hello")
    peer.until(lambda: stream.text)
    peer.process.stdout.close()
    eventually(lambda: not peer.client.running(), "the bridge's end")
    equal(peer.client.end().code, 141, "exit status")


def test_a_daemon_that_lies(t):
    daemon = fake(t)
    daemon.on["status"] = lambda call: call.raw(b"\xdd\xff\xff\xff\xff")
    daemon.on["ping"] = lambda call: call.raw(b"\xc1")
    peer = Peer(t)
    equal(peer.fails("bad_request", "status").code, 1, "code")
    peer.fails("bad_request", "ping")
    daemon.on["ping"] = lambda call: call.reply()
    equal(peer.call("ping"), {}, "the next connection")
