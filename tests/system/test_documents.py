"""A user's own documents: taken in, asked about, cited, replaced, removed; or passed on to a backend."""
import hashlib
import json
import os

import papers
from harness import check, contains, deadline, equal, eventually
from scripts import echo, says

HANDBOOK = """# Workshop handbook

## Opening hours

The workshop is open from Tuesday to Saturday, 9 to 18 o'clock. On Mondays it stays closed.

## The lathe

The lathe may be used after an introduction of two hours. Its chuck takes pieces of up to 125 millimetres.
Safety goggles are mandatory at the lathe.

## Fees

Members pay 24 euros a month. Guests pay 7 euros a day.
"""
RECIPES = """Pancakes

Whisk 300 grams of flour with half a litre of milk and three eggs. Let the batter rest for half an hour.

Lentil soup

Simmer 250 grams of lentils with carrots and celery for forty minutes. Season with vinegar.
"""
CODE = '''"""Reads the temperature sensor."""

CALIBRATION_OFFSET = 0.75


def read_temperature(bus):
    """Celsius of the sensor, corrected by the calibration offset."""
    raw = bus.read(0x48)
    return raw / 256 + CALIBRATION_OFFSET
'''


def uploaded(t):
    files = [t.h.path("handbook.md", HANDBOOK), t.h.path("recipes.txt", RECIPES), t.h.path("sensor.py", CODE)]
    t.run("upload", *files)
    return files


def ask(t, question, *options):
    return t.run("ask", "--json", *options, question).json


@deadline(60)
def test_an_answer_from_the_documents_cites_file_and_line(t):
    t.daemon("")
    uploaded(t)
    one = ask(t, "How much do members pay a month?")
    contains(one["text"], "24 euros", "[1]")
    equal(one["state"], "done", "state")
    check(one["found"] is True, "found:", one["found"])
    first = one["sources"][0]
    contains(first["path"], "handbook.md")
    check(any("24 euros" in line for line in HANDBOOK.splitlines()[first["line"] - 1:first["line"] + 6]), "line", first["line"])
    check(first["quote"] and first["cited"], "source:", first)
    plain = t.run("ask", "--citations", "end", "How long do the lentils simmer?")
    contains(plain.text, "forty minutes", "recipes.txt")
    check("\n\n\n" not in plain.text, "more than a blank line:", plain.text)
    code = ask(t, "What is the calibration offset of the temperature sensor?")
    contains(code["sources"][0]["path"], "sensor.py")
    contains(t.run("sources", "last").text, "sensor.py")
    rows = t.sql("SELECT output FROM steps WHERE type = 'assistant_message' ORDER BY \"createdAt\" LIMIT 1")
    equal(rows[0]["output"], one["text"], "stored")


def test_a_quote_that_has_all_the_words_is_not_called_part(t):
    t.daemon("")
    t.run("upload", t.h.path("report.txt", "Annual report of the pump station\n\nThe pump runs at 40 bar. It was built in 1998 by the\n"
                                           "Meyer company in Kassel.\n\nMaintenance\n\nThe valve opens at 55 bar, and is checked in May.\n"))
    contains(ask(t, "How many bar does the pump run at?")["text"], "The closest passages, quoted:", "runs at 40 bar.")
    # what stands between two quotes of one passage stays visible
    contains(ask(t, "Who built the pump?")["text"], "> Annual report of the pump station\n>\n> The pump runs at 40 bar. It was built in 1998 by the Meyer")


def test_status_says_what_each_thread_of_the_store_has_done(t):
    t.daemon("")
    uploaded(t)
    lanes = t.run("status", "--json").json["database"]["lanes"]
    equal(set(lanes), {"writer", "keyed", "scan", "library", "index", "segments", "ahead"}, "threads")
    check(lanes["library"]["done"] and lanes["library"]["busy_ms"], "nothing was done for the documents:", lanes)
    equal(lanes["ahead"]["queued"], 0, "documents on their way")


