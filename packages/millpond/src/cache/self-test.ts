import { createNonce } from '../key.ts'
import type { Cache } from './cache.ts'

/** What a self-test found. */
export interface SelfTest {
  readonly ok: boolean
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[]
}

/** Stores, reads and invalidates a probe entry of its own on the real store; what went wrong there first is in the details. */
export async function testCache(
  parts: Pick<Cache, 'define' | 'invalidate'> & { disabled: boolean; first: { error?: unknown } },
): Promise<SelfTest> {
  if (parts.disabled) return { ok: true, checks: [{ name: 'cache', ok: true, detail: 'switched off' }] }
  const id = createNonce()
  const tag = `self-test:${id}`
  let loads = 0
  parts.first.error = undefined
  const probe = parts.define({
    name: `self-test.${id.replaceAll(/[^A-Za-z0-9]/g, '.')}`,
    ttl: '1m',
    tags: () => [tag],
    load: () => {
      loads += 1
      return loads
    },
  })
  const first = await probe.get()
  const second = await probe.get()
  const { delivered } = await parts.invalidate([tag])
  const third = await probe.get()
  await probe.delete()
  const stored = first.status === 'miss' && second.status === 'hit' && second.value === first.value
  const invalidated = delivered && third.status === 'miss' && third.value !== first.value
  const why = parts.first.error ? `: ${parts.first.error}` : ''
  const checks = [
    {
      name: 'an entry is stored and served',
      ok: stored,
      detail: `${first.status} then ${second.status} (${second.reason})${why}`,
    },
    {
      name: 'an invalidation holds',
      ok: invalidated,
      detail: `${delivered ? 'delivered' : 'undelivered'}, then ${third.status} (${third.reason})${why}`,
    },
  ]
  return { ok: checks.every((check) => check.ok), checks }
}
