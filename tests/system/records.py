"""ragchatd-extract from outside: run it, take its records apart."""
import json
import os
import struct
import subprocess


def run(program, data, name="a", plain=False, options=(), timeout=60, prefix=(), **more):
    """Gives (exit code, stdout, stderr)."""
    argv = [*prefix, program, *options]
    if plain:
        argv += ["--plain", "--name", name]
    elif "--pdf" not in options:
        label = name.encode()
        data = b"RXT1" + struct.pack("<I", len(label)) + label + data
    done = subprocess.run(argv, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                          cwd="/", env={"PATH": os.environ["PATH"], **more})
    return done.returncode, done.stdout, done.stderr


class Read:
    """What came of a document: status (dict), form, title, text, places [(off, page, line, label)], children [(name, bytes)]."""

    def __init__(self, code, out, err):
        self.code = code
        self.status = json.loads(err.decode().splitlines()[-1]) if err.strip() else {}
        self.form, self.title, self.text, self.places, self.children, self.ended = None, None, b"", [], [], False
        at = 0
        while at < len(out):
            kind, n = chr(out[at]), struct.unpack_from("<I", out, at + 1)[0]
            body = out[at + 5:at + 5 + n]
            assert len(body) == n, "a record is cut off"
            at += 5 + n
            if kind == "F":
                self.form, self.title = chr(body[0]), body[1:].decode()
            elif kind == "T":
                self.text += body
            elif kind == "P":
                page, line = struct.unpack_from("<ii", body)
                self.places.append((len(self.text), page, line, body[8:].decode()))
            elif kind == "C":
                size = struct.unpack_from("<I", body)[0]
                self.children.append((body[4:4 + size].decode(), body[4 + size:]))
            elif kind == "E":
                assert struct.unpack("<Q", body)[0] == len(self.text)
                self.ended = True
            else:
                raise AssertionError(f"a record of kind {kind!r}")
        self.text = self.text.decode()

    def place_of(self, words):
        """(page, line, label) of the first place where these words stand."""
        at = len(self.text[:self.text.index(words)].encode())
        return [place[1:] for place in self.places if place[0] <= at][-1]


def read(program, data, name="a", options=(), **more):
    return Read(*run(program, data, name, options=options, **more))
