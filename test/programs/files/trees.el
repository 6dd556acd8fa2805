;;; -*- lexical-binding: t -*-
(find-file "words")
(sort-lines nil (point-min) (point-max))
(while (re-search-forward "\\(.\\)\\(.*\\)" nil t) (replace-match "\\2\\1"))
(write-region nil nil "sorted")
(princ (buffer-string))
(with-temp-file "made.el"
  (insert ";;; -*- lexical-binding: t -*-\n(defun made-fib (n) (if (< n 2) n (+ (made-fib (- n 1)) (made-fib (- n 2)))))\n"))
(byte-compile-file "made.el")
(load "./made.elc" nil t)
(princ (format "%S %S %s\n" (made-fib 20) (json-encode '((a . 1) (b . [2 3]))) (secure-hash 'sha256 "x")))
(garbage-collect)
(princ (with-temp-buffer (insert-file-contents "in/trees.xml") (nth 1 (libxml-parse-xml-region (point-min) (point-max)))))
(kill-emacs 7)
