import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'bench.mjs'), ...args], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

describe('npm run bench', () => {
  it.each([
    [['nosuch'], 'Cannot run nosuch: the benchmarks are api, cache, limit, rest, scale, simulation, site\n'],
    [['api', '--quikc'], "Cannot run the benchmarks: Unknown option '--quikc'; see --help\n"],
    [['--quick', 'api'], "Cannot run the benchmarks: Unexpected argument 'api'; see --help\n"],
  ])('refuses %j before it installs anything', (args, stderr) => {
    expect(run(...args)).toEqual({ status: 1, stdout: '', stderr })
  })
})
