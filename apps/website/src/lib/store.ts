import { memory } from 'millpond/memory'
import { upstash } from 'millpond/upstash'

/** Where cache entries and limits live: Upstash over REST, or this process's memory. */
export type Store = ReturnType<typeof memory> | ReturnType<typeof upstash>

/** Opens no connection: a store that is down stops no start. */
export function createStore(credentials: { url: string; token: string } | undefined): Store {
  return credentials === undefined ? memory() : upstash(credentials)
}

/** One line for the log; names the host but not the token. */
export function describeStore(credentials: { url: string } | undefined): string {
  return credentials === undefined
    ? 'memory (this process only; set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN to share limits)'
    : `upstash at ${new URL(credentials.url).host}`
}
