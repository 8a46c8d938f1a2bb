import { createScript } from './script.ts'

/**
 * KEYS: lease, then tags. ARGV: token, lease ms, nonce, tag TTL ms, `1` to take over. Replies 0, or 1 and the tags' versions.
 * A tag that holds another type is overwritten: it was not ours, and its entries must not count.
 */
export const LEASE = createScript(`
if ARGV[5] == '1' then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
elseif not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return {0}
end
local reply = {1}
for i = 2, #KEYS do
  local version = redis.pcall('GETEX', KEYS[i], 'PX', ARGV[4])
  if type(version) ~= 'string' then
    version = ARGV[3]
    redis.call('SET', KEYS[i], version, 'PX', ARGV[4])
  end
  reply[i] = version
end
return reply
`)

/** KEYS: entry, lease. ARGV: token, text, TTL ms. Replies 1 when the lease held the token and the entry was written. */
export const FILL = createScript(`
if redis.pcall('GET', KEYS[2]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1
`)

/** KEYS: lease. ARGV: token. */
export const RELEASE = createScript(`
if redis.pcall('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return 1
`)
