"""The Vim plugin in a real Vim without a terminal: streaming, stopping, coming back, and hostile answers."""
import os
import shutil
import subprocess

import editors
from editors import HOSTILE, Editor
from harness import check, deadline, equal
from scripts import says

PRELUDE = """set nocompatible
let g:result = {}
func Finish()
  call writefile([json_encode(g:result)], $EDITOR_OUT)
  qa!
endfunc
func Await(what, claim)
  let end = reltime()
  while !(type(a:claim) == v:t_func ? a:claim() : eval(a:claim))
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
  call writefile([], $EDITOR_OUT .. '.' .. a:name)
endfunc
func Ended()
  return get(Place(), 'state', '') != ''
endfunc
func Note()
  let all = prop_list(1, {'bufnr': Place().buf, 'end_lnum': -1, 'types': ['ragchat_note']})
  return empty(all) ? '' : Place().view.note
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


def vim(t, script, env=None, user=None):
    if shutil.which("vim") and b"+channel" not in subprocess.run(["vim", "--version"], stdout=subprocess.PIPE, check=True).stdout:
        t.skip("this vim has no channels")
    return Editor(t, "vim", ".vim", PRELUDE.replace("%s", script), lambda path, contrib: [
        "vim", "-Nu", "NONE", "-i", "NONE", "-n", "-es", "--not-a-term", "--cmd", "set rtp^=" + os.path.join(contrib, "vim"),
        "-c", "runtime plugin/ragchat.vim", "-S", path], env, user)


@deadline(60)
def test_ten_thousand_tokens_stream_into_a_buffer_that_equals_the_stored_answer(t):
    got = editors.streams_much(t, vim, """
      RagChatAsk tell me much
      call Await('the end', 'Ended()')
      let g:result.text = Text()
      let g:result.state = Place().state
      let g:result.modeline = getbufvar(Place().buf, '&modeline')
    """)
    equal(got["modeline"], 0, "no mode lines")


def test_an_answer_in_place_about_a_range_is_undone_in_one_step(t):
    backend, _ = t.serve(says("one\ntwo\nthree " * 500, step=3))
    got = vim(t, """
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
    got = editors.stops_and_asks_again(t, vim, """
      RagChatAsk hello
      call Await('half', 'Text() =~ "half"')
      RagChatStop
      call Await('the end', 'Ended()')
      let g:result.text = Text()
      let g:result.state = Place().state
      let g:result.note = Note()
      call Sign('stopped')
      call Await('go', 'filereadable($EDITOR_OUT .. ".go")')
      let old = Place().turn
      RagChatRetry
      call Await('the other', 'Place().turn != "' .. old .. '" && Ended()')
      let g:result.again = Text()
    """)
    equal(got["note"], "[stopped]", "note")


ANSWER = """
      call Await('the end', 'Ended()')
      let g:result = extend(g:result, {'text': Text(), 'state': Place().state, 'turn': Place().turn, 'note': Note()})
"""


@deadline(60)
def test_a_daemon_killed_in_mid_answer_leaves_what_was_stored_marked_interrupted_and_is_asked_again(t):
    editors.is_interrupted_and_asked_again(t, vim, """
      RagChatAsk hello
      call Await('half', 'Text() =~ "half"')
      call Sign('half')
    """ + ANSWER + """
      RagChatRetry
      call Await('the other', 'Place().turn != "' .. g:result.turn .. '" && Ended()')
      let g:result = extend(g:result, {'again': Text(), 'again_state': Place().state})
    """)


@deadline(60)
def test_a_lost_connection_goes_on_where_it_was(t):
    editors.goes_on_after_cuts(t, vim, "RagChatAsk tell me much" + ANSWER)


@deadline(60)
def test_a_bridge_that_is_killed_is_started_again_and_goes_on_where_it_was(t):
    editors.goes_on_with_another_bridge(t, vim, "RagChatAsk hello" + ANSWER)


def test_an_answer_begun_elsewhere_is_joined_and_is_what_is_stored(t):
    editors.joins_an_answer_begun_elsewhere(t, vim, """
      RagChatAttach last
      call Await('half', '!empty(Place()) && Place().bytes > 100')
      call Sign('half')
    """ + ANSWER)


def test_a_hostile_answer_runs_nothing_and_hides_nothing(t):
    t.serve(says(HOSTILE))
    got = vim(t, """
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


def test_two_answers_at_once(t):
    editors.two_at_once(t, vim, """
      execute "RagChatAsk first "
      let one = Place()
      execute "RagChatAsk second "
      let two = Place()
      call Await('both', {-> one.state == 'done' && two.state == 'done'})
      let g:result = {'one': Text(one.buf), 'two': Text(two.buf)}
    """)


def test_nonsense_from_the_daemon_costs_nothing(t):
    editors.takes_no_nonsense(t, vim, "RagChatAsk hello" + ANSWER)


def test_conversation_threads_sources_upload_and_export(t):
    editors.talks_about_a_file(t, vim, """
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
      let g:result.item = Text(bufnr())
      let old = Place().buf
      call ragchat#Pick()
      call Await('the conversation', 'Place().buf != ' .. old .. ' && Ended()')
      let g:result.talk = Text()
      let old = Place().buf
      RagChatAttach last
      call Await('attached', 'Place().buf != ' .. old .. ' && Ended()')
      let g:result.attached = Text()
    """)


def test_a_password_logs_in_and_its_token_is_kept(t):
    editors.logs_in(t, vim, """
      RagChatAsk hello
      call Await('refused', 'Place().state == "refused"')
      let g:result.refused = Note()
      let g:told = 0
      autocmd User RagChatFiles let g:told += 1
      call feedkeys("wrong\\<CR>", 't')
      RagChatLogin ann
      call Await('wrong', 'g:told == 1')
      let g:result.wrong = execute('messages')
      call feedkeys("right horse\\<CR>", 't')
      RagChatLogin ann
      call Await('logged in', 'g:told == 2')
    """, "RagChatAsk hello" + ANSWER)
