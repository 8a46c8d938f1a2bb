import { randomBytes } from 'node:crypto'
import { ConfigError } from './errors.ts'

/** A token with limits. */
export interface TokenOptions {
  /** Printable ASCII without spaces. */
  readonly token: string
  /** Only commands that write nothing, and neither SCAN nor KEYS. Default false. */
  readonly readOnly?: boolean | undefined
  /**
   * Put before every key and channel, and taken off replies that name them. Scripts run as a user of Redis that reaches nothing else,
   * for which the login of the server needs `ACL SETUSER`.
   */
  readonly prefix?: string | undefined
}

/** A token that was checked, with every field. */
export interface Token {
  readonly token: string
  readonly isReadOnly: boolean
  readonly prefix: string
}

type Given = string | TokenOptions

function readToken(given: Given): Token {
  const {
    token,
    readOnly = false,
    prefix = '',
    ...others
  }: TokenOptions = typeof given === 'string' ? { token: given } : given
  // Misspelt, a field that takes rights away would leave them all.
  if (Object.keys(others).length > 0) {
    throw new ConfigError('Cannot create server: a token must have no fields but "token", "readOnly" and "prefix"')
  }
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new ConfigError('Cannot create server: a token must be printable ASCII without spaces, and not empty')
  }
  if (typeof readOnly !== 'boolean') throw new ConfigError('Cannot create server: "readOnly" must be true or false')
  if (typeof prefix !== 'string') throw new ConfigError('Cannot create server: "prefix" must be a text')
  return { token, isReadOnly: readOnly, prefix }
}

/** Checks tokens; without any, makes a random one. Throws {@link ConfigError}, which never repeats a token. */
export function readTokens(given: Given | readonly Given[] | undefined): readonly [Token, ...Token[]] {
  const list = given === undefined ? [randomBytes(24).toString('base64url')] : [given].flat()
  const [first, ...others] = list.map(readToken)
  if (first === undefined) throw new ConfigError('Cannot create server: "token" is an empty list')
  if (new Set(list.map((one) => readToken(one).token)).size < list.length) {
    throw new ConfigError('Cannot create server: a token is given twice')
  }
  return [first, ...others]
}
