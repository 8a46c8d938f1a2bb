import { lua } from './script.ts'

/**
 * The algorithms of the limit script by their letters, each as functions that use what stands above them in the script: `now`, `write`, `binary`, `pack` and `behind`. What gives back stands apart, for the
 * calls that do.
 *
 * `LOOK` gives the units that fit (nil where the clock lies in none of the windows) and up to four values that it found, which the other two get as a, b, c and d.
 * `SETTLE` takes `taken` units, writes, and gives reset ms, retry ms for `missing` units, and the mark. `REFUND` gives back up to `cost` of the units that `mark` names and
 * gives how many; `PROLONG`, where there is one, lets them live on.
 */
export const LUA_ALGORITHMS = {
  s: {
    decides: lua`
function LOOK.s(log, limit, window)
  local units = #log / 4
  if units % 1 ~= 0 then
    log = ''
    units = 0
  end
  local at, first = now, 1
  if units > 0 then
    local newest = behind(log, units * 4 - 3, now)
    if newest < 0 then at = now - newest end
    if behind(log, 1, at) >= window then
      local expired = 1
      first = units + 1
      while first - expired > 1 do
        local middle = floor((first + expired) / 2)
        if behind(log, middle * 4 - 3, at) >= window then expired = middle else first = middle end
      end
    end
  end
  return limit - units + first - 1, log, first, at, units
end

function SETTLE.s(key, taken, missing, limit, window, cost, _, log, first, at, units)
  if taken > 0 then
    local reset = at + window - now
    if first > 1 then log = string.sub(log, first * 4 - 3) end
    if taken == 1 then log = log .. pack(at) else log = log .. string.rep(pack(at), taken) end
    write(key, log, reset)
    return reset, 0, at
  end
  local reset, retry = 0, 0
  if units >= first then reset = window - behind(log, units * 4 - 3, now) end
  if missing > 0 then retry = window - behind(log, (first + missing - 1) * 4 - 3, now) end
  return reset, retry, ''
end
`,
    givesBack: lua`
function REFUND.s(key, mark, window, cost, _, log, first, at, position)
  if at - mark >= window then return 0 end
  while position > 0 and behind(log, position * 4 - 3, mark) < 0 do position = position - 1 end
  local before = position
  while before > 0 and position - before < cost and behind(log, before * 4 - 3, mark) == 0 do before = before - 1 end
  if before < position then write(key, string.sub(log, 1, before * 4) .. string.sub(log, position * 4 + 1), 0) end
  return position - before
end
`,
  },
  f: {
    decides: lua`
function LOOK.f(state, limit, window, starts)
  local began, count = string.match(state, '^(%d+):(%d+)$')
  began = number(began) or 0
  local at = math.max(now, began)
  local start, ends
  if starts == '' then
    start = floor(at / window) * window
    ends = start + window
  else
    for text in string.gmatch(starts, '%d+') do
      local boundary = number(text)
      if boundary <= at then start = boundary elseif not ends then ends = boundary end
    end
    if not start or not ends then return nil end
  end
  local taken = 0
  if began >= start then taken = number(count) or 0 else began = at end
  return limit - taken, began, taken, ends
end

function SETTLE.f(key, taken, missing, limit, window, cost, _, began, before, ends)
  local left = ends - now
  local mark = ''
  if taken > 0 then
    mark = began
    write(key, string.format('%.0f:%.0f', began, before + taken), left)
  end
  return before + taken > 0 and left or 0, missing > 0 and left or 0, mark
end
`,
    givesBack: lua`
function REFUND.f(key, mark, window, cost, _, began, before)
  if began ~= number(mark) then return 0 end
  local count = math.min(cost, before)
  if count > 0 then write(key, string.format('%.0f:%.0f', began, before - count), 0) end
  return count
end
`,
  },
  b: {
    decides: lua`
local function to_bucket(level, at, count)
  if binary then return binary.pack('>dddB', level, at, count, 0) end
  return string.format('%.0f:%.0f:%.0f', level, at, count)
end

function LOOK.b(state, limit, window, refill)
  local level, began, count
  if #state == 25 then level, began, count = binary.unpack('>ddd', state)
  else level, began, count = string.match(state, '^(%d+):(%d+):(%d+)$') end
  began = number(began) or now
  count = number(count) or 0
  local at = math.max(now, began)
  level = math.max(0, (number(level) or 0) - (at - began) * refill)
  if level == 0 then count = math.max(count, at * 2048) end
  return floor((limit * window - level) / window), level, at, count
end

function SETTLE.b(key, taken, missing, limit, window, cost, refill, level, at, count)
  local reset, retry = 0, 0
  if missing > 0 then retry = at - now + math.ceil((level + (cost - limit) * window) / refill) end
  if taken > 0 then level = level + taken * window end
  if level > 0 then reset = at - now + math.ceil(level / refill) end
  if taken == 0 then return reset, retry, '' end
  count = count + taken
  write(key, to_bucket(level, at, count), reset)
  return reset, retry, count
end
`,
    givesBack: lua`
function REFUND.b(key, mark, window, cost, refill, level, at, count)
  local since = count - mark
  local without = math.max(level - cost * window, since * window)
  if since < 0 or without >= level then return 0 end
  if since == 0 then count = count - cost end
  write(key, to_bucket(without, at, count), 0)
  return math.ceil((level - without) / window)
end
`,
  },
  c: {
    decides: lua`
function LOOK.c(state, limit)
  local kept, ends = {}, {}
  for p = 1, #state - 11, 12 do
    local left = -behind(state, p, now)
    if left > 0 then
      kept[#kept + 1] = string.sub(state, p, p + 11)
      ends[#ends + 1] = left
    end
  end
  return limit - #kept, kept, ends
end

function SETTLE.c(key, taken, missing, limit, window, cost, permit, kept, ends)
  local reset, retry, mark = 0, 0, ''
  if missing > 0 then
    table.sort(ends)
    retry = ends[missing]
  end
  for _, left in ipairs(ends) do reset = math.max(reset, left) end
  if taken > 0 then
    reset = math.max(reset, window)
    mark = permit
    write(key, table.concat(kept) .. string.rep(pack(now + window) .. permit, taken), reset)
  end
  return reset, retry, mark
end
`,
    givesBack: lua`
function REFUND.c(key, mark, window, cost, _, kept)
  local left = {}
  for _, held in ipairs(kept) do
    if string.sub(held, 5) ~= mark then left[#left + 1] = held end
  end
  if #left < #kept then write(key, table.concat(left), 0) end
  return #kept - #left
end

function PROLONG.c(key, mark, window, kept, ends)
  local count, reset = 0, window
  for n, held in ipairs(kept) do
    if string.sub(held, 5) == mark then
      kept[n] = pack(now + window) .. mark
      count = count + 1
    else
      reset = math.max(reset, ends[n])
    end
  end
  if count > 0 then write(key, table.concat(kept), reset) end
  return count
end
`,
  },
} as const

/** The letter of an algorithm in the script's arguments. */
export type AlgorithmLetter = keyof typeof LUA_ALGORITHMS
