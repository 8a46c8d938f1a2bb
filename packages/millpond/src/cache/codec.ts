import { readName } from '../key.ts'

/** How values become text and back, where JSON is not enough. Reads give what `decode` makes of what `encode` wrote, on a miss as on a hit. */
export interface Codec<Value> {
  /** 1 to 64 letters, digits, `.`, `_`, `-`, the first a letter or a digit. Stands in every entry: one that another codec wrote is a miss. */
  readonly name: string
  /** The text of a value, without lone surrogates. Throws for a value that it has no text for. */
  encode(value: Value): string
  /** The value of a text. Throws for a text that it did not write. */
  decode(text: string): Value
}

/**
 * Checks a codec.
 *
 * @throws {RangeError | TypeError} naming what is missing
 */
export function readCodec<Value>(action: string, codec: Codec<Value>): Codec<Value> {
  if (typeof codec?.encode !== 'function' || typeof codec.decode !== 'function') {
    throw new TypeError(`${action}: "codec" must have a name, "encode" and "decode", received ${typeof codec}`)
  }
  readName(action, 'codec.name', codec.name)
  return codec
}

/** The text of a value: by the codec, or as JSON. `fail` makes the error from the rule that the value breaks. */
export function encode<Value>(
  value: Value,
  codec: Codec<Value> | undefined,
  fail: (rule: string, cause?: unknown) => Error,
): string {
  const rule = codec ? `a value that the codec "${codec.name}" can encode` : 'a JSON value'
  let body: unknown
  let opaque: object | undefined
  try {
    body = codec ? codec.encode(value) : JSON.stringify(value)
    opaque = codec ? undefined : findOpaque(value)
  } catch (cause) {
    throw fail(rule, cause)
  }
  if (opaque) throw fail(`${rule}, received ${opaque.constructor?.name}: it needs a codec`)
  if (typeof body === 'string' && (!codec || !LONE_SURROGATE.test(body))) return body
  throw fail(body === undefined ? `${rule}, received ${typeof value}` : `${rule} as well-formed text`)
}

/** What would not survive the way to the store and back. */
const LONE_SURROGATE = /\p{Surrogate}/u

/** What of a value, at any depth, JSON makes an object of that says nothing, such as a Map or a forgotten Promise. Costs a tenth of what encoding does. */
function findOpaque(value: unknown): object | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)) return value
  if ('toJSON' in value) return undefined
  const items: unknown[] = Array.isArray(value) ? value : Object.values(value)
  // Of a class: the prototype of a plain object, also of another realm's, has none itself.
  if (items.length === 0 && items !== value && Object.getPrototypeOf(Object.getPrototypeOf(value) ?? value))
    return value
  for (const item of items) {
    const opaque = findOpaque(item)
    if (opaque) return opaque
  }
  return undefined
}
