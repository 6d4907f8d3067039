-- Neovim 0.12's own display, for those who want it: its accept and its choice.
local M = {}

---Neovim keeps the range of the moment at which the answer came; what was typed since then and is
---part of the suggestion would stand there twice. So the range is extended to the cursor, and a
---suggestion that does not go on from what stands there is not taken over.
---@param item table
---@return table? item
function M.fit(item)
  local place = vim.api.nvim_win_get_cursor(0)
  local row, column = place[1] - 1, place[2]
  local range = item.range
  if not range then
    return item
  end
  local start = range.start.row or range.start[1]
  local first = range.start.col or range.start[2]
  local stop = range["end"] or range.end_
  local last_row, last = stop.row or stop[1], stop.col or stop[2]
  if start ~= row or last_row ~= row or column < first then
    return nil
  end
  local typed = vim.api.nvim_buf_get_text(0, row, first, row, column, {})[1]
  local text = type(item.insert_text) == "string" and item.insert_text or item.insert_text.value
  if text:sub(1, #typed) ~= typed then
    return nil
  end
  if column > last then
    if stop.col then
      stop.col = column
    else
      stop[2] = column
    end
  end
  return item
end

---@return boolean
function M.accept()
  local fitted = true
  local got = vim.lsp.inline_completion.get({
    on_accept = function(item)
      local fit = M.fit(item)
      fitted = fit ~= nil
      return fit
    end,
  })
  return got and fitted
end

---@param step integer
---@return boolean
function M.cycle(step)
  vim.lsp.inline_completion.select({ count = step })
  return true
end

return M
