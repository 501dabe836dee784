"""Named behaviours of backends, for tests and by hand:

    python3 tests/system/backend.py --port 8080 --script ragwire --tokens 200 --delay-ms 20
    python3 tests/system/backend.py --replay tests/system/data/wire/llama/ok.http --step 1

`Backend("cut", tokens=20)` is the same as a library: server.Backend with a script from the table below.
The text of an answer depends on seed and number of tokens only: words(seed, tokens).
"""
import argparse
import json
import os
import random
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import server

WORDS = ("the", "growth", "of", "margin", "was", "driven", "by", "caf\u00e9", "\u65e5\u672c\u8a9e", "\U0001f642", "**12.4%**",
         "report.pdf,", "p.14", "systemctl", "`code`", "and\n", "then\n\n", "- item", "\u2028", "Gr\u00fc\u00dfe")


def words(seed, tokens):
    """The tokens of an answer; joined they are its text."""
    rng = random.Random(seed)
    return [rng.choice(WORDS) + " " for _ in range(tokens)]


class Shape:
    """How one kind of server writes its chunks: ascii escapes, spaces, framing, extra keys."""

    def __init__(self, model, ascii_=False, spaces=False, first="", eol="\n", extra=None):
        self.model, self.ascii, self.spaces, self.first, self.eol, self.extra = model, ascii_, spaces, first, eol, extra or {}

    def event(self, value):
        separators = (", ", ": ") if self.spaces else (",", ":")
        text = json.dumps(value, ensure_ascii=self.ascii, separators=separators)
        return f"data: {text}{self.eol}{self.eol}".encode()

    def chunk(self, delta, reason=None, **more):
        return self.event({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1795396032, "model": self.model,
                           **self.extra, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more})


OPENAI = Shape("gpt-4o-mini-2024-07-18", extra={"service_tier": "default", "system_fingerprint": "fp_0ba0d124f1"})
RAGWIRE = Shape("ragwire-stub", ascii_=True, spaces=True)
LLAMA = Shape("tiny-rag.gguf", first=None, extra={"system_fingerprint": "b1-de3ff81"})


