"""Completions in real shells: what the tab key gives, quoted so that any name comes back as it is."""
import os
import pty
import select
import signal
import time

from harness import check, contains, deadline, equal
from scripts import echo

HOSTILE = ["evil $(touch pwned1) `touch pwned2`; touch pwned3", "evil 'single' \"double\" \\back", "evil *?[a-z]{1,2} ~ # & | < >!x"]
PLAIN = ["plans of the week", "plainly", "zürich übung"]


class Shell:
    """An interactive shell on a terminal of its own."""

    def __init__(self, t, argv, **env):
        self.out, self.at = bytearray(), 0
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.chdir(t.h.dir)
            os.environ.clear()
            os.environ.update(t.h.env, TERM="dumb", PATH=f"{t.bin}:/usr/bin:/bin", LC_ALL="C.UTF-8", COLUMNS="200", **env)
            os.execvp(argv[0], argv)
        t.closers.append(self.close)

    def close(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (OSError, ChildProcessError):
            pass

    def read(self, pause):
        if select.select([self.fd], [], [], pause)[0]:
            try:
                self.out += os.read(self.fd, 65536)
            except OSError:
                pass

    def wait(self, wanted, timeout=15.0):
        wanted, end = wanted.encode(), time.monotonic() + timeout
        while wanted not in self.out[self.at:]:
            check(time.monotonic() < end, f"the shell never showed {wanted!r}:", bytes(self.out[self.at:]))
            self.read(0.05)
        self.at = self.out.index(wanted, self.at) + len(wanted)

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def calm(self, pause=0.3):
        """Until nothing has come for so long: the shell has drawn what the tab gave."""
        size = -1
        while size != len(self.out):
            size = len(self.out)
            self.read(pause)


def threads(t):
    t.serve(echo, config="retrieval = local\n")
    for name in HOSTILE + PLAIN:
        t.run("ask", "-q", "-t", name, f"question of {name}")
    file = t.h.path("a report, final.md", "# R\n\nWords of a report.\n")
    t.run("upload", "--to", "my shelf", file)


def listed(t, *words):
    return [line.split("\t")[0] for line in t.run("__complete", "zsh", *words).text.splitlines()]


def test_what_may_come_next(t):
    threads(t)
    check({"ask", "show", "config", "completion"} <= set(listed(t, "ragchat", "")), "verbs")
    equal(listed(t, "ragchat", "--no-autostart", "docs", ""), ["ls", "show", "rm", "reindex", "search"], "verbs of docs")
    equal(listed(t, "ragchat", "docs", "show", ""), ["a report, final.md"], "documents")
    equal(listed(t, "ragchat", "ask", "--in", ""), ["my shelf"], "collections")
    equal(listed(t, "ragchat", "ask", "--in=m"), ["--in=my shelf"], "glued")
    equal(listed(t, "ragchat", "ask", "-m", ""), [m["id"] for m in t.rpc().call("model.list")["models"]], "models")
    equal(listed(t, "ragchat", "ask", "--citations", ""), ["inline", "end", "none"], "words")
    equal(listed(t, "ragchat", "ask", "-f", ""), [":files"], "files")
    equal(sorted(listed(t, "ragchat", "show", "pla")), ["plainly", "plans of the week"], "threads")
    equal(listed(t, "ragchat", "config", "set", "max_cl"), ["max_clients", "max_clients_uid"], "options of the configuration")
    equal(sorted(listed(t, "ragchat", "show", "")), sorted(HOSTILE + PLAIN), "all threads")
    check("--thread" in listed(t, "ragchat", "ask", "--") and "--socket" in listed(t, "ragchat", "ask", "--s"), "options")
    thread = t.rpc().call("thread.get", thread="plainly")["thread"]["thread"]
    equal(listed(t, "ragchat", "show", thread[:4]), [thread[:8]], "by id")
    t.run("ask", "-q", "-t", "bad\x1b]0;x\x07name\u202ex", "hello")
    check(not [name for name in listed(t, "ragchat", "show", "") if "bad" in name], "a name that cannot be typed")
    for words in (["ragchat"], [], ["ragchat", "nosuch", "-", ""], ["ragchat", "ask", "--thread="], ["x" * 5000] * 50):
        t.run("__complete", "zsh", *words)


def test_no_daemon_is_started_and_none_is_waited_for(t):
    equal(listed(t, "ragchat", "show", ""), [], "with no daemon")
    check(not t.adopted(), "a daemon was started")
    daemon = t.daemon("")
    os.kill(daemon.pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        equal(t.run("__complete", "zsh", "ragchat", "show", "", code=None).out, b"", "of a daemon that hangs")
        check(time.monotonic() - begun < 10, "the tab key hung with the daemon")
    finally:
        os.kill(daemon.pid, signal.SIGCONT)


def untouched(t):
    check(not [name for name in os.listdir(t.h.dir) if name.startswith("pwned")], "a name was run as a command")


@deadline(90)
def test_bash_gives_any_name_back_as_it_is(t):
    threads(t)
    shell = Shell(t, ["bash", "--norc", "--noprofile", "-i"], PS1="ready> ")
    shell.wait("ready> ")
    shell.type("bind 'set bell-style none'; set +H; source <(ragchat completion bash); echo got$((1+1))\n")
    shell.wait("got2")
    for typed, name in (("ragchat show evil\\ \\$", HOSTILE[0]), ("ragchat show \"evil *", HOSTILE[2]),
                        ("ragchat show evil\\ \\'", HOSTILE[1]), ("ragchat show plai", PLAIN[1]), ("ragchat show 'plan", PLAIN[0]),
                        ("ragchat show z", PLAIN[2]), ("ragchat sho\t plans", PLAIN[0])):
        shell.type(typed + "\t")
        shell.calm()
        shell.type("\n")
        shell.wait(f"question of {name}")
        shell.wait("ready> ")
    shell.type("ragchat docs show \t\n")
    shell.wait("my shelf")
    untouched(t)


@deadline(90)
def test_zsh_gives_any_name_back_as_it_is(t):
    threads(t)
    shell = Shell(t, ["zsh", "-f", "-i"], PS1="ready> ")
    shell.wait("ready> ")
    shell.type("unsetopt beep zle_bracketed_paste; autoload -U compinit; compinit -D -u; source <(ragchat completion zsh); echo got$((1+1))\n")
    shell.wait("got2")
    shell.wait("ready> ")
    for typed, name in (("ragchat show evil\\ \\$", HOSTILE[0]), ("ragchat show evil\\ \\'", HOSTILE[1]), ("ragchat show evil\\ \\*", HOSTILE[2]),
                        ("ragchat show plai", PLAIN[1]), ("ragchat show plan", PLAIN[0])):
        shell.type(typed + "\t")
        shell.calm()
        shell.type("\n")
        shell.wait(f"question of {name}")
        shell.wait("ready> ")
    untouched(t)


@deadline(90)
def test_fish_lists_them_and_the_file_is_what_the_program_prints(t):
    threads(t)
    import subprocess
    env = dict(t.h.env, PATH=f"{t.bin}:/usr/bin:/bin", LC_ALL="C.UTF-8", TERM="dumb")

    def fish(line):
        script = "ragchat completion fish | source; complete -C $argv[1]"
        done = subprocess.run(["fish", "--no-config", "-c", script, line], env=env, cwd=t.h.dir, capture_output=True, timeout=90, check=False)
        return [one.split("\t")[0] for one in done.stdout.decode().splitlines()]
    equal(sorted(fish("ragchat show pla")), ["plainly", r"plans\ of\ the\ week"] if r"\ " in "".join(fish("ragchat show pla")) else
          ["plainly", "plans of the week"], "threads")
    check("show" in fish("ragchat sh") and "--thread" in fish("ragchat ask --th"), "verbs and options")
    check(len(fish("ragchat show evil")) == 3, "hostile names:", fish("ragchat show evil"))
    untouched(t)
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    for name in ("bash", "zsh", "fish"):
        with open(os.path.join(root, "contrib", "completions", f"ragchat.{name}"), encoding="utf-8") as f:
            equal(t.run("completion", name).text, f.read(), f"the script for {name}")
    contains(t.run("completion", "tcsh", code=2).err, "bash, zsh and fish")
    t.run("completion", code=2)
