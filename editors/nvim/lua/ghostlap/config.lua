-- What a user can set, by setup() or by vim.g.ghostlap.
local M = {}

---@class (exact) ghostlap.Keys
---@field accept? string
---@field accept_word? string
---@field accept_line? string
---@field next? string
---@field previous? string
---@field dismiss? string

---@class (exact) ghostlap.Config
---@field cmd? string[] how to start the server; nil: see ghostlap.server
---@field display "own"|"builtin" "builtin" is Neovim 0.12's, which waits 200 ms after each key
---@field enabled fun(buffer: integer): boolean which buffers get ghost text
---@field keys ghostlap.Keys none is mapped unless it is named here
---@field settings table what would stand in config.toml; see `ghostlap config show`
---@field restarts integer how often a server that died is started anew within three minutes

---@type ghostlap.Config
local defaults = {
  cmd = nil,
  display = "own",
  enabled = function()
    return true
  end,
  keys = {},
  settings = {},
  restarts = 4,
}

local types = {
  cmd = "table",
  display = "string",
  enabled = "function",
  keys = "table",
  settings = "table",
  restarts = "number",
}

---@type ghostlap.Config?
local current

---What is wrong with a user's table, as sentences; what is wrong is not used.
---@param given table
---@return string[] problems
local function problems_of(given)
  local problems = {}
  for name, value in pairs(given) do
    if not types[name] then
      table.insert(problems, ("ghostlap: there is no option %q"):format(tostring(name)))
    elseif type(value) ~= types[name] then
      local sentence = "ghostlap: the option %q has to be a %s"
      table.insert(problems, sentence:format(name, types[name]))
      given[name] = nil
    end
  end
  if given.display and given.display ~= "own" and given.display ~= "builtin" then
    table.insert(problems, 'ghostlap: the option "display" is "own" or "builtin"')
    given.display = nil
  end
  if given.display == "builtin" and not vim.lsp.inline_completion then
    table.insert(problems, "ghostlap: this Neovim has no built-in display of ghost text")
    given.display = nil
  end
  return problems
end

---@param given? table
function M.set(given)
  local options = vim.deepcopy(given or {})
  for _, problem in ipairs(problems_of(options)) do
    vim.notify(problem, vim.log.levels.WARN)
  end
  current = vim.tbl_extend("force", defaults, options)
end

---@return ghostlap.Config
function M.get()
  if not current then
    M.set(vim.g.ghostlap)
  end
  return current --[[@as ghostlap.Config]]
end

return M
