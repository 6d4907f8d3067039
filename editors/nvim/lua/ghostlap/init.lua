-- What a user's configuration calls. Nothing is started by requiring it.
local M = {}

---Set options, all of which have defaults; calling it is optional. See |ghostlap-options|.
---@param options? ghostlap.Config|table
function M.setup(options)
  local config = require("ghostlap.config")
  config.set(options)
  for action, key in pairs(config.get().keys) do
    require("ghostlap.keys").map(key, action)
  end
end

---@return boolean
local function is_builtin()
  return require("ghostlap.config").get().display == "builtin"
end

---@param part? fun(rest: string): string which part of it; nil: all
---@param kind? "word"|"line"
---@return boolean accepted
local function take(part, kind)
  local ghost = require("ghostlap.ghost")
  local reports = require("ghostlap.reports")
  -- Keys may have come in between that nothing has looked at yet.
  if not ghost.follow() then
    return false
  end
  local shown = assert(ghost.current())
  local taken = part and part(shown.rest) or shown.rest
  local is_all = taken == shown.rest
  local item, buffer = shown.item, shown.buffer
  local length = vim.fn.strchars(taken)
  local row, column = ghost.insert(taken)
  if is_all then
    ghost.clear()
    reports.hidden(item.id, "accepted")
  end
  if is_all and not part then
    reports.accepted(item.id, length)
  else
    reports.partially_accepted(item.id, length, kind or "line")
  end
  reports.watch(item.id, buffer, row, column, taken)
  return true
end

---Take over the whole suggestion. False when there is none that fits what stands there.
---@return boolean
function M.accept()
  if is_builtin() then
    return require("ghostlap.builtin").accept()
  end
  return take()
end

---@return boolean
function M.accept_word()
  return take(require("ghostlap.text").first_word, "word")
end

---@return boolean
function M.accept_line()
  return take(require("ghostlap.text").first_line, "line")
end

---@param step integer
---@return boolean
local function cycle(step)
  if is_builtin() then
    return require("ghostlap.builtin").cycle(step)
  end
  if not require("ghostlap.ghost").follow() then
    return false
  end
  require("ghostlap.request").ask("invoked", step)
  return true
end

---@return boolean
function M.next()
  return cycle(1)
end

---@return boolean
function M.previous()
  return cycle(-1)
end

---Take the suggestion away; the next key asks again.
---@return boolean
function M.dismiss()
  if not M.visible() then
    return false
  end
  require("ghostlap.request").cancel()
  require("ghostlap.attach").hide("dismissed")
  return true
end

---Ask now, as if a key had been typed.
---@return boolean
function M.suggest()
  require("ghostlap.request").ask("invoked")
  return true
end

---@return string? text the ghost text that is shown
function M.visible()
  local shown = require("ghostlap.ghost").current()
  return shown and shown.rest
end

---What the server last said of itself: see editors/PROTOCOL.md, `ghostlap/status`.
---@return table
function M.status()
  return require("ghostlap.attach").status
end

---A component for a status line, for instance `%{v:lua.require'ghostlap'.statusline()}`.
---@return string
function M.statusline()
  return require("ghostlap.status").line()
end

return M
