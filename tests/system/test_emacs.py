"""The Emacs package in a real Emacs in batch mode: streaming, stopping, coming back, and hostile answers."""
import os

import editors
from editors import HOSTILE, Editor
from harness import check, deadline, equal
from scripts import says

PRELUDE = """;; -*- lexical-binding: t -*-
(setq comp-enable-subr-trampolines nil native-comp-enable-subr-trampolines nil) ; for the advice: compiling takes seconds
(defvar result nil)
(defun r (key value) (push (cons key value) result))
(defun finish ()
  (let ((coding-system-for-write 'utf-8) (json-false :json-false))
    (write-region (json-serialize (append result nil) :null-object nil :false-object :json-false) nil (getenv "EDITOR_OUT") nil 'silent))
  (kill-emacs 0))
(defun await (what claim)
  (let ((end (+ (float-time) 20)))
    (while (not (funcall claim))
      (when (> (float-time) end) (r 'late what) (finish))
      (accept-process-output nil 0.01))))
(defun sign (name) (write-region "" nil (concat (getenv "EDITOR_OUT") "." name) nil 'silent))
(defun signed (name) (file-exists-p (concat (getenv "EDITOR_OUT") "." name)))
(defun place () ragchat--last)
(defun text () (with-current-buffer (ragchat--place-buffer (place)) (buffer-substring-no-properties 1 (point-max))))
(defun ended () (and (place) (ragchat--place-state (place))))
(defun note () (let ((o (ragchat--place-note (place)))) (if o (substring-no-properties (overlay-get o 'after-string)) "")))
(defvar said "")
(advice-add 'message :override (lambda (f &rest a) (setq said (concat said (or (ignore-errors (apply (function format-message) f a)) "") "\\n"))))
(require 'ragchat)

(condition-case e (progn
%s
) (error (r 'error (format "%S" e))))
(finish)
"""


def emacs(t, script, env=None, user=None):
    return Editor(t, "emacs", ".el", PRELUDE.replace("%s", script),
                  lambda path, contrib: ["emacs", "-Q", "--batch", "-L", os.path.join(contrib, "emacs"), "-l", path], env, user)


@deadline(60)
def test_ten_thousand_tokens_stream_into_a_buffer_that_equals_the_stored_answer(t):
    editors.streams_much(t, emacs, """
      (ragchat-ask "tell me much")
      (await "the end" #'ended)
      (r 'text (text)) (r 'state (ragchat--place-state (place)))
    """)


def test_an_answer_in_place_about_a_region_is_undone_in_one_step(t):
    backend, _ = t.serve(says("one\n* two\nthree " * 500, step=3))
    got = emacs(t, """
      (with-temp-buffer
        (buffer-enable-undo)
        (insert "first\\nsecond ```\\nthird")
        (undo-boundary)
        (set-mark 1) (goto-char (point-min)) (forward-line 2) (setq mark-active t transient-mark-mode t)
        (ragchat-ask-in-place (cl-letf (((symbol-function 'read-string) (lambda (&rest _) "what is this")))
                                (ragchat--question "?")))
        (await "the end" #'ended)
        (r 'with (text))
        (setq last-command nil) (undo)
        (r 'without (text)))
      (with-temp-buffer
        (org-mode)
        (insert "* headline\\nwords")
        (setq mark-active nil)
        (ragchat-ask-in-place "again")
        (await "the end" #'ended)
        (r 'org (text)))
    """).end()
    equal(got["with"], "first\nsecond ```\n" + "one\n* two\nthree " * 500 + "\nthird", "in place")
    equal(got["without"], "first\nsecond ```\nthird", "after one undo")
    asked = backend.chats[0].json["messages"][-1]["content"]
    equal(asked, "what is this\n\n````fundamental\nfirst\nsecond ```\n````", "what was asked")
    equal(got["org"], "* headline\nwords\n#+begin_src markdown\n" + "one\n,* two\nthree " * 500 + "\n#+end_src", "in org")


def test_stop_keeps_what_came_and_retry_asks_again(t):
    editors.stops_and_asks_again(t, emacs, """
      (ragchat-ask "hello")
      (await "half" (lambda () (string-search "half" (text))))
      (ragchat-stop)
      (await "the end" #'ended)
      (r 'text (text)) (r 'state (ended)) (r 'note (note))
      (sign "stopped")
      (await "go" (lambda () (signed "go")))
      (let ((old (place)))
        (ragchat-retry)
        (await "the other" (lambda () (and (not (eq old (place))) (ended)))))
      (r 'again (text))
    """)


ANSWER = """
      (await "the end" #'ended)
      (r 'text (text)) (r 'state (ended)) (r 'note (note)) (r 'turn (ragchat--place-turn (place)))
"""


