"""Two accounts on one daemon: nothing of the one is seen, met or moved by the other.

The walk takes every method of api.info with every object of somebody else. A new method needs a row in
TABLE; its parameters of type ref are then tried by themselves.
"""
import hashlib
import os
import re
import sqlite3
import statistics
import threading
import time
import uuid

from harness import RpcError, check, contains, deadline, equal, eventually, torture
from machine import GROUP, Machine
from scripts import question

ANN, BEN = 12401, 12402
SYSTEM = f"mode = system\ngroup = {GROUP}\n"

# What must become of a call with somebody else's things. NOT_FOUND: each of them is refused so. CLEAN: there
# is nothing to refuse, and nothing of theirs in it. ADMIN: forbidden to a user (and root is left out of it).
NOT_FOUND, CLEAN, ADMIN = "not found", "clean", "admin"
TABLE = {
    "hello": (CLEAN, {"protocol": [1, 1]}),
    "ping": (CLEAN, {}),
    "api.info": (CLEAN, {}),
    "status": (CLEAN, {}),
    "ask": (NOT_FOUND, {"text": "what do they have?"}),
    "attach": (NOT_FOUND, {}),
    "detach": (NOT_FOUND, {}),
    "cancel": (NOT_FOUND, {}),
    "turn.get": (NOT_FOUND, {}),
    "turn.list": (CLEAN, {}),
    "turn.wait": (NOT_FOUND, {}),
    "turn.retry": (NOT_FOUND, {}),
    "turn.edit": (NOT_FOUND, {"text": "and now?"}),
    "source.list": (NOT_FOUND, {}),
    "source.get": (NOT_FOUND, {"n": 1}),
    "source.find": (CLEAN, {"source": "planted.md"}),
    "thread.list": (CLEAN, {}),
    "thread.get": (NOT_FOUND, {}),
    "message.list": (NOT_FOUND, {}),
    "export": (NOT_FOUND, {}),
    "blob.read": (NOT_FOUND, {}),
    "search": (NOT_FOUND, {"text": "planted"}),
    "search.sync": (CLEAN, {}),
    "thread.fork": (NOT_FOUND, {}),
    "thread.rename": (NOT_FOUND, {"name": "stolen"}),
    "thread.delete": (NOT_FOUND, {}),
    "tag.set": (NOT_FOUND, {"add": ["stolen"]}),
    "rate": (NOT_FOUND, {"rating": "down"}),
    "ghost.remove": (ADMIN, {}),
    "share.add": (NOT_FOUND, {"with": "root"}),
    "share.remove": (NOT_FOUND, {"with": "root"}),
    "share.list": (NOT_FOUND, {}),
    "doc.begin": (CLEAN, {"name": "walk.md", "collection": "plantedshelf"}),
    "doc.chunk": (NOT_FOUND, {"off": 0, "data": b"x"}),
    "doc.commit": (NOT_FOUND, {}),
    "doc.abort": (NOT_FOUND, {}),
    "doc.list": (CLEAN, {"collection": "plantedshelf"}),
    "doc.get": (NOT_FOUND, {}),
    "doc.original": (NOT_FOUND, {"off": 1}),
    "doc.remove": (NOT_FOUND, {}),
    "doc.search": (NOT_FOUND, {"text": "which shelf holds books?"}),
    "doc.reindex": (CLEAN, {"collection": "plantedshelf"}),
    "collection.remove": (CLEAN, {"collection": "plantedshelf"}),
    "collection.list": (CLEAN, {}),
    "import": (CLEAN, {"thread": "walked thread", "turn": "walked turn"}),
    "usage": (CLEAN, {}),
    "backup": (ADMIN, {}),
    "check": (CLEAN, {}),
    "event.next": (CLEAN, {}),
    "model.list": (CLEAN, {}),
    "auth.password": (CLEAN, {"account": f"uid-{ANN}", "password": "x"}),
    "auth.token": (CLEAN, {"token": "rct_" + "A" * 43}),
    "auth.passwd": (CLEAN, {"new": "walking"}),
    "token.create": (CLEAN, {}),
    "token.list": (CLEAN, {}),
    "token.revoke": (CLEAN, {"all": True}),
    "account.self": (CLEAN, {}),
    "account.add": (ADMIN, {"name": "walker"}),
    "account.list": (ADMIN, {}),
    "account.remove": (ADMIN, {"account": f"uid-{ANN}"}),
    "account.role": (ADMIN, {"account": f"uid-{BEN}", "role": "admin"}),
    "account.passwd": (ADMIN, {"account": f"uid-{ANN}", "new": "walking"}),
    "record.list": (ADMIN, {}),
    "daemon.stop": (ADMIN, {}),
    "daemon.reload": (ADMIN, {}),
}
# More than what a ref says: calls that name somebody else's things in another way.
MORE = {
    "ask": lambda it: [{"text": "which shelf holds books?", "retrieval": "local", **more} for more in (
        [{"documents": [ref]} for ref in it.refs["document"]]
        + [{"collection": "plantedshelf"}, {"continue": True, "terminal": "planted-terminal"}, {"key": "planted-key"},
           {"dry_run": True, "documents": it.refs["document"][:1]}])],
    "share.list": lambda it: [{}],
    "search": lambda it: [{"text": "planted", **more} for more in ({}, {"rank": True}, {"tag": "plantedtag"}, *({"before": c} for c in it.cursors))],
    "turn.list": lambda it: [{"live": True}] + [{"before": cursor} for cursor in it.cursors],
    "event.next": lambda it: [{"after": 0}],
    "thread.list": lambda it: [{"before": cursor} for cursor in it.cursors],
    "doc.list": lambda it: [{}] + [{"before": cursor} for cursor in it.cursors],
    "doc.begin": lambda it: [{"name": "plantedfile.md"}],
    "doc.search": lambda it: [{"text": "which shelf holds planted books?", **more} for more in (
        [{}, {"by": "document"}, {"collection": "plantedshelf"}] + [{"documents": [ref]} for ref in it.refs["document"]])],
}
OWN = ("ask", "doc.begin")  # these make something of one's own when nothing is refused
MARKS = re.compile(rb"planted", re.I)


