-- Where a frame of MessagePack ends, so that vim.mpack is given whole frames only: that of Neovim 0.7
-- spoils strings that come in two pieces. What is too large is refused before anything is made of it.

local M = {}
local Frames = {}
Frames.__index = Frames

-- By the first byte: bytes of the head with the count behind it, and what is counted.
local HEADS = {
  [0xc4] = { 2, 'bytes' }, [0xc5] = { 3, 'bytes' }, [0xc6] = { 5, 'bytes' },
  [0xd9] = { 2, 'bytes' }, [0xda] = { 3, 'bytes' }, [0xdb] = { 5, 'bytes' },
  [0xdc] = { 3, 'values' }, [0xdd] = { 5, 'values' }, [0xde] = { 3, 'pairs' }, [0xdf] = { 5, 'pairs' },
}
local SIZES = {
  [0xc0] = 1, [0xc2] = 1, [0xc3] = 1, [0xca] = 5, [0xcb] = 9, [0xcc] = 2, [0xcd] = 3, [0xce] = 5, [0xcf] = 9,
  [0xd0] = 2, [0xd1] = 3, [0xd2] = 5, [0xd3] = 9,
}

function M.new(max)
  return setmetatable({ max = max, data = '', from = 1, at = 1, need = 1 }, Frames)
end

function Frames:feed(data)
  self.data = self.data:sub(self.from) .. data
  self.at = self.at - self.from + 1
  self.from = 1
end

local function count(data, at, bytes)
  local n = 0
  for i = 1, bytes do
    n = n * 256 + data:byte(at + i)
  end
  return n
end

-- Of the value at `at`: its bytes without those of the values in it, and how many those are. nil: its head
-- is not whole; false: there is no such value.
local function measure(data, at)
  local b = data:byte(at)
  if b < 0x80 or b >= 0xe0 then
    return 1, 0
  elseif b < 0x90 then
    return 1, 2 * (b - 0x80)
  elseif b < 0xa0 then
    return 1, b - 0x90
  elseif b < 0xc0 then
    return 1 + b - 0xa0, 0
  elseif SIZES[b] then
    return SIZES[b], 0
  end
  local head = HEADS[b]
  if not head then
    return false
  elseif #data - at + 1 < head[1] then
    return nil
  end
  local n = count(data, at, head[1] - 1)
  if head[2] == 'bytes' then
    return head[1] + n, 0
  end
  return head[1], head[2] == 'pairs' and 2 * n or n
end

-- The next whole frame; nil: more has to come; nil and why: none will.
function Frames:next()
  while self.need > 0 do
    if self.at > #self.data then
      return nil
    end
    local size, inside = measure(self.data, self.at)
    if size == false then
      return nil, 'the daemon sent what is no message'
    elseif size == nil then
      return nil
    elseif self.at - self.from + size > self.max or self.need + inside > self.max then
      return nil, 'the daemon sent a frame that is too large'
    elseif self.at + size - 1 > #self.data then
      return nil
    end
    self.at = self.at + size
    self.need = self.need - 1 + inside
  end
  local frame = self.data:sub(self.from, self.at - 1)
  self.from, self.need = self.at, 1
  return frame
end

return M
