-- The server's state in a few words.
local M = {}

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
  if status.state == "paused" or status.state == "excluded" then
    return "ghostlap: " .. status.state
  end
  local words = { status.provider or "ghostlap" }
  if status.hedge and status.hedge ~= "off" then
    table.insert(words, status.hedge)
  end
  if type(status.p50Ms) == "number" then
    table.insert(words, ("%.0f ms"):format(status.p50Ms))
  end
  return table.concat(words, " ")
end

return M
