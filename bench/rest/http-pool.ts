import type { Contender } from '../harness/index.ts'
import { connectHttp } from './http-client.ts'

export interface HttpPool extends Contender {
  close(): void
}

/** Sends one request over as many kept-alive connections as there are callers: each caller always finds one free. */
export async function openPool(name: string, port: number, callers: number, request: Buffer): Promise<HttpPool> {
  const clients = await Promise.all(Array.from({ length: callers }, () => connectHttp(port)))
  const free = [...clients]
  return {
    name,
    async run() {
      const client = free.pop()
      if (client === undefined) throw new TypeError(`Cannot send: all ${callers} connections are in use`)
      await client.send(request)
      free.push(client)
    },
    close() {
      for (const client of clients) client.close()
    },
  }
}
