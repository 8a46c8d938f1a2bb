import { describe, it } from 'vitest'
import { type FoundEngine, findEngines, isAtLeast } from './find-engines.ts'
import { installLine } from './install-lines.ts'
import { isCi } from './is-ci.ts'

const installEngines = 'bash e2e/servers/install-engines.sh'

/** What continuous integration always has; more engines are tested where they are found. */
const required: readonly (readonly [FoundEngine['kind'], string])[] = [
  ['redis', installLine.redis],
  ['valkey', installEngines],
]

/** The oldest version that Millpond supports; older ones are tested where a test says so. */
const oldest = [6, 2] as const

/**
 * `describe`, once for every engine of this machine (see {@link findEngines}), with its name and version in the title. Where a kind
 * is missing a skipped block says how to install it; in CI it fails instead. Engines before `since` are left out.
 */
export function describeEngines(
  name: string,
  body: (engine: FoundEngine) => void,
  since: FoundEngine['version'] = oldest,
): void {
  const engines = findEngines().filter((engine) => isAtLeast(engine, since))
  for (const engine of engines) describe(`${name} on ${engine.name}`, () => body(engine))
  for (const [kind, install] of required) {
    if (engines.some((engine) => engine.kind === kind)) continue
    const title = `${name} on ${kind} (needs: ${install})`
    if (!isCi) describe.skip(title, () => void it(kind, () => undefined))
    else
      it(title, () => {
        throw new TypeError(`Cannot skip "${name}" in CI: install ${kind} first (${install})`)
      })
  }
}
