import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

export interface Balancer {
  readonly url: string
  /** What clients did not get because of a server behind it: connections refused or reset, answers cut off. */
  readonly dropped: readonly string[]
  /** Requests are sent to the server at this URL as soon as and as long as it says that it is ready. */
  add(url: string): void
  remove(url: string): void
  /** Resolves when the server is, or is no longer, sent requests. */
  whenReady(url: string, isReady: boolean): Promise<void>
  close(): void
}

type Backend = { readonly url: string; readonly agent: Agent; isReady: boolean }

const CHECK_MS = 100

/**
 * A balancer on loopback as platforms have them: takes turns among the servers whose readiness path answers 200, keeps their connections
 * and tries nothing a second time, so that whatever a server drops is seen.
 */
export async function startBalancer({ readyPath }: { readyPath: string }): Promise<Balancer> {
  const backends = new Map<string, Backend>()
  const dropped: string[] = []
  let turn = 0
  let isClosed = false

  const pass = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const ready = [...backends.values()].filter((backend) => backend.isReady)
    turn += 1
    const backend = ready[turn % ready.length]
    const what = `${incoming.method} ${incoming.url}`
    if (backend === undefined) {
      dropped.push(`${what}: no server is ready`)
      outgoing.writeHead(502).end()
      return
    }
    const { method, url, headers } = incoming
    const forwarded = request(`${backend.url}${url}`, { method, headers, agent: backend.agent })
    forwarded.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.on('error', (error) => {
        dropped.push(`${what}: cut off, ${error.message}`)
        outgoing.destroy()
      })
      answer.pipe(outgoing)
    })
    forwarded.on('error', (error) => {
      if (outgoing.headersSent || outgoing.destroyed) return
      dropped.push(`${what}: ${error.message}`)
      outgoing.writeHead(502).end()
    })
    outgoing.on('close', () => outgoing.writableFinished || forwarded.destroy())
    incoming.pipe(forwarded)
  }

  const watch = async (backend: Backend): Promise<void> => {
    while (!isClosed && backends.get(backend.url) === backend) {
      const answer = await fetch(`${backend.url}${readyPath}`).catch(() => undefined)
      await answer?.arrayBuffer().catch(() => {})
      backend.isReady = answer?.ok ?? false
      await delay(CHECK_MS)
    }
  }

  const server = createServer(pass)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    dropped,
    add(url) {
      const backend = { url, agent: new Agent({ keepAlive: true }), isReady: false }
      backends.set(url, backend)
      void watch(backend)
    },
    remove(url) {
      backends.get(url)?.agent.destroy()
      backends.delete(url)
    },
    async whenReady(url, isReady) {
      while ((backends.get(url)?.isReady ?? false) !== isReady) await delay(CHECK_MS / 4)
    },
    close() {
      isClosed = true
      for (const { agent } of backends.values()) agent.destroy()
      server.close()
      server.closeAllConnections()
    },
  }
}
