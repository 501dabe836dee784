// Questions to ragchat from VS Code: the answer streams into an untitled Markdown document.
'use strict';

const crypto = require('crypto');
const vscode = require('vscode');
const { Bridge } = require('./bridge');

const PAUSE_MS = 40;
const LOSSES = 3; // bridges that may end without a byte of an answer in between

let bridge = null;
let newest = null; // {document, turn, thread, running, text, bytes, roff, ev, losses}
const streams = new Map(); // turn -> place

// Control characters and what turns the reading direction, for messages and lists.
function clean(text) {
  return String(text || '').replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ').replace(/[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '');
}

function complain(error) {
  const login = error.name === 'unauthenticated' ? ' (`ragchat login` in a terminal)' : '';
  vscode.window.showErrorMessage(`ragchat: ${clean(error.message)}${login}`);
}

function connection() {
  if (!bridge || bridge.ended) {
    const program = vscode.workspace.getConfiguration('ragchat').get('program', 'ragchat');
    bridge = new Bridge(program, notified, lost);
  }
  return bridge;
}

// Another bridge goes on with each answer where it is.
function lost(words) {
  const places = [...streams.values()];
  streams.clear();
  for (const place of places) {
    place.losses += 1;
    if (place.losses > LOSSES) ended(place, { state: 'lost', message: words });
    else attach(place);
  }
}

// ---- an answer on its way ----

// VS Code keeps one kind of line end in a document; a carriage return may be half of one.
function lines(text) {
  return text.replace(/\r\n?/g, '\n');
}

// One edit after the other: VS Code refuses a second one that overtakes the first. Closing the document ends it here,
// the answer goes on in the daemon.
function edit(place, change) {
  place.edits = place.edits.then(async () => {
    if (place.document.isClosed) return;
    const edits = new vscode.WorkspaceEdit();
    change(edits, place.document);
    await vscode.workspace.applyEdit(edits);
  }).catch(() => {});
  return place.edits;
}

// At the document's end, wherever that is: somebody may have typed above.
function flush(place, last = false) {
  place.timer = null;
  const half = !last && place.queue.endsWith('\r') ? '\r' : '';
  const text = lines(half ? place.queue.slice(0, -1) : place.queue);
  place.queue = half;
  if (!text) return place.edits; // those on their way may take longer than what comes next
  return edit(place, (edits, document) => {
    edits.insert(document.uri, document.positionAt(document.getText().length), text);
  });
}

function append(place, text) {
  place.queue += text;
  if (!place.timer) place.timer = setTimeout(() => flush(place), PAUSE_MS);
}

const STATES = new Map([['done', ''], ['cancelled', 'stopped'],
  ['interrupted', 'interrupted: the daemon ended. "Ask again" repeats the question']]);

async function ended(place, note) {
  if (place.timer) clearTimeout(place.timer);
  await flush(place, true);
  if (note.length < place.bytes) await keep(place, note.length);
  place.running = false;
  place.state = note.state;
  const words = STATES.has(note.state) ? STATES.get(note.state) : place.error || note.message || 'the answer failed';
  vscode.window.setStatusBarMessage(words ? `ragchat: ${clean(words)}` : 'ragchat: done', 5000);
  place.finished(place);
}

// Of what came only so many bytes are stored: the rest goes.
function keep(place, length) {
  const kept = Buffer.from(place.text).subarray(0, length).toString();
  place.text = kept;
  place.bytes = length;
  return edit(place, (edits, document) => {
    const end = document.positionAt(document.getText().length);
    edits.replace(document.uri, new vscode.Range(document.positionAt(place.from), end), lines(kept));
  });
}

const TYPES = { turn: 'string', kind: 'string', text: 'string', message: 'string', state: 'string', off: 'number', ev: 'number', length: 'number' };

// Of the types that it must have; null counts as left out.
function sane(note) {
  if (!note || typeof note !== 'object') return false;
  for (const [key, type] of Object.entries(TYPES)) {
    if (note[key] === null) delete note[key];
    if (note[key] !== undefined && typeof note[key] !== type) return false;
  }
  const piece = note.kind === 'delta' || note.kind === 'reasoning';
  return note.turn !== undefined && note.kind !== undefined && (!piece || (note.off !== undefined && note.text !== undefined));
}

// A piece may come twice where two bridges told it, never a later one before an earlier.
function take(place, off, text) {
  const bytes = Buffer.from(text);
  if (off > place.bytes || off + bytes.length <= place.bytes) return;
  const fresh = off === place.bytes ? text : bytes.subarray(place.bytes - off).toString();
  place.bytes = off + bytes.length;
  place.losses = 0;
  place.text += fresh;
  append(place, fresh);
}

function notified(method, note) {
  const place = method === 'stream' && sane(note) && streams.get(note.turn);
  if (!place) return;
  if (note.kind === 'delta') {
    take(place, note.off, note.text);
    return;
  }
  if (note.kind === 'reasoning') {
    place.roff = note.off + Buffer.byteLength(note.text);
    return;
  }
  place.ev = Math.max(place.ev, note.ev || 0);
  if (note.kind === 'error') {
    place.error = note.message;
  } else if (note.kind === 'status' || (note.kind === 'notice' && note.name !== 'citation')) {
    vscode.window.setStatusBarMessage(`ragchat: ${clean(note.text)}`, 5000);
  } else if (note.kind === 'done') {
    streams.delete(note.turn);
    ended(place, note);
  }
}

