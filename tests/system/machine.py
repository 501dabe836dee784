"""A machine's daemon as a service manager would run it: an own user, a socket that is handed over, an
account for each member of a group. What needs other users needs root."""
import contextlib
import os
import queue
import shutil
import socket
import subprocess
import threading

from harness import Rpc, Client, check, eventually
from scripts import echo

USER = 12300   # the daemon's, and the group's number: none of them need to be in /etc/passwd
GROUP = 12300


@contextlib.contextmanager
def being(uid, gid=None, groups=()):
    """This process connects as another user: the kernel notes who calls connect(2)."""
    mine = os.getgroups()
    os.setgroups(list(groups))
    os.setresgid(-1, uid if gid is None else gid, -1)
    os.setresuid(-1, uid, -1)
    try:
        yield
    finally:
        os.setresuid(-1, 0, -1)
        os.setresgid(-1, 0, -1)
        os.setgroups(mine)


class Machine:
    def __init__(self, t, config="", user=USER, group=GROUP):
        if os.getuid() != 0:
            t.skip("needs root to become other users")
        self.t, self.user, self.group = t, user, group
        os.chmod(t.dir, 0o711)
        self.dir = os.path.join(t.dir, "machine")
        self.state, self.etc, self.bin = (os.path.join(self.dir, name) for name in ("lib", "etc", "bin"))
        self.socket = os.path.join(self.dir, "run", "sock")
        self.conf = os.path.join(self.etc, "ragchat.conf")
        self.database = os.path.join(self.state, "chat_history.db")
        for folder in (self.dir, self.state, self.etc, self.bin, os.path.dirname(self.socket)):
            os.mkdir(folder, 0o755)
        os.chown(self.state, user, group)
        os.chmod(self.state, 0o700)
        for name in os.listdir(t.bin):
            path = t.program(name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                shutil.copy2(path, self.bin)  # the tree may lie where others cannot go
        self.configure(config)
        self.listener = self.daemon = None
        self.notes = None

    def configure(self, text):
        """Through the harness' quick timers, then to where the daemon's user can read it."""
        shutil.copyfile(self.t.h.configure(f"database = {self.database}\n{text}"), self.conf)
        os.chown(self.conf, 0, self.group)
        os.chmod(self.conf, 0o640)

    def listen(self, mode=0o660):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.socket)
        os.chown(self.socket, 0, self.group)
        os.chmod(self.socket, mode)
        self.listener.listen(128)
        self.t.closers.append(self.listener.close)

    def start(self, args=(), env=None, notify=False, watchdog_ms=0, user=None, handed=True, wait=True, prefix=()):
        """As systemd starts it: LISTEN_FDS, NOTIFY_SOCKET, WATCHDOG_USEC, the user's id, no capabilities."""
        user = self.user if user is None else user
        if handed and not self.listener:
            self.listen()
        env = dict(env or {}, HOME=self.state)
        if notify:
            path = os.path.join(self.dir, "notify")
            if self.notes:
                self.notes.close()
                os.unlink(path)
            self.notes, self.said = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), queue.SimpleQueue()
            self.notes.bind(path)
            os.chmod(path, 0o666)
            self.t.closers.append(self.notes.close)
            threading.Thread(target=self.listen_to, args=(self.notes, self.said), daemon=True).start()
            env["NOTIFY_SOCKET"] = path
        if watchdog_ms:
            env["WATCHDOG_USEC"] = str(watchdog_ms * 1000)
        fd = self.listener.fileno() if handed else -1
        shell = f'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@" 3<&{fd}' if handed else 'exec "$@"'
        become = ["setpriv", "--reuid", str(user), "--regid", str(self.group), "--clear-groups", "--no-new-privs",
                  "--bounding-set", "-all", "--inh-caps", "-all"]
        self.t.h.socket = self.socket
        self.daemon = self.t.daemon(None, args=["-c", self.conf, *args], env=env, wait=wait and handed,
                                    prefix=[*prefix, "bash", "-c", shell, "bash", *become],
                                    pass_fds=(fd,) if handed else (), program=os.path.join(self.bin, "ragchatd"))
        return self.daemon

    def rpc(self, uid, gid=None, groups=None, **more):
        """A connection as this user, a member of the group by default."""
        with being(uid, gid, [self.group] if groups is None else groups):
            made = Rpc(self.socket, hello=False, **more)
        self.t.closers.append(made.close)
        made.greeting = made.call("hello", protocol=[1, 1], client="test", version="1")
        return made

    def client(self, uid, *args, groups=None, stdin=None, env=None):
        """ragchat on its way as this user."""
        home = os.path.join(self.dir, f"home{uid}")
        if not os.path.isdir(home):
            os.mkdir(home, 0o700)
            os.chown(home, uid, uid)
        groups = [self.group] if groups is None else groups
        become = ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups"]
        if groups:
            become[-1:] = ["--groups", ",".join(map(str, groups))]
        env = dict({key: value for key, value in self.t.h.env.items() if not key.startswith("XDG_")}, HOME=home,
                   XDG_RUNTIME_DIR=home, TMPDIR=home, RAGCHAT_SOCKET=self.socket, **(env or {}))
        made = Client(become + [os.path.join(self.bin, "ragchat"), *map(str, args)], env, stdin, cwd="/")
        self.t.clients.append(made)
        return made

    def run(self, uid, *args, code=0, timeout=20.0, **more):
        result = self.client(uid, *args, **more).end(timeout)
        return result if code is None else result.expect(code)

    @staticmethod
    def listen_to(notes, said):
        """At once, as a service manager does: a socket that nobody reads takes ten datagrams, and then no more."""
        try:
            while note := notes.recv(4096):
                said.put(note.decode())
        except OSError:
            pass

    def told(self, wanted, timeout=10.0):
        """Wait for this datagram to the service manager; gives it."""
        def arrived():
            try:
                note = self.said.get_nowait()
            except queue.Empty:
                return None
            return note if wanted in note.split("\n") else None
        return eventually(arrived, f"{wanted} to the service manager", timeout)

    def silent(self, seconds):
        """Nothing is told for so long."""
        try:
            self.said.get(timeout=seconds)
            return False
        except queue.Empty:
            return True


# ---- one whose users log in ----

QUICK = {"password_cost": 1, "password_max_cost": 2, "login_wait": "40ms", "login_wait_max": "120ms"}


def lines(values):
    return "".join(f"{name} = {value}\n" for name, value in values.items())


SYSTEM = lines(dict(QUICK, mode="system", group=GROUP))


def machine(t, auth="password", script=echo, **options):
    """A daemon that runs, with a connection of root's."""
    made = t.backend(script)
    m = Machine(t, lines(dict(QUICK, **{"mode": "system", "group": GROUP, "auth": auth, "backend": made.url, **options})))
    m.listen()
    m.start()
    m.root = m.rpc(0, groups=[])
    return m
