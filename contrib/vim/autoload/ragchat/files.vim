vim9script
# Files and the log-in, by ragchat's own program: it has the user's rights, resumes and names each error.

import autoload 'ragchat/rpc.vim'

def Tell(said: list<string>)
  for line in said
    rpc.Say(substitute(line, '^ragchat: ', '', ''))
  endfor
  if exists('#User#RagChatFiles')
    doautocmd <nomodeline> User RagChatFiles
  endif
enddef

def Run(args: list<string>, out = '')
  var said: list<string> = []
  job_start([get(g:, 'ragchat_program', 'ragchat')] + args, {
    in_io: 'null',
    callback: (_, line) => {
      add(said, line)
    },
    close_cb: (_) => {
      if out != '' && filereadable(out)
        add(said, "wrote '" .. out .. "'")
      endif
      Tell(said)
    },
  })
enddef

# The password goes through a pipe, never by a command line; the token is kept by ragchat.
export def Login(account: string)
  final name = account != '' ? account : input('Account: ', $USER)
  final password = name == '' ? '' : inputsecret('Password of ' .. name .. ': ')
  if password == ''
    return
  endif
  var said: list<string> = []
  final job = job_start([get(g:, 'ragchat_program', 'ragchat'), '-v', 'login', '--password-fd', '0', '--', name], {
    callback: (_, line) => {
      add(said, line)
    },
    close_cb: (_) => {
      rpc.Close()
      Tell(said)
    },
  })
  ch_sendraw(job, password .. "\n")
  ch_close_in(job)
enddef

export def Upload(files: list<string>)
  final list = empty(files) ? [expand('%:p')] : mapnew(files, (_, f) => fnamemodify(expand(f), ':p'))
  if list[0] == ''
    rpc.Complain('this buffer has no file')
    return
  endif
  Run(['upload', '--'] + list)
enddef

# An existing file is never written over: response-2.pdf comes after response.pdf.
def FreeName(name: string): string
  final path = fnamemodify(name, ':p')
  var free = path
  var n = 1
  while getftype(free) != ''
    n += 1
    free = fnamemodify(path, ':r') .. '-' .. n .. (fnamemodify(path, ':e') == '' ? '' : '.' .. fnamemodify(path, ':e'))
  endwhile
  return free
enddef

# what: a turn, or with `thread` a thread.
export def Export(name: string, thread: bool, what: string)
  final out = FreeName(name == '' ? 'response.pdf' : name)
  Run(['export'] + (thread ? ['--thread'] : []) + ['-o', out, '--', what == '' ? 'last' : what], out)
enddef
