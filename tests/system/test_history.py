"""What is there already: names, tags, ratings, and threads deleted for good."""
import json
import os
import pty
import shutil
import sqlite3

from harness import DATA, check, contains, deadline, equal, eventually
from scripts import echo, question, says


def test_a_thread_gets_another_name_and_tags(t):
    t.serve(echo)
    t.run("ask", "--title", "old name", "--tag", "first", "hello")
    row = t.run("mv", "old name", "new name").text
    contains(row, "new name")
    equal(t.run("show", "--json", "new name").json["thread"]["name"], "new name", "name")
    t.run("mv", "old name", "x", code=3)
    t.run("rename", "new name", "last", code=75)
    t.run("mv", "new name", " \n", code=2)
    t.run("mv", "new name", code=2)
    equal(t.run("tag", "new name").text, "first\n", "tags")
    equal(t.run("tag", "new name", "second", "first", "third one").text, "first\nsecond\nthird one\n", "tags added")
    equal(t.run("tag", "-d", "new name", "second", "absent").text, "first\nthird one\n", "tags left")
    equal(t.run("tag", "--json", "new name").json["thread"]["tags"], ["first", "third one"], "tags as JSON")
    equal([row["tags"] for row in t.run("ls", "--json").json["threads"]], [["first", "third one"]], "tags listed")
    equal(t.run("tag", "--clear", "new name").text, "", "no tags")
    t.run("tag", "absent", "x", code=3)
    t.run("tag", "-d", "new name", code=2)
    t.run("tag", "--clear", "new name", "x", code=2)


def test_a_rating_is_one_row_as_chainlit_has_it(t):
    import chainlit_layer
    _, daemon = t.serve(says("the answer"))
    t.run("ask", "--title", "rated", "hello")
    turn = t.run("last", "--json").json["turn"]
    t.run("rate", "up", "-m", "just right")
    equal(t.run("last", "--json").json["rating"], {"value": "up", "comment": "just right"}, "rating")
    first = t.sql("SELECT * FROM feedbacks")
    equal([(row["forId"], row["value"], row["comment"]) for row in first], [(turn, 1, "just right")], "the row")
    equal(t.run("rate", "--json", "rated", "down").json["rating"], {"value": "down", "comment": "just right"}, "changed")
    t.run("rate", turn, "down", "-m", "")
    second = t.sql("SELECT * FROM feedbacks")
    equal([(row["id"], row["value"], row["comment"]) for row in second], [(first[0]["id"], 0, None)], "the same row")
    daemon.stop()
    # What else may stand there: a second row, and one for the message, as older Chainlits wrote it.
    db = sqlite3.connect(t.h.database)
    step = db.execute("SELECT id FROM steps WHERE type = 'assistant_message'").fetchone()[0]
    thread = db.execute("SELECT id FROM threads").fetchone()[0]
    db.execute("INSERT INTO feedbacks VALUES ('b', ?, ?, 1, 'twice')", (turn, thread))
    db.execute("INSERT INTO feedbacks VALUES ('c', ?, ?, 1, 'message')", (step, thread))
    db.commit()
    db.close()
    layer = chainlit_layer.Layer(t.h.database)
    equal(len([step for step in layer.get_thread(thread)["steps"] if step["feedback"]]), 3, "what Chainlit shows of three rows")
    layer.close()
    daemon.start()
    t.run("rate", turn, "up")
    equal(len(t.sql("SELECT * FROM feedbacks")), 1, "rows")
    t.run("rate", turn, "none")
    equal(t.sql("SELECT * FROM feedbacks"), [], "taken back")
    check("rating" not in t.run("last", "--json").json, "no rating")
    t.run("rate", turn, "great", code=2)
    t.run("rate", "absent", "up", code=3)
    t.run("rate", code=2)


