import type { CacheStore, LeaseGrant, LeaseRequest } from '../cache/cache-store.ts'
import { StoreReplyError } from '../errors.ts'
import type { StoreKey } from '../key.ts'
import { type Commands, runScript } from './commands.ts'
import { groupBySlot } from './group-by-slot.ts'
import { FILL, LEASE, RELEASE, RENEW, VERSIONS } from './lua/cache-scripts.ts'

/** The cache's contract over Redis commands, however these travel. */
export function createRedisCache(commands: Commands): CacheStore {
  return {
    read: (keys) => readAll(commands, keys),
    atTickEnd: commands.atTickEnd,
    lease: (request) => (commands.slotOf ? leaseAcrossSlots(commands, request) : lease(commands, request)),
    async fill({ entry, lease, token, text, ttlMs }) {
      return (await runScript(commands, FILL, [entry, lease], [token, text, ttlMs])) === 1
    },
    async release(lease, token) {
      await runScript(commands, RELEASE, [lease], [token])
    },
    async versions(tags, nonce, ttlMs) {
      const others = commands.slotOf ? await readVersions(commands, tags.slice(0, -1), nonce, ttlMs) : []
      return [...others, ...(await readVersions(commands, tags.slice(others.length), nonce, ttlMs))]
    },
    async renew(tags, nonce, ttlMs) {
      const renewGroup = (group: readonly StoreKey[]) => runScript(commands, RENEW, group, [nonce, ttlMs])
      if (!commands.slotOf) return void (await renewGroup(tags))
      await renewGroup(tags.slice(0, 1))
      await Promise.all(groupBySlot(tags.slice(1), commands.slotOf).map(renewGroup))
    },
    scan: (match, cursor) => scan(commands, match, cursor),
    async remove(keys) {
      await Promise.all(groupBySlot(keys, commands.slotOf).map((group) => commands.send(['DEL', ...group])))
    },
  }
}

/** How many keys a server looks at in one SCAN: well below a millisecond. */
const KEYS_PER_SCAN = 1_000

/** One step through the keys of one server after the other: a cursor says which, and how far. */
async function scan(
  commands: Commands,
  match: string,
  cursor: string,
): Promise<{ keys: readonly StoreKey[]; cursor: string }> {
  const [at = '0', server = '0'] = cursor.split('@')
  const masters = (await commands.masters?.()) ?? [commands.send]
  const send = masters[Number(server)] ?? commands.send
  const { keyPrefix = '' } = commands
  const pattern = keyPrefix.replace(/[*?[\]\\]/g, '\\$&') + match
  const reply = await send(['SCAN', at, 'MATCH', pattern, 'COUNT', KEYS_PER_SCAN])
  const [next, keys] = Array.isArray(reply) ? reply : []
  if (!Array.isArray(keys)) throw new StoreReplyError('Cannot scan: the store must answer with a cursor and keys')
  const isDone = String(next) === '0'
  const later = Number(server) + 1
  return {
    keys: keys.map((key) => String(key).slice(keyPrefix.length) as StoreKey),
    cursor: !isDone ? `${next}@${server}` : later < masters.length ? `0@${later}` : '0',
  }
}

async function readAll(commands: Commands, keys: readonly StoreKey[]): Promise<(string | null)[]> {
  const { slotOf } = commands
  if (!slotOf) return readGroup(commands, keys)
  const values = new Map<StoreKey, string | null>()
  const readSlot = async (group: readonly StoreKey[]) => {
    const found = await readGroup(commands, group)
    group.forEach((key, index) => {
      values.set(key, found[index] ?? null)
    })
  }
  await Promise.all(groupBySlot(keys, slotOf).map(readSlot))
  return keys.map((key) => values.get(key) ?? null)
}

async function readGroup(commands: Commands, keys: readonly StoreKey[]): Promise<(string | null)[]> {
  const reply = await commands.send(['MGET', ...keys])
  if (Array.isArray(reply) && reply.length === keys.length) return reply.map(toText)
  throw new StoreReplyError('Cannot read: the store must answer MGET with one value for each key')
}

function toText(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

async function lease(commands: Commands, request: LeaseRequest): Promise<LeaseGrant> {
  const { entry, seen, tags, token, leaseMs, nonce, tagTtlMs, takeOver } = request
  const compare = seen === undefined ? ['', -1] : [seen, seen.length]
  const args = [token, leaseMs, nonce, tagTtlMs, takeOver ? 1 : 0, ...compare, toTouch(commands)]
  const reply = await runScript(commands, LEASE, [entry, request.lease, ...tags], args)
  if (!Array.isArray(reply)) throw new StoreReplyError('Cannot lease: the store must answer with a list')
  const [verdict, ...versions] = reply.map(String)
  if (verdict === '2') return { kind: 'changed' }
  if (verdict === '1' && versions.length === tags.length) return { kind: 'granted', versions }
  const leftMs = Number(versions[0])
  return { kind: 'held', leftMs: leftMs >= 0 ? leftMs : Number.POSITIVE_INFINITY }
}

/**
 * On a cluster the tags lie in slots of their own. Their versions are read beside the lease, not with it: all that counts is that both come before the load, and that is so when
 * both have been answered.
 */
async function leaseAcrossSlots(commands: Commands, request: LeaseRequest): Promise<LeaseGrant> {
  const [grant, versions] = await Promise.all([
    lease(commands, { ...request, tags: [] }),
    readVersions(commands, request.tags, request.nonce, request.tagTtlMs),
  ])
  return grant.kind === 'granted' ? { kind: 'granted', versions } : grant
}

/** A service that bills by the command has no push: there the shorter way. */
function toTouch({ keyLocking }: Commands): 0 | 1 {
  return keyLocking ? 1 : 0
}

async function readVersions(
  commands: Commands,
  tags: readonly StoreKey[],
  nonce: string,
  ttlMs: number,
): Promise<string[]> {
  const versions = new Map<StoreKey, string>()
  const readSlot = async (group: readonly StoreKey[]) => {
    const reply = await runScript(commands, VERSIONS, group, [nonce, ttlMs, toTouch(commands)])
    if (!Array.isArray(reply) || reply.length !== group.length) {
      throw new StoreReplyError('Cannot read versions: the store must answer with one for each tag')
    }
    group.forEach((tag, index) => {
      versions.set(tag, String(reply[index]))
    })
  }
  await Promise.all(groupBySlot(tags, commands.slotOf).map(readSlot))
  return tags.map((tag) => versions.get(tag) ?? '')
}
