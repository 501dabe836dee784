"""What a system test works with: homes, daemons, clients, raw connections, backends, databases.

A test is a function test_STORY(t) in a test_*.py file. `t` gives everything; whatever a test has
started is ended and looked at when it is over: a daemon must leave with status 0 and without a
sanitizer's report. Run one by hand with tests/run --bin build/bin --unit build/tests NAME.
"""
import argparse
import collections
import ctypes
import faulthandler
import fcntl
import glob
import hashlib
import importlib
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import traceback

import mp
import server

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "data")
REPORTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "WARNING: ThreadSanitizer",
           "AddressSanitizer:DEADLYSIGNAL", "assertion", "Assertion")

# Every timer that would make a test wait, in tens of milliseconds; what cuts work off where a machine is busy, in many
# seconds. A test's own words win.
FAST = {
    "retry_base": "20ms", "retry_max": "5s", "finish_grace": "100ms", "socket_check": "50ms",
    "connect_timeout": "15s", "first_byte_timeout": "60s", "idle_timeout": "60s", "shutdown_grace": "200ms",
    "search_timeout": "20s", "retrieval_timeout": "20s", "pdf_timeout": "60s",
    "log": "debug",
}


def deadline(seconds):
    """How long a test may take (30 s unless told); read by tests/run."""
    return lambda function: function


def torture(function):
    """Only in make torture."""
    return function


class Skip(Exception):
    pass


class Late(Exception):
    pass


class Died(AssertionError):
    """A daemon that was to live has ended."""


def check(claim, *words):
    if not claim:
        raise AssertionError(" ".join(str(word) for word in words) or "does not hold")


def equal(got, wanted, what="value"):
    if got != wanted:
        raise AssertionError(f"{what} is {shorten(got)}, wanted {shorten(wanted)}")


def shorten(value, limit=1500):
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit // 2]} ... {text[-limit // 2:]} ({len(text)})"


def contains(text, *words):
    for word in words:
        if word not in text:
            raise AssertionError(f"{word!r} is not in {shorten(text)}")


def eventually(claim, what="it", timeout=10.0, pause=0.01):
    """Wait until claim() holds and give what it returned."""
    end = time.monotonic() + timeout * SLOW
    while True:
        value = claim()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {timeout * SLOW:.0f} s")
        time.sleep(pause)


SLOW = 3  # a busy machine needs that much more than a quiet one; 8 in sanitizer builds


# ---- the client ----

class Result:
    """What a client left: code, out (bytes), err (text)."""

    def __init__(self, argv, code, out, err):
        self.argv, self.code, self.out, self.err = argv, code, out, err.decode("utf-8", "replace")

    @property
    def text(self):
        return self.out.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        """The objects of --jsonl."""
        return [json.loads(line) for line in self.out.splitlines()]

    def expect(self, code=0):
        if self.code != code:
            raise AssertionError(f"ragchat {' '.join(map(str, self.argv))} ended with {self.code}, wanted {code}\n"
                                 f"  stdout: {shorten(self.out)}\n  stderr: {shorten(self.err)}")
        return self

    def __repr__(self):
        return f"<{self.argv} -> {self.code} out={shorten(self.out, 400)} err={shorten(self.err, 400)}>"


