"""MessagePack, a second implementation of what the wire uses: nil, bool, int, float, str, bin, array, map.

It shares nothing with the programs under test, so it finds what their own codec cannot find in itself.
"""
import struct


def packb(value):
    out = bytearray()
    pack(value, out)
    return bytes(out)


def pack(value, out):
    if value is None:
        out.append(0xC0)
    elif value is True or value is False:
        out.append(0xC3 if value else 0xC2)
    elif isinstance(value, int):
        pack_int(value, out)
    elif isinstance(value, float):
        out += b"\xcb" + struct.pack(">d", value)
    elif isinstance(value, str):
        data = value.encode("utf-8", "surrogateescape")
        head(len(data), out, 0xA0, 32, (0xD9, 0xDA, 0xDB))
        out += data
    elif isinstance(value, (bytes, bytearray, memoryview)):
        head(len(value), out, None, 0, (0xC4, 0xC5, 0xC6))
        out += value
    elif isinstance(value, (list, tuple)):
        head(len(value), out, 0x90, 16, (None, 0xDC, 0xDD))
        for item in value:
            pack(item, out)
    elif isinstance(value, dict):
        head(len(value), out, 0x80, 16, (None, 0xDE, 0xDF))
        for key, item in value.items():
            pack(key, out)
            pack(item, out)
    else:
        raise TypeError(f"cannot pack {type(value).__name__}")


def pack_int(value, out):
    if 0 <= value < 0x80 or -0x20 <= value < 0:
        out.append(value & 0xFF)
    elif value >= 0:
        for code, form, limit in ((0xCC, ">B", 1 << 8), (0xCD, ">H", 1 << 16), (0xCE, ">I", 1 << 32), (0xCF, ">Q", 1 << 64)):
            if value < limit:
                out += bytes([code]) + struct.pack(form, value)
                return
        raise OverflowError(value)
    else:
        for code, form, limit in ((0xD0, ">b", 1 << 7), (0xD1, ">h", 1 << 15), (0xD2, ">i", 1 << 31), (0xD3, ">q", 1 << 63)):
            if -value <= limit:
                out += bytes([code]) + struct.pack(form, value)
                return
        raise OverflowError(value)


def head(n, out, fix, fix_limit, codes):
    if fix is not None and n < fix_limit:
        out.append(fix | n)
    elif codes[0] is not None and n < 1 << 8:
        out += bytes([codes[0], n])
    elif n < 1 << 16:
        out += bytes([codes[1]]) + struct.pack(">H", n)
    else:
        out += bytes([codes[2]]) + struct.pack(">I", n)


class More(Exception):
    """The object is not all there yet."""


class Unpacker:
    """feed() bytes as they come, iterate over the objects that are whole. Text must be valid UTF-8."""

    FIXED = {0xCA: (">f", 4), 0xCB: (">d", 8), 0xCC: (">B", 1), 0xCD: (">H", 2), 0xCE: (">I", 4), 0xCF: (">Q", 8),
             0xD0: (">b", 1), 0xD1: (">h", 2), 0xD2: (">i", 4), 0xD3: (">q", 8)}
    SIZED = {0xC4: ("bin", 1), 0xC5: ("bin", 2), 0xC6: ("bin", 4), 0xD9: ("str", 1), 0xDA: ("str", 2), 0xDB: ("str", 4),
             0xDC: ("array", 2), 0xDD: ("array", 4), 0xDE: ("map", 2), 0xDF: ("map", 4)}

    def __init__(self):
        self.data, self.at = bytearray(), 0

    def feed(self, data):
        self.data += data

    def __iter__(self):
        start = 0
        while True:
            self.at = start
            try:
                value = self.one()
            except More:
                del self.data[:start]
                return
            start = self.at
            if start >= 1 << 20:
                del self.data[:start]
                start = 0
            yield value

    def take(self, n):
        if self.at + n > len(self.data):
            raise More
        piece = bytes(self.data[self.at:self.at + n])
        self.at += n
        return piece

    def one(self):
        byte = self.take(1)[0]
        if byte < 0x80:
            return byte
        if byte >= 0xE0:
            return byte - 0x100
        if byte < 0x90:
            return self.map(byte & 15)
        if byte < 0xA0:
            return self.array(byte & 15)
        if byte < 0xC0:
            return self.take(byte & 31).decode()
        if byte in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[byte]
        if byte in self.FIXED:
            form, n = self.FIXED[byte]
            return struct.unpack(form, self.take(n))[0]
        if byte not in self.SIZED:
            raise ValueError(f"byte 0x{byte:02x} has no place here")
        kind, n = self.SIZED[byte]
        n = int.from_bytes(self.take(n), "big")
        if kind == "bin":
            return self.take(n)
        if kind == "str":
            return self.take(n).decode()
        return self.array(n) if kind == "array" else self.map(n)

    def array(self, n):
        return [self.one() for _ in range(n)]

    def map(self, n):
        out = {}
        for _ in range(n):
            key = self.one()
            if not isinstance(key, str) or key in out:
                raise ValueError(f"bad or repeated key {key!r}")
            out[key] = self.one()
        return out


def unpackb(data):
    unpacker = Unpacker()
    unpacker.feed(data)
    values = list(unpacker)
    if len(values) != 1 or unpacker.data:
        raise ValueError("not exactly one object")
    return values[0]
