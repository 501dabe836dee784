"""Nothing a model, a document, another user or a backend writes drives the terminal, whatever the verb that shows it."""
import os
import re
import threading

from harness import RpcError, check, deadline, equal
from scripts import fails, holds, says

# Clipboard and title, questions that the terminal would answer into the shell, CR and BS over what stands there,
# C1 as UTF-8, hidden text, moves, bidi, tags, DEL, BOM; each between letters that must be seen.
HOSTILE = ("A\x1b]52;c;cm0gLXJmIH4=\x07B\x1b]0;pwned\x07C\x1b[cD\x1b[6nE\rF\x08G\u009b2JH\u009d0;x\u009cI\u202eJ\u2066K\U000e0041L"
           "\x1b[8mM\x1b[1A\x1b[2KN\x7fO\ufeffP\u2028Q\x1bPR\x1b\\S\x0eT\x0fU\x0cV\x0bW")
CLEAN = HOSTILE.replace("\x00", "")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVW"
PROGRESS = r"\r[^\x00-\x1f\x7f-\x9f]*\x1b\[K"  # of what takes a while
OURS = re.compile(rf"\x1b\[[0-9;]*m|\x1b\]8;;[\x20-\x7e]*\x1b\\|{PROGRESS}|\r(?=\n)|\r+\n")
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]")
PLAIN = {"TERM": "dumb", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}
STYLED = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "COLORTERM": "truecolor", "VTE_VERSION": "7000"}


def harmless(shown, styled, what):
    text = shown.decode("utf-8")  # a byte that is none would be one the terminal might take for C1
    rest = OURS.sub("", text) if styled else re.sub(r"\r+\n", "\n", text)
    found = FORBIDDEN.search(rest)
    check(not found, f"{what} lets {found and found[0]!r} through:", found and rest[max(0, found.start() - 60):found.end() + 60], shown[-400:])


