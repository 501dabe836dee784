"""Vectors of a server for embeddings: found by meaning, never worse than by words, whatever that server does."""
import base64
import hashlib
import json
import struct
import threading
import time

from harness import check, contains, deadline, equal, eventually
from scripts import says

WORDS = {"automobile": "car", "vehicle": "car", "physician": "doctor", "medic": "doctor"}
FAST = "retry_base = 20ms\nretry_max = 100ms\n"

PATIENT = "embeddings_timeout = 5s\n"


def vector(text, dimension):
    """A model that knows a few words of the same meaning: a number for each word."""
    v = [0.01] * dimension
    for word in "".join(c.lower() if c.isalnum() else " " for c in text).split():
        word = WORDS.get(word, word)
        if len(word) > 2:
            v[int(hashlib.md5(word.encode()).hexdigest(), 16) % dimension] += 1
    return v


def model(dimension=512):
    def script(request, out):
        texts = request.json["input"]
        rows = [{"index": i, "embedding": vector(text, dimension)} for i, text in enumerate(texts)]
        out.reply(200, {"object": "list", "data": rows[::-1], "model": request.json["model"]})
    return script


TOPICS = ("barley", "copper", "violin", "glacier", "lantern", "harbour", "pepper", "saddle", "comet", "velvet")


def library():
    """Sections enough that no prompt holds them, one of them about a car."""
    lines = [f"## {topic} {i}\n\nThe {topic} of the {i}th kind is kept dry, weighed on day {i * 3 + 1} and listed by the {topic} keeper in book {i * 7}. "
             f"It came with the {TOPICS[(i * 3 + 1) % 10]} cart number {i}, and nobody has asked for it since.\n" for i in range(70) for topic in (TOPICS[i % 10],)]
    lines.insert(33, "## Errands\n\nThe car stands behind the barn and the doctor has its papers.\n")
    return "\n".join(lines)


def serve(t, script=None, config="", upload=True):
    made = t.backend(says("It stands there [1]."))
    made.embedder = script or model()
    daemon = t.daemon(f"backend = {made.url}\nretrieval = local\nembeddings = {made.url}/v1/embeddings\nembedding_model = toy\n{FAST}{config or PATIENT}")
    if upload:
        t.run("upload", t.h.path("library.md", library()))
    return made, daemon


def embeddings(t):
    return t.run("status", "--json").json["library"]["embeddings"]


def embedded(t, least=71):
    eventually(lambda: embeddings(t)["passages"] >= least and not embeddings(t)["working"], "vectors", 20)


def prompt(made):
    return made.chats[-1].json["messages"][-1]["content"]


QUESTION = "Where was the automobile put?"


@deadline(60)
def test_what_is_meant_is_found_though_the_words_differ(t):
    made, _ = serve(t)
    embedded(t)
    t.run("ask", QUESTION)
    check(made.chats, "the model was not asked")
    contains(prompt(made), "The car stands behind the barn")
    asked = made.embedded[-1].json
    equal((asked["input"], asked["model"]), ([QUESTION], "toy"), "the question's request")
    check(all("authorization" not in request.headers for request in made.embedded), "a key went along")
    check(max(len(request.json["input"]) for request in made.embedded) <= 32, "a batch")
    texts = [text for request in made.embedded[:-1] for text in request.json["input"]]
    equal(len(texts), len(set(texts)), "passages embedded twice")
    status = t.run("status", "--json").json["library"]
    equal((status["leaves_machine"], status["embeddings"]["model"]), (True, "toy"), "status")
    contains(t.run("ask", "--dry-run", QUESTION).err, "embeddings")
    contains(t.run("doctor", "--quick", code=None).text, "embeddings")


@deadline(60)
def test_a_search_finds_by_meaning_as_a_question_does(t):
    made, _ = serve(t, upload=False)
    t.run("upload", t.h.path("library.md", library()), t.h.path("errands.md", "The car stands behind the barn and the doctor has its papers.\n"))
    embedded(t, 72)
    for by in ("passage", "document"):
        found = t.run("search", "--docs", "--json", "--by", by, QUESTION).json["results"]
        check(any("The car stands behind the barn" in r["text"] for r in found), by, found)
        equal(made.embedded[-1].json["input"], [QUESTION], "the text's request")
    names = [r["path"] for r in found]
    equal(len(names), len(set(names)), "a document once")
    best = t.run("search", "--docs", "--json", "-n", "2", "lantern keeper in book").json["results"]
    contains(best[0]["text"], "lantern keeper")
    equal(len(best), 2, "no more than are wanted")
    made.embedder = lambda request, out: out.reply(503, {"error": {"message": "not today"}})
    alone = t.run("search", "--docs", "--json", "lantern keeper in book")
    contains(alone.json["results"][0]["text"], "lantern keeper")
    contains(alone.err, "by the words alone")


