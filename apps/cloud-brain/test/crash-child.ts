import { UserId } from '../src/auth/user-id.ts'
import { systemClock } from '../src/clock.ts'
import { openDatabase } from '../src/db/database.ts'
import { createIngest } from '../src/health/ingest.ts'
import { createOutbox } from '../src/health/outbox.ts'
import { createLogger } from '../src/logger.ts'

/** Stores a night of 8 hours and is killed between the commit and the invalidation. */

const [url = '', user = '', date = ''] = process.argv.slice(2)
const { db } = await openDatabase({ kind: 'postgres', url })
const cache = {
  invalidate: async () => {
    process.kill(process.pid, 'SIGKILL')
    return new Promise<never>(() => {})
  },
}
const outbox = createOutbox({ db, cache, logger: createLogger('silent') })
await createIngest({ db, outbox, clock: systemClock })(
  { userId: UserId.parse(user) },
  { source: 'watch', sleep: [{ date, hours: 8 }] },
)
