"""Sharing on purpose: one thread, to be read, by whom its owner says and as long as it says."""
import sqlite3
import threading

from harness import check, contains, deadline, equal
from machine import GROUP, Machine
from scripts import question

ANN, BEN, CEM, STAFF = 12401, 12402, 12403, 12450
SYSTEM = f"mode = system\ngroup = {GROUP}\n"
BEN_NAME = f"uid-{BEN}"


def scene(t):
    hold = threading.Event()
    hold.set()
    t.closers.append(hold.set)

    def script(request, out):
        out.delta("answer to " + question(request))
        hold.wait(120)
        out.delta(", all of it")
        out.finish()
    machine = Machine(t, f"{SYSTEM}backend = {t.backend(script).url}\n")
    machine.start()
    ann, ben = machine.rpc(ANN), machine.rpc(BEN)
    for text in ("the first", "the second"):
        reply, stream = ann.ask(text, thread="plans", create=True)
        ann.finish(stream)
    ann.finish(ann.ask("a private matter", thread="private", create=True)[1])
    return machine, hold, ann, ben, reply


def test_a_shared_thread_is_read_in_every_way_and_nothing_else_is(t):
    machine, _, ann, ben, reply = scene(t)
    thread, turn = reply["thread"], reply["turn"]
    refs = [thread, thread[:8], "plans"]
    for ref in refs:
        ben.fails("not_found", "thread.get", thread=ref)
    equal(ann.call("share.add", thread="plans", **{"with": BEN_NAME}), {"thread": thread, "name": "plans", "with": BEN_NAME}, "the reply")
    for ref in refs:
        equal(ben.call("thread.get", thread=ref)["thread"]["owner"], f"uid-{ANN}", f"owner of {ref}")
        equal([one["text"] for one in ben.call("message.list", thread=ref)["turns"]],
              ["answer to the first, all of it", "answer to the second, all of it"], "texts")
    for ref in [turn, turn[:8], "plans", f"{thread}:2", "plans:2", "plans:last"]:
        equal(ben.call("turn.get", turn=ref)["turn"]["question"], "the second", f"turn {ref}")
        equal(ben.call("turn.wait", turn=ref)["turn"]["state"], "done", f"turn {ref}")
        ben.call("source.list", turn=ref)
    _, stream = ben.attach(turn)
    equal(ben.finish(stream).text, "answer to the second, all of it", "the answer attached to")
    own = ben.call("ask", text="of my own")
    ben.call("turn.wait", turn=own["turn"])
    rows = ben.call("thread.list")["threads"]
    equal([(row["name"], row.get("owner")) for row in rows], [("of my own", None), ("plans", f"uid-{ANN}")], "the list")
    pages = [ben.call("thread.list", limit=1)]
    pages.append(ben.call("thread.list", limit=1, before=pages[0]["next"]))
    equal([row["name"] for page in pages for row in page["threads"]], ["of my own", "plans"], "the list by pages of one")
    equal(pages[1].get("next"), None, "a page after the last")
    ben.fails("not_found", "thread.get", thread="private")
    equal(len(ben.call("turn.list")["turns"]), 1, "turns of his own")
    equal(ben.call("status")["database"]["threads"], 1, "threads of his own")
    machine.rpc(CEM).fails("not_found", "thread.get", thread=thread)
    machine.rpc(0, groups=[]).fails("not_found", "thread.get", thread=thread)
    equal(ann.call("share.list")["shares"][0]["with"], BEN_NAME, "Ann's shares")
    equal(ben.call("share.list")["shares"], [], "Ben's shares")


def test_what_is_shared_cannot_be_changed(t):
    machine, hold, ann, ben, reply = scene(t)
    thread, turn = reply["thread"], reply["turn"]
    ann.call("share.add", thread=thread, **{"with": BEN_NAME})
    hold.clear()
    running = ann.call("ask", text="the third", thread=thread)["turn"]
    for method, params in (("ask", {"text": "x", "thread": thread}), ("ask", {"text": "x", "thread": "plans"}),
                           ("turn.retry", {"turn": turn}), ("cancel", {"turn": running}), ("cancel", {"turn": running[:8]}),
                           ("share.add", {"thread": thread, "with": f"uid-{CEM}"}), ("share.remove", {"thread": thread, "with": BEN_NAME}),
                           ("share.list", {"thread": thread})):
        contains(ben.fails("forbidden", method, **params).error["message"], "read only")
    machine.rpc(CEM)
    ben.fails("not_found", "share.add", thread="private", **{"with": f"uid-{CEM}"})
    hold.set()
    equal(ann.call("turn.wait", turn=running)["turn"]["state"], "done", "state of what Ben wanted to cancel")
    equal(len(ann.call("message.list", thread=thread)["turns"]), 3, "turns")
    mine = ben.call("ask", text="my plans", thread="plans", create=True)
    check(mine["thread"] != thread, "a new thread of that name is Ann's")
    ben.call("turn.wait", turn=mine["turn"])
    equal(ben.call("thread.get", thread="plans")["thread"]["thread"], mine["thread"], "his own comes first")


