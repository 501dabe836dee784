-- One answer on its way: offsets checked, pieces handed on, resumed where the connection was lost.

local rpc = require('ragchat.rpc')
local M = {}
local Stream = {}
Stream.__index = Stream

-- sink: {text(s), restart(), event(note), done(note, text)}; text() may come on a luv callback, the
-- others on the main loop.
function M.new(turn, sink)
  local s = setmetatable({ turn = turn, sink = sink, off = 0, roff = 0, ev = 0, pieces = {}, tries = 3 }, Stream)
  rpc.link.streams[turn] = s
  return s
end

function Stream:take(note)
  if note.kind == 'delta' then
    if note.off ~= self.off then
      return -- another subscription's: attach puts it right
    end
    self.off = self.off + #note.text
    self.pieces[#self.pieces + 1] = note.text
    if not self.anew then
      self.sink.text(note.text)
    end
  elseif note.kind == 'reasoning' then
    self.roff = note.off + #note.text
  elseif note.kind == 'done' then
    rpc.link.streams[self.turn] = nil
    local text = table.concat(self.pieces)
    vim.schedule(function()
      local fine, sum = pcall(vim.fn.sha256, text) -- which takes no NUL
      if (#text ~= note.length or not fine or sum ~= note.sha256) and self.tries > 0 then
        self.tries = self.tries - 1
        return self:attach(true)
      end
      if self.anew then
        self.sink.restart()
        self.sink.text(text)
      end
      self.sink.done(note, text)
    end)
  else
    self.ev = math.max(self.ev, note.ev or 0)
    vim.schedule(function()
      self.sink.event(note)
    end)
  end
end

-- anew: from the first byte; what is shown stays until the whole is here.
function Stream:attach(anew)
  if anew then
    self.anew, self.off, self.roff, self.ev, self.pieces = true, 0, 0, 0, {}
  end
  rpc.link.streams[self.turn] = self
  rpc.call('attach', { turn = self.turn, off = self.off, roff = self.roff, ev = self.ev }, function(err)
    if not err or err.name == 'lost' then
      return
    end
    rpc.link.streams[self.turn] = nil
    self:gone(err.message)
  end)
end

-- Called when the connection is there again; another instance of the daemon has only what was on disk.
function Stream:resume(anew)
  vim.schedule(function()
    self:attach(anew)
  end)
end

function Stream:gone(why)
  self.sink.done({ kind = 'done', state = 'lost', message = why }, table.concat(self.pieces))
end

return M
