import { readFileSync } from 'node:fs'
import ts from 'typescript'

/** Reading the clock, the environment or the console: what core gets as parameters instead. */
const clockRead = /^(globalThis\.)?(Date|performance)\.now$/
const ambientRead = /^(globalThis\.)?(process|console)\.\w+$/

/**
 * @typedef {object} Found
 * @property {number} line from 1
 * @property {string} text the imported module, or the name that is read
 */

/** @param {ts.Node} node */
function ambientName(node) {
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) return 'new Date()'
  return ts.isPropertyAccessExpression(node) ? node.getText() : undefined
}

/**
 * What a source file imports (also types, re-exports and `import()`) and which of the surroundings it reads.
 * @param {string} path
 * @returns {{ imports: Found[], clockReads: Found[], ambientReads: Found[] }}
 */
export function readSource(path) {
  const text = readFileSync(path, 'utf8')
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const lineAt = (/** @type {number} */ position) => source.getLineAndCharacterOfPosition(position).line + 1
  const imports = ts
    .preProcessFile(text, true, true)
    .importedFiles.map(({ fileName, pos }) => ({ text: fileName, line: lineAt(pos) }))
  /** @type {Found[]} */
  const reads = []
  /** @param {ts.Node} node */
  const visit = (node) => {
    const name = ambientName(node)
    if (name !== undefined) reads.push({ text: name, line: lineAt(node.getStart()) })
    ts.forEachChild(node, visit)
  }
  visit(source)
  return {
    imports,
    clockReads: reads.filter(({ text: name }) => clockRead.test(name) || name === 'new Date()'),
    ambientReads: reads.filter(({ text: name }) => ambientRead.test(name)),
  }
}
