/** What a log may say about an error. */
export type LogError = { name: string; code?: string; cause?: string; frames: readonly string[] }

const MAX_FRAMES = 8

/**
 * Reduces an error to its kind, its codes and where it came from. The message is left out: a failed query's message
 * holds the query's parameters, which are health values.
 */
export function toLogError(error: unknown): LogError {
  if (!(error instanceof Error)) return { name: typeof error, frames: [] }
  const code = codeOf(error)
  const cause = codeOf(error.cause) ?? (error.cause instanceof Error ? error.cause.name : undefined)
  return {
    name: error.name,
    ...(code !== undefined && { code }),
    ...(cause !== undefined && { cause }),
    frames: (error.stack ?? '')
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .slice(0, MAX_FRAMES)
      .map((line) => line.trim()),
  }
}

/** The `code` of an error, such as `ECONNREFUSED` or an SQLSTATE. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