def seen(shown, what):
    """The letters between, in their order: nothing visible was eaten."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", shown.decode("utf-8"))
    at = 0
    for letter in LETTERS:
        at = text.find(letter, at)
        check(at >= 0, f"{what} does not show {letter}:", shown)


def scene(t):
    """A daemon in which everything that can be named or said is hostile."""
    t.serve(says(HOSTILE, step=1), config="retrieval = local\n")
    rpc = t.rpc()
    backend = t.backends[0]
    backend.models = [HOSTILE]
    named = FORBIDDEN.sub("", HOSTILE).replace("\u2028", "") + "\u2028\u202e\u2066\ufeff\U000e0041.md"  # what is refused is left out
    try:
        upload = rpc.call("doc.begin", name="name " + named, collection="shelf " + named)["upload"]
    except RpcError:
        upload = rpc.call("doc.begin", name="name.md", collection="shelf")["upload"]
    rpc.call("doc.chunk", upload=upload, off=0, data=f"# Heading {HOSTILE}\n\nThe heron {HOSTILE} stands in the water.\n".encode())
    document = rpc.call("doc.commit", upload=upload)["document"]["document"]
    reply, stream = rpc.ask("Where does the heron stand? " + HOSTILE, title="thread " + HOSTILE, tags=["tag " + HOSTILE], system=HOSTILE)
    rpc.finish(stream)
    return rpc, reply, document


def shows(t, *args, code=0, letters=False):
    for env, styled in ((PLAIN, False), (STYLED, True)):
        got, shown = t.terminal(*args, env=env, size=(100, 0, 0))
        check(code is None or got == code, f"{args} ended with {got}:", shown)
        harmless(shown, styled or "always" in args, f"ragchat {' '.join(args[:3])}")
        if letters:
            seen(shown, f"ragchat {' '.join(args[:3])}")


@deadline(120)
def test_nothing_but_visible_text_reaches_the_terminal(t):
    _, reply, document = scene(t)
    turn, thread = reply["turn"], reply["thread"]
    verbs = set(re.findall(r"^  ([a-z]+)", t.run("help").text, re.M))
    shows(t, "ask", "-t", "other " + HOSTILE.replace("\x00", ""), "the heron?", letters=True)
    shows(t, "ask", "--raw", "the heron?", letters=True)
    shows(t, "ask", "--no-stream", "the heron?", letters=True)
    for line in (["attach", turn], ["show", thread], ["last"], ["show", turn], ["retry", turn],
                 ["edit", turn, "another question"]):
        shows(t, *line, letters=True)
    for line in (["ls"], ["ps"], ["sources", turn], ["docs"], ["docs", "show", document], ["models"], ["status"], ["log"], ["log", turn],
                 ["idle", "--after", "0"], ["wait", turn], ["export", "-o", "-", "--format", "md", turn], ["export", "-o", "-", "--format", "txt", turn],
                 ["search", "--docs", "heron"], ["doctor", "--quick"], ["share", "--list"], ["whoami"], ["completion", "bash"],
                 ["__complete", "zsh", "ragchat", "docs", "show", ""], ["config", "list"], ["user", "log"], ["token"]):
        if line[0] in verbs or line[0].startswith("__"):
            shows(t, *line, code=None)
    for line in (["search", "heron"], ["tag", thread], ["rate", turn, "up", "-m", "well"], ["ls", "--long"], ["rm", "--dry-run", thread],
                 ["mv", thread, "renamed " + HOSTILE.replace("\x00", "")], ["fork", thread], ["usage"]):
        if line[0] in verbs:
            shows(t, *line, code=None)
    for line in (["ls", "--format", "{id} {name} {tags} {owner}\\n"], ["ps", "--format", "{name} {question}"], ["show", "--branches", thread],
                 ["show", "-r", thread], ["show", "--color", "always", thread], ["last", "-r"], ["docs", "--format", "{name} {title}"],
                 ["search", "--color", "always", "heron"], ["search", "--format", "{snippet} {name}", "heron"],
                 ["search", "--docs", "--format", "{document} {path} {text} {title}", "heron"], ["search", "--docs", "--by", "document", "heron"],
                 ["search", "--source", "name"], ["sources", "--open", "1", turn], ["log", "-n", "50"], ["usage", "--by", "model"],
                 ["ask", "--dry-run", "the heron?"], ["ask", "-m", "model " + CLEAN, "x"], ["attach", "--from", "3", turn],
                 ["config", "get", CLEAN], ["config", "set", "model", "a " + CLEAN], ["login", CLEAN], ["completion", CLEAN],
                 ["import", "jsonl", t.h.path("bad.jsonl", "{" + HOSTILE + "\n")], ["backup", "/nowhere/" + CLEAN], ["share", thread, CLEAN],
                 ["export", "--format", CLEAN], ["rm", "--tag", CLEAN], ["ls", "--tag", CLEAN], ["ls", "--since", CLEAN], ["wait", CLEAN],
                 ["cancel", CLEAN], ["rate", turn, CLEAN], ["fork", "--at", CLEAN, thread], ["docs", "rm", CLEAN], ["docs", "reindex", CLEAN],
                 ["user", "add", CLEAN], ["token", "revoke", CLEAN], ["daemon", CLEAN], ["help", CLEAN], ["--" + CLEAN], ["ask", "--" + CLEAN]):
        shows(t, *line, code=None)
    strange = os.path.join(t.h.dir, "home", "file " + CLEAN.replace("/", "") + ".txt")
    with open(strange, "w", encoding="utf-8") as f:
        f.write("a heron of another kind\n")
    odd = strange.replace(".txt", ".bin").encode() + b"\x9b\xff2J"
    with open(odd, "wb") as f:
        f.write(b"\x00\x01" * 99)
    for line in (["upload", strange], ["upload", os.fsdecode(odd)], ["upload", "-r", os.path.dirname(strange)], ["ask", "-f", strange, "well?"],
                 ["ask", "-f", os.fsdecode(odd), "well?"], ["export", "-o", strange + ".pdf", turn], ["export", "-o", strange + "/x.pdf", turn],
                 ["ask", "-o", strange + "/x", "well?"], ["ask", "-s", "@" + strange + "x", "well?"], ["import", "llm", strange],
                 ["ask", "-a", strange, "well?"]):
        shows(t, *line, code=None)
    # A running answer, and what is put into the terminal while it runs.
    backend = t.backends[0]
    go_on = threading.Event()
    backend.script = holds(go_on, before=HOSTILE, after=HOSTILE)
    running = t.run("ask", "-d", "-t", "running " + CLEAN, "question " + CLEAN).text.strip()
    try:
        for line in (["ps"], ["ps", "--format", "{name} {question}"], ["ls"], ["last"], ["show", running], ["cancel", running], ["show", running]):
            shows(t, *line, code=None)
    finally:
        go_on.set()
    # In words about what was typed, and about what is ambiguous.
    shows(t, "show", "nothing named " + HOSTILE, code=3)
    shows(t, "docs", "show", HOSTILE, code=3)
    shows(t, "--socket", "/nowhere/" + HOSTILE, "status", code=2)
    shows(t, "upload", "/nowhere/" + HOSTILE, code=66)
    shows(t, "no" + "\x1b[2J", "such", code=None)


def test_errors_of_a_backend_are_only_words(t):
    body = ('{"error": {"message": "%s", "type": "x"}}' % HOSTILE.replace("\\", "\\\\").encode("unicode_escape").decode().replace("\\x", "\\u00")
            .replace("\\U000e0041", "").replace('"', '\\"')).encode()
    for status in (400, 401, 500):
        t.serve(fails(status, body), config="retries = 0\n")
        shows(t, "ask", "hello", code=None)
        shows(t, "last", code=None)
        t.daemons.pop().stop()
    made = t.backend(says("x"))
    made.upload_reply = (200, {"message": HOSTILE, "stats": {"total": 1, "processed": 0, "skipped": 1, "failed": 1, "chunks_created": 0, "errors": [HOSTILE]}})
    t.daemon(f"backend = {made.url}\n")
    shows(t, "upload", t.h.path("a.txt", "some words\n"), code=None)
    made.upload_reply = (500, {"detail": HOSTILE})
    shows(t, "upload", t.h.path("b.txt", "some words\n"), code=None)
    made.models_status = 500
    shows(t, "models", code=None)


def test_frames_split_at_every_byte_are_filtered_the_same(t):
    """The stream of a backend, byte by byte, with raw control bytes in it and sequences that begin in one frame and end in another."""
    pieces = ["A\x1b", "]52;c;", "eA==\x07", "B\u009b", "2J", "C\r", "D\r\n", "E\u202e", "F"]
    import json
    events = "".join("data: " + json.dumps({"choices": [{"delta": {"content": piece}}]}) + "\n\n" for piece in pieces)
    events += 'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    made = t.replay((head + events).encode(), step=1)
    t.daemon(f"backend = {made.url}\n")
    for env, styled in ((PLAIN, False), (STYLED, True)):
        code, shown = t.terminal("ask", "hello", env=env, size=(100, 0, 0))
        equal(code, 0, f"status: {shown}")
        harmless(shown, styled, "ask")
        text = re.sub(r"\x1b\[[0-9;]*m", "", shown.decode())
        check(re.search("A.*B.*C.*D.*E.*F", text, re.S), "what is seen:", text)


def test_no_color_and_its_friends_are_heeded_everywhere(t):
    scene(t)
    for line in (["ask", "the heron?"], ["show", "last"], ["ls"], ["docs"], ["doctor", "--quick"], ["log"], ["status"], ["sources"]):
        for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}):
            _, shown = t.terminal(*line, env=dict(STYLED, **env), size=(100, 0, 0))
            check("\x1b[" not in re.sub(PROGRESS, "", shown.decode()), f"{line} with {env} is coloured:", shown)
        forced = t.run(*line, env=dict(STYLED, CLICOLOR_FORCE="1"), code=None).out
        quiet = t.run(*line, env=STYLED, code=None).out
        check(b"\x1b" not in quiet, f"{line} colours a pipe:", quiet)
        if line[0] == "doctor":
            check(b"\x1b[3" in forced, "CLICOLOR_FORCE gives no colour:", forced)
    for width in (40, 60):
        _, shown = t.terminal("ls", env=dict(PLAIN, COLUMNS=str(width)), size=(200, 0, 0))
        check(all(len(line) <= width for line in shown.decode().splitlines()), f"COLUMNS={width}:", shown)
