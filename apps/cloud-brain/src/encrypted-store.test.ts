import { createCache } from 'millpond'
import { memory } from 'millpond/memory'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { encryptedStore } from './encrypted-store.ts'

const key = (id: string, byte: number) => ({ id, key: Buffer.alloc(32, byte) })

describe('encryptedStore()', () => {
  it('encryptedStore() gives hits and invalidations as before, and the store sees no value', async () => {
    const inner = memory()
    const texts: string[] = []
    const store = encryptedStore(
      { ...inner, fill: (request) => inner.fill({ ...request, text: texts[texts.push(request.text) - 1] ?? '' }) },
      [key('a', 1)],
    )
    const open = (encrypted: typeof store) =>
      createCache({ store: encrypted, namespace: 'test' }).define({
        name: 'day',
        ttl: '5m',
        input: z.string(),
        tags: (date) => [date],
        load: (date) => ({ date, steps: 31_415 }),
      })
    const days = open(store)
    expect([(await days.get('one')).status, (await days.get('one')).status]).toEqual(['miss', 'hit'])
    expect((await days.get('one')).value).toEqual({ date: 'one', steps: 31_415 })
    expect(texts).toEqual([expect.stringMatching(/^sealed:a\.[\w-]+$/)])
    // A process with another key neither reads the entry nor fails.
    expect((await open(encryptedStore(inner, [key('b', 2)])).get('one')).status).toBe('miss')
    expect((await open(encryptedStore(inner, [key('c', 3), key('b', 2)])).get('one')).status).toBe('hit')
  })
})