def test_what_is_in_no_document_is_said_to_be_in_none(t):
    t.daemon("")
    empty = ask(t, "What is the capital of Mongolia?")
    equal(empty["found"], False, "found without any document")
    contains(empty["text"], "upload")
    uploaded(t)
    one = t.run("ask", "--json", "Who won the ice hockey championship of 1987 in Helsinki?")
    equal((one.code, one.json["found"]), (0, False), "status and found")
    check("[1]" not in one.json["text"], "a citation of nothing:", one.json["text"])


def test_a_slip_and_a_compound_are_read_as_words_of_the_documents(t):
    t.daemon("")
    uploaded(t)
    slip = t.run("ask", "--json", "How many milimetres does the chuck take at the lathe?")
    contains(slip.json["text"], "125 millimetres")
    contains(slip.err, '"milimetres" is in no document, searched for "millimetres" instead')
    found = t.run("search", "--docs", "--json", "lentilsoup vinegar")
    contains(found.json["results"][0]["text"], "vinegar")
    swapped = t.run("search", "--docs", "--json", "calibraiton offset")
    contains(swapped.json["results"][0]["path"], "sensor.py")
    contains(swapped.err.lower(), "calibraiton", "calibration")
    known = t.run("search", "--docs", "--json", "calibration offset")
    equal((known.err, known.json["results"][0]["text"]), ("", swapped.json["results"][0]["text"]), "spelled well")
    strange = t.run("ask", "--json", "Who wrote Finnegans Wake?")
    equal((strange.json["found"], strange.err), (False, ""), "about something else")


def test_code_and_tables_are_quoted_as_they_stand(t):
    t.daemon("")
    table = "| plant | litres | days |\n|---|---|---|\n| tomato | 2 | daily |\n| cucumber | 1.5 | every second day |\n"
    t.run("upload", t.h.path("club.md", "# Club\n\n## Watering\n\nNobody waters at noon.\n\n" + table +
                            "\n## Tap\n\nOpen it with:\n\n```sh\nirrigate --zone 3 \\\n  --pressure low\n```\n"))
    row = ask(t, "How many litres does a cucumber plant need?")
    contains(row["text"], "> " + table.rstrip().replace("\n", "\n> "))
    quoted = [s for s in row["sources"] if s["cited"]][0]
    equal(quoted["quote"], table.rstrip(), "the row with what stands over it")
    code = ask(t, "irrigate pressure low")
    contains(code["text"], "> ```\n> irrigate --zone 3 \\\n>   --pressure low\n> ```\n")


def test_a_follow_up_is_understood_from_the_question_before(t):
    t.daemon("")
    uploaded(t)
    ask(t, "When is the workshop open?", "-t", "talk")
    one = ask(t, "And on Mondays?", "-t", "talk")
    contains(one["text"], "closed")
    contains(one["sources"][0]["path"], "handbook.md")


def test_a_changed_file_replaces_its_old_text(t):
    t.daemon("")
    uploaded(t)
    same = t.run("upload", t.h.path("handbook.md", HANDBOOK))
    check("unchanged" in same.text + same.err or "already" in same.text + same.err, "words for an unchanged file:", same)
    t.run("upload", t.h.path("handbook.md", HANDBOOK.replace("24 euros", "31 euros")))
    one = ask(t, "How much do members pay a month?")
    contains(one["text"], "31 euros")
    check("24 euros" not in json.dumps(one), "the old text is still found:", one)
    listed = t.run("docs", "--json", "ls", code=None)
    listed = listed if listed.code == 0 else t.run("docs", "ls", "--json")
    rows = listed.json["documents"] if isinstance(listed.json, dict) else listed.json
    equal(sorted(row["name"] for row in rows), ["handbook.md", "recipes.txt", "sensor.py"], "documents")


def test_a_removed_file_is_found_no_more(t):
    _ = t.daemon("")
    uploaded(t)
    t.run("docs", "rm", "recipes.txt")
    one = ask(t, "How long do the lentils simmer?")
    check("forty minutes" not in one["text"], "a removed document answers:", one["text"])
    check("recipes.txt" not in t.run("docs", "ls").text, "it is still listed")
    t.run("docs", "rm", "recipes.txt", code=3)


