import type { Command } from '../protocol/command.ts'
import type { Outcome } from './reply.ts'
import type { ReplyShare } from './reply-bytes.ts'

/** Something that runs Redis commands for many requests at once. */
export interface Engine {
  /**
   * Runs the commands in order with no other command between them, and resolves with one outcome each, in order. Never rejects
   * and never takes longer than the engine's command timeout. A command is run at most once. A reply that `replies` does not keep
   * becomes `unavailable`; without it every reply is kept.
   */
  send(commands: readonly Command[], replies?: ReplyShare): Promise<readonly Outcome[]>
  /** Why no command can run now, or undefined when one can. */
  trouble(): string | undefined
  /** Drops the connection; commands without a reply become `unavailable`. */
  close(): Promise<void>
}
