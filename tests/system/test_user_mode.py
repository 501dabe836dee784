"""The daemon of one user: its socket, its files, its configuration, and what may go wrong with each."""
import hashlib
import os
import shutil
import socket
import sqlite3
import subprocess
import time

from harness import can_connect, check, contains, deadline, equal, eventually
from scripts import echo, says, words


# ---- the socket ----

def test_a_loose_socket_folder_is_refused_with_a_remedy(t):
    folder = os.path.dirname(t.h.socket)
    os.mkdir(folder)
    for mode in (0o755, 0o777, 0o770):
        os.chmod(folder, mode)
        code, log = t.daemon_fails()
        contains(log, folder, "chmod")
        equal(code, 78, "status")
    os.chmod(folder, 0o700)
    t.daemon()


def test_a_socket_folder_that_is_a_link_or_a_file_is_refused(t):
    folder = os.path.dirname(t.h.socket)
    elsewhere = os.path.join(t.dir, "elsewhere")
    os.mkdir(elsewhere, 0o700)
    os.symlink(elsewhere, folder)
    contains(t.daemon_fails()[1], folder)
    os.unlink(folder)
    with open(folder, "w", encoding="ascii"):
        pass
    contains(t.daemon_fails()[1], folder)


def test_a_path_of_108_bytes_is_refused_and_107_serves(t):
    folder = os.path.join(t.h.dir, "run")
    for length in (107, 108, 200):
        path = os.path.join(folder, "x" * (length - len(folder) - 1))
        equal(len(path), length, "length")
        if length == 107:
            t.h.socket, old = path, t.h.socket
            daemon = t.daemon(args=["-S", path])
            t.run("-S", path, "status")
            daemon.stop()
            t.h.socket = old
            continue
        _, log = t.daemon_fails(args=["-S", path])
        contains(log, "107")
        result = t.run("-S", path, "--no-autostart", "status", code=None)
        check(result.code in (2, 69, 78), "status of the client:", result)
        contains(result.err, "107")
    equal([name for name in os.listdir(folder) if name.startswith("x") and not name.endswith(".lock")], [], "files left")


def test_a_stale_socket_is_replaced_and_a_file_is_not(t):
    os.mkdir(os.path.dirname(t.h.socket), 0o700)
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(t.h.socket)
    stale.close()
    t.daemon().stop()
    with open(t.h.socket, "w", encoding="ascii") as f:
        f.write("precious")
    _, log = t.daemon_fails()
    contains(log, t.h.socket)
    with open(t.h.socket, encoding="ascii") as f:
        equal(f.read(), "precious", "the file in the way")


def test_eight_daemons_at_once_make_one(t):
    for _ in range(10 if t.torture else 3):
        t.h.configure("")
        daemons = [t.daemon(None, wait=False) for _ in range(8)]
        eventually(lambda: sum(daemon.alive() for daemon in daemons) == 1, "seven to leave")
        survivor = next(daemon for daemon in daemons if daemon.alive())
        survivor.ready()
        equal(t.rpc().peer_pid(), survivor.pid, "who answers")
        for daemon in daemons:
            if daemon is not survivor:
                check(daemon.wait() != 0, "a second daemon ended with 0")
                contains(daemon.log(), t.h.socket)
        survivor.stop()
        t.daemons = [daemon for daemon in t.daemons if daemon.alive()]


def test_a_second_daemon_on_one_database_names_the_first_ones_socket(t):
    t.daemon()
    other = os.path.join(t.h.dir, "run", "other")
    code, log = t.daemon_fails(None, args=["-S", other])
    contains(log, t.h.socket)
    check(not os.path.exists(other), "it left a socket")
    t.run("status")


def test_a_client_follows_the_lock_file_to_the_live_daemon(t):
    other = os.path.join(t.h.dir, "run", "other")
    backend = t.backend(echo)
    t.h.socket, old = other, t.h.socket
    daemon = t.daemon(f"backend = {backend.url}\n", args=["-S", other])
    equal(t.run("ask", "hello").text, "answer to hello\n", "answer")
    equal(t.adopted(), [], "daemons the client started")
    t.h.socket = old
    daemon.stop()


def test_a_socket_that_vanishes_is_bound_again(t):
    _, daemon = t.serve(echo)
    kept = t.rpc()
    os.unlink(t.h.socket)
    eventually(lambda: can_connect(t.h.socket), "the socket's return")
    equal(t.run("ask", "hello").text, "answer to hello\n", "answer")
    equal(kept.call("ping"), {}, "a connection from before")
    shutil.rmtree(os.path.dirname(t.h.socket))
    eventually(lambda: can_connect(t.h.socket), "the socket's return with its folder")
    daemon.stop()
    check(not os.path.exists(t.h.socket), "the socket is left behind")