def test_what_was_deleted_is_in_no_file(t):
    words = [f"Xq{i}zzyblot" for i in range(6)]
    _, daemon = t.serve(lambda request, out: says(f"answer {words[0]} " + "pad " * 20000 + words[1])(request, out))
    t.run("ask", "--title", f"name {words[2]}", f"question {words[3]}", "--tag", words[4])
    t.run("rate", "up", "-m", words[5])
    for i in range(5):
        t.run("ask", "-t", "kept", f"other {i}")
    check(t.files_with(*words), "the words are nowhere to begin with")
    listed = t.run("rm", "--dry-run", "--json", f"name {words[2]}").json
    equal([row["turns"] for row in listed["would_delete"]], [1], "dry run")
    contains(t.run("rm", f"name {words[2]}").text, words[2])
    t.run("show", f"name {words[2]}", code=3)
    daemon.stop()
    # The kept answers hold two of the words.
    kept = [word for word in words if word not in words[:2]]
    equal(t.files_with(*kept), [], "words left in files")
    equal([row["name"] for row in t.sql("SELECT name FROM threads")], ["kept"], "threads")
    for table in ("steps", "elements", "feedbacks"):
        equal(t.sql(f'SELECT count(*) AS n FROM {table} WHERE "threadId" NOT IN (SELECT id FROM threads)'), [{"n": 0}], table)
    equal(t.sql("SELECT count(*) AS n FROM ragchat_turn"), [{"n": 5}], "turns")
    t.integrity()


def test_several_go_at_once_and_one_that_is_missing_is_said(t):
    t.serve(echo)
    for name in ("one", "two", "three"):
        t.run("ask", "--title", name, "hello")
    done = t.run("rm", "one", "absent", "two", code=3)
    contains(done.text, "one", "two")
    contains(done.err, "absent")
    equal([row["name"] for row in t.run("ls", "--json").json["threads"]], ["three"], "left")
    t.run("rm", "three:1", code=3)
    t.run("rm", code=2)
    t.run("rm", "--older-than", "soon", code=2)
    equal(t.run("rm", "--older-than", "1h", "--json").json["deleted"], [], "nothing is so old")
    equal(len(t.run("rm", "--older-than", "0s", "--json", "--dry-run").json["would_delete"]), 1, "one is older than now")
    equal([row["name"] for row in t.run("rm", "--older-than", "0s", "--json").json["deleted"]], ["three"], "deleted")


def test_rm_asks_on_a_terminal(t):
    t.serve(echo)
    for name in ("one", "two"):
        t.run("ask", "--title", name, "hello")

    def answered(text, *args):
        master, slave = pty.openpty()
        client = t.start("rm", *args, "one", "two", preexec=lambda: (os.setsid(), os.dup2(slave, 0), os.dup2(slave, 2)))
        os.write(master, text)
        result = client.end()
        os.close(master)
        os.close(slave)
        return result
    equal(answered(b"n\n").code, 130, "refused")
    equal(len(t.run("ls", "--json").json["threads"]), 2, "threads")
    equal(answered(b"y\n").code, 0, "agreed")
    equal(t.run("ls", "--json").json["threads"], [], "threads")


def test_a_thread_with_a_running_answer_is_not_deleted(t):
    def script(request, out):
        out.delta("begun ")
        t.hold.wait(120)
        out.finish()
    import threading
    t.hold = threading.Event()
    t.closers.append(t.hold.set)
    t.serve(script)
    rpc = t.rpc()
    reply, stream = rpc.ask("hello", thread="busy", create=True)
    error = rpc.fails("conflict", "thread.delete", thread="busy")
    contains(str(error), "cancel")
    t.run("rm", "busy", code=75)
    rpc.call("cancel", turn=reply["turn"])
    t.run("rm", "busy")
    rpc.fails("not_found", "thread.get", thread=reply["thread"])


