import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonical, createKeyring, createNonce } from './key.ts'

const ACTION = 'Cannot create cache'
const keyring = createKeyring({ namespace: 'app', action: ACTION })

describe('canonical()', () => {
  test('does not depend on the order of properties', () => {
    expect(canonical({ b: 1, a: { d: 2, c: [3] } })).toBe(canonical({ a: { c: [3], d: 2 }, b: 1 }))
  })

  test('tells values apart that print alike', () => {
    const values = [
      1,
      '1',
      1n,
      true,
      'true',
      null,
      'null',
      undefined,
      'undefined',
      0,
      -0,
      '',
      [],
      {},
      [[]],
      [undefined],
      ['a,b'],
      ['a', 'b'],
    ]
    const more = [
      { a: undefined },
      { 'a:1': 2 },
      { a: '1:2' },
      { a: 1, b: 2 },
      { 'a":1,"b': 2 },
      new Date(0),
      '@0',
      '\ud800',
      '\\ud800',
      'é',
      'e\u0301',
    ]
    const texts = [...values, ...more].map((value) => canonical(value))
    expect(new Set(texts).size).toBe(texts.length)
  })

  test('throws naming the path of what is not plain data', () => {
    expect(() => canonical({ user: { ids: [1, new Map()] } })).toThrow(
      'Cannot make a key: input.user.ids[1] must be plain data, received an instance of Map',
    )
    expect(() => canonical({ f: () => 1 })).toThrow(
      'Cannot make a key: input.f must be plain data, received a function',
    )
  })
})

describe('keyring.id()', () => {
  test('gives two inputs one id only when they are equal', async () => {
    const seen = new Map<string, string>()
    const nasty = fc.string({ unit: fc.constantFrom(...':*?[]{}\\|,"%=#~\u0000é\u0301 a1'), maxLength: 12 })
    const value = fc.anything({
      values: [nasty, fc.integer(), fc.boolean(), fc.constant(null)],
      maxDepth: 2,
      withNullPrototype: false,
    })
    await fc.assert(
      fc.asyncProperty(fc.dictionary(nasty, value), async (input) => {
        const text = canonical(input)
        const id = await keyring.id(text)
        const before = seen.get(id)
        seen.set(id, text)
        expect(before ?? text).toBe(text)
        expect(id).toMatch(/^[=#~][A-Za-z0-9"_.,:@+%-]*$/)
      }),
      { numRuns: 5_000 },
    )
  })

  test('is a digest for a long text, and an HMAC when there is a secret', async () => {
    const secret = createKeyring({ namespace: 'app', secret: 'a secret of some length', action: ACTION })
    const other = createKeyring({ namespace: 'app', secret: 'another secret of length', action: ACTION })
    expect(await keyring.id('x'.repeat(200))).toMatch(/^=x{200}$/)
    expect(await keyring.id('x'.repeat(201))).toMatch(/^#[\w-]{32}$/)
    expect(await secret.id('alice@example.org')).toMatch(/^~[\w-]{32}$/)
    expect(await secret.id('alice@example.org')).toBe(await secret.id('alice@example.org'))
    expect(await secret.id('alice@example.org')).not.toBe(await other.id('alice@example.org'))
  })

  test('is the HMAC-SHA-256 that other tools compute', async () => {
    const { createHmac } = await import('node:crypto')
    const secret = 'a secret of some length'
    const expected = createHmac('sha256', secret).update('alice').digest().subarray(0, 24).toString('base64url')
    expect(await createKeyring({ namespace: 'app', secret, action: ACTION }).id('alice')).toBe(`~${expected}`)
  })

  test.each([
    ['beyond ASCII, and ASCII with what its code would leave', '\u2119', '!19'],
    ['that share the first half of their pair', '😀', '😁'],
    ['that share their last byte', 'é', '\u0169'],
    ['of which one is a half, and one its escape', '\ud83d', '%ud83d'],
  ])('differs for characters %s', async (_, one, other) => {
    expect(await keyring.id(one)).not.toBe(await keyring.id(other))
  })

  test('is computed once for a text, of which 4,096 are remembered', async () => {
    const { id } = createKeyring({ namespace: 'app', secret: 'sixteen letters!', action: ACTION })
    const first = await id('first')
    expect(id('first')).toBe(first)
    for (let index = 0; index < 4_095; index += 1) await id(`${index}`)
    expect(id('first')).toBe(first)
    await id('one more')
    expect(id('first')).toBeInstanceOf(Promise)
    expect(await id('first')).toBe(first)
  })
})

describe('createKeyring()', () => {
  test('puts entry and lease into one cluster slot, and all policies of an identity', async () => {
    const id = await keyring.id(canonical({ user: '{x}' }))
    const hashTag = (key: string) => /\{([^}]*)\}/.exec(key)?.[1]
    expect(hashTag(keyring.entry('trend', id))).toBe(hashTag(keyring.lease('trend', id)))
    expect(hashTag(keyring.limit('a', id))).toBe(hashTag(keyring.limit('b', id)))
    expect(
      new Set([keyring.entry('trend', id), keyring.lease('trend', id), keyring.tag(id), keyring.limit('trend', id)])
        .size,
    ).toBe(4)
  })

  test('throws for a namespace or secret that breaks its rule', () => {
    expect(() => createKeyring({ namespace: 'a:b', action: ACTION })).toThrow(
      'Cannot create cache: "namespace" must match /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, received "a:b"',
    )
    expect(() => createKeyring({ namespace: 'a', secret: 'fifteen letters', action: ACTION })).toThrow(
      'Cannot create cache: "keySecret" must be at least 16 characters, received 15',
    )
  })
})

test('createNonce() gives 96 bits that need no escaping and do not repeat', () => {
  const nonces = Array.from({ length: 1_000 }, createNonce)
  expect(new Set(nonces).size).toBe(1_000)
  expect(nonces.every((nonce) => /^[\w-]{16}$/.test(nonce))).toBe(true)
})

test('canonical() writes strings as JSON does', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(canonical(text)).toBe(JSON.stringify(text))
    }),
    { numRuns: 2_000 },
  )
  expect(canonical('\ud800')).toBe(JSON.stringify('\ud800'))
})