def test_documents_survive_a_restart_and_a_crash(t):
    daemon = t.daemon("")
    uploaded(t)
    daemon.kill().start()
    contains(ask(t, "How much do members pay a month?")["text"], "24 euros")
    daemon.stop()
    t.integrity()


def test_other_formats_are_refused_by_name(t):
    t.daemon("")
    for name, data in (("paper.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"x" * 400), ("photo.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 400),
                       ("letter.docx", b"PK\x03\x04" + b"\0" * 400), ("noise.txt", bytes(range(256)) * 4)):
        result = t.run("upload", t.h.path(name, data), code=65)
        contains(result.err, name)
    contains(t.run("upload", t.h.path("paper.pdf", b"%PDF-1.7\n" + b"x" * 400), code=65).err, "PDF")
    t.run("upload", t.h.path("empty.txt", b""), code=65)
    t.run("upload", t.h.path("missing.txt"), code=66)
    equal(t.rpc().call("doc.list")["documents"], [], "documents")


def test_several_files_go_on_after_one_that_fails(t):
    t.daemon("")
    files = [t.h.path("a.txt", "apples are red\n"), t.h.path("b.pdf", b"%PDF-1.7\nx"), t.h.path("c.txt", "cherries are dark\n")]
    result = t.run("upload", *files, code=None)
    equal(result.code, 65, "status")
    equal(sorted(row["name"] for row in t.rpc().call("doc.list")["documents"]), ["a.txt", "c.txt"], "documents")


def test_folders_stdin_and_collections(t):
    t.daemon("")
    t.h.path("notes/one.md", "# One\n\nThe red notebook lies in the attic.\n")
    t.h.path("notes/deep/two.txt", "The blue notebook lies in the cellar.\n")
    t.run("upload", "-r", "--to", "notes", os.path.join(t.h.dir, "home", "notes"))
    t.run("upload", "--to", "other", "-", stdin="The green notebook lies in the garage.\n")
    names = {row["name"] for row in t.rpc().call("doc.list", collection="notes")["documents"]}
    equal(len(names), 2, f"documents of the collection ({names})")
    contains(ask(t, "Where is the blue notebook?", "--in", "notes")["text"], "cellar")
    one = ask(t, "Where is the green notebook?", "--in", "notes")
    check("garage" not in one["text"], "another collection answered:", one["text"])
    rows = t.rpc().call("collection.list")["collections"]
    equal({row["name"]: row["documents"] for row in rows}, {"notes": 2, "other": 1}, "collections")


def test_hostile_names_and_order_of_an_upload(t):
    t.daemon("max_document = 100k\n")
    rpc = t.rpc()
    for name in ("/etc/passwd", "../up.txt", "a/../../b.txt", "", "x" * 600, "new\nline.txt"):
        rpc.fails("bad_params", "doc.begin", name=name)
    upload = rpc.call("doc.begin", name="ok.txt")["upload"]
    rpc.fails("bad_params", "doc.chunk", upload=upload, off=5, data=b"text")
    equal(rpc.call("doc.chunk", upload=upload, off=0, data=b"some "), {"off": 5}, "first chunk")
    equal(rpc.call("doc.chunk", upload=upload, off=5, data=b"text\n"), {"off": 10}, "second chunk")
    t.rpc().fails("not_found", "doc.commit", upload=upload)
    equal(rpc.call("doc.commit", upload=upload)["document"]["bytes"], 10, "bytes")
    rpc.fails("not_found", "doc.chunk", upload=upload, off=10, data=b"more")
    big = rpc.call("doc.begin", name="big.txt")["upload"]
    rpc.call("doc.chunk", upload=big, off=0, data=b"x" * 90000)
    rpc.fails("too_large", "doc.chunk", upload=big, off=90000, data=b"x" * 90000)
    rpc.fails("too_large", "doc.begin", name="big.txt", size=200000)
    half = t.rpc()
    half.call("doc.begin", name="half.txt")
    half.close()
    equal([row["name"] for row in rpc.call("doc.list")["documents"]], ["ok.txt"], "documents")


