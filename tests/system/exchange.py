"""Exchanges with the daemon as text: the examples of PROTOCOL.md and the recordings in data/levels.

    > METHOD PARAMS          a request
    < RESULT                 its result: what is told must be there, more may be (fields are only ever added, `level` rises)
    ! ERROR                  or its error
    * METHOD PARAMS          the next notification, adjacent deltas joined

`<name>` in a text stands for what comes there; where it stands again it is the same. Of some names it need not
be: <time>, <seconds> and the like. {"<bin>": BASE64} is bin, {"<bin>": "*"} any.
"""
import base64
import json
import re

from harness import RpcError, check, equal, shorten
from transcript import DIFFERS, Plain, joined

FREE = DIFFERS | {"time", "sha256", "any"}
MOVES = {"ask", "attach", "cancel", "turn.retry", "turn.edit"}  # the state that their results tell depends on the moment
NAME = re.compile(r"<([a-z][a-z0-9 _]*)>")


def parse(text):
    steps = []
    for line in text.split("\n"):  # U+2028 ends none here
        if not line or line.startswith("#"):
            continue
        mark, rest = line[0], line[1:].strip()
        check(mark in "><!*", "not a line of an exchange:", line)
        method, params = (rest.split(None, 1) + ["{}"])[:2] if mark in ">*" else (None, rest)
        steps.append((mark, method, json.loads(params)))
    return steps


class Play:
    """An exchange played against a connection."""

    def __init__(self, rpc):
        self.rpc, self.names, self.number, self.notes = rpc, {}, None, []

    def filled(self, value):
        """A request's value with the names that are known by now."""
        if isinstance(value, dict):
            if list(value) == ["<bin>"]:
                return base64.b64decode(value["<bin>"])
            return {key: self.filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        if isinstance(value, str):
            return NAME.sub(lambda found: str(self.names[found[1]]), value)
        return value

    def fits(self, got, wanted, where):
        if isinstance(wanted, dict) and list(wanted) == ["<bin>"]:
            check(isinstance(got, bytes), where, "is no bin:", got)
            if wanted["<bin>"] != "*":
                equal(got, base64.b64decode(wanted["<bin>"]), where)
        elif isinstance(wanted, dict):
            check(isinstance(got, dict), where, "is no map:", got)
            for key, item in wanted.items():
                check(key in got, where, "lacks", key, "in", shorten(got))
                if key == "level":  # it only ever rises
                    check(got[key] >= item, where, "is of level", got[key], "and was of", item)
                else:
                    self.fits(got[key], item, f"{where}.{key}")
        elif isinstance(wanted, list):
            check(isinstance(got, list), where, "is no list:", got)
            equal(len(got), len(wanted), f"length of {where}")
            for at, item in enumerate(wanted):
                self.fits(got[at], item, f"{where}[{at}]")
        elif isinstance(wanted, str) and NAME.fullmatch(wanted):
            self.bind(NAME.fullmatch(wanted)[1], got, where)
        elif isinstance(wanted, str) and NAME.search(wanted):
            self.fits_text(got, wanted, where)
        else:
            equal(got, wanted, where)

    def bind(self, name, got, where):
        if name not in FREE:
            equal(got, self.names.setdefault(name, got), f"{where} (<{name}>)")

    def fits_text(self, got, wanted, where):
        names = NAME.findall(wanted)
        found = re.fullmatch("(.*?)".join(re.escape(part) for part in NAME.split(wanted)[::2]), got, re.S)
        check(found, where, "is", got, "wanted", wanted)
        for name, text in zip(names, found.groups()):
            self.bind(name, text, where)

    def note(self, wanted):
        """The next notification; pieces of text are joined up to the length that is wanted."""
        method, params = self.rpc.next_note()
        params = dict(params)
        while params.get("kind") in ("delta", "reasoning") and len(params["text"]) < len(wanted.get("text", "")):
            _, more = self.rpc.next_note()
            equal((more["kind"], more["turn"]), (params["kind"], params["turn"]), "the piece that follows")
            params["text"] += more["text"]
        return method, params

    def play(self, steps):
        for mark, method, value in steps:
            if mark == ">":
                self.number = self.rpc.send(method, **self.filled(value))
                self.last = method
            elif mark == "*":
                got, params = self.note(value)
                equal(got, method, "notification")
                self.fits(params, value, f"{method}")
            else:
                try:
                    got = self.rpc.reply(self.number)
                    check(mark == "<", self.last, "gave", shorten(got), "wanted the error", value)
                    self.fits(got, value, f"result of {self.last}")
                except RpcError as error:
                    check(mark == "!", self.last, "failed:", error.error, "wanted", value)
                    self.fits(error.error, value, f"error of {self.last}")


class Record:
    """Requests sent, and all of it written down as an exchange."""

    def __init__(self, rpc):
        self.rpc, self.plain, self.lines = rpc, Plain(), []

    def line(self, mark, *words):
        texts = [word if isinstance(word, str) else json.dumps(self.told(word), ensure_ascii=False) for word in words]
        self.lines.append(" ".join([mark, *texts]).replace("\u2028", "\\u2028"))

    def asked(self, value):
        if isinstance(value, bytes):
            return self.told(value)
        if isinstance(value, dict):
            return {key: self.asked(item) for key, item in value.items()}
        return self.plain.text(value) if isinstance(value, str) else value

    def told(self, value, key=None):
        if isinstance(value, bytes):
            return {"<bin>": base64.b64encode(value).decode() if len(value) < 200 else "*"}
        if key == "sha256" and value:
            return "<sha256>"
        if key == "times" or (key == "next" and isinstance(value, str)):  # how long each step took; where a page ended
            return "<any>"
        if key in ("message", "size") and not isinstance(value, dict):  # words for people; how large a page became
            return "<any>"
        if isinstance(value, dict):
            return {name: self.told(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self.told(item) for item in value]
        return self.plain.value(value, key)

    def call(self, method, **params):
        # In a request only ids are taken out: it is sent again as it stands.
        self.line(">", method, json.dumps(self.asked(params), ensure_ascii=False))
        try:
            result = self.rpc.call(method, **params)
            self.line("<", dict(result, state="<any>") if method in MOVES and "state" in result else result)
            return result
        except RpcError as error:
            self.line("!", error.error)
            return None

    def note(self):
        """The next notification."""
        self.line("*", *self.rpc.next_note())

    def follow(self, turn):
        """Its notifications up to the last."""
        notes = []
        while not notes or notes[-1]["kind"] != "done":
            method, params = self.rpc.next_note()
            if method == "stream" and params["turn"] == turn:
                notes.append(params)
        for note in joined(notes):
            self.line("*", "stream", note)

    @property
    def text(self):
        return "\n".join(self.lines) + "\n"