class Client:
    """A ragchat on its way: stdout is read as it comes."""

    def __init__(self, argv, env, stdin=None, cwd=None, stdout=None, unread=False, preexec=None):
        self.argv = argv[1:]
        feed = subprocess.DEVNULL if stdin is None else subprocess.PIPE
        self.process = subprocess.Popen(argv, env=env, stdin=feed, cwd=cwd, preexec_fn=preexec,
                                        stdout=subprocess.PIPE if stdout is None else stdout, stderr=subprocess.PIPE)
        self.pid = self.process.pid
        self.out, self.err = bytearray(), bytearray()
        self.arrivals = []  # (monotonic, bytes so far)
        self.threads = []
        if stdout is None and not unread:
            self.read_on(self.process.stdout, self.out, self.arrivals)
        self.read_on(self.process.stderr, self.err, None)
        if isinstance(stdin, (bytes, str)):
            self.give(stdin if isinstance(stdin, bytes) else stdin.encode())

    def read_on(self, pipe, into, arrivals):
        def loop():
            while True:
                piece = os.read(pipe.fileno(), 65536)
                if not piece:
                    return
                into.extend(piece)
                if arrivals is not None:
                    arrivals.append((time.monotonic(), len(into)))
        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        self.threads.append(thread)

    def give(self, data, close=True):
        def loop():
            try:
                self.process.stdin.write(data)
                self.process.stdin.flush()
                if close:
                    self.process.stdin.close()
            except (BrokenPipeError, ValueError):
                pass
        threading.Thread(target=loop, daemon=True).start()

    def wait_out(self, wanted, timeout=10.0):
        """Wait until stdout has these bytes (or this many)."""
        if isinstance(wanted, int):
            eventually(lambda: len(self.out) >= wanted, f"{wanted} bytes of output", timeout)
        else:
            wanted = wanted if isinstance(wanted, bytes) else wanted.encode()
            eventually(lambda: wanted in self.out, f"{wanted!r} in the output {bytes(self.out)!r}", timeout)

    def signal(self, number):
        self.process.send_signal(number)

    def running(self):
        return self.process.poll() is None

    def end(self, timeout=20.0):
        try:
            self.process.wait(timeout * SLOW)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"ragchat {self.argv} did not end within {timeout * SLOW:.0f} s; "
                                 f"out {shorten(bytes(self.out))} err {shorten(bytes(self.err))}") from None
        for thread in self.threads:
            thread.join(2)
        # A shell's way of telling how it ended.
        code = self.process.returncode if self.process.returncode >= 0 else 128 - self.process.returncode
        return Result(self.argv, code, bytes(self.out), bytes(self.err))


# ---- raw connections ----

class RpcError(Exception):
    def __init__(self, error):
        super().__init__(f"{error.get('name')}: {error.get('message')}")
        self.error, self.code, self.name = error, error.get("code"), error.get("name")


class Closed(Exception):
    pass


class Stream:
    """One turn's notifications put together, with the promises of the protocol checked on the way."""

    def __init__(self, off=0, roff=0, ev=0):
        self.off, self.roff, self.ev = off, roff, ev
        self.data, self.thoughts = bytearray(), bytearray()
        self.events, self.order, self.done = [], [], None

    def take(self, note):
        kind = note["kind"]
        self.order.append(kind)
        if kind == "delta":
            equal(note["off"], self.off + len(self.data), "off of a delta")
            self.data += note["text"].encode()
            return
        if kind == "reasoning":
            equal(note["off"], self.roff + len(self.thoughts), "off of a piece of reasoning")
            self.thoughts += note["text"].encode()
            return
        check(self.done is None, "an event after done:", note)
        check(note["ev"] > self.ev, "ev does not rise:", note, "after", self.ev)
        self.ev = note["ev"]
        if kind == "done":
            self.done = note
            equal(note["length"], self.off + len(self.data), "length in done")
            if not self.off:
                equal(note["sha256"], hashlib.sha256(self.data).hexdigest(), "sha256 in done")
        else:
            self.events.append(note)

    @property
    def text(self):
        return self.data.decode()

    def of(self, kind):
        return [event for event in self.events if event["kind"] == kind]


