-- What the server is told of a suggestion: see editors/PROTOCOL.md.
local clock = require("ghostlap.clock")
local server = require("ghostlap.server")
local text = require("ghostlap.text")

local M = {}

local PERSISTENCE_CHECKS_S = { 30, 120, 300, 600 }
local namespace = vim.api.nvim_create_namespace("ghostlap.accepted")

---@param method string
---@param params table
local function tell(method, params)
  local client = server.client()
  if client and params.id then
    server.notify(client, "ghostlap/" .. method, params)
  end
end

---@param own_ms number?
---@return number?
local function at(own_ms)
  return own_ms and clock.at_server(own_ms)
end

---@param ghost ghostlap.Ghost
---@param rendered_ms number
function M.shown(ghost, rendered_ms)
  tell("shown", {
    id = ghost.item.id,
    keyMs = at(ghost.key_ms),
    receivedMs = at(ghost.received_ms),
    renderedMs = at(rendered_ms),
  })
end

---@param id integer?
---@param reason "accepted"|"dismissed"|"typed"|"replaced"|"left"
function M.hidden(id, reason)
  tell("hidden", { id = id, reason = reason, atMs = at(clock.now()) })
end

---@param id integer?
---@param length integer
function M.accepted(id, length)
  tell("accepted", { id = id, length = length, atMs = at(clock.now()) })
end

---@param id integer?
---@param length integer
---@param kind "word"|"line"
function M.partially_accepted(id, length, kind)
  tell("partiallyAccepted", { id = id, length = length, kind = kind, atMs = at(clock.now()) })
end

---Look again, some time later, at what was accepted, and say how much of it is left.
---@param id integer?
---@param buffer integer
---@param row integer
---@param column integer
---@param accepted string
function M.watch(id, buffer, row, column, accepted)
  local lines = vim.split(accepted, "\n", { plain = true })
  local last_row = row + #lines - 1
  local last_column = (#lines == 1 and column or 0) + #lines[#lines]
  local mark = vim.api.nvim_buf_set_extmark(buffer, namespace, row, column, {
    end_row = last_row,
    end_col = last_column,
    strict = false,
  })
  for index, after_s in ipairs(PERSISTENCE_CHECKS_S) do
    vim.defer_fn(function()
      if not vim.api.nvim_buf_is_loaded(buffer) then
        return
      end
      local place = vim.api.nvim_buf_get_extmark_by_id(buffer, namespace, mark, { details = true })
      local stop = place[3]
      local now = ""
      if stop and stop.end_row then
        local parts =
          vim.api.nvim_buf_get_text(buffer, place[1], place[2], stop.end_row, stop.end_col, {})
        now = table.concat(parts, "\n")
      end
      tell("persisted", { id = id, afterS = after_s, length = text.left_of(accepted, now) })
      if index == #PERSISTENCE_CHECKS_S then
        vim.api.nvim_buf_del_extmark(buffer, namespace, mark)
      end
    end, after_s * 1000)
  end
end

return M
