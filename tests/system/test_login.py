"""Passwords, tokens, roles and the record: who gets in, who waits, and what is written down about it."""
import glob
import os
import pty
import re
import sqlite3
import socket
import subprocess
import termios
import threading

from harness import Closed, Rpc, RpcError, check, contains, deadline, equal, eventually
from machine import GROUP, QUICK, SYSTEM, Machine, being, lines, machine
from scripts import words

ANN, BEN = 12401, 12402


def log_in(m, uid, account, password):
    rpc = m.rpc(uid)
    return rpc, rpc.call("auth.password", account=account, password=password)


def given(text):
    """The descriptor to read a password from, and what has to be passed on: (fd, pass_fds)."""
    r, w = os.pipe()
    os.write(w, text.encode())
    os.close(w)
    return r


def with_fd(m, uid, text, *args, code=0):
    """ragchat as this user, a password in descriptor 9."""
    fd = given(text)
    groups = ["--groups", str(GROUP)] if uid else ["--clear-groups"]
    home = os.path.join(m.dir, f"home{uid}")
    if not os.path.isdir(home):
        os.mkdir(home, 0o700)
        os.chown(home, uid, uid)
    env = dict({key: value for key, value in m.t.h.env.items() if not key.startswith("XDG_")}, HOME=home, RAGCHAT_SOCKET=m.socket)
    out = subprocess.run(["bash", "-c", f'exec "$@" 9<&{fd} {fd}<&-', "bash", "setpriv", "--reuid", str(uid), "--regid", str(uid), *groups,
                          os.path.join(m.bin, "ragchat"), *args, "--password-fd", "9"], env=env, pass_fds=(fd,), capture_output=True, timeout=90, cwd="/")
    os.close(fd)
    if out.returncode != code:
        raise AssertionError(f"ragchat {args} ended with {out.returncode}: {out.stdout} {out.stderr}")
    return out.stdout.decode() + out.stderr.decode()


def as_user(m, uid, *args):
    """Command line and environment of ragchat as this user."""
    home = os.path.join(m.dir, f"home{uid}")
    if not os.path.isdir(home):
        os.mkdir(home, 0o700)
        os.chown(home, uid, uid)
    env = dict({key: value for key, value in m.t.h.env.items() if not key.startswith("XDG_")}, HOME=home, RAGCHAT_SOCKET=m.socket, TERM="xterm")
    return ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--groups", str(GROUP), os.path.join(m.bin, "ragchat"), *args], env


def typed(m, uid, text, *args):
    """ragchat on a terminal, `text` typed at each prompt: (status, what the screen showed)."""
    command, env = as_user(m, uid, *args)
    pid, fd = pty.fork()
    if not pid:
        os.chdir("/")
        os.execvpe(command[0], command, env)
    out = bytearray()
    for line in text:
        asked = out.count(b": ")
        while out.count(b": ") == asked:
            out.extend(os.read(fd, 4096))
        # The prompt comes before the terminal is mute: typed ahead, a password would be seen, by its own fault.
        eventually(lambda: not termios.tcgetattr(fd)[3] & termios.ECHO, "a mute terminal")
        os.write(fd, line.encode())
    try:
        while piece := os.read(fd, 4096):
            out.extend(piece)
    except OSError:
        pass
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return status, out.decode()


# ---- passwords ----

def test_a_password_typed_at_a_terminal_is_not_shown(t):
    m = machine(t)
    m.root.call("account.add", name="ann", password="right horse")
    status, screen = typed(m, ANN, ["right horse\n"], "login", "ann")
    equal(status, 0, f"login: {screen}")
    check("horse" not in screen, f"shown: {screen}")
    status, screen = typed(m, ANN, ["half\x03"], "login", "ann")
    equal(status, 130, f"Ctrl-C: {screen}")
    contains(screen, "no password was given")


