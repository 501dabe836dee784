-- The commands of the plugin: what is asked, where its answer goes, and which turn a buffer shows.

local rpc = require('ragchat.rpc')
local stream = require('ragchat.stream')
local view = require('ragchat.view')

local M = {}
local shown = {} -- buffer -> {thread, turn, view, running, talk}
local last = nil -- what the last question of this editor went to

local STATES = {
  failed = 'the answer failed',
  cancelled = 'stopped',
  interrupted = 'interrupted: the daemon ended. :RagChatRetry asks again',
  lost = 'the connection was lost',
}

function M.setup(config)
  rpc.config = vim.tbl_extend('force', rpc.config, config or {})
end

local function say(text, level)
  vim.notify('ragchat: ' .. view.clean(text), level or vim.log.levels.INFO)
end

local function complain(err)
  say(err.message or err.name or 'failed', vim.log.levels.ERROR)
end

-- done(result), or the error is told.
local function call(method, params, done)
  rpc.call(method, params, function(err, result)
    if err then
      return complain(err)
    end
    done(result)
  end)
end

-- ---- where an answer goes ----

local function id8(id)
  return tostring(id):gsub('[^%w-]', ''):sub(1, 8)
end

local function open(buf)
  for _, win in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    if shown[vim.api.nvim_win_get_buf(win)] then
      vim.api.nvim_win_set_buf(win, buf)
      return view.window(win)
    end
  end
  local before = vim.api.nvim_get_current_win()
  vim.cmd('botright split')
  vim.api.nvim_win_set_buf(0, buf)
  view.window(vim.api.nvim_get_current_win())
  vim.api.nvim_set_current_win(before)
end

local function keys(buf)
  local map = function(lhs, command)
    vim.api.nvim_buf_set_keymap(buf, 'n', lhs, '<Cmd>' .. command .. '<CR>', { noremap = true, silent = true })
  end
  map('<CR>', 'RagChatContinue')
  map('<C-c>', 'RagChatStop')
  map('gr', 'RagChatRetry')
  map('gs', 'RagChatSources')
  map('q', 'close')
end

local function fresh(name)
  local buf = view.buffer('ragchat://' .. name)
  keys(buf)
  shown[buf] = { buf = buf }
  vim.api.nvim_create_autocmd('BufWipeout', {
    buffer = buf,
    callback = function()
      shown[buf] = nil
    end,
  })
  return shown[buf]
end

local function ending(place, note)
  local words = STATES[note.state]
  if note.state == 'failed' and place.error then
    words = place.error
  elseif note.state == 'lost' and note.message then
    words = note.message
  end
  return words
end

-- The answer of `turn` grows in place.view. after(): when it has ended and is whole in the buffer.
local function follow(place, turn, after)
  local v = place.view
  place.turn, place.running, place.error = turn, true, nil
  return stream.new(turn, {
    text = function(text)
      v:append(text)
    end,
    restart = function()
      v:clear()
    end,
    event = function(note)
      if note.kind == 'status' then
        v:note(note.text)
      elseif note.kind == 'error' then
        place.error = note.message
      elseif note.kind == 'notice' and note.name ~= 'citation' and note.text then
        say(vim.fn.strcharpart(view.clean(note.text), 0, vim.o.columns - 24), vim.log.levels.DEBUG) -- longer ones want ENTER
      end
    end,
    done = function(note)
      v:when_drained(function()
        place.running, place.state = false, note.state
        local words = ending(place, note)
        v:note(words, words and 'WarningMsg')
        if after then
          after(note)
        end
        vim.api.nvim_exec_autocmds('User', { pattern = 'RagChatDone' })
      end)
    end,
  })
end

-- ---- asking ----

local function fenced(lines, filetype)
  local text = table.concat(lines, '\n')
  local fence = '```'
  while text:find(fence, 1, true) do
    fence = fence .. '`'
  end
  return fence .. filetype:gsub('[^%w_+.-]', '') .. '\n' .. text .. '\n' .. fence
end

local function ask(params, place, before)
  rpc.call_sure('ask', params, function(err, reply)
    if err then
      place.view:note(err.message, 'ErrorMsg')
      return complain(err)
    end
    place.thread = reply.thread
    last = place
    if before then
      before(reply)
    end
    follow(place, reply.turn):attach(false)
  end)