@deadline(60)
def test_retrieval_feeds_a_backend_when_told_to(t):
    made, _ = t.serve(says("Members pay 24 euros [1]. Guests fly for free [9]."), config="retrieval = local\n")
    uploaded(t)
    one = ask(t, "How much do members pay a month?")
    sent = json.dumps(made.chats[-1].json["messages"])
    contains(sent, "Members pay 24 euros a month", "handbook.md", "How much do members pay a month?")
    cited = [source for source in one["sources"] if source["cited"]]
    equal([source["n"] for source in cited], [1], "cited sources")
    equal(one["quotes"], [{"n": 1, "text": cited[0]["quote"]}], "quotes")
    equal([(mark["n"], mark["off"], mark["verdict"]) for mark in one["marks"]], [(1, 21, "ok"), (9, 46, "unknown")], "verdicts")
    contains(cited[0]["path"], "handbook.md")
    check(cited[0].get("support") is not None, "no support of the citation")
    equal(one["text"], "Members pay 24 euros [1]. Guests fly for free [9].", "the text is left as it is")
    contains(json.dumps(t.rpc().call("turn.get", turn="last")["turn"].get("notices")), "[9]")
    status = t.run("status")
    contains(status.text, "leave")
    equal(t.run("status", "--json").json["library"]["leaves_machine"], True, "leaves_machine")
    dry = t.run("ask", "--dry-run", "How much do members pay a month?")
    contains(dry.text + dry.err, "leave", "Members pay 24 euros a month")
    equal(len(made.chats), 1, "requests")


def test_documents_stay_home_unless_told(t):
    made, _ = t.serve(echo)
    equal(t.run("status", "--json").json["library"]["leaves_machine"], False, "leaves_machine")
    t.run("ask", "How much do members pay?")
    equal([m["content"] for m in made.chats[-1].json["messages"]], ["How much do members pay?"], "what was sent")


@deadline(60)
def test_an_upload_is_relayed_to_the_backend_as_it_comes(t):
    made, daemon = t.serve(echo)
    data = os.urandom(1 << 20) * 40  # 40 MB
    path = t.h.path("big \u00e9.bin", data)
    t.run("upload", t.h.path("warm.txt", "up"))
    before = daemon.memory("VmHWM")
    result = t.run("upload", path)
    contains(result.text + result.err, "Ingested 42 chunks from 1 file(s)")
    entry = made.uploads[-1]
    equal((entry["size"], entry["sha256"]), (len(data), hashlib.sha256(data).hexdigest()), "what arrived")
    contains(entry["head"], 'name="files"', "big \u00e9.bin")
    t.bounded(daemon.memory("VmHWM") - before, 6 << 10, "an upload of 40 MB")


def test_upload_names_are_base_names_and_errors_are_told(t):
    made, _ = t.serve(echo, config="retries = 0\n")
    t.run("upload", t.h.path("deep/er/file.txt", "x"))
    contains(made.uploads[-1]["head"], 'filename="file.txt"')
    for reply, code, words in (((413, {"detail": "too big"}), 1, "too big"), ((401, {"detail": "Invalid key"}), 77, "Invalid key"),
                               ((500, "Internal Server Error"), 1, "500"), ((404, {"detail": "Not Found"}), 1, "retrieval")):
        made.upload_reply = reply
        result = t.run("upload", t.h.path("f.txt", "x"), code=code)
        contains(result.err, "backend:", words)