class Recorder:
    """A socket that keeps what it has read."""

    def __init__(self, inner):
        self.inner, self.read = inner, bytearray()

    def recv(self, n):
        data = self.inner.recv(n)
        self.read += data
        return data

    def __getattr__(self, name):
        return getattr(self.inner, name)


class Things:
    """Ann's: of each kind one, with words that must not be found elsewhere, and every way to name it."""

    def __init__(self, machine, hold):
        rpc = self.rpc = machine.rpc(ANN)
        self.name = "planted name of a thread"
        for text in ("planted question one", "planted question two"):
            reply, stream = rpc.ask(text, thread=self.name, create=True, key="planted-key" + text[-3:], terminal="planted-terminal",
                                    tags=["plantedtag"])
            rpc.finish(stream)
        rpc.call("ask", text="planted third", key="planted-key")
        self.thread, self.turn = reply["thread"], reply["turn"]
        self.upload = rpc.call("doc.begin", name="plantedfile.md", collection="plantedshelf")["upload"]
        rpc.call("doc.chunk", upload=self.upload, off=0, data=b"# Planted\n\nThe planted shelf holds 17 planted books.\n")
        self.document = rpc.call("doc.commit", upload=self.upload)["document"]["document"]
        self.upload = rpc.call("doc.begin", name="plantedother.md")["upload"]
        self.blob = rpc.call("export", thread=self.thread)["blob"]
        hold.clear()
        self.running = rpc.call("ask", text="planted and still running", thread=self.name)["turn"]
        page = [rpc.call("thread.list", limit=1), rpc.call("turn.list", limit=1)]
        self.cursors = [one["next"] for one in page]
        threads = [self.thread, self.thread[:8], self.name]
        turns = [self.turn, self.turn[:8], self.running, f"{self.thread}:1", f"{self.name}:1", f"{self.name}:last"]
        self.refs = {"thread": threads + [self.turn, f"{self.name}:1"], "turn": turns + threads,
                     "document": [self.document, self.document[:8], "plantedfile.md"], "upload": [self.upload], "blob": [self.blob]}
        self.ids = [self.thread, self.turn, self.running, self.document]


