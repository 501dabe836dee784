"""The daemon as a service: its unit files, the socket it is handed, what it tells the manager, its key."""
import os
import re
import shutil
import signal
import subprocess

from harness import check, contains, deadline, equal, eventually
from machine import GROUP, USER, Machine
from scripts import echo

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNITS = os.path.join(ROOT, "contrib", "systemd")
SYSTEM = f"mode = system\ngroup = {GROUP}\n"


def tool(t, name):
    if not shutil.which(name):
        t.skip(f"{name} is not here (Debian package systemd)")
    return name


def said_by(*argv, code=0, **more):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=90, check=False, **more)
    equal(done.returncode, code, f"status of {' '.join(argv)}:\n{done.stdout}\n")
    return done.stdout


def installed(t, prefix="/usr/local"):
    """What make install lays down besides the programs: gives the folder it is in."""
    folder = os.path.join(t.dir, "installed")
    said_by("make", "-s", "-C", ROOT, "install-data", f"DESTDIR={folder}", f"PREFIX={prefix}")
    return folder


def units(t, sub=""):
    """The units as installed, with the programs of this build in place of the installed ones."""
    source = os.path.join(installed(t), "usr/local/lib/systemd", sub or "system")
    target = os.path.join(t.dir, "units")
    os.makedirs(target)
    for name in os.listdir(source):
        with open(os.path.join(source, name), encoding="ascii") as f:
            text = f.read()
        with open(os.path.join(target, name), "w", encoding="ascii") as f:
            f.write(text.replace("/usr/local/bin", t.bin))
    return [os.path.join(target, name) for name in sorted(os.listdir(target))]


# ---- the files ----

def test_the_units_pass_verify_and_keep_their_score(t):
    analyze = tool(t, "systemd-analyze")
    paths = units(t)
    equal([os.path.basename(path) for path in paths], ["ragchatd.service", "ragchatd.socket"], "units")
    equal(said_by(analyze, "verify", "--man=no", *paths), "", "what verify says")
    score = said_by(analyze, "security", "--offline=true", paths[0])
    found = re.search(r"Overall exposure level for ragchatd.service: ([\d.]+)", score)
    check(found and float(found[1]) <= 1.5, "the score:", found and found[0])
    check("→" in score and "UMask" in score, "systemd-analyze did not look:", score[-300:])


def test_the_units_of_one_user_pass_verify(t):
    analyze = tool(t, "systemd-analyze")
    said = said_by(analyze, "--user", "verify", "--man=no", *units(t, "user"), env=dict(os.environ, XDG_RUNTIME_DIR=t.dir))
    equal(said, "", "what verify says")


def test_sysusers_and_tmpfiles_make_the_user_and_the_folders(t):
    if os.getuid() != 0:
        t.skip("needs root to make another user's folders")
    root = installed(t)
    os.makedirs(os.path.join(root, "etc"))
    said_by(tool(t, "systemd-sysusers"), f"--root={root}", "ragchat.conf")
    with open(os.path.join(root, "etc/passwd"), encoding="ascii") as f:
        uid, gid = map(int, re.search(r"^ragchat:x:(\d+):(\d+):", f.read(), re.M).groups())
    said_by(tool(t, "systemd-tmpfiles"), f"--root={root}", "--create", "ragchat.conf")
    for path, mode, owner in (("run/ragchat", 0o755, (0, 0)), ("etc/ragchat", 0o750, (0, gid)),
                              ("var/lib/ragchat", 0o700, (uid, gid)), ("etc/ragchat/ragchat.conf", 0o640, (0, gid))):
        st = os.stat(os.path.join(root, path))
        equal((st.st_mode & 0o7777, (st.st_uid, st.st_gid)), (mode, owner), path)


def test_another_prefix_reaches_into_the_units(t):
    folder = installed(t, "/opt/ragchat")
    with open(os.path.join(folder, "opt/ragchat/lib/systemd/system/ragchatd.service"), encoding="ascii") as f:
        contains(f.read(), "ExecStart=/opt/ragchat/bin/ragchatd")
    with open(os.path.join(folder, "opt/ragchat/lib/tmpfiles.d/ragchat.conf"), encoding="ascii") as f:
        contains(f.read(), "/opt/ragchat/share/ragchat/ragchat.system.conf")


