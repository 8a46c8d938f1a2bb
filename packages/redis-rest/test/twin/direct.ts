import { once } from 'node:events'
import { connect } from 'node:net'

/** A reply as it came: nothing is lost, so that it can be written in every format. */
export type Tree =
  | { readonly kind: 'status' | 'error' | 'bulk'; readonly bytes: Buffer }
  | { readonly kind: 'integer'; readonly digits: string }
  | { readonly kind: 'nil' | 'nil-array' }
  | { readonly kind: 'array'; readonly items: readonly Tree[] }

/** Reads RESP2 at `start`: the reply and where the next one starts, or undefined when it is not all there. */
export function readTree(bytes: Buffer, start = 0): readonly [Tree, number] | undefined {
  const lineEnd = bytes.indexOf('\r\n', start)
  if (lineEnd === -1) return undefined
  const line = bytes.subarray(start + 1, lineEnd)
  const after = lineEnd + 2
  const type = String.fromCharCode(bytes[start] ?? 0)
  if (type === '+') return [{ kind: 'status', bytes: line }, after]
  if (type === '-') return [{ kind: 'error', bytes: line }, after]
  if (type === ':') return [{ kind: 'integer', digits: line.toString() }, after]
  const length = Number(line.toString())
  if (type === '$') {
    if (length === -1) return [{ kind: 'nil' }, after]
    const end = after + length
    return end + 2 > bytes.length ? undefined : [{ kind: 'bulk', bytes: bytes.subarray(after, end) }, end + 2]
  }
  if (type !== '*')
    throw new TypeError(`Cannot read a reply: ${JSON.stringify(bytes.toString('latin1', start, start + 20))}`)
  if (length === -1) return [{ kind: 'nil-array' }, after]
  const items: Tree[] = []
  let next = after
  for (let index = 0; index < length; index += 1) {
    const item = readTree(bytes, next)
    if (item === undefined) return undefined
    items.push(item[0])
    next = item[1]
  }
  return [{ kind: 'array', items }, next]
}

export function writeTree(tree: Tree): Buffer {
  const line = (start: string, text: string | Buffer): Buffer =>
    Buffer.concat([Buffer.from(start), Buffer.from(text as string), Buffer.from('\r\n')])
  switch (tree.kind) {
    case 'status':
      return line('+', tree.bytes)
    case 'error':
      return line('-', tree.bytes)
    case 'integer':
      return line(':', tree.digits)
    case 'bulk':
      return Buffer.concat([line('$', String(tree.bytes.length)), tree.bytes, Buffer.from('\r\n')])
    case 'nil':
      return line('$', '-1')
    case 'nil-array':
      return line('*', '-1')
    case 'array':
      return Buffer.concat([line('*', String(tree.items.length)), ...tree.items.map(writeTree)])
    default:
      return tree satisfies never
  }
}

/** A connection to Redis that knows nothing but RESP2. */
export interface Direct {
  /** The replies, in order. Rejects when they do not come within 10 s: a command that blocks. */
  send(commands: readonly (readonly Buffer[])[]): Promise<readonly Tree[]>
  close(): void
}

export async function openDirect(port: number, database: number): Promise<Direct> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const send = (commands: readonly (readonly Buffer[])[]): Promise<readonly Tree[]> =>
    new Promise((resolve, reject) => {
      let bytes = Buffer.alloc(0)
      let position = 0
      const trees: Tree[] = []
      const end = (): void => {
        clearTimeout(timer)
        socket.removeAllListeners('data').removeAllListeners('close')
      }
      const fail = (): void => {
        end()
        reject(new TypeError(`Cannot get replies to ${JSON.stringify(commands.map((words) => words.map(String)))}`))
      }
      const timer = setTimeout(fail, 10_000)
      socket.once('close', fail)
      socket.on('data', (chunk) => {
        bytes = Buffer.concat([bytes, chunk])
        for (let read = readTree(bytes, position); read !== undefined; read = readTree(bytes, position)) {
          trees.push(read[0])
          position = read[1]
          if (position === bytes.length) break
        }
        if (trees.length < commands.length) return
        end()
        resolve(trees)
      })
      const frames = commands.map((words) =>
        writeTree({ kind: 'array', items: words.map((word) => ({ kind: 'bulk', bytes: word })) }),
      )
      socket.write(Buffer.concat(frames))
    })
  await send([[Buffer.from('SELECT'), Buffer.from(String(database))]])
  return { send, close: () => void socket.destroy() }
}
