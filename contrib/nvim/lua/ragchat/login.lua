-- The log-in, where the daemon wants more than the user id: the token is kept where `ragchat login`
-- keeps it, so that one log-in counts for the commands and for Neovim.

local uv = vim.uv or vim.loop
local M = {}

local function uid()
  return uv.getuid and uv.getuid() or uv.os_get_passwd().uid
end

local function folder()
  local state = os.getenv('XDG_STATE_HOME')
  if state and state:sub(1, 1) == '/' then
    return state .. '/ragchat'
  end
  return (os.getenv('HOME') or uv.os_homedir()) .. '/.local/state/ragchat'
end

-- One file for each socket.
local function file(socket)
  return folder() .. '/token-' .. vim.fn.sha256(uv.fs_realpath(socket) or socket):sub(1, 16)
end

-- nil: none, or one that is not ours alone.
function M.kept(socket)
  local path = file(socket)
  local at = uv.fs_lstat(path)
  if not at or at.type ~= 'file' or at.uid ~= uid() or at.mode % 64 ~= 0 then
    return nil
  end
  local fd = uv.fs_open(path, 'r', 0)
  local text = fd and uv.fs_read(fd, 4096, 0)
  if fd then
    uv.fs_close(fd)
  end
  return text and text:match('^([^\n]+)')
end

-- nil, or why not.
function M.keep(socket, token)
  local path = file(socket)
  local part = path .. '.part'
  vim.fn.mkdir(folder(), 'p', 448) -- 0700
  uv.fs_unlink(part)
  local fd, why = uv.fs_open(part, 'wx', 384) -- 0600
  if not fd then
    return why
  end
  local ok, bad = uv.fs_write(fd, token .. '\n', 0)
  ok = ok and uv.fs_fsync(fd)
  uv.fs_close(fd)
  if ok then
    ok, bad = uv.fs_rename(part, path)
  end
  if not ok then
    uv.fs_unlink(part)
    return bad or 'it cannot be written'
  end
end

-- The password does not echo and is nowhere kept. done(account, password), or never.
function M.ask(account, done)
  local function go(name)
    if not name or name == '' then
      return
    end
    local password = vim.fn.inputsecret('Password of ' .. name .. ': ')
    if password ~= '' then
      done(name, password)
    end
  end
  if account ~= '' then
    return go(account)
  end
  local me = uv.os_get_passwd()
  vim.ui.input({ prompt = 'Account: ', default = me and me.username or '' }, go)
end

return M
