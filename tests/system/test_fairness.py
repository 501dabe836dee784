"""Many accounts, one backend: limits of each, and turns between them."""
import re
import sqlite3
import threading

import papers
from harness import Closed, Rpc, RpcError, check, contains, deadline, equal, eventually
from machine import GROUP, Machine, being
from scripts import echo, question

ANN, BEN, CEM = 12401, 12402, 12403
SYSTEM = f"mode = system\ngroup = {GROUP}\n"


def one_by_one(t, config):
    """A backend that answers when told, and the order in which it was asked."""
    order, steps = [], threading.Semaphore(0)

    def script(request, out):
        order.append(question(request))
        steps.acquire(timeout=120)
        out.delta("x")
        out.finish()
    backend = t.backend(script)
    machine = Machine(t, f"{SYSTEM}backend = {backend.url}\n{config}")
    machine.start()
    t.closers.append(lambda: [steps.release() for _ in range(100)])
    return machine, order, steps


def take_turns(t, config):
    machine, order, steps = one_by_one(t, config)
    ann, ben, cem = machine.rpc(ANN), machine.rpc(BEN), machine.rpc(CEM)
    turns = [(ann, ann.call("ask", text=f"ann {i}")["turn"]) for i in range(6)]
    eventually(lambda: order == ["ann 0"], "the first request")
    turns += [(ben, ben.call("ask", text=f"ben {i}")["turn"]) for i in range(2)]
    turns += [(cem, cem.call("ask", text="cem 0")["turn"])]
    for n in range(1, 9):
        steps.release()
        eventually(lambda n=n: len(order) == n + 1, f"request {n + 1}")
    steps.release()
    for rpc, turn in turns:
        equal(rpc.call("turn.wait", turn=turn)["turn"]["state"], "done", "state")
    equal(order, ["ann 0", "ben 0", "cem 0", "ann 1", "ben 1", "ann 2", "ann 3", "ann 4", "ann 5"], "the order")


@deadline(60)
def test_accounts_take_turns_where_few_answers_run_at_once(t):
    take_turns(t, "max_running_all = 1\n")


@deadline(60)
def test_accounts_take_turns_for_the_backends_connections(t):
    take_turns(t, "max_connections = 1\n")


@deadline(60)
def test_one_account_runs_64_answers_and_the_others_are_not_held_up(t):
    machine, order, steps = one_by_one(t, "max_queued = 3\n")
    ann, ben = machine.rpc(ANN), machine.rpc(BEN)
    equal(ann.greeting["limits"]["running"], 64, "max_running as hello says it")
    equal(ann.greeting["limits"]["clients_uid"], 256, "max_clients_uid as hello says it")
    turns = [ann.call("ask", text=f"ann {i}")["turn"] for i in range(67)]
    error = ann.fails("busy", "ask", text="one too many")
    check(error.error.get("retry_ms", 0) > 0, "it does not say when to try again:", error.error)
    eventually(lambda: len(order) == 64, "64 requests")
    live = ann.call("turn.list", live=True)["turns"]
    equal(sum(turn["state"] == "queued" for turn in live), 3, "waiting")
    turn = ben.call("ask", text="ben")["turn"]
    eventually(lambda: "ben" in order, "ben's request")
    for _ in range(68):
        steps.release()
    equal(ben.call("turn.wait", turn=turn)["turn"]["state"], "done", "state of ben's")
    for turn in turns:
        equal(ann.call("turn.wait", turn=turn)["turn"]["state"], "done", "state")


@deadline(60)
def test_documents_that_take_for_ever_hold_up_nobody_else(t):
    """One account's hostile PDFs are read by all readers there are; what the others send is read meanwhile, in turns."""
    machine = Machine(t, SYSTEM)
    machine.start()
    ann, ben, cem = machine.rpc(ANN), machine.rpc(BEN), machine.rpc(CEM)

    def send(rpc, name, data):
        upload = rpc.call("doc.begin", name=name, size=len(data))["upload"]
        rpc.call("doc.chunk", upload=upload, off=0, data=data)
        return rpc.send("doc.commit", upload=upload)
    hard = papers.endless_pdf()
    stuck = [send(ann, f"{i}.pdf", hard) for i in range(20)]
    for rpc, name in ((ben, "rules.odt"), (cem, "hand.docx"), (ben, "list.xlsx")):
        data = {"odt": papers.odt, "docx": papers.docx, "xlsx": papers.xlsx}[name.rsplit(".", 1)[1]]()
        equal(rpc.reply(send(rpc, name, data))["document"]["name"], name)
    stuck.append(send(ann, "own.odt", papers.odt()))
    ann.call("ping")
    check(not any(number in ann.replies for number in stuck), "Ann's own waits behind hers")
    ann.socket.close()