def leaks(data, things, sent):
    """Their words and ids in what came, but for what was in the call itself."""
    data = bytes(data)
    for own in sorted((str(value) for value in sent), key=len, reverse=True):
        data = data.replace(own.encode(), b"")
    found = [data[max(0, m.start() - 60):m.end() + 60] for m in MARKS.finditer(data)]
    return found + [i for i in things.ids if i.encode() in data]


def words_of(params):
    for value in params.values():
        if isinstance(value, (list, tuple)):
            yield from value
        elif isinstance(value, (str, bytes)):
            yield value


def calls_of(method, things):
    """(params, whether they name something of theirs)."""
    _, needed = TABLE[method["name"]]
    fields = [field.split(":") for field in method["params"].split()]
    refs = [name.rstrip("?") for name, kind in fields if kind == "ref" or name in ("upload", "blob")]
    for name in refs:
        check(name in things.refs, f"{method['name']}: no things of kind '{name}' are planted; add them to Things")
        for ref in things.refs[name]:
            yield {**needed, name: ref}, True
    missing = [name for name, kind in fields if not name.endswith("?") and name not in needed and name not in refs]
    check(not missing, f"{method['name']}: TABLE gives no value for {missing}")
    if not refs:
        yield dict(needed), False
    for params in MORE.get(method["name"], lambda it: [])(things):
        yield params, False


def walk(machine, things, uid, hold):
    rpc = machine.rpc(uid, groups=[] if uid == 0 else [GROUP])
    rpc.socket = Recorder(rpc.socket)
    tried = 0
    methods = rpc.call("api.info")["methods"]
    unknown = [method["name"] for method in methods if method["name"] not in TABLE]
    check(not unknown, "tests/system/test_isolation.py: TABLE has no row for", unknown)
    rpc.socket.read.clear()
    for method in methods:
        name = method["name"]
        wanted = TABLE[name][0]
        if wanted == ADMIN and uid == 0:
            continue
        for params, theirs in calls_of(method, things):
            tried += 1
            try:
                result, error = rpc.call(name, **params), None
            except RpcError as raised:
                result, error = None, raised.name
            if wanted == ADMIN:
                equal(error, "forbidden", f"{name} {params}")
            elif theirs and wanted == NOT_FOUND:
                equal(error, "not_found", f"{name} {params}: {result}")
            if name in OWN and result and result.get("turn"):
                check(result["turn"] not in things.ids, f"{name} {params} met a turn of theirs")
                check(result.get("thread") not in things.ids and not result.get("dup"), f"{name} {params}: {result}")
                hold.set()
                rpc.call("turn.wait", turn=result["turn"])
                rpc.call("source.list", turn=result["turn"])
                hold.clear()
            if name == "doc.begin" and result:
                rpc.call("doc.abort", upload=result["upload"])
            found = leaks(rpc.socket.read, things, words_of(params))
            check(not found, f"{name} {params} leaks to uid {uid}:", found)
            rpc.socket.read.clear()
    hold.set()
    mine = rpc.call("ask", text="their name", thread=things.name, create=True)
    check(mine["thread"] not in things.ids, "a name led to a thread of theirs")
    rpc.call("turn.wait", turn=mine["turn"])
    hold.clear()
    return tried


def scene(t, config=""):
    """A daemon with Ann's things on it. The backend holds every answer but those asked for before `hold` is cleared."""
    hold = threading.Event()
    hold.set()
    t.closers.append(hold.set)

    def script(request, out):
        out.delta("answer to " + question(request))
        hold.wait(120)
        out.finish()
    backend = t.backend(script)
    machine = Machine(t, f"{SYSTEM}backend = {backend.url}\nretrieval = local\nlog = info\n{config}")
    machine.start()
    return machine, hold