class Rpc:
    """A connection that speaks the protocol byte by byte, as somebody else's client would."""

    def __init__(self, path, hello=True, timeout=10.0):
        self.timeout = timeout * SLOW
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(self.timeout)
        self.socket.connect(path)
        self.unpacker = mp.Unpacker()
        self.id = 0
        self.replies, self.notes, self.eof = {}, collections.deque(), False
        self.streams = {}
        self.attaching = {}  # id of a request -> where it begins
        self.greeting = self.call("hello", protocol=[1, 1], client="test", version="1") if hello else None

    def peer_pid(self):
        return struct.unpack("3i", self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]

    def raw(self, data):
        self.socket.sendall(data)

    def send(self, method, **params):
        self.id += 1
        self.raw(mp.packb([0, self.id, method, [params]]))
        return self.id

    def notify(self, method, **params):
        self.raw(mp.packb([2, method, [params]]))

    def pump(self, end):
        """Read once; what came is sorted into replies and notifications."""
        left = end - time.monotonic()
        if left <= 0 or not select.select([self.socket], [], [], left)[0]:
            raise AssertionError(f"nothing came within {self.timeout:.0f} s; "
                                 f"replies {shorten(self.replies)} notes {shorten(list(self.notes))}")
        try:
            data = self.socket.recv(1 << 18)
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        if not data:
            self.eof = True
            return
        self.unpacker.feed(data)
        for message in self.unpacker:
            check(isinstance(message, list) and message, "not a message:", message)
            if message[0] == 1:
                equal(len(message), 4, "elements of a response")
                self.replies[message[1]] = (message[2], message[3])
                if message[1] in self.attaching and message[3]:
                    # What follows this response is of the new subscription, what came before of the old one.
                    self.streams[message[3]["turn"]] = Stream(*self.attaching.pop(message[1]))
            elif message[0] == 2:
                equal(len(message), 3, "elements of a notification")
                equal(len(message[2]), 1, "params of a notification")
                self.note(message[1], message[2][0])
            else:
                raise AssertionError(f"the server sent {shorten(message)}")

    def note(self, method, params):
        if method == "stream" and params.get("turn") in self.streams:
            self.streams[params["turn"]].take(params)
        else:
            self.notes.append((method, params))

    def reply(self, number, timeout=None):
        end = time.monotonic() + (timeout * SLOW if timeout else self.timeout)
        while number not in self.replies:
            if self.eof:
                raise Closed(f"closed before the reply to {number}; notes {list(self.notes)}")
            self.pump(end)
        error, result = self.replies.pop(number)
        if error is not None:
            raise RpcError(error)
        return result

    def call(self, method, **params):
        return self.reply(self.send(method, **params))

    def fails(self, wanted, method, **params):
        try:
            result = self.call(method, **params)
        except RpcError as error:
            equal(error.name, wanted, f"error of {method}")
            check(error.error.get("message"), "an error without words:", error.error)
            return error
        raise AssertionError(f"{method} gave {shorten(result)}, wanted the error {wanted}")

    def ask(self, text, **params):
        """Ask and listen: gives (reply, Stream)."""
        reply = self.call("ask", text=text, stream=True, **params)
        return reply, self.listen(reply["turn"])

    def listen(self, turn, off=0, roff=0, ev=0):
        """Collect the notifications of a turn from now on; those that came already count."""
        stream = self.streams[turn] = Stream(off, roff, ev)
        early, self.notes = self.notes, collections.deque()
        for method, params in early:
            self.note(method, params)
        return stream

    def attach(self, turn, off=0, roff=0, ev=0):
        number = self.send("attach", turn=turn, off=off, roff=roff, ev=ev)
        self.attaching[number] = (off, roff, ev)
        reply = self.reply(number)
        return reply, self.streams[reply["turn"]]

    def until(self, claim, timeout=None):
        end = time.monotonic() + (timeout * SLOW if timeout else self.timeout)
        while not claim():
            if self.eof:
                raise Closed("closed while waiting")
            self.pump(end)

    def finish(self, stream, timeout=None):
        self.until(lambda: stream.done, timeout)
        return stream

    def next_note(self, timeout=None):
        end = time.monotonic() + (timeout * SLOW if timeout else self.timeout)
        while not self.notes:
            if self.eof:
                raise Closed("closed")
            self.pump(end)
        return self.notes.popleft()

    def until_closed(self, timeout=None):
        """Read on until the server closes; gives the notifications seen."""
        end = time.monotonic() + (timeout * SLOW if timeout else self.timeout)
        while not self.eof:
            self.pump(end)
        return list(self.notes)

    def close(self):
        self.socket.close()


# ---- the daemon ----

