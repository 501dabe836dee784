-- Text that grows in a buffer: appended behind a mark, a little at a time, undone in one step.
--
-- The text is a stranger's. Buffers of ours never read mode lines; what is shown beside the text
-- passes clean().

local uv = vim.uv or vim.loop
local M = {}
local View = {}
View.__index = View

local NS = vim.api.nvim_create_namespace('ragchat')
local PIECE = 8192 -- bytes put into a buffer by one callback
local PAUSE_MS = 15

-- Control characters and what turns the reading direction, made harmless: virtual text and messages
-- reach the terminal as they are.
function M.clean(s)
  s = tostring(s):gsub('[%z\1-\31\127]', ' '):gsub('\194[\128-\159]', ' ')
  s = s:gsub('\226\128[\142\143\168-\174]', ''):gsub('\226\129[\166-\169]', ''):gsub('\216\156', '')
  return s
end

-- A buffer for what others wrote; `name` is of our own making.
function M.buffer(name)
  local buf = vim.api.nvim_create_buf(true, true)
  local set = function(k, v)
    vim.api.nvim_buf_set_option(buf, k, v)
  end
  set('modifiable', true) -- whatever the user has set for all
  set('readonly', false)
  set('buftype', 'nofile')
  set('bufhidden', 'hide')
  set('swapfile', false)
  set('modeline', false)
  set('undolevels', 1000)
  pcall(vim.api.nvim_buf_set_name, buf, name)
  set('filetype', 'markdown')
  set('modeline', false)
  return buf
end

-- What an answer cannot hide or fold away in a window of ours.
function M.window(win)
  local set = function(k, v)
    vim.api.nvim_win_set_option(win, k, v)
  end
  set('conceallevel', 0)
  set('foldenable', false)
  set('foldmethod', 'manual')
  set('wrap', true)
  set('linebreak', true)
  set('spell', false)
end

-- Grows at (row, col), from 0; the buffer's end without them.
function M.new(buf, row, col)
  if not row then
    row = vim.api.nvim_buf_line_count(buf) - 1
    col = #(vim.api.nvim_buf_get_lines(buf, row, row + 1, true)[1] or '')
  end
  local mark = function(gravity)
    return vim.api.nvim_buf_set_extmark(buf, NS, row, col, { right_gravity = gravity })
  end
  return setmetatable({ buf = buf, first = mark(false), last = mark(true), queue = {}, queued = 0 }, View)
end

function View:valid()
  return vim.api.nvim_buf_is_valid(self.buf) and vim.api.nvim_buf_is_loaded(self.buf)
end

function View:at(mark)
  local p = vim.api.nvim_buf_get_extmark_by_id(self.buf, NS, mark, {})
  return p[1] or 0, p[2] or 0
end

-- One change; joined with the one before it unless somebody else changed the buffer in between.
function View:change(row, col, row2, col2, text)
  local buf = self.buf
  local locked = not vim.api.nvim_buf_get_option(buf, 'modifiable')
  local follow = {}
  for _, win in ipairs(vim.fn.win_findbuf(buf)) do
    if vim.api.nvim_win_get_cursor(win)[1] == vim.api.nvim_buf_line_count(buf) then
      follow[#follow + 1] = win
    end
  end
  if locked then
    vim.api.nvim_buf_set_option(buf, 'modifiable', true)
  end
  if self.tick == vim.api.nvim_buf_get_changedtick(buf) then
    vim.api.nvim_buf_call(buf, function()
      pcall(vim.cmd, 'silent! undojoin')
    end)
  end
  vim.api.nvim_buf_set_text(buf, row, col, row2, col2, vim.split(text, '\n', { plain = true }))
  self.tick = vim.api.nvim_buf_get_changedtick(buf)
  if locked then
    vim.api.nvim_buf_set_option(buf, 'modifiable', false)
  end
  for _, win in ipairs(follow) do
    pcall(vim.api.nvim_win_set_cursor, win, { vim.api.nvim_buf_line_count(buf), 0 })
  end
end

function View:put(text)
  local row, col = self:at(self.last)
  self:change(row, col, row, col, text)
end

-- Its windows at the end, where an answer is to come.
function View:to_end()
  for _, win in ipairs(vim.fn.win_findbuf(self.buf)) do
    vim.api.nvim_win_set_cursor(win, { vim.api.nvim_buf_line_count(self.buf), 0 })
  end
end

-- At most PIECE bytes of what waits, cut where a character ends.
function View:piece()
  local all = table.concat(self.queue)
  if #all <= PIECE then
    self.queue, self.queued = {}, 0
    return all
  end
  local cut = PIECE
  while cut > PIECE - 4 and all:byte(cut + 1) >= 0x80 and all:byte(cut + 1) < 0xc0 do
    cut = cut - 1
  end
  self.queue, self.queued = { all:sub(cut + 1) }, #all - cut
  return all:sub(1, cut)
end

function View:flush()
  if not self:valid() then
    self.queue, self.queued = {}, 0
  elseif self.queued > 0 then
    self:put(self:piece())
  end
  if self.queued > 0 then
    self:wake()
  elseif self.drained then
    local drained = self.drained
    self.drained = nil
    drained()
  end
end

function View:wake()
  if self.timer then
    return
  end
  self.timer = uv.new_timer()
  self.timer:start(PAUSE_MS, 0, function()
    self.timer:close()
    self.timer = nil
    vim.schedule(function()
      self:flush()
    end)
  end)
end

-- From any callback.
function View:append(text)
  self.queue[#self.queue + 1] = text
  self.queued = self.queued + #text
  self:wake()
end

-- What came so far goes, to come again.
function View:clear()
  self.queue, self.queued = {}, 0
  if self:valid() then
    local row, col = self:at(self.first)
    local row2, col2 = self:at(self.last)
    self:change(row, col, row2, col2, '')
  end
end

-- fn() once everything given so far is in the buffer.
function View:when_drained(fn)
  if self.queued == 0 and not self.timer then
    return fn()
  end
  self.drained = fn
end

-- A line below the text that is no part of it; nil takes it away.
function View:note(text, group)
  if not self:valid() then
    return
  end
  if self.shown then
    vim.api.nvim_buf_del_extmark(self.buf, NS, self.shown)
    self.shown = nil
  end
  if text then
    local row = self:at(self.last)
    self.shown = vim.api.nvim_buf_set_extmark(self.buf, NS, row, 0, {
      virt_lines = { { { M.clean(text):sub(1, 300), group or 'Comment' } } },
    })
  end
end

return M
