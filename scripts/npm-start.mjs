/**
 * What `npm start` and `npm run dev` run: makes the clone ready, then starts the system. The options are read first, so that `--help` and
 * what is wrong with them are told at once, before anything is installed.
 */
import { ensureReady } from './build/ensure-ready.mjs'
import { repositoryRoot } from './build/repository-root.mjs'
import { readOptions, usage } from './start/options.mjs'

function readAsked() {
  try {
    return readOptions(process.argv.slice(2), process.env, repositoryRoot)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return undefined
  }
}

const asked = readAsked()
if (asked?.help) console.log(usage)
// With --dev the site is compiled as it is asked for.
else if (asked && (await ensureReady({ site: !asked.dev }))) await import('./start.mjs')
else process.exitCode = 1
