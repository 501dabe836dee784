vim9script
# What the commands of ragchat do: what is asked, where its answer goes, which turn a buffer shows.

import autoload 'ragchat/files.vim'
import autoload 'ragchat/rpc.vim'
import autoload 'ragchat/view.vim'

# A place: {buf, view, thread, turn, running, state, error, talk, pieces, bytes, roff, ev, losses, After}
var shown: dict<dict<any>> = {} # by buffer number
var streams: dict<dict<any>> = {} # by turn
var newest: dict<any> = {} # of the last question

const LOSSES = 3 # bridges that may end without a byte of the answer in between

const STATES = {
  done: '',
  cancelled: 'stopped',
  interrupted: 'interrupted: the daemon ended; :RagChatRetry asks again',
}

def Id(id: string): string
  return strpart(substitute(id, '[^0-9a-f]', '', 'g'), 0, 8)
enddef

def Words(place: dict<any>, note: dict<any>): string
  final state = get(note, 'state', 'lost')
  if has_key(STATES, state)
    return STATES[state]
  endif
  return place.error != '' ? place.error : get(note, 'message', 'the connection was lost')
enddef

# ---- an answer on its way ----

def Ended(place: dict<any>, note: dict<any>)
  final length = get(note, 'length', place.bytes)
  view.WhenDrained(place.view, () => {
    if length < place.bytes
      view.Replace(place.view, strpart(join(place.pieces, ''), 0, length))
    endif
    place.running = false
    place.state = get(note, 'state', 'lost')
    view.Note(place.view, Words(place, note))
    if place.After != null_function
      final F: func = place.After
      place.After = null_function
      F()
    endif
    if exists('#User#RagChatDone')
      doautocmd <nomodeline> User RagChatDone
    endif
  })
enddef

# A piece may come twice where two bridges told it, never a later one before an earlier.
def Take(place: dict<any>, off: number, text: string)
  final new = off > place.bytes ? '' : strpart(text, place.bytes - off)
  if new == ''
    return
  endif
  place.bytes += strlen(new)
  place.losses = 0
  add(place.pieces, new)
  view.Append(place.view, new)
enddef

const TYPES = {turn: v:t_string, kind: v:t_string, text: v:t_string, message: v:t_string, state: v:t_string, name: v:t_string,
  off: v:t_number, ev: v:t_number, length: v:t_number}

# Of the types that it must have; what is null is left out.
def Sane(note: dict<any>): bool
  for [key, wanted] in items(TYPES)
    if has_key(note, key) && type(note[key]) == v:t_none
      remove(note, key)
    elseif has_key(note, key) && type(note[key]) != wanted
      return false
    endif
  endfor
  final piece = index(['delta', 'reasoning'], get(note, 'kind', '')) >= 0
  return has_key(note, 'turn') && has_key(note, 'kind') && (!piece || (has_key(note, 'off') && has_key(note, 'text')))
enddef

def OnStream(note: dict<any>)
  if !Sane(note) || !has_key(streams, note.turn)
    return
  endif
  final turn = note.turn
  final place = streams[turn]
  final kind = note.kind
  if kind == 'delta'
    Take(place, note.off, note.text)
    return
  endif
  if kind == 'reasoning'
    place.roff = note.off + strlen(note.text)
    return
  endif
  place.ev = max([place.ev, get(note, 'ev', 0)])
  if kind == 'status'
    view.Note(place.view, get(note, 'text', ''))
  elseif kind == 'notice' && get(note, 'name', '') != 'citation' && has_key(note, 'text')
    rpc.Say(strcharpart(rpc.Clean(note.text), 0, &columns - 24)) # longer ones want ENTER
  elseif kind == 'error'
    place.error = get(note, 'message', '')
  elseif kind == 'done'
    remove(streams, turn)
    Ended(place, note)
  endif
enddef

def OnNotification(method: string, params: any)
  if method == 'stream' && type(params) == v:t_dict
    OnStream(params)
  elseif method == 'closed'
    final gone = values(streams)
    streams = {}
    for place in gone
      place.losses += 1
      if place.losses > LOSSES
        Ended(place, {state: 'lost', message: params.message})
      else
        AttachTo(place)
      endif
    endfor
  endif
enddef

# From where it stands; where the daemon has less than that, from the first byte.
def AttachTo(place: dict<any>)
  final turn = place.turn
  streams[turn] = place
  rpc.Call('attach', {turn: turn, off: place.bytes, roff: place.roff, ev: place.ev}, (_) => 0, (why) => {
    if place.bytes > 0
      view.Replace(place.view, '')
      extend(place, {bytes: 0, roff: 0, ev: 0, pieces: []})
      AttachTo(place)
      return
    endif
    if has_key(streams, turn)
      remove(streams, turn)
    endif
    Ended(place, {state: 'lost', message: why})
  }, () => 0)
enddef

