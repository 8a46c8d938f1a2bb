import { quoteNumbers } from './quote-numbers.ts'

/** One Redis command. Strings travel as UTF-8, Buffers as they are. */
export interface Command {
  readonly name: string
  readonly args: readonly (string | Buffer)[]
  /** A script that is known to stay inside the prefix of its token. Set by this server, never read from a request. */
  readonly isTrusted?: boolean
}

/** Parsed input, or the reason why nothing of the request can run. */
export type Parsed<T> =
  | { readonly kind: 'parsed'; readonly value: T }
  | { readonly kind: 'invalid'; readonly message: string }

function invalid(message: string): { kind: 'invalid'; message: string } {
  return { kind: 'invalid', message }
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

/** Why `value` is not a command, or undefined when it is one. `where` is put into the message. */
function findFault(value: unknown, where: string): string | undefined {
  if (!Array.isArray(value)) return `ERR cannot read ${where}: it must be a JSON array, received ${describe(value)}`
  const [name] = value
  if (value.length === 0) return `ERR cannot read ${where}: the array is empty`
  if (typeof name !== 'string') return `ERR cannot read ${where}: its name must be a string, received ${describe(name)}`
  if (name === '') return `ERR cannot read ${where}: its name is empty`
  let index = 1
  while (index < value.length && isScalar(value[index])) index += 1
  if (index === value.length) return undefined
  return `ERR cannot read ${where}: argument ${index} must be a string, number or boolean, received ${describe(value[index])}`
}

function toCommand(row: readonly (string | boolean)[]): Command {
  const args: string[] = []
  for (let index = 1; index < row.length; index += 1) args.push(String(row[index]))
  return { name: String(row[0]), args }
}

function hasNumbers(row: readonly unknown[]): boolean {
  return row.some((argument) => typeof argument === 'number')
}

function parseJson(body: string): Parsed<unknown> {
  try {
    return { kind: 'parsed', value: JSON.parse(body) }
  } catch {
    return invalid('ERR cannot read the request body: it is not JSON')
  }
}

/**
 * Reads the body of `POST /`: one command as a JSON array. Numbers become the text that was sent (`1.0` stays `1.0`,
 * 2^53 + 1 stays exact), booleans `true` and `false`.
 */
export function parseCommand(body: string): Parsed<Command> {
  const json = parseJson(body)
  if (json.kind === 'invalid') return json
  const fault = findFault(json.value, 'the command')
  if (fault !== undefined) return invalid(fault)
  const row = json.value as (string | boolean)[]
  return { kind: 'parsed', value: toCommand(hasNumbers(row) ? JSON.parse(quoteNumbers(body)) : row) }
}

/** Reads the body of `POST /pipeline` and `POST /multi-exec`: a JSON array of commands, at least one. */
export function parseCommands(body: string): Parsed<readonly Command[]> {
  const json = parseJson(body)
  if (json.kind === 'invalid') return json
  const { value } = json
  if (!Array.isArray(value)) {
    return invalid(`ERR cannot read the request body: it must be an array of commands, received ${describe(value)}`)
  }
  if (value.length === 0) return invalid('ERR cannot read the request body: it has no commands')
  for (const [index, row] of value.entries()) {
    const fault = findFault(row, `command ${index + 1}`)
    if (fault !== undefined) return invalid(fault)
  }
  const rows: (string | boolean)[][] = value.some(hasNumbers) ? JSON.parse(quoteNumbers(body)) : value
  return { kind: 'parsed', value: rows.map(toCommand) }
}
