import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

let root: string
/** A clone in which nothing can be installed: it has no lock file. */
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'millpond-npm-start-'))
  for (const name of ['start', 'build', 'start.mjs', 'npm-start.mjs', 'progress.mjs', 'is-running.mjs']) {
    cpSync(join(import.meta.dirname, name), join(root, 'scripts', name), { recursive: true })
  }
  writeFileSync(join(root, 'package.json'), '{"type": "module"}')
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function start(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/npm-start.mjs'), ...args], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

test.each([
  [['--help'], 0, /^Options \(npm start -- <option> …\):\n/, /^$/],
  [['--api-port', 'x'], 1, /^$/, /^Cannot start: --api-port must be an integer from 0 to 65535, received "x"\n$/],
  [['--prot', '1'], 1, /^$/, /^Cannot start: Unknown option '--prot'\nOptions /],
])('npm start %j tells at once, and installs nothing', (args, status, stdout, stderr) => {
  const ended = start(...args)
  expect(ended.status).toBe(status)
  expect(ended.stdout).toMatch(stdout)
  expect(ended.stderr).toMatch(stderr)
  expect(readdirSync(root).sort()).toEqual(['package.json', 'scripts'])
})

test('npm start makes ready before it starts, and does not start what is not', () => {
  const ended = start()
  expect(ended.status).toBe(1)
  expect(ended.stderr).toContain('package-lock.json')
  expect(existsSync(join(root, '.millpond/run.json'))).toBe(false)
})
