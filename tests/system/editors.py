"""A real editor without a terminal that runs a script and leaves what it found as JSON; and texts for all of them."""
import json
import os
import shutil
import signal
import subprocess
import threading

from cutter import Cutter
from fake_daemon import TURN, FakeDaemon
from harness import check, contains, eventually, equal
from machine import GROUP, machine
from scripts import holds, in_turn, question, says

CONTRIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "contrib")

LONG = "".join(f"word{i} " + ("\n" if i % 12 == 0 else "") + ("日本語 🙂 " if i % 7 == 0 else "") for i in range(10000))

# Escape sequences, mode lines, expressions, folds and links: text, all of it.
HOSTILE = ("\x1b]52;c;aGk=\x07\x1b[31mred vim: set ft=lua modelines=5 | !touch /tmp/x:\n"
           "%{system('touch owned')} {{{1\n[x](file:///etc/passwd)\n# vim: fdm=expr fde=system('touch\\ owned') :\n")


# What an editor may be tempted to change: ends of lines, blanks, tabs, wide, joined and invisible characters, escapes.
TRICKY = ("tab\there \t\n  leading, trailing   \n\n\n\r\ncarriage\rreturns\r\n" "e\u0301 n\u0303 \u1100\u1161\u11a8 "
          "\U0001f468\u200d\U0001f469\u200d\U0001f467 \ufe0f\u200b\ufeff \u65e5\u672c\u8a9e \u0627\u0644\u0639\u0631 \u202e x\u00a0y\u2028\u2029\x0b\x0c\x7f\x85\u0091 "
          "\ufffd \uffff \U0010ffff \ud7ff\ue000 \\n \\ % %d %{} `a` $(b) \x1b[0m\x08\n\n   ")


class Editor:
    """`text` goes into a file of that suffix; argv(path, contrib) runs it. The script finds the name of its result in
    $EDITOR_OUT. user: another one, see Guest."""

    def __init__(self, t, program, suffix, text, argv, env=None, user=None):
        if not shutil.which(program):
            t.skip(f"{program} is not installed")
        folder = user.home if user else t.dir
        self.out = os.path.join(folder, f"editor{len(os.listdir(folder))}")
        path = self.out + suffix
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        env = dict(t.h.env, EDITOR_OUT=self.out, TERM="dumb", PATH=t.bin + ":" + os.environ["PATH"], **(env or {}))
        argv = argv(path, user.contrib if user else CONTRIB)
        if user:
            argv, env = user.prefix + argv, dict(env, **user.env)
        self.process = subprocess.Popen(argv, env=env, cwd=user.home if user else t.h.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        t.closers.append(self.kill)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def sign(self, name):
        """Tell the script that it may go on."""
        open(f"{self.out}.{name}", "w", encoding="utf-8").close()

    def until(self, name):
        """Wait for the script's own sign, or for its end."""
        eventually(lambda: os.path.exists(f"{self.out}.{name}") or self.process.poll() is not None, name, 15)

    def end(self):
        printed = self.process.communicate(timeout=90)[0].decode("utf-8", "replace")
        check(os.path.exists(self.out), "the editor left no result:", printed)
        with open(self.out, encoding="utf-8") as f:
            result = json.load(f)
        check("error" not in result and "late" not in result, result, printed)
        return result


# Stories that all of them tell; `run(t, script, env)` starts the editor, the scripts are in its own language and leave
# `text`, `state`, `note` and `turn`.

def streams_much(t, run, script):
    t.serve(says(LONG, step=8))
    got = run(t, script).end()
    equal((got["text"], got["state"]), (LONG, "done"), "the buffer")
    equal(t.run("last").out.decode(), LONG + ("" if LONG.endswith("\n") else "\n"), "the stored answer")
    return got


def stops_and_asks_again(t, run, script):
    """The script signs `stopped`, waits for `go`, and leaves what came then in `again`."""
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release, "the first half, ", "and more"))
    editor = run(t, script)
    editor.until("stopped")
    release.set()
    editor.sign("go")
    got = editor.end()
    equal((got["text"], got["state"], got["again"]), ("the first half, ", "cancelled", "the first half, and more"), "the answers")
    contains(got["note"], "stopped")
    equal([turn["state"] for turn in t.run("show", "last", "--json").json["turns"]], ["cancelled", "done"], "both are stored")
    return got


