/** Builds `packages/millpond`: compiles it (further arguments go to the compiler), then shortens the scripts that it sends to Redis. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { minifyTemplates } from './minify-templates.mjs'
import { repositoryRoot } from './repository-root.mjs'

const project = join(repositoryRoot, 'packages/millpond/tsconfig.build.json')
const compiler = join(repositoryRoot, 'node_modules/typescript/bin/tsc')
const { status } = spawnSync(process.execPath, [compiler, '-p', project, ...process.argv.slice(2)], {
  stdio: 'inherit',
})
if (status === 0) {
  const folder = join(repositoryRoot, 'packages/millpond/dist/stores/lua')
  const paths = readdirSync(folder)
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(folder, name))
  const minified = minifyTemplates(paths.map((path) => readFileSync(path, 'utf8')))
  paths.forEach((path, index) => {
    writeFileSync(path, minified[index] ?? '')
  })
} else process.exitCode = status ?? 1