def test_a_credential_is_a_password_for_units(t):
    m = machine(t)
    m.root.call("account.add", name="ann", password="right horse")
    command, env = as_user(m, ANN, "login", "ann")
    credentials = os.path.join(m.dir, "credentials")
    os.mkdir(credentials, 0o755)
    with open(os.path.join(credentials, "ragchat-password"), "w", encoding="ascii") as f:
        f.write("right horse\n")
    out = subprocess.run(command, env=dict(env, CREDENTIALS_DIRECTORY=credentials), capture_output=True, stdin=subprocess.DEVNULL, timeout=90, cwd="/")
    equal(out.returncode, 0, f"login: {out.stderr}")
    out = subprocess.run(as_user(m, ANN, "whoami")[0], env=env, capture_output=True, stdin=subprocess.DEVNULL, timeout=90, cwd="/")
    contains(out.stdout.decode(), "ann")


def test_a_password_lets_in_its_account_and_no_other(t):
    m = machine(t)
    m.root.call("account.add", name="ann", password="right horse")
    m.root.call("account.add", name="ben")
    ann = m.rpc(ANN)
    equal(ann.greeting["account"], None, "account before the log-in")
    equal(ann.greeting["auth"], {"state": "required", "methods": ["password", "token"]}, "auth")
    ann.fails("unauthenticated", "thread.list")
    said = {str(ann.fails("unauthenticated", "auth.password", account=name, password=password))
            for name, password in (("ann", "wrong"), ("nobody-of-this-name", "x"), ("ben", "x"))}
    equal(len(said), 1, f"words of failures: {said}")
    equal(ann.call("auth.password", account="ann", password="right horse"), {"account": "ann", "role": "user"}, "the log-in")
    equal(ann.call("thread.list")["threads"], [], "threads")
    ann.fails("conflict", "auth.password", account="ben", password="x")
    ann.fails("forbidden", "account.list")
    # The account is the password's, whoever's uid it is.
    ben, _ = log_in(m, BEN, "ann", "right horse")
    _, stream = ann.ask("of ann")
    ann.finish(stream)
    equal(len(ben.call("thread.list")["threads"]), 1, "seen from another uid")


def test_what_comes_behind_a_log_in_is_judged_by_its_outcome(t):
    m = machine(t)
    m.root.call("account.add", name="ann", password="secret")
    rpc = m.rpc(ANN)
    first, second = rpc.send("auth.password", account="ann", password="secret"), rpc.send("thread.list")
    equal(rpc.reply(second)["threads"], [], "in the same breath")
    rpc.reply(first)
    rpc = m.rpc(ANN)
    rpc.send("auth.password", account="ann", password="wrong")
    rpc.fails("unauthenticated", "thread.list")


def test_a_group_is_shared_with_whoever_logs_in_under_its_own_uid(t):
    m = machine(t, "peer+password")
    for uid, name in ((ANN, "ann"), (BEN, "ben")):
        m.root.call("account.add", name=name, uid=uid, password=f"of {name}")
    ann, _ = log_in(m, ANN, "ann", "of ann")
    reply, stream = ann.ask("of ann")
    ann.finish(stream)
    ann.call("share.add", thread=reply["thread"], **{"with": "@12477"})
    ben = m.rpc(BEN, groups=[GROUP, 12477])
    ben.call("auth.password", account="ben", password="of ben")
    eventually(lambda: any(row["thread"] == reply["thread"] for row in ben.call("thread.list")["threads"]), "the shared thread")
    stranger, _ = log_in(m, ANN, "ann", "of ann")
    equal(len(stranger.call("thread.list")["threads"]), 1, "Ann's own")


def test_both_means_the_uid_and_its_password(t):
    m = machine(t, "peer+password")
    for uid, name in ((ANN, "ann"), (BEN, "ben")):
        m.root.call("account.add", name=name, uid=uid, password=f"of {name}")
    rpc = m.rpc(ANN)
    rpc.fails("unauthenticated", "auth.password", account="ben", password="of ben")
    equal(rpc.call("auth.password", account="ann", password="of ann")["account"], "ann", "account")
    token = rpc.call("token.create", portable=True)["token"]
    m.rpc(BEN).fails("unauthenticated", "auth.token", token=token)
    equal(m.rpc(ANN).call("auth.token", token=token)["account"], "ann", "account")


