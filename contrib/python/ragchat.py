#!/usr/bin/python3
"""A client of ragchatd: one file, nothing but the standard library, Python 3.9 or later.

Ask and read the answer as it comes:

    import ragchat

    with ragchat.Client() as chat:
        for piece in chat.ask("What do the reports say about margins?").pieces():
            print(piece, end="", flush=True)

The same without blocking:

    async with ragchat.AsyncClient() as chat:
        answer = await chat.ask("What do the reports say about margins?")
        async for piece in answer.pieces():
            print(piece, end="", flush=True)

What both do by themselves: find the daemon (and start it with `ragchat daemon start` where there is
none), look who listens before anything is said, log in with the token that `ragchat login` keeps, make
a lost connection again and go on with each answer at its byte, give each question a key so that it is
stored once however often it is sent.

An answer goes on in the daemon whatever becomes of this program; `cancel` ends it. Its text is what the
model sent: show it as text, never as commands.

The protocol is described in PROTOCOL.md. `call` reaches every method of it by name.
"""
from __future__ import annotations

import asyncio
import concurrent.futures
import collections
import hashlib
import io
import os
import pwd
import shutil
import socket
import stat
import struct
import subprocess
import threading
import uuid
from dataclasses import dataclass, field
from typing import (IO, Any, AsyncIterator, Awaitable, Callable, Deque, Dict, Iterator, List, Optional, Set, Tuple,
                    TypeVar, Union)

__all__ = ["AsyncAnswer", "AsyncClient", "Answer", "AnswerFailed", "Client", "ConnectionLost", "Event", "ProtocolError",
           "RagchatError", "RemoteError", "Unreachable"]
__version__ = "1"

Params = Dict[str, Any]
T = TypeVar("T")

# The bounds of PROTOCOL.md, section 12. They are held against the daemon, too: who listens may not be one.
FRAME = 1 << 20
NODES = 16384
DEPTH = 16
ANSWER = 64 << 20  # an answer that is larger is no answer
EVENTS = 100_000
CHUNK = 256 << 10
TRIES = 5  # to go on with an answer of which nothing more comes
AGAIN_S = 10.0  # how long a lost connection is tried

# What may be sent twice without being done twice; ask and turn.retry may by their key.
_REPEAT = {"ping", "api.info", "status", "attach", "detach", "cancel", "turn.wait", "search", "doc.search", "event.next",
           "check", "account.self"}


# ---- errors ----

class RagchatError(Exception):
    """Whatever goes wrong here."""


class Unreachable(RagchatError):
    """No daemon, or none that is to be trusted."""


class ConnectionLost(RagchatError):
    """The connection broke; whether the request was carried out is not known."""


class ProtocolError(RagchatError):
    """The other end does not speak the protocol."""


class RemoteError(RagchatError):
    """The daemon says no: decide by `name` or `code`, show `message`; `retry_ms` says when to try again."""

    def __init__(self, error: Params) -> None:
        self.code = int(error.get("code", 0))
        self.name = str(error.get("name", "unknown"))
        self.message = str(error.get("message", ""))
        self.data: Any = error.get("data")
        self.retry_ms: Optional[int] = error.get("retry_ms")
        super().__init__(f"{self.message} ({self.name})")


class AnswerFailed(RagchatError):
    """An answer did not become whole; `answer` has what came of it."""

    def __init__(self, answer: "_Answer", message: str) -> None:
        super().__init__(message)
        self.answer = answer


# ---- MessagePack, as much of it as the wire uses ----

def pack(value: Any) -> bytes:
    """A value as MessagePack. What the wire does not allow is a ValueError or TypeError."""
    out = bytearray()
    _pack(value, out, 1)
    return bytes(out)


def _pack(value: Any, out: bytearray, depth: int) -> None:
    if depth > DEPTH:
        raise ValueError("nested too deeply for a message")
    if value is None:
        out.append(0xC0)
    elif isinstance(value, bool):
        out.append(0xC3 if value else 0xC2)
    elif isinstance(value, int):
        _pack_int(value, out)
    elif isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise ValueError("a float must be finite")
        out += struct.pack(">Bd", 0xCB, value)
    elif isinstance(value, str):
        data = value.encode("utf-8")  # half a surrogate pair is a UnicodeEncodeError, which is a ValueError
        if b"\0" in data:
            raise ValueError("a text must not hold NUL")
        _head(len(data), out, 0xA0, 32, (0xD9, 0xDA, 0xDB))
        out += data
    elif isinstance(value, (bytes, bytearray, memoryview)):
        _head(len(value), out, 0, 0, (0xC4, 0xC5, 0xC6))
        out += value
    elif isinstance(value, (list, tuple)):
        _head(len(value), out, 0x90, 16, (0, 0xDC, 0xDD))
        for item in value:
            _pack(item, out, depth + 1)
    elif isinstance(value, dict):
        _head(len(value), out, 0x80, 16, (0, 0xDE, 0xDF))
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError("the keys of a map must be str")
            _pack(key, out, depth + 1)
            _pack(item, out, depth + 1)
    else:
        raise TypeError(f"cannot send a {type(value).__name__}")


