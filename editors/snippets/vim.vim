" Vim 9 with the plugin yegappan/lsp, which knows no ghost text: the suggestion is an entry of the menu.
autocmd User LspSetup call LspAddServer([#{
  \ name: 'ghostlap', filetype: ['python', 'lua', 'c'], path: 'ghostlap', args: ['serve'] }])