class Talk:
    """One answer on its way: shape, pace and text, and the steps that scripts are made of."""

    def __init__(self, out, options, shape=OPENAI):
        self.out, self.options, self.shape = out, options, shape
        self.tokens = words(options.seed, options.tokens)

    def role(self):
        self.out.raw(self.shape.chunk({"role": "assistant", "content": self.shape.first}))

    def say(self, *tokens):
        for token in tokens:
            self.out.raw(self.shape.chunk({"content": token}))
            if self.options.delay:
                time.sleep(self.options.delay)

    def finish(self, reason="stop"):
        self.out.raw(self.shape.chunk({}, reason))

    def done(self):
        self.out.raw(b"data: [DONE]" + (self.shape.eol * 2).encode())
        self.out.close()

    def whole(self):
        self.role()
        self.say(*self.tokens)
        self.finish()
        self.done()

    def half(self):
        self.role()
        self.say(*self.tokens[:(len(self.tokens) + 1) // 2])


def shaped(shape):
    return lambda out, options: Talk(out, options, shape).whole()


def cut(out, options):
    """Half an answer, then the connection is closed within a chunk."""
    talk = Talk(out, options)
    talk.half()
    out.send(b"ff\r\ndata: {\"choices\":[{\"del")
    out.ended = out.cut_off = True


def rst(out, options):
    Talk(out, options).half()
    out.cut()


def wait_gone(out):
    while not out.gone():
        time.sleep(0.02)


def stall(out, options):
    Talk(out, options).half()
    wait_gone(out)


def never(out, options):
    wait_gone(out)
    out.ended = True


def busy(out, options):
    out.reply(429, {"error": {"message": "Rate limit reached", "type": "rate_limit_exceeded", "code": 429}},
              {"Retry-After": str(options.retry_after)})


def fails(status, body, headers=None):
    return lambda out, options: out.reply(status, body, headers)


def error_in_stream(out, options):
    talk = Talk(out, options)
    talk.half()
    out.raw(talk.shape.event({"error": {"message": "CUDA out of memory", "type": "server_error", "code": 500}}))
    out.close()


def seed_error(out, options):
    """As the RAGWire backend tells a failure: as text, and then everything is fine."""
    talk = Talk(out, options, RAGWIRE)
    talk.half()
    talk.say("\n[Error: 429 RESOURCE_EXHAUSTED]")
    talk.finish()
    talk.done()


def no_done(out, options):
    talk = Talk(out, options)
    talk.role()
    talk.say(*talk.tokens)
    talk.finish()
    out.close()


def nothing_at_the_end(out, options):
    talk = Talk(out, options)
    talk.role()
    talk.say(*talk.tokens)
    out.close()


def stays_open(out, options):
    talk = Talk(out, options)
    talk.role()
    talk.say(*talk.tokens)
    talk.finish()
    while not out.gone():
        out.raw(b": heartbeat\n\n")
        time.sleep(0.05)


def single_bytes(out, options):
    """Every byte of the stream is a chunk of the transfer coding."""
    talk, raw = Talk(out, options), out.raw
    out.raw = lambda data: [raw(bytes([byte])) for byte in data]
    talk.whole()


def crlf(out, options):
    Talk(out, options, Shape("crlf", eol="\r\n")).whole()


def comments(out, options):
    talk = Talk(out, options)
    out.raw(b": OPENROUTER PROCESSING\n\n:\n\n")
    talk.role()
    for token in talk.tokens:
        out.raw(b": ping - 2026-01-02\r\n\r\nid: 7\nretry: 10\n\n")
        talk.say(token)
    talk.finish()
    talk.done()


def usage(out, options):
    talk = Talk(out, options)
    talk.role()
    talk.say(*talk.tokens)
    talk.finish()
    out.raw(talk.shape.event({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": len(talk.tokens),
                                                       "total_tokens": 5 + len(talk.tokens)}}))
    talk.done()


def reasoning(out, options):
    talk = Talk(out, options)
    talk.role()
    for thought in ("hm, ", "let me ", "see"):
        out.raw(talk.shape.chunk({"reasoning_content": thought}))
    talk.say(*talk.tokens)
    talk.finish()
    talk.done()


def think(out, options):
    talk = Talk(out, options)
    talk.role()
    talk.say("<thi", "nk>hm, let me", " see</th", "ink>\n\n", *talk.tokens)
    talk.finish()
    talk.done()


def status(out, options):
    """Agents at work: status lines in pieces, then the report."""
    talk = Talk(out, options, RAGWIRE)
    talk.role()
    for name in ("user", "Planner", "Researcher"):
        line = f"\n`[{name} working...]`\n"
        talk.say(*[line[at:at + 5] for at in range(0, len(line), 5)])
    talk.say("\n# Report\n", *talk.tokens)
    talk.finish()
    talk.done()


def metadata(out, options):
    talk = Talk(out, options, RAGWIRE)
    talk.role()
    block = '```json\n{"company_name": ["apple"], "fiscal_year": [2025]}\n```\n\n'
    talk.say(*[block[at:at + 4] for at in range(0, len(block), 4)], "# Report\n", *talk.tokens)
    talk.finish()
    talk.done()


def cites(first=None, last=None, top=None, name=None):
    """An answer with citations: in a delta at the start or the end, at the top of a chunk, or as a named event."""
    def script(out, options):
        talk = Talk(out, options)
        talk.role()
        if first:
            out.raw(talk.shape.chunk(first))
        if name:
            out.raw(f"event: {name[0]}\n".encode() + talk.shape.event(name[1]))
        talk.say(*talk.tokens)
        if last:
            out.raw(talk.shape.chunk(last))
        if top:
            out.raw(talk.shape.event(top))
        talk.finish()
        talk.done()
    return script


SCRIPTS = {
    "openai": shaped(OPENAI), "ragwire": shaped(RAGWIRE), "llama": shaped(LLAMA),
    "cut": cut, "rst": rst, "stall": stall, "never": never, "busy": busy, "error-in-stream": error_in_stream, "seed-error": seed_error,
    "500": fails(500, {"error": {"code": 500, "message": "it broke", "type": "server_error"}}),
    "503": fails(503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}),
    "html": fails(200, "<!doctype html><title>Sign in</title><body>please log in", {"Content-Type": "text/html"}),
    "502-html": fails(502, "<html><body><h1>502 Bad Gateway</h1></body></html>", {"Content-Type": "text/html"}),
    "redirect": fails(307, "", {"Location": "http://127.0.0.1:9/v1/chat/completions"}),
    "no-done": no_done, "no-end": nothing_at_the_end, "stays-open": stays_open, "bytes": single_bytes, "crlf": crlf, "comments": comments,
    "usage": usage, "reasoning": reasoning, "think": think, "status": status, "metadata": metadata,
    "cites-openai": cites(last={"annotations": [{"type": "url_citation", "url_citation": {
        "url": "https://a.example/x", "title": "A", "start_index": 0, "end_index": 3}}]}),
    "cites-perplexity": cites(top={"choices": [], "citations": ["https://a.example/x"],
                                   "search_results": [{"title": "A", "url": "https://a.example/x", "date": "2026-01-02"}]}),
    "cites-azure": cites(first={"context": {"citations": [{"content": "words", "title": "A", "url": None, "filepath": "a.pdf"}]}}),
    "cites-openwebui": cites(top={"sources": [{"source": {"name": "a.pdf"}, "document": ["words"], "metadata": [{"page": 2}],
                                               "distances": [0.9]}]}),
    "cites-event": cites(name=("sources", [{"file": "a.pdf", "page": 3, "score": 0.5}])),
}


