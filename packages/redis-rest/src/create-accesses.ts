import type { Engine } from './engine/engine.ts'
import type { Access } from './http/access.ts'
import { createAdaptCommand } from './protocol/adapt-command.ts'
import { createExecutor } from './protocol/executor.ts'
import { createLimitedExecutor, type TableSource } from './protocol/limited-executor.ts'
import { createLimitedPrepare, createPrepare } from './protocol/prepare.ts'
import { createScriptFlags } from './protocol/script-flags.ts'
import type { Token } from './tokens.ts'

/** What each token may do. */
export function createAccesses(
  tokens: readonly Token[],
  engine: Engine,
  tables: TableSource,
): ReadonlyMap<string, Access> {
  const adapt = createAdaptCommand(createScriptFlags())
  const full: Access = {
    isFull: true,
    executor: createExecutor({ engine, prepare: createPrepare(adapt) }),
    toStream: (command) => ({ kind: 'parsed', value: command }),
  }
  const toLimited = (token: Token): Access => ({
    isFull: false,
    executor: createLimitedExecutor(engine, tables, createLimitedPrepare(adapt, token)),
    toStream: ({ name }) => ({
      kind: 'invalid',
      message: `NOPERM this token has no permissions to run the '${name.toLowerCase()}' command`,
    }),
  })
  return new Map(
    tokens.map((token) => [token.token, token.isReadOnly || token.prefix !== '' ? toLimited(token) : full]),
  )
}
