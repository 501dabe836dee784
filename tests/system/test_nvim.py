"""The Neovim plugin in a real headless Neovim: streaming, stopping, coming back, and hostile answers."""
import os

import editors
from editors import HOSTILE, Editor
from harness import check, contains, deadline, equal
from scripts import says

# What every story has: a result file, and waiting that fails loudly.
PRELUDE = """
local out, r = os.getenv('EDITOR_OUT'), {}
vim.notify = function(text) r.said = (r.said or '') .. text .. '\\n' end
local function finish() local f = io.open(out, 'w'); f:write(vim.fn.json_encode(r)); f:close(); vim.cmd('qa!') end
local function await(what, claim)
  if not vim.wait(15000, claim, 5) then r.late = what; finish() end
end
local function place() -- of the newest answer
  local newest
  for buf in pairs(require('ragchat')._shown) do if not newest or buf > newest then newest = buf end end
  return require('ragchat')._shown[newest]
end
local function text(buf) return table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, true), '\\n') end
local function ended() local p = place(); return p and p.turn and p.running == false end
local function notes(buf) -- what is shown beside the text
  local all = {}
  for _, m in ipairs(vim.api.nvim_buf_get_extmarks(buf, vim.api.nvim_create_namespace('ragchat'), 0, -1, {details = true})) do
    for _, line in ipairs(m[4].virt_lines or {}) do all[#all + 1] = line[1][1] end
  end
  return table.concat(all, '\\n')
end
local function mark(name) io.open(out .. '.' .. name, 'w'):close() end
local function marked(name) return vim.loop.fs_stat(out .. '.' .. name) ~= nil end
local ok, why = pcall(function()
%s
end)
if not ok then r.error = why end
finish()
"""


def nvim(t, script, env=None, user=None):
    return Editor(t, "nvim", ".lua", PRELUDE.replace("%s", script), lambda path, contrib: [
        "nvim", "--headless", "-u", "NONE", "-i", "NONE", "-n", "--cmd", "set rtp+=" + os.path.join(contrib, "nvim"),
        "-c", "runtime plugin/ragchat.lua", "-S", path], env, user)


@deadline(60)
def test_ten_thousand_tokens_stream_into_a_buffer_that_equals_the_stored_answer(t):
    got = editors.streams_much(t, nvim, """
      vim.cmd('RagChatAsk tell me much')
      await('the end', ended)
      r.text, r.state = text(place().buf), place().state
      local o = function(k) return vim.api.nvim_buf_get_option(place().buf, k) end
      r.modeline, r.buftype = o('modeline'), o('buftype')
    """)
    equal((got["modeline"], got["buftype"]), (False, "nofile"), "the buffer's options")


def test_an_answer_in_place_about_a_range_is_undone_in_one_step(t):
    backend, _ = t.serve(says("one\ntwo\nthree " * 500, step=3))
    got = nvim(t, """
      vim.api.nvim_buf_set_lines(0, 0, -1, true, {'first', 'second ```', 'third'})
      local b = vim.api.nvim_get_current_buf()
      vim.cmd('set undolevels=1000') -- what is typed before is a change of its own
      vim.cmd('1,2RagChatAsk! what is this')
      await('the answer', function() return #text(b) > 5000 end)
      await('the end', function() return require('ragchat').status() == '' end)
      vim.wait(200)
      r.with = text(b)
      vim.cmd('undo')
      r.without = text(b)
    """).end()
    equal(got["with"], "first\nsecond ```\n" + "one\ntwo\nthree " * 500 + "\nthird", "in place")
    equal(got["without"], "first\nsecond ```\nthird", "after one undo")
    asked = backend.chats[-1].json["messages"][-1]["content"]
    equal(asked, "what is this\n\n````\nfirst\nsecond ```\n````", "what was asked")


def test_stop_keeps_what_came_and_retry_asks_again(t):
    editors.stops_and_asks_again(t, nvim, """
      vim.cmd('RagChatAsk hello')
      await('half', function() return place() and place().turn and text(place().buf):find('half') end)
      vim.cmd('RagChatStop')
      await('the end', ended)
      r.text, r.state, r.note = text(place().buf), place().state, notes(place().buf)
      mark('stopped')
      await('go', function() return marked('go') end)
      local old = place().buf
      vim.cmd('RagChatRetry')
      await('the other', function() return place().buf ~= old and ended() end)
      r.again = text(place().buf)
    """)


ANSWER = """
      await('the end', ended)
      r.text, r.state, r.turn, r.note = text(place().buf), place().state, place().turn, notes(place().buf)
"""


