// A client of the socket in Node, with a decoder of its own: node peer.js SOCKET < STEPS
//
// STEPS is a list of [method, params, wait]: where wait is true the notifications up to `done` follow. "$turn" in params
// is the turn of the last reply that named one. Prints one line of JSON for each reply ({reply}), error ({error}) and
// notification ({note}).
"use strict";
const net = require("net");

class More extends Error {}

class Reader {
    constructor() { this.data = Buffer.alloc(0); }
    feed(piece) { this.data = Buffer.concat([this.data, piece]); }
    // One frame, or null: not all of it is there yet.
    next() {
        if (this.data.length > 2 << 20) throw new Error("a frame is too large");
        this.at = 0;
        this.left = 16384;
        try {
            const value = this.value(0);
            this.data = this.data.subarray(this.at);
            return value;
        } catch (error) {
            if (error instanceof More) return null;
            throw error;
        }
    }
    take(n) {
        if (n > 1 << 20) throw new Error("too large");
        if (this.at + n > this.data.length) throw new More();
        this.at += n;
        return this.data.subarray(this.at - n, this.at);
    }
    big(value) {
        if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < -BigInt(Number.MAX_SAFE_INTEGER)) throw new Error("an integer is not exact");
        return Number(value);
    }
    text(n) { return new TextDecoder("utf-8", { fatal: true }).decode(this.take(n)); }
    list(n, depth) { return this.items(n, () => this.value(depth + 1)); }
    map(n, depth) {
        const made = {};
        this.items(n, () => { const key = this.value(depth + 1); if (typeof key !== "string") throw new Error("a key is no text"); made[key] = this.value(depth + 1); });
        return made;
    }
    items(n, one) {
        if (n > this.left) throw new Error("too many objects");
        const made = [];
        for (let i = 0; i < n; i++) made.push(one());
        return made;
    }
    value(depth) {
        if (depth > 16 || this.left-- <= 0) throw new Error("too deep, or too many objects");
        const b = this.take(1)[0];
        if (b < 0x80) return b;
        if (b < 0x90) return this.map(b & 15, depth);
        if (b < 0xa0) return this.list(b & 15, depth);
        if (b < 0xc0) return this.text(b & 31);
        if (b >= 0xe0) return b - 256;
        switch (b) {
        case 0xc0: return null;
        case 0xc2: return false;
        case 0xc3: return true;
        case 0xc4: return this.bin(this.take(1)[0]);
        case 0xc5: return this.bin(this.take(2).readUInt16BE());
        case 0xc6: return this.bin(this.take(4).readUInt32BE());
        case 0xca: return this.take(4).readFloatBE();
        case 0xcb: return this.take(8).readDoubleBE();
        case 0xcc: return this.take(1)[0];
        case 0xcd: return this.take(2).readUInt16BE();
        case 0xce: return this.take(4).readUInt32BE();
        case 0xcf: return this.big(this.take(8).readBigUInt64BE());
        case 0xd0: return this.take(1).readInt8();
        case 0xd1: return this.take(2).readInt16BE();
        case 0xd2: return this.take(4).readInt32BE();
        case 0xd3: return this.big(this.take(8).readBigInt64BE());
        case 0xd9: return this.text(this.take(1)[0]);
        case 0xda: return this.text(this.take(2).readUInt16BE());
        case 0xdb: return this.text(this.take(4).readUInt32BE());
        case 0xdc: return this.list(this.take(2).readUInt16BE(), depth);
        case 0xdd: return this.list(this.take(4).readUInt32BE(), depth);
        case 0xde: return this.map(this.take(2).readUInt16BE(), depth);
        case 0xdf: return this.map(this.take(4).readUInt32BE(), depth);
        default: throw new Error("byte " + b + " is no object of this wire");
        }
    }
    bin(n) { return this.take(n).toString("base64"); }
}

function pack(value) {
    if (value === null) return Buffer.from([0xc0]);
    if (typeof value === "boolean") return Buffer.from([value ? 0xc3 : 0xc2]);
    if (typeof value === "number" && Number.isInteger(value)) { const out = Buffer.alloc(9); out[0] = 0xd3; out.writeBigInt64BE(BigInt(value), 1); return out; }
    if (typeof value === "number") { const out = Buffer.alloc(9); out[0] = 0xcb; out.writeDoubleBE(value, 1); return out; }
    const head = (code, n) => { const out = Buffer.alloc(5); out[0] = code; out.writeUInt32BE(n, 1); return out; };
    if (typeof value === "string") { const data = Buffer.from(value); return Buffer.concat([head(0xdb, data.length), data]); }
    if (Array.isArray(value)) return Buffer.concat([head(0xdd, value.length), ...value.map(pack)]);
    const pairs = Object.entries(value);
    return Buffer.concat([head(0xdf, pairs.length), ...pairs.map(([key, item]) => Buffer.concat([pack(key), pack(item)]))]);
}

const steps = JSON.parse(require("fs").readFileSync(0, "utf8"));
const socket = net.connect(process.argv[2]);
const reader = new Reader();
let number = 0, at = -1, turn = null, step = ["hello", { protocol: [1, 1], client: "peer.js" }, false];
const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");

function send() {
    const params = JSON.parse(JSON.stringify(step[1]), (key, value) => value === "$turn" ? turn : value);
    socket.write(pack([0, ++number, step[0], [params]]));
}

function advance() {
    step = steps[++at];
    if (step) send();
    else socket.end();
}

socket.on("data", (piece) => {
    reader.feed(piece);
    for (let frame; (frame = reader.next()) !== null;) {
        if (frame[0] === 1 && frame[1] === number) {
            if (at >= 0) say(frame[2] ? { error: frame[2] } : { reply: frame[3] });
            if (frame[3] && frame[3].turn) turn = typeof frame[3].turn === "string" ? frame[3].turn : frame[3].turn.turn;
            if (!step[2] || frame[2]) advance();
        } else if (frame[0] === 2) {
            say({ note: frame[2][0] });
            if (frame[2][0].kind === "done") advance();
        }
    }
});
socket.on("error", (error) => { console.error(String(error)); process.exitCode = 1; });
send();
