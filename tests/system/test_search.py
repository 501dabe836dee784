"""What was said is found: by its words, by nobody else, and not any more once it is deleted."""
import os
import re
import shutil
import sqlite3
import time

from harness import DATA, check, contains, deadline, equal, eventually
from scripts import echo, question, says


def found(t, *args, **more):
    return t.run("search", "--json", *args, **more).json["results"]


def names(t, *args):
    return [row["name"] for row in found(t, *args)]


def test_words_are_found_in_questions_answers_and_names(t):
    t.serve(says("The lighthouse keeper counts seventeen gulls. 日本語の文章です。"))
    t.run("ask", "--title", "harbour", "who lives in the old tower?")
    t.run("ask", "--title", "kitchen", "how long do beans boil?")
    equal([(row["name"], row["seq"], row["part"]) for row in found(t, "tower")], [("harbour", 1, "question")], "a word of a question")
    equal(names(t, "gulls"), ["kitchen", "harbour"], "the newest first")
    equal([row["part"] for row in found(t, "harbour")], ["name"], "a word of a name")
    equal(names(t, "keeper beans"), [], "words of two messages")
    equal(names(t, "boil beans"), ["kitchen"], "in any order")
    equal(names(t, '"boil beans"'), [], "a phrase that is none")
    equal(names(t, '"beans boil"'), ["kitchen"], "a phrase")
    equal(names(t, "BEAN"), ["kitchen"], "case and endings")
    equal(names(t, "kitc"), ["kitchen"], "the beginning of the last word")
    equal(names(t, "kitc bean"), [], "the beginning of another")
    equal(len(found(t, "文章")), 2, "a word of Japanese")
    equal(len(found(t, "本文")), 0, "characters that do not follow one another")
    row = found(t, "seventeen")[0]
    marked = [row["snippet"].encode()[at:at + n].decode() for at, n in zip(row["marks"][::2], row["marks"][1::2])]
    equal(marked, ["seventeen"], "what is marked")
    text = t.run("search", "seventeen").text
    contains(text, f"{row['thread'][:8]}:1", "answer", "kitchen", "seventeen gulls")
    check("\033" not in text, "escapes in a pipe")
    code, shown = t.terminal("search", "seventeen")
    contains(shown.decode(), "\033[1mseventeen\033[0m")
    t.run("show", f"{row['thread'][:8]}:{row['seq']}")
    none = t.run("search", "hovercraft")
    equal(none.text, "", "nothing")
    contains(none.err, "nothing")


def test_nothing_that_is_typed_is_syntax(t):
    t.serve(echo)
    t.run("ask", "--title", "c", "is c++ like foo(bar) and don't AND OR NOT near body:x?")
    for text in ("c++", "foo(bar)", "don't", "AND", "OR", "NOT x", "NEAR(a b)", "body:x", "name : c", "{a b}", "\"", "\"\"\"", "(", ")))", "^near",
                 "a*", "-x", "x\" OR \"y", "'; DROP TABLE turn; --", "* * *", "\\", "near" * 50, "a " * 200, "(" * 400, "\u202e\u0007b"):
        result = t.run("search", "--json", "--", text, code=None)
        check(result.code in (0, 2), repr(text), result)
    t.run("search", "?!", code=2)
    t.run("search", code=2)
    t.run("search", "x" * 600, code=65)
    for text in ("foo(bar)", "body:x", "don't AND", "like NOT near"):
        equal(names(t, text), ["c"], text)
    t.run("search", "--rank", "--before", "x", "y", code=2)
    t.run("search", "--before", "nowhere", "y", code=3)
    t.run("search", "--in", "x", "y", code=2)
    t.run("search", "--since", "yesterday", "y", code=2)
    t.run("search", "-t", "absent", "y", code=3)


