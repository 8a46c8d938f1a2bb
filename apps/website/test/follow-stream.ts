import { get } from 'node:http'

export interface FollowedStream {
  readonly status: number
  header(name: string): string | undefined
  /** The figures that have arrived, first one first. */
  figures(): unknown[]
  isOver(): boolean
  /** Whether it ended by a broken connection. */
  wasCut(): boolean
  stop(): void
}

/** Opens the stream of the list's figures and resolves with its headers. */
export function followStream(url: string, from: string): Promise<FollowedStream> {
  return new Promise((resolve, reject) => {
    let text = ''
    let isOver = false
    let wasCut = false
    const outgoing = get(
      `${url}/api/waitlist/live`,
      { headers: { 'x-forwarded-for': from, 'accept-encoding': 'gzip' }, agent: false },
      (response) => {
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString()
        })
        response.on('error', () => {
          wasCut = true
        })
        response.on('close', () => {
          isOver = true
        })
        resolve({
          status: response.statusCode ?? 0,
          header: (name) => response.headers[name]?.toString(),
          figures: () => [...text.matchAll(/^data: (\{.*\})$/gm)].map(([, json]) => JSON.parse(json ?? '')),
          isOver: () => isOver,
          wasCut: () => wasCut,
          stop: () => outgoing.destroy(),
        })
      },
    )
    outgoing.on('error', reject)
  })
}