def test_only_the_owner_deletes_what_is_shared(t):
    from machine import GROUP, Machine
    ann, ben = 12421, 12422
    backend = t.backend(echo)
    machine = Machine(t, f"mode = system\ngroup = {GROUP}\nbackend = {backend.url}\n")
    machine.start()
    mine, theirs = machine.rpc(ann), machine.rpc(ben)
    reply, stream = mine.ask("hello", thread="shared", create=True)
    mine.finish(stream)
    theirs.call("status")
    mine.call("share.add", thread="shared", **{"with": f"uid-{ben}"})
    theirs.call("thread.get", thread=reply["thread"])
    for method, params in (("thread.delete", {}), ("thread.rename", {"name": "x"}), ("tag.set", {"add": ["x"]})):
        theirs.fails("forbidden", method, thread=reply["thread"], **params)
    theirs.fails("forbidden", "rate", turn=reply["turn"], rating="up")
    mine.call("thread.delete", thread=reply["thread"])
    theirs.fails("not_found", "thread.get", thread=reply["thread"])


@deadline(60)
def test_ghosts_of_a_chainlit_go_too(t):
    os.makedirs(os.path.dirname(t.h.database), 0o700)
    shutil.copyfile(os.path.join(DATA, "chainlit.db"), t.h.database)
    os.chmod(t.h.database, 0o600)
    db = sqlite3.connect(t.h.database)
    db.execute("INSERT INTO threads(id, \"createdAt\", metadata) VALUES ('ghost-1', '2025-01-01T00:00:00.000000Z', '{\"history\": [\"Ghostwordzz\"]}')")
    db.execute("INSERT INTO steps(id, name, type, \"threadId\", streaming, output, \"createdAt\", \"isError\", metadata, \"disableFeedback\") "
               "VALUES ('s-1', 'x', 'user_message', 'ghost-2', 0, 'Orphanwordzz', '2025-01-01T00:00:00.000000Z', 0, '{}', 0)")
    db.execute("INSERT INTO elements(id, \"threadId\", name) VALUES ('e-1', 'ghost-3', 'Elementwordzz')")
    db.commit()
    before = db.execute('SELECT count(*) FROM threads WHERE "userId" IS NULL AND "userIdentifier" IS NULL').fetchone()[0]
    db.close()
    _, daemon = t.serve(echo)
    listed = t.run("rm", "--older-than", "0s", "--dry-run", "--json").json
    equal((listed["ghosts"]["threads"], listed["ghosts"]["elements"]), (before, 1), "ghosts listed")
    check(listed["ghosts"]["steps"] >= 1 and listed["would_delete"], listed)
    contains(t.run("rm", "--ghosts").err, "belonged to nobody")
    check(t.run("ls", "--json").json["threads"], "the others stay")
    t.run("rm", "--older-than", "0s")
    daemon.stop()
    for table in ("threads", "steps", "elements", "feedbacks", "ragchat_turn", "ragchat_thread", "ragchat_passing", "ragchat_tag"):
        equal(t.sql(f"SELECT count(*) AS n FROM {table}"), [{"n": 0}], table)
    equal(t.files_with("Ghostwordzz", "Orphanwordzz", "Elementwordzz"), [], "words left")
    t.integrity()


def test_what_a_crash_leaves_half_deleted_goes_at_the_next_start(t):
    _, daemon = t.serve(echo)
    t.run("ask", "--title", "half", "Halfwordzz")
    daemon.stop()
    db = sqlite3.connect(t.h.database)
    thread, user = db.execute('SELECT id, "userId" FROM threads').fetchone()
    db.execute('UPDATE threads SET "userId" = NULL, "userIdentifier" = NULL')
    db.execute("INSERT INTO ragchat_passing VALUES (?, ?)", (thread, user))
    db.execute("DELETE FROM ragchat_thread")
    db.commit()
    db.close()
    daemon.start()
    eventually(lambda: not t.sql("SELECT 1 FROM threads"), "the rest to go")
    equal(t.sql("SELECT count(*) AS n FROM steps"), [{"n": 0}], "steps")


def branch(t, *args):
    """Questions and answers that `show` prints."""
    lines = t.run("show", *args).text.splitlines()
    return [line for at, line in enumerate(lines) if line and not line.startswith("#")]