def test_under_peer_there_is_nothing_to_log_in_to(t):
    m = machine(t, "peer")
    rpc = m.rpc(ANN)
    for method, params in (("auth.password", {"account": "x", "password": "y"}), ("auth.token", {"token": "z"}), ("token.create", {})):
        rpc.fails("not_configured", method, **params)
    contains(m.run(ANN, "login").err, "uid-12401")


def test_failures_make_wait_for_a_while_and_nobody_for_good(t):
    m = machine(t, login_wait="2s", login_wait_max="2s")
    m.root.call("account.add", name="ann", password="right")
    rpc = m.rpc(ANN)
    for _ in range(3):
        rpc.fails("unauthenticated", "auth.password", account="ann", password="wrong")
    error = rpc.fails("rate_limited", "auth.password", account="ann", password="right")
    check(0 < error.error["retry_ms"] <= 2000, "retry_ms:", error.error)
    # Another uid does not wait for it, and neither does another account.
    log_in(m, BEN, "ann", "right")
    rpc.fails("unauthenticated", "auth.password", account="other", password="x")

    def gets_in():
        try:
            return m.rpc(ANN).call("auth.password", account="ann", password="right")
        except RpcError as e:
            equal(e.name, "rate_limited", "while it waits")
            return None
    eventually(gets_in, "the log-in after the wait")


def m_config(m, **values):
    """The configuration with these options changed."""
    with open(m.conf, encoding="utf-8") as f:
        kept = [line for line in f.read().splitlines() if line.split(" =")[0] not in {"database", *values}]
    return "\n".join(kept) + "\n" + lines(values)


def test_a_connection_that_fails_too_often_is_closed(t):
    m = machine(t, login_free=100)
    rpc = m.rpc(ANN)
    for _ in range(5):
        rpc.fails("unauthenticated", "auth.password", account="ann", password="x")
    notes = rpc.until_closed()
    contains(str(notes), "logins")
    slow = machine_with_short_login(t, m)
    slow.until_closed()


def machine_with_short_login(t, m):
    m.configure(m_config(m, login_timeout="1s"))
    m.root.call("daemon.reload")
    return m.rpc(ANN)


def hash_of(m, name):
    return t_sql(m, "SELECT a.password FROM ragchat_account a JOIN users u ON u.id = a.id WHERE u.identifier = ?", name)[0]["password"]


def t_sql(m, query, *values):
    return m.t.sql(query, *values, path=m.database)


def test_a_weak_hash_is_made_anew_and_one_that_costs_too_much_is_never_computed(t):
    m = machine(t)
    m.root.call("account.add", name="ann", password="right")
    contains(hash_of(m, "ann"), "$y$j75$")
    m.configure(m_config(m, password_cost=2))
    m.root.call("daemon.reload")
    log_in(m, ANN, "ann", "right")
    eventually(lambda: "$y$j85$" in hash_of(m, "ann"), "a better hash")
    log_in(m, ANN, "ann", "right")
    m.daemon.stop()
    for row in ("$y$jFT$k2XAnEHBqQ1Ct2aMXFKNa/$" + "a" * 43, "$6$rounds=2000000$salt$" + "a" * 86, "", "!", "*", "right", "$y$j75$"):
        db = sqlite3.connect(m.database)
        db.execute("UPDATE ragchat_account SET password = ?", (row,))
        db.commit()
        db.close()
        for suffix in ("-wal", "-shm"):
            if os.path.exists(m.database + suffix):
                os.chown(m.database + suffix, m.user, m.group)
        m.start()
        rpc = m.rpc(ANN)
        rpc.fails("unauthenticated", "auth.password", account="ann", password="right")
        rpc.fails("unauthenticated", "auth.password", account="ann", password=row or "x")
        m.daemon.stop()


