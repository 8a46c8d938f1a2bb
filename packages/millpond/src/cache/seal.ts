import { readName } from '../key.ts'
import { fromBase64, toBase64 } from './base64.ts'
import { AES_GCM, fromPlain, GZIP, type Seal, toPlain } from './unsealed.ts'

/** AES-256-GCM keys by id. What is stored names the id, so that a key can be replaced: add the new one, make it current, drop the old one when its entries have expired. */
export interface EncryptionOptions {
  /** The id of the key that new entries get. */
  readonly current: string
  /** 32 random bytes each, in base64. */
  readonly keys: Readonly<Record<string, string>>
}

export interface SealOptions {
  readonly encryption?: EncryptionOptions | undefined
  /** Values of more characters than this are compressed (gzip), except beyond 64 MiB. Default: none. */
  readonly compressAbove?: number | undefined
}

/** What opens to more bytes is not believed: a few kilobytes that somebody put into the store can hold gigabytes. */
const MOST_BYTES = 64 * 2 ** 20

const ACTION = 'Cannot create a seal'
const IV_BYTES = 12
const KEY_BYTES = 32

/**
 * Creates a seal for `createCache`: values are compressed above a size, then encrypted, each as far as it is asked for.
 *
 * ```ts
 * import { createCache } from 'millpond'
 * import { memory } from 'millpond/memory'
 * import { seal } from 'millpond/seal'
 *
 * const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))
 * const encrypted = seal({ compressAbove: 2_000, encryption: { current: 'k1', keys: { k1: key } } })
 * createCache({ store: memory(), namespace: 'shop', seal: encrypted })
 * ```
 *
 * @throws {RangeError | TypeError} naming the option, never a key
 */
export function seal(options: SealOptions): Seal {
  const { compressAbove = Number.POSITIVE_INFINITY } = options
  if (!(compressAbove >= 0))
    throw new RangeError(`${ACTION}: "compressAbove" must be a number >= 0, received ${String(compressAbove)}`)
  const cipher = options.encryption ? createCipher(options.encryption) : undefined
  return {
    async close(body, context) {
      const bytes = body.length > compressAbove ? toBytes(body) : undefined
      const packed =
        bytes && bytes.length <= MOST_BYTES
          ? GZIP + toBase64(await pipe(bytes, new CompressionStream('gzip')))
          : toPlain(body)
      return cipher ? cipher.close(packed, context) : packed
    },
    // What is not sealed, which is most where only long values are, costs no promise.
    open: (stored, context) => (cipher || stored.startsWith(GZIP) ? open(stored, context) : fromPlain(stored)),
  }

  async function open(stored: string, context: string): Promise<string | undefined> {
    try {
      // With a cipher nothing that is not encrypted is believed.
      const packed = cipher ? await cipher.open(stored, context) : stored
      if (!packed?.startsWith(GZIP)) return packed && fromPlain(packed)
      return fromBytes(await pipe(fromBase64(packed.slice(1)), new DecompressionStream('gzip')))
    } catch {
      return undefined
    }
  }
}

function createCipher({ current, keys }: EncryptionOptions): Seal {
  const imported = new Map<string, ReturnType<typeof importKey>>()
  for (const [id, text] of Object.entries(keys)) {
    readName(ACTION, 'encryption key id', id)
    const bytes = readKey(text)
    if (bytes?.length !== KEY_BYTES)
      throw new TypeError(`${ACTION}: encryption key "${id}" must be ${KEY_BYTES} bytes in base64`)
    imported.set(id, importKey(bytes))
  }
  const currentKey = imported.get(current)
  if (!currentKey)
    throw new RangeError(
      `${ACTION}: "encryption.current" must be the id of one of its keys, received ${JSON.stringify(current)}`,
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

/** @throws {RangeError} when more than 64 MiB and a chunk would come out; what comes out is held once, and once more while it is put together */
async function pipe(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  const piped = new Blob([bytes]).stream().pipeThrough(stream) as ReadableStream<Uint8Array<ArrayBuffer>>
  let size = 0
  const bounded = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      size += chunk.length
      if (size > MOST_BYTES) throw new RangeError('too long')
      controller.enqueue(chunk)
    },
  })
  return new Uint8Array(await new Response(piped.pipeThrough(bounded)).arrayBuffer())
}

function toBytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

function fromBytes(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
}