def test_a_search_is_kept_to_a_thread_a_tag_and_a_time(t):
    _, daemon = t.serve(echo)
    for i in range(3):
        t.run("ask", "-t", f"thread {i}", f"common word {i}")
    t.run("tag", "thread 1", "special")
    equal(names(t, "common"), ["thread 2", "thread 1", "thread 0"], "all")
    equal(names(t, "-t", "thread 1", "common"), ["thread 1"], "of a thread")
    equal(names(t, "--tag", "special", "common"), ["thread 1"], "of a tag")
    equal(names(t, "--tag", "absent", "common"), [], "of no tag")
    equal(names(t, "--since", "1h", "common"), ["thread 2", "thread 1", "thread 0"], "since")
    equal(names(t, "--until", "1h", "common"), [], "until")
    middle = found(t, "-t", "thread 1", "common")[0]["created"]
    equal(names(t, "--since", middle, "common"), ["thread 2", "thread 1"], "since a stamp")
    equal(names(t, "--until", middle, "common"), ["thread 0"], "until a stamp")
    pages, before = [], []
    for _ in range(3):
        reply = t.run("search", "--json", "-n", 1, *before, "common").json
        pages += [row["name"] for row in reply["results"]]
        before = ["--before", reply["next"]]
    equal((pages, reply["next"]), (["thread 2", "thread 1", "thread 0"], None), "pages")
    equal(len(t.run("search", "--jsonl", "common").lines), 3, "lines of JSON")
    daemon.stop()


def test_the_best_come_first_on_request(t):
    t.serve(says("x"))
    t.run("ask", "--title", "one", "walrus " * 8)
    t.run("ask", "--title", "two", "a walrus among very many other words that have nothing to do with it at all")
    equal(names(t, "walrus"), ["two", "one"], "the newest first")
    equal(names(t, "--rank", "walrus"), ["one", "two"], "the best first")


def test_the_index_follows_names_edits_and_deletions(t):
    _, daemon = t.serve(echo)
    t.run("ask", "--title", "oldname", "Zebrafinch")
    t.run("mv", "oldname", "newname")
    equal((names(t, "oldname"), names(t, "newname")), ([], ["newname"]), "after a rename")
    t.run("ask", "-t", "newname", "second question")
    t.run("rm", "newname")
    equal(found(t, "zebrafinch"), [], "after a deletion")
    t.run("ask", "--title", "kept", "Zebrafinches again")
    t.run("search", "-t", "kept", "zebrafinch")
    daemon.stop()
    equal(t.files_with("oldname", "newname"), [], "names in files")
    for table in ("turn", "thread"):
        equal(t.sql(f"SELECT count(*) AS n FROM {table}", path=os.path.join(os.path.dirname(t.h.database), "search.db")), [{"n": 1}], table)


def test_what_was_deleted_is_not_in_the_index(t):
    words = [f"Qv{i}zzyblot" for i in range(40)]
    _, daemon = t.serve(says("fine"))
    rpc = t.rpc()
    for word in words:
        reply, stream = rpc.ask(f"question {word} of thirty words " * 3, thread=f"name {word}", create=True)
        rpc.finish(stream)
    equal(len(found(t, "-n", 100, "thirty")), 40, "found")
    for word in words[1::2]:
        t.run("rm", f"name {word}")
    kept = [word.lower() for word in words[::2]]
    gone = [word for word in words[1::2]] + [word.lower() for word in words[1::2]]
    equal(t.files_with(*gone), [], "words in files while the daemon runs")
    equal(len(found(t, "-n", 100, "thirty")), 20, "found")
    equal(sorted(row["name"][5:].lower() for row in found(t, "-n", 100, "question")), sorted(kept), "left")
    rpc.call("search.sync")
    daemon.stop()
    equal(t.files_with(*gone), [], "words in files")


@deadline(60)
def test_a_chainlit_database_is_searched_and_so_is_one_from_before(t):
    os.makedirs(os.path.dirname(t.h.database), 0o700)
    shutil.copyfile(os.path.join(DATA, "chainlit.db"), t.h.database)
    os.chmod(t.h.database, 0o600)
    _, daemon = t.serve(echo)
    check(t.rpc().call("search.sync")["complete"], "complete")
    texts = t.sql("SELECT s.output, h.id FROM steps s JOIN threads h ON h.id = s.\"threadId\" WHERE s.type = 'user_message' AND h.\"userId\" IS NOT NULL "
                  "AND s.output GLOB '*[a-z][a-z][a-z][a-z]*' LIMIT 5")
    check(texts, "no texts")
    for row in texts:
        word = max((w for w in row["output"].replace("\n", " ").split() if w.isascii() and w.isalpha()), key=len, default="")
        if len(word) > 3:
            check(row["h.id" if "h.id" in row else "id"] in {hit["thread"] for hit in found(t, "-n", 200, word)}, "not found:", word)
    daemon.stop()
    index = os.path.join(os.path.dirname(t.h.database), "search.db")
    for harm in (lambda: os.remove(index), lambda: open(index, "wb").write(b"no database at all"),
                 lambda: sqlite3.connect(index).execute("PRAGMA user_version = 99")):
        harm()
        daemon.start()
        check(t.rpc().call("search.sync")["complete"], "complete")
        check(found(t, word), "nothing after the index was lost")
        daemon.stop()


