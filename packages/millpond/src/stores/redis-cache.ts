import type { CacheStore, LeaseGrant, LeaseRequest } from '../cache/cache-store.ts'
import { StoreReplyError } from '../errors.ts'
import type { StoreKey } from '../key.ts'
import { type Commands, runScript } from './commands.ts'
import { groupBySlot } from './group-by-slot.ts'
import { FILL, LEASE, RELEASE, VERSIONS } from './lua/cache-scripts.ts'

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
    async renew(tags, nonce, ttlMs) {
      await Promise.all(tags.map((tag) => commands.send(['SET', tag, nonce, 'PX', ttlMs])))
    },
    async remove(keys) {
      await Promise.all(groupBySlot(keys, commands.slotOf).map((group) => commands.send(['DEL', ...group])))
    },
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
  const args = [token, leaseMs, nonce, tagTtlMs, takeOver ? 1 : 0, ...compare]
  const reply = await runScript(commands, LEASE, [entry, request.lease, ...tags], args)
  if (!Array.isArray(reply)) throw new StoreReplyError('Cannot lease: the store must answer with a list')
  const [verdict, ...versions] = reply.map(String)
  if (verdict === '2') return { kind: 'changed' }
  return verdict === '1' && versions.length === tags.length ? { kind: 'granted', versions } : { kind: 'held' }
}

/**
 * On a cluster the tags lie in slots of their own. Their versions are read beside the lease, not with it: all that counts is that both come before the load, and that is so when
 * both have been answered.
 */
async function leaseAcrossSlots(commands: Commands, request: LeaseRequest): Promise<LeaseGrant> {
  const versions = new Map<StoreKey, string>()
  const readGroup = async (group: readonly StoreKey[]) => {
    const reply = await runScript(commands, VERSIONS, group, [request.nonce, request.tagTtlMs])
    if (!Array.isArray(reply) || reply.length !== group.length) {
      throw new StoreReplyError('Cannot lease: the store must answer with one version for each tag')
    }
    group.forEach((tag, index) => {
      versions.set(tag, String(reply[index]))
    })
  }
  const groups = groupBySlot(request.tags, commands.slotOf)
  const [grant] = await Promise.all([lease(commands, { ...request, tags: [] }), ...groups.map(readGroup)])
  if (grant.kind !== 'granted') return grant
  return { kind: 'granted', versions: request.tags.map((tag) => versions.get(tag) ?? '') }
}