def test_attach_uploads_first_and_asks_then(t):
    t.daemon("")
    one = t.run("ask", "-a", t.h.path("fact.txt", "The spare key hangs behind the clock.\n"), "Where does the spare key hang?")
    contains(one.text, "behind the clock")
    whole = t.run("ask", "--json", "-a", t.h.path("poem.txt", "Rosy fingers of dawn touch the sail.\n\nNobody rows today.\n"), "summarise")
    equal(whole.json["found"], False, "found")
    contains(whole.json["text"], "not summed up", "Rosy fingers of dawn")
    fenced = t.run("ask", "-a", t.h.path("fence.md", "```\ncode here\n```\n\nProse there.\n"), "summarise")
    contains(fenced.text, "> ````\n> ```\n> code here\n> ```\n", "> ````\n> [1]")
    made = t.backend(echo)
    t.daemons[0].stop()
    t.daemon(f"backend = {made.url}\n")
    t.run("ask", "-f", t.h.path("inline.txt", "inline words"), "look at this")
    contains(made.chats[-1].json["messages"][-1]["content"], "inline words", "inline.txt", "look at this")


def test_what_a_backend_cannot_keep_to_is_said(t):
    t.serve(echo)
    named = t.run("ask", "--use", "fact.txt", "Where does the key hang?")
    contains(named.err, "daemon: the backend knows nothing of collections", "retrieval = local")
    contains(t.run("ask", "--in", "shelf", "Where?").err, "not kept to those you named")
    path = t.h.path("fact.txt", "The spare key hangs behind the clock.\n")
    equal(t.run("ask", "-a", path, "Where does the key hang?").err, "", "of a file that the backend took")
    contains(t.run("upload", "--to", "shelf", path).err, "there is no collection 'shelf'")


def search(t, *options):
    return t.run("search", "--docs", "--json", *options).json


@deadline(60)
def test_a_search_lists_passages_or_documents_with_their_places(t):
    t.daemon("")
    uploaded(t)
    found = search(t, "safety goggles at the lathe")
    first = found["results"][0]
    equal([r["rank"] for r in found["results"]], list(range(1, len(found["results"]) + 1)), "ranks")
    contains(first["path"], "handbook.md")
    contains(first["text"], "goggles are mandatory")
    equal((first["page"], first["title"]), (None, "Workshop handbook > The lathe"), "place")
    contains(HANDBOOK.splitlines()[first["line"] - 1], "The lathe")
    check(found["coverage"] > 0.5 and found["query"] == "safety goggles at the lathe", "found:", found)
    scores = [r["score"] for r in found["results"]]
    equal(scores, sorted(scores, reverse=True), "scores")
    whole = search(t, "--by", "document", "lathe vinegar temperature")
    equal(sorted(r["path"] for r in whole["results"]), sorted({r["path"] for r in whole["results"]}), "each document once")
    equal(len(whole["results"]), 3, "documents")
    one = t.run("docs", "search", "--jsonl", "-n", "1", "lentils vinegar")
    contains(json.loads(one.text)["path"], "recipes.txt")
    contains(t.run("search", "--docs", "lentils", "vinegar").text, "recipes.txt:1", "Simmer 250 grams")
    equal(search(t, "zweihundert")["results"], [], "results of a word that is nowhere")
    contains(t.run("search", "--docs", "zweihundert").err, "none of these words")


def test_the_document_that_a_question_names_comes_first(t):
    t.daemon("")
    names = [f"reports/{company}_{year}_10K.pdf" for company in ("ADOBE", "BESTBUY", "WALMART", "GENERALMILLS") for year in range(2014, 2024)]
    for i, name in enumerate(names):
        title = "ADBE 10K FY17" if i == 3 else "BEST BUY CO INC" if i == 11 else "Report"
        t.h.path(name, papers.titled_pdf([[f"Inventory was {i + 100} millions at the end of the year, payable {i + 300}."]], title))
    t.run("upload", "-r", t.h.path("reports"))
    for question, wanted in (
            ("What are the FY2018 days payable of Walmart? They are 365 times the average payable between FY2017 and FY2018 "
             "by the cost of FY2018 and the change in inventory between FY2017 and FY2018", "WALMART_2018_10K.pdf"),
            ("What is the year end FY2019 total amount of inventory for Best Buy?", "BESTBUY_2019_10K.pdf"),
            ("inventory of General Mills in 2016", "GENERALMILLS_2016_10K.pdf"),
            ("Adobe's 10K of 2020: what was payable?", "ADOBE_2020_10K.pdf")):
        equal(search(t, question)["results"][0]["path"], wanted, question)


