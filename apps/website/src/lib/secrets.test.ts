import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadSecrets } from './secrets.ts'

const none = { cookie: undefined, cacheKey: undefined }

describe('loadSecrets()', () => {
  let folder: string
  let dataDir: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'headwater-secrets-'))
    dataDir = join(folder, 'data')
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))
  const load = (given: Parameters<typeof loadSecrets>[0]['given'] = none) => loadSecrets({ given, dataDir })
  const file = () => join(dataDir, 'secrets.json')

  it('makes two that are long and differ, and keeps them for its owner alone', async () => {
    const made = await load()
    expect([made.cookie.length >= 32, made.cacheKey.length >= 32, made.cookie === made.cacheKey]).toEqual([
      true,
      true,
      false,
    ])
    expect((await stat(file())).mode & 0o777).toBe(0o600)
    expect(await load()).toEqual(made)
  })

  it('takes what is given, and makes and keeps the other one only', async () => {
    const [cookie, cacheKey] = ['c'.repeat(32), 'k'.repeat(32)]
    expect(await load({ cookie, cacheKey })).toEqual({ cookie, cacheKey })
    await expect(readFile(file())).rejects.toThrow('ENOENT')
    const half = await load({ cookie, cacheKey: undefined })
    expect([half.cookie, await load({ cookie, cacheKey: undefined })]).toEqual([cookie, half])
    expect(await load({ cookie: undefined, cacheKey })).toMatchObject({ cacheKey })
  })

  it.each(['', '{', '{}', '{"cookie":"short","cacheKey":"short"}'])(
    'makes new ones where %j is kept',
    async (damaged) => {
      await load()
      await writeFile(file(), damaged)
      const made = await load()
      expect([made.cookie.length >= 32, await load()]).toEqual([true, made])
    },
  )
})
