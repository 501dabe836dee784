"""Transcripts: what was said, with what differs from run to run taken out, against files in data/.

`make record` records them anew; look at what git says has changed before you keep it.
"""
import json
import os
import re

from harness import DATA, equal

RECORD = bool(os.environ.get("RAGCHAT_RECORD"))
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PORT = re.compile(r"127\.0\.0\.1:\d+")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
DIFFERS = {"instance", "pid", "seconds", "started", "uptime_ms", "rss", "version", "uid", "account", "score", "expires", "socket", "server", "coverage", "found"}


class Plain:
    """Values without what differs: ids by the order of their coming, times, what only this machine has."""

    def __init__(self):
        self.ids = {}

    def text(self, text):
        text = UUID.sub(lambda found: f"<id {self.ids.setdefault(found[0], len(self.ids) + 1)}>", text)
        return PORT.sub("127.0.0.1:<port>", STAMP.sub("<time>", text))

    def value(self, value, key=None):
        if key in DIFFERS and value is not None and not isinstance(value, (dict, list)):
            return f"<{key}>"
        if key == "sources" and isinstance(value, list):  # how they are chosen has tests of its own
            return sorted({str(item.get("path")) for item in value})
        if key == "times" or (key == "next" and isinstance(value, str)):  # how long each step took; where a page ended
            return "<any>"
        if isinstance(value, dict):
            return {name: self.value(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, bytes):
            return {"<bin>": len(value)}
        if isinstance(value, str) and value[:1] == "{" and key == "text":
            try:
                return json.dumps(self.value(json.loads(value)), ensure_ascii=False)
            except ValueError:
                pass
        return self.text(value) if isinstance(value, str) else value


def joined(events):
    """The notes of a stream with adjacent pieces of text joined."""
    out = []
    for event in events:
        last = out[-1] if out else None
        if last and event["kind"] in ("delta", "reasoning") and last["kind"] == event["kind"] and last["turn"] == event["turn"]:
            last["text"] += event["text"]
        else:
            out.append(dict(event))
    return out


def golden(name, lines):
    """These lines are those of data/NAME, one JSON value on each."""
    path = os.path.join(DATA, name)
    text = "".join(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n" for line in lines)
    if RECORD:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return
    with open(path, encoding="utf-8") as file:
        kept = file.read()
    for number, (got, wanted) in enumerate(zip(text.split("\n"), kept.split("\n")), 1):
        if got != wanted:
            equal(json.loads(got) if got else None, json.loads(wanted) if wanted else None, f"line {number} of {name}")
            equal(got, wanted, f"line {number} of {name}")
    equal(len(text.split("\n")), len(kept.split("\n")), f"lines of {name}")
