"""ragchat config and ragchat doctor: what is in force, changed without harm, and looked after."""
import json
import os
import re
import stat
import sys

from harness import check, contains, deadline, equal
from scripts import echo, fails


def conf(t):
    return t.run("config", "path").text.strip()


def read(t):
    with open(conf(t), encoding="utf-8") as f:
        return f.read()


def write(t, text):
    os.makedirs(os.path.dirname(conf(t)), exist_ok=True)
    with open(conf(t), "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(conf(t), 0o600)


def test_what_is_set_keeps_comments_and_order_and_nothing_wrong_gets_in(t):
    text = "# mine\n\nlog = info   # quiet\n# after it\n#model = big\nheader = \"X-A: 1\"\nheader = X-B: 2\n"
    write(t, text)
    t.run("config", "set", "log", "debug")
    equal(read(t), text.replace("log = info   # quiet", "log = debug"), "one line changed")
    t.run("config", "set", "model", " a # b\\\"c ")
    equal(t.run("config", "get", "model").out, b" a # b\\\"c \n", "what was set, got")
    contains(read(t), "#model = big\nmodel = \" a # b")
    t.run("config", "set", "header", "X-C: 3", "X-D: 4")
    equal(t.run("config", "get", "header").out, b"X-C: 3\nX-D: 4\n", "a list is replaced as a whole")
    before = read(t)
    for option, value in (("bakend", "x"), ("context", "lots"), ("backend", "ftp://x"), ("ca_file", "/nowhere/at/all"), ("log", "a\nb = c")):
        result = t.run("config", "set", option, value, code=None)
        check(result.code == 78 or option == "log", f"{option} = {value}: {result}")
        if option != "log":
            check(result.err.startswith("ragchat: not changed: ") and conf(t) not in result.err, result.err)
            check(".new-" not in result.err, "the name of the draft is shown:", result.err)
            equal(read(t), before, "the file after a refusal")
    t.run("config", "set", "log", "debug")
    with open(conf(t), "a", encoding="utf-8") as f:
        f.write("context = lots\n")
    contains(t.run("config", "set", "model", "x", code=78).err, conf(t) + ":", "context")
    with open(conf(t), encoding="utf-8") as f:
        whole = f.read()
    write(t, whole.replace("context = lots\n", ""))
    contains(t.run("config", "unset", "header", "ca_file", "model").err, "'ca_file' is not set")
    equal(read(t), "# mine\n\nlog = debug\n# after it\n#model = big\n", "all taken out")
    equal(os.listdir(os.path.dirname(conf(t))), ["ragchat.conf"], "what lies in the folder")
    equal(t.run("config", "get", "context").out, b"48k\n", "a default")
    for wrong in (["get", "nothing"], ["get"], ["set"], ["sett", "a", "b"], ["path", "x"], ["set", "api_key", "k"],
                  ["set", "header", "Authorization: Bearer x"], ["set", "proxy", "http://u:p@h:1"]):
        t.run("config", *wrong, code=2)


def test_a_key_comes_by_a_pipe_or_the_terminal_and_is_never_shown(t):
    write(t, "backend = http://localhost:9\n")
    os.chmod(conf(t), 0o644)
    t.run("config", "set", "api_key", stdin=b"sk-first-secret\n")
    equal(stat.S_IMODE(os.stat(conf(t)).st_mode), 0o600, "mode of a file that holds a key")
    contains(read(t), "api_key = sk-first-secret")

    def typed(fd, out):
        from harness import eventually
        eventually(lambda: b"api_key: " in out, "the prompt")
        os.write(fd, b"sk-second-secret\n")
    code, shown = t.terminal("config", "set", "api_key", keys=typed)
    equal(code, 0, f"status: {shown}")
    contains(read(t), "api_key = sk-second-secret")
    for args in (["get", "api_key"], ["list"], ["list", "--all", "--json"]):
        result = t.run("config", *args)
        check("secret" not in result.text + result.err, args, "shows the key:", result)
    check(b"secret" not in shown, "the terminal shows the key:", shown)
    result = t.run("config", "set", "api_key", "sk-on-the-line", code=2)
    check("sk-on-the-line" not in result.err, "a refused key is said again:", result.err)
    t.run("config", "set", "api_key", stdin=b"", code=65)
    t.run("config", "set", "api_key", stdin=b"two\nlines\n", code=65)


def test_a_daemon_that_runs_takes_it_over_and_the_rest_is_said(t):
    t.serve(echo)
    os.makedirs(os.path.dirname(conf(t)), exist_ok=True)
    before = read(t)
    result = t.run("config", "set", "passages", "7000")
    contains(result.err, "in force now: passages")
    equal(t.run("config", "get", "passages").out, b"7000\n", "value")
    contains(t.run("config", "set", "max_clients", "77").err, "takes a restart", "max_clients")
    contains(read(t), before.strip().splitlines()[0])
    t.daemons[0].stop()
    equal(t.run("--no-autostart", "config", "set", "passages", "8000").err, "", "with no daemon")
    link = os.path.join(t.h.dir, "dotfiles.conf")
    os.rename(conf(t), link)
    os.symlink(link, conf(t))
    t.run("config", "set", "passages", "9000")
    check(os.path.islink(conf(t)), "a link was replaced by a file")
    contains(read(t), "passages = 9000")


def test_edit_is_checked_before_it_counts(t):
    good = f"{sys.executable} -c 'import sys; p = sys.argv[1]; t = open(p).read(); open(p, \"w\").write(t + \"log = debug\\n\")'"
    bad = good.replace("log = debug", "lok = debug")
    t.run("config", "edit", env={"EDITOR": good})
    text = read(t)
    contains(text, "#backend =\n", "log = debug\n")
    equal(stat.S_IMODE(os.stat(conf(t)).st_mode), 0o600, "mode of a new file")
    equal(len(re.findall(r"^#\w+ =", text, re.M)), len(t.run("config", "list", "--all", "--json").json), "options of the template")
    result = t.run("config", "edit", env={"EDITOR": bad}, code=78)
    contains(result.err, "there is no option 'lok'", "what you wrote is in")
    equal(read(t), text, "after what was refused")
    contains(t.run("config", "edit", env={"EDITOR": "true"}).err, "nothing was changed")
    t.run("config", "edit", env={"EDITOR": "false"}, code=1)

    def keys(fd, out):
        from harness import eventually
        eventually(lambda: b"[Y/n]" in out, "the question")
        os.write(fd, b"n\n")
    code, _ = t.terminal("config", "edit", env={"EDITOR": bad}, keys=keys)
    equal((code, read(t)), (78, text), "given up")


def verdicts(result):
    return {one["name"]: one["state"] for one in json.loads(result.out)["checks"]}


@deadline(120)
def test_doctor_says_what_is_wrong_and_what_to_do(t):
    t.h.configure("")
    result = t.run("doctor", "--quick", "--json", code=None)
    equal(verdicts(result)["daemon"], "warn", "with no daemon")
    check(not t.adopted(), "doctor started a daemon")
    _, daemon = t.serve(echo)
    result = t.run("doctor", "--json", code=None, timeout=60)
    found = verdicts(result)
    for name in ("configuration", "ragchatd-pdf", "ragchatd-extract", "pdftotext", "clock", "socket", "version", "backend", "key", "database",
                 "library", "disk"):
        if not (t.sanitizer and name in ("ragchatd-pdf", "ragchatd-extract")): # they have no sandbox then, and doctor says so
            check(found.get(name) in ("ok", "warn"), f"{name}: {result}")
    equal(result.code, 1 if t.sanitizer else 0, f"status of {found}")
    lines = t.run("doctor", "--quick").text.splitlines()
    equal(len(lines), len(found), "a line for each check")
    check(all(re.match(r"(ok  |warn|skip)  \S", line) for line in lines), "lines:", lines)
    t.backends[-1].models_status = 401
    contains(t.run("doctor", "--quick", code=1).text, "FAIL  key", " -> ragchat config set api_key")
    t.backends[-1].models_status = 404
    contains(t.run("doctor", "--quick").text, "warn  backend")
    daemon.stop()
    t.daemon("backend = http://127.0.0.1:9\nconnect_timeout = 500ms\n")
    contains(t.run("doctor", "--quick", code=1).text, "FAIL  backend", "127.0.0.1:9", " -> ragchat config set backend")
    t.daemons[-1].stop()
    write(t, "bakend = x\n")
    contains(t.run("doctor", "--quick", code=1).text, "FAIL  configuration", "did you mean 'backend'?", "ragchat config edit")
