#!/usr/bin/python3
"""How long an editor is held up while an answer of 10 000 tokens streams into it.

editors.py BIN: one line an editor: name, the longest and the 99th percentile of the gaps between ticks of a
2 ms timer within the editor, in ms: while the answer streamed, and while nothing did. All that the plugin does
happens between two ticks, so no callback took longer than the longest gap. Of Emacs also the longest gap less the
garbage collections in it, which are as long as its heap is large, and how many there were.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "system"))
import server

TOKENS, PAUSE = 10000, 0.0005


def script(_request, out):
    for i in range(TOKENS):
        out.delta(f"word{i} " + ("\n\n" if i % 100 == 99 else ""))
        if i % 10 == 0:
            time.sleep(PAUSE * 10)
    out.finish()


NVIM = """
local uv, last, gaps = vim.loop, nil, {}
local function measure(claim)
  local timer = uv.new_timer()
  last, gaps = uv.hrtime(), {}
  timer:start(2, 2, vim.schedule_wrap(function() local now = uv.hrtime(); gaps[#gaps + 1] = (now - last) / 1e6; last = now end))
  vim.wait(60000, claim, 1)
  timer:close()
  return gaps
end
local from = uv.hrtime()
local idle = measure(function() return uv.hrtime() - from > 2e9 end)
vim.cmd('RagChatAsk go')
local busy = measure(function()
  for _, p in pairs(require('ragchat')._shown) do if p.turn and p.running == false then return true end end
end)
local f = io.open(os.getenv('OUT'), 'w'); f:write(vim.fn.json_encode({idle, busy})); f:close()
vim.cmd('qa!')
"""

VIM = """
let g:gaps = []
func Tick(t)
  call add(g:gaps, reltimefloat(reltime(g:last)) * 1000)
  let g:last = reltime()
endfunc
func Measure(claim)
  let g:gaps = []
  let g:last = reltime()
  let t = timer_start(2, 'Tick', {'repeat': -1})
  while !eval(a:claim)
    sleep 1m
  endwhile
  call timer_stop(t)
  return g:gaps
endfunc
let g:from = reltime()
let idle = Measure('reltimefloat(reltime(g:from)) > 2')
RagChatAsk go
let busy = Measure('get(ragchat#Newest(), "state", "") != ""')
call writefile([json_encode([idle, busy])], $OUT)
qa!
"""

EMACS = """
(require 'ragchat)
(defvar last 0) (defvar gaps nil) (defvar elapsed 0) (defvar own 0)
(defun tick ()
  (let ((now (float-time)))
    (push (* 1000 (- now last)) gaps)
    (setq own (max own (- (car gaps) (* 1000 (- gc-elapsed elapsed)))) last now elapsed gc-elapsed)))
(defun measure (claim)
  (setq gaps nil last (float-time) elapsed gc-elapsed own 0)
  (let ((timer (run-at-time 0.002 0.002 #'tick)))
    (while (not (funcall claim)) (accept-process-output nil 0.001))
    (cancel-timer timer)
    (vconcat gaps)))
(let* ((from (float-time))
       (idle (measure (lambda () (> (- (float-time) from) 2))))
       (before gcs-done)
       (busy (progn (ragchat-ask "go") (measure (lambda () (ragchat--place-state ragchat--last))))))
  (write-region (json-serialize (vector idle busy own (- gcs-done before))) nil (getenv "OUT") nil 'silent)
  (kill-emacs 0))
"""


def contrib(name):
    return os.path.join(ROOT, "contrib", name)


EDITORS = {
    "nvim": (NVIM, "lua", lambda path: ["nvim", "--headless", "-u", "NONE", "-i", "NONE", "-n", "--cmd", "set rtp+=" + contrib("nvim"),
                                        "-c", "runtime plugin/ragchat.lua", "-S", path]),
    "vim": (VIM, "vim", lambda path: ["vim", "-Nu", "NONE", "-i", "NONE", "-n", "-es", "--not-a-term", "--cmd", "set rtp^=" + contrib("vim"),
                                      "-c", "runtime plugin/ragchat.vim", "-S", path]),
    "emacs": (EMACS, "el", lambda path: ["emacs", "-Q", "--batch", "-L", contrib("emacs"), "-l", path]),
}


def figures(gaps):
    rising = sorted(gaps)
    return rising[-1], rising[int(len(rising) * 0.99)]


def main():
    programs = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="ragchat-editors-") as folder:
        env = {"PATH": programs + ":" + os.environ["PATH"], "LANG": "C.UTF-8", "HOME": folder, "TERM": "dumb",
               "OUT": os.path.join(folder, "out")}
        for name in ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "CACHE_HOME", "RUNTIME_DIR"):
            env["XDG_" + name] = os.path.join(folder, name)
            os.mkdir(env["XDG_" + name], 0o700)
        backend = server.Backend(script)
        os.mkdir(os.path.join(env["XDG_CONFIG_HOME"], "ragchat"), 0o700)
        with open(os.path.join(env["XDG_CONFIG_HOME"], "ragchat", "ragchat.conf"), "w", encoding="utf-8") as f:
            f.write(f"backend = {backend.url}\n")
        ragchat = os.path.join(programs, "ragchat")
        subprocess.run([ragchat, "daemon", "start"], env=env, check=True, stdout=subprocess.DEVNULL)
        try:
            for name, (text, suffix, argv) in EDITORS.items():
                if not shutil.which(name):
                    continue
                path = os.path.join(folder, "script." + suffix)
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text)
                subprocess.run(argv(path), env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, timeout=90, check=True)
                with open(env["OUT"], encoding="utf-8") as f:
                    idle, busy, *collector = json.load(f)
                print(name, *("%.2f" % value for value in (*figures(busy), *figures(idle), *collector)), flush=True)
        finally:
            subprocess.run([ragchat, "daemon", "stop"], env=env, check=False, stdout=subprocess.DEVNULL)
            backend.close()


main()