@deadline(120)
def test_no_method_gives_away_anything_of_another_account(t):
    machine, hold = scene(t)
    things = Things(machine, hold)
    before = things.rpc.call("message.list", thread=things.thread)["turns"][:2]
    tried = walk(machine, things, BEN, hold) + walk(machine, things, 0, hold)
    check(tried > 150, "only", tried, "calls were made")
    hold.set()
    things.rpc.call("turn.wait", turn=things.running)
    after = things.rpc.call("message.list", thread=things.thread)["turns"]
    equal(after[:2], before, "Ann's turns after it all")
    equal([turn["state"] for turn in after], ["done"] * 3, "their states")
    equal(len(things.rpc.call("doc.list")["documents"]), 1, "Ann's documents")
    check(things.rpc.call("blob.read", blob=things.blob)["eof"], "Ann's export")
    equal(things.rpc.call("doc.chunk", upload=things.upload, off=0, data=b"x")["off"], 1, "Ann's upload")


def test_figures_are_ones_own(t):
    machine, hold = scene(t)
    ben = machine.rpc(BEN)
    ben.ask("hello")

    def figures():
        status = ben.call("status")
        status["server"].pop("uptime_ms")
        return status
    eventually(lambda: figures()["turns"]["running"] == 0, "the end of Ben's answer")
    check(ben.call("search.sync")["complete"], "the search does not know all yet")
    before, upload = figures(), ben.call("doc.begin", name="a.md")["upload"]
    ben.call("doc.abort", upload=upload)
    things = Things(machine, hold)
    equal(figures(), before, "Ben's status while Ann works")
    equal(ben.call("doc.begin", name="a.md")["upload"], upload + 1, "the number of Ben's next upload")
    root = machine.rpc(0, groups=[]).call("status")
    equal((root["turns"]["running"], root["threads"] if "threads" in root else root["database"]["threads"]), (1, 0),
          "an admin sees what goes on, and that none of it is its own")
    check(things.running, "Ann's")
    contains(machine.run(BEN, "status").text, "threads", "uid-12402")


def library_rows(machine, query, *values):
    db = sqlite3.connect(f"file:{os.path.join(machine.state, 'library.db')}?mode=ro", uri=True)
    try:
        return db.execute(query, values).fetchall()
    finally:
        db.close()


def test_documents_of_others_do_not_weigh_in(t):
    """Words are counted for each account by itself, and the same file is nobody's news."""
    machine, hold = scene(t)
    ann, ben = machine.rpc(ANN), machine.rpc(BEN)
    text = b"# Shelves\n\nThe red shelf holds 17 books.\n\n# Doors\n\nThe blue door opens with a brass key.\n"

    def put(rpc, name, data):
        upload = rpc.call("doc.begin", name=name)["upload"]
        rpc.call("doc.chunk", upload=upload, off=0, data=data)
        return rpc.call("doc.commit", upload=upload)

    def seen(rpc):
        reply, stream = rpc.ask("How many books does the red shelf hold?")
        rpc.finish(stream)
        return [(source["n"], source["score"], source["quote"]) for source in rpc.call("source.list", turn=reply["turn"])["sources"]]
    mine = put(ben, "shelves.md", text)
    before = seen(ben)
    check(before, "nothing was found")

    def ranked(rpc, **more):
        found = rpc.call("doc.search", text="which red shelf holds books", limit=100, **more)
        return {key: value for key, value in found.items() if key != "results"}, [(r["path"], r["score"], r["text"]) for r in found["results"]]
    listed = [ranked(ben), ranked(ben, by="document")]
    for n in range(20):
        put(ann, f"other{n}.md", f"# Other {n}\n\nA red shelf holds books, and many books, on a red shelf {n}.\n".encode())
    equal(seen(ben), before, "what Ben finds, with its scores")
    equal([ranked(ben), ranked(ben, by="document")], listed, "what Ben's searches tell")
    told = ann.call("doc.begin", name="shelves.md", size=len(text), sha256=hashlib.sha256(text).hexdigest())
    check("change" not in told, "told before the first byte that somebody has it:", told)
    ann.call("doc.abort", upload=told["upload"])
    theirs = put(ann, "shelves.md", text)
    equal(theirs["change"], "added", "the same file of another account")
    check(theirs["document"]["document"] != mine["document"]["document"], "one document for both")
    equal({**theirs["document"], "document": 0, "added": 0}, {**mine["document"], "document": 0, "added": 0}, "what each is told of it")
    rows = library_rows(machine, "SELECT (SELECT count(*) FROM document WHERE sha256 = ?1), (SELECT count(*) FROM passage p JOIN document d ON "
                                "p.id >= d.first AND p.id < d.first + d.passages WHERE d.sha256 = ?1)", mine["document"]["sha256"])
    equal(rows, [(2, 2 * mine["document"]["passages"])], "copies: the work for the second was that for the first")
    equal(put(ben, "shelves.md", text)["change"], "unchanged", "the same file again")


