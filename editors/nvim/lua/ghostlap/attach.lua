-- Which documents get ghost text, and when it is asked for.
local clock = require("ghostlap.clock")
local config = require("ghostlap.config")
local ghost = require("ghostlap.ghost")
local reports = require("ghostlap.reports")
local request = require("ghostlap.request")
local server = require("ghostlap.server")

local M = {}

local group = vim.api.nvim_create_augroup("ghostlap.attached", { clear = true })
local keys = vim.api.nvim_create_namespace("ghostlap.keys")

---What the server last said of itself.
---@type table
M.status = {}

---Why nothing of a document is sent, by its URI.
---@type table<string, string>
M.excluded = {}

---@type table<integer, true>
local attached = {}

---@param reason "dismissed"|"typed"|"replaced"|"left"
function M.hide(reason)
  local shown = ghost.current()
  if shown then
    reports.hidden(shown.item.id, reason)
    ghost.clear()
  end
end

---@return boolean whether a menu has an entry selected: ghost text would go on from another text
local function menu_is_in_the_way()
  return vim.fn.pumvisible() == 1 and vim.fn.complete_info({ "selected" }).selected >= 0
end

local asked_at = ""

local function on_change()
  local place = vim.api.nvim_win_get_cursor(0)
  local tick = vim.api.nvim_buf_get_changedtick(0)
  local at = ("%d:%d:%d:%d"):format(vim.api.nvim_get_current_buf(), tick, place[1], place[2])
  if at == asked_at then
    return -- both the text and the cursor have changed, and each says so
  end
  asked_at = at
  if menu_is_in_the_way() then
    M.hide("left")
    return
  end
  if not ghost.follow() then
    M.hide("typed")
  end
  request.ask()
end

local function listen_to_keys()
  vim.on_key(function(_, typed)
    if typed ~= "" then
      request.key(clock.now())
    end
  end, keys)
end

---@param buffer integer
local function show_ourselves(buffer)
  vim.api.nvim_clear_autocmds({ group = group, buffer = buffer })
  local function on(events, callback)
    vim.api.nvim_create_autocmd(events, { group = group, buffer = buffer, callback = callback })
  end
  on({ "TextChangedI", "TextChangedP", "CursorMovedI" }, on_change)
  on("InsertCharPre", function()
    ghost.expect(vim.v.char)
  end)
  on("InsertEnter", function()
    listen_to_keys()
    asked_at = ""
    request.ask()
  end)
  on({ "InsertLeave", "BufLeave" }, function()
    vim.on_key(nil, keys)
    request.cancel()
    M.hide("left")
  end)
  if vim.api.nvim_get_current_buf() == buffer and vim.fn.mode():sub(1, 1) == "i" then
    listen_to_keys()
  end
end

---@param client vim.lsp.Client
---@param buffer integer
local function begin(client, buffer)
  if config.get().display == "builtin" then
    vim.lsp.inline_completion.enable(true, { bufnr = buffer, client_id = client.id })
  else
    ghost.on_rendered(reports.shown)
    show_ourselves(buffer)
  end
end

local function on_died()
  M.status, M.excluded = {}, {}
  M.hide("left")
  local buffers = vim.tbl_keys(attached)
  attached = {}
  for _, buffer in ipairs(buffers) do
    M.attach(buffer)
  end
end

---@param status table
local function on_status(status)
  if status.uri then
    M.excluded[status.uri] = type(status.excluded) == "string" and status.excluded or nil
  else
    M.status = vim.tbl_extend("force", M.status, status)
  end
  if M.status.state == "paused" or M.excluded[vim.uri_from_bufnr(0)] then
    M.hide("left")
  end
  vim.cmd.redrawstatus({ bang = true })
end

---@param buffer integer
---@return boolean
local function is_wanted(buffer)
  return vim.api.nvim_buf_is_loaded(buffer)
    and vim.bo[buffer].buftype == ""
    and vim.bo[buffer].modifiable
    and vim.api.nvim_buf_get_name(buffer) ~= ""
    and config.get().enabled(buffer)
end

---Give a buffer ghost text, once.
---@param buffer integer
function M.attach(buffer)
  if attached[buffer] or not is_wanted(buffer) then
    return
  end
  local id = server.attach(buffer, { died = on_died, status = on_status })
  if id then
    attached[buffer] = true
  end
end

vim.api.nvim_create_autocmd("LspAttach", {
  group = group,
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if not client or client.name ~= server.NAME then
      return
    end
    if M.compared ~= client.id then
      M.compared = client.id
      clock.compare(client)
    end
    begin(client, event.buf)
  end,
})

vim.api.nvim_create_autocmd({ "BufUnload", "BufFilePre" }, {
  group = group,
  callback = function(event)
    attached[event.buf] = nil
  end,
})

---Start the server anew, for the documents that it served.
function M.restart()
  local buffers = vim.tbl_keys(attached)
  attached = {}
  M.hide("left")
  local old = server.client()
  server.stop()
  local tries = 100
  local function again()
    tries = tries - 1
    if tries > 0 and old and vim.lsp.get_client_by_id(old.id) then
      vim.defer_fn(again, 20)
      return
    end
    for _, buffer in ipairs(#buffers > 0 and buffers or { vim.api.nvim_get_current_buf() }) do
      M.attach(buffer)
    end
  end
  again()
end

return M
