import type { AsyncLocalStorage } from 'node:async_hooks'
import type { ServerResponse } from 'node:http'
import { processSlot } from './process-slot.ts'

/** Filled by server.mjs: the response that the current request will get. */
const responses = processSlot<AsyncLocalStorage<ServerResponse>>('responses')

/**
 * Gives the page that is being rendered a status of its own; Next lets a page choose no other than 404. To be called before anything of it is
 * sent, so by the page itself and not by what it contains. Without server.mjs nobody knows the response, and the page stays 200.
 */
export function setPageStatus(status: number): void {
  const response = responses.read()?.getStore()
  if (response !== undefined && !response.headersSent) response.statusCode = status
}
