-- The server's state in a few words.
local M = {}

---@param hedge any as the setting of this name has it
---@return string
function M.mode(hedge)
  return type(hedge) == "string" and hedge or "hedging"
end

---@return string
function M.line()
  local server = require("ghostlap.server")
  if server.problem then
    return "ghostlap: no server"
  end
  local status = require("ghostlap").status()
  if not server.client() then
    return ""
  end
  if status.state == "error" then
    return "ghostlap: error"
  end
  local excluded = require("ghostlap.attach").excluded[vim.uri_from_bufnr(0)]
  if status.state == "paused" or excluded then
    return "ghostlap: " .. (excluded or "paused")
  end
  local words = { status.primary or "ghostlap" }
  if status.hedge and status.hedge ~= "off" then
    table.insert(words, M.mode(status.hedge))
  end
  if type(status.p50Ms) == "number" then
    table.insert(words, ("%.0f ms"):format(status.p50Ms))
  end
  if type(status.indexing) == "number" then
    table.insert(words, ("indexes, %d%%"):format(status.indexing))
  end
  return table.concat(words, " ")
end

return M
