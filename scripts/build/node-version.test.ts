import { expect, it } from 'vitest'
import { nodeVersionFault } from './node-version.mjs'

it.each(['20.19.0', '20.20.2', '22.1.0', '24.0.0'])(
  'nodeVersionFault() finds nothing when Node.js is %s',
  (version) => {
    expect(nodeVersionFault(version)).toBe(undefined)
  },
)

it.each(['20.18.3', '18.20.0', '9.0.0'])('nodeVersionFault() names both versions when Node.js is %s', (version) => {
  expect(nodeVersionFault(version)).toBe(
    `Cannot continue: Node.js must be 20.19 or newer, this is ${version} (https://nodejs.org)`,
  )
})
