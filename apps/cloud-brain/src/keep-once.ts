import { randomUUID } from 'node:crypto'
import { link, readFile, unlink, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolder } from 'folder-lock'
import { codeOf } from './log-error.ts'
import { StartupError } from './startup-error.ts'

/**
 * The content of a private file, made on first use. Whoever comes first decides, also between processes: the file
 * appears whole or not at all, readable by its owner only.
 *
 * @throws StartupError when its folder cannot be used
 */
export async function keepOnce(path: string, make: () => Promise<string>): Promise<string> {
  try {
    return await keep(path, make)
  } catch (error) {
    const code = codeOf(error)
    if (code === undefined) throw error
    throw new StartupError(`Cannot keep ${path}: ${code}; set DATA_DIR to a folder that this user may write`, {
      cause: error,
    })
  }
}

async function keep(path: string, make: () => Promise<string>): Promise<string> {
  const existing = await readIfThere(path)
  if (existing !== undefined) return existing
  await makeFolder(dirname(path))
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, await make(), { mode: 0o600 })
  try {
    await link(draft, path)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  } finally {
    await unlink(draft)
  }
  return readFile(path, 'utf8')
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
