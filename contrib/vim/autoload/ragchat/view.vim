vim9script
# Text that grows in a buffer: appended where a property marks its last line, undone in one step.

import autoload 'ragchat/rpc.vim'

const PIECE = 8192 # bytes put into a buffer by one callback
const PAUSE_MS = 15

prop_type_delete('ragchat_end')
prop_type_add('ragchat_end', {})
prop_type_delete('ragchat_note')
highlight default link RagChatNote Comment
prop_type_add('ragchat_note', {highlight: 'RagChatNote'})

# A buffer for what others wrote, in a window that hides and folds nothing: the window `win`, or a new
# one with 0. `name` is our own.
export def Buffer(name: string, win = 0): number
  final before = win_getid()
  final buf = bufadd(name)
  setbufvar(buf, '&buftype', 'nofile')
  setbufvar(buf, '&swapfile', 0)
  setbufvar(buf, '&modeline', 0)
  if win == 0
    execute 'silent botright sbuffer' buf
  else
    win_gotoid(win)
    execute 'silent hide buffer' buf
  endif
  setlocal buflisted
  Plain()
  setlocal filetype=markdown
  Plain()
  win_gotoid(before)
  return buf
enddef

def Plain()
  setlocal modifiable noreadonly nomodeline buftype=nofile bufhidden=hide noswapfile
  setlocal conceallevel=0 nofoldenable foldmethod=manual wrap linebreak nospell
enddef

# A place that grows at the end of line `lnum`, which is its own; the buffer's last line without it.
export def New(buf: number, lnum = 0): dict<any>
  final v = {buf: buf, id: New_id(), queue: [], queued: 0, timer: 0, tick: -1, first: 0, Drained: null_function, note: ''}
  bufload(buf)
  final at = lnum > 0 ? lnum : len(getbufline(buf, 1, '$'))
  prop_add(at, 1, {type: 'ragchat_end', id: v.id, bufnr: buf})
  v.first = strlen(getbufline(buf, at)[0])
  v.lines = 1
  return v
enddef

var ids = 0
def New_id(): number
  ids += 1
  return ids
enddef

def Last(v: dict<any>): number
  final found = prop_find({type: 'ragchat_end', id: v.id, both: true, bufnr: v.buf, lnum: 1, col: 1})
  return get(found, 'lnum', 0)
enddef

# fn() as one more part of the change before it, unless somebody else changed the buffer meanwhile.
def Joined(v: dict<any>, F: func())
  final locked = !getbufvar(v.buf, '&modifiable')
  if locked
    setbufvar(v.buf, '&modifiable', 1)
  endif
  if v.tick == getbufvar(v.buf, 'changedtick')
    final wins = win_findbuf(v.buf)
    if len(wins) > 0
      win_execute(wins[0], 'silent! undojoin')
    endif
  endif
  F()
  v.tick = getbufvar(v.buf, 'changedtick')
  if locked
    setbufvar(v.buf, '&modifiable', 0)
  endif
enddef

def Put(v: dict<any>, text: string)
  final last = Last(v)
  if last == 0
    return
  endif
  final new = split(text, "\n", true)
  final end = len(getbufline(v.buf, 1, '$'))
  final follow = win_findbuf(v.buf)->filter((_, w) => line('.', w) == end)
  Joined(v, () => {
    prop_remove({type: 'ragchat_end', id: v.id, both: true, bufnr: v.buf}, last)
    setbufline(v.buf, last, getbufline(v.buf, last)[0] .. new[0])
    if len(new) > 1
      appendbufline(v.buf, last, new[1 :])
    endif
    prop_add(last + len(new) - 1, 1, {type: 'ragchat_end', id: v.id, bufnr: v.buf})
  })
  v.lines += len(new) - 1
  if last == end
    for w in follow
      win_execute(w, 'normal! G')
    endfor
  endif
enddef

# At most PIECE bytes of what waits, cut where a character ends.
def Piece(v: dict<any>): string
  final all = join(v.queue, '')
  final cut = strlen(all) <= PIECE ? strlen(all) : byteidx(all, charidx(all, PIECE))
  final rest = strpart(all, cut)
  v.queue = rest == '' ? [] : [rest]
  v.queued = strlen(rest)
  return strpart(all, 0, cut)
enddef

def Flush(v: dict<any>)
  v.timer = 0
  if !bufloaded(v.buf)
    v.queue = []
    v.queued = 0
  elseif v.queued > 0
    Put(v, Piece(v))
  endif
  if v.queued > 0
    Wake(v)
  elseif v.Drained != null_function
    final F: func = v.Drained
    v.Drained = null_function
    F()
  endif
enddef

def Wake(v: dict<any>)
  if v.timer == 0
    v.timer = timer_start(PAUSE_MS, (_) => Flush(v))
  endif
enddef

export def Append(v: dict<any>, text: string)
  add(v.queue, text)
  v.queued += strlen(text)
  Wake(v)
enddef

# At once: our own text, before an answer begins. Its windows go to the end, where that is to come.
export def Write(v: dict<any>, text: string)
  Put(v, text)
  for w in win_findbuf(v.buf)
    win_execute(w, 'normal! G')
  endfor
enddef

# The whole becomes `text`.
export def Replace(v: dict<any>, text: string)
  final last = Last(v)
  if last == 0
    return
  endif
  v.queue = []
  v.queued = 0
  final first = last - v.lines + 1
  Joined(v, () => {
    final head = strpart(getbufline(v.buf, first)[0], 0, v.first)
    if v.lines > 1
      deletebufline(v.buf, first + 1, last)
    endif
    setbufline(v.buf, first, head)
    prop_remove({type: 'ragchat_end', id: v.id, both: true, bufnr: v.buf, all: true})
    prop_add(first, 1, {type: 'ragchat_end', id: v.id, bufnr: v.buf})
  })
  v.lines = 1
  Put(v, text)
enddef

# Once everything given so far is in the buffer.
export def WhenDrained(v: dict<any>, F: func)
  if v.queued == 0
    F()
  else
    v.Drained = F
  endif
enddef

# A line below the text that is no part of it; '' takes it away.
export def Note(v: dict<any>, text: string)
  if !bufloaded(v.buf)
    return
  endif
  if v.note != ''
    prop_remove({type: 'ragchat_note', bufnr: v.buf, all: true})
    v.note = ''
  endif
  final last = Last(v)
  if text != '' && last > 0
    v.note = '[' .. rpc.Clean(text) .. ']'
    prop_add(last, 0, {type: 'ragchat_note', bufnr: v.buf, text: v.note, text_align: 'below'})
  endif
enddef