def test_words_keep_their_first_places(t):
    made, _ = serve(t)
    embedded(t)
    one = t.run("ask", "--json", "Which keeper lists the violin of the 12th kind?").json
    contains(one["sources"][0]["quote"], "violin of the 12th kind")
    plain, _ = t.backend(says("no")), None
    # the same question without vectors: the same first source
    t.daemons[0].stop()
    t.daemon(f"backend = {plain.url}\nretrieval = local\n")
    equal(t.run("ask", "--json", "Which keeper lists the violin of the 12th kind?").json["sources"][0]["quote"][:60], one["sources"][0]["quote"][:60], "first source")


@deadline(90)
def test_faults_of_the_server_leave_the_words(t):
    state = {"script": lambda request, out: out.reply(429, {"error": {"message": "slow down"}}, {"Retry-After": "0"})}
    made, _ = serve(t, lambda request, out: state["script"](request, out), "embeddings_timeout = 300ms\n")
    eventually(lambda: embeddings(t)["failures"] >= 2, "tries again", 20)
    found = t.run("ask", "--json", "Which keeper lists the violin of the 12th kind?")
    check(found.json["found"] is True and found.json["state"] == "done", "found by words:", found.json["state"])
    for name, script in (("nan", lambda request, out: out.reply(200, '{"data":[' + ",".join('{"embedding":[NaN,1]}' for _ in request.json["input"]) + "]}")),
                         ("few", lambda request, out: out.reply(200, {"data": []})),
                         ("html", lambda request, out: out.reply(200, "<html>")),
                         ("dead", lambda request, out: out.cut())):
        state["script"] = script
        before = embeddings(t)["failures"]
        eventually(lambda: embeddings(t)["failures"] > before, "a failure of " + name, 20)
        check(embeddings(t)["passages"] == 0, "vectors of", name)
    state["script"] = model()
    embedded(t)
    gate = threading.Event()
    state["script"] = lambda request, out: gate.wait(120)
    since = time.monotonic()
    slow = t.run("ask", "How heavy is the copper of the 21th kind?")
    gate.set()
    check(time.monotonic() - since < 60, "a question waited for its vector:", time.monotonic() - since)
    contains(slow.err, "by its words alone")
    again = t.run("ask", "--json", "Which keeper lists the violin of the 12th kind?")
    contains(json.dumps(t.rpc().call("turn.get", turn="last")["turn"]["notices"]), "vectors_missing")
    check(again.json["found"] is True, "found")


@deadline(90)
def test_another_model_or_length_makes_them_anew_and_removal_takes_them_along(t):
    made, daemon = serve(t)
    embedded(t)
    rows = lambda: t.sql("SELECT count(*) AS n, min(length(data)) AS short, max(length(data)) AS long FROM vector", path=t.h.library)[0]
    equal((rows()["short"], rows()["long"]), (512, 512), "lengths")
    have = rows()["n"]
    daemon.stop()
    made.embedder = model(256)
    daemon = t.daemon(f"backend = {made.url}\nretrieval = local\nembeddings = {made.url}\nembedding_model = other\n{FAST}{PATIENT}")
    embedded(t, have)
    equal((rows()["n"], rows()["short"], rows()["long"]), (have, 256, 256), "made anew")
    t.run("ask", QUESTION)
    contains(prompt(made), "The car stands behind the barn")
    daemon.kill()
    daemon.start()
    embedded(t, have)
    count = len(made.embedded)
    t.run("docs", "rm", "library.md")
    eventually(lambda: rows()["n"] == 0, "vectors of a removed document", 20)
    check(len(made.embedded) - count <= 1, "nothing was left to embed")


@deadline(60)
def test_a_text_that_the_server_does_not_take_keeps_no_other_waiting(t):
    def script(request, out):
        texts = request.json["input"]
        if len(texts) > 5:
            out.reply(413, {"error": "batch size %d > maximum allowed batch size 5" % len(texts)})
        elif any("doctor has its papers" in text for text in texts):
            out.reply(400, {"error": {"message": "input is too long for the model, 512 tokens at most"}})
        else:
            model()(request, out)
    serve(t, script)
    embedded(t, 70)
    told = embeddings(t)
    equal((told["of"] - told["passages"], told["passed_over"]), (1, 1), "one without")
    t.run("upload", t.h.path("more.md", "The anchor of the ferry is painted green each spring.\n"))
    embedded(t, 71)
    t.backends[0].embedder = lambda request, out: out.reply(200, {"data": [{"embedding": [0] * 512} for _ in request.json["input"]]})
    t.run("upload", t.h.path("zero.md", "The buoy of the ferry is painted red each autumn.\n"))
    eventually(lambda: embeddings(t).get("passed_over") == 2, "one without a direction", 20)


@deadline(60)
def test_a_question_that_the_server_does_not_take_costs_the_next_one_nothing(t):
    def script(request, out):
        if any(len(text) > 3000 for text in request.json["input"]):
            out.reply(400, {"error": {"message": "input is too long for the model, 512 tokens at most"}})
        else:
            model()(request, out)
    made, _ = serve(t, script)
    embedded(t)
    contains(t.run("ask", QUESTION + " It may be red." * 400).err, "by its words alone: the embeddings server did not accept the request (400: input is too long")
    check("by its words alone" not in t.run("ask", QUESTION).err, "the next question went without its vector")
    equal(made.embedded[-1].json["input"], [QUESTION], "the question's request")


