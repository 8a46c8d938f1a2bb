import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'

const pinoLevels = new Map([
  [40, 'warning'],
  [50, 'error'],
  [60, 'fatal'],
])

/**
 * What of a line on standard output deserves the terminal: warnings and errors of a JSON log, in words.
 * @param {string} line
 * @returns {string | undefined}
 */
export function toNotice(line) {
  if (!line.startsWith('{')) return undefined
  try {
    const entry = JSON.parse(line)
    const level = pinoLevels.get(Number(entry.level))
    if (level === undefined) return undefined
    const cause = entry.err?.message === undefined || entry.err.message === entry.msg ? '' : ` (${entry.err.message})`
    return `${level}: ${entry.msg ?? ''}${cause}`
  } catch {
    return undefined
  }
}

/**
 * Sends a child's output to its log file, and what deserves attention to the terminal, with the child's name in front: every
 * line of standard error, and what `notice` makes of a line of standard output (default {@link toNotice}).
 * @param {import('node:child_process').ChildProcess} child
 * @param {object} options
 * @param {string} options.name
 * @param {string} options.logFile
 * @param {(line: string) => void} options.write to the terminal
 * @param {(line: string) => string | undefined} [options.notice]
 * @param {(line: string) => boolean} [options.isSecret] lines that are neither logged nor shown
 * @returns {{ closed: Promise<void> }} resolves when the child's last line has been passed on
 */
export function passOutputOn(child, { name, logFile, write, notice = toNotice, isSecret = () => false }) {
  mkdirSync(dirname(logFile), { recursive: true })
  const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 })
  // A full disk must not stop the system.
  log.on('error', () => undefined)
  /**
   * @param {import('node:stream').Readable | null} stream
   * @param {(line: string) => string | undefined} select
   */
  const pass = (stream, select) => {
    if (stream === null) return Promise.resolve()
    const lines = createInterface({ input: stream })
    lines.on('line', (line) => {
      if (isSecret(line)) return
      log.write(`${line}\n`)
      const shown = select(line)
      if (shown !== undefined && shown.trim() !== '') write(`[${name}] ${shown}`)
    })
    return new Promise((resolve) => lines.once('close', () => resolve(undefined)))
  }
  const out = pass(child.stdout, notice)
  const err = pass(child.stderr, (line) => line)
  return { closed: Promise.all([out, err]).then(() => void log.end()) }
}
