-- Parts of a suggestion. Pure functions over strings.
local M = {}

-- A byte of a character beyond ASCII counts as a letter: words are not cut inside of it.
local WORD = "[%w_\128-\255]"
local SIGN = "[^%w_%s\128-\255]"

---@param text string
---@return string first the next word with the white space before it; a run of signs is a word too
function M.first_word(text)
  local _, space = text:find("^%s*")
  local _, stop = text:find("^" .. WORD .. "+", space + 1)
  if not stop then
    _, stop = text:find("^" .. SIGN .. "+", space + 1)
  end
  return text:sub(1, stop or space)
end

---@param text string
---@return string first the rest of the line; the next line, when there is no more of this one
function M.first_line(text)
  local _, breaks = text:find("^\n+")
  local stop = text:find("\n", (breaks or 0) + 1, true)
  return stop and text:sub(1, stop - 1) or text
end

---@param text string
---@return string text with the line breaks that a buffer knows
function M.normal(text)
  return (text:gsub("\r\n?", "\n"))
end

---@param text string
---@param column integer display column at which it begins
---@param tabstop integer
---@return string text of the same width without tabs, which virtual text does not align
function M.expand_tabs(text, column, tabstop)
  local at = column
  return (
    text:gsub("[^\t]*\t?", function(piece)
      if piece:sub(-1) ~= "\t" then
        at = at + vim.fn.strdisplaywidth(piece)
        return piece
      end
      local words = piece:sub(1, -2)
      at = at + vim.fn.strdisplaywidth(words)
      local width = tabstop - at % tabstop
      at = at + width
      return words .. (" "):rep(width)
    end)
  )
end

---How many characters of `text` are left in what now stands in its place.
---@param text string
---@param now string
---@return integer
function M.left_of(text, now)
  if text == now then
    return vim.fn.strchars(text)
  end
  local old, new = vim.fn.split(text, "\\zs"), vim.fn.split(now, "\\zs")
  local first = 0
  while first < #old and first < #new and old[first + 1] == new[first + 1] do
    first = first + 1
  end
  local last = 0
  local room = math.min(#old, #new) - first
  while last < room and old[#old - last] == new[#new - last] do
    last = last + 1
  end
  return first + last
end

return M
