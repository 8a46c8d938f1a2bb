import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ensureInstalled } from './ensure-installed.mjs'

let root: string
let installs: number

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millpond-install-'))
  installs = 0
  writeFileSync(join(root, 'package-lock.json'), '{"version": 1}')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const quiet = <T>(_: string, run: () => Promise<T>): Promise<T> => run()

/** Installs as npm does: node_modules is made anew. */
async function install(): Promise<void> {
  installs += 1
  rmSync(join(root, 'node_modules'), { recursive: true, force: true })
  mkdirSync(join(root, 'node_modules'))
}

const ensure = (run = install) => ensureInstalled(root, { run, progress: quiet })

describe('ensureInstalled()', () => {
  it('installs once', async () => {
    await ensure()
    await ensure()
    expect(installs).toBe(1)
  })

  it('installs again when the lock file has changed or node_modules is gone', async () => {
    await ensure()
    writeFileSync(join(root, 'package-lock.json'), '{"version": 2}')
    await ensure()
    rmSync(join(root, 'node_modules'), { recursive: true })
    await ensure()
    expect(installs).toBe(3)
  })

  it('tries again after an installation that failed', async () => {
    const error = new TypeError('offline')
    await expect(ensure(() => Promise.reject(error))).rejects.toBe(error)
    await ensure()
    expect(installs).toBe(1)
  })
})