# The answer of `turn` grows in place.view, from its first byte.
def Follow(place: dict<any>, turn: string, After: func = null_function)
  extend(place, {turn: turn, running: true, state: '', error: '', pieces: [], bytes: 0, roff: 0, ev: 0, losses: 0, After: After})
  AttachTo(place)
enddef

# ---- places ----

def Place(buf: number): dict<any>
  return {buf: buf, view: {}, thread: '', turn: '', running: false, state: '', error: '', talk: false, pieces: [], bytes: 0,
    roff: 0, ev: 0, losses: 0, After: null_function}
enddef

# The window of this tab page that shows an answer: the next one takes its place. 0: none does.
def Window(): number
  for w in range(1, winnr('$'))
    if has_key(shown, winbufnr(w))
      return win_getid(w)
    endif
  endfor
  return 0
enddef

var made = 0

def Fresh(name: string): dict<any>
  made += 1
  final place = Place(view.Buffer('ragchat://' .. name .. '-' .. made, Window()))
  shown[place.buf] = place
  final win = win_findbuf(place.buf)[0]
  win_execute(win, 'nnoremap <buffer> <silent> <CR> <Cmd>RagChatContinue<CR>')
  win_execute(win, 'nnoremap <buffer> <silent> <C-c> <Cmd>RagChatStop<CR>')
  win_execute(win, 'nnoremap <buffer> <silent> gr <Cmd>RagChatRetry<CR>')
  win_execute(win, 'nnoremap <buffer> <silent> gs <Cmd>RagChatSources<CR>')
  win_execute(win, 'nnoremap <buffer> <silent> q <Cmd>close<CR>')
  win_execute(win, 'autocmd BufWipeout <buffer> call ragchat#Wiped(str2nr(expand("<abuf>")))')
  place.view = view.New(place.buf)
  return place
enddef

# The answer goes on in the daemon; here nobody looks at it any more.
export def Wiped(buf: number)
  if has_key(shown, buf)
    remove(shown, buf)
  endif
enddef

def Here(): dict<any>
  return get(shown, bufnr(), newest)
enddef

def Busy(place: dict<any>): bool
  if get(place, 'running', false)
    rpc.Complain('wait for the answer, or :RagChatStop')
    return true
  endif
  return false
enddef

# For tests and scripts: {buf, state, running, turn, thread} of the newest question.
export def Newest(): dict<any>
  return newest
enddef

# ---- asking ----

def Fenced(lines: list<string>, language: string): string
  final text = join(lines, "\n")
  var fence = '```'
  while stridx(text, fence) >= 0
    fence ..= '`'
  endwhile
  return fence .. substitute(language, '[^A-Za-z0-9_+.-]', '', 'g') .. "\n" .. text .. "\n" .. fence
enddef

def Send(place: dict<any>, text: string, thread: string)
  newest = place
  place.state = ''
  view.Note(place.view, 'asking ...')
  final params = thread == '' ? {text: text} : {text: text, thread: thread}
  # The command opened a window: without a key after it Vim asks for ENTER at the next command.
  feedkeys("\<Ignore>", 'n')
  rpc.CallSure('ask', params, (reply) => {
    view.Note(place.view, '')
    place.thread = reply.thread
    Follow(place, reply.turn)
  }, (why) => {
    place.state = 'refused'
    view.Note(place.view, why)
    rpc.Complain(why)
  })
enddef

def TalkSend(place: dict<any>, text: string)
  final quoted = '> ' .. substitute(text, "\n", "\n> ", 'g') .. "\n\n"
  final empty = getbufline(place.buf, 1, '$') == ['']
  view.Write(view.New(place.buf), (empty ? '' : "\n\n") .. quoted)
  place.view = view.New(place.buf)
  Send(place, text, place.thread)
enddef

def InPlace(lnum: number): dict<any>
  final place = Place(bufnr())
  append(lnum, '')
  place.view = view.New(place.buf, lnum + 1)
  place.view.tick = b:changedtick
  return place
enddef

export def Ask(words: string, range: number, line1: number, line2: number, bang: bool, go_on: bool)
  var text = words == '' ? input('Ask: ') : words
  if text =~ '^\s*$'
    return
  endif
  if range > 0
    text ..= "\n\n" .. Fenced(getline(line1, line2), &filetype)
  endif
  final current = get(shown, bufnr(), {})
  final from = go_on ? Here() : get(current, 'talk', false) ? current : {}
  if bang
    if !&modifiable
      rpc.Complain('this buffer cannot be changed')
      return
    endif
    Send(InPlace(range > 0 ? line2 : line('.')), text, get(from, 'thread', ''))
  elseif get(from, 'talk', false) && bufloaded(from.buf)
    if !Busy(from)
      TalkSend(from, text)
    endif
  else
    Send(Fresh('answer'), text, get(from, 'thread', ''))
  endif
enddef

export def Stop()
  final place = Here()
  if !get(place, 'running', false)
    rpc.Say('no answer is running here')
    return
  endif
  rpc.Call('cancel', {turn: place.turn}, (_) => 0)
