/** The store did not answer: refused, reset, unreachable, or answered that it cannot serve now. */
export class StoreUnavailableError extends Error {
  readonly code = 'ERR_STORE_UNAVAILABLE'
  override readonly name = 'StoreUnavailableError'
}

/** The store did not answer within the deadline. The operation may have run. */
export class StoreTimeoutError extends Error {
  readonly code = 'ERR_STORE_TIMEOUT'
  override readonly name = 'StoreTimeoutError'
  readonly operation: string
  readonly deadlineMs: number

  constructor(operation: string, deadlineMs: number) {
    super(`Cannot ${operation}: the store gave no answer within ${deadlineMs} ms`)
    this.operation = operation
    this.deadlineMs = deadlineMs
  }
}

/** The store answered, but with an error or with something that is not the protocol. */
export class StoreReplyError extends Error {
  readonly code = 'ERR_STORE_REPLY'
  override readonly name = 'StoreReplyError'
}

/** The breaker is open: the store failed a moment ago and was not asked again. */
export class BreakerOpenError extends Error {
  readonly code = 'ERR_BREAKER_OPEN'
  override readonly name = 'BreakerOpenError'
}

/** One fault that a schema found, with the path of the field it concerns. */
export interface InputIssue {
  readonly path: string
  readonly message: string
}

/** An input that its schema rejects. Carries the issues, never the input. */
export class InvalidInputError extends TypeError {
  readonly code = 'ERR_INVALID_INPUT'
  override readonly name = 'InvalidInputError'
  /** The name of the definition that was read. */
  readonly definition: string
  readonly issues: readonly InputIssue[]

  constructor(definition: string, issues: readonly InputIssue[]) {
    const first = issues[0]
    super(`Cannot read "${definition}": the input must match its schema, ${first?.path || 'input'}: ${first?.message}`)
    this.definition = definition
    this.issues = issues
  }
}

/** A loaded value that cannot be cached: not JSON, or rejected by the definition's output schema. Carries the issues, never the value. */
export class InvalidValueError extends TypeError {
  readonly code = 'ERR_INVALID_VALUE'
  override readonly name = 'InvalidValueError'
  readonly issues: readonly InputIssue[]

  constructor(definition: string, rule: string, options: { issues?: readonly InputIssue[]; cause?: unknown } = {}) {
    super(
      `Cannot cache "${definition}": "load" must return ${rule}`,
      options.cause === undefined ? {} : { cause: options.cause },
    )
    this.issues = options.issues ?? []
  }
}

/** A load took longer than its definition's hard timeout; its signal was aborted. */
export class LoadTimeoutError extends Error {
  readonly code = 'ERR_LOAD_TIMEOUT'
  override readonly name = 'LoadTimeoutError'
  readonly timeoutMs: number

  constructor(definition: string, timeoutMs: number) {
    super(`Cannot load "${definition}": "load" must answer within ${timeoutMs} ms`)
    this.timeoutMs = timeoutMs
  }
}
