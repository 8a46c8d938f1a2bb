import { userRefused } from '../engine/acl-user.ts'
import type { StartedEngine } from '../engine/create-engine.ts'
import type { Engine } from '../engine/engine.ts'
import type { Outcome } from '../engine/reply.ts'
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
  ...['SCAN', 'KEYS', 'COPY', 'PUBSUB', 'SORT', 'SORT_RO', 'RESTORE', 'COMMAND'],
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

/**
 * Runs what holds a script as the token's own user, over connections of its own that are opened for the first one, and everything
 * else on `shared`. Commands of a pipeline keep their order; a transaction runs on one connection.
 */
export function createConfinedEngine(shared: Engine, openAsUser: () => StartedEngine): Engine {
  let asUser: StartedEngine | undefined

  const sendAsUser = async (commands: readonly Command[]): Promise<readonly Outcome[]> => {
    asUser ??= openAsUser()
    await asUser.firstAttempt()
    return (await asUser.send(commands)).map(toRefusal)
  }

  const sendInParts = async (commands: readonly Command[]): Promise<readonly Outcome[]> => {
    const outcomes: Outcome[] = []
    for (let start = 0; start < commands.length; ) {
      const isShared = commands.slice(start, start + 1).some(needsAll)
      let end = start + 1
      while (end < commands.length && commands.slice(end, end + 1).some(needsAll) === isShared) end += 1
      const part = commands.slice(start, end)
      outcomes.push(...(await (isShared ? shared.send(part) : sendAsUser(part))))
      start = end
    }
    return outcomes
  }

  return {
    send: (commands) => {
      if (!commands.some(needsUser)) return shared.send(commands)
      return commands[0]?.name === 'MULTI' ? sendAsUser(commands) : sendInParts(commands)
    },
    trouble: () => shared.trouble(),
    close: async () => asUser?.close(),
  }
}
