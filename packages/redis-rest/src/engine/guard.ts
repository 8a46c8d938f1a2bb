import { spawn } from 'node:child_process'

// The guard sees its input close however this process ends, SIGKILL included; then it ends the server and removes the folder.
const script = `
read -r word
[ "$word" = released ] && exit 0
kill -s KILL "$1" 2>/dev/null
rm -rf "$2"
`

/**
 * Watches over a child process from outside: should this process die without cleaning up, the guard kills process `pid` and
 * removes `folder`. `release` ends the watch.
 */
export function startGuard(pid: number, folder: string): { release(): void } {
  const guard = spawn('/bin/sh', ['-c', script, 'guard', String(pid), folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.on('error', () => undefined)
  guard.stdin.on('error', () => undefined)
  guard.unref()
  if ('unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref()
  return { release: () => guard.stdin.end('released\n') }
}