def test_a_search_keeps_to_a_collection_and_to_documents(t):
    t.daemon("")
    uploaded(t)
    t.run("upload", "--to", "kitchen", "--name", "recipes.txt", t.h.path("r2.txt", RECIPES))
    equal(search(t, "--in", "kitchen", "lathe lentils")["documents"], 1, "documents of the collection")
    equal({r["path"] for r in search(t, "--in", "kitchen", "lathe lentils")["results"]}, {"recipes.txt"}, "paths")
    only = search(t, "--use", "sensor.py", "--use", "handbook.md", "lathe lentils bus")
    equal({r["path"] for r in only["results"]}, {"sensor.py", "handbook.md"}, "paths")
    contains(t.run("search", "--docs", "--in", "cellar", "x", code=3).err, "no collection 'cellar'")
    contains(t.run("search", "--docs", "--use", "cellar.md", "x", code=3).err, "no document 'cellar.md'")
    contains(t.run("search", "--docs", "--thread", "cellar", "x", code=3).err, "cellar")
    t.run("search", "--docs", "--by", "chapter", "x", code=2)
    t.run("search", "--docs", "-n", "1001", "x", code=2)


def test_a_search_takes_the_last_turn_of_a_thread_into_account(t):
    t.daemon("")
    files = {f"{place}.md": f"# {place}\n\nThe {place} opens at {hour} o'clock.\n" for place, hour in
             (("Library", 7), ("Swimming pool", 8), ("Museum", 9))}
    t.run("upload", *(t.h.path(name, text) for name, text in files.items()))
    ask(t, "Tell me about the museum", "-t", "talk")
    alone = search(t, "--by", "document", "When does it open?")
    after = search(t, "--by", "document", "--thread", "talk", "When does it open?")
    equal(after["results"][0]["path"], "Museum.md", "first after the museum was asked about")
    check(alone["results"][0]["score"] < after["results"][0]["score"], "scores:", alone, after)


@deadline(90)
def test_a_thousand_results_come_whole_and_in_order(t):
    t.daemon("")
    lines = "\n\n".join(f"Entry {n} of the register: the lighthouse number {n} " + "stands on a rock " * 22 + "\n\n" + "Waves. " * 70
                        for n in range(1100))
    t.run("upload", t.h.path("register.txt", lines))
    found = search(t, "-n", "1000", "lighthouse register")
    equal(len(found["results"]), 1000, "results")
    equal([r["rank"] for r in found["results"]], list(range(1, 1001)), "ranks")
    equal(len({r["line"] for r in found["results"]}), 1000, "different places")
    t.run("upload", "--to", "torn", t.h.path("torn.txt", "The keeper of the old lighthouse paints it. " * 9 + "\n\n" + "He paints the lighthouse white. " * 12))
    one = search(t, "--in", "torn", "who paints the lighthouse")["results"]
    equal(len(one), 1, "neighbours")
    contains(one[0]["text"], "keeper of the old", "white")


def register(n):
    return "\n\n".join(f"Entry {i}: lighthouse number{i} " + "stands on its rock in the sea " * 14 for i in range(n))


