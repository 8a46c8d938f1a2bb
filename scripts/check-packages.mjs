/**
 * Packs the published packages and proves that a stranger can use them: publint and attw find nothing, they install into an empty
 * project, run there on this Node.js and compile there with the oldest TypeScript, and no import set is larger than its budget. Says all that
 * is wrong, then ends with 1.
 * `--why` only weighs what is built, and says how many minified bytes of each import set came from which file.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { repositoryRoot } from './build/repository-root.mjs'
import { bundledSize } from './packages/bundled-size.mjs'
import { importSets } from './packages/import-sets.mjs'
import { createProject, packInto, published } from './packages/pack.mjs'

/**
 * @param {string} what
 * @param {readonly string[]} args of node
 * @param {string} [cwd]
 */
function runs(what, args, cwd = repositoryRoot) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' })
  if (status === 0) console.log(`${what}: ${stdout.trim().split('\n').at(-1) || 'nothing wrong'}`)
  else console.error(`${what}:\n${stdout}${stderr}`)
  return status === 0
}

/** @param {string} project */
async function sizesFit(project) {
  let fit = true
  for (const { name, code, budgetBytes } of importSets) {
    const { gzipBytes } = await bundledSize(code, project)
    const fits = gzipBytes <= budgetBytes
    fit &&= fits
    console.log(`size of ${name}: ${gzipBytes} of ${budgetBytes} bytes${fits ? '' : ' — too large'}`)
  }
  return fit
}

const attw = 'node_modules/@arethetypeswrong/cli/dist/index.js'
/** The oldest that the guide promises. */
const oldestCompiler = 'typescript@5.4.5'
const compile = 'node_modules/typescript/bin/tsc --noEmit --strict --module nodenext oldest-types.ts'

async function explainSizes() {
  for (const { name, code } of importSets) {
    const { bytes, gzipBytes, inputs } = await bundledSize(code, join(repositoryRoot, published.millpond))
    console.log(`\n${name}: ${bytes} bytes minified, ${gzipBytes} compressed`)
    for (const { file, bytes } of inputs) console.log(`${String(bytes).padStart(7)}  ${file}`)
  }
}

async function checkAll() {
  const folder = mkdtempSync(join(tmpdir(), 'millpond-pack-'))
  try {
    const packed = await packInto(folder)
    const project = join(folder, 'stranger')
    await createProject(project, [...packed.map(({ file }) => file), oldestCompiler])
    for (const file of ['smoke.mjs', 'oldest-types.ts'])
      copyFileSync(join(repositoryRoot, 'scripts/packages', file), join(project, file))
    const lints = packed.flatMap(({ name, file }) => [
      runs(`publint of ${name}`, ['node_modules/publint/src/cli.js', 'run', '--strict', file]),
      runs(`types of ${name}`, [attw, file, '--profile', 'esm-only', '--quiet']),
    ])
    const works = runs('an empty project', ['smoke.mjs'], project)
    const compiles = runs(`types in ${oldestCompiler}`, compile.split(' '), project)
    const fit = await sizesFit(project)
    if (!works || !compiles || !fit || lints.includes(false)) process.exitCode = 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (process.argv.includes('--why')) await explainSizes()
else await checkAll()