def test_an_edit_stands_beside_the_old_branch(t):
    import chainlit_layer
    made, daemon = t.serve(echo)
    t.run("ask", "-t", "tree", "first")
    t.run("ask", "-t", "tree", "second")
    t.run("ask", "-t", "tree", "third")
    t.run("edit", "tree", "--turn", "2", "other second")
    sent = [m["content"] for m in made.chats[-1].json["messages"] if m["role"] != "system"]
    equal(sent, ["first", "answer to first", "other second"], "what the backend got")
    equal(branch(t, "tree"), ["first", "answer to first", "other second", "answer to other second"], "the newest branch")
    contains(t.run("show", "tree").err, "2 turns are on other branches")
    t.run("ask", "-t", "tree", "on it goes")
    sent = [m["content"] for m in made.chats[-1].json["messages"] if m["role"] != "system"]
    equal(sent[::2], ["first", "other second", "on it goes"], "it goes on from the newest branch")
    t.run("retry", "tree:1")
    drawn = t.run("show", "--branches", "tree").text.splitlines()
    equal([line[0] for line in drawn], [" ", " ", " ", " ", " ", "*"], "the branch that is gone on from")
    equal([int(line[10:15]) for line in drawn], [1, 2, 3, 4, 5, 6], "turns in the order of the tree")
    contains(drawn[0], "\u251c first")
    contains(drawn[1], "\u2502 \u251c second")
    contains(drawn[5], "\u2514 (again) first")
    turns = t.run("show", "--json", "tree").json["turns"]
    ids = {turn["seq"]: turn["turn"] for turn in turns}
    equal({turn["seq"]: turn.get("parent") for turn in turns},
          {1: None, 2: ids[1], 3: ids[2], 4: ids[1], 5: ids[4], 6: None}, "parents")
    equal({turn["seq"]: turn["siblings"] for turn in turns if turn["siblings"]},
          {1: [ids[6]], 2: [ids[4]], 4: [ids[2]], 6: [ids[1]]}, "siblings")
    equal([turn["seq"] for turn in turns if turn["current"]], [6], "current")
    equal(branch(t, "tree", "--turn", "3"), ["third", "answer to third"], "one turn")
    equal(branch(t, "tree:5"), ["on it goes", "answer to on it goes"], "one turn")
    t.run("edit", "tree", "--turn", "9", "x", code=3)
    t.run("edit", "tree", "--turn", "x", "y", code=2)
    t.run("edit", "tree", "-e", "x", code=2)
    t.run("show", "--branches", "--json", "tree", code=2)
    t.run("show", "-n", "0", "tree", code=2)
    equal(t.run("edit", "tree", "--turn", "5", "--json", "and again").json["state"], "done", "as JSON")
    equal(branch(t, "-n", "1", "tree"), ["and again", "answer to and again"], "the last of the branch")
    daemon.stop()
    layer = chainlit_layer.Layer(t.h.database)
    thread = t.sql("SELECT id, \"userIdentifier\" AS who FROM threads")[0]
    equal(len([m for m in layer.resume(thread["id"], thread["who"]) if m["type"] == "user_message"]), 6, "questions in Chainlit")
    layer.close()


def test_a_question_is_edited_in_an_editor(t):
    t.serve(echo)
    t.run("ask", "-t", "e", "old words")
    script = t.h.path("editor", "#!/bin/sh\nsed -i s/old/new/ \"$1\"\n")
    os.chmod(script, 0o755)
    t.h.env["VISUAL"] = script
    t.run("edit", "e", "-e")
    equal(branch(t, "e"), ["new words", "answer to new words"], "edited")
    t.h.env["VISUAL"] = "true"
    equal(t.run("ask", "-e", "some old words").text, "answer to some old words\n", "written in the editor")
    t.h.env["VISUAL"] = "false"
    t.run("edit", "e", "-e", code=None)
    equal(len(t.run("show", "--json", "e").json["turns"]), 2, "turns")
    t.h.env["VISUAL"] = "truncate -s 0"
    t.run("edit", "e", "-e", code=2)


