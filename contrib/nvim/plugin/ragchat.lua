-- The commands; the plugin itself is loaded by the first of them.

if vim.g.loaded_ragchat then
  return
end
vim.g.loaded_ragchat = 1

if vim.fn.has('nvim-0.7') == 0 then
  vim.api.nvim_echo({ { 'ragchat needs Neovim 0.7 or later', 'WarningMsg' } }, true, {})
  return
end

local function command(name, options)
  vim.api.nvim_create_user_command(name, function(args)
    require('ragchat').command(name, args)
  end, options)
end

command('RagChat', { nargs = '?', desc = 'open a conversation: the last one, or REF' })
command('RagChatNew', { nargs = 0, desc = 'open an empty conversation' })
command('RagChatAsk', { nargs = '*', range = true, bang = true, desc = 'ask, about a range if there is one; with ! the answer goes in place' })
command('RagChatContinue', { nargs = '*', range = true, bang = true, desc = 'ask in the thread of the last question' })
command('RagChatStop', { nargs = 0, desc = 'stop the answer; what came stays' })
command('RagChatRetry', { nargs = 0, desc = 'ask the last question again; both answers stay' })
command('RagChatAttach', { nargs = '?', desc = 'join an answer begun elsewhere' })
command('RagChatThreads', { nargs = 0, desc = 'pick a conversation' })
command('RagChatSources', { nargs = '?', desc = 'the sources of the answer' })
command('RagChatUpload', { nargs = '*', complete = 'file', desc = 'upload files; this one without a name' })
command('RagChatExport', { nargs = '?', complete = 'file', bang = true, desc = 'write the answer (! the conversation) as PDF' })
command('RagChatLogin', { nargs = '?', desc = 'log in with a password, where the daemon wants one' })