@deadline(60)
def test_a_daemon_killed_in_mid_answer_leaves_what_was_stored_marked_interrupted_and_is_asked_again(t):
    editors.is_interrupted_and_asked_again(t, nvim, """
      vim.cmd('RagChatAsk hello')
      await('half', function() return place() and place().turn and text(place().buf):find('half') end)
      mark('half')
    """ + ANSWER + """
      vim.cmd('RagChatRetry')
      await('the other', function() return place().turn ~= r.turn and ended() end)
      r.again, r.again_state = text(place().buf), place().state
    """)


@deadline(60)
def test_a_lost_connection_of_the_real_daemon_goes_on_where_it_was(t):
    editors.goes_on_after_cuts(t, nvim, "vim.cmd('RagChatAsk tell me much')" + ANSWER)


def test_an_answer_begun_elsewhere_is_joined_and_is_what_is_stored(t):
    editors.joins_an_answer_begun_elsewhere(t, nvim, """
      vim.cmd('RagChatAttach last')
      await('half', function() return place() and place().turn and #text(place().buf) > 100 end)
      mark('half')
    """ + ANSWER)


def test_a_lost_connection_goes_on_where_it_was(t):
    fake = editors.listening(t)
    calls = []

    def attach(call):
        calls.append(call.params["off"])
        if len(calls) == 1:
            call.reply(turn=call.params["turn"], thread="t", state="streaming", off=0, ev=0, roff=0, length=9, live=True)
            call.delta("the first").close()
        else:
            call.reply(turn=call.params["turn"], thread="t", state="streaming", off=9, ev=0, roff=0, length=9, live=True)
            call.at("the first").delta(" and the last").done()
    fake.on["ask"] = lambda call: call.accept()
    fake.on["attach"] = attach
    got = nvim(t, """
      vim.cmd('RagChatAsk hello')
      await('the end', ended)
      r.text, r.state = text(place().buf), place().state
    """).end()
    equal((got["text"], got["state"], calls), ("the first and the last", "done", [0, 9]), "resumed")


def test_a_hostile_answer_runs_nothing_and_hides_nothing(t):
    t.serve(says(HOSTILE))
    got = nvim(t, """
      vim.cmd('set modeline modelines=9')
      vim.cmd('RagChatAsk hello')
      await('the end', ended)
      r.text = text(place().buf)
      for _, win in ipairs(vim.api.nvim_list_wins()) do
        if vim.api.nvim_win_get_buf(win) == place().buf then
          r.conceal, r.fold = vim.wo[win].conceallevel, vim.wo[win].foldenable
          r.fdm = vim.wo[win].foldmethod
        end
      end
      r.ft = vim.bo[place().buf].filetype
    """).end()
    equal(got["text"], HOSTILE, "the buffer")
    equal((got["conceal"], got["fold"], got["fdm"], got["ft"]), (0, False, "manual", "markdown"), "the window")
    check(not os.path.exists(os.path.join(t.h.dir, "owned")), "something was run")


def test_a_daemon_that_calls_the_editor_is_hung_up_on(t):
    fake = editors.listening(t)

    def attack(call):
        call.send([0, 77, "nvim_command", ["silent !touch owned"]])
        call.send([2, "nvim_command", ["silent !touch owned"]])
    fake.on["ask"] = attack
    got = nvim(t, """
      require('ragchat').setup({reconnect_ms = 300})
      vim.cmd('RagChatAsk hello')
      await('an error', function() return r.said end)
    """).end()
    contains(got["said"], "request")
    check(not os.path.exists(os.path.join(t.h.dir, "owned")), "the daemon ran something in the editor")


def test_frames_in_pieces_are_what_they_were(t):
    """Neovim 0.7's own unpacker spoils a text that comes in two pieces: it gets whole frames."""
    got = nvim(t, """
      r.bad, r.frames = 0, 0
      for _, size in ipairs({1, 31, 32, 255, 256, 5000, 65535, 65536, 200000}) do
        local text = string.rep('a b\u00e9 ', size):sub(1, size)
        local value = {2, 'stream', {{turn = 'abc', list = {1, -1, 70000, 1.5, true, vim.NIL}, text = text}}}
        local one = vim.mpack.encode(value)
        for _, cut in ipairs(size < 1000 and {1, 2, 3, 7, 100, #one, #one + 1} or {997, 65536, #one - 1}) do
          local data, frames = one .. one .. one, require('ragchat.frames').new(1048576)
          for at = 1, #data, cut do
            frames:feed(data:sub(at, at + cut - 1))
            for frame in function() return frames:next() end do
              r.frames = r.frames + 1
              if frame ~= one then r.bad = r.bad + 1 end
            end
          end
        end
      end
      r.none = {require('ragchat.frames').new(100):next()}
    """).end()
    equal((got["bad"], got["frames"]), (0, 3 * (5 * 7 + 4 * 3)), "frames")