@deadline(60)
def test_the_right_user_gets_in_and_answers_go_on_during_an_attack(t):
    m = machine(t, script=words(150, 0.01), password_cost=5, password_max_cost=5)
    m.root.call("account.add", name="ann", password="right")
    ann, _ = log_in(m, ANN, "ann", "right")
    streams = [ann.ask(f"question {i}")[1] for i in range(20)]
    stop, tried = threading.Event(), []
    with being(BEN, groups=[GROUP]):
        attackers = [Rpc(m.socket, hello=False) for _ in range(24)]

    def attack(rpc, number):
        try:
            rpc.call("hello", protocol=[1, 1])
            for i in range(1000):
                if stop.is_set():
                    return
                try:
                    rpc.call("auth.password", account="ann" if i % 2 else f"x{number}-{i}", password="wrong")
                except RpcError as e:
                    tried.append(e.name)
        except (Closed, OSError):
            pass
    threads = [threading.Thread(target=attack, args=(rpc, i), daemon=True) for i, rpc in enumerate(attackers)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(tried) > 50, "an attack")

    def gets_in():
        try:
            return log_in(m, ANN + 10, "ann", "right")
        except RpcError as e:
            equal(e.name, "busy", "the right user during an attack")
            return None
    eventually(gets_in, "the right user's log-in")
    for stream in streams:
        ann.finish(stream)
        equal(stream.done["state"], "done", "a stream during the attack")
    eventually(lambda: "rate_limited" in tried, "an attacker who has to wait")
    stop.set()
    for thread in threads:
        thread.join(10)
    for rpc in attackers:
        rpc.close()


# ---- tokens ----

def test_a_token_is_its_uids_unless_portable(t):
    m = machine(t)
    m.root.call("account.add", name="ann", password="right")
    ann, _ = log_in(m, ANN, "ann", "right")
    bound, free = ann.call("token.create", label="mine"), ann.call("token.create", portable=True)
    check(re.fullmatch(r"rct_[A-Za-z0-9_-]{43}", bound["token"]), "the token's shape:", bound["token"])
    equal(m.rpc(ANN).call("auth.token", token=bound["token"])["account"], "ann", "by the token")
    m.rpc(BEN).fails("unauthenticated", "auth.token", token=bound["token"])
    equal(m.rpc(BEN).call("auth.token", token=free["token"])["account"], "ann", "a portable one")
    by_token = m.rpc(ANN)
    by_token.call("auth.token", token=bound["token"])
    equal({token["id"]: token["current"] for token in by_token.call("token.list")["tokens"]}, {bound["id"]: True, free["id"]: False}, "tokens")
    equal(ann.call("token.revoke", id=bound["id"])["revoked"], 1, "revoked")
    by_token.until_closed()
    m.rpc(ANN).fails("unauthenticated", "auth.token", token=bound["token"])
    short = ann.call("token.create", ttl_s=1)["token"]

    def expired():
        try:
            m.rpc(ANN).call("auth.token", token=short)
        except RpcError as e:
            return e.name == "unauthenticated"
    eventually(expired, "the token's end")
    for junk in ("", "rct_", "rct_" + "A" * 43, "x" * 47):
        rpc = m.rpc(ANN + 7 + len(junk))
        rpc.fails("bad_params" if not junk else "unauthenticated", "auth.token", token=junk)
    ann.fails("not_found", "token.revoke", id="00000000")
    check(ann.call("token.revoke", all=True)["revoked"] >= 1, "none was left")
    m.rpc(BEN).fails("unauthenticated", "auth.token", token=free["token"])


# ---- the client ----

