import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createCache } from './cache.ts'

/** What the origin says of each input; `fail` throws. */
type Origin = { kind: 'value' | 'null' | 'fail'; version: number }
/** What a model of one entry knows. */
interface Known {
  readonly value: string | null
  readonly storedAt: number
  readonly ttlMs: number
}

const KEYS = 3
const lifetime = fc.record({
  ttl: fc.integer({ min: 2, max: 12 }),
  nullTtl: fc.option(fc.integer({ min: 2, max: 12 }), { nil: undefined }),
  staleFor: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
  staleIfError: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
  many: fc.boolean(),
})
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('get' as const),
      ids: fc.array(fc.nat(KEYS - 1), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 12 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('origin' as const),
      id: fc.nat(KEYS - 1),
      kind: fc.constantFrom('value' as const, 'null' as const, 'fail' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('invalidate' as const), id: fc.nat(KEYS - 1) }) },
)

test('a read is answered as a model of ttl, nullTtl, staleFor and staleIfError says, alone or as one of many', async () => {
  await fc.assert(
    fc.asyncProperty(
      lifetime,
      fc.array(step, { maxLength: 30 }),
      async ({ ttl, nullTtl, staleFor, staleIfError, many }, steps) => {
        const clock = createFakeClock()
        const background: Promise<unknown>[] = []
        const cache = createCache({
          store: memory({ clock }),
          namespace: 'test',
          clock,
          // No jitter, and loads take no time, so that none is ahead of time.
          random: () => 0,
          waitUntil: (work) => void background.push(work),
        })
        const origin = Array.from({ length: KEYS }, (): Origin => ({ kind: 'value', version: 0 }))
        const load = async (id: number) => {
          const { kind, version } = origin[id] ?? { kind: 'fail', version: 0 }
          if (kind === 'fail') throw new Error(`no ${id}`)
          return kind === 'null' ? null : `${id}:${version}`
        }
        const value = cache.define({
          name: 'value',
          ttl,
          ...(nullTtl && { nullTtl }),
          ...(staleFor && { staleFor }),
          ...(staleIfError && { staleIfError }),
          input: z.int(),
          tags: (id) => [`t${id}`],
          ...(many ? { loadMany: (ids: readonly number[]) => Promise.all(ids.map(load)) } : { load }),
        } as Parameters<typeof cache.define<string | null, z.ZodInt>>[0])
        const known = new Map<number, Known>()
        const asLoaded = (id: number): string | null | undefined => {
          const { kind, version } = origin[id] ?? { kind: 'fail', version: 0 }
          return kind === 'fail' ? undefined : kind === 'null' ? null : `${id}:${version}`
        }
        const store = (id: number) => {
          const loaded = asLoaded(id)
          if (loaded === undefined) return
          known.set(id, { value: loaded, storedAt: clock.now(), ttlMs: loaded === null ? (nullTtl ?? ttl) : ttl })
        }
        for (const one of steps) {
          if (one.do === 'pass') await clock.advance(one.ms)
          else if (one.do === 'origin') {
            const now = origin[one.id]
            if (now) origin[one.id] = { kind: one.kind, version: now.version + 1 }
          } else if (one.do === 'invalidate') {
            await cache.invalidate([`t${one.id}`])
            known.delete(one.id)
          } else {
            const reading = one.ids.map((id) => value.get(id).then(({ value: got, status }) => [got, status], String))
            await clock.advance(0)
            const ids = [...new Set(one.ids)]
            const pastOf = (id: number) => {
              const entry = known.get(id)
              return entry && clock.now() - entry.storedAt - entry.ttlMs
            }
            const isStale = (id: number) => {
              const past = pastOf(id) ?? -1
              return past >= 0 && past < (staleFor ?? 0)
            }
            // A call for many that fails is the failure of each, also of what it loads in the background.
            const called = ids.filter((id) => (pastOf(id) ?? 0) >= 0)
            const failing = called.some((id) => asLoaded(id) === undefined)
            const failsFor = (id: number) => (many ? failing : asLoaded(id) === undefined)
            const expected = new Map<number, unknown>()
            const refreshed: number[] = []
            for (const id of ids) {
              const entry = known.get(id)
              const past = pastOf(id) ?? Number.POSITIVE_INFINITY
              if (entry && past < 0) expected.set(id, [entry.value, 'hit'])
              else if (entry && isStale(id)) {
                expected.set(id, [entry.value, 'stale'])
                refreshed.push(id)
              } else if (!failsFor(id)) {
                expected.set(id, [asLoaded(id), 'miss'])
                store(id)
              } else if (entry && past < (staleIfError ?? 0)) expected.set(id, [entry.value, 'stale'])
              else expected.set(id, 'error')
            }
            const got = (await Promise.all(reading)).map((answer) => (typeof answer === 'string' ? 'error' : answer))
            expect(got).toEqual(one.ids.map((id) => expected.get(id)))
            await Promise.all(background.splice(0))
            for (const id of many && failing ? [] : refreshed) store(id)
          }
        }
        cache.close()
      },
    ),
    { numRuns: 150 },
  )
})