class Options:
    def __init__(self, tokens=50, delay=0.0, seed=1, retry_after=1):
        self.tokens, self.delay, self.seed, self.retry_after = tokens, delay, seed, retry_after


class Backend(server.Backend):
    """script: a name from SCRIPTS. key: what a request must bear, else 401 in the manner of `refusal`."""

    def __init__(self, script="openai", port=0, unix=None, tls=None, key=None, refusal="ragwire", **options):
        self.options, self.key, self.refusal = Options(**options), key, refusal
        named = SCRIPTS[script]
        super().__init__(lambda request, out: named(out, self.options), unix=unix, tls=tls)
        if port:
            self.move(port)

    @property
    def text(self):
        return "".join(words(self.options.seed, self.options.tokens))

    def move(self, port):
        """From the port that was free to this one."""
        old, moved = self.listener, socket.socket()
        moved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        moved.bind(("127.0.0.1", port))
        moved.listen(512)
        self.listener, self.url = moved, self.url.rpartition(":")[0] + f":{port}"
        old.shutdown(socket.SHUT_RDWR)
        old.close()
        threading.Thread(target=self.accept, daemon=True).start()

    def answer(self, path, request, out):
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            out.reply(401, {"detail": "Invalid or missing API key"} if self.refusal == "ragwire" else
                      {"error": {"message": "Invalid API Key", "type": "authentication_error", "code": 401}})
            return
        super().answer(path, request, out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--unix", metavar="PATH")
    parser.add_argument("--script", default="openai", choices=sorted(SCRIPTS))
    parser.add_argument("--tokens", type=int, default=50)
    parser.add_argument("--delay-ms", type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--retry-after", type=float, default=1)
    parser.add_argument("--key")
    parser.add_argument("--refusal", default="ragwire", choices=("ragwire", "llama"))
    parser.add_argument("--replay", metavar="FILE", help="a recorded reply, byte for byte")
    parser.add_argument("--step", type=int, default=0, help="bytes of it at a time")
    given = parser.parse_args()
    if given.replay:
        with open(given.replay, "rb") as f:
            made = server.Replay(f.read(), given.step)
    else:
        made = Backend(given.script, given.port, given.unix, key=given.key, refusal=given.refusal, tokens=given.tokens,
                       delay=given.delay_ms / 1000, seed=given.seed, retry_after=given.retry_after)
    print(made.url, flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        made.close()


if __name__ == "__main__":
    main()
