/** Checks that imports point inward. Prints each violation as file:line and ends with exit code 1 if there is one. */
import { findArrowViolations } from './arrows/find-arrow-violations.mjs'
import { repositoryRoot } from './build/repository-root.mjs'

const violations = findArrowViolations(process.argv[2] ?? repositoryRoot)
for (const { file, line, message } of violations) console.error(`${file}:${line} ${message}`)
console.log(violations.length === 0 ? 'Imports point inward.' : `${violations.length} arrows point the wrong way.`)
process.exitCode = violations.length === 0 ? 0 : 1
