"""Exports: documents made by a helper behind a sandbox, whole or not at all, whatever the helper does."""
import os
import shutil
import subprocess
import threading

from harness import check, contains, deadline, equal, eventually
from scripts import echo, holds, question, says


def fake_helper(t):
    return os.path.join(os.path.dirname(t.bin), "tests", "fake_helper")


def serve_fake(t, config="", script=echo):
    return t.serve(script, config=f"pdf_helper = {fake_helper(t)}\n{config}")


def real(t):
    if not os.access(t.program("ragchatd-pdf"), os.X_OK):
        t.skip("ragchatd-pdf is not built")


def home(t, name):
    return os.path.join(t.h.dir, "home", name)


def text_of(path):
    made = subprocess.run(["pdftotext", "-raw", path, "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    equal(made.stderr, b"", "pdftotext's stderr")
    return made.stdout.decode()


def test_an_export_is_a_file_that_is_named_and_none_is_overwritten(t):
    serve_fake(t)
    t.run("ask", "-t", "work", "first")
    equal([t.run("export").text for _ in range(2)], ["response.pdf\n", "response-2.pdf\n"], "names")
    with open(home(t, "response.pdf"), "rb") as f:
        whole = f.read()
    check(whole.startswith(b"%PDF-") and whole.endswith(b"%%EOF\n"), "the document", whole)
    equal(t.run("export", "-o", "-", "--format", "pdf").out, whole, "through a pipe")
    t.run("export", "--thread", "-o", "all.pdf", "work")
    check(os.path.getsize(home(t, "all.pdf")) > 0, "the conversation")
    equal(sorted(os.listdir(home(t, "."))), ["all.pdf", "response-2.pdf", "response.pdf"], "nothing else is left")
    t.run("export", "-o", "x.exe", code=2)
    t.run("export", "--paper", "a5", code=2)
    contains(t.run("export", "nobody", code=3).err, "nobody")
    contains(t.run("export", "--format", "md", "-o", "-").text, "## Question", "first")


def test_a_pdf_is_not_written_to_a_terminal(t):
    serve_fake(t)
    t.run("ask", "first")
    status, out = t.terminal("export", "-o", "-")
    equal(status, 2, "status")
    check(b"nothing for a terminal" in out and b"%PDF" not in out, out)


@deadline(60)
def test_a_helper_that_misbehaves_costs_its_export_words_and_no_stream_a_byte(t):
    go = threading.Event()
    hold = holds(go)

    def script(request, out):
        (hold if "stream" in question(request) else echo)(request, out)
    backend, daemon = serve_fake(t, script=script)
    stream = t.start("ask", "-t", "other", "stream")
    stream.wait_out(b"first half, ")
    ends = {"FLOOD": (65, "wrote more than 48 MiB"), "HALF": (1, "half a document"),
            "WHOLE-BUT-FAILED": (1, "exit status 9"), "CHATTER": (1, "exit status 9"), "REFUSE": (65, "a table of 9 cells is too large")}
    if not t.sanitizer:
        ends.update(ALLOC=(65, "ran out of memory"), OPEN=(1, "its sandbox forbids"), CRASH=(1, "SIGSEGV"))
    for word, (status, words) in ends.items():
        t.run("ask", "-t", word.lower(), f"please {word}")
        result = t.run("export", "-o", "bad.pdf", code=status)
        contains(result.err, "daemon:", words)
    equal(os.listdir(home(t, ".")), [], "files")
    t.run("ask", "-t", "good", "please")
    t.run("export", "-o", "good.pdf")
    daemon.reload(f"backend = {backend.url}\npdf_helper = {fake_helper(t)}\npdf_timeout = 500ms\n")
    eventually(lambda: "loaded again" in daemon.log(), "the reload")
    t.run("ask", "-t", "loop", "please LOOP")
    contains(t.run("export", "-o", "bad.pdf", code=1).err, "daemon:", "not done after 0.5 s")
    equal(os.listdir(home(t, ".")), ["good.pdf"], "files")
    go.set()
    equal(stream.end().expect().text, "first half, second half\n", "the stream")


@deadline(60)
def test_two_run_some_wait_and_one_more_is_told_to_come_later(t):
    _, daemon = serve_fake(t, "pdf_running = 1\npdf_waiting = 1\npdf_timeout = 2s\n")
    t.run("ask", "-t", "work", "please LOOP")
    rpc = t.rpc()
    first = rpc.send("export", turn="last")
    second = rpc.send("export", turn="last")
    error = rpc.fails("busy", "export", turn="last")
    check("try again later" in str(error), error)
    for number in (first, second):
        try:
            rpc.reply(number, timeout=20)
            check(False, "a looping renderer gave a document")
        except Exception as e:
            contains(str(e), "not done after 2 s")
    daemon.stop()


def test_a_daemon_that_stops_leaves_no_helper_behind(t):
    _, daemon = serve_fake(t)
    t.run("ask", "-t", "work", "please LOOP")
    client = t.start("export", "-o", "never.pdf")
    eventually(lambda: helpers(daemon.pid), "the helper")
    left = helpers(daemon.pid)
    daemon.stop()
    client.signal(15)
    check(client.end().code != 0, "the export succeeded")
    check(not any(os.path.exists(f"/proc/{pid}") for pid in left), "helpers live on")
    check(not os.path.exists(home(t, "never.pdf")), "there is half a file")


def helpers(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(one) for one in f.read().split()]


def test_a_killed_daemon_takes_its_helper_along(t):
    _, daemon = serve_fake(t)
    t.run("ask", "-t", "work", "please LOOP")
    client = t.start("export", "-o", "never.pdf")
    eventually(lambda: helpers(daemon.pid), "the helper")
    left = helpers(daemon.pid)
    daemon.kill()
    eventually(lambda: not any(running(pid) for pid in left), "the helper's end")
    client.signal(15)
    client.end()


def running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_full_disk_is_said_and_leaves_no_half_file(t):
    serve_fake(t)
    t.run("ask", "first")
    small = home(t, "small")
    os.mkdir(small)
    spaces = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-U", "-r", "-m"]
    script = ('mount -t tmpfs -o size=8k none "$1" && cd "$1" && { cat /dev/zero > filler 2>/dev/null; '
              '"$2" export -o full.pdf; echo "status $?"; "$2" export; echo "status $?"; ls; }')
    made = subprocess.run(spaces + ["sh", "-c", script, "sh", small, t.program("ragchat")], env=t.h.env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=90, check=False)
    if b"status" not in made.stdout:
        t.skip("no mount namespace here")
    equal(made.stdout.decode().split("\n"), ["status 73", "status 73", "filler", ""], made.stderr.decode())
    contains(made.stderr.decode(), "No space left on device")


def test_a_renderer_that_is_not_installed_is_named(t):
    t.serve(echo, config="pdf_helper = /nonexistent/ragchatd-pdf\n")
    t.run("ask", "first")
    contains(t.run("export", code=78).err, "daemon: the renderer is not installed: no /nonexistent/ragchatd-pdf")
    contains(t.run("export", "--format", "txt", "-o", "-").text, "first")


# ---- the real one ----

MANY = "# Title\n\nПривет, 你好, مرحبا, \N{GRINNING FACE}\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n```\ncode\n```\n"


def test_an_answer_becomes_a_document_and_the_status_names_the_sandbox(t):
    real(t)
    t.serve(says(MANY))
    t.run("ask", "what is it?")
    t.run("export", "-o", "a.pdf")
    text = text_of(home(t, "a.pdf"))
    contains(text, "what is it?", "Title", "Привет", "你好", "code")
    t.run("export", "--paper", "letter", "-o", "b.pdf")
    contains(subprocess.run(["pdfinfo", home(t, "b.pdf")], stdout=subprocess.PIPE, check=True).stdout.decode(), "612 x 792")
    level = t.run("status", "--json").json["renderer"]["sandbox"]
    contains(level, "none (sanitizer build)" if t.sanitizer else "seccomp, rlimits, no_new_privs")


def test_an_answer_that_is_running_is_exported_as_far_as_it_is(t):
    real(t)
    go = threading.Event()
    t.serve(holds(go, before="so far so good, "))
    stream = t.start("ask", "how far?")
    stream.wait_out(b"so far so good, ")
    t.run("export", "-o", "part.pdf")
    text = text_of(home(t, "part.pdf"))
    contains(text, "so far so good", "still being written")
    check("second half" not in text, text)
    go.set()
    stream.end().expect()
    t.run("export", "-o", "whole.pdf")
    contains(text_of(home(t, "whole.pdf")), "second half")


@deadline(90)
def test_a_conversation_of_200_turns_is_one_document(t):
    real(t)
    t.serve(echo)
    rpc = t.rpc()
    for i in range(200):
        rpc.finish(rpc.ask(f"question number {i}", thread="long", create=True)[1])
    t.run("export", "--thread", "-o", "long.pdf", "long")
    text = text_of(home(t, "long.pdf"))
    for i in (0, 99, 199):
        contains(text, f"question number {i}", f"answer to question number {i}")
    check(shutil.which("qpdf") is None or subprocess.run(["qpdf", "--check", home(t, "long.pdf")], stdout=subprocess.DEVNULL, check=False).returncode == 0,
          "qpdf is not content")


def test_the_self_test_of_the_renderer_denies_every_probe(t):
    real(t)
    made = subprocess.run([t.program("ragchatd-pdf"), "--sandbox-selftest"], env=t.h.env, stdout=subprocess.PIPE, timeout=90, check=False)
    equal(made.returncode, 77 if t.sanitizer else 0, made.stdout.decode())
