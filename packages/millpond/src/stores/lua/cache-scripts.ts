import { createScript, lua } from './script.ts'

/**
 * Appends to `reply` the versions of the tags from the key `first` on, created where they are missing, and prolonged where less than half of `ttl` is left of one: never shortened, since another process may have
 * entries that live longer. One command for all and one for each, no write where there is nothing to prolong, so that nobody who listens for changes is told of one. What holds something else than a version is
 * overwritten: it was not ours, and would spoil the entry's text.
 */
const VERSIONS_OF = lua`
local function versionsOf(first, nonce, ttl, reply)
  if #KEYS < first then
    return reply
  end
  local found = redis.call('MGET', unpack(KEYS, first))
  for i, version in ipairs(found) do
    local key = KEYS[first + i - 1]
    if not version or #version > 64 or not string.find(version, '^[%w_-]+$') then
      redis.call('SET', key, nonce, 'PX', ttl)
      version = nonce
    elseif redis.call('PTTL', key) < ttl / 2 then
      redis.call('PEXPIRE', key, ttl)
    end
    reply[#reply + 1] = version
  end
  return reply
end
`

/**
 * KEYS: entry, lease, then tags. ARGV: token, lease ms, nonce, tag TTL ms, `1` to take over, how the entry was seen to begin, its length or -1 not to compare.
 * Replies 2 when the entry begins otherwise, 0 and for how many ms when the lease is held, or 1 and the tags' versions.
 */
export const LEASE = createScript(lua`${VERSIONS_OF}
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
return versionsOf(3, ARGV[3], ARGV[4], {1})
`)

/** KEYS: tags. ARGV: nonce, tag TTL ms. Replies the tags' versions, creating those that are missing. For tags that share no slot with the entry, or that only its value names. */
export const VERSIONS = createScript(lua`${VERSIONS_OF}
return versionsOf(1, ARGV[1], ARGV[2], {})
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
`)
