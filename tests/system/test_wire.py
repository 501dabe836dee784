"""Recorded answers of real servers, replayed whole and byte by byte: what was said is what is kept."""
import json
import os

from harness import DATA, check, contains, deadline, equal

WIRE = os.path.join(DATA, "wire")


def recorded(name):
    with open(os.path.join(WIRE, name + ".http"), "rb") as f:
        return f.read()


def text_of(name, index=0):
    """What the server's own deltas say, put together by another reader than ours."""
    body, out = recorded(name).split(b"\r\n\r\n", 1)[1], []
    for line in body.replace(b"\r\n", b"\n").split(b"\n"):
        if line.startswith(b"data: {"):
            for choice in json.loads(line[6:])["choices"]:
                if choice["index"] == index:
                    out.append(choice["delta"].get("content") or "")
    return "".join(out)


def asked(t, name, step, **more):
    """Answers (result, turn) of a question to the recording."""
    made = t.replay(recorded(name), step)
    daemon = t.daemon(f"backend = {made.url}\nretries = 0\nmodel = m\n")
    result = t.run("ask", "--raw-output", "hello", code=None, **more)
    turn = t.rpc().call("turn.get", turn="last")["turn"]
    daemon.stop()
    return result, turn


def streams(t, name, text, code, state, steps=(0, 1, 1400)):
    for step in steps:
        result, turn = asked(t, name, step)
        equal(turn["text"], text, f"stored text of {name} in steps of {step}")
        equal(result.out.decode().rstrip("\n"), text.rstrip("\n"), f"printed text of {name} in steps of {step}")
        equal((result.code, turn["state"]), (code, state), f"end of {name} ({result.err})")
    return turn


@deadline(60)
def test_llama_streams(t):
    turn = streams(t, "llama/ok", text_of("llama/ok"), 0, "done")
    equal((turn["usage"]["completion_tokens"], turn["usage"]["prompt_tokens"]), (44, 12), "usage")
    equal(turn["model"], "tiny-rag.gguf", "model")
    for name in ("llama/logprobs", "llama/expect", "llama/gzip"):
        turn = streams(t, name, text_of(name), 1, "done", (0, 1))
        equal(turn["finish_reason"], "length", "finish_reason")


def test_llama_two_answers_interleaved_give_one(t):
    streams(t, "llama/n2", text_of("llama/n2", 0), 1, "done", (0, 1))


def test_llama_in_one_piece(t):
    turn = streams(t, "llama/nonstream", "## Summary\n\nThe caf\u00e9 menu is unrelated.", 1, "done")
    equal(turn["finish_reason"], "length", "finish_reason")


@deadline(60)
def test_ragwire_streams(t):
    whole = text_of("ragwire/ok")
    check(whole.startswith("```json\n"), "the recording begins with a metadata block")
    streams(t, "ragwire/ok", whole[whole.index("# Apple"):], 0, "done")
    agents = text_of("ragwire/autogen")
    turn = streams(t, "ragwire/autogen", agents[agents.index("# Apple"):], 0, "done")
    check("\u2028" in turn["text"], "U+2028 is gone")
    made = t.replay(recorded("ragwire/autogen"))
    t.daemon(f"backend = {made.url}\n")
    said = t.run("ask", "--jsonl", "hello").text
    contains(said, "Planner working", "Researcher working", "Writer working", "Critic working")


def test_ragwire_keeps_everything_when_told(t):
    made = t.replay(recorded("ragwire/ok"))
    t.daemon(f"backend = {made.url}\nraw_text = yes\n")
    t.run("ask", "hello")
    equal(t.rpc().call("turn.get", turn="last")["turn"]["text"], text_of("ragwire/ok"), "text with raw_text")


def test_ragwire_errors_written_into_the_text_are_suspected(t):
    for step in (0, 1):
        result, turn = asked(t, "ragwire/boom", step)
        equal(turn["text"], text_of("ragwire/boom"), "text")
        equal(result.code, 1, "status")
        check("suspected_error" in [notice["name"] for notice in turn["notices"]], "notices:", turn["notices"])


@deadline(60)
def test_their_errors_reach_the_user(t):
    for name, code, words in (
            ("llama/nokey", 77, "Invalid API Key"), ("llama/badjson", 1, "parse error"), ("llama/nomsg", 1, "'messages' is required"),
            ("llama/notfound", 1, "File Not Found"), ("llama/toolong", 1, "6004 tokens"),
            ("ragwire/nokey", 77, "Invalid or missing API key"), ("ragwire/basicauth", 77, "Invalid or missing API key"),
            ("ragwire/empty", 1, "No messages provided."), ("ragwire/badjson", 1, "Expecting value"),
            ("ragwire/v422", 1, "none is not an allowed value"), ("ragwire/v422parts", 1, "str type expected"),
            ("ragwire/e404", 1, "Not Found"), ("ragwire/e405", 1, "Method Not Allowed"), ("ragwire/slash", 1, "127.0.0.1:8080")):
        for step in (0, 1):
            result, turn = asked(t, name, step)
            equal((result.code, turn["state"], turn["text"]), (code, "failed", ""), f"end of {name} ({result.err})")
            contains(result.err, "backend:", words)
            contains(turn["error"]["message"], words)


def test_their_uploads_and_models(t):
    for name, code, words in (("ragwire/upload", 0, "Ingested 2 chunks from 2 file(s) (0 skipped)."),
                              ("ragwire/upload1", 1, "field required"), ("ragwire/uploadempty", 1, "500"),
                              ("llama/upload", 1, "retrieval")):
        made = t.replay(recorded(name))
        daemon = t.daemon(f"backend = {made.url}\nretries = 0\n")
        result = t.run("upload", t.h.path("a.txt", "some text\n"), code=None)
        equal(result.code, code, f"status of {name} ({result.text} {result.err}); status")
        contains(result.text + result.err, words)
        daemon.stop()
    made = t.replay(recorded("llama/models"))
    t.daemon(f"backend = {made.url}\n")
    contains(t.run("models").text, "tiny-rag.gguf")
