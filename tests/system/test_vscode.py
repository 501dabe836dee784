"""The VS Code extension under Node, with a stand-in for VS Code and a real daemon."""
import json
import os
import shutil
import subprocess
import threading
import time

from editors import LONG, TRICKY
from harness import check, contains, equal, eventually
from scripts import question

STAND_IN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "vscode_stand_in.js")


def test_ask_with_selection_stop_and_threads(t):
    if not shutil.which("node"):
        t.skip("node is not installed")
    release = threading.Event()
    t.closers.append(release.set)
    text = LONG[:30000] + TRICKY

    def script(request, out):
        if question(request) == "hold":
            out.delta("the first half, ")
            eventually(lambda: release.is_set() or os.path.exists(os.path.join(t.h.dir, "go")), "a word to go on", 30)
            if not release.is_set():
                out.delta("and the second")
                time.sleep(0.15)
        else:
            for at in range(0, len(text), 40):
                out.delta(text[at:at + 40])
        out.finish()
    backend, _ = t.serve(script)
    done = subprocess.run(["node", STAND_IN], env=dict(t.h.env, PATH=t.bin + ":" + os.environ["PATH"]), cwd=t.h.dir,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=90, check=False)
    check(done.returncode == 0, done.stdout, done.stderr)
    got = json.loads(done.stdout)
    text = text.replace("\r\n", "\n").replace("\r", "\n")  # as VS Code does
    equal((got.get("text"), got.get("state")), (text, "done"), "the document")
    equal((got["killed"], got["killedState"]), ("the first half, and the second", "done"), "with another bridge")
    equal(backend.chats[0].json["messages"][-1]["content"], "what is this\n\n```c\nint x = 1\n```", "what was asked")
    equal((got["stopped"], got["stoppedState"], got["sameThread"]), ("the first half, ", "cancelled", True), "stopped")
    contains(got["talk"], "> what is this\n> \n> ```c", text, "> hold\n\nthe first half, ")
    check(got["label"].startswith("what is this"), got["label"])
