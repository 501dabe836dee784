"""The wire as somebody else's client sees it: offsets, attach, cancel, wait, keys, references."""
import threading
import time

from harness import RpcError, check, contains, deadline, equal, eventually
from scripts import echo, holds, says

UMLAUTS = "Grüße, 日本語 🙂 ende"


def test_hello_tells_version_limits_and_instance(t):
    _, daemon = t.serve(echo)
    rpc = t.rpc()
    hello = rpc.greeting
    equal(hello["protocol"], 1, "protocol")
    for key in ("server", "version", "level", "instance", "caps", "limits", "uid", "auth"):
        check(key in hello, f"hello has no '{key}':", hello)
    equal(rpc.call("hello", protocol=[1, 9])["instance"], hello["instance"], "a second hello")
    error = t.rpc(hello=False).fails("unsupported_version", "hello", protocol=[7, 9])
    equal(error.error["data"], {"min": 1, "max": 1}, "data")
    equal(t.rpc(hello=False).call("ping"), {}, "ping before hello")
    t.rpc(hello=False).fails("unauthenticated", "status")
    other = t.rpc()
    equal(other.peer_pid(), daemon.pid, "peer")
    daemon.stop()
    daemon.start()
    check(t.rpc().greeting["instance"] != hello["instance"], "the instance is the same after a restart")


def test_attach_late_twice_from_an_offset_and_after_the_end(t):
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release, UMLAUTS, " and the rest"))
    asker, late, later = t.rpc(), t.rpc(), t.rpc()
    reply, stream = asker.ask("hello")
    equal(reply["off"], 0, "off of ask")
    whole = UMLAUTS + " and the rest"
    asker.until(lambda: stream.text == UMLAUTS)
    at = len("Grüße".encode())
    _, from_start = late.attach(reply["turn"])
    attached, from_middle = later.attach(reply["turn"], off=at)
    equal((attached["turn"], attached["off"], attached["live"]), (reply["turn"], at, True), "reply of attach")
    release.set()
    equal(asker.finish(stream).text, whole, "the asker's answer")
    equal(late.finish(from_start).text, whole, "attached late")
    equal(later.finish(from_middle).data, whole.encode()[at:], "attached in the middle")
    for done in (stream.done, from_start.done, from_middle.done):
        equal((done["state"], done["length"], done["finish_reason"]), ("done", len(whole.encode()), "stop"), "done")
    after = t.rpc()
    attached, again = after.attach(reply["turn"])
    equal(after.finish(again).text, whole, "attached after the end")
    attached, tail = after.attach(reply["turn"], off=len(whole.encode()))
    equal(after.finish(tail).text, "", "attached at the very end")
    equal(attached["live"], False, "live after the end")
    for off in (3, len(whole.encode()) + 1, 1 << 40, -1):  # 3 is within the u-umlaut
        after.fails("bad_params", "attach", turn=reply["turn"], off=off)


def test_attach_after_a_restart_reads_from_the_store(t):
    _, daemon = t.serve(says(UMLAUTS * 20000, step=5000))
    rpc = t.rpc()
    reply, stream = rpc.ask("long")
    rpc.finish(stream)
    equal(stream.text, UMLAUTS * 20000, "the answer")
    daemon.stop().start()
    rpc = t.rpc()
    _, again = rpc.attach("last")
    equal(rpc.finish(again).text, UMLAUTS * 20000, "the answer read again")
    equal(again.done["sha256"], stream.done["sha256"], "sha256")
    half = len((UMLAUTS * 10000).encode())
    _, tail = rpc.attach(reply["turn"], off=half)
    equal(rpc.finish(tail).text, UMLAUTS * 10000, "its second half")
    turn = rpc.call("turn.get", turn=reply["turn"])["turn"]
    equal(turn["length"], len((UMLAUTS * 20000).encode()), "length")
    check(len(turn["text"].encode()) <= 256 << 10, "text of turn.get is past its limit")
    equal(t.run("last").text, UMLAUTS * 20000 + "\n", "ragchat last")


