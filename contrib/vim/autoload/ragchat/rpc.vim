vim9script
# The bridge: `ragchat bridge --lsp` as a job. Mode lsp carries requests, replies and notifications
# only; what comes cannot run a command here, as it could with mode json or js.

var job: any = null
var Listener: func = null_function
var failures = ''

export def Listen(F: func)
  Listener = F
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

def OnExit(j: job, status: number)
  if j == job
    job = null
    Listener('closed', {message: failures != '' ? failures : 'the bridge has ended'})
  endif
enddef

def Running(): bool
  return job != null && job_status(job) == 'run'
enddef

def Start(): bool
  if Running()
    return true
  endif
  failures = ''
  job = job_start([get(g:, 'ragchat_program', 'ragchat'), 'bridge', '--lsp'], {
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

# Done(result), or Failed(words).
export def Call(method: string, params: dict<any>, Done: func, Failed: func = Complain)
  if !Start()
    Failed(failures != '' ? failures : 'cannot run ragchat: is it on the PATH?')
    return
  endif
  ch_sendexpr(job, {method: method, params: params}, {callback: (_, reply) => {
    if has_key(reply, 'error')
      Failed(get(reply.error, 'message', 'failed'))
    else
      Done(get(reply, 'result', {}))
    endif
  }})
enddef
