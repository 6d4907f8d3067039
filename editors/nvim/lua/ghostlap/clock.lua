-- The server's monotonic clock, by our own: see editors/PROTOCOL.md, "Times".
local server = require("ghostlap.server")

local M = {}

local PINGS = 8

---@type number? what to add to our own time
local offset_ms
---@type number?
M.round_trip_ms = nil

---@return number
local function own_ms()
  return vim.uv.hrtime() / 1e6
end

---@return number
function M.now()
  return own_ms()
end

---@param own number
---@return number? server_ms nil before the clocks were compared
function M.at_server(own)
  return offset_ms and own + offset_ms
end

---Compare the clocks. Answers come one after the other, in the background.
---@param client vim.lsp.Client
function M.compare(client)
  offset_ms, M.round_trip_ms = nil, nil
  local best ---@type number?
  local offset ---@type number?
  local function ping(left)
    if left == 0 then
      offset_ms, M.round_trip_ms = offset, best
      return
    end
    local t0 = own_ms()
    server.request(client, "ghostlap/clock", vim.empty_dict(), function(error, answer)
      local t3 = own_ms()
      if error or type(answer) ~= "table" or not tonumber(answer.receivedMs) then
        return
      end
      if not best or t3 - t0 < best then
        best = t3 - t0
        offset = ((answer.receivedMs - t0) + (answer.answeredMs - t3)) / 2
      end
      ping(left - 1)
    end)
  end
  ping(PINGS)
end

return M
