import { once } from 'node:events'
import { createGzip } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memory } from '../stores/memory/index.ts'
import { createCache } from './cache.ts'
import { seal } from './seal.ts'

const k1 = btoa('1'.repeat(32))
const k2 = btoa('2'.repeat(32))
const encryption = { current: 'k1', keys: { k1 } }

describe('seal()', () => {
  test.each([
    ['plain', {}],
    ['compressed', { compressAbove: 0 }],
    ['encrypted', { encryption }],
    ['compressed and encrypted', { compressAbove: 10, encryption }],
  ])('%s: opens what it closed', async (_, options) => {
    const sealed = seal(options)
    await fc.assert(
      fc.asyncProperty(fc.json(), async (body) => {
        expect(await sealed.open(await sealed.close(body, 'key'), 'key')).toBe(body)
      }),
      { numRuns: 50 },
    )
  })

  test('compresses only above the size, and then to less', async () => {
    const sealed = seal({ compressAbove: 1_000 })
    expect(await sealed.close('"short"', 'key')).toBe('"short"')
    expect(await sealed.close('x'.repeat(1_000), 'key')).toBe('x'.repeat(1_000))
    const long = JSON.stringify('all the same '.repeat(1_000))
    expect((await sealed.close(long, 'key')).length).toBeLessThan(long.length / 10)
  })

  test('encrypts so that nothing shows, and differently each time', async () => {
    const sealed = seal({ encryption })
    const [a, b] = [await sealed.close('"steps 8412"', 'key'), await sealed.close('"steps 8412"', 'key')]
    expect(a).not.toContain('8412')
    expect(a).not.toBe(b)
  })

  test.each([
    ['in another context', 'other key', (stored: string) => stored],
    [
      'with a changed byte',
      'key',
      (stored: string) => `${stored.slice(0, -3)}${stored.endsWith('A==') ? 'B==' : 'A=='}`,
    ],
    ['cut short', 'key', (stored: string) => stored.slice(0, 30)],
    ['under an unknown key id', 'key', (stored: string) => stored.replace('Ek1', 'Ek9')],
    ['not encrypted at all', 'key', () => '"plain"'],
  ])('does not open what is %s', async (_, context, change) => {
    const sealed = seal({ encryption })
    expect(await sealed.open(change(await sealed.close('"value"', 'key')), context)).toBe(undefined)
  })

  test('opens what an earlier key closed, as long as that key is there', async () => {
    const old = await seal({ encryption }).close('"value"', 'key')
    expect(await seal({ encryption: { current: 'k2', keys: { k1, k2 } } }).open(old, 'key')).toBe('"value"')
    expect(await seal({ encryption: { current: 'k2', keys: { k2 } } }).open(old, 'key')).toBe(undefined)
    expect(await seal({}).open(old, 'key')).toBe(undefined)
  })

  test('does not open what would inflate to gigabytes, nor hold it', { timeout: 60_000 }, async () => {
    const sealed = seal({ compressAbove: 0 })
    // A gigabyte of spaces is a megabyte.
    const zip = createGzip()
    const parts: Buffer[] = []
    zip.on('data', (part: Buffer) => parts.push(part))
    const space = Buffer.alloc(2 ** 20, ' ')
    for (let times = 0; times < 1_024; times += 1) {
      if (!zip.write(space)) await once(zip, 'drain')
    }
    zip.end()
    await once(zip, 'end')
    const bomb = `Z${Buffer.concat(parts).toString('base64')}`
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    }, 1)
    expect(await sealed.open(bomb, 'key')).toBe(undefined)
    clearInterval(watch)
    expect(most).toBeLessThan(256 * 2 ** 20)
  })

  test('leaves a value that is too long to be opened again as it is', async () => {
    const sealed = seal({ compressAbove: 0 })
    const body = ' '.repeat(64 * 2 ** 20 + 1)
    expect((await sealed.close(body, 'key')) === body).toBe(true)
    const longest = body.slice(1)
    expect((await sealed.open(await sealed.close(longest, 'key'), 'key')) === longest).toBe(true)
  })

  test('throws for options that break their rule, without showing a key', () => {
    const secret = 'too-short-but-secret'
    expect(() => seal({ encryption: { current: 'a', keys: { a: secret } } })).toThrow(
      'Cannot create a seal: encryption key "a" must be 32 bytes in base64',
    )
    expect(() => seal({ encryption: { current: 'b', keys: { k1 } } })).toThrow(
      '"encryption.current" must be the id of one of its keys, received "b"',
    )
    expect(() => seal({ compressAbove: -1 })).toThrow('"compressAbove" must be a number >= 0, received -1')
  })
})

test('a cache with a seal serves what it stored, and the store sees neither value nor input', async () => {
  const store = memory()
  const texts: string[] = []
  const fill: typeof store.fill = (request) => {
    texts.push(JSON.stringify(request))
    return store.fill(request)
  }
  const sealed = seal({ encryption, compressAbove: 100 })
  const options = { namespace: 'test', seal: sealed, keySecret: 'a secret of some length' }
  const cache = createCache({ store: { ...store, fill }, ...options })
  const value = cache.define({ name: 'value', ttl: '1m', load: () => ({ steps: 8_412, note: 'x'.repeat(500) }) })
  const [miss, hit] = [await value.get(), await value.get()]
  expect([hit.status, hit.body]).toEqual(['hit', miss.body])
  expect(texts.length).toBe(1)
  expect(texts[0]).not.toMatch(/8412|xxx/)
  const key = cache.key('a')
  await cache.set(key, 'plain entry 8412', { ttl: '1m' })
  expect(await cache.get(key)).toMatchObject({ status: 'hit', value: 'plain entry 8412' })
  expect(texts[1]).not.toMatch(/8412/)
})
