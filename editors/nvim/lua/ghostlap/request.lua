-- Asking for ghost text: at once after each key, and whether an answer still fits when it comes.
local clock = require("ghostlap.clock")
local ghost = require("ghostlap.ghost")
local reports = require("ghostlap.reports")
local server = require("ghostlap.server")
local text = require("ghostlap.text")

local M = {}

local METHOD = "textDocument/inlineCompletion"
local INVOKED, AUTOMATIC = 1, 2

---@class (exact) ghostlap.Asked
---@field buffer integer
---@field row integer
---@field before string
---@field after string
---@field trigger integer
---@field key_ms number?
---@field step integer which of several suggestions is wanted: 1 the next, -1 the one before

local generation = 0
---@type integer?
local in_flight
---@type number?
local key_ms

---When the last key went down, by our own clock. Set by whoever hears keys.
---@param at_ms number?
function M.key(at_ms)
  key_ms = at_ms
end

---@param client vim.lsp.Client
---@param asked ghostlap.Asked
---@param range table?
---@return integer? behind bytes right of the cursor; nil when the range is not one at the cursor
local function bytes_behind(client, asked, range)
  if not range then
    return 0
  end
  local row, encoding = asked.row, client.offset_encoding
  if range.start.line ~= row or range["end"].line ~= row then
    return nil
  end
  local line = asked.before .. asked.after
  local function byte_at(character)
    if encoding == "utf-8" then
      return math.min(character, #line)
    end
    if vim.fn.has("nvim-0.11") == 1 then
      return vim.str_byteindex(line, encoding, character, false)
    end
    return vim.lsp.util._str_byteindex_enc(line, character, encoding) -- 0.10 has no other
  end
  local start, stop = byte_at(range.start.character), byte_at(range["end"].character)
  if start ~= #asked.before or stop < start then
    return nil
  end
  return stop - start
end

---@param value any
---@return string?
local function text_of(value)
  if type(value) == "table" then
    value = value.value
  end
  return type(value) == "string" and value ~= "" and text.normal(value) or nil
end

---@param client vim.lsp.Client
---@param asked ghostlap.Asked
---@param answer any
---@return ghostlap.Item[]
local function items_of(client, asked, answer)
  local items = {} ---@type ghostlap.Item[]
  local given = type(answer) == "table" and (answer.items or answer) or {}
  for _, each in ipairs(given) do
    local suggestion, behind = text_of(each.insertText), bytes_behind(client, asked, each.range)
    if suggestion and behind then
      local arguments = each.command and each.command.arguments or {}
      table.insert(items, { id = tonumber(arguments[1]), text = suggestion, behind = behind })
    end
  end
  return items
end

---@param items ghostlap.Item[]
---@param asked ghostlap.Asked
---@param now string the line up to the cursor
---@return ghostlap.Item? item, string? rest
local function choose(items, asked, now)
  local current = ghost.current()
  local start = 1
  if asked.trigger == INVOKED and current then
    for index, item in ipairs(items) do
      if ghost.rest_of(item, asked.before, now) == current.rest then
        start = (index - 1 + asked.step) % #items + 1
      end
    end
  end
  for offset = 0, #items - 1 do
    local item = items[(start - 1 + offset) % #items + 1]
    local rest = ghost.rest_of(item, asked.before, now)
    if rest then
      return item, rest
    end
  end
end

---Show what an answer brought, if it still fits what stands there by now.
---@param asked ghostlap.Asked
---@param items ghostlap.Item[]
---@param received_ms number
local function offer(asked, items, received_ms)
  local row, before, after = ghost.cursor(asked.buffer)
  if row ~= asked.row or after ~= asked.after then
    return
  end
  local item, rest = choose(items, asked, before)
  if not item or not rest then
    return
  end
  local current = ghost.current()
  local goes_on = current ~= nil and ghost.follow()
  if goes_on and current and asked.trigger == AUTOMATIC then
    -- What is being read does not change under the reader, unless it grows.
    if rest:sub(1, #current.rest) ~= current.rest then
      return
    end
  end
  if current then
    reports.hidden(current.item.id, "replaced")
  end
  ghost.show({
    buffer = asked.buffer,
    row = row,
    base = asked.before,
    before = before,
    after = after,
    rest = rest,
    item = item,
    items = items,
    key_ms = asked.key_ms,
    received_ms = received_ms,
    is_new = true,
  })
end

---Ask for ghost text at the cursor of the current window.
---@param trigger? "invoked"
---@param step? integer
function M.ask(trigger, step)
  local client = server.client()
  local buffer = vim.api.nvim_get_current_buf()
  if not client or not client.initialized or not vim.lsp.buf_is_attached(buffer, client.id) then
    return
  end
  if not client.server_capabilities.inlineCompletionProvider then
    return
  end
  generation = generation + 1
  local mine = generation
  local row, before, after = ghost.cursor(buffer)
  ---@type ghostlap.Asked
  local asked = {
    buffer = buffer,
    row = row,
    before = before,
    after = after,
    trigger = trigger and INVOKED or AUTOMATIC,
    key_ms = key_ms,
    step = step or 0,
  }
  key_ms = nil
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.context = { triggerKind = asked.trigger }
  in_flight = server.request(client, METHOD, params, function(error, answer)
    local received_ms = clock.now()
    if mine ~= generation or error or not vim.api.nvim_buf_is_valid(buffer) then
      return
    end
    in_flight = nil
    if vim.api.nvim_get_current_buf() ~= buffer or vim.fn.mode():sub(1, 1) ~= "i" then
      return
    end
    offer(asked, items_of(client, asked, answer), received_ms)
  end, buffer)
end

---Want no answer any more to what was asked.
function M.cancel()
  generation = generation + 1
  local client = server.client()
  if in_flight and client then
    server.cancel(client, in_flight)
  end
  in_flight = nil
end

return M
