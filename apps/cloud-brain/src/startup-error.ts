/** Why the process cannot start, in words for the person who starts it. Printed without a stack; the process then ends with 1. */
export class StartupError extends Error {
  readonly code = 'STARTUP_FAILED'
  override readonly name = 'StartupError'
}
