/**
 * One instruction of a Dockerfile: its name in capitals, and the rest of its line.
 * @typedef {{ name: string, rest: string }} Instruction
 * @typedef {{ name: string, base: string, instructions: readonly Instruction[] }} Stage a stage is known by its name, or else by its place
 */

/**
 * Reads the stages of a Dockerfile, in order. Comments are left out and continued lines joined.
 * @param {string} text
 * @returns {readonly Stage[]}
 */
export function readDockerfile(text) {
  const lines = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
  /** @type {{ name: string, base: string, instructions: Instruction[] }[]} */
  const stages = []
  for (const line of lines) {
    const [, name = '', rest = ''] = /^\s*([A-Za-z]+)\s+(.*)$/.exec(line) ?? []
    if (name.toUpperCase() !== 'FROM') {
      stages.at(-1)?.instructions.push({ name: name.toUpperCase(), rest: rest.trim() })
      continue
    }
    const [base = '', , stage = String(stages.length)] = rest.trim().split(/\s+/)
    stages.push({ name: stage, base, instructions: [] })
  }
  return stages
}

/**
 * What a COPY takes and where it puts it.
 * @param {string} rest
 * @returns {{ from: string | undefined, sources: readonly string[], target: string }}
 */
export function readCopy(rest) {
  const words = rest.split(/\s+/)
  const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length)
  const paths = words.filter((word) => !word.startsWith('--'))
  return { from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' }
}

/**
 * The variables that an ENV sets.
 * @param {string} rest
 * @returns {Readonly<Record<string, string>>}
 */
export function readEnv(rest) {
  return Object.fromEntries(rest.split(/\s+/).map((pair) => [pair.replace(/=.*$/, ''), pair.replace(/^[^=]*=/, '')]))
}
