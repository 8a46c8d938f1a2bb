import { fork } from 'node:child_process'
import { once } from 'node:events'

/** Tells what the machine itself held up, so that it is not held against what runs on it. */
export interface Control {
  /** For how many milliseconds in all a process of its own, which asks for little, was kept waiting since it began. */
  stalledMs(): Promise<number>
  stop(): void
}

/** Starts the control process. It ends with this one. */
export function startControl(): Control {
  const child = fork(new URL('./control-process.mjs', import.meta.url), { execArgv: [] })
  return {
    async stalledMs() {
      const answered = once(child, 'message')
      child.send('how long?')
      return Number((await answered)[0])
    },
    stop: () => void child.kill(),
  }
}