def test_a_second_attach_on_a_connection_moves_the_subscription(t):
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release))
    rpc = t.rpc()
    reply, stream = rpc.ask("hello")
    rpc.until(lambda: stream.text == "first half, ")
    _, moved = rpc.attach(reply["turn"], off=6)
    release.set()
    equal(rpc.finish(moved).text, "half, second half", "from the new offset")
    rpc.call("detach", turn=reply["turn"])
    rpc.call("detach", turn=reply["turn"])


def test_detach_stops_the_stream_and_not_the_answer(t):
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release))
    rpc = t.rpc()
    reply, stream = rpc.ask("hello")
    rpc.until(lambda: stream.text == "first half, ")
    rpc.call("detach", turn=reply["turn"])
    release.set()
    equal(rpc.call("turn.wait", turn=reply["turn"])["turn"]["state"], "done", "state")
    equal((stream.text, stream.done), ("first half, ", None), "what came after detach")


def test_cancel_from_another_process_keeps_the_part(t):
    release = threading.Event()
    t.closers.append(release.set)
    made, _ = t.serve(holds(release))
    client = t.start("ask", "--json", "hello")
    eventually(lambda: [turn for turn in t.rpc().call("turn.list", live=True)["turns"] if turn["length"]], "text")
    t.run("cancel", "last")
    result = client.end()
    equal(result.code, 130, "status of the asker")
    equal((result.json["state"], result.json["text"]), ("cancelled", "first half, "), "what the asker printed")
    eventually(lambda: made.chats[0].gone, "the backend's connection closed")
    rpc = t.rpc()
    equal(rpc.call("cancel", turn="last")["state"], "cancelled", "a second cancel")
    equal(rpc.call("turn.get", turn="last")["turn"]["text"], "first half, ", "the stored part")
    equal(t.sql("SELECT output FROM steps WHERE type = 'assistant_message'"), [{"output": "first half, "}], "output")
    rpc.fails("not_found", "cancel", turn="ffffffff")


def test_a_cancelled_part_is_context_and_a_question_without_answer_is_not(t):
    release = threading.Event()
    t.closers.append(release.set)
    state = {"n": 0}

    def script(request, out):
        state["n"] += 1
        if state["n"] == 1:
            holds(release, "the part")(request, out)
        elif state["n"] == 2:
            out.reply(400, {"error": {"message": "no"}})
        else:
            says("fine")(request, out)
    made, _ = t.serve(script)
    rpc = t.rpc()
    reply, stream = rpc.ask("first", thread="t", create=True)
    rpc.until(lambda: stream.data)
    rpc.call("cancel", turn=reply["turn"])
    rpc.finish(stream)
    for text in ("second", "third"):
        _, stream = rpc.ask(text, thread="t")
        rpc.finish(stream)
    sent = [(m["role"], m["content"]) for m in made.chats[-1].json["messages"] if m["role"] != "system"]
    equal(sent, [("user", "first"), ("assistant", "the part"), ("user", "third")], "messages")


def test_ps_wait_and_detached_asks(t):
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release))
    asked = t.run("ask", "-d", "in the background")
    ident = asked.text.strip()
    check(len(ident) >= 8, "ask -d prints", asked)
    contains(t.run("ps").text, "in the background", ident[:4])
    rows = t.run("ps", "--json").json
    rows = rows["turns"] if isinstance(rows, dict) else rows
    equal([row["question"] for row in rows], ["in the background"], "ps --json")
    t.run("wait", "--timeout", "0.2", ident, code=124)
    attached = t.start("attach", ident)
    attached.wait_out("first half, ")
    waiting = t.start("wait", ident)
    release.set()
    waiting.end().expect()
    equal(attached.end().expect().text, "first half, second half\n", "attach")
    equal(t.run("attach", "--from", "6", ident).text, "half, second half\n", "attach --from")
    t.run("wait", ident)
    t.run("attach", "nothing-there", code=3)


