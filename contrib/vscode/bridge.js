// `ragchat bridge --lsp` as a child: JSON-RPC 2.0 with Content-Length framing, and nothing of VS Code.
'use strict';

const { spawn } = require('child_process');

const MESSAGE_MAX = 32 * 1024 * 1024;

class Bridge {
  // listener(method, params): notifications; closed(words): the bridge has ended.
  constructor(program, listener, closed) {
    this.listener = listener;
    this.closed = closed;
    this.waiting = new Map();
    this.id = 0;
    this.data = Buffer.alloc(0);
    this.words = '';
    this.child = spawn(program, ['bridge', '--lsp', '--join', '40'], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stdout.on('data', (piece) => this.take(piece));
    this.child.stderr.on('data', (piece) => { this.words = (this.words + piece).slice(-2000); });
    this.child.stdin.on('error', () => {});
    this.child.on('error', (error) => this.end(`cannot run '${program}': ${error.message}`));
    this.child.on('close', () => this.end(this.words.trim().replace(/^ragchat: /, '') || 'the bridge has ended'));
  }

  end(words) {
    if (this.ended) return;
    this.ended = true;
    for (const call of this.waiting.values()) call.reject(Object.assign(new Error(words), { lost: true }));
    this.waiting.clear();
    this.closed(words);
  }

  call(method, params = {}) {
    if (this.ended) return Promise.reject(new Error('the bridge has ended'));
    const id = ++this.id;
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    this.child.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    this.child.stdin.write(body);
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  take(piece) {
    this.data = this.data.length ? Buffer.concat([this.data, piece]) : piece;
    for (;;) {
      const head = this.data.indexOf('\r\n\r\n');
      if (head < 0) return;
      const match = /Content-Length: *(\d+)/i.exec(this.data.toString('latin1', 0, head));
      const length = match ? Number(match[1]) : NaN;
      if (!(length <= MESSAGE_MAX)) {
        this.child.kill();
        return;
      }
      if (this.data.length < head + 4 + length) return;
      const body = this.data.toString('utf8', head + 4, head + 4 + length);
      this.data = this.data.subarray(head + 4 + length);
      let m = null;
      try {
        m = JSON.parse(body);
      } catch {
        this.child.kill();
        return;
      }
      if (m && typeof m === 'object') this.message(m);
    }
  }

  // Requests from the other end are not for us: nobody there may run anything here.
  message(m) {
    if (m.method !== undefined) {
      if (m.id === undefined) this.listener(m.method, m.params || {});
      return;
    }
    const call = this.waiting.get(m.id);
    if (!call) return;
    this.waiting.delete(m.id);
    if (m.error) call.reject(Object.assign(new Error(m.error.message), { name: (m.error.data || {}).name }));
    else call.resolve(m.result || {});
  }

  close() {
    this.child.stdin.end();
  }
}

module.exports = { Bridge };