def activated(t, path, mode=0o600, prefix=(), config=""):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    os.chmod(path, mode)
    listener.listen(64)
    t.closers.append(listener.close)
    t.h.socket = path
    shell = ["bash", "-c", f'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@" 3<&{listener.fileno()}', "bash", *prefix]
    return t.daemon(config, prefix=shell, pass_fds=(listener.fileno(),))


def test_a_socket_from_the_service_manager_is_used_and_left_alone(t):
    path = os.path.join(t.h.dir, "run", "activated")
    daemon = activated(t, path)
    pid = t.rpc().call("status")["server"]["pid"]
    equal(pid, daemon.pid, "who answers")
    daemon.stop()
    check(os.path.exists(path), "the manager's socket was removed")


def test_another_uid_is_refused_though_it_can_reach_the_socket(t):
    if os.getuid() != 0:
        t.skip("needs root to become another user")
    folder = os.path.join(t.dir, "open")
    os.mkdir(folder, 0o755)
    os.chmod(t.dir, 0o755)
    path = os.path.join(folder, "sock")
    activated(t, path, 0o666)
    code = """
import socket, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect(sys.argv[1])
try:
    s.sendall(bytes.fromhex("940001a568656c6c6f9181a870726f746f636f6c920101"))
    data = s.recv(65536)
except OSError:
    data = b""
sys.stdout.buffer.write(data)
"""
    out = subprocess.run(["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups", "/usr/bin/python3", "-c", code, path],
                         capture_output=True, timeout=90, check=True, cwd="/")
    check(b"instance" not in out.stdout, "another uid was greeted:", out.stdout)
    check(b"forbidden" in out.stdout or b"unauthenticated" in out.stdout or not out.stdout, "the answer:", out.stdout)
    t.run("status")


# ---- starting and leaving ----

