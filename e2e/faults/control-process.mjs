/**
 * A process that asks nothing of the machine but to be woken every ten milliseconds. It adds up by how much it was late, for so long the machine had no time for anybody, and answers each
 * message with the sum in milliseconds.
 */
const EVERY_MS = 10
/** What timers are late by anyway. */
const NOTICED_MS = 5

let stalledMs = 0
let last = performance.now()

function turn() {
  const now = performance.now()
  const lateMs = now - last - EVERY_MS
  last = now
  if (lateMs > NOTICED_MS) stalledMs += lateMs
  setTimeout(turn, EVERY_MS)
}

process.on('message', () => process.send?.(stalledMs))
process.on('disconnect', () => process.exit())
setTimeout(turn, EVERY_MS)
