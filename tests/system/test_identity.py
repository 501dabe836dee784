"""Who is who: real uids meet a daemon of one user and one of the machine, and each gets what is due."""
import os
import subprocess

from harness import Rpc, RpcError, check, contains, equal
from machine import GROUP, Machine, being
from scripts import echo

ANN, BEN = 12401, 12402
SYSTEM = f"mode = system\ngroup = {GROUP}\n"


def machine(t, config="", mode=0o660, **more):
    made = t.backend(echo)
    m = Machine(t, f"{SYSTEM}backend = {made.url}\n{config}", **more)
    m.listen(mode)
    m.start()
    m.rpc(0, groups=[]).close()  # it serves: the socket was there before it
    return m


def greet(m, uid, gid=None, groups=()):
    """What hello says to this user: the greeting, or the error."""
    with being(uid, gid, groups):
        rpc = Rpc(m.socket, hello=False)
    m.t.closers.append(rpc.close)
    try:
        return rpc.call("hello", protocol=[1, 1], client="test", version="1"), rpc
    except RpcError as error:
        return error, rpc


def refused(m, uid, **more):
    answer, rpc = greet(m, uid, **more)
    check(isinstance(answer, RpcError), "uid", uid, "was greeted:", answer)
    equal(answer.name, "forbidden", "the error")
    rpc.fails("unauthenticated", "thread.list")


# ---- the machine's daemon ----

def test_a_member_has_an_account_of_its_own_and_root_is_an_admin(t):
    m = machine(t)
    ann, ben, root = m.rpc(ANN), m.rpc(BEN, gid=GROUP, groups=[]), m.rpc(0, groups=[])
    equal((ann.greeting["account"], ann.greeting["role"]), (f"uid-{ANN}", "user"), "by a supplementary group")
    equal((ben.greeting["account"], ben.greeting["role"]), (f"uid-{BEN}", "user"), "by the primary group")
    equal((root.greeting["account"], root.greeting["role"]), ("root", "admin"), "root")
    equal(ann.greeting["auth"], {"state": "ok", "methods": []}, "auth")
    _, stream = ann.ask("what ann asks")
    ann.finish(stream)
    equal([thread["name"] for thread in ann.call("thread.list")["threads"]], ["what ann asks"], "ann's threads")
    equal(ben.call("thread.list")["threads"], [], "ben's threads")
    equal(root.call("thread.list")["threads"], [], "root's threads")
    again = m.rpc(ANN)
    equal(again.greeting["account"], f"uid-{ANN}", "the second time")
    equal(len(m.t.sql("SELECT 1 FROM ragchat_account", path=m.database)), 3, "accounts")
    m.daemon.stop()
    m.start()
    equal(len(m.rpc(ANN).call("thread.list")["threads"]), 1, "ann's threads after a restart")


def test_who_is_no_member_is_stopped_by_the_socket_and_by_us_besides(t):
    m = machine(t)
    try:
        with being(ANN):
            Rpc(m.socket, hello=False)
    except PermissionError:
        pass
    else:
        check(False, "the socket's mode let a stranger in")
    result = m.run(ANN, "status", groups=[], code=77)
    contains(result.err, m.socket)
    os.chmod(m.socket, 0o666)  # an administrator's slip
    refused(m, ANN)
    refused(m, ANN, groups=[GROUP + 1, GROUP + 2])
    contains(m.run(ANN, "status", groups=[], code=77).err, "members")
    equal(m.t.sql("SELECT uid FROM ragchat_account WHERE uid != 0", path=m.database), [], "accounts")


def test_nobody_is_refused_though_a_member(t):
    m = machine(t)
    refused(m, 65534, groups=[GROUP])
    contains(m.run(65534, "status", code=77).err, "nobody")


def test_a_member_of_many_groups_is_found_among_them(t):
    m = machine(t)
    many = [50000 + i for i in range(200)] + [GROUP]
    answer, _ = greet(m, ANN, groups=many)
    equal(answer["account"], f"uid-{ANN}", "account")


def test_a_peer_in_a_user_namespace_counts_as_what_it_is_outside(t):
    m = machine(t)
    if subprocess.run(["setpriv", "--reuid", str(ANN), "--clear-groups", "unshare", "-U", "true"], capture_output=True).returncode:
        t.skip("this kernel gives users no namespaces")
    for unshare in (["unshare", "-U"], ["unshare", "-U", "-r"]):
        code = "import sys; sys.path.insert(0, sys.argv[1]); import harness; r = harness.Rpc(sys.argv[2]); " \
               "print(r.greeting['uid'], r.greeting['account'], r.greeting['role'])"
        out = subprocess.run(["setpriv", "--reuid", str(ANN), "--regid", str(ANN), "--groups", str(GROUP), *unshare, "/usr/bin/python3", "-c", code,
                              os.path.dirname(os.path.abspath(__file__)), m.socket], capture_output=True, timeout=90, text=True, cwd="/")
        equal(out.stdout.split(), [str(ANN), f"uid-{ANN}", "user"], f"{unshare} ({out.stderr[-300:]})")


