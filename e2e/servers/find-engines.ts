import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from './find-program.ts'

/** A server program that speaks Redis' protocol. */
export interface FoundEngine {
  /** As in `redis 7.0.15` and `valkey 8.0.1`. */
  readonly name: string
  readonly kind: 'redis' | 'valkey'
  /** Major and minor version. */
  readonly version: readonly [major: number, minor: number]
  /** Full path of the server. */
  readonly path: string
  /** Full path of its command line client; undefined when that is not installed. */
  readonly cliPath: string | undefined
}

const kinds = ['redis', 'valkey'] as const

/** Where `install-engines.sh` puts engines: MILLPOND_ENGINES, or a folder of the user's cache. */
const enginesFolder =
  process.env.MILLPOND_ENGINES || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'millpond', 'engines')

function readEngine(kind: FoundEngine['kind'], path: string, cliPath: string | undefined): FoundEngine | undefined {
  try {
    const [, version = '', major, minor] =
      /v=((\d+)\.(\d+)\S*)/.exec(execFileSync(path, ['--version']).toString()) ?? []
    if (major === undefined || minor === undefined) return undefined
    return { name: `${kind} ${version}`, kind, version: [Number(major), Number(minor)], path, cliPath }
  } catch {
    return undefined
  }
}

function listInstalled(): FoundEngine[] {
  const folders = existsSync(enginesFolder) ? readdirSync(enginesFolder).sort() : []
  return folders.flatMap((folder) =>
    kinds.flatMap((kind) => {
      const path = join(enginesFolder, folder, `${kind}-server`)
      return (existsSync(path) && readEngine(kind, path, join(enginesFolder, folder, `${kind}-cli`))) || []
    }),
  )
}

let found: readonly FoundEngine[] | undefined

/** Every engine of this machine, oldest first: those on PATH, and those that `install-engines.sh` unpacked. Looked for once. */
export function findEngines(): readonly FoundEngine[] {
  found ??= [
    ...kinds.flatMap((kind) => {
      const path = findProgram(`${kind}-server`)
      return (path !== undefined && readEngine(kind, path, findProgram(`${kind}-cli`))) || []
    }),
    ...listInstalled(),
  ]
    .filter((engine, index, all) => all.findIndex(({ name }) => name === engine.name) === index)
    .sort((a, b) => a.version[0] - b.version[0] || a.version[1] - b.version[1] || a.name.localeCompare(b.name))
  return found
}

/** Whether the engine is of this version or a newer one. Valkey counts on from Redis 7.2, from which it came. */
export function isAtLeast({ version }: FoundEngine, [major, minor]: FoundEngine['version']): boolean {
  return version[0] > major || (version[0] === major && version[1] >= minor)
}
