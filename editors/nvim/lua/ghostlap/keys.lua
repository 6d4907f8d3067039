-- Keys that a user gave to actions. A key keeps what it did when there is nothing to act on.
local M = {}

local ACTIONS = {
  accept = true,
  accept_word = true,
  accept_line = true,
  next = true,
  previous = true,
  dismiss = true,
}

---@param keys string
---@param mode string
local function feed(keys, mode)
  -- In front of what was typed since: a key does not overtake another.
  local codes = vim.api.nvim_replace_termcodes(keys, true, false, true)
  vim.api.nvim_feedkeys(codes, mode .. "i", false)
end

---@param before table what the key was mapped to, as maparg() says it
---@param key string
local function fall_back(before, key)
  local mode = before.noremap == 1 and "n" or "m"
  if vim.tbl_isempty(before) then
    feed(key, "n")
  elseif before.expr == 1 then
    local keys = before.callback and before.callback() or vim.api.nvim_eval(before.rhs)
    if keys and keys ~= "" then
      -- A mapping that names its own key means the plain key.
      feed(keys, keys == key and "n" or mode)
    end
  elseif before.callback then
    before.callback()
  else
    feed(before.rhs, mode)
  end
end

---@param key string
---@param action string
function M.map(key, action)
  if not ACTIONS[action] then
    vim.notify(("ghostlap: there is no action %q for a key"):format(action), vim.log.levels.WARN)
    return
  end
  local before = vim.fn.maparg(key, "i", false, true)
  if before.desc and vim.startswith(before.desc, "ghostlap") then
    before = {}
  end
  vim.keymap.set("i", key, function()
    if not require("ghostlap")[action]() then
      fall_back(before, key)
    end
  end, { desc = "ghostlap: " .. action:gsub("_", " ") })
end

return M
