;;; ragchat.el --- Questions to ragchat, answered in a buffer  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: ISC
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: tools, hypermedia

;;; Commentary:

;; Asks ragchat questions about documents, regions and buffers.  The answer streams in while you go
;; on editing; killing Emacs loses nothing, for the daemon goes on and stores the answer.
;;
;;   (add-to-list 'load-path "/path/to/ragchat/contrib/emacs")
;;   (require 'ragchat)
;;   (global-set-key (kbd "C-c r") ragchat-command-map)
;;
;; C-c r a ask (about the region, if there is one)   C-c r i the same, the answer in place
;; C-c r c continue the thread     C-c r k stop      C-c r r retry        C-c r o conversation
;; C-c r t threads                 C-c r s sources   C-c r u upload       C-c r e export
;; C-c r j join an answer that was begun elsewhere                           C-c r l log in
;;
;; It speaks JSON-RPC with `ragchat bridge --lsp', by jsonrpc.el, which comes with Emacs.
;;
;; What a model or a document says is a stranger's text: it is inserted as plain characters into
;; buffers that visit no file and read no local variables.  Nothing in it is run, hidden or opened.
;; An answer in place becomes a part of your file: read it before you save, for the next one who
;; visits the file may be asked about local variables in it.

;;; Code:

(require 'jsonrpc)
(require 'cl-lib)
(require 'subr-x)

(defgroup ragchat nil
  "Questions to ragchat."
  :group 'tools)

(defcustom ragchat-program "ragchat"
  "The ragchat program."
  :type 'string)

(defcustom ragchat-ask-hook nil
  "Run in the buffer of an answer when it has ended."
  :type 'hook)

(defconst ragchat--piece 4096
  "Characters put into a buffer at a time, so that typing is never held up.")

(defconst ragchat--pause 0.02
  "Seconds between two pieces.")

(defface ragchat-question '((t :inherit font-lock-keyword-face))
  "Face of questions.")

(defface ragchat-note '((t :inherit shadow))
  "Face of what is told about an answer.")

(cl-defstruct (ragchat--place (:constructor ragchat--place-new))
  buffer first last                     ; markers around the answer
  turn thread running state error
  org                                   ; lines are escaped as in a block of org
  (bytes 0) (text nil) (queue nil)      ; received; pieces of it, newest first; what is not shown yet
  (roff 0) (ev 0) (losses 0)            ; where to go on; bridges that ended since the last piece
  timer group note done)

;;;; The connection

(defvar ragchat--connection nil
  "The bridge, for all of Emacs.")

(defvar ragchat--streams (make-hash-table :test #'equal)
  "Answers on their way, by the id of their turn.")

(defvar ragchat--last nil
  "The place of the newest question.")

(defvar ragchat--again nil
  "What is to be sent once more, by another bridge.")

(defconst ragchat--losses 3
  "Bridges that may end without a byte of an answer in between.")

(defun ragchat--process ()
  "Start a bridge."
  (make-process :name "ragchat" :command (list ragchat-program "bridge" "--lsp" "--join" "50")
                :connection-type 'pipe :coding 'utf-8-emacs-unix :noquery t
                :stderr (get-buffer-create " *ragchat errors*")))

(defun ragchat--closed (connection)
  "CONNECTION has gone: another bridge goes on with what may go on."
  (when (eq connection ragchat--connection)
    (setq ragchat--connection nil)
    (let ((again (prog1 ragchat--again (setq ragchat--again nil)))
          places)
      (maphash (lambda (_ place) (push place places)) ragchat--streams)
      (clrhash ragchat--streams)
      (run-at-time 0.05 nil
                   (lambda ()
                     (mapc #'funcall again)
                     (dolist (place places)
                       (if (> (cl-incf (ragchat--place-losses place)) ragchat--losses)
                           (ragchat--end place '(:state "lost" :message "the bridge has ended"))
                         (ragchat--attach place))))))))

(defun ragchat--connect ()
  "The connection, made if there is none."
  (unless (and ragchat--connection (jsonrpc-running-p ragchat--connection))
    (setq ragchat--connection
          (make-instance 'jsonrpc-process-connection
                         :name "ragchat" :process #'ragchat--process
                         :events-buffer-scrollback-size 0
                         :notification-dispatcher #'ragchat--notified
                         :request-dispatcher
                         (lambda (&rest _) (jsonrpc-error "Emacs takes no requests"))
                         :on-shutdown #'ragchat--closed)))
  ragchat--connection)

(defun ragchat--clean (text)
  "TEXT without control characters and bidi controls, for the echo area."
  (replace-regexp-in-string "[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]" " " (or text "")))

(defun ragchat--error-words (error)
  "ERROR in words, as jsonrpc.el gives it."
  (concat (ragchat--clean (plist-get error :message))
          (and (equal (plist-get (plist-get error :data) :name) "unauthenticated") " (M-x ragchat-login)")))

(defun ragchat--complain (error)
  "Show ERROR, as jsonrpc.el gives it."
  (message "ragchat: %s" (ragchat--error-words error)))

(cl-defun ragchat--call (method params done &optional (failed #'ragchat--complain))
  "Call METHOD with PARAMS (a plist); DONE gets the result, FAILED the error."
  (jsonrpc-async-request (ragchat--connect) method (or params (make-hash-table))
                         :success-fn done :error-fn failed
                         :timeout 600
                         :timeout-fn (lambda () (funcall failed '(:message "no answer in ten minutes")))))

(defun ragchat--lost-p (error)
  "Whether ERROR tells that the bridge has ended."
  (eql (plist-get error :code) -1))

(cl-defun ragchat--call-sure (method params done &optional (failed #'ragchat--complain))
  "As `ragchat--call', for what must arrive once: with a key it may be sent twice."
  (let ((params (append params (list :key (format "emacs-%x-%s-%x" (emacs-pid) (format-time-string "%s%N") (random #xffffff))))))
    (ragchat--call method params done
                   (lambda (error)
                     (if (ragchat--lost-p error)
                         (push (lambda () (ragchat--call method params done failed)) ragchat--again)
                       (funcall failed error))))))

;;;###autoload
(defun ragchat-login (account password)
  "Log in as ACCOUNT with PASSWORD, where the daemon wants more than the user id.
The token is kept by ragchat, as its command `login' does."
  (interactive (let ((account (read-string "Account: " (user-login-name))))
                 (list account (read-passwd (format "Password of %s: " account)))))
  (let ((process (make-process
                  :name "ragchat-login" :buffer (generate-new-buffer " *ragchat login*") :connection-type 'pipe :noquery t
                  :command (list ragchat-program "-v" "login" "--password-fd" "0" "--" account)
                  :sentinel (lambda (process _)
                              (unless (process-live-p process)
                                ;; A bridge does not notice that somebody is logged in now.
                                (when ragchat--connection (jsonrpc-shutdown ragchat--connection))
                                (with-current-buffer (process-buffer process)
                                  (message "ragchat: %s" (ragchat--clean (string-trim (replace-regexp-in-string
                                                                                       "^ragchat: " "" (buffer-string)))))
                                  (kill-buffer)))))))
    (process-send-string process (concat password "\n"))
    (process-send-eof process)
    (clear-string password)))

;;;; Places: where an answer grows

(defvar-local ragchat--here nil
  "The place of this buffer's newest answer.")

(defvar-local ragchat--talk nil
  "Non-nil: this buffer holds questions and answers.")

(defun ragchat--place-at (buffer position)
  "A place in BUFFER at POSITION."
  (with-current-buffer buffer
    (ragchat--place-new :buffer buffer :first (copy-marker position)
                        :last (copy-marker position t))))

(defun ragchat--insert (place text)
  "Put TEXT behind what PLACE has."
  (when (buffer-live-p (ragchat--place-buffer place))
    (with-current-buffer (ragchat--place-buffer place)
      (let* ((inhibit-read-only t)
             (end (marker-position (ragchat--place-last place)))
             (windows (seq-filter (lambda (w) (>= (window-point w) end))
                                  (get-buffer-window-list nil nil t)))
             (follow (>= (point) end)))
        (save-excursion
          (goto-char end)
          (insert text))
        (when (and follow ragchat--here)
          (goto-char (ragchat--place-last place)))
        (when ragchat--here
          (dolist (w windows)
            (set-window-point w (ragchat--place-last place))))))))

(defun ragchat--escape (text at-line)
  "TEXT with a comma where org would see a headline or a keyword.
AT-LINE: it begins a line."
  (let ((escaped (replace-regexp-in-string "^,*\\(?:\\*\\|#\\+\\)" ",\\&" (concat (if at-line "" "x") text))))
    (if at-line escaped (substring escaped 1))))

(defun ragchat--flush (place)
  "Show the next piece of what waits for PLACE."
  (setf (ragchat--place-timer place) nil)
  (let* ((all (apply #'concat (nreverse (ragchat--place-queue place))))
         (piece (if (> (length all) ragchat--piece) (substring all 0 ragchat--piece) all))
         (rest (substring all (length piece))))
    (setf (ragchat--place-queue place) (and (not (string-empty-p rest)) (list rest)))
    (ragchat--insert place piece)
    (if (ragchat--place-queue place)
        (ragchat--wake place)
      (when-let ((done (ragchat--place-done place)))
        (setf (ragchat--place-done place) nil)
        (funcall done)))))

(defun ragchat--wake (place)
  "Have PLACE flushed soon."
  (unless (ragchat--place-timer place)
    (setf (ragchat--place-timer place)
          (run-at-time ragchat--pause nil #'ragchat--flush place))))

(defun ragchat--shown (place text)
  "TEXT as it is to stand in the buffer of PLACE, behind what came before."
  (let ((before (car (ragchat--place-text place))))
    (if (ragchat--place-org place)
        (ragchat--escape text (or (null before) (string-suffix-p "\n" before)))
      text)))

(defun ragchat--append (place text)
  "TEXT has come for PLACE."
  (unless (string-empty-p text)
    (push (ragchat--shown place text) (ragchat--place-queue place))
    (push text (ragchat--place-text place))
    (ragchat--wake place)))

(defun ragchat--say (place text)
  "Show TEXT behind the answer of PLACE, as no part of it; nil takes it away."
  (when (ragchat--place-note place)
    (delete-overlay (ragchat--place-note place))
    (setf (ragchat--place-note place) nil))
  (when (and text (buffer-live-p (ragchat--place-buffer place)))
    (with-current-buffer (ragchat--place-buffer place)
      (let ((o (make-overlay (ragchat--place-last place) (ragchat--place-last place) nil t nil)))
        (overlay-put o 'after-string
                     (propertize (concat "\n[" (ragchat--clean text) "]") 'face 'ragchat-note 'cursor t))
        (setf (ragchat--place-note place) o)))))

(defun ragchat--whole (place)
  "Everything that came for PLACE."
  (let ((text (apply #'concat (reverse (ragchat--place-text place)))))
    (setf (ragchat--place-text place) (list text))
    text))

(defun ragchat--cut (place length)
  "Of what came for PLACE only LENGTH bytes are stored: the rest goes."
  (let ((kept (decode-coding-string
               (substring (encode-coding-string (ragchat--whole place) 'utf-8) 0 length) 'utf-8)))
    (setf (ragchat--place-text place) nil)
    (when (buffer-live-p (ragchat--place-buffer place))
      (with-current-buffer (ragchat--place-buffer place)
        (let ((inhibit-read-only t))
          (delete-region (ragchat--place-first place) (ragchat--place-last place))))
      (ragchat--insert place (ragchat--shown place kept)))
    (setf (ragchat--place-text place) (list kept))))

(defun ragchat--words (place note)
  "What to say of an answer that ended as NOTE tells."
  (pcase (plist-get note :state)
    ("done" nil)
    ("cancelled" "stopped")
    ("interrupted" "interrupted: the daemon ended; M-x ragchat-retry asks again")
    ("failed" (or (ragchat--place-error place) "the answer failed"))
    (_ (or (ragchat--place-error place) (plist-get note :message) "the connection was lost"))))

(defun ragchat--end (place note)
  "The answer of PLACE has ended, as NOTE tells."
  (let ((finish
         (lambda ()
           (let ((length (plist-get note :length)))
             (when (and length (< length (ragchat--place-bytes place)))
               (ragchat--cut place length)))
           (setf (ragchat--place-running place) nil
                 (ragchat--place-state place) (plist-get note :state))
           (when (buffer-live-p (ragchat--place-buffer place))
             (with-current-buffer (ragchat--place-buffer place)
               (when (ragchat--place-group place)
                 (undo-amalgamate-change-group (ragchat--place-group place))
                 (setf (ragchat--place-group place) nil))
               (ragchat--say place (ragchat--words place note))
               (force-mode-line-update)
               (run-hooks 'ragchat-ask-hook))))))
    (if (ragchat--place-queue place)
        (setf (ragchat--place-done place) finish)
      (funcall finish))))

(defun ragchat--take (place off text)
  "TEXT, which begins at byte OFF, has come for PLACE.
It may come twice where two bridges told it, but never too early."
  (let ((old (- (ragchat--place-bytes place) off))
        (size (string-bytes text)))
    (when (and (<= 0 old) (< old size))
      (when (> old 0)
        (setq text (decode-coding-string (substring (encode-coding-string text 'utf-8) old) 'utf-8)))
      (cl-incf (ragchat--place-bytes place) (- size old))
      (setf (ragchat--place-losses place) 0)
      (ragchat--append place text))))

(defun ragchat--sane (note)
  "Whether NOTE has the types that it must have."
  (let ((get (lambda (key) (plist-get note key))))
    (and (stringp (funcall get :turn)) (stringp (funcall get :kind))
         (cl-every (lambda (key) (string-or-null-p (funcall get key))) '(:text :message :state :name))
         (cl-every (lambda (key) (let ((n (funcall get key))) (or (null n) (natnump n)))) '(:off :ev :length))
         (or (not (member (funcall get :kind) '("delta" "reasoning")))
             (and (funcall get :off) (funcall get :text))))))

(defun ragchat--notified (_connection method params)
  "The bridge has sent the notification METHOD with PARAMS."
  (when-let* (((and (eq method 'stream) (proper-list-p params) (ragchat--sane params)))
              (turn (plist-get params :turn))
              (place (gethash turn ragchat--streams)))
    (pcase (plist-get params :kind)
      ("delta"
       (ragchat--take place (plist-get params :off) (plist-get params :text)))
      ("reasoning"
       (setf (ragchat--place-roff place) (+ (plist-get params :off) (string-bytes (plist-get params :text)))))
      (kind
       (setf (ragchat--place-ev place) (max (ragchat--place-ev place) (or (plist-get params :ev) 0)))
       (pcase kind
         ("status" (ragchat--say place (plist-get params :text)))
         ("notice" (unless (equal (plist-get params :name) "citation")
                     (message "ragchat: %s" (ragchat--clean (plist-get params :text)))))
         ("error" (setf (ragchat--place-error place) (plist-get params :message)))
         ("done"
          (remhash turn ragchat--streams)
          (ragchat--end place params)))))))

(defun ragchat--attach (place)
  "Have the answer of PLACE told from where it stands.
Where the daemon has less than that, from its first byte."
  (let ((turn (ragchat--place-turn place)))
    (puthash turn place ragchat--streams)
    (ragchat--call 'attach (list :turn turn :off (ragchat--place-bytes place)
                                 :roff (ragchat--place-roff place) :ev (ragchat--place-ev place))
                   #'ignore
                   (lambda (error)
                     (cond
                      ((ragchat--lost-p error)) ; `ragchat--closed' goes on with it
                      ((> (ragchat--place-bytes place) 0)
                       (ragchat--cut place 0)
                       (setf (ragchat--place-bytes place) 0 (ragchat--place-roff place) 0 (ragchat--place-ev place) 0
                             (ragchat--place-text place) nil (ragchat--place-queue place) nil)
                       (ragchat--attach place))
                      (t
                       (remhash turn ragchat--streams)
                       (ragchat--end place (list :state "lost" :message (plist-get error :message)))))))))

(defun ragchat--follow (place turn)
  "Let the answer of TURN grow in PLACE, from its first byte."
  (setf (ragchat--place-turn place) turn
        (ragchat--place-running place) t)
  (ragchat--attach place))

;;;; The mode

(defvar ragchat-font-lock
  '(("^> .*$" . 'ragchat-question)
    ("^#+ .*$" . 'font-lock-function-name-face)
    ("^```.*$" . 'font-lock-comment-face)
    ("`[^`\n]+`" . 'font-lock-constant-face)
    ("\\*\\*[^*\n]+\\*\\*" . 'bold)
    ("\\[[0-9]+\\]" . 'font-lock-type-face))
  "Faces of Markdown; nothing is hidden.")

(defvar ragchat-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'ragchat-continue)
    (define-key map (kbd "a") #'ragchat-continue)
    (define-key map (kbd "C-c C-c") #'ragchat-continue)
    (define-key map (kbd "C-c C-k") #'ragchat-stop)
    (define-key map (kbd "k") #'ragchat-stop)
    (define-key map (kbd "r") #'ragchat-retry)
    (define-key map (kbd "s") #'ragchat-sources)
    (define-key map (kbd "e") #'ragchat-export)
    (define-key map (kbd "t") #'ragchat-threads)
    (define-key map (kbd "u") #'ragchat-upload)
    map)
  "Keys in buffers of answers.")

(define-derived-mode ragchat-mode special-mode "RagChat"
  "A conversation, or an answer alone.
\\{ragchat-mode-map}"
  (setq-local enable-local-variables nil
              font-lock-defaults '(ragchat-font-lock t)
              buffer-undo-list t
              word-wrap t
              truncate-lines nil)
  (setq mode-line-process '(:eval (if (and ragchat--here (ragchat--place-running ragchat--here))
                                      " answering" ""))))

(defun ragchat--buffer (name)
  "A new buffer for an answer, called *ragchat NAME*."
  (let ((buffer (generate-new-buffer (format "*ragchat %s*" name))))
    (with-current-buffer buffer
      (ragchat-mode))
    buffer))

(defun ragchat--display (buffer)
  "Show BUFFER, where there is one in the window of another answer."
  (display-buffer buffer '((display-buffer-reuse-window display-buffer-reuse-mode-window
                            display-buffer-pop-up-window display-buffer-use-some-window)
                           (mode . ragchat-mode))))

(defun ragchat--id (id)
  "The beginning of ID."
  (let ((plain (replace-regexp-in-string "[^0-9a-f]" "" (or id ""))))
    (substring plain 0 (min 8 (length plain)))))

(defun ragchat--answer-buffer (name)
  "A buffer for one answer; gives its place."
  (let* ((buffer (ragchat--buffer name))
         (place (ragchat--place-at buffer 1)))
    (with-current-buffer buffer
      (setq ragchat--here place))
    (ragchat--display buffer)
    place))

;;;; Asking

(defun ragchat--place-of-buffer ()
  "The place that commands of this buffer mean."
  (or ragchat--here ragchat--last))

(defun ragchat--language ()
  "The name of this buffer's language, for a code block."
  (replace-regexp-in-string "-\\(ts-\\)?mode\\'" "" (symbol-name major-mode)))

(defun ragchat--fenced (text language)
  "TEXT as a code block of LANGUAGE."
  (let ((fence "```"))
    (while (string-search fence text)
      (setq fence (concat fence "`")))
    (concat fence language "\n" text (if (string-suffix-p "\n" text) "" "\n") fence)))

(defun ragchat--question (prompt)
  "Read a question with PROMPT; the region goes along."
  (let ((context (and (use-region-p) (not (derived-mode-p 'ragchat-mode))
                      (ragchat--fenced (buffer-substring-no-properties (region-beginning) (region-end))
                                       (ragchat--language))))
        (text (read-string prompt)))
    (when (string-blank-p text)
      (user-error "Nothing asked"))
    (if context (concat text "\n\n" context) text)))

(defun ragchat--ask (place text thread)
  "Ask TEXT in THREAD, or in a new one; the answer goes to PLACE."
  (setq ragchat--last place)
  (ragchat--say place "asking ...")
  (ragchat--call-sure 'ask (append (list :text text) (and thread (list :thread thread)))
                      (lambda (reply)
                        (ragchat--say place nil)
                        (setf (ragchat--place-thread place) (plist-get reply :thread))
                        (ragchat--follow place (plist-get reply :turn)))
                      (lambda (error)
                        (ragchat--say place (ragchat--error-words error))
                        (ragchat--complain error))))

(defun ragchat--to-end (buffer)
  "Let BUFFER and its windows stand at the end, where an answer is to come."
  (with-current-buffer buffer
    (goto-char (point-max))
    (dolist (w (get-buffer-window-list nil nil t))
      (set-window-point w (point-max)))))

(defun ragchat--talk-ask (buffer text thread)
  "Ask TEXT at the end of the conversation in BUFFER."
  (with-current-buffer buffer
    (let ((inhibit-read-only t))
      (save-excursion
        (goto-char (point-max))
        (unless (bobp) (insert "\n\n"))
        (insert (replace-regexp-in-string "^" "> " text) "\n\n")))
    (setq ragchat--here (ragchat--place-at buffer (point-max)))
    (setf (ragchat--place-thread ragchat--here) thread)
    (ragchat--display buffer)
    (ragchat--to-end buffer)
    (ragchat--ask ragchat--here text thread)))

(defun ragchat--busy ()
  "Refuse while this buffer's answer runs."
  (when (and ragchat--here (ragchat--place-running ragchat--here))
    (user-error "Wait for the answer, or stop it (%s)"
                (substitute-command-keys "\\[ragchat-stop]"))))

;;;###autoload
(defun ragchat-ask (text)
  "Ask TEXT, about the region if there is one; the answer gets a buffer of its own."
  (interactive (list (ragchat--question "Ask: ")))
  (if ragchat--talk
      (ragchat-continue text)
    (ragchat--ask (ragchat--answer-buffer "answer") text nil)))

;;;###autoload
(defun ragchat-ask-buffer (text)
  "Ask TEXT about this buffer."
  (interactive (list (read-string "Ask about this buffer: ")))
  (ragchat--ask (ragchat--answer-buffer "answer")
                (concat text "\n\n" (ragchat--fenced (buffer-substring-no-properties (point-min) (point-max))
                                                     (ragchat--language)))
                nil))

;;;###autoload
(defun ragchat-ask-in-place (text)
  "Ask TEXT; the answer is written below the region, or below this line.
One undo takes it away.  In org it is a block of Markdown."
  (interactive (list (ragchat--question "Ask, answer here: ")))
  (barf-if-buffer-read-only)
  (let ((group (and (listp buffer-undo-list) (prepare-change-group)))
        (org (derived-mode-p 'org-mode))
        place)
    (undo-boundary)
    (save-excursion
      (when (use-region-p) (goto-char (region-end)))
      (end-of-line (if (and (use-region-p) (bolp)) 0 1))
      (insert "\n" (if org "#+begin_src markdown\n" ""))
      (setq place (ragchat--place-at (current-buffer) (point)))
      (when org
        (let ((end (point)))
          (insert "\n#+end_src")
          (set-marker (ragchat--place-last place) end))))
    (setf (ragchat--place-group place) group
          (ragchat--place-org place) (and org t))
    (ragchat--ask place text nil)))

;;;###autoload
(defun ragchat-continue (text)
  "Ask TEXT in the thread of this buffer, else in that of the last question."
  (interactive (progn (ragchat--busy) (list (ragchat--question "Ask on: "))))
  (ragchat--busy)
  (let* ((from (ragchat--place-of-buffer))
         (thread (and from (ragchat--place-thread from)))
         (buffer (and from (ragchat--place-buffer from))))
    (if (and (buffer-live-p buffer) (buffer-local-value 'ragchat--talk buffer))
        (ragchat--talk-ask buffer text thread)
      (ragchat--ask (ragchat--answer-buffer "answer") text thread))))

(defun ragchat-stop ()
  "Stop the answer; what came stays."
  (interactive)
  (let ((place (ragchat--place-of-buffer)))
    (unless (and place (ragchat--place-running place))
      (user-error "No answer is running here"))
    (ragchat--call 'cancel (list :turn (ragchat--place-turn place)) #'ignore)))

(defun ragchat-retry ()
  "Ask again; both answers stay in the history."
  (interactive)
  (ragchat--busy)
  (let ((old (ragchat--place-of-buffer)))
    (unless (and old (ragchat--place-turn old))
      (user-error "There is no question to ask again"))
    (ragchat--call-sure
     'turn.retry (list :turn (ragchat--place-turn old))
     (lambda (reply)
       (let* ((buffer (ragchat--place-buffer old))
              (talk (and (buffer-live-p buffer) (buffer-local-value 'ragchat--talk buffer)))
              (place (if talk
                         (with-current-buffer buffer
                           (let ((inhibit-read-only t))
                             (save-excursion (goto-char (point-max)) (insert "\n\n")))
                           (ragchat--to-end buffer)
                           (setq ragchat--here (ragchat--place-at buffer (point-max))))
                       (ragchat--answer-buffer "answer"))))
         (setf (ragchat--place-thread place) (plist-get reply :thread))
         (setq ragchat--last place)
         (ragchat--follow place (plist-get reply :turn)))))))

;;;###autoload
(defun ragchat-attach (ref)
  "Join the answer REF, begun elsewhere; the newest one by default."
  (interactive (list (read-string "Answer (last): " nil nil "last")))
  (ragchat--call 'turn.get (list :turn ref)
                 (lambda (result)
                   (let* ((turn (plist-get result :turn))
                          (place (ragchat--answer-buffer (ragchat--id (plist-get turn :turn)))))
                     (setf (ragchat--place-thread place) (plist-get turn :thread))
                     (setq ragchat--last place)
                     (ragchat--follow place (plist-get turn :turn))))))

;;;; Conversations

(defun ragchat--draw (buffer turns)
  "Put TURNS into BUFFER, one after the other; each answer comes by attach."
  (when (and turns (buffer-live-p buffer))
    (with-current-buffer buffer
      (let ((inhibit-read-only t) (turn (car turns)))
        (goto-char (point-max))
        (unless (bobp) (insert "\n\n"))
        (insert (replace-regexp-in-string "^" "> " (plist-get turn :question)) "\n\n")
        (setq ragchat--here (ragchat--place-at buffer (point-max)))
        (setf (ragchat--place-thread ragchat--here) (plist-get turn :thread))
        (setq ragchat--last ragchat--here)
        (let ((next (lambda () (ragchat--draw buffer (cdr turns)))))
          (add-hook 'ragchat-ask-hook
                    (letrec ((once (lambda ()
                                     (remove-hook 'ragchat-ask-hook once t)
                                     (funcall next))))
                      once)
                    nil t))
        (ragchat--follow ragchat--here (plist-get turn :turn))))))

(defun ragchat--collect (thread after turns done)
  "All turns of THREAD after number AFTER, behind TURNS, to DONE."
  (ragchat--call 'message.list (list :thread thread :after after :limit 200)
                 (lambda (page)
                   (let ((all (append turns (plist-get page :turns) nil))
                         (next (plist-get page :next)))
                     (if next
                         (ragchat--collect thread next all done)
                       (funcall done (plist-get page :thread) all))))))

;;;###autoload
(defun ragchat (&optional ref)
  "Open the conversation REF, by default the last one.
With a prefix argument a new one.  In its buffer:
\\{ragchat-mode-map}"
  (interactive (list (and current-prefix-arg 'new)))
  (if (eq ref 'new)
      (let ((buffer (ragchat--buffer "new")))
        (with-current-buffer buffer
          (setq ragchat--talk t
                ragchat--here (ragchat--place-at buffer 1)
                ragchat--last ragchat--here))
        (pop-to-buffer buffer))
    (ragchat--collect (or ref "last") 0 nil
                      (lambda (thread turns)
                        (let ((buffer (ragchat--buffer (ragchat--id (plist-get thread :thread)))))
                          (with-current-buffer buffer (setq ragchat--talk t))
                          (pop-to-buffer buffer)
                          (ragchat--draw buffer turns))))))

;;;###autoload
(defun ragchat-threads ()
  "Pick a conversation."
  (interactive)
  (ragchat--call
   'thread.list (list :limit 200)
   (lambda (page)
     (let ((choices (mapcar (lambda (thread)
                              (cons (format "%s  (%s)" (ragchat--clean (plist-get thread :name))
                                            (ragchat--id (plist-get thread :thread)))
                                    (plist-get thread :thread)))
                            (plist-get page :threads))))
       (unless choices
         (user-error "There is no conversation yet"))
       (ragchat (cdr (assoc (completing-read
                             "Conversation: "
                             (lambda (string predicate action)
                               (if (eq action 'metadata) ; the newest first, as they come
                                   '(metadata (display-sort-function . identity) (cycle-sort-function . identity))
                                 (complete-with-action action choices string predicate)))
                             nil t)
                            choices)))))))

;;;; Sources and files

(defun ragchat--source-text (source)
  "SOURCE in words."
  (let ((page (plist-get source :page)) (line (plist-get source :line)))
    (concat (format "[%d] %s" (plist-get source :n)
                    (ragchat--clean (or (plist-get source :path) (plist-get source :title)
                                        (plist-get source :url) "?")))
            (cond (page (format ", page %d" page)) (line (format ", line %d" line)) (t ""))
            (if (eq (plist-get source :cited) t) "\n" "  (not cited)\n")
            (mapconcat (lambda (l) (concat "    " (ragchat--clean l)))
                       (split-string (or (plist-get source :quote) "") "\n" t) "\n")
            "\n\n")))

(defun ragchat-sources ()
  "Show the sources of the answer, with what they say."
  (interactive)
  (let ((place (ragchat--place-of-buffer)))
    (ragchat--call
     'source.list (list :turn (or (and place (ragchat--place-turn place)) "last"))
     (lambda (result)
       (let ((text (mapconcat #'ragchat--source-text (plist-get result :sources) "")))
         (if (string-empty-p text)
             (message "ragchat: that answer names no source")
           (let ((buffer (ragchat--buffer "sources")))
             (with-current-buffer buffer
               (let ((inhibit-read-only t)) (insert text))
               (goto-char 1))
             (display-buffer buffer))))))))

(defconst ragchat--chunk 131072 "Bytes of a file sent at once.")

(defun ragchat--send-chunks (file upload off size done)
  "Send FILE to UPLOAD from OFF to SIZE, then call DONE."
  (if (>= off size)
      (funcall done)
    (let ((data (with-temp-buffer
                  (set-buffer-multibyte nil)
                  (insert-file-contents-literally file nil off (min size (+ off ragchat--chunk)))
                  (buffer-string))))
      (ragchat--call 'doc.chunk (list :upload upload :off off :data (base64-encode-string data t))
                     (lambda (_) (ragchat--send-chunks file upload (+ off (length data)) size done))))))

;;;###autoload
(defun ragchat-upload (file)
  "Upload FILE, so that questions find it."
  (interactive (list (read-file-name "Upload: " nil (buffer-file-name) t)))
  (unless (file-regular-p file)
    (user-error "'%s' is no file" file))
  (let ((size (file-attribute-size (file-attributes file))))
    (ragchat--call
     'doc.begin (list :name (file-name-nondirectory file) :size size)
     (lambda (begun)
       (let ((upload (plist-get begun :upload)))
         (ragchat--send-chunks
          file upload 0 size
          (lambda ()
            (ragchat--call 'doc.commit (list :upload upload)
                           (lambda (result)
                             (message "ragchat: %s" (ragchat--clean (plist-get result :message))))))))))))

(defun ragchat--free-name (file)
  "FILE, or where there is one already FILE-2 and so on."
  (let ((path file) (n 1))
    (while (or (file-exists-p path) (file-symlink-p path))
      (setq path (format "%s-%d.%s" (file-name-sans-extension file) (cl-incf n) (file-name-extension file))))
    path))

(defun ragchat--receive (blob off part file)
  "Append BLOB from OFF to PART; the last piece makes it FILE."
  (ragchat--call 'blob.read (list :blob blob :off off)
                 (lambda (piece)
                   (let ((data (base64-decode-string (plist-get piece :data)))
                         (coding-system-for-write 'no-conversion))
                     (write-region data nil part (> off 0) 'silent)
                     (if (not (eq (plist-get piece :eof) t))
                         (ragchat--receive blob (+ off (length data)) part file)
                       (rename-file part file)
                       (message "ragchat: wrote '%s'" file))))
                 (lambda (error)
                   (ignore-errors (delete-file part))
                   (ragchat--complain error))))

(defun ragchat-export (file &optional thread)
  "Write the answer to FILE as PDF, or as HTML where it is called so.
With a prefix argument the whole THREAD.  No file is overwritten."
  (interactive (list (read-file-name "Export to: " nil nil nil "response.pdf") current-prefix-arg))
  (let* ((place (ragchat--place-of-buffer))
         (file (ragchat--free-name (expand-file-name file)))
         (format (if (string-match-p "\\.html?\\'" file) "html" "pdf"))
         (what (if thread
                   (list :thread (or (and place (ragchat--place-thread place)) "last"))
                 (list :turn (or (and place (ragchat--place-turn place)) "last")))))
    (ragchat--call 'export (append what (list :format format))
                   (lambda (result)
                     (let ((part (concat file ".part")))
                       (with-file-modes #o600
                         (ragchat--receive (plist-get result :blob) 0 part file)))))))

;;;###autoload
(defvar ragchat-command-map
  (let ((map (make-sparse-keymap)))
    (define-key map "a" #'ragchat-ask)
    (define-key map "b" #'ragchat-ask-buffer)
    (define-key map "i" #'ragchat-ask-in-place)
    (define-key map "c" #'ragchat-continue)
    (define-key map "k" #'ragchat-stop)
    (define-key map "r" #'ragchat-retry)
    (define-key map "o" #'ragchat)
    (define-key map "t" #'ragchat-threads)
    (define-key map "s" #'ragchat-sources)
    (define-key map "u" #'ragchat-upload)
    (define-key map "e" #'ragchat-export)
    (define-key map "j" #'ragchat-attach)
    (define-key map "l" #'ragchat-login)
    map)
  "Keys for a prefix of your own.")

(provide 'ragchat)
;;; ragchat.el ends here
