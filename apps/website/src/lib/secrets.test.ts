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
  const bytesOf = (secret: string) => Buffer.from(secret, 'base64url').length
  const file = () => join(dataDir, 'secrets.json')

  it('makes two that are long and differ, and keeps them for its owner alone', async () => {
    const made = await load()
    expect([bytesOf(made.cookie), bytesOf(made.cacheKey), made.cookie === made.cacheKey]).toEqual([32, 32, false])
    expect((await stat(file())).mode & 0o777).toBe(0o600)
    expect(await load()).toEqual(made)
  })

  it('takes what is given, and makes and keeps the other one only', async () => {
    const [cookie, cacheKey] = ['c'.repeat(32), 'k'.repeat(32)]
    expect(await load({ cookie, cacheKey })).toEqual({ cookie, cacheKey })
    await expect(readFile(file())).rejects.toThrow('ENOENT')
    const half = await load({ cookie, cacheKey: undefined })
    expect([half.cookie, await load({ cookie, cacheKey: undefined })]).toEqual([cookie, half])
    const otherHalf = await load({ cookie: undefined, cacheKey })
    expect([otherHalf.cacheKey, bytesOf(half.cacheKey), bytesOf(otherHalf.cookie)]).toEqual([cacheKey, 32, 32])
  })

  it('takes what is kept where both are long enough', async () => {
    const kept = { cookie: 'c'.repeat(32), cacheKey: 'k'.repeat(32) }
    await load()
    await writeFile(file(), JSON.stringify(kept))
    expect(await load()).toEqual(kept)
  })

  const [long, short] = ['s'.repeat(32), 's'.repeat(31)]
  it.each([
    '',
    '{',
    '{}',
    ...[{ cookie: short }, { cacheKey: short }].map((one) => JSON.stringify({ cookie: long, cacheKey: long, ...one })),
  ])('makes new ones where %j is kept', async (damaged) => {
    await load()
    await writeFile(file(), damaged)
    const made = await load()
    expect([bytesOf(made.cookie), bytesOf(made.cacheKey), await load()]).toEqual([32, 32, made])
  })
})
