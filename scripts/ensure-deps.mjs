/** Makes a clone ready to run, before `npm test` and all that needs builds. The website is built with --site. */
import { ensureReady } from './build/ensure-ready.mjs'

if (!(await ensureReady({ site: process.argv.includes('--site') }))) process.exitCode = 1
