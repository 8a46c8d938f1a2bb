import type { Reporter, SerializedError, TestModule, TestRunEndReason, TestSuite, Vitest } from 'vitest/node'

/** The numbers of one test run, and the full names of what did not run. */
export interface RunTotals {
  readonly passed: number
  readonly failed: number
  readonly skipped: readonly string[]
}

/** What a test run is counted from; vitest's own arguments of onTestRunEnd. */
type RunEnd = readonly [readonly TestModule[], readonly SerializedError[], TestRunEndReason]

const ownErrors = (suite: TestModule | TestSuite): number => (suite.errors().length > 0 ? 1 : 0)

function failedSuites(module: TestModule): number {
  return [...module.children.allSuites()].reduce((sum, suite) => sum + ownErrors(suite), ownErrors(module))
}

/** Failed tests and broken suites of one file; at least 1 when vitest calls the file failed or it never finished. */
function failedIn(module: TestModule): number {
  const unfinished = [...module.children.allTests('pending')].length
  const failed = [...module.children.allTests('failed')].length + unfinished + failedSuites(module)
  return module.state() === 'passed' || module.state() === 'skipped' ? failed : Math.max(1, failed)
}

function skippedIn(module: TestModule): string[] {
  return [...module.children.allTests('skipped')].map((test) => `${module.relativeModuleId} > ${test.fullName}`)
}

/**
 * Counts a run so that nothing broken is missed: a file that cannot be imported or has no tests, a failed hook, an unhandled
 * error and a run that was cut short each count as at least one failure.
 */
export function toRunTotals(...[modules, unhandledErrors, reason]: RunEnd): RunTotals {
  const passed = modules.reduce((sum, module) => sum + [...module.children.allTests('passed')].length, 0)
  const failed = modules.reduce((sum, module) => sum + failedIn(module), unhandledErrors.length)
  return {
    passed,
    failed: reason === 'passed' && modules.length > 0 ? failed : Math.max(1, failed),
    skipped: modules.flatMap(skippedIn),
  }
}

/** The text that ends the output of a run: skipped tests by name, then `N passed, N failed, N skipped` alone on its line. */
export function toClosingText({ passed, failed, skipped }: RunTotals): string {
  const names = skipped.map((name) => `skipped: ${name}\n`).join('')
  return `\n${names}${passed} passed, ${failed} failed, ${skipped.length} skipped\n`
}

/**
 * A vitest reporter whose closing line is the very last output, so that continuous integration can read it. It is printed as
 * the process ends, after whatever vitest says while it closes; a bad exit code counts as a failure even if every test passed.
 */
export default class ClosingLineReporter implements Reporter {
  #totals: RunTotals | undefined

  onInit(vitest: Vitest): void {
    if (!vitest.config.watch) process.once('exit', (code) => this.#close(code))
  }

  onTestRunEnd(...run: RunEnd): void {
    this.#totals = toRunTotals(...run)
  }

  #close(code: number): void {
    const totals = this.#totals ?? { passed: 0, failed: 0, skipped: [] }
    if (code === 0 && totals.failed > 0) process.exitCode = 1
    const failed = code === 0 ? totals.failed : Math.max(1, totals.failed)
    if (this.#totals !== undefined || code !== 0) process.stdout.write(toClosingText({ ...totals, failed }))
  }
}
