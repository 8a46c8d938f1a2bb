import { describe, expect, test } from 'vitest'
import { createCache } from './cache/cache.ts'
import { canonical, createKeyring } from './key.ts'
import { createLimiter } from './limit/limiter.ts'
import { fixedWindow } from './limit/policy.ts'
import { memory } from './stores/memory/index.ts'

const action = 'Cannot test'
const keyring = createKeyring({ namespace: 'app', action })
const secretKeyring = createKeyring({ namespace: 'app', secret: 'at least sixteen characters', action })

/** What means something in a key, a glob, JSON or a text's encoding; Unicode forms that print alike; halves of a pair. */
const PIECES = [
  ...':*?[]{}\\|,"%=#~^$;&+/ \u0000\n\u007f'.split(''),
  ...[
    'é',
    'e\u0301',
    'ﬁ',
    'fi',
    'ß',
    '\u200b',
    '\u2028',
    '\ufeff',
    '\ufffd',
    '😀',
    '\ud83d',
    '\ude00',
    '\ud800',
    '\ud801',
  ],
  ...[
    'a',
    'b',
    '1',
    '0',
    'null',
    'undefined',
    'true',
    '__proto__',
    'constructor',
    '%00',
    '\\u0000',
    '%uD800',
    '","',
    'x'.repeat(150),
  ],
]

