/**
 * `npm run break -- [--first] [C1 L3 …]`: runs the tests that hold a guarantee with one line of the library broken, and says which went red.
 * Ends with 1 when they stayed green. `--first` stops at the first that goes red: enough to know that one does, in a tenth of the time. No file is changed.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { breaks } from './break/breaks.mjs'
import { repositoryRoot } from './build/repository-root.mjs'

const NAMED = 3

/**
 * @param {number} index of `breaks`
 * @param {boolean} first
 * @returns {Promise<readonly string[]>} the names of the tests that failed
 */
async function failing(index, first) {
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'scripts/break/vitest.config.mjs']
  const child = spawn(
    process.execPath,
    [...args, '--reporter', 'json', ...(first ? ['--bail', '1'] : []), ...(breaks[index]?.tests ?? [])],
    {
      cwd: repositoryRoot,
      env: { ...process.env, MILLPOND_BREAK: String(index) },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')])
  /** @type {{ testResults: { name: string, status: string, assertionResults: { status: string, fullName: string }[] }[] }} */
  const report = JSON.parse(output.slice(output.indexOf('{')).replace(/\}[^}]*$/, '}'))
  return report.testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
  )
}

const wanted = process.argv.slice(2).filter((argument) => argument !== '--first')
const first = process.argv.includes('--first')
const guarantees = [...new Set(breaks.map(({ guarantee }) => guarantee))].sort()
const unknown = wanted.find((name) => !guarantees.includes(name))
if (unknown !== undefined)
  throw new RangeError(`Cannot break: a guarantee must be one of ${guarantees.join(' ')}, received "${unknown}"`)

for (const [index, { guarantee, what, file }] of breaks.entries()) {
  if (wanted.length > 0 && !wanted.includes(guarantee)) continue
  const red = await failing(index, first)
  console.log(`${guarantee}: ${what} (${file})`)
  for (const name of red.slice(0, NAMED)) console.log(`    red: ${name}`)
  if (red.length > NAMED) console.log(`    and ${red.length - NAMED} more`)
  if (red.length > 0) continue
  console.error('    NOTHING WENT RED')
  process.exitCode = 1
}