def test_a_key_makes_one_turn_however_often_it_is_asked(t):
    made, daemon = t.serve(echo)
    rpc = t.rpc()
    first = rpc.call("ask", text="once", key="k1")
    rpc.call("turn.wait", turn=first["turn"])
    again = t.rpc().call("ask", text="once", key="k1")
    equal((again["turn"], again["dup"]), (first["turn"], True), "the same key again")
    check("dup" not in first or first["dup"] is False, "dup in the first reply")
    rpc.fails("conflict", "ask", text="twice", key="k1")
    daemon.stop().start()
    rpc = t.rpc()
    equal(rpc.call("ask", text="once", key="k1")["turn"], first["turn"], "the key after a restart")
    reply, stream = rpc.ask("once", key="k1")
    equal(rpc.finish(stream).text, "answer to once", "the stream of a known key")
    rpc.fails("bad_params", "ask", text="x", key="k" * 65)
    equal(len(made.chats), 1, "requests")
    threads = [threading.Thread(target=lambda: t.rpc().call("ask", text="race", key="k2")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(len(t.sql("SELECT 1 FROM steps WHERE output = 'race'")), 1, "rows of eight asks with one key")


def test_requests_may_overtake_and_sixty_four_may_wait(t):
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release))
    rpc = t.rpc()
    reply = rpc.call("ask", text="hello")
    waits = [rpc.send("turn.wait", turn=reply["turn"]) for _ in range(60)]
    equal(rpc.call("ping"), {}, "a ping past sixty waiting requests")
    more = [rpc.send("turn.wait", turn=reply["turn"]) for _ in range(10)]
    refused = 0
    release.set()
    for number in waits + more:
        try:
            equal(rpc.reply(number)["turn"]["state"], "done", "wait")
        except RpcError as error:
            equal(error.name, "busy", "error past the limit")
            refused += 1
    equal(refused, 6, "requests refused")


def test_a_message_id_in_use_is_refused(t):
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release))
    rpc = t.rpc()
    reply = rpc.call("ask", text="hello")
    number = rpc.send("turn.wait", turn=reply["turn"])
    rpc.id -= 1
    equal(rpc.send("ping"), number, "the id")
    try:
        rpc.reply(number)
        raise AssertionError("two requests with one id were taken")
    except RpcError as error:
        equal(error.name, "bad_request", "error")


def test_lists_page_by_cursor_without_gap_or_repeat(t):
    t.serve(echo)
    rpc = t.rpc()
    for i in range(25):
        rpc.call("turn.wait", turn=rpc.call("ask", text=f"q{i}", title=f"t{i}")["turn"])
    for method, rows in (("thread.list", "threads"), ("turn.list", "turns")):
        seen, before = [], None
        while True:
            page = rpc.call(method, limit=7, **({"before": before} if before else {}))
            check(len(page[rows]) <= 7, f"{method} gave", len(page[rows]))
            seen += [row["thread"] for row in page[rows]]
            before = page.get("next")
            if not before:
                break
        equal((len(seen), len(set(seen))), (25, 25), f"rows of {method}")
    names = [row["name"] for row in rpc.call("thread.list", limit=200)["threads"]]
    equal(names, [f"t{i}" for i in reversed(range(25))], "newest first")
    rpc.fails("bad_params", "thread.list", limit=0)
    rpc.fails("bad_params", "thread.list", limit="many")
    try:
        rpc.call("thread.list", before="no such cursor")
        raise AssertionError("a made-up cursor was taken")
    except RpcError as error:
        check(error.name in ("bad_params", "not_found"), "error of a made-up cursor:", error.name)


def test_ambiguous_references_list_their_candidates(t):
    t.daemon("")
    rpc, ids, twins = t.rpc(), [], []
    while not twins and len(ids) < 2000:  # until two turns share their first four hex digits
        asked = [rpc.send("ask", text="q", thread=t.dir, create=True) for _ in range(50)]
        ids += [rpc.reply(number)["turn"] for number in asked]
        twins = [one for one in ids if sum(other[:4] == one[:4] for other in ids) > 1]
    check(twins, "2000 random ids have no common beginning")
    twins = [one for one in twins if one[:4] == twins[0][:4]]
    error = rpc.fails("ambiguous", "turn.get", turn=twins[0][:4])
    named = {one["id"] for one in error.error["data"]["candidates"]}
    check(set(twins) <= named, "candidates:", named, "for", twins)
    result = t.run("wait", twins[0][:4], code=3)
    check(twins[0][:8] in result.err, "the client does not list the candidates:", result.err)
    rpc.fails("not_found", "turn.get", turn=twins[0][:3])


