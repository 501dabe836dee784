// A stand-in for the parts of VS Code's API that the extension uses: documents in memory, commands by name.
'use strict';
const Module = require('module');
const fs = require('fs');
const path = require('path');

// As VS Code: one kind of line end, positions within the text.
const plain = (text) => text.replace(/\r\n?/g, '\n');
class Document {
  constructor(text, language) { this.text = plain(text); this.languageId = language; this.uri = this; this.isClosed = false; }
  positionAt(offset) { return Math.max(0, Math.min(offset, this.text.length)); }
  getText(range) { return range ? this.text.slice(range.from, range.to) : this.text; }
}
class WorkspaceEdit {
  constructor() { this.changes = []; }
  insert(uri, at, text) { this.changes.push(() => { uri.text = uri.text.slice(0, at) + plain(text) + uri.text.slice(at); }); }
  replace(uri, range, text) { this.changes.push(() => { uri.text = uri.text.slice(0, range.from) + plain(text) + uri.text.slice(range.to); }); }
}
const commands = new Map();
const vscode = {
  said: [], input: '', picked: null, slowness: 1,
  WorkspaceEdit, ViewColumn: { Beside: -2 },
  Range: class { constructor(from, to) { this.from = from; this.to = to; } },
  commands: { registerCommand: (name, run) => { commands.set(name, run); return {}; } },
  window: {
    activeTextEditor: undefined,
    showErrorMessage: (text) => vscode.said.push(text),
    setStatusBarMessage: (text) => vscode.said.push(text),
    showInputBox: async () => vscode.input,
    showQuickPick: async (items) => { vscode.picked = items[0]; return items[0]; },
    showTextDocument: async () => {},
  },
  workspace: {
    getConfiguration: () => ({ get: (_, otherwise) => otherwise }),
    openTextDocument: async ({ language, content }) => new Document(content, language),
    applyEdit: async (edit) => { await new Promise((done) => setTimeout(done, vscode.slowness)); edit.changes.forEach((change) => change()); return true; },
  },
};
const load = Module._load;
Module._load = (name, ...rest) => (name === 'vscode' ? vscode : load(name, ...rest));
const extension = require(path.join(__dirname, '..', '..', 'contrib', 'vscode', 'extension.js'));
extension.activate({ subscriptions: [] });
const run = (name) => commands.get(`ragchat.${name}`)();

async function main() {
  const out = {};
  vscode.input = 'what is this';
  vscode.window.activeTextEditor = { selection: { isEmpty: false, from: 0, to: 9 }, document: new Document('int x = 1;', 'c') };
  const first = await run('ask');
  if (!first) return { said: vscode.said };
  await first.end;
  out.text = first.document.text;
  out.state = first.state;
  vscode.window.activeTextEditor = undefined;
  vscode.input = 'hold';
  const second = await run('continue');
  while (!second.document.text) await new Promise((done) => setTimeout(done, 5));
  await run('stop');
  await second.end;
  out.stopped = second.document.text;
  out.stoppedState = second.state;
  out.sameThread = first.thread === second.thread;
  vscode.input = 'hold';
  const third = await run('continue');
  while (!third.document.text) await new Promise((done) => setTimeout(done, 5));
  const pid = fs.readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
  process.kill(Number(pid), 'SIGKILL');
  while (fs.readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim() === pid) await new Promise((done) => setTimeout(done, 5));
  vscode.slowness = 300; // the last edit is still on its way when the end is told
  fs.writeFileSync('go', '');
  await third.end;
  vscode.slowness = 1;
  out.killed = third.document.text;
  out.killedState = third.state;
  const talk = await run('threads');
  await talk.end;
  out.talk = talk.document.text;
  out.label = vscode.picked.label;
  out.said = vscode.said;
  extension.deactivate();
  return out;
}
const tell = (status) => (out) => process.stdout.write(JSON.stringify(out), () => process.exit(status));
main().then(tell(0), (error) => tell(1)({ error: String(error && error.stack) }));
