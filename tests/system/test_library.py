"""libragchat: as installed, by pkg-config, with its example; and its stories through the shared object."""
import ctypes
import os
import select
import shutil
import socket
import subprocess
import threading

import mp
from fake_daemon import TURN, FakeDaemon
from harness import check, contains, deadline, equal, eventually
from scripts import echo, holds, says

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
TEXT = "Grüße, 日本語 🙂 ende\n"
ACCEPTED, DELTA, REASONING, EVENT, DONE, REFUSED = 1, 2, 3, 4, 5, 6


def all_of(data):
    unpacker = mp.Unpacker()
    unpacker.feed(data)
    return list(unpacker)


class EventStruct(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("kind", ctypes.c_int), ("code", ctypes.c_int), ("name", ctypes.c_char_p),
                ("turn", ctypes.c_char_p), ("text", ctypes.c_char_p), ("text_len", ctypes.c_size_t), ("off", ctypes.c_uint64),
                ("length", ctypes.c_uint64), ("state", ctypes.c_char_p), ("json", ctypes.c_char_p)]


class ReplyStruct(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("code", ctypes.c_int), ("name", ctypes.c_char_p), ("message", ctypes.c_char_p),
                ("json", ctypes.c_char_p), ("json_len", ctypes.c_size_t)]


ON_EVENT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.POINTER(EventStruct))
ON_REPLY = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.POINTER(ReplyStruct))


class Library:
    """The shared object of this build, and what its callbacks have told."""

    def __init__(self, t, path=None, flags=0):
        if t.sanitizer:
            t.skip("a sanitizer's library cannot be loaded into python")
        so = self.so = ctypes.CDLL(os.path.join(os.path.dirname(t.bin), "lib", "libragchat.so"))
        pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int64
        for name, result, args in (
                ("open", pointer, [text, ctypes.c_uint]), ("close", None, [pointer]), ("connect", ctypes.c_int, [pointer]),
                ("error", text, [pointer]), ("fd", ctypes.c_int, [pointer]), ("process", ctypes.c_int, [pointer]),
                ("wait", ctypes.c_int, [pointer, ctypes.c_int]), ("waiting", ctypes.c_int, [pointer]),
                ("ask", number, [pointer, text, text, ON_EVENT, pointer]), ("retry", number, [pointer, text, text, ON_EVENT, pointer]),
                ("attach", number, [pointer, text, ON_EVENT, pointer]), ("call", number, [pointer, text, text, ON_REPLY, pointer]),
                ("cancel", ctypes.c_int, [pointer, number]), ("forget", None, [pointer, number]),
                ("text", pointer, [text, text]), ("int", number, [text, text, number]), ("count", number, [text, text])):
            function = getattr(so, "ragchat_" + name)
            function.restype, function.argtypes = result, args
        self.events, self.replies, self.at_done = {}, {}, None
        self.on_event, self.on_reply = ON_EVENT(self.take_event), ON_REPLY(self.take_reply)
        self.chat = so.ragchat_open((path or t.h.socket).encode(), flags)
        check(self.chat, "ragchat_open gave NULL")
        t.closers.append(self.close)

    def close(self):
        if self.chat:
            self.so.ragchat_close(self.chat)
            self.chat = None

    def take_event(self, _, number, pointer):
        event = pointer.contents
        equal(event.size, ctypes.sizeof(EventStruct), "size of an event")
        self.events.setdefault(number, []).append({name: getattr(event, name) for name, _ in EventStruct._fields_})
        if event.kind == DONE and self.at_done:
            self.at_done()

    def take_reply(self, _, number, pointer):
        self.replies[number] = (pointer.contents.code, pointer.contents.name, pointer.contents.json)

    def ask(self, text, params=None):
        return self.so.ragchat_ask(self.chat, text.encode(), params, self.on_event, None)

    def call(self, method, params=None):
        return self.so.ragchat_call(self.chat, method.encode(), params, self.on_reply, None)

    def error(self):
        return self.so.ragchat_error(self.chat).decode()

    def run(self, claim=None, timeout=15):
        """Poll its descriptor and process, as a program with a loop does."""
        def step():
            if claim and claim():
                return True
            if not self.so.ragchat_waiting(self.chat):
                return not claim or claim()
            if select.select([self.so.ragchat_fd(self.chat)], [], [], 0.05)[0]:
                self.so.ragchat_process(self.chat)
            return False
        eventually(step, "what was waited for", timeout, 0)

    def text_of(self, number):
        text = b""
        for event in self.events[number]:
            if event["kind"] == DELTA:
                equal(event["off"], len(text), "off")
                equal(len(event["text"]), event["text_len"], "text_len")
                text += event["text"]
        return text.decode()

    def last(self, number):
        return self.events[number][-1]

    def look(self, json, path):
        pointer = self.so.ragchat_text(json, path)
        return ctypes.string_at(pointer).decode() if pointer else None


