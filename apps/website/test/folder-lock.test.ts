import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FolderLockedError, lockFolder } from '../src/db/folder-lock.ts'

let folder: string
let lock: string

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'headwater-lock-')), 'data')
  lock = join(folder, 'website.lock')
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }))

const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid

describe('lockFolder()', () => {
  it('makes the folder, writes its pid, and leaves nothing after the release', () => {
    const release = lockFolder(folder)
    expect(readFileSync(lock, 'utf8')).toBe(`${process.pid}\n`)
    release()
    expect(readdirSync(folder)).toEqual([])
  })

  it('names the folder and the living process that holds it, and leaves its lock alone', () => {
    lockFolder(folder)()
    writeFileSync(lock, `${process.ppid}\n`)
    expect(() => lockFolder(folder)).toThrow(
      expect.objectContaining({ name: 'Error', code: 'ERR_FOLDER_LOCKED', folder, pid: process.ppid }),
    )
    expect(() => lockFolder(folder)).toThrow(FolderLockedError)
    expect(readdirSync(folder)).toEqual(['website.lock'])
    expect(readFileSync(lock, 'utf8')).toBe(`${process.ppid}\n`)
  })

  it.each([
    ['a process that is gone', () => `${deadPid()}\n`],
    ['an earlier process with our own pid', () => `${process.pid}\n`],
    ['a write that was cut short', () => ''],
  ])('takes over the lock of %s', (_, content) => {
    lockFolder(folder)()
    writeFileSync(lock, content())
    const release = lockFolder(folder)
    expect(readFileSync(lock, 'utf8')).toBe(`${process.pid}\n`)
    release()
    expect(readdirSync(folder)).toEqual([])
  })
})
