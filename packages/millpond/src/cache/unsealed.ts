import type { Awaitable } from '../awaitable.ts'

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

/** Stores values as they are. */
export const unsealed: Seal = { close: toPlain, open: fromPlain }
