import { spawn } from 'node:child_process'

// The guard sees its input close however this process ends, SIGKILL included; then it ends the server and removes the folder.
const script = `
read -r word
[ "$word" = released ] && exit 0
kill -s "$3" "$1" 2>/dev/null
[ "$3" = KILL ] && rm -rf "$2"
exit 0
`

interface GuardedFolder {
  readonly folder: string
  readonly keepsData: boolean
}

/**
 * Watches over a child process from outside: should this process die without cleaning up, the guard kills process `pid` and
 * removes `folder`, or, when the data are to be kept, lets it write them out and end. `release` ends the watch.
 */
export function startGuard(pid: number, { folder, keepsData }: GuardedFolder): { release(): void } {
  const signal = keepsData ? 'TERM' : 'KILL'
  const guard = spawn('/bin/sh', ['-c', script, 'guard', String(pid), folder, signal], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.on('error', () => undefined)
  guard.stdin.on('error', () => undefined)
  guard.unref()
  if ('unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref()
  return { release: () => guard.stdin.end('released\n') }
}