def test_ask_call_and_follow(t):
    t.serve(says(TEXT * 100, step=7))
    lib = Library(t)
    number = lib.ask("hello", b'{"thread": "letters", "create": true}')
    check(number > 0, "id", number, lib.error())
    lib.run()
    equal((lib.events[number][0]["kind"], lib.text_of(number)), (ACCEPTED, TEXT * 100), "answer")
    equal((lib.last(number)["kind"], lib.last(number)["state"], lib.last(number)["length"]),
          (DONE, b"done", len((TEXT * 100).encode())), "end")
    turn = lib.last(number)["turn"]
    one, other = lib.call("turn.get", b'{"turn": "last"}'), lib.call("no.such")
    again = lib.so.ragchat_attach(lib.chat, turn, lib.on_event, None)
    lib.run()
    equal((lib.replies[one][0], lib.look(lib.replies[one][2], b"turn.text")), (0, TEXT * 100), "turn")
    equal(lib.replies[other][:2], (2, b"unknown_method"), "error")
    equal(lib.text_of(again), TEXT * 100, "attached")
    retried = lib.so.ragchat_retry(lib.chat, turn, None, lib.on_event, None)
    lib.run()
    equal(lib.text_of(retried), TEXT * 100, "retried")
    equal(lib.so.ragchat_waiting(lib.chat), 0, "waiting")


def test_what_is_refused_at_once(t):
    t.serve(echo)
    lib = Library(t)
    for method, params, words in (("turn.get", b"{", "JSON"), ("turn.get", b'{"a": "\\ud800"}', "surrogate"), ("x" * 65, None, "name"),
                                  ("turn.get", b"5", "object"), ("turn.list", b'{"limit": 9007199254740993}', "2^53-1")):
        equal(lib.call(method, params), -1, method)
        contains(lib.error(), words)
    equal(lib.ask("x" * (1 << 20)), -1, "a question that is too large")
    equal(lib.so.ragchat_ask(lib.chat, b"\xff", None, lib.on_event, None), -1, "bytes that are no UTF-8")
    equal(lib.so.ragchat_waiting(lib.chat), 0, "waiting")
    number = lib.ask("hello", b'{"thread": "none-such"}')
    lib.run()
    equal((lib.last(number)["kind"], lib.last(number)["name"]), (REFUSED, b"not_found"), "refused by the daemon")


def test_cancel_and_forget(t):
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release))
    lib = Library(t)
    one, other = lib.ask("one"), lib.ask("other")
    lib.run(lambda: lib.events.get(other) and any(event["kind"] == DELTA for event in lib.events.get(one, [])))
    equal(lib.so.ragchat_cancel(lib.chat, one), 0, "cancel")
    early = lib.ask("at once")
    lib.so.ragchat_cancel(lib.chat, early)
    lib.so.ragchat_forget(lib.chat, other)
    lib.run()
    equal((lib.last(one)["state"], lib.last(early)["state"]), (b"cancelled", b"cancelled"), "states")
    equal(lib.so.ragchat_cancel(lib.chat, one), -1, "cancel of what has ended")
    release.set()
    wait = lib.call("turn.wait", b'{"turn": "%s"}' % lib.events[other][0]["turn"])
    lib.run()
    equal(lib.look(lib.replies[wait][2], b"turn.state"), "done", "the one that was forgotten")
    check(lib.last(other)["kind"] != DONE, "it was told after all")
    # A callback may ask anew.
    lib.at_done = lambda: (setattr(lib, "at_done", None), lib.events.setdefault("chain", [lib.ask("from a callback")]))
    first = lib.ask("first")
    lib.run(lambda: lib.events.get(first) and lib.last(first)["kind"] == DONE)
    lib.run()
    equal(lib.last(lib.events["chain"][0])["state"], b"done", "asked from a callback")


