" Commands of ragchat; the plugin itself is loaded by the first of them. Vim 9.0 or later.
if exists('g:loaded_ragchat')
  finish
endif
let g:loaded_ragchat = 1
if has('nvim') || !has('channel') || !has('textprop') || !has('vim9script') || !has('patch-9.0.0067')
  finish
endif

command! -nargs=? RagChat call ragchat#Open(<q-args>)
command! -nargs=0 RagChatNew call ragchat#New()
command! -nargs=* -range -bang RagChatAsk call ragchat#Ask(<q-args>, <range>, <line1>, <line2>, <bang>0, 0)
command! -nargs=* -range -bang RagChatContinue call ragchat#Ask(<q-args>, <range>, <line1>, <line2>, <bang>0, 1)
command! -nargs=0 RagChatStop call ragchat#Stop()
command! -nargs=0 RagChatRetry call ragchat#Retry()
command! -nargs=? RagChatAttach call ragchat#Attach(<q-args>)
command! -nargs=0 RagChatThreads call ragchat#Threads()
command! -nargs=? RagChatSources call ragchat#Sources(<q-args>)
command! -nargs=* -complete=file RagChatUpload call ragchat#Upload([<f-args>])
command! -nargs=? -bang -complete=file RagChatExport call ragchat#Export(<q-args>, <bang>0)
command! -nargs=? RagChatLogin call ragchat#Login(<q-args>)
