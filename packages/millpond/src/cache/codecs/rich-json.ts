import { fromBase64, toBase64 } from '../base64.ts'
import type { Codec } from '../codec.ts'

/**
 * JSON in which also bigint, Date, Uint8Array, NaN, the infinities and -0 come back as what they were, at any depth. Each stands as an object of one name that begins with `$`; names of the
 * value's own that begin so get a second one. What is neither these nor plain data (Map, class instances, functions) is an error, never a guess; a property that is undefined is left
 * out, as in JSON. Its type fits whatever the loader returns.
 *
 * ```ts
 * import { createCache } from 'millpond'
 * import { richJson } from 'millpond/codec'
 * import { memory } from 'millpond/memory'
 *
 * const cache = createCache({ store: memory(), namespace: 'shop' })
 * const order = cache.define({ name: 'order', ttl: '1h', codec: richJson, load: async () => ({ at: new Date(0), cents: 12n }) })
 * console.log((await order.get()).value.at.getTime()) // 0
 * ```
 */
export const richJson: Codec<never> = {
  name: 'rich-json',
  encode: (value: unknown) => JSON.stringify(toPlain(value, 'value')),
  decode: (text) => fromPlain(JSON.parse(text)) as never,
}

function toPlain(value: unknown, path: string): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $number: Object.is(value, -0) ? '-0' : `${value}` }
    case 'bigint':
      return { $bigint: `${value}` }
    case 'object':
      return value === null ? null : toPlainObject(value, path)
    default:
      throw new TypeError(`${path} must be data, received ${typeof value}`)
  }
}

function toPlainObject(value: object, path: string): unknown {
  if (Array.isArray(value)) return value.map((item, index) => toPlain(item, `${path}[${index}]`))
  if (value instanceof Date) return { $date: toTime(value, path) }
  if (value instanceof Uint8Array) return { $bytes: toBase64(value) }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`${path} must be plain data, received an instance of ${value.constructor.name}`)
  }
  const parts = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(
    parts.map(([name, item]) => [name.startsWith('$') ? `$${name}` : name, toPlain(item, `${path}.${name}`)]),
  )
}

function toTime(date: Date, path: string): number {
  const time = date.getTime()
  if (Number.isNaN(time)) throw new TypeError(`${path} must be a valid Date`)
  return time
}

function fromPlain(plain: unknown): unknown {
  if (typeof plain !== 'object' || plain === null) return plain
  if (Array.isArray(plain)) return plain.map(fromPlain)
  const parts = Object.entries(plain)
  const [first, second] = parts
  const single = first && !second && /^\$(?!\$)/.test(first[0]) ? first : undefined
  if (single) return fromMark(single[0], single[1])
  // By definition, not by assignment: `__proto__` stays a property like any other.
  return Object.fromEntries(parts.map(([name, item]) => [name.replace(/^\$\$/, '$$'), fromPlain(item)]))
}

function fromMark(mark: string, content: unknown): unknown {
  if (mark === '$bigint' && typeof content === 'string') return BigInt(content)
  if (mark === '$date' && typeof content === 'number') return new Date(content)
  if (mark === '$bytes' && typeof content === 'string') return fromBase64(content)
  if (mark === '$number' && typeof content === 'string') return Number(content)
  throw new TypeError('the text must be one that richJson wrote')
}
