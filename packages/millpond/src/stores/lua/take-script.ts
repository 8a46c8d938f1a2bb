import { createScript } from './script.ts'

/**
 * The Lua twin of `slidingWindowStep` and `fixedWindowStep`; a differential test holds the two together.
 *
 * KEYS: one for each check. ARGV: the moment in ms (empty: the server's own clock), then for each check its algorithm (`s` or `f`), limit, window ms, cost.
 * Replies four integers for each check: allowed, remaining, reset ms, retry ms (-1: never). All checks are evaluated before any is written.
 *
 * A sliding window is a string of 4 bytes a unit, big-endian, the moment modulo 2^32, oldest first: windows are shorter than 2^31 ms and a key lives no
 * longer than its window, so the difference to now tells the moment. A fixed window is the text `start:count`.
 */
export const TAKE = createScript(`
local now
if ARGV[1] == '' then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
else
  now = tonumber(ARGV[1])
end

local function get(key)
  local value = redis.pcall('GET', key)
  if type(value) == 'string' then return value end
  return ''
end

local function age(log, i, at)
  local a, b, c, d = string.byte(log, i * 4 - 3, i * 4)
  local behind = (at - (((a * 256 + b) * 256 + c) * 256 + d)) % 4294967296
  if behind >= 2147483648 then return behind - 4294967296 end
  return behind
end

local function pack(moment)
  local m = moment % 4294967296
  return string.char(math.floor(m / 16777216), math.floor(m / 65536) % 256, math.floor(m / 256) % 256, m % 256)
end

local function sliding(key, limit, window, cost)
  local log = get(key)
  if #log % 4 ~= 0 then log = '' end
  local units = #log / 4
  local at = now
  if units > 0 then
    local newest = age(log, units, now)
    if newest < 0 then at = now - newest end
  end
  local first = 1
  while first <= units and age(log, first, at) >= window do first = first + 1 end
  local live = units - first + 1
  local check = { allowed = live + cost <= limit, ttl = at + window - now, key = key }
  local function verdict(taken)
    local count = live + taken
    local reset = 0
    if taken > 0 then
      reset = at + window - now
    elseif live > 0 then
      reset = window - age(log, units, now)
    end
    local retry = 0
    if not check.allowed then
      if cost > limit then
        retry = -1
      else
        retry = window - age(log, first + live + cost - limit - 1, now)
      end
    end
    return { math.max(0, limit - count), reset, retry }
  end
  check.verdict = verdict
  check.value = function()
    return string.sub(log, first * 4 - 3) .. string.rep(pack(at), cost)
  end
  return check
end

local function fixed(key, limit, window, cost)
  local start = math.floor(now / window) * window
  local taken = 0
  local began, count = string.match(get(key), '^(%d+):(%d+)$')
  if began then
    began = tonumber(began)
    if began >= start then
      start = began
      taken = tonumber(count)
    end
  end
  local ends = start + window - now
  local check = { allowed = taken + cost <= limit, ttl = ends, key = key }
  check.verdict = function(cost_taken)
    local count = taken + cost_taken
    local reset = 0
    if count > 0 then reset = ends end
    local retry = 0
    if not check.allowed then
      if cost > limit then retry = -1 else retry = ends end
    end
    return { math.max(0, limit - count), reset, retry }
  end
  check.value = function()
    return string.format('%.0f:%.0f', start, taken + cost)
  end
  return check
end

local checks = {}
local all = true
for i, key in ipairs(KEYS) do
  local p = i * 4 - 2
  local algorithm = ARGV[p] == 's' and sliding or fixed
  local cost = tonumber(ARGV[p + 3])
  local check = algorithm(key, tonumber(ARGV[p + 1]), tonumber(ARGV[p + 2]), cost)
  check.cost = cost
  checks[i] = check
  all = all and check.allowed
end

local reply = {}
for _, check in ipairs(checks) do
  local taken = 0
  if all then taken = check.cost end
  if taken > 0 then redis.call('SET', check.key, check.value(), 'PX', check.ttl) end
  local verdict = check.verdict(taken)
  reply[#reply + 1] = check.allowed and 1 or 0
  reply[#reply + 1] = verdict[1]
  reply[#reply + 1] = verdict[2]
  reply[#reply + 1] = verdict[3]
end
return reply
`)