@deadline(60)
def test_a_daemon_killed_in_mid_answer_leaves_what_was_stored_marked_interrupted_and_is_asked_again(t):
    editors.is_interrupted_and_asked_again(t, emacs, """
      (ragchat-ask "hello")
      (await "half" (lambda () (string-search "half" (text))))
      (sign "half")
    """ + ANSWER + """
      (let ((old (place)))
        (ragchat-retry)
        (await "the other" (lambda () (and (not (eq old (place))) (ended)))))
      (r 'again (text)) (r 'again_state (ended))
    """)


@deadline(60)
def test_a_lost_connection_goes_on_where_it_was(t):
    editors.goes_on_after_cuts(t, emacs, '(ragchat-ask "tell me much")' + ANSWER)


@deadline(60)
def test_a_bridge_that_is_killed_is_started_again_and_goes_on_where_it_was(t):
    editors.goes_on_with_another_bridge(t, emacs, '(ragchat-ask "hello")' + ANSWER)


def test_an_answer_begun_elsewhere_is_joined_and_is_what_is_stored(t):
    editors.joins_an_answer_begun_elsewhere(t, emacs, """
      (ragchat-attach "last")
      (await "half" (lambda () (and (place) (> (ragchat--place-bytes (place)) 100))))
      (sign "half")
    """ + ANSWER)


def test_a_hostile_answer_runs_nothing_and_hides_nothing(t):
    text = HOSTILE + "\x0c\n;; Local Variables:\n;; eval: (write-region \"\" nil \"owned\")\n;; End:\n"
    t.serve(says(text))
    got = emacs(t, """
      (setq enable-local-variables :all enable-local-eval t)
      (ragchat-ask "hello")
      (await "the end" #'ended)
      (with-current-buffer (ragchat--place-buffer (place))
        (font-lock-ensure)
        (r 'invisible (if (text-property-not-all 1 (point-max) 'invisible nil) t :json-false))
        (r 'file (or buffer-file-name :json-false)))
      (r 'text (text))
    """).end()
    equal(got["text"], text, "the buffer")
    equal((got["invisible"], got["file"]), (False, False), "nothing is hidden")
    check(not os.path.exists(os.path.join(t.h.dir, "owned")), "something was run")


def test_two_answers_at_once(t):
    editors.two_at_once(t, emacs, """
      (let (one two)
        (ragchat-ask "first ")
        (setq one (place))
        (ragchat-ask "second ")
        (setq two (place))
        (await "both" (lambda () (and (ragchat--place-state one) (ragchat--place-state two))))
        (r 'one (with-current-buffer (ragchat--place-buffer one) (buffer-string)))
        (r 'two (with-current-buffer (ragchat--place-buffer two) (buffer-string))))
    """)


def test_nonsense_from_the_daemon_costs_nothing(t):
    editors.takes_no_nonsense(t, emacs, '(ragchat-ask "hello")' + ANSWER)


def test_conversation_threads_sources_upload_and_export(t):
    editors.talks_about_a_file(t, emacs, """
      (ragchat-upload "home/notes.md")
      (await "the upload" (lambda () (string-search "notes.md" said)))
      (ragchat 'new)
      (ragchat-continue "where does the Elbe flow into the sea")
      (await "the end" #'ended)
      (ragchat-sources)
      (await "sources" (lambda () (get-buffer "*ragchat sources*")))
      (r 'sources (with-current-buffer "*ragchat sources*" (buffer-string)))
      (ragchat-export "out.pdf")
      (await "the export" (lambda () (string-search "wrote" said)))
      (let ((old (place)))
        (cl-letf (((symbol-function 'completing-read) (lambda (_ all &rest _) (let ((first (car (all-completions "" all)))) (r 'item first) first))))
          (ragchat-threads)
          (await "the conversation" (lambda () (and (not (eq old (place))) (ended))))))
      (r 'talk (text))
      (let ((old (place)))
        (ragchat-attach "last")
        (await "attached" (lambda () (and (not (eq old (place))) (ended)))))
      (r 'attached (text))
    """)


def test_a_password_logs_in_and_its_token_is_kept(t):
    editors.logs_in(t, emacs, """
      (ragchat-ask "hello")
      (await "refused" (lambda () (string-search "log" said)))
      (r 'refused said)
      (setq said "")
      (ragchat-login "ann" (copy-sequence "wrong"))
      (await "wrong" (lambda () (string-search "ragchat: " said)))
      (r 'wrong said)
      (ragchat-login "ann" (copy-sequence "right horse"))
      (await "logged in" (lambda () (string-search "logged in as ann" said)))
    """, '(ragchat-ask "hello")' + ANSWER)
