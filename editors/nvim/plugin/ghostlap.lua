-- Loaded by Neovim at start: names what there is, and requires nothing before it is used.
if vim.g.loaded_ghostlap then
  return
end
vim.g.loaded_ghostlap = true

if vim.fn.has("nvim-0.10") == 0 then
  vim.notify("ghostlap needs Neovim 0.10 or newer.", vim.log.levels.WARN)
  return
end

vim.api.nvim_set_hl(0, "GhostlapSuggestion", { default = true, link = "Comment" })

local group = vim.api.nvim_create_augroup("ghostlap", { clear = true })
vim.api.nvim_create_autocmd({ "FileType", "BufReadPost", "BufNewFile", "BufFilePost" }, {
  group = group,
  desc = "ghostlap: attach to a document",
  callback = function(event)
    -- Behind whatever sets the document's type.
    vim.schedule(function()
      require("ghostlap.attach").attach(event.buf)
    end)
  end,
})

for name, action in pairs({
  ["accept"] = "accept",
  ["accept-word"] = "accept_word",
  ["accept-line"] = "accept_line",
  ["next"] = "next",
  ["previous"] = "previous",
  ["dismiss"] = "dismiss",
  ["suggest"] = "suggest",
}) do
  vim.keymap.set("i", ("<Plug>(ghostlap-%s)"):format(name), function()
    require("ghostlap")[action]()
  end, { desc = "ghostlap: " .. name:gsub("-", " ") })
end

vim.api.nvim_create_user_command("Ghostlap", function(call)
  require("ghostlap.command").run(call.fargs)
end, {
  nargs = "*",
  desc = "ghostlap: hedge, provider, stats, trace, log, pause …",
  complete = function(lead, line)
    return require("ghostlap.command").complete(lead, line)
  end,
})
