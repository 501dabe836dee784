"""A real terminal: tmux, driven key by key, its screen read back.

Terminal(t) has a server, a socket and a folder of its own, and a shell in it. What tmux itself would
do with hostile bytes (titles, the paste buffer, answers to queries typed as keys) can be looked at.
"""
import os
import shutil
import subprocess
import time

from harness import eventually, check, Skip

PROMPT = "$ "


class Terminal:
    def __init__(self, t, width=80, height=24, env=None, shell=None):
        if not shutil.which("tmux"):
            raise Skip("tmux is not here")
        self.t = t
        self.folder = os.path.join(t.dir, f"tmux{len(t.closers)}")
        os.mkdir(self.folder, 0o700)
        self.socket = os.path.join(self.folder, "s")
        config = os.path.join(self.folder, "conf")
        with open(config, "w", encoding="utf-8") as f:
            f.write("set -g set-clipboard on\nset -g history-limit 20000\nset -g default-terminal tmux-256color\n"
                    "set -g allow-rename on\nset -sg escape-time 10\nset -g status off\n")
        self.env = dict(t.h.env, **{"TERM": "xterm-256color", "PATH": f"{t.bin}:{os.environ['PATH']}",
                                    "HISTFILE": "", **(env or {})})
        shell = shell or "exec env PS1='$ ' bash --norc --noprofile -i"
        self.tmux("-f", config, "new-session", "-d", "-x", str(width), "-y", str(height), "-s", "t",
                  "-c", os.path.join(t.h.dir, "home"), shell)
        t.closers.append(self.close)

    def tmux(self, *args, data=None):
        done = subprocess.run(["tmux", "-S", self.socket, *args], env=self.env, input=data, capture_output=True,
                              timeout=90, check=False)
        check(done.returncode == 0, "tmux", args[:3], "said", done.stderr.decode())
        return done.stdout.decode("utf-8", "replace")

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], env=self.env, capture_output=True, timeout=90, check=False)

    # what is seen

    def lines(self):
        """The screen without the empty lines at its end."""
        lines = [line.rstrip() for line in self.tmux("capture-pane", "-p", "-t", "t").split("\n")]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    @property
    def text(self):
        return "\n".join(self.lines())

    def everything(self):
        """With what has scrolled away, wrapped lines joined."""
        return self.tmux("capture-pane", "-p", "-J", "-S", "-", "-t", "t")

    def styled(self):
        return self.tmux("capture-pane", "-p", "-e", "-t", "t")

    def cursor(self):
        """(column, row)"""
        return tuple(int(n) for n in self.get("#{cursor_x} #{cursor_y}").split())

    def get(self, what):
        return self.tmux("display-message", "-p", "-t", "t", what).strip("\n")

    def wait(self, claim, what=None, timeout=10):
        """Until the screen holds a text, or claim(lines) is true."""
        seen = []

        def holds():
            seen[:] = self.lines()
            return claim in "\n".join(seen) if isinstance(claim, str) else claim(seen)
        try:
            return eventually(holds, what or repr(claim), timeout, 0.02)
        except AssertionError as error:
            raise AssertionError(f"{error}; the screen:\n" + "\n".join(f"  |{line}" for line in seen)) from None

    def wait_last(self, line, timeout=10):
        """Until the last line is that one."""
        self.wait(lambda lines: bool(lines) and lines[-1] == line.rstrip(), f"{line!r} at the end", timeout)

    # what is typed

    def keys(self, *names):
        """Names of keys as tmux has them: Enter, C-c, M-Enter, Up; a text is typed by `type`."""
        self.tmux("send-keys", "-t", "t", *names)

    def type(self, text, enter=False):
        self.tmux("send-keys", "-t", "t", "-l", "--", text)
        if enter:
            self.keys("Enter")

    def line(self, text):
        self.type(text, enter=True)

    def paste(self, data):
        """As somebody pastes with the mouse: with marks around it where they were asked for."""
        path = os.path.join(self.folder, "paste")
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        self.tmux("load-buffer", "-b", "p", path)
        self.tmux("paste-buffer", "-p", "-r", "-b", "p", "-t", "t")

    def resize(self, width, height):
        self.tmux("resize-window", "-t", "t", "-x", str(width), "-y", str(height))
        eventually(lambda: self.get("#{pane_width}x#{pane_height}") == f"{width}x{height}", "the new size")

    def size(self):
        return self.get("#{pane_width}x#{pane_height}")


def pause(seconds):
    """For what can only be seen by its not happening."""
    time.sleep(seconds)
