"""A backend that does what a script says: OpenAI-like streams, errors, silence, uploads.

Backend(script) listens at once, on TCP, a Unix socket (unix=PATH) or TLS (tls=(CERT, KEY)). A script
is a function of the Request and an Out; what it leaves open is ended for it. `chats` and `uploads`
keep what was asked.
"""
import hashlib
import json
import select
import socket
import ssl
import struct
import threading
import time


class Gone(Exception):
    """The other side has left."""


class Request:
    def __init__(self, link, method, path, headers):
        self.link, self.method, self.path, self.headers = link, method, path, headers
        self.time, self.body = time.monotonic(), b""

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def gone(self):
        """Has the other side closed the connection?"""
        try:
            if self.link.fileno() < 0:
                return True
            if not select.select([self.link], [], [], 0)[0]:
                return False
            return isinstance(self.link, ssl.SSLSocket) or self.link.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            return True


class Out:
    """The way out: start (by itself with the first piece), pieces, an end of some kind."""

    def __init__(self, link, request):
        self.link, self.request = link, request
        self.started = self.ended = self.cut_off = self.told_role = False

    def send(self, data):
        try:
            self.link.sendall(data)
        except OSError:
            raise Gone from None

    def start(self, status=200, headers=None):
        named = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "Transfer-Encoding": "chunked",
                 **(headers or {})}
        lines = [f"HTTP/1.1 {status} Status"] + [f"{name}: {value}" for name, value in named.items()]
        self.started = True
        self.send("\r\n".join(lines + ["", ""]).encode())

    def raw(self, data):
        if not self.started:
            self.start()
        if data:
            self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def event(self, value):
        self.raw(b"data: " + (value if isinstance(value, str) else json.dumps(value)).encode() + b"\n\n")

    def chunk(self, delta, reason=None):
        self.event({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1795396032, "model": "scripted",
                    "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})

    def delta(self, text):
        if not self.told_role:
            self.told_role = True
            self.chunk({"role": "assistant", "content": ""})
        self.chunk({"content": text})

    def reasoning(self, text):
        self.chunk({"reasoning_content": text})

    def finish(self, reason="stop"):
        self.chunk({}, reason)
        self.done()

    def done(self):
        self.raw(b"data: [DONE]\n\n")
        self.close()

    def close(self):
        """The orderly end of the stream, whatever was said."""
        if not self.started:
            self.start()
        if not self.ended:
            self.ended = True
            self.send(b"0\r\n\r\n")

    def cut(self):
        """A connection that breaks: RST, no last chunk."""
        self.ended = self.cut_off = True
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def reply(self, status, body, headers=None):
        """A whole answer at once."""
        data = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "text/plain" if isinstance(body, (str, bytes)) else "application/json"
        named = {"Content-Type": kind, "Content-Length": len(data), **(headers or {})}
        if status == 204:
            del named["Content-Length"]
        self.started = self.ended = True
        self.send("\r\n".join([f"HTTP/1.1 {status} Status"] + [f"{k}: {v}" for k, v in named.items()] + ["", ""]).encode() + data)

    def gone(self):
        return self.request.gone


class Backend:
    def __init__(self, script, unix=None, tls=None, host="127.0.0.1"):
        self.script, self.models, self.models_status = script, ["scripted", "other-model"], 200
        self.chats, self.uploads, self.upload_reply = [], [], None
        self.embedded, self.embedder = [], None  # embedder: a script too
        self.at_once = self.most_at_once = 0
        self.lock, self.links, self.closed = threading.Lock(), set(), False
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*tls)
        if unix:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(unix)
            self.url = f"unix:{unix}"
        else:
            self.listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind((host, 0))
            name = f"[{host}]" if ":" in host else host
            self.url = f"http{'s' if tls else ''}://{name}:{self.listener.getsockname()[1]}"
        self.listener.listen(512)
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.closed = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for link in list(self.links):
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept(self):
        while not self.closed:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def serve(self, link):
        try:
            if link.family != socket.AF_UNIX:
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context:
                link = self.context.wrap_socket(link, server_side=True)
            self.links.add(link)
            reader = link.makefile("rb")
            while self.one(link, reader):
                pass
        except (OSError, Gone, ValueError):
            pass
        finally:
            self.links.discard(link)
            link.close()
            try:
                reader.close()
            except (OSError, UnboundLocalError):
                pass

    def one(self, link, reader):
        line = reader.readline(65536).split()
        if len(line) != 3:
            return False
        headers = {}
        while (text := reader.readline(65536).strip()):
            name, _, value = text.partition(b":")
            headers[name.decode().lower()] = value.strip().decode("latin-1")
        request = Request(link, line[0].decode(), line[1].decode("latin-1"), headers)
        out = Out(link, request)
        if "100-continue" in headers.get("expect", ""):
            out.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        path = request.path.split("?")[0]
        if path.endswith("/upload"):
            self.upload(request, out, Body(reader, headers))
        else:
            request.body = b"".join(Body(reader, headers))
            self.answer(path, request, out)
        if not out.ended:
            out.close()
        if out.cut_off:
            link.close()
            reader.close()
            return False
        return True

    def answer(self, path, request, out):
        if path.endswith("/models"):
            rows = [{"id": name, "object": "model", "owned_by": "tests"} for name in self.models]
            out.reply(self.models_status, {"object": "list", "data": rows} if self.models_status == 200 else {"detail": "Not Found"})
        elif path.endswith("/embeddings") and self.embedder:
            self.embedded.append(request)
            self.embedder(request, out)
        elif not path.endswith("/chat/completions"):
            out.reply(404, {"detail": "Not Found"})
        else:
            with self.lock:
                self.chats.append(request)
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                self.script(request, out)
            finally:
                with self.lock:
                    self.at_once -= 1

    def upload(self, request, out, body):
        """multipart/form-data with one field `files`, hashed as it comes: nothing is kept."""
        boundary = request.headers["content-type"].partition("boundary=")[2].strip('"').encode()
        end, head, held, digest, size = b"\r\n--" + boundary, None, b"", hashlib.sha256(), 0
        for piece in body:
            held += piece
            if head is None and b"\r\n\r\n" in held:
                head, held = held.split(b"\r\n\r\n", 1)
            if head is not None and end not in held and len(held) > len(end):
                keep = len(held) - len(end)
                digest.update(held[:keep])
                size += keep
                held = held[keep:]
        content = held.split(end)[0]
        digest.update(content)
        entry = {"head": (head or b"").decode("utf-8", "replace"), "size": size + len(content), "sha256": digest.hexdigest(),
                 "headers": request.headers}
        self.uploads.append(entry)
        if self.upload_reply:
            out.reply(*self.upload_reply)
            return
        out.reply(200, {"message": "Ingested 42 chunks from 1 file(s) (0 skipped).",
                        "stats": {"total": 1, "processed": 1, "skipped": 0, "failed": 0, "chunks_created": 42, "errors": []}})


class Body:
    """A request's body in pieces, by Content-Length or chunked."""

    def __init__(self, reader, headers):
        self.reader, self.headers = reader, headers

    def __iter__(self):
        if self.headers.get("transfer-encoding") == "chunked":
            while (size := int(self.reader.readline().split(b";")[0], 16)):
                yield self.exactly(size)
                self.reader.readline()
            self.reader.readline()
            return
        left = int(self.headers.get("content-length") or 0)
        while left:
            piece = self.reader.read1(min(left, 65536))
            if not piece:
                raise Gone
            left -= len(piece)
            yield piece

    def exactly(self, n):
        piece = self.reader.read(n)
        if len(piece) != n:
            raise Gone
        return piece


class Replay:
    """Writes a recorded answer to whoever asks, byte for byte, and closes; `step` bytes at a time."""

    def __init__(self, data, step=0):
        self.data, self.step, self.requests = data, step, []
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def serve(self, link):
        try:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            reader = link.makefile("rb")
            first, headers = reader.readline(), {}
            while (text := reader.readline().strip()):
                name, _, value = text.partition(b":")
                headers[name.decode().lower()] = value.strip().decode("latin-1")
            self.requests.append((first, headers, b"".join(Body(reader, headers))))
            for at in range(0, len(self.data), self.step or len(self.data)):
                link.sendall(self.data[at:at + (self.step or len(self.data))])
            link.shutdown(socket.SHUT_WR)
            link.settimeout(5)
            while link.recv(65536):
                pass
        except (OSError, Gone):
            pass
        finally:
            link.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
