import { cpus, freemem, loadavg, release, totalmem } from 'node:os'
import type { InfoSource } from './count-cost.ts'

/** Where the figures come from. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly os: string
  readonly node: string
  readonly redis?: string
  /** Mean number of running programs in the minute before the end: above the number of cores, others were busy too. */
  readonly load: number
}

/** The facts of this machine; with a connection, also the version of its Redis. */
export async function readMachine(redis?: InfoSource): Promise<Machine> {
  const info = await redis?.info('server')
  const version = info === undefined ? undefined : /^(?:valkey|redis)_version:(\S+)/m.exec(info)?.[1]
  const gibibytes = (bytes: number): number => Math.round(bytes / 2 ** 30)
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: gibibytes(Math.max(totalmem(), freemem())),
    os: `${process.platform} ${release()}`,
    node: process.version,
    ...(version === undefined ? {} : { redis: version }),
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  }
}
