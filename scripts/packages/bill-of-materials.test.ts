import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { repositoryRoot } from '../build/repository-root.mjs'
import { published } from './pack.mjs'

/** The part of CycloneDX that is looked at. A `ref` is a name, an `@` and a version. */
interface Bill {
  readonly components: readonly { readonly 'bom-ref': string; readonly licenses?: readonly unknown[] }[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

const nameOf = (ref: string): string => ref.slice(0, ref.lastIndexOf('@'))

test('`npm run sbom` lists what is shipped with its licences, and that the published packages depend on nothing', () => {
  const text = execFileSync('npm', ['run', '--silent', 'sbom'], { cwd: repositoryRoot, encoding: 'utf8' })
  const { components, dependencies }: Bill = JSON.parse(text)
  const names = components.map((component) => nameOf(component['bom-ref']))
  expect(names).toEqual(expect.arrayContaining([...Object.keys(published), 'hono', 'ioredis', 'next', 'pino']))
  expect(names.filter((name) => ['vitest', 'playwright-core', 'esbuild'].includes(name))).toEqual([])
  expect(components.filter(({ licenses = [] }) => licenses.length === 0).map((each) => each['bom-ref'])).toEqual([])
  const ours = dependencies.filter(({ ref }) => Object.hasOwn(published, nameOf(ref)))
  expect(ours.map(({ dependsOn }) => dependsOn)).toEqual([[], []])
})
