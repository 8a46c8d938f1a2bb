import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

const ignoredNames = new Set(['node_modules', 'dist', '.next', '.millpond', 'coverage', 'test', 'next-env.d.ts'])
const ignoredFile = /\.(test\.tsx?|tsbuildinfo|log)$/

/**
 * @param {string} path
 * @returns {string[]} the files at or below the path, in no particular order
 */
function filesAt(path) {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path)
    .filter((name) => !ignoredNames.has(name) && !ignoredFile.test(name))
    .flatMap((name) => filesAt(join(path, name)))
}

/** @param {string} path */
const fileHash = (path) => createHash('sha256').update(readFileSync(path)).digest('hex')

/**
 * The sha-256, in hex, of everything a build is made from: names and contents of the files at or below `inputs` (tests
 * and build output left out) and `ingredients`, other texts that decide the result. Times play no part.
 * Throws when an input does not exist.
 * @param {string} folder the paths that are hashed are relative to it
 * @param {readonly string[]} inputs files and folders, relative to `folder`
 * @param {readonly string[]} ingredients e.g. the hashes of the packages that the build imports
 */
export function sourceHash(folder, inputs, ingredients) {
  const files = inputs.flatMap((input) => filesAt(join(folder, input)))
  const lines = files.map((file) => `${relative(folder, file).split(sep).join('/')} ${fileHash(file)}`).sort()
  return createHash('sha256').update(JSON.stringify({ lines, ingredients })).digest('hex')
}
