import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { link } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type DataFolder, openDataFolder } from './data-folder.ts'

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  return { ...real, link: vi.fn(real.link) }
})

let folder: string
let locks: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millpond-data-'))
  locks = join(folder, 'millpond-rest.locks')
  mkdirSync(locks)
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('openDataFolder()', () => {
  it.each([
    ['a process that is gone', '999999999 1'],
    ['nobody', ''],
  ])('gives a folder that was of %s to one after the other', async (_, holder) => {
    writeFileSync(join(locks, '1'), holder)
    let inside = 0
    const seen = Array.from({ length: 8 }, async () => {
      const { use, leave } = await openDataFolder(folder)
      inside += 1
      await use(process.pid)
      const together = inside
      inside -= 1
      await leave()
      return together
    })
    expect(await Promise.all(seen)).toEqual(Array(8).fill(1))
    expect(readdirSync(locks).length).toBe(1)
  })

  it('gives nothing to who was so slow that others had the folder meanwhile', async () => {
    writeFileSync(join(locks, '1'), '')
    let isLate = false
    let holder: DataFolder | undefined
    vi.mocked(link).mockImplementationOnce(async (...paths) => {
      await (await openDataFolder(folder)).leave()
      holder = await openDataFolder(folder)
      await link(...paths)
      isLate = true
    })
    const slow = openDataFolder(folder)
    await vi.waitFor(() => expect([isLate, readdirSync(locks)]).toEqual([true, ['3']]), 10_000)
    await holder?.leave()
    await slow
    expect(readdirSync(locks)).toEqual(['4'])
  })

  it.runIf(existsSync('/proc/self'))('takes a folder whose lock names a number that came back', async () => {
    writeFileSync(join(locks, '1'), `${process.pid} 1`)
    await (await openDataFolder(folder)).leave()
  })

  it('leave() waits for what was noted last, which would take the folder anew', async () => {
    const { use, leave } = await openDataFolder(folder)
    void use(process.pid)
    await leave()
    expect(readFileSync(join(locks, '1'), 'utf8')).toBe('')
  })

  it('use() goes on where nothing can be written', async () => {
    const { use } = await openDataFolder(folder)
    rmSync(locks, { recursive: true })
    await use(process.pid)
  })
})
