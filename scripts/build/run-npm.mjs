import { spawn } from 'node:child_process'

/** A command that ended badly. `output` is everything it printed, in order. */
export class CommandError extends Error {
  /**
   * @param {string} command
   * @param {string} ending e.g. 'exit code 1'
   * @param {string} output
   */
  constructor(command, ending, output) {
    super(`${command} failed with ${ending}`)
    this.name = 'CommandError'
    /** @type {'COMMAND_FAILED'} */
    this.code = 'COMMAND_FAILED'
    this.output = output
  }
}

/** npm as it was called, when it was: the one on PATH may be another one. */
function npmCommand() {
  const script = process.env.npm_execpath ?? ''
  return /npm-cli\.c?js$/.test(script) ? [process.execPath, script] : ['npm']
}

/**
 * Runs npm in `folder` and keeps what it prints. Rejects with {@link CommandError}, which holds all of it.
 * @param {readonly string[]} args
 * @param {string} folder
 * @returns {Promise<void>}
 */
export function runNpm(args, folder) {
  const [program = 'npm', ...first] = npmCommand()
  const command = `npm ${args.join(' ')}`
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...first, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      output += chunk
    })
    child.once('error', (error) => reject(new CommandError(command, error.message, output)))
    child.once('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(new CommandError(command, code === null ? `signal ${signal}` : `exit code ${code}`, output))
    })
  })
}
