-- :checkhealth ghostlap
local M = {}

---@param cmd string[]
---@param ... string
---@return integer code, string printed
local function run(cmd, ...)
  local whole = vim.list_slice(cmd, 1, #cmd)
  while whole[#whole] == "serve" or whole[#whole] == "--stdio" do
    table.remove(whole)
  end
  local ran, done = pcall(function(...)
    return vim.system(vim.list_extend(whole, { ... }), { text = true }):wait(10000)
  end, ...)
  if not ran then
    return -1, tostring(done)
  end
  return done.code, vim.trim(done.stdout .. done.stderr)
end

local function check_editor()
  local version = vim.version()
  local words = ("Neovim %d.%d.%d"):format(version.major, version.minor, version.patch)
  if vim.fn.has("nvim-0.10") == 0 then
    vim.health.error(words .. " is too old: ghostlap needs 0.10")
    return
  end
  vim.health.ok(words)
  local display = require("ghostlap.config").get().display
  if display == "builtin" then
    vim.health.info("Neovim's own display is used, which waits 200 ms after each key")
  else
    vim.health.ok("asks at once after each key")
  end
end

local function check_server()
  local server = require("ghostlap.server")
  local found, problem = server.find()
  if not found then
    vim.health.error(problem or "There is no server.", {
      "Have `ghostlap` on PATH, or run `ghostlap editor install neovim` where it is installed.",
      "Or name its command: require('ghostlap').setup({ cmd = { … } }); see :help ghostlap-server",
    })
    return
  end
  local code, version = run(found.cmd, "--version")
  if code ~= 0 then
    vim.health.error(("%s does not run: %s"):format(found.cmd[1], version))
    return
  end
  vim.health.ok(("%s, found by %s: %s"):format(version, found.from, table.concat(found.cmd, " ")))
  local checked, says = run(found.cmd, "config", "check")
  vim.health[checked == 0 and "ok" or "warn"]("configuration: " .. says)
end

local function check_client()
  local server = require("ghostlap.server")
  local client = server.client()
  if server.problem then
    vim.health.error(server.problem, { ":Ghostlap log", ":Ghostlap restart" })
  elseif not client then
    vim.health.info("no server runs: it is started with the first file")
  elseif not client.server_capabilities.inlineCompletionProvider then
    vim.health.error("the server offers no inline completion")
  else
    vim.health.ok(("buffers that it serves: %d"):format(vim.tbl_count(client.attached_buffers)))
    local status = require("ghostlap").status()
    if status.state == "error" then
      vim.health.error(status.message or "the server reports an error")
    elseif status.primary then
      vim.health.ok("asks " .. status.primary)
    end
    local round_trip = require("ghostlap.clock").round_trip_ms
    if round_trip then
      vim.health.ok(("clocks compared to within %.2f ms"):format(round_trip / 2))
    end
  end
end

function M.check()
  vim.health.start("ghostlap: editor")
  check_editor()
  vim.health.start("ghostlap: server")
  check_server()
  vim.health.start("ghostlap: session")
  check_client()
end

return M
