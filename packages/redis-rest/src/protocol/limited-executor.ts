import type { Engine } from '../engine/engine.ts'
import { decodeFrame } from '../engine/frame.ts'
import { errorAnswer } from './answer.ts'
import { type CommandTable, readCommandTable } from './command-table.ts'
import { createExecutor, type Executor, type Prepare } from './executor.ts'

/** The commands of the engine: asked for when first needed, and again after `forget`. A string says why they cannot be had now. */
export interface TableSource {
  load(): Promise<CommandTable | string>
  forget(): void
}

export function createTableSource(engine: Engine): TableSource {
  let table: CommandTable | undefined
  return {
    load: async () => {
      if (table !== undefined) return table
      const [outcome] = await engine.send([{ name: 'COMMAND', args: [] }])
      if (outcome?.kind !== 'reply') return outcome?.message ?? 'ERR the engine gave no outcome'
      table = readCommandTable(decodeFrame(outcome.frame))
      return table
    },
    forget: () => {
      table = undefined
    },
  }
}

/** An executor for a token with limits, which needs to know the engine's commands before it can say what is allowed. */
export function createLimitedExecutor(
  engine: Engine,
  source: TableSource,
  prepareWith: (table: CommandTable) => Prepare,
): Executor {
  const withTable = async (run: (executor: Executor) => ReturnType<Executor['single']>) => {
    const table = await source.load()
    if (typeof table === 'string') return errorAnswer(503, table, { 'retry-after': '1' })
    return run(createExecutor({ engine, prepare: prepareWith(table) }))
  }
  return {
    single: (command, options) => withTable((executor) => executor.single(command, options)),
    pipeline: (commands, options) => withTable((executor) => executor.pipeline(commands, options)),
    transaction: (commands, options) => withTable((executor) => executor.transaction(commands, options)),
  }
}
