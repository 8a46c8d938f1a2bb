import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { StartError } from './start-error.mjs'

/**
 * Where cache and limits will live.
 * @typedef {{ kind: 'upstash', url: string, token: string } | { kind: 'redis', program: string } | { kind: 'memory' }} StoreChoice
 */

const placeholder =
  /your[-_ ]?(upstash|redis|rest)?[-_ ]?(url|token)|change[-_ ]?me|placeholder|^<.*>$|^x{3,}$|^\.{3}$/i

/** @param {string} text */
function readUrl(text) {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new StartError('Cannot start: UPSTASH_REDIS_REST_URL must be an http or https URL')
  }
  if (/(^|\.)example\.|(^|\.)example$/i.test(url.hostname) || placeholder.test(text)) {
    throw new StartError(`Cannot start: UPSTASH_REDIS_REST_URL is a placeholder, received "${url.origin}"`)
  }
  return text
}

/** @param {string} text */
function readToken(text) {
  if (placeholder.test(text)) throw new StartError('Cannot start: UPSTASH_REDIS_REST_TOKEN is a placeholder')
  return text
}

/**
 * Credentials in the environment win, then a Redis or Valkey on this machine, then memory. Throws {@link StartError} when one
 * of the two credentials is missing, malformed or a placeholder; no message holds a token.
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {{ memoryOnly: boolean, findProgram: (names: readonly string[]) => string | undefined }} options
 * @returns {StoreChoice}
 */
export function chooseStore(env, { memoryOnly, findProgram }) {
  if (memoryOnly) return { kind: 'memory' }
  const url = env.UPSTASH_REDIS_REST_URL?.trim() ?? ''
  const token = env.UPSTASH_REDIS_REST_TOKEN?.trim() ?? ''
  if (url !== '' && token !== '') return { kind: 'upstash', url: readUrl(url), token: readToken(token) }
  if (url !== '' || token !== '') {
    const [set, missing] = url === '' ? ['TOKEN', 'URL'] : ['URL', 'TOKEN']
    throw new StartError(`Cannot start: UPSTASH_REDIS_REST_${set} is set but UPSTASH_REDIS_REST_${missing} is not`)
  }
  const program = findProgram(['redis-server', 'valkey-server'])
  return program === undefined ? { kind: 'memory' } : { kind: 'redis', program }
}

/**
 * The full path of the first of `names` that is on the PATH.
 * @param {readonly string[]} names
 * @param {string} [path] folders as in the environment variable PATH
 */
export function findOnPath(names, path = process.env.PATH ?? '') {
  const folders = path.split(delimiter).filter((folder) => folder !== '')
  return names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}
