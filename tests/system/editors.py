"""A real editor without a terminal that runs a script and leaves what it found as JSON; and texts for all of them."""
import json
import os
import shutil
import subprocess

from harness import check, eventually

CONTRIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "contrib")

LONG = "".join(f"word{i} " + ("\n" if i % 12 == 0 else "") + ("日本語 🙂 " if i % 7 == 0 else "") for i in range(10000))

# Escape sequences, mode lines, expressions, folds and links: text, all of it.
HOSTILE = ("\x1b]52;c;aGk=\x07\x1b[31mred vim: set ft=lua modelines=5 | !touch /tmp/x:\n"
           "%{system('touch owned')} {{{1\n[x](file:///etc/passwd)\n# vim: fdm=expr fde=system('touch\\ owned') :\n")


class Editor:
    """`text` goes into a file of that suffix; argv(path) runs it. The script finds the name of its result in $EDITOR_OUT."""

    def __init__(self, t, program, suffix, text, argv):
        if not shutil.which(program):
            t.skip(f"{program} is not installed")
        self.out = os.path.join(t.dir, f"editor{len(os.listdir(t.dir))}")
        path = self.out + suffix
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        env = dict(t.h.env, EDITOR_OUT=self.out, TERM="dumb", PATH=t.bin + ":" + os.environ["PATH"])
        self.process = subprocess.Popen(argv(path), env=env, cwd=t.h.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
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
        printed = self.process.communicate(timeout=60)[0].decode("utf-8", "replace")
        check(os.path.exists(self.out), "the editor left no result:", printed)
        with open(self.out, encoding="utf-8") as f:
            result = json.load(f)
        check("error" not in result and "late" not in result, result, printed)
        return result
