vim9script
# The bridge: `ragchat bridge --lsp` as a job. Mode lsp carries requests, replies and notifications
# only; what comes cannot run a command here, as it could with mode json or js.

var job: any = null
var Listener: func = null_function
var failures = ''
var waiting: dict<dict<func>> = {} # what is not answered yet, by a number of ours
var calls = 0

export def Listen(F: func)
  Listener = F
enddef

export def Program(): string
  return get(g:, 'ragchat_program', 'ragchat')
enddef

# Control characters and what turns the reading direction, made harmless.
export def Clean(text: string): string
  return text->substitute('[[:cntrl:]\u0080-\u009f]', ' ', 'g')
    ->substitute('[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]', '', 'g')
enddef

export def Say(text: string)
  echomsg 'ragchat: ' .. Clean(text)
enddef

export def Complain(text: string)
  echohl ErrorMsg
  echomsg 'ragchat: ' .. Clean(text)
  echohl None
enddef

def OnMessage(ch: channel, msg: any)
  if type(msg) == v:t_dict && has_key(msg, 'method') && !has_key(msg, 'id') && Listener != null_function
    Listener(msg.method, get(msg, 'params', {}))
  endif
enddef

# What was outstanding is told, then the listener: a bridge of which nothing is left may be started again.
def OnExit(j: job, status: number)
  if j != job
    return
  endif
  job = null
  final gone = values(waiting)
  waiting = {}
  final words = failures != '' ? substitute(failures, '^ragchat: ', '', '') : 'the bridge has ended'
  for request in gone
    if request.Lost != null_function
      request.Lost()
    else
      request.Failed(words)
    endif
  endfor
  Listener('closed', {message: words})
enddef

def Running(): bool
  return job != null && job_status(job) == 'run'
enddef

def Start(): bool
  if Running()
    return true
  endif
  failures = ''
  job = job_start([Program(), 'bridge', '--lsp', '--join', '30'], {
    mode: 'lsp',
    out_cb: OnMessage,
    err_mode: 'nl',
    err_cb: (_, line) => {
      failures = line
    },
    exit_cb: OnExit,
    noblock: 1,
  })
  return Running()
enddef

def Words(error: any): string
  if type(error) != v:t_dict || type(get(error, 'message')) != v:t_string
    return 'failed'
  endif
  final data = get(error, 'data', {})
  final login = type(data) == v:t_dict && get(data, 'name', '') == 'unauthenticated'
  return error.message .. (login ? ' (:RagChatLogin)' : '')
enddef

# Done(result), or Failed(words); Lost() in its place where the bridge has ended meanwhile.
export def Call(method: string, params: dict<any>, Done: func, Failed: func = Complain, Lost: func = null_function)
  if !Start()
    Failed(failures != '' ? failures : 'cannot run ragchat: is it on the PATH?')
    return
  endif
  calls += 1
  final number = string(calls)
  waiting[number] = {Failed: Failed, Lost: Lost}
  ch_sendexpr(job, {method: method, params: params}, {callback: (_, reply) => {
    if !has_key(waiting, number)
      return
    endif
    remove(waiting, number)
    if type(reply) == v:t_dict && has_key(reply, 'error')
      Failed(Words(reply.error))
    elseif type(reply) == v:t_dict
      Done(get(reply, 'result', {}))
    else
      Failed('an answer that is none')
    endif
  }})
enddef

# A bridge that was not logged in does not notice that somebody is now: the next call has another.
export def Close()
  final old = job
  job = null
  if old != null
    job_stop(old)
  endif
enddef

# The same for what must arrive once: the key makes a second sending harmless.
export def CallSure(method: string, params: dict<any>, Done: func, Failed: func = Complain)
  params.key = printf('vim-%x-%s-%x', getpid(), reltimestr(reltime())->substitute('[ .]', '', 'g'), rand())
  Call(method, params, Done, Failed, () => Call(method, params, Done, Failed))
enddef