def test_log_in_once_and_then_as_ever(t):
    m = machine(t)
    with_fd(m, 0, "first secret\n", "user", "add", "ann", "--uid", str(ANN))
    contains(m.run(ANN, "ls", code=77).err, "ragchat login")
    contains(m.run(ANN, "whoami", code=77).err, "login")
    contains(with_fd(m, ANN, "nonsense\n", "login", "ann", code=77), "wrong account or password")
    with_fd(m, ANN, "first secret\n", "login", "ann")
    equal(m.run(ANN, "whoami", "--json").json, {"account": "ann", "role": "user", "uid": ANN, "by": "token"}, "whoami")
    equal(m.run(ANN, "ask", "hello").text, "answer to hello\n", "an answer")
    kept, = glob.glob(os.path.join(m.dir, f"home{ANN}", ".local/state/ragchat/token-*"))
    equal(os.stat(kept).st_mode & 0o777, 0o600, "mode of the token")
    # A stolen copy is of no use to another.
    theirs = kept.replace(f"home{ANN}", f"home{BEN}")
    m.run(BEN, "whoami", code=77)
    subprocess.run(["install", "-D", "-o", str(BEN), "-g", str(BEN), "-m", "600", kept, theirs], check=True)
    subprocess.run(["chown", "-R", f"{BEN}:{BEN}", os.path.join(m.dir, f"home{BEN}")], check=True)
    contains(m.run(BEN, "whoami", code=77).err, "not valid here", "login")
    os.chmod(kept, 0o644)
    contains(m.run(ANN, "ls", code=77).err, "others can read it")
    os.chmod(kept, 0o600)
    with_fd(m, ANN, "first secret\nsecond secret\n", "passwd")
    m.run(ANN, "ls")  # with a token made anew
    with_fd(m, ANN, "first secret\n", "login", "ann", code=77)
    made = m.run(ANN, "token", "create", "--label", "for cron").text.strip()
    contains(m.run(ANN, "token").text, "for cron", "*")
    equal(m.rpc(ANN).call("auth.token", token=made)["account"], "ann", "the printed token")
    m.run(ANN, "token", "revoke", "--all")
    m.run(ANN, "ls", code=77)
    with_fd(m, ANN, "second secret\n", "login", "ann")
    m.run(ANN, "logout")
    equal(glob.glob(os.path.join(m.dir, f"home{ANN}", ".local/state/ragchat/token-*")), [], "tokens left")
    m.run(ANN, "whoami", code=77)


def test_an_admin_manages_accounts_and_reads_the_record_but_nobodys_threads(t):
    m = machine(t, "peer")
    ann = m.rpc(ANN)
    _, stream = ann.ask("what only ann may read")
    ann.finish(stream)
    m.run(ANN, "user", code=77)
    m.run(0, "user", "add", "ben", "--uid", str(BEN), "--role", "admin", groups=[])
    contains(m.run(0, "user", groups=[]).text, "ben", "admin", f"uid-{ANN}", "root")
    m.run(0, "user", "add", "ben", groups=[], code=75)
    contains(m.run(BEN, "whoami").text, "ben (admin")
    ben = m.rpc(BEN)
    row = next(row for row in ben.call("account.list")["accounts"] if row["account"] == f"uid-{ANN}")
    equal(row["threads"], 1, "figures")
    check("only ann" not in str(row), "more than figures:", row)
    equal(ben.call("thread.list")["threads"], [], "threads of others")
    m.run(0, "user", "role", "ben", "user", groups=[])
    ben.fails("forbidden", "account.list")  # also where it was connected
    log = m.run(0, "user", "log", "--json", groups=[]).json["records"]
    equal([(row["kind"], row["account"], row["by"]) for row in log][:2], [("account.role", "ben", "root"), ("account.add", "ben", "root")], "record")
    m.run(0, "user", "rm", f"uid-{ANN}", groups=[])
    ann.until_closed()
    eventually(lambda: not t_sql(m, "SELECT 1 FROM threads") and not t_sql(m, "SELECT 1 FROM steps")
               and not t_sql(m, "SELECT 1 FROM ragchat_turn") and not t_sql(m, "SELECT 1 FROM users WHERE identifier LIKE 'removed%'"),
               "the end of all that ann owned")
    equal(m.rpc(ANN).call("thread.list")["threads"], [], "a new account of the same uid")
    m.root.fails("conflict", "account.remove", account="root")


