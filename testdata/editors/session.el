;; The session in Emacs, with eglot. It prints what a user would see. The configuration of the guide is loaded before.
(require 'dockerfile-mode)
(setq eglot-sync-connect 20)

(defun show (title)
  (princ (format "== %s\n" title))
  (dolist (d (sort (flymake-diagnostics)
                   (lambda (a b) (< (flymake-diagnostic-beg a) (flymake-diagnostic-beg b)))))
    (princ (format "%d: %s\n" (line-number-at-pos (flymake-diagnostic-beg d)) (flymake-diagnostic-text d))))
  (princ (buffer-string)))

(defun await (what)
  "Wait until the function WHAT returns something."
  (let ((end (+ (float-time) 20)))
    (while (not (funcall what))
      (when (> (float-time) end)
        (show "at the end of the time")
        (kill-emacs 1))
      (accept-process-output nil 0.1))))

(defun lines ()
  (sort (mapcar (lambda (d) (line-number-at-pos (flymake-diagnostic-beg d))) (flymake-diagnostics)) #'<))

(defun sent ()
  "Send the edits, as eglot does when Emacs is idle."
  (eglot--signal-textDocument/didChange))

(find-file "Dockerfile")
(call-interactively #'eglot)
(await (lambda () (equal (lines) '(4 5 8))))
(show "findings")

(goto-char (point-min))
(search-forward "filter-syscalls")
(let ((actions (eglot-code-actions (point) (point) nil nil)))
  (princ "== actions\n")
  (dolist (a actions) (princ (format "%s\n" (plist-get a :title))))
  (eglot--apply-workspace-edit (plist-get (car actions) :edit)))
(sent)
(await (lambda () (equal (lines) '(5 8))))
(show "the first one is applied")

(eglot--apply-workspace-edit
 (plist-get (car (eglot-code-actions (point-min) (point-max) "source.fixAll.sandlint" nil)) :edit))
(sent)
(await (lambda () (equal (lines) '(8))))
(show "all safe fixes")

(goto-char (point-min))
(search-forward "AS base")
(backward-char 1)
(eglot-rename "tools")
(sent)
(show "renamed")

(goto-char (point-min))
(search-forward "VERSION")
(backward-char 1)
(princ "== hover\n")
(princ (plist-get (plist-get (jsonrpc-request (eglot-current-server) :textDocument/hover
                                              (eglot--TextDocumentPositionParams))
                             :contents)
                  :value))
(princ "\n")
(set-buffer-modified-p nil)
