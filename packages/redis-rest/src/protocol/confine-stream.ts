import type { Reply } from '../engine/reply.ts'
import type { Command, Parsed } from './command.ts'
import { createPrefix } from './prefix.ts'

/** The command of a stream as Redis should get it, and what its client gets for each reply; without `toReply` the reply itself. */
export interface StreamRequest {
  readonly command: Command
  readonly toReply?: ((reply: Reply) => Reply) | undefined
}

/** Of `message,channel,text` and `pmessage,pattern,channel,text` the names are in the middle. */
function mapNames(reply: Reply, change: (part: Reply, index: number) => Reply): Reply {
  if (!Array.isArray(reply)) return reply
  return reply.map((part: Reply, index) => (index > 0 && index < reply.length - 1 ? change(part, index) : part))
}

/** SUBSCRIBE and PSUBSCRIBE inside a key prefix, which holds for channels too. MONITOR shows what others do, and is refused. */
export function confineStream(text: string, { name, args }: Command): Parsed<StreamRequest> {
  const prefix = createPrefix(text)
  switch (name.toUpperCase()) {
    case 'SUBSCRIBE':
      return {
        kind: 'parsed',
        value: { command: { name, args: args.map(prefix.put) }, toReply: (reply) => mapNames(reply, prefix.takeOff) },
      }
    case 'PSUBSCRIBE': {
      const takeOff = (part: Reply, index: number): Reply =>
        index === 1 ? prefix.takeOffPattern(part) : prefix.takeOff(part)
      return {
        kind: 'parsed',
        value: { command: { name, args: args.map(prefix.putPattern) }, toReply: (reply) => mapNames(reply, takeOff) },
      }
    }
    default: {
      const message = `NOPERM this token has no permissions to run the '${name.slice(0, 64).toLowerCase()}' command`
      return { kind: 'invalid', message: `${message}: it reaches beyond its key prefix` }
    }
  }
}