def test_a_removed_account_takes_its_documents_along(t):
    m = Machine(t, f"{SYSTEM}auth = peer\nbackend = none\n")
    m.start()
    path = os.path.join(m.dir, "note.md")
    with open(path, "w", encoding="utf-8") as f:
        f.write("The heron is grey.\n")
    m.run(ANN, "upload", path)
    m.run(BEN, "upload", path)
    m.run(0, "user", "rm", f"uid-{ANN}", groups=[])
    library = os.path.join(m.state, "library.db")
    eventually(lambda: len(m.t.sql("SELECT 1 FROM document WHERE state = 1", path=library)) == 1, "one document left")
    contains(m.run(BEN, "docs").text, "note.md")


# ---- the seed's account ----

def test_ones_own_daemon_obeys_behind_a_password_too(t):
    daemon = t.daemon(lines(QUICK))
    account = t.rpc().call("status")["account"]
    t.run("passwd", "--password-fd", "0", stdin="right horse\n")
    daemon.stop()
    daemon = t.daemon(f"{lines(QUICK)}auth = password\n")
    t.run("daemon", "stop", code=77)
    t.run("login", "--password-fd", "0", account, stdin="right horse\n")
    contains(t.run("whoami").text, "admin")
    t.run("daemon", "stop")
    equal(daemon.wait(), 0, "its end")


def test_app_user_becomes_an_account_once(t):
    env = {"APP_USER": "alice", "APP_PASSWORD": "wonderland-7"}
    daemon = t.daemon(f"{lines(QUICK)}auth = password\n", env=env)
    rpc = t.rpc()
    equal(rpc.call("auth.password", account="alice", password="wonderland-7"), {"account": "alice", "role": "admin"}, "log-in")
    rpc.call("auth.passwd", old="wonderland-7", new="looking-glass-8")
    with open(f"/proc/{daemon.pid}/environ", "rb") as f:
        check(b"wonderland" not in f.read(), "the password is in the environment")
    daemon.stop()
    t.daemon(None, env=env)
    t.rpc().fails("unauthenticated", "auth.password", account="alice", password="wonderland-7")
    t.rpc().call("auth.password", account="alice", password="looking-glass-8")


def test_admin_admin_is_refused_where_passwords_count(t):
    code, log = t.daemon_fails("auth = password\n", env={"APP_USER": "admin", "APP_PASSWORD": "admin"})
    equal(code, 78, "status")
    contains(log, "admin/admin", "choose another")
    code, log = t.daemon_fails("auth = password\n")
    equal(code, 78, "status")
    contains(log, "no account has a password", "APP_USER")


# ---- who is spoken to ----

def test_no_secret_reaches_a_fake_daemon_on_the_path(t):
    m = machine(t)
    with_fd(m, 0, "first secret\n", "user", "add", "ann", "--uid", str(ANN))
    with_fd(m, ANN, "first secret\n", "login", "ann")
    m.daemon.stop()
    m.listener.close()
    os.unlink(m.socket)
    heard = []
    with being(BEN):  # the kernel notes who calls listen(2)
        folder = os.path.join(m.dir, "run")
        os.setresuid(-1, 0, -1)
        os.chmod(folder, 0o777)
        os.setresuid(-1, BEN, -1)
        fake = socket.socket(socket.AF_UNIX)
        fake.bind(m.socket)
        os.chmod(m.socket, 0o777)
        fake.listen(8)

    def serve():
        while True:
            try:
                peer, _ = fake.accept()
            except OSError:
                return
            peer.settimeout(5)
            try:
                heard.append(peer.recv(4096))
            except OSError:
                pass
            peer.close()
    threading.Thread(target=serve, daemon=True).start()
    contains(m.run(ANN, "ls", code=77).err, str(BEN), "nothing was sent")
    with_fd(m, ANN, "first secret\n", "login", "ann", code=77)
    eventually(lambda: len(heard) >= 2, "two calls")
    equal(b"".join(heard), b"", "what the fake daemon heard")
    fake.close()


