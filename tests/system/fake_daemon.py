"""A daemon made of a script: answers the client with whatever a story needs, sane or not.

    daemon = FakeDaemon(path)
    daemon.on["status"] = lambda call: call.reply(server={"pid": 1})
    daemon.on["ask"] = lambda call: call.accept().delta("hello").done()

Every request is kept in daemon.requests as (method, params). A handler runs on the thread of its
connection: one that waits holds up the requests behind it, so long stories use call.later.
"""
import hashlib
import os
import socket
import threading

import mp

TURN = "0a1b2c3d-0000-4000-8000-000000000001"
THREAD = "f00dcafe-0000-4000-8000-000000000002"
ERRORS = {"bad_request": 1, "bad_params": 3, "forbidden": 5, "not_found": 6, "conflict": 7, "too_large": 8, "busy": 10,
          "upstream_error": 12, "shutting_down": 15, "unsupported_version": 17, "ambiguous": 19,
          "unsupported_type": 20, "upstream_unreachable": 21, "upstream_refused": 22, "upstream_busy": 23,
          "interrupted": 27, "bad_data": 28, "not_configured": 29}


class Call:
    """One request on one connection, and the turn that it may start."""

    def __init__(self, connection, number, method, params):
        self.connection, self.number, self.method, self.params = connection, number, method, params
        self.turn, self.text, self.ev, self.roff = TURN, b"", 0, 0

    def send(self, message):
        with self.connection.lock:
            self.connection.socket.sendall(mp.packb(message))
        return self

    def raw(self, data):
        with self.connection.lock:
            self.connection.socket.sendall(data)
        return self

    def reply(self, **result):
        return self.send([1, self.number, None, result])

    def fail(self, name, message="it did not work", **more):
        return self.send([1, self.number, dict(code=ERRORS[name], name=name, message=message, **more), None])

    def note(self, kind, **fields):
        return self.send([2, "stream", [dict(turn=self.turn, kind=kind, **fields)]])

    def event(self, kind, **fields):
        self.ev += 1
        return self.note(kind, ev=self.ev, **fields)

    def accept(self, **more):
        return self.reply(**dict(dict(thread=THREAD, turn=self.turn, off=0, state="streaming", name="a thread"), **more))

    def delta(self, text):
        """Text, after what was sent before (in this call or, told by `at`, in an earlier one)."""
        off = len(self.text)
        self.text += text.encode()
        return self.note("delta", off=off, text=text)

    def at(self, text, ev=0):
        """Go on after this much of the answer: the other end has it."""
        self.text, self.ev = text.encode(), ev
        return self

    def reasoning(self, text):
        self.roff += len(text.encode())
        return self.note("reasoning", off=self.roff - len(text.encode()), text=text)

    def done(self, state="done", **more):
        fields = dict(state=state, length=len(self.text), sha256=hashlib.sha256(self.text).hexdigest(),
                      finish_reason="stop", seconds=1.25, thread=THREAD)
        return self.event("done", **dict(fields, **more))

    def close(self):
        try:
            self.connection.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        return self

    def later(self, story, *args):
        thread = threading.Thread(target=quietly, args=(story, self, *args), daemon=True)
        thread.start()
        return self


def quietly(story, *args):
    """The client may go in mid-story; that is what many stories are about."""
    try:
        story(*args)
    except OSError:
        pass


class Connection:
    def __init__(self, end):
        self.socket, self.lock = end, threading.Lock()
        self.first = b""  # what the client's first write brought


class FakeDaemon:
    def __init__(self, path, instance="first"):
        self.path, self.instance, self.requests, self.on = path, instance, [], {}
        self.connections = []
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(path)
        self.server.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                end, _ = self.server.accept()
            except OSError:
                return
            connection = Connection(end)
            self.connections.append(connection)
            threading.Thread(target=quietly, args=(self.serve, connection), daemon=True).start()

    def serve(self, connection):
        unpacker = mp.Unpacker()
        while data := connection.socket.recv(1 << 18):
            connection.first = connection.first or data
            unpacker.feed(data)
            for kind, number, method, params in unpacker:
                if kind != 0 or len(params) != 1:
                    raise ValueError("the client sent no request")
                self.requests.append((method, params[0]))
                self.handle(Call(connection, number, method, params[0]))

    def handle(self, call):
        if call.method in self.on:
            quietly(self.on[call.method], call)
        elif call.method == "hello":
            call.reply(protocol=1, server="fake", version="0", level=1, instance=self.instance, caps=[], limits={})
        else:
            call.fail("not_found", "no handler for " + call.method)

    def sent(self, method):
        """The params of each request of this method so far."""
        return [params for name, params in self.requests if name == method]

    def close(self):
        """Nobody listens any more, and the path is gone."""
        self.server.close()
        try:
            os.unlink(self.path)
        except OSError:
            pass
        for connection in self.connections:
            try:
                connection.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