async function place(thread, text = '') {
  const document = await vscode.workspace.openTextDocument({ language: 'markdown', content: text });
  await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true, preview: false });
  const made = { document, thread, turn: null, running: false, text: '', bytes: 0, roff: 0, ev: 0, losses: 0,
    queue: '', from: document.getText().length, edits: Promise.resolve(), timer: null };
  made.end = new Promise((resolve) => { made.finished = resolve; });
  return made;
}

// From where it stands; where the daemon has less than that, from the first byte.
async function attach(to) {
  streams.set(to.turn, to);
  try {
    await connection().call('attach', { turn: to.turn, off: to.bytes, roff: to.roff, ev: to.ev });
  } catch (error) {
    if (error.lost) return; // lost() goes on with it
    if (to.bytes) {
      to.queue = '';
      to.roff = to.ev = 0;
      await keep(to, 0);
      await attach(to);
      return;
    }
    streams.delete(to.turn);
    ended(to, { state: 'lost', message: error.message });
  }
}

async function follow(to, turn) {
  to.turn = turn;
  to.running = true;
  newest = to;
  await attach(to);
  return to;
}

// ---- commands ----

// What must arrive once: the key makes a second sending harmless.
async function sure(method, params) {
  const keyed = { ...params, key: `vscode-${crypto.randomUUID()}` };
  try {
    return await connection().call(method, keyed);
  } catch (error) {
    if (!error.lost) throw error;
    return connection().call(method, keyed);
  }
}

function fenced(text, language) {
  let fence = '```';
  while (text.includes(fence)) fence += '`';
  return `${fence}${language.replace(/[^\w+.-]/g, '')}\n${text}\n${fence}`;
}

async function ask(thread) {
  const editor = vscode.window.activeTextEditor;
  const selected = editor && !editor.selection.isEmpty ? editor.document.getText(editor.selection) : '';
  const words = await vscode.window.showInputBox({ prompt: selected ? 'Ask about the selection' : 'Ask', ignoreFocusOut: true });
  if (!words) return undefined;
  const text = selected ? `${words}\n\n${fenced(selected, editor.document.languageId)}` : words;
  const reply = await sure('ask', thread ? { text, thread } : { text });
  return follow(await place(reply.thread), reply.turn);
}

async function stop() {
  if (!newest || !newest.running) throw new Error('no answer is running');
  await connection().call('cancel', { turn: newest.turn });
}

async function retry() {
  if (!newest || !newest.turn) throw new Error('there is no question to ask again');
  const reply = await sure('turn.retry', { turn: newest.turn });
  return follow(await place(reply.thread), reply.turn);
}

async function turnsOf(thread) {
  const all = [];
  for (let after = 0; after !== null;) {
    const page = await connection().call('message.list', { thread, after, limit: 200 });
    all.push(...page.turns);
    after = page.next === undefined ? null : page.next;
  }
  return all;
}

async function threads() {
  const page = await connection().call('thread.list', { limit: 200 });
  const items = page.threads.map((t) => ({ label: clean(t.name), description: `${t.turns}, ${t.updated.slice(0, 10)}`, thread: t.thread }));
  const picked = await vscode.window.showQuickPick(items, { placeHolder: 'Conversation' });
  if (!picked) return undefined;
  const turns = await turnsOf(picked.thread);
  const last = turns.pop();
  if (!last) throw new Error('nothing was asked there');
  const quoted = (t) => `> ${t.question.replace(/\n/g, '\n> ')}\n\n`;
  const before = turns.map((t) => `${quoted(t)}${t.text}\n\n`).join('');
  return follow(await place(picked.thread, before + quoted(last)), last.turn);
}

async function sources() {
  const result = await connection().call('source.list', { turn: newest && newest.turn ? newest.turn : 'last' });
  const lines = result.sources.map((s) => {
    const at = s.page ? `, page ${s.page}` : s.line ? `, line ${s.line}` : '';
    return `[${s.n}] ${clean(s.path || s.title || s.url)}${at}${s.cited ? '' : '  (not cited)'}\n    ${clean(s.quote)}\n`;
  });
  if (!lines.length) throw new Error('that answer names no source');
  const document = await vscode.workspace.openTextDocument({ language: 'plaintext', content: lines.join('\n') });
  await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: true });
  return document;
}

function activate(context) {
  const command = (name, run) => context.subscriptions.push(vscode.commands.registerCommand(`ragchat.${name}`, async () => {
    try {
      return await run();
    } catch (error) {
      complain(error);
      return undefined;
    }
  }));
  command('ask', () => ask(null));
  command('continue', () => ask(newest && newest.thread));
  command('stop', stop);
  command('retry', retry);
  command('threads', threads);
  command('sources', sources);
}

function deactivate() {
  if (bridge) bridge.close();
}

module.exports = { activate, deactivate };