def test_two_answers_at_once(t):
    editors.two_at_once(t, nvim, """
      vim.cmd('RagChatAsk first ')
      local one = place()
      vim.cmd('RagChatAsk second ')
      local two = place()
      await('both', function() return one.state == 'done' and two.state == 'done' end)
      r.one, r.two = text(one.buf), text(two.buf)
    """)


def test_nonsense_from_the_daemon_costs_nothing(t):
    editors.takes_no_nonsense(t, nvim, "vim.cmd('RagChatAsk hello')" + ANSWER)


@deadline(60)
def test_what_is_no_message_ends_the_connection_and_nothing_else(t):
    fake = editors.listening(t)
    bad = {"nested": b"\x91" * 200000, "array": b"\xdd\xff\xff\xff\xff", "array of 2^27": b"\xdd\x08\x00\x00\x00",
           "nested arrays": b"\xdd\x08\x00\x00\x00" * 31, "map": b"\xdf\xff\xff\xff\xff", "text": b"\xdb\xff\xff\xff\xff" + b"a" * (3 << 20),
           "never": b"\xc1", "extension": b"\xc9\xff\xff\xff\xff\x01aaaa", "number": b"\x01" * 100, "no type": b"\x94\x07\x01\xc0\xc0",
           "id": b"\x94\x01\xcf" + b"\xff" * 8 + b"\xc0\xc0", "five": b"\x95\x01\x01\xc0\xc0\xc0", "request": b"\x94\x00\x01\xa3foo\x90",
           "half": b"\x93\x02\xa6stre"}
    fake.on["ask"] = lambda call: call.raw(bad[call.params["text"]]).close()
    got = nvim(t, """
      require('ragchat').setup({reconnect_ms = 60})
      r.told = {}
      for _, name in ipairs({%s}) do
        r.said = nil
        vim.cmd('RagChatAsk ' .. name)
        await(name, function() return r.said end)
        r.told[name] = r.said
      end
      r.memory = vim.loop.resident_set_memory() / 1048576
    """ % ", ".join(f"'{name}'" for name in bad)).end()
    equal(sorted(got["told"]), sorted(bad), "each was told")
    check(got["memory"] < 200, "Neovim has", got["memory"], "MiB")


def test_conversation_threads_sources_upload_export_and_health(t):
    got = editors.talks_about_a_file(t, nvim, """
      vim.cmd('RagChatUpload home/notes.md')
      await('the upload', function() return r.said end)
      vim.cmd('RagChatNew')
      vim.cmd('RagChatContinue where does the Elbe flow into the sea')
      await('the end', ended)
      vim.cmd('RagChatSources')
      await('sources', function() return vim.api.nvim_buf_get_name(0):find('sources') end)
      r.sources = text(0)
      vim.cmd('close')
      vim.cmd('RagChatExport out.pdf')
      await('the export', function() return r.said:find('wrote') end)
      vim.ui.select = function(items, opts, choose) r.item = opts.format_item(items[1]); choose(items[1]) end
      vim.cmd('RagChatThreads')
      await('the conversation', function() return vim.api.nvim_buf_get_name(place().buf):find('thread') and ended() end)
      r.talk = text(place().buf)
      vim.cmd('RagChatAttach last')
      await('attached', function() return not vim.api.nvim_buf_get_name(place().buf):find('thread') and ended() end)
      r.attached = text(place().buf)
      vim.cmd('checkhealth ragchat')
      r.health = text(0)
    """)
    contains(got["item"], "(1, ")
    contains(got["health"], "ragchatd", "answers")


def test_without_a_daemon_one_is_started_and_an_error_is_told(t):
    got = nvim(t, """
      vim.cmd('RagChatAttach last')
      await('an error', function() return r.said end)
    """).end()
    contains(got["said"], "no ")


def test_a_password_logs_in_and_its_token_is_kept(t):
    editors.logs_in(t, nvim, """
      local password = 'wrong'
      vim.fn.inputsecret = function() return password end
      vim.cmd('RagChatAsk hello')
      await('refused', function() return r.said end)
      r.refused, r.said = r.said, nil
      vim.cmd('RagChatLogin ann')
      await('wrong', function() return r.said end)
      r.wrong, r.said, password = r.said, nil, 'right horse'
      vim.cmd('RagChatLogin ann')
      await('logged in', function() return r.said and r.said:find('logged in as ann') end)
    """, "vim.cmd('RagChatAsk hello')" + ANSWER)
