import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { isCore, mayImport, partOf, systemClock } from './layers.mjs'
import { readSource } from './read-source.mjs'

const librarySource = 'packages/millpond/src/'
const skipped = new Set(['node_modules', 'dist', '.next', '.millpond', 'coverage'])

/** @typedef {{ file: string, line: number, message: string }} Violation */

/**
 * @param {string} path
 * @returns {string[]}
 */
function sourcesIn(path) {
  if (!existsSync(path)) return []
  if (!statSync(path).isDirectory()) return /\.(ts|tsx|mts|mjs|js)$/.test(path) ? [path] : []
  return readdirSync(path)
    .filter((name) => !skipped.has(name))
    .flatMap((name) => sourcesIn(join(path, name)))
}

/**
 * The rule of the whole repository: what an application may reach of a package is what the package exports.
 * @param {string} file
 * @param {string} imported a package's name, or a path relative to the repository
 * @param {readonly string[]} appNames
 */
function workspaceFault(file, imported, appNames) {
  const fromApp = file.startsWith('apps/')
  const intoSource = /^packages\/[^/]+\/|^millpond(-rest)?\/src(\/|$)/.test(imported)
  if (fromApp && intoSource) return `an app imports a package's files: ${imported}`
  const isApp =
    imported.startsWith('apps/') || appNames.some((name) => imported === name || imported.startsWith(`${name}/`))
  return !fromApp && isApp ? `a package imports an app: ${imported}` : undefined
}

/**
 * The rule inside the library. `imported` is a package's name, or a path relative to the repository.
 * @param {string} file
 * @param {string} imported
 */
function layerFault(file, imported) {
  const own = file.slice(librarySource.length)
  if (!imported.startsWith(librarySource)) {
    return isCore(own) ? `core imports a package or a module of Node.js: ${imported}` : undefined
  }
  const target = imported.slice(librarySource.length)
  const [part, targetPart] = [partOf(own), partOf(target)]
  if (part === 'index' && !isCore(target)) return `the main entry imports an edge of the library: ${target}`
  if (part === targetPart || mayImport[part]?.includes(targetPart)) return undefined
  return mayImport[part] === undefined
    ? `${part} has no place in the layers`
    : `${part} must not import ${targetPart}: ${target}`
}

/**
 * @param {string} root
 * @param {string} file relative to the root
 * @param {readonly string[]} appNames
 * @returns {Violation[]}
 */
function violationsIn(root, file, appNames) {
  const isTest = /\.test\.tsx?$/.test(file)
  const inLibrary = file.startsWith(librarySource) && !isTest
  const own = file.slice(librarySource.length)
  const { imports, clockReads, ambientReads } = readSource(join(root, file))
  const importFaults = imports.flatMap(({ text, line }) => {
    const imported = text.startsWith('.') ? relative(root, join(root, dirname(file), text)) : text
    const message = workspaceFault(file, imported, appNames) ?? (inLibrary ? layerFault(file, imported) : undefined)
    return message === undefined ? [] : [{ file, line, message }]
  })
  const reads = inLibrary && isCore(own) ? [...ambientReads, ...(own === systemClock ? [] : clockReads)] : []
  const readFaults = reads.map(({ text, line }) => ({ file, line, message: `core reads its surroundings: ${text}` }))
  return [...importFaults, ...readFaults].sort((a, b) => a.line - b.line)
}

/**
 * Every import and every reading of the surroundings that breaks the rule of ARCHITECTURE.md: imports point inward, core imports
 * no package and reads neither clock, environment nor console, apps use what packages export, packages know no app. Tests may
 * import whatever part of the library they need.
 * @param {string} root the repository
 * @returns {Violation[]}
 */
export function findArrowViolations(root) {
  const apps = existsSync(join(root, 'apps')) ? readdirSync(join(root, 'apps')) : []
  const manifests = apps.map((app) => join(root, 'apps', app, 'package.json')).filter((path) => existsSync(path))
  const appNames = manifests.map((path) => String(JSON.parse(readFileSync(path, 'utf8')).name))
  const files = [join(root, 'packages'), join(root, 'apps')].flatMap(sourcesIn).map((path) => relative(root, path))
  return files.sort().flatMap((file) => violationsIn(root, file, appNames))
}
