// Questions to ragchat from VS Code: the answer streams into an untitled Markdown document.
'use strict';

const vscode = require('vscode');
const { Bridge } = require('./bridge');

const PAUSE_MS = 40;

let bridge = null;
let newest = null; // {document, turn, thread, running, text, bytes}
const streams = new Map(); // turn -> place

// Control characters and what turns the reading direction, for messages and lists.
function clean(text) {
  return String(text || '').replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ').replace(/[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '');
}

function complain(error) {
  vscode.window.showErrorMessage(`ragchat: ${clean(error.message)}`);
}

function connection() {
  if (!bridge || bridge.ended) {
    const program = vscode.workspace.getConfiguration('ragchat').get('program', 'ragchat');
    bridge = new Bridge(program, notified, (words) => {
      for (const place of streams.values()) ended(place, { state: 'lost', message: words });
      streams.clear();
    });
  }
  return bridge;
}

// ---- an answer on its way ----

function offset(document, position) {
  return document.positionAt(position);
}

// One edit after the other: VS Code refuses a second one that overtakes the first.
function edit(place, change) {
  place.edits = place.edits.then(async () => {
    const edits = new vscode.WorkspaceEdit();
    change(edits, place.document);
    await vscode.workspace.applyEdit(edits);
  }, () => {});
  return place.edits;
}

function flush(place) {
  place.timer = null;
  const text = place.queue;
  place.queue = '';
  if (!text) return Promise.resolve();
  return edit(place, (edits, document) => {
    edits.insert(document.uri, offset(document, place.at), text);
    place.at += text.length;
  });
}

function append(place, text) {
  place.queue += text;
  if (!place.timer) place.timer = setTimeout(() => flush(place), PAUSE_MS);
}

const STATES = { done: '', cancelled: 'stopped', interrupted: 'interrupted: the daemon ended. "Ask again" repeats the question' };

async function ended(place, note) {
  if (place.timer) clearTimeout(place.timer);
  await flush(place);
  if (note.length < place.bytes) {
    const kept = Buffer.from(place.text).subarray(0, note.length).toString();
    await edit(place, (edits, document) => {
      edits.delete(document.uri, new vscode.Range(offset(document, place.from + kept.length), offset(document, place.at)));
      place.at = place.from + kept.length;
    });
    place.text = kept;
  }
  place.running = false;
  place.state = note.state;
  const words = note.state in STATES ? STATES[note.state] : place.error || note.message || 'the answer failed';
  vscode.window.setStatusBarMessage(words ? `ragchat: ${clean(words)}` : 'ragchat: done', 5000);
  place.finished(place);
}

function notified(method, note) {
  const place = method === 'stream' && streams.get(note.turn);
  if (!place) return;
  if (note.kind === 'delta' && note.off === place.bytes) {
    place.bytes += Buffer.byteLength(note.text);
    place.text += note.text;
    append(place, note.text);
  } else if (note.kind === 'error') {
    place.error = note.message;
  } else if (note.kind === 'status') {
    vscode.window.setStatusBarMessage(`ragchat: ${clean(note.text)}`, 5000);
  } else if (note.kind === 'done') {
    streams.delete(note.turn);
    ended(place, note);
  }
}

async function place(thread, text = '') {
  const document = await vscode.workspace.openTextDocument({ language: 'markdown', content: text });
  await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true, preview: false });
  const made = { document, thread, turn: null, running: false, text: '', bytes: 0, queue: '', from: text.length, at: text.length,
    edits: Promise.resolve(), timer: null };
  made.end = new Promise((resolve) => { made.finished = resolve; });
  return made;
}

async function follow(to, turn) {
  to.turn = turn;
  to.running = true;
  streams.set(turn, to);
  newest = to;
  await connection().call('attach', { turn });
  return to;
}

// ---- commands ----

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
  const reply = await connection().call('ask', thread ? { text, thread } : { text });
  return follow(await place(reply.thread), reply.turn);
}

async function stop() {
  if (!newest || !newest.running) throw new Error('no answer is running');
  await connection().call('cancel', { turn: newest.turn });
}

async function retry() {
  if (!newest || !newest.turn) throw new Error('there is no question to ask again');
  const reply = await connection().call('turn.retry', { turn: newest.turn });
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
  const quoted = (t) => `> ${t.question.replace(/\n/g, '\n> ')}\n\n`;
  const before = turns.map((t) => `${quoted(t)}${t.text}\n\n`).join('');
  return follow(await place(picked.thread, last ? before + quoted(last) : before), last.turn);
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
