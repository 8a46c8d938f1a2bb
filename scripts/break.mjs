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

const args = process.argv.slice(2)
const wanted = args.filter((argument) => !argument.startsWith('-'))
const first = args.includes('--first')
const guarantees = [...new Set(breaks.map(({ guarantee }) => guarantee))].sort()
const unknown = args.find((argument) => ![...guarantees, '--first'].includes(argument))

async function breakAll() {
  const chosen = [...breaks.entries()].filter(([, { guarantee }]) => wanted.length === 0 || wanted.includes(guarantee))
  let green = 0
  for (const [index, { guarantee, what, file }] of chosen) {
    console.log(`${guarantee}: ${what} (${file})`)
    const red = await failing(index, first)
    for (const name of red.slice(0, NAMED)) console.log(`    red: ${name}`)
    if (red.length > NAMED) console.log(`    and ${red.length - NAMED} more`)
    if (red.length > 0) continue
    green += 1
    console.error('    NOTHING WENT RED')
  }
  const lines = `${chosen.length} ${chosen.length === 1 ? 'line' : 'lines'}`
  console.log(
    `\nBroken: ${lines}, one at a time. ${green === 0 ? 'Each turned tests red' : `${green} turned no test red`}. No file was changed.`,
  )
  if (green > 0) process.exitCode = 1
}

if (args.includes('--help')) {
  console.log(`Usage: npm run break -- [--first] [names]
  names    ${guarantees.join(' ')}; without one all. ARCHITECTURE.md says what each promises
  --first  stops at the first test that goes red: a tenth of the time`)
} else if (unknown !== undefined) {
  console.error(`Cannot break: a guarantee must be one of ${guarantees.join(' ')}, received "${unknown}"`)
  process.exitCode = 1
} else await breakAll()
