import { type AclUser, createAclUser } from './engine/acl-user.ts'
import type { StartedEngine } from './engine/create-engine.ts'
import type { Engine } from './engine/engine.ts'
import type { Access } from './http/access.ts'
import { createAdaptCommand } from './protocol/adapt-command.ts'
import { confineStream } from './protocol/confine-stream.ts'
import { createConfinedEngine } from './protocol/confined-engine.ts'
import { createExecutor } from './protocol/executor.ts'
import { createLimitedExecutor, type TableSource } from './protocol/limited-executor.ts'
import { createLimitedPrepare, createPrepare } from './protocol/prepare.ts'
import { createScriptFlags } from './protocol/script-flags.ts'
import type { Token } from './tokens.ts'

export interface Accesses {
  /** What each token may do. */
  readonly byToken: ReadonlyMap<string, Access>
  /** Drops the connections of tokens with a prefix. */
  close(): Promise<void>
}

export interface AccessesOptions {
  readonly tokens: readonly Token[]
  readonly engine: Engine
  readonly tables: TableSource
  /** Opens further connections, as that user. */
  readonly openAs: (user: AclUser) => StartedEngine
}

export function createAccesses({ tokens, engine, tables, openAs }: AccessesOptions): Accesses {
  const adapt = createAdaptCommand(createScriptFlags())
  const full: Access = {
    isFull: true,
    executor: createExecutor({ engine, prepare: createPrepare(adapt) }),
    toStream: (command) => ({ kind: 'parsed', value: { command } }),
  }
  const confined: Engine[] = []
  const confine = (token: Token): Engine => {
    const own = createConfinedEngine({ shared: engine, user: createAclUser(token), openAs })
    confined.push(own)
    return own
  }
  const toLimited = (token: Token): Access => ({
    isFull: false,
    executor: createLimitedExecutor(
      token.prefix === '' ? engine : confine(token),
      tables,
      createLimitedPrepare(adapt, token),
    ),
    toStream: (command) =>
      token.isReadOnly
        ? {
            kind: 'invalid',
            message: `NOPERM this token has no permissions to run the '${command.name.toLowerCase()}' command: it is read-only`,
          }
        : confineStream(token.prefix, command),
  })
  const byToken = new Map(
    tokens.map((token) => [token.token, token.isReadOnly || token.prefix !== '' ? toLimited(token) : full]),
  )
  return {
    byToken,
    close: async () => {
      await Promise.all(confined.map((own) => own.close()))
    },
  }
}
