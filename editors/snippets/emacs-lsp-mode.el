;; lsp-mode 10: ghost text, asked when you pause; TAB takes it over.
(with-eval-after-load 'lsp-mode
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection '("ghostlap" "serve"))
                    :activation-fn (lambda (&rest _) t)
                    :add-on? t
                    :priority -2
                    :server-id 'ghostlap)))
(add-hook 'lsp-mode-hook #'lsp-inline-completion-mode)