def test_a_lost_connection(t):
    daemon = FakeDaemon(os.path.join(t.h.dir, "fake"))
    t.closers.append(daemon.close)

    def attach(call):
        equal((call.params["off"], call.params["ev"]), (12, 1), "where to go on")
        call.at("first half, ", ev=1).reply(turn=TURN, off=12, ev=1, roff=0, state="streaming", length=12, live=True)
        call.delta("second half").done()

    daemon.on["ask"] = lambda call: call.accept().delta("first half, ").event("status", text="half way").close()
    daemon.on["attach"] = attach
    daemon.on["status"] = lambda call: call.raw(b"\xdf\xff\xff\xff\xff")
    lib = Library(t, daemon.path)
    fd = lib.so.ragchat_fd(lib.chat)
    number = lib.ask("hello")
    lib.run()
    equal((lib.text_of(number), lib.so.ragchat_fd(lib.chat)), ("first half, second half", fd), "text, and the same descriptor")
    number = lib.call("status")
    lib.run()
    equal(lib.replies[number][1], b"bad_request", "a daemon that lies")
    os.environ["RAGCHAT_AGAIN_MS"] = "100"
    gone = Library(t, os.path.join(t.h.dir, "nobody"))
    equal(gone.so.ragchat_connect(gone.chat), -1, "connect")
    contains(gone.error(), "no daemon listens")
    number = gone.call("ping")
    gone.run()
    equal(gone.replies[number][:2], (-32001, b"unreachable"), "a call")