def test_the_client_starts_a_daemon_that_is_well_separated(t):
    made = t.backend(echo)
    t.h.configure(f"backend = {made.url}\n")
    t.run("ask", "hello", env={"SECRET_TOKEN": "do-not-inherit", "LD_PRELOAD": "", "FASTAPI_URL": "http://127.0.0.1:9", "API_KEY": "x"})
    pid, = t.adopted()
    if os.getuid() != 0:
        t.skip("only root may look into a process that is not dumpable")
    with open(f"/proc/{pid}/environ", "rb") as f:
        environ = f.read().decode().split("\0")
    for line in environ:
        name = line.split("=")[0]
        allowed = name in ("", "HOME", "USER", "LOGNAME", "PATH", "LANG", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR") or name.startswith(("LC_", "XDG_")) \
            or name.lower().endswith("_proxy") or name.startswith(("RAGCHAT_", "ASAN_", "UBSAN_", "TSAN_"))
        check(allowed, "the daemon inherited", line)
    check(os.getsid(pid) != os.getsid(0), "it is in our session")
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            continue
        check(not target.startswith("pipe:") or int(fd) > 2, f"fd {fd} is the client's {target}")
    equal(made.chats[0].headers.get("authorization"), None, "a key of another source")
    t.run("daemon", "stop")
    eventually(lambda: not t.adopted(), "the daemon's end")


def test_start_stop_and_reload_by_command(t):
    made, second = t.backend(says("one")), t.backend(says("two"))
    t.h.configure(f"backend = {made.url}\n")
    t.run("daemon", "start")
    equal(t.run("--no-autostart", "ask", "x").text, "one\n", "answer")
    t.h.configure(f"backend = {second.url}\nmax_clients = 77\n")
    said = t.run("daemon", "reload")
    contains(said.text + said.err, "backend", "max_clients")
    equal(t.run("ask", "x").text, "two\n", "answer after the reload")
    t.h.configure("backnd = x\n")
    contains(t.run("daemon", "reload", code=78).err, "ragchat.conf:1", "backend")
    t.run("daemon", "stop")
    t.run("--no-autostart", "status", code=69)


def test_it_leaves_when_idle_and_not_while_somebody_is_there(t):
    def in_haste(config):
        """A daemon that leaves soon, and somebody who was there before it was in haste."""
        daemon = t.daemon(config)
        rpc = t.rpc()
        daemon.reload(f"{config}idle_exit = 200ms\n")
        eventually(lambda: "loaded again" in daemon.log(), "the reload")
        return daemon, rpc
    daemon, rpc = in_haste("")
    time.sleep(0.6)
    equal(rpc.call("ping"), {}, "a connected client")
    rpc.close()
    equal(daemon.wait(), 0, "status")
    check(not os.path.exists(t.h.socket), "the socket is left behind")
    daemon, rpc = in_haste(f"backend = {t.backend(words(60, 0.01)).url}\n")
    rpc.call("ask", text="hello", stream=False)
    rpc.close()
    equal(daemon.wait(), 0, "status")
    equal(len(t.sql("SELECT output FROM steps WHERE type = 'assistant_message'")[0]["output"]), 60 * 7,
          "the answer it waited for")


def test_a_client_that_meets_a_leaving_daemon_is_served_all_the_same(t):
    made = t.backend(echo)
    t.h.configure(f"backend = {made.url}\nidle_exit = 30ms\n")
    for i in range(30):
        equal(t.run("ask", f"number {i}").text, f"answer to number {i}\n", "answer")
        time.sleep(0.02 + 0.001 * i)
    equal(len(t.sql("SELECT 1 FROM threads")), 30, "threads")


# ---- configuration ----

def test_configuration_errors_name_file_line_and_remedy(t):
    for text, words_ in (
            ("# fine\nbackend = http://x\nbackand = http://y\n", [":3", "backand", "backend"]),
            ("idle_timeout = soon\n", [":1", "idle_timeout"]),
            ("retries = 11\n", [":1", "retries", "10"]),
            ("http2 = perhaps\n", [":1", "http2"]),
            ("retrieval = global\n", [":1", "retrieval", "local"]),
            ("backend = ftp://x\n", [":1", "backend", "http://"]),
            ("just words\n", [":1"]),
            ('model = "open quote\n', [":1"])):
        code, log = t.daemon_fails(text)
        contains(log, t.h.conf + words_[0], *words_[1:])
        equal(code, 78, "status")
    code, log = t.daemon_fails(None, args=["-c", "/no/such/file"])
    contains(log, "/no/such/file")
    daemon = t.daemon("", args=["--check"], wait=False)
    equal(daemon.wait(), 0, "status of --check")
    t.h.configure("nonsense = 1\n")
    equal(t.daemon(None, args=["--check"], wait=False).wait(), 78, "status of --check")


def test_a_configuration_with_a_key_must_be_closed_to_others(t):
    t.h.configure("backend = http://127.0.0.1:9\napi_key = sk-1\n")
    os.chmod(t.h.conf, 0o644)
    code, log = t.daemon_fails(None)
    contains(log, t.h.conf, "chmod")
    check("sk-1" not in log, "the key is in the log")


def test_the_seeds_names_from_the_environment_and_an_env_file(t):
    made = t.backend(echo)
    daemon = t.daemon("", env={"FASTAPI_URL": made.url + "/", "API_KEY": "env-key", "APP_USER": "alice", "APP_PASSWORD": "wonder"})
    t.run("ask", "hello")
    equal(made.chats[-1].headers["authorization"], "Bearer env-key", "the key")
    equal(t.sql("SELECT identifier FROM users"), [{"identifier": "alice"}], "account")
    check("env-key" not in daemon.log() and "wonder" not in daemon.log(), "a secret is in the log")
    daemon.stop()
    env_file = t.h.path("project/.env", f'# comment\nFASTAPI_URL="{made.url}"\nexport API_KEY=file-key\nQDRANT_URL=http://x\nAPP_USER=alice\nAPP_PASSWORD=wonder\n')
    os.chmod(env_file, 0o600)
    daemon = t.daemon(f"env_file = {env_file}\n")
    t.run("ask", "hello")
    equal(made.chats[-1].headers["authorization"], "Bearer file-key", "the key of the .env file")
    contains(t.run("status", "--json").json["backend"]["source"], ".env")
    daemon.stop()
    daemon = t.daemon(f"backend = {made.url}\n", env={"API_KEY": "env-key"})
    t.run("ask", "hello")
    equal(made.chats[-1].headers.get("authorization"), None, "a key of another source than the address")
    daemon.stop()
    daemon = t.daemon("", env={"API_KEY": "env-key"})
    equal(t.run("status", "--json").json["backend"]["configured"], False, "API_KEY alone")


def test_the_default_admin_is_not_taken_over(t):
    daemon = t.daemon("", env={"APP_USER": "admin", "APP_PASSWORD": "admin"})
    t.run("status")
    contains(daemon.log(), "admin")
    check(t.run("status", "--json").json["account"] != "" , "no account")


def test_init_prints_where_the_database_is(t):
    daemon = t.daemon("", args=["--init"], wait=False)
    equal(daemon.wait(), 0, "status")
    contains(daemon.log(), f"Database initialized: {t.h.database}")
    tables = {row["name"] for row in t.sql("SELECT name FROM sqlite_master WHERE type = 'table'")}
    check({"users", "threads", "steps", "feedbacks", "elements"} <= tables, "tables:", tables)
    other = os.path.join(t.h.dir, "data", "named.db")
    daemon = t.daemon("", args=["--init", "-D", other], wait=False)
    equal(daemon.wait(), 0, "status")
    contains(daemon.log(), f"Database initialized: {other}")
    equal(t.daemon("", args=["--init"], wait=False).wait(), 0, "a second --init")


# ---- the database's troubles ----

def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def prepared(t):
    """A database with one answer, at rest."""
    t.serve(says("kept"))
    t.run("ask", "hello")
    t.daemons[-1].stop()
    return t.h.database


def test_a_corrupt_database_is_named_and_not_touched(t):
    path = prepared(t)
    with open(path, "r+b") as f:
        f.write(b"this was a database once, now it is not" * 10)
    before = digest(path)
    _, log = t.daemon_fails(None)
    contains(log, path)
    equal(digest(path), before, "the file's digest")
    with open(path, "wb") as f:
        f.write(b"SQLite format 3\0" + b"\xff" * 5000)
    before = digest(path)
    contains(t.daemon_fails(None)[1], path)
    equal(digest(path), before, "the file's digest")


def test_a_database_of_a_newer_version_is_left_alone(t):
    path = prepared(t)
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 9999")
    db.commit()
    db.close()
    before = digest(path)
    _, log = t.daemon_fails(None)
    contains(log, path, "newer")
    equal(digest(path), before, "the file's digest")


def test_a_database_of_another_program_is_left_alone(t):
    os.makedirs(os.path.dirname(t.h.database), 0o700)
    db = sqlite3.connect(t.h.database)
    db.execute("CREATE TABLE recipes(name, flour)")
    db.execute("PRAGMA application_id = 1234567")
    db.commit()
    db.close()
    os.chmod(t.h.database, 0o600)
    before = digest(t.h.database)
    _, log = t.daemon_fails()
    contains(log, t.h.database)
    equal(digest(t.h.database), before, "the file's digest")


def test_a_loose_database_folder_or_file_is_refused(t):
    path = prepared(t)
    os.chmod(path, 0o644)
    daemon = t.daemon(None, wait=False)
    eventually(lambda: not daemon.alive() or can_connect(t.h.socket), "a decision")
    if daemon.alive():
        equal(os.stat(path).st_mode & 0o777, 0o600, "mode of a database it went on with")
        daemon.stop()
    else:
        contains(daemon.log(), path, "chmod")
    os.chmod(path, 0o600)
    os.chmod(os.path.dirname(path), 0o777)
    _, log = t.daemon_fails(None)
    contains(log, os.path.dirname(path), "chmod")


def needs_mounts(t):
    if os.getuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        t.skip("needs root and mount namespaces")


def test_a_read_only_database_says_so(t):
    needs_mounts(t)
    path = prepared(t)
    folder = os.path.dirname(path)
    _, log = t.daemon_fails(None, prefix=["unshare", "-m", "bash", "-c", f'mount --bind "{folder}" "{folder}" && mount -o remount,ro,bind "{folder}" && exec "$@"', "bash"])
    contains(log, folder, "read-only")


@deadline(60)
def test_a_full_disk_refuses_questions_and_recovers(t):
    needs_mounts(t)
    folder = os.path.dirname(t.h.database)
    os.makedirs(folder, 0o700)
    made = t.backend(echo)
    daemon = t.daemon(f"backend = {made.url}\n", prefix=[
        "unshare", "-m", "bash", "-c", f'mount -t tmpfs -o size=4m,mode=700 none "{folder}" && exec "$@"', "bash"])
    t.run("ask", "before")

    def inside(*argv):
        subprocess.run(["nsenter", "-t", str(daemon.pid), "-m", *argv], check=False, capture_output=True)
    inside("bash", "-c", f'cat /dev/zero > "{folder}/filler"')
    refused = None
    for i in range(40):
        result = t.run("ask", f"while full {i} " + "x" * 50000, code=None)
        if result.code:
            refused = result
            break
    check(refused is not None, "forty questions of 50 kB went onto a full disk")
    equal(refused.code, 75, f"status on a full disk ({refused.err!r})")
    check(refused.err.strip(), "no words")
    stored = int(t.run("status", "--json").json["database"]["turns"])
    contains(t.run("ls").text, "before")
    equal(t.run("show", "before").code, 0, "reading while full")
    inside("rm", f"{folder}/filler")
    equal(t.run("ask", "after").text, "answer to after\n", "an answer once there is room")
    equal(int(t.run("status", "--json").json["database"]["turns"]), stored + 1, "turns")
    check(daemon.alive(), "the daemon died")


@deadline(60)
def test_a_disk_that_fills_in_mid_answer_keeps_what_it_can(t):
    needs_mounts(t)
    folder = os.path.dirname(t.h.database)
    os.makedirs(folder, 0o700)
    text = "".join(f"line {i:07d}\n" for i in range(400000))  # 5.2 MB on a disk of 4
    made = t.backend(says(text, step=4000))
    daemon = t.daemon(f"backend = {made.url}\n", prefix=[
        "unshare", "-m", "bash", "-c", f'mount -t tmpfs -o size=4m,mode=700 none "{folder}" && exec "$@"', "bash"])
    client = t.start("ask", "long")
    result = client.end(40)
    check(result.code != 0, "an answer that is not stored ended as if it were")
    check(result.err.strip(), "not a word")
    check(daemon.alive(), "the daemon died")
    t.run("status")
    contains(t.run("ls").text, "long")


def test_a_locked_database_waits_or_says_so(t):
    path = prepared(t)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    daemon = t.daemon(None, wait=False)
    eventually(lambda: not daemon.alive() or can_connect(t.h.socket), "a decision", 20)
    if daemon.alive():
        result = t.run("ask", "while locked", code=None)
        check(result.code in (0, 75), "status:", result)
    else:
        contains(daemon.log(), path, "lock")
    other.execute("ROLLBACK")
    other.close()


# ---- where things are ----

def test_without_xdg_everything_is_under_home_and_tmp(t):
    """A bare environment, as cron and su give it: the run-time folder is /run/user/UID or one in /tmp, 0700 and checked."""
    made = t.backend(echo)
    home = t.h.env["HOME"]
    config = t.h.path(".config/ragchat/ragchat.conf", f"backend = {made.url}\n")
    os.chmod(config, 0o600)
    env = {name: value for name, value in t.h.env.items() if not name.startswith("XDG_")}
    t.h.env.clear()
    t.h.env.update(env)
    folder = f"/tmp/ragchat-{os.getuid()}"
    if os.path.isdir(f"/run/user/{os.getuid()}") or os.path.lexists(folder):
        t.skip("this machine has a run-time folder of its own for us")
    try:
        equal(t.run("ask", "hello").text, "answer to hello\n", "answer")
        equal(stat_mode(folder), 0o700, f"mode of {folder}")
        check(os.path.exists(os.path.join(home, ".local/share/ragchat/chat_history.db")), "the database is elsewhere")
        t.run("daemon", "stop")
        eventually(lambda: not t.adopted(), "the daemon's end")
        os.chmod(folder, 0o755)
        contains(t.run("ask", "hello", code=None).err, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def stat_mode(path):
    return os.stat(path).st_mode & 0o7777


def test_names_in_the_environment_lead_the_client(t):
    made = t.backend(echo)
    path = os.path.join(t.h.dir, "run", "mine")
    t.h.socket = path
    t.daemon(f"backend = {made.url}\n", args=["-S", path])
    env = {"RAGCHAT_SOCKET": path, "RAGCHAT_THREAD": "from the environment", "RAGCHAT_MODEL": "env-model"}
    t.run("--no-autostart", "ask", "-c", "hello", env=env, code=None)
    t.run("--no-autostart", "ask", "-t", "x", "hello", env=env)
    equal(made.chats[-1].json["model"], "env-model", "RAGCHAT_MODEL")
    t.run("--no-autostart", "ask", "-m", "named", "hello", env=env)
    equal(made.chats[-1].json["model"], "named", "-m over RAGCHAT_MODEL")
    contains(t.run("--no-autostart", "status", env={"RAGCHAT_SOCKET": path + "x"}, code=69).err, path + "x")


def test_a_daemon_by_hand_follows_ragchat_config(t):
    made = t.backend(echo)
    path = t.h.path("my.conf", f"backend = {made.url}\n")
    os.chmod(path, 0o600)
    t.daemon(None, env={"RAGCHAT_CONFIG": path})
    equal(t.run("ask", "hello").text, "answer to hello\n", "answer")
    equal(t.run("status", "--json").json["server"]["config"], path, "the file in status")
