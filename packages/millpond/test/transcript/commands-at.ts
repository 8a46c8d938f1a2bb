import { createHash } from 'node:crypto'
import { type Command, type Commands, toReplyError } from '../../src/stores/commands.ts'

/**
 * Commands whose limit scripts run at the moment `now` rather than by the server's clock, however they travel; `change` is what is done to the script's text before the server gets it.
 * Batches, slots, NOSCRIPT and the flag for key locking stay what they are.
 */
export function createCommandsAt(
  commands: Commands,
  { now, change }: { now: () => number; change: (source: string) => string },
): Commands {
  const changedOf = new Map<string, string>()
  const toSha = (source: string) => createHash('sha1').update(source).digest('hex')
  const at = ([count = 0, ...rest]: Command[1][]): Command[1][] => [
    count,
    ...rest.slice(0, Number(count)),
    now(),
    ...rest.slice(Number(count) + 1),
  ]
  return {
    ...commands,
    async send(command) {
      const [name, text = '', ...rest] = command
      if (name !== 'EVAL' && name !== 'EVALSHA') return commands.send(command)
      if (name === 'EVALSHA') {
        const sha = changedOf.get(String(text))
        if (sha === undefined) throw toReplyError('evalsha', 'NOSCRIPT')
        return commands.send([name, sha, ...at(rest)])
      }
      const changed = change(String(text))
      changedOf.set(toSha(String(text)), toSha(changed))
      return commands.send([name, changed, ...at(rest)])
    },
  }
}