def test_the_first_request_waits_for_nobody(t):
    """A daemon that does not accept yet, its queue full: asking comes back at once, and goes on when it does."""
    path = os.path.join(t.dir, "busy.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(0)
    t.closers.append(listener.close)
    waiting = []
    while True:
        client = socket.socket(socket.AF_UNIX)
        client.setblocking(False)
        waiting.append(client)
        try:
            client.connect(path)
        except BlockingIOError:
            break
    lib = Library(t, path)
    number = lib.call("status")
    check(number > 0, lib.error())
    equal((lib.so.ragchat_process(lib.chat), lib.replies), (1, {}), "it waits, the caller does not")
    for client in waiting:
        client.close()
    listener.setblocking(True)
    end = None
    while end is None:  # those that were closed, then ours
        end, _ = listener.accept()
        end.settimeout(10)
        lib.so.ragchat_wait(lib.chat, 0)
        end = end if end.recv(1, socket.MSG_PEEK) else None
    end.sendall(mp.packb([1, 1, None, {"protocol": 1, "server": "s", "version": "0", "level": 1, "instance": "i"}]))
    eventually(lambda: lib.so.ragchat_wait(lib.chat, 20) and b"status" in end.recv(4096, socket.MSG_PEEK), "the request")
    request = next(message for message in all_of(end.recv(4096)) if message[2] == "status")
    end.sendall(mp.packb([1, request[1], None, {"fine": True}]))
    eventually(lambda: lib.so.ragchat_wait(lib.chat, 20) == 0, "the reply")
    equal(lib.replies[number][0], 0, "code")


@deadline(60)
def test_one_instance_for_each_thread(t):
    t.serve(echo)
    libs, texts = [Library(t) for _ in range(3)], {}

    def work(index, lib):
        for i in range(15):
            number = lib.ask(f"q{index}.{i}")
            while lib.so.ragchat_waiting(lib.chat):
                lib.so.ragchat_wait(lib.chat, 1000)
            texts[index, i] = b"".join(event["text"] for event in lib.events[number] if event["kind"] == DELTA).decode()
    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(libs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    equal(texts, {(index, i): f"answer to q{index}.{i}" for index in range(3) for i in range(15)}, "answers")


def test_looking_into_json(t):
    lib = Library(t)
    json = '{"a": {"b": [1, {"c": "Gr\\u00fc\\u00dfe"}, true, null]}, "n": -7.9, "s": ""}'.encode()
    equal([lib.look(json, path) for path in (b"a.b.1.c", b"a.b.0", b"a.b.2", b"a.b.3", b"a.b.4", b"x", b"a.b.x", b"s", b"n.x")],
          ["Grüße", "1", "true", None, None, None, None, "", None], "texts")
    equal([lib.so.ragchat_int(json, path, 5) for path in (b"a.b.0", b"n", b"a.b.2", b"s", b"none")], [1, -7, 1, 5, 5], "numbers")
    equal([lib.so.ragchat_count(json, path) for path in (b"", b"a.b", b"n", b"none")], [3, 4, -1, -1], "counts")
    equal((lib.look(b"{", b"a"), lib.look(b"", b""), lib.so.ragchat_count(None, b"a")), (None, None, -1), "no JSON")


@deadline(60)
def test_as_installed(t):
    if t.sanitizer:
        t.skip("the example is linked without a sanitizer")
    folder = os.path.join(t.dir, "installed")
    subprocess.run(["make", "-s", "-C", ROOT, "install-lib", f"DESTDIR={folder}", "PREFIX=/usr", "B=" + os.path.dirname(t.bin)],
                   check=True, timeout=90)
    env = dict(os.environ, PKG_CONFIG_LIBDIR=f"{folder}/usr/lib/pkgconfig:" + subprocess.run(
        ["pkg-config", "--variable", "pc_path", "pkg-config"], capture_output=True, text=True, check=True).stdout.strip(),
        PKG_CONFIG_SYSROOT_DIR=folder)

    def flags(*more):
        done = subprocess.run(["pkg-config", *more, "--cflags", "--libs", "ragchat"], env=env, capture_output=True, text=True, check=True)
        return done.stdout.split()
    equal(subprocess.run(["pkg-config", "--modversion", "ragchat"], env=env, capture_output=True, text=True, check=True).stdout.strip(),
          t.run("--version").text.split()[1], "version")
    source = os.path.join(ROOT, "contrib", "example", "ask.c")
    shared, fixed = os.path.join(t.dir, "shared"), os.path.join(t.dir, "fixed")
    strict = ["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-D_DEFAULT_SOURCE"]
    subprocess.run([*strict, "-o", shared, source, *flags()], check=True, timeout=90)
    subprocess.run([*strict, "-o", fixed, source, "-I", f"{folder}/usr/include", f"{folder}/usr/lib/libragchat.a", "-lmsgpackc"],
                   check=True, timeout=90)
    contains(" ".join(flags("--static")), "-lmsgpackc")
    if shutil.which("c++"):
        subprocess.run(["c++", "-Werror", "-xc++", "-fsyntax-only", "-"], input=b'#include "ragchat.h"\n', cwd=f"{folder}/usr/include",
                       check=True, timeout=90)
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release, "some \x1b[31m", " text\n"))
    release.set()
    for program in (shared, fixed):
        done = subprocess.run([program, "hello"], env=dict(t.h.env, LD_LIBRARY_PATH=f"{folder}/usr/lib"), capture_output=True,
                              timeout=90, check=False)
        equal((done.returncode, done.stdout), (0, b"some ?[31m text\n\n"), f"{program} printed ({done.stderr})")
        done = subprocess.run([program, "hello"], env=dict(t.h.env, LD_LIBRARY_PATH=f"{folder}/usr/lib", RAGCHAT_SOCKET="/nowhere"),
                              capture_output=True, timeout=90, check=False)
        equal(done.returncode, 1, "status without a daemon")
        contains(done.stderr.decode(), "no daemon listens at '/nowhere'")
    names = subprocess.run(["nm", "-D", "--defined-only", f"{folder}/usr/lib/libragchat.so.0"], capture_output=True, text=True,
                           check=True).stdout.split("\n")
    shown = [line.split()[-1].split("@")[0] for line in names if line and " A " not in line]
    check(shown and all(name.startswith("ragchat_") for name in shown), "symbols that show:", shown)
    names = subprocess.run(["nm", "-g", "--defined-only", f"{folder}/usr/lib/libragchat.a"], capture_output=True, text=True,
                           check=True).stdout.split("\n")
    shown = [line.split()[-1] for line in names if len(line.split()) == 3]
    check(shown and all(name.startswith("ragchat_") for name in shown), "symbols of the archive:", shown)
    check(os.path.exists(f"{folder}/usr/share/man/man3/ragchat.3"), "no man page")