# ---- where secrets must not be ----

def test_no_secret_is_anywhere_but_where_it_belongs(t):
    secrets = {"password": "Planted-Password-1", "new": "Planted-Password-2", "wrong": "Planted-Wrong-3", "key": "Planted-Key-4", "cli": "Planted-Cli-5"}
    made = t.backend(words(200, 0.01))
    m = Machine(t, f"{SYSTEM}auth = password\nbackend = {made.url}\napi_key_file = {os.path.join(t.dir, 'machine', 'lib', 'key')}\nlog = trace\n")
    key = os.path.join(m.state, "key")
    with open(key, "w", encoding="ascii") as f:
        f.write(secrets["key"])
    os.chmod(key, 0o600)
    os.chown(key, m.user, m.group)
    m.start()
    root = m.rpc(0, groups=[])
    said = [root.call("account.add", name="ann", password=secrets["password"])]
    rpc = m.rpc(ANN)
    said.append(str(rpc.fails("unauthenticated", "auth.password", account="ann", password=secrets["wrong"])))
    said.append(rpc.call("auth.password", account="ann", password=secrets["password"]))
    token = rpc.call("token.create", label="x")["token"]
    said.append(str(rpc.fails("forbidden", "auth.passwd", old=secrets["wrong"], new=secrets["new"])))
    said.append(str(m.rpc(BEN).fails("unauthenticated", "auth.token", token=token)))
    other = m.rpc(ANN)
    other.call("auth.token", token=token)
    root.call("account.add", name="ben", uid=BEN, password=secrets["cli"])
    with_fd(m, BEN, secrets["cli"] + "\n", "login", "ben")
    client = m.client(BEN, "-v", "ask", "slow")
    client.wait_out(1)
    kept, = glob.glob(os.path.join(m.dir, f"home{BEN}", ".local/state/ragchat/token-*"))
    with open(kept, encoding="ascii") as f:
        secrets["kept"] = f.read().strip()
    secrets["token"] = token
    for entry in os.listdir("/proc"):
        for name in ("cmdline", "environ"):
            try:
                with open(f"/proc/{entry}/{name}", "rb") as f:
                    data = f.read()
            except OSError:
                continue
            for what, secret in secrets.items():
                check(secret.encode() not in data, f"the {what} is in /proc/{entry}/{name}")
    rpc.call("auth.passwd", old=secrets["password"], new=secrets["new"])
    said += [root.call("record.list"), root.call("account.list"), root.call("status")]
    result = client.end()
    m.daemon.stop()
    texts = {"the log": m.daemon.log(), "replies": str(said), "the client's words": result.err}
    for path in (m.database, os.path.join(m.state, "library.db")):
        db = sqlite3.connect(path)
        texts[path] = "\n".join(db.iterdump())
        db.close()
    for path in glob.glob(os.path.join(m.state, "**"), recursive=True):
        if path != key and os.path.isfile(path):
            with open(path, "rb") as f:
                texts[f"the bytes of {path}"] = f.read().decode("latin-1")
    for where, text in texts.items():
        for what, secret in secrets.items():
            check(secret not in text, f"the {what} is in {where}")
    contains(texts[m.database], "$y$")


def test_the_daemon_is_not_dumpable_and_leaves_no_core(t):
    if t.sanitizer:
        t.skip("a sanitizer build stays traceable")
    m = machine(t)
    with open(f"/proc/{m.daemon.pid}/limits", encoding="ascii") as f:
        check(re.search(r"Max core file size\s+0\s+0", f.read()), "cores are allowed")
    equal(os.stat(f"/proc/{m.daemon.pid}/mem").st_uid, 0, "owner of its memory: its own user may not look")
