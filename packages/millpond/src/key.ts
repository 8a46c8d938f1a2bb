import type { Awaitable } from './awaitable.ts'

declare const brand: unique symbol

/** A key in the store. Made here only, so that nothing a user types becomes one by itself. */
export type StoreKey = string & { readonly [brand]: 'StoreKey' }

/** The part of a key that stands for a value: canonical text, or a digest of it. */
export type KeyId = string & { readonly [brand]: 'KeyId' }

/** Makes the keys of a limiter's namespace. */
export interface LimitKeyring {
  /** The id that stands for a canonical text in keys. A promise only where a digest must be computed first. */
  id(canonicalText: string): Awaitable<KeyId>
  /** The state of one policy for one identity; all policies of an identity live in one cluster slot. */
  limit(policy: string, id: KeyId): StoreKey
}

/** Makes every key of one namespace. */
export interface Keyring extends LimitKeyring {
  entry(name: string, id: KeyId): StoreKey
  /** The lease of an entry; shares the entry's hash tag, so that both live in one cluster slot. */
  lease(name: string, id: KeyId): StoreKey
  /** A glob for the keys of entries and leases of a name, from a glob for their ids. */
  glob(name: string, ids: string): string
  isEntry(key: StoreKey): boolean
  /** How the keys of entries and of tags begin. */
  readonly prefixes: readonly [entry: string, tag: string]
  tag(id: KeyId): StoreKey
  /** The version that every invalidation of the namespace renews before it renews its tags. */
  readonly epoch: StoreKey
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const LONGEST_PLAIN_ID = 200
const REMEMBERED_DIGESTS = 4_096

/**
 * Checks a namespace, definition or policy name: 1 to 64 of letters, digits, `.`, `_`, `-`, the first a letter or digit.
 *
 * @throws {RangeError} when it is anything else
 */
export function readName(action: string, field: string, name: string): string {
  if (typeof name === 'string' && NAME.test(name)) return name
  throw new RangeError(`${action}: "${field}" must match ${NAME}, received ${JSON.stringify(name)}`)
}

interface KeyringOptions {
  readonly namespace: string
  readonly secret?: string | undefined
  /** The start of an error's message. */
  readonly action: string
}

/**
 * Creates the maker of a limiter's keys for a namespace. With a `secret` (16 characters or more) each id is an HMAC-SHA-256, so that no input, tag or
 * identity can be read from a key; without one an id is the canonical text itself, or its SHA-256 when longer than 200 characters.
 */
export function createLimitKeyring({ action, namespace, secret }: KeyringOptions): LimitKeyring {
  readName(action, 'namespace', namespace)
  if (secret !== undefined && (typeof secret !== 'string' || secret.length < 16)) {
    throw new RangeError(`${action}: "keySecret" must be at least 16 characters, received ${String(secret).length}`)
  }
  const digest = createDigest(secret)
  return {
    id(canonicalText) {
      if (secret === undefined) {
        const plain = toKeyText(canonicalText)
        if (plain.length <= LONGEST_PLAIN_ID) return `=${plain}` as KeyId
      }
      return digest(canonicalText)
    },
    limit: (policy, id) => `mp:${namespace}:r{${id}}${policy}` as StoreKey,
  }
}

/** Creates the maker of all keys for a namespace: those of a limiter, and those of a cache. */
export function createKeyring(options: KeyringOptions): Keyring {
  const { namespace } = options
  const key = (text: string) => text as StoreKey
  return {
    ...createLimitKeyring(options),
    entry: (name, id) => key(`mp:${namespace}:e{${name}:${id}}`),
    lease: (name, id) => key(`mp:${namespace}:l{${name}:${id}}`),
    // One letter stands for entry or lease; no name or id has a character that means something in a glob.
    glob: (name, ids) => `mp:${namespace}:?{${name}:${ids}}`,
    prefixes: [`mp:${namespace}:e{`, `mp:${namespace}:t{`],
    isEntry: (text) => text.startsWith(`mp:${namespace}:e{`),
    tag: (id) => key(`mp:${namespace}:t{${id}}`),
    epoch: key(`mp:${namespace}:epoch`),
  }
}

/**
 * The canonical text of a plain value: equal for equal values whatever the order of their properties, different for different ones.
 * Numbers keep their sign of zero, bigint and Date are marked, `undefined` differs from absence.
 *
 * @throws {TypeError} naming the path of a value that has no canonical text (functions, symbols, class instances)
 */
export function canonical(value: unknown, path = 'input'): string {
  return canonicalPrimitive(value) ?? canonicalObject(value, path)
}

function canonicalPrimitive(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'bigint':
      return `${value}n`
    case 'boolean':
    case 'undefined':
      return String(value)
    default:
      return value === null ? 'null' : undefined
  }
}

