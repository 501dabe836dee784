"""What is said is the same in every language, what PROTOCOL.md shows is what happens, what was recorded still holds."""
import glob
import hashlib
import json
import os
import re
import subprocess
import sys
import time

import mp
from exchange import Play, Record, parse
from harness import DATA, Rpc, check, deadline, equal
from jsonrpc import Peer
from scripts import question
from transcript import RECORD, Plain, joined

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "contrib", "python"))
import ragchat  # noqa: E402

ANSWER = "Grüße 🙂, **bold** \u2028 and a citation [1].\n"


def scripted(request, out):
    """A backend whose answer depends on the question: what the words in it say."""
    text = question(request)
    if "hold" in text:
        out.delta("some of it")
        time.sleep(0.01)
        while not out.gone():
            time.sleep(0.01)
        return
    if "refuse" in text:
        out.reply(400, '{"error": {"message": "no such thing here"}}', {"Content-Type": "application/json"})
        return
    if "think" in text:
        for piece in ("I think ", "about it. "):
            out.reasoning(piece)
    if "status" in text:
        out.delta("`[Researcher working...]`\n")
        out.delta("`[Writer working...]`\n")
    for at in range(0, len(ANSWER), 5):
        out.delta(ANSWER[at:at + 5])
    out.event({"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 34, "total_tokens": 46}})
    out.finish()


def serve(t, home=None):
    return t.serve(scripted, home=home, config="retries = 0\n")


# ---- the same in each language ----

STEPS = [
    ["ask", {"text": "hello, think, status", "thread": "talk", "create": True, "stream": True, "key": "k1"}, True],
    ["turn.get", {"turn": "$turn"}, False],
    ["attach", {"turn": "$turn", "off": 8}, True],
    ["ask", {"text": "refuse", "thread": "talk", "stream": True, "key": "k2"}, True],
    ["turn.get", {"turn": "last"}, False],
    ["turn.retry", {"turn": "$turn", "stream": True, "key": "k3"}, True],
    ["message.list", {"thread": "talk", "limit": 2}, False],
    ["thread.list", {}, False],
    ["turn.get", {"turn": "none such"}, False],
    ["turn.list", {"limit": 0}, False],
    ["no.such", {}, False],
]


def error_of(error):
    return {key: value for key, value in error.items() if value is not None}


def in_python(t, home):
    said = []
    with ragchat.Client(home.socket) as chat:
        turn = None
        for method, params, wait in STEPS:
            params = {key: turn if value == "$turn" else value for key, value in params.items()}
            if wait:
                params.pop("stream", None)
                answer = {"ask": lambda: chat.ask(**params), "turn.retry": lambda: chat.retry(**params),
                          "attach": lambda: chat.attach(**params)}[method]()
                turn = answer.turn
                said += [{"note": event.params} for event in answer]
                continue
            try:
                said.append({"reply": chat.call(method, **params)})
            except ragchat.RemoteError as error:
                said.append({"error": error_of({"code": error.code, "name": error.name, "message": error.message,
                                                "data": error.data, "retry_ms": error.retry_ms})})
    return said


def in_node(t, home):
    done = subprocess.run(["node", os.path.join(os.path.dirname(__file__), "peer.js"), home.socket], input=json.dumps(STEPS),
                          capture_output=True, text=True, timeout=90, check=False)
    equal(done.returncode, 0, f"status of node ({done.stderr})")
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def by_bridge(mode):
    def run(t, home):
        peer, said, turn = Peer(t, mode=mode, home=home), [], None
        for method, params, wait in STEPS:
            number = peer.send(method, **{key: turn if value == "$turn" else value for key, value in params.items()})
            message = peer.answer(number)
            if "error" in message:
                error = message["error"]
                said.append({"error": error_of(dict({"code": error["code"], "message": error["message"]}, **error["data"]))})
                continue
            said.append({"reply": message["result"]})
            found = message["result"].get("turn")
            turn = found["turn"] if isinstance(found, dict) else found or turn
            while wait:
                peer.until(lambda: peer.notes)
                _, note = peer.notes.popleft()
                said.append({"note": note})
                wait = note["kind"] != "done"
        equal(peer.end(), 0, "exit status of the bridge")
        return said
    return run


def plain(said):
    """Replies of ask, attach and retry are left out (Python gives them as an object), text is joined, ids are numbered."""
    notes, lines, plainly = [], [], Plain()
    for one in [*said, {"end": None}]:
        if "note" in one:
            notes.append(one["note"])
            continue
        if notes:
            lines += [{"note": plainly.value(note)} for note in joined(notes)]
            notes = []
        if "error" in one or ("reply" in one and not isinstance(one["reply"].get("turn"), str)):
            lines.append(plainly.value(one))
    return lines


@deadline(60)
def test_python_node_and_the_bridge_hear_the_same(t):
    told = {}
    for name, run in (("python", in_python), ("node", in_node), ("lsp", by_bridge("lsp")), ("lines", by_bridge("lines"))):
        home = t.home(name)
        backend, _ = serve(t, home)
        told[name] = plain(run(t, home))
        for line in told[name]:  # where the backend listens is another place each time
            text = json.dumps(line).replace(backend.url, "<backend>")
            line.clear()
            line.update(json.loads(text))
    kinds = [line["note"]["kind"] for line in told["python"] if "note" in line]
    for kind in ("delta", "reasoning", "status", "usage", "error", "done"):
        check(kind in kinds, "nothing of kind", kind, "was said:", kinds)
    for name in ("node", "lsp", "lines"):
        for at, (one, other) in enumerate(zip(told["python"], told[name])):
            equal(other, one, f"line {at} of {name}, against python's;")
        equal(len(told[name]), len(told["python"]), f"lines of {name}")


# ---- PROTOCOL.md ----

def protocol():
    with open(os.path.join(ROOT, "proto", "PROTOCOL.md"), encoding="utf-8") as file:
        return file.read()


@deadline(60)
def test_every_exchange_of_the_protocol_is_so(t):
    """The blocks marked `exchange` are played in their order, each on a connection of its own."""
    t.serve(scripted, config="retrieval = local\nretries = 0\n")
    blocks = re.findall(r"^```exchange\n(.*?)^```", protocol(), re.M | re.S)
    check(len(blocks) >= 5, "only", len(blocks), "exchanges are in PROTOCOL.md")
    names = {}
    for block in blocks:
        play = Play(t.rpc(hello="> hello" not in block))
        play.names = names
        play.play(parse(block))


def test_the_frames_in_bytes_are_what_they_say(t):
    text = protocol()
    part = text[text.index("## Appendix B"):text.index("## Appendix C")]
    found = re.findall(r"`(\[[012],.*?\])`\n\n```\n(.*?)```", part, re.S)
    check(len(found) >= 7, "only", len(found), "frames")
    for words, block in found:
        data = bytes.fromhex("".join("".join(re.findall(r"^ *((?:[0-9a-f]{2} ?)+)", line)) for line in block.splitlines()))
        unpacker = mp.Unpacker()
        unpacker.feed(data)
        equal(list(unpacker), [json.loads(words.replace("nil", "null"))], words)


def test_the_client_of_the_appendix_works(t):
    t.serve(scripted)
    program = t.h.path("ask.py", re.search(r"## Appendix A.*?```python\n(.*?)```", protocol(), re.S)[1])
    done = subprocess.run([sys.executable, program, "hello"], env=dict(t.h.env, RAGCHAT_SOCKET=t.h.socket), capture_output=True,
                          timeout=90, check=False)
    equal((done.returncode, done.stdout.decode()), (0, ANSWER + "\n"), f"what it printed ({done.stderr})")


# ---- recordings ----

def converse(record, has):
    """A conversation that goes through what this level has."""
    call = record.call
    call("hello", protocol=[1, 1], client="recorder", version="1")
    call("hello", protocol=[7, 9])
    call("ping")
    first = call("ask", text="hello, think, status", thread="talk", create=True, stream=True, key="k1")["turn"]
    record.follow(first)
    call("ask", text="hello, think, status", thread="talk", create=True, stream=False, key="k1")
    call("ask", text="another question", thread="talk", key="k1")
    call("attach", turn=first, off=8, ev=1)
    record.follow(first)
    call("attach", turn=first, off=1 << 20)
    held = call("ask", text="hold", thread="talk", stream=True)["turn"]
    record.note()
    call("cancel", turn=held)
    record.follow(held)
    call("cancel", turn=held)
    refused = call("ask", text="refuse", stream=True, title="refused", tags=["a", "b"], model="m", options={"temperature": 0.5})["turn"]
    record.follow(refused)
    again = call("turn.retry", turn=refused, stream=True, key="k2")["turn"]
    record.follow(again)
    call("turn.wait", turn=first)
    call("turn.get", turn="last")
    call("turn.list", limit=2)
    call("turn.list", limit=0)
    call("turn.list", live=True)
    call("source.list", turn=first)
    call("thread.get", thread="talk")
    call("message.list", thread="talk", limit=1)
    call("message.list", thread="talk", after=1)
    call("turn.get", turn="talk:1")
    call("turn.get", turn="none such")
    call("ask", text="")
    call("ask", text="x", save=False, stream=False)
    call("no.such")
    upload = call("doc.begin", name="fruit.txt", size=18)["upload"]
    call("doc.chunk", upload=upload, off=0, data=b"Apples keep well.\n")
    call("doc.commit", upload=upload)
    gone = call("doc.begin", name="gone.txt")["upload"]
    call("doc.abort", upload=gone)
    call("doc.chunk", upload=gone, off=0, data=b"x")
    call("doc.begin", name="../gone.txt")
    call("doc.get", document="fruit.txt")
    call("doc.list")
    call("collection.list")
    if "doc.search" in has:
        call("doc.search", text="apples", limit=2)
    if "doc.original" in has:
        call("doc.original", document="fruit.txt")
    call("doc.remove", document="fruit.txt")
    blob = call("export", turn=first, format="html")["blob"]
    call("blob.read", blob=blob)
    call("model.list")
    call("detach", turn=first)
    call("account.self")
    call("share.list")
    call("daemon.reload")
    if "event.next" in has:
        call("event.next", after=0, limit=2)
    call("token.create", label="recorded")
    for method, params in (("thread.rename", {"thread": "talk", "name": "letters"}), ("tag.set", {"thread": "letters", "tags": ["x"]}),
                           ("rate", {"turn": first, "rating": "up", "comment": "good"}), ("search.sync", {}),
                           ("search", {"text": "think"}), ("thread.fork", {"thread": "letters", "at": 1}),
                           ("turn.edit", {"turn": "letters:1", "text": "hello in other words", "key": "k9"}),
                           ("thread.delete", {"thread": "refused"})):
        if method in has:
            call(method, **params)


def level_of(rpc):
    return rpc.greeting["level"], [method["name"] for method in rpc.call("api.info")["methods"]]


def recorder(t):
    t.serve(scripted, config="retrieval = local\nretries = 0\n")
    return level_of(t.rpc())


def placeless(text):
    return re.sub(r"http://127\.0\.0\.1:\d+", "<backend>", text)


@deadline(60)
def test_what_was_recorded_still_holds(t):
    """Each level's recording, played against this build. `make record` writes that of today's level."""
    level, has = recorder(t)
    path = os.path.join(DATA, "levels", f"{level}.exchange")
    if RECORD:
        record = Record(t.rpc(hello=False))
        converse(record, has)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write("# A conversation with a daemon of level %d; see tests/system/exchange.py.\n" % level + placeless(record.text))
    check(os.path.exists(path), "no recording of level", level, "is kept: `make record`")
    for kept in sorted(glob.glob(os.path.join(DATA, "levels", "*.exchange"))):
        home = t.home("at" + hashlib.sha256(kept.encode()).hexdigest()[:6])
        backend = t.serve(scripted, home=home, config="retrieval = local\nretries = 0\n")[0]
        with open(kept, encoding="utf-8") as file:
            steps = parse(file.read())
        play = Play(Rpc(home.socket, hello=False))
        t.closers.append(play.rpc.close)
        play.names["backend"] = backend.url
        play.play(steps)
