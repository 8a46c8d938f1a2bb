import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ensureInstalled, installedLock, isInstalled } from './ensure-installed.mjs'
import { repositoryRoot } from './repository-root.mjs'

type Packages = Record<string, { version: string; integrity?: string; optional?: boolean; peer?: boolean }>

const locked: Packages = {
  '': { version: '0.0.0' },
  'apps/pond': { version: '0.1.0' },
  'node_modules/hono': { version: '4.13.19', integrity: 'sha512-hono' },
  'node_modules/for-another-system': { version: '1.0.0', integrity: 'sha512-other', optional: true },
}
/** What npm notes of it here: neither the root nor what is for other systems; `peer` as another version of npm sets it. */
const asInstalled: Packages = {
  'apps/pond': { version: '0.1.0' },
  'node_modules/hono': { version: '4.13.19', integrity: 'sha512-hono', peer: true },
}

let root: string
let installs: number

const writeLock = (path: string, packages: Packages) => writeFileSync(join(root, path), JSON.stringify({ packages }))

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millpond-install-'))
  installs = 0
  writeLock('package-lock.json', locked)
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const quiet = <T>(_: string, run: () => Promise<T>): Promise<T> => run()

/** Installs as npm does: node_modules is made anew, and noted at the end. */
async function install(): Promise<void> {
  installs += 1
  rmSync(join(root, 'node_modules'), { recursive: true, force: true })
  mkdirSync(join(root, 'node_modules'))
  writeLock(installedLock, asInstalled)
}

const ensure = (run = install) => ensureInstalled(root, { run, progress: quiet })

describe('ensureInstalled()', () => {
  it('installs once', async () => {
    await ensure()
    await ensure()
    expect(installs).toBe(1)
  })

  it('installs nothing again when somebody has called npm already', async () => {
    await install()
    await ensure()
    expect(installs).toBe(1)
  })

  it.each<[string, Packages]>([
    ['another version', { 'node_modules/hono': { version: '4.13.20', integrity: 'sha512-hono' } }],
    ['other bytes', { 'node_modules/hono': { version: '4.13.19', integrity: 'sha512-changed' } }],
    ['another workspace', { 'apps/mill': { version: '0.1.0' } }],
    ['one more package', { 'node_modules/zod': { version: '4.6.7', integrity: 'sha512-zod' } }],
  ])('installs again when the lock file wants %s', async (_, changed) => {
    await ensure()
    writeLock('package-lock.json', { ...locked, ...changed })
    await ensure()
    expect(installs).toBe(2)
  })

  it('installs again when node_modules is gone or its note unreadable', async () => {
    await ensure()
    rmSync(join(root, 'node_modules'), { recursive: true })
    await ensure()
    writeFileSync(join(root, installedLock), '{"packages": {')
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

it('isInstalled() knows what npm has put into this clone', () => {
  expect(isInstalled(repositoryRoot)).toBe(true)
})
