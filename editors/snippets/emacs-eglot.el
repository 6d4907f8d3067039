;; eglot knows no ghost text: the suggestion is an entry of the completion menu.
;; One server per buffer: this takes the place of a language's own.
(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs '(text-mode . ("ghostlap" "serve"))))
