/** The oldest Node.js that everything here runs on. */
export const oldestNode = '20.19'

/**
 * Says what is wrong with this version of Node.js, or nothing when it is new enough.
 * @param {string} version e.g. '20.19.1', as in process.versions.node
 * @returns {string | undefined}
 */
export function nodeVersionFault(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = oldestNode.split('.').map(Number)
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined
  return `Cannot continue: Node.js must be ${oldestNode} or newer, this is ${version} (https://nodejs.org)`
}