# ---- in time, too ----

def fill(machine, rows):
    """So many turns of somebody else, ten to a thread, straight into the database of a stopped daemon."""
    db = sqlite3.connect(machine.database, isolation_level=None)
    other, now = str(uuid.uuid4()), int(time.time() * 1e6)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("BEGIN")
    db.execute("INSERT INTO users (id, identifier, \"createdAt\") VALUES (?, 'somebody', '2026-01-01T00:00:00.000000Z')", (other,))
    for n in range(rows // 10):
        thread = str(uuid.uuid4())
        db.execute("INSERT INTO threads (id, name, \"userId\", \"userIdentifier\") VALUES (?, ?, ?, 'somebody')", (thread, f"name {n}", other))
        turns = [(str(uuid.uuid4()), thread, other, seq, 4, now + n * 10 + seq, now, 5, str(uuid.uuid4()), str(uuid.uuid4()), str(uuid.uuid4()))
                 for seq in range(1, 11)]
        db.execute("INSERT INTO ragchat_thread (id, account, created, updated, turns, last_seq, last_turn) VALUES (?, ?, ?, ?, 10, 10, ?)",
                   (thread, other, now, now + n, turns[-1][0]))
        db.executemany("INSERT INTO ragchat_turn (id, thread, account, seq, state, created, ended, length, user_step, run_step, answer_step) "
                       "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", turns)
    db.execute("COMMIT")
    db.close()
    for name in os.listdir(machine.state):
        os.chown(os.path.join(machine.state, name), machine.user, machine.group)


def times(rpc, rounds=300):
    """Microseconds of each kind of call, the median."""
    absent = str(uuid.uuid4())
    calls = {"thread.list": {"limit": 50}, "turn.list": {"limit": 50}, "not found by id": {"turn": absent},
             "not found by prefix": {"turn": absent[:8]}, "not found by name": {"turn": "no such name"}, "status": {}}
    took = {}
    for name, params in calls.items():
        method, spent = ("turn.get" if name.startswith("not") else name), []
        for _ in range(rounds):
            began = time.perf_counter()
            try:
                rpc.call(method, **params)
            except RpcError as error:
                equal(error.name, "not_found", "the error")
            spent.append((time.perf_counter() - began) * 1e6)
        took[name] = statistics.median(spent)
    return took


def among_many(t, rows):
    machine, _ = scene(t)
    ben = machine.rpc(BEN)
    turns = [ben.call("ask", text=f"number {n}")["turn"] for n in range(60)]
    for turn in turns:
        ben.call("turn.wait", turn=turn)

    def listed():
        return sorted((row["thread"], row["name"], row["turns"]) for row in ben.call("thread.list", limit=200)["threads"])
    before, alone = listed(), times(ben, 300 if t.torture else 3)
    machine.daemon.stop()
    fill(machine, rows)
    machine.start()
    ben = machine.rpc(BEN)
    equal(listed(), before, "Ben's threads among those of another")
    equal(len(ben.call("turn.list", limit=200)["turns"]), 60, "Ben's turns")
    return alone, times(ben, 300 if t.torture else 3)


@deadline(60)
def test_a_list_among_many_rows_of_another_is_the_same(t):
    among_many(t, 2000)


@torture
@deadline(120)
def test_a_million_rows_of_another_take_no_time(t):
    alone, among = among_many(t, 1000000)
    print("us alone -> among a million:", {name: (round(alone[name]), round(among[name])) for name in alone})
    for name in alone:
        check(among[name] <= 2 * alone[name] + 50, name, "took", alone[name], "us alone and", among[name], "among a million rows of another")