def test_a_long_answer_is_found_at_its_end_and_one_turn_is_one_result(t):
    t.serve(lambda request, out: says("padding word " * 30000 + "Xylophone at the very end", 4000)(request, out))
    t.run("ask", "--title", "long", "padding of a word")
    row = found(t, "xylophone")
    equal(len(row), 1, "results")
    contains(row[0]["snippet"], "Xylophone at the very end")
    equal(len(found(t, "padding")), 1, "one result of a turn")


def test_others_weigh_in_nowhere(t):
    from machine import GROUP, Machine
    ann, ben = 12431, 12432
    backend = t.backend(echo)
    machine = Machine(t, f"mode = system\ngroup = {GROUP}\nbackend = {backend.url}\n")
    machine.start()
    mine, theirs = machine.rpc(ann), machine.rpc(ben)
    for rpc, text in ((mine, "platypus of ann"), (theirs, "platypus of ben")):
        reply, stream = rpc.ask(text)
        rpc.finish(stream)
    for rpc, who in ((mine, "ann"), (theirs, "ben")):
        equal([row["name"] for row in rpc.call("search", text="platypus")["results"]], [f"platypus of {who}"], who)
        before = rpc.call("search", text="platypus", rank=True)["results"][0]["score"]
        other = theirs if rpc is mine else mine
        for i in range(5):
            reply, stream = other.ask(f"platypus {i}")
            other.finish(stream)
        equal(rpc.call("search", text="platypus", rank=True)["results"][0]["score"], before if who == "ann" else before, "its score")
        if who == "ann":
            break
    shared = theirs.call("thread.list")["threads"][0]["thread"]
    theirs.call("share.add", thread=shared, **{"with": f"uid-{ann}"})
    equal(len(mine.call("search", text="platypus")["results"]), 1, "what is shared is not searched")
    mine.fails("forbidden", "search", text="platypus", thread=shared)


def test_what_was_looked_for_is_bold_and_wrapped_on_a_terminal(t):
    t.serve(echo, config="retrieval = local\n")
    text = "The boiler is serviced every March by Holm, who is known for the care with which servicing is done, and was last cleaned in 2024.\n"
    t.run("upload", t.h.path("boiler.txt", text))
    t.run("ask", "-t", "b", "about the boiler " + "and more words " * 12)
    for args in (["search", "--docs", "service", "boilers"], ["search", "boiler"]):
        _, shown = t.terminal(*args, size=(60, 0, 0), env={"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"})
        lines = [line for line in shown.decode().replace("\r", "").split("\n") if line.startswith("    ")]
        check(len(lines) > 2 and all(len(re.sub("\x1b\\[[0-9;]*m", "", line)) <= 60 for line in lines), "lines:", lines)
        words = set(re.findall("\x1b\\[1m([^\x1b]*)\x1b\\[0m", shown.decode()))
        equal(words - {"boiler.txt"}, {"boiler", "serviced", "servicing"} if "--docs" in args else {"boiler"}, "bold")
        _, shown = t.terminal(*args, size=(60, 0, 0), env={"TERM": "xterm-256color", "NO_COLOR": "1"})
        check(b"\x1b" not in shown, "NO_COLOR:", shown)
        piped = t.run(*args).text
        equal(len([line for line in piped.splitlines() if line.startswith("    ")]), 1, "in a pipe it is one line")
    # A pipe has no locale.
    t.run("ask", "-q", "-t", "zürich übung", "x")
    contains(t.run("ls", env={"LC_ALL": "C"}).text, "zürich übung")
    _, shown = t.terminal("ls", env={"LC_ALL": "C"}, size=(60, 0, 0))
    contains(shown.decode(), "z?rich ?bung")
