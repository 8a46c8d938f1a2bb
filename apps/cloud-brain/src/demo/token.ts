import { DEMO_USER, openDevelopmentIssuer } from '../auth/development-issuer.ts'
import { UserId } from '../auth/user-id.ts'
import { systemClock } from '../clock.ts'
import { readConfig } from '../config.ts'

/** Prints a token of the development issuer: `npm run token -w apps/cloud-brain -- <uuid>`. */

const userId = UserId.safeParse(process.argv[2] ?? DEMO_USER)
if (!userId.success) fail('the user must be a UUID')
else {
  try {
    // npm runs this in the package's folder; INIT_CWD is where the person is.
    const config = readConfig(process.env, process.env.INIT_CWD ?? process.cwd())
    if (config.auth.kind !== 'development') fail('tokens come from AUTH_ISSUER')
    else console.log(await (await openDevelopmentIssuer(config.dataDir, systemClock)).mint(userId.data))
  } catch (error) {
    fail(error instanceof Error ? error.message : 'unknown reason')
  }
}

function fail(reason: string): void {
  console.error(`Cannot make a token: ${reason}`)
  process.exitCode = 1
}