enddef

export def Retry()
  final old = Here()
  if get(old, 'turn', '') == ''
    rpc.Say('there is no question to ask again')
    return
  endif
  if Busy(old)
    return
  endif
  rpc.CallSure('turn.retry', {turn: old.turn}, (reply) => {
    var place = old
    if old.talk
      view.Write(view.New(old.buf), "\n\n")
      place.view = view.New(old.buf)
    else
      place = Fresh('answer')
    endif
    place.thread = reply.thread
    newest = place
    Follow(place, reply.turn)
  })
enddef

export def Attach(ref: string)
  rpc.Call('turn.get', {turn: ref == '' ? 'last' : ref}, (result) => {
    final place = Fresh('answer')
    final thread = get(result.turn, 'thread', '')
    place.thread = type(thread) == v:t_string ? thread : ''
    newest = place
    Follow(place, result.turn.turn)
  })
enddef

# ---- conversations ----

# One turn after the other: each answer comes by attach.
def Draw(place: dict<any>, turns: list<any>, i: number)
  if i >= len(turns) || !bufloaded(place.buf)
    return
  endif
  final quoted = '> ' .. substitute(turns[i].question, "\n", "\n> ", 'g') .. "\n\n"
  view.Write(view.New(place.buf), (i > 0 ? "\n\n" : '') .. quoted)
  place.view = view.New(place.buf)
  Follow(place, turns[i].turn, () => Draw(place, turns, i + 1))
enddef

def Collect(thread: string, after: number, turns: list<any>, Done: func)
  rpc.Call('message.list', {thread: thread, after: after, limit: 200}, (page) => {
    final all = turns + page.turns
    final next = get(page, 'next', v:null)
    if type(next) == v:t_number
      Collect(thread, next, all, Done)
    else
      Done(page.thread, all)
    endif
  })
enddef

export def Open(ref: string)
  Collect(ref == '' ? 'last' : ref, 0, [], (thread, turns) => {
    final place = Fresh('thread-' .. Id(thread.thread))
    place.thread = thread.thread
    place.talk = true
    newest = place
    Draw(place, turns, 0)
  })
enddef

export def New()
  final place = Fresh('new')
  place.talk = true
  newest = place
enddef

# A list; <CR> opens the conversation of its line.
def List(name: string, lines: list<string>): number
  final buf = view.Buffer('ragchat://' .. name .. '-' .. localtime())
  setbufvar(buf, '&filetype', '')
  setbufline(buf, 1, lines)
  setbufvar(buf, '&modifiable', 0)
  setbufvar(buf, '&bufhidden', 'wipe')
  win_gotoid(win_findbuf(buf)[0])
  nnoremap <buffer> <silent> q <Cmd>close<CR>
  return buf
enddef

export def Threads()
  rpc.Call('thread.list', {limit: 200}, (page) => {
    if empty(page.threads)
      rpc.Say('there is no conversation yet')
      return
    endif
    List('threads', mapnew(page.threads, (_, t) =>
      printf('%s  %s  %3d  %s', Id(t.thread), strpart(t.updated, 0, 10), t.turns, rpc.Clean(t.name))))
    b:ragchat_threads = mapnew(page.threads, (_, t) => t.thread)
    nnoremap <buffer> <silent> <CR> <Cmd>call ragchat#Pick()<CR>
  })
enddef

export def Pick()
  final thread = b:ragchat_threads[line('.') - 1]
  close
  Open(thread)
enddef

# ---- sources, files, log-in ----

def SourceLines(s: dict<any>): list<string>
  final Has = (key: string): bool => has_key(s, key) && type(s[key]) != v:t_none
  var where = '?'
  for key in ['url', 'title', 'path']
    where = Has(key) ? s[key] : where
  endfor
  final at = Has('page') ? ', page ' .. s.page : Has('line') ? ', line ' .. s.line : ''
  final quote = Has('quote') ? split(s.quote, "\n") : []
  return ['[' .. s.n .. '] ' .. rpc.Clean(where) .. at .. (s.cited ? '' : '  (not cited)')]
    + mapnew(quote, (_, l) => '    ' .. rpc.Clean(l)) + ['']
enddef

export def Sources(ref: string)
  final turn = ref != '' ? ref : get(Here(), 'turn', '')
  rpc.Call('source.list', {turn: turn == '' ? 'last' : turn}, (result) => {
    if empty(result.sources)
      rpc.Say('that answer names no source')
      return
    endif
    List('sources', mapnew(result.sources, (_, s) => SourceLines(s))->flattennew())
  })
enddef

export def Upload(names: list<string>)
  files.Upload(names)
enddef

export def Login(account: string)
  files.Login(account)
enddef

export def Export(name: string, thread: bool)
  final place = Here()
  files.Export(name, thread, get(place, thread ? 'thread' : 'turn', ''))
enddef

rpc.Listen(OnNotification)
