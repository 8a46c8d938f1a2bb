import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '../../..')

/** Builds the site before the tests unless `.next` is what its sources would give now; `npm start` uses the same check. */
export default async function buildSite(): Promise<void> {
  const script = join(root, 'scripts/ensure-deps.mjs')
  const env = { ...process.env }
  // The test runner's "test" is not a mode that Next can build in.
  Reflect.deleteProperty(env, 'NODE_ENV')
  await promisify(execFile)(process.execPath, [script, '--site'], { cwd: root, env })
}
