/**
 * Runs a long step and keeps the reader informed: one line when it begins, one every `everyMs` while it lasts (default ten
 * seconds), one with its length when it is done. A step that fails prints no last line; its error reaches the caller.
 * @template T
 * @param {string} label what is being done, e.g. 'Installing dependencies'
 * @param {() => Promise<T>} run
 * @param {{ write?: (line: string) => void, everyMs?: number }} [options]
 * @returns {Promise<T>}
 */
export async function withProgress(label, run, { write = writeLine, everyMs = 10_000 } = {}) {
  const startedAt = performance.now()
  const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1)
  write(`… ${label}`)
  const heartbeat = setInterval(() => write(`… ${label}: still running after ${seconds()} s`), everyMs)
  try {
    const result = await run()
    write(`✓ ${label} (${seconds()} s)`)
    return result
  } finally {
    clearInterval(heartbeat)
  }
}

/** @param {string} line */
function writeLine(line) {
  process.stdout.write(`${line}\n`)
}