@deadline(60)
def test_a_fork_is_a_thread_of_its_own(t):
    import chainlit_layer
    made, daemon = t.serve(echo)
    t.run("upload", t.h.path("shelf.md", "# Shelf\n\nThe red shelf holds 17 books.\n"), code=None)
    for word in ("first", "second", "third"):
        t.run("ask", "-t", "trunk", word)
    t.run("tag", "trunk", "kept")
    t.run("edit", "trunk", "--turn", "3", "other third")
    forked = t.run("fork", "trunk", "--at", "2", "--json").json["thread"]
    equal((forked["name"], forked["turns"], forked["tags"]), ("trunk (fork)", 2, ["kept"]), "the fork")
    equal(branch(t, forked["thread"]), ["first", "answer to first", "second", "answer to second"], "its turns")
    t.run("ask", "-t", "trunk (fork)", "elsewhere")
    sent = [m["content"] for m in made.chats[-1].json["messages"] if m["role"] != "system"]
    equal(sent[::2], ["first", "second", "elsewhere"], "what the backend got")
    equal(t.run("fork", "trunk:3", "--title", "by id", "--json").json["thread"]["turns"], 3, "up to a turn")
    equal(branch(t, "by id")[-2:], ["third", "answer to third"], "along its branch")
    equal(branch(t, "trunk")[-2:], ["other third", "answer to other third"], "the old one stays")
    equal(len([row for row in t.run("search", "--json", "-n", 50, "first").json["results"]]), 3, "found in each")
    t.run("rm", "trunk")
    equal(branch(t, "by id")[:2], ["first", "answer to first"], "its history is its own")
    t.run("fork", "by id", "--at", "9", code=3)
    t.run("fork", "absent", code=3)
    t.run("fork", "by id", "--at", "x", code=2)
    daemon.stop()
    layer = chainlit_layer.Layer(t.h.database)
    who = t.sql("SELECT identifier FROM users")[0]["identifier"]
    for row in t.sql("SELECT id, name FROM threads"):
        shown = layer.resume(row["id"], who)
        thread = layer.get_thread(row["id"])
        equal(len([step for step in layer.shown(thread) if "message" in step["type"]]), len(shown), f"what Chainlit shows of {row['name']}")
        stamps = [step["createdAt"] for step in thread["steps"]]
        equal(len(set(stamps)), len(stamps), "stamps")
    layer.close()
    equal(t.sql("SELECT count(*) AS n FROM ragchat_passing"), [{"n": 0}], "passing")
    t.integrity()


def test_code_comes_out_alone(t):
    texts = {"code": "Here:\n\n~~~~python\nprint('a')\n```\nprint('b')\n~~~~\nand ``` not ```\n", "none": "no code here, `only` this"}
    t.serve(lambda request, out: says(texts[question(request)])(request, out))
    equal(t.run("ask", "-x", "code").text, "print('a')\n```\nprint('b')\n", "the code")
    nothing = t.run("ask", "-x", "none", code=1)
    equal(nothing.text, "", "nothing")
    contains(nothing.err, "no code block")
    t.run("ask", "-x", "--json", "code", code=2)


def test_a_long_text_goes_to_the_pager(t):
    t.serve(says("\n\n".join(f"paragraph {i}" for i in range(60))))
    t.run("ask", "-t", "long", "much")
    t.h.env["PAGER"] = "sed s/^/PAGED:/"
    code, shown = t.terminal("show", "long", size=(80, 0, 0))
    contains(shown.decode(), "PAGED:paragraph 59")
    code, shown = t.terminal("show", "--no-pager", "long", size=(80, 0, 0))
    check(b"PAGED" not in shown, "paged")
    check("PAGED" not in t.run("show", "long").text, "paged into a pipe")
    t.h.env["PAGER"] = "no-such-program-here"
    code, shown = t.terminal("show", "long", size=(80, 0, 0))
    contains(shown.decode(), "paragraph 59")


