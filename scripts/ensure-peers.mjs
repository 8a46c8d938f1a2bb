/** Installs what the benchmarks compare with, unless it is there as its lock file says. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureInstalled } from './build/ensure-installed.mjs'
import { repositoryRoot } from './build/repository-root.mjs'
import { runNpm } from './build/run-npm.mjs'
import { withProgress } from './progress.mjs'

/** Rejects with CommandError when npm fails. */
export async function ensurePeers() {
  const folder = join(repositoryRoot, 'bench')
  await ensureInstalled(folder, {
    run: () => runNpm(['ci'], folder),
    progress: (_, install) => withProgress('Installing the peers of the benchmarks', install),
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await ensurePeers()