def goes_on_after_cuts(t, run, script):
    """The connection breaks twice in ten thousand tokens, once in the middle of a character."""
    def in_parts(request, out):
        # Each connection brings whole pieces before it breaks, however much there is at once for one that comes late.
        says(LONG[:10000], step=8, ends=False)(request, out)
        eventually(lambda: cutter.passed and cutter.passed[0] >= 10000, "a part by the first connection")
        says(LONG[10000:40000], step=8, ends=False)(request, out)
        eventually(lambda: len(cutter.passed) > 1 and cutter.passed[1] >= 8000, "a part by the second")
        says(LONG[40000:], step=8)(request, out)
    t.serve(in_parts)
    cutter = Cutter(t, t.h.socket, 30011, 60000)
    got = run(t, script, {"RAGCHAT_SOCKET": cutter.path}).end()
    equal((got["text"], got["state"], cutter.cuts), (LONG, "done", 2), "the buffer")
    offs = [params.get("off", 0) for params in cutter.asked("attach")]
    check(offs == sorted(offs) and len(offs) == 3 and offs[1] > 0 and offs[2] > offs[1], "it began anew:", offs)
    equal(len(cutter.asked("ask")), 1, "times asked")


def bridges(of):
    """The bridges that the process `of` started."""
    with open(f"/proc/{of}/task/{of}/children", encoding="utf-8") as file:
        return [int(pid) for pid in file.read().split()]


def goes_on_with_another_bridge(t, run, script):
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release, TRICKY, TRICKY))
    cutter = Cutter(t, t.h.socket)
    editor = run(t, script, {"RAGCHAT_SOCKET": cutter.path})
    eventually(lambda: cutter.asked("attach"), "the question")
    eventually(lambda: t.rpc().call("turn.get", turn="last")["turn"]["length"] == len(TRICKY.encode()), "the first half")
    first = bridges(editor.process.pid)
    os.kill(first[0], signal.SIGKILL)
    eventually(lambda: len(cutter.asked("attach")) == 2, "another attach")
    check(bridges(editor.process.pid) != first, "the same bridge")
    release.set()
    got = editor.end()
    equal((got["text"], got["state"], len(cutter.asked("ask"))), (TRICKY + TRICKY, "done", 1), "the buffer")


def is_interrupted_and_asked_again(t, run, script):
    """The daemon is killed in mid-answer; what it stored is what the buffer has, and retry works."""
    release = threading.Event()
    t.closers.append(release.set)
    _, daemon = t.serve(in_turn(holds(release, "the first half, ", "never"), says(TRICKY)))
    editor = run(t, script)
    editor.until("half")
    rpc = t.rpc()
    eventually(lambda: rpc.call("status")["turns"].get("oldest_unsaved_ms", 0) == 0, "the checkpoint")
    daemon.kill()
    release.set()
    daemon.start()
    got = editor.end()
    equal(got["state"], "interrupted", "state")
    contains(got["note"], "interrupted", "etry")
    equal(t.rpc().call("turn.get", turn=got["turn"])["turn"]["text"], got["text"], "the buffer is what is stored")
    equal((got["again"], got["again_state"]), (TRICKY, "done"), "asked again")
    stored = t.rpc().call("message.list", thread="last")["turns"]
    equal([turn["state"] for turn in stored], ["interrupted", "done"], "the states stored")
    equal(stored[-1]["text"], got["again"], "the buffer, byte for byte")


def joins_an_answer_begun_elsewhere(t, run, script):
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release, TRICKY, TRICKY))
    t.run("ask", "-d", "hello")
    editor = run(t, script)
    editor.until("half")
    release.set()
    got = editor.end()
    equal((got["text"], got["state"]), (TRICKY + TRICKY, "done"), "joined")


def talks_about_a_file(t, run, script):
    """Uploads home/notes.md, asks about it in a conversation, shows `sources`, exports out.pdf, picks the conversation from
    a list (its line is `item`, what it shows `talk`), and joins the answer (`attached`)."""
    t.daemon()
    t.h.path("notes.md", "# Rivers\n\nThe Elbe rises in the Giant Mountains and flows into the North Sea.\n")
    got = run(t, script).end()
    contains(got["sources"], "[1] notes.md", "Elbe")
    contains(got["item"], "where does the Elbe")
    contains(got["talk"], "> where does the Elbe flow into the sea\n\n", got["attached"])
    with open(os.path.join(t.h.dir, "out.pdf"), "rb") as f:
        equal(f.read(5), b"%PDF-", "the export")
    return got


