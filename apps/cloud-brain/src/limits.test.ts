import { memory } from 'millpond/memory'
import { createFakeClock } from 'millpond/testing'
import { describe, expect, it } from 'vitest'
import { CHAT_LIMITS, createApiLimiter, POLICIES } from './limits.ts'

type Name = keyof typeof POLICIES
const names = Object.keys(POLICIES) as Name[]

/** Every declared limit with the context it may have. */
const CASES = names.flatMap((name): { name: Name; tier: 'free' | 'premium'; limit: number }[] => {
  const { limit } = POLICIES[name]
  if (typeof limit === 'number') return [{ name, tier: 'free', limit }]
  return (['free', 'premium'] as const).map((tier) => ({ name, tier, limit: CHAT_LIMITS[tier] }))
})

describe('POLICIES', () => {
  it.each(CASES)('$name admits exactly $limit and refuses the next ($tier)', async ({ name, tier, limit }) => {
    const limiter = createApiLimiter({
      store: memory({ clock: createFakeClock(Date.parse('2026-03-29T12:00:00Z')) }),
      keySecret: 'sixteen characters',
    })
    const take = () =>
      limiter.take(name === 'chat' ? { policy: name, key: 'ana', context: { tier } } : { policy: name, key: 'ana' })
    let admitted = 0
    while ((await take()).status === 'allowed') admitted += 1
    expect([admitted, (await take()).status]).toEqual([limit, 'refused'])
  })
})