class Home:
    """One user's folders: everything a client and its daemon may look at."""

    def __init__(self, t, name):
        self.t, self.name = t, name
        self.dir = os.path.join(t.dir, name)
        folders = {key: os.path.join(self.dir, key) for key in ("home", "config", "data", "run", "state", "cache", "tmp")}
        for folder in [self.dir] + list(folders.values()):
            os.mkdir(folder, 0o700)
        self.env = {
            "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC", "USER": "tester", "LOGNAME": "tester",
            "HOME": folders["home"], "XDG_CONFIG_HOME": folders["config"], "XDG_DATA_HOME": folders["data"],
            "XDG_RUNTIME_DIR": folders["run"], "XDG_STATE_HOME": folders["state"],
            "XDG_CACHE_HOME": folders["cache"], "TMPDIR": folders["tmp"],
        }
        self.env.update({key: os.environ[key] for key in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")
                         if key in os.environ})
        self.socket = os.path.join(folders["run"], "ragchat", "sock")
        self.conf = os.path.join(folders["config"], "ragchat", "ragchat.conf")
        self.database = os.path.join(folders["data"], "ragchat", "chat_history.db")
        self.library = os.path.join(folders["data"], "ragchat", "library.db")

    def configure(self, text, fast=True):
        os.makedirs(os.path.dirname(self.conf), 0o700, exist_ok=True)
        named = set(re.findall(r"^\s*(\w+)\s*=", text, re.M))
        lines = [f"{name} = {value}" for name, value in FAST.items() if name not in named] if fast else []
        with open(self.conf, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
            f.write("\n".join([text.rstrip("\n")] + lines) + "\n")
        return self.conf

    def path(self, name, data=None):
        """A file of the user's own, made with `data`."""
        path = os.path.join(self.dir, "home", name)
        if data is not None:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(data if isinstance(data, bytes) else data.encode())
        return path


class Daemon:
    """One ragchatd in the foreground, its log in a file."""

    def __init__(self, t, home, config="", args=(), env=None, wait=True, preexec=None, prefix=(), pass_fds=(), program=None):
        self.t, self.home, self.program = t, home, program or t.program("ragchatd")
        if config is not None:
            home.configure(config)
        self.args, self.env, self.preexec, self.prefix = list(args), dict(home.env, **(env or {})), preexec, list(prefix)
        self.pass_fds = pass_fds
        self.log_path = os.path.join(home.dir, f"daemon{len(t.daemons)}.log")
        self.process = None
        t.daemons.append(self)
        self.start(wait)

    def start(self, wait=True):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.prefix + [self.program] + self.args, env=self.env,
                                            cwd=self.home.dir, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=self.preexec, pass_fds=self.pass_fds)
        self.pid = self.process.pid
        if wait:
            self.ready()
        return self

    def ready(self):
        def connects():
            if self.process.poll() is not None:
                raise Died(f"ragchatd ended with {self.process.returncode}:\n{self.log()}")
            if self.prefix:
                return can_connect(self.home.socket)
            return answering(self.home.socket) == self.process.pid
        eventually(connects, "ragchatd's socket", 15)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def wait(self, timeout=15.0):
        """Its exit status once it has ended by itself; a signal's is 128 + number."""
        try:
            self.process.wait(timeout * SLOW)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"ragchatd did not end within {timeout * SLOW:.0f} s; its log:\n{self.log()[-3000:]}") from None
        code = self.process.returncode
        return code if code >= 0 else 128 - code

    def stop(self, timeout=15.0):
        """SIGTERM: it must leave with 0 and without a sanitizer's word."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        code = self.wait(timeout)
        self.clean()
        equal(code, 0, "exit status of ragchatd")
        return self

    def kill(self):
        """kill -9, and wait until it is gone."""
        self.process.kill()
        self.process.wait()
        return self

    def restart(self, config=None):
        if config is not None:
            self.home.configure(config)
        return self.start()

    def reload(self, config=None):
        if config is not None:
            self.home.configure(config)
        self.process.send_signal(signal.SIGHUP)

    def clean(self):
        text = self.log()
        for report in REPORTS:
            at = text.find(report)
            if at >= 0:
                raise AssertionError(f"ragchatd's log has '{report}':\n{text[max(0, at - 500):at + 3000]}")

    def descriptors(self):
        """How many it has open; 0 where only root may look into a process that is not dumpable."""
        try:
            return len(os.listdir(f"/proc/{self.pid}/fd"))
        except PermissionError:
            return 0

    def memory(self, key="VmRSS"):
        """KiB of /proc/PID/status."""
        with open(f"/proc/{self.pid}/status", encoding="utf-8") as f:
            return int(re.search(rf"^{key}:\s+(\d+)", f.read(), re.M).group(1))


def answering(path):
    """The process that listens there, or None."""
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        probe.connect(path)
        return struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    except OSError:
        return None
    finally:
        probe.close()


def can_connect(path):
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        probe.connect(path)
        return True
    except OSError:
        return False
    finally:
        probe.close()


def children(pid=None):
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", "rb") as f:
                    fields = f.read().rsplit(b")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == (pid or os.getpid()) and fields[0] != b"Z":
                found.append(int(entry))
    return found


# ---- the test ----

class Test:
    def __init__(self, options, folder):
        self.bin, self.dir = options.bin, folder
        self.torture, self.sanitizer = options.torture, options.sanitizer
        self.daemons, self.clients, self.backends, self.homes, self.closers = [], [], [], {}, []
        self.h = self.home("u")

    def program(self, name):
        return os.path.join(self.bin, name)

    def skip(self, reason):
        raise Skip(reason)

    def home(self, name):
        if name not in self.homes:
            self.homes[name] = Home(self, name)
        return self.homes[name]

    def daemon(self, config="", home=None, **more):
        return Daemon(self, home or self.h, config, **more)

    def daemon_fails(self, config="", home=None, **more):
        """A daemon that must refuse to start: gives (status, log)."""
        daemon = Daemon(self, home or self.h, config, wait=False, **more)
        code = daemon.wait()
        daemon.clean()
        check(code != 0, "ragchatd ended with 0:", daemon.log())
        return code, daemon.log()

    def start(self, *args, home=None, env=None, stdin=None, **more):
        home = home or self.h
        client = Client([self.program("ragchat")] + [str(arg) for arg in args], dict(home.env, **(env or {})),
                        stdin, **{"cwd": os.path.join(home.dir, "home"), **more})
        self.clients.append(client)
        return client

    def run(self, *args, timeout=20.0, code=0, **more):
        """Run ragchat to its end; code None takes any status."""
        result = self.start(*args, **more).end(timeout)
        return result if code is None else result.expect(code)

    def alone(self):
        """Wait until nobody is connected but the one who looks."""
        rpc = self.rpc()
        eventually(lambda: rpc.call("status")["connections"]["open"] == 1, "the end of all other connections")
        rpc.close()

    def terminal(self, *args, env=None, size=None, keys=None, cwd=None):
        """Run ragchat on a terminal of its own: (status, bytes written to it). keys(fd, out) types."""
        pid, fd = pty.fork()
        if not pid:
            os.environ.clear()
            os.environ.update(self.h.env, **{"TERM": "xterm", **(env or {})})
            if size:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", 24, *size))
            if cwd:
                os.chdir(cwd)
            os.execv(self.program("ragchat"), ["ragchat", *args])
        out = bytearray()

        def read():
            while True:
                try:
                    piece = os.read(fd, 65536)
                except OSError:
                    return
                if not piece:
                    return
                out.extend(piece)
        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        if keys:
            keys(fd, out)
        _, status = os.waitpid(pid, 0)
        thread.join(5)
        os.close(fd)
        return os.waitstatus_to_exitcode(status), bytes(out)

    def rpc(self, home=None, hello=True, timeout=10.0):
        rpc = Rpc((home or self.h).socket, hello, timeout)
        self.closers.append(rpc.close)
        return rpc

    def backend(self, *args, **more):
        made = server.Backend(*args, **more)
        self.backends.append(made)
        self.closers.append(made.close)
        return made

    def replay(self, data, step=0):
        made = server.Replay(data, step)
        self.closers.append(made.close)
        return made

    def serve(self, *args, backend=None, config="", home=None, **more):
        """A backend and a daemon that uses it."""
        made = backend or self.backend(*args, **more)
        return made, self.daemon(f"backend = {made.url}\n{config}", home)

    def sql(self, query, *values, path=None):
        """Rows (as dicts) from the database, opened read-only; of a stopped daemon, or of a live one by its WAL."""
        db = sqlite3.connect(f"file:{path or self.h.database}?mode=ro", uri=True)
        try:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(query, values)]
        finally:
            db.close()

    def files_with(self, *words):
        """(word, file) of each word that one of the database's files still holds."""
        found = []
        for path in glob.glob(os.path.join(os.path.dirname(self.h.database), "*")):
            if ".bak-" in path or not os.path.isfile(path):
                continue
            with open(path, "rb") as f:
                data = f.read()
            found += [(word, os.path.basename(path)) for word in words if word.encode() in data]
        return found

    def integrity(self, path=None):
        for file in [path] if path else [self.h.database] + [self.h.library] * os.path.exists(self.h.library):
            equal(self.sql("PRAGMA integrity_check", path=file), [{"integrity_check": "ok"}], f"integrity of {file}")

    def bounded(self, grown, limit, what):
        """`grown` KiB of memory must stay under `limit`. A sanitizer's own books make the figure meaningless."""
        check(self.sanitizer or grown < limit, what, "took", grown, "KiB of memory, the limit is", limit)

    def adopted(self):
        """Daemons that clients have started and that have come to us since."""
        mine = {daemon.pid for daemon in self.daemons} | {client.pid for client in self.clients}
        found = []
        for pid in children():
            try:
                with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
                    name = f.read().strip()
            except OSError:
                continue
            if pid not in mine and name == "ragchatd":
                found.append(pid)
        return found

    def end_adopted(self, timeout=15.0):
        """SIGTERM to each such daemon: it must leave with 0."""
        for pid in self.adopted():
            os.kill(pid, signal.SIGTERM)
            end = time.monotonic() + timeout * SLOW
            while True:
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    equal(os.waitstatus_to_exitcode(status), 0, "exit status of the started ragchatd")
                    break
                check(time.monotonic() < end, "the started ragchatd did not end")
                time.sleep(0.01)

    def close(self, failed):
        trouble = []
        for client in self.clients:
            if client.running():
                client.process.send_signal(signal.SIGCONT)
                client.process.kill()
                client.process.wait()
        for close in reversed(self.closers):
            try:
                close()
            except Exception:
                trouble.append(traceback.format_exc())
        for daemon in self.daemons:
            try:
                if daemon.alive():
                    daemon.process.send_signal(signal.SIGCONT)
                    daemon.stop() if not failed else daemon.kill()
                daemon.clean()
            except Exception:
                trouble.append(traceback.format_exc())
                if daemon.alive():
                    daemon.kill()
        try:
            if not failed:
                self.end_adopted()
        except Exception:
            trouble.append(traceback.format_exc())
        for client in self.clients:
            text = bytes(client.err).decode("utf-8", "replace")
            if any(report in text for report in REPORTS):
                trouble.append(f"ragchat {client.argv} said:\n{text[-4000:]}")
        return trouble