class Guest:
    """A user of a machine's daemon that wants passwords, with a home and the plugins where he can read them."""

    def __init__(self, m, uid, group):
        self.home, self.contrib = os.path.join(m.dir, "guest"), os.path.join(m.dir, "contrib")
        os.mkdir(self.home, 0o700)
        os.chown(self.home, uid, uid)
        shutil.copytree(CONTRIB, self.contrib)
        subprocess.run(["chmod", "-R", "a+rX", self.contrib], check=True)
        self.prefix = ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--groups", str(group)]
        self.env = {"HOME": self.home, "TMPDIR": self.home, "RAGCHAT_SOCKET": m.socket, "PATH": m.bin + ":" + os.environ["PATH"],
                    **{"XDG_" + name: os.path.join(self.home, name) for name in
                       ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "CACHE_HOME", "RUNTIME_DIR")}}


def logs_in(t, run, script, later):
    """Refused, then logged in with a password, once wrongly, and asked by `later`; another editor finds the token."""
    m = machine(t)
    m.root.call("account.add", name="ann", password="right horse")
    guest = Guest(m, 12345, GROUP)
    got = run(t, script + later, None, guest).end()
    contains(got["refused"], "RagChatLogin" if "login" not in got["refused"] else "login")
    contains(got["wrong"], "ragchat")
    equal((got["text"], got["state"]), ("answer to hello", "done"), "after the log-in")
    folder = os.path.join(guest.home, "STATE_HOME", "ragchat")
    kept, = os.listdir(folder)
    equal((os.stat(os.path.join(folder, kept)).st_mode & 0o777, os.stat(folder).st_mode & 0o777), (0o600, 0o700), "the token's mode")
    equal(run(t, later, None, guest).end()["text"], "answer to hello", "by the token")


def listening(t):
    """A scripted daemon where the user's own would listen."""
    os.makedirs(os.path.dirname(t.h.socket), 0o700, exist_ok=True)
    made = FakeDaemon(t.h.socket)
    t.closers.append(made.close)
    return made


def takes_no_nonsense(t, run, script):
    """Notes of every wrong kind, among them an answer: the editor lives, runs nothing, and has the answer."""
    fake = listening(t)
    odd = [None, True, -1, 2 ** 53 - 1, 1.5, "", "x" * 1000, [], {}, [[[]]], {"a": {"b": [1]}}, "\u202e\x1b]0;x\x07"]

    def nonsense(call):
        for value in odd:
            for key in ("kind", "off", "text", "ev", "message", "turn", "state", "length"):
                for kind in ("delta", "reasoning", "status", "error", "notice", "usage", "citation", "no such"):
                    if (kind, key) != ("delta", "off") and not (kind == "delta" and key in ("ev", "message", "state", "length")):
                        note = {"turn": TURN, "kind": kind, "off": 10 ** 6, "text": "no", "ev": 0, key: value}
                        if not (note["kind"] == "delta" and note["turn"] == TURN and note["off"] == 0):
                            call.send([2, "stream", [note]])
            call.send([2, "stream", [value]]).send([2, "stream", value if isinstance(value, list) else []])
            call.send([2, "no such", [value]])
        for method in ("ex", "call", "expr", "redraw", "nvim_command", "nvim_exec_lua", "window/showMessage", "$/cancelRequest"):
            call.send([2, method, ["silent !touch owned", ["silent !touch owned"]]])
            call.send([2, method, [{"message": "x", "id": 1}]])

    def attach(call):
        call.reply(turn=call.params["turn"], thread="t", state="streaming", off=0, ev=0, roff=0, length=0, live=True)
        nonsense(call)
        call.delta("a fine ")
        nonsense(call)
        call.delta("answer").done()
    fake.on["ask"] = lambda call: call.accept()
    fake.on["attach"] = attach
    got = run(t, script).end()
    equal((got["text"], got["state"]), ("a fine answer", "done"), "the buffer")
    for folder in (t.h.dir, os.path.join(t.h.dir, "home")):
        check(not os.path.exists(os.path.join(folder, "owned")), "something was run")


def two_at_once(t, run, script):
    """Two answers stream together, each into its own buffer; the script leaves `one` and `two`."""
    t.serve(lambda request, out: says(question(request) * 3000, step=7)(request, out))
    got = run(t, script).end()
    equal((got["one"], got["two"]), ("first " * 3000, "second " * 3000), "the buffers")
