"""Every verb's exit status, the same in text, --json and --jsonl; and each verb's help on one screen."""
import os
import re
import signal
import subprocess

from fake_daemon import TURN, FakeDaemon
from harness import check, deadline, equal, eventually
from scripts import echo

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Verb -> arguments with which it asks the daemon for something. Others need no daemon, or are told apart below.
ASKS = {"ask": ["q"], "attach": [TURN], "retry": [TURN], "cancel": [TURN], "ps": [], "wait": [TURN], "ls": [], "show": [TURN], "last": [],
        "search": ["--docs", "words"], "mv": ["a", "b"], "tag": ["a", "+b"], "rate": [TURN, "up"], "rm": ["-f", "a"], "sources": [TURN],
        "fork": ["a"], "export": ["-o", "-", "--format", "md", TURN], "share": ["--list"], "docs": ["ls"], "models": [], "whoami": [],
        "user": ["ls"], "token": ["ls"], "log": [], "idle": ["--after", "0"], "status": [], "daemon": ["reload"], "usage": [],
        "edit": [TURN, "text"], "backup": ["-"], "import": None}
HERE = {"chat", "upload", "login", "logout", "passwd", "config", "doctor", "completion", "bridge", "mcp", "help", "version", "import"}
STARTS = {"ask", "attach", "retry", "chat", "edit"}


def verbs(t):
    found = re.findall(r"^  ([a-z]+)", t.run("help").text, re.M)
    unknown = set(found) - set(ASKS) - HERE
    check(not unknown, "tests/system/test_codes.py: ASKS has no row for", unknown)
    return [verb for verb in found if ASKS.get(verb) is not None]


def ways(t, verb):
    """Its modes; --jsonl of docs and config belongs to one of their own verbs."""
    said = t.run(verb, "--help").text
    return [[]] + [[way] for way in ("--json", "--jsonl") if re.search(rf"{way}\b", said) and (way, verb) != ("--jsonl", "docs")]


def errors():
    """One error for each status that the wire can cause, and its number."""
    with open(os.path.join(ROOT, "proto", "errors.def"), encoding="utf-8") as f:
        rows = re.findall(r'^ERROR\((\d+), \w+, "(\w+)", (\d+),', f.read(), re.M)
    by_status = {}
    for number, name, status in rows:
        if name not in ("shutting_down", "unauthenticated", "unknown_method", "gone", "unsupported_version"):
            by_status.setdefault(int(status), (int(number), name))
    return by_status


def fake(t):
    made = FakeDaemon(os.path.join(t.h.dir, "run", "fake"))
    t.h.env["RAGCHAT_SOCKET"] = made.path
    t.closers.append(made.close)
    return made


def answers_all(made, handler):
    """This to every request but hello."""
    def handle(call):
        if call.method == "hello":
            call.reply(protocol=1, server="fake", version="0", level=9, instance="first", caps=[], limits={}, account="me", role="admin")
        else:
            handler(call)
    made.handle = handle


@deadline(120)
def test_an_error_of_the_daemon_has_its_status_in_every_verb_and_mode(t):
    made, table = fake(t), errors()
    equal(sorted(table), [1, 2, 3, 65, 69, 75, 76, 77, 78, 130], "statuses")
    for status, (number, name) in sorted(table.items()):
        answers_all(made, lambda call, number=number, name=name: call.send([1, call.number, dict(code=number, name=name, message="because"), None]))
        for verb in verbs(t):
            for way in ways(t, verb):
                result = t.run(verb, *way, *ASKS[verb], code=None)
                equal(result.code, status, f"{name}: status of {verb} {way}: {result}")
                check(not result.out or way and verb in STARTS | {"rm"}, f"{verb} {way} printed something:", result)
                check(result.err.startswith(("daemon: ", "backend: ")) and "because" in result.err, verb, "does not say who failed:", result)


def test_a_daemon_that_is_none_is_76_and_none_at_all_69(t):
    for verb in verbs(t):
        for way in ways(t, verb):
            if verb != "daemon":
                equal(t.run("--no-autostart", verb, *way, *ASKS[verb], code=None).code, 69, f"status of {verb} {way} without a daemon")
    made = fake(t)
    made.handle = lambda call: call.raw(b"HTTP/1.1 400\r\n\r\n")
    for verb in verbs(t):
        equal(t.run(verb, *ASKS[verb], code=None).code, 76, f"status of {verb} at a web server")


