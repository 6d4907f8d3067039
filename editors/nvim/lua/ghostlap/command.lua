-- :Ghostlap
local M = {}

---@param message string
local function say(message)
  vim.notify("ghostlap: " .. message, vim.log.levels.INFO)
end

---@param command string
---@param arguments any[]
---@param done? fun(status: table)
local function execute(command, arguments, done)
  local server = require("ghostlap.server")
  local client = server.client()
  if not client then
    vim.notify("ghostlap: no server runs; see :checkhealth ghostlap", vim.log.levels.WARN)
    return
  end
  local params = { command = command, arguments = arguments }
  server.request(client, "workspace/executeCommand", params, function(error, status)
    if error then
      vim.notify("ghostlap: " .. error.message, vim.log.levels.WARN)
    elseif done and type(status) == "table" then
      done(status)
    end
  end)
end

---Run the command line of the server's own environment, and show what it prints.
---@param arguments string[]
local function show_output(arguments)
  local found, problem = require("ghostlap.server").find()
  if not found then
    vim.notify("ghostlap: " .. problem, vim.log.levels.WARN)
    return
  end
  local cmd = vim.list_slice(found.cmd, 1, #found.cmd)
  if cmd[#cmd] == "--stdio" then
    table.remove(cmd)
  end
  if cmd[#cmd] == "serve" then
    table.remove(cmd)
  end
  vim.list_extend(cmd, arguments)
  local environment = { COLUMNS = tostring(vim.o.columns - 2), NO_COLOR = "1" }
  vim.system(cmd, { text = true, env = environment }, function(done)
    vim.schedule(function()
      local printed = vim.trim(done.stdout .. "\n" .. done.stderr)
      local buffer = vim.api.nvim_create_buf(false, true)
      vim.bo[buffer].bufhidden = "wipe"
      vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(printed, "\n"))
      vim.bo[buffer].modifiable = false
      vim.cmd("botright sbuffer " .. buffer)
      vim.wo.wrap = false
      vim.api.nvim_buf_set_name(
        buffer,
        "ghostlap://" .. table.concat(arguments, " ") .. "#" .. buffer
      )
      vim.keymap.set("n", "q", "<Cmd>close<CR>", { buffer = buffer, desc = "close" })
    end)
  end)
end

---@param on boolean
---@param scope? string
local function pause(on, scope)
  scope = scope or "document"
  local name = scope == "document" and vim.uri_from_bufnr(0) or vim.bo.filetype
  local argument = { scope = scope, on = on, name = scope ~= "all" and name or nil }
  execute("ghostlap.pause", { argument }, function()
    if on then -- else it would take what came meanwhile
      require("ghostlap.attach").hide("left")
    end
    say(("%s for %s"):format(on and "paused" or "on again", scope == "all" and "all" or name))
  end)
end

---@type table<string, {run: fun(arguments: string[]), values?: string[]}>
local commands = {
  hedge = {
    values = { "toggle", "off" },
    run = function(arguments)
      local function tell(status)
        say("hedging: " .. require("ghostlap.status").mode(status.hedge))
      end
      if not arguments[1] or arguments[1] == "toggle" then
        execute("ghostlap.hedge.toggle", {}, tell)
      else
        execute("ghostlap.hedge.set", { arguments[1] }, tell)
      end
    end,
  },
  provider = {
    run = function(arguments)
      if not arguments[1] then
        show_output({ "providers" })
        return
      end
      execute("ghostlap.provider.select", { arguments[1] }, function(status)
        say("asks " .. (status.primary or arguments[1]))
      end)
    end,
  },
  eagerness = {
    values = { "eager", "balanced", "calm" },
    run = function(arguments)
      execute("ghostlap.eagerness", { arguments[1] or "balanced" }, function()
        say("is " .. (arguments[1] or "balanced"))
      end)
    end,
  },
  stats = {
    run = function(arguments)
      show_output({ "stats", unpack(arguments) })
    end,
  },
  trace = {
    run = function(arguments)
      show_output({ "trace", unpack(#arguments > 0 and arguments or { "last" }) })
    end,
  },
  doctor = {
    run = function()
      show_output({ "doctor" })
    end,
  },
  log = {
    run = function()
      local path = vim.lsp.log and vim.lsp.log.get_filename and vim.lsp.log.get_filename()
        or vim.lsp.get_log_path()
      vim.cmd.tabnew(path)
      vim.cmd.normal({ "G", bang = true })
    end,
  },
  pause = {
    values = { "document", "language", "all" },
    run = function(arguments)
      pause(true, arguments[1])
    end,
  },
  resume = {
    values = { "document", "language", "all" },
    run = function(arguments)
      pause(false, arguments[1])
    end,
  },
  restart = {
    run = function()
      require("ghostlap.attach").restart()
    end,
  },
  status = {
    run = function()
      local status = require("ghostlap").status()
      local line = require("ghostlap.status").line()
      say(status.message and status.message ~= "" and status.message or line)
    end,
  },
}

---@param arguments string[]
function M.run(arguments)
  local name = arguments[1] or "status"
  local command = commands[name]
  if command then
    command.run(vim.list_slice(arguments, 2))
  else
    vim.notify(("ghostlap: there is no :Ghostlap %s"):format(name), vim.log.levels.WARN)
  end
end

---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local name = line:match("^%s*%S+%s+(%S+)%s")
  local known = name and (commands[name] and commands[name].values or {}) or vim.tbl_keys(commands)
  table.sort(known)
  return vim.tbl_filter(function(each)
    return vim.startswith(each, lead)
  end, known)
end

return M