@deadline(90)
def test_an_index_is_made_anew_behind_answers_and_through_a_crash(t):
    daemon = t.daemon("")
    t.run("upload", t.h.path("handbook.md", HANDBOOK), t.h.path("register.txt", register(9000)), t.h.path("old.txt", "The pelican is old news.\n"))
    rpc = t.rpc()  # quick steps, where a program for each would take as long as the work itself
    anew = t.run("docs", "reindex", "--json").json
    check(anew["passages"] >= 9000 and anew["documents"] == 3, "reindex:", anew)

    def state():
        return rpc.call("status")["library"].get("rebuilding")
    check(state(), "status does not tell of it")
    contains(rpc.call("doc.search", text="safety goggles at the lathe")["results"][0]["path"], "handbook.md")
    # what comes and goes meanwhile is in, or out of, both
    upload = rpc.call("doc.begin", name="late.txt")["upload"]
    rpc.call("doc.chunk", upload=upload, off=0, data=b"The albatross came late.\n")
    rpc.call("doc.commit", upload=upload)
    rpc.call("doc.remove", document="old.txt")
    check(state(), "it was over too soon for this test")
    daemon.kill()
    daemon.restart()
    rpc = t.rpc()
    check(state(), "it did not go on after the crash")
    contains(rpc.call("doc.search", text="albatross")["results"][0]["path"], "late.txt")
    eventually(lambda: not state(), "the end of the work", 60)
    left = "SELECT name FROM sqlite_schema WHERE name GLOB 'words_*_next' OR name GLOB 'words_*_old'"
    eventually(lambda: not t.sql(left, path=t.h.library), "the end of the old table", 60)
    for words, path in (("albatross", "late.txt"), ("safety goggles", "handbook.md"), ("number8999", "register.txt")):
        contains(search(t, words)["results"][0]["path"], path)
    equal(search(t, "pelican")["results"], [], "of a removed document")
    daemon.stop()
    sums = t.sql("SELECT c.terms, (SELECT sum(terms) FROM document WHERE state = 1) AS all_terms FROM collection c", path=t.h.library)
    equal(sums[0]["terms"], sums[0]["all_terms"], "terms")
    t.integrity()


def test_the_same_bytes_are_indexed_once_in_a_collection(t):
    t.daemon("")
    uploaded(t)
    alone = t.rpc().call("collection.list")["collections"][0]
    copy = t.run("upload", "--json", "--name", "copy.md", t.h.path("handbook.md", HANDBOOK)).json["uploads"][0]
    equal((copy["change"], copy["document"]["same"], copy["document"]["passages"]), ("same", "handbook.md", 0), "a copy")
    contains(t.run("upload", "--name", "copy.md", t.h.path("handbook.md", HANDBOOK)).text, "unchanged copy.md")
    contains(t.run("upload", "--name", "copy.md", t.h.path("recipes.txt", RECIPES)).text, "replaced copy.md: the same bytes as recipes.txt")
    copy = t.run("upload", "--json", "--name", "copy.md", t.h.path("handbook.md", HANDBOOK)).json["uploads"][0]
    contains(copy["message"], "replaced copy.md: the same bytes as handbook.md")
    contains(t.run("docs", "ls").text, "copy.md  (the bytes of handbook.md)")
    other = t.run("upload", "--json", "--to", "other", t.h.path("handbook.md", HANDBOOK)).json["uploads"][0]
    equal(other["change"], "added", "in another collection")
    both = t.rpc().call("collection.list")["collections"][0]
    equal((both["documents"], both["passages"], both["bytes"]), (4, alone["passages"], alone["bytes"]), "the collection")
    whole = search(t, "--in", "default", "--by", "document", "safety goggles at the lathe")["results"]
    equal([r["path"] for r in whole[:2]], ["handbook.md", "copy.md"], "documents")
    equal(whole[0]["score"], whole[1]["score"], "their scores")
    passages = search(t, "--in", "default", "safety goggles")["results"]
    equal({r["path"] for r in passages}, {"handbook.md"}, "passages")
    one = search(t, "--in", "default", "--use", "copy.md", "safety goggles")["results"][0]
    equal((one["path"], one["document"]), ("copy.md", copy["document"]["document"]), "by the name that was asked for")
    # the second name outlives the first, and is found by it
    t.run("docs", "rm", next(row["document"] for row in t.rpc().call("doc.list", collection="default")["documents"] if row["name"] == "handbook.md"))
    one = search(t, "--in", "default", "copy safety goggles")["results"][0]
    equal((one["path"], one["document"]), ("copy.md", copy["document"]["document"]), "after the first is gone")
    # what becomes a copy of another one has its old text no more
    t.run("upload", "--name", "recipes.txt", t.h.path("handbook.md", HANDBOOK))
    equal(search(t, "--in", "default", "lentils vinegar")["results"], [], "of what was replaced")
    t.run("upload", "--to", "default", "--name", "copy.md", t.h.path("copy.md", "The copy is gone.\n"))
    equal(search(t, "--in", "default", "safety goggles")["results"][0]["path"], "recipes.txt", "after its copy changed")
    for row in t.rpc().call("doc.list")["documents"]:
        t.run("docs", "rm", row["document"])
    equal(t.rpc().call("collection.list")["collections"], [], "collections")


