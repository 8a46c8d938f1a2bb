import type { MailFailure } from './outbox.ts'

/** One line for the log, from which an operator sees whether anything is left to do. */
export function describeFailure({ kind, attempts, reason, next }: MailFailure): string {
  switch (next) {
    case 'again':
      return `Cannot send mail "${kind}" (attempt ${attempts}): ${reason}`
    case 'given-up':
      return `Gave up mail "${kind}" after ${attempts} attempts: ${reason}`
    case 'taken-before':
      return `Mail "${kind}" was sent before, with other words (attempt ${attempts}): ${reason}`
    default:
      return next satisfies never
  }
}
