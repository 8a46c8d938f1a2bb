import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withLock } from './with-lock.mjs'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millpond-lock-'))
  path = join(folder, 'lock')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('withLock()', () => {
  it('holds the lock while the body runs and leaves nothing behind', async () => {
    expect(await withLock(path, async () => existsSync(path))).toBe(true)
    expect(readdirSync(folder)).toEqual([])
  })

  it('gives the lock back when the body fails', async () => {
    const error = new TypeError('no')
    await expect(withLock(path, () => Promise.reject(error))).rejects.toBe(error)
    expect(existsSync(path)).toBe(false)
  })

  it('waits for another process, and says so once', async () => {
    const lines: string[] = []
    const events: string[] = []
    writeFileSync(path, String(process.ppid))
    const waiting = withLock(path, async () => events.push('ran'), {
      write: (line: string) => lines.push(line),
      pollMs: 1,
    })
    await expect.poll(() => lines).toEqual([`… Waiting for process ${process.ppid}, which is installing or building`])
    expect(events).toEqual([])
    rmSync(path)
    await waiting
    expect(events).toEqual(['ran'])
    expect(lines.length).toBe(1)
  })

  it('takes over the lock of a process that is gone', async () => {
    writeFileSync(path, String(spawnSync(process.execPath, ['--version']).pid))
    expect(await withLock(path, async () => 'done')).toBe('done')
  })
})
