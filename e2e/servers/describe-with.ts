import { describe, it } from 'vitest'
import { openssl } from './certificate.ts'
import { chromium } from './chromium.ts'
import { installLine, type ServerName } from './install-lines.ts'
import { isCi } from './is-ci.ts'
import { pgBouncer } from './pgbouncer.ts'
import { postgresServer } from './postgres.ts'
import { redisServer } from './redis.ts'

const isInstalled: Record<ServerName, boolean> = {
  redis: redisServer !== undefined,
  postgres: postgresServer !== undefined,
  pgbouncer: pgBouncer !== undefined,
  chromium: chromium !== undefined,
  openssl: openssl !== undefined,
}

/**
 * `describe` for tests that need a program of the machine. Where one is missing the block is skipped and its name tells how
 * to install it; in CI (environment variable CI set) it fails instead, so nothing is skipped there unseen.
 */
export function describeWith(needs: ServerName | readonly ServerName[], name: string, body: () => void): void {
  const missing = (typeof needs === 'string' ? [needs] : needs).filter((need) => !isInstalled[need])
  const install = missing.map((need) => installLine[need]).join(' && ')
  if (missing.length === 0) {
    describe(name, body)
  } else if (isCi) {
    describe(name, () => {
      it(`needs: ${install}`, () => {
        throw new TypeError(`Cannot skip "${name}" in CI: install ${missing.join(', ')} first (${install})`)
      })
    })
  } else {
    describe.skip(`${name} (needs: ${install})`, body)
  }
}
