import { readFileSync } from 'node:fs'

/**
 * On Linux, whether the process has ended and only waits for its parent to take notice: in a container nobody may ever do.
 * @param {number} pid
 */
function isZombie(pid) {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/, ''))
  } catch {
    return false
  }
}

/**
 * Whether a process with this id runs, also one of another user.
 * @param {number} pid
 */
export function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
