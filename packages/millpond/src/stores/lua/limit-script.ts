import { type AlgorithmLetter, LUA_ALGORITHMS } from './limit-algorithms.ts'
import { createScript, lua, type Script } from './script.ts'

/**
 * The Lua twin of the steps in `limit/`; a differential test holds the two together. One call carries any number of groups, each decided alone, one after the other.
 *
 * KEYS: one for each check, group after group. ARGV: the moment in ms (empty: the server's own clock), then for each group its operation (`t` take, `p` peek,
 * `c` charge, `r` refund, `n` prolong), number of checks and how many groups of other keys ask the very same, and for each check five: algorithm (`s` sliding window, `f` fixed window, `b` token bucket, `c` permits;
 * upper case for a shadow), limit (refund and prolong: the mark), window ms, cost, and what the algorithm needs besides (refill, window starts, permit).
 *
 * Replies, for a take or peek, five for each check: allowed (-1: the clock lies in none of the windows), remaining, reset ms, retry ms (-1: never), mark; for the
 * other operations one: units.
 *
 * Every value is read once, by one MGET, and what changed is written once, at the end: if anything fails before, nothing has changed.
 *
 * A sliding window is a string of 4 bytes a unit, big-endian, the moment modulo 2^32, oldest first: windows are shorter than 2^31 ms and a key lives no
 * longer than its window, so the difference to now tells the moment. Permits are 12 bytes each, the end in the same way and 8 of identity. A fixed window is text: `began:count`, the moment of its first take. A token bucket is
 * three doubles, level, moment and count, and a byte that makes it as long as nothing else; where the server has no struct library it is text: `level:at:taken`.
 */
const CLOCK = lua`
local keys, args, number, floor = KEYS, ARGV, tonumber, math.floor
local now = number(args[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + floor(time[2] / 1000)
end
local LOOK, SETTLE = {}, {}
`

const SEVERAL = lua`
local value, ttl, changed = {}, {}, {}
local stored = redis.call('MGET', unpack(keys))
for i = 1, #keys do value[keys[i]] = stored[i] or '' end

local function write(key, text, ms)
  if not ttl[key] then
    changed[#changed + 1] = key
    ttl[key] = ms
  elseif ms > 0 then
    ttl[key] = ms
  end
  value[key] = text
end
`

/** For the algorithms that write bytes. */
const BINARY = lua`
local binary = rawget(_G, 'struct')
`

/** For the algorithms that pack moments. `behind` is how long before the moment `at` the four bytes at `position` say, negative when after it. */
const PACKING = lua`
local function pack(moment)
  local m = moment % 4294967296
  if binary then return binary.pack('>I4', m) end
  return string.char(floor(m / 16777216), floor(m / 65536) % 256, floor(m / 256) % 256, m % 256)
end

local function behind(text, position, at)
  local moment
  if binary then
    moment = binary.unpack('>I4', text, position)
  else
    local a, b, c, d = string.byte(text, position, position + 3)
    moment = ((a * 256 + b) * 256 + c) * 256 + d
  end
  local ms = (at - moment) % 4294967296
  if ms >= 2147483648 then return ms - 4294967296 end
  return ms
end
`

/** The verdict of a check, of which `taking` says whether it takes what fits. */
const JUDGE = lua`
local function judge(key, taking, extra, settle, limit, window, cost, room, a, b, c, d)
  local taken, missing = 0, 0
  local fits = cost <= room
  if not fits then
    if cost <= limit then missing = cost - room end
  elseif taking then
    taken = cost
  end
  local reset, retry, mark = settle(key, taken, missing, limit, window, cost, extra, a, b, c, d)
  if not fits and cost > limit then retry = -1 end
  local remaining = room - taken
  if remaining < 0 then remaining = 0 end
  return fits and 1 or 0, remaining, reset, retry, mark
end
`

const DECIDE = lua`
local reply, size, next_key, p = {}, 0, 1, 2

local function conclude(operation, key, all, extra, settle, limit, window, cost, room, a, b, c, d)
  if operation == 'c' then
    local taken = math.max(0, math.min(cost, room))
    settle(key, taken, 0, limit, window, cost, extra, a, b, c, d)
    size = size + 1
    reply[size] = taken
    return
  end
  local n = size
  size = size + 5
  reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4], reply[n + 5] = judge(
    key, all and operation == 't', extra, settle, limit, window, cost, room, a, b, c, d)
end

local function fail(operation, n)
  local last = size + n * (operation == 'c' and 1 or 5)
  for i = size + 1, last do reply[i] = -1 end
  size = last
end

local function decide(operation, n, times)
  if n == 1 then
    local letter, extra = string.lower(args[p]), args[p + 4]
    local limit, window, cost = number(args[p + 1]), number(args[p + 2]), number(args[p + 3])
    local look, settle = LOOK[letter], SETTLE[letter]
    for i = next_key, next_key + times - 1 do
      local key = keys[i]
      local room, a, b, c, d = look(value[key], limit, window, extra)
      if room then conclude(operation, key, true, extra, settle, limit, window, cost, room, a, b, c, d)
      else fail(operation, 1) end
    end
    return
  end
  local all, found = true, {}
  for i = 1, n do
    local q = p + i * 5 - 5
    local key, letter = keys[next_key + i - 1], string.lower(args[q])
    local limit, window, cost = number(args[q + 1]), number(args[q + 2]), number(args[q + 3])
    local room, a, b, c, d = LOOK[letter](value[key], limit, window, args[q + 4])
    if not room then return fail(operation, n) end
    if cost > room and letter == args[q] then all = false end
    found[i] = { key, letter, args[q + 4], limit, window, cost, room, a, b, c, d }
  end
  for i = 1, n do
    local f = found[i]
    conclude(operation, f[1], all, f[3], SETTLE[f[2]], f[4], f[5], f[6], f[7], f[8], f[9], f[10], f[11])
  end
end
`

