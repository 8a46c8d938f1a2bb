import { createServer, type ServerResponse } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** A model endpoint on loopback that speaks the wire format; `reply` writes the answer to each request. */
export async function withModel<Result>(
  reply: (response: ServerResponse, request: { authorization: string | undefined; body: string }) => void,
  run: (url: string) => Promise<Result>,
): Promise<Result> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => reply(response, { authorization: request.headers.authorization, body }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  try {
    return await run(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/v1`)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

/** A piece of an answer as it is sent. */
export const chunk = (content: string) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`

/** Collects garbage now, and with it what is held weakly only. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}
