-- The connection to ragchatd: a pipe, MessagePack-RPC, hello, and coming back when it is lost.
--
-- A plain pipe and vim.mpack.Session, never sockconnect(..., {rpc = true}): that would let whoever
-- listens call nvim's API. What looks like a request here ends the connection.
-- The protocol is PROTOCOL.md of ragchat.

local frames = require('ragchat.frames')
local login = require('ragchat.login')
local uv = vim.uv or vim.loop
local M = {}

local FRAME_MAX = 1024 * 1024 -- LIMIT_FRAME
local TRY_MS = { 20, 50, 100, 200, 400, 800 }
local START_MS = 1000 -- a daemon that was there is waited for so long before one is started

M.config = {
  command = 'ragchat', -- starts the user's daemon where none answers; '' never does
  reconnect_ms = 10000,
}

local function nothing() end

-- nil for what the wire calls nil
function M.value(v)
  if v == vim.NIL then
    return nil
  end
  return v
end

-- ---- where it listens ----

local function uid()
  return uv.getuid and uv.getuid() or uv.os_get_passwd().uid
end

-- A folder that others may write to is one in which others may listen.
local function safe(path)
  local folder = path:match('^(.*)/[^/]*$')
  local at = folder and uv.fs_lstat(folder)
  local socket = uv.fs_lstat(path)
  if not at or not socket or socket.type ~= 'socket' then
    return false
  end
  if path == '/run/ragchat/sock' then
    return true
  end
  local own = socket.uid == uid() or socket.uid == 0
  local sticky, others = at.mode % 1024 >= 512, at.mode % 32 >= 16 or at.mode % 4 >= 2
  return own and (sticky or not others)
end

function M.places()
  local env = os.getenv('RAGCHAT_SOCKET')
  if env and env ~= '' then
    return { env }
  end
  local list = {}
  local run = os.getenv('XDG_RUNTIME_DIR')
  if not run or run == '' then
    local own = '/run/user/' .. uid()
    local at = uv.fs_stat(own)
    run = at and at.uid == uid() and own or nil
  end
  list[1] = run and (run .. '/ragchat/sock') or ('/tmp/ragchat-' .. uid() .. '/sock')
  list[2] = '/run/ragchat/sock'
  return list
end

-- ---- one connection for the whole editor ----

local link = { state = 'closed', waiting = {}, streams = {} }
M.link = link

local connect
local entered -- {account, password} while a log-in with them is on its way

local function fail(message, name)
  return { name = name or 'lost', message = message }
end

local function answer_all(list, err)
  for _, call in ipairs(list) do
    vim.schedule(function()
      call(err)
    end)
  end
end

