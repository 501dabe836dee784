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

# Last(said) may add to what is told at its end.
def Run(args: list<string>, options: dict<any>, Last: func): job
  var said: list<string> = []
  return job_start([rpc.Program()] + args, extend(options, {
    callback: (_, line) => {
      add(said, line)
    },
    close_cb: (_) => {
      Last(said)
      Tell(said)
    },
  }))
enddef

# The password goes through a pipe, never by a command line; the token is kept by ragchat.
export def Login(account: string)
  final name = account != '' ? account : input('Account: ', $USER)
  final password = name == '' ? '' : inputsecret('Password of ' .. name .. ': ')
  if password == ''
    return
  endif
  final job = Run(['-v', 'login', '--password-fd', '0', '--', name], {}, (_) => {
    rpc.Close()
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
  Run(['upload', '--'] + list, {in_io: 'null'}, (_) => 0)
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
  Run(['export'] + (thread ? ['--thread'] : []) + ['-o', out, '--', what == '' ? 'last' : what], {in_io: 'null'}, (said) => {
    if filereadable(out)
      add(said, "wrote '" .. out .. "'")
    endif
  })
enddef