end

local function with_text(args, done)
  if args.args and args.args ~= '' then
    return done(args.args)
  end
  vim.ui.input({ prompt = 'Ask: ' }, function(text)
    if text and text ~= '' then
      done(text)
    end
  end)
end

-- Question and answer one below the other, as in a conversation.
local function talk_ask(place, params)
  local quoted = {}
  for _, line in ipairs(vim.split(params.text, '\n', { plain = true })) do
    quoted[#quoted + 1] = '> ' .. line
  end
  local empty = vim.api.nvim_buf_line_count(place.buf) == 1 and vim.api.nvim_buf_get_lines(place.buf, 0, 1, true)[1] == ''
  local v = view.new(place.buf)
  v:put((empty and '' or '\n\n') .. table.concat(quoted, '\n') .. '\n\n')
  place.view = view.new(place.buf)
  place.view:to_end()
  ask(params, place)
end

-- The line below the range, made for it; undone together with the answer.
local function in_place(args)
  local buf = vim.api.nvim_get_current_buf()
  if not vim.api.nvim_buf_get_option(buf, 'modifiable') then
    return nil
  end
  local line = args.range > 0 and args.line2 or vim.api.nvim_win_get_cursor(0)[1]
  local text = vim.api.nvim_buf_get_lines(buf, line - 1, line, true)[1]
  local v = view.new(buf, line - 1, #text)
  v:put('\n')
  local tick = v.tick
  v = view.new(buf, line, 0)
  v.tick = tick
  return { buf = buf, view = v }
end

local function here()
  local buf = vim.api.nvim_get_current_buf()
  return shown[buf] or last
end

function M.ask(args, continue)
  local buf = vim.api.nvim_get_current_buf()
  local lines = args.range > 0 and vim.api.nvim_buf_get_lines(buf, args.line1 - 1, args.line2, false)
  local filetype = vim.api.nvim_buf_get_option(buf, 'filetype')
  local current = shown[buf]
  with_text(args, function(text)
    local params = { text = text }
    if lines then
      params.text = text .. '\n\n' .. fenced(lines, filetype)
    end
    local from = continue and here() or current and current.talk and current
    if from and from.thread then
      params.thread = from.thread
    end
    if args.bang then
      local place = in_place(args)
      if not place then
        return say('this buffer cannot be changed', vim.log.levels.ERROR)
      end
      return ask(params, place)
    end
    if from and from.talk and vim.api.nvim_buf_is_valid(from.buf) then
      if from.running then
        return say('wait for the answer, or :RagChatStop', vim.log.levels.WARN)
      end
      open(from.buf)
      return talk_ask(from, params)
    end
    local place = fresh('answer-' .. id8(string.format('%x', (vim.uv or vim.loop).hrtime())))
    place.view = view.new(place.buf)
    place.view:note('asking ...')
    open(place.buf)
    ask(params, place, function(reply)
      pcall(vim.api.nvim_buf_set_name, place.buf, 'ragchat://' .. id8(reply.turn))
    end)
  end)
end

function M.stop()
  local place = here()
  if not place or not place.turn or not place.running then
    return say('no answer is running here')
  end
  call('cancel', { turn = place.turn }, function() end)
end

function M.retry()
  local place = here()
  if not place or not place.turn then
    return say('there is no question to ask again')
  end
  if place.running then
    return say('wait for the answer, or :RagChatStop', vim.log.levels.WARN)
  end
  rpc.call_sure('turn.retry', { turn = place.turn }, function(err, reply)
    if err then
      return complain(err)
    end
    local to = place
    if place.talk then
      view.new(place.buf):put('\n\n')
    elseif shown[place.buf] then
      to = fresh(id8(reply.turn))
      open(to.buf)
    else
      return complain({ message = 'an answer in place is asked again with :RagChatAsk!' })
    end
    to.view = view.new(to.buf)
    to.view:to_end()
    to.thread, last = reply.thread, to
    follow(to, reply.turn):attach(false)
  end)
end

function M.attach(ref)
  call('turn.get', { turn = ref ~= '' and ref or 'last' }, function(result)
    local turn = result.turn
    local place = fresh(id8(turn.turn))
    place.thread, place.view, last = rpc.value(turn.thread), view.new(place.buf), place
    open(place.buf)
    follow(place, turn.turn):attach(false)
  end)
end

-- ---- conversations ----

local function quote(text)
  return '> ' .. text:gsub('\n', '\n> ')
end

-- One turn after the other: the text of a long or running one comes by attach.
local function draw(place, turns, i, done)
  local turn = turns[i]
  if not turn then
    return done()
  end
  local v = view.new(place.buf)
  v:put((i > 1 and '\n\n' or '') .. quote(turn.question) .. '\n\n')
  place.view = view.new(place.buf)
  follow(place, turn.turn, function()
    draw(place, turns, i + 1, done)
  end):attach(false)
end

local function collect(thread, after, turns, done)
  call('message.list', { thread = thread, after = after, limit = 200 }, function(page)
    vim.list_extend(turns, page.turns)
    local next_ = rpc.value(page.next)
    if next_ then
      return collect(thread, next_, turns, done)
    end
    done(page.thread, turns)
  end)
end

function M.open(ref)
  collect(ref ~= '' and ref or 'last', 0, {}, function(thread, turns)
    local place = fresh('thread-' .. id8(thread.thread))
    place.thread, place.talk, last = thread.thread, true, place
    open(place.buf)
    draw(place, turns, 1, function() end)
  end)
end

function M.new()
  local place = fresh('new-' .. id8(string.format('%x', (vim.uv or vim.loop).hrtime())))
  place.talk = true
  place.view = view.new(place.buf)
  last = place
  open(place.buf)
end

function M.threads()
  call('thread.list', { limit = 50 }, function(page)
    if #page.threads == 0 then
      return say('there is no conversation yet')
    end
    vim.ui.select(page.threads, {
      prompt = 'Conversation',
      format_item = function(t)
        return view.clean(t.name) .. '  (' .. t.turns .. ', ' .. t.updated:sub(1, 10) .. ')'
      end,
    }, function(t)
      if t then
        M.open(t.thread)
      end
    end)
  end)
end

-- ---- sources, files, log-in ----

function M.sources(ref)
  local place = here()
  call('source.list', { turn = ref ~= '' and ref or place and place.turn or 'last' }, function(result)
    if not require('ragchat.sources').show(result) then
      say('that answer names no source')
    end
  end)
end

function M.upload(files)
  require('ragchat.files').upload(files, say, complain)
end

function M.export(name, thread)
  local place = here()
  local what = {}
  if thread then
    what.thread = place and place.thread or 'last'
  else
    what.turn = place and place.turn or 'last'
  end
  require('ragchat.files').export(what, name, say, complain)
end

function M.login(account)
  rpc.log_in(nil, function(err, known)
    if not err then
      return say("the daemon knows you as '" .. tostring(known) .. "' already")
    end
    if err.name ~= 'unauthenticated' then
      return complain(err)
    end
    require('ragchat.login').ask(account, function(name, password)
      rpc.log_in({ account = name, password = password }, function(bad, who)
        if bad then
          return complain(bad)
        end
        say('logged in as ' .. tostring(who))
      end)
    end)
  end)
end

-- For a status line: what runs, in words without "%".
function M.status()
  local n = 0
  for _ in pairs(rpc.link.streams) do
    n = n + 1
  end
  return n == 0 and '' or n == 1 and 'answering' or n .. ' answers'
end

function M.command(name, args)
  if name == 'RagChat' then
    M.open(args.args)
  elseif name == 'RagChatNew' then
    M.new()
  elseif name == 'RagChatAsk' then
    M.ask(args, false)
  elseif name == 'RagChatContinue' then
    M.ask(args, true)
  elseif name == 'RagChatStop' then
    M.stop()
  elseif name == 'RagChatRetry' then
    M.retry()
  elseif name == 'RagChatAttach' then
    M.attach(args.args)
  elseif name == 'RagChatThreads' then
    M.threads()
  elseif name == 'RagChatSources' then
    M.sources(args.args)
  elseif name == 'RagChatUpload' then
    M.upload(args.fargs)
  elseif name == 'RagChatLogin' then
    M.login(args.args)
  elseif name == 'RagChatExport' then
    M.export(args.args, args.bang)
  end
end

M._shown = shown
return M