def test_a_thread_is_drawn_on_a_terminal_and_is_markdown_elsewhere(t):
    texts = {"open": "# Head\n\n```\nnever closed", "second": "some **bold** words\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"}
    t.serve(lambda request, out: says(texts[question(request)])(request, out))
    turns = [t.run("ask", "-t", "look", "--json", text).json for text in ("open", "second")]
    t.h.env.update(LC_ALL="C.UTF-8", TERM="xterm-256color")
    _, shown = t.terminal("show", "--no-pager", "look", size=(60, 0, 0))
    lines = shown.decode().replace("\r\n", "\n").split("\n")
    equal(lines[0], "\033[1;4mlook\033[0m", "the title")
    heads = [line for line in lines if line.startswith("\033[2m\u2500\u2500 " + turns[0]["thread"][:8])]
    equal([head.split(":")[1].split()[0] for head in heads], ["1", "2"], "turns are named as commands take them")
    check("\033[1m> open\033[0m" in lines and "\033[1m> second\033[0m" in lines, "questions", lines)
    # The fence that the first one left open ends with it.
    check("some \033[1mbold\033[0m words" in lines and "1\033[2m \u2502 \033[0m2" in lines, "the second answer", lines)
    t.h.env["NO_COLOR"] = "1"
    _, shown = t.terminal("show", "--no-pager", "look", size=(60, 0, 0))
    check(b"\033" not in shown and b"> second" in shown, "NO_COLOR", shown)
    _, shown = t.terminal("show", "-r", "--no-pager", "look", size=(60, 0, 0))
    contains(shown.decode(), "## Question", "| 1 | 2 |")
    del t.h.env["NO_COLOR"]
    contains(t.run("show", "look").text, "# look", "## Question", "some **bold** words")
    contains(t.run("show", "--color", "always", "look").text, "\033[1mbold\033[0m")
    _, shown = t.terminal("last", size=(60, 0, 0))
    contains(shown.decode(), "some \033[1mbold\033[0m words")
    equal(t.run("last").text, texts["second"], "in a pipe")
    equal(t.terminal("last", "--raw-output", size=(60, 0, 0))[0], 2, "one --raw-output on a terminal")


def test_of_a_long_thread_a_terminal_gets_the_end(t):
    t.serve(echo)
    begun = {"thread": "0a1b2c3d-0000-4000-8000-000000000001", "name": "long", "turns": 205, "created": "2026-11-28T10:00:00.000000Z"}
    turns = [{"turn": f"0a1b2c3d-0000-4000-8000-0000000{i:05d}", "thread": begun["thread"], "seq": i, "state": "done", "question": f"q{i}",
              "created": "2026-11-28T10:00:00.000000Z", "text": f"a{i}", **({"parent": f"0a1b2c3d-0000-4000-8000-0000000{i - 1:05d}"} if i > 2 else {})}
             for i in range(2, 207)]
    t.run("import", "jsonl", t.h.path("long.jsonl", json.dumps({"thread": begun, "turns": turns}) + "\n"))
    t.h.env["NO_COLOR"] = "1"
    _, shown = t.terminal("show", "--no-pager", "long", size=(60, 0, 0))
    text = shown.decode()
    check("> q7\r" in text and "> q206\r" in text and "> q6\r" not in text, "the last 200", text[:300])
    contains(text, "these are the last 200 turns")
    _, shown = t.terminal("show", "--no-pager", "-n", "300", "long", size=(60, 0, 0))
    check(b"> q2\r" in shown and b"these are" not in shown, "all of them", shown[:300])
    contains(t.run("show", "long").text, "q2\n", "q206")


