/** Bundled for runtimes that have web APIs alone: the stores that need no socket. Answers each request with one line. */
import { memory } from 'millpond/memory'
import { upstash } from 'millpond/upstash'
import { proveStore } from './prove-store.mjs'

/** @param {string} requested */
async function answer(requested) {
  const { searchParams } = new URL(requested)
  const url = searchParams.get('url') ?? ''
  const token = searchParams.get('token') ?? ''
  try {
    const cases = await Promise.all([memory(), upstash({ url, token })].map(proveStore))
    const total = cases.reduce((sum, count) => sum + count, 0)
    return new Response(`${total} cases hold on memory, REST`)
  } catch (error) {
    return new Response(error instanceof Error ? `${error.message}\n${error.stack}` : String(error), { status: 500 })
  }
}

/** @typedef {{ readonly request: { readonly url: string }, respondWith(response: Promise<Response>): void }} FetchEvent */

/** @type {(type: 'fetch', listener: (event: FetchEvent) => void) => void} */
const listen = Reflect.get(globalThis, 'addEventListener')
listen('fetch', (event) => event.respondWith(answer(event.request.url)))
