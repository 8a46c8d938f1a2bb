import type { AdaptCommand, Adapted } from './adapt-command.ts'
import type { Command, Parsed } from './command.ts'
import type { CommandTable } from './command-table.ts'
import type { Prepare } from './executor.ts'
import { createKeyPrefix } from './key-prefix.ts'
import { isPatternScript } from './pattern-script.ts'
import { findWrite } from './read-only.ts'
import { findRefusal } from './refused-commands.ts'

/** What the commands of one token are held to. */
export interface Limits {
  readonly isReadOnly: boolean
  /** Empty for none. */
  readonly prefix: string
}

/** For a token that may do everything that is allowed here. */
export function createPrepare(adapt: AdaptCommand): Prepare {
  return (command) => {
    const message = findRefusal(command)
    if (message !== undefined) return { kind: 'invalid', message }
    return { kind: 'parsed', value: adapt(command.name.toUpperCase(), command) }
  }
}

function chain(outer: Adapted, inner: Adapted): Adapted {
  const { toOutcome } = outer
  if (toOutcome === undefined) return inner
  return { command: inner.command, toOutcome: (outcome) => toOutcome(inner.toOutcome?.(outcome) ?? outcome) }
}

/** For a token with limits; what a command reads, writes and touches is known from the engine's `table`. */
export function createLimitedPrepare(adapt: AdaptCommand, limits: Limits): (table: CommandTable) => Prepare {
  const confine = limits.prefix === '' ? undefined : createKeyPrefix(limits.prefix)
  return (table) =>
    (command: Command): Parsed<Adapted> => {
      const message = findRefusal(command) ?? (limits.isReadOnly ? findWrite(table, command) : undefined)
      if (message !== undefined) return { kind: 'invalid', message }
      const confined = confine?.(table, command) ?? { kind: 'parsed', value: { command } }
      if (confined.kind === 'invalid') return confined
      const inner = confined.value.command
      const name = inner.name.toUpperCase()
      const adapted = adapt(name, inner)
      const isTrusted = name === 'SCAN' || isPatternScript(name, command)
      const runs = isTrusted ? { ...adapted, command: { ...adapted.command, isTrusted } } : adapted
      return { kind: 'parsed', value: chain(confined.value, runs) }
    }
}
