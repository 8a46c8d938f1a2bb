import { type AclUser, userRefused } from '../engine/acl-user.ts'
import type { StartedEngine } from '../engine/create-engine.ts'
import type { Engine } from '../engine/engine.ts'
import { readError, replaceInErrors } from '../engine/frame.ts'
import type { Outcome } from '../engine/reply.ts'
import type { ReplyShare } from '../engine/reply-bytes.ts'
import type { Command } from './command.ts'

const scriptCommands = new Set(['EVAL', 'EVALSHA', 'EVAL_RO', 'EVALSHA_RO', 'FCALL', 'FCALL_RO'])

function isScript({ name }: Command): boolean {
  return scriptCommands.has(name.toUpperCase())
}

/** A script may name any key: only a user with limits may run it. */
function needsUser(command: Command): boolean {
  return isScript(command) && command.isTrusted !== true
}

const refusedToUser = new Set([
  ...['SCAN', 'KEYS', 'COPY', 'PUBSUB', 'SORT', 'SORT_RO', 'COMMAND'],
  ...['PFMERGE', 'GEORADIUS', 'GEORADIUSBYMEMBER'],
])

/** What the user may not do, since a script could do it too; the commands themselves were put inside the prefix before. */
function needsAll(command: Command): boolean {
  return command.isTrusted === true || refusedToUser.has(command.name.toUpperCase())
}

function toRefusal(outcome: Outcome): Outcome {
  if (outcome.kind !== 'unavailable' || !outcome.message.includes(userRefused)) return outcome
  const reason = 'it needs a user of its own in Redis 6.2 or later, and Redis refused to make one'
  return { kind: 'error', message: `NOPERM this token has no permissions to run scripts: ${reason}` }
}

/** Since Redis 7.2 a refusal calls the user by its name, which tells the holder of the token nothing. Before, it said this. */
function withoutName(outcome: Outcome, { name }: AclUser): Outcome {
  if (outcome.kind === 'unavailable' || outcome.frame === undefined) return outcome
  const frame = replaceInErrors(outcome.frame, `User ${name} `, 'this user ')
  if (frame === outcome.frame) return outcome
  return outcome.kind === 'reply' ? { kind: 'reply', frame } : { ...outcome, message: readError(frame) ?? '', frame }
}

/** The same command is allowed elsewhere: of what Redis refuses while it queues a transaction, the reason is that it runs as the user. */
function toQueueRefusal(outcome: Outcome): Outcome {
  const name =
    outcome.kind === 'error' ? /^NOPERM .* to run the '([^']+)' command/.exec(outcome.message)?.[1] : undefined
  if (name === undefined) return outcome
  const where = 'in a transaction that holds a script'
  return { kind: 'error', message: `NOPERM this token has no permissions to run the '${name}' command ${where}` }
}

export interface ConfinedEngineOptions {
  readonly shared: Engine
  /** Of the token. */
  readonly user: AclUser
  readonly openAs: (user: AclUser) => StartedEngine
}

/**
 * Runs what holds a script as the token's own user, over connections of its own that are opened for the first one, and everything
 * else on `shared`. Commands of a pipeline keep their order; a transaction runs on one connection.
 */
export function createConfinedEngine({ shared, user, openAs }: ConfinedEngineOptions): Engine {
  let asUser: StartedEngine | undefined

  const sendAsUser = async (commands: readonly Command[], replies?: ReplyShare): Promise<readonly Outcome[]> => {
    asUser ??= openAs(user)
    await asUser.firstAttempt()
    return (await asUser.send(commands, replies)).map((outcome) => withoutName(toRefusal(outcome), user))
  }

  const sendInParts = async (commands: readonly Command[], replies?: ReplyShare): Promise<readonly Outcome[]> => {
    const outcomes: Outcome[] = []
    for (let start = 0; start < commands.length; ) {
      const isShared = commands.slice(start, start + 1).some(needsAll)
      let end = start + 1
      while (end < commands.length && commands.slice(end, end + 1).some(needsAll) === isShared) end += 1
      const part = commands.slice(start, end)
      outcomes.push(...(await (isShared ? shared.send(part, replies) : sendAsUser(part, replies))))
      start = end
    }
    return outcomes
  }

  return {
    send: async (commands, replies) => {
      if (!commands.some(needsUser)) return shared.send(commands, replies)
      if (commands[0]?.name !== 'MULTI') return sendInParts(commands, replies)
      return (await sendAsUser(commands, replies)).map(toQueueRefusal)
    },
    trouble: () => shared.trouble(),
    close: async () => asUser?.close(),
  }
}