def _pack_int(value: int, out: bytearray) -> None:
    if -0x20 <= value < 0x80:
        out.append(value & 0xFF)
        return
    for code, form, low, high in ((0xCC, ">BB", 0, 1 << 8), (0xCD, ">BH", 0, 1 << 16), (0xCE, ">BI", 0, 1 << 32),
                                  (0xCF, ">BQ", 0, 1 << 64), (0xD0, ">Bb", -1 << 7, 0), (0xD1, ">Bh", -1 << 15, 0),
                                  (0xD2, ">Bi", -1 << 31, 0), (0xD3, ">Bq", -1 << 63, 0)):
        if low <= value < high:
            out += struct.pack(form, code, value)
            return
    raise ValueError("an integer must fit 64 bits")


def _head(n: int, out: bytearray, fix: int, fix_limit: int, codes: Tuple[int, int, int]) -> None:
    if n < fix_limit:
        out.append(fix | n)
    elif codes[0] and n < 1 << 8:
        out += bytes((codes[0], n))
    elif n < 1 << 16:
        out += struct.pack(">BH", codes[1], n)
    elif n < 1 << 32:
        out += struct.pack(">BI", codes[2], n)
    else:
        raise ValueError("too large for a message")


_NUMBERS = {0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q",
            0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"}
_SIZED = {0xC4: ("bin", 1), 0xC5: ("bin", 2), 0xC6: ("bin", 4), 0xD9: ("str", 1), 0xDA: ("str", 2), 0xDB: ("str", 4),
          0xDC: ("array", 2), 0xDD: ("array", 4), 0xDE: ("map", 2), 0xDF: ("map", 4)}
_MORE = object()


class Decoder:
    """feed() bytes as they come and iterate over the frames that are whole.

    Bounded before anything is made: a frame's bytes, its objects, its depth. What breaks a bound, or is
    no MessagePack of this wire, is a ProtocolError; there is no going on after it.
    """

    def __init__(self, frame: int = FRAME, nodes: int = NODES, depth: int = DEPTH) -> None:
        self._limits = (frame, nodes, depth)
        self._buffer = bytearray()
        self._at = 0  # of the buffer: taken
        self._begin()

    def _begin(self) -> None:
        self._used = self._nodes = self._promised = 0
        self._stack: List[List[Any]] = []  # [container, items left, the map's key that waits for its value]

    def feed(self, data: bytes) -> None:
        if self._at:
            del self._buffer[:self._at]
            self._at = 0
        self._buffer += data

    def __iter__(self) -> Iterator[Any]:
        while True:
            value = self._step()
            if value is _MORE:
                return
            done, value = self._place(value)
            if done:
                self._begin()
                yield value

    def _take(self, n: int) -> Optional[bytes]:
        if len(self._buffer) - self._at < n:
            return None
        piece = bytes(self._buffer[self._at:self._at + n])
        return piece

    def _step(self) -> Any:
        """One object with its head; of a container only the head. _MORE, or the object."""
        frame, nodes, depth = self._limits
        if self._at >= len(self._buffer):
            return _MORE
        b = self._buffer[self._at]
        kind, head, n = "value", 1, 0
        value: Any = None
        if b < 0x80:
            value = b
        elif b < 0x90:
            kind, n = "map", b & 15
        elif b < 0xA0:
            kind, n = "array", b & 15
        elif b < 0xC0:
            kind, n = "str", b & 31
        elif b >= 0xE0:
            value = b - 256
        elif b in (0xC0, 0xC2, 0xC3):
            value = {0xC0: None, 0xC2: False, 0xC3: True}[b]
        elif b in _NUMBERS:
            form = _NUMBERS[b]
            head += struct.calcsize(form)
            piece = self._take(head)
            if piece is None:
                return _MORE
            value = struct.unpack(form, piece[1:])[0]
        elif b in _SIZED:
            kind, width = _SIZED[b]
            head += width
            piece = self._take(head)
            if piece is None:
                return _MORE
            n = int.from_bytes(piece[1:], "big")
        else:
            raise ProtocolError(f"byte {b:#04x} is no object of this wire")
        bytes_of = n if kind in ("str", "bin") else 0
        items = 2 * n if kind == "map" else n if kind == "array" else 0
        if self._used + head + bytes_of + self._promised > frame:
            raise ProtocolError("a frame is too large")
        if self._nodes + self._promised + items > nodes:
            raise ProtocolError("a frame has too many objects")
        if items and len(self._stack) >= depth:
            raise ProtocolError("a frame is nested too deeply")
        if bytes_of:
            piece = self._take(head + n)
            if piece is None:
                return _MORE
            value = piece[head:]
        elif kind in ("str", "bin"):
            value = b""
        if kind == "str":
            try:
                value = value.decode("utf-8")
            except UnicodeDecodeError:
                raise ProtocolError("a text is not valid UTF-8") from None
        self._at += head + bytes_of
        self._used += head + bytes_of
        self._nodes += 1
        if kind in ("map", "array"):
            value = {} if kind == "map" else []
            if n:
                self._promised += items
                self._stack.append([value, n, None])
                return self._stack  # a container with something to come
        return value

    def _place(self, value: Any) -> Tuple[bool, Any]:
        """Put an object where it belongs; true when the frame is whole with it."""
        if value is self._stack:
            return False, None
        while self._stack:
            top = self._stack[-1]
            container = top[0]
            self._promised -= 1
            if isinstance(container, dict):
                if top[2] is None:
                    if not isinstance(value, str):
                        raise ProtocolError("a key is no text")
                    top[2] = value
                    return False, None
                container.setdefault(top[2], value)
                top[2] = None
            else:
                container.append(value)
            top[1] -= 1
            if top[1]:
                return False, None
            value = container
            self._stack.pop()
        return True, value


# ---- what an answer is made of ----

@dataclass(frozen=True)
class Event:
    """One notification of an answer: kind is delta, reasoning, status, notice, citation, usage, error, done or
    one that is not known yet; params is the whole map of the wire."""
    kind: str
    params: Params

    @property
    def text(self) -> str:
        """Of a delta, a piece of reasoning, a status, a notice; else the empty text."""
        text = self.params.get("text", "")
        return text if isinstance(text, str) else ""


@dataclass
class _Answer:
    """What is known of an answer so far."""
    turn: str
    thread: Optional[str] = None
    name: Optional[str] = None
    state: str = "queued"
    text: str = ""
    reasoning: str = ""
    sources: List[Params] = field(default_factory=list)
    notices: List[Params] = field(default_factory=list)
    usage: Optional[Params] = None
    error: Optional[Params] = None
    done: Optional[Params] = None


class _Stream:
    """Where an answer stands, and the events that nobody has read yet: adjacent pieces of text are joined,
    so a slow reader costs no more than the answer."""

    def __init__(self, answer: _Answer, off: int = 0, roff: int = 0, ev: int = 0) -> None:
        self.answer = answer
        self.off, self.roff, self.ev = off, roff, ev
        self.whole = off == 0
        self.sum = hashlib.sha256()
        self.parts: List[str] = []
        self.thoughts: List[str] = []
        self.events: Deque[Event] = collections.deque()
        self.news = asyncio.Event()
        self.failed: Optional[RagchatError] = None
        self.tries = TRIES

    def take(self, note: Params) -> None:
        kind = note.get("kind")
        self.tries = TRIES
        if not isinstance(kind, str) or self.answer.done is not None:
            return
        if kind in ("delta", "reasoning"):
            if not self._take_text(kind, note):
                return
        else:
            ev = note.get("ev", self.ev)
            if isinstance(ev, int):
                self.ev = ev
            self._take_event(kind, note)
        if not self._join(kind, note):
            self.events.append(Event(kind, note))
        if len(self.events) > EVENTS:
            raise ProtocolError("an answer has too many events")
        self.news.set()

    def _take_text(self, kind: str, note: Params) -> bool:
        text, off = note.get("text"), note.get("off")
        if not isinstance(text, str) or not isinstance(off, int):
            raise ProtocolError("a piece of text without text")
        data = text.encode()
        at = self.off if kind == "delta" else self.roff
        if off != at:
            raise ProtocolError(f"the answer has a gap: byte {off} comes after {at}")
        if off + len(data) > ANSWER:
            raise ProtocolError("an answer is too large")
        if kind == "delta":
            self.off += len(data)
            self.sum.update(data)
            self.parts.append(text)
        else:
            self.roff += len(data)
            self.thoughts.append(text)
        return bool(text)

    def _take_event(self, kind: str, note: Params) -> None:
        answer = self.answer
        if kind == "citation" and isinstance(note.get("source"), dict):
            answer.sources.append(note["source"])
        elif kind == "notice":
            answer.notices.append(note)
        elif kind == "usage" and isinstance(note.get("usage"), dict):
            answer.usage = note["usage"]
        elif kind == "error":
            answer.error = note
        elif kind == "done":
            self._end(note)

    def _end(self, note: Params) -> None:
        answer, length, sha256 = self.answer, note.get("length"), note.get("sha256")
        if not note.get("local") and length != self.off:
            raise ProtocolError(f"the answer has {self.off} bytes, its end says {length}")
        if not note.get("local") and self.whole and sha256 and sha256 != self.sum.hexdigest():
            raise ProtocolError("the answer is not what its end says")
        answer.done = note
        answer.state = str(note.get("state"))
        if isinstance(note.get("thread"), str):
            answer.thread = note["thread"]

    def _join(self, kind: str, note: Params) -> bool:
        """A piece that follows an unread one becomes part of it."""
        if kind not in ("delta", "reasoning") or not self.events or self.events[-1].kind != kind:
            return False
        last = self.events[-1].params
        if isinstance(last["text"], str):
            last["text"] = _Rope(last["text"])
        last["text"].add(note["text"])
        return True

    def next(self) -> Optional[Event]:
        if not self.events:
            self.news.clear()
            return None
        event = self.events.popleft()
        if isinstance(event.params.get("text"), _Rope):
            event.params["text"] = str(event.params["text"])
        return event

    def settle(self) -> None:
        """The texts so far, where people look for them."""
        if len(self.parts) > 1:
            self.parts = ["".join(self.parts)]
        if len(self.thoughts) > 1:
            self.thoughts = ["".join(self.thoughts)]
        self.answer.text = self.parts[0] if self.parts else ""
        self.answer.reasoning = self.thoughts[0] if self.thoughts else ""


class _Rope:
    """A text to which pieces are added without copying it each time."""

    def __init__(self, text: str) -> None:
        self.parts = [text]

    def add(self, text: str) -> None:
        self.parts.append(text)

    def __str__(self) -> str:
        return "".join(self.parts)


class _Call:
    def __init__(self, number: int, frame: bytes, repeat: bool, on_reply: Optional[Callable[[Params], None]]) -> None:
        self.number, self.frame, self.repeat, self.on_reply = number, frame, repeat, on_reply
        self.tries = 3
        self.future: asyncio.Future[Params] = asyncio.get_running_loop().create_future()


# ---- finding the daemon ----

def _places() -> List[str]:
    uid = os.getuid()
    run = os.environ.get("XDG_RUNTIME_DIR")
    own = f"/run/user/{uid}"
    if run:
        user = f"{run}/ragchat/sock"
    elif os.path.isdir(own) and os.stat(own).st_uid == uid:
        user = f"{own}/ragchat/sock"
    else:
        user = f"/tmp/ragchat-{uid}/sock"
    return [user, "/run/ragchat/sock"]


def _trusted(end: socket.socket) -> bool:
    uid: int = struct.unpack("3i", end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
    if uid in (0, os.geteuid()):
        return True
    try:
        return uid == pwd.getpwnam("ragchat").pw_uid
    except KeyError:
        return False


def _kept_token(path: str) -> Optional[str]:
    """The token that `ragchat login` keeps for this socket, unless others can read it."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    name = hashlib.sha256(os.path.realpath(path).encode()).hexdigest()[:16]
    try:
        fd = os.open(f"{state}/ragchat/token-{name}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(fd) as file:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o77:
            return None
        return file.readline().strip() or None


# ---- the client ----

class AsyncClient:
    """A connection to ragchatd for asyncio. Use it as a context manager, or call close().

    socket: the daemon's socket, else $RAGCHAT_SOCKET, else the usual places. token: instead of the one that
    `ragchat login` keeps. autostart: start the user's daemon where none listens. again: for how many
    seconds a lost connection is tried.
    """

    def __init__(self, socket: Optional[str] = None, *, token: Optional[str] = None, autostart: bool = True,
                 again: float = AGAIN_S, name: str = "ragchat.py") -> None:
        self._told = socket or os.environ.get("RAGCHAT_SOCKET") or None
        self._token, self._autostart, self._again_s, self._name = token, autostart, again, name
        self._path: Optional[str] = None
        self._reader: Optional[asyncio.StreamReader] = None
        self._writer: Optional[asyncio.StreamWriter] = None
        self._decoder = Decoder()
        self._tasks: Set[asyncio.Task[Any]] = set()
        self._lock: Optional[asyncio.Lock] = None
        self._number = 0
        self._calls: Dict[int, _Call] = {}
        self._streams: Dict[str, _Stream] = {}
        self._instance: Optional[str] = None
        self._closed = self._restarted = False
        self.hello: Params = {}

    async def __aenter__(self) -> "AsyncClient":
        await self.connect()
        return self

    async def __aexit__(self, *what: object) -> None:
        await self.close()

    # -- connecting --

    async def connect(self) -> Params:
        """Connect now rather than with the first request; gives what hello told: level, account, limits."""
        if self._lock is None:
            self._lock = asyncio.Lock()
        async with self._lock:
            if self._closed:
                raise RagchatError("the client is closed")
            if self._writer is None:
                await self._find()
        return self.hello

    async def _find(self) -> None:
        places = _places() if self._told is None else [self._told]
        why = ""
        for place in places:
            try:
                await self._open(place)
                return
            except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
                continue
            except OSError as error:
                why = f"cannot connect to '{place}': {error.strerror or error}"
                if not isinstance(error, PermissionError):
                    raise Unreachable(why) from None
        if not self._told and self._autostart and await self._start_daemon():
            await self._open(_places()[0])
            return
        raise Unreachable(why or f"no daemon listens at '{places[0]}'")

    async def _start_daemon(self) -> bool:
        program = shutil.which("ragchat")
        if not program:
            return False
        done = await asyncio.get_running_loop().run_in_executor(None, lambda: subprocess.run(
            [str(program), "daemon", "start"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, check=False))
        if done.returncode:
            raise Unreachable("cannot start the daemon: " + (done.stderr.strip() or f"status {done.returncode}"))
        return True

    async def _open(self, path: str) -> None:
        """One socket: connect, look who listens, say hello, log in."""
        pause, end = 0.01, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            end.setblocking(False)
            while True:
                try:
                    end.connect(path)
                    break
                except BlockingIOError:  # its queue is full: it lives, and is asked again a little later
                    if pause > 1:
                        raise Unreachable(f"the daemon at '{path}' takes no more connections") from None
                    await asyncio.sleep(pause)
                    pause *= 2
                except OSError as error:
                    if "too long" in str(error):
                        raise Unreachable(f"'{path}' is longer than a socket's path may be") from None
                    raise
            if not _trusted(end):
                raise Unreachable(f"whoever listens at '{path}' is not to be trusted: nothing was sent")
            reader, writer = await asyncio.open_unix_connection(sock=end)
        except BaseException:
            end.close()
            raise
        self._decoder = Decoder()
        try:
            hello = await asyncio.wait_for(self._greet(reader, writer, path), 15)
        except asyncio.TimeoutError:
            writer.close()
            raise Unreachable(f"no word of the daemon at '{path}'") from None
        except BaseException:
            writer.close()
            raise
        self._path, self._reader, self._writer = path, reader, writer
        self._restarted = self._instance is not None and self._instance != hello.get("instance")
        self._instance, self.hello = str(hello.get("instance")), hello
        self._spawn(self._listen(reader, writer))

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> Params:
        hello = await self._early(reader, writer, "hello", {"protocol": [1, 1], "client": self._name, "version": __version__})
        if hello.get("protocol") != 1:
            raise ProtocolError("the daemon speaks another version of the protocol")
        auth = hello.get("auth")
        if isinstance(auth, dict) and auth.get("state") == "required":
            token = self._token or _kept_token(path)
            if token:
                hello.update(await self._early(reader, writer, "auth.token", {"token": token}))
        return hello

    async def _early(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, params: Params) -> Params:
        """A request before the connection is open to others."""
        self._number += 1
        number = self._number
        writer.write(pack([0, number, method, [params]]))
        while True:
            for message in self._decoder:
                if _kind(message) == 1 and message[1] == number:
                    if message[2] is not None:
                        raise RemoteError(_map(message[2]))
                    return _map(message[3])
            data = await reader.read(65536)
            if not data:
                raise ConnectionResetError("the daemon closed the connection")
            self._decoder.feed(data)

    async def close(self) -> None:
        """Leave. Answers go on in the daemon."""
        self._closed = True
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        for task in list(self._tasks):
            task.cancel()
        self._fail_all(RagchatError("the client is closed"))

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- reading --

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        why: RagchatError = ConnectionLost("the connection to the daemon was lost")
        try:
            while True:
                for message in self._decoder:
                    self._take(message)
                data = await reader.read(65536)
                if not data:
                    break
                self._decoder.feed(data)
        except RagchatError as error:
            why = error
        except OSError:
            pass
        writer.close()
        if self._writer is writer:
            self._writer = None
            self._lost(why)

    def _take(self, message: Any) -> None:
        kind = _kind(message)
        if kind == 1:
            call = self._calls.pop(message[1], None)
            if call is None or call.future.done():
                return
            try:
                if message[2] is not None:
                    raise RemoteError(_map(message[2]))
                result = _map(message[3])
                if call.on_reply:
                    call.on_reply(result)  # before what follows it in the same breath
                call.future.set_result(result)
            except RemoteError as error:
                call.future.set_exception(error)
            except ProtocolError as error:
                call.future.set_exception(error)
                raise
        elif kind == 2 and message[1] == "stream" and message[2]:
            note = _map(message[2][0])
            stream = self._streams.get(str(note.get("turn")))
            if stream is not None:
                try:
                    stream.take(note)
                except ProtocolError as error:
                    self._drop(stream, error)
                    raise
                if stream.answer.done is not None:
                    self._drop(stream)

    def _drop(self, stream: _Stream, why: Optional[RagchatError] = None) -> None:
        self._streams.pop(stream.answer.turn, None)
        if why is not None:
            stream.failed = why
        stream.news.set()

    # -- a lost connection --

    def _lost(self, why: RagchatError) -> None:
        for number, call in list(self._calls.items()):
            call.tries -= 1
            if not call.repeat or call.tries <= 0 or isinstance(why, ProtocolError):
                del self._calls[number]
                if not call.future.done():
                    call.future.set_exception(why)
        if isinstance(why, ProtocolError):  # there is nothing to go back to
            for stream in list(self._streams.values()):
                self._drop(stream, why)
        if not self._closed and (self._calls or self._streams):
            self._spawn(self._again(why))

    async def _again(self, why: RagchatError) -> None:
        loop = asyncio.get_running_loop()
        begun, pause, started = loop.time(), 0.02, False
        assert self._lock is not None
        async with self._lock:
            while self._writer is None:
                try:
                    await self._open(self._path or "")
                    break
                except (OSError, Unreachable):
                    pass
                except RagchatError as error:
                    self._fail_all(error)
                    return
                waited = loop.time() - begun
                try:
                    if waited > 1 and not started and not self._told and self._autostart:
                        started = True
                        await self._start_daemon()
                        continue
                except RagchatError:
                    pass
                if waited > self._again_s:
                    self._give_up(why)
                    return
                await asyncio.sleep(pause)
                pause = min(2 * pause, 0.5)
        for stream in list(self._streams.values()):
            self._spawn(self._resume(stream))
        if self._writer is not None:
            for call in list(self._calls.values()):
                if call.repeat:
                    self._writer.write(call.frame)

    def _fail_all(self, why: RagchatError) -> None:
        for call in self._calls.values():
            if not call.future.done():
                call.future.set_exception(why)
        self._calls.clear()
        for stream in list(self._streams.values()):
            self._drop(stream, why)

    def _give_up(self, why: RagchatError) -> None:
        for call in self._calls.values():
            if not call.future.done():
                call.future.set_exception(why)
        self._calls.clear()
        for stream in list(self._streams.values()):
            self._end_here(stream, None, True)

    async def _resume(self, stream: _Stream) -> None:
        turn, restarted = stream.answer.turn, self._restarted
        stream.tries -= 1
        if not stream.tries:
            self._drop(stream, ConnectionLost("the connection to the daemon is lost again and again"))
            return
        try:
            await self._call("attach", {"turn": turn, "off": stream.off, "roff": stream.roff, "ev": stream.ev}, repeat=False)
        except ConnectionLost:
            return  # lost again: it is resumed with the next connection
        except RemoteError as error:
            if not restarted:
                self._drop(stream, error)
                return
            stored = None
            try:
                stored = (await self._call("turn.get", {"turn": turn})).get("turn")
            except RagchatError:
                pass
            self._end_here(stream, stored, stored is not None)
        except RagchatError as error:
            self._drop(stream, error)

    def _end_here(self, stream: _Stream, stored: Optional[Params], retry: bool) -> None:
        """The daemon had ended, and has less than came here or nothing: its words are made in its place."""
        stored = stored or {}
        length = stored.get("length", stream.off)
        words = "the daemon ended before the answer was complete" + ("; retry asks again" if retry else "")
        stream.take({"turn": stream.answer.turn, "kind": "error", "ev": stream.ev + 1, "code": 27, "name": "interrupted",
                     "message": words, "local": True})
        if isinstance(stored.get("text"), str) and length < stream.off:
            data = "".join(stream.parts).encode()[:length]
            stream.parts = [data.decode("utf-8", "ignore")]
        stream.take({"turn": stream.answer.turn, "kind": "done", "ev": stream.ev + 1, "state": "interrupted",
                     "length": length, "local": True, "retry": retry})
        self._drop(stream)

    # -- requests --

    async def call(self, method: str, **params: Any) -> Params:
        """Any method of the protocol: its result as a dict; RemoteError when the daemon says no."""
        return await self._call(method, params)

    async def _call(self, method: str, params: Params, repeat: Optional[bool] = None,
                    on_reply: Optional[Callable[[Params], None]] = None) -> Params:
        if repeat is None:
            repeat = method in _REPEAT or method.endswith((".get", ".list"))
        self._number = self._number % 0xFFFFFFFE + 1
        number = self._number
        frame = pack([0, number, method, [params]])
        if len(frame) > FRAME:
            raise ValueError("the request is larger than a message may be (1 MiB)")
        await self.connect()
        call = _Call(number, frame, repeat, on_reply)
        self._calls[number] = call
        writer = self._writer
        if writer is None:
            self._calls.pop(number, None)
            raise ConnectionLost("the connection to the daemon was lost")
        writer.write(frame)
        try:
            await writer.drain()
        except OSError:
            pass  # the reader sees it, too, and decides
        try:
            return await call.future
        finally:
            self._calls.pop(number, None)

    async def ask(self, text: str, *, thread: Optional[str] = None, key: Optional[str] = None,
                  **params: Any) -> "AsyncAnswer":
        """Ask; gives the answer once the question is on the daemon's disk, before its first word.

        thread: a REF (id, prefix, name, "last"), else a new thread. Other params as PROTOCOL.md has them: create,
        title, tags, system, model, options, documents, collection, retrieval, save.
        """
        params.update(text=text, key=key or uuid.uuid4().hex, stream=True)
        if thread is not None:
            params["thread"] = thread
        return await self._follow("ask", params)

    async def retry(self, turn: str, **params: Any) -> "AsyncAnswer":
        """The question of a turn once more, as a new turn; the old one stays."""
        params.update(turn=turn, stream=True)
        params.setdefault("key", uuid.uuid4().hex)
        return await self._follow("turn.retry", params)

    async def edit(self, turn: str, text: str, **params: Any) -> "AsyncAnswer":
        """Another wording of a question, as a turn of its own beside the old one; both branches stay."""
        params.update(turn=turn, text=text, stream=True)
        params.setdefault("key", uuid.uuid4().hex)
        return await self._follow("turn.edit", params)

    async def attach(self, turn: str = "last", *, off: int = 0, roff: int = 0, ev: int = 0) -> "AsyncAnswer":
        """An answer that was begun elsewhere, running or ended, from its first byte or from `off`."""
        return await self._follow("attach", {"turn": turn, "off": off, "roff": roff, "ev": ev})

    async def _follow(self, method: str, params: Params) -> "AsyncAnswer":
        made: List[_Stream] = []

        def on_reply(result: Params) -> None:
            turn, places = result.get("turn"), [result.get(key, 0) for key in ("off", "roff", "ev")]
            if not isinstance(turn, str) or not all(isinstance(place, int) for place in places):
                raise ProtocolError("the daemon names no turn")
            answer = _Answer(turn, result.get("thread"), result.get("name"), str(result.get("state", "queued")))
            stream = _Stream(answer, *places)
            self._streams[turn] = stream
            made.append(stream)
        await self._call(method, params, repeat=True, on_reply=on_reply)
        return AsyncAnswer(self, made[0])

    async def cancel(self, turn: str) -> str:
        """Stop an answer; what came of it stays. The state it has now."""
        return str((await self._call("cancel", {"turn": turn})).get("state"))

    async def login(self, account: str, password: str) -> Params:
        """Log in by password, on this connection only: a lost one is not logged in again."""
        await self.connect()
        return await self._call("auth.password", {"account": account, "password": password})

    async def pages(self, method: str, key: str, cursor: str = "before", **params: Any) -> AsyncIterator[Params]:
        """Every row of a list, page by page: pages("thread.list", "threads")."""
        while True:
            page = await self._call(method, params)
            for row in page.get(key) or []:
                yield _map(row)
            if page.get("next") is None:
                return
            params[cursor] = page["next"]

    def threads(self) -> AsyncIterator[Params]:
        """Thread maps, the last active first."""
        return self.pages("thread.list", "threads", limit=200)

    def turns(self, thread: str) -> AsyncIterator[Params]:
        """The turns of a thread with their texts, oldest first."""
        return self.pages("message.list", "turns", "after", thread=thread, limit=200)

    def documents(self, **params: Any) -> AsyncIterator[Params]:
        """Document maps, by name."""
        return self.pages("doc.list", "documents", limit=200, **params)

    async def upload(self, file: Union[str, "os.PathLike[str]", bytes, IO[bytes]], name: Optional[str] = None, *,
                     collection: Optional[str] = None, progress: Optional[Callable[[int, int], None]] = None) -> Params:
        """A file (a path, its bytes, or an open binary file) into the library or to the backend.

        name: under which it is kept, by default that of the file. progress(sent, size) is called as it goes.
        """
        opened = isinstance(file, (str, os.PathLike))
        data: IO[bytes]
        if isinstance(file, (bytes, bytearray)):
            data = io.BytesIO(file)
        elif isinstance(file, (str, os.PathLike)):
            data = open(file, "rb")
            name = name or os.path.basename(os.fspath(file))
        else:
            data = file
            name = name or os.path.basename(str(getattr(file, "name", "")))
        try:
            return await self._upload(data, name or "upload", collection, progress)
        finally:
            if opened:
                data.close()

    async def _upload(self, data: IO[bytes], name: str, collection: Optional[str],
                      progress: Optional[Callable[[int, int], None]]) -> Params:
        params: Params = {"name": name}
        size = -1
        if data.seekable():
            at = data.tell()
            size = data.seek(0, os.SEEK_END) - at
            data.seek(at)
            params["size"] = size
        if collection is not None:
            params["collection"] = collection
        upload = (await self._call("doc.begin", params))["upload"]
        off, chunk = 0, min(CHUNK, int(self.hello.get("limits", {}).get("chunk", CHUNK)))
        try:
            while True:
                piece = data.read(chunk)
                if not piece:
                    break
                await self._call("doc.chunk", {"upload": upload, "off": off, "data": piece})
                off += len(piece)
                if progress:
                    progress(off, size)
            return await self._call("doc.commit", {"upload": upload})
        except BaseException:
            if self._writer is not None:
                self._writer.write(pack([0, self._unheard(), "doc.abort", [{"upload": upload}]]))
            raise

    def _unheard(self) -> int:
        """The number of a request whose reply nobody waits for."""
        self._number = self._number % 0xFFFFFFFE + 1
        return self._number

    async def export(self, ref: str = "last", *, thread: bool = False, format: str = "pdf", paper: Optional[str] = None,
                     to: Optional[Union[str, "os.PathLike[str]"]] = None) -> bytes:
        """An answer, or with `thread` a whole conversation, as a document (pdf or html); `to` writes it to a file."""
        params: Params = {"thread" if thread else "turn": ref, "format": format}
        if paper:
            params["paper"] = paper
        made = await self._call("export", params)
        data, size = bytearray(), int(made["size"])
        while len(data) < size:
            piece = await self._call("blob.read", {"blob": made["blob"], "off": len(data)})
            if not isinstance(piece.get("data"), bytes) or not piece["data"]:
                raise ProtocolError("the daemon sent half a document")
            data += piece["data"]
        if to is not None:
            part = os.fspath(to) + ".part"
            with open(part, "wb") as out:
                out.write(data)
            os.replace(part, to)
        return bytes(data)


class AsyncAnswer:
    """An answer on its way. Iterate over it for its events, over pieces() for its text; wait() for its end."""

    def __init__(self, client: AsyncClient, stream: _Stream) -> None:
        self._client, self._stream = client, stream

    def __getattr__(self, name: str) -> Any:
        # turn, thread, name, state, text, reasoning, sources, notices, usage, error, done
        if name in ("text", "reasoning"):
            self._stream.settle()
        return getattr(self._stream.answer, name)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._events()

    async def _events(self) -> AsyncIterator[Event]:
        stream = self._stream
        while True:
            event = stream.next()
            if event is not None:
                yield event
                if event.kind == "done":
                    return
                continue
            if stream.failed is not None:
                raise stream.failed
            if stream.answer.done is not None:
                return
            await stream.news.wait()

    async def pieces(self) -> AsyncIterator[str]:
        """The text as it comes. An answer that did not become whole ends with AnswerFailed."""
        async for event in self:
            if event.kind == "delta":
                yield event.text
        self._check()

    def _check(self) -> None:
        answer = self._stream.answer
        self._stream.settle()
        if answer.state != "done":
            message = str((answer.error or {}).get("message") or f"the answer is {answer.state}")
            raise AnswerFailed(answer, message)

    async def wait(self, check: bool = True) -> str:
        """The whole text, once it is there; with check=False also of an answer that failed."""
        async for _ in self:
            pass
        if check:
            self._check()
        self._stream.settle()
        return self._stream.answer.text

    async def cancel(self) -> str:
        return await self._client.cancel(self._stream.answer.turn)

    async def detach(self) -> None:
        """Listen no more; the answer goes on."""
        self._client._streams.pop(self._stream.answer.turn, None)
        await self._client.call("detach", turn=self._stream.answer.turn)


def _kind(message: Any) -> int:
    """1 response, 2 notification; whatever else is an error of the protocol."""
    if isinstance(message, list) and message and not isinstance(message[0], bool):
        if message[0] == 1 and len(message) == 4 and isinstance(message[1], int):
            return 1
        if message[0] == 2 and len(message) == 3 and isinstance(message[1], str) and isinstance(message[2], list):
            return 2
    raise ProtocolError("the daemon sent what is no message")


def _map(value: Any) -> Params:
    if not isinstance(value, dict):
        raise ProtocolError("the daemon sent something else than a map")
    return value


# ---- the same, blocking ----

class Client:
    """A connection to ragchatd for programs without asyncio: the methods of AsyncClient, each waiting for its
    result. It has a thread of its own and may be shared between threads. Use it as a context manager, or call close().

    timeout: for how many seconds a result, or the next piece of an answer, is waited for; TimeoutError after that.
    The answer goes on in the daemon, and may be read on.
    """

    def __init__(self, socket: Optional[str] = None, *, token: Optional[str] = None, autostart: bool = True,
                 again: float = AGAIN_S, timeout: Optional[float] = None, name: str = "ragchat.py") -> None:
        self.timeout = timeout
        self._client = AsyncClient(socket, token=token, autostart=autostart, again=again, name=name)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ragchat", daemon=True)
        self._thread.start()

    def _do(self, work: "Awaitable[T]") -> T:
        async def run() -> T:
            return await work
        if self._loop.is_closed():
            raise RagchatError("the client is closed")
        future = asyncio.run_coroutine_threadsafe(run(), self._loop)
        try:
            return future.result(self.timeout)
        except concurrent.futures.TimeoutError:
            if future.done() and not future.cancelled():  # the work's own
                raise
            future.cancel()
            raise TimeoutError(f"nothing came within {self.timeout:g} s") from None
        except BaseException:
            future.cancel()
            raise

    def __enter__(self) -> "Client":
        try:
            self.connect()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *what: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave. Answers go on in the daemon."""
        if self._loop.is_closed():
            return

        async def end() -> None:
            await self._client.close()
            await asyncio.sleep(0)
        self._do(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def hello(self) -> Params:
        return self._client.hello

    def connect(self) -> Params:
        return self._do(self._client.connect())

    def call(self, method: str, **params: Any) -> Params:
        """Any method of the protocol: its result as a dict; RemoteError when the daemon says no."""
        return self._do(self._client.call(method, **params))

    def ask(self, text: str, *, thread: Optional[str] = None, key: Optional[str] = None, **params: Any) -> "Answer":
        """Ask; gives the answer once the question is on the daemon's disk. See AsyncClient.ask."""
        return Answer(self, self._do(self._client.ask(text, thread=thread, key=key, **params)))

    def retry(self, turn: str, **params: Any) -> "Answer":
        return Answer(self, self._do(self._client.retry(turn, **params)))

    def edit(self, turn: str, text: str, **params: Any) -> "Answer":
        return Answer(self, self._do(self._client.edit(turn, text, **params)))

    def attach(self, turn: str = "last", *, off: int = 0, roff: int = 0, ev: int = 0) -> "Answer":
        return Answer(self, self._do(self._client.attach(turn, off=off, roff=roff, ev=ev)))

    def cancel(self, turn: str) -> str:
        return self._do(self._client.cancel(turn))

    def login(self, account: str, password: str) -> Params:
        return self._do(self._client.login(account, password))

    def _each(self, rows: "AsyncIterator[T]") -> "Iterator[T]":
        while True:
            try:
                yield self._do(rows.__anext__())
            except StopAsyncIteration:
                return

    def pages(self, method: str, key: str, cursor: str = "before", **params: Any) -> Iterator[Params]:
        return self._each(self._client.pages(method, key, cursor, **params))

    def threads(self) -> Iterator[Params]:
        return self._each(self._client.threads())

    def turns(self, thread: str) -> Iterator[Params]:
        return self._each(self._client.turns(thread))

    def documents(self, **params: Any) -> Iterator[Params]:
        return self._each(self._client.documents(**params))

    def upload(self, file: Union[str, "os.PathLike[str]", bytes, IO[bytes]], name: Optional[str] = None, *,
               collection: Optional[str] = None, progress: Optional[Callable[[int, int], None]] = None) -> Params:
        """A file into the library or to the backend. See AsyncClient.upload; progress is called on another thread."""
        return self._do(self._client.upload(file, name, collection=collection, progress=progress))

    def export(self, ref: str = "last", *, thread: bool = False, format: str = "pdf", paper: Optional[str] = None,
               to: Optional[Union[str, "os.PathLike[str]"]] = None) -> bytes:
        return self._do(self._client.export(ref, thread=thread, format=format, paper=paper, to=to))


class Answer:
    """An answer on its way. Iterate over it for its events, over pieces() for its text; wait() for its end."""

    def __init__(self, client: Client, answer: AsyncAnswer) -> None:
        self._client, self._answer = client, answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._answer, name)

    def __iter__(self) -> Iterator[Event]:
        return self._client._each(self._answer.__aiter__())

    def pieces(self) -> Iterator[str]:
        """The text as it comes. An answer that did not become whole ends with AnswerFailed."""
        return self._client._each(self._answer.pieces())

    def wait(self, check: bool = True) -> str:
        """The whole text, once it is there; with check=False also of an answer that failed."""
        for _ in self:
            pass
        return self._client._do(self._answer.wait(check))

    def cancel(self) -> str:
        return self._client._do(self._answer.cancel())

    def detach(self) -> None:
        """Listen no more; the answer goes on."""
        self._client._do(self._answer.detach())


def main() -> int:
    """python3 ragchat.py QUESTION: ask, and print the answer as it comes."""
    import sys
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print("usage: ragchat.py QUESTION...", file=sys.stderr)
        return 2
    try:
        with Client() as chat:
            for piece in chat.ask(" ".join(sys.argv[1:])).pieces():
                # What a model says is not for the terminal to act on.
                print("".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in piece), end="", flush=True)
            print()
    except RagchatError as error:
        print(f"ragchat.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
