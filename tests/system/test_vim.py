"""The Vim plugin in a real Vim without a terminal: streaming, stopping, coming back, and hostile answers."""
import json
import os
import shutil
import subprocess
import threading

from harness import check, contains, deadline, equal, eventually
from scripts import holds, says
from test_nvim import HOSTILE, LONG

PLUGIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "contrib", "vim")

PRELUDE = """set nocompatible
let g:result = {}
func Finish()
  call writefile([json_encode(g:result)], $VIM_OUT)
  qa!
endfunc
func Await(what, claim)
  let end = reltime()
  while !eval(a:claim)
    if reltimefloat(reltime(end)) > 20
      let g:result.late = a:what
      call Finish()
    endif
    sleep 10m
  endwhile
endfunc
func Place()
  return ragchat#Newest()
endfunc
func Text(...)
  return join(getbufline(a:0 ? a:1 : Place().buf, 1, '$'), "\\n")
endfunc
func Sign(name)
  call writefile([], $VIM_OUT .. '.' .. a:name)
endfunc
func Ended()
  return get(Place(), 'state', '') != ''
endfunc
func Note()
  let all = prop_list(1, {'bufnr': Place().buf, 'end_lnum': -1, 'types': ['ragchat_note']})
  return empty(all) ? '' : get(all[0], 'text', '')
endfunc
func Main()
%s
endfunc
try
  call Main()
catch
  let g:result.error = v:exception .. ' at ' .. v:throwpoint
endtry
call Finish()
"""


class Vim:
    def __init__(self, t, script):
        if not shutil.which("vim") or b"+channel" not in subprocess.run(["vim", "--version"], stdout=subprocess.PIPE, check=True).stdout:
            t.skip("no vim with +channel is installed")
        self.out = os.path.join(t.dir, f"vim{len(os.listdir(t.dir))}")
        path = self.out + ".vim"
        with open(path, "w", encoding="utf-8") as f:
            f.write(PRELUDE.replace("%s", script))
        env = dict(t.h.env, VIM_OUT=self.out, TERM="dumb", PATH=t.bin + ":" + os.environ["PATH"])
        self.process = subprocess.Popen(["vim", "-Nu", "NONE", "-i", "NONE", "-n", "-es", "--not-a-term", "--cmd", f"set rtp^={PLUGIN}",
                                         "-c", "runtime plugin/ragchat.vim", "-S", path], env=env, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=t.h.dir)
        t.closers.append(self.kill)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def sign(self, name):
        open(f"{self.out}.{name}", "w", encoding="utf-8").close()

    def until(self, name):
        eventually(lambda: os.path.exists(f"{self.out}.{name}") or self.process.poll() is not None, name, 15)

    def end(self):
        printed = self.process.communicate(timeout=60)[0].decode("utf-8", "replace")
        check(os.path.exists(self.out), "vim left no result:", printed)
        with open(self.out, encoding="utf-8") as f:
            result = json.load(f)
        check("error" not in result and "late" not in result, result, printed)
        return result


@deadline(60)
def test_ten_thousand_tokens_stream_into_a_buffer_that_equals_the_stored_answer(t):
    t.serve(says(LONG, step=8))
    got = Vim(t, """
      RagChatAsk tell me much
      call Await('the end', 'Ended()')
      let g:result.text = Text()
      let g:result.state = Place().state
      let g:result.modeline = getbufvar(Place().buf, '&modeline')
    """).end()
    equal(got["text"], LONG, "the buffer")
    equal((got["state"], got["modeline"]), ("done", 0), "state, and no mode lines")
    equal(t.run("last").out.decode(), LONG + ("" if LONG.endswith("\n") else "\n"), "the stored answer")


def test_an_answer_in_place_about_a_range_is_undone_in_one_step(t):
    backend, _ = t.serve(says("one\ntwo\nthree " * 500, step=3))
    got = Vim(t, """
      call setline(1, ['first', 'second ```', 'third'])
      set undolevels=1000
      1,2RagChatAsk! what is this
      call Await('the end', 'Ended()')
      let g:result.with = Text(1)
      undo
      let g:result.without = Text(1)
    """).end()
    equal(got["with"], "first\nsecond ```\n" + "one\ntwo\nthree " * 500 + "\nthird", "in place")
    equal(got["without"], "first\nsecond ```\nthird", "after one undo")
    asked = backend.chats[-1].json["messages"][-1]["content"]
    equal(asked, "what is this\n\n````\nfirst\nsecond ```\n````", "what was asked")


