-- Files: uploads read here and sent in pieces, exports received in pieces and renamed when whole.

local rpc = require('ragchat.rpc')
local uv = vim.uv or vim.loop
local M = {}

local CHUNK = 128 * 1024 -- below LIMIT_CHUNK

local function send(fd, upload, off, done)
  uv.fs_read(fd, CHUNK, off, function(err, data)
    vim.schedule(function()
      if err then
        return done(err)
      end
      if #data == 0 then
        return done(nil)
      end
      rpc.chunk(upload, off, data, function(bad)
        if bad then
          return done(bad.message)
        end
        send(fd, upload, off + #data, done)
      end)
    end)
  end)
end

local function upload_one(path, done)
  uv.fs_open(path, 'r', 0, function(err, fd)
    vim.schedule(function()
      if err then
        return done("cannot open '" .. path .. "': " .. err)
      end
      local at = uv.fs_fstat(fd)
      if not at or at.type ~= 'file' then
        uv.fs_close(fd)
        return done("'" .. path .. "' is no file")
      end
      local finish = function(why, message)
        uv.fs_close(fd)
        done(why, message)
      end
      rpc.call('doc.begin', { name = vim.fn.fnamemodify(path, ':t'), size = at.size }, function(bad, begun)
        if bad then
          return finish(bad.message)
        end
        send(fd, begun.upload, 0, function(why)
          if why then
            rpc.call('doc.abort', { upload = begun.upload }, function() end)
            return finish(why)
          end
          rpc.call('doc.commit', { upload = begun.upload }, function(worse, result)
            finish(worse and worse.message, result and result.message)
          end)
        end)
      end)
    end)
  end)
end

-- One after the other; a file that fails does not stop the others.
function M.upload(files, say, complain)
  local list = {}
  for _, name in ipairs(files) do
    vim.list_extend(list, vim.fn.glob(name, true, true))
  end
  if #files == 0 then
    list = { vim.api.nvim_buf_get_name(0) }
    if vim.bo.modified then
      say('the buffer is changed; the file as it is on disk is uploaded')
    end
  end
  if #list == 0 or list[1] == '' then
    return complain({ message = 'no such file' })
  end
  local function go(i)
    if not list[i] then
      return
    end
    upload_one(list[i], function(why, message)
      if why then
        complain({ message = why })
      else
        say(message or ("uploaded '" .. list[i] .. "'"))
      end
      go(i + 1)
    end)
  end
  go(1)
end

-- An existing file is never written over.
local function free_name(name)
  local stem, suffix = name:match('^(.*)(%.[^./]*)$')
  stem, suffix = stem or name, suffix or ''
  local path, n = name, 1
  while uv.fs_lstat(path) do
    n = n + 1
    path = stem .. '-' .. n .. suffix
  end
  return path
end

local function receive(fd, blob, off, done)
  rpc.call('blob.read', { blob = blob, off = off }, function(err, piece)
    if err then
      return done(err.message)
    end
    uv.fs_write(fd, piece.data, off, function(bad)
      vim.schedule(function()
        if bad then
          return done(bad)
        end
        if piece.eof then
          return done(nil)
        end
        receive(fd, blob, off + #piece.data, done)
      end)
    end)
  end)
end

function M.export(what, name, say, complain)
  local path = free_name(vim.fn.fnamemodify(name ~= '' and name or 'response.pdf', ':p'))
  what.format = path:match('%.html?$') and 'html' or 'pdf'
  rpc.call('export', what, function(err, result)
    if err then
      return complain(err)
    end
    local part = path .. '.part'
    local fd, why = uv.fs_open(part, 'wx', 384) -- 0600
    if not fd then
      return complain({ message = why })
    end
    receive(fd, result.blob, 0, function(bad)
      uv.fs_close(fd)
      if not bad then
        local ok, worse = uv.fs_rename(part, path)
        bad = not ok and worse or nil
      end
      if bad then
        uv.fs_unlink(part)
        return complain({ message = bad })
      end
      for _, warning in ipairs(result.warnings or {}) do
        say(warning, vim.log.levels.WARN)
      end
      say("wrote '" .. path .. "'")
    end)
  end)
end

return M
