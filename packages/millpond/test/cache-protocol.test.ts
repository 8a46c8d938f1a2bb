import { describe, expect, test } from 'vitest'
import { exploreProtocol, type Protocol } from './model/cache-protocol.ts'

const sound: readonly Protocol[] = (['key', 'tag', 'value tag'] as const).flatMap((invalidates) =>
  [{}, { refresh: true }, { local: 'sound' as const }, { refresh: true, local: 'sound' as const }].map((more) => ({
    invalidates,
    fence: 'token' as const,
    evictions: 2,
    ...more,
  })),
)

const broken: readonly Protocol[] = [
  { invalidates: 'key', fence: 'absence', evictions: 0 },
  { invalidates: 'key', fence: 'tombstone', evictions: 1 },
  { invalidates: 'key', fence: 'tombstone', evictions: 1, refresh: true },
  { invalidates: 'value tag', fence: 'token', evictions: 0, first: 'tag' },
  { invalidates: 'tag', fence: 'token', evictions: 0, local: 'no barrier' },
  { invalidates: 'tag', fence: 'token', evictions: 0, local: 'forget once' },
  { invalidates: 'key', fence: 'token', evictions: 0, local: 'no barrier' },
]

const toTitle = (protocol: Protocol) =>
  Object.entries(protocol)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')

describe('the protocol of the cache lets no read see what was invalidated before it, in any state', () => {
  test.each(sound.map((protocol) => [toTitle(protocol), protocol] as const))('%s', (_, protocol) => {
    const { states, violation } = exploreProtocol(protocol)
    expect(violation).toBe(undefined)
    expect(states).toBeGreaterThan(500)
  })
})

describe('a protocol that is not sound is found out', () => {
  test.each(broken.map((protocol) => [toTitle(protocol), protocol] as const))('%s', (_, protocol) => {
    expect(exploreProtocol(protocol).violation).toEqual(expect.arrayContaining(['writer commits']))
  })
})