def test_the_pager_has_colours_where_it_shows_them(t):
    t.serve(says("\n\n".join(f"**paragraph** {i}" for i in range(60))))
    t.run("ask", "-t", "long", "much")
    folder = os.path.join(t.h.dir, "pagers")
    os.mkdir(folder)
    for name in ("less", "other"):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\necho \"LESS is $LESS\"; cat\n")
        os.chmod(os.path.join(folder, name), 0o755)
    t.h.env.update(TERM="xterm-256color", LC_ALL="C.UTF-8", PAGER=os.path.join(folder, "less"))
    _, shown = t.terminal("show", "long", size=(80, 0, 0))
    contains(shown.decode(), "LESS is FRX", "\033[1mparagraph\033[0m 59")
    _, shown = t.terminal("show", "long", size=(80, 0, 0), env={"LESS": "-iM"})
    contains(shown.decode(), "LESS is -R -iM")
    _, shown = t.terminal("show", "long", size=(80, 0, 0), env={"PAGER": os.path.join(folder, "other") + " -x"})
    check(b"\033" not in shown and b"paragraph" in shown, "a pager that may not know colours", shown[-200:])


def test_threads_are_listed_by_time_tag_state_and_name(t):
    _, daemon = t.serve(lambda request, out: out.error(400, "no") if question(request) == "bad" else echo(request, out))
    for i in range(5):
        t.run("ask", "-t", f"Plan {i}", "hello", "--tag", "odd" if i % 2 else "even")
    t.run("ask", "-t", "Plan 2", "bad", code=None)
    t.run("tag", "Plan 3", "rare")

    def listed(*args):
        return [row["name"][-1] for row in t.run("ls", "--json", *args).json["threads"]]
    equal(listed(), ["2", "4", "3", "1", "0"], "all")
    equal(listed("--tag", "odd"), ["3", "1"], "of a tag")
    equal(listed("--tag", "rare"), ["3"], "of a tag")
    equal(listed("--tag", "none"), [], "of no tag")
    equal(listed("--status", "failed"), ["2"], "of a status")
    equal(listed("--status", "done"), ["4", "3", "1", "0"], "of a status")
    equal(listed("--status", "running"), [], "none runs")
    equal(listed("pLAN 4"), ["4"], "by name")
    equal(listed("plan"), ["2", "4", "3", "1", "0"], "by name")
    equal(listed("--since", "1h", "--tag", "even"), ["2", "4", "0"], "since and tag")
    equal(listed("--until", "1h"), [], "until")
    middle = t.run("show", "--json", "Plan 3").json["thread"]["updated"]
    equal(listed("--since", middle), ["2", "4", "3"], "since a stamp")
    equal(listed("--until", middle), ["1", "0"], "until a stamp")
    pages, place = [], []
    while True:
        page = t.run("ls", "--json", "-n", "2", "plan", *place).json
        pages.append([row["name"][-1] for row in page["threads"]])
        if not page.get("next"):
            break
        place = ["--before", page["next"]]
    equal(pages, [["2", "4"], ["3", "1"], ["0"]], "pages")
    equal(len(t.run("ls", "--all").text.splitlines()), 5, "all")
    t.run("ls", "--status", "fine", code=2)
    t.run("ls", "--since", "whenever", code=2)
    t.run("ls", "--before", "nowhere", code=3)


def test_old_threads_go_by_themselves_when_so_configured(t):
    _, daemon = t.serve(echo, config="keep_check = 20ms\n")
    t.run("ask", "--title", "aged", "hello")
    check(t.run("ls", "--json").json["threads"], "it is kept")
    daemon.reload(open(t.h.conf, encoding="utf-8").read() + "keep_threads = 1h\n")
    t.run("ask", "--title", "young", "hello")
    daemon.stop()
    db = sqlite3.connect(t.h.database)
    db.execute("UPDATE ragchat_thread SET updated = updated - 7200000000 WHERE id IN (SELECT id FROM threads WHERE name = 'aged')")
    db.commit()
    db.close()
    daemon.start()
    eventually(lambda: not t.sql("SELECT 1 FROM threads WHERE name = 'aged'"), "the old thread to go")
    equal([row["name"] for row in t.run("ls", "--json").json["threads"]], ["young"], "left")
