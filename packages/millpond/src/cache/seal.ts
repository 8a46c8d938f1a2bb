import type { Awaitable } from '../awaitable.ts'
import { readName } from '../key.ts'
import { fromBase64, toBase64 } from './base64.ts'

/** Turns the text of a value into what is stored, and back. */
export interface Seal {
  /** `context` is bound to what is sealed: it opens in the same context only. */
  close(body: string, context: string): Promise<string>
  /** The text, or undefined for anything that was not sealed by these options in this context. */
  open(stored: string, context: string): Awaitable<string | undefined>
}

/** AES-256-GCM keys by id. What is stored names the id, so that a key can be replaced: add the new one, make it current, drop the old one when its entries have expired. */
export interface EncryptionOptions {
  /** The id of the key that new entries get. */
  readonly current: string
  /** 32 random bytes each, in base64. */
  readonly keys: Readonly<Record<string, string>>
}

export interface SealOptions {
  readonly encryption?: EncryptionOptions | undefined
  /** Values of more characters than this are compressed (gzip). Default: none. */
  readonly compressAbove?: number | undefined
}

/** No JSON text begins with one of these. */
const GZIP = 'Z'
const AES_GCM = 'E'
/** Before a text that begins with a letter of these three: a codec's, as it is. */
const PLAIN = 'P'
const MARKED = /^[ZEP]/
const IV_BYTES = 12
const KEY_BYTES = 32

/**
 * Creates the seal of a cache: compressed above a size, then encrypted, each marked by a letter; plain JSON without options.
 *
 * @throws {RangeError | TypeError} naming the option, never a key
 */
export function createSeal(action: string, options: SealOptions): Seal {
  const { compressAbove = Number.POSITIVE_INFINITY } = options
  if (!(compressAbove >= 0))
    throw new RangeError(`${action}: "compressAbove" must be a number >= 0, received ${String(compressAbove)}`)
  const cipher = options.encryption ? createCipher(action, options.encryption) : undefined
  return {
    async close(body, context) {
      const packed =
        body.length > compressAbove
          ? GZIP + toBase64(await pipe(toBytes(body), new CompressionStream('gzip')))
          : MARKED.test(body)
            ? PLAIN + body
            : body
      return cipher ? cipher.close(packed, context) : packed
    },
    open(stored, context) {
      // Plain text, which is what a cache without these options reads, needs no unsealing.
      if (!cipher && !stored.startsWith(GZIP)) return stored.startsWith(AES_GCM) ? undefined : toPlain(stored)
      return unseal(stored, context)
    },
  }

  async function unseal(stored: string, context: string): Promise<string | undefined> {
    try {
      // With a cipher nothing that is not encrypted is believed.
      const packed = cipher ? await cipher.open(stored, context) : stored
      if (packed === undefined) return undefined
      if (!packed.startsWith(GZIP)) return toPlain(packed)
      return fromBytes(await pipe(fromBase64(packed.slice(1)), new DecompressionStream('gzip')))
    } catch {
      return undefined
    }
  }
}

function toPlain(text: string): string {
  return text.startsWith(PLAIN) ? text.slice(1) : text
}

function createCipher(action: string, { current, keys }: EncryptionOptions): Seal {
  const imported = new Map<string, ReturnType<typeof importKey>>()
  for (const [id, text] of Object.entries(keys)) {
    readName(action, 'encryption key id', id)
    const bytes = readKey(text)
    if (bytes?.length !== KEY_BYTES)
      throw new TypeError(`${action}: encryption key "${id}" must be ${KEY_BYTES} bytes in base64`)
    imported.set(id, importKey(bytes))
  }
  const currentKey = imported.get(current)
  if (!currentKey)
    throw new RangeError(
      `${action}: "encryption.current" must be the id of one of its keys, received ${JSON.stringify(current)}`,
    )
  return {
    async close(text, context) {
      const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
      const sealed = await crypto.subtle.encrypt(toAlgorithm(iv, context), await currentKey, toBytes(text))
      return `${AES_GCM}${current}:${toBase64(iv)}:${toBase64(new Uint8Array(sealed))}`
    },
    async open(stored, context) {
      const [head = '', iv = '', sealed = ''] = stored.split(':')
      const key = head.startsWith(AES_GCM) ? imported.get(head.slice(1)) : undefined
      if (!key) return undefined
      const opened = await crypto.subtle.decrypt(toAlgorithm(fromBase64(iv), context), await key, fromBase64(sealed))
      return fromBytes(new Uint8Array(opened))
    },
  }
}

function toAlgorithm(iv: Uint8Array<ArrayBuffer>, context: string) {
  return { name: 'AES-GCM', iv, additionalData: toBytes(context) }
}

function importKey(bytes: Uint8Array<ArrayBuffer>) {
  return crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

function readKey(text: unknown): Uint8Array<ArrayBuffer> | undefined {
  try {
    return fromBase64(String(text))
  } catch {
    return undefined
  }
}

async function pipe(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  const piped = new Blob([bytes]).stream().pipeThrough(stream)
  return new Uint8Array(await new Response(piped as ReadableStream<Uint8Array>).arrayBuffer())
}

function toBytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

function fromBytes(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
}