def test_originals_are_kept_where_the_configuration_says_so(t):
    daemon = t.daemon("keep_originals = yes\n")
    uploaded(t)
    t.run("upload", "--to", "other", t.h.path("handbook.md", HANDBOOK))
    folder = os.path.join(os.path.dirname(t.h.library), "originals")
    kept = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]
    equal(sorted(os.path.basename(path) for path in kept), sorted(hashlib.sha256(text.encode()).hexdigest() for text in (HANDBOOK, RECIPES, CODE)), "files")
    for path in kept:
        with open(path, "rb") as f:
            equal(hashlib.sha256(f.read()).hexdigest(), os.path.basename(path), "content")
        equal((os.stat(path).st_mode & 0o777, os.stat(os.path.dirname(path)).st_mode & 0o777), (0o600, 0o700), "modes")
    contains(t.run("docs", "show", "sensor.py").text, "original    kept")
    t.run("upload", "--to", "default", t.h.path("recipes.txt", RECIPES + "More.\n"))
    eventually(lambda: hashlib.sha256(RECIPES.encode()).hexdigest() not in os.listdir(os.path.dirname(kept[0])), "the end of what was replaced")
    rows = {row["collection"]: row["document"] for row in t.rpc().call("doc.list")["documents"] if row["name"] == "handbook.md"}
    mark = hashlib.sha256(HANDBOOK.encode()).hexdigest()
    t.run("docs", "rm", rows["other"])
    check(mark in os.listdir(os.path.dirname(kept[0])), "gone with the first of two")
    t.run("docs", "rm", rows["default"], "sensor.py", "recipes.txt")
    equal(os.listdir(folder), [], "folders left over")
    daemon.stop()
    t.daemon("")
    uploaded(t)
    equal(os.listdir(folder), [], "kept without being asked")
    contains(t.run("docs", "show", "sensor.py").text, "original    not kept")


def test_a_question_can_be_kept_to_documents(t):
    t.daemon("")
    uploaded(t)
    t.run("upload", "--to", "kitchen", "--name", "soup.txt", t.h.path("soup.txt", "The soup of members simmers for an hour.\n"))
    one = ask(t, "How much do members pay a month?", "--use", "soup.txt", "--use", "recipes.txt")
    check("24 euros" not in json.dumps(one), "another document answers:", one)
    told = t.run("ask", "--use", "handbook.md", "How much do members pay a month?")
    contains(told.text, "24 euros")
    contains(told.err, "searched in: handbook.md")
    nowhere = t.run("ask", "--use", "handbok.md", "Who keeps the keys?")
    contains(nowhere.text, "None of the documents named is here")
    check("searched in" not in nowhere.err, "searched in what is not there:", nowhere.err)
    contains(ask(t, "How much do members pay a month?", "--use", "nowhere.md")["text"], "None of the documents named")


def test_a_collection_is_removed_as_a_whole(t):
    t.daemon("")
    uploaded(t)
    for n in range(30):
        t.h.path(f"box/{n}.txt", f"The box number {n} holds planks.\n" * (n + 1))
    t.h.path("box/copy.txt", "The box number 7 holds planks.\n" * 8)
    t.run("upload", "-q", "-r", "--to", "box", "box")
    t.run("docs", "rm", "--in", "box", code=2)
    t.run("docs", "rm", "--all", code=2)
    contains(t.run("docs", "rm", "--in", "box", "--all").text, "removed box: 31 documents")
    t.run("docs", "rm", "--in", "box", "--all", code=3)
    equal([row["name"] for row in t.rpc().call("collection.list")["collections"]], ["default"], "collections")
    equal(search(t, "planks")["results"], [], "results")
    contains(search(t, "safety goggles")["results"][0]["path"], "handbook.md")