const GIVING_BACK = lua`
local REFUND, PROLONG = {}, {}
`

const GIVE_BACK = lua`
local function give_back(operation, n, times)
  for i = 1, n * times do
    local q = p + (i - 1) % n * 5
    local key, letter, mark, window, extra = keys[next_key + i - 1], args[q], args[q + 1], number(args[q + 2]), args[q + 4]
    local count = 0
    if value[key] ~= '' then
      local room, a, b, c, d = LOOK[letter](value[key], 1, window, extra)
      if room and operation == 'r' then
        count = REFUND[letter](key, mark, window, number(args[q + 3]), extra, a, b, c, d)
      elseif room and PROLONG[letter] then
        count = PROLONG[letter](key, mark, window, a, b)
      end
    end
    size = size + 1
    reply[size] = count
  end
end
`

/** Without GIVE_BACK no call asks for it, and `give_back` is nil. */
const TAIL = lua`
while p <= #args do
  local operation, n, times = args[p], number(args[p + 1]), number(args[p + 2])
  p = p + 3
  if operation == 'r' or operation == 'n' then give_back(operation, n, times) else decide(operation, n, times) end
  next_key = next_key + n * times
  p = p + n * 5
end
for i = 1, #changed do
  local key = changed[i]
  local ms = ttl[key]
  if value[key] == '' then redis.call('DEL', key)
  elseif ms > 0 then redis.call('SET', key, value[key], 'PX', ms)
  else redis.call('SET', key, value[key], 'KEEPTTL') end
end
return reply
`

const ALONE = lua`
local function write(key, text, ms)
  redis.call('SET', key, text, 'PX', ms)
end
`

/** The script has one algorithm. */
const TAKE_ALONE = lua`
local letter, look = next(LOOK)
local limit, window, cost = number(args[2]), number(args[3]), number(args[4])
local room, a, b, c, d = look(redis.call('MGET', keys[1])[1] or '', limit, window, args[5])
if not room then return {-1, -1, -1, -1, -1} end
return {judge(keys[1], true, args[5], SETTLE[letter], limit, window, cost, room, a, b, c, d)}
`

const scripts = new Map<string, Script>()

/**
 * The script for calls that need these algorithms only and, with `givesBack`, refund or prolong. A script pays on each call for every function it defines, so a call gets the smallest
 * that serves it; there are at most 30, and 4 for takes alone.
 */
export function toLimitScript(letters: Iterable<AlgorithmLetter>, givesBack: boolean): Script {
  const sorted = [...new Set(letters)].sort()
  const name = `${sorted.join('')}${givesBack ? '+' : ''}`
  return toScript(name, () => [
    CLOCK,
    SEVERAL,
    ...toDeciding(sorted),
    DECIDE,
    ...(givesBack ? [GIVING_BACK, ...sorted.map((letter) => LUA_ALGORITHMS[letter].givesBack), GIVE_BACK] : []),
    TAIL,
  ])
}

/**
 * The script for a take of one check, by far the most frequent call, without the bookkeeping for several: it decides as the other does, and replies what that replies.
 *
 * KEYS: the one of the check. ARGV: the moment as above, limit, window ms, cost and what the algorithm needs besides. A shadow alone is taken like any other.
 */
export function toAloneScript(letter: AlgorithmLetter): Script {
  return toScript(`${letter}1`, () => [CLOCK, ALONE, ...toDeciding([letter]), TAKE_ALONE])
}

function toScript(name: string, toTexts: () => readonly string[]): Script {
  const known = scripts.get(name)
  if (known) return known
  const script = createScript(toTexts().join('\n'))
  scripts.set(name, script)
  return script
}

function toDeciding(sorted: readonly AlgorithmLetter[]): readonly string[] {
  return [
    sorted.some((letter) => letter !== 'f') ? BINARY : '',
    sorted.some((letter) => letter === 's' || letter === 'c') ? PACKING : '',
    ...sorted.map((letter) => LUA_ALGORITHMS[letter].decides),
    JUDGE,
  ]
}
