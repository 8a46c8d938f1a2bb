/**
 * Builds the package in the current folder: compiles it by its `tsconfig.build.json` (further arguments go to the compiler), shortens the scripts that it sends to Redis, where it has some, and
 * puts the result in `dist` when it is whole.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { minifyTemplates } from './minify-templates.mjs'
import { replaceFolder } from './replace-folder.mjs'
import { repositoryRoot } from './repository-root.mjs'

const compiler = join(repositoryRoot, 'node_modules/typescript/bin/tsc')
// Beside `dist`, so that the paths in source maps are right there too.
const output = `dist.${process.pid}`
try {
  const options = ['-p', 'tsconfig.build.json', '--outDir', output, ...process.argv.slice(2)]
  const { status } = spawnSync(process.execPath, [compiler, ...options], { stdio: 'inherit' })
  if (status === 0) {
    minifyScripts(join(output, 'stores/lua'))
    replaceFolder(output, 'dist')
  } else process.exitCode = status ?? 1
} finally {
  rmSync(output, { recursive: true, force: true })
}

/** @param {string} folder */
function minifyScripts(folder) {
  if (!existsSync(folder)) return
  const paths = readdirSync(folder)
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(folder, name))
  const minified = minifyTemplates(paths.map((path) => readFileSync(path, 'utf8')))
  paths.forEach((path, index) => {
    writeFileSync(path, minified[index] ?? '')
  })
}
