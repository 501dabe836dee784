"""contrib/recipes: the scripts that people copy, each with real programs."""
import os
import re
import shutil
import subprocess
import threading

from harness import check, contains, deadline, equal, eventually
from scripts import echo, holds, question, says

FOLDER = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "contrib", "recipes"))
NAMES = ("commit-message", "review", "triage", "nightly-digest", "tmux-status", "threads")


def env_of(t, **more):
    return dict(t.h.env, RAGCHAT=t.program("ragchat"), PATH=t.bin + ":" + t.h.env["PATH"], **more)


def recipe(t, name, *args, stdin=None, cwd=None, code=0, env=None):
    done = subprocess.run([os.path.join(FOLDER, name), *args], env=env or env_of(t), input=stdin, cwd=cwd or t.dir, capture_output=True,
                          text=True, timeout=90, stdin=None if stdin is not None else subprocess.DEVNULL, check=False)
    equal(done.returncode, code, f"status of {name} ({done.stdout} {done.stderr})")
    return done


def repository(t):
    folder = os.path.join(t.dir, "repository")
    os.makedirs(folder)

    def git(*args):
        return subprocess.run(["git", "-c", "user.name=Tester", "-c", "user.email=t@example.org", *args], cwd=folder, env=env_of(t),
                              capture_output=True, text=True, check=True).stdout
    git("init", "-q")
    with open(os.path.join(folder, "a.txt"), "w", encoding="utf-8") as file:
        file.write("one\n")
    git("add", "a.txt")
    return folder, git


def test_they_are_plain_and_named(t):
    with open(os.path.join(FOLDER, "README.md"), encoding="utf-8") as file:
        text = file.read()
    for name in NAMES:
        contains(text, f"`{name}`")
        subprocess.run(["sh", "-n", os.path.join(FOLDER, name)], check=True)
    equal(sorted(set(os.listdir(FOLDER)) - {"README.md", "first-hour.md"}), sorted(NAMES), "recipes")
    if shutil.which("shellcheck"):
        done = subprocess.run(["shellcheck", *(os.path.join(FOLDER, name) for name in NAMES)], capture_output=True, text=True, check=False)
        equal(done.returncode, 0, done.stdout)


def test_the_first_hour_is_as_it_is_written(t):
    with open(os.path.join(FOLDER, "first-hour.md"), encoding="utf-8") as file:
        blocks = re.findall(r"^```sh\n(.*?)^```", file.read(), re.M | re.S)
    check(len(blocks) >= 6, "blocks:", blocks)
    backend = t.backend(echo)
    script = "set -e -o pipefail\n" + "".join(blocks).replace("http://localhost:8080", backend.url)
    env = env_of(t, HOME=os.path.join(t.h.dir, "home"))
    env.pop("RAGCHAT")
    try:
        done = subprocess.run(["bash", "-c", script], cwd=os.path.dirname(os.path.dirname(t.bin)), env=env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=90, check=False)
    finally:
        subprocess.run([t.program("ragchat"), "--no-autostart", "daemon", "stop"], env=env, capture_output=True, timeout=90, check=False)
    equal(done.returncode, 0, f"status: {done.stdout} {done.stderr}")
    contains(done.stdout, "added boiler.txt: 1 passage", "boiler.txt:1", "scripted", "status 3", "in one line: who services the boiler?", "who services the roof?")
    check("The boiler is serviced" in question(backend.chats[0]), "no passages in", question(backend.chats[0]))
    with open(os.path.join(env["HOME"], "papers", "boiler.pdf"), "rb") as file:
        equal(file.read(5), b"%PDF-", "the document")


def test_commit_message(t):
    if not shutil.which("git"):
        t.skip("git is not installed")
    backend, _ = t.serve(says("Add a.txt\n\nIt holds the first line."))
    folder, git = repository(t)
    equal(recipe(t, "commit-message", cwd=folder).stdout, "Add a.txt\n\nIt holds the first line.\n", "message")
    contains(question(backend.chats[0]), "Write the commit message", "+one", "a.txt")
    recipe(t, "commit-message", "-c", cwd=folder, env=env_of(t, GIT_EDITOR="true", GIT_AUTHOR_NAME="T", GIT_AUTHOR_EMAIL="t@example.org",
                                                             GIT_COMMITTER_NAME="T", GIT_COMMITTER_EMAIL="t@example.org"))
    equal(git("log", "--format=%B").strip(), "Add a.txt\n\nIt holds the first line.", "the commit")
    contains(recipe(t, "commit-message", cwd=folder, code=1).stderr, "nothing is staged")
    equal(t.run("ls").out, b"", "conversations kept")


