-- The ghost text of one buffer: what is shown, and how it goes on with what is typed.
local clock = require("ghostlap.clock")
local text = require("ghostlap.text")

local M = {}

---@class (exact) ghostlap.Item one suggestion, at the place for which it was asked
---@field id integer?
---@field text string from the cursor on, with \n between lines
---@field behind integer bytes right of the cursor that it takes the place of

---@class (exact) ghostlap.Ghost
---@field buffer integer
---@field row integer 0-based
---@field before string the line up to where `rest` begins
---@field after string the line from there on
---@field rest string what is not typed or taken over yet
---@field item ghostlap.Item
---@field items ghostlap.Item[] what one can cycle through
---@field base string `before`, when the suggestion was asked for
---@field key_ms number? when the key went down that asked for it
---@field received_ms number?
---@field is_new boolean whether it was not drawn yet

local namespace = vim.api.nvim_create_namespace("ghostlap")

---@type ghostlap.Ghost?
local shown
---@type fun(ghost: ghostlap.Ghost, rendered_ms: number)
local on_rendered = function() end

---@param callback fun(ghost: ghostlap.Ghost, rendered_ms: number) called once for each suggestion
function M.on_rendered(callback)
  on_rendered = callback
  vim.api.nvim_set_decoration_provider(namespace, {
    on_end = function()
      if shown and shown.is_new then
        shown.is_new = false
        local ghost, at = shown, clock.now()
        vim.schedule(function()
          on_rendered(ghost, at)
        end)
      end
    end,
  })
end

---@return ghostlap.Ghost?
function M.current()
  return shown
end

---@param buffer integer
---@return integer row, string before, string after
function M.cursor(buffer)
  local place = vim.api.nvim_win_get_cursor(0)
  local row, column = place[1] - 1, place[2]
  local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ""
  return row, line:sub(1, column), line:sub(column + 1)
end

---@param ghost ghostlap.Ghost
local function draw(ghost)
  vim.api.nvim_buf_clear_namespace(ghost.buffer, namespace, 0, -1)
  local lines = vim.split(ghost.rest, "\n", { plain = true })
  local tabstop = vim.bo[ghost.buffer].tabstop
  local column = vim.fn.strdisplaywidth(ghost.before)
  local behind = ghost.after:sub(1, ghost.item.behind)
  local first = lines[1]
  local position = "inline"
  if behind ~= "" then
    if vim.endswith(first, behind) then
      first = first:sub(1, #first - #behind) -- what stands there already need not stand there twice
    else
      position = "overlay"
    end
  end
  first = text.expand_tabs(first, column, tabstop)
  local missing = vim.fn.strdisplaywidth(behind) - vim.fn.strdisplaywidth(first)
  if position == "overlay" and missing > 0 then
    first = first .. (" "):rep(missing)
  end
  local below = {}
  for index = 2, #lines do
    local line = text.expand_tabs(lines[index], 0, tabstop)
    below[index - 1] = { { line == "" and " " or line, "GhostlapSuggestion" } }
  end
  vim.api.nvim_buf_set_extmark(ghost.buffer, namespace, ghost.row, #ghost.before, {
    virt_text = { { first, "GhostlapSuggestion" } },
    virt_text_pos = position,
    virt_lines = #below > 0 and below or nil,
    hl_mode = "combine",
    strict = false,
  })
end

---@param ghost ghostlap.Ghost
function M.show(ghost)
  shown = ghost
  draw(ghost)
end

function M.clear()
  if shown then
    if vim.api.nvim_buf_is_valid(shown.buffer) then
      vim.api.nvim_buf_clear_namespace(shown.buffer, namespace, 0, -1)
    end
    shown = nil
  end
end

---What of `item` is left when `before` was asked for and `now` stands there; nil when none fits.
---@param item ghostlap.Item
---@param before string
---@param now string
---@return string?
function M.rest_of(item, before, now)
  if now:sub(1, #before) ~= before then
    return nil
  end
  local typed = now:sub(#before + 1)
  if item.text:sub(1, #typed) ~= typed or #typed == #item.text then
    return nil
  end
  return item.text:sub(#typed + 1)
end

---Bring what is shown in step with the buffer. False when it does not fit any more.
---@return boolean
function M.follow()
  if not shown then
    return false
  end
  if vim.api.nvim_get_current_buf() ~= shown.buffer then
    return false
  end
  local row, before, after = M.cursor(shown.buffer)
  if row ~= shown.row then
    return false
  end
  local rest = M.rest_of(shown.item, shown.base, before)
  if rest == shown.rest and before == shown.before and after == shown.after then
    return true
  end
  if not rest then
    return false
  end
  if after ~= shown.after then
    -- An editor's own closing bracket counts as text to be replaced, if the suggestion has it too.
    local added = after:sub(1, #after - #shown.after)
    if added .. shown.after ~= after or #added ~= 1 or not rest:find(added, 1, true) then
      return false
    end
    shown.item = vim.tbl_extend("force", {}, shown.item, { behind = shown.item.behind + #added })
  end
  shown.before, shown.after, shown.rest = before, after, rest
  draw(shown)
  return true
end

---Make ready for a character that is about to be typed, so that no frame shows it twice: Neovim may
---draw the line before it says that it has changed.
---@param character string
function M.expect(character)
  if not shown or not M.follow() then
    return
  end
  local rest = M.rest_of(shown.item, shown.base, shown.before .. character)
  if rest then
    shown.rest = rest
    draw(shown)
  end
end

---Put `part`, with which `shown.rest` begins, into the buffer and the cursor behind it.
---@param part string
---@return integer row, integer column where it begins (0-based, bytes)
function M.insert(part)
  local ghost = assert(shown)
  local row, column = ghost.row, #ghost.before
  local whole = part == ghost.rest
  local behind = whole and ghost.item.behind or 0
  local lines = vim.split(part, "\n", { plain = true })
  -- One step of undo takes back what was accepted and not what was typed before.
  vim.cmd("let &g:undolevels = &g:undolevels")
  vim.api.nvim_buf_set_text(ghost.buffer, row, column, row, column + behind, lines)
  local last = row + #lines - 1
  local stop = (#lines == 1 and column or 0) + #lines[#lines]
  vim.api.nvim_win_set_cursor(0, { last + 1, stop })
  if not whole then
    ghost.rest = ghost.rest:sub(#part + 1)
    ghost.row, ghost.before, ghost.after = M.cursor(ghost.buffer)
    -- Asked for anew, as it were, from where it goes on.
    ghost.base = ghost.before
    ghost.item = { id = ghost.item.id, text = ghost.rest, behind = ghost.item.behind }
    ghost.items = { ghost.item }
    draw(ghost)
  end
  return row, column
end

return M