def test_stop_keeps_what_came_and_retry_asks_again(t):
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release, "the first half, ", "and more"))
    vim = Vim(t, """
      RagChatAsk hello
      call Await('half', 'Text() =~ "half"')
      RagChatStop
      call Await('the end', 'Ended()')
      let g:result.text = Text()
      let g:result.state = Place().state
      let g:result.note = Note()
      call Sign('stopped')
      call Await('go', 'filereadable($VIM_OUT .. ".go")')
      let old = Place().turn
      RagChatRetry
      call Await('the other', 'Place().turn != "' .. old .. '" && Ended()')
      let g:result.again = Text()
    """)
    vim.until("stopped")
    release.set()
    vim.sign("go")
    got = vim.end()
    equal((got["text"], got["state"], got["again"]), ("the first half, ", "cancelled", "the first half, and more"), "the answers")
    equal([turn["state"] for turn in t.run("show", "last", "--json").json["turns"]], ["cancelled", "done"], "both are stored")


@deadline(60)
def test_a_daemon_killed_in_mid_answer_leaves_what_was_stored_marked_interrupted(t):
    release = threading.Event()
    t.closers.append(release.set)
    _, daemon = t.serve(holds(release, "the first half, ", "never"))
    vim = Vim(t, """
      RagChatAsk hello
      call Await('half', 'Text() =~ "half"')
      call Sign('half')
      call Await('the end', 'Ended()')
      let g:result = extend(g:result, {'text': Text(), 'state': Place().state, 'turn': Place().turn})
    """)
    vim.until("half")
    rpc = t.rpc()
    eventually(lambda: rpc.call("status")["turns"].get("oldest_unsaved_ms", 0) == 0, "the checkpoint")
    daemon.kill()
    release.set()
    daemon.start()
    got = vim.end()
    equal(got["state"], "interrupted", "state")
    equal(t.rpc().call("turn.get", turn=got["turn"])["turn"]["text"], got["text"], "the buffer is what is stored")


def test_a_hostile_answer_runs_nothing_and_hides_nothing(t):
    t.serve(says(HOSTILE))
    got = Vim(t, """
      set modeline modelines=9
      RagChatAsk hello
      call Await('the end', 'Ended()')
      let g:result.text = Text()
      let w = win_findbuf(Place().buf)[0]
      let g:result.window = [getwinvar(w, '&conceallevel'), getwinvar(w, '&foldenable'), getwinvar(w, '&foldmethod')]
      let g:result.ft = getbufvar(Place().buf, '&filetype')
    """).end()
    equal(got["text"], HOSTILE, "the buffer")
    equal((got["window"], got["ft"]), ([0, 0, "manual"], "markdown"), "the window")
    check(not os.path.exists(os.path.join(t.h.dir, "owned")), "something was run")


def test_conversation_threads_sources_upload_and_export(t):
    t.daemon()
    t.h.path("notes.md", "# Rivers\n\nThe Elbe rises in the Giant Mountains and flows into the North Sea.\n")
    got = Vim(t, """
      let g:files = 0
      autocmd User RagChatFiles let g:files += 1
      RagChatUpload home/notes.md
      call Await('the upload', 'g:files == 1')
      RagChatNew
      RagChatContinue where does the Elbe flow into the sea
      call Await('the end', 'Ended()')
      RagChatSources
      call Await('sources', 'bufname() =~ "sources"')
      let g:result.sources = Text(bufnr())
      close
      RagChatExport out.pdf
      call Await('the export', 'g:files == 2')
      RagChatThreads
      call Await('threads', 'bufname() =~ "threads"')
      let g:result.list = Text(bufnr())
      let old = Place().buf
      call ragchat#Pick()
      call Await('the conversation', 'Place().buf != ' .. old .. ' && Ended()')
      let g:result.talk = Text()
      let old = Place().buf
      RagChatAttach last
      call Await('attached', 'Place().buf != ' .. old .. ' && Ended()')
      let g:result.attached = Text()
    """).end()
    contains(got["sources"], "[1] notes.md", "Elbe")
    contains(got["list"], "where does the Elbe")
    contains(got["talk"], "> where does the Elbe flow into the sea\n\n", got["attached"])
    with open(os.path.join(t.h.dir, "out.pdf"), "rb") as f:
        equal(f.read(5), b"%PDF-", "the export")