def write_logs(test, keep, name):
    """What is worth keeping of a failed test: the logs, in build/failed/NAME."""
    tails = []
    target = os.path.join(keep, name)
    shutil.rmtree(target, ignore_errors=True)
    os.makedirs(target, exist_ok=True)
    for folder, _, files in os.walk(test.dir):
        for file in files:
            path = os.path.join(folder, file)
            if not file.endswith((".log", ".conf")) or not os.path.isfile(path):
                continue
            shutil.copyfile(path, os.path.join(target, os.path.relpath(path, test.dir).replace("/", "_")))
            if file.endswith(".log"):
                with open(path, encoding="utf-8", errors="replace") as f:
                    lines = f.read().splitlines()[-12:]
                tails.append(f"--- {os.path.relpath(path, test.dir)}\n" + "\n".join(line[:300] for line in lines))
    return "\n".join(tails + [f"(logs are in {target})"])


def main():
    global SLOW
    parser = argparse.ArgumentParser()
    parser.add_argument("module")
    parser.add_argument("function")
    parser.add_argument("--bin", required=True)
    parser.add_argument("--tmp", default="/tmp")
    parser.add_argument("--keep", default="/tmp/failed")
    parser.add_argument("--deadline", type=float, default=30)
    parser.add_argument("--torture", action="store_true")
    parser.add_argument("--sanitizer", action="store_true")
    options = parser.parse_args()
    SLOW = 8 if options.sanitizer else SLOW
    sys.path.insert(0, HERE)
    # Stories import this file under its own name: they must see this very module.
    sys.modules["harness"] = sys.modules["__main__"]
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    os.umask(0o022)

    def late(*_):
        raise Late(f"the test's deadline of {options.deadline:.0f} s is over")
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:  # `nohup make check`: the runner goes on, programs hear it
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, options.deadline)
    faulthandler.enable()
    folder = tempfile.mkdtemp(prefix="t-", dir=options.tmp)
    test = Test(options, folder)
    words, code = "", 0
    try:
        getattr(importlib.import_module(options.module), options.function)(test)
    except Skip as skip:
        words, code = str(skip), 77
    except BaseException:
        words, code = traceback.format_exc(), 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    trouble = test.close(code == 1)
    if trouble and code != 1:
        words, code = "\n".join([words] + trouble), 1
    if code == 1:
        print(write_logs(test, options.keep, f"{options.module[5:]}.{options.function[5:]}"))
    if words:
        print(words)
    sys.stdout.flush()
    for pid in children():
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(code)


if __name__ == "__main__":
    main()
