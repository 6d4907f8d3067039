-- The server: how it is found, started, and started anew when it died.
local config = require("ghostlap.config")

local M = {}

M.NAME = "ghostlap"
local RESTART_WINDOW_MS = 180000
local FIRST_WAIT_MS = 500 -- the first start anew is at once, then the waits double

local has_methods = vim.fn.has("nvim-0.11") == 1

---@class (exact) ghostlap.Found
---@field cmd string[]
---@field from string where it was found

---The file in which `ghostlap editor install` notes the environment that it belongs to.
---@return string
function M.note_path()
  local folder
  if vim.fn.has("win32") == 1 then
    folder = vim.env.LOCALAPPDATA or vim.fn.expand("~/AppData/Local")
  elseif vim.fn.has("mac") == 1 then
    folder = vim.fn.expand("~/Library/Application Support")
  else
    folder = vim.env.XDG_CONFIG_HOME or vim.fn.expand("~/.config")
  end
  return vim.fs.joinpath(folder, "ghostlap", "server.json")
end

---@return string[]? cmd
local function noted()
  local ok, lines = pcall(vim.fn.readfile, M.note_path())
  if not ok then
    return nil
  end
  local read, note = pcall(vim.json.decode, table.concat(lines, "\n"))
  local cmd = read and type(note) == "table" and note.command
  if type(cmd) == "table" and type(cmd[1]) == "string" and vim.fn.executable(cmd[1]) == 1 then
    return cmd
  end
end

---By setting, then by the environment that installed the plugin, then on PATH.
---@return ghostlap.Found? found
---@return string? problem what to do when there is none
function M.find()
  local cmd = config.get().cmd
  if cmd then
    if vim.fn.executable(cmd[1] or "") == 1 then
      return { cmd = cmd, from = "the option cmd" }
    end
    return nil, ("%s, which the option cmd names, can't be run."):format(cmd[1] or "What")
  end
  cmd = noted()
  if cmd then
    return { cmd = cmd, from = M.note_path() }
  end
  if vim.fn.executable("ghostlap") == 1 then
    return { cmd = { "ghostlap", "serve" }, from = "PATH" }
  end
  return nil, "There is no ghostlap on PATH."
end

---The client's methods are called with a dot before 0.11, with a colon since.
---@param client vim.lsp.Client
---@param name string
local function call(client, name, ...)
  if has_methods then
    return client[name](client, ...)
  end
  return client[name](...)
end

---@param client vim.lsp.Client
---@param method string
---@param params table
---@param handler fun(error: table?, result: any)
---@param buffer? integer
---@return integer? id of the request
function M.request(client, method, params, handler, buffer)
  local sent, id = call(client, "request", method, params, handler, buffer)
  return sent and id or nil
end

---@param client vim.lsp.Client
---@param method string
---@param params table
function M.notify(client, method, params)
  call(client, "notify", method, params)
end

---@param client vim.lsp.Client
---@param id integer
function M.cancel(client, id)
  call(client, "cancel_request", id)
end

---@return vim.lsp.Client?
function M.client()
  for _, client in ipairs(vim.lsp.get_clients({ name = M.NAME })) do
    if not call(client, "is_stopped") then
      return client
    end
  end
end

---Why the last start failed; nil while all is well.
---@type string?
M.problem = nil

local stopping = false
---@type integer[] when it was started anew, in ms
local restarts = {}

---@param code integer
---@param signal integer
---@param died fun() to start it anew
---@param forget fun() the old client. Not before there is a new one: Neovim follows the text of a
---buffer only while that has a client, and once it has stopped it does not begin again.
local function on_exit(code, signal, died, forget)
  if stopping or vim.v.exiting ~= vim.NIL then
    forget()
    return
  end
  local now = vim.uv.now()
  restarts = vim.tbl_filter(function(at)
    return now - at < RESTART_WINDOW_MS
  end, restarts)
  if #restarts < config.get().restarts then
    local wait_ms = #restarts == 0 and 0 or FIRST_WAIT_MS * 2 ^ (#restarts - 1)
    table.insert(restarts, now)
    vim.defer_fn(function()
      died()
      forget()
    end, wait_ms)
    return
  end
  forget()
  M.problem = ("The server ended (code %d, signal %d), again and again."):format(code, signal)
  vim.notify("ghostlap: the server ends again and again; see :Ghostlap log", vim.log.levels.ERROR)
end

---Start the process, and keep from Neovim how it ended: it would say so in a message that has to be
---confirmed, while the server is started anew already.
---@param cmd string[]
---@param died fun()
local function launcher(cmd, died)
  return function(dispatchers)
    local own = vim.tbl_extend("force", {}, dispatchers)
    own.on_exit = function(code, signal)
      vim.schedule(function()
        on_exit(code, signal, died, function()
          dispatchers.on_exit(0, 0)
        end)
      end)
    end
    return vim.lsp.rpc.start(cmd, own)
  end
end

---@param buffer integer
---@return string
local function root_of(buffer)
  return vim.fs.root(buffer, { ".git", ".hg", ".jj" }) or vim.fn.getcwd()
end

---Say that a further folder is open, since one server serves all.
---@param client vim.lsp.Client
---@param root string
local function add_folder(client, root)
  local folder = { uri = vim.uri_from_fname(root), name = root }
  client.workspace_folders = client.workspace_folders or {}
  for _, known in ipairs(client.workspace_folders) do
    if known.uri == folder.uri then
      return
    end
  end
  table.insert(client.workspace_folders, folder)
  local event = { added = { folder }, removed = {} }
  M.notify(client, "workspace/didChangeWorkspaceFolders", { event = event })
end

local LEVELS = { vim.log.levels.ERROR, vim.log.levels.WARN, vim.log.levels.INFO }

---Attach `buffer` to the server, started now if there is none.
---@param buffer integer
---@param hooks {died: fun(), status: fun(status: table)}
---@return integer? client_id
function M.attach(buffer, hooks)
  local found, problem = M.find()
  if not found then
    if M.problem ~= problem then
      M.problem = problem
      -- Short: what does not fit on one line would have to be confirmed.
      vim.notify("ghostlap: no server was found; see :checkhealth ghostlap", vim.log.levels.WARN)
    end
    return nil
  end
  M.problem, stopping = nil, false
  local root = root_of(buffer)
  local id = vim.lsp.start({
    name = M.NAME,
    cmd = launcher(found.cmd, hooks.died),
    root_dir = root,
    capabilities = vim.tbl_deep_extend("force", vim.lsp.protocol.make_client_capabilities(), {
      experimental = { ghostlapStatus = true },
      textDocument = { inlineCompletion = { dynamicRegistration = false } },
    }),
    init_options = config.get().settings,
    settings = { ghostlap = config.get().settings },
    handlers = {
      ["window/showMessage"] = function(_, message)
        vim.notify("ghostlap: " .. message.message, LEVELS[message.type] or vim.log.levels.INFO)
        return vim.NIL
      end,
      ["ghostlap/status"] = function(_, status)
        hooks.status(status)
      end,
    },
  }, {
    bufnr = buffer,
    reuse_client = function(client)
      return client.name == M.NAME and not call(client, "is_stopped")
    end,
  })
  local client = id and vim.lsp.get_client_by_id(id)
  if client and client.initialized then
    add_folder(client, root)
  end
  return id
end

---End the server, and count what it does from now on as wanted.
function M.stop()
  stopping = true
  restarts = {}
  local client = M.client()
  if client then
    call(client, "stop")
  end
end

return M
