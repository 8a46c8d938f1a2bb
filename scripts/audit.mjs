/**
 * `npm audit` of what is published and of what the applications run on, where the registry answers such questions; else one line that
 * says it does not. Ends with 1 on advisories of high severity.
 */
import { spawnSync } from 'node:child_process'
import { repositoryRoot } from './build/repository-root.mjs'

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--audit-level=high', '--json'], {
  cwd: repositoryRoot,
  encoding: 'utf8',
  timeout: 60_000,
})

/** @param {string} text @returns {{ metadata?: { vulnerabilities: Record<string, number> }, vulnerabilities?: Record<string, { severity: string, range: string }> }} */
function readReport(text) {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

const { metadata, vulnerabilities = {} } = readReport(stdout)
if (metadata === undefined) console.log('Not audited: the registry of this machine does not answer npm audit')
else {
  const { info = 0, low = 0, moderate = 0, high = 0, critical = 0 } = metadata.vulnerabilities
  for (const [name, { severity, range }] of Object.entries(vulnerabilities))
    console.error(`${severity}: ${name} ${range}`)
  console.log(`${critical} critical, ${high} high, ${moderate} moderate, ${low + info} low`)
  if (critical + high > 0) process.exitCode = 1
}
