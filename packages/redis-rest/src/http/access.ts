import type { Command, Parsed } from '../protocol/command.ts'
import type { StreamRequest } from '../protocol/confine-stream.ts'
import type { Executor } from '../protocol/executor.ts'

/** What one token may do. */
export interface Access {
  /** Without limits. */
  readonly isFull: boolean
  readonly executor: Executor
  /** The command of a stream as Redis should get it, or why this token may not open it. */
  toStream(command: Command): Parsed<StreamRequest>
}
