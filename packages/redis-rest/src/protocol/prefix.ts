import { escapeGlob } from '../engine/acl-user.ts'
import type { Reply } from '../engine/reply.ts'

type Argument = string | Buffer

/** Puts one text before names and takes it off again. */
export interface Prefix {
  /** Before a key or a channel. */
  put(name: Argument): Argument
  /** Before a glob pattern of keys or channels, as a text that only matches itself. */
  putPattern(pattern: Argument): Argument
  /** A name of a reply without it; any other reply as it is. */
  takeOff(reply: Reply | undefined): Reply
  /** A pattern of a reply, as {@link putPattern} made it, without it. */
  takeOffPattern(reply: Reply | undefined): Reply
}

function prepend(text: string, argument: Argument): Argument {
  return typeof argument === 'string' ? text + argument : Buffer.concat([Buffer.from(text), argument])
}

function removeStart(text: string, reply: Reply | undefined): Reply {
  if (!Buffer.isBuffer(reply)) return reply ?? null
  const start = Buffer.byteLength(text)
  return reply.subarray(0, start).toString() === text ? reply.subarray(start) : reply
}

export function createPrefix(text: string): Prefix {
  const asPattern = escapeGlob(text)
  return {
    put: (name) => prepend(text, name),
    putPattern: (pattern) => prepend(asPattern, pattern),
    takeOff: (reply) => removeStart(text, reply),
    takeOffPattern: (reply) => removeStart(asPattern, reply),
  }
}