@deadline(60)
def test_a_stream_is_whole_though_its_reader_pauses(t):
    text = "".join(f"{i:07d}\n" for i in range(300000))  # 2.4 MB
    _, daemon = t.serve(says(text, step=8000))
    rpc = t.rpc(timeout=30)
    reply, stream = rpc.ask("long")
    time.sleep(1.0)
    equal(t.rpc().call("turn.wait", turn=reply["turn"])["turn"]["state"], "done", "state though nobody reads")
    equal(rpc.finish(stream, 30).text, text, "the answer")
    t.bounded(daemon.memory(), 40 << 10, "an answer of 2.4 MB and a reader that pauses")


def test_the_first_pieces_arrive_while_the_answer_runs(t):
    def script(request, out):
        for i in range(20):
            out.delta(f"piece {i}. ")
            printed.acquire(timeout=120)
        out.finish()
    printed = threading.Semaphore(0)
    t.serve(script)
    client = t.start("ask", "hello")
    for i in range(20):  # the next is not sent before this one is printed
        client.wait_out(f"piece {i}. ")
        printed.release()
    client.end().expect()


def test_continue_goes_by_terminal_then_by_the_last_one_used(t):
    t.serve(echo)
    rpc = t.rpc()

    def asked(**params):
        reply = rpc.call("ask", text="x", **params)
        rpc.call("turn.wait", turn=reply["turn"])
        return reply["thread"]
    first = asked(**{"continue": True}, terminal="A")
    b = asked(terminal="B")
    alone = asked()
    equal(len({first, b, alone}), 3, "threads")
    equal(asked(**{"continue": True}, terminal="B"), b, "the terminal's own last thread")
    equal(asked(**{"continue": True}, terminal="A"), first, "another terminal's")
    equal(asked(**{"continue": True}, terminal="C"), first, "a new terminal: the last one asked from any")
    equal(asked(**{"continue": True}), first, "no terminal: the last one asked from any")
    other = asked(thread="by name", create=True, terminal="A")
    equal(asked(**{"continue": True}, terminal="A"), other, "a thread chosen by name is the terminal's last")


def test_a_prefix_never_makes_a_thread_and_a_name_always_does(t):
    t.serve(echo)
    rpc = t.rpc()
    first = rpc.call("ask", text="x")
    equal(rpc.call("ask", text="y", thread=first["thread"][:8], create=True)["thread"], first["thread"], "a prefix of an id")
    rpc.fails("not_found", "ask", text="z", thread="no such thread")
    made = rpc.call("ask", text="z", thread="no such thread", create=True)
    check(made["thread"] != first["thread"] and made["name"] == "no such thread", "a new name:", made)
    equal(rpc.call("ask", text="z", thread="no such thread")["thread"], made["thread"], "the name again")


def test_events_keep_their_numbers_after_the_end(t):
    """Who had seen the progress when the connection was lost gets what came with the end, and that once."""
    def script(request, out):
        out.delta("`[Researcher working...]`\n")
        out.delta("`[Writer working...]`\n")
        out.delta("text")
        out.event({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}})
        out.finish()
    t.serve(script)
    rpc = t.rpc()
    reply, live = rpc.ask("hello")
    rpc.finish(live)
    told = [(event["kind"], event["ev"]) for event in live.events + [live.done]]
    equal(told, [("status", 1), ("status", 2), ("usage", 3), ("done", 4)], "events as they came")
    for ev, wanted in ((0, told[2:]), (2, told[2:]), (3, told[3:])):
        attached, again = t.rpc().attach(reply["turn"], ev=ev)
        equal(attached["ev"], ev, "ev of the reply")
        other = t.rpc()
        _, again = other.attach(reply["turn"], ev=ev)
        other.finish(again)
        equal([(event["kind"], event["ev"]) for event in again.events + [again.done]], wanted, f"events after {ev}")
