import { createHash } from 'node:crypto'
import type { Command } from './command.ts'

/** The one script that @upstash/ratelimit has for `resetUsedTokens`: it scans for the pattern KEYS[1], and deletes what it finds. */
const resetScript = { sha1: '54bd274ddc59fb3be0f42deee2f64322a10e2b50', length: 583 }

/** Whether a command runs a script that reaches no further than the pattern that it declares as its key. `name` is in capitals. */
export function isPatternScript(name: string, { args: [script] }: Command): boolean {
  if (name === 'EVALSHA') return script?.toString().toLowerCase() === resetScript.sha1
  if (name !== 'EVAL' || script?.length !== resetScript.length) return false
  return createHash('sha1').update(script).digest('hex') === resetScript.sha1
}