def test_revoking_ends_a_stream_at_once(t):
    machine, hold, ann, ben, reply = scene(t)
    thread = reply["thread"]
    ann.call("share.add", thread=thread, **{"with": BEN_NAME})
    hold.clear()
    turn = ann.call("ask", text="the third", thread=thread)["turn"]
    _, stream = ben.attach(turn)
    ben.until(lambda: stream.text == "answer to the third")
    waiting, bystander = machine.rpc(BEN), machine.rpc(CEM)
    waiting.send("turn.wait", turn=turn)
    waiting.call("ping")
    shown = machine.client(BEN, "attach", turn)
    shown.wait_out("answer to the third")
    ann.call("share.remove", thread=thread, **{"with": BEN_NAME})
    for rpc in (ben, waiting):
        contains(str(rpc.until_closed()), "revoked")
    hold.set()
    ann.call("turn.wait", turn=turn)
    check("all of it" not in stream.text, "the stream went on:", stream.text)
    result = shown.end()
    equal(result.code, 3, f"status of the client that read along: {result}")
    check(b"all of it" not in result.out, "the client went on:", result.out)
    back = machine.rpc(BEN)
    for method, params in (("thread.get", {"thread": thread}), ("attach", {"turn": turn}), ("turn.get", {"turn": turn})):
        back.fails("not_found", method, **params)
    equal(back.call("thread.list")["threads"], [], "Ben's list")
    equal(bystander.call("ping"), {}, "somebody else's connection")
    ann.call("share.remove", thread=thread, **{"with": BEN_NAME})  # a second time is fine


def test_a_group_is_shared_with_by_its_members_of_now(t):
    machine, _, ann, ben, reply = scene(t)
    thread = reply["thread"]
    ann.call("share.add", thread=thread, **{"with": f"@{STAFF}"})
    ben.fails("not_found", "thread.get", thread=thread)
    member = machine.rpc(BEN, groups=[GROUP, STAFF])
    equal(member.call("thread.get", thread="plans")["thread"]["thread"], thread, "for a member")
    primary = machine.rpc(CEM, gid=STAFF)
    equal(primary.call("thread.list")["threads"][0]["name"], "plans", "for a member by the primary group")
    machine.daemon.stop()
    machine.start()
    left = machine.rpc(BEN)
    left.fails("not_found", "thread.get", thread=thread)
    equal(machine.rpc(CEM, gid=STAFF).call("thread.get", thread=thread)["thread"]["thread"], thread, "after a restart")
    ann = machine.rpc(ANN)
    equal(ann.call("share.list", thread=thread)["shares"][0]["with"], f"@{STAFF}", "Ann's shares")
    ann.call("share.remove", thread=thread, **{"with": f"@{STAFF}"})
    machine.rpc(CEM, gid=STAFF).fails("not_found", "thread.get", thread=thread)
    ann.fails("not_found", "share.add", thread=thread, **{"with": "@staff"})
    ann.fails("not_found", "share.add", thread=thread, **{"with": "nobody-here"})
    ann.fails("conflict", "share.add", thread=thread, **{"with": f"uid-{ANN}"})


@deadline(60)
def test_the_commands(t):
    machine, _, ann, ben, reply = scene(t)
    contains(machine.run(ANN, "share", "plans", BEN_NAME).text, reply["thread"][:8], "shared with", BEN_NAME)
    contains(machine.run(ANN, "share", "--list").text, BEN_NAME, "plans")
    equal([row["with"] for row in machine.run(ANN, "share", "--list", "--json", "plans").json["shares"]], [BEN_NAME], "--json")
    contains(machine.run(BEN, "ls").text, f"(uid-{ANN})", "plans")
    contains(machine.run(BEN, "show", "plans").text, "the first", "answer to the second")
    equal(machine.run(BEN, "attach", reply["turn"]).text, "answer to the second, all of it\n", "attach")
    machine.run(BEN, "sources", reply["turn"])
    contains(machine.run(BEN, "export", "--thread", "--format", "md", "-o", "-", "plans").text, "the first")
    contains(machine.run(BEN, "ask", "-t", reply["thread"], "x", code=77).err, "read only")
    machine.run(BEN, "export", "--thread", "-o", "-", "private", code=3)
    contains(machine.run(ANN, "share", "plans", "@root").text, "@root")
    contains(machine.run(ANN, "share", "--list", "plans").text, "@root")
    contains(machine.run(ANN, "share", "--revoke", "plans", BEN_NAME).text, "no longer")
    machine.run(BEN, "show", "plans", code=3)
    contains(machine.run(ANN, "share", "plans", "@no-such-group", code=3).err, "no-such-group")
    contains(machine.run(ANN, "share", "plans", code=2).err, "share")


def test_a_thousand_shares_are_the_most_and_a_group_does_the_rest(t):
    machine, _, ann, ben, reply = scene(t)
    machine.daemon.stop()
    db = sqlite3.connect(machine.database)
    db.executemany("INSERT INTO ragchat_share(thread, account, created) VALUES (?, ?, 0)", [(reply["thread"], f"a{n}") for n in range(1000)])
    db.commit()
    db.close()
    machine.start()
    contains(machine.rpc(ANN).fails("conflict", "share.add", thread="plans", **{"with": BEN_NAME}).error["message"], "group")
