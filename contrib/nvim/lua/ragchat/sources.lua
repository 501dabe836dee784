-- The sources of an answer in a window of their own.

local rpc = require('ragchat.rpc')
local view = require('ragchat.view')
local M = {}

local function source_lines(s)
  local lines = {}
  local where = rpc.value(s.path) or rpc.value(s.title) or rpc.value(s.url) or '?'
  local line, page = rpc.value(s.line), rpc.value(s.page)
  local head = string.format('[%d] %s', s.n, view.clean(where))
  head = head .. (page and ', page ' .. page or line and ', line ' .. line or '') .. (s.cited and '' or '  (not cited)')
  lines[1] = head
  for _, text in ipairs(vim.split(rpc.value(s.quote) or '', '\n', { plain = true })) do
    if text ~= '' then
      lines[#lines + 1] = '    ' .. view.clean(text)
    end
  end
  lines[#lines + 1] = ''
  return lines
end

-- result: of source.list. False: there are none.
function M.show(result)
  local lines = {}
  for _, s in ipairs(result.sources) do
    vim.list_extend(lines, source_lines(s))
  end
  if #lines == 0 then
    return false
  end
  local buf = view.buffer('ragchat://sources-' .. vim.fn.localtime())
  vim.api.nvim_buf_set_option(buf, 'filetype', '')
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, lines)
  vim.api.nvim_buf_set_option(buf, 'modifiable', false)
  vim.api.nvim_buf_set_option(buf, 'bufhidden', 'wipe')
  vim.cmd('botright split')
  vim.api.nvim_win_set_buf(0, buf)
  view.window(vim.api.nvim_get_current_win())
  return true
end

return M