function canonicalObject(value: unknown, path: string): string {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`Cannot make a key: ${path} must be plain data, received a ${typeof value}`)
  }
  if (Array.isArray(value))
    return `[${Array.from(value, (item, index) => canonicalPrimitive(item) ?? canonicalObject(item, `${path}[${index}]`)).join(',')}]`
  if (value instanceof Date) return `@${value.getTime()}`
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(
      `Cannot make a key: ${path} must be plain data, received an instance of ${value.constructor.name}`,
    )
  }
  const plain = value as Readonly<Record<string, unknown>>
  let text = ''
  for (const name of Object.keys(plain).sort()) {
    const item = plain[name]
    text += `${text && ','}${quote(name)}:${canonicalPrimitive(item) ?? canonicalObject(item, `${path}.${name}`)}`
  }
  return `{${text}}`
}

/** Nothing in it that JSON.stringify would escape. */
const AS_IT_IS = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/

/** As JSON.stringify writes a string; a look is cheaper than the call. */
function quote(text: string): string {
  return AS_IT_IS.test(text) ? `"${text}"` : JSON.stringify(text)
}

/** Half of a surrogate pair, which no encoding of Unicode can write. */
const HALF = /\p{Surrogate}/u

/** Percent-encodes all but a safe set, so that no separator, brace, glob sign, space or control character reaches a key. */
function toKeyText(text: string): string {
  return text.replace(/[^A-Za-z0-9"_.,:@+-]/gu, (character) => {
    const code = character.charCodeAt(0).toString(16)
    if (HALF.test(character)) return `%u${code}`
    const encoded = encodeURIComponent(character)
    return encoded === character ? `%${code.toUpperCase()}` : encoded
  })
}

/** The bytes of a text: UTF-8, which would write every half of a pair alike; a text with one is written in full instead, after a byte that is in no UTF-8. */
function toBytes(encoder: InstanceType<typeof TextEncoder>, text: string): Uint8Array<ArrayBuffer> {
  return HALF.test(text) ? new Uint8Array([0xff, ...encoder.encode(toKeyText(text))]) : encoder.encode(text)
}

function createDigest(secret: string | undefined): (text: string) => Awaitable<KeyId> {
  const encoder = new TextEncoder()
  const remembered = new Map<string, KeyId>()
  let hmacKey: ReturnType<typeof crypto.subtle.importKey> | undefined
  async function compute(text: string): Promise<KeyId> {
    const bytes = toBytes(encoder, text)
    const { subtle } = crypto
    if (secret !== undefined)
      hmacKey ??= subtle.importKey('raw', encoder.encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    const digest = await (hmacKey ? subtle.sign('HMAC', await hmacKey, bytes) : subtle.digest('SHA-256', bytes))
    // The first 192 bits of a digest: far beyond collision, and shorter keys.
    const id = `${hmacKey ? '~' : '#'}${toBase64Url(new Uint8Array(digest, 0, 24))}` as KeyId
    if (remembered.size >= REMEMBERED_DIGESTS) remembered.clear()
    remembered.set(text, id)
    return id
  }
  return (text) => remembered.get(text) ?? compute(text)
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
}

/** A nonce of 96 random bits: the version of a tag, or the token of a lease. */
export function createNonce(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(12)))
}
