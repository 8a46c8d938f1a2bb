import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** @param {string} folder the paths of all files below it, relative to it; none when it is not there */
function filesIn(folder) {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  } catch {
    return []
  }
}

/** @param {string} path */
function readIfThere(path) {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

/**
 * Makes `target` hold what `source` holds, and takes `source` away. Who reads meanwhile finds every file whole, old or new: each one that differs is put in place by a rename, and only then
 * goes what is there no more. Files at the top whose names begin with a dot are left alone, and a file that is executable stays so.
 * @param {string} source on the same file system as `target`
 * @param {string} target
 */
export function replaceFolder(source, target) {
  const fresh = filesIn(source)
  for (const file of fresh) {
    const [from, to] = [join(source, file), join(target, file)]
    const old = readIfThere(to)
    if (old?.equals(readFileSync(from))) continue
    mkdirSync(dirname(to), { recursive: true })
    if (old) chmodSync(from, statSync(to).mode)
    renameSync(from, to)
  }
  const wanted = new Set(fresh)
  for (const file of filesIn(target)) {
    if (!wanted.has(file) && !file.startsWith('.')) rmSync(join(target, file))
  }
  rmSync(source, { recursive: true, force: true })
}
