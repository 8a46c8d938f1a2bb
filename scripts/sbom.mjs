/**
 * `npm run sbom`: the bill of materials of what is shipped, as CycloneDX on standard output. `npm sbom --omit=dev` leaves out whatever any
 * workspace has among its development dependencies, also what an application runs on; so all is asked for and what is only developed with dropped.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from './build/repository-root.mjs'

const text = execFileSync('npm', ['sbom', '--sbom-format=cyclonedx'], {
  cwd: repositoryRoot,
  encoding: 'utf8',
  maxBuffer: 64 * 2 ** 20,
})
/** @typedef {{ 'bom-ref': string, properties?: { name: string, value: string }[] }} Component */
/** @type {{ components: Component[], dependencies: { ref: string, dependsOn: string[] }[] }} */
const bill = JSON.parse(text)

/** @param {Component} component */
const isForDevelopment = ({ properties = [] }) =>
  properties.some(({ name, value }) => name === 'cdx:npm:package:development' && value === 'true')

/** @param {string} ref */
const nameOf = (ref) => ref.slice(0, ref.lastIndexOf('@'))

const lock = JSON.parse(readFileSync(join(repositoryRoot, 'package-lock.json'), 'utf8')).packages

/** What a workspace is developed with; nothing for a package from the registry. @param {string} ref @returns {readonly string[]} */
function developmentOf(ref) {
  const { link, resolved } = lock[`node_modules/${nameOf(ref)}`] ?? {}
  return link ? Object.keys(lock[resolved].devDependencies ?? {}) : []
}

const shipped = bill.components.filter((component) => !isForDevelopment(component))
const refs = new Set(shipped.map((component) => component['bom-ref']))
const dependencies = bill.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn }) => {
    const development = developmentOf(ref)
    return { ref, dependsOn: dependsOn.filter((other) => refs.has(other) && !development.includes(nameOf(other))) }
  })
console.log(JSON.stringify({ ...bill, components: shipped, dependencies }, null, 2))
