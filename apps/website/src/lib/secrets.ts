import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from 'folder-lock'
import { z } from 'zod'

const kept = z.object({ cookie: z.string().min(32), cacheKey: z.string().min(32) })

/** `cookie` signs cookies, `cacheKey` hides addresses in the store's keys. */
export type Secrets = z.output<typeof kept>

async function readKept(path: string): Promise<Secrets | undefined> {
  try {
    return kept.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    // Missing or damaged: new ones only make open pages forget a note, and limits start afresh.
    return undefined
  }
}

async function makeKept(dataDir: string): Promise<Secrets> {
  const path = join(dataDir, 'secrets.json')
  const found = await readKept(path)
  if (found !== undefined) return found
  const fresh = { cookie: randomBytes(32).toString('base64url'), cacheKey: randomBytes(32).toString('base64url') }
  await makeFolder(dataDir)
  await writeFile(path, `${JSON.stringify(fresh)}\n`, { mode: 0o600 })
  return fresh
}

/** The given secrets; one that is not given is random and kept in `dataDir`, readable by its owner only. */
export async function loadSecrets(options: {
  given: { cookie: string | undefined; cacheKey: string | undefined }
  dataDir: string
}): Promise<Secrets> {
  const { cookie, cacheKey } = options.given
  if (cookie !== undefined && cacheKey !== undefined) return { cookie, cacheKey }
  const made = await makeKept(options.dataDir)
  return { cookie: cookie ?? made.cookie, cacheKey: cacheKey ?? made.cacheKey }
}
