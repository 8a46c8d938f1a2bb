import { createHash } from 'node:crypto'
import type { Command } from '../protocol/command.ts'

/** A user of Redis that reaches only keys and channels that start with a prefix, whatever a script names. */
export interface AclUser {
  readonly name: string
  readonly password: string
  /** Makes it, or makes it again as it was; Redis forgets its users when it ends. */
  readonly create: Command
}

/**
 * What scripts may not do although it needs no key: name the keys of others, and leave the database. The other categories are
 * those that concern the server and the connection. RESTORE is among them, but writes only the key that it names. PFMERGE, GEORADIUS
 * and GEORADIUSBYMEMBER make a key of which Redis does not ask whether the user may reach it: the first where it merges nothing, the
 * others by a second STORE. The last three are what a connection to a cluster asks for.
 */
const rules = [
  ...['+@all', '-@admin', '-@dangerous', '-@connection', '+ping', '+echo', '+restore'],
  ...['-scan', '-randomkey', '-dbsize', '-pubsub', '-move', '-copy', '-cluster'],
  ...['-pfmerge', '-georadius', '-georadiusbymember'],
  ...['+cluster|slots', '+command', '+asking'],
]

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** A text as a pattern that matches only itself, in the globs of Redis. */
export function escapeGlob(text: string): string {
  return text.replaceAll(/[\\*?[\]^-]/g, '\\$&')
}

/**
 * The user for a token with a prefix. Name and password come from both, so that all servers in front of one Redis share the user
 * and none is left behind by each start. Needs Redis 6.2 or later, or Valkey.
 */
export function createAclUser({ token, prefix }: { readonly token: string; readonly prefix: string }): AclUser {
  const name = `millpond-rest-${sha256(`user\0${token}\0${prefix}`).slice(0, 24)}`
  const password = sha256(`password\0${token}\0${prefix}`)
  const pattern = `${escapeGlob(prefix)}*`
  const args = ['SETUSER', name, 'reset', 'on', `#${sha256(password)}`, `~${pattern}`, 'resetchannels', `&${pattern}`]
  return { name, password, create: { name: 'ACL', args: [...args, ...rules] } }
}

/** Part of the reason for which a connection ends when Redis does not make its user. */
export const userRefused = 'the user of the token was refused'