def test_a_burst_of_questions_is_held_to_the_limit_too(t):
    """Sixty in one write are more than what may run and wait: those past it are told so at once."""
    machine, order, steps = one_by_one(t, "max_running = 4\nmax_queued = 6\n")
    ann = machine.rpc(ANN)
    asked = [ann.send("ask", text=f"number {i}") for i in range(60)]
    taken = refused = 0
    for number in asked:
        try:
            ann.reply(number)
            taken += 1
        except Exception as error:
            equal(getattr(error, "name", error), "busy", "the error")
            refused += 1
    equal((taken, refused), (10, 50), "taken and refused")


def test_connections_of_one_user_are_bounded_and_others_still_come_in(t):
    machine, order, steps = one_by_one(t, "max_clients_uid = 5\n")
    held = [machine.rpc(ANN) for _ in range(5)]
    for rpc in held:
        rpc.ask("hello")  # it listens: none of them is closed in favour of a new one
    with being(ANN, groups=[GROUP]):
        late = Rpc(machine.socket, hello=False)
    t.closers.append(late.close)
    notes = late.until_closed()
    equal([(note["kind"], note["reason"]) for _, note in notes], [("closing", "too_many")], "the notice")
    check(notes[0][1]["retry_ms"] > 0, "it does not say when to try again")
    equal(machine.rpc(BEN).call("ping"), {}, "another user")
    held[0].close()

    def comes_in():
        try:
            return machine.rpc(ANN)
        except Closed:  # the place is not seen to be free yet
            return None
    eventually(comes_in, "a place for one more")


# ---- what an account may keep, and do in a day ----

def put(rpc, name, data, **more):
    upload = rpc.call("doc.begin", name=name, **more)["upload"]
    rpc.call("doc.chunk", upload=upload, off=0, data=data)
    return rpc.call("doc.commit", upload=upload)


def kept_by(error):
    return int(re.search(r"keeps (\d+) bytes", error.error["message"])[1])


def test_an_account_keeps_so_many_bytes_and_the_others_theirs(t):
    machine = Machine(t, f"{SYSTEM}backend = {t.backend(echo).url}\nretrieval = local\nmax_stored = 8000\n")
    machine.start()
    ann, ben = machine.rpc(ANN), machine.rpc(BEN)
    put(ann, "a.md", b"# A\n\n" + b"some words here. " * 100)
    ann.finish(ann.ask("x" * 700)[1])
    # the answer keeps what it was sent of the document
    error = ann.fails("no_space", "doc.begin", name="b.md", size=7000)
    contains(error.error["message"], "max_stored", "remove")
    check(1705 + 700 + 1705 < kept_by(error) < 1705 + 700 + 1705 + 1500, "what it says is kept:", error.error["message"])
    upload = ann.call("doc.begin", name="b.md")["upload"]  # its size is not said: it is cut where the room ends
    ann.fails("no_space", "doc.chunk", upload=upload, off=0, data=b"y" * 7000)
    ann.fails("not_found", "doc.commit", upload=upload)
    ann.fails("no_space", "ask", text="z" * 7000)
    ben.finish(ben.ask("z" * 3000)[1])  # another's business
    ann.call("doc.remove", document="a.md")
    ann.finish(ann.ask("z" * 2000)[1])
    machine.configure(f"{SYSTEM}backend = {t.backends[0].url}\nretrieval = local\n")
    machine.daemon.reload()
    eventually(lambda: "loaded again" in machine.daemon.log(), "the reload")
    ann.finish(ann.ask("z" * 5000)[1])


def test_uploads_of_a_day_are_counted_over_restarts_and_begin_anew(t):
    machine = Machine(t, f"{SYSTEM}max_uploads = 3\n")
    machine.start()
    ann = machine.rpc(ANN)
    for n in range(2):
        put(ann, f"{n}.md", b"# Words\n\nsome words here\n")
    machine.daemon.stop()
    machine.start()
    ann, ben = machine.rpc(ANN), machine.rpc(BEN)
    begun = [ann.send("doc.begin", name=f"many{n}.md") for n in range(8)]  # at once: one of them is the third
    taken = refused = 0
    for number in begun:
        try:
            ann.reply(number)
            taken += 1
        except RpcError as error:
            equal(error.name, "rate_limited", "the error")
            check(0 < error.error["retry_ms"] <= 86400000, "it does not say when to try again:", error.error)
            refused += 1
    equal((taken, refused), (1, 7), "taken and refused")
    contains(machine.run(ANN, "upload", "-", stdin=b"# Words\n", code=75).err, "max_uploads")
    put(ben, "his.md", b"# Words\n\nsome words here\n")
    machine.daemon.stop()  # one upload is still open: it has its grace, and no more
    db = sqlite3.connect(machine.database)
    db.execute("UPDATE ragchat_upload SET day = day - 1")
    db.commit()
    db.close()
    machine.start()
    put(machine.rpc(ANN), "tomorrow.md", b"# Words\n\nsome words here\n")