def test_who_connected_counts_and_not_who_writes(t):
    """The kernel notes connect(2): a descriptor that is handed on stays its first owner's."""
    m = machine(t)
    with being(ANN, groups=[GROUP]):
        rpc = Rpc(m.socket, hello=False)
    t.closers.append(rpc.close)
    equal(rpc.call("hello", protocol=[1, 1])["account"], f"uid-{ANN}", "written by root, connected by ann")


def test_what_is_an_admins_is_refused_to_others_in_one_place(t):
    m = machine(t)
    ann, root = m.rpc(ANN), m.rpc(0, groups=[])
    only = [method["name"] for method in ann.call("api.info")["methods"] if method["needs"] == "admin"]
    check({"daemon.stop", "daemon.reload"} <= set(only), "methods for an admin:", only)
    for name in only:
        ann.fails("forbidden", name)
    check(m.daemon.alive(), "a user ended the daemon")
    root.call("daemon.reload")


def test_requests_behind_a_hello_wait_for_its_outcome(t):
    m = machine(t)
    with being(ANN, groups=[GROUP]):
        rpc = Rpc(m.socket, hello=False)
    t.closers.append(rpc.close)
    first, second = rpc.send("hello", protocol=[1, 1]), rpc.send("thread.list")
    equal(rpc.reply(second)["threads"], [], "asked in the same breath")
    equal(rpc.reply(first)["account"], f"uid-{ANN}", "account")


def test_an_account_of_the_same_name_is_not_handed_over(t):
    m = machine(t)
    m.daemon.stop()
    db = f"INSERT INTO users(id, identifier, createdAt, metadata) VALUES('8d3f0b3a-1111-4222-8333-444455556666', 'uid-{ANN}', '2024-01-01T00:00:00Z', '{{}}')"
    subprocess.run(["setpriv", "--reuid", str(m.user), "--regid", str(m.group), "--clear-groups", "/usr/bin/python3", "-c",
                    "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute(sys.argv[2]); d.commit()", m.database, db], check=True, cwd="/")
    m.start()
    equal(m.rpc(ANN).greeting["account"], f"uid-{ANN}-{ANN}", "account")


# ---- what a daemon of the machine does not start without ----

def test_it_refuses_to_start_where_it_cannot_tell_users_apart(t):
    m = Machine(t, SYSTEM)
    if subprocess.run(["unshare", "-U", "-r", "true"], capture_output=True).returncode:
        t.skip("this kernel gives no user namespaces")
    m.listen()
    daemon = t.daemon(None, args=["-c", m.conf], wait=False, program=os.path.join(m.bin, "ragchatd"), pass_fds=(m.listener.fileno(),),
                      prefix=["bash", "-c", f'exec 3<&{m.listener.fileno()}; export LISTEN_FDS=1; exec unshare -U -r bash -c \'export LISTEN_PID=$$; exec "$@"\' bash "$@"', "bash"])
    equal(daemon.wait(), 78, "status")
    contains(daemon.log(), "namespace", "PrivateUsers")


def test_it_refuses_to_start_without_a_group_or_a_socket_of_the_manager(t):
    m = Machine(t, SYSTEM.replace(f"group = {GROUP}", "group = no-such-group"))
    daemon = m.start(wait=False)
    equal(daemon.wait(), 78, "status")
    contains(daemon.log(), "no-such-group", "groupadd")
    m.configure(SYSTEM)
    daemon = m.start(wait=False, handed=False)
    equal(daemon.wait(), 78, "status")
    contains(daemon.log(), "ragchatd.socket")


def test_system_on_the_command_line_wins_over_the_file(t):
    m = Machine(t, f"group = {GROUP}\n")
    m.start(args=["--system"])
    equal(m.rpc(ANN).greeting["account"], f"uid-{ANN}", "account")
    out = subprocess.run([t.program("ragchatd"), "--system", "--check"], env=t.h.env, capture_output=True, text=True, timeout=90)
    contains(out.stdout, "/var/lib/ragchat/chat_history.db", "/run/ragchat/sock", "system")


# ---- the daemon of one user ----

def test_a_users_daemon_serves_its_user_and_root_only_when_told(t):
    m = Machine(t, "allow_root = no\n")
    m.listen(0o666)
    m.start()
    answer, rpc = greet(m, m.user)
    equal((answer["role"], answer["auth"]), ("admin", {"state": "ok", "methods": []}), "its own user")
    own = answer["account"]
    for uid in (ANN, 65534):
        refused(m, uid)
        refused(m, uid, gid=GROUP, groups=[GROUP])
    answer, _ = greet(m, 0)
    contains(str(answer), "allow_root")
    m.configure("allow_root = yes\n")
    rpc.call("daemon.reload")
    answer, _ = greet(m, 0)
    equal(answer["account"], own, "root's account")
    refused(m, ANN)
