import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { toClosingText } from './closing-line-reporter.ts'

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const folder = fileURLToPath(new URL('./fixtures/closing-line', import.meta.url))

/** Runs the named fixture files; gives the exit code and the last non-empty lines, which must end the output. */
function runFixtures(...names: string[]): { code: number | null; lastLines: string[] } {
  const files = names.map((name) => `${name}.fixture.ts`)
  const env = { ...process.env, NO_COLOR: '1', VITEST: undefined }
  const run = spawnSync(process.execPath, [vitest, 'run', '--root', folder, ...files], { env, encoding: 'utf8' })
  return { code: run.status, lastLines: run.stdout.trimEnd().split('\n') }
}

describe('ClosingLineReporter', () => {
  it.each([
    { fixtures: ['passes'], code: 0, line: '1 passed, 0 failed, 2 skipped' },
    { fixtures: ['passes', 'fails'], code: 1, line: '2 passed, 1 failed, 2 skipped' },
    { fixtures: ['import-error'], code: 1, line: '0 passed, 1 failed, 0 skipped' },
    { fixtures: ['before-hook-error'], code: 1, line: '0 passed, 1 failed, 1 skipped' },
    { fixtures: ['after-hook-error'], code: 1, line: '1 passed, 1 failed, 0 skipped' },
    { fixtures: ['unhandled-error'], code: 1, line: '1 passed, 1 failed, 0 skipped' },
    { fixtures: ['no-tests'], code: 1, line: '0 passed, 1 failed, 0 skipped' },
    { fixtures: ['matches-no-file'], code: 1, line: '0 passed, 1 failed, 0 skipped' },
  ])('ends the output with $line when it runs $fixtures', ({ fixtures, code, line }) => {
    const run = runFixtures(...fixtures)
    expect(run.lastLines.at(-1)).toBe(line)
    expect(run.code).toBe(code)
  })

  it('names skipped tests before the closing line', () => {
    expect(runFixtures('passes').lastLines.slice(-3)).toEqual([
      'skipped: passes.fixture.ts > group > is skipped',
      'skipped: passes.fixture.ts > group > is to do',
      '1 passed, 0 failed, 2 skipped',
    ])
  })
})

describe('toClosingText()', () => {
  it('is one line alone when nothing was skipped', () => {
    expect(toClosingText({ passed: 3, failed: 0, skipped: [] })).toBe('\n3 passed, 0 failed, 0 skipped\n')
  })
})
