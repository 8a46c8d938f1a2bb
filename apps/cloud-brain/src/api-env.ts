import type { HttpBindings } from '@hono/node-server'
import type { Decision } from 'millpond'
import type { UserId } from './auth/user-id.ts'
import type { Verdict } from './auth/verifier.ts'

/** Who a request says it is from, before anything is refused. */
export type Identity = Verdict | { status: 'absent' }

/** What the routes find in their context. */
export type ApiEnv = {
  Bindings: Partial<HttpBindings>
  Variables: {
    requestId: string
    identity: Identity
    userId: UserId
    email: string | null
    /** Asks the request limits, once however often it is called. */
    decide: () => Promise<Decision>
    /** What the headers tell instead, where a route has a limit of its own. */
    nearest?: Decision
  }
}