def test_words_that_make_no_sense_are_2(t):
    for verb in re.findall(r"^  ([a-z]+)", t.run("help").text, re.M):
        result = t.run("--no-autostart", verb, "--no-such-option", code=None)
        equal(result.code, 2, f"status of {verb} with an unknown option: {result}")
        check(result.err.startswith("ragchat: ") and not result.out, verb, result)
    for words in (["no-such-verb-at-all-x"],):
        code, _ = t.terminal(*words)
        equal(code, 2, "a word that is no verb")


def test_signals_and_time_have_their_status_in_every_verb(t):
    made = fake(t)
    seen = []
    answers_all(made, lambda call: seen.append(call.method))
    for verb in verbs(t):
        for number, status in ((signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)):
            if verb in STARTS and number == signal.SIGINT:
                continue  # cancels: test_signals has that
            seen.clear()
            client = t.start(verb, *ASKS[verb])
            eventually(lambda: seen, f"the request of {verb}")
            client.signal(number)
            equal(client.end().code, status, f"status of {verb} after signal {number}")
    equal(t.run("wait", "--timeout", "0.1", TURN, code=None).code, 124, "wait --timeout")


def test_an_output_that_cannot_be_written_is_73_and_a_closed_pipe_141(t):
    t.serve(echo, config="retrieval = local\n")
    t.run("upload", t.h.path("a.md", "# A\n\nwords of a document\n"))
    turn = t.run("ask", "-q", "--json", "-t", "a", "q").json["turn"]
    reading = {"ask": ["q"], "attach": [turn], "retry": [turn], "wait": ["--json", turn], "ls": [], "show": [turn], "last": [],
               "search": ["--docs", "words"], "sources": ["--json", turn], "docs": [], "models": [], "whoami": [], "log": [],
               "idle": ["--after", "0"], "status": [], "export": ["-o", "-", "--format", "md", turn], "help": [], "version": [],
               "config": ["list", "--all"], "completion": ["bash"], "ps": ["--json"]}
    for verb, args in reading.items():
        with open("/dev/full", "wb") as full:
            result = t.run(verb, *args, stdout=full, code=None)
        equal(result.code, 73, f"status of {verb} with a full disk: {result.err}")
        check("cannot write" in result.err, verb, "does not say it:", result.err)
        ours, theirs = os.pipe()
        os.close(ours)
        result = t.run(verb, *args, stdout=theirs, code=None)
        os.close(theirs)
        check(result.code == 141 and "cannot write" not in result.err, f"{verb} into a closed pipe:", result)
    for verb in ("ask", "ls"):
        with open("/dev/full", "wb") as full:
            equal(t.run(verb, "--help", stdout=full, code=None).code, 73, f"{verb} --help with a full disk")


def test_what_cannot_be_read_is_66_and_what_is_no_text_65(t):
    t.serve(echo)
    missing, binary = os.path.join(t.h.dir, "not-there"), t.h.path("binary", b"\x00\xff\x00\xfe")
    for way in ([], ["--json"], ["--jsonl"]):
        equal(t.run("ask", *way, "-f", missing, "q", code=None).code, 66, "ask -f")
        equal(t.run("ask", *way, "-f", binary, "q", code=None).code, 65, "ask -f of a binary file")
        equal(t.run("upload", *way, missing, code=None).code, 66, "upload")
    equal(t.run("ask", "-s", "@" + missing, "q", code=None).code, 66, "ask -s @FILE")
    equal(t.run("ask", stdin=b"\xff\xfe", code=None).code, 65, "stdin that is no text")
    equal(t.run("ask", "-o", "/nowhere/at/all", "q", code=None).code, 73, "ask -o")
    equal(t.run("config", "set", "context", "lots", code=None).code, 78, "config set")


def test_each_help_is_one_screen_with_an_example(t):
    for verb in re.findall(r"^  ([a-z]+)", t.run("help").text, re.M):
        text = t.run(verb, "--help").text
        lines = text.splitlines()
        check(text.startswith(f"usage: ragchat {verb}") or verb == "ask", f"{verb}: {lines[0]}")
        check(len(lines) <= 24, f"{verb} --help has {len(lines)} lines")
        wide = [line for line in lines if len(line) > 80]
        check(not wide, f"{verb} --help is wider than 80:", wide)
        check("\nexample" in text, f"{verb} --help has no example")
        equal(t.run("help", verb).text, text, f"help {verb}")
    check(len(t.run("help").text.splitlines()) <= 52, "the list of verbs is longer than a screen and a half")


def test_man_pages_are_clean(t):
    pages = [os.path.join(ROOT, *path) for path in (("client", "ragchat.1"), ("daemon", "ragchatd.8"), ("etc", "ragchat.conf.5"))]
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", *pages], capture_output=True, text=True, check=False)
    equal((done.returncode, done.stdout), (0, ""), "mandoc -Tlint")