# ---- the life of the service ----

@deadline(60)
def test_an_activated_start_serves_the_first_client_and_tells_its_life(t):
    backend = t.backend(echo)
    machine = Machine(t, f"{SYSTEM}backend = {backend.url}\n")
    machine.listen()
    early = machine.client(20001, "ask", "hello")  # it waits at the socket before there is a daemon
    daemon = machine.start(notify=True, watchdog_ms=100)
    machine.told("READY=1")
    equal(early.end().expect().text, "answer to hello\n", "what the first client got")
    for _ in range(3):
        machine.told("WATCHDOG=1")
    status = machine.rpc(0).call("status")["server"]
    equal(status["pid"], daemon.pid, "who answers")
    daemon.reload()
    contains(machine.told("RELOADING=1"), "MONOTONIC_USEC=")
    machine.told("READY=1")
    machine.configure("nonsense = 1\n")
    daemon.reload()
    machine.told("RELOADING=1")
    machine.told("READY=1")
    daemon.process.send_signal(signal.SIGTERM)
    machine.told("STOPPING=1")
    equal(daemon.wait(), 0, "status")
    check(os.path.exists(machine.socket), "the manager's socket was removed")
    equal([name for name in os.listdir(os.path.dirname(machine.socket)) if name != "sock"], [], "what else is beside it")
    equal(os.stat(machine.database).st_uid, USER, "owner of the database")
    equal(sorted(name for name in os.listdir(machine.state) if name.startswith(".")), [], "what it left in its home")


def test_without_a_manager_nothing_is_told_and_a_dead_one_does_no_harm(t):
    t.daemon(env={"NOTIFY_SOCKET": os.path.join(t.dir, "nobody"), "WATCHDOG_USEC": "2000000"}).stop()
    contains(t.daemons[-1].log(), "service manager")
    daemon = t.daemon("", env={"NOTIFY_SOCKET": "@ragchat-test-nobody", "WATCHDOG_USEC": "junk", "WATCHDOG_PID": "x"})
    t.run("status")
    daemon.stop()


