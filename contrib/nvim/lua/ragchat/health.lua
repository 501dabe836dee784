-- :checkhealth ragchat

local M = {}

function M.check()
  local h = vim.health or require('health')
  local start, ok = h.start or h.report_start, h.ok or h.report_ok
  local warn, bad = h.warn or h.report_warn, h.error or h.report_error
  local rpc = require('ragchat.rpc')

  start('ragchat')
  if vim.fn.has('nvim-0.7') == 1 and vim.mpack and vim.mpack.Session then
    ok('Neovim has vim.mpack.Session')
  else
    bad('Neovim 0.7 or later with vim.mpack.Session is needed')
    return
  end
  if vim.fn.executable(rpc.config.command) == 1 then
    ok('`' .. rpc.config.command .. '` is there')
  else
    warn('`' .. rpc.config.command .. '` is not on the PATH: a daemon that does not run is not started')
  end
  local told
  rpc.connect(function(err)
    told = { err }
  end)
  vim.wait(3000, function()
    return told ~= nil
  end, 20)
  if told and not told[1] then
    local hello = rpc.link.hello
    ok('it listens on ' .. rpc.link.path)
    ok('ragchatd ' .. tostring(hello.version) .. ' answers, level ' .. tostring(hello.level) .. ', account ' .. tostring(rpc.value(hello.account)))
  else
    bad('ragchatd does not answer: ' .. (told and told[1].message or 'in three seconds') .. '; looked at ' .. table.concat(rpc.places(), ', '))
  end
end

return M