/** Numbers from 0 to below `below`, the same in every run. */
function createDice(): (below: number) => number {
  let state = 1
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

type Dice = (below: number) => number
/** A value, and a description that is another's only if the two are equal: each part with its kind and length, properties in order. */
type Described = readonly [value: unknown, description: string]

function makeText(dice: Dice): string {
  return Array.from({ length: dice(4) }, () => PIECES[dice(PIECES.length)]).join('')
}

function makeValue(dice: Dice, depth: number): Described {
  const kind = dice(depth > 0 ? 9 : 6)
  switch (kind) {
    case 0: {
      const number = [0, -0, 1, -1, 1.5, 1e21, Number.NaN, Number.POSITIVE_INFINITY, dice(1_000)][dice(9)] ?? 0
      return [number, `number ${Object.is(number, -0) ? '-0' : number};`]
    }
    case 1: {
      const odd = [null, undefined, true, false, 7n, -7n, new Date(7), new Date(8)][dice(8)]
      return [odd, `${odd instanceof Date ? `date ${odd.getTime()}` : `${typeof odd} ${odd}`};`]
    }
    case 6: {
      const items = Array.from({ length: dice(4) }, () => makeValue(dice, depth - 1))
      return [items.map(([value]) => value), `array ${items.length}:${items.map(([, text]) => text).join('')};`]
    }
    case 7:
    case 8: {
      const properties = new Map(Array.from({ length: dice(4) }, () => [makeText(dice), makeValue(dice, depth - 1)]))
      // In one order or the other: that must not matter.
      const entries = dice(2) === 0 ? [...properties] : [...properties].reverse()
      const sorted = [...properties].sort(([a], [b]) => (a < b ? -1 : 1))
      const described = sorted.map(([name, [, text]]) => `${name.length}:${name}=${text}`)
      return [
        Object.fromEntries(entries.map(([name, [value]]) => [name, value])),
        `object ${described.length}:${described.join('')};`,
      ]
    }
    default: {
      const text = makeText(dice)
      return [text, `string ${text.length}:${text};`]
    }
  }
}

/** Counts pairs of unlike things with one id, and of like things with two. */
function createCensus(): {
  add(id: string, description: string): void
  readonly wrong: string[]
  readonly size: number
} {
  const ids = new Map<string, string>()
  const descriptions = new Map<string, string>()
  const wrong: string[] = []
  return {
    add(id, description) {
      if ((ids.get(id) ?? description) !== description) wrong.push(`${id}: ${ids.get(id)} and ${description}`)
      if ((descriptions.get(description) ?? id) !== id)
        wrong.push(`${description}: ${descriptions.get(description)} and ${id}`)
      ids.set(id, description)
      descriptions.set(description, id)
    },
    wrong,
    get size() {
      return ids.size
    },
  }
}

describe('keyring.id()', () => {
  test('of 100,000 inputs is one only for those that are equal, and holds no sign that means anything', async () => {
    const dice = createDice()
    const census = createCensus()
    let strange = 0
    for (let made = 0; census.size < 100_000 && made < 400_000; made += 1) {
      const [value, description] = makeValue(dice, 3)
      const id = await keyring.id(canonical(value))
      if (!/^[=#][A-Za-z0-9"_.,:@+%-]*$/.test(id)) strange += 1
      census.add(id, description)
    }
    expect(census.size).toBe(100_000)
    expect(census.wrong).toEqual([])
    expect(strange).toBe(0)
  })

  test.each([
    ['in plain', keyring],
    ['as HMACs', secretKeyring],
  ])('of 20,000 tags or identities, %s, is one only for those that are equal', async (_, ring) => {
    const dice = createDice()
    const census = createCensus()
    for (let made = 0; made < 20_000; made += 1) {
      const text = makeText(dice)
      census.add(await ring.id(text), text)
    }
    expect(census.wrong).toEqual([])
    expect(census.size).toBeGreaterThan(5_000)
  })
})

test('canonical() has a text of its own for every small array and object', () => {
  const items = [0, -0, 1, 10, 11, -1, 1e21, 1n, 11n, '', '1', 'a', '"', ',', '1,1', null, undefined, true, new Date(1)]
  const pairs = items.flatMap((a) => items.map((b) => [a, b]))
  const triples = pairs.flatMap((pair) => items.map((item) => [...pair, item]))
  const arrays: unknown[] = [[], ...items.map((item) => [item]), ...pairs, ...triples]
  const few = arrays.slice(0, items.length + 60)
  const nested = few.flatMap((a) => [[a], [a, 1], [1, a], ...few.slice(0, 20).map((b) => [a, b])])
  const names = ['', '1', 'a', 'b', '"', ',', ':1', '__proto__']
  const values = [...items, [], [1], [1, 1], {}, { a: 1 }]
  const singles = names.flatMap((name) => values.map((value) => Object.fromEntries([[name, value]])))
  const doubles = names.flatMap((name, index) =>
    names.slice(index + 1).flatMap((other) =>
      values.flatMap((value) =>
        values.map((second) =>
          Object.fromEntries([
            [name, value],
            [other, second],
          ]),
        ),
      ),
    ),
  )
  const all = [...items, ...arrays, ...nested, {}, ...singles, ...doubles]
  const seen = new Map<string, unknown>()
  const alike = all.flatMap((value) => {
    const text = canonical(value)
    const found = seen.has(text) ? [[text, seen.get(text), value]] : []
    seen.set(text, value)
    return found
  })
  expect(alike).toEqual([])
  expect(seen.size).toBe(all.length)
})

test('a tag or an identity that is half a pair of a surrogate is one like any other', async () => {
  for (const keySecret of [undefined, 'at least sixteen characters']) {
    const store = memory()
    const cache = createCache({ store, namespace: 'test', keySecret })
    const value = cache.define({ name: 'value', ttl: '1m', tags: () => [`${'x'.repeat(300)}\ud800`], load: () => 1 })
    await value.get()
    await cache.invalidate([`${'x'.repeat(300)}\ud801`])
    expect((await value.get()).status).toBe('hit')
    const policies = { p: fixedWindow({ limit: 1, window: '1d', onUnavailable: 'closed' }) }
    const limiter = createLimiter({ store, keySecret, policies })
    expect((await limiter.limit('p', '\ud800')).status).toBe('allowed')
    expect((await limiter.limit('p', '\ud801')).status).toBe('allowed')
    expect((await limiter.limit('p', '\ud800')).status).toBe('refused')
  }
})