def test_a_stuck_writer_gets_no_sign_of_life(t):
    """The manager is to start it anew: what the daemon takes then would not reach the disk."""
    machine = Machine(t, SYSTEM)
    daemon = machine.start(notify=True, watchdog_ms=60)
    machine.told("WATCHDOG=1")
    lock = ("import sqlite3, sys, time; db = sqlite3.connect(sys.argv[1], isolation_level=None); db.execute('BEGIN IMMEDIATE'); "
            "print('held', flush=True); sys.stdin.read()")
    holder = subprocess.Popen(["setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups", "/usr/bin/python3", "-c", lock,
                               machine.database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/")
    t.closers.append(holder.kill)
    equal(holder.stdout.readline(), b"held\n", "the lock")
    # The writer waits behind it: no more than the sign that was under way comes.
    eventually(lambda: machine.silent(0.3), "0.3 s without a sign of life, at one each 30 ms")
    holder.stdin.close()
    holder.wait()
    machine.told("WATCHDOG=1")
    daemon.stop()


def test_system_mode_wants_the_managers_socket(t):
    machine = Machine(t, SYSTEM)
    daemon = machine.start(handed=False, wait=False)
    equal(daemon.wait(), 78, "status")
    contains(daemon.log(), "ragchatd.socket")
    check(not os.path.exists(machine.socket), "it bound a socket of its own")


# ---- the key ----

def key_sent(t, backend, machine):
    with_key = len(backend.chats)
    machine.run(20001, "ask", "hello")
    return backend.chats[with_key].headers.get("authorization")


@deadline(60)
def test_the_managers_credential_is_the_key_of_the_configured_backend_alone(t):
    backend = t.backend(echo)
    machine = Machine(t, f"{SYSTEM}backend = {backend.url}\n")
    folder = os.path.join(machine.dir, "credentials")
    os.mkdir(folder, 0o755)
    path = os.path.join(folder, "api_key")

    def credential(text):
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(path, 0o444)
    env = {"CREDENTIALS_DIRECTORY": folder}
    credential("sk-planted-credential\n")
    daemon = machine.start(env=env)
    equal(key_sent(t, backend, machine), "Bearer sk-planted-credential", "the key")
    check("sk-planted" not in daemon.log(), "the key is in the log")
    machine.configure(f"{SYSTEM}backend = {backend.url}\nmodel = other\n")
    daemon.reload()
    eventually(lambda: "loaded again" in daemon.log(), "the reload")
    equal(key_sent(t, backend, machine), "Bearer sk-planted-credential", "the key after a reload")
    daemon.stop()

    credential("\n")
    daemon = machine.start(env=env)
    equal(key_sent(t, backend, machine), None, "a key out of an empty credential")
    daemon.stop()

    credential("sk-planted-credential\n")
    machine.configure(SYSTEM)
    daemon = machine.start(env=dict(env, FASTAPI_URL=backend.url))
    equal(key_sent(t, backend, machine), None, "the credential's key at an address of the environment")
    contains(daemon.log(), "credential", "is not sent")
    daemon.stop()


# ---- what the unit's filter lets through ----

@deadline(90)
def test_the_daemon_and_its_helpers_live_within_the_units_filter(t):
    """Every system call of a life with uploads, answers, exports and a reload is in SystemCallFilter=."""
    analyze = tool(t, "systemd-analyze")
    if t.sanitizer:
        t.skip("a sanitizer makes system calls of its own")

    groups, name = {}, ""
    for line in said_by(analyze, "syscall-filter", "--no-pager").splitlines():
        word = line.strip()
        if line.startswith("@"):
            name = word
        elif line.startswith(" ") and word and not word.startswith("#"):
            groups.setdefault(name, set()).add(word)

    def group(name):
        return set().union(*(group(word) if word.startswith("@") else {word} for word in groups[name]))
    allowed = group("@default")  # always in
    with open(os.path.join(UNITS, "ragchatd.service"), encoding="ascii") as f:
        for line in re.findall(r"^SystemCallFilter=(.*)$", f.read(), re.M):
            remove, words = line.startswith("~"), line.lstrip("~").split()
            for word in words:
                one = group(word) if word.startswith("@") else {word}
                allowed = allowed - one if remove else allowed | one
    allowed |= group("@default")
    # What a helper shuts itself in with, and what starts and watches it.
    helpers = {"clone", "clone3", "vfork", "execve", "pidfd_open", "pidfd_send_signal", "waitid", "wait4", "pipe2", "close_range",
               "chdir", "unshare", "prctl", "prlimit64", "seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"}
    equal(sorted(helpers - allowed), [], "system calls of helpers that the unit forbids")
    backend = t.backend(echo)
    trace = os.path.join(t.dir, "trace")
    machine = Machine(t, f"{SYSTEM}backend = {backend.url}\nretrieval = local\n")
    daemon = machine.start(prefix=["strace", "-f", "-qq", "-o", trace, "-e", "signal=none", "-s", "0"])
    notes = t.h.path("notes.md", "# Shelves\n\nThe red shelf holds 17 books.\n")
    os.chmod(notes, 0o644)
    with open(notes, "rb") as f:
        machine.run(20001, "upload", "--name", "notes.md", "-", stdin=f.read())
    machine.run(20001, "ask", "How many books does the red shelf hold?")
    for suffix in ("md", "pdf"):
        machine.run(20001, "export", "-o", os.path.join(machine.dir, "home20001", f"answer.{suffix}"))
    machine.run(20001, "status")
    machine.run(0, "daemon", "reload", groups=[])
    machine.run(0, "daemon", "stop", groups=[])
    daemon.wait()
    with open(trace, encoding="utf-8", errors="replace") as f:
        text = f.read()
    at = text.find("ragchatd")
    used = set(re.findall(r"^\d+ +(\w+)\(", text[at:], re.M))
    check({"accept4", "landlock_restrict_self", "seccomp"} <= used, "the trace holds no life of a daemon:", sorted(used))
    equal(sorted(used - allowed), [], "system calls that the unit forbids")
