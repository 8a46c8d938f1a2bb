import type { Awaitable } from '../awaitable.ts'

/** Longer texts are hashed beside the event loop, not on it: from here on that is what takes less of its time. */
const LONGEST_AT_ONCE = 65_536
/** 144 bits of SHA-256 in base64. */
const CHARACTERS = 24

type Hash = (algorithm: string, text: string, encoding: 'base64url') => string

/** Hashing without a promise: on Node.js, Bun and Deno a tenth of what `crypto.subtle` costs, which goes through a thread. */
const hashAtOnce = findHash()

function findHash(): Hash | undefined {
  const { process } = globalThis as {
    process?: { getBuiltinModule?: (name: string) => { hash?: unknown } | undefined }
  }
  const hash = process?.getBuiltinModule?.('node:crypto')?.hash
  return typeof hash === 'function' ? (hash as Hash) : undefined
}

/** The strong `ETag` of a text: the beginning of its SHA-256. A promise only where the runtime has no hash that answers at once, or the text is long. */
export function toEtag(text: string): Awaitable<string> {
  return hashAtOnce && text.length <= LONGEST_AT_ONCE
    ? `"${hashAtOnce('sha256', text, 'base64url').slice(0, CHARACTERS)}"`
    : toEtagLater(text)
}

/** The same tag by what every runtime has. */
export async function toEtagLater(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  const tag = btoa(String.fromCharCode(...new Uint8Array(digest))).slice(0, CHARACTERS)
  return `"${tag.replaceAll('+', '-').replaceAll('/', '_')}"`
}
