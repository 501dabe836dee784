"""The other end of `ragchat bridge`: JSON-RPC over the pipes of a process, with either framing."""
import collections
import json
import os
import select
import time

import harness
from harness import Closed, RpcError, Stream, check, equal, shorten


class Peer:
    """A bridge, or another program that speaks JSON-RPC 2.0 on its pipes; read by hand, so that it can be slow."""

    def __init__(self, t, *args, mode="lines", home=None, env=None, timeout=15.0, verb="bridge"):
        args = [verb, *args] if verb != "bridge" else [verb, "--" + mode, *args]
        self.client = t.start(*args, home=home, env=env, stdin=True, unread=True)
        self.process, self.mode, self.timeout = self.client.process, mode, timeout * harness.SLOW
        self.id, self.data, self.eof = 0, bytearray(), False
        self.replies, self.notes, self.streams, self.messages = {}, collections.deque(), {}, []

    # ---- out ----

    def raw(self, data):
        self.process.stdin.write(data if isinstance(data, bytes) else data.encode())
        self.process.stdin.flush()

    def frame(self, value):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return b"Content-Length: %d\r\n\r\n%s" % (len(body), body) if self.mode == "lsp" else body + b"\n"

    def put(self, value):
        self.raw(self.frame(value))

    def send(self, method, **params):
        self.id += 1
        self.put({"jsonrpc": "2.0", "id": self.id, "method": method, "params": params})
        return self.id

    def notify(self, method, **params):
        self.put({"jsonrpc": "2.0", "method": method, "params": params})

    def close_input(self):
        self.process.stdin.close()

    # ---- in ----

    def cut(self):
        """One message at the front of what came, or None."""
        if self.mode == "lines":
            end = self.data.find(b"\n")
            if end < 0:
                return None
            body = bytes(self.data[:end])
            del self.data[:end + 1]
            return json.loads(body)
        head = self.data.find(b"\r\n\r\n")
        if head < 0:
            return None
        check(self.data.startswith(b"Content-Length: "), "no head:", bytes(self.data[:60]))
        size = int(self.data[16:head])
        if len(self.data) < head + 4 + size:
            return None
        body = bytes(self.data[head + 4:head + 4 + size])
        del self.data[:head + 4 + size]
        return json.loads(body)

    def pump(self, end):
        left = end - time.monotonic()
        if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
            raise AssertionError(f"nothing came within {self.timeout:.0f} s; replies {shorten(self.replies)} "
                                 f"notes {shorten(list(self.notes))} stderr {shorten(bytes(self.client.err))}")
        piece = os.read(self.process.stdout.fileno(), 1 << 18)
        self.eof = not piece
        self.data += piece
        while (message := self.cut()) is not None:
            self.take(message)

    def take(self, message):
        self.messages.append(message)
        if isinstance(message, list):
            self.replies.setdefault("batch", []).append(message)
            return
        equal(message.get("jsonrpc"), "2.0", "jsonrpc")
        if "method" in message:
            check("id" not in message, "the bridge asks:", message)
            params = message["params"]
            if message["method"] == "stream" and params.get("turn") in self.streams:
                self.streams[params["turn"]].take(params)
            else:
                self.notes.append((message["method"], params))
        else:
            check(("result" in message) != ("error" in message), "neither result nor error, or both:", message)
            check(message["id"] not in self.replies or message["id"] is None, "answered twice:", message)
            self.replies[message["id"]] = message

    def until(self, claim, timeout=None):
        end = time.monotonic() + (timeout * harness.SLOW if timeout else self.timeout)
        while not claim():
            if self.eof:
                raise Closed(f"ended; notes {shorten(list(self.notes))} stderr {shorten(bytes(self.client.err))}")
            self.pump(end)

    def answer(self, number, timeout=None):
        """The whole message that answers this id."""
        self.until(lambda: number in self.replies, timeout)
        return self.replies.pop(number)

    def reply(self, number, timeout=None):
        message = self.answer(number, timeout)
        if "error" in message:
            error = message["error"]
            raise RpcError({"code": error["code"], "message": error["message"], **error.get("data", {})})
        return message["result"]

    def call(self, method, **params):
        return self.reply(self.send(method, **params))

    def fails(self, name, method, **params):
        try:
            result = self.call(method, **params)
        except RpcError as error:
            equal(error.name, name, f"error of {method}")
            check(error.error["message"], "an error without words")
            return error
        raise AssertionError(f"{method} gave {shorten(result)}, wanted the error {name}")

    def ask(self, text, **params):
        number = self.send("ask", text=text, stream=True, **params)
        reply = self.reply(number)
        return reply, self.listen(reply["turn"])

    def listen(self, turn, off=0, roff=0, ev=0):
        stream = self.streams[turn] = Stream(off, roff, ev)
        early, self.notes = self.notes, collections.deque()
        for method, params in early:
            if method == "stream" and params.get("turn") == turn:
                stream.take(params)
            else:
                self.notes.append((method, params))
        return stream

    def finish(self, stream, timeout=None):
        self.until(lambda: stream.done, timeout)
        return stream

    def said(self, method):
        return [params for name, params in self.notes if name == method]

    def end(self, timeout=10.0):
        """Close its input and read what it still says: its exit status."""
        if not self.process.stdin.closed:
            self.close_input()
        end = time.monotonic() + timeout * harness.SLOW
        while not self.eof:
            self.pump(end)
        self.process.stdout.close()
        return self.client.end(timeout).code