def test_review(t):
    answers = ["a.c:3: the length is not checked\n\nVERDICT: MEND\n", "VERDICT: FINE", "I cannot say."]
    backend, _ = t.serve(lambda request, out: (out.delta(answers[len(backend.chats) - 1]), out.finish()))
    contains(recipe(t, "review", stdin="+ memcpy(a, b, n);\n", code=1).stdout, "length is not checked")
    contains(question(backend.chats[0]), "memcpy")
    equal(recipe(t, "review", "-q", stdin="+ x\n").stdout, "", "output of -q")
    recipe(t, "review", stdin="+ x\n", code=1)  # no verdict is none
    contains(recipe(t, "review", stdin="").stderr, "empty")


def test_triage(t):
    backend, _ = t.serve(says("The disk is full: now."))
    log = "".join(f"Nov 28 05:{minute:02d}:00 host kernel: [{1000 + minute}.1] sda1: disk full, block {777000 + minute}\n" for minute in range(50))
    log += "2026-11-28T05:00:01.5+01:00 host sshd[4711]: refused 0xdeadbeef\n"
    contains(recipe(t, "triage", stdin=log).stdout, "The disk is full")
    asked = question(backend.chats[0])
    contains(asked, "50 host kernel:", "1 host sshd[N]: refused 0xN")
    counted = recipe(t, "triage", "-n", t.h.path("app.log", log)).stdout.split("\n")
    equal(len([line for line in counted if line]), 2, "lines")
    equal(len(backend.chats), 1, "questions")
    contains(recipe(t, "triage", stdin="").stderr, "empty")


@deadline(60)
def test_nightly_digest(t):
    t.serve(says("Margins rose.\n"))
    mailer, got = t.h.path("mailer", f'#!/bin/sh\n{{ printf "%s\\n" "$1" "$3"; head -c 5 "$2"; echo; cat; }} > "{t.dir}/mail"\n'), os.path.join(t.dir, "mail")
    os.chmod(mailer, 0o755)
    recipe(t, "nightly-digest", "me@example.org", "What is new?", env=env_of(t, RAGCHAT_MAIL=mailer))
    with open(got, encoding="utf-8") as file:
        lines = file.read()
    contains(lines, "Digest of 20", "me@example.org\n%PDF-", "Margins rose.", "What is new?")
    recipe(t, "nightly-digest", "me@example.org", env=env_of(t, RAGCHAT_MAIL=mailer))
    equal([thread["name"] for thread in t.rpc().call("thread.list")["threads"]], ["digest"], "conversations")
    os.unlink(got)
    recipe(t, "nightly-digest", "me@example.org", code=69, env=env_of(t, RAGCHAT_MAIL=mailer, RAGCHAT_SOCKET="/nowhere"))
    check(not os.path.exists(got), "a mail was sent all the same")


def test_threads(t):
    t.serve(lambda request, out: (out.delta("to " + question(request)), out.finish()))
    contains(recipe(t, "threads", code=1).stderr, "no conversation yet")
    for name in ("one", "two"):
        t.run("ask", "--title", name, "question " + name)
    env = env_of(t, THREADS_MENU="1")
    contains(recipe(t, "threads", stdin="2\n", env=env).stdout, "question one", "to question one")
    number = recipe(t, "threads", "-p", stdin="1\n", env=env).stdout.strip()
    contains(t.run("show", number).text, "question two")
    for bad in ("", "x\n", "7\n"):
        recipe(t, "threads", stdin=bad, env=env, code=1)
    # With fzf, which here is a script that takes the last row it is given.
    tools = os.path.join(t.dir, "tools")
    os.makedirs(tools)
    with open(os.path.join(tools, "fzf"), "w", encoding="ascii") as file:
        file.write("#!/bin/sh\nexec tail -n 1\n")
    os.chmod(os.path.join(tools, "fzf"), 0o755)
    env = env_of(t)
    contains(recipe(t, "threads", env=dict(env, PATH=tools + ":" + env["PATH"])).stdout, "question one")


def test_tmux_status(t):
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release))
    process = subprocess.Popen([os.path.join(FOLDER, "tmux-status")], env=env_of(t), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               stdin=subprocess.DEVNULL, text=True, start_new_session=True)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")), daemon=True)
    reader.start()
    t.closers.append(lambda: (os.killpg(process.pid, 9), process.wait()))
    eventually(lambda: lines, "the first line")
    equal(lines[0], "\n", "while nothing runs")
    turn = t.run("ask", "-d", "--title", "a #[fg=red]name that is much longer than thirty characters", "hello").text.strip()
    eventually(lambda: "1 running\n" in lines, "a line that something runs")
    release.set()
    t.run("wait", turn)
    eventually(lambda: lines[-1].startswith("done: "), "a line that it is done")
    equal(lines[-1], "done: a ##[fg=red]name that is much l\n", "the last line")
