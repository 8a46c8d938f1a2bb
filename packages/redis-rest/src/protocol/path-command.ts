import type { Command, Parsed } from './command.ts'

const percent = 0x25

function hexValue(code: number): number {
  const digit = Number.parseInt(String.fromCharCode(code), 16)
  return Number.isNaN(digit) ? -1 : digit
}

/** Percent-decoding to bytes, so that a path can carry any value; undefined when a `%` is not followed by two hex digits. */
function decodeBytes(text: string): Buffer | undefined {
  const source = Buffer.from(text, 'utf8')
  const target = Buffer.allocUnsafe(source.length)
  let length = 0
  for (let index = 0; index < source.length; index += 1) {
    let byte = source[index] ?? 0
    if (byte === percent) {
      const high = hexValue(source[index + 1] ?? 0)
      const low = hexValue(source[index + 2] ?? 0)
      if (high === -1 || low === -1) return undefined
      byte = high * 16 + low
      index += 2
    }
    target[length] = byte
    length += 1
  }
  return target.subarray(0, length)
}

/** The parts of a query that are arguments: name, then value, in the order sent. `_token` is left out. */
function queryArguments(query: string): string[] {
  const pairs = query.split('&').filter((pair) => pair !== '')
  return pairs.flatMap((pair) => {
    const split = pair.indexOf('=')
    const name = split === -1 ? pair : pair.slice(0, split)
    if (name === '_token') return []
    return (split === -1 ? [name] : [name, pair.slice(split + 1)]).map((part) => part.replaceAll('+', ' '))
  })
}

/**
 * Reads a command from a path: `/set/foo/bar` is SET foo bar. A body becomes the argument after the last path segment, then
 * come the query parameters: `POST /set/foo?EX=100` with body `bar` is SET foo bar EX 100. One slash at the end is ignored;
 * an empty segment elsewhere is an empty argument.
 */
export function parsePathCommand(path: string, query: string, body: Buffer | undefined): Parsed<Command> {
  const [name = '', ...segments] = path.replace(/^\//, '').replace(/\/$/, '').split('/').map(decodeBytes)
  const options = queryArguments(query).map(decodeBytes)
  const args = [...segments, ...(body === undefined || body.length === 0 ? [] : [body]), ...options]
  if (name === undefined || args.includes(undefined)) {
    return { kind: 'invalid', message: 'ERR cannot read the path: a "%" must be followed by two hex digits' }
  }
  if (name.length === 0) return { kind: 'invalid', message: 'ERR cannot read the path: the command has no name' }
  return { kind: 'parsed', value: { name: name.toString(), args: args.filter((argument) => argument !== undefined) } }
}
