import type { Awaitable } from '../awaitable.ts'
import type { CacheReporter } from './event.ts'

/** Turns the text of a value into what is stored, and back. Passed to `createCache`; `millpond/seal` compresses and encrypts. */
export interface Seal {
  /** `context` is bound to what is sealed: it opens in the same context only. */
  close(body: string, context: string): Awaitable<string>
  /** The text, or undefined for anything that was not sealed by these options in this context. */
  open(stored: string, context: string): Awaitable<string | undefined>
}

/** What a stored text begins with that is no plain text. No JSON begins with one of these letters. */
export const GZIP = 'Z'
export const AES_GCM = 'E'
/** Before a plain text that begins with a letter of the three, such as a codec's. */
const PLAIN = 'P'
const MARKED = /^[ZEP]/

/** A plain text, told apart from what is compressed or encrypted. */
export function toPlain(body: string): string {
  return MARKED.test(body) ? PLAIN + body : body
}

/** The text as it was; undefined for what is compressed or encrypted. */
export function fromPlain(stored: string): string | undefined {
  if (!MARKED.test(stored)) return stored
  return stored.startsWith(PLAIN) ? stored.slice(1) : undefined
}

/** What is stored of a body; undefined, and reported, when the seal fails. */
export async function close(
  { seal, report }: { readonly seal: Seal; readonly report: CacheReporter },
  body: string,
  context: string,
): Promise<string | undefined> {
  try {
    return await seal.close(body, context)
  } catch (error) {
    report({ type: 'hook-error', operation: 'seal', error })
    return undefined
  }
}

/** Stores values as they are. */
export const unsealed: Seal = { close: toPlain, open: fromPlain }
