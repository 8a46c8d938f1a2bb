/**
 * `npm run break -- [C1 L3 …]`: breaks one line that a guarantee hangs on, runs the tests that hold it, says which went red, and puts the
 * line back. Ends with 1 when tests stayed green. Stop it with Ctrl-C at any time: the file is put back too.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { breaks } from './break/breaks.mjs'
import { repositoryRoot } from './build/repository-root.mjs'

const wanted = process.argv.slice(2)
const chosen = breaks.filter(({ guarantee }) => wanted.length === 0 || wanted.includes(guarantee))

/** @param {readonly string[]} tests @returns {Promise<readonly string[]>} the names of the tests that failed */
async function failing(tests) {
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'millpond', '--reporter', 'json']
  const paths = tests.map((path) => `packages/millpond/${path}`)
  const child = spawn(process.execPath, [...args, ...paths], {
    cwd: repositoryRoot,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  await once(child, 'close')
  const report = JSON.parse(output.slice(output.indexOf('{')).replace(/\}[^}]*$/, '}'))
  /** @type {{ assertionResults: { status: string, fullName: string }[] }[]} */
  const files = report.testResults
  return files.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
  )
}

/** @type {(() => void) | undefined} */
let putBack
process.on('SIGINT', () => {
  putBack?.()
  process.exit(130)
})

for (const { guarantee, what, file, from, to, tests } of chosen) {
  const path = join(repositoryRoot, 'packages/millpond/src', file)
  const source = readFileSync(path, 'utf8')
  if (source.split(from).length !== 2)
    throw new TypeError(`Cannot break ${guarantee}: ${file} must hold the line once: ${from}`)
  putBack = () => writeFileSync(path, source)
  try {
    writeFileSync(
      path,
      source.replace(from, () => to),
    )
    const red = await failing(tests)
    console.log(`${guarantee}: ${what} (${file})`)
    for (const name of red.slice(0, 3)) console.log(`    red: ${name}`)
    if (red.length > 3) console.log(`    and ${red.length - 3} more`)
    if (red.length > 0) continue
    console.error('    NOTHING WENT RED')
    process.exitCode = 1
  } finally {
    putBack()
  }
}