@deadline(60)
def test_a_server_that_takes_nothing_is_asked_again_for_all(t):
    state = {"script": lambda request, out: out.reply(400, {"error": {"message": "no such thing"}})}
    serve(t, lambda request, out: state["script"](request, out))
    eventually(lambda: embeddings(t)["failures"] >= 3, "tries", 20)
    contains(embeddings(t)["error"], "the embeddings server did not accept the request (400: no such thing)")
    state["script"] = model()
    embedded(t)
    told = embeddings(t)
    equal((told["of"], told.get("passed_over"), told.get("error")), (told["passages"], None, None), "all have theirs")


@deadline(60)
def test_what_was_passed_over_while_nothing_was_taken_is_looked_at_again(t):
    state = {"script": lambda request, out: model()(request, out)}
    serve(t, lambda request, out: state["script"](request, out), upload=False)
    t.run("upload", t.h.path("first.md", "The anchor of the ferry is painted green each spring.\n"))
    embedded(t, 1)
    state["script"] = lambda request, out: out.reply(400, {"error": {"message": "no such thing"}})
    t.run("upload", *[t.h.path(f"{topic}.md", f"The {topic} of the ferry is painted once a year.\n") for topic in TOPICS[:5]])
    eventually(lambda: embeddings(t).get("passed_over") == 5, "all passed over", 20)
    state["script"] = model()
    t.run("upload", t.h.path("last.md", "The buoy of the ferry is painted red each autumn.\n"))
    embedded(t, 7)
    check("passed_over" not in embeddings(t), "passed over still")


@deadline(60)
def test_batches_are_as_large_as_a_question_can_wait_for(t):
    def slow(request, out):
        time.sleep(0.05 * len(request.json["input"]))
        model()(request, out)
    made, _ = serve(t, slow, "embeddings_timeout = 600ms\n")
    embedded(t)
    sizes = [len(request.json["input"]) for request in made.embedded]
    check(max(sizes[3:-1]) <= 5, "at 50 ms a text and a third of 600 ms:", sizes)


@deadline(60)
def test_numbers_may_come_as_base64(t):
    def script(request, out):
        rows = [{"embedding": base64.b64encode(struct.pack("<512f", *vector(text, 512))).decode()} for text in request.json["input"]]
        out.reply(200, {"data": rows})
    made, _ = serve(t, script)
    embedded(t)
    t.run("ask", QUESTION)
    contains(prompt(made), "The car stands behind the barn")


@deadline(90)
def test_another_model_under_the_same_name_is_found_out(t):
    made, daemon = serve(t)
    embedded(t)
    rows = lambda: t.sql("SELECT hex(data) AS data FROM vector ORDER BY id LIMIT 3", path=t.h.library)
    before = rows()
    daemon.stop()
    daemon.start()
    embedded(t)
    equal(rows(), before, "the same model")
    daemon.stop()
    made.embedder = lambda request, out: out.reply(200, {"data": [{"embedding": vector(text, 512)[::-1]} for text in request.json["input"]]})
    daemon.start()
    eventually(lambda: rows() not in ([], before), "made anew", 20)
    embedded(t)
    equal(bytes.fromhex(rows()[0]["data"])[::-1], bytes.fromhex(before[0]["data"]), "the other model's")
    # another length while the daemon runs: a question finds it out
    made.embedder = model(128)
    t.run("ask", QUESTION)
    eventually(lambda: [len(row["data"]) for row in rows()[:1]] == [256], "made anew", 20)
    embedded(t)
    t.run("ask", QUESTION)
    contains(prompt(made), "The car stands behind the barn")


@deadline(60)
def test_what_is_removed_leaves_no_vector_to_anybody(t):
    made, daemon = serve(t)
    embedded(t)
    daemon.stop()
    daemon = t.daemon(f"backend = {made.url}\nretrieval = local\n")
    t.run("docs", "rm", "library.md")
    equal(t.sql("SELECT (SELECT count(*) FROM vector) + (SELECT count(*) FROM vectors) AS n", path=t.h.library), [{"n": 0}], "vectors")
    t.run("upload", t.h.path("other.md", library().replace("violin", "trumpet")))
    daemon.stop()
    made.embedded.clear()
    t.daemon(f"backend = {made.url}\nretrieval = local\nembeddings = {made.url}\nembedding_model = toy\n{FAST}{PATIENT}")
    embedded(t)
    equal(len({text for request in made.embedded for text in request.json["input"] if "kind is kept dry" in text}), 70, "each was embedded")


@deadline(60)
def test_without_a_server_nothing_is_sent_anywhere(t):
    made, _ = t.serve(says("no"), config="retrieval = local\n")
    made.embedder = model()
    t.run("upload", t.h.path("library.md", library()))
    t.run("ask", "Which keeper lists the violin of the 12th kind?")
    equal(len(made.embedded), 0, "requests")
    check("embeddings" not in t.run("status", "--json").json["library"], "status")