-- Everything outstanding is told once; streams are kept, for they go on.
local function drop(reason)
  local pipe, pending = link.pipe, link.pending
  link.pipe, link.session, link.pending, link.state = nil, nil, nil, 'closed'
  if pipe and not pipe:is_closing() then
    pipe:close()
  end
  if pending then
    local list = {}
    for _, call in pairs(pending) do
      list[#list + 1] = call
    end
    answer_all(list, fail(reason))
  end
end

local function lost(reason)
  local was = link.state
  if was == 'closed' then
    return
  end
  drop(reason)
  if was == 'greeting' then
    link.state = 'connecting' -- greet() tries again
  elseif next(link.streams) then
    connect(nothing)
  end
end

local function write(frame)
  link.pipe:write(frame, function(err)
    if err then
      lost('the connection was lost')
    end
  end)
end

-- args: packed already
local function send(method, args, call)
  local pending = link.pending
  local key = {}
  pending[key] = call
  local head = link.session:request(function(err, result)
    if pending[key] then
      pending[key] = nil
      vim.schedule(function()
        call(M.value(err), M.value(result))
      end)
    end
  end)
  write(head .. vim.mpack.encode(method) .. args)
end

local function pack(params)
  if not params or next(params) == nil then
    return '\144' -- an empty array: no params
  end
  return vim.mpack.encode({ params })
end

local TYPES = {
  turn = 'string', kind = 'string', text = 'string', message = 'string', state = 'string', name = 'string',
  sha256 = 'string', off = 'number', ev = 'number', length = 'number',
}

-- Of the types that it must have; what is nil on the wire is nil here.
local function sane(note)
  if type(note) ~= 'table' then
    return false
  end
  for key, kind in pairs(TYPES) do
    note[key] = M.value(note[key])
    if note[key] ~= nil and type(note[key]) ~= kind then
      return false
    end
  end
  local piece = note.kind == 'delta' or note.kind == 'reasoning'
  return note.turn and note.kind and (not piece or note.off and note.text)
end

local function on_notification(method, params)
  local note = type(params) == 'table' and params[1]
  if method ~= 'stream' or not sane(note) then
    return
  end
  local stream = link.streams[note.turn]
  if stream then
    stream:take(note)
  end
end

local function on_data(data)
  link.frames:feed(data)
  while link.session do
    local frame, why = link.frames:next()
    if not frame then
      return why and lost(why)
    end
    local ok, kind, id, method, params = pcall(link.session.receive, link.session, frame, 1)
    if not ok or not kind then
      return lost('the daemon sent what is no message')
    elseif kind == 'notification' then
      on_notification(method, params)
    elseif kind == 'response' then
      id(method, params)
    else
      return lost('the daemon sent a request')
    end
  end
end

-- ---- saying hello ----

local LOGIN = 'this daemon wants a log-in: :RagChatLogin'

local function greeted(hello, done)
  local anew = link.instance and link.instance ~= hello.instance
  link.instance, link.hello, link.state = hello.instance, hello, 'ready'
  for _, stream in pairs(link.streams) do
    stream:resume(anew)
  end
  done(nil)
end

local function refused(err, done)
  if err.name == 'lost' then
    return done(err)
  end
  drop(err.message)
  done(err)
end

-- A token for the editors and commands to come.
local function keep_token(hello, done)
  send('token.create', pack({ label = (vim.fn.hostname()) }), function(err, made)
    local why = err and err.message or login.keep(link.path, made.token)
    greeted(hello, done)
    if why then
      vim.notify('ragchat: logged in, but the log-in is not kept: ' .. why, vim.log.levels.WARN)
    end
  end)
end

local function log_in(hello, done)
  local with, token = entered, login.kept(link.path)
  entered = nil
  if with then
    return send('auth.password', pack(with), function(err, who)
      if err then
        return refused(err, done)
      end
      hello.account = who.account
      keep_token(hello, done)
    end)
  end
  if not token then
    return refused(fail(LOGIN, 'unauthenticated'), done)
  end
  send('auth.token', pack({ token = token }), function(err, who)
    if err then
      return refused(err.name == 'lost' and err or fail(LOGIN, 'unauthenticated'), done)
    end
    hello.account = who.account
    greeted(hello, done)
  end)
end

local function greet(done)
  send('hello', pack({ protocol = { 1, 1 }, client = 'nvim', version = '1' }), function(err, hello)
    if err or type(hello) ~= 'table' then
      local why = err and err.message or 'the daemon does not answer'
      drop(why)
      return done(fail(why))
    end
    if type(hello.auth) == 'table' and hello.auth.state == 'required' then
      return log_in(hello, done)
    end
    greeted(hello, done)
  end)
end

local function try(path, done)
  local pipe = uv.new_pipe(false)
  pipe:connect(path, function(err)
    if err then
      pipe:close()
      return done(false)
    end
    link.pipe, link.pending, link.path, link.frames = pipe, {}, path, frames.new(FRAME_MAX)
    link.session = vim.mpack.Session({ unpack = vim.mpack.Unpacker() })
    link.state = 'greeting'
    pipe:read_start(function(bad, data)
      if link.pipe ~= pipe then
        return
      end
      if bad or not data then
        return lost('the connection was lost')
      end
      on_data(data)
    end)
    done(true)
  end)
end

-- The first place that answers.
local function try_places(places, i, done)
  local path = places[i]
  if not path then
    return done(false)
  end
  if not safe(path) then
    return try_places(places, i + 1, done)
  end
  try(path, function(ok)
    if ok then
      return done(true)
    end
    try_places(places, i + 1, done)
  end)
end

local function start_daemon()
  local env = os.getenv('RAGCHAT_SOCKET')
  if M.config.command == '' or (env and env ~= '') then
    return
  end
  local handle
  handle = uv.spawn(M.config.command, { args = { 'daemon', 'start' }, detached = true }, function()
    handle:close()
  end)
end

local function finish_connecting(err)
  local waiting = link.waiting
  link.waiting = {}
  if err then
    local streams = link.streams
    link.streams, link.state = {}, 'closed'
    for _, stream in pairs(streams) do
      vim.schedule(function()
        stream:gone(err.message)
      end)
    end
  end
  answer_all(waiting, err)
end

-- done(err): once, when hello was answered or the time is over.
connect = function(done)
  if link.state == 'ready' then
    return done(nil)
  end
  link.waiting[#link.waiting + 1] = done
  if link.state ~= 'closed' then
    return
  end
  link.state = 'connecting'
  local started, tries, asked = uv.now(), 0, false
  local again
  local function attempt()
    try_places(M.places(), 1, function(ok)
      if ok then
        greet(function(err)
          if err and err.name == 'lost' then
            link.state = 'connecting'
            return again()
          end
          finish_connecting(err)
        end)
        return
      end
      if not asked and tries >= 1 and (not link.instance or uv.now() - started >= START_MS) then
        asked = true
        vim.schedule(start_daemon)
      end
      again()
    end)
  end
  again = function()
    uv.update_time()
    if uv.now() - started > M.config.reconnect_ms then
      return finish_connecting(fail('the daemon does not answer; `ragchat doctor` tells more'))
    end
    tries = tries + 1
    local timer = uv.new_timer()
    timer:start(TRY_MS[math.min(tries, #TRY_MS)], 0, function()
      timer:close()
      attempt()
    end)
  end
  attempt()
end

M.connect = connect

-- done(err, result): once, on the main loop. err: {name, message, ...}
function M.call(method, params, done)
  connect(function(err)
    if err then
      return done(err)
    end
    send(method, pack(params), done)
  end)
end

-- The same for what must arrive once: `params.key` makes a second sending harmless.
function M.call_sure(method, params, done)
  params.key = params.key or string.format('nvim-%x-%x-%x', uv.hrtime(), vim.fn.getpid(), math.random(0, 0xffffff))
  local tries = 0
  local function go()
    M.call(method, params, function(err, result)
      tries = tries + 1
      if err and err.name == 'lost' and tries < 3 then
        return go()
      end
      done(err, result)
    end)
  end
  go()
end

local function number(n)
  return string.char(0xce, math.floor(n / 16777216) % 256, math.floor(n / 65536) % 256, math.floor(n / 256) % 256, n % 256)
end

-- A piece of a file; vim.mpack knows strings only, and this has to be a bin.
function M.chunk(upload, off, data, done)
  local p = vim.mpack.encode
  local args = '\145\131' .. p('upload') .. p(upload) .. p('off') .. number(off) .. p('data') .. '\198' .. number(#data):sub(2) .. data
  if link.state ~= 'ready' then
    return done(fail('the connection was lost'))
  end
  send('doc.chunk', args, done)
end

-- done(err, account): logs in anew. credentials: {account, password}; nil: only looks whether that is needed.
function M.log_in(credentials, done)
  entered = credentials
  if credentials and link.state == 'ready' then
    lost('logging in')
  end
  connect(function(err)
    entered = nil
    done(err, not err and M.value(link.hello.account) or nil)
  end)
end

function M.close()
  link.streams = {}
  drop('closed')
end

return M
