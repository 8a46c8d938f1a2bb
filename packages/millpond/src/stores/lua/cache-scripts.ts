import { createScript, lua } from './script.ts'

/**
 * The version of a tag, created where it is missing and prolonged where it may end before an entry that names it. Where `touch` is '1' always: one command. Otherwise only when less than half of its time
 * is left: a command more, but no write, so that nobody who listens for changes is told of one. What holds something else than a version is overwritten: it was not ours, and would spoil the
 * entry's text.
 */
const VERSION_OF = lua`
local function versionOf(key, nonce, ttl, touch)
  local version
  if touch == '1' then
    version = redis.pcall('GETEX', key, 'PX', ttl)
  else
    version = redis.pcall('GET', key)
  end
  if type(version) ~= 'string' or #version > 64 or not string.find(version, '^[%w_-]+$') then
    redis.call('SET', key, nonce, 'PX', ttl)
    return nonce
  end
  if touch ~= '1' and redis.call('PTTL', key) < ttl / 2 then
    redis.call('PEXPIRE', key, ttl)
  end
  return version
end
`

/**
 * KEYS: entry, lease, then tags. ARGV: token, lease ms, nonce, tag TTL ms, `1` to take over, how the entry was seen to begin, its length or -1 not to compare, touch.
 * Replies 2 when the entry begins otherwise, 0 and for how many ms when the lease is held, or 1 and the tags' versions.
 */
export const LEASE = createScript(lua`${VERSION_OF}
local length = tonumber(ARGV[7])
if length >= 0 then
  local text = redis.pcall('GETRANGE', KEYS[1], 0, math.max(length - 1, 0))
  if type(text) == 'string' and text ~= ARGV[6] then
    return {2}
  end
end
if ARGV[5] == '1' then
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
elseif not redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return {0, redis.call('PTTL', KEYS[2])}
end
local reply = {1}
for i = 3, #KEYS do
  reply[i - 1] = versionOf(KEYS[i], ARGV[3], ARGV[4], ARGV[8])
end
return reply
`)

/** KEYS: tags. ARGV: nonce, tag TTL ms, touch. Replies the tags' versions, creating those that are missing. For tags that share no slot with the entry, or that only its value names. */
export const VERSIONS = createScript(lua`${VERSION_OF}
local reply = {}
for i = 1, #KEYS do
  reply[i] = versionOf(KEYS[i], ARGV[1], ARGV[2], ARGV[3])
end
return reply
`)

/** KEYS: entry, lease. ARGV: token, text, TTL ms. Replies 1 when the lease held the token and the entry was written. */
export const FILL = createScript(lua`
if redis.pcall('GET', KEYS[2]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1
`)

/** KEYS: lease. ARGV: token. */
export const RELEASE = createScript(lua`
if redis.pcall('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return 1
`)
