import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface StartedRest {
  readonly url: string
  readonly token: string
  readonly pid: number | undefined
  stop(): Promise<void>
}

/** Starts `millpond-rest` in front of a Redis, in a process of its own. */
export async function startRest(redisUrl: string): Promise<StartedRest> {
  const path = fileURLToPath(new URL('../../packages/redis-rest/dist/cli.js', import.meta.url))
  const token = 'bench-token'
  const child = fork(path, ['--redis', redisUrl, '--port', '0', '--token', token], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [{ url }] = (await once(child, 'message')) as [{ url: string }]
  return {
    url,
    token,
    pid: child.pid,
    async stop() {
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
    },
  }
}
